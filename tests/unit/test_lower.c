#include <stdio.h>

#include "cm.h"
#include "compile_harness.h"

#define COLUMN(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"
#define TABLES                                                                 \
  "\"table\":{\"columns\":[" COLUMN("name", "text") "," COLUMN(                \
      "rows",                                                                  \
      "int") "," COLUMN("never_analyzed",                                      \
                        "bool") "," COLUMN("stats_rows_ratio",                 \
                                           "ratio") "],"                       \
                                                    "\"rows\":[[\"a\",10,"     \
                                                    "false,900000],[\"b\","    \
                                                    "2000,true,"               \
                                                    "null],[\"c\",3000,false," \
                                                    "300000],[\"d\",4000,"     \
                                                    "false,"                   \
                                                    "100000]]}"
#define INDEXES                                                                \
  "\"index\":{\"columns\":[" COLUMN("name", "text") "," COLUMN(                \
      "table",                                                                 \
      "text") "," COLUMN("bloat_ratio",                                        \
                         "ratio") "],\"rows\":[[\"ic\",\"c\",800000],["        \
                                  "\"id\",\"d\",900000]]}"
#define KINDS "{" FACTS_DATABASE "," INDEXES "," TABLES "}"
#define POLICY(text) "policies:\n  - name: p\n" text
#define STALE                                                                  \
  POLICY("    for: table\n    ensure: stats_rows_ratio >= 50%\n    by: "       \
         "refresh_statistics\n")

static void begin(project *p, const char *policies, bool ledger) {
  project_begin(p);
  project_add(p, "policies/a.yaml", policies);
  project_add(p, "upkeep.yaml", PROJECT_SQLITE);
  project_facts(p, ledger, KINDS);
}

static void has(upk_str dump, const char *part) {
  if (!project_has(dump, part))
    fail_msg("no `%s` in\n%s", part, dump.data);
}

static void lacks(upk_str dump, const char *part) {
  if (project_has(dump, part))
    fail_msg("`%s` in\n%s", part, dump.data);
}

static upk_str lowered(project *p) {
  upk_str dump = project_dump(p, "lower");
  if (p->status != UPK_OK)
    fail_msg("%s", project_said(p).data);
  return dump;
}

static void what_is_broken_becomes_steps(void **state) {
  (void)state;
  project p;
  begin(&p, STALE, true);
  upk_str dump = lowered(&p);
  lacks(dump, "step refresh_statistics:a\n");
  lacks(dump, "step refresh_statistics:b\n"); /* unknown */
  has(dump, "step refresh_statistics:c\n");
  has(dump, "because stats_rows_ratio 30% < 50%");
  has(dump, "pre invariant: not (stats_rows_ratio >= 50%) else skip from "
            "table_rows");
  has(dump, "post invariant: stats_rows_ratio >= 50% from table_rows");
  lacks(dump, "step create_ledger");
  project_end(&p);
}

static void unknown_is_acted_on_when_asked(void **state) {
  (void)state;
  project p;
  begin(&p, STALE "    if_unknown: act\n", true);
  upk_str dump = lowered(&p);
  has(dump, "step refresh_statistics:b\n");
  has(dump, "pre invariant: row_count > 0 and (stats_rows_ratio >= 50%) is not "
            "true else skip from table table_rows");
  project_end(&p);
  begin(&p, STALE "    if_unknown: fail\n", true);
  lacks(lowered(&p), "step refresh_statistics:b\n");
  project_end(&p);
  begin(&p,
        POLICY("    for: table\n    where: stats_rows_ratio > 0%\n    ensure: "
               "rows < 1\n    if_unknown: act\n    by: refresh_statistics\n"),
        true);
  lacks(lowered(&p), "step refresh_statistics:b\n"); /* not known to be meant */
  project_end(&p);
}

static void names_of_others_are_bound(void **state) {
  (void)state;
  project p;
  begin(&p,
        POLICY("    for: index\n    ensure: bloat_ratio <= 50% or table.rows < "
               "100 or labels.env = 'dev'\n    by: rebuild_index\n"),
        true);
  upk_str dump = lowered(&p);
  has(dump, "pre invariant: not (bloat_ratio <= 50% or 3000 < 100 or 'prod' = "
            "'dev') else skip from index_size");
  has(dump, "4000 < 100");
  project_end(&p);
}

