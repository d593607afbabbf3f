/* Project and policies into the IR: defaults, forms, use, include, vars. */
#include <stdio.h>
#include <string.h>

#include "cm.h"
#include "front/schema.h"
#include "front_harness.h"
#include "json.h"

static harness h;

static int end(void **state) {
  (void)state;
  harness_end(&h);
  return 0;
}

/* A project with one target and this file of policies. */
static void front(const char *policies) {
  harness_begin(&h);
  harness_add(&h, "policies/a.yaml", upk_str_from(policies));
  harness_add(&h, "upkeep.yaml", UPK_STR(HARNESS_PROJECT));
  harness_front(&h);
}

static void project(const char *text) {
  harness_begin(&h);
  harness_add(&h, "upkeep.yaml", upk_str_from(text));
  harness_front(&h);
}

static void assert_code(int code, size_t count) {
  if (harness_codes(&h, code) == count)
    return;
  upk_buf out = {0};
  upk_diags_render_text(&h.diags, false, &out);
  print_message("%s", out.data == NULL ? "(nothing)\n" : out.data);
  upk_buf_free(&out);
  fail_msg("expected %zu times UPK%d", count, code);
}

static void assert_clean(void) {
  for (size_t i = 0; i < h.diags.items.len; i++)
    assert_code(h.diags.items.items[i].code, 0);
}

static ir_policy *policy(const char *name) {
  for (size_t i = 0; i < h.ir.policies.len; i++)
    if (upk_str_is(h.ir.policies.items[i].name, name))
      return &h.ir.policies.items[i];
  fail_msg("there is no policy %s", name);
  return NULL;
}

#define LEAN "policies: [ {name: lean, for: index, ensure: size <= 1MiB} ]\n"

static void defaults_are_those_of_the_language(void **state) {
  (void)state;
  front(LEAN);
  assert_clean();
  const ir_policy *p = policy("lean");
  assert_text(p->kind_name.text, "index");
  assert_text(p->ensure.source.text, "size <= 1MiB");
  assert_int_equal(p->severity, UPK_WARNING);
  assert_int_equal(p->priority, 50);
  assert_int_equal(p->if_unknown, IR_UNKNOWN_WARN);
  assert_int_equal(p->on_failure, IR_FAILURE_CONTINUE);
  assert_text(p->on_window_end, "finish");
  assert_int_equal(p->limits.lock_timeout_us, 1000000);
  assert_int_equal(p->limits.max_blocking_us, 1000000);
  assert_int_equal(p->limits.reader_wait_us, 300000000);
  assert_int_equal(p->limits.retries, 3);
  assert_int_equal(p->limits.max_actions, 0);
  assert_int_equal(p->by.len, 0);
  assert_null(p->targets);
  assert_null(p->where.source.text.data);
  assert_false(p->atomic || p->auto_run);
}

