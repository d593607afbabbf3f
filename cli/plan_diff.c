/* plan_diff.h: the comparison of steps. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "markup.h"
#include "plan_diff.h"
#include "plan_diff_cause.h"

/* ---- members ---- */

/* What a step's intent is made of (docs/formats.md), then what else a reviewer
 * may want to know of. */
static const char *const intent_members[] = {"action", "object", "parameters",
                                             "risk",   "run",    "settings",
                                             "undo",   "window", NULL};
static const char *const check_members[] = {
    "abort",   "atomicity",     "conflicts", "locks",    "on_failure",
    "post",    "on_window_end", "pre",       "priority", "probe",
    "retries", "throttle",      "timeouts",  NULL};
static const char *const estimate_members[] = {"because", "estimate", NULL};

static upk_str bytes_of(upk_arena *arena, const upk_json *value) {
  upk_buf text = {0};
  if (value->type == UPK_JSON_NULL)
    return UPK_NO_STR;
  if (value->type == UPK_JSON_ARRAY || value->type == UPK_JSON_OBJECT)
    return value->bytes;
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&text));
  upk_json_write(w, value);
  upk_json_writer_close(w);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

/* Of an object only its kind and name are what will be done. */
static upk_str member_bytes(upk_arena *arena, const upk_json *step,
                            const char *member) {
  const upk_json *value = upk_json_get(step, member);
  if (strcmp(member, "object") != 0)
    return bytes_of(arena, value);
  upk_str kind = bytes_of(arena, upk_json_get(value, "kind"));
  upk_str name = bytes_of(arena, upk_json_get(value, "name"));
  return upk_arena_printf(arena, "%.*s %.*s", UPK_FMT(kind), UPK_FMT(name));
}

static bool add_parts(upk_arena *arena, diff_step *step,
                      const char *const *members) {
  size_t before = step->parts.len;
  for (size_t i = 0; members[i]; i++) {
    upk_str from = member_bytes(arena, step->before, members[i]);
    upk_str to = member_bytes(arena, step->after, members[i]);
    if (!upk_str_equal(from, to))
      *UPK_PUSH(arena, &step->parts) = (diff_part){members[i], from, to};
  }
  return step->parts.len > before;
}

/* ---- steps ---- */

static void add_step(plan_diff *diff, diff_step step) {
  diff->counts[step.kind]++;
  diff_cause(diff, &step);
  *UPK_PUSH(diff->new.arena, &diff->steps) = step;
}

static void compare(plan_diff *diff, const upk_json *before,
                    const upk_json *after) {
  upk_arena *arena = diff->new.arena;
  diff_step step = {
      .id = upk_json_text(after, "id"), .before = before, .after = after};
  bool same = upk_str_equal(upk_json_text(before, "intent"),
                            upk_json_text(after, "intent"));
  if (!same)
    add_parts(arena, &step, intent_members);
  bool checks = add_parts(arena, &step, check_members);
  bool estimate = add_parts(arena, &step, estimate_members);
  if (same && !checks && !estimate) {
    diff->same++;
    return;
  }
  step.kind = !same ? DIFF_CHANGED : checks ? DIFF_CHECKS : DIFF_ESTIMATE;
  add_step(diff, step);
}

static void compare_steps(plan_diff *diff) {
  for (size_t i = 0; i < upk_json_count(diff->old.steps); i++) {
    const upk_json *step = upk_json_at(diff->old.steps, i);
    upk_str id = upk_json_text(step, "id");
    if (!plan_view_number(&diff->new, id))
      add_step(diff,
               (diff_step){.kind = DIFF_REMOVED, .id = id, .before = step});
  }
  for (size_t i = 0; i < upk_json_count(diff->new.steps); i++) {
    const upk_json *step = upk_json_at(diff->new.steps, i);
    upk_str id = upk_json_text(step, "id");
    size_t number = plan_view_number(&diff->old, id);
    if (number)
      compare(diff, upk_json_at(diff->old.steps, number - 1), step);
    else
      add_step(diff, (diff_step){.kind = DIFF_ADDED, .id = id, .after = step});
  }
}

