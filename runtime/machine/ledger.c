/* What a session asks the ledger before it is good: whether it is there,
 * whether another run has used the plan, the run's own rows, the lease. */
#include "machine/private.h"

enum {
  LEDGER_ROWS_MAX = 1,
  RUN_ROWS_MAX = 100000, /* rows of one run */
};

static void ask_runs(machine *m, int number);
static void ask_rows(machine *m, int number);
static void on_no_ledger(machine *m, int number);

static bool takes_over(const machine *m, int number) {
  return m->phase != RUN_OPENING || number != 0 || m->config.past;
}

void ledger_ask(machine *m, int number) {
  const plan *p = m->plan;
  bool first = number == 0 && m->phase == RUN_OPENING;
  m->sessions[number].lock_until_us = 0;
  if (!p->has_ledger || (!first && !m->sessions[number].was_good)) {
    session_good(m, number);
  } else if (p->ledger_present.sql.data) {
    session_sql(m, number, SESSION_PRESENT, p->ledger_present.sql);
  } else {
    m->ledger_there = true;
    ask_runs(m, number);
  }
}

static void ask_query(machine *m, int number, session_state state,
                      const plan_query *query, size_t rows_max) {
  plan_value *params =
      UPK_NEW_ARRAY(m->out, plan_value, query->param_count + 1);
  for (size_t i = 0; i < query->param_count; i++)
    if (!value_resolve(m, NULL, &query->params[i], &params[i])) {
      machine_refuse(m, UPK_STALE, 3144,
                     UPK_STR("the ledger's query asks for what is not known"),
                     "make the plan again with `upkeep plan`");
      return;
    }
  session_sql(m, number, state, query->sql);
  machine_command *command = &m->commands.items[m->commands.len - 1];
  command->params = params;
  command->param_count = query->param_count;
  command->rows_max = rows_max;
}

bool session_wants_lease(const machine *m) {
  return !m->leased && m->ledger_there && m->plan->lease_take.sql.data &&
         !m->config.dry_run && !m->config.rehearse && m->shut == UPK_OK;
}

bool session_take_lease(machine *m) {
  if (!session_wants_lease(m) || m->sessions[0].state != SESSION_FREE)
    return false;
  ask_query(m, 0, SESSION_TAKING, &m->plan->lease_take, 0);
  return true;
}

void ledger_on_lease(machine *m, int number) {
  m->leased = true;
  m->sessions[number].state = SESSION_FREE;
  machine_advance(m);
}

/* The role may not write it, or the server writes nothing any more: no step
 * could have its row. */
void ledger_on_no_lease(machine *m, int number, upk_str text) {
  machine_report(m, 3170, text,
                 "make the plan again with `upkeep plan`, by a role that may "
                 "write the ledger");
  m->shut = UPK_PRECHECK;
  m->sessions[number].state = SESSION_FREE;
  machine_advance(m);
}

/* First of all whether another run has used the plan; also when a session was
 * lost: the lock was nobody's meanwhile. */
static void ask_runs(machine *m, int number) {
  ask_query(m, number, SESSION_RUNS, &m->plan->ledger_runs, LEDGER_ROWS_MAX);
}

static void ask_rows(machine *m, int number) {
  m->sessions[number].known = m->applied_count;
  ask_query(m, number, SESSION_ROWS, &m->plan->ledger_applied, RUN_ROWS_MAX);
}

static bool is_true(const machine_rows *rows) {
  return rows->count && rows->column_count && rows->values[0].integer != 0 &&
         rows->values[0].type != PLAN_NULL;
}

void ledger_on_present(machine *m, int number) {
  m->ledger_there = is_true(&m->event->rows);
  if (m->ledger_there)
    ask_runs(m, number);
  else if (takes_over(m, number))
    on_no_ledger(m, number);
  else
    session_good(m, number);
}

/* Log and ledger do not agree: a failover or a restored copy lost rows, or
 * somebody took the end of the log away. */
