/* The loop's side of a SQLite connection. */
#include <pthread.h>
#include <string.h>

#include "driver/registry.h"
#include "driver/sqlite/conn.h"

enum {
  NUDGE_MS = 50,        /* between two interrupts of one operation */
  CLOSE_MAX_MS = 60000, /* closing a writer may copy its log back */
};

struct driver_conn {
  uv_loop_t *loop;
  uv_async_t async;
  uv_timer_t timer;
  uv_idle_t idle; /* the thread was done while the loop looked */
  uv_thread_t thread;
  sqlite_session *session; /* NULL when there is none, or it is lost */
  driver_op lost_op;       /* what was asked when there is none */
  const char *no_thread;   /* why the thread could not start */
  int64_t statement_ms;
  uint64_t stopped_at_ms;
  sqlite_stop stop;
  bool busy, closing, ending;
  uint8_t passed_over[DRIVER_OP_LOCK + 1];
  int handles;
  void (*on_closed)(void *ctx);
  void *closed_ctx;
};

static void go_on_closing(driver_conn *conn);
static void on_timer(uv_timer_t *timer);

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

/* ---- giving up ---- */

static void interrupt(driver_conn *conn) {
  sqlite_session *session = conn->session;
  atomic_store(&session->stop, conn->stop);
  uv_mutex_lock(&session->mutex);
  if (session->db)
    sqlite3_interrupt(session->db);
  uv_mutex_unlock(&session->mutex);
}

static void stop(driver_conn *conn, sqlite_stop why) {
  if (!conn->busy || !conn->session || conn->stop != SQLITE_RUN)
    return;
  conn->stop = why;
  conn->stopped_at_ms = uv_now(conn->loop);
  interrupt(conn);
  set_timer(conn, NUDGE_MS, NUDGE_MS);
}

/* The thread does not answer: leaves it, and its memory, to itself. */
static void abandon(driver_conn *conn) {
  sqlite_session *session = conn->session;
  uv_mutex_lock(&session->mutex);
  bool ended = session->phase == SQLITE_PHASE_ENDED;
  session->abandoned = true;
  uv_cond_signal(&session->changed);
  uv_mutex_unlock(&session->mutex);
  if (ended) {
    uv_thread_join(&conn->thread);
    sqlite_session_free(session);
  } else {
    pthread_detach(conn->thread);
  }
  conn->session = NULL;
}

/* ---- ends of operations ---- */

static void deliver(driver_conn *conn, driver_op *op) {
  uv_timer_stop(&conn->timer);
  conn->busy = false;
  conn->stop = SQLITE_RUN;
  driver_op_deliver(op);
  if (conn->closing && !conn->busy && !conn->ending)
    go_on_closing(conn);
}

static void lose(driver_conn *conn) {
  driver_op *op = conn->session->op;
  driver_op_begin(&conn->lost_op, op->kind, 1, op->on_done, op->ctx);
  conn->lost_op.on_locked = op->on_locked;
  driver_op_fail(&conn->lost_op, DRIVER_CONNECTION, NULL,
                 "the statement did not stop within 5 s of being cancelled");
  abandon(conn);
  deliver(conn, &conn->lost_op);
}

static void take_rows(driver_conn *conn) {
  sqlite_session *session = conn->session;
  bool more = driver_op_flush(session->op);
  if (!more)
    stop(conn, SQLITE_STOP_CANCEL);
  uv_mutex_lock(&session->mutex);
  session->phase = SQLITE_PHASE_GIVEN;
  uv_cond_signal(&session->changed);
  uv_mutex_unlock(&session->mutex);
}

static void on_handle_closed(uv_handle_t *handle) {
  driver_conn *conn = handle->data;
  if (--conn->handles > 0)
    return;
  void (*on_closed)(void *) = conn->on_closed;
  void *ctx = conn->closed_ctx;
  driver_op_free(&conn->lost_op);
  upk_allocator_libc()->resize(NULL, conn, 0);
  if (on_closed)
    on_closed(ctx);
}

