/* A plan as people read it in a terminal. */
#include <inttypes.h>
#include <string.h>

#include "cli.h"
#include "map.h"
#include "plan_view.h"
#include "quote.h"
#include "timefmt.h"

void object_display(const upk_json *name, upk_buf *out) {
  size_t count = upk_json_count(name);
  upk_str parts[8];
  if (count > 8)
    count = 8;
  for (size_t i = 0; i < count; i++)
    parts[i] = upk_json_at(name, i)->string;
  upk_display_name(parts, count, out);
}

/* From the last to the first, so that each list is in order. */
static void index_edges(plan_view *view) {
  const upk_json *edges = upk_json_get(view->body, "edges");
  size_t count = upk_json_count(edges);
  upk_map_init(&view->first_to, view->arena);
  view->next_to = UPK_NEW_ARRAY(view->arena, size_t, count + 1);
  for (size_t i = count; i > 0; i--) {
    upk_str to = upk_json_text(upk_json_at(edges, i - 1), "to");
    uint64_t next = 0;
    upk_map_find(&view->first_to, to, &next);
    view->next_to[i] = (size_t)next;
    upk_map_put(&view->first_to, to, i);
  }
}

/* Of a step that several rules ask for, the most. */
static void index_signatures(plan_view *view) {
  const upk_json *rules = upk_json_get(view->body, "approvals_required");
  upk_map_init(&view->signatures, view->arena);
  for (size_t i = 0; i < upk_json_count(rules); i++) {
    const upk_json *steps = upk_json_get(upk_json_at(rules, i), "steps");
    uint64_t wanted =
        (uint64_t)upk_json_number(upk_json_at(rules, i), "signatures", 1);
    for (size_t k = 0; k < upk_json_count(steps); k++) {
      upk_str id = upk_json_at(steps, k)->string;
      if (wanted > plan_view_signatures(view, id))
        upk_map_put(&view->signatures, id, wanted);
    }
  }
}

void plan_view_init(plan_view *view, upk_arena *arena, const upk_json *plan) {
  const upk_json *body = upk_json_get(plan, "body");
  *view = (plan_view){.arena = arena,
                      .plan = plan,
                      .body = body,
                      .target = upk_json_get(body, "target"),
                      .steps = upk_json_get(body, "steps")};
  upk_map_init(&view->numbers, arena);
  for (size_t i = 0; i < upk_json_count(view->steps); i++)
    upk_map_put(&view->numbers,
                upk_json_text(upk_json_at(view->steps, i), "id"), i + 1);
  index_edges(view);
  index_signatures(view);
}

uint64_t plan_view_signatures(const plan_view *view, upk_str id) {
  uint64_t wanted = 0;
  upk_map_find(&view->signatures, id, &wanted);
  return wanted;
}

size_t plan_view_number(const plan_view *view, upk_str id) {
  uint64_t number = 0;
  upk_map_find(&view->numbers, id, &number);
  return (size_t)number;
}

static upk_str short_digest(const plan_view *view) {
  upk_str digest = upk_json_text(view->plan, "digest");
  return digest.len >= 13 ? (upk_str){digest.data + 7, 6} : UPK_STR("?");
}

static const char *engine_title(upk_str engine) {
  static const char *const titles[][2] = {
      {"postgres", "PostgreSQL"},  {"sqlite", "SQLite"},
      {"mariadb", "MariaDB"},      {"mysql", "MySQL"},
      {"sqlserver", "SQL Server"}, {"oracle", "Oracle"}};
  for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
    if (upk_str_is(engine, titles[i][0]))
      return titles[i][1];
  return "unknown engine";
}

const char *plan_view_engine(const plan_view *view) {
  return engine_title(upk_json_text(view->target, "engine"));
}

int64_t plan_view_moment(const plan_view *view) {
  const upk_json *inputs = upk_json_get(view->body, "inputs");
  int64_t at =
      upk_json_number(upk_json_get(inputs, "options"), "at", INT64_MIN);
  return at != INT64_MIN
             ? at
             : upk_json_number(upk_json_get(inputs, "facts"), "taken_at", 0);
}

