/* upkeep pause, continue, cancel: orders to a run that goes on elsewhere. */
#include "runs.h"

static upk_status give(cli *c, upk_order_kind kind, const char *done) {
  project p;
  upk_str folder, name;
  upk_order order = {.kind = kind};
  upk_clock clock = system_clock();
  upk_status status = project_find(c, &p);
  if (status == UPK_OK)
    status = runs_find(c, runs_folder(c, &p), upk_str_from(c->arguments[0]),
                       &folder, &name);
  if (status != UPK_OK)
    return status;
  who_am_i(c, &order.user, &order.host);
  status = upk_run_order(folder, &order, &clock, &c->diags);
  if (status == UPK_OK)
    say(c, "%.*s %s\n", UPK_FMT(name), done);
  return status;
}

static upk_status run_pause(cli *c) {
  return give(c, UPK_ORDER_PAUSE,
              "is paused: what runs goes on, nothing more is started");
}

static upk_status run_continue(cli *c) {
  return give(c, UPK_ORDER_CONTINUE, "goes on");
}

static upk_status run_cancel(cli *c) {
  bool now = flag_given(c, FLAG_now);
  return give(c, now ? UPK_ORDER_CANCEL_NOW : UPK_ORDER_CANCEL,
              now ? "cancels what it runs, and ends"
                  : "finishes what it runs, and ends");
}

#define WHICH                                                                  \
  "RUN is a run's name, the start of it, or `last`. The order is taken "       \
  "within "                                                                    \
  "a quarter of a second,\nand stands in the run's log with who gave it. "

const verb verb_pause = {
    .name = "pause",
    .arguments = "RUN",
    .summary = "a run starts no more steps until it is told to go on",
    .detail = WHICH "What runs is finished; a batch\nstops after its round.",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run_pause,
};

const verb verb_continue = {
    .name = "continue",
    .arguments = "RUN",
    .summary = "a paused run goes on",
    .detail = WHICH,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run_continue,
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
