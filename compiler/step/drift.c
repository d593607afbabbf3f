/* The check that an object is still the one that the plan was made for: its
 * fingerprint, an attribute of that name where the kind has one, is read again
 * before the step. Who puts another object behind a name, or changes what it
 * is, is found out; what maintenance changes legally (a rebuilt index has
 * another file) is no part of a fingerprint. */
#include "step/recipe.h"
#include "step/relate.h"
#include "step/step.h"

static const char attribute[] = "fingerprint";

const ir_attribute *drift_attribute(const ir_kind *kind) {
  const ir_attribute *found = ir_attribute_find(kind, upk_str_from(attribute));
  return found && found->type == UPK_TYPE_TEXT && !found->parametric ? found
                                                                     : NULL;
}

static bool is_drift(const ir_check *check) {
  return upk_str_is(check->otherwise, "drift");
}

static upk_str expect_text(const ir *ir, upk_str fingerprint) {
  upk_buf text = {0};
  upk_column one = {
      .type = UPK_TYPE_TEXT, .constant = true, .texts = &fingerprint};
  upk_buf_printf(&text, "%s = ", attribute);
  upk_literal_print(UPK_TYPE_TEXT, &one, 0, &text);
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

void drift_add(ir *ir, step_recipe *recipe, const ir_object *object,
               ir_step *step) {
  const ir_attribute *found = drift_attribute(recipe->kind);
  upk_str query = found && object->fingerprint.data
                      ? invariant_query(ir, found->collector, UPK_NO_STR)
                      : UPK_NO_STR;
  if (!query.data)
    return;
  ir_check check = {.name = UPK_STR("the same object"),
                    .otherwise = UPK_STR("drift")};
  *UPK_PUSH(ir->arena, &check.queries) = query;
  invariant_column(ir, &check, upk_str_from(attribute), UPK_TYPE_TEXT);
  invariant_params(ir, recipe, &found->collector->filter_keys, object, &check);
  check.expect = expect_text(ir, object->fingerprint);
  /* Behind the invariant: what is fine already is skipped, whoever made it. */
  size_t at = step->pre.len && upk_str_is(step->pre.items[0].name, "invariant");
  (void)UPK_PUSH(ir->arena, &step->pre);
  for (size_t i = step->pre.len - 1; i > at; i--)
    step->pre.items[i] = step->pre.items[i - 1];
  step->pre.items[at] = check;
}

/* ---- what the plan itself changes ---- */

/* The table that the object is or belongs to; else the object. */
static upk_str place_of(const ir *ir, const ir_object *object) {
  upk_str table[RELATE_KEYS_MAX];
  upk_buf name = {0};
  size_t count = relate_parent(ir, object, UPK_STR("table"), table);
  if (!count)
    return object->display;
  upk_display_name(table, count, &name);
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&name));
  upk_buf_free(&name);
  return copy;
}

static void forget(ir_step *step) {
  size_t kept = 0;
  for (size_t i = 0; i < step->pre.len; i++)
    if (!is_drift(&step->pre.items[i]))
      step->pre.items[kept++] = step->pre.items[i];
  step->pre.len = kept;
}

/* Cut off, it may find its own work. */
static bool may_find_its_own(const ir_step *step) {
  return step->action->redefines && !upk_str_is(step->atomicity, "transaction");
}

void drift_settle(ir *ir) {
  upk_map changed; /* places: how many steps redefine something there */
  upk_map_init(&changed, ir->arena);
  for (size_t i = 0; i < ir->steps.len; i++) {
    uint64_t count = 0;
    upk_str place;
    if (!ir->steps.items[i].action->redefines)
      continue;
    place = place_of(ir, &ir->steps.items[i].object);
    upk_map_find(&changed, place, &count);
    upk_map_put(&changed, place, count + 1);
  }
  for (size_t i = 0; changed.entries.len && i < ir->steps.len; i++) {
    ir_step *step = &ir->steps.items[i];
    uint64_t count = 0;
    upk_map_find(&changed, place_of(ir, &step->object), &count);
    if (count > (step->action->redefines ? 1U : 0U) || may_find_its_own(step))
      forget(step);
  }
}