/* Stable: within a kind the order is the plans'. */
static void sort_steps(plan_diff *diff) {
  size_t count = diff->steps.len, at = 0;
  diff_step *sorted = UPK_NEW_ARRAY(diff->new.arena, diff_step, count + 1);
  for (int kind = 0; kind < DIFF_KIND_COUNT; kind++)
    for (size_t i = 0; i < count; i++)
      if (diff->steps.items[i].kind == (diff_kind)kind)
        sorted[at++] = diff->steps.items[i];
  diff->steps.items = sorted;
}

/* What makes two differences the same to a reader. */
static upk_str likeness(const plan_diff *diff, const diff_step *step) {
  const upk_json *any = step->after ? step->after : step->before;
  upk_buf key = {0};
  upk_buf_printf(&key, "%d\n%.*s\n%.*s\n%.*s", step->kind,
                 UPK_FMT(upk_json_text(any, "action")),
                 UPK_FMT(upk_json_text(any, "policy")), UPK_FMT(step->cause));
  for (size_t i = 0; i < step->parts.len; i++)
    upk_buf_printf(&key, "\n%s\n%.*s\n%.*s", step->parts.items[i].member,
                   UPK_FMT(step->parts.items[i].from),
                   UPK_FMT(step->parts.items[i].to));
  upk_str copy = upk_arena_copy(diff->new.arena, upk_buf_view(&key));
  upk_buf_free(&key);
  return copy;
}

static void find_likes(plan_diff *diff) {
  upk_map first;
  upk_map_init(&first, diff->new.arena);
  for (size_t i = 0; i < diff->steps.len; i++) {
    diff_step *step = &diff->steps.items[i];
    upk_str key = likeness(diff, step);
    uint64_t at;
    step->again = upk_map_find(&first, key, &at);
    if (step->again)
      diff->steps.items[at].more++;
    else
      upk_map_put(&first, key, i);
  }
}

