/* upkeep apply: executes a saved plan, and only that. */
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "plan_view.h"
#include "timefmt.h"

typedef struct progress {
  cli *c;
  plan_view view;
  bool live;                        /* a terminal: one line is rewritten */
  const upk_json **before, **after; /* of each step, as logged; or NULL */
  size_t on_line;                   /* visible characters of the live line */
} progress;

static void clear_line(progress *p) {
  if (p->on_line)
    fputs("\r\033[K", stderr);
  p->on_line = 0;
}

static void step_name(progress *p, upk_str id, upk_buf *out) {
  size_t number = plan_view_number(&p->view, id);
  if (!number) {
    upk_buf_str(out, id);
    return;
  }
  const upk_json *step = upk_json_at(p->view.steps, number - 1);
  upk_buf_printf(out, "%zu/%zu  %.*s  ", number, upk_json_count(p->view.steps),
                 UPK_FMT(upk_json_text(step, "action")));
  object_display(upk_json_get(upk_json_get(step, "object"), "name"), out);
}

static int64_t estimate_ms(progress *p, upk_str id) {
  size_t number = plan_view_number(&p->view, id);
  return number ? upk_json_number(
                      upk_json_get(upk_json_at(p->view.steps, number - 1),
                                   "estimate"),
                      "p50_ms", 0)
                : 0;
}

/* "3/12  rebuild_index  public.x   40 s of ~18 min  waiting for a lock" */
static void live_line(progress *p, const upk_event *event) {
  upk_buf line = {0};
  step_name(p, event->step, &line);
  if (event->elapsed_us >= 1000000) {
    upk_buf_str(&line, UPK_STR("  "));
    upk_duration_human(event->elapsed_us, &line);
    upk_buf_str(&line, UPK_STR(" of ~"));
    upk_duration_human(estimate_ms(p, event->step) * 1000, &line);
  }
  if (event->text.len)
    upk_buf_printf(&line, "  %.*s", UPK_FMT(event->text));
  if (line.len > 110)
    line.len = 110;
  clear_line(p);
  fwrite(line.data, 1, line.len, stderr);
  fflush(stderr);
  p->on_line = line.len;
  upk_buf_free(&line);
}

/* Keeps what the checks of a step saw, for the line that tells its effect. */
static void keep_seen(progress *p, const upk_event *event) {
  size_t number = plan_view_number(&p->view, event->step);
  upk_json_error error;
  if (!number || !event->json.len)
    return;
  upk_str line = upk_arena_printf(p->c->arena, "%.*s\n",
                                  UPK_FMT(upk_str_trim(event->json)));
  const upk_json *obs =
      upk_json_get(upk_json_parse(p->c->arena, line, &error), "obs");
  const upk_json *before = upk_json_get(obs, "before");
  const upk_json *after = upk_json_get(obs, "after");
  if (before->type == UPK_JSON_OBJECT)
    p->before[number - 1] = before;
  if (after->type == UPK_JSON_OBJECT)
    p->after[number - 1] = after;
}

static void add_effect(progress *p, upk_str id, upk_buf *line) {
  size_t number = plan_view_number(&p->view, id);
  size_t start = line->len;
  if (!number || !p->before[number - 1] || !p->after[number - 1])
    return;
  upk_buf_str(line, UPK_STR(": "));
  effect_text(upk_json_at(p->view.steps, number - 1), p->before[number - 1],
              p->after[number - 1], line);
  if (line->len == start + 2)
    line->len = start;
}

/* How a step ended; the record has it. A step may end twice: applied, and
 * undone later with its policy. */
static const char *outcome_word(progress *p, const upk_event *event) {
  upk_json_error error;
  upk_str record = upk_arena_printf(p->c->arena, "%.*s\n",
                                    UPK_FMT(upk_str_trim(event->json)));
  const upk_json *tree = upk_json_parse(p->c->arena, record, &error);
  upk_str outcome = upk_json_text(upk_json_get(tree, "det"), "outcome");
  if (outcome.data && !upk_str_is(outcome, "applied"))
    return upk_arena_copy(p->c->arena, outcome).data;
  return event->text.len ? "" : "applied";
}

static void event_line(progress *p, const upk_event *event, const char *word) {
  upk_buf line = {0};
  step_name(p, event->step, &line);
  upk_buf_printf(&line, "  %s", word);
  if (event->text.len)
    upk_buf_printf(&line, "%s%.*s", *word ? ": " : "", UPK_FMT(event->text));
  else if (strcmp(word, "applied") == 0)
    add_effect(p, event->step, &line);
  upk_buf_str(&line, UPK_STR("  ("));
  upk_duration_human(event->elapsed_us, &line);
  upk_buf_str(&line, UPK_STR(")"));
  clear_line(p);
  fprintf(stderr, "%.*s\n", UPK_FMT(upk_buf_view(&line)));
  upk_buf_free(&line);
}

