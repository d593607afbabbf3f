/* upkeep plan and show: a plan made, and a plan looked at. */
#include <string.h>

#include "packs.h"
#include "runs.h"

upk_status plan_load(cli *c, upk_str path, upk_buf *bytes,
                     const upk_json **ret_plan) {
  upk_json_error error;
  upk_status status = file_read(c, path, bytes);
  if (status == UPK_OK)
    status = upk_plan_verify(upk_buf_view(bytes), path, &c->diags);
  if (status == UPK_OK)
    *ret_plan = upk_json_parse(c->arena, upk_buf_view(bytes), &error);
  return status;
}

size_t markdown_room(cli *c) {
  upk_str text = flag_text(c, FLAG_max_bytes);
  size_t bytes = 0;
  if (!flag_given(c, FLAG_max_bytes))
    return PLAN_MARKDOWN_MAX;
  for (size_t i = 0; i < text.len && i < 9; i++)
    bytes = text.data[i] >= '0' && text.data[i] <= '9'
                ? bytes * 10 + (size_t)(text.data[i] - '0')
                : 0;
  if (bytes >= PLAN_MARKDOWN_MIN && text.len <= 9)
    return bytes;
  upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
               "--max-bytes is a number, %d or more", PLAN_MARKDOWN_MIN);
  return 0;
}

typedef void (*renderer)(const upk_json *plan, upk_buf *out);

