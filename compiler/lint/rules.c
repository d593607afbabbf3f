/* The rules. What an engine or an action means by its data stands in their
 * Lua files; nothing here knows one by name. */
#include <string.h>

#include "lint/lint.h"
#include "step/locks.h"
#include "timefmt.h"

/* A table that takes long to read through, and that many wait for: at 1 GiB a
 * scan takes seconds on common disks. */
static const int64_t LARGE_BYTES = INT64_C(1) << 30;
/* Who waits a day in a lock queue has everybody behind it wait too. */
static const int64_t LOCK_WAIT_MS = INT64_C(24) * 60 * 60 * 1000;
/* A query that a business runs once a month is one that it runs. */
static const int64_t CYCLE_US = INT64_C(31) * 24 * 60 * 60 * 1000 * 1000;
/* So much of a log leaves replicas behind. */
static const int64_t MUCH_BYTES = INT64_C(1) << 30;
/* Work of so long nobody likes to lose. */
static const int64_t LONG_MS = INT64_C(30) * 60 * 1000;
/* Below this nobody needs to be told that free space is not known. */
static const int64_t ROOM_BYTES = INT64_C(64) << 20;

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

static bool lacks_room(lint *l, const ir_step *step) {
  int64_t bytes = 0;
  return step->estimate.disk_peak_bytes > 0 && lint_free_bytes(l, &bytes) &&
         step->estimate.disk_peak_bytes > bytes;
}

