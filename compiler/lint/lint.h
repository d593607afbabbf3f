/* Lint: what is legal and still deserves a second look.
 *
 * A rule is a row: its code (severity, name and doc stand in core/codes) and
 * one function, called once for each thing it judges. Rules that failed deny
 * the plan. Findings are grouped a policy: a plan of 10,000 steps has as many
 * findings as one of 10. What can be judged without facts is judged by
 * `validate` too. A policy can waive a rule, for a year at most:
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
  uint32_t *step_counts;      /* by policy, of the plan */
  size_t failures;            /* findings that deny the plan */
  bool without_facts;         /* validating */
  UPK_VEC(const node *) used; /* waivers that waived something */
} lint;

typedef struct lint_rule {
  int code;
  /* One of these. */
  bool (*step)(lint *l, const ir_step *step); /* true: a finding */
  void (*policy)(lint *l, int code, const ir_policy *policy);
  void (*plan)(lint *l, int code);
  /* Of a step rule, without facts: whether all steps of the remedy are such. */
  bool (*remedy)(lint *l, const ir_policy *policy, const ir_action *action);
  bool always;         /* a policy rule that needs no facts */
  const char *example; /* a policy, or words, that it speaks of */
  /* Of step rules: "policy `p`: TEXT: `id` and 3 more", and help. */
  const char *text, *help;
  /* A sentence about the first step, for a note; may be NULL. */
  upk_str (*detail)(lint *l, const ir_step *step);
} lint_rule;

extern const lint_rule lint_rules[]; /* ends with code 0 */

const lint_rule *lint_rule_find(int code); /* NULL: it is no rule's */

/* Reports, unless the policy (may be NULL) waives the rule: then a note says
 * so. NULL when waived; else for help and labels. */
upk_diag *lint_say(lint *l, int code, const ir_policy *policy, upk_span span,
                   const char *format, ...) UPK_PRINTF(5, 6);

/* Whether the policy waives the rule now; the waiver counts as used. */
bool lint_waives(lint *l, const ir_policy *policy, int code,
                 upk_str *ret_reason);
/* Waivers of rules that do not exist, whose time is over, or is too far off. */
void lint_check_waivers(lint *l, const ir_policy *policy);
/* Waivers that had something to judge, and nothing to waive. */
void lint_check_unused(lint *l, const ir_policy *policy, size_t number);
/* The same was said already, of the same place: for another engine. */
bool lint_said(const lint *l, int code, upk_span span);

/* policies.c */
void lint_judge_unknown(lint *l, int code, const ir_policy *policy);
void lint_judge_function(lint *l, int code, const ir_policy *policy);
void lint_judge_scope(lint *l, int code, const ir_policy *policy);
void lint_judge_matches(lint *l, int code);
void lint_judge_windows(lint *l, int code);
void lint_judge_standbys(lint *l, int code);
void lint_judge_backup(lint *l, int code);

/* facts.c */

/* An integer attribute of the object, or of the table it belongs to; false
 * when it is not known. */
bool lint_fact(const lint *l, const ir_object *object, const char *attribute,
               int64_t *ret_value);
bool lint_table_fact(const lint *l, const ir_object *object,
                     const char *attribute, int64_t *ret_value);
/* A text of the object itself; absent when it is not known. */
upk_str lint_text_fact(const lint *l, const ir_object *object,
                       const char *attribute);
bool lint_instance_fact(const lint *l, const char *attribute,
                        int64_t *ret_value);
/* Told by the project, or seen. */
bool lint_has_replicas(const lint *l);
/* The least free disk; false when none is known. */
bool lint_free_bytes(const lint *l, int64_t *ret_bytes);

#endif
