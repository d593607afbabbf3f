/* Which targets a policy is meant for (`targets`), and which policies and
 * steps a request is about (--only, --except). */
#ifndef COMPILER_SELECTOR_H
#define COMPILER_SELECTOR_H

#include <upkeep/compile.h>

#include "ir/ir.h"

/* Compiles policy->targets when it is an expression; warns of labels that no
 * target has. */
void selector_prepare(ir *ir, ir_policy *policy);
/* After selector_prepare. */
bool selector_matches(const ir *ir, const ir_policy *policy,
                      const ir_target *target);

/* Whether the policy is looked at for the target; ir->engine is its. */
bool selector_applies(const ir *ir, const ir_policy *policy,
                      const ir_target *target);
/* Whether exactly those policies that apply to ir->target apply to the other,
 * and it is of the same engine and keeps its ledger at the same place. */
bool selector_same(const ir *ir, const ir_target *other);

/* Patterns are separated by commas. One with ':' is meant for the ids of
 * steps, "rebuild_index:public.*"; others for names of policies. */

/* Whether each pattern for policies matches one; else a diagnostic. */
bool selection_valid(ir *ir);
/* Whether the policy is looked at at all. */
bool selection_policy(const upk_compile_request *request, upk_str policy);
/* Whether a step of that policy is wanted. */
bool selection_step(const upk_compile_request *request, upk_str policy,
                    upk_str id);

#endif
