/* Runs that die: at each record, before and after each answer; taken over by a
 * new machine with what the log says. A small database keeps effects, rows of
 * the ledger and transactions. The end is that of a run which nobody cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal/journal.h"
#include "machine/past.h"
#include "machine/tape.h"
#include "plan/read.h"
#include "run_plan.h"

enum { STEPS = 4, ROWS_MAX = 64 };

/* What a transaction holds back, and what was committed. */
typedef struct change {
  int effect[STEPS], undone[STEPS];
  char rows[ROWS_MAX][2][16];
  size_t row_count;
} change;

typedef struct record {
  const char *event;
  upk_str det, obs;
} record;

typedef struct world {
  upk_arena *arena;
  const plan *plan;
  change base, open; /* `open`: as the session of a transaction sees it */
  bool in_transaction;
  UPK_VEC(record) log;
  int64_t now_us;
  long left; /* answers and records until the process dies; < 0: it lives */
  machine *m;
  bool dead;
  upk_status status;
  UPK_VEC(machine_command) queue;
  size_t head;
} world;

static change *seen(world *w) {
  return w->in_transaction ? &w->open : &w->base;
}

static int step_of(const char *name) { return name[0] - 'a'; }

static upk_str text(world *w, upk_str s) {
  return s.data ? upk_arena_copy(w->arena, s) : s;
}

/* ---- the database ---- */

static void reply_text(world *w, machine_event *event, size_t columns,
                       const plan_value *values, size_t rows) {
  static const upk_str names[] = {{"x", 1}, {"y", 1}};
  (void)w;
  event->rows = (machine_rows){names, columns, values, rows, (int64_t)rows, -1};
}

static void reply_int(world *w, machine_event *event, int64_t x) {
  plan_value *value = UPK_NEW(w->arena, plan_value);
  *value = (plan_value){PLAN_INT, x, UPK_NO_STR};
  reply_text(w, event, 1, value, 1);
}

static void reply_identity(machine_event *event) {
  static const upk_str names[] = {{"role", 4},
                                  {"taken_at", 8},
                                  {"identity.system", 15},
                                  {"identity.database", 17}};
  static const plan_value values[] = {{PLAN_TEXT, 0, {"primary", 7}},
                                      {PLAN_INT, 5000000, {NULL, 0}},
                                      {PLAN_INT, 7, {NULL, 0}},
                                      {PLAN_TEXT, 0, {"shop", 4}}};
  event->rows = (machine_rows){names, 4, values, 1, 1, -1};
}

static void reply_ledger(world *w, machine_event *event) {
  change *c = seen(w);
  plan_value *values =
      UPK_NEW_ARRAY(w->arena, plan_value, 2 * c->row_count + 1);
  for (size_t i = 0; i < c->row_count; i++)
    for (size_t k = 0; k < 2; k++)
      values[2 * i + k] =
          (plan_value){PLAN_TEXT, 0, text(w, upk_str_from(c->rows[i][k]))};
  reply_text(w, event, 2, values, c->row_count);
}

/* "run a", "undo b", "pre", "post c", "done d" ... */
static void query(world *w, const machine_command *command,
                  machine_event *event) {
  change *c = seen(w);
  char verb[16] = "", name[16] = "a";
  sscanf(text(w, command->sql).data, "%15s %15s", verb, name);
  int s = step_of(name);
  if (strcmp(verb, "identity") == 0)
    reply_identity(event);
  else if (strcmp(verb, "applied") == 0)
    reply_ledger(w, event);
  else if (strcmp(verb, "run") == 0)
    c->effect[s]++;
  else if (strcmp(verb, "undo") == 0)
    c->undone[s]++;
  else if (strcmp(verb, "insert") == 0) {
    for (size_t k = 0; k < 2; k++)
      snprintf(c->rows[c->row_count][k], 16, "%.*s",
               UPK_FMT(command->params[k].text));
    c->row_count++;
  } else if (strcmp(verb, "runs") == 0)
    reply_text(w, event, 1, NULL, 0);
  else if (strcmp(verb, "done") == 0 || strcmp(verb, "post") == 0)
    reply_int(w, event, c->effect[s] > c->undone[s]);
  else if (strcmp(verb, "pre") == 0)
    reply_int(w, event, c->effect[s] == c->undone[s]);
  else if (strcmp(verb, "partial") == 0)
    reply_int(w, event, 0);
  else
    reply_int(w, event, 1);
}

static void execute(world *w, const machine_command *command,
                    machine_event *event) {
  event->rows.affected = -1;
  if (command->kind == MACHINE_QUERY) {
    query(w, command, event);
  } else if (command->kind == MACHINE_BEGIN) {
    w->open = w->base;
    w->in_transaction = true;
  } else if (command->kind == MACHINE_COMMIT) {
    w->base = w->open;
    w->in_transaction = false;
  } else if (command->kind == MACHINE_UNDO_ALL) {
    w->in_transaction = false;
  }
  event->in_transaction = w->in_transaction;
}

/* ---- the process ---- */

