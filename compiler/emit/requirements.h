/* UPK_COMPILE_REQUIREMENTS: docs/formats.md, "Requirements". */
#ifndef COMPILER_EMIT_REQUIREMENTS_H
#define COMPILER_EMIT_REQUIREMENTS_H

#include "ir/ir.h"
#include "json.h"

/* False: the sink refused. */
bool requirements_write(ir *ir, upk_sink sink);
/* What the document filled in, as provenance has it: an object. */
void requirements_fills_write(ir *ir, upk_json_writer *w);

#endif
