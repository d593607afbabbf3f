/* The loop's side of a PostgreSQL connection. */
#include <string.h>

#include "driver/postgres/conn.h"
#include "driver/registry.h"

enum {
  CANCEL_AGAIN_MS = 1000,
  JOBS_MAX = 64,
  APPLICATION_MAX = 63, /* NAMEDATALEN - 1 */
};

static void on_timer(uv_timer_t *timer);
static void on_socket(uv_poll_t *poll, int status, int events);

static void *take_memory(size_t size) {
  const upk_allocator *libc = upk_allocator_libc();
  void *memory = libc->resize(NULL, NULL, size);
  if (!memory)
    libc->exhausted(NULL, size);
  return memset(memory, 0, size);
}

static void set_timer(driver_conn *conn, int64_t ms, uint64_t repeat_ms) {
  uv_update_time(conn->loop);
  uv_timer_start(&conn->timer, on_timer, (uint64_t)ms, repeat_ms);
}

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *handle) {
  driver_conn *conn = handle->data;
  if (--conn->handles > 0)
    return;
  void (*on_closed)(void *) = conn->on_closed;
  void *ctx = conn->closed_ctx;
  PQfinish(conn->pg);
  driver_op_free(&conn->ops[0]);
  driver_op_free(&conn->ops[1]);
  upk_arena_free(conn->settings_arena);
  upk_arena_free(conn->touched_arena);
  upk_allocator_libc()->resize(NULL, conn, 0);
  if (on_closed)
    on_closed(ctx);
}

static void close_handles(driver_conn *conn) {
  conn->gone = true;
  uv_close((uv_handle_t *)&conn->async, on_handle_closed);
  uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
  if (conn->has_poll)
    uv_close((uv_handle_t *)&conn->poll, on_handle_closed);
}

/* ---- ends of operations ---- */

static void stop_polling(driver_conn *conn) {
  if (conn->polling)
    uv_poll_stop(&conn->poll);
  conn->polling = false;
}

static void free_cancel(void *cancel) { PQfreeCancel(cancel); }

/* Delivers, but not before the thread that cancels has come back: what it
 * sends must not meet the next statement. */
static void finish(driver_conn *conn) {
  stop_polling(conn);
  conn->ending = true;
  if (conn->starting) { /* no callback from inside the call */
    set_timer(conn, 0, 0);
    return;
  }
  if (conn->cancelling && !conn->lost)
    return; /* on_async, or on_timer's patience, comes here again */
  if (conn->cancelling)
    driver_task_abandon(conn->cancelling);
  conn->cancelling = NULL;
  uv_timer_stop(&conn->timer);
  conn->ending = conn->busy = false;
  conn->stop = POSTGRES_RUN;
  driver_op_deliver(conn->op);
  if (conn->closing && !conn->busy && !conn->gone)
    close_handles(conn);
}

/* ---- giving up ---- */

static void run_cancel(void *cancel) {
  char ignored[256];
  /* When it fails the statement goes on, and DRIVER_GRACE_MS ends our wait. */
  PQcancel(cancel, ignored, sizeof ignored);
}

static void send_cancel(driver_conn *conn) {
  if (conn->cancelling || conn->ending || conn->lost)
    return;
  conn->cancel = PQgetCancel(conn->pg);
  if (!conn->cancel)
    return;
  conn->cancelling =
      driver_task_start(&conn->async, run_cancel, free_cancel, conn->cancel);
  if (!conn->cancelling)
    PQfreeCancel(conn->cancel);
}

static void fail_connecting(driver_conn *conn, const char *why) {
  atomic_store(&conn->connect->stop, true);
  driver_task_abandon(conn->connecting);
  conn->connecting = NULL;
  conn->connect = NULL;
  conn->lost = true;
  driver_op_fail(conn->op, DRIVER_CONNECTION, NULL, "%s", why);
  finish(conn);
}

static void stop(driver_conn *conn, postgres_stop why) {
  if (!conn->busy || conn->ending || conn->stop != POSTGRES_RUN)
    return;
  conn->stop = why;
  uv_update_time(conn->loop);
  conn->stopped_ms = uv_now(conn->loop);
  if (!conn->connecting)
    send_cancel(conn);
  /* Connecting ends at once, but not from inside the call. */
  set_timer(conn, conn->connecting ? 0 : CANCEL_AGAIN_MS, CANCEL_AGAIN_MS);
}

static void give_up(driver_conn *conn) {
  conn->lost = true;
  conn->op->error.class = DRIVER_NONE;
  driver_op_fail(conn->op, DRIVER_CONNECTION, NULL,
                 "the server did not answer within 5 s of the cancel request");
  finish(conn);
}

