/* The tables of a policy and of a file of policies. */
#include "front/schema_forms.h"

#define REQUIRED SCHEMA_REQUIRED
#define SECONDS(n) ((int64_t)(n)*1000000)
#define DAYS(n) (SECONDS(24 * 3600) * (n))

static const schema_word severities[] = {
    {"info", UPK_NOTE, false, "worth knowing"},
    {"warning", UPK_WARNING, false, "to be mended"},
    {"critical", UPK_FAILURE, false, "to be mended now"},
    {0},
};

static const schema_word unknowns[] = {
    {"warn", IR_UNKNOWN_WARN, false, "say so, do not act"},
    {"skip", IR_UNKNOWN_SKIP, false, "count it, do not act"},
    {"act", IR_UNKNOWN_ACT, false, "act as if it were broken"},
    {"fail", IR_UNKNOWN_FAIL, false, "no answer is as bad as a broken one"},
    {0},
};

static const schema_word failures[] = {
    {"continue", IR_FAILURE_CONTINUE, false, "go on with other steps"},
    {"stop", IR_FAILURE_STOP, false, "begin no other step"},
    {"rollback", IR_FAILURE_ROLLBACK, false, "undo this policy's steps"},
    {0},
};

static const schema_word ends[] = {
    {"finish", 0, false, "let a running step finish"},
    {"cancel", 0, false, "cancel it; the run can be resumed"},
    {0},
};

static const schema_word paces[] = {
    {"gentle", IR_PACE_GENTLE, false,
     "rest between pieces of work, one such step at a time"},
    {"none", IR_PACE_NONE, false, "as fast as the server can"},
    {0},
};

#define IN(member) offsetof(ir_limits, member)
static const schema_field limit_fields[] = {
    {"lock_timeout", SCHEMA_DURATION, 0, IN(lock_timeout_us), 1000, DAYS(1),
     "1s", .doc = "longest wait in a lock's queue, at each try"},
    {"lock_wait", SCHEMA_DURATION, 0, IN(lock_wait_us), 0, DAYS(31), "1min",
     .doc = "longest wait for locks in all, with pauses between the tries; "
            "these are no retries; 0 counts each as one"},
    {"reader_wait", SCHEMA_DURATION, 0, IN(reader_wait_us), 0, DAYS(31), "5min",
     .doc = "longest wait for old readers, of statements that wait for "
            "snapshots; then they are cancelled and tried again later; 0 is "
            "max_duration"},
    {"statement_timeout", SCHEMA_DURATION, 0, IN(statement_timeout_us), 0,
     DAYS(31), "0", .doc = "longest run of one statement; 0 is no limit"},
    {"max_duration", SCHEMA_DURATION, 0, IN(max_duration_us), 0, DAYS(31), "0",
     .doc = "longest run of one step; 0 is no limit"},
    {"max_blocking", SCHEMA_DURATION, 0, IN(max_blocking_us), 1000, DAYS(1),
     "1s", .doc = "longest time others may wait for a step"},
    {"retries", SCHEMA_INT, 0, IN(retries), 0, 100, "3",
     .doc = "how often a step is tried again"},
    {"max_actions", SCHEMA_INT, 0, IN(max_actions), 0, 1000000, "0",
     .doc = "most steps of this policy in one plan; 0 is no limit"},
    {"pace", SCHEMA_CHOICE, 0, IN(pace), .otherwise = "gentle", .more = paces,
     .doc = "how much of the server a step that cannot be paused may take"},
};
#undef IN
static const schema_object limits = {.name = "limits map",
                                     .doc = "bounds of each step",
                                     SCHEMA_ROWS(limit_fields),
                                     .size = sizeof(ir_limits)};

static const schema_field remedy_fields[] = {
    {"action", SCHEMA_MARKED, REQUIRED, offsetof(ir_remedy, action),
     .more = &form_word, .doc = "name of the action"},
    {"with", SCHEMA_MAP, 0, offsetof(ir_remedy, with), .doc = "its parameters"},
};
static const schema_object remedy = {.name = "remedy",
                                     .doc = "an action and its parameters",
                                     SCHEMA_ROWS(remedy_fields),
                                     .size = sizeof(ir_remedy)};

static const schema_field waive_fields[] = {
    {"rule", SCHEMA_TEXT, REQUIRED, SCHEMA_NOWHERE,
     .doc = "the lint rule that does not hold here"},
    {"reason", SCHEMA_TEXT, REQUIRED, SCHEMA_NOWHERE, .doc = "why"},
    {"until", SCHEMA_TIME, REQUIRED, SCHEMA_NOWHERE,
     .doc = "when the rule holds again; a year from now at most"},
};
static const schema_object waive = {
    .name = "waiver", .doc = "a lint rule waived", SCHEMA_ROWS(waive_fields)};

static const schema_field exempt_fields[] = {
    {"object", SCHEMA_TEXT, REQUIRED, SCHEMA_NOWHERE,
     .doc = "name of the objects; * is a wildcard"},
    {"reason", SCHEMA_TEXT, REQUIRED, SCHEMA_NOWHERE, .doc = "why"},
    {"until", SCHEMA_TIME, 0, SCHEMA_NOWHERE, .doc = "when it ends"},
};
static const schema_object exempt = {.name = "exemption",
                                     .doc = "objects left alone",
                                     SCHEMA_ROWS(exempt_fields)};

