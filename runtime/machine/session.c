/* Sessions: opened, set up, proved to be the plan's target, locked; and opened
 * again when they were lost.
 *
 *   closed -> opening -> setup -> identity -> locking -> [present -> runs|rows]
 *     ^                                       |     ^               |
 *     |                        [evicting] -> polling              v
 *     +-- waiting <- lost in any state <---------- busy <-> free <--+
 *
 * runs: whether the plan was used; of a run that begins. rows: what the ledger
 * has of this run; of one that is taken over, and after every loss, for a
 * failover can have lost rows.
 */
#include <string.h>

#include "machine/private.h"

enum {
  SETUP_MS = 30 * 1000,
  REOPENS_MAX = 12, /* about a minute and a half of waiting */
  REOPEN_FIRST_US = 200 * 1000,
  REOPEN_MAX_US = 15 * 1000 * 1000,
  LEDGER_ROWS_MAX = 1,
  RUN_ROWS_MAX = 100000, /* rows of one run */
  POLL_LOCK_US = 1000 * 1000,
  DAY_MS = 24 * 60 * 60 * 1000,
};

machine_command *session_ask(machine *m, int number,
                             machine_command_kind kind) {
  machine_command *command = command_add(m, kind);
  command->session = (unsigned)number;
  m->sessions[number].awaiting = command->id;
  return command;
}

static void ask_sql(machine *m, int number, session_state state, upk_str sql) {
  machine_command *command = session_ask(m, number, MACHINE_QUERY);
  m->sessions[number].state = state;
  command->sql = sql;
  command->rows_max = LEDGER_ROWS_MAX;
  command->deadline_ms = SETUP_MS;
}

void session_open(machine *m, int number) {
  session *se = &m->sessions[number];
  machine_command *command = session_ask(m, number, MACHINE_OPEN);
  se->state = SESSION_OPENING;
  se->cursor = 0;
  se->limited = false;
  command->read_only = m->config.dry_run || watch_is(m, number);
  command->text = watch_is(m, number) ? UPK_STR("watch") : UPK_NO_STR;
}

void session_close(machine *m, int number) {
  session *se = &m->sessions[number];
  if (se->state == SESSION_CLOSED || se->state == SESSION_GONE)
    return;
  command_add(m, MACHINE_CLOSE)->session = (unsigned)number;
  se->awaiting = 0;
  se->state = SESSION_CLOSED;
}

bool session_all_settled(const machine *m) {
  for (unsigned i = 0; i < m->config.jobs; i++) {
    session_state state = m->sessions[i].state;
    if (state != SESSION_FREE && state != SESSION_GONE && state != SESSION_BUSY)
      return false;
  }
  /* The watcher is not waited for when it has trouble: its gate says so. */
  for (unsigned i = m->config.jobs; i < watch_sessions(m); i++) {
    session_state state = m->sessions[i].state;
    if (state >= SESSION_OPENING && state <= SESSION_LOCKING)
      return false;
    if (m->watch.asking == WATCH_LIMITS)
      return false;
  }
  return true;
}

int session_find_free(const machine *m) {
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (m->sessions[i].state == SESSION_FREE)
      return (int)i;
  return NO_SESSION;
}

void session_free(machine *m, int number) {
  m->sessions[number].step = NO_STEP;
  if (m->sessions[number].state == SESSION_BUSY)
    m->sessions[number].state = SESSION_FREE;
}

/* ---- loss ---- */

static void give_up(machine *m, int number) {
  session *se = &m->sessions[number];
  int had = se->step;
  session_close(m, number);
  se->state = SESSION_GONE;
  if (watch_is(m, number))
    watch_gone(m);
  if (had != NO_STEP)
    fail_gone(m, &m->steps[had]);
  machine_advance(m);
}

static bool wait_and_reopen(machine *m, int number) {
  session *se = &m->sessions[number];
  int64_t us = (int64_t)REOPEN_FIRST_US << se->reopens;
  if (se->reopens >= REOPENS_MAX || m->stop >= 2)
    return false;
  session_close(m, number);
  machine_command *command = command_add(m, MACHINE_SLEEP);
  command->delay_us =
      machine_jitter(m, us < REOPEN_MAX_US ? us : REOPEN_MAX_US);
  se->reopens++;
  se->state = SESSION_WAITING;
  se->awaiting = command->id;
  return true;
}

void session_stop(machine *m, int number) {
  session_state state = m->sessions[number].state;
  if (state == SESSION_WAITING || state == SESSION_POLLING)
    give_up(m, number);
}

