/* upk_inspect on a SQLite file: what becomes of rows, and of collectors that
 * fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <upkeep/runtime.h>

#include "facts.h"
#include "facts/table.h"

typedef struct fixture {
  char path[64];
  upk_arena *arena;
  upk_diags diags;
  upk_buf facts;
  upk_str role;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->path, "/tmp/upkeep-inspect-XXXXXX");
  int fd = mkstemp(f->path);
  assert_true(fd >= 0);
  close(fd);
  sqlite3 *db = NULL;
  sqlite3_open(f->path, &db);
  sqlite3_exec(db, "create table a (x); create table \"B\"\"; --\" (y)", NULL,
               NULL, NULL);
  sqlite3_close(db);
  f->arena = upk_arena_new(NULL);
  upk_diags_init(&f->diags, f->arena);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  unlink(f->path);
  upk_arena_free(f->arena);
  upk_buf_free(&f->facts);
  free(f);
  return 0;
}

static int64_t wall_us(void *ctx) {
  (void)ctx;
  return 1700000000000000;
}

static uint64_t random_bits(void *ctx) {
  (void)ctx;
  return 4;
}

static upk_status inspect_as(fixture *f, const char *engine, const char *path,
                             const char *request) {
  const upk_clock clock = {wall_us, wall_us, random_bits, NULL};
  upk_inspect_request asked = {.target = {.name = UPK_STR("shop"),
                                          .engine = upk_str_from(engine),
                                          .connect = upk_str_from(path),
                                          .role = f->role,
                                          .jobs = 1},
                               .request = upk_str_from(request),
                               .connect_timeout_ms = 3000,
                               .statement_timeout_ms = 3000};
  upk_buf_clear(&f->facts);
  return upk_inspect(&asked, &clock, &f->diags, upk_sink_buf(&f->facts));
}

/* A request with these collectors. */
static const char *request_of(fixture *f, const char *collectors) {
  return upk_arena_printf(
             f->arena,
             "{\"capabilities\":[{\"name\":\"broken\",\"sql\":\"select no\"},"
             "{\"name\":\"no\",\"sql\":\"select 0\"},"
             "{\"name\":\"null\",\"sql\":\"select null\"},"
             "{\"name\":\"yes\",\"sql\":\"select 1\"}],"
             "\"collectors\":[%s],\"engine\":\"sqlite\","
             "\"format\":\"upkeep.inspect/1\",\"identity\":{\"sql\":"
             "\"select '3.40.1' as version, 'standalone' as role, 7000000 as "
             "taken_at, 'u-1' as \\\"identity.uuid\\\", null as "
             "\\\"identity.none\\\"\"},\"session\":[]}\n",
             collectors)
      .data;
}

static upk_status inspect(fixture *f, const char *collectors) {
  return inspect_as(f, "sqlite", f->path, request_of(f, collectors));
}

static void expect_code(fixture *f, int code, const char *part) {
  for (size_t i = 0; i < f->diags.items.len; i++)
    if (f->diags.items.items[i].code == code) {
      if (!strstr(f->diags.items.items[i].message.data, part))
        fail_msg("UPK%d says: %.*s", code,
                 UPK_FMT(f->diags.items.items[i].message));
      return;
    }
  fail_msg("there is no UPK%d", code);
}

static void expect_kinds(fixture *f, const char *kinds) {
  const char *at = strstr(f->facts.data, "\"kinds\":");
  const char *end = at ? strstr(at, ",\"role\"") : NULL;
  assert_non_null(end);
  upk_str got = {at + 8, (size_t)(end - at - 8)};
  if (!upk_str_is(got, kinds))
    fail_msg("got  %.*s\nwant %s", UPK_FMT(got), kinds);
}

#define TABLES                                                                 \
  "{\"columns\":[{\"name\":\"name\",\"type\":\"text\"}],\"cost\":\"cheap\","   \
  "\"keys\":[\"name\"],\"kind\":\"table\",\"name\":\"table\",\"variants\":["   \
  "{\"sql\":\"select name from sqlite_schema {filter} order by 1 desc\"}]}"

