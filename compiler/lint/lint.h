/* Lint: what is legal and still deserves a second look.
 *
 * A rule is a row: its code (severity, name and doc stand in core/codes) and
 * one function, called once for each thing it judges. Rules that failed deny
 * the plan. Findings are grouped a policy: a plan of 10,000 steps has as many
 * findings as one of 10. A policy can waive a rule:
 *
 *   waive: [{ rule: no-lock-timeout, reason: why, until: 2027-01-01T00:00Z }]
 */
#ifndef COMPILER_LINT_H
#define COMPILER_LINT_H

#include "ir/ir.h"
#include "step/relate.h"

typedef struct lint {
  ir *ir;
  relate *related;
  uint32_t *step_counts; /* by policy, of the plan */
  size_t failures;       /* findings that deny the plan */
} lint;

typedef struct lint_rule {
  int code;
  /* One of these. */
  bool (*step)(lint *l, const ir_step *step); /* true: a finding */
  void (*policy)(lint *l, int code, const ir_policy *policy);
  void (*plan)(lint *l, int code);
  /* Of step rules: "policy `p`: TEXT: `id` and 3 more", and help. */
  const char *text, *help;
  /* A sentence about the first step, for a note; may be NULL. */
  upk_str (*detail)(lint *l, const ir_step *step);
} lint_rule;

extern const lint_rule lint_rules[]; /* ends with code 0 */

/* Reports, unless the policy (may be NULL) waives the rule: then a note says
 * so. NULL when waived; else for help and labels. */
upk_diag *lint_say(lint *l, int code, const ir_policy *policy, upk_span span,
                   const char *format, ...) UPK_PRINTF(5, 6);

/* Whether the policy waives the rule now. */
bool lint_waives(const lint *l, const ir_policy *policy, int code,
                 upk_str *ret_reason);
/* Waivers of rules that do not exist, or whose time is over. */
void lint_check_waivers(lint *l, const ir_policy *policy);

/* An integer attribute of the object, or of the table it belongs to; false
 * when it is not known. */
bool lint_fact(const lint *l, const ir_object *object, const char *attribute,
               int64_t *ret_value);
bool lint_table_fact(const lint *l, const ir_object *object,
                     const char *attribute, int64_t *ret_value);

#endif
