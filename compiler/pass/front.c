/* front: project, stdlib and policies into the IR.
 *
 * Everything that can be read is read, so that all errors of all files come
 * in one go, and the passes up to check go on with it. The pass refuses when
 * they cannot: without a project, or when names of the stdlib are missing. */
#include <stdlib.h>

#include <upkeep/compile.h>

#include "front/front.h"
#include "front/tests.h"
#include "pass/pass.h"
#include "stdlib/stdlib.h"

static int compare_files(const void *a, const void *b) {
  const upk_str *left = a, *right = b; /* path is the first member */
  return upk_str_compare(*left, *right);
}

static bool has_project(const ir *ir) {
  upk_str path = ir->request->project, text;
  bool too_large = false;
  if (path.len == 0)
    path = UPK_STR("upkeep.yaml");
  return ir->source->read(ir->source->ctx, path, FRONT_FILE_BYTES, ir->arena,
                          &text, &too_large) ||
         too_large;
}

/* Whether there is an engine to type expressions for. */
static bool has_engine(const ir *ir) {
  for (size_t i = 0; i < ir->project.targets.len; i++)
    if (ir->project.targets.items[i].engine_name.data != NULL)
      return true;
  return false;
}

/* Once for what one asks for: not while facts are collected for it, too. */
static bool says_lock(const ir *ir) {
  upk_compile_mode mode = ir->request->mode;
  return mode == UPK_COMPILE_VALIDATE || mode == UPK_COMPILE_PLAN;
}

static void read_policies(ir *ir, bool loaded) {
  front_lock lock;
  front_lock_read(ir, &lock);
  front_files(ir, &lock);
  if (loaded && lock.there && says_lock(ir))
    front_lock_stdlib(ir, &lock);
  if (ir->request->act.len && loaded)
    front_act(ir);
  front_policies_sort(ir);
  if (ir->files.len > 1)
    qsort(ir->files.items, ir->files.len, sizeof *ir->files.items,
          compare_files);
  front_policies_parse(ir, !loaded || !has_engine(ir));
}

/* To explain a code is wanted most where something is wrong: outside a project
 * too, and with what can be read of one that is damaged. */
static upk_status read_words(ir *ir) {
  upk_diags said = *ir->diags;
  if (has_project(ir))
    front_project(ir);
  stdlib_load(ir);
  ir->diags->items.len = said.items.len;
  ir->diags->failures = said.failures;
  ir->diags->warnings = said.warnings;
  ir->diags->dropped = said.dropped;
  return UPK_OK;
}

upk_status pass_front(ir *ir) {
  upk_compile_mode mode = ir->request->mode;
  if (mode == UPK_COMPILE_EXECUTOR)
    return front_executor(ir) ? UPK_OK : UPK_DENIED;
  if (mode == UPK_COMPILE_EXPLAIN)
    return read_words(ir);
  if (!front_project(ir))
    return UPK_DENIED;
  if (ir->test)
    front_test_apply(ir);
  bool loaded = mode == UPK_COMPILE_PROJECT || stdlib_load(ir);
  if (mode != UPK_COMPILE_PROJECT && mode != UPK_COMPILE_LOCK)
    read_policies(ir, loaded);
  return loaded ? UPK_OK : UPK_DENIED;
}
