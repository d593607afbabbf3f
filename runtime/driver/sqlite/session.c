#include "driver/sqlite/conn.h"

#include <string.h>

/* ---- one statement ---- */

static void bind_params(sqlite_session *session, sqlite3_stmt *statement) {
  driver_op *op = session->op;
  int code = SQLITE_OK;
  for (int i = 0; i < (int)op->param_count && code == SQLITE_OK; i++) {
    const driver_value *value = &op->params[i];
    if (value->type == DRIVER_NULL)
      code = sqlite3_bind_null(statement, i + 1);
    else if (value->type == DRIVER_TEXT)
      code = sqlite3_bind_text64(statement, i + 1, value->text.data,
                                 value->text.len, SQLITE_STATIC, SQLITE_UTF8);
    else
      code = sqlite3_bind_int64(statement, i + 1, value->integer);
  }
  if (code != SQLITE_OK)
    sqlite_fail(session, op, code);
}

/* Only white space, comments and semicolons. */
static bool is_blank(sqlite3 *db, const char *sql) {
  while (*sql) {
    sqlite3_stmt *statement = NULL;
    const char *tail = sql;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, &tail);
    bool something = code != SQLITE_OK || statement;
    sqlite3_finalize(statement);
    if (something || tail == sql)
      return !something;
    sql = tail;
  }
  return true;
}

static sqlite3_stmt *check_params(driver_op *op, sqlite3_stmt *statement) {
  if (sqlite3_bind_parameter_count(statement) != (int)op->param_count)
    driver_op_fail(op, DRIVER_SYNTAX, NULL,
                   "the statement takes %d parameters, and %zu are given",
                   sqlite3_bind_parameter_count(statement), op->param_count);
  return statement;
}

static sqlite3_stmt *prepare(sqlite_session *session) {
  driver_op *op = session->op;
  sqlite3_stmt *statement = NULL;
  const char *tail = NULL;
  if (op->sql.len >= INT32_MAX || memchr(op->sql.data, '\0', op->sql.len)) {
    driver_op_fail(op, DRIVER_SYNTAX, NULL,
                   "the statement is too long, or holds a NUL byte");
    return NULL;
  }
  statement = sqlite_cache_find(session, op->sql);
  if (statement)
    return check_params(op, statement);
  int code = sqlite3_prepare_v2(session->db, op->sql.data, (int)op->sql.len + 1,
                                &statement, &tail);
  if (code != SQLITE_OK) {
    sqlite_fail(session, op, code);
    if ((code & 0xff) == SQLITE_ERROR)
      op->error.class = DRIVER_SYNTAX;
    return NULL;
  }
  if (!statement)
    driver_op_fail(op, DRIVER_SYNTAX, NULL, "there is no statement");
  else if (!is_blank(session->db, tail))
    driver_op_fail(op, DRIVER_SYNTAX, NULL, "there is more than one statement");
  else
    check_params(op, statement);
  return statement;
}

static void read_row(driver_op *op, sqlite3_stmt *statement) {
  driver_value *row = driver_op_row(op);
  for (int i = 0; row && i < (int)op->column_count; i++) {
    switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      row[i].type = DRIVER_INT;
      row[i].integer = sqlite3_column_int64(statement, i);
      break;
    case SQLITE_NULL:
      break;
    case SQLITE_BLOB: {
      const unsigned char *bytes = sqlite3_column_blob(statement, i);
      driver_op_set_hex(op, &row[i], bytes,
                        (size_t)sqlite3_column_bytes(statement, i));
      break;
    }
    default: {
      const char *text = (const char *)sqlite3_column_text(statement, i);
      driver_op_set_text(op, &row[i], text,
                         (size_t)sqlite3_column_bytes(statement, i));
    }
    }
  }
}

static void name_columns(driver_op *op, sqlite3_stmt *statement) {
  int count = sqlite3_column_count(statement);
  driver_op_set_columns(op, (size_t)count);
  for (int i = 0; i < count; i++)
    op->columns[i] = driver_line(op->arena, sqlite3_column_name(statement, i));
}

