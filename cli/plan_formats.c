/* A plan as markdown for a pull request, as SQL, and as a mermaid graph. */
#include <inttypes.h>
#include <string.h>

#include "cli.h"
#include "map.h"
#include "plan_view.h"
#include "quote.h"
#include "timefmt.h"

/* A comment on a pull request holds 65,536 characters. */
enum { MARKDOWN_MAX = 64000, GRAPH_MAX = 120 };

/* Table cells: names come from databases, so what markdown would read is
 * escaped, and no name can close the cell or start a link. */
static void cell(upk_buf *out, upk_str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    if (strchr("|\\`*_[]<>&#@!~", c) && c)
      upk_buf_char(out, '\\');
    upk_buf_char(out, c == '\n' || c == '\r' ? ' ' : c);
  }
}

static void cell_object(upk_buf *out, const upk_json *name) {
  upk_buf text = {0};
  object_display(name, &text);
  cell(out, upk_buf_view(&text));
  upk_buf_free(&text);
}

static void markdown_step(const plan_view *view, size_t number,
                          const upk_json *step, upk_buf *out) {
  upk_str id = upk_json_text(step, "id");
  upk_buf_printf(out, "| %zu | %.*s | ", number,
                 UPK_FMT(upk_json_text(step, "action")));
  cell_object(out, upk_json_get(upk_json_get(step, "object"), "name"));
  upk_buf_str(out, UPK_STR(" | "));
  cell(out, upk_json_text(step, "because"));
  upk_buf_str(out, UPK_STR(" | "));
  upk_duration_human(
      upk_json_number(upk_json_get(step, "estimate"), "p50_ms", 0) * 1000, out);
  upk_buf_str(out, UPK_STR(" | "));
  plan_view_blocking(step, out);
  upk_buf_printf(out, " | %s | %.*s | ", plan_view_reversible(step),
                 UPK_FMT(upk_json_text(step, "risk")));
  plan_view_after(view, id, out);
  upk_buf_str(out, UPK_STR(" | "));
  cell(out, plan_view_place(view, step));
  upk_buf_str(out, UPK_STR(" |\n"));
}

static void markdown_considered(const plan_view *view, upk_buf *out) {
  const upk_json *considered = upk_json_get(view->body, "considered");
  upk_buf_str(out, UPK_STR("\n<details><summary>What was looked at</summary>"
                           "\n\n| policy | kind | broken | holds | warns | "
                           "unknown | excluded |\n|---|---|---|---|---|---|---"
                           "|\n"));
  static const char *const keys[] = {"broken", "holds", "warns", "unknown",
                                     "excluded"};
  for (size_t i = 0; i < upk_json_count(considered); i++) {
    const upk_json *policy = upk_json_at(considered, i);
    upk_buf_str(out, UPK_STR("| "));
    cell(out, upk_json_text(policy, "policy"));
    upk_buf_printf(out, " | %.*s", UPK_FMT(upk_json_text(policy, "kind")));
    for (size_t k = 0; k < 5; k++)
      upk_buf_printf(out, " | %" PRId64, upk_json_number(policy, keys[k], 0));
    upk_buf_str(out, UPK_STR(" |\n"));
  }
  upk_buf_str(out, UPK_STR("\n</details>\n"));
}

static void markdown_findings(const plan_view *view, upk_buf *out) {
  const upk_json *findings = upk_json_get(view->body, "diagnostics");
  if (upk_json_count(findings))
    upk_buf_char(out, '\n'); /* or they would be rows of the table */
  for (size_t i = 0; i < upk_json_count(findings); i++) {
    const upk_json *item = upk_json_at(findings, i);
    upk_buf_printf(out, "- **%.*s** UPK%04" PRId64 ": ",
                   UPK_FMT(upk_json_text(item, "severity")),
                   upk_json_number(item, "code", 0));
    cell(out, upk_json_text(item, "message"));
    upk_buf_char(out, '\n');
  }
}

static void fence(upk_buf *out, const char *language) {
  upk_buf_printf(out, "```%s\n", language);
}

