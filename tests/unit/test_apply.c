/* upk_apply on a real SQLite file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <upkeep/runtime.h>

#define RUN_ENGINE "sqlite"
#define RUN_IDENTITY                                                           \
  "select '1' as version, 'primary' as role, 5000000 as taken_at, (select v "  \
  "from id) as \\\"identity.system\\\", 'shop' as \\\"identity.database\\\""
#define RUN_SESSION "pragma foreign_keys = on"
#include "run_plan.h"

#define LEDGER                                                                 \
  "\"ledger\":{\"applied\":{\"params\":[{\"from\":\"step.run\"}],\"sql\":"     \
  "\"select step from ledger where run = ?1\"},\"insert\":{\"params\":[{"      \
  "\"from\":\"step.run\"},{\"from\":\"step.id\"},{\"from\":\"step.plan\"},{"   \
  "\"from\":\"step.outcome\"}],\"sql\":\"insert into ledger values (?1, ?2, "  \
  "?3, ?4)\"},\"runs\":{\"params\":[{\"from\":\"step.plan\"}],\"sql\":"        \
  "\"select run from ledger where plan = ?1\"}},"

static const char *const schema =
    "create table id (v); insert into id values ('7');"
    "create table ledger (run, step, plan, outcome);"
    "create table t (x); insert into t values (1), (2), (3);";

typedef struct fixture {
  upk_arena *arena;
  upk_diags diags;
  char root[64];
  upk_str file;
  sqlite3 *db;
  upk_outcome outcome;
} fixture;

static int64_t wall_us(void *ctx) {
  (void)ctx;
  return 1795437180000000;
}
static int64_t monotonic_us(void *ctx) {
  struct timespec now;
  (void)ctx;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
static uint64_t draw(void *ctx) { return ++*(uint64_t *)ctx; }

static int setup(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->arena = upk_arena_new(NULL);
  strcpy(f->root, "/tmp/upkeep-apply-XXXXXX");
  assert_non_null(mkdtemp(f->root));
  f->file = upk_arena_printf(f->arena, "%s/shop.db", f->root);
  assert_int_equal(sqlite3_open(f->file.data, &f->db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(f->db, schema, NULL, NULL, NULL), SQLITE_OK);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  fixture *f = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", f->root);
  sqlite3_close(f->db);
  assert_int_equal(system(command), 0);
  upk_arena_free(f->arena);
  free(f);
  return 0;
}

static int64_t count(fixture *f, const char *sql) {
  sqlite3_stmt *statement = NULL;
  assert_int_equal(sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

static upk_status apply(fixture *f, const run_step *steps, size_t number) {
  uint64_t seed = (uint64_t)f->outcome.total;
  upk_clock clock_of_test = {wall_us, monotonic_us, draw, &seed};
  upk_apply_request request = {
      .target = {.name = UPK_STR("shop"),
                 .engine = UPK_STR("sqlite"),
                 .connect = f->file,
                 .jobs = 4},
      .plan = run_plan_text(f->arena, steps, number, "[]", LEDGER),
      .plan_path = UPK_STR("plan.json"),
      .runs_folder = upk_arena_printf(f->arena, "%s/runs", f->root),
      .host = UPK_STR("h"),
      .user = UPK_STR("u"),
  };
  upk_diags_init(&f->diags, f->arena);
  return upk_apply(&request, &clock_of_test, &f->diags, &f->outcome);
}

static upk_status verify(fixture *f) {
  upk_str folder = upk_arena_printf(f->arena, "%s/runs/%.*s", f->root,
                                    UPK_FMT(f->outcome.run));
  return upk_log_verify(folder, &f->diags, NULL);
}

#define CHECK(name, sql, expect)                                               \
  "[{\"expect\":\"" expect "\",\"name\":\"" name "\",\"sql\":\"" sql "\"}]"

static const run_step delete_one = {
    .id = "delete:t",
    .pre = CHECK("rows", "select count(*) as n from t", "n = 3"),
    .run = "[{\"sql\":\"delete from t where x = 1\"}]",
    .post = CHECK("fewer", "select count(*) as n from t", "n < before.n"),
};

static const run_step vacuum = {
    .id = "vacuum:db",
    .atomicity = "autocommit",
    .pre = "[]",
    .run = "[{\"sql\":\"vacuum\"}]",
    .probe = "{\"cleanup\":[],\"done\":{\"expect\":\"n = 0\",\"name\":\"d\","
             "\"sql\":\"select freelist_count as n from "
             "pragma_freelist_count\"}}",
    .post = "[]",
};

static void steps_are_applied_once(void **state) {
  fixture *f = *state;
  run_step steps[] = {delete_one, vacuum};
  assert_int_equal(apply(f, steps, 2), UPK_OK);
  assert_int_equal(f->outcome.applied, 2);
  assert_int_equal(count(f, "select count(*) from t"), 2);
  assert_int_equal(count(f, "select count(*) from ledger"), 2);
  assert_int_equal(verify(f), UPK_OK);
  assert_int_equal(apply(f, steps, 2), UPK_STALE);
  assert_int_equal(f->diags.items.items[0].code, 3133);
  assert_int_equal(count(f, "select count(*) from t"), 2);
}

static void a_failed_validation_leaves_nothing(void **state) {
  fixture *f = *state;
  run_step step = delete_one;
  step.post = CHECK("more", "select count(*) as n from t", "n > before.n");
  assert_int_equal(apply(f, &step, 1), UPK_ROLLED_BACK);
  assert_int_equal(f->outcome.undone, 1);
  assert_int_equal(count(f, "select count(*) from t"), 3);
  assert_int_equal(count(f, "select count(*) from ledger"), 0);
  assert_int_equal(verify(f), UPK_OK);
}

static void a_wrong_statement_leaves_nothing(void **state) {
  fixture *f = *state;
  run_step step = delete_one;
  step.run = "[{\"sql\":\"delete from t\"},{\"sql\":\"delete from nothing\"}]";
  assert_int_equal(apply(f, &step, 1), UPK_ROLLED_BACK);
  assert_int_equal(count(f, "select count(*) from t"), 3);
  assert_non_null(strstr(f->diags.items.items[0].message.data, "nothing"));
}

static void a_stale_plan_is_refused(void **state) {
  fixture *f = *state;
  assert_int_equal(
      sqlite3_exec(f->db, "delete from t where x = 3", NULL, NULL, NULL),
      SQLITE_OK);
  assert_int_equal(apply(f, &delete_one, 1), UPK_PRECHECK);
  assert_int_equal(f->diags.items.items[0].code, 3134);
  assert_int_equal(
      sqlite3_exec(f->db, "update id set v = '8'", NULL, NULL, NULL),
      SQLITE_OK);
  assert_int_equal(apply(f, &delete_one, 1), UPK_STALE);
  assert_int_equal(f->diags.items.items[0].code, 3131);
}

static void a_locked_database_is_tried_again(void **state) {
  fixture *f = *state;
  run_step step = delete_one;
  step.retries = 1;
  assert_int_equal(sqlite3_exec(f->db, "begin immediate", NULL, NULL, NULL),
                   SQLITE_OK);
  assert_int_equal(apply(f, &step, 1), UPK_ROLLED_BACK);
  assert_int_equal(sqlite3_exec(f->db, "rollback", NULL, NULL, NULL),
                   SQLITE_OK);
  f->outcome.total = 50; /* another run id */
  assert_int_equal(apply(f, &step, 1), UPK_OK);
}

static void another_target_is_refused(void **state) {
  fixture *f = *state;
  f->file = UPK_STR("/nonexistent/x.db");
  assert_int_equal(apply(f, &delete_one, 1), UPK_UNREACHABLE);
  assert_null(f->outcome.run.data);
  assert_int_equal(f->diags.items.items[0].code, 3140);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
      T(steps_are_applied_once),
      T(a_failed_validation_leaves_nothing),
      T(a_wrong_statement_leaves_nothing),
      T(a_stale_plan_is_refused),
      T(a_locked_database_is_tried_again),
      T(another_target_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
