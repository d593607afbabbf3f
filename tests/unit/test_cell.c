/* Values of databases in the types of columns. */
#include "cm.h"

#include "cell.h"

static void integers_are_exact(void **state) {
  static const struct {
    const char *text;
    bool whole, parsed; /* with a fraction of zeros; without */
    int64_t value;
  } rows[] = {
      {"0", true, true, 0},
      {"-12", true, true, -12},
      {"9223372036854775807", true, true, INT64_MAX},
      {"-9223372036854775808", true, true, INT64_MIN},
      {"9223372036854775808", false, false, 0},
      {"-9223372036854775809", false, false, 0},
      {"12.000", true, false, 12},
      {"12.", true, false, 12},
      {"12.5", false, false, 0},
      {"", false, false, 0},
      {"-", false, false, 0},
      {"+1", false, false, 0},
      {" 1", false, false, 0},
      {".0", false, false, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    upk_str text = upk_str_from(rows[i].text);
    int64_t value = 7;
    assert_int_equal(upk_int_parse(text, &value), rows[i].parsed);
    assert_int_equal(value, rows[i].parsed ? rows[i].value : 7);
    value = 7;
    assert_int_equal(upk_cell_integer(&(upk_cell_value){.text = text},
                                      UPK_TYPE_BYTES, &value),
                     rows[i].whole);
    assert_int_equal(value, rows[i].whole ? rows[i].value : 7);
  }
}

static void types_are_kept_apart(void **state) {
  int64_t value = 7;
  (void)state;
  assert_true(
      upk_cell_integer(&(upk_cell_value){.integer = 1}, UPK_TYPE_BOOL, &value));
  assert_false(
      upk_cell_integer(&(upk_cell_value){.integer = 2}, UPK_TYPE_BOOL, &value));
  assert_false(upk_cell_integer(&(upk_cell_value){.text = UPK_STR("1")},
                                UPK_TYPE_BOOL, &value));
  assert_false(upk_cell_integer(&(upk_cell_value){.boolean = true},
                                UPK_TYPE_INT, &value));
  assert_false(upk_cell_integer(&(upk_cell_value){.integer = 15},
                                UPK_TYPE_VERSION, &value));
  assert_int_equal(value, 1);
  assert_true(upk_cell_integer(&(upk_cell_value){.text = UPK_STR("15.2")},
                               UPK_TYPE_VERSION, &value));
}

static void lists_come_in_two_forms(void **state) {
  static const struct {
    const char *text;
    int count; /* -1: it is none */
    const char *last;
  } rows[] = {
      {"[]", 0, NULL},
      {"{}", 0, NULL},
      {"[\"a\", \"b\\n\"]", 2, "b\n"},
      {"{a,\"b c\"}", 2, "b c"},
      {"{a", -1, NULL},
      {"{NULL}", -1, NULL},
      {"[1]", -1, NULL},
      {"[", -1, NULL},
      {"{a}b", -1, NULL},
      {"", -1, NULL},
  };
  upk_arena *arena = upk_arena_new(NULL);
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    upk_list list = {0};
    bool good = upk_cell_list(arena, upk_str_from(rows[i].text), &list);
    assert_int_equal(good, rows[i].count >= 0);
    if (!good)
      continue;
    assert_int_equal(list.count, rows[i].count);
    if (rows[i].last)
      assert_true(upk_str_is(list.items[list.count - 1], rows[i].last));
  }
  upk_arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_are_exact),
      cmocka_unit_test(types_are_kept_apart),
      cmocka_unit_test(lists_come_in_two_forms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
