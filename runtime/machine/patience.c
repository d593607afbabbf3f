/* Waiting for somebody else's lock. The server gives up after the step's
 * lock_ms, so that nobody stands in a queue behind us for longer; that is no
 * failure but a wait: the step gives its session back and comes again after a
 * while (backoff with jitter), until it has waited wait_ms in all, its max_ms
 * is over, or its window closes. A pre-check with `otherwise: retry` (an index
 * is being built, a vacuum is at work) waits in the same way. A deadlock is a
 * failure, and counts as a retry.
 *
 *   lock timeout, busy -> nothing was done -> pending, gate `lock` -> checking
 *                      -> a round: rolled back, tried with fewer rows
 *                      -> an undo: rolled back, asked again on its session
 */
#include "machine/private.h"

enum {
  FIRST_US = 200 * 1000,
  MOST_US = 5 * 1000 * 1000,
};

/* By the drivers' words for it. */
bool patience_is_lock(const machine *m) {
  const machine_event *event = m->event;
  return event->kind == MACHINE_REPLY &&
         event->fault.kind == MACHINE_TRANSIENT &&
         (upk_str_is(event->fault.class, "lock timeout") ||
          upk_str_is(event->fault.class, "busy"));
}

static int64_t delay_of(machine *m, const step *s) {
  int64_t us = FIRST_US;
  for (unsigned i = 0; i < s->lock_waits && us < MOST_US; i++)
    us *= 2;
  return machine_jitter(m, us < MOST_US ? us : MOST_US);
}

/* Whether there is time for another try; an undo takes what it needs. */
static bool in_time(const machine *m, const step *s, int64_t us) {
  int64_t spent_us = m->mono_us - s->started_us;
  return s->undoing || !s->plan->max_ms ||
         spent_us + us < s->plan->max_ms * 1000;
}

int64_t patience_us(machine *m, step *s) {
  int64_t tried_us = s->retry ? 0 : s->plan->lock_ms * 1000;
  int64_t left_us = s->plan->wait_ms * 1000 - s->lock_waited_us - tried_us;
  if (left_us <= 0 || m->stop >= 2 || m->log_broken || m->shut == UPK_STALE)
    return 0;
  int64_t us = delay_of(m, s);
  us = us < left_us ? us : left_us;
  if (!in_time(m, s, us))
    return 0;
  s->lock_waits++;
  s->lock_waited_us += us + tried_us;
  return us;
}

void patience_over(step *s) {
  s->lock_waits = 0;
  s->lock_waited_us = 0;
}

static void keep_text(step *s) {
  upk_str holder = s->watched.holder;
  upk_buf_clear(&s->lock_text);
  if (s->retry) {
    upk_buf_printf(&s->lock_text, "waits until %.*s: %.*s",
                   UPK_FMT(s->plan->pre.items[s->check].name),
                   UPK_FMT(s->seen));
    return;
  }
  if (holder.len)
    upk_buf_printf(&s->lock_text, "waits for a lock held by %.*s",
                   UPK_FMT(holder));
  else
    upk_buf_printf(&s->lock_text, "waits for somebody's lock: %.*s",
                   UPK_FMT(s->why.text));
}

void patience_wait(machine *m, step *s, int64_t us) {
  record r;
  keep_text(s);
  record_init(&r, m, s, "step.wait", false);
  upk_json_put_string(r.obs_writer, "gate", UPK_STR("lock"));
  record_end(&r, false, upk_buf_view(&s->lock_text));
  step_sleep(m, s, us);
}

void patience_put_back(machine *m, step *s, int64_t us) {
  record r;
  s->tries -= s->tries > 0; /* it was no failure */
  record_init(&r, m, s, "step.retry", false);
  upk_json_put_int(r.obs_writer, "attempt", s->attempt);
  upk_json_put_int(r.obs_writer, "delay_us", us);
  if (s->partly)
    upk_json_put_string(r.obs_writer, "left", UPK_STR("partial"));
  record_end(&r, false, s->why.text);
  s->had_begun = s->had_begun || s->partly;
  step_put_back(m, s);
}

/* Why it is given up, in the step's own words. */
static void say_given_up(step *s) {
  upk_buf waited = {0};
  upk_duration_human(s->lock_waited_us, &waited);
  s->why.text = upk_arena_printf(
      s->arena, "%.*s; given up after %u attempts and %.*s of waiting",
      UPK_FMT(s->why.text), s->attempt, UPK_FMT(upk_buf_view(&waited)));
  s->why.help = s->retry
                    ? UPK_STR("see who is at work there, or let the step wait "
                              "longer: `limits: { lock_wait }`")
                    : UPK_STR("end who holds the lock, or let the step wait "
                              "longer: `limits: { lock_wait }`");
  upk_buf_free(&waited);
}

bool patience_again(machine *m, step *s) {
  if (!s->lock_fault || !s->plan->wait_ms || m->config.dry_run ||
      m->config.goal == MACHINE_ROLLBACK || m->stop || m->stopping ||
      m->shut != UPK_OK)
    return false;
  int64_t us = patience_us(m, s);
  if (us) {
    keep_text(s);
    s->locked = true;
    s->watched.not_before_us = m->mono_us + us;
    patience_put_back(m, s, us);
    return true;
  }
  if (s->lock_waits)
    say_given_up(s);
  s->gave_up = true; /* no retry either */
  return false;
}

gate_answer patience_gate(machine *m, step *s, gate_moment moment,
                          gate_reason *why) {
  if (moment != GATE_START || !s->locked)
    return GATE_OPEN;
  if (m->mono_us >= s->watched.not_before_us) {
    s->locked = false;
    return GATE_OPEN;
  }
  why->until_us = s->watched.not_before_us;
  why->text = command_text(m, "%.*s", UPK_FMT(upk_buf_view(&s->lock_text)));
  return GATE_WAIT;
}
