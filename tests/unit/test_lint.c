#include "plan_fixture.h"

/* Each rule: a step or policy that breaks it, and the same mended. */

static fixture *begin(void) {
  fixture *f = fixture_new();
  add_policy(f, "p", 50);
  ir_policy *policy = &f->ir.policies.items[0];
  policy->limits.max_blocking_us = 1000000;
  policy->counts[IR_BROKEN] = 1;
  return f;
}

static ir_step *add(fixture *f, ir_kind *kind, size_t row, const char *name) {
  return add_step(f, 0, add_action(f, "mend", kind), row, name);
}

static void lock(fixture *f, ir_step *step, const char *mode) {
  UPK_PUSH(f->ir.arena, &step->locks)->mode = upk_str_from(mode);
}

static size_t findings(fixture *f, upk_status wanted) {
  f->diags.items.len = 0;
  f->ir.plan_order.len = 0;
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_int_equal(pass_lint(&f->ir), wanted);
  return f->diags.items.len;
}

static void finds_one(fixture *f, int code) {
  const upk_code *row = upk_code_find(code);
  assert_non_null(row);
  assert_int_equal(
      findings(f, row->severity == UPK_FAILURE ? UPK_DENIED : UPK_OK), 1);
  assert_int_equal(f->diags.items.items[0].code, code);
}

static void finds_none(fixture *f) {
  assert_int_equal(findings(f, UPK_OK), 0);
  fixture_free(f);
}

static void large_tables_are_locked_in_windows(void **state) {
  (void)state;
  fixture *f = begin();
  ir_step *step = add(f, &f->index, 0, "a_key");
  lock(f, step, "access exclusive");
  finds_one(f, 2001);
  f->ir.policies.items[0].window.text = UPK_STR("nightly");
  finds_none(f);
}

static void small_tables_may_be_locked(void **state) {
  (void)state;
  fixture *f = begin();
  lock(f, add(f, &f->table, 1, "a_2026"), "access exclusive");
  finds_none(f);
}

static void unknown_size_is_said(void **state) {
  (void)state;
  fixture *f = begin();
  ir_step *step = add(f, &f->index, 1, "b_key");
  lock(f, step, "access exclusive");
  assert_int_equal(findings(f, UPK_OK), 2); /* and b may not be maintained */
  assert_int_equal(f->diags.items.items[0].code, 2002);
  assert_int_equal(f->diags.items.items[1].code, 2013);
  fixture_free(f);
}

static void traffic_says_what_is_exclusive(void **state) {
  (void)state;
  fixture *f = begin();
  node *table = map_node(f);
  put(f, table, "write", list_node(f, text_node(f, "write"), NULL));
  put(f, f->engine.definition, "lock_conflicts", table);
  put(f, f->engine.definition, "traffic_locks",
      list_node(f, text_node(f, "read"), text_node(f, "write")));
  lock(f, add(f, &f->table, 0, "a"), "write");
  finds_none(f);
}

static void locks_need_an_end(void **state) {
  (void)state;
  fixture *f = begin();
  ir_step *step = add(f, &f->table, 0, "a");
  lock(f, step, "share");
  step->lock_ms = 0;
  finds_one(f, 2003);
  f->ir.steps.items[0].max_ms = 1000;
  finds_none(f);
}

static void rollback_needs_undo(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->undo_class = UPK_STR("none");
  f->ir.policies.items[0].on_failure = IR_FAILURE_ROLLBACK;
  finds_one(f, 2004);
  f->ir.steps.items[0].undo_class = UPK_STR("restore");
  finds_none(f);
}

static void atomic_needs_undo_or_one_transaction(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->undo_class = UPK_STR("none");
  f->ir.policies.items[0].atomic = true;
  f->ir.steps.items[0].atomicity = UPK_STR("autocommit");
  finds_one(f, 2005);
  f->ir.steps.items[0].atomicity = UPK_STR("transaction");
  finds_none(f);
}

static void rewrites_need_room(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->estimate.disk_peak_bytes = 1000001;
  finds_one(f, 2006);
  f->ir.steps.items[0].estimate.disk_peak_bytes = 1000000;
  finds_none(f);
}

