/* The interface of core/expr.h; the language itself is in tests/lang/expr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "expr.h"

static bool find(void *ctx, const upk_name *name, upk_type *ret_type,
                 uint32_t *ret_slot) {
  static const struct {
    const char *name;
    upk_type type;
  } columns[] = {{"n", UPK_TYPE_INT},
                 {"b", UPK_TYPE_BOOL},
                 {"t", UPK_TYPE_TEXT},
                 {"size", UPK_TYPE_BYTES},
                 {"tags", UPK_TYPE_LIST}};
  (void)ctx;
  for (uint32_t i = 0; i < sizeof columns / sizeof *columns; i++)
    if (!name->qualifier.data && upk_str_is(name->name, columns[i].name)) {
      *ret_type = columns[i].type;
      *ret_slot = i;
      return true;
    }
  return false;
}

static upk_expr *compile_at(upk_arena *arena, upk_str text, upk_span origin,
                            upk_diags *diags) {
  const upk_scope scope = {find, NULL, NULL};
  return upk_expr_compile(arena, text, origin, &scope, UPK_TYPE_NULL, diags);
}

static upk_expr *compile(upk_arena *arena, const char *text) {
  upk_diags diags;
  upk_diags_init(&diags, arena);
  return compile_at(arena, upk_str_from(text), UPK_NO_SPAN, &diags);
}

/* The first code reported for a text, or 0. */
static int code_of(upk_str text) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_diags_init(&diags, arena);
  upk_expr *expr = compile_at(arena, text, UPK_NO_SPAN, &diags);
  int code = diags.items.len ? diags.items.items[0].code : 0;
  assert_true((expr == NULL) == (diags.failures > 0));
  upk_arena_free(arena);
  return code;
}

static void test_types(void **state) {
  (void)state;
  upk_type type;
  assert_string_equal(upk_type_name(UPK_TYPE_BYTE_RATE), "byte_rate");
  assert_true(upk_type_find(UPK_STR("duration"), &type));
  assert_int_equal(type, UPK_TYPE_DURATION);
  assert_false(upk_type_find(UPK_STR("float"), &type));
}

static void test_versions(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t version;
    const char *printed;
  } rows[] = {{"14.2", 1400020000, "14.2"},
              {"16.4 (Debian 16.4-1)", 1600040000, "16.4"},
              {"10.11.19-MariaDB", 1000110019, "10.11.19"},
              {"15.0.2000.5", 1500002000, "15.0.2000"},
              {"3", 300000000, "3"},
              {"18beta1", 1800000000, "18"},
              {"9.", 900000000, "9"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t version = 0;
    upk_buf text = {0};
    assert_true(upk_version_parse(upk_str_from(rows[i].text), &version));
    assert_int_equal(version, rows[i].version);
    upk_version_format(version, &text);
    assert_true(upk_str_is(upk_buf_view(&text), rows[i].printed));
    upk_buf_free(&text);
  }
  int64_t version = 7;
  assert_false(upk_version_parse(UPK_STR(""), &version));
  assert_false(upk_version_parse(UPK_STR("v14"), &version));
  assert_false(upk_version_parse(UPK_STR("14.10000"), &version));
  assert_false(upk_version_parse(UPK_STR("99999999999999999999"), &version));
  assert_int_equal(version, 7);
}

enum { MANY = 3000 };

/* n counts rows, b is null in every third, t is constant. */
static void make_columns(upk_arena *arena, upk_column columns[5]) {
  int64_t *n = UPK_NEW_ARRAY(arena, int64_t, MANY);
  int64_t *b = UPK_NEW_ARRAY(arena, int64_t, MANY);
  uint8_t *null = UPK_NEW_ARRAY(arena, uint8_t, MANY);
  upk_str *t = UPK_NEW(arena, upk_str);
  for (int64_t i = 0; i < MANY; i++) {
    n[i] = i;
    b[i] = i % 2;
    null[i] = i % 3 == 0;
  }
  *t = UPK_STR("Text");
  memset(columns, 0, 5 * sizeof *columns);
  columns[0] = (upk_column){.type = UPK_TYPE_INT, .integers = n};
  columns[1] = (upk_column){.type = UPK_TYPE_BOOL, .integers = b, .null = null};
  columns[2] =
      (upk_column){.type = UPK_TYPE_TEXT, .constant = true, .texts = t};
  columns[3] = (upk_column){.type = UPK_TYPE_NULL}; /* a size, all unknown */
}

