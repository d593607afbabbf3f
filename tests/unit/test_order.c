#include "order/graph.h"
#include "plan_fixture.h"

static uint32_t *identity(upk_arena *arena, size_t count) {
  uint32_t *rank = UPK_NEW_ARRAY(arena, uint32_t, count);
  for (uint32_t i = 0; i < count; i++)
    rank[i] = i;
  return rank;
}

static void least_rank_comes_first(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  graph g;
  uint32_t order[5];
  const graph_edge edges[] = {{4, 0}, {2, 1}, {2, 3}};
  graph_init(&g, arena, 5, edges, 3);
  assert_int_equal(graph_sort(&g, identity(arena, 5), order), 5);
  const uint32_t wanted[] = {2, 1, 3, 4, 0};
  assert_memory_equal(order, wanted, sizeof wanted);
  upk_arena_free(arena);
}

static void a_long_chain_needs_no_stack(void **state) {
  (void)state;
  enum { COUNT = 200000 };
  upk_arena *arena = upk_arena_new(NULL);
  graph g;
  graph_edge *edges = UPK_NEW_ARRAY(arena, graph_edge, COUNT);
  uint32_t *order = UPK_NEW_ARRAY(arena, uint32_t, COUNT);
  for (uint32_t i = 0; i + 1 < COUNT; i++)
    edges[i] = (graph_edge){i + 1, i};
  graph_init(&g, arena, COUNT, edges, COUNT - 1);
  assert_int_equal(graph_sort(&g, identity(arena, COUNT), order), COUNT);
  assert_int_equal(order[0], COUNT - 1);
  assert_int_equal(order[COUNT - 1], 0);
  upk_arena_free(arena);
}

static void the_shortest_cycle_is_found(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  graph g;
  uint32_t order[8], cycle[8];
  /* 0 leads in, 1-2-3-4 is long, 5-6 short and hangs on it, 7 leads out. */
  const graph_edge edges[] = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 1},
                              {4, 5}, {5, 6}, {6, 5}, {6, 7}};
  graph_init(&g, arena, 8, edges, 9);
  uint32_t *rank = identity(arena, 8);
  size_t placed = graph_sort(&g, rank, order);
  assert_int_equal(placed, 1);
  assert_int_equal(graph_shortest_cycle(&g, rank, order, placed, cycle), 2);
  assert_int_equal(cycle[0], 6);
  assert_int_equal(cycle[1], 7);
  upk_arena_free(arena);
}

/* Kahn against the definition, on random graphs. */
static void random_graphs_are_ordered(void **state) {
  (void)state;
  uint64_t seed = 42;
  for (int round = 0; round < 200; round++) {
    upk_arena *arena = upk_arena_new(NULL);
    graph g;
    graph_edge edges[60];
    uint32_t order[20], place[20] = {0}, cycle[20];
    size_t count = 0;
    for (int i = 0; i < 60; i++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      uint32_t a = (uint32_t)(seed >> 33) % 20, b = (uint32_t)(seed >> 45) % 20;
      bool may_turn = round % 4 == 0;
      if (a != b)
        edges[count++] =
            may_turn || a < b ? (graph_edge){a, b} : (graph_edge){b, a};
    }
    graph_init(&g, arena, 20, edges, count);
    uint32_t *rank = identity(arena, 20);
    size_t placed = graph_sort(&g, rank, order);
    for (uint32_t i = 0; i < placed; i++)
      place[order[i]] = i;
    size_t length = graph_shortest_cycle(&g, rank, order, placed, cycle);
    assert_int_equal(length == 0, placed == 20);
    for (size_t i = 0; placed == 20 && i < count; i++)
      assert_true(place[edges[i].from] < place[edges[i].to]);
    for (size_t i = 0; i < length; i++)
      assert_int_equal(edges[cycle[i]].to, edges[cycle[(i + 1) % length]].from);
    upk_arena_free(arena);
  }
}

/* ---- the pass ---- */

static void policies_are_ordered_through_barriers(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "early", 1);
  add_policy(f, "late", 99);
  goes_after(f, 1, 0);
  ir_action *check = add_action(f, "check", &f->table);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 1, mend, 0, "a");
  add_step(f, 1, mend, 2, "b");
  add_step(f, 0, check, 0, "a");
  add_step(f, 0, check, 2, "b");
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "check:a check:b mend:a mend:b");
  assert_int_equal(f->ir.edges.len, 4);
  assert_text(f->ir.edges.items[0].why, "of early");
  assert_int_equal(f->ir.edges.items[0].to, IR_BARRIER | 0);
  assert_text(f->ir.edges.items[3].why, "after early");
  fixture_free(f);
}

