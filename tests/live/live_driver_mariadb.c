/* The ODBC driver on a real MariaDB server; driver_mariadb.sh starts it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <upkeep/runtime.h>

#include "driver/registry.h"
#include "facts/session.h"

static const char *root, *plain; /* connection strings */

typedef struct fixture {
  upk_arena *arena;
  facts_session s, other;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->arena = upk_arena_new(NULL);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  facts_session_close(&f->s);
  facts_session_close(&f->other);
  upk_arena_free(f->arena);
  free(f);
  return 0;
}

static bool open_on(fixture *f, facts_session *s, const char *connect,
                    bool read_only) {
  driver_options options = {.target = UPK_STR("test"),
                            .connect = upk_str_from(connect),
                            .application = UPK_STR("upkeep/test"),
                            .read_only = read_only,
                            .connect_timeout_ms = 9000};
  return facts_session_open(s, &driver_mariadb, f->arena, &options);
}

static void must_open(fixture *f, facts_session *s) {
  if (!open_on(f, s, root, false))
    fail_msg("%.*s", UPK_FMT(s->error.message));
}

static void say_rows(void *ctx, const driver_result *result) {
  upk_buf *out = ctx;
  for (size_t i = 0; i < result->row_count * result->column_count; i++) {
    const driver_value *v = &result->values[i];
    if (v->type == DRIVER_NULL)
      upk_buf_str(out, UPK_STR("null"));
    else if (v->type == DRIVER_TEXT)
      upk_buf_printf(out, "'%.*s'", UPK_FMT(v->text));
    else
      upk_buf_printf(out, "%s%lld", v->type == DRIVER_BOOL ? "bool:" : "",
                     (long long)v->integer);
    upk_buf_char(out, (i + 1) % result->column_count ? ',' : ';');
  }
}

static void expect_rows(facts_session *s, const char *sql, const char *rows) {
  upk_buf out = {0};
  if (!facts_session_query(s, upk_str_from(sql), 100, 9000, say_rows, &out))
    fail_msg("%s: %.*s", sql, UPK_FMT(s->error.message));
  assert_string_equal(out.len ? out.data : "", rows);
  upk_buf_free(&out);
}

static void must(facts_session *s, const char *sql) {
  if (!facts_session_execute(s, upk_str_from(sql), 9000))
    fail_msg("%s: %.*s", sql, UPK_FMT(s->error.message));
}

static void expect_error(facts_session *s, const char *sql,
                         driver_class class) {
  facts_session_execute(s, upk_str_from(sql), 9000);
  if (s->error.class != class)
    fail_msg("%s: %s: %.*s, %.*s, %.*s", sql, driver_class_name(s->error.class),
             UPK_FMT(s->error.message), UPK_FMT(s->error.code),
             UPK_FMT(s->error.detail));
}

typedef struct answer {
  bool told;
  driver_class class;
  size_t rows, batches, most, stop_at;
  int64_t total;
  char text[1024];
} answer;

static void on_answer(void *ctx, const driver_result *result) {
  answer *a = ctx;
  a->told = true;
  a->class = result->error.class;
  a->total = result->rows_total;
  if (result->error.class != DRIVER_NONE)
    snprintf(a->text, sizeof a->text, "%.*s", UPK_FMT(result->error.message));
  else if (result->row_count && result->values[0].type == DRIVER_TEXT)
    snprintf(a->text, sizeof a->text, "%.*s", UPK_FMT(result->values[0].text));
}

static bool on_batch(void *ctx, const driver_result *batch) {
  answer *a = ctx;
  a->batches++;
  a->rows += batch->row_count;
  if (batch->row_count > a->most)
    a->most = batch->row_count;
  return !a->stop_at || a->rows < a->stop_at;
}

static void wait_for(facts_session *s, const answer *a) {
  while (!a->told)
    uv_run(&s->loop, UV_RUN_ONCE);
}

