/* One operation of a connection: what was asked, and what comes of it. Both
 * drivers build on it; the executor never sees it.
 *
 * A connection has two and uses them in turn: the next one may be begun from
 * the callback of the last, whose result must stay valid meanwhile.
 */
#ifndef RUNTIME_DRIVER_OP_H
#define RUNTIME_DRIVER_OP_H

#include "driver/driver.h"

typedef enum driver_op_kind {
  DRIVER_OP_OPEN,
  DRIVER_OP_QUERY,
  DRIVER_OP_BEGIN,
  DRIVER_OP_BEGIN_SNAPSHOT,
  DRIVER_OP_COMMIT,
  DRIVER_OP_ROLLBACK,
  DRIVER_OP_LIMITS,
  DRIVER_OP_LOCK,
} driver_op_kind;

enum {
  DRIVER_BATCH_ROWS = 256,
  DRIVER_BATCH_BYTES = 1024 * 1024,
  DRIVER_NOTICES_MAX = 32,
  DRIVER_MESSAGE_MAX = 1024,
  DRIVER_GRACE_MS = 5000, /* from a cancel until the connection is lost */
};

typedef struct driver_op {
  driver_op_kind kind;
  upk_arena *arena;     /* what was given; the error; notices; `values` */
  upk_arena *row_arena; /* texts of the rows */

  upk_str sql;
  driver_value *params;
  size_t param_count;
  size_t rows_max;
  int64_t deadline_ms;
  driver_limits limits; /* LIMITS */
  upk_str key;          /* LOCK */
  bool (*on_rows)(void *ctx, const driver_result *batch);
  driver_done on_done;
  driver_locked on_locked; /* LOCK, instead of on_done */
  void *ctx;

  driver_error error;
  bool granted;
  upk_str holder;
  upk_str *columns;
  size_t column_count;
  UPK_VEC(driver_value) values;
  size_t row_count, batch_bytes;
  int64_t rows_total, rows_affected;
  UPK_VEC(driver_notice) notices;
} driver_op;

void driver_op_init(driver_op *op);
void driver_op_free(driver_op *op);

/* Empties `op` for a new operation. */
void driver_op_begin(driver_op *op, driver_op_kind kind, int64_t deadline_ms,
                     driver_done on_done, void *ctx);
/* The same for a query, which is copied. */
void driver_op_begin_query(driver_op *op, const driver_query *query);

void driver_op_set_columns(driver_op *op, size_t count);
/* Counts a row. NULL when it is not to be kept; else room for its values,
 * all DRIVER_NULL. */
driver_value *driver_op_row(driver_op *op);
/* Sets a TEXT value: copied; what is no UTF-8 without NUL becomes U+FFFD. */
void driver_op_set_text(driver_op *op, driver_value *value, const char *bytes,
                        size_t len);
/* Sets a TEXT value to lower-case hex. */
void driver_op_set_hex(driver_op *op, driver_value *value,
                       const unsigned char *bytes, size_t len);
/* True when rows stream and a batch is complete. */
bool driver_op_batch_full(const driver_op *op);
/* Hands the rows so far to on_rows and forgets them. False: stop. */
bool driver_op_flush(driver_op *op);

/* Records the error, unless there is one. `code` may be NULL. */
void driver_op_fail(driver_op *op, driver_class class, const char *code,
                    const char *format, ...) UPK_PRINTF(4, 5);
void driver_op_notice(driver_op *op, const char *severity, const char *code,
                      const char *message);
/* Calls on_done or on_locked. */
void driver_op_deliver(driver_op *op);

/* A copy fit for messages: one line of valid UTF-8 of at most
 * DRIVER_MESSAGE_MAX bytes, control characters as spaces; NULL is absent. */
upk_str driver_line(upk_arena *arena, const char *text);
/* The 32-bit hash that lock names are told apart by (FNV-1a). */
uint32_t driver_hash(upk_str text);

#endif
