/* A plan as one HTML file: no script, nothing from elsewhere, folded with
 * <details>, light and dark. */
#include <inttypes.h>

#include "cli.h"
#include "markup.h"
#include "plan_sum.h"
#include "plan_svg.h"
#include "timefmt.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--dim:#59636e;"
    "--line:#d1d9e0;--soft:#f6f8fa;--low:#2da44e;--medium:#9a6700;"
    "--high:#cf222e}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;"
    "--dim:#9198a1;--line:#3d444d;--soft:#151b23;--low:#3fb950;"
    "--medium:#d29922;--high:#f85149}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:1100px;padding:1rem;background:var(--bg);"
    "color:var(--fg);font:16px/1.5 system-ui,sans-serif;"
    "overflow-wrap:anywhere}\n"
    "h1{font-size:1.25rem;line-height:1.35;margin:.5rem 0}"
    "h1 code{font-size:.95em}h2{font-size:1.05rem;margin:1.8rem 0 .5rem}\n"
    "code,pre{font:13px/1.45 ui-monospace,monospace}"
    "pre{white-space:pre-wrap;background:var(--soft);border:1px solid "
    "var(--line);border-radius:6px;padding:.6rem;margin:.4rem 0}\n"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);"
    "gap:.15rem 1rem;margin:.6rem 0}dt{color:var(--dim)}dd{margin:0}\n"
    "details{border:1px solid var(--line);border-radius:6px;margin:.35rem 0}"
    "details>div{padding:0 .8rem .6rem}\n"
    "summary{padding:.45rem .8rem;cursor:pointer}"
    "summary:hover,summary:focus-visible{background:var(--soft)}\n"
    ".why,.note{color:var(--dim);font-size:.9rem}.why{display:block}\n"
    ".tag{display:inline-block;border:1px solid var(--line);"
    "border-radius:1em;padding:0 .6em;font-size:.8rem;margin-left:.3em}\n"
    ".tag.medium{color:var(--medium);border-color:var(--medium)}"
    ".tag.high{color:var(--high);border-color:var(--high)}\n"
    ".scroll,.picture{overflow-x:auto}"
    "table{border-collapse:collapse;font-size:.9rem}"
    "th,td{text-align:left;padding:.25rem .7rem .25rem 0;border-bottom:1px "
    "solid var(--line);vertical-align:top}"
    "td.n,th.n{text-align:right}\n"
    "svg{display:block;font-family:system-ui,sans-serif}"
    ".node,.barrier{fill:var(--soft);stroke:var(--line)}"
    ".node.medium{stroke:var(--medium)}.node.high{stroke:var(--high);"
    "stroke-width:2}\n"
    ".edge{fill:none;stroke:var(--dim)}.tip{fill:var(--dim)}"
    "text{fill:var(--fg)}text.title{font-size:13px;font-weight:600}"
    "text.detail{font-size:12px}text.axis{font-size:11px;fill:var(--dim)}\n"
    ".bar.low{fill:var(--low)}.bar.medium{fill:var(--medium)}"
    ".bar.high{fill:var(--high)}\n"
    "footer{margin:2rem 0 1rem;color:var(--dim);font-size:.85rem}\n"
    "</style>\n";

static void text(upk_buf *out, const char *literal) {
  upk_buf_str(out, upk_str_from(literal));
}

static void name_code(upk_buf *out, upk_str name) {
  text(out, "<code>");
  markup_html(out, name);
  text(out, "</code>");
}

static void add_object(upk_buf *out, const upk_json *name) {
  upk_buf shown = {0};
  object_display(name, &shown);
  name_code(out, upk_buf_view(&shown));
  upk_buf_free(&shown);
}

/* A line of a description list; nothing without a value. */
static void term(upk_buf *out, const char *word, upk_str value) {
  if (!value.len)
    return;
  upk_buf_printf(out, "<dt>%s</dt><dd>", word);
  markup_html(out, value);
  text(out, "</dd>");
}

static void term_duration(upk_buf *out, const char *word, int64_t ms) {
  upk_buf value = {0};
  upk_duration_human(ms * 1000, &value);
  term(out, word, upk_buf_view(&value));
  upk_buf_free(&value);
}

static void term_bytes(upk_buf *out, const char *word, int64_t bytes) {
  upk_buf value = {0};
  upk_bytes_human(bytes, &value);
  if (bytes)
    term(out, word, upk_buf_view(&value));
  upk_buf_free(&value);
}