void plan_markdown(const upk_json *plan, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  size_t count = upk_json_count(view.steps), shown = 0;
  upk_buf_printf(out, "<!-- upkeep:plan:%.*s -->\n### ",
                 UPK_FMT(upk_json_text(view.target, "name")));
  plan_view_title(&view, out);
  upk_buf_str(out, UPK_STR("\n\n"));
  if (!count)
    upk_buf_str(out, UPK_STR("Nothing to do.\n"));
  else
    upk_buf_str(out, UPK_STR("| | action | object | because | time | blocking "
                             "| undo | risk | after | policy |\n"
                             "|---|---|---|---|---|---|---|---|---|---|\n"));
  for (; shown < count && out->len < MARKDOWN_MAX / 2; shown++)
    markdown_step(&view, shown + 1, upk_json_at(view.steps, shown), out);
  if (shown < count)
    upk_buf_printf(out, "\n%zu more steps are in the plan file.\n",
                   count - shown);
  markdown_findings(&view, out);
  markdown_considered(&view, out);
  if (count && count <= GRAPH_MAX) {
    upk_buf graph = {0}, sql = {0};
    plan_mermaid(plan, &graph);
    plan_sql(plan, &sql);
    if (out->len + graph.len < MARKDOWN_MAX * 3 / 4) {
      upk_buf_str(out, UPK_STR("\n"));
      fence(out, "mermaid");
      upk_buf_str(out, upk_buf_view(&graph));
      fence(out, "");
    }
    /* a fence inside a name would end the block: then it is left out */
    bool fits = out->len + sql.len < MARKDOWN_MAX;
    if (fits && !strstr(sql.data, "```")) {
      upk_buf_str(out, UPK_STR("\n<details><summary>Statements</summary>\n\n"));
      fence(out, "sql");
      upk_buf_str(out, upk_buf_view(&sql));
      fence(out, "");
      upk_buf_str(out, UPK_STR("\n</details>\n"));
    }
    upk_buf_free(&graph);
    upk_buf_free(&sql);
  }
  upk_buf_printf(out, "\n<sub>digest %.*s<br>intent %.*s</sub>\n",
                 UPK_FMT(upk_json_text(plan, "digest")),
                 UPK_FMT(upk_json_text(plan, "intent")));
  upk_arena_free(arena);
}

/* ---- sql ---- */

/* One comment line: no name can end it. */
static void comment(upk_buf *out, const char *head, upk_str text) {
  upk_buf_printf(out, "-- %s", head);
  for (size_t i = 0; i < text.len; i++)
    upk_buf_char(
        out, text.data[i] == '\n' || text.data[i] == '\r' ? ' ' : text.data[i]);
  upk_buf_char(out, '\n');
}

static void sql_text(upk_buf *out, upk_str sql, const upk_json *params) {
  sql = upk_str_trim(sql);
  while (sql.len && sql.data[sql.len - 1] == ';')
    sql.len--;
  upk_buf_str(out, sql);
  upk_buf_str(out, UPK_STR(";\n"));
  if (!upk_json_count(params))
    return;
  upk_buf bytes = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_write(w, params);
  upk_json_writer_close(w);
  comment(out, "parameters: ", upk_buf_view(&bytes));
  upk_buf_free(&bytes);
}

/* Words as JSON: nothing in them can be taken for another. */
void program_text(const upk_json *words, upk_buf *out) {
  upk_buf bytes = {0};
  for (size_t i = 0; i < upk_json_count(words); i++) {
    const upk_json *word = upk_json_at(words, i);
    upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
    upk_buf_clear(&bytes);
    upk_json_write(w, word);
    upk_json_writer_close(w);
    upk_buf_printf(out, "%s%.*s", i ? " " : "", UPK_FMT(upk_buf_view(&bytes)));
  }
  upk_buf_free(&bytes);
}

static void sql_program(upk_buf *out, const upk_json *exec) {
  upk_buf text = {0};
  program_text(exec, &text);
  comment(out, "program ", upk_buf_view(&text));
  upk_buf_free(&text);
}

static void sql_check(upk_buf *out, const upk_json *check,
                      const upk_json *queries, const char *head) {
  const upk_json *names = upk_json_get(check, "queries");
  upk_buf text = {0};
  upk_buf_printf(&text, "%.*s: expect %.*s",
                 UPK_FMT(upk_json_text(check, "name")),
                 UPK_FMT(upk_json_text(check, "expect")));
  comment(out, head, upk_buf_view(&text));
  upk_buf_free(&text);
  upk_str sql = upk_json_text(check, "sql");
  if (upk_json_count(upk_json_get(check, "exec")))
    sql_program(out, upk_json_get(check, "exec"));
  if (sql.len)
    sql_text(out, sql, upk_json_get(check, "params"));
  for (size_t i = 0; i < upk_json_count(names); i++) {
    const upk_json *query =
        upk_json_get_str(queries, upk_json_at(names, i)->string);
    if (query->type == UPK_JSON_STRING)
      sql_text(out, query->string, upk_json_get(check, "params"));
  }
}

static void sql_checks(upk_buf *out, const upk_json *checks,
                       const upk_json *queries, const char *head) {
  for (size_t i = 0; i < upk_json_count(checks); i++)
    sql_check(out, upk_json_at(checks, i), queries, head);
}

static void sql_statements(upk_buf *out, const upk_json *statements);

