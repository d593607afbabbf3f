/* What an arena does not free. */
#include "ir/ir.h"

void ir_free(ir *ir) {
  for (size_t i = 0; i < ir->scripts.len; i++)
    script_free(ir->scripts.items[i]);
  ir->scripts.len = 0;
}
