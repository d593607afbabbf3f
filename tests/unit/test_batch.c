/* Batches in the machine, against a fake table: rows are left until a round
 * that took them commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "plan/read.h"
#include "run_plan.h"

/* What happens at the n-th of a word: "pick", "commit", "round" (its ledger's
 * row) ... */
typedef struct twist {
  const char *what;
  int nth;
  machine_fault_kind fault;
  bool ever;        /* from then on */
  bool done;        /* it took effect all the same */
  unsigned stop;    /* an operator's signal before the answer */
  unsigned pause;   /* likewise; goes on at the first sleep after it */
  const char *set;  /* likewise: a change; "hold" and "release" of the step */
  int64_t affected; /* says so many rows; 0: the truth */
  int64_t x;        /* the value of the column x; 0: 1 */
} twist;

typedef struct world {
  upk_arena *arena;
  machine *m;
  const twist *twists;
  size_t twist_count;
  int seen[16];
  int64_t left, moved, taken; /* taken: by the transaction that is open */
  bool in_transaction, paused, held;
  int64_t mono_us, us_a_row;
  upk_buf out, det, obs, said, sizes;
  upk_status status;
  machine_counts counts;
  struct {
    machine_command_kind kind;
    uint64_t id;
    char what[32];
    int64_t limit;
  } queue[64];
  size_t head, tail;
} world;

static const char *word_of(const machine_command *c) {
  switch (c->kind) {
  case MACHINE_BEGIN:
    return "begin";
  case MACHINE_COMMIT:
    return "commit";
  case MACHINE_UNDO_ALL:
    return "rollback";
  case MACHINE_SLEEP:
    return "sleep";
  case MACHINE_LOG:
    return c->event;
  case MACHINE_QUERY:
    return "query";
  default:
    return "-";
  }
}

static void take(world *w, const machine_command *c) {
  upk_str what = upk_str_from(word_of(c));
  if (c->kind == MACHINE_QUERY)
    what = c->sql;
  if (c->kind == MACHINE_REPORT) {
    upk_buf_printf(&w->said, "%d %.*s\n", c->code, UPK_FMT(c->text));
    return;
  }
  if (c->kind == MACHINE_END)
    w->status = c->status;
  if (c->kind == MACHINE_LOG) {
    upk_buf_printf(&w->det, "%s %.*s\n", c->event, UPK_FMT(c->det));
    upk_buf_printf(&w->obs, "%s %.*s\n", c->event, UPK_FMT(c->obs));
  }
  if (c->kind == MACHINE_END || c->kind == MACHINE_CANCEL ||
      c->kind == MACHINE_CLOSE)
    return;
  size_t at = w->tail++ % 64;
  w->queue[at].kind = c->kind;
  w->queue[at].id = c->id;
  w->queue[at].limit = c->param_count ? c->params[0].integer : 0;
  assert_true(what.len < sizeof w->queue[at].what);
  memset(w->queue[at].what, 0, sizeof w->queue[at].what);
  memcpy(w->queue[at].what, what.data, what.len);
  if (upk_str_is(what, "insert") && upk_str_is(c->params[1].text, "round"))
    memcpy(w->queue[at].what, "round", 6);
  if (c->kind != MACHINE_LOG || strcmp(c->event, "step.batch") != 0)
    upk_buf_printf(&w->out, "%s%s", w->out.len ? " " : "", w->queue[at].what);
}

static void hand(world *w, machine_event *event) {
  const machine_command *command;
  event->mono_us = event->wall_us = w->mono_us;
  machine_handle(w->m, event);
  while ((command = machine_next(w->m)))
    take(w, command);
}

static const twist *twist_for(world *w, const char *what) {
  const twist *found = NULL;
  for (size_t i = 0; i < w->twist_count; i++)
    if (strcmp(w->twists[i].what, what) == 0 &&
        (++w->seen[i] == w->twists[i].nth ||
         (w->twists[i].ever && w->seen[i] > w->twists[i].nth)))
      found = &w->twists[i];
  return found;
}

