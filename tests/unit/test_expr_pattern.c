/* LIKE, globs and regular expressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "expr.h"
#include "expr/regex.h"

typedef struct row {
  const char *pattern, *text;
  bool matches;
} row;

static void check(bool (*match)(upk_str text, upk_str pattern), const row *rows,
                  size_t count) {
  for (size_t i = 0; i < count; i++) {
    bool got = match(upk_str_from(rows[i].text), upk_str_from(rows[i].pattern));
    if (got != rows[i].matches)
      print_error("`%s` on `%s`\n", rows[i].pattern, rows[i].text);
    assert_int_equal(got, rows[i].matches);
  }
}
#define CHECK(match, rows) check(match, rows, sizeof(rows) / sizeof *(rows))

static bool like(upk_str text, upk_str pattern) {
  return upk_like(text, pattern, false);
}

static bool search(upk_str text, upk_str pattern) {
  upk_arena *arena = upk_arena_new(NULL);
  expr_regex_error error;
  const expr_regex *regex = expr_regex_compile(arena, pattern, &error);
  assert_non_null(regex);
  bool found = expr_regex_search(regex, text);
  upk_arena_free(arena);
  return found;
}

static void test_like(void **state) {
  (void)state;
  static const row rows[] = {
      {"", "", true},           {"", "a", false},         {"%", "", true},
      {"a%b%c", "axbxc", true}, {"a%b%c", "axbx", false}, {"%ab", "aab", true},
      {"%ab", "aba", false},    {"_", "\xc3\xa4", true},  {"_", "", false},
      {"__", "\xff\xff", true}, {"a\\%", "a%", true},     {"a\\%", "ab", false},
      {"\\\\", "\\", true},     {"%%%", "x", true},       {"a", "A", false},
      {"%_%", "", false},
  };
  CHECK(like, rows);
  assert_true(upk_like(UPK_STR("TABLE"), UPK_STR("t%le"), true));
  assert_false(upk_like(UPK_STR("\xc3\x84"), UPK_STR("\xc3\xa4"), true));
}

static void test_glob(void **state) {
  (void)state;
  static const row rows[] = {
      {"*", "", true},
      {"a*", "a/b", true},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"[]]", "]", true},
      {"[a", "[a", true},
      {"\\*", "*", true},
      {"\\*", "x", false},
      {"rebuild_index:public.*", "rebuild_index:public.t", true},
      {"**", "a/b", true},
      {"*a*b*", "xaxxb", true},
      {"*ab", "aab", true},
      {"x", "", false},
  };
  CHECK(upk_glob, rows);
}

static void test_glob_path(void **state) {
  (void)state;
  static const row rows[] = {
      {"policies/*.yaml", "policies/a.yaml", true},
      {"policies/*.yaml", "policies/x/a.yaml", false},
      {"policies/**/*.yaml", "policies/a.yaml", true},
      {"policies/**/*.yaml", "policies/x/y/a.yaml", true},
      {"policies/**/*.yaml", "policies/x/y/a.lua", false},
      {"a/**/b", "a/xb", false},
      {"a/**/b", "a/x/b", true},
      {"**/b", "b", true},
      {"**/b", "ab", false},
      {"a/**", "a/b/c", true},
      {"a?b", "a/b", false},
      {"a[/]b", "a/b", false},
      {"*/x*y/z", "q/xay/z", true},
      {"*/x*y/z", "q/xa/y/z", false},
      {"**x", "a/b/x", true},
      {"**/*b/*c", "p/ab/q/xb/yc", true},
  };
  CHECK(upk_glob_path, rows);
}

