/* A plan as a comment on a pull request.
 *
 * GitHub refuses a comment of more than 65,536 characters; bytes are never
 * fewer than characters, however one counts them. What does not fit is left out
 * in the order of `drops`, and the comment says so; the verdict, the totals and
 * the digests always stay. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "markup.h"
#include "plan_sum.h"
#include "timefmt.h"

typedef enum section_id { /* as they stand in the comment */
                          FINDINGS,
                          POLICIES,
                          STEPS,
                          NOT_DONE,
                          LOOKED_AT,
                          GRAPH,
                          TIMES,
                          STATEMENTS,
                          SECTION_COUNT
} section_id;

/* The first goes first. Steps go one by one, those of least weight first. */
static const struct {
  section_id id;
  const char *what;
} drops[] = {
    {STATEMENTS, "the SQL of checks"},
    {TIMES, "the time line"},
    {GRAPH, "the graph"},
    {STATEMENTS, "the SQL"},
    {LOOKED_AT, "what was looked at"},
    {NOT_DONE, "what is not done, in full"},
    {STEPS, "steps"},
    {POLICIES, "the counts by policy"},
    {FINDINGS, "the findings"},
};
enum { DROP_COUNT = sizeof drops / sizeof *drops, SQL_DROP = 3 };

enum { LISTED_MAX = 20, POLICIES_FROM = 12, STATEMENTS_MAX = 400 };

typedef struct comment {
  plan_view view;
  plan_sum sum;
  upk_buf sections[SECTION_COUNT];
  upk_buf short_sql; /* STATEMENTS without checks */
  bool dropped[DROP_COUNT];
  size_t shown;   /* steps */
  bool approvals; /* a column for them */
} comment;

static void name_code(upk_buf *out, upk_str name) {
  markup_code(out, name, MARKUP_CELL_MAX);
}

static void add_object(upk_buf *out, const upk_json *name) {
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

/* ---- counts by policy ---- */

typedef struct group {
  upk_str policy, action;
  size_t steps, no_undo, high, medium;
  int64_t p50_ms, blocking_ms;
} group;
typedef UPK_VEC(group) groups;

static void count_groups(const plan_view *view, groups *ret_groups) {
  upk_map numbers;
  upk_map_init(&numbers, view->arena);
  for (size_t i = 0; i < upk_json_count(view->steps); i++) {
    const upk_json *step = upk_json_at(view->steps, i);
    const upk_json *estimate = upk_json_get(step, "estimate");
    upk_str policy = upk_json_text(step, "policy");
    upk_str action = upk_json_text(step, "action");
    upk_str risk = upk_json_text(step, "risk");
    upk_str key = upk_arena_printf(view->arena, "%.*s\n%.*s", UPK_FMT(policy),
                                   UPK_FMT(action));
    uint64_t at = ret_groups->len;
    upk_map_find(&numbers, key, &at);
    if (at == ret_groups->len) {
      upk_map_put(&numbers, key, at);
      *UPK_PUSH(view->arena, ret_groups) =
          (group){.policy = policy, .action = action};
    }
    group *g = &ret_groups->items[at];
    g->steps++;
    g->high += upk_str_is(risk, "high");
    g->medium += upk_str_is(risk, "medium");
    g->no_undo +=
        upk_str_is(upk_json_text(upk_json_get(step, "undo"), "class"), "none");
    g->p50_ms += upk_json_number(estimate, "p50_ms", 0);
    g->blocking_ms += upk_json_number(estimate, "blocking_ms", 0);
  }
}

static void add_blocking(upk_buf *out, int64_t blocking_ms) {
  if (blocking_ms)
    upk_duration_human(blocking_ms * 1000, out);
  else
    upk_buf_str(out, UPK_STR("none"));
}

static void write_policies(comment *m) {
  upk_buf *out = &m->sections[POLICIES];
  groups all = {0};
  if (m->sum.steps < POLICIES_FROM)
    return;
  count_groups(&m->view, &all);
  if (all.len == m->sum.steps)
    return;
  upk_buf_str(out, UPK_STR("\n| policy | action | steps | time | blocking | no "
                           "undo | risk |\n|---|---|--:|--:|--:|--:|---|\n"));
  for (size_t i = 0; i < all.len && i < 3 * LISTED_MAX; i++) {
    const group *g = &all.items[i];
    upk_buf_str(out, UPK_STR("| "));
    markup_code(out, g->policy, MARKUP_CELL_MAX);
    upk_buf_str(out, UPK_STR(" | "));
    markup_code(out, g->action, MARKUP_CELL_MAX);
    upk_buf_printf(out, " | %zu | ", g->steps);
    upk_duration_human(g->p50_ms * 1000, out);
    upk_buf_str(out, UPK_STR(" | "));
    add_blocking(out, g->blocking_ms);
    upk_buf_printf(out, " | %zu | %s |\n", g->no_undo,
                   g->high     ? "high"
                   : g->medium ? "medium"
                               : "low");
  }
  if (all.len > 3 * LISTED_MAX)
    upk_buf_printf(out, "\nand %zu more.\n", all.len - 3 * LISTED_MAX);
}

/* ---- steps ---- */

static void write_step(const comment *m, size_t index, upk_buf *out) {
  const plan_view *view = &m->view;
  const upk_json *step = upk_json_at(view->steps, index);
  upk_str id = upk_json_text(step, "id");
  const upk_json *estimate = upk_json_get(step, "estimate");
  upk_buf after = {0};
  upk_buf_printf(out, "| %zu | ", index + 1);
  markup_code(out, upk_json_text(step, "action"), MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" | "));
  add_object(out, upk_json_get(upk_json_get(step, "object"), "name"));
  upk_buf_str(out, UPK_STR(" | "));
  markup_code(out, upk_json_text(step, "because"), MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" | "));
  upk_duration_human(upk_json_number(estimate, "p50_ms", 0) * 1000, out);
  upk_buf_str(out, UPK_STR(" | "));
  add_blocking(out, upk_json_number(estimate, "blocking_ms", 0));
  upk_buf_printf(out, " | %s | %.*s | ", plan_view_reversible(step),
                 UPK_FMT(upk_json_text(step, "risk")));
  if (m->approvals)
    upk_buf_printf(out, "%" PRIu64 " | ", plan_sum_signatures(&m->sum, id));
  plan_view_after(view, id, &after);
  if (upk_str_starts(upk_buf_view(&after), "after "))
    markup_code(out, (upk_str){after.data + 6, after.len - 6}, MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" | "));
  markup_code(out, plan_view_place(view, step), MARKUP_CELL_MAX);
  upk_buf_str(out, UPK_STR(" |\n"));
  upk_buf_free(&after);
}

