/* The operations of a session, by its dialect. */
#include <stdio.h>
#include <string.h>

#include "driver/odbc/session.h"

/* ---- what we ask for ourselves ---- */

/* One statement aside; its error becomes the operation's. */
static bool run(void *session_ptr, upk_str sql) {
  odbc_session *session = session_ptr;
  driver_op *aside = &session->aside;
  driver_op_begin(aside, DRIVER_OP_QUERY, 1, NULL, NULL);
  aside->rows_max = 1;
  odbc_run_statement(session, aside, sql);
  if (aside->error.class == DRIVER_NONE)
    return true;
  driver_op_fail(&session->op, aside->error.class,
                 aside->error.code.data ? aside->error.code.data : NULL, "%s",
                 aside->error.message.data);
  return false;
}

/* The one value of a query, NULL when it failed or has none. */
static const driver_value *ask(odbc_session *session, const char *sql) {
  driver_op *aside = &session->aside;
  if (!run(session, upk_str_from(sql)) || !aside->row_count)
    return NULL;
  return &aside->values.items[0];
}

static const driver_value *ask_key(odbc_session *session, const char *sql) {
  driver_op *op = &session->op, *aside = &session->aside;
  driver_op_begin(aside, DRIVER_OP_QUERY, 1, NULL, NULL);
  aside->rows_max = 1;
  aside->params = UPK_NEW(aside->arena, driver_value);
  aside->params[0] = (driver_value){.type = DRIVER_TEXT, .text = op->key};
  aside->param_count = 1;
  odbc_run_statement(session, aside, upk_str_from(sql));
  if (aside->error.class != DRIVER_NONE)
    driver_op_fail(op, aside->error.class, aside->error.code.data, "%s",
                   aside->error.message.data);
  return aside->error.class == DRIVER_NONE && aside->row_count
             ? &aside->values.items[0]
             : NULL;
}

/* ---- operations ---- */

static bool identify(odbc_session *session) {
  const odbc_dialect *d = session->dialect;
  const driver_value *value = ask(session, d->variant);
  if (!value)
    return false;
  session->variant = value->integer != 0;
  value = ask(session, d->who);
  if (!value)
    return false;
  atomic_store(&session->id, value->integer);
  snprintf(session->name, sizeof session->name, "connection %lld",
           (long long)value->integer);
  return true;
}

static void open_session(odbc_session *session, const odbc_way *way) {
  driver_op *op = &session->op;
  session->dialect = odbc_dialect_find(way->engine);
  if (!session->dialect) {
    driver_op_fail(op, DRIVER_CONNECTION, NULL, "no dialect of that engine");
    session->lost = true;
    return;
  }
  session->read_only = way->read_only;
  upk_buf_str(&session->connect, way->connect);
  odbc_connect(session, op->deadline_ms);
  for (const char *const *sql = session->dialect->session;
       op->error.class == DRIVER_NONE && *sql; sql++)
    run(session, upk_str_from(*sql));
  driver_limits limits = {.read_only = way->read_only};
  if (op->error.class == DRIVER_NONE && identify(session))
    session->dialect->limits(session->variant, &limits, NULL, 0, run, session);
  session->lost |= op->error.class != DRIVER_NONE;
}

static bool is_set(const driver_limits *limits, upk_str name) {
  for (size_t i = 0; i < limits->setting_count; i++)
    if (upk_str_equal(limits->settings[i].name, name))
      return true;
  return false;
}

static void set_limits(odbc_session *session) {
  driver_limits limits = session->op.limits;
  size_t kept = 0;
  for (size_t i = 0; i < session->touched.len; i++)
    if (!is_set(&limits, session->touched.items[i]))
      session->touched.items[kept++] = session->touched.items[i];
  limits.read_only |= session->read_only;
  bool good = session->dialect->limits(
      session->variant, &limits, session->touched.items, kept, run, session);
  if (!good)
    return;
  upk_arena_reset(session->touched_arena);
  memset(&session->touched, 0, sizeof session->touched);
  for (size_t i = 0; i < limits.setting_count; i++)
    *UPK_PUSH(session->touched_arena, &session->touched) =
        upk_arena_copy(session->touched_arena, limits.settings[i].name);
}

