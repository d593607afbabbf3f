/* The PostgreSQL driver on a real server; driver_postgres.sh starts it. */
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/registry.h"
#include "facts/session.h"

static const char *local, *tcp; /* conninfo: superuser, and needs a password */

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
                    bool read_only, int64_t timeout_ms) {
  driver_options options = {.target = UPK_STR("test"),
                            .connect = upk_str_from(connect),
                            .application = UPK_STR("upkeep/test"),
                            .read_only = read_only,
                            .connect_timeout_ms = timeout_ms};
  return facts_session_open(s, &driver_postgres, f->arena, &options);
}

static void must_open(fixture *f, facts_session *s) {
  if (!open_on(f, s, local, false, 9000))
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

static void expect_error(facts_session *s, const char *sql, driver_class class,
                         const char *code) {
  assert_false(facts_session_execute(s, upk_str_from(sql), 9000));
  if (s->error.class != class)
    fail_msg("%s: %s: %.*s", sql, driver_class_name(s->error.class),
             UPK_FMT(s->error.message));
  if (code)
    assert_true(upk_str_is(s->error.code, code));
}

static void values_come_typed(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  expect_rows(&f->s,
              "select 1::int2, 9223372036854775807, 7::oid, true, null, "
              "'\xc3\xa9'::text",
              "1,9223372036854775807,7,bool:1,null,'\xc3\xa9';");
  expect_rows(&f->s, "select 1.5::float8, 12::numeric, 1.5::numeric, 1e30",
              "'1.5',12,'1.5','1000000000000000000000000000000';");
  expect_rows(&f->s, "select '\\x00fF'::bytea, array['a','b']",
              "'00ff','{a,b}';");
  must(&f->s, "create temp table t (i int)");
  must(&f->s, "insert into t select generate_series(1, 5)");
  assert_int_equal(f->s.rows_affected, 5);
}

typedef struct answer {
  bool told;
  driver_class class;
  int64_t integer;
  size_t notices;
  char notice[256], code[8];
} answer;

static void on_answer(void *ctx, const driver_result *result) {
  answer *a = ctx;
  a->told = true;
  a->class = result->error.class;
  if (result->row_count)
    a->integer = result->values[0].integer;
  a->notices = result->notice_count;
  if (result->notice_count) {
    snprintf(a->notice, sizeof a->notice, "%.*s",
             UPK_FMT(result->notices[0].message));
    snprintf(a->code, sizeof a->code, "%.*s", UPK_FMT(result->notices[0].code));
  }
}

static answer wait_for(facts_session *s, answer *a) {
  while (!a->told)
    uv_run(&s->loop, UV_RUN_NOWAIT);
  return *a;
}

static answer ask(facts_session *s, driver_query query) {
  answer a = {0};
  query.on_done = on_answer;
  query.ctx = &a;
  query.rows_max = 1;
  if (!query.deadline_ms)
    query.deadline_ms = 9000;
  s->driver->query(s->conn, &query);
  assert_false(a.told);
  return wait_for(s, &a);
}

static void parameters_are_inferred(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  const driver_value params[] = {
      {.type = DRIVER_INT, .integer = -5},
      {.type = DRIVER_BOOL, .integer = 1},
      {.type = DRIVER_TEXT, .text = UPK_STR("x'; drop table owned; --")},
      {.type = DRIVER_NULL},
  };
  answer a =
      ask(&f->s, (driver_query){.sql = UPK_STR("select case when $2 and $4::int"
                                               " is null then $1 + length($3) "
                                               "end"),
                                .params = params,
                                .param_count = 4});
  assert_int_equal(a.class, DRIVER_NONE);
  assert_int_equal(a.integer, -5 + 24);
}

static void strict_about_statements(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  expect_error(&f->s, "select 1; drop table owned", DRIVER_SYNTAX, "42601");
  expect_error(&f->s, "-- nothing", DRIVER_SYNTAX, NULL);
  expect_error(&f->s, "selec 1", DRIVER_SYNTAX, "42601");
  expect_error(&f->s, "copy public.crowd to stdout", DRIVER_SYNTAX, NULL);
  expect_error(&f->s, "copy public.crowd from stdin", DRIVER_CANCELLED,
               "57014");
  expect_rows(&f->s, "select count(*) from public.crowd", "20000;");
}

static void sessions_are_safe(void **state) {
  fixture *f = *state;
  must_open(f, &f->other);
  must(&f->other, "alter role postgres set statement_timeout = '7s'");
  must(&f->other, "alter role postgres set search_path = public");
  must(&f->other, "alter role postgres set default_transaction_read_only = on");
  must_open(f, &f->s);
  must(&f->s, "alter role postgres reset all");
  expect_rows(&f->s,
              "select current_setting('search_path'), "
              "current_setting('statement_timeout'), "
              "current_setting('timezone'), "
              "current_setting('application_name')",
              "'pg_catalog, pg_temp','0','UTC','upkeep/test';");
}

static void read_only_cannot_write(void **state) {
  fixture *f = *state;
  assert_true(open_on(f, &f->s, local, true, 9000));
  expect_error(&f->s, "create table public.x ()", DRIVER_READ_ONLY, "25006");
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){0}));
  expect_error(&f->s, "create table public.x ()", DRIVER_READ_ONLY, "25006");
}