static void add_value(upk_buf *out, const char *head_text,
                      const upk_json *value) {
  upk_buf bytes = {0};
  if (!upk_json_count(value))
    return;
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_write(w, value);
  upk_json_writer_close(w);
  upk_buf_printf(out, "<div class=\"note\">%s <code>", head_text);
  markup_html(out, upk_buf_view(&bytes));
  text(out, "</code></div>");
  upk_buf_free(&bytes);
}

static void add_sql(upk_buf *out, upk_str sql) {
  if (!sql.len)
    return;
  text(out, "<pre>");
  markup_html(out, upk_str_trim(sql));
  text(out, "</pre>");
}

/* ---- a step ---- */

static void add_check(upk_buf *out, const upk_json *check) {
  const upk_json *names = upk_json_get(check, "queries");
  text(out, "<div><b>");
  markup_html(out, upk_json_text(check, "name"));
  text(out, "</b>: expect <code>");
  markup_html(out, upk_json_text(check, "expect"));
  text(out, "</code>");
  if (upk_json_text(check, "otherwise").len) {
    text(out, ", otherwise ");
    markup_html(out, upk_json_text(check, "otherwise"));
  }
  for (size_t i = 0; i < upk_json_count(names); i++) {
    text(out, i ? ", " : ", by query ");
    name_code(out, upk_json_at(names, i)->string);
  }
  text(out, "</div>");
  add_value(out, "program", upk_json_get(check, "exec"));
  add_sql(out, upk_json_text(check, "sql"));
  add_value(out, "parameters", upk_json_get(check, "params"));
}

static void add_checks(upk_buf *out, const char *title,
                       const upk_json *checks) {
  if (!upk_json_count(checks))
    return;
  upk_buf_printf(out, "<details><summary>%s</summary><div>", title);
  for (size_t i = 0; i < upk_json_count(checks); i++)
    add_check(out, upk_json_at(checks, i));
  text(out, "</div></details>");
}

static void add_plain_statement(upk_buf *out, const upk_json *statement) {
  add_value(out, "program", upk_json_get(statement, "exec"));
  add_value(out, "file", upk_json_get(statement, "file"));
  add_sql(out, upk_json_text(statement, "sql"));
  add_value(out, "parameters", upk_json_get(statement, "params"));
}

static void add_statements(upk_buf *out, const upk_json *statements) {
  for (size_t i = 0; i < upk_json_count(statements); i++) {
    const upk_json *statement = upk_json_at(statements, i);
    const upk_json *batch = upk_json_get(statement, "batch");
    const upk_json *round = upk_json_get(batch, "run");
    if (upk_json_count(round))
      upk_buf_printf(out,
                     "<div>in rounds of at most %" PRId64 " rows, until none "
                     "is left:</div>",
                     upk_json_number(batch, "max_rows", 0));
    else
      add_plain_statement(out, statement);
    for (size_t j = 0; j < upk_json_count(round); j++)
      add_plain_statement(out, upk_json_at(round, j));
  }
}

static void add_undo(upk_buf *out, const upk_json *undo) {
  text(out, "<details><summary>Undo: ");
  markup_html(out, upk_json_text(undo, "class"));
  text(out, "</summary><div>");
  markup_html(out, upk_json_text(undo, "why"));
  add_statements(out, upk_json_get(undo, "steps"));
  text(out, "</div></details>");
}

static void add_tags(const plan_view *view, const upk_json *step,
                     upk_buf *out) {
  upk_str risk = upk_json_text(step, "risk");
  uint64_t wanted = plan_view_signatures(view, upk_json_text(step, "id"));
  upk_buf_printf(out, "<span class=\"tag %s\">",
                 upk_str_is(risk, "high")     ? "high"
                 : upk_str_is(risk, "medium") ? "medium"
                                              : "low");
  markup_html(out, risk);
  upk_buf_printf(out, " risk</span><span class=\"tag\">%s</span>",
                 plan_view_reversible(step));
  text(out, "<span class=\"tag\">");
  plan_view_blocking(step, out);
  text(out, "</span>");
  if (wanted)
    upk_buf_printf(out, "<span class=\"tag\">%" PRIu64 " approval%s</span>",
                   wanted, wanted == 1 ? "" : "s");
}

