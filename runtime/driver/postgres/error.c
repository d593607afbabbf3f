#include <string.h>

#include "driver/postgres/conn.h"

/* By SQLSTATE or its beginning, the longer one first
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
static const struct {
  const char *prefix;
  driver_class class;
} states[] = {
    {"55P03", DRIVER_LOCK_TIMEOUT}, {"40P01", DRIVER_DEADLOCK},
    {"40001", DRIVER_BUSY},         {"53300", DRIVER_BUSY},
    {"55006", DRIVER_BUSY},         {"57014", DRIVER_CANCELLED},
    {"57P", DRIVER_CONNECTION},     {"25P03", DRIVER_CONNECTION},
    {"25P04", DRIVER_CONNECTION},   {"08P01", DRIVER_SYNTAX},
    {"08", DRIVER_CONNECTION},      {"42501", DRIVER_PRIVILEGE},
    {"28", DRIVER_PRIVILEGE},       {"42", DRIVER_SYNTAX},
    {"53100", DRIVER_DISK_FULL},    {"25006", DRIVER_READ_ONLY},
    {"XX001", DRIVER_DAMAGED},      {"XX002", DRIVER_DAMAGED},
};

/* What to do where the server says nothing. */
static const struct {
  const char *state, *hint;
} advice[] = {
    {"23505", "rows have equal values in the columns of a unique index: change "
              "or delete all but one of each, then make the plan again"},
};

static const char *advice_for(const char *sqlstate) {
  for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
    if (strcmp(sqlstate, advice[i].state) == 0)
      return advice[i].hint;
  return NULL;
}

driver_class postgres_class(const char *sqlstate) {
  for (size_t i = 0; sqlstate && i < sizeof states / sizeof *states; i++)
    if (strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)) == 0)
      return states[i].class;
  return DRIVER_OTHER;
}

/* 57014 is our cancel, our deadline, the session's statement_timeout, or
 * somebody else's pg_cancel_backend: told apart by what we did and when, for
 * the message is translated. */
static driver_class cancel_class(const driver_conn *conn) {
  int64_t ran_ms = (int64_t)(uv_now(conn->loop) - conn->begun_ms);
  if (conn->stop == POSTGRES_STOP_DEADLINE)
    return DRIVER_TIMEOUT;
  if (conn->stop == POSTGRES_RUN && conn->limits.statement_ms > 0 &&
      ran_ms + 1 >= conn->limits.statement_ms)
    return DRIVER_TIMEOUT;
  return DRIVER_CANCELLED;
}

/* libpq adds guesses, and what came of using the dead socket: its first line
 * says what happened. */
static void fail_lost(driver_conn *conn, driver_class class,
                      const char *message) {
  size_t len = strcspn(message, "\n");
  driver_op_fail(conn->op, class, NULL, "%.*s",
                 len ? (int)len : (int)sizeof "the connection was lost" - 1,
                 len ? message : "the connection was lost");
}

/* Of damage the detail says where it is. */
static const char *message_of(upk_arena *arena, driver_class class,
                              const PGresult *result) {
  const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  if (!message || !detail || class != DRIVER_DAMAGED)
    return message;
  return upk_arena_printf(arena, "%s: %s", message, detail).data;
}

void postgres_fail(driver_conn *conn, const PGresult *result) {
  driver_op *op = conn->op;
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (!state) { /* libpq's own words: the connection broke */
    fail_lost(conn,
              PQstatus(conn->pg) == CONNECTION_BAD ? DRIVER_CONNECTION
                                                   : DRIVER_OTHER,
              PQresultErrorMessage(result));
    return;
  }
  driver_class class = postgres_class(state);
  if (class == DRIVER_CANCELLED)
    class = cancel_class(conn);
  const char *message = message_of(op->arena, class, result);
  bool first = op->error.class == DRIVER_NONE;
  driver_op_fail(op, class, state, "%s",
                 message ? postgres_hide(conn->pg, op->arena, message)
                         : "no message");
  if (!first)
    return;
  op->error.detail = driver_line(
      op->arena,
      postgres_hide(conn->pg, op->arena,
                    PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)));
  const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
  op->error.hint =
      driver_line(op->arena, hint ? postgres_hide(conn->pg, op->arena, hint)
                                  : advice_for(state));
}

void postgres_lose(driver_conn *conn) {
  conn->lost = true;
  fail_lost(conn, DRIVER_CONNECTION, PQerrorMessage(conn->pg));
  conn->op->error.class = DRIVER_CONNECTION;
}

void postgres_notice(void *conn_ptr, const PGresult *result) {
  driver_conn *conn = conn_ptr;
  if (conn->busy && !conn->restoring && conn->op->kind != DRIVER_OP_OPEN)
    driver_op_notice(
        conn->op, PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED),
        PQresultErrorField(result, PG_DIAG_SQLSTATE),
        postgres_hide(conn->pg, conn->op->arena,
                      PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
}
