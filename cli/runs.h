/* The runs of a project, and how a plan is executed: what apply, resume,
 * rollback, log and status share. */
#ifndef CLI_RUNS_H
#define CLI_RUNS_H

#include "cli.h"

typedef UPK_VEC(upk_str) run_vec;

/* The folder of all runs of a project. */
upk_str runs_folder(cli *c, const project *p);
/* Their names, oldest first: they begin with their UTC start. */
void runs_list(cli *c, upk_str folder, run_vec *runs);
/* A run by its name, a start of it that no other has, or the latest for ""
 * and "last". `ret_name` may be NULL. UPK_USAGE after a diagnostic. */
upk_status runs_find(cli *c, upk_str folder, upk_str wanted,
                     upk_str *ret_folder, upk_str *ret_name);

/* spent.c: what the target's runs of the last year have blocked, as bytes for
 * the compiler ("upkeep.spent/1"); in c->arena. Blocks: reads two pieces of
 * each log. */
upk_str spent_load(cli *c, const project *p, upk_str target, int64_t now_us);

/* A run with the plan that it executes. The caller frees `bytes`. */
typedef struct taken_run {
  upk_str name, folder, plan_path;
  upk_buf bytes;
  const upk_json *plan;
} taken_run;
upk_status runs_take(cli *c, const project *p, const char *wanted,
                     taken_run *ret_taken);

/* Fills in what the flags, the project and the machine say (target, who, jobs,
 * progress, signals), executes, and tells how it ended. The caller set what is
 * to be done: plan, plan_path, goal, run. */
upk_status execute(cli *c, const project *p, const upk_json *plan,
                   upk_apply_request *request);

/* What steps may run here, and the environment they may be given a part of. */
void allow_programs(cli *c, const project *p, upk_apply_request *request);

/* rehearse.c: tries a plan's steps and rolls them back; prints what came of
 * each, and with `record` (a path, or absent) writes it there. `plan` is the
 * file's bytes. */
upk_status rehearse(cli *c, const project *p, upk_str plan, upk_str record);

#endif