/* "0.9 s", "4 m 23 s", "1 h 5 m": two units, for sums that are compared. */
static void duration_exact(int64_t ms, upk_buf *out) {
  int64_t s = (ms + 500) / 1000;
  if (ms < 10000)
    upk_buf_printf(out, "%" PRId64 ".%" PRId64 " s", (ms + 50) / 1000,
                   (ms + 50) / 100 % 10);
  else if (s < 60)
    upk_buf_printf(out, "%" PRId64 " s", s);
  else if (s < 3600)
    upk_buf_printf(out, "%" PRId64 " m %" PRId64 " s", s / 60, s % 60);
  else
    upk_buf_printf(out, "%" PRId64 " h %" PRId64 " m", s / 3600, s / 60 % 60);
}

#define DAY_US (INT64_C(24) * 3600 * 1000000)

/* "02:00", or with its day "2026-11-24 02:00". */
static void add_hour(upk_str timezone, int64_t us, bool day, upk_buf *out) {
  upk_buf text = {0};
  upk_local_time(NULL, timezone, us, &text);
  upk_buf_str(out,
              day ? (upk_str){text.data, 16} : (upk_str){text.data + 11, 5});
  upk_buf_free(&text);
}

/* ", fits nightly (02:00-05:00 Europe/Berlin, opens in 6 h)" */
static void windows_title(const plan_view *view, upk_buf *out) {
  const upk_json *windows = upk_json_get(view->body, "windows");
  int64_t at_us = plan_view_moment(view);
  for (size_t i = 0; i < upk_json_count(windows); i++) {
    const upk_json *window = upk_json_at(windows, i);
    upk_str timezone = upk_json_text(window, "timezone");
    int64_t open_us = upk_json_number(window, "opens_at", 0);
    int64_t close_us = upk_json_number(window, "closes_at", 0);
    if (!close_us)
      continue;
    upk_buf_printf(out, ", %s%.*s (", i ? "" : "fits ",
                   UPK_FMT(upk_json_text(window, "name")));
    bool days = close_us - open_us >= DAY_US;
    add_hour(timezone, open_us, days, out);
    upk_buf_str(out, days ? UPK_STR(" to ") : UPK_STR("-"));
    add_hour(timezone, close_us, days, out);
    upk_buf_printf(out, " %.*s, ", UPK_FMT(timezone));
    upk_buf_str(out, open_us > at_us ? UPK_STR("opens in ")
                                     : UPK_STR("open, closes in "));
    upk_duration_human((open_us > at_us ? open_us : close_us) - at_us, out);
    upk_buf_char(out, ')');
  }
}

void plan_view_title(const plan_view *view, upk_buf *out) {
  size_t steps = upk_json_count(view->steps);
  upk_str role = upk_json_text(view->target, "role");
  upk_buf_printf(out, "Plan %.*s for %.*s (%s %.*s",
                 UPK_FMT(short_digest(view)),
                 UPK_FMT(upk_json_text(view->target, "name")),
                 engine_title(upk_json_text(view->target, "engine")),
                 UPK_FMT(upk_json_text(view->target, "version")));
  if (role.len && !upk_str_is(role, "standalone"))
    upk_buf_printf(out, ", %.*s", UPK_FMT(role));
  upk_buf_printf(out, ")   %zu step%s", steps, steps == 1 ? "" : "s");
  int64_t total =
      upk_json_number(upk_json_get(view->body, "totals"), "p50_ms", 0);
  if (steps) {
    upk_buf_str(out, UPK_STR(", about "));
    upk_duration_human(total * 1000, out);
  }
  windows_title(view, out);
}

void plan_view_blocking(const upk_json *step, upk_buf *out) {
  int64_t ms =
      upk_json_number(upk_json_get(step, "estimate"), "blocking_ms", 0);
  if (ms == 0)
    upk_buf_str(out, UPK_STR("no blocking"));
  else if (ms <= 1000)
    upk_buf_str(out, UPK_STR("blocks < 1 s"));
  else {
    upk_buf_str(out, UPK_STR("blocks ~"));
    upk_duration_human(ms * 1000, out);
  }
}

const char *plan_view_reversible(const upk_json *step) {
  upk_str undo = upk_json_text(upk_json_get(step, "undo"), "class");
  if (upk_str_is(undo, "inverse"))
    return "reversible";
  return upk_str_is(undo, "restore") ? "restorable" : "no undo";
}

