/* A plan as the machine works on it: what runtime/plan reads from a plan file,
 * names already numbers. Everything is in the reader's arena and is never
 * changed. The file's form is docs/formats.md, "Plan". */
#ifndef RUNTIME_MACHINE_PLAN_H
#define RUNTIME_MACHINE_PLAN_H

#include <upkeep/base.h>

#include "digest.h"
#include "expr.h"
#include "json.h"

typedef enum plan_value_type {
  PLAN_NULL,
  PLAN_INT,
  PLAN_BOOL,
  PLAN_TEXT,
} plan_value_type;

/* A value that goes into a query, or came out of one. */
typedef struct plan_value {
  plan_value_type type;
  int64_t integer; /* INT, and BOOL as 0 or 1 */
  upk_str text;
} plan_value;

typedef struct plan_param {
  upk_str from; /* "before.x", "found.damage", "step.run"; absent: literal */
  plan_value literal;
} plan_param;

/* A program in place of a query; its arguments are the query's parameters. */
typedef struct plan_exec {
  upk_str program;            /* an absolute path, or a name without one */
  const upk_str *environment; /* NAME: as the executor has it; NAME=value */
  size_t environment_count;
  const int64_t *success; /* exit codes; none: 0 alone */
  size_t success_count;
  bool any_code;      /* of a check: each exit code is an answer */
  int64_t timeout_ms; /* 0: the step's limits alone */
} plan_exec;

/* What a query's rows are written to, or one parameter is read from. */
typedef struct plan_file {
  upk_str folder; /* an absolute path */
  bool write;     /* else read */
  /* Its name, and where it is read its digest: behind the query's own
   * parameters. */
  size_t with_count;
} plan_file;

/* A query and its parameters; `sql` absent: there is none. */
typedef struct plan_query {
  upk_str sql;
  const plan_param *params;
  size_t param_count;
  const plan_exec *exec; /* in place of `sql`, or NULL */
  const plan_file *file; /* beside `sql`, or NULL */
} plan_query;

typedef enum plan_rows { PLAN_FIRST, PLAN_EVERY, PLAN_NO_ROW } plan_rows;

typedef enum plan_otherwise {
  PLAN_FAIL, /* the default */
  PLAN_SKIP,
  PLAN_RETRY,
  PLAN_DRIFT, /* it is another object than the plan's: refused */
} plan_otherwise;

typedef struct plan_column {
  upk_str name;
  upk_type type;
} plan_column;

typedef struct plan_check {
  upk_str name;
  upk_str expect;            /* absent for PLAN_NO_ROW */
  const plan_query *queries; /* asked in turn, first rows put together */
  size_t query_count;
  const plan_column *columns;
  size_t column_count;
  plan_rows rows;
  plan_otherwise otherwise;
  int64_t within_ms; /* 0: asked once */
} plan_check;

struct plan_batch;

typedef struct plan_statement {
  plan_query query;
  upk_str returns; /* absent: nothing is kept */
  const upk_str *catches;
  size_t catch_count;
  const struct plan_batch *batch; /* in place of `query`, or NULL */
} plan_statement;

typedef struct plan_statements {
  const plan_statement *items;
  size_t count;
} plan_statements;

/* Of the session, while the step runs. */
typedef struct plan_setting {
  upk_str name, value;
} plan_setting;

/* Rounds of statements; each commits by itself. */
typedef struct plan_batch {
  plan_statements run;
  upk_str count;  /* place of the number of rows a round treated */
  upk_str more;   /* place of whether another round is needed; or absent */
  upk_str of;     /* place of how many there are; or absent */
  upk_str expect; /* must be true before a round commits; or absent */
  int64_t start_rows, max_rows, total_rows; /* total 0: no limit */
  int64_t target_ms;
} plan_batch;

typedef struct plan_checks {
  const plan_check *items;
  size_t count;
} plan_checks;

typedef enum plan_atomicity {
  PLAN_TRANSACTION, /* one transaction, the ledger's row in it */
  PLAN_AUTOCOMMIT,  /* commits by itself; the probe knows */
  PLAN_EXTERNAL,    /* takes effect outside the database; the probe knows */
} plan_atomicity;

typedef enum plan_on_failure {
  PLAN_CONTINUE,
  PLAN_STOP,
  PLAN_ROLLBACK, /* undo the policy's applied steps, last first */
} plan_on_failure;

