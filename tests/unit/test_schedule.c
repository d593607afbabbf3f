#include <upkeep/compile.h>

#include "plan_fixture.h"

/* A lock of `mode` on p.NAME. */
static void lock(fixture *f, size_t step, const char *mode, const char *name) {
  ir_lock *added = UPK_PUSH(f->ir.arena, &f->ir.steps.items[step].locks);
  added->mode = upk_str_from(mode);
  *UPK_PUSH(f->ir.arena, &added->object) = UPK_STR("p");
  *UPK_PUSH(f->ir.arena, &added->object) = upk_str_from(name);
}

static fixture *begin(size_t steps) {
  static const char *const names[] = {"a", "b", "c", "d", "e"};
  fixture *f = fixture_new();
  add_policy(f, "p", 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  for (size_t i = 0; i < steps; i++)
    add_step(f, 0, mend, 2, names[i]);
  return f;
}

static void run(fixture *f) {
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_int_equal(pass_schedule(&f->ir), UPK_OK);
}

static void jobs_share_the_steps(void **state) {
  (void)state;
  fixture *f = begin(4);
  f->ir.steps.items[3].estimate = (ir_estimate){.p50_ms = 3000, .p90_ms = 9000};
  run(f);
  assert_int_equal(f->ir.steps.items[3].start_ms, 0);
  assert_int_equal(f->ir.totals.p50_ms, 3000);
  assert_int_equal(f->ir.totals.p90_ms, 9000);
  fixture_free(f);
}

/* One at a time on two jobs; a step that is alone in its turn has no key. */
static void steps_of_a_turn_exclude_each_other(void **state) {
  (void)state;
  fixture *f = begin(4);
  f->ir.steps.items[0].turn = f->ir.steps.items[1].turn = UPK_STR("paced");
  f->ir.steps.items[2].turn = UPK_STR("alone");
  run(f);
  assert_int_equal(f->ir.steps.items[0].conflicts.len, 1);
  assert_text(f->ir.steps.items[0].conflicts.items[0], "turn:paced");
  assert_text(f->ir.steps.items[1].conflicts.items[0], "turn:paced");
  assert_int_equal(f->ir.steps.items[2].conflicts.len, 0);
  assert_int_equal(f->ir.steps.items[3].conflicts.len, 0);
  assert_true(f->ir.steps.items[0].end_ms <= f->ir.steps.items[1].start_ms ||
              f->ir.steps.items[1].end_ms <= f->ir.steps.items[0].start_ms);
  fixture_free(f);
}

/* The executor takes them in the plan's order. */
static void with_several_jobs_the_longest_comes_first(void **state) {
  (void)state;
  fixture *f = begin(4);
  f->ir.steps.items[3].estimate = (ir_estimate){.p50_ms = 3000, .p90_ms = 9000};
  run(f);
  assert_int_equal(f->ir.plan_order.items[1], 3);
  for (size_t i = 1; i < f->ir.plan_order.len; i++)
    assert_true(f->ir.steps.items[f->ir.plan_order.items[i - 1]].start_ms <=
                f->ir.steps.items[f->ir.plan_order.items[i]].start_ms);
  fixture_free(f);
}

static void without_a_table_of_modes_all_locks_conflict(void **state) {
  (void)state;
  fixture *f = begin(3);
  lock(f, 0, "read", "t");
  lock(f, 1, "read", "t");
  lock(f, 2, "read", "u");
  run(f);
  assert_int_equal(f->ir.steps.items[0].conflicts.len, 1);
  assert_text(f->ir.steps.items[0].conflicts.items[0], "p.t");
  assert_int_equal(f->ir.steps.items[2].conflicts.len, 0);
  assert_int_equal(f->ir.totals.p50_ms, 2000);
  assert_true(f->ir.steps.items[0].end_ms <= f->ir.steps.items[1].start_ms ||
              f->ir.steps.items[1].end_ms <= f->ir.steps.items[0].start_ms);
  fixture_free(f);
}

static void modes_say_what_excludes_what(void **state) {
  (void)state;
  fixture *f = begin(5);
  node *table = map_node(f);
  put(f, table, "write", list_node(f, text_node(f, "write"), NULL));
  put(f, f->engine.definition, "lock_conflicts", table);
  put(f, f->engine.definition, "traffic_locks",
      list_node(f, text_node(f, "read"), NULL));
  lock(f, 0, "write", "t");
  lock(f, 1, "write", "t");
  lock(f, 2, "read", "t");
  lock(f, 3, "read", "t");
  lock(f, 4, "write", "u");
  run(f);
  const size_t wanted[] = {1, 1, 0, 0, 0};
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(f->ir.steps.items[i].conflicts.len, wanted[i]);
  fixture_free(f);
}

static void an_unknown_mode_excludes_everything(void **state) {
  (void)state;
  fixture *f = begin(2);
  node *table = map_node(f);
  put(f, table, "write", list_node(f, text_node(f, "write"), NULL));
  put(f, f->engine.definition, "lock_conflicts", table);
  lock(f, 0, "write", "t");
  lock(f, 1, "wrote", "t");
  run(f);
  assert_int_equal(f->ir.steps.items[0].conflicts.len, 1);
  fixture_free(f);
}

static void one_step_does_not_exclude_itself(void **state) {
  (void)state;
  fixture *f = begin(1);
  lock(f, 0, "write", "t");
  lock(f, 0, "read", "t");
  run(f);
  assert_int_equal(f->ir.steps.items[0].conflicts.len, 0);
  fixture_free(f);
}

/* a and b share t; b and c share u: b waits for two, and everyone ends. */
static void waiting_for_two_keys_ends(void **state) {
  (void)state;
  fixture *f = begin(5);
  f->target.jobs = 5;
  lock(f, 0, "x", "t");
  lock(f, 1, "x", "t");
  lock(f, 1, "x", "u");
  lock(f, 2, "x", "u");
  lock(f, 3, "x", "t");
  lock(f, 4, "x", "u");
  f->ir.steps.items[1].estimate.p50_ms = 900;
  run(f);
  for (size_t i = 0; i < 5; i++)
    for (size_t j = 0; j < 5; j++) {
      const ir_step *a = &f->ir.steps.items[i], *b = &f->ir.steps.items[j];
      bool meets = i != j && (i == 1 || j == 1 || i + j == 3 || i + j == 6);
      if (meets)
        assert_true(a->end_ms <= b->start_ms || b->end_ms <= a->start_ms);
      assert_int_equal(a->end_ms - a->start_ms, a->estimate.p50_ms);
    }
  assert_int_equal(f->ir.totals.p50_ms, 2900);
  fixture_free(f);
}

static void edges_and_barriers_are_kept(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p1", 50);
  add_policy(f, "p2", 50);
  goes_after(f, 1, 0);
  ir_action *mend = add_action(f, "mend", &f->table);
  ir_action *check = add_action(f, "check", &f->table);
  add_step(f, 0, mend, 0, "a");
  add_step(f, 0, mend, 2, "b")->estimate.p50_ms = 5000;
  add_step(f, 1, check, 0, "a");
  f->target.jobs = 4;
  run(f);
  assert_int_equal(f->ir.steps.items[2].start_ms, 5000);
  assert_int_equal(f->ir.totals.p50_ms, 6000);
  fixture_free(f);
}

/* ---- windows ---- */

#define S INT64_C(1000)
#define MIN (60 * S)

/* A window of policy 0, open in [from, to), ms since the plan. */
typedef struct opening {
  int64_t from_ms, to_ms;
} opening;

static void add_openings(fixture *f, upk_buf *out, const opening *items,
                         size_t count) {
  upk_buf_char(out, '[');
  for (size_t i = 0; i < count; i++)
    upk_buf_printf(out, "%s[%lld,%lld]", i ? "," : "",
                   (long long)(f->ir.now_us + items[i].from_ms * 1000),
                   (long long)(f->ir.now_us + items[i].to_ms * 1000));
  upk_buf_char(out, ']');
}

static upk_compile_request *ask_for(fixture *f, const opening *free_times,
                                    size_t free_count, const opening *open,
                                    size_t open_count) {
  upk_compile_request *request = UPK_NEW(f->ir.arena, upk_compile_request);
  upk_buf text = {0};
  upk_buf_str(&text, UPK_STR("{\"blackouts\":[],\"format\":"
                             "\"upkeep.windows/1\",\"free\":"));
  add_openings(f, &text, free_times, free_count);
  upk_buf_printf(&text, ",\"from\":%lld,\"to\":%lld,\"tzdata\":\"x\"",
                 (long long)f->ir.now_us,
                 (long long)(f->ir.now_us + INT64_C(14) * 86400000000));
  upk_buf_str(&text, UPK_STR(",\"windows\":["));
  if (f->ir.project.windows.len) {
    upk_buf_str(&text, UPK_STR("{\"name\":\"nightly\",\"open\":"));
    add_openings(f, &text, open, open_count);
    upk_buf_char(&text, '}');
  }
  upk_buf_str(&text, UPK_STR("]}\n"));
  request->windows = upk_arena_copy(f->ir.arena, upk_buf_view(&text));
  upk_buf_free(&text);
  f->ir.request = request;
  return request;
}

static const opening always = {0, INT64_C(14) * 86400000};

static void give_window(fixture *f, const opening *open, size_t count) {
  UPK_PUSH(f->ir.arena, &f->ir.project.windows)->name = UPK_STR("nightly");
  f->ir.policies.items[0].applies = true;
  f->ir.policies.items[0].window_resolved = &f->ir.project.windows.items[0];
  ask_for(f, &always, 1, open, count);
}

static ir_step *takes(fixture *f, size_t step, int64_t p50_ms, int64_t p90_ms) {
  ir_step *s = &f->ir.steps.items[step];
  s->estimate = (ir_estimate){.p50_ms = p50_ms, .p90_ms = p90_ms};
  return s;
}

static void steps_go_into_the_next_opening(void **state) {
  (void)state;
  fixture *f = begin(2);
  const opening open[] = {{10 * MIN, 20 * MIN}, {100 * MIN, 110 * MIN}};
  f->target.jobs = 1;
  takes(f, 0, MIN, 2 * MIN);
  takes(f, 1, 2 * MIN, 4 * MIN);
  give_window(f, open, 2);
  run(f);
  const ir_step *a = &f->ir.steps.items[0], *b = &f->ir.steps.items[1];
  assert_int_equal(b->start_ms, 0); /* the longest first */
  assert_int_equal(b->end_ms, 2 * MIN);
  assert_int_equal(b->late_end_ms, 4 * MIN);
  assert_int_equal(b->opens_us, f->ir.now_us + 10 * MIN * 1000);
  assert_int_equal(a->start_ms, 2 * MIN);
  assert_int_equal(a->late_end_ms, 6 * MIN);
  assert_int_equal(f->ir.expires_us, f->ir.now_us + 20 * MIN * 1000);
  assert_int_equal(f->ir.totals.p50_ms, 3 * MIN);
  assert_int_equal(f->ir.plan_order.items[0], 1);
  assert_int_equal(f->ir.deferred.len, 0);
  fixture_free(f);
}

/* What is left of an opening that is nearly over holds what fits, and the plan
 * is for the one that has room for the most urgent. */
static void a_short_rest_is_used_and_not_the_end(void **state) {
  (void)state;
  fixture *f = begin(2);
  const opening open[] = {{-50 * MIN, 2 * MIN}, {100 * MIN, 160 * MIN}};
  f->target.jobs = 1;
  takes(f, 0, 20 * MIN, 40 * MIN);
  takes(f, 1, MIN, 2 * MIN);
  give_window(f, open, 2);
  run(f);
  const ir_step *a = &f->ir.steps.items[0], *b = &f->ir.steps.items[1];
  assert_int_equal(b->opens_us, f->ir.now_us - 50 * MIN * 1000);
  assert_int_equal(b->start_ms, 50 * MIN);
  assert_int_equal(a->opens_us, f->ir.now_us + 100 * MIN * 1000);
  assert_int_equal(a->start_ms, 0);
  assert_int_equal(f->ir.expires_us, f->ir.now_us + 160 * MIN * 1000);
  assert_int_equal(f->ir.totals.p50_ms, 21 * MIN);
  fixture_free(f);
}

/* Their times count from their own openings. */
static void several_jobs_keep_the_order_of_openings(void **state) {
  (void)state;
  fixture *f = begin(3);
  const opening open[] = {{-50 * MIN, 2 * MIN}, {100 * MIN, 160 * MIN}};
  f->target.jobs = 2;
  takes(f, 0, 20 * MIN, 40 * MIN);
  takes(f, 1, MIN, 2 * MIN);
  takes(f, 2, 30 * S, 40 * S);
  give_window(f, open, 2);
  run(f);
  assert_int_equal(f->ir.plan_order.items[2], 0);
  fixture_free(f);
}

static void what_does_not_fit_is_deferred(void **state) {
  (void)state;
  fixture *f = begin(4);
  const opening open[] = {{0, 10 * MIN}, {100 * MIN, 200 * MIN}};
  f->target.jobs = 1;
  takes(f, 0, 60 * MIN, 90 * MIN); /* longer than the opening */
  takes(f, 1, 4 * MIN, 8 * MIN);
  takes(f, 2, 4 * MIN, 6 * MIN);
  takes(f, 3, 4 * MIN, 6 * MIN);                  /* the time is used up */
  f->ir.steps.items[0].estimate.p50_ms = 3 * MIN; /* not the first by rank */
  give_window(f, open, 2);
  run(f);
  assert_int_equal(f->ir.plan_order.len, 2);
  assert_int_equal(f->ir.deferred.len, 2);
  assert_int_equal(f->ir.expires_us, f->ir.now_us + 10 * MIN * 1000);
  for (size_t i = 0; i < 2; i++)
    assert_text(f->ir.deferred.items[i].reason, "window");
  assert_text(f->ir.deferred.items[0].detail,
              "it may take 2 h, and window `nightly` is open for 10 min at "
              "most");
  assert_true(upk_str_starts(f->ir.deferred.items[1].detail,
                             "it may take 6 min, and more urgent steps fill "
                             "window `nightly` until "));
  /* The second fits by p50s; with p90s all over it would not. */
  const ir_step *second = &f->ir.steps.items[f->ir.plan_order.items[1]];
  assert_int_equal(second->start_ms, 4 * MIN);
  assert_int_equal(second->late_end_ms, -1);
  fixture_free(f);
}

/* A follow-up goes with what it follows; one that only comes after stays. */
static void what_needs_a_deferred_step_goes_with_it(void **state) {
  (void)state;
  fixture *f = fixture_new();
  const opening open[] = {{0, 10 * MIN}};
  add_policy(f, "p", 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  ir_action *look = add_action(f, "look", &f->table);
  says(f, mend, "followups", "look");
  add_step(f, 0, mend, 0, "a");
  add_step(f, 0, look, 0, "a")->follows = 1;
  add_step(f, 0, mend, 2, "b");
  add_step(f, 0, look, 2, "b"); /* wanted for itself too */
  takes(f, 0, 20 * MIN, 40 * MIN);
  takes(f, 1, S, S);
  takes(f, 2, 20 * MIN, 40 * MIN);
  takes(f, 3, S, S);
  give_window(f, open, 1);
  run(f);
  assert_int_equal(f->ir.plan_order.len, 1);
  assert_int_equal(f->ir.plan_order.items[0], 3);
  assert_int_equal(f->ir.edges.len, 0);
  assert_int_equal(f->ir.deferred.len, 3);
  size_t with = 0;
  for (size_t i = 0; i < 3; i++)
    with += upk_str_starts(f->ir.deferred.items[i].detail,
                           "it comes with `mend:a`");
  assert_int_equal(with, 1);
  fixture_free(f);
}

static void an_atomic_policy_is_deferred_whole(void **state) {
  (void)state;
  fixture *f = begin(3);
  const opening open[] = {{0, 10 * MIN}};
  f->target.jobs = 1;
  for (size_t i = 0; i < 3; i++)
    takes(f, i, 4 * MIN, 4 * MIN);
  f->ir.policies.items[0].atomic = true;
  give_window(f, open, 1);
  run(f);
  assert_int_equal(f->ir.plan_order.len, 0);
  assert_int_equal(f->ir.deferred.len, 3);
  fixture_free(f);
}

static void blackouts_hold_steps_without_a_window(void **state) {
  (void)state;
  fixture *f = begin(1);
  const opening left[] = {{30 * MIN, 60 * MIN}, {90 * MIN, always.to_ms}};
  takes(f, 0, 40 * MIN, 50 * MIN);
  ask_for(f, left, 2, NULL, 0);
  run(f);
  assert_int_equal(f->ir.steps.items[0].start_ms, 90 * MIN);
  assert_int_equal(f->ir.steps.items[0].opens_us, 0);
  assert_int_equal(f->ir.totals.p50_ms, 40 * MIN);
  assert_int_equal(f->ir.expires_us, f->ir.now_us + INT64_C(14) * 86400000000);
  fixture_free(f);
}

static void windows_that_nobody_told_are_refused(void **state) {
  (void)state;
  fixture *f = begin(1);
  give_window(f, NULL, 0);
  f->ir.request = NULL;
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_int_equal(pass_schedule(&f->ir), UPK_DENIED);
  assert_true(has_code(f, 1567));
  fixture_free(f);
}

static void a_window_that_stays_shut_is_said(void **state) {
  (void)state;
  fixture *f = begin(1);
  give_window(f, NULL, 0);
  run(f);
  assert_true(has_code(f, 1568));
  assert_int_equal(f->ir.plan_order.len, 0);
  assert_true(upk_str_starts(f->ir.deferred.items[0].detail,
                             "window `nightly` does not open before "));
  fixture_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(jobs_share_the_steps),
      cmocka_unit_test(steps_of_a_turn_exclude_each_other),
      cmocka_unit_test(with_several_jobs_the_longest_comes_first),
      cmocka_unit_test(without_a_table_of_modes_all_locks_conflict),
      cmocka_unit_test(modes_say_what_excludes_what),
      cmocka_unit_test(an_unknown_mode_excludes_everything),
      cmocka_unit_test(one_step_does_not_exclude_itself),
      cmocka_unit_test(waiting_for_two_keys_ends),
      cmocka_unit_test(edges_and_barriers_are_kept),
      cmocka_unit_test(steps_go_into_the_next_opening),
      cmocka_unit_test(a_short_rest_is_used_and_not_the_end),
      cmocka_unit_test(several_jobs_keep_the_order_of_openings),
      cmocka_unit_test(what_does_not_fit_is_deferred),
      cmocka_unit_test(what_needs_a_deferred_step_goes_with_it),
      cmocka_unit_test(an_atomic_policy_is_deferred_whole),
      cmocka_unit_test(blackouts_hold_steps_without_a_window),
      cmocka_unit_test(windows_that_nobody_told_are_refused),
      cmocka_unit_test(a_window_that_stays_shut_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