static void sql_statement(upk_buf *out, const upk_json *statement) {
  const upk_json *exec = upk_json_get(statement, "exec");
  const upk_json *batch = upk_json_get(statement, "batch");
  if (upk_json_count(exec)) {
    sql_program(out, exec);
  } else if (upk_json_count(upk_json_get(batch, "run"))) {
    upk_buf_printf(out, "-- repeated in rounds of at most %lld rows\n",
                   (long long)upk_json_number(batch, "max_rows", 0));
    sql_statements(out, upk_json_get(batch, "run"));
    upk_buf_str(out, UPK_STR("-- end of a round\n"));
  } else {
    sql_text(out, upk_json_text(statement, "sql"),
             upk_json_get(statement, "params"));
  }
}

static void sql_statements(upk_buf *out, const upk_json *statements) {
  for (size_t i = 0; i < upk_json_count(statements); i++)
    sql_statement(out, upk_json_at(statements, i));
}

static const upk_json *queries_of(const plan_view *view) {
  return upk_json_get(view->body, "queries");
}

/* Its rounds commit one by one. */
static bool has_batch(const upk_json *statements) {
  for (size_t i = 0; i < upk_json_count(statements); i++)
    if (upk_json_count(upk_json_get(
            upk_json_get(upk_json_at(statements, i), "batch"), "run")))
      return true;
  return false;
}

void plan_sql(const upk_json *plan, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  comment(out,
          "what upkeep would run: for reading, apply runs it with its "
          "checks, limits and log",
          UPK_STR(""));
  for (size_t i = 0; i < upk_json_count(view.steps); i++) {
    const upk_json *step = upk_json_at(view.steps, i);
    bool transaction =
        upk_str_is(upk_json_text(step, "atomicity"), "transaction") &&
        !has_batch(upk_json_get(step, "run"));
    upk_buf_printf(out, "\n-- step %zu\n", i + 1);
    comment(out, "", upk_json_text(step, "id"));
    comment(out, "because ", upk_json_text(step, "because"));
    sql_checks(out, upk_json_get(step, "pre"), queries_of(&view), "pre-check ");
    if (transaction)
      upk_buf_str(out, UPK_STR("begin;\n"));
    sql_statements(out, upk_json_get(step, "run"));
    sql_checks(out, upk_json_get(step, "post"), queries_of(&view),
               "post-validation ");
    if (transaction)
      upk_buf_str(out, UPK_STR("commit;\n"));
  }
  upk_arena_free(arena);
}

/* ---- mermaid ---- */

static void mermaid_label(upk_buf *out, upk_str text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    if (c < 0x80 && strchr("\"#&<>[](){}|`;\\", c) && c)
      upk_buf_printf(out, "#%u;", c); /* mermaid's entity form */
    else
      upk_buf_char(out, c < 0x20 ? ' ' : (char)c);
  }
}

static void mermaid_end(const plan_view *view, upk_map *barriers, upk_str id,
                        upk_buf *out) {
  uint64_t number = plan_view_number(view, id);
  if (number) {
    upk_buf_printf(out, "s%" PRIu64, number);
    return;
  }
  if (!upk_map_find(barriers, id, &number)) {
    number = barriers->entries.len + 1;
    upk_map_put(barriers, id, number);
  }
  upk_buf_printf(out, "b%" PRIu64, number);
}

void plan_mermaid(const upk_json *plan, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  upk_map barriers;
  plan_view_init(&view, arena, plan);
  upk_map_init(&barriers, arena);
  upk_buf_str(out, UPK_STR("flowchart LR\n"));
  for (size_t i = 0; i < upk_json_count(view.steps); i++) {
    const upk_json *step = upk_json_at(view.steps, i);
    upk_buf object = {0};
    object_display(upk_json_get(upk_json_get(step, "object"), "name"), &object);
    upk_buf_printf(out, "  s%zu[\"%zu %.*s<br/>", i + 1, i + 1,
                   UPK_FMT(upk_json_text(step, "action")));
    mermaid_label(out, upk_buf_view(&object));
    upk_buf_str(out, UPK_STR("\"]\n"));
    upk_buf_free(&object);
  }
  const upk_json *edges = upk_json_get(view.body, "edges");
  for (size_t i = 0; i < upk_json_count(edges); i++) {
    const upk_json *edge = upk_json_at(edges, i);
    upk_buf_str(out, UPK_STR("  "));
    mermaid_end(&view, &barriers, upk_json_text(edge, "from"), out);
    upk_buf_str(out, UPK_STR(" -->|\""));
    mermaid_label(out, upk_json_text(edge, "why"));
    upk_buf_str(out, UPK_STR("\"| "));
    mermaid_end(&view, &barriers, upk_json_text(edge, "to"), out);
    upk_buf_char(out, '\n');
  }
  for (size_t i = 0; i < barriers.entries.len; i++) {
    upk_buf_printf(out, "  b%zu((\"", i + 1);
    mermaid_label(out, barriers.entries.items[i].key);
    upk_buf_str(out, UPK_STR("\"))\n"));
  }
  upk_arena_free(arena);
}
