#include "digest.h"
#include "emit/plan.h"
#include "ir/scope.h"
#include "plan_fixture.h"

static ir_statement *statement(fixture *f, size_t step, const char *sql) {
  ir_statement *added = UPK_PUSH(f->ir.arena, &f->ir.steps.items[step].run);
  added->sql = upk_str_from(sql);
  return added;
}

static ir_check *check(fixture *f, size_t step, const char *expect) {
  ir_check *added = UPK_PUSH(f->ir.arena, &f->ir.steps.items[step].pre);
  added->name = UPK_STR("invariant");
  added->expect = upk_str_from(expect);
  added->otherwise = UPK_STR("skip");
  return added;
}

static fixture *begin(void) {
  fixture *f = fixture_new();
  add_policy(f, "lean", 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 0, mend, 0, "a");
  add_step(f, 0, mend, 1, "a_2026");
  statement(f, 0, "mend \"a\"\n");
  statement(f, 1, "mend a_2026");
  ir_check *invariant = check(f, 0, "size > 1B");
  *UPK_PUSH(f->ir.arena, &invariant->queries) = UPK_STR("table");
  f->ir.query_texts.len = 0;
  UPK_PUSH(f->ir.arena, &f->ir.query_texts)->name = UPK_STR("table");
  f->ir.query_texts.items[0].sql = UPK_STR("select 1");
  return f;
}

static const upk_json *emit(fixture *f) {
  upk_json_error error = {0};
  upk_buf_clear(&f->output);
  f->ir.plan_order.len = 0;
  f->ir.edges.len = 0;
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_int_equal(pass_schedule(&f->ir), UPK_OK);
  assert_int_equal(pass_emit(&f->ir), UPK_OK);
  upk_str bytes = upk_arena_copy(f->ir.arena, upk_buf_view(&f->output));
  const upk_json *plan = upk_json_parse(f->ir.arena, bytes, &error);
  if (!plan)
    fail_msg("offset %zu: %s", error.offset, error.text);
  return plan;
}

static upk_str text_at(const upk_json *plan, const char *key) {
  return upk_json_text(plan, key);
}

static void assert_same(upk_str a, upk_str b) {
  assert_int_equal(a.len, b.len);
  assert_memory_equal(a.data, b.data, a.len);
}

static void the_digest_is_of_the_exact_body(void **state) {
  (void)state;
  fixture *f = begin();
  const upk_json *plan = emit(f);
  upk_digest digest = upk_digest_of(upk_json_get(plan, "body")->bytes);
  assert_same(upk_digest_view(&digest), text_at(plan, "digest"));
  assert_text(text_at(plan, "format"), "upkeep.plan/1");
  fixture_free(f);
}

static void the_bytes_are_equal_on_repetition(void **state) {
  (void)state;
  fixture *one = begin(), *two = begin();
  emit(one);
  emit(two);
  assert_same(upk_buf_view(&one->output), upk_buf_view(&two->output));
  fixture_free(one);
  fixture_free(two);
}

/* docs/formats.md says how anybody can compute it again. */
static void intents_can_be_computed_again(void **state) {
  (void)state;
  fixture *f = begin();
  const upk_json *plan = emit(f);
  const upk_json *steps = upk_json_get(upk_json_get(plan, "body"), "steps");
  upk_digest wanted[2];
  upk_buf bytes = {0};
  assert_int_equal(upk_json_count(steps), 2);
  for (size_t i = 0; i < 2; i++) {
    const upk_json *step = upk_json_at(steps, i);
    const upk_json *object = upk_json_get(step, "object");
    upk_buf_clear(&bytes);
    upk_buf_printf(
        &bytes,
        "{\"action\":\"mend\",\"object\":{\"kind\":\"table\",\"name\":%.*s},"
        "\"parameters\":%.*s,\"risk\":\"low\",\"run\":%.*s,\"undo\":%.*s}",
        UPK_FMT(upk_json_get(object, "name")->bytes),
        UPK_FMT(upk_json_get(step, "parameters")->bytes),
        UPK_FMT(upk_json_get(step, "run")->bytes),
        UPK_FMT(upk_json_get(step, "undo")->bytes));
    wanted[i] = upk_digest_of(upk_buf_view(&bytes));
    assert_same(upk_digest_view(&wanted[i]), text_at(step, "intent"));
  }
  bool swap = strcmp(wanted[0].text, wanted[1].text) > 0;
  upk_buf_clear(&bytes);
  upk_buf_printf(&bytes, "[\"%s\",\"%s\"]", wanted[swap].text,
                 wanted[!swap].text);
  upk_digest intent = upk_digest_of(upk_buf_view(&bytes));
  assert_same(upk_digest_view(&intent), text_at(plan, "intent"));
  upk_buf_free(&bytes);
  fixture_free(f);
}

static upk_str intent_of(fixture *f) { return text_at(emit(f), "intent"); }

