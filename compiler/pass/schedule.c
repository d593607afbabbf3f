/* schedule: which steps exclude each other, and when each is expected to run.
 *
 * Windows and blackouts come as moments, handed in with the request: rules,
 * zones and calendars are the runtime's. A plan is for the next opening that
 * has room for its most urgent step, and expires with it; what fits into none
 * before is deferred.
 *
 * Conflicts: two steps whose locks on one object exclude each other share a
 * key, the object's name. Which modes exclude which stands in the engine's
 * `lock_conflicts`; without it any two locks on an object do.
 *
 * Times: list scheduling on the target's jobs (Graham 1969), the most urgent
 * first, and of those the longest; then what fits into the time that is left.
 */
#include <stdlib.h>

#include "order/budget.h"
#include "order/openings.h"
#include "order/required.h"
#include "order/timing.h"
#include "pass/pass.h"
#include "step/locks.h"

/* ---- locks by object ---- */

typedef struct holder {
  uint32_t step;
  upk_str mode;
} holder;

typedef struct locked {
  upk_str key; /* display name */
  UPK_VEC(holder) holders;
} locked;

typedef struct locking {
  ir *ir;
  upk_map by_key;
  UPK_VEC(locked) objects;
} locking;

static void add_lock(locking *l, uint32_t step, const ir_lock *lock,
                     upk_buf *name) {
  uint64_t number;
  upk_buf_clear(name);
  upk_display_name(lock->object.items, lock->object.len, name);
  if (!upk_map_find(&l->by_key, upk_buf_view(name), &number)) {
    upk_str key = upk_arena_copy(l->ir->arena, upk_buf_view(name));
    number = l->objects.len;
    upk_map_put(&l->by_key, key, number);
    UPK_PUSH(l->ir->arena, &l->objects)->key = key;
  }
  *UPK_PUSH(l->ir->arena, &l->objects.items[number].holders) =
      (holder){step, lock->mode};
}

/* The distinct modes on one object, and whether each meets a mode (of another
 * step) that it excludes. Few modes, however many steps. */
enum { MODES_MAX = 16 };
typedef struct modes {
  upk_str items[MODES_MAX];
  uint32_t first_step[MODES_MAX];
  bool shared[MODES_MAX]; /* held by more than one step */
  bool meets[MODES_MAX];
  size_t len;
  bool all; /* too many to tell apart: all conflict */
} modes;

static size_t mode_number(const modes *m, upk_str mode) {
  size_t i = 0;
  while (i < m->len && !upk_str_equal(m->items[i], mode))
    i++;
  return i;
}

static void collect_modes(const locked *object, modes *m) {
  for (size_t i = 0; i < object->holders.len && !m->all; i++) {
    const holder *h = &object->holders.items[i];
    size_t at = mode_number(m, h->mode);
    if (at < m->len) {
      m->shared[at] = m->shared[at] || m->first_step[at] != h->step;
    } else if (m->len < MODES_MAX) {
      m->items[m->len] = h->mode;
      m->first_step[m->len++] = h->step;
    } else {
      m->all = true;
    }
  }
}

static void find_meetings(modes *m, const ir_engine *engine) {
  for (size_t i = 0; i < m->len; i++)
    for (size_t j = 0; j < m->len; j++) {
      bool others = i == j ? m->shared[i]
                           : m->shared[i] || m->shared[j] ||
                                 m->first_step[i] != m->first_step[j];
      if (others && locks_exclude(engine, m->items[i], m->items[j]))
        m->meets[i] = true;
    }
}

static void add_key(const ir *ir, ir_step *step, upk_str key) {
  for (size_t i = 0; i < step->conflicts.len; i++)
    if (upk_str_equal(step->conflicts.items[i], key))
      return;
  *UPK_PUSH(ir->arena, &step->conflicts) = key;
}

static void mark_object(const ir *ir, const locked *object) {
  modes m = {0};
  if (object->holders.len < 2)
    return;
  collect_modes(object, &m);
  find_meetings(&m, ir->engine);
  for (size_t i = 0; i < object->holders.len; i++) {
    const holder *h = &object->holders.items[i];
    size_t mode = mode_number(&m, h->mode);
    if (m.all || (mode < m.len && m.meets[mode]))
      add_key(ir, &ir->steps.items[h->step], object->key);
  }
}

