/* The inspection request: which collectors the policies of a target need. */
#include <stdlib.h>
#include <string.h>

#include <upkeep/compile.h>

#include "ir/scope.h"
#include "pass/selector.h"
#include "stdlib/private.h"

/* A collector in use, for one argument when it is parametric. */
typedef struct use {
  const ir_collector *collector;
  upk_str argument; /* absent: none */
} use;

typedef struct request {
  ir *ir;
  ir_engine *engine;
  UPK_VEC(use) uses;
  UPK_VEC(const ir_attribute *) history; /* trends that are wanted */
} request;

static void add_use(request *r, const ir_collector *collector,
                    upk_str argument) {
  for (size_t i = 0; i < r->uses.len; i++)
    if (r->uses.items[i].collector == collector &&
        upk_str_equal(r->uses.items[i].argument, argument))
      return;
  *UPK_PUSH(r->ir->arena, &r->uses) = (use){collector, argument};
}

/* A trend needs what it is the trend of. */
static void add_history(request *r, const ir_attribute *trend) {
  const ir_kind *kind = trend->collector->kind;
  static const size_t end = sizeof "_trend" - 1;
  for (size_t i = 0; i < r->history.len; i++)
    if (r->history.items[i] == trend)
      return;
  *UPK_PUSH(r->ir->arena, &r->history) = trend;
  const ir_attribute *of = ir_attribute_find(
      kind, (upk_str){trend->name.data, trend->name.len - end});
  if (of)
    add_use(r, of->collector, UPK_NO_STR);
}

static void add_attribute(request *r, const ir_attribute *attribute,
                          upk_str argument) {
  if (attribute->history)
    add_history(r, attribute);
  else
    add_use(r, attribute->collector, argument);
}

/* The collector that makes the kind's rows. */
static void add_rows(request *r, const ir_kind *kind) {
  if (kind && kind->collectors.len)
    add_use(r, kind->collectors.items[0], UPK_NO_STR);
}

upk_str stdlib_argument(upk_str column) {
  upk_str rest;
  upk_str_split(column, '(', &rest);
  if (!rest.data || !upk_str_ends(rest, ")"))
    return UPK_NO_STR;
  return (upk_str){rest.data, rest.len - 1};
}

static void add_slot(request *r, const ir_slot *slot) {
  if (!slot)
    return;
  if (slot->source == IR_SLOT_SETTING) {
    const ir_kind *kind = ir_kind_find(r->engine, UPK_STR("setting"));
    const ir_attribute *value =
        kind ? ir_attribute_find(kind, UPK_STR("value")) : NULL;
    add_rows(r, kind);
    if (value)
      add_use(r, value->collector, UPK_NO_STR);
  }
  if (slot->source != IR_SLOT_OWN && slot->source != IR_SLOT_PARENT)
    return;
  add_rows(r, slot->kind);
  add_attribute(r, slot->attribute,
                slot->attribute->parametric ? stdlib_argument(slot->column)
                                            : UPK_NO_STR);
}

static void add_name(request *r, ir_kind *kind, upk_str written) {
  add_slot(r, ir_scope_slot(ir_scope_of(r->ir, r->engine, kind), written));
}

/* An attribute that only some kinds have, such as NAME_trend. */
static void add_if_there(request *r, const ir_kind *kind, upk_str name) {
  const ir_attribute *attribute = ir_attribute_find(kind, name);
  if (attribute && !attribute->parametric)
    add_attribute(r, attribute, UPK_NO_STR);
}

/* A function may look at whatever there is, but for what reads whole objects.
 */
static void add_kind(request *r, const ir_kind *kind) {
  for (size_t i = 0; i < kind->attributes.len; i++)
    if (!kind->attributes.items[i].parametric &&
        !kind->attributes.items[i].collector->reading)
      add_use(r, kind->attributes.items[i].collector, UPK_NO_STR);
}

static void add_expression(request *r, const ir_policy *policy,
                           const ir_expression *expression) {
  const upk_expr_name *names;
  if (expression->function)
    add_kind(r, policy->kind);
  if (!expression->compiled)
    return;
  const ir_scope *scope = ir_scope_of(r->ir, r->engine, policy->kind);
  size_t count = upk_expr_names(expression->compiled, &names);
  for (size_t i = 0; i < count; i++) {
    add_slot(r, &scope->slots.items[names[i].slot]);
    if (policy->ahead_us && !names[i].name.qualifier.data)
      add_if_there(r, policy->kind,
                   upk_arena_printf(r->ir->arena, "%.*s_trend",
                                    UPK_FMT(names[i].name.name)));
  }
}

