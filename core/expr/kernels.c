/* The operations of ops.def, each over one chunk of rows.
 *
 * A kernel computes the destination's null bytes and its values. Where a null
 * byte is set the value means nothing. dest may be one of the operands: rows
 * are read before they are written, one by one. Null bytes of another register
 * are copied, never referred to, since that register will be used again.
 */
#include <string.h>

#include "expr/number.h"
#include "expr/program.h"

typedef const expr_insn *insn_ref;

/* Over the rows of a chunk, which do not depend on each other, also where the
 * result takes the place of an operand: the compiler may do many at once. For
 * that the count is a local, which no store through a byte pointer changes,
 * and gcc's -O2 is told that the loops are long. */
#if defined(__GNUC__) && !defined(__clang__)
#if defined(__OPTIMIZE__)
#pragma GCC optimize("tree-vectorize", "vect-cost-model=dynamic")
#endif
#define EACH_ROW _Pragma("GCC ivdep")
#else
#define EACH_ROW
#endif

/* Stands for the null bytes of a register that has none. */
static const uint8_t no_nulls[EXPR_CHUNK_ROWS];

static const uint8_t *nulls_or_none(const expr_register *r) {
  return r->null ? r->null : no_nulls;
}

static expr_register *dest_of(expr_frame *f, insn_ref i) {
  return &f->registers[i->dest];
}

static const expr_register *left_of(const expr_frame *f, insn_ref i) {
  return &f->registers[i->left];
}

static const expr_register *right_of(const expr_frame *f, insn_ref i) {
  return &f->registers[i->right];
}

/* ---- room for results ---- */

static int64_t *integers_of(expr_frame *f, expr_register *r) {
  if (f->capacity == 1)
    return &r->cell_integer;
  if (!r->own_integers)
    r->own_integers = UPK_NEW_ARRAY(f->arena, int64_t, f->capacity);
  return r->own_integers;
}

static uint8_t *truths_of(expr_frame *f, expr_register *r) {
  if (f->capacity == 1)
    return &r->cell_truth;
  if (!r->own_truths)
    r->own_truths = UPK_NEW_ARRAY(f->arena, uint8_t, f->capacity);
  return r->own_truths;
}

static upk_str *texts_of(expr_frame *f, expr_register *r) {
  if (f->capacity == 1)
    return &r->cell_text;
  if (!r->own_texts)
    r->own_texts = UPK_NEW_ARRAY(f->arena, upk_str, f->capacity);
  return r->own_texts;
}

static upk_list *lists_of(expr_frame *f, expr_register *r) {
  if (f->capacity == 1)
    return &r->cell_list;
  if (!r->own_lists)
    r->own_lists = UPK_NEW_ARRAY(f->arena, upk_list, f->capacity);
  return r->own_lists;
}

static uint8_t *nulls_of(expr_frame *f, expr_register *r) {
  if (f->capacity == 1)
    return &r->cell_null;
  if (!r->own_null)
    r->own_null = UPK_NEW_ARRAY(f->arena, uint8_t, f->capacity);
  return r->own_null;
}

/* The null bytes of both operands, ORed, into dest's room; NULL when neither
 * has any. */
static const uint8_t *merge_nulls(expr_frame *f, expr_register *dest,
                                  const uint8_t *a, const uint8_t *b) {
  if (!a && !b)
    return NULL;
  uint8_t *to = nulls_of(f, dest);
  const uint8_t *only = a ? a : b;
  if (!a || !b) {
    if (only != to)
      memcpy(to, only, f->count);
    return to;
  }
  const size_t count = f->count;
  EACH_ROW
  for (size_t row = 0; row < count; row++)
    to[row] = a[row] | b[row];
  return to;
}

/* The same, but writable, for kernels that add faults. */
static uint8_t *writable_nulls(expr_frame *f, expr_register *dest,
                               const uint8_t *a, const uint8_t *b) {
  uint8_t *to = nulls_of(f, dest);
  if (!merge_nulls(f, dest, a, b))
    memset(to, 0, f->count);
  return to;
}

static uint8_t null_at(const uint8_t *null, size_t row) {
  return null ? null[row] : 0;
}

