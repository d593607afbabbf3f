/* What the requirements document fills in where a policy leaves it open. */
#ifndef COMPILER_CHECK_REQUIRE_H
#define COMPILER_CHECK_REQUIRE_H

#include "ir/ir.h"

/* Takes back what was filled in for another target. */
void require_begin(ir *ir, ir_policy *policy);
/* Limits and throttles of a policy that acts, for ir->target; notes each in
 * ir->requirements.fills. A limit of the policy's own that is wider than the
 * document allows is a warning. */
void require_limits(ir *ir, ir_policy *policy);
void require_throttle(ir *ir, ir_policy *policy);
/* Without openings it is not known which of several windows comes next: all are
 * noted. */
void require_windows(ir *ir, const ir_policy *policy);

#endif
