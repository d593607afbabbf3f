/* Scalars by what is expected (design: rulings 13). The same rules hold for
 * YAML's plain scalars and Lua's values, so that twins mean the same.
 *
 * In a text, a plain `no` or `1e3` is what is written. In a bool, number or
 * duration, yes/no/on/off, 012, 1:30, .5 and 1e3 are errors that ask for the
 * right form. 012 and 1:30 are errors in a text too, and ask for quotes.
 *
 * Each returns false after one diagnostic that names `key`; *ret is then
 * untouched. */
#ifndef COMPILER_SCALAR_H
#define COMPILER_SCALAR_H

#include "front/node.h"

bool scalar_bool(upk_diags *diags, const node *value, upk_str key, bool *ret);
bool scalar_int(upk_diags *diags, const node *value, upk_str key, int64_t min,
                int64_t max, int64_t *ret);
/* Microseconds. A plain 0 needs no unit. */
bool scalar_duration(upk_diags *diags, const node *value, upk_str key,
                     int64_t min_us, int64_t max_us, int64_t *ret_us);
bool scalar_timestamp(upk_diags *diags, const node *value, upk_str key,
                      int64_t *ret_us);
/* 64MiB, 10GB, 512B; a plain 0. */
bool scalar_bytes(upk_diags *diags, const node *value, upk_str key,
                  int64_t *ret_bytes);
/* 30%, 0.3; in parts per million, exact. */
bool scalar_ratio(upk_diags *diags, const node *value, upk_str key,
                  int64_t *ret_ppm);
/* Not empty. */
bool scalar_text(upk_diags *diags, const node *value, upk_str key,
                 upk_str *ret);

/* Adds "`key` must be WHAT, not a list" (or "has no value"). */
void scalar_refuse(upk_diags *diags, const node *value, upk_str key,
                   const char *what);

#endif
