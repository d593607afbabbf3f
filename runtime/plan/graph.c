/* Edges of a plan: from names to numbers, and a proof that there is an order.
 */
#include <string.h>

#include "plan/private.h"

static const plan_field edge_fields[] = {
    {"from", UPK_JSON_STRING, true},
    {"to", UPK_JSON_STRING, true},
    {"why", UPK_JSON_STRING, false},
};

/* A step's number, or a barrier's behind all steps. */
static bool find_node(plan_reader *rd, upk_map *barriers, upk_str name,
                      uint32_t *ret_node) {
  uint64_t number = 0;
  if (upk_map_find(&rd->step_numbers, name, &number)) {
    *ret_node = (uint32_t)number;
    return true;
  }
  if (!upk_str_starts(name, "policy:"))
    return plan_bad(rd, 3026, "an edge names `%.*s`, which is no step",
                    UPK_FMT(name));
  number = barriers->entries.len;
  if (!upk_map_find(barriers, name, &number))
    upk_map_put(barriers, name, number);
  *ret_node = (uint32_t)(rd->steps.len + number);
  return true;
}

/* Kahn's algorithm: each node must become free once. */
static bool has_order(plan_reader *rd, const plan_edge *edges, size_t count,
                      size_t nodes) {
  upk_arena *scratch = upk_arena_new(NULL);
  uint32_t *waits = UPK_NEW_ARRAY(scratch, uint32_t, nodes + 1);
  size_t *first = UPK_NEW_ARRAY(scratch, size_t, nodes + 2);
  uint32_t *next = UPK_NEW_ARRAY(scratch, uint32_t, count + 1);
  uint32_t *queue = UPK_NEW_ARRAY(scratch, uint32_t, nodes + 1);
  size_t head = 0, tail = 0;
  for (size_t i = 0; i < count; i++) {
    waits[edges[i].to]++;
    first[edges[i].from + 2]++;
  }
  for (size_t i = 2; i < nodes + 2; i++)
    first[i] += first[i - 1];
  for (size_t i = 0; i < count; i++)
    next[first[edges[i].from + 1]++] = edges[i].to;
  for (uint32_t i = 0; i < nodes; i++)
    if (!waits[i])
      queue[tail++] = i;
  for (; head < tail; head++)
    for (size_t i = first[queue[head]]; i < first[queue[head] + 1]; i++)
      if (--waits[next[i]] == 0)
        queue[tail++] = next[i];
  upk_arena_free(scratch);
  return tail == nodes ||
         plan_bad(rd, 3028, "the edges go round: no order satisfies them");
}

bool plan_read_graph(plan_reader *rd, const upk_json *edges) {
  size_t count = upk_json_count(edges);
  plan_edge *items = UPK_NEW_ARRAY(rd->arena, plan_edge, count + 1);
  upk_map barriers;
  upk_map_init(&barriers, rd->arena);
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(edges, i);
    if (!PLAN_SHAPE(rd, value, "an edge", edge_fields) ||
        !find_node(rd, &barriers, upk_json_text(value, "from"),
                   &items[i].from) ||
        !find_node(rd, &barriers, upk_json_text(value, "to"), &items[i].to))
      return false;
  }
  rd->plan->edges = items;
  rd->plan->edge_count = count;
  rd->plan->barrier_count = barriers.entries.len;
  return has_order(rd, items, count, rd->steps.len + barriers.entries.len);
}
