/* Trends: an attribute NAME_trend says how much NAME grows a day, in NAME's
 * own unit. Collectors supply it from history; without one there is no
 * prediction. */
#ifndef COMPILER_TREND_H
#define COMPILER_TREND_H

#include "ir/scope.h"

enum { IR_NO_TREND = -1 };

/* The slot of the trend of an attribute of the kind itself, made if need be;
 * IR_NO_TREND when its collectors give none. The scope must be bound again
 * after it. */
int64_t ir_trend_slot(ir_scope *scope, size_t slot);

/* How much the attribute grows in a row within `ahead_us`; false when unknown
 * or too large. */
bool ir_trend_growth(const ir_scope *scope, size_t trend_slot, size_t row,
                     int64_t ahead_us, int64_t *ret_growth);

#endif