static void room_that_is_not_known_is_said(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->estimate.disk_peak_bytes = INT64_C(1) << 40;
  for (size_t i = 0; i < f->ir.facts.kinds.len; i++)
    if (upk_str_is(f->ir.facts.kinds.items[i].name, "disk"))
      f->ir.facts.kinds.items[i].rows = 0;
  finds_one(f, 2007);
  fixture_free(f);
}

static void acting_on_unknown_is_said(void **state) {
  (void)state;
  fixture *f = begin();
  ir_policy *policy = &f->ir.policies.items[0];
  policy->if_unknown = IR_UNKNOWN_ACT;
  policy->counts[IR_UNKNOWN_VERDICT] = 3;
  UPK_PUSH(f->ir.arena, &policy->by)->action.text = UPK_STR("mend");
  finds_one(f, 2008);
  assert_text(f->diags.items.items[0].message,
              "policy `p` acts on 3 objects of which nothing is known");
  policy->counts[IR_UNKNOWN_VERDICT] = 0;
  finds_none(f);
}

static void functions_are_said(void **state) {
  (void)state;
  fixture *f = begin();
  f->ir.policies.items[0].where.function = map_node(f);
  finds_one(f, 2009);
  f->ir.policies.items[0].where.function = NULL;
  finds_none(f);
}

static void remedies_that_fight_are_said(void **state) {
  (void)state;
  fixture *f = begin();
  ir_action *shrink = add_action(f, "shrink", &f->table);
  ir_action *grow = add_action(f, "grow", &f->table);
  says(f, shrink, "fights", "grow");
  add_step(f, 0, shrink, 0, "a");
  add_step(f, 0, grow, 0, "a");
  finds_one(f, 2010);
  f->ir.steps.items[1].dropped = true;
  finds_none(f);
}

static void policies_that_match_nothing_share_a_note(void **state) {
  (void)state;
  fixture *f = fixture_new();
  static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
  for (size_t i = 0; i < 7; i++)
    add_policy(f, names[i], 50)->counts[IR_EXCLUDED] = 3;
  finds_one(f, 2011);
  assert_text(f->diags.items.items[0].message,
              "no object is matched by the `where` of `a`, `b`, `c`, `d`, `e` "
              "and 2 more");
  for (size_t i = 0; i < 7; i++)
    f->ir.policies.items[i].counts[IR_HOLDS] = 1;
  finds_none(f);
}

static void dangerous_versions_are_refused(void **state) {
  (void)state;
  fixture *f = begin();
  node *range = map_node(f);
  put(f, range, "min", text_node(f, "14"));
  put(f, range, "below", text_node(f, "14.4"));
  const ir_step *step = add(f, &f->table, 0, "a");
  put(f, step->action->definition, "dangerous", list_node(f, range, NULL));
  finds_one(f, 2012);
  f->ir.facts.version = UPK_STR("14.4");
  assert_int_equal(findings(f, UPK_OK), 0);
  f->ir.facts.version = UPK_STR("13.9");
  finds_none(f);
}

static void privileges_are_looked_at(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 2, "b");
  finds_one(f, 2013);
  fixture_free(f);
}

static void constraints_keep_their_indexes(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->index, 0, "a_key");
  f->engine.actions.items[0]->destructive = true;
  finds_one(f, 2014);
  f->engine.actions.items[0]->destructive = false;
  finds_none(f);
}

static void high_risk_needs_a_window(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->risk = IR_RISK_HIGH;
  finds_one(f, 2015);
  f->ir.policies.items[0].window.text = UPK_STR("nightly");
  finds_none(f);
}

static void replicas_are_left_alone(void **state) {
  (void)state;
  fixture *f = begin();
  const ir_step *step = add(f, &f->table, 0, "a");
  f->ir.facts.role = UPK_STR("replica");
  finds_one(f, 2016);
  node *yes = node_new(f->ir.arena, NODE_BOOL, UPK_NO_SPAN);
  yes->boolean = true;
  put(f, step->action->definition, "on_replica", yes);
  finds_none(f);
}

