/* The rules. What an engine or an action means by its data stands in their
 * Lua files; nothing here knows one by name. */
#include "ir/scope.h"
#include "lint/lint.h"
#include "step/locks.h"
#include "timefmt.h"

/* A table that takes long to read through, and that many wait for: at 1 GiB a
 * scan takes seconds on common disks. */
static const int64_t LARGE_BYTES = INT64_C(1) << 30;
/* Who waits a day in a lock queue has everybody behind it wait too. */
static const int64_t LOCK_WAIT_MS = INT64_C(24) * 60 * 60 * 1000;
/* Below this nobody needs to be told that free space is not known. */
static const int64_t ROOM_BYTES = INT64_C(64) << 20;

/* ---- facts ---- */

static bool read_fact(const upk_facts_kind *facts, size_t row,
                      const char *attribute, int64_t *ret_value) {
  const upk_facts_column *column =
      facts ? upk_facts_column_find(facts, upk_str_from(attribute)) : NULL;
  if (!column || row >= facts->rows || !column->values.integers ||
      ir_cell_null(&column->values, row))
    return false;
  *ret_value = ir_cell_integer(&column->values, row);
  return true;
}

bool lint_fact(const lint *l, const ir_object *object, const char *attribute,
               int64_t *ret_value) {
  return read_fact(upk_facts_kind_find(&l->ir->facts, object->kind->name),
                   object->row, attribute, ret_value);
}

bool lint_table_fact(const lint *l, const ir_object *object,
                     const char *attribute, int64_t *ret_value) {
  ir_object table = *object;
  ir_kind *kind = ir_kind_find(l->ir->engine, UPK_STR("table"));
  if (kind && kind != object->kind &&
      !relate_parent_object(l->ir, object, kind, &table))
    table = *object;
  return lint_fact(l, &table, attribute, ret_value);
}

/* ---- steps ---- */

static bool has_exclusive_lock(const lint *l, const ir_step *step) {
  for (size_t i = 0; i < step->locks.len; i++)
    if (locks_all_traffic(l->ir->engine, step->locks.items[i].mode))
      return true;
  return false;
}

static bool has_window(const ir_step *step) {
  return step->policy && step->policy->window.text.data;
}

static bool locks_large(lint *l, const ir_step *step) {
  int64_t size = 0;
  return !has_window(step) && has_exclusive_lock(l, step) &&
         lint_table_fact(l, &step->object, "size", &size) &&
         size >= LARGE_BYTES;
}

static bool locks_unknown(lint *l, const ir_step *step) {
  int64_t size = 0;
  return step->policy && !has_window(step) && has_exclusive_lock(l, step) &&
         !lint_table_fact(l, &step->object, "size", &size);
}

static bool lacks_lock_timeout(lint *l, const ir_step *step) {
  (void)l;
  return step->locks.len && !step->lock_ms &&
         (!step->max_ms || step->max_ms > LOCK_WAIT_MS);
}

static bool is_undoable(const ir_step *step) {
  return upk_str_is(step->undo_class, "inverse") ||
         upk_str_is(step->undo_class, "restore");
}

static bool cannot_roll_back(lint *l, const ir_step *step) {
  (void)l;
  return step->policy && step->policy->on_failure == IR_FAILURE_ROLLBACK &&
         !is_undoable(step);
}

/* One transaction, or an inverse for each step: with one step alone that is
 * transactional, the first is given. */
static bool is_alone(const lint *l, const ir_step *step) {
  return l->step_counts[step->policy_index] == 1 &&
         upk_str_is(step->atomicity, "transaction");
}

static bool breaks_atomic(lint *l, const ir_step *step) {
  return step->policy && step->policy->atomic && !is_undoable(step) &&
         !is_alone(l, step);
}

/* The least free disk: which of several a database's files lie on is not in
 * the facts. */
static bool free_bytes(const lint *l, int64_t *ret_bytes) {
  const upk_facts_kind *disks =
      upk_facts_kind_find(&l->ir->facts, UPK_STR("disk"));
  bool known = false;
  for (size_t row = 0; disks && row < disks->rows; row++) {
    int64_t bytes = 0;
    if (!read_fact(disks, row, "free_size", &bytes))
      continue;
    *ret_bytes = known && *ret_bytes < bytes ? *ret_bytes : bytes;
    known = true;
  }
  return known;
}

static bool lacks_room(lint *l, const ir_step *step) {
  int64_t bytes = 0;
  return step->estimate.disk_peak_bytes > 0 && free_bytes(l, &bytes) &&
         step->estimate.disk_peak_bytes > bytes;
}

