/* The guard: whom our sessions keep waiting, and what follows.
 *
 * Somebody waits longer than the step's blocking_ms, or the step waits longer
 * than its readers_ms for others' old transactions: the statement is broken
 * off, by the watcher first and a second later by the driver; what is left of
 * it is cleaned up as after any failure (fail.c), and the step goes back to
 * pending, to be tried again after a while. Such attempts do not count as
 * retries; they end with the step's max_ms, or after GIVE_UP_US. An undo is
 * never broken off: that would leave nobody knowing what holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/private.h"

enum {
  SECOND_US = 1000 * 1000,
  AGAIN_FIRST_US = 1000 * 1000,
  AGAIN_MAX_US = 60 * 1000 * 1000,
};
#define GIVE_UP_US (INT64_C(3600) * SECOND_US)

static const struct {
  int code;
  bool again;
} cuts[] = {
#define X(name, code, again) {code, again},
    CUT_TABLE(X)
#undef X
};

/* The server's number of a session: "pid 4711". -1 when it has none. */
int64_t guard_session_number(const session *se) {
  size_t at = se->name.len;
  int64_t number = 0;
  while (at && se->name.data[at - 1] >= '0' && se->name.data[at - 1] <= '9')
    at--;
  if (at == se->name.len || se->name.len - at > 18)
    return -1;
  for (; at < se->name.len; at++)
    number = number * 10 + (se->name.data[at] - '0');
  return number;
}

static step *step_of(machine *m, unsigned i) {
  int number = m->sessions[i].step;
  return number == NO_STEP ? NULL : &m->steps[number];
}

/* ---- questions ---- */

plan_value *guard_sessions(machine *m) {
  plan_value *param = UPK_NEW(m->out, plan_value);
  upk_buf text = {0};
  upk_buf_char(&text, '{');
  for (unsigned i = 0; i < m->config.jobs; i++) {
    int64_t number = guard_session_number(&m->sessions[i]);
    if (number >= 0 && m->sessions[i].state == SESSION_BUSY)
      upk_buf_printf(&text, "%s%lld", text.len > 1 ? "," : "",
                     (long long)number);
  }
  upk_buf_char(&text, '}');
  *param =
      (plan_value){PLAN_TEXT, 0, upk_arena_copy(m->out, upk_buf_view(&text))};
  upk_buf_free(&text);
  return param;
}

void guard_ask(machine *m, machine_command *command) {
  command->sql = m->plan->guard_sql;
  command->params = guard_sessions(m);
  command->param_count = 1;
}

bool guard_wants_cancel(machine *m, unsigned i) {
  const step *s = step_of(m, i);
  return s && s->watched.cancel_wanted;
}

void guard_ask_cancel(machine *m, unsigned i, machine_command *command) {
  step *s = step_of(m, i);
  plan_value *params = UPK_NEW_ARRAY(m->out, plan_value, 2);
  params[0] =
      (plan_value){PLAN_INT, guard_session_number(&m->sessions[i]), UPK_NO_STR};
  params[1] = (plan_value){PLAN_INT, s->watched.cancel_statement, UPK_NO_STR};
  s->watched.cancel_wanted = false;
  command->sql = m->plan->guard_cancel_sql;
  command->params = params;
  command->param_count = 2;
}

/* ---- breaking off ---- */

/* Whether what the step does now can be broken off: a statement, or checks
 * while a transaction holds locks. */
static bool can_cut(const step *s) {
  bool works = s->state == MACHINE_RUNNING || s->state == MACHINE_VALIDATING;
  bool over = s->phase == PHASE_COMMIT || s->phase == PHASE_OUTCOME ||
              s->phase == PHASE_INTENT;
  return !s->undoing && ((works && !over) || s->phase == PHASE_CLEANUP);
}

static void record_cut(machine *m, step *s, int64_t blocked,
                       int64_t longest_ms) {
  record r;
  record_init(&r, m, s, "step.guard", false);
  upk_json_put_int(r.obs_writer, "blocked", blocked);
  upk_json_put_bool(r.obs_writer, "cancelled", true);
  upk_json_put_int(r.obs_writer, "longest_ms", longest_ms);
  record_end(&r, false, s->watched.cut_text);
}

/* A check that sleeps between two looks has nothing to cancel. */
static void stop_polling(machine *m, step *s) {
  m->sessions[s->session].awaiting = 0;
  s->polling = false;
  fail_step(m, s, 3136, s->watched.cut_text);
}

void guard_cut(machine *m, unsigned i, cut_reason why, int64_t statement,
               upk_str text) {
  step *s = step_of(m, i);
  watched *w = &s->watched;
  bool first = w->cut == CUT_NONE;
  if (first) {
    w->cut = why;
    w->cut_text = upk_arena_copy(s->arena, text);
  }
  if (s->polling) {
    stop_polling(m, s);
    return;
  }
  bool same = !first && w->cancel_statement == statement;
  if (statement >= 0 && watch_here(m) && !same) {
    w->cancel_statement = statement;
    w->cancel_wanted = true;
    w->cancelled_us = m->mono_us;
  } else if (statement < 0 || m->mono_us - w->cancelled_us >= SECOND_US) {
    w->cancelled_us = m->mono_us;
    command_add(m, MACHINE_CANCEL)->session = i;
  }
}

