/* What a file of policy tests holds, as it is read; schema_tests.c has its
 * tables, compiler/test/ runs it. */
#ifndef COMPILER_FRONT_TESTS_H
#define COMPILER_FRONT_TESTS_H

#include "front/schema.h"

/* One object of the facts. */
typedef struct test_object {
  ir_text kind, name;     /* name absent: the kind has one object */
  const node *attributes; /* a map, or NULL */
  upk_span span;
} test_object;

/* One line of what is expected. Each list gives a part of these; what is
 * absent is not compared. */
typedef struct test_row {
  ir_text step; /* ACTION:OBJECT, as in plans; * is a wildcard */
  ir_text action, object, policy, because;
  upk_str window, risk, verdict, severity, reason;
  ir_texts after;
  const node *parameters; /* a map, or NULL */
  upk_span span;
} test_row;
typedef UPK_VEC(test_row) test_rows;

typedef struct test_expect {
  test_rows planned, exactly, not_planned, verdicts, deferred;
  ir_texts refused, diagnostics;
  const node *raw;
} test_expect;

typedef struct test_case {
  ir_text name;
  upk_str why;
  ir_text target, facts;
  upk_str engine, version, role; /* of the facts; absent: not given */
  UPK_VEC(ir_label) labels;      /* over those of the target */
  ir_texts capabilities;
  int64_t at_us;    /* 0: not given */
  int64_t spent_us; /* of the error budget */
  UPK_VEC(test_object) objects;
  ir_texts policies; /* names or globs; none: all */
  const node *vars, *requirements;
  test_expect expect;
  const node *raw;
  upk_span span;
  /* suite.c: the target it is compiled for; its name is test_made_up_target
   * when the project has none that fits. Absent: none could be found. */
  upk_str target_name;
} test_case;
extern const char test_made_up_target[]; /* a target of the test's own */

typedef struct test_file {
  test_case defaults; /* of what a case does not give; no name, no expect */
  UPK_VEC(test_case) tests;
} test_file;

extern const schema_object schema_tests;

/* After the project was read: puts what ir->test changes into it: labels and
 * engine of its target, values of vars, requirements. */
void front_test_apply(ir *ir);

#endif