static void close_handles(driver_conn *conn) {
  uv_close((uv_handle_t *)&conn->async, on_handle_closed);
  uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
  uv_close((uv_handle_t *)&conn->idle, on_handle_closed);
}

static void on_ended(driver_conn *conn) {
  uv_thread_join(&conn->thread);
  sqlite_session_free(conn->session);
  conn->session = NULL;
  close_handles(conn);
}

static void take_phase(driver_conn *conn) {
  if (!conn->session)
    return;
  int phase = SQLITE_PHASE_DONE;
  atomic_compare_exchange_strong(&conn->session->phase, &phase,
                                 SQLITE_PHASE_IDLE);
  if (phase == SQLITE_PHASE_ROWS)
    take_rows(conn);
  else if (phase == SQLITE_PHASE_DONE)
    deliver(conn, conn->session->op);
  else if (phase == SQLITE_PHASE_ENDED)
    on_ended(conn);
}

static void on_async(uv_async_t *async) { take_phase(async->data); }

static void on_idle(uv_idle_t *idle) {
  uv_idle_stop(idle);
  take_phase(idle->data);
}

static void on_timer(uv_timer_t *timer) {
  driver_conn *conn = timer->data;
  if (conn->ending) {
    abandon(conn);
    close_handles(conn);
  } else if (!conn->session) {
    deliver(conn, &conn->lost_op);
  } else if (conn->stop == SQLITE_RUN) {
    stop(conn, SQLITE_STOP_DEADLINE);
  } else if (uv_now(conn->loop) - conn->stopped_at_ms >= DRIVER_GRACE_MS) {
    lose(conn);
  } else {
    interrupt(conn);
  }
}

static void go_on_closing(driver_conn *conn) {
  sqlite_session *session = conn->session;
  uv_timer_stop(&conn->timer);
  conn->ending = true;
  if (!session) {
    close_handles(conn);
    return;
  }
  set_timer(conn, CLOSE_MAX_MS, 0);
  uv_mutex_lock(&session->mutex);
  session->phase = SQLITE_PHASE_QUIT;
  uv_cond_signal(&session->changed);
  uv_mutex_unlock(&session->mutex);
}

/* ---- beginnings ---- */

static driver_op *next_op(driver_conn *conn) {
  sqlite_session *session = conn->session;
  if (!session)
    return &conn->lost_op;
  return session->op == &session->ops[0] ? &session->ops[1] : &session->ops[0];
}

enum { SHORT_AGAIN = 16 };

/* Of a kind of operation that took longer the last time, only one in some is
 * looked at. */
static bool may_look(driver_conn *conn, driver_op_kind kind) {
  uint8_t *passed = &conn->passed_over[kind];
  return !*passed || !--*passed;
}

/* What ends at once is delivered without a sleep of the loop; but from the
 * loop, not from here. */
static void look(driver_conn *conn, driver_op_kind kind) {
  sqlite_session *session = conn->session;
  if (!sqlite_spin(session, SQLITE_PHASE_GIVEN))
    conn->passed_over[kind] = SHORT_AGAIN;
  uv_mutex_lock(&session->mutex);
  session->watched = false;
  bool ready = session->phase != SQLITE_PHASE_GIVEN;
  uv_mutex_unlock(&session->mutex);
  if (ready)
    uv_idle_start(&conn->idle, on_idle);
}