static void every_key_is_read(void **state) {
  (void)state;
  front("policies:\n"
        "- name: full\n"
        "  why: so that it is small\n"
        "  owner: dba\n"
        "  targets: { env: prod, tier: [gold, silver] }\n"
        "  for: index\n"
        "  where: size >= 64MiB\n"
        "  ensure: bloat_ratio <= 50%\n"
        "  warn: bloat_ratio <= 40%\n"
        "  severity: critical\n"
        "  by: rebuild_index\n"
        "  with: { online: true }\n"
        "  ahead: 14d\n"
        "  if_unknown: fail\n"
        "  after: [ lean, other ]\n"
        "  window: nightly\n"
        "  priority: 90\n"
        "  limits: { lock_timeout: 2s, retries: 0, max_actions: 5 }\n"
        "  throttle: replica_lag <= 10s\n"
        "  abort: [ replica_lag <= 60s ]\n"
        "  on_failure: rollback\n"
        "  on_window_end: cancel\n"
        "  atomic: true\n"
        "  cooldown: 6h\n"
        "  auto: true\n"
        "  sustained: 10m\n"
        "  clear_after: 5m\n"
        "  waive: { rule: blocking, reason: small, until: 2027-01-01T00:00Z }\n"
        "  exempt: [ { object: public.x, reason: r, until: 2027-01-01T00:00Z } "
        "]\n");
  assert_clean();
  const ir_policy *p = policy("full");
  assert_int_equal(p->severity, UPK_FAILURE);
  assert_int_equal(p->by.len, 1);
  assert_text(p->by.items[0].action.text, "rebuild_index");
  assert_non_null(node_find(p->by.items[0].with, "online"));
  assert_int_equal(p->ahead_us, INT64_C(14) * 86400 * 1000000);
  assert_int_equal(p->after.len, 2);
  assert_text(p->after.items[1].text, "other");
  assert_text(p->window.text, "nightly");
  assert_int_equal(p->limits.lock_timeout_us, 2000000);
  assert_int_equal(p->limits.max_blocking_us, 1000000);
  assert_int_equal(p->limits.retries, 0);
  assert_text(p->throttle.items[0].text, "replica_lag <= 10s");
  assert_text(p->abort.items[0].text, "replica_lag <= 60s");
  assert_int_equal(p->on_failure, IR_FAILURE_ROLLBACK);
  assert_text(p->on_window_end, "cancel");
  assert_true(p->atomic && p->auto_run);
  assert_int_equal(p->sustained_us, 600000000);
  assert_int_equal(p->waive->type, NODE_LIST);
  assert_int_equal(p->waive->list.count, 1);
  assert_int_equal(p->exempt->list.count, 1);
  assert_non_null(node_find(p->targets, "tier"));
  assert_int_equal(p->span.line, 2);
  assert_int_equal(p->span.column, 3);
  assert_int_equal(p->name_span.column, 9);
}

static void by_has_three_forms(void **state) {
  (void)state;
  front(
      "policies:\n"
      "- { name: a, for: t, ensure: x, by: [vacuum, compact], with: {n: 1} }\n"
      "- { name: b, for: t, ensure: x, by: {action: vacuum, with: {n: 1}} }\n"
      "- { name: c, for: t, ensure: x, by: [{action: vacuum}, compact] }\n");
  assert_clean();
  assert_int_equal(policy("a")->by.len, 2);
  assert_non_null(policy("a")->by.items[1].with);
  assert_text(policy("b")->by.items[0].action.text, "vacuum");
  assert_non_null(policy("b")->by.items[0].with);
  assert_int_equal(policy("c")->by.len, 2);
  assert_null(policy("c")->by.items[0].with);
}

static void all_errors_come_in_one_go(void **state) {
  (void)state;
  front("polices: []\n"
        "policies:\n"
        "- { name: a, for: t, ensure: x, proirity: 1, severity: bad }\n"
        "- { name: b, ensure: x, atomic: yes, by: [[x]] }\n"
        "- { name: c, for: t, ensure: 'size >' }\n");
  assert_code(1020, 2);
  assert_code(1022, 1);
  assert_code(1024, 1);
  assert_code(1025, 1);
  assert_code(1021, 1);
  assert_int_equal(h.diags.failures >= 7, 1); /* the expression's too */
  const upk_diag *d = &h.diags.items.items[0];
  assert_text(d->help, "did you mean `policies`?");
}

static void policies_are_sorted_and_names_are_unique(void **state) {
  (void)state;
  front("policies:\n"
        "- {name: b, for: t, ensure: x}\n"
        "- {name: a, for: t, ensure: x}\n"
        "- {name: B, for: t, ensure: x}\n"
        "- {name: a, for: u, ensure: y}\n");
  assert_code(1048, 1);
  assert_int_equal(h.ir.policies.len, 3);
  assert_text(h.ir.policies.items[0].name, "B");
  assert_text(h.ir.policies.items[1].name, "a");
  assert_text(h.ir.policies.items[1].kind_name.text, "t"); /* the first */
  const upk_diag *d = &h.diags.items.items[0];
  assert_int_equal(d->labels.items[0].span.line, 5);
  assert_int_equal(d->labels.items[1].span.line, 3);
}

