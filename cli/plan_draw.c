/* A plan's graph and time line for mermaid and dot. */
#include <inttypes.h>

#include "cli.h"
#include "markup.h"
#include "plan_graph.h"

/* Mermaid draws texts of at most 50,000 characters with at most 500 edges
 * (its configuration: maxTextSize, maxEdges), and nobody reads more nodes. */
enum { MERMAID_NODES = 120, MERMAID_EDGES = 400, MERMAID_BYTES = 45000 };
enum { GANTT_TASKS = 60 };

static const char *const risk_words[] = {"low", "medium", "high"};

static void mermaid_node(const plan_node *node, size_t index, upk_buf *out) {
  bool barrier = node->kind == PLAN_NODE_BARRIER;
  upk_buf_printf(out, "  n%zu%s", index, barrier ? "([\"" : "[\"");
  if (node->kind == PLAN_NODE_STEP)
    upk_buf_printf(out, "%zu ", node->number);
  markup_mermaid(out, node->title);
  if (node->kind == PLAN_NODE_GROUP)
    upk_buf_printf(out, " × %zu", node->number);
  if (node->detail.len) {
    upk_buf_str(out, UPK_STR("<br/>"));
    markup_mermaid(out, node->detail);
  }
  upk_buf_str(out, barrier ? UPK_STR("\"])") : UPK_STR("\"]"));
  if (node->risk)
    upk_buf_printf(out, ":::%s", risk_words[node->risk]);
  upk_buf_char(out, '\n');
}

static void mermaid_graph(const plan_graph *graph, upk_buf *out) {
  upk_buf_str(out, UPK_STR("flowchart LR\n"));
  for (size_t i = 0; i < graph->nodes.len; i++)
    mermaid_node(&graph->nodes.items[i], i + 1, out);
  if (graph->left_out)
    upk_buf_printf(out, "  more[\"and %zu more groups of steps\"]\n",
                   graph->left_out);
  for (size_t i = 0; i < graph->edges.len; i++) {
    const plan_edge *edge = &graph->edges.items[i];
    upk_buf_printf(out, "  n%zu -->", edge->from + 1);
    if (edge->why.len) {
      upk_buf_str(out, UPK_STR("|\""));
      markup_mermaid(out, edge->why);
      upk_buf_str(out, UPK_STR("\"|"));
    }
    upk_buf_printf(out, " n%zu\n", edge->to + 1);
  }
  upk_buf_str(out, UPK_STR("  classDef medium stroke:#b58900,stroke-width:2px\n"
                           "  classDef high stroke:#d33,stroke-width:3px\n"));
}

void plan_mermaid(const upk_json *plan, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  size_t start = out->len;
  for (size_t nodes = MERMAID_NODES, edges = MERMAID_EDGES; nodes; nodes /= 2) {
    plan_graph graph = plan_graph_of(&view, nodes, edges);
    out->len = start;
    mermaid_graph(&graph, out);
    if (out->len - start < MERMAID_BYTES)
      break;
    edges /= 2;
  }
  upk_arena_free(arena);
}

/* ---- gantt ---- */

/* The zone of the first window: people read its times, not UTC's. */
static upk_str zone_of(const plan_view *view) {
  const upk_json *windows = upk_json_get(view->body, "windows");
  upk_str zone = upk_json_text(upk_json_at(windows, 0), "timezone");
  return zone.len ? zone : UPK_STR("UTC");
}

/* "2026-11-24 02:00:05", in the zone. */
static void gantt_time(upk_str zone, int64_t us, upk_buf *out) {
  upk_buf text = {0};
  upk_local_time(NULL, zone, us - us % 60000000, &text);
  upk_buf_add(out, text.data, text.len < 16 ? text.len : 16);
  upk_buf_printf(out, ":%02d", (int)(us / 1000000 % 60));
  upk_buf_free(&text);
}

