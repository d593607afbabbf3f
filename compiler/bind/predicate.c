/* `where` and `ensure` as Lua functions of one object. */
#include "bind/verdict.h"

/* What the function sees: every attribute of the kind that was collected. */
typedef struct field {
  const char *key;
  const upk_column *column;
} field;

static void set(script_table *table, const field *f, size_t row) {
  const upk_column *column = f->column;
  size_t at = column->constant ? 0 : row;
  if (ir_cell_null(column, row))
    script_table_set_null(table, f->key);
  else if (column->type == UPK_TYPE_TEXT)
    script_table_set_text(table, f->key, column->texts[at]);
  else if (column->type == UPK_TYPE_BOOL)
    script_table_set_bool(table, f->key, column->integers[at] != 0);
  else if (column->type != UPK_TYPE_LIST)
    script_table_set_int(table, f->key, column->integers[at]);
}

static bool is_reason(upk_str name) { return upk_str_ends(name, ".reason"); }

static size_t fields_of(const ir *ir, const upk_facts_kind *facts,
                        field **ret_fields) {
  size_t count = 0;
  *ret_fields = UPK_NEW_ARRAY(ir->arena, field, facts->columns.len + 1);
  for (size_t i = 0; i < facts->columns.len; i++) {
    const upk_facts_column *column = &facts->columns.items[i];
    if (!is_reason(column->name))
      (*ret_fields)[count++] = (field){
          upk_arena_copy(ir->arena, column->name).data, &column->values};
  }
  return count;
}

bool predicate_eval(ir *ir, const ir_policy *policy, const node *function,
                    size_t rows, upk_arena *scratch, uint8_t **ret_truths) {
  *ret_truths = UPK_NEW_ARRAY(scratch, uint8_t, rows + 1);
  const upk_facts_kind *facts =
      upk_facts_kind_find(&ir->facts, policy->kind->name);
  if (!facts || !rows)
    return true;
  field *fields;
  size_t count = fields_of(ir, facts, &fields);
  script *script = function->function.script;
  script_table *object = script_table_new(script);
  for (size_t row = 0; row < rows; row++) {
    bool failed = false;
    for (size_t i = 0; i < count; i++)
      set(object, &fields[i], row);
    (*ret_truths)[row] =
        (uint8_t)script_predicate(script, function, object, &failed);
    if (failed)
      return false;
  }
  return true;
}
