/* The machine's commands, carried out. */
#include "shell/private.h"

shell_op *shell_op_new(shell *sh, const machine_command *command) {
  const upk_allocator *libc = upk_allocator_libc();
  shell_op *op = libc->resize(libc->ctx, NULL, sizeof *op);
  if (!op)
    libc->exhausted(libc->ctx, sizeof *op);
  *op = (shell_op){.sh = sh, .id = command->id};
  op->conn = sh->conns[command->session];
  return op;
}

static void op_free(shell_op *op) {
  const upk_allocator *libc = upk_allocator_libc();
  libc->resize(libc->ctx, op, 0);
}

static void on_done(void *ctx, const driver_result *result) {
  shell_reply(ctx, result, false, UPK_NO_STR);
}

static void on_locked(void *ctx, const driver_error *error, bool granted,
                      upk_str holder) {
  driver_result result = {.error = *error, .rows_affected = -1};
  shell_reply(ctx, &result, granted, holder);
}

/* ---- sessions ---- */

static void perform_open(shell *sh, const machine_command *command) {
  const upk_apply_request *apply = sh->request->apply;
  driver_options options = {
      .target = apply->target.name,
      .connect = apply->target.connect,
      .application = upk_arena_printf(
          sh->arena, "upkeep/%.*s%s%.*s", UPK_FMT(sh->run),
          command->text.data ? "/" : "", UPK_FMT(command->text)),
      .read_only = command->read_only,
      .connect_timeout_ms = apply->connect_timeout_ms > 0
                                ? apply->connect_timeout_ms
                                : UPK_CONNECT_MS,
  };
  shell_op *op = shell_op_new(sh, command);
  op->opens = true;
  op->conn = sh->request->driver->open(&sh->loop, &options, on_done, op);
  sh->conns[command->session] = op->conn;
}

static void perform_limits(shell *sh, const machine_command *command) {
  upk_arena *scratch = upk_arena_new(NULL);
  driver_setting *settings =
      UPK_NEW_ARRAY(scratch, driver_setting, command->setting_count + 1);
  for (size_t i = 0; i < command->setting_count; i++)
    settings[i] =
        (driver_setting){command->settings[i].name, command->settings[i].value};
  driver_limits limits = {command->lock_ms, command->statement_ms,
                          command->read_only, settings, command->setting_count};
  shell_op *op = shell_op_new(sh, command);
  op->limits = true;
  sh->request->driver->set_limits(op->conn, &limits, on_done, op);
  upk_arena_free(scratch);
}

static void perform_lock(shell *sh, const machine_command *command) {
  shell_op *op = shell_op_new(sh, command);
  sh->request->driver->try_lock(op->conn, command->key, on_locked, op);
}

static void perform_evict(shell *sh, const machine_command *command) {
  shell_op *op = shell_op_new(sh, command);
  upk_str application =
      upk_arena_printf(sh->arena, "upkeep/%.*s", UPK_FMT(sh->run));
  sh->request->driver->evict(op->conn, command->key, application, on_done, op);
}

static const driver_value_type types[] = {
    [PLAN_NULL] = DRIVER_NULL,
    [PLAN_INT] = DRIVER_INT,
    [PLAN_BOOL] = DRIVER_BOOL,
    [PLAN_TEXT] = DRIVER_TEXT,
};

driver_value shell_value(const plan_value *value) {
  return (driver_value){types[value->type], value->integer, value->text};
}

static void perform_query(shell *sh, const machine_command *command) {
  if (command->file) {
    shell_file_start(sh, command);
    return;
  }
  shell_op *op = shell_op_new(sh, command);
  upk_arena *scratch = upk_arena_new(NULL);
  driver_value *params =
      UPK_NEW_ARRAY(scratch, driver_value, command->param_count + 1);
  for (size_t i = 0; i < command->param_count; i++)
    params[i] = shell_value(&command->params[i]);
  driver_query query = {
      .sql = command->sql,
      .params = params,
      .param_count = command->param_count,
      .rows_max = command->rows_max,
      .deadline_ms = command->deadline_ms,
      .on_done = on_done,
      .ctx = op,
  };
  sh->request->driver->query(op->conn, &query);
  upk_arena_free(scratch);
}

