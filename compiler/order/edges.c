#include <stdlib.h>
#include <string.h>

#include "order/edges.h"
#include "order/graph.h"
#include "step/relate.h"

/* Policies have ranks: their order by `after`, then by name. A step ranks with
 * the first of the policies it stands for. Barriers of a rank stand behind its
 * steps, and edges of policies lead from lower to higher only: so merging the
 * steps of two policies can make no circle. */
typedef struct edging {
  ir *ir;
  size_t policy_count;
  uint32_t *policy_rank;
  uint32_t *step_rank;
  uint32_t *first, *members; /* steps of a policy: members[first[p]...] */
  uint8_t *wanted;           /* somebody waits for the policy */
  uint8_t *live;             /* somebody to wait for, in it or before it */
} edging;

static void add_edge(edging *e, uint32_t from, uint32_t to, upk_str why,
                     upk_span at) {
  *UPK_PUSH(e->ir->arena, &e->ir->edges) = (ir_edge){from, to, why, at, false};
}

/* ---- ranks and members ---- */

static void rank_policies(edging *e) {
  ir *ir = e->ir;
  graph g;
  UPK_VEC(graph_edge) edges = {0};
  uint32_t *names = UPK_NEW_ARRAY(ir->arena, uint32_t, e->policy_count + 1);
  uint32_t *order = UPK_NEW_ARRAY(ir->arena, uint32_t, e->policy_count + 1);
  for (uint32_t p = 0; p < e->policy_count; p++) {
    const ir_policy *policy = &ir->policies.items[p];
    names[p] = p;
    e->policy_rank[p] = UINT32_MAX;
    for (size_t i = 0; i < policy->after_index.len; i++)
      *UPK_PUSH(ir->arena, &edges) =
          (graph_edge){(uint32_t)policy->after_index.items[i], p};
  }
  graph_init(&g, ir->arena, e->policy_count, edges.items, edges.len);
  size_t placed = graph_sort(&g, names, order);
  for (uint32_t i = 0; i < placed; i++)
    e->policy_rank[order[i]] = i;
}

static void count_member(edging *e, size_t policy, uint32_t step) {
  e->first[policy + 2]++;
  if (e->policy_rank[policy] < e->step_rank[step])
    e->step_rank[step] = e->policy_rank[policy];
}

static bool is_also(const ir_step *step, size_t policy, size_t before) {
  for (size_t i = 0; i < before; i++)
    if (step->also.items[i] == policy)
      return true;
  return policy == step->policy_index;
}

/* Calls for each policy that a step stands for, once. */
static void each_membership(edging *e, void (*call)(edging *e, size_t policy,
                                                    uint32_t step)) {
  for (uint32_t i = 0; i < e->ir->steps.len; i++) {
    const ir_step *step = &e->ir->steps.items[i];
    if (step->dropped || !step->policy)
      continue;
    call(e, step->policy_index, i);
    for (size_t j = 0; j < step->also.len; j++)
      if (!is_also(step, step->also.items[j], j))
        call(e, step->also.items[j], i);
  }
}

static void add_member(edging *e, size_t policy, uint32_t step) {
  e->members[e->first[policy + 1]++] = step;
}

static void find_members(edging *e) {
  ir *ir = e->ir;
  e->step_rank = UPK_NEW_ARRAY(ir->arena, uint32_t, ir->steps.len + 1);
  e->first = UPK_NEW_ARRAY(ir->arena, uint32_t, e->policy_count + 3);
  for (size_t i = 0; i < ir->steps.len; i++)
    e->step_rank[i] = UINT32_MAX;
  each_membership(e, count_member);
  for (size_t i = 2; i <= e->policy_count + 1; i++)
    e->first[i] += e->first[i - 1];
  e->members =
      UPK_NEW_ARRAY(ir->arena, uint32_t, e->first[e->policy_count + 1] + 1);
  each_membership(e, add_member);
}

static uint32_t member_count(const edging *e, size_t policy) {
  return e->first[policy + 1] - e->first[policy];
}

/* ---- after ---- */

static upk_span after_place(const ir_policy *policy, size_t i) {
  return policy->after.len == policy->after_index.len
             ? policy->after.items[i].span
             : policy->name_span;
}

