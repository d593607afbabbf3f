/* plan_svg.h. Units are pixels. */
#include <inttypes.h>

#include "cli.h"
#include "markup.h"
#include "plan_graph.h"
#include "plan_svg.h"
#include "timefmt.h"

enum { NODES_MAX = 80, EDGES_MAX = 300, TASKS_MAX = 80 };
enum { BOX_WIDTH = 210, BOX_HEIGHT = 44, GAP_X = 60, GAP_Y = 14, EDGE = 8 };
/* Characters of the fonts below that fit into a box. */
enum { TITLE_MAX = 26, DETAIL_MAX = 32 };

static const char *const risk_words[] = {"low", "medium", "high"};

/* Cut by characters, with the whole as a tooltip of the group around it. */
static void add_short(upk_buf *out, upk_str text, size_t max) {
  size_t at = 0, shown = 0;
  while (at < text.len && shown < max) {
    at++;
    while (at < text.len && ((unsigned char)text.data[at] & 0xc0) == 0x80)
      at++;
    shown++;
  }
  markup_html(out, (upk_str){text.data, at});
  if (at < text.len)
    upk_buf_str(out, UPK_STR("\xe2\x80\xa6"));
}

static void add_tooltip(const plan_node *node, upk_buf *out) {
  upk_buf_str(out, UPK_STR("<title>"));
  markup_html(out, node->title);
  if (node->kind == PLAN_NODE_GROUP)
    upk_buf_printf(out, " \xc3\x97 %zu", node->number);
  if (node->detail.len) {
    upk_buf_char(out, ' ');
    markup_html(out, node->detail);
  }
  upk_buf_str(out, UPK_STR("</title>"));
}

static void add_title(const plan_node *node, upk_buf *out) {
  if (node->kind == PLAN_NODE_STEP)
    upk_buf_printf(out, "%zu ", node->number);
  add_short(out, node->title, TITLE_MAX);
  if (node->kind == PLAN_NODE_GROUP)
    upk_buf_printf(out, " \xc3\x97 %zu", node->number);
}

/* ---- graph ---- */

typedef struct layout {
  size_t *column, *line; /* of each node */
  size_t columns, lines; /* the most */
} layout;

/* Each node stands to the right of what must precede it. Between groups edges
 * may run in circles: those that lead back are left out of account. */
static layout place(const plan_view *view, const plan_graph *graph) {
  size_t count = graph->nodes.len;
  layout l = {.column = UPK_NEW_ARRAY(view->arena, size_t, count + 1),
              .line = UPK_NEW_ARRAY(view->arena, size_t, count + 1)};
  size_t *used = UPK_NEW_ARRAY(view->arena, size_t, count + 1);
  bool changed = true;
  for (size_t pass = 0; pass < count && changed; pass++) {
    changed = false;
    for (size_t i = 0; i < graph->edges.len; i++) {
      const plan_edge *edge = &graph->edges.items[i];
      bool back = graph->grouped && edge->from > edge->to;
      if (back || l.column[edge->to] > l.column[edge->from])
        continue;
      l.column[edge->to] = l.column[edge->from] + 1;
      changed = true;
    }
  }
  for (size_t i = 0; i < count; i++) {
    l.line[i] = used[l.column[i]]++;
    l.lines = l.line[i] + 1 > l.lines ? l.line[i] + 1 : l.lines;
    l.columns = l.column[i] + 1 > l.columns ? l.column[i] + 1 : l.columns;
  }
  return l;
}

static size_t x_of(const layout *l, size_t node) {
  return EDGE + l->column[node] * (BOX_WIDTH + GAP_X);
}
static size_t y_of(const layout *l, size_t node) {
  return EDGE + l->line[node] * (BOX_HEIGHT + GAP_Y);
}

static void draw_edge(const layout *l, const plan_edge *edge, upk_buf *out) {
  size_t x1 = x_of(l, edge->from) + BOX_WIDTH, x2 = x_of(l, edge->to);
  size_t y1 = y_of(l, edge->from) + BOX_HEIGHT / 2;
  size_t y2 = y_of(l, edge->to) + BOX_HEIGHT / 2;
  upk_buf_printf(out,
                 "<path class=\"edge\" marker-end=\"url(#arrow)\" "
                 "d=\"M%zu %zuC%zu %zu %zu %zu %zu %zu\">",
                 x1, y1, x1 + GAP_X / 2, y1,
                 x2 > GAP_X / 2 ? x2 - GAP_X / 2 : 0, y2, x2, y2);
  if (edge->why.len) {
    upk_buf_str(out, UPK_STR("<title>"));
    markup_html(out, edge->why);
    upk_buf_str(out, UPK_STR("</title>"));
  }
  upk_buf_str(out, UPK_STR("</path>\n"));
}

static void draw_node(const layout *l, const plan_graph *graph, size_t index,
                      upk_buf *out) {
  const plan_node *node = &graph->nodes.items[index];
  bool barrier = node->kind == PLAN_NODE_BARRIER;
  size_t x = x_of(l, index), y = y_of(l, index);
  upk_buf_str(out, UPK_STR("<g>"));
  add_tooltip(node, out);
  upk_buf_printf(out,
                 "<rect class=\"%s %s\" x=\"%zu\" y=\"%zu\" width=\"%d\" "
                 "height=\"%d\" rx=\"%d\"/>",
                 barrier ? "barrier" : "node", risk_words[node->risk], x, y,
                 BOX_WIDTH, BOX_HEIGHT, barrier ? BOX_HEIGHT / 2 : 6);
  upk_buf_printf(out, "<text class=\"title\" x=\"%zu\" y=\"%zu\">", x + 10,
                 y + (node->detail.len ? 18 : 27));
  add_title(node, out);
  upk_buf_printf(out, "</text><text class=\"detail\" x=\"%zu\" y=\"%zu\">",
                 x + 10, y + 35);
  add_short(out, node->detail, DETAIL_MAX);
  upk_buf_str(out, UPK_STR("</text></g>\n"));
}

