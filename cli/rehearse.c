/* plan --rehearse: tries the steps of a plan that was just made. */
#include <string.h>
#include <unistd.h>

#include "plan_view.h"
#include "quote.h"
#include "runs.h"
#include "timefmt.h"

typedef struct tried {
  const char *outcome; /* NULL: not begun */
  upk_str text;        /* why; absent: nothing to say */
  int64_t elapsed_us;
  const upk_json *before, *after; /* what its checks saw; or NULL */
  size_t checks;                  /* post-checks that held */
} tried;

typedef struct rehearsal {
  cli *c;
  plan_view view;
  tried *steps;
  upk_str waits; /* last said */
} rehearsal;

/* ---- what is told ---- */

/* As reviewers read it, and as it stands in the record. */
static const char *outcome_of(const char *state) {
  return strcmp(state, "ready") == 0 || strcmp(state, "cancelled") == 0
             ? "not rehearsed"
         : strcmp(state, "rehearsed") == 0 ? "rehearsed"
         : strcmp(state, "skipped") == 0   ? "skipped"
                                           : "failed";
}

static const upk_json *record_of(rehearsal *r, const upk_event *event) {
  upk_json_error error;
  const upk_json *record =
      event->json.len
          ? upk_json_parse(r->c->arena,
                           upk_arena_printf(r->c->arena, "%.*s\n",
                                            UPK_FMT(upk_str_trim(event->json))),
                           &error)
          : NULL;
  return record;
}

static void note_check(rehearsal *r, tried *t, const upk_event *event) {
  const upk_json *record = record_of(r, event);
  const upk_json *after = upk_json_get(upk_json_get(record, "obs"), "after");
  if (after->type != UPK_JSON_OBJECT)
    return;
  t->after = after;
  t->checks++;
}

static void note_begin(rehearsal *r, tried *t, const upk_event *event) {
  const upk_json *obs = upk_json_get(record_of(r, event), "obs");
  t->before = upk_json_get(obs, "before");
  t->checks = 0;
}

static void note_end(rehearsal *r, tried *t, const upk_event *event) {
  t->outcome = outcome_of(event->state);
  t->elapsed_us = event->elapsed_us;
  t->text =
      upk_arena_copy(r->c->arena, event->text.data ? event->text : UPK_STR(""));
}

static void note_wait(rehearsal *r, tried *t, const upk_event *event) {
  (void)t;
  if (!event->text.len || upk_str_equal(r->waits, event->text))
    return;
  r->waits = upk_arena_copy(r->c->arena, event->text);
  say(r->c, "rehearsal: `%.*s` %s%.*s\n", UPK_FMT(event->step),
      upk_str_starts(event->text, "waits ") ? "" : "waits: ",
      UPK_FMT(event->text));
}

static const struct {
  const char *name;
  void (*note)(rehearsal *r, tried *t, const upk_event *event);
} notes[] = {
    {"step.begin", note_begin}, {"step.check", note_check},
    {"step.end", note_end},     {"step.skip", note_end},
    {"step.wait", note_wait},   {"step.retry", note_wait},
};

static void on_event(void *ctx, const upk_event *event) {
  rehearsal *r = ctx;
  size_t number = event->step.len ? plan_view_number(&r->view, event->step) : 0;
  for (size_t i = 0; number && i < sizeof notes / sizeof *notes; i++)
    if (strcmp(event->name, notes[i].name) == 0)
      notes[i].note(r, &r->steps[number - 1], event);
}

/* ---- the table ---- */

static void pad(upk_buf *out, size_t start, size_t width) {
  while (out->len - start < width)
    upk_buf_char(out, ' ');
}

static const char *word_of(const tried *t) {
  return t->outcome ? t->outcome : "not rehearsed";
}

static size_t count_of(const rehearsal *r, const char *outcome) {
  size_t count = 0;
  for (size_t i = 0; i < upk_json_count(r->view.steps); i++)
    count += strcmp(word_of(&r->steps[i]), outcome) == 0;
  return count;
}

static void result_text(const rehearsal *r, size_t index, upk_buf *out) {
  const tried *t = &r->steps[index];
  upk_buf effect = {0};
  if (!t->outcome) {
    upk_buf_str(out, UPK_STR("not begun"));
    return;
  }
  if (t->text.len)
    upk_buf_str(out, t->text);
  if (strcmp(t->outcome, "rehearsed") != 0)
    return;
  upk_buf_printf(out, "%zu post-check%s held", t->checks,
                 t->checks == 1 ? "" : "s");
  if (t->before && t->after)
    effect_text(upk_json_at(r->view.steps, index), t->before, t->after,
                &effect);
  if (effect.len)
    upk_buf_printf(out, ": %.*s", UPK_FMT(upk_buf_view(&effect)));
  upk_buf_free(&effect);
}

static void row_text(const rehearsal *r, size_t index, upk_buf *out) {
  const upk_json *step = upk_json_at(r->view.steps, index);
  const tried *t = &r->steps[index];
  size_t start = out->len;
  upk_buf_printf(out, "%3zu  %.*s", index + 1,
                 UPK_FMT(upk_json_text(step, "id")));
  pad(out, start, 44);
  upk_buf_str(out, UPK_STR("  "));
  start = out->len;
  upk_buf_str(out, upk_str_from(word_of(t)));
  pad(out, start, 15);
  start = out->len;
  if (t->outcome && strcmp(t->outcome, "rehearsed") == 0)
    upk_duration_human(t->elapsed_us, out);
  pad(out, start, 9);
  result_text(r, index, out);
  while (out->len && out->data[out->len - 1] == ' ')
    out->len--;
}

