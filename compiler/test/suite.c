/* A file of tests: read, its names resolved, its cases run. */
#include <string.h>

#include "facts.h"
#include "front/front.h"
#include "front/yaml/read.h"
#include "json.h"
#include "test/test.h"
#include "tree.h"

#define FACTS_BYTES_MAX ((size_t)256 << 20)

/* A facts file that cases name. */
typedef struct kept_facts {
  upk_str path, bytes;
  int64_t taken_at_us; /* 0: they are damaged */
} kept_facts;

struct test_suite {
  upk_arena *arena;
  upk_diags diags;
  const upk_source *source;
  upk_str path, text, project;
  bool stdlib_from_source;
  test_file file;
  ir *names; /* the project as it is, for names */
  upk_compile_request names_request;
  UPK_VEC(kept_facts) facts;
};

/* ---- reading ---- */

#define TAKE(member, key)                                                      \
  if (!node_find(test->raw, key))                                              \
  test->member = defaults->member

static void take_defaults(test_case *test, const test_case *defaults) {
  TAKE(target, "target");
  TAKE(facts, "facts");
  TAKE(objects, "objects");
  TAKE(engine, "engine");
  TAKE(version, "version");
  TAKE(role, "role");
  TAKE(labels, "labels");
  TAKE(capabilities, "capabilities");
  TAKE(at_us, "at");
  TAKE(policies, "policies");
  TAKE(spent_us, "spent");
  TAKE(vars, "vars");
  TAKE(requirements, "requirements");
}

static bool read_file(test_suite *s) {
  bool too_large = false;
  if (s->source->read(s->source->ctx, s->path, FRONT_FILE_BYTES, s->arena,
                      &s->text, &too_large))
    return true;
  upk_diag *diag =
      too_large ? upk_diag_add(&s->diags, 1002, UPK_NO_SPAN,
                               "%.*s is larger than 1 MiB", UPK_FMT(s->path))
                : upk_diag_add(&s->diags, 4100, UPK_NO_SPAN,
                               "cannot read the tests %.*s", UPK_FMT(s->path));
  if (!too_large)
    upk_diag_help(&s->diags, diag,
                  "name a file below the folder of upkeep.yaml");
  return false;
}

/* A row that names nothing would fit everything. */
static void check_rows(test_suite *s, const test_rows *rows, const char *what) {
  for (size_t i = 0; i < rows->len; i++) {
    const test_row *row = &rows->items[i];
    if (row->step.text.data || row->action.text.data || row->object.text.data ||
        row->policy.text.data)
      continue;
    upk_diag *diag = upk_diag_add(&s->diags, 4109, row->span,
                                  "this line of `%s` names nothing", what);
    upk_diag_help(&s->diags, diag, "give its action, object or policy");
  }
}

static void check_expectations(test_suite *s, const test_case *test) {
  const test_expect *e = &test->expect;
  if (!e->planned.len && !node_find(e->raw, "exactly") && !e->not_planned.len &&
      !e->verdicts.len && !e->deferred.len && !e->refused.len &&
      !e->diagnostics.len) {
    upk_diag *diag =
        upk_diag_add(&s->diags, 4109, test->name.span,
                     "test `%.*s` expects nothing, so it cannot fail",
                     UPK_FMT(node_clip(test->name.text)));
    upk_diag_help(&s->diags, diag,
                  "`exactly: []` expects that nothing is planned");
  }
  check_rows(s, &e->planned, "planned");
  check_rows(s, &e->exactly, "exactly");
  check_rows(s, &e->not_planned, "not_planned");
  check_rows(s, &e->verdicts, "verdicts");
  check_rows(s, &e->deferred, "deferred");
}

static void check_names(test_suite *s) {
  for (size_t i = 0; i < s->file.tests.len; i++)
    for (size_t n = 0; n < i; n++) {
      const test_case *test = &s->file.tests.items[i];
      const test_case *other = &s->file.tests.items[n];
      if (!upk_str_equal(test->name.text, other->name.text))
        continue;
      upk_diag *diag = upk_diag_add(&s->diags, 4108, test->name.span,
                                    "two tests of this file are called `%.*s`",
                                    UPK_FMT(node_clip(test->name.text)));
      upk_diag_label(&s->diags, diag, other->name.span, "the other");
      break;
    }
}

static bool read_cases(test_suite *s) {
  if (!read_file(s))
    return false;
  upk_diags_source(&s->diags, s->path, s->text);
  node *tree = yaml_read(s->arena, &s->diags, s->path, s->text);
  if (!tree || !schema_read(s->arena, &s->diags, &schema_tests, tree, &s->file))
    return false;
  for (size_t i = 0; i < s->file.tests.len; i++) {
    take_defaults(&s->file.tests.items[i], &s->file.defaults);
    check_expectations(s, &s->file.tests.items[i]);
  }
  check_names(s);
  return s->diags.failures == 0;
}