void session_lost(machine *m, int number) {
  if (!wait_and_reopen(m, number))
    give_up(m, number);
}

/* A session that is not good yet failed. */
static void open_failed(machine *m, int number, upk_status status, int code,
                        upk_str text, const char *help) {
  session *se = &m->sessions[number];
  if (m->phase == RUN_OPENING) {
    machine_refuse(m, status, code, text, help);
    return;
  }
  if (watch_is(m, number)) {
    watch_lost(m, text);
    session_lost(m, number);
    machine_advance(m);
    return;
  }
  if (se->was_good && status != UPK_STALE && wait_and_reopen(m, number))
    return;
  /* An orphan works there; or the name leads to another database now. */
  if (m->shut == UPK_OK &&
      (status == UPK_LOCKED || (status == UPK_STALE && se->was_good)))
    m->shut = status;
  /* A slot that no session of ours has may be another run's. */
  if (number != 0 && !se->was_good && status != UPK_LOCKED)
    m->unproven |= 1U << (number + 1);
  if (se->step == NO_STEP && !se->was_good)
    record_note(m, text);
  else
    machine_report(m, code, text, help);
  give_up(m, number);
}

/* ---- identity ---- */

static const char other_database[] =
    "the plan was made for another database, or for an earlier state of this "
    "one: make it again";

static const plan_value *find_value(const machine_rows *rows,
                                    const char *prefix, upk_str name) {
  for (size_t i = 0; rows->count && i < rows->column_count; i++) {
    upk_str column = rows->columns[i];
    if (!upk_str_starts(column, prefix))
      continue;
    size_t len = upk_str_from(prefix).len;
    if (upk_str_equal((upk_str){column.data + len, column.len - len}, name))
      return &rows->values[i];
  }
  return NULL;
}

static upk_str value_text(machine *m, const plan_value *value) {
  if (!value || value->type == PLAN_NULL)
    return UPK_NO_STR;
  if (value->type == PLAN_TEXT)
    return value->text;
  return command_text(m, "%lld", (long long)value->integer);
}

static bool differs(upk_str a, upk_str b) {
  return (a.data == NULL) != (b.data == NULL) ||
         (a.data && !upk_str_equal(a, b));
}

static const char *shown(machine *m, upk_str text) {
  return text.data ? upk_arena_copy(m->out, text).data : "unknown";
}

static bool role_differs(machine *m, upk_str here, upk_str wanted,
                         const char *who, upk_str *ret_text) {
  if (!wanted.data || !differs(here, wanted))
    return false;
  *ret_text = command_text(m, "the server's role is `%s`, %s `%s`",
                           shown(m, here), who, shown(m, wanted));
  return true;
}

/* What the plan does not know of the target's identity came to be after it was
 * made. Said once the ledger was asked, which may know better: a plan that
 * made the ledger, and with it the identity, is simply used. */
static void note_stranger(machine *m, const machine_rows *rows) {
  static const char prefix[] = "identity.";
  if (m->phase != RUN_OPENING)
    return;
  for (size_t i = 0; i < rows->column_count; i++) {
    upk_str column = rows->columns[i];
    if (!upk_str_starts(column, prefix) || rows->values[i].type == PLAN_NULL)
      continue;
    const char *name =
        upk_arena_copy(m->out, (upk_str){column.data + sizeof prefix - 1,
                                         column.len - (sizeof prefix - 1)})
            .data;
    if (upk_json_get(m->plan->identity, name)->type == UPK_JSON_NULL)
      m->stranger =
          upk_arena_printf(m->arena, "%s is `%s` here and unknown in the plan",
                           name, shown(m, value_text(m, &rows->values[i])));
  }
}

/* The identity query's reply against the plan. NULL: it is the plan's target;
 * else *ret_text says what differs, and the result what to do. */
static const char *check_identity(machine *m, const machine_rows *rows,
                                  upk_str *ret_text) {
  const plan *p = m->plan;
  upk_str role = value_text(m, find_value(rows, "", UPK_STR("role")));
  const plan_value *clock = find_value(rows, "", UPK_STR("taken_at"));
  if (!rows->count) {
    *ret_text = UPK_STR("the identity query gave no row");
    return "look at the target's privileges";
  }
  for (size_t i = 0; i < upk_json_count(p->identity); i++) {
    const upk_json_member *member = &p->identity->object.members[i];
    upk_str here = value_text(m, find_value(rows, "identity.", member->key));
    upk_str planned = member->value->type == UPK_JSON_STRING
                          ? member->value->string
                          : UPK_NO_STR;
    if (!differs(here, planned))
      continue;
    *ret_text =
        command_text(m, "%s is `%s` here and `%s` in the plan",
                     shown(m, member->key), shown(m, here), shown(m, planned));
    return other_database;
  }
  if (role_differs(m, role, p->role, "and in the plan it is", ret_text))
    return "the role changed since the plan was made: make it again";
  if (role_differs(m, role, m->config.role, "and the project wants", ret_text))
    return "apply to the server that has the role";
  note_stranger(m, rows);
  if (clock && clock->type == PLAN_INT) {
    m->has_server_clock = true;
    m->server_us = clock->integer;
    m->server_mono_us = m->mono_us;
  }
  return NULL;
}

