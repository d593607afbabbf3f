/* Pass check: types expressions and parameters, refuses what cannot be meant
 * and circles of `after`. */
#include <upkeep/compile.h>

#include "check/argument.h"
#include "check/cycle.h"
#include "check/require.h"
#include "ir/scope.h"
#include "pass/pass.h"
#include "step/step.h"

/* With several engines a name may be right in one and unknown in another. */
static void say_engine(ir *ir, size_t first) {
  if (ir->engines.len < 2)
    return;
  bool several = false;
  for (size_t i = 1; i < ir->project.targets.len; i++)
    several =
        several || !upk_str_equal(ir->project.targets.items[0].engine_name,
                                  ir->project.targets.items[i].engine_name);
  for (size_t i = first; several && i < ir->diags->items.len; i++)
    upk_diag_note(ir->diags, &ir->diags->items.items[i],
                  "It was read for targets of engine %.*s.",
                  UPK_FMT(ir->engine->name));
}

static void compile_text(ir *ir, ir_policy *policy, ir_scope *scope,
                         const ir_text *text, upk_expr **ret_expr) {
  size_t first = ir->diags->items.len;
  upk_scope names = ir_scope_names(scope);
  *ret_expr = upk_expr_compile(ir->arena, text->text, text->text_span, &names,
                               UPK_TYPE_BOOL, ir->diags);
  if (*ret_expr)
    return;
  policy->refused = true;
  say_engine(ir, first);
}

static upk_span place_of(const ir_policy *policy) {
  return policy->throttle.len ? policy->throttle.items[0].span
                              : policy->abort.items[0].span;
}

/* Whether the metric is of the replicas that the project names, of which there
 * are none. */
static bool is_of_none(const ir *ir, const node *metric) {
  const node *params = node_find(metric, "params");
  for (size_t i = 0; params && i < params->list.count; i++) {
    const node *param = params->list.items[i];
    const node *from =
        param->type == NODE_MAP ? node_find(param, "from") : NULL;
    if (from && upk_str_is(from->text, "target.replicas"))
      return !ir->target->replicas.len;
  }
  return false;
}

/* One that the connected role cannot see, as the facts tell. */
static void check_capability(ir *ir, const ir_policy *policy,
                             const ir_slot *slot, const node_member *metric) {
  const node *name = metric ? node_find(metric->value, "capability") : NULL;
  if (!name || slot->source != IR_SLOT_LIVE || !ir->facts.capabilities ||
      is_of_none(ir, metric->value) || step_capability(ir, name->text))
    return;
  upk_diag *diag = upk_diag_add(
      ir->diags, 1591, place_of(policy),
      "policy `%.*s` looks at `%.*s`, which the connected role cannot see",
      UPK_FMT(policy->name), UPK_FMT(slot->text));
  upk_diag_help(ir->diags, diag,
                "It needs the capability `%.*s`: its steps would wait for a "
                "minute and not start.",
                UPK_FMT(name->text));
}

/* A name that the engine cannot be asked for while a plan runs. */
static void check_metric(ir *ir, const ir_policy *policy, const ir_slot *slot) {
  const node *metrics = node_find(ir->engine->definition, "metrics");
  const node_member *member =
      metrics ? node_member_find(metrics, slot->column) : NULL;
  const node *why = member ? node_find(member->value, "unavailable") : NULL;
  bool attribute =
      slot->source == IR_SLOT_OWN || slot->source == IR_SLOT_PARENT;
  bool asked = attribute || (slot->source == IR_SLOT_LIVE && member &&
                             node_find(member->value, "sql"));
  if (asked) {
    check_capability(ir, policy, slot, member);
    return;
  }
  upk_diag *diag = upk_diag_add(
      ir->diags, 1591, place_of(policy),
      "policy `%.*s` looks at `%.*s`, which is not known while a plan runs",
      UPK_FMT(policy->name), UPK_FMT(slot->text));
  if (why)
    upk_diag_help(ir->diags, diag, "%.*s.", UPK_FMT(why->text));
}

static void add_text(ir *ir, ir_texts *texts, const node *value) {
  if (value->type == NODE_TEXT || value->type == NODE_PLAIN)
    *UPK_PUSH(ir->arena, texts) =
        (ir_text){upk_str_trim(value->text), value->span, value->text_span};
}

/* A policy that acts and says nothing of its own is throttled as the target
 * says. */
static void inherit_throttle(ir *ir, ir_policy *policy) {
  const node *throttle = node_find(ir->target->raw, "throttle");
  if (policy->throttle_of_target)
    policy->throttle = (ir_texts){0};
  policy->throttle_of_target = false;
  if (!throttle || policy->throttle.len || !policy->by.len)
    return;
  if (throttle->type != NODE_LIST)
    add_text(ir, &policy->throttle, throttle);
  else
    for (size_t i = 0; i < throttle->list.count; i++)
      add_text(ir, &policy->throttle, throttle->list.items[i]);
  policy->throttle_of_target = policy->throttle.len > 0;
}