static upk_str say_room(lint *l, const ir_step *step) {
  upk_buf needed = {0}, there = {0};
  int64_t bytes = 0;
  lint_free_bytes(l, &bytes);
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
  return step->estimate.disk_peak_bytes >= ROOM_BYTES &&
         !lint_free_bytes(l, &bytes);
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

/* ---- indexes that are dropped ---- */

/* One whose queries another serves, or no query could use, is no loss. */
static bool loses_an_index(const lint *l, const ir_step *step) {
  int64_t valid = 1, needed = 0;
  lint_fact(l, &step->object, "is_valid", &valid);
  lint_fact(l, &step->object, "supports_constraint", &needed); /* 2014 */
  return step->action->destructive &&
         upk_str_is(step->object.kind->name, "index") && valid && !needed &&
         !lint_text_fact(l, &step->object, "duplicate_of").data &&
         !lint_text_fact(l, &step->object, "redundant_to").data;
}

static bool drops_used(lint *l, const ir_step *step) {
  int64_t unused_us = 0;
  return loses_an_index(l, step) &&
         lint_fact(l, &step->object, "unused_for", &unused_us) &&
         unused_us < CYCLE_US;
}

static upk_str say_used(lint *l, const ir_step *step) {
  upk_buf text = {0};
  int64_t unused_us = 0;
  lint_fact(l, &step->object, "unused_for", &unused_us);
  upk_duration_human(unused_us, &text);
  upk_str said = upk_arena_printf(l->ir->arena, "It was used %.*s ago.",
                                  UPK_FMT(upk_buf_view(&text)));
  upk_buf_free(&text);
  return said;
}

static bool drops_blindly(lint *l, const ir_step *step) {
  int64_t unused_us = 0;
  bool known = lint_fact(l, &step->object, "unused_for", &unused_us);
  return loses_an_index(l, step) &&
         (!known || (unused_us >= CYCLE_US && lint_has_replicas(l)));
}

static upk_str say_blindly(lint *l, const ir_step *step) {
  int64_t unused_us = 0;
  if (lint_fact(l, &step->object, "unused_for", &unused_us))
    return UPK_STR("It was not used here; its use on the replicas is not in "
                   "the facts.");
  upk_str reason = lint_text_fact(l, &step->object, "unused_for.reason");
  return reason.data ? upk_arena_printf(l->ir->arena,
                                        "When it was last used: "
                                        "%.*s.",
                                        UPK_FMT(reason))
                     : UPK_STR("When it was last used is not in the facts.");
}

static bool drops_identity(lint *l, const ir_step *step) {
  int64_t identity = 0;
  return step->action->destructive &&
         lint_fact(l, &step->object, "replica_identity", &identity) && identity;
}

/* ---- work that comes back, or is lost ---- */

static bool mentions(const ir_texts *texts, const char *word) {
  size_t len = strlen(word);
  for (size_t i = 0; i < texts->len; i++) {
    upk_str text = texts->items[i].text;
    for (size_t at = 0; at + len <= text.len; at++)
      if (memcmp(text.data + at, word, len) == 0)
        return true;
  }
  return false;
}

static bool outruns_replicas(lint *l, const ir_step *step) {
  return step->policy && step->estimate.wal_bytes >= MUCH_BYTES &&
         lint_has_replicas(l) &&
         !mentions(&step->policy->throttle, "replica_lag");
}

/* What a rewrite makes smaller grows again. */
static bool by_ratio(const ir_policy *policy) {
  const upk_expr_name *names = NULL;
  size_t count = policy->ensure.compiled
                     ? upk_expr_names(policy->ensure.compiled, &names)
                     : 0;
  for (size_t i = 0; i < count; i++)
    if (names[i].type == UPK_TYPE_RATIO)
      return true;
  return false;
}

static bool comes_back(lint *l, const ir_step *step) {
  (void)l;
  return step->policy && !step->policy->cooldown_us &&
         step->estimate.disk_peak_bytes >= ROOM_BYTES && by_ratio(step->policy);
}

static bool has_batch(const ir_step *step) {
  for (size_t i = 0; i < step->run.len; i++)
    if (step->run.items[i].batch)
      return true;
  return false;
}

static bool loses_work(lint *l, const ir_step *step) {
  (void)l;
  return step->policy && step->policy->on_window_end.data &&
         upk_str_is(step->policy->on_window_end, "cancel") &&
         !has_batch(step) && step->estimate.p90_ms >= LONG_MS;
}

/* ---- without facts: what an action says of all its steps ---- */

static const node *fixed(const ir_action *action, const char *key,
                         const char *member) {
  const node *value = node_find(action->definition, key);
  if (value && member && value->type == NODE_MAP)
    value = node_find(value, member);
  return value && value->type != NODE_FUNCTION ? value : NULL;
}

static bool waits_for_ever(lint *l, const ir_policy *policy,
                           const ir_action *action) {
  const node *lock = fixed(action, "timeouts", "lock");
  (void)l;
  return lock && lock->type == NODE_BOOL && !lock->boolean &&
         policy->limits.max_duration_us / 1000 > LOCK_WAIT_MS;
}

static bool never_rolls_back(lint *l, const ir_policy *policy,
                             const ir_action *action) {
  const node *class = fixed(action, "undo", "class");
  (void)l;
  return policy->on_failure == IR_FAILURE_ROLLBACK && class &&
         class->type == NODE_TEXT && upk_str_is(class->text, "none");
}

static bool always_risky(lint *l, const ir_policy *policy,
                         const ir_action *action) {
  const node *risk = fixed(action, "risk", NULL);
  (void)l;
  return !policy->window.text.data && risk && risk->type == NODE_TEXT &&
         upk_str_is(risk->text, "high");
}

/* ---- the table ---- */

const lint_rule lint_rules[] = {
    {2001,
     .example = "{ name: p, for: table, ensure: bloat_ratio <= 50%, by: "
                "compact_table }  # no window",
     .step = locks_large,
     .text = "steps lock large tables against all others outside a window",
     .help = "Give the policy a `window`, or use the action's online form."},
    {2002,
     .example = "{ name: p, for: database, ensure: free_ratio <= 25%, by: "
                "compact_database }  # no window",
     .step = locks_unknown,
     .text = "steps lock objects of unknown size against all others outside a "
             "window",
     .help = "Give the policy a `window`, or let facts be collected."},
    {2003,
     .example = "{ name: p, for: index, ensure: is_valid, by: rebuild_index, "
                "limits: { max_duration: 2d } }",
     .step = lacks_lock_timeout, .remedy = waits_for_ever,
     .text = "steps wait for locks without a lock_timeout for over a day",
     .help = "Set `limits: { max_duration: 4h }`, or use a form of the action "
             "that takes a lock_timeout."},
    {2004,
     .example = "{ name: p, for: index, ensure: is_valid, by: rebuild_index, "
                "on_failure: rollback }",
     .step = cannot_roll_back, .remedy = never_rolls_back,
     .text = "steps cannot be undone, though `on_failure` is rollback",
     .help = "Use `on_failure: stop`, or move the action to a policy of its "
             "own."},
    {2005,
     .example = "{ name: p, for: index, ensure: is_valid, by: rebuild_index, "
                "atomic: true }",
     .step = breaks_atomic,
     .text = "steps cannot be undone, though the policy is atomic",
     .help = "Take away `atomic`, or use actions with an inverse."},
    {2006,
     .example = "{ name: p, for: index, ensure: bloat_ratio <= 50%, by: "
                "rebuild_index }  # 80 GB on a disk with 10 GB free",
     .step = lacks_room, .text = "steps need more room on disk than is free",
     .help = "Free some space first, or narrow the policy with `where`.",
     .detail = say_room},
    {2007,
     .example =
         "{ name: p, for: index, ensure: bloat_ratio <= 50%, by: rebuild_index "
         "}  # on a server that tells nothing of its disks",
     .step = room_unknown,
     .text = "steps need room on disk, and how much is free is not known",
     .help = "Look at the disk before you apply the plan."},
    {2008,
     .example = "{ name: p, for: table, ensure: changed_ratio <= 10%, by: "
                "refresh_statistics, if_unknown: act }",
     .policy = lint_judge_unknown},
    {2009,
     .example = "{ name = 'p', kind = 'table', ensure = function(o) return "
                "o.rows < 10 end }  -- in Lua",
     .policy = lint_judge_function, .always = true},
    {2010,
     .example = "two policies whose remedies undo each other on one object",
     .step = fights, .text = "steps undo what others of this plan do",
     .help = "Keep one of the two remedies on these objects."},
    {2011,
     .example = "{ name: p, for: table, where: schema = 'pubilc', ensure: "
                "has_primary_key }",
     .plan = lint_judge_matches},
    {2012,
     .example = "{ name: p, for: index, ensure: is_valid, by: rebuild_index }  "
                "# on PostgreSQL 14.2",
     .step = is_dangerous,
     .text = "steps are known to do damage on this version of the server",
     .help = "Upgrade the server first; `upkeep explain ACTION` names the "
             "versions.",
     .detail = say_danger},
    {2013,
     .example = "{ name: p, for: table, ensure: vacuum_age <= 7d, by: vacuum } "
                " # of another role's table",
     .step = lacks_privilege,
     .text = "the connected role may not maintain objects",
     .help = "Grant it the privilege, or leave the objects out with `where`."},
    {2014,
     .example = "{ name: p, for: index, where: is_unique, ensure: size <= "
                "1GiB, by: drop_index }",
     .step = drops_constraint,
     .text = "steps drop indexes that support constraints",
     .help = "Add `where: not supports_constraint`."},
    {2015,
     .example = "{ name: p, for: table, where: name = 'log', ensure: "
                "oldest_row_age(at) <= 90d, by: archive_rows, with: { column: "
                "at, to_file: log } }  # no window",
     .step = is_risky, .remedy = always_risky,
     .text = "steps of high risk may run at any time",
     .help = "Give the policy a `window`."},
    {2016,
     .example = "{ name: p, for: table, ensure: vacuum_age <= 7d, by: vacuum } "
                " # planned on a replica",
     .step = needs_primary,
     .text = "steps need the primary, and the target is a replica",
     .help = "Plan for the primary."},
    {2017,
     .example = "{ name: p, for: index, ensure: is_valid, by: rebuild_index, "
                "with: { online: false }, limits: { max_blocking: 1s } }",
     .step = blocks_too_long,
     .text = "steps are expected to block others longer than `max_blocking`",
     .help = "Use the action's online form, or raise `limits: { max_blocking "
             "}` for a window.",
     .detail = say_blocking},
    {2018,
     .example =
         "{ name: p, for: index, ensure: bloat_ratio <= 50%, by: "
         "rebuild_index, window: nightly }  # 9 h of work, 3 h of window",
     .plan = lint_judge_windows},
    {2019,
     .example = "{ name: p, for: index, where: not supports_constraint, "
                "ensure: size <= 1GiB, by: drop_index }",
     .step = drops_used,
     .text = "steps drop indexes that were used within the last 31 days",
     .help =
         "Leave them out with `where: unused_for >= 90d`, or make sure that "
         "another index serves the queries.",
     .detail = say_used},
    {2020,
     .example =
         "{ name: p, for: index, where: not supports_constraint, ensure: size "
         "<= 1GiB, by: drop_index }  # on SQLite, or with replicas",
     .step = drops_blindly, .text = "steps drop indexes whose use is not known",
     .help = "Look at their use on each server, over a month at least; waive "
             "the rule when it is known.",
     .detail = say_blindly},
    {2021,
     .example =
         "{ name: p, for: index, where: name = 't_key', ensure: size <= 1GiB, "
         "by: drop_index }  # t has REPLICA IDENTITY USING INDEX t_key",
     .step = drops_identity,
     .text = "steps drop indexes that name the rows for logical replication",
     .help = "Add `where: not replica_identity`, or give the table another "
             "replica identity first."},
    {2022,
     .example = "{ name: p, for: index, ensure: duplicate_of is null, by: "
                "drop_index }",
     .policy = lint_judge_scope, .always = true},
    {2023,
     .example = "{ name: p, for: index, ensure: bloat_ratio <= 50%, by: "
                "rebuild_index }  # 5 GB, with replicas, no throttle",
     .step = outruns_replicas,
     .text = "steps write 1 GiB of log or more, and no throttle looks at the "
             "replicas",
     .help = "Add `throttle: replica_lag <= 30s` to the policy or the target."},
    {2024,
     .example = "{ name: p, for: index, ensure: bloat_ratio <= 20%, by: "
                "rebuild_index }",
     .step = comes_back,
     .text = "steps write anew what grows again, and may come back each time",
     .help = "Add a `cooldown`, such as 30d, or give more room in `ensure`."},
    {2025,
     .example = "{ name: p, for: index, ensure: bloat_ratio <= 50%, by: "
                "rebuild_index, window: nightly, on_window_end: cancel }",
     .step = loses_work,
     .text = "steps of half an hour and more are cancelled at the window's end",
     .help = "Use `on_window_end: finish`, or a longer window: what is "
             "cancelled has been for nothing."},
    {2026,
     .example = "any step while synchronous_standby_names wants more standbys "
                "than are there",
     .plan = lint_judge_standbys},
    {2027, .example = "any step while pg_basebackup runs",
     .plan = lint_judge_backup},
    {0},
};
