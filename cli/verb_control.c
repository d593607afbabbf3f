/* upkeep pause, continue, set, cancel: orders to a run that goes on elsewhere.
 */
#include <string.h>

#include "runs.h"

/* The order's step and change are asked of the run's plan first. */
static upk_status check(cli *c, const project *p, const upk_order *order) {
  taken_run taken = {0};
  if (!order->step.data && !order->change.data)
    return UPK_OK;
  upk_status status = runs_take(c, p, c->arguments[0], &taken);
  if (status == UPK_OK)
    status = upk_order_check(order, upk_buf_view(&taken.bytes), taken.plan_path,
                             &c->diags);
  upk_buf_free(&taken.bytes);
  return status;
}

static upk_status give(cli *c, upk_order order, const char *done) {
  project p;
  upk_str folder, name;
  upk_clock clock = system_clock();
  upk_status status = project_find(c, &p);
  if (status == UPK_OK)
    status = runs_find(c, runs_folder(c, &p), upk_str_from(c->arguments[0]),
                       &folder, &name);
  if (status == UPK_OK)
    status = check(c, &p, &order);
  if (status != UPK_OK)
    return status;
  who_am_i(c, &order.user, &order.host);
  status = upk_run_order(folder, &order, &clock, &c->diags);
  if (status == UPK_OK && order.step.data)
    say(c, "%.*s: step %.*s %s\n", UPK_FMT(name), UPK_FMT(order.step), done);
  else if (status == UPK_OK)
    say(c, "%.*s %s\n", UPK_FMT(name), done);
  return status;
}

/* The second argument, a step; absent: the whole run. */
static upk_str step_wanted(const cli *c) {
  return c->argument_count > 1 ? upk_str_from(c->arguments[1]) : UPK_NO_STR;
}

static upk_status run_pause(cli *c) {
  upk_str step = step_wanted(c);
  upk_order hold = {.kind = UPK_ORDER_HOLD, .step = step};
  if (step.data)
    return give(c, hold,
                "is held: it is not begun until `upkeep continue` names it");
  return give(c, (upk_order){.kind = UPK_ORDER_PAUSE},
              "is paused: what runs goes on, nothing more is started");
}

static upk_status run_continue(cli *c) {
  upk_str step = step_wanted(c);
  upk_order release = {.kind = UPK_ORDER_RELEASE, .step = step};
  return step.data
             ? give(c, release, "is released")
             : give(c, (upk_order){.kind = UPK_ORDER_CONTINUE}, "goes on");
}

static bool is_change(const char *text) {
  static const char *const keys[] = {"batch=", "round=", "throttle="};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (strncmp(text, keys[i], strlen(keys[i])) == 0)
      return true;
  return false;
}

/* RUN [STEP] KEY=VALUE... */
static upk_status run_set(cli *c) {
  int first = is_change(c->arguments[1]) ? 1 : 2;
  upk_order order = {.kind = UPK_ORDER_SET};
  upk_status status = UPK_OK;
  if (first == 2)
    order.step = step_wanted(c);
  if (first == 2 && c->argument_count == 2) { /* no change at all */
    order.change = order.step;
    order.step = UPK_NO_STR;
    first = 1;
  }
  for (int i = first; i < (int)c->argument_count && status == UPK_OK; i++) {
    order.change = upk_str_from(c->arguments[i]);
    status =
        give(c, order,
             upk_arena_printf(c->arena, "has %s now", c->arguments[i]).data);
  }
  return status;
}

static upk_status run_cancel(cli *c) {
  bool now = flag_given(c, FLAG_now);
  upk_order_kind kind = now ? UPK_ORDER_CANCEL_NOW : UPK_ORDER_CANCEL;
  return give(c, (upk_order){.kind = kind},
              now ? "cancels what it runs, and ends"
                  : "finishes what it runs, and ends");
}

#define WHICH                                                                  \
  "RUN is a run's name, the start of it, or `last`. The order is taken "       \
  "within "                                                                    \
  "a quarter of a second,\nand stands in the run's log with who gave it. "

const verb verb_pause = {
    .name = "pause",
    .arguments = "RUN [STEP]",
    .summary = "a run, or a step of it, is not begun until it is told to go on",
    .detail = WHICH "What runs is finished; a batch\nstops after its round. "
                    "With STEP only that step is held back, such as a "
                    "cut-over,\nand what comes after it; the rest goes on. A "
                    "process that resumes the run holds\nnothing back: pause "
                    "it again.",
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run_pause,
};

const verb verb_continue = {
    .name = "continue",
    .arguments = "RUN [STEP]",
    .summary = "a paused run, or a step that is held, goes on",
    .detail = WHICH "A step that\nis held by its name goes on only by it.",
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run_continue,
};

const verb verb_set = {
    .name = "set",
    .arguments = "RUN [STEP] KEY=VALUE...",
    .summary = "a run goes on more gently, within what its plan allows",
    .detail =
        WHICH "Without STEP\nit is for every step. What the plan allows is the "
              "bound: more is refused. KEY=VALUE is\n"
              "  batch=ROWS          a round takes no more rows\n"
              "  round=TIME          a round aims at that time, such as 200ms\n"
              "  throttle=CONDITION  work waits until this holds too, such as "
              "'replica_lag <= 5s';\n"
              "                      throttle=plan takes that back\n"
              "A process that resumes the run begins with the plan's values.",
    .min_arguments = 2,
    .max_arguments = 8,
    .run = run_set,
};

const verb verb_cancel = {
    .name = "cancel",
    .arguments = "RUN",
    .summary = "a run finishes what it does, and ends",
    .detail = WHICH "With --now the\nrunning statements are cancelled. "
                    "`upkeep resume` can take the run up again.",
    .flags = FLAG_BIT(now),
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run_cancel,
};
