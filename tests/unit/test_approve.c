/* Approvals without keys: the form of allowed signers, conditions of rules,
 * statements and what they cover. */
#include "approval.h"
#include "approve/signers.h"
#include "approve/statement.h"
#include "cm.h"

#define KEY                                                                    \
  "ssh-ed25519 "                                                               \
  "AAAAC3NzaC1lZDI1NTE5AAAAIC51OmbCSlhRRZl/ZNDUYnbLg/oAAAAAAAAAAAAAAAAA"

static void a_line_of_signers_has_a_form(void **state) {
  static const struct {
    const char *line;
    bool key;
    const char *wrong; /* part of it; NULL: fine */
  } rows[] = {
      {"", false, NULL},
      {"  # nobody", false, NULL},
      {"ann@x " KEY, true, NULL},
      {"ann@x " KEY " a comment\r", true, NULL},
      {"\"ann@x\" namespaces=\"a,b c\",VALID-AFTER=\"20200101Z\" " KEY, true,
       NULL},
      {"*@x cert-authority " KEY, true, NULL},
      {KEY, false, "principals are missing"},
      {"ann@x", false, "key is missing"},
      {"ann@x ssh-ed25519", false, "key is missing"},
      {"ann@x ssh-ed25519 AAAA", false, "damaged"},
      {"ann@x ssh-rsa AAAAC3NzaC1lZDI1NTE5", false, "damaged"},
      {"ann@x ssh-ed25519 AA=A", false, "damaged"},
      {"ann@x cert-authority=1 " KEY, false, "takes no value"},
      {"ann@x namespaces=x " KEY, false, "quoted list"},
      {"ann@x valid-before=\"tomorrow\" " KEY, false, "date"},
      {"ann@x valid-before=\"20201301\" " KEY, false, "date"},
      {"ann@x surprise " KEY, false, "not known"},
      {"ann@x namespaces=\"x " KEY, false, "quote"},
      {"ann@x cert-authority pgp AAAA", false, "not known"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool key = false;
    const char *wrong = signers_line(upk_str_from(rows[i].line), &key);
    if (!rows[i].wrong != !wrong || (wrong && !strstr(wrong, rows[i].wrong)) ||
        key != rows[i].key)
      fail_msg("%s: %s", rows[i].line, wrong ? wrong : "fine");
  }
}

static upk_str label(void *ctx, upk_str key) {
  (void)ctx;
  return upk_str_is(key, "env") ? UPK_STR("prod") : UPK_NO_STR;
}

static void conditions_are_true_false_or_not_known(void **state) {
  static const struct {
    const char *when;
    upk_truth fits;
  } rows[] = {
      {"risk = 'high'", UPK_TRUE},
      {"risk = 'low'", UPK_FALSE},
      {"labels.env = 'prod' and blocking > 1s", UPK_TRUE},
      {"blocking <= 2s and bytes >= 1GiB", UPK_FALSE},
      {"labels.tier = 'gold'", UPK_UNKNOWN},
      {"policy is null and irreversible", UPK_TRUE},
      {"window = 'nightly'", UPK_UNKNOWN},
      {"steps > 2 or program", UPK_TRUE},
  };
  upk_arena *arena = upk_arena_new(NULL);
  upk_approval_values values = {0};
  (void)state;
  values.texts[UPK_APPROVAL_risk] = UPK_STR("high");
  values.integers[UPK_APPROVAL_blocking] = 2000000;
  values.integers[UPK_APPROVAL_irreversible] = 1;
  values.integers[UPK_APPROVAL_steps] = 3;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    upk_diags diags;
    upk_approval_when when;
    upk_diags_init(&diags, arena);
    assert_true(upk_approval_compile(arena, upk_str_from(rows[i].when),
                                     UPK_NO_SPAN, &diags, &when));
    assert_int_equal(upk_approval_fits(arena, &when, &values, label, NULL),
                     rows[i].fits);
  }
  upk_arena_free(arena);
}

static void conditions_are_typed(void **state) {
  static const char *const wrong[] = {
      "risc = 'high'", "blocking > 10MiB",   "bytes", "risk(a) = 'x'",
      "size > 1GiB",   "table.risk = 'low'", "risk ="};
  upk_arena *arena = upk_arena_new(NULL);
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    upk_diags diags;
    upk_approval_when when;
    upk_diags_init(&diags, arena);
    assert_false(upk_approval_compile(arena, upk_str_from(wrong[i]),
                                      UPK_NO_SPAN, &diags, &when));
    assert_true(diags.failures > 0);
  }
  upk_arena_free(arena);
}

/* ---- statements ---- */

#define STEP(id, run, risk, cleanup)                                           \
  "{\"atomicity\":\"transaction\",\"id\":\"" id                                \
  "\",\"intent\":\"i-" id run risk                                             \
  "\",\"parameters\":{},\"post\":[],\"pre\":[],\"probe\":{\"cleanup\":["       \
  "{\"sql\":\"" cleanup "\"}]},\"risk\":\"" risk "\",\"run\":[{\"sql\":\"" run \
  "\"}],\"undo\":{\"class\":\"none\"}}"
