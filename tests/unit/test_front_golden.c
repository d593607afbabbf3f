/* A golden diagnostic for every code of 1000-1099.
 *
 * tests/lang/policy/UPKnnnn.txt holds a project: a line "=== PATH" begins a
 * file. Without upkeep.yaml a small one is put in. What it says must be
 * tests/golden/diagnostics/UPKnnnn.txt; UPKEEP_REGOLD=1 writes that file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"
#include "front_harness.h"

static upk_arena *texts;

static bool load(const char *path, upk_str *ret_text) {
  FILE *file = fopen(path, "rb");
  char bytes[4096];
  upk_buf text = {0};
  size_t len;
  if (file == NULL)
    return false;
  while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
    upk_buf_add(&text, bytes, len);
  fclose(file);
  *ret_text = upk_arena_copy(texts, upk_buf_view(&text));
  upk_buf_free(&text);
  return true;
}

static void save(const char *path, upk_str text) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
  assert_int_equal(fclose(file), 0);
}

/* ---- projects that are not worth a file ---- */

static upk_str repeated(const char *piece, size_t count) {
  upk_buf text = {0};
  for (size_t i = 0; i < count; i++)
    upk_buf_str(&text, upk_str_from(piece));
  upk_str copy = upk_arena_copy(texts, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static bool generate(int code, harness *h) {
  static const struct {
    int code;
    const char *piece;
    size_t count;
  } rows[] = {{1002, "policies\n", 1200000},
              {1003, "policies: \xff\n", 1},
              {1006, "[", 100},
              {1007, "- a\n", 60000}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].code == code) {
      harness_add(h, "policies/a.yaml", repeated(rows[i].piece, rows[i].count));
      return true;
    }
  return code == 1001; /* no file at all */
}

/* ---- projects in files ---- */

static void add_files(harness *h, upk_str text) {
  upk_str rest = text, line = upk_str_split(rest, '\n', &rest);
  while (rest.data != NULL) {
    assert_true(upk_str_starts(line, "=== "));
    upk_str path = {line.data + 4, line.len - 4};
    upk_str body = {rest.data, 0};
    while (rest.data != NULL && !upk_str_starts(rest, "=== ")) {
      line = upk_str_split(rest, '\n', &rest);
      body.len = (size_t)(line.data + line.len - body.data) +
                 (rest.data != NULL ? 1 : 0);
    }
    h->paths[h->count] = upk_arena_copy(texts, path);
    h->texts[h->count++] = body;
    if (rest.data != NULL)
      line = upk_str_split(rest, '\n', &rest);
  }
}

static bool has_project(const harness *h) {
  for (size_t i = 0; i < h->count; i++)
    if (upk_str_is(h->paths[i], "upkeep.yaml"))
      return true;
  return false;
}

static void check(int code) {
  char path[300];
  harness h;
  upk_buf out = {0};
  upk_str text, golden;
  harness_begin(&h);
  snprintf(path, sizeof path, "%s/tests/lang/policy/UPK%d.txt",
           UPKEEP_SOURCE_DIR, code);
  if (load(path, &text))
    add_files(&h, text);
  else if (!generate(code, &h))
    fail_msg("UPK%d has no input in tests/lang/policy", code);
  if (!has_project(&h) && code != 1001)
    harness_add(&h, "upkeep.yaml", UPK_STR(HARNESS_PROJECT));
  harness_front(&h);
  upk_diags_render_text(&h.diags, false, &out);
  if (harness_codes(&h, code) == 0)
    fail_msg("UPK%d did not come:\n%s", code, out.data == NULL ? "" : out.data);
  snprintf(path, sizeof path, "%s/tests/golden/diagnostics/UPK%d.txt",
           UPKEEP_SOURCE_DIR, code);
  if (getenv("UPKEEP_REGOLD") != NULL)
    save(path, upk_buf_view(&out));
  if (!load(path, &golden))
    fail_msg("%s is missing", path);
  if (!upk_str_equal(golden, upk_buf_view(&out)))
    fail_msg("UPK%d now reads:\n%s", code, out.data);
  upk_buf_free(&out);
  harness_end(&h);
}

static void every_code_has_its_words(void **state) {
  size_t count = 0;
  (void)state;
  texts = upk_arena_new(NULL);
  for (size_t i = 0; upk_code_at(i) != NULL; i++)
    /* 1061 lists the files of the stdlib: packs.bats */
    if (upk_code_at(i)->code < 1100 && upk_code_at(i)->code != 1061) {
      check(upk_code_at(i)->code);
      count++;
    }
  assert_true(count > 30);
  upk_arena_free(texts);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_has_its_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
