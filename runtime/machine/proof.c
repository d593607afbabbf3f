/* Whether nobody else works: before the first step, and after every loss.
 *
 * A slot of the lock proves nothing by itself: while it was free another run
 * may have taken the target over, and may have let go of just this slot since.
 * A run has the target from the moment it holds all slots at once, and for as
 * long as one session has held its slot without a break; nobody else can get
 * all of them meanwhile. So a session that takes its slot (again) works once
 *
 *   - a session that never lost its slot since answered afterwards: free ones
 *     are asked, of busy ones any reply does; or
 *   - there is none such: all slots were taken, and each of the sessions that
 *     have them answered after the last was.
 *
 *   locking -> unproved -> admitted -> the ledger -> free, busy
 *                |    ^
 *                v    |
 *      proving, vouching (free ones too: free -> vouching -> free)
 */
#include "machine/private.h"

static bool is_unproved(const session *se) {
  return se->state == SESSION_UNPROVED || se->state == SESSION_VOUCHING ||
         se->state == SESSION_PROVING;
}

static void ask_slot(machine *m, int number, unsigned slot,
                     session_state state) {
  machine_command *command = session_ask(m, number, MACHINE_LOCK);
  command->key = command_text(m, "upkeep/%u", slot);
  m->sessions[number].slot_asked = slot;
  m->sessions[number].state = state;
}

static bool has_member(const machine *m) {
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (m->sessions[i].member)
      return true;
  return false;
}

void proof_wait(machine *m, int number) {
  session *se = &m->sessions[number];
  se->state = SESSION_UNPROVED;
  se->unproved_since = m->last_id;
  machine_advance(m);
}

void proof_granted(machine *m, int number) {
  m->sessions[number].slots |= 1U << m->sessions[number].slot_asked;
  for (unsigned i = 0; i < m->config.jobs; i++)
    m->sessions[i].confirmed = false;
}

void proof_forget(session *se) {
  se->member = se->confirmed = false;
  se->slots = 0;
  se->round_trip = 0;
}

void proof_witness(machine *m, int number, uint64_t id) {
  const session *witness = &m->sessions[number];
  bool answered = witness->state != SESSION_VOUCHING || m->event->granted;
  if (!witness->member || witness->round_trip != id || !id || !answered ||
      m->event->kind != MACHINE_REPLY || m->event->fault.kind != MACHINE_FINE)
    return;
  for (unsigned i = 0; i < m->config.jobs; i++) {
    session *se = &m->sessions[i];
    if (se->state == SESSION_UNPROVED && se->unproved_since < id)
      ask_slot(m, (int)i, i + 1, SESSION_ADMITTED);
  }
}

/* One that never lost its slot is asked whether it has it still. */
static void ask_member(machine *m) {
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (m->sessions[i].member && m->sessions[i].state == SESSION_VOUCHING)
      return;
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (m->sessions[i].member && m->sessions[i].state == SESSION_FREE) {
      ask_slot(m, (int)i, i + 1, SESSION_VOUCHING);
      return;
    }
}

/* The lowest slot that no session has, or 0. */
static unsigned missing_slot(const machine *m) {
  unsigned had = 0;
  for (unsigned i = 0; i < m->config.jobs; i++)
    had |= m->sessions[i].slots;
  for (unsigned slot = 1; slot <= m->config.slots; slot++)
    if (!(had & (1U << slot)))
      return slot;
  return 0;
}

/* Asks those that have not answered since the last slot was taken. A single
 * session that has them all did so by taking it. */
static bool confirm(machine *m, unsigned count) {
  bool all = true;
  for (unsigned i = 0; count > 1 && i < m->config.jobs; i++) {
    session *se = &m->sessions[i];
    if (se->state == SESSION_UNPROVED && !se->confirmed)
      ask_slot(m, (int)i, i + 1, SESSION_VOUCHING);
    all = all && (se->state == SESSION_GONE || se->confirmed);
  }
  return all;
}

/* Nobody is left that held its slot all the time. */
static void prove_all(machine *m) {
  unsigned count = 0;
  int first = NO_SESSION;
  for (unsigned i = 0; i < m->config.jobs; i++) {
    session_state state = m->sessions[i].state;
    if (state == SESSION_GONE)
      continue;
    if (state != SESSION_UNPROVED && state != SESSION_VOUCHING)
      return; /* it is on its way, or takes a slot */
    if (state == SESSION_UNPROVED && first == NO_SESSION)
      first = (int)i;
    count++;
  }
  unsigned slot = missing_slot(m);
  if (first == NO_SESSION)
    return;
  if (slot) {
    ask_slot(m, first, slot, SESSION_PROVING);
    return;
  }
  if (!confirm(m, count))
    return;
  for (unsigned i = 0; i < m->config.jobs; i++)
    m->sessions[i].member = m->sessions[i].state == SESSION_UNPROVED;
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (m->sessions[i].state == SESSION_UNPROVED)
      ledger_ask(m, (int)i);
}

bool proof_done(const machine *m) {
  bool unproved = false;
  for (unsigned i = 0; i < m->config.jobs; i++)
    unproved = unproved || is_unproved(&m->sessions[i]);
  return !unproved;
}

void proof_go_on(machine *m) {
  session *first = &m->sessions[0];
  if (m->config.dry_run || (m->phase != RUN_WORKERS && m->phase != RUN_WORKING))
    return;
  if (m->phase == RUN_WORKERS && !first->member &&
      first->state == SESSION_FREE && session_all_settled(m)) {
    /* It took all slots before it asked the ledger, if it is alone. */
    first->member = m->config.jobs == 1;
    first->state = first->member ? SESSION_FREE : SESSION_UNPROVED;
  }
  if (proof_done(m))
    return;
  if (has_member(m))
    ask_member(m);
  else
    prove_all(m);
}

/* The answer of a slot that was asked for again. */
void proof_on_granted(machine *m, int number) {
  session *se = &m->sessions[number];
  session_state was = se->state;
  if (was == SESSION_ADMITTED) {
    se->member = true;
    ledger_ask(m, number);
    return;
  }
  if (was == SESSION_PROVING)
    proof_granted(m, number);
  se->confirmed = was == SESSION_VOUCHING;
  se->state = se->member ? SESSION_FREE : SESSION_UNPROVED;
  machine_advance(m);
}

void proof_let_go(machine *m) {
  for (unsigned i = 0; i < m->config.jobs && !has_member(m); i++)
    if (m->sessions[i].state == SESSION_UNPROVED && m->sessions[i].was_good)
      session_lost(m, (int)i);
}
