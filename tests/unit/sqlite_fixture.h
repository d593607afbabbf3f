/* A small SQLite file, and a session of the driver on it. */
#ifndef TESTS_SQLITE_FIXTURE_H
#define TESTS_SQLITE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "driver/registry.h"
#include "facts/session.h"

typedef struct fixture {
  char folder[64], path[96];
  upk_arena *arena;
  facts_session s;
} fixture;

static inline void raw(const char *path, const char *sql) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  char *error = NULL;
  if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
    fail_msg("%s: %s", sql, error);
  sqlite3_close(db);
}

static inline int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->folder, "/tmp/upkeep-test-XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
  raw(f->path, "create table t (id integer primary key, body text);"
               "insert into t values (1, 'one'), (2, null), (3, x'00ff');");
  f->arena = upk_arena_new(NULL);
  *state = f;
  return 0;
}

static inline int tear_down(void **state) {
  fixture *f = *state;
  char command[128];
  facts_session_close(&f->s);
  upk_arena_free(f->arena);
  snprintf(command, sizeof command, "rm -rf %s", f->folder);
  int code = system(command);
  free(f);
  return code;
}

static inline bool open_at(fixture *f, const char *path, bool read_only) {
  driver_options options = {.target = UPK_STR("test"),
                            .connect = upk_str_from(path),
                            .application = UPK_STR("upkeep/test"),
                            .read_only = read_only,
                            .connect_timeout_ms = 3000};
  return facts_session_open(&f->s, &driver_sqlite, f->arena, &options);
}

static inline void say(upk_buf *out, const driver_value *value) {
  if (value->type == DRIVER_NULL)
    upk_buf_str(out, UPK_STR("null"));
  else if (value->type == DRIVER_INT)
    upk_buf_printf(out, "%lld", (long long)value->integer);
  else
    upk_buf_printf(out, "'%.*s'", UPK_FMT(value->text));
}

/* Rows as "1,'one';2,null;". */
static inline void say_rows(void *ctx, const driver_result *result) {
  upk_buf *out = ctx;
  for (size_t i = 0; i < result->row_count * result->column_count; i++) {
    say(out, &result->values[i]);
    upk_buf_char(out, (i + 1) % result->column_count ? ',' : ';');
  }
}

static inline void expect_rows(fixture *f, const char *sql, const char *rows) {
  upk_buf out = {0};
  if (!facts_session_query(&f->s, upk_str_from(sql), 100, 3000, say_rows, &out))
    fail_msg("%s: %.*s", sql, UPK_FMT(f->s.error.message));
  assert_string_equal(out.len ? out.data : "", rows);
  upk_buf_free(&out);
}

static inline void expect_error(fixture *f, const char *sql, driver_class class,
                                const char *code) {
  assert_false(facts_session_execute(&f->s, upk_str_from(sql), 3000));
  assert_int_equal(f->s.error.class, class);
  if (code)
    assert_true(upk_str_is(f->s.error.code, code));
}

static inline off_t size_of(const char *path, const char *suffix) {
  char name[160];
  struct stat found;
  snprintf(name, sizeof name, "%s%s", path, suffix);
  return stat(name, &found) == 0 ? found.st_size : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
