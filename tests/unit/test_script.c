/* Scripts from C: values, calls, tables of arguments, limits, lack of memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"
#include "script/script.h"

typedef struct fixture {
  upk_arena *arena;
  upk_diags diags;
  script_host host;
  script *script;
} fixture;

static void begin(fixture *f, const script_limits *limits) {
  memset(f, 0, sizeof *f);
  f->arena = upk_arena_new(NULL);
  upk_diags_init(&f->diags, f->arena);
  f->script = script_new(f->arena, &f->diags, &f->host, limits);
}

static void end(fixture *f) {
  script_free(f->script);
  upk_arena_free(f->arena);
}

static node *run(fixture *f, const char *text) {
  return script_run(f->script, UPK_STR("a.lua"), upk_str_from(text));
}

static int last_code(const fixture *f) {
  return f->diags.items.len ? f->diags.items.items[f->diags.items.len - 1].code
                            : 0;
}

static void values_become_nodes(void **state) {
  fixture f;
  (void)state;
  begin(&f, NULL);
  node *n = run(&f, "return { b = 'x', a = 5, list = { 1, u.null, true },\n"
                    "  empty = {}, mixed = { 'p', q = 1 }, no = false }");
  assert_non_null(n);
  assert_int_equal(n->type, NODE_MAP);
  assert_int_equal(n->map.count, 6);
  assert_text(n->map.members[0].key, "a"); /* in order of bytes */
  assert_text(n->map.members[5].key, "no");
  assert_int_equal(node_find(n, "a")->integer, 5);
  assert_text(node_find(n, "b")->text, "x");
  const node *list = node_find(n, "list");
  assert_int_equal(list->type, NODE_LIST);
  assert_int_equal(list->list.count, 3);
  assert_int_equal(list->list.items[1]->type, NODE_NULL);
  assert_true(list->list.items[2]->boolean);
  assert_int_equal(node_find(n, "empty")->type, NODE_LIST);
  assert_int_equal(node_find(n, "empty")->list.count, 0);
  assert_text(node_find(node_find(n, "mixed"), "1")->text, "p");
  assert_int_equal(run(&f, "local x = 1")->type, NODE_NULL);
  end(&f);
}

static void functions_are_called_with_nodes(void **state) {
  fixture f;
  (void)state;
  begin(&f, NULL);
  node *n = run(&f, "return { add = function(a, b)\n"
                    "  return { sum = a.n + b, f = function() end } end }");
  const node *add = node_find(n, "add");
  assert_int_equal(add->type, NODE_FUNCTION);
  assert_int_equal(add->span.line, 1);
  node *a = run(&f, "return { n = 40 }"), *b = run(&f, "return 2");
  const node *arguments[] = {a, b};
  node *sum = script_call(f.script, add, arguments, 2, f.arena);
  assert_non_null(sum);
  assert_int_equal(node_find(sum, "sum")->integer, 42);
  assert_null(node_find(sum, "f")); /* functions are left out of results */
  assert_int_equal(f.diags.items.len, 0);
  const node *wrong[] = {b, b};
  assert_null(script_call(f.script, add, wrong, 2, f.arena));
  assert_int_equal(last_code(&f), 1301);
  end(&f);
}

