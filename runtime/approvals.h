/* What a run relies on, from the evidence of upk_approved or of a log. */
#ifndef RUNTIME_APPROVALS_H
#define RUNTIME_APPROVALS_H

#include "machine/machine.h"

/* Sets the config's approvals; `evidence` may be null. */
void approvals_read(upk_arena *arena, const upk_json *evidence,
                    machine_config *config);

#endif
