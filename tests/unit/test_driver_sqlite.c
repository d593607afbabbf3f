/* The SQLite driver on real files: what it refuses, what it leaves alone,
 * how it gives up. */
#include "sqlite_fixture.h"

static void values_come_typed(void **state) {
  fixture *f = *state;
  assert_true(open_at(f, f->path, false));
  expect_rows(f, "select id, body from t order by id",
              "1,'one';2,null;3,'00ff';");
  expect_rows(f, "select 9223372036854775807, 1.5, 'a' || char(0) || 'b'",
              "9223372036854775807,'1.5','a\xef\xbf\xbd"
              "b';");
  expect_rows(f, "select cast(x'61ff62' as text)",
              "'a\xef\xbf\xbd"
              "b';");
  assert_true(
      facts_session_execute(&f->s, UPK_STR("delete from t where id > 1"), 99));
  assert_int_equal(f->s.rows_affected, 2);
}

static void strict_about_statements(void **state) {
  fixture *f = *state;
  assert_true(open_at(f, f->path, false));
  expect_error(f, "select 1; drop table t", DRIVER_SYNTAX, NULL);
  expect_error(f, " -- nothing", DRIVER_SYNTAX, NULL);
  expect_error(f, "selec 1", DRIVER_SYNTAX, "SQLITE_ERROR");
  expect_error(f, "select ?1", DRIVER_SYNTAX, NULL);
  /* a misspelt "name" is no text */
  expect_error(f, "select \"one\" from t", DRIVER_SYNTAX, "SQLITE_ERROR");
  expect_error(f, "insert into t values (1, 'again')", DRIVER_OTHER,
               "SQLITE_CONSTRAINT");
  expect_rows(f, "select count(*) from t; -- and no more", "3;");
}

static void absent_files_are_not_created(void **state) {
  fixture *f = *state;
  char path[128];
  snprintf(path, sizeof path, "%s/none.db", f->folder);
  assert_false(open_at(f, path, false));
  assert_int_equal(f->s.error.class, DRIVER_CONNECTION);
  assert_int_not_equal(access(path, F_OK), 0);
  /* the path is a secret */
  assert_null(strstr(f->s.error.message.data, "none.db"));
  /* still answers, and closes */
  expect_error(f, "select 1", DRIVER_CONNECTION, NULL);
}

static void odd_names_are_refused(void **state) {
  fixture *f = *state;
  static const char *const names[] = {"", ":memory:", "file:x?mode=memory",
                                      "/tmp"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_false(open_at(f, names[i], i % 2));
    assert_int_equal(f->s.error.class, DRIVER_CONNECTION);
    facts_session_close(&f->s);
  }
}

static void what_is_no_database_is_said(void **state) {
  fixture *f = *state;
  char path[128];
  snprintf(path, sizeof path, "%s/text", f->folder);
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 1000; i++)
    fputs("this is no database\n", file);
  fclose(file);
  assert_false(open_at(f, path, true));
  assert_int_equal(f->s.error.class, DRIVER_DAMAGED);
  assert_true(upk_str_is(f->s.error.code, "SQLITE_NOTADB"));
}

static void read_only_cannot_write(void **state) {
  fixture *f = *state;
  assert_true(open_at(f, f->path, true));
  expect_error(f, "delete from t", DRIVER_READ_ONLY, "SQLITE_READONLY");
  facts_session_close(&f->s);
  assert_true(open_at(f, f->path, false));
  assert_true(
      facts_session_set_limits(&f->s, &(driver_limits){.read_only = true}));
  expect_error(f, "delete from t", DRIVER_READ_ONLY, "SQLITE_READONLY");
  static const driver_setting setting = {{"a", 1}, {"b", 1}};
  assert_false(facts_session_set_limits(
      &f->s, &(driver_limits){.settings = &setting, .setting_count = 1}));
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){0}));
  assert_true(facts_session_execute(&f->s, UPK_STR("delete from t"), 999));
}

/* Statements are kept for later; what they give is of now. Another connection
 * changes what `*` stands for. */
static void kept_statements_see_a_changed_schema(void **state) {
  fixture *f = *state;
  sqlite3 *other = NULL;
  assert_true(open_at(f, f->path, false));
  assert_true(facts_session_execute(
                  &f->s,
                  UPK_STR("create table k (a); insert into k values (7)"),
                  999) == false);
  assert_true(facts_session_execute(&f->s, UPK_STR("create table k (a)"), 999));
  assert_true(
      facts_session_execute(&f->s, UPK_STR("insert into k values (7)"), 999));
  expect_rows(f, "select * from k", "7;");
  expect_rows(f, "select * from k", "7;");
  assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
  assert_int_equal(sqlite3_exec(other, "alter table k add column b default 8",
                                NULL, NULL, NULL),
                   SQLITE_OK);
  expect_rows(f, "select * from k", "7,8;");
  assert_int_equal(sqlite3_exec(other, "drop table k", NULL, NULL, NULL),
                   SQLITE_OK);
  expect_error(f, "select * from k", DRIVER_SYNTAX, "SQLITE_ERROR");
  sqlite3_close(other);
  for (int i = 0; i < 20; i++) { /* more than are kept */
    char sql[64];
    snprintf(sql, sizeof sql, "select %d + count(*) from t where 0", i);
    char rows[16];
    snprintf(rows, sizeof rows, "%d;", i);
    expect_rows(f, sql, rows);
  }
}