/* What the database does; rows come back by the word "back". */
static int64_t perform(world *w, machine_command_kind kind, const char *what,
                       int64_t limit) {
  int64_t rows = 0;
  if (strcmp(what, "pick") == 0) {
    rows = limit < w->left ? limit : w->left;
    upk_buf_printf(&w->sizes, "%lld ", (long long)limit);
    w->taken += rows;
    w->mono_us += rows * w->us_a_row;
  }
  if (strcmp(what, "back") == 0) {
    rows = limit < w->moved ? limit : w->moved;
    w->taken -= rows;
  }
  if (kind == MACHINE_BEGIN)
    w->in_transaction = true;
  if (kind == MACHINE_COMMIT || (!w->in_transaction && w->taken)) {
    w->moved += w->taken;
    w->left -= w->taken;
    w->taken = 0;
  }
  return rows;
}

static void order(world *w, machine_event_kind kind, unsigned level) {
  machine_event event = {.kind = kind, .level = level};
  hand(w, &event);
}

static void change(world *w, const char *text) {
  machine_event event = {.kind = MACHINE_SET, .text = UPK_STR("ann")};
  bool hold = strcmp(text, "hold") == 0;
  if (hold || strcmp(text, "release") == 0) {
    event.kind = MACHINE_PAUSE;
    event.level = hold;
    event.step = UPK_STR("a");
    w->held = hold;
  } else {
    event.change = upk_str_from(text);
  }
  hand(w, &event);
}

static void answer(world *w) {
  size_t at = w->head++ % 64;
  const char *what = w->queue[at].what;
  machine_command_kind kind = w->queue[at].kind;
  const twist *t = twist_for(w, what);
  static const upk_str x = {"x", 1};
  static const upk_str identity[] = {{"version", 7},
                                     {"role", 4},
                                     {"identity.system", 15},
                                     {"identity.database", 17}};
  static const plan_value same[] = {{PLAN_TEXT, 0, {"1", 1}},
                                    {PLAN_TEXT, 0, {"primary", 7}},
                                    {PLAN_INT, 7, {NULL, 0}},
                                    {PLAN_TEXT, 0, {"shop", 4}}};
  plan_value one = {PLAN_INT, t && t->x ? t->x : 1, UPK_NO_STR};
  machine_event event = {.kind = MACHINE_REPLY, .granted = true};
  w->mono_us += 100;
  if (kind == MACHINE_SLEEP && w->held)
    change(w, "release");
  if (kind == MACHINE_SLEEP && w->paused) {
    w->paused = false;
    order(w, MACHINE_PAUSE, 0);
  }
  if (t && t->stop)
    order(w, MACHINE_STOP, t->stop);
  if (t && t->pause) {
    w->paused = true;
    order(w, MACHINE_PAUSE, 1);
  }
  if (t && t->set)
    change(w, t->set);
  int64_t rows = 0;
  if (!t || !t->fault || t->done)
    rows = perform(w, kind, what, w->queue[at].limit);
  if (kind == MACHINE_SLEEP)
    event.kind = MACHINE_TIMER;
  if (kind == MACHINE_LOG)
    event.kind = MACHINE_LOGGED;
  event.id = w->queue[at].id;
  event.rows = (machine_rows){&x, 1, &one, 1, 1, -1};
  if (strcmp(what, "identity") == 0)
    event.rows = (machine_rows){identity, 4, same, 1, 1, -1};
  if (strcmp(what, "applied") == 0 || strcmp(what, "runs") == 0)
    event.rows = (machine_rows){&x, 1, NULL, 0, 0, -1};
  if (strcmp(what, "pick") == 0 || strcmp(what, "back") == 0)
    event.rows = (machine_rows){NULL, 0, NULL,
                                0,    0, t && t->affected ? t->affected : rows};
  if (t && t->fault)
    event.fault = (machine_fault){.kind = t->fault,
                                  .class = UPK_STR("class"),
                                  .message = UPK_STR("words")};
  if (kind == MACHINE_COMMIT || kind == MACHINE_UNDO_ALL ||
      event.fault.kind == MACHINE_LOST) {
    w->in_transaction = false;
    w->taken = 0;
  }
  event.in_transaction = w->in_transaction;
  hand(w, &event);
}

#define BATCH(more)                                                            \
  "{\"batch\":{\"count\":\"picked.rows\"," more                                \
  "\"run\":[{\"params\":[{\"from\":\"batch.limit\"}],\"returns\":\"picked\","  \
  "\"sql\":\"pick\"},{\"sql\":\"drop\"}],\"start_rows\":10,"                   \
  "\"target_ms\":50"
#define RUN(total)                                                             \
  "[{\"sql\":\"make\"}," BATCH("\"max_rows\":100,") total                      \
      "}},{\"sql\":\"after\"}]"