static void the_ledger_comes_first(void **state) {
  (void)state;
  project p;
  begin(&p, STALE, false);
  upk_str dump = lowered(&p);
  has(dump,
      "step create_ledger:main\n  because the ledger is not in the target "
      "yet");
  size_t ledger = 0, other = 0;
  for (size_t i = 0; i + 20 < dump.len; i++) {
    if (!memcmp(dump.data + i, "\nstep create_ledger", 19))
      ledger = i;
    if (!other && !memcmp(dump.data + i, "\nstep refresh_stat", 18))
      other = i;
  }
  assert_true(ledger && ledger < other);
  project_end(&p);
  begin(&p,
        POLICY("    for: table\n    ensure: rows > 0\n    by: "
               "refresh_statistics\n"),
        false);
  lacks(lowered(&p), "step create_ledger"); /* nothing to record */
  project_end(&p);
}

static void a_target_without_ledger_lacks_its_actions(void **state) {
  (void)state;
  project p;
  begin(&p, STALE, false);
  p.texts[1] =
      UPK_STR("version: 1\ntargets: { shop: { engine: sqlite, connect: "
              "s, ledger: none } }\ninclude: [ policies/*.yaml ]\n");
  upk_str dump = lowered(&p);
  lacks(dump, "step ");
  assert_int_equal(project_codes(&p, 1523), 1);
  has(dump, "unsupported");
  project_end(&p);
}

static void a_cap_keeps_the_worst(void **state) {
  (void)state;
  project p;
  begin(&p, STALE "    limits: { max_actions: 1 }\n", true);
  upk_str dump = lowered(&p);
  has(dump, "step refresh_statistics:d\n"); /* 10% is worse than 30% */
  lacks(dump, "step refresh_statistics:c\n");
  has(dump, "cap");
  project_end(&p);
  begin(&p,
        POLICY("    for: index\n    ensure: bloat_ratio <= 50%\n    by: "
               "rebuild_index\n    limits: { max_actions: 1 }\n"),
        true);
  dump = lowered(&p);
  has(dump, "step rebuild_index:id\n"); /* 90% is worse than 80% */
  lacks(dump, "step rebuild_index:ic\n");
  project_end(&p);
}

static void steps_can_be_chosen(void **state) {
  (void)state;
  project p;
  begin(&p, STALE, true);
  p.request.only = UPK_STR("refresh_statistics:c");
  upk_str dump = lowered(&p);
  has(dump, "step refresh_statistics:c\n");
  lacks(dump, "step refresh_statistics:d\n");
  p.request.only = UPK_NO_STR;
  p.request.except = UPK_STR("*:c");
  dump = lowered(&p);
  lacks(dump, "step refresh_statistics:c\n");
  has(dump, "step refresh_statistics:d\n");
  project_end(&p);
}

/* ---- actions of the user's own ---- */

#define ACTION(head, tail)                                                     \
  "return action {\n"                                                          \
  "  name = \"touch\", engine = \"sqlite\", kind = \"table\", doc = \"d\",\n"  \
  "  locks = {}, risk = \"low\",\n" head                                       \
  "  plan = function(o, p) return { run = { \"select 1\" } } end,\n" tail      \
  "}\n"
#define NO_UNDO "undo = { class = \"none\", why = \"w\" },"
#define TOUCH                                                                  \
  POLICY(                                                                      \
      "    for: table\n    ensure: not never_analyzed and stats_rows_ratio "   \
      ">= 50%\n    by: touch\n")

static void begin_own(project *p, const char *action, const char *policies) {
  project_begin(p);
  project_add(p, "actions/touch.lua", action);
  project_add(p, "policies/a.yaml", policies);
  project_add(p, "upkeep.yaml", PROJECT_SQLITE "actions: [ actions/*.lua ]\n");
  project_facts(p, true, KINDS);
}

