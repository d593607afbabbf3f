/* upkeep status: what runs do now; by their logs, from any terminal. */
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "runs.h"
#include "timefmt.h"

enum { RUNS_MAX = 20, WATCH_MS = 1000 };

typedef struct report {
  cli *c;
  upk_str folder;
  UPK_VEC(const upk_json *) runs; /* newest first */
  upk_state *state;               /* of the default place, if it is there */
  upk_diags unsaid; /* of the store: what it cannot tell, the logs can */
  upk_buf out;
} report;

/* ---- reading ---- */

static const upk_json *parsed(report *r, const upk_buf *bytes) {
  upk_json_error error;
  return upk_json_parse(
      r->c->arena, upk_arena_copy(r->c->arena, upk_buf_view(bytes)), &error);
}

/* `ret_bytes` (may be NULL) gets what was told too. */
static upk_status add_run(report *r, upk_str folder, bool steps,
                          upk_buf *ret_bytes) {
  upk_buf own = {0}, *bytes = ret_bytes ? ret_bytes : &own;
  upk_clock clock = system_clock();
  upk_status status =
      upk_run_status(folder, steps, &clock, &r->c->diags, upk_sink_buf(bytes));
  if (status == UPK_OK)
    *UPK_PUSH(r->c->arena, &r->runs) = parsed(r, bytes);
  upk_buf_free(&own);
  return status;
}

/* Of a run that ended long ago the log need not be read again: the state store
 * keeps what was told of it, as long as the log is the same. */
static upk_status add_brief(report *r, upk_str folder) {
  upk_buf bytes = {0};
  bool known = upk_state_status(r->state, folder, &bytes, &r->unsaid);
  upk_status status = UPK_OK;
  if (!known)
    status = add_run(r, folder, false, &bytes);
  else
    *UPK_PUSH(r->c->arena, &r->runs) = parsed(r, &bytes);
  const upk_json *run =
      status == UPK_OK ? r->runs.items[r->runs.len - 1] : NULL;
  if (run && !known && upk_str_is(upk_json_text(run, "state"), "ended")) {
    upk_state_keep_status(r->state, folder, upk_buf_view(&bytes), &r->unsaid);
  } else if (run && !known) { /* its steps are of interest */
    r->runs.len--;
    status = add_run(r, folder, true, NULL);
  }
  upk_buf_free(&bytes);
  return status;
}

/* Steps of runs that have ended are told only in full. */
static bool is_brief(const report *r) {
  return r->state && !format_is(r->c, "json", "text") &&
         !flag_given(r->c, FLAG_verbose);
}

/* One that cannot be read is said, and does not hide the others. */
static upk_status add_all(report *r) {
  run_vec names = {0};
  upk_status status = UPK_OK;
  runs_list(r->c, r->folder, &names);
  size_t most = flag_given(r->c, FLAG_all) ? names.len : RUNS_MAX;
  for (size_t i = names.len; i-- && names.len - i <= most;) {
    upk_str folder = upk_arena_printf(
        r->c->arena, "%.*s/%.*s", UPK_FMT(r->folder), UPK_FMT(names.items[i]));
    if ((is_brief(r) ? add_brief(r, folder) : add_run(r, folder, true, NULL)) !=
        UPK_OK)
      status = UPK_ERROR;
  }
  return status;
}

/* ---- text ---- */

static bool is_alive(const upk_json *run) {
  upk_str state = upk_json_text(run, "state");
  return upk_str_is(state, "running") || upk_str_is(state, "paused") ||
         upk_str_is(state, "stopping");
}

static bool is_over(const upk_json *step) {
  upk_str state = upk_json_text(step, "state");
  return upk_str_is(state, "applied") || upk_str_is(state, "skipped") ||
         upk_str_is(state, "undone");
}

