/* The machine as a whole: events in, commands out, the life of a run. */
#include "machine/private.h"

const char *machine_state_name(machine_state state) {
  static const char *const names[] = {
#define X(name, text) text,
      MACHINE_STATE_TABLE(X)
#undef X
  };
  return names[state];
}

machine *machine_new(const machine_config *config) {
  upk_arena *arena = upk_arena_new(NULL);
  machine *m = UPK_NEW(arena, machine);
  m->arena = arena;
  m->out = upk_arena_new(NULL);
  m->scratch = upk_arena_new(NULL);
  m->config = *config;
  m->plan = config->plan;
  m->random = config->seed;
  m->steps = UPK_NEW_ARRAY(arena, step, m->plan->step_count + 1);
  m->sessions = UPK_NEW_ARRAY(arena, session, config->jobs + 1);
  for (size_t i = 0; i < m->plan->step_count; i++) {
    m->steps[i].plan = &m->plan->steps[i];
    m->steps[i].session = NO_SESSION;
  }
  for (unsigned i = 0; i <= config->jobs; i++)
    m->sessions[i].step = NO_STEP;
  upk_map_init(&m->numbers, arena);
  for (size_t i = 0; i < m->plan->step_count; i++)
    upk_map_put(&m->numbers, m->plan->steps[i].id, i);
  m->policy_given_up = UPK_NEW_ARRAY(arena, bool, m->plan->policy_count + 1);
  watch_init(m);
  resume_take_up(m);
  schedule_init(m);
  resume_release(m);
  return m;
}

void machine_free(machine *m) {
  if (!m)
    return;
  for (size_t i = 0; i < m->plan->step_count; i++) {
    batch_free(&m->steps[i]);
    upk_buf_free(&m->steps[i].lock_text);
    upk_arena_free(m->steps[i].arena);
  }
  watch_free(m);
  live_free(m);
  upk_buf_free(&m->log_head);
  upk_arena_free(m->out);
  upk_arena_free(m->scratch);
  upk_arena_free(m->arena);
}

/* ---- commands ---- */

machine_command *command_add(machine *m, machine_command_kind kind) {
  machine_command *command = UPK_PUSH(m->out, &m->commands);
  command->kind = kind;
  command->id = ++m->last_id;
  return command;
}

upk_str command_text(machine *m, const char *format, ...) {
  va_list args;
  va_start(args, format);
  upk_str text = upk_arena_vprintf(m->out, format, args);
  va_end(args);
  return text;
}

void machine_report(machine *m, int code, upk_str text, const char *help) {
  machine_command *command = command_add(m, MACHINE_REPORT);
  command->code = code;
  command->text = text;
  command->help = upk_str_from(help);
}