static void the_head_says_who_and_when(void **state) {
  fixture *f = *state;
  assert_int_equal(inspect(f, ""), UPK_OK);
  assert_string_equal(
      f->facts.data,
      "{\"capabilities\":{\"broken\":false,\"no\":false,\"null\":false,"
      "\"yes\":true},\"collectors\":{},\"engine\":\"sqlite\",\"format\":"
      "\"upkeep.facts/1\",\"identity\":{\"uuid\":\"u-1\"},\"kinds\":{},"
      "\"role\":\"standalone\",\"taken_at\":7000000,\"version\":\"3.40.1\"}\n");
  assert_int_equal(f->diags.items.len, 0);
}

static void rows_are_sorted_by_their_keys(void **state) {
  fixture *f = *state;
  assert_int_equal(inspect(f, TABLES), UPK_OK);
  expect_kinds(f, "{\"table\":{\"columns\":[{\"name\":\"name\",\"type\":"
                  "\"text\"}],\"rows\":[[\"B\\\"; --\"],[\"a\"]]}}");
  upk_facts facts;
  assert_int_equal(upk_facts_read(f->arena, upk_buf_view(&f->facts),
                                  UPK_STR("facts"), &f->diags, &facts),
                   UPK_OK);
}

/* A collector with columns (name, v of a type) and one query. */
static const char *joined(fixture *f, const char *name, const char *type,
                          const char *more, const char *sql) {
  return upk_arena_printf(
             f->arena,
             TABLES ",{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},"
                    "{\"name\":\"v\",\"type\":\"%s\"}],\"cost\":\"measured\","
                    "\"keys\":[\"name\"],\"kind\":\"table\",\"name\":\"%s\","
                    "\"unavailable\":\"not here\",\"variants\":[{%s\"sql\":"
                    "\"%s\"}]}",
             type, name, more, sql)
      .data;
}

static void expect_v(fixture *f, const char *column, const char *b,
                     const char *a) {
  expect_kinds(f, upk_arena_printf(
                      f->arena,
                      "{\"table\":{\"columns\":[{\"name\":\"name\",\"type\":"
                      "\"text\"},{\"name\":\"v\",%s}],\"rows\":[[\"B\\\"; "
                      "--\",%s],[\"a\",%s]]}}",
                      column, b, a)
                      .data);
}

static void further_collectors_are_joined(void **state) {
  fixture *f = *state;
  assert_int_equal(inspect(f, joined(f, "t2", "bytes", "",
                                     "values ('zzz', 1), ('a', 5000000000)")),
                   UPK_OK);
  expect_v(f, "\"type\":\"bytes\"", "null", "5000000000");
  assert_int_equal(f->diags.items.len, 0);
}

static void values_are_converted_or_refused(void **state) {
  static const struct {
    const char *type, *sql, *cell; /* NULL: refused */
  } cases[] = {
      {"int", "9007199254740993", "\"9007199254740993\""},
      {"int", "12.0", "12"},
      {"int", "'-12'", "-12"},
      {"int", "1.5", NULL},
      {"int", "'abc'", NULL},
      {"int", "'99999999999999999999'", NULL},
      {"bool", "1", "true"},
      {"bool", "2", NULL},
      {"bool", "'t'", NULL},
      {"text", "42", "\"42\""},
      {"version", "'14.2'", "\"14.2\""},
      {"version", "'x'", NULL},
      {"list", "'[\\\"p\\\", \\\"q\\\\n\\\"]'", "[\"p\",\"q\\n\"]"},
      {"list", "'{p,\\\"q r\\\"}'", "[\"p\",\"q r\"]"},
      {"list", "'[]'", "[]"},
      {"list", "'{}'", "[]"},
      {"list", "'{a'", NULL},
      {"list", "'{NULL}'", NULL},
      {"list", "'[1]'", NULL},
      {"list", "'['", NULL},
  };
  fixture *f = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t before = f->diags.warnings;
    const char *sql =
        upk_arena_printf(f->arena, "select 'a', %s", cases[i].sql).data;
    assert_int_equal(inspect(f, joined(f, "t2", cases[i].type, "", sql)),
                     UPK_OK);
    if (f->diags.warnings - before != (cases[i].cell ? 0 : 1))
      fail_msg("case %zu: %s", i, cases[i].sql);
    if (cases[i].cell)
      expect_v(
          f, upk_arena_printf(f->arena, "\"type\":\"%s\"", cases[i].type).data,
          "null", cases[i].cell);
    else
      expect_code(f, 3106, "its column v brought what is no");
  }
}

