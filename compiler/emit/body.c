/* The sections of the plan's body that are not steps. */
#include <stdlib.h>
#include <string.h>

#include <upkeep/compile.h>

#include "emit/plan.h"

upk_str emit_edge_end(const ir *ir, uint32_t end) {
  if (!(end & IR_BARRIER))
    return ir->steps.items[end].id;
  const ir_policy *policy = &ir->policies.items[end & ~IR_BARRIER];
  return upk_arena_printf(ir->arena, "policy:%.*s", UPK_FMT(policy->name));
}

void emit_edges(ir *ir, upk_json_writer *w) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->edges.len; i++) {
    const ir_edge *edge = &ir->edges.items[i];
    upk_json_begin_object(w);
    upk_json_put_string(w, "from", emit_edge_end(ir, edge->from));
    upk_json_put_string(w, "to", emit_edge_end(ir, edge->to));
    upk_json_put_string(w, "why", edge->why);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static upk_str capability_sql(const ir_engine *engine, const char *name) {
  for (size_t i = 0; i < engine->capability_count; i++)
    if (upk_str_is(engine->capabilities[i].name, name))
      return engine->capabilities[i].sql;
  return UPK_NO_STR;
}

static void put_sql(upk_json_writer *w, const char *key, upk_str sql) {
  if (!sql.data)
    return;
  upk_json_key(w, key);
  upk_json_begin_object(w);
  upk_json_put_string(w, "sql", sql);
  upk_json_end_object(w);
}

static void put_member(const ir *ir, upk_json_writer *w, const node *map,
                       const char *key) {
  const node *value = node_find(map, key);
  if (!value)
    return;
  upk_json_key(w, key);
  emit_node(ir->arena, w, value);
}

static void write_ledger(const ir *ir, upk_json_writer *w, const node *ledger) {
  upk_json_begin_object(w);
  put_member(ir, w, ledger, "applied");
  put_member(ir, w, ledger, "insert");
  put_sql(w, "present", capability_sql(ir->engine, "ledger"));
  put_member(ir, w, ledger, "runs");
  put_member(ir, w, ledger, "take");
  put_member(ir, w, ledger, "uses");
  upk_json_end_object(w);
}

void emit_engine(ir *ir, upk_json_writer *w) {
  const node *ledger = node_find(ir->engine->definition, "ledger");
  upk_json_begin_object(w);
  put_member(ir, w, ir->engine->definition, "guard");
  put_sql(w, "identity", ir->engine->identity_sql);
  if (ledger && !upk_str_is(ir->target->ledger, "none") &&
      !ir->ledger_refused) {
    upk_json_key(w, "ledger");
    write_ledger(ir, w, ledger);
  }
  emit_metrics(ir, w);
  upk_json_put_string(w, "name", ir->engine->name);
  put_member(ir, w, ir->engine->definition, "progress");
  put_member(ir, w, ir->engine->definition, "session");
  upk_json_end_object(w);
}

/* What of the request changes the plan. */
static void write_options(upk_json_writer *w,
                          const upk_compile_request *request) {
  upk_json_begin_object(w);
  if (request && request->at_us)
    upk_json_put_int(w, "at", request->at_us);
  if (request && request->except.len)
    upk_json_put_string(w, "except", request->except);
  if (request && request->only.len)
    upk_json_put_string(w, "only", request->only);
  upk_json_end_object(w);
}

/* Openings come from rules and from the zone data of this machine. */
static void write_windows_input(const ir *ir, upk_json_writer *w) {
  upk_digest digest = upk_digest_of(ir->request->windows);
  upk_json_key(w, "windows");
  upk_json_begin_object(w);
  upk_json_put_string(w, "sha256", upk_digest_view(&digest));
  upk_json_put_string(w, "tzdata", ir->tzdata);
  upk_json_end_object(w);
}

/* What runs taught on the machine that planned. */
static void write_history_input(const ir *ir, upk_json_writer *w) {
  upk_digest digest = upk_digest_of(ir->request->history);
  upk_json_key(w, "history");
  upk_json_begin_object(w);
  upk_json_put_string(w, "sha256", upk_digest_view(&digest));
  upk_json_end_object(w);
}

static void put_stdlib(const ir *ir, upk_json_writer *w) {
  upk_json_key(w, "stdlib");
  upk_json_begin_object(w);
  upk_json_put_string(w, "sha256", ir->stdlib_sha256);
  upk_json_put_string(w, "version", ir->stdlib_version);
  upk_json_end_object(w);
}

void emit_inputs(ir *ir, upk_json_writer *w) {
  upk_digest policies = emit_policies_digest(ir);
  upk_json_begin_object(w);
  upk_json_key(w, "facts");
  upk_json_begin_object(w);
  upk_json_put_string(w, "sha256", ir->facts_sha256);
  upk_json_put_int(w, "taken_at", ir->facts.taken_at);
  upk_json_end_object(w);
  if (ir->request && ir->request->history.data)
    write_history_input(ir, w);
  upk_json_key(w, "options");
  write_options(w, ir->request);
  upk_json_put_string(w, "policies", upk_digest_view(&policies));
  if (ir->requirements.path.data) {
    upk_json_key(w, "requirements");
    upk_json_begin_object(w);
    upk_json_put_string(w, "sha256", ir->requirements.sha256);
    upk_json_end_object(w);
  }
  put_stdlib(ir, w);
  if (ir->request && ir->request->windows.data)
    write_windows_input(ir, w);
  upk_json_end_object(w);
}

typedef struct pair {
  upk_str key, value;
} pair;

static int by_key(const void *a, const void *b) {
  const pair *left = a;
  const pair *right = b;
  return upk_str_compare(left->key, right->key);
}

static void write_pairs(upk_json_writer *w, pair *pairs, size_t count) {
  qsort(pairs, count, sizeof *pairs, by_key);
  upk_json_begin_object(w);
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && upk_str_equal(pairs[i - 1].key, pairs[i].key))
      continue;
    upk_json_key_str(w, pairs[i].key);
    upk_json_string(w, pairs[i].value);
  }
  upk_json_end_object(w);
}

