/* Undoing a step: of one whose validation failed, and of applied ones when
 * their policy rolls back. */
#include "machine/private.h"

static void undo_next(machine *m, step *s);

/* The intent of the undo, on disk before it. */
static void log_intent(machine *m, step *s) {
  record r;
  if (!s->undo_from)
    s->undo_from = s->position;
  s->position = s->undo_from;
  s->state = MACHINE_UNDOING;
  s->undoing = true;
  s->phase = PHASE_UNDO_INTENT;
  s->statement = 0;
  record_init(&r, m, s, "step.undo", true);
  record_await(&r, true, s->why.text);
}

void undo_start(machine *m, step *s) {
  s->effect = true;
  if (!s->plan->can_undo || m->log_broken)
    step_end(m, s, MACHINE_FAILED);
  else
    log_intent(m, s);
}

void undo_begin_applied(machine *m, size_t number, int on) {
  step *s = step_take(m, number, on);
  s->undo_tried = true;
  s->started_us = m->mono_us;
  watch_look(m, false);
  s->attempt++; /* the ledger's row of the undo is another one */
  s->why = (verdict){0};
  if (s->past && !s->restored)
    value_restore(m, s);
  if (!s->position)
    s->position = s->mark; /* another process applied it */
  log_intent(m, s);
}

void undo_again(machine *m, step *s) {
  resume_answered(m, s);
  s->begun = false;
  if (s->was_applied)
    s->attempt++;
  log_intent(m, s);
}

static bool transactional(const step *s) {
  return s->plan->atomicity == PLAN_TRANSACTION;
}

static void undo_pause(machine *m, step *s) {
  int64_t us = s->undo_pause_us;
  s->undo_pause_us = 0;
  s->phase = PHASE_UNDO_WAIT;
  patience_wait(m, s, us);
}

void undo_on_wait(machine *m, step *s) { undo_again(m, s); }

static void say_failed(step *s, upk_str text) {
  s->why.code = 3137;
  s->why.text = upk_arena_printf(s->arena, "%.*s%sits undo failed: %.*s",
                                 UPK_FMT(s->why.text),
                                 s->why.text.len ? "; " : "", UPK_FMT(text));
  s->effect = true;
}

void undo_broken(machine *m, step *s, upk_str text) {
  say_failed(s, text);
  if (s->begun)
    step_ask(m, s, PHASE_UNDO_ROLLBACK, MACHINE_UNDO_ALL);
  else
    step_end(m, s, MACHINE_FAILED);
}

/* Somebody's lock is in the way, and nothing of the undo is done: it is begun
 * again after a while. */
static bool later(machine *m, step *s) {
  bool whole = transactional(s) && !s->plan->has_undo_batch;
  bool first = !transactional(s) && s->phase == PHASE_UNDO && s->statement == 0;
  int64_t us = patience_is_lock(m) && (whole || first) ? patience_us(m, s) : 0;
  if (!us)
    return false;
  s->undo_pause_us = us;
  if (s->begun)
    step_ask(m, s, PHASE_UNDO_ROLLBACK, MACHINE_UNDO_ALL);
  else
    undo_pause(m, s);
  return true;
}

void undo_failed(machine *m, step *s) {
  if (later(m, s))
    return;
  say_failed(s, fault_text(m, &m->event->fault));
  s->failed_in = s->phase;
  s->fault = m->event->fault.kind;
  s->ledger_fresh = false;
  if (s->fault == MACHINE_LOST) {
    s->begun = false;
    session_lost(m, s->session);
  } else if (s->begun) {
    bool open = s->phase == PHASE_UNDO_COMMIT &&
                m->event->fault.kind == MACHINE_BROKEN_OFF;
    step_ask(m, s, open ? PHASE_ROLLBACK : PHASE_UNDO_ROLLBACK,
             MACHINE_UNDO_ALL);
  } else {
    step_end(m, s, MACHINE_FAILED);
  }
}

static bool fine(machine *m, step *s) {
  if (m->event->fault.kind == MACHINE_FINE)
    return true;
  undo_failed(m, s);
  return false;
}

void undo_on_intent(machine *m, step *s) {
  if (m->event->fault.kind != MACHINE_FINE) {
    step_end(m, s, MACHINE_FAILED);
    return;
  }
  s->phase = PHASE_UNDO_LIMITS;
  if (step_limits(m, s))
    undo_on_limits(m, s);
}

static void begin(machine *m, step *s) {
  step_ask(m, s, PHASE_UNDO_BEGIN, MACHINE_BEGIN);
}

void undo_on_limits(machine *m, step *s) {
  if (!fine(m, s))
    return;
  undo_next(m, s);
}

static void undone(machine *m, step *s) {
  s->begun = false;
  s->effect = false;
  step_end(m, s, MACHINE_UNDONE);
}

static void insert_row(machine *m, step *s) {
  s->phase = PHASE_UNDO_LEDGER;
  step_query(m, s, &m->plan->ledger_insert, 0);
}