static void improving_is_not_worse(void **state) {
  (void)state;
  project p;
  begin_own(&p,
            ACTION("atomicity = \"transaction\", post = \"improves\",",
                   NO_UNDO "post_within = \"5s\","),
            TOUCH);
  upk_str dump = lowered(&p);
  has(dump, "post invariant: (not never_analyzed and stats_rows_ratio >= 50%) "
            "or ((not never_analyzed or never_analyzed = "
            "before.never_analyzed) and stats_rows_ratio >= "
            "before.stats_rows_ratio)");
  project_end(&p);
}

static void limits_become_timeouts(void **state) {
  (void)state;
  project p;
  begin_own(&p,
            ACTION("atomicity = \"transaction\", post = \"holds\",",
                   NO_UNDO "timeouts = { lock = false },"),
            TOUCH "    limits: { statement_timeout: 2m }\n");
  upk_str plan;
  p.request.mode = UPK_COMPILE_PLAN;
  assert_int_equal(project_compile(&p), UPK_OK);
  plan = upk_buf_view(&p.output);
  has(plan, "\"timeouts\":{\"blocking_ms\":1000,\"lock_ms\":0,\"max_ms\":"
            "14400000,\"readers_ms\":300000,\"statement_ms\":120000,");
  project_end(&p);
}

/* An action that takes one object and not another. */
#define CHOOSY(word)                                                           \
  "return action {\n"                                                          \
  "  name = \"touch\", engine = \"sqlite\", kind = \"table\", doc = \"d\",\n"  \
  "  locks = {}, risk = \"low\", reads = { \"rows\" },\n"                      \
  "  atomicity = \"transaction\", post = function(p) return \"own\" end,\n"    \
  "  timeouts = { lock = function(o, p) return o.rows < 2500 end },\n"         \
  "  undo = function(o, p)\n"                                                  \
  "    if o.rows > 3500 then " word "(\"too many rows\") end\n"                \
  "    return { class = \"none\", why = \"w\" }\n"                             \
  "  end,\n"                                                                   \
  "  plan = function(o, p) return { run = { \"select 1\" },\n"                 \
  "    post = { { sql = \"select 1 as x\", expect = \"x = 1\" } } } end,\n"    \
  "}\n"

static void an_action_may_refuse_one_object(void **state) {
  (void)state;
  project p;
  begin_own(&p, CHOOSY("u.refuse"), TOUCH);
  upk_str dump = lowered(&p);
  has(dump, "step touch:c\n");
  lacks(dump, "step touch:d\n");
  has(dump,
      "deferred touch d\n  policy p\n  reason unsupported\n  because too many "
      "rows\n");
  project_end(&p);
  begin_own(&p, CHOOSY("error"), TOUCH); /* a fault is none of that */
  p.request.mode = UPK_COMPILE_PLAN;
  assert_int_equal(project_compile(&p), UPK_DENIED);
  assert_int_equal(project_codes(&p, 1301), 1);
  has(project_said(&p), "actions/touch.lua:7");
  has(project_said(&p), "too many rows");
  project_end(&p);
}

static void promises_may_be_functions(void **state) {
  (void)state;
  project p;
  begin_own(&p, CHOOSY("u.refuse"), TOUCH "    if_unknown: act\n");
  p.request.mode = UPK_COMPILE_PLAN;
  assert_int_equal(project_compile(&p), UPK_OK);
  upk_str plan = upk_buf_view(&p.output);
  has(plan, "\"lock_ms\":1000,\"max_ms\":0,\"readers_ms\":0,");      /* b */
  has(plan, "\"lock_ms\":0,\"max_ms\":14400000,\"readers_ms\":300"); /* c */
  lacks(plan, "\"post\":[{\"columns\""); /* of its own alone */
  project_end(&p);
  begin_own(&p,
            ACTION("atomicity = \"transaction\",",
                   NO_UNDO "post = function(p) return \"never\" end,"),
            TOUCH);
  p.request.mode = UPK_COMPILE_PLAN;
  assert_int_equal(project_compile(&p), UPK_DENIED);
  assert_int_equal(project_codes(&p, 1520), 1);
  has(project_said(&p), "`post` cannot be `never`");
  project_end(&p);
}

