/* Parameters of a policy's action: typed, in range, defaults filled in. */
#ifndef COMPILER_CHECK_ARGUMENT_H
#define COMPILER_CHECK_ARGUMENT_H

#include "ir/ir.h"

/* Fills remedy->arguments from remedy->with and remedy->resolved's parameters,
 * in byte order of names; parameters without value and default are left out.
 * Durations become microseconds, sizes bytes, ratios parts per million. False
 * after diagnostics: all that are wrong. */
bool argument_check(ir *ir, const ir_policy *policy, ir_remedy *remedy);

/* The same with no `with`: what an action gets that no policy asked for. */
bool argument_defaults(ir *ir, const ir_action *action, ir_remedy *remedy);

#endif
