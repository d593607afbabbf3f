/* The machine, driven by scripted answers: every transition of machine.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "plan/read.h"
#include "run_plan.h"

/* What the n-th (0: every) command of this text is answered. The text is a
 * query's SQL, or open, limits, lock, begin, commit, rollback, or a record's
 * name. A world without rules is a database where all goes well. */
#define START_US INT64_C(1000000)

typedef struct rule {
  const char *what;
  int nth;
  machine_fault_kind fault;
  const char *code;
  int64_t x;        /* the one column of the row */
  bool no_row;      /* no row comes */
  bool ends;        /* the transaction is over after it */
  bool none;        /* it says that it changed no row */
  unsigned stop;    /* an operator's signal comes before the answer */
  const char *name; /* the column's name, if not x */
  const char *text; /* a text value instead of x */
  int64_t set_us;   /* the wall's clock is set by so much before the answer */
} rule;

typedef struct waiting {
  machine_command_kind kind;
  uint64_t id;
  unsigned session;
  char what[64];
  int64_t delay_us;
} waiting;

typedef struct world {
  upk_arena *arena;
  machine *m;
  const rule *rules;
  size_t rule_count;
  int seen[32];
  waiting queue[256];
  size_t head, tail;
  bool in_transaction[MACHINE_SESSIONS_MAX];
  int64_t mono_us, set_us;
  bool timed;        /* sleeps take their time */
  upk_buf out, said; /* commands in order; diagnostics */
  upk_buf det, obs;  /* of all records, in order */
  upk_status status;
  machine_counts counts;
} world;

static const rule *rule_for(world *w, const char *what) {
  const rule *found = NULL;
  for (size_t i = 0; i < w->rule_count; i++) {
    const rule *r = &w->rules[i];
    if (strcmp(r->what, what) != 0)
      continue;
    w->seen[i]++;
    if (!found && (r->nth == 0 || r->nth == w->seen[i]))
      found = r;
  }
  return found;
}

static void take(world *w, const machine_command *c) {
  static const char *const names[] = {
      [MACHINE_OPEN] = "open",     [MACHINE_LIMITS] = "limits",
      [MACHINE_LOCK] = "lock",     [MACHINE_BEGIN] = "begin",
      [MACHINE_COMMIT] = "commit", [MACHINE_UNDO_ALL] = "rollback",
      [MACHINE_CANCEL] = "cancel", [MACHINE_CLOSE] = "close",
      [MACHINE_SLEEP] = "sleep",   [MACHINE_END] = "end",
      [MACHINE_REPORT] = "report", [MACHINE_QUERY] = "query",
      [MACHINE_LOG] = "log",
  };
  waiting *q = &w->queue[w->tail % 256];
  *q = (waiting){c->kind, c->id, c->session, "", c->delay_us};
  upk_str what = c->kind == MACHINE_QUERY ? c->sql
                 : c->kind == MACHINE_LOG ? upk_str_from(c->event)
                                          : upk_str_from(names[c->kind]);
  assert_true(what.len < sizeof q->what);
  memcpy(q->what, what.data, what.len);
  if (c->kind == MACHINE_REPORT) {
    upk_buf_printf(&w->said, "%d %.*s\n", c->code, UPK_FMT(c->text));
    return;
  }
  if (c->kind == MACHINE_LOG) {
    upk_json_error error;
    upk_str det = upk_arena_printf(w->arena, "%.*s\n", UPK_FMT(c->det));
    upk_str obs = upk_arena_printf(w->arena, "%.*s\n", UPK_FMT(c->obs));
    assert_non_null(upk_json_parse(w->arena, det, &error));
    assert_non_null(upk_json_parse(w->arena, obs, &error));
    upk_buf_str(&w->det, det);
    upk_buf_str(&w->obs, obs);
  }
  upk_buf_printf(&w->out, "%s%s%s", w->out.len ? " " : "",
                 c->kind == MACHINE_LOG && c->sync ? "+" : "", q->what);
  for (size_t i = 0; i < c->setting_count; i++)
    upk_buf_printf(&w->out, "(%.*s=%.*s)", UPK_FMT(c->settings[i].name),
                   UPK_FMT(c->settings[i].value));
  if (c->kind == MACHINE_END)
    w->status = c->status;
  else if (c->kind != MACHINE_CANCEL && c->kind != MACHINE_CLOSE)
    w->tail++;
}

static void hand(world *w, machine_event *event) {
  const machine_command *command;
  event->wall_us = START_US + w->mono_us + w->set_us;
  event->mono_us = w->mono_us;
  machine_handle(w->m, event);
  while ((command = machine_next(w->m)))
    take(w, command);
}

static const upk_str identity_columns[] = {{"version", 7},
                                           {"role", 4},
                                           {"taken_at", 8},
                                           {"identity.system", 15},
                                           {"identity.database", 17}};
static const plan_value identity_values[] = {{PLAN_TEXT, 0, {"1", 1}},
                                             {PLAN_TEXT, 0, {"primary", 7}},
                                             {PLAN_INT, 5000000, {NULL, 0}},
                                             {PLAN_INT, 7, {NULL, 0}},
                                             {PLAN_TEXT, 0, {"shop", 4}}};

static bool is_one_of(const char *what, const char *const *names) {
  for (; *names; names++)
    if (strcmp(what, *names) == 0)
      return true;
  return false;
}

static void fill_rows(world *w, const waiting *q, const rule *r,
                      machine_event *event) {
  static const char *const true_ones[] = {"pre", "post", "done", "present",
                                          NULL};
  static const char *const false_ones[] = {"partial", NULL};
  upk_str *column = UPK_NEW(w->arena, upk_str);
  plan_value *value = UPK_NEW(w->arena, plan_value);
  *column = upk_str_from(r && r->name ? r->name : "x");
  *value = (plan_value){PLAN_INT, r ? r->x : 1, UPK_NO_STR};
  if (r && r->text)
    *value = (plan_value){PLAN_TEXT, 0, upk_str_from(r->text)};
  if (!r && strcmp(q->what, "identity") == 0) {
    event->rows =
        (machine_rows){identity_columns, 5, identity_values, 1, 1, -1};
    return;
  }
  if (!r && is_one_of(q->what, false_ones))
    value->integer = 0;
  else if (!r && !is_one_of(q->what, true_ones))
    return;
  event->rows = (machine_rows){column, 1, value, 1, 1, -1};
  if (r && r->no_row)
    event->rows.count = 0, event->rows.total = 0;
}

static void answer(world *w, const waiting *q) {
  static const char head[] =
      "0123456789012345678901234567890123456789012345678901234567890123";
  const rule *r = rule_for(w, q->what);
  machine_event event = {.kind = MACHINE_REPLY, .id = q->id, .granted = true};
  if (r && r->stop) {
    machine_event stop = {.kind = MACHINE_STOP, .level = r->stop};
    hand(w, &stop);
  }
  if (q->kind == MACHINE_SLEEP)
    event.kind = MACHINE_TIMER;
  if (q->kind == MACHINE_LOG) {
    event.kind = MACHINE_LOGGED;
    event.head = upk_str_from(head);
  }
  if (r && r->fault) {
    event.fault =
        (machine_fault){.kind = r->fault,
                        .class = r->code && strcmp(r->code, "55P03") == 0
                                     ? UPK_STR("lock timeout")
                                     : UPK_STR("class"),
                        .code = upk_str_from(r->code),
                        .message = UPK_STR("words"),
                        .hint = UPK_STR("try this")};
  } else {
    if (q->kind == MACHINE_QUERY)
      fill_rows(w, q, r && !r->stop && !r->ends ? r : NULL, &event);
    event.rows.affected = r && r->none ? 0 : -1;
    if (q->kind == MACHINE_LOCK && r) {
      event.granted = false;
      event.holder = UPK_STR("pid 9");
    }
    if (q->kind == MACHINE_BEGIN)
      w->in_transaction[q->session] = true;
    if (q->kind == MACHINE_COMMIT || q->kind == MACHINE_UNDO_ALL)
      w->in_transaction[q->session] = false;
  }
  if (event.fault.kind == MACHINE_LOST || (r && r->ends))
    w->in_transaction[q->session] = false;
  event.in_transaction = w->in_transaction[q->session];
  w->mono_us += w->timed && q->kind == MACHINE_SLEEP ? q->delay_us : 1000;
  w->set_us += r ? r->set_us : 0;
  hand(w, &event);
}

typedef struct scene {
  const run_step *steps;
  size_t count;
  const char *edges, *ledger;
  const rule *rules;
  size_t rule_count;
  unsigned jobs;
  bool dry_run;
  machine_rehearsal rehearse;
  /* Windows: when steps may run, microseconds since the start of the run. */
  const machine_opening *openings;
  size_t opening_count;
  bool wait, cancels; /* cancels: on_window_end */
  int64_t p90_ms, stop_at_us;
  bool timed; /* sleeps take their time; with openings they do anyway */
} scene;

/* The plan with what its steps' estimates and policies would say. */
static const plan *with_windows(upk_arena *arena, const plan *p,
                                const scene *s) {
  plan *copy = UPK_NEW(arena, plan);
  plan_step *steps = UPK_NEW_ARRAY(arena, plan_step, p->step_count + 1);
  *copy = *p;
  for (size_t i = 0; i < p->step_count; i++) {
    steps[i] = p->steps[i];
    steps[i].p90_ms = s->p90_ms;
    steps[i].cancel_at_end = s->cancels;
  }
  copy->steps = steps;
  return copy;
}