upk_str plan_view_place(const plan_view *view, const upk_json *step) {
  const upk_json *spans =
      upk_json_get(upk_json_get(view->plan, "provenance"), "spans");
  const upk_json *place = upk_json_get_str(spans, upk_json_text(step, "id"));
  return place->type == UPK_JSON_STRING ? place->string : UPK_NO_STR;
}

/* "after 1, 3", from direct edges; barriers are named once. */
void plan_view_after(const plan_view *view, upk_str id, upk_buf *out) {
  const upk_json *edges = upk_json_get(view->body, "edges");
  size_t shown = 0, more = 0;
  uint64_t first = 0;
  upk_map_find(&view->first_to, id, &first);
  for (size_t i = (size_t)first; i; i = view->next_to[i]) {
    upk_str from = upk_json_text(upk_json_at(edges, i - 1), "from");
    size_t number = plan_view_number(view, from);
    if (shown == 4) {
      more++;
      continue;
    }
    upk_buf_str(out, shown++ ? UPK_STR(", ") : UPK_STR("after "));
    if (number)
      upk_buf_printf(out, "%zu", number);
    else
      upk_buf_str(out, from);
  }
  if (more)
    upk_buf_printf(out, " and %zu more", more);
}

typedef struct painter {
  const plan_view *view;
  bool color, verbose;
  upk_buf *out;
} painter;

static void paint(painter *p, const char *code) {
  if (p->color)
    upk_buf_str(p->out, upk_str_from(code));
}
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static void pad(upk_buf *out, size_t start, size_t width) {
  do
    upk_buf_char(out, ' ');
  while (out->len - start < width);
}

static void step_text(painter *p, size_t number, const upk_json *step) {
  upk_buf *out = p->out;
  upk_str risk = upk_json_text(step, "risk");
  upk_str place = plan_view_place(p->view, step);
  upk_buf_printf(out, "%3zu  ", number);
  size_t start = out->len;
  paint(p, BOLD);
  size_t painted = out->len - start;
  upk_buf_str(out, upk_json_text(step, "action"));
  upk_buf_str(out, UPK_STR("  "));
  object_display(upk_json_get(upk_json_get(step, "object"), "name"), out);
  paint(p, PLAIN);
  pad(out, start + painted + (p->color ? strlen(PLAIN) : 0), 46);
  start = out->len;
  upk_buf_char(out, '~');
  upk_duration_human(
      upk_json_number(upk_json_get(step, "estimate"), "p50_ms", 0) * 1000, out);
  pad(out, start, 10);
  start = out->len;
  plan_view_blocking(step, out);
  pad(out, start, 16);
  upk_buf_str(out, upk_str_from(plan_view_reversible(step)));
  if (!upk_str_is(risk, "low")) {
    paint(p, YELLOW);
    upk_buf_printf(out, "   %.*s risk", UPK_FMT(risk));
    paint(p, PLAIN);
  }
  uint64_t needs = plan_view_signatures(p->view, upk_json_text(step, "id"));
  if (needs)
    upk_buf_printf(out, "   needs %" PRIu64 " approval%s", needs,
                   needs == 1 ? "" : "s");
  start = out->len;
  upk_buf_str(out, UPK_STR("   "));
  plan_view_after(p->view, upk_json_text(step, "id"), out);
  if (out->len == start + 3)
    out->len = start;
  upk_buf_str(out, UPK_STR("\n     because "));
  upk_buf_str(out, upk_json_text(step, "because"));
  if (place.len) {
    paint(p, DIM);
    upk_buf_printf(out, "    %.*s", UPK_FMT(place));
    paint(p, PLAIN);
  }
  upk_buf_char(out, '\n');
}

static void statement_text(const upk_json *statement, const char *indent,
                           upk_buf *out) {
  const upk_json *exec = upk_json_get(statement, "exec");
  if (upk_json_count(exec)) {
    upk_buf_printf(out, "%sprogram ", indent);
    program_text(exec, out);
    upk_buf_char(out, '\n');
    return;
  }
  const upk_json *file = upk_json_get(statement, "file");
  upk_str write = upk_json_text(file, "write");
  if (write.data)
    upk_buf_printf(out, "%sto a file in %.*s:\n", indent, UPK_FMT(write));
  else if (upk_json_count(file))
    upk_buf_printf(out, "%sfrom a file in %.*s:\n", indent,
                   UPK_FMT(upk_json_text(file, "read")));
  upk_str rest = upk_str_trim(upk_json_text(statement, "sql"));
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    upk_buf_printf(out, "%s%.*s\n", indent, UPK_FMT(line));
  }
}

