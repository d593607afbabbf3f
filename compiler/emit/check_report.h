/* The check report: docs/formats.md, "Check report". */
#ifndef COMPILER_EMIT_CHECK_REPORT_H
#define COMPILER_EMIT_CHECK_REPORT_H

#include "ir/ir.h"

/* After pass bind. False when the sink refused. */
bool check_report_write(ir *ir, upk_sink sink);

#endif
