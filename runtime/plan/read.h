/* Reading a plan file: strict, and every digest checked. */
#ifndef RUNTIME_PLAN_READ_H
#define RUNTIME_PLAN_READ_H

#include <upkeep/diag.h>

#include "machine/plan.h"

/* Reads the plan in `bytes` into `arena`; strings borrow from `bytes`, which
 * must live as long. Only the canonical form is accepted; the digest is taken
 * over the exact bytes of `body`, intents are made again from the steps.
 * UPK_STALE after a diagnostic that names the place. */
upk_status plan_read(upk_arena *arena, upk_str bytes, upk_str path,
                     upk_diags *diags, const plan **ret_plan);

#endif