/* ---- the way to a good session ---- */

static void good(machine *m, int number);

static void ask_runs(machine *m, int number);
static void ask_rows(machine *m, int number);
static void on_no_ledger(machine *m, int number);

static bool takes_over(const machine *m, int number) {
  return m->phase != RUN_OPENING || number != 0 || m->config.past;
}

/* First of all whether another run has used the plan. */
static void ask_ledger(machine *m, int number) {
  if (m->phase == RUN_OPENING && number == 0)
    ask_runs(m, number);
  else
    ask_rows(m, number);
}

static void ask_present(machine *m, int number) {
  const plan *p = m->plan;
  bool first = number == 0 && m->phase == RUN_OPENING;
  m->ledger_there = true;
  m->sessions[number].lock_until_us = 0;
  if (!p->has_ledger || (!first && !m->sessions[number].was_good))
    good(m, number);
  else if (p->ledger_present.sql.data)
    ask_sql(m, number, SESSION_PRESENT, p->ledger_present.sql);
  else
    ask_ledger(m, number);
}

/* Slots of the executor's lock: 1 to jobs, each on the session that works. The
 * first session also takes those of a wider run, and of workers given up: so
 * it proves that nobody else works. 0: no more. */
static unsigned slot_of(const machine *m, int number, size_t cursor) {
  if (cursor == 0)
    return (unsigned)number + 1;
  for (unsigned slot = 2; number == 0 && slot <= m->config.slots; slot++) {
    bool ours =
        slot <= m->config.jobs && m->sessions[slot - 1].state != SESSION_GONE;
    if (!ours && --cursor == 0)
      return slot;
  }
  return 0;
}

static void ask_lock(machine *m, int number) {
  session *se = &m->sessions[number];
  unsigned slot = slot_of(m, number, se->cursor);
  if (m->config.dry_run || watch_is(m, number) || slot == 0 ||
      slot > m->config.slots) {
    ask_present(m, number);
    return;
  }
  machine_command *command = session_ask(m, number, MACHINE_LOCK);
  se->state = SESSION_LOCKING;
  command->key = command_text(m, "upkeep/%u", slot);
}

static void ask_setup(machine *m, int number) {
  session *se = &m->sessions[number];
  if (se->cursor < m->plan->session_count) {
    ask_sql(m, number, SESSION_SETUP, m->plan->session[se->cursor++]);
    return;
  }
  se->cursor = 0;
  ask_sql(m, number, SESSION_IDENTITY, m->plan->identity_sql);
}

static void on_open(machine *m, int number) {
  session *se = &m->sessions[number];
  if (m->event->holder.data)
    se->name = upk_arena_copy(m->arena, m->event->holder);
  ask_setup(m, number);
}

static void on_identity(machine *m, int number) {
  upk_str text = UPK_NO_STR;
  const char *help = check_identity(m, &m->event->rows, &text);
  if (help)
    open_failed(m, number, UPK_STALE, 3131, text, help);
  else
    ask_lock(m, number);
}

bool session_prove(machine *m) {
  session *se = &m->sessions[0];
  if (!m->unproven)
    return false;
  if (se->state != SESSION_FREE) {
    m->shut = m->shut == UPK_OK ? UPK_UNREACHABLE : m->shut;
    return false;
  }
  unsigned slot = 0;
  while (!(m->unproven & (1U << slot)))
    slot++;
  machine_command *command = session_ask(m, 0, MACHINE_LOCK);
  command->key = command_text(m, "upkeep/%u", slot);
  se->state = SESSION_PROVING;
  return true;
}

/* ---- an orphan: a session of this run whose executor died or was cut off,
 * and whose statement still works. The lock is its own until it ends. ---- */

static bool names_run(const machine *m, upk_str holder) {
  upk_str run = m->config.run;
  for (size_t i = 0; run.len && i + run.len <= holder.len; i++)
    if (memcmp(holder.data + i, run.data, run.len) == 0)
      return true;
  return false;
}

