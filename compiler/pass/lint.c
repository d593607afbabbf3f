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
  if (lint_waives(l, policy, code, &reason)) {
    upk_diag_add(l->ir->diags, 2090, span, "%s (waived: %.*s)", line,
                 UPK_FMT(reason));
    return NULL;
  }
  l->failures += row && row->severity == UPK_FAILURE;
  return upk_diag_add(l->ir->diags, code, span, "%s", line);
}

/* What a step rule found in one policy. */
typedef struct hits {
  uint32_t count, first; /* the first in plan order */
} hits;

static void report(lint *l, const lint_rule *rule, const ir_policy *policy,
                   const hits *found) {
  const ir_step *step = &l->ir->steps.items[found->first];
  upk_str more =
      found->count > 1
          ? upk_arena_printf(l->ir->arena, " and %u more", found->count - 1)
          : UPK_STR("");
  upk_str of = policy
                   ? upk_arena_printf(l->ir->arena,
                                      "policy `%.*s`: ", UPK_FMT(policy->name))
                   : UPK_STR("");
  upk_diag *diag =
      lint_say(l, rule->code, policy, step->span, "%.*s%s: `%.*s`%.*s",
               UPK_FMT(of), rule->text, UPK_FMT(step->id), UPK_FMT(more));
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
    if (of->count++ == 0)
      of->first = number;
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
  return l.failures ? UPK_DENIED : UPK_OK;
}
