#include <stdlib.h>
#include <string.h>

#include "order/graph.h"
#include "order/openings.h"
#include "order/timing.h"
#include "timefmt.h"

#define NONE UINT32_MAX

/* A binary heap, the least on top: ready steps by rank, running ones by their
 * end. */
typedef struct item {
  int64_t key;
  uint32_t step;
} item;

typedef struct heap {
  item *items;
  size_t len;
} heap;

static bool before(item a, item b) {
  return a.key != b.key ? a.key < b.key : a.step < b.step;
}

static void push(heap *h, item added) {
  size_t at = h->len++;
  while (at > 0 && before(added, h->items[(at - 1) / 2])) {
    h->items[at] = h->items[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  h->items[at] = added;
}

static item pop(heap *h) {
  item top = h->items[0];
  item last = h->items[--h->len];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= h->len)
      break;
    if (child + 1 < h->len && before(h->items[child + 1], h->items[child]))
      child++;
    if (!before(h->items[child], last))
      break;
    h->items[at] = h->items[child];
    at = child;
  }
  h->items[at] = last;
  return top;
}

/* Steps that wait for a conflict key, linked by `next`. They are woken one at
 * a time: a thousand steps on one table do not all wake for each other. */
typedef struct gate {
  bool held;
  uint32_t first, last;
} gate;

typedef struct timing {
  ir *ir;
  graph g; /* steps, then policies' barriers */
  uint32_t *rank;
  uint32_t *key_first, *keys; /* of a step: keys[key_first[s]...] */
  size_t key_count;

  /* of one simulation */
  bool late; /* p90 instead of p50 */
  uint32_t *waits, *next, *stack;
  gate *gates;
  heap ready, running;
  heap asleep; /* until an opening begins */
  size_t free_workers;
  int64_t now_ms;  /* since ir->now_us */
  int64_t busy_ms; /* time in which something ran */
  uint8_t *left;   /* of each step: it found no opening */
} timing;

/* ---- setting up ---- */

static uint32_t node_of(const ir *ir, uint32_t end) {
  return end & IR_BARRIER ? (uint32_t)ir->steps.len + (end & ~IR_BARRIER) : end;
}

static void make_graph(timing *t) {
  const ir *ir = t->ir;
  graph_edge *edges = UPK_NEW_ARRAY(ir->arena, graph_edge, ir->edges.len + 1);
  for (size_t i = 0; i < ir->edges.len; i++)
    edges[i] = (graph_edge){node_of(ir, ir->edges.items[i].from),
                            node_of(ir, ir->edges.items[i].to)};
  graph_init(&t->g, ir->arena, ir->steps.len + ir->policies.len, edges,
             ir->edges.len);
}

typedef struct ranked {
  int64_t urgency, length;
  uint32_t place, step;
} ranked;

static int by_urgency(const void *a, const void *b) {
  const ranked *left = a;
  const ranked *right = b;
  if (left->urgency != right->urgency)
    return left->urgency > right->urgency ? -1 : 1;
  if (left->length != right->length)
    return left->length > right->length ? -1 : 1;
  return left->place < right->place ? -1 : 1;
}

/* Longest first: the greedy schedule is then within 4/3 of the best (Graham
 * 1969) for steps of one urgency. */
static void rank_steps(timing *t) {
  const ir *ir = t->ir;
  size_t count = ir->plan_order.len;
  ranked *order = UPK_NEW_ARRAY(ir->arena, ranked, count + 1);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = ir->plan_order.items[i];
    const ir_step *step = &ir->steps.items[number];
    order[i] = (ranked){step->urgency, step->estimate.p50_ms, i, number};
  }
  qsort(order, count, sizeof *order, by_urgency);
  for (uint32_t i = 0; i < count; i++)
    t->rank[order[i].step] = i;
}

static void number_keys(timing *t) {
  const ir *ir = t->ir;
  upk_map numbers;
  UPK_VEC(uint32_t) keys = {0};
  upk_map_init(&numbers, ir->arena);
  for (size_t i = 0; i < ir->steps.len; i++) {
    const ir_names *names = &ir->steps.items[i].conflicts;
    t->key_first[i] = (uint32_t)keys.len;
    for (size_t j = 0; j < names->len; j++) {
      uint64_t number = t->key_count;
      if (!upk_map_find(&numbers, names->items[j], &number)) {
        upk_map_put(&numbers, names->items[j], number);
        t->key_count++;
      }
      *UPK_PUSH(ir->arena, &keys) = (uint32_t)number;
    }
  }
  t->key_first[ir->steps.len] = (uint32_t)keys.len;
  t->keys = keys.items;
}