/* As long as the longest of the steps may take that it may be working on. */
static int64_t orphan_ms(const machine *m, const session *se) {
  int64_t ms = 0;
  for (size_t i = 0; i < m->plan->step_count; i++) {
    const step *s = &m->steps[i];
    if (se->step != NO_STEP ? (int)i != se->step : !s->question)
      continue;
    int64_t max_ms = s->plan->max_ms ? s->plan->max_ms : DAY_MS;
    ms = ms < max_ms ? max_ms : ms;
  }
  return ms ? ms : SETUP_MS;
}

static void say_orphan(machine *m, const session *se, upk_str holder) {
  gate_reason why = {.gate = "orphan"};
  why.text = command_text(m,
                          "waits for a session of this run that still "
                          "works: %.*s",
                          UPK_FMT(holder));
  if (m->phase == RUN_OPENING)
    command_add(m, MACHINE_TELL)->text = why.text;
  else if (se->step != NO_STEP)
    gate_say(m, &m->steps[se->step], &why);
  else
    record_note(m, why.text);
}

/* Whether it is waited for, or ended. */
static bool wait_for_orphan(machine *m, int number, upk_str holder) {
  session *se = &m->sessions[number];
  if (!names_run(m, holder) || (!m->config.past && !se->was_good) || m->stop ||
      se->state == SESSION_PROVING)
    return false;
  if (!se->lock_until_us) {
    se->lock_until_us = m->mono_us + orphan_ms(m, se) * 1000;
    se->evicted = false;
    say_orphan(m, se, holder);
  }
  if (m->mono_us >= se->lock_until_us)
    return false;
  if (m->config.cancel_orphan && !se->evicted) {
    machine_command *command = session_ask(m, number, MACHINE_EVICT);
    command->key = command_text(m, "upkeep/%u", slot_of(m, number, se->cursor));
    se->evicted = true;
    se->state = SESSION_EVICTING;
    return true;
  }
  session_ask(m, number, MACHINE_SLEEP)->delay_us = POLL_LOCK_US;
  se->state = SESSION_POLLING;
  return true;
}

/* Nobody can be named who has it: it was just let go. */
static bool holder_vanished(machine *m, int number) {
  enum { LOOKS_MAX = 20 };
  session *se = &m->sessions[number];
  if (m->event->holder.data || se->state == SESSION_PROVING || m->stop ||
      se->looks++ >= LOOKS_MAX)
    return false;
  session_ask(m, number, MACHINE_SLEEP)->delay_us = POLL_LOCK_US;
  se->state = SESSION_POLLING;
  return true;
}

static void on_lock(machine *m, int number) {
  session *se = &m->sessions[number];
  if (m->event->granted && se->state == SESSION_PROVING) {
    m->unproven &= m->unproven - 1;
    se->state = SESSION_FREE;
    machine_advance(m);
    return;
  }
  if (m->event->granted) {
    se->cursor++;
    ask_lock(m, number);
    return;
  }
  upk_str holder =
      m->event->holder.data ? m->event->holder : UPK_STR("a session of upkeep");
  if (holder_vanished(m, number) || wait_for_orphan(m, number, holder))
    return;
  open_failed(m, number, UPK_LOCKED, 3130,
              command_text(m, "the target is locked by %.*s", UPK_FMT(holder)),
              "wait until that run has ended, then apply again");
}

/* A query of the ledger's before or beside any step. */
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
  ask_sql(m, number, state, query->sql);
  machine_command *command = &m->commands.items[m->commands.len - 1];
  command->params = params;
  command->param_count = query->param_count;
  command->rows_max = rows_max;
}

bool session_take_lease(machine *m) {
  session *se = &m->sessions[0];
  if (m->leased || !m->ledger_there || !m->plan->lease_take.sql.data ||
      m->config.dry_run || se->state != SESSION_FREE)
    return false;
  ask_query(m, 0, SESSION_TAKING, &m->plan->lease_take, 0);
  return true;
}

static void on_lease(machine *m, int number) {
  m->leased = true;
  m->sessions[number].state = SESSION_FREE;
  machine_advance(m);
}

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

static void on_present(machine *m, int number) {
  m->ledger_there = is_true(&m->event->rows);
  if (m->ledger_there)
    ask_ledger(m, number);
  else if (takes_over(m, number))
    on_no_ledger(m, number);
  else
    good(m, number);
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
  good(m, number);
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
    good(m, number);
}

