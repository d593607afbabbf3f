#include "check/require.h"

#include <string.h>

#include "timefmt.h"

static upk_str duration_text(ir *ir, int64_t us) {
  upk_buf out = {0};
  upk_duration_format(us, &out);
  upk_str text = upk_arena_copy(ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

static void note(ir *ir, const ir_policy *policy, const char *key,
                 upk_str value, upk_span span) {
  size_t number = (size_t)(policy - ir->policies.items);
  for (size_t i = 0; i < ir->requirements.fills.len; i++) {
    const ir_fill *f = &ir->requirements.fills.items[i];
    if (f->policy == number && upk_str_is(f->key, key) &&
        upk_str_equal(f->value, value))
      return; /* of another engine's turn */
  }
  *UPK_PUSH(ir->arena, &ir->requirements.fills) =
      (ir_fill){number, upk_str_from(key), value, span};
}

static const ir_requirement *required(const ir *ir, ir_requirement_key key) {
  return ir_requirement_of(&ir->requirements, key, ir->target->name,
                           UPK_NO_STR);
}

/* ---- limits ---- */

static const struct limit {
  ir_requirement_key requirement;
  unsigned given;
  size_t offset;
  const char *key;
  bool zero_is_none;
} limits[] = {
    {IR_REQUIREMENT_blocking, IR_GIVEN_MAX_BLOCKING,
     offsetof(ir_limits, max_blocking_us), "limits.max_blocking", false},
    {IR_REQUIREMENT_duration, IR_GIVEN_MAX_DURATION,
     offsetof(ir_limits, max_duration_us), "limits.max_duration", true},
    {IR_REQUIREMENT_lock_wait, IR_GIVEN_LOCK_TIMEOUT,
     offsetof(ir_limits, lock_timeout_us), "limits.lock_timeout", false},
    {IR_REQUIREMENT_statement_time, IR_GIVEN_STATEMENT_TIMEOUT,
     offsetof(ir_limits, statement_timeout_us), "limits.statement_timeout",
     true},
};

static void say_exceeded(ir *ir, const ir_policy *policy, const struct limit *l,
                         int64_t own_us, const ir_requirement *item) {
  upk_str own = own_us ? duration_text(ir, own_us) : UPK_STR("no bound");
  upk_str allowed = duration_text(ir, item->integer);
  for (size_t i = 0; i < ir->diags->items.len; i++) {
    const upk_diag *d = &ir->diags->items.items[i];
    if (d->code == 1617 &&
        d->labels.items[0].span.line == policy->name_span.line &&
        d->labels.items[0].span.source == policy->name_span.source)
      return; /* of another engine's turn */
  }
  upk_diag *diag = upk_diag_add(
      ir->diags, 1617, policy->name_span,
      "`%s` of policy `%.*s` is %.*s, and the requirements allow %.*s", l->key,
      UPK_FMT(policy->name), UPK_FMT(own), UPK_FMT(allowed));
  upk_diag_label(ir->diags, diag, item->span, "asked for here");
}

void require_begin(ir *ir, ir_policy *policy) {
  (void)ir;
  policy->limits = policy->written_limits;
  if (policy->throttle_required)
    policy->throttle.len--;
  policy->throttle_required = false;
}

void require_limits(ir *ir, ir_policy *policy) {
  for (size_t i = 0; policy->by.len && i < sizeof limits / sizeof *limits;
       i++) {
    const struct limit *l = &limits[i];
    const ir_requirement *item = required(ir, l->requirement);
    int64_t us;
    if (!item)
      continue;
    memcpy(&us, (const char *)&policy->limits + l->offset, sizeof us);
    if (policy->limits_given & l->given) {
      if (us > item->integer || (l->zero_is_none && !us))
        say_exceeded(ir, policy, l, us, item);
      continue;
    }
    memcpy((char *)&policy->limits + l->offset, &item->integer, sizeof us);
    note(ir, policy, l->key, duration_text(ir, item->integer), item->span);
  }
}

/* ---- throttle ---- */

static bool names_metric(const ir_texts *texts, const char *metric) {
  size_t len = strlen(metric);
  for (size_t i = 0; i < texts->len; i++)
    for (size_t n = 0; n + len <= texts->items[i].text.len; n++)
      if (memcmp(texts->items[i].text.data + n, metric, len) == 0)
        return true;
  return false;
}

/* Whether the engine can be asked for the lag while a plan runs: work that is
 * throttled by what nobody knows would wait for ever. A target without replicas
 * has no lag. */
static bool is_measured(const ir *ir) {
  const node *metrics = node_find(ir->engine->definition, "metrics");
  const node *lag = metrics ? node_find(metrics, "replica_lag") : NULL;
  return lag && node_find(lag, "sql") && ir->target->replicas.len > 0;
}

void require_throttle(ir *ir, ir_policy *policy) {
  const ir_requirement *item = required(ir, IR_REQUIREMENT_replica_lag);
  if (!item || !policy->by.len || !is_measured(ir) ||
      names_metric(&policy->throttle, "replica_lag"))
    return;
  upk_str text = upk_arena_printf(ir->arena, "replica_lag <= %.*s",
                                  UPK_FMT(duration_text(ir, item->integer)));
  *UPK_PUSH(ir->arena, &policy->throttle) =
      (ir_text){text, item->span, item->span};
  policy->throttle_required = true;
  note(ir, policy, "throttle", text, item->span);
}

/* ---- windows ---- */

void require_windows(ir *ir, const ir_policy *policy) {
  bool own = false;
  if (!policy->by.len || policy->window.text.data)
    return;
  for (size_t i = 0; i < ir->project.windows.len; i++)
    own = own || (ir->project.windows.items[i].required &&
                  ir->project.windows.items[i].target.data &&
                  upk_str_equal(ir->project.windows.items[i].target,
                                ir->target->name));
  for (size_t i = 0; i < ir->project.windows.len; i++) {
    const ir_window *window = &ir->project.windows.items[i];
    bool fits = own ? window->target.data &&
                          upk_str_equal(window->target, ir->target->name)
                    : !window->target.data;
    if (window->required && fits)
      note(ir, policy, "window", window->name, window->span);
  }
}