static void failures_leave_a_reason(void **state) {
  fixture *f = *state;
  assert_int_equal(
      inspect(f, joined(f, "t2", "int", "", "select nope from nowhere")),
      UPK_OK);
  expect_v(f,
           "\"reason\":\"no such table: nowhere (SQLITE_ERROR)\",\"type\":"
           "\"int\"",
           "null", "null");
  expect_code(f, 3106, "collector t2 failed");
  assert_non_null(strstr(f->facts.data, "{\"t2\":0,\"table\":0}"));
}

static void slow_collectors_are_ended(void **state) {
  fixture *f = *state;
  const char *sql = "with recursive n(i) as (select 1 union all select i + 1 "
                    "from n) select 'a', count(*) from n";
  const upk_clock clock = {wall_us, wall_us, random_bits, NULL};
  upk_inspect_request asked = {
      .target = {.name = UPK_STR("shop"),
                 .engine = UPK_STR("sqlite"),
                 .connect = upk_str_from(f->path)},
      .request = upk_str_from(request_of(f, joined(f, "t2", "int", "", sql))),
      .statement_timeout_ms = 50};
  assert_int_equal(
      upk_inspect(&asked, &clock, &f->diags, upk_sink_buf(&f->facts)), UPK_OK);
  expect_code(f, 3106, "deadline");
}

/* 3.40.1 is 3 * 10^8 + 40 * 10^4 + 1. */
static void variants_fit_by_version_and_capability(void **state) {
  static const struct {
    const char *more;
    bool fits;
  } cases[] = {
      {"\"max\":300400001,", false},
      {"\"max\":300400002,\"min\":300400001,", true},
      {"\"min\":300400002,", false},
      {"\"needs\":[\"yes\"],", true},
      {"\"needs\":[\"no\",\"yes\"],", false},
      {"\"needs\":[\"absent\"],", false},
  };
  fixture *f = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(
        inspect(f, joined(f, "t2", "int", cases[i].more, "select 'a', 1")),
        UPK_OK);
    bool fits = strstr(f->facts.data, "\"reason\":\"not here\"") == NULL;
    if (fits != cases[i].fits)
      fail_msg("case %zu: %s", i, cases[i].more);
    assert_int_equal(fits, strstr(f->facts.data, "\"t2\":0") != NULL);
  }
}

static void keys_are_whole_and_once(void **state) {
  fixture *f = *state;
  assert_int_equal(
      inspect(f, "{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{"
                 "\"name\":\"v\",\"type\":\"int\"}],\"cost\":\"cheap\","
                 "\"keys\":[\"name\"],\"kind\":\"k\",\"name\":\"k\","
                 "\"variants\":[{\"sql\":\"values ('b', 1), (null, 2), "
                 "('a', 3), ('b', 4)\"}]}"),
      UPK_OK);
  expect_kinds(f, "{\"k\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},"
                  "{\"name\":\"v\",\"type\":\"int\"}],\"rows\":[[\"a\",3],["
                  "\"b\",1]]}}");
  expect_code(f, 3107, "1 rows were left out");
  assert_int_equal(f->diags.warnings, 2);
}

static void unknown_rows_make_all_unknown(void **state) {
  fixture *f = *state;
  assert_int_equal(
      inspect(f, "{\"columns\":[{\"name\":\"name\",\"type\":\"text\"}],"
                 "\"cost\":\"cheap\",\"keys\":[\"name\"],\"kind\":\"k\","
                 "\"name\":\"k\",\"variants\":[{\"sql\":\"select 1, 2\"}]},"
                 "{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{"
                 "\"name\":\"v\",\"type\":\"int\"}],\"cost\":\"cheap\","
                 "\"keys\":[\"name\"],\"kind\":\"k\",\"name\":\"k2\","
                 "\"variants\":[{\"sql\":\"select 'a', 1\"}]}"),
      UPK_OK);
  expect_code(f, 3106, "its query has 2 columns, and 1 are declared");
  expect_kinds(f,
               "{\"k\":{\"columns\":[{\"name\":\"name\",\"reason\":\"its query "
               "has 2 columns, and 1 are declared\",\"type\":\"text\"},{"
               "\"name\":\"v\",\"reason\":\"its query has 2 columns, and 1 are "
               "declared\",\"type\":\"int\"}],\"rows\":[]}}");
}

