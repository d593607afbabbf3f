#include <stdio.h>

#include "check/cycle.h"
#include "cm.h"
#include "compile_harness.h"

static void begin(project *p, const char *policies) {
  project_begin(p);
  project_add(p, "policies/a.yaml", policies);
  project_add(p, "upkeep.yaml", PROJECT_SQLITE);
}

static void parameters_get_types_and_defaults(void **state) {
  (void)state;
  project p;
  begin(&p, "policies:\n"
            "  - name: p\n"
            "    for: table\n"
            "    ensure: not never_analyzed\n"
            "    by: refresh_statistics\n"
            "  - name: q\n"
            "    for: database\n"
            "    ensure: integrity_check_age <= 7d\n"
            "    by: verify_integrity\n"
            "    with: { quick: true }\n");
  upk_str dump = project_dump(&p, "check");
  assert_int_equal(p.status, UPK_OK);
  assert_true(
      project_has(dump, "by refresh_statistics {analysis_limit: 1000}"));
  assert_true(project_has(
      dump, "by verify_integrity {foreign_keys: true, quick: true}"));
  project_end(&p);
}

static void a_list_of_actions_shares_its_parameters(void **state) {
  (void)state;
  project p;
  begin(&p, "policies:\n"
            "  - name: p\n"
            "    for: database\n"
            "    ensure: integrity_check_age <= 7d and free_ratio < 20%\n"
            "    by: [ verify_integrity, compact_database ]\n"
            "    with: { quick: true, auto_vacuum: keep }\n");
  assert_int_equal(project_compile(&p), UPK_OK);
  project_end(&p);
  begin(&p, "policies:\n"
            "  - name: p\n"
            "    for: database\n"
            "    ensure: integrity_check_age <= 7d and free_ratio < 20%\n"
            "    by: [ verify_integrity, compact_database ]\n"
            "    with: { quik: true }\n");
  assert_int_equal(project_compile(&p), UPK_DENIED);
  assert_int_equal(project_codes(&p, 1401), 1);
  project_end(&p);
}

static void names_of_all_scopes_are_known(void **state) {
  (void)state;
  project p;
  begin(
      &p,
      "policies:\n"
      "  - name: p\n"
      "    for: index\n"
      "    where: index.size > 1MB and table.rows > 5 and labels.env = 'prod'\n"
      "    ensure: size < database.size and setting.journal_mode = 'wal'\n"
      "      and instance.version >= v3.38 and requirement.rpo is null\n"
      "  - name: q\n"
      "    for: table\n"
      "    ensure: oldest_row_age(created_at) <= 90d\n"
      "    throttle: [ database.size < 5GB ]\n");
  assert_int_equal(project_compile(&p), UPK_OK);
  assert_int_equal(p.diags.items.len, 0);
  project_end(&p);
}

static void names_of_no_scope_are_refused(void **state) {
  static const char *const wrong[] = {
      "sizes > 1MB",        "tables.rows > 5",
      "labels.evn = 'x'",   "oldest_row_age(x) > 1d",
      "instance.size > 1B", "table.oldest_row_age > 1d",
      "settings.a = 'x'",   "log.size > 1MB"};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    project p;
    char policies[200];
    snprintf(policies, sizeof policies,
             "policies:\n  - name: p\n    for: index\n    ensure: \"%s\"\n",
             wrong[i]);
    begin(&p, policies);
    if (project_compile(&p) != UPK_DENIED)
      fail_msg("%s is taken", wrong[i]);
    project_end(&p);
  }
}

/* ---- circles, on policies made by hand ---- */

typedef struct chain {
  upk_arena *arena;
  upk_diags diags;
  ir ir;
} chain;

static void chain_begin(chain *c, size_t count) {
  memset(c, 0, sizeof *c);
  c->arena = upk_arena_new(NULL);
  upk_diags_init(&c->diags, c->arena);
  c->ir.arena = c->arena;
  c->ir.diags = &c->diags;
  for (size_t i = 0; i < count; i++)
    UPK_PUSH(c->arena, &c->ir.policies)->name =
        upk_arena_printf(c->arena, "p%06zu", i);
}

static void chain_after(chain *c, size_t later, size_t earlier) {
  ir_policy *policy = &c->ir.policies.items[later];
  ir_text *after = UPK_PUSH(c->arena, &policy->after);
  after->text = c->ir.policies.items[earlier].name;
  after->span = (upk_span){0, (uint32_t)later + 1, 1, (uint32_t)later + 1, 2};
  *UPK_PUSH(c->arena, &policy->after_index) = earlier;
}

enum { LONG = 100000 };

static void a_long_chain_is_no_circle(void **state) {
  (void)state;
  chain c;
  chain_begin(&c, LONG);
  for (size_t i = 1; i < LONG; i++)
    chain_after(&c, i, i - 1);
  assert_true(cycle_check(&c.ir));
  assert_int_equal(c.diags.items.len, 0);
  upk_arena_free(c.arena);
}

static void a_long_circle_is_found(void **state) {
  (void)state;
  chain c;
  chain_begin(&c, LONG);
  for (size_t i = 0; i < LONG; i++)
    chain_after(&c, i, (i + 1) % LONG);
  assert_false(cycle_check(&c.ir));
  assert_int_equal(c.diags.items.len, 1);
  assert_true(project_has(c.diags.items.items[0].notes.items[0], "100000"));
  upk_arena_free(c.arena);
}

static void the_shortest_circle_of_each_knot_is_shown(void **state) {
  (void)state;
  chain c;
  chain_begin(&c, 8);
  chain_after(&c, 0, 1); /* 0 1 2 3 0, with a short cut 2 1 */
  chain_after(&c, 1, 2);
  chain_after(&c, 2, 3);
  chain_after(&c, 3, 0);
  chain_after(&c, 2, 1);
  chain_after(&c, 5, 5); /* itself */
  chain_after(&c, 6, 7); /* no knot */
  chain_after(&c, 6, 0);
  assert_false(cycle_check(&c.ir));
  assert_int_equal(c.diags.items.len, 2);
  assert_true(project_has(c.diags.items.items[0].message,
                          "circle: p000001 after p000002 after p000001"));
  assert_int_equal(c.diags.items.items[0].labels.len, 2);
  assert_true(project_has(c.diags.items.items[1].message,
                          "circle: p000005 after p000005"));
  upk_arena_free(c.arena);
}

static void unknown_predecessors_are_passed_over(void **state) {
  (void)state;
  chain c;
  chain_begin(&c, 2);
  chain_after(&c, 1, 0);
  *UPK_PUSH(c.arena, &c.ir.policies.items[0].after_index) = SIZE_MAX;
  assert_true(cycle_check(&c.ir));
  upk_arena_free(c.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parameters_get_types_and_defaults),
      cmocka_unit_test(a_list_of_actions_shares_its_parameters),
      cmocka_unit_test(names_of_all_scopes_are_known),
      cmocka_unit_test(names_of_no_scope_are_refused),
      cmocka_unit_test(a_long_chain_is_no_circle),
      cmocka_unit_test(a_long_circle_is_found),
      cmocka_unit_test(the_shortest_circle_of_each_knot_is_shown),
      cmocka_unit_test(unknown_predecessors_are_passed_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
