/* When steps may run: the openings handed in, read and asked. */
#ifndef COMPILER_ORDER_OPENINGS_H
#define COMPILER_ORDER_OPENINGS_H

#include "ir/ir.h"

/* A plan waits no longer than this for its window. */
#define OPENINGS_AHEAD_US (INT64_C(14) * 24 * 3600 * 1000000)

/* Reads request->windows (docs/formats.md, "Windows") into the windows of the
 * project, ir->free and ir->blackouts. False after a diagnostic: they are no
 * such data, or a policy names a window and there are none. */
bool openings_read(ir *ir);

/* Those of a step: its window's, or the time outside blackouts. */
const ir_openings *openings_of(const ir *ir, const ir_step *step);

/* The first moment, at `from_us` or later, from which `length_us` fit into one
 * opening that begins before `until_us`. False when there is none. */
bool openings_fit(const ir_openings *openings, int64_t from_us,
                  int64_t until_us, int64_t length_us, int64_t *ret_start_us,
                  ir_interval *ret_opening);

#endif
