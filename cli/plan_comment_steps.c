/* Steps in a comment: a row each, and counted by policy. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli.h"
#include "markup.h"
#include "plan_comment.h"
#include "timefmt.h"

enum { POLICIES_FROM = 12 };

/* ---- counts by policy ---- */

typedef struct group {
  upk_str policy, action;
  size_t steps, no_undo, high, medium;
  int64_t p50_ms, blocking_ms;
} group;
typedef UPK_VEC(group) groups;

static void count_groups(const plan_view *view, groups *ret_groups) {
  upk_map numbers;
  upk_map_init(&numbers, view->arena);
  for (size_t i = 0; i < upk_json_count(view->steps); i++) {
    const upk_json *step = upk_json_at(view->steps, i);
    const upk_json *estimate = upk_json_get(step, "estimate");
    upk_str policy = upk_json_text(step, "policy");
    upk_str action = upk_json_text(step, "action");
    upk_str risk = upk_json_text(step, "risk");
    upk_str key = upk_arena_printf(view->arena, "%.*s\n%.*s", UPK_FMT(policy),
                                   UPK_FMT(action));
    uint64_t at = ret_groups->len;
    upk_map_find(&numbers, key, &at);
    if (at == ret_groups->len) {
      upk_map_put(&numbers, key, at);
      *UPK_PUSH(view->arena, ret_groups) =
          (group){.policy = policy, .action = action};
    }
    group *g = &ret_groups->items[at];
    g->steps++;
    g->high += upk_str_is(risk, "high");
    g->medium += upk_str_is(risk, "medium");
    g->no_undo +=
        upk_str_is(upk_json_text(upk_json_get(step, "undo"), "class"), "none");
    g->p50_ms += upk_json_number(estimate, "p50_ms", 0);
    g->blocking_ms += upk_json_number(estimate, "blocking_ms", 0);
  }
}

void comment_blocking(upk_buf *out, int64_t blocking_ms) {
  if (blocking_ms)
    upk_duration_human(blocking_ms * 1000, out);
  else
    upk_buf_str(out, UPK_STR("none"));
}

void comment_policies(comment *m) {
  upk_buf *out = &m->sections[POLICIES];
  groups all = {0};
  if (m->sum.steps < POLICIES_FROM)
    return;
  count_groups(&m->view, &all);
  if (all.len == m->sum.steps)
    return;
  upk_buf_str(out, UPK_STR("\n| policy | action | steps | time | blocking | no "
                           "undo | risk |\n|---|---|--:|--:|--:|--:|---|\n"));
  for (size_t i = 0; i < all.len && i < 3 * LISTED_MAX; i++) {
    const group *g = &all.items[i];
    upk_buf_str(out, UPK_STR("| "));
    markup_code(out, g->policy, MARKUP_CELL_MAX);
    upk_buf_str(out, UPK_STR(" | "));
    markup_code(out, g->action, MARKUP_CELL_MAX);
    upk_buf_printf(out, " | %zu | ", g->steps);
    upk_duration_human(g->p50_ms * 1000, out);
    upk_buf_str(out, UPK_STR(" | "));
    comment_blocking(out, g->blocking_ms);
    upk_buf_printf(out, " | %zu | %s |\n", g->no_undo,
                   g->high     ? "high"
                   : g->medium ? "medium"
                               : "low");
  }
  if (all.len > 3 * LISTED_MAX)
    upk_buf_printf(out, "\nand %zu more.\n", all.len - 3 * LISTED_MAX);
}

/* ---- steps ---- */

static void write_step(const comment *m, size_t index, upk_buf *out) {
  const plan_view *view = &m->view;
  const upk_json *step = upk_json_at(view->steps, index);
  upk_str id = upk_json_text(step, "id");
  const upk_json *estimate = upk_json_get(step, "estimate");
  upk_buf after = {0};
  upk_buf_printf(out, "| %zu | ", index + 1);
  markup_code(out, upk_json_text(step, "action"), MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" | "));
  comment_object(out, upk_json_get(upk_json_get(step, "object"), "name"));
  upk_buf_str(out, UPK_STR(" | "));
  markup_code(out, upk_json_text(step, "because"), MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" | "));
  upk_duration_human(upk_json_number(estimate, "p50_ms", 0) * 1000, out);
  upk_buf_str(out, UPK_STR(" | "));
  comment_blocking(out, upk_json_number(estimate, "blocking_ms", 0));
  upk_buf_printf(out, " | %s | %.*s | ", plan_view_reversible(step),
                 UPK_FMT(upk_json_text(step, "risk")));
  if (m->approvals)
    upk_buf_printf(out, "%" PRIu64 " | ", plan_view_signatures(view, id));
  plan_view_after(view, id, &after);
  if (upk_str_starts(upk_buf_view(&after), "after "))
    markup_code(out, (upk_str){after.data + 6, after.len - 6}, MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" | "));
  markup_code(out, plan_view_place(view, step), MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" |\n"));
  upk_buf_free(&after);
}

typedef struct row {
  size_t index, begin, end; /* of its text */
  int weight;
  bool kept;
} row;

static int weight_of(const comment *m, const upk_json *step) {
  upk_str risk = upk_json_text(step, "risk");
  const upk_json *undo = upk_json_get(step, "undo");
  int64_t blocking_ms =
      upk_json_number(upk_json_get(step, "estimate"), "blocking_ms", 0);
  bool needs = plan_view_signatures(&m->view, upk_json_text(step, "id")) > 0;
  return 8 * (upk_str_is(risk, "high") + needs) +
         4 * upk_str_is(risk, "medium") +
         2 * upk_str_is(upk_json_text(undo, "class"), "none") +
         (blocking_ms > 0);
}

static int by_weight(const void *a, const void *b) {
  const row *left = a;
  const row *right = b;
  if (left->weight != right->weight)
    return left->weight > right->weight ? -1 : 1;
  return left->index < right->index ? -1 : left->index > right->index;
}

static int by_index(const void *a, const void *b) {
  const row *left = a;
  const row *right = b;
  return left->index < right->index ? -1 : left->index > right->index;
}

static void add_heads(const comment *m, upk_buf *out) {
  upk_buf_printf(out,
                 "\n| | action | object | why | time | blocking | undo | risk "
                 "| %safter | policy |\n"
                 "|--:|---|---|---|--:|--:|---|---|%s---|---|\n",
                 m->approvals ? "approvals | " : "",
                 m->approvals ? "--:|" : "");
}

size_t comment_steps(comment *m, size_t room) {
  upk_buf *out = &m->sections[STEPS], text = {0};
  size_t count = m->sum.steps, kept = 0, used = 200;
  row *rows = UPK_NEW_ARRAY(m->view.arena, row, count + 1);
  upk_buf_clear(out);
  for (size_t i = 0; i < count; i++) {
    rows[i] = (row){.index = i,
                    .begin = text.len,
                    .weight = weight_of(m, upk_json_at(m->view.steps, i))};
    write_step(m, i, &text);
    rows[i].end = text.len;
  }
  qsort(rows, count, sizeof *rows, by_weight);
  for (size_t i = 0; i < count; i++) {
    size_t len = rows[i].end - rows[i].begin;
    if (used + len > room)
      break;
    rows[i].kept = true;
    used += len;
    kept++;
  }
  qsort(rows, count, sizeof *rows, by_index);
  if (kept)
    add_heads(m, out);
  for (size_t i = 0; i < count; i++)
    if (rows[i].kept)
      upk_buf_add(out, text.data + rows[i].begin, rows[i].end - rows[i].begin);
  upk_buf_free(&text);
  return kept;
}
