/* One statement: parameters, rows, values. */
#include <stdlib.h>
#include <string.h>

#include "driver/odbc/session.h"

enum { CELL_BYTES = 4096, LONG_UNITS = 4000 };

/* How the values of a column are fetched, and what they become. */
typedef enum reading {
  AS_TEXT,   /* wide */
  AS_NUMBER, /* narrow; INT when it is one that fits */
  AS_PLAIN,  /* narrow, all ASCII: floats, times */
  AS_BYTES,  /* hex */
  AS_BIT,
} reading;

static const struct {
  SQLSMALLINT type;
  reading reading;
} readings[] = {
    {SQL_BIT, AS_BIT},
    {SQL_TINYINT, AS_NUMBER},
    {SQL_SMALLINT, AS_NUMBER},
    {SQL_INTEGER, AS_NUMBER},
    {SQL_BIGINT, AS_NUMBER},
    {SQL_DECIMAL, AS_NUMBER},
    {SQL_NUMERIC, AS_NUMBER},
    {SQL_REAL, AS_PLAIN},
    {SQL_FLOAT, AS_PLAIN},
    {SQL_DOUBLE, AS_PLAIN},
    {SQL_TYPE_DATE, AS_PLAIN},
    {SQL_TYPE_TIME, AS_PLAIN},
    {SQL_TYPE_TIMESTAMP, AS_PLAIN},
    {SQL_BINARY, AS_BYTES},
    {SQL_VARBINARY, AS_BYTES},
    {SQL_LONGVARBINARY, AS_BYTES},
};

static const SQLSMALLINT c_types[] = {
    [AS_TEXT] = SQL_C_WCHAR, [AS_NUMBER] = SQL_C_CHAR,
    [AS_PLAIN] = SQL_C_CHAR, [AS_BYTES] = SQL_C_BINARY,
    [AS_BIT] = SQL_C_CHAR,
};

static reading reading_of(SQLSMALLINT type) {
  for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
    if (readings[i].type == type)
      return readings[i].reading;
  return AS_TEXT;
}

/* ---- values ---- */

/* The value of a column into session->cell, without a NUL behind it; parts of
 * long ones come one after the other. */
static SQLRETURN get_cell(odbc_session *session, SQLHSTMT statement,
                          SQLUSMALLINT column, SQLSMALLINT c_type,
                          bool *ret_null) {
  upk_buf *cell = &session->cell;
  size_t end = c_type == SQL_C_WCHAR ? sizeof(SQLWCHAR) : c_type == SQL_C_CHAR;
  upk_buf_clear(cell);
  *ret_null = false;
  for (size_t want = CELL_BYTES;; want = cell->len + CELL_BYTES) {
    SQLLEN indicator = 0;
    upk_buf_reserve(cell, want);
    size_t room = cell->cap - cell->len;
    room -= room % sizeof(SQLWCHAR);
    SQLRETURN code =
        SQLGetData(statement, column, c_type, cell->data + cell->len,
                   (SQLLEN)room, &indicator);
    if (code == SQL_NO_DATA)
      return SQL_SUCCESS;
    if (!SQL_SUCCEEDED(code))
      return code;
    *ret_null = indicator == SQL_NULL_DATA;
    if (*ret_null)
      return code;
    bool more = indicator == SQL_NO_TOTAL || (size_t)indicator > room - end;
    cell->len += more ? room - end : (size_t)indicator;
    if (!more)
      return SQL_SUCCESS;
  }
}

static bool to_integer(upk_str text, int64_t *ret) {
  size_t i = text.len && text.data[0] == '-';
  if (i == text.len || text.len - i > 19)
    return false;
  uint64_t value = 0;
  for (size_t at = i; at < text.len; at++) {
    if (text.data[at] < '0' || text.data[at] > '9')
      return false;
    value = value * 10 + (uint64_t)(text.data[at] - '0');
  }
  if (value > (uint64_t)INT64_MAX)
    return false;
  *ret = i ? -(int64_t)value : (int64_t)value;
  return true;
}