static void test_many_rows(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_column columns[5], result;
  upk_expr_faults faults = {0};
  make_columns(arena, columns);
  upk_expr *expr =
      compile(arena, "b and n >= 1500 or lower(t) = 'text' and n = 7");
  assert_non_null(expr);
  upk_expr_eval(expr, columns, 5, MANY - 5, arena, &result, &faults);
  assert_int_equal(result.type, UPK_TYPE_BOOL);
  for (size_t i = 0; i < MANY - 5; i++) {
    size_t n = i + 5;
    upk_truth want = n == 7       ? UPK_TRUE
                     : n < 1500   ? UPK_FALSE
                     : n % 3 == 0 ? UPK_UNKNOWN
                     : n % 2      ? UPK_TRUE
                                  : UPK_FALSE;
    assert_int_equal(result.null[i], want == UPK_UNKNOWN);
    assert_int_equal(result.integers[i], want == UPK_TRUE);
    assert_int_equal(upk_expr_truth(expr, columns, n), want);
  }
  assert_int_equal(faults.overflows + faults.zero_divisions, 0);
  upk_arena_free(arena);
}

static void test_faults(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_column columns[5], result;
  upk_expr_faults faults = {0};
  make_columns(arena, columns);
  upk_expr *expr = compile(arena, "1000 / (n - 2000) > 1");
  upk_expr_eval(expr, columns, 100, MANY - 100, arena, &result, &faults);
  assert_int_equal(faults.zero_divisions, 1);
  assert_int_equal(faults.first_row, 2000);
  expr = compile(arena, "n * 9223372036854775807 > 1");
  upk_expr_eval(expr, columns, 0, MANY, arena, &result, &faults);
  assert_int_equal(faults.overflows, MANY - 2);
  assert_int_equal(faults.first_row, 2000); /* the first of all calls */
  upk_expr_eval(expr, columns, 0, 0, arena, &result, NULL);
  upk_arena_free(arena);
}

static void test_unknown_columns(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_column columns[5];
  make_columns(arena, columns);
  upk_expr *expr = compile(arena, "size > 1GiB or 'a' in tags");
  assert_int_equal(upk_expr_truth(expr, columns, 1), UPK_UNKNOWN);
  /* An engine that gave a text where a size was promised. */
  columns[3] = columns[2];
  assert_int_equal(upk_expr_truth(expr, columns, 1), UPK_UNKNOWN);
  upk_arena_free(arena);
}

static void test_names(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  const upk_expr_name *names;
  upk_expr *expr = compile(arena, "t = 'x' and n > 1 and lower(T) = 'y'");
  assert_int_equal(upk_expr_names(expr, &names), 2);
  assert_true(upk_str_is(names[0].name.name, "t"));
  assert_int_equal(names[1].slot, 0);
  assert_int_equal(names[1].type, UPK_TYPE_INT);
  assert_int_equal(upk_expr_type(expr), UPK_TYPE_BOOL);
  upk_arena_free(arena);
}

/* `count` times `part`, with `end` after it. */
static upk_str repeated(upk_buf *text, const char *part, size_t count,
                        const char *end) {
  text->len = 0;
  for (size_t i = 0; i < count; i++)
    upk_buf_str(text, upk_str_from(part));
  upk_buf_str(text, upk_str_from(end));
  return upk_buf_view(text);
}

static void test_limits(void **state) {
  (void)state;
  upk_buf text = {0};
  assert_int_equal(code_of(repeated(&text, "n = 1 or ", 7000, "b")), 0);
  assert_int_equal(code_of(repeated(&text, "n = 1 or ", 8000, "b")), 1117);
  assert_int_equal(code_of(repeated(&text, "n + ", 150, "n")), 0);
  assert_int_equal(code_of(repeated(&text, "n + ", 250, "n")), 1116);
  assert_int_equal(code_of(repeated(&text, "not ", 150, "b")), 0);
  assert_int_equal(code_of(repeated(&text, "not ", 60000 / 4, "b")), 1116);
  assert_int_equal(code_of(repeated(&text, "(", 65000, "")), 1116);
  assert_int_equal(code_of(repeated(&text, "- ", 30000, "n")), 1116);
  assert_int_equal(code_of(repeated(&text, "abs(", 15000, "n")), 1116);
  assert_int_equal(code_of(repeated(&text, "case when b then ", 3000, "n")),
                   1116);
  assert_int_equal(code_of((upk_str){"n\0", 2}), 1123);
  upk_buf_free(&text);
}