static void lua_may_name_a_policy_outside(void **state) {
  (void)state;
  front(LEAN);
  node *map = h.ir.project.raw == NULL
                  ? NULL
                  : node_new(h.arena, NODE_MAP, UPK_NO_SPAN);
  map->map.members = UPK_NEW_ARRAY(h.arena, node_member, 2);
  map->map.count = 2;
  map->map.members[0] =
      (node_member){UPK_STR("ensure"), UPK_NO_SPAN,
                    node_new(h.arena, NODE_FUNCTION, UPK_NO_SPAN)};
  map->map.members[1] = (node_member){
      UPK_STR("for"), UPK_NO_SPAN,
      node_new_text(h.arena, NODE_TEXT, UPK_STR("table"), UPK_NO_SPAN)};
  front_policy(&h.ir, map, UPK_STR("from-lua"));
  assert_clean();
  assert_non_null(policy("from-lua")->ensure.function);
  front_policy(&h.ir, node_new(h.arena, NODE_LIST, UPK_NO_SPAN), UPK_NO_STR);
  assert_code(1021, 1);
}

/* ---- variables, use ---- */

static void variables_are_put_in(void **state) {
  (void)state;
  harness_begin(&h);
  harness_add(&h, "policies/a.yaml",
              UPK_STR("vars: { least: 64MiB, cap: 5, when: nightly }\n"
                      "policies:\n"
                      "- name: a\n"
                      "  for: index\n"
                      "  why: $${least} is ${least}\n"
                      "  where: size >= ${least}\n"
                      "  ensure: x\n"
                      "  window: ${when}\n"
                      "  limits: { max_actions: \"${cap}\" }\n"));
  harness_add(&h, "upkeep.yaml", UPK_STR(HARNESS_PROJECT "vars: { cap: 7 }\n"));
  harness_front(&h);
  assert_clean();
  assert_text(policy("a")->where.source.text, "size >= 64MiB");
  assert_text(policy("a")->why, "${least} is 64MiB");
  assert_text(policy("a")->window.text, "nightly");
  assert_int_equal(policy("a")->limits.max_actions, 7); /* the project's */
}

static void unknown_variables_are_errors(void **state) {
  (void)state;
  front("vars: { least: 1MiB }\n"
        "policies:\n"
        "- { name: a, for: t, ensure: 'size >= ${lest}', why: 'x ${y' }\n");
  assert_code(1046, 1);
  assert_code(1047, 1);
  const upk_diag *d = &h.diags.items.items[0];
  assert_int_equal(d->labels.items[0].span.column, 39);
  assert_int_equal(d->labels.items[0].span.end_column, 46);
  assert_text(d->help, "did you mean `least`?");
}

static void values_that_nothing_uses_are_errors(void **state) {
  (void)state;
  harness_begin(&h);
  harness_add(&h, "policies/a.yaml", UPK_STR("vars: { least: 1MiB }\n" LEAN));
  harness_add(&h, "upkeep.yaml",
              UPK_STR(HARNESS_PROJECT "vars: { least: 2MiB, lest: 3MiB }\n"));
  harness_front(&h);
  assert_code(1046, 1);
  assert_int_equal(h.diags.items.len, 1);
  assert_text(h.diags.items.items[0].help, "did you mean `least`?");
}

static const char shipped[] =
    "vars: { least: 1MiB }\n"
    "policies:\n"
    "- { name: one, for: t, ensure: 'size >= ${least}', priority: 10, by: x }\n"
    "- { name: two, for: t, ensure: x }\n";

/* Reads `shipped` as `use` of the project says. */
static void use(const char *text) {
  harness_begin(&h);
  upk_buf whole = {0};
  upk_buf_str(&whole, UPK_STR("version: 1\ntargets: { s: { engine: sqlite, "
                              "connect: s.db } }\nuse:\n"));
  upk_buf_str(&whole, upk_str_from(text));
  harness_add(&h, "upkeep.yaml", upk_arena_copy(h.arena, upk_buf_view(&whole)));
  upk_buf_free(&whole);
  assert_true(front_project(&h.ir));
  front_overlay overlay = {.use = &h.ir.project.use.items[0]};
  h.ir.overlay = &overlay;
  front_yaml(&h.ir, UPK_STR("std/x.yaml"), upk_str_from(shipped));
  front_overlay_finish(&h.ir);
  h.ir.overlay = NULL;
}

