/* Whole plans through the shell, on a database that the test scripts: the n-th
 * call fails, for every n and every kind of failure. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "plan/read.h"
#include "run_plan.h"
#include "shell/shell.h"

enum { STEPS = 3, SLOW_MS = 20000 };

/* The database: what each step did and what its ledger says. */
typedef struct base {
  int effects[STEPS], rows[STEPS];
  int calls, fail_at;
  driver_class class;
  bool after; /* the call takes effect, then fails */
  int opens;
  bool held; /* the lock is another's */
  volatile int *stop;
} base;

static base db; /* of the test that runs: drivers have no context */

typedef struct job {
  uv_timer_t timer;
  driver_conn *conn;
  char what[32];
  int step;
  driver_done on_done;
  driver_locked on_locked;
  void *ctx;
  bool cancelled;
} job;

struct driver_conn {
  struct uv_loop_s *loop;
  job *job;
  bool dead, in_transaction, closing;
  int effects[STEPS], rows[STEPS]; /* not committed */
  int jobs;
  void (*on_closed)(void *ctx);
  void *ctx;
};

static void conn_free(driver_conn *conn) {
  if (!conn->closing || conn->jobs)
    return;
  if (conn->on_closed)
    conn->on_closed(conn->ctx);
  free(conn);
}

static void on_job_closed(uv_handle_t *handle) {
  job *j = handle->data;
  driver_conn *conn = j->conn;
  free(j);
  conn->jobs--;
  conn_free(conn);
}

static void forget(driver_conn *conn) {
  memset(conn->effects, 0, sizeof conn->effects);
  memset(conn->rows, 0, sizeof conn->rows);
  conn->in_transaction = false;
}

static void commit_it(driver_conn *conn) {
  for (int i = 0; i < STEPS; i++) {
    db.effects[i] += conn->effects[i];
    db.rows[i] += conn->rows[i];
  }
  forget(conn);
}

/* What the call does when it goes well; its one value. */
static int64_t act(driver_conn *conn, const job *j) {
  int *effects = conn->in_transaction ? conn->effects : db.effects;
  int *rows = conn->in_transaction ? conn->rows : db.rows;
  int seen = db.effects[j->step] + conn->effects[j->step];
  if (strcmp(j->what, "begin") == 0)
    conn->in_transaction = true;
  else if (strcmp(j->what, "commit") == 0)
    commit_it(conn);
  else if (strcmp(j->what, "rollback") == 0)
    forget(conn);
  else if (strcmp(j->what, "run") == 0 || strcmp(j->what, "slow") == 0)
    effects[j->step]++;
  else if (strcmp(j->what, "insert") == 0)
    rows[j->step]++;
  else if (strcmp(j->what, "pre") == 0)
    return seen == 0;
  return seen;
}

static const upk_str texts[] = {
    {"1", 1}, {"primary", 7}, {"7", 1}, {"shop", 4}};

static void fill(const job *j, int64_t value, driver_result *result,
                 upk_str *columns, driver_value *values) {
  static const char *const names[] = {"version", "role", "identity.system",
                                      "identity.database"};
  result->columns = columns;
  result->values = values;
  result->rows_affected = -1;
  if (strcmp(j->what, "identity") == 0) {
    for (int i = 0; i < 4; i++) {
      columns[i] = upk_str_from(names[i]);
      values[i] = (driver_value){DRIVER_TEXT, 0, texts[i]};
    }
    result->column_count = 4;
    result->row_count = 1;
  } else if (strcmp(j->what, "present") == 0 || strcmp(j->what, "pre") == 0 ||
             strcmp(j->what, "post") == 0 || strcmp(j->what, "done") == 0) {
    columns[0] = UPK_STR("x");
    values[0] = (driver_value){DRIVER_INT, value, UPK_NO_STR};
    if (strcmp(j->what, "present") == 0)
      values[0].integer = 1;
    result->column_count = result->row_count = 1;
  } else if (strcmp(j->what, "applied") == 0) {
    columns[0] = UPK_STR("step");
    result->column_count = 1;
    static const upk_str ids[] = {{"a0", 2}, {"b1", 2}, {"c2", 2}};
    for (int i = 0; i < STEPS; i++)
      if (db.rows[i])
        values[result->row_count++] = (driver_value){DRIVER_TEXT, 0, ids[i]};
  }
  result->rows_total = (int64_t)result->row_count;
}

