/* The life of a step up to its intent, and its end. run.c has what is between,
 * fail.c what goes wrong. */
#include <string.h>

#include "machine/private.h"

enum {
  DAY_MS = 24 * 60 * 60 * 1000,
  GRACE_MS = 2000, /* the server's own timeout comes first */
};

void phase_none(machine *m, step *s) {
  (void)m;
  (void)s;
}

/* ---- asking ---- */

static int64_t statement_ms(const machine *m, const step *s) {
  const plan_step *p = s->plan;
  int64_t left = window_left_ms(m, s);
  int64_t ms = p->statement_ms ? p->statement_ms : p->max_ms;
  if (p->max_ms && p->max_ms < ms)
    ms = p->max_ms;
  ms = ms ? ms : DAY_MS;
  return left < ms ? left : ms;
}

/* What is left for one statement: its own limit and the step's. Asking what
 * was done, cleaning up and undoing have a time of their own. */
static int64_t deadline_of(const machine *m, const step *s) {
  int64_t ms = statement_ms(m, s);
  if (s->plan->max_ms && !s->undoing && s->state != MACHINE_FAILING) {
    int64_t left = s->plan->max_ms - (m->mono_us - s->started_us) / 1000;
    ms = left < 1 ? 1 : left < ms ? left : ms;
  }
  return ms + GRACE_MS;
}

void step_ask(machine *m, step *s, phase next, machine_command_kind kind) {
  machine_command *command = session_ask(m, s->session, kind);
  s->phase = next;
  command->deadline_ms =
      kind == MACHINE_UNDO_ALL ? STEP_ROLLBACK_MS : STEP_COMMIT_MS;
}

bool step_sql(machine *m, step *s, phase next, const char *sql) {
  plan_query query = {.sql = upk_str_from(sql)};
  s->phase = next;
  return step_query(m, s, &query, 0);
}

bool step_query(machine *m, step *s, const plan_query *query, size_t rows_max) {
  size_t count =
      query->param_count + (query->file ? query->file->with_count : 0);
  plan_value *params = UPK_NEW_ARRAY(m->out, plan_value, count + 1);
  upk_arena_reset(m->scratch);
  for (size_t i = 0; i < count; i++) {
    if (!value_resolve(m, s, &query->params[i], &params[i])) {
      fail_step(m, s, 3145,
                command_text(m, "a parameter wants `%.*s`, which is not known",
                             UPK_FMT(query->params[i].from)));
      return false;
    }
    if (params[i].type == PLAN_TEXT)
      params[i].text = upk_arena_copy(m->out, params[i].text);
  }
  if (query->exec) {
    exec_ask(m, s, query->exec, params, query->param_count, deadline_of(m, s));
    return true;
  }
  machine_command *command = session_ask(m, s->session, MACHINE_QUERY);
  command->sql = query->sql;
  command->params = params;
  command->param_count = query->param_count;
  command->file = query->file;
  command->rows_max = rows_max;
  command->deadline_ms = deadline_of(m, s);
  return true;
}

void step_sleep(machine *m, step *s, int64_t us) {
  machine_command *command = session_ask(m, s->session, MACHINE_SLEEP);
  command->delay_us = us;
}

static bool same_settings(const session *se, const plan_step *p) {
  bool same = se->setting_count == p->setting_count;
  for (size_t i = 0; same && i < p->setting_count; i++)
    same = upk_str_equal(se->settings[i].name, p->settings[i].name) &&
           upk_str_equal(se->settings[i].value, p->settings[i].value);
  return same;
}

bool step_limits(machine *m, step *s) {
  session *se = &m->sessions[s->session];
  int64_t ms = statement_ms(m, s);
  if (se->limited && se->lock_ms == s->plan->lock_ms &&
      se->statement_ms == ms && same_settings(se, s->plan))
    return true;
  machine_command *command = session_ask(m, s->session, MACHINE_LIMITS);
  command->lock_ms = se->lock_ms = s->plan->lock_ms;
  command->statement_ms = se->statement_ms = ms;
  command->settings = se->settings = s->plan->settings;
  command->setting_count = se->setting_count = s->plan->setting_count;
  command->read_only = m->config.dry_run;
  se->limited = true;
  return false;
}

bool step_limits_loose(const machine *m, const step *s) {
  enum { SLACK_MS = 1000 };
  const session *se = &m->sessions[s->session];
  return s->plan->cancel_at_end && se->limited &&
         se->statement_ms > statement_ms(m, s) + SLACK_MS;
}

/* ---- pending -> checking ---- */

static void ask_pre(machine *m, step *s);

