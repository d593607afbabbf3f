/* Live control: a step held back, smaller rounds, a tighter throttle. Each is
 * at most what the plan allows: what reviewers approved stays the bound, and a
 * throttle of an operator's stands beside the plan's, not in its place. */
#include "machine/live.h"

#include <string.h>

#include "cell.h"
#include "machine/private.h"

static const char *const keys[] = {
#define X(name, text, doc) text,
    LIVE_TABLE(X)
#undef X
};

int live_step(const plan *plan, upk_str id) {
  for (size_t i = 0; i < plan->step_count; i++)
    if (upk_str_equal(plan->steps[i].id, id))
      return (int)i;
  return -1;
}

/* ---- bounds of the plan ---- */

/* The most that a batch of the step may take, by rows or by time; 0: it has no
 * batch. */
static int64_t bound_of_step(const plan_step *step, live_key key) {
  int64_t most = 0;
  for (size_t i = 0; i < step->run.count; i++) {
    const plan_batch *batch = step->run.items[i].batch;
    int64_t own = !batch              ? 0
                  : key == LIVE_BATCH ? batch->max_rows
                                      : batch->target_ms;
    most = own > most ? own : most;
  }
  return most;
}

static int64_t bound_of(const plan *plan, int step, live_key key) {
  int64_t most = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    if (step == LIVE_EVERY_STEP || step == (int)i) {
      int64_t own = bound_of_step(&plan->steps[i], key);
      most = own > most ? own : most;
    }
  return most;
}

static bool read_number(upk_arena *arena, const plan *plan, int step,
                        upk_str text, live_change *change, upk_str *ret_why) {
  bool rows = change->key == LIVE_BATCH;
  int64_t most = bound_of(plan, step, change->key), us = 0;
  bool good = rows ? upk_int_parse(text, &change->number)
                   : upk_duration_parse(text, &us);
  if (!rows)
    change->number = us / 1000;
  if (!most)
    *ret_why = step == LIVE_EVERY_STEP
                   ? UPK_STR("no step of the plan works in rounds")
                   : UPK_STR("the step does not work in rounds");
  else if (!good || change->number < 1)
    *ret_why =
        upk_arena_printf(arena, "`%.*s` is no %s", UPK_FMT(text),
                         rows ? "number of rows" : "time of 1ms or more");
  else if (change->number > most)
    *ret_why = upk_arena_printf(
        arena, "%lld %s is more than the plan's bound, %lld",
        (long long)change->number, rows ? "rows" : "ms", (long long)most);
  else
    return true;
  return false;
}

/* ---- throttles ---- */

typedef struct metric_scope {
  const plan *plan;
  upk_arena *arena;
} metric_scope;

static bool find_metric(void *ctx, const upk_name *name, upk_type *ret_type,
                        uint32_t *ret_slot) {
  const plan *plan = ((metric_scope *)ctx)->plan;
  upk_buf written = {0};
  bool found = false;
  upk_name_print(name, &written);
  for (size_t i = 0; i < plan->metric_count && !found; i++)
    if (upk_str_equal(upk_buf_view(&written), plan->metrics[i].name)) {
      *ret_type = plan->metrics[i].type;
      *ret_slot = (uint32_t)i;
      found = true;
    }
  upk_buf_free(&written);
  return found;
}

static size_t metric_names(void *ctx, upk_arena *arena, upk_str **ret_names) {
  const plan *plan = ((metric_scope *)ctx)->plan;
  upk_str *names = UPK_NEW_ARRAY(arena, upk_str, plan->metric_count + 1);
  for (size_t i = 0; i < plan->metric_count; i++)
    names[i] = plan->metrics[i].name;
  *ret_names = names;
  return plan->metric_count;
}

static bool no_name(void *ctx, const upk_name *name, upk_type *ret_type,
                    uint32_t *ret_slot) {
  (void)ctx, (void)name, (void)ret_type, (void)ret_slot;
  return false;
}

/* Where `METRIC <= LITERAL` has its literal's value; false: it has another
 * form, of which nothing is asked. */
static bool edge_of(upk_arena *arena, upk_str text, const upk_expr *expr,
                    upk_column *ret_value) {
  static const char *const operators[] = {"<=", ">=", "<", ">"};
  const upk_expr_name *names;
  upk_diags unsaid;
  upk_scope none = {no_name, NULL, NULL};
  if (upk_expr_names(expr, &names) != 1)
    return false;
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    const char *at = strstr(text.data, operators[i]);
    if (!at)
      continue;
    const char *literal = at + strlen(operators[i]);
    upk_diags_init(&unsaid, arena);
    upk_expr *value =
        upk_expr_compile(arena, upk_str_trim(upk_str_from(literal)),
                         UPK_NO_SPAN, &none, names[0].type, &unsaid);
    if (!value)
      return false;
    upk_expr_eval(value, NULL, 0, 1, arena, ret_value, NULL);
    return !ret_value->null || !ret_value->null[0];
  }
  return false;
}