/* Steps of one turn share a key of its name; one alone needs none. */
static void take_turns(ir *ir) {
  upk_map first;
  upk_map_init(&first, ir->arena);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    uint64_t other = 0;
    if (!step->turn.data)
      continue;
    if (!upk_map_find(&first, step->turn, &other)) {
      upk_map_put(&first, step->turn, ir->plan_order.items[i]);
      continue;
    }
    upk_str key = upk_arena_printf(ir->arena, "turn:%.*s", UPK_FMT(step->turn));
    add_key(ir, &ir->steps.items[other], key);
    add_key(ir, step, key);
  }
}

static int by_bytes(const void *a, const void *b) {
  return upk_str_compare(*(const upk_str *)a, *(const upk_str *)b);
}

static void find_conflicts(ir *ir) {
  locking l = {.ir = ir};
  upk_buf name = {0};
  upk_map_init(&l.by_key, ir->arena);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    uint32_t number = ir->plan_order.items[i];
    const ir_step *step = &ir->steps.items[number];
    for (size_t j = 0; j < step->locks.len; j++)
      add_lock(&l, number, &step->locks.items[j], &name);
  }
  upk_buf_free(&name);
  take_turns(ir);
  for (size_t i = 0; i < l.objects.len; i++)
    mark_object(ir, &l.objects.items[i]);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    ir_names *keys = &ir->steps.items[ir->plan_order.items[i]].conflicts;
    if (keys->len > 1)
      qsort(keys->items, keys->len, sizeof *keys->items, by_bytes);
  }
}

/* ---- windows ---- */

static bool was_cut(const ir *ir, const ir_step *step) {
  const ir_limits *limits = &step->policy->limits;
  const ir_limits *written = &step->policy->written_limits;
  if (limits->lock_timeout_us != written->lock_timeout_us ||
      limits->max_blocking_us != written->max_blocking_us)
    return false; /* filled in by the requirements, whose bounds both are */
  if (limits->lock_timeout_us <= limits->max_blocking_us || !step->lock_ms ||
      step->lock_ms >= limits->lock_timeout_us / 1000)
    return false;
  for (size_t i = 0; i < step->locks.len; i++)
    if (locks_all_traffic(ir->engine, step->locks.items[i].mode))
      return true;
  return false;
}

/* Once a policy; see locks_limit. */
static void say_cut_timeouts(ir *ir) {
  uint8_t *said = UPK_NEW_ARRAY(ir->arena, uint8_t, ir->policies.len + 1);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (!step->policy || said[step->policy_index] || !was_cut(ir, step))
      continue;
    said[step->policy_index] = 1;
    upk_diag *diag = upk_diag_add(
        ir->diags, 1590, step->policy->name_span,
        "policy `%.*s` waits for locks that exclude all others for "
        "`max_blocking` at most, not for `lock_timeout`",
        UPK_FMT(step->policy->name));
    upk_diag_help(ir->diags, diag,
                  "Whoever comes after such a waiting lock waits too: raise "
                  "`limits: { max_blocking }` if they may.");
  }
}

/* A window that a step of the plan would have, and that nothing fits into. */
static void say_shut(ir *ir) {
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    const ir_window *window = policy->window_resolved;
    bool opens = window && window->open.count &&
                 window->open.items[0].from_us < ir->now_us + OPENINGS_AHEAD_US;
    bool said = false;
    for (size_t j = 0; j < i && !said; j++)
      said = ir->policies.items[j].applies &&
             ir->policies.items[j].window_resolved == window;
    if (!policy->applies || !window || opens || said)
      continue;
    upk_diag *diag = upk_diag_add(ir->diags, 1568, policy->window.span,
                                  "window `%.*s` does not open within 14 days",
                                  UPK_FMT(window->name));
    upk_diag_help(ir->diags, diag,
                  "See what takes its openings with `upkeep windows`.");
  }
}

upk_status pass_schedule(ir *ir) {
  if (!openings_read(ir))
    return UPK_DENIED;
  required_windows(ir);
  say_shut(ir);
  say_cut_timeouts(ir);
  find_conflicts(ir);
  timing_predict(ir);
  for (size_t i = 0; i < ir->plan_order.len; i++)
    ir->totals.blocking_ms +=
        ir->steps.items[ir->plan_order.items[i]].estimate.blocking_ms;
  return budget_account(ir) ? UPK_OK : UPK_DENIED;
}