typedef struct row {
  size_t index, begin, end; /* of its text */
  int weight;
  bool kept;
} row;

static int weight_of(const comment *m, const upk_json *step) {
  upk_str risk = upk_json_text(step, "risk");
  const upk_json *undo = upk_json_get(step, "undo");
  int64_t blocking_ms =
      upk_json_number(upk_json_get(step, "estimate"), "blocking_ms", 0);
  bool needs = plan_sum_signatures(&m->sum, upk_json_text(step, "id")) > 0;
  return 8 * (upk_str_is(risk, "high") + needs) +
         4 * upk_str_is(risk, "medium") +
         2 * upk_str_is(upk_json_text(undo, "class"), "none") +
         (blocking_ms > 0);
}

static int by_weight(const void *a, const void *b) {
  const row *left = a;
  const row *right = b;
  if (left->weight != right->weight)
    return left->weight > right->weight ? -1 : 1;
  return left->index < right->index ? -1 : left->index > right->index;
}

static int by_index(const void *a, const void *b) {
  const row *left = a;
  const row *right = b;
  return left->index < right->index ? -1 : left->index > right->index;
}

static void add_heads(const comment *m, upk_buf *out) {
  upk_buf_printf(out,
                 "\n| | action | object | why | time | blocking | undo | risk "
                 "| %safter | policy |\n"
                 "|--:|---|---|---|--:|--:|---|---|%s---|---|\n",
                 m->approvals ? "approvals | " : "",
                 m->approvals ? "--:|" : "");
}

/* As many rows as `room` takes, in plan order; how many it were. */
static size_t write_steps(comment *m, size_t room) {
  upk_buf *out = &m->sections[STEPS], text = {0};
  size_t count = m->sum.steps, kept = 0, used = 200;
  row *rows = UPK_NEW_ARRAY(m->view.arena, row, count + 1);
  upk_buf_clear(out);
  for (size_t i = 0; i < count; i++) {
    rows[i] = (row){.index = i,
                    .begin = text.len,
                    .weight = weight_of(m, upk_json_at(m->view.steps, i))};
    write_step(m, i, &text);
    rows[i].end = text.len;
  }
  qsort(rows, count, sizeof *rows, by_weight);
  for (size_t i = 0; i < count; i++) {
    size_t len = rows[i].end - rows[i].begin;
    if (used + len > room)
      break;
    rows[i].kept = true;
    used += len;
    kept++;
  }
  qsort(rows, count, sizeof *rows, by_index);
  if (kept)
    add_heads(m, out);
  for (size_t i = 0; i < count; i++)
    if (rows[i].kept)
      upk_buf_add(out, text.data + rows[i].begin, rows[i].end - rows[i].begin);
  upk_buf_free(&text);
  return kept;
}

/* ---- what is not done, and what was looked at ---- */

