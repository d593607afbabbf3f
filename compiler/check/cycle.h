/* Circles among policies' `after`. */
#ifndef COMPILER_CHECK_CYCLE_H
#define COMPILER_CHECK_CYCLE_H

#include "ir/ir.h"

/* Reports the shortest circle of each knot of policies, its edges with their
 * places. No recursion: a chain may be as long as there are policies. True
 * when there is none. */
bool cycle_check(ir *ir);

#endif