static void deadlines_hold(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  assert_false(
      facts_session_execute(&f->s, UPK_STR("select pg_sleep(60)"), 100));
  assert_int_equal(f->s.error.class, DRIVER_TIMEOUT);
  assert_true(
      facts_session_set_limits(&f->s, &(driver_limits){.statement_ms = 50}));
  expect_error(&f->s, "select pg_sleep(60)", DRIVER_TIMEOUT, "57014");
  expect_rows(&f->s, "select 1", "1;");
}

static void lock_waits_end(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must_open(f, &f->other);
  must(&f->other, "begin");
  must(&f->other, "lock table public.owned");
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){.lock_ms = 50}));
  expect_error(&f->s, "select * from public.owned", DRIVER_LOCK_TIMEOUT,
               "55P03");
}

/* VACUUM of what one does not own only warns. */
static void warnings_are_told(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must(&f->s, "set role plain");
  answer a = ask(&f->s, (driver_query){.sql = UPK_STR("vacuum public.owned")});
  assert_int_equal(a.class, DRIVER_NONE);
  assert_int_equal(a.notices, 1);
  assert_string_equal(a.code, "01000");
  assert_non_null(strstr(a.notice, "owned"));
}

static void cancel_is_told_apart(void **state) {
  fixture *f = *state;
  answer a = {0};
  must_open(f, &f->s);
  f->s.driver->query(f->s.conn,
                     &(driver_query){.sql = UPK_STR("select pg_sleep(60)"),
                                     .deadline_ms = 60000,
                                     .on_done = on_answer,
                                     .ctx = &a});
  uv_run(&f->s.loop, UV_RUN_NOWAIT);
  f->s.driver->cancel(f->s.conn);
  assert_int_equal(wait_for(&f->s, &a).class, DRIVER_CANCELLED);
  /* nothing of it reaches the next statement */
  expect_rows(&f->s, "select pg_sleep(0.2)", "'';");
}

static void limits_outlive_rollback(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must(&f->s, "begin");
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){.lock_ms = 77}));
  assert_true(f->s.driver->in_transaction(f->s.conn));
  assert_true(facts_session_rollback(&f->s, 9000));
  assert_false(f->s.driver->in_transaction(f->s.conn));
  expect_rows(&f->s, "select current_setting('lock_timeout')", "'77ms';");
  /* in a transaction that has failed, too */
  must(&f->s, "begin");
  expect_error(&f->s, "select 1/0", DRIVER_OTHER, "22012");
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){.lock_ms = 88}));
  assert_true(facts_session_rollback(&f->s, 9000));
  expect_rows(&f->s, "select current_setting('lock_timeout')", "'88ms';");
  assert_true(facts_session_rollback(&f->s, 9000));
}