static void begin_svg(upk_buf *out, size_t width, size_t height,
                      const char *label) {
  upk_buf_printf(out,
                 "<div class=\"picture\"><svg role=\"img\" aria-label=\"%s\" "
                 "width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\">\n",
                 label, width, height, width, height);
}

void plan_svg_graph(const plan_view *view, upk_buf *out) {
  plan_graph graph = plan_graph_of(view, NODES_MAX, EDGES_MAX);
  layout l = place(view, &graph);
  begin_svg(out, 2 * EDGE + l.columns * (BOX_WIDTH + GAP_X) - GAP_X,
            2 * EDGE + l.lines * (BOX_HEIGHT + GAP_Y) - GAP_Y,
            "the order of the steps");
  upk_buf_str(out, UPK_STR("<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" "
                           "refX=\"8\" refY=\"4\" markerWidth=\"7\" "
                           "markerHeight=\"7\" orient=\"auto\"><path "
                           "class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker>"
                           "</defs>\n"));
  for (size_t i = 0; i < graph.edges.len; i++)
    draw_edge(&l, &graph.edges.items[i], out);
  for (size_t i = 0; i < graph.nodes.len; i++)
    draw_node(&l, &graph, i, out);
  upk_buf_str(out, UPK_STR("</svg></div>\n"));
  if (graph.grouped)
    upk_buf_str(out, UPK_STR("<p class=\"note\">Too many steps for a picture: "
                             "those of one action and policy are one box.</p>"
                             "\n"));
  if (graph.left_out)
    upk_buf_printf(out,
                   "<p class=\"note\">%zu more groups are not drawn.</p>\n",
                   graph.left_out);
}

/* ---- time line ---- */

enum {
  LABEL_WIDTH = 260,
  LINE_WIDTH = 560,
  ROW = 24,
  AXIS = 22,
  LABEL_MAX = 36
};

static void draw_moment(upk_str zone, int64_t us, size_t x, const char *anchor,
                        upk_buf *out) {
  upk_buf_printf(out,
                 "<text class=\"axis\" x=\"%zu\" y=\"14\" "
                 "text-anchor=\"%s\">",
                 x, anchor);
  upk_local_time(NULL, zone, us, out);
  upk_buf_str(out, UPK_STR("</text>"));
}

static size_t along(int64_t us, int64_t from_us, int64_t to_us) {
  return (size_t)((us - from_us) * LINE_WIDTH / (to_us - from_us));
}

static void draw_bar(upk_arena *arena, const plan_node *node, size_t row,
                     int64_t from_us, int64_t to_us, upk_buf *out) {
  size_t x = along(node->start_us, from_us, to_us);
  size_t end = along(node->end_us, from_us, to_us);
  upk_buf_str(out, UPK_STR("<g>"));
  add_tooltip(node, out);
  upk_buf_printf(out, "<text class=\"detail\" x=\"%d\" y=\"%zu\">", EDGE,
                 AXIS + row * ROW + 16);
  if (node->kind == PLAN_NODE_STEP)
    upk_buf_printf(out, "%zu ", node->number);
  upk_str words = upk_arena_printf(arena, "%.*s %.*s", UPK_FMT(node->title),
                                   UPK_FMT(node->detail));
  add_short(out, words, LABEL_MAX);
  upk_buf_printf(out,
                 "</text><rect class=\"bar %s\" x=\"%zu\" y=\"%zu\" "
                 "width=\"%zu\" height=\"%d\" rx=\"3\"/></g>\n",
                 risk_words[node->risk], LABEL_WIDTH + x, AXIS + row * ROW + 4,
                 end > x + 3 ? end - x : 3, ROW - 8);
}

static upk_str zone_of(const plan_view *view) {
  const upk_json *windows = upk_json_get(view->body, "windows");
  upk_str zone = upk_json_text(upk_json_at(windows, 0), "timezone");
  return zone.len ? zone : UPK_STR("UTC");
}

void plan_svg_times(const plan_view *view, upk_buf *out) {
  plan_graph graph = plan_times_of(view, TASKS_MAX);
  int64_t from_us = INT64_MAX, to_us = INT64_MIN;
  for (size_t i = 0; i < graph.nodes.len; i++) {
    const plan_node *node = &graph.nodes.items[i];
    from_us = node->start_us < from_us ? node->start_us : from_us;
    to_us = node->end_us > to_us ? node->end_us : to_us;
  }
  if (!graph.nodes.len)
    return;
  if (to_us - from_us < 1000000)
    to_us = from_us + 1000000;
  begin_svg(out, LABEL_WIDTH + LINE_WIDTH + 2 * EDGE,
            AXIS + graph.nodes.len * ROW + EDGE, "when the steps run");
  draw_moment(zone_of(view), from_us, LABEL_WIDTH, "start", out);
  draw_moment(zone_of(view), to_us, LABEL_WIDTH + LINE_WIDTH, "end", out);
  for (size_t i = 0; i < graph.nodes.len; i++)
    draw_bar(view->arena, &graph.nodes.items[i], i, from_us, to_us, out);
  upk_buf_str(out, UPK_STR("</svg></div>\n"));
}
