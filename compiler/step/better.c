/* Which way an attribute gets better, told from `ensure` itself: with every
 * other value unknown (or else as it is), the attribute is set very low and
 * very high, and the truth of `ensure` compared. */
#include <string.h>

#include "step/recipe.h"
#include "step/step.h"

/* Far beyond real values, and far from overflow when multiplied. */
#define VERY_HIGH (INT64_C(1) << 50)

typedef enum direction { NEITHER, LOWER, HIGHER } direction;

static int rank(upk_truth truth) {
  return truth == UPK_TRUE ? 2 : truth == UPK_UNKNOWN ? 1 : 0;
}

static bool can_be_set(upk_type type) {
  return type == UPK_TYPE_BOOL || type == UPK_TYPE_INT ||
         type == UPK_TYPE_RATIO || type == UPK_TYPE_RATE ||
         type == UPK_TYPE_BYTE_RATE || type == UPK_TYPE_BYTES ||
         type == UPK_TYPE_DURATION;
}

static int rank_with(const upk_expr *ensure, upk_column *columns, uint32_t slot,
                     upk_type type, int64_t value, size_t row) {
  upk_column kept = columns[slot];
  columns[slot] =
      (upk_column){.type = type, .constant = true, .integers = &value};
  int result = rank(upk_expr_truth(ensure, columns, row));
  columns[slot] = kept;
  return result;
}

static direction compare(const upk_expr *ensure, upk_column *columns,
                         const upk_expr_name *name, size_t row) {
  int64_t high = name->type == UPK_TYPE_BOOL ? 1 : VERY_HIGH;
  int at_low = rank_with(ensure, columns, name->slot, name->type, 0, row);
  int at_high = rank_with(ensure, columns, name->slot, name->type, high, row);
  return at_low > at_high ? LOWER : at_low < at_high ? HIGHER : NEITHER;
}

static upk_column unknown(upk_type type) {
  static const uint8_t yes = 1;
  static const upk_str no_text;
  static const upk_list no_list;
  static const int64_t zero;
  return (upk_column){.type = type,
                      .constant = true,
                      .integers = &zero,
                      .texts = &no_text,
                      .lists = &no_list,
                      .null = &yes};
}

static direction direction_of(ir *ir, const ir_scope *scope,
                              const upk_expr *ensure, size_t which,
                              size_t row) {
  const upk_expr_name *names;
  size_t count = upk_expr_names(ensure, &names);
  upk_arena *scratch = step_recipes_of(ir)->scratch;
  size_t slots = scope->columns.len;
  upk_column *columns = UPK_NEW_ARRAY(scratch, upk_column, slots);
  memcpy(columns, scope->columns.items, slots * sizeof *columns);
  for (size_t i = 0; i < count; i++)
    if (i != which)
      columns[names[i].slot] = unknown(names[i].type);
  direction alone = compare(ensure, columns, &names[which], row);
  if (alone != NEITHER)
    return alone;
  memcpy(columns, scope->columns.items, slots * sizeof *columns);
  return compare(ensure, columns, &names[which], row);
}

static void add_comparison(upk_buf *out, upk_str name, upk_type type,
                           direction way, bool if_unknown) {
  upk_buf_str(out, out->len ? UPK_STR(" and ") : UPK_STR(""));
  if (if_unknown)
    upk_buf_char(out, '(');
  if (type == UPK_TYPE_BOOL)
    upk_buf_printf(out, "(%s%.*s or %.*s = before.%.*s)",
                   way == LOWER ? "not " : "", UPK_FMT(name), UPK_FMT(name),
                   UPK_FMT(name));
  else
    upk_buf_printf(out, "%.*s %s before.%.*s", UPK_FMT(name),
                   way == LOWER ? "<=" : ">=", UPK_FMT(name));
  if (if_unknown)
    upk_buf_printf(out, " or before.%.*s is null)", UPK_FMT(name));
}

upk_str better_text(ir *ir, const ir_scope *scope, const upk_expr *ensure,
                    const uint8_t *read, bool if_unknown, size_t row) {
  const upk_expr_name *names;
  size_t count = upk_expr_names(ensure, &names);
  upk_buf text = {0};
  for (size_t i = 0; i < count; i++) {
    if (!read[i] || !can_be_set(names[i].type))
      continue;
    direction way = direction_of(ir, scope, ensure, i, row);
    if (way != NEITHER)
      add_comparison(&text, scope->slots.items[names[i].slot].column,
                     names[i].type, way, if_unknown);
  }
  upk_str result =
      text.len ? upk_arena_copy(ir->arena, upk_buf_view(&text)) : UPK_NO_STR;
  upk_buf_free(&text);
  return result;
}

static int64_t badness_of(const upk_column *column, direction way, size_t row) {
  if (ir_cell_null(column, row))
    return INT64_MIN;
  int64_t value = ir_cell_integer(column, row);
  if (way == LOWER)
    return value;
  return value == INT64_MIN ? INT64_MAX : -value;
}

void step_badness(ir *ir, const ir_policy *policy, const size_t *rows,
                  size_t count, int64_t *ret_badness) {
  const upk_expr *ensure = policy->ensure.compiled;
  const ir_scope *scope = policy->kind->scope;
  const upk_expr_name *names;
  size_t name_count = ensure ? upk_expr_names(ensure, &names) : 0;
  for (size_t i = 0; i < count; i++)
    ret_badness[i] = 0;
  for (size_t i = 0; i < name_count && count; i++) {
    if (!can_be_set(names[i].type))
      continue;
    direction way = direction_of(ir, scope, ensure, i, rows[0]);
    if (way == NEITHER)
      continue;
    for (size_t j = 0; j < count; j++)
      ret_badness[j] =
          badness_of(&scope->columns.items[names[i].slot], way, rows[j]);
    return;
  }
}
