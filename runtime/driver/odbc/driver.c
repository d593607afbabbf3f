/* The loop's side of an ODBC connection: its process and the socket to it.
 *
 *   spawned -> working <-> idle -> closing -> ended
 *      any  -> lost (the process ended, or did not answer)
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <upkeep/runtime.h>

#include "driver/odbc/wire.h"
#include "driver/registry.h"

enum {
  JOBS_MAX = 64,
  CANCEL_AGAIN_MS = 500, /* one may come before the statement has begun */
  CLOSE_MAX_MS = 5000,   /* from the end of the socket to SIGKILL */
  READ_BYTES = 64 * 1024,
};

typedef enum stop_reason { RUN, STOP_CANCEL, STOP_DEADLINE } stop_reason;

struct driver_conn {
  uv_loop_t *loop;
  uv_process_t process;
  uv_pipe_t pipe;
  uv_timer_t timer;
  driver_op ops[2];
  driver_op *op; /* under way, or the last */
  stop_reason stop;
  uint64_t stopped_ms;
  int64_t statement_ms;
  bool busy, spawned, exited, ended; /* ended: nothing more will be read */
  bool lost, in_transaction, opened, closing, gone;
  int exit_signal;
  int64_t exit_code;
  char session[ODBC_SESSION_MAX];
  upk_buf in;
  char chunk[READ_BYTES];
  int handles;
  void (*on_closed)(void *ctx);
  void *closed_ctx;
};

static void on_timer(uv_timer_t *timer);

static void *take_memory(size_t size) {
  const upk_allocator *libc = upk_allocator_libc();
  void *memory = libc->resize(NULL, NULL, size);
  if (!memory)
    libc->exhausted(NULL, size);
  return memset(memory, 0, size);
}

static void set_timer(driver_conn *conn, int64_t ms) {
  uv_update_time(conn->loop);
  uv_timer_start(&conn->timer, on_timer, (uint64_t)ms, 0);
}

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *handle) {
  driver_conn *conn = handle->data;
  if (--conn->handles > 0)
    return;
  void (*on_closed)(void *) = conn->on_closed;
  void *ctx = conn->closed_ctx;
  driver_op_free(&conn->ops[0]);
  driver_op_free(&conn->ops[1]);
  upk_buf_free(&conn->in);
  upk_allocator_libc()->resize(NULL, conn, 0);
  if (on_closed)
    on_closed(ctx);
}

static void close_pipe(driver_conn *conn) {
  if (!uv_is_closing((uv_handle_t *)&conn->pipe))
    uv_close((uv_handle_t *)&conn->pipe, on_handle_closed);
}

static void close_rest(driver_conn *conn) {
  conn->gone = true;
  close_pipe(conn);
  uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
  uv_close((uv_handle_t *)&conn->process, on_handle_closed);
}

/* The end of the socket tells the process to go. */
static void go_on_closing(driver_conn *conn) {
  if (!conn->spawned || conn->exited) {
    close_rest(conn);
    return;
  }
  close_pipe(conn);
  set_timer(conn, conn->lost ? 0 : CLOSE_MAX_MS);
}

/* ---- ends of operations ---- */

static void finish(driver_conn *conn) {
  uv_timer_stop(&conn->timer);
  conn->busy = false;
  conn->stop = RUN;
  if (conn->op->on_rows && conn->op->error.class != DRIVER_NONE)
    conn->op->row_count = conn->op->values.len = 0;
  driver_op_deliver(conn->op);
  if (conn->closing && !conn->busy && !conn->gone)
    go_on_closing(conn);
}

static void lose(driver_conn *conn, const char *why) {
  conn->lost = true;
  conn->in_transaction = false;
  if (conn->spawned && !conn->exited)
    uv_process_kill(&conn->process, SIGKILL);
  if (!conn->busy)
    return;
  conn->op->error.class = DRIVER_NONE;
  driver_op_fail(conn->op, DRIVER_CONNECTION, NULL, "%s", why);
  finish(conn);
}

