#include "cm.h"
#include "compile_harness.h"

/* Tables: rows, statistics and what stands beside them; indexes of them. */
#define TABLES                                                                 \
  "\"table\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":"   \
  "\"rows\",\"type\":\"int\"},{\"name\":\"stats_rows\",\"type\":\"int\"},{"    \
  "\"name\":\"stats_rows.reason\",\"type\":\"text\"}],\"rows\":[[\"a\",10,5,"  \
  "null],[\"b\",20,null,\"never analysed\"],[\"c\",30,30,null],[\"d\",null,1," \
  "null]]}"
#define INDEXES                                                                \
  "\"index\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":"   \
  "\"table\",\"type\":\"text\"}],\"rows\":[[\"ia\",\"a\"],[\"ib\",\"b\"],["    \
  "\"ix\",\"gone\"]]}"
#define SETTINGS                                                               \
  "\"setting\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":" \
  "\"value\",\"type\":\"text\"}],\"rows\":[[\"journal_mode\",\"wal\"]]}"
#define KINDS "{" FACTS_DATABASE "," INDEXES "," SETTINGS "," TABLES "}"

static void begin(project *p, const char *policy) {
  project_begin(p);
  project_add(p, "policies/a.yaml", policy);
  project_add(p, "upkeep.yaml", PROJECT_SQLITE);
  project_facts(p, true, KINDS);
  p->request.mode = UPK_COMPILE_CHECK;
}

#define ONE(kind, rest) "policies:\n  - name: p\n    for: " kind "\n" rest

/* The report must hold `counts`, a part of it. */
static void reports(const char *policy, const char *part) {
  project p;
  begin(&p, policy);
  project_compile(&p);
  if (p.status != UPK_OK)
    fail_msg("%s", project_said(&p).data);
  if (!project_has(upk_buf_view(&p.output), part))
    fail_msg("no %s in %s", part, p.output.data);
  project_end(&p);
}

static void every_verdict_is_given(void **state) {
  (void)state;
  reports(ONE("table", "    ensure: stats_rows >= 10\n"),
          "\"broken\":2,\"excluded\":0,\"exempt\":0,\"holds\":1");
  reports(ONE("table", "    where: rows >= 20\n    ensure: stats_rows >= 10\n"),
          "\"broken\":0,\"excluded\":1,\"exempt\":0,\"holds\":1");
  reports(ONE("table", "    where: rows >= 20\n    ensure: stats_rows >= 10\n"),
          "\"severity\":\"warning\",\"unknown\":2,\"warns\":0");
  reports(ONE("table", "    ensure: rows >= 10\n    warn: rows >= 30\n"),
          "{\"because\":\"rows 10 < 30\",\"object\":[\"a\"],\"verdict\":"
          "\"warns\"}");
  reports(ONE("table", "    ensure: stats_rows >= 10\n    if_unknown: fail\n"),
          "\"broken\":3,\"excluded\":0,\"exempt\":0,\"holds\":1");
}

static void unknown_says_why(void **state) {
  (void)state;
  reports(ONE("table", "    ensure: stats_rows > 0\n"),
          "{\"because\":\"stats_rows is unknown: never analysed\",\"object\":["
          "\"b\"],\"verdict\":\"unknown\"}");
  reports(ONE("table", "    ensure: stats_rows_ratio > 50%\n"),
          "{\"because\":\"stats_rows_ratio is unknown: not collected\","
          "\"object\":[\"a\"],\"verdict\":\"unknown\"}");
  reports(ONE("table", "    where: rows > 0\n    ensure: stats_rows > 0\n"),
          "{\"because\":\"rows is unknown\",\"object\":[\"d\"],\"verdict\":"
          "\"unknown\"}");
}

static void what_could_not_be_listed_is_unknown(void **state) {
  project p;
  (void)state;
  begin(&p, ONE("table", "    ensure: rows >= 10\n"));
  project_facts(&p, true,
                "{" FACTS_DATABASE ",\"table\":{\"columns\":[{\"name\":"
                "\"name\",\"reason\":\"no privilege\",\"type\":\"text\"}],"
                "\"rows\":[]}}");
  project_compile(&p);
  assert_int_equal(p.status, UPK_OK);
  assert_true(project_has(upk_buf_view(&p.output), "\"unknown\":1"));
  assert_true(project_has(project_said(&p), "UPK1507"));
  assert_true(project_has(project_said(&p), "no privilege"));
  project_end(&p);
}

static void parents_are_joined_by_their_keys(void **state) {
  (void)state;
  reports(ONE("index", "    ensure: table.rows >= 20\n"),
          "\"broken\":1,\"excluded\":0,\"exempt\":0,\"holds\":1");
  reports(ONE("index", "    ensure: table.rows >= 20\n"),
          "{\"because\":\"table.rows is unknown\",\"object\":[\"ix\"],"
          "\"verdict\":\"unknown\"}");
  reports(ONE("index", "    ensure: database.size > 2MB\n"), "\"broken\":3");
}

static void names_outside_facts_have_values(void **state) {
  (void)state;
  reports(ONE("database", "    ensure: labels.env = 'prod' and "
                          "labels.target = 'shop' and labels.engine = "
                          "'sqlite'\n"),
          "\"holds\":1");
  reports(ONE("database", "    ensure: setting.journal_mode = 'wal'\n"),
          "\"holds\":1");
  reports(ONE("database", "    ensure: setting.none = 'wal'\n"),
          "\"unknown\":1");
  reports(ONE("database", "    ensure: requirement.rpo is null\n"),
          "\"holds\":1");
}

