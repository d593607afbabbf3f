/* Pass check: types expressions and parameters, refuses what cannot be meant
 * and circles of `after`. */
#include "check/argument.h"
#include "check/cycle.h"
#include "ir/scope.h"
#include "pass/pass.h"

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

static void check_policy(ir *ir, ir_policy *policy) {
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
  }
  return ir->diags->failures ? UPK_DENIED : UPK_OK;
}
