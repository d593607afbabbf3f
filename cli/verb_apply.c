/* upkeep apply: executes a saved plan, and only that. */
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "progress.h"

static void who(upk_apply_request *request, char host[256]) {
  const struct passwd *user = getpwuid(geteuid());
  request->user = upk_str_from(user ? user->pw_name : "unknown");
  if (gethostname(host, 255) != 0)
    memcpy(host, "unknown", 8);
  host[255] = '\0';
  request->host = upk_str_from(host);
}

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

static upk_status apply(cli *c, const project *p, const upk_json *plan,
                        upk_str bytes) {
  char host[256] = "";
  progress *shown = progress_new(c, plan);
  upk_apply_request request = {
      .plan = bytes,
      .plan_path = upk_str_from(c->arguments[0]),
      .runs_folder =
          upk_arena_printf(c->arena, "%.*s/.upkeep/runs", UPK_FMT(p->folder)),
      .dry_run = flag_given(c, FLAG_dry_run),
      .on_event = progress_event,
      .ctx = shown,
      .stop = signals_watch(),
  };
  who(&request, host);
  if (!read_jobs(c, &request.jobs) ||
      !flag_duration_ms(c, FLAG_connect_timeout, UPK_CONNECT_MS,
                        &request.connect_timeout_ms))
    return UPK_USAGE;
  upk_status status = project_target(
      c, p, upk_json_text(shown->view.target, "name"), &request.target);
  if (status != UPK_OK)
    return status;
  upk_clock clock = system_clock();
  upk_outcome outcome = {0};
  status = upk_apply(&request, &clock, &c->diags, &outcome);
  progress_end(shown, &outcome, status, request.dry_run);
  return status;
}

static upk_status run(cli *c) {
  project p;
  upk_buf bytes = {0};
  const upk_json *plan;
  upk_status status =
      plan_load(c, upk_str_from(c->arguments[0]), &bytes, &plan);
  if (status == UPK_OK)
    status = project_load(c, &p);
  if (status == UPK_OK)
    status = apply(c, &p, plan, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return status;
}

const verb verb_apply = {
    .name = "apply",
    .arguments = "PLAN",
    .summary = "execute a saved plan",
    .detail = "Never plans by itself. Each step is checked on fresh facts, "
              "run, validated and logged;\none that is already fine is "
              "skipped. The first SIGINT or SIGTERM finishes cleanly, the\n"
              "second cancels at once.",
    .flags = FLAG_BIT(jobs) | FLAG_BIT(dry_run) | FLAG_BIT(connect_timeout),
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