step *step_take(machine *m, size_t number, int on) {
  step *s = &m->steps[number];
  schedule_take(m, number);
  m->active++;
  m->sessions[on].state = SESSION_BUSY;
  m->sessions[on].step = (int)number;
  s->session = on;
  if (!s->arena)
    s->arena = upk_arena_new(NULL);
  return s;
}

void step_start(machine *m, size_t number, int on) {
  step *s = step_take(m, number, on);
  if (!s->watched.cuts && !s->lock_waits) /* else its time goes on */
    s->started_us = m->mono_us;
  watch_look(m, false);
  window_arm(m, s);
  step_again(m, s);
}

void step_again(machine *m, step *s) {
  batch_free(s);
  if (s->had_begun && s->plan->has_batch)
    s->partly = true;
  upk_arena_reset(s->arena);
  s->attempt++;
  s->tries++;
  s->state = MACHINE_CHECKING;
  s->started_at_us = machine_server_us(m);
  s->check = s->statement = 0;
  s->executed = s->effect = s->begun = s->saved = false;
  s->loose = s->done = s->retry = s->gave_up = false;
  s->before = s->row = (cells){0};
  s->returns.items = NULL;
  s->returns.len = s->returns.cap = 0;
  s->rehearsal.lead = NULL;
  s->rehearsal.lead_count = s->rehearsal.lead_at = 0;
  s->rehearsal.missing = 0;
  s->why = (verdict){0};
  s->fault = MACHINE_FINE;
  s->seen = s->warned = UPK_NO_STR;
  s->watched.cut = CUT_NONE;
  s->watched.phase = s->watched.holder = UPK_NO_STR;
  s->watched.cancel_wanted = false;
  record_rewind(s);
  s->phase = PHASE_LIMITS;
  if (step_limits(m, s))
    ask_pre(m, s);
}

void step_on_limits(machine *m, step *s) {
  session *se = &m->sessions[s->session];
  if (m->event->fault.kind == MACHINE_FINE) {
    session_note_host(se, m->event->holder);
    ask_pre(m, s);
    return;
  }
  se->limited = false;
  fail_step(m, s, 3148,
            command_text(m, "the session's limits cannot be set: %.*s",
                         UPK_FMT(fault_text(m, &m->event->fault))));
}

/* ---- checking -> running ---- */

/* One that does not hold may hold in a later attempt: it is no det. */
void step_record_check(machine *m, step *s, const plan_check *check,
                       const char *part, bool holds) {
  record r;
  record_init(&r, m, s, "step.check", holds);
  upk_json_writer *w = holds ? r.det_writer : r.obs_writer;
  upk_json_put_string(w, "check", check->name);
  upk_json_put_bool(w, "holds", holds);
  upk_json_put_string(w, "part", upk_str_from(part));
  if (holds && strcmp(part, "post") == 0) {
    upk_json_key(r.obs_writer, "after");
    record_cells(r.obs_writer, &s->row);
  }
  if (!holds)
    upk_json_put_string(r.obs_writer, "seen", s->seen);
  record_end(&r, false, UPK_NO_STR);
}

/* The intent, with what the pre-checks saw: on disk before anything else. */
static void log_intent(machine *m, step *s) {
  record r;
  record_init(&r, m, s, "step.begin", true);
  upk_json_put_string(r.det_writer, "action", s->plan->action);
  upk_json_put_string(r.det_writer, "digest",
                      upk_digest_view(&s->plan->digest));
  upk_json_put_int(r.obs_writer, "attempt", s->attempt);
  upk_json_key(r.obs_writer, "before");
  record_cells(r.obs_writer, &s->before);
  const session *se = &m->sessions[s->session];
  if (se->host_len)
    upk_json_put_string(r.obs_writer, "host",
                        (upk_str){se->host, se->host_len});
  upk_json_put_string(r.obs_writer, "session", se->name);
  upk_json_put_int(r.obs_writer, "started_at", s->started_at_us);
  s->phase = PHASE_INTENT;
  record_await(&r, true, UPK_NO_STR);
}

static void ask_pre(machine *m, step *s) {
  const plan_checks *pre = &s->plan->pre;
  if (s->check < pre->count) {
    s->phase = PHASE_PRE;
    check_ask(m, s, &pre->items[s->check]);
  } else if (m->config.dry_run) {
    step_end(m, s, MACHINE_READY);
  } else if (m->config.rehearse && rehearse_refusal(m, s).data) {
    rehearse_leave(m, s, rehearse_refusal(m, s));
  } else if (m->stop || m->log_broken) {
    step_end(m, s, MACHINE_CANCELLED);
  } else if (s->closed || !window_has_room(m, s)) {
    step_put_back(m, s); /* the pre-checks took too long: its gates say more */
  } else if (disk_room(m, s)) {
    log_intent(m, s);
  }
}