static answer ask(facts_session *s, driver_query query) {
  answer a = {0};
  query.on_done = on_answer;
  query.ctx = &a;
  driver_mariadb.query(s->conn, &query);
  wait_for(s, &a);
  return a;
}

static void values_come_typed(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  expect_rows(&f->s,
              "select cast(1 as signed), 9223372036854775807, "
              "18446744073709551615, null, 'Zo\xc3\xab \xf0\x9f\xa6\x8a', ''",
              "1,9223372036854775807,'18446744073709551615',null,"
              "'Zo\xc3\xab \xf0\x9f\xa6\x8a','';");
  expect_rows(&f->s,
              "select 1.50, sum(i), x'00fF', date '2026-11-24' from crowd",
              "'1.50',200010000,'00ff','2026-11-24';");
  expect_rows(&f->s,
              "select length(repeat('\xc3\xab', 30000)), "
              "repeat('\xc3\xab', 3)",
              "60000,'\xc3\xab\xc3\xab\xc3\xab';");
  must(&f->s, "create temporary table t (i int)");
  must(&f->s, "insert into t select seq from seq_1_to_5");
  assert_int_equal(f->s.rows_affected, 5);
  must(&f->s, "delete from t where i > 9");
  assert_int_equal(f->s.rows_affected, 0);
}

/* A value longer than any buffer comes whole. */
static void long_values_come_whole(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  upk_buf out = {0};
  assert_true(facts_session_query(
      &f->s, UPK_STR("select repeat('0123456789\xe2\x82\xac', 100000)"), 1,
      9000, say_rows, &out));
  assert_int_equal(out.len, 1300000 + 3);
  for (size_t i = 0; i < 100000; i += 9999)
    assert_memory_equal(out.data + 1 + i * 13, "0123456789\xe2\x82\xac", 13);
  upk_buf_free(&out);
}

static void parameters_are_bound(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  driver_value params[] = {
      {.type = DRIVER_TEXT, .text = UPK_STR("it's \\ `?1` \xf0\x9f\xa6\x8a")},
      {.type = DRIVER_INT, .integer = -7},
      {.type = DRIVER_NULL},
  };
  driver_query query = {
      .sql = UPK_STR("select concat_ws('|', ?2, '?1 \\' ?2', ?1, ?3, ?2) "
                     "-- ?9\n # ?8\n /* ?7 */"),
      .params = params,
      .param_count = 3,
      .rows_max = 1,
      .deadline_ms = 9000};
  answer a = ask(&f->s, query);
  assert_string_equal(a.text, "-7|?1 ' ?2|it's \\ `?1` \xf0\x9f\xa6\x8a|-7");
  query.sql = UPK_STR("select ?4");
  assert_int_equal(ask(&f->s, query).class, DRIVER_SYNTAX);
}

static void rows_stream_and_stop(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  driver_query query = {.sql = UPK_STR("select i from crowd"),
                        .deadline_ms = 9000,
                        .on_rows = on_batch};
  answer a = ask(&f->s, query);
  assert_int_equal(a.class, DRIVER_NONE);
  assert_int_equal(a.rows, 20000);
  assert_int_equal(a.total, 20000);
  assert_true(a.most <= 1024);
  answer b = {.stop_at = 300};
  query.on_done = on_answer;
  query.ctx = &b;
  driver_mariadb.query(f->s.conn, &query);
  wait_for(&f->s, &b);
  assert_int_equal(b.class, DRIVER_CANCELLED);
  assert_true(b.rows < 2000);
  expect_rows(&f->s, "select 1", "1;");
}

static void errors_have_classes(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  expect_error(&f->s, "selec 1", DRIVER_SYNTAX);
  expect_error(&f->s, "select 1; select 2", DRIVER_SYNTAX);
  expect_error(&f->s, "select * from nowhere", DRIVER_SYNTAX);
  expect_error(&f->s, "insert into one values (1)", DRIVER_OTHER);
  assert_true(upk_str_is(f->s.error.code, "23000"));
  expect_error(&f->s, "analyze table nowhere", DRIVER_OTHER);
  assert_true(open_on(f, &f->other, root, true));
  expect_error(&f->other, "delete from one", DRIVER_READ_ONLY);
}

