/* The text of each command, and its way to the server. */
#include <string.h>

#include "driver/postgres/conn.h"
#include "quote.h"

enum {
  LOCK_CLASS = 0x55504B50, /* "UPKP": the first key of our advisory locks */
};

void postgres_send_plain(driver_conn *conn, const char *sql) {
  if (PQsendQuery(conn->pg, sql))
    postgres_flush(conn);
  else
    postgres_lost(conn);
}

static bool has_nul(upk_str text) {
  return text.len && memchr(text.data, '\0', text.len);
}

/* Parameters as text; their types are what the server infers. */
static const char *const *texts_of(driver_op *op) {
  const char **texts =
      UPK_NEW_ARRAY(op->arena, const char *, op->param_count + 1);
  for (size_t i = 0; i < op->param_count; i++) {
    const driver_value *value = &op->params[i];
    long long number = (long long)value->integer;
    if (value->type == DRIVER_TEXT)
      texts[i] = value->text.data;
    else if (value->type == DRIVER_BOOL)
      texts[i] = number ? "true" : "false";
    else if (value->type == DRIVER_INT)
      texts[i] = upk_arena_printf(op->arena, "%lld", number).data;
  }
  return texts;
}

bool postgres_is_sendable(driver_op *op) {
  bool ok = !has_nul(op->sql) && op->param_count <= UINT16_MAX;
  for (size_t i = 0; i < op->param_count && ok; i++)
    ok = op->params[i].type != DRIVER_TEXT || !has_nul(op->params[i].text);
  if (!ok)
    driver_op_fail(op, DRIVER_SYNTAX, NULL,
                   "the statement or a parameter holds a NUL byte, or there "
                   "are too many parameters");
  return ok;
}

static void send_query(driver_conn *conn) {
  driver_op *op = conn->op;
  if (PQsendQueryParams(conn->pg, op->sql.data, (int)op->param_count, NULL,
                        texts_of(op), NULL, NULL, 0) &&
      PQsetSingleRowMode(conn->pg))
    postgres_flush(conn);
  else
    postgres_lost(conn);
}

/* ---- settings ---- */

static bool is_setting_name(upk_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' &&
        c != '.')
      return false;
  }
  return name.len > 0;
}

bool postgres_may_set(driver_op *op, const driver_limits *limits) {
  bool good = true;
  for (size_t i = 0; i < limits->setting_count && good; i++)
    good = is_setting_name(limits->settings[i].name) &&
           upk_utf8_valid(limits->settings[i].value);
  if (!good)
    driver_op_fail(op, DRIVER_SYNTAX, NULL,
                   "a setting's name or value cannot be sent");
  return good;
}

static bool is_set(const driver_limits *limits, upk_str name) {
  for (size_t i = 0; i < limits->setting_count; i++)
    if (upk_str_equal(limits->settings[i].name, name))
      return true;
  return false;
}

static void settings_sql(const driver_conn *conn, upk_buf *out) {
  const driver_limits *limits = &conn->limits;
  for (size_t i = 0; i < conn->touched.len; i++)
    if (!is_set(limits, conn->touched.items[i]))
      upk_buf_printf(out, ";reset %.*s", UPK_FMT(conn->touched.items[i]));
  for (size_t i = 0; i < limits->setting_count; i++) {
    if (postgres_is_host_setting(limits->settings[i].name))
      continue;
    upk_buf_printf(out, ";set %.*s = ", UPK_FMT(limits->settings[i].name));
    upk_quote_literal(UPK_POSTGRES, limits->settings[i].value, out);
  }
}

void postgres_touch(driver_conn *conn) {
  const driver_limits *limits = &conn->limits;
  for (size_t i = 0; i < limits->setting_count; i++) {
    bool known = postgres_is_host_setting(limits->settings[i].name);
    for (size_t j = 0; j < conn->touched.len && !known; j++)
      known = upk_str_equal(conn->touched.items[j], limits->settings[i].name);
    if (!known)
      *UPK_PUSH(conn->touched_arena, &conn->touched) =
          upk_arena_copy(conn->touched_arena, limits->settings[i].name);
  }
}

void postgres_send_limits(driver_conn *conn) {
  upk_buf sql = {0};
  bool in_transaction = PQtransactionStatus(conn->pg) == PQTRANS_INTRANS;
  postgres_limits_sql(&conn->limits, conn->read_only || conn->limits.read_only,
                      in_transaction, &sql);
  settings_sql(conn, &sql);
  conn->limits_in_transaction = in_transaction;
  postgres_send_plain(conn, sql.data);
  upk_buf_free(&sql);
}

void postgres_send_lock(driver_conn *conn) {
  uint32_t hash = driver_hash(conn->op->key);
  upk_buf sql = {0};
  if (conn->step == 0)
    upk_buf_printf(&sql,
                   "select pg_catalog.pg_try_advisory_lock(%d, %d), "
                   "pg_catalog.pg_backend_pid()",
                   LOCK_CLASS, (int)(int32_t)hash);
  else
    upk_buf_printf(
        &sql,
        "select pg_catalog.format('pid %%s, user %%s, %%s, from %%s, connected "
        "since %%s', a.pid, a.usename, nullif(a.application_name, ''), "
        "coalesce(pg_catalog.host(a.client_addr), 'the server''s own host'), "
        "pg_catalog.to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS UTC')) "
        "from pg_catalog.pg_locks l "
        "join pg_catalog.pg_stat_activity a on a.pid = l.pid "
        "join pg_catalog.pg_database d on d.oid = l.database "
        "where l.locktype = 'advisory' and l.classid = %d and l.objid = %u "
        "and l.objsubid = 2 and l.granted "
        "and d.datname = pg_catalog.current_database() limit 1",
        LOCK_CLASS, hash);
  postgres_send_plain(conn, sql.data);
  upk_buf_free(&sql);
}

void postgres_evict_sql(upk_str key, upk_buf *out) {
  upk_buf_printf(
      out,
      "select pg_catalog.pg_terminate_backend(a.pid) "
      "from pg_catalog.pg_locks l "
      "join pg_catalog.pg_stat_activity a on a.pid = l.pid "
      "join pg_catalog.pg_database d on d.oid = l.database "
      "where l.locktype = 'advisory' and l.classid = %d and l.objid = %u "
      "and l.objsubid = 2 and l.granted "
      "and d.datname = pg_catalog.current_database() "
      "and a.application_name = $1 and a.pid <> pg_catalog.pg_backend_pid()",
      LOCK_CLASS, driver_hash(key));
}

static void send_session(driver_conn *conn) {
  upk_buf sql = {0};
  postgres_session_sql(PQserverVersion(conn->pg), conn->read_only, &sql);
  postgres_send_plain(conn, sql.data);
  upk_buf_free(&sql);
}

void postgres_send_first(driver_conn *conn) {
  switch (conn->op->kind) {
  case DRIVER_OP_OPEN:
    send_session(conn);
    break;
  case DRIVER_OP_QUERY:
    send_query(conn);
    break;
  case DRIVER_OP_BEGIN:
    postgres_send_plain(conn, "begin");
    break;
  case DRIVER_OP_BEGIN_SNAPSHOT:
    postgres_send_plain(conn,
                        "begin isolation level repeatable read, read only");
    break;
  case DRIVER_OP_COMMIT:
    postgres_send_plain(conn, "commit");
    break;
  case DRIVER_OP_ROLLBACK:
    postgres_send_plain(conn, "rollback");
    break;
  case DRIVER_OP_LIMITS:
    postgres_send_limits(conn);
    break;
  case DRIVER_OP_LOCK:
    postgres_send_lock(conn);
    break;
  }
}