static void use_overrides_keys(void **state) {
  (void)state;
  use("- name: std/x\n"
      "  except: [ two ]\n"
      "  override: { one: { priority: 90, by: null } }\n"
      "  vars: { least: 2MiB }\n");
  assert_clean();
  assert_int_equal(h.ir.policies.len, 1);
  assert_int_equal(policy("one")->priority, 90);
  assert_int_equal(policy("one")->by.len, 0);
  assert_text(policy("one")->ensure.source.text, "size >= 2MiB");
}

static void use_must_name_what_is_there(void **state) {
  (void)state;
  use("- name: std/x\n"
      "  except: [ tow ]\n"
      "  override: { three: { priority: 90 }, one: 5 }\n"
      "  vars: { last: 2MiB }\n");
  assert_code(1045, 2);
  assert_code(1046, 1);
  assert_code(1021, 1);
  assert_int_equal(h.ir.policies.len, 2);
}

static void use_takes_a_name_alone(void **state) {
  (void)state;
  use("  [ std/x, {name: std/y} ]\n");
  assert_clean();
  assert_int_equal(h.ir.project.use.len, 2);
  assert_text(h.ir.project.use.items[0].name.text, "std/x");
}

/* ---- include ---- */

static void files_are_read_in_order_and_once(void **state) {
  (void)state;
  harness_begin(&h);
  harness_add(&h, "p/a.yaml",
              UPK_STR("policies: [{name: a, for: t, ensure: x}]"));
  harness_add(&h, "p/b.yml",
              UPK_STR("policies: [{name: b, for: t, ensure: x}]"));
  harness_add(&h, "p/c.txt", UPK_STR("policies: []"));
  harness_add(&h, "upkeep.yaml",
              UPK_STR("version: 1\ntargets: {s: {engine: sqlite, connect: s}}\n"
                      "include: [ p/b.yml, 'p/*', '*.yaml', 'q/*.yaml' ]\n"));
  harness_front(&h);
  assert_code(1043, 1);
  assert_code(1041, 1);
  assert_code(1048, 0);
  assert_int_equal(h.diags.items.len, 2);
  assert_int_equal(h.ir.policies.len, 2);
  assert_int_equal(h.ir.files.len, 4);
  assert_text(h.ir.files.items[1].path, "p/b.yml");
  assert_true(upk_str_starts(h.ir.files.items[1].sha256, "sha256:"));
}

static void paths_stay_inside(void **state) {
  (void)state;
  static const char *const wrong[] = {"/etc/passwd", "../x.yaml", "a/../b.yaml",
                                      "a//b.yaml", "./a.yaml"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char text[200];
    snprintf(text, sizeof text,
             "version: 1\ntargets: {s: {engine: sqlite, connect: s}}\ninclude: "
             "[ %s ]\n",
             wrong[i]);
    project(text);
    assert_code(1042, 1);
    assert_int_equal(h.diags.items.len, 1);
    harness_end(&h);
  }
  harness_begin(&h);
}

/* ---- project ---- */

static const char all_of_a_project[] =
    "version: 1\n"
    "required_version: '>= 0.1, < 9'\n"
    "# a line\n"
    "state: state/upkeep.db\n"
    "targets:\n"
    "  shop:\n"
    "    engine: postgres\n"
    "    connect: \"service=shop\"\n"
    "    labels: { tier: gold, env: prod }\n"
    "    role: primary\n"
    "    replicas: [ \"service=shop-r1\" ]\n"
    "    jobs: 2\n"
    "    throttle: replica_lag <= 10s\n"
    "  lite: { engine: sqlite, connect: lite.db, ledger: none }\n"
    "windows:\n"
    "  nightly: { rrule: \"FREQ=DAILY;BYHOUR=2\", duration: 3h, timezone: "
    "Europe/Berlin }\n"
    "blackouts:\n"
    "  - { calendar: freeze.ics }\n"
    "  - { from: 2026-11-26T00:00Z, to: 2026-12-01T00:00Z, reason: Sale }\n"
    "approvals:\n"
    "  - { when: \"risk = 'low'\", signatures: 0 }\n"
    "  - { when: \"labels.env = 'prod'\", signatures: 2, signers: people }\n"
    "actions: [ actions/*.lua ]\n"
    "facts: facts/mine.lua\n"
    "programs: [ pgbackrest ]\n"
    "protected: [ public.audit ]\n";

