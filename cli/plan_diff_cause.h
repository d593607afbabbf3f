/* Why two plans differ: what of their inputs does. */
#ifndef CLI_PLAN_DIFF_CAUSE_H
#define CLI_PLAN_DIFF_CAUSE_H

#include "plan_diff.h"

/* Fills `notes` and `same_target`. */
void diff_notes(plan_diff *diff);
/* Fills the step's cause and place. */
void diff_cause(const plan_diff *diff, diff_step *step);

#endif
