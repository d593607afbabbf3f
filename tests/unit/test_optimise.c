#include "optimise/optimise.h"
#include "plan_fixture.h"

static void add_check(fixture *f, size_t step, bool post, const char *expect,
                      const char *query) {
  ir_step *of = &f->ir.steps.items[step];
  ir_check *added =
      post ? UPK_PUSH(f->ir.arena, &of->post) : UPK_PUSH(f->ir.arena, &of->pre);
  added->name = UPK_STR("invariant");
  added->expect = upk_str_from(expect);
  *UPK_PUSH(f->ir.arena, &added->queries) = upk_str_from(query);
  UPK_PUSH(f->ir.arena, &added->columns)->name = upk_str_from(query);
}

static void set_argument(fixture *f, size_t step, int64_t value) {
  ir_remedy *remedy = UPK_NEW(f->ir.arena, ir_remedy);
  node *number = node_new(f->ir.arena, NODE_INT, UPK_NO_SPAN);
  number->integer = value;
  UPK_PUSH(f->ir.arena, &remedy->arguments)->name = UPK_STR("level");
  remedy->arguments.items[0].value = number;
  f->ir.steps.items[step].remedy = remedy;
}

static void run(fixture *f) { assert_int_equal(pass_optimise(&f->ir), UPK_OK); }

/* "reason action:object because" of a deferred step. */
static void assert_deferred(const fixture *f, size_t i, const char *reason,
                            const char *because) {
  assert_true(i < f->ir.deferred.len);
  assert_text(f->ir.deferred.items[i].reason, reason);
  assert_text(f->ir.deferred.items[i].because, because);
}

static fixture *two_policies(int64_t first, int64_t second) {
  fixture *f = fixture_new();
  add_policy(f, "lean", first);
  add_policy(f, "slim", second);
  return f;
}

static void equal_steps_are_merged(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 0, mend, 0, "a")->because = UPK_STR("bloat 60% > 50%");
  add_step(f, 1, mend, 0, "a")->because = UPK_STR("size 9 > 8");
  set_argument(f, 0, 1);
  set_argument(f, 1, 1);
  add_check(f, 0, false, "bloat > 50%", "index_bloat");
  add_check(f, 1, false, "size > 8B", "index");
  add_check(f, 0, true, "bloat <= 50%", "index_bloat");
  add_check(f, 1, true, "size <= 8B", "index");
  run(f);
  const ir_step *kept = &f->ir.steps.items[1];
  assert_true(f->ir.steps.items[0].dropped);
  assert_false(kept->dropped);
  assert_text(kept->because, "size 9 > 8; bloat 60% > 50%");
  assert_int_equal(kept->also.len, 1);
  assert_int_equal(kept->also.items[0], 0);
  assert_int_equal(kept->pre.len, 1);
  assert_text(kept->pre.items[0].expect, "(size > 8B) or (bloat > 50%)");
  assert_int_equal(kept->pre.items[0].queries.len, 2);
  assert_int_equal(kept->pre.items[0].columns.len, 2);
  assert_int_equal(kept->post.len, 2);
  assert_text(kept->post.items[1].name, "invariant of lean");
  assert_int_equal(f->ir.deferred.len, 0);
  assert_int_equal(f->diags.items.len, 0);
  fixture_free(f);
}

static void three_are_merged_into_one(void **state) {
  (void)state;
  fixture *f = two_policies(50, 50);
  add_policy(f, "tidy", 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  for (int i = 2; i >= 0; i--)
    add_step(f, i, mend, 0, "a");
  run(f);
  assert_false(f->ir.steps.items[2].dropped);
  assert_int_equal(f->ir.steps.items[2].also.len, 2);
  fixture_free(f);
}

static void other_parameters_are_deferred(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 0, mend, 0, "a");
  add_step(f, 1, mend, 0, "a");
  set_argument(f, 0, 1);
  set_argument(f, 1, 2);
  run(f);
  assert_true(f->ir.steps.items[0].dropped);
  assert_deferred(f, 0, "conflict",
                  "policy slim does it with other parameters");
  assert_true(has_code(f, 1551));
  fixture_free(f);
}

static void the_name_breaks_ties(void **state) {
  (void)state;
  fixture *f = two_policies(50, 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 1, mend, 0, "a");
  add_step(f, 0, mend, 0, "a");
  run(f);
  assert_true(f->ir.steps.items[0].dropped);
  assert_false(f->ir.steps.items[1].dropped);
  fixture_free(f);
}

static node *blocker(fixture *f, const char *when) {
  node *entry = map_node(f);
  put(f, entry, "when", text_node(f, when));
  put(f, entry, "why", text_node(f, "an old snapshot pins its rows"));
  return list_node(f, entry, NULL);
}