static bool fails_now(driver_conn *conn, job *j, driver_result *result) {
  bool now = ++db.calls == db.fail_at;
  if (j->cancelled)
    result->error.class = DRIVER_CANCELLED;
  else if (conn->dead)
    result->error.class = DRIVER_CONNECTION;
  else if (now)
    result->error.class = db.class;
  else
    return false;
  result->error.message = UPK_STR("scripted");
  if (now && db.after && !j->cancelled && !conn->dead)
    act(conn, j);
  if (result->error.class == DRIVER_CONNECTION) {
    conn->dead = true;
    forget(conn);
  }
  return true;
}

static void finish(job *j) {
  driver_conn *conn = j->conn;
  driver_result result = {0};
  upk_str columns[8];
  driver_value values[8];
  if (!fails_now(conn, j, &result))
    fill(j, act(conn, j), &result, columns, values);
  conn->job = NULL;
  uv_close((uv_handle_t *)&j->timer, on_job_closed);
  if (j->on_locked)
    j->on_locked(j->ctx, &result.error, !db.held, UPK_STR("pid 9"));
  else
    j->on_done(j->ctx, &result);
}

static void on_timer(uv_timer_t *timer) { finish(timer->data); }

static job *start(driver_conn *conn, const char *what, driver_done on_done,
                  void *ctx) {
  job *j = calloc(1, sizeof *j);
  assert_null(conn->job); /* one operation at a time */
  snprintf(j->what, sizeof j->what, "%s", what);
  j->conn = conn;
  j->on_done = on_done;
  j->ctx = ctx;
  j->timer.data = j;
  conn->job = j;
  conn->jobs++;
  uv_timer_init(conn->loop, &j->timer);
  uv_timer_start(&j->timer, on_timer, strcmp(what, "slow") == 0 ? SLOW_MS : 0,
                 0);
  if (strcmp(what, "slow") == 0 && db.stop)
    *db.stop = 2;
  return j;
}

static driver_conn *fake_open(struct uv_loop_s *loop,
                              const driver_options *options,
                              driver_done on_done, void *ctx) {
  driver_conn *conn = calloc(1, sizeof *conn);
  assert_true(upk_str_is(options->connect, "secret"));
  conn->loop = loop;
  db.opens++;
  start(conn, "open", on_done, ctx);
  return conn;
}

/* "run 2": what, and the number of the step. */
static void fake_query(driver_conn *conn, const driver_query *query) {
  upk_str rest, what = upk_str_split(query->sql, ' ', &rest);
  char text[32];
  snprintf(text, sizeof text, "%.*s", UPK_FMT(what));
  job *j = start(conn, text, query->on_done, query->ctx);
  if (rest.data)
    j->step = rest.data[0] - '0';
  if (strcmp(text, "insert") == 0)
    j->step = query->params[0].text.data[1] - '0';
  assert_true(query->deadline_ms > 0);
}

static void fake_begin(driver_conn *conn, int64_t deadline_ms,
                       driver_done on_done, void *ctx) {
  assert_true(deadline_ms > 0);
  start(conn, "begin", on_done, ctx);
}

static void fake_commit(driver_conn *conn, int64_t deadline_ms,
                        driver_done on_done, void *ctx) {
  assert_true(deadline_ms > 0);
  start(conn, "commit", on_done, ctx);
}

static void fake_rollback(driver_conn *conn, int64_t deadline_ms,
                          driver_done on_done, void *ctx) {
  assert_true(deadline_ms > 0);
  start(conn, "rollback", on_done, ctx);
}

