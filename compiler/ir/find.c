/* Finding things of the IR by name. */
#include "ir/ir.h"

ir_kind *ir_kind_find(const ir_engine *engine, upk_str name) {
  for (size_t i = 0; i < engine->kinds.len; i++) {
    if (upk_str_equal(engine->kinds.items[i]->name, name))
      return engine->kinds.items[i];
  }
  return NULL;
}

ir_attribute *ir_attribute_find(const ir_kind *kind, upk_str name) {
  for (size_t i = 0; i < kind->attributes.len; i++) {
    if (upk_str_equal(kind->attributes.items[i].name, name))
      return &kind->attributes.items[i];
  }
  for (size_t i = 0; i < kind->trends.len; i++) {
    if (upk_str_equal(kind->trends.items[i].name, name))
      return &kind->trends.items[i];
  }
  return NULL;
}

ir_action *ir_action_find(const ir_engine *engine, upk_str name) {
  for (size_t i = 0; i < engine->actions.len; i++) {
    if (upk_str_equal(engine->actions.items[i]->name, name))
      return engine->actions.items[i];
  }
  return NULL;
}

ir_action *ir_action_find_for(const ir_engine *engine, upk_str name,
                              upk_str kind) {
  for (size_t i = 0; i < engine->actions.len; i++) {
    ir_action *action = engine->actions.items[i];
    if (upk_str_equal(action->name, name) &&
        (upk_str_equal(action->kind, kind) || upk_str_is(action->kind, "any")))
      return action;
  }
  return NULL;
}

ir_engine *ir_engine_find(const ir *ir, upk_str name) {
  for (size_t i = 0; i < ir->engines.len; i++) {
    if (upk_str_equal(ir->engines.items[i]->name, name))
      return ir->engines.items[i];
  }
  return NULL;
}
