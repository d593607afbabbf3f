/* What the executor goes by: its own file, or else the project at hand; and the
 * signatures beside a plan. */
#ifndef CLI_EXECUTOR_H
#define CLI_EXECUTOR_H

#include "cli.h"

/* Fills in everything but `run`. `plan_path` names the plan whose signatures
 * (PLAN.sig) are read; absent: none. `plan`: its tree, or NULL. What it reads
 * is in c->arena. */
upk_status executor_load(cli *c, const project *p, upk_str plan_path,
                         const upk_json *plan, upk_approvals *ret_approvals);

#endif