static void the_intent_knows_what_matters(void **state) {
  (void)state;
  fixture *f = begin();
  upk_str before = intent_of(f);
  f->ir.steps.items[0].because = UPK_STR("another reason");
  f->ir.steps.items[0].estimate.p50_ms = 77;
  f->ir.steps.items[0].span = (upk_span){0, 3, 1, 3, 2};
  f->ir.facts_sha256 = UPK_STR("sha256:others");
  assert_same(before, intent_of(f));
  f->ir.steps.items[0].risk = IR_RISK_HIGH;
  assert_false(upk_str_equal(before, intent_of(f)));
  f->ir.steps.items[0].risk = IR_RISK_LOW;
  f->ir.steps.items[0].run.items[0].sql = UPK_STR("mend more");
  assert_false(upk_str_equal(before, intent_of(f)));
  fixture_free(f);
}

static void places_stand_outside_the_body(void **state) {
  (void)state;
  fixture *f = begin();
  upk_str digest = text_at(emit(f), "digest");
  uint32_t source = upk_diags_source(&f->diags, UPK_STR("policies/a.yaml"),
                                     UPK_STR("a\nb\nc\n"));
  f->ir.steps.items[0].span = (upk_span){source, 3, 5, 3, 6};
  f->ir.policies.items[0].name_span = f->ir.steps.items[0].span;
  *UPK_PUSH(f->ir.arena, &f->ir.steps.items[0].also) = 0;
  const upk_json *plan = emit(f);
  assert_same(digest, text_at(plan, "digest"));
  const upk_json *spans =
      upk_json_get(upk_json_get(plan, "provenance"), "spans");
  assert_int_equal(upk_json_count(spans), 1);
  assert_text(text_at(spans, "mend:a"),
              "policies/a.yaml:3:5, policies/a.yaml:3:5");
  fixture_free(f);
}

static void a_step_has_what_the_machine_needs(void **state) {
  (void)state;
  fixture *f = begin();
  const upk_json *body = upk_json_get(emit(f), "body");
  /* the part before the whole */
  const upk_json *step = upk_json_at(upk_json_get(body, "steps"), 1);
  assert_text(text_at(step, "id"), "mend:a");
  assert_text(text_at(step, "policy"), "lean");
  assert_text(upk_json_get(step, "pre")->bytes,
              "[{\"expect\":\"size > 1B\",\"name\":\"invariant\","
              "\"otherwise\":\"skip\",\"queries\":[\"table\"]}]");
  assert_text(upk_json_get(step, "run")->bytes,
              "[{\"sql\":\"mend \\\"a\\\"\\n\"}]");
  assert_text(upk_json_get(step, "object")->bytes,
              "{\"kind\":\"table\",\"name\":[\"p\",\"a\"]}");
  assert_text(upk_json_get(step, "timeouts")->bytes,
              "{\"blocking_ms\":0,\"lock_ms\":1000,\"max_ms\":0,"
              "\"readers_ms\":0,\"statement_ms\":0,\"wait_ms\":0,"
              "\"watch_ms\":250}");
  assert_text(upk_json_get(body, "queries")->bytes, "{\"table\":\"select 1\"}");
  assert_text(upk_json_get(body, "totals")->bytes,
              "{\"blocking_ms\":0,\"p50_ms\":2000,\"p90_ms\":4000,"
              "\"steps\":2}");
  assert_text(upk_json_get(body, "edges")->bytes,
              "[{\"from\":\"mend:a_2026\",\"to\":\"mend:a\","
              "\"why\":\"part of a\"}]");
  fixture_free(f);
}

static void own_steps_name_no_policy(void **state) {
  (void)state;
  fixture *f = begin();
  ir_action *create = add_action(f, "create", &f->database);
  add_step(f, -1, create, 0, "shop");
  const upk_json *body = upk_json_get(emit(f), "body");
  const upk_json *step = upk_json_at(upk_json_get(body, "steps"), 0);
  assert_text(text_at(step, "id"), "create:shop");
  assert_int_equal(upk_json_get(step, "policy")->type, UPK_JSON_NULL);
  assert_text(text_at(step, "on_failure"), "stop");
  fixture_free(f);
}

static void atomic_steps_are_rolled_back_together(void **state) {
  (void)state;
  fixture *f = begin();
  f->ir.policies.items[0].atomic = true;
  const upk_json *body = upk_json_get(emit(f), "body");
  const upk_json *step = upk_json_at(upk_json_get(body, "steps"), 1);
  assert_text(text_at(step, "on_failure"), "rollback");
  fixture_free(f);
}