static world *play(const scene *s) {
  upk_arena *arena = upk_arena_new(NULL);
  world *w = UPK_NEW(arena, world);
  upk_diags diags;
  const plan *p = NULL;
  w->arena = arena;
  w->rules = s->rules;
  w->rule_count = s->rule_count;
  w->status = UPK_USAGE;
  upk_diags_init(&diags, arena);
  upk_str text =
      run_plan_text(arena, s->steps, s->count, s->edges ? s->edges : "[]",
                    s->ledger ? s->ledger : "");
  assert_int_equal(plan_read(arena, text, UPK_STR("p"), &diags, &p), UPK_OK);
  machine_openings openings = {.count = s->opening_count};
  machine_opening *items =
      UPK_NEW_ARRAY(arena, machine_opening, s->opening_count + 1);
  for (size_t i = 0; i < s->opening_count; i++)
    items[i] = (machine_opening){START_US + s->openings[i].open_us,
                                 START_US + s->openings[i].close_us};
  openings.items = items;
  w->timed = s->openings || s->timed;
  machine_config config = {.plan = with_windows(arena, p, s),
                           .openings = s->openings ? &openings : NULL,
                           .wait = s->wait,
                           .stop_at_us =
                               s->stop_at_us ? START_US + s->stop_at_us : 0,
                           .jobs = s->jobs ? s->jobs : 1,
                           .seed = 1,
                           .run = UPK_STR("R"),
                           .host = UPK_STR("h"),
                           .user = UPK_STR("u"),
                           .dry_run = s->dry_run,
                           .rehearse = s->rehearse};
  config.slots = config.jobs;
  w->m = machine_new(&config);
  machine_event start = {.kind = MACHINE_START};
  hand(w, &start);
  for (int i = 0; i < 2000 && w->head < w->tail; i++) {
    waiting q = w->queue[w->head++ % 256];
    answer(w, &q);
  }
  assert_true(machine_ended(w->m));
  w->counts = machine_count(w->m);
  return w;
}

static void leave(world *w) {
  upk_buf_free(&w->out);
  upk_buf_free(&w->said);
  upk_buf_free(&w->det);
  upk_buf_free(&w->obs);
  machine_free(w->m);
  upk_arena_free(w->arena);
}

/* Plays a scene of one plain job and compares the commands between run.begin
 * and run.end, the status and the diagnostics' first line. */
static void expect(const scene *s, const char *middle, upk_status status,
                   const char *said) {
  static const char before[] = "open set identity lock";
  static const char begin[] = "+run.begin ";
  world *w = play(s);
  assert_int_equal(strncmp(w->out.data, before, sizeof before - 1), 0);
  const char *start = strstr(w->out.data, begin);
  assert_non_null(start);
  char *end = strstr(w->out.data, " +run.end");
  assert_non_null(end);
  *end = '\0';
  assert_string_equal(start + sizeof begin - 1, middle);
  assert_int_equal(w->status, status);
  if (said)
    assert_non_null(strstr(w->said.len ? w->said.data : "", said));
  else
    assert_int_equal(w->said.len, 0);
  leave(w);
}

#define RULES(...)                                                             \
  .rules = (const rule[]){__VA_ARGS__},                                        \
  .rule_count = sizeof((const rule[]){__VA_ARGS__}) / sizeof(rule)
#define STEPS(...)                                                             \
  .steps = (const run_step[]){__VA_ARGS__},                                    \
  .count = sizeof((const run_step[]){__VA_ARGS__}) / sizeof(run_step)

#define PROBE                                                                  \
  "{\"cleanup\":[{\"sql\":\"clean\"}],\"done\":{\"expect\":\"x = 1\","         \
  "\"name\":\"done\",\"sql\":\"done\"},\"partial\":{\"expect\":\"x = 1\","     \
  "\"name\":\"part\",\"sql\":\"partial\"}}"
#define UNDO "{\"class\":\"inverse\",\"steps\":[{\"sql\":\"undo\"}]}"
#define TX                                                                     \
  { .id = "a", .policy = "p" }
#define AUTO                                                                   \
  { .id = "a", .atomicity = "autocommit", .probe = PROBE }

#define CHECKED "limits pre step.check +step.begin "

/* ---- how it begins ---- */

static void opens_locks_and_asks(void **state) {
  (void)state;
  scene s = {STEPS(TX), .ledger = RUN_LEDGER};
  world *w = play(&s);
  assert_string_equal(
      w->out.data,
      "open set identity lock present runs +run.begin limits pre step.check "
      "+step.begin begin run step.statement post step.check insert commit "
      "+step.end +run.end close end");
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->counts.applied, 1);
  leave(w);
}

static void refused(const scene *s, const char *out, upk_status status,
                    const char *said) {
  world *w = play(s);
  assert_string_equal(w->out.data, out);
  assert_int_equal(w->status, status);
  assert_non_null(strstr(w->said.data, said));
  leave(w);
}

static void refuses_before_it_begins(void **state) {
  (void)state;
  refused(&(scene){STEPS(TX), RULES({"open", .fault = MACHINE_LOST})},
          "open close end", UPK_UNREACHABLE, "3140 the target cannot be");
  refused(&(scene){STEPS(TX), RULES({"set", .fault = MACHINE_ERROR})},
          "open set close end", UPK_ERROR, "3148");
  refused(&(scene){STEPS(TX),
                   RULES({"identity", .name = "identity.system", .x = 8})},
          "open set identity close end", UPK_STALE, "3131");
  refused(&(scene){STEPS(TX), RULES({"identity", .no_row = true})},
          "open set identity close end", UPK_STALE, "3131");
  refused(&(scene){STEPS(TX),
                   RULES({"identity", .name = "role", .text = "replica"})},
          "open set identity close end", UPK_STALE, "3131");
  refused(&(scene){STEPS(TX), RULES({"lock", .nth = 0})},
          "open set identity lock close end", UPK_LOCKED,
          "3130 the target is locked by pid 9");
  refused(
      &(scene){STEPS(TX), .ledger = RUN_LEDGER, RULES({"runs", .text = "R0"})},
      "open set identity lock present runs close end", UPK_STALE,
      "3133 the plan was applied already, in run R0");
  refused(&(scene){STEPS(TX), RULES({"identity", .stop = 1})},
          "open set identity close end", UPK_CANCELLED, "3142");
}

static void a_ledger_to_come_is_not_asked(void **state) {
  (void)state;
  scene s = {STEPS(TX), .ledger = RUN_LEDGER, RULES({"present", .x = 0})};
  world *w = play(&s);
  assert_null(strstr(w->out.data, "runs"));
  assert_non_null(strstr(w->out.data, "insert"));
  leave(w);
}

static void a_log_that_cannot_begin_ends_it(void **state) {
  (void)state;
  scene s = {STEPS(TX), RULES({"run.begin", .fault = MACHINE_ERROR})};
  world *w = play(&s);
  assert_string_equal(w->out.data,
                      "open set identity lock +run.begin close end");
  assert_int_equal(w->status, UPK_ERROR);
  leave(w);
}

/* ---- transactions ---- */

static void pre_checks_decide(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX), RULES({"pre", .x = 2})},
         "limits pre step.check step.skip", UPK_OK, NULL);
  expect(&(scene){STEPS({.id = "a",
                         .pre = "[{\"expect\":\"x = 1\",\"name\":"
                                "\"n\",\"sql\":\"pre\"}]"}),
                  RULES({"pre", .x = 2})},
         "limits pre step.check +step.end", UPK_PRECHECK,
         "3134 step `a` failed: pre-check `n` does not hold: x 2 <> 1");
  expect(&(scene){STEPS({.id = "a",
                         .retries = 1,
                         .pre = "[{\"expect\":\"x = 1\",\"name\":\"n\","
                                "\"otherwise\":\"retry\",\"sql\":\"pre\"}]"}),
                  RULES({"pre", 1, .x = 2})},
         "limits pre step.check step.retry sleep pre step.check +step.begin "
         "begin run step.statement post step.check commit +step.end",
         UPK_OK, NULL);
  expect(&(scene){STEPS(TX), RULES({"pre", .fault = MACHINE_ERROR})},
         "limits pre +step.end", UPK_PRECHECK, "3145");
  expect(&(scene){STEPS(TX), RULES({"limits", .fault = MACHINE_ERROR})},
         "limits +step.end", UPK_PRECHECK, "3148");
}

static void unknown_is_not_true(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX), RULES({"post", .no_row = true})},
         CHECKED "begin run step.statement post step.check rollback +step.end",
         UPK_ROLLED_BACK, "3136");
}

static void a_failed_statement_rolls_back(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX), RULES({"run", .fault = MACHINE_ERROR})},
         CHECKED "begin run rollback +step.end", UPK_ROLLED_BACK,
         "3135 step `a` failed: statement 1 failed: words");
  /* SQLite ended the transaction by itself: the marker must not go alone. */
  expect(&(scene){STEPS(TX), .ledger = RUN_LEDGER,
                  RULES({"run", .fault = MACHINE_ERROR, .ends = true})},
         CHECKED "begin run rollback +step.end", UPK_ROLLED_BACK, "3135");
}

