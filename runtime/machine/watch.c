/* The watcher: a session that holds no lock and executes no step. While steps
 * run it asks, in rounds, whom they keep waiting (guard.c) and how the server
 * is (throttle.c); steps that only wait for the server to get better keep it
 * asking too.
 *
 *   timer -> cancels that are wanted -> the guard -> metrics, once a second
 *     ^                                                    |
 *     +--- while a step runs or a gate waits for samples --+
 *
 * When it is lost it is opened again like any other session. While it is away
 * no step begins that it should watch, and one that blocks ordinary work is
 * broken off after BLIND_MS; when it does not come back the run ends. */
#include "machine/private.h"

enum {
  ROUND_US = 1000 * 1000,
  EARLY_US = 50 * 1000, /* a timer may be so early */
  QUESTION_MS = 5000,
  QUICK_MS = 500, /* while a step runs that may block ordinary work */
  LOCK_MS = 1000,
  STATEMENT_MS = 4000,
  MISSES_MAX = 5,
  BLIND_MS = 5000,
  ROWS_MAX = MACHINE_SESSIONS_MAX,
};

static int number_of(const machine *m) { return (int)m->config.jobs; }

static session *session_of(const machine *m) {
  return &m->sessions[m->config.jobs];
}

bool watch_is(const machine *m, int number) {
  return m->watch.on && number == number_of(m);
}

unsigned watch_sessions(const machine *m) {
  return m->config.jobs + (m->watch.on ? 1 : 0);
}

static bool is_needed(const plan *p) {
  if (p->guard_sql.data)
    return true;
  for (size_t i = 0; i < p->step_count; i++)
    if (p->steps[i].throttle_count || p->steps[i].abort_count)
      return true;
  return p->metric_count > 0;
}

void watch_init(machine *m) {
  watch *w = &m->watch;
  w->on = !m->config.dry_run && is_needed(m->plan);
  w->samples = UPK_NEW_ARRAY(m->arena, sample, m->plan->metric_count + 1);
  w->levels = UPK_NEW_ARRAY(m->arena, level, m->plan->level_count + 1);
  w->disk = -1;
  for (size_t i = 0; i < m->plan->metric_count; i++)
    if (upk_str_is(m->plan->metrics[i].name, "disk_free"))
      w->disk = (int)i;
  w->metric = m->plan->metric_count;
}

void watch_free(machine *m) {
  for (size_t i = 0; i < m->plan->metric_count; i++) {
    upk_buf_free(&m->watch.samples[i].text);
    upk_buf_free(&m->watch.samples[i].reason);
  }
  for (size_t i = 0; i < m->plan->level_count; i++)
    upk_buf_free(&m->watch.levels[i].why);
  upk_buf_free(&m->watch.away);
}

bool watch_here(const machine *m) {
  session_state state = session_of(m)->state;
  return state == SESSION_FREE || state == SESSION_BUSY;
}

/* ---- rounds ---- */

/* The shortest that a step under way wants. */
static int64_t interval_us(const machine *m) {
  int64_t ms = ROUND_US / 1000;
  for (unsigned i = 0; i < m->config.jobs; i++) {
    int number = m->sessions[i].step;
    if (number != NO_STEP && m->steps[number].plan->watch_ms < ms)
      ms = m->steps[number].plan->watch_ms;
  }
  return ms * 1000;
}

static void set_timer(machine *m, int64_t us) {
  watch *w = &m->watch;
  if (w->timer && w->timer_us <= m->mono_us + us)
    return;
  machine_command *command = command_add(m, MACHINE_SLEEP);
  command->delay_us = us;
  w->timer = command->id;
  w->timer_us = m->mono_us + us;
}

/* Whether there is anything to look at. */
static bool is_due(const machine *m) {
  return m->phase == RUN_WORKING && (m->active || m->watch.wanted);
}

static machine_command *ask(machine *m, watch_question question,
                            machine_command_kind kind) {
  machine_command *command = session_ask(m, number_of(m), kind);
  session_of(m)->state = SESSION_BUSY;
  m->watch.asking = question;
  m->watch.asked_us = m->mono_us;
  command->deadline_ms = QUESTION_MS;
  command->rows_max = ROWS_MAX;
  return command;
}

static void put_params(machine *m, machine_command *command,
                       const plan_query *query) {
  plan_value *params =
      UPK_NEW_ARRAY(m->out, plan_value, query->param_count + 1);
  for (size_t i = 0; i < query->param_count; i++)
    params[i] = query->params[i].literal;
  command->sql = query->sql;
  command->params = params;
  command->param_count = query->param_count;
}

/* A slow metric keeps the guard from looking: it is not known rather than
 * waited for, and the guard looks between two of them. */
static bool is_blocking(const machine *m) { return interval_us(m) < ROUND_US; }

static bool guard_overdue(const machine *m) {
  return m->plan->guard_sql.data && m->active && is_blocking(m) &&
         m->mono_us - m->watch.guard_asked_us >= interval_us(m);
}

static void ask_metric(machine *m) {
  const plan_metric *metric = &m->plan->metrics[m->watch.metric];
  const sample *known = &m->watch.samples[m->watch.metric];
  bool needs = metric->needs.data && !known->asked_needs;
  machine_command *command =
      ask(m, needs ? WATCH_NEEDS : WATCH_METRIC, MACHINE_QUERY);
  if (needs) {
    command->sql = metric->needs;
    return;
  }
  if (is_blocking(m))
    command->deadline_ms = QUICK_MS;
  put_params(m, command, &metric->query);
}