static upk_str say_room(lint *l, const ir_step *step) {
  upk_buf needed = {0}, there = {0};
  int64_t bytes = 0;
  free_bytes(l, &bytes);
  upk_bytes_human(step->estimate.disk_peak_bytes, &needed);
  upk_bytes_human(bytes, &there);
  upk_str text = upk_arena_printf(
      l->ir->arena, "It needs %.*s, and %.*s are free.",
      UPK_FMT(upk_buf_view(&needed)), UPK_FMT(upk_buf_view(&there)));
  upk_buf_free(&needed);
  upk_buf_free(&there);
  return text;
}

static bool room_unknown(lint *l, const ir_step *step) {
  int64_t bytes = 0;
  return step->estimate.disk_peak_bytes >= ROOM_BYTES && !free_bytes(l, &bytes);
}

static void visit_rival(void *ctx, uint32_t other) {
  bool *found = ctx;
  (void)other;
  *found = true;
}

static bool fights(lint *l, const ir_step *step) {
  const upk_str *entries = NULL;
  bool found = false;
  size_t count = relate_entries(l->ir, step->action, "fights", &entries);
  uint32_t number = (uint32_t)(step - l->ir->steps.items);
  for (size_t i = 0; i < count && !found; i++)
    relate_each(l->related, number, entries[i], visit_rival, &found);
  return found;
}

/* `dangerous` of an action: { min, below, why }; versions as texts. */
static bool in_range(const node *range, int64_t version) {
  const node *min = node_find(range, "min");
  const node *below = node_find(range, "below");
  int64_t bound = 0;
  if (min && (min->type != NODE_TEXT || !upk_version_parse(min->text, &bound) ||
              version < bound))
    return false;
  return !below || (below->type == NODE_TEXT &&
                    upk_version_parse(below->text, &bound) && version < bound);
}

static const node *danger_of(const lint *l, const ir_step *step) {
  const node *list = node_find(step->action->definition, "dangerous");
  int64_t version = 0;
  if (!list || list->type != NODE_LIST ||
      !upk_version_parse(l->ir->facts.version, &version))
    return NULL;
  for (size_t i = 0; i < list->list.count; i++)
    if (in_range(list->list.items[i], version))
      return list->list.items[i];
  return NULL;
}

static bool is_dangerous(lint *l, const ir_step *step) {
  return danger_of(l, step) != NULL;
}

static upk_str say_danger(lint *l, const ir_step *step) {
  const node *why = node_find(danger_of(l, step), "why");
  return upk_arena_printf(
      l->ir->arena, "On %.*s: %.*s.", UPK_FMT(l->ir->facts.version),
      UPK_FMT(why && why->type == NODE_TEXT ? why->text : UPK_STR("not said")));
}

static bool lacks_privilege(lint *l, const ir_step *step) {
  int64_t may = 1;
  return lint_table_fact(l, &step->object, "may_maintain", &may) && !may;
}

static bool drops_constraint(lint *l, const ir_step *step) {
  int64_t supports = 0;
  return step->action->destructive &&
         lint_fact(l, &step->object, "supports_constraint", &supports) &&
         supports;
}

static bool is_risky(lint *l, const ir_step *step) {
  (void)l;
  return step->policy && step->risk == IR_RISK_HIGH && !has_window(step);
}

static bool needs_primary(lint *l, const ir_step *step) {
  const node *on_replica = node_find(step->action->definition, "on_replica");
  bool can = on_replica && on_replica->type == NODE_BOOL && on_replica->boolean;
  return upk_str_is(l->ir->facts.role, "replica") && !can;
}

static bool blocks_too_long(lint *l, const ir_step *step) {
  (void)l;
  int64_t limit_us = step->policy ? step->policy->limits.max_blocking_us : 0;
  return limit_us > 0 && step->estimate.blocking_ms > limit_us / 1000;
}

static upk_str say_blocking(lint *l, const ir_step *step) {
  upk_buf expected = {0}, limit = {0};
  upk_duration_human(step->estimate.blocking_ms * 1000, &expected);
  upk_duration_human(step->policy->limits.max_blocking_us, &limit);
  upk_str text = upk_arena_printf(
      l->ir->arena, "Expected are %.*s, the limit is %.*s.",
      UPK_FMT(upk_buf_view(&expected)), UPK_FMT(upk_buf_view(&limit)));
  upk_buf_free(&expected);
  upk_buf_free(&limit);
  return text;
}

/* ---- policies ---- */

static void judge_unknown(lint *l, int code, const ir_policy *policy) {
  size_t count = policy->counts[IR_UNKNOWN_VERDICT];
  if (policy->if_unknown != IR_UNKNOWN_ACT || !policy->by.len || !count)
    return;
  upk_diag *diag =
      lint_say(l, code, policy, policy->name_span,
               "policy `%.*s` acts on %zu objects of which nothing is known",
               UPK_FMT(policy->name), count);
  if (diag)
    upk_diag_help(l->ir->diags, diag,
                  "See the reasons with `upkeep check`; `if_unknown: warn` "
                  "leaves them alone.");
}

