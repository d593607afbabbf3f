/* A step that runs: its statements, its validation, the ledger and COMMIT.
 * step.c leads here once the intent is on disk. */
#include <string.h>

#include "machine/private.h"

/* ---- running ---- */

static void run_next(machine *m, step *s);

void step_on_intent(machine *m, step *s) {
  if (m->event->fault.kind != MACHINE_FINE || m->stop >= 2) {
    step_end(m, s, MACHINE_CANCELLED);
    return;
  }
  if (s->closed) {
    if (!window_put_off(m, s))
      window_cancelled(m, s);
    return;
  }
  s->executed = m->executed_any = true;
  s->state = MACHINE_RUNNING;
  run_next(m, s);
}

static void send_statement(machine *m, step *s) {
  const plan_statement *statement = &s->plan->run.items[s->statement];
  if (s->closed) {
    fail_step(m, s, 3222, UPK_STR("it was stopped between two statements"));
    return;
  }
  s->phase = s->begun ? PHASE_RUN : PHASE_LEAD;
  if (!s->begun)
    s->loose = true;
  step_query(m, s, &statement->query, statement->returns.data ? 1 : 0);
}

/* A step that ends with its window: the server must know how much is left, for
 * we may be dead by then. The next step sets its own limits anew: these may be
 * rolled back. */
static void send_limited(machine *m, step *s) {
  if (!step_limits_loose(m, s)) {
    send_statement(m, s);
    return;
  }
  step_limits(m, s);
  m->sessions[s->session].limited = false;
  s->phase = PHASE_RELIMIT;
}

void step_on_relimit(machine *m, step *s) {
  if (m->event->fault.kind == MACHINE_FINE) {
    send_statement(m, s);
    return;
  }
  fail_step(m, s, 3148,
            command_text(m, "the session's limits cannot be set: %.*s",
                         UPK_FMT(fault_text(m, &m->event->fault))));
}

static void run_done(machine *m, step *s) {
  if (s->plan->atomicity == PLAN_TRANSACTION) {
    step_post(m, s);
    return;
  }
  if (!s->plan->has_probe) { /* of a program: its exit code has to do */
    s->done = true;
    step_post(m, s);
    return;
  }
  s->phase = PHASE_PROBE;
  check_ask(m, s, &s->plan->probe_done);
}

static const plan_statement *batch_of(const step *s) {
  const plan_statements *run = &s->plan->run;
  return s->statement < run->count && run->items[s->statement].batch
             ? &run->items[s->statement]
             : NULL;
}

static void run_next(machine *m, step *s) {
  const plan_step *p = s->plan;
  if (batch_of(s) && s->begun) {
    s->partly = s->partly || s->changed;
    step_ask(m, s, PHASE_SEGMENT, MACHINE_COMMIT);
  } else if (batch_of(s))
    batch_start(m, s, batch_of(s), false);
  else if (p->atomicity == PLAN_TRANSACTION && !s->begun &&
           s->statement >= p->run_lead)
    step_ask(m, s, PHASE_BEGIN, MACHINE_BEGIN);
  else if (s->statement == p->run.count)
    run_done(m, s);
  else if (s->begun && !s->saved && p->run.items[s->statement].catch_count)
    step_sql(m, s, PHASE_SAVEPOINT, "savepoint upkeep");
  else
    send_limited(m, s);
}

static bool fine(machine *m, step *s, const char *what) {
  if (m->event->fault.kind == MACHINE_FINE)
    return true;
  fail_step(m, s, 3135,
            command_text(m, "%s failed: %.*s", what,
                         UPK_FMT(fault_text(m, &m->event->fault))));
  return false;
}

void step_went_on(machine *m, step *s) {
  s->statement++;
  run_next(m, s);
}

void step_on_segment(machine *m, step *s) {
  if (!fine(m, s, "commit"))
    return;
  s->begun = false;
  run_next(m, s);
}

void step_on_begin(machine *m, step *s) {
  if (!fine(m, s, "begin"))
    return;
  s->begun = true;
  s->changed = false;
  if (!m->config.rehearse || !rehearse_lead(m, s))
    run_next(m, s);
}

void step_run(machine *m, step *s) { run_next(m, s); }

void step_on_savepoint(machine *m, step *s) {
  if (!fine(m, s, "savepoint"))
    return;
  s->saved = true;
  send_limited(m, s);
}

void step_on_release(machine *m, step *s) {
  if (!fine(m, s, "releasing a savepoint"))
    return;
  s->saved = false;
  s->statement++;
  run_next(m, s);
}