static void objects_are_seen_by_functions(void **state) {
  (void)state;
  project p;
  begin_own(
      &p,
      "return action {\n"
      "  name = \"touch\", engine = \"sqlite\", kind = \"table\", doc = "
      "\"d\",\n"
      "  reads = { \"rows\", \"database.size\", \"stats_rows_ratio\" },\n"
      "  parameters = { note = { type = \"text\", default = \"n\", doc = \"d\" "
      "} },\n"
      "  atomicity = function(o, p) return \"autocommit\" end,\n"
      "  risk = function(o, p) if o.rows > 3500 then return \"high\" end "
      "return "
      "\"low\" end,\n"
      "  locks = function(o, p) return { { mode = \"write\", object = { o.name "
      "} } } end,\n"
      "  estimate = function(o, p) return { reads_bytes = 160000000 } end,\n"
      "  undo = function(o, p) return { class = \"none\", why = p.note } end,\n"
      "  probe = function(o, p) return { done = { sql = \"select 1 as x\", "
      "expect = \"x = 1\" } } end,\n"
      "  post = \"holds\",\n"
      "  plan = function(o, p) return { run = { { sql = \"select \" .. o.sql "
      ".. "
      "\" \" .. o.kind .. \" \" .. tostring(o[\"database.size\"]), params = { "
      "o.display, { from = \"step.id\" } } } } } end,\n"
      "}\n",
      TOUCH);
  upk_str dump = lowered(&p);
  has(dump, "run select \"d\" table 1000000");
  has(dump, "risk high");
  has(dump, "risk low");
  has(dump, "atomicity autocommit");
  has(dump, "lock write on c");
  has(dump, "p50_ms 2001");
  project_end(&p);
}