static void a_ledger_that_swallows_the_row_is_a_failure(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX), .ledger = RUN_LEDGER,
                  RULES({"insert", .none = true})},
         CHECKED "begin run step.statement post step.check insert rollback "
                 "+step.end",
         UPK_ROLLED_BACK, "3144 step `a` failed: the ledger took no row");
}

static void a_statement_that_ends_the_transaction_is_in_doubt(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX), RULES({"run", .ends = true})},
         CHECKED "begin run +step.end", UPK_IN_DOUBT, "3138");
}

static void transient_faults_are_tried_again(void **state) {
  (void)state;
  expect(&(scene){STEPS({.id = "a", .retries = 1}),
                  RULES({"run", .fault = MACHINE_TRANSIENT})},
         CHECKED "begin run rollback step.retry sleep pre step.check "
                 "+step.begin begin run rollback +step.end",
         UPK_ROLLED_BACK, "3135");
}

#define LOCKED .fault = MACHINE_TRANSIENT, .code = "55P03"

/* Somebody's lock is a wait: no retry, and the session is given back. */
static void a_lock_is_waited_for(void **state) {
  (void)state;
  /* The other step goes first. */
  expect(&(scene){STEPS({.id = "a", .wait_ms = 60000}, {.id = "b"}),
                  RULES({"run", 1, LOCKED}), .timed = true},
         CHECKED "begin run rollback step.retry step.wait sleep pre step.check "
                 "+step.begin begin run step.statement post step.check commit "
                 "+step.end pre step.check +step.begin begin run "
                 "step.statement post step.check commit +step.end",
         UPK_OK, NULL);
  /* The time that each try stands in the queue counts. */
  expect(&(scene){STEPS({.id = "a", .wait_ms = 2500}), RULES({"run", LOCKED}),
                  .timed = true},
         CHECKED "begin run rollback step.retry step.wait sleep pre step.check "
                 "+step.begin begin run rollback step.retry step.wait sleep "
                 "pre step.check +step.begin begin run rollback +step.end",
         UPK_ROLLED_BACK, "given up after 3 attempts");
  /* So is what a pre-check with `otherwise: retry` finds at work. */
  run_step at_work = {.id = "a",
                      .wait_ms = 60000,
                      .pre = "[{\"expect\":\"x = 1\",\"name\":\"no vacuum "
                             "works on it\",\"otherwise\":\"retry\",\"sql\":"
                             "\"pre\"}]"};
  expect(&(scene){.steps = &at_work,
                  .count = 1,
                  RULES({"pre", 1, .x = 2}, {"pre", 2, .x = 2},
                        {"pre", 3, .x = 2}),
                  .timed = true},
         "limits pre step.check step.retry step.wait sleep pre step.check "
         "step.retry step.wait sleep pre step.check step.retry step.wait sleep "
         "pre step.check "
         "+step.begin begin run step.statement post step.check commit "
         "+step.end",
         UPK_OK, NULL);
  at_work.wait_ms = 2000;
  scene long_work = {
      .steps = &at_work, .count = 1, RULES({"pre", .x = 2}), .timed = true};
  world *w = play(&long_work);
  assert_int_equal(w->status, UPK_PRECHECK);
  assert_non_null(strstr(w->said.data, "given up after"));
  assert_non_null(
      strstr(w->obs.data, "waits until no vacuum works on it: x 2"));
  leave(w);
  /* Its validation, and its undo, wait on their session. */
  expect(&(scene){STEPS({.id = "a",
                         .atomicity = "autocommit",
                         .wait_ms = 60000,
                         .probe = "{\"cleanup\":[],\"done\":{\"expect\":\"x = "
                                  "1\",\"name\":\"d\",\"sql\":\"done\"}}"}),
                  RULES({"post", 1, LOCKED}), .timed = true},
         CHECKED "run step.statement done post step.wait sleep post step.check "
                 "+step.end",
         UPK_OK, NULL);
}

static void retries_do_not_show_in_det(void **state) {
  (void)state;
  scene smooth = {STEPS({.id = "a", .retries = 3})};
  scene rough = {STEPS({.id = "a", .retries = 3}),
                 RULES({"run", 1, .fault = MACHINE_TRANSIENT},
                       {"commit", 1, .fault = MACHINE_TRANSIENT})};
  world *one = play(&smooth), *two = play(&rough);
  upk_buf kept = {0};
  upk_str rest = upk_buf_view(&two->det);
  while (rest.data && rest.len) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (line.len && !upk_str_is(line, "{}"))
      upk_buf_printf(&kept, "%.*s\n", UPK_FMT(line));
  }
  assert_int_equal(two->status, UPK_OK);
  assert_string_equal(one->det.data, kept.data);
  upk_buf_free(&kept);
  leave(one);
  leave(two);
}

static void a_failed_validation_rolls_back(void **state) {
  (void)state;
  scene s = {STEPS(TX), RULES({"post", .x = 2})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_ROLLED_BACK);
  assert_int_equal(w->counts.undone, 1);
  leave(w);
}

static void late_counters_are_waited_for(void **state) {
  (void)state;
  expect(&(scene){STEPS({.id = "a",
                         .post = "[{\"expect\":\"x = 1\",\"name\":"
                                 "\"n\",\"sql\":\"post\","
                                 "\"within_ms\":5000}]"}),
                  RULES({"post", 1, .x = 2}, {"post", 2, .x = 2})},
         CHECKED "begin run step.statement post sleep post sleep post "
                 "step.check commit +step.end",
         UPK_OK, NULL);
}

static void caught_errors_are_answers(void **state) {
  (void)state;
  run_step step = {.id = "a",
                   .run = "[{\"catch\":[\"XX001\"],\"returns\":\"found\","
                          "\"sql\":\"look\"},{\"params\":[{\"from\":"
                          "\"found.sqlstate\"}],\"sql\":\"run\"}]",
                   .post = "[{\"expect\":\"found.sqlstate = 'XX001'\","
                           "\"name\":\"n\",\"sql\":\"post\"}]"};
  expect(&(scene){.steps = &step,
                  .count = 1,
                  RULES({"look", .fault = MACHINE_ERROR, .code = "XX001"})},
         CHECKED "begin savepoint upkeep look step.statement "
                 "rollback to savepoint upkeep run step.statement post "
                 "step.check commit +step.end",
         UPK_OK, NULL);
  expect(&(scene){.steps = &step,
                  .count = 1,
                  RULES({"look", .fault = MACHINE_ERROR, .code = "XX002"})},
         CHECKED "begin savepoint upkeep look rollback +step.end",
         UPK_ROLLED_BACK, "3135");
}

static void columns_of_a_caught_error_are_null(void **state) {
  (void)state;
  run_step step = {.id = "a",
                   .run = "[{\"catch\":[\"XX001\"],\"returns\":\"found\","
                          "\"sql\":\"look\"},{\"params\":[{\"from\":"
                          "\"found.damage\"}],\"sql\":\"run\"}]",
                   .post = "[{\"expect\":\"found.damage is null\","
                           "\"name\":\"n\",\"sql\":\"post\"}]"};
  expect(&(scene){.steps = &step,
                  .count = 1,
                  RULES({"look", .fault = MACHINE_ERROR, .code = "XX001"})},
         CHECKED "begin savepoint upkeep look step.statement "
                 "rollback to savepoint upkeep run step.statement post "
                 "step.check commit +step.end",
         UPK_OK, NULL);
}

static void a_parameter_nobody_knows_fails(void **state) {
  (void)state;
  expect(&(scene){STEPS({.id = "a",
                         .run = "[{\"params\":[{\"from\":"
                                "\"before.y\"}],\"sql\":"
                                "\"run\"}]"})},
         CHECKED "begin rollback +step.end", UPK_ROLLED_BACK, "`before.y`");
}

#define REOPENED "close sleep open set identity lock session.open "
#define REOPENED_LEDGER                                                        \
  "close sleep open set identity lock present runs applied session.open "

static void a_lost_commit_is_asked_for(void **state) {
  (void)state;
  scene there = {
      STEPS(TX), .ledger = RUN_LEDGER,
      RULES({"commit", .fault = MACHINE_LOST}, {"applied", .text = "a"})};
  expect(
      &there,
      CHECKED
      "begin run step.statement post step.check insert commit " REOPENED_LEDGER
      "+step.end",
      UPK_OK, NULL);
  scene not_there = {STEPS({.id = "a", .retries = 1}), .ledger = RUN_LEDGER,
                     RULES({"commit", 1, .fault = MACHINE_LOST})};
  expect(
      &not_there,
      CHECKED
      "begin run step.statement post step.check insert commit " REOPENED_LEDGER
      "step.retry sleep " CHECKED
      "begin run step.statement post step.check insert commit +step.end",
      UPK_OK, NULL);
  scene nobody = {STEPS(TX), RULES({"commit", .fault = MACHINE_LOST})};
  expect(&nobody,
         CHECKED "begin run step.statement post step.check commit " REOPENED
                 "+step.end",
         UPK_IN_DOUBT, "3138");
  scene timeout = {
      STEPS(TX), .ledger = RUN_LEDGER,
      RULES({"commit", .fault = MACHINE_BROKEN_OFF}, {"applied", .text = "a"})};
  expect(&timeout,
         CHECKED "begin run step.statement post step.check insert commit "
                 "rollback applied +step.end",
         UPK_OK, NULL);
}

