/* upkeep verify: whether a plan could be applied now; executes nothing. */
#include <inttypes.h>

#include "executor.h"
#include "plan_view.h"
#include "timefmt.h"

typedef struct check {
  cli *c;
  const project *p;
  const upk_json *plan, *body;
  int64_t now_us;
  upk_buf *out;
  upk_status status; /* the worst; the first of equals */
} check;

static void row(check *k, const char *what) {
  upk_buf_printf(k->out, "%-11s ", what);
}

static void moment(upk_buf *out, int64_t us) {
  upk_timestamp_format(us - us % 1000000, out);
}

static void expiry_text(check *k) {
  int64_t us = upk_json_number(k->body, "expires_at", 0);
  row(k, "expiry");
  if (!us) {
    upk_buf_str(k->out, UPK_STR("none\n"));
    return;
  }
  upk_buf_str(k->out, us <= k->now_us ? UPK_STR("expired at ")
                                      : UPK_STR("good until "));
  moment(k->out, us);
  if (us > k->now_us) {
    upk_buf_str(k->out, UPK_STR(", in "));
    upk_duration_human(us - k->now_us, k->out);
  }
  upk_buf_char(k->out, '\n');
}

static void expiry_check(check *k) {
  int64_t us = upk_json_number(k->body, "expires_at", 0);
  if (!us || us > k->now_us)
    return;
  upk_diag *diag =
      upk_diag_add(&k->c->diags, 3220, UPK_NO_SPAN, "the plan expired");
  upk_diag_help(&k->c->diags, diag,
                "make it again with `upkeep plan`: it would be for the next "
                "opening");
  k->status = UPK_STALE;
}

static int64_t facts_age(const check *k) {
  const upk_json *facts =
      upk_json_get(upk_json_get(k->body, "inputs"), "facts");
  return k->now_us - upk_json_number(facts, "taken_at", k->now_us);
}

static void freshness_text(check *k) {
  int64_t age = facts_age(k);
  row(k, "facts");
  if (age < 0)
    upk_buf_str(k->out, UPK_STR("taken in the future: compare the clocks\n"));
  else {
    upk_buf_str(k->out, UPK_STR("taken "));
    upk_duration_human(age, k->out);
    upk_buf_str(k->out,
                UPK_STR(" ago; each step looks again before it acts\n"));
  }
}

/* Openings by the plan's own rules, without today's blackouts. */
static bool openings(check *k, upk_windows *ret) {
  const upk_json *list = upk_json_get(k->body, "windows");
  size_t count = upk_json_count(list);
  upk_window_rule *rules =
      UPK_NEW_ARRAY(k->c->arena, upk_window_rule, count + 1);
  const upk_blackout_rule *blackouts = NULL;
  size_t blackout_count = 0;
  if (blackouts_load(k->c, k->p, &blackouts, &blackout_count) != UPK_OK)
    return false;
  for (size_t i = 0; i < count; i++) {
    const upk_json *window = upk_json_at(list, i);
    rules[i] = (upk_window_rule){
        .name = upk_json_text(window, "name"),
        .rrule = upk_json_text(window, "rrule"),
        .timezone = upk_json_text(window, "timezone"),
        .duration_us = upk_json_number(window, "duration_ms", 0) * 1000};
  }
  upk_windows_request request = {
      .windows = rules,
      .window_count = count,
      .blackouts = blackouts,
      .blackout_count = blackout_count,
      .from_us = k->now_us - INT64_C(86400) * 1000000,
      .to_us = k->now_us + INT64_C(14) * 86400 * 1000000};
  return upk_windows_make(&request, k->c->arena, &k->c->diags, ret) == UPK_OK;
}

static const upk_interval *next_of(const check *k, const upk_interval *open,
                                   size_t count) {
  for (size_t i = 0; i < count; i++)
    if (open[i].to_us > k->now_us)
      return &open[i];
  return NULL;
}