/* Data, so to standard output; but never into another format's. */
static void put_line(const rehearsal *r, upk_str line) {
  upk_buf plain = {0};
  upk_display_text(line, &plain);
  if (flag_given(r->c, FLAG_format) && !format_is(r->c, "text", "text"))
    say(r->c, "%.*s\n", UPK_FMT(upk_buf_view(&plain)));
  else if (!flag_given(r->c, FLAG_quiet)) {
    upk_buf_char(&plain, '\n');
    print_out(upk_buf_view(&plain));
  }
  upk_buf_free(&plain);
}

static void print_table(const rehearsal *r) {
  size_t rehearsed = count_of(r, "rehearsed");
  upk_buf line = {0};
  upk_buf_printf(&line,
                 "Rehearsal on %.*s: %zu rehearsed and rolled back, %zu "
                 "failed, %zu skipped, %zu not rehearsed",
                 UPK_FMT(upk_json_text(r->view.target, "name")), rehearsed,
                 count_of(r, "failed"), count_of(r, "skipped"),
                 count_of(r, "not rehearsed"));
  put_line(r, UPK_STR(""));
  put_line(r, upk_buf_view(&line));
  for (size_t i = 0; i < upk_json_count(r->view.steps); i++) {
    upk_buf_clear(&line);
    row_text(r, i, &line);
    put_line(r, upk_buf_view(&line));
  }
  if (rehearsed)
    put_line(r, UPK_STR("A rollback does not take back numbers drawn from "
                        "sequences, dead rows, log written, and counters of "
                        "statistics."));
  put_line(r, UPK_STR(""));
  upk_buf_free(&line);
}

/* ---- the record: docs/formats.md, "Rehearsal" ---- */

static void write_step(const rehearsal *r, size_t index, upk_json_writer *w) {
  const tried *t = &r->steps[index];
  upk_buf text = {0};
  result_text(r, index, &text);
  upk_json_begin_object(w);
  if (t->outcome)
    upk_json_put_int(w, "elapsed_us", t->elapsed_us);
  upk_json_put_string(w, "outcome", upk_str_from(word_of(t)));
  upk_json_put_int(w, "post_checks", (int64_t)t->checks);
  upk_json_put_string(w, "step",
                      upk_json_text(upk_json_at(r->view.steps, index), "id"));
  upk_json_put_string(w, "text", upk_str_trim(upk_buf_view(&text)));
  upk_json_end_object(w);
  upk_buf_free(&text);
}

static upk_status write_record(const rehearsal *r,
                               const upk_apply_request *request,
                               int64_t wall_us, upk_str path) {
  upk_buf bytes = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_begin_object(w);
  upk_json_put_int(w, "at", wall_us);
  upk_json_put_string(w, "format", UPK_STR("upkeep.rehearsal/1"));
  upk_json_put_string(w, "host", request->host);
  upk_json_put_string(w, "locks",
                      request->rehearse == UPK_REHEARSE_ALL ? UPK_STR("all")
                                                            : UPK_STR("weak"));
  upk_json_put_string(w, "plan", upk_json_text(r->view.plan, "digest"));
  upk_json_key(w, "steps");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(r->view.steps); i++)
    write_step(r, i, w);
  upk_json_end_array(w);
  upk_json_put_string(w, "target", upk_json_text(r->view.target, "name"));
  upk_json_put_string(w, "user", request->user);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_status status = upk_json_writer_close(w)
                          ? file_write(r->c, path, upk_buf_view(&bytes))
                          : UPK_ERROR;
  upk_buf_free(&bytes);
  return status;
}

/* ---- it ---- */

static upk_status prepare(cli *c, const project *p, upk_str target,
                          upk_apply_request *request) {
  request->rehearse =
      flag_given(c, FLAG_rehearse_all) ? UPK_REHEARSE_ALL : UPK_REHEARSE;
  request->runs_folder = runs_folder(c, p);
  request->stop_file =
      upk_arena_printf(c->arena, "%.*s/.upkeep/stop", UPK_FMT(p->folder));
  request->stop = signals_watch();
  request->pid = getpid();
  allow_programs(c, p, request);
  who_am_i(c, &request->user, &request->host);
  if (!flag_duration_ms(c, FLAG_connect_timeout, UPK_CONNECT_MS,
                        &request->connect_timeout_ms))
    return UPK_USAGE;
  upk_status status = project_target(c, p, target, &request->target);
  return status == UPK_OK ? blackouts_load(c, p, &request->blackouts,
                                           &request->blackout_count)
                          : status;
}

upk_status rehearse(cli *c, const project *p, upk_str plan, upk_str record) {
  upk_json_error error;
  rehearsal r = {.c = c};
  upk_outcome outcome = {0};
  upk_clock clock = system_clock();
  const upk_json *tree = upk_json_parse(c->arena, plan, &error);
  plan_view_init(&r.view, c->arena, tree);
  size_t steps = upk_json_count(r.view.steps);
  r.steps = UPK_NEW_ARRAY(c->arena, tried, steps + 1);
  upk_apply_request request = {.plan = plan,
                               .plan_path = UPK_STR("the plan"),
                               .on_event = on_event,
                               .ctx = &r};
  upk_status status =
      prepare(c, p, upk_json_text(r.view.target, "name"), &request);
  int64_t began_us = clock.wall_us(clock.ctx);
  if (status != UPK_OK || !steps)
    return status;
  status = upk_apply(&request, &clock, &c->diags, &outcome);
  if (status != UPK_OK && status != UPK_PRECHECK && status != UPK_PARTIAL &&
      !count_of(&r, "rehearsed"))
    return status;
  print_table(&r);
  upk_status written =
      record.data ? write_record(&r, &request, began_us, record) : UPK_OK;
  return status == UPK_OK ? written : status;
}
