/* The tables of files of policy tests. */
#include "front/schema_forms.h"
#include "front/tests.h"

#define REQUIRED SCHEMA_REQUIRED

static const schema_word engines[] = {
    {"postgres", 0, false, "PostgreSQL 13 to 18"},
    {"sqlite", 0, false, "SQLite 3"},
    {0},
};

static const schema_word roles[] = {
    {"primary", 0, false, "takes writes"},
    {"replica", 0, false, "follows a primary"},
    {"standalone", 0, false, "has no replicas by its nature, as SQLite"},
    {0},
};

static const schema_word risks[] = {
    {"low", 0, false, NULL},
    {"medium", 0, false, NULL},
    {"high", 0, false, NULL},
    {0},
};

static const schema_word verdicts[] = {
    {"holds", 0, false, "the invariant is true"},
    {"warns", 0, false, "it is true, and the tighter one is not"},
    {"broken", 0, false, "it is false"},
    {"predicted", 0, false, "its trend breaks it within `ahead`"},
    {"unknown", 0, false, "facts do not say"},
    {"excluded", 0, false, "`where` leaves the object out"},
    {"exempt", 0, false, "the policy leaves it alone by name"},
    {0},
};

static const schema_word severities[] = {
    {"info", 0, false, NULL},
    {"warning", 0, false, NULL},
    {"critical", 0, false, NULL},
    {0},
};

static const schema_word reasons[] = {
    {"cooldown", 0, false, NULL},    {"cap", 0, false, NULL},
    {"protected", 0, false, NULL},   {"window", 0, false, NULL},
    {"budget", 0, false, NULL},      {"cause", 0, false, NULL},
    {"unsupported", 0, false, NULL}, {"conflict", 0, false, NULL},
    {"subsumed", 0, false, NULL},    {0},
};

#define IN(member) offsetof(test_object, member)
static const schema_field object_fields[] = {
    {"kind", SCHEMA_MARKED, REQUIRED, IN(kind), .more = &form_word,
     .doc = "its kind, such as table or index"},
    {"name", SCHEMA_MARKED, 0, IN(name),
     .doc = "its name in full, as plans show it: public.orders; left out for "
            "kinds with one object, such as database"},
    {"attributes", SCHEMA_FACTS, 0, IN(attributes),
     .doc = "what is known of it, as policies write values: bloat_ratio: 41%; "
            "null, and whatever is not given, is unknown"},
};
#undef IN
static const schema_object object = {.name = "object",
                                     .doc = "an object of the facts",
                                     SCHEMA_ROWS(object_fields),
                                     .size = sizeof(test_object),
                                     .span_offset =
                                         offsetof(test_object, span)};

/* ---- what is expected ---- */

#define IN(member) offsetof(test_row, member)
#define STEP_ROW                                                               \
  {                                                                            \
    "step", SCHEMA_MARKED, 0, IN(step),                                        \
        .doc = "ACTION:OBJECT, as in plans; * is a wildcard"                   \
  }
#define ACTION_ROW                                                             \
  {                                                                            \
    "action", SCHEMA_MARKED, 0, IN(action), .more = &form_word,                \
                                            .doc = "name of the action"        \
  }
#define OBJECT_ROW                                                             \
  {                                                                            \
    "object", SCHEMA_MARKED, 0, IN(object),                                    \
        .doc = "name of the object, as plans show it; * is a wildcard"         \
  }
#define POLICY_ROW                                                             \
  {                                                                            \
    "policy", SCHEMA_MARKED, 0, IN(policy),                                    \
        .more = &form_name, .doc = "the policy that asks for it"               \
  }
#define BECAUSE_ROW                                                            \
  { "because", SCHEMA_MARKED, 0, IN(because), .doc = "part of the reason" }

