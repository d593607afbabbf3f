/* The columns behind a scope's slots: facts of the kind itself, of its
 * parents by a hash join on their keys, and constants. */
#include <string.h>

#include "ir/scope.h"

#define NO_ROW UINT32_MAX

/* For each row of the kind, the row of one of its parents. */
typedef struct ir_join {
  struct ir_join *next;
  const ir_kind *parent;
  uint32_t *rows; /* NO_ROW: it has none */
} ir_join;

bool ir_cell_null(const upk_column *column, size_t row) {
  return column->null && column->null[column->constant ? 0 : row];
}

int64_t ir_cell_integer(const upk_column *column, size_t row) {
  return column->integers[column->constant ? 0 : row];
}

upk_str ir_cell_text(const upk_column *column, size_t row) {
  return column->texts[column->constant ? 0 : row];
}

static upk_column null_column(upk_arena *arena, upk_type type) {
  static const uint8_t yes = 1;
  upk_column column = {.type = type, .constant = true, .null = &yes};
  if (type == UPK_TYPE_TEXT)
    column.texts = UPK_NEW(arena, upk_str);
  else if (type == UPK_TYPE_LIST)
    column.lists = UPK_NEW(arena, upk_list);
  else
    column.integers = UPK_NEW(arena, int64_t);
  return column;
}

static upk_column text_column(upk_arena *arena, upk_str text) {
  if (!text.data)
    return null_column(arena, UPK_TYPE_TEXT);
  upk_str *one = UPK_NEW(arena, upk_str);
  *one = text;
  return (upk_column){.type = UPK_TYPE_TEXT, .constant = true, .texts = one};
}

size_t ir_kind_rows(const ir *ir, const ir_kind *kind) {
  const upk_facts_kind *facts = upk_facts_kind_find(&ir->facts, kind->name);
  return facts ? facts->rows : 0;
}

/* ---- joining ---- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t len) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < len; i++)
    hash = (hash ^ at[i]) * 1099511628211u;
  return (hash ^ 0xff) * 1099511628211u;
}

typedef struct key_columns {
  const upk_column *columns[8];
  size_t count;
} key_columns;

/* False when a part is NULL: such a row belongs to nothing. */
static bool key_hash(const key_columns *keys, size_t row, uint64_t *ret_hash) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < keys->count; i++) {
    const upk_column *column = keys->columns[i];
    if (ir_cell_null(column, row))
      return false;
    if (column->type == UPK_TYPE_TEXT) {
      upk_str text = ir_cell_text(column, row);
      hash = mix(hash, text.data, text.len);
    } else {
      int64_t integer = ir_cell_integer(column, row);
      hash = mix(hash, &integer, sizeof integer);
    }
  }
  *ret_hash = hash ^ (hash >> 29);
  return true;
}

static bool key_equal(const key_columns *a, size_t row_a, const key_columns *b,
                      size_t row_b) {
  for (size_t i = 0; i < a->count; i++) {
    const upk_column *left = a->columns[i];
    const upk_column *right = b->columns[i];
    if ((left->type == UPK_TYPE_TEXT) != (right->type == UPK_TYPE_TEXT))
      return false;
    if (left->type == UPK_TYPE_TEXT
            ? !upk_str_equal(ir_cell_text(left, row_a),
                             ir_cell_text(right, row_b))
            : ir_cell_integer(left, row_a) != ir_cell_integer(right, row_b))
      return false;
  }
  return true;
}

static bool keys_find(const upk_facts_kind *facts, const ir_names *names,
                      key_columns *ret_keys) {
  *ret_keys = (key_columns){.count = names->len};
  if (names->len > sizeof ret_keys->columns / sizeof *ret_keys->columns)
    return false;
  for (size_t i = 0; i < names->len; i++) {
    const upk_facts_column *column =
        upk_facts_column_find(facts, names->items[i]);
    if (!column || column->values.type == UPK_TYPE_LIST)
      return false;
    ret_keys->columns[i] = &column->values;
  }
  return true;
}