/* The next question of the round; false when there is none. */
static bool ask_next(machine *m) {
  watch *w = &m->watch;
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (guard_wants_cancel(m, i)) {
      guard_ask_cancel(m, i, ask(m, WATCH_CANCEL, MACHINE_QUERY));
      return true;
    }
  if (w->guard_due || guard_overdue(m)) {
    w->guard_due = false;
    w->guard_asked_us = m->mono_us;
    guard_ask(m, ask(m, WATCH_GUARD, MACHINE_QUERY));
    return true;
  }
  if (progress_due(m)) {
    progress_ask(m, ask(m, WATCH_PROGRESS, MACHINE_QUERY));
    return true;
  }
  for (; w->metric < m->plan->metric_count; w->metric++)
    if (throttle_may_ask(m, w->metric)) {
      ask_metric(m);
      return true;
    }
  return false;
}

static void go_on(machine *m) {
  watch *w = &m->watch;
  if (ask_next(m))
    return;
  session_of(m)->state = SESSION_FREE;
  w->asking = WATCH_NOTHING;
  bool sampled = w->sampling;
  w->sampling = false;
  if (sampled)
    throttle_sampled(m);
  if (is_due(m))
    set_timer(m, interval_us(m));
}

static void begin_round(machine *m) {
  watch *w = &m->watch;
  bool due = !w->round || m->mono_us - w->sampled_us >= ROUND_US - EARLY_US;
  w->guard_due = m->plan->guard_sql.data && m->active;
  w->sampling = due && m->plan->metric_count;
  w->metric = w->sampling ? 0 : m->plan->metric_count;
  if (due) /* who waits for samples waits until some are taken */
    w->wanted = false;
  go_on(m);
}

void watch_look(machine *m, bool sample_now) {
  if (!m->watch.on)
    return;
  m->watch.wanted |= sample_now;
  if (!is_due(m) || m->watch.asking != WATCH_NOTHING)
    return;
  if (sample_now && session_of(m)->state == SESSION_FREE &&
      m->plan->metric_count && !throttle_fresh(m))
    begin_round(m);
  else
    set_timer(m, interval_us(m));
}

void watch_on_timer(machine *m) {
  m->watch.timer = 0;
  if (!is_due(m) || m->watch.asking != WATCH_NOTHING)
    return;
  if (session_of(m)->state == SESSION_FREE) {
    begin_round(m);
    return;
  }
  if (m->mono_us - m->watch.guarded_us > BLIND_MS * 1000)
    guard_blind(m);
  set_timer(m, interval_us(m));
}

/* ---- answers ---- */

void watch_on_good(machine *m) {
  machine_command *command = ask(m, WATCH_LIMITS, MACHINE_LIMITS);
  command->lock_ms = LOCK_MS;
  command->statement_ms = STATEMENT_MS;
  command->read_only = true;
  m->watch.guarded_us = m->mono_us;
}

void watch_lost(machine *m, upk_str why) {
  watch *w = &m->watch;
  bool known = w->away.len > 0;
  w->asking = WATCH_NOTHING;
  w->misses = 0;
  if (!known) {
    upk_buf_str(&w->away, why);
    record_note(m, command_text(m, "the session that watches is lost: %.*s",
                                UPK_FMT(why)));
  }
  set_timer(m, ROUND_US);
}

void watch_gone(machine *m) {
  if (m->shut == UPK_OK)
    m->shut = UPK_UNREACHABLE;
  machine_report(
      m, 3240,
      command_text(m, "the session that watches whom steps block is gone: %.*s",
                   UPK_FMT(upk_buf_view(&m->watch.away))),
      "make room for one more connection, then resume the run");
  if (m->active)
    guard_blind(m);
  schedule_ungate(m); /* what waits for it will not start */
}

/* An answer of the guard is what proves it to be well. */
static void note_well(machine *m) {
  watch *w = &m->watch;
  w->misses = 0;
  session_of(m)->reopens = 0;
  if (w->away.len)
    record_note(m, UPK_STR("the session that watches is back"));
  upk_buf_clear(&w->away);
  w->guarded_us = m->mono_us;
}

/* Whether the round can go on after an answer that is an error. */
static bool survives(machine *m) {
  const machine_fault *fault = &m->event->fault;
  bool slow =
      fault->kind == MACHINE_TRANSIENT || fault->kind == MACHINE_BROKEN_OFF;
  bool vital =
      m->watch.asking == WATCH_GUARD || m->watch.asking == WATCH_LIMITS;
  if (fault->kind != MACHINE_LOST && !vital)
    return true;
  if (slow && ++m->watch.misses < MISSES_MAX)
    return true;
  watch_lost(m, fault_text(m, fault));
  session_lost(m, number_of(m));
  return false;
}

static void take_answer(machine *m, bool fine) {
  switch (m->watch.asking) {
  case WATCH_GUARD:
    if (fine) {
      note_well(m);
      guard_take(m);
    }
    break;
  case WATCH_NEEDS:
    throttle_take_needs(m, m->watch.metric, fine);
    break;
  case WATCH_METRIC:
    throttle_take(m, m->watch.metric++, m->mono_us - m->watch.asked_us);
    break;
  case WATCH_PROGRESS:
    if (fine)
      progress_take(m);
    break;
  case WATCH_LIMITS:
    if (!m->plan->guard_sql.data)
      note_well(m);
    break;
  case WATCH_CANCEL:
  case WATCH_NOTHING:
    break;
  }
}

void watch_on_reply(machine *m) {
  watch_question question = m->watch.asking;
  bool fine = m->event->fault.kind == MACHINE_FINE;
  if (!fine && !survives(m))
    return;
  take_answer(m, fine);
  go_on(m);
  if (question == WATCH_LIMITS) {
    if (m->phase == RUN_WORKING)
      gate_wake(m);
    else
      machine_advance(m);
  }
}
