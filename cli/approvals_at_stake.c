/* What an upgrade of the standard library does to approvals that are open. */
#include <dirent.h>
#include <string.h>

#include "packs.h"
#include "timefmt.h"

/* A plan that is there and whole, without a word about one that is not. */
static const upk_json *plan_at(cli *c, upk_str path) {
  upk_buf bytes = {0};
  upk_json_error error;
  const upk_json *plan = NULL;
  upk_diags said;
  upk_diags_init(&said, c->arena);
  if (!file_read_plain(c, path, &bytes)) {
    upk_str copy = upk_arena_copy(c->arena, upk_buf_view(&bytes));
    if (upk_plan_verify(copy, path, &said) == UPK_OK)
      plan = upk_json_parse(c->arena, copy, &error);
  }
  upk_buf_free(&bytes);
  return plan;
}

static upk_str signatures_of(cli *c, upk_str plan) {
  return upk_arena_printf(c->arena, "%.*s.sig", UPK_FMT(plan));
}

static upk_str stdlib_of(const upk_json *plan) {
  return upk_json_text(
      upk_json_get(upk_json_get(upk_json_get(plan, "body"), "inputs"),
                   "stdlib"),
      "sha256");
}

void approvals_compare(cli *c, upk_str path, upk_str bytes) {
  upk_json_error error;
  const upk_break *breaks = NULL;
  upk_str signatures = signatures_of(c, path);
  if (upk_str_ends(path, ".zst") || !file_exists(signatures))
    return;
  const upk_json *before = plan_at(c, path);
  const upk_json *after = upk_json_parse(c->arena, bytes, &error);
  if (!before || !after)
    return;
  size_t count = upk_approval_breaks(c->arena, before, after, &breaks);
  if (!count)
    return;
  upk_diag *diag = upk_diag_add(&c->diags, 3327, UPK_NO_SPAN,
                                "the approvals in %.*s do not hold for this "
                                "plan: %.*s",
                                UPK_FMT(signatures), UPK_FMT(breaks[0].text));
  if (count > 1)
    upk_diag_note(&c->diags, diag, "and %zu more differences", count - 1);
  if (!upk_str_equal(stdlib_of(before), stdlib_of(after)))
    upk_diag_note(&c->diags, diag,
                  "the standard library is another since that plan was made");
  upk_diag_help(&c->diags, diag, "have it approved again: upkeep approve %.*s",
                UPK_FMT(path));
}

/* ---- plans beside the project file ---- */

static bool is_changed(const upk_json *actions, upk_str engine,
                       upk_str action) {
  for (size_t i = 0; i < upk_json_count(actions); i++) {
    upk_str name = upk_json_at(actions, i)->string;
    if (name.len == engine.len + 1 + action.len &&
        upk_str_starts(name, engine.data) && name.data[engine.len] == '/' &&
        upk_str_ends(name, action.data))
      return true;
  }
  return false;
}

static void look_at_plan(cli *c, const project *p, const char *name,
                         const upk_json *actions) {
  upk_str path =
      upk_arena_printf(c->arena, "%.*s/%s", UPK_FMT(p->folder), name);
  const upk_json *plan =
      file_exists(signatures_of(c, path)) ? plan_at(c, path) : NULL;
  const upk_json *body = upk_json_get(plan, "body");
  const upk_json *steps = upk_json_get(body, "steps");
  upk_str engine = upk_json_text(upk_json_get(body, "target"), "engine");
  size_t changed = 0;
  upk_str first = UPK_NO_STR;
  if (!plan || !engine.data)
    return;
  engine = upk_arena_copy(c->arena, engine);
  for (size_t i = 0; i < upk_json_count(steps); i++) {
    const upk_json *step = upk_json_at(steps, i);
    upk_str action = upk_arena_copy(c->arena, upk_json_text(step, "action"));
    if (!is_changed(actions, engine, action))
      continue;
    if (!changed++)
      first = upk_json_text(step, "id");
  }
  if (!changed)
    return;
  upk_diag *diag =
      upk_diag_add(&c->diags, 3328, UPK_NO_SPAN,
                   "the approvals of %s are for actions that the standard "
                   "library has changed: %zu of its steps, first %.*s",
                   name, changed, UPK_FMT(first));
  upk_diag_help(&c->diags, diag,
                "Apply it as it is, or make it again and compare: upkeep plan "
                "-o %s",
                name);
}

