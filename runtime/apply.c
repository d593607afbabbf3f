/* upk_apply and upk_plan_verify: a plan file, read and executed. */
#include <upkeep/runtime.h>

#include "driver/registry.h"
#include "plan/read.h"
#include "shell/shell.h"

static upk_status refuse(upk_diags *diags, const char *what, upk_str planned,
                         upk_str given) {
  upk_diag *diag = upk_diag_add(diags, 3147, UPK_NO_SPAN,
                                "the plan is for %s `%.*s`, not `%.*s`", what,
                                UPK_FMT(planned), UPK_FMT(given));
  upk_diag_help(diags, diag, "apply it to the target that it names");
  return UPK_STALE;
}

static upk_status check_target(const upk_apply_request *request, const plan *p,
                               upk_diags *diags) {
  if (!upk_str_equal(p->target, request->target.name))
    return refuse(diags, "target", p->target, request->target.name);
  if (!upk_str_equal(p->engine, request->target.engine))
    return refuse(diags, "engine", p->engine, request->target.engine);
  return UPK_OK;
}

static upk_status no_driver(upk_diags *diags, upk_str engine) {
  const char *option = driver_option(engine);
  upk_diag *diag =
      upk_diag_add(diags, 3147, UPK_NO_SPAN,
                   "no driver for engine `%.*s` is built in", UPK_FMT(engine));
  if (option)
    upk_diag_help(diags, diag, "configure the build with -D%s=ON", option);
  return UPK_USAGE;
}

upk_status upk_apply(const upk_apply_request *request, const upk_clock *clock,
                     upk_diags *diags, upk_outcome *ret_outcome) {
  upk_arena *arena = upk_arena_new(NULL);
  shell_request run = {.apply = request, .clock = clock, .diags = diags};
  upk_outcome outcome = {0};
  upk_status status =
      plan_read(arena, request->plan, request->plan_path, diags, &run.plan);
  if (status == UPK_OK)
    status = check_target(request, run.plan, diags);
  if (status != UPK_OK)
    goto out;
  run.driver = driver_find(request->target.engine);
  if (!run.driver) {
    status = no_driver(diags, request->target.engine);
    goto out;
  }
  status = shell_run(&run, &outcome);
out:
  *ret_outcome = outcome;
  upk_arena_free(arena);
  return status;
}

upk_status upk_plan_verify(upk_str bytes, upk_str path, upk_diags *diags) {
  upk_arena *arena = upk_arena_new(NULL);
  const plan *p = NULL;
  upk_status status = plan_read(arena, bytes, path, diags, &p);
  upk_arena_free(arena);
  return status;
}
