#include "cell.h"
#include "facts/private.h"

#include <stdio.h>
#include <string.h>

/* ---- storage ---- */

void *table_resized(void *old, size_t count, size_t size) {
  const upk_allocator *libc = upk_allocator_libc();
  void *memory = libc->resize(NULL, old, count * size);
  if (!memory && count)
    libc->exhausted(NULL, count * size);
  return memory;
}

void table_init(table *t, const request_collector *collector, upk_arena *arena,
                upk_arena *key_arena) {
  memset(t, 0, sizeof *t);
  t->collector = collector;
  t->arena = arena;
  t->key_arena = key_arena;
  t->columns = UPK_NEW_ARRAY(arena, table_column, collector->column_count);
  for (size_t i = 0; i < collector->column_count; i++)
    t->columns[i].type = collector->columns[i].type;
  for (size_t i = 0; i < collector->key_count; i++)
    t->columns[collector->keys[i]].is_key = true;
}

void table_free_column(table_column *c) {
  c->integers = table_resized(c->integers, 0, 1);
  c->texts = table_resized(c->texts, 0, 1);
  c->lists = table_resized(c->lists, 0, 1);
  c->null = table_resized(c->null, 0, 1);
}

void table_free(table *t) {
  for (size_t i = 0; i < t->collector->column_count; i++)
    table_free_column(&t->columns[i]);
  t->rows = t->cap = 0;
}

static void grow_column(table_column *c, size_t cap) {
  c->null = table_resized(c->null, cap, 1);
  if (c->type == UPK_TYPE_TEXT)
    c->texts = table_resized(c->texts, cap, sizeof *c->texts);
  else if (c->type == UPK_TYPE_LIST)
    c->lists = table_resized(c->lists, cap, sizeof *c->lists);
  else
    c->integers = table_resized(c->integers, cap, sizeof *c->integers);
}

static void grow(table *t) {
  t->cap = t->cap ? t->cap * 2 : 256;
  for (size_t i = 0; i < t->collector->column_count; i++)
    if (t->columns[i].varies)
      grow_column(&t->columns[i], t->cap);
}

void table_set(table_column *c, size_t row, const table_cell *cell) {
  c->null[row] = cell->null;
  if (c->type == UPK_TYPE_TEXT)
    c->texts[row] = cell->text;
  else if (c->type == UPK_TYPE_LIST)
    c->lists[row] = cell->list;
  else
    c->integers[row] = cell->integer;
}

table_cell table_get(const table_column *c, size_t row) {
  if (!c->varies)
    return c->first;
  table_cell cell = {.null = c->null[row]};
  if (c->type == UPK_TYPE_TEXT)
    cell.text = c->texts[row];
  else if (c->type == UPK_TYPE_LIST)
    cell.list = c->lists[row];
  else
    cell.integer = c->integers[row];
  return cell;
}

/* ---- cells ---- */

/* Copies a text; many short ones share a block, without gaps. */
static upk_str keep_text(table *t, const table_column *c, upk_str text) {
  enum { BLOCK = 16384, LARGE = 1024 };
  if (c->is_key && t->key_arena != t->arena)
    return upk_arena_copy(t->key_arena, text);
  if (text.len >= LARGE)
    return upk_arena_copy(t->arena, text);
  if (t->room_left < text.len + 1) {
    t->room = upk_arena_alloc(t->arena, BLOCK);
    t->room_left = BLOCK;
  }
  char *copy = t->room;
  if (text.len)
    memcpy(copy, text.data, text.len);
  t->room += text.len;
  t->room_left -= text.len;
  return (upk_str){copy, text.len};
}

bool table_equal(upk_type type, const table_cell *a, const table_cell *b) {
  if (a->null || b->null)
    return a->null && b->null;
  if (type == UPK_TYPE_TEXT)
    return upk_str_equal(a->text, b->text);
  return type != UPK_TYPE_LIST && a->integer == b->integer;
}

