/* Whether a statement covers a plan: asked by verify and apply of what was
 * signed, and by diff of what could have been. */
#include <string.h>

#include "approve/order.h"

/* Digits enough to tell what changed; what binds is `around` and `intent`. */
static upk_str short_of(const upk_digest *digest) {
  enum { PREFIX = 7, SHORT = 12 }; /* "sha256:" */
  return (upk_str){digest->text + PREFIX, SHORT};
}

/* ---- a step ---- */

static upk_str changed(upk_arena *arena, const reviewed_step *step,
                       const char *what) {
  return upk_arena_printf(arena, "%s of step `%.*s` changed", what,
                          UPK_FMT(step->id));
}

static upk_str step_differs(upk_arena *arena, const reviewed_step *step,
                            const upk_json *was, bool reject) {
  if (!upk_str_equal(upk_json_text(was, "risk"), step->risk))
    return upk_arena_printf(arena,
                            "the risk of step `%.*s` was %.*s, and is "
                            "%.*s",
                            UPK_FMT(step->id),
                            UPK_FMT(upk_json_text(was, "risk")),
                            UPK_FMT(step->risk));
  if (!upk_str_equal(upk_json_text(was, "parameters"),
                     short_of(&step->parameters)))
    return changed(arena, step, "the parameters");
  if (!upk_str_equal(upk_json_text(was, "run"), short_of(&step->run)))
    return changed(arena, step, "the statements");
  if (!upk_str_equal(upk_json_text(was, "undo"), short_of(&step->undo)))
    return changed(arena, step, "the undo");
  upk_str window = upk_json_text(was, "window");
  if (window.data != step->window.data &&
      (!window.data || !step->window.data ||
       !upk_str_equal(window, step->window)))
    return changed(arena, step, "the window");
  if (!upk_str_equal(upk_json_text(was, "intent"), step->intent))
    return changed(arena, step, "the object or settings");
  if (!reject && step->window.data &&
      !upk_str_equal(upk_json_text(was, "hours"), short_of(&step->hours)))
    return upk_arena_printf(arena, "the hours of window `%.*s` changed",
                            UPK_FMT(step->window));
  if (!reject && !upk_str_equal(upk_json_text(was, "around"),
                                upk_digest_view(&step->around)))
    return changed(arena, step,
                   "the checks, the probe, the limits or the object");
  return UPK_NO_STR;
}

static bool has_metric(const upk_json *metrics, const upk_json *wanted) {
  for (size_t i = 0; i < upk_json_count(metrics); i++)
    if (upk_str_equal(upk_json_at(metrics, i)->bytes, wanted->bytes))
      return true;
  return false;
}

static bool same_engine(const statement *s, const reviewed *plan) {
  if (!upk_str_equal(upk_json_text(s->tree, "engine"),
                     upk_digest_view(&plan->engine_digest)))
    return false;
  for (size_t i = 0; i < upk_json_count(plan->metrics); i++)
    if (!has_metric(upk_json_get(s->tree, "metrics"),
                    upk_json_at(plan->metrics, i)))
      return false;
  return true;
}

/* What was not known when it was signed may have become known: the ledger of
 * an SQLite file brings its identity. */
static bool same_database(const upk_json *was, const upk_json *is) {
  for (size_t i = 0; i < upk_json_count(was); i++) {
    const upk_json *before = was->object.members[i].value;
    const upk_json *now = upk_json_get_str(is, was->object.members[i].key);
    if (before->type != UPK_JSON_NULL &&
        (now->type != UPK_JSON_STRING ||
         !upk_str_equal(before->string, now->string)))
      return false;
  }
  return true;
}

/* ---- the plan as a whole ---- */

#define DAYS_US(days) (INT64_C(86400) * 1000000 * (days))
enum { EXPIRES_DAYS = 14 }; /* as the compiler has it */