/* What a step set of its session is gone with the next one's limits. */
static void settings_are_put_back(void **state) {
  static const driver_setting slow[] = {
      {{"vacuum_cost_delay", 17}, {"3ms", 3}},
      {{"vacuum_cost_limit", 17}, {"100", 3}}};
  static const driver_setting other[] = {
      {{"vacuum_cost_limit", 17}, {"it's", 4}}};
  static const driver_setting never[] = {{{"work_mem;drop", 13}, {"1", 1}}};
  static const char ask[] = "select current_setting('vacuum_cost_delay'), "
                            "current_setting('vacuum_cost_limit')";
  fixture *f = *state;
  must_open(f, &f->s);
  must(&f->s, "begin");
  assert_true(facts_session_set_limits(
      &f->s, &(driver_limits){.settings = slow, .setting_count = 2}));
  assert_true(facts_session_rollback(&f->s, 9000));
  expect_rows(&f->s, ask, "'3ms','100';");
  assert_true(facts_session_set_limits(
      &f->s, &(driver_limits){.settings = slow, .setting_count = 1}));
  expect_rows(&f->s, ask, "'3ms','200';");
  assert_false(facts_session_set_limits(
      &f->s, &(driver_limits){.settings = other, .setting_count = 1}));
  assert_false(facts_session_set_limits(
      &f->s, &(driver_limits){.settings = never, .setting_count = 1}));
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){0}));
  expect_rows(&f->s, ask, "'0','200';");
}

static void commit_of_the_failed_fails(void **state) {
  fixture *f = *state;
  answer a = {0};
  must_open(f, &f->s);
  f->s.driver->begin(f->s.conn, 9000, on_answer, &a);
  assert_int_equal(wait_for(&f->s, &a).class, DRIVER_NONE);
  expect_error(&f->s, "select 1/0", DRIVER_OTHER, "22012");
  assert_true(f->s.driver->in_transaction(f->s.conn));
  a.told = false;
  f->s.driver->commit(f->s.conn, 9000, on_answer, &a);
  assert_int_equal(wait_for(&f->s, &a).class, DRIVER_OTHER);
  assert_false(f->s.driver->in_transaction(f->s.conn));
}

static void lost_connections_are_seen(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must(&f->s, "begin");
  expect_error(&f->s, "select pg_terminate_backend(pg_backend_pid())",
               DRIVER_CONNECTION, "57P01");
  assert_false(f->s.driver->in_transaction(f->s.conn));
  expect_error(&f->s, "select 1", DRIVER_CONNECTION, NULL);
  expect_error(&f->s, "select 1", DRIVER_CONNECTION, NULL);
  /* while nothing was asked */
  facts_session_close(&f->s);
  must_open(f, &f->s);
  must_open(f, &f->other);
  char sql[64];
  int pid = 0;
  upk_str name = f->s.driver->session(f->s.conn);
  assert_int_equal(sscanf(name.data, "pid %d", &pid), 1);
  snprintf(sql, sizeof sql, "select pg_terminate_backend(%d)", pid);
  must(&f->other, sql);
  expect_error(&f->s, "select 1", DRIVER_CONNECTION, NULL);
}

/* A backend that is stopped answers nothing, not even a cancel. */
static void silence_ends(void **state) {
  fixture *f = *state;
  int pid = 0;
  must_open(f, &f->s);
  sscanf(f->s.driver->session(f->s.conn).data, "pid %d", &pid);
  if (kill(pid, SIGSTOP) != 0)
    skip();
  assert_false(facts_session_execute(&f->s, UPK_STR("select 1"), 50));
  kill(pid, SIGCONT);
  assert_int_equal(f->s.error.class, DRIVER_CONNECTION);
}

typedef struct lock_answer {
  bool told, granted;
  char holder[256];
} lock_answer;

static void on_locked(void *ctx, const driver_error *error, bool granted,
                      upk_str holder) {
  lock_answer *a = ctx;
  if (error->class != DRIVER_NONE)
    fail_msg("%.*s", UPK_FMT(error->message));
  a->told = true;
  a->granted = granted;
  snprintf(a->holder, sizeof a->holder, "%.*s",
           holder.data ? (int)holder.len : 0, holder.data ? holder.data : "");
}

