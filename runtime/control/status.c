/* upk_run_status: what the log of a run says, folded for people. It does not
 * verify the chain: that is upk_log_verify's. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "control/control.h"
#include "journal/journal.h"
#include "json.h"
#include "map.h"

/* A step that the log speaks of. Strings are in the fold's arena. */
typedef struct told_step {
  upk_str id, state;
  int64_t attempt;
  int64_t began_us;   /* its first record, wall clock */
  int64_t elapsed_us; /* -1 until it has ended */
  upk_str gate;       /* what it waits for; absent: nothing */
  upk_str text;
} told_step;

/* An operator's change that is in force. */
typedef struct told_change {
  upk_str step, key, by, text; /* step absent: of every one */
} told_change;

typedef struct fold {
  upk_arena *arena, *scratch;
  upk_map numbers; /* step id -> index */
  UPK_VEC(told_step) steps;
  UPK_VEC(told_change) changes;
  upk_str target, engine, user, host, plan, status, note;
  bool begun, ended, damaged;
  upk_str order, by; /* the last of an operator; absent: none in force */
  int64_t total, began_us, last_us, processes, line;
} fold;

typedef struct told {
  const upk_json *det, *obs;
  int64_t at_us;
} told;

static upk_str keep(fold *f, upk_str text) {
  return text.data ? upk_arena_copy(f->arena, text) : UPK_NO_STR;
}

/* ---- records of a step ---- */

static told_step *find_step(fold *f, const told *t) {
  uint64_t index;
  upk_str id = upk_json_text(t->obs, "step");
  if (!id.data)
    return NULL;
  if (!upk_map_find(&f->numbers, id, &index)) {
    index = f->steps.len;
    told_step *s = UPK_PUSH(f->arena, &f->steps);
    *s = (told_step){.id = keep(f, id), .began_us = t->at_us, .elapsed_us = -1};
    upk_map_put(&f->numbers, s->id, index);
  }
  return &f->steps.items[index];
}

static void on_wait(fold *f, told_step *s, const told *t) {
  s->state = UPK_STR("waiting");
  s->gate = keep(f, upk_json_text(t->obs, "gate"));
  s->text = keep(f, upk_json_text(t->obs, "text"));
}

static void on_check(fold *f, told_step *s, const told *t) {
  (void)f;
  s->state = upk_str_is(upk_json_text(t->det, "part"), "post")
                 ? UPK_STR("validating")
                 : UPK_STR("checking");
}

static void on_begin(fold *f, told_step *s, const told *t) {
  (void)f;
  s->state = UPK_STR("running");
  s->attempt = upk_json_number(t->obs, "attempt", s->attempt);
  s->elapsed_us = -1;
}

static void on_progress(fold *f, told_step *s, const told *t) {
  s->text = keep(f, upk_json_text(t->obs, "text"));
}

static void on_retry(fold *f, told_step *s, const told *t) {
  s->state = UPK_STR("retrying");
  s->text = keep(f, upk_json_text(t->obs, "text"));
}

static void on_undo(fold *f, told_step *s, const told *t) {
  (void)f;
  (void)t;
  s->state = UPK_STR("undoing");
  s->elapsed_us = -1;
}

static void on_skip(fold *f, told_step *s, const told *t) {
  s->state = UPK_STR("skipped");
  s->elapsed_us = t->at_us - s->began_us;
  s->text = keep(f, upk_json_text(t->obs, "text"));
}

static void on_end(fold *f, told_step *s, const told *t) {
  s->state = keep(f, upk_json_text(t->det, "outcome"));
  s->elapsed_us = upk_json_number(t->obs, "elapsed_us", t->at_us - s->began_us);
  s->text = keep(f, upk_json_text(t->obs, "text"));
}

