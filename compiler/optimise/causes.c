/* Steps that cannot help now: the general form of "a pinned horizon makes
 * VACUUM useless". An action says so by
 *
 *   blocked_by = { { when = "expression", why = "words" } }
 *
 * over attributes of its object, or of what that belongs to. */
#include "ir/scope.h"
#include "optimise/optimise.h"

typedef struct blocker {
  const ir_action *action;
  ir_scope *scope;
  upk_expr *when;
  upk_str why;
} blocker;
typedef UPK_VEC(blocker) blockers;

/* The stdlib's loader has checked the form. */
static bool read_entry(ir *ir, const ir_action *action, const node *entry,
                       blockers *list) {
  const node *when = node_find(entry, "when");
  const node *why = node_find(entry, "why");
  ir_kind *kind = ir_kind_find(ir->engine, action->kind);
  if (!when || !why || !kind)
    return true;
  ir_scope *scope = ir_scope_of(ir, ir->engine, kind);
  upk_scope names = ir_scope_names(scope);
  upk_expr *compiled = upk_expr_compile(ir->arena, when->text, when->text_span,
                                        &names, UPK_TYPE_BOOL, ir->diags);
  if (!compiled || !ir_scope_bind(scope))
    return false;
  *UPK_PUSH(ir->arena, list) = (blocker){action, scope, compiled, why->text};
  return true;
}

/* Adds the entries of an action that has none in `list` yet. */
static bool read_action(ir *ir, const ir_action *action, blockers *list) {
  const node *entries = node_find(action->definition, "blocked_by");
  for (size_t i = 0; entries && i < entries->list.count; i++)
    if (!read_entry(ir, action, entries->list.items[i], list))
      return false;
  return true;
}

static void judge(ir *ir, ir_step *step, const blockers *list) {
  for (size_t i = 0; i < list->len && !step->dropped; i++) {
    const blocker *b = &list->items[i];
    if (b->action == step->action &&
        upk_expr_truth(b->when, b->scope->columns.items, step->object.row) ==
            UPK_TRUE)
      optimise_drop(ir, step, UPK_STR("cause"), b->why);
  }
}

bool optimise_causes(ir *ir) {
  blockers list = {0};
  for (size_t i = 0; i < ir->engine->actions.len; i++) {
    const ir_action *action = ir->engine->actions.items[i];
    bool used = false;
    for (size_t j = 0; j < ir->steps.len && !used; j++)
      used = ir->steps.items[j].action == action;
    if (used && !read_action(ir, action, &list))
      return false;
  }
  for (size_t i = 0; list.len && i < ir->steps.len; i++)
    judge(ir, &ir->steps.items[i], &list);
  return true;
}
