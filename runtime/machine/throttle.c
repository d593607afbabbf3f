/* Metrics of the running system, and the levels over them: `throttle`, under
 * which work pauses, and `abort`, under which it ends. A value that is not
 * known lets nothing begin, but it ends nothing either. */
#include <string.h>

#include "machine/private.h"

#define DAY_US (INT64_C(86400) * 1000 * 1000)

enum {
  FRESH_US = 2500 * 1000,
  SOON_US = 200 * 1000,
  LOOKED_US = 5 * 1000 * 1000, /* it was looked at all the time */
  UNKNOWN_US = 60 * 1000 * 1000,
};

/* ---- samples ---- */

static void set_reason(sample *value, upk_str why) {
  value->known = false;
  upk_buf_clear(&value->reason);
  upk_buf_str(&value->reason, why);
}

bool throttle_may_ask(const machine *m, size_t number) {
  return m->plan->metrics[number].query.sql.data &&
         !m->watch.samples[number].lacks_needs;
}

void throttle_take_needs(machine *m, size_t number, bool fine) {
  const machine_rows *rows = &m->event->rows;
  sample *value = &m->watch.samples[number];
  bool there = fine && rows->count && rows->column_count &&
               rows->values[0].type != PLAN_NULL && rows->values[0].integer;
  value->asked_needs = true;
  value->lacks_needs = !there;
}

static const plan_value *column_of(const machine_rows *rows, upk_str name,
                                   const char *suffix) {
  for (size_t i = 0; rows->count && i < rows->column_count; i++) {
    upk_str column = rows->columns[i];
    size_t tail = strlen(suffix);
    if (column.len == name.len + tail && upk_str_ends(column, suffix) &&
        upk_str_equal((upk_str){column.data, name.len}, name))
      return &rows->values[i];
  }
  return NULL;
}

/* A counter's growth per day, from two samples. */
static void take_rate(machine *m, sample *value, int64_t count) {
  int64_t us = m->mono_us - value->count_us, grown = count - value->count;
  bool again = value->has_count;
  value->has_count = true;
  value->count = count;
  value->count_us = m->mono_us;
  if (!again || us <= 0) {
    set_reason(value, UPK_STR("a rate needs two samples"));
  } else if (grown < 0) {
    set_reason(value, UPK_STR("the counter was set back"));
  } else {
    __extension__ typedef __int128 wide;
    wide rate = (wide)grown * DAY_US / us;
    value->known = true;
    value->integer = rate > INT64_MAX ? INT64_MAX : (int64_t)rate;
  }
}

static void take_value(machine *m, const plan_metric *metric, sample *value) {
  const machine_rows *rows = &m->event->rows;
  const plan_value *given = column_of(rows, metric->column, "");
  const plan_value *reason = column_of(rows, metric->column, ".reason");
  plan_column column = {metric->column, metric->type};
  cells row = {0};
  upk_arena_reset(m->scratch);
  if (given)
    cells_add_row(m->scratch, &row, rows, 0, &column, 1);
  const cell *found = cells_find(&row, metric->column);
  if (!found || found->null || found->type == UPK_TYPE_LIST) {
    set_reason(value, reason && reason->type == PLAN_TEXT
                          ? reason->text
                          : UPK_STR("the server gives no value"));
    return;
  }
  if (metric->measure == PLAN_RATE) {
    take_rate(m, value, found->integer);
    return;
  }
  value->known = true;
  value->integer = found->integer;
  upk_buf_clear(&value->text);
  if (found->text.data)
    upk_buf_str(&value->text, found->text);
}

void throttle_take(machine *m, size_t number, int64_t took_us) {
  const plan_metric *metric = &m->plan->metrics[number];
  sample *value = &m->watch.samples[number];
  if (m->event->fault.kind != MACHINE_FINE) {
    set_reason(value, fault_text(m, &m->event->fault));
  } else if (metric->measure == PLAN_LATENCY) {
    value->known = true;
    value->integer = took_us;
  } else {
    take_value(m, metric, value);
  }
}

bool throttle_fresh(const machine *m) {
  return m->watch.round && m->mono_us - m->watch.sampled_us <= FRESH_US;
}

upk_str throttle_reason(const machine *m, size_t number) {
  const sample *value = &m->watch.samples[number];
  if (!throttle_may_ask(m, number))
    return m->plan->metrics[number].unavailable;
  return upk_buf_view(&value->reason);
}