/* A log that a killed writer left must stay as it is. */
static void looking_leaves_the_log_alone(void **state) {
  fixture *f = *state;
  sqlite3 *writer = NULL;
  assert_int_equal(sqlite3_open(f->path, &writer), SQLITE_OK);
  sqlite3_db_config(writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
  sqlite3_exec(writer,
               "pragma journal_mode = wal; insert into t values (9, 'new')",
               NULL, NULL, NULL);
  sqlite3_close(writer);
  off_t before = size_of(f->path, "-wal");
  assert_true(before > 0);
  assert_true(open_at(f, f->path, true));
  expect_rows(f, "select count(*) from t", "4;");
  expect_rows(f, "select upkeep_file_size('-wal') > 0", "1;");
  facts_session_close(&f->s);
  assert_int_equal(size_of(f->path, "-wal"), before);
}

static void functions_for_collectors(void **state) {
  fixture *f = *state;
  assert_true(open_at(f, f->path, true));
  char expected[32];
  snprintf(expected, sizeof expected, "%lld,0;",
           (long long)size_of(f->path, ""));
  expect_rows(f, "select upkeep_file_size(''), upkeep_file_size('-wal')",
              expected);
  expect_rows(f, "select upkeep_disk_free() between 1 and upkeep_disk_size()",
              "1;");
  expect_rows(f,
              "select upkeep_value('select count(*) from t'), "
              "upkeep_value('select 1 where 0')",
              "3,null;");
  expect_error(f, "select upkeep_value('delete from t')", DRIVER_OTHER, NULL);
  expect_error(f, "select upkeep_file_size('/../x')", DRIVER_OTHER, NULL);
}

#define ENDLESS                                                                \
  "with recursive n(i) as (select 1 union all select i + 1 from n) "           \
  "select count(*) from n"

static void deadlines_hold(void **state) {
  fixture *f = *state;
  assert_true(open_at(f, f->path, false));
  assert_false(facts_session_execute(&f->s, UPK_STR(ENDLESS), 30));
  assert_int_equal(f->s.error.class, DRIVER_TIMEOUT);
  assert_true(
      facts_session_set_limits(&f->s, &(driver_limits){.statement_ms = 30}));
  expect_error(f, ENDLESS, DRIVER_TIMEOUT, "SQLITE_INTERRUPT");
}

static bool refuse(void *ctx, const driver_result *batch) {
  *(size_t *)ctx += batch->row_count;
  return false;
}

static bool count_rows(void *ctx, const driver_result *batch) {
  assert_true(batch->row_count <= 1024);
  *(size_t *)ctx += batch->row_count;
  return true;
}

static void rows_stream_and_stop(void **state) {
  fixture *f = *state;
  size_t rows = 0;
  assert_true(open_at(f, f->path, true));
  const upk_str many = UPK_STR("with recursive n(i) as (select 1 union all "
                               "select i + 1 from n where i < 5000) "
                               "select i from n");
  assert_true(facts_session_stream(&f->s, many, 9000, count_rows, &rows));
  assert_int_equal(rows, 5000);
  rows = 0;
  assert_false(facts_session_stream(&f->s, many, 9000, refuse, &rows));
  assert_int_equal(f->s.error.class, DRIVER_CANCELLED);
  assert_true(rows > 0 && rows <= 1024);
  expect_rows(f, "select 1", "1;");
}

static void lock_waits_end(void **state) {
  fixture *f = *state;
  sqlite3 *other = NULL;
  sqlite3_open(f->path, &other);
  sqlite3_exec(other, "begin immediate", NULL, NULL, NULL);
  assert_true(open_at(f, f->path, false));
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){.lock_ms = 20}));
  expect_error(f, "delete from t", DRIVER_BUSY, "SQLITE_BUSY");
  assert_true(facts_session_set_limits(&f->s, &(driver_limits){0}));
  assert_false(facts_session_execute(&f->s, UPK_STR("delete from t"), 60));
  assert_int_equal(f->s.error.class, DRIVER_TIMEOUT);
  sqlite3_close(other);
}

