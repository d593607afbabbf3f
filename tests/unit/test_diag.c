#include <stdio.h>
#include <string.h>

#include "cm.h"
#include <upkeep/diag.h>

static upk_arena *arena;

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

static upk_diags example(void) {
  upk_diags diags;
  upk_diags_init(&diags, arena);
  uint32_t source = upk_diags_source(
      &diags, UPK_STR("policies/indexes.yaml"),
      UPK_STR("policies:\n  - name: x\n    ensure: bloat_ratio <= 30MiB\n"));
  upk_span left = {source, 3, 13, 3, 24}, right = {source, 3, 28, 3, 33};
  upk_diag *diag = upk_diag_add(
      &diags, 4000, left,
      "`bloat_ratio` is a ratio and cannot be compared with bytes");
  upk_diag_label(&diags, diag, left, "ratio");
  upk_diag_label(&diags, diag, right, "bytes");
  upk_diag_help(&diags, diag, "write a percentage such as 30%%");
  return diags;
}

static void text_has_place_carets_and_help(void **state) {
  upk_buf out = {0};
  (void)state;
  upk_diags diags = example();
  upk_diags_render_text(&diags, false, &out);
  assert_string_equal(
      out.data,
      "error[UPK4000]: `bloat_ratio` is a ratio and cannot be compared with "
      "bytes\n"
      "  --> policies/indexes.yaml:3:13\n"
      "   |\n"
      " 3 |     ensure: bloat_ratio <= 30MiB\n"
      "   |             ^^^^^^^^^^^    ----- bytes\n"
      "   |             ratio\n"
      "   = help: write a percentage such as 30%\n"
      "1 error, 0 warnings\n");
  upk_buf_free(&out);
}

static void a_sink_crosses_a_border_unchanged(void **state) {
  upk_buf one = {0}, wire = {0}, two = {0};
  upk_diags other;
  (void)state;
  upk_diags diags = example();
  upk_diags_render_text(&diags, true, &one);
  upk_diags_encode(&diags, &wire);
  upk_diags_init(&other, arena);
  upk_diags_source(&other, UPK_STR("something else"), UPK_STR("x"));
  assert_true(upk_diags_decode(&other, upk_buf_view(&wire)));
  upk_diags_render_text(&other, true, &two);
  assert_string_equal(one.data, two.data);
  assert_int_equal(other.failures, 1);
  assert_false(upk_diags_decode(&other, UPK_STR("{}x")));
  upk_buf_free(&one);
  upk_buf_free(&wire);
  upk_buf_free(&two);
}

static void nothing_steers_the_terminal(void **state) {
  upk_diags diags;
  upk_buf out = {0};
  (void)state;
  upk_diags_init(&diags, arena);
  uint32_t source = upk_diags_source(&diags, UPK_STR("a\x1b[2Jb\n.yaml"),
                                     UPK_STR("x: \xc2\x9b|\xe2\x80\xae|\n"));
  upk_diag *diag = upk_diag_add(&diags, 1020, (upk_span){source, 1, 6, 1, 7},
                                "no `\x1b]0;x\x07`");
  upk_diag_help(&diags, diag, "\xe2\x80\xae and \n");
  upk_diag_note(&diags, diag, "\x7f");
  upk_diag_label(&diags, diag, (upk_span){source, 1, 1, 1, 2}, "\x08");
  upk_diags_render_text(&diags, false, &out);
  for (size_t i = 0; i < out.len; i++)
    assert_true(out.data[i] == '\n' || (unsigned char)out.data[i] >= ' ');
  assert_null(strchr(out.data, 0x7f));
  assert_null(strstr(out.data, "\xc2\x9b"));
  assert_null(strstr(out.data, "\xe2\x80\xae"));
  assert_non_null(strstr(out.data, "no `\\x1b]0;x\\x07`"));
  assert_non_null(strstr(out.data, " 1 | x:  | |\n")); /* carets stay right */
  upk_buf_free(&out);
}

/* What an earlier compilation of the same command said is said once. */
static void what_was_said_is_not_repeated(void **state) {
  upk_buf wire = {0};
  upk_diags other;
  (void)state;
  upk_diags diags = example();
  upk_diag_add(&diags, 1052, UPK_NO_SPAN, "a warning");
  upk_diags_encode(&diags, &wire);
  upk_diags_init(&other, arena);
  assert_true(upk_diags_decode(&other, upk_buf_view(&wire)));
  assert_true(upk_diags_decode(&other, upk_buf_view(&wire)));
  assert_int_equal(other.items.len, 2);
  assert_int_equal(other.failures, 1);
  assert_int_equal(other.warnings, 1);
  upk_diag_add(&diags, 1052, UPK_NO_SPAN, "another");
  upk_buf_clear(&wire);
  upk_diags_encode(&diags, &wire);
  assert_true(upk_diags_decode(&other, upk_buf_view(&wire)));
  assert_int_equal(other.items.len, 3);
  assert_int_equal(other.warnings, 2);
  upk_buf_free(&wire);
}