static void passwords_stay_hidden(void **state) {
  fixture *f = *state;
  if (!open_on(f, &f->s, plain, false))
    /* No right to the database: its words have no password. */
    assert_int_equal(f->s.error.class, DRIVER_PRIVILEGE);
  assert_false(open_on(
      f, &f->other, "Driver=/nowhere/open-sesame.so;PWD=open-sesame", false));
  assert_int_equal(f->other.error.class, DRIVER_CONNECTION);
  assert_null(strstr(f->other.error.message.data, "open-sesame"));
  assert_non_null(strstr(f->other.error.message.data, "/nowhere/"));
}

static void transactions_are_known(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  answer a = {0};
  driver_mariadb.begin(f->s.conn, 9000, on_answer, &a);
  wait_for(&f->s, &a);
  assert_true(driver_mariadb.in_transaction(f->s.conn));
  must(&f->s, "update one set i = 5");
  assert_true(driver_mariadb.in_transaction(f->s.conn));
  answer b = {0};
  driver_mariadb.rollback(f->s.conn, 9000, on_answer, &b);
  wait_for(&f->s, &b);
  assert_false(driver_mariadb.in_transaction(f->s.conn));
  expect_rows(&f->s, "select i from one", "1;");
  answer c = {0};
  driver_mariadb.begin(f->s.conn, 9000, on_answer, &c);
  wait_for(&f->s, &c);
  must(&f->s, "create or replace table made (i int)"); /* commits */
  assert_false(driver_mariadb.in_transaction(f->s.conn));
}

static bool limit(facts_session *s, driver_limits limits) {
  answer a = {0};
  driver_mariadb.set_limits(s->conn, &limits, on_answer, &a);
  wait_for(s, &a);
  return a.class == DRIVER_NONE;
}

static void limits_hold_and_go(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must_open(f, &f->other);
  driver_setting setting = {UPK_STR("sort_buffer_size"), UPK_STR("1048576")};
  assert_true(limit(&f->s, (driver_limits){.lock_ms = 300,
                                           .statement_ms = 8000,
                                           .settings = &setting,
                                           .setting_count = 1}));
  expect_rows(&f->s,
              "select @@lock_wait_timeout, @@innodb_lock_wait_timeout, "
              "@@max_statement_time, @@sort_buffer_size",
              "1,1,'8.000000',1048576;");
  must(&f->other, "begin");
  must(&f->other, "update one set i = i");
  expect_error(&f->s, "update one set i = 4", DRIVER_LOCK_TIMEOUT);
  expect_error(&f->s, "alter table one add column j int", DRIVER_LOCK_TIMEOUT);
  must(&f->other, "rollback");
  assert_true(limit(&f->s, (driver_limits){.read_only = true}));
  expect_rows(&f->s, "select @@sort_buffer_size = @@global.sort_buffer_size",
              "1;");
  expect_error(&f->s, "update one set i = 4", DRIVER_READ_ONLY);
}

#define LONG                                                                   \
  "select count(distinct a.i + b.i * c.i) from crowd a, crowd b, crowd c"

/* The server does not work on after the deadline. */
static void deadlines_end_statements(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  driver_query query = {.sql = UPK_STR(LONG), .deadline_ms = 300};
  uint64_t begun = uv_hrtime();
  answer a = ask(&f->s, query);
  assert_int_equal(a.class, DRIVER_TIMEOUT);
  assert_true(uv_hrtime() - begun < (uint64_t)4000000000);
  expect_rows(&f->s,
              "select count(*) from information_schema.processlist where info "
              "like 'select count(distinct%'",
              "0;");
  query = (driver_query){.sql = UPK_STR(LONG), .deadline_ms = 9000};
  answer b = {0};
  query.on_done = on_answer;
  query.ctx = &b;
  driver_mariadb.query(f->s.conn, &query);
  uv_run(&f->s.loop, UV_RUN_NOWAIT);
  driver_mariadb.cancel(f->s.conn);
  wait_for(&f->s, &b);
  assert_int_equal(b.class, DRIVER_CANCELLED);
  expect_rows(&f->s, "select 1", "1;");
}