#define RUN_MORE                                                               \
  "[{\"sql\":\"make\"}," BATCH(                                                \
      "\"max_rows\":100,\"more\":\"picked.rows\",") "}},"                      \
                                                    "{\"sql\":\"after\"}]"
#define UNDO                                                                   \
  "{\"class\":\"inverse\",\"steps\":[{\"batch\":{\"count\":\"put.rows\","      \
  "\"max_rows\":40,\"run\":[{\"params\":[{\"from\":\"batch.limit\"}],"         \
  "\"returns\":\"put\",\"sql\":\"back\"}],\"start_rows\":40,\"target_ms\":50}" \
  "}]}"
#define PROBE                                                                  \
  "{\"cleanup\":[{\"sql\":\"clean\"}],\"done\":{\"expect\":\"x = 1\","         \
  "\"name\":\"done\",\"sql\":\"done\"},\"partial\":{\"expect\":\"x = 1\","     \
  "\"name\":\"part\",\"sql\":\"partial\"}}"

typedef struct scene {
  const char *run, *atomicity, *probe; /* NULL: the plain ones */
  int64_t rows, us_a_row;
  const twist *twists;
  size_t twist_count;
  bool no_ledger;
} scene;

#define TWISTS(...)                                                            \
  .twists = (const twist[]){__VA_ARGS__},                                      \
  .twist_count = sizeof((const twist[]){__VA_ARGS__}) / sizeof(twist)
static world *play(const scene *s) {
  upk_arena *arena = upk_arena_new(NULL);
  world *w = UPK_NEW(arena, world);
  upk_diags diags;
  const plan *p = NULL;
  *w = (world){.arena = arena,
               .twists = s->twists,
               .twist_count = s->twist_count,
               .left = s->rows,
               .us_a_row = s->us_a_row ? s->us_a_row : 1};
  run_step step = {.id = "a",
                   .run = s->run ? s->run : RUN(""),
                   .undo = UNDO,
                   .retries = 2,
                   .atomicity = s->atomicity,
                   .probe = s->probe};
  upk_diags_init(&diags, arena);
  upk_str text =
      run_plan_text(arena, &step, 1, "[]", s->no_ledger ? "" : RUN_LEDGER);
  assert_int_equal(plan_read(arena, text, UPK_STR("p"), &diags, &p), UPK_OK);
  machine_config config = {.plan = p,
                           .jobs = 1,
                           .slots = 1,
                           .seed = 1,
                           .run = UPK_STR("R"),
                           .host = UPK_STR("h"),
                           .user = UPK_STR("u")};
  w->m = machine_new(&config);
  machine_event start = {.kind = MACHINE_START};
  hand(w, &start);
  for (int i = 0; i < 5000 && w->head < w->tail; i++)
    answer(w);
  assert_true(machine_ended(w->m));
  w->counts = machine_count(w->m);
  return w;
}

static void leave(world *w) {
  upk_buf *const all[] = {&w->out, &w->det, &w->obs, &w->said, &w->sizes};
  for (size_t i = 0; i < 5; i++)
    upk_buf_free(all[i]);
  machine_free(w->m);
  upk_arena_free(w->arena);
}

static void expect_rows(const world *w, int64_t left, int64_t moved) {
  assert_int_equal(w->left, left);
  assert_int_equal(w->moved, moved);
}

static void has(const upk_buf *text, const char *part) {
  if (!text->len || !strstr(text->data, part))
    fail_msg("no `%s` in:\n%s", part, text->len ? text->data : "");
}

static size_t count_of(const upk_buf *text, const char *part) {
  size_t count = 0;
  for (const char *at = text->len ? text->data : "";
       (at = strstr(at, part)) != NULL; at++)
    count++;
  return count;
}

/* ---- rounds ---- */

static void each_round_is_a_transaction_with_its_row(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 25});
  expect_rows(w, 0, 25);
  assert_int_equal(w->counts.applied, 1);
  has(&w->out, "step.begin begin make step.statement commit "
               "begin pick drop round commit "
               "begin pick drop round commit step.statement "
               "begin after step.statement post step.check insert commit "
               "step.end");
  assert_string_equal(w->sizes.data, "10 20 ");
  /* The first and the last round are told. */
  has(&w->obs, "step.batch {\"elapsed_us\":");
  has(&w->obs, "\"limit\":10,\"round\":1,\"rows\":10,");
  has(&w->obs, "\"limit\":20,\"round\":2,\"rows\":15,");
  has(&w->obs, "\"rounds\":2,\"rows\":25,");
  leave(w);
}