#define PLAN_NO_POLICY UINT32_MAX
#define PLAN_NO_WINDOW UINT32_MAX

typedef struct plan_window {
  upk_str name, rrule, timezone;
  int64_t duration_us;
} plan_window;

typedef struct plan_blackout {
  int64_t from_us, to_us;
  upk_str reason;
} plan_blackout;

/* A value of the running system, asked for while steps run. */
typedef enum plan_measure {
  PLAN_VALUE,   /* what the query gives */
  PLAN_RATE,    /* how fast that grows, per day, between two samples */
  PLAN_LATENCY, /* how long the query takes */
} plan_measure;

typedef struct plan_metric {
  upk_str name;   /* as expressions write it: "replica_lag" */
  upk_str column; /* of the query's first row; COLUMN.reason beside it */
  upk_type type;
  plan_measure measure;
  upk_str needs;       /* SQL for one boolean, asked once; or absent */
  plan_query query;    /* without SQL: never known */
  upk_str unavailable; /* why, then or when `needs` is not true */
} plan_metric;

typedef struct plan_step {
  upk_str id, action, kind;
  upk_str object;  /* as people read it */
  uint32_t policy; /* number among the plan's policies, or PLAN_NO_POLICY */
  plan_atomicity atomicity;
  plan_on_failure on_failure;
  const uint32_t *conflicts; /* numbers of conflict keys, each once */
  size_t conflict_count;
  plan_checks pre, post;
  const plan_setting *settings;
  size_t setting_count;
  plan_statements run;
  bool has_batch, has_undo_batch;
  size_t run_lead; /* so many of `run` go before BEGIN of a transaction */
  bool locks_out;  /* a lock of it keeps all others waiting, readers too */
  bool has_probe, has_partial;
  plan_check probe_done, probe_partial;
  plan_statements cleanup, undo;
  bool can_undo; /* undo's class is not "none" and it has statements */
  upk_str undo_why;
  int64_t lock_ms, statement_ms, max_ms; /* 0: none */
  int64_t wait_ms;                  /* all tries for locks; 0: as retries */
  int64_t blocking_ms;              /* others wait no longer; 0: no bound */
  int64_t readers_ms;               /* it waits for old readers; 0: max_ms */
  int64_t watch_ms;                 /* the guard looks so often */
  int64_t room_bytes;               /* of disk that it needs; 0: little */
  const uint32_t *throttle, *abort; /* numbers of plan.levels */
  size_t throttle_count, abort_count;
  int64_t retries;
  int64_t p50_ms, p90_ms;
  uint32_t window;    /* number among the plan's windows, or none */
  bool cancel_at_end; /* of its window; otherwise it finishes */
  upk_str statement;  /* the texts of `run`, for the ledger */
  upk_digest digest;  /* of the step's bytes */
} plan_step;

/* Nodes of the graph: steps by their number, then barriers. */
typedef struct plan_edge {
  uint32_t from, to;
} plan_edge;

typedef struct plan {
  upk_str digest, intent;
  upk_digest file; /* of the file's bytes */
  upk_str target, engine, role, version;
  const upk_json *identity; /* object of texts */
  upk_str identity_sql;
  const upk_str *session;
  size_t session_count;
  bool has_ledger;
  plan_query ledger_present, ledger_runs, ledger_applied, ledger_insert;
  plan_query ledger_uses;              /* of approvals; no text: none */
  plan_query lease_take;               /* no text: the plan has none */
  upk_str guard_sql, guard_cancel_sql; /* absent: there is no guard */
  upk_str progress_sql; /* how far sessions' statements are; or absent */
  const plan_metric *metrics;
  size_t metric_count;
  const upk_str *levels; /* expressions over metrics, each once */
  size_t level_count;
  const plan_step *steps;
  size_t step_count;
  size_t barrier_count;
  const plan_edge *edges;
  size_t edge_count;
  const upk_str *policies;
  size_t policy_count;
  const upk_str *conflict_keys;
  size_t conflict_key_count;
  const plan_window *windows;
  size_t window_count;
  const plan_blackout *blackouts; /* known when the plan was made, by from */
  size_t blackout_count;
  bool asks_approval; /* the project that made it wants signatures */
  int64_t expires_us; /* no run may begin from then on; 0: never */
} plan;

#endif