static void try_lock(odbc_session *session) {
  driver_op *op = &session->op;
  const driver_value *value = ask_key(session, session->dialect->lock);
  if (!value)
    return;
  op->granted = value->type == DRIVER_INT && value->integer == 1;
  if (op->granted)
    return;
  value = ask_key(session, session->dialect->holder);
  if (value && value->type == DRIVER_TEXT)
    op->holder = upk_arena_copy(op->arena, value->text);
}

/* The server may have ended the transaction: by an error, or by a statement
 * that commits. */
static void look_again(odbc_session *session, upk_str sql) {
  const odbc_dialect *d = session->dialect;
  driver_op *aside = &session->aside;
  if (!session->in_transaction || session->lost || !d->in_transaction ||
      session->variant ||
      (session->op.error.class == DRIVER_NONE && !d->may_end(sql)))
    return;
  driver_op_begin(aside, DRIVER_OP_QUERY, 1, NULL, NULL);
  aside->rows_max = 1;
  odbc_run_statement(session, aside, upk_str_from(d->in_transaction));
  if (aside->error.class == DRIVER_NONE && aside->row_count)
    session->in_transaction = aside->values.items[0].integer != 0;
}

static void run_query(odbc_session *session) {
  driver_op *op = &session->op;
  odbc_run_statement(session, op, op->sql);
  if (op->error.class == DRIVER_NONE && !driver_op_flush(op))
    driver_op_fail(op, DRIVER_CANCELLED, NULL, "the reader stopped");
  look_again(session, op->sql);
}

static void begin(odbc_session *session, const char *sql) {
  session->in_transaction = run(session, upk_str_from(sql));
}

static void end(odbc_session *session, const char *sql) {
  if (!session->in_transaction && session->op.kind == DRIVER_OP_ROLLBACK)
    return;
  if (run(session, upk_str_from(sql)))
    session->in_transaction = false;
  else
    look_again(session, upk_str_from(sql));
}

void odbc_session_perform(odbc_session *session, const odbc_way *way) {
  driver_op *op = &session->op;
  const odbc_dialect *d = session->dialect;
  op->on_rows = session->on_rows;
  op->ctx = session->ctx;
  if (op->kind != DRIVER_OP_OPEN && (!session->connected || session->lost)) {
    driver_op_fail(op, DRIVER_CONNECTION, NULL, "the connection was lost");
    session->lost = true;
    return;
  }
  switch (op->kind) {
  case DRIVER_OP_OPEN:
    open_session(session, way);
    break;
  case DRIVER_OP_QUERY:
    run_query(session);
    break;
  case DRIVER_OP_BEGIN:
    begin(session, d->begin);
    break;
  case DRIVER_OP_BEGIN_SNAPSHOT:
    begin(session, d->begin_snapshot);
    break;
  case DRIVER_OP_COMMIT:
    end(session, d->commit);
    break;
  case DRIVER_OP_ROLLBACK:
    end(session, d->rollback);
    break;
  case DRIVER_OP_LIMITS:
    set_limits(session);
    break;
  case DRIVER_OP_LOCK:
    try_lock(session);
    break;
  }
  if (session->lost)
    session->in_transaction = false;
}

void odbc_session_close(odbc_session *session) {
  if (session->connected)
    SQLDisconnect(session->dbc);
  if (session->dbc)
    SQLFreeHandle(SQL_HANDLE_DBC, session->dbc);
  if (session->env)
    SQLFreeHandle(SQL_HANDLE_ENV, session->env);
  if (session->connect.data)
    memset(session->connect.data, 0, session->connect.len);
  upk_buf_free(&session->connect);
  upk_buf_free(&session->cell);
  upk_arena_free(session->touched_arena);
  driver_op_free(&session->op);
  driver_op_free(&session->aside);
}
