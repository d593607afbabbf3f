/* Verdicts: a policy's expressions over all objects of its kind. */
#ifndef COMPILER_BIND_VERDICT_H
#define COMPILER_BIND_VERDICT_H

#include "ir/scope.h"

/* Fills policy->verdicts and counts from the bound scope of its kind. What is
 * made on the way goes to `scratch`. False after a diagnostic. */
bool verdict_fill(ir *ir, ir_policy *policy, upk_arena *scratch);

/* Turns verdicts of objects that policy->exempt names into exempt ones. */
void exempt_apply(ir *ir, ir_policy *policy);

/* One upk_truth a row of a Lua function; scratch holds the result. */
bool predicate_eval(ir *ir, const ir_policy *policy, const node *function,
                    size_t rows, upk_arena *scratch, uint8_t **ret_truths);

#endif
