/* The window that the requirements document gives to policies without one. */
#ifndef COMPILER_ORDER_REQUIRED_H
#define COMPILER_ORDER_REQUIRED_H

#include "ir/ir.h"

/* Of the document's windows for the target, the one that opens first (of equal
 * ones the first in the document). After openings_read. */
void required_windows(ir *ir);

#endif