/* Neighbours are often equal, such as schemas and owners: they share. */
static void store(table *t, table_column *c, table_cell *cell) {
  table_cell last = t->rows ? table_get(c, t->rows - 1) : (table_cell){0};
  bool same = t->rows && table_equal(c->type, &last, cell);
  if (same && !c->varies)
    return;
  if (c->type == UPK_TYPE_TEXT && !cell->null)
    cell->text = same ? last.text : keep_text(t, c, cell->text);
  if (t->rows == 0 && !c->varies) {
    c->first = *cell;
    return;
  }
  if (!c->varies) {
    grow_column(c, t->cap);
    for (size_t row = 0; row < t->rows; row++)
      table_set(c, row, &c->first);
    c->varies = true;
  }
  table_set(c, t->rows, cell);
}

/* False when the value is not of the column's type. `number` is room for the
 * text of an integer. */
static bool convert(table *t, const table_column *c, const driver_value *value,
                    char number[24], table_cell *ret) {
  *ret = (table_cell){.null = value->type == DRIVER_NULL};
  if (ret->null)
    return true;
  if (c->type == UPK_TYPE_LIST)
    return value->type == DRIVER_TEXT &&
           upk_cell_list(t->arena, value->text, &ret->list);
  if (c->type != UPK_TYPE_TEXT)
    return upk_cell_integer(
        &(upk_cell_value){value->type == DRIVER_TEXT ? value->text : UPK_NO_STR,
                          value->integer, value->type == DRIVER_BOOL},
        c->type, &ret->integer);
  ret->text = value->text;
  if (value->type == DRIVER_INT)
    ret->text = (upk_str){number, (size_t)snprintf(number, 24, "%lld",
                                                   (long long)value->integer)};
  return value->type != DRIVER_BOOL;
}

static bool add_row(table *t, const driver_value *values) {
  bool whole = true;
  if (t->rows == t->cap)
    grow(t);
  for (size_t i = 0; i < t->collector->column_count; i++) {
    table_column *c = &t->columns[i];
    table_cell cell;
    char number[24];
    if (!convert(t, c, &values[i], number, &cell)) {
      const request_column *declared = &t->collector->columns[i];
      t->fault = upk_arena_printf(
          t->arena, "its column %.*s brought what is no %s",
          UPK_FMT(declared->name), upk_type_name(declared->type));
      return false;
    }
    whole &= !c->is_key || !cell.null;
    store(t, c, &cell);
  }
  t->rows += whole;
  t->null_keys += !whole;
  return true;
}

bool table_add(table *t, const driver_result *batch) {
  if (batch->column_count != t->collector->column_count) {
    t->fault = upk_arena_printf(
        t->arena, "its query has %zu columns, and %zu are declared",
        batch->column_count, t->collector->column_count);
    return false;
  }
  for (size_t row = 0; row < batch->row_count; row++)
    if (!add_row(t, batch->values + row * batch->column_count))
      return false;
  return true;
}

/* ---- order ---- */

static int compare_cells(upk_type type, const table_cell *a,
                         const table_cell *b) {
  if (type == UPK_TYPE_TEXT)
    return upk_str_compare(a->text, b->text);
  return (a->integer > b->integer) - (a->integer < b->integer);
}

static int compare_rows(const table *t, size_t a, size_t b) {
  int order = 0;
  for (size_t k = 0; k < t->collector->key_count && !order; k++) {
    const table_column *c = &t->columns[t->collector->keys[k]];
    table_cell left = table_get(c, a), right = table_get(c, b);
    order = compare_cells(c->type, &left, &right);
  }
  return order;
}

/* A row and the beginning of its key, as a number in the order of keys. */
typedef struct ranked {
  uint64_t prefix;
  uint32_t row;
} ranked;

/* Of the first key column that varies: the others are equal everywhere. */
static uint64_t prefix_of(const table *t, size_t row) {
  for (size_t k = 0; k < t->collector->key_count; k++) {
    const table_column *c = &t->columns[t->collector->keys[k]];
    uint64_t prefix = 0;
    if (!c->varies)
      continue;
    table_cell cell = table_get(c, row);
    if (c->type != UPK_TYPE_TEXT)
      return (uint64_t)cell.integer ^ ((uint64_t)1 << 63);
    for (size_t i = 0; i < 8; i++)
      prefix = prefix << 8 |
               (i < cell.text.len ? (unsigned char)cell.text.data[i] : 0);
    return prefix;
  }
  return 0;
}

