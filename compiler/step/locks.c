#include "step/locks.h"

static bool list_has(const node *list, upk_str text) {
  if (!list || list->type != NODE_LIST)
    return false;
  for (size_t i = 0; i < list->list.count; i++) {
    const node *item = list->list.items[i];
    if (item->type == NODE_TEXT && upk_str_equal(item->text, text))
      return true;
  }
  return false;
}

static bool is_known(const ir_engine *engine, const node *table, upk_str mode) {
  if (node_member_find(table, mode) ||
      list_has(node_find(engine->definition, "traffic_locks"), mode))
    return true;
  for (size_t i = 0; i < table->map.count; i++)
    if (list_has(table->map.members[i].value, mode))
      return true;
  return false;
}

static bool row_has(const node *table, upk_str mode, upk_str other) {
  const node_member *row = node_member_find(table, mode);
  return row && list_has(row->value, other);
}

bool locks_exclude(const ir_engine *engine, upk_str mode, upk_str other) {
  const node *table = node_find(engine->definition, "lock_conflicts");
  if (!table || table->type != NODE_MAP || !is_known(engine, table, mode) ||
      !is_known(engine, table, other))
    return true;
  return row_has(table, mode, other) || row_has(table, other, mode);
}

bool locks_all_traffic(const ir_engine *engine, upk_str mode) {
  const node *traffic = node_find(engine->definition, "traffic_locks");
  if (!traffic || traffic->type != NODE_LIST)
    return upk_str_ends(mode, "exclusive");
  for (size_t i = 0; i < traffic->list.count; i++)
    if (traffic->list.items[i]->type == NODE_TEXT &&
        !locks_exclude(engine, mode, traffic->list.items[i]->text))
      return false;
  return true;
}

bool locks_some_traffic(const ir_engine *engine, upk_str mode) {
  const node *traffic = node_find(engine->definition, "traffic_locks");
  if (!traffic || traffic->type != NODE_LIST)
    return upk_str_ends(mode, "exclusive");
  for (size_t i = 0; i < traffic->list.count; i++)
    if (traffic->list.items[i]->type == NODE_TEXT &&
        locks_exclude(engine, mode, traffic->list.items[i]->text))
      return true;
  return false;
}

bool locks_strong(const ir_engine *engine, const ir_step *step) {
  for (size_t i = 0; i < step->locks.len; i++)
    if (locks_some_traffic(engine, step->locks.items[i].mode))
      return true;
  return !step->locks.len;
}

void locks_limit(const ir_engine *engine, ir_step *step) {
  bool all = false;
  for (size_t i = 0; i < step->locks.len; i++)
    all = all || locks_all_traffic(engine, step->locks.items[i].mode);
  if (all && step->lock_ms && step->lock_ms > step->blocking_ms)
    step->lock_ms = step->blocking_ms;
}