static const struct {
  const char *event;
  void (*tell)(fold *f, told_step *s, const told *t);
  bool waits; /* what it waits for holds still */
} step_events[] = {
    {"step.wait", on_wait, true},      {"step.check", on_check, false},
    {"step.begin", on_begin, false},   {"step.retry", on_retry, false},
    {"step.undo", on_undo, false},     {"step.skip", on_skip, false},
    {"step.end", on_end, false},       {"step.progress", on_progress, true},
    {"step.batch", on_progress, true},
};

/* ---- records of the run ---- */

static void on_run_begin(fold *f, const told *t) {
  f->begun = true;
  f->began_us = t->at_us;
  f->processes = 1;
  f->total = upk_json_number(t->det, "steps", 0);
  f->plan = keep(f, upk_json_text(t->det, "plan"));
  f->engine = keep(f, upk_json_text(t->det, "engine"));
  f->target = keep(f, upk_json_text(t->obs, "target"));
  f->user = keep(f, upk_json_text(t->obs, "user"));
  f->host = keep(f, upk_json_text(t->obs, "host"));
}

/* Another process took it over: what was under way is to be found out. */
static void on_run_again(fold *f, const told *t) {
  f->ended = false;
  f->processes++;
  f->order = UPK_NO_STR;
  f->changes.len = 0;
  f->user = keep(f, upk_json_text(t->obs, "user"));
  f->host = keep(f, upk_json_text(t->obs, "host"));
}

static void drop_changes(fold *f, upk_str step, upk_str key) {
  size_t left = 0;
  for (size_t i = 0; i < f->changes.len; i++) {
    told_change *c = &f->changes.items[i];
    bool there = !step.data || upk_str_equal(c->step, step);
    if (!there || !upk_str_equal(c->key, key))
      f->changes.items[left++] = *c;
  }
  f->changes.len = left;
}

/* What is in force: of a step and key the last, of throttles every one. */
static void on_change(fold *f, const told *t, upk_str order) {
  upk_str change = upk_json_text(t->obs, "change"), value;
  upk_str step = upk_json_text(t->obs, "step");
  upk_str key = upk_str_is(order, "set")
                    ? upk_str_trim(upk_str_split(change, '=', &value))
                    : UPK_STR("hold");
  bool throttle = upk_str_is(key, "throttle");
  bool back = upk_str_is(order, "release") ||
              (throttle && upk_str_is(upk_str_trim(value), "plan"));
  if (!throttle || back)
    drop_changes(f, step, key);
  if (back)
    return;
  *UPK_PUSH(f->arena, &f->changes) = (told_change){
      keep(f, step), keep(f, key), keep(f, upk_json_text(t->obs, "by")),
      keep(f, upk_str_is(order, "set") ? change : order)};
}

static void on_run_note(fold *f, const told *t) {
  upk_str order = upk_json_text(t->obs, "order");
  f->note = keep(f, upk_json_text(t->obs, "text"));
  if (!order.data)
    return;
  if (upk_str_is(order, "set") || upk_str_is(order, "hold") ||
      upk_str_is(order, "release")) {
    on_change(f, t, order);
    return;
  }
  f->order = upk_str_is(order, "continue") ? UPK_NO_STR : keep(f, order);
  f->by = keep(f, upk_json_text(t->obs, "by"));
}

static bool is_over(upk_str state) {
  static const char *const over[] = {"applied", "skipped",   "failed",
                                     "undone",  "cancelled", "in_doubt"};
  for (size_t i = 0; i < sizeof over / sizeof *over; i++)
    if (upk_str_is(state, over[i]))
      return true;
  return false;
}

/* What had not come to an end is no more under way: it may still be done. */
static void on_run_end(fold *f, const told *t) {
  f->ended = true;
  for (size_t i = 0; i < f->steps.len; i++) {
    told_step *s = &f->steps.items[i];
    if (is_over(s->state))
      continue;
    s->state = UPK_STR("ready");
    s->gate = UPK_NO_STR;
    s->elapsed_us = t->at_us - s->began_us;
  }
  f->status = keep(f, upk_json_text(t->det, "status"));
}

