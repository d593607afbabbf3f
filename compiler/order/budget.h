/* The account of blocking: what the availability target allows in a period,
 * what runs have spent of it, what the plan will. */
#ifndef COMPILER_ORDER_BUDGET_H
#define COMPILER_ORDER_BUDGET_H

#include "ir/ir.h"

/* Fills ir->budget from the requirements, request->spent and the steps of the
 * plan. False after 1570 (the plan would spend more than is left) or 1572. */
bool budget_account(ir *ir);

#endif
