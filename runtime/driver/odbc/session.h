/* The ODBC session within its process. One thread works with it (session.c,
 * run.c); another asks only what is atomic, and cancels. */
#ifndef RUNTIME_DRIVER_ODBC_SESSION_H
#define RUNTIME_DRIVER_ODBC_SESSION_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdatomic.h>

#include "driver/odbc/dialect.h"
#include "driver/odbc/wire.h"

typedef struct odbc_session {
  const odbc_dialect *dialect;
  SQLHENV env;
  SQLHDBC dbc;
  _Atomic(SQLHSTMT) statement; /* the one that runs; for SQLCancel */
  bool connected, lost;
  bool variant; /* of the dialect: MySQL */
  bool read_only, in_transaction;
  atomic_llong id; /* on the server; 0: not known */
  upk_buf connect; /* secret */
  char name[ODBC_SESSION_MAX];
  upk_arena *touched_arena;
  UPK_VEC(upk_str) touched; /* settings that the last limits set */
  driver_op op;             /* under way, or the last */
  driver_op aside;          /* what we ask for ourselves */
  upk_buf cell;             /* one value as it comes */
  /* Hands over a batch; false: no more is wanted. */
  bool (*on_rows)(void *ctx, const driver_result *batch);
  void *ctx;
} odbc_session;

/* session.c: carries out session->op. `way` is for DRIVER_OP_OPEN. */
void odbc_session_perform(odbc_session *session, const odbc_way *way);
void odbc_session_close(odbc_session *session);

/* connect.c: connects session->dbc; fails session->op. */
void odbc_connect(odbc_session *session, int64_t timeout_ms);

/* run.c: one statement for `op`. Rows go to op->on_rows. */
void odbc_run_statement(odbc_session *session, driver_op *op, upk_str sql);

/* diag.c: records what a handle says of a call that failed in `op`, and what
 * it warns of. */
void odbc_fail(odbc_session *session, driver_op *op, SQLSMALLINT type,
               SQLHANDLE handle);
void odbc_warn(odbc_session *session, driver_op *op, SQLHSTMT statement);

/* utf16.c: ODBC's wide texts. Unpaired surrogates become U+FFFD; `text` must be
 * valid UTF-8, and what is not ends it. The result of `to` has a NUL behind
 * it. */
void odbc_to_utf16(upk_str text, upk_buf *out, size_t *ret_units);
void odbc_from_utf16(const SQLWCHAR *units, size_t count, upk_buf *out);

#endif
