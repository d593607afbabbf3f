/* Scalars by what is expected: rulings 13 as a table. */
#include <string.h>

#include "cm.h"
#include "front/scalar.h"

static upk_arena *arena;
static upk_diags diags;

static int begin(void **state) {
  (void)state;
  arena = upk_arena_new(NULL);
  return 0;
}

static int end(void **state) {
  (void)state;
  upk_arena_free(arena);
  return 0;
}

static node *scalar(node_type type, const char *text) {
  upk_diags_init(&diags, arena);
  return node_new_text(arena, type, upk_str_from(text), UPK_NO_SPAN);
}

enum { NO = -1 }; /* not read; the diagnostic's code follows */

typedef struct row {
  node_type type;
  const char *text;
  int64_t value; /* NO: refused */
  int code;
} row;

static void check(const row *r, bool read, int64_t value) {
  if (r->code == 0) {
    if (!read || value != r->value)
      fail_msg("%s gave %lld", r->text, read ? (long long)value : -1LL);
    assert_int_equal(diags.items.len, 0);
    return;
  }
  if (read || diags.items.len != 1 || diags.items.items[0].code != r->code)
    fail_msg("%s was not refused by %d", r->text, r->code);
}

#define P NODE_PLAIN
#define T NODE_TEXT

static void bools(void **state) {
  static const row rows[] = {
      {P, "true", 1, 0},     {P, "false", 0, 0},  {P, "yes", NO, 1025},
      {P, "No", NO, 1025},   {P, "on", NO, 1025}, {P, "y", NO, 1025},
      {P, "True", NO, 1025}, {P, "1", NO, 1026},  {T, "true", NO, 1021},
      {P, "~", NO, 1021},    {P, "012", NO, 1025}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool value = false;
    node *n = scalar(rows[i].type, rows[i].text);
    bool read = scalar_bool(&diags, n, UPK_STR("atomic"), &value);
    check(&rows[i], read, value);
  }
}

static void integers(void **state) {
  static const row rows[] = {{P, "12", 12, 0},
                             {P, "+7", 7, 0},
                             {P, "0", 0, 0},
                             {P, "0x1f", 31, 0},
                             {P, "0o17", 15, 0},
                             {P, "012", NO, 1025},
                             {P, "1:30", NO, 1025},
                             {P, "1e3", NO, 1025},
                             {P, ".5", NO, 1025},
                             {P, "1.0", NO, 1025},
                             {P, "yes", NO, 1025},
                             {P, "1_000", NO, 1026},
                             {P, "101", NO, 1023},
                             {P, "-1", NO, 1023},
                             {T, "12", NO, 1021},
                             {P, "null", NO, 1021},
                             {P, "0x", NO, 1026},
                             {P, "-", NO, 1026},
                             {P, "2026-11-27", NO, 1026},
                             {P, "9223372036854775808", NO, 1026}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t value = 0;
    node *n = scalar(rows[i].type, rows[i].text);
    bool read = scalar_int(&diags, n, UPK_STR("priority"), 0, 100, &value);
    check(&rows[i], read, value);
  }
}

static void durations(void **state) {
  static const row rows[] = {
      {P, "90s", 90000000, 0}, {T, "1h30m", 5400000000, 0},
      {P, "0", 0, 0},          {P, "30", NO, 1026},
      {P, "1:30", NO, 1025},   {P, "no", NO, 1025},
      {P, "1.5h", NO, 1026},   {P, "2d", NO, 1023},
      {P, "-1s", NO, 1026},    {P, "~", NO, 1021}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t us = 0;
    node *n = scalar(rows[i].type, rows[i].text);
    bool read = scalar_duration(&diags, n, UPK_STR("cooldown"), 0,
                                INT64_C(86400000000), &us);
    check(&rows[i], read, us);
  }
}