#define IN(member) offsetof(schema_policy_row, policy.member)
static const schema_field policy_fields[] = {
    {"name", SCHEMA_TEXT, REQUIRED, IN(name), .more = &form_name,
     .doc = "names it in plans, in `after` and in approvals"},
    {"why", SCHEMA_TEXT, 0, IN(why), .doc = "the reason, shown in the plan"},
    {"owner", SCHEMA_TEXT, 0, IN(owner), .doc = "whom to notify"},
    {"targets", SCHEMA_SELECTOR, 0, IN(targets),
     .doc = "which targets: a map of labels, or an expression over them; all "
            "when left out"},
    {"for", SCHEMA_MARKED, REQUIRED, IN(kind_name), .more = &form_word,
     .doc = "the kind of object, such as table or index"},
    {"where", SCHEMA_EXPRESSION, SCHEMA_FUNCTION, IN(where),
     .doc = "which objects of the kind; all when left out"},
    {"ensure", SCHEMA_EXPRESSION, REQUIRED | SCHEMA_FUNCTION, IN(ensure),
     .doc = "the invariant: what must hold of each object"},
    {"warn", SCHEMA_EXPRESSION, 0, IN(warn),
     .doc = "a tighter invariant that only warns"},
    {"severity", SCHEMA_CHOICE, 0, IN(severity), .otherwise = "warning",
     .more = severities, .doc = "of a broken `ensure`"},
    {"by", SCHEMA_OBJECTS, SCHEMA_SHORT | SCHEMA_ONE, IN(by), .more = &remedy,
     .doc = "the action that mends it; of several, the first that the target "
            "supports; a pure check when left out"},
    {"with", SCHEMA_MAP, 0, offsetof(schema_policy_row, with),
     .doc = "parameters of the action"},
    {"ahead", SCHEMA_DURATION, 0, IN(ahead_us), 0, DAYS(3660), "0",
     .doc = "act when the trend breaks the invariant within this time"},
    {"if_unknown", SCHEMA_CHOICE, 0, IN(if_unknown), .otherwise = "warn",
     .more = unknowns, .doc = "what to do when `ensure` is unknown"},
    {"after", SCHEMA_TEXTS, 0, IN(after), .more = &form_name,
     .doc = "policies whose steps come first"},
    {"window", SCHEMA_MARKED, 0, IN(window), .more = &form_name,
     .doc = "when its steps may run; any time when left out"},
    {"priority", SCHEMA_INT, 0, IN(priority), 0, 100, "50",
     .doc = "who goes first when time is short"},
    {"limits", SCHEMA_OBJECT, 0, IN(limits), .more = &limits,
     .doc = "bounds of each step"},
    {"throttle", SCHEMA_TEXTS, 0, IN(throttle),
     .doc = "expressions over live metrics; work pauses while one is false"},
    {"abort", SCHEMA_TEXTS, 0, IN(abort),
     .doc = "expressions over live metrics; work is cancelled when one is "
            "false"},
    {"on_failure", SCHEMA_CHOICE, 0, IN(on_failure), .otherwise = "continue",
     .more = failures, .doc = "what happens when a step fails"},
    {"on_window_end", SCHEMA_WORD, 0, IN(on_window_end), .otherwise = "finish",
     .more = ends, .doc = "what happens to a step that runs then"},
    {"atomic", SCHEMA_BOOL, 0, IN(atomic), .otherwise = "false",
     .doc = "all of the policy's steps, or none"},
    {"cooldown", SCHEMA_DURATION, 0, IN(cooldown_us), 0, DAYS(3660), "0",
     .doc = "least time between two actions on one object"},
    {"auto", SCHEMA_BOOL, 0, IN(auto_run), .otherwise = "false",
     .doc = "the daemon may run it without being asked"},
    {"sustained", SCHEMA_DURATION, 0, IN(sustained_us), 0, DAYS(31), "0",
     .doc = "broken only when every sample of this time is"},
    {"clear_after", SCHEMA_DURATION, 0, IN(clear_after_us), 0, DAYS(31), "0",
     .doc = "whole again only when every sample of this time is"},
    {"waive", SCHEMA_OBJECTS, SCHEMA_ONE, SCHEMA_NOWHERE, .more = &waive,
     .doc = "lint rules that do not hold here"},
    {"exempt", SCHEMA_OBJECTS, SCHEMA_ONE, SCHEMA_NOWHERE, .more = &exempt,
     .doc = "objects that are left alone"},
};
#undef IN
const schema_object schema_policy = {
    .name = "policy",
    .doc = "an invariant over facts about a database, and what mends it",
    SCHEMA_ROWS(policy_fields),
    .size = sizeof(schema_policy_row),
    .span_offset = offsetof(schema_policy_row, policy.span)};

static const schema_field file_fields[] = {
    {"vars", SCHEMA_VALUES, 0, offsetof(schema_policies_file, vars),
     .doc = "variables with their defaults; ${name} stands for the value"},
    {"policies", SCHEMA_ANY, REQUIRED, offsetof(schema_policies_file, policies),
     .more = &schema_policy, .doc = "the list of policies"},
};
const schema_object schema_policies = {
    .name = "file of policies",
    .doc = "policies, and variables of this file",
    SCHEMA_ROWS(file_fields),
    .size = sizeof(schema_policies_file)};
