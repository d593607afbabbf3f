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

static node *waiver(fixture *f, const char *rule, const char *until) {
  node *map = map_node(f);
  put(f, map, "rule", text_node(f, rule));
  put(f, map, "reason", text_node(f, "agreed with ops"));
  if (until)
    put(f, map, "until", text_node(f, until));
  return map;
}

/* Waived, a finding of the first policy is a note and denies nothing. */
static void is_waived(fixture *f, const upk_code *row) {
  ir_policy *policy = &f->ir.policies.items[0];
  if (row->code >= 2090 || row->code == 2011)
    return;
  policy->waive = waiver(f, row->name, "2026-12-01T00:00Z");
  assert_int_equal(findings(f, UPK_OK), 1);
  assert_int_equal(f->diags.items.items[0].code, 2090);
  policy->waive = NULL;
}

static void finds_one(fixture *f, int code) {
  const upk_code *row = upk_code_find(code);
  assert_non_null(row);
  is_waived(f, row);
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
              "policy `p`: steps of high risk may run at any time: `mend:x`, "
              "`mend:y`, `mend:z`");
  add_step(f, 0, mend, 0, "v")->risk = IR_RISK_HIGH;
  finds_one(f, 2015);
  assert_text(f->diags.items.items[0].message,
              "policy `p`: steps of high risk may run at any time: `mend:v`, "
              "`mend:x`, `mend:y` and 1 more");
  fixture_free(f);
}

