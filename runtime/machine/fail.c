/* A step that went wrong: what was done, and what follows.
 *
 *   session lost ----> opened again ----+
 *   transaction open -> ROLLBACK -------+--> COMMIT was sent? ask the ledger
 *                                       |      there: applied
 *                                       |      not there: nothing was done;
 *                                       |      no ledger yet: likewise
 *                                       +--> a statement outside a transaction
 *                                       |    was sent? ask the probe
 *                                       |      done: validate
 *                                       |      partial: clean up
 *                                       |      not done: nothing was done
 *                                       +--> done, its validation or its row
 *                                       |    cut off? go on with that
 *                                       +--> validation failed? undo
 *                                       v
 *   nothing was done: a lock was in the way? wait for it (patience.c); its
 *   window closed? wait for the next; it is worth it? retry; else the end
 */
#include "machine/private.h"

enum {
  BACKOFF_FIRST_US = 200 * 1000,
  BACKOFF_MAX_US = 10 * 1000 * 1000,
  AGAIN_MAX = 3, /* a question that breaks each session must come to an end */
  LEDGER_ROWS_MAX = 100000, /* of one run */
};

upk_str fault_text(machine *m, const machine_fault *fault) {
  if (fault->code.data && fault->code.len)
    return command_text(m, "%.*s (%.*s, %.*s)", UPK_FMT(fault->message),
                        UPK_FMT(fault->class), UPK_FMT(fault->code));
  return command_text(m, "%.*s (%.*s)", UPK_FMT(fault->message),
                      UPK_FMT(fault->class));
}

void fail_doubt(machine *m, step *s, const char *why) {
  s->why.code = 3138;
  s->why.text =
      upk_arena_printf(s->arena, "%.*s; %s", UPK_FMT(s->why.text), why);
  s->effect = true;
  step_end(m, s, MACHINE_IN_DOUBT);
}

/* ---- nothing was done ---- */

static bool worth_again(const machine *m, const step *s) {
  bool transient =
      s->retry || s->fault == MACHINE_TRANSIENT || s->fault == MACHINE_LOST;
  return transient && !s->gave_up && !m->stop && !m->stopping &&
         !m->log_broken && m->shut != UPK_STALE && !m->config.dry_run &&
         (int64_t)s->tries <= s->plan->retries;
}

void fail_retry(machine *m, step *s) {
  int64_t us = BACKOFF_FIRST_US;
  for (unsigned i = 1; i < s->tries && us < BACKOFF_MAX_US; i++)
    us *= 2;
  us = machine_jitter(m, us < BACKOFF_MAX_US ? us : BACKOFF_MAX_US);
  s->state = MACHINE_RETRYING;
  s->phase = PHASE_BACKOFF;
  record r;
  record_init(&r, m, s, "step.retry", false);
  upk_json_put_int(r.obs_writer, "attempt", s->attempt);
  upk_json_put_int(r.obs_writer, "delay_us", us);
  if (s->partly)
    upk_json_put_string(r.obs_writer, "left", UPK_STR("partial"));
  record_end(&r, false, s->why.text);
  step_sleep(m, s, us);
}

/* An earlier process began it, and nothing of that is left: it waits for its
 * turn like any other. What committed by itself may have done a part of its
 * work that the probe does not see: "satisfied" does not skip it. */
static void again(machine *m, step *s) {
  s->had_begun = s->plan->atomicity != PLAN_TRANSACTION || s->plan->has_batch;
  s->partly = s->plan->has_batch;
  if (m->config.goal == MACHINE_ROLLBACK || m->stopping)
    step_end(m, s, MACHINE_CANCELLED);
  else
    step_put_back(m, s);
}

void fail_nothing_done(machine *m, step *s) {
  s->effect = false;
  resume_answered(m, s);
  again(m, s);
}

/* Rounds that were committed stay, and a new attempt goes on behind them. */
static bool may_repeat(const step *s) {
  return !s->effect || (s->partly && !s->done);
}

