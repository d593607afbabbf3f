/* Sessions: opened, set up, proved to be the plan's target, locked; and opened
 * again when they were lost.
 *
 *   closed -> opening -> setup -> identity -> locking -> [unproved ..admitted]
 *     ^                                       |     ^               |
 *     |                        [evicting] -> polling    [present -> runs|rows]
 *     |                                                           v
 *     +-- waiting <- lost in any state <---------- busy <-> free <--+
 *
 * runs: whether another run used the plan. rows: what the ledger has of this
 * run; of one that is taken over. Both after every loss, for a failover can
 * have lost rows, and the lock was free. unproved: proof.c.
 */
#include <string.h>

#include "machine/private.h"

enum {
  REOPENS_MAX = 12, /* about a minute and a half of waiting */
  REOPEN_FIRST_US = 200 * 1000,
  REOPEN_MAX_US = 15 * 1000 * 1000,
};

machine_command *session_ask(machine *m, int number,
                             machine_command_kind kind) {
  machine_command *command = command_add(m, kind);
  command->session = (unsigned)number;
  m->sessions[number].awaiting = command->id;
  if (kind == MACHINE_LOCK || kind == MACHINE_QUERY || kind == MACHINE_BEGIN ||
      kind == MACHINE_COMMIT)
    m->sessions[number].round_trip = command->id;
  return command;
}

void session_sql(machine *m, int number, session_state state, upk_str sql) {
  machine_command *command = session_ask(m, number, MACHINE_QUERY);
  m->sessions[number].state = state;
  command->sql = sql;
  command->rows_max = 1;
  command->deadline_ms = SESSION_SETUP_MS;
}

void session_open(machine *m, int number) {
  session *se = &m->sessions[number];
  machine_command *command = session_ask(m, number, MACHINE_OPEN);
  se->state = SESSION_OPENING;
  se->cursor = 0;
  se->limited = false;
  se->host_len = 0;
  proof_forget(se);
  command->read_only = m->config.dry_run || watch_is(m, number);
  command->text = watch_is(m, number) ? UPK_STR("watch") : UPK_NO_STR;
}

void session_close(machine *m, int number) {
  session *se = &m->sessions[number];
  if (se->state == SESSION_CLOSED || se->state == SESSION_GONE)
    return;
  command_add(m, MACHINE_CLOSE)->session = (unsigned)number;
  proof_forget(se);
  se->awaiting = 0;
  se->state = SESSION_CLOSED;
}

bool session_all_settled(const machine *m) {
  for (unsigned i = 0; i < m->config.jobs; i++) {
    session_state state = m->sessions[i].state;
    if (state != SESSION_FREE && state != SESSION_GONE &&
        state != SESSION_BUSY && state != SESSION_UNPROVED)
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

void session_note_host(session *se, upk_str note) {
  se->host_len = note.len < sizeof se->host ? note.len : sizeof se->host;
  if (se->host_len)
    memcpy(se->host, note.data, se->host_len);
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
void session_failed(machine *m, int number, upk_status status, int code,
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
  if (se->was_good && status != UPK_STALE && wait_and_reopen(m, number)) {
    if (status == UPK_LOCKED)
      proof_let_go(m);
    return;
  }
  /* An orphan works there; or the name leads to another database now. */
  if (m->shut == UPK_OK &&
      (status == UPK_LOCKED || (status == UPK_STALE && se->was_good)))
    m->shut = status;
  if (se->step == NO_STEP && !se->was_good)
    record_note(m, text);
  else
    machine_report(m, code, text, help);
  give_up(m, number);
}

/* ---- the way to a good session ---- */

static void ask_setup(machine *m, int number) {
  session *se = &m->sessions[number];
  if (se->cursor < m->plan->session_count) {
    session_sql(m, number, SESSION_SETUP, m->plan->session[se->cursor++]);
    return;
  }
  se->cursor = 0;
  session_sql(m, number, SESSION_IDENTITY, m->plan->identity_sql);
}

static void on_open(machine *m, int number) {
  session *se = &m->sessions[number];
  if (m->event->holder.data)
    se->name = upk_arena_copy(m->arena, m->event->holder);
  ask_setup(m, number);
}

static void on_identity(machine *m, int number) {
  upk_str text = UPK_NO_STR;
  const char *help = identity_check(m, &m->event->rows, &text);
  if (help)
    session_failed(m, number, UPK_STALE, 3131, text, help);
  else
    lock_ask(m, number);
}

void session_good(machine *m, int number) {
  session *se = &m->sessions[number];
  /* Rows of this run prove it: the ledger made the identity, in this run. */
  if (m->phase == RUN_OPENING && m->stranger.data &&
      !(m->config.past && m->ledger_rows)) {
    machine_refuse(m, UPK_STALE, 3131, m->stranger, identity_help);
    return;
  }
  se->was_good = true;
  /* What cannot take the lease is opened again only so often. */
  if (!watch_is(m, number) && (number != 0 || !session_wants_lease(m)))
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
    [SESSION_OPENING] = on_open,           [SESSION_SETUP] = ask_setup,
    [SESSION_IDENTITY] = on_identity,      [SESSION_LOCKING] = lock_on_reply,
    [SESSION_EVICTING] = lock_ask,         [SESSION_POLLING] = lock_ask,
    [SESSION_PRESENT] = ledger_on_present, [SESSION_RUNS] = ledger_on_runs,
    [SESSION_USES] = ledger_on_uses,       [SESSION_TAKING] = ledger_on_lease,
    [SESSION_ROWS] = ledger_on_rows,       [SESSION_WAITING] = session_open,
    [SESSION_PROVING] = lock_on_reply,     [SESSION_VOUCHING] = lock_on_reply,
    [SESSION_ADMITTED] = lock_on_reply,
};

static const char *const doing[] = {
    [SESSION_OPENING] = "the target cannot be reached",
    [SESSION_SETUP] = "the session cannot be set up",
    [SESSION_IDENTITY] = "the target's identity cannot be read",
    [SESSION_LOCKING] = "the executor's lock cannot be tried",
    [SESSION_PROVING] = "the executor's lock cannot be tried",
    [SESSION_VOUCHING] = "the executor's lock cannot be tried",
    [SESSION_ADMITTED] = "the executor's lock cannot be tried",
    [SESSION_EVICTING] = "the orphan's session cannot be ended",
    [SESSION_POLLING] = "",
    [SESSION_PRESENT] = "the ledger cannot be looked for",
    [SESSION_RUNS] = "the ledger cannot be read",
    [SESSION_USES] = "the ledger cannot be read",
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
  if (fault->kind == MACHINE_LOST &&
      (state == SESSION_PROVING || state == SESSION_VOUCHING ||
       state == SESSION_ADMITTED)) {
    session_lost(m, number);
    return;
  }
  bool reach = state == SESSION_OPENING || fault->kind == MACHINE_LOST;
  upk_str hint = command_text(m, "%.*s", UPK_FMT(fault->hint));
  upk_str text =
      command_text(m, "%s: %.*s", doing[state], UPK_FMT(fault_text(m, fault)));
  if (state == SESSION_TAKING && fault->kind == MACHINE_ERROR) {
    ledger_on_no_lease(m, number, text);
    return;
  }
  session_failed(m, number, reach ? UPK_UNREACHABLE : UPK_ERROR,
                 reach ? 3140 : 3148, text,
                 hint.len ? hint.data
                 : reach ? "check that the server runs and that its connection "
                           "string is right"
                         : "look at the privileges of the role that connects");
}
