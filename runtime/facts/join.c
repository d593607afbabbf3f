/* Rows of a further collector find their objects by key. */
#include "facts/private.h"

#include <string.h>

static uint64_t hash_cell(uint64_t hash, upk_type type,
                          const table_cell *cell) {
  const uint64_t prime = UINT64_C(1099511628211);
  if (type != UPK_TYPE_TEXT)
    return (hash ^ (uint64_t)cell->integer) * prime;
  for (size_t i = 0; i < cell->text.len; i++)
    hash = (hash ^ (unsigned char)cell->text.data[i]) * prime;
  return (hash ^ 0xff) * prime;
}

/* The kind's rows by their keys, in open addressing: row + 1, or 0. */
typedef struct places {
  const table *table;
  const upk_facts_kind *kind;
  size_t *keys; /* the kind's columns that are the table's keys */
  uint32_t *slots;
  size_t mask;
} places;

static bool has_key(const places *p, size_t there, size_t row) {
  const request_collector *c = p->table->collector;
  for (size_t k = 0; k < c->key_count; k++) {
    const table_column *column = &p->table->columns[c->keys[k]];
    table_cell ours = table_get(column, row);
    table_cell theirs =
        table_fact(&p->kind->columns.items[p->keys[k]].values, there);
    if (!table_equal(column->type, &ours, &theirs))
      return false;
  }
  return true;
}

static void fill_places(places *p) {
  const request_collector *c = p->table->collector;
  size_t size = 16;
  while (size < p->kind->rows * 2)
    size *= 2;
  p->mask = size - 1;
  p->slots = table_resized(NULL, size, sizeof *p->slots);
  memset(p->slots, 0, size * sizeof *p->slots);
  for (size_t row = 0; row < p->kind->rows; row++) {
    uint64_t hash = 0;
    for (size_t k = 0; k < c->key_count; k++) {
      const upk_column *column = &p->kind->columns.items[p->keys[k]].values;
      table_cell cell = table_fact(column, row);
      hash = hash_cell(hash, column->type, &cell);
    }
    size_t slot = (size_t)(hash >> 20) & p->mask;
    while (p->slots[slot])
      slot = (slot + 1) & p->mask;
    p->slots[slot] = (uint32_t)row + 1;
  }
}

/* The kind's row with the key of `row`, or kind->rows. */
static size_t find_row(const places *p, size_t row) {
  const request_collector *c = p->table->collector;
  uint64_t hash = 0;
  for (size_t k = 0; k < c->key_count; k++) {
    const table_column *column = &p->table->columns[c->keys[k]];
    table_cell cell = table_get(column, row);
    hash = hash_cell(hash, column->type, &cell);
  }
  size_t slot = (size_t)(hash >> 20) & p->mask;
  for (; p->slots[slot]; slot = (slot + 1) & p->mask)
    if (has_key(p, p->slots[slot] - 1, row))
      return p->slots[slot] - 1;
  return p->kind->rows;
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
                          uint32_t *ret_places) {
  places p = {.table = t, .kind = kind};
  p.keys = UPK_NEW_ARRAY(t->arena, size_t, t->collector->key_count + 1);
  uint8_t *taken = table_resized(NULL, kind->rows + 1, 1);
  bool matched = match_keys(t, kind, p.keys);
  size_t found = 0;
  memset(taken, 0, kind->rows + 1);
  fill_places(&p);
  for (size_t row = 0; row < t->rows; row++) {
    size_t place = matched ? find_row(&p, row) : kind->rows;
    t->strangers += place == kind->rows;
    t->double_keys += taken[place];
    if (taken[place])
      place = kind->rows;
    taken[place] = place < kind->rows;
    found += place < kind->rows;
    ret_places[row] = (uint32_t)place;
  }
  table_resized(p.slots, 0, 1);
  table_resized(taken, 0, 1);
  return found;
}

void table_join(table *t, upk_facts_kind *kind) {
  const request_collector *c = t->collector;
  uint32_t *places = table_resized(NULL, t->rows + 1, sizeof *places);
  size_t found = find_places(t, kind, places);
  for (size_t i = 0; i < c->column_count; i++) {
    table_column *from = &t->columns[i];
    if (from->is_key)
      continue;
    bool constant = !from->varies && kind->rows > 1 &&
                    (from->first.null || found == kind->rows);
    table_column to = table_add_column(&c->columns[i], t->arena,
                                       constant ? 1 : kind->rows, kind);
    if (constant && found)
      table_set(&to, 0, &from->first);
    for (size_t row = 0; row < t->rows && !constant; row++)
      if (places[row] < kind->rows) {
        table_cell cell = table_get(from, row);
        table_set(&to, places[row], &cell);
      }
    table_free_column(from);
  }
  t->rows = t->cap = 0;
  table_resized(places, 0, 1);
}