/* ---- levels ---- */

static bool is_named(const upk_name *name, upk_str text) {
  upk_buf written = {0};
  if (name->qualifier.data)
    upk_buf_printf(&written, "%.*s.", UPK_FMT(name->qualifier));
  upk_buf_str(&written, name->name);
  for (size_t i = 0; i < name->argument_count; i++)
    upk_buf_printf(&written, "%s%.*s", i ? "," : "(",
                   UPK_FMT(name->arguments[i]));
  if (name->argument_count)
    upk_buf_char(&written, ')');
  bool same = upk_str_equal(upk_buf_view(&written), text);
  upk_buf_free(&written);
  return same;
}

static bool find_metric(void *ctx, const upk_name *name, upk_type *ret_type,
                        uint32_t *ret_slot) {
  const machine *m = ctx;
  for (size_t i = 0; i < m->plan->metric_count; i++)
    if (is_named(name, m->plan->metrics[i].name)) {
      *ret_type = m->plan->metrics[i].type;
      *ret_slot = (uint32_t)i;
      return true;
    }
  return false;
}

static upk_column *columns_of(machine *m) {
  size_t count = m->plan->metric_count;
  upk_column *columns = UPK_NEW_ARRAY(m->scratch, upk_column, count + 1);
  for (size_t i = 0; i < count; i++) {
    const sample *value = &m->watch.samples[i];
    cell c = {.type = m->plan->metrics[i].type, .null = !value->known};
    c.integer = value->integer;
    c.text = upk_buf_view(&value->text);
    columns[i] = cell_column(m->scratch, &c);
  }
  return columns;
}

/* Why what it names is not known. */
static void add_reasons(machine *m, const upk_expr *expr, upk_buf *out) {
  const upk_expr_name *names;
  size_t count = upk_expr_names(expr, &names), said = 0;
  for (size_t i = 0; i < count; i++) {
    if (m->watch.samples[names[i].slot].known)
      continue;
    upk_str why = throttle_reason(m, names[i].slot);
    if (why.len)
      upk_buf_printf(out, "%s%.*s", said++ ? "; " : " (", UPK_FMT(why));
  }
  if (said)
    upk_buf_char(out, ')');
}

static void judge(machine *m, level *judged, upk_str text) {
  upk_scope names = {find_metric, NULL, m};
  upk_diags said;
  upk_arena_reset(m->scratch);
  upk_diags_init(&said, m->scratch);
  upk_buf_clear(&judged->why);
  upk_expr *expr = upk_expr_compile(m->scratch, text, UPK_NO_SPAN, &names,
                                    UPK_TYPE_BOOL, &said);
  if (!expr) {
    judged->truth = UPK_UNKNOWN;
    upk_buf_printf(&judged->why, "`%.*s` cannot be judged: %.*s", UPK_FMT(text),
                   UPK_FMT(said.items.items[0].message));
    return;
  }
  upk_column *columns = columns_of(m);
  judged->truth = upk_expr_truth(expr, columns, 0);
  if (judged->truth == UPK_TRUE)
    return;
  upk_expr_because(expr, columns, 0, &judged->why);
  if (judged->truth == UPK_UNKNOWN)
    add_reasons(m, expr, &judged->why);
  upk_buf_printf(&judged->why, ", wanted %.*s", UPK_FMT(text));
}

static void note_unknown(const machine *m, level *judged) {
  bool looked = m->mono_us - judged->judged_us <= LOOKED_US;
  judged->judged_us = m->mono_us;
  if (judged->truth != UPK_UNKNOWN)
    judged->unknown_us = 0;
  else if (!judged->unknown_us || !looked)
    judged->unknown_us = m->mono_us;
}

static level *judge_now(machine *m, level *judged, upk_str text) {
  if (judged->round != m->watch.round) {
    judged->round = m->watch.round;
    judge(m, judged, text);
    note_unknown(m, judged);
  }
  return judged;
}

static level *level_at(machine *m, uint32_t number) {
  return judge_now(m, &m->watch.levels[number], m->plan->levels[number]);
}

/* What nobody can tell is not waited for without end: what it holds back is
 * left to a later process of the run. */
