/* What table.c and join.c share. */
#ifndef RUNTIME_FACTS_PRIVATE_H
#define RUNTIME_FACTS_PRIVATE_H

#include "facts/table.h"

/* realloc(3) that never fails; no items free it. */
void *table_resized(void *old, size_t count, size_t size);
void table_free_column(table_column *c);
table_cell table_get(const table_column *c, size_t row);
void table_set(table_column *c, size_t row, const table_cell *cell);
bool table_equal(upk_type type, const table_cell *a, const table_cell *b);
table_cell table_fact(const upk_column *column, size_t row);
/* A new column of the kind with room for `rows` cells; all are NULL. One cell
 * stands for all rows when there are more: the column is constant. */
table_column table_add_column(const request_column *declared, upk_arena *arena,
                              size_t rows, upk_facts_kind *kind);

#endif