/* The step that makes the ledger was not committed: there is none to ask. */
static void a_ledger_that_was_not_made_is_looked_for(void **state) {
  (void)state;
  scene gone = {STEPS({.id = "a", .retries = 1}), .ledger = RUN_LEDGER,
                RULES({"commit", 1, .fault = MACHINE_BROKEN_OFF},
                      {"applied", 1, .fault = MACHINE_ERROR},
                      {"present", 2, .x = 0})};
  expect(&gone,
         CHECKED "begin run step.statement post step.check insert commit "
                 "rollback applied present +step.end",
         UPK_ROLLED_BACK, "3135");
  scene lost = {
      STEPS({.id = "a", .retries = 1}), .ledger = RUN_LEDGER,
      RULES({"commit", 1, .fault = MACHINE_LOST}, {"present", 2, .x = 0})};
  expect(&lost,
         CHECKED "begin run step.statement post step.check insert commit "
                 "close sleep open set identity lock present session.open "
                 "step.retry sleep " CHECKED
                 "begin run step.statement post step.check insert commit "
                 "+step.end",
         UPK_OK, NULL);
  scene there = {STEPS(TX), .ledger = RUN_LEDGER,
                 RULES({"commit", 1, .fault = MACHINE_BROKEN_OFF},
                       {"applied", 1, .fault = MACHINE_ERROR})};
  expect(&there,
         CHECKED "begin run step.statement post step.check insert commit "
                 "rollback applied present +step.end",
         UPK_IN_DOUBT, "the ledger cannot be asked");
}

/* While its sessions were gone, another run took the lock and used the plan. */
static void a_plan_used_meanwhile_ends_it(void **state) {
  (void)state;
  scene s = {
      STEPS({.id = "a", .retries = 1}, {.id = "b"}), .ledger = RUN_LEDGER,
      RULES({"run", 1, .fault = MACHINE_LOST}, {"runs", 2, .text = "R0"})};
  expect(&s, CHECKED "begin run " REOPENED_LEDGER "+step.end run.note",
         UPK_STALE, "3133 the plan was applied already, in run R0");
}

static void a_lost_transaction_did_nothing(void **state) {
  (void)state;
  expect(&(scene){STEPS({.id = "a", .retries = 1}),
                  RULES({"run", 1, .fault = MACHINE_LOST})},
         CHECKED "begin run " REOPENED "step.retry sleep " CHECKED
                 "begin run step.statement post step.check commit +step.end",
         UPK_OK, NULL);
}

static void a_server_that_stays_away_ends_it(void **state) {
  (void)state;
  scene s = {STEPS(TX, {.id = "b"}),
             RULES({"run", .fault = MACHINE_LOST}, {"open", .nth = 1},
                   {"open", .fault = MACHINE_LOST})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_UNREACHABLE);
  assert_int_equal(w->counts.failed, 1);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
}

static void another_database_behind_the_name_ends_it(void **state) {
  (void)state;
  scene s = {STEPS(AUTO),
             RULES({"run", .fault = MACHINE_LOST},
                   {"identity", 2, .name = "identity.system", .x = 8})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_STALE);
  assert_int_equal(w->counts.in_doubt, 1);
  leave(w);
}

/* Nobody could be asked: that is not what an operator must settle. */
static void a_commit_nobody_can_be_asked_about_is_unreachable(void **state) {
  (void)state;
  scene s = {STEPS(TX, {.id = "b"}), .ledger = RUN_LEDGER,
             RULES({"commit", .fault = MACHINE_LOST}, {"open", .nth = 1},
                   {"open", .fault = MACHINE_LOST})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_UNREACHABLE);
  assert_int_equal(w->counts.in_doubt, 1);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
}

static int times(const world *w, const char *what) {
  int count = 0;
  for (const char *at = w->out.data; (at = strstr(at, what)); at++)
    count++;
  return count;
}

static void the_second_signal_ends_the_wait_for_a_server(void **state) {
  (void)state;
  scene stays = {STEPS(TX),
                 RULES({"run", .fault = MACHINE_LOST}, {"open", .nth = 1},
                       {"open", .fault = MACHINE_LOST})};
  scene stopped = {STEPS(TX),
                   RULES({"run", .fault = MACHINE_LOST}, {"open", .nth = 1},
                         {"open", 3, .fault = MACHINE_LOST, .stop = 2},
                         {"open", .fault = MACHINE_LOST})};
  world *one = play(&stays), *two = play(&stopped);
  assert_int_equal(times(one, "open"), 13);
  assert_int_equal(times(two, "open"), 3);
  assert_int_equal(two->counts.failed, 1);
  leave(one);
  leave(two);
}

/* ---- outside transactions ---- */

static void autocommit_asks_the_probe(void **state) {
  (void)state;
  expect(&(scene){STEPS(AUTO), .ledger = RUN_LEDGER},
         CHECKED "run step.statement done post step.check begin insert commit "
                 "+step.end",
         UPK_OK, NULL);
  expect(&(scene){STEPS(AUTO), RULES({"done", .x = 0})},
         CHECKED "run step.statement done partial +step.end", UPK_ROLLED_BACK,
         "3143");
  expect(&(scene){STEPS(AUTO), RULES({"run", .fault = MACHINE_ERROR})},
         CHECKED "run partial +step.end", UPK_ROLLED_BACK, "3135");
  expect(&(scene){STEPS(AUTO),
                  RULES({"run", .fault = MACHINE_ERROR}, {"partial", .x = 1})},
         CHECKED "run partial clean step.statement +step.end", UPK_ROLLED_BACK,
         "3135");
  expect(&(scene){STEPS(AUTO),
                  RULES({"run", .fault = MACHINE_ERROR}, {"partial", .x = 1},
                        {"clean", .fault = MACHINE_ERROR})},
         CHECKED "run partial clean +step.end", UPK_PARTIAL, "cleaned up");
}

static void a_lost_statement_is_probed(void **state) {
  (void)state;
  expect(&(scene){STEPS(AUTO), RULES({"run", .fault = MACHINE_LOST})},
         CHECKED "run " REOPENED "done step.statement post step.check "
                 "+step.end",
         UPK_OK, NULL);
  expect(&(scene){STEPS({.id = "a",
                         .atomicity = "autocommit",
                         .probe = PROBE,
                         .retries = 1}),
                  RULES({"run", 1, .fault = MACHINE_LOST}, {"done", 1, .x = 0},
                        {"partial", .x = 1})},
         CHECKED "run " REOPENED "done partial clean step.statement step.retry "
                 "sleep " CHECKED "run step.statement done post step.check "
                 "+step.end",
         UPK_OK, NULL);
  expect(&(scene){STEPS(AUTO), RULES({"run", .fault = MACHINE_LOST},
                                     {"done", .fault = MACHINE_ERROR})},
         CHECKED "run " REOPENED "done +step.end", UPK_IN_DOUBT, "3138");
}

static void a_lost_probe_is_asked_again(void **state) {
  (void)state;
  expect(&(scene){STEPS(AUTO), RULES({"done", 1, .fault = MACHINE_LOST})},
         CHECKED "run step.statement done " REOPENED
                 "done post step.check +step.end",
         UPK_OK, NULL);
  expect(&(scene){STEPS(AUTO), RULES({"done", 1, .fault = MACHINE_TRANSIENT})},
         CHECKED "run step.statement done done post step.check +step.end",
         UPK_OK, NULL);
}

/* What the server did without our hearing of it shows only in obs. */
static void unheard_answers_do_not_show_in_det(void **state) {
  (void)state;
  scene smooth = {STEPS(AUTO)};
  scene rough = {STEPS(AUTO), RULES({"run", .fault = MACHINE_LOST})};
  world *one = play(&smooth), *two = play(&rough);
  upk_str rest = upk_buf_view(&two->det);
  upk_buf kept = {0};
  while (rest.data && rest.len) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (line.len && !upk_str_is(line, "{}"))
      upk_buf_printf(&kept, "%.*s\n", UPK_FMT(line));
  }
  assert_string_equal(one->det.data, kept.data);
  assert_non_null(strstr(two->obs.data, "\"recovered\":true"));
  upk_buf_free(&kept);
  leave(one);
  leave(two);
}

/* A question that breaks each session does not go on for ever. */
static void a_probe_that_breaks_sessions_ends_in_doubt(void **state) {
  (void)state;
  scene s = {STEPS(AUTO), RULES({"run", .fault = MACHINE_LOST},
                                {"done", .fault = MACHINE_LOST})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_IN_DOUBT);
  leave(w);
  scene clean = {STEPS(AUTO),
                 RULES({"run", .fault = MACHINE_ERROR}, {"partial", .x = 1},
                       {"clean", .fault = MACHINE_LOST})};
  w = play(&clean);
  assert_int_equal(w->status, UPK_PARTIAL);
  assert_non_null(strstr(w->said.data, "cannot be cleaned up"));
  leave(w);
}