/* What an action gives, and the code and words of the refusal. */
static void bad_actions_are_refused(void **state) {
  static const struct {
    const char *action;
    int code;
    const char *words;
  } rows[] = {
      {"plan = function(o, p) return { run = {} } end, post = \"holds\","
       "atomicity = \"transaction\",",
       1521, "no statement"},
      {"plan = function(o, p) return { run = { \"x\" } } end, post = \"own\","
       "atomicity = \"transaction\",",
       1521, "no post-check"},
      {"plan = function(o, p) return { run = { \"x\" } } end, post = \"holds\","
       "atomicity = function(o, p) return \"autocommit\" end,",
       1521, "no probe"},
      {"plan = function(o, p) return { runs = {} } end, post = \"holds\","
       "atomicity = \"transaction\",",
       1520, "unknown key `runs`"},
      {"plan = function(o, p) return { run = { \"x\" }, post = { { sql = "
       "\"x\", "
       "expect = 1 } } } end, post = \"holds\", atomicity = \"transaction\",",
       1520, "`expect` must be a text, not an integer"},
      {"plan = function(o, p) return { run = { { sql = \"x\", params = { { "
       "from "
       "= \"step.nothing\" } } } } } end, post = \"holds\","
       "atomicity = \"transaction\",",
       1520, "knows no `step.nothing`"},
      {"plan = function(o, p) return { run = { \"x\" }, pre = { { sql = \"x\", "
       "expect = \"a = 1\", otherwise = \"stop\" } } } end, post = \"holds\","
       "atomicity = \"transaction\",",
       1520, "`otherwise` cannot be `stop`"},
      {"plan = function(o, p) return 5 end, post = \"holds\","
       "atomicity = \"transaction\",",
       1520, "must be a table, not an integer"},
      {"plan = function(o, p) return { run = { \"x\" } } end, post = \"holds\","
       "atomicity = function(o, p) return \"half\" end,",
       1520, "`atomicity` cannot be `half`"},
      {"plan = function(o, p) return { run = { \"x\" } } end, post = \"holds\","
       "atomicity = \"transaction\", estimate = function(o, p) return { ms = "
       "-1 "
       "} end,",
       1520, "not negative"},
      {"plan = function(o, p) return { run = { \"x\" }, post = { { sql = "
       "\"x\", "
       "expect = \"a = \" } } } end, post = \"holds\","
       "atomicity = \"transaction\",",
       0, "actions/touch.lua"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    project p;
    char action[1000];
    snprintf(action, sizeof action,
             "return action { name = \"touch\", engine = \"sqlite\", kind = "
             "\"table\", doc = \"d\", locks = {}, risk = \"low\", " NO_UNDO
             "%s }\n",
             rows[i].action);
    begin_own(&p, action, TOUCH);
    project_dump(&p, "lower");
    upk_str said = project_said(&p);
    assert_int_equal(p.status, UPK_DENIED);
    if (rows[i].code && project_codes(&p, rows[i].code) != 1)
      fail_msg("%zu: %s", i, said.data);
    has(said, rows[i].words);
    project_end(&p);
  }
}

static void cooldown_waits(void **state) {
  (void)state;
  project p;
  project_begin(&p);
  project_add(
      &p, "facts/age.lua",
      "return { collector {\n"
      "  name = \"table_last\", engine = \"sqlite\", kind = \"table\",\n"
      "  cost = \"cheap\",\n"
      "  attributes = { { \"name\", \"text\", \"its name\" },\n"
      "    { \"last_refresh_statistics_age\", \"duration\", \"d\" } },\n"
      "  filter = \"and name = ?1\", filter_keys = { \"name\" },\n"
      "  variants = { { sql = \"select name, 1 from t where true "
      "{filter}\" } },\n"
      "} }\n");
  project_add(&p, "policies/a.yaml", STALE "    cooldown: 1d\n");
  project_add(&p, "upkeep.yaml", PROJECT_SQLITE "facts: [ facts/*.lua ]\n");
  project_facts(
      &p, true,
      "{" FACTS_DATABASE
      ",\"table\":{\"columns\":[" COLUMN("name", "text") "," COLUMN(
          "stats_rows_ratio",
          "ratio") "," COLUMN("last_refresh_statistics_age",
                              "duration") "],\"rows\":[["
                                          "\"a\",1,3600000000],[\"b\",1,"
                                          "90000000000],[\"c\",1,null]]}}");
  upk_str dump = lowered(&p);
  lacks(dump, "step refresh_statistics:a\n");
  has(dump, "step refresh_statistics:b\n");
  has(dump, "step refresh_statistics:c\n");
  has(dump, "cooldown");
  project_end(&p);
}

/* A protected table, and the index of one, keep their verdict and get no step.
 */
static upk_str lowered_with(project *p, const char *policies,
                            const char *protect) {
  project_begin(p);
  project_add(p, "policies/a.yaml", policies);
  project_add(p, "upkeep.yaml", protect);
  project_facts(p, true, KINDS);
  return lowered(p);
}

static void what_is_protected_is_left_alone(void **state) {
  (void)state;
  project p;
  upk_str dump =
      lowered_with(&p, STALE, PROJECT_SQLITE "protected: [ x, \"[c]*\" ]\n");
  lacks(dump, "step refresh_statistics:c\n");
  has(dump, "step refresh_statistics:d\n");
  has(dump, "protected");
  project_end(&p);
  dump = lowered_with(&p,
                      POLICY("    for: index\n    ensure: bloat_ratio <= 50%\n"
                             "    by: rebuild_index\n"),
                      PROJECT_SQLITE "protected: c\n");
  lacks(dump, "step rebuild_index:ic\n");
  has(dump, "step rebuild_index:id\n");
  project_end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_protected_is_left_alone),
      cmocka_unit_test(what_is_broken_becomes_steps),
      cmocka_unit_test(unknown_is_acted_on_when_asked),
      cmocka_unit_test(names_of_others_are_bound),
      cmocka_unit_test(the_ledger_comes_first),
      cmocka_unit_test(a_target_without_ledger_lacks_its_actions),
      cmocka_unit_test(a_cap_keeps_the_worst),
      cmocka_unit_test(steps_can_be_chosen),
      cmocka_unit_test(improving_is_not_worse),
      cmocka_unit_test(limits_become_timeouts),
      cmocka_unit_test(an_action_may_refuse_one_object),
      cmocka_unit_test(promises_may_be_functions),
      cmocka_unit_test(objects_are_seen_by_functions),
      cmocka_unit_test(bad_actions_are_refused),
      cmocka_unit_test(cooldown_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
