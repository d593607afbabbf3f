#include <stdio.h>
#include <string.h>

#include "driver/odbc/session.h"

enum { MESSAGE_UNITS = 1024, RECORDS_MAX = 32 };

typedef struct record {
  char state[6];
  int native;
  upk_str message;
} record;

/* Record `number` (from 1) of the handle. */
static bool get_record(odbc_session *session, upk_arena *arena,
                       SQLSMALLINT type, SQLHANDLE handle, int number,
                       record *ret) {
  SQLWCHAR state[6] = {0}, units[MESSAGE_UNITS];
  SQLINTEGER native = 0;
  SQLSMALLINT len = 0;
  SQLRETURN code = SQLGetDiagRecW(type, handle, (SQLSMALLINT)number, state,
                                  &native, units, MESSAGE_UNITS, &len);
  if (!SQL_SUCCEEDED(code))
    return false;
  size_t count = len < 0 ? 0 : (size_t)len;
  if (count >= MESSAGE_UNITS)
    count = MESSAGE_UNITS - 1;
  upk_buf text = {0};
  odbc_from_utf16(units, count, &text);
  for (int i = 0; i < 5; i++)
    ret->state[i] = (char)state[i];
  ret->state[5] = '\0';
  ret->native = native;
  ret->message =
      odbc_message(arena, upk_buf_view(&session->connect), upk_buf_view(&text));
  upk_buf_free(&text);
  return true;
}

/* What helps where the driver's words leave the user alone. */
static const struct {
  const char *state, *hint;
} advice[] = {
    {"IM002", "name a DSN of odbc.ini, or give Driver=NAME with the name from "
              "odbcinst.ini; `odbcinst -q -s` and `odbcinst -q -d` list them"},
    {"01000", "the driver's library could not be loaded: `odbcinst -q -d -n "
              "NAME` shows the file that odbcinst.ini names"},
};

static upk_str hint_for(const char *state) {
  for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
    if (strcmp(state, advice[i].state) == 0)
      return upk_str_from(advice[i].hint);
  return UPK_NO_STR;
}

void odbc_fail(odbc_session *session, driver_op *op, SQLSMALLINT type,
               SQLHANDLE handle) {
  record r;
  bool first = op->error.class == DRIVER_NONE;
  if (!get_record(session, op->arena, type, handle, 1, &r)) {
    driver_op_fail(op, DRIVER_CONNECTION, NULL,
                   "the ODBC driver failed and does not say why");
    session->lost = true;
    return;
  }
  driver_class class = odbc_class(session->dialect, r.state, r.native);
  /* Before there is a connection, 01000 says that no driver was found. */
  if (!session->connected && class == DRIVER_OTHER)
    class = DRIVER_CONNECTION;
  session->lost |= class == DRIVER_CONNECTION;
  driver_op_fail(op, class, r.state, "%s", r.message.data);
  if (!first)
    return;
  op->error.hint = hint_for(r.state);
  if (r.native)
    op->error.detail = upk_arena_printf(op->arena, "error %d", r.native);
}

void odbc_warn(odbc_session *session, driver_op *op, SQLHSTMT statement) {
  record r;
  for (int i = 1; i <= RECORDS_MAX; i++) {
    if (!get_record(session, op->arena, SQL_HANDLE_STMT, statement, i, &r))
      return;
    driver_op_notice(op, "WARNING", r.state, r.message.data);
  }
}