static void diverged(machine *m, int number, upk_str text) {
  static const char help[] =
      "The target is not where the log left it: compare both, then make a new "
      "plan.";
  if (m->phase == RUN_OPENING) {
    machine_refuse(m, UPK_STALE, 3200, text, help);
    return;
  }
  if (m->shut != UPK_STALE)
    machine_report(m, 3200, text, help);
  m->shut = UPK_STALE;
  session_good(m, number);
}

static void judge(machine *m, int number, const machine_rows *rows) {
  session *se = &m->sessions[number];
  ledger_take(m, rows);
  if (se->step != NO_STEP)
    m->steps[se->step].ledger_fresh = true;
  upk_str text = ledger_judge(m, se->known);
  if (text.data)
    diverged(m, number, text);
  else
    session_good(m, number);
}

/* The ledger is not there: so it has no rows. */
static void on_no_ledger(machine *m, int number) {
  static const machine_rows none = {.total = 0};
  m->sessions[number].known = m->applied_count;
  judge(m, number, &none);
}

void ledger_on_rows(machine *m, int number) {
  const machine_rows *rows = &m->event->rows;
  if (rows->total > (int64_t)rows->count)
    session_failed(
        m, number, UPK_ERROR, 3148,
        UPK_STR("the ledger has more rows of the run than can be read"),
        "look for rows in the ledger that no step wrote");
  else
    judge(m, number, rows);
}

static void go_on(machine *m, int number) {
  if (takes_over(m, number))
    ask_rows(m, number);
  else
    session_good(m, number);
}

static bool holds(upk_str words, upk_str word) {
  upk_str rest = words;
  while (rest.data)
    if (upk_str_equal(upk_str_split(rest, ' ', &rest), word))
      return true;
  return false;
}

/* Rows are run and the approvals it relied on, each run once. */
void ledger_on_uses(machine *m, int number) {
  const machine_rows *rows = &m->event->rows;
  for (size_t i = 0; i < m->config.approval_count; i++) {
    const machine_approval *approval = &m->config.approvals[i];
    int64_t uses = 0;
    upk_str run = UPK_NO_STR;
    for (size_t row = 0; rows->column_count >= 2 && row < rows->count; row++) {
      const plan_value *values = &rows->values[row * rows->column_count];
      if (values[1].type != PLAN_TEXT || !holds(values[1].text, approval->id))
        continue;
      uses++;
      run = identity_text(m, &values[0]);
    }
    if (uses < approval->max_uses)
      continue;
    machine_refuse(m, UPK_UNAPPROVED, 3321,
                   command_text(m, "approval %.12s was used already, in run %s",
                                approval->id.data, identity_shown(m, run)),
                   "let the reviewers approve the plan anew: `upkeep approve`");
    return;
  }
  go_on(m, number);
}

/* Another run has used the plan: before this one began, or while a session of
 * this one was lost and its slot of the lock free. */
static void used_by(machine *m, int number, upk_str run) {
  static const char help[] =
      "a plan is used once: make a new one with `upkeep plan`";
  upk_str text = command_text(m, "the plan was applied already, in run %s",
                              identity_shown(m, run));
  if (m->phase == RUN_OPENING) {
    machine_refuse(m, UPK_STALE, 3133, text, help);
    return;
  }
  if (m->shut != UPK_STALE)
    machine_report(m, 3133, text, help);
  m->shut = UPK_STALE;
  ask_rows(m, number);
}

void ledger_on_runs(machine *m, int number) {
  const machine_rows *rows = &m->event->rows;
  upk_str run = rows->count ? identity_text(m, &rows->values[0]) : UPK_NO_STR;
  /* Plans of before 0.3 do not leave this run out. */
  bool ours = run.data && upk_str_equal(run, m->config.run);
  if (rows->total && !ours)
    used_by(m, number, run);
  else if (m->phase == RUN_OPENING && number == 0 && m->config.approval_count &&
           m->plan->ledger_uses.sql.data)
    ask_query(m, number, SESSION_USES, &m->plan->ledger_uses, RUN_ROWS_MAX);
  else
    go_on(m, number);
}
