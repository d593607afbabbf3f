/* `o`: an object as the functions of actions see it. */
#include "step/recipe.h"

static bool add_read(ir *ir, step_recipe *recipe, upk_str name) {
  static const char *const own[] = {"kind", "display", "sql", "engine_version",
                                    "pace"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (upk_str_is(name, own[i]))
      return true;
  for (size_t i = 0; i < recipe->reads.len; i++)
    if (upk_str_is(name, recipe->reads.items[i].key))
      return true;
  const ir_slot *slot = ir_scope_slot(recipe->scope, name);
  if (!slot)
    return false;
  *UPK_PUSH(ir->arena, &recipe->reads) =
      (step_read){upk_arena_copy(ir->arena, name).data,
                  (uint32_t)(slot - recipe->scope->slots.items)};
  return true;
}

/* `reads` as a function of the parameters, or as a list. */
static ir_names read_names(ir *ir, step_recipe *recipe) {
  const node *reads = node_find(recipe->action->definition, "reads");
  if (!reads || reads->type != NODE_FUNCTION)
    return recipe->action->reads;
  ir_names names = {0};
  const node *list = script_call_tables(recipe->action->script, reads,
                                        &recipe->arguments, 1, ir->arena, NULL);
  if (!list) {
    recipe->failed = true;
    return names;
  }
  for (size_t i = 0; list->type == NODE_LIST && i < list->list.count; i++)
    if (list->list.items[i]->type == NODE_TEXT)
      *UPK_PUSH(ir->arena, &names) = list->list.items[i]->text;
  return names;
}

static void set_argument(script_table *table, const char *key,
                         const node *value) {
  switch (value->type) {
  case NODE_INT:
    script_table_set_int(table, key, value->integer);
    break;
  case NODE_BOOL:
    script_table_set_bool(table, key, value->boolean);
    break;
  case NODE_TEXT:
  case NODE_PLAIN:
    script_table_set_text(table, key, value->text);
    break;
  default:
    script_table_set_node(table, key, value);
  }
}

bool object_prepare(ir *ir, step_recipe *recipe) {
  recipe->arguments = script_table_new(recipe->action->script);
  recipe->object = script_table_new(recipe->action->script);
  const ir_remedy *with = recipe->remedy ? recipe->remedy : &recipe->defaults;
  for (size_t i = 0; i < with->arguments.len; i++)
    set_argument(recipe->arguments,
                 upk_arena_copy(ir->arena, with->arguments.items[i].name).data,
                 with->arguments.items[i].value);
  for (size_t i = 0; i < recipe->kind->keys.len; i++)
    add_read(ir, recipe, recipe->kind->keys.items[i]);
  ir_names names = read_names(ir, recipe);
  convert c = recipe_convert(ir, recipe, UPK_NO_STR);
  for (size_t i = 0; i < names.len; i++)
    if (!add_read(ir, recipe, names.items[i]))
      convert_refuse(&c, NULL,
                     "`reads` names `%.*s`, which kind `%.*s` does "
                     "not have",
                     UPK_FMT(names.items[i]), UPK_FMT(recipe->kind->name));
  if (c.failed || recipe->failed || !ir_scope_bind(recipe->scope))
    return false;
  recipe->has_sql = recipe->kind->keys.len > 0;
  for (size_t i = 0; i < recipe->kind->keys.len && i < recipe->reads.len; i++)
    if (recipe->scope->slots.items[recipe->reads.items[i].slot].type !=
        UPK_TYPE_TEXT)
      recipe->has_sql = false;
  int64_t version = 0;
  upk_version_parse(ir->facts.version, &version);
  script_table_set_int(recipe->object, "engine_version", version);
  script_table_set_text(recipe->object, "kind", recipe->kind->name);
  bool fast = recipe->policy && recipe->policy->limits.pace == IR_PACE_NONE;
  script_table_set_text(recipe->object, "pace",
                        fast ? UPK_STR("none") : UPK_STR("gentle"));
  return true;
}

static const node *list_node(upk_arena *arena, const upk_list *list) {
  node *value = node_new(arena, NODE_LIST, UPK_NO_SPAN);
  value->list.items = UPK_NEW_ARRAY(arena, node *, list->count + 1);
  for (size_t i = 0; i < list->count; i++)
    value->list.items[value->list.count++] =
        node_new_text(arena, NODE_TEXT, list->items[i], UPK_NO_SPAN);
  return value;
}

static void set_cell(ir *ir, script_table *table, const char *key,
                     const upk_column *column, size_t row) {
  size_t at = column->constant ? 0 : row;
  if (ir_cell_null(column, row))
    script_table_set_null(table, key);
  else if (column->type == UPK_TYPE_TEXT)
    script_table_set_text(table, key, column->texts[at]);
  else if (column->type == UPK_TYPE_BOOL)
    script_table_set_bool(table, key, column->integers[at] != 0);
  else if (column->type == UPK_TYPE_LIST)
    script_table_set_node(
        table, key,
        list_node(step_recipes_of(ir)->scratch, &column->lists[at]));
  else
    script_table_set_int(table, key, column->integers[at]);
}

static bool quoted_name(const ir *ir, const ir_object *object, upk_buf *out) {
  for (size_t i = 0; i < object->name_count; i++) {
    if (i)
      upk_buf_char(out, '.');
    if (!upk_quote_identifier(ir->engine->dialect, object->name[i], out))
      return false;
  }
  return true;
}

bool object_fill(ir *ir, step_recipe *recipe, const ir_object *object) {
  script_table *table = recipe->object;
  for (size_t i = 0; i < recipe->reads.len; i++)
    set_cell(ir, table, recipe->reads.items[i].key,
             &recipe->scope->columns.items[recipe->reads.items[i].slot],
             object->row);
  script_table_set_text(table, "display", object->display);
  if (!recipe->has_sql) {
    script_table_set_null(table, "sql");
    return true;
  }
  upk_buf name = {0};
  bool good = quoted_name(ir, object, &name);
  if (good)
    script_table_set_text(
        table, "sql",
        upk_arena_copy(step_recipes_of(ir)->scratch, upk_buf_view(&name)));
  upk_buf_free(&name);
  return good;
}