/* More registers than one row has room for: n - (n - (n - ...)). */
static void test_many_registers(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_column columns[5];
  make_columns(arena, columns);
  upk_buf text = {0};
  repeated(&text, "n - (", 99, "n");
  for (size_t i = 0; i < 99; i++)
    upk_buf_char(&text, ')');
  upk_buf_str(&text, UPK_STR(" = 0"));
  upk_expr *expr = compile(arena, text.data);
  assert_non_null(expr);
  assert_int_equal(upk_expr_truth(expr, columns, 5), UPK_TRUE);
  text.len = 0;
  upk_expr_because(expr, columns, 5, &text);
  assert_true(upk_str_starts(upk_buf_view(&text), "n - (n - "));
  upk_buf_free(&text);
  upk_arena_free(arena);
}

/* What the words say in a place of its own. */
static void test_because_text(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_column columns[5];
  make_columns(arena, columns);
  upk_str hostile[] = {UPK_STR("a\n\x1b[31m'")};
  columns[2].texts = hostile;
  upk_buf text = {0};
  upk_buf_str(&text, UPK_STR("so: "));
  upk_expr_because(compile(arena, "t = 'x' and n > 5"), columns, 1, &text);
  assert_string_equal(text.data, "so: t 'a\\x0a\\x1b[31m'' <> 'x', n 1 <= 5");
  upk_buf_free(&text);
  upk_arena_free(arena);
}

static void test_least_integer(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  int64_t least = INT64_MIN;
  upk_column column = {
      .type = UPK_TYPE_INT, .constant = true, .integers = &least};
  upk_column result;
  upk_buf text = {0};
  upk_literal_print(UPK_TYPE_INT, &column, 3, &text);
  upk_expr *expr = compile(arena, text.data);
  upk_expr_eval(expr, NULL, 0, 1, arena, &result, NULL);
  assert_int_equal(result.integers[0], INT64_MIN);
  text.len = 0;
  upk_literal_print(UPK_TYPE_BYTES, &column, 0, &text);
  assert_non_null(compile(arena, text.data));
  upk_buf_free(&text);
  upk_arena_free(arena);
}

static void test_places(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_diags_init(&diags, arena);
  /* The text stands as it is, over two lines, as in a Lua long string. */
  upk_str file = UPK_STR("where = [[n > 1\n  and q]]\n");
  upk_span origin = {upk_diags_source(&diags, UPK_STR("a.lua"), file), 1, 11, 1,
                     11};
  compile_at(arena, UPK_STR("n > 1\n  and q"), origin, &diags);
  upk_span place = diags.items.items[0].labels.items[0].span;
  assert_int_equal(place.line, 2);
  assert_int_equal(place.column, 7);
  assert_int_equal(place.end_column, 8);
  /* It is folded in the source: the whole is marked, the part is told. */
  compile_at(arena, UPK_STR("n > 1 and q"), origin, &diags);
  place = diags.items.items[1].labels.items[0].span;
  assert_memory_equal(&place, &origin, sizeof place);
  assert_int_equal(diags.items.items[1].notes.len, 1);
  assert_true(
      upk_str_is(diags.items.items[1].notes.items[0], "this is about `q`"));
  upk_arena_free(arena);
}

static void test_syntax_only(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_diags_init(&diags, arena);
  assert_true(upk_expr_parses(arena, UPK_STR("any.name > 5d + 'x'"),
                              UPK_NO_SPAN, &diags));
  assert_int_equal(diags.items.len, 0);
  assert_false(
      upk_expr_parses(arena, UPK_STR("any.name >"), UPK_NO_SPAN, &diags));
  assert_int_equal(diags.items.items[0].code, 1102);
  upk_arena_free(arena);
}

static void test_no_scope(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_diags_init(&diags, arena);
  assert_null(upk_expr_compile(arena, UPK_STR("n > 1"), UPK_NO_SPAN, NULL,
                               UPK_TYPE_BOOL, &diags));
  upk_expr *expr = upk_expr_compile(arena, UPK_STR("0"), UPK_NO_SPAN, NULL,
                                    UPK_TYPE_DURATION, &diags);
  assert_int_equal(upk_expr_type(expr), UPK_TYPE_DURATION);
  upk_arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_versions),
      cmocka_unit_test(test_many_rows),
      cmocka_unit_test(test_faults),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_because_text),
      cmocka_unit_test(test_least_integer),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_syntax_only),
      cmocka_unit_test(test_no_scope),
      cmocka_unit_test(test_unknown_columns),
      cmocka_unit_test(test_many_registers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