void emit_queries(ir *ir, upk_json_writer *w) {
  size_t count = ir->query_texts.len;
  pair *pairs = UPK_NEW_ARRAY(ir->arena, pair, count + 1);
  for (size_t i = 0; i < count; i++)
    pairs[i] =
        (pair){ir->query_texts.items[i].name, ir->query_texts.items[i].sql};
  write_pairs(w, pairs, count);
}

static void write_labels(const ir *ir, upk_json_writer *w) {
  size_t count = ir->target->labels.len;
  pair *pairs = UPK_NEW_ARRAY(ir->arena, pair, count + 1);
  for (size_t i = 0; i < count; i++)
    pairs[i] = (pair){ir->target->labels.items[i].key,
                      ir->target->labels.items[i].value};
  write_pairs(w, pairs, count);
}

void emit_target(ir *ir, upk_json_writer *w) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "engine", ir->engine->name);
  upk_json_key(w, "identity");
  upk_json_raw(w,
               ir->facts.identity ? ir->facts.identity->bytes : UPK_STR("{}"));
  upk_json_key(w, "labels");
  write_labels(ir, w);
  upk_json_put_string(w, "name", ir->target->name);
  upk_json_put_string(w, "role", ir->facts.role);
  upk_json_put_string(w, "version", ir->facts.version);
  upk_json_end_object(w);
}

void emit_totals(ir *ir, upk_json_writer *w) {
  upk_json_begin_object(w);
  upk_json_put_int(w, "blocking_ms", ir->totals.blocking_ms);
  upk_json_put_int(w, "p50_ms", ir->totals.p50_ms);
  upk_json_put_int(w, "p90_ms", ir->totals.p90_ms);
  upk_json_put_int(w, "steps", (int64_t)ir->plan_order.len);
  upk_json_end_object(w);
}

static int by_name(const void *a, const void *b) {
  const ir_window *left = *(const ir_window *const *)a;
  const ir_window *right = *(const ir_window *const *)b;
  return upk_str_compare(left->name, right->name);
}

void emit_windows(ir *ir, upk_json_writer *w) {
  const ir_window **windows =
      UPK_NEW_ARRAY(ir->arena, const ir_window *, ir->project.windows.len + 1);
  size_t count = 0;
  for (size_t i = 0; i < ir->project.windows.len; i++)
    if (ir->project.windows.items[i].used)
      windows[count++] = &ir->project.windows.items[i];
  qsort(windows, count, sizeof *windows, by_name);
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++) {
    upk_json_begin_object(w);
    upk_json_put_int(w, "closes_at", windows[i]->first.to_us);
    upk_json_put_int(w, "duration_ms", windows[i]->duration_us / 1000);
    upk_json_put_string(w, "name", windows[i]->name);
    upk_json_put_int(w, "opens_at", windows[i]->first.from_us);
    upk_json_put_string(w, "rrule", windows[i]->rrule);
    upk_json_put_string(w, "timezone", windows[i]->timezone);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

void emit_blackouts(ir *ir, upk_json_writer *w) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->blackouts.len; i++) {
    const ir_blackout *blackout = &ir->blackouts.items[i];
    upk_json_begin_object(w);
    upk_json_put_int(w, "from", blackout->from_us);
    upk_json_put_string(w, "reason", blackout->reason);
    upk_json_put_int(w, "to", blackout->to_us);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void write_costs(const ir *ir, upk_json_writer *w) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (!step->estimate.blocking_ms)
      continue;
    upk_json_begin_object(w);
    upk_json_put_int(w, "blocking_ms", step->estimate.blocking_ms);
    upk_json_put_string(w, "step", step->id);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

void emit_budget(ir *ir, upk_json_writer *w) {
  const ir_budget *b = &ir->budget;
  upk_json_begin_object(w);
  upk_json_put_int(w, "allowed_ms", b->allowed_ms);
  if (b->availability_ppm >= 0)
    upk_json_put_int(w, "availability", b->availability_ppm);
  upk_json_put_int(w, "expected_ms", b->expected_ms);
  upk_json_put_int(w, "from", b->from_us);
  upk_json_put_string(w, "period", b->period);
  upk_json_put_int(w, "spent_ms", b->spent_ms);
  upk_json_key(w, "steps");
  write_costs(ir, w);
  upk_json_put_int(w, "to", b->to_us);
  upk_json_put_int(w, "unmeasured", b->unmeasured);
  upk_json_end_object(w);
}

void emit_expires(ir *ir, upk_json_writer *w) {
  upk_json_int(w, ir->expires_us);
}
