/* The tables of upkeep.yaml. */
#include "front/schema_forms.h"

#define NOWHERE SCHEMA_NOWHERE
#define REQUIRED SCHEMA_REQUIRED

enum { SECOND_US = 1000000 };
#define DAYS(n) ((int64_t)(n)*24 * 3600 * SECOND_US)

static const schema_word engines[] = {
    {"postgres", 0, false, "PostgreSQL 13 to 18"},
    {"sqlite", 0, false, "SQLite 3"},
    {"mariadb", 0, false, "MariaDB 10.6 and later, over ODBC"},
    {"mysql", 0, true, "MySQL"},
    {"sqlserver", 0, true, "Microsoft SQL Server"},
    {"oracle", 0, true, "Oracle Database"},
    {0},
};

static const schema_word roles[] = {
    {"primary", 0, false, "takes writes"},
    {"replica", 0, false, "follows a primary"},
    {"standalone", 0, false, "has no replicas by its nature, as SQLite"},
    {0},
};

static const schema_word ledgers[] = {
    {"in-target", 0, false, "a small table of upkeep's own in the database"},
    {"none", 0, false, "nothing is written beside the work; probes decide"},
    {0},
};

#define IN(member) offsetof(ir_target, member)
static const schema_field target_fields[] = {
    {"engine", SCHEMA_WORD, REQUIRED, IN(engine_name), .more = engines,
     .doc = "the database system"},
    {"connect", SCHEMA_TEXT, REQUIRED, IN(connect),
     .doc = "libpq connection string, the file of an SQLite database, or for "
            "MariaDB an ODBC data source or connection string; env:NAME and "
            "file:PATH name where it stands"},
    {"labels", SCHEMA_LABELS, 0, IN(labels),
     .doc = "names and texts by which policies choose targets"},
    {"role", SCHEMA_WORD, 0, IN(role), .more = roles,
     .doc = "refuse to act when the server has another role"},
    {"replicas", SCHEMA_NAMES, 0, IN(replicas),
     .doc = "connections of the replicas of this target: so many must be "
            "connected, or replica_lag is unknown"},
    {"jobs", SCHEMA_INT, 0, IN(jobs), 1, 64, "1",
     .doc = "steps that may run at once"},
    {"ledger", SCHEMA_WORD, 0, IN(ledger), .otherwise = "in-target",
     .more = ledgers, .doc = "where upkeep keeps its record of steps"},
    {"throttle", SCHEMA_TEXTS, 0, NOWHERE,
     .doc = "expressions over live metrics under which work pauses, for "
            "policies that give none"},
    {"accept_timeline_change", SCHEMA_BOOL, 0, NOWHERE, .otherwise = "false",
     .doc = "go on with a plan after a failover changed the timeline"},
    {"each_database", SCHEMA_TEXT, SCHEMA_LATER, NOWHERE,
     .doc = "one target for each database whose name fits"},
};
#undef IN
static const schema_object target = {
    .name = "target",
    .doc = "one database connection with its labels",
    SCHEMA_ROWS(target_fields),
    .size = sizeof(ir_target),
    .span_offset = offsetof(ir_target, span),
    .node_offset = offsetof(ir_target, raw)};

#define IN(member) offsetof(ir_window, member)
static const schema_field window_fields[] = {
    {"rrule", SCHEMA_TEXT, REQUIRED, IN(rrule), .more = &form_rrule,
     .doc = "when it opens: a recurrence rule of RFC 5545"},
    {"duration", SCHEMA_DURATION, REQUIRED, IN(duration_us), SECOND_US,
     DAYS(31), .doc = "how long it stays open"},
    {"timezone", SCHEMA_TEXT, 0, IN(timezone), .otherwise = "UTC",
     .more = &form_timezone, .doc = "zone of the rule's hours"},
};
#undef IN
static const schema_object window = {.name = "window",
                                     .doc = "a time in which steps may run",
                                     SCHEMA_ROWS(window_fields),
                                     .size = sizeof(ir_window),
                                     .span_offset = offsetof(ir_window, span)};

