/* tests/golden/plans/README.md says what is compared. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cm.h"
#include "compile_harness.h"
#include "json.h"

#define PLANS UPKEEP_SOURCE_DIR "/tests/golden/plans/"
#define DIAGNOSTICS UPKEEP_SOURCE_DIR "/tests/golden/diagnostics/"

/* ---- files ---- */

static bool load(upk_arena *arena, upk_str path, upk_str *ret_text) {
  char bytes[4096];
  upk_buf text = {0};
  size_t len;
  FILE *file = fopen(path.data, "rb");
  if (!file)
    return false;
  while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
    upk_buf_add(&text, bytes, len);
  fclose(file);
  *ret_text =
      text.len ? upk_arena_copy(arena, upk_buf_view(&text)) : UPK_STR("");
  upk_buf_free(&text);
  return true;
}

static void save(upk_str path, upk_str text) {
  FILE *file = fopen(path.data, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
  assert_int_equal(fclose(file), 0);
}

static int by_bytes(const void *a, const void *b) {
  return upk_str_compare(*(const upk_str *)a, *(const upk_str *)b);
}

/* Names in a folder, sorted; 0 when there is none. */
static size_t names_in(upk_arena *arena, upk_str folder, upk_str **ret_names) {
  UPK_VEC(upk_str) names = {0};
  DIR *dir = opendir(folder.data);
  for (struct dirent *entry; dir && (entry = readdir(dir));)
    if (entry->d_name[0] != '.')
      *UPK_PUSH(arena, &names) =
          upk_arena_copy(arena, upk_str_from(entry->d_name));
  if (dir)
    closedir(dir);
  if (names.len)
    qsort(names.items, names.len, sizeof *names.items, by_bytes);
  *ret_names = names.items;
  return names.len;
}

/* ---- the source: the case's folder, then the shared one ---- */

typedef struct golden {
  upk_arena *arena;
  const char *name;
  bool twin; /* policies.lua is twin.lua, and there is no policies.yaml */
  bool rewrite;
} golden;

static bool find(const golden *g, upk_str path, upk_str *ret_text) {
  if (upk_str_starts(path, "@"))
    path = (upk_str){path.data + 1, path.len - 1};
  if (g->twin && upk_str_is(path, "policies.yaml"))
    return false;
  if (g->twin && upk_str_is(path, "policies.lua"))
    path = UPK_STR("twin.lua");
  return load(g->arena,
              upk_arena_printf(g->arena, PLANS "%s/%.*s", g->name,
                               UPK_FMT(path)),
              ret_text) ||
         load(g->arena, upk_arena_printf(g->arena, PLANS "%.*s", UPK_FMT(path)),
              ret_text);
}

static bool source_read(void *ctx, upk_str path, size_t limit, upk_arena *arena,
                        upk_str *ret_bytes, bool *ret_too_large) {
  upk_str text;
  *ret_too_large = false;
  if (!find(ctx, path, &text) || text.len > limit)
    return false;
  *ret_bytes = upk_arena_copy(arena, text);
  return true;
}

typedef UPK_VEC(upk_str) paths;

static void list_stdlib(const golden *g, const char *root, paths *found) {
  static const char *const folders[] = {
      "stdlib/sqlite", "stdlib/sqlite/actions", "stdlib/sqlite/facts"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    upk_str *names;
    size_t count = names_in(
        g->arena, upk_arena_printf(g->arena, "%s%s", root, folders[i]), &names);
    for (size_t j = 0; j < count; j++)
      if (upk_str_ends(names[j], ".lua"))
        *UPK_PUSH(g->arena, found) = upk_arena_printf(
            g->arena, "@%s/%.*s", folders[i], UPK_FMT(names[j]));
  }
}

static size_t source_list(void *ctx, upk_str glob, upk_arena *arena,
                          upk_str **ret_paths) {
  const golden *g = ctx;
  upk_str text;
  paths found = {0};
  (void)arena;
  if (upk_str_starts(glob, "@")) {
    list_stdlib(g, PLANS, &found);
    upk_str own = upk_arena_printf(g->arena, PLANS "%s/", g->name);
    list_stdlib(g, own.data, &found);
  } else {
    static const char *const files[] = {"policies.lua", "policies.yaml"};
    for (size_t i = 0; i < 2; i++)
      if (upk_glob(upk_str_from(files[i]), glob) &&
          find(g, upk_str_from(files[i]), &text))
        *UPK_PUSH(g->arena, &found) = upk_str_from(files[i]);
  }
  if (found.len)
    qsort(found.items, found.len, sizeof *found.items, by_bytes);
  *ret_paths = found.items;
  return found.len;
}

/* ---- one case ---- */

typedef struct outcome {
  upk_status status;
  upk_str plan, said;
} outcome;

static outcome compile(golden *g) {
  upk_diags diags;
  upk_buf plan = {0}, said = {0};
  upk_str facts = UPK_STR(""), project = UPK_STR("");
  assert_true(find(g, UPK_STR("facts.json"), &facts));
  upk_diags_init(&diags, g->arena);
  upk_compile_request request = {.mode = UPK_COMPILE_PLAN,
                                 .project = UPK_STR("upkeep.yaml"),
                                 .facts = facts,
                                 .facts_path = UPK_STR("facts.json"),
                                 .stdlib_from_source = true};
  assert_true(find(g, UPK_STR("upkeep.yaml"), &project));
  if (project_has(project, "windows:"))
    assert_true(find(g, UPK_STR("windows.json"), &request.windows));
  (void)find(g, UPK_STR("history.json"), &request.history);
  const upk_source source = {g, source_read, source_list, NULL};
  outcome out = {
      .status = upk_compile(&request, &source, &diags, upk_sink_buf(&plan))};
  if (diags.items.len)
    upk_diags_render_text(&diags, false, &said);
  out.plan =
      upk_arena_copy(g->arena, plan.len ? upk_buf_view(&plan) : UPK_STR(""));
  out.said =
      upk_arena_copy(g->arena, said.len ? upk_buf_view(&said) : UPK_STR(""));
  upk_buf_free(&plan);
  upk_buf_free(&said);
  return out;
}

/* Compares with a file, or writes it; no file stands for "". */
static void compare(const golden *g, upk_str path, upk_str actual) {
  upk_str wanted = UPK_STR("");
  bool there = load(g->arena, path, &wanted);
  if (g->rewrite && actual.len)
    save(path, actual);
  else if (g->rewrite && there)
    remove(path.data);
  else if (!upk_str_equal(wanted, actual))
    fail_msg("%s: %.*s is not\n%.*s\nbut\n%.*s", g->name, UPK_FMT(path),
             UPK_FMT(wanted), UPK_FMT(actual));
}

static upk_str body_of(golden *g, upk_str plan) {
  upk_json_error error = {0};
  const upk_json *tree = upk_json_parse(g->arena, plan, &error);
  if (!tree)
    fail_msg("%s: offset %zu: %s", g->name, error.offset, error.text);
  return upk_json_get(tree, "body")->bytes;
}

static void check_twin(golden *g, upk_str plan) {
  upk_str text;
  g->twin = true;
  if (!find(g, UPK_STR("twin.lua"), &text))
    return;
  outcome twin = compile(g);
  if (twin.status != UPK_OK)
    fail_msg("%s: the twin is refused:\n%.*s", g->name, UPK_FMT(twin.said));
  upk_str one = body_of(g, plan), two = body_of(g, twin.plan);
  if (!upk_str_equal(one, two))
    fail_msg("%s: the body of the twin differs:\n%.*s\n%.*s", g->name,
             UPK_FMT(one), UPK_FMT(two));
}

static void check_case(const char *name) {
  golden g = {.arena = upk_arena_new(NULL), .name = name};
  g.rewrite = getenv("UPKEEP_REGOLD") != NULL;
  outcome first = compile(&g);
  outcome again = compile(&g);
  assert_true(upk_str_equal(first.plan, again.plan));
  bool coded = strncmp(name, "UPK", 3) == 0;
  if (coded && !project_has(first.said, name))
    fail_msg("%s is not said (status %d), but:\n%.*s", name, (int)first.status,
             UPK_FMT(first.said));
  compare(&g, upk_arena_printf(g.arena, PLANS "%s/plan.json", name),
          first.plan);
  compare(&g,
          coded ? upk_arena_printf(g.arena, DIAGNOSTICS "%s.txt", name)
                : upk_arena_printf(g.arena, PLANS "%s/said.txt", name),
          first.said);
  if (first.plan.len)
    check_twin(&g, first.plan);
  upk_arena_free(g.arena);
}

static bool is_case(upk_arena *arena, upk_str name) {
  struct stat of;
  upk_str path = upk_arena_printf(arena, PLANS "%.*s", UPK_FMT(name));
  return stat(path.data, &of) == 0 && S_ISDIR(of.st_mode) &&
         !upk_str_is(name, "stdlib");
}

static void plans_are_as_they_were(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_str *names;
  size_t count = names_in(arena, UPK_STR(PLANS), &names);
  size_t cases = 0;
  for (size_t i = 0; i < count; i++)
    if (is_case(arena, names[i])) {
      check_case(names[i].data);
      cases++;
    }
  assert_true(cases > 20);
  upk_arena_free(arena);
}

/* No code of this part is without a case. */
static void every_code_has_a_case(void **state) {
  (void)state;
  for (size_t i = 0; upk_code_at(i); i++) {
    struct stat of;
    char path[512];
    int code = upk_code_at(i)->code;
    if (!((code >= 1550 && code < 1600) || (code >= 2000 && code < 2100)))
      continue;
    snprintf(path, sizeof path, DIAGNOSTICS "UPK%d.txt", code);
    if (stat(path, &of) != 0)
      fail_msg("%s is missing", path);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_are_as_they_were),
      cmocka_unit_test(every_code_has_a_case),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