static void nothing_to_do_is_one_round(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 0});
  assert_int_equal(w->counts.applied, 1);
  has(&w->out, "begin pick drop commit step.statement begin after");
  leave(w);
}

static void the_size_aims_at_a_time(void **state) {
  (void)state;
  /* A row takes 1 ms and a round shall take 50. */
  world *w = play(&(scene){.rows = 400, .us_a_row = 1000});
  expect_rows(w, 0, 400);
  has(&w->sizes, "10 20 40 49 49 ");
  leave(w);
  /* Slow from the start: the size goes down, by halves. */
  w = play(&(scene){.rows = 30, .us_a_row = 100000});
  expect_rows(w, 0, 30);
  has(&w->sizes, "10 5 2 1 1 1 ");
  leave(w);
  /* Fast: never over the most. */
  w = play(&(scene){.rows = 1000});
  has(&w->sizes, "10 20 40 80 100 100 ");
  leave(w);
}

static void a_total_ends_it(void **state) {
  (void)state;
  world *w = play(&(scene){.run = RUN(",\"total_rows\":35"), .rows = 1000});
  expect_rows(w, 965, 35);
  assert_int_equal(w->counts.applied, 1);
  assert_string_equal(w->sizes.data, "10 20 5 ");
  leave(w);
}

static void a_value_may_say_whether_there_is_more(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 35});
  assert_string_equal(w->sizes.data, "10 20 40 ");
  leave(w);
  /* Few rows are not the end, and none is. */
  w = play(&(scene){.run = RUN_MORE, .rows = 35});
  expect_rows(w, 0, 35);
  assert_string_equal(w->sizes.data, "10 20 40 80 ");
  leave(w);
}

/* ---- faults ---- */

static void transient_faults_make_it_smaller(void **state) {
  (void)state;
  world *w = play(
      &(scene){.rows = 60, TWISTS({"pick", 2, .fault = MACHINE_TRANSIENT})});
  expect_rows(w, 0, 60);
  assert_int_equal(w->counts.applied, 1);
  assert_string_equal(w->sizes.data, "10 10 20 40 ");
  has(&w->out, "rollback step.retry sleep begin pick");
  leave(w);
  /* They end: what was done stays, and is said. */
  w = play(
      &(scene){.rows = 60,
               TWISTS({"drop", 2, .fault = MACHINE_TRANSIENT, .ever = true})});
  expect_rows(w, 50, 10);
  assert_int_equal(w->status, UPK_PARTIAL);
  has(&w->said, "3280 step `a` failed: a statement of round 2 failed: words");
  has(&w->obs, "\"left\":\"partial\"");
  leave(w);
}

static void an_error_ends_it_and_rounds_stay(void **state) {
  (void)state;
  world *w =
      play(&(scene){.rows = 60, TWISTS({"drop", 3, .fault = MACHINE_ERROR})});
  expect_rows(w, 30, 30);
  assert_int_equal(w->status, UPK_PARTIAL);
  has(&w->said, "3280 step `a` failed: a statement of round 3 failed");
  assert_int_equal(count_of(&w->out, "undo"), 0);
  leave(w);
}

static void a_lost_session_loses_no_row(void **state) {
  (void)state;
  static const char *const places[] = {"pick", "drop", "round", "begin"};
  for (size_t i = 0; i < 4; i++)
    for (int nth = 1; nth < 4; nth++) {
      world *w = play(&(scene){
          .rows = 60, TWISTS({places[i], nth, .fault = MACHINE_LOST})});
      expect_rows(w, 0, 60);
      assert_int_equal(w->counts.applied, 1);
      leave(w);
    }
  /* Whether the COMMIT arrived does not matter: the rows are there, or not. */
  for (int nth = 1; nth < 5; nth++)
    for (int done = 0; done < 2; done++) {
      world *w = play(&(scene){
          .rows = 60,
          TWISTS({"commit", nth, .fault = MACHINE_LOST, .done = done})});
      expect_rows(w, 0, 60);
      assert_int_equal(w->counts.applied, 1);
      leave(w);
    }
}