/* "Satisfied" may be what an earlier process left of this very step (a vacuum
 * that was cut off resets counters): it is done again. So may "unknown", of a
 * batch that has treated rows: an estimate is none until they are analysed. */
static bool own_work(const step *s, const plan_check *check) {
  return check->otherwise == PLAN_SKIP && s->had_begun && s->rows > 0 &&
         (!s->unknown || s->partly);
}

/* Another object behind the same name; one that is gone is skipped. */
static void drifted(machine *m, step *s) {
  if (s->rows == 0 && !s->partly) {
    step_skip(m, s);
    return;
  }
  m->drifted = true;
  fail_step(m, s, 3207,
            command_text(m,
                         "%.*s `%.*s` is not what it was when the plan was "
                         "made: %.*s",
                         UPK_FMT(s->plan->kind), UPK_FMT(s->plan->object),
                         UPK_FMT(s->seen)));
}

static void pre_failed(machine *m, step *s, const plan_check *check) {
  /* A batch that has treated rows is not skipped. */
  if (check->otherwise == PLAN_SKIP && !s->partly) {
    step_skip(m, s);
    return;
  }
  if (check->otherwise == PLAN_DRIFT) {
    drifted(m, s);
    return;
  }
  s->retry = check->otherwise == PLAN_RETRY;
  fail_step(m, s, 3134,
            command_text(m, "pre-check `%.*s` does not hold: %.*s",
                         UPK_FMT(check->name), UPK_FMT(s->seen)));
}

/* In a dry run, or a rehearsal, a check may speak of what an earlier step would
 * have made. */
static bool waits_for_another(machine *m, step *s, const plan_check *check) {
  bool apart = m->config.dry_run || m->config.rehearse;
  uint32_t before = apart && m->event->fault.kind == MACHINE_ERROR
                        ? schedule_before(m, s)
                        : 0;
  if (before)
    s->why.text = upk_arena_printf(
        s->arena, "%s after step %u; check `%.*s` cannot be asked before",
        m->config.rehearse ? "it comes" : "would be executed", before,
        UPK_FMT(check->name));
  return before != 0;
}

void step_on_pre(machine *m, step *s) {
  const plan_check *check = &s->plan->pre.items[s->check];
  check_answer answer = check_reply(m, s, check);
  if (answer == CHECK_ASKING)
    return;
  if (answer == CHECK_ERROR && waits_for_another(m, s, check)) {
    step_end(m, s, MACHINE_READY);
    return;
  }
  if (answer == CHECK_ERROR) {
    fail_step(m, s, 3145,
              command_text(m, "pre-check `%.*s` cannot be asked: %.*s",
                           UPK_FMT(check->name),
                           UPK_FMT(fault_text(m, &m->event->fault))));
    return;
  }
  bool own = answer == CHECK_FAILS && own_work(s, check);
  step_record_check(m, s, check, "pre", answer == CHECK_HOLDS || own);
  if (answer == CHECK_FAILS && !own) {
    pre_failed(m, s, check);
    return;
  }
  check_keep(m, s);
  s->check++;
  ask_pre(m, s);
}

/* ---- the end ---- */

void step_skip(machine *m, step *s) {
  static const struct {
    const char *reason, *words;
  } skips[] = {{"satisfied", "satisfied already"},
               {"unknown", "unknown"},
               {"gone", "gone"}};
  record r;
  size_t skip = s->rows == 0 ? 2 : s->unknown ? 1 : 0;
  s->state = MACHINE_SKIPPED;
  record_init(&r, m, s, "step.skip", true);
  upk_json_put_string(r.det_writer, "reason", upk_str_from(skips[skip].reason));
  upk_json_put_string(r.obs_writer, "seen", s->seen);
  s->phase = PHASE_OUTCOME;
  record_await(
      &r, false,
      command_text(m, "%s: %.*s", skips[skip].words, UPK_FMT(s->seen)));
}

