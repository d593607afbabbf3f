/* The compiler: the list of passes, and how far each mode goes. */
#include <upkeep/compile.h>

#include "emit/check_report.h"
#include "emit/privileges.h"
#include "emit/requirements.h"
#include "front/front.h"
#include "front/schema.h"
#include "pass/pass.h"
#include "stdlib/stdlib.h"
#include "step/step.h"
#include "suggest/suggest.h"
#include "tree.h"

typedef enum pass_index {
#define X(name, doc) PASS_##name,
  UPK_PASS_TABLE(X)
#undef X
      PASS_COUNT,
} pass_index;

static const struct pass {
  const char *name, *doc;
  upk_status (*run)(ir *ir);
} passes[] = {
#define X(name, doc) {#name, doc, pass_##name},
    UPK_PASS_TABLE(X)
#undef X
};

const char *upk_compile_pass_name(size_t index) {
  return index < PASS_COUNT ? passes[index].name : NULL;
}

const char *upk_compile_pass_doc(size_t index) {
  return index < PASS_COUNT ? passes[index].doc : NULL;
}

/* ---- what is written when the passes are through ---- */

static upk_status wrote(bool good) { return good ? UPK_OK : UPK_ERROR; }

static bool swallow(void *ctx, const char *bytes, size_t len) {
  (void)ctx;
  (void)bytes;
  (void)len;
  return true;
}

static upk_status write_project(ir *ir, upk_sink output) {
  return wrote(project_write(ir, output));
}

static upk_status write_executor(ir *ir, upk_sink output) {
  return wrote(executor_write(ir, output));
}

static upk_status write_inspect(ir *ir, upk_sink output) {
  return wrote(inspect_request_write(ir, output));
}

static upk_status write_check(ir *ir, upk_sink output) {
  return wrote(check_report_write(ir, output));
}

/* A project without a document has nothing to say. */
static upk_status write_requirements(ir *ir, upk_sink output) {
  if (ir->requirements.path.data)
    return wrote(requirements_write(ir, output));
  upk_diag_add(ir->diags, 1600, UPK_NO_SPAN,
               "the project names no requirements document");
  return UPK_DENIED;
}

static upk_status write_privileges(ir *ir, upk_sink output) {
  return wrote(privileges_write(ir, output));
}

static upk_status unknown_word(ir *ir, const upk_str *words, size_t count) {
  upk_str word = ir->request->word;
  upk_diag *diag = upk_diag_add(ir->diags, 1214, UPK_NO_SPAN,
                                "nothing is called `%.*s`", UPK_FMT(word));
  upk_diag_suggest(ir->diags, diag, word, words, count);
  return UPK_USAGE;
}

static upk_status write_explain(ir *ir, upk_sink output) {
  if (explain_write(ir, ir->request->word, output))
    return UPK_OK;
  upk_str *words;
  size_t count = explain_words(ir, &words);
  return unknown_word(ir, words, count);
}

static upk_status write_schema(ir *ir, upk_sink output) {
  if (schema_write_json(ir->request->word, output))
    return UPK_OK;
  ir_names words = {0};
  for (size_t i = 0; schema_word_at(i); i++)
    *UPK_PUSH(ir->arena, &words) = upk_str_from(schema_word_at(i));
  return unknown_word(ir, words.items, words.len);
}

static upk_status write_suggest(ir *ir, upk_sink output) {
  size_t failures = ir->diags->failures;
  bool good = suggest_write(ir, output);
  return ir->diags->failures > failures ? UPK_DENIED : wrote(good);
}

static upk_status write_lock(ir *ir, upk_sink output) {
  size_t failures = ir->diags->failures;
  bool good = front_lock_write(ir, output);
  return ir->diags->failures > failures ? UPK_DENIED : wrote(good);
}

static upk_status write_dump(ir *ir, upk_sink output) {
  upk_buf text = {0};
  ir_print(ir, ir->request->dump_after, &text);
  bool good = output.write(output.ctx, text.data, text.len);
  upk_buf_free(&text);
  return wrote(good);
}

/* ---- modes ---- */

static const struct mode {
  size_t passes;                                /* how many run */
  upk_status (*write)(ir *ir, upk_sink output); /* NULL: nothing is left */
} modes[] = {
    [UPK_COMPILE_PROJECT] = {PASS_front + 1, write_project},
    [UPK_COMPILE_VALIDATE] = {PASS_check + 1, NULL},
    [UPK_COMPILE_INSPECT] = {PASS_check + 1, write_inspect},
    [UPK_COMPILE_CHECK] = {PASS_bind + 1, write_check},
    [UPK_COMPILE_PLAN] = {PASS_emit + 1, NULL},
    [UPK_COMPILE_EXECUTOR] = {PASS_front + 1, write_executor},
    [UPK_COMPILE_EXPLAIN] = {PASS_front + 1, write_explain},
    [UPK_COMPILE_SCHEMA] = {0, write_schema},
    [UPK_COMPILE_TESTS] = {0, NULL}, /* compiler.c */
    [UPK_COMPILE_TEST] = {0, NULL},
    [UPK_COMPILE_LOCK] = {PASS_front + 1, write_lock},
    [UPK_COMPILE_SUGGEST] = {PASS_bind + 1, write_suggest},
    [UPK_COMPILE_PRIVILEGES] = {PASS_check + 1, write_privileges},
    [UPK_COMPILE_REQUIREMENTS] = {PASS_check + 1, write_requirements},
};