static void hash_join(upk_arena *arena, const upk_facts_kind *child,
                      const key_columns *child_keys,
                      const upk_facts_kind *parent,
                      const key_columns *parent_keys, uint32_t *rows) {
  size_t slot_count = 16;
  while (slot_count < parent->rows * 2)
    slot_count *= 2;
  uint32_t *slots = UPK_NEW_ARRAY(arena, uint32_t, slot_count);
  uint64_t hash;
  for (size_t row = 0; row < parent->rows; row++) {
    if (!key_hash(parent_keys, row, &hash))
      continue;
    size_t at = (size_t)hash & (slot_count - 1);
    while (slots[at])
      at = (at + 1) & (slot_count - 1);
    slots[at] = (uint32_t)row + 1;
  }
  for (size_t row = 0; row < child->rows; row++) {
    if (!key_hash(child_keys, row, &hash))
      continue;
    size_t at = (size_t)hash & (slot_count - 1);
    while (slots[at] && !key_equal(child_keys, row, parent_keys, slots[at] - 1))
      at = (at + 1) & (slot_count - 1);
    if (slots[at])
      rows[row] = slots[at] - 1;
  }
}

static const ir_names *parent_keys_in(const ir_kind *kind,
                                      const ir_kind *parent) {
  for (size_t i = 0; i < kind->parent_count; i++)
    if (upk_str_equal(kind->parents[i].kind, parent->name))
      return &kind->parents[i].keys;
  return NULL;
}

/* Rows of `parent` for each row of the scope's kind, made once. */
static const uint32_t *join_rows(ir_scope *scope, const ir_kind *parent) {
  for (ir_join *join = scope->joins; join; join = join->next)
    if (join->parent == parent)
      return join->rows;
  const ir *ir = scope->ir;
  const upk_facts_kind *child =
      upk_facts_kind_find(&ir->facts, scope->kind->name);
  const upk_facts_kind *facts = upk_facts_kind_find(&ir->facts, parent->name);
  size_t count = child ? child->rows : 0;
  ir_join *join = UPK_NEW(ir->arena, ir_join);
  join->parent = parent;
  join->rows = UPK_NEW_ARRAY(ir->arena, uint32_t, count ? count : 1);
  memset(join->rows, 0xff, count * sizeof *join->rows);
  join->next = scope->joins;
  scope->joins = join;
  const ir_names *names = parent_keys_in(scope->kind, parent);
  key_columns child_keys, parent_keys;
  if (child && facts && names && keys_find(child, names, &child_keys) &&
      keys_find(facts, &parent->keys, &parent_keys) &&
      child_keys.count == parent_keys.count)
    hash_join(ir->arena, child, &child_keys, facts, &parent_keys, join->rows);
  return join->rows;
}

/* Whether each row has a parent. */
static bool all_joined(const uint32_t *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (rows[i] == NO_ROW)
      return false;
  return true;
}

static upk_column gather(upk_arena *arena, const upk_column *from,
                         const uint32_t *rows, size_t count) {
  upk_column column = {.type = from->type};
  if (from->constant && ir_cell_null(from, 0))
    return null_column(arena, from->type);
  if (from->constant && all_joined(rows, count))
    return *from;
  uint8_t *null = UPK_NEW_ARRAY(arena, uint8_t, count ? count : 1);
  upk_str *texts = NULL;
  upk_list *lists = NULL;
  int64_t *integers = NULL;
  if (from->type == UPK_TYPE_TEXT)
    column.texts = texts = UPK_NEW_ARRAY(arena, upk_str, count + 1);
  else if (from->type == UPK_TYPE_LIST)
    column.lists = lists = UPK_NEW_ARRAY(arena, upk_list, count + 1);
  else
    column.integers = integers = UPK_NEW_ARRAY(arena, int64_t, count + 1);
  column.null = null;
  for (size_t i = 0; i < count; i++) {
    uint32_t row = rows[i];
    if (row == NO_ROW || ir_cell_null(from, row))
      null[i] = 1;
    else if (texts)
      texts[i] = ir_cell_text(from, row);
    else if (lists)
      lists[i] = from->lists[from->constant ? 0 : row];
    else
      integers[i] = ir_cell_integer(from, row);
  }
  return column;
}

