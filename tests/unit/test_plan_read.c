/* The plan reader: it takes what the compiler writes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <upkeep/runtime.h>

#include "plan/read.h"
#include "run_plan.h"

typedef struct fixture {
  upk_arena *arena;
  upk_diags diags;
} fixture;

static int setup(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->arena = upk_arena_new(NULL);
  upk_diags_init(&f->diags, f->arena);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  fixture *f = *state;
  upk_arena_free(f->arena);
  free(f);
  return 0;
}

static const char *const probe =
    "{\"cleanup\":[{\"sql\":\"clean\"}],\"done\":{\"expect\":\"x = 1\","
    "\"name\":\"done\",\"sql\":\"done\"},\"partial\":{\"name\":\"part\","
    "\"rows\":\"none\",\"sql\":\"partial\"}}";

static upk_str sample(fixture *f) {
  const run_step steps[] = {
      {.id = "a:t", .policy = "p", .conflicts = "[\"t\",\"u\",\"t\"]"},
      {.id = "b:t",
       .policy = "q",
       .atomicity = "autocommit",
       .probe = probe,
       .retries = 2,
       .pre = "[{\"columns\":[{\"name\":\"x\",\"type\":\"ratio\"}],\"expect\":"
              "\"x = 1\",\"name\":\"n\",\"otherwise\":\"retry\",\"params\":"
              "[1,\"a\\\"b\",null,true,{\"from\":\"step.run\"}],\"queries\":"
              "[\"q1\",\"q2\"],\"within_ms\":5}]"},
  };
  return run_plan_text(f->arena, steps, 2,
                       "[{\"from\":\"a:t\",\"to\":\"policy:p\",\"why\":\"w\"},"
                       "{\"from\":\"policy:p\",\"to\":\"b:t\",\"why\":\"w\"}]",
                       RUN_LEDGER);
}

static upk_status read_it(fixture *f, upk_str text, const plan **ret_plan) {
  return plan_read(f->arena, text, UPK_STR("plan.json"), &f->diags, ret_plan);
}

static void reads_all(void **state) {
  fixture *f = *state;
  const plan *p = NULL;
  assert_int_equal(read_it(f, sample(f), &p), UPK_OK);
  assert_int_equal(f->diags.items.len, 0);
  assert_int_equal(p->step_count, 2);
  assert_int_equal(p->barrier_count, 1);
  assert_int_equal(p->edge_count, 2);
  assert_int_equal(p->edges[0].to, 2);
  assert_true(p->has_ledger);
  assert_true(upk_str_is(p->ledger_insert.sql, "insert"));
  assert_true(upk_str_is(p->session[0], "set"));
  assert_true(upk_str_is(p->steps[0].object, "t"));
  assert_int_equal(p->steps[0].conflict_count, 2);
  assert_false(p->steps[0].can_undo);
  const plan_step *b = &p->steps[1];
  assert_int_equal(b->atomicity, PLAN_AUTOCOMMIT);
  assert_true(b->has_probe && b->has_partial);
  assert_int_equal(b->probe_partial.rows, PLAN_NO_ROW);
  assert_int_equal(b->cleanup.count, 1);
  assert_int_equal(b->pre.items[0].query_count, 2);
  assert_true(upk_str_is(b->pre.items[0].queries[1].sql, "second"));
  assert_int_equal(b->pre.items[0].queries[1].param_count, 5);
  assert_true(
      upk_str_is(b->pre.items[0].queries[0].params[1].literal.text, "a\"b"));
  assert_int_equal(b->pre.items[0].otherwise, PLAN_RETRY);
  assert_int_equal(b->pre.items[0].columns[0].type, UPK_TYPE_RATIO);
}

static void every_cut_is_refused(void **state) {
  fixture *f = *state;
  upk_str text = sample(f);
  const plan *p = NULL;
  for (size_t len = 0; len < text.len; len++) {
    upk_str cut = upk_arena_copy(f->arena, (upk_str){text.data, len});
    upk_diags_init(&f->diags, f->arena);
    assert_int_equal(read_it(f, cut, &p), UPK_STALE);
    assert_int_equal(f->diags.failures, 1);
    assert_int_not_equal(f->diags.items.items[0].labels.items[0].span.line, 0);
  }
}

/* Provenance is outside the digests: only its form is checked there. */
static void every_flip_is_refused(void **state) {
  fixture *f = *state;
  upk_str text = sample(f);
  const plan *p = NULL;
  for (size_t i = 0; i < text.len; i++)
    for (unsigned bit = 0; bit < 8; bit += 3) {
      upk_str flipped = upk_arena_copy(f->arena, text);
      char *byte = (char *)(uintptr_t)flipped.data + i;
      *byte = (char)(*byte ^ (1 << bit));
      upk_diags_init(&f->diags, f->arena);
      assert_int_equal(read_it(f, flipped, &p), UPK_STALE);
      assert_true(f->diags.failures > 0);
    }
}