/* ---- what actions read ---- */

/* The remedy's parameters as the map that functions get. */
static node *parameters_of(ir *ir, const ir_remedy *remedy) {
  node *map = UPK_NEW(ir->arena, node);
  map->type = NODE_MAP;
  if (remedy && remedy->with && !remedy->resolved)
    return remedy->with;
  if (!remedy || !remedy->arguments.len)
    return map;
  map->map.members =
      UPK_NEW_ARRAY(ir->arena, node_member, remedy->arguments.len);
  for (size_t i = 0; i < remedy->arguments.len; i++) {
    node *value = UPK_NEW(ir->arena, node);
    *value = *remedy->arguments.items[i].value;
    map->map.members[map->map.count++] =
        (node_member){remedy->arguments.items[i].name, UPK_NO_SPAN, value};
  }
  return map;
}

static ir_names reads_of(request *r, const ir_action *action,
                         const ir_remedy *remedy) {
  const node *reads = node_find(action->definition, "reads");
  ir_names names = {0};
  if (!reads || reads->type != NODE_FUNCTION)
    return action->reads;
  const node *argument = parameters_of(r->ir, remedy);
  const node *list =
      script_call(action->script, reads, &argument, 1, r->ir->arena);
  for (size_t i = 0; list && list->type == NODE_LIST && i < list->list.count;
       i++)
    if (list->list.items[i]->type == NODE_TEXT)
      *UPK_PUSH(r->ir->arena, &names) = list->list.items[i]->text;
  return names;
}

static void add_action(request *r, ir_kind *kind, const ir_action *action,
                       const ir_remedy *remedy) {
  ir_names reads = reads_of(r, action, remedy);
  for (size_t i = 0; i < reads.len; i++)
    add_name(r, kind, reads.items[i]);
}

/* The action and what must follow it, on the object or its parent. */
static void add_remedy(request *r, const ir_policy *policy,
                       const ir_remedy *remedy) {
  const ir_action *action =
      ir_action_find_for(r->engine, remedy->action.text, policy->kind->name);
  if (!action)
    return;
  add_action(r, policy->kind, action, remedy);
  if (policy->cooldown_us)
    add_if_there(
        r, policy->kind,
        upk_arena_printf(r->ir->arena, "last_%.*s_age", UPK_FMT(action->name)));
  const node *followups = field_list(action->definition, "followups");
  for (size_t i = 0; followups && i < followups->list.count; i++) {
    upk_str rest;
    const node *entry = followups->list.items[i];
    const ir_action *next =
        entry->type == NODE_TEXT
            ? ir_action_find(r->engine, upk_str_split(entry->text, ':', &rest))
            : NULL;
    ir_kind *kind = next ? ir_kind_find(r->engine, next->kind) : NULL;
    if (!kind)
      continue;
    add_rows(r, kind);
    add_if_there(r, kind, UPK_STR("fingerprint"));
    add_action(r, kind, next, NULL);
  }
}

static void add_policy(request *r, const ir_policy *policy) {
  add_rows(r, policy->kind);
  if (policy->by.len)
    add_if_there(r, policy->kind, UPK_STR("fingerprint"));
  add_expression(r, policy, &policy->where);
  add_expression(r, policy, &policy->ensure);
  add_expression(r, policy, &policy->warn);
  for (size_t i = 0; i < policy->by.len; i++)
    add_remedy(r, policy, &policy->by.items[i]);
}

static void add_ledger(request *r) {
  const node *ledger = field_map(r->engine->definition, "ledger");
  upk_str create = ledger ? field_text(ledger, "create") : UPK_NO_STR;
  const ir_action *action =
      create.data ? ir_action_find(r->engine, create) : NULL;
  ir_kind *kind = action ? ir_kind_find(r->engine, action->kind) : NULL;
  if (!kind)
    return;
  add_rows(r, kind);
  add_action(r, kind, action, NULL);
}

/* What the rules of lint look at besides the steps' own objects: kinds of few
 * objects, such as disks. */
static void add_judged(request *r) {
  const node *judged = field_map(r->engine->definition, "judged");
  for (size_t i = 0; judged && i < judged->map.count; i++) {
    const node *names = judged->map.members[i].value;
    ir_kind *kind = ir_kind_find(r->engine, judged->map.members[i].key);
    if (!kind || names->type != NODE_LIST)
      continue;
    add_rows(r, kind);
    for (size_t j = 0; j < names->list.count; j++)
      add_if_there(r, kind, names->list.items[j]->text);
  }
}