static void tables_are_new_at_each_call(void **state) {
  fixture f;
  (void)state;
  begin(&f, NULL);
  node *n = run(&f, "return function(o, p)\n"
                    "  local seen = o.mark\n"
                    "  o.mark, o.size = 1, 99\n"
                    "  return { seen = seen, size = p.size, name = o.name,\n"
                    "           gone = o.gone == nil, yes = o.yes,\n"
                    "           first = o.list[1] }\n"
                    "end");
  script_table *o = script_table_new(f.script), *p = script_table_new(f.script);
  script_table *const tables[] = {o, p};
  node *list = run(&f, "return { 7 }");
  for (int64_t i = 0; i < 3; i++) {
    script_table_set_text(o, "name", UPK_STR("t"));
    script_table_set_null(o, "gone");
    script_table_set_bool(o, "yes", true);
    script_table_set_node(o, "list", list);
    script_table_set_int(p, "size", i);
    node *r = script_call_tables(f.script, n, tables, 2, f.arena, NULL);
    assert_non_null(r);
    assert_null(node_find(r, "seen"));
    assert_int_equal(node_find(r, "size")->integer, i);
    assert_text(node_find(r, "name")->text, "t");
    assert_true(node_find(r, "gone")->boolean);
    assert_true(node_find(r, "yes")->boolean);
    assert_int_equal(node_find(r, "first")->integer, 7);
  }
  script_table_set_text(o, "name", UPK_NO_STR); /* absent is nil */
  assert_null(node_find(
      script_call_tables(f.script, n, tables, 2, f.arena, NULL), "name"));
  end(&f);
}

static void refusals_are_no_faults(void **state) {
  fixture f;
  upk_str why = UPK_NO_STR;
  (void)state;
  begin(&f, NULL);
  node *n = run(&f, "return function(o) u.refuse('no ' .. o.name) end");
  script_table *o = script_table_new(f.script);
  script_table *const tables[] = {o};
  script_table_set_text(o, "name", UPK_STR("t"));
  assert_null(script_call_tables(f.script, n, tables, 1, f.arena, &why));
  assert_text(why, "no t");
  assert_int_equal(f.diags.items.len, 0);
  /* Where nobody asks for the reason, it is an error; so is no reason. */
  assert_null(script_call_tables(f.script, n, tables, 1, f.arena, NULL));
  assert_int_equal(last_code(&f), 1301);
  why = UPK_NO_STR;
  n = run(&f, "return function(o) u.refuse('') end");
  assert_null(script_call_tables(f.script, n, tables, 1, f.arena, &why));
  assert_null(why.data);
  assert_int_equal(f.diags.items.len, 2);
  assert_null(run(&f, "u.refuse('x')"));
  assert_int_equal(f.diags.items.len, 3);
  end(&f);
}

static void predicates_have_three_values(void **state) {
  fixture f;
  bool failed = false;
  (void)state;
  begin(&f, NULL);
  node *n = run(&f, "return function(o)\n"
                    "  if o.size then return o.size > 5 end\nend");
  script_table *o = script_table_new(f.script);
  script_table_set_int(o, "size", 6);
  assert_int_equal(script_predicate(f.script, n, o, &failed), UPK_TRUE);
  script_table_set_int(o, "size", 5);
  assert_int_equal(script_predicate(f.script, n, o, &failed), UPK_FALSE);
  script_table_set_null(o, "size");
  assert_int_equal(script_predicate(f.script, n, o, &failed), UPK_UNKNOWN);
  assert_false(failed);
  script_table_set_text(o, "size", UPK_STR("x"));
  script_predicate(f.script, n, o, &failed);
  assert_true(failed);
  end(&f);
}

static void the_budget_spans_all_calls_and_sticks(void **state) {
  const script_limits limits = {.instructions = 100000};
  fixture f;
  bool failed = false;
  int calls = 0;
  (void)state;
  begin(&f, &limits);
  node *n = run(&f, "return function(o)\n"
                    "  for i = 1, 1000 do end\n  return true\nend");
  script_table *o = script_table_new(f.script);
  while (!failed && calls < 1000) {
    script_predicate(f.script, n, o, &failed);
    calls++;
  }
  assert_true(failed && calls > 10 && calls < 200);
  assert_int_equal(f.diags.items.len, 1);
  assert_int_equal(last_code(&f), 1302);
  assert_null(run(&f, "return 1")); /* and says nothing more */
  assert_int_equal(f.diags.items.len, 1);
  end(&f);
}

