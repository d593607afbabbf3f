/* A directed graph of numbered nodes: deterministic topological order and
 * shortest cycle. Iterative throughout: a chain of any length is fine. */
#ifndef COMPILER_ORDER_GRAPH_H
#define COMPILER_ORDER_GRAPH_H

#include <upkeep/base.h>

typedef struct graph_edge {
  uint32_t from, to;
} graph_edge;

typedef struct graph {
  upk_arena *arena;
  size_t node_count, edge_count;
  uint32_t *first; /* where a node's successors begin in `to` */
  uint32_t *to;    /* grouped by origin, in the order of the edges given */
  uint32_t *edge;  /* number of the edge that made it */
} graph;

/* Copies what it needs. O(nodes + edges). */
void graph_init(graph *g, upk_arena *arena, size_t node_count,
                const graph_edge *edges, size_t edge_count);

/* Kahn's order: of the nodes that are ready, the one with the least rank comes
 * first. Ranks are 0 .. node_count - 1, each once. Fills `order` (room for all
 * nodes) and returns how many could be placed: fewer than all when there is a
 * cycle. O((nodes + edges) log nodes). */
size_t graph_sort(const graph *g, const uint32_t *rank, uint32_t *order);

/* The shortest cycle among nodes that `order` lacks, as numbers of edges in
 * their order round; the returned count is 0 when there is none. Among equally
 * short ones, that with the node of least rank. Exact unless the tangle is so
 * large that it takes over 20 million looks: then the shortest seen. */
size_t graph_shortest_cycle(const graph *g, const uint32_t *rank,
                            const uint32_t *order, size_t placed,
                            uint32_t *edges);

#endif