static void on_event(void *ctx, const upk_event *event) {
  progress *p = ctx;
  if (flag_given(p->c, FLAG_json)) {
    if (event->json.len) {
      fwrite(event->json.data, 1, event->json.len, stdout);
      if (event->json.data[event->json.len - 1] != '\n')
        fputc('\n', stdout);
      fflush(stdout);
    }
    return;
  }
  if (flag_given(p->c, FLAG_quiet))
    return;
  if (strcmp(event->name, "step.begin") == 0 ||
      strcmp(event->name, "step.check") == 0)
    keep_seen(p, event);
  if (strcmp(event->name, "step.end") == 0)
    event_line(p, event, outcome_word(p, event));
  else if (strcmp(event->name, "step.skip") == 0)
    event_line(p, event, "skipped");
  else if (strcmp(event->name, "step.retry") == 0)
    event_line(p, event, "again");
  else if (strcmp(event->name, "run.note") == 0 && event->text.len) {
    clear_line(p);
    fprintf(stderr, "%.*s\n", UPK_FMT(event->text));
  } else if (p->live && event->step.len)
    live_line(p, event);
}

static void outcome_text(cli *c, const upk_outcome *o, bool dry) {
  if (!o->run.data && !dry)
    return;
  static const char *const names[] = {"applied", "skipped",   "failed",
                                      "undone",  "cancelled", "in doubt"};
  const size_t counts[] = {o->applied, o->skipped,   o->failed,
                           o->undone,  o->cancelled, o->in_doubt};
  size_t other = 0;
  if (dry)
    say(c, "dry run: nothing was changed; %zu would be executed, ",
        o->total - o->skipped - o->failed);
  else
    say(c, "Run %.*s: ", UPK_FMT(o->run));
  for (size_t i = 0; i < 6; i++)
    if (counts[i] || (i < 2 && !(dry && i == 0)))
      say(c, "%s%zu %s", other++ ? ", " : "", counts[i], names[i]);
  say(c, " of %zu step%s\n", o->total, o->total == 1 ? "" : "s");
  if (!dry)
    say(c, "Log:  upkeep log show %.*s\n", UPK_FMT(o->run));
}

static void who(upk_apply_request *request, char host[256]) {
  const struct passwd *user = getpwuid(geteuid());
  request->user = upk_str_from(user ? user->pw_name : "unknown");
  if (gethostname(host, 255) != 0)
    memcpy(host, "unknown", 8);
  host[255] = '\0';
  request->host = upk_str_from(host);
}

static bool read_jobs(cli *c, unsigned *ret_jobs) {
  *ret_jobs = 0;
  if (!flag_given(c, FLAG_jobs))
    return true;
  char *end;
  long jobs = strtol(c->flags[FLAG_jobs], &end, 10);
  if (*end || jobs < 1 || jobs > 64) {
    upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                 "--jobs takes a number from 1 to 64");
    return false;
  }
  *ret_jobs = (unsigned)jobs;
  return true;
}

static upk_status apply(cli *c, const project *p, const upk_json *plan,
                        upk_str bytes) {
  char host[256] = "";
  progress shown = {.c = c, .live = c->terminal_err};
  plan_view_init(&shown.view, c->arena, plan);
  size_t steps = upk_json_count(shown.view.steps) + 1;
  shown.before = UPK_NEW_ARRAY(c->arena, const upk_json *, steps);
  shown.after = UPK_NEW_ARRAY(c->arena, const upk_json *, steps);
  upk_apply_request request = {
      .plan = bytes,
      .plan_path = upk_str_from(c->arguments[0]),
      .runs_folder =
          upk_arena_printf(c->arena, "%.*s/.upkeep/runs", UPK_FMT(p->folder)),
      .dry_run = flag_given(c, FLAG_dry_run),
      .on_event = on_event,
      .ctx = &shown,
      .stop = signals_watch(),
  };
  who(&request, host);
  if (!read_jobs(c, &request.jobs) ||
      !flag_duration_ms(c, FLAG_connect_timeout, UPK_CONNECT_MS,
                        &request.connect_timeout_ms))
    return UPK_USAGE;
  upk_status status = project_target(
      c, p, upk_json_text(shown.view.target, "name"), &request.target);
  if (status != UPK_OK)
    return status;
  upk_clock clock = system_clock();
  upk_outcome outcome = {0};
  status = upk_apply(&request, &clock, &c->diags, &outcome);
  clear_line(&shown);
  outcome_text(c, &outcome, request.dry_run);
  return status;
}

static upk_status run(cli *c) {
  project p;
  upk_buf bytes = {0};
  const upk_json *plan;
  upk_status status =
      plan_load(c, upk_str_from(c->arguments[0]), &bytes, &plan);
  if (status == UPK_OK)
    status = project_load(c, &p);
  if (status == UPK_OK)
    status = apply(c, &p, plan, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return status;
}

const verb verb_apply = {
    .name = "apply",
    .arguments = "PLAN",
    .summary = "execute a saved plan",
    .detail = "Never plans by itself. Each step is checked on fresh facts, "
              "run, validated and logged;\none that is already fine is "
              "skipped. The first SIGINT or SIGTERM finishes cleanly, the\n"
              "second cancels at once.",
    .flags = FLAG_BIT(jobs) | FLAG_BIT(dry_run) | FLAG_BIT(connect_timeout),
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