static void considered_counts_and_details(void **state) {
  (void)state;
  fixture *f = begin();
  uint8_t verdicts[] = {IR_HOLDS, IR_EXEMPT, IR_BROKEN};
  ir_policy *policy = &f->ir.policies.items[0];
  policy->verdicts = verdicts;
  ir_scope_of(&f->ir, &f->engine, &f->table);
  policy->counts[IR_HOLDS] = policy->counts[IR_EXEMPT] = 1;
  policy->counts[IR_BROKEN] = 1;
  UPK_PUSH(f->ir.arena, &policy->by)->action.text = UPK_STR("mend");
  const upk_json *row =
      upk_json_at(upk_json_get(upk_json_get(emit(f), "body"), "considered"), 0);
  assert_int_equal(upk_json_number(row, "broken", -1), 1);
  assert_int_equal(upk_json_number(row, "exempt", -1), 1);
  assert_int_equal(upk_json_count(upk_json_get(row, "details")), 1);
  assert_text(text_at(upk_json_at(upk_json_get(row, "details"), 0), "verdict"),
              "exempt");
  /* What is unknown and acted on is a step, and no open question. */
  verdicts[2] = IR_UNKNOWN_VERDICT;
  policy->if_unknown = IR_UNKNOWN_ACT;
  ir_step *step = &f->ir.steps.items[f->ir.plan_order.items[0]];
  ir_step kept = *step;
  step->policy = policy;
  step->policy_index = 0;
  step->object.kind = policy->kind;
  step->object.row = 2;
  row =
      upk_json_at(upk_json_get(upk_json_get(emit(f), "body"), "considered"), 0);
  assert_int_equal(upk_json_count(upk_json_get(row, "details")), 1);
  step->object.row = 0;
  row =
      upk_json_at(upk_json_get(upk_json_get(emit(f), "body"), "considered"), 0);
  assert_int_equal(upk_json_count(upk_json_get(row, "details")), 2);
  *step = kept;
  verdicts[2] = IR_BROKEN;
  /* Without a remedy what is broken would be nowhere else. */
  policy->by.len = 0;
  row =
      upk_json_at(upk_json_get(upk_json_get(emit(f), "body"), "considered"), 0);
  assert_int_equal(upk_json_count(upk_json_get(row, "details")), 2);
  fixture_free(f);
}

static void only_diagnostics_of_plans_are_in_them(void **state) {
  (void)state;
  fixture *f = begin();
  upk_diag_add(&f->diags, 2015, UPK_NO_SPAN, "second");
  upk_diag_add(&f->diags, 1552, UPK_NO_SPAN, "first");
  upk_diag_add(&f->diags, 1209, UPK_NO_SPAN, "of a file");
  const upk_json *body = upk_json_get(emit(f), "body");
  assert_text(upk_json_get(body, "diagnostics")->bytes,
              "[{\"code\":1552,\"message\":\"first\","
              "\"severity\":\"warning\"},{\"code\":2015,"
              "\"message\":\"second\",\"severity\":\"warning\"}]");
  fixture_free(f);
}

static void the_policies_digest_forgets_spelling(void **state) {
  (void)state;
  fixture *f = begin();
  ir_policy *policy = &f->ir.policies.items[0];
  node *plain = map_node(f), *typed = map_node(f);
  put(f, plain, "tier",
      node_new_text(f->ir.arena, NODE_PLAIN, UPK_STR("3"), UPK_NO_SPAN));
  node *three = node_new(f->ir.arena, NODE_INT, UPK_NO_SPAN);
  three->integer = 3;
  put(f, typed, "tier", three);
  policy->targets = plain;
  upk_digest one = emit_policies_digest(&f->ir);
  policy->targets = typed;
  policy->span = (upk_span){0, 9, 9, 9, 9};
  upk_digest two = emit_policies_digest(&f->ir);
  assert_string_equal(one.text, two.text);
  policy->priority = 51;
  upk_digest three_digest = emit_policies_digest(&f->ir);
  assert_string_not_equal(one.text, three_digest.text);
  policy->applies = false;
  assert_string_not_equal(emit_policies_digest(&f->ir).text, two.text);
  fixture_free(f);
}

static bool refuse(void *ctx, const char *bytes, size_t len) {
  (void)bytes;
  size_t *room = ctx;
  if (len > *room)
    return false;
  *room -= len;
  return true;
}

static void a_sink_that_refuses_is_an_error(void **state) {
  (void)state;
  fixture *whole = begin();
  emit(whole);
  size_t size = whole->output.len;
  fixture_free(whole);
  for (size_t room = 0; room < size; room += 97) {
    fixture *f = begin();
    size_t left = room;
    f->ir.output = (upk_sink){refuse, &left};
    assert_int_equal(pass_order(&f->ir), UPK_OK);
    assert_int_equal(pass_schedule(&f->ir), UPK_OK);
    assert_int_equal(pass_emit(&f->ir), UPK_ERROR);
    fixture_free(f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_digest_is_of_the_exact_body),
      cmocka_unit_test(the_bytes_are_equal_on_repetition),
      cmocka_unit_test(intents_can_be_computed_again),
      cmocka_unit_test(the_intent_knows_what_matters),
      cmocka_unit_test(places_stand_outside_the_body),
      cmocka_unit_test(a_step_has_what_the_machine_needs),
      cmocka_unit_test(own_steps_name_no_policy),
      cmocka_unit_test(atomic_steps_are_rolled_back_together),
      cmocka_unit_test(considered_counts_and_details),
      cmocka_unit_test(only_diagnostics_of_plans_are_in_them),
      cmocka_unit_test(the_policies_digest_forgets_spelling),
      cmocka_unit_test(a_sink_that_refuses_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
