/* The intermediate representation: one tree of plain structs in one arena,
 * filled room by room as the passes go. Every pass reads and writes only
 * this; none calls another. ir/print.c writes it as text.
 *
 *   front     project, policies (names still text), stdlib
 *   resolve   pointers for names: targets, kinds, actions, after, windows
 *   check     expressions compiled, parameters typed, cycles of `after` refused
 *   bind      facts loaded; verdicts
 *   lower     steps (and deferred)
 *   optimise  merged, subsumed, follow-up steps; causes first
 *   order     edges; steps in plan order
 *   schedule  predicted times, conflicts, deferral
 *   lint      diagnostics
 *   emit      bytes
 */
#ifndef COMPILER_IR_H
#define COMPILER_IR_H

#include "approval.h"
#include "expr.h"
#include "facts.h"
#include "front/node.h"
#include "ir/requirement.h"
#include "map.h"
#include "quote.h"
#include "script/script.h"

typedef struct ir ir;
typedef struct ir_step ir_step;
typedef UPK_VEC(upk_str) ir_names;

/* A text with its place. */
typedef struct ir_text {
  upk_str text;
  upk_span span;      /* to point at */
  upk_span text_span; /* where the first byte of text stands */
} ir_text;
typedef UPK_VEC(ir_text) ir_texts;

/* ---- stdlib ---- */

/* What a reset of the server's counters does to an attribute. */
typedef enum ir_counter {
  IR_COUNTER_NO,
  IR_COUNTER_TOTAL, /* it only grows until then */
  IR_COUNTER_LEVEL, /* it falls at other times too: rows that wait for work */
} ir_counter;

typedef struct ir_attribute {
  upk_str name; /* "oldest_row_age" when parametric */
  upk_type type;
  upk_str doc;
  upk_str unit_note; /* may be absent */
  bool parametric;   /* written name(argument) */
  /* NAME_trend of another attribute: only the state store knows it. */
  bool history;
  ir_counter counter;
  struct ir_collector *collector;
} ir_attribute;

/* One variant of a collector's query. */
typedef struct ir_variant {
  int64_t min_version, max_version; /* 0: open */
  ir_names needs;                   /* capabilities */
  upk_str sql;                      /* with {filter} */
} ir_variant;

typedef struct ir_collector {
  upk_str name, path;
  struct ir_kind *kind;
  bool measured;    /* cost: reads data */
  bool reading;     /* reads whole objects: only for who names it */
  ir_names columns; /* as the queries return them, x.reason included */
  upk_type *column_types;
  UPK_VEC(ir_variant) variants;
  upk_str filter;       /* SQL for one object, e.g. "and n.nspname = $1" */
  ir_names filter_keys; /* columns whose values are its parameters */
  upk_str unavailable;
} ir_collector;

typedef struct ir_kind {
  upk_str name; /* "index" */
  upk_str doc;
  ir_names keys;  /* columns that name an object: schema, name */
  bool single;    /* one object per target: database of SQLite, instance */
  bool transient; /* its objects come and go: no history is kept of them */
  UPK_VEC(ir_attribute) attributes;
  /* The trends of attributes that have a unit, unless a collector gives one. */
  UPK_VEC(ir_attribute) trends;
  UPK_VEC(ir_collector *) collectors; /* the first makes the rows */
  /* What objects belong to: `table.size` in an index. parent_keys are columns
   * of this kind that hold the parent's keys. */
  struct {
    upk_str kind;
    ir_names keys;
  } * parents;
  size_t parent_count;
  upk_str path;           /* of the file that defines it */
  struct ir_scope *scope; /* ir/scope.h: made when a policy needs it */
} ir_kind;

typedef enum ir_value_type {
  IR_VALUE_BOOL,
  IR_VALUE_INT,
  IR_VALUE_TEXT,
  IR_VALUE_BYTES,
  IR_VALUE_DURATION,
  IR_VALUE_RATIO,
  IR_VALUE_LIST,   /* of texts */
  IR_VALUE_CHECKS, /* list of {sql, expect}: for run_sql and its kind */
  IR_VALUE_STATEMENTS,
} ir_value_type;

typedef struct ir_parameter {
  upk_str name;
  ir_value_type type;
  bool required;
  node *otherwise; /* default; NULL: none */
  bool has_min, has_max;
  int64_t min, max;
  ir_names choices; /* of a text; empty: any */
  upk_str doc;
} ir_parameter;