static void a_lost_validation_goes_on(void **state) {
  (void)state;
  expect(&(scene){STEPS(AUTO), RULES({"post", 1, .fault = MACHINE_LOST})},
         CHECKED "run step.statement done post " REOPENED
                 "post step.check +step.end",
         UPK_OK, NULL);
  expect(&(scene){STEPS(AUTO), .ledger = RUN_LEDGER,
                  RULES({"insert", 1, .fault = MACHINE_TRANSIENT})},
         CHECKED "run step.statement done post step.check begin insert "
                 "rollback begin insert commit +step.end",
         UPK_OK, NULL);
  expect(&(scene){STEPS(AUTO), .ledger = RUN_LEDGER,
                  RULES({"commit", 1, .fault = MACHINE_LOST})},
         CHECKED "run step.statement done post step.check begin insert "
                 "commit " REOPENED_LEDGER "begin insert commit +step.end",
         UPK_OK, NULL);
  scene never = {STEPS(AUTO), RULES({"post", .fault = MACHINE_LOST})};
  world *w = play(&never);
  assert_int_equal(w->counts.failed, 1);
  assert_int_equal(w->status, UPK_PARTIAL);
  leave(w);
  /* In a transaction it is a new attempt. */
  expect(&(scene){STEPS({.id = "a", .retries = 1}),
                  RULES({"post", 1, .fault = MACHINE_LOST})},
         CHECKED "begin run step.statement post " REOPENED
                 "step.retry sleep " CHECKED
                 "begin run step.statement post step.check commit +step.end",
         UPK_OK, NULL);
}

static void a_post_check_that_cannot_be_asked_has_failed(void **state) {
  (void)state;
  run_step with = {
      .id = "a", .atomicity = "autocommit", .probe = PROBE, .undo = UNDO};
  expect(&(scene){.steps = &with,
                  .count = 1,
                  RULES({"post", .fault = MACHINE_ERROR})},
         CHECKED "run step.statement done post +step.undo undo "
                 "step.statement +step.end",
         UPK_ROLLED_BACK, "3145");
  expect(&(scene){STEPS(TX), RULES({"post", .fault = MACHINE_ERROR})},
         CHECKED "begin run step.statement post rollback +step.end",
         UPK_ROLLED_BACK, "3145");
}

/* The server said no to the first statement: that leaves no doubt. */
static void a_refused_first_statement_did_nothing(void **state) {
  (void)state;
  run_step lead = {.id = "a",
                   .run = "[{\"sql\":\"lead\",\"transaction\":false},"
                          "{\"sql\":\"run\"}]"};
  expect(&(scene){.steps = &lead,
                  .count = 1,
                  RULES({"lead", .fault = MACHINE_ERROR})},
         CHECKED "lead +step.end", UPK_ROLLED_BACK, "3135");
  expect(&(scene){.steps = &lead,
                  .count = 1,
                  RULES({"run", .fault = MACHINE_ERROR})},
         CHECKED "lead step.statement begin run rollback +step.end",
         UPK_IN_DOUBT, "3138");
}

static void a_failed_validation_is_undone(void **state) {
  (void)state;
  run_step with = {
      .id = "a", .atomicity = "autocommit", .probe = PROBE, .undo = UNDO};
  expect(&(scene){.steps = &with, .count = 1, RULES({"post", .x = 2})},
         CHECKED "run step.statement done post step.check +step.undo undo "
                 "step.statement +step.end",
         UPK_ROLLED_BACK, "3136");
  expect(&(scene){.steps = &with,
                  .count = 1,
                  RULES({"post", .x = 2}, {"undo", .fault = MACHINE_ERROR})},
         CHECKED "run step.statement done post step.check +step.undo undo "
                 "+step.end",
         UPK_PARTIAL, "3137");
  expect(&(scene){STEPS(AUTO), RULES({"post", .x = 2})},
         CHECKED "run step.statement done post step.check +step.end",
         UPK_PARTIAL, "3136");
  expect(&(scene){STEPS(AUTO), .ledger = RUN_LEDGER,
                  RULES({"insert", .fault = MACHINE_ERROR})},
         CHECKED "run step.statement done post step.check begin insert "
                 "rollback +step.end",
         UPK_PARTIAL, "3144");
}

static void two_statements_leave_the_first(void **state) {
  (void)state;
  run_step step = {.id = "a",
                   .atomicity = "autocommit",
                   .run = "[{\"sql\":\"run\"},{\"sql\":\"more\"}]",
                   .probe = "{\"done\":{\"expect\":\"x = 1\",\"name\":\"d\","
                            "\"sql\":\"done\"}}"};
  expect(&(scene){.steps = &step,
                  .count = 1,
                  RULES({"more", .fault = MACHINE_ERROR})},
         CHECKED "run step.statement more +step.end", UPK_PARTIAL, "3135");
}

static void a_lost_undo_is_in_doubt(void **state) {
  (void)state;
  run_step step = {
      .id = "a", .atomicity = "autocommit", .probe = PROBE, .undo = UNDO};
  expect(&(scene){.steps = &step,
                  .count = 1,
                  RULES({"post", .x = 2}, {"undo", .fault = MACHINE_LOST})},
         CHECKED "run step.statement done post step.check +step.undo "
                 "undo " REOPENED "+step.end",
         UPK_IN_DOUBT, "3138");
}

/* An undo in a transaction that was not being committed left nothing. */
static void a_lost_transaction_of_an_undo_did_nothing(void **state) {
  (void)state;
  scene s = {
      STEPS({.id = "a", .policy = "p", .on_failure = "rollback", .undo = UNDO},
            {.id = "b", .policy = "p", .on_failure = "rollback"}),
      RULES({"run", 2, .fault = MACHINE_ERROR},
            {"undo", .fault = MACHINE_LOST})};
  world *w = play(&s);
  assert_int_equal(w->counts.failed, 2);
  assert_int_equal(w->status, UPK_PARTIAL);
  leave(w);
}

static void a_session_that_cannot_roll_back_is_closed(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX), RULES({"run", .fault = MACHINE_ERROR},
                                   {"rollback", .fault = MACHINE_ERROR})},
         CHECKED "begin run rollback " REOPENED "+step.end", UPK_ROLLED_BACK,
         "3135");
}

/* ---- checks and values ---- */

#define PASSED                                                                 \
  "limits pre step.check +step.begin begin run step.statement "                \
  "post step.check commit +step.end"

typedef struct look {
  const char *check; /* members before and after `name` */
  const char *tail;
  rule rule;
  bool holds;
} look;