void statements_text(const upk_json *statements, upk_buf *out) {
  for (size_t i = 0; i < upk_json_count(statements); i++) {
    const upk_json *batch = upk_json_get(upk_json_at(statements, i), "batch");
    const upk_json *round = upk_json_get(batch, "run");
    if (!upk_json_count(round))
      statement_text(upk_json_at(statements, i), "       ", out);
    else
      upk_buf_printf(out,
                     "       in rounds of at most %lld rows, until none is "
                     "left:\n",
                     (long long)upk_json_number(batch, "max_rows", 0));
    for (size_t j = 0; j < upk_json_count(round); j++)
      statement_text(upk_json_at(round, j), "         ", out);
  }
}

static size_t sum_considered(const upk_json *body, const char *key) {
  const upk_json *considered = upk_json_get(body, "considered");
  int64_t total = 0;
  for (size_t i = 0; i < upk_json_count(considered); i++)
    total += upk_json_number(upk_json_at(considered, i), key, 0);
  return (size_t)total;
}

/* Those that are not acted on: the others are steps. */
static size_t count_unknown(const upk_json *body) {
  const upk_json *considered = upk_json_get(body, "considered");
  size_t count = 0;
  for (size_t i = 0; i < upk_json_count(considered); i++) {
    const upk_json *details =
        upk_json_get(upk_json_at(considered, i), "details");
    for (size_t j = 0; j < upk_json_count(details); j++)
      count += upk_str_is(upk_json_text(upk_json_at(details, j), "verdict"),
                          "unknown");
  }
  return count;
}

/* "18 x verify_integrity (unsupported): ..., such as public.orders": things
 * that share policy and reason are one line, unless all are wanted. */
static bool same_group(const upk_json *a, const upk_json *b) {
  return upk_str_equal(upk_json_text(a, "policy"),
                       upk_json_text(b, "policy")) &&
         upk_str_equal(upk_json_text(a, "reason"), upk_json_text(b, "reason"));
}

static void deferred_text(painter *p) {
  const upk_json *deferred = upk_json_get(p->view->body, "deferred");
  size_t count = upk_json_count(deferred);
  for (size_t i = 0, next; i < count; i = next) {
    const upk_json *item = upk_json_at(deferred, i);
    for (next = i + 1; next < count && !p->verbose; next++)
      if (!same_group(item, upk_json_at(deferred, next)))
        break;
    upk_buf_printf(p->out, "  deferred  %.*s  ",
                   UPK_FMT(upk_json_text(item, "action")));
    object_display(upk_json_get(item, "object"), p->out);
    if (next > i + 1)
      upk_buf_printf(p->out, " and %zu more", next - i - 1);
    upk_str detail = upk_json_text(item, "detail");
    upk_buf_printf(p->out, "  (%.*s%s%.*s) %.*s  (%.*s)\n",
                   UPK_FMT(upk_json_text(item, "reason")),
                   detail.len ? ": " : "", UPK_FMT(detail),
                   UPK_FMT(upk_json_text(item, "because")),
                   UPK_FMT(upk_json_text(item, "policy")));
  }
}

/* Objects that are neither fine nor in the plan: a few of each policy. */
static void details_text(painter *p) {
  const upk_json *considered = upk_json_get(p->view->body, "considered");
  size_t limit = p->verbose ? SIZE_MAX : 3, hidden = 0;
  for (size_t i = 0; i < upk_json_count(considered); i++) {
    const upk_json *policy = upk_json_at(considered, i);
    const upk_json *details = upk_json_get(policy, "details");
    size_t count = upk_json_count(details);
    for (size_t j = 0; j < count && j < limit; j++) {
      const upk_json *item = upk_json_at(details, j);
      upk_buf_printf(p->out, "  %-9.*s ",
                     UPK_FMT(upk_json_text(item, "verdict")));
      object_display(upk_json_get(item, "object"), p->out);
      upk_buf_printf(p->out, ": %.*s  (%.*s)\n",
                     UPK_FMT(upk_json_text(item, "because")),
                     UPK_FMT(upk_json_text(policy, "policy")));
    }
    hidden += count > limit ? count - limit : 0;
  }
  if (hidden)
    upk_buf_printf(p->out, "  ... and %zu more; --verbose shows all\n", hidden);
}