static const struct {
  const char *event;
  void (*tell)(fold *f, const told *t);
} run_events[] = {
    {"run.begin", on_run_begin},    {"run.resume", on_run_again},
    {"run.rollback", on_run_again}, {"run.note", on_run_note},
    {"run.end", on_run_end},
};

static void add(fold *f, const journal_record *record) {
  told t = {.det = record->det, .obs = record->obs};
  t.at_us = upk_json_number(record->obs, "wall_us", f->last_us);
  f->last_us = t.at_us;
  for (size_t i = 0; i < sizeof run_events / sizeof *run_events; i++)
    if (upk_str_is(record->event, run_events[i].event))
      run_events[i].tell(f, &t);
  for (size_t i = 0; i < sizeof step_events / sizeof *step_events; i++) {
    if (!upk_str_is(record->event, step_events[i].event))
      continue;
    told_step *s = find_step(f, &t);
    if (!s)
      return;
    if (!step_events[i].waits)
      s->gate = UPK_NO_STR;
    step_events[i].tell(f, s, &t);
  }
}

/* Up to the first damaged line. One without an end is being written, or torn:
 * it says nothing. */
static void add_lines(fold *f, upk_str bytes) {
  const char *end;
  while (bytes.len && (end = memchr(bytes.data, '\n', bytes.len))) {
    upk_str line = {bytes.data, (size_t)(end - bytes.data)};
    journal_record record;
    f->line++;
    upk_arena_reset(f->scratch);
    if (journal_parse(f->scratch, line, &record)) {
      f->damaged = true;
      return;
    }
    add(f, &record);
    bytes.data += line.len + 1;
    bytes.len -= line.len + 1;
  }
}

/* ---- the answer ---- */

static const char *state_of(const fold *f, bool lives) {
  if (f->damaged)
    return "damaged";
  if (!lives)
    return f->ended ? "ended" : "dead";
  if (!f->order.data)
    return "running";
  return upk_str_is(f->order, "pause") ? "paused" : "stopping";
}

static void write_step(const fold *f, const told_step *s, int64_t now_us,
                       upk_json_writer *w) {
  int64_t elapsed_us =
      s->elapsed_us >= 0 ? s->elapsed_us : now_us - s->began_us;
  (void)f;
  upk_json_begin_object(w);
  upk_json_put_int(w, "attempt", s->attempt);
  upk_json_put_int(w, "elapsed_us", elapsed_us > 0 ? elapsed_us : 0);
  if (s->gate.data)
    upk_json_put_string(w, "gate", s->gate);
  upk_json_put_string(w, "state", s->state);
  upk_json_put_string(w, "step", s->id);
  if (s->text.len)
    upk_json_put_string(w, "text", s->text);
  upk_json_end_object(w);
}

static void write_steps(const fold *f, bool lives, const upk_clock *clock,
                        upk_json_writer *w) {
  int64_t now_us = lives ? clock->wall_us(clock->ctx) : f->last_us;
  upk_json_key(w, "steps");
  upk_json_begin_array(w);
  for (size_t i = 0; i < f->steps.len; i++)
    write_step(f, &f->steps.items[i], now_us, w);
  upk_json_end_array(w);
}

static void write_counts(const fold *f, upk_json_writer *w) {
  static const char *const states[] = {"applied",  "cancelled", "failed",
                                       "in_doubt", "skipped",   "under_way",
                                       "undone"};
  enum { STATES = sizeof states / sizeof *states };
  int64_t counts[STATES] = {0};
  for (size_t i = 0; i < f->steps.len; i++) {
    upk_str state = f->steps.items[i].state;
    if (!is_over(state) && !upk_str_is(state, "waiting") &&
        !upk_str_is(state, "ready"))
      state = UPK_STR("under_way");
    for (size_t k = 0; k < STATES; k++)
      counts[k] += upk_str_is(state, states[k]);
  }
  upk_json_key(w, "counts");
  upk_json_begin_object(w);
  for (size_t k = 0; k < STATES; k++)
    upk_json_put_int(w, states[k], counts[k]);
  upk_json_end_object(w);
}

