/* UPK_COMPILE_PRIVILEGES: docs/formats.md, "Privileges". */
#ifndef COMPILER_EMIT_PRIVILEGES_H
#define COMPILER_EMIT_PRIVILEGES_H

#include "ir/ir.h"

/* False: the sink refused. */
bool privileges_write(ir *ir, upk_sink sink);

#endif