static void step_text(report *r, const upk_json *step) {
  int64_t attempt = upk_json_number(step, "attempt", 0);
  upk_str gate = upk_json_text(step, "gate");
  upk_str text = upk_json_text(step, "text");
  upk_buf_printf(&r->out, "  %-10.*s %.*s  ",
                 UPK_FMT(upk_json_text(step, "state")),
                 UPK_FMT(upk_json_text(step, "step")));
  upk_duration_human(upk_json_number(step, "elapsed_us", 0), &r->out);
  if (attempt > 1)
    upk_buf_printf(&r->out, "  attempt %" PRId64, attempt);
  if (gate.data)
    upk_buf_printf(&r->out, "  for %.*s", UPK_FMT(gate));
  if (text.len)
    upk_buf_printf(&r->out, "  %.*s", UPK_FMT(text));
  upk_buf_char(&r->out, '\n');
}

static void counts_text(report *r, const upk_json *run) {
  static const struct {
    const char *key, *words;
  } rows[] = {{"applied", "applied"},     {"skipped", "skipped"},
              {"failed", "failed"},       {"undone", "undone"},
              {"cancelled", "cancelled"}, {"in_doubt", "in doubt"},
              {"under_way", "under way"}};
  const upk_json *counts = upk_json_get(run, "counts");
  int64_t total = upk_json_number(run, "total", 0);
  size_t said = 0;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t count = upk_json_number(counts, rows[i].key, 0);
    if (count)
      upk_buf_printf(&r->out, "%s%" PRId64 " %s", said++ ? ", " : "", count,
                     rows[i].words);
  }
  upk_buf_printf(&r->out, "%sof %" PRId64 " step%s", said ? " " : "none ",
                 total, total == 1 ? "" : "s");
}

/* What its state means, and what one does about it. */
static void state_text(report *r, const upk_json *run) {
  upk_str state = upk_json_text(run, "state");
  upk_str name = upk_json_text(run, "run");
  if (upk_json_text(run, "by").len && !upk_str_is(state, "ended"))
    upk_buf_printf(&r->out, " by %.*s", UPK_FMT(upk_json_text(run, "by")));
  if (upk_str_is(state, "ended"))
    upk_buf_printf(&r->out, ": %.*s", UPK_FMT(upk_json_text(run, "status")));
  else if (upk_str_is(state, "dead"))
    upk_buf_printf(&r->out,
                   ": its process is gone; `upkeep resume %.*s` goes on",
                   UPK_FMT(name));
  else if (upk_str_is(state, "damaged"))
    upk_buf_printf(&r->out,
                   ": record %" PRId64 "; see `upkeep log verify %.*s`",
                   upk_json_number(run, "damaged_line", 0), UPK_FMT(name));
}

/* What operators changed, and is in force. */
static void changes_text(report *r, const upk_json *run) {
  const upk_json *changes = upk_json_get(run, "changes");
  for (size_t i = 0; i < upk_json_count(changes); i++) {
    const upk_json *change = upk_json_at(changes, i);
    upk_str step = upk_json_text(change, "step");
    upk_buf_printf(&r->out, "  set: %.*s",
                   UPK_FMT(upk_json_text(change, "change")));
    if (step.data)
      upk_buf_printf(&r->out, " for %.*s", UPK_FMT(step));
    upk_buf_printf(&r->out, ", says %.*s\n",
                   UPK_FMT(upk_json_text(change, "by")));
  }
}

static void run_text(report *r, const upk_json *run, bool detail) {
  const upk_json *steps = upk_json_get(run, "steps");
  upk_buf_printf(&r->out, "%.*s  %.*s  %.*s",
                 UPK_FMT(upk_json_text(run, "run")),
                 UPK_FMT(upk_json_text(run, "target")),
                 UPK_FMT(upk_json_text(run, "state")));
  state_text(r, run);
  upk_buf_str(&r->out, UPK_STR("\n  "));
  counts_text(r, run);
  upk_buf_str(&r->out, UPK_STR("; began "));
  upk_timestamp_format(upk_json_number(run, "began_us", 0), &r->out);
  upk_buf_printf(&r->out, " by %.*s@%.*s", UPK_FMT(upk_json_text(run, "user")),
                 UPK_FMT(upk_json_text(run, "host")));
  if (upk_json_number(run, "processes", 1) > 1)
    upk_buf_printf(&r->out, ", in %" PRId64 " processes",
                   upk_json_number(run, "processes", 1));
  upk_buf_char(&r->out, '\n');
  changes_text(r, run);
  for (size_t i = 0; detail && i < upk_json_count(steps); i++)
    if (flag_given(r->c, FLAG_verbose) || !is_over(upk_json_at(steps, i)))
      step_text(r, upk_json_at(steps, i));
}

