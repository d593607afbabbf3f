/* Many requests about one project: each has the bytes, the status and the
 * diagnostics that compiling it alone gives. */
#include <stdio.h>

#include "cm.h"
#include "compile_harness.h"

static const char project_text[] =
    "version: 1\n"
    "targets:\n"
    "  a: { engine: sqlite, connect: a.db, labels: { env: prod } }\n"
    "  b: { engine: sqlite, connect: b.db, labels: { env: prod } }\n"
    "  c: { engine: sqlite, connect: c.db, labels: { env: test } }\n"
    "  d: { engine: sqlite, connect: d.db, ledger: none }\n"
    "  e: { engine: postgres, connect: \"dbname=e\" }\n"
    "include: [ policies/* ]\n";

static const char *const targets[] = {"a", "b", "c", "d", "e", "no"};
enum { TARGETS = sizeof targets / sizeof *targets };

/* Facts of a database of that size: each target has its own. */
static upk_str facts_of(upk_arena *arena, size_t size, bool damaged) {
  return upk_arena_printf(
      arena,
      "{\"capabilities\":{\"ledger\":true},\"collectors\":{},\"engine\":"
      "\"%s\",\"format\":\"upkeep.facts/1\",\"identity\":{},\"kinds\":{"
      "\"database\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},"
      "{\"name\":\"size\",\"type\":\"bytes\"}],\"rows\":[[\"main\",%zu]]},"
      "\"index\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},"
      "{\"name\":\"table\",\"type\":\"text\"}],\"rows\":[[\"i\",\"t%zu\"]]},"
      "\"table\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},"
      "{\"name\":\"rows\",\"type\":\"int\"}],\"rows\":[[\"t0\",1],"
      "[\"t1\",2],[\"t2\",%zu]]}},"
      "\"role\":\"standalone\",\"taken_at\":1790000000000000,"
      "\"version\":\"3.40.1\"}\n",
      damaged ? "postgres" : "sqlite", size, size / 500 % 4, size);
}

static void begin(project *p, const char *policies) {
  project_begin(p);
  project_add(p, "policies/a.lua", policies);
  project_add(p, "upkeep.yaml", project_text);
}

typedef struct answer {
  upk_arena *arena;
  upk_diags diags;
  upk_buf output;
  upk_status status;
} answer;

static void answer_begin(answer *a) {
  *a = (answer){.arena = upk_arena_new(NULL)};
  upk_diags_init(&a->diags, a->arena);
}

static void answer_end(answer *a) {
  upk_buf_free(&a->output);
  upk_arena_free(a->arena);
}

/* Asks alone, and asks `c`: the same must come. Whether that is an output. */
static bool compare(project *p, upk_compiler *c,
                    const upk_compile_request *request) {
  answer one, many;
  upk_buf one_said = {0}, many_said = {0};
  answer_begin(&one);
  answer_begin(&many);
  one.status =
      upk_compile(request, &p->source, &one.diags, upk_sink_buf(&one.output));
  many.status =
      upk_compiler_run(c, request, &many.diags, upk_sink_buf(&many.output));
  upk_diags_render_text(&one.diags, false, &one_said);
  upk_diags_render_text(&many.diags, false, &many_said);
  if (one.status != many.status ||
      !upk_str_equal(upk_buf_view(&one_said), upk_buf_view(&many_said)) ||
      (one.status == UPK_OK &&
       !upk_str_equal(upk_buf_view(&one.output), upk_buf_view(&many.output))))
    fail_msg("mode %d of %.*s\nalone: %d %s%s\nhere: %d %s%s", request->mode,
             UPK_FMT(request->target), one.status,
             one.output.len ? one.output.data : "",
             one_said.len ? one_said.data : "", many.status,
             many.output.len ? many.output.data : "",
             many_said.len ? many_said.data : "");
  upk_buf_free(&one_said);
  upk_buf_free(&many_said);
  bool good = one.status == UPK_OK;
  answer_end(&one);
  answer_end(&many);
  return good;
}

static size_t ask_all(project *p, upk_compiler *c, size_t round) {
  size_t good = 0;
  static const upk_compile_mode modes[] = {
      UPK_COMPILE_INSPECT, UPK_COMPILE_CHECK, UPK_COMPILE_PROJECT,
      UPK_COMPILE_PLAN};
  size_t mode = round % (sizeof modes / sizeof *modes);
  for (size_t i = 0; i < TARGETS * 2; i++) { /* each twice, with other facts */
    upk_compile_request request = p->request;
    size_t of = (i / 2 + round) % TARGETS;
    request.mode = modes[mode];
    request.target = upk_str_from(targets[of]);
    if (mode % 2)
      request.facts =
          facts_of(p->arena, i * 500 + round, round % 9 == 5 && i % 5 == 4);
    request.only = round % 8 == 5 && i % 3 ? UPK_STR("s1") : UPK_NO_STR;
    good += compare(p, c, &request);
  }
  return good;
}