static lock_answer lock(facts_session *s, const char *key) {
  lock_answer a = {0};
  s->driver->try_lock(s->conn, upk_str_from(key), on_locked, &a);
  while (!a.told)
    uv_run(&s->loop, UV_RUN_NOWAIT);
  return a;
}

static void one_holder_at_a_time(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must_open(f, &f->other);
  assert_true(lock(&f->s, "shop").granted);
  lock_answer a = lock(&f->other, "shop");
  assert_false(a.granted);
  assert_non_null(strstr(a.holder, f->s.driver->session(f->s.conn).data));
  assert_non_null(strstr(a.holder, "user postgres, upkeep/test, from "));
  assert_true(lock(&f->other, "another").granted);
}

static void no_secret_is_told(void **state) {
  fixture *f = *state;
  static const char *const parts[] = {
      "%s password=hunter2",
      "%s password=hunter2 hunter2",
      "%s password=hunter2 hunter2=x",
      "postgresql://u:a@hunter2@127.0.0.1/postgres",
      "postgresql://u:hunter2/x@127.0.0.1/postgres",
      "postgresql://u:hunter2@127.0.0.1:1/postgres",
      "postgresql://hunter2:%%zz@127.0.0.1/postgres",
  };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    upk_buf connect = {0};
    const char *rest = strstr(parts[i], "%s");
    if (rest) {
      upk_buf_str(&connect, upk_str_from(tcp));
      upk_buf_str(&connect, upk_str_from(rest + 2));
    } else {
      upk_buf_str(&connect, upk_str_from(parts[i]));
    }
    assert_false(open_on(f, &f->s, connect.data, true, 9000));
    assert_int_equal(f->s.error.class, DRIVER_CONNECTION);
    if (strstr(f->s.error.message.data, "hunter2"))
      fail_msg("%s: %s", connect.data, f->s.error.message.data);
    facts_session_close(&f->s);
    upk_buf_free(&connect);
  }
}

static void wrong_passwords_have_a_hint(void **state) {
  fixture *f = *state;
  char connect[256];
  snprintf(connect, sizeof connect, "%s password=wrong", tcp);
  assert_false(open_on(f, &f->s, connect, true, 9000));
  assert_non_null(strstr(f->s.error.message.data, "password"));
  assert_true(
      upk_str_is(f->s.error.hint, "check the user name and the password"));
  facts_session_close(&f->s);
  snprintf(connect, sizeof connect, "%s password=open-sesame", tcp);
  assert_true(open_on(f, &f->s, connect, true, 9000));
}

static void absent_servers_are_said(void **state) {
  fixture *f = *state;
  static const char *const names[] = {
      "host=/nonexistent", "host=127.0.0.1 port=1", "host=no-such-host.invalid",
      "service=no-such-service"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_false(open_on(f, &f->s, names[i], true, 9000));
    assert_int_equal(f->s.error.class, DRIVER_CONNECTION);
    assert_true(f->s.error.message.len > 0);
    facts_session_close(&f->s);
  }
}

/* Somebody listens and says nothing. */
static void silent_servers_run_into_the_timeout(void **state) {
  fixture *f = *state;
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(fd, 5), 0);
  getsockname(fd, (struct sockaddr *)&address, &len);
  char connect[64];
  snprintf(connect, sizeof connect, "host=127.0.0.1 port=%d",
           ntohs(address.sin_port));
  assert_false(open_on(f, &f->s, connect, true, 100));
  assert_int_equal(f->s.error.class, DRIVER_CONNECTION);
  assert_true(
      upk_str_is(f->s.error.message, "the server did not answer in time"));
  close(fd);
}

static bool count_rows(void *ctx, const driver_result *batch) {
  *(size_t *)ctx += batch->row_count;
  return true;
}

static bool refuse(void *ctx, const driver_result *batch) {
  *(size_t *)ctx += batch->row_count;
  return false;
}