/* ---- running ---- */

static int64_t length_of(const timing *t, uint32_t step) {
  const ir_estimate *estimate = &t->ir->steps.items[step].estimate;
  int64_t length = t->late ? estimate->p90_ms : estimate->p50_ms;
  return length > 0 ? length : 0;
}

static void make_ready(timing *t, uint32_t step) {
  push(&t->ready, (item){t->rank[step], step});
}

/* A node is done. Barriers that waited only for it are done at once too: a
 * stack holds them, so that a chain of any length is fine. */
static void finish_node(timing *t, uint32_t node) {
  size_t steps = t->ir->steps.len;
  size_t depth = 0;
  t->stack[depth++] = node;
  while (depth) {
    uint32_t from = t->stack[--depth];
    for (uint32_t i = t->g.first[from]; i < t->g.first[from + 1]; i++) {
      uint32_t to = t->g.to[i];
      if (--t->waits[to] > 0)
        continue;
      if (to < steps)
        make_ready(t, to);
      else
        t->stack[depth++] = to;
    }
  }
}

static void start_ready(timing *t) {
  size_t steps = t->ir->steps.len;
  for (size_t i = 0; i < t->g.edge_count; i++)
    t->waits[t->g.to[i]]++;
  for (size_t i = 0; i < t->ir->plan_order.len; i++)
    if (!t->waits[t->ir->plan_order.items[i]])
      make_ready(t, t->ir->plan_order.items[i]);
  /* A barrier that nothing precedes: its steps were all dropped. Those made
   * done by another are not met again, for they had something to wait for. */
  uint8_t *alone = UPK_NEW_ARRAY(t->ir->arena, uint8_t, t->g.node_count + 1);
  for (size_t i = steps; i < t->g.node_count; i++)
    alone[i] = !t->waits[i];
  for (uint32_t i = (uint32_t)steps; i < t->g.node_count; i++)
    if (alone[i])
      finish_node(t, i);
}

static void wake_one(timing *t, gate *g) {
  uint32_t step = g->first;
  if (step == NONE)
    return;
  g->first = t->next[step];
  make_ready(t, step);
}

static void wait_at(timing *t, gate *g, uint32_t step) {
  t->next[step] = NONE;
  if (g->first == NONE)
    g->first = step;
  else
    t->next[g->last] = step;
  g->last = step;
}

/* False when the step has to wait for a key. It may have been woken for
 * another one, which the next in line can then have. */
static bool take_keys(timing *t, uint32_t step) {
  uint32_t first = t->key_first[step];
  uint32_t end = t->key_first[step + 1];
  gate *held = NULL;
  for (uint32_t i = first; i < end && !held; i++)
    if (t->gates[t->keys[i]].held)
      held = &t->gates[t->keys[i]];
  for (uint32_t i = first; i < end; i++) {
    gate *g = &t->gates[t->keys[i]];
    if (!held)
      g->held = true;
    else if (!g->held)
      wake_one(t, g);
  }
  if (held)
    wait_at(t, held, step);
  return !held;
}

/* Since when a step's times are counted: its opening, or the plan. */
static int64_t origin_ms(const timing *t, const ir_step *step) {
  return step->opens_us ? (step->opens_us - t->ir->now_us) / 1000 : 0;
}

static void start_step(timing *t, uint32_t number, ir_interval opening) {
  ir_step *step = &t->ir->steps.items[number];
  int64_t end = t->now_ms + length_of(t, number);
  int64_t opens_us = step->window ? opening.from_us : 0;
  if (!t->late) {
    step->opens_us = opens_us;
    step->start_ms = t->now_ms - origin_ms(t, step);
    step->end_ms = end - origin_ms(t, step);
  } else {
    step->late_end_ms =
        opens_us == step->opens_us ? end - origin_ms(t, step) : -1;
  }
  t->free_workers--;
  push(&t->running, (item){end, number});
}

/* Whether it may start now; otherwise it sleeps until an opening begins in
 * which its p90 fits, or is left out. */
static bool find_opening(timing *t, uint32_t number, ir_interval *ret_opening) {
  const ir *ir = t->ir;
  const ir_step *step = &ir->steps.items[number];
  int64_t now_us = ir->now_us + t->now_ms * 1000, start_us;
  int64_t p90_ms = step->estimate.p90_ms > 0 ? step->estimate.p90_ms : 0;
  if (!openings_fit(openings_of(ir, step), now_us, ir->expires_us,
                    p90_ms * 1000, &start_us, ret_opening)) {
    t->left[number] = 1;
    finish_node(t, number);
    return false;
  }
  if (start_us == now_us)
    return true;
  /* Rounded up: it must not start before. */
  push(&t->asleep, (item){(start_us - ir->now_us + 999) / 1000, number});
  return false;
}