static void a_whole_project_is_read(void **state) {
  (void)state;
  project(all_of_a_project);
  assert_int_equal(harness_codes(&h, 1053), h.diags.items.len);
  const ir_project *p = &h.ir.project;
  assert_int_equal(p->version, 1);
  assert_int_equal(p->targets.len, 2);
  assert_text(p->targets.items[0].name, "shop");
  assert_int_equal(p->targets.items[0].jobs, 2);
  assert_text(p->targets.items[0].labels.items[0].key, "env"); /* sorted */
  assert_int_equal(p->targets.items[0].span.line, 7);
  assert_non_null(node_find(p->targets.items[0].raw, "throttle"));
  assert_int_equal(p->targets.items[1].jobs, 1);
  assert_text(p->targets.items[1].ledger, "none");
  assert_text(p->windows.items[0].name, "nightly");
  assert_int_equal(p->windows.items[0].duration_us, INT64_C(10800000000));
  assert_text(p->actions.items[0].text, "actions/*.lua");
  assert_text(p->facts.items[0].text, "facts/mine.lua");
  assert_non_null(node_find(p->raw, "blackouts"));
}

static void the_project_is_written_for_the_program(void **state) {
  (void)state;
  project(all_of_a_project);
  h.request.mode = UPK_COMPILE_PROJECT;
  upk_buf out = {0};
  assert_true(project_write(&h.ir, upk_sink_buf(&out)));
  assert_text(
      upk_buf_view(&out),
      "{\"blackouts\":[{\"at\":[18,5,18,29],\"calendar\":\"freeze.ics\","
      "\"calendar_at\":[18,17,18,27]},{\"at\":[19,5,19,69],\"from\":"
      "1795651200000000,\"reason\":\"Sale\",\"to\":1796083200000000}],"
      "\"format\":\"upkeep.project/1\",\"programs\":[\""
      "pgbackrest\"],\"state\":\"state/upkeep.db\","
      "\"targets\":[{\"connect\":\"service=shop\",\"engine\":\"postgres\","
      "\"jobs\":2,\"labels\":{\"env\":\"prod\",\"tier\":\"gold\"},\"ledger\":"
      "\"in-target\",\"name\":\"shop\",\"replicas\":[\"service=shop-r1\"],"
      "\"role\":\"primary\"},{\"connect\":\"lite.db\",\"engine\":\"sqlite\","
      "\"jobs\":1,\"labels\":{},\"ledger\":\"none\",\"name\":\"lite\","
      "\"replicas\":[],\"role\":null}],\"windows\":[{\"duration_us\":"
      "10800000000,\"name\":\"nightly\",\"rrule\":\"FREQ=DAILY;BYHOUR=2\","
      "\"rrule_at\":[16,22,16,42],\"timezone\":\"Europe/Berlin\","
      "\"timezone_at\":[16,68,16,81]}]}\n");
  upk_buf_free(&out);
}

static void pass_front_reads_a_project_alone(void **state) {
  (void)state;
  harness_begin(&h);
  harness_add(&h, "upkeep.yaml", UPK_STR(HARNESS_PROJECT));
  h.request.mode = UPK_COMPILE_PROJECT;
  assert_int_equal(pass_front(&h.ir), UPK_OK);
  assert_int_equal(h.diags.items.len, 0); /* include is not looked at */
  harness_end(&h);
  harness_begin(&h);
  h.request.mode = UPK_COMPILE_PROJECT;
  assert_int_equal(pass_front(&h.ir), UPK_DENIED);
  assert_code(1001, 1);
}