/* ---- slots ---- */

/* The one row of a single kind, for all rows. */
static upk_column first_row(upk_arena *arena, const upk_column *from,
                            size_t rows) {
  if (rows != 1 || ir_cell_null(from, 0))
    return null_column(arena, from->type);
  upk_column column = *from;
  column.constant = true;
  return column;
}

static bool type_fits(const ir_slot *slot, const upk_facts_column *column,
                      upk_diags *diags) {
  if (column->values.type == slot->type)
    return true;
  upk_diag *diag = upk_diag_add(
      diags, 1502, UPK_NO_SPAN, "facts give `%.*s.%.*s` as %s, not as %s",
      UPK_FMT(slot->kind->name), UPK_FMT(slot->column),
      upk_type_name(column->values.type), upk_type_name(slot->type));
  upk_diag_help(diags, diag, "Inspect the target again with this version.");
  return false;
}

static bool attribute_column(ir_scope *scope, const ir_slot *slot,
                             upk_column *ret_column) {
  const ir *ir = scope->ir;
  const upk_facts_kind *facts =
      upk_facts_kind_find(&ir->facts, slot->kind->name);
  const upk_facts_column *column =
      facts ? upk_facts_column_find(facts, slot->column) : NULL;
  if (!column) {
    *ret_column = null_column(ir->arena, slot->type);
    return true;
  }
  if (!type_fits(slot, column, ir->diags))
    return false;
  if (slot->source == IR_SLOT_OWN)
    *ret_column =
        facts->rows ? column->values : null_column(ir->arena, slot->type);
  else if (slot->kind->single)
    *ret_column = first_row(ir->arena, &column->values, facts->rows);
  else
    *ret_column =
        gather(ir->arena, &column->values, join_rows(scope, slot->kind),
               ir_kind_rows(ir, scope->kind));
  return true;
}

static upk_column setting_column(const ir_scope *scope, upk_str name) {
  const ir *ir = scope->ir;
  const upk_facts_kind *facts =
      upk_facts_kind_find(&ir->facts, UPK_STR("setting"));
  const upk_facts_column *names =
      facts ? upk_facts_column_find(facts, UPK_STR("name")) : NULL;
  const upk_facts_column *values =
      facts ? upk_facts_column_find(facts, UPK_STR("value")) : NULL;
  if (names && values && names->values.type == UPK_TYPE_TEXT &&
      values->values.type == UPK_TYPE_TEXT)
    for (size_t row = 0; row < facts->rows; row++)
      if (upk_str_equal(ir_cell_text(&names->values, row), name) &&
          !ir_cell_null(&values->values, row))
        return text_column(ir->arena, ir_cell_text(&values->values, row));
  return null_column(ir->arena, UPK_TYPE_TEXT);
}

static upk_column version_column(const ir *ir) {
  int64_t *version = UPK_NEW(ir->arena, int64_t);
  if (!upk_version_parse(ir->facts.version, version))
    return null_column(ir->arena, UPK_TYPE_VERSION);
  return (upk_column){
      .type = UPK_TYPE_VERSION, .constant = true, .integers = version};
}

/* ---- requirements ---- */

static upk_column list_column(const ir *ir, ir_requirement_key key) {
  ir_names texts = {0};
  const ir_requirements *all = &ir->requirements;
  for (size_t i = 0; i < all->items.len; i++)
    if (all->items.items[i].key == key &&
        ir_requirement_is_for(&all->items.items[i], ir->target->name))
      *UPK_PUSH(ir->arena, &texts) = all->items.items[i].text;
  if (!texts.len)
    return null_column(ir->arena, UPK_TYPE_LIST);
  upk_list *list = UPK_NEW(ir->arena, upk_list);
  *list = (upk_list){texts.items, texts.len};
  return (upk_column){.type = UPK_TYPE_LIST, .constant = true, .lists = list};
}