/* What is left of the step in the database is known: `effect`. */
static void settle(machine *m, step *s) {
  if (s->stopped) {
    step_end(m, s, MACHINE_CANCELLED);
    return;
  }
  if (resume_answered(m, s) && !s->effect) {
    again(m, s);
    return;
  }
  s->effect = s->effect || s->partly;
  bool validation = s->failed_in == PHASE_POST && s->executed && !s->effect;
  bool invalid = s->why.code == 3136; /* by itself that does not change */
  if (may_repeat(s) && (guard_again(m, s) || patience_again(m, s)))
    return;
  if (may_repeat(s) && !invalid && worth_again(m, s)) {
    s->had_begun = s->had_begun || s->partly;
    fail_retry(m, s);
  } else if (m->stop >= 2 && s->fault == MACHINE_BROKEN_OFF && may_repeat(s))
    step_end(m, s, MACHINE_CANCELLED);
  else if (may_repeat(s) && window_ended(m, s) &&
           (s->fault == MACHINE_BROKEN_OFF || s->why.code == 3222)) {
    bool begun = s->executed || s->partly;
    if (!begun)
      step_put_back(m, s); /* the next opening is as good */
    else if (!window_put_off(m, s))
      window_cancelled(m, s);
  } else
    step_end(m, s, validation ? MACHINE_UNDONE : MACHINE_FAILED);
}

/* ---- what was done? ---- */

static void ask_done(machine *m, step *s) {
  s->phase = PHASE_ASK_DONE;
  check_ask(m, s, &s->plan->probe_done);
}

static void ask_partial(machine *m, step *s) {
  if (!s->plan->has_partial && s->question) {
    s->effect = false; /* the probe is all there is, and it says no */
    settle(m, s);
    return;
  }
  if (!s->plan->has_partial) {
    /* The server refused statement n: those before it stand, and whatever a
     * program did before it failed. */
    bool program = s->statement < s->plan->run.count &&
                   s->plan->run.items[s->statement].query.exec;
    s->effect = s->statement > 0 || (program && !s->unstarted);
    settle(m, s);
    return;
  }
  s->phase = PHASE_ASK_PARTIAL;
  check_ask(m, s, &s->plan->probe_partial);
}

/* A statement outside a transaction was sent. When the server refused it, or
 * the probe said so, it was not done, whatever else may look so. A probe that
 * could not be asked said nothing. */
static void find_out(machine *m, step *s) {
  bool probed = s->failed_in == PHASE_PROBE;
  bool refused =
      probed ? s->fault == MACHINE_FINE
             : s->fault == MACHINE_ERROR || s->fault == MACHINE_TRANSIENT;
  if (refused && (s->plan->has_probe || s->statement == 0))
    ask_partial(m, s);
  else if (!s->plan->has_probe)
    fail_doubt(m, s, "it has no probe that could tell what was done");
  else
    ask_done(m, s);
}

void fail_find_out(machine *m, step *s) {
  s->state = MACHINE_FAILING;
  s->loose = true;
  if (!s->plan->has_probe)
    fail_doubt(m, s,
               s->undoing ? "it has no probe that could tell whether it "
                            "was undone"
                          : "it has no probe that could tell what was "
                            "done");
  else
    ask_done(m, s);
}

static void ask_ledger(machine *m, step *s) {
  s->phase = PHASE_ASK_LEDGER;
  step_query(m, s, &m->plan->ledger_applied, LEDGER_ROWS_MAX);
}

/* The probe says done; only its validation or the ledger's row was cut off. */
static bool may_go_on(step *s) {
  bool cut = s->fault == MACHINE_LOST || s->fault == MACHINE_TRANSIENT ||
             (s->fault == MACHINE_BROKEN_OFF && s->watched.cut != CUT_NONE);
  return s->done && cut && s->went_on++ < AGAIN_MAX;
}

/* Somebody's lock is in the way of a question or of the ledger's row. */
static bool waits_to_go_on(machine *m, step *s) {
  int64_t us = s->done && s->lock_fault ? patience_us(m, s) : 0;
  if (!us)
    return false;
  s->phase = PHASE_POST_WAIT;
  patience_wait(m, s, us);
  return true;
}

void fail_on_post_wait(machine *m, step *s) { step_go_on(m, s); }

