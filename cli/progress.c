/* The live lines of a run: on a terminal a block that is rewritten, a line a
 * step under way; elsewhere plain lines, each step at most every ten seconds.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "progress.h"
#include "quote.h"
#include "timefmt.h"

enum {
  LIVE_MAX = 12,
  QUIET_US = 10 * 1000 * 1000,
  COLUMNS = 80,
  DRAW_US = 50 * 1000,
  SAY_WAIT_US = 10 * 60 * 1000 * 1000
};

progress *progress_new(cli *c, const upk_json *plan) {
  progress *p = UPK_NEW(c->arena, progress);
  p->c = c;
  plan_view_init(&p->view, c->arena, plan);
  p->steps =
      UPK_NEW_ARRAY(c->arena, shown_step, upk_json_count(p->view.steps) + 1);
  return p;
}

/* ---- a line ---- */

static void step_name(const progress *p, size_t index, upk_buf *out) {
  const upk_json *step = upk_json_at(p->view.steps, index);
  upk_buf_printf(out, "%zu/%zu  %.*s  ", index + 1,
                 upk_json_count(p->view.steps),
                 UPK_FMT(upk_json_text(step, "action")));
  object_display(upk_json_get(upk_json_get(step, "object"), "name"), out);
}

static int64_t estimate_us(const progress *p, size_t index) {
  const upk_json *step = upk_json_at(p->view.steps, index);
  return upk_json_number(upk_json_get(step, "estimate"), "p50_ms", 0) * 1000;
}

/* "3/12  rebuild_index  public.x  running  40 s of ~18 min  2 of 5 blocks" */
static void line_text(const progress *p, size_t index, upk_buf *out) {
  const shown_step *s = &p->steps[index];
  int64_t estimate = estimate_us(p, index);
  step_name(p, index, out);
  upk_buf_printf(out, "  %s", s->state);
  if (s->elapsed_us >= 1000000) {
    upk_buf_str(out, UPK_STR("  "));
    upk_duration_human(s->elapsed_us, out);
    if (estimate && strcmp(s->state, "running") == 0) {
      upk_buf_str(out, UPK_STR(" of ~"));
      upk_duration_human(estimate, out);
    }
  }
  if (s->text.len)
    upk_buf_printf(out, "%s%.*s", strcmp(s->state, "waiting") ? "  " : ": ",
                   UPK_FMT(s->text));
}

/* What comes from others does not steer the terminal. */
static void put_line(const upk_buf *line) {
  upk_buf plain = {0};
  upk_display_text(upk_buf_view(line), &plain);
  upk_buf_char(&plain, '\n');
  fwrite(plain.data, 1, plain.len, stderr);
  upk_buf_free(&plain);
}

/* ---- the block ---- */

static void clear_block(progress *p) {
  if (p->drawn)
    fprintf(stderr, "\033[%zuA\r\033[J", p->drawn);
  p->drawn = 0;
}

static size_t columns(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20
             ? size.ws_col
             : COLUMNS;
}

/* Characters of UTF-8 are cut whole; one of two columns is rare in names. */
static void cut(upk_buf *line, size_t width) {
  size_t at = 0, shown = 0;
  while (at < line->len && shown < width) {
    at++;
    while (at < line->len && ((unsigned char)line->data[at] & 0xc0) == 0x80)
      at++;
    shown++;
  }
  line->len = at;
}

static void draw_block(progress *p) {
  size_t width = columns() - 1;
  clear_block(p);
  for (size_t i = 0; i < p->live.len && i < LIVE_MAX; i++) {
    upk_buf line = {0}, plain = {0};
    line_text(p, p->live.items[i], &line);
    upk_display_text(upk_buf_view(&line), &plain);
    cut(&plain, width);
    fprintf(stderr, "%.*s\n", UPK_FMT(upk_buf_view(&plain)));
    upk_buf_free(&line);
    upk_buf_free(&plain);
    p->drawn++;
  }
  if (p->live.len > LIVE_MAX) {
    fprintf(stderr, "and %zu more\n", p->live.len - LIVE_MAX);
    p->drawn++;
  }
  fflush(stderr);
}

static void live_add(progress *p, size_t index) {
  size_t i = 0;
  while (i < p->live.len && p->live.items[i] != index)
    i++;
  if (i == p->live.len)
    *UPK_PUSH(p->c->arena, &p->live) = index;
}

static void live_remove(progress *p, size_t index) {
  size_t kept = 0;
  for (size_t i = 0; i < p->live.len; i++)
    if (p->live.items[i] != index)
      p->live.items[kept++] = p->live.items[i];
  p->live.len = kept;
}

/* ---- what an event says ---- */

static const upk_json *record_of(progress *p, const upk_event *event) {
  upk_json_error error;
  if (!event->json.len)
    return NULL;
  upk_str line = upk_arena_printf(p->c->arena, "%.*s\n",
                                  UPK_FMT(upk_str_trim(event->json)));
  return upk_json_parse(p->c->arena, line, &error);
}

/* Keeps what the checks of a step saw, for the line that tells its effect. */
static void keep_seen(progress *p, shown_step *s, const upk_event *event) {
  const upk_json *obs = upk_json_get(record_of(p, event), "obs");
  const upk_json *before = upk_json_get(obs, "before");
  const upk_json *after = upk_json_get(obs, "after");
  if (before->type == UPK_JSON_OBJECT)
    s->before = before;
  if (after->type == UPK_JSON_OBJECT)
    s->after = after;
}

