/* What stands around the steps in a comment. */
#include <inttypes.h>

#include "cli.h"
#include "markup.h"
#include "plan_comment.h"

void comment_object(upk_buf *out, const upk_json *name) {
  upk_buf text = {0};
  object_display(name, &text);
  markup_code(out, upk_buf_view(&text), MARKUP_CELL_MAX);
  upk_buf_free(&text);
}

static void open_fold(upk_buf *out, const char *title) {
  upk_buf_printf(out, "\n<details><summary>%s</summary>\n\n", title);
}
static void close_fold(upk_buf *out) {
  upk_buf_str(out, UPK_STR("\n</details>\n"));
}

/* ---- findings of lint ---- */

static void write_findings(comment *m) {
  const upk_json *findings = upk_json_get(m->view.body, "diagnostics");
  upk_buf *out = &m->sections[FINDINGS];
  size_t count = upk_json_count(findings);
  for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
    const upk_json *item = upk_json_at(findings, i);
    upk_buf_printf(out, "%s- **%.*s** UPK%04" PRId64 " ", i ? "" : "\n",
                   UPK_FMT(upk_json_text(item, "severity")),
                   upk_json_number(item, "code", 0));
    markup_code(out, upk_json_text(item, "message"), 2 * MARKUP_CELL_MAX);
    upk_buf_char(out, '\n');
  }
  if (count > LISTED_MAX)
    upk_buf_printf(out, "- and %zu more\n", count - LISTED_MAX);
}

/* ---- what is not done, and what was looked at ---- */

static void add_item(upk_buf *out, upk_str word, const upk_json *object,
                     upk_str because, upk_str policy) {
  upk_buf_printf(out, "| %.*s | ", UPK_FMT(word));
  comment_object(out, object);
  upk_buf_str(out, UPK_STR(" | "));
  markup_code(out, because, MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" | "));
  markup_code(out, policy, MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" |\n"));
}

static void add_deferred(const comment *m, upk_buf *out) {
  const upk_json *deferred = upk_json_get(m->view.body, "deferred");
  size_t count = upk_json_count(deferred);
  for (size_t i = 0; i < count && i < 2 * LISTED_MAX; i++) {
    const upk_json *item = upk_json_at(deferred, i);
    upk_str detail = upk_json_text(item, "detail");
    upk_str because = upk_json_text(item, "because");
    upk_buf why = {0}, word = {0};
    upk_buf_printf(&why, "%.*s%s%.*s", UPK_FMT(because), detail.len ? "; " : "",
                   UPK_FMT(detail));
    upk_buf_printf(&word, "deferred: %.*s",
                   UPK_FMT(upk_json_text(item, "reason")));
    add_item(out, upk_buf_view(&word), upk_json_get(item, "object"),
             upk_buf_view(&why), upk_json_text(item, "policy"));
    upk_buf_free(&why);
    upk_buf_free(&word);
  }
  if (count > 2 * LISTED_MAX)
    upk_buf_printf(out, "| deferred | and %zu more | | |\n",
                   count - 2 * LISTED_MAX);
}

static void add_details(const upk_json *policy, upk_buf *out) {
  const upk_json *details = upk_json_get(policy, "details");
  size_t count = upk_json_count(details);
  for (size_t i = 0; i < count && i < 5; i++) {
    const upk_json *item = upk_json_at(details, i);
    add_item(out, upk_json_text(item, "verdict"), upk_json_get(item, "object"),
             upk_json_text(item, "because"), upk_json_text(policy, "policy"));
  }
  if (count > 5) {
    upk_buf_printf(out, "| | and %zu more | | ", count - 5);
    markup_code(out, upk_json_text(policy, "policy"), MARKUP_CELL_MAX);
    upk_buf_str(out, UPK_STR(" |\n"));
  }
}

static void write_not_done(comment *m) {
  const upk_json *considered = upk_json_get(m->view.body, "considered");
  upk_buf *out = &m->sections[NOT_DONE], rows = {0};
  add_deferred(m, &rows);
  for (size_t i = 0; i < upk_json_count(considered); i++)
    add_details(upk_json_at(considered, i), &rows);
  if (rows.len) {
    open_fold(out, "What is not done, and why");
    upk_buf_str(out,
                UPK_STR("| | object | why | policy |\n|---|---|---|---|\n"));
    upk_buf_str(out, upk_buf_view(&rows));
    close_fold(out);
  }
  upk_buf_free(&rows);
}

static void write_looked_at(comment *m) {
  static const char *const keys[] = {"broken",  "predicted", "holds",   "warns",
                                     "unknown", "exempt",    "excluded"};
  const upk_json *considered = upk_json_get(m->view.body, "considered");
  upk_buf *out = &m->sections[LOOKED_AT];
  open_fold(out, "What was looked at");
  upk_buf_str(out, UPK_STR("| policy | kind | broken | predicted | holds | "
                           "warns | unknown | exempt | excluded |\n|---|---|"
                           "--:|--:|--:|--:|--:|--:|--:|\n"));
  for (size_t i = 0; i < upk_json_count(considered); i++) {
    const upk_json *policy = upk_json_at(considered, i);
    upk_buf_str(out, UPK_STR("| "));
    markup_code(out, upk_json_text(policy, "policy"), MARKUP_CELL_MAX);
    upk_buf_str(out, UPK_STR(" | "));
    markup_code(out, upk_json_text(policy, "kind"), MARKUP_CELL_MAX);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
      upk_buf_printf(out, " | %" PRId64, upk_json_number(policy, keys[k], 0));
    upk_buf_str(out, UPK_STR(" |\n"));
  }
  close_fold(out);
}

/* ---- pictures and statements ---- */

static void write_block(upk_buf *out, const char *title, const char *language,
                        void (*draw)(const upk_json *, upk_buf *),
                        const upk_json *plan) {
  upk_buf text = {0};
  draw(plan, &text);
  open_fold(out, title);
  markup_fence(out, language, upk_buf_view(&text));
  close_fold(out);
  upk_buf_free(&text);
}

static void write_sql(const upk_json *plan, bool checks, upk_buf *out) {
  upk_buf text = {0};
  plan_sql(plan, checks, &text);
  open_fold(out, checks ? "SQL of the steps, with their checks"
                        : "SQL of the steps");
  markup_fence(out, "sql", upk_buf_view(&text));
  close_fold(out);
  upk_buf_free(&text);
}

static void write_pictures(comment *m) {
  const upk_json *plan = m->view.plan;
  if (!m->sum.steps)
    return;
  if (m->sum.steps > 1)
    write_block(&m->sections[GRAPH], "Graph", "mermaid", plan_mermaid, plan);
  write_block(&m->sections[TIMES], "Time line", "mermaid", plan_gantt, plan);
  if (m->sum.steps > STATEMENTS_MAX)
    return; /* it could not fit */
  write_sql(plan, true, &m->sections[STATEMENTS]);
  write_sql(plan, false, &m->short_sql);
}

void comment_sections(comment *m) {
  write_findings(m);
  comment_policies(m);
  comment_steps(m, SIZE_MAX);
  write_not_done(m);
  write_looked_at(m);
  write_pictures(m);
}