static void bad_targets_have_their_own_errors(void **state) {
  fixture *f = *state;
  const char *request = request_of(f, "");
  assert_int_equal(inspect_as(f, "sqlite", "/nonexistent/x.db", request),
                   UPK_UNREACHABLE);
  expect_code(f, 3140, "target shop cannot be reached");
  /* the connect string is a secret */
  assert_null(strstr(f->diags.items.items[0].message.data, "x.db"));
  assert_int_equal(access("/nonexistent/x.db", F_OK), -1);
  f->role = UPK_STR("replica");
  assert_int_equal(inspect_as(f, "sqlite", f->path, request), UPK_STALE);
  expect_code(f, 3105, "is a standalone, and its role should be replica");
  assert_int_equal(f->facts.len, 0);
}

static void unknown_engines_are_named(void **state) {
  fixture *f = *state;
  char request[2048];
  snprintf(request, sizeof request, "%s", request_of(f, ""));
  assert_int_equal(inspect_as(f, "postgres", f->path, request), UPK_ERROR);
  expect_code(f, 3100, "is for sqlite, and the target is postgres");
  char *engine = strstr(request, "\"sqlite\"");
  memcpy(engine, "\"oracle\"", 8);
  assert_int_equal(inspect_as(f, "oracle", f->path, request), UPK_USAGE);
  expect_code(f, 3102, "there is no engine oracle");
}