static void set_views(expr_register *dest, const uint8_t *null) {
  dest->integers = NULL;
  dest->truths = NULL;
  dest->texts = NULL;
  dest->lists = NULL;
  dest->null = null;
}

static void set_integers(expr_register *dest, const int64_t *values,
                         const uint8_t *null) {
  set_views(dest, null);
  dest->integers = values;
}

static void set_truths(expr_register *dest, const uint8_t *values,
                       const uint8_t *null) {
  set_views(dest, null);
  dest->truths = values;
}

static void set_texts(expr_register *dest, const upk_str *values,
                      const uint8_t *null) {
  set_views(dest, null);
  dest->texts = values;
}

/* ---- operands ---- */

static void all_null(expr_frame *f, expr_register *dest) {
  int64_t *values = integers_of(f, dest);
  uint8_t *truths = truths_of(f, dest), *null = nulls_of(f, dest);
  memset(values, 0, f->count * sizeof *values);
  memset(truths, 0, f->count);
  memset(null, EXPR_NULL, f->count);
  set_integers(dest, values, null);
  dest->truths = truths;
}

/* The same value in every row. */
static void fill(expr_frame *f, expr_register *dest, upk_type type,
                 const expr_value *value) {
  set_views(dest, NULL);
  if (type == UPK_TYPE_TEXT) {
    upk_str *texts = texts_of(f, dest);
    for (size_t row = 0; row < f->count; row++)
      texts[row] = value->text;
    dest->texts = texts;
  } else if (type == UPK_TYPE_LIST) {
    upk_list *lists = lists_of(f, dest);
    for (size_t row = 0; row < f->count; row++)
      lists[row] = value->list;
    dest->lists = lists;
  } else if (type == UPK_TYPE_BOOL) {
    uint8_t *truths = truths_of(f, dest);
    memset(truths, value->integer != 0, f->count);
    dest->truths = truths;
  } else {
    int64_t *values = integers_of(f, dest);
    for (size_t row = 0; row < f->count; row++)
      values[row] = value->integer;
    dest->integers = values;
  }
}

/* A column without values, or of another sort than the check pass was told,
 * is all null. */
static bool has_values(const upk_column *column, upk_type type) {
  if (type == UPK_TYPE_NULL || column->type == UPK_TYPE_NULL)
    return false;
  if (type == UPK_TYPE_TEXT || column->type == UPK_TYPE_TEXT)
    return type == column->type && column->texts;
  if (type == UPK_TYPE_LIST || column->type == UPK_TYPE_LIST)
    return type == column->type && column->lists;
  return column->integers != NULL;
}

static void load_constant(expr_frame *f, expr_register *dest, upk_type type,
                          const upk_column *column) {
  expr_value value = {0};
  if (type == UPK_TYPE_TEXT)
    value.text = column->texts[0];
  else if (type == UPK_TYPE_LIST)
    value.list = column->lists[0];
  else
    value.integer = column->integers[0];
  fill(f, dest, type, &value);
}

static void load_rows(expr_frame *f, expr_register *dest, upk_type type,
                      const upk_column *column) {
  set_views(dest, column->null ? column->null + f->first : NULL);
  if (type == UPK_TYPE_TEXT) {
    dest->texts = column->texts + f->first;
  } else if (type == UPK_TYPE_LIST) {
    dest->lists = column->lists + f->first;
  } else if (type == UPK_TYPE_BOOL) {
    const int64_t *from = column->integers + f->first;
    uint8_t *truths = truths_of(f, dest);
    const size_t count = f->count;
    EACH_ROW
    for (size_t row = 0; row < count; row++)
      truths[row] = from[row] != 0;
    dest->truths = truths;
  } else {
    dest->integers = column->integers + f->first;
  }
}

static void run_LOAD(expr_frame *f, insn_ref i) {
  const upk_expr_name *name = &f->expr->names.items[i->extra];
  const upk_column *column = &f->columns[name->slot];
  expr_register *dest = dest_of(f, i);
  if (!has_values(column, name->type) ||
      (column->constant && null_at(column->null, 0)))
    all_null(f, dest);
  else if (column->constant)
    load_constant(f, dest, name->type, column);
  else
    load_rows(f, dest, name->type, column);
}