/* The process has ended by itself: its driver crashed, or was killed. */
static void look_whether_dead(driver_conn *conn) {
  char why[160];
  if (!conn->exited || !conn->ended || conn->lost)
    return;
  if (conn->exit_signal)
    snprintf(why, sizeof why,
             "the ODBC driver ended the process of the connection: signal %d "
             "(%s)",
             conn->exit_signal, strsignal(conn->exit_signal));
  else
    snprintf(why, sizeof why,
             "the ODBC driver ended the process of the connection: exit code "
             "%lld",
             (long long)conn->exit_code);
  lose(conn, why);
}

static void on_exit(uv_process_t *process, int64_t code, int signal) {
  driver_conn *conn = process->data;
  conn->exited = true;
  conn->exit_code = code;
  conn->exit_signal = signal;
  if (conn->closing && !conn->busy && !conn->gone)
    close_rest(conn);
  else
    look_whether_dead(conn);
}

/* ---- sending ---- */

typedef struct sending {
  uv_write_t write;
  upk_buf bytes;
} sending;

static void on_sent(uv_write_t *write, int status) {
  sending *s = write->data;
  (void)status; /* a broken socket is seen by who reads it */
  memset(s->bytes.data, 0, s->bytes.len);
  upk_buf_free(&s->bytes);
  upk_allocator_libc()->resize(NULL, s, 0);
}

/* Takes the bytes. */
static void send_bytes(driver_conn *conn, upk_buf *bytes) {
  sending *s = take_memory(sizeof *s);
  s->bytes = *bytes;
  s->write.data = s;
  uv_buf_t buf = uv_buf_init(s->bytes.data, (unsigned)s->bytes.len);
  if (uv_write(&s->write, (uv_stream_t *)&conn->pipe, &buf, 1, on_sent) != 0)
    on_sent(&s->write, -1);
}

static void send_plain(driver_conn *conn, odbc_frame type) {
  upk_buf bytes = {0};
  odbc_put_plain(&bytes, type);
  send_bytes(conn, &bytes);
}

/* ---- giving up ---- */

static void stop(driver_conn *conn, stop_reason why) {
  if (!conn->busy || conn->lost || conn->stop != RUN)
    return;
  conn->stop = why;
  uv_update_time(conn->loop);
  conn->stopped_ms = uv_now(conn->loop);
  if (!conn->opened) { /* connecting ends at once, but not from the call */
    set_timer(conn, 0);
    return;
  }
  send_plain(conn, ODBC_CANCEL);
  set_timer(conn, CANCEL_AGAIN_MS);
}

static void on_timer(uv_timer_t *timer) {
  driver_conn *conn = timer->data;
  if (conn->closing && !conn->busy) {
    if (conn->spawned && !conn->exited)
      uv_process_kill(&conn->process, SIGKILL);
  } else if (conn->lost) {
    finish(conn);
  } else if (!conn->opened) {
    lose(conn, conn->stop == STOP_CANCEL ? "connecting was cancelled"
                                         : "the server did not answer in time");
  } else if (conn->stop == RUN) {
    stop(conn, STOP_DEADLINE);
  } else if (uv_now(conn->loop) - conn->stopped_ms < DRIVER_GRACE_MS) {
    send_plain(conn, ODBC_CANCEL);
    set_timer(conn, CANCEL_AGAIN_MS);
  } else {
    lose(conn, "the server did not answer within 5 s of the cancel request");
  }
}

/* ---- receiving ---- */

static void take_rows(driver_conn *conn, odbc_reader *reader) {
  driver_op *op = conn->op;
  bool full = false;
  if (!odbc_get_rows(reader, op, &full)) {
    lose(conn, "the process of the connection sent what is no answer");
    return;
  }
  bool more = conn->stop == RUN && driver_op_flush(op);
  if (!more && op->error.class == DRIVER_NONE && conn->stop == RUN)
    conn->stop = STOP_CANCEL;
  if (full)
    send_plain(conn, more ? ODBC_MORE : ODBC_ENOUGH);
}

