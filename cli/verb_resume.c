/* upkeep resume: goes on with a run that died or was stopped. */
#include "runs.h"

static upk_status run(cli *c) {
  project p;
  taken_run taken = {0};
  upk_status status = project_load(c, &p);
  if (status == UPK_OK)
    status = runs_take(c, &p, c->arguments[0], &taken);
  if (status == UPK_OK) {
    upk_apply_request request = {
        .goal = UPK_RESUME,
        .run = taken.name,
        .plan = upk_buf_view(&taken.bytes),
        .plan_path = taken.plan_path,
        .cancel_orphan = flag_given(c, FLAG_cancel_orphan),
    };
    status = execute(c, &p, taken.plan, &request);
  }
  upk_buf_free(&taken.bytes);
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
             FLAG_BIT(cancel_orphan) | FLAG_BIT(wait) | FLAG_BIT(stop_at) |
             FLAG_BIT(executor) | FLAG_BIT(signatures) | FLAGS_RECORD,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
