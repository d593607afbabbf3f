/* What compile.c itself promises of its output. */
#include "cm.h"
#include "compile_harness.h"

static bool refuse(void *ctx, const char *bytes, size_t len) {
  size_t *calls = ctx;
  (void)bytes;
  (void)len;
  ++*calls;
  return false;
}

static void begin(project *p) {
  project_begin(p);
  project_add(p, "policies/a.yaml",
              "policies:\n"
              "  - { name: p, for: database, ensure: size <= 1GiB }\n");
  project_add(p, "upkeep.yaml", PROJECT_SQLITE);
  project_facts(p, true, "{" FACTS_DATABASE "}");
}

/* A sink that takes nothing is no success, whatever was to be written. */
static void an_output_that_is_refused_is_an_error(void **state) {
  static const struct {
    upk_compile_mode mode;
    const char *dump;
  } rows[] = {{UPK_COMPILE_PROJECT, ""},
              {UPK_COMPILE_INSPECT, ""},
              {UPK_COMPILE_CHECK, ""},
              {UPK_COMPILE_PLAN, ""},
              {UPK_COMPILE_PLAN, "bind"}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    project p;
    size_t calls = 0;
    begin(&p);
    p.request.mode = rows[i].mode;
    p.request.dump_after = upk_str_from(rows[i].dump);
    if (project_compile(&p) != UPK_OK)
      fail_msg("row %zu: %.*s", i, UPK_FMT(project_said(&p)));
    assert_true(p.output.len > 0);
    upk_status status = upk_compile(&p.request, &p.source, &p.diags,
                                    (upk_sink){refuse, &calls});
    assert_int_equal(status, UPK_ERROR);
    assert_true(calls > 0);
    project_end(&p);
  }
}

/* Files with errors are read to the end, and then nothing is written. */
static void what_is_wrong_has_no_output(void **state) {
  static const upk_compile_mode modes[] = {UPK_COMPILE_VALIDATE,
                                           UPK_COMPILE_INSPECT,
                                           UPK_COMPILE_CHECK, UPK_COMPILE_PLAN};
  (void)state;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    project p;
    begin(&p);
    p.texts[0] = UPK_STR("policies:\n"
                         "  - { name: p, for: database, ensur: size > 1B }\n"
                         "  - { name: q, for: database, ensure: siz > 1B }\n");
    p.request.mode = modes[i];
    assert_int_equal(project_compile(&p), UPK_DENIED);
    assert_int_equal(p.output.len, 0);
    assert_int_equal(p.diags.items.len, 3);
    assert_int_equal(project_codes(&p, 1107), 1);
    project_end(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_output_that_is_refused_is_an_error),
      cmocka_unit_test(what_is_wrong_has_no_output),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