static bool is_given_up(machine *m, level *judged) {
  if (!judged->unknown_us || m->mono_us - judged->unknown_us < UNKNOWN_US)
    return false;
  if (!judged->given_up)
    machine_report(m, 3244,
                   command_text(m, "a throttle was not known for %d s: %.*s",
                                UNKNOWN_US / 1000000,
                                UPK_FMT(upk_buf_view(&judged->why))),
                   "let it be known, or take it from the throttle; then go on "
                   "with `upkeep resume`, or with a new plan");
  judged->given_up = true;
  return true;
}

/* ---- what follows ---- */

static bool aborts(machine *m, const step *s) {
  for (size_t i = 0; i < s->plan->abort_count && !m->watch.aborted; i++) {
    const level *judged = level_at(m, s->plan->abort[i]);
    if (judged->truth != UPK_FALSE)
      continue;
    m->watch.aborted = true;
    if (m->shut == UPK_OK)
      m->shut = UPK_CANCELLED;
    machine_report(m, 3243,
                   command_text(m,
                                "the run is broken off at its abort level: "
                                "%.*s",
                                UPK_FMT(upk_buf_view(&judged->why))),
                   "when that is over, go on with `upkeep resume`");
    record_note(
        m, command_text(m, "abort: %.*s", UPK_FMT(upk_buf_view(&judged->why))));
  }
  return m->watch.aborted;
}

void throttle_sampled(machine *m) {
  m->watch.round++;
  m->watch.sampled_us = m->mono_us;
  for (unsigned i = 0; i < m->config.jobs; i++)
    if (m->sessions[i].step != NO_STEP &&
        aborts(m, &m->steps[m->sessions[i].step])) {
      machine_stop(m, 2, UPK_STR("its abort level"));
      return;
    }
  disk_watch(m);
  gate_wake(m);
}

static bool wants_samples(const machine *m, const step *s) {
  return s->plan->throttle_count || s->plan->abort_count || m->live.count ||
         (s->plan->room_bytes && m->watch.disk >= 0);
}

static gate_answer wait_for_samples(machine *m, gate_reason *why) {
  why->until_us = m->mono_us + SOON_US;
  watch_look(m, true);
  return GATE_WAIT;
}

static gate_answer judge_throttle(machine *m, level *judged, gate_reason *why) {
  if (judged->truth == UPK_TRUE)
    return GATE_OPEN;
  if (is_given_up(m, judged)) {
    why->text = command_text(m, "its throttle is not known: %.*s",
                             UPK_FMT(upk_buf_view(&judged->why)));
    return GATE_SHUT;
  }
  why->text = command_text(m, "%.*s", UPK_FMT(upk_buf_view(&judged->why)));
  watch_look(m, true);
  return GATE_WAIT;
}

static gate_answer judge_live(machine *m, const step *s, gate_reason *why) {
  gate_answer answer = GATE_OPEN;
  for (size_t i = 0; i < m->live.count && answer == GATE_OPEN; i++) {
    live_throttle *own = &m->live.throttles[i];
    if (own->step == LIVE_EVERY_STEP || s == &m->steps[own->step])
      answer = judge_throttle(m, judge_now(m, &own->judged, own->text), why);
  }
  return answer;
}

static gate_answer judge_levels(machine *m, step *s, gate_reason *why) {
  if (aborts(m, s)) {
    m->watch.wanted = true; /* the round's end stops the rest */
    why->text = UPK_STR("the abort level is reached");
    return GATE_SHUT;
  }
  for (size_t i = 0; i < s->plan->throttle_count; i++) {
    gate_answer answer =
        judge_throttle(m, level_at(m, s->plan->throttle[i]), why);
    if (answer != GATE_OPEN)
      return answer;
  }
  return judge_live(m, s, why);
}

gate_answer watch_gate(machine *m, step *s, gate_moment moment,
                       gate_reason *why) {
  bool guarded = m->plan->guard_sql.data && s->plan->blocking_ms;
  (void)moment;
  if (!m->watch.on || (!guarded && !wants_samples(m, s)))
    return GATE_OPEN;
  if (m->sessions[m->config.jobs].state == SESSION_GONE) {
    why->text = UPK_STR("the session that watches is gone");
    return GATE_SHUT;
  }
  if (!watch_here(m)) {
    why->text = command_text(m, "the session that watches is away: %.*s",
                             UPK_FMT(upk_buf_view(&m->watch.away)));
    return GATE_WAIT;
  }
  if (!wants_samples(m, s))
    return GATE_OPEN;
  return throttle_fresh(m) ? judge_levels(m, s, why) : wait_for_samples(m, why);
}
