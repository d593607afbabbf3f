/* The executor's rules, and what they ask for of a plan. */
#ifndef RUNTIME_APPROVE_RULES_H
#define RUNTIME_APPROVE_RULES_H

#include "approval.h"
#include "approve/signers.h"
#include "approve/statement.h"

typedef struct rule {
  int64_t signatures, expires_us;
  upk_str since; /* authors count from that commit on; may be absent */
  bool author_may_approve;
  upk_str text; /* of `when`; absent: every step */
  upk_approval_when when;
  signers signers;
  bool *asked; /* of each step of the plan */
  size_t steps;
} rule;

typedef struct rules {
  rule *items;
  size_t count;
  upk_str *standing; /* paths of files */
  size_t standing_count;
} rules;

/* Values of a step for `when`; `step` is the plan's. */
upk_approval_values rules_values(const reviewed *plan, const upk_json *step);

/* Whether `when` fits a step of the plan. */
upk_truth rules_fit(upk_arena *arena, const upk_approval_when *when,
                    const reviewed *plan, size_t step);

/* Reads what the compiler wrote and asks the rules of each step: the first
 * that fits, and any before it that cannot be told. UPK_UNAPPROVED after a
 * diagnostic. The plan's labels, risks and undo are taken from what the
 * executor knows of its target and actions. */
upk_status rules_read(upk_arena *arena, upk_diags *diags,
                      const upk_approvals *approvals, reviewed *plan,
                      rules *ret);

#endif
