/* plan_sum.h */
#include <inttypes.h>

#include "cli.h"
#include "plan_sum.h"
#include "timefmt.h"

static void sum_signatures(const plan_view *view, plan_sum *sum) {
  const upk_json *rules = upk_json_get(view->body, "approvals_required");
  for (size_t i = 0; i < upk_json_count(rules); i++) {
    int64_t wanted = upk_json_number(upk_json_at(rules, i), "signatures", 1);
    sum->signatures =
        (uint64_t)wanted > sum->signatures ? (uint64_t)wanted : sum->signatures;
  }
}

static void sum_steps(const plan_view *view, plan_sum *sum) {
  for (size_t i = 0; i < upk_json_count(view->steps); i++) {
    const upk_json *step = upk_json_at(view->steps, i);
    upk_str risk = upk_json_text(step, "risk");
    const upk_json *undo = upk_json_get(step, "undo");
    sum->high += upk_str_is(risk, "high");
    sum->medium += upk_str_is(risk, "medium");
    sum->no_undo += upk_str_is(upk_json_text(undo, "class"), "none");
    sum->anytime += !upk_json_text(step, "window").len;
    sum->blocking +=
        upk_json_number(upk_json_get(step, "estimate"), "blocking_ms", 0) > 0;
  }
}

static void sum_considered(const plan_view *view, plan_sum *sum) {
  const upk_json *considered = upk_json_get(view->body, "considered");
  for (size_t i = 0; i < upk_json_count(considered); i++) {
    const upk_json *policy = upk_json_at(considered, i);
    const upk_json *details = upk_json_get(policy, "details");
    sum->warns += (size_t)upk_json_number(policy, "warns", 0);
    sum->holds += (size_t)upk_json_number(policy, "holds", 0);
    sum->excluded += (size_t)upk_json_number(policy, "excluded", 0);
    sum->exempt += (size_t)upk_json_number(policy, "exempt", 0);
    for (size_t j = 0; j < upk_json_count(details); j++)
      sum->unknown += upk_str_is(
          upk_json_text(upk_json_at(details, j), "verdict"), "unknown");
  }
}

plan_sum plan_sum_of(const plan_view *view) {
  const upk_json *totals = upk_json_get(view->body, "totals");
  const upk_json *findings = upk_json_get(view->body, "diagnostics");
  plan_sum sum = {.steps = upk_json_count(view->steps),
                  .deferred =
                      upk_json_count(upk_json_get(view->body, "deferred")),
                  .blocking_ms = upk_json_number(totals, "blocking_ms", 0),
                  .p50_ms = upk_json_number(totals, "p50_ms", 0),
                  .p90_ms = upk_json_number(totals, "p90_ms", 0)};
  sum_steps(view, &sum);
  sum_considered(view, &sum);
  for (size_t i = 0; i < upk_json_count(findings); i++) {
    upk_str severity = upk_json_text(upk_json_at(findings, i), "severity");
    sum.errors += upk_str_is(severity, "error");
    sum.warnings += upk_str_is(severity, "warning");
  }
  sum_signatures(view, &sum);
  return sum;
}

const char *plan_sum_risk(const plan_sum *sum) {
  return sum->high ? "high" : sum->medium ? "medium" : "low";
}

static void add_moment(upk_str timezone, int64_t us, upk_buf *out) {
  upk_local_time(NULL, timezone, us, out);
}

/* "fits `nightly` (2026-11-24 02:00 CET to 2026-11-24 05:00 CET)": absolute,
 * since it may be read on another day. */