/* A cancelled statement says so whatever it was that cancelled it. */
static void blame_stop(driver_conn *conn) {
  driver_op *op = conn->op;
  if (conn->stop == RUN)
    return;
  bool deadline = conn->stop == STOP_DEADLINE;
  if (op->error.class == DRIVER_NONE && !op->on_rows)
    return; /* it was too late */
  if (op->error.class != DRIVER_NONE && op->error.class != DRIVER_CANCELLED)
    return;
  upk_str code = op->error.code;
  op->error = (driver_error){0};
  driver_op_fail(op, deadline ? DRIVER_TIMEOUT : DRIVER_CANCELLED, NULL, "%s",
                 deadline ? "the statement ran into its deadline"
                          : "the statement was cancelled");
  op->error.code = code;
}

static void take_done(driver_conn *conn, odbc_reader *reader) {
  odbc_after after;
  if (!odbc_get_done(reader, conn->op, &after)) {
    lose(conn, "the process of the connection sent what is no answer");
    return;
  }
  conn->opened = true;
  conn->lost |= after.lost;
  conn->in_transaction = after.in_transaction && !conn->lost;
  if (after.session.len)
    snprintf(conn->session, sizeof conn->session, "%.*s, process %d",
             UPK_FMT(after.session), uv_process_get_pid(&conn->process));
  blame_stop(conn);
  finish(conn);
}

