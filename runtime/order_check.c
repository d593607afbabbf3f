/* Whether a run's plan allows an order. */
#include <upkeep/runtime.h>

#include "machine/live.h"
#include "plan/read.h"

static upk_status no_step(const plan *plan, upk_str step, upk_diags *diags) {
  upk_arena *arena = diags->arena;
  upk_str *names = UPK_NEW_ARRAY(arena, upk_str, plan->step_count + 1);
  upk_diag *diag =
      upk_diag_add(diags, 3264, UPK_NO_SPAN,
                   "the plan of the run has no step `%.*s`", UPK_FMT(step));
  for (size_t i = 0; i < plan->step_count; i++)
    names[i] = plan->steps[i].id;
  if (!upk_diag_suggest(diags, diag, step, names, plan->step_count))
    upk_diag_help(diags, diag,
                  "`upkeep show` of its plan.json names the steps");
  return UPK_USAGE;
}

upk_status upk_order_check(const upk_order *order, upk_str plan_bytes,
                           upk_str plan_path, upk_diags *diags) {
  const plan *plan;
  live_change change;
  upk_str why;
  upk_arena *arena = upk_arena_new(NULL);
  upk_status status = plan_read(arena, plan_bytes, plan_path, diags, &plan);
  if (status == UPK_OK) {
    int step =
        order->step.data ? live_step(plan, order->step) : LIVE_EVERY_STEP;
    if (order->step.data && step < 0) {
      status = no_step(plan, order->step, diags);
    } else if (order->change.data &&
               !live_read(arena, plan, step, order->change, &change, &why)) {
      upk_diag *diag =
          upk_diag_add(diags, 3264, UPK_NO_SPAN, "not set: %.*s", UPK_FMT(why));
      upk_diag_help(diags, diag,
                    "an order stays within the plan; for more, make a new "
                    "plan");
      status = UPK_USAGE;
    }
  }
  upk_arena_free(arena);
  return status;
}