static void start(driver_conn *conn, driver_op *op) {
  sqlite_session *session = conn->session;
  int64_t ms = op->deadline_ms;
  conn->busy = true;
  if (!session) {
    driver_op_fail(op, DRIVER_CONNECTION, NULL, "%s",
                   conn->no_thread ? conn->no_thread
                                   : "the connection was lost");
    set_timer(conn, 0, 0);
    return;
  }
  if (op->kind == DRIVER_OP_QUERY && conn->statement_ms > 0 &&
      conn->statement_ms < ms)
    ms = conn->statement_ms;
  set_timer(conn, ms, 0);
  atomic_store(&session->stop, SQLITE_RUN);
  uv_mutex_lock(&session->mutex);
  bool asleep = session->asleep, watched = may_look(conn, op->kind);
  session->watched = watched;
  session->op = op;
  session->phase = SQLITE_PHASE_GIVEN;
  uv_mutex_unlock(&session->mutex);
  if (asleep)
    uv_cond_signal(&session->changed);
  if (watched)
    look(conn, op->kind);
}

static void start_plain(driver_conn *conn, driver_op_kind kind,
                        int64_t deadline_ms, driver_done on_done, void *ctx) {
  driver_op *op = next_op(conn);
  driver_op_begin(op, kind, deadline_ms, on_done, ctx);
  start(conn, op);
}

static sqlite_session *new_session(uv_async_t *async,
                                   const driver_options *options) {
  sqlite_session *session = take_memory(sizeof *session);
  uv_mutex_init(&session->mutex);
  uv_cond_init(&session->changed);
  session->async = async;
  session->lock_fd = -1;
  session->read_only = options->read_only;
  upk_buf_str(&session->path, options->connect);
  upk_buf_str(&session->application, options->application);
  driver_op_init(&session->ops[0]);
  driver_op_init(&session->ops[1]);
  return session;
}

static driver_conn *open_conn(struct uv_loop_s *loop,
                              const driver_options *options,
                              driver_done on_done, void *ctx) {
  driver_conn *conn = take_memory(sizeof *conn);
  conn->loop = loop;
  conn->handles = 3;
  uv_async_init(loop, &conn->async, on_async);
  uv_timer_init(loop, &conn->timer);
  uv_idle_init(loop, &conn->idle);
  conn->idle.data = conn;
  conn->async.data = conn;
  conn->timer.data = conn;
  driver_op_init(&conn->lost_op);
  conn->session = new_session(&conn->async, options);
  if (uv_thread_create(&conn->thread, sqlite_session_run, conn->session) != 0) {
    sqlite_session_free(conn->session);
    conn->session = NULL;
    conn->no_thread = "no thread could be started for the connection";
  }
  start_plain(conn, DRIVER_OP_OPEN, options->connect_timeout_ms, on_done, ctx);
  return conn;
}

static void query(driver_conn *conn, const driver_query *asked) {
  driver_op *op = next_op(conn);
  driver_op_begin_query(op, asked);
  start(conn, op);
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
  driver_op *op = next_op(conn);
  driver_op_begin(op, DRIVER_OP_LIMITS, DRIVER_GRACE_MS, on_done, ctx);
  op->limits = *limits;
  conn->statement_ms = limits->statement_ms;
  start(conn, op);
}

static void cancel(driver_conn *conn) { stop(conn, SQLITE_STOP_CANCEL); }

static void try_lock(driver_conn *conn, upk_str key, driver_locked on_locked,
                     void *ctx) {
  driver_op *op = next_op(conn);
  driver_op_begin(op, DRIVER_OP_LOCK, DRIVER_GRACE_MS, NULL, ctx);
  op->on_locked = on_locked;
  op->key = upk_arena_copy(op->arena, key);
  start(conn, op);
}

static bool in_transaction(const driver_conn *conn) {
  return conn->session && conn->session->in_transaction;
}

static void close_conn(driver_conn *conn, void (*on_closed)(void *ctx),
                       void *ctx) {
  conn->closing = true;
  conn->on_closed = on_closed;
  conn->closed_ctx = ctx;
  if (!conn->busy)
    go_on_closing(conn);
  else
    stop(conn, SQLITE_STOP_CANCEL);
}

const driver driver_sqlite = {
    .engine = "sqlite",
    .in_flight_max = 1,
    .jobs_max = 1,
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
    .begin_snapshot = begin_snapshot,
};