static void windows_text(check *k, const upk_windows *windows) {
  size_t count = upk_json_count(upk_json_get(k->body, "windows"));
  for (size_t i = 0; i < count; i++) {
    const upk_interval *next =
        next_of(k, windows->windows[i].open, windows->windows[i].open_count);
    row(k, "window");
    upk_buf_printf(k->out, "%.*s ", UPK_FMT(windows->windows[i].name));
    if (!next)
      upk_buf_str(k->out, UPK_STR("does not open within 14 days"));
    else if (next->from_us <= k->now_us) {
      upk_buf_str(k->out, UPK_STR("is open, closes in "));
      upk_duration_human(next->to_us - k->now_us, k->out);
    } else {
      upk_buf_str(k->out, UPK_STR("is closed, opens in "));
      upk_duration_human(next->from_us - k->now_us, k->out);
    }
    upk_buf_char(k->out, '\n');
  }
}

/* ---- signatures ---- */

static void names_text(const upk_json *names, upk_buf *out) {
  for (size_t i = 0; i < upk_json_count(names); i++)
    upk_buf_printf(out, "%s%.*s", i ? ", " : "",
                   UPK_FMT(upk_json_at(names, i)->string));
  if (!upk_json_count(names))
    upk_buf_str(out, UPK_STR("nobody"));
}

static void rule_text(check *k, const upk_json *rule) {
  upk_str when = upk_json_text(rule, "when");
  int64_t wanted = upk_json_number(rule, "signatures", 0);
  row(k, "rule");
  upk_buf_printf(
      k->out, "%" PRId64 " step%s%s%.*s: ", upk_json_number(rule, "steps", 0),
      upk_json_number(rule, "steps", 0) == 1 ? "" : "s",
      when.len ? " where " : "", UPK_FMT(when));
  if (!wanted) {
    upk_buf_str(k->out, UPK_STR("no signature is needed\n"));
    return;
  }
  upk_buf_printf(k->out, "%zu of %" PRId64 " approvals, ",
                 upk_json_count(upk_json_get(rule, "signed")), wanted);
  names_text(upk_json_get(rule, "signed"), k->out);
  upk_buf_str(k->out, upk_json_flag(rule, "met", false)
                          ? UPK_STR("\n")
                          : UPK_STR(": more are needed\n"));
}

static void vote_text(check *k, const upk_json *vote) {
  upk_str text = upk_json_text(vote, "text");
  upk_str reason = upk_json_text(vote, "reason");
  row(k, "signature");
  names_text(upk_json_get(vote, "by"), k->out);
  upk_buf_printf(k->out, ": %.*s", UPK_FMT(upk_json_text(vote, "verdict")));
  if (text.len)
    upk_buf_printf(k->out, ", %.*s", UPK_FMT(text));
  else {
    upk_buf_str(k->out, UPK_STR(", until "));
    moment(k->out, upk_json_number(vote, "not_after", 0));
  }
  if (reason.len)
    upk_buf_printf(k->out, " (%.*s)", UPK_FMT(reason));
  upk_buf_printf(k->out, "  %.*s:%" PRId64 "%s\n",
                 UPK_FMT(upk_json_text(vote, "file")),
                 upk_json_number(vote, "line", 0),
                 upk_json_flag(vote, "standing", false) ? ", standing" : "");
}

static void authors_text(check *k, const upk_json *report) {
  const upk_json *names = upk_json_get(report, "authors");
  upk_str why = upk_json_text(report, "authors_unknown");
  if (!upk_json_count(names) && !why.data)
    return;
  row(k, upk_json_count(names) > 1 ? "authors" : "author");
  for (size_t i = 0; i < upk_json_count(names); i++)
    upk_buf_printf(k->out, "%s%.*s", i ? ", " : "",
                   UPK_FMT(upk_json_at(names, i)->string));
  if (why.data)
    upk_buf_printf(k->out, "not known: %.*s", UPK_FMT(why));
  upk_buf_char(k->out, '\n');
}