/* ---- names of the project ---- */

static void unknown_target(test_suite *s, const test_case *test) {
  const ir_project *project = &s->names->project;
  ir_names names = {0};
  for (size_t i = 0; i < project->targets.len; i++)
    *UPK_PUSH(s->arena, &names) = project->targets.items[i].name;
  if (!test->target.text.data) {
    upk_diag *diag = upk_diag_add(
        &s->diags, 4101, test->name.span,
        "the project has %zu targets, and this test names none", names.len);
    upk_diag_help(&s->diags, diag,
                  "add `target`, or `engine` for one of the test's own");
    return;
  }
  upk_diag *diag =
      upk_diag_add(&s->diags, 4101, test->target.text_span,
                   "no target is named `%.*s`", UPK_FMT(test->target.text));
  upk_diag_suggest(&s->diags, diag, test->target.text, names.items, names.len);
}

static const ir_target *target_of(const test_suite *s, const test_case *test) {
  const ir_project *project = &s->names->project;
  if (!test->target.text.data)
    return project->targets.len == 1 &&
                   (!test->engine.data ||
                    upk_str_equal(test->engine,
                                  project->targets.items[0].engine_name))
               ? &project->targets.items[0]
               : NULL;
  for (size_t i = 0; i < project->targets.len; i++)
    if (upk_str_equal(project->targets.items[i].name, test->target.text))
      return &project->targets.items[i];
  return NULL;
}

static void resolve_target(test_suite *s, test_case *test) {
  const ir_target *target = target_of(s, test);
  if (target)
    test->target_name = target->name;
  else if (!test->target.text.data && test->engine.data)
    test->target_name = upk_str_from(test_made_up_target);
  else
    unknown_target(s, test);
}

static void resolve_policies(test_suite *s, const test_case *test) {
  const ir *project = s->names;
  ir_names names = {0};
  for (size_t i = 0; i < project->policies.len; i++)
    *UPK_PUSH(s->arena, &names) = project->policies.items[i].name;
  for (size_t i = 0; i < test->policies.len; i++) {
    const ir_text *wanted = &test->policies.items[i];
    size_t n = 0;
    while (n < names.len && !upk_glob(names.items[n], wanted->text))
      n++;
    if (n < names.len || project->policies_lost)
      continue;
    upk_diag *diag =
        upk_diag_add(&s->diags, 4101, wanted->text_span,
                     "there is no policy `%.*s`", UPK_FMT(wanted->text));
    upk_diag_suggest(&s->diags, diag, wanted->text, names.items, names.len);
  }
}

static bool expects_refusal(const test_suite *s) {
  for (size_t i = 0; i < s->file.tests.len; i++)
    if (s->file.tests.items[i].expect.refused.len)
      return true;
  return false;
}

/* What no plan could come of is said once, and not by every test; unless one
 * may be about that. */
static bool validates(test_suite *s) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags said;
  upk_diags_init(&said, arena);
  ir *tree = tree_new(&s->names_request, s->source, &said);
  bool good = tree_validate(tree) == UPK_OK || expects_refusal(s);
  tree_free(tree);
  if (!good)
    upk_diags_merge(&s->diags, &said);
  upk_arena_free(arena);
  return good;
}

/* The project file as a case has it, with its requirements: its windows and
 * blackouts. NULL after diagnostics. Free with tree_free. */
static ir *project_of(test_suite *s, const test_case *test, upk_diags *diags) {
  upk_compile_request *request = UPK_NEW(s->arena, upk_compile_request);
  *request = (upk_compile_request){.mode = UPK_COMPILE_PROJECT,
                                   .project = s->project,
                                   .target = UPK_STR("")};
  upk_diags_init(diags, s->arena);
  upk_diags_source(diags, s->path, s->text); /* as the spans of its nodes */
  ir *tree = tree_new(request, s->source, diags);
  tree->test = test;
  if (tree_front(tree) == UPK_OK)
    return tree;
  tree_free(tree);
  return NULL;
}

static void check_requirements(test_suite *s, const test_case *test) {
  upk_diags said;
  if (!test->requirements)
    return;
  ir *tree = project_of(s, test, &said);
  if (!tree)
    upk_diags_merge(&s->diags, &said);
  tree_free(tree);
}

/* The project must be readable as it is: what it lacks is said once, and not by
 * every test. */
static bool read_names(test_suite *s, const upk_compile_request *request) {
  s->names_request =
      (upk_compile_request){.mode = UPK_COMPILE_VALIDATE,
                            .project = s->project,
                            .stdlib_from_source = request->stdlib_from_source};
  s->names = tree_new(&s->names_request, s->source, &s->diags);
  size_t failures = s->diags.failures;
  if (tree_front(s->names) != UPK_OK || s->diags.failures > failures)
    return false;
  if (!validates(s))
    return false;
  for (size_t i = 0; i < s->file.tests.len; i++) {
    resolve_target(s, &s->file.tests.items[i]);
    resolve_policies(s, &s->file.tests.items[i]);
    check_requirements(s, &s->file.tests.items[i]);
  }
  return s->diags.failures == failures;
}