typedef enum ir_risk { IR_RISK_LOW, IR_RISK_MEDIUM, IR_RISK_HIGH } ir_risk;

typedef struct ir_action {
  upk_str name, engine, kind, doc, path;
  upk_span span;
  UPK_VEC(ir_parameter) parameters;
  ir_names reads;                   /* attributes that plan() looks at */
  int64_t min_version, max_version; /* 0: open */
  ir_names needs;                   /* capabilities that facts must show */
  ir_names privileges;              /* that the role must have: engine file */
  bool privileges_said;
  ir_names provides, subsumes,
      conflicts;    /* "action" on the same object, or "action:parent" /
                       "action:children" */
  bool per_policy;  /* run_sql: the step's id ends in #policy */
  bool redefines;   /* changes what its object is: columns, constraints */
  bool destructive; /* refuses if_unknown: act and auto */
  bool deterministic_post; /* post-check of the invariant: holds (true) or
                              improves */
  const node *definition;  /* the whole table; functions plan, estimate ... */
  script *script;
} ir_action;

typedef struct ir_engine {
  upk_str name;
  upk_dialect dialect;
  const node *definition; /* stdlib/ENGINE/engine.lua */
  UPK_VEC(ir_kind *) kinds;
  UPK_VEC(ir_collector *) collectors;
  UPK_VEC(ir_action *) actions;
  UPK_VEC(const node *) suggestions; /* suggest/ */
  struct {
    upk_str name, sql;
  } * capabilities;
  size_t capability_count;
  upk_str identity_sql;
  upk_str counters_sql; /* since when counters count; absent: it has none */
  ir_names session;     /* statements that begin each connection */
} ir_engine;

/* ---- project ---- */

typedef struct ir_label {
  upk_str key, value;
} ir_label;

typedef struct ir_target {
  upk_str name, engine_name, connect, role,
      ledger; /* ledger: in-target | none */
  upk_span span;
  UPK_VEC(ir_label) labels;
  ir_names replicas;
  int64_t jobs;
  const node *raw;   /* its map, for keys that later rooms read */
  ir_engine *engine; /* resolve */
} ir_target;

/* When something may run: ascending, [from, to) in microseconds since 1970. */
typedef struct ir_interval {
  int64_t from_us, to_us;
} ir_interval;

typedef struct ir_openings {
  const ir_interval *items;
  size_t count;
} ir_openings;

typedef struct ir_window {
  upk_str name, rrule, timezone;
  int64_t duration_us;
  upk_span span;
  /* schedule */
  ir_openings open;
  ir_interval first; /* the first opening that a step of the plan goes to */
  bool used;         /* a step of the plan has it */
  bool required;     /* of the requirements document: span is in there */
  upk_str target;    /* of that document, for one target only; or absent */
} ir_window;

typedef struct ir_blackout {
  int64_t from_us, to_us;
  upk_str reason;
} ir_blackout;

typedef struct ir_expression {
  ir_text source;     /* source.text absent: not given */
  node *function;     /* a Lua function instead of text, or NULL */
  upk_expr *compiled; /* per target engine: see check */
} ir_expression;

/* Who must sign which steps. */
typedef struct ir_approval {
  ir_expression when;
  upk_approval_when fits; /* front */
  int64_t signatures, expires_us;
  upk_str signers, revoked; /* paths; revoked may be absent */
  upk_str authors_since;    /* a commit; may be absent */
  bool author_may_approve;
  upk_span span;
} ir_approval;

/* A policy pack as upkeep.lock has it, once its files were found to be so. */
typedef struct ir_pack {
  upk_str folder; /* ".upkeep/packs/COMMIT/" */
  UPK_VEC(struct {
    upk_str path; /* within the pack */
    upk_str text;
  })
  files;
} ir_pack;

/* A shipped file of policies, or a pack, and what the project changes in it. */
typedef struct ir_use {
  ir_text name;                /* "std/postgres-baseline"; absent for a pack */
  ir_text git, commit, path;   /* of a pack; absent for shipped policies */
  ir_texts except;             /* policies that are left out */
  const node *override, *vars; /* maps, or NULL */
} ir_use;

