/* The making of one step: lower uses it for remedies, optimise for
 * follow-ups, compile's own steps (the ledger's) too.
 *
 * The object goes through the action's Lua functions (plan, locks, risk,
 * atomicity, undo, probe, estimate); what they return is converted strictly,
 * and the invariant's own checks are added.
 */
#ifndef COMPILER_STEP_H
#define COMPILER_STEP_H

#include "ir/ir.h"

/* Adds a step to ir->steps and returns it; valid until the next one is added.
 * NULL after a diagnostic that names the action's file and the step.
 *
 * `policy` NULL: upkeep's own step. `remedy` NULL: the action runs with its
 * default parameters and without the checks `invariant`, which speak of the
 * policy's remedy alone: so follow-ups are made. `because` is kept, not
 * copied. When the action refuses this one object (u.refuse), NULL without a
 * diagnostic, and *ret_refusal is its reason; where that is NULL, no action
 * may refuse. */
ir_step *step_build(ir *ir, ir_policy *policy, ir_remedy *remedy,
                    ir_action *action, const ir_object *object, upk_str because,
                    upk_str *ret_refusal);

/* The id such a step has: "action:schema.name", with "#policy" behind it for
 * actions that are per policy. In ir->arena. */
upk_str step_id(const ir *ir, const ir_policy *policy, const ir_action *action,
                const ir_object *object);

/* Can the target run it: version and capabilities of the facts. When not,
 * *ret_why (may be NULL) says what is missing, in ir->arena. */
bool step_supported(const ir *ir, const ir_action *action, upk_str *ret_why);

/* A capability as the plan will see it: true too for `ledger` when the plan
 * makes the ledger first. */
bool step_capability(const ir *ir, upk_str name);

/* The collector's query for this server over all objects; absent when it has
 * none. In ir->arena. */
upk_str step_collector_sql(const ir *ir, const ir_collector *collector);

/* How bad each of `rows` is, by the first attribute in the policy's `ensure`
 * that tells better from worse: larger is worse, in no unit. All 0 when there
 * is none; unknown values are the least. */
void step_badness(ir *ir, const ir_policy *policy, const size_t *rows,
                  size_t count, int64_t *ret_badness);

/* Frees what the making of steps kept outside the arena. Steps stay. */
void step_recipes_free(ir *ir);

/* The kind's attribute `fingerprint`, or NULL. */
const ir_attribute *drift_attribute(const ir_kind *kind);
/* Once all steps are made: a fingerprint that the plan itself changes is not
 * checked. */
void drift_settle(ir *ir);

#endif
