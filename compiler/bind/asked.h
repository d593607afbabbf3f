/* `plan --do`: the one object that is asked for. */
#ifndef COMPILER_BIND_ASKED_H
#define COMPILER_BIND_ASKED_H

#include "ir/scope.h"

/* Verdicts of a policy that `--do` made: broken is the object, whatever it is
 * like, and all others are left out. */
void asked_judge(ir *ir, ir_policy *policy);
/* Whether there is exactly one; false after a diagnostic. */
bool asked_found(ir *ir);

#endif
