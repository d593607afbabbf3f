/* Literals that begin with a digit: numbers with units, timestamps. */
#ifndef EXPR_NUMBER_H
#define EXPR_NUMBER_H

#include "expr/tree.h"

__extension__ typedef __int128 expr_wide;

/* Reads at *at and moves it past the literal, right or wrong. False after
 * reporting. */
bool expr_number_read(expr_context *context, size_t *at, upk_type *ret_type,
                      int64_t *ret_value);

#endif