static void passwords_are_not_repeated(void **state) {
  (void)state;
  static const char *const secrets[] = {"host=a password=hunter2",
                                        "postgresql://me:hunter2@a/b",
                                        "Driver=x;PWD=hunter2"};
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    char text[200];
    snprintf(text, sizeof text,
             "version: 1\ntargets: {s: {engine: postgres, connect: '%s'}}\n",
             secrets[i]);
    project(text);
    assert_code(1050, 1);
    upk_buf out = {0};
    upk_diags_render_text(&h.diags, false, &out);
    assert_null(strstr(out.data, "hunter2"));
    upk_buf_free(&out);
    harness_end(&h);
  }
  project("version: 1\ntargets: {s: {engine: postgres, connect: "
          "'postgresql://me@a:5432/b'}, t: {engine: postgres, connect: "
          "'file:password=x'}}\n");
  assert_clean();
}

static void versions_are_compared(void **state) {
  (void)state;
  static const struct {
    const char *range;
    int code;
  } rows[] = {{">= 0.1", 0},     {"> 0.0.9, < 1", 0}, {"< 0.1", 1049},
              {">= 99", 1049},   {"0.1", 1026},       {">= x", 1026},
              {">= 0.1,", 1026}, {"= 0.1.0", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[200];
    snprintf(text, sizeof text,
             "version: 1\nrequired_version: '%s'\n"
             "targets: {s: {engine: sqlite, connect: s}}\n",
             rows[i].range);
    project(text);
    assert_int_equal(h.diags.items.len, rows[i].code != 0);
    if (rows[i].code != 0)
      assert_code(rows[i].code, 1);
    harness_end(&h);
  }
  harness_begin(&h);
}

/* ---- JSON Schema ---- */

static void every_schema_is_canonical_json(void **state) {
  (void)state;
  harness_begin(&h);
  size_t words = 0;
  for (const char *word; (word = schema_word_at(words)) != NULL; words++) {
    upk_buf out = {0};
    upk_json_error error;
    assert_true(schema_write_json(upk_str_from(word), upk_sink_buf(&out)));
    const upk_json *json = upk_json_parse(h.arena, upk_buf_view(&out), &error);
    assert_non_null(json);
    const upk_json *body = upk_json_at(upk_json_get(json, "allOf"), 0);
    assert_true(upk_json_count(upk_json_get(body, "properties")) > 1);
    upk_buf_free(&out);
  }
  assert_int_equal(words, 11);
  upk_buf none = {0};
  assert_false(schema_write_json(UPK_STR("plans"), upk_sink_buf(&none)));
  assert_int_equal(none.len, 0);
}

static void the_schema_says_what_the_reader_does(void **state) {
  (void)state;
  upk_buf out = {0};
  upk_json_error error;
  harness_begin(&h);
  assert_true(schema_write_json(UPK_STR("policy"), upk_sink_buf(&out)));
  const upk_json *json = upk_json_parse(h.arena, upk_buf_view(&out), &error);
  const upk_json *body = upk_json_at(upk_json_get(json, "allOf"), 0);
  assert_false(upk_json_flag(body, "additionalProperties", true));
  assert_int_equal(upk_json_count(upk_json_get(body, "required")), 3);
  const upk_json *priority =
      upk_json_get(upk_json_get(body, "properties"), "priority");
  assert_int_equal(upk_json_number(priority, "default", -1), 50);
  const upk_json *type = upk_json_at(upk_json_get(priority, "allOf"), 0);
  assert_int_equal(upk_json_number(type, "maximum", -1), 100);
  upk_buf_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, end)
      TEST(defaults_are_those_of_the_language),
      TEST(every_key_is_read),
      TEST(by_has_three_forms),
      TEST(all_errors_come_in_one_go),
      TEST(policies_are_sorted_and_names_are_unique),
      TEST(lua_may_name_a_policy_outside),
      TEST(variables_are_put_in),
      TEST(unknown_variables_are_errors),
      TEST(values_that_nothing_uses_are_errors),
      TEST(use_overrides_keys),
      TEST(use_must_name_what_is_there),
      TEST(use_takes_a_name_alone),
      TEST(files_are_read_in_order_and_once),
      TEST(paths_stay_inside),
      TEST(a_whole_project_is_read),
      TEST(the_project_is_written_for_the_program),
      TEST(pass_front_reads_a_project_alone),
      TEST(passwords_are_not_repeated),
      TEST(versions_are_compared),
      TEST(every_schema_is_canonical_json),
      TEST(the_schema_says_what_the_reader_does),
#undef TEST
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
