/* Tarjan's strongly connected components with a stack of its own (R. Tarjan,
 * "Depth-first search and linear graph algorithms", 1972), then a search in
 * breadth within each component that is a knot. */
#include "check/cycle.h"

#define NONE UINT32_MAX

/* Edges walked in search of shorter circles, all knots together: a bound for
 * absurd inputs. Within it the circle shown is the shortest. */
enum { SEARCH_BUDGET = 5 * 1000 * 1000, SHOWN_EDGES = 12 };

typedef struct graph {
  ir *ir;
  uint32_t count;
  uint32_t *number, *low;     /* of Tarjan */
  uint32_t *component;        /* of each policy, once known */
  uint32_t *stack, stack_len; /* of policies whose component is not known */
  uint32_t *path, *next_edge; /* the search's own stack */
  uint32_t *distance, *from;  /* of the search in breadth */
  uint32_t next_number, next_component;
  size_t budget;
} graph;

static size_t degree(const graph *g, uint32_t policy) {
  return g->ir->policies.items[policy].after_index.len;
}

static uint32_t edge(const graph *g, uint32_t policy, size_t i) {
  size_t to = g->ir->policies.items[policy].after_index.items[i];
  return to == SIZE_MAX ? NONE : (uint32_t)to;
}

static graph graph_new(ir *ir) {
  size_t count = ir->policies.len ? ir->policies.len : 1;
  graph g = {
      .ir = ir, .count = (uint32_t)ir->policies.len, .budget = SEARCH_BUDGET};
  uint32_t **arrays[] = {&g.number, &g.low,       &g.component, &g.stack,
                         &g.path,   &g.next_edge, &g.distance,  &g.from};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    *arrays[i] = UPK_NEW_ARRAY(ir->arena, uint32_t, count);
    for (size_t j = 0; j < count; j++)
      (*arrays[i])[j] = NONE;
  }
  return g;
}

/* The policy is the root of its component: takes that from the stack. */
static void close_component(graph *g, uint32_t root) {
  uint32_t policy;
  do {
    policy = g->stack[--g->stack_len];
    g->component[policy] = g->next_component;
  } while (policy != root);
  g->next_component++;
}

static void open_policy(graph *g, uint32_t policy) {
  g->number[policy] = g->low[policy] = g->next_number++;
  g->stack[g->stack_len++] = policy;
  g->next_edge[policy] = 0;
}

static void lower_to(graph *g, uint32_t policy, uint32_t value) {
  if (value < g->low[policy])
    g->low[policy] = value;
}

static void walk_from(graph *g, uint32_t root) {
  uint32_t depth = 0;
  g->path[depth++] = root;
  open_policy(g, root);
  while (depth) {
    uint32_t policy = g->path[depth - 1];
    if (g->next_edge[policy] < degree(g, policy)) {
      uint32_t to = edge(g, policy, g->next_edge[policy]++);
      if (to == NONE || g->component[to] != NONE)
        continue;
      if (g->number[to] != NONE) {
        lower_to(g, policy, g->number[to]);
        continue;
      }
      open_policy(g, to);
      g->path[depth++] = to;
      continue;
    }
    if (g->low[policy] == g->number[policy])
      close_component(g, policy);
    depth--;
    if (depth)
      lower_to(g, g->path[depth - 1], g->low[policy]);
  }
}

/* Length of the shortest circle through `start` that is shorter than `best`,
 * or `best`. g->from then leads back along it. The queue is g->stack, which
 * is empty by now; touched distances are put back. */
static uint32_t circle_through(graph *g, uint32_t start, uint32_t best,
                               uint32_t *ret_last) {
  uint32_t head = 0, tail = 0;
  uint32_t found = best;
  g->distance[start] = 0;
  g->stack[tail++] = start;
  while (head < tail && found == best) {
    uint32_t policy = g->stack[head++];
    if (g->distance[policy] + 1 >= best)
      break;
    for (size_t i = 0; i < degree(g, policy) && g->budget; i++) {
      uint32_t to = edge(g, policy, i);
      g->budget--;
      if (to == NONE || g->component[to] != g->component[start])
        continue;
      if (to == start) {
        found = g->distance[policy] + 1;
        *ret_last = policy;
        break;
      }
      if (g->distance[to] != NONE)
        continue;
      g->distance[to] = g->distance[policy] + 1;
      g->from[to] = policy;
      g->stack[tail++] = to;
    }
  }
  while (tail)
    g->distance[g->stack[--tail]] = NONE;
  return found;
}