typedef struct wrong {
  int code;
  run_step step;
} wrong;

static void wrong_steps_are_refused(void **state) {
  static const wrong wrongs[] = {
      {3028, {.id = "", .run = "[{\"sql\":\"x\"}]"}},
      {3028, {.id = "a", .run = "[]"}},
      {3028, {.id = "a", .atomicity = "autocommit"}},
      {3024, {.id = "a", .atomicity = "sometimes"}},
      {3024, {.id = "a", .run = "[{\"params\":[[1]],\"sql\":\"x\"}]"}},
      {3024,
       {.id = "a",
        .run = "[{\"params\":[{\"from\":\"x\"}],\"sql\":"
               "\"x\"}]"}},
      {3024, {.id = "a", .retries = -1}},
      {3025, {.id = "a", .run = "[{\"sql\":\"x\",\"sudo\":true}]"}},
      {3026,
       {.id = "a",
        .pre = "[{\"expect\":\"x = 1\",\"name\":\"n\","
               "\"queries\":[\"q3\"]}]"}},
      {3028, {.id = "a", .pre = "[{\"expect\":\"x = 1\",\"name\":\"n\"}]"}},
      {3024, {.id = "a", .pre = "[{\"name\":\"n\",\"sql\":\"x\"}]"}},
      {3024,
       {.id = "a",
        .pre = "[{\"expect\":\"x = 1\",\"name\":\"n\","
               "\"rows\":\"few\",\"sql\":\"x\"}]"}},
      {3028,
       {.id = "a",
        .pre = "[{\"expect\":\"x = 1\",\"name\":\"n\","
               "\"queries\":[\"q1\",\"q2\"],\"rows\":"
               "\"every\"}]"}},
      {3028,
       {.id = "a",
        .run = "[{\"sql\":\"x\"},{\"sql\":\"y\","
               "\"transaction\":false}]"}},
  };
  fixture *f = *state;
  for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
    const plan *p = NULL;
    upk_str text = run_plan_text(f->arena, &wrongs[i].step, 1, "[]", "");
    upk_diags_init(&f->diags, f->arena);
    assert_int_equal(read_it(f, text, &p), UPK_STALE);
    assert_int_equal(f->diags.items.items[0].code, wrongs[i].code);
  }
}

static void bad_expression_is_refused(void **state) {
  fixture *f = *state;
  const plan *p = NULL;
  const run_step step = {.id = "a",
                         .pre = "[{\"expect\":\"x = = 1\",\"name\":"
                                "\"n\",\"sql\":\"x\"}]"};
  assert_int_equal(read_it(f, run_plan_text(f->arena, &step, 1, "[]", ""), &p),
                   UPK_STALE);
  assert_true(f->diags.failures > 0);
}

static void wrong_graphs_are_refused(void **state) {
  static const struct {
    int code;
    const char *edges;
  } wrongs[] = {
      {3026, "[{\"from\":\"a\",\"to\":\"c\"}]"},
      {3028, "[{\"from\":\"a\",\"to\":\"b\"},{\"from\":\"b\",\"to\":\"a\"}]"},
      {3028, "[{\"from\":\"a\",\"to\":\"policy:x\"},{\"from\":\"policy:x\","
             "\"to\":\"a\"}]"},
      {3024, "[{\"from\":\"a\"}]"},
  };
  const run_step steps[] = {{.id = "a"}, {.id = "b"}};
  fixture *f = *state;
  for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
    const plan *p = NULL;
    upk_diags_init(&f->diags, f->arena);
    upk_str text = run_plan_text(f->arena, steps, 2, wrongs[i].edges, "");
    assert_int_equal(read_it(f, text, &p), UPK_STALE);
    assert_int_equal(f->diags.items.items[0].code, wrongs[i].code);
  }
}

static void twins_are_refused(void **state) {
  fixture *f = *state;
  const plan *p = NULL;
  const run_step steps[] = {{.id = "a"}, {.id = "a"}};
  assert_int_equal(read_it(f, run_plan_text(f->arena, steps, 2, "[]", ""), &p),
                   UPK_STALE);
  assert_int_equal(f->diags.items.items[0].code, 3028);
}

static void verify_is_the_reader(void **state) {
  fixture *f = *state;
  upk_str text = sample(f);
  assert_int_equal(upk_plan_verify(text, UPK_STR("p"), &f->diags), UPK_OK);
  text.len--;
  assert_int_equal(upk_plan_verify(text, UPK_STR("p"), &f->diags), UPK_STALE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
      T(reads_all),
      T(every_cut_is_refused),
      T(every_flip_is_refused),
      T(wrong_steps_are_refused),
      T(bad_expression_is_refused),
      T(wrong_graphs_are_refused),
      T(twins_are_refused),
      T(verify_is_the_reader),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
