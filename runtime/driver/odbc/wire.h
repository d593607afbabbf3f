/* What goes over the socket between a connection's loop side (driver.c) and
 * its process (process.c).
 *
 * Both are the same program, so integers are the machine's own, eight bytes
 * each; a text is its length (-1: absent) and its bytes. A frame is its length
 * after these eight bytes, and a payload that begins with its type.
 */
#ifndef RUNTIME_DRIVER_ODBC_WIRE_H
#define RUNTIME_DRIVER_ODBC_WIRE_H

#include "driver/op.h"

typedef enum odbc_frame {
  ODBC_ASK = 1, /* to the process: an operation */
  ODBC_MORE,    /* to the process: the full batch was taken */
  ODBC_ENOUGH,  /* to the process: no more rows are wanted */
  ODBC_CANCEL,  /* to the process: give up what is under way */
  ODBC_ROWS,    /* from it: a batch; an answer is awaited when it is full */
  ODBC_DONE,    /* from it: the operation has ended */
} odbc_frame;

enum { ODBC_SESSION_MAX = 64 };
#define ODBC_FRAME_MAX ((int64_t)256 * 1024 * 1024)

/* How to connect. */
typedef struct odbc_way {
  upk_str engine, connect, application;
  bool read_only;
} odbc_way;

/* What an operation leaves besides its result. */
typedef struct odbc_after {
  bool in_transaction;
  bool lost;       /* the connection is good for nothing any more */
  upk_str session; /* "connection 42" */
} odbc_after;

/* Reads from [at, end); `bad` once something did not fit. */
typedef struct odbc_reader {
  const char *at, *end;
  bool bad;
} odbc_reader;

/* A frame without a payload of its own. */
void odbc_put_plain(upk_buf *out, odbc_frame type);
/* `way` is for DRIVER_OP_OPEN, else NULL. */
void odbc_put_ask(upk_buf *out, const driver_op *op, const odbc_way *way);
void odbc_put_rows(upk_buf *out, const driver_result *batch, bool full);
void odbc_put_done(upk_buf *out, const driver_op *op, const odbc_after *after);

/* The next whole frame of `in` from `*at` on: its type and a reader of the rest
 * of it. False: it has not arrived in full. An impossible length gives a
 * reader that is bad. */
bool odbc_next(upk_str in, size_t *at, odbc_frame *ret_type,
               odbc_reader *ret_reader);
/* Texts are copied into the operation's arenas. `ret_way` borrows. */
bool odbc_get_ask(odbc_reader *r, driver_op *op, odbc_way *ret_way);
/* Adds the rows to `op`. */
bool odbc_get_rows(odbc_reader *r, driver_op *op, bool *ret_full);
bool odbc_get_done(odbc_reader *r, driver_op *op, odbc_after *ret_after);

#endif