static void set_value(odbc_session *session, driver_op *op, reading reading,
                      driver_value *value) {
  upk_str cell = upk_buf_view(&session->cell);
  upk_buf text = {0};
  switch (reading) {
  case AS_NUMBER:
  case AS_BIT:
    if (to_integer(cell, &value->integer)) {
      value->type = reading == AS_BIT ? DRIVER_BOOL : DRIVER_INT;
      return;
    }
    driver_op_set_text(op, value, cell.data, cell.len);
    return;
  case AS_PLAIN:
    driver_op_set_text(op, value, cell.data, cell.len);
    return;
  case AS_BYTES:
    driver_op_set_hex(op, value, (const unsigned char *)cell.data, cell.len);
    return;
  case AS_TEXT:
    odbc_from_utf16((const SQLWCHAR *)(const void *)cell.data,
                    cell.len / sizeof(SQLWCHAR), &text);
    driver_op_set_text(op, value, text.data, text.len);
    upk_buf_free(&text);
    return;
  }
}

/* ---- rows ---- */

static bool describe(odbc_session *session, driver_op *op, SQLHSTMT statement,
                     SQLSMALLINT count, reading *ret_readings) {
  enum { NAME_UNITS = 256 };
  SQLWCHAR name[NAME_UNITS];
  driver_op_set_columns(op, (size_t)count);
  for (SQLSMALLINT i = 0; i < count; i++) {
    SQLSMALLINT len = 0, type = 0, digits, nullable;
    SQLULEN size;
    if (!SQL_SUCCEEDED(SQLDescribeColW(statement, (SQLUSMALLINT)(i + 1), name,
                                       NAME_UNITS, &len, &type, &size, &digits,
                                       &nullable))) {
      odbc_fail(session, op, SQL_HANDLE_STMT, statement);
      return false;
    }
    upk_buf text = {0};
    odbc_from_utf16(name, len < NAME_UNITS ? (size_t)len : NAME_UNITS - 1,
                    &text);
    upk_buf_char(&text, '\0');
    op->columns[i] = driver_line(op->arena, text.data);
    upk_buf_free(&text);
    ret_readings[i] = reading_of(type);
  }
  return true;
}

static bool read_row(odbc_session *session, driver_op *op, SQLHSTMT statement,
                     const reading *readings_of) {
  driver_value *row = driver_op_row(op);
  driver_value spare[1] = {{0}};
  for (size_t i = 0; i < op->column_count; i++) {
    driver_value *value = row ? &row[i] : spare;
    bool null = false;
    SQLRETURN code = get_cell(session, statement, (SQLUSMALLINT)(i + 1),
                              c_types[readings_of[i]], &null);
    if (!SQL_SUCCEEDED(code)) {
      odbc_fail(session, op, SQL_HANDLE_STMT, statement);
      return false;
    }
    if (!null)
      set_value(session, op, readings_of[i], value);
  }
  if (row && session->dialect->look)
    session->dialect->look(op, row);
  return true;
}

static void read_rows(odbc_session *session, driver_op *op, SQLHSTMT statement,
                      SQLSMALLINT count) {
  reading *how = UPK_NEW_ARRAY(op->arena, reading, (size_t)count);
  if (!describe(session, op, statement, count, how))
    return;
  for (;;) {
    SQLRETURN code = SQLFetch(statement);
    if (code == SQL_NO_DATA)
      return;
    if (!SQL_SUCCEEDED(code)) {
      odbc_fail(session, op, SQL_HANDLE_STMT, statement);
      return;
    }
    if (!read_row(session, op, statement, how))
      return;
    if (driver_op_batch_full(op) && !driver_op_flush(op)) {
      driver_op_fail(op, DRIVER_CANCELLED, NULL, "the reader stopped");
      return;
    }
  }
}

/* ---- parameters ---- */

/* Memory that must live until the statement has run. */
typedef struct bound {
  SQLBIGINT integer;
  SQLLEN indicator;
} bound;