static int compare_ranked(const table *t, const ranked *a, const ranked *b) {
  if (a->prefix != b->prefix)
    return a->prefix < b->prefix ? -1 : 1;
  return compare_rows(t, a->row, b->row);
}

/* Stable; runs that are in order already are not looked into again. */
static void merge_sort(const table *t, ranked *rows, ranked *spare,
                       size_t count) {
  size_t half = count / 2, a = 0, b = half;
  if (count < 2)
    return;
  merge_sort(t, rows, spare, half);
  merge_sort(t, rows + half, spare, count - half);
  if (compare_ranked(t, &rows[half - 1], &rows[half]) <= 0)
    return;
  for (size_t i = 0; i < count; i++)
    spare[i] =
        b == count || (a < half && compare_ranked(t, &rows[a], &rows[b]) <= 0)
            ? rows[a++]
            : rows[b++];
  memcpy(rows, spare, count * sizeof *rows);
}

/* The rows in order, each key once. */
static ranked *sorted(table *t, size_t *ret_count) {
  ranked *rows = table_resized(NULL, t->rows + 1, sizeof *rows);
  ranked *spare = table_resized(NULL, t->rows + 1, sizeof *spare);
  size_t count = 0;
  for (size_t i = 0; i < t->rows; i++)
    rows[i] = (ranked){prefix_of(t, i), (uint32_t)i};
  merge_sort(t, rows, spare, t->rows);
  for (size_t i = 0; i < t->rows; i++)
    if (count == 0 || compare_ranked(t, &rows[count - 1], &rows[i]) != 0)
      rows[count++] = rows[i];
  t->double_keys = t->rows - count;
  table_resized(spare, 0, 1);
  *ret_count = count;
  return rows;
}

/* ---- into the facts ---- */

table_column table_add_column(const request_column *declared, upk_arena *arena,
                              size_t rows, upk_facts_kind *kind) {
  table_column made = {.type = declared->type, .varies = true};
  made.null = UPK_NEW_ARRAY(arena, uint8_t, rows + 1);
  memset(made.null, 1, rows + 1);
  if (declared->type == UPK_TYPE_TEXT)
    made.texts = UPK_NEW_ARRAY(arena, upk_str, rows + 1);
  else if (declared->type == UPK_TYPE_LIST)
    made.lists = UPK_NEW_ARRAY(arena, upk_list, rows + 1);
  else
    made.integers = UPK_NEW_ARRAY(arena, int64_t, rows + 1);
  *UPK_PUSH(arena, &kind->columns) =
      (upk_facts_column){.name = declared->name,
                         .values = {.type = declared->type,
                                    .constant = rows == 1 && kind->rows > 1,
                                    .integers = made.integers,
                                    .texts = made.texts,
                                    .lists = made.lists,
                                    .null = made.null}};
  return made;
}

void table_make(table *t, upk_facts_kind *kind) {
  size_t count;
  ranked *rows = sorted(t, &count);
  kind->rows = count;
  for (size_t i = 0; i < t->collector->column_count; i++) {
    table_column *from = &t->columns[i];
    size_t cells = from->varies || count == 0 ? count : 1;
    table_column to =
        table_add_column(&t->collector->columns[i], t->arena, cells, kind);
    for (size_t row = 0; row < cells; row++) {
      table_cell cell = table_get(from, rows[row].row);
      table_set(&to, row, &cell);
    }
    table_free_column(from);
  }
  t->rows = t->cap = 0;
  table_resized(rows, 0, 1);
}

table_cell table_fact(const upk_column *column, size_t row) {
  size_t at = column->constant ? 0 : row;
  if (column->type == UPK_TYPE_TEXT)
    return (table_cell){.text = column->texts[at]};
  return (table_cell){.integer = column->integers[at]};
}

void table_absent(const request_collector *collector, bool first,
                  upk_str reason, upk_arena *arena, upk_facts_kind *kind) {
  for (size_t i = 0; i < collector->column_count; i++) {
    bool key = false;
    for (size_t k = 0; k < collector->key_count; k++)
      key |= collector->keys[k] == i;
    if (key && !first)
      continue;
    table_add_column(&collector->columns[i], arena, kind->rows ? 1 : 0, kind);
    kind->columns.items[kind->columns.len - 1].reason = reason;
  }
}
