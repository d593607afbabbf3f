/* Steps that cannot help now: the general form of "a pinned horizon makes
 * VACUUM useless". An action says so by
 *
 *   blocked_by = { { when = "expression", why = "words", who = "attribute",
 *     cleared_by = { { action = "end_session", object = "attribute" } } } }
 *
 * over attributes of its object, or of what that belongs to. `who` names the
 * cause. Where the plan has a step of one of `cleared_by` on the object that
 * the attribute names, the step comes after that one, and not without it. */
#include "ir/scope.h"
#include "optimise/optimise.h"

typedef struct blocker {
  const ir_action *action;
  ir_scope *scope;
  upk_expr *when;
  upk_str why, who;
  const node *cleared_by; /* NULL: nothing clears it */
} blocker;
typedef UPK_VEC(blocker) blockers;

/* The attributes get their columns with the expression's. */
static bool ask_for(ir_scope *scope, const node *entry) {
  const node *who = node_find(entry, "who");
  const node *by = node_find(entry, "cleared_by");
  if (who && !ir_scope_slot(scope, who->text))
    return false;
  for (size_t i = 0; by && i < by->list.count; i++)
    if (!ir_scope_slot(scope, node_find(by->list.items[i], "object")->text))
      return false;
  return true;
}

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
  if (!compiled || !ask_for(scope, entry) || !ir_scope_bind(scope))
    return false;
  const node *who = node_find(entry, "who");
  *UPK_PUSH(ir->arena, list) = (blocker){action,
                                         scope,
                                         compiled,
                                         why->text,
                                         who ? who->text : UPK_NO_STR,
                                         node_find(entry, "cleared_by")};
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

/* Absent when it is unknown, or no text. */
static upk_str text_of(const blocker *b, upk_str attribute, size_t row) {
  const ir_slot *slot = ir_scope_slot(b->scope, attribute);
  if (!slot || slot->type != UPK_TYPE_TEXT)
    return UPK_NO_STR;
  const upk_column *column =
      &b->scope->columns.items[slot - b->scope->slots.items];
  if (ir_cell_null(column, row))
    return UPK_NO_STR;
  return column->texts[column->constant ? 0 : row];
}

/* The number of the step that takes the cause away, from 1; 0: there is none.
 */
static uint32_t clearing_step(const ir *ir, const blocker *b, size_t row) {
  for (size_t i = 0; b->cleared_by && i < b->cleared_by->list.count; i++) {
    const node *by = b->cleared_by->list.items[i];
    upk_str name = text_of(b, node_find(by, "object")->text, row);
    for (size_t j = 0; name.data && j < ir->steps.len; j++) {
      const ir_step *step = &ir->steps.items[j];
      if (!step->dropped && step->object.name_count == 1 &&
          upk_str_equal(step->object.name[0], name) &&
          upk_str_equal(step->action->name, node_find(by, "action")->text))
        return (uint32_t)j + 1;
    }
  }
  return 0;
}

static void judge(ir *ir, ir_step *step, const blockers *list) {
  const size_t row = step->object.row;
  for (size_t i = 0; i < list->len && !step->dropped; i++) {
    const blocker *b = &list->items[i];
    if (b->action != step->action ||
        upk_expr_truth(b->when, b->scope->columns.items, row) != UPK_TRUE)
      continue;
    step->cause = clearing_step(ir, b, row);
    if (step->cause)
      continue;
    upk_str who = b->who.data ? text_of(b, b->who, row) : UPK_NO_STR;
    optimise_drop(ir, step, UPK_STR("cause"),
                  who.data ? upk_arena_printf(ir->arena, "%.*s: %.*s",
                                              UPK_FMT(b->why), UPK_FMT(who))
                           : b->why);
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