static void run_CONSTANT(expr_frame *f, insn_ref i) {
  const expr_constant *constant = &f->expr->constants.items[i->extra];
  if (constant->is_null)
    all_null(f, dest_of(f, i));
  else
    fill(f, dest_of(f, i), constant->type, &constant->value);
}

/* ---- arithmetic ---- */

/* One row of a fallible operation: writes *to, gives 0 or a fault. */
typedef uint8_t (*arithmetic)(int64_t a, int64_t b, int64_t scale, int64_t *to);

static uint8_t add_row(int64_t a, int64_t b, int64_t scale, int64_t *to) {
  (void)scale;
  return __builtin_add_overflow(a, b, to) ? EXPR_OVERFLOW : 0;
}

static uint8_t subtract_row(int64_t a, int64_t b, int64_t scale, int64_t *to) {
  (void)scale;
  return __builtin_sub_overflow(a, b, to) ? EXPR_OVERFLOW : 0;
}

static uint8_t multiply_row(int64_t a, int64_t b, int64_t scale, int64_t *to) {
  (void)scale;
  return __builtin_mul_overflow(a, b, to) ? EXPR_OVERFLOW : 0;
}

/* a / b, half away from zero. b is not zero. */
static uint8_t divide_wide(expr_wide a, expr_wide b, int64_t *to) {
  expr_wide quotient = a / b, rest = a % b;
  expr_wide twice = rest < 0 ? -2 * rest : 2 * rest;
  if (twice >= (b < 0 ? -b : b))
    quotient += (a < 0) == (b < 0) ? 1 : -1;
  *to = (int64_t)quotient;
  return quotient == *to ? 0 : EXPR_OVERFLOW;
}

static uint8_t divide_narrow(int64_t a, int64_t b, int64_t *to) {
  int64_t quotient = a / b, rest = a % b;
  uint64_t size = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
  uint64_t twice = 2 * (rest < 0 ? 0 - (uint64_t)rest : (uint64_t)rest);
  if (twice >= size)
    quotient += (a < 0) == (b < 0) ? 1 : -1;
  *to = quotient;
  return 0;
}

static uint8_t multiply_scaled_row(int64_t a, int64_t b, int64_t scale,
                                   int64_t *to) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    return divide_wide((expr_wide)a * b, scale, to);
  return divide_narrow(product, scale, to);
}

static uint8_t divide_scaled_row(int64_t a, int64_t b, int64_t scale,
                                 int64_t *to) {
  int64_t product;
  *to = 0;
  if (b == 0)
    return EXPR_ZERO_DIVISION;
  bool wide = __builtin_mul_overflow(a, scale, &product);
  if (wide || product == INT64_MIN || b == INT64_MIN)
    return divide_wide((expr_wide)a * scale, b, to);
  return divide_narrow(product, b, to);
}

/* Inlined into each kernel, so that `row_of` becomes a part of the loop. */
static inline __attribute__((always_inline)) void
each_row(expr_frame *f, insn_ref i, const expr_register *l,
         const expr_register *r, int64_t scale, arithmetic row_of) {
  expr_register *dest = dest_of(f, i);
  const int64_t *a = l->integers, *b = r->integers;
  uint8_t *null = writable_nulls(f, dest, l->null, r->null);
  int64_t *to = integers_of(f, dest);
  for (size_t row = 0; row < f->count; row++) {
    int64_t value = 0;
    if (!null[row]) {
      uint8_t fault = row_of(a[row], b[row], scale, &value);
      if (fault) {
        null[row] = EXPR_NULL | fault;
        value = 0;
      }
    }
    to[row] = value;
  }
  set_integers(dest, to, null);
}

static int64_t scale_of(const expr_frame *f, insn_ref i) {
  return f->expr->constants.items[i->extra].value.integer;
}

static void run_ADD(expr_frame *f, insn_ref i) {
  each_row(f, i, left_of(f, i), right_of(f, i), 0, add_row);
}

static void run_SUBTRACT(expr_frame *f, insn_ref i) {
  each_row(f, i, left_of(f, i), right_of(f, i), 0, subtract_row);
}

static void run_MULTIPLY(expr_frame *f, insn_ref i) {
  each_row(f, i, left_of(f, i), right_of(f, i), 0, multiply_row);
}