void guard_blind(machine *m) {
  for (unsigned i = 0; i < m->config.jobs; i++) {
    step *s = step_of(m, i);
    if (!s || !m->plan->guard_sql.data || !s->plan->blocking_ms ||
        s->plan->watch_ms >= SECOND_US / 1000 || !can_cut(s) ||
        m->sessions[i].state != SESSION_BUSY)
      continue;
    if (s->watched.cut == CUT_NONE)
      machine_report(m, 3240,
                     command_text(m,
                                  "step `%.*s` is broken off: nobody can see "
                                  "whom it blocks",
                                  UPK_FMT(s->plan->id)),
                     NULL);
    guard_cut(m, i, CUT_BLIND, -1,
              UPK_STR("nobody can see whom it keeps waiting"));
  }
}

void guard_no_room(machine *m, unsigned i, upk_str text) {
  step *s = step_of(m, i);
  if (s && can_cut(s) && m->sessions[i].state == SESSION_BUSY)
    guard_cut(m, i, CUT_ROOM, -1, text);
}

/* ---- answers ---- */

typedef struct sighting {
  int64_t session, blocked, total_ms, longest_ms, statement, waits_ms;
  upk_str who, waits_for, holder;
} sighting;

static int64_t integer_of(const plan_value *value) {
  return value->type == PLAN_INT ? value->integer : 0;
}

static upk_str text_of(const plan_value *value) {
  return value->type == PLAN_TEXT ? value->text : UPK_NO_STR;
}

static sighting read_row(const machine_rows *rows, size_t row) {
  sighting seen = {0};
  const struct {
    const char *name;
    int64_t *integer;
    upk_str *text;
  } columns[] = {
      {"session", &seen.session, NULL},
      {"blocked", &seen.blocked, NULL},
      {"total_ms", &seen.total_ms, NULL},
      {"longest_ms", &seen.longest_ms, NULL},
      {"statement", &seen.statement, NULL},
      {"waits_ms", &seen.waits_ms, NULL},
      {"who", NULL, &seen.who},
      {"waits_for", NULL, &seen.waits_for},
      {"holder", NULL, &seen.holder},
  };
  for (size_t i = 0; i < rows->column_count; i++)
    for (size_t j = 0; j < sizeof columns / sizeof *columns; j++) {
      const plan_value *value = &rows->values[row * rows->column_count + i];
      if (!upk_str_is(rows->columns[i], columns[j].name))
        continue;
      if (columns[j].integer)
        *columns[j].integer = integer_of(value);
      else
        *columns[j].text = text_of(value);
    }
  return seen;
}

static const sighting *sighting_of(const sighting *all, size_t count,
                                   int64_t session) {
  for (size_t i = 0; i < count; i++)
    if (all[i].session == session)
      return &all[i];
  return NULL;
}

/* Waits of others since the guard last looked: none of them can be longer than
 * that, nor all together than what they waited. */
static void account(machine *m, step *s, const sighting *seen,
                    int64_t since_us) {
  int64_t us = seen->blocked * since_us;
  if (us > seen->total_ms * 1000)
    us = seen->total_ms * 1000;
  s->watched.blocked_us += us;
  m->watch.blocked_us += us;
}

static void look_at_blocked(machine *m, unsigned i, step *s,
                            const sighting *seen) {
  if (!s->plan->blocking_ms || seen->longest_ms <= s->plan->blocking_ms ||
      !can_cut(s))
    return;
  upk_str text = command_text(
      m, "it kept %lld session%s waiting, the longest for %lld ms: %.*s",
      (long long)seen->blocked, seen->blocked == 1 ? "" : "s",
      (long long)seen->longest_ms,
      UPK_FMT(seen->who.data ? seen->who : UPK_STR("unknown")));
  bool first = s->watched.cut == CUT_NONE;
  guard_cut(m, i, CUT_GUARD, seen->statement, text);
  if (first && s->watched.cut == CUT_GUARD)
    record_cut(m, s, seen->blocked, seen->longest_ms);
}

static void look_at_readers(machine *m, unsigned i, step *s,
                            const sighting *seen) {
  watched *w = &s->watched;
  if (!upk_str_is(seen->waits_for, "readers")) {
    w->readers_since_us = 0;
    return;
  }
  if (!w->readers_since_us)
    w->readers_since_us = m->mono_us - seen->waits_ms * 1000;
  int64_t ms = (m->mono_us - w->readers_since_us) / 1000;
  if (!s->plan->readers_ms || ms <= s->plan->readers_ms || !can_cut(s))
    return;
  bool first = w->cut == CUT_NONE;
  guard_cut(m, i, CUT_READERS, seen->statement,
            command_text(m,
                         "it waited %lld s for old transactions, now for %.*s",
                         (long long)ms / 1000,
                         UPK_FMT(seen->holder.data ? seen->holder
                                                   : UPK_STR("nobody known"))));
  if (first && w->cut == CUT_READERS)
    record_cut(m, s, seen->blocked, seen->longest_ms);
}

