/* The parts of the pass optimise, in the order they run. Each drops steps
 * (ir_step.dropped) and says so in ir->deferred, or adds some. False after a
 * diagnostic that makes the plan useless. */
#ifndef COMPILER_OPTIMISE_H
#define COMPILER_OPTIMISE_H

#include "ir/ir.h"
#include "step/relate.h"

/* One action on one object for several policies becomes one step, of the policy
 * that has precedence. With other parameters the weaker one is deferred. */
void optimise_merge(ir *ir);
/* Steps that cannot help now, by their action's `blocked_by`. */
bool optimise_causes(ir *ir);
/* Of two steps whose actions exclude each other, the weaker is deferred. */
void optimise_conflicts(ir *ir, relate *related);
/* Steps that another does along with its own work. */
void optimise_subsume(ir *ir, relate *related);
/* Adds what must come after a step and is not there yet. */
bool optimise_followups(ir *ir);

/* Whether a's policy goes before b's: the higher priority, then the name. */
bool optimise_precedes(const ir_step *a, const ir_step *b);
/* Drops the step, and defers its object with these words. */
void optimise_drop(ir *ir, ir_step *step, upk_str reason, upk_str because);
/* `step` stands for `other` too: what waits for that one waits for it. */
void optimise_stand_for(ir *ir, ir_step *step, const ir_step *other);
bool node_equal(const node *a, const node *b);

#endif