void step_end(machine *m, step *s, machine_state state) {
  record r;
  s->state = state;
  s->waits_for = NULL;
  resume_answered(m, s);
  record_init(&r, m, s, "step.end", true);
  upk_json_put_int(r.obs_writer, "attempts", s->attempt);
  if (m->plan->guard_sql.data)
    upk_json_put_int(r.obs_writer, "blocked_ms", s->watched.blocked_us / 1000);
  upk_json_put_int(r.obs_writer, "elapsed_us", m->mono_us - s->started_us);
  record_outcome(&r);
  s->phase = PHASE_OUTCOME;
  upk_str why = s->why.text.data         ? s->why.text
                : state == MACHINE_READY ? UPK_STR("would be executed")
                                         : UPK_STR("");
  if (s->why.code)
    machine_report(m, s->why.code,
                   command_text(m, "step `%.*s` %s: %.*s", UPK_FMT(s->plan->id),
                                state == MACHINE_IN_DOUBT
                                    ? "is in doubt"
                                    : machine_state_name(state),
                                UPK_FMT(why)),
                   s->plan->undo_why.len && state == MACHINE_FAILED && s->effect
                       ? upk_arena_printf(m->out, "It was not undone: %.*s",
                                          UPK_FMT(s->plan->undo_why))
                             .data
                       : s->why.help.data);
  /* That it was applied the ledger says as well: it is read before the log is
   * believed. Its session need not wait for the disk. */
  r.soon = state == MACHINE_APPLIED && m->plan->has_ledger;
  record_await(&r, true, why);
}

void step_cancel(machine *m, step *s) {
  record r;
  s->state = MACHINE_CANCELLED;
  s->waits_for = NULL;
  if (!s->attempt)
    return;
  record_init(&r, m, s, "step.end", true);
  record_outcome(&r);
  record_end(&r, false, UPK_STR(""));
}

/* What a failed step means for the others. */
static void spread_failure(machine *m, step *s) {
  bool failed = s->state == MACHINE_FAILED || s->state == MACHINE_UNDONE;
  if (s->state == MACHINE_IN_DOUBT)
    m->stopping = true;
  if (m->config.goal == MACHINE_ROLLBACK) {
    m->stopping |= s->state == MACHINE_FAILED; /* what it stands on stays */
    return;
  }
  if (!failed || s->was_applied || m->config.dry_run || m->config.rehearse)
    return;
  if (s->plan->on_failure == PLAN_STOP)
    m->stopping = true;
  if (s->plan->on_failure == PLAN_ROLLBACK &&
      s->plan->policy != PLAN_NO_POLICY) {
    m->policy_given_up[s->plan->policy] = true;
    schedule_cancel(m, s->plan->policy, "their policy is given up");
  }
}

/* The values of a step that may be undone later are needed until then. */
static void free_values(step *s) {
  if (s->state == MACHINE_APPLIED && s->plan->can_undo &&
      s->plan->on_failure == PLAN_ROLLBACK)
    return;
  batch_free(s);
  upk_arena_free(s->arena);
  s->arena = NULL;
  s->before = s->row = (cells){0};
  s->returns.items = NULL;
  s->returns.len = 0;
  s->why.text = s->seen = s->warned = UPK_NO_STR;
}

void step_put_back(machine *m, step *s) {
  int on = s->session;
  batch_free(s);
  s->session = NO_SESSION;
  s->phase = PHASE_NONE;
  s->state = MACHINE_PENDING;
  s->closed = false;
  s->window_timer = 0;
  m->active--;
  session_free(m, on);
  schedule_put_back(m, (size_t)(s - m->steps));
  upk_arena_free(s->arena);
  s->arena = NULL;
  s->before = s->row = (cells){0};
  s->returns.items = NULL;
  s->returns.len = s->returns.cap = 0;
  s->why = (verdict){0};
  s->seen = UPK_NO_STR;
  machine_advance(m);
}

void step_on_outcome(machine *m, step *s) {
  size_t number = (size_t)(s - m->steps);
  int on = s->session;
  s->session = NO_SESSION;
  s->phase = PHASE_NONE;
  m->active--;
  session_free(m, on);
  schedule_done(m, number);
  if (!s->released) {
    s->released = true;
    schedule_release(m, number);
  }
  spread_failure(m, s);
  free_values(s);
  machine_advance(m);
}

void step_on_backoff(machine *m, step *s) {
  gate_reason why;
  if (m->stop || m->log_broken) {
    step_end(m, s, MACHINE_CANCELLED);
    return;
  }
  switch (gate_ask(m, s, GATE_START, &why)) {
  case GATE_OPEN:
    step_again(m, s);
    break;
  case GATE_WAIT:
    gate_say(m, s, &why);
    step_sleep(m, s, gate_pause_us(m, &why));
    break;
  case GATE_SHUT:
    s->why.code = 0;
    s->why.text = upk_arena_copy(s->arena, why.text);
    step_end(m, s, MACHINE_CANCELLED);
    break;
  }
}
