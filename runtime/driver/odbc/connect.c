#include <string.h>

#include "driver/odbc/session.h"

/* "mydsn" alone is DSN=mydsn. */
static void complete_string(odbc_session *session, upk_buf *out) {
  upk_str given = upk_buf_view(&session->connect);
  const odbc_dialect *d = session->dialect;
  if (given.len && !memchr(given.data, '=', given.len))
    upk_buf_str(out, UPK_STR("DSN="));
  upk_buf_str(out, given);
  if (d->extra && !odbc_has_key(given, d->extra_key))
    upk_buf_printf(out, ";%s", d->extra);
}

static bool allocate(odbc_session *session) {
  SQLPOINTER version = (SQLPOINTER)(uintptr_t)SQL_OV_ODBC3;
  return SQL_SUCCEEDED(
             SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &session->env)) &&
         SQL_SUCCEEDED(
             SQLSetEnvAttr(session->env, SQL_ATTR_ODBC_VERSION, version, 0)) &&
         SQL_SUCCEEDED(
             SQLAllocHandle(SQL_HANDLE_DBC, session->env, &session->dbc));
}

void odbc_connect(odbc_session *session, int64_t timeout_ms) {
  upk_buf text = {0}, wide = {0};
  size_t units;
  if (!allocate(session)) {
    driver_op_fail(&session->op, DRIVER_CONNECTION, NULL,
                   "the ODBC driver manager could not be started");
    session->lost = true;
    return;
  }
  SQLPOINTER seconds = (SQLPOINTER)(uintptr_t)((timeout_ms + 999) / 1000);
  SQLSetConnectAttr(session->dbc, SQL_ATTR_LOGIN_TIMEOUT, seconds, 0);
  complete_string(session, &text);
  odbc_to_utf16(upk_buf_view(&text), &wide, &units);
  SQLRETURN code =
      SQLDriverConnectW(session->dbc, NULL, (SQLWCHAR *)(void *)wide.data,
                        (SQLSMALLINT)units, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
  if (SQL_SUCCEEDED(code)) {
    session->connected = true;
  } else {
    odbc_fail(session, &session->op, SQL_HANDLE_DBC, session->dbc);
    session->lost = true;
  }
  if (text.data)
    memset(text.data, 0, text.len);
  if (wide.data)
    memset(wide.data, 0, wide.len);
  upk_buf_free(&text);
  upk_buf_free(&wide);
}