static void a_waiver_turns_a_refusal_into_a_note(void **state) {
  (void)state;
  fixture *f = begin();
  ir_step *step = add(f, &f->table, 0, "a");
  step->estimate.disk_peak_bytes = 1000001;
  f->ir.policies.items[0].waive = waiver(f, "no-room", "2027-01-01T00:00Z");
  assert_int_equal(findings(f, UPK_OK), 1);
  assert_int_equal(f->diags.items.items[0].code, 2090);
  assert_text(f->diags.items.items[0].message,
              "policy `p`: steps need more room on disk than is free: `mend:a` "
              "(waived until 2027-01-01T00:00Z: agreed with ops)");
  f->ir.policies.items[0].waive =
      list_node(f, waiver(f, "UPK2006", "2027-01-01T00:00Z"), NULL);
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

static void a_waiver_lasts_a_year_at_most(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->risk = IR_RISK_HIGH;
  f->ir.policies.items[0].waive =
      waiver(f, "high-risk-any-time", "2027-09-22T00:00Z");
  assert_int_equal(findings(f, UPK_OK), 1);
  f->ir.policies.items[0].waive =
      waiver(f, "high-risk-any-time", "2027-09-24T00:00Z");
  assert_int_equal(findings(f, UPK_DENIED), 2);
  assert_true(has_code(f, 2094));
  fixture_free(f);
}

/* A policy without steps has nothing that could be waived. */
static void a_waiver_of_nothing_is_said(void **state) {
  (void)state;
  fixture *f = begin();
  f->ir.policies.items[0].waive =
      waiver(f, "high-risk-any-time", "2027-01-01T00:00Z");
  assert_int_equal(findings(f, UPK_OK), 0);
  add(f, &f->table, 0, "a");
  assert_int_equal(findings(f, UPK_OK), 1);
  assert_int_equal(f->diags.items.items[0].code, 2093);
  fixture_free(f);
}

/* ---- indexes that are dropped ---- */

/* A column of one value in every row. */
static void add_fact(fixture *f, const char *kind, const char *name,
                     int64_t value, const char *text) {
  upk_facts_kind *facts = NULL;
  for (size_t i = 0; i < f->ir.facts.kinds.len; i++)
    if (upk_str_is(f->ir.facts.kinds.items[i].name, kind))
      facts = &f->ir.facts.kinds.items[i];
  assert_non_null(facts);
  int64_t *integers = UPK_NEW_ARRAY(f->ir.arena, int64_t, facts->rows);
  upk_str *texts = UPK_NEW_ARRAY(f->ir.arena, upk_str, facts->rows);
  for (size_t i = 0; i < facts->rows; i++) {
    integers[i] = value;
    texts[i] = upk_str_from(text);
  }
  *UPK_PUSH(f->ir.arena, &facts->columns) = (upk_facts_column){
      .name = upk_str_from(name),
      .values = {.integers = text ? NULL : integers,
                 .texts = text ? texts : NULL,
                 .null = UPK_NEW_ARRAY(f->ir.arena, uint8_t, facts->rows)}};
}

static const int64_t DAY_US = INT64_C(86400) * 1000000;

/* A step that drops index b_key, which no constraint needs. */
static fixture *drops(void) {
  fixture *f = begin();
  ir_action *drop = add_action(f, "drop", &f->index);
  drop->destructive = true;
  add_step(f, 0, drop, 1, "b_key");
  f->ir.policies.items[0].limits.max_actions = 1;
  add_fact(f, "table", "may_maintain", 1, NULL);
  return f;
}

/* b's table may be maintained here. */
static size_t without_privilege(fixture *f) {
  size_t count = 0;
  for (size_t i = 0; i < f->diags.items.len; i++)
    count += f->diags.items.items[i].code != 2013;
  return count;
}

static void only_says(fixture *f, int code, upk_status wanted) {
  findings(f, wanted);
  assert_int_equal(without_privilege(f), code != 0);
  assert_int_equal(has_code(f, code), code != 0);
}

static void indexes_in_use_are_kept(void **state) {
  (void)state;
  fixture *f = drops();
  add_fact(f, "index", "unused_for", 30 * DAY_US, NULL);
  only_says(f, 2019, UPK_DENIED);
  f->ir.policies.items[0].waive =
      waiver(f, "drops-used-index", "2026-12-01T00:00Z");
  only_says(f, 2090, UPK_OK);
  f->ir.policies.items[0].waive = NULL;
  add_fact(f, "index", "redundant_to", 0, "b_more");
  only_says(f, 0, UPK_OK);
  fixture_free(f);
  f = drops();
  add_fact(f, "index", "unused_for", 31 * DAY_US, NULL);
  only_says(f, 0, UPK_OK);
  fixture_free(f);
}

static void use_that_is_not_known_is_said(void **state) {
  (void)state;
  fixture *f = drops();
  only_says(f, 2020, UPK_OK);
  add_fact(f, "index", "duplicate_of", 0, "b_twin");
  only_says(f, 0, UPK_OK);
  fixture_free(f);
  f = drops();
  add_fact(f, "index", "unused_for", 90 * DAY_US, NULL);
  only_says(f, 0, UPK_OK);
  *UPK_PUSH(f->ir.arena, &f->target.replicas) = UPK_STR("service=r1");
  only_says(f, 2020, UPK_OK);
  add_fact(f, "index", "is_valid", 0, NULL);
  only_says(f, 0, UPK_OK);
  fixture_free(f);
}

static void replica_identities_are_kept(void **state) {
  (void)state;
  fixture *f = drops();
  add_fact(f, "index", "unused_for", 90 * DAY_US, NULL);
  add_fact(f, "index", "replica_identity", 1, NULL);
  only_says(f, 2021, UPK_DENIED);
  f->ir.steps.items[0].action->destructive = false;
  only_says(f, 0, UPK_OK);
  fixture_free(f);
}

static void what_takes_away_says_from_which(void **state) {
  (void)state;
  fixture *f = drops();
  ir_policy *policy = &f->ir.policies.items[0];
  add_fact(f, "index", "unused_for", 90 * DAY_US, NULL);
  policy->limits.max_actions = 0;
  UPK_PUSH(f->ir.arena, &policy->by)->resolved = f->ir.steps.items[0].action;
  only_says(f, 2022, UPK_OK);
  policy->where.source.text = UPK_STR("size > 1GB");
  only_says(f, 0, UPK_OK);
  fixture_free(f);
}

/* ---- work that comes back, or is lost ---- */

static void replicas_are_waited_for(void **state) {
  (void)state;
  fixture *f = begin();
  add(f, &f->table, 0, "a")->estimate.wal_bytes = INT64_C(1) << 30;
  *UPK_PUSH(f->ir.arena, &f->target.replicas) = UPK_STR("service=r1");
  finds_one(f, 2023);
  UPK_PUSH(f->ir.arena, &f->ir.policies.items[0].throttle)->text =
      UPK_STR("replica_lag <= 10s");
  assert_int_equal(findings(f, UPK_OK), 0);
  f->ir.policies.items[0].throttle.len = 0;
  f->target.replicas.len = 0;
  finds_none(f);
}

static void cancelled_work_is_lost(void **state) {
  (void)state;
  fixture *f = begin();
  ir_policy *policy = &f->ir.policies.items[0];
  ir_step *step = add(f, &f->table, 0, "a");
  step->estimate.p90_ms = 30 * 60 * 1000;
  policy->on_window_end = UPK_STR("cancel");
  finds_one(f, 2025);
  policy->on_window_end = UPK_STR("finish");
  assert_int_equal(findings(f, UPK_OK), 0);
  policy->on_window_end = UPK_STR("cancel");
  ir_batch batch = {0};
  UPK_PUSH(f->ir.arena, &f->ir.steps.items[0].run)->batch = &batch;
  finds_none(f);
}

static void windows_are_long_enough(void **state) {
  (void)state;
  fixture *f = begin();
  ir_policy *policy = &f->ir.policies.items[0];
  ir_deferred *deferred = UPK_PUSH(f->ir.arena, &f->ir.deferred);
  *deferred = (ir_deferred){.policy = policy, .action = UPK_STR("mend")};
  deferred->object.display = UPK_STR("p.a");
  deferred->detail = UPK_STR("it may take 9 h");
  assert_int_equal(findings(f, UPK_OK), 0);
  deferred->too_long = true;
  finds_one(f, 2018);
  assert_text(f->diags.items.items[0].message,
              "policy `p`: no window is long enough for `mend:p.a`");
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
      cmocka_unit_test(a_waiver_lasts_a_year_at_most),
      cmocka_unit_test(a_waiver_of_nothing_is_said),
      cmocka_unit_test(indexes_in_use_are_kept),
      cmocka_unit_test(use_that_is_not_known_is_said),
      cmocka_unit_test(replica_identities_are_kept),
      cmocka_unit_test(what_takes_away_says_from_which),
      cmocka_unit_test(replicas_are_waited_for),
      cmocka_unit_test(cancelled_work_is_lost),
      cmocka_unit_test(windows_are_long_enough),
      cmocka_unit_test(a_waiver_names_a_rule),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
