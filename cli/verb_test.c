/* upkeep test: policies against the facts of tests. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cell.h"
#include "child_serve.h"
#include "expr.h"
#include "test_report.h"

typedef struct testing {
  cli *c;
  project project;
  test_report report;
  UPK_VEC(upk_str) files; /* relative to the project's folder */
  UPK_VEC(upk_str) names; /* globs; none: all */
  UPK_VEC(bool) named;    /* a name has found a test */
  upk_str windows;        /* of windows_at_us */
  int64_t windows_at_us;
  bool windows_known;
  upk_status worst; /* of files that cannot be run */
} testing;

/* ---- which files, which tests ---- */

static void add_file(testing *t, upk_str path) {
  for (size_t i = 0; i < t->files.len; i++)
    if (upk_str_equal(t->files.items[i], path))
      return;
  *UPK_PUSH(t->c->arena, &t->files) = upk_arena_copy(t->c->arena, path);
}

static bool list_files(testing *t, upk_str glob) {
  served_folders folders;
  upk_buf paths = {0};
  size_t before = t->files.len;
  if (!served_open(t->project.folder.data, NULL, &folders)) {
    upk_diag_add(&t->c->diags, 4002, UPK_NO_SPAN, "cannot read %.*s: %s",
                 UPK_FMT(t->project.folder), strerror(errno));
    return false;
  }
  served_list(&folders, glob, &paths);
  served_close(&folders);
  for (size_t at = 0; at < paths.len; at += strlen(paths.data + at) + 1) {
    upk_str path = upk_str_from(paths.data + at);
    if (!upk_str_ends(path, "/"))
      add_file(t, path);
  }
  upk_buf_free(&paths);
  return t->files.len > before;
}

static upk_status nothing(testing *t, upk_str what, const char *why) {
  upk_diag *diag = upk_diag_add(&t->c->diags, 4100, UPK_NO_SPAN, "%.*s %s",
                                UPK_FMT(what), why);
  upk_diag_help(&t->c->diags, diag,
                "tests are tests/*.yaml beside upkeep.yaml, or files and "
                "folders that are named");
  return UPK_USAGE;
}

static upk_status add_folder(testing *t, upk_str folder, upk_str named) {
  cli *c = t->c;
  upk_str below = folder.len
                      ? upk_arena_printf(c->arena, "%.*s/", UPK_FMT(folder))
                      : UPK_STR("");
  bool yaml = list_files(
      t, upk_arena_printf(c->arena, "%.*s**/*.yaml", UPK_FMT(below)));
  bool yml =
      list_files(t, upk_arena_printf(c->arena, "%.*s**/*.yml", UPK_FMT(below)));
  return yaml || yml ? UPK_OK : nothing(t, named, "has no file of tests");
}

/* A path of the command line, below the project's folder. */
static upk_status add_path(testing *t, upk_str named, const char *real,
                           bool folder) {
  size_t len = t->project.folder.len;
  bool inside = strncmp(real, t->project.folder.data, len) == 0 &&
                (real[len] == '/' || real[len] == '\0');
  if (!inside)
    return nothing(t, named, "is not in the project's folder");
  upk_str path = upk_str_from(real[len] ? real + len + 1 : "");
  if (folder)
    return add_folder(t, path, named);
  add_file(t, path);
  return UPK_OK;
}

static bool looks_like_path(upk_str text) {
  return upk_str_ends(text, ".yaml") || upk_str_ends(text, ".yml") ||
         memchr(text.data, '/', text.len);
}

static upk_status add_argument(testing *t, const char *argument) {
  char real[PATH_MAX];
  struct stat info;
  upk_str text = upk_str_from(argument);
  if (text.len && stat(argument, &info) == 0 && realpath(argument, real))
    return add_path(t, text, real, S_ISDIR(info.st_mode));
  if (!text.len || looks_like_path(text))
    return nothing(t, text, "is not there");
  *UPK_PUSH(t->c->arena, &t->names) = text;
  return UPK_OK;
}

static upk_status choose(testing *t) {
  upk_status status = UPK_OK;
  upk_str only = flag_text(t->c, FLAG_only_test);
  for (size_t i = 0; i < t->c->argument_count && status == UPK_OK; i++)
    status = add_argument(t, t->c->arguments[i]);
  while (only.data && only.len) {
    upk_str name = upk_str_trim(upk_str_split(only, ',', &only));
    if (name.len)
      *UPK_PUSH(t->c->arena, &t->names) = name;
  }
  for (size_t i = 0; i < t->names.len; i++)
    *UPK_PUSH(t->c->arena, &t->named) = false;
  if (status == UPK_OK && !t->files.len)
    status = add_folder(t, UPK_STR("tests"), UPK_STR("the folder tests"));
  return status;
}

