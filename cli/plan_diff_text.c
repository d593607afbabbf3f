/* A comparison of plans as text and as JSON. */
#include <inttypes.h>

#include "cli.h"
#include "plan_diff.h"

enum { LISTED_MAX = 10, ESTIMATES_MAX = 5 };

static const struct {
  char sign;
  const char *words, *name;
} kinds[DIFF_KIND_COUNT] = {
    [DIFF_REMOVED] = {'-', "removed", "removed"},
    [DIFF_ADDED] = {'+', "added", "added"},
    [DIFF_CHANGED] = {'~', "changed", "changed"},
    [DIFF_CHECKS] = {'*', "with other checks or limits", "checks"},
    [DIFF_ESTIMATE] = {'.', "with another estimate or reason only", "estimate"},
};

static void text_part(const plan_diff *diff, const diff_part *part,
                      bool verbose, upk_buf *out) {
  upk_str from = part->from, to = part->to;
  if (!verbose || !from.data || !to.data)
    diff_part_shown(diff, part, &from, &to);
  upk_buf_printf(out, "    %s: %.*s -> %.*s\n", part->member, UPK_FMT(from),
                 UPK_FMT(to));
}

static void text_step(const plan_diff *diff, const diff_step *step,
                      bool verbose, upk_buf *out) {
  const upk_json *any = step->after ? step->after : step->before;
  upk_buf_printf(out, "%c %.*s", kinds[step->kind].sign, UPK_FMT(step->id));
  if (step->more && !verbose)
    upk_buf_printf(out, " and %zu more in the same way", step->more);
  if (!step->before || !step->after)
    upk_buf_printf(out, "  %.*s", UPK_FMT(upk_json_text(any, "because")));
  upk_buf_char(out, '\n');
  if (step->cause.len)
    upk_buf_printf(out, "    because %.*s\n", UPK_FMT(step->cause));
  for (size_t i = 0; i < step->parts.len; i++)
    text_part(diff, &step->parts.items[i], verbose, out);
}

static void text_steps(const plan_diff *diff, bool verbose, upk_buf *out) {
  size_t estimates = 0;
  for (size_t i = 0; i < diff->steps.len; i++) {
    const diff_step *step = &diff->steps.items[i];
    bool hidden = step->again && !verbose;
    if (!hidden && step->kind == DIFF_ESTIMATE)
      estimates++;
    if (step->kind == DIFF_ESTIMATE && estimates > ESTIMATES_MAX && !verbose)
      continue;
    if (!hidden)
      text_step(diff, step, verbose, out);
  }
  if (estimates > ESTIMATES_MAX && !verbose)
    upk_buf_printf(out, ". and %zu more; --verbose shows all\n",
                   estimates - ESTIMATES_MAX);
}

static void text_moved(const plan_diff *diff, upk_buf *out) {
  size_t count = diff->moved.len;
  if (!count)
    return;
  upk_buf_printf(out, "Order: %zu step%s at another place:", count,
                 count == 1 ? "" : "s");
  for (size_t i = 0; i < count && i < LISTED_MAX; i++)
    upk_buf_printf(out, "%s %.*s", i ? "," : "", UPK_FMT(diff->moved.items[i]));
  if (count > LISTED_MAX)
    upk_buf_printf(out, " and %zu more", count - LISTED_MAX);
  upk_buf_char(out, '\n');
}

static void text_verdicts(const plan_diff *diff, upk_buf *out) {
  for (size_t i = 0; i < diff->verdicts.len; i++) {
    const diff_counts *row = &diff->verdicts.items[i];
    const char *before = " ";
    upk_buf_printf(out, "Verdicts of %.*s:", UPK_FMT(row->policy));
    for (size_t k = 0; diff_verdict_keys[k]; k++) {
      int64_t was = upk_json_number(row->before, diff_verdict_keys[k], 0);
      int64_t is = upk_json_number(row->after, diff_verdict_keys[k], 0);
      if (was == is)
        continue;
      upk_buf_printf(out, "%s%s %" PRId64 " -> %" PRId64, before,
                     diff_verdict_keys[k], was, is);
      before = ", ";
    }
    if (before[0] == ' ')
      upk_buf_str(out, row->before ? UPK_STR(" gone") : UPK_STR(" new"));
    upk_buf_char(out, '\n');
  }
}

static void text_approvals(const plan_diff *diff, upk_buf *out) {
  size_t count = diff->breaks.len;
  if (diff->approvals_hold) {
    upk_buf_printf(out, "Approvals of the first hold for the second: %s\n",
                   diff->same_intent
                       ? "the intent is the same"
                       : "each of its steps is one of the first, unchanged");
    return;
  }
  upk_buf_str(out,
              UPK_STR("Approvals of the first do not hold for the second: "));
  if (!diff->same_target) {
    upk_buf_str(out, UPK_STR("it is for another database\n"));
    return;
  }
  if (!count) {
    upk_buf_printf(out, "%.*s\n", UPK_FMT(diff->reasons[0].text));
    return;
  }
  upk_buf_printf(out, "%zu step%s not approved by them:", count,
                 count == 1 ? " is" : "s are");
  for (size_t i = 0; i < count && i < LISTED_MAX; i++)
    upk_buf_printf(out, "%s %.*s", i ? "," : "",
                   UPK_FMT(diff->breaks.items[i]));
  if (count > LISTED_MAX)
    upk_buf_printf(out, " and %zu more", count - LISTED_MAX);
  upk_buf_char(out, '\n');
}