static void checks_judge_rows(void **state) {
  static const look looks[] = {
      {"\"expect\":\"x > 3\"", "\"rows\":\"every\",", {"pre", .x = 4}, true},
      {"\"expect\":\"x > 3\"", "\"rows\":\"every\",", {"pre", .x = 3}, false},
      {"\"expect\":\"x > 3\"",
       "\"rows\":\"every\",",
       {"pre", .no_row = true},
       true},
      {NULL, "\"rows\":\"none\",", {"pre", .no_row = true}, true},
      {NULL, "\"rows\":\"none\",", {"pre", .x = 0}, false},
      {"\"expect\":\"row_count = 0\"", "", {"pre", .no_row = true}, true},
      {"\"expect\":\"x is null\"", "", {"pre", .no_row = true}, true},
      {"\"columns\":[{\"name\":\"z\",\"type\":\"int\"}],\"expect\":\"z is "
       "null\"",
       "",
       {"pre", .x = 1},
       true},
      {"\"expect\":\"nothing = 1\"", "", {"pre", .x = 1}, false},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"ratio\"}],\"expect\":\"x = "
       "50%\"",
       "",
       {"pre", .text = "500000"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"int\"}],\"expect\":\"x = "
       "-12\"",
       "",
       {"pre", .text = "-12"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"int\"}],\"expect\":\"x is "
       "null\"",
       "",
       {"pre", .text = "1.5"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"int\"}],\"expect\":\"x is "
       "null\"",
       "",
       {"pre", .text = "9223372036854775808"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"bool\"}],\"expect\":\"x\"",
       "",
       {"pre", .x = 1},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"text\"}],\"expect\":\"x = "
       "'7'\"",
       "",
       {"pre", .x = 7},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"version\"}],\"expect\":\"x >= "
       "v15.2\"",
       "",
       {"pre", .text = "15.18"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"list\"}],\"expect\":\"x is not "
       "null\"",
       "",
       {"pre", .text = "[\"a\"]"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"list\"}],\"expect\":\"'b c' in "
       "x\"",
       "",
       {"pre", .text = "{a,\"b c\"}"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"int\"}],\"expect\":\"x = 12\"",
       "",
       {"pre", .text = "12.00"},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"bool\"}],\"expect\":\"x is "
       "null\"",
       "",
       {"pre", .x = 7},
       true},
      {"\"columns\":[{\"name\":\"x\",\"type\":\"list\"}],\"expect\":\"x is not "
       "null\"",
       "",
       {"pre", .text = "a"},
       false},
      {"\"expect\":\"step.attempt = 1 and step.id = 'a' and step.started_at > "
       "1970-01-01T00:00:04Z\"",
       "",
       {"pre", .x = 1},
       true},
  };
  (void)state;
  for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
    char pre[400];
    snprintf(pre, sizeof pre,
             "[{%s%s\"name\":\"n\",\"otherwise\":\"skip\",%s\"sql\":\"pre\"}]",
             looks[i].check ? looks[i].check : "", looks[i].check ? "," : "",
             looks[i].tail);
    run_step step = {.id = "a", .pre = pre};
    expect(&(scene){.steps = &step,
                    .count = 1,
                    .rules = &looks[i].rule,
                    .rule_count = 1},
           looks[i].holds ? PASSED : "limits pre step.check step.skip", UPK_OK,
           NULL);
  }
}

static void queries_are_put_together(void **state) {
  (void)state;
  run_step step = {.id = "a",
                   .pre = "[{\"expect\":\"x = 4 and y = 5\",\"name\":\"n\","
                          "\"queries\":[\"q1\",\"q2\"]}]",
                   .post = "[{\"expect\":\"before.x + 1 = before.y\",\"name\":"
                           "\"m\",\"sql\":\"post\"}]"};
  expect(&(scene){.steps = &step,
                  .count = 1,
                  RULES({"first", .x = 4}, {"second", .name = "y", .x = 5})},
         "limits first second step.check +step.begin begin run step.statement "
         "post step.check commit +step.end",
         UPK_OK, NULL);
}

static void what_pre_saw_is_in_the_intent(void **state) {
  (void)state;
  scene s = {STEPS({.id = "a",
                    .pre = "[{\"expect\":\"y = 5\",\"name\":\"n\",\"sql\":"
                           "\"pre\"}]"}),
             RULES({"pre", .name = "y", .x = 5})};
  world *w = play(&s);
  assert_non_null(strstr(w->obs.data, "\"before\":{\"row_count\":1,\"y\":5}"));
  leave(w);
}

/* ---- many steps ---- */

#define GOOD(pre)                                                              \
  pre "+step.begin begin run step.statement post step.check "                  \
      "commit +step.end"

static void failures_spread_as_they_should(void **state) {
  (void)state;
  scene go_on = {STEPS(TX, {.id = "b"}),
                 .edges = "[{\"from\":\"a\",\"to\":\"b\"}]",
                 RULES({"run", 1, .fault = MACHINE_ERROR})};
  world *w = play(&go_on);
  assert_int_equal(w->status, UPK_PARTIAL);
  assert_int_equal(w->counts.applied, 1);
  leave(w);
  scene stop = {STEPS({.id = "a", .on_failure = "stop"}, {.id = "b"}),
                RULES({"run", 1, .fault = MACHINE_ERROR})};
  w = play(&stop);
  assert_int_equal(w->status, UPK_ROLLED_BACK);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
}

static void a_policy_is_rolled_back_in_reverse(void **state) {
  (void)state;
#define STEP_P(name)                                                           \
  {.id = name,                                                                 \
   .policy = "p",                                                              \
   .on_failure = "rollback",                                                   \
   .undo =                                                                     \
       "{\"class\":\"inverse\",\"steps\":[{\"params\":[],\"sql\":\"undo " name \
       "\"}]}"}
  scene s = {STEPS(STEP_P("a"), STEP_P("b"), STEP_P("c"), STEP_P("d"),
                   {.id = "e", .policy = "q"}),
             .ledger = RUN_LEDGER, RULES({"run", 3, .fault = MACHINE_ERROR})};
  world *w = play(&s);
  assert_int_equal(w->counts.undone, 2);
  assert_int_equal(w->counts.failed, 1);
  assert_int_equal(w->counts.cancelled, 1);
  assert_int_equal(w->counts.applied, 1);
  const char *b = strstr(w->out.data, "+step.undo begin undo b step.statement "
                                      "insert commit +step.end");
  assert_non_null(b);
  assert_non_null(strstr(b, "+step.undo begin undo a"));
  assert_int_equal(w->status, UPK_PARTIAL); /* e stands */
  leave(w);
}

/* What a cancelled step was let go by is free for the next one. */
static void a_cancelled_step_lets_its_key_go(void **state) {
  (void)state;
#define KEYED(name, of)                                                        \
  {.id = name, .policy = of, .on_failure = "rollback", .conflicts = "[\"t\"]"}
  scene s = {STEPS(KEYED("a", "p"), KEYED("b", "p"), KEYED("c", "q")),
             .jobs = 3, RULES({"run", 1, .fault = MACHINE_ERROR})};
  world *w = play(&s);
  assert_int_equal(w->counts.failed, 1);
  assert_int_equal(w->counts.cancelled, 1);
  assert_int_equal(w->counts.applied, 1);
  leave(w);
}

/* b fails while c, which conflicts with a, runs: a's undo waits for c. */
static void an_undo_takes_its_turn(void **state) {
  (void)state;
  run_step steps[] = {STEP_P("a"), STEP_P("b"), {.id = "c", .policy = "q"}};
  steps[0].conflicts = steps[2].conflicts = "[\"t\"]";
  scene s = {.steps = steps,
             .count = 3,
             .jobs = 2,
             .edges = "[{\"from\":\"a\",\"to\":\"b\"}]",
             RULES({"run", 2, .fault = MACHINE_ERROR})};
  world *w = play(&s);
  const char *undo = strstr(w->out.data, "+step.undo");
  assert_int_equal(w->counts.undone, 1);
  assert_int_equal(w->counts.applied, 1);
  assert_non_null(undo);
  size_t ends = 0;
  for (const char *p = w->out.data; (p = strstr(p, "+step.end")) && p < undo;
       p++)
    ends++;
  assert_int_equal(ends, 3);
  leave(w);
}

static void what_has_no_undo_stays_applied(void **state) {
  (void)state;
  run_step steps[] = {STEP_P("a"), STEP_P("b"), STEP_P("c")};
  steps[1].undo = NULL;
  scene s = {.steps = steps,
             .count = 3,
             .ledger = RUN_LEDGER,
             RULES({"run", 3, .fault = MACHINE_ERROR})};
  world *w = play(&s);
  assert_int_equal(w->counts.applied, 1);
  assert_int_equal(w->counts.undone, 1);
  assert_int_equal(w->status, UPK_PARTIAL);
  assert_non_null(strstr(w->obs.data, "step `b` is not undone: there is no "
                                      "way back"));
  leave(w);
}

/* Nothing is taken away under a step that may have been done. */
static void a_doubt_stops_the_rollback(void **state) {
  (void)state;
  scene s = {STEPS(STEP_P("a"), STEP_P("b"), {.id = "c", .policy = "q"}),
             RULES({"commit", 2, .fault = MACHINE_LOST})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_IN_DOUBT);
  assert_null(strstr(w->out.data, "+step.undo"));
  assert_int_equal(w->counts.applied, 1);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
}

/* The doubt may also be about an undo. */
static void a_doubtful_undo_stops_the_run(void **state) {
  (void)state;
  run_step steps[] = {
      STEP_P("a"), STEP_P("b"), STEP_P("c"), {.id = "d", .policy = "q"}};
  scene s = {.steps = steps,
             .count = 4,
             .jobs = 1,
             RULES({"run", 3, .fault = MACHINE_ERROR},
                   {"commit", 3, .fault = MACHINE_LOST})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_IN_DOUBT);
  assert_int_equal(w->counts.in_doubt, 1);
  assert_int_equal(w->counts.applied, 1);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
}

static void barriers_hold_back(void **state) {
  (void)state;
  scene s = {STEPS({.id = "a"}, {.id = "b"},
                   {.id = "c", .run = "[{\"sql\":\"last\"}]"}),
             .edges = "[{\"from\":\"a\",\"to\":\"policy:x\"},{\"from\":\"b\","
                      "\"to\":\"policy:x\"},{\"from\":\"policy:x\",\"to\":"
                      "\"policy:y\"},{\"from\":\"policy:y\",\"to\":\"c\"}]",
             .jobs = 3};
  world *w = play(&s);
  const char *last = strstr(w->out.data, " last ");
  assert_int_equal(w->status, UPK_OK);
  assert_non_null(last);
  size_t ends = 0;
  for (const char *p = w->out.data; (p = strstr(p, "+step.end")) && p < last;
       p++)
    ends++;
  assert_int_equal(ends, 2);
  leave(w);
}

/* The most steps between begin and end at one time. */
static int most_at_once(const char *out) {
  int now = 0, most = 0;
  for (const char *p = out; (p = strstr(p, "+step.")); p++) {
    now += strncmp(p, "+step.begin", 11) == 0 ? 1 : -1;
    most = now > most ? now : most;
  }
  return most;
}

/* Steps of equal settings share them; the next without is told so. */
static void settings_end_with_the_step(void **state) {
  (void)state;
  scene s = {STEPS({.id = "a", .settings = "{\"pace\":\"slow\"}"},
                   {.id = "b", .settings = "{\"pace\":\"slow\"}"}, {.id = "c"},
                   {.id = "d", .settings = "{\"pace\":\"fast\"}"})};
  world *w = play(&s);
  upk_str out = upk_buf_view(&w->out);
  static const char *const parts[] = {"limits(pace=slow) pre", "+step.end pre",
                                      "+step.end limits pre",
                                      "+step.end limits(pace=fast) pre"};
  const char *at = out.data;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    at = strstr(at, parts[i]);
    if (!at)
      fail_msg("no %s in order in: %s", parts[i], out.data);
  }
  leave(w);
}

static void conflicting_steps_take_turns(void **state) {
  (void)state;
  scene apart = {STEPS({.id = "a"}, {.id = "b"}, {.id = "c"}, {.id = "d"}),
                 .jobs = 2};
  world *w = play(&apart);
  assert_int_equal(most_at_once(w->out.data), 2);
  leave(w);
  scene together = {STEPS({.id = "a", .conflicts = "[\"t\"]"},
                          {.id = "b", .conflicts = "[\"t\",\"u\"]"},
                          {.id = "c", .conflicts = "[\"u\",\"t\"]"},
                          {.id = "d", .conflicts = "[\"u\"]"}),
                    .jobs = 1};
  w = play(&together);
  assert_int_equal(w->counts.applied, 4);
  leave(w);
  together.jobs = 4;
  w = play(&together);
  assert_int_equal(w->counts.applied, 4);
  assert_int_equal(most_at_once(w->out.data), 2); /* a beside d */
  leave(w);
}

static void a_second_session_may_fail_to_open(void **state) {
  (void)state;
  scene s = {STEPS({.id = "a"}, {.id = "b"}), .jobs = 2,
             RULES({"open", 2, .fault = MACHINE_ERROR})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->counts.applied, 2);
  leave(w);
  scene held = {STEPS({.id = "a"}), .jobs = 2, RULES({"lock", .nth = 2})};
  w = play(&held);
  assert_int_equal(w->status, UPK_LOCKED);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
}

/* ---- signals, the log, dry runs ---- */

static void the_first_signal_ends_cleanly(void **state) {
  (void)state;
  scene s = {STEPS(TX, {.id = "b"}), RULES({"run", 1, .stop = 1})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_CANCELLED);
  assert_int_equal(w->counts.applied, 1);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
  scene waits = {
      STEPS({.id = "a", .retries = 3}),
      RULES({"run", 1, .fault = MACHINE_TRANSIENT}, {"sleep", 1, .stop = 1})};
  w = play(&waits);
  assert_int_equal(w->status, UPK_CANCELLED);
  assert_int_equal(w->counts.cancelled, 1);
  leave(w);
}

static void the_second_signal_cancels(void **state) {
  (void)state;
  scene s = {STEPS(TX),
             RULES({"run", 1, .stop = 2, .fault = MACHINE_BROKEN_OFF})};
  world *w = play(&s);
  assert_non_null(
      strstr(w->out.data, "run run.note cancel rollback +step.end"));
  assert_int_equal(w->status, UPK_CANCELLED);
  leave(w);
}

static void a_broken_log_starts_nothing_more(void **state) {
  (void)state;
  scene intent = {STEPS(TX, {.id = "b"}),
                  RULES({"step.begin", .fault = MACHINE_ERROR})};
  world *w = play(&intent);
  assert_null(strstr(w->out.data, "begin run step"));
  assert_int_equal(w->status, UPK_STALE);
  assert_int_equal(w->counts.cancelled, 2);
  leave(w);
  scene outcome = {STEPS(TX, {.id = "b"}),
                   RULES({"step.end", .fault = MACHINE_ERROR})};
  w = play(&outcome);
  assert_int_equal(w->status, UPK_STALE);
  assert_int_equal(w->counts.applied, 1);
  assert_non_null(strstr(w->said.data, "3141"));
  leave(w);
}

static void a_dry_run_only_looks(void **state) {
  (void)state;
  scene s = {STEPS(TX, {.id = "b"}, AUTO), .ledger = RUN_LEDGER,
             .dry_run = true, RULES({"pre", 2, .x = 2})};
  run_step steps[3] = {TX, {.id = "b"}, AUTO};
  steps[2].id = "c";
  s.steps = steps;
  world *w = play(&s);
  assert_string_equal(
      w->out.data,
      "open set identity present runs +run.begin limits pre step.check "
      "+step.end pre step.check step.skip pre step.check +step.end +run.end "
      "close end");
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->counts.ready, 2);
  assert_int_equal(w->counts.skipped, 1);
  leave(w);
}

/* b's check speaks of what a makes, through the barrier of a's policy. */
static void a_dry_run_knows_what_would_come_before(void **state) {
  (void)state;
  scene s = {STEPS({.id = "a", .policy = "p"}, {.id = "s"}, {.id = "b"}),
             .edges = "[{\"from\":\"a\",\"to\":\"policy:p\",\"why\":\"w\"},"
                      "{\"from\":\"policy:p\",\"to\":\"s\",\"why\":\"w\"},"
                      "{\"from\":\"s\",\"to\":\"b\",\"why\":\"w\"}]",
             .dry_run = true,
             RULES({"pre", 2, .x = 2},
                   {"pre", 3, .fault = MACHINE_ERROR, .code = "42P01"})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->said.len, 0);
  assert_int_equal(w->counts.ready, 2);
  assert_int_equal(w->counts.skipped, 1);
  assert_non_null(strstr(w->obs.data, "would be executed after step 1; check "
                                      "`still` cannot be asked before"));
  leave(w);
  s.edges = "[]";
  w = play(&s);
  assert_non_null(strstr(w->said.data, "3145 step `b` failed: pre-check"));
  leave(w);
}

/* ---- rehearsals ---- */

static void a_rehearsal_rolls_back_what_held(void **state) {
  (void)state;
  expect(
      &(scene){STEPS(TX), .rehearse = MACHINE_REHEARSE, .ledger = RUN_LEDGER},
      CHECKED "begin run step.statement post step.check rollback +step.end",
      UPK_OK, NULL);
}

static void a_rehearsal_tells_what_failed(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX), .rehearse = MACHINE_REHEARSE,
                  RULES({"run", .fault = MACHINE_ERROR})},
         CHECKED "begin run rollback +step.end", UPK_PRECHECK,
         "3291 step `a` failed: statement 1 failed: words");
  expect(&(scene){STEPS(TX), .rehearse = MACHINE_REHEARSE,
                  RULES({"post", .x = 2})},
         CHECKED "begin run step.statement post step.check rollback +step.end",
         UPK_PRECHECK, "3291 step `a` failed: post-check");
}