static void faults_do_not_show_in_det(void **state) {
  (void)state;
  world *plain = play(&(scene){.rows = 60});
  upk_buf wanted = {0};
  upk_str rest = upk_buf_view(&plain->det);
  while (rest.len) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (!upk_str_starts((upk_str){line.data + line.len - 3, 3}, " {}"))
      upk_buf_printf(&wanted, "%.*s\n", UPK_FMT(line));
  }
  static const twist all[] = {{"pick", 2, .fault = MACHINE_LOST},
                              {"drop", 2, .fault = MACHINE_TRANSIENT},
                              {"round", 2, .fault = MACHINE_LOST},
                              {"pick", 3, .pause = 1}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    world *w = play(&(scene){.rows = 60, .twists = &all[i], .twist_count = 1});
    upk_buf got = {0};
    rest = upk_buf_view(&w->det);
    while (rest.len) {
      upk_str line = upk_str_split(rest, '\n', &rest);
      if (!upk_str_starts((upk_str){line.data + line.len - 3, 3}, " {}"))
        upk_buf_printf(&got, "%.*s\n", UPK_FMT(line));
    }
    assert_string_equal(got.data, wanted.data);
    upk_buf_free(&got);
    leave(w);
  }
  upk_buf_free(&wanted);
  leave(plain);
}

static void a_round_that_is_not_as_expected_is_not_committed(void **state) {
  (void)state;
  static const char run[] =
      "[" BATCH("\"expect\":\"picked.rows <= 10\",\"max_rows\":100,") "}}]";
  world *w = play(&(scene){.run = run, .rows = 60});
  expect_rows(w, 50, 10);
  has(&w->said, "3280 step `a` failed: round 2 is not as expected: ");
  leave(w);
}

static void a_ledger_without_room_rolls_the_round_back(void **state) {
  (void)state;
  world *w =
      play(&(scene){.rows = 60, TWISTS({"round", 2, .fault = MACHINE_ERROR})});
  expect_rows(w, 50, 10);
  has(&w->said, "the ledger's row of round 2 failed");
  leave(w);
}

/* ---- operators ---- */

static void a_stop_finishes_the_round(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 100, TWISTS({"pick", 2, .stop = 1})});
  expect_rows(w, 70, 30);
  assert_int_equal(w->status, UPK_CANCELLED);
  assert_int_equal(w->counts.cancelled, 1);
  has(&w->said, "3281 step `a` cancelled: the run is stopped after 2 rounds "
                "with 30 rows");
  has(&w->obs, "\"left\":\"partial\"");
  leave(w);
  /* At once: the round under way is rolled back. */
  w = play(
      &(scene){.rows = 100,
               TWISTS({"drop", 2, .fault = MACHINE_BROKEN_OFF, .stop = 2})});
  expect_rows(w, 90, 10);
  assert_int_equal(w->status, UPK_CANCELLED);
  leave(w);
}

static void a_pause_holds_between_rounds(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 100, TWISTS({"pick", 2, .pause = 1})});
  expect_rows(w, 0, 100);
  assert_int_equal(w->counts.applied, 1);
  has(&w->out,
      "pick run.note drop round commit step.wait sleep run.note begin pick");
  leave(w);
}

static void an_operator_makes_rounds_smaller(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 100, TWISTS({"pick", 3, .set = "batch=7"})});
  expect_rows(w, 0, 100);
  has(&w->sizes, "10 20 40 7 7 7 7 7 ");
  has(&w->obs, "run.note {\"by\":\"ann\",\"change\":\"batch=7\","
               "\"order\":\"set\",");
  leave(w);
  /* And larger again, up to the plan's bound, 100. */
  w = play(&(scene){
      .rows = 150,
      TWISTS({"pick", 2, .set = "batch=5"}, {"pick", 4, .set = "batch=100"})});
  expect_rows(w, 0, 150);
  has(&w->sizes, "10 20 5 5 10 20 40 ");
  leave(w);
  w = play(&(scene){.rows = 100, TWISTS({"pick", 3, .set = "batch=101"})});
  has(&w->obs, "not set: batch=101: 101 rows is more than the plan's bound, "
               "100");
  has(&w->sizes, "10 20 40 80 ");
  leave(w);
  w = play(&(scene){.rows = 100, TWISTS({"pick", 3, .set = "round=60ms"})});
  has(&w->obs, "60 ms is more than the plan's bound, 50");
  leave(w);
  w = play(&(scene){
      .rows = 100, .us_a_row = 1000, TWISTS({"pick", 2, .set = "round=5ms"})});
  has(&w->sizes, "10 20 10 5 4 4 ");
  leave(w);
}