static void suggestions_are_near(void **state) {
  static const upk_str names[] = {
      {"refresh_statistics", 18}, {"rebuild_index", 13}, {"drop_index", 10}};
  upk_diags diags;
  (void)state;
  upk_diags_init(&diags, arena);
  upk_diag *diag = upk_diag_add(&diags, 4000, UPK_NO_SPAN, "x");
  assert_true(
      upk_diag_suggest(&diags, diag, UPK_STR("rebiuld_index"), names, 3));
  assert_string_equal(diag->help.data, "did you mean `rebuild_index`?");
  assert_false(upk_diag_suggest(&diags, diag, UPK_STR("vacuum"), names, 3));
  assert_false(upk_diag_suggest(&diags, diag, UPK_STR(""), names, 3));
}

static void broken_bytes_become_legal_text(void **state) {
  upk_diags diags, other;
  upk_buf wire = {0};
  (void)state;
  upk_diags_init(&diags, arena);
  upk_diags_source(&diags, UPK_STR("\xff.yaml"), UPK_STR("a\xfe\0b"));
  upk_diag_add(&diags, 4000, UPK_NO_SPAN, "bad byte %s", "\xff");
  upk_diags_encode(&diags, &wire);
  upk_diags_init(&other, arena);
  assert_true(upk_diags_decode(&other, upk_buf_view(&wire)));
  assert_string_equal(other.items.items[0].message.data, "bad byte ?");
  upk_buf_free(&wire);
}

static void too_many_are_counted(void **state) {
  upk_diags diags;
  (void)state;
  upk_diags_init(&diags, arena);
  for (int i = 0; i < 500; i++)
    upk_diag_add(&diags, 4000, UPK_NO_SPAN, "number %d", i);
  assert_int_equal(diags.failures, 500);
  assert_int_equal(diags.items.len + diags.dropped, 500);
}

static void codes_ascend_and_are_said(void **state) {
  int last = 0;
  (void)state;
  for (size_t i = 0; upk_code_at(i); i++) {
    const upk_code *code = upk_code_at(i);
    assert_true(code->code > last);
    assert_true(strlen(code->doc) > 20);
    assert_ptr_equal(upk_code_find(code->code), code);
    last = code->code;
  }
  assert_null(upk_code_find(9999));
}

/* ---- every code is shown, or it is said why not ---- */

#define GOLDEN UPKEEP_SOURCE_DIR "/tests/golden/diagnostics/"

static bool has_golden(int code) {
  char path[sizeof GOLDEN + 32];
  snprintf(path, sizeof path, GOLDEN "UPK%04d.txt", code);
  FILE *file = fopen(path, "rb");
  if (file)
    fclose(file);
  return file != NULL;
}

/* Lines "CODE reason" of without.txt. */
static bool is_excused(int code) {
  FILE *file = fopen(GOLDEN "without.txt", "rb");
  char line[200], start[8];
  bool found = false;
  assert_non_null(file);
  snprintf(start, sizeof start, "%04d ", code);
  while (!found && fgets(line, sizeof line, file))
    found = strncmp(line, start, 5) == 0 && strlen(line) > 15;
  fclose(file);
  return found;
}

static void every_code_has_a_golden_file(void **state) {
  (void)state;
  for (size_t i = 0; upk_code_at(i); i++) {
    int code = upk_code_at(i)->code;
    if (has_golden(code) == is_excused(code))
      fail_msg("UPK%04d needs either UPK%04d.txt or a line in without.txt",
               code, code);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_has_a_golden_file),
      cmocka_unit_test(text_has_place_carets_and_help),
      cmocka_unit_test(a_sink_crosses_a_border_unchanged),
      cmocka_unit_test(nothing_steers_the_terminal),
      cmocka_unit_test(what_was_said_is_not_repeated),
      cmocka_unit_test(suggestions_are_near),
      cmocka_unit_test(broken_bytes_become_legal_text),
      cmocka_unit_test(too_many_are_counted),
      cmocka_unit_test(codes_ascend_and_are_said),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