static void run_MULTIPLY_SCALED(expr_frame *f, insn_ref i) {
  each_row(f, i, left_of(f, i), right_of(f, i), scale_of(f, i),
           multiply_scaled_row);
}

static void run_DIVIDE_SCALED(expr_frame *f, insn_ref i) {
  each_row(f, i, left_of(f, i), right_of(f, i), scale_of(f, i),
           divide_scaled_row);
}

static uint8_t negate_row(int64_t a, int64_t b, int64_t scale, int64_t *to) {
  (void)b;
  return subtract_row(0, a, scale, to);
}

static uint8_t absolute_row(int64_t a, int64_t b, int64_t scale, int64_t *to) {
  *to = a;
  return a < 0 ? negate_row(a, b, scale, to) : 0;
}

static void run_NEGATE(expr_frame *f, insn_ref i) {
  each_row(f, i, left_of(f, i), left_of(f, i), 0, negate_row);
}

static void run_ABSOLUTE(expr_frame *f, insn_ref i) {
  each_row(f, i, left_of(f, i), left_of(f, i), 0, absolute_row);
}

/* ---- comparison ---- */

#define COMPARE(id, sign)                                                      \
  static void run_##id(expr_frame *f, insn_ref i) {                            \
    expr_register *dest = dest_of(f, i);                                       \
    const int64_t *a = left_of(f, i)->integers;                                \
    const int64_t *b = right_of(f, i)->integers;                               \
    const uint8_t *null =                                                      \
        merge_nulls(f, dest, left_of(f, i)->null, right_of(f, i)->null);       \
    uint8_t *to = truths_of(f, dest);                                          \
    const size_t count = f->count;                                             \
    EACH_ROW                                                                   \
    for (size_t row = 0; row < count; row++)                                   \
      to[row] = a[row] sign b[row];                                            \
    set_truths(dest, to, null);                                                \
  }
COMPARE(EQ, ==)
COMPARE(NE, !=)
COMPARE(LT, <)
COMPARE(LE, <=)
COMPARE(GT, >)
COMPARE(GE, >=)

static void compare_truths(expr_frame *f, insn_ref i, bool differ) {
  expr_register *dest = dest_of(f, i);
  const uint8_t *a = left_of(f, i)->truths, *b = right_of(f, i)->truths;
  const uint8_t *null =
      merge_nulls(f, dest, left_of(f, i)->null, right_of(f, i)->null);
  uint8_t *to = truths_of(f, dest);
  const size_t count = f->count;
  EACH_ROW
  for (size_t row = 0; row < count; row++)
    to[row] = a[row] ^ b[row] ^ !differ;
  set_truths(dest, to, null);
}

static void run_TRUTH_EQ(expr_frame *f, insn_ref i) {
  compare_truths(f, i, false);
}

static void run_TRUTH_NE(expr_frame *f, insn_ref i) {
  compare_truths(f, i, true);
}

/* Of two texts: a truth computed from both. */
#define TEXT_TEST(id, condition)                                               \
  static void run_##id(expr_frame *f, insn_ref i) {                            \
    expr_register *dest = dest_of(f, i);                                       \
    const upk_str *lefts = left_of(f, i)->texts;                               \
    const upk_str *rights = right_of(f, i)->texts;                             \
    const uint8_t *null =                                                      \
        merge_nulls(f, dest, left_of(f, i)->null, right_of(f, i)->null);       \
    uint8_t *to = truths_of(f, dest);                                          \
    for (size_t row = 0; row < f->count; row++) {                              \
      to[row] = 0;                                                             \
      if (null_at(null, row))                                                  \
        continue;                                                              \
      upk_str a = lefts[row], b = rights[row];                                 \
      to[row] = (condition);                                                   \
    }                                                                          \
    set_truths(dest, to, null);                                                \
  }
