/* How far statements are: the watcher asks the server once a second, and the
 * log is told when a phase begins and every few seconds of it. */
#include "machine/private.h"

enum { ASK_US = 1000 * 1000, TELL_US = 5 * 1000 * 1000, PERCENT = 100 };

typedef struct report {
  int64_t session, done, total; /* total 0: not known */
  upk_str phase, unit;
} report;

bool progress_due(const machine *m) {
  return m->plan->progress_sql.data && m->active &&
         m->mono_us - m->watch.progress_us >= ASK_US;
}

void progress_ask(machine *m, machine_command *command) {
  m->watch.progress_us = m->mono_us;
  command->sql = m->plan->progress_sql;
  command->params = guard_sessions(m);
  command->param_count = 1;
}

static report read_row(const machine_rows *rows, size_t row) {
  report r = {.session = -1};
  const struct {
    const char *name;
    int64_t *integer;
    upk_str *text;
  } columns[] = {
      {"pid", &r.session, NULL}, {"done", &r.done, NULL},
      {"total", &r.total, NULL}, {"phase", NULL, &r.phase},
      {"unit", NULL, &r.unit},
  };
  for (size_t i = 0; i < rows->column_count; i++)
    for (size_t j = 0; j < sizeof columns / sizeof *columns; j++) {
      const plan_value *value = &rows->values[row * rows->column_count + i];
      if (!upk_str_is(rows->columns[i], columns[j].name))
        continue;
      if (columns[j].integer && value->type == PLAN_INT)
        *columns[j].integer = value->integer;
      else if (columns[j].text && value->type == PLAN_TEXT)
        *columns[j].text = value->text;
    }
  return r;
}

/* "scanning heap: 120 of 900 blocks (13%)" */
static upk_str words_of(machine *m, const report *r) {
  if (r->total <= 0)
    return command_text(m, "%.*s", UPK_FMT(r->phase));
  int64_t done = r->done > r->total ? r->total : r->done;
  int64_t percent = r->total / PERCENT ? done / (r->total / PERCENT)
                                       : done * PERCENT / r->total;
  return command_text(m, "%.*s: %lld of %lld %.*s (%lld%%)", UPK_FMT(r->phase),
                      (long long)r->done, (long long)r->total,
                      UPK_FMT(r->unit.data ? r->unit : UPK_STR("parts")),
                      (long long)(percent > PERCENT ? PERCENT : percent));
}

static void tell(machine *m, step *s, const report *r) {
  bool other = !upk_str_equal(r->phase, s->watched.phase);
  record log;
  if (!other && m->mono_us - s->watched.told_us < TELL_US)
    return;
  s->watched.told_us = m->mono_us;
  if (other)
    s->watched.phase = upk_arena_copy(s->arena, r->phase);
  record_init(&log, m, s, "step.progress", false);
  upk_json_put_int(log.obs_writer, "done", r->done);
  upk_json_put_string(log.obs_writer, "phase", r->phase);
  record_end(&log, false, words_of(m, r));
}

void progress_take(machine *m) {
  const machine_rows *rows = &m->event->rows;
  for (size_t row = 0; row < rows->count; row++) {
    report r = read_row(rows, row);
    for (unsigned i = 0; i < m->config.jobs && r.phase.data; i++) {
      const session *se = &m->sessions[i];
      if (se->step != NO_STEP && se->state == SESSION_BUSY &&
          m->steps[se->step].state == MACHINE_RUNNING &&
          guard_session_number(se) == r.session)
        tell(m, &m->steps[se->step], &r);
    }
  }
}