static void add_text(upk_arena *arena, cells *values, const char *name,
                     upk_str text) {
  cell *c = UPK_PUSH(arena, values);
  c->name = upk_str_from(name);
  c->type = UPK_TYPE_TEXT;
  c->null = !text.data;
  c->text = text.data ? upk_arena_copy(arena, text) : text;
}

void step_returned(machine *m, upk_arena *arena, cells *ret_values) {
  const machine_event *event = m->event;
  bool wrong = event->fault.kind != MACHINE_FINE;
  add_text(arena, ret_values, "error",
           wrong ? event->fault.message : UPK_NO_STR);
  add_text(arena, ret_values, "sqlstate",
           wrong ? event->fault.code : UPK_NO_STR);
  cell *rows = UPK_PUSH(arena, ret_values);
  *rows = (cell){.name = UPK_STR("rows"), .type = UPK_TYPE_INT};
  rows->integer = event->rows.total > event->rows.affected
                      ? event->rows.total
                      : event->rows.affected;
  if (!wrong)
    cells_add_row(arena, ret_values, &event->rows, 0, NULL, 0);
}

/* Keeps what a statement returned under its name. */
void step_keep(machine *m, step *s, upk_str name) {
  if (!name.data)
    return;
  returned *kept = UPK_PUSH(s->arena, &s->returns);
  kept->name = name;
  step_returned(m, s->arena, &kept->values);
}

void step_record_statement(machine *m, step *s, const char *part,
                           const upk_str *caught) {
  upk_str kept = strcmp(part, "run") == 0
                     ? s->plan->run.items[s->statement].returns
                     : UPK_NO_STR;
  bool faultless = strcmp(part, "cleanup") != 0;
  record r;
  record_init(&r, m, s, "step.statement", faultless);
  upk_json_writer *w = faultless ? r.det_writer : r.obs_writer;
  /* No det: who takes the run over cannot know it. The savepoint took back what
   * there was of it, so nothing in the database tells. */
  if (caught)
    upk_json_put_string(r.obs_writer, "caught", *caught);
  record_notices(r.obs_writer, m->event);
  upk_json_put_string(w, "part", upk_str_from(part));
  if (kept.data)
    restore_keep(s, kept, r.obs_writer);
  if (m->event->rows.affected >= 0)
    upk_json_put_int(r.obs_writer, "rows", m->event->rows.affected);
  upk_json_put_int(w, "statement", (int64_t)s->statement + 1);
  record_end(&r, false, UPK_NO_STR);
}

/* VACUUM and ANALYZE say so, and succeed, when they skip what is not ours. */
static void keep_warning(step *s, const machine_event *event) {
  for (size_t i = 0; i < event->notice_count; i++)
    if (upk_str_is(event->notices[i].severity, "WARNING"))
      s->warned = upk_arena_printf(s->arena, "%.*s (%.*s)",
                                   UPK_FMT(event->notices[i].message),
                                   UPK_FMT(event->notices[i].code));
}

static bool is_caught(const machine_event *event,
                      const plan_statement *statement) {
  for (size_t i = 0; i < statement->catch_count; i++)
    if (event->fault.code.data &&
        upk_str_equal(event->fault.code, statement->catches[i]))
      return event->fault.kind != MACHINE_LOST;
  return false;
}

/* A marker must never commit alone: a transaction that ended by itself is
 * found out here. */
static bool still_begun(machine *m, step *s) {
  if (!s->begun || m->event->in_transaction)
    return true;
  s->begun = false;
  s->loose = m->event->fault.kind == MACHINE_FINE;
  fail_step(m, s, m->config.rehearse && s->loose ? 3292 : 3135,
            command_text(m,
                         "statement %zu ended the transaction that it "
                         "stands in",
                         s->statement + 1));
  return false;
}

void step_on_statement(machine *m, step *s) {
  const plan_statement *statement = &s->plan->run.items[s->statement];
  bool wrong = m->event->fault.kind != MACHINE_FINE;
  exec_record(m, s, statement);
  if (wrong && !is_caught(m->event, statement)) {
    fail_step(m, s, 3135,
              command_text(m, "statement %zu failed: %.*s", s->statement + 1,
                           UPK_FMT(fault_text(m, &m->event->fault))));
    return;
  }
  if (!still_begun(m, s))
    return;
  step_keep(m, s, statement->returns);
  keep_warning(s, m->event);
  if (m->event->rows.column_count == 0 || m->event->rows.affected >= 0)
    s->changed = true;
  step_record_statement(m, s, "run", wrong ? &m->event->fault.code : NULL);
  if (s->saved) {
    step_sql(m, s, PHASE_RELEASE,
             wrong ? "rollback to savepoint upkeep"
                   : "release savepoint upkeep");
    return;
  }
  s->statement++;
  run_next(m, s);
}