static bool starts_with(upk_str text, upk_str head) {
  return text.len >= head.len &&
         (head.len == 0 || memcmp(text.data, head.data, head.len) == 0);
}
TEXT_TEST(TEXT_EQ, upk_str_equal(a, b))
TEXT_TEST(TEXT_NE, !upk_str_equal(a, b))
TEXT_TEST(TEXT_LT, upk_str_compare(a, b) < 0)
TEXT_TEST(TEXT_LE, upk_str_compare(a, b) <= 0)
TEXT_TEST(TEXT_GT, upk_str_compare(a, b) > 0)
TEXT_TEST(TEXT_GE, upk_str_compare(a, b) >= 0)
TEXT_TEST(LIKE, upk_like(a, b, false))
TEXT_TEST(ILIKE, upk_like(a, b, true))
TEXT_TEST(STARTS_WITH, starts_with(a, b))

/* ---- logic ---- */

/* AND is OR of opposites: `decides` is the value that wins over NULL. */
static inline __attribute__((always_inline)) void
combine(expr_frame *f, insn_ref i, uint8_t decides) {
  expr_register *dest = dest_of(f, i);
  const expr_register *l = left_of(f, i), *r = right_of(f, i);
  const uint8_t *a = l->truths, *b = r->truths;
  const uint8_t *a_null = nulls_or_none(l), *b_null = nulls_or_none(r);
  bool known = !l->null && !r->null;
  uint8_t *to = truths_of(f, dest), *null = nulls_of(f, dest);
  const size_t count = f->count;
  EACH_ROW
  for (size_t row = 0; row < count; row++) {
    uint8_t na = a_null[row], nb = b_null[row];
    uint8_t by_a = (uint8_t)((na == 0) & (a[row] == decides));
    uint8_t by_b = (uint8_t)((nb == 0) & (b[row] == decides));
    uint8_t decided = by_a | by_b;
    null[row] = (uint8_t)((na | nb) & (decided - 1)); /* 0 keeps all bits */
    to[row] = decided ^ !decides;
  }
  set_truths(dest, to, known ? NULL : null);
}

static void run_AND(expr_frame *f, insn_ref i) { combine(f, i, 0); }

static void run_OR(expr_frame *f, insn_ref i) { combine(f, i, 1); }

static void run_NOT(expr_frame *f, insn_ref i) {
  expr_register *dest = dest_of(f, i);
  const uint8_t *from = left_of(f, i)->truths;
  uint8_t *to = truths_of(f, dest);
  const size_t count = f->count;
  EACH_ROW
  for (size_t row = 0; row < count; row++)
    to[row] = from[row] ^ 1;
  set_truths(dest, to, left_of(f, i)->null);
}

static void run_IS_NULL(expr_frame *f, insn_ref i) {
  expr_register *dest = dest_of(f, i);
  const uint8_t *null = nulls_or_none(left_of(f, i));
  uint8_t *to = truths_of(f, dest);
  const size_t count = f->count;
  EACH_ROW
  for (size_t row = 0; row < count; row++)
    to[row] = null[row] != 0;
  set_truths(dest, to, NULL);
}

static void test_truth(expr_frame *f, insn_ref i, uint8_t wanted) {
  expr_register *dest = dest_of(f, i);
  const uint8_t *from = left_of(f, i)->truths;
  const uint8_t *null = nulls_or_none(left_of(f, i));
  uint8_t *to = truths_of(f, dest);
  const size_t count = f->count;
  EACH_ROW
  for (size_t row = 0; row < count; row++)
    to[row] = (uint8_t)((null[row] == 0) & (from[row] == wanted));
  set_truths(dest, to, NULL);
}

static void run_IS_TRUE(expr_frame *f, insn_ref i) { test_truth(f, i, 1); }

static void run_IS_FALSE(expr_frame *f, insn_ref i) { test_truth(f, i, 0); }

/* ---- membership ---- */