static bool dies(world *w) {
  if (w->left >= 0 && w->left-- == 0)
    w->dead = true;
  return w->dead;
}

static void write_record(world *w, const machine_command *command) {
  *UPK_PUSH(w->arena, &w->log) =
      (record){command->event,
               upk_arena_printf(w->arena, "%.*s\n", UPK_FMT(command->det)),
               upk_arena_printf(w->arena, "%.*s\n", UPK_FMT(command->obs))};
}

static void hand(world *w, machine_event *event) {
  const machine_command *command;
  w->now_us += 1000;
  event->wall_us = event->mono_us = w->now_us;
  machine_handle(w->m, event);
  while (!w->dead && (command = machine_next(w->m))) {
    machine_command kept = *command;
    if (command->kind == MACHINE_END) {
      w->status = command->status;
      continue;
    }
    if (command->kind == MACHINE_CLOSE || command->kind == MACHINE_REPORT ||
        command->kind == MACHINE_TELL)
      continue;
    if (command->kind == MACHINE_LOG) {
      if (dies(w)) /* before it is written */
        return;
      write_record(w, command);
    }
    plan_value *params =
        UPK_NEW_ARRAY(w->arena, plan_value, command->param_count + 1);
    for (size_t i = 0; i < command->param_count; i++) {
      params[i] = command->params[i];
      params[i].text = text(w, params[i].text);
    }
    kept.params = params;
    kept.sql = text(w, kept.sql);
    *UPK_PUSH(w->arena, &w->queue) = kept;
  }
}

static void answer(world *w, const machine_command *command) {
  static const char head[] =
      "0123456789012345678901234567890123456789012345678901234567890123";
  machine_event event = {.kind = MACHINE_REPLY, .id = command->id};
  if (command->kind == MACHINE_LOG) {
    event.kind = MACHINE_LOGGED;
    event.head = upk_str_from(head);
  } else if (command->kind == MACHINE_SLEEP) {
    event.kind = MACHINE_TIMER;
    w->now_us += command->delay_us;
  } else {
    event.granted = command->kind == MACHINE_LOCK;
    if (dies(w)) /* before it is done */
      return;
    execute(w, command, &event);
    if (dies(w)) /* after it was done */
      return;
  }
  hand(w, &event);
}

static machine_history *fold(world *w) {
  machine_history *h = machine_history_new(w->plan);
  upk_json_error error;
  for (size_t i = 0; i < w->log.len; i++) {
    const record *r = &w->log.items[i];
    assert_true(machine_history_add(h, upk_str_from(r->event),
                                    upk_json_parse(w->arena, r->det, &error),
                                    upk_json_parse(w->arena, r->obs, &error)));
  }
  return h;
}

/* One process, from its start to its end or death. */
static void process(world *w, machine_goal goal, long left) {
  machine_history *h = w->log.len ? fold(w) : NULL;
  machine_config config = {.plan = w->plan,
                           .jobs = 1,
                           .slots = 1,
                           .seed = 1,
                           .goal = goal,
                           .past = h ? machine_history_steps(h) : NULL,
                           .run = UPK_STR("R"),
                           .host = UPK_STR("h"),
                           .user = UPK_STR("u")};
  machine_event start = {.kind = MACHINE_START};
  w->left = left;
  w->dead = false;
  w->status = UPK_USAGE;
  w->queue.len = w->head = 0;
  w->m = machine_new(&config);
  hand(w, &start);
  while (!w->dead && w->head < w->queue.len) {
    machine_command next = w->queue.items[w->head++];
    answer(w, &next);
  }
  assert_true(w->dead || machine_ended(w->m));
  w->in_transaction = false; /* the server sees that nobody is there */
  machine_free(w->m);
  machine_history_free(h);
}

/* ---- scenes ---- */

#define OF(name, atomic, with)                                                 \
  {                                                                            \
    .id = name, .atomicity = atomic, .policy = "p",                            \
    .pre = "[{\"expect\":\"x = 1\",\"name\":\"still\",\"otherwise\":\"skip\"," \
           "\"sql\":\"pre " name "\"}]",                                       \
    .run = "[{\"sql\":\"run " name "\"}]",                                     \
    .post = "[{\"expect\":\"x = 1\",\"name\":\"after\",\"sql\":\"post " name   \
            "\"}]",                                                            \
    .undo = "{\"class\":\"inverse\",\"steps\":[{\"sql\":\"undo " name "\"}]}", \
    with                                                                       \
  }
#define PROBE(name)                                                            \
  .probe = "{\"cleanup\":[{\"sql\":\"clean\"}],\"done\":{\"expect\":\"x = "    \
           "1\",\"name\":\"done\",\"sql\":\"done " name                        \
           "\"},\"partial\":{\"expect\":\"x = 1\",\"name\":\"part\",\"sql\":"  \
           "\"partial\"}}"

