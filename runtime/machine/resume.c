/* A run taken over from a process that died or stopped: what its log says of
 * each step, what the database says to that, and what is asked before anything
 * new starts.
 *
 *   the log says            the ledger      then
 *   applied                 has the row     applied
 *                           has it not      diverged: nothing runs any more
 *   never begun             has the row     the end of the log was taken away
 *   an intent, no outcome   has the row     applied; the records are made good
 *                           has it not      a transaction: again
 *                                           else its probe: done, partial, no
 *   an undo, no outcome     has its row     undone
 *                           has it not      a transaction: undone again
 *                                           else its probe
 *   in doubt                as above, or an operator's word
 *   cancelled, failed with nothing left, never begun: as if it were new
 *   skipped, undone, failed with something left: as it is
 */
#include "machine/private.h"

/* ---- what the log says ---- */

/* Its policy rolls back because of it: that goes on. */
static bool gave_up(const step *s) {
  return s->plan->on_failure == PLAN_ROLLBACK &&
         s->plan->policy != PLAN_NO_POLICY && !s->was_applied;
}

static machine_state state_of(const step *s, const machine_past *past) {
  switch (past->state) {
  case MACHINE_APPLIED:
  case MACHINE_SKIPPED:
  case MACHINE_UNDONE:
    return past->state;
  case MACHINE_FAILED:
    return past->left || s->was_applied || gave_up(s) ? MACHINE_FAILED
                                                      : MACHINE_PENDING;
  case MACHINE_RUNNING:
  case MACHINE_UNDOING:
  case MACHINE_IN_DOUBT:
    return MACHINE_FAILING;
  default:
    return MACHINE_PENDING;
  }
}

static void take_up(machine *m, step *s, const machine_past *past) {
  s->past = past;
  s->attempt = past->attempts;
  s->mark = past->det_count;
  s->undo_from = past->undo_det;
  s->started_at_us = past->started_at_us;
  s->applied_order = past->applied_order;
  s->was_applied = past->applied_order != 0;
  if (m->applied_count < past->applied_order)
    m->applied_count = past->applied_order;
  if (past->attempts)
    m->executed_any = true;
  s->state = state_of(s, past);
  s->effect = s->state == MACHINE_APPLIED || s->state == MACHINE_FAILED;
  s->undo_tried = s->state == MACHINE_FAILED && s->was_applied;
  s->undoing = past->undoing && s->state == MACHINE_FAILING;
  s->question = s->state == MACHINE_FAILING;
  m->questions += s->question;
  if (s->state == MACHINE_FAILED && !past->left && !s->was_applied)
    s->effect = false;
  if ((s->state == MACHINE_FAILED || s->state == MACHINE_UNDONE) && gave_up(s))
    m->policy_given_up[s->plan->policy] = true;
}

void resume_take_up(machine *m) {
  for (size_t i = 0; m->config.past && i < m->plan->step_count; i++)
    take_up(m, &m->steps[i], &m->config.past[i]);
}

void resume_release(machine *m) {
  for (size_t i = 0; m->config.past && i < m->plan->step_count; i++) {
    step *s = &m->steps[i];
    if (s->state == MACHINE_PENDING || (s->question && !s->was_applied))
      continue;
    s->released = true;
    schedule_release(m, i);
  }
}

/* ---- what the ledger says ---- */

static ledger_word word_of(upk_str outcome) {
  return upk_str_is(outcome, "applied")  ? LEDGER_APPLIED
         : upk_str_is(outcome, "undone") ? LEDGER_UNDONE
                                         : LEDGER_NOTHING;
}

void ledger_take(machine *m, const machine_rows *rows) {
  size_t columns = rows->column_count;
  uint64_t number;
  for (size_t i = 0; i < m->plan->step_count; i++)
    m->steps[i].in_ledger = LEDGER_NOTHING;
  m->ledger_rows = rows->count;
  m->ledger_tells = columns != 1;
  for (size_t i = 0; columns && i < rows->count; i++) {
    const plan_value *row = &rows->values[i * columns];
    /* Plans of before 0.3 ask for the applied ones alone. */
    ledger_word word =
        columns > 1
            ? row[1].type == PLAN_TEXT ? word_of(row[1].text) : LEDGER_NOTHING
            : LEDGER_APPLIED;
    if (columns > 1 && row->type == PLAN_TEXT && row[1].type == PLAN_TEXT &&
        upk_str_is(row[1].text, "round") &&
        upk_map_find(&m->numbers, row->text, &number))
      m->steps[number].rounds_in_ledger = true;
    if (row->type == PLAN_TEXT && word != LEDGER_NOTHING &&
        upk_map_find(&m->numbers, row->text, &number))
      m->steps[number].in_ledger = word;
  }
}

/* An applied step without a row, or a row without an intent. */
static const char *contradiction(const machine *m, const step *s,
                                 uint64_t known) {
  bool first = m->phase == RUN_OPENING;
  if (first && s->rounds_in_ledger && !s->attempt)
    return "the ledger in the target has rounds of it, and the log has no "
           "intent: the end of the log was taken away";
  if (s->in_ledger == LEDGER_NOTHING)
    return s->was_applied && s->applied_order <= known
               ? "the log says that it was applied, and the ledger in the "
                 "target has no row of it"
               : NULL;
  if (first && !s->attempt)
    return "the ledger in the target has a row of it, and the log has no "
           "intent: the end of the log was taken away";
  if (first && s->in_ledger == LEDGER_UNDONE && s->state == MACHINE_APPLIED)
    return "the ledger in the target says that it was undone, and the log "
           "does not: the end of the log was taken away";
  return NULL;
}