static bool acts(const ir *ir) {
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies && ir->policies.items[i].by.len)
      return true;
  return false;
}

static bool is_parametric(const ir_collector *collector) {
  for (size_t i = 0; i < collector->kind->attributes.len; i++)
    if (collector->kind->attributes.items[i].collector == collector &&
        collector->kind->attributes.items[i].parametric)
      return true;
  return false;
}

static void gather(request *r) {
  for (size_t i = 0; i < r->engine->collectors.len; i++)
    if (r->ir->request->all_attributes &&
        !is_parametric(r->engine->collectors.items[i]) &&
        !r->engine->collectors.items[i]->reading)
      add_use(r, r->engine->collectors.items[i], UPK_NO_STR);
  for (size_t i = 0; i < r->ir->policies.len; i++)
    if (r->ir->policies.items[i].applies && r->ir->policies.items[i].kind)
      add_policy(r, &r->ir->policies.items[i]);
  if (acts(r->ir))
    add_judged(r);
  if (!r->ir->target || !upk_str_is(r->ir->target->ledger, "none"))
    add_ledger(r);
}

/* ---- writing ---- */

static void put_names(upk_json_writer *w, const char *key,
                      const ir_names *names) {
  upk_json_key(w, key);
  upk_json_begin_array(w);
  for (size_t i = 0; i < names->len; i++)
    upk_json_string(w, names->items[i]);
  upk_json_end_array(w);
}

/* "oldest_row_age.reason" becomes "oldest_row_age(created_at).reason". */
static upk_str column_name(const request *r, const use *u, size_t column) {
  const ir_collector *c = u->collector;
  upk_str name = c->columns.items[column], end = UPK_STR("");
  if (!u->argument.data || names_have(&c->kind->keys, name))
    return name;
  if (upk_str_ends(name, ".reason")) {
    end = UPK_STR(".reason");
    name.len -= end.len;
  }
  return upk_arena_printf(r->ir->arena, "%.*s(%.*s)%.*s", UPK_FMT(name),
                          UPK_FMT(u->argument), UPK_FMT(end));
}

static ir_counter counter_of(const use *u, upk_str column) {
  const ir_kind *kind = u->collector->kind;
  for (size_t i = 0; i < kind->attributes.len; i++)
    if (kind->attributes.items[i].collector == u->collector &&
        upk_str_equal(kind->attributes.items[i].name, column))
      return kind->attributes.items[i].counter;
  return IR_COUNTER_NO;
}