static void gantt_task(const plan_node *node, upk_str zone, size_t index,
                       upk_buf *out) {
  int64_t end_us = node->end_us;
  if (end_us / 1000000 <= node->start_us / 1000000)
    end_us = node->start_us + 1000000; /* or it would not be seen */
  upk_buf_str(out, UPK_STR("  "));
  if (node->kind == PLAN_NODE_STEP)
    upk_buf_printf(out, "%zu ", node->number);
  markup_mermaid(out, node->title);
  if (node->kind == PLAN_NODE_GROUP)
    upk_buf_printf(out, " × %zu", node->number);
  upk_buf_char(out, ' ');
  markup_mermaid(out, node->detail);
  upk_buf_printf(out, " :%sn%zu, ", node->risk == 2 ? "crit, " : "", index);
  gantt_time(zone, node->start_us, out);
  upk_buf_str(out, UPK_STR(", "));
  gantt_time(zone, end_us, out);
  upk_buf_char(out, '\n');
}

static void gantt_tasks(const plan_graph *graph, upk_str zone, upk_buf *out) {
  for (size_t i = 0; i < graph->nodes.len; i++) {
    const plan_node *node = &graph->nodes.items[i];
    bool first = i == 0 || !upk_str_equal(node->window, node[-1].window);
    if (first && node->window.len) {
      upk_buf_str(out, UPK_STR("  section "));
      markup_mermaid(out, node->window);
      upk_buf_char(out, '\n');
    } else if (first) {
      upk_buf_str(out, UPK_STR("  section at any time\n"));
    }
    gantt_task(node, zone, i + 1, out);
  }
}

void plan_gantt(const upk_json *plan, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  plan_graph graph = plan_times_of(&view, GANTT_TASKS);
  upk_str zone = zone_of(&view);
  upk_buf_str(out, UPK_STR("gantt\n  title as predicted, times of "));
  markup_mermaid(out, zone);
  upk_buf_str(out, UPK_STR("\n  dateFormat YYYY-MM-DD HH:mm:ss\n"
                           "  axisFormat %H:%M:%S\n"));
  gantt_tasks(&graph, zone, out);
  upk_arena_free(arena);
}

/* ---- dot ---- */

static void dot_node(const plan_node *node, size_t index, upk_buf *out) {
  static const char *const colors[] = {"black", "darkorange", "red"};
  upk_buf_printf(out, "  n%zu [label=\"", index);
  if (node->kind == PLAN_NODE_STEP)
    upk_buf_printf(out, "%zu ", node->number);
  markup_dot(out, node->title);
  if (node->kind == PLAN_NODE_GROUP)
    upk_buf_printf(out, " × %zu", node->number);
  if (node->detail.len) {
    upk_buf_str(out, UPK_STR("\\n"));
    markup_dot(out, node->detail);
  }
  upk_buf_printf(out, "\", shape=%s, color=%s];\n",
                 node->kind == PLAN_NODE_BARRIER ? "ellipse" : "box",
                 colors[node->risk]);
}

/* All of it: dot has no limit. */
void plan_dot(const upk_json *plan, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  plan_graph graph = plan_graph_of(&view, SIZE_MAX, SIZE_MAX);
  upk_buf_str(out, UPK_STR("digraph plan {\n  rankdir=LR;\n"
                           "  node [fontname=\"sans-serif\"];\n"));
  for (size_t i = 0; i < graph.nodes.len; i++)
    dot_node(&graph.nodes.items[i], i + 1, out);
  for (size_t i = 0; i < graph.edges.len; i++) {
    const plan_edge *edge = &graph.edges.items[i];
    upk_buf_printf(out, "  n%zu -> n%zu [label=\"", edge->from + 1,
                   edge->to + 1);
    markup_dot(out, edge->why);
    upk_buf_str(out, UPK_STR("\"];\n"));
  }
  upk_buf_str(out, UPK_STR("}\n"));
  upk_arena_free(arena);
}
