/* A golden diagnostic for every code of 1300-1339.
 *
 * tests/lang/stdlib/UPKnnnn.txt holds files of a user: a line "=== PATH"
 * begins one. What is said about them must be
 * tests/golden/diagnostics/UPKnnnn.txt; UPKEEP_REGOLD=1 writes that file. */
#include "cm.h"
#include "script_harness.h"

static bool load(upk_arena *arena, const char *path, upk_str *ret_text) {
  FILE *file = fopen(path, "rb");
  char bytes[16384];
  if (!file)
    return false;
  size_t len = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  *ret_text = upk_arena_copy(arena, (upk_str){bytes, len});
  return true;
}

static void save(const char *path, upk_str text) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
  assert_int_equal(fclose(file), 0);
}

static void add_files(script_harness *h, upk_str rest) {
  while (rest.data && rest.len) {
    upk_str head = upk_str_split(rest, '\n', &rest);
    assert_true(upk_str_starts(head, "=== ") && rest.data);
    const char *end = strstr(rest.data, "\n=== ");
    size_t len = end ? (size_t)(end - rest.data) + 1 : rest.len;
    upk_str path =
        upk_arena_copy(h->arena, (upk_str){head.data + 4, head.len - 4});
    script_put(h, path.data, (upk_str){rest.data, len});
    rest = (upk_str){rest.data + len, rest.len - len};
  }
}

/* Files that are not worth, or not fit, to be kept as text. */
static bool generate(int code, script_harness *h) {
  if (code == 1304) {
    script_put(h, "policies/a.lua", UPK_STR("\033Lua\x54"));
    script_put(h, "policies/b.lua", UPK_STR("-- \xff\n"));
    return true;
  }
  if (code == 1305) {
    char *text = upk_arena_alloc(h->arena, 300 * 1024);
    memset(text, ' ', 300 * 1024);
    script_put(h, "policies/a.lua", (upk_str){text, 300 * 1024});
    return true;
  }
  return false;
}

/* A predicate is called by bind, on facts; here on one object. */
static void call_predicate(script_harness *h) {
  static const script_host host;
  bool failed = false;
  script *s = script_new(h->arena, &h->diags, &host, NULL);
  const node *function =
      script_run(s, UPK_STR("policies/a.lua"),
                 UPK_STR("return function(o)\n  return o.size\nend\n"));
  script_table *object = script_table_new(s);
  script_table_set_int(object, "size", 5);
  script_predicate(s, function, object, &failed);
  assert_true(failed);
  script_free(s);
}

static void check(int code) {
  char path[300];
  script_harness h;
  upk_buf out = {0};
  upk_str text, golden;
  script_begin(&h);
  snprintf(path, sizeof path, "%s/tests/lang/stdlib/UPK%d.txt",
           UPKEEP_SOURCE_DIR, code);
  if (load(h.arena, path, &text))
    add_files(&h, text);
  else if (code == 1310)
    call_predicate(&h);
  else if (!generate(code, &h))
    fail_msg("UPK%d has no input in tests/lang/stdlib", code);
  script_load(&h);
  upk_diags_render_text(&h.diags, false, &out);
  if (!script_codes(&h, code))
    fail_msg("UPK%d did not come:\n%s", code, out.data);
  snprintf(path, sizeof path, "%s/tests/golden/diagnostics/UPK%d.txt",
           UPKEEP_SOURCE_DIR, code);
  if (getenv("UPKEEP_REGOLD"))
    save(path, upk_buf_view(&out));
  if (!load(h.arena, path, &golden))
    fail_msg("%s is missing", path);
  if (!upk_str_equal(golden, upk_buf_view(&out)))
    fail_msg("UPK%d now reads:\n%s", code, out.data);
  upk_buf_free(&out);
  script_end(&h);
}

static void every_code_has_its_words(void **state) {
  size_t count = 0;
  (void)state;
  for (size_t i = 0; upk_code_at(i); i++) {
    int code = upk_code_at(i)->code;
    if (code < 1300 || code >= 1340)
      continue;
    check(code);
    count++;
  }
  assert_true(count >= 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_has_its_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