static const schema_field planned_fields[] = {
    STEP_ROW,
    ACTION_ROW,
    OBJECT_ROW,
    POLICY_ROW,
    BECAUSE_ROW,
    {"parameters", SCHEMA_MAP, 0, IN(parameters),
     .doc = "some of the action's parameters, with their values"},
    {"window", SCHEMA_TEXT, 0, IN(window), .more = &form_name,
     .doc = "the window it runs in"},
    {"risk", SCHEMA_WORD, 0, IN(risk), .more = risks,
     .doc = "how much care it needs"},
    {"after", SCHEMA_TEXTS, 0, IN(after),
     .doc = "steps that must have ended before it begins"},
};
static const schema_object planned = {
    .name = "expected step",
    .doc = "a step of the plan; what is left out is not compared",
    SCHEMA_ROWS(planned_fields),
    .size = sizeof(test_row),
    .span_offset = offsetof(test_row, span)};

static const schema_field unplanned_fields[] = {STEP_ROW, ACTION_ROW,
                                                OBJECT_ROW, POLICY_ROW};
static const schema_object unplanned = {
    .name = "unwanted step",
    .doc = "no step of the plan may be such",
    SCHEMA_ROWS(unplanned_fields),
    .size = sizeof(test_row),
    .span_offset = offsetof(test_row, span)};

static const schema_field verdict_fields[] = {
    POLICY_ROW,
    OBJECT_ROW,
    {"verdict", SCHEMA_WORD, REQUIRED, IN(verdict), .more = verdicts,
     .doc = "what the policy finds of it"},
    BECAUSE_ROW,
    {"severity", SCHEMA_WORD, 0, IN(severity), .more = severities,
     .doc = "of the policy, as `upkeep check` reports it"},
};
static const schema_object verdict = {.name = "expected verdict",
                                      .doc = "what a policy finds of an object",
                                      SCHEMA_ROWS(verdict_fields),
                                      .size = sizeof(test_row),
                                      .span_offset = offsetof(test_row, span)};

static const schema_field deferred_fields[] = {
    STEP_ROW,
    ACTION_ROW,
    OBJECT_ROW,
    POLICY_ROW,
    {"reason", SCHEMA_WORD, 0, IN(reason), .more = reasons,
     .doc = "why it is not done now"},
    BECAUSE_ROW,
};
static const schema_object deferred = {.name = "expected deferral",
                                       .doc = "what is wanted and not done now",
                                       SCHEMA_ROWS(deferred_fields),
                                       .size = sizeof(test_row),
                                       .span_offset = offsetof(test_row, span)};
#undef IN

#define IN(member) offsetof(test_expect, member)
static const schema_field expect_fields[] = {
    {"planned", SCHEMA_OBJECTS, SCHEMA_SHORT, IN(planned), .more = &planned,
     .doc = "steps that the plan has, among others"},
    {"exactly", SCHEMA_OBJECTS, SCHEMA_SHORT, IN(exactly), .more = &planned,
     .doc = "all steps of the plan, those of upkeep's own ledger aside; [] is "
            "an empty plan"},
    {"not_planned", SCHEMA_OBJECTS, SCHEMA_SHORT, IN(not_planned),
     .more = &unplanned, .doc = "steps that the plan must not have"},
    {"verdicts", SCHEMA_OBJECTS, 0, IN(verdicts), .more = &verdict,
     .doc = "what policies find of objects"},
    {"deferred", SCHEMA_OBJECTS, SCHEMA_SHORT, IN(deferred), .more = &deferred,
     .doc = "what is wanted and not done now"},
    {"refused", SCHEMA_TEXTS, 0, IN(refused), .more = &form_code,
     .doc = "there is no plan, for errors of these codes: UPK1504"},
    {"diagnostics", SCHEMA_TEXTS, 0, IN(diagnostics), .more = &form_code,
     .doc = "warnings or errors that are said, by code: UPK2007"},
};
#undef IN
static const schema_object expect = {.name = "expect map",
                                     .doc = "what must come of the facts",
                                     SCHEMA_ROWS(expect_fields),
                                     .size = sizeof(test_expect),
                                     .node_offset = offsetof(test_expect, raw)};

/* ---- a case ---- */