/* It may have been COMMIT: what is left is not known. */
static void a_rehearsal_ends_with_what_ends_its_transaction(void **state) {
  (void)state;
  expect(&(scene){STEPS(TX, {.id = "b"}), .rehearse = MACHINE_REHEARSE,
                  RULES({"run", 1, .ends = true})},
         CHECKED "begin run +step.end run.note", UPK_PARTIAL,
         "3292 step `a` failed: statement 1 ended the transaction");
}

static void a_rehearsal_does_not_begin_what_it_cannot_take_back(void **state) {
  static const char *const runs[] = {
      "[{\"sql\":\"commit\"}]",
      "[{\"sql\":\"select 1\"},{\"sql\":\" -- x\\n;END\"}]",
      "[{\"sql\":\"/* a */ Rollback\"}]",
      "[{\"sql\":\"/* /* a */ commit /* */ */ select 1\"}]",
      "[{\"sql\":\"prepare transaction 'x'\"}]",
      "[{\"sql\":\"run\",\"transaction\":false}]",
  };
  (void)state;
  expect(&(scene){STEPS(AUTO), .rehearse = MACHINE_REHEARSE_ALL},
         "limits pre step.check +step.end", UPK_OK, NULL);
  for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
    expect(&(scene){STEPS({.id = "a", .run = runs[i]}),
                    .rehearse = MACHINE_REHEARSE},
           "limits pre step.check +step.end", UPK_OK, NULL);
}

/* Quick ones before it are done in its transaction; what comes after one that
 * is not, and fails, is not judged. */
static void a_rehearsal_does_what_comes_before(void **state) {
  (void)state;
  scene s = {STEPS({.id = "a", .run = "[{\"sql\":\"make\"}]"}, {.id = "b"}),
             .edges = "[{\"from\":\"a\",\"to\":\"b\",\"why\":\"w\"}]",
             .rehearse = MACHINE_REHEARSE};
  expect(&s,
         "limits pre step.check +step.begin begin make step.statement post "
         "step.check rollback +step.end pre step.check +step.begin begin make "
         "run step.statement post step.check rollback +step.end",
         UPK_OK, NULL);
  scene other = {STEPS(AUTO, {.id = "b"}), .edges = s.edges,
                 .rehearse = MACHINE_REHEARSE,
                 RULES({"run", .fault = MACHINE_ERROR})};
  world *w = play(&other);
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->counts.ready, 2);
  assert_non_null(strstr(w->obs.data, "it comes after step 1, whose effect is "
                                      "not there; without it: statement 1 "
                                      "failed"));
  leave(w);
}

static void a_rehearsal_gives_way(void **state) {
  (void)state;
  scene s = {STEPS(TX), .rehearse = MACHINE_REHEARSE,
             RULES({"run", .fault = MACHINE_TRANSIENT})};
  world *w = play(&s);
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->counts.ready, 1);
  assert_int_equal(w->said.len, 0);
  leave(w);
}