typedef struct lock_answer {
  bool told, granted;
  char holder[64];
} lock_answer;

static void on_locked(void *ctx, const driver_error *error, bool granted,
                      upk_str holder) {
  lock_answer *a = ctx;
  a->told = true;
  a->granted = granted;
  assert_int_equal(error->class, DRIVER_NONE);
  snprintf(a->holder, sizeof a->holder, "%.*s", UPK_FMT(holder));
}

static lock_answer try_lock(facts_session *s) {
  lock_answer a = {0};
  driver_mariadb.try_lock(s->conn, UPK_STR("apply/1"), on_locked, &a);
  while (!a.told)
    uv_run(&s->loop, UV_RUN_ONCE);
  return a;
}

/* A driver that dies takes its own process with it; the server then lets go of
 * what it held. */
static void a_crash_is_a_lost_connection(void **state) {
  fixture *f = *state;
  char text[128];
  must_open(f, &f->s);
  must_open(f, &f->other);
  assert_true(try_lock(&f->s).granted);
  lock_answer second = try_lock(&f->other);
  assert_false(second.granted);
  upk_str name = driver_mariadb.session(f->s.conn);
  assert_true(upk_str_starts(name, second.holder));
  int pid = atoi(strrchr(name.data, ' '));
  answer a = {0};
  driver_query query = {.sql = UPK_STR("do sleep(50)"),
                        .deadline_ms = 20000,
                        .on_done = on_answer,
                        .ctx = &a};
  driver_mariadb.query(f->s.conn, &query);
  uv_run(&f->s.loop, UV_RUN_NOWAIT);
  snprintf(text, sizeof text, "%.*s", UPK_FMT(name));
  assert_true(pid > 1);
  kill(pid, SIGKILL);
  wait_for(&f->s, &a);
  assert_int_equal(a.class, DRIVER_CONNECTION);
  assert_non_null(strstr(a.text, "ended the process"));
  answer again = ask(
      &f->s, (driver_query){.sql = UPK_STR("select 1"), .deadline_ms = 9000});
  assert_int_equal(again.class, DRIVER_CONNECTION);
  upk_buf sql = {0};
  upk_buf_printf(&sql, "kill %d", atoi(text + strlen("connection ")));
  facts_session_execute(&f->other, upk_buf_view(&sql), 9000);
  upk_buf_free(&sql);
  while (!try_lock(&f->other).granted)
    ;
}

/* Lost by the server: known at the next statement. */
static void a_killed_session_is_lost(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must_open(f, &f->other);
  upk_buf sql = {0};
  upk_buf_printf(
      &sql, "kill %d",
      atoi(driver_mariadb.session(f->s.conn).data + strlen("connection ")));
  must(&f->other, sql.data);
  upk_buf_free(&sql);
  expect_error(&f->s, "select 1", DRIVER_CONNECTION);
  expect_error(&f->s, "select 1", DRIVER_CONNECTION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], UPK_SESSION_VERB) == 0)
    return upk_session_serve();
  if (argc != 3)
    return 2;
  root = argv[1];
  plain = argv[2];
  const struct CMUnitTest tests[] = {
      TEST(values_come_typed),        TEST(long_values_come_whole),
      TEST(parameters_are_bound),     TEST(rows_stream_and_stop),
      TEST(errors_have_classes),      TEST(passwords_stay_hidden),
      TEST(transactions_are_known),   TEST(limits_hold_and_go),
      TEST(deadlines_end_statements), TEST(a_crash_is_a_lost_connection),
      TEST(a_killed_session_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
