/* The steps of a plan and their order as a picture: what mermaid, dot and SVG
 * draw. A plan with more steps than a picture bears is drawn by groups: the
 * steps of one action of one policy are one node. */
#ifndef CLI_PLAN_GRAPH_H
#define CLI_PLAN_GRAPH_H

#include "plan_view.h"

typedef enum plan_node_kind {
  PLAN_NODE_STEP,
  PLAN_NODE_GROUP,
  PLAN_NODE_BARRIER, /* of a policy: everything before it is done */
} plan_node_kind;

typedef struct plan_node {
  plan_node_kind kind;
  upk_str title;            /* the action, or the policy of a barrier */
  upk_str detail;           /* the object; of a group the policy */
  upk_str window;           /* absent: none */
  size_t number;            /* of a step, from 1; of a group: how many steps */
  int risk;                 /* 0 low, 1 medium, 2 high */
  int64_t start_us, end_us; /* as predicted */
} plan_node;

typedef struct plan_edge {
  size_t from, to; /* indexes of nodes */
  upk_str why;     /* absent between groups */
} plan_edge;

typedef struct plan_graph {
  UPK_VEC(plan_node) nodes;
  UPK_VEC(plan_edge) edges;
  bool grouped;
  size_t left_out; /* nodes beyond the limit */
} plan_graph;

/* By steps when they and their edges are within the limits, else by groups; of
 * groups the first `max_nodes`. In view->arena. */
plan_graph plan_graph_of(const plan_view *view, size_t max_nodes,
                         size_t max_edges);
/* The steps alone, or groups, without edges: for a time line. */
plan_graph plan_times_of(const plan_view *view, size_t max_nodes);

#endif