static const schema_field blackout_fields[] = {
    {"calendar", SCHEMA_TEXT, 0, NOWHERE, .more = &form_path,
     .doc = "an iCalendar file whose events are blackouts"},
    {"from", SCHEMA_TIME, 0, NOWHERE, .doc = "when it begins"},
    {"to", SCHEMA_TIME, 0, NOWHERE, .doc = "when it ends"},
    {"reason", SCHEMA_TEXT, 0, NOWHERE, .doc = "why nothing may run then"},
    {"timezone", SCHEMA_TEXT, 0, NOWHERE, .more = &form_timezone,
     .doc = "zone of the calendar's times that have none"},
};
static const schema_object blackout = {
    .name = "blackout",
    .doc = "a time in which no step may run; it wins over windows",
    .one_of = "[{\"not\":{\"anyOf\":[{\"required\":[\"from\"]},{\"required\":["
              "\"to\"]}]},\"required\":[\"calendar\"]},{\"not\":{\"required\":["
              "\"calendar\"]},\"required\":[\"from\",\"to\"]}]",
    SCHEMA_ROWS(blackout_fields)};

#define IN(member) offsetof(ir_approval, member)
/* `form`: what paths may be. */
#define APPROVAL_FIELDS(form)                                                  \
  {"when", SCHEMA_EXPRESSION, 0, IN(when),                                     \
   .doc = "steps it is for, by risk, action, labels, blocking, bytes, "        \
          "irreversible ...; all when left out"},                              \
      {"signatures",                                                           \
       SCHEMA_INT,                                                             \
       REQUIRED,                                                               \
       IN(signatures),                                                         \
       0,                                                                      \
       20,                                                                     \
       .doc = "how many people must sign"},                                    \
      {"signers",                                                              \
       SCHEMA_TEXT,                                                            \
       0,                                                                      \
       IN(signers),                                                            \
       .otherwise = "allowed_signers",                                         \
       .more = (form),                                                         \
       .doc = "file of allowed signers, as ssh-keygen reads it"},              \
      {"revoked",                                                              \
       SCHEMA_TEXT,                                                            \
       0,                                                                      \
       IN(revoked),                                                            \
       .more = (form),                                                         \
       .doc = "file of revoked keys: a list of ssh-keygen -k, or public "      \
              "keys; without it `revoked_keys` beside the signers, if it is "  \
              "there"},                                                        \
      {"author_may_approve",                                                   \
       SCHEMA_BOOL,                                                            \
       0,                                                                      \
       IN(author_may_approve),                                                 \
       .otherwise = "true",                                                    \
       .doc = "false: whoever signed a commit of the policies since they "     \
              "were last approved does not count, and must be known"},         \
      {"authors_since", SCHEMA_TEXT, 0, IN(authors_since),                     \
       .doc = "a commit that was reviewed otherwise: authors count from "      \
              "there on"},                                                     \
  {                                                                            \
    "expires", SCHEMA_DURATION, 0, IN(expires_us), SECOND_US, DAYS(366),       \
        .doc = "a signature counts no longer than that"                        \
  }
static const schema_field approval_fields[] = {APPROVAL_FIELDS(&form_path)};
static const schema_field executor_approval_fields[] = {
    APPROVAL_FIELDS(&form_file)};
#undef IN
static const schema_object approval = {
    .name = "approval rule",
    .doc = "who must sign what; the first rule that fits wins",
    SCHEMA_ROWS(approval_fields),
    .size = sizeof(ir_approval),
    .span_offset = offsetof(ir_approval, span)};
static const schema_object executor_approval = {
    .name = "approval rule",
    .doc = "who must sign what; the first rule that fits wins",
    SCHEMA_ROWS(executor_approval_fields),
    .size = sizeof(ir_approval),
    .span_offset = offsetof(ir_approval, span)};

#define IN(member) offsetof(ir_use, member)
static const schema_field use_fields[] = {
    {"name", SCHEMA_MARKED, 0, IN(name),
     .doc = "shipped policies, such as std/postgres-baseline"},
    {"git", SCHEMA_MARKED, 0, IN(git), .more = &form_git,
     .doc = "a policy pack instead: where `git fetch` finds its repository; a "
            "path is below the project folder, or absolute"},
    {"commit", SCHEMA_MARKED, 0, IN(commit), .more = &form_commit,
     .doc = "the pack's commit, which `upkeep init --packs` fetches"},
    {"path", SCHEMA_MARKED, 0, IN(path), .otherwise = "policies/*",
     .more = &form_path,
     .doc = "the pack's files of policies, .yaml or .lua; * and ** are "
            "wildcards"},
    {"except", SCHEMA_TEXTS, 0, IN(except), .more = &form_name,
     .doc = "policies that are left out"},
    {"override", SCHEMA_MAP, 0, IN(override),
     .doc = "keys of policies that are replaced, by the policy's name; null "
            "removes a key"},
    {"vars", SCHEMA_VALUES, 0, IN(vars),
     .doc = "values of the variables that the file declares"},
};
#undef IN
static const schema_object use = {
    .name = "use entry",
    .doc = "shipped policies or a policy pack, and what is changed in them",
    .one_of =
        "[{\"not\":{\"anyOf\":[{\"required\":[\"git\"]},{\"required\":["
        "\"commit\"]},{\"required\":[\"path\"]}]},\"required\":[\"name\"]},{"
        "\"not\":{\"required\":[\"name\"]},\"required\":[\"commit\","
        "\"git\"]}]",
    SCHEMA_ROWS(use_fields),
    .size = sizeof(ir_use)};

