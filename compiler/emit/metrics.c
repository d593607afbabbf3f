/* The values of the running system that the plan's steps want to know: what
 * their throttles and abort levels name, and the room on the disk where one
 * needs much. */
#include <stdlib.h>

#include "emit/plan.h"
#include "ir/scope.h"
#include "step/step.h"

static void add_names(ir *ir, ir_scope *scope, const ir_texts *texts) {
  upk_scope names = ir_scope_names(scope);
  upk_diags said; /* pass check has */
  upk_diags_init(&said, ir->arena);
  for (size_t i = 0; i < texts->len; i++)
    upk_expr_compile(ir->arena, texts->items[i].text, UPK_NO_SPAN, &names,
                     UPK_TYPE_BOOL, &said);
}

/* Each policy once, however many steps it has. */
static void add_policies(ir *ir, ir_scope *scope) {
  uint8_t *seen = UPK_NEW_ARRAY(ir->arena, uint8_t, ir->policies.len + 1);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (step->policy)
      seen[step->policy_index] = 1;
    for (size_t j = 0; j < step->also.len; j++)
      seen[step->also.items[j]] = 1;
    if (step->estimate.disk_peak_bytes > 0)
      ir_scope_slot(scope, UPK_STR("disk_free"));
  }
  for (size_t i = 0; i < ir->policies.len; i++)
    if (seen[i]) {
      add_names(ir, scope, &ir->policies.items[i].throttle);
      add_names(ir, scope, &ir->policies.items[i].abort);
    }
}

static int by_text(const void *a, const void *b) {
  const ir_slot *const *left = a;
  const ir_slot *const *right = b;
  return upk_str_compare((*left)->text, (*right)->text);
}

static void put_text(upk_json_writer *w, const node *map, const char *key) {
  const node *value = map ? node_find(map, key) : NULL;
  if (value && value->type == NODE_TEXT)
    upk_json_put_string(w, key, value->text);
}

/* Literals but for what only the project knows. */
static void write_params(const ir *ir, upk_json_writer *w, const node *map) {
  const node *params = map ? node_find(map, "params") : NULL;
  if (!params || params->type != NODE_LIST)
    return;
  upk_json_key(w, "params");
  upk_json_begin_array(w);
  for (size_t i = 0; i < params->list.count; i++) {
    const node *param = params->list.items[i];
    const node *from =
        param->type == NODE_MAP ? node_find(param, "from") : NULL;
    if (from && upk_str_is(from->text, "target.replicas"))
      upk_json_int(w, (int64_t)ir->target->replicas.len);
    else
      emit_node(ir->arena, w, param);
  }
  upk_json_end_array(w);
}

static void write_live(const ir *ir, upk_json_writer *w, const ir_slot *slot) {
  const node *metrics = node_find(ir->engine->definition, "metrics");
  const node_member *member =
      metrics ? node_member_find(metrics, slot->column) : NULL;
  const node *map = member ? member->value : NULL;
  put_text(w, map, "measure");
  upk_json_put_string(w, "name", slot->text);
  put_text(w, map, "needs");
  write_params(ir, w, map);
  put_text(w, map, "sql");
  upk_json_put_string(w, "type", upk_str_from(upk_type_name(slot->type)));
  if (map)
    put_text(w, map, "unavailable");
  else
    upk_json_put_string(w, "unavailable",
                        UPK_STR("this engine cannot be asked for it"));
}

/* An attribute of an object that is there once: its collector's own query. */
static void write_attribute(const ir *ir, upk_json_writer *w,
                            const ir_slot *slot) {
  bool asked = slot->source == IR_SLOT_OWN || slot->source == IR_SLOT_PARENT;
  upk_str sql = UPK_NO_STR;
  if (asked)
    sql = step_collector_sql(ir, slot->attribute->collector);
  if (asked)
    upk_json_put_string(w, "column", slot->column);
  upk_json_put_string(w, "name", slot->text);
  if (sql.data)
    upk_json_put_string(w, "sql", sql);
  upk_json_put_string(w, "type", upk_str_from(upk_type_name(slot->type)));
  if (!sql.data)
    upk_json_put_string(w, "unavailable",
                        UPK_STR("it is not measured while a plan runs"));
}

void emit_metrics(ir *ir, upk_json_writer *w) {
  ir_scope *scope = ir_scope_live(ir, ir->engine);
  add_policies(ir, scope);
  if (!scope->slots.len)
    return;
  const ir_slot **slots =
      UPK_NEW_ARRAY(ir->arena, const ir_slot *, scope->slots.len);
  for (size_t i = 0; i < scope->slots.len; i++)
    slots[i] = &scope->slots.items[i];
  qsort(slots, scope->slots.len, sizeof *slots, by_text);
  upk_json_key(w, "metrics");
  upk_json_begin_array(w);
  for (size_t i = 0; i < scope->slots.len; i++) {
    upk_json_begin_object(w);
    if (slots[i]->source == IR_SLOT_LIVE)
      write_live(ir, w, slots[i]);
    else
      write_attribute(ir, w, slots[i]);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}