static void exempt_objects_are_left_alone(void **state) {
  (void)state;
  reports(ONE("table", "    ensure: stats_rows >= 10\n    exempt:\n      - { "
                       "object: \"[ab]\", reason: x, until: 2030-01-01T00:00Z "
                       "}\n"),
          "\"broken\":1,\"excluded\":0,\"exempt\":2,\"holds\":1");
}

static void faults_count_where_they_matter(void **state) {
  (void)state;
  project p;
  begin(&p,
        ONE("table", "    where: name <> 'a'\n    ensure: rows / (stats_rows "
                     "- 5) > 1%\n"));
  assert_int_equal(project_compile(&p), UPK_OK);
  assert_int_equal(project_codes(&p, 1505), 0);
  project_end(&p);
  begin(&p, ONE("table", "    ensure: rows / (stats_rows - 5) > 1%\n"));
  assert_int_equal(project_compile(&p), UPK_OK);
  assert_int_equal(project_codes(&p, 1505), 1);
  project_end(&p);
}

static void lua_functions_judge(void **state) {
  (void)state;
  project p;
  project_begin(&p);
  project_add(&p, "policies/a.lua",
              "policy(\"p\", {\n"
              "  [\"for\"] = \"table\",\n"
              "  where = function(t) return t.name ~= \"d\" end,\n"
              "  ensure = function(t)\n"
              "    if t.stats_rows then return t.stats_rows == t.rows end\n"
              "  end,\n"
              "})\n");
  project_add(&p, "upkeep.yaml",
              "version: 1\ntargets: { shop: { engine: sqlite, connect: s } }\n"
              "include: [ policies/*.lua ]\n");
  project_facts(&p, true, KINDS);
  p.request.mode = UPK_COMPILE_CHECK;
  project_compile(&p);
  assert_int_equal(p.status, UPK_OK);
  assert_true(
      project_has(upk_buf_view(&p.output),
                  "\"broken\":1,\"excluded\":1,\"exempt\":0,\"holds\":1"));
  assert_true(project_has(upk_buf_view(&p.output), "\"unknown\":1"));
  project_end(&p);
}

static void trends_predict(void **state) {
  (void)state;
  project p;
  project_begin(&p);
  project_add(
      &p, "facts/trend.lua",
      "return { collector {\n"
      "  name = \"table_trend\", engine = \"sqlite\", kind = \"table\",\n"
      "  cost = \"cheap\",\n"
      "  attributes = { { \"name\", \"text\", \"its name\" },\n"
      "    { \"rows_trend\", \"rate\", \"growth of rows\" } },\n"
      "  filter = \"and name = ?1\", filter_keys = { \"name\" },\n"
      "  variants = { { sql = \"select name, 1 from t where true "
      "{filter}\" } },\n"
      "} }\n");
  project_add(&p, "policies/a.yaml",
              ONE("table", "    ensure: rows <= 100\n    ahead: 10d\n    by: "
                           "refresh_statistics\n"));
  project_add(&p, "upkeep.yaml", PROJECT_SQLITE "facts: [ facts/*.lua ]\n");
  project_facts(
      &p, true,
      "{" FACTS_DATABASE
      ",\"table\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{"
      "\"name\":\"rows\",\"type\":\"int\"},{\"name\":\"rows_trend\",\"type\":"
      "\"rate\"}],\"rows\":[[\"a\",50,4],[\"b\",50,6],[\"c\",500,1],[\"d\",50,"
      "null]]}}");
  p.request.mode = UPK_COMPILE_CHECK;
  project_compile(&p);
  if (p.status != UPK_OK)
    fail_msg("%s", project_said(&p).data);
  assert_true(project_has(upk_buf_view(&p.output), "\"holds\":2"));
  assert_true(project_has(upk_buf_view(&p.output), "\"predicted\":1"));
  upk_str dump = project_dump(&p, "lower");
  assert_true(project_has(dump, "because rows 50 grows by 60 within 10d"));
  assert_true(project_has(dump, "pre invariant: not ((rows + 60) <= 100)"));
  project_end(&p);
}

static void the_clock_is_the_facts(void **state) {
  (void)state;
  project p;
  begin(&p,
        ONE("table", "    ensure: rows > 15\n    exempt: { object: a, reason: "
                     "x, until: 2026-10-01T00:00Z }\n"));
  assert_int_equal(project_compile(&p), UPK_OK); /* 2026-09-21 */
  assert_true(project_has(upk_buf_view(&p.output), "\"exempt\":1"));
  p.request.at_us = INT64_C(1800000000000000); /* 2027-01-15 */
  assert_int_equal(project_compile(&p), UPK_OK);
  assert_true(project_has(upk_buf_view(&p.output), "\"exempt\":0"));
  project_end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_verdict_is_given),
      cmocka_unit_test(unknown_says_why),
      cmocka_unit_test(what_could_not_be_listed_is_unknown),
      cmocka_unit_test(parents_are_joined_by_their_keys),
      cmocka_unit_test(names_outside_facts_have_values),
      cmocka_unit_test(exempt_objects_are_left_alone),
      cmocka_unit_test(faults_count_where_they_matter),
      cmocka_unit_test(lua_functions_judge),
      cmocka_unit_test(trends_predict),
      cmocka_unit_test(the_clock_is_the_facts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