static upk_str shown(const plan_diff *diff, upk_str value, size_t skip) {
  enum { SHOWN_MAX = 120 };
  upk_buf text = {0};
  if (!value.data)
    return UPK_STR("nothing");
  if (skip)
    upk_buf_str(&text, UPK_STR("\xe2\x80\xa6"));
  markup_cut(&text, (upk_str){value.data + skip, value.len - skip}, SHOWN_MAX);
  upk_str copy = upk_arena_copy(diff->new.arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

void diff_part_shown(const plan_diff *diff, const diff_part *part,
                     upk_str *ret_from, upk_str *ret_to) {
  enum { BEFORE = 24 };
  size_t skip = 0;
  while (skip < part->from.len && skip < part->to.len &&
         part->from.data[skip] == part->to.data[skip])
    skip++;
  skip = skip > 2 * BEFORE ? skip - BEFORE : 0;
  while (skip && ((unsigned char)part->from.data[skip] & 0xc0) == 0x80)
    skip--;
  *ret_from = shown(diff, part->from, skip);
  *ret_to = shown(diff, part->to, skip);
}

/* ---- order ---- */

/* Where `value` goes among the ends of the best runs so far. */
static size_t run_end(const size_t *ends, const size_t *values, size_t count,
                      size_t value) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (values[ends[middle]] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Steps of both plans outside a longest common subsequence: the fewest that
 * were moved. With ids unique that is a longest increasing subsequence of
 * places (Fredman 1975). */
static void find_moved(plan_diff *diff) {
  upk_arena *arena = diff->new.arena;
  size_t total = upk_json_count(diff->new.steps), count = 0, best = 0;
  size_t *places = UPK_NEW_ARRAY(arena, size_t, total + 1);
  size_t *ends = UPK_NEW_ARRAY(arena, size_t, total + 1);
  size_t *links = UPK_NEW_ARRAY(arena, size_t, total + 1);
  upk_str *ids = UPK_NEW_ARRAY(arena, upk_str, total + 1);
  bool *kept = UPK_NEW_ARRAY(arena, bool, total + 1);
  for (size_t i = 0; i < total; i++) {
    upk_str id = upk_json_text(upk_json_at(diff->new.steps, i), "id");
    size_t number = plan_view_number(&diff->old, id);
    if (!number)
      continue;
    ids[count] = id;
    places[count++] = number;
  }
  for (size_t i = 0; i < count; i++) {
    size_t at = run_end(ends, places, best, places[i]);
    links[i] = at ? ends[at - 1] : SIZE_MAX;
    ends[at] = i;
    best = at + 1 > best ? at + 1 : best;
  }
  for (size_t i = best ? ends[best - 1] : SIZE_MAX; i != SIZE_MAX; i = links[i])
    kept[i] = true;
  for (size_t i = 0; i < count; i++)
    if (!kept[i])
      *UPK_PUSH(arena, &diff->moved) = ids[i];
}

/* ---- verdicts ---- */

const char *const diff_verdict_keys[] = {"broken",   "predicted", "holds",
                                         "warns",    "unknown",   "exempt",
                                         "excluded", NULL};

static bool counts_equal(const upk_json *a, const upk_json *b) {
  for (size_t i = 0; diff_verdict_keys[i]; i++)
    if (upk_json_number(a, diff_verdict_keys[i], 0) !=
        upk_json_number(b, diff_verdict_keys[i], 0))
      return false;
  return true;
}

static void index_considered(upk_map *map, const plan_view *view) {
  const upk_json *considered = upk_json_get(view->body, "considered");
  upk_map_init(map, view->arena);
  for (size_t i = 0; i < upk_json_count(considered); i++)
    upk_map_put(map, upk_json_text(upk_json_at(considered, i), "policy"), i);
}

static void compare_verdicts(plan_diff *diff) {
  const upk_json *old = upk_json_get(diff->old.body, "considered");
  const upk_json *new = upk_json_get(diff->new.body, "considered");
  upk_map of_old, of_new;
  index_considered(&of_old, &diff->old);
  index_considered(&of_new, &diff->new);
  for (size_t i = 0; i < upk_json_count(new); i++) {
    const upk_json *after = upk_json_at(new, i), *before = NULL;
    uint64_t at;
    if (upk_map_find(&of_old, upk_json_text(after, "policy"), &at))
      before = upk_json_at(old, (size_t)at);
    if (!before || !counts_equal(before, after))
      *UPK_PUSH(diff->new.arena, &diff->verdicts) =
          (diff_counts){upk_json_text(after, "policy"), before, after};
  }
  for (size_t i = 0; i < upk_json_count(old); i++) {
    const upk_json *before = upk_json_at(old, i);
    uint64_t at;
    if (!upk_map_find(&of_new, upk_json_text(before, "policy"), &at))
      *UPK_PUSH(diff->new.arena, &diff->verdicts) =
          (diff_counts){upk_json_text(before, "policy"), before, NULL};
  }
}

/* ---- approvals: ruling 2 of the design ---- */

/* By the function that judges signatures, so that verify says the same. */
static void compare_intents(plan_diff *diff) {
  upk_map said;
  upk_map_init(&said, diff->new.arena);
  diff->reason_count = upk_approval_breaks(diff->new.arena, diff->old.plan,
                                           diff->new.plan, &diff->reasons);
  for (size_t i = 0; i < diff->reason_count; i++) {
    upk_str step = diff->reasons[i].step;
    if (step.data && upk_map_put(&said, step, 1))
      *UPK_PUSH(diff->new.arena, &diff->breaks) = step;
  }
  diff->same_intent = upk_str_equal(upk_json_text(diff->old.plan, "intent"),
                                    upk_json_text(diff->new.plan, "intent"));
  diff->approvals_hold = diff->same_target && !diff->reason_count;
}

void plan_diff_make(plan_diff *diff, upk_arena *arena, const upk_json *old,
                    const upk_json *new) {
  *diff = (plan_diff){.same = 0};
  plan_view_init(&diff->old, arena, old);
  plan_view_init(&diff->new, arena, new);
  diff_notes(diff);
  compare_steps(diff);
  sort_steps(diff);
  find_likes(diff);
  find_moved(diff);
  compare_verdicts(diff);
  compare_intents(diff);
}
