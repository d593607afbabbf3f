/* upkeep resume: goes on with a run that died or was stopped. */
#include "runs.h"

static upk_status run(cli *c) {
  project p;
  upk_buf bytes = {0};
  const upk_json *plan;
  upk_str folder = UPK_NO_STR;
  upk_apply_request request = {
      .goal = UPK_RESUME, .cancel_orphan = flag_given(c, FLAG_cancel_orphan)};
  upk_status status = project_find(c, &p);
  if (status == UPK_OK)
    status = runs_find(c, runs_folder(c, &p), upk_str_from(c->arguments[0]),
                       &folder, &request.run);
  if (status == UPK_OK) {
    request.plan_path =
        upk_arena_printf(c->arena, "%.*s/plan.json", UPK_FMT(folder));
    status = plan_load(c, request.plan_path, &bytes, &plan);
  }
  request.plan = upk_buf_view(&bytes);
  if (status == UPK_OK)
    status = project_load(c, &p);
  if (status == UPK_OK)
    status = execute(c, &p, plan, &request);
  upk_buf_free(&bytes);
  return status;
}

const verb verb_resume = {
    .name = "resume",
    .arguments = "RUN",
    .summary = "go on with a run that was cut off or stopped",
    .detail = "RUN is a run's name, the start of it, or `last`. What was "
              "applied is never executed again: the ledger\nin the target and "
              "the probes of the steps say what was done, and the log is "
              "completed. A step that\nnobody can tell about ends the run in "
              "doubt: see `upkeep resolve`.",
    .flags = FLAG_BIT(jobs) | FLAG_BIT(connect_timeout) |
             FLAG_BIT(cancel_orphan) | FLAG_BIT(wait) | FLAG_BIT(stop_at),
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