static void add_windows(const plan_view *view, const plan_sum *sum,
                        plan_name name, upk_buf *out) {
  const upk_json *windows = upk_json_get(view->body, "windows");
  size_t shown = 0, count = upk_json_count(windows);
  for (size_t i = 0; i < count && shown < 3; i++) {
    const upk_json *window = upk_json_at(windows, i);
    upk_str timezone = upk_json_text(window, "timezone");
    int64_t close_us = upk_json_number(window, "closes_at", 0);
    if (!close_us)
      continue;
    upk_buf_str(out, shown++ ? UPK_STR(", ") : UPK_STR(", fits "));
    name(out, upk_json_text(window, "name"));
    upk_buf_str(out, UPK_STR(" ("));
    add_moment(timezone, upk_json_number(window, "opens_at", 0), out);
    upk_buf_str(out, UPK_STR(" to "));
    add_moment(timezone, close_us, out);
    upk_buf_char(out, ')');
  }
  if (count > 3)
    upk_buf_printf(out, " and %zu more windows", count - 3);
  if (sum->anytime == sum->steps)
    upk_buf_str(out, UPK_STR(", may run at any time"));
  else if (sum->anytime)
    upk_buf_printf(out, ", %zu may run at any time", sum->anytime);
}

static void add_blocking(const plan_sum *sum, upk_buf *out) {
  if (!sum->blocking) {
    upk_buf_str(out, UPK_STR(", no blocking"));
    return;
  }
  upk_buf_str(out, UPK_STR(", may block others for about "));
  upk_duration_human(sum->blocking_ms * 1000, out);
}

static void add_findings(const plan_sum *sum, upk_buf *out) {
  if (sum->errors)
    upk_buf_printf(out, ", refused by %zu finding%s", sum->errors,
                   sum->errors == 1 ? "" : "s");
  else if (sum->warnings)
    upk_buf_printf(out, ", %zu warning%s", sum->warnings,
                   sum->warnings == 1 ? "" : "s");
}

void plan_verdict(const plan_view *view, const plan_sum *sum, plan_name name,
                  upk_buf *out) {
  if (!sum->steps) {
    upk_buf_str(out, UPK_STR("Nothing to do for "));
    name(out, upk_json_text(view->target, "name"));
    upk_buf_printf(out, ": %zu deferred, %zu unknown, %zu hold", sum->deferred,
                   sum->unknown, sum->holds);
    add_findings(sum, out);
    return;
  }
  upk_buf_printf(out, "%zu step%s for ", sum->steps,
                 sum->steps == 1 ? "" : "s");
  name(out, upk_json_text(view->target, "name"));
  upk_buf_printf(out, ": %s risk, ", plan_sum_risk(sum));
  if (sum->no_undo)
    upk_buf_printf(out, "%zu cannot be undone", sum->no_undo);
  else
    upk_buf_str(out, UPK_STR("all can be undone"));
  add_blocking(sum, out);
  add_windows(view, sum, name, out);
  if (sum->signatures)
    upk_buf_printf(out, ", needs %" PRIu64 " approval%s", sum->signatures,
                   sum->signatures == 1 ? "" : "s");
  else
    upk_buf_str(out, UPK_STR(", needs no approval"));
  if (sum->deferred)
    upk_buf_printf(out, ", %zu deferred", sum->deferred);
  if (sum->unknown)
    upk_buf_printf(out, ", %zu unknown", sum->unknown);
  add_findings(sum, out);
}

static void add_reasons(const plan_view *view, upk_buf *out) {
  static const char *const reasons[] = {"budget",   "cap",      "cause",
                                        "conflict", "cooldown", "protected",
                                        "subsumed", "window",   "unsupported"};
  const upk_json *deferred = upk_json_get(view->body, "deferred");
  const char *before = " (";
  for (size_t r = 0; r < sizeof reasons / sizeof *reasons; r++) {
    size_t count = 0;
    for (size_t i = 0; i < upk_json_count(deferred); i++)
      count += upk_str_is(upk_json_text(upk_json_at(deferred, i), "reason"),
                          reasons[r]);
    if (count)
      upk_buf_printf(out, "%s%zu %s", before, count, reasons[r]);
    before = count ? ", " : before;
  }
  if (upk_str_is((upk_str){before, 2}, ", "))
    upk_buf_char(out, ')');
}

void plan_not_done(const plan_view *view, const plan_sum *sum, upk_buf *out) {
  upk_buf_printf(out, "%zu deferred", sum->deferred);
  add_reasons(view, out);
  upk_buf_printf(
      out, ", %zu unknown, %zu exempt, %zu warn; %zu hold, %zu excluded",
      sum->unknown, sum->exempt, sum->warns, sum->holds, sum->excluded);
}