static void add_facts(const plan_view *view, const upk_json *step,
                      upk_buf *out) {
  const upk_json *estimate = upk_json_get(step, "estimate");
  upk_buf after = {0};
  plan_view_after(view, upk_json_text(step, "id"), &after);
  text(out, "<dl>");
  term(out, "policy", upk_json_text(step, "policy"));
  term(out, "place", plan_view_place(view, step));
  term(out, "order", upk_buf_view(&after));
  term(out, "window", upk_json_text(step, "window"));
  term_duration(out, "time", upk_json_number(estimate, "p50_ms", 0));
  term_duration(out, "9 times of 10", upk_json_number(estimate, "p90_ms", 0));
  term(out, "estimate from", upk_json_text(estimate, "basis"));
  term_bytes(out, "reads", upk_json_number(estimate, "reads_bytes", 0));
  term_bytes(out, "writes", upk_json_number(estimate, "writes_bytes", 0));
  term_bytes(out, "log", upk_json_number(estimate, "wal_bytes", 0));
  term_bytes(out, "disk at most",
             upk_json_number(estimate, "disk_peak_bytes", 0));
  term(out, "atomicity", upk_json_text(step, "atomicity"));
  term(out, "on failure", upk_json_text(step, "on_failure"));
  text(out, "</dl>");
  upk_buf_free(&after);
}

static void add_step(const plan_view *view, size_t index, upk_buf *out) {
  const upk_json *step = upk_json_at(view->steps, index);
  upk_buf_printf(out, "<details id=\"s%zu\"><summary>%zu <b>", index + 1,
                 index + 1);
  markup_html(out, upk_json_text(step, "action"));
  text(out, "</b> ");
  add_object(out, upk_json_get(upk_json_get(step, "object"), "name"));
  add_tags(view, step, out);
  text(out, "<span class=\"why\">");
  markup_html(out, upk_json_text(step, "because"));
  text(out, "</span></summary><div>");
  add_facts(view, step, out);
  add_statements(out, upk_json_get(step, "run"));
  add_checks(out, "Checks before", upk_json_get(step, "pre"));
  add_checks(out, "Validation after", upk_json_get(step, "post"));
  add_undo(out, upk_json_get(step, "undo"));
  text(out, "</div></details>\n");
}

/* ---- the other sections ---- */

static void add_findings(const plan_view *view, upk_buf *out) {
  const upk_json *findings = upk_json_get(view->body, "diagnostics");
  if (!upk_json_count(findings))
    return;
  text(out, "<h2>Findings</h2><ul>");
  for (size_t i = 0; i < upk_json_count(findings); i++) {
    const upk_json *item = upk_json_at(findings, i);
    text(out, "<li><b>");
    markup_html(out, upk_json_text(item, "severity"));
    upk_buf_printf(out, "</b> UPK%04" PRId64 ": ",
                   upk_json_number(item, "code", 0));
    markup_html(out, upk_json_text(item, "message"));
    text(out, "</li>\n");
  }
  text(out, "</ul>\n");
}

static void add_cell(upk_buf *out, upk_str value) {
  text(out, "<td>");
  markup_html(out, value);
  text(out, "</td>");
}

static void add_object_cell(upk_buf *out, const upk_json *object) {
  text(out, "<td>");
  add_object(out, object);
  text(out, "</td>");
}

static void add_deferred(const plan_view *view, upk_buf *out) {
  const upk_json *deferred = upk_json_get(view->body, "deferred");
  for (size_t i = 0; i < upk_json_count(deferred); i++) {
    const upk_json *item = upk_json_at(deferred, i);
    upk_str detail = upk_json_text(item, "detail");
    text(out, "<tr><td>deferred: ");
    markup_html(out, upk_json_text(item, "reason"));
    text(out, "</td>");
    add_object_cell(out, upk_json_get(item, "object"));
    text(out, "<td>");
    markup_html(out, upk_json_text(item, "because"));
    text(out, detail.len ? "; " : "");
    markup_html(out, detail);
    text(out, "</td>");
    add_cell(out, upk_json_text(item, "policy"));
    text(out, "</tr>\n");
  }
}

static void add_details(const upk_json *policy, upk_buf *out) {
  const upk_json *details = upk_json_get(policy, "details");
  for (size_t i = 0; i < upk_json_count(details); i++) {
    const upk_json *item = upk_json_at(details, i);
    text(out, "<tr>");
    add_cell(out, upk_json_text(item, "verdict"));
    add_object_cell(out, upk_json_get(item, "object"));
    add_cell(out, upk_json_text(item, "because"));
    add_cell(out, upk_json_text(policy, "policy"));
    text(out, "</tr>\n");
  }
}

static void add_not_done(const plan_view *view, const plan_sum *sum,
                         upk_buf *out) {
  const upk_json *considered = upk_json_get(view->body, "considered");
  text(out, "<h2>Not done</h2><p>");
  plan_not_done(view, sum, out);
  text(out, "</p><details><summary>Object by object</summary><div "
            "class=\"scroll\"><table>\n<tr><th></th><th>object</th>"
            "<th>why</th><th>policy</th></tr>\n");
  add_deferred(view, out);
  for (size_t i = 0; i < upk_json_count(considered); i++)
    add_details(upk_json_at(considered, i), out);
  text(out, "</table></div></details>\n");
}

