/* upkeep apply: executes a saved plan, and only that. */
#include "runs.h"

static upk_status run(cli *c) {
  project p;
  upk_buf bytes = {0};
  const upk_json *plan;
  upk_status status =
      plan_load(c, upk_str_from(c->arguments[0]), &bytes, &plan);
  if (status == UPK_OK)
    status = project_load(c, &p);
  upk_apply_request request = {
      .plan = upk_buf_view(&bytes),
      .plan_path = upk_str_from(c->arguments[0]),
  };
  if (status == UPK_OK)
    status = execute(c, &p, plan, &request);
  upk_buf_free(&bytes);
  return status;
}

const verb verb_apply = {
    .name = "apply",
    .arguments = "PLAN",
    .summary = "execute a saved plan",
    .detail =
        "Never plans by itself. Each step is checked on fresh facts, "
        "run, validated and logged;\none that is already fine is "
        "skipped. Steps start only in their windows, and where what is left "
        "has room for them:\nwithout --wait the run ends there with exit "
        "code 7. The first SIGINT or SIGTERM finishes cleanly, the\n"
        "second cancels at once.",
    .flags = FLAG_BIT(jobs) | FLAG_BIT(dry_run) | FLAG_BIT(connect_timeout) |
             FLAG_BIT(wait) | FLAG_BIT(stop_at) | FLAG_BIT(executor) |
             FLAG_BIT(signatures) | FLAGS_RECORD,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