static void rows_stream_and_stop(void **state) {
  fixture *f = *state;
  size_t rows = 0;
  must_open(f, &f->s);
  assert_true(facts_session_stream(&f->s, UPK_STR("select i from public.crowd"),
                                   9000, count_rows, &rows));
  assert_int_equal(rows, 20000);
  static const char *const queries[] = {
      "select i from public.crowd a, generate_series(1, 100000) b", "select 1"};
  for (size_t i = 0; i < 2; i++) {
    rows = 0;
    assert_false(facts_session_stream(&f->s, upk_str_from(queries[i]), 9000,
                                      refuse, &rows));
    assert_int_equal(f->s.error.class, DRIVER_CANCELLED);
    assert_true(rows > 0 && rows <= 1024);
  }
  expect_rows(&f->s, "select 1", "1;");
}

static void snapshots_see_one_moment(void **state) {
  fixture *f = *state;
  must_open(f, &f->s);
  must_open(f, &f->other);
  must(&f->other, "create table public.moment (i int)");
  assert_true(facts_session_begin_snapshot(&f->s, 9000));
  expect_rows(&f->s, "select count(*) from public.moment", "0;");
  must(&f->other, "insert into public.moment values (1)");
  expect_rows(&f->s, "select count(*) from public.moment", "0;");
  expect_error(&f->s, "create table public.y ()", DRIVER_READ_ONLY, "25006");
  assert_true(facts_session_rollback(&f->s, 9000));
  must(&f->other, "drop table public.moment");
}

typedef struct closing {
  int ended, closed;
} closing;

static void on_end(void *ctx, const driver_result *result) {
  closing *c = ctx;
  assert_int_equal(c->closed, 0);
  assert_int_not_equal(result->error.class, DRIVER_NONE);
  c->ended++;
}

static void on_closed(void *ctx) { ((closing *)ctx)->closed++; }

static void closing_ends_what_runs(void **state) {
  fixture *f = *state;
  closing c = {0}, d = {0};
  must_open(f, &f->s);
  f->s.driver->query(f->s.conn,
                     &(driver_query){.sql = UPK_STR("select pg_sleep(60)"),
                                     .deadline_ms = 60000,
                                     .on_done = on_end,
                                     .ctx = &c});
  f->s.driver->close(f->s.conn, on_closed, &c);
  assert_int_equal(c.ended + c.closed, 0);
  uv_run(&f->s.loop, UV_RUN_DEFAULT);
  /* and while it connects */
  driver_options options = {.connect = upk_str_from(local),
                            .connect_timeout_ms = 9000};
  driver_conn *conn = driver_postgres.open(&f->s.loop, &options, on_end, &d);
  driver_postgres.close(conn, on_closed, &d);
  uv_run(&f->s.loop, UV_RUN_DEFAULT);
  f->s.conn = NULL;
  assert_true(c.ended == 1 && c.closed == 1);
  assert_true(d.ended == 1 && d.closed == 1);
  assert_int_equal(uv_loop_close(&f->s.loop), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      TEST(values_come_typed),
      TEST(parameters_are_inferred),
      TEST(strict_about_statements),
      TEST(sessions_are_safe),
      TEST(read_only_cannot_write),
      TEST(deadlines_hold),
      TEST(lock_waits_end),
      TEST(warnings_are_told),
      TEST(cancel_is_told_apart),
      TEST(limits_outlive_rollback),
      TEST(settings_are_put_back),
      TEST(commit_of_the_failed_fails),
      TEST(lost_connections_are_seen),
      TEST(silence_ends),
      TEST(one_holder_at_a_time),
      TEST(no_secret_is_told),
      TEST(wrong_passwords_have_a_hint),
      TEST(absent_servers_are_said),
      TEST(silent_servers_run_into_the_timeout),
      TEST(rows_stream_and_stop),
      TEST(snapshots_see_one_moment),
      TEST(closing_ends_what_runs),
  };
  if (argc != 3) {
    fprintf(stderr, "usage: live_driver_postgres CONNINFO TCP_CONNINFO\n");
    return 64;
  }
  local = argv[1];
  tcp = argv[2];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
