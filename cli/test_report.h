/* What `upkeep test` found, and its forms. */
#ifndef CLI_TEST_REPORT_H
#define CLI_TEST_REPORT_H

#include "cli.h"

typedef struct test_result {
  upk_str file, name;
  int64_t line, column;
  upk_str result; /* passed, failed, error */
  upk_str text;   /* the failures with their places, as diagnostics are shown */
  const upk_json *failures;
  int64_t took_us;
} test_result;

/* What all cases together saw of a policy: in how many of them. */
typedef struct test_policy {
  upk_str name;
  bool remedy, shipped;
  size_t cases, planned, broken, holds, unknown;
} test_policy;

typedef struct test_report {
  cli *c;
  UPK_VEC(test_result) results; /* by file, in the order of the file */
  UPK_VEC(test_policy) policies;
  size_t passed, failed, errors;
  int64_t began_us; /* wall clock */
  bool coverage;
} test_report;

/* Adds what a case says of policies (formats.md, "Result of a test"). */
void coverage_add(test_report *report, const upk_json *result);
/* Two sides a policy: that it acted (a pure check: was broken), and that it
 * held. Shipped policies do not count. 0 of 0 is all. */
void coverage_count(const test_report *report, size_t *ret_sides,
                    size_t *ret_covered);
int64_t coverage_percent(const test_report *report); /* rounded down */
void coverage_text(const test_report *report, upk_buf *out);
void coverage_json(const test_report *report, upk_json_writer *w);

void report_text(const test_report *report, upk_buf *out);
void report_json(const test_report *report, upk_buf *out);
void report_junit(const test_report *report, upk_buf *out);
void report_tap(const test_report *report, upk_buf *out);

#endif