static void the_same_input_fails_at_the_same_count(void **state) {
  int64_t reached[2];
  (void)state;
  for (int i = 0; i < 2; i++) {
    const script_limits limits = {.instructions = 1000000};
    fixture f;
    bool failed = false;
    begin(&f, &limits);
    node *n = run(&f, "return function(o)\n"
                      "  local t = {}\n"
                      "  for i = 1, 100 do t['k' .. i] = { i } end\n"
                      "  return true\nend");
    script_table *o = script_table_new(f.script);
    for (reached[i] = 0; !failed; reached[i]++)
      script_predicate(f.script, n, o, &failed);
    end(&f);
  }
  assert_int_equal(reached[0], reached[1]);
}

static void one_call_may_have_a_budget_of_its_own(void **state) {
  const script_limits limits = {.instructions = INT64_MAX / 4,
                                .call_instructions = 50000};
  fixture f;
  bool failed = false;
  (void)state;
  begin(&f, &limits);
  node *n = run(&f, "return function(o)\n"
                    "  for i = 1, o.n do end\n  return true\nend");
  script_table *o = script_table_new(f.script);
  script_table_set_int(o, "n", 1000);
  for (int i = 0; i < 200; i++)
    script_predicate(f.script, n, o, &failed);
  assert_false(failed);
  script_table_set_int(o, "n", 1000000);
  script_predicate(f.script, n, o, &failed);
  assert_true(failed);
  assert_int_equal(last_code(&f), 1302);
  end(&f);
}

/* An object of many attributes costs the script no more than one of few. */
static void arguments_cost_no_budget(void **state) {
  const script_limits limits = {.instructions = 100000};
  static char keys[40][8];
  fixture f;
  bool failed = false;
  (void)state;
  begin(&f, &limits);
  node *n = run(&f, "return function(o) return o.k7 == 7 end");
  script_table *o = script_table_new(f.script);
  for (int i = 0; i < 40; i++) {
    snprintf(keys[i], sizeof keys[i], "k%d", i);
    script_table_set_int(o, keys[i], i);
  }
  for (int i = 0; i < 5000; i++)
    assert_int_equal(script_predicate(f.script, n, o, &failed), UPK_TRUE);
  assert_false(failed);
  end(&f);
}

/* ---- lack of memory ---- */

typedef struct scarce {
  size_t left; /* allocations that still work */
} scarce;

static void *scarce_resize(void *ctx, void *ptr, size_t size) {
  scarce *s = ctx;
  if (!size) {
    free(ptr);
    return NULL;
  }
  if (!s->left)
    return NULL;
  s->left--;
  return realloc(ptr, size);
}

static void every_lack_of_memory_is_a_diagnostic(void **state) {
  size_t failures = 0;
  bool good = false;
  (void)state;
  for (size_t n = 0; !good; n += 1 + n / 50) {
    scarce s = {n};
    const upk_allocator allocator = {scarce_resize, NULL, &s};
    const script_limits limits = {.allocator = &allocator};
    fixture f;
    begin(&f, &limits);
    node *r = run(&f, "local t = {}\n"
                      "for i = 1, 50 do t[i] = string.rep('x', i) end\n"
                      "table.sort(t)\n"
                      "return { f = function() end, t = t }");
    good = r != NULL;
    failures += !good;
    assert_true(good == !f.diags.items.len);
    if (!good)
      assert_int_equal(last_code(&f), 1303);
    end(&f);
    assert_true(n < 100000);
  }
  assert_true(failures > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_become_nodes),
      cmocka_unit_test(functions_are_called_with_nodes),
      cmocka_unit_test(tables_are_new_at_each_call),
      cmocka_unit_test(refusals_are_no_faults),
      cmocka_unit_test(predicates_have_three_values),
      cmocka_unit_test(the_budget_spans_all_calls_and_sticks),
      cmocka_unit_test(the_same_input_fails_at_the_same_count),
      cmocka_unit_test(one_call_may_have_a_budget_of_its_own),
      cmocka_unit_test(arguments_cost_no_budget),
      cmocka_unit_test(every_lack_of_memory_is_a_diagnostic),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