static const ir_text *edge_text(const graph *g, uint32_t policy, uint32_t to) {
  const ir_policy *item = &g->ir->policies.items[policy];
  for (size_t i = 0; i < item->after_index.len; i++)
    if (item->after_index.items[i] == to)
      return &item->after.items[i];
  return NULL;
}

/* `circle` holds policies, each after the next one, the last after the
 * first. */
static void report(graph *g, const uint32_t *circle, uint32_t count) {
  ir *ir = g->ir;
  upk_buf names = {0};
  for (uint32_t i = 0; i <= count && i <= SHOWN_EDGES; i++) {
    upk_buf_str(&names, i ? UPK_STR(" after ") : UPK_STR(""));
    upk_buf_str(&names, ir->policies.items[circle[i % count]].name);
  }
  if (count > SHOWN_EDGES)
    upk_buf_str(&names, UPK_STR(" after ..."));
  upk_diag *diag = upk_diag_add(
      ir->diags, 1408, edge_text(g, circle[0], circle[1 % count])->span,
      "policies come after each other in a circle: %.*s",
      UPK_FMT(upk_buf_view(&names)));
  upk_buf_free(&names);
  for (uint32_t i = 1; i < count && i < SHOWN_EDGES; i++) {
    uint32_t to = circle[(i + 1) % count];
    upk_diag_label(ir->diags, diag, edge_text(g, circle[i], to)->span,
                   "`%.*s` comes after `%.*s`",
                   UPK_FMT(ir->policies.items[circle[i]].name),
                   UPK_FMT(ir->policies.items[to].name));
  }
  if (count > SHOWN_EDGES)
    upk_diag_note(ir->diags, diag, "The circle has %u policies.", count);
  upk_diag_help(ir->diags, diag, "Take out one of these edges.");
}

/* Members of one knot stand together in `members`, in order of names. */
static void shortest_of(graph *g, const uint32_t *members, size_t count) {
  uint32_t best = NONE, best_start = NONE, last = NONE;
  for (size_t i = 0; i < count && best > 1; i++) {
    uint32_t length = circle_through(g, members[i], best, &last);
    if (length < best) {
      best = length;
      best_start = members[i];
    }
    if (!g->budget && best != NONE)
      break;
  }
  if (best == NONE)
    return;
  g->budget = g->budget > 0 ? g->budget : SEARCH_BUDGET / 100;
  circle_through(g, best_start, NONE, &last);
  uint32_t *circle = UPK_NEW_ARRAY(g->ir->arena, uint32_t, best);
  for (uint32_t i = best; i-- > 0; last = g->from[last])
    circle[i] = last;
  report(g, circle, best);
}

/* A component of one is a knot only when the policy comes after itself. */
static bool is_knot(const graph *g, const uint32_t *members, size_t count) {
  return count > 1 || edge_text(g, members[0], members[0]);
}

bool cycle_check(ir *ir) {
  graph g = graph_new(ir);
  for (uint32_t i = 0; i < g.count; i++)
    if (g.number[i] == NONE)
      walk_from(&g, i);
  /* Members by component, by counting: each in order of names. */
  uint32_t *start = UPK_NEW_ARRAY(ir->arena, uint32_t, g.next_component + 2);
  uint32_t *members = UPK_NEW_ARRAY(ir->arena, uint32_t, g.count + 1);
  for (uint32_t i = 0; i < g.count; i++)
    start[g.component[i] + 1]++;
  for (uint32_t i = 0; i < g.next_component; i++)
    start[i + 1] += start[i];
  uint32_t *fill = g.number; /* no more needed */
  for (uint32_t i = 0; i < g.next_component; i++)
    fill[i] = start[i];
  for (uint32_t i = 0; i < g.count; i++)
    members[fill[g.component[i]]++] = i;
  bool good = true;
  for (uint32_t i = 0; i < g.count; i++) {
    uint32_t c = g.component[i];
    if (members[start[c]] != i)
      continue; /* another is its first by name */
    size_t count = start[c + 1] - start[c];
    if (!is_knot(&g, &members[start[c]], count))
      continue;
    good = false;
    shortest_of(&g, &members[start[c]], count);
  }
  return good;
}
