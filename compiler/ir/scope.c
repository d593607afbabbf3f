/* Names of expressions: which slot each is, and of what type. */
#include "ir/scope.h"

/* "table.size", "oldest_row_age(created_at)": as columns of facts are named,
 * so arguments stand without spaces. */
static upk_str written(upk_arena *arena, const upk_name *name, bool qualified) {
  if (!name->argument_count && (!qualified || !name->qualifier.data))
    return name->name;
  upk_buf buf = {0};
  if (qualified && name->qualifier.data) {
    upk_buf_str(&buf, name->qualifier);
    upk_buf_char(&buf, '.');
  }
  upk_buf_str(&buf, name->name);
  for (size_t i = 0; i < name->argument_count; i++) {
    upk_buf_char(&buf, i ? ',' : '(');
    upk_buf_str(&buf, name->arguments[i]);
  }
  if (name->argument_count)
    upk_buf_char(&buf, ')');
  upk_str text = upk_arena_copy(arena, upk_buf_view(&buf));
  upk_buf_free(&buf);
  return text;
}

/* The attribute of `kind` that `name` speaks of, if it has as many arguments
 * as it should. */
static bool attribute_slot(ir_scope *scope, ir_kind *kind, const upk_name *name,
                           ir_slot *slot) {
  ir_attribute *attribute = ir_attribute_find(kind, name->name);
  if (!attribute || attribute->parametric != (name->argument_count > 0))
    return false;
  slot->source = kind == scope->kind ? IR_SLOT_OWN : IR_SLOT_PARENT;
  slot->kind = kind;
  slot->attribute = attribute;
  slot->type = attribute->type;
  slot->column = written(scope->ir->arena, name, false);
  return true;
}

static bool is_parent(const ir_scope *scope, const ir_kind *kind) {
  if (kind == scope->kind || kind->single)
    return true;
  for (size_t i = 0; scope->kind && i < scope->kind->parent_count; i++)
    if (upk_str_equal(scope->kind->parents[i].kind, kind->name))
      return true;
  return false;
}

/* A label that this target lacks may be another's: unknown here, no error. */
static bool label_known(const ir *ir, upk_str key) {
  if (upk_str_is(key, "engine") || upk_str_is(key, "target"))
    return true;
  for (size_t i = 0; i < ir->project.targets.len; i++)
    if (ir_target_label(&ir->project.targets.items[i], key).data)
      return true;
  return false;
}

/* What throttles can ask of a running system, beside the attributes of single
 * kinds: name, type, doc. */
#define LIVE_METRIC_TABLE(X)                                                   \
  X("active_sessions", INT, "sessions that run a statement, without our own")  \
  X("disk_free", BYTES, "room on the disk that holds the data")                \
  X("load", RATIO, "load of the host, per core")                               \
  X("probe_latency", DURATION, "what a small query takes now")                 \
  X("replica_lag", DURATION, "how far the furthest replica is behind")         \
  X("wal_rate", BYTE_RATE, "log that the server writes")

static const struct {
  const char *name;
  upk_type type;
  const char *doc;
} live_metrics[] = {
#define X(name, type, doc) {name, UPK_TYPE_##type, doc},
    LIVE_METRIC_TABLE(X)
#undef X
};
enum { LIVE_METRICS = sizeof live_metrics / sizeof *live_metrics };

bool ir_metric_find(upk_str name, upk_type *ret_type) {
  for (size_t i = 0; i < LIVE_METRICS; i++)
    if (upk_str_is(name, live_metrics[i].name)) {
      *ret_type = live_metrics[i].type;
      return true;
    }
  return false;
}

const char *ir_metric_at(size_t index, upk_type *ret_type,
                         const char **ret_doc) {
  if (index >= LIVE_METRICS)
    return NULL;
  *ret_type = live_metrics[index].type;
  *ret_doc = live_metrics[index].doc;
  return live_metrics[index].name;
}

static bool metric_slot(const upk_name *name, ir_slot *slot) {
  if (name->argument_count || !ir_metric_find(name->name, &slot->type))
    return false;
  slot->source = IR_SLOT_LIVE;
  slot->column = name->name;
  return true;
}

static bool live_slot(ir_scope *scope, const upk_name *name, ir_slot *slot) {
  if (metric_slot(name, slot))
    return true;
  for (size_t i = 0; i < scope->engine->kinds.len; i++) {
    ir_kind *kind = scope->engine->kinds.items[i];
    if (kind->single && attribute_slot(scope, kind, name, slot))
      return true;
  }
  return false;
}

/* Of the requirements document; retention may be that of one table. */
static bool requirement_slot(ir_scope *scope, const upk_name *name,
                             ir_slot *slot) {
  ir_requirement_key key;
  if (!ir_requirement_find(name->name, &key) || name->argument_count > 1 ||
      (name->argument_count && key != IR_REQUIREMENT_retention))
    return false;
  slot->source = IR_SLOT_REQUIREMENT;
  slot->type = ir_requirement_rows[key].type;
  slot->column = written(scope->ir->arena, name, false);
  return true;
}