static void an_empty_policy_hands_the_order_on(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p1", 1);
  add_policy(f, "p2", 50);
  add_policy(f, "p3", 99);
  goes_after(f, 1, 0);
  goes_after(f, 2, 1);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 2, mend, 0, "a");
  add_step(f, 0, mend, 2, "b");
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "mend:b mend:a");
  fixture_free(f);
}

static void urgent_and_cheap_steps_come_first(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "calm", 10);
  add_policy(f, "urgent", 90);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 0, mend, 0, "a");
  add_step(f, 1, mend, 2, "b")->estimate.p50_ms = 3000;
  add_step(f, 1, mend, 1, "a_2026");
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "mend:a_2026 mend:b mend:a");
  fixture_free(f);
}

static void actions_order_each_other(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p", 50);
  ir_action *analyse = add_action(f, "analyse", &f->table);
  ir_action *rebuild = add_action(f, "rebuild", &f->index);
  says(f, rebuild, "before", "analyse:parent");
  add_step(f, 0, analyse, 0, "a");
  add_step(f, 0, analyse, 2, "b");
  add_step(f, 0, rebuild, 0, "a_key");
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "analyse:b rebuild:a_key analyse:a");
  assert_text(f->ir.edges.items[0].why, "rebuild comes before analyse");
  fixture_free(f);
}

static void parts_come_before_the_whole(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p", 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 0, mend, 0, "a");
  add_step(f, 0, mend, 1, "a_2026");
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "mend:a_2026 mend:a");
  assert_text(f->ir.edges.items[0].why, "part of a");
  fixture_free(f);
}

static void own_steps_come_first_of_all(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p", 100);
  f->ir.policies.items[0].severity = UPK_FAILURE;
  ir_action *mend = add_action(f, "mend", &f->table);
  ir_action *create = add_action(f, "create", &f->database);
  add_step(f, 0, mend, 0, "a");
  add_step(f, 0, mend, 1, "a_2026");
  add_step(f, -1, create, 0, "shop")->estimate.p50_ms = 1000000;
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "create:shop mend:a_2026 mend:a");
  assert_int_equal(f->ir.edges.len, 2);
  fixture_free(f);
}

static void a_circle_is_said_and_denied(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p1", 50);
  add_policy(f, "p2", 50);
  goes_after(f, 1, 0);
  ir_action *mend = add_action(f, "mend", &f->table);
  ir_action *check = add_action(f, "check", &f->table);
  says(f, check, "before", "mend");
  add_step(f, 0, mend, 0, "a");
  add_step(f, 1, check, 0, "a");
  assert_int_equal(pass_order(&f->ir), UPK_DENIED);
  assert_int_equal(f->diags.items.len, 1);
  const upk_diag *diag = &f->diags.items.items[0];
  assert_int_equal(diag->code, 1550);
  assert_text(diag->message, "steps wait for each other in a circle of 2");
  assert_int_equal(diag->notes.len, 2);
  assert_text(diag->notes.items[0],
              "`check:a` before `mend:a`: check comes before mend");
  fixture_free(f);
}

/* A step that serves two policies, one of them after the other. */
static void a_merged_step_makes_no_circle(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p1", 50);
  add_policy(f, "p2", 90);
  goes_after(f, 1, 0);
  ir_action *mend = add_action(f, "mend", &f->table);
  ir_step *both = add_step(f, 1, mend, 0, "a");
  *UPK_PUSH(f->ir.arena, &both->also) = 0;
  add_step(f, 0, mend, 2, "b");
  add_step(f, 1, mend, 1, "a_2026")->object.row = 2;
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "mend:a mend:b mend:a_2026");
  fixture_free(f);
}

static void dropped_steps_are_not_in_the_plan(void **state) {
  (void)state;
  fixture *f = fixture_new();
  add_policy(f, "p", 50);
  ir_action *mend = add_action(f, "mend", &f->table);
  add_step(f, 0, mend, 0, "a")->dropped = true;
  add_step(f, 0, mend, 2, "b");
  assert_int_equal(pass_order(&f->ir), UPK_OK);
  assert_string_equal(plan_text(f), "mend:b");
  fixture_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(least_rank_comes_first),
      cmocka_unit_test(a_long_chain_needs_no_stack),
      cmocka_unit_test(the_shortest_cycle_is_found),
      cmocka_unit_test(random_graphs_are_ordered),
      cmocka_unit_test(policies_are_ordered_through_barriers),
      cmocka_unit_test(an_empty_policy_hands_the_order_on),
      cmocka_unit_test(urgent_and_cheap_steps_come_first),
      cmocka_unit_test(actions_order_each_other),
      cmocka_unit_test(parts_come_before_the_whole),
      cmocka_unit_test(own_steps_come_first_of_all),
      cmocka_unit_test(a_circle_is_said_and_denied),
      cmocka_unit_test(a_merged_step_makes_no_circle),
      cmocka_unit_test(dropped_steps_are_not_in_the_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
