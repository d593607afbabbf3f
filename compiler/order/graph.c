/* Kahn (1962), "Topological sorting of large networks", with a binary heap in
 * place of the queue so that the order is one of a kind. */
#include <string.h>

#include "order/graph.h"

#define NONE UINT32_MAX

void graph_init(graph *g, upk_arena *arena, size_t node_count,
                const graph_edge *edges, size_t edge_count) {
  *g = (graph){arena, node_count, edge_count, NULL, NULL, NULL};
  g->first = UPK_NEW_ARRAY(arena, uint32_t, node_count + 2);
  g->to = UPK_NEW_ARRAY(arena, uint32_t, edge_count + 1);
  g->edge = UPK_NEW_ARRAY(arena, uint32_t, edge_count + 1);
  /* Counted two places ahead, so that filling moves first[n + 1] to the
   * beginning of n + 1. */
  for (size_t i = 0; i < edge_count; i++)
    g->first[edges[i].from + 2]++;
  for (size_t i = 2; i <= node_count; i++)
    g->first[i] += g->first[i - 1];
  for (size_t i = 0; i < edge_count; i++) {
    uint32_t at = g->first[edges[i].from + 1]++;
    g->to[at] = edges[i].to;
    g->edge[at] = (uint32_t)i;
  }
}

/* ---- a heap of ranks, the least on top ---- */

typedef struct heap {
  uint32_t *items;
  size_t len;
} heap;

static void heap_push(heap *h, uint32_t rank) {
  size_t at = h->len++;
  while (at > 0 && h->items[(at - 1) / 2] > rank) {
    h->items[at] = h->items[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  h->items[at] = rank;
}

static uint32_t heap_pop(heap *h) {
  uint32_t top = h->items[0];
  uint32_t last = h->items[--h->len];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= h->len)
      break;
    if (child + 1 < h->len && h->items[child + 1] < h->items[child])
      child++;
    if (h->items[child] >= last)
      break;
    h->items[at] = h->items[child];
    at = child;
  }
  h->items[at] = last;
  return top;
}

size_t graph_sort(const graph *g, const uint32_t *rank, uint32_t *order) {
  uint32_t *waits = UPK_NEW_ARRAY(g->arena, uint32_t, g->node_count + 1);
  uint32_t *by_rank = UPK_NEW_ARRAY(g->arena, uint32_t, g->node_count + 1);
  heap ready = {UPK_NEW_ARRAY(g->arena, uint32_t, g->node_count + 1), 0};
  size_t placed = 0;
  for (size_t i = 0; i < g->edge_count; i++)
    waits[g->to[i]]++;
  for (size_t i = 0; i < g->node_count; i++) {
    by_rank[rank[i]] = (uint32_t)i;
    if (!waits[i])
      heap_push(&ready, rank[i]);
  }
  while (ready.len) {
    uint32_t node = by_rank[heap_pop(&ready)];
    order[placed++] = node;
    for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
      if (--waits[g->to[i]] == 0)
        heap_push(&ready, rank[g->to[i]]);
  }
  return placed;
}

/* ---- the shortest cycle ---- */

enum { LOOKS_MAX = 20000000 };

typedef struct search {
  const graph *g;
  const uint8_t *gone; /* placed, or without a way on */
  uint32_t *queue, *depth, *via, *parent;
  uint32_t *touched; /* round in which depth is valid */
  uint32_t round;
  size_t looks;
} search;

/* Nodes that lead nowhere are on no cycle: Kahn once more, backwards. */
static void trim(const graph *g, uint8_t *gone, uint32_t *queue) {
  uint32_t *out = UPK_NEW_ARRAY(g->arena, uint32_t, g->node_count + 1);
  graph_edge *back = UPK_NEW_ARRAY(g->arena, graph_edge, g->edge_count + 1);
  graph reverse;
  size_t head = 0, tail = 0, count = 0;
  for (uint32_t node = 0; node < g->node_count; node++)
    for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
      if (!gone[node] && !gone[g->to[i]]) {
        back[count++] = (graph_edge){g->to[i], node};
        out[node]++;
      }
  graph_init(&reverse, g->arena, g->node_count, back, count);
  for (uint32_t node = 0; node < g->node_count; node++)
    if (!gone[node] && !out[node])
      queue[tail++] = node;
  while (head < tail) {
    uint32_t node = queue[head++];
    gone[node] = 1;
    for (uint32_t i = reverse.first[node]; i < reverse.first[node + 1]; i++)
      if (--out[reverse.to[i]] == 0)
        queue[tail++] = reverse.to[i];
  }
}

/* Length of the shortest way from `start` back to it, below `limit`; 0 when
 * there is none. ret_last is the node before start, ret_edge the edge home. */
static uint32_t way_home(search *s, uint32_t start, uint32_t limit,
                         uint32_t *ret_last, uint32_t *ret_edge) {
  size_t head = 0, tail = 0;
  s->round++;
  s->queue[tail++] = start;
  s->touched[start] = s->round;
  s->depth[start] = 0;
  while (head < tail) {
    uint32_t node = s->queue[head++];
    if (s->depth[node] + 1 >= limit)
      return 0;
    for (uint32_t i = s->g->first[node]; i < s->g->first[node + 1]; i++) {
      uint32_t to = s->g->to[i];
      s->looks++;
      if (to == start) {
        *ret_last = node;
        *ret_edge = s->g->edge[i];
        return s->depth[node] + 1;
      }
      if (s->gone[to] || s->touched[to] == s->round)
        continue;
      s->touched[to] = s->round;
      s->depth[to] = s->depth[node] + 1;
      s->parent[to] = node;
      s->via[to] = s->g->edge[i];
      s->queue[tail++] = to;
    }
  }
  return 0;
}

static void keep_way(const search *s, uint32_t start, uint32_t last,
                     uint32_t home, uint32_t length, uint32_t *edges) {
  size_t at = length;
  edges[--at] = home;
  for (uint32_t node = last; node != start; node = s->parent[node])
    edges[--at] = s->via[node];
}

size_t graph_shortest_cycle(const graph *g, const uint32_t *rank,
                            const uint32_t *order, size_t placed,
                            uint32_t *edges) {
  size_t room = g->node_count + 1;
  uint8_t *gone = UPK_NEW_ARRAY(g->arena, uint8_t, room);
  uint32_t *by_rank = UPK_NEW_ARRAY(g->arena, uint32_t, room);
  search s = {.g = g, .gone = gone};
  s.queue = UPK_NEW_ARRAY(g->arena, uint32_t, room);
  s.depth = UPK_NEW_ARRAY(g->arena, uint32_t, room);
  s.via = UPK_NEW_ARRAY(g->arena, uint32_t, room);
  s.parent = UPK_NEW_ARRAY(g->arena, uint32_t, room);
  s.touched = UPK_NEW_ARRAY(g->arena, uint32_t, room);
  uint32_t best = NONE;
  for (size_t i = 0; i < placed; i++)
    gone[order[i]] = 1;
  trim(g, gone, s.queue);
  for (uint32_t i = 0; i < g->node_count; i++)
    by_rank[rank[i]] = i;
  for (size_t i = 0; i < g->node_count && s.looks < LOOKS_MAX; i++) {
    uint32_t last = 0, home = 0;
    if (gone[by_rank[i]])
      continue;
    uint32_t length = way_home(&s, by_rank[i], best, &last, &home);
    if (!length)
      continue;
    keep_way(&s, by_rank[i], last, home, length, edges);
    best = length;
  }
  return best == NONE ? 0 : best;
}
