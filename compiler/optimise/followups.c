/* What an action says must come after it. */
#include "optimise/optimise.h"
#include "step/step.h"

/* The object a follow-up works on; false when the facts have none. */
static bool find_object(ir *ir, const ir_object *object, upk_str suffix,
                        const ir_action *action, ir_object *ret_object) {
  ir_kind *kind = ir_kind_find(ir->engine, action->kind);
  if (!suffix.data && object->kind == kind) {
    *ret_object = *object;
    return true;
  }
  return kind && kind != object->kind &&
         relate_parent_object(ir, object, kind, ret_object);
}

/* "refresh_statistics:parent" of an index is that of kind table. */
static ir_action *find_action(const ir *ir, const ir_kind *kind, upk_str name,
                              upk_str suffix) {
  ir_action *action = NULL;
  if (!suffix.data)
    action = ir_action_find_for(ir->engine, name, kind->name);
  for (size_t i = 0; i < kind->parent_count && !action; i++)
    action = ir_action_find_for(ir->engine, name, kind->parents[i].kind);
  return action;
}

static bool refuse_entry(ir *ir, const ir_action *action, upk_str entry) {
  upk_diag *diag = upk_diag_add(
      ir->diags, 1553, action->span,
      "`followups` of action `%.*s` names `%.*s`, which is no action there",
      UPK_FMT(action->name), UPK_FMT(entry));
  upk_diag_help(ir->diags, diag,
                "Name an action of the same kind, or of what the object "
                "belongs to with :parent.");
  return false;
}

static bool add_followup(ir *ir, uint32_t number, upk_str entry,
                         upk_map *known) {
  const ir_step *step = &ir->steps.items[number];
  upk_str suffix;
  ir_object object = {0};
  upk_str name = relate_split(entry, &suffix);
  ir_action *action = find_action(ir, step->object.kind, name, suffix);
  if (!action)
    return refuse_entry(ir, step->action, entry);
  if (!step_supported(ir, action, NULL) ||
      !find_object(ir, &step->object, suffix, action, &object))
    return true;
  upk_str id = step_id(ir, step->policy, action, &object);
  if (!upk_map_put(known, id, 1))
    return true;
  upk_str because =
      upk_arena_printf(ir->arena, "follows %.*s", UPK_FMT(step->id));
  /* `step` moves when the step is added. */
  size_t policy_index = step->policy_index;
  upk_span span = step->span;
  ir_policy *policy = step->policy;
  upk_str refusal = UPK_NO_STR;
  ir_step *added =
      step_build(ir, policy, NULL, action, &object, because, &refusal);
  if (!added && refusal.data)
    *UPK_PUSH(ir->arena, &ir->deferred) =
        (ir_deferred){policy,  object,     action->name, UPK_STR("unsupported"),
                      refusal, UPK_NO_STR, false};
  if (!added)
    return refusal.data != NULL;
  added->policy_index = policy_index;
  added->follows = number + 1;
  added->span = span;
  return true;
}

static bool has_followups(const ir *ir) {
  const upk_str *entries = NULL;
  const ir_action *last = NULL;
  for (size_t i = 0; i < ir->steps.len; i++) {
    const ir_action *action = ir->steps.items[i].action;
    if (action != last && relate_entries(ir, action, "followups", &entries))
      return true;
    last = action;
  }
  return false;
}

bool optimise_followups(ir *ir) {
  upk_map known;
  bool good = true;
  const ir_action *last = NULL;
  const upk_str *entries = NULL;
  size_t count = 0;
  if (!has_followups(ir))
    return true;
  upk_map_init(&known, ir->arena);
  for (size_t i = 0; i < ir->steps.len; i++)
    upk_map_put(&known, ir->steps.items[i].id, 1);
  for (uint32_t i = 0; i < ir->steps.len; i++) {
    const ir_step *step = &ir->steps.items[i];
    if (step->action != last)
      count = relate_entries(ir, step->action, "followups", &entries);
    last = step->action;
    for (size_t j = 0; j < count && !ir->steps.items[i].dropped; j++)
      good = add_followup(ir, i, entries[j], &known) && good;
  }
  return good;
}
