/* How the diagnostics of expressions read: one file a code in
 * tests/golden/diagnostics. UPKEEP_REGOLD=1 writes them anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr.h"

typedef struct sample {
  int code;
  const char *key, *text; /* a line of a policy */
} sample;

/* The first of several samples of a code should be the commonest mistake. */
static const sample samples[] = {
    {1101, "where", "state == 'active'"},
    {1101, "where", "valid && size > 1GiB"},
    {1101, "where", "rows % 2 = 0"},
    {1102, "ensure", "bloat_ratio <="},
    {1102, "where", "valid and or size > 1GiB"},
    {1102, "where", "(size > 1GiB"},
    {1102, "where", "case state when 'x' then 1 end > 0"},
    {1103, "where", "size >= 64mb"},
    {1103, "ensure", "age <= 1.5h"},
    {1103, "ensure", "rows < 1e6"},
    {1104, "ensure", "bloat_ratio <= 30MiB"},
    {1104, "ensure", "bloat_ratio <= 30"},
    {1104, "where", "server_version >= 14.2"},
    {1104, "where", "table.size > rows"},
    {1104, "where", "rows = 'many'"},
    {1105, "ensure", "size + age < 1GiB"},
    {1105, "ensure", "size + 5 < 1GiB"},
    {1106, "where", "not size"},
    {1106, "where", "lower(rows) = 'x'"},
    {1107, "ensure", "blaot_ratio <= 30%"},
    {1107, "where", "tables.size > 1GiB and state = \"active\""},
    {1108, "where", "lenth(state, 1) > 3"},
    {1109, "where", "starts_with(state)"},
    {1110, "where", "state = 'active"},
    {1111, "where", "created < 2026-11-27"},
    {1111, "where", "created < 2026-02-30T00:00Z"},
    {1112, "where", "rows < 99_999_999_999G"},
    {1113, "ensure", "bloat_ratio <= 0.12345678"},
    {1113, "where", "rows > 0.0005k"},
    {1114, "where", "state ~ 'idle ('"},
    {1114, "where", "state ~ '(a+)\\1'"},
    {1114, "where", "state ~ '.{1000}'"},
    {1115, "where", "state ~ other"},
    {1118, "ensure", "size"},
    {1118, "ensure", "lower(state)"},
    {1119, "ensure", "coalesce(size, 7d) > 1GiB"},
    {1119, "ensure", "size < case when valid then 1GiB else 7d end"},
    {1120, "where", "valid > other_valid"},
    {1121, "where", "state = null"},
    {1122, "where", "  "},
    {1123, "where", "state = '\xff'"},
    {1124, "where", "1MiB < size < 1GiB"},
    {1125, "ensure", "rows / 0 < 1"},
};

static const struct {
  const char *name;
  upk_type type;
} attributes[] = {
    {"size", UPK_TYPE_BYTES},        {"bloat_ratio", UPK_TYPE_RATIO},
    {"age", UPK_TYPE_DURATION},      {"rows", UPK_TYPE_INT},
    {"state", UPK_TYPE_TEXT},        {"other", UPK_TYPE_TEXT},
    {"valid", UPK_TYPE_BOOL},        {"other_valid", UPK_TYPE_BOOL},
    {"created", UPK_TYPE_TIMESTAMP}, {"server_version", UPK_TYPE_VERSION},
    {"table.size", UPK_TYPE_BYTES},
};
enum { ATTRIBUTE_COUNT = sizeof attributes / sizeof *attributes };

static bool find(void *ctx, const upk_name *name, upk_type *ret_type,
                 uint32_t *ret_slot) {
  (void)ctx;
  upk_buf text = {0};
  upk_name_print(name, &text);
  bool found = false;
  for (uint32_t i = 0; i < ATTRIBUTE_COUNT && !found; i++) {
    found = upk_str_is(upk_buf_view(&text), attributes[i].name);
    if (found) {
      *ret_type = attributes[i].type;
      *ret_slot = i;
    }
  }
  upk_buf_free(&text);
  return found;
}

