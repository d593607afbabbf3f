/* libFuzzer target: any bytes as an expression. What compiles must evaluate,
 * print, and compile again to the same text and the same values. */
#include <stdint.h>
#include <stdlib.h>

#include "expr.h"

enum { ROWS = 4 };

typedef struct attribute {
  const char *name;
  upk_type type;
} attribute;
static const attribute attributes[] = {
    {"n", UPK_TYPE_INT},       {"b", UPK_TYPE_BOOL},
    {"t", UPK_TYPE_TEXT},      {"s", UPK_TYPE_BYTES},
    {"r", UPK_TYPE_RATIO},     {"d", UPK_TYPE_DURATION},
    {"q", UPK_TYPE_RATE},      {"g", UPK_TYPE_BYTE_RATE},
    {"w", UPK_TYPE_TIMESTAMP}, {"u", UPK_TYPE_VERSION},
    {"l", UPK_TYPE_LIST},      {"z", UPK_TYPE_NULL},
};
enum { COUNT = sizeof attributes / sizeof *attributes };

static bool find(void *ctx, const upk_name *name, upk_type *ret_type,
                 uint32_t *ret_slot) {
  (void)ctx;
  for (uint32_t i = 0; i < COUNT; i++)
    if (upk_str_is(name->name, attributes[i].name) && !name->argument_count) {
      *ret_type = attributes[i].type;
      *ret_slot = i;
      return true;
    }
  return false;
}

static void must(bool condition) {
  if (!condition)
    abort();
}

static void make_columns(upk_column columns[COUNT]) {
  static const int64_t integers[ROWS] = {0, 1, 1400020000, INT64_MAX};
  static const int64_t truths[ROWS] = {0, 1, 1, 0};
  static const upk_str texts[ROWS] = {
      {"", 0}, {"a", 1}, {"14.2", 4}, {"\xff%", 2}};
  static const upk_list lists[ROWS] = {
      {NULL, 0}, {texts, 1}, {texts, 4}, {texts, 2}};
  static const uint8_t null[ROWS] = {0, 0, 1, 0};
  for (size_t i = 0; i < COUNT; i++) {
    upk_type type = attributes[i].type;
    columns[i] = (upk_column){.type = type, .null = i % 2 ? null : NULL};
    columns[i].integers = type == UPK_TYPE_BOOL ? truths : integers;
    columns[i].texts = texts;
    columns[i].lists = lists;
  }
}

static upk_str values(const upk_expr *expr, upk_arena *arena, upk_buf *out) {
  upk_column columns[COUNT], result;
  upk_expr_faults faults = {0};
  make_columns(columns);
  upk_expr_eval(expr, columns, 0, ROWS, arena, &result, &faults);
  for (size_t row = 0; row < ROWS; row++) {
    upk_literal_print(result.type, &result, row, out);
    upk_buf_char(out, '\n');
    if (result.type != UPK_TYPE_BOOL)
      continue;
    upk_truth truth = upk_expr_truth(expr, columns, row);
    must((truth == UPK_UNKNOWN) == (result.null[row] != 0));
    must((truth == UPK_TRUE) == (result.integers[row] != 0));
    upk_buf because = {0};
    upk_expr_because(expr, columns, row, &because);
    must(because.len > 0);
    upk_buf_free(&because);
  }
  return upk_buf_view(out);
}

static void check_again(upk_arena *arena, const upk_expr *expr,
                        const upk_scope *scope, upk_diags *diags) {
  upk_buf once = {0}, twice = {0}, first = {0}, second = {0};
  upk_expr_print(expr, NULL, NULL, &once);
  upk_expr *again = upk_expr_compile(arena, upk_buf_view(&once), UPK_NO_SPAN,
                                     scope, upk_expr_type(expr), diags);
  /* Literals may print longer than they were written. */
  if (again) {
    upk_expr_print(again, NULL, NULL, &twice);
    must(upk_str_equal(upk_buf_view(&once), upk_buf_view(&twice)));
    must(upk_str_equal(values(expr, arena, &first),
                       values(again, arena, &second)));
  } else {
    must(once.len > 60000);
  }
  upk_buf_free(&once);
  upk_buf_free(&twice);
  upk_buf_free(&first);
  upk_buf_free(&second);
}

static bool put_in(void *ctx, const upk_expr_name *name, upk_buf *out) {
  const upk_column *columns = ctx;
  upk_literal_print(name->type, &columns[name->slot], 1, out);
  return true;
}

static bool is_refused(const upk_diags *diags) {
  for (size_t i = 0; i < diags->items.len; i++) {
    int code = diags->items.items[i].code;
    if (code == 1114 || code == 1116 || code == 1117)
      return true; /* a value is no pattern; the text became too large */
  }
  return false;
}

/* With the second row's values in place of the names. */
static void check_put_in(upk_arena *arena, const upk_expr *expr,
                         const upk_scope *scope) {
  upk_diags diags;
  upk_column columns[COUNT], before, after;
  upk_buf text = {0}, first = {0}, second = {0};
  make_columns(columns);
  upk_diags_init(&diags, arena);
  upk_expr_print(expr, put_in, columns, &text);
  upk_expr *bound = upk_expr_compile(arena, upk_buf_view(&text), UPK_NO_SPAN,
                                     scope, upk_expr_type(expr), &diags);
  must(bound || is_refused(&diags));
  if (bound) {
    upk_expr_eval(expr, columns, 1, 1, arena, &before, NULL);
    upk_expr_eval(bound, columns, 0, 1, arena, &after, NULL);
    upk_literal_print(before.type, &before, 0, &first);
    upk_literal_print(after.type, &after, 0, &second);
    must(upk_str_equal(upk_buf_view(&first), upk_buf_view(&second)));
  }
  upk_buf_free(&text);
  upk_buf_free(&first);
  upk_buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const upk_scope scope = {find, NULL, NULL};
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_diags_init(&diags, arena);
  upk_str text = {(const char *)data, size};
  upk_span origin = {upk_diags_source(&diags, UPK_STR("f"), text), 1, 1, 1, 1};
  upk_expr *expr =
      upk_expr_compile(arena, text, origin, &scope, UPK_TYPE_NULL, &diags);
  must((expr == NULL) == (diags.failures > 0));
  if (expr) {
    check_again(arena, expr, &scope, &diags);
    check_put_in(arena, expr, &scope);
  }
  upk_arena_free(arena);
  return 0;
}
