/* What differs between the engines that are reached over ODBC, apart from the
 * transport: one const row each. No ODBC header is needed to read it. */
#ifndef RUNTIME_DRIVER_ODBC_DIALECT_H
#define RUNTIME_DRIVER_ODBC_DIALECT_H

#include "driver/op.h"

/* A native error code and what it means. */
typedef struct odbc_code {
  int code;
  driver_class class;
} odbc_code;

/* One statement, without parameters, on the session. False when it failed:
 * the error stands in the operation. */
typedef bool (*odbc_run)(void *ctx, upk_str sql);

typedef struct odbc_dialect {
  const char *engine;
  /* Added to a connection string that has no such key: {"CHARSET", ...}. */
  const char *extra_key, *extra;
  const char *const *session; /* statements once connected; ends with NULL */
  const char *variant;        /* select: whether it is the other product */
  const char *who;            /* select: id by which `kill` finds it */
  const char *begin, *begin_snapshot, *commit, *rollback;
  const char *in_transaction; /* select 0 or 1; NULL: as we left it */
  const char *kill;           /* goes before the id; NULL: SQLCancel */
  const char *lock;           /* select 1, 0 or NULL for key ?1; never waits */
  const char *holder;         /* select a text: who has the lock of key ?1 */
  bool backslash;             /* escapes within literals */
  char hash_comment;          /* '#': to the end of the line; or 0 */
  const odbc_code *codes;
  size_t code_count;
  /* The session's limits as statements. `touched`: names of settings that an
   * earlier call set and this one does not. */
  bool (*limits)(bool variant, const driver_limits *limits,
                 const upk_str *touched, size_t touched_count, odbc_run run,
                 void *ctx);
  /* Looks at a row of a statement's own: some engines report errors as rows.
   * May be NULL. */
  void (*look)(driver_op *op, const driver_value *row);
  /* Whether the statement may end a transaction by itself. */
  bool (*may_end)(upk_str sql);
} odbc_dialect;

extern const odbc_dialect odbc_mariadb;

/* NULL when there is none. */
const odbc_dialect *odbc_dialect_find(upk_str engine);

/* What an error means: by the native code where the dialect knows it, else by
 * SQLSTATE. */
driver_class odbc_class(const odbc_dialect *dialect, const char *sqlstate,
                        int native);

/* ?1, ?2 become ?, since ODBC knows no other; `order` gets, for each of them,
 * which parameter (from 0) it is. What stands in quotes and comments is left
 * alone. */
typedef struct odbc_order {
  size_t *items;
  size_t len, cap;
} odbc_order;
void odbc_number_params(const odbc_dialect *dialect, upk_str sql,
                        upk_arena *arena, upk_buf *out, odbc_order *order);

/* The driver's message without the names it puts before it
 * ("[unixODBC][ma-3.1.15]"), and with the values of passwords of `connect`
 * hidden. */
upk_str odbc_message(upk_arena *arena, upk_str connect, upk_str message);
/* Whether the connection string has the key, in any case. */
bool odbc_has_key(upk_str connect, const char *key);

#endif
