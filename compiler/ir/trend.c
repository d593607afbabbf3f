#include "ir/trend.h"

enum { SECONDS_A_DAY = 86400, US_A_SECOND = 1000 * 1000 };

static bool has_unit(upk_type type) {
  return type == UPK_TYPE_INT || type == UPK_TYPE_BYTES ||
         type == UPK_TYPE_RATIO || type == UPK_TYPE_DURATION;
}

int64_t ir_trend_slot(ir_scope *scope, size_t slot) {
  const ir_slot *of = &scope->slots.items[slot];
  if (of->source != IR_SLOT_OWN || of->attribute->parametric ||
      !has_unit(of->type))
    return IR_NO_TREND;
  upk_str name = upk_arena_printf(scope->ir->arena, "%.*s_trend",
                                  UPK_FMT(of->attribute->name));
  const ir_slot *trend = ir_scope_slot(scope, name);
  if (!trend || trend->type == UPK_TYPE_TEXT || trend->type == UPK_TYPE_LIST)
    return IR_NO_TREND;
  return trend - scope->slots.items;
}

/* Whole seconds are fine enough for a forecast; a product that is too large
 * has days to spare. */
static bool grow(int64_t a_day, int64_t ahead_us, int64_t *ret) {
  int64_t seconds = ahead_us / US_A_SECOND;
  if (__builtin_mul_overflow(a_day, seconds, ret))
    return !__builtin_mul_overflow(a_day / SECONDS_A_DAY, seconds, ret);
  *ret /= SECONDS_A_DAY;
  return true;
}

bool ir_trend_growth(const ir_scope *scope, size_t trend_slot, size_t row,
                     int64_t ahead_us, int64_t *ret_growth) {
  const upk_column *column = &scope->columns.items[trend_slot];
  return !ir_cell_null(column, row) &&
         grow(ir_cell_integer(column, row), ahead_us, ret_growth);
}
