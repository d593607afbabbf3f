/* plan_graph.h */
#include "plan_graph.h"
#include "cli.h"
#include "map.h"

typedef struct builder {
  const plan_view *view;
  plan_graph *graph;
  size_t *node_of;  /* of each step: its node; SIZE_MAX: left out */
  upk_map barriers; /* "policy:NAME" -> node, or number of a barrier from 0 */
  upk_map seen;     /* edges between groups */
  size_t max_nodes, max_edges;
} builder;

static upk_arena *arena_of(const builder *b) { return b->view->arena; }

static int risk_of(const upk_json *step) {
  upk_str risk = upk_json_text(step, "risk");
  return upk_str_is(risk, "high") ? 2 : upk_str_is(risk, "medium");
}

static void set_times(const plan_view *view, const upk_json *step,
                      plan_node *node) {
  const upk_json *predicted = upk_json_get(step, "predicted");
  int64_t opens_us = upk_json_number(predicted, "opens_at", 0);
  int64_t begin_us = opens_us ? opens_us : plan_view_moment(view);
  int64_t start_us =
      begin_us + upk_json_number(predicted, "start_ms", 0) * 1000;
  int64_t end_us = begin_us + upk_json_number(predicted, "end_ms", 0) * 1000;
  if (!node->end_us || start_us < node->start_us)
    node->start_us = start_us;
  if (end_us > node->end_us)
    node->end_us = end_us;
}