static void perform_begin(shell *sh, const machine_command *command) {
  shell_file_commit(sh, command->session); /* none is of this transaction */
  shell_op *op = shell_op_new(sh, command);
  sh->request->driver->begin(op->conn, command->deadline_ms, on_done, op);
}

static void perform_commit(shell *sh, const machine_command *command) {
  shell_op *op = shell_op_new(sh, command);
  shell_file_commit(sh, command->session);
  /* The machine never asks for it in a rehearsal; if it did, the transaction
   * would be rolled back. */
  if (sh->request->apply->rehearse) {
    sh->request->driver->rollback(op->conn, command->deadline_ms, on_done, op);
    return;
  }
  sh->request->driver->commit(op->conn, command->deadline_ms, on_done, op);
}

static void perform_rollback(shell *sh, const machine_command *command) {
  shell_file_rollback(sh, command->session);
  shell_op *op = shell_op_new(sh, command);
  sh->request->driver->rollback(op->conn, command->deadline_ms, on_done, op);
}

static void perform_cancel(shell *sh, const machine_command *command) {
  shell_exec_cancel(sh, command->session);
  shell_file_cancel(sh, command->session);
  if (sh->conns[command->session])
    sh->request->driver->cancel(sh->conns[command->session]);
}

static void perform_close(shell *sh, const machine_command *command) {
  driver_conn *conn = sh->conns[command->session];
  sh->conns[command->session] = NULL;
  if (conn)
    sh->request->driver->close(conn, NULL, NULL);
}

/* ---- sleeps ---- */

static void unlink_sleep(shell_op *op) {
  *op->link = op->next;
  if (op->next)
    op->next->link = op->link;
}

static void on_timer_closed(uv_handle_t *handle) { op_free(handle->data); }

static void on_timer(uv_timer_t *timer) {
  shell_op *op = timer->data;
  machine_event event = {.kind = MACHINE_TIMER, .id = op->id};
  shell *sh = op->sh;
  unlink_sleep(op);
  uv_close((uv_handle_t *)timer, on_timer_closed);
  shell_feed(sh, &event);
}

static void perform_sleep(shell *sh, const machine_command *command) {
  shell_op *op = shell_op_new(sh, command);
  unsigned hurry = sh->request->hurry ? sh->request->hurry : 1;
  op->timer.data = op;
  op->next = sh->sleeps;
  op->link = &sh->sleeps;
  if (op->next)
    op->next->link = &op->next;
  sh->sleeps = op;
  uv_timer_init(&sh->loop, &op->timer);
  uv_update_time(&sh->loop);
  uv_timer_start(&op->timer, on_timer,
                 (uint64_t)(command->delay_us / hurry + 999) / 1000, 0);
}

void shell_drop_sleeps(shell *sh) {
  while (sh->sleeps) {
    shell_op *op = sh->sleeps;
    unlink_sleep(op);
    uv_close((uv_handle_t *)&op->timer, on_timer_closed);
  }
}

static void perform_end(shell *sh, const machine_command *command) {
  sh->status = command->status;
  shell_drop_sleeps(sh);
  uv_close((uv_handle_t *)&sh->watch, NULL);
}

void shell_perform(shell *sh, const machine_command *command) {
  static void (*const perform[])(shell *, const machine_command *) = {
      [MACHINE_OPEN] = perform_open,         [MACHINE_LIMITS] = perform_limits,
      [MACHINE_LOCK] = perform_lock,         [MACHINE_QUERY] = perform_query,
      [MACHINE_BEGIN] = perform_begin,       [MACHINE_COMMIT] = perform_commit,
      [MACHINE_UNDO_ALL] = perform_rollback, [MACHINE_EXEC] = shell_exec_start,
      [MACHINE_CANCEL] = perform_cancel,     [MACHINE_CLOSE] = perform_close,
      [MACHINE_SLEEP] = perform_sleep,       [MACHINE_LOG] = shell_log,
      [MACHINE_EVICT] = perform_evict,       [MACHINE_REPORT] = shell_report,
      [MACHINE_TELL] = shell_tell,           [MACHINE_END] = perform_end,
  };
  perform[command->kind](sh, command);
}