/* With the mutex held. */
static void tell(sqlite_session *session, sqlite_phase phase) {
  if (session->abandoned)
    return;
  session->phase = phase;
  if (!session->watched)
    uv_async_send(session->async);
}

/* Gives the batch to the loop, and waits until it was taken. */
static bool hand_over(sqlite_session *session) {
  uv_mutex_lock(&session->mutex);
  tell(session, SQLITE_PHASE_ROWS);
  while (session->phase == SQLITE_PHASE_ROWS && !session->abandoned)
    uv_cond_wait(&session->changed, &session->mutex);
  bool more = !session->abandoned;
  uv_mutex_unlock(&session->mutex);
  return more && atomic_load(&session->stop) == SQLITE_RUN;
}

static int step_all(sqlite_session *session, sqlite3_stmt *statement) {
  driver_op *op = session->op;
  /* One that was prepared earlier learns of a changed schema here. */
  int code = sqlite3_step(statement);
  name_columns(op, statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    read_row(op, statement);
    if (driver_op_batch_full(op) && !hand_over(session))
      return SQLITE_INTERRUPT;
  }
  if (code == SQLITE_DONE && op->on_rows && op->row_count &&
      !hand_over(session))
    return SQLITE_INTERRUPT;
  return code;
}

/* The step's error: what was prepared earlier may be no statement any more. */
static void fail_step(sqlite_session *session, int code) {
  driver_op *op = session->op;
  sqlite3_stmt *again = NULL;
  sqlite_fail(session, op, code);
  if ((code & 0xff) == SQLITE_ERROR &&
      sqlite3_prepare_v2(session->db, op->sql.data, (int)op->sql.len + 1,
                         &again, NULL) != SQLITE_OK)
    op->error.class = DRIVER_SYNTAX;
  sqlite3_finalize(again);
}

static void run_query(sqlite_session *session) {
  driver_op *op = session->op;
  sqlite3 *db = session->db;
  sqlite3_stmt *statement = prepare(session);
  if (statement && op->error.class == DRIVER_NONE)
    bind_params(session, statement);
  if (!statement || op->error.class != DRIVER_NONE)
    goto out;
  sqlite_archive_make(session);
  sqlite3_int64 before = sqlite3_total_changes(db);
  int code = step_all(session, statement);
  if (code != SQLITE_DONE)
    fail_step(session, code);
  else if (!sqlite3_stmt_readonly(statement))
    op->rows_affected =
        sqlite3_total_changes(db) == before ? 0 : sqlite3_changes(db);
out:
  sqlite_cache_give(session, op->sql, statement,
                    op->error.class == DRIVER_NONE);
}

/* ---- operations ---- */

static void execute(sqlite_session *session, const char *sql) {
  int code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);
  if (code != SQLITE_OK)
    sqlite_fail(session, session->op, code);
}

/* Reads something: a deferred transaction sees a moment from its first read. */
static void begin_snapshot(sqlite_session *session) {
  execute(session, "begin");
  if (session->op->error.class == DRIVER_NONE)
    execute(session, "select 1 from sqlite_schema limit 1");
}

static void roll_back(sqlite_session *session) {
  if (!sqlite3_get_autocommit(session->db))
    execute(session, "rollback");
}

static void set_limits(sqlite_session *session) {
  if (session->op->limits.setting_count) {
    driver_op_fail(session->op, DRIVER_SYNTAX, NULL,
                   "SQLite has no settings of a session");
    return;
  }
  session->limits = session->op->limits;
  execute(session, session->limits.read_only ? "pragma query_only = on"
                                             : "pragma query_only = off");
}