static bool is_wanted(testing *t, upk_str name) {
  bool wanted = !t->names.len;
  for (size_t i = 0; i < t->names.len; i++) {
    if (!upk_str_equal(name, t->names.items[i]) &&
        !upk_glob(name, t->names.items[i]))
      continue;
    t->named.items[i] = wanted = true;
  }
  return wanted;
}

/* ---- running ---- */

/* A case with requirements has windows and blackouts of its own. */
static upk_status windows_at(testing *t, const upk_json *one,
                             upk_str *ret_bytes) {
  int64_t at_us = upk_json_number(one, "at", 0);
  upk_status status = UPK_OK;
  if (upk_json_get(one, "windows")->type == UPK_JSON_ARRAY) {
    project own = t->project;
    own.windows = upk_json_get(one, "windows");
    own.blackouts = upk_json_get(one, "blackouts");
    return windows_for_plan(t->c, &own, at_us, ret_bytes);
  }
  if (!t->windows_known || t->windows_at_us != at_us)
    status = windows_for_plan(t->c, &t->project, at_us, &t->windows);
  t->windows_known = status == UPK_OK;
  t->windows_at_us = at_us;
  *ret_bytes = t->windows;
  return status;
}

/* Parses into the command's arena, which the report borrows from. */
static const upk_json *parsed(testing *t, const upk_buf *bytes) {
  upk_json_error error;
  return upk_json_parse(
      t->c->arena, upk_arena_copy(t->c->arena, upk_buf_view(bytes)), &error);
}

/* A case that ended without an answer: the compiler ran too long, say. What was
 * said of it becomes its text. */
static void take_crash(testing *t, test_result *r, size_t items) {
  upk_diags *diags = &t->c->diags;
  upk_diags said;
  upk_buf text = {0};
  upk_diags_init(&said, t->c->arena);
  for (size_t i = items; i < diags->items.len; i++)
    upk_diags_copy(&said, diags, &diags->items.items[i]);
  said.failures = 0; /* no line that counts them */
  upk_diags_render_text(&said, false, &text);
  r->text = upk_arena_copy(t->c->arena, upk_buf_view(&text));
  r->result = UPK_STR("error");
  upk_buf_free(&text);
}

static void run_case(testing *t, const upk_json *one, upk_str file,
                     size_t number) {
  cli *c = t->c;
  upk_clock clock = system_clock();
  upk_buf bytes = {0};
  size_t items = c->diags.items.len, failures = c->diags.failures;
  test_result *r = UPK_PUSH(c->arena, &t->report.results);
  *r = (test_result){.file = file,
                     .name = upk_json_text(one, "name"),
                     .line = upk_json_number(one, "line", 0),
                     .column = upk_json_number(one, "column", 0)};
  upk_compile_request request = request_new(c, &t->project, UPK_COMPILE_TEST);
  request.word = file;
  request.test = number;
  int64_t began_us = clock.monotonic_us(clock.ctx);
  upk_status status = windows_at(t, one, &request.windows);
  if (status == UPK_OK)
    status = compile(c, &t->project, &request, &bytes);
  r->took_us = clock.monotonic_us(clock.ctx) - began_us;
  if (status == UPK_OK) {
    const upk_json *result = parsed(t, &bytes);
    r->result = upk_json_text(result, "result");
    r->text = upk_json_text(result, "text");
    r->failures = upk_json_get(result, "failures");
    coverage_add(&t->report, result);
  } else {
    take_crash(t, r, items);
  }
  c->diags.items.len = items; /* it is all in the report */
  c->diags.failures = failures;
  t->report.passed += upk_str_is(r->result, "passed");
  t->report.failed += upk_str_is(r->result, "failed");
  t->report.errors += upk_str_is(r->result, "error");
  upk_buf_free(&bytes);
}

static void take_policies(testing *t, const upk_json *policies) {
  if (t->report.policies.len)
    return; /* they are the project's: the same for all files */
  for (size_t i = 0; i < upk_json_count(policies); i++) {
    const upk_json *one = upk_json_at(policies, i);
    *UPK_PUSH(t->c->arena, &t->report.policies) =
        (test_policy){.name = upk_json_text(one, "name"),
                      .remedy = upk_json_flag(one, "remedy", false),
                      .shipped = upk_json_flag(one, "shipped", false)};
  }
}

