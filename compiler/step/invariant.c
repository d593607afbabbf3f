/* The checks named `invariant`: the object's attributes are read again by the
 * queries of their collectors, with names of other objects, labels and
 * settings as literals of what the facts say. */
#include "ir/trend.h"
#include "stdlib/stdlib.h"
#include "step/recipe.h"
#include "step/step.h"

/* ---- queries ---- */

static bool variant_fits(const ir *ir, const ir_variant *variant,
                         int64_t version) {
  if (version < variant->min_version ||
      (variant->max_version && version >= variant->max_version))
    return false;
  for (size_t i = 0; i < variant->needs.len; i++)
    if (!step_capability(ir, variant->needs.items[i]))
      return false;
  return true;
}

/* The rule of docs/formats.md: the first that fits. Not what the facts say was
 * used: the plan may make the ledger that was missing then. */
static const ir_variant *variant_of(const ir *ir,
                                    const ir_collector *collector) {
  int64_t version = 0;
  upk_version_parse(ir->facts.version, &version);
  for (size_t i = 0; i < collector->variants.len; i++)
    if (variant_fits(ir, &collector->variants.items[i], version))
      return &collector->variants.items[i];
  return NULL;
}

/* `sql` with the mark {filter} replaced by the collector's filter. */
static upk_str filtered(upk_arena *arena, upk_str sql, upk_str filter) {
  static const char mark[] = "{filter}";
  upk_buf out = {0};
  upk_str rest = sql;
  while (rest.len) {
    size_t at = 0;
    while (at < rest.len &&
           !upk_str_starts((upk_str){rest.data + at, rest.len - at}, mark))
      at++;
    upk_buf_add(&out, rest.data, at);
    if (at == rest.len)
      break;
    upk_buf_str(&out, filter);
    rest.data += at + sizeof mark - 1;
    rest.len -= at + sizeof mark - 1;
  }
  upk_str text = upk_arena_copy(arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

/* A check finds columns by their name: those of an attribute with an argument
 * are called as the attribute is written. Absent when that is no identifier. */
static upk_str name_columns(ir *ir, const ir_collector *collector,
                            upk_str argument, upk_str sql) {
  upk_buf out = {0};
  bool good = true;
  upk_buf_str(&out, UPK_STR("with answer ("));
  for (size_t i = 0; i < collector->columns.len; i++) {
    upk_str name = collector->columns.items[i], reason;
    upk_str base = upk_str_split(name, '.', &reason);
    const ir_attribute *attribute = ir_attribute_find(collector->kind, base);
    if (attribute && attribute->parametric)
      name = upk_arena_printf(ir->arena, "%.*s(%.*s)%s", UPK_FMT(base),
                              UPK_FMT(argument), reason.data ? ".reason" : "");
    upk_buf_str(&out, i ? UPK_STR(", ") : UPK_STR(""));
    good = good && upk_quote_identifier(ir->engine->dialect, name, &out);
  }
  upk_buf_printf(&out, ") as (\n%.*s\n) select * from answer", UPK_FMT(sql));
  upk_str text =
      good ? upk_arena_copy(ir->arena, upk_buf_view(&out)) : UPK_NO_STR;
  upk_buf_free(&out);
  return text;
}

upk_str step_collector_sql(const ir *ir, const ir_collector *collector) {
  const ir_variant *variant = variant_of(ir, collector);
  return variant ? filtered(ir->arena, variant->sql, UPK_STR("")) : UPK_NO_STR;
}

upk_str invariant_query(ir *ir, const ir_collector *collector, upk_str column) {
  upk_map *known = &step_recipes_of(ir)->queries;
  upk_str argument = stdlib_argument(column);
  upk_str name = collector->name;
  if (argument.data)
    name = upk_arena_printf(ir->arena, "%.*s(%.*s)", UPK_FMT(name),
                            UPK_FMT(argument));
  uint64_t number;
  if (upk_map_find(known, name, &number))
    return ir->query_texts.items[number].name;
  const ir_variant *variant = variant_of(ir, collector);
  if (!variant)
    return UPK_NO_STR;
  upk_str sql = stdlib_variant_sql(ir, ir->engine, variant, argument);
  if (sql.data && argument.data)
    sql = name_columns(ir, collector, argument, sql);
  if (!sql.data)
    return UPK_NO_STR;
  upk_map_put(known, name, ir->query_texts.len);
  *UPK_PUSH(ir->arena, &ir->query_texts) = (__typeof__(*ir->query_texts.items)){
      name, filtered(ir->arena, sql,
                     collector->filter.data ? collector->filter : UPK_STR(""))};
  return name;
}

static bool same_names(const ir_names *a, const ir_names *b) {
  bool same = a->len == b->len;
  for (size_t i = 0; same && i < a->len; i++)
    same = upk_str_equal(a->items[i], b->items[i]);
  return same;
}

/* Adds a collector's query; false when its parameters are not those of the
 * queries before it, or it has none here. */
static bool add_query(ir *ir, step_recipe *recipe,
                      const ir_collector *collector, upk_str column,
                      bool *ret_differ) {
  step_invariant *invariant = &recipe->invariant;
  upk_str name = invariant_query(ir, collector, column);
  if (!name.data)
    return false;
  for (size_t i = 0; i < invariant->check.queries.len; i++)
    if (upk_str_equal(invariant->check.queries.items[i], name))
      return true;
  if (!invariant->check.queries.len)
    invariant->keys = collector->filter_keys;
  else if (!same_names(&invariant->keys, &collector->filter_keys)) {
    *ret_differ = true;
    return false;
  }
  *UPK_PUSH(ir->arena, &invariant->check.queries) = name;
  return true;
}

void invariant_column(ir *ir, ir_check *check, upk_str name, upk_type type) {
  for (size_t i = 0; i < check->columns.len; i++)
    if (upk_str_equal(check->columns.items[i].name, name))
      return;
  (void)UPK_PUSH(ir->arena, &check->columns);
  check->columns.items[check->columns.len - 1].name = name;
  check->columns.items[check->columns.len - 1].type = type;
}

static void add_names(ir *ir, step_recipe *recipe, bool *ret_differ) {
  step_invariant *invariant = &recipe->invariant;
  const upk_expr_name *names;
  size_t count = upk_expr_names(invariant->ensure, &names);
  uint8_t *read = UPK_NEW_ARRAY(ir->arena, uint8_t, count + 1);
  for (size_t i = 0; i < count; i++) {
    const ir_slot *slot = &recipe->scope->slots.items[names[i].slot];
    if (slot->source == IR_SLOT_OWN &&
        add_query(ir, recipe, slot->attribute->collector, slot->column,
                  ret_differ)) {
      read[i] = 1;
      invariant_column(ir, &invariant->check, slot->column, slot->type);
    } else {
      invariant->bound = true;
    }
  }
  invariant->read = read;
}

/* ---- texts ---- */

typedef struct binding {
  const ir_scope *scope;
  const step_invariant *invariant;
  const ir_object *object;
  int64_t ahead_us; /* 0: as it is now */
} binding;

static bool is_read(const binding *b, const upk_expr_name *name) {
  const upk_expr_name *names;
  size_t count = upk_expr_names(b->invariant->ensure, &names);
  for (size_t i = 0; i < count; i++)
    if (names[i].slot == name->slot)
      return b->invariant->read[i];
  return false;
}

/* A predicted attribute stands as what it will be: "(size + 10GiB)". */
static bool put_grown(const binding *b, const upk_expr_name *name,
                      upk_buf *out) {
  ir_scope *scope = b->scope->kind->scope;
  int64_t growth;
  int64_t trend = ir_trend_slot(scope, name->slot);
  if (trend == IR_NO_TREND ||
      !ir_trend_growth(scope, (size_t)trend, b->object->row, b->ahead_us,
                       &growth) ||
      !growth)
    return false;
  upk_column one = {.type = name->type, .constant = true, .integers = &growth};
  upk_buf_printf(out, "(%.*s + ",
                 UPK_FMT(scope->slots.items[name->slot].column));
  upk_literal_print(name->type, &one, 0, out);
  upk_buf_char(out, ')');
  return true;
}

static bool put_value(void *ctx, const upk_expr_name *name, upk_buf *out) {
  const binding *b = ctx;
  if (is_read(b, name))
    return b->ahead_us && put_grown(b, name, out);
  const upk_column *column = &b->scope->columns.items[name->slot];
  if (ir_cell_null(column, b->object->row))
    upk_buf_str(out, UPK_STR("null"));
  else
    upk_literal_print(column->type, column,
                      column->constant ? 0 : b->object->row, out);
  return true;
}

static upk_str ensure_text(upk_arena *arena, const binding *b) {
  upk_buf text = {0};
  binding copy = *b;
  upk_expr_print(b->invariant->ensure, put_value, &copy, &text);
  upk_str result = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return result;
}

static upk_str pre_text(upk_arena *arena, const step_invariant *invariant,
                        upk_str ensure) {
  /* An object that is gone makes everything NULL: it must not be acted on. */
  return invariant->if_unknown
             ? upk_arena_printf(arena, "row_count > 0 and (%.*s) is not true",
                                UPK_FMT(ensure))
             : upk_arena_printf(arena, "not (%.*s)", UPK_FMT(ensure));
}

static upk_str post_text(upk_arena *arena, const step_invariant *invariant,
                         upk_str ensure) {
  if (invariant->not_broken)
    return upk_arena_printf(arena, "coalesce(%.*s, true)", UPK_FMT(ensure));
  if (!invariant->improves || !invariant->better.data)
    return ensure;
  return upk_arena_printf(arena, "(%.*s) or (%.*s)", UPK_FMT(ensure),
                          UPK_FMT(invariant->better));
}

/* ---- checks ---- */

bool invariant_prepare(ir *ir, step_recipe *recipe) {
  step_invariant *invariant = &recipe->invariant;
  const ir_policy *policy = recipe->policy;
  if (!policy->ensure.compiled || policy->asked.data ||
      policy->kind != recipe->kind)
    return true;
  invariant->ensure = policy->ensure.compiled;
  invariant->if_unknown = policy->if_unknown == IR_UNKNOWN_ACT;
  invariant->improves = recipe->post == STEP_POST_IMPROVES;
  invariant->not_broken = recipe->post == STEP_POST_NOT_BROKEN;
  invariant->check.name = UPK_STR("invariant");
  bool differ = false;
  /* The first collector makes the rows: it knows whether the object exists. */
  if (invariant->if_unknown && recipe->kind->collectors.len)
    add_query(ir, recipe, recipe->kind->collectors.items[0], UPK_NO_STR,
              &differ);
  add_names(ir, recipe, &differ);
  if (!differ && invariant->check.queries.len)
    return true;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1525, policy->ensure.source.span,
                   "no query can look at the invariant of policy `%.*s` again",
                   UPK_FMT(policy->name));
  if (differ)
    upk_diag_help(ir->diags, diag,
                  "Collectors of kind `%.*s` must have the same `filter_keys`.",
                  UPK_FMT(recipe->kind->name));
  else
    upk_diag_help(ir->diags, diag,
                  "`ensure` must use an attribute of the object itself.");
  return false;
}

/* Values of the keys: as the facts have them, integers as integers. */
void invariant_params(ir *ir, const step_recipe *recipe, const ir_names *keys,
                      const ir_object *object, ir_check *check) {
  if (!keys->len)
    return;
  check->params.items = UPK_NEW_ARRAY(ir->arena, const node *, keys->len);
  check->params.len = check->params.cap = keys->len;
  for (size_t i = 0; i < keys->len; i++) {
    node *value = node_new(ir->arena, NODE_NULL, UPK_NO_SPAN);
    const ir_slot *slot = ir_scope_slot(recipe->scope, keys->items[i]);
    size_t at = slot ? (size_t)(slot - recipe->scope->slots.items) : 0;
    check->params.items[i] = value;
    if (!slot || at >= recipe->scope->columns.len)
      continue;
    const upk_column *column = &recipe->scope->columns.items[at];
    if (ir_cell_null(column, object->row) || column->type == UPK_TYPE_LIST)
      continue;
    value->type = column->type == UPK_TYPE_TEXT ? NODE_TEXT : NODE_INT;
    if (value->type == NODE_TEXT)
      value->text = column->texts[column->constant ? 0 : object->row];
    else
      value->integer = ir_cell_integer(column, object->row);
  }
}

static void put_first(upk_arena *arena, ir_step *step, const ir_check *check) {
  (void)UPK_PUSH(arena, &step->pre);
  for (size_t i = step->pre.len - 1; i > 0; i--)
    step->pre.items[i] = step->pre.items[i - 1];
  step->pre.items[0] = *check;
}

void invariant_add(ir *ir, step_recipe *recipe, const ir_object *object,
                   ir_step *step) {
  step_invariant *invariant = &recipe->invariant;
  if (!invariant->ensure)
    return;
  const ir_policy *policy = recipe->policy;
  bool predicted =
      policy->verdicts && policy->verdicts[object->row] == IR_PREDICTED;
  binding b = {recipe->scope, invariant, object, 0};
  if (invariant->improves && !invariant->better.data)
    invariant->better =
        better_text(ir, recipe->scope, invariant->ensure, invariant->read,
                    invariant->if_unknown, object->row);
  upk_str pre = invariant->pre, post = invariant->post;
  if (!pre.data || invariant->bound || predicted) {
    upk_str ensure = ensure_text(ir->arena, &b);
    post = post_text(ir->arena, invariant, ensure);
    b.ahead_us = predicted ? policy->ahead_us : 0;
    pre = pre_text(ir->arena, invariant,
                   predicted ? ensure_text(ir->arena, &b) : ensure);
  }
  if (!invariant->bound && !predicted) {
    invariant->pre = pre;
    invariant->post = post;
  }
  ir_check check = invariant->check;
  invariant_params(ir, recipe, &invariant->keys, object, &check);
  check.expect = pre;
  check.otherwise = UPK_STR("skip");
  put_first(ir->arena, step, &check);
  if (recipe->post == STEP_POST_OWN)
    return;
  check.expect = post;
  check.otherwise = UPK_NO_STR;
  check.within_ms = recipe->post_within_ms;
  *UPK_PUSH(ir->arena, &step->post) = check;
}