static void what_is_no_change_is_refused(void **state) {
  static const char *const cases[][2] = {
      {"batch=0", "`0` is no number of rows"},
      {"batch=many", "`many` is no number of rows"},
      {"round=fast", "`fast` is no time of 1ms or more"},
      {"throttle=load1 <= 3", "there is nothing to throttle by"},
      {"jobs=3", "`jobs=3` is no change"},
      {"batch", "`batch` is no change"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world *w =
        play(&(scene){.rows = 50, TWISTS({"pick", 1, .set = cases[i][0]})});
    expect_rows(w, 0, 50);
    has(&w->obs, cases[i][1]);
    leave(w);
  }
}

static void a_step_that_is_held_waits_between_rounds(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 100, TWISTS({"pick", 2, .set = "hold"})});
  expect_rows(w, 0, 100);
  has(&w->obs,
      "step.wait {\"gate\":\"hold\",\"step\":\"a\",\"text\":\"the step "
      "is held by ann, until `upkeep continue R 'a'`\"");
  has(&w->obs, "\"order\":\"release\",\"step\":\"a\"");
  assert_int_equal(w->status, UPK_OK);
  leave(w);
}

static void outside_a_transaction_it_cleans_up(void **state) {
  (void)state;
  world *w = play(&(scene){.atomicity = "autocommit",
                           .probe = PROBE,
                           .rows = 100,
                           TWISTS({"pick", 2, .stop = 1})});
  expect_rows(w, 70, 30);
  assert_int_equal(w->counts.cancelled, 1);
  has(&w->out, "drop round partial clean step.statement step.end");
  leave(w);
  w = play(&(scene){.atomicity = "autocommit", .probe = PROBE, .rows = 100});
  expect_rows(w, 0, 100);
  assert_int_equal(w->counts.applied, 1);
  leave(w);
}

/* ---- undo ---- */

static void a_failed_validation_puts_all_back_in_rounds(void **state) {
  (void)state;
  world *w = play(&(scene){.rows = 100, TWISTS({"post", 1, .x = 2})});
  expect_rows(w, 100, 0);
  assert_int_equal(w->counts.undone, 1);
  assert_int_equal(w->status, UPK_ROLLED_BACK);
  has(&w->out, "rollback step.undo begin back insert commit begin back insert "
               "commit begin back insert commit step.statement step.end");
  leave(w);
  /* A lock is in the way for a while. */
  w = play(&(scene){
      .rows = 100,
      TWISTS({"post", 1, .x = 2}, {"back", 2, .fault = MACHINE_TRANSIENT})});
  expect_rows(w, 100, 0);
  assert_int_equal(w->counts.undone, 1);
  leave(w);
  w = play(&(scene){
      .rows = 100,
      TWISTS({"post", 1, .x = 2}, {"back", 2, .fault = MACHINE_ERROR})});
  expect_rows(w, 40, 60);
  assert_int_equal(w->status, UPK_PARTIAL);
  has(&w->said, "3137");
  leave(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_round_is_a_transaction_with_its_row),
      cmocka_unit_test(nothing_to_do_is_one_round),
      cmocka_unit_test(the_size_aims_at_a_time),
      cmocka_unit_test(a_total_ends_it),
      cmocka_unit_test(transient_faults_make_it_smaller),
      cmocka_unit_test(an_error_ends_it_and_rounds_stay),
      cmocka_unit_test(a_lost_session_loses_no_row),
      cmocka_unit_test(faults_do_not_show_in_det),
      cmocka_unit_test(a_round_that_is_not_as_expected_is_not_committed),
      cmocka_unit_test(a_ledger_without_room_rolls_the_round_back),
      cmocka_unit_test(a_stop_finishes_the_round),
      cmocka_unit_test(a_pause_holds_between_rounds),
      cmocka_unit_test(a_value_may_say_whether_there_is_more),
      cmocka_unit_test(an_operator_makes_rounds_smaller),
      cmocka_unit_test(what_is_no_change_is_refused),
      cmocka_unit_test(a_step_that_is_held_waits_between_rounds),
      cmocka_unit_test(outside_a_transaction_it_cleans_up),
      cmocka_unit_test(a_failed_validation_puts_all_back_in_rounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