static void blocking_has_a_limit(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->estimate.blocking_ms = 1001;
  finds_one(f, 2017);
  f->ir.steps.items[0].estimate.blocking_ms = 1000;
  finds_none(f);
}

/* ---- grouping and waivers ---- */

static void findings_are_grouped_by_policy(void **state) {
  (void)state;
  fixture *f = begin();
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 0, mend, 0, "x")->risk = IR_RISK_HIGH;
  add_step(f, 0, mend, 0, "y")->risk = IR_RISK_HIGH;
  add_step(f, 0, mend, 0, "z")->risk = IR_RISK_HIGH;
  finds_one(f, 2015);
  assert_text(f->diags.items.items[0].message,
              "policy `p`: steps of high risk may run at any time: `mend:x` "
              "and 2 more");
  fixture_free(f);
}

static node *waiver(fixture *f, const char *rule, const char *until) {
  node *map = map_node(f);
  put(f, map, "rule", text_node(f, rule));
  put(f, map, "reason", text_node(f, "agreed with ops"));
  if (until)
    put(f, map, "until", text_node(f, until));
  return map;
}

static void a_waiver_turns_a_refusal_into_a_note(void **state) {
  (void)state;
  fixture *f = begin();
  ir_step *step = add(f, &f->table, 0, "a");
  step->estimate.disk_peak_bytes = 1000001;
  f->ir.policies.items[0].waive = waiver(f, "no-room", NULL);
  assert_int_equal(findings(f, UPK_OK), 1);
  assert_int_equal(f->diags.items.items[0].code, 2090);
  assert_text(f->diags.items.items[0].message,
              "policy `p`: steps need more room on disk than is free: `mend:a` "
              "(waived: agreed with ops)");
  f->ir.policies.items[0].waive =
      list_node(f, waiver(f, "UPK2006", "2099-01-01T00:00Z"), NULL);
  assert_int_equal(findings(f, UPK_OK), 1);
  fixture_free(f);
}

static void a_waiver_ends(void **state) {
  (void)state;
  fixture *f = begin();
  ir_step *step = add(f, &f->table, 0, "a");
  step->estimate.disk_peak_bytes = 1000001;
  f->ir.policies.items[0].waive = waiver(f, "no-room", "2026-01-01T00:00Z");
  assert_int_equal(findings(f, UPK_DENIED), 2);
  assert_int_equal(f->diags.items.items[0].code, 2091);
  fixture_free(f);
}

static void a_waiver_names_a_rule(void **state) {
  (void)state;
  fixture *f = begin();
  f->ir.policies.items[0].waive = waiver(f, "no-lock-timeot", NULL);
  finds_one(f, 2092);
  assert_text(f->diags.items.items[0].help, "did you mean `no-lock-timeout`?");
  fixture_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(large_tables_are_locked_in_windows),
      cmocka_unit_test(small_tables_may_be_locked),
      cmocka_unit_test(unknown_size_is_said),
      cmocka_unit_test(traffic_says_what_is_exclusive),
      cmocka_unit_test(locks_need_an_end),
      cmocka_unit_test(rollback_needs_undo),
      cmocka_unit_test(atomic_needs_undo_or_one_transaction),
      cmocka_unit_test(rewrites_need_room),
      cmocka_unit_test(room_that_is_not_known_is_said),
      cmocka_unit_test(acting_on_unknown_is_said),
      cmocka_unit_test(functions_are_said),
      cmocka_unit_test(remedies_that_fight_are_said),
      cmocka_unit_test(policies_that_match_nothing_share_a_note),
      cmocka_unit_test(dangerous_versions_are_refused),
      cmocka_unit_test(privileges_are_looked_at),
      cmocka_unit_test(constraints_keep_their_indexes),
      cmocka_unit_test(high_risk_needs_a_window),
      cmocka_unit_test(replicas_are_left_alone),
      cmocka_unit_test(blocking_has_a_limit),
      cmocka_unit_test(findings_are_grouped_by_policy),
      cmocka_unit_test(a_waiver_turns_a_refusal_into_a_note),
      cmocka_unit_test(a_waiver_ends),
      cmocka_unit_test(a_waiver_names_a_rule),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