static void add_item(upk_buf *out, upk_str word, const upk_json *object,
                     upk_str because, upk_str policy) {
  upk_buf_printf(out, "| %.*s | ", UPK_FMT(word));
  add_object(out, object);
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

/* ---- the whole ---- */

static void write_head(const comment *m, upk_buf *out) {
  upk_str version = upk_json_text(m->view.target, "version");
  upk_str role = upk_json_text(m->view.target, "role");
  upk_buf_str(out, UPK_STR("<!-- upkeep:plan "));
  markup_marker(out, upk_json_text(m->view.target, "name"));
  upk_buf_str(out, UPK_STR(" -->\n**"));
  plan_verdict(&m->view, &m->sum, name_code, out);
  upk_buf_str(out, UPK_STR("**\n\n"));
  if (m->sum.steps) {
    upk_buf_str(out, UPK_STR("- time: about "));
    upk_duration_human(m->sum.p50_ms * 1000, out);
    upk_buf_str(out, UPK_STR(", 9 times of 10 at most "));
    upk_duration_human(m->sum.p90_ms * 1000, out);
    upk_buf_printf(out, "; risk: %zu high, %zu medium, %zu low\n", m->sum.high,
                   m->sum.medium, m->sum.steps - m->sum.high - m->sum.medium);
  }
  upk_buf_str(out, UPK_STR("- not done: "));
  plan_not_done(&m->view, &m->sum, out);
  upk_buf_printf(out, "\n- target: %s ", plan_view_engine(&m->view));
  markup_code(out, version, MARKUP_LABEL_MAX);
  if (role.len && !upk_str_is(role, "standalone")) {
    upk_buf_str(out, UPK_STR(", "));
    markup_code(out, role, MARKUP_LABEL_MAX);
  }
  upk_buf_str(out, UPK_STR("; facts of "));
  upk_timestamp_format(
      upk_json_number(
          upk_json_get(upk_json_get(m->view.body, "inputs"), "facts"),
          "taken_at", 0),
      out);
  upk_buf_str(out, UPK_STR("; to be applied before "));
  upk_timestamp_format(upk_json_number(m->view.body, "expires_at", 0), out);
  upk_buf_char(out, '\n');
}

static void write_foot(const comment *m, upk_buf *out) {
  upk_buf_printf(out, "\n<sub>digest `%.*s`<br>intent `%.*s`</sub>\n",
                 UPK_FMT(upk_json_text(m->view.plan, "digest")),
                 UPK_FMT(upk_json_text(m->view.plan, "intent")));
}

static size_t total_of(const comment *m) {
  size_t total = 0;
  for (size_t i = 0; i < SECTION_COUNT; i++)
    total += m->sections[i].len;
  return total;
}

/* Leaves out what does not fit into `room`, of the sections over `least`. */
static void fit(comment *m, size_t room, size_t least) {
  for (size_t i = 0; i < DROP_COUNT && total_of(m) > room; i++) {
    upk_buf *section = &m->sections[drops[i].id];
    if (section->len <= least || (i == 0 && m->dropped[0]))
      continue;
    m->dropped[i] = true;
    size_t rest = total_of(m) - section->len;
    if (drops[i].id == STEPS)
      m->shown = write_steps(m, rest < room ? room - rest : 0);
    else
      upk_buf_clear(section);
    if (i == 0)
      upk_buf_str(section, upk_buf_view(&m->short_sql));
  }
}

static void say_left_out(const comment *m, upk_buf *out) {
  const char *before = "- left out here: ";
  for (size_t i = 0; i < DROP_COUNT; i++) {
    if (!m->dropped[i] || (i == 0 && m->dropped[SQL_DROP]))
      continue;
    upk_buf_str(out, upk_str_from(before));
    if (drops[i].id == STEPS)
      upk_buf_printf(out, "%zu of %zu steps (of the least risk)",
                     m->sum.steps - m->shown, m->sum.steps);
    else
      upk_buf_str(out, upk_str_from(drops[i].what));
    before = ", ";
  }
  if (before[0] == ',')
    upk_buf_str(out, UPK_STR("; `upkeep show PLAN --format html` has "
                             "everything\n"));
}

static void write_sections(comment *m) {
  write_findings(m);
  write_policies(m);
  write_steps(m, SIZE_MAX);
  write_not_done(m);
  write_looked_at(m);
  write_pictures(m);
}

/* The sentence that says what was left out, at its longest. */
enum { LEFT_OUT_MAX = 500, SMALL = 1000 };

void plan_markdown(const upk_json *plan, size_t max_bytes, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  comment m = {.approvals = false};
  upk_buf foot = {0};
  plan_view_init(&m.view, arena, plan);
  m.sum = plan_sum_of(&m.view);
  m.approvals = m.sum.signatures > 0;
  write_head(&m, out);
  write_foot(&m, &foot);
  write_sections(&m);
  size_t fixed = out->len + foot.len + LEFT_OUT_MAX;
  size_t room = fixed < max_bytes ? max_bytes - fixed : 0;
  m.dropped[SQL_DROP] = m.sum.steps > STATEMENTS_MAX;
  fit(&m, room, SMALL);
  fit(&m, room, 0);
  say_left_out(&m, out);
  for (size_t i = 0; i < SECTION_COUNT; i++) {
    upk_buf_str(out, upk_buf_view(&m.sections[i]));
    upk_buf_free(&m.sections[i]);
  }
  upk_buf_str(out, upk_buf_view(&foot));
  upk_buf_free(&foot);
  upk_buf_free(&m.short_sql);
  upk_arena_free(arena);
}
