/* A PostgreSQL connection: libpq, non-blocking, on the loop.
 *
 * An operation is one or more commands sent one after another; `step` counts
 * them. Two things have a thread for a moment, because libpq blocks in them:
 * connecting (name resolution, password and service files) and cancelling.
 *
 *     OPEN    connect -> session settings -> [orphan check] -> end
 *     LOCK    try -> [ask who holds it] -> end
 *     others  the command -> [limits again] -> end
 *
 * "limits again": what was set within a transaction is lost with it.
 */
#ifndef RUNTIME_DRIVER_POSTGRES_CONN_H
#define RUNTIME_DRIVER_POSTGRES_CONN_H

#include <libpq-fe.h>
#include <stdatomic.h>
#include <uv.h>

#include "driver/op.h"
#include "driver/task.h"

/* How a column's text becomes a value. */
typedef enum postgres_cell {
  POSTGRES_TEXT,
  POSTGRES_INT,
  POSTGRES_NUMERIC, /* INT when it has no fraction and fits */
  POSTGRES_BOOL,
  POSTGRES_BYTES,
} postgres_cell;

typedef enum postgres_stop {
  POSTGRES_RUN,
  POSTGRES_STOP_CANCEL,
  POSTGRES_STOP_DEADLINE,
} postgres_stop;

/* What the connecting thread works on. */
typedef struct postgres_connect {
  upk_buf connect, application;
  atomic_bool stop;
  PGconn *pg; /* the result, connected or not */
} postgres_connect;

struct driver_conn {
  uv_loop_t *loop;
  uv_async_t async;
  uv_timer_t timer;
  uv_poll_t poll;
  bool has_poll, polling;
  int handles;

  PGconn *pg;
  postgres_connect *connect;
  driver_task *connecting, *cancelling;
  PGcancel *cancel; /* of `cancelling` */

  driver_op ops[2], *op;
  postgres_cell *cells; /* of the op's columns; in its arena */
  int step;
  bool busy, starting, restoring, copying, ending, lost, closing, gone;
  postgres_stop stop;
  uint64_t begun_ms, stopped_ms;
  driver_limits limits;
  upk_arena *settings_arena; /* of limits.settings */
  upk_arena *touched_arena;
  UPK_VEC(upk_str) touched; /* settings that were set here at some time */
  bool read_only;
  bool limits_in_transaction; /* set since BEGIN: lost with ROLLBACK */
  char session[32];
  /* host.c: what became of the last host settings; empty: none were asked. */
  char host[128];
  int nice_first, nice_now; /* of the backend, once one was */
  bool nice_known;
  void (*on_closed)(void *ctx);
  void *closed_ctx;
};

/* ---- connect.c ---- */

/* Why a connect string is refused before libpq sees it, or NULL. libpq would
 * put parts of a malformed one, such as the password, into its message. */
const char *postgres_refusal(upk_str connect);
/* Thread: connects; the result is in `pg`, and never NULL but without memory.
 */
void postgres_connect_run(void *connect);
void postgres_connect_free(void *connect);
/* Records why there is no connection; without the password. */
void postgres_fail_connect(driver_op *op, const postgres_connect *connect);
/* The server's words, with *** for the session's password: a statement, or a
 * wrapper for foreign data, may have put it there. */
const char *postgres_hide(const PGconn *pg, upk_arena *arena,
                          const char *message);
/* The statements that make a session safe, for a server's version. */
void postgres_session_sql(int server_version, bool read_only, upk_buf *out);
/* `in_transaction`: also makes the one that is open read-only. */
void postgres_limits_sql(const driver_limits *limits, bool read_only,
                         bool in_transaction, upk_buf *out);

/* ---- error.c ---- */

driver_class postgres_class(const char *sqlstate);
/* Records the error of a result, by SQLSTATE and by why we stopped. */
void postgres_fail(driver_conn *conn, const PGresult *result);
/* Records that the connection is lost, and marks it so. */
void postgres_lose(driver_conn *conn);
void postgres_notice(void *conn, const PGresult *result);

/* ---- send.c ---- */

/* False, after recording why, when libpq would cut the statement short. */
bool postgres_is_sendable(driver_op *op);
void postgres_send_first(driver_conn *conn); /* of the operation */
/* Ends the holder of a lock if its application_name is $1. */
void postgres_evict_sql(upk_str key, upk_buf *out);
void postgres_send_lock(driver_conn *conn); /* by `step`: try, or who has it */
void postgres_send_limits(driver_conn *conn);
/* False, after recording why, when a setting cannot be sent. */
bool postgres_may_set(driver_op *op, const driver_limits *limits);
/* The limits' settings were taken: they are put back one day. */
void postgres_touch(driver_conn *conn);
void postgres_send_plain(driver_conn *conn, const char *sql);

/* ---- host.c ---- */

/* Settings of the server's host, which no SQL sets. */
bool postgres_is_host_setting(upk_str name);
/* Carries out those of conn->limits; conn->host says what became of them. */
void postgres_host_limits(driver_conn *conn);

/* ---- driver.c ---- */

/* Goes on sending, and waits for the answer. */
void postgres_flush(driver_conn *conn);
/* Ends the operation: the connection is gone. */
void postgres_lost(driver_conn *conn);

/* ---- result.c ---- */

/* Takes one result of the command under way. */
void postgres_take(driver_conn *conn, PGresult *result);

#endif