/* All statements of the undo ran. */
static void conclude(machine *m, step *s) {
  bool row = m->plan->has_ledger && s->was_applied;
  if (row && s->begun)
    insert_row(m, s);
  else if (row)
    begin(m, s);
  else if (s->begun)
    step_ask(m, s, PHASE_UNDO_COMMIT, MACHINE_COMMIT);
  else
    undone(m, s);
}

void undo_was_done(machine *m, step *s) {
  resume_answered(m, s);
  s->begun = false;
  s->state = MACHINE_UNDOING;
  s->undoing = true;
  s->why = (verdict){0};
  resume_undo_records(m, s);
  if (s->in_ledger == LEDGER_UNDONE)
    undone(m, s);
  else
    conclude(m, s);
}

static void undo_next(machine *m, step *s) {
  const plan_statement *statement = &s->plan->undo.items[s->statement];
  if (s->statement == s->plan->undo.count) {
    conclude(m, s);
    return;
  }
  if (statement->batch && s->begun) {
    step_ask(m, s, PHASE_UNDO_SEGMENT, MACHINE_COMMIT);
    return;
  }
  if (statement->batch) {
    batch_start(m, s, statement, true);
    return;
  }
  if (transactional(s) && !s->begun) {
    begin(m, s);
    return;
  }
  s->phase = PHASE_UNDO;
  step_query(m, s, &statement->query, statement->returns.data ? 1 : 0);
}

void undo_on_begin(machine *m, step *s) {
  if (!fine(m, s))
    return;
  s->begun = true;
  undo_next(m, s);
}

void undo_went_on(machine *m, step *s) {
  s->statement++;
  undo_next(m, s);
}

void undo_on_segment(machine *m, step *s) {
  if (!fine(m, s))
    return;
  s->begun = false;
  undo_next(m, s);
}

void undo_on_statement(machine *m, step *s) {
  exec_record(m, s, &s->plan->undo.items[s->statement]);
  if (!fine(m, s))
    return;
  step_keep(m, s, s->plan->undo.items[s->statement].returns);
  step_record_statement(m, s, "undo", NULL);
  s->statement++;
  undo_next(m, s);
}

void undo_on_ledger(machine *m, step *s) {
  if (fine(m, s))
    step_ask(m, s, PHASE_UNDO_COMMIT, MACHINE_COMMIT);
}

void undo_on_commit(machine *m, step *s) {
  if (fine(m, s))
    undone(m, s);
}

void undo_on_rollback(machine *m, step *s) {
  s->begun = false;
  if (m->event->fault.kind == MACHINE_FINE && s->undo_pause_us) {
    undo_pause(m, s);
    return;
  }
  if (m->event->fault.kind == MACHINE_FINE) {
    step_end(m, s, MACHINE_FAILED);
    return;
  }
  s->undo_pause_us = 0;
  /* A session that cannot roll back is closed: the server does it then. */
  s->failed_in = PHASE_UNDO_ROLLBACK;
  s->fault = MACHINE_LOST;
  session_lost(m, s->session);
}

/* ---- a whole run ---- */

void undo_note(machine *m, step *s) {
  s->undo_tried = true;
  record_note(
      m,
      command_text(m, "step `%.*s` is not undone: %.*s", UPK_FMT(s->plan->id),
                   UPK_FMT(s->plan->undo_why.len ? s->plan->undo_why
                                                 : UPK_STR("it has no undo"))));
}

/* Those whose effect is in the database: first what is there without having
 * been applied (its validation failed), then the last applied first. */
static void make_list(machine *m) {
  size_t n = m->plan->step_count, orders = (size_t)m->applied_count + 1;
  uint32_t *by_order = UPK_NEW_ARRAY(m->arena, uint32_t, orders);
  m->undo_list = UPK_NEW_ARRAY(m->arena, uint32_t, n + 1);
  m->undo_listed = true;
  for (size_t i = 0; i < n; i++) {
    const step *s = &m->steps[i];
    if (s->state != MACHINE_APPLIED &&
        (s->state != MACHINE_FAILED || !s->effect))
      continue;
    if (s->applied_order)
      by_order[s->applied_order] = (uint32_t)i + 1;
    else
      m->undo_list[m->undo_count++] = (uint32_t)i;
  }
  for (size_t order = orders; order-- > 1;)
    if (by_order[order])
      m->undo_list[m->undo_count++] = by_order[order] - 1;
}

int undo_pick(machine *m) {
  if (m->active || m->questions || m->stop || m->stopping)
    return NO_STEP;
  if (!m->undo_listed)
    make_list(m);
  while (m->undo_next < m->undo_count) {
    size_t number = m->undo_list[m->undo_next++];
    if (m->steps[number].plan->can_undo)
      return (int)number;
    undo_note(m, &m->steps[number]);
  }
  return NO_STEP;
}