static upk_str moved(upk_arena *arena, const statement *s,
                     const reviewed *plan) {
  int64_t was_us = upk_json_number(s->tree, "expires_at", 0);
  int64_t taken_us = upk_json_number(s->tree, "taken_at", 0);
  (void)arena;
  if (plan->taken_us < taken_us)
    return UPK_STR("the plan is of older facts than the one that was signed");
  if (plan->taken_us == taken_us && plan->expires_us != was_us)
    return UPK_STR("when the plan expires changed");
  if (plan->expires_us - plan->taken_us > DAYS_US(EXPIRES_DAYS))
    return UPK_STR("the plan expires later than plans do");
  return UPK_NO_STR;
}

/* Those that are over when the plan's facts were taken are no loss. */
static bool blackouts_kept(const statement *s, const reviewed *plan) {
  const upk_json *was = upk_json_get(s->tree, "blackouts");
  for (size_t i = 0; i < upk_json_count(was); i++) {
    int64_t from_us = upk_json_at(upk_json_at(was, i), 0)->integer;
    int64_t to_us = upk_json_at(upk_json_at(was, i), 1)->integer;
    bool found = to_us <= plan->taken_us;
    for (size_t k = 0; !found && k < upk_json_count(plan->blackouts); k++) {
      const upk_json *now = upk_json_at(plan->blackouts, k);
      found = upk_json_number(now, "from", 0) <= from_us &&
              upk_json_number(now, "to", 0) >= to_us;
    }
    if (!found)
      return false;
  }
  return true;
}

static bool has_text(const upk_json *list, upk_str text) {
  for (size_t i = 0; i < upk_json_count(list); i++)
    if (upk_str_equal(upk_json_at(list, i)->string, text))
      return true;
  return false;
}

/* A key that two or more of the plan's steps shared, they must share still;
 * none may come to be. */
static bool conflicts_kept(const upk_map *shared, const upk_json *was,
                           const upk_json *is) {
  uint64_t steps = 0;
  for (size_t i = 0; i < upk_json_count(was); i++) {
    upk_str key = upk_json_at(was, i)->string;
    if (upk_map_find(shared, key, &steps) && steps > 1 && !has_text(is, key))
      return false;
  }
  for (size_t i = 0; i < upk_json_count(is); i++)
    if (!has_text(was, upk_json_at(is, i)->string))
      return false;
  return true;
}

/* ---- all of it ---- */

typedef struct comparing {
  upk_arena *arena;
  const statement *s;
  const reviewed *plan;
  statement_breaks *breaks;
  upk_map shared; /* how many of the plan's steps had a conflict key */
} comparing;

static void say(comparing *c, upk_str step, upk_str text) {
  if (text.data)
    *UPK_PUSH(c->arena, c->breaks) = (upk_break){step, text};
}

static const upk_json *signed_step(const upk_json *steps, const upk_map *by_id,
                                   upk_str id) {
  uint64_t at;
  return upk_map_find(by_id, id, &at) ? upk_json_at(steps, (size_t)at) : NULL;
}

static void count_conflicts(comparing *c, const upk_json *was) {
  const upk_json *keys = upk_json_get(was, "conflicts");
  for (size_t i = 0; i < upk_json_count(keys); i++) {
    uint64_t count = 0;
    (void)upk_map_find(&c->shared, upk_json_at(keys, i)->string, &count);
    upk_map_put(&c->shared, upk_json_at(keys, i)->string, count + 1);
  }
}

static void compare_step(comparing *c, const reviewed_step *step,
                         const upk_json *was) {
  upk_arena *arena = c->arena;
  upk_str wrong =
      !was ? upk_arena_printf(arena, "step `%.*s` was not in the plan",
                              UPK_FMT(step->id))
           : step_differs(arena, step, was, c->s->reject);
  if (!wrong.data && !c->s->reject &&
      !conflicts_kept(&c->shared, upk_json_get(was, "conflicts"),
                      step->conflicts))
    wrong = changed(arena, step, "what may not run beside it, the conflicts");
  say(c, step->id, wrong);
}

