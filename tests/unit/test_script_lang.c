/* The sandbox against tests/lang/lua: every file is a policy file that tries
 * something. `-- error CODE` stands on the line that the diagnostic must point
 * to; a file without it must run. Each must end within a second. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cm.h"
#include "script/script.h"

#ifdef UPKEEP_SANITIZED
#define TIME_LIMIT_S 4.0 /* instrumented code is slower, not less bounded */
#else
#define TIME_LIMIT_S 1.0
#endif

static bool find_module(void *ctx, upk_str name, upk_str *ret_path,
                        upk_str *ret_text) {
  (void)ctx;
  if (upk_str_is(name, "tiers")) {
    *ret_path = UPK_STR("tiers.lua");
    *ret_text = UPK_STR("return { gold = 20 }");
    return true;
  }
  *ret_path = UPK_STR("loop.lua");
  *ret_text = UPK_STR("return require 'loop'");
  return upk_str_is(name, "loop");
}

static void declared(void *ctx, upk_str global, node **arguments, size_t count,
                     upk_span span) {
  size_t *policies = ctx;
  assert_text(global, "policy");
  assert_true(count > 0 && arguments[count - 1]->type == NODE_MAP);
  assert_true(span.line > 0);
  ++*policies;
}

static upk_str load(upk_arena *arena, const char *path) {
  char bytes[8192];
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t len = fread(bytes, 1, sizeof bytes, file);
  assert_true(len < sizeof bytes);
  fclose(file);
  return upk_arena_copy(arena, (upk_str){bytes, len});
}

/* The code and line of "-- error CODE"; false when there is none. */
static bool expectation(upk_str text, int *ret_code, unsigned *ret_line) {
  const char *mark = strstr(text.data, "-- error ");
  if (!mark)
    return false;
  *ret_code = atoi(mark + strlen("-- error "));
  *ret_line = 1;
  for (const char *at = text.data; at < mark; at++)
    *ret_line += *at == '\n';
  return true;
}

static bool diagnostics_fit(const upk_diags *diags, const char *name,
                            upk_str text) {
  int code;
  unsigned line;
  if (!expectation(text, &code, &line)) {
    if (diags->items.len)
      print_error("%s: %s\n", name, diags->items.items[0].message.data);
    return !diags->items.len;
  }
  if (diags->items.len != 1) {
    print_error("%s: %zu diagnostics instead of one\n", name, diags->items.len);
    return false;
  }
  const upk_diag *diag = &diags->items.items[0];
  upk_span at = diag->labels.items[0].span;
  bool elsewhere = upk_str_is(diags->sources.items[at.source].path, "loop.lua");
  if (diag->code == code && (at.line == line || elsewhere))
    return true;
  print_error("%s: UPK%d in line %u instead of UPK%d in line %u: %s\n", name,
              diag->code, at.line, code, line, diag->message.data);
  return false;
}

static bool run_file(const char *name) {
  static const char *const globals[] = {"policy", NULL};
  char path[512];
  upk_arena *arena = upk_arena_new(NULL);
  size_t policies = 0;
  script_host host = {&policies, find_module, NULL, declared, globals, NULL};
  upk_diags diags;
  upk_diags_init(&diags, arena);
  snprintf(path, sizeof path, "%s/tests/lang/lua/%s", UPKEEP_SOURCE_DIR, name);
  upk_str text = load(arena, path);
  clock_t begin = clock();
  script *s = script_new(arena, &diags, &host, NULL);
  script_set_dialect(s, 1); /* UPK_POSTGRES */
  script_run(s, upk_str_from(name), text);
  script_free(s);
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  if (seconds > TIME_LIMIT_S)
    print_error("%s: took %.2f s\n", name, seconds);
  bool good = diagnostics_fit(&diags, name, text) && seconds <= TIME_LIMIT_S;
  if (!strcmp(name, "good_policy.lua"))
    assert_int_equal(policies, 3);
  upk_arena_free(arena);
  return good;
}

static void every_file_ends_as_it_says(void **state) {
  struct dirent *entry;
  size_t count = 0, wrong = 0;
  DIR *folder = opendir(UPKEEP_SOURCE_DIR "/tests/lang/lua");
  (void)state;
  assert_non_null(folder);
  while ((entry = readdir(folder)) != NULL)
    if (upk_str_ends(upk_str_from(entry->d_name), ".lua")) {
      wrong += !run_file(entry->d_name);
      count++;
    }
  closedir(folder);
  assert_int_equal(wrong, 0);
  assert_true(count >= 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_file_ends_as_it_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
