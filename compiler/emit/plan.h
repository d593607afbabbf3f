/* The pieces of the plan writer (docs/formats.md, "Plan"): pass/emit.c puts
 * them together. Each writes one canonical value, streaming; what it needs
 * besides is in ir->arena. */
#ifndef COMPILER_EMIT_PLAN_H
#define COMPILER_EMIT_PLAN_H

#include "digest.h"
#include "ir/ir.h"
#include "json.h"

/* A node as JSON: plain scalars of YAML as text, functions as null, the keys of
 * maps sorted. */
void emit_node(upk_arena *arena, upk_json_writer *w, const node *value);
/* The same with every scalar as text, so that `3` of YAML and 3 of Lua are
 * equal where no schema has typed them. */
void emit_untyped(upk_arena *arena, upk_json_writer *w, const node *value);
void emit_strings(upk_json_writer *w, const upk_str *items, size_t count);

/* One step; `intent` is its digest as text. */
void emit_step(const ir *ir, upk_json_writer *w, const ir_step *step,
               upk_str intent);
/* The canonical bytes that a step's intent is the digest of. */
void emit_step_intent(const ir *ir, upk_json_writer *w, const ir_step *step);

/* Text of an edge's end: a step's id, or "policy:NAME", in ir->arena. */
upk_str emit_edge_end(const ir *ir, uint32_t end);

/* Digest of the lowered policies that apply to the target: their canonical
 * JSON without places, so that equal policies in YAML and Lua are equal. */
upk_digest emit_policies_digest(const ir *ir);
/* The same of one policy. */
upk_digest emit_policy_digest(const ir *ir, const ir_policy *policy);

/* What the project asks for: of each rule that fits steps of the plan. */
void emit_approvals(ir *ir, upk_json_writer *w);
void emit_budget(ir *ir, upk_json_writer *w);
void emit_considered(ir *ir, upk_json_writer *w);
void emit_deferred(ir *ir, upk_json_writer *w);
void emit_diagnostics(ir *ir, upk_json_writer *w);
void emit_edges(ir *ir, upk_json_writer *w);
void emit_engine(ir *ir, upk_json_writer *w);
void emit_inputs(ir *ir, upk_json_writer *w);
/* The member `metrics`, when a step of the plan needs one. */
void emit_metrics(ir *ir, upk_json_writer *w);
void emit_queries(ir *ir, upk_json_writer *w);
void emit_target(ir *ir, upk_json_writer *w);
void emit_totals(ir *ir, upk_json_writer *w);
void emit_blackouts(ir *ir, upk_json_writer *w);
void emit_expires(ir *ir, upk_json_writer *w);
void emit_windows(ir *ir, upk_json_writer *w);
void emit_provenance(ir *ir, upk_json_writer *w);

#endif