upk_status test_suite_load(const upk_compile_request *request,
                           const upk_source *source, upk_diags *diags,
                           test_suite **ret_suite) {
  upk_arena *arena = upk_arena_new(NULL);
  test_suite *s = UPK_NEW(arena, test_suite);
  *s = (test_suite){.arena = arena,
                    .source = source,
                    .path = upk_arena_copy(arena, request->word),
                    .project = upk_arena_copy(arena, request->project),
                    .stdlib_from_source = request->stdlib_from_source};
  upk_diags_init(&s->diags, arena);
  bool good = read_cases(s);
  good &= read_names(s, request);
  upk_diags_merge(diags, &s->diags);
  if (good) {
    *ret_suite = s;
    return UPK_OK;
  }
  test_suite_free(s);
  return UPK_DENIED;
}

void test_suite_free(test_suite *suite) {
  if (!suite)
    return;
  tree_free(suite->names);
  upk_arena_free(suite->arena);
}

bool test_suite_is(const test_suite *suite,
                   const upk_compile_request *request) {
  return suite && upk_str_equal(suite->path, request->word) &&
         upk_str_equal(suite->project, request->project) &&
         suite->stdlib_from_source == request->stdlib_from_source;
}

/* ---- facts files ---- */

/* Read once for all cases; NULL when it cannot be read. */
static const kept_facts *facts_find(test_suite *s, upk_str path,
                                    bool *ret_too_large) {
  kept_facts facts = {.path = path};
  *ret_too_large = false;
  for (size_t i = 0; i < s->facts.len; i++)
    if (upk_str_equal(s->facts.items[i].path, path))
      return &s->facts.items[i];
  if (!s->source->read(s->source->ctx, path, FACTS_BYTES_MAX, s->arena,
                       &facts.bytes, ret_too_large))
    return NULL;
  upk_arena *scratch = upk_arena_new(NULL);
  upk_diags ignored;
  upk_facts read;
  upk_diags_init(&ignored, scratch);
  if (upk_facts_read(scratch, facts.bytes, path, &ignored, &read) == UPK_OK)
    facts.taken_at_us = read.taken_at;
  upk_arena_free(scratch);
  kept_facts *kept = UPK_PUSH(s->arena, &s->facts);
  *kept = facts;
  return kept;
}

/* Absent after a diagnostic. */
static upk_str facts_bytes(test_suite *s, ir *tree) {
  const ir_text *name = &tree->test->facts;
  bool too_large;
  const kept_facts *facts = facts_find(s, name->text, &too_large);
  if (facts)
    return facts->bytes;
  if (too_large || !front_absent(tree, name->text, name->text_span))
    upk_diag_add(tree->diags, 4119, name->text_span,
                 too_large ? "%.*s is larger than 256 MiB"
                           : "there is no facts file %.*s",
                 UPK_FMT(node_clip(name->text)));
  return UPK_NO_STR;
}

/* When a case's plan begins. */
static int64_t moment_of(test_suite *s, const test_case *test) {
  bool too_large;
  if (test->at_us)
    return test->at_us;
  if (!test->facts.text.data)
    return TEST_MOMENT_US;
  const kept_facts *facts = facts_find(s, test->facts.text, &too_large);
  return facts ? facts->taken_at_us : TEST_MOMENT_US;
}

/* ---- what it holds ---- */

static void write_case(upk_json_writer *w, test_suite *s,
                       const test_case *test) {
  upk_diags said;
  ir *own = test->requirements ? project_of(s, test, &said) : NULL;
  upk_json_begin_object(w);
  upk_json_put_int(w, "at", moment_of(s, test));
  if (own)
    project_blackouts_write(own, w);
  upk_json_put_int(w, "column", test->name.span.column);
  upk_json_put_int(w, "line", test->name.span.line);
  upk_json_put_string(w, "name", test->name.text);
  if (own)
    project_windows_write(own, w);
  upk_json_end_object(w);
  tree_free(own);
}

/* Shipped policies come from files whose names begin so. */
static bool is_shipped(const test_suite *s, const ir_policy *policy) {
  upk_str path = s->diags.sources.items[policy->name_span.source].path;
  return upk_str_starts(path, "std/");
}

static void write_policy(upk_json_writer *w, const test_suite *s,
                         const ir_policy *policy) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "name", policy->name);
  upk_json_put_bool(w, "remedy", policy->by.len > 0);
  upk_json_put_bool(w, "shipped", is_shipped(s, policy));
  upk_json_end_object(w);
}

