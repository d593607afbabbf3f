/* Tables of the files that upkeep writes, for JSON Schema alone: readers and
 * writers of these files are elsewhere. docs/formats.md says the same. */
#include "front/schema.h"

#define NOWHERE SCHEMA_NOWHERE
#define REQUIRED SCHEMA_REQUIRED

static const schema_word verdicts[] = {
    {"holds", 0, false, NULL},
    {"warns", 0, false, NULL},
    {"broken", 0, false, NULL},
    {"predicted", 0, false, NULL},
    {"unknown", 0, false, NULL},
    {"exempt", 0, false, NULL},
    {0},
};

static const schema_word reasons[] = {
    {"cooldown", 0, false, NULL},    {"cap", 0, false, NULL},
    {"protected", 0, false, NULL},   {"window", 0, false, NULL},
    {"budget", 0, false, NULL},      {"cause", 0, false, NULL},
    {"unsupported", 0, false, NULL}, {"conflict", 0, false, NULL},
    {"subsumed", 0, false, NULL},    {0},
};

static const schema_word severities[] = {
    {"note", 0, false, NULL},
    {"warning", 0, false, NULL},
    {"error", 0, false, NULL},
    {0},
};

static const schema_word atomicities[] = {
    {"transaction", 0, false, NULL},
    {"autocommit", 0, false, NULL},
    {"external", 0, false, NULL},
    {0},
};

static const schema_word risks[] = {
    {"low", 0, false, NULL},
    {"medium", 0, false, NULL},
    {"high", 0, false, NULL},
    {0},
};

static const schema_word failures[] = {
    {"continue", 0, false, NULL},
    {"stop", 0, false, NULL},
    {"rollback", 0, false, NULL},
    {0},
};

static const schema_word ends[] = {
    {"finish", 0, false, NULL},
    {"cancel", 0, false, NULL},
    {0},
};

static const schema_word classes[] = {
    {"inverse", 0, false, NULL},
    {"restore", 0, false, NULL},
    {"none", 0, false, NULL},
    {0},
};

static const schema_word otherwises[] = {
    {"skip", 0, false, NULL},
    {"fail", 0, false, NULL},
    {"retry", 0, false, NULL},
    {"drift", 0, false, NULL},
    {0},
};

static const schema_word row_rules[] = {
    {"first", 0, false, NULL},
    {"every", 0, false, NULL},
    {"none", 0, false, NULL},
    {0},
};

static const schema_word events[] = {
    {"run.begin", 0, false, NULL},
    {"run.end", 0, false, NULL},
    {"run.note", 0, false, NULL},
    {"run.recovered", 0, false, NULL},
    {"run.resume", 0, false, NULL},
    {"run.rollback", 0, false, NULL},
    {"session.open", 0, false, NULL},
    {"step.batch", 0, false, NULL},
    {"step.begin", 0, false, NULL},
    {"step.check", 0, false, NULL},
    {"step.end", 0, false, NULL},
    {"step.guard", 0, false, NULL},
    {"step.program", 0, false, NULL},
    {"step.progress", 0, false, NULL},
    {"step.resolve", 0, false, NULL},
    {"step.retry", 0, false, NULL},
    {"step.skip", 0, false, NULL},
    {"step.statement", 0, false, NULL},
    {"step.undo", 0, false, NULL},
    {"step.wait", 0, false, NULL},
    {0},
};

static const schema_field column_fields[] = {
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "name in the query"},
    {"type", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "type of the expression language"},
};
static const schema_object column = {.name = "column",
                                     .doc = "a column and its type",
                                     SCHEMA_ROWS(column_fields),
                                     .open = false};

static const schema_field check_fields[] = {
    {"columns", SCHEMA_OBJECTS, 0, NOWHERE, .more = &column,
     .doc = "types of columns by name"},
    {"env", SCHEMA_TEXTS, SCHEMA_LIST, NOWHERE,
     .doc = "environment of the program: NAME or NAME=value"},
    {"exec", SCHEMA_ANY, 0, NOWHERE,
     .doc = "a program and its arguments in place of a query"},
    {"expect", SCHEMA_TEXT, 0, NOWHERE, .doc = "expression that must be true"},
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "name of the check"},
    {"otherwise", SCHEMA_WORD, 0, NOWHERE, .more = otherwises,
     .doc = "what a pre-check that fails means"},
    {"params", SCHEMA_ANY, 0, NOWHERE, .doc = "parameters of the queries"},
    {"queries", SCHEMA_TEXTS, SCHEMA_LIST, NOWHERE,
     .doc = "names in body.queries"},
    {"rows", SCHEMA_WORD, 0, NOWHERE, .more = row_rules,
     .doc = "which rows must meet it"},
    {"sql", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "a text of its own instead of queries"},
    {"timeout_ms", SCHEMA_INT, 0, NOWHERE, .doc = "longest run of the program"},
    {"within_ms", SCHEMA_INT, 0, NOWHERE,
     .doc = "how long it is asked again until it holds"},
};
static const schema_object check = {
    .name = "check",
    .doc = "a query, and what must hold of its rows",
    SCHEMA_ROWS(check_fields),
    .open = false};

