/* Policy tests: facts that a file gives, compiled as a plan would be, and what
 * came of them compared with what the file expects.
 *
 *   suite.c   a file of tests: read, its names resolved, its cases run
 *   facts.c   the facts of a case, as the bytes of a facts file
 *   value.c   one attribute's value, as policies write it
 *   object.c  the name of an object, in parts
 *   match.c   rows of a test against steps of the plan
 *   expect.c  what is expected, line by line
 *   near.c    what came instead: words for those who read a failure
 *   result.c  a case's result as JSON (docs/formats.md, "Result of a test")
 */
#ifndef COMPILER_TEST_H
#define COMPILER_TEST_H

#include <upkeep/compile.h>

#include "front/tests.h"

/* A file of tests, read once for all its cases. */
typedef struct test_suite test_suite;

/* Reads `request->word`, and the project for its names. UPK_DENIED after
 * diagnostics of either: then there is no suite. Free with test_suite_free. */
upk_status test_suite_load(const upk_compile_request *request,
                           const upk_source *source, upk_diags *diags,
                           test_suite **ret_suite);
void test_suite_free(test_suite *suite); /* NULL is fine */
/* Whether it is of this file and project. */
bool test_suite_is(const test_suite *suite, const upk_compile_request *request);
/* UPK_COMPILE_TESTS: its cases and the project's policies. */
upk_status test_suite_list(test_suite *suite, upk_sink output);
/* UPK_COMPILE_TEST: runs case `request->test` with the windows handed in. */
upk_status test_suite_run(test_suite *suite, const upk_compile_request *request,
                          upk_sink output);

/* ---- within the room ---- */

/* The moment of facts that name none: 2026-01-01T00:00Z. */
#define TEST_MOMENT_US INT64_C(1767225600000000)

/* One cell. */
typedef struct test_value {
  bool known;
  int64_t integer;
  upk_str text;
  upk_list list;
} test_value;

/* Reads an attribute's value; false after UPK4104. */
bool test_value_read(ir *ir, const ir_attribute *attribute, upk_str name,
                     const node *value, test_value *ret_value);

/* Splits `public."A b"` into its parts, in `arena`. With `whole` a name without
 * quotes is one part, dots and all. False when it is malformed. */
bool test_name_split(upk_arena *arena, upk_str text, bool whole,
                     ir_names *ret_parts);

/* The facts of a case; `base` is a facts file or absent. After tree_check.
 * False after diagnostics. */
bool test_facts_make(ir *ir, upk_str base, upk_buf *ret_facts);

/* Compares; what differs goes to `said` (codes 4110 to 4119). */
void test_expect_check(ir *ir, upk_status status, upk_diags *said);

/* Whether a row names the step: by step, action, object and policy. */
bool test_step_named(ir *ir, const ir_step *step, const test_row *row);
/* The rest of the row: what differs in step `number` goes to `said`. */
void test_step_details(ir *ir, uint32_t number, const test_row *row,
                       upk_diags *said);

/* "`rebuild_index` of `public.t`": what a row names. */
upk_str test_row_text(ir *ir, const test_row *row);
/* The action and the object that a row names, from `step` too; absent when it
 * names none. */
upk_str test_row_action(const test_row *row);
upk_str test_row_object(const test_row *row);
/* Whether `text` is, or fits, what is wanted; absent wants nothing. */
bool test_fits(upk_str text, upk_str wanted);
bool test_contains(upk_str text, upk_str part); /* an absent part: yes */

/* Notes on what came instead of a step, a verdict or a deferral. */
void test_near_step(ir *ir, upk_diags *said, upk_diag *diag,
                    const test_row *row);
/* What actions looked at in vain, when the plan was refused. */
void test_near_refusal(ir *ir, upk_diags *said, upk_diag *diag);
void test_near_verdict(ir *ir, upk_diags *said, upk_diag *diag,
                       const test_row *row);

/* {"failures", "name", "result" ...} of a case. */
bool test_result_write(const ir *ir, const test_case *test, bool ran,
                       const upk_diags *said, upk_sink sink);

#endif
