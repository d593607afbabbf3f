/* Runs the files of tests/lang/expr; see the README there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr.h"

typedef struct let {
  upk_str name;
  upk_column column;
} let;

typedef struct suite {
  upk_arena *arena;
  const char *path;
  size_t line, rows, checked, failed;
  UPK_VEC(let) lets;
  upk_column *columns;
} suite;

static void complain(suite *s, upk_str text, const char *what, upk_str got) {
  s->failed++;
  print_error("%s:%zu: %.*s\n  %s: %.*s\n", s->path, s->line, UPK_FMT(text),
              what, UPK_FMT(got));
}

static upk_str copy_buf(suite *s, upk_buf *buf) {
  upk_str text =
      upk_arena_copy(s->arena, buf->len ? upk_buf_view(buf) : UPK_STR(""));
  upk_buf_free(buf);
  return text;
}

/* ---- scope ---- */

static bool find(void *ctx, const upk_name *name, upk_type *ret_type,
                 uint32_t *ret_slot) {
  suite *s = ctx;
  upk_buf text = {0};
  upk_name_print(name, &text);
  upk_str printed = copy_buf(s, &text);
  for (size_t i = 0; i < s->lets.len; i++)
    if (upk_str_equal(s->lets.items[i].name, printed)) {
      *ret_type = s->lets.items[i].column.type;
      *ret_slot = (uint32_t)i;
      return true;
    }
  return false;
}

static size_t candidates(void *ctx, upk_arena *arena, upk_str **ret_names) {
  suite *s = ctx;
  *ret_names = UPK_NEW_ARRAY(arena, upk_str, s->lets.len + 1);
  for (size_t i = 0; i < s->lets.len; i++)
    (*ret_names)[i] = s->lets.items[i].name;
  return s->lets.len;
}

static upk_expr *compile(suite *s, upk_str text, upk_type expected,
                         upk_diags *diags) {
  upk_scope scope = {find, candidates, s};
  upk_diags_init(diags, s->arena);
  uint32_t source = upk_diags_source(diags, UPK_STR("t"), text);
  upk_span origin = {source, 1, 1, 1, 1};
  return upk_expr_compile(s->arena, text, origin, &scope, expected, diags);
}

/* ---- let ---- */

/* " | " between values; absent when none is left. */
static upk_str next_value(upk_str *rest) {
  upk_str value = *rest;
  for (size_t i = 0; i + 3 <= value.len; i++)
    if (memcmp(value.data + i, " | ", 3) == 0) {
      *rest = (upk_str){value.data + i + 3, value.len - i - 3};
      return (upk_str){value.data, i};
    }
  *rest = UPK_NO_STR;
  return value;
}

static void read_value(suite *s, upk_str text, upk_column *column, size_t row) {
  upk_diags diags;
  upk_expr *expr = compile(s, text, column->type, &diags);
  assert_non_null(expr);
  upk_column value;
  upk_expr_eval(expr, NULL, 0, 1, s->arena, &value, NULL);
  ((uint8_t *)(uintptr_t)column->null)[row] = value.null[0];
  if (column->type == UPK_TYPE_TEXT)
    ((upk_str *)(uintptr_t)column->texts)[row] = value.texts[0];
  else if (column->type == UPK_TYPE_LIST)
    ((upk_list *)(uintptr_t)column->lists)[row] = value.lists[0];
  else
    ((int64_t *)(uintptr_t)column->integers)[row] = value.integers[0];
}

static void add_let(suite *s, upk_str text) {
  enum { MOST = 16 };
  const char *equals = strstr(text.data, " = ");
  assert_non_null(equals);
  upk_str head = {text.data, (size_t)(equals - text.data)};
  size_t space = head.len;
  while (head.data[--space] != ' ')
    ;
  let made = {.name = {head.data, space}};
  upk_str type = {head.data + space + 1, head.len - space - 1};
  assert_true(upk_type_find(type, &made.column.type));
  made.column.null = UPK_NEW_ARRAY(s->arena, uint8_t, MOST);
  made.column.integers = UPK_NEW_ARRAY(s->arena, int64_t, MOST);
  made.column.texts = UPK_NEW_ARRAY(s->arena, upk_str, MOST);
  made.column.lists = UPK_NEW_ARRAY(s->arena, upk_list, MOST);
  upk_str rest = {equals + 3, text.len - head.len - 3};
  size_t rows = 0;
  for (; rest.data; rows++)
    read_value(s, next_value(&rest), &made.column, rows);
  made.column.constant = rows == 1;
  s->rows = rows > s->rows ? rows : s->rows;
  *UPK_PUSH(s->arena, &s->lets) = made;
  s->columns = UPK_NEW_ARRAY(s->arena, upk_column, s->lets.len);
  for (size_t i = 0; i < s->lets.len; i++)
    s->columns[i] = s->lets.items[i].column;
}

/* ---- what is the same for every expression ---- */

static upk_str values_of(suite *s, const upk_expr *expr,
                         upk_expr_faults *faults) {
  upk_buf text = {0};
  upk_column result;
  upk_expr_eval(expr, s->columns, 0, s->rows, s->arena, &result, faults);
  for (size_t row = 0; row < s->rows; row++) {
    if (row)
      upk_buf_str(&text, UPK_STR(" | "));
    upk_literal_print(result.type, &result, row, &text);
  }
  return copy_buf(s, &text);
}

static upk_str print_of(suite *s, const upk_expr *expr) {
  upk_buf text = {0};
  upk_expr_print(expr, NULL, NULL, &text);
  return copy_buf(s, &text);
}

