/* A comparison of plans as a comment on a pull request. */
#include <inttypes.h>

#include "cli.h"
#include "markup.h"
#include "plan_diff.h"

enum { LISTED_MAX = 10 };

static const char *const kinds[DIFF_KIND_COUNT] = {
    [DIFF_REMOVED] = "removed",        [DIFF_ADDED] = "added",
    [DIFF_CHANGED] = "**changed**",    [DIFF_CHECKS] = "other checks",
    [DIFF_ESTIMATE] = "estimate only",
};

static void code(upk_buf *out, upk_str text) {
  markup_code(out, text, MARKUP_CELL_MAX);
}

static void add_part(const plan_diff *diff, const diff_part *part,
                     upk_buf *out) {
  upk_str from, to;
  diff_part_shown(diff, part, &from, &to);
  upk_buf_printf(out, "%s ", part->member);
  code(out, from);
  upk_buf_str(out, UPK_STR(" → "));
  code(out, to);
}

static void add_step(const plan_diff *diff, const diff_step *step,
                     upk_buf *out) {
  upk_buf_printf(out, "| %s | ", kinds[step->kind]);
  code(out, step->id);
  if (step->more)
    upk_buf_printf(out, " and %zu more in the same way", step->more);
  upk_buf_str(out, UPK_STR(" | "));
  code(out, step->cause);
  upk_buf_str(out, UPK_STR(" | "));
  for (size_t i = 0; i < step->parts.len && i < 4; i++) {
    upk_buf_str(out, i ? UPK_STR("; ") : UPK_STR(""));
    add_part(diff, &step->parts.items[i], out);
  }
  if (step->parts.len > 4)
    upk_buf_printf(out, " and %zu more", step->parts.len - 4);
  upk_buf_str(out, UPK_STR(" |\n"));
}

static void add_list(upk_buf *out, const upk_str *items, size_t count) {
  for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
    upk_buf_str(out, i ? UPK_STR(", ") : UPK_STR(" "));
    code(out, items[i]);
  }
  if (count > LISTED_MAX)
    upk_buf_printf(out, " and %zu more", count - LISTED_MAX);
}

/* Safe to be read alone. */
static void add_verdict(const plan_diff *diff, upk_buf *out) {
  upk_buf_str(out, UPK_STR("**Against the plan of the base, "));
  markup_code(out, upk_json_text(diff->new.target, "name"), MARKUP_LABEL_MAX);
  upk_buf_printf(out, ": %zu added, %zu removed, %zu changed, %zu unchanged; ",
                 diff->counts[DIFF_ADDED], diff->counts[DIFF_REMOVED],
                 diff->counts[DIFF_CHANGED],
                 diff->same + diff->counts[DIFF_CHECKS] +
                     diff->counts[DIFF_ESTIMATE]);
  if (diff->approvals_hold)
    upk_buf_str(out, UPK_STR("approvals of it hold**\n"));
  else
    upk_buf_str(out, UPK_STR("approvals of it do not hold**\n"));
}

static void add_lines(const plan_diff *diff, upk_buf *out) {
  upk_buf_char(out, '\n');
  if (!diff->same_target)
    upk_buf_str(out, UPK_STR("- it is for another database\n"));
  if (diff->breaks.len) {
    upk_buf_str(out, UPK_STR("- not approved before:"));
    add_list(out, diff->breaks.items, diff->breaks.len);
    upk_buf_char(out, '\n');
  }
  if (diff->moved.len) {
    upk_buf_str(out, UPK_STR("- at another place in the order:"));
    add_list(out, diff->moved.items, diff->moved.len);
    upk_buf_char(out, '\n');
  }
  for (size_t i = 0; i < diff->notes.len && i < LISTED_MAX; i++) {
    upk_buf_str(out, UPK_STR("- "));
    code(out, diff->notes.items[i]);
    upk_buf_char(out, '\n');
  }
}

static void add_verdicts(const plan_diff *diff, upk_buf *out) {
  if (!diff->verdicts.len)
    return;
  upk_buf_str(out, UPK_STR("\n<details><summary>Verdicts</summary>\n\n| policy "
                           "| verdict | before | after |\n|---|---|--:|--:|"
                           "\n"));
  for (size_t i = 0; i < diff->verdicts.len && i < 5 * LISTED_MAX; i++) {
    const diff_counts *row = &diff->verdicts.items[i];
    for (size_t k = 0; diff_verdict_keys[k]; k++) {
      int64_t was = upk_json_number(row->before, diff_verdict_keys[k], 0);
      int64_t is = upk_json_number(row->after, diff_verdict_keys[k], 0);
      if (was == is)
        continue;
      upk_buf_str(out, UPK_STR("| "));
      code(out, row->policy);
      upk_buf_printf(out, " | %s | %" PRId64 " | %" PRId64 " |\n",
                     diff_verdict_keys[k], was, is);
    }
  }
  upk_buf_str(out, UPK_STR("\n</details>\n"));
}

void plan_diff_markdown(const plan_diff *diff, size_t max_bytes, upk_buf *out) {
  upk_buf verdicts = {0};
  size_t shown = 0, total = diff->steps.len;
  upk_buf_str(out, UPK_STR("<!-- upkeep:diff "));
  markup_marker(out, upk_json_text(diff->new.target, "name"));
  upk_buf_str(out, UPK_STR(" -->\n"));
  add_verdict(diff, out);
  add_lines(diff, out);
  add_verdicts(diff, &verdicts);
  if (out->len + verdicts.len + 600 > max_bytes)
    upk_buf_clear(&verdicts);
  if (total)
    upk_buf_str(out, UPK_STR("\n| | step | because | what |\n|---|---|---|---|"
                             "\n"));
  for (; shown < total; shown++) {
    size_t before = out->len;
    if (diff->steps.items[shown].again)
      continue;
    add_step(diff, &diff->steps.items[shown], out);
    if (out->len + verdicts.len + 200 <= max_bytes)
      continue;
    out->len = before;
    break;
  }
  if (shown < total)
    upk_buf_printf(
        out,
        "\n%zu more steps that differ do not fit here; `upkeep diff` "
        "shows all.\n",
        total - shown);
  upk_buf_str(out, upk_buf_view(&verdicts));
  upk_buf_free(&verdicts);
}