static void causes_come_first(void **state) {
  (void)state;
  fixture *f = two_policies(50, 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  put(f, mend->definition, "blocked_by", blocker(f, "pinned"));
  add_step(f, 0, mend, 0, "a");
  add_step(f, 0, mend, 1, "a_2026");
  add_step(f, 0, mend, 2, "b"); /* unknown is not blocked */
  run(f);
  assert_false(f->ir.steps.items[0].dropped);
  assert_true(f->ir.steps.items[1].dropped);
  assert_false(f->ir.steps.items[2].dropped);
  assert_deferred(f, 0, "cause", "an old snapshot pins its rows");
  fixture_free(f);
}

static void a_blocker_that_is_no_expression_is_refused(void **state) {
  (void)state;
  fixture *f = two_policies(50, 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  put(f, mend->definition, "blocked_by", blocker(f, "pined"));
  add_step(f, 0, mend, 0, "a");
  assert_int_equal(pass_optimise(&f->ir), UPK_DENIED);
  assert_true(has_code(f, 1107));
  fixture_free(f);
}

static void actions_that_exclude_each_other(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *drop = add_action(f, "drop", &f->index);
  ir_action *rebuild = add_action(f, "rebuild", &f->index);
  *UPK_PUSH(f->ir.arena, &drop->conflicts) = UPK_STR("rebuild");
  add_step(f, 0, drop, 0, "a_key");
  add_step(f, 1, rebuild, 0, "a_key");
  add_step(f, 0, drop, 1, "b_key");
  run(f);
  assert_true(f->ir.steps.items[0].dropped);
  assert_false(f->ir.steps.items[1].dropped);
  assert_false(f->ir.steps.items[2].dropped);
  assert_deferred(f, 0, "conflict", "rebuild:a_key has precedence");
  assert_true(has_code(f, 1552));
  fixture_free(f);
}

static void a_rewrite_makes_others_redundant(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *compact = add_action(f, "compact", &f->table);
  ir_action *rebuild = add_action(f, "rebuild", &f->index);
  ir_action *analyse = add_action(f, "analyse", &f->table);
  *UPK_PUSH(f->ir.arena, &compact->subsumes) = UPK_STR("rebuild:children");
  *UPK_PUSH(f->ir.arena, &compact->subsumes) = UPK_STR("analyse");
  add_step(f, 0, compact, 0, "a");
  add_step(f, 1, rebuild, 0, "a_key");
  add_step(f, 1, rebuild, 1, "b_key");
  add_step(f, 1, analyse, 0, "a");
  add_step(f, 1, analyse, 2, "b");
  run(f);
  const bool wanted[] = {false, true, false, true, false};
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(f->ir.steps.items[i].dropped, wanted[i]);
  assert_int_equal(f->ir.deferred.len, 2);
  assert_deferred(f, 0, "subsumed", "compact:a does it too");
  assert_int_equal(f->ir.steps.items[0].also.len, 2);
  fixture_free(f);
}

/* whole > part > check: what is dropped drops nothing. */
static void the_redundant_make_nothing_redundant(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *whole = add_action(f, "whole", &f->table);
  ir_action *part = add_action(f, "part", &f->table);
  ir_action *check = add_action(f, "check", &f->table);
  *UPK_PUSH(f->ir.arena, &whole->subsumes) = UPK_STR("part");
  *UPK_PUSH(f->ir.arena, &part->subsumes) = UPK_STR("check");
  add_step(f, 0, check, 0, "a");
  add_step(f, 0, part, 0, "a");
  add_step(f, 0, whole, 0, "a");
  run(f);
  assert_false(f->ir.steps.items[0].dropped);
  assert_true(f->ir.steps.items[1].dropped);
  assert_false(f->ir.steps.items[2].dropped);
  fixture_free(f);
}

static void of_two_that_name_each_other_one_stays(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *one = add_action(f, "one", &f->table);
  ir_action *two = add_action(f, "two", &f->table);
  *UPK_PUSH(f->ir.arena, &one->subsumes) = UPK_STR("two");
  *UPK_PUSH(f->ir.arena, &two->subsumes) = UPK_STR("one");
  add_step(f, 0, one, 0, "a");
  add_step(f, 0, two, 0, "a");
  run(f);
  assert_false(f->ir.steps.items[0].dropped);
  assert_true(f->ir.steps.items[1].dropped);
  fixture_free(f);
}

static void a_blocked_step_makes_nothing_redundant(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *whole = add_action(f, "whole", &f->table);
  ir_action *part = add_action(f, "part", &f->table);
  *UPK_PUSH(f->ir.arena, &whole->subsumes) = UPK_STR("part");
  put(f, whole->definition, "blocked_by", blocker(f, "size > 1B"));
  add_step(f, 0, whole, 0, "a");
  add_step(f, 0, part, 0, "a");
  run(f);
  assert_true(f->ir.steps.items[0].dropped);
  assert_false(f->ir.steps.items[1].dropped);
  fixture_free(f);
}

static void a_followup_that_is_there_is_not_added(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *rebuild = add_action(f, "rebuild", &f->index);
  ir_action *analyse = add_action(f, "analyse", &f->table);
  says(f, rebuild, "followups", "analyse:parent");
  add_step(f, 0, rebuild, 0, "a_key");
  add_step(f, 1, analyse, 0, "p.a");
  f->ir.steps.items[1].id = UPK_STR("analyse:p.a");
  run(f);
  assert_int_equal(f->ir.steps.len, 2);
  fixture_free(f);
}

static void a_followup_must_be_an_action(void **state) {
  (void)state;
  fixture *f = two_policies(50, 60);
  ir_action *rebuild = add_action(f, "rebuild", &f->index);
  says(f, rebuild, "followups", "analyse");
  add_step(f, 0, rebuild, 0, "a_key");
  assert_int_equal(pass_optimise(&f->ir), UPK_DENIED);
  assert_true(has_code(f, 1553));
  fixture_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_steps_are_merged),
      cmocka_unit_test(three_are_merged_into_one),
      cmocka_unit_test(other_parameters_are_deferred),
      cmocka_unit_test(the_name_breaks_ties),
      cmocka_unit_test(causes_come_first),
      cmocka_unit_test(a_blocker_that_is_no_expression_is_refused),
      cmocka_unit_test(actions_that_exclude_each_other),
      cmocka_unit_test(a_rewrite_makes_others_redundant),
      cmocka_unit_test(the_redundant_make_nothing_redundant),
      cmocka_unit_test(of_two_that_name_each_other_one_stays),
      cmocka_unit_test(a_blocked_step_makes_nothing_redundant),
      cmocka_unit_test(a_followup_that_is_there_is_not_added),
      cmocka_unit_test(a_followup_must_be_an_action),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
