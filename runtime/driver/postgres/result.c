#include <string.h>

#include "cell.h"
#include "driver/postgres/conn.h"

/* From pg_type.dat: the numbers are the protocol's, and never change. */
static const struct {
  Oid type;
  postgres_cell cell;
} types[] = {
    {16, POSTGRES_BOOL},      {17, POSTGRES_BYTES},     /* bool, bytea */
    {20, POSTGRES_INT},       {21, POSTGRES_INT},       /* int8, int2 */
    {23, POSTGRES_INT},       {26, POSTGRES_INT},       /* int4, oid */
    {28, POSTGRES_INT},       {29, POSTGRES_INT},       /* xid, cid */
    {1700, POSTGRES_NUMERIC}, {5069, POSTGRES_NUMERIC}, /* numeric, xid8 */
};

static postgres_cell cell_of(Oid type) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (types[i].type == type)
      return types[i].cell;
  return POSTGRES_TEXT;
}

static void name_columns(driver_conn *conn, const PGresult *result) {
  driver_op *op = conn->op;
  int count = PQnfields(result);
  driver_op_set_columns(op, (size_t)count);
  conn->cells = UPK_NEW_ARRAY(op->arena, postgres_cell, count + 1);
  for (int i = 0; i < count; i++) {
    op->columns[i] = driver_line(op->arena, PQfname(result, i));
    conn->cells[i] = cell_of(PQftype(result, i));
  }
}

static void set_bytes(driver_op *op, driver_value *value, const char *text,
                      size_t len) {
  bool hex = len >= 2 && text[0] == '\\' && text[1] == 'x';
  driver_op_set_text(op, value, hex ? text + 2 : text, hex ? len - 2 : len);
}

static void set_value(driver_op *op, postgres_cell cell, driver_value *value,
                      const char *text, size_t len) {
  switch (cell) {
  case POSTGRES_BOOL:
    value->type = DRIVER_BOOL;
    value->integer = *text == 't';
    return;
  case POSTGRES_INT:
  case POSTGRES_NUMERIC:
    if (upk_int_parse((upk_str){text, len}, &value->integer)) {
      value->type = DRIVER_INT;
      return;
    }
    break;
  case POSTGRES_BYTES:
    set_bytes(op, value, text, len);
    return;
  case POSTGRES_TEXT:
    break;
  }
  driver_op_set_text(op, value, text, len);
}

static void take_rows(driver_conn *conn, const PGresult *result) {
  driver_op *op = conn->op;
  int rows = PQntuples(result), columns = (int)op->column_count;
  for (int r = 0; r < rows; r++) {
    driver_value *row = driver_op_row(op);
    for (int c = 0; row && c < columns; c++)
      if (!PQgetisnull(result, r, c))
        set_value(op, conn->cells[c], &row[c], PQgetvalue(result, r, c),
                  (size_t)PQgetlength(result, r, c));
  }
}

/* The count in "INSERT 0 5", "UPDATE 7", "DELETE 7", "MERGE 7". */
static void take_count(driver_op *op, PGresult *result) {
  static const char *const writes[] = {"INSERT", "UPDATE", "DELETE", "MERGE"};
  const char *tag = PQcmdStatus(result), *count = PQcmdTuples(result);
  for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
    if (strncmp(tag, writes[i], strlen(writes[i])) == 0 && *count)
      upk_int_parse(upk_str_from(count), &op->rows_affected);
}

/* COMMIT of a transaction that had failed answers ROLLBACK, without error. */
static void take_end(driver_conn *conn, PGresult *result) {
  driver_op *op = conn->op;
  if (op->kind == DRIVER_OP_COMMIT &&
      strcmp(PQcmdStatus(result), "ROLLBACK") == 0)
    driver_op_fail(op, DRIVER_OTHER, "25P02",
                   "the transaction had failed before, and was rolled back");
  if (op->kind == DRIVER_OP_QUERY)
    take_count(op, result);
}

static void take_lock(driver_conn *conn, const PGresult *result) {
  driver_op *op = conn->op;
  if (PQntuples(result) != 1)
    return;
  if (conn->step > 0) {
    op->holder = driver_line(op->arena, PQgetvalue(result, 0, 0));
    return;
  }
  int64_t pid = 0;
  upk_int_parse(upk_str_from(PQgetvalue(result, 0, 1)), &pid);
  if (pid != PQbackendPID(conn->pg)) {
    driver_op_fail(op, DRIVER_OTHER, NULL,
                   "the session runs through a connection pooler, which can "
                   "give its lock to another; connect to the server itself");
    return;
  }
  op->granted = *PQgetvalue(result, 0, 0) == 't';
}

void postgres_take(driver_conn *conn, PGresult *result) {
  driver_op *op = conn->op;
  ExecStatusType status = PQresultStatus(result);
  switch (status) {
  case PGRES_SINGLE_TUPLE:
  case PGRES_TUPLES_OK:
    if (op->kind == DRIVER_OP_LOCK) {
      take_lock(conn, result);
    } else if (op->kind == DRIVER_OP_QUERY && !conn->restoring) {
      if (!conn->cells)
        name_columns(conn, result);
      take_rows(conn, result);
      if (status == PGRES_TUPLES_OK)
        take_count(op, result);
    }
    break;
  case PGRES_COMMAND_OK:
    if (!conn->restoring)
      take_end(conn, result);
    break;
  case PGRES_EMPTY_QUERY:
    driver_op_fail(op, DRIVER_SYNTAX, NULL, "there is no statement");
    break;
  case PGRES_COPY_IN:
    PQputCopyEnd(conn->pg, "copy from stdin is not possible here");
    break;
  case PGRES_COPY_OUT:
    conn->copying = true;
    driver_op_fail(op, DRIVER_SYNTAX, NULL,
                   "copy to stdout is not possible here");
    break;
  default:
    if (!conn->restoring || op->kind != DRIVER_OP_OPEN)
      postgres_fail(conn, result);
  }
}