typedef struct ir_project {
  upk_str path, state;
  int64_t version;
  UPK_VEC(ir_target) targets; /* in order of the file */
  UPK_VEC(ir_window) windows;
  ir_texts include, actions, facts;
  UPK_VEC(ir_use) use;
  ir_text required_version;
  ir_texts programs; /* that steps may run */
  ir_texts archives; /* folders that steps may write to */
  UPK_VEC(ir_approval) approvals;
  ir_texts standing_approvals; /* files */
  const node *vars;            /* values for ${name}, or NULL */
  ir_names vars_known;         /* declared by a file, or used: front */
  const node *raw; /* keys that later rooms read: blackouts, approvals ... */
} ir_project;

/* ---- policies ---- */

typedef enum ir_unknown {
  IR_UNKNOWN_WARN,
  IR_UNKNOWN_SKIP,
  IR_UNKNOWN_ACT,
  IR_UNKNOWN_FAIL,
} ir_unknown;

typedef enum ir_verdict {
  IR_EXCLUDED,
  IR_HOLDS,
  IR_WARNS,
  IR_BROKEN,
  IR_PREDICTED,
  IR_UNKNOWN_VERDICT,
  IR_EXEMPT,
} ir_verdict;

typedef enum ir_on_failure {
  IR_FAILURE_CONTINUE,
  IR_FAILURE_STOP,
  IR_FAILURE_ROLLBACK,
} ir_on_failure;

typedef struct ir_remedy {
  ir_text action;      /* name */
  node *with;          /* a map, or NULL */
  ir_action *resolved; /* for the target being compiled, or NULL */
  UPK_VEC(struct {
    upk_str name;
    const node *value;
  })
  arguments; /* check: typed, defaults filled in, in byte order */
} ir_remedy;

/* How much of the server a step may take that nothing can pause. */
typedef enum ir_pace { IR_PACE_GENTLE, IR_PACE_NONE } ir_pace;

typedef struct ir_limits {
  int64_t lock_timeout_us, statement_timeout_us, max_duration_us;
  int64_t max_blocking_us, reader_wait_us, lock_wait_us;
  int64_t retries, max_actions; /* max_actions 0: no cap */
  int pace;                     /* ir_pace */
} ir_limits;

/* Which limits a policy gives itself. */
enum {
  IR_GIVEN_LOCK_TIMEOUT = 1,
  IR_GIVEN_STATEMENT_TIMEOUT = 2,
  IR_GIVEN_MAX_DURATION = 4,
  IR_GIVEN_MAX_BLOCKING = 8,
};

typedef struct ir_object {
  ir_kind *kind;
  size_t row;          /* in the kind's facts */
  const upk_str *name; /* key values */
  size_t name_count;
  upk_str display;
  upk_str native_id;   /* may be absent */
  upk_str fingerprint; /* likewise */
} ir_object;

typedef struct ir_policy {
  upk_str name, why, owner;
  upk_span span, name_span;
  upk_severity severity; /* NOTE is info, FAILURE is critical */
  node *targets;         /* selector: map or expression; NULL: all */
  ir_text kind_name;
  ir_expression where, ensure, warn;
  UPK_VEC(ir_remedy) by;
  int64_t ahead_us, cooldown_us;
  ir_unknown if_unknown;
  ir_texts after;
  ir_text window;
  int64_t priority;
  ir_limits limits, written_limits; /* check: with what the requirements fill */
  unsigned limits_given;            /* IR_GIVEN_* */
  ir_texts throttle;                /* broken: work pauses */
  bool throttle_of_target;          /* check: it has none of its own */
  bool throttle_required;           /* check: the last is of the requirements */
  ir_texts abort;                   /* broken: work is cancelled */
  ir_on_failure on_failure;
  bool atomic, auto_run;
  upk_str on_window_end; /* finish | cancel */
  int64_t sustained_us, clear_after_us;
  /* Lists of maps, read by lint and bind, or NULL: {rule, reason, until} and
   * {object, until, reason}. */
  const node *waive, *exempt;

  /* front. Either ends the compilation after check. */
  bool damaged;   /* some key could not be read: parameters may be lost */
  upk_str asked;  /* `plan --do`: the object, whatever it is like */
  bool name_only; /* so it is with a required one: known by its name alone */

  /* resolve, for the target being compiled */
  upk_expr *selector; /* of `targets` as an expression, or NULL */
  bool refused;       /* an expression or parameter is wrong: said once */
  bool applies;       /* its selector matches and the kind exists there */
  ir_kind *kind;
  /* Policies by number, one for each of `after`; SIZE_MAX: unknown, said. */
  UPK_VEC(size_t) after_index;
  ir_window *window_resolved;
  bool window_required; /* schedule: it names none, and has this one */

  /* bind: one byte an object of the kind, or NULL */
  uint8_t *verdicts; /* ir_verdict */
  size_t counts[16]; /* by ir_verdict */
} ir_policy;