/* One of the step's levels that is false where the new one is at its edge: the
 * new one would allow more. Absent: none. */
static upk_str tighter_level(upk_arena *arena, const plan *plan,
                             const plan_step *step, const upk_expr *expr,
                             const upk_column *edge) {
  static const uint8_t null[] = {1};
  metric_scope ctx = {plan, arena};
  upk_scope scope = {find_metric, NULL, &ctx};
  upk_column *columns =
      UPK_NEW_ARRAY(arena, upk_column, plan->metric_count + 1);
  const upk_expr_name *names;
  upk_diags unsaid;
  upk_expr_names(expr, &names);
  for (size_t i = 0; i < plan->metric_count; i++) {
    cell unknown = {.type = plan->metrics[i].type, .null = true};
    columns[i] = cell_column(arena, &unknown);
    columns[i].null = null;
  }
  columns[names[0].slot] = *edge;
  columns[names[0].slot].constant = true;
  for (size_t i = 0; i < step->throttle_count; i++) {
    upk_str text = plan->levels[step->throttle[i]];
    upk_diags_init(&unsaid, arena);
    upk_expr *level = upk_expr_compile(arena, text, UPK_NO_SPAN, &scope,
                                       UPK_TYPE_BOOL, &unsaid);
    if (level && upk_expr_truth(level, columns, 0) == UPK_FALSE)
      return text;
  }
  return UPK_NO_STR;
}

static upk_str loosens(upk_arena *arena, const plan *plan, int step,
                       upk_str text, const upk_expr *expr) {
  upk_column edge;
  upk_str found = UPK_NO_STR;
  if (!edge_of(arena, text, expr, &edge))
    return found;
  for (size_t i = 0; i < plan->step_count && !found.data; i++)
    if (step == LIVE_EVERY_STEP || step == (int)i)
      found = tighter_level(arena, plan, &plan->steps[i], expr, &edge);
  return found;
}

static upk_str names_of(upk_arena *arena, const plan *plan) {
  upk_str all = UPK_STR("");
  for (size_t i = 0; i < plan->metric_count; i++)
    all = upk_arena_printf(arena, "%.*s%s%.*s", UPK_FMT(all), i ? ", " : "",
                           UPK_FMT(plan->metrics[i].name));
  return all;
}

static bool read_throttle(upk_arena *arena, const plan *plan, int step,
                          upk_str text, live_change *change, upk_str *ret_why) {
  metric_scope ctx = {plan, arena};
  upk_scope scope = {find_metric, metric_names, &ctx};
  upk_diags said;
  if (upk_str_is(text, "plan"))
    return true;
  if (!plan->metric_count) {
    *ret_why = UPK_STR("the plan looks at no value of the running system: "
                       "there is nothing to throttle by");
    return false;
  }
  upk_diags_init(&said, arena);
  text = upk_arena_copy(arena, text);
  upk_expr *expr =
      upk_expr_compile(arena, text, UPK_NO_SPAN, &scope, UPK_TYPE_BOOL, &said);
  if (!expr) {
    *ret_why = upk_arena_printf(arena, "%.*s; the plan looks at %.*s",
                                UPK_FMT(said.items.items[0].message),
                                UPK_FMT(names_of(arena, plan)));
    return false;
  }
  upk_str bound = loosens(arena, plan, step, text, expr);
  if (bound.data)
    *ret_why = upk_arena_printf(
        arena, "`%.*s` allows more than the plan's bound, %.*s", UPK_FMT(text),
        UPK_FMT(bound));
  change->throttle = text;
  return !bound.data;
}

bool live_read(upk_arena *arena, const plan *plan, int step, upk_str change,
               live_change *ret_change, upk_str *ret_why) {
  upk_str value, key = upk_str_trim(upk_str_split(change, '=', &value));
  live_change read = {.key = LIVE_KEYS};
  for (int i = 0; i < LIVE_KEYS; i++)
    if (upk_str_is(key, keys[i]))
      read.key = (live_key)i;
  if (read.key == LIVE_KEYS || !value.data) {
    *ret_why = upk_arena_printf(
        arena,
        "`%.*s` is no change: batch=ROWS, round=TIME, throttle=CONDITION",
        UPK_FMT(change));
    return false;
  }
  value = upk_str_trim(value);
  bool good = read.key == LIVE_THROTTLE
                  ? read_throttle(arena, plan, step, value, &read, ret_why)
                  : read_number(arena, plan, step, value, &read, ret_why);
  if (good)
    *ret_change = read;
  return good;
}

/* ---- of a run ---- */

/* Whether a log stands open. */
static bool may_write(const machine *m) {
  return m->phase >= RUN_BEGINNING && m->phase <= RUN_WORKING;
}

static void note(machine *m, upk_str text) {
  if (may_write(m))
    record_note(m, text);
}