/* The row of an undo is in its transaction. */
static bool ledger_can_tell_undo(const machine *m, const step *s) {
  return m->ledger_tells && m->plan->has_ledger && s->was_applied &&
         s->plan->atomicity == PLAN_TRANSACTION;
}

static bool ledger_tells_undo(const machine *m, const step *s) {
  return s->ledger_fresh && ledger_can_tell_undo(m, s);
}

/* An undo that ended early. A transaction that was not being committed is
 * gone with its session; a parameter nobody knows sends nothing. */
static void undo_cut_off(machine *m, step *s) {
  if (s->failed_in == PHASE_UNDO_COMMIT && !s->ledger_fresh &&
      ledger_can_tell_undo(m, s)) {
    ask_ledger(m, s);
    return;
  }
  if (ledger_tells_undo(m, s) && s->in_ledger == LEDGER_UNDONE) {
    undo_was_done(m, s);
    return;
  }
  if (ledger_tells_undo(m, s) && s->asked_again++ < AGAIN_MAX &&
      !m->log_broken && m->shut != UPK_STALE) {
    undo_again(m, s);
    return;
  }
  bool whole = s->plan->atomicity == PLAN_TRANSACTION;
  bool unsent = s->fault == MACHINE_FINE && s->statement == 0;
  s->effect = true;
  if ((whole || unsent) &&
      (s->failed_in != PHASE_UNDO_COMMIT || ledger_tells_undo(m, s)))
    step_end(m, s, MACHINE_FAILED);
  else
    fail_doubt(m, s, "its undo was cut off");
}

static void ledger_told(machine *m, step *s);

/* The session is good and no transaction is open. */
static void look(machine *m, step *s) {
  bool committing = s->failed_in == PHASE_COMMIT && s->fault != MACHINE_ERROR &&
                    s->fault != MACHINE_TRANSIENT;
  if (m->config.rehearse) {
    rehearse_settle(m, s);
  } else if (s->undoing) {
    undo_cut_off(m, s);
  } else if (committing && m->plan->has_ledger && s->ledger_fresh) {
    ledger_told(m, s);
  } else if (committing && m->plan->has_ledger) {
    ask_ledger(m, s);
  } else if (committing && !s->plan->has_probe) {
    fail_doubt(m, s,
               "whether it was committed is not known: there is no ledger");
  } else if (committing || (s->loose && !s->done)) {
    s->loose = true;
    find_out(m, s);
  } else if (waits_to_go_on(m, s)) {
    return;
  } else if (may_go_on(s)) {
    step_go_on(m, s);
  } else if (s->failed_in == PHASE_POST &&
             (s->done || (s->partly && s->why.code == 3136))) {
    undo_start(m, s);
  } else {
    s->effect = s->done || s->effect;
    settle(m, s);
  }
}

void fail_step(machine *m, step *s, int code, upk_str text) {
  const machine_event *event = m->event;
  bool reply = event->kind == MACHINE_REPLY;
  if (s->state == MACHINE_FAILING) { /* a question of this file's */
    fail_doubt(m, s, "what was done cannot be asked");
    return;
  }
  s->failed_in = s->phase;
  s->ledger_fresh = false;
  s->fault = reply ? event->fault.kind : MACHINE_FINE;
  s->unstarted = reply && event->fault.unstarted;
  s->lock_fault = patience_is_lock(m) || s->retry;
  s->why = (verdict){.code = code, .text = upk_arena_copy(s->arena, text)};
  if (reply && event->fault.hint.len)
    s->why.help = upk_arena_copy(s->arena, event->fault.hint);
  if (code == 3207)
    s->why.help = UPK_STR("make the plan again, and look at what it would do");
  guard_explain(m, s);
  disk_explain(m, s);
  rehearse_note(m, s);
  s->state = MACHINE_FAILING;
  s->phase = PHASE_NONE;
  if (s->fault == MACHINE_LOST) {
    s->begun = false;
    session_lost(m, s->session);
  } else if (s->begun) {
    step_ask(m, s, PHASE_ROLLBACK, MACHINE_UNDO_ALL);
  } else {
    look(m, s);
  }
}