const machine_command *machine_next(machine *m) {
  return m->taken < m->commands.len ? &m->commands.items[m->taken++] : NULL;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
int64_t machine_jitter(machine *m, int64_t us) {
  uint64_t z = m->random += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  z ^= z >> 31;
  return us / 2 + (int64_t)(z % (uint64_t)(us / 2 + 1));
}

int64_t machine_server_us(const machine *m) {
  return m->has_server_clock ? m->server_us + m->mono_us - m->server_mono_us
                             : m->wall_us;
}

/* ---- the end ---- */

bool machine_ended(const machine *m) { return m->phase == RUN_ENDED; }

machine_counts machine_count(const machine *m) {
  size_t by_state[MACHINE_STATES] = {0};
  for (size_t i = 0; i < m->plan->step_count; i++)
    by_state[m->steps[i].state]++;
  return (machine_counts){
      .applied = by_state[MACHINE_APPLIED],
      .skipped = by_state[MACHINE_SKIPPED],
      .failed = by_state[MACHINE_FAILED],
      .undone = by_state[MACHINE_UNDONE],
      .cancelled = by_state[MACHINE_CANCELLED],
      .in_doubt = by_state[MACHINE_IN_DOUBT],
      .ready = by_state[MACHINE_READY],
      .rehearsed = by_state[MACHINE_REHEARSED],
      .total = m->plan->step_count,
      .blocked_us = m->watch.blocked_us,
  };
}

static void end(machine *m, upk_status status) {
  for (unsigned i = 0; i < watch_sessions(m); i++)
    session_close(m, (int)i);
  m->phase = RUN_ENDED;
  command_add(m, MACHINE_END)->status = status;
}

void machine_refuse(machine *m, upk_status status, int code, upk_str text,
                    const char *help) {
  m->refused = status;
  machine_report(m, code, text, help);
  end(m, status);
}

/* Whether a failed run left something in the database. */
static bool left_behind(const machine *m) {
  for (size_t i = 0; i < m->plan->step_count; i++) {
    const step *s = &m->steps[i];
    if (s->state == MACHINE_APPLIED ||
        (s->state == MACHINE_FAILED && s->effect))
      return true;
  }
  return false;
}

/* Whether a step of a policy has done anything; making the ledger is none. */
static bool worked(const machine *m) {
  for (size_t i = 0; i < m->plan->step_count; i++) {
    const step *s = &m->steps[i];
    if (s->plan->policy != PLAN_NO_POLICY &&
        (s->was_applied || s->effect || s->state == MACHINE_UNDONE))
      return true;
  }
  return false;
}

static upk_status verdict_of_rollback(const machine *m) {
  if (m->stop && m->undo_next < m->undo_count)
    return UPK_CANCELLED;
  for (size_t i = 0; i < m->plan->step_count; i++)
    if (m->steps[i].state == MACHINE_FAILED && m->steps[i].effect)
      return UPK_PARTIAL;
  return UPK_OK;
}

/* Somebody was asked what was done, and could not tell. */
static bool doubtful(const machine *m) {
  for (size_t i = 0; i < m->plan->step_count; i++)
    if (m->steps[i].state == MACHINE_IN_DOUBT &&
        (!m->steps[i].unasked || m->shut == UPK_OK))
      return true;
  return false;
}

static upk_status verdict_of(const machine *m) {
  machine_counts counts = machine_count(m);
  if (doubtful(m))
    return UPK_IN_DOUBT;
  if (m->log_broken)
    return UPK_STALE;
  if (m->shut != UPK_OK)
    return m->shut;
  if (m->config.rehearse)
    return rehearse_verdict(m);
  if (m->config.goal == MACHINE_ROLLBACK)
    return verdict_of_rollback(m);
  if (counts.failed || counts.undone) {
    if (m->drifted && !worked(m))
      return UPK_STALE;
    if (!m->executed_any)
      return UPK_PRECHECK;
    return left_behind(m) ? UPK_PARTIAL : UPK_ROLLED_BACK;
  }
  if ((m->stop || m->stopping) && counts.cancelled)
    return UPK_CANCELLED;
  if (window_left_some(m) && counts.cancelled)
    return UPK_WINDOW;
  return counts.cancelled ? UPK_CANCELLED : UPK_OK;
}

static void seal(machine *m) {
  m->phase = RUN_SEALING;
  window_report(m);
  m->run_log = record_run_end(m, verdict_of(m));
}

/* ---- going on ---- */

/* Why nothing more may start; NULL when it may. */
static const char *closed(const machine *m) {
  if (m->stop)
    return "the run is stopped";
  if (m->log_broken)
    return "the log cannot be written";
  if (m->shut == UPK_LOCKED)
    return "another run's session still works";
  if (m->shut == UPK_STALE)
    return "the target is no longer the plan's";
  if (m->shut == UPK_PRECHECK)
    return "the ledger takes no rows";
  if (m->config.goal == MACHINE_ROLLBACK)
    return "";
  return m->stopping ? "a step failed" : NULL;
}

static bool any_usable(const machine *m) {
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (m->sessions[i].state != SESSION_GONE)
      return true;
  return false;
}

/* What earlier processes left open comes first, and alone. */
static bool ask_questions(machine *m) {
  bool shut = m->log_broken || m->stop || m->shut != UPK_OK || m->stopping;
  if (m->questions && shut)
    resume_drop(m);
  while (m->questions) {
    int on = session_find_free(m);
    int number = on == NO_SESSION ? NO_STEP : resume_next(m);
    if (number == NO_STEP)
      return true;
    resume_ask(m, (size_t)number, on);
  }
  return false;
}

static void start_what_can(machine *m) {
  if (m->questions && ask_questions(m))
    return;
  for (;;) {
    int on = session_find_free(m);
    if (on == NO_SESSION)
      return;
    bool may_undo = !m->log_broken && m->stop < 2 && m->shut != UPK_STALE;
    int number = !may_undo                            ? NO_STEP
                 : m->config.goal == MACHINE_ROLLBACK ? undo_pick(m)
                                                      : schedule_undo(m);
    if (number != NO_STEP) {
      undo_begin_applied(m, (size_t)number, on);
      continue;
    }
    number = schedule_pick(m);
    if (number == NO_STEP)
      return;
    gate_reason why;
    gate_answer answer = gate_ask(m, &m->steps[number], GATE_START, &why);
    if (answer == GATE_OPEN)
      step_start(m, (size_t)number, on);
    else
      gate_hold(m, (size_t)number, answer, &why);
  }
}

static void advance(machine *m) {
  if (m->phase == RUN_WORKERS && session_all_settled(m) && proof_done(m) &&
      !session_take_lease(m))
    m->phase = RUN_WORKING;
  if (m->phase != RUN_WORKING)
    return;
  if (!any_usable(m)) {
    if (m->shut == UPK_OK)
      m->shut = UPK_UNREACHABLE;
    schedule_cancel(m, PLAN_NO_POLICY, "the target cannot be reached");
  }
  const char *why = closed(m);
  if (why)
    schedule_cancel(m, PLAN_NO_POLICY, why);
  start_what_can(m);
  if (m->active == 0 && m->gated_len == 0 && !m->wake_again)
    seal(m);
}

/* A step whose gate is being asked is in nobody's list: what the asking wakes
 * (a round of samples that is over at once) waits until it is in one. */
void machine_advance(machine *m) {
  if (m->advancing) {
    m->wake_again = true;
    return;
  }
  m->advancing = true;
  proof_go_on(m);
  advance(m);
  while (m->wake_again && m->phase == RUN_WORKING) {
    m->wake_again = false;
    schedule_ungate(m);
    advance(m);
  }
  m->advancing = false;
}

/* ---- events ---- */

void machine_stop(machine *m, unsigned level, upk_str by) {
  if (level <= m->stop)
    return;
  m->stop = level;
  record_order(
      m, level >= 2 ? "cancel now" : "cancel", by,
      command_text(m, "%s%s%.*s",
                   level >= 2 ? "cancels what runs" : "stops after what runs",
                   by.len ? ", says " : "", UPK_FMT(by)));
  if (m->phase == RUN_OPENING) {
    machine_refuse(m, UPK_CANCELLED, 3142,
                   UPK_STR("the run was stopped before it began"), NULL);
    return;
  }
  for (unsigned i = 0; i < m->config.jobs; i++) {
    session *se = &m->sessions[i];
    if (level >= 2)
      session_stop(m, (int)i);
    if (se->step == NO_STEP || se->state != SESSION_BUSY)
      continue;
    step *s = &m->steps[se->step];
    if (s->phase == PHASE_BACKOFF)
      step_end(m, s, MACHINE_CANCELLED);
    else if (s->phase == PHASE_ROUND_WAIT)
      batch_on_stop(m, s);
    else if (level >= 2 && s->phase >= PHASE_PRE && s->phase <= PHASE_POST &&
             s->phase != PHASE_INTENT && !s->undoing)
      command_add(m, MACHINE_CANCEL)->session = i;
  }
  machine_advance(m);
}

static void on_run_log(machine *m) {
  m->run_log = 0;
  if (m->phase == RUN_SEALING) {
    end(m, verdict_of(m));
    return;
  }
  if (m->log_broken) {
    m->refused = UPK_ERROR;
    end(m, UPK_ERROR);
    return;
  }
  m->phase = RUN_WORKERS;
  resume_decide(m);
  for (unsigned i = 1; i < watch_sessions(m); i++)
    session_open(m, (int)i);
  machine_advance(m);
}

static void on_logged(machine *m) {
  const machine_event *event = m->event;
  if (event->fault.kind == MACHINE_FINE) {
    upk_buf_clear(&m->log_head);
    upk_buf_str(&m->log_head, event->head.data ? event->head : UPK_STR(""));
    return;
  }
  if (!m->log_broken && event->fault.message.data)
    machine_report(m, 3141,
                   command_text(m, "the log cannot be written: %.*s",
                                UPK_FMT(event->fault.message)),
                   "make room on the disk; what ran is in the ledger");
  m->log_broken = true;
}

/* The reply functions of the phases, by number. */
static void (*const on_phase[])(machine *m, step *s) = {
#define X(name, function) function,
    PHASE_TABLE(X)
#undef X
};

static void dispatch(machine *m) {
  uint64_t id = m->event->id;
  if (m->event->kind == MACHINE_LOGGED)
    on_logged(m);
  if (id == m->run_log && id) {
    on_run_log(m);
    return;
  }
  if (id && m->event->kind == MACHINE_TIMER && window_on_timer(m, id))
    return;
  if (id == m->gate_timer && id) {
    m->gate_timer = 0;
    gate_wake(m);
    return;
  }
  if (id == m->watch.timer && id) {
    watch_on_timer(m);
    return;
  }
  for (unsigned i = 0; id && i < watch_sessions(m); i++) {
    session *se = &m->sessions[i];
    if (se->awaiting != id)
      continue;
    se->awaiting = 0;
    proof_witness(m, (int)i, id);
    if (se->step != NO_STEP &&
        (se->state == SESSION_BUSY || se->state == SESSION_GONE)) {
      step *s = &m->steps[se->step];
      on_phase[s->phase](m, s);
    } else if (watch_is(m, (int)i) && se->state == SESSION_BUSY) {
      watch_on_reply(m);
    } else {
      session_reply(m, (int)i);
    }
    return;
  }
}

void machine_handle(machine *m, const machine_event *event) {
  upk_arena_reset(m->out);
  m->commands.items = NULL;
  m->commands.len = m->commands.cap = m->taken = 0;
  m->event = event;
  m->wall_us = event->wall_us;
  if (event->mono_us > m->mono_us)
    m->mono_us = event->mono_us;
  if (m->phase == RUN_ENDED)
    return;
  if (event->kind == MACHINE_START)
    window_begin(m);
  bool set = window_watch_clocks(m);
  switch (event->kind) {
  case MACHINE_START:
    session_open(m, 0);
    break;
  case MACHINE_STOP:
    machine_stop(m, event->level, event->text);
    break;
  case MACHINE_PAUSE:
    if (event->step.data)
      live_on_hold(m, event->level != 0);
    else
      gate_on_pause(m, event->level != 0, event->text);
    break;
  case MACHINE_SET:
    live_on_set(m);
    break;
  case MACHINE_REPLY:
  case MACHINE_TIMER:
  case MACHINE_LOGGED:
    dispatch(m);
    break;
  }
  if (set && m->phase == RUN_WORKING)
    gate_wake(m);
}