static void write_changes(const fold *f, upk_json_writer *w) {
  if (!f->changes.len || f->ended)
    return;
  upk_json_key(w, "changes");
  upk_json_begin_array(w);
  for (size_t i = 0; i < f->changes.len; i++) {
    const told_change *c = &f->changes.items[i];
    upk_json_begin_object(w);
    upk_json_put_string(w, "by", c->by);
    upk_json_put_string(w, "change", c->text);
    if (c->step.data)
      upk_json_put_string(w, "step", c->step);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void write_run(const fold *f, upk_str name, bool lives, bool steps,
                      const upk_clock *clock, upk_json_writer *w) {
  const char *state = state_of(f, lives);
  upk_json_begin_object(w);
  upk_json_put_int(w, "began_us", f->began_us);
  if (f->order.data)
    upk_json_put_string(w, "by", f->by);
  write_changes(f, w);
  write_counts(f, w);
  if (f->damaged)
    upk_json_put_int(w, "damaged_line", f->line);
  upk_json_put_string(w, "engine", f->engine);
  upk_json_put_string(w, "host", f->host);
  upk_json_put_int(w, "last_us", f->last_us);
  if (f->note.len)
    upk_json_put_string(w, "note", f->note);
  upk_json_put_string(w, "plan", f->plan);
  upk_json_put_int(w, "processes", f->processes);
  upk_json_put_string(w, "run", name);
  upk_json_put_string(w, "state", upk_str_from(state));
  if (f->ended && !lives)
    upk_json_put_string(w, "status", f->status);
  if (steps)
    write_steps(f, lives, clock, w);
  upk_json_put_string(w, "target", f->target);
  upk_json_put_int(w, "total", f->total);
  upk_json_put_string(w, "user", f->user);
  upk_json_end_object(w);
  upk_json_newline(w);
}

static int read_log(const char *path, upk_buf *out) {
  int error = 0, fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ssize_t count;
  if (fd < 0)
    return errno;
  do {
    upk_buf_reserve(out, 1 << 16);
    count = read(fd, out->data + out->len, 1 << 16);
    if (count > 0)
      out->len += (size_t)count;
    else if (count < 0 && errno != EINTR)
      error = errno;
  } while (count && !error);
  close(fd);
  return error;
}

static upk_str last_name(upk_str path) {
  while (path.len && path.data[path.len - 1] == '/')
    path.len--;
  size_t start = path.len;
  while (start && path.data[start - 1] != '/')
    start--;
  return (upk_str){path.data + start, path.len - start};
}

upk_status upk_run_status(upk_str run_folder, bool steps,
                          const upk_clock *clock, upk_diags *diags,
                          upk_sink output) {
  upk_buf bytes = {0};
  upk_str path =
      upk_arena_printf(diags->arena, "%.*s/log.jsonl", UPK_FMT(run_folder));
  /* Before the log: one that ends meanwhile has its seal then. */
  bool lives = control_lives(run_folder);
  int error = read_log(path.data, &bytes);
  if (error) {
    upk_diag *diag =
        upk_diag_add(diags, 3040, UPK_NO_SPAN, "`%s` cannot be read: %s",
                     path.data, strerror(error));
    upk_diag_help(diags, diag, "give the folder of a run");
    upk_buf_free(&bytes);
    return UPK_ERROR;
  }
  fold f = {.arena = upk_arena_new(NULL), .scratch = upk_arena_new(NULL)};
  upk_map_init(&f.numbers, f.arena);
  if (bytes.len)
    add_lines(&f, upk_buf_view(&bytes));
  upk_json_writer *w = upk_json_writer_new(output);
  write_run(&f, last_name(run_folder), lives, steps, clock, w);
  upk_json_writer_close(w);
  upk_buf_free(&bytes);
  upk_arena_free(f.scratch);
  upk_arena_free(f.arena);
  return UPK_OK;
}
