/* The two halves of a compilation, for compile.c and compiler.c: what depends
 * on the project and the target's class alone, and what facts decide. */
#ifndef COMPILER_TREE_H
#define COMPILER_TREE_H

#include <upkeep/compile.h>

#include "ir/ir.h"

/* All three are borrowed as long as the tree lives. */
ir *tree_new(const upk_compile_request *request, const upk_source *source,
             upk_diags *diags);
void tree_free(ir *tree); /* NULL is fine */

/* The pass front alone. */
upk_status tree_front(ir *tree);
/* All policies for all engines of targets, as UPK_COMPILE_VALIDATE does. */
upk_status tree_validate(ir *tree);
/* The passes from front to check. */
upk_status tree_check(ir *tree);
/* After UPK_OK of tree_check: the passes from bind to lint. */
upk_status tree_lint(ir *tree);
/* After UPK_OK of tree_check, for a mode that goes further: the other passes,
 * and what is written. */
upk_status tree_finish(ir *tree, upk_sink output);

#endif