/* What is wrong in files, names and types is told in one go: of the passes
 * that find it, check ends them all. */
static upk_status run_passes(ir *ir, size_t first, size_t count) {
  size_t failures = ir->diags->failures;
  for (size_t i = first; i < count; i++) {
    upk_status status = passes[i].run(ir);
    if (status != UPK_OK)
      return status;
    if (ir->diags->failures > failures && i >= PASS_check)
      return UPK_DENIED;
  }
  return ir->diags->failures > failures ? UPK_DENIED : UPK_OK;
}

static bool engine_seen(const ir *ir, size_t target) {
  for (size_t i = 0; i < target; i++)
    if (upk_str_equal(ir->project.targets.items[i].engine_name,
                      ir->project.targets.items[target].engine_name))
      return true;
  return false;
}

/* Every policy, once for each engine that some target has. */
static upk_status validate(ir *ir) {
  size_t failures = ir->diags->failures;
  upk_status status = pass_front(ir);
  if (status != UPK_OK)
    return status;
  status = ir->diags->failures > failures ? UPK_DENIED : UPK_OK;
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    if (!ir->project.targets.items[i].engine_name.data || engine_seen(ir, i))
      continue;
    ir->target = &ir->project.targets.items[i];
    upk_status of_engine = run_passes(ir, PASS_resolve, PASS_check + 1);
    if (of_engine == UPK_OK)
      of_engine = lint_policies(ir);
    status = status == UPK_OK ? of_engine : status;
  }
  return status;
}

static upk_status find_dump(ir *ir, size_t *ret_passes) {
  ir_names names = {0};
  for (size_t i = 0; i < PASS_COUNT; i++) {
    upk_str name = upk_str_from(passes[i].name);
    *UPK_PUSH(ir->arena, &names) = name;
    if (upk_str_equal(name, ir->request->dump_after)) {
      *ret_passes = i + 1;
      return UPK_OK;
    }
  }
  upk_diag *diag =
      upk_diag_add(ir->diags, 1213, UPK_NO_SPAN, "there is no pass `%.*s`",
                   UPK_FMT(ir->request->dump_after));
  upk_diag_suggest(ir->diags, diag, ir->request->dump_after, names.items,
                   names.len);
  return UPK_USAGE;
}

static upk_status compile(ir *ir, upk_sink output) {
  const upk_compile_request *request = ir->request;
  struct mode mode = modes[request->mode];
  ir->output = output;
  if (request->dump_after.len) {
    upk_status status = find_dump(ir, &mode.passes);
    if (status != UPK_OK)
      return status;
    mode.write = write_dump;
    ir->output = (upk_sink){swallow, NULL};
  }
  upk_status status = (request->mode == UPK_COMPILE_VALIDATE ||
                       request->mode == UPK_COMPILE_REQUIREMENTS) &&
                              !request->dump_after.len
                          ? validate(ir)
                          : run_passes(ir, 0, mode.passes);
  return status == UPK_OK && mode.write ? mode.write(ir, output) : status;
}

ir *tree_new(const upk_compile_request *request, const upk_source *source,
             upk_diags *diags) {
  upk_arena *arena = upk_arena_new(NULL);
  ir *tree = UPK_NEW(arena, ir);
  tree->arena = arena;
  tree->diags = diags;
  tree->request = request;
  tree->source = source;
  return tree;
}

void tree_free(ir *tree) {
  if (!tree)
    return;
  step_recipes_free(tree);
  ir_free(tree);
  upk_arena_free(tree->arena);
}

upk_status tree_front(ir *tree) { return run_passes(tree, 0, PASS_front + 1); }

upk_status tree_validate(ir *tree) { return validate(tree); }

upk_status tree_lint(ir *tree) {
  return run_passes(tree, PASS_check + 1, PASS_lint + 1);
}

upk_status tree_check(ir *tree) { return run_passes(tree, 0, PASS_check + 1); }

upk_status tree_finish(ir *tree, upk_sink output) {
  struct mode mode = modes[tree->request->mode];
  upk_status status = run_passes(tree, PASS_check + 1, mode.passes);
  return status == UPK_OK ? mode.write(tree, output) : status;
}

upk_status upk_compile(const upk_compile_request *request,
                       const upk_source *source, upk_diags *diags,
                       upk_sink output) {
  if (request->mode == UPK_COMPILE_TESTS || request->mode == UPK_COMPILE_TEST) {
    upk_compiler *once = upk_compiler_new(source);
    upk_status tested = upk_compiler_run(once, request, diags, output);
    upk_compiler_free(once);
    return tested;
  }
  ir *tree = tree_new(request, source, diags);
  upk_status status = compile(tree, output);
  tree_free(tree);
  return status;
}
