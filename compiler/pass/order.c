/* order: edges with their reasons, then the plan's order.
 *
 * The order is Kahn's with a heap: of the steps that wait for nothing, the one
 * with the best score comes first, then the one whose id is first by bytes.
 * Barriers take no place in the plan. A circle is printed as the shortest one.
 *
 * Score: benefit times urgency over cost. Urgency is the policy's severity
 * (1, 2, 4) times its priority; cost is the expected time, where blocking
 * others counts tenfold.
 */
#include <stdlib.h>

#include "emit/plan.h"
#include "order/edges.h"
#include "order/graph.h"
#include "pass/pass.h"

enum {
  BENEFIT_USUAL = 1000,
  BENEFIT_MAX = 1000000000,
  COST_BASE_MS = 1000,
  COST_MAX_MS = 1000000000,
  BLOCKING_WEIGHT = 10,
  OWN_URGENCY = 1000,
};

static int64_t clamp(int64_t value, int64_t max) {
  return value < 0 ? 0 : value > max ? max : value;
}

static int64_t urgency_of(const ir_policy *policy) {
  static const int64_t weights[] = {
      [UPK_NOTE] = 1, [UPK_WARNING] = 2, [UPK_FAILURE] = 4};
  if (!policy)
    return OWN_URGENCY;
  return weights[policy->severity] * (clamp(policy->priority, 100) + 1);
}

static void score_step(ir_step *step) {
  int64_t blocking = clamp(step->estimate.blocking_ms, COST_MAX_MS);
  step->urgency = urgency_of(step->policy);
  step->benefit =
      step->benefit ? clamp(step->benefit, BENEFIT_MAX) : BENEFIT_USUAL;
  step->cost = COST_BASE_MS + clamp(step->estimate.p50_ms, COST_MAX_MS) +
               BLOCKING_WEIGHT * blocking;
  step->score = step->benefit * step->urgency * COST_BASE_MS / step->cost;
}

typedef struct scored {
  int64_t score;
  upk_str id;
  uint32_t step;
} scored;

static int by_score(const void *a, const void *b) {
  const scored *left = a;
  const scored *right = b;
  if (left->score != right->score)
    return left->score > right->score ? -1 : 1;
  int order = upk_str_compare(left->id, right->id);
  return order ? order : left->step < right->step ? -1 : 1;
}

/* Ranks of all nodes: barriers first, since they take no time. */
static uint32_t *rank_nodes(ir *ir) {
  size_t steps = ir->steps.len;
  size_t policies = ir->policies.len;
  scored *order = UPK_NEW_ARRAY(ir->arena, scored, steps + 1);
  uint32_t *rank = UPK_NEW_ARRAY(ir->arena, uint32_t, steps + policies + 1);
  for (uint32_t i = 0; i < steps; i++) {
    score_step(&ir->steps.items[i]);
    order[i] = (scored){ir->steps.items[i].score, ir->steps.items[i].id, i};
  }
  qsort(order, steps, sizeof *order, by_score);
  for (uint32_t i = 0; i < steps; i++)
    rank[order[i].step] = (uint32_t)policies + i;
  for (uint32_t i = 0; i < policies; i++)
    rank[steps + i] = i;
  return rank;
}

static uint32_t node_of(const ir *ir, uint32_t end) {
  return end & IR_BARRIER ? (uint32_t)ir->steps.len + (end & ~IR_BARRIER) : end;
}

static void say_edge(ir *ir, upk_diag *diag, const ir_edge *edge) {
  upk_str from = emit_edge_end(ir, edge->from);
  upk_str to = emit_edge_end(ir, edge->to);
  upk_diag_note(ir->diags, diag, "`%.*s` before `%.*s`: %.*s", UPK_FMT(from),
                UPK_FMT(to), UPK_FMT(edge->why));
  if (edge->at.line)
    upk_diag_label(ir->diags, diag, edge->at, "%.*s", UPK_FMT(edge->why));
}

static upk_span first_place(const ir *ir, const uint32_t *edges, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (ir->edges.items[edges[i]].at.line)
      return ir->edges.items[edges[i]].at;
  return UPK_NO_SPAN;
}

static void refuse_cycle(ir *ir, const graph *g, const uint32_t *rank,
                         const uint32_t *order, size_t placed) {
  uint32_t *edges = UPK_NEW_ARRAY(ir->arena, uint32_t, g->node_count + 1);
  size_t count = graph_shortest_cycle(g, rank, order, placed, edges);
  upk_diag *diag =
      upk_diag_add(ir->diags, 1550, first_place(ir, edges, count),
                   "steps wait for each other in a circle of %zu", count);
  for (size_t i = 0; i < count; i++)
    say_edge(ir, diag, &ir->edges.items[edges[i]]);
  upk_diag_help(ir->diags, diag,
                "Take away an `after` of a policy, or leave one of the "
                "policies out with --except.");
}

upk_status pass_order(ir *ir) {
  graph g;
  order_edges(ir);
  size_t nodes = ir->steps.len + ir->policies.len;
  graph_edge *edges = UPK_NEW_ARRAY(ir->arena, graph_edge, ir->edges.len + 1);
  uint32_t *order = UPK_NEW_ARRAY(ir->arena, uint32_t, nodes + 1);
  const uint32_t *rank = rank_nodes(ir);
  for (size_t i = 0; i < ir->edges.len; i++)
    edges[i] = (graph_edge){node_of(ir, ir->edges.items[i].from),
                            node_of(ir, ir->edges.items[i].to)};
  graph_init(&g, ir->arena, nodes, edges, ir->edges.len);
  size_t placed = graph_sort(&g, rank, order);
  if (placed < nodes) {
    refuse_cycle(ir, &g, rank, order, placed);
    return UPK_DENIED;
  }
  for (size_t i = 0; i < nodes; i++)
    if (order[i] < ir->steps.len && !ir->steps.items[order[i]].dropped)
      *UPK_PUSH(ir->arena, &ir->plan_order) = order[i];
  return UPK_OK;
}
