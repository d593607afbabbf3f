/* The session that watches, in a scripted world: what it cannot do, and the
 * room on the disk. tests/live/guard.bats has the guard itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "plan/read.h"
#include "run_plan.h"

#define METRICS                                                                \
  "\"metrics\":[{\"name\":\"disk_free\",\"needs\":\"may\",\"sql\":\"disk\","   \
  "\"type\":\"bytes\",\"unavailable\":\"nobody tells\"}],"
#define ROOM "[\"k\"],\"estimate\":{\"disk_peak_bytes\":1000,\"wal_bytes\":24}"

typedef struct world {
  upk_arena *arena;
  machine *m;
  machine_command queue[64];
  char sql[64][32];
  size_t head, tail;
  int64_t us, disk; /* disk < 0: needs is false */
  bool no_watcher, full;
  upk_buf said, notes, queries;
  upk_status status;
} world;

static void take(world *w, const machine_command *c) {
  if (c->kind == MACHINE_END)
    w->status = c->status;
  if (c->kind == MACHINE_REPORT)
    upk_buf_printf(&w->said, "%d %.*s\n", c->code, UPK_FMT(c->text));
  if (c->kind == MACHINE_LOG && c->text.len)
    upk_buf_printf(&w->notes, "%s %.*s\n", c->event, UPK_FMT(c->text));
  if (c->kind == MACHINE_QUERY)
    upk_buf_printf(&w->queries, "%.*s ", UPK_FMT(c->sql));
  if (c->kind == MACHINE_END || c->kind == MACHINE_REPORT ||
      c->kind == MACHINE_CANCEL || c->kind == MACHINE_CLOSE)
    return;
  size_t at = w->tail++ % 64;
  w->queue[at] = *c;
  snprintf(w->sql[at], sizeof w->sql[at], "%.*s", UPK_FMT(c->sql));
}

static void hand(world *w, machine_event *event) {
  const machine_command *command;
  event->wall_us = event->mono_us = w->us;
  machine_handle(w->m, event);
  while ((command = machine_next(w->m)))
    take(w, command);
}

static const upk_str identity_columns[] = {
    {"role", 4}, {"identity.system", 15}, {"identity.database", 17}};
static const plan_value identity_values[] = {{PLAN_TEXT, 0, {"primary", 7}},
                                             {PLAN_INT, 7, {NULL, 0}},
                                             {PLAN_TEXT, 0, {"shop", 4}}};
static const upk_str x_column[] = {{"x", 1}},
                     disk_column[] = {{"disk_free", 9}};

static void answer(world *w, const machine_command *c, const char *sql) {
  plan_value value = {PLAN_INT, 1, UPK_NO_STR};
  machine_event event = {.kind = MACHINE_REPLY, .id = c->id, .granted = true};
  event.rows.affected = -1;
  if (c->kind == MACHINE_SLEEP) {
    event.kind = MACHINE_TIMER;
    w->us += c->delay_us;
  } else if (c->kind == MACHINE_LOG) {
    event.kind = MACHINE_LOGGED;
  } else if (c->kind == MACHINE_OPEN && c->session == 1 && w->no_watcher) {
    event.fault = (machine_fault){.kind = MACHINE_LOST,
                                  .class = UPK_STR("connection lost"),
                                  .message = UPK_STR("too many")};
  } else if (strcmp(sql, "identity") == 0) {
    event.rows = (machine_rows){identity_columns, 3, identity_values, 1, 1, -1};
  } else if (strcmp(sql, "run") == 0 && w->full) {
    event.fault = (machine_fault){.kind = MACHINE_ERROR,
                                  .class = UPK_STR("disk full"),
                                  .message = UPK_STR("no space")};
  } else if (c->kind == MACHINE_QUERY) {
    bool disk = strcmp(sql, "disk") == 0;
    if (disk)
      value.integer = w->disk;
    if (strcmp(sql, "may") == 0)
      value.integer = w->disk >= 0;
    event.rows =
        (machine_rows){disk ? disk_column : x_column, 1, &value, 1, 1, -1};
  }
  event.in_transaction =
      c->kind == MACHINE_BEGIN || (c->kind == MACHINE_QUERY && c->session == 0);
  w->us += 1000;
  hand(w, &event);
}

