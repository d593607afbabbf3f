#include <poll.h>
#include <string.h>

#include "driver/postgres/conn.h"
#include "secret.h"

enum { SLICE_MS = 100 }; /* how often the thread looks whether to stop */

static bool is_uri(upk_str connect) {
  return upk_str_starts(connect, "postgresql://") ||
         upk_str_starts(connect, "postgres://");
}

/* An '@' or '/' in the password that is not percent-encoded moves the place
 * where libpq sees the host name begin. */
static bool is_ambiguous(upk_str uri) {
  const char *start = memchr(uri.data, '/', uri.len);
  const char *end = uri.data + uri.len, *slash = NULL;
  size_t ats = 0;
  for (const char *p = start + 2; p < end && *p != '?'; p++) {
    if (*p == '/' && !slash)
      slash = p;
    ats += *p == '@';
    if (*p == '@' && (slash || ats > 1))
      return true;
  }
  return false;
}

const char *postgres_refusal(upk_str connect) {
  if (memchr(connect.data ? connect.data : "", '\0', connect.len))
    return "the connect string holds a NUL byte";
  if (is_uri(connect) && is_ambiguous(connect))
    return "the connect string is ambiguous: write @ as %40 and / as %2F in "
           "the user name and the password";
  if (!connect.len)
    return NULL; /* all of it stands in the environment */
  /* libpq takes what has no '=' as the name of a database, and then it stands
   * in messages: a misspelt URI, or a file that holds another secret. */
  if (!is_uri(connect) && !memchr(connect.data, '=', connect.len))
    return "the connect string is neither a postgresql:// URI nor a list of "
           "keyword=value; write dbname=NAME for the name of a database";
  upk_buf copy = {0};
  upk_buf_str(&copy, connect);
  PQconninfoOption *options = PQconninfoParse(copy.data, NULL);
  upk_wipe(copy.data, copy.len);
  upk_buf_free(&copy);
  if (!options)
    return "the connect string is neither a postgresql:// URI nor a list of "
           "keyword=value; quote values that hold spaces";
  PQconninfoFree(options);
  return NULL;
}