static void sizes(void **state) {
  static const row rows[] = {{P, "64MiB", 64 << 20, 0},
                             {P, "1.5GiB", INT64_C(1610612736), 0},
                             {P, "10GB", INT64_C(10000000000), 0},
                             {P, "0", 0, 0},
                             {P, "512", NO, 1026},
                             {P, "0.3B", NO, 1026},
                             {P, "MiB", NO, 1026},
                             {P, "9999999999TiB", NO, 1026},
                             {P, "1.MiB", NO, 1026},
                             {P, "64 MiB", NO, 1026}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t bytes = 0;
    node *n = scalar(rows[i].type, rows[i].text);
    bool read = scalar_bytes(&diags, n, UPK_STR("room"), &bytes);
    check(&rows[i], read, bytes);
  }
}

static void ratios(void **state) {
  static const row rows[] = {
      {P, "30%", 300000, 0}, {P, "0.3", 300000, 0},    {P, "1.2345%", 12345, 0},
      {P, "0", 0, 0},        {P, "3", NO, 1026},       {P, ".5", NO, 1025},
      {P, "%", NO, 1026},    {P, "0.00001%", NO, 1026}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t ppm = 0;
    node *n = scalar(rows[i].type, rows[i].text);
    bool read = scalar_ratio(&diags, n, UPK_STR("share"), &ppm);
    check(&rows[i], read, ppm);
  }
}

static void texts(void **state) {
  static const row rows[] = {
      {P, "no", 2, 0},       {P, "1e3", 3, 0},     {P, "42", 2, 0},
      {P, "true", 4, 0},     {P, "012", NO, 1025}, {P, "1:30", NO, 1025},
      {T, "012", 3, 0},      {T, "1:30", 4, 0},    {T, "null", 4, 0},
      {P, "null", NO, 1021}, {T, " ", NO, 1026},   {T, "", NO, 1026}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    upk_str text = UPK_NO_STR;
    node *n = scalar(rows[i].type, rows[i].text);
    bool read = scalar_text(&diags, n, UPK_STR("owner"), &text);
    check(&rows[i], read, (int64_t)text.len);
  }
}

static void typed_values_of_lua_are_read_too(void **state) {
  node number = {.type = NODE_INT, .integer = 30};
  node yes = {.type = NODE_BOOL, .boolean = true};
  node list = {.type = NODE_LIST};
  int64_t value;
  bool flag;
  (void)state;
  upk_diags_init(&diags, arena);
  assert_true(scalar_int(&diags, &number, UPK_STR("k"), 0, 30, &value));
  assert_true(scalar_bool(&diags, &yes, UPK_STR("k"), &flag));
  assert_true(flag);
  assert_int_equal(diags.items.len, 0);
  assert_false(scalar_duration(&diags, &number, UPK_STR("k"), 0, 9, &value));
  assert_text(diags.items.items[0].message, "`k` needs a unit");
  assert_false(scalar_int(&diags, &list, UPK_STR("k"), 0, 9, &value));
  assert_text(diags.items.items[1].message,
              "`k` must be an integer, not a list");
}

static void long_texts_are_cut_in_messages(void **state) {
  char text[200];
  int64_t value;
  (void)state;
  memset(text, 'x', sizeof text);
  memcpy(text + 59, "\xe2\x82\xac", 3);
  upk_diags_init(&diags, arena);
  node *n = node_new_text(arena, P, (upk_str){text, sizeof text}, UPK_NO_SPAN);
  assert_false(scalar_int(&diags, n, UPK_STR("k"), 0, 9, &value));
  assert_true(diags.items.items[0].message.len < 100);
  assert_int_equal(diags.items.items[0].message.data[60], '`');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bools),
      cmocka_unit_test(integers),
      cmocka_unit_test(durations),
      cmocka_unit_test(sizes),
      cmocka_unit_test(ratios),
      cmocka_unit_test(texts),
      cmocka_unit_test(typed_values_of_lua_are_read_too),
      cmocka_unit_test(long_texts_are_cut_in_messages),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