/* For whom it waits, in room of its own: it is told anew at each look. */
static void keep_holder(step *s, upk_str holder) {
  enum { ROOM = 160 };
  watched *w = &s->watched;
  size_t len = holder.len < ROOM ? holder.len : ROOM;
  char *room = w->holder.data ? (char *)(uintptr_t)w->holder.data
                              : UPK_NEW_ARRAY(s->arena, char, ROOM);
  memcpy(room, holder.data, len);
  w->holder = (upk_str){room, len};
}

void guard_take(machine *m) {
  const machine_rows *rows = &m->event->rows;
  int64_t since_us = m->mono_us - m->watch.last_us;
  sighting *all = UPK_NEW_ARRAY(m->out, sighting, rows->count + 1);
  m->watch.last_us = m->mono_us;
  for (size_t i = 0; i < rows->count; i++)
    all[i] = read_row(rows, i);
  for (unsigned i = 0; i < m->config.jobs; i++) {
    step *s = step_of(m, i);
    if (!s || m->sessions[i].state != SESSION_BUSY)
      continue;
    const sighting *seen =
        sighting_of(all, rows->count, guard_session_number(&m->sessions[i]));
    if (!seen) {
      s->watched.readers_since_us = 0;
      continue;
    }
    account(m, s, seen, since_us);
    if (seen->holder.len && upk_str_is(seen->waits_for, "lock"))
      keep_holder(s, seen->holder);
    look_at_readers(m, i, s, seen);
    look_at_blocked(m, i, s, seen);
  }
}

/* ---- after it ---- */

bool guard_was_cut(const machine *m, const step *s) {
  return s->watched.cut != CUT_NONE && m->event->kind == MACHINE_REPLY &&
         m->event->fault.kind == MACHINE_BROKEN_OFF;
}

/* The driver's word for it. */
static bool lock_timed_out(const machine *m, const step *s) {
  return m->event->kind == MACHINE_REPLY && s->fault == MACHINE_TRANSIENT &&
         upk_str_is(m->event->fault.class, "lock timeout");
}

void guard_explain(machine *m, step *s) {
  if (lock_timed_out(m, s) && s->watched.holder.len)
    s->why.text =
        upk_arena_printf(s->arena, "%.*s; held by %.*s", UPK_FMT(s->why.text),
                         UPK_FMT(s->watched.holder));
  if (s->watched.cut == CUT_NONE || s->fault != MACHINE_BROKEN_OFF)
    return;
  s->why.code = cuts[s->watched.cut].code;
  s->why.text = upk_arena_printf(s->arena, "it was cancelled: %.*s",
                                 UPK_FMT(s->watched.cut_text));
}

int64_t guard_delay_us(machine *m, const step *s) {
  int64_t us = AGAIN_FIRST_US;
  for (unsigned i = 0; i < s->watched.cuts && us < AGAIN_MAX_US; i++)
    us *= 2;
  return machine_jitter(m, us < AGAIN_MAX_US ? us : AGAIN_MAX_US);
}

bool guard_time_left(const machine *m, const step *s, int64_t delay_us) {
  int64_t limit_us = s->plan->max_ms ? s->plan->max_ms * 1000 : GIVE_UP_US;
  return m->mono_us - s->started_us + delay_us < limit_us;
}

/* Gives the session back: others may use it until the step's time comes. */
static void requeue(machine *m, step *s, int64_t delay_us) {
  record r;
  s->watched.cuts++;
  s->tries -= s->tries > 0; /* it was no failure */
  s->watched.not_before_us = m->mono_us + delay_us;
  record_init(&r, m, s, "step.retry", false);
  upk_json_put_int(r.obs_writer, "attempt", s->attempt);
  upk_json_put_int(r.obs_writer, "delay_us", delay_us);
  record_end(&r, false, s->why.text);
  s->had_begun = s->plan->atomicity != PLAN_TRANSACTION || s->partly;
  s->watched.cut = CUT_NONE;
  step_put_back(m, s);
}

bool guard_again(machine *m, step *s) {
  if (s->watched.cut == CUT_NONE)
    return false;
  if (m->stop || m->stopping || m->shut != UPK_OK) {
    step_end(m, s, MACHINE_CANCELLED);
    return true;
  }
  int64_t delay_us = guard_delay_us(m, s);
  if (!cuts[s->watched.cut].again || m->log_broken)
    return false;
  if (!guard_time_left(m, s, delay_us)) {
    s->why.text = upk_arena_printf(s->arena, "%.*s; given up after %u attempts",
                                   UPK_FMT(s->why.text), s->attempt);
    return false;
  }
  requeue(m, s, delay_us);
  return true;
}

gate_answer guard_gate(machine *m, step *s, gate_moment moment,
                       gate_reason *why) {
  (void)moment;
  if (m->mono_us >= s->watched.not_before_us)
    return GATE_OPEN;
  why->until_us = s->watched.not_before_us;
  why->text = UPK_STR("it was cancelled for the sake of others, and waits");
  return GATE_WAIT;
}