static void check_again(suite *s, upk_str text, const upk_expr *expr) {
  upk_str printed = print_of(s, expr);
  upk_diags diags;
  upk_expr *again = compile(s, printed, upk_expr_type(expr), &diags);
  if (!again)
    complain(s, text, "does not compile again", printed);
  else if (!upk_str_equal(print_of(s, again), printed))
    complain(s, text, "prints differently again", print_of(s, again));
  else if (!upk_str_equal(values_of(s, expr, NULL), values_of(s, again, NULL)))
    complain(s, text, "has other values when printed", printed);
}

static void check_rows(suite *s, upk_str text, const upk_expr *expr) {
  if (upk_expr_type(expr) != UPK_TYPE_BOOL)
    return;
  static const char *const words[] = {"false", "true", "null"};
  upk_str rest = values_of(s, expr, NULL);
  for (size_t row = 0; row < s->rows; row++) {
    upk_truth truth = upk_expr_truth(expr, s->columns, row);
    if (!upk_str_is(next_value(&rest), words[truth]))
      complain(s, text, "one row alone says", upk_str_from(words[truth]));
  }
}

static bool put_in(void *ctx, const upk_expr_name *name, upk_buf *out) {
  const suite *s = ctx;
  upk_literal_print(name->type, &s->columns[name->slot], 0, out);
  return true;
}

static void check_substituted(suite *s, upk_str text, const upk_expr *expr) {
  upk_buf buf = {0};
  upk_expr_print(expr, put_in, s, &buf);
  upk_str printed = copy_buf(s, &buf);
  upk_diags diags;
  upk_expr *again = compile(s, printed, upk_expr_type(expr), &diags);
  upk_str all = values_of(s, expr, NULL);
  upk_str want = next_value(&all);
  if (!again) {
    complain(s, text, "does not compile with its values", printed);
    return;
  }
  upk_str got_all = values_of(s, again, NULL);
  if (!upk_str_equal(next_value(&got_all), want))
    complain(s, text, "differs with its values put in", printed);
}

/* ---- expectations ---- */

static upk_str errors_of(suite *s, const upk_diags *diags) {
  upk_buf text = {0};
  for (size_t i = 0; i < diags->items.len; i++) {
    const upk_diag *diag = &diags->items.items[i];
    upk_buf_printf(&text, "%s%d at %u", i ? ", " : "", diag->code,
                   diag->labels.len ? diag->labels.items[0].span.column : 0);
  }
  return copy_buf(s, &text);
}

static upk_str because_of(suite *s, const upk_expr *expr) {
  upk_buf text = {0};
  for (size_t row = 0; row < s->rows; row++) {
    if (row)
      upk_buf_str(&text, UPK_STR(" | "));
    upk_expr_because(expr, s->columns, row, &text);
  }
  return copy_buf(s, &text);
}

static bool after(upk_str text, const char *word, upk_str *ret_rest) {
  size_t length = strlen(word);
  if (!upk_str_starts(text, word))
    return false;
  *ret_rest = (upk_str){text.data + length, text.len - length};
  return true;
}

static void check_line(suite *s, upk_str text, upk_str expected) {
  upk_diags diags;
  upk_expr *expr = compile(s, text, UPK_TYPE_NULL, &diags);
  upk_str want = expected, got;
  s->checked++;
  if (after(expected, "error ", &want) || after(expected, "warns ", &want)) {
    got = errors_of(s, &diags);
  } else if (!expr) {
    complain(s, text, "does not compile", errors_of(s, &diags));
    return;
  } else if (after(expected, "prints ", &want)) {
    got = print_of(s, expr);
  } else if (after(expected, "because ", &want)) {
    got = because_of(s, expr);
  } else if (after(expected, "faults ", &want)) {
    upk_expr_faults faults = {0};
    values_of(s, expr, &faults);
    got = upk_arena_printf(s->arena, "%zu %zu", faults.overflows,
                           faults.zero_divisions);
  } else {
    got = values_of(s, expr, NULL);
  }
  if (!upk_str_equal(got, want))
    complain(s, text, "got", got);
  if (!expr)
    return;
  check_again(s, text, expr);
  check_rows(s, text, expr);
  check_substituted(s, text, expr);
}

static void run_line(suite *s, upk_str line) {
  upk_str rest;
  if (line.len == 0 || line.data[0] == '#')
    return;
  if (after(line, "let ", &rest)) {
    add_let(s, rest);
    return;
  }
  size_t at = line.len;
  while (at > 4 && memcmp(line.data + at - 4, " -- ", 4) != 0)
    at--;
  if (at <= 4)
    complain(s, line, "has no expectation", UPK_STR(""));
  else
    check_line(s, upk_str_trim((upk_str){line.data, at - 4}),
               (upk_str){line.data + at, line.len - at});
}

static void run_file(const char *folder, const char *name, suite *totals) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  suite s = {.arena = upk_arena_new(NULL), .path = name, .rows = 1};
  char text[4096];
  while (fgets(text, sizeof text, file)) {
    s.line++;
    upk_str line = {text, strcspn(text, "\n")};
    run_line(&s, upk_arena_copy(s.arena, line));
  }
  fclose(file);
  upk_arena_free(s.arena);
  totals->checked += s.checked;
  totals->failed += s.failed;
}

static void test_language(void **state) {
  (void)state;
  const char *folder = UPKEEP_SOURCE_DIR "/tests/lang/expr";
  DIR *files = opendir(folder);
  assert_non_null(files);
  suite totals = {0};
  for (struct dirent *entry; (entry = readdir(files));)
    if (strstr(entry->d_name, ".expr"))
      run_file(folder, entry->d_name, &totals);
  closedir(files);
  print_message("%zu expressions\n", totals.checked);
  assert_true(totals.checked > 100);
  assert_int_equal(totals.failed, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_language)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
