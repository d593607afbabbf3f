/* Windows: whether a step may start, and what happens when its window closes.
 *
 * Two clocks are asked: the wall's, and the one that this process has since its
 * start (monotonic time added to the wall's at the start). A step starts only
 * when both are within one opening and its p90 ends before the close by both;
 * a clock that was set does not open a window. */
#include "machine/private.h"

enum {
  JUMP_US = 2 * 1000 * 1000,  /* clocks are slewed by less */
  LOOK_US = 2 * 1000 * 1000,  /* a clock can be set at any time */
  ENDED_US = 1 * 1000 * 1000, /* the server's limit ends a little early */
};

typedef struct look {
  bool open;
  int64_t wait_us;  /* until it may be open; -1: not in this run */
  int64_t close_us; /* until its end, when it is open */
} look;

static const machine_openings *openings_of(const machine *m, const step *s) {
  size_t number = s->plan->window == PLAN_NO_WINDOW ? m->plan->window_count
                                                    : s->plan->window;
  return &m->config.openings[number];
}

/* What the clock says that nobody can set. */
static int64_t own_us(const machine *m) {
  return m->window.wall_us + m->mono_us - m->window.mono_us;
}

static look look_at(const machine *m, const step *s, int64_t now_us,
                    int64_t length_us) {
  const machine_openings *openings = openings_of(m, s);
  look out = {.wait_us = -1};
  int64_t stop_us = m->config.stop_at_us ? m->config.stop_at_us : INT64_MAX;
  for (size_t i = 0; i < openings->count; i++) {
    machine_opening o = openings->items[i];
    int64_t start_us = o.open_us > now_us ? o.open_us : now_us;
    int64_t close_us = o.close_us < stop_us ? o.close_us : stop_us;
    if (close_us <= start_us || close_us - start_us < length_us)
      continue;
    out.wait_us = start_us - now_us;
    out.open = out.wait_us == 0;
    out.close_us = close_us - now_us;
    return out;
  }
  return out;
}

/* Both clocks; the later opening and the earlier close count. */
static look look_both(const machine *m, const step *s, int64_t length_us) {
  look wall = look_at(m, s, m->wall_us, length_us);
  look own = look_at(m, s, own_us(m), length_us);
  look out = {.open = wall.open && own.open};
  if (wall.wait_us < 0 || own.wait_us < 0)
    out.wait_us = -1;
  else
    out.wait_us = wall.wait_us > own.wait_us ? wall.wait_us : own.wait_us;
  out.close_us = wall.close_us < own.close_us ? wall.close_us : own.close_us;
  return out;
}

static bool in_force(const machine *m) {
  return m->config.openings && !m->config.dry_run &&
         m->config.goal == MACHINE_APPLY;
}

static upk_str name_of(machine *m, const step *s) {
  if (s->plan->window == PLAN_NO_WINDOW)
    return UPK_STR("the time outside blackouts");
  return command_text(m, "window `%.*s`",
                      UPK_FMT(m->plan->windows[s->plan->window].name));
}

static upk_str moment(machine *m, int64_t us) {
  upk_buf text = {0};
  upk_timestamp_format(us - us % 1000000, &text);
  upk_str copy = command_text(m, "%.*s", UPK_FMT(upk_buf_view(&text)));
  upk_buf_free(&text);
  return copy;
}

static upk_str human(machine *m, int64_t us) {
  upk_buf text = {0};
  upk_duration_human(us, &text);
  upk_str copy = command_text(m, "%.*s", UPK_FMT(upk_buf_view(&text)));
  upk_buf_free(&text);
  return copy;
}

/* By either clock; the server's limit ends a little before. */
static bool stop_came(const machine *m) {
  int64_t late_us = m->wall_us > own_us(m) ? m->wall_us : own_us(m);
  return m->config.stop_at_us && late_us + ENDED_US >= m->config.stop_at_us;
}

static const char *stop_name(const machine *m) {
  for (size_t i = 0; i < m->config.approval_count; i++)
    if (m->config.approvals[i].not_after_us == m->config.stop_at_us)
      return "the end of the approvals";
  return "--stop-at";
}

static int64_t p90_us(const step *s) { return s->plan->p90_ms * 1000; }

/* Whether it is only too long for what is left. */
static upk_str why_not(machine *m, const step *s) {
  look now = look_both(m, s, 1);
  int64_t stop_us = m->config.stop_at_us - m->wall_us;
  if (stop_came(m))
    return command_text(m, "the time of %s has come", stop_name(m));
  if (now.open && m->config.stop_at_us && stop_us <= now.close_us)
    return command_text(m, "it may take %.*s, and %s is in %.*s",
                        UPK_FMT(human(m, p90_us(s))), stop_name(m),
                        UPK_FMT(human(m, stop_us)));
  if (now.open)
    return command_text(m, "it may take %.*s, and %.*s closes in %.*s",
                        UPK_FMT(human(m, p90_us(s))), UPK_FMT(name_of(m, s)),
                        UPK_FMT(human(m, now.close_us)));
  return command_text(m, "%.*s is closed", UPK_FMT(name_of(m, s)));
}

bool window_has_room(const machine *m, const step *s) {
  return !in_force(m) || look_both(m, s, p90_us(s)).open;
}