static void fake_limits(driver_conn *conn, const driver_limits *limits,
                        driver_done on_done, void *ctx) {
  assert_true(limits->statement_ms > 0);
  start(conn, "limits", on_done, ctx);
}

static void fake_cancel(driver_conn *conn) {
  if (!conn->job)
    return;
  conn->job->cancelled = true;
  uv_timer_start(&conn->job->timer, on_timer, 0, 0);
}

static void fake_lock(driver_conn *conn, upk_str key, driver_locked on_locked,
                      void *ctx) {
  assert_true(upk_str_starts(key, "upkeep/"));
  start(conn, "lock", NULL, ctx)->on_locked = on_locked;
}

static bool fake_in_transaction(const driver_conn *conn) {
  return conn->in_transaction;
}

static void fake_close(driver_conn *conn, void (*on_closed)(void *ctx),
                       void *ctx) {
  conn->closing = true;
  conn->on_closed = on_closed;
  conn->ctx = ctx;
  if (conn->job)
    fake_cancel(conn);
  else
    conn_free(conn);
}

static upk_str fake_session(const driver_conn *conn) {
  (void)conn;
  return UPK_STR("pid 7");
}

static const driver fake = {
    .engine = "fake",
    .in_flight_max = 1,
    .jobs_max = 2,
    .open = fake_open,
    .query = fake_query,
    .begin = fake_begin,
    .commit = fake_commit,
    .rollback = fake_rollback,
    .set_limits = fake_limits,
    .cancel = fake_cancel,
    .try_lock = fake_lock,
    .in_transaction = fake_in_transaction,
    .close = fake_close,
    .session = fake_session,
};

/* ---- the caller ---- */

static uint64_t ticks;
static int64_t wall_us(void *ctx) {
  (void)ctx;
  return 1795437180000000;
}
static int64_t monotonic_us(void *ctx) {
  (void)ctx;
  return (int64_t)(uv_hrtime() / 1000);
}
static uint64_t draw(void *ctx) {
  (void)ctx;
  return ++ticks;
}
static const upk_clock clock_of_test = {wall_us, monotonic_us, draw, NULL};

typedef struct fixture {
  upk_arena *arena;
  upk_diags diags;
  char root[64];
  size_t events, secrets;
  volatile int stop;
  const journal_files *files; /* NULL: the system's */
} fixture;

static int setup(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->arena = upk_arena_new(NULL);
  strcpy(f->root, "/tmp/upkeep-shell-XXXXXX");
  assert_non_null(mkdtemp(f->root));
  memset(&db, 0, sizeof db);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  fixture *f = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", f->root);
  assert_int_equal(system(command), 0);
  upk_arena_free(f->arena);
  free(f);
  return 0;
}

static void on_event(void *ctx, const upk_event *event) {
  fixture *f = ctx;
  f->events++;
  assert_int_equal(event->total, STEPS);
  assert_true(event->done <= event->total);
  if (event->json.data) {
    upk_str text = upk_arena_copy(f->arena, event->json);
    f->secrets += strstr(text.data, "secret") != NULL;
  }
}

#define CHECKS(n)                                                              \
  .pre = "[{\"expect\":\"x = 1\",\"name\":\"still\",\"otherwise\":\"skip\","   \
         "\"sql\":\"pre " n "\"}]",                                            \
  .post = "[{\"expect\":\"x = 1\",\"name\":\"after\",\"sql\":\"post " n "\"}]"
#define DONE(n)                                                                \
  "{\"cleanup\":[],\"done\":{\"expect\":\"x = 1\",\"name\":\"done\",\"sql\":"  \
  "\"done " n "\"}}"

