/* Values as databases give them, in the types of columns. Facts and checks
 * both come here: what a fact is known by, a pre-check must know too. */
#ifndef CORE_CELL_H
#define CORE_CELL_H

#include "expr.h"

/* A decimal integer, '-' first when it is negative; digits alone, and no
 * fraction. False when it is none or does not fit. */
bool upk_int_parse(upk_str text, int64_t *ret_value);

/* An integer in the place of a value that is no text, or has none. */
typedef struct upk_cell_value {
  upk_str text;    /* absent: the value is `integer` */
  int64_t integer; /* a boolean as 0 or 1 */
  bool boolean;
} upk_cell_value;

/* The value as one of the types that are kept as integers; false when it is
 * of another. A text may have a fraction of zeros: what casts and floats leave
 * behind of an integer. 0 and 1 are booleans: SQLite has no others. */
bool upk_cell_integer(const upk_cell_value *value, upk_type type,
                      int64_t *ret_value);

/* A list: a JSON array of strings, or PostgreSQL's array text. The items are
 * in `arena`. False when it is none, or has an item that is no text. */
bool upk_cell_list(upk_arena *arena, upk_str text, upk_list *ret_list);

#endif
