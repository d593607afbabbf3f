/* Executing a plan: what apply, resume and rollback share. */
#include <stdlib.h>
#include <unistd.h>

#include "executor.h"
#include "progress.h"
#include "runs.h"

static bool read_jobs(cli *c, unsigned *ret_jobs) {
  *ret_jobs = 0;
  if (!flag_given(c, FLAG_jobs))
    return true;
  char *end;
  long jobs = strtol(c->flags[FLAG_jobs], &end, 10);
  if (*end || jobs < 1 || jobs > 64) {
    upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                 "--jobs takes a number from 1 to 64");
    return false;
  }
  *ret_jobs = (unsigned)jobs;
  return true;
}

extern char **environ;

static const upk_str *texts_of(cli *c, const upk_json *array) {
  size_t count = upk_json_count(array);
  upk_str *texts = UPK_NEW_ARRAY(c->arena, upk_str, count + 1);
  for (size_t i = 0; i < count; i++)
    texts[i] = upk_json_at(array, i)->string;
  return texts;
}

/* What steps may run here, the environment it may be given a part of, and where
 * they may write archives. */
void allow_programs(cli *c, const project *p, upk_apply_request *request) {
  request->programs = texts_of(c, p->programs);
  request->program_count = upk_json_count(p->programs);
  request->archives = texts_of(c, p->archives);
  request->archive_count = upk_json_count(p->archives);
  request->environment = environ;
}

static void keep_run(cli *c, upk_state *state, const upk_apply_request *request,
                     const upk_outcome *outcome) {
  upk_str run = request->goal == UPK_APPLY ? outcome->run : request->run;
  if (!run.data || request->dry_run)
    return;
  upk_state_run(state,
                upk_arena_printf(c->arena, "%.*s/%.*s",
                                 UPK_FMT(request->runs_folder), UPK_FMT(run)),
                &c->diags);
}

upk_status execute(cli *c, const project *p, const upk_json *plan,
                   upk_apply_request *request) {
  progress *shown = progress_new(c, plan);
  request->runs_folder = runs_folder(c, p);
  request->stop_file =
      upk_arena_printf(c->arena, "%.*s/.upkeep/stop", UPK_FMT(p->folder));
  request->dry_run = request->goal == UPK_APPLY && flag_given(c, FLAG_dry_run);
  request->on_event = progress_event;
  request->ctx = shown;
  request->stop = signals_watch();
  allow_programs(c, p, request);
  who_am_i(c, &request->user, &request->host);
  request->pid = getpid();
  if (!read_jobs(c, &request->jobs) ||
      !flag_duration_ms(c, FLAG_connect_timeout, UPK_CONNECT_MS,
                        &request->connect_timeout_ms))
    return UPK_USAGE;
  upk_status status = project_target(
      c, p, upk_json_text(shown->view.target, "name"), &request->target);
  if (status != UPK_OK)
    return status;
  upk_clock clock = system_clock();
  upk_outcome outcome = {0};
  request->wait = flag_given(c, FLAG_wait);
  if (!stop_at_read(c, clock.wall_us(clock.ctx), &request->stop_at_us))
    return UPK_USAGE;
  status = blackouts_load(c, p, &request->blackouts, &request->blackout_count);
  if (status != UPK_OK)
    return status;
  if (request->goal != UPK_ROLLBACK) {
    upk_approvals *approvals = upk_arena_alloc(c->arena, sizeof *approvals);
    status = executor_load(c, p, request->plan_path, plan, approvals);
    request->approvals = approvals;
  }
  if (status != UPK_OK)
    return status;
  upk_state *state =
      flag_given(c, FLAG_no_record) ? NULL : project_state(c, p, true);
  status = upk_apply(request, &clock, &c->diags, &outcome);
  keep_run(c, state, request, &outcome);
  progress_end(shown, &outcome, status, request->dry_run);
  if (outcome.over)
    say(c,
        "Run %.*s: nothing is left to do; %zu applied, %zu skipped, %zu "
        "failed, %zu undone of %zu steps\n",
        UPK_FMT(request->run), outcome.applied, outcome.skipped, outcome.failed,
        outcome.undone, outcome.total);
  return status;
}