#define PLAN(session, steps, uuid, name)                                       \
  "{\"body\":{\"engine\":{\"session\":[\"" session                             \
  "\"]},\"queries\":{},\"steps\":[" steps                                      \
  "],\"target\":{\"engine\":\"sqlite\",\"identity\":{\"uuid\":" uuid           \
  "},\"name\":\"" name "\"}},\"digest\":\"d\",\"intent\":\"i\"}\n"
#define A STEP("a", "one", "low", "tidy")
#define B STEP("b", "two", "low", "tidy")

static reviewed plan_of(upk_arena *arena, const char *text) {
  upk_json_error error;
  reviewed plan;
  const upk_json *tree = upk_json_parse(arena, upk_str_from(text), &error);
  assert_non_null(tree);
  reviewed_init(arena, tree, &plan);
  return plan;
}

static statement sign(upk_arena *arena, const reviewed *plan, bool reject) {
  upk_signing signing = {.not_after_us = 2000, .max_uses = 1, .reject = reject};
  statement s;
  upk_str bytes = statement_make(arena, &signing, plan, NULL, 0, 1000, 0xabc);
  upk_str line =
      upk_arena_printf(arena, "{\"signature\":\"s\",\"statement\":%.*s}",
                       UPK_FMT(upk_str_trim(bytes)));
  assert_null(statement_read(arena, line, &s));
  assert_true(upk_str_equal(s.bytes, bytes));
  return s;
}

static void a_statement_covers_fewer_steps_and_no_others(void **state) {
  static const struct {
    const char *plan;
    const char *differs; /* part of it; NULL: it covers it */
    bool even_rejected;  /* a rejection is void too */
  } rows[] = {
      {PLAN("s", A "," B, "null", "t"), NULL, false},
      {PLAN("s", B "," A, "null", "t"), NULL, false},
      {PLAN("s", B, "null", "t"), NULL, false},
      {PLAN("s", A, "\"now known\"", "t"), NULL, false},
      {PLAN("s", A "," STEP("c", "one", "low", "tidy"), "null", "t"),
       "step `c` was not in the plan", true},
      {PLAN("s", STEP("a", "two", "low", "tidy"), "null", "t"),
       "the statements of step `a` changed", true},
      {PLAN("s", STEP("a", "one", "high", "tidy"), "null", "t"),
       "the risk of step `a` was low, and is high", true},
      {PLAN("s", STEP("a", "one", "low", "drop it"), "null", "t"),
       "the limits or the object of step `a` changed", false},
      {PLAN("evil", A, "null", "t"), "around every step changed", false},
      {PLAN("s", A, "null", "u"), "it is for the target `t`", true},
  };
  upk_arena *arena = upk_arena_new(NULL);
  reviewed plan = plan_of(arena, PLAN("s", A "," B, "null", "t"));
  statement yes = sign(arena, &plan, false), no = sign(arena, &plan, true);
  (void)state;
  assert_int_equal(strlen(yes.id), STATEMENT_ID);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    reviewed other = plan_of(arena, rows[i].plan);
    upk_str differs = statement_differs(arena, &yes, &other);
    if (!rows[i].differs != !differs.data ||
        (differs.data && !strstr(differs.data, rows[i].differs)))
      fail_msg("%zu: %s", i, differs.data ? differs.data : "covered");
    assert_int_equal(statement_differs(arena, &no, &other).data != NULL,
                     rows[i].even_rejected);
  }
  upk_arena_free(arena);
}

static void another_database_is_another_target(void **state) {
  upk_arena *arena = upk_arena_new(NULL);
  reviewed plan = plan_of(arena, PLAN("s", A, "\"one\"", "t"));
  reviewed other = plan_of(arena, PLAN("s", A, "\"two\"", "t"));
  statement s = sign(arena, &plan, false);
  (void)state;
  assert_null(statement_differs(arena, &s, &plan).data);
  assert_non_null(strstr(statement_differs(arena, &s, &other).data,
                         "another database behind"));
  upk_arena_free(arena);
}

static void damaged_lines_are_no_statements(void **state) {
  static const char *const wrong[] = {
      "{}",
      "[]",
      "{\"signature\":\"s\"",
      "{\"signature\":\"s\",\"statement\":{}}",
      "{\"signature\":\"s\",\"statement\":[]}",
      "{\"more\":1,\"signature\":\"s\",\"statement\":{}}",
      "{\"signature\":\"s\",\"statement\":{\"decision\":\"perhaps\"}}",
  };
  upk_arena *arena = upk_arena_new(NULL);
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    statement s;
    assert_non_null(statement_read(arena, upk_str_from(wrong[i]), &s));
  }
  upk_arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_of_signers_has_a_form),
      cmocka_unit_test(conditions_are_true_false_or_not_known),
      cmocka_unit_test(conditions_are_typed),
      cmocka_unit_test(a_statement_covers_fewer_steps_and_no_others),
      cmocka_unit_test(another_database_is_another_target),
      cmocka_unit_test(damaged_lines_are_no_statements),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
