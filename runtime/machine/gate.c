/* Gates: what must be open before a step starts, before each attempt of it and
 * between the rounds of a batch. A step that meets a closed one waits without
 * a session, others go first, and the log says what it waits for; one that
 * will not open in this run cancels the step. A table of gates, asked in
 * order; each is a function of the machine's state alone. */
#include "machine/private.h"

enum { LOOK_AGAIN_US = 1000 * 1000 };

static gate_answer ask_pause(machine *m, step *s, gate_moment moment,
                             gate_reason *why) {
  (void)s;
  (void)moment;
  if (!m->paused)
    return GATE_OPEN;
  why->text =
      command_text(m, "the run is paused%s%.*s", m->paused_by.len ? " by " : "",
                   UPK_FMT(m->paused_by));
  return GATE_WAIT;
}

static const struct gate {
  const char *name;
  gate_answer (*ask)(machine *m, step *s, gate_moment moment, gate_reason *why);
} gates[] = {
    {"window", window_ask},  {"pause", ask_pause},  {"hold", live_gate},
    {"lock", patience_gate}, {"guard", guard_gate}, {"throttle", watch_gate},
};

gate_answer gate_ask(machine *m, step *s, gate_moment moment,
                     gate_reason *ret_why) {
  for (size_t i = 0; i < sizeof gates / sizeof *gates; i++) {
    *ret_why = (gate_reason){.gate = gates[i].name};
    gate_answer answer = gates[i].ask(m, s, moment, ret_why);
    if (answer != GATE_OPEN)
      return answer;
  }
  s->waits_for = NULL;
  return GATE_OPEN;
}

void gate_say(machine *m, step *s, const gate_reason *why) {
  record r;
  if (s->waits_for == why->gate || !why->text.len)
    return;
  s->waits_for = why->gate;
  record_init(&r, m, s, "step.wait", false);
  upk_json_put_string(r.obs_writer, "gate", upk_str_from(why->gate));
  record_end(&r, false, why->text);
}

/* One timer for all that wait: the earliest of their times. */
static void set_timer(machine *m, int64_t until_us) {
  if (!until_us || (m->gate_timer && m->gate_until_us <= until_us))
    return;
  machine_command *command = command_add(m, MACHINE_SLEEP);
  command->delay_us = until_us > m->mono_us ? until_us - m->mono_us : 0;
  m->gate_timer = command->id;
  m->gate_until_us = until_us;
}

void gate_hold(machine *m, size_t number, gate_answer answer,
               const gate_reason *why) {
  step *s = &m->steps[number];
  if (answer == GATE_WAIT) {
    gate_say(m, s, why);
    schedule_gate(m, number);
    set_timer(m, why->until_us);
    return;
  }
  step_cancel(m, s);
  s->released = true;
  record_note(m, command_text(m, "step `%.*s` is not started: %.*s",
                              UPK_FMT(s->plan->id), UPK_FMT(why->text)));
  schedule_release(m, number);
}

int64_t gate_pause_us(const machine *m, const gate_reason *why) {
  int64_t left = why->until_us - m->mono_us;
  return left > 0 && left < LOOK_AGAIN_US ? left : LOOK_AGAIN_US;
}

void gate_wake(machine *m) {
  if (!m->advancing)
    schedule_ungate(m);
  machine_advance(m);
}

void gate_on_pause(machine *m, bool paused, upk_str by) {
  bool differs = paused != m->paused;
  m->paused = paused;
  m->paused_by = upk_arena_copy(m->arena, by.data ? by : UPK_STR(""));
  record_order(m, paused ? "pause" : "continue", by,
               command_text(m, "%s%s%s%.*s", differs ? "" : "is already: ",
                            paused ? "paused" : "goes on",
                            by.len ? ", says " : "", UPK_FMT(by)));
  if (differs)
    gate_wake(m);
}