static void go_to(timing *t, int64_t now_ms) {
  if (t->running.len)
    t->busy_ms += now_ms - t->now_ms;
  t->now_ms = now_ms;
}

static void end_step(timing *t, item ended) {
  t->free_workers++;
  for (uint32_t i = t->key_first[ended.step]; i < t->key_first[ended.step + 1];
       i++) {
    t->gates[t->keys[i]].held = false;
    wake_one(t, &t->gates[t->keys[i]]);
  }
  finish_node(t, ended.step);
}

static void begin(timing *t, bool late) {
  size_t jobs = t->ir->target->jobs > 0 ? (size_t)t->ir->target->jobs : 1;
  t->late = late;
  t->now_ms = t->busy_ms = 0;
  t->free_workers = jobs;
  memset(t->waits, 0, (t->g.node_count + 1) * sizeof *t->waits);
  memset(t->left, 0, t->ir->steps.len + 1);
  for (size_t i = 0; i < t->key_count; i++)
    t->gates[i] = (gate){false, NONE, NONE};
  start_ready(t);
}

static void start_what_can(timing *t) {
  while (t->asleep.len && t->asleep.items[0].key <= t->now_ms)
    make_ready(t, pop(&t->asleep).step);
  while (t->ready.len && t->free_workers) {
    uint32_t step = pop(&t->ready).step;
    ir_interval opening;
    if (find_opening(t, step, &opening) && take_keys(t, step))
      start_step(t, step, opening);
  }
}

/* Returns how long something runs. */
static int64_t simulate(timing *t, bool late) {
  begin(t, late);
  for (;;) {
    start_what_can(t);
    bool runs = t->running.len > 0;
    if (!runs && !t->asleep.len)
      return t->busy_ms;
    if (t->asleep.len &&
        (!runs || t->asleep.items[0].key < t->running.items[0].key)) {
      go_to(t, t->asleep.items[0].key);
      continue;
    }
    go_to(t, t->running.items[0].key);
    do
      end_step(t, pop(&t->running));
    while (t->running.len && t->running.items[0].key == t->now_ms);
  }
}

/* ---- what is scheduled for when ---- */

static int64_t p90_us(const ir_step *step) {
  return (step->estimate.p90_ms > 0 ? step->estimate.p90_ms : 0) * 1000;
}

/* The plan is for the first opening that has room for the most urgent step of
 * its window; of several windows the last such opening counts. */
static void find_expiry(timing *t) {
  ir *ir = t->ir;
  int64_t end_us = ir->now_us + OPENINGS_AHEAD_US, expires_us = 0;
  size_t count = ir->plan_order.len;
  uint32_t *by_rank = UPK_NEW_ARRAY(ir->arena, uint32_t, count + 1);
  for (size_t i = 0; i < ir->project.windows.len; i++)
    ir->project.windows.items[i].used = false;
  for (size_t i = 0; i < count; i++)
    by_rank[t->rank[ir->plan_order.items[i]]] = ir->plan_order.items[i];
  for (size_t i = 0; i < count; i++) {
    const ir_step *step = &ir->steps.items[by_rank[i]];
    int64_t start_us;
    ir_interval opening;
    if (!step->policy || !step->window || step->window->used ||
        !openings_fit(&step->window->open, ir->now_us, end_us, p90_us(step),
                      &start_us, &opening))
      continue;
    step->window->used = true;
    if (opening.to_us > expires_us)
      expires_us = opening.to_us;
  }
  ir->expires_us = expires_us && expires_us < end_us ? expires_us : end_us;
}

/* upkeep's own steps come first, and so in the first opening there is; where
 * some step needs no window, they need none. */
static void give_own_windows(ir *ir) {
  ir_window *first = NULL;
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    ir_window *window = step->window;
    if (!step->policy)
      continue;
    if (!window)
      return;
    if (window->used && window->open.count &&
        (!first ||
         window->open.items[0].from_us < first->open.items[0].from_us))
      first = window;
  }
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (!step->policy)
      step->window = first;
  }
}

/* ---- deferring ---- */

typedef struct deferring {
  timing *t;
  uint32_t *because; /* of each step: 1 + the step it needs; 0: no opening */
  bool more;
} deferring;

static void leave(deferring *d, uint32_t step, uint32_t because) {
  if (d->t->left[step])
    return;
  d->t->left[step] = 1;
  d->because[step] = because + 1;
  d->more = true;
}

