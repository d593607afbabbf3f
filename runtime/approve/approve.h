/* Approvals of a plan that was read and verified already. */
#ifndef RUNTIME_APPROVE_APPROVE_H
#define RUNTIME_APPROVE_APPROVE_H

#include <upkeep/approve.h>
#include <upkeep/runtime.h>

/* As upk_approvals_judge. */
upk_status approve_judge(upk_str plan, const upk_approvals *approvals,
                         const upk_clock *clock, upk_diags *diags,
                         upk_sink report, upk_approved *ret_approved);

#endif