static size_t candidates(void *ctx, upk_arena *arena, upk_str **ret_names) {
  (void)ctx;
  *ret_names = UPK_NEW_ARRAY(arena, upk_str, ATTRIBUTE_COUNT);
  for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
    (*ret_names)[i] = upk_str_from(attributes[i].name);
  return ATTRIBUTE_COUNT;
}

/* A policy whose line 4 holds the expression. */
static void compile(const char *key, upk_str text, upk_arena *arena,
                    upk_diags *diags) {
  const upk_scope scope = {find, candidates, NULL};
  upk_str file = upk_arena_printf(
      arena, "policies:\n  - name: sample\n    for: index\n    %s: %.*s\n", key,
      UPK_FMT(text));
  upk_diags_init(diags, arena);
  uint32_t column = (uint32_t)strlen(key) + 7;
  upk_span origin = {
      upk_diags_source(diags, UPK_STR("policies/sample.yaml"), file), 4, column,
      4, column};
  upk_expr_compile(arena, text, origin, &scope, UPK_TYPE_BOOL, diags);
}

static void add_sample(const char *key, upk_str text, int code, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  compile(key, text, arena, &diags);
  bool has_code = false;
  for (size_t i = 0; i < diags.items.len; i++)
    has_code |= diags.items.items[i].code == code;
  if (!has_code)
    print_error("no UPK%d: %.*s\n", code, UPK_FMT(text));
  assert_true(has_code);
  upk_diags_render_text(&diags, false, out);
  upk_buf_char(out, '\n');
  upk_arena_free(arena);
}

/* 1116 and 1117 need a text that nobody would write out. */
static void add_made(int code, upk_buf *out) {
  upk_buf text = {0};
  if (code == 1116) {
    for (int i = 0; i < 300; i++)
      upk_buf_char(&text, '(');
    add_sample("where", upk_buf_view(&text), code, out);
  }
  for (int i = 0; code == 1117 && i < 10000; i++)
    upk_buf_str(&text, UPK_STR("valid or "));
  if (code == 1117)
    add_sample("where", upk_buf_view(&text), code, out);
  upk_buf_free(&text);
}

/* Long lines are cut: only their head is worth a look. */
static upk_buf cut_lines(const upk_buf *text) {
  upk_buf cut = {0};
  size_t column = 0;
  for (size_t i = 0; i < text->len; i++) {
    column = text->data[i] == '\n' ? 0 : column + 1;
    if (column <= 400)
      upk_buf_char(&cut, text->data[i]);
  }
  return cut;
}

static upk_buf golden_of(int code) {
  upk_buf all = {0};
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
    if (samples[i].code == code)
      add_sample(samples[i].key, upk_str_from(samples[i].text), code, &all);
  add_made(code, &all);
  upk_buf cut = cut_lines(&all);
  upk_buf_free(&all);
  return cut;
}

static void compare(int code) {
  char path[512];
  snprintf(path, sizeof path,
           UPKEEP_SOURCE_DIR "/tests/golden/diagnostics/UPK%d.txt", code);
  upk_buf got = golden_of(code), want = {0};
  assert_true(got.len > 0);
  bool write = getenv("UPKEEP_REGOLD") != NULL;
  FILE *file = fopen(path, write ? "wb" : "rb");
  if (!file)
    print_error("%s is missing; UPKEEP_REGOLD=1 makes it\n", path);
  assert_non_null(file);
  char chunk[4096];
  if (write)
    fwrite(got.data, 1, got.len, file);
  for (size_t n; !write && (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
    upk_buf_add(&want, chunk, n);
  fclose(file);
  if (!write && !upk_str_equal(upk_buf_view(&got), upk_buf_view(&want)))
    print_error("UPK%d reads now:\n%.*s\n", code, UPK_FMT(upk_buf_view(&got)));
  if (!write)
    assert_true(upk_str_equal(upk_buf_view(&got), upk_buf_view(&want)));
  upk_buf_free(&got);
  upk_buf_free(&want);
}

static void test_every_code(void **state) {
  (void)state;
  size_t count = 0;
  const upk_code *row;
  for (size_t i = 0; (row = upk_code_at(i)); i++)
    if (row->code >= 1100 && row->code < 1200) {
      compare(row->code);
      count++;
    }
  assert_true(count > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_code)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