void step_resume(machine *m, step *s) {
  if (s->question)
    fail_find_out(m, s);
  else
    look(m, s);
}

void fail_stopped(machine *m, step *s) {
  s->stopped = true;
  s->effect = s->partly;
  if (s->plan->atomicity == PLAN_TRANSACTION || !s->plan->has_partial) {
    step_end(m, s, MACHINE_CANCELLED);
    return;
  }
  s->state = MACHINE_FAILING; /* what it set up is cleaned up */
  ask_partial(m, s);
}

/* The session will not come back. */
void fail_gone(machine *m, step *s) {
  if (m->config.rehearse) {
    s->phase = PHASE_NONE;
    rehearse_leave(m, s, UPK_STR("the target cannot be reached any more"));
    return;
  }
  bool open =
      s->failed_in == PHASE_COMMIT || (s->loose && !s->done) || s->undoing;
  s->phase = PHASE_NONE;
  if (open) {
    s->unasked = true;
    s->why.help =
        UPK_STR("`upkeep resume` asks again once the target can be reached");
    fail_doubt(m, s, "the target cannot be reached to find out what was done");
    return;
  }
  s->effect = s->done || s->partly;
  step_end(m, s, MACHINE_FAILED);
}

void fail_on_rollback(machine *m, step *s) {
  s->begun = false;
  if (m->event->fault.kind == MACHINE_FINE) {
    look(m, s);
    return;
  }
  /* A session that cannot roll back is closed: the server does it then. */
  if (s->fault == MACHINE_FINE || s->fault == MACHINE_ERROR)
    s->fault = MACHINE_LOST;
  session_lost(m, s->session);
}

/* A question of this file failed: again on a new session when the old one was
 * lost, else nobody knows. */
static bool asked(machine *m, step *s, const char *what) {
  machine_fault_kind kind = m->event->fault.kind;
  if (m->event->kind != MACHINE_REPLY || kind == MACHINE_FINE)
    return true;
  if (kind == MACHINE_LOST && s->asked_again++ < AGAIN_MAX)
    session_lost(m, s->session);
  else if (guard_was_cut(m, s) && s->asked_again++ < AGAIN_MAX)
    look(m, s); /* the cancel came late, and met the question */
  else
    fail_doubt(m, s, what);
  return false;
}

/* The row is not there: the transaction was not committed. */
static void no_row(machine *m, step *s) {
  if (may_go_on(s)) {
    step_go_on(m, s);
    return;
  }
  s->effect = s->done;
  settle(m, s);
}

/* A step that makes the ledger has no ledger to ask when it was not
 * committed. */
static bool ask_present(machine *m, step *s) {
  const plan_query *present = &m->plan->ledger_present;
  if (m->event->fault.kind != MACHINE_ERROR || !present->sql.data)
    return false;
  s->phase = PHASE_ASK_PRESENT;
  step_query(m, s, present, 1);
  return true;
}

void fail_on_present(machine *m, step *s) {
  const machine_rows *rows = &m->event->rows;
  if (!asked(m, s, "the ledger cannot be looked for"))
    return;
  if (rows->count && rows->column_count && rows->values[0].type != PLAN_NULL &&
      rows->values[0].integer == 0)
    no_row(m, s);
  else
    fail_doubt(m, s, "the ledger cannot be asked whether it was committed");
}

/* COMMIT was sent, and the ledger was read since. */
static void ledger_told(machine *m, step *s) {
  if (s->undoing) {
    s->ledger_fresh = true;
    undo_cut_off(m, s);
    return;
  }
  if (s->in_ledger != LEDGER_APPLIED) {
    no_row(m, s);
    return;
  }
  s->why = (verdict){0};
  s->effect = s->was_applied = true;
  s->applied_order = ++m->applied_count;
  step_end(m, s, MACHINE_APPLIED);
}

void fail_on_ledger(machine *m, step *s) {
  const machine_rows *rows = &m->event->rows;
  if (ask_present(m, s))
    return;
  if (!asked(m, s, "the ledger cannot be asked whether it was committed"))
    return;
  if (rows->total > (int64_t)rows->count) {
    fail_doubt(m, s, "the ledger has more rows of the run than can be read");
    return;
  }
  ledger_take(m, rows);
  ledger_told(m, s);
}