static const schema_field round_statement_fields[] = {
    {"file", SCHEMA_ANY, 0, NOWHERE,
     .doc = "beside sql: the file that its rows go to, or come from"},
    {"params", SCHEMA_ANY, 0, NOWHERE, .doc = "parameters"},
    {"returns", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "name under which the first row is kept"},
    {"sql", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "complete text"},
};
static const schema_object round_statement = {
    .name = "statement of a batch",
    .doc = "one statement of each round",
    SCHEMA_ROWS(round_statement_fields),
    .open = false};

static const schema_field batch_fields[] = {
    {"count", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "value that says how many rows a round treated"},
    {"expect", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "expression that must be true before a round commits"},
    {"max_rows", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "most rows of a round"},
    {"more", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "value that says whether another round is needed; absent: when a "
            "round treated as many rows as it might"},
    {"of", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "value that says how many there are"},
    {"run", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &round_statement,
     .doc = "the statements of a round"},
    {"start_rows", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "rows of the first round"},
    {"target_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "time of a round that its size aims at"},
    {"total_rows", SCHEMA_INT, 0, NOWHERE,
     .doc = "most rows of all rounds; 0 or absent: no limit"},
};
static const schema_object batch = {.name = "batch",
                                    .doc = "statements that are repeated",
                                    SCHEMA_ROWS(batch_fields),
                                    .open = false};

static const schema_field statement_fields[] = {
    {"batch", SCHEMA_OBJECT, 0, NOWHERE, .more = &batch,
     .doc = "in place of sql: rounds of statements"},
    {"catch", SCHEMA_TEXTS, SCHEMA_LIST, NOWHERE,
     .doc = "errors that are an answer, by SQLSTATE or code"},
    {"env", SCHEMA_TEXTS, SCHEMA_LIST, NOWHERE,
     .doc = "environment of the program: NAME or NAME=value"},
    {"exec", SCHEMA_ANY, 0, NOWHERE,
     .doc = "in place of sql: a program and its arguments"},
    {"params", SCHEMA_ANY, 0, NOWHERE, .doc = "parameters"},
    {"returns", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "name under which the first row is kept"},
    {"sql", SCHEMA_TEXT, 0, NOWHERE, .doc = "complete text"},
    {"success", SCHEMA_ANY, 0, NOWHERE,
     .doc = "exit codes that mean success; absent: 0"},
    {"timeout_ms", SCHEMA_INT, 0, NOWHERE, .doc = "longest run of the program"},
    {"transaction", SCHEMA_BOOL, 0, NOWHERE,
     .doc = "false: must not be in a transaction"},
};
static const schema_object statement = {.name = "statement",
                                        .doc = "one statement",
                                        SCHEMA_ROWS(statement_fields),
                                        .open = false};

static const schema_field probe_fields[] = {
    {"cleanup", SCHEMA_OBJECTS, 0, NOWHERE, .more = &statement,
     .doc = "what removes a half-done step"},
    {"done", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &check,
     .doc = "holds when it is done"},
    {"partial", SCHEMA_OBJECT, 0, NOWHERE, .more = &check,
     .doc = "holds when it is half done"},
};
static const schema_object probe = {
    .name = "probe",
    .doc = "asks after a crash whether the step happened",
    SCHEMA_ROWS(probe_fields),
    .open = false};

static const schema_field undo_fields[] = {
    {"class", SCHEMA_WORD, REQUIRED, NOWHERE, .more = classes,
     .doc = "how far it can be undone"},
    {"steps", SCHEMA_OBJECTS, 0, NOWHERE, .more = &statement,
     .doc = "statements"},
    {"why", SCHEMA_TEXT, 0, NOWHERE, .doc = "why not, or what it rests on"},
};
static const schema_object undo = {.name = "undo",
                                   .doc = "what takes the step back",
                                   SCHEMA_ROWS(undo_fields),
                                   .open = false};

static const schema_field lock_fields[] = {
    {"blocks", SCHEMA_TEXT, 0, NOWHERE, .doc = "whom it keeps waiting"},
    {"mode", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "mode, in the words of the engine"},
    {"object", SCHEMA_TEXTS, REQUIRED | SCHEMA_LIST, NOWHERE,
     .doc = "name, in parts"},
};
static const schema_object lock = {.name = "lock",
                                   .doc = "a lock that the step takes",
                                   SCHEMA_ROWS(lock_fields),
                                   .open = false};

static const schema_field object_fields[] = {
    {"kind", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its kind"},
    {"name", SCHEMA_TEXTS, REQUIRED | SCHEMA_LIST, NOWHERE,
     .doc = "its name, in parts"},
    {"native_id", SCHEMA_TEXT, 0, NOWHERE, .doc = "number in the catalogue"},
    {"fingerprint", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "what it was when the plan was made"},
};
static const schema_object object = {.name = "object",
                                     .doc = "what the step works on",
                                     SCHEMA_ROWS(object_fields),
                                     .open = true};

static const schema_field timeouts_fields[] = {
    {"blocking_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "longest that others may wait for it"},
    {"lock_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "wait for a lock"},
    {"max_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "the whole step"},
    {"readers_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "wait for others' old transactions"},
    {"statement_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "one statement"},
    {"wait_ms", SCHEMA_INT, 0, NOWHERE, .doc = "all tries for locks"},
    {"watch_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "the guard looks so often"},
};
static const schema_object timeouts = {.name = "timeouts",
                                       .doc =
                                           "limits in milliseconds; 0 is none",
                                       SCHEMA_ROWS(timeouts_fields),
                                       .open = false};

static const schema_field estimate_fields[] = {
    {"basis", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "prior, or earlier runs"},
    {"blocking_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "time others wait"},
    {"disk_peak_bytes", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "room it needs"},
    {"p50_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "median duration"},
    {"p90_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "duration nine times in ten"},
    {"reads_bytes", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "bytes read"},
    {"wal_bytes", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "log written"},
    {"writes_bytes", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "bytes written"},
};
static const schema_object estimate = {.name = "estimate",
                                       .doc =
                                           "what the step is expected to cost",
                                       SCHEMA_ROWS(estimate_fields),
                                       .open = false};

static const schema_field step_fields[] = {
    {"abort", SCHEMA_TEXTS, SCHEMA_LIST, NOWHERE,
     .doc = "expressions that end the run when one is false"},
    {"action", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "name of the action"},
    {"atomicity", SCHEMA_WORD, REQUIRED, NOWHERE, .more = atomicities,
     .doc = "how its statements end"},
    {"because", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "why it is in the plan"},
    {"conflicts", SCHEMA_TEXTS, SCHEMA_LIST, NOWHERE,
     .doc = "keys: steps that share one never run at once"},
    {"estimate", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &estimate,
     .doc = "expected cost"},
    {"id", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "action and object; stable across plans"},
    {"intent", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "digest of what is approved"},
    {"locks", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &lock,
     .doc = "locks it takes"},
    {"object", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &object,
     .doc = "what it works on"},
    {"on_failure", SCHEMA_WORD, REQUIRED, NOWHERE, .more = failures,
     .doc = "what follows when it fails"},
    {"on_window_end", SCHEMA_WORD, 0, NOWHERE, .more = ends,
     .doc = "what happens when the window closes"},
    {"parameters", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "parameters of the action"},
    {"policy", SCHEMA_TEXT, 0, NOWHERE, .doc = "policy that asks for it"},
    {"post", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &check,
     .doc = "checks after it"},
    {"pre", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &check,
     .doc = "checks before it"},
    {"predicted", SCHEMA_MAP, 0, NOWHERE,
     .doc = "start and end from the beginning of the run"},
    {"priority", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "0 to 100"},
    {"probe", SCHEMA_OBJECT, 0, NOWHERE, .more = &probe,
     .doc = "whether it happened"},
    {"retries", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "how often it is tried again"},
    {"risk", SCHEMA_WORD, REQUIRED, NOWHERE, .more = risks,
     .doc = "how much care it needs"},
    {"run", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &statement,
     .doc = "its statements"},
    {"score", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "benefit, cost and urgency"},
    {"settings", SCHEMA_MAP, 0, NOWHERE,
     .doc = "of the session, while it runs"},
    {"throttle", SCHEMA_TEXTS, SCHEMA_LIST, NOWHERE,
     .doc = "expressions under which it pauses"},
    {"timeouts", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &timeouts,
     .doc = "limits"},
    {"undo", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &undo,
     .doc = "how to take it back"},
    {"window", SCHEMA_TEXT, 0, NOWHERE, .doc = "when it may run"},
};
static const schema_object step = {.name = "step",
                                   .doc = "one action on one object",
                                   SCHEMA_ROWS(step_fields),
                                   .open = true};

static const schema_field edge_fields[] = {
    {"from", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "step, or policy:NAME"},
    {"to", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "step, or policy:NAME"},
    {"why", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "reason"},
};
static const schema_object edge = {.name = "edge",
                                   .doc =
                                       "an order between two steps or barriers",
                                   SCHEMA_ROWS(edge_fields),
                                   .open = false};

static const schema_field detail_fields[] = {
    {"because", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "reason"},
    {"object", SCHEMA_TEXTS, REQUIRED | SCHEMA_LIST, NOWHERE,
     .doc = "its name, in parts"},
    {"verdict", SCHEMA_WORD, REQUIRED, NOWHERE, .more = verdicts,
     .doc = "what was found"},
};
static const schema_object detail = {.name = "detail",
                                     .doc = "one object that was looked at",
                                     SCHEMA_ROWS(detail_fields),
                                     .open = false};

static const schema_field considered_fields[] = {
    {"details", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &detail,
     .doc = "objects worth a word"},
    {"kind", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "kind of object"},
    {"policy", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "the policy"},
    {"broken", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "objects that break it"},
    {"excluded", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "objects that where leaves out"},
    {"exempt", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "objects that are exempt"},
    {"holds", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "objects for which it holds"},
    {"predicted", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "objects that will break it"},
    {"unknown", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "objects of which it is not known"},
    {"warns", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "objects that only warn"},
};
static const schema_object considered = {.name = "considered",
                                         .doc = "what a policy looked at",
                                         SCHEMA_ROWS(considered_fields),
                                         .open = false};

static const schema_field deferred_fields[] = {
    {"action", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "the action"},
    {"because", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "what is wrong"},
    {"detail", SCHEMA_TEXT, 0, NOWHERE, .doc = "what does not fit where"},
    {"object", SCHEMA_TEXTS, REQUIRED | SCHEMA_LIST, NOWHERE,
     .doc = "its name, in parts"},
    {"policy", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "the policy"},
    {"reason", SCHEMA_WORD, REQUIRED, NOWHERE, .more = reasons,
     .doc = "why it is not done"},
};
static const schema_object deferred = {.name = "deferred",
                                       .doc = "what is not done now",
                                       SCHEMA_ROWS(deferred_fields),
                                       .open = false};

static const schema_field message_fields[] = {
    {"code", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "its code"},
    {"message", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its words"},
    {"severity", SCHEMA_WORD, REQUIRED, NOWHERE, .more = severities,
     .doc = "how bad"},
};
static const schema_object message = {.name = "diagnostic",
                                      .doc = "a diagnostic of the compiler",
                                      SCHEMA_ROWS(message_fields),
                                      .open = false};

static const schema_field blackout_fields[] = {
    {"from", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "when it begins, us"},
    {"reason", SCHEMA_TEXT, 0, NOWHERE, .doc = "why nothing may run then"},
    {"to", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "when it ends, us"},
};
static const schema_object blackout = {.name = "blackout",
                                       .doc = "a time without steps",
                                       SCHEMA_ROWS(blackout_fields)};

static const schema_field window_fields[] = {
    {"closes_at", SCHEMA_INT, 0, NOWHERE,
     .doc = "end of the opening that a step is predicted for, us"},
    {"opens_at", SCHEMA_INT, 0, NOWHERE, .doc = "its beginning, us"},
    {"duration_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "how long it is open"},
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its name"},
    {"rrule", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "recurrence rule"},
    {"timezone", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its zone"},
};
static const schema_object window = {.name = "window",
                                     .doc = "a window that steps name",
                                     SCHEMA_ROWS(window_fields),
                                     .open = false};

static const schema_field target_fields[] = {
    {"engine", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its engine"},
    {"identity", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "what tells it from all others"},
    {"labels", SCHEMA_LABELS, REQUIRED, NOWHERE, .doc = "its labels"},
    {"name", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its name"},
    {"role", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "its role"},
    {"version", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "version of the server"},
};
static const schema_object target = {.name = "target",
                                     .doc = "the database it is for",
                                     SCHEMA_ROWS(target_fields),
                                     .open = false};

static const schema_field totals_fields[] = {
    {"blocking_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "time others wait"},
    {"p50_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "median duration"},
    {"p90_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "duration nine times in ten"},
    {"steps", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "their number"},
};
static const schema_object totals = {.name = "totals",
                                     .doc = "sums over the steps",
                                     SCHEMA_ROWS(totals_fields),
                                     .open = false};

static const schema_field cost_fields[] = {
    {"blocking_ms", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "time others wait"},
    {"step", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "the step"},
};
static const schema_object cost = {.name = "cost",
                                   .doc = "what one step takes of the budget",
                                   SCHEMA_ROWS(cost_fields),
                                   .open = false};

static const schema_field budget_fields[] = {
    {"allowed_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "what the period may be down"},
    {"availability", SCHEMA_INT, 0, NOWHERE,
     .doc = "the target, in parts per million"},
    {"expected_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "what this plan is expected to take"},
    {"from", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "when it begins, us"},
    {"period", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "month or 30 days"},
    {"spent_ms", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "what runs of this period took"},
    {"steps", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &cost,
     .doc = "steps that block others"},
    {"to", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "when it ends, us"},
    {"unmeasured", SCHEMA_INT, REQUIRED, NOWHERE,
     .doc = "runs of this period whose blocking is not known"},
};
static const schema_object budget = {.name = "budget",
                                     .doc = "the account of the error budget",
                                     SCHEMA_ROWS(budget_fields),
                                     .open = false};

static const schema_field body_fields[] = {
    {"approvals_required", SCHEMA_ANY, REQUIRED, NOWHERE,
     .doc = "rules that must be met"},
    {"blackouts", SCHEMA_OBJECTS, 0, NOWHERE, .more = &blackout,
     .doc = "times without steps in the 14 days to come"},
    {"budget", SCHEMA_OBJECT, 0, NOWHERE, .more = &budget,
     .doc = "the error budget of the requirements document"},
    {"expires_at", SCHEMA_INT, 0, NOWHERE,
     .doc = "apply refuses the plan from then on, us"},
    {"considered", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &considered,
     .doc = "what each policy looked at"},
    {"deferred", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &deferred,
     .doc = "what is not done now"},
    {"diagnostics", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &message,
     .doc = "diagnostics of the compiler"},
    {"edges", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &edge,
     .doc = "the order of steps"},
    {"engine", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "identity query, ledger and session statements"},
    {"inputs", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "digests of what the plan is made of"},
    {"queries", SCHEMA_VALUES, REQUIRED, NOWHERE,
     .doc = "texts that many checks share"},
    {"steps", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &step,
     .doc = "in the order in which they may run"},
    {"target", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &target,
     .doc = "the database it is for"},
    {"totals", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &totals,
     .doc = "sums"},
    {"windows", SCHEMA_OBJECTS, REQUIRED, NOWHERE, .more = &window,
     .doc = "windows that steps name"},
};
static const schema_object body = {
    .name = "plan body",
    .doc = "what is executed; the digest is over its bytes",
    SCHEMA_ROWS(body_fields),
    .open = false};

static const schema_field schema_plan_fields[] = {
    {"body", SCHEMA_OBJECT, REQUIRED, NOWHERE, .more = &body,
     .doc = "what is executed"},
    {"digest", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "SHA-256 of the exact bytes of body"},
    {"format", SCHEMA_TEXT, REQUIRED, NOWHERE, .doc = "upkeep.plan/1"},
    {"intent", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "SHA-256 over the intents of the steps"},
    {"provenance", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "files and places it comes from; under no digest"},
};
const schema_object schema_plan = {.name = "plan",
                                   .doc = "a plan file of upkeep",
                                   SCHEMA_ROWS(schema_plan_fields),
                                   .open = false};

static const schema_field schema_log_fields[] = {
    {"det", SCHEMA_MAP, REQUIRED, NOWHERE,
     .doc = "what two faultless runs of one plan share"},
    {"event", SCHEMA_WORD, REQUIRED, NOWHERE, .more = events,
     .doc = "what happened"},
    {"hash", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "SHA-256 of this record without hash"},
    {"in", SCHEMA_ANY, 0, NOWHERE,
     .doc = "what the executor's machine was told, for replay"},
    {"obs", SCHEMA_MAP, REQUIRED, NOWHERE, .doc = "times, counts, messages"},
    {"out", SCHEMA_TEXT, 0, NOWHERE,
     .doc = "digest of what the machine commanded"},
    {"prev", SCHEMA_TEXT, REQUIRED, NOWHERE,
     .doc = "hash of the record before"},
    {"seq", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "number in the log"},
    {"v", SCHEMA_INT, REQUIRED, NOWHERE, .doc = "version of the form: 1"},
};
const schema_object schema_log = {.name = "log record",
                                  .doc = "one line of a plan log",
                                  SCHEMA_ROWS(schema_log_fields),
                                  .open = false};
