/* Tables of facts files and reports, for JSON Schema alone: docs/formats.md
 * says the same. */
#include "front/schema.h"

#define NOWHERE SCHEMA_NOWHERE
#define REQUIRED SCHEMA_REQUIRED

/* ---- facts ---- */

static const schema_field column_fields[] = {
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "name of the attribute"},
    {"reason", SCHEMA_TEXT, 0, NOWHERE, .doc = "why all of it is unknown"},
    {"type", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "type of the expression language"},
};
static const schema_object column = {.name = "column",
                                     .doc = "an attribute of a kind",
                                     SCHEMA_ROWS(column_fields)};

static const schema_field kind_fields[] = {
    {"columns", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &column,
     .doc = "its attributes"},
    {"rows", SCHEMA_ROWS_OF_CELLS, REQUIRED, NOWHERE,
     .doc = "a list of cells for each object, in the order of columns"},
};
static const schema_object kind = {
    .name = "kind", .doc = "all objects of a kind", SCHEMA_ROWS(kind_fields)};

static const schema_field facts_fields[] = {
    {"capabilities", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "what the role may do and the server has, by name"},
    {"collectors", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "number of the variant that each collector used"},
    {"counters_since", SCHEMA_INT, 0, NOWHERE,
     .doc = "since when the server's counters count; microseconds since 1970"},
    {"engine", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "the database system"},
    {"format", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "upkeep.facts/1"},
    {"identity", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "what tells the target from all others"},
    {"kinds", SCHEMA_TABLE, REQUIRED, NOWHERE, .more = &kind,
     .doc = "objects, by kind"},
    {"role", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "role of the server"},
    {"taken_at", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "the server's clock, in microseconds since 1970"},
    {"version", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "of the server"},
};
const schema_object schema_facts = {.name = "facts",
                                    .doc = "what was read from one target",
                                    SCHEMA_ROWS(facts_fields)};

/* ---- upkeep check --format json ---- */

static const schema_word verdicts[] = {
    {"warns", 0, false, NULL},   {"broken", 0, false, NULL},
    {"unknown", 0, false, NULL}, {"predicted", 0, false, NULL},
    {"exempt", 0, false, NULL},  {0},
};

static const schema_word severities[] = {
    {"info", 0, false, NULL},
    {"warning", 0, false, NULL},
    {"critical", 0, false, NULL},
    {0},
};

static const schema_field object_fields[] = {
    {"because", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "reason"},
    {"object", SCHEMA_TEXTS, REQUIRED | SCHEMA_LIST, NOWHERE,
     .doc = "its name, in parts"},
    {"verdict", SCHEMA_WORD, REQUIRED, NOWHERE, .more = verdicts,
     .doc = "what was found"},
};
static const schema_object object = {.name = "object",
                                     .doc = "one that is not as it should be",
                                     SCHEMA_ROWS(object_fields),
                                     .open = true};

#define COUNT(key, text)                                                       \
  { key, SCHEMA_INT, REQUIRED, NOWHERE, .doc = text }

static const schema_field policy_fields[] = {
    COUNT("broken", "objects that break it"),
    COUNT("excluded", "objects that where leaves out"),
    COUNT("exempt", "objects that are exempt"),
    COUNT("holds", "objects for which it holds"),
    {"kind", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "kind of object"},
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "of the policy"},
    {"objects", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &object,
     .doc = "those that neither hold nor are excluded"},
    {"owner", SCHEMA_NULL_OR_TEXT, REQUIRED, NOWHERE, .doc = "whom to notify"},
    COUNT("predicted", "objects that will break it"),
    {"severity", SCHEMA_WORD, REQUIRED, NOWHERE, .more = severities,
     .doc = "how bad"},
    COUNT("unknown", "objects of which it is not known"),
    COUNT("warns", "objects that only warn"),
    {"why", SCHEMA_NULL_OR_TEXT, REQUIRED, NOWHERE, .doc = "the reason"},
};
static const schema_object policy = {.name = "policy",
                                     .doc = "what a policy found",
                                     SCHEMA_ROWS(policy_fields),
                                     .open = true};

