/* The peer of `upkeep check` of a fleet: connects to many databases of one
 * PostgreSQL with a bounded concurrency, sets each session up, runs the
 * statements of a script (bench_inspect's, which end with a line ";") and
 * reads every row. libpq and poll(2), nothing else.
 *
 *   bench_fleet CONCURRENCY SCRIPT CONNINFO..
 *
 * Prints how many rows and bytes it read. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

enum { STATEMENTS_MAX = 1000, CONCURRENCY_MAX = 200 };

/* As the driver of upkeep sets a session up. */
static const char session[] =
    "set statement_timeout = 0;set search_path = pg_catalog, pg_temp;"
    "set standard_conforming_strings = on;set datestyle = 'ISO, YMD';"
    "set intervalstyle = 'postgres';set timezone = 'UTC';"
    "set extra_float_digits = 1;set bytea_output = 'hex';"
    "set row_security = off;set client_min_messages = 'notice';"
    "set default_transaction_isolation = 'read committed';"
    "set default_transaction_deferrable = off;"
    "set idle_in_transaction_session_timeout = '5min';"
    "set lock_timeout = 5000;set statement_timeout = 300000;"
    "set default_transaction_read_only = on";

typedef struct slot {
  PGconn *pg; /* NULL: free */
  PostgresPollingStatusType connecting;
  size_t next; /* statement; 0 is the session's */
} slot;

typedef struct work {
  char *statements[STATEMENTS_MAX];
  size_t statement_count;
  char **targets;
  size_t target_count, next_target;
  unsigned long long rows, bytes;
} work;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "bench_fleet: %s: %s\n", what, why);
  exit(1);
}

static void read_script(work *w, const char *path) {
  char line[65536], *text = NULL;
  size_t len = 0;
  FILE *file = fopen(path, "r");
  if (!file)
    fail(path, "cannot be read");
  w->statements[w->statement_count++] = strdup(session);
  while (fgets(line, sizeof line, file)) {
    size_t more = strlen(line);
    bool single = len == 0 && more > 1 && line[more - 2] == ';';
    if (single || strcmp(line, ";\n") == 0) {
      if (w->statement_count == STATEMENTS_MAX)
        fail(path, "too many statements");
      w->statements[w->statement_count++] = single ? strdup(line) : text;
      if (!single) {
        text = NULL;
        len = 0;
      }
      continue;
    }
    text = realloc(text, len + more + 1);
    if (!text)
      fail(path, "out of memory");
    memcpy(text + len, line, more + 1);
    len += more;
  }
  fclose(file);
}

static void send_next(const work *w, slot *s) {
  const char *sql = w->statements[s->next];
  int sent = s->next == 0
                 ? PQsendQuery(s->pg, sql)
                 : PQsendQueryParams(s->pg, sql, 0, NULL, NULL, NULL, NULL, 0);
  s->next++;
  if (!sent)
    fail("send", PQerrorMessage(s->pg));
}

static void begin(work *w, slot *s) {
  if (w->next_target == w->target_count)
    return;
  s->pg = PQconnectStart(w->targets[w->next_target++]);
  s->next = 0;
  s->connecting = PGRES_POLLING_WRITING;
  if (!s->pg || PQstatus(s->pg) == CONNECTION_BAD)
    fail("connect", s->pg ? PQerrorMessage(s->pg) : "out of memory");
}

static void take(work *w, PGresult *result) {
  ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    fail("query", PQresultErrorMessage(result));
  int rows = PQntuples(result), columns = PQnfields(result);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      w->bytes += strlen(PQgetvalue(result, r, c));
  w->rows += (unsigned)rows;
  PQclear(result);
}

static void go_on(work *w, slot *s) {
  if (s->connecting != PGRES_POLLING_OK) {
    s->connecting = PQconnectPoll(s->pg);
    if (s->connecting == PGRES_POLLING_FAILED)
      fail("connect", PQerrorMessage(s->pg));
    if (s->connecting == PGRES_POLLING_OK)
      send_next(w, s);
    return;
  }
  if (!PQconsumeInput(s->pg))
    fail("read", PQerrorMessage(s->pg));
  while (!PQisBusy(s->pg)) {
    PGresult *result = PQgetResult(s->pg);
    if (result) {
      take(w, result);
      continue;
    }
    if (s->next < w->statement_count) {
      send_next(w, s);
      continue;
    }
    PQfinish(s->pg);
    s->pg = NULL;
    begin(w, s);
    return;
  }
}

static void run(work *w, slot *slots, size_t count) {
  struct pollfd fds[CONCURRENCY_MAX];
  slot *of[CONCURRENCY_MAX];
  for (size_t i = 0; i < count; i++)
    begin(w, &slots[i]);
  for (;;) {
    nfds_t open = 0;
    for (size_t i = 0; i < count; i++) {
      if (!slots[i].pg)
        continue;
      of[open] = &slots[i];
      fds[open++] = (struct pollfd){
          .fd = PQsocket(slots[i].pg),
          .events =
              slots[i].connecting == PGRES_POLLING_WRITING ? POLLOUT : POLLIN};
    }
    if (!open)
      return;
    if (poll(fds, open, -1) < 0)
      fail("poll", "it failed");
    for (nfds_t i = 0; i < open; i++)
      if (fds[i].revents)
        go_on(w, of[i]);
  }
}

int main(int argc, char **argv) {
  static work w;
  static slot slots[CONCURRENCY_MAX];
  int count = argc > 3 ? atoi(argv[1]) : 0;
  if (count < 1 || count > CONCURRENCY_MAX) {
    fprintf(stderr, "usage: bench_fleet CONCURRENCY SCRIPT CONNINFO..\n");
    return 64;
  }
  read_script(&w, argv[2]);
  w.targets = argv + 3;
  w.target_count = (size_t)argc - 3;
  run(&w, slots, (size_t)count);
  printf("%zu targets, %zu statements each, %llu rows, %llu bytes\n",
         w.target_count, w.statement_count, w.rows, w.bytes);
  return 0;
}
