/* Many requests about one project.
 *
 * A checked tree is kept and used again for the next target that the same
 * policies apply to; the facts, and what was made of them, are taken out
 * before. A tree is given up when
 *   - Lua ran for a request: what a function remembers must not reach the next;
 *   - it has grown by GROWTH_BYTES, for an arena frees nothing by itself;
 *   - another class of targets, mode or selection is asked for.
 */
#include <string.h>

#include "ir/scope.h"
#include "pass/selector.h"
#include "test/test.h"
#include "tree.h"

enum { GROWTH_BYTES = 24 * 1024 * 1024 };

/* How far the diagnostics had come when the tree was checked. */
typedef struct mark {
  size_t items, sources, failures, warnings, dropped;
} mark;

struct upk_compiler {
  const upk_source *source;
  upk_arena *arena; /* of the request and the diagnostics of the tree */
  upk_compile_request request;
  upk_diags diags;
  ir *tree; /* NULL: none is kept */
  size_t bytes;
  uint64_t entries;
  mark checked;
  test_suite *suite; /* the last file of tests; NULL: none */
};

upk_compiler *upk_compiler_new(const upk_source *source) {
  const upk_allocator *libc = upk_allocator_libc();
  upk_compiler *c = libc->resize(NULL, NULL, sizeof *c);
  if (!c)
    libc->exhausted(NULL, sizeof *c);
  *c = (upk_compiler){.source = source};
  return c;
}

static void drop(upk_compiler *c) {
  tree_free(c->tree);
  upk_arena_free(c->arena);
  c->tree = NULL;
  c->arena = NULL;
}

void upk_compiler_free(upk_compiler *c) {
  if (!c)
    return;
  drop(c);
  test_suite_free(c->suite);
  upk_allocator_libc()->resize(NULL, c, 0);
}

/* ---- keeping ---- */

static uint64_t entries_of(const ir *tree) {
  uint64_t entries = 0;
  for (size_t i = 0; i < tree->scripts.len; i++)
    entries += script_entries(tree->scripts.items[i]);
  return entries;
}

static mark mark_of(const upk_diags *d) {
  return (mark){d->items.len, d->sources.len, d->failures, d->warnings,
                d->dropped};
}

static void go_back(upk_diags *d, const mark *m) {
  d->items.len = m->items;
  d->sources.len = m->sources;
  d->failures = m->failures;
  d->warnings = m->warnings;
  d->dropped = m->dropped;
}

static void forget_facts(ir *tree) {
  tree->facts = (upk_facts){0};
  for (size_t i = 0; i < tree->engine->kinds.len; i++) {
    ir_scope *scope = tree->engine->kinds.items[i]->scope;
    if (!scope)
      continue;
    scope->columns.len = 0;
    scope->joins = NULL;
    scope->missing_said = false;
  }
  for (size_t i = 0; i < tree->policies.len; i++) {
    tree->policies.items[i].verdicts = NULL;
    memset(tree->policies.items[i].counts, 0,
           sizeof tree->policies.items[i].counts);
  }
}

static ir_target *find_target(const ir *tree, upk_str name) {
  for (size_t i = 0; i < tree->project.targets.len; i++)
    if (upk_str_equal(tree->project.targets.items[i].name, name))
      return &tree->project.targets.items[i];
  return NULL;
}

static bool same_question(const upk_compile_request *a,
                          const upk_compile_request *b) {
  return a->mode == b->mode && upk_str_equal(a->project, b->project) &&
         upk_str_equal(a->only, b->only) &&
         upk_str_equal(a->except, b->except) && upk_str_equal(a->act, b->act) &&
         upk_str_equal(a->with, b->with) &&
         a->all_attributes == b->all_attributes &&
         a->stdlib_from_source == b->stdlib_from_source;
}

/* The target, when the tree that is kept serves it. */
static ir_target *served(const upk_compiler *c,
                         const upk_compile_request *request) {
  if (!c->tree || !same_question(&c->request, request))
    return NULL;
  ir_target *target = find_target(c->tree, request->target);
  return target && selector_same(c->tree, target) ? target : NULL;
}

/* ---- compiling ---- */

static upk_compile_request copied(upk_arena *arena,
                                  const upk_compile_request *request) {
  upk_compile_request copy = *request;
  upk_str *texts[] = {&copy.project, &copy.target,     &copy.facts_path,
                      &copy.only,    &copy.except,     &copy.windows,
                      &copy.word,    &copy.dump_after, &copy.history,
                      &copy.act,     &copy.with,       &copy.spent};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i]->data)
      *texts[i] = upk_arena_copy(arena, *texts[i]);
  return copy;
}

/* Reads and checks the project anew. */
static upk_status prepare(upk_compiler *c, const upk_compile_request *request) {
  drop(c);
  c->arena = upk_arena_new(NULL);
  c->request = copied(c->arena, request);
  upk_diags_init(&c->diags, c->arena);
  c->tree = tree_new(&c->request, c->source, &c->diags);
  upk_status status = tree_check(c->tree);
  c->checked = mark_of(&c->diags);
  c->entries = entries_of(c->tree);
  c->bytes = upk_arena_bytes(c->tree->arena) + upk_arena_bytes(c->arena);
  return status;
}

static bool is_worn(const upk_compiler *c) {
  return entries_of(c->tree) != c->entries ||
         upk_arena_bytes(c->tree->arena) + upk_arena_bytes(c->arena) >
             c->bytes + GROWTH_BYTES;
}

static bool is_kept(const upk_compile_request *request) {
  return (request->mode == UPK_COMPILE_INSPECT ||
          request->mode == UPK_COMPILE_CHECK) &&
         !request->dump_after.len;
}

/* A file of tests is read once for all its cases, which come one by one. */
static upk_status run_tests(upk_compiler *c, const upk_compile_request *request,
                            upk_diags *diags, upk_sink output) {
  bool listing = request->mode == UPK_COMPILE_TESTS;
  if (listing || !test_suite_is(c->suite, request)) {
    test_suite_free(c->suite);
    c->suite = NULL;
    upk_status status = test_suite_load(request, c->source, diags, &c->suite);
    if (status != UPK_OK)
      return status;
  }
  return listing ? test_suite_list(c->suite, output)
                 : test_suite_run(c->suite, request, output);
}

upk_status upk_compiler_run(upk_compiler *c, const upk_compile_request *request,
                            upk_diags *diags, upk_sink output) {
  if (request->mode == UPK_COMPILE_TESTS || request->mode == UPK_COMPILE_TEST)
    return run_tests(c, request, diags, output);
  if (!is_kept(request))
    return upk_compile(request, c->source, diags, output);
  upk_status status = UPK_OK;
  ir_target *target = served(c, request);
  if (target) {
    c->tree->target = target;
    target->engine = c->tree->engine;
  } else {
    status = prepare(c, request);
  }
  c->request.facts = request->facts;
  c->request.facts_path = request->facts_path;
  c->request.at_us = request->at_us;
  if (status == UPK_OK)
    status = tree_finish(c->tree, output);
  upk_diags_merge(diags, &c->diags);
  if (status != UPK_OK || is_worn(c)) {
    drop(c);
    return status;
  }
  forget_facts(c->tree);
  go_back(&c->diags, &c->checked);
  c->request.facts = UPK_NO_STR;
  return status;
}