static void approvals_text(check *k, const upk_json *report) {
  const upk_json *rules = upk_json_get(report, "rules");
  const upk_json *votes = upk_json_get(report, "signatures");
  const upk_json *executor = upk_json_get(report, "executor");
  row(k, "rules");
  upk_buf_printf(k->out, "%.*s%s\n", UPK_FMT(upk_json_text(executor, "rules")),
                 upk_json_flag(executor, "own", false)
                     ? ""
                     : ", for there is no executor's file");
  if (!upk_json_count(rules)) {
    row(k, "rule");
    upk_buf_str(k->out,
                UPK_STR("no rule fits a step: no signature is needed\n"));
  }
  for (size_t i = 0; i < upk_json_count(rules); i++)
    rule_text(k, upk_json_at(rules, i));
  authors_text(k, report);
  for (size_t i = 0; i < upk_json_count(votes); i++)
    vote_text(k, upk_json_at(votes, i));
}

static void write_text(check *k, const upk_json *report) {
  upk_windows windows;
  plan_view view;
  plan_view_init(&view, k->c->arena, k->plan);
  plan_view_title(&view, k->out);
  upk_buf_char(k->out, '\n');
  row(k, "digest");
  upk_buf_printf(k->out, "%.*s\n", UPK_FMT(upk_json_text(k->plan, "digest")));
  row(k, "intent");
  upk_buf_printf(k->out, "%.*s\n", UPK_FMT(upk_json_text(k->plan, "intent")));
  expiry_text(k);
  freshness_text(k);
  if (openings(k, &windows))
    windows_text(k, &windows);
  approvals_text(k, report);
}

static upk_status judge(check *k, upk_str bytes, upk_str path) {
  upk_clock clock = system_clock();
  upk_approvals approvals;
  upk_approved approved;
  upk_buf report = {0};
  upk_json_error error;
  upk_status status = executor_load(k->c, k->p, path, k->plan, &approvals);
  if (status == UPK_OK)
    status = upk_approvals_judge(bytes, path, &approvals, &clock, &k->c->diags,
                                 upk_sink_buf(&report), &approved);
  if (report.len) {
    upk_str copy = upk_arena_copy(k->c->arena, upk_buf_view(&report));
    if (format_is(k->c, "json", "text"))
      upk_buf_str(k->out, copy);
    else
      write_text(k, upk_json_parse(k->c->arena, copy, &error));
  }
  upk_buf_free(&report);
  return status;
}

static upk_status run(cli *c) {
  project p;
  upk_buf bytes = {0}, out = {0};
  upk_str path = upk_str_from(c->arguments[0]);
  upk_clock clock = system_clock();
  check k = {.c = c, .p = &p, .now_us = clock.wall_us(clock.ctx), .out = &out};
  upk_status status = plan_load(c, path, &bytes, &k.plan);
  if (status == UPK_OK)
    status = upk_plan_verify(upk_buf_view(&bytes), path, &c->diags);
  if (status == UPK_OK)
    status = project_load(c, &p);
  if (status == UPK_OK) {
    k.body = upk_json_get(k.plan, "body");
    expiry_check(&k);
    status = judge(&k, upk_buf_view(&bytes), path);
    if (format_is(c, "json", "text"))
      print_bytes(c, out.len ? upk_buf_view(&out) : UPK_STR(""));
    else
      print_text(c, out.len ? upk_buf_view(&out) : UPK_STR(""));
    if (status == UPK_OK)
      status = k.status;
  }
  upk_buf_free(&bytes);
  upk_buf_free(&out);
  return status;
}

const verb verb_verify = {
    .name = "verify",
    .arguments = "PLAN",
    .summary = "look whether a plan may be executed, without doing so",
    .detail =
        "Digest and intent, expiry, age of its facts, windows, the executor's "
        "rules, and every signature with its verdict.\nConnects to nothing. "
        "Exit code 0, 5 (expired, damaged or edited) or 11 (approvals are "
        "missing).",
    .formats = "text,json",
    .flags = FLAG_BIT(format) | FLAG_BIT(executor) | FLAG_BIT(signatures),
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