static upk_str display(const builder *b, const upk_json *name) {
  upk_buf text = {0};
  object_display(name, &text);
  upk_str copy = upk_arena_copy(arena_of(b), upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static void add_steps(builder *b) {
  for (size_t i = 0; i < upk_json_count(b->view->steps); i++) {
    const upk_json *step = upk_json_at(b->view->steps, i);
    const upk_json *object = upk_json_get(step, "object");
    b->node_of[i] = b->graph->nodes.len;
    plan_node *node = UPK_PUSH(arena_of(b), &b->graph->nodes);
    *node = (plan_node){.kind = PLAN_NODE_STEP,
                        .title = upk_json_text(step, "action"),
                        .detail = display(b, upk_json_get(object, "name")),
                        .window = upk_json_text(step, "window"),
                        .number = i + 1,
                        .risk = risk_of(step)};
    set_times(b->view, step, node);
  }
}

static void add_groups(builder *b) {
  upk_map groups;
  upk_map_init(&groups, arena_of(b));
  b->graph->grouped = true;
  for (size_t i = 0; i < upk_json_count(b->view->steps); i++) {
    const upk_json *step = upk_json_at(b->view->steps, i);
    upk_str action = upk_json_text(step, "action");
    upk_str policy = upk_json_text(step, "policy");
    upk_str window = upk_json_text(step, "window");
    upk_str key =
        upk_arena_printf(arena_of(b), "%.*s\n%.*s\n%.*s", UPK_FMT(action),
                         UPK_FMT(policy), UPK_FMT(window));
    uint64_t at = groups.entries.len;
    upk_map_find(&groups, key, &at);
    if (at == groups.entries.len) {
      upk_map_put(&groups, key, at);
      b->graph->left_out += at >= b->max_nodes;
      if (at < b->max_nodes)
        *UPK_PUSH(arena_of(b), &b->graph->nodes) =
            (plan_node){.kind = PLAN_NODE_GROUP,
                        .title = action,
                        .detail = policy,
                        .window = window};
    }
    b->node_of[i] = at < b->max_nodes ? (size_t)at : SIZE_MAX;
    if (b->node_of[i] == SIZE_MAX)
      continue;
    plan_node *node = &b->graph->nodes.items[at];
    node->number++;
    node->risk = risk_of(step) > node->risk ? risk_of(step) : node->risk;
    set_times(b->view, step, node);
  }
}

/* ---- edges between steps ---- */

static size_t step_end(builder *b, upk_str id) {
  size_t number = plan_view_number(b->view, id);
  uint64_t node = b->graph->nodes.len;
  if (number)
    return b->node_of[number - 1];
  if (upk_map_find(&b->barriers, id, &node))
    return (size_t)node;
  upk_map_put(&b->barriers, id, node);
  *UPK_PUSH(arena_of(b), &b->graph->nodes) =
      (plan_node){.kind = PLAN_NODE_BARRIER, .title = id};
  return (size_t)node;
}

static void add_edges(builder *b) {
  const upk_json *edges = upk_json_get(b->view->body, "edges");
  for (size_t i = 0; i < upk_json_count(edges); i++) {
    const upk_json *edge = upk_json_at(edges, i);
    size_t from = step_end(b, upk_json_text(edge, "from"));
    size_t to = step_end(b, upk_json_text(edge, "to"));
    *UPK_PUSH(arena_of(b), &b->graph->edges) =
        (plan_edge){from, to, upk_json_text(edge, "why")};
  }
}

/* ---- edges between groups: what leads through a barrier leads on ---- */

typedef struct barrier {
  UPK_VEC(size_t) before, after;
} barrier;
typedef UPK_VEC(barrier) barriers;

static void add_group_edge(builder *b, size_t from, size_t to) {
  if (from == to || from == SIZE_MAX || to == SIZE_MAX ||
      b->graph->edges.len >= b->max_edges)
    return;
  upk_str key = upk_arena_printf(arena_of(b), "%zu %zu", from, to);
  if (upk_map_put(&b->seen, key, 1))
    *UPK_PUSH(arena_of(b), &b->graph->edges) =
        (plan_edge){from, to, UPK_NO_STR};
}

static barrier *barrier_get(builder *b, barriers *all, upk_str id) {
  uint64_t at = all->len;
  if (!upk_map_find(&b->barriers, id, &at)) {
    upk_map_put(&b->barriers, id, at);
    (void)UPK_PUSH(arena_of(b), all);
  }
  return &all->items[at];
}

/* Each group once: a barrier may stand behind thousands of steps. */
static bool is_new(builder *b, char side, upk_str id, size_t node) {
  upk_str key =
      upk_arena_printf(arena_of(b), "%c%zu %.*s", side, node, UPK_FMT(id));
  return node != SIZE_MAX && upk_map_put(&b->seen, key, 1);
}

static void add_group_edges(builder *b) {
  const upk_json *edges = upk_json_get(b->view->body, "edges");
  barriers all = {0};
  for (size_t i = 0; i < upk_json_count(edges); i++) {
    upk_str from = upk_json_text(upk_json_at(edges, i), "from");
    upk_str to = upk_json_text(upk_json_at(edges, i), "to");
    size_t first = plan_view_number(b->view, from);
    size_t second = plan_view_number(b->view, to);
    if (first && second) {
      add_group_edge(b, b->node_of[first - 1], b->node_of[second - 1]);
    } else if (first && is_new(b, '<', to, b->node_of[first - 1])) {
      barrier *found = barrier_get(b, &all, to);
      *UPK_PUSH(arena_of(b), &found->before) = b->node_of[first - 1];
    } else if (second && is_new(b, '>', from, b->node_of[second - 1])) {
      barrier *found = barrier_get(b, &all, from);
      *UPK_PUSH(arena_of(b), &found->after) = b->node_of[second - 1];
    }
  }
  for (size_t i = 0; i < all.len; i++)
    for (size_t j = 0; j < all.items[i].before.len; j++)
      for (size_t k = 0; k < all.items[i].after.len; k++)
        add_group_edge(b, all.items[i].before.items[j],
                       all.items[i].after.items[k]);
}

static plan_graph build(const plan_view *view, size_t max_nodes,
                        size_t max_edges, bool grouped, bool edges) {
  plan_graph graph = {.grouped = grouped};
  builder b = {.view = view,
               .graph = &graph,
               .max_nodes = max_nodes,
               .max_edges = max_edges};
  b.node_of =
      UPK_NEW_ARRAY(view->arena, size_t, upk_json_count(view->steps) + 1);
  upk_map_init(&b.barriers, view->arena);
  upk_map_init(&b.seen, view->arena);
  if (grouped)
    add_groups(&b);
  else
    add_steps(&b);
  if (edges && grouped)
    add_group_edges(&b);
  else if (edges)
    add_edges(&b);
  return graph;
}

plan_graph plan_graph_of(const plan_view *view, size_t max_nodes,
                         size_t max_edges) {
  size_t steps = upk_json_count(view->steps);
  size_t edges = upk_json_count(upk_json_get(view->body, "edges"));
  bool grouped = steps > max_nodes || edges > max_edges;
  return build(view, max_nodes, max_edges, grouped, true);
}

plan_graph plan_times_of(const plan_view *view, size_t max_nodes) {
  bool grouped = upk_json_count(view->steps) > max_nodes;
  return build(view, max_nodes, 0, grouped, false);
}