static renderer find_renderer(const cli *c) {
  static const struct {
    const char *format;
    renderer render;
  } rows[] = {{"mermaid", plan_mermaid},
              {"gantt", plan_gantt},
              {"dot", plan_dot},
              {"html", plan_html}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (format_is(c, rows[i].format, "text"))
      return rows[i].render;
  return NULL;
}

static upk_status print_plan(cli *c, const upk_json *plan, upk_str bytes,
                             bool findings) {
  upk_buf out = {0};
  renderer render = find_renderer(c);
  size_t room = markdown_room(c);
  if (!room)
    return UPK_USAGE;
  if (format_is(c, "json", "text"))
    upk_buf_str(&out, bytes);
  else if (render)
    render(plan, &out);
  else if (format_is(c, "markdown", "text"))
    plan_markdown(plan, room, &out);
  else if (format_is(c, "sql", "text"))
    plan_sql(plan, true, &out);
  else
    plan_text(plan, c->color_out, flag_given(c, FLAG_verbose), findings, &out);
  if (format_is(c, "text", "text"))
    print_text(c, upk_buf_view(&out));
  else
    print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
  return UPK_OK;
}

/* A member of a plan's body, without what comes before it; NULL: it has none.
 */
static const upk_json *read_member(cli *c, upk_str bytes, const char *name) {
  upk_json_reader r;
  upk_json_reader_init(&r, bytes, c->arena);
  upk_json_token token = upk_json_next(&r);
  while (token == UPK_TOKEN_BEGIN_OBJECT &&
         upk_json_next(&r) == UPK_TOKEN_KEY) {
    while (!upk_str_is(r.string, "body") && !upk_str_is(r.string, name))
      if (!upk_json_skip(&r, upk_json_next(&r)) ||
          upk_json_next(&r) != UPK_TOKEN_KEY)
        return NULL;
    bool found = upk_str_is(r.string, name);
    token = upk_json_next(&r);
    if (found)
      return upk_json_read_value(&r, token, c->arena);
  }
  return NULL;
}

static int64_t count_steps(cli *c, upk_str bytes) {
  const upk_json *totals = read_member(c, bytes, "totals");
  return totals ? upk_json_number(totals, "steps", 0) : 0;
}

/* The moment that the plan is made for: --at, or when the facts were taken. In
 * a facts file `taken_at` stands near the end, behind the objects. */
static int64_t moment_of(upk_str facts, const upk_compile_request *request) {
  static const char key[] = ",\"taken_at\":";
  size_t len = sizeof key - 1;
  int64_t us = 0;
  if (request->at_us)
    return request->at_us;
  for (size_t at = facts.len; at >= len; at--) {
    if (memcmp(facts.data + at - len, key, len) != 0)
      continue;
    while (at < facts.len && facts.data[at] >= '0' && facts.data[at] <= '9' &&
           us < INT64_MAX / 100)
      us = us * 10 + (facts.data[at++] - '0');
    break;
  }
  return us;
}

/* The target's name as far as it is known when there is no plan. */
static upk_str target_name(const cli *c, const project *p) {
  if (c->argument_count)
    return upk_str_from(c->arguments[0]);
  const upk_json *only = upk_json_at(p->targets, 0);
  return upk_json_count(p->targets) == 1 ? upk_json_text(only, "name")
                                         : UPK_STR("");
}

static upk_status make_plan(cli *c, const project *p, upk_buf *plan) {
  upk_buf facts = {0};
  upk_compile_request request = request_new(c, p, UPK_COMPILE_PLAN);
  request.target = upk_str_from(c->argument_count ? c->arguments[0] : "");
  upk_status status =
      facts_get(c, p, request.target, &facts, &request.facts_path);
  if (status == UPK_OK) {
    request.facts = upk_buf_view(&facts);
    status = windows_for_plan(c, p, moment_of(request.facts, &request),
                              &request.windows);
  }
  if (status == UPK_OK && p->requirements.data)
    request.spent =
        spent_load(c, p, target_name(c, p), moment_of(request.facts, &request));
  if (status == UPK_OK)
    request.history = history_for_plan(c, p, request.target);
  if (status == UPK_OK)
    status = compile(c, p, &request, plan);
  upk_buf_free(&facts);
  return status;
}

/* What is to be seen of a plan that was made. */
static upk_status show_made(cli *c, upk_str bytes) {
  upk_json_error error;
  const upk_json *plan = NULL;
  bool quiet = flag_given(c, FLAG_quiet) && !flag_given(c, FLAG_format);
  if (quiet || format_is(c, "sarif", "text"))
    return UPK_OK;
  if (!format_is(c, "json", "text"))
    plan = upk_json_parse(c->arena, bytes, &error);
  return print_plan(c, plan, bytes, false);
}

/* What code scanning and a pull request are told of a plan that was refused. */
static void show_findings(cli *c, const project *p, upk_status status) {
  upk_buf out = {0};
  if (format_is(c, "sarif", "text"))
    findings_sarif(c, p, &out);
  else if (format_is(c, "markdown", "text") && status == UPK_DENIED)
    findings_markdown(c, target_name(c, p), &out);
  print_bytes(c, upk_buf_view(&out));
  upk_buf_free(&out);
}

/* "plan.json" -> "plan.rehearsal.json" */
static upk_str record_path(cli *c) {
  upk_str path = flag_text(c, FLAG_output), end = UPK_STR(".json");
  if (!flag_given(c, FLAG_output))
    return UPK_NO_STR;
  if (upk_str_ends(path, ".zst"))
    path.len -= 4;
  if (upk_str_ends(path, end.data))
    path.len -= end.len;
  return upk_arena_printf(c->arena, "%.*s.rehearsal.json", UPK_FMT(path));
}

static bool wants_rehearsal(const cli *c) {
  return flag_given(c, FLAG_rehearse) || flag_given(c, FLAG_rehearse_all);
}

static void say_next(cli *c, upk_str plan) {
  const char *path = flag_text(c, FLAG_output).data;
  if (upk_json_count(read_member(c, plan, "approvals_required")))
    say(c, "Next:  upkeep approve %s   then   upkeep apply %s\n", path, path);
  else
    say(c, "Next:  upkeep apply %s\n", path);
}

static upk_status run_plan(cli *c) {
  project p = {.folder = UPK_NO_STR};
  upk_buf bytes = {0};
  upk_status status = project_load(c, &p);
  if (status == UPK_OK)
    status = make_plan(c, &p, &bytes);
  if (status == UPK_OK && flag_given(c, FLAG_output))
    approvals_compare(c, flag_text(c, FLAG_output), upk_buf_view(&bytes));
  show_findings(c, &p, status);
  if (status == UPK_OK && flag_given(c, FLAG_output))
    status = file_write(c, flag_text(c, FLAG_output), upk_buf_view(&bytes));
  if (status == UPK_OK) {
    int64_t steps = count_steps(c, upk_buf_view(&bytes));
    status = show_made(c, upk_buf_view(&bytes));
    if (status == UPK_OK && wants_rehearsal(c))
      status = rehearse(c, &p, upk_buf_view(&bytes), record_path(c));
    if (status != UPK_OK)
      ; /* the rehearsal has said what to do */
    else if (flag_given(c, FLAG_output) && steps)
      say_next(c, upk_buf_view(&bytes));
    else if (steps && !flag_given(c, FLAG_format))
      say(c, "Next:  upkeep plan -o plan.json   saves it for review\n");
    if (status == UPK_OK && steps && flag_given(c, FLAG_detailed_exitcode))
      status = UPK_CHANGES;
  }
  upk_buf_free(&bytes);
  return status;
}

const verb verb_plan = {
    .name = "plan",
    .arguments = "[TARGET]",
    .summary = "compile policies and facts into a plan",
    .detail = "Read-only. Facts come from the database, or from --facts FILE "
              "without one.\nThe plan is the dry run: what it holds is all "
              "that `upkeep apply` can do.\nWith --rehearse the steps that "
              "can be rolled back are tried on the target, each alone, and "
              "rolled back;\nexit code 4 when one failed.",
    .formats = "text,json,markdown,html,sql,mermaid,gantt,dot,sarif",
    .flags = FLAG_BIT(max_bytes) | FLAG_BIT(output) | FLAG_BIT(format) |
             FLAG_BIT(act) | FLAG_BIT(with) | FLAG_BIT(detailed_exitcode) |
             FLAG_BIT(rehearse) | FLAG_BIT(rehearse_all) | FLAGS_FACTS |
             FLAGS_POLICIES | FLAGS_RECORD,
    .max_arguments = 1,
    .run = run_plan,
};

static upk_status run_show(cli *c) {
  upk_buf bytes = {0};
  const upk_json *plan;
  upk_status status =
      plan_load(c, upk_str_from(c->arguments[0]), &bytes, &plan);
  if (status == UPK_OK)
    status = print_plan(c, plan, upk_buf_view(&bytes), true);
  upk_buf_free(&bytes);
  return status;
}

const verb verb_show = {
    .name = "show",
    .arguments = "PLAN",
    .summary = "print a plan: text, markdown for a pull request, a page, SQL, "
               "graphs",
    .formats = "text,json,markdown,html,sql,mermaid,gantt,dot",
    .flags = FLAG_BIT(format) | FLAG_BIT(max_bytes),
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run_show,
};
