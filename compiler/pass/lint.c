/* lint: judges the finished plan by the rules of lint/rules.c. A finding of
 * severity failure denies it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lint/lint.h"
#include "pass/pass.h"

upk_diag *lint_say(lint *l, int code, const ir_policy *policy, upk_span span,
                   const char *format, ...) {
  char line[1024]; /* longer ones are cut: names may be of any length */
  const upk_code *row = upk_code_find(code);
  upk_str reason = UPK_NO_STR;
  va_list args;
  va_start(args, format);
  if (vsnprintf(line, sizeof line, format, args) < 0)
    line[0] = '\0';
  va_end(args);
  if (l->without_facts && lint_said(l, code, span))
    return NULL;
  if (lint_waives(l, policy, code, &reason)) {
    if (!l->without_facts || !lint_said(l, 2090, span))
      upk_diag_add(l->ir->diags, 2090, span, "%s (waived %.*s)", line,
                   UPK_FMT(reason));
    return NULL;
  }
  l->failures += row && row->severity == UPK_FAILURE;
  return upk_diag_add(l->ir->diags, code, span, "%s", line);
}

enum { NAMES_MAX = 3 };

/* What a step rule found in one policy. */
typedef struct hits {
  uint32_t count, first[NAMES_MAX]; /* in plan order */
} hits;

/* "`a`, `b`, `c` and 4 more" */
static upk_str names_of(const ir *ir, const hits *found) {
  upk_buf names = {0};
  for (uint32_t i = 0; i < found->count && i < NAMES_MAX; i++)
    upk_buf_printf(&names, "%s`%.*s`", i ? ", " : "",
                   UPK_FMT(ir->steps.items[found->first[i]].id));
  if (found->count > NAMES_MAX)
    upk_buf_printf(&names, " and %u more", found->count - NAMES_MAX);
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&names));
  upk_buf_free(&names);
  return copy;
}

static upk_str of_policy(const ir *ir, const ir_policy *policy) {
  return policy ? upk_arena_printf(ir->arena,
                                   "policy `%.*s`: ", UPK_FMT(policy->name))
                : UPK_STR("");
}

static void report(lint *l, const lint_rule *rule, const ir_policy *policy,
                   const hits *found) {
  const ir_step *step = &l->ir->steps.items[found->first[0]];
  upk_diag *diag = lint_say(l, rule->code, policy, step->span, "%.*s%s: %.*s",
                            UPK_FMT(of_policy(l->ir, policy)), rule->text,
                            UPK_FMT(names_of(l->ir, found)));
  if (diag && rule->detail) {
    upk_str detail = rule->detail(l, step);
    upk_diag_note(l->ir->diags, diag, "%.*s", UPK_FMT(detail));
  }
  if (diag && rule->help)
    upk_diag_help(l->ir->diags, diag, "%s", rule->help);
}

/* `found` has a place a policy, and one more for steps of none. */
static void judge_steps(lint *l, const lint_rule *rule, hits *found) {
  const ir *ir = l->ir;
  size_t policies = ir->policies.len;
  memset(found, 0, sizeof *found * (policies + 1));
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    uint32_t number = ir->plan_order.items[i];
    const ir_step *step = &ir->steps.items[number];
    if (!rule->step(l, step))
      continue;
    hits *of = &found[step->policy ? step->policy_index : policies];
    if (of->count < NAMES_MAX)
      of->first[of->count] = number;
    of->count++;
  }
  for (size_t i = 0; i < policies; i++)
    if (found[i].count)
      report(l, rule, &ir->policies.items[i], &found[i]);
  if (found[policies].count)
    report(l, rule, NULL, &found[policies]);
}

static void judge_policies(lint *l, const lint_rule *rule) {
  for (size_t i = 0; i < l->ir->policies.len; i++)
    if (l->ir->policies.items[i].applies)
      rule->policy(l, rule->code, &l->ir->policies.items[i]);
}

static void count_steps(lint *l) {
  const ir *ir = l->ir;
  l->step_counts = UPK_NEW_ARRAY(ir->arena, uint32_t, ir->policies.len + 1);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (step->policy)
      l->step_counts[step->policy_index]++;
  }
}

/* Without facts: whether all steps that a policy could have are such. */
static void judge_remedies(lint *l, const lint_rule *rule) {
  for (size_t i = 0; i < l->ir->policies.len; i++) {
    const ir_policy *policy = &l->ir->policies.items[i];
    if (!policy->applies || policy->refused || policy->by.len != 1 ||
        !policy->by.items[0].resolved)
      continue;
    const ir_action *action = policy->by.items[0].resolved;
    if (!rule->remedy(l, policy, action))
      continue;
    upk_diag *diag = lint_say(
        l, rule->code, policy, policy->name_span, "%.*s%s: every `%.*s`",
        UPK_FMT(of_policy(l->ir, policy)), rule->text, UPK_FMT(action->name));
    if (diag && rule->help)
      upk_diag_help(l->ir->diags, diag, "%s", rule->help);
  }
}

upk_status lint_policies(ir *ir) {
  lint l = {.ir = ir, .without_facts = true};
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies)
      lint_check_waivers(&l, &ir->policies.items[i]);
  for (const lint_rule *rule = lint_rules; rule->code; rule++) {
    if (rule->remedy)
      judge_remedies(&l, rule);
    if (rule->always)
      judge_policies(&l, rule);
  }
  return l.failures ? UPK_DENIED : UPK_OK;
}

upk_status pass_lint(ir *ir) {
  lint l = {.ir = ir, .related = relate_of(ir)};
  hits *found = UPK_NEW_ARRAY(ir->arena, hits, ir->policies.len + 1);
  count_steps(&l);
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies)
      lint_check_waivers(&l, &ir->policies.items[i]);
  for (const lint_rule *rule = lint_rules; rule->code; rule++) {
    if (rule->step)
      judge_steps(&l, rule, found);
    if (rule->policy)
      judge_policies(&l, rule);
    if (rule->plan)
      rule->plan(&l, rule->code);
  }
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies)
      lint_check_unused(&l, &ir->policies.items[i], i);
  return l.failures ? UPK_DENIED : UPK_OK;
}