#define IN(member) offsetof(test_case, member)
#define SHARED_ROWS                                                            \
  {"target",                                                                   \
   SCHEMA_MARKED,                                                              \
   0,                                                                          \
   IN(target),                                                                 \
   .more = &form_name,                                                         \
   .doc = "a target of upkeep.yaml; its only one when left out, or one made "  \
          "up when `engine` is given"},                                        \
      {"facts",                                                                \
       SCHEMA_MARKED,                                                          \
       0,                                                                      \
       IN(facts),                                                              \
       .more = &form_path,                                                     \
       .doc = "a facts file that `upkeep inspect -o` wrote, .zst too"},        \
      {"objects",                                                              \
       SCHEMA_OBJECTS,                                                         \
       0,                                                                      \
       IN(objects),                                                            \
       .more = &object,                                                        \
       .doc = "objects of the facts, or changes to those of the file"},        \
      {"engine",                                                               \
       SCHEMA_WORD,                                                            \
       0,                                                                      \
       IN(engine),                                                             \
       .more = engines,                                                        \
       .doc = "the database system; the target's when left out"},              \
      {"version",                                                              \
       SCHEMA_TEXT,                                                            \
       0,                                                                      \
       IN(version),                                                            \
       .more = &form_version,                                                  \
       .doc = "version of the server; when left out the newest that upkeep "   \
              "tells from others"},                                            \
      {"role",                                                                 \
       SCHEMA_WORD,                                                            \
       0,                                                                      \
       IN(role),                                                               \
       .more = roles,                                                          \
       .doc = "role of the server; when left out the target's"},               \
      {"labels", SCHEMA_LABELS, 0, IN(labels),                                 \
       .doc = "labels of the target, over its own"},                           \
      {"capabilities",                                                         \
       SCHEMA_TEXTS,                                                           \
       0,                                                                      \
       IN(capabilities),                                                       \
       .more = &form_word,                                                     \
       .doc = "what the role may do and the server has; all that the engine "  \
              "knows when left out"},                                          \
      {"at", SCHEMA_TIME, 0, IN(at_us),                                        \
       .doc = "the moment of the plan; the facts' when left out, or "          \
              "2026-01-01T00:00Z"},                                            \
      {"policies",                                                             \
       SCHEMA_TEXTS,                                                           \
       0,                                                                      \
       IN(policies),                                                           \
       .more = &form_pattern,                                                  \
       .doc = "policies under test; * is a wildcard; all when left out"},      \
      {"vars", SCHEMA_VALUES, 0, IN(vars),                                     \
       .doc = "values of variables, over those of upkeep.yaml"},               \
      {"spent", SCHEMA_DURATION, 0, IN(spent_us),                              \
       .doc = "what earlier runs have blocked in the error budget's period"},  \
  {                                                                            \
    "requirements", SCHEMA_MAP, 0, IN(requirements),                           \
        .doc = "requirements, as in a block for upkeep; of a key that is "     \
               "given, nothing of the document's is left"                      \
  }

static const schema_field test_fields[] = {
    {"name", SCHEMA_MARKED, REQUIRED, IN(name),
     .doc = "what is tested, in words; once a file"},
    {"why", SCHEMA_TEXT, 0, IN(why), .doc = "the reason, for readers"},
    SHARED_ROWS,
    {"expect", SCHEMA_OBJECT, REQUIRED, IN(expect), .more = &expect,
     .doc = "what must come of it"},
};
static const schema_object test = {.name = "test",
                                   .doc = "facts, and what must come of them",
                                   SCHEMA_ROWS(test_fields),
                                   .size = sizeof(test_case),
                                   .span_offset = offsetof(test_case, span),
                                   .node_offset = offsetof(test_case, raw)};

static const schema_field default_fields[] = {SHARED_ROWS};
#undef IN
static const schema_object defaults = {
    .name = "defaults map",
    .doc = "keys for the tests that do not give them",
    SCHEMA_ROWS(default_fields),
    .size = sizeof(test_case)};

static const schema_field file_fields[] = {
    {"defaults", SCHEMA_OBJECT, 0, offsetof(test_file, defaults),
     .more = &defaults, .doc = "keys for the tests that do not give them"},
    {"tests", SCHEMA_OBJECTS, REQUIRED, offsetof(test_file, tests),
     .more = &test, .doc = "the list of tests"},
};
const schema_object schema_tests = {.name = "file of tests",
                                    .doc = "tests of policies against facts",
                                    SCHEMA_ROWS(file_fields),
                                    .size = sizeof(test_file)};