static void unknown_is_not_satisfied(void **state) {
  (void)state;
  static const char pre[] =
      "[{\"columns\":[{\"name\":\"x\",\"type\":\"int\"}],\"expect\":\"x = 1\","
      "\"name\":\"still\",\"otherwise\":\"skip\",\"sql\":\"pre\"}]";
  static const struct {
    rule rule;
    const char *det, *obs;
  } rows[] = {{{"pre", .x = 2}, "\"satisfied\"", "satisfied already: x 2"},
              {{"pre", .name = "y"}, "\"unknown\"", "unknown: x is unknown"},
              {{"pre", .no_row = true}, "\"gone\"", "gone: x is unknown"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    scene s = {STEPS({.id = "a", .pre = pre}), .rules = &rows[i].rule,
               .rule_count = 1};
    world *w = play(&s);
    assert_int_equal(w->counts.skipped, 1);
    assert_non_null(strstr(w->det.data, rows[i].det));
    assert_non_null(strstr(w->obs.data, rows[i].obs));
    leave(w);
  }
}

static void the_same_events_give_the_same_commands(void **state) {
  (void)state;
  scene s = {STEPS({.id = "a", .retries = 3}, {.id = "b", .retries = 2}),
             .jobs = 2,
             RULES({"run", 1, .fault = MACHINE_TRANSIENT},
                   {"run", 2, .fault = MACHINE_LOST})};
  world *one = play(&s), *two = play(&s);
  assert_string_equal(one->out.data, two->out.data);
  assert_string_equal(one->det.data, two->det.data);
  leave(one);
  leave(two);
}

/* ---- windows ---- */

#define SECONDS INT64_C(1000000)
#define OPENINGS(...)                                                          \
  .openings = (const machine_opening[]){__VA_ARGS__},                          \
  .opening_count =                                                             \
      sizeof((const machine_opening[]){__VA_ARGS__}) / sizeof(machine_opening)

static void an_open_window_changes_nothing(void **state) {
  (void)state;
  expect(&(scene){STEPS({.id = "a"}), OPENINGS({0, 100 * SECONDS})},
         "limits pre step.check +step.begin begin run step.statement post "
         "step.check commit +step.end",
         UPK_OK, NULL);
}

static void a_closed_window_ends_the_run(void **state) {
  (void)state;
  expect(&(scene){STEPS({.id = "a"}, {.id = "b"}),
                  OPENINGS({50 * SECONDS, 100 * SECONDS})},
         "run.note run.note", UPK_WINDOW, "3221 2 steps did not run");
}

static void what_is_too_long_for_the_rest_does_not_start(void **state) {
  (void)state;
  expect(&(scene){STEPS({.id = "a"}), OPENINGS({0, 10 * SECONDS}),
                  .p90_ms = 11000},
         "run.note", UPK_WINDOW, "3221 1 step did not run");
  expect(&(scene){STEPS({.id = "a"}), OPENINGS({0, 100 * SECONDS}),
                  .p90_ms = 11000, .stop_at_us = 10 * SECONDS},
         "run.note", UPK_WINDOW, "3221 1 step did not run");
}

static void a_step_waits_for_the_opening(void **state) {
  (void)state;
  world *w =
      play(&(scene){STEPS({.id = "a"}), OPENINGS({5 * SECONDS, 100 * SECONDS}),
                    .wait = true});
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->counts.applied, 1);
  assert_true(w->mono_us >= 5 * SECONDS);
  assert_non_null(strstr(w->out.data, "step.wait sleep"));
  assert_non_null(strstr(w->obs.data, "\"gate\":\"window\""));
  leave(w);
}

/* Neither clock alone opens a window: one is set into it, and it stays shut
 * until the other is there too. */
static void a_clock_that_is_set_opens_nothing(void **state) {
  (void)state;
  const scene forward = {STEPS({.id = "a"}),
                         OPENINGS({100 * SECONDS, 300 * SECONDS}),
                         RULES({.what = "run.begin", .set_us = 120 * SECONDS})};
  world *w = play(&forward);
  assert_int_equal(w->status, UPK_WINDOW);
  assert_int_equal(w->counts.applied, 0);
  leave(w);
  /* Set while a step runs: said in the log, and judged again. */
  const scene later = {
      STEPS({.id = "a"}, {.id = "b"}), OPENINGS({0, 300 * SECONDS}),
      RULES({.what = "run", .nth = 1, .set_us = 400 * SECONDS})};
  w = play(&later);
  assert_int_equal(w->status, UPK_WINDOW);
  assert_int_equal(w->counts.applied, 1);
  assert_int_equal(w->counts.cancelled, 1);
  assert_non_null(strstr(w->out.data, "run.note"));
  leave(w);
}

static void a_step_is_cancelled_at_the_end(void **state) {
  (void)state;
  const scene s = {
      STEPS({.id = "a",
             .run = "[{\"sql\":\"run\"},{\"sql\":"
                    "\"more\"}]"}),
      OPENINGS({0, 11 * SECONDS}),
      .cancels = true,
  };
  world *w = play(&s);
  assert_int_equal(w->status, UPK_WINDOW);
  assert_int_equal(w->counts.cancelled, 1);
  assert_int_equal(w->counts.applied, 0);
  assert_null(strstr(w->out.data, "commit"));
  assert_non_null(strstr(w->said.data, "3222 step `a` cancelled"));
  leave(w);
}

/* The server's limit ended a pre-check: nothing has begun, and it waits. */
static void a_step_that_has_not_begun_is_put_back(void **state) {
  (void)state;
  world *w =
      play(&(scene){STEPS({.id = "a"}), .cancels = true, .wait = true,
                    OPENINGS({0, 1 * SECONDS}, {100 * SECONDS, 300 * SECONDS}),
                    RULES({"pre", 1, .fault = MACHINE_BROKEN_OFF})});
  assert_int_equal(w->status, UPK_OK);
  assert_int_equal(w->counts.applied, 1);
  leave(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test(name)
      T(a_rehearsal_rolls_back_what_held),
      T(a_rehearsal_tells_what_failed),
      T(a_rehearsal_ends_with_what_ends_its_transaction),
      T(a_rehearsal_does_not_begin_what_it_cannot_take_back),
      T(a_rehearsal_does_what_comes_before),
      T(a_rehearsal_gives_way),
      T(opens_locks_and_asks),
      T(refuses_before_it_begins),
      T(a_ledger_to_come_is_not_asked),
      T(a_log_that_cannot_begin_ends_it),
      T(pre_checks_decide),
      T(unknown_is_not_true),
      T(a_failed_statement_rolls_back),
      T(a_ledger_that_swallows_the_row_is_a_failure),
      T(a_statement_that_ends_the_transaction_is_in_doubt),
      T(transient_faults_are_tried_again),
      T(a_lock_is_waited_for),
      T(retries_do_not_show_in_det),
      T(a_failed_validation_rolls_back),
      T(late_counters_are_waited_for),
      T(caught_errors_are_answers),
      T(columns_of_a_caught_error_are_null),
      T(a_parameter_nobody_knows_fails),
      T(a_lost_commit_is_asked_for),
      T(a_ledger_that_was_not_made_is_looked_for),
      T(a_plan_used_meanwhile_ends_it),
      T(a_lost_transaction_did_nothing),
      T(a_server_that_stays_away_ends_it),
      T(another_database_behind_the_name_ends_it),
      T(a_commit_nobody_can_be_asked_about_is_unreachable),
      T(the_second_signal_ends_the_wait_for_a_server),
      T(autocommit_asks_the_probe),
      T(a_lost_statement_is_probed),
      T(a_lost_probe_is_asked_again),
      T(unheard_answers_do_not_show_in_det),
      T(a_probe_that_breaks_sessions_ends_in_doubt),
      T(a_lost_validation_goes_on),
      T(a_post_check_that_cannot_be_asked_has_failed),
      T(a_refused_first_statement_did_nothing),
      T(a_failed_validation_is_undone),
      T(two_statements_leave_the_first),
      T(a_lost_undo_is_in_doubt),
      T(a_lost_transaction_of_an_undo_did_nothing),
      T(a_session_that_cannot_roll_back_is_closed),
      T(checks_judge_rows),
      T(queries_are_put_together),
      T(what_pre_saw_is_in_the_intent),
      T(failures_spread_as_they_should),
      T(a_policy_is_rolled_back_in_reverse),
      T(a_cancelled_step_lets_its_key_go),
      T(an_undo_takes_its_turn),
      T(what_has_no_undo_stays_applied),
      T(a_doubt_stops_the_rollback),
      T(a_doubtful_undo_stops_the_run),
      T(barriers_hold_back),
      T(settings_end_with_the_step),
      T(conflicting_steps_take_turns),
      T(a_second_session_may_fail_to_open),
      T(the_first_signal_ends_cleanly),
      T(the_second_signal_cancels),
      T(a_broken_log_starts_nothing_more),
      T(a_dry_run_only_looks),
      T(a_dry_run_knows_what_would_come_before),
      T(unknown_is_not_satisfied),
      T(the_same_events_give_the_same_commands),
      T(an_open_window_changes_nothing),
      T(a_closed_window_ends_the_run),
      T(a_step_that_has_not_begun_is_put_back),
      T(what_is_too_long_for_the_rest_does_not_start),
      T(a_step_waits_for_the_opening),
      T(a_clock_that_is_set_opens_nothing),
      T(a_step_is_cancelled_at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