static void run_file(testing *t, upk_str file) {
  upk_buf bytes = {0};
  upk_compile_request request =
      request_new(t->c, &t->project, UPK_COMPILE_TESTS);
  request.word = file;
  upk_status status = compile(t->c, &t->project, &request, &bytes);
  if (status != UPK_OK) {
    t->worst = status;
    upk_buf_free(&bytes);
    return;
  }
  const upk_json *suite = parsed(t, &bytes);
  const upk_json *cases = upk_json_get(suite, "cases");
  take_policies(t, upk_json_get(suite, "policies"));
  for (size_t i = 0; i < upk_json_count(cases); i++)
    if (is_wanted(t, upk_json_text(upk_json_at(cases, i), "name")))
      run_case(t, upk_json_at(cases, i), file, i);
  upk_buf_free(&bytes);
}

/* ---- what came of it ---- */

static bool fail_under(cli *c, int64_t *ret_percent) {
  upk_str text = flag_text(c, FLAG_fail_under);
  *ret_percent = 0;
  if (!flag_given(c, FLAG_fail_under))
    return true;
  if (upk_str_ends(text, "%"))
    text.len--;
  if (upk_int_parse(text, ret_percent) && *ret_percent >= 0 &&
      *ret_percent <= 100)
    return true;
  upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
               "--fail-under is no percentage from 0 to 100");
  return false;
}

static upk_status write_junit(testing *t) {
  upk_buf out = {0};
  if (!flag_given(t->c, FLAG_junit))
    return UPK_OK;
  report_junit(&t->report, &out);
  upk_status status =
      file_write(t->c, flag_text(t->c, FLAG_junit), upk_buf_view(&out));
  upk_buf_free(&out);
  return status;
}

static void print_report(testing *t) {
  upk_buf out = {0};
  bool text = format_is(t->c, "text", "text");
  if (format_is(t->c, "json", "text"))
    report_json(&t->report, &out);
  else if (format_is(t->c, "junit", "text"))
    report_junit(&t->report, &out);
  else if (format_is(t->c, "tap", "text"))
    report_tap(&t->report, &out);
  else
    report_text(&t->report, &out);
  if (text)
    print_text(t->c, upk_buf_view(&out));
  else
    print_bytes(t->c, upk_buf_view(&out));
  upk_buf_free(&out);
}

static upk_status check_names(testing *t) {
  upk_status status = UPK_OK;
  for (size_t i = 0; i < t->names.len; i++)
    if (!t->named.items[i])
      status = nothing(t, t->names.items[i], "is the name of no test");
  return status;
}

static upk_status judge(testing *t, int64_t least_percent) {
  upk_status status = check_names(t);
  int64_t percent = coverage_percent(&t->report);
  if (t->worst != UPK_OK)
    return t->worst;
  if (status != UPK_OK)
    return status;
  if (percent < least_percent) {
    upk_diag *diag =
        upk_diag_add(&t->c->diags, 4120, UPK_NO_SPAN,
                     "the tests cover %lld%% of the policies, less than %lld%%",
                     (long long)percent, (long long)least_percent);
    upk_diag_help(&t->c->diags, diag, "--coverage shows what is missing");
    status = UPK_ERROR;
  }
  return t->report.failed || t->report.errors ? UPK_ERROR : status;
}

static upk_status run(cli *c) {
  testing t = {.c = c};
  int64_t least_percent;
  upk_clock clock = system_clock();
  if (!fail_under(c, &least_percent))
    return UPK_USAGE;
  t.report = (test_report){.c = c,
                           .began_us = clock.wall_us(clock.ctx),
                           .coverage = flag_given(c, FLAG_coverage)};
  upk_status status = project_load(c, &t.project);
  if (status == UPK_OK)
    status = choose(&t);
  if (status != UPK_OK)
    return status;
  for (size_t i = 0; i < t.files.len; i++)
    run_file(&t, t.files.items[i]);
  print_report(&t);
  status = write_junit(&t);
  return status == UPK_OK ? judge(&t, least_percent) : status;
}

const verb verb_test = {
    .name = "test",
    .arguments = "[FILE|DIR|NAME...]",
    .summary = "run policy tests: facts, and what must come of them",
    .detail =
        "Without arguments: all tests of tests/*.yaml. A NAME is that of a "
        "test; * is a\nwildcard. No database is needed. Exit 1 when a test "
        "fails, 3 when a file of tests\nor the project is wrong.",
    .formats = "text,json,junit,tap",
    .flags = FLAG_BIT(format) | FLAG_BIT(only_test) | FLAG_BIT(junit) |
             FLAG_BIT(coverage) | FLAG_BIT(fail_under),
    .max_arguments = SIZE_MAX,
    .run = run,
};
