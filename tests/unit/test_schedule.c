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

static void a_window_is_noted_as_open(void **state) {
  (void)state;
  fixture *f = begin(1);
  ir_window *window = UPK_PUSH(f->ir.arena, &f->ir.project.windows);
  window->name = UPK_STR("nightly");
  f->ir.policies.items[0].window_resolved = window;
  run(f);
  assert_true(has_code(f, 1560));
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
      cmocka_unit_test(a_window_is_noted_as_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