/* Waits until libpq can go on, or for one slice. */
static void wait_socket(PGconn *pg, PostgresPollingStatusType status) {
  struct pollfd fd = {.fd = PQsocket(pg),
                      .events =
                          status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
  poll(&fd, 1, SLICE_MS);
}

/* True when the socket is ready, so that PQconnectPoll may be called. */
static bool is_ready(PGconn *pg, PostgresPollingStatusType status) {
  struct pollfd fd = {.fd = PQsocket(pg),
                      .events =
                          status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
  return poll(&fd, 1, 0) != 0;
}

void postgres_connect_run(void *connect_ptr) {
  postgres_connect *connect = connect_ptr;
  /* What stands before dbname the connect string may change. */
  const char *keywords[] = {"fallback_application_name",
                            "keepalives",
                            "keepalives_idle",
                            "keepalives_interval",
                            "keepalives_count",
                            "tcp_user_timeout",
                            "dbname",
                            "client_encoding",
                            connect->application.len ? "application_name"
                                                     : NULL,
                            NULL};
  const char *values[] = {"upkeep",
                          "1",
                          "30",
                          "10",
                          "3",
                          "30000",
                          connect->connect.len ? connect->connect.data : "",
                          "UTF8",
                          connect->application.data,
                          NULL};
  PGconn *pg = PQconnectStartParams(keywords, values, 1);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  connect->pg = pg;
  if (!pg || PQstatus(pg) == CONNECTION_BAD)
    return;
  while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED &&
         !atomic_load(&connect->stop)) {
    wait_socket(pg, status);
    if (is_ready(pg, status))
      status = PQconnectPoll(pg);
  }
}

void postgres_connect_free(void *connect_ptr) {
  postgres_connect *connect = connect_ptr;
  if (!connect)
    return;
  PQfinish(connect->pg);
  upk_wipe(connect->connect.data, connect->connect.len);
  upk_buf_free(&connect->connect);
  upk_buf_free(&connect->application);
  upk_allocator_libc()->resize(NULL, connect, 0);
}

/* ---- messages ---- */

/* Puts *** in the place of `secret`. */
static void hide(upk_buf *text, const char *secret) {
  size_t len = secret ? strlen(secret) : 0;
  upk_buf clean = {0};
  const char *rest = text->data, *found;
  if (len == 0)
    return;
  for (; (found = strstr(rest, secret)) != NULL; rest = found + len) {
    upk_buf_add(&clean, rest, (size_t)(found - rest));
    upk_buf_str(&clean, UPK_STR("***"));
  }
  upk_buf_str(&clean, upk_str_from(rest));
  upk_buf_free(text);
  *text = clean;
}

static void hide_secrets(const postgres_connect *connect, upk_buf *text) {
  PQconninfoOption *options = PQconninfo(connect->pg);
  for (PQconninfoOption *o = options; o && o->keyword; o++)
    if (o->dispchar[0] == '*' || strcmp(o->keyword, "password") == 0)
      hide(text, o->val);
  PQconninfoFree(options);
}

const char *postgres_hide(const PGconn *pg, upk_arena *arena,
                          const char *message) {
  const char *password = pg ? PQpass(pg) : NULL;
  if (!message || !password || !*password || !strstr(message, password))
    return message;
  upk_buf text = {0};
  upk_buf_str(&text, upk_str_from(message));
  hide(&text, password);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy.data;
}

/* Only what the server itself refused can be the password's fault. */
static const char *hint_for(PGconn *pg) {
  if (strstr(PQerrorMessage(pg), "closed the connection"))
    return NULL;
  if (PQconnectionNeedsPassword(pg))
    return "give the password in a password file (~/.pgpass), a service "
           "file, or the connect string";
  if (PQconnectionUsedPassword(pg))
    return "check the user name and the password";
  return NULL;
}

void postgres_fail_connect(driver_op *op, const postgres_connect *connect) {
  PGconn *pg = connect->pg;
  upk_buf text = {0};
  upk_buf_str(&text, upk_str_from(pg ? PQerrorMessage(pg) : "out of memory"));
  if (text.len == 0)
    upk_buf_str(&text, UPK_STR("the server cannot be reached"));
  hide_secrets(connect, &text);
  driver_op_fail(op, DRIVER_CONNECTION, NULL, "%s", text.data);
  op->error.hint = upk_str_from(pg ? hint_for(pg) : NULL);
  upk_buf_free(&text);
}

/* ---- sessions ---- */

/* What must not depend on the role's or the database's settings; `since` a
 * server version. https://www.postgresql.org/docs/current/runtime-config-
 * client.html; search_path by CVE-2018-1058; with row_security off a query
 * whose rows a policy would hide fails instead of lying. */
static const struct {
  int since;
  const char *sql;
} settings[] = {
    {0, "set statement_timeout = 0"}, /* first: the role's may be 1 ms */
    {0, "set search_path = pg_catalog, pg_temp"},
    {0, "set standard_conforming_strings = on"},
    {0, "set datestyle = 'ISO, YMD'"},
    {0, "set intervalstyle = 'postgres'"},
    {0, "set timezone = 'UTC'"},
    {0, "set extra_float_digits = 1"},
    {0, "set bytea_output = 'hex'"},
    {0, "set row_security = off"},
    {0, "set client_min_messages = 'notice'"},
    {0, "set default_transaction_isolation = 'read committed'"},
    {0, "set default_transaction_deferrable = off"},
    {0, "set idle_in_transaction_session_timeout = '5min'"},
    /* A server that does not see our end keeps our lock: it looks too. */
    {0, "set tcp_keepalives_idle = 30"},
    {0, "set tcp_keepalives_interval = 10"},
    {0, "set tcp_keepalives_count = 3"},
    {0, "set tcp_user_timeout = '30s'"},
    {140000, "set idle_session_timeout = 0"},
    {170000, "set transaction_timeout = 0"},
};

void postgres_session_sql(int server_version, bool read_only, upk_buf *out) {
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    if (server_version >= settings[i].since)
      upk_buf_printf(out, "%s;", settings[i].sql);
  postgres_limits_sql(&(driver_limits){0}, read_only, false, out);
}

/* A deadlock is looked for after deadlock_timeout; a lock timeout that ends
 * then too (both are 1 s by default), or a little before, hides it. */
static void lock_timeout_sql(int64_t lock_ms, upk_buf *out) {
  enum { APART_MS = 100 };
  if (lock_ms <= 0) {
    upk_buf_str(out, UPK_STR("set lock_timeout = 0"));
    return;
  }
  upk_buf_printf(
      out,
      "select pg_catalog.set_config('lock_timeout', (case when d.ms between "
      "%lld and %lld then d.ms + %d else %lld end)::pg_catalog.text, false) "
      "from (select (extract(epoch from pg_catalog.current_setting("
      "'deadlock_timeout')::pg_catalog.interval) * 1000)::pg_catalog.int8 as "
      "ms) d",
      (long long)lock_ms - APART_MS, (long long)lock_ms + APART_MS, APART_MS,
      (long long)lock_ms);
}

void postgres_limits_sql(const driver_limits *limits, bool read_only,
                         bool in_transaction, upk_buf *out) {
  lock_timeout_sql(limits->lock_ms, out);
  upk_buf_printf(out,
                 ";set statement_timeout = %lld;"
                 "set default_transaction_read_only = %s",
                 (long long)limits->statement_ms, read_only ? "on" : "off");
  if (in_transaction && read_only)
    upk_buf_str(out, UPK_STR(";set transaction_read_only = on"));
}
