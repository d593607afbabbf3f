#include "facts/table.h"

#include <stdio.h>
#include <string.h>

/* ---- storage ---- */

static void *resized(void *old, size_t count, size_t size) {
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

static void free_column(table_column *c) {
  c->integers = resized(c->integers, 0, 1);
  c->texts = resized(c->texts, 0, 1);
  c->lists = resized(c->lists, 0, 1);
  c->null = resized(c->null, 0, 1);
}

void table_free(table *t) {
  for (size_t i = 0; i < t->collector->column_count; i++)
    free_column(&t->columns[i]);
  t->rows = t->cap = 0;
}

static void grow_column(table_column *c, size_t cap) {
  c->null = resized(c->null, cap, 1);
  if (c->type == UPK_TYPE_TEXT)
    c->texts = resized(c->texts, cap, sizeof *c->texts);
  else if (c->type == UPK_TYPE_LIST)
    c->lists = resized(c->lists, cap, sizeof *c->lists);
  else
    c->integers = resized(c->integers, cap, sizeof *c->integers);
}

static void grow(table *t) {
  t->cap = t->cap ? t->cap * 2 : 256;
  for (size_t i = 0; i < t->collector->column_count; i++)
    if (t->columns[i].varies)
      grow_column(&t->columns[i], t->cap);
}

static void set_at(table_column *c, size_t row, const table_cell *cell) {
  c->null[row] = cell->null;
  if (c->type == UPK_TYPE_TEXT)
    c->texts[row] = cell->text;
  else if (c->type == UPK_TYPE_LIST)
    c->lists[row] = cell->list;
  else
    c->integers[row] = cell->integer;
}

static table_cell get_at(const table_column *c, size_t row) {
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

static bool are_equal(upk_type type, const table_cell *a, const table_cell *b) {
  if (a->null || b->null)
    return a->null && b->null;
  if (type == UPK_TYPE_TEXT)
    return upk_str_equal(a->text, b->text);
  return type != UPK_TYPE_LIST && a->integer == b->integer;
}

/* Neighbours are often equal, such as schemas and owners: they share. */
static void store(table *t, table_column *c, table_cell *cell) {
  table_cell last = t->rows ? get_at(c, t->rows - 1) : (table_cell){0};
  bool same = t->rows && are_equal(c->type, &last, cell);
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
      set_at(c, row, &c->first);
    c->varies = true;
  }
  set_at(c, t->rows, cell);
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
           value_list(t->arena, value->text, &ret->list);
  if (c->type != UPK_TYPE_TEXT)
    return value_integer(value, c->type, &ret->integer);
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
    table_cell left = get_at(c, a), right = get_at(c, b);
    order = compare_cells(c->type, &left, &right);
  }
  return order;
}

/* Stable; runs that are in order already are not looked into again. */
static void merge_sort(const table *t, uint32_t *rows, uint32_t *spare,
                       size_t count) {
  size_t half = count / 2, a = 0, b = half;
  if (count < 2)
    return;
  merge_sort(t, rows, spare, half);
  merge_sort(t, rows + half, spare, count - half);
  if (compare_rows(t, rows[half - 1], rows[half]) <= 0)
    return;
  for (size_t i = 0; i < count; i++)
    spare[i] =
        b == count || (a < half && compare_rows(t, rows[a], rows[b]) <= 0)
            ? rows[a++]
            : rows[b++];
  memcpy(rows, spare, count * sizeof *rows);
}

/* The numbers of the rows in order, each key once. */
static uint32_t *sorted(table *t, size_t *ret_count) {
  uint32_t *rows = resized(NULL, t->rows + 1, sizeof *rows);
  uint32_t *spare = resized(NULL, t->rows + 1, sizeof *spare);
  size_t count = 0;
  for (size_t i = 0; i < t->rows; i++)
    rows[i] = (uint32_t)i;
  merge_sort(t, rows, spare, t->rows);
  for (size_t i = 0; i < t->rows; i++)
    if (count == 0 || compare_rows(t, rows[count - 1], rows[i]) != 0)
      rows[count++] = rows[i];
  t->double_keys = t->rows - count;
  resized(spare, 0, 1);
  *ret_count = count;
  return rows;
}

/* ---- into the facts ---- */

/* A new column of the kind with room for `rows` cells; all are NULL. One cell
 * stands for all rows when there are more: the column is constant. */