#define IN(member) offsetof(ir_project, member)
static const schema_field project_fields[] = {
    {"version", SCHEMA_INT, REQUIRED, IN(version), 1, 1,
     .doc = "version of this file's form: 1"},
    {"required_version", SCHEMA_MARKED, 0, IN(required_version),
     .more = &form_versions,
     .doc = "versions of upkeep that may read this project"},
    {"requirements", SCHEMA_TEXT, 0, NOWHERE, .more = &form_path,
     .doc = "Markdown file with the team's operational requirements"},
    {"state", SCHEMA_TEXT, 0, IN(state), .otherwise = ".upkeep/state.db",
     .doc = "state store: a file, or a postgresql:// address"},
    {"targets", SCHEMA_TABLE, REQUIRED, IN(targets), .more = &target,
     .doc = "the databases, by name"},
    {"windows", SCHEMA_TABLE, 0, IN(windows), .more = &window,
     .doc = "times in which steps may run, by name"},
    {"blackouts", SCHEMA_OBJECTS, 0, NOWHERE, .more = &blackout,
     .doc = "times in which no step may run"},
    {"approvals", SCHEMA_OBJECTS, 0, IN(approvals), .more = &approval,
     .doc = "who must sign what; the first rule that fits wins"},
    {"standing_approvals", SCHEMA_TEXTS, 0, IN(standing_approvals),
     .more = &form_path,
     .doc = "files of approvals that hold for plans to come"},
    {"use", SCHEMA_OBJECTS, SCHEMA_SHORT | SCHEMA_ONE, IN(use), .more = &use,
     .doc = "shipped policies, and policy packs by their commit"},
    {"include", SCHEMA_TEXTS, 0, IN(include), .more = &form_path,
     .doc = "files of policies, .yaml or .lua; * and ** are wildcards"},
    {"actions", SCHEMA_TEXTS, 0, IN(actions), .more = &form_path,
     .doc = "Lua files with actions of one's own"},
    {"facts", SCHEMA_TEXTS, 0, IN(facts), .more = &form_path,
     .doc = "Lua files with collectors of one's own"},
    {"vars", SCHEMA_VALUES, 0, IN(vars),
     .doc = "values for ${name} in files of policies"},
    {"programs", SCHEMA_TEXTS, 0, IN(programs), .more = &form_program,
     .doc = "programs that steps may run: absolute paths, or names to be found "
            "in the system's folders"},
    {"archives", SCHEMA_TEXTS, 0, IN(archives), .more = &form_folder,
     .doc = "folders that steps may write archives to, and below: absolute "
            "paths on the host of whoever applies the plan"},
    {"protected", SCHEMA_TEXTS, 0, NOWHERE,
     .doc = "objects that no step may touch; * is a wildcard"},
};
#undef IN
const schema_object schema_project = {.name = "project file",
                                      .doc = "upkeep.yaml",
                                      SCHEMA_ROWS(project_fields),
                                      .size = sizeof(ir_project),
                                      .node_offset = offsetof(ir_project, raw)};

#define IN(member) offsetof(ir_project, member)
static const schema_field executor_fields[] = {
    {"version", SCHEMA_INT, REQUIRED, IN(version), 1, 1,
     .doc = "version of this file's form: 1"},
    {"approvals", SCHEMA_OBJECTS, 0, IN(approvals), .more = &executor_approval,
     .doc = "who must sign what; the first rule that fits wins"},
    {"standing_approvals", SCHEMA_TEXTS, 0, IN(standing_approvals),
     .more = &form_file,
     .doc = "files of approvals that hold for plans to come"},
};
#undef IN
const schema_object schema_executor = {.name = "executor file",
                                       .doc = "executor.yaml",
                                       SCHEMA_ROWS(executor_fields),
                                       .size = sizeof(ir_project),
                                       .node_offset =
                                           offsetof(ir_project, raw)};
