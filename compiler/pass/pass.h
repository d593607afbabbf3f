/* The passes: one file and one function each, run in this order by compile.c.
 * A pass adds diagnostics and goes on while it can; it returns UPK_OK, or a
 * status when later passes would make no sense. No pass calls another. */
#ifndef COMPILER_PASS_H
#define COMPILER_PASS_H

#include "ir/ir.h"

#define UPK_PASS_TABLE(X)                                                      \
  X(front, "read the project, policies and stdlib into the IR")                \
  X(resolve, "give names their meaning")                                       \
  X(check, "type expressions and parameters, refuse cycles")                   \
  X(bind, "evaluate the invariants over the facts")                            \
  X(lower, "make steps of what is broken")                                     \
  X(optimise, "merge, subsume and complete steps, causes first")               \
  X(order, "order steps by their dependencies")                                \
  X(schedule, "predict times, find what fits and what conflicts")              \
  X(lint, "judge the plan by the rules")                                       \
  X(emit, "write the plan in its canonical form")

#define X(name, doc) upk_status pass_##name(ir *ir);
UPK_PASS_TABLE(X)
#undef X

/* The rules of lint that need no facts, of a checked tree: for validate. */
upk_status lint_policies(ir *ir);

#endif