static void check_all(const char *policies) {
  project p;
  begin(&p, policies);
  upk_compiler *c = upk_compiler_new(&p.source);
  size_t good = 0;
  for (size_t round = 0; round < 12; round++)
    good += ask_all(&p, c, round);
  if (good < 60)
    fail_msg("only %zu went well: %s", good, policies);
  upk_compiler_free(c);
  project_end(&p);
}

static void answers_are_those_of_one_alone(void **state) {
  (void)state;
  check_all(
      "policy('s1', { ['for'] = 'database', ensure = 'size < 2500B' })\n"
      "policy('s2', { ['for'] = 'database', targets = { env = 'prod' },\n"
      "  ensure = 'size < 1500B', ahead = '3d', by = "
      "'compact_database' })\n"
      "policy('s3', { ['for'] = 'database', "
      "targets = \"labels.target = 'c'\",\n"
      "  ensure = \"labels.env = 'prod' and size / (size - size) > 1\" })\n"
      "policy('s4', { ['for'] = 'table', ensure = 'rows < 3' })\n"
      "policy('s5', { ['for'] = 'index', ensure = 'table.rows < 2' })\n");
}

/* What a function remembers of one target must not be seen by the next. */
static void functions_forget(void **state) {
  (void)state;
  check_all("local seen = 0\n"
            "policy('s1', { ['for'] = 'database', ensure = function(o)\n"
            "  seen = seen + 1\n"
            "  return seen < 2\n"
            "end })\n");
}

static void targets_with_the_same_policies_are_named(void **state) {
  static const struct {
    const char *target, *same;
  } rows[] = {{"a", "\"targets\":[\"a\",\"b\"]}\n"},
              {"b", "\"targets\":[\"a\",\"b\"]}\n"},
              {"c", "\"targets\":[\"c\"]}\n"},
              {"d", "\"targets\":[\"d\"]}\n"}};
  project p;
  (void)state;
  begin(&p, "policy('s1', { ['for'] = 'database', ensure = 'size < 1B' })\n"
            "policy('s2', { ['for'] = 'table', targets = { env = 'prod' },\n"
            "  ensure = 'rows < 15' })\n");
  p.request.mode = UPK_COMPILE_INSPECT;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    p.request.target = upk_str_from(rows[i].target);
    assert_int_equal(project_compile(&p), UPK_OK);
    assert_true(upk_str_ends(upk_buf_view(&p.output), rows[i].same));
  }
  project_end(&p);
}

/* A tree is kept for hundreds of requests, and given up when it is large. */
static void large_facts_come_and_go(void **state) {
  project p;
  (void)state;
  begin(&p, "policy('s', { ['for'] = 'database', ensure = 'size < 1B' })\n");
  upk_compiler *c = upk_compiler_new(&p.source);
  upk_buf facts = {0};
  upk_buf_str(&facts,
              UPK_STR("{\"capabilities\":{},\"collectors\":{},\"engine\":"
                      "\"sqlite\",\"format\":\"upkeep.facts/1\",\"identity\":"
                      "{},\"kinds\":{\"database\":{\"columns\":[{\"name\":"
                      "\"name\",\"type\":\"text\"},{\"name\":\"size\","
                      "\"type\":\"bytes\"}],\"rows\":["));
  for (int i = 0; i < 20000; i++)
    upk_buf_printf(&facts, "%s[\"n%06d\",%d]", i ? "," : "", i, i % 2);
  upk_buf_str(&facts, UPK_STR("]}},\"role\":\"standalone\",\"taken_at\":1,"
                              "\"version\":\"3.40.1\"}\n"));
  for (int i = 0; i < 40; i++) {
    upk_compile_request request = p.request;
    answer a;
    answer_begin(&a);
    request.mode = UPK_COMPILE_CHECK;
    request.target = UPK_STR("a");
    request.facts = upk_buf_view(&facts);
    a.status = upk_compiler_run(c, &request, &a.diags, upk_sink_buf(&a.output));
    assert_int_equal(a.status, UPK_OK);
    assert_non_null(strstr(a.output.data, "\"broken\":10000,"));
    answer_end(&a);
  }
  upk_buf_free(&facts);
  upk_compiler_free(c);
  upk_compiler_free(NULL);
  project_end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_are_those_of_one_alone),
      cmocka_unit_test(functions_forget),
      cmocka_unit_test(targets_with_the_same_policies_are_named),
      cmocka_unit_test(large_facts_come_and_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
