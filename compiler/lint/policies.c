/* Rules about a policy, or about the whole plan. */
#include "ir/scope.h"
#include "lint/lint.h"

void lint_judge_unknown(lint *l, int code, const ir_policy *policy) {
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

void lint_judge_function(lint *l, int code, const ir_policy *policy) {
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

static bool matched_nothing(const ir *ir, const ir_policy *policy) {
  size_t seen = 0;
  for (int i = 0; i <= IR_EXEMPT; i++)
    if (i != IR_EXCLUDED)
      seen += policy->counts[i];
  return policy->applies && policy->kind && !seen &&
         ir_kind_rows(ir, policy->kind) > 0;
}

/* One note for all: with a shipped baseline many match nothing, rightly. */
void lint_judge_matches(lint *l, int code) {
  enum { NAMES_MAX = 5 };
  upk_buf names = {0};
  size_t count = 0;
  upk_str reason;
  upk_span place = UPK_NO_SPAN;
  for (size_t i = 0; i < l->ir->policies.len; i++) {
    const ir_policy *policy = &l->ir->policies.items[i];
    if (!matched_nothing(l->ir, policy))
      continue;
    if (lint_waives(l, policy, code, &reason)) {
      lint_say(l, code, policy, policy->name_span,
               "no object is matched by `where` of `%.*s`",
               UPK_FMT(policy->name));
      continue;
    }
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

/* Once a policy: the objects whose steps no opening is long enough for. */
void lint_judge_windows(lint *l, int code) {
  const ir *ir = l->ir;
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    const ir_deferred *first = NULL;
    size_t count = 0;
    for (size_t j = 0; j < ir->deferred.len; j++) {
      const ir_deferred *deferred = &ir->deferred.items[j];
      if (deferred->policy != policy || !deferred->too_long)
        continue;
      first = first ? first : deferred;
      count++;
    }
    if (!first)
      continue;
    upk_str more = count > 1
                       ? upk_arena_printf(ir->arena, " and %zu more", count - 1)
                       : UPK_STR("");
    upk_diag *diag =
        lint_say(l, code, policy, policy->name_span,
                 "policy `%.*s`: no window is long enough for `%.*s:%.*s`%.*s",
                 UPK_FMT(policy->name), UPK_FMT(first->action),
                 UPK_FMT(first->object.display), UPK_FMT(more));
    if (!diag)
      continue;
    upk_diag_note(ir->diags, diag, "%.*s.", UPK_FMT(first->detail));
    upk_diag_help(ir->diags, diag,
                  "Lengthen the window, or narrow the policy: they are "
                  "deferred each time.");
  }
}

/* A remedy that takes away, on all objects that there are. */
void lint_judge_scope(lint *l, int code, const ir_policy *policy) {
  const ir_action *action = NULL;
  for (size_t i = 0; i < policy->by.len && !action; i++)
    if (policy->by.items[i].resolved &&
        policy->by.items[i].resolved->destructive)
      action = policy->by.items[i].resolved;
  if (!action || policy->where.source.text.data || policy->where.function ||
      policy->limits.max_actions)
    return;
  upk_diag *diag =
      lint_say(l, code, policy, policy->name_span,
               "policy `%.*s` may use `%.*s` on every %.*s there is",
               UPK_FMT(policy->name), UPK_FMT(action->name),
               UPK_FMT(policy->kind_name.text));
  if (diag)
    upk_diag_help(l->ir->diags, diag,
                  "Say which with `where`, or how many in one plan with "
                  "`limits: { max_actions }`.");
}

/* The policy of the plan's first step that has one. */
static const ir_policy *first_policy(const ir *ir) {
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (step->policy)
      return step->policy;
  }
  return NULL;
}

/* A rule about the server is waived by every policy of the plan, or not. */
static bool all_waive(lint *l, int code) {
  upk_str reason;
  for (size_t i = 0; i < l->ir->policies.len; i++)
    if (l->step_counts[i] &&
        !lint_waives(l, &l->ir->policies.items[i], code, &reason))
      return false;
  return true;
}

void lint_judge_standbys(lint *l, int code) {
  const ir_policy *policy = first_policy(l->ir);
  int64_t wanted = 0, present = 0;
  if (!policy || !lint_instance_fact(l, "sync_standbys_wanted", &wanted) ||
      !lint_instance_fact(l, "sync_standbys_present", &present) ||
      present >= wanted)
    return;
  upk_diag *diag = lint_say(
      l, code, all_waive(l, code) ? policy : NULL, policy->name_span,
      "a commit waits for %lld synchronous standby%s, and %lld can answer",
      (long long)wanted, wanted == 1 ? "" : "s", (long long)present);
  if (diag)
    upk_diag_help(l->ir->diags, diag,
                  "Bring the standbys back first: each step would hang at its "
                  "COMMIT and keep its locks.");
}

void lint_judge_backup(lint *l, int code) {
  const ir_policy *policy = first_policy(l->ir);
  int64_t running = 0;
  if (!policy || !lint_instance_fact(l, "backup_running", &running) || !running)
    return;
  upk_diag *diag =
      lint_say(l, code, all_waive(l, code) ? policy : NULL, policy->name_span,
               "a base backup of the server is running");
  if (diag)
    upk_diag_help(l->ir->diags, diag,
                  "Apply the plan when it has ended: both are slower side by "
                  "side, and the backup has to keep the log that is written.");
}
