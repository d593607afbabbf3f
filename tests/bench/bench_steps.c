/* The peer of 10,000 trivial steps: a plain loop that makes the statements of
 * a plan of SQLite, in the order `upkeep apply` makes them, and as many synced
 * writes to a file beside it.
 *
 *   bench_steps PLAN DATABASE FILE     prints the loop's microseconds
 *
 * Each step: pre-check, synced line, BEGIN IMMEDIATE, statement, post-check,
 * ledger row, COMMIT, synced line. Prepared statements are used again while
 * their text is the same. Reading the plan is not counted. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

enum { LINE_BYTES = 400, CACHED = 16 };

typedef struct bench {
  upk_arena *arena;
  sqlite3 *db;
  sqlite3_stmt *cached[CACHED];
  upk_str texts[CACHED];
  size_t count;
  int log;
  char line[LINE_BYTES];
} bench;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static upk_str load(upk_arena *arena, const char *path) {
  FILE *file = fopen(path, "rb");
  char bytes[65536];
  upk_buf text = {0};
  size_t len;
  if (!file)
    fail(path, "cannot be opened");
  while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
    upk_buf_add(&text, bytes, len);
  fclose(file);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static sqlite3_stmt *statement(bench *b, upk_str sql) {
  for (size_t i = 0; i < b->count; i++)
    if (upk_str_equal(b->texts[i], sql))
      return b->cached[i];
  size_t at = b->count < CACHED ? b->count++ : CACHED - 1;
  sqlite3_finalize(b->cached[at]);
  if (sqlite3_prepare_v2(b->db, sql.data, (int)sql.len, &b->cached[at], NULL))
    fail("prepare", sqlite3_errmsg(b->db));
  b->texts[at] = sql;
  return b->cached[at];
}

/* Literals are bound as they are; what a plan takes from the run is a text. */
static void bind(sqlite3_stmt *stmt, const upk_json *params) {
  for (size_t i = 0; i < upk_json_count(params); i++) {
    const upk_json *value = upk_json_at(params, i);
    int at = (int)i + 1;
    if (value->type == UPK_JSON_STRING)
      sqlite3_bind_text(stmt, at, value->string.data, (int)value->string.len,
                        SQLITE_STATIC);
    else if (value->type == UPK_JSON_INT)
      sqlite3_bind_int64(stmt, at, value->integer);
    else
      sqlite3_bind_text(stmt, at, "as long as a digest is, or a hash of a log",
                        -1, SQLITE_STATIC);
  }
}

static void execute(bench *b, upk_str sql, const upk_json *params) {
  sqlite3_stmt *stmt = statement(b, sql);
  int code;
  bind(stmt, params);
  while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
    (void)sqlite3_column_bytes(stmt, 0);
  if (code != SQLITE_DONE || sqlite3_reset(stmt))
    fail("step", sqlite3_errmsg(b->db));
}

static void checks(bench *b, const upk_json *queries, const upk_json *list) {
  for (size_t i = 0; i < upk_json_count(list); i++) {
    const upk_json *check = upk_json_at(list, i);
    const upk_json *names = upk_json_get(check, "queries");
    const upk_json *params = upk_json_get(check, "params");
    upk_str sql = upk_json_text(check, "sql");
    if (sql.data)
      execute(b, sql, params);
    for (size_t j = 0; j < upk_json_count(names); j++)
      execute(b,
              upk_json_get_str(queries, upk_json_at(names, j)->string)->string,
              params);
  }
}

static void write_line(bench *b) {
  if (write(b->log, b->line, sizeof b->line) != sizeof b->line ||
      fdatasync(b->log))
    fail("log", "cannot be written");
}

static void run_step(bench *b, const upk_json *body, const upk_json *step) {
  const upk_json *queries = upk_json_get(body, "queries");
  const upk_json *run = upk_json_get(step, "run");
  const upk_json *insert = upk_json_get(
      upk_json_get(upk_json_get(body, "engine"), "ledger"), "insert");
  checks(b, queries, upk_json_get(step, "pre"));
  write_line(b);
  execute(b, UPK_STR("begin immediate"), upk_json_at(run, SIZE_MAX));
  for (size_t i = 0; i < upk_json_count(run); i++)
    execute(b, upk_json_text(upk_json_at(run, i), "sql"),
            upk_json_get(upk_json_at(run, i), "params"));
  checks(b, queries, upk_json_get(step, "post"));
  execute(b, upk_json_text(insert, "sql"), upk_json_get(insert, "params"));
  execute(b, UPK_STR("commit"), upk_json_at(run, SIZE_MAX));
  write_line(b);
}

int main(int argc, char **argv) {
  upk_json_error error;
  bench b = {.arena = upk_arena_new(NULL)};
  if (argc != 4)
    fail("usage", "bench_steps PLAN DATABASE FILE");
  const upk_json *plan =
      upk_json_parse(b.arena, load(b.arena, argv[1]), &error);
  if (!plan)
    fail(argv[1], "is no plan");
  const upk_json *body = upk_json_get(plan, "body");
  const upk_json *steps = upk_json_get(body, "steps");
  if (sqlite3_open(argv[2], &b.db))
    fail(argv[2], sqlite3_errmsg(b.db));
  b.log = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  memset(b.line, 'x', sizeof b.line);
  long long start = now_us();
  for (size_t i = 0; i < upk_json_count(steps); i++)
    run_step(&b, body, upk_json_at(steps, i));
  printf("%lld\n", now_us() - start);
  for (size_t i = 0; i < b.count; i++)
    sqlite3_finalize(b.cached[i]);
  sqlite3_close(b.db);
  close(b.log);
  upk_arena_free(b.arena);
  return 0;
}