static upk_column one_column(const ir *ir, const ir_requirement *item,
                             upk_type type) {
  if (!item)
    return null_column(ir->arena, type);
  if (type == UPK_TYPE_TEXT)
    return text_column(ir->arena, item->text);
  int64_t *value = UPK_NEW(ir->arena, int64_t);
  *value = item->integer;
  return (upk_column){.type = type, .constant = true, .integers = value};
}

/* The name of the table that each row is, or belongs to; NULL: of no table. */
static const upk_column *table_names(ir_scope *scope) {
  static const char *const texts[] = {"table.name", "name"};
  bool table = upk_str_is(scope->kind->name, "table");
  const ir_slot *slot = ir_scope_slot(scope, upk_str_from(texts[table]));
  if (!slot || slot->type != UPK_TYPE_TEXT)
    return NULL;
  upk_column *column = UPK_NEW(scope->ir->arena, upk_column);
  return attribute_column(scope, slot, column) ? column : NULL;
}

/* How long the rows of each table are kept. */
static upk_column retention_column(ir_scope *scope) {
  const ir *ir = scope->ir;
  size_t rows = scope->kind ? ir_kind_rows(ir, scope->kind) : 0;
  const upk_column *names = rows ? table_names(scope) : NULL;
  if (!names)
    return one_column(ir,
                      ir_requirement_of(&ir->requirements,
                                        IR_REQUIREMENT_retention,
                                        ir->target->name, UPK_NO_STR),
                      UPK_TYPE_DURATION);
  int64_t *values = UPK_NEW_ARRAY(ir->arena, int64_t, rows);
  uint8_t *null = UPK_NEW_ARRAY(ir->arena, uint8_t, rows);
  for (size_t row = 0; row < rows; row++) {
    upk_str name =
        ir_cell_null(names, row) ? UPK_NO_STR : ir_cell_text(names, row);
    const ir_requirement *item = ir_requirement_of(
        &ir->requirements, IR_REQUIREMENT_retention, ir->target->name, name);
    null[row] = !item;
    values[row] = item ? item->integer : 0;
  }
  return (upk_column){
      .type = UPK_TYPE_DURATION, .integers = values, .null = null};
}

static upk_column requirement_column(ir_scope *scope, const ir_slot *slot) {
  const ir *ir = scope->ir;
  ir_requirement_key key = IR_REQUIREMENT_COUNT;
  upk_str argument;
  upk_str name = upk_str_split(slot->column, '(', &argument);
  if (!ir_requirement_find(name, &key))
    return null_column(ir->arena, slot->type);
  if (slot->type == UPK_TYPE_LIST)
    return list_column(ir, key);
  if (argument.data)
    argument.len--;
  if (key == IR_REQUIREMENT_retention && !argument.data)
    return retention_column(scope);
  return one_column(
      ir, ir_requirement_of(&ir->requirements, key, ir->target->name, argument),
      slot->type);
}

static bool slot_column(ir_scope *scope, const ir_slot *slot,
                        upk_column *ret_column) {
  ir *ir = scope->ir;
  switch (slot->source) {
  case IR_SLOT_OWN:
  case IR_SLOT_PARENT:
    return attribute_column(scope, slot, ret_column);
  case IR_SLOT_LABEL:
    *ret_column =
        text_column(ir->arena, ir_target_label(ir->target, slot->column));
    return true;
  case IR_SLOT_SETTING:
    *ret_column = setting_column(scope, slot->column);
    return true;
  case IR_SLOT_VERSION:
    *ret_column = version_column(ir);
    return true;
  case IR_SLOT_REQUIREMENT:
    *ret_column = requirement_column(scope, slot);
    return true;
  case IR_SLOT_LIVE:
    break;
  }
  *ret_column = null_column(ir->arena, slot->type);
  return true;
}

bool ir_scope_bind(ir_scope *scope) {
  bool good = true;
  while (scope->columns.len < scope->slots.len) {
    const ir_slot *slot = &scope->slots.items[scope->columns.len];
    upk_column column = null_column(scope->ir->arena, slot->type);
    good = slot_column(scope, slot, &column) && good;
    *UPK_PUSH(scope->ir->arena, &scope->columns) = column;
  }
  return good;
}
