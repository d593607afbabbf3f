#include "approve/order.h"

/* Nodes are numbered by their texts; heads and links are lists of edges. */
typedef struct graph {
  upk_map numbers;
  size_t *heads, *links, *ends; /* from 1; 0: none */
  size_t edge_count, room;
} graph;

typedef struct walk {
  const reviewed *plan;
  const graph *was, *is;
  size_t *seen, *stack; /* of a graph's nodes: the round that saw them */
  size_t *follow;
  size_t round;
} walk;

static size_t number_of(graph *g, upk_str name) {
  uint64_t number;
  if (upk_map_find(&g->numbers, name, &number))
    return (size_t)number;
  number = g->numbers.entries.len;
  upk_map_put(&g->numbers, name, number);
  return (size_t)number;
}

static void graph_init(graph *g, upk_arena *arena, size_t edges) {
  *g = (graph){.room = 2 * edges + 1};
  upk_map_init(&g->numbers, arena);
  g->heads = UPK_NEW_ARRAY(arena, size_t, g->room);
  g->links = UPK_NEW_ARRAY(arena, size_t, edges + 1);
  g->ends = UPK_NEW_ARRAY(arena, size_t, edges + 1);
}

static void add(graph *g, upk_str from, upk_str to) {
  size_t start = number_of(g, from), end = number_of(g, to);
  size_t edge = ++g->edge_count;
  g->ends[edge] = end;
  g->links[edge] = g->heads[start];
  g->heads[start] = edge;
}

/* Marks what can be reached, `barriers`: through these alone. */
static void reach(walk *w, const graph *g, upk_str from, bool barriers) {
  uint64_t at;
  size_t depth = 0;
  w->round++;
  if (!upk_map_find(&g->numbers, from, &at))
    return;
  w->stack[depth++] = (size_t)at;
  while (depth) {
    size_t node = w->stack[--depth];
    if (barriers && node != at &&
        !upk_str_starts(g->numbers.entries.items[node].key, "policy:"))
      continue;
    for (size_t e = g->heads[node]; e; e = g->links[e])
      if (w->seen[g->ends[e]] != w->round) {
        w->seen[g->ends[e]] = w->round;
        w->stack[depth++] = g->ends[e];
      }
  }
}

/* Whether all that waited for a step still does; *ret_step: what does not. */
static bool keeps(walk *w, upk_str from, upk_str *ret_step) {
  const graph *was = w->was, *is = w->is;
  size_t *follow = w->follow, count = 0;
  uint64_t at;
  reach(w, was, from, true);
  for (size_t i = 0; i < was->numbers.entries.len; i++)
    if (w->seen[i] == w->round &&
        upk_map_find(&w->plan->by_id, was->numbers.entries.items[i].key, &at))
      follow[count++] = i;
  if (count)
    reach(w, is, from, false);
  for (size_t i = 0; i < count; i++) {
    upk_str name = was->numbers.entries.items[follow[i]].key;
    if (upk_map_find(&is->numbers, name, &at) && w->seen[at] == w->round)
      continue;
    *ret_step = name;
    return false;
  }
  return true;
}

/* Whether every edge is there still; then there is nothing to look for. */
static bool all_there(const upk_json *edges, const reviewed *plan) {
  size_t at = 0, count = upk_json_count(plan->edges);
  for (size_t i = 0; i < upk_json_count(edges); i++, at++) {
    const upk_json *edge = upk_json_at(edges, i);
    const upk_json *now = upk_json_at(plan->edges, at);
    if (at >= count ||
        !upk_str_equal(upk_json_text(now, "from"),
                       upk_json_at(edge, 0)->string) ||
        !upk_str_equal(upk_json_text(now, "to"), upk_json_at(edge, 1)->string))
      return false;
  }
  return true;
}

bool order_kept(const upk_json *edges, const reviewed *plan, upk_str *ret_step,
                upk_str *ret_before) {
  graph was, is;
  if (all_there(edges, plan))
    return true;
  upk_arena *own = upk_arena_new(NULL);
  bool kept = true;
  graph_init(&was, own, upk_json_count(edges));
  graph_init(&is, own, upk_json_count(plan->edges));
  for (size_t i = 0; i < upk_json_count(edges); i++) {
    const upk_json *edge = upk_json_at(edges, i);
    add(&was, upk_json_at(edge, 0)->string, upk_json_at(edge, 1)->string);
  }
  for (size_t i = 0; i < upk_json_count(plan->edges); i++) {
    const upk_json *edge = upk_json_at(plan->edges, i);
    add(&is, upk_json_text(edge, "from"), upk_json_text(edge, "to"));
  }
  size_t room = was.room > is.room ? was.room : is.room;
  walk w = {.plan = plan,
            .was = &was,
            .is = &is,
            .seen = UPK_NEW_ARRAY(own, size_t, room + 1),
            .follow = UPK_NEW_ARRAY(own, size_t, room + 1),
            .stack = UPK_NEW_ARRAY(own, size_t, room + 1)};
  for (size_t i = 0; kept && i < plan->step_count; i++) {
    *ret_before = plan->steps[i].id;
    kept = keeps(&w, plan->steps[i].id, ret_step);
  }
  /* Both are the plan's or the statement's bytes: they outlive `own`. */
  upk_arena_free(own);
  return kept;
}