static void take_frames(driver_conn *conn) {
  size_t at = 0;
  odbc_frame type;
  odbc_reader reader;
  while (conn->busy &&
         odbc_next(upk_buf_view(&conn->in), &at, &type, &reader)) {
    if (reader.bad || (type != ODBC_ROWS && type != ODBC_DONE)) {
      lose(conn, "the process of the connection sent what is no answer");
      return;
    }
    if (type == ODBC_ROWS) {
      take_rows(conn, &reader);
      continue;
    }
    /* The next operation may begin within: what was read is gone before. */
    conn->in.len = 0;
    take_done(conn, &reader);
    return;
  }
  if (!at)
    return;
  conn->in.len -= at;
  memmove(conn->in.data, conn->in.data + at, conn->in.len);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  driver_conn *conn = handle->data;
  (void)suggested;
  *buf = uv_buf_init(conn->chunk, sizeof conn->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
  driver_conn *conn = stream->data;
  if (got > 0) {
    upk_buf_add(&conn->in, buf->base, (size_t)got);
    take_frames(conn);
  } else if (got < 0) {
    uv_read_stop(stream);
    conn->ended = true;
    look_whether_dead(conn);
  }
}

/* ---- beginnings ---- */

static driver_op *next_op(driver_conn *conn) {
  conn->op = conn->op == &conn->ops[0] ? &conn->ops[1] : &conn->ops[0];
  return conn->op;
}

static void start(driver_conn *conn, const odbc_way *way) {
  driver_op *op = conn->op;
  int64_t ms = op->deadline_ms;
  conn->busy = true;
  conn->stop = RUN;
  if (conn->lost) {
    driver_op_fail(op, DRIVER_CONNECTION, NULL, "the connection was lost");
    set_timer(conn, 0);
    return;
  }
  if (op->kind == DRIVER_OP_QUERY && conn->statement_ms > 0 &&
      conn->statement_ms < ms)
    ms = conn->statement_ms;
  set_timer(conn, ms);
  upk_buf bytes = {0};
  odbc_put_ask(&bytes, op, way);
  send_bytes(conn, &bytes);
}

static void start_plain(driver_conn *conn, driver_op_kind kind,
                        int64_t deadline_ms, driver_done on_done, void *ctx) {
  driver_op_begin(next_op(conn), kind, deadline_ms, on_done, ctx);
  start(conn, NULL);
}

/* In a session of its own, so that what a terminal sends reaches only us, who
 * end it. Its environment is ours: drivers look there for their files. */
static int spawn(driver_conn *conn) {
  char program[] = "upkeep", verb[] = UPK_SESSION_VERB;
  char *arguments[] = {program, verb, NULL};
  uv_stdio_container_t stdio[3] = {
      {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
       .data.stream = (uv_stream_t *)&conn->pipe},
      {.flags = UV_IGNORE},
#ifdef UPKEEP_SANITIZED
      {.flags = UV_INHERIT_FD, .data.fd = 2},
#else
      {.flags = UV_IGNORE},
#endif
  };
  uv_process_options_t options = {
      .file = "/proc/self/exe",
      .args = arguments,
      .flags = UV_PROCESS_DETACHED,
      .stdio = stdio,
      .stdio_count = 3,
      .exit_cb = on_exit,
  };
  int bad = uv_spawn(conn->loop, &conn->process, &options);
  conn->spawned = bad == 0;
  return bad ? bad
             : uv_read_start((uv_stream_t *)&conn->pipe, on_alloc, on_read);
}

static driver_conn *open_engine(struct uv_loop_s *loop, const char *engine,
                                const driver_options *options,
                                driver_done on_done, void *ctx) {
  driver_conn *conn = take_memory(sizeof *conn);
  odbc_way way = {.engine = upk_str_from(engine),
                  .connect = options->connect,
                  .application = options->application,
                  .read_only = options->read_only};
  conn->loop = loop;
  conn->handles = 3;
  uv_timer_init(loop, &conn->timer);
  uv_pipe_init(loop, &conn->pipe, 0);
  conn->timer.data = conn;
  conn->pipe.data = conn;
  conn->process.data = conn;
  driver_op_init(&conn->ops[0]);
  driver_op_init(&conn->ops[1]);
  int bad = spawn(conn);
  conn->process.data = conn;
  driver_op_begin(next_op(conn), DRIVER_OP_OPEN, options->connect_timeout_ms,
                  on_done, ctx);
  if (bad) {
    conn->busy = conn->lost = true;
    driver_op_fail(conn->op, DRIVER_CONNECTION, NULL,
                   "the process of the connection could not be started: %s",
                   uv_strerror(bad));
    set_timer(conn, 0);
    return conn;
  }
  start(conn, &way);
  return conn;
}

static void query(driver_conn *conn, const driver_query *asked) {
  driver_op_begin_query(next_op(conn), asked);
  start(conn, NULL);
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
  op->limits = *limits; /* goes over the socket before this returns */
  conn->statement_ms = limits->statement_ms;
  start(conn, NULL);
  op->limits = (driver_limits){0};
}

static void cancel(driver_conn *conn) { stop(conn, STOP_CANCEL); }

static void try_lock(driver_conn *conn, upk_str key, driver_locked on_locked,
                     void *ctx) {
  driver_op *op = next_op(conn);
  driver_op_begin(op, DRIVER_OP_LOCK, DRIVER_GRACE_MS, NULL, ctx);
  op->on_locked = on_locked;
  op->key = upk_arena_copy(op->arena, key);
  start(conn, NULL);
}

static bool in_transaction(const driver_conn *conn) {
  return conn->in_transaction;
}

static void close_conn(driver_conn *conn, void (*on_closed)(void *ctx),
                       void *ctx) {
  conn->closing = true;
  conn->on_closed = on_closed;
  conn->closed_ctx = ctx;
  if (conn->busy)
    stop(conn, STOP_CANCEL);
  else
    go_on_closing(conn);
}

static upk_str session(const driver_conn *conn) {
  return upk_str_from(conn->session);
}

/* ---- the engines ---- */

static driver_conn *open_mariadb(struct uv_loop_s *loop,
                                 const driver_options *options,
                                 driver_done on_done, void *ctx) {
  return open_engine(loop, "mariadb", options, on_done, ctx);
}

const driver driver_mariadb = {
    .engine = "mariadb",
    .in_flight_max = 1,
    .jobs_max = JOBS_MAX,
    .open = open_mariadb,
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
    .begin_snapshot = begin_snapshot,
};