static void judge_function(lint *l, int code, const ir_policy *policy) {
  if (!policy->where.function && !policy->ensure.function)
    return;
  upk_diag *diag =
      lint_say(l, code, policy, policy->name_span,
               "policy `%.*s` has a function where an expression would do",
               UPK_FMT(policy->name));
  if (diag)
    upk_diag_help(l->ir->diags, diag,
                  "Write it as text: a function can be neither forecast nor "
                  "judged again when the plan runs.");
}

/* ---- plans ---- */

static bool matched_nothing(const ir *ir, const ir_policy *policy) {
  size_t seen = 0;
  for (int i = 0; i <= IR_EXEMPT; i++)
    if (i != IR_EXCLUDED)
      seen += policy->counts[i];
  return policy->applies && policy->kind && !seen &&
         ir_kind_rows(ir, policy->kind) > 0;
}

/* One note for all: with a shipped baseline many match nothing, rightly. */
static void judge_matches(lint *l, int code) {
  enum { NAMES_MAX = 5 };
  upk_buf names = {0};
  size_t count = 0;
  upk_str reason;
  upk_span place = UPK_NO_SPAN;
  for (size_t i = 0; i < l->ir->policies.len; i++) {
    const ir_policy *policy = &l->ir->policies.items[i];
    if (!matched_nothing(l->ir, policy) ||
        lint_waives(l, policy, code, &reason))
      continue;
    if (count++ == 0)
      place = policy->name_span;
    if (count <= NAMES_MAX)
      upk_buf_printf(&names, "%s`%.*s`", count > 1 ? ", " : "",
                     UPK_FMT(policy->name));
  }
  if (count > NAMES_MAX)
    upk_buf_printf(&names, " and %zu more", count - NAMES_MAX);
  if (count)
    lint_say(l, code, NULL, place, "no object is matched by %s of %.*s",
             count == 1 ? "`where`" : "the `where`",
             UPK_FMT(upk_buf_view(&names)));
  upk_buf_free(&names);
}

/* ---- the table ---- */

const lint_rule lint_rules[] = {
    {2001, .step = locks_large,
     .text = "steps lock large tables against all others outside a window",
     .help = "Give the policy a `window`, or use the action's online form."},
    {2002, .step = locks_unknown,
     .text = "steps lock objects of unknown size against all others outside a "
             "window",
     .help = "Give the policy a `window`, or let facts be collected."},
    {2003, .step = lacks_lock_timeout,
     .text = "steps wait for locks without a lock_timeout for over a day",
     .help = "Set `limits: { max_duration: 4h }`, or use a form of the action "
             "that takes a lock_timeout."},
    {2004, .step = cannot_roll_back,
     .text = "steps cannot be undone, though `on_failure` is rollback",
     .help = "Use `on_failure: stop`, or move the action to a policy of its "
             "own."},
    {2005, .step = breaks_atomic,
     .text = "steps cannot be undone, though the policy is atomic",
     .help = "Take away `atomic`, or use actions with an inverse."},
    {2006, .step = lacks_room,
     .text = "steps need more room on disk than is free",
     .help = "Free some space first, or narrow the policy with `where`.",
     .detail = say_room},
    {2007, .step = room_unknown,
     .text = "steps need room on disk, and how much is free is not known",
     .help = "Look at the disk before you apply the plan."},
    {2008, .policy = judge_unknown},
    {2009, .policy = judge_function},
    {2010, .step = fights, .text = "steps undo what others of this plan do",
     .help = "Keep one of the two remedies on these objects."},
    {2011, .plan = judge_matches},
    {2012, .step = is_dangerous,
     .text = "steps are known to do damage on this version of the server",
     .help = "Upgrade the server first; `upkeep explain ACTION` names the "
             "versions.",
     .detail = say_danger},
    {2013, .step = lacks_privilege,
     .text = "the connected role may not maintain objects",
     .help = "Grant it the privilege, or leave the objects out with `where`."},
    {2014, .step = drops_constraint,
     .text = "steps drop indexes that support constraints",
     .help = "Add `where: not supports_constraint`."},
    {2015, .step = is_risky, .text = "steps of high risk may run at any time",
     .help = "Give the policy a `window`."},
    {2016, .step = needs_primary,
     .text = "steps need the primary, and the target is a replica",
     .help = "Plan for the primary."},
    {2017, .step = blocks_too_long,
     .text = "steps are expected to block others longer than `max_blocking`",
     .help = "Use the action's online form, or raise `limits: { max_blocking "
             "}` for a window.",
     .detail = say_blocking},
    {0},
};