/* ---- steps ---- */

/* A program in place of SQL: docs/formats.md, "A program". */
typedef struct ir_exec {
  UPK_VEC(const node *) arguments; /* the program's name first */
  ir_names environment;            /* NAME or NAME=value */
  UPK_VEC(const node *) success;   /* exit codes */
  int64_t timeout_ms;
} ir_exec;

/* Rows as the lines of a file: docs/formats.md, "A file". */
typedef struct ir_file {
  upk_str folder;
  bool write;                 /* else its lines are a parameter */
  UPK_VEC(const node *) with; /* its name; read: its digest too */
} ir_file;

/* Statements that are repeated: docs/formats.md, "A batch". */
typedef struct ir_batch {
  struct ir_statement *run;
  size_t run_count;
  upk_str count, expect, more, of;
  int64_t start_rows, max_rows, total_rows, target_ms;
} ir_batch;

typedef struct ir_check {
  upk_str name;
  ir_names queries; /* or */
  upk_str sql;
  ir_exec *exec; /* in place of both, after the statements */
  UPK_VEC(const node *) params;
  UPK_VEC(struct {
    upk_str name;
    upk_type type;
  })
  columns;
  upk_str expect, otherwise, rows;
  int64_t within_ms;
} ir_check;

typedef struct ir_statement {
  upk_str sql;     /* or */
  ir_exec *exec;   /* or */
  ir_batch *batch; /* nothing but these three of it */
  ir_file *file;   /* beside `sql`, or NULL */
  UPK_VEC(const node *) params;
  upk_str returns;
  ir_names catches;
  bool no_transaction;
} ir_statement;

/* Of the session, while the step runs. */
typedef struct ir_setting {
  upk_str name, value;
} ir_setting;

typedef struct ir_lock {
  upk_str mode;
  UPK_VEC(upk_str) object;
} ir_lock;

typedef struct ir_estimate {
  int64_t p50_ms, p90_ms, blocking_ms;
  int64_t reads_bytes, writes_bytes, wal_bytes, disk_peak_bytes;
  upk_str basis;
} ir_estimate;

struct ir_step {
  upk_str id;
  ir_policy *policy; /* NULL: upkeep's own, such as the ledger's */
  size_t policy_index;
  /* optimise: other policies, by number, whose steps this one stands for. */
  UPK_VEC(size_t) also;
  ir_action *action;
  ir_remedy *remedy; /* its arguments are the step's parameters */
  ir_object object;
  upk_str because;
  upk_span span;
  upk_str atomicity;
  ir_risk risk;
  UPK_VEC(ir_check) pre, post;
  UPK_VEC(ir_statement) run;
  UPK_VEC(ir_setting) settings; /* in byte order of names */
  upk_str turn; /* steps of one turn never run at once; absent: none */
  bool has_probe;
  ir_check probe_done, probe_partial;
  bool has_partial;
  UPK_VEC(ir_statement) cleanup;
  upk_str undo_class, undo_why;
  UPK_VEC(ir_statement) undo;
  UPK_VEC(ir_lock) locks;
  ir_names conflicts; /* schedule */
  int64_t lock_ms, statement_ms, max_ms;
  int64_t blocking_ms; /* others wait no longer than that */
  int64_t wait_ms;     /* all its tries for locks together; 0: as retries */
  int64_t readers_ms;  /* it waits for old snapshots no longer; 0: max_ms */
  ir_estimate estimate;
  int64_t score, benefit, cost, urgency; /* scheduling */
  /* schedule: predicted, from the opening's start, or with no window from the
   * moment of the plan */
  int64_t start_ms, end_ms;
  int64_t late_end_ms; /* when every step takes its p90; -1: not known to fit */
  int64_t opens_us;    /* that opening's */
  ir_window *window;   /* NULL: at any time outside blackouts */
  /* optimise: it is there only because of step follows - 1; 0: of itself */
  uint32_t follows;
  /* optimise: it can only help once step cause - 1 is done; 0: none */
  uint32_t cause;
  /* optimise: merged into, or subsumed by, another; schedule: deferred */
  bool dropped;
};