static void summary_text(painter *p) {
  const upk_json *body = p->view->body;
  upk_buf_printf(p->out,
                 "\nNot done: %zu deferred, %zu unknown, %zu warn, %zu hold, "
                 "%zu excluded.\n",
                 upk_json_count(upk_json_get(body, "deferred")),
                 count_unknown(body), sum_considered(body, "warns"),
                 sum_considered(body, "holds"),
                 sum_considered(body, "excluded"));
  deferred_text(p);
  details_text(p);
}

static const char *period_name(upk_str period) {
  static const char *const names[][2] = {
      {"day", "today"},          {"week", "this week"},
      {"month", "this month"},   {"quarter", "this quarter"},
      {"year", "this year"},     {"7 days", "in 7 days"},
      {"28 days", "in 28 days"}, {"30 days", "in 30 days"},
      {"90 days", "in 90 days"}, {"365 days", "in 365 days"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (upk_str_is(period, names[i][0]))
      return names[i][1];
  return "in the period";
}

/* "Blocking expected 0.9 s of 4 m 23 s left this month (availability 99.99%)."
 */
void plan_view_budget(const plan_view *view, upk_buf *out) {
  const upk_json *b = upk_json_get(view->body, "budget");
  int64_t left_ms =
      upk_json_number(b, "allowed_ms", 0) - upk_json_number(b, "spent_ms", 0);
  int64_t ppm = upk_json_number(b, "availability", -1);
  int64_t unmeasured = upk_json_number(b, "unmeasured", 0);
  if (!upk_json_count(b))
    return;
  upk_buf_str(out, UPK_STR("Blocking expected "));
  duration_exact(upk_json_number(b, "expected_ms", 0), out);
  upk_buf_str(out, UPK_STR(" of "));
  duration_exact(left_ms > 0 ? left_ms : 0, out);
  upk_buf_printf(out, " left %s", period_name(upk_json_text(b, "period")));
  if (ppm >= 0) {
    upk_buf_str(out, UPK_STR(" (availability "));
    upk_ratio_format(ppm, out);
    upk_buf_char(out, ')');
  }
  if (unmeasured)
    upk_buf_printf(out, "; %" PRId64 " earlier run%s not measured", unmeasured,
                   unmeasured == 1 ? " was" : "s were");
  upk_buf_str(out, UPK_STR(".\n"));
}

/* All of them; or only what is waived, which is no warning and still said. */
static void findings_text(painter *p, bool all) {
  enum { WAIVED = 2090 };
  const upk_json *findings = upk_json_get(p->view->body, "diagnostics");
  for (size_t i = 0; i < upk_json_count(findings); i++) {
    const upk_json *item = upk_json_at(findings, i);
    if (!all && upk_json_number(item, "code", 0) != WAIVED)
      continue;
    upk_buf_printf(p->out, "%.*s[UPK%04" PRId64 "]: %.*s\n",
                   UPK_FMT(upk_json_text(item, "severity")),
                   upk_json_number(item, "code", 0),
                   UPK_FMT(upk_json_text(item, "message")));
  }
}

void plan_text(const upk_json *plan, bool color, bool verbose, bool findings,
               upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  painter p = {&view, color, verbose, out};
  plan_view_title(&view, out);
  upk_buf_str(out, UPK_STR("\n\n"));
  for (size_t i = 0; i < upk_json_count(view.steps); i++) {
    step_text(&p, i + 1, upk_json_at(view.steps, i));
    if (verbose)
      statements_text(upk_json_get(upk_json_at(view.steps, i), "run"), out);
  }
  if (!upk_json_count(view.steps))
    upk_buf_str(out, upk_json_count(upk_json_get(view.body, "deferred"))
                         ? UPK_STR("Nothing to do now: what is broken is "
                                   "deferred.\n")
                         : UPK_STR("Nothing to do: every invariant that can be "
                                   "remedied holds.\n"));
  summary_text(&p);
  requirements_fills(upk_json_get(upk_json_get(upk_json_get(plan, "provenance"),
                                               "requirements"),
                                  "fills"),
                     "  required  ", out);
  plan_view_budget(&view, out);
  findings_text(&p, findings);
  upk_arena_free(arena);
}