/* Cut anywhere it is refused, and nothing is written. */
static void damaged_requests_are_refused(void **state) {
  fixture *f = *state;
  char request[4096];
  snprintf(request, sizeof request, "%s",
           request_of(f, joined(f, "t2", "int", "", "select 'a', 1")));
  size_t len = strlen(request);
  for (size_t cut = 0; cut + 1 < len; cut += 7) {
    char kept = request[cut];
    request[cut] = '\0';
    assert_int_equal(inspect_as(f, "sqlite", f->path, request), UPK_ERROR);
    assert_int_equal(f->facts.len, 0);
    request[cut] = kept;
  }
  expect_code(f, 3100, "the inspection request is damaged");
  static const char *const wrong[] = {
      "{\"columns\":[],\"cost\":\"cheap\",\"keys\":[],\"kind\":\"k\","
      "\"name\":\"n\",\"variants\":[]}",
      "{\"columns\":[{\"name\":\"a\",\"type\":\"float\"}],\"cost\":\"cheap\","
      "\"keys\":[],\"kind\":\"k\",\"name\":\"n\",\"variants\":[]}",
      "{\"columns\":[{\"name\":\"a\",\"type\":\"int\"}],\"cost\":\"cheap\","
      "\"keys\":[\"b\"],\"kind\":\"k\",\"name\":\"n\",\"variants\":[]}",
      TABLES "," TABLES,
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(inspect(f, wrong[i]), UPK_ERROR);
}

static bool refuse(void *ctx, const char *bytes, size_t len) {
  (void)ctx;
  (void)bytes;
  (void)len;
  return false;
}

static void a_full_disk_is_said(void **state) {
  fixture *f = *state;
  const upk_clock clock = {wall_us, wall_us, random_bits, NULL};
  upk_inspect_request asked = {.target = {.name = UPK_STR("shop"),
                                          .engine = UPK_STR("sqlite"),
                                          .connect = upk_str_from(f->path)},
                               .request = upk_str_from(request_of(f, TABLES))};
  assert_int_equal(
      upk_inspect(&asked, &clock, &f->diags, (upk_sink){refuse, NULL}),
      UPK_ERROR);
  expect_code(f, 3108, "cannot be written");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
/* ---- many ---- */

typedef struct ended {
  size_t order[8], count;
  upk_status status[8];
  upk_str facts[8], said[8];
  upk_arena *arena;
} ended;

static void note_end(void *ctx, size_t index, upk_status status, upk_buf *facts,
                     const upk_diags *said) {
  ended *e = ctx;
  upk_buf text = {0};
  assert_true(index < 8 && !e->said[index].data);
  e->order[e->count++] = index;
  e->status[index] = status;
  e->facts[index] = upk_arena_copy(e->arena, upk_buf_view(facts));
  upk_diags_render_text(said, false, &text);
  e->said[index] = upk_arena_copy(e->arena, upk_buf_view(&text));
  if (!e->said[index].data)
    e->said[index] = UPK_STR("");
  upk_buf_free(&text);
  if (index == 1) { /* taken, and not given back */
    upk_buf_free(facts);
    *facts = (upk_buf){0};
  }
}

/* Rows that take a while. */
#define SLOW                                                                   \
  "{\"columns\":[{\"name\":\"n\",\"type\":\"int\"}],\"cost\":\"cheap\","       \
  "\"keys\":[\"n\"],\"kind\":\"slow\",\"name\":\"slow\",\"variants\":["        \
  "{\"sql\":\"with recursive r(n) as (select 1 union all select n + 1 from r " \
  "where n < 300000) select n from r where n % 100000 = 0\"}]}"

static ended inspect_many(fixture *f, unsigned parallel) {
  const upk_clock clock = {wall_us, wall_us, random_bits, NULL};
  upk_str quick = upk_str_from(request_of(f, TABLES));
  upk_str slow = upk_str_from(request_of(f, SLOW));
  const struct {
    const char *engine, *path;
    upk_str request;
  } rows[] = {{"sqlite", f->path, slow},
              {"sqlite", f->path, quick},
              {"sqlite", "/nonexistent/x.db", quick},
              {"oracle", "x", quick},
              {"sqlite", f->path, UPK_STR("no request")},
              {"sqlite", f->path, UPK_STR("no request")},
              {"sqlite", f->path, quick}};
  enum { COUNT = sizeof rows / sizeof *rows };
  upk_inspect_request requests[COUNT] = {0};
  ended e = {.arena = f->arena};
  for (size_t i = 0; i < COUNT; i++)
    requests[i] = (upk_inspect_request){
        .target = {.name = upk_arena_printf(f->arena, "t%zu", i),
                   .engine = upk_str_from(rows[i].engine),
                   .connect = upk_str_from(rows[i].path),
                   .jobs = 1},
        .request = rows[i].request};
  upk_inspect_many(requests, COUNT, parallel, &clock, note_end, &e);
  assert_int_equal(e.count, COUNT);
  return e;
}

static void many_end_each_by_itself(void **state) {
  static const unsigned parallels[] = {0, 1, 2, 3, 100};
  static const upk_status statuses[] = {
      UPK_OK, UPK_OK, UPK_UNREACHABLE, UPK_ERROR, UPK_ERROR, UPK_ERROR, UPK_OK};
  fixture *f = *state;
  assert_int_equal(inspect_as(f, "sqlite", f->path, request_of(f, TABLES)),
                   UPK_OK);
  for (size_t i = 0; i < sizeof parallels / sizeof *parallels; i++) {
    ended e = inspect_many(f, parallels[i]);
    for (size_t t = 0; t < sizeof statuses / sizeof *statuses; t++) {
      assert_int_equal(e.status[t], statuses[t]);
      assert_int_equal(e.said[t].len > 0, statuses[t] != UPK_OK);
    }
    /* As if each had been alone, and no word of another. */
    assert_true(upk_str_equal(e.facts[1], upk_buf_view(&f->facts)));
    assert_true(upk_str_equal(e.facts[6], upk_buf_view(&f->facts)));
    assert_non_null(strstr(e.said[2].data, "target t2 cannot be reached"));
    assert_null(strstr(e.said[3].data, "t2"));
    assert_non_null(strstr(e.said[4].data, "UPK3100"));
    assert_non_null(strstr(e.said[5].data, "UPK3100"));
    if (parallels[i] < 2) /* one after the other */
      for (size_t t = 0; t < e.count; t++)
        assert_int_equal(e.order[t], t);
    else /* the slow one holds nobody up */
      assert_int_equal(e.order[e.count - 1], 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_head_says_who_and_when),
      TEST(rows_are_sorted_by_their_keys),
      TEST(further_collectors_are_joined),
      TEST(values_are_converted_or_refused),
      TEST(failures_leave_a_reason),
      TEST(slow_collectors_are_ended),
      TEST(variants_fit_by_version_and_capability),
      TEST(keys_are_whole_and_once),
      TEST(unknown_rows_make_all_unknown),
      TEST(bad_targets_have_their_own_errors),
      TEST(unknown_engines_are_named),
      TEST(damaged_requests_are_refused),
      TEST(a_full_disk_is_said),
      TEST(many_end_each_by_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