/* What needs a step that is left out, and the rest of an atomic policy. */
static void spread(deferring *d) {
  const ir *ir = d->t->ir;
  uint32_t *of_policy =
      UPK_NEW_ARRAY(ir->arena, uint32_t, ir->policies.len + 1);
  for (bool again = true; again;) {
    d->more = false;
    for (size_t i = 0; i < ir->edges.len; i++) {
      const ir_edge *edge = &ir->edges.items[i];
      if (edge->needed && !(edge->from & IR_BARRIER) &&
          !(edge->to & IR_BARRIER) && d->t->left[edge->from])
        leave(d, edge->to, edge->from);
    }
    for (uint32_t i = 0; i < ir->steps.len; i++) {
      const ir_step *step = &ir->steps.items[i];
      if (!step->dropped && d->t->left[i] && step->policy &&
          step->policy->atomic)
        of_policy[step->policy_index] = i + 1;
    }
    for (uint32_t i = 0; i < ir->steps.len; i++) {
      const ir_step *step = &ir->steps.items[i];
      if (!step->dropped && step->policy && of_policy[step->policy_index])
        leave(d, i, of_policy[step->policy_index] - 1);
    }
    again = d->more;
  }
}

static upk_str human(const ir *ir, int64_t us) {
  upk_buf text = {0};
  upk_duration_human(us, &text);
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static upk_str moment(const ir *ir, int64_t us) {
  upk_buf text = {0};
  upk_timestamp_format(us - us % 1000000, &text);
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

/* The longest stretch that is left before the plan ends. */
static int64_t longest_us(const ir *ir, const ir_openings *openings) {
  int64_t longest = 0;
  for (size_t i = 0; i < openings->count; i++) {
    ir_interval o = openings->items[i];
    int64_t from = o.from_us > ir->now_us ? o.from_us : ir->now_us;
    if (o.from_us < ir->expires_us && o.to_us - from > longest)
      longest = o.to_us - from;
  }
  return longest;
}

static upk_str explain(const deferring *d, uint32_t number) {
  const ir *ir = d->t->ir;
  const ir_step *step = &ir->steps.items[number];
  int64_t longest = longest_us(ir, openings_of(ir, step));
  upk_str name = step->window ? step->window->name : UPK_STR("");
  upk_str until = moment(ir, ir->expires_us);
  if (d->because[number]) {
    const ir_step *needed = &ir->steps.items[d->because[number] - 1];
    return upk_arena_printf(ir->arena,
                            "it comes with `%.*s`, which is deferred",
                            UPK_FMT(needed->id));
  }
  if (!longest)
    return step->window
               ? upk_arena_printf(ir->arena,
                                  "window `%.*s` does not open before %.*s",
                                  UPK_FMT(name), UPK_FMT(until))
               : upk_arena_printf(ir->arena, "blackouts last until %.*s",
                                  UPK_FMT(until));
  upk_str p90 = human(ir, p90_us(step)), most = human(ir, longest);
  if (p90_us(step) > longest)
    return upk_arena_printf(
        ir->arena, "it may take %.*s, and %s%.*s%s is open for %.*s at most",
        UPK_FMT(p90), step->window ? "window `" : "the time between blackouts",
        UPK_FMT(name), step->window ? "`" : "", UPK_FMT(most));
  return upk_arena_printf(
      ir->arena,
      "it may take %.*s, and more urgent steps fill %s%.*s%s until %.*s",
      UPK_FMT(p90), step->window ? "window `" : "the time between blackouts",
      UPK_FMT(name), step->window ? "`" : "", UPK_FMT(until));
}

/* Longer than each opening of the days that are looked at. */
static bool is_too_long(const deferring *d, uint32_t number) {
  const ir_step *step = &d->t->ir->steps.items[number];
  const ir_openings *openings = openings_of(d->t->ir, step);
  for (size_t i = 0; i < openings->count; i++)
    if (openings->items[i].to_us - openings->items[i].from_us >= p90_us(step))
      return false;
  return !d->because[number] && openings->count;
}

static void defer(const deferring *d) {
  ir *ir = d->t->ir;
  size_t kept = 0;
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    uint32_t number = ir->plan_order.items[i];
    ir_step *step = &ir->steps.items[number];
    if (!d->t->left[number]) {
      ir->plan_order.items[kept++] = number;
      continue;
    }
    step->dropped = true;
    *UPK_PUSH(ir->arena, &ir->deferred) =
        (ir_deferred){step->policy,          step->object,  step->action->name,
                      UPK_STR("window"),     step->because, explain(d, number),
                      is_too_long(d, number)};
  }
  ir->plan_order.len = kept;
  kept = 0;
  for (size_t i = 0; i < ir->edges.len; i++) {
    ir_edge edge = ir->edges.items[i];
    bool gone =
        (!(edge.from & IR_BARRIER) && ir->steps.items[edge.from].dropped) ||
        (!(edge.to & IR_BARRIER) && ir->steps.items[edge.to].dropped);
    if (!gone)
      ir->edges.items[kept++] = edge;
  }
  ir->edges.len = kept;
}

/* In the order of their starts, which edges keep; ties as they were. The
 * executor starts steps in the plan's order: with several jobs, or the longest
 * would come last, and alone. */
typedef struct started {
  int64_t start_us;
  uint32_t place, step;
} started;

static int by_start(const void *a, const void *b) {
  const started *left = a;
  const started *right = b;
  if (left->start_us != right->start_us)
    return left->start_us < right->start_us ? -1 : 1;
  return left->place < right->place ? -1 : 1;
}

static void sort_by_start(ir *ir) {
  size_t count = ir->plan_order.len;
  started *order = UPK_NEW_ARRAY(ir->arena, started, count + 1);
  bool windows = false;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = ir->plan_order.items[i];
    const ir_step *step = &ir->steps.items[number];
    int64_t origin_us = step->opens_us ? step->opens_us : ir->now_us;
    windows = windows || step->window;
    order[i] = (started){origin_us + step->start_ms * 1000, i, number};
  }
  if (!windows && ir->target->jobs <= 1) /* by score, as it was */
    return;
  qsort(order, count, sizeof *order, by_start);
  for (size_t i = 0; i < count; i++)
    ir->plan_order.items[i] = order[i].step;
}