static void compare_steps(comparing *c) {
  const upk_json *steps = upk_json_get(c->s->tree, "steps");
  const reviewed *plan = c->plan;
  upk_map by_id;
  upk_map_init(&by_id, c->arena);
  upk_map_init(&c->shared, c->arena);
  for (size_t i = 0; i < upk_json_count(steps); i++)
    upk_map_put(&by_id, upk_json_text(upk_json_at(steps, i), "id"), i);
  for (size_t i = 0; i < plan->step_count; i++) {
    const upk_json *was = signed_step(steps, &by_id, plan->steps[i].id);
    if (was)
      count_conflicts(c, was);
  }
  for (size_t i = 0; i < plan->step_count; i++)
    compare_step(c, &plan->steps[i],
                 signed_step(steps, &by_id, plan->steps[i].id));
}

static void compare_around(comparing *c) {
  const statement *s = c->s;
  upk_str role = upk_json_text(upk_json_get(s->tree, "target"), "role");
  upk_str step, before, none = UPK_NO_STR;
  if (!same_engine(s, c->plan))
    say(c, none,
        UPK_STR("what is executed around every step changed: session, ledger, "
                "guard or metrics, as of another version"));
  if (!upk_str_equal(role.data ? role : UPK_STR(""),
                     c->plan->role.data ? c->plan->role : UPK_STR("")))
    say(c, none, UPK_STR("the role of the target changed"));
  say(c, none, moved(c->arena, s, c->plan));
  if (!blackouts_kept(s, c->plan))
    say(c, none, UPK_STR("a blackout is gone"));
  if (!order_kept(upk_json_get(s->tree, "edges"), c->plan, &step, &before))
    say(c, step,
        upk_arena_printf(c->arena,
                         "the order changed: step `%.*s` does not wait for "
                         "`%.*s` any more",
                         UPK_FMT(step), UPK_FMT(before)));
}

void statement_compare(upk_arena *arena, const statement *s,
                       const reviewed *plan, statement_breaks *breaks) {
  const upk_json *target = upk_json_get(s->tree, "target");
  comparing c = {.arena = arena, .s = s, .plan = plan, .breaks = breaks};
  upk_str name = upk_json_text(target, "name");
  if (s->standing)
    return;
  if (!upk_str_equal(name, plan->target) ||
      !same_database(upk_json_get(target, "identity"), plan->identity)) {
    say(&c, UPK_NO_STR,
        upk_arena_printf(arena, "it is for %s target `%.*s`",
                         upk_str_equal(name, plan->target)
                             ? "another database behind"
                             : "the",
                         UPK_FMT(name)));
    return;
  }
  compare_steps(&c);
  if (!s->reject)
    compare_around(&c);
}

upk_str statement_differs(upk_arena *arena, const statement *s,
                          const reviewed *plan) {
  statement_breaks breaks = {0};
  statement_compare(arena, s, plan, &breaks);
  if (breaks.len < 2)
    return breaks.len ? breaks.items[0].text : UPK_NO_STR;
  return upk_arena_printf(arena, "%.*s, and %zu more",
                          UPK_FMT(breaks.items[0].text), breaks.len - 1);
}

/* ---- two plans ---- */

/* As if the first had been signed. */
size_t upk_approval_breaks(upk_arena *arena, const upk_json *before,
                           const upk_json *after, const upk_break **ret_items) {
  reviewed was, is;
  statement s;
  statement_breaks breaks = {0};
  upk_signing signing = {.not_after_us = 1, .max_uses = 1};
  reviewed_init(arena, before, &was);
  reviewed_init(arena, after, &is);
  upk_str bytes = statement_make(arena, &signing, &was, NULL, 0, 1, 0);
  upk_str line =
      upk_arena_printf(arena, "{\"signature\":\"\",\"statement\":%.*s}",
                       UPK_FMT(upk_str_trim(bytes)));
  const char *wrong = statement_read(arena, line, &s);
  if (wrong)
    *UPK_PUSH(arena, &breaks) = (upk_break){UPK_NO_STR, upk_str_from(wrong)};
  else
    statement_compare(arena, &s, &is, &breaks);
  *ret_items = breaks.items;
  return breaks.len;
}
