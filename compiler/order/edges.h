/* What comes before what, and why. */
#ifndef COMPILER_ORDER_EDGES_H
#define COMPILER_ORDER_EDGES_H

#include "ir/ir.h"

/* Fills ir->edges, sorted by the texts of their ends, each pair once. Needs
 * ir->steps as optimise left them.
 *
 *   after        of policies, through barriers: n steps after m steps are
 *                n + m edges
 *   declared     by actions: after, before, provides, followups
 *   containment  an object's part before the object, for the same action
 *   own          steps that belong to no policy (the ledger's) first of all
 */
void order_edges(ir *ir);

#endif
