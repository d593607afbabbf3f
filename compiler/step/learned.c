/* What earlier runs say about how long a step takes. */
#include <upkeep/compile.h>

#include "step/recipe.h"
#include "work.h"

const upk_json *learned_read(ir *ir) {
  upk_json_error error;
  if (!ir->request || !ir->request->history.data)
    return NULL;
  const upk_json *tree =
      upk_json_parse(ir->arena, ir->request->history, &error);
  if (tree && upk_str_is(upk_json_text(tree, "format"), "upkeep.history/1") &&
      upk_str_equal(upk_json_text(tree, "engine"), ir->engine->name))
    return upk_json_get(tree, "actions");
  upk_diag_add(ir->diags, 1569, UPK_NO_SPAN,
               "the history handed in is damaged, or of another engine");
  return NULL;
}

void step_learned(ir *ir, upk_str action, ir_estimate *estimate) {
  const upk_json *all = step_recipes_of(ir)->learned;
  int work_class =
      upk_work_class(estimate->reads_bytes + estimate->writes_bytes);
  for (size_t i = 0; all && i < upk_json_count(all); i++) {
    const upk_json *known = upk_json_at(all, i);
    if (!upk_str_equal(upk_json_text(known, "action"), action) ||
        upk_json_number(known, "class", -1) != work_class)
      continue;
    estimate->p50_ms = upk_json_number(known, "p50_ms", estimate->p50_ms);
    estimate->p90_ms = upk_json_number(known, "p90_ms", estimate->p90_ms);
    estimate->basis =
        upk_arena_printf(ir->arena, "history of %lld runs",
                         (long long)upk_json_number(known, "runs", 0));
  }
}