void step_on_probe(machine *m, step *s) {
  check_answer answer = check_reply(m, s, &s->plan->probe_done);
  if (answer == CHECK_ASKING)
    return;
  if (answer == CHECK_HOLDS) {
    s->done = true;
    step_post(m, s);
  } else if (answer == CHECK_ERROR) {
    fail_step(m, s, 3143,
              command_text(m, "the probe cannot be asked: %.*s",
                           UPK_FMT(fault_text(m, &m->event->fault))));
  } else {
    fail_step(m, s, 3143,
              command_text(m,
                           "the statements ran, and the probe says it is "
                           "not done: %.*s%s%.*s",
                           UPK_FMT(s->seen),
                           s->warned.len ? "; the server warned: " : "",
                           UPK_FMT(s->warned)));
  }
}

/* ---- validating ---- */

static void ask_post(machine *m, step *s) {
  if (s->check < s->plan->post.count) {
    s->phase = PHASE_POST;
    check_ask(m, s, &s->plan->post.items[s->check]);
  } else {
    step_ledger(m, s);
  }
}

void step_go_on(machine *m, step *s) {
  s->state = MACHINE_VALIDATING;
  s->why = (verdict){0};
  ask_post(m, s);
}

void step_post(machine *m, step *s) {
  s->check = 0;
  step_go_on(m, s);
}

void step_on_post(machine *m, step *s) {
  const plan_check *check = &s->plan->post.items[s->check];
  check_answer answer = check_reply(m, s, check);
  if (answer == CHECK_ASKING)
    return;
  if (answer == CHECK_ERROR) {
    fail_step(m, s, 3145,
              command_text(m, "post-check `%.*s` cannot be asked: %.*s",
                           UPK_FMT(check->name),
                           UPK_FMT(fault_text(m, &m->event->fault))));
    return;
  }
  step_record_check(m, s, check, "post", answer == CHECK_HOLDS);
  if (answer == CHECK_FAILS) {
    fail_step(m, s, 3136,
              command_text(m, "post-check `%.*s` does not hold: %.*s",
                           UPK_FMT(check->name), UPK_FMT(s->seen)));
    return;
  }
  s->check++;
  ask_post(m, s);
}

/* ---- the ledger, COMMIT ---- */

static void finish(machine *m, step *s) {
  s->begun = false;
  s->effect = s->was_applied = true;
  s->applied_order = ++m->applied_count;
  step_end(m, s, MACHINE_APPLIED);
}

static void insert_row(machine *m, step *s) {
  s->phase = PHASE_LEDGER;
  step_query(m, s, &m->plan->ledger_insert, 0);
}

void step_ledger(machine *m, step *s) {
  if (m->config.rehearse)
    rehearse_finish(m, s);
  else if (!m->plan->has_ledger && !s->begun)
    finish(m, s);
  else if (!m->plan->has_ledger)
    step_ask(m, s, PHASE_COMMIT, MACHINE_COMMIT);
  else if (s->begun)
    insert_row(m, s);
  else
    step_ask(m, s, PHASE_LEDGER_BEGIN, MACHINE_BEGIN);
}

static bool ledger_fine(machine *m, step *s) {
  if (m->event->fault.kind == MACHINE_FINE)
    return true;
  fail_step(m, s, 3144,
            command_text(m, "the ledger's row cannot be written: %.*s",
                         UPK_FMT(fault_text(m, &m->event->fault))));
  return false;
}

void step_on_ledger_begin(machine *m, step *s) {
  if (!ledger_fine(m, s))
    return;
  s->begun = true;
  insert_row(m, s);
}

upk_str ledger_no_row(void) {
  return UPK_STR("the ledger took no row: another run has taken the target "
                 "over (its lease says which), or a rule or trigger is in the "
                 "way");
}

/* A rule or a trigger on the ledger can swallow the row without an error. */
static bool row_is_there(machine *m, step *s) {
  if (m->event->rows.affected != 0)
    return true;
  fail_step(m, s, 3144, ledger_no_row());
  return false;
}

void step_on_ledger(machine *m, step *s) {
  if (ledger_fine(m, s) && row_is_there(m, s) && still_begun(m, s))
    step_ask(m, s, PHASE_COMMIT, MACHINE_COMMIT);
}

void step_on_commit(machine *m, step *s) {
  if (m->event->fault.kind == MACHINE_FINE) {
    finish(m, s);
    return;
  }
  fail_step(m, s, 3135,
            command_text(m, "commit failed: %.*s",
                         UPK_FMT(fault_text(m, &m->event->fault))));
}
