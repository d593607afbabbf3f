/* The rows of one collector on their way into the facts: converted to the
 * declared types, sorted by their keys, or joined to rows that are there. */
#ifndef RUNTIME_FACTS_TABLE_H
#define RUNTIME_FACTS_TABLE_H

#include "driver/driver.h"
#include "facts.h"
#include "facts/request.h"

/* One value; only the member of its column's type counts. */
typedef struct table_cell {
  bool null;
  int64_t integer;
  upk_str text;
  upk_list list;
} table_cell;

/* A growing column. As long as all its values are the same there is only the
 * first; then the arrays of its type. */
typedef struct table_column {
  upk_type type;
  bool is_key, varies;
  table_cell first;
  int64_t *integers;
  upk_str *texts;
  upk_list *lists;
  uint8_t *null;
} table_column;

typedef struct table {
  const request_collector *collector;
  upk_arena *arena;     /* texts that stay */
  upk_arena *key_arena; /* texts of the keys; may be the same */
  char *room;           /* where the next texts of `arena` go */
  size_t room_left;
  table_column *columns;
  size_t rows, cap;
  /* Left out: the key was NULL, there already, or belongs to no row. */
  size_t null_keys, double_keys, strangers;
  upk_str fault; /* why the rows are not what was declared; absent: they are */
} table;

void table_init(table *t, const request_collector *collector, upk_arena *arena,
                upk_arena *key_arena);
void table_free(table *t);
/* False, with `fault`, when a value is not of its declared type. */
bool table_add(table *t, const driver_result *batch);
/* Makes the kind's rows of it. */
void table_make(table *t, upk_facts_kind *kind);
/* Adds its columns to the kind's rows. */
void table_join(table *t, upk_facts_kind *kind);
/* Adds the collector's columns, all NULL for `reason`. `first`: the keys too.
 */
void table_absent(const request_collector *collector, bool first,
                  upk_str reason, upk_arena *arena, upk_facts_kind *kind);

#endif