static void add_considered(const plan_view *view, upk_buf *out) {
  static const char *const keys[] = {"broken",  "predicted", "holds",   "warns",
                                     "unknown", "exempt",    "excluded"};
  const upk_json *considered = upk_json_get(view->body, "considered");
  text(out, "<details><summary>Policy by policy</summary><div class=\"scroll\">"
            "<table><tr><th>policy</th><th>kind</th>");
  for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
    upk_buf_printf(out, "<th class=\"n\">%s</th>", keys[k]);
  text(out, "</tr>\n");
  for (size_t i = 0; i < upk_json_count(considered); i++) {
    const upk_json *policy = upk_json_at(considered, i);
    text(out, "<tr>");
    add_cell(out, upk_json_text(policy, "policy"));
    add_cell(out, upk_json_text(policy, "kind"));
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
      upk_buf_printf(out, "<td class=\"n\">%" PRId64 "</td>",
                     upk_json_number(policy, keys[k], 0));
    text(out, "</tr>\n");
  }
  text(out, "</table></div></details>\n");
}

static void add_queries(const plan_view *view, upk_buf *out) {
  const upk_json *queries = upk_json_get(view->body, "queries");
  if (!upk_json_count(queries))
    return;
  text(out, "<details><summary>Queries that checks share</summary><div>");
  for (size_t i = 0; i < upk_json_count(queries); i++) {
    name_code(out, queries->object.members[i].key);
    add_sql(out, queries->object.members[i].value->string);
  }
  text(out, "</div></details>\n");
}

static void add_totals(const plan_view *view, const plan_sum *sum,
                       upk_buf *out) {
  upk_buf target = {0}, moment = {0};
  upk_buf_printf(&target, "%s %.*s %.*s", plan_view_engine(view),
                 UPK_FMT(upk_json_text(view->target, "version")),
                 UPK_FMT(upk_json_text(view->target, "role")));
  text(out, "<dl>");
  term(out, "target", upk_buf_view(&target));
  if (sum->steps) {
    term_duration(out, "time", sum->p50_ms);
    term_duration(out, "9 times of 10", sum->p90_ms);
  }
  plan_view_budget(view, &moment);
  if (moment.len)
    term(out, "error budget", upk_str_trim(upk_buf_view(&moment)));
  upk_buf_clear(&moment);
  const upk_json *inputs = upk_json_get(view->body, "inputs");
  int64_t taken_us =
      upk_json_number(upk_json_get(inputs, "facts"), "taken_at", 0);
  upk_timestamp_format(taken_us - taken_us % 1000000, &moment);
  term(out, "facts of", upk_buf_view(&moment));
  upk_buf_clear(&moment);
  upk_timestamp_format(upk_json_number(view->body, "expires_at", 0), &moment);
  term(out, "apply before", upk_buf_view(&moment));
  term(out, "digest", upk_json_text(view->plan, "digest"));
  term(out, "intent", upk_json_text(view->plan, "intent"));
  text(out, "</dl>\n");
  upk_buf_free(&target);
  upk_buf_free(&moment);
}

static void add_steps(const plan_view *view, const plan_sum *sum,
                      upk_buf *out) {
  if (!sum->steps)
    return;
  text(out, "<h2>Steps</h2>\n");
  for (size_t i = 0; i < sum->steps; i++)
    add_step(view, i, out);
  if (sum->steps > 1) {
    text(out, "<h2>Order</h2>\n");
    plan_svg_graph(view, out);
  }
  text(out, "<h2>Times, as predicted</h2>\n");
  plan_svg_times(view, out);
}

void plan_html(const upk_json *plan, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  plan_sum sum = plan_sum_of(&view);
  text(out, head);
  text(out, "<title>Plan for ");
  markup_html(out, upk_json_text(view.target, "name"));
  text(out, "</title></head>\n<body><main><h1>");
  plan_verdict(&view, &sum, name_code, out);
  text(out, "</h1>\n");
  add_totals(&view, &sum, out);
  add_findings(&view, out);
  add_steps(&view, &sum, out);
  add_not_done(&view, &sum, out);
  add_considered(&view, out);
  add_queries(&view, out);
  text(out, "</main><footer>Made by upkeep show; what apply runs is the plan "
            "file.</footer></body></html>\n");
  upk_arena_free(arena);
}
