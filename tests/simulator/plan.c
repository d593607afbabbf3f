/* Random plans, as plan_read would make them. */
#include <string.h>

#include "simulator/sim.h"

static upk_str text(upk_arena *arena, const char *verb, size_t step,
                    unsigned nth) {
  return upk_arena_printf(arena, "%s %zu %u", verb, step, nth);
}

bool sim_parse(upk_str sql, const char *verb, int *ret_step, int *ret_nth) {
  size_t len = strlen(verb);
  if (sql.len < len + 4 || memcmp(sql.data, verb, len) != 0 ||
      sql.data[len] != ' ')
    return false;
  return sscanf(sql.data + len, " %d %d", ret_step, ret_nth) == 2;
}

static plan_check make_check(upk_arena *arena, const char *verb, size_t step) {
  plan_query *query = UPK_NEW(arena, plan_query);
  query->sql = text(arena, verb, step, 0);
  return (plan_check){
      .name = upk_str_from(verb),
      .expect = UPK_STR("x = 1"),
      .queries = query,
      .query_count = 1,
      .rows = PLAN_FIRST,
  };
}

static plan_checks one_check(upk_arena *arena, plan_check check) {
  plan_check *items = UPK_NEW(arena, plan_check);
  *items = check;
  return (plan_checks){items, 1};
}

static plan_statements make_statements(upk_arena *arena, const char *verb,
                                       size_t step, unsigned count,
                                       bool looks) {
  static const upk_str caught[] = {{"XX001", 5}};
  plan_statement *items =
      UPK_NEW_ARRAY(arena, plan_statement, count + looks + 1);
  size_t n = 0;
  if (looks) {
    items[n].query.sql = text(arena, "look", step, 0);
    items[n].returns = UPK_STR("found");
    items[n].catches = caught;
    items[n++].catch_count = 1;
  }
  for (unsigned i = 0; i < count; i++)
    items[n++].query.sql = text(arena, verb, step, i);
  return (plan_statements){items, n};
}

static void fill_kind(sim_plan *p, upk_arena *arena, sim_random *random,
                      size_t i) {
  plan_step *s = &p->steps[i];
  unsigned kind = sim_below(random, 10);
  s->atomicity = kind < 6   ? PLAN_TRANSACTION
                 : kind < 9 ? PLAN_AUTOCOMMIT
                            : PLAN_EXTERNAL;
  if (s->atomicity == PLAN_TRANSACTION) {
    p->statements[i] = 1 + sim_below(random, STATEMENTS_MAX);
    p->looks[i] = sim_chance(random, 200);
    return;
  }
  s->has_probe = true;
  s->probe_done = make_check(arena, "done", i);
  p->leaves[i] = s->has_partial = sim_chance(random, 500);
  /* Without `partial` a step is one that can be run again from its start. */
  p->statements[i] = s->has_partial && sim_chance(random, 300) ? 2 : 1;
  if (!s->has_partial)
    return;
  s->probe_partial = make_check(arena, "partial", i);
  s->cleanup = make_statements(arena, "clean", i, 1, false);
}

/* The step's only statement becomes rounds. */
static void make_batch(sim_plan *p, upk_arena *arena, sim_random *random,
                       size_t i) {
  static const plan_param limit[] = {{.from = {"batch.limit", 11}}};
  plan_step *s = &p->steps[i];
  plan_batch *batch = UPK_NEW(arena, plan_batch);
  plan_statement *round = UPK_NEW(arena, plan_statement);
  plan_statement *whole = UPK_NEW(arena, plan_statement);
  if (s->atomicity != PLAN_TRANSACTION || !sim_chance(random, 250))
    return;
  p->rows[i] = 1 + sim_below(random, 200);
  p->statements[i] = 1;
  p->looks[i] = false;
  round->query = (plan_query){
      .sql = text(arena, "round", i, 0), .params = limit, .param_count = 1};
  round->returns = UPK_STR("round");
  *batch = (plan_batch){.run = {round, 1},
                        .count = UPK_STR("round.rows"),
                        .start_rows = 10,
                        .max_rows = 100,
                        .target_ms = 20};
  whole->batch = batch;
  s->run = (plan_statements){whole, 1};
  s->has_batch = true;
  s->can_undo = false;
  s->undo = (plan_statements){0};
  s->undo_why = UPK_STR("rows stay where they are");
}

static void fill_step(sim_plan *p, upk_arena *arena, sim_random *random,
                      size_t i) {
  plan_step *s = &p->steps[i];
  fill_kind(p, arena, random, i);
  s->id = upk_arena_printf(arena, "s%zu", i);
  s->action = UPK_STR("act");
  s->kind = UPK_STR("table");
  s->object = s->id;
  s->digest = upk_digest_of(s->id);
  s->policy = sim_below(random, POLICIES_MAX + 1);
  if (s->policy == POLICIES_MAX)
    s->policy = PLAN_NO_POLICY;
  s->on_failure = (plan_on_failure)sim_below(random, 3);
  s->pre = one_check(arena, make_check(arena, "pre", i));
  s->pre.items =
      memcpy(UPK_NEW(arena, plan_check), s->pre.items, sizeof(plan_check));
  ((plan_check *)(uintptr_t)s->pre.items)->otherwise =
      (plan_otherwise)sim_below(random, 4);
  s->post = one_check(arena, make_check(arena, "post", i));
  s->run = make_statements(arena, "run", i, p->statements[i], p->looks[i]);
  s->can_undo = sim_chance(random, 600);
  if (s->can_undo)
    s->undo =
        make_statements(arena, "undo", i, 1 + sim_below(random, 2), false);
  else
    s->undo_why = UPK_STR("there is no way back");
  make_batch(p, arena, random, i);
  s->window =
      sim_chance(random, 300) ? sim_below(random, WINDOWS) : PLAN_NO_WINDOW;
  s->cancel_at_end = sim_chance(random, 500);
  s->p90_ms = sim_below(random, 500);
  s->lock_ms = 1000;
  s->wait_ms = sim_chance(random, 500) ? 1 + sim_below(random, 20000) : 0;
  s->max_ms = sim_chance(random, 200) ? 20000 : 0;
  s->retries = sim_below(random, 4);
  s->p50_ms = 100;
  s->statement = s->id;
}

