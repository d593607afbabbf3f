/* The executor's lock: its slots, each on the session that works, and whoever
 * has one already. */
#include <string.h>

#include "machine/private.h"

enum {
  POLL_LOCK_US = 1000 * 1000,
  DAY_MS = 24 * 60 * 60 * 1000,
};

/* Slots of the executor's lock: 1 to jobs, each on the session that works. The
 * first session also takes those of a wider run, and of workers given up; see
 * proof.c. 0: no more. */
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

void lock_ask(machine *m, int number) {
  session *se = &m->sessions[number];
  unsigned slot = slot_of(m, number, se->cursor);
  if (m->config.dry_run || watch_is(m, number)) {
    ledger_ask(m, number);
    return;
  }
  if (slot == 0 || slot > m->config.slots) {
    if (m->phase == RUN_OPENING)
      ledger_ask(m, number);
    else
      proof_wait(m, number);
    return;
  }
  machine_command *command = session_ask(m, number, MACHINE_LOCK);
  se->state = SESSION_LOCKING;
  se->slot_asked = slot;
  command->key = command_text(m, "upkeep/%u", slot);
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
  return ms ? ms : SESSION_SETUP_MS;
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
      se->state != SESSION_LOCKING)
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
  if (m->event->holder.data || se->state != SESSION_LOCKING || m->stop ||
      se->looks++ >= LOOKS_MAX)
    return false;
  session_ask(m, number, MACHINE_SLEEP)->delay_us = POLL_LOCK_US;
  se->state = SESSION_POLLING;
  return true;
}

void lock_on_reply(machine *m, int number) {
  session *se = &m->sessions[number];
  if (m->event->granted && se->state != SESSION_LOCKING) {
    proof_on_granted(m, number);
    return;
  }
  if (m->event->granted) {
    proof_granted(m, number);
    se->cursor++;
    lock_ask(m, number);
    return;
  }
  upk_str holder =
      m->event->holder.data ? m->event->holder : UPK_STR("a session of upkeep");
  if (holder_vanished(m, number) || wait_for_orphan(m, number, holder))
    return;
  session_failed(
      m, number, UPK_LOCKED, 3130,
      command_text(m, "the target is locked by %.*s", UPK_FMT(holder)),
      "wait until that run has ended, then apply again");
}