static void look_at_plans(cli *c, const project *p, const upk_json *actions) {
  DIR *folder = opendir(p->folder.data);
  const struct dirent *entry;
  while (folder && (entry = readdir(folder)) != NULL)
    if (upk_str_ends(upk_str_from(entry->d_name), ".json"))
      look_at_plan(c, p, entry->d_name, actions);
  if (folder)
    closedir(folder);
}

/* ---- standing approvals ---- */

static void look_at_line(cli *c, upk_str file, upk_str line, size_t number) {
  upk_json_error error;
  upk_clock clock = system_clock();
  upk_buf until = {0};
  const upk_json *tree = upk_json_parse(
      c->arena, upk_arena_printf(c->arena, "%.*s\n", UPK_FMT(line)), &error);
  const upk_json *statement = upk_json_get(tree, "statement");
  const upk_json *standing = upk_json_get(statement, "standing");
  int64_t not_after = upk_json_number(statement, "not_after", 0);
  if (!tree || standing->type != UPK_JSON_OBJECT ||
      not_after <= clock.wall_us(clock.ctx))
    return;
  upk_str when = upk_json_text(standing, "when");
  upk_timestamp_format(not_after - not_after % 1000000, &until);
  upk_diag_add(&c->diags, 3329, UPK_NO_SPAN,
               "the standing approval at %.*s:%zu (%s%.*s) is open until %.*s, "
               "for the changed actions too",
               UPK_FMT(file), number, when.len ? "" : "every step",
               UPK_FMT(when), UPK_FMT(upk_buf_view(&until)));
  upk_buf_free(&until);
}

static void look_at_standing(cli *c, const project *p, upk_str file) {
  upk_buf bytes = {0};
  upk_str path = upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(p->folder),
                                  UPK_FMT(file));
  size_t number = 0;
  if (!file_read_plain(c, path, &bytes) && bytes.len) {
    upk_str rest = upk_arena_copy(c->arena, upk_buf_view(&bytes));
    while (rest.data) {
      upk_str line = upk_str_split(rest, '\n', &rest);
      number++;
      if (line.len)
        look_at_line(c, file, line, number);
    }
  }
  upk_buf_free(&bytes);
}

static upk_status ask(cli *c, const project *p, upk_compile_mode mode,
                      const upk_json **ret) {
  upk_buf output = {0};
  upk_json_error error;
  upk_compile_request request = request_new(c, p, mode);
  upk_status status = compile(c, p, &request, &output);
  if (status == UPK_OK)
    *ret = upk_json_parse(
        c->arena, upk_arena_copy(c->arena, upk_buf_view(&output)), &error);
  upk_buf_free(&output);
  return status;
}

void approvals_at_stake(cli *c, const project *p) {
  const upk_json *lock = NULL, *rules = NULL;
  upk_diags said = c->diags;
  bool known = ask(c, p, UPK_COMPILE_LOCK, &lock) == UPK_OK;
  bool ruled = ask(c, p, UPK_COMPILE_EXECUTOR, &rules) == UPK_OK;
  c->diags.items.len = said.items.len;
  c->diags.failures = said.failures;
  c->diags.warnings = said.warnings;
  c->diags.dropped = said.dropped;
  const upk_json *actions = upk_json_get(lock, "actions");
  if (!known || !upk_json_count(actions))
    return;
  look_at_plans(c, p, actions);
  const upk_json *files = ruled ? upk_json_get(rules, "standing") : NULL;
  for (size_t i = 0; i < upk_json_count(files); i++)
    look_at_standing(c, p, upk_json_at(files, i)->string);
}