/* The undo of a step: its probe says whether the step is still done. Without
 * one that knows halves, "not done" may be half of it. */
static void undo_probed(machine *m, step *s, check_answer answer) {
  if (answer == CHECK_HOLDS)
    undo_again(m, s);
  else if (s->plan->has_partial)
    ask_partial(m, s);
  else
    fail_doubt(m, s, "how much of it was undone is not known");
}

void fail_on_done(machine *m, step *s) {
  if (!asked(m, s, "the probe cannot be asked what was done"))
    return;
  check_answer answer = check_reply(m, s, &s->plan->probe_done);
  if (answer == CHECK_ASKING)
    return;
  if (s->undoing) {
    undo_probed(m, s, answer);
  } else if (answer == CHECK_HOLDS) {
    s->done = true;
    resume_answered(m, s);
    resume_statements(m, s);
    if (m->config.goal == MACHINE_ROLLBACK)
      undo_start(m, s);
    else
      step_post(m, s);
  } else {
    ask_partial(m, s);
  }
}

/* Nothing of it happens in a faultless run. */
static void record_cleanup(machine *m, step *s) {
  record r;
  record_init(&r, m, s, "step.statement", false);
  record_notices(r.obs_writer, m->event);
  upk_json_put_string(r.obs_writer, "part", UPK_STR("cleanup"));
  upk_json_put_int(r.obs_writer, "statement", (int64_t)s->statement + 1);
  record_end(&r, false, UPK_NO_STR);
}

static void clean_next(machine *m, step *s) {
  if (s->statement == s->plan->cleanup.count) {
    s->loose = false;
    s->effect = false;
    settle(m, s);
    return;
  }
  s->phase = PHASE_CLEANUP;
  step_query(m, s, &s->plan->cleanup.items[s->statement].query, 0);
}

void fail_on_partial(machine *m, step *s) {
  if (!asked(m, s, "the probe cannot be asked what is left of it"))
    return;
  check_answer answer = check_reply(m, s, &s->plan->probe_partial);
  if (answer == CHECK_ASKING)
    return;
  if (s->undoing && answer == CHECK_HOLDS) {
    fail_doubt(m, s, "its undo was cut off half way");
    return;
  }
  if (s->undoing) {
    undo_was_done(m, s);
    return;
  }
  if (answer == CHECK_HOLDS && s->plan->cleanup.count) {
    s->statement = 0;
    clean_next(m, s);
    return;
  }
  s->effect = answer == CHECK_HOLDS;
  settle(m, s);
}

/* What is cleaned up waits for locks and old readers too, and is broken off as
 * they do: again after a while. */
static bool clean_later(machine *m, step *s) {
  int64_t wait_us = patience_is_lock(m) ? patience_us(m, s) : 0;
  if (wait_us) {
    patience_wait(m, s, wait_us);
    return true;
  }
  int64_t delay_us = guard_was_cut(m, s) ? guard_delay_us(m, s) : 0;
  if (!delay_us || m->stop >= 2 || !guard_time_left(m, s, delay_us))
    return false;
  s->watched.cuts++;
  step_sleep(m, s, delay_us);
  return true;
}

void fail_on_cleanup(machine *m, step *s) {
  if (m->event->kind == MACHINE_TIMER) {
    clean_next(m, s);
    return;
  }
  if (clean_later(m, s))
    return;
  if (m->event->fault.kind == MACHINE_LOST && s->asked_again++ < AGAIN_MAX) {
    session_lost(m, s->session);
    return;
  }
  if (m->event->fault.kind != MACHINE_FINE) {
    s->effect = true;
    s->why.text = upk_arena_printf(
        s->arena, "%.*s; what is left of it cannot be cleaned up: %.*s",
        UPK_FMT(s->why.text), UPK_FMT(fault_text(m, &m->event->fault)));
    s->why.code = s->why.code ? s->why.code : 3135;
    step_end(m, s, MACHINE_FAILED);
    return;
  }
  record_cleanup(m, s);
  s->statement++;
  clean_next(m, s);
}
