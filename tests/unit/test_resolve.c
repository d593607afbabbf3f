#include "cm.h"
#include "compile_harness.h"

#define TARGETS                                                                \
  "version: 1\n"                                                               \
  "targets:\n"                                                                 \
  "  a: { engine: sqlite, connect: a.db, labels: { env: prod, tier: gold } "   \
  "}\n"                                                                        \
  "  b: { engine: sqlite, connect: b.db, labels: { env: dev } }\n"             \
  "include: [ policies/*.yaml ]\n"

static void begin(project *p, const char *policies) {
  project_begin(p);
  project_add(p, "policies/a.yaml", policies);
  project_add(p, "upkeep.yaml", TARGETS);
}

static bool applies(project *p, const char *target, const char *policy) {
  p->request.target = upk_str_from(target);
  upk_str dump = project_dump(p, "resolve");
  assert_int_equal(p->status, UPK_OK);
  upk_str line = upk_arena_printf(p->arena, "policy %s applies\n", policy);
  return project_has(dump, line.data);
}

static void selectors_choose_targets(void **state) {
  (void)state;
  project p;
  begin(&p,
        "policies:\n"
        "  - { name: all, for: table, ensure: rows > 0 }\n"
        "  - { name: map, for: table, ensure: rows > 0, targets: { env: prod "
        "} }\n"
        "  - { name: list, for: table, ensure: rows > 0, targets: { env: [ "
        "test, dev ] } }\n"
        "  - { name: text, for: table, ensure: rows > 0, targets: "
        "\"labels.tier = 'gold'\" }\n"
        "  - { name: own, for: table, ensure: rows > 0, targets: { target: b, "
        "engine: sqlite } }\n"
        "  - { name: none, for: table, ensure: rows > 0, targets: { env: prod, "
        "tier: silver } }\n");
  static const struct {
    const char *policy;
    bool a, b;
  } rows[] = {{"all", true, true},   {"map", true, false},
              {"list", false, true}, {"text", true, false},
              {"own", false, true},  {"none", false, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(applies(&p, "a", rows[i].policy), rows[i].a);
    assert_int_equal(applies(&p, "b", rows[i].policy), rows[i].b);
  }
  project_end(&p);
}

static void patterns_choose_policies(void **state) {
  (void)state;
  project p;
  begin(&p, "policies:\n"
            "  - { name: lean-a, for: table, ensure: rows > 0 }\n"
            "  - { name: lean-b, for: table, ensure: rows > 0 }\n"
            "  - { name: other, for: table, ensure: rows > 0 }\n");
  p.request.only = UPK_STR("lean-*, vacuum:*");
  p.request.except = UPK_STR("lean-b");
  assert_true(applies(&p, "a", "lean-a"));
  assert_false(applies(&p, "a", "lean-b"));
  assert_true(applies(&p, "a", "other")); /* its steps may be wanted */
  p.request.only = UPK_STR("lean-*");
  assert_false(applies(&p, "a", "other"));
  project_end(&p);
}

static void an_engine_without_the_kind_is_passed_over(void **state) {
  (void)state;
  project p;
  begin(&p, "policies:\n"
            "  - { name: slots, for: slot, ensure: active }\n"
            "  - { name: tables, for: table, ensure: rows > 0 }\n");
  assert_false(applies(&p, "a", "slots"));
  assert_true(applies(&p, "a", "tables"));
  project_end(&p);
}

static void what_nobody_is_meant_by_is_parsed(void **state) {
  (void)state;
  project p;
  begin(&p, "policies:\n"
            "  - { name: p, for: table, targets: { env: none }, ensure: \"rows "
            ">\" }\n");
  assert_int_equal(project_compile(&p), UPK_DENIED);
  assert_int_equal(p.diags.failures, 1);
  project_end(&p);
}

static void engines_do_not_repeat_what_is_wrong(void **state) {
  (void)state;
  project p;
  project_begin(&p);
  project_add(
      &p, "policies/a.yaml",
      "policies:\n"
      "  - { name: p, for: tabel, ensure: rows > 0, after: [ q ] }\n"
      "  - { name: r, for: table, ensure: no_such > 0, by: nothing }\n");
  project_add(&p, "upkeep.yaml",
              "version: 1\n"
              "targets:\n"
              "  a: { engine: sqlite, connect: a.db }\n"
              "  b: { engine: postgres, connect: service=b }\n"
              "include: [ policies/*.yaml ]\n");
  assert_int_equal(project_compile(&p), UPK_DENIED);
  assert_int_equal(project_codes(&p, 1204), 1);
  assert_int_equal(project_codes(&p, 1205), 1);
  assert_int_equal(project_codes(&p, 1207), 1);
  assert_int_equal(p.diags.failures, 4);
  assert_true(project_has(project_said(&p), "engine sqlite"));
  project_end(&p);
}

/* ---- all errors in one go ---- */

static void all_errors_come_in_one_go(void **state) {
  (void)state;
  project p;
  begin(&p,
        "policies:\n"
        "  - { name: a, for: tabel, ensure: rows > 0 }\n"
        "  - { name: b, for: table, ensur: rows > 0 }\n"
        "  - { name: c, for: table, ensure: rosw > 7d, priorty: 3 }\n"
        "  - { name: d, for: table, ensure: rows > 0, after: [ b, e ] }\n"
        "  - { name: e, for: index, ensure: \"${no} > 0\" }\n"
        "  - { name: f, for: table, ensure: rows > 0, by: rebuild_index }\n");
  project_compile(&p);
  assert_int_equal(p.status, UPK_DENIED);
  static const int codes[] = {1020, 1020, 1022, 1046, 1107, 1204, 1206};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (!project_codes(&p, codes[i]))
      fail_msg("UPK%d is not said: %.*s", codes[i], UPK_FMT(project_said(&p)));
  if (p.diags.items.len != 7)
    fail_msg("more than that is said: %.*s", UPK_FMT(project_said(&p)));
  project_end(&p);
}

static void only_said(const char *policies, int code) {
  project p;
  begin(&p, policies);
  project_compile(&p);
  if (p.status != UPK_DENIED || p.diags.items.len != 1 ||
      !project_codes(&p, code))
    fail_msg("not UPK%d alone, but: %.*s", code, UPK_FMT(project_said(&p)));
  project_end(&p);
}

/* What is wrong makes nothing else look wrong. */
static void an_error_has_no_followers(void **state) {
  (void)state;
#define GOOD                                                                   \
  "policies:\n  - { name: a, for: table, ensure: rows > 0, after: b }\n"
  only_said(GOOD "  - { for: table, ensure: rows > 0 }\n", 1022);
  only_said(GOOD "  - { name: b, ensure: rows > 0, by: nothing }\n", 1022);
  only_said(GOOD "  - { name: b, for: table, ensure: rows > 0, auto: true, "
                 "bye: refresh_statistics }\n",
            1020);
  only_said(GOOD "  - { name: b, for: table, ensure: rows > 0, by: x y }\n",
            1026);
  only_said(GOOD "  - { name: b, for: table, ensure: rows > 0, window: [] }\n",
            1021);
  only_said(GOOD "  - { name: b, for: table, ensure: rows > 0, "
                 "targets: { env: { x: 1 } } }\n",
            1021);
  only_said(GOOD "  - { name: b, for: table, ensure: rows > 0, "
                 "targets: '' }\n",
            1026);
  only_said(GOOD "  - { name: b, for: table, ensure: '${x} > 1' }\n", 1046);
  only_said(GOOD "  - 5\n", 1021);
#undef GOOD
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(selectors_choose_targets),
      cmocka_unit_test(patterns_choose_policies),
      cmocka_unit_test(an_engine_without_the_kind_is_passed_over),
      cmocka_unit_test(what_nobody_is_meant_by_is_parsed),
      cmocka_unit_test(engines_do_not_repeat_what_is_wrong),
      cmocka_unit_test(all_errors_come_in_one_go),
      cmocka_unit_test(an_error_has_no_followers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