static world *make_world(void) {
  static const run_step steps[STEPS] = {
      OF("a", "transaction", .retries = 0),
      OF("b", "autocommit", PROBE("b")),
      OF("c", "transaction", .retries = 0),
      OF("d", "autocommit", PROBE("d")),
  };
  upk_arena *arena = upk_arena_new(NULL);
  world *w = UPK_NEW(arena, world);
  upk_diags diags;
  w->arena = arena;
  upk_diags_init(&diags, arena);
  assert_int_equal(
      plan_read(arena, run_plan_text(arena, steps, STEPS, "[]", RUN_LEDGER),
                UPK_STR("p"), &diags, &w->plan),
      UPK_OK);
  return w;
}

static upk_digest semantic(world *w) {
  journal_semantic *s = journal_semantic_new();
  upk_json_error error;
  for (size_t i = 0; i < w->log.len; i++)
    journal_semantic_add(s, upk_str_from(w->log.items[i].event),
                         upk_json_parse(w->arena, w->log.items[i].det, &error));
  return journal_semantic_finish(s);
}

static void expect_once(const world *w) {
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->base.row_count, STEPS);
  for (int s = 0; s < STEPS; s++)
    assert_int_equal(w->base.effect[s] - w->base.undone[s], 1);
}

/* Dies n moments after its start, for every n until it does not die. */
static void every_death_is_survived(void **state) {
  (void)state;
  world *whole = make_world();
  process(whole, MACHINE_APPLY, -1);
  expect_once(whole);
  upk_digest want = semantic(whole);
  long deaths = 0;
  for (long n = 0;; n++) {
    world *w = make_world();
    process(w, MACHINE_APPLY, n);
    bool died = w->dead;
    if (died)
      process(w, MACHINE_APPLY, -1);
    expect_once(w);
    for (int s = 0; s < STEPS; s++)
      assert_int_equal(w->base.effect[s], 1);
    assert_string_equal(semantic(w).text, want.text);
    upk_arena_free(w->arena);
    if (!died)
      break;
    deaths++;
  }
  assert_true(deaths > 60);
  upk_arena_free(whole->arena);
}

/* The resumed process dies too, at each moment. */
static void deaths_of_the_one_that_resumes_are_survived(void **state) {
  (void)state;
  for (long first = 10; first < 70; first += 3) {
    for (long second = 0;; second++) {
      world *w = make_world();
      process(w, MACHINE_APPLY, first);
      assert_true(w->dead);
      process(w, MACHINE_APPLY, second);
      bool died = w->dead;
      if (died)
        process(w, MACHINE_APPLY, -1);
      expect_once(w);
      upk_arena_free(w->arena);
      if (!died)
        break;
    }
  }
}

/* A log that lost its last records with the machine's memory: all that was not
 * synced may be gone. */
static void a_lost_end_is_survived(void **state) {
  (void)state;
  for (long n = 0;; n++) {
    world *w = make_world();
    process(w, MACHINE_APPLY, n);
    bool died = w->dead;
    while (died && w->log.len) {
      const char *event = w->log.items[w->log.len - 1].event;
      if (strcmp(event, "step.begin") == 0 || strcmp(event, "step.end") == 0 ||
          strcmp(event, "run.begin") == 0)
        break;
      w->log.len--;
    }
    if (died)
      process(w, MACHINE_APPLY, -1);
    expect_once(w);
    upk_arena_free(w->arena);
    if (!died)
      break;
  }
}

static void a_rollback_that_dies_goes_on(void **state) {
  (void)state;
  for (long n = 0;; n++) {
    world *w = make_world();
    process(w, MACHINE_APPLY, -1);
    process(w, MACHINE_ROLLBACK, n);
    bool died = w->dead;
    if (died)
      process(w, MACHINE_ROLLBACK, -1);
    assert_int_equal(w->status, UPK_OK);
    for (int s = 0; s < STEPS; s++) {
      assert_int_equal(w->base.effect[s], 1);
      assert_int_equal(w->base.undone[s], 1);
    }
    assert_int_equal(w->base.row_count, 2 * STEPS);
    upk_arena_free(w->arena);
    if (!died)
      break;
  }
}

/* The target lost what the log says was applied. */
static void a_ledger_that_lost_a_row_stops_it(void **state) {
  (void)state;
  world *w = make_world();
  process(w, MACHINE_APPLY, -1);
  w->log.len--; /* run.end */
  w->base.row_count--;
  process(w, MACHINE_APPLY, -1);
  assert_int_equal(w->status, UPK_STALE);
  upk_arena_free(w->arena);
}

static void a_log_that_lost_an_intent_stops_it(void **state) {
  (void)state;
  world *w = make_world();
  process(w, MACHINE_APPLY, -1);
  w->log.len = 1; /* run.begin alone */
  process(w, MACHINE_APPLY, -1);
  assert_int_equal(w->status, UPK_STALE);
  upk_arena_free(w->arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
      T(every_death_is_survived),
      T(deaths_of_the_one_that_resumes_are_survived),
      T(a_lost_end_is_survived),
      T(a_rollback_that_dies_goes_on),
      T(a_ledger_that_lost_a_row_stops_it),
      T(a_log_that_lost_an_intent_stops_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
