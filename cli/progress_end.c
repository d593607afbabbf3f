/* The end of a run, for people: a table of outcomes and effect, what was left
 * out and why, and what to do next. */
#include <string.h>

#include "progress.h"
#include "quote.h"
#include "timefmt.h"

enum { ROWS_MAX = 60 };

typedef struct column_widths {
  size_t number, name, outcome, time;
} column_widths;

static void pad(upk_buf *out, size_t start, size_t width) {
  while (out->len - start < width)
    upk_buf_char(out, ' ');
}

static void name_of(const progress *p, size_t index, upk_buf *out) {
  const upk_json *step = upk_json_at(p->view.steps, index);
  upk_buf_printf(out, "%.*s  ", UPK_FMT(upk_json_text(step, "action")));
  object_display(upk_json_get(upk_json_get(step, "object"), "name"), out);
}

static const char *outcome_of(const shown_step *s) {
  return s->outcome.data ? s->outcome.data : "not started";
}

/* What the step changed, or why it did not. */
static void effect_of(const progress *p, size_t index, upk_buf *out) {
  const shown_step *s = &p->steps[index];
  if (upk_str_is(s->outcome, "applied") && s->before && s->after)
    effect_text(upk_json_at(p->view.steps, index), s->before, s->after, out);
  else if (s->text.len)
    upk_buf_str(out, s->text);
  if (s->blocked_ms) {
    upk_buf_str(out, UPK_STR("  others waited "));
    upk_duration_human(s->blocked_ms * 1000, out);
  }
}

/* Long runs: what is not applied is what people look for. */
static bool is_row(const progress *p, size_t index, bool all) {
  return all || !upk_str_is(p->steps[index].outcome, "applied");
}

static column_widths measure(const progress *p, bool all) {
  column_widths widths = {0};
  for (size_t i = 0; i < upk_json_count(p->view.steps); i++) {
    upk_buf text = {0};
    size_t outcome = strlen(outcome_of(&p->steps[i]));
    if (!is_row(p, i, all))
      continue;
    name_of(p, i, &text);
    if (text.len > widths.name)
      widths.name = text.len;
    if (outcome > widths.outcome)
      widths.outcome = outcome;
    upk_buf_free(&text);
  }
  return widths;
}

static void row_text(const progress *p, size_t index,
                     const column_widths *widths, upk_buf *out) {
  const shown_step *s = &p->steps[index];
  size_t start;
  upk_buf_printf(out, "%3zu  ", index + 1);
  start = out->len;
  name_of(p, index, out);
  pad(out, start, widths->name + 2);
  start = out->len;
  upk_buf_str(out, upk_str_from(outcome_of(s)));
  pad(out, start, widths->outcome + 2);
  start = out->len;
  if (s->outcome.data)
    upk_duration_human(s->elapsed_us, out);
  pad(out, start, 8);
  effect_of(p, index, out);
  while (out->len && out->data[out->len - 1] == ' ')
    out->len--;
}

static void table(const progress *p) {
  size_t count = upk_json_count(p->view.steps), shown = 0, left = 0;
  bool all = count <= ROWS_MAX;
  column_widths widths = measure(p, all);
  say(p->c, "\n");
  for (size_t i = 0; i < count; i++) {
    upk_buf row = {0}, plain = {0};
    if (!is_row(p, i, all))
      continue;
    if (shown++ >= ROWS_MAX) {
      left++;
      continue;
    }
    row_text(p, i, &widths, &row);
    upk_display_text(upk_buf_view(&row), &plain);
    say(p->c, "%.*s\n", UPK_FMT(upk_buf_view(&plain)));
    upk_buf_free(&row);
    upk_buf_free(&plain);
  }
  if (left)
    say(p->c, "     and %zu more\n", left);
}

/* What the plan left out already, by reason. */
static void deferred(const progress *p) {
  const upk_json *list = upk_json_get(p->view.body, "deferred");
  size_t count = upk_json_count(list);
  if (!count)
    return;
  say(p->c, "Deferred when planned: %zu (", count);
  for (size_t i = 0; i < count; i++) {
    upk_str reason = upk_json_text(upk_json_at(list, i), "reason");
    bool said = false;
    for (size_t j = 0; j < i && !said; j++)
      said =
          upk_str_equal(upk_json_text(upk_json_at(list, j), "reason"), reason);
    if (!said)
      say(p->c, "%s%.*s", i ? ", " : "", UPK_FMT(reason));
  }
  say(p->c, ")\n");
}

static void counts(const progress *p, const upk_outcome *o, bool dry) {
  static const char *const names[] = {"applied", "skipped",   "failed",
                                      "undone",  "cancelled", "in doubt"};
  const size_t values[] = {o->applied, o->skipped,   o->failed,
                           o->undone,  o->cancelled, o->in_doubt};
  size_t other = 0;
  cli *c = p->c;
  if (dry)
    say(c, "dry run: nothing was changed; %zu would be executed, ",
        o->total - o->skipped - o->failed);
  else
    say(c, "Run %.*s: ", UPK_FMT(o->run));
  for (size_t i = 0; i < 6; i++)
    if (values[i] || (i < 2 && !(dry && i == 0)))
      say(c, "%s%zu %s", other++ ? ", " : "", values[i], names[i]);
  say(c, " of %zu step%s\n", o->total, o->total == 1 ? "" : "s");
}

/* What the run cost others, where that is a tenth of a second or more. */
static void blocked(const progress *p, const upk_outcome *o) {
  enum { WORTH_A_WORD_US = 100 * 1000 };
  upk_buf text = {0};
  if (o->blocked_us < WORTH_A_WORD_US)
    return;
  upk_duration_human(o->blocked_us, &text);
  say(p->c, "Others waited %.*s for its steps, all together\n",
      UPK_FMT(upk_buf_view(&text)));
  upk_buf_free(&text);
}

/* What one does after such an end. */
static const struct {
  upk_status status;
  const char *verb, *why;
} nexts[] = {
    {UPK_WINDOW, "resume", "goes on in the next window"},
    {UPK_CANCELLED, "resume", "goes on where it stopped"},
    {UPK_UNREACHABLE, "resume", "goes on when the target can be reached"},
    {UPK_LOCKED, "resume", "goes on when the other has ended"},
    {UPK_PARTIAL, "rollback", "undoes what was applied"},
    {UPK_IN_DOUBT, "status", "names the steps to resolve"},
};

static void next(const progress *p, upk_str run, upk_status status) {
  for (size_t i = 0; i < sizeof nexts / sizeof *nexts; i++)
    if (nexts[i].status == status && verb_find(upk_str_from(nexts[i].verb)))
      say(p->c, "Next: upkeep %s %.*s   %s\n", nexts[i].verb, UPK_FMT(run),
          nexts[i].why);
  say(p->c, "Log:  upkeep log show %.*s\n", UPK_FMT(run));
}

void progress_end(progress *p, const upk_outcome *o, upk_status status,
                  bool dry) {
  if (p->drawn)
    fprintf(stderr, "\033[%zuA\r\033[J", p->drawn);
  p->drawn = 0;
  if (!o->run.data && !dry)
    return;
  if (!dry && !flag_given(p->c, FLAG_json)) {
    table(p);
    deferred(p);
  }
  counts(p, o, dry);
  blocked(p, o);
  if (!dry)
    next(p, o->run, status);
}