/* An empty policy hands on what it waits for: the order that was asked for
 * must not depend on whether there happened to be something to do. */
static void find_live(edging *e, const uint32_t *by_rank, size_t count) {
  for (size_t r = 0; r < count; r++) {
    uint32_t p = by_rank[r];
    const ir_policy *policy = &e->ir->policies.items[p];
    e->live[p] = member_count(e, p) > 0;
    for (size_t i = 0; i < policy->after_index.len && !e->live[p]; i++)
      e->live[p] = e->live[policy->after_index.items[i]];
  }
  for (size_t r = count; r-- > 0;) {
    uint32_t p = by_rank[r];
    const ir_policy *policy = &e->ir->policies.items[p];
    if (!member_count(e, p) && !e->wanted[p])
      continue;
    for (size_t i = 0; i < policy->after_index.len; i++)
      e->wanted[policy->after_index.items[i]] = 1;
  }
}

static void edges_from(edging *e, uint32_t p, uint32_t from, uint32_t rank,
                       upk_str why, upk_span at) {
  if (!member_count(e, p)) {
    if (e->wanted[p])
      add_edge(e, from, IR_BARRIER | p, why, at);
    return;
  }
  for (uint32_t i = e->first[p]; i < e->first[p + 1]; i++)
    if (rank < e->step_rank[e->members[i]])
      add_edge(e, from, e->members[i], why, at);
}

/* One step needs no barrier to wait for. */
static uint32_t gate_of(const edging *e, uint32_t q) {
  return member_count(e, q) == 1 ? e->members[e->first[q]] : IR_BARRIER | q;
}

static void edges_of_after(edging *e, uint32_t p) {
  const ir_policy *policy = &e->ir->policies.items[p];
  for (size_t i = 0; i < policy->after_index.len; i++) {
    uint32_t q = (uint32_t)policy->after_index.items[i];
    if (!e->live[q] || e->policy_rank[q] >= e->policy_rank[p])
      continue;
    upk_str why = upk_arena_printf(e->ir->arena, "after %.*s",
                                   UPK_FMT(e->ir->policies.items[q].name));
    edges_from(e, p, gate_of(e, q), e->policy_rank[q], why,
               after_place(policy, i));
  }
}

static void edges_to_barrier(edging *e, uint32_t q) {
  const ir_policy *policy = &e->ir->policies.items[q];
  if (!e->wanted[q] || member_count(e, q) < 2)
    return;
  upk_str why =
      upk_arena_printf(e->ir->arena, "of %.*s", UPK_FMT(policy->name));
  for (uint32_t i = e->first[q]; i < e->first[q + 1]; i++)
    add_edge(e, e->members[i], IR_BARRIER | q, why, UPK_NO_SPAN);
}

static void edges_of_policies(edging *e) {
  upk_arena *arena = e->ir->arena;
  uint32_t *by_rank = UPK_NEW_ARRAY(arena, uint32_t, e->policy_count + 1);
  size_t count = 0;
  e->live = UPK_NEW_ARRAY(arena, uint8_t, e->policy_count + 1);
  e->wanted = UPK_NEW_ARRAY(arena, uint8_t, e->policy_count + 1);
  for (uint32_t p = 0; p < e->policy_count; p++)
    if (e->policy_rank[p] != UINT32_MAX) {
      by_rank[e->policy_rank[p]] = p;
      count++;
    }
  find_live(e, by_rank, count);
  for (uint32_t p = 0; p < e->policy_count; p++) {
    edges_to_barrier(e, p);
    if (member_count(e, p) || e->wanted[p])
      edges_of_after(e, p);
  }
}

/* ---- what actions declare ---- */

typedef struct declaring {
  edging *e;
  uint32_t step;
  bool others_first, needed;
  upk_str why;
  upk_span at;
} declaring;

static void visit_declared(void *ctx, uint32_t other) {
  const declaring *d = ctx;
  ir *ir = d->e->ir;
  if (d->others_first)
    add_edge(d->e, other, d->step, d->why, d->at);
  else
    add_edge(d->e, d->step, other, d->why, d->at);
  ir->edges.items[ir->edges.len - 1].needed =
      d->needed ||
      (!d->others_first && ir->steps.items[other].follows == d->step + 1);
}