static void check_expressions(ir *ir, ir_policy *policy) {
  ir_scope *scope = ir_scope_of(ir, ir->engine, policy->kind);
  ir_expression *expressions[] = {&policy->where, &policy->ensure,
                                  &policy->warn};
  for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
    if (expressions[i]->source.text.data && !expressions[i]->function)
      compile_text(ir, policy, scope, &expressions[i]->source,
                   &expressions[i]->compiled);
  if (!policy->throttle.len && !policy->abort.len)
    return;
  ir_scope *live = ir_scope_live(ir, ir->engine);
  upk_expr *unused;
  for (size_t i = 0; i < policy->throttle.len; i++)
    compile_text(ir, policy, live, &policy->throttle.items[i], &unused);
  for (size_t i = 0; i < policy->abort.len; i++)
    compile_text(ir, policy, live, &policy->abort.items[i], &unused);
  for (size_t i = 0; i < live->slots.len && policy->by.len; i++)
    check_metric(ir, policy, &live->slots.items[i]);
}

static void check_destructive(ir *ir, ir_policy *policy,
                              const ir_remedy *remedy) {
  if (!remedy->resolved->destructive)
    return;
  if (policy->if_unknown == IR_UNKNOWN_ACT) {
    policy->refused = true;
    upk_diag_add(ir->diags, 1406, remedy->action.span,
                 "action `%.*s` is destructive and cannot act on what is "
                 "unknown",
                 UPK_FMT(remedy->action.text));
  }
  if (policy->auto_run) {
    policy->refused = true;
    upk_diag_add(ir->diags, 1407, remedy->action.span,
                 "action `%.*s` is destructive and cannot run by itself",
                 UPK_FMT(remedy->action.text));
  }
}

/* Keys that only a remedy gives a meaning. */
static void check_idle(ir *ir, const ir_policy *policy) {
  const char *key = NULL;
  if (policy->damaged || policy->name_only)
    return; /* `by` may be what was lost */
  if (policy->auto_run)
    key = "auto";
  else if (policy->ahead_us)
    key = "ahead";
  else if (policy->cooldown_us)
    key = "cooldown";
  else if (policy->atomic)
    key = "atomic";
  else if (policy->if_unknown == IR_UNKNOWN_ACT)
    key = "if_unknown: act";
  if (key && !policy->by.len)
    upk_diag_add(ir->diags, 1409, policy->name_span,
                 "policy `%.*s` has `%s` and nothing to do it `by`",
                 UPK_FMT(policy->name), key);
}

/* What this version reads and nobody obeys yet. */
static void say_without_effect(ir *ir, const ir_policy *policy) {
  const struct {
    const char *key, *help;
    bool given;
  } keys[] = {
      {"auto",
       "Nothing starts by itself: run `upkeep plan` and `upkeep apply`.",
       policy->auto_run},
      {"clear_after", "Each check judges what it sees at that moment.",
       policy->clear_after_us > 0},
      {"sustained", "Each check judges what it sees at that moment.",
       policy->sustained_us > 0},
  };
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (!keys[i].given)
      continue;
    upk_diag *diag =
        upk_diag_add(ir->diags, 1592, policy->name_span,
                     "`%s` of policy `%.*s` has no effect in this version",
                     keys[i].key, UPK_FMT(policy->name));
    upk_diag_help(ir->diags, diag, "%s", keys[i].help);
  }
}

static void check_policy(ir *ir, ir_policy *policy) {
  require_begin(ir, policy);
  inherit_throttle(ir, policy);
  require_limits(ir, policy);
  require_throttle(ir, policy);
  if (ir->request->mode != UPK_COMPILE_PLAN) /* else schedule knows which */
    require_windows(ir, policy);
  check_expressions(ir, policy);
  for (size_t i = 0; i < policy->by.len; i++) {
    ir_remedy *remedy = &policy->by.items[i];
    if (!remedy->resolved)
      continue;
    check_destructive(ir, policy, remedy);
    if (!policy->damaged && !argument_check(ir, policy, remedy))
      policy->refused = true;
  }
}

upk_status pass_check(ir *ir) {
  for (size_t i = 0; i < ir->policies.len; i++) {
    ir_policy *policy = &ir->policies.items[i];
    if (policy->applies && !policy->refused)
      check_policy(ir, policy);
  }
  if (!ir->cycles_checked) {
    ir->cycles_checked = true;
    for (size_t i = 0; i < ir->policies.len; i++)
      check_idle(ir, &ir->policies.items[i]);
    cycle_check(ir);
    for (size_t i = 0; i < ir->policies.len && !ir->diags->failures; i++)
      say_without_effect(ir, &ir->policies.items[i]);
  }
  return ir->diags->failures ? UPK_DENIED : UPK_OK;
}