upk_status test_suite_list(test_suite *s, upk_sink output) {
  upk_json_writer *w = upk_json_writer_new(output);
  upk_json_begin_object(w);
  upk_json_key(w, "cases");
  upk_json_begin_array(w);
  for (size_t i = 0; i < s->file.tests.len; i++)
    write_case(w, s, &s->file.tests.items[i]);
  upk_json_end_array(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.tests/1"));
  upk_json_put_string(w, "path", s->path);
  upk_json_key(w, "policies");
  upk_json_begin_array(w);
  for (size_t i = 0; i < s->names->policies.len; i++)
    write_policy(w, s, &s->names->policies.items[i]);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w) ? UPK_OK : UPK_ERROR;
}

/* ---- running ---- */

static upk_str joined(upk_arena *arena, const ir_texts *texts) {
  upk_buf list = {0};
  for (size_t i = 0; i < texts->len; i++)
    upk_buf_printf(&list, "%s%.*s", i ? "," : "",
                   UPK_FMT(texts->items[i].text));
  upk_str copy =
      list.len ? upk_arena_copy(arena, upk_buf_view(&list)) : UPK_STR("");
  upk_buf_free(&list);
  return copy;
}

/* What runs before this plan have blocked, as one run that began with it. */
static upk_str spent_of(upk_arena *arena, const test_case *test,
                        int64_t at_us) {
  upk_buf bytes = {0};
  if (!test->spent_us)
    return UPK_NO_STR;
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_begin_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.spent/1"));
  upk_json_key(w, "runs");
  upk_json_begin_array(w);
  upk_json_begin_object(w);
  upk_json_put_int(w, "began_us", at_us);
  upk_json_put_int(w, "blocked_ms", test->spent_us / 1000);
  upk_json_end_object(w);
  upk_json_end_array(w);
  upk_json_put_string(w, "target", test->target_name);
  upk_json_end_object(w);
  upk_json_newline(w);
  (void)upk_json_writer_close(w);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return copy;
}

/* The passes up to lint; false when the case's own facts are wrong. */
static bool compile_case(test_suite *s, ir *tree, upk_compile_request *request,
                         upk_buf *facts, upk_status *ret_status) {
  *ret_status = tree_check(tree);
  if (*ret_status != UPK_OK)
    return true;
  upk_str base = UPK_NO_STR;
  if (tree->test->facts.text.data) {
    base = facts_bytes(s, tree);
    if (!base.data)
      return false;
  }
  if (!test_facts_make(tree, base, facts))
    return false;
  request->facts = upk_buf_view(facts);
  *ret_status = tree_lint(tree);
  return true;
}

/* What is said of the case: its sources have the numbers of the tree's. */
static void said_begin(upk_diags *said, upk_arena *arena,
                       const upk_diags *of_tree) {
  upk_diags_init(said, arena);
  for (size_t i = 1; i < of_tree->sources.len; i++)
    upk_diags_source(said, of_tree->sources.items[i].path,
                     of_tree->sources.items[i].text);
}

static upk_status run_case(test_suite *s, const test_case *test,
                           upk_compile_request *request, upk_sink output) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags, said;
  upk_buf facts = {0};
  upk_status status;
  upk_diags_init(&diags, arena);
  upk_diags_source(&diags, s->path, s->text); /* as the spans of its nodes */
  ir *tree = tree_new(request, s->source, &diags);
  tree->test = test;
  bool ran = compile_case(s, tree, request, &facts, &status);
  said_begin(&said, arena, &diags);
  if (ran)
    test_expect_check(tree, status, &said);
  else
    upk_diags_merge(&said, &diags);
  bool good = test_result_write(tree, test, ran, &said, output);
  tree_free(tree);
  upk_buf_free(&facts);
  upk_arena_free(arena);
  return good ? UPK_OK : UPK_ERROR;
}

upk_status test_suite_run(test_suite *s, const upk_compile_request *request,
                          upk_sink output) {
  if (request->test >= s->file.tests.len)
    return UPK_USAGE;
  const test_case *test = &s->file.tests.items[request->test];
  upk_arena *arena = upk_arena_new(NULL);
  upk_compile_request inner = {
      .mode = UPK_COMPILE_PLAN,
      .project = s->project,
      .target = test->target_name,
      .facts_path = test->facts.text.data ? test->facts.text : s->path,
      .at_us = test->at_us,
      .windows = request->windows,
      .spent = spent_of(arena, test, moment_of(s, test)),
      .only = joined(arena, &test->policies),
      .except = UPK_STR(""),
      .word = UPK_STR(""),
      .dump_after = UPK_STR(""),
      .stdlib_from_source = s->stdlib_from_source};
  upk_status status = run_case(s, test, &inner, output);
  upk_arena_free(arena);
  return status;
}