/* What begins to write or makes it last. */
static bool begins_or_ends(const sqlite_session *session) {
  driver_op_kind kind = session->op->kind;
  return kind == DRIVER_OP_BEGIN || kind == DRIVER_OP_COMMIT ||
         kind == DRIVER_OP_LOCK ||
         (kind == DRIVER_OP_QUERY && sqlite3_get_autocommit(session->db));
}

static void perform(sqlite_session *session) {
  driver_op *op = session->op;
  if (!session->db && op->kind != DRIVER_OP_OPEN) {
    driver_op_fail(op, DRIVER_CONNECTION, NULL, "the database is not open");
    return;
  }
  if (begins_or_ends(session) && !sqlite_is_there(session))
    return;
  switch (op->kind) {
  case DRIVER_OP_OPEN:
    sqlite_open_file(session);
    break;
  case DRIVER_OP_QUERY:
    run_query(session);
    break;
  case DRIVER_OP_BEGIN:
    execute(session, "begin immediate");
    break;
  case DRIVER_OP_BEGIN_SNAPSHOT:
    begin_snapshot(session);
    break;
  case DRIVER_OP_COMMIT:
    execute(session, "commit");
    break;
  case DRIVER_OP_ROLLBACK:
    roll_back(session);
    break;
  case DRIVER_OP_LIMITS:
    set_limits(session);
    break;
  case DRIVER_OP_LOCK:
    sqlite_lock_try(session, op);
    break;
  }
}

/* ---- the thread ---- */

enum { SPIN_NS = 50 * 1000, LOOKS = 32 };

bool sqlite_spin(const sqlite_session *session, sqlite_phase phase) {
  if (uv_available_parallelism() < 2)
    return false;
  for (uint64_t end = uv_hrtime() + SPIN_NS; uv_hrtime() < end;)
    for (int i = 0; i < LOOKS; i++)
      if (atomic_load(&session->phase) != (int)phase)
        return true;
  return false;
}

/* With the mutex held, as it is on return. */
static bool wait_for_work(sqlite_session *session) {
  if (session->phase == SQLITE_PHASE_DONE) {
    uv_mutex_unlock(&session->mutex);
    if (sqlite_spin(session, SQLITE_PHASE_DONE))
      sqlite_spin(session, SQLITE_PHASE_IDLE);
    uv_mutex_lock(&session->mutex);
  }
  session->asleep = true;
  while (session->phase != SQLITE_PHASE_GIVEN &&
         session->phase != SQLITE_PHASE_QUIT && !session->abandoned)
    uv_cond_wait(&session->changed, &session->mutex);
  session->asleep = false;
  return session->phase == SQLITE_PHASE_GIVEN && !session->abandoned;
}

void sqlite_session_run(void *session_ptr) {
  sqlite_session *session = session_ptr;
  uv_mutex_lock(&session->mutex);
  while (wait_for_work(session)) {
    uv_mutex_unlock(&session->mutex);
    perform(session);
    uv_mutex_lock(&session->mutex);
    session->in_transaction =
        session->db && !sqlite3_get_autocommit(session->db);
    tell(session, SQLITE_PHASE_DONE);
  }
  sqlite_cache_clear(session);
  sqlite3 *db = session->db;
  session->db = NULL;
  uv_mutex_unlock(&session->mutex);
  sqlite3_close(db);
  sqlite_lock_drop(session);
  uv_mutex_lock(&session->mutex);
  bool abandoned = session->abandoned;
  tell(session, SQLITE_PHASE_ENDED);
  uv_mutex_unlock(&session->mutex);
  if (abandoned)
    sqlite_session_free(session);
}

void sqlite_session_free(sqlite_session *session) {
  if (!session)
    return;
  upk_buf_free(&session->path);
  upk_buf_free(&session->application);
  sqlite3_free(session->archive);
  driver_op_free(&session->ops[0]);
  driver_op_free(&session->ops[1]);
  uv_cond_destroy(&session->changed);
  uv_mutex_destroy(&session->mutex);
  upk_allocator_libc()->resize(NULL, session, 0);
}