static void put_columns(upk_json_writer *w, const request *r, const use *u) {
  const ir_collector *c = u->collector;
  upk_json_key(w, "columns");
  upk_json_begin_array(w);
  for (size_t i = 0; i < c->columns.len; i++) {
    ir_counter counter = counter_of(u, c->columns.items[i]);
    upk_json_begin_object(w);
    if (counter)
      upk_json_put_string(w, "counter",
                          counter == IR_COUNTER_TOTAL ? UPK_STR("total")
                                                      : UPK_STR("level"));
    upk_json_put_string(w, "name", column_name(r, u, i));
    upk_json_put_string(w, "type",
                        upk_str_from(upk_type_name(c->column_types[i])));
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void put_variants(upk_json_writer *w, const request *r, const use *u) {
  const ir_collector *c = u->collector;
  upk_json_key(w, "variants");
  upk_json_begin_array(w);
  for (size_t i = 0; i < c->variants.len; i++) {
    const ir_variant *v = &c->variants.items[i];
    upk_str sql = stdlib_variant_sql(r->ir, r->engine, v, u->argument);
    if (!sql.data)
      continue; /* no column can have that name: there is nothing to ask */
    upk_json_begin_object(w);
    if (v->max_version)
      upk_json_put_int(w, "max", v->max_version);
    if (v->min_version)
      upk_json_put_int(w, "min", v->min_version);
    if (v->needs.len)
      put_names(w, "needs", &v->needs);
    upk_json_put_string(w, "sql", sql);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void put_collector(upk_json_writer *w, const request *r, const use *u) {
  const ir_collector *c = u->collector;
  upk_json_begin_object(w);
  put_columns(w, r, u);
  upk_json_put_string(w, "cost",
                      c->measured ? UPK_STR("measured") : UPK_STR("cheap"));
  put_names(w, "keys", &c->kind->keys);
  upk_json_put_string(w, "kind", c->kind->name);
  upk_json_put_string(w, "name",
                      u->argument.data
                          ? upk_arena_printf(r->ir->arena, "%.*s(%.*s)",
                                             UPK_FMT(c->name),
                                             UPK_FMT(u->argument))
                          : c->name);
  if (c->kind->transient)
    upk_json_put_bool(w, "transient", true);
  if (c->unavailable.data)
    upk_json_put_string(w, "unavailable", c->unavailable);
  put_variants(w, r, u);
  upk_json_end_object(w);
}

static void put_capabilities(upk_json_writer *w, const ir_engine *engine) {
  upk_json_key(w, "capabilities");
  upk_json_begin_array(w);
  for (size_t i = 0; i < engine->capability_count; i++) {
    upk_json_begin_object(w);
    upk_json_put_string(w, "name", engine->capabilities[i].name);
    upk_json_put_string(w, "sql", engine->capabilities[i].sql);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

/* In the engine's own order, in which the maker of a kind's rows comes first;
 * those with arguments in order of their use. */
static void put_collectors(upk_json_writer *w, const request *r) {
  upk_json_key(w, "collectors");
  upk_json_begin_array(w);
  for (size_t i = 0; i < r->engine->collectors.len; i++)
    for (size_t j = 0; j < r->uses.len; j++)
      if (r->uses.items[j].collector == r->engine->collectors.items[i])
        put_collector(w, r, &r->uses.items[j]);
  upk_json_end_array(w);
}

static bool has_counters(const request *r) {
  for (size_t i = 0; i < r->uses.len; i++)
    for (size_t j = 0; j < r->uses.items[i].collector->columns.len; j++)
      if (counter_of(&r->uses.items[i],
                     r->uses.items[i].collector->columns.items[j]))
        return true;
  return false;
}

/* Since when counters count, where one of them is asked for. */
static void put_counters(upk_json_writer *w, const request *r) {
  if (!r->engine->counters_sql.data || !has_counters(r))
    return;
  upk_json_key(w, "counters");
  upk_json_begin_object(w);
  upk_json_put_string(w, "sql", r->engine->counters_sql);
  upk_json_end_object(w);
}

static int by_trend(const void *a, const void *b) {
  const ir_attribute *x = *(ir_attribute *const *)a;
  const ir_attribute *y = *(ir_attribute *const *)b;
  int order =
      upk_str_compare(x->collector->kind->name, y->collector->kind->name);
  return order ? order : upk_str_compare(x->name, y->name);
}

/* Of which attributes the trend is asked of the state store. */
static void put_history(upk_json_writer *w, const request *r) {
  static const size_t end = sizeof "_trend" - 1;
  if (!r->history.len)
    return;
  qsort(r->history.items, r->history.len, sizeof *r->history.items, by_trend);
  upk_json_key(w, "history");
  upk_json_begin_array(w);
  for (size_t i = 0; i < r->history.len; i++) {
    upk_str name = r->history.items[i]->name;
    upk_json_begin_object(w);
    upk_json_put_string(w, "attribute", (upk_str){name.data, name.len - end});
    upk_json_put_string(w, "kind", r->history.items[i]->collector->kind->name);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

/* Whom the same may be asked. */
static void put_targets(upk_json_writer *w, const ir *ir) {
  upk_json_key(w, "targets");
  upk_json_begin_array(w);
  for (size_t i = 0; ir->target && i < ir->project.targets.len; i++)
    if (selector_same(ir, &ir->project.targets.items[i]))
      upk_json_string(w, ir->project.targets.items[i].name);
  upk_json_end_array(w);
}

bool inspect_request_write(ir *ir, upk_sink sink) {
  request r = {.ir = ir, .engine = ir->engine};
  gather(&r);
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  put_capabilities(w, r.engine);
  put_collectors(w, &r);
  put_counters(w, &r);
  upk_json_put_string(w, "engine", r.engine->name);
  upk_json_put_string(w, "format", UPK_STR("upkeep.inspect/1"));
  put_history(w, &r);
  upk_json_key(w, "identity");
  upk_json_begin_object(w);
  upk_json_put_string(w, "sql", r.engine->identity_sql);
  upk_json_end_object(w);
  put_names(w, "session", &r.engine->session);
  put_targets(w, ir);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}