/* Names before the dot that are no kinds. */
static bool special_slot(ir_scope *scope, const upk_name *name, ir_slot *slot) {
  upk_str qualifier = name->qualifier;
  if (upk_str_is(qualifier, "requirement"))
    return requirement_slot(scope, name, slot);
  if (name->argument_count)
    return false;
  slot->column = name->name;
  slot->type = UPK_TYPE_TEXT;
  if (upk_str_is(qualifier, "labels")) {
    slot->source = IR_SLOT_LABEL;
    return label_known(scope->ir, name->name);
  }
  if (upk_str_is(qualifier, "setting")) {
    slot->source = IR_SLOT_SETTING;
    return ir_kind_find(scope->engine, UPK_STR("setting")) != NULL;
  }
  slot->source = IR_SLOT_VERSION;
  slot->type = UPK_TYPE_VERSION;
  return upk_str_is(qualifier, "instance") && upk_str_is(name->name, "version");
}

static bool make_slot(ir_scope *scope, const upk_name *name, ir_slot *slot) {
  if (!name->qualifier.data)
    return scope->kind ? attribute_slot(scope, scope->kind, name, slot)
                       : live_slot(scope, name, slot);
  ir_kind *kind = ir_kind_find(scope->engine, name->qualifier);
  if (kind && is_parent(scope, kind) && attribute_slot(scope, kind, name, slot))
    return true;
  return special_slot(scope, name, slot);
}

static ir_slot *slot_of(ir_scope *scope, const upk_name *name,
                        uint32_t *ret_number) {
  uint64_t number;
  upk_str text = written(scope->ir->arena, name, true);
  if (!upk_map_find(&scope->by_text, text, &number)) {
    ir_slot slot = {.text = text};
    if (!make_slot(scope, name, &slot))
      return NULL;
    /* Names may be borrowed from a text that goes away. */
    slot.text = upk_arena_copy(scope->ir->arena, text);
    slot.column = upk_arena_copy(scope->ir->arena, slot.column);
    number = scope->slots.len;
    *UPK_PUSH(scope->ir->arena, &scope->slots) = slot;
    upk_map_put(&scope->by_text, slot.text, number);
  }
  if (ret_number)
    *ret_number = (uint32_t)number;
  return &scope->slots.items[number];
}

static bool find(void *ctx, const upk_name *name, upk_type *ret_type,
                 uint32_t *ret_slot) {
  const ir_slot *slot = slot_of(ctx, name, ret_slot);
  if (!slot)
    return false;
  *ret_type = slot->type;
  return true;
}

static void add_candidates(ir_scope *scope, upk_arena *arena,
                           const ir_kind *kind, bool qualified,
                           ir_names *names) {
  for (size_t i = 0; i < kind->attributes.len; i++) {
    upk_str name = kind->attributes.items[i].name;
    *UPK_PUSH(arena, names) =
        qualified ? upk_arena_printf(arena, "%.*s.%.*s", UPK_FMT(kind->name),
                                     UPK_FMT(name))
                  : name;
  }
  (void)scope;
}

static size_t candidates(void *ctx, upk_arena *arena, upk_str **ret_names) {
  ir_scope *scope = ctx;
  ir_names names = {0};
  if (scope->kind)
    add_candidates(scope, arena, scope->kind, false, &names);
  for (size_t i = 0; i < LIVE_METRICS && !scope->kind; i++)
    *UPK_PUSH(arena, &names) = upk_str_from(live_metrics[i].name);
  for (size_t i = 0; i < scope->engine->kinds.len; i++) {
    const ir_kind *kind = scope->engine->kinds.items[i];
    if (is_parent(scope, kind))
      add_candidates(scope, arena, kind, scope->kind != NULL, &names);
  }
  for (size_t i = 0; i < scope->ir->project.targets.len; i++) {
    const ir_target *target = &scope->ir->project.targets.items[i];
    for (size_t j = 0; j < target->labels.len; j++)
      *UPK_PUSH(arena, &names) = upk_arena_printf(
          arena, "labels.%.*s", UPK_FMT(target->labels.items[j].key));
  }
  for (int i = 0; i < IR_REQUIREMENT_COUNT; i++)
    *UPK_PUSH(arena, &names) =
        upk_arena_printf(arena, "requirement.%s", ir_requirement_rows[i].name);
  *ret_names = names.items;
  return names.len;
}

upk_scope ir_scope_names(ir_scope *scope) {
  return (upk_scope){.find = find, .candidates = candidates, .ctx = scope};
}

static ir_scope *scope_new(ir *ir, ir_engine *engine, ir_kind *kind) {
  ir_scope *scope = UPK_NEW(ir->arena, ir_scope);
  scope->ir = ir;
  scope->engine = engine;
  scope->kind = kind;
  upk_map_init(&scope->by_text, ir->arena);
  return scope;
}

ir_scope *ir_scope_of(ir *ir, ir_engine *engine, ir_kind *kind) {
  if (!kind->scope)
    kind->scope = scope_new(ir, engine, kind);
  return kind->scope;
}

ir_scope *ir_scope_live(ir *ir, ir_engine *engine) {
  return scope_new(ir, engine, NULL);
}

ir_slot *ir_scope_slot(ir_scope *scope, upk_str text) {
  uint64_t number;
  if (upk_map_find(&scope->by_text, text, &number))
    return &scope->slots.items[number];
  upk_str rest;
  upk_name name = {.name = text};
  upk_str first = upk_str_split(text, '.', &rest);
  if (rest.data)
    name = (upk_name){.qualifier = first, .name = rest};
  upk_str argument;
  upk_str base = upk_str_split(name.name, '(', &argument);
  if (argument.data && upk_str_ends(argument, ")")) {
    argument.len--;
    name.name = base;
    name.arguments = &argument;
    name.argument_count = 1;
  }
  return slot_of(scope, &name, NULL);
}