static void ended_line(progress *p, size_t index, const char *word) {
  const shown_step *s = &p->steps[index];
  upk_buf line = {0};
  step_name(p, index, &line);
  if (upk_str_starts(s->text, word)) /* "waits for a lock held by .." */
    upk_buf_printf(&line, "  %.*s", UPK_FMT(s->text));
  else
    upk_buf_printf(&line, "  %s", word);
  if (s->text.len && !upk_str_starts(s->text, word))
    upk_buf_printf(&line, ": %.*s", UPK_FMT(s->text));
  upk_buf_str(&line, UPK_STR("  ("));
  upk_duration_human(s->elapsed_us, &line);
  upk_buf_str(&line, UPK_STR(")"));
  clear_block(p);
  put_line(&line);
  upk_buf_free(&line);
}

static int64_t blocked_ms(progress *p, const upk_event *event) {
  return upk_json_number(upk_json_get(record_of(p, event), "obs"), "blocked_ms",
                         0);
}

/* A step may end twice: applied, and undone later with its policy. */
static void on_end(progress *p, size_t index, const upk_event *event) {
  shown_step *s = &p->steps[index];
  s->blocked_ms = blocked_ms(p, event);
  s->outcome = upk_arena_copy(p->c->arena, upk_str_from(event->state));
  live_remove(p, index);
  ended_line(p, index,
             strcmp(event->state, "ready") == 0 ? "ready" : s->outcome.data);
}

/* It ended in an earlier process of the run. */
static void on_past(progress *p, size_t index, const upk_event *event) {
  p->steps[index].outcome =
      upk_arena_copy(p->c->arena, upk_str_from(event->state));
}

static void on_retry(progress *p, size_t index, const upk_event *event) {
  (void)event;
  live_add(p, index);
  ended_line(p, index, "again");
}

static void on_wait(progress *p, size_t index, const upk_event *event) {
  live_add(p, index);
  if (p->c->terminal_err || upk_str_equal(p->wait, event->text))
    return;
  p->wait = upk_arena_copy(p->c->arena, event->text);
  ended_line(p, index, "waits");
}

static void on_progress(progress *p, size_t index, const upk_event *event) {
  shown_step *s = &p->steps[index];
  upk_buf line = {0};
  (void)event;
  live_add(p, index);
  if (p->c->terminal_err || s->elapsed_us - s->told_us < QUIET_US)
    return;
  s->told_us = s->elapsed_us;
  line_text(p, index, &line);
  put_line(&line);
  upk_buf_free(&line);
}

static void on_begin(progress *p, size_t index, const upk_event *event) {
  keep_seen(p, &p->steps[index], event);
  p->steps[index].told_us = 0;
  live_add(p, index);
}

static void on_check(progress *p, size_t index, const upk_event *event) {
  keep_seen(p, &p->steps[index], event);
}

static const struct {
  const char *name;
  void (*show)(progress *p, size_t index, const upk_event *event);
} shows[] = {
    {"step.begin", on_begin},  {"step.check", on_check}, {"step.end", on_end},
    {"step.skip", on_end},     {"step.retry", on_retry}, {"step.wait", on_wait},
    {"progress", on_progress}, {"step.past", on_past},
};

static void run_event(progress *p, const upk_event *event) {
  upk_buf line = {0};
  bool waits = strcmp(event->name, "run.wait") == 0;
  if ((!waits && strcmp(event->name, "run.note") != 0) || !event->text.len)
    return;
  if (waits && p->waited_us && event->wall_us - p->waited_us < SAY_WAIT_US)
    return;
  if (waits)
    p->waited_us = event->wall_us;
  clear_block(p);
  upk_buf_str(&line, event->text);
  put_line(&line);
  upk_buf_free(&line);
}

static void step_event(progress *p, size_t index, const upk_event *event) {
  shown_step *s = &p->steps[index];
  upk_str old = s->text;
  s->state = event->state ? event->state : "running";
  s->elapsed_us = event->elapsed_us;
  /* How far it is was told before. */
  bool ticks = strcmp(event->name, "progress") == 0 && !event->text.len;
  if (!ticks && !upk_str_equal(old, event->text))
    s->text = upk_arena_copy(p->c->arena,
                             event->text.data ? event->text : UPK_STR(""));
  for (size_t i = 0; i < sizeof shows / sizeof *shows; i++)
    if (strcmp(event->name, shows[i].name) == 0)
      shows[i].show(p, index, event);
}

void progress_event(void *ctx, const upk_event *event) {
  progress *p = ctx;
  if (flag_given(p->c, FLAG_json)) {
    upk_buf line = {0};
    event_json(event, &line);
    fwrite(line.data, 1, line.len, stdout);
    fflush(stdout);
    upk_buf_free(&line);
  }
  size_t number = event->step.len ? plan_view_number(&p->view, event->step) : 0;
  bool quiet = flag_given(p->c, FLAG_quiet) || flag_given(p->c, FLAG_json);
  if (quiet)
    return;
  if (number)
    step_event(p, number - 1, event);
  else
    run_event(p, event);
  if (p->c->terminal_err && event->wall_us - p->drawn_us >= DRAW_US) {
    p->drawn_us = event->wall_us;
    draw_block(p);
  }
}