/* Each window with the first opening that one of its steps goes to. */
static void note_first_openings(ir *ir) {
  for (size_t i = 0; i < ir->project.windows.len; i++)
    ir->project.windows.items[i].used = false;
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    ir_window *window = step->window;
    if (!window || (window->used && window->first.from_us <= step->opens_us))
      continue;
    window->used = true;
    for (size_t o = 0; o < window->open.count; o++)
      if (window->open.items[o].from_us == step->opens_us)
        window->first = window->open.items[o];
  }
}

static void prepare(timing *t) {
  ir *ir = t->ir;
  upk_arena *arena = ir->arena;
  size_t steps = ir->steps.len;
  *t = (timing){.ir = ir};
  make_graph(t);
  t->rank = UPK_NEW_ARRAY(arena, uint32_t, steps + 1);
  t->key_first = UPK_NEW_ARRAY(arena, uint32_t, steps + 1);
  t->next = UPK_NEW_ARRAY(arena, uint32_t, steps + 1);
  t->left = UPK_NEW_ARRAY(arena, uint8_t, steps + 1);
  t->waits = UPK_NEW_ARRAY(arena, uint32_t, t->g.node_count + 1);
  t->stack = UPK_NEW_ARRAY(arena, uint32_t, t->g.node_count + 1);
  t->ready.items = UPK_NEW_ARRAY(arena, item, steps + 1);
  t->running.items = UPK_NEW_ARRAY(arena, item, steps + 1);
  t->asleep.items = UPK_NEW_ARRAY(arena, item, steps + 1);
  rank_steps(t);
  number_keys(t);
  t->gates = UPK_NEW_ARRAY(arena, gate, t->key_count + 1);
}

/* Leaving steps out that need others makes room: so it is done again, until
 * what is left out is so for want of an opening. */
void timing_predict(ir *ir) {
  timing t = {.ir = ir};
  for (size_t i = 0; i < ir->steps.len; i++) {
    ir_step *step = &ir->steps.items[i];
    step->window = step->policy ? step->policy->window_resolved : NULL;
  }
  prepare(&t);
  find_expiry(&t);
  give_own_windows(ir);
  for (;;) {
    deferring d = {.t = &t,
                   .because =
                       UPK_NEW_ARRAY(ir->arena, uint32_t, ir->steps.len + 1)};
    size_t before = ir->plan_order.len;
    ir->totals.p50_ms = simulate(&t, false);
    spread(&d);
    defer(&d);
    if (ir->plan_order.len == before)
      break;
    prepare(&t);
  }
  ir->totals.p90_ms = simulate(&t, true);
  for (size_t i = 0; i < ir->steps.len; i++)
    if (t.left[i]) /* with p90s all over it would not fit any more */
      ir->steps.items[i].late_end_ms = -1;
  sort_by_start(ir);
  note_first_openings(ir);
}