static void test_regex(void **state) {
  (void)state;
  static const row rows[] = {
      {"", "", true},
      {"b", "abc", true},
      {"^b", "abc", false},
      {"c$", "abc", true},
      {"^abc$", "abc", true},
      {"a|b", "xb", true},
      {"^(a|bc)+$", "abcbca", true},
      {"^(a|bc)+$", "abcb", false},
      {"^a{2,3}$", "a", false},
      {"^a{2,3}$", "aa", true},
      {"^a{2,3}$", "aaa", true},
      {"^a{2,3}$", "aaaa", false},
      {"^a{2,}$", "aaaaa", true},
      {"^a{2,}$", "a", false},
      {"^a{0}b$", "b", true},
      {"^a{0,2}b$", "aab", true},
      {"^a{0,2}b$", "aaab", false},
      {"^(ab){2}$", "abab", true},
      {"^(a{1,2}){2}$", "aaaa", true},
      {"^(a{1,2}){2}$", "aaaaa", false},
      {"^(a?b*){3}$", "abbab", true},
      {"^(a+)*$", "aaa", true},
      {"^(a|b*)*c$", "abbac", true},
      {"^()$", "", true},
      {"^[a-c0-9]+$", "b7c", true},
      {"^[^a-c]$", "d", true},
      {"^[^a-c]$", "b", false},
      {"^[]x]+$", "]x", true},
      {"^[a-]+$", "-a", true},
      {"^[[:digit:]]+$", "123", true},
      {"^[[:alpha:]_]+$", "a_b", true},
      {"^\\d\\w\\s$", "1a ", true},
      {"^\\D\\W\\S$", "a b", true},
      {"^[\\d.]+$", "1.2", true},
      {"^.$", "\xc3\xa4", true},
      {"^[\xc3\xa4-\xc3\xb6]$", "\xc3\xb5", true},
      {"^.$", "\xff", true},
      {"\\.", "a", false},
      {"\\t", "\t", true},
      {"^(?:ab|cd)$", "cd", true},
      {"a||b", "x", true},
      {"x*", "", true},
      {"^(^a)", "a", true},
      {"(a|$)b", "xb", false},
      {"^a|b$", "cb", true},
  };
  CHECK(search, rows);
}

static void test_regex_errors(void **state) {
  (void)state;
  static const struct {
    const char *pattern;
    size_t offset;
  } rows[] = {{"a(", 1},      {"a)", 1},    {"[a", 0},       {"*", 0},
              {"a**", 2},     {"a{2", 1},   {"a{,2}", 1},    {"a{3,2}", 1},
              {"a{256}", 2},  {"\\", 0},    {"(a)\\1", 3},   {"\\q", 0},
              {"(?=a)", 0},   {"[b-a]", 1}, {"[[:no:]]", 1}, {"[[.a.]]", 1},
              {"a{2}{3}", 4}, {"a+?", 2}};
  upk_arena *arena = upk_arena_new(NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    expr_regex_error error = {99, NULL};
    const expr_regex *regex =
        expr_regex_compile(arena, upk_str_from(rows[i].pattern), &error);
    if (regex || error.offset != rows[i].offset)
      print_error("`%s`: %zu %s\n", rows[i].pattern, error.offset, error.text);
    assert_null(regex);
    assert_non_null(error.text);
    assert_int_equal(error.offset, rows[i].offset);
  }
  expr_regex_error error = {0, NULL};
  assert_null(
      expr_regex_compile(arena, UPK_STR("((a{200}){200}){200}"), &error));
  assert_non_null(error.text);
  upk_arena_free(arena);
}

/* Patterns that take a backtracking matcher longer than the universe. */
static void test_linear_time(void **state) {
  (void)state;
  enum { LENGTH = 200000 };
  char *text = malloc(LENGTH);
  assert_non_null(text);
  memset(text, 'a', LENGTH);
  upk_str long_text = {text, LENGTH};
  assert_false(search(long_text, UPK_STR("^(a*)*b$")));
  assert_false(search(long_text, UPK_STR("(a+a+)+b")));
  assert_false(search(long_text, UPK_STR("(a|a|a)*(a|aa)*b")));
  assert_true(search(long_text, UPK_STR("^(a?){20}a{20}")));
  assert_false(upk_glob(long_text, UPK_STR("*a*b")));
  assert_false(upk_glob_path(long_text, UPK_STR("**a**b")));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_like),         cmocka_unit_test(test_glob),
      cmocka_unit_test(test_glob_path),    cmocka_unit_test(test_regex),
      cmocka_unit_test(test_regex_errors), cmocka_unit_test(test_linear_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