/* Entries of an action's definition, what they say in an edge's `why`
 * ("rebuild_index comes before refresh_statistics"). */
static const struct {
  const char *key;
  bool others_first;
  const char *says;
  bool needed;
} relations[] = {
    {"after", true, "comes after", false},
    {"before", false, "comes before", false},
    {"provides", false, "prepares", true},
    {"followups", false, "is followed by", false},
};

static void edges_of_action(edging *e, relate *related,
                            const ir_action *action) {
  const upk_str *entries = NULL;
  for (size_t r = 0; r < sizeof relations / sizeof *relations; r++) {
    size_t count = relate_entries(e->ir, action, relations[r].key, &entries);
    for (size_t i = 0; i < count; i++) {
      upk_str suffix;
      upk_str other = relate_split(entries[i], &suffix);
      declaring d = {e,
                     0,
                     relations[r].others_first,
                     relations[r].needed,
                     upk_arena_printf(e->ir->arena, "%.*s %s %.*s",
                                      UPK_FMT(action->name), relations[r].says,
                                      UPK_FMT(other)),
                     action->span};
      for (d.step = 0; d.step < e->ir->steps.len; d.step++) {
        const ir_step *step = &e->ir->steps.items[d.step];
        if (step->action == action && !step->dropped)
          relate_each(related, d.step, entries[i], visit_declared, &d);
      }
    }
  }
}

/* ---- containment ---- */

static void visit_container(void *ctx, uint32_t other) {
  const declaring *d = ctx;
  const ir *ir = d->e->ir;
  const ir_step *part = &ir->steps.items[d->step];
  const ir_step *whole = &ir->steps.items[other];
  if (whole->object.kind != part->object.kind ||
      d->e->step_rank[d->step] > d->e->step_rank[other])
    return;
  add_edge(d->e, d->step, other,
           upk_arena_printf(ir->arena, "part of %.*s",
                            UPK_FMT(whole->object.display)),
           UPK_NO_SPAN);
}

static bool holds_its_own(const ir_kind *kind) {
  for (size_t i = 0; i < kind->parent_count; i++)
    if (upk_str_equal(kind->parents[i].kind, kind->name))
      return true;
  return false;
}

static void edges_of_containment(edging *e, relate *related) {
  const ir_action *last = NULL;
  upk_str entry = UPK_NO_STR;
  for (uint32_t i = 0; i < e->ir->steps.len; i++) {
    const ir_step *step = &e->ir->steps.items[i];
    if (step->dropped || !holds_its_own(step->object.kind))
      continue;
    if (step->action != last)
      entry = upk_arena_printf(e->ir->arena, "%.*s:parent",
                               UPK_FMT(step->action->name));
    last = step->action;
    declaring d = {.e = e, .step = i};
    relate_each(related, i, entry, visit_container, &d);
  }
}

/* ---- steps of no policy ---- */

/* Before everything that waits for nothing else: the rest follows. */
static void edges_of_own(edging *e) {
  const ir *ir = e->ir;
  uint8_t *waits = UPK_NEW_ARRAY(ir->arena, uint8_t, ir->steps.len + 1);
  for (size_t i = 0; i < ir->edges.len; i++)
    if (!(ir->edges.items[i].to & IR_BARRIER))
      waits[ir->edges.items[i].to] = 1;
  for (uint32_t own = 0; own < ir->steps.len; own++) {
    const ir_step *step = &ir->steps.items[own];
    if (step->dropped || step->policy)
      continue;
    upk_str why = upk_arena_printf(ir->arena, "%.*s comes first",
                                   UPK_FMT(step->action->name));
    for (uint32_t i = 0; i < ir->steps.len; i++)
      if (!waits[i] && !ir->steps.items[i].dropped &&
          ir->steps.items[i].policy) {
        add_edge(e, own, i, why, UPK_NO_SPAN);
        e->ir->edges.items[e->ir->edges.len - 1].needed = true;
      }
  }
}

/* ---- sorting ---- */

typedef struct text_of_node {
  upk_str text;
  uint32_t node;
} text_of_node;

static int by_text(const void *a, const void *b) {
  const text_of_node *left = a;
  const text_of_node *right = b;
  return upk_str_compare(left->text, right->text);
}

