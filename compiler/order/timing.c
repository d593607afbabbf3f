#include <stdlib.h>
#include <string.h>

#include "order/graph.h"
#include "order/timing.h"

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
  size_t free_workers;
  int64_t now_ms;
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

static void start_step(timing *t, uint32_t number) {
  ir_step *step = &t->ir->steps.items[number];
  int64_t end = t->now_ms + length_of(t, number);
  if (!t->late) {
    step->start_ms = t->now_ms;
    step->end_ms = end;
  }
  t->free_workers--;
  push(&t->running, (item){end, number});
}

static void end_step(timing *t, item ended) {
  t->now_ms = ended.key;
  t->free_workers++;
  for (uint32_t i = t->key_first[ended.step]; i < t->key_first[ended.step + 1];
       i++) {
    t->gates[t->keys[i]].held = false;
    wake_one(t, &t->gates[t->keys[i]]);
  }
  finish_node(t, ended.step);
}

/* Returns when the last step ends. */
static int64_t simulate(timing *t, bool late) {
  size_t jobs = t->ir->target->jobs > 0 ? (size_t)t->ir->target->jobs : 1;
  t->late = late;
  t->now_ms = 0;
  t->free_workers = jobs;
  memset(t->waits, 0, (t->g.node_count + 1) * sizeof *t->waits);
  for (size_t i = 0; i < t->key_count; i++)
    t->gates[i] = (gate){false, NONE, NONE};
  start_ready(t);
  for (;;) {
    while (t->ready.len && t->free_workers) {
      uint32_t step = pop(&t->ready).step;
      if (take_keys(t, step))
        start_step(t, step);
    }
    if (!t->running.len)
      return t->now_ms;
    do
      end_step(t, pop(&t->running));
    while (t->running.len && t->running.items[0].key == t->now_ms);
  }
}

void timing_predict(ir *ir) {
  timing t = {.ir = ir};
  upk_arena *arena = ir->arena;
  size_t steps = ir->steps.len;
  make_graph(&t);
  t.rank = UPK_NEW_ARRAY(arena, uint32_t, steps + 1);
  t.key_first = UPK_NEW_ARRAY(arena, uint32_t, steps + 1);
  t.next = UPK_NEW_ARRAY(arena, uint32_t, steps + 1);
  t.waits = UPK_NEW_ARRAY(arena, uint32_t, t.g.node_count + 1);
  t.stack = UPK_NEW_ARRAY(arena, uint32_t, t.g.node_count + 1);
  t.ready.items = UPK_NEW_ARRAY(arena, item, steps + 1);
  t.running.items = UPK_NEW_ARRAY(arena, item, steps + 1);
  rank_steps(&t);
  number_keys(&t);
  t.gates = UPK_NEW_ARRAY(arena, gate, t.key_count + 1);
  ir->totals.p50_ms = simulate(&t, false);
  ir->totals.p90_ms = simulate(&t, true);
}