static upk_status apply(fixture *f, const char *run_b, unsigned jobs,
                        bool dry_run, upk_outcome *outcome) {
  const run_step steps[STEPS] = {
      {.id = "a0", .retries = 3, .run = "[{\"sql\":\"run 0\"}]", CHECKS("0")},
      {.id = "b1",
       .retries = 3,
       .atomicity = "autocommit",
       .run = run_b,
       .probe = DONE("1"),
       CHECKS("1")},
      {.id = "c2", .retries = 3, .run = "[{\"sql\":\"run 2\"}]", CHECKS("2")},
  };
  const plan *p = NULL;
  upk_diags_init(&f->diags, f->arena);
  upk_str text = run_plan_text(f->arena, steps, STEPS,
                               "[{\"from\":\"a0\",\"to\":\"c2\"}]", RUN_LEDGER);
  assert_int_equal(plan_read(f->arena, text, UPK_STR("p"), &f->diags, &p),
                   UPK_OK);
  upk_apply_request request = {
      .target = {.name = UPK_STR("shop"),
                 .engine = UPK_STR("fake"),
                 .connect = UPK_STR("secret"),
                 .jobs = 1},
      .plan = text,
      .plan_path = UPK_STR("p"),
      .runs_folder = upk_str_from(f->root),
      .host = UPK_STR("h"),
      .user = UPK_STR("u"),
      .jobs = jobs,
      .dry_run = dry_run,
      .on_event = on_event,
      .ctx = f,
      .stop = &f->stop,
  };
  shell_request shell = {.apply = &request,
                         .plan = p,
                         .driver = &fake,
                         .clock = &clock_of_test,
                         .files = f->files,
                         .diags = &f->diags,
                         .hurry = 100};
  return shell_run(&shell, outcome);
}

static upk_str folder_of(fixture *f, const upk_outcome *outcome) {
  return upk_arena_printf(f->arena, "%s/%.*s", f->root, UPK_FMT(outcome->run));
}

static const char run_b[] = "[{\"sql\":\"run 1\"}]";

/* What must be so however the run went. */
static void check_world(fixture *f, upk_status status,
                        const upk_outcome *outcome) {
  size_t rows = 0;
  for (int i = 0; i < STEPS; i++) {
    assert_in_range(db.effects[i], 0, 1);
    assert_in_range(db.rows[i], 0, db.effects[i]);
    if (i != 1) /* b commits by itself, its row comes later */
      assert_int_equal(db.rows[i], db.effects[i]);
    rows += (size_t)db.rows[i];
  }
  assert_int_equal(outcome->total, STEPS);
  assert_true(outcome->applied <= rows);
  if (status == UPK_OK)
    assert_int_equal(rows, STEPS);
  assert_int_equal(f->secrets, 0);
  if (!outcome->run.data)
    return;
  upk_diags_init(&f->diags, f->arena);
  assert_int_equal(upk_log_verify(folder_of(f, outcome), &f->diags, NULL),
                   UPK_OK);
}

static void all_goes_well(void **state) {
  fixture *f = *state;
  upk_outcome outcome = {0};
  for (unsigned jobs = 1; jobs <= 2; jobs++) {
    memset(&db, 0, sizeof db);
    assert_int_equal(apply(f, run_b, jobs, false, &outcome), UPK_OK);
    assert_int_equal(outcome.applied, STEPS);
    assert_int_equal(db.opens, jobs);
    check_world(f, UPK_OK, &outcome);
  }
  assert_true(f->events > 20);
}

static void a_dry_run_changes_nothing(void **state) {
  fixture *f = *state;
  upk_outcome outcome = {0};
  assert_int_equal(apply(f, run_b, 1, true, &outcome), UPK_OK);
  for (int i = 0; i < STEPS; i++)
    assert_int_equal(db.effects[i] + db.rows[i], 0);
  assert_null(outcome.run.data);
}

static void semantic_digest_is_of_the_plan(void **state) {
  fixture *f = *state;
  upk_outcome outcome = {0};
  upk_str first = UPK_NO_STR, second = UPK_NO_STR;
  assert_int_equal(apply(f, run_b, 1, false, &outcome), UPK_OK);
  assert_int_equal(upk_log_verify(folder_of(f, &outcome), &f->diags, &first),
                   UPK_OK);
  memset(&db, 0, sizeof db);
  assert_int_equal(apply(f, run_b, 2, false, &outcome), UPK_OK);
  assert_int_equal(upk_log_verify(folder_of(f, &outcome), &f->diags, &second),
                   UPK_OK);
  assert_true(upk_str_equal(first, second));
}