static SQLRETURN bind_one(driver_op *op, SQLHSTMT statement, SQLUSMALLINT at,
                          const driver_value *value, bound *b) {
  if (value->type == DRIVER_TEXT) {
    upk_buf wide = {0};
    size_t units;
    odbc_to_utf16(value->text, &wide, &units);
    upk_str kept = upk_arena_copy(op->arena, upk_buf_view(&wide));
    upk_buf_free(&wide);
    b->indicator = (SQLLEN)(units * sizeof(SQLWCHAR));
    SQLSMALLINT type = units > LONG_UNITS ? SQL_WLONGVARCHAR : SQL_WVARCHAR;
    void *bytes = upk_arena_alloc(op->arena, kept.len);
    memcpy(bytes, kept.data, kept.len);
    return SQLBindParameter(statement, at, SQL_PARAM_INPUT, SQL_C_WCHAR, type,
                            units ? units : 1, 0, bytes, b->indicator,
                            &b->indicator);
  }
  b->integer = value->integer;
  b->indicator = value->type == DRIVER_NULL ? SQL_NULL_DATA : 0;
  SQLSMALLINT type = value->type == DRIVER_NULL ? SQL_VARCHAR : SQL_BIGINT;
  return SQLBindParameter(statement, at, SQL_PARAM_INPUT, SQL_C_SBIGINT, type,
                          19, 0, &b->integer, 0, &b->indicator);
}

static bool bind_all(odbc_session *session, driver_op *op, SQLHSTMT statement,
                     const odbc_order *order) {
  bound *all = UPK_NEW_ARRAY(op->arena, bound, order->len + 1);
  for (size_t i = 0; i < order->len; i++) {
    size_t from = order->items[i];
    if (from >= op->param_count) {
      driver_op_fail(op, DRIVER_SYNTAX, NULL,
                     "the statement has a parameter ?%zu and %zu were given",
                     from + 1, op->param_count);
      return false;
    }
    if (!SQL_SUCCEEDED(bind_one(op, statement, (SQLUSMALLINT)(i + 1),
                                &op->params[from], &all[i]))) {
      odbc_fail(session, op, SQL_HANDLE_STMT, statement);
      return false;
    }
  }
  return true;
}

/* ---- the statement ---- */

/* Only the first result counts; what comes behind it is read, so that errors
 * of it are seen. */
static void take_results(odbc_session *session, driver_op *op,
                         SQLHSTMT statement) {
  SQLSMALLINT columns = 0;
  SQLLEN rows = -1;
  SQLNumResultCols(statement, &columns);
  if (columns > 0)
    read_rows(session, op, statement, columns);
  else if (SQL_SUCCEEDED(SQLRowCount(statement, &rows)))
    op->rows_affected = rows;
  while (op->error.class == DRIVER_NONE) {
    SQLRETURN code = SQLMoreResults(statement);
    if (code == SQL_NO_DATA)
      return;
    if (!SQL_SUCCEEDED(code))
      odbc_fail(session, op, SQL_HANDLE_STMT, statement);
  }
}

void odbc_run_statement(odbc_session *session, driver_op *op, upk_str sql) {
  SQLHSTMT statement = SQL_NULL_HSTMT;
  odbc_order order = {0};
  upk_buf text = {0}, wide = {0};
  size_t units;
  if (!SQL_SUCCEEDED(
          SQLAllocHandle(SQL_HANDLE_STMT, session->dbc, &statement))) {
    odbc_fail(session, op, SQL_HANDLE_DBC, session->dbc);
    return;
  }
  odbc_number_params(session->dialect, sql, op->arena, &text, &order);
  odbc_to_utf16(upk_buf_view(&text), &wide, &units);
  if (bind_all(session, op, statement, &order)) {
    atomic_store(&session->statement, statement);
    SQLRETURN code = SQLExecDirectW(statement, (SQLWCHAR *)(void *)wide.data,
                                    (SQLINTEGER)units);
    if (code == SQL_SUCCESS_WITH_INFO)
      odbc_warn(session, op, statement);
    if (code == SQL_NO_DATA) /* a change of no row */
      op->rows_affected = 0;
    else if (SQL_SUCCEEDED(code))
      take_results(session, op, statement);
    else
      odbc_fail(session, op, SQL_HANDLE_STMT, statement);
    atomic_store(&session->statement, SQL_NULL_HSTMT);
  }
  SQLFreeHandle(SQL_HANDLE_STMT, statement);
  upk_buf_free(&text);
  upk_buf_free(&wide);
}
