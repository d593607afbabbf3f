/* A golden diagnostic for every code of resolve, check, bind and lower.
 *
 * tests/lang/compile/UPKnnnn.txt: the first line says how the project is
 * compiled, "mode=plan target=shop only=a* dump=lower stdlib=none"; a line
 * "=== PATH" begins a file; facts.json are the facts. Without upkeep.yaml a
 * small one for SQLite is put in. What it says must be
 * tests/golden/diagnostics/UPKnnnn.txt; UPKEEP_REGOLD=1 writes that file. */
#include <stdio.h>
#include <stdlib.h>

#include "cm.h"
#include "compile_harness.h"

static bool load(upk_arena *arena, const char *path, upk_str *ret_text) {
  FILE *file = fopen(path, "rb");
  char bytes[4096];
  upk_buf text = {0};
  size_t len;
  if (!file)
    return false;
  while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
    upk_buf_add(&text, bytes, len);
  fclose(file);
  *ret_text = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return true;
}

static void save(const char *path, upk_str text) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
  assert_int_equal(fclose(file), 0);
}

static void set_mode(project *p, upk_str mode) {
  static const char *const modes[] = {"project", "validate", "inspect",
                                      "check",   "plan",     "executor",
                                      "explain", "schema"};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (upk_str_is(mode, modes[i])) {
      p->request.mode = (upk_compile_mode)i;
      return;
    }
  fail_msg("no mode %.*s", UPK_FMT(mode));
}

static void set_option(project *p, upk_str key, upk_str value) {
  if (upk_str_is(key, "mode"))
    set_mode(p, value);
  else if (upk_str_is(key, "target"))
    p->request.target = value;
  else if (upk_str_is(key, "only"))
    p->request.only = value;
  else if (upk_str_is(key, "dump"))
    p->request.dump_after = value;
  else if (upk_str_is(key, "word"))
    p->request.word = value;
  else if (upk_str_is(key, "stdlib"))
    p->request.stdlib_from_source = true;
  else
    fail_msg("no option %.*s", UPK_FMT(key));
}

static void read_case(project *p, upk_str text) {
  upk_str rest, options = upk_str_split(text, '\n', &rest);
  while (options.data) {
    upk_str value, key = upk_str_split(options, ' ', &options);
    key = upk_str_split(key, '=', &value);
    set_option(p, key, value);
  }
  bool has_project = false;
  while (rest.len) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    assert_true(upk_str_starts(line, "=== "));
    upk_str path = {line.data + 4, line.len - 4};
    upk_str body = {rest.data, 0};
    while (rest.len && !upk_str_starts(rest, "=== ")) {
      line = upk_str_split(rest, '\n', &rest);
      body.len = (size_t)(line.data + line.len + 1 - body.data);
    }
    has_project = has_project || upk_str_is(path, "upkeep.yaml");
    if (upk_str_is(path, "facts.json")) {
      p->request.facts = body;
      continue;
    }
    if (upk_str_is(path, "spent.json")) {
      p->request.spent = body;
      continue;
    }
    p->paths[p->count] = path;
    p->texts[p->count++] = body;
  }
  if (!has_project)
    project_add(p, "upkeep.yaml", PROJECT_SQLITE);
}

static void golden(int code) {
  project p;
  project_begin(&p);
  upk_str text, wanted;
  char path[512];
  snprintf(path, sizeof path, "%s/tests/lang/compile/UPK%d.txt",
           UPKEEP_SOURCE_DIR, code);
  if (!load(p.arena, path, &text))
    fail_msg("no %s", path);
  read_case(&p, text);
  upk_status status = project_compile(&p);
  upk_str said = project_said(&p);
  if (!project_codes(&p, code))
    fail_msg("UPK%d is not said, but: %.*s", code, UPK_FMT(said));
  bool failure = upk_code_find(code)->severity == UPK_FAILURE;
  assert_true(failure ? status != UPK_OK : status == UPK_OK);
  assert_true(!failure || !p.output.len);
  snprintf(path, sizeof path, "%s/tests/golden/diagnostics/UPK%d.txt",
           UPKEEP_SOURCE_DIR, code);
  if (getenv("UPKEEP_REGOLD"))
    save(path, said);
  if (!load(p.arena, path, &wanted))
    fail_msg("no %s; UPKEEP_REGOLD=1 writes it", path);
  if (!upk_str_equal(said, wanted))
    fail_msg("UPK%d says:\n%.*s\nnot:\n%.*s", code, UPK_FMT(said),
             UPK_FMT(wanted));
  project_end(&p);
}

/* Of the requirements document; the others need a large one (test_requirements)
 * or another build. */
static bool is_required(int code) {
  return code >= 1600 && code < 1700 && code != 1601 && code != 1604 &&
         code != 1606;
}

static bool is_ours(int code) {
  return (code >= 1200 && code < 1300) || (code >= 1400 && code < 1550) ||
         (code >= 1570 && code < 1590) || is_required(code);
}

static void every_code_reads_as_written(void **state) {
  (void)state;
  size_t count = 0;
  for (size_t i = 0; upk_code_at(i); i++)
    if (is_ours(upk_code_at(i)->code)) {
      golden(upk_code_at(i)->code);
      count++;
    }
  assert_true(count > 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_reads_as_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