static void json_text(report *r) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&r->out));
  upk_json_begin_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.status/1"));
  upk_json_key(w, "runs");
  upk_json_begin_array(w);
  for (size_t i = 0; i < r->runs.len; i++)
    upk_json_write(w, r->runs.items[i]);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

static void show(report *r, bool one) {
  bool json = format_is(r->c, "json", "text");
  upk_buf_clear(&r->out);
  if (json)
    json_text(r);
  for (size_t i = 0; !json && i < r->runs.len; i++)
    run_text(r, r->runs.items[i],
             one || is_alive(r->runs.items[i]) ||
                 flag_given(r->c, FLAG_verbose));
  if (!r->runs.len && !json)
    say(r->c, "there is no run yet\n");
  (json ? print_bytes : print_text)(r->c, upk_buf_view(&r->out));
  fflush(stdout);
}

/* Again each second, until none of them lives or a signal comes. */
static upk_status watch(report *r, upk_str folder) {
  const volatile int *stop = signals_watch();
  for (;;) {
    bool alive = false;
    r->runs.len = 0;
    upk_status status =
        folder.data ? add_run(r, folder, true, NULL) : add_all(r);
    if (status != UPK_OK)
      return status;
    if (r->c->color_out)
      fputs("\033[H\033[J", stdout);
    show(r, folder.data != NULL);
    for (size_t i = 0; i < r->runs.len; i++)
      alive = alive || is_alive(r->runs.items[i]);
    if (!alive || *stop)
      return UPK_OK;
    poll(NULL, 0, WATCH_MS);
  }
}

/* A project file that is wrong must not hide what runs do, so it is not read:
 * the store is looked for where it stands by default. */
static void open_store(report *r, const project *p) {
  upk_diags said = r->c->diags;
  upk_diags_init(&r->unsaid, r->c->arena);
  r->c->diags = r->unsaid;
  r->state = project_state(r->c, p, false);
  r->c->diags = said;
}

static upk_status run(cli *c) {
  project p;
  upk_str folder = UPK_NO_STR;
  upk_status status = project_find(c, &p);
  if (status != UPK_OK)
    return status;
  report r = {.c = c, .folder = runs_folder(c, &p)};
  open_store(&r, &p);
  if (c->argument_count)
    status =
        runs_find(c, r.folder, upk_str_from(c->arguments[0]), &folder, NULL);
  if (status == UPK_OK && flag_given(c, FLAG_watch))
    status = watch(&r, folder);
  else if (status == UPK_OK) {
    status = folder.data ? add_run(&r, folder, true, NULL) : add_all(&r);
    show(&r, folder.data != NULL);
  }
  upk_buf_free(&r.out);
  return status;
}

const verb verb_status = {
    .name = "status",
    .arguments = "[RUN]",
    .summary = "what a run does now, or each of the last runs",
    .detail =
        "RUN is a run's name, the start of it, or `last`; without one the "
        "last 20 runs are told,\nnewest first, and --all tells every one. "
        "A run is running, paused, stopping, ended, or dead:\nits process "
        "is gone, and `upkeep resume` takes it up. Steps that are over "
        "are shown by --verbose.",
    .formats = "text,json",
    .flags = FLAG_BIT(format) | FLAG_BIT(all) | FLAG_BIT(watch),
    .max_arguments = 1,
    .run = run,
};