/* Trap 6: an interrupt rolls the whole transaction back. */
static void lost_transactions_are_seen(void **state) {
  fixture *f = *state;
  assert_true(open_at(f, f->path, false));
  assert_true(facts_session_execute(&f->s, UPK_STR("begin immediate"), 999));
  assert_true(f->s.driver->in_transaction(f->s.conn));
  assert_false(facts_session_execute(
      &f->s,
      UPK_STR("insert into t with recursive n(i) as (select 100 union all "
              "select i + 1 from n) select i, 'x' from n"),
      30));
  assert_false(f->s.driver->in_transaction(f->s.conn));
  assert_true(facts_session_rollback(&f->s, 999));
  expect_rows(f, "select count(*) from t", "3;");
}

typedef struct lock_answer {
  bool told, granted;
  char holder[256];
} lock_answer;

static void on_locked(void *ctx, const driver_error *error, bool granted,
                      upk_str holder) {
  lock_answer *answer = ctx;
  assert_int_equal(error->class, DRIVER_NONE);
  answer->told = true;
  answer->granted = granted;
  snprintf(answer->holder, sizeof answer->holder, "%.*s", UPK_FMT(holder));
}

static lock_answer lock(facts_session *s) {
  lock_answer answer = {0};
  s->driver->try_lock(s->conn, UPK_STR("k"), on_locked, &answer);
  while (!answer.told)
    uv_run(&s->loop, UV_RUN_NOWAIT);
  return answer;
}

static void one_holder_at_a_time(void **state) {
  fixture *f = *state;
  char pid[32];
  assert_true(open_at(f, f->path, false));
  fixture other = {.arena = f->arena};
  assert_true(open_at(&other, f->path, false));
  assert_true(lock(&f->s).granted);
  assert_true(lock(&f->s).granted);
  lock_answer refused = lock(&other.s);
  assert_false(refused.granted);
  snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
  assert_non_null(strstr(refused.holder, pid));
  assert_non_null(strstr(refused.holder, "upkeep/test"));
  facts_session_close(&f->s);
  assert_true(lock(&other.s).granted);
  facts_session_close(&other.s);
}

typedef struct closing {
  int ended, closed;
  driver_class class;
} closing;

static void on_end(void *ctx, const driver_result *result) {
  closing *c = ctx;
  assert_int_equal(c->closed, 0);
  c->ended++;
  c->class = result->error.class;
}

static void on_closed(void *ctx) { ((closing *)ctx)->closed++; }

static void closing_ends_what_runs(void **state) {
  fixture *f = *state;
  closing c = {0};
  assert_true(open_at(f, f->path, false));
  f->s.driver->query(f->s.conn, &(driver_query){.sql = UPK_STR(ENDLESS),
                                                .deadline_ms = 60000,
                                                .on_done = on_end,
                                                .ctx = &c});
  assert_int_equal(c.ended, 0);
  f->s.driver->close(f->s.conn, on_closed, &c);
  uv_run(&f->s.loop, UV_RUN_DEFAULT);
  assert_int_equal(c.ended, 1);
  assert_int_equal(c.closed, 1);
  assert_int_equal(c.class, DRIVER_CANCELLED);
  assert_int_equal(uv_loop_close(&f->s.loop), 0);
  f->s.conn = NULL;
}

static void a_folder_that_is_read_only(void **state) {
  fixture *f = *state;
  raw(f->path, "pragma journal_mode = wal");
  chmod(f->folder, 0555);
  chmod(f->path, 0444);
  assert_true(open_at(f, f->path, true));
  expect_rows(f, "select count(*) from t", "3;");
  facts_session_close(&f->s);
  if (geteuid() != 0) {
    assert_false(open_at(f, f->path, false));
    assert_int_equal(f->s.error.class, DRIVER_READ_ONLY);
  }
  chmod(f->folder, 0755);
}

static void drivers_are_found(void **state) {
  (void)state;
  assert_ptr_equal(driver_find(UPK_STR("sqlite")), &driver_sqlite);
  assert_null(driver_find(UPK_STR("oracle")));
  assert_null(driver_option(UPK_STR("sqlite")));
  assert_string_equal(driver_option(UPK_STR("postgres")),
                      "UPKEEP_WITH_POSTGRES");
  assert_true(driver_class_transient(DRIVER_BUSY));
  assert_false(driver_class_transient(DRIVER_CONNECTION));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(values_come_typed),
      TEST(strict_about_statements),
      TEST(absent_files_are_not_created),
      TEST(odd_names_are_refused),
      TEST(what_is_no_database_is_said),
      TEST(read_only_cannot_write),
      TEST(looking_leaves_the_log_alone),
      TEST(functions_for_collectors),
      TEST(deadlines_hold),
      TEST(rows_stream_and_stop),
      TEST(lock_waits_end),
      TEST(lost_transactions_are_seen),
      TEST(one_holder_at_a_time),
      TEST(closing_ends_what_runs),
      TEST(kept_statements_see_a_changed_schema),
      TEST(a_folder_that_is_read_only),
      cmocka_unit_test(drivers_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