gate_answer window_ask(machine *m, step *s, gate_moment at, gate_reason *why) {
  if (!in_force(m))
    return GATE_OPEN;
  /* What has begun is finished, where its policy says so. */
  if (at == GATE_ROUND && !s->plan->cancel_at_end)
    return GATE_OPEN;
  look now = look_both(m, s, at == GATE_ROUND ? 1 : p90_us(s));
  if (now.open)
    return GATE_OPEN;
  why->text = why_not(m, s);
  if (at == GATE_START)
    patience_over(s); /* another opening is another chance */
  if (!m->config.wait || now.wait_us < 0) {
    m->window.left++;
    why->text =
        command_text(m, "%.*s%s", UPK_FMT(why->text),
                     now.wait_us < 0 && !m->config.stop_at_us
                         ? ", and no later opening of this plan has room"
                         : "");
    return GATE_SHUT;
  }
  int64_t wait_us = now.wait_us < LOOK_US ? now.wait_us : LOOK_US;
  why->text = command_text(m, "%.*s; waits until %.*s", UPK_FMT(why->text),
                           UPK_FMT(moment(m, m->wall_us + now.wait_us)));
  why->until_us = m->mono_us + wait_us;
  return GATE_WAIT;
}

/* ---- the end of a window ---- */

static bool ends_it(const machine *m, const step *s) {
  return in_force(m) && s->plan->cancel_at_end;
}

int64_t window_left_ms(const machine *m, const step *s) {
  if (!ends_it(m, s) || s->undoing || s->state == MACHINE_FAILING)
    return INT64_MAX;
  look now = look_both(m, s, 1);
  return now.open && now.close_us > 1000 ? now.close_us / 1000 : 1;
}

bool window_ended(const machine *m, const step *s) {
  if (!ends_it(m, s))
    return false;
  return s->closed || window_left_ms(m, s) * 1000 <= ENDED_US;
}

void window_cancelled(machine *m, step *s) {
  m->window.left++;
  s->why.code = 3222;
  s->why.text =
      stop_came(m)
          ? upk_arena_printf(s->arena, "the time of %s has come: %.*s",
                             stop_name(m), UPK_FMT(s->why.text))
          : upk_arena_printf(s->arena, "%.*s closed: %.*s",
                             UPK_FMT(name_of(m, s)), UPK_FMT(s->why.text));
  step_end(m, s, MACHINE_CANCELLED);
}

bool window_put_off(machine *m, step *s) {
  look later = look_both(m, s, p90_us(s));
  if (!m->config.wait || later.wait_us < 0 || m->stop || m->stopping ||
      m->log_broken || m->shut != UPK_OK)
    return false;
  s->why.text = upk_arena_printf(s->arena, "%.*s closed: %.*s",
                                 UPK_FMT(name_of(m, s)), UPK_FMT(s->why.text));
  if (s->executed && s->plan->atomicity != PLAN_TRANSACTION)
    s->had_begun = true;
  s->watched.cuts = 0; /* its time begins anew */
  patience_over(s);
  patience_put_back(m, s, later.wait_us);
  return true;
}

void window_arm(machine *m, step *s) {
  if (!ends_it(m, s))
    return;
  int64_t left_us = window_left_ms(m, s) * 1000;
  machine_command *command = command_add(m, MACHINE_SLEEP);
  command->delay_us = left_us < LOOK_US ? left_us : LOOK_US;
  s->window_timer = command->id;
}

/* Statements are cancelled; what probes, validates and commits is let go on:
 * it is short, and the work was done within the window. */
static void close_step(machine *m, step *s) {
  s->closed = true;
  upk_str why = stop_came(m)
                    ? UPK_STR("the time of --stop-at has come")
                    : command_text(m, "%.*s closes", UPK_FMT(name_of(m, s)));
  record_note(m, command_text(m, "%.*s: step `%.*s` is cancelled", UPK_FMT(why),
                              UPK_FMT(s->plan->id)));
  if (s->phase == PHASE_PRE ||
      (s->phase >= PHASE_LEAD && s->phase <= PHASE_RELEASE))
    command_add(m, MACHINE_CANCEL)->session = (unsigned)s->session;
}

bool window_on_timer(machine *m, uint64_t id) {
  for (unsigned i = 0; i < m->config.jobs; i++) {
    session *se = &m->sessions[i];
    step *s = se->step == NO_STEP ? NULL : &m->steps[se->step];
    if (!s || s->window_timer != id)
      continue;
    s->window_timer = 0;
    bool runs = s->state == MACHINE_CHECKING || s->state == MACHINE_RUNNING;
    if (!runs || s->closed || se->state != SESSION_BUSY)
      return true;
    if (look_both(m, s, 1).open)
      window_arm(m, s);
    else
      close_step(m, s);
    return true;
  }
  return false;
}

/* ---- clocks ---- */

bool window_watch_clocks(machine *m) {
  int64_t apart_us = m->wall_us - own_us(m);
  int64_t jump_us = apart_us - m->window.apart_us;
  if (!in_force(m) || (jump_us <= JUMP_US && jump_us >= -JUMP_US))
    return false;
  m->window.apart_us = apart_us;
  if (m->phase >= RUN_BEGINNING && m->phase <= RUN_WORKING)
    record_note(
        m, command_text(m,
                        "the clock was set %s by %.*s: windows are judged "
                        "again, by the stricter of both",
                        jump_us > 0 ? "forward" : "back",
                        UPK_FMT(human(m, jump_us > 0 ? jump_us : -jump_us))));
  return true;
}

void window_begin(machine *m) {
  m->window.wall_us = m->wall_us;
  m->window.mono_us = m->mono_us;
}

/* ---- the end of the run ---- */

bool window_left_some(const machine *m) { return m->window.left > 0; }

void window_report(machine *m) {
  machine_counts counts = machine_count(m);
  if (!m->window.left || !counts.cancelled || m->config.rehearse)
    return;
  machine_report(
      m, 3221,
      command_text(m, "%zu step%s did not run: no window is open that has room",
                   counts.cancelled, counts.cancelled == 1 ? "" : "s"),
      "`upkeep resume` goes on in the next opening, and with --wait waits for "
      "it; `upkeep windows` shows when that is");
}
