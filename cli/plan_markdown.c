/* A plan as a comment on a pull request.
 *
 * GitHub refuses a comment of more than 65,536 characters; bytes are never
 * fewer than characters, however one counts them. What does not fit is left out
 * in the order of `drops`, and the comment says so; the verdict, the totals and
 * the digests always stay. */
#include <inttypes.h>

#include "cli.h"
#include "markup.h"
#include "plan_comment.h"
#include "timefmt.h"

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
_Static_assert(DROP_COUNT <= sizeof((comment *)0)->dropped, "a flag each");

static void name_code(upk_buf *out, upk_str name) {
  markup_code(out, name, MARKUP_CELL_MAX);
}

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
  upk_buf budget = {0};
  plan_view_budget(&m->view, &budget);
  if (budget.len)
    upk_buf_printf(out, "- %.*s", UPK_FMT(upk_buf_view(&budget)));
  upk_buf_free(&budget);
  upk_buf_str(out, UPK_STR("- not done: "));
  plan_not_done(&m->view, &m->sum, out);
  upk_buf_printf(out, "\n- target: %s ", plan_view_engine(&m->view));
  markup_code(out, version, MARKUP_LABEL_MAX);
  if (role.len && !upk_str_is(role, "standalone")) {
    upk_buf_str(out, UPK_STR(", "));
    markup_code(out, role, MARKUP_LABEL_MAX);
  }
  upk_buf_str(out, UPK_STR("; facts of "));
  const upk_json *inputs = upk_json_get(m->view.body, "inputs");
  int64_t taken_us =
      upk_json_number(upk_json_get(inputs, "facts"), "taken_at", 0);
  upk_timestamp_format(taken_us - taken_us % 1000000, out);
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
      m->shown = comment_steps(m, rest < room ? room - rest : 0);
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
  comment_sections(&m);
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