static bool find_number(const expr_constant *set, int64_t value) {
  size_t low = 0, high = set->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (set->numbers[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low < set->count && set->numbers[low] == value;
}

static bool find_text(const expr_constant *set, upk_str value) {
  size_t low = 0, high = set->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (upk_str_compare(set->texts[middle], value) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low < set->count && upk_str_equal(set->texts[low], value);
}

/* Not found is NULL when a null stands in the list; in () is always false. */
static void find_in(expr_frame *f, insn_ref i, bool text) {
  const expr_constant *set = &f->expr->constants.items[i->extra];
  expr_register *dest = dest_of(f, i);
  expr_register l = *left_of(f, i);
  uint8_t *null = writable_nulls(f, dest, l.null, NULL);
  uint8_t *to = truths_of(f, dest);
  for (size_t row = 0; row < f->count; row++) {
    bool found = false;
    if (!null[row]) {
      found = set->count && (text ? find_text(set, l.texts[row])
                                  : find_number(set, l.integers[row]));
      null[row] = !found && set->has_null ? EXPR_NULL : 0;
    } else if (set->count == 0 && !set->has_null)
      null[row] = 0;
    to[row] = found;
  }
  set_truths(dest, to, null);
}

static void run_IN_NUMBERS(expr_frame *f, insn_ref i) { find_in(f, i, false); }

static void run_IN_TEXTS(expr_frame *f, insn_ref i) { find_in(f, i, true); }

static void run_IN_LIST(expr_frame *f, insn_ref i) {
  expr_register *dest = dest_of(f, i);
  const upk_str *texts = left_of(f, i)->texts;
  const upk_list *lists = right_of(f, i)->lists;
  const uint8_t *null =
      merge_nulls(f, dest, left_of(f, i)->null, right_of(f, i)->null);
  uint8_t *to = truths_of(f, dest);
  for (size_t row = 0; row < f->count; row++) {
    to[row] = 0;
    if (null_at(null, row))
      continue;
    for (size_t item = 0; item < lists[row].count && !to[row]; item++)
      to[row] = upk_str_equal(texts[row], lists[row].items[item]);
  }
  set_truths(dest, to, null);
}

/* ---- texts ---- */

static void run_MATCH(expr_frame *f, insn_ref i) {
  const expr_regex *regex = f->expr->constants.items[i->extra].regex;
  expr_register *dest = dest_of(f, i);
  expr_register l = *left_of(f, i);
  uint8_t *to = truths_of(f, dest);
  for (size_t row = 0; row < f->count; row++)
    to[row] = !null_at(l.null, row) && expr_regex_search(regex, l.texts[row]);
  set_truths(dest, to, l.null);
}

static upk_str lowered(upk_arena *arena, upk_str text) {
  char *bytes = upk_arena_alloc(arena, text.len + 1);
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    bytes[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
  }
  return (upk_str){bytes, text.len};
}

static void run_LOWER(expr_frame *f, insn_ref i) {
  expr_register *dest = dest_of(f, i);
  expr_register l = *left_of(f, i);
  upk_str *to = texts_of(f, dest);
  for (size_t row = 0; row < f->count; row++)
    if (!null_at(l.null, row))
      to[row] = lowered(expr_frame_arena(f), l.texts[row]);
  set_texts(dest, to, l.null);
}

/* Bytes that do not continue a character. */
static int64_t characters(upk_str text) {
  int64_t count = 0;
  for (size_t i = 0; i < text.len; i++)
    count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
  return count;
}

#define MEASURE(id, what)                                                      \
  static void run_##id(expr_frame *f, insn_ref i) {                            \
    expr_register *dest = dest_of(f, i);                                       \
    expr_register l = *left_of(f, i);                                          \
    int64_t *to = integers_of(f, dest);                                        \
    for (size_t row = 0; row < f->count; row++)                                \
      to[row] = null_at(l.null, row) ? 0 : (what);                             \
    set_integers(dest, to, l.null);                                            \
  }
MEASURE(LENGTH, characters(l.texts[row]))
MEASURE(COUNT_ITEMS, (int64_t)l.lists[row].count)

static void run_PARSE_VERSION(expr_frame *f, insn_ref i) {
  expr_register *dest = dest_of(f, i);
  expr_register l = *left_of(f, i);
  uint8_t *null = writable_nulls(f, dest, l.null, NULL);
  int64_t *to = integers_of(f, dest);
  for (size_t row = 0; row < f->count; row++) {
    int64_t version = 0;
    if (!null[row] && !upk_version_parse(l.texts[row], &version))
      null[row] = EXPR_NULL;
    to[row] = version;
  }
  set_integers(dest, to, null);
}

/* ---- choice ---- */

static void pick_number(expr_frame *f, insn_ref i, bool greatest) {
  expr_register *dest = dest_of(f, i);
  const int64_t *a = left_of(f, i)->integers, *b = right_of(f, i)->integers;
  const uint8_t *null =
      merge_nulls(f, dest, left_of(f, i)->null, right_of(f, i)->null);
  int64_t *to = integers_of(f, dest);
  const size_t count = f->count;
  EACH_ROW
  for (size_t row = 0; row < count; row++)
    to[row] = (a[row] > b[row]) == greatest ? a[row] : b[row];
  set_integers(dest, to, null);
}

static void run_LEAST(expr_frame *f, insn_ref i) { pick_number(f, i, false); }

static void run_GREATEST(expr_frame *f, insn_ref i) { pick_number(f, i, true); }

static void pick_text(expr_frame *f, insn_ref i, bool greatest) {
  expr_register *dest = dest_of(f, i);
  expr_register l = *left_of(f, i), r = *right_of(f, i);
  const uint8_t *null = merge_nulls(f, dest, l.null, r.null);
  upk_str *to = texts_of(f, dest);
  for (size_t row = 0; row < f->count; row++)
    if (!null_at(null, row)) {
      bool more = upk_str_compare(l.texts[row], r.texts[row]) > 0;
      to[row] = more == greatest ? l.texts[row] : r.texts[row];
    }
  set_texts(dest, to, null);
}

static void run_TEXT_LEAST(expr_frame *f, insn_ref i) {
  pick_text(f, i, false);
}

static void run_TEXT_GREATEST(expr_frame *f, insn_ref i) {
  pick_text(f, i, true);
}

/* Row by row from one of two registers. An all-null register has no texts, so
 * the other says what is stored. */
typedef struct choice {
  expr_register a, b;
  uint8_t *null;
  int64_t *integers;
  uint8_t *truths;
  upk_str *texts;
  upk_list *lists;
} choice;

static choice choose(expr_frame *f, expr_register *dest, const expr_register *a,
                     const expr_register *b) {
  choice c = {.a = *a, .b = *b};
  c.null = nulls_of(f, dest);
  if (a->texts || b->texts)
    c.texts = texts_of(f, dest);
  else if (a->lists || b->lists)
    c.lists = lists_of(f, dest);
  else if (a->integers && b->integers)
    c.integers = integers_of(f, dest);
  if (a->truths && b->truths)
    c.truths = truths_of(f, dest);
  return c;
}

static void take_row(const choice *c, bool first, size_t row) {
  const expr_register *from = first ? &c->a : &c->b;
  uint8_t null = null_at(from->null, row);
  c->null[row] = null;
  if (c->integers)
    c->integers[row] = from->integers[row];
  if (c->truths)
    c->truths[row] = from->truths[row];
  if (c->texts && !null)
    c->texts[row] = from->texts[row];
  if (c->lists && !null)
    c->lists[row] = from->lists[row];
}

static void set_choice(expr_register *dest, const choice *c) {
  set_views(dest, c->null);
  dest->integers = c->integers;
  dest->truths = c->truths;
  dest->texts = c->texts;
  dest->lists = c->lists;
}

static void run_COALESCE(expr_frame *f, insn_ref i) {
  expr_register *dest = dest_of(f, i);
  choice c = choose(f, dest, left_of(f, i), right_of(f, i));
  for (size_t row = 0; row < f->count; row++) {
    uint8_t before = null_at(c.a.null, row);
    take_row(&c, !before, row);
    if (c.null[row])
      c.null[row] |= before; /* a fault is not forgotten */
  }
  set_choice(dest, &c);
}

static void run_SELECT(expr_frame *f, insn_ref i) {
  expr_register *dest = dest_of(f, i);
  expr_register when = *left_of(f, i);
  choice c = choose(f, dest, right_of(f, i), &f->registers[i->extra]);
  for (size_t row = 0; row < f->count; row++) {
    uint8_t null = null_at(when.null, row);
    take_row(&c, !null && when.truths[row], row);
    if (c.null[row])
      c.null[row] |= null & (EXPR_OVERFLOW | EXPR_ZERO_DIVISION);
  }
  set_choice(dest, &c);
}

static const expr_kernel kernels[] = {
#define X(id, doc) run_##id,
#include "expr/ops.def"
#undef X
};

const expr_kernel *expr_kernels(void) { return kernels; }
