/* When the steps of a plan may run, on this machine and today. */
#ifndef RUNTIME_OPENINGS_H
#define RUNTIME_OPENINGS_H

#include <upkeep/runtime.h>

#include "machine/machine.h"

/* Openings of the plan's windows by their rules and the zone data here, without
 * the plan's blackouts and those of the executor's project; for
 * machine_config.openings. UPK_DENIED after a diagnostic. */
upk_status openings_make(upk_arena *arena, const plan *p,
                         const upk_apply_request *request, int64_t now_us,
                         upk_diags *diags, const machine_openings **ret);

/* Refuses an expired plan, and returns when a step may start: at once, or,
 * with `wait`, after sleeping until one may. UPK_WINDOW when none may (in this
 * plan's time, before --stop-at, and before `not_after_us`, when its approvals
 * end; 0: they do not), UPK_CANCELLED after a signal. Blocks. */
upk_status openings_wait(const plan *p, const upk_apply_request *request,
                         int64_t not_after_us, const machine_openings *openings,
                         const upk_clock *clock, upk_diags *diags);

#endif