static void play(world *w, const run_step *steps, size_t count) {
  upk_diags diags;
  const plan *p = NULL;
  w->arena = upk_arena_new(NULL);
  upk_diags_init(&diags, w->arena);
  upk_str text = run_plan_text(w->arena, steps, count, "[]", METRICS);
  assert_int_equal(plan_read(w->arena, text, UPK_STR("p"), &diags, &p), UPK_OK);
  machine_config config = {.plan = p, .jobs = 1, .slots = 1, .seed = 1};
  config.run = config.host = config.user = UPK_STR("x");
  w->m = machine_new(&config);
  w->us = 1000;
  hand(w, &(machine_event){.kind = MACHINE_START});
  for (int i = 0; i < 20000 && w->head < w->tail; i++) {
    size_t at = w->head++ % 64;
    machine_command c = w->queue[at];
    char sql[32];
    memcpy(sql, w->sql[at], sizeof sql);
    answer(w, &c, sql);
  }
  assert_true(machine_ended(w->m));
  upk_buf_char(&w->said, ' ');
  upk_buf_char(&w->notes, ' ');
}

static void leave(world *w) {
  upk_buf_free(&w->said);
  upk_buf_free(&w->notes);
  upk_buf_free(&w->queries);
  machine_free(w->m);
  upk_arena_free(w->arena);
}

static const run_step two[] = {{.id = "a", .conflicts = ROOM},
                               {.id = "b", .conflicts = ROOM}};

static void room_is_looked_at_before(void **state) {
  (void)state;
  world w = {.disk = INT64_C(65) << 20};
  play(&w, two, 2);
  assert_int_equal(w.status, UPK_OK);
  assert_non_null(strstr(w.queries.data, "may disk "));
  leave(&w);
  w = (world){.disk = INT64_C(64) << 20};
  play(&w, two, 2);
  assert_int_equal(w.status, UPK_PRECHECK);
  assert_non_null(strstr(w.said.data, "3251 step `a` failed: it needs"));
  assert_null(strstr(w.queries.data, "run "));
  leave(&w);
}

static void unknown_room_is_said_once(void **state) {
  (void)state;
  world w = {.disk = -1};
  play(&w, two, 2);
  assert_int_equal(w.status, UPK_OK);
  const char *said = strstr(w.notes.data, "not known (nobody tells)");
  assert_non_null(said);
  assert_null(strstr(said + 1, "not known"));
  assert_null(strstr(w.queries.data, "disk "));
  leave(&w);
}

/* What nobody can tell is waited for, but not without end; the rest runs. */
static void an_unknown_throttle_ends_the_run(void **state) {
  (void)state;
  static const run_step some[] = {
      {.id = "a", .throttle = "[\"disk_free >= 1kB\"]"}, {.id = "b"}};
  world w = {.disk = -1};
  play(&w, some, 2);
  assert_int_equal(w.status, UPK_CANCELLED);
  assert_int_equal(machine_count(w.m).cancelled, 1);
  assert_int_equal(machine_count(w.m).applied, 1);
  assert_true(w.us >= 60 * 1000 * 1000);
  assert_non_null(strstr(w.notes.data, "step.wait disk_free is unknown"));
  assert_non_null(strstr(w.said.data, "3244 a throttle was not known for 60 s: "
                                      "disk_free is unknown (nobody tells)"));
  leave(&w);
  w = (world){.disk = INT64_C(1) << 40};
  play(&w, some, 2);
  assert_int_equal(w.status, UPK_OK);
  leave(&w);
}

static void a_full_disk_ends_the_run(void **state) {
  (void)state;
  world w = {.disk = INT64_C(1) << 40, .full = true};
  play(&w, two, 2);
  assert_int_equal(w.status, UPK_ROLLED_BACK);
  assert_non_null(strstr(w.said.data, "3252 step `a` failed"));
  assert_int_equal(machine_count(w.m).cancelled, 1);
  leave(&w);
}

static void without_a_watcher_nothing_begins(void **state) {
  (void)state;
  world w = {.disk = INT64_C(1) << 40, .no_watcher = true};
  play(&w, two, 2);
  assert_int_equal(w.status, UPK_UNREACHABLE);
  assert_non_null(strstr(w.said.data, "3240 the session that watches"));
  assert_non_null(strstr(w.notes.data, "step.wait the session that watches is "
                                       "away: the target cannot be reached"));
  assert_null(strstr(w.queries.data, "run "));
  leave(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(room_is_looked_at_before),
      cmocka_unit_test(unknown_room_is_said_once),
      cmocka_unit_test(an_unknown_throttle_ends_the_run),
      cmocka_unit_test(a_full_disk_ends_the_run),
      cmocka_unit_test(without_a_watcher_nothing_begins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