static const schema_field totals_fields[] = {
    COUNT("broken", "broken"),       COUNT("holds", "holding"),
    COUNT("predicted", "predicted"), COUNT("unknown", "unknown"),
    COUNT("warns", "warning"),
};
static const schema_object totals = {.name = "totals",
                                     .doc = "sums over the policies",
                                     SCHEMA_ROWS(totals_fields),
                                     .open = true};

static const schema_field check_fields[] = {
    {"format", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "upkeep.check/1"},
    {"policies", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &policy,
     .doc = "by name"},
    {"taken_at", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "of the facts"},
    {"target", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its name"},
    {"totals", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &totals,
     .doc = "sums"},
};
const schema_object schema_check_report = {
    .name = "check report",
    .doc = "one line of `upkeep check --format json`",
    SCHEMA_ROWS(check_fields),
    .open = true};

/* ---- upkeep test --format json ---- */

static const schema_word results[] = {
    {"passed", 0, false, NULL},
    {"failed", 0, false, NULL},
    {"error", 0, false, NULL},
    {0},
};

static const schema_field failure_fields[] = {
    COUNT("code", "1104 is UPK1104"),
    COUNT("column", "byte column, from 1"),
    COUNT("line", "from 1; 0: no place"),
    {"message", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "one fact"},
    {"path", SCHEMA_NULL_OR_TEXT, REQUIRED, NOWHERE, .doc = "the file"},
};
static const schema_object failure = {.name = "failure",
                                      .doc = "what is not as expected",
                                      SCHEMA_ROWS(failure_fields)};

static const schema_field test_fields[] = {
    COUNT("column", "of its name"),
    {"failures", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &failure,
     .doc = "what is not as expected"},
    {"file", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "that has the test"},
    COUNT("line", "of its name"),
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "of the test"},
    {"result", SCHEMA_WORD, REQUIRED, NOWHERE, .more = results,
     .doc = "what came of it"},
};
static const schema_object test = {
    .name = "test", .doc = "one test", SCHEMA_ROWS(test_fields)};

static const schema_field met_fields[] = {
    COUNT("broken", "tests in which an object broke it"),
    COUNT("holds", "tests in which it held of an object"),
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "of the policy"},
    COUNT("planned", "tests in which it had a step"),
    {"shipped", SCHEMA_BOOL, REQUIRED, NOWHERE, .doc = "does not count"},
    COUNT("unknown", "tests in which it was not known of an object"),
};
static const schema_object met = {.name = "policy",
                                  .doc = "what the tests met of a policy",
                                  SCHEMA_ROWS(met_fields)};

static const schema_field coverage_fields[] = {
    COUNT("covered", "sides that were met"),
    COUNT("percent", "of the sides, rounded down"),
    {"policies", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &met,
     .doc = "all of the project"},
    COUNT("sides", "two for each policy that counts"),
};
static const schema_object coverage = {.name = "coverage",
                                       .doc = "which policies were met",
                                       SCHEMA_ROWS(coverage_fields)};

static const schema_field sum_fields[] = {
    COUNT("errors", "tests that could not run"),
    COUNT("failed", "tests that failed"), COUNT("passed", "tests that passed")};
static const schema_object sums = {
    .name = "totals", .doc = "of the tests", SCHEMA_ROWS(sum_fields)};

static const schema_field report_fields[] = {
    {"coverage", SCHEMA_OBJECT, 0, NOWHERE, .more = &coverage,
     .doc = "with --coverage"},
    {"format", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "upkeep.test-report/1"},
    {"tests", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &test,
     .doc = "by file, in its order"},
    {"totals", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &sums, .doc = "sums"},
};
const schema_object schema_test_report = {.name = "test report",
                                          .doc = "`upkeep test --format json`",
                                          SCHEMA_ROWS(report_fields)};