static void write_change(machine *m, const char *order, upk_str step,
                         upk_str change, upk_str by, upk_str text) {
  record r;
  if (!may_write(m))
    return;
  record_init(&r, m, NULL, "run.note", false);
  upk_json_put_string(r.obs_writer, "by", by);
  if (change.data)
    upk_json_put_string(r.obs_writer, "change", change);
  upk_json_put_string(r.obs_writer, "order", upk_str_from(order));
  if (step.data)
    upk_json_put_string(r.obs_writer, "step", step);
  record_end(&r, false, text);
}

/* ", says ann@shop1" */
static upk_str says(machine *m, upk_str by) {
  return by.len ? command_text(m, ", says %.*s", UPK_FMT(by)) : UPK_STR("");
}

static upk_str place(machine *m, upk_str step) {
  return step.data ? command_text(m, " for step `%.*s`", UPK_FMT(step))
                   : UPK_STR("");
}

static void set_throttle(machine *m, int step, upk_str text) {
  size_t left = 0;
  for (size_t i = 0; !text.data && i < m->live.count; i++) {
    live_throttle *kept = &m->live.throttles[i];
    if (step == LIVE_EVERY_STEP || kept->step == step)
      upk_buf_free(&kept->judged.why);
    else
      m->live.throttles[left++] = *kept;
  }
  if (!text.data) {
    m->live.count = left;
    return;
  }
  m->live.throttles[m->live.count++] =
      (live_throttle){.step = step, .text = upk_arena_copy(m->arena, text)};
}

static void set(machine *m, int number, const live_change *change) {
  if (change->key == LIVE_THROTTLE) {
    set_throttle(m, number, change->throttle);
    return;
  }
  for (size_t i = 0; i < m->plan->step_count; i++) {
    if (number != LIVE_EVERY_STEP && number != (int)i)
      continue;
    if (change->key == LIVE_BATCH)
      m->steps[i].live.max_rows = change->number;
    else
      m->steps[i].live.target_ms = change->number;
  }
}

static bool is_full(const machine *m, const live_change *change) {
  return change->throttle.data && m->live.count == LIVE_THROTTLES_MAX;
}

void live_on_set(machine *m) {
  upk_str id = m->event->step, text = m->event->change, why = UPK_NO_STR;
  upk_str by = m->event->text;
  live_change change;
  int number = id.data ? live_step(m->plan, id) : LIVE_EVERY_STEP;
  if (id.data && number < 0)
    why = UPK_STR("the plan has no such step");
  else if (live_read(m->out, m->plan, number, text, &change, &why) &&
           is_full(m, &change))
    why = UPK_STR("too many throttles are set; throttle=plan takes them back");
  if (why.data) {
    note(m, command_text(m, "not set: %.*s%.*s: %.*s", UPK_FMT(text),
                         UPK_FMT(place(m, id)), UPK_FMT(why)));
    return;
  }
  set(m, number, &change);
  write_change(m, "set", id, text, by,
               command_text(m, "set: %.*s%.*s%.*s", UPK_FMT(text),
                            UPK_FMT(place(m, id)), UPK_FMT(says(m, by))));
  gate_wake(m);
}

static bool can_be_held(const step *s) {
  return s->state == MACHINE_PENDING || s->batch;
}

void live_on_hold(machine *m, bool hold) {
  upk_str id = m->event->step, by = m->event->text;
  int number = live_step(m->plan, id);
  step *s = number < 0 ? NULL : &m->steps[number];
  if (!s || (hold && !can_be_held(s)) || s->live.held == hold) {
    record_note(
        m, command_text(m, "not %s: step `%.*s` %s", hold ? "held" : "released",
                        UPK_FMT(id),
                        !s     ? "is not in the plan"
                        : hold ? s->live.held ? "is held already" : "has begun"
                               : "is not held"));
    return;
  }
  s->live.held = hold;
  s->live.held_by = upk_arena_copy(m->arena, by.data ? by : UPK_STR(""));
  write_change(m, hold ? "hold" : "release", id, UPK_NO_STR, by,
               command_text(m, "step `%.*s` is %s%.*s", UPK_FMT(id),
                            hold ? "held" : "released", UPK_FMT(says(m, by))));
  gate_wake(m);
}

gate_answer live_gate(machine *m, step *s, gate_moment moment,
                      gate_reason *why) {
  (void)moment;
  if (!s->live.held)
    return GATE_OPEN;
  why->text = command_text(
      m, "the step is held%s%.*s, until `upkeep continue %.*s '%.*s'`",
      s->live.held_by.len ? " by " : "", UPK_FMT(s->live.held_by),
      UPK_FMT(m->config.run), UPK_FMT(s->plan->id));
  return GATE_WAIT;
}

int64_t live_rows(const step *s, int64_t max_rows) {
  int64_t own = s->live.max_rows;
  return own && own < max_rows ? own : max_rows;
}

int64_t live_target_ms(const step *s, int64_t target_ms) {
  int64_t own = s->live.target_ms;
  return own && own < target_ms ? own : target_ms;
}

void live_free(machine *m) {
  for (size_t i = 0; i < m->live.count; i++)
    upk_buf_free(&m->live.throttles[i].judged.why);
}