static void fail_each(fixture *f, driver_class class, bool after,
                      unsigned jobs) {
  for (int n = 1;; n++) {
    upk_outcome outcome = {0};
    memset(&db, 0, sizeof db);
    db.fail_at = n;
    db.class = class;
    db.after = after;
    upk_status status = apply(f, run_b, jobs, false, &outcome);
    check_world(f, status, &outcome);
    if (db.calls < n) {
      assert_int_equal(status, UPK_OK);
      assert_true(n > 20);
      return;
    }
  }
}

static void every_call_may_fail(void **state) {
  static const driver_class classes[] = {
      DRIVER_OTHER,     DRIVER_LOCK_TIMEOUT, DRIVER_TIMEOUT,
      DRIVER_DISK_FULL, DRIVER_CONNECTION,
  };
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    for (unsigned jobs = 1; jobs <= 2; jobs++)
      fail_each(*state, classes[i], false, jobs);
}

static void every_answer_may_be_lost(void **state) {
  fail_each(*state, DRIVER_CONNECTION, true, 1);
  fail_each(*state, DRIVER_TIMEOUT, true, 1);
}

/* The n-th write or sync of the log and of the plan beside it fails. */
static int flawed_calls, flawed_at;

static int64_t flawed_write(void *ctx, int fd, const void *bytes, size_t len) {
  (void)ctx;
  errno = ENOSPC;
  return ++flawed_calls == flawed_at ? -1 : write(fd, bytes, len);
}

static int flawed_sync(void *ctx, int fd) {
  (void)ctx;
  (void)fd;
  errno = EIO;
  return ++flawed_calls == flawed_at ? -1 : 0;
}

static void every_record_may_be_lost(void **state) {
  static const journal_files flawed = {flawed_write, flawed_sync, NULL};
  fixture *f = *state;
  f->files = &flawed;
  for (flawed_at = 1;; flawed_at++) {
    upk_outcome outcome = {0};
    memset(&db, 0, sizeof db);
    flawed_calls = 0;
    upk_status status = apply(f, run_b, 1, false, &outcome);
    if (flawed_calls < flawed_at)
      break;
    assert_int_not_equal(status, UPK_OK);
    assert_int_equal(f->diags.failures, 1); /* it is said, and said once */
    if (flawed_at <= 4)                     /* not even run.begin */
      assert_int_equal(db.effects[0] + db.effects[1] + db.effects[2], 0);
  }
  assert_true(flawed_at > 20);
}

static void a_signal_cancels_what_runs(void **state) {
  fixture *f = *state;
  upk_outcome outcome = {0};
  db.stop = &f->stop;
  assert_int_equal(apply(f, "[{\"sql\":\"slow 1\"}]", 1, false, &outcome),
                   UPK_CANCELLED);
  assert_int_equal(outcome.applied, 1);
  assert_int_equal(outcome.cancelled, 2);
  db.stop = NULL;
  check_world(f, UPK_CANCELLED, &outcome);
}

static void the_holder_is_named(void **state) {
  fixture *f = *state;
  upk_outcome outcome = {0};
  db.held = true;
  assert_int_equal(apply(f, run_b, 1, false, &outcome), UPK_LOCKED);
  assert_null(outcome.run.data);
  assert_non_null(strstr(f->diags.items.items[0].message.data, "pid 9"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
      T(all_goes_well),
      T(a_dry_run_changes_nothing),
      T(semantic_digest_is_of_the_plan),
      T(every_call_may_fail),
      T(every_answer_may_be_lost),
      T(every_record_may_be_lost),
      T(a_signal_cancels_what_runs),
      T(the_holder_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