upk_str ledger_judge(machine *m, uint64_t known) {
  for (size_t i = 0; i < m->plan->step_count; i++) {
    const char *why = contradiction(m, &m->steps[i], known);
    if (why)
      return command_text(m, "step `%.*s`: %s", UPK_FMT(m->steps[i].plan->id),
                          why);
  }
  return UPK_NO_STR;
}

/* ---- what is made good in the log ---- */

/* The det records of a step whose statements ran, as far as nobody wrote them:
 * what a run that was never cut off has too. */
static void missing_statements(machine *m, step *s) {
  s->position = (uint32_t)s->plan->pre.count + 1;
  for (s->statement = 0; s->statement < s->plan->run.count; s->statement++)
    if (s->position < s->mark)
      s->position++;
    else
      record_recovered(m, s, "step.statement", NULL);
}

static void missing_checks(machine *m, step *s) {
  for (size_t i = 0; i < s->plan->post.count; i++)
    if (s->position < s->mark)
      s->position++;
    else
      record_recovered(m, s, "step.check", &s->plan->post.items[i]);
}

void resume_statements(machine *m, step *s) { missing_statements(m, s); }

void resume_checks(machine *m, step *s) {
  missing_statements(m, s);
  missing_checks(m, s);
}

void resume_undo_records(machine *m, step *s) {
  s->position = s->undo_from + 1;
  for (s->statement = 0; s->statement < s->plan->undo.count; s->statement++)
    if (s->position < s->mark)
      s->position++;
    else
      record_recovered(m, s, "undo", NULL);
}

/* ---- steps that the ledger decides ---- */

static void settled(machine *m, step *s, machine_state state) {
  size_t number = (size_t)(s - m->steps);
  if (s->question)
    m->questions--;
  s->question = false;
  s->state = state;
  s->effect = state == MACHINE_APPLIED;
  s->undo_tried = state != MACHINE_APPLIED;
  if (state == MACHINE_APPLIED && !s->was_applied) {
    s->was_applied = true;
    s->applied_order = ++m->applied_count;
  }
  record_recovered(m, s, "step.end", NULL);
  s->undoing = false;
  if (!s->released) {
    s->released = true;
    schedule_release(m, number);
  }
}

static void decide(machine *m, step *s) {
  bool open = s->question || s->state == MACHINE_PENDING;
  if (!open || s->in_ledger == LEDGER_NOTHING)
    return;
  if (!s->undoing) {
    resume_checks(m, s);
    settled(m, s, MACHINE_APPLIED);
  } else if (s->in_ledger == LEDGER_UNDONE) {
    resume_undo_records(m, s);
    settled(m, s, MACHINE_UNDONE);
  }
}

void resume_decide(machine *m) {
  for (size_t i = 0; m->config.past && i < m->plan->step_count; i++)
    decide(m, &m->steps[i]);
  for (size_t i = 0; m->config.past && i < m->plan->policy_count; i++)
    if (m->policy_given_up[i])
      schedule_cancel(m, (uint32_t)i, "their policy is given up");
}

/* ---- steps that somebody else must decide ---- */

int resume_next(machine *m) {
  while (m->question_cursor < m->plan->step_count) {
    size_t number = m->question_cursor++;
    if (m->steps[number].question)
      return (int)number;
  }
  return NO_STEP;
}

void resume_drop(machine *m) {
  for (size_t i = m->question_cursor; i < m->plan->step_count; i++) {
    step *s = &m->steps[i];
    if (!s->question)
      continue;
    s->question = false;
    m->questions--;
    s->state = s->was_applied ? MACHINE_APPLIED : MACHINE_CANCELLED;
  }
  m->question_cursor = m->plan->step_count;
}

bool resume_answered(machine *m, step *s) {
  bool was = s->question;
  if (was)
    m->questions--;
  s->question = false;
  return was;
}

/* The operator's word on a step. */
static void believe(machine *m, step *s, machine_word word) {
  if (s->undoing) {
    if (word == MACHINE_DONE)
      undo_was_done(m, s);
    else
      undo_again(m, s);
  } else if (word == MACHINE_DONE) {
    resume_checks(m, s);
    s->done = s->effect = true;
    s->check = s->plan->post.count; /* a word is not validated */
    resume_answered(m, s);
    step_go_on(m, s);
  } else {
    fail_nothing_done(m, s);
  }
}

/* Whether the ledger tells all of a step: its row is in the transaction. Of
 * rounds that committed one by one nobody need know which did: what they did
 * is not found again. */
static bool ledger_knows(const machine *m, const step *s) {
  if (s->plan->atomicity == PLAN_TRANSACTION &&
      (s->undoing ? s->plan->has_undo_batch : s->plan->has_batch))
    return true;
  return s->plan->atomicity == PLAN_TRANSACTION && m->plan->has_ledger &&
         (!s->undoing || (s->was_applied && m->ledger_tells));
}

void resume_ask(machine *m, size_t number, int on) {
  step *s = step_take(m, number, on);
  s->started_us = m->mono_us;
  value_restore(m, s);
  s->executed = true;
  s->fault = MACHINE_LOST;
  s->failed_in = s->undoing ? PHASE_UNDO : PHASE_RUN;
  s->why.text = UPK_STR("the run was cut off while it was under way");
  if (s->past->word != MACHINE_NO_WORD)
    believe(m, s, s->past->word);
  else if (ledger_knows(m, s) && s->undoing)
    undo_again(m, s);
  else if (ledger_knows(m, s))
    fail_nothing_done(m, s);
  else
    fail_find_out(m, s);
}
