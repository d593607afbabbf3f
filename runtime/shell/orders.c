/* What comes to a run from outside: signals, orders, the kill switch. */
#include "control/control.h"
#include "shell/private.h"

static upk_str reason_of(upk_arena *arena, upk_str path, upk_str content) {
  return upk_arena_printf(arena, "`%.*s`%s%.*s", UPK_FMT(path),
                          content.len ? ": " : "", UPK_FMT(content));
}

upk_status shell_may_start(const shell_request *request) {
  upk_diags *diags = request->diags;
  upk_str path = request->apply->stop_file;
  upk_str content = control_stop_file(diags->arena, path);
  if (!content.data)
    return UPK_OK;
  upk_str reason = reason_of(diags->arena, path, content);
  upk_diag *diag = upk_diag_add(diags, 3262, UPK_NO_SPAN,
                                "nothing is started: the kill switch is set by "
                                "%.*s",
                                UPK_FMT(reason));
  upk_diag_help(diags, diag, "remove the file when maintenance may go on");
  return UPK_CANCELLED;
}

static void stop(shell *sh, unsigned level, upk_str by) {
  machine_event event = {.kind = MACHINE_STOP, .level = level, .text = by};
  shell_feed(sh, &event);
}

static void watch_signals(shell *sh) {
  const volatile int *count = sh->request->apply->stop;
  if (!count || *count <= sh->stop_seen)
    return;
  sh->stop_seen = *count;
  stop(sh, sh->stop_seen >= 2 ? 2 : 1, UPK_STR("a signal"));
}

static void watch_switch(shell *sh) {
  upk_str path = sh->request->apply->stop_file;
  if (sh->switched_off)
    return;
  upk_arena_reset(sh->scratch);
  upk_str content = control_stop_file(sh->scratch, path);
  if (!content.data)
    return;
  sh->switched_off = true;
  stop(sh, 1, reason_of(sh->arena, path, content));
}

static void watch_orders(shell *sh) {
  control_order order;
  upk_arena_reset(sh->scratch);
  upk_str folder = upk_arena_printf(sh->scratch, "%.*s/%.*s",
                                    UPK_FMT(sh->request->apply->runs_folder),
                                    UPK_FMT(sh->run));
  if (!sh->journal || !control_take(sh->scratch, folder, &order))
    return;
  upk_str by = upk_arena_copy(sh->arena, order.by);
  if (order.kind == UPK_ORDER_CANCEL || order.kind == UPK_ORDER_CANCEL_NOW) {
    stop(sh, order.kind == UPK_ORDER_CANCEL_NOW ? 2 : 1, by);
    return;
  }
  machine_event event = {.kind = MACHINE_PAUSE, .text = by};
  event.level = order.kind == UPK_ORDER_PAUSE || order.kind == UPK_ORDER_HOLD;
  if (order.kind == UPK_ORDER_SET)
    event.kind = MACHINE_SET;
  if (order.kind >= UPK_ORDER_HOLD) {
    event.step = order.step;
    event.change = order.change;
  }
  shell_feed(sh, &event);
}

void shell_watch(shell *sh) {
  watch_signals(sh);
  if (sh->looks++ % (CONTROL_LOOK_MS / SHELL_WATCH_MS))
    return;
  if (!machine_ended(sh->machine))
    watch_switch(sh);
  if (!machine_ended(sh->machine))
    watch_orders(sh);
}
