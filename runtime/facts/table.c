#include "facts/table.h"

#include <stdlib.h>
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

void table_free(table *t) {
  for (size_t i = 0; i < t->collector->column_count; i++) {
    table_column *c = &t->columns[i];
    c->integers = resized(c->integers, 0, 1);
    c->texts = resized(c->texts, 0, 1);
    c->lists = resized(c->lists, 0, 1);
    c->null = resized(c->null, 0, 1);
  }
  t->rows = t->cap = 0;
}

static void grow(table *t) {
  t->cap = t->cap ? t->cap * 2 : 256;
  for (size_t i = 0; i < t->collector->column_count; i++) {
    table_column *c = &t->columns[i];
    c->null = resized(c->null, t->cap, 1);
    if (c->type == UPK_TYPE_TEXT)
      c->texts = resized(c->texts, t->cap, sizeof *c->texts);
    else if (c->type == UPK_TYPE_LIST)
      c->lists = resized(c->lists, t->cap, sizeof *c->lists);
    else
      c->integers = resized(c->integers, t->cap, sizeof *c->integers);
  }
}

/* ---- cells ---- */

/* Neighbours are often equal, such as schemas and owners: they share. */
static upk_str keep_text(table *t, table_column *c, upk_str text) {
  if (t->rows && !c->null[t->rows - 1] &&
      upk_str_equal(c->texts[t->rows - 1], text))
    return c->texts[t->rows - 1];
  return upk_arena_copy(c->is_key ? t->key_arena : t->arena, text);
}

static bool set_text(table *t, table_column *c, const driver_value *value) {
  if (value->type == DRIVER_BOOL)
    return false;
  c->texts[t->rows] =
      value->type == DRIVER_TEXT
          ? keep_text(t, c, value->text)
          : upk_arena_printf(c->is_key ? t->key_arena : t->arena, "%lld",
                             (long long)value->integer);
  return true;
}

static bool set_cell(table *t, table_column *c, const driver_value *value) {
  c->null[t->rows] = value->type == DRIVER_NULL;
  if (value->type == DRIVER_NULL) {
    if (c->type == UPK_TYPE_TEXT)
      c->texts[t->rows] = UPK_NO_STR;
    else if (c->type == UPK_TYPE_LIST)
      c->lists[t->rows] = (upk_list){0};
    else
      c->integers[t->rows] = 0;
    return true;
  }
  if (c->type == UPK_TYPE_TEXT)
    return set_text(t, c, value);
  if (c->type == UPK_TYPE_LIST)
    return value->type == DRIVER_TEXT &&
           value_list(t->arena, value->text, &c->lists[t->rows]);
  return value_integer(value, c->type, &c->integers[t->rows]);
}

static bool add_row(table *t, const driver_value *values) {
  bool whole = true;
  if (t->rows == t->cap)
    grow(t);
  for (size_t i = 0; i < t->collector->column_count; i++) {
    table_column *c = &t->columns[i];
    if (!set_cell(t, c, &values[i])) {
      const request_column *declared = &t->collector->columns[i];
      t->fault = upk_arena_printf(
          t->arena, "its column %.*s brought what is no %s",
          UPK_FMT(declared->name), upk_type_name(declared->type));
      return false;
    }
    whole &= !c->is_key || !c->null[t->rows];
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

static int compare_cells(upk_type type, const upk_str *texts,
                         const int64_t *integers, size_t a,
                         const upk_str *other_texts,
                         const int64_t *other_integers, size_t b) {
  if (type == UPK_TYPE_TEXT)
    return upk_str_compare(texts[a], other_texts[b]);
  return (integers[a] > other_integers[b]) - (integers[a] < other_integers[b]);
}

static int compare_rows(const table *t, size_t a, size_t b) {
  int order = 0;
  for (size_t k = 0; k < t->collector->key_count && !order; k++) {
    const table_column *c = &t->columns[t->collector->keys[k]];
    order = compare_cells(c->type, c->texts, c->integers, a, c->texts,
                          c->integers, b);
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

typedef struct target {
  int64_t *integers;
  upk_str *texts;
  upk_list *lists;
  uint8_t *null;
} target;

/* A new column of the kind; all its cells are NULL. */
static target add_column(const request_column *declared, upk_arena *arena,
                         upk_facts_kind *kind) {
  target made = {.null = UPK_NEW_ARRAY(arena, uint8_t, kind->rows + 1)};
  memset(made.null, 1, kind->rows);
  if (declared->type == UPK_TYPE_TEXT)
    made.texts = UPK_NEW_ARRAY(arena, upk_str, kind->rows + 1);
  else if (declared->type == UPK_TYPE_LIST)
    made.lists = UPK_NEW_ARRAY(arena, upk_list, kind->rows + 1);
  else
    made.integers = UPK_NEW_ARRAY(arena, int64_t, kind->rows + 1);
  *UPK_PUSH(arena, &kind->columns) =
      (upk_facts_column){.name = declared->name,
                         .values = {.type = declared->type,
                                    .integers = made.integers,
                                    .texts = made.texts,
                                    .lists = made.lists,
                                    .null = made.null}};
  return made;
}

static void copy_cell(const table_column *from, size_t row, target *to,
                      size_t at) {
  to->null[at] = from->null[row];
  if (to->texts)
    to->texts[at] = from->texts[row];
  else if (to->lists)
    to->lists[at] = from->lists[row];
  else
    to->integers[at] = from->integers[row];
}

void table_make(table *t, upk_facts_kind *kind) {
  size_t count;
  uint32_t *rows = sorted(t, &count);
  kind->rows = count;
  for (size_t i = 0; i < t->collector->column_count; i++) {
    target to = add_column(&t->collector->columns[i], t->arena, kind);
    for (size_t row = 0; row < count; row++)
      copy_cell(&t->columns[i], rows[row], &to, row);
  }
  resized(rows, 0, 1);
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
      const upk_column *there = &kind->columns.items[keys[k]].values;
      order = compare_cells(c->type, c->texts, c->integers, row, there->texts,
                            there->integers, middle);
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

void table_join(table *t, upk_facts_kind *kind) {
  const request_collector *c = t->collector;
  size_t *keys = UPK_NEW_ARRAY(t->arena, size_t, c->key_count + 1);
  uint32_t *places = resized(NULL, t->rows + 1, sizeof *places);
  uint8_t *taken = resized(NULL, kind->rows + 1, 1);
  memset(taken, 0, kind->rows + 1);
  bool matched = match_keys(t, kind, keys);
  for (size_t row = 0; row < t->rows; row++) {
    size_t place = matched ? find_row(t, row, kind, keys) : kind->rows;
    t->strangers += place == kind->rows;
    t->double_keys += place < kind->rows && taken[place];
    places[row] = taken[place] ? (uint32_t)kind->rows : (uint32_t)place;
    taken[place] |= place < kind->rows;
  }
  for (size_t i = 0; i < c->column_count; i++) {
    if (t->columns[i].is_key)
      continue;
    target to = add_column(&c->columns[i], t->arena, kind);
    for (size_t row = 0; row < t->rows; row++)
      if (places[row] < kind->rows)
        copy_cell(&t->columns[i], row, &to, places[row]);
  }
  resized(taken, 0, 1);
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
    add_column(&collector->columns[i], arena, kind);
    kind->columns.items[kind->columns.len - 1].reason = reason;
  }
}