/* The ledger is not there: so it has no rows. */
static void on_no_ledger(machine *m, int number) {
  static const machine_rows none = {.total = 0};
  m->sessions[number].known = m->applied_count;
  judge(m, number, &none);
}

static void on_rows(machine *m, int number) {
  const machine_rows *rows = &m->event->rows;
  if (rows->total > (int64_t)rows->count)
    open_failed(m, number, UPK_ERROR, 3148,
                UPK_STR("the ledger has more rows of the run than can be read"),
                "look for rows in the ledger that no step wrote");
  else
    judge(m, number, rows);
}

static void on_runs(machine *m, int number) {
  const machine_rows *rows = &m->event->rows;
  upk_str run = rows->count ? value_text(m, &rows->values[0]) : UPK_NO_STR;
  /* Plans of before 0.3 do not leave this run out. */
  bool ours = run.data && upk_str_equal(run, m->config.run);
  if (!rows->total || ours) {
    if (takes_over(m, number))
      ask_rows(m, number);
    else
      good(m, number);
    return;
  }
  machine_refuse(
      m, UPK_STALE, 3133,
      command_text(m, "the plan was applied already, in run %s", shown(m, run)),
      "a plan is used once: make a new one with `upkeep plan`");
}

static void good(machine *m, int number) {
  session *se = &m->sessions[number];
  /* Rows of this run prove it: the ledger made the identity, in this run. */
  if (m->phase == RUN_OPENING && m->stranger.data &&
      !(m->config.past && m->ledger_rows)) {
    machine_refuse(m, UPK_STALE, 3131, m->stranger, other_database);
    return;
  }
  se->was_good = true;
  if (!watch_is(m, number))
    se->reopens = 0;
  se->state = SESSION_FREE;
  if (m->phase == RUN_OPENING) {
    m->phase = RUN_BEGINNING;
    m->began_us = m->mono_us;
    m->run_log = record_run_begin(m);
    return;
  }
  record r;
  record_init(&r, m, NULL, "session.open", false);
  upk_json_put_string(r.obs_writer, "session", se->name);
  record_end(&r, false, UPK_NO_STR);
  if (watch_is(m, number))
    watch_on_good(m);
  if (se->step != NO_STEP) {
    se->state = SESSION_BUSY;
    step_resume(m, &m->steps[se->step]);
  }
  machine_advance(m);
}

/* What each state does with a reply that went well. */
static void (*const on_reply[])(machine *m, int number) = {
    [SESSION_OPENING] = on_open,      [SESSION_SETUP] = ask_setup,
    [SESSION_IDENTITY] = on_identity, [SESSION_LOCKING] = on_lock,
    [SESSION_EVICTING] = ask_lock,    [SESSION_POLLING] = ask_lock,
    [SESSION_PRESENT] = on_present,   [SESSION_RUNS] = on_runs,
    [SESSION_TAKING] = on_lease,      [SESSION_ROWS] = on_rows,
    [SESSION_WAITING] = session_open, [SESSION_PROVING] = on_lock,
};

static const char *const doing[] = {
    [SESSION_OPENING] = "the target cannot be reached",
    [SESSION_SETUP] = "the session cannot be set up",
    [SESSION_IDENTITY] = "the target's identity cannot be read",
    [SESSION_LOCKING] = "the executor's lock cannot be tried",
    [SESSION_PROVING] = "the executor's lock cannot be tried",
    [SESSION_EVICTING] = "the orphan's session cannot be ended",
    [SESSION_POLLING] = "",
    [SESSION_PRESENT] = "the ledger cannot be looked for",
    [SESSION_RUNS] = "the ledger cannot be read",
    [SESSION_ROWS] = "the ledger cannot be read",
    [SESSION_TAKING] = "the lease in the ledger cannot be taken",
    [SESSION_WAITING] = "",
};

void session_reply(machine *m, int number) {
  session_state state = m->sessions[number].state;
  const machine_fault *fault = &m->event->fault;
  if (fault->kind == MACHINE_FINE) {
    on_reply[state](m, number);
    return;
  }
  bool reach = state == SESSION_OPENING || fault->kind == MACHINE_LOST;
  upk_str hint = command_text(m, "%.*s", UPK_FMT(fault->hint));
  open_failed(
      m, number, reach ? UPK_UNREACHABLE : UPK_ERROR, reach ? 3140 : 3148,
      command_text(m, "%s: %.*s", doing[state], UPK_FMT(fault_text(m, fault))),
      hint.len ? hint.data
      : reach  ? "check that the server runs and that its connection "
                 "string is right"
               : "look at the privileges of the role that connects");
}