/* For every node, its place in the order of texts. Nodes are steps, then
 * policies. Barriers' texts are compared with steps' by what they print. */
static uint32_t *rank_texts(const ir *ir) {
  size_t steps = ir->steps.len;
  size_t count = steps + ir->policies.len;
  text_of_node *texts = UPK_NEW_ARRAY(ir->arena, text_of_node, count + 1);
  uint8_t *used = UPK_NEW_ARRAY(ir->arena, uint8_t, count + 1);
  uint32_t *rank = UPK_NEW_ARRAY(ir->arena, uint32_t, count + 1);
  size_t len = 0;
  for (size_t i = 0; i < ir->edges.len; i++) {
    uint32_t ends[] = {ir->edges.items[i].from, ir->edges.items[i].to};
    for (size_t j = 0; j < 2; j++) {
      size_t policy = ends[j] & ~IR_BARRIER;
      size_t node = ends[j] & IR_BARRIER ? steps + policy : ends[j];
      if (used[node])
        continue;
      used[node] = 1;
      texts[len++] = (text_of_node){
          node < steps
              ? ir->steps.items[node].id
              : upk_arena_printf(ir->arena, "policy:%.*s",
                                 UPK_FMT(ir->policies.items[policy].name)),
          (uint32_t)node};
    }
  }
  qsort(texts, len, sizeof *texts, by_text);
  for (uint32_t i = 0; i < len; i++)
    rank[texts[i].node] = i;
  return rank;
}

typedef struct edge_key {
  uint64_t ends;
  size_t number;
} edge_key;

static int by_ends(const void *a, const void *b) {
  const edge_key *left = a;
  const edge_key *right = b;
  if (left->ends != right->ends)
    return left->ends < right->ends ? -1 : 1;
  return left->number < right->number ? -1 : 1;
}

/* Of several reasons for one pair the first found is kept. */
static void sort_edges(ir *ir) {
  size_t count = ir->edges.len;
  const uint32_t *rank = rank_texts(ir);
  edge_key *keys = UPK_NEW_ARRAY(ir->arena, edge_key, count + 1);
  ir_edge *sorted = UPK_NEW_ARRAY(ir->arena, ir_edge, count + 1);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t ends[] = {ir->edges.items[i].from, ir->edges.items[i].to};
    uint64_t places[2];
    for (size_t j = 0; j < 2; j++)
      places[j] =
          rank[ends[j] & IR_BARRIER ? ir->steps.len + (ends[j] & ~IR_BARRIER)
                                    : ends[j]];
    keys[i] = (edge_key){places[0] << 32 | places[1], i};
  }
  qsort(keys, count, sizeof *keys, by_ends);
  for (size_t i = 0; i < count; i++) {
    const ir_edge *edge = &ir->edges.items[keys[i].number];
    if (i == 0 || keys[i].ends != keys[i - 1].ends)
      sorted[kept++] = *edge;
    else
      sorted[kept - 1].needed = sorted[kept - 1].needed || edge->needed;
  }
  ir->edges.items = sorted;
  ir->edges.len = kept;
  ir->edges.cap = count + 1;
}

/* ---- causes ---- */

static void edges_of_causes(edging *e) {
  ir *ir = e->ir;
  for (size_t i = 0; i < ir->steps.len; i++) {
    const ir_step *step = &ir->steps.items[i];
    if (!step->cause || step->dropped ||
        ir->steps.items[step->cause - 1].dropped)
      continue;
    add_edge(e, step->cause - 1, (uint32_t)i,
             UPK_STR("it cannot help before that"), step->action->span);
    ir->edges.items[ir->edges.len - 1].needed = true;
  }
}

void order_edges(ir *ir) {
  edging e = {.ir = ir, .policy_count = ir->policies.len};
  e.policy_rank = UPK_NEW_ARRAY(ir->arena, uint32_t, e.policy_count + 1);
  rank_policies(&e);
  find_members(&e);
  edges_of_policies(&e);
  relate *related = relate_of(ir);
  for (size_t i = 0; i < ir->engine->actions.len; i++)
    edges_of_action(&e, related, ir->engine->actions.items[i]);
  edges_of_containment(&e, related);
  edges_of_causes(&e);
  edges_of_own(&e);
  sort_edges(ir);
}