static table_column add_column(const request_column *declared, upk_arena *arena,
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
  uint32_t *rows = sorted(t, &count);
  kind->rows = count;
  for (size_t i = 0; i < t->collector->column_count; i++) {
    table_column *from = &t->columns[i];
    size_t cells = from->varies || count == 0 ? count : 1;
    table_column to =
        add_column(&t->collector->columns[i], t->arena, cells, kind);
    for (size_t row = 0; row < cells; row++) {
      table_cell cell = get_at(from, rows[row]);
      set_at(&to, row, &cell);
    }
    free_column(from);
  }
  t->rows = t->cap = 0;
  resized(rows, 0, 1);
}

static table_cell fact_at(const upk_column *column, size_t row) {
  size_t at = column->constant ? 0 : row;
  if (column->type == UPK_TYPE_TEXT)
    return (table_cell){.text = column->texts[at]};
  return (table_cell){.integer = column->integers[at]};
}

/* The kind's row with the key of `row`, or kind->rows. */
static size_t find_row(const table *t, size_t row, const upk_facts_kind *kind,
                       const size_t *keys) {
  size_t low = 0, high = kind->rows;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = 0;
    for (size_t k = 0; k < t->collector->key_count && !order; k++) {
      const table_column *c = &t->columns[t->collector->keys[k]];
      table_cell ours = get_at(c, row);
      table_cell theirs = fact_at(&kind->columns.items[keys[k]].values, middle);
      order = compare_cells(c->type, &ours, &theirs);
    }
    if (order == 0)
      return middle;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return kind->rows;
}

/* Which of the kind's columns the keys are; false when a type differs. */
static bool match_keys(const table *t, const upk_facts_kind *kind,
                       size_t *keys) {
  for (size_t k = 0; k < t->collector->key_count; k++) {
    const request_column *key = &t->collector->columns[t->collector->keys[k]];
    keys[k] = 0;
    while (!upk_str_equal(kind->columns.items[keys[k]].name, key->name))
      keys[k]++;
    if (kind->columns.items[keys[k]].values.type != key->type)
      return false;
  }
  return true;
}

/* For each row its place in the kind, or kind->rows. Returns how many have
 * one. */
static size_t find_places(table *t, const upk_facts_kind *kind,
                          uint32_t *places) {
  size_t *keys = UPK_NEW_ARRAY(t->arena, size_t, t->collector->key_count + 1);
  uint8_t *taken = resized(NULL, kind->rows + 1, 1);
  bool matched = match_keys(t, kind, keys);
  size_t found = 0;
  memset(taken, 0, kind->rows + 1);
  for (size_t row = 0; row < t->rows; row++) {
    size_t place = matched ? find_row(t, row, kind, keys) : kind->rows;
    t->strangers += place == kind->rows;
    t->double_keys += taken[place];
    if (taken[place])
      place = kind->rows;
    taken[place] = place < kind->rows;
    found += place < kind->rows;
    places[row] = (uint32_t)place;
  }
  resized(taken, 0, 1);
  return found;
}

void table_join(table *t, upk_facts_kind *kind) {
  const request_collector *c = t->collector;
  uint32_t *places = resized(NULL, t->rows + 1, sizeof *places);
  size_t found = find_places(t, kind, places);
  for (size_t i = 0; i < c->column_count; i++) {
    table_column *from = &t->columns[i];
    if (from->is_key)
      continue;
    bool constant = !from->varies && kind->rows > 1 &&
                    (from->first.null || found == kind->rows);
    table_column to =
        add_column(&c->columns[i], t->arena, constant ? 1 : kind->rows, kind);
    if (constant && found)
      set_at(&to, 0, &from->first);
    for (size_t row = 0; row < t->rows && !constant; row++)
      if (places[row] < kind->rows) {
        table_cell cell = get_at(from, row);
        set_at(&to, places[row], &cell);
      }
    free_column(from);
  }
  t->rows = t->cap = 0;
  resized(places, 0, 1);
}

void table_absent(const request_collector *collector, bool first,
                  upk_str reason, upk_arena *arena, upk_facts_kind *kind) {
  for (size_t i = 0; i < collector->column_count; i++) {
    bool key = false;
    for (size_t k = 0; k < collector->key_count; k++)
      key |= collector->keys[k] == i;
    if (key && !first)
      continue;
    add_column(&collector->columns[i], arena, kind->rows ? 1 : 0, kind);
    kind->columns.items[kind->columns.len - 1].reason = reason;
  }
}
