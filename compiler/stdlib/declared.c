/* What actions declare of themselves, for steps of a plan that somebody else
 * made: approval rules do not take the plan's word for it. */
#include <upkeep/compile.h>

#include "json.h"
#include "stdlib/private.h"

static const char *const risks[] = {"low", "medium", "high"};
enum { HIGHEST = 2 };

static size_t risk_number(const node *value) {
  for (size_t i = 0; value && value->type == NODE_TEXT && i < HIGHEST; i++)
    if (upk_str_is(value->text, risks[i]))
      return i;
  return HIGHEST;
}

/* ---- a risk that is a function ---- */

/* "is_valid" of "index.is_valid" */
static const char *attribute_of(ir *ir, upk_str read) {
  upk_str attribute, kind = upk_str_split(read, '.', &attribute);
  return upk_arena_copy(ir->arena, attribute.data ? attribute : kind).data;
}

static script_table *parameters_of(ir *ir, const ir_action *action,
                                   const upk_json *step) {
  script_table *table = script_table_new(action->script);
  const upk_json *list = upk_json_get(step, "parameters");
  for (size_t i = 0; i < upk_json_count(list); i++) {
    const upk_json_member *m = &list->object.members[i];
    const char *key = upk_arena_copy(ir->arena, m->key).data;
    if (m->value->type == UPK_JSON_BOOL)
      script_table_set_bool(table, key, upk_json_flag(list, key, false));
    else if (m->value->type == UPK_JSON_STRING)
      script_table_set_text(table, key, m->value->string);
    else if (m->value->type == UPK_JSON_INT)
      script_table_set_int(table, key, upk_json_number(list, key, 0));
  }
  return table;
}

/* The parameters stand in the plan, the object's facts do not: its risk is the
 * highest of those with nothing known, everything true and everything false.
 * What cannot be told is the highest there is. */
static size_t asked_risk(ir *ir, const ir_action *action, const node *function,
                         const upk_json *step) {
  size_t highest = 0;
  for (int sample = 0; sample < 3; sample++) {
    script_table *object = script_table_new(action->script);
    for (size_t i = 0; sample && i < action->reads.len; i++)
      script_table_set_bool(object, attribute_of(ir, action->reads.items[i]),
                            sample == 1);
    script_table *arguments[] = {object, parameters_of(ir, action, step)};
    upk_str refusal = UPK_NO_STR;
    size_t risk = risk_number(script_call_tables(
        action->script, function, arguments, 2, ir->arena, &refusal));
    if (risk > highest)
      highest = risk;
  }
  return highest;
}

static size_t risk_of(ir *ir, const ir_action *action, const upk_json *step) {
  const node *value = node_find(action->definition, "risk");
  return value && value->type == NODE_FUNCTION
             ? asked_risk(ir, action, value, step)
             : risk_number(value);
}

/* Absent: it depends. */
static upk_str undo_of(const ir_action *action) {
  const node *undo = node_find(action->definition, "undo");
  const node *class =
      undo && undo->type == NODE_MAP ? node_find(undo, "class") : NULL;
  return class && class->type == NODE_TEXT ? class->text : UPK_NO_STR;
}

/* ---- steps ---- */

static const ir_engine *find_engine(const ir *ir, upk_str name) {
  for (size_t i = 0; i < ir->engines.len; i++)
    if (upk_str_equal(ir->engines.items[i]->name, name))
      return ir->engines.items[i];
  return NULL;
}

/* Of its kind, or else of any. */
static const ir_action *find_action(const ir_engine *engine,
                                    const upk_json *step) {
  const ir_action *any = NULL;
  upk_str name = upk_json_text(step, "action"),
          kind = upk_json_text(step, "kind");
  for (size_t i = 0; engine && i < engine->actions.len; i++) {
    const ir_action *action = engine->actions.items[i];
    if (!upk_str_equal(action->name, name))
      continue;
    if (upk_str_equal(action->kind, kind))
      return action;
    any = action;
  }
  return any;
}

static void write_one(ir *ir, const ir_engine *engine, const upk_json *step,
                      upk_json_writer *w) {
  const ir_action *action = find_action(engine, step);
  upk_json_begin_object(w);
  if (action) {
    upk_str undo = undo_of(action);
    upk_json_put_string(w, "risk",
                        upk_str_from(risks[risk_of(ir, action, step)]));
    if (undo.data)
      upk_json_put_string(w, "undo", undo);
  }
  upk_json_end_object(w);
}

void stdlib_declared_write(ir *ir, struct upk_json_writer *w) {
  upk_json_error error;
  upk_diags said = *ir->diags;
  const upk_json *tree = upk_json_parse(ir->arena, ir->request->steps, &error);
  const upk_json *steps = upk_json_get(tree, "steps");
  stdlib_load(ir);
  const ir_engine *engine = find_engine(ir, upk_json_text(tree, "engine"));
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(steps); i++)
    write_one(ir, engine, upk_json_at(steps, i), w);
  upk_json_end_array(w);
  /* What is wrong with actions is said where they are compiled. */
  ir->diags->items.len = said.items.len;
  ir->diags->failures = said.failures;
  ir->diags->warnings = said.warnings;
  ir->diags->dropped = said.dropped;
}