static void fill_edges(sim_plan *p, upk_arena *arena, sim_random *random) {
  size_t n = p->plan.step_count;
  plan_edge *edges = UPK_NEW_ARRAY(arena, plan_edge, n * n + 2 * n + 2);
  bool barrier = sim_chance(random, 300) && n > 2;
  unsigned density = sim_below(random, 400);
  size_t count = 0;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = i + 1; j < n; j++)
      if ((i == 0 && p->plan.has_ledger) || sim_chance(random, density)) {
        edges[count++] = (plan_edge){i, j};
        p->before[i][j] = true;
      }
  if (barrier) { /* all of the first half before all of the second */
    p->plan.barrier_count = 1;
    for (uint32_t i = 0; i < n; i++)
      edges[count++] =
          i < n / 2 ? (plan_edge){i, (uint32_t)n} : (plan_edge){(uint32_t)n, i};
    for (uint32_t i = 0; i < n / 2; i++)
      for (uint32_t j = (uint32_t)n / 2; j < n; j++)
        p->before[i][j] = true;
  }
  p->plan.edges = edges;
  p->plan.edge_count = count;
}

static void fill_conflicts(sim_plan *p, upk_arena *arena, sim_random *random) {
  static const upk_str names[] = {{"k0", 2}, {"k1", 2}};
  p->plan.conflict_keys = names;
  p->plan.conflict_key_count = 2;
  for (size_t i = 0; i < p->plan.step_count; i++) {
    uint32_t *keys = UPK_NEW_ARRAY(arena, uint32_t, 2);
    size_t count = 0;
    for (uint32_t k = 0; k < 2; k++)
      if (sim_chance(random, 250))
        keys[count++] = k;
    p->steps[i].conflicts = keys;
    p->steps[i].conflict_count = count;
  }
}

/* The ledger's create is a step of its own, first of all. */
static void make_create(sim_plan *p, upk_arena *arena) {
  plan_step *s = &p->steps[0];
  s->atomicity = PLAN_TRANSACTION;
  s->has_probe = s->has_partial = false;
  s->cleanup = (plan_statements){0};
  p->leaves[0] = false;
  p->looks[0] = false;
  p->statements[0] = 1;
  p->rows[0] = 0;
  s->has_batch = false;
  s->policy = PLAN_NO_POLICY;
  s->on_failure = PLAN_STOP;
  s->run = make_statements(arena, "create", 0, 1, false);
  s->can_undo = false;
  s->undo_why = UPK_STR("the record stays");
}

static void fill_ledger(sim_plan *p) {
  static const plan_param insert[] = {{.from = {"step.run", 8}},
                                      {.from = {"step.id", 7}},
                                      {.from = {"step.attempt", 12}},
                                      {.from = {"step.outcome", 12}}};
  static const plan_param run[] = {{.from = {"step.run", 8}}};
  static const plan_param of_plan[] = {{.from = {"step.plan", 9}},
                                       {.from = {"step.run", 8}}};
  plan *q = &p->plan;
  q->ledger_present = (plan_query){.sql = UPK_STR("present")};
  q->ledger_runs =
      (plan_query){.sql = UPK_STR("runs"), .params = of_plan, .param_count = 2};
  q->ledger_applied =
      (plan_query){.sql = UPK_STR("applied"), .params = run, .param_count = 1};
  q->lease_take =
      (plan_query){.sql = UPK_STR("take"), .params = run, .param_count = 1};
  q->ledger_insert = (plan_query){
      .sql = UPK_STR("insert"), .params = insert, .param_count = 4};
}

sim_plan *sim_plan_new(upk_arena *arena, sim_random *random) {
  static const upk_str session[] = {{"set", 3}};
  static const plan_window windows[WINDOWS] = {{.name = {"w0", 2}},
                                               {.name = {"w1", 2}}};
  static const upk_str policies[] = {{"p0", 2}, {"p1", 2}, {"p2", 2}};
  static const char identity[] = "{\"database\":\"shop\",\"timeline\":\"1\"}\n";
  upk_json_error error;
  sim_plan *p = UPK_NEW(arena, sim_plan);
  plan *q = &p->plan;
  q->digest = UPK_STR("sha256:plan");
  q->intent = UPK_STR("sha256:intent");
  q->file = upk_digest_of(q->digest);
  q->target = UPK_STR("shop");
  q->engine = UPK_STR("fake");
  q->role = UPK_STR("primary");
  q->version = UPK_STR("1");
  q->identity =
      upk_json_parse(arena, (upk_str){identity, sizeof identity - 1}, &error);
  q->identity_sql = UPK_STR("identity");
  q->session = session;
  q->session_count = 1;
  q->policies = policies;
  q->policy_count = POLICIES_MAX;
  q->windows = windows;
  q->window_count = WINDOWS;
  q->steps = p->steps;
  q->step_count = 1 + sim_below(random, STEPS_MAX);
  q->has_ledger = !sim_chance(random, 150);
  for (size_t i = 0; i < q->step_count; i++)
    fill_step(p, arena, random, i);
  if (q->has_ledger && sim_chance(random, 300))
    make_create(p, arena);
  fill_ledger(p);
  fill_edges(p, arena, random);
  fill_conflicts(p, arena, random);
  return p;
}