typedef struct ir_edge {
  /* Steps by number; a barrier of policy p is IR_BARRIER + p. */
  uint32_t from, to;
  upk_str why;
  upk_span at;
  bool needed; /* without `from` there is nothing to do for `to` */
} ir_edge;
#define IR_BARRIER 0x80000000u

typedef struct ir_deferred {
  ir_policy *policy;
  ir_object object;
  upk_str action, reason, because;
  upk_str detail; /* what stands in the way; may be absent */
  bool too_long;  /* window: no opening that is known is long enough */
} ir_deferred;

/* What blocking may still cost; schedule. All 0 without an availability. */
typedef struct ir_budget {
  bool given;
  int64_t availability_ppm; /* -1: only a downtime is given */
  upk_str period;           /* month, 30 days */
  int64_t from_us, to_us;   /* that the plan's moment is in */
  int64_t allowed_ms, spent_ms, expected_ms;
  int64_t unmeasured; /* runs of the period whose blocking is not known */
} ir_budget;

/* ---- the whole ---- */

struct ir {
  upk_arena *arena;
  upk_diags *diags;
  const struct upk_compile_request *request;
  const struct upk_source *source;
  const struct test_case *test; /* a policy test is run; else NULL */

  ir_project project;
  ir_requirements requirements;  /* front */
  struct front_overlay *overlay; /* front: of the file being read, or NULL */
  bool policies_lost; /* front: there are policies whose names are not known */
  UPK_VEC(ir_policy) policies; /* sorted by name after front */
  UPK_VEC(ir_engine *) engines;
  UPK_VEC(struct {
    upk_str path;
    upk_str sha256;
  })
  files; /* that policies came from */
  upk_str stdlib_version, stdlib_sha256;
  UPK_VEC(script *) scripts; /* whose functions nodes refer to */

  ir_target *target; /* the one being compiled */
  ir_engine *engine; /* its */
  upk_facts facts;
  upk_str facts_sha256;
  int64_t now_us;

  UPK_VEC(ir_step) steps;
  UPK_VEC(ir_edge) edges;
  UPK_VEC(ir_deferred) deferred;
  UPK_VEC(uint32_t) plan_order; /* numbers of the steps that are left */
  struct { /* schedule: of the whole plan, on the target's jobs */
    int64_t p50_ms, p90_ms, blocking_ms; /* time in which something runs */
  } totals;
  /* schedule, from request->windows */
  ir_openings free; /* outside blackouts */
  UPK_VEC(ir_blackout) blackouts;
  upk_str tzdata;
  ir_budget budget;
  int64_t expires_us; /* nothing may begin from then on */
  upk_sink output;    /* what emit writes to */
  UPK_VEC(struct {
    upk_str name;
    upk_str sql;
  })
  query_texts;
  bool names_resolved, cycles_checked; /* need no look for each engine */
  struct relate *related;       /* step/relate.h: steps found from steps */
  struct step_recipes *recipes; /* step/: what steps of one kind share */
  /* lower: rows of the ledger would be refused, so that the plan has none. */
  bool ledger_refused;
  bool ledger_denied; /* lower: the role may not write it */
  bool makes_ledger;  /* lower: the plan begins with the ledger */
};

/* Closes the scripts. Called once, before the arena goes away. */
void ir_free(ir *ir);

/* The IR as text for --dump-after and tests: stable, one fact a line. */
void ir_print(const ir *ir, upk_str after_pass, upk_buf *out);

ir_kind *ir_kind_find(const ir_engine *engine, upk_str name);
ir_attribute *ir_attribute_find(const ir_kind *kind, upk_str name);
/* Actions are named within a kind: verify_integrity is there for tables, for
 * indexes and for the database. The first gives any of them; the second that
 * for a kind, or one for `any`. */
ir_action *ir_action_find(const ir_engine *engine, upk_str name);
ir_action *ir_action_find_for(const ir_engine *engine, upk_str name,
                              upk_str kind);
ir_engine *ir_engine_find(const ir *ir, upk_str name);

#endif