static void text_counts(const plan_diff *diff, upk_buf *out) {
  static const diff_kind order[] = {DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED,
                                    DIFF_CHECKS, DIFF_ESTIMATE};
  for (size_t i = 0; i < DIFF_KIND_COUNT; i++)
    if (diff->counts[order[i]] || order[i] <= DIFF_CHANGED)
      upk_buf_printf(out, "%zu %s, ", diff->counts[order[i]],
                     kinds[order[i]].words);
  upk_buf_printf(out, "%zu unchanged\n", diff->same);
}

void plan_diff_text(const plan_diff *diff, bool verbose, upk_buf *out) {
  text_steps(diff, verbose, out);
  text_counts(diff, out);
  text_moved(diff, out);
  text_verdicts(diff, out);
  for (size_t i = 0; i < diff->notes.len; i++)
    upk_buf_printf(out, "Note: %.*s\n", UPK_FMT(diff->notes.items[i]));
  text_approvals(diff, out);
}

/* ---- JSON: docs/formats.md, "Comparison of plans" ---- */

static void json_texts(upk_json_writer *w, const char *key,
                       const upk_str *items, size_t count) {
  upk_json_key(w, key);
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    upk_json_string(w, items[i]);
  upk_json_end_array(w);
}

static void json_given(upk_json_writer *w, const char *key, upk_str value) {
  if (value.len)
    upk_json_put_string(w, key, value);
}

static void json_member(upk_json_writer *w, const char *key,
                        const upk_json *step, const char *member) {
  const upk_json *value = upk_json_get(step, member);
  if (value->type == UPK_JSON_NULL)
    return;
  upk_json_key(w, key);
  upk_json_write(w, value);
}

static void json_step(upk_json_writer *w, const diff_step *step) {
  upk_json_begin_object(w);
  json_given(w, "at", step->place);
  json_given(w, "cause", step->cause);
  upk_json_key(w, "changes");
  upk_json_begin_array(w);
  for (size_t i = 0; i < step->parts.len; i++) {
    const char *member = step->parts.items[i].member;
    upk_json_begin_object(w);
    json_member(w, "from", step->before, member);
    upk_json_put_string(w, "member", upk_str_from(member));
    json_member(w, "to", step->after, member);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_put_string(w, "kind", upk_str_from(kinds[step->kind].name));
  upk_json_put_string(w, "step", step->id);
  upk_json_end_object(w);
}

static void json_counts(upk_json_writer *w, const upk_json *row) {
  static const char *const sorted[] = {
      "broken", "excluded", "exempt", "holds", "predicted", "unknown", "warns"};
  upk_json_begin_object(w);
  for (size_t i = 0; row && i < sizeof sorted / sizeof *sorted; i++)
    upk_json_put_int(w, sorted[i], upk_json_number(row, sorted[i], 0));
  upk_json_end_object(w);
}

static void json_verdicts(const plan_diff *diff, upk_json_writer *w) {
  upk_json_key(w, "verdicts");
  upk_json_begin_array(w);
  for (size_t i = 0; i < diff->verdicts.len; i++) {
    const diff_counts *row = &diff->verdicts.items[i];
    upk_json_begin_object(w);
    upk_json_key(w, "from");
    json_counts(w, row->before);
    upk_json_put_string(w, "policy", row->policy);
    upk_json_key(w, "to");
    json_counts(w, row->after);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void json_totals(const plan_diff *diff, upk_json_writer *w) {
  upk_json_key(w, "totals");
  upk_json_begin_object(w);
  upk_json_put_int(w, "added", (int64_t)diff->counts[DIFF_ADDED]);
  upk_json_put_int(w, "changed", (int64_t)diff->counts[DIFF_CHANGED]);
  upk_json_put_int(w, "checks", (int64_t)diff->counts[DIFF_CHECKS]);
  upk_json_put_int(w, "estimate", (int64_t)diff->counts[DIFF_ESTIMATE]);
  upk_json_put_int(w, "moved", (int64_t)diff->moved.len);
  upk_json_put_int(w, "removed", (int64_t)diff->counts[DIFF_REMOVED]);
  upk_json_put_int(w, "unchanged", (int64_t)diff->same);
  upk_json_end_object(w);
}

static void json_plan(upk_json_writer *w, const char *key,
                      const plan_view *view) {
  upk_json_key(w, key);
  upk_json_begin_object(w);
  upk_json_put_string(w, "digest", upk_json_text(view->plan, "digest"));
  upk_json_put_string(w, "intent", upk_json_text(view->plan, "intent"));
  upk_json_put_string(w, "target", upk_json_text(view->target, "name"));
  upk_json_end_object(w);
}

void plan_diff_json(const plan_diff *diff, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  upk_json_key(w, "approvals");
  upk_json_begin_object(w);
  json_texts(w, "breaks", diff->breaks.items, diff->breaks.len);
  upk_json_put_bool(w, "hold", diff->approvals_hold);
  upk_json_put_bool(w, "same_intent", diff->same_intent);
  upk_json_put_bool(w, "same_target", diff->same_target);
  upk_json_end_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.diff/1"));
  json_texts(w, "moved", diff->moved.items, diff->moved.len);
  json_plan(w, "new", &diff->new);
  json_texts(w, "notes", diff->notes.items, diff->notes.len);
  json_plan(w, "old", &diff->old);
  upk_json_key(w, "steps");
  upk_json_begin_array(w);
  for (size_t i = 0; i < diff->steps.len; i++)
    json_step(w, &diff->steps.items[i]);
  upk_json_end_array(w);
  json_totals(diff, w);
  json_verdicts(diff, w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}
