/* upkeep schema and compile: what the compiler itself has to say. */
#include <string.h>

#include "cli.h"

static upk_status print_compiled(cli *c, const project *p,
                                 const upk_compile_request *request) {
  upk_buf out = {0};
  upk_status status = compile(c, p, request, &out);
  if (status == UPK_OK)
    print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
  return status;
}

static upk_status run_word(cli *c, upk_compile_mode mode, const char *word) {
  project p;
  project_or_none(c, &p);
  upk_compile_request request = request_new(c, &p, mode);
  request.word = upk_str_from(word);
  return print_compiled(c, &p, &request);
}

static upk_status run_schema(cli *c) {
  return run_word(c, UPK_COMPILE_SCHEMA,
                  c->argument_count ? c->arguments[0] : "project");
}

const verb verb_schema = {
    .name = "schema",
    .arguments =
        "[project|policies|policy|executor|test|plan|facts|log|check-report|"
        "test-report]",
    .summary = "the JSON Schema of a file",
    .max_arguments = 1,
    .run = run_schema,
};

static upk_status run_compile(cli *c) {
  project p;
  upk_buf facts = {0};
  upk_status status = project_load(c, &p);
  if (status != UPK_OK)
    return status;
  upk_compile_request request = request_new(c, &p, UPK_COMPILE_PLAN);
  request.target = upk_str_from(c->argument_count ? c->arguments[0] : "");
  request.dump_after = flag_given(c, FLAG_dump_after)
                           ? flag_text(c, FLAG_dump_after)
                           : UPK_STR("emit");
  /* The first three passes need no facts. */
  bool offline = upk_str_is(request.dump_after, "front") ||
                 upk_str_is(request.dump_after, "resolve") ||
                 upk_str_is(request.dump_after, "check");
  if (!offline || flag_given(c, FLAG_facts))
    status = facts_get(c, &p, request.target, &facts, &request.facts_path);
  if (status == UPK_OK) {
    request.facts = upk_buf_view(&facts);
    status = print_compiled(c, &p, &request);
  }
  upk_buf_free(&facts);
  return status;
}

const verb verb_compile = {
    .name = "compile",
    .arguments = "[TARGET]",
    .summary = "show the compiler at work: its tree after any pass",
    .detail = "Passes: front resolve check bind lower optimise order schedule "
              "lint emit.",
    .flags = FLAG_BIT(dump_after) | FLAGS_FACTS | FLAGS_POLICIES,
    .max_arguments = 1,
    .run = run_compile,
};