static void on_timer(uv_timer_t *timer) {
  driver_conn *conn = timer->data;
  bool patient = uv_now(conn->loop) - conn->stopped_ms < DRIVER_GRACE_MS;
  if (!conn->busy)
    return;
  if (conn->connecting) {
    fail_connecting(conn, conn->stop == POSTGRES_STOP_CANCEL
                              ? "connecting was cancelled"
                              : "the server did not answer in time");
  } else if (conn->ending) {
    if (conn->cancelling && patient)
      return;
    if (conn->cancelling)
      driver_task_abandon(conn->cancelling);
    conn->cancelling = NULL;
    finish(conn);
  } else if (conn->stop == POSTGRES_RUN) {
    stop(conn, POSTGRES_STOP_DEADLINE);
  } else if (!patient) {
    give_up(conn);
  } else {
    send_cancel(conn);
  }
}

/* ---- commands ---- */

void postgres_lost(driver_conn *conn) {
  postgres_lose(conn);
  finish(conn);
}

static void poll_for(driver_conn *conn, int events) {
  conn->polling = true;
  uv_poll_start(&conn->poll, events, on_socket);
}

void postgres_flush(driver_conn *conn) {
  int left = PQflush(conn->pg);
  if (left < 0)
    postgres_lost(conn);
  else
    poll_for(conn, left ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

/* ---- steps ---- */

static void on_command_end(driver_conn *conn) {
  driver_op *op = conn->op;
  bool idle = PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
  bool went_well = op->error.class == DRIVER_NONE;
  conn->step++;
  if (op->kind == DRIVER_OP_LIMITS && conn->step == 1 && went_well)
    postgres_touch(conn);
  if (op->kind == DRIVER_OP_LOCK && conn->step == 1 && went_well &&
      !op->granted) {
    postgres_send_lock(conn);
  } else if (op->kind == DRIVER_OP_OPEN && conn->step == 1 && went_well &&
             !conn->read_only && PQserverVersion(conn->pg) >= 140000) {
    /* The server notices that we died while it works. An error (a platform
     * without it) is no reason not to go on. */
    conn->restoring = true;
    postgres_send_plain(conn, "set client_connection_check_interval = '1s'");
  } else if (idle && conn->limits_in_transaction && !conn->restoring) {
    conn->restoring = true;
    postgres_send_limits(conn);
  } else {
    finish(conn);
  }
}

/* Lets go of what COPY TO STDOUT sends. False: more will come. */
static bool drop_copy(driver_conn *conn) {
  char *row = NULL;
  int len;
  while ((len = PQgetCopyData(conn->pg, &row, 1)) > 0)
    PQfreemem(row);
  conn->copying = len == 0;
  return len != 0;
}

static void take(driver_conn *conn, PGresult *result) {
  driver_op *op = conn->op;
  postgres_take(conn, result);
  PQclear(result);
  if (driver_op_batch_full(op) && conn->stop == POSTGRES_RUN &&
      !driver_op_flush(op)) {
    driver_op_fail(op, DRIVER_CANCELLED, NULL, "the reader stopped");
    stop(conn, POSTGRES_STOP_CANCEL);
  }
  if (op->on_rows && op->error.class != DRIVER_NONE)
    op->row_count = op->values.len = 0;
}

/* Takes what has arrived. True when the command has ended. */
static bool take_all(driver_conn *conn) {
  for (;;) {
    if (conn->copying && !drop_copy(conn))
      return false;
    if (PQisBusy(conn->pg))
      return false;
    PGresult *result = PQgetResult(conn->pg);
    if (!result)
      return true;
    take(conn, result);
  }
}

static void on_socket(uv_poll_t *poll, int status, int events) {
  driver_conn *conn = poll->data;
  if (events & UV_WRITABLE)
    postgres_flush(conn);
  if (!conn->busy || conn->ending || (status >= 0 && !(events & UV_READABLE)))
    return;
  bool alive = PQconsumeInput(conn->pg);
  bool ended = take_all(conn);
  if (!alive || PQstatus(conn->pg) == CONNECTION_BAD) {
    postgres_lost(conn);
  } else if (ended) {
    stop_polling(conn);
    if (conn->op->error.class == DRIVER_NONE && !driver_op_flush(conn->op))
      driver_op_fail(conn->op, DRIVER_CANCELLED, NULL, "the reader stopped");
    on_command_end(conn);
  }
}

/* ---- connecting ---- */

static void on_connected(driver_conn *conn) {
  postgres_connect *connect = conn->connect;
  conn->connecting = NULL;
  conn->connect = NULL;
  if (!connect->pg || PQstatus(connect->pg) != CONNECTION_OK) {
    conn->lost = true;
    postgres_fail_connect(conn->op, connect);
    postgres_connect_free(connect);
    finish(conn);
    return;
  }
  conn->pg = connect->pg;
  connect->pg = NULL;
  postgres_connect_free(connect);
  PQsetnonblocking(conn->pg, 1);
  PQsetNoticeReceiver(conn->pg, postgres_notice, conn);
  snprintf(conn->session, sizeof conn->session, "pid %d",
           PQbackendPID(conn->pg));
  if (uv_poll_init(conn->loop, &conn->poll, PQsocket(conn->pg)) != 0) {
    postgres_lost(conn);
    return;
  }
  conn->poll.data = conn;
  conn->has_poll = true;
  conn->handles++;
  postgres_send_first(conn);
}

static void on_async(uv_async_t *async) {
  driver_conn *conn = async->data;
  if (conn->connecting && driver_task_finish(conn->connecting)) {
    on_connected(conn);
  } else if (conn->cancelling && driver_task_finish(conn->cancelling)) {
    PQfreeCancel(conn->cancel);
    conn->cancelling = NULL;
    if (conn->ending)
      finish(conn);
  }
}

/* ---- beginnings ---- */

static driver_op *next_op(driver_conn *conn) {
  conn->op = conn->op == &conn->ops[0] ? &conn->ops[1] : &conn->ops[0];
  return conn->op;
}

/* What needs no command is done. */
static bool is_done(driver_conn *conn) {
  driver_op *op = conn->op;
  PGTransactionStatusType status = PQtransactionStatus(conn->pg);
  switch (op->kind) {
  case DRIVER_OP_QUERY:
    return !postgres_is_sendable(op);
  case DRIVER_OP_ROLLBACK:
    return status == PQTRANS_IDLE;
  case DRIVER_OP_LIMITS: /* a failed transaction takes only its end */
    if (!postgres_may_set(op, &conn->limits)) {
      conn->limits.setting_count = 0;
      return true;
    }
    conn->limits_in_transaction |= status == PQTRANS_INERROR;
    return status == PQTRANS_INERROR;
  default:
    return false;
  }
}

static void start(driver_conn *conn) {
  driver_op *op = conn->op;
  conn->busy = conn->starting = true;
  conn->restoring = conn->copying = false;
  conn->step = 0;
  conn->cells = NULL;
  set_timer(conn, op->deadline_ms, 0);
  conn->begun_ms = uv_now(conn->loop);
  if (conn->lost || !conn->pg) {
    conn->lost = true;
    driver_op_fail(op, DRIVER_CONNECTION, NULL, "the connection was lost");
    finish(conn);
  } else if (is_done(conn)) {
    finish(conn);
  } else {
    postgres_send_first(conn);
  }
  conn->starting = false;
}

static void start_plain(driver_conn *conn, driver_op_kind kind,
                        int64_t deadline_ms, driver_done on_done, void *ctx) {
  driver_op_begin(next_op(conn), kind, deadline_ms, on_done, ctx);
  start(conn);
}

/* Begins to connect, or records why not. */
static void start_connecting(driver_conn *conn, const driver_options *options) {
  const char *refused = postgres_refusal(options->connect);
  conn->busy = conn->starting = true;
  set_timer(conn, conn->op->deadline_ms, 0);
  if (!refused) {
    conn->connect = take_memory(sizeof *conn->connect);
    upk_buf_str(&conn->connect->connect, options->connect);
    upk_buf_str(&conn->connect->application, options->application);
    conn->connecting = driver_task_start(&conn->async, postgres_connect_run,
                                         postgres_connect_free, conn->connect);
    if (!conn->connecting) {
      postgres_connect_free(conn->connect);
      refused = "no thread could be started to connect";
    }
  }
  if (refused) {
    conn->lost = true;
    driver_op_fail(conn->op, DRIVER_CONNECTION, NULL, "%s", refused);
    finish(conn);
  }
  conn->starting = false;
}

static driver_conn *open_conn(struct uv_loop_s *loop,
                              const driver_options *options,
                              driver_done on_done, void *ctx) {
  driver_conn *conn = take_memory(sizeof *conn);
  conn->loop = loop;
  conn->handles = 2;
  conn->read_only = options->read_only;
  uv_async_init(loop, &conn->async, on_async);
  uv_timer_init(loop, &conn->timer);
  conn->async.data = conn;
  conn->timer.data = conn;
  driver_op_init(&conn->ops[0]);
  driver_op_init(&conn->ops[1]);
  conn->settings_arena = upk_arena_new(NULL);
  conn->touched_arena = upk_arena_new(NULL);
  driver_op_begin(next_op(conn), DRIVER_OP_OPEN, options->connect_timeout_ms,
                  on_done, ctx);
  start_connecting(conn, options);
  return conn;
}

static void query(driver_conn *conn, const driver_query *asked) {
  driver_op_begin_query(next_op(conn), asked);
  start(conn);
}

static void begin(driver_conn *conn, int64_t deadline_ms, driver_done on_done,
                  void *ctx) {
  start_plain(conn, DRIVER_OP_BEGIN, deadline_ms, on_done, ctx);
}

static void begin_snapshot(driver_conn *conn, int64_t deadline_ms,
                           driver_done on_done, void *ctx) {
  start_plain(conn, DRIVER_OP_BEGIN_SNAPSHOT, deadline_ms, on_done, ctx);
}

static void commit(driver_conn *conn, int64_t deadline_ms, driver_done on_done,
                   void *ctx) {
  start_plain(conn, DRIVER_OP_COMMIT, deadline_ms, on_done, ctx);
}

static void rollback(driver_conn *conn, int64_t deadline_ms,
                     driver_done on_done, void *ctx) {
  start_plain(conn, DRIVER_OP_ROLLBACK, deadline_ms, on_done, ctx);
}

static void set_limits(driver_conn *conn, const driver_limits *limits,
                       driver_done on_done, void *ctx) {
  upk_arena *arena = conn->settings_arena;
  upk_arena_reset(arena);
  driver_setting *settings =
      UPK_NEW_ARRAY(arena, driver_setting, limits->setting_count + 1);
  for (size_t i = 0; i < limits->setting_count; i++)
    settings[i] =
        (driver_setting){upk_arena_copy(arena, limits->settings[i].name),
                         upk_arena_copy(arena, limits->settings[i].value)};
  conn->limits = *limits;
  conn->limits.settings = settings;
  postgres_host_limits(conn);
  start_plain(conn, DRIVER_OP_LIMITS, DRIVER_GRACE_MS, on_done, ctx);
}

static void cancel(driver_conn *conn) { stop(conn, POSTGRES_STOP_CANCEL); }

static void try_lock(driver_conn *conn, upk_str key, driver_locked on_locked,
                     void *ctx) {
  driver_op *op = next_op(conn);
  driver_op_begin(op, DRIVER_OP_LOCK, DRIVER_GRACE_MS, NULL, ctx);
  op->on_locked = on_locked;
  op->key = upk_arena_copy(op->arena, key);
  start(conn);
}

/* The server cuts an application's name at NAMEDATALEN - 1 bytes. */
static void evict(driver_conn *conn, upk_str key, upk_str application,
                  driver_done on_done, void *ctx) {
  upk_buf sql = {0};
  if (application.len > APPLICATION_MAX)
    application.len = APPLICATION_MAX;
  driver_value name = {.type = DRIVER_TEXT, .text = application};
  postgres_evict_sql(key, &sql);
  driver_query ask = {.sql = upk_buf_view(&sql),
                      .params = &name,
                      .param_count = 1,
                      .deadline_ms = DRIVER_GRACE_MS,
                      .on_done = on_done,
                      .ctx = ctx};
  query(conn, &ask);
  upk_buf_free(&sql);
}

static bool in_transaction(const driver_conn *conn) {
  if (conn->lost || !conn->pg)
    return false;
  PGTransactionStatusType status = PQtransactionStatus(conn->pg);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static void close_conn(driver_conn *conn, void (*on_closed)(void *ctx),
                       void *ctx) {
  conn->closing = true;
  conn->on_closed = on_closed;
  conn->closed_ctx = ctx;
  if (conn->busy)
    stop(conn, POSTGRES_STOP_CANCEL);
  else
    close_handles(conn);
}

static upk_str session(const driver_conn *conn) {
  return upk_str_from(conn->session);
}

static upk_str host(const driver_conn *conn) {
  return conn->host[0] ? upk_str_from(conn->host) : UPK_NO_STR;
}

const driver driver_postgres = {
    .engine = "postgres",
    .in_flight_max = 1,
    .jobs_max = JOBS_MAX,
    .open = open_conn,
    .query = query,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .set_limits = set_limits,
    .cancel = cancel,
    .try_lock = try_lock,
    .in_transaction = in_transaction,
    .close = close_conn,
    .session = session,
    .host = host,
    .evict = evict,
    .begin_snapshot = begin_snapshot,
};
