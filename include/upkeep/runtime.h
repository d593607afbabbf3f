/* The runtime: inspects databases, executes plans, keeps the plan log.
 * It has no Lua and reads no policy: only inspection requests and plans.
 */
#ifndef UPKEEP_RUNTIME_H
#define UPKEEP_RUNTIME_H

#include <upkeep/approve.h>
#include <upkeep/base.h>
#include <upkeep/diag.h>
#include <upkeep/window.h>

/* The clock and random numbers, handed in. */
typedef struct upk_clock {
  int64_t (*wall_us)(void *ctx);      /* since 1970 */
  int64_t (*monotonic_us)(void *ctx); /* counts suspended time too */
  uint64_t (*random)(void *ctx);      /* for run ids and seeds */
  void *ctx;
} upk_clock;

/* Limits of time where a request names none (0). */
enum { UPK_CONNECT_MS = 10 * 1000, UPK_STATEMENT_MS = 5 * 60 * 1000 };

/* One database, as the project says it; the cli has resolved env: and file:. */
typedef struct upk_target {
  upk_str name;
  upk_str engine;
  upk_str connect; /* secret: never logged, printed or put into a message */
  upk_str role;    /* refuse when the server has another; absent: any */
  unsigned jobs;   /* at least 1 */
} upk_target;

/* The state store: upkeep/state.h. */
typedef struct upk_state upk_state;

typedef struct upk_inspect_request {
  upk_target target;
  upk_str request; /* bytes of an inspection request */
  int64_t connect_timeout_ms, statement_timeout_ms;
  upk_state *state; /* what history knows comes from it; NULL: nothing */
  bool record;      /* the facts become samples in it */
} upk_inspect_request;

/* Reads facts and writes a facts file to `output`. Read-only: the session is
 * set so, and SQLite is opened so that no WAL is checkpointed. Blocks. */
upk_status upk_inspect(const upk_inspect_request *request,
                       const upk_clock *clock, upk_diags *diags,
                       upk_sink output);

/* One of many inspections has ended. `facts` holds a facts file on UPK_OK; who
 * wants to keep it takes its bytes and leaves it all zero. `said` is what there
 * is to say. Both are gone when it returns. */
typedef void (*upk_inspected)(void *ctx, size_t index, upk_status status,
                              upk_buf *facts, const upk_diags *said);

/* Inspects many targets on one loop: begins them in the order given, at most
 * `parallel` at once, and calls on_end once for each as they end, between the
 * others' input and output (so it must be quick). One that fails does not touch
 * the others, and each has its own deadlines. Requests of one engine share
 * their bytes, which are then read once. Blocks until the last has ended. */
void upk_inspect_many(const upk_inspect_request *requests, size_t count,
                      unsigned parallel, const upk_clock *clock,
                      upk_inspected on_end, void *ctx);

/* What happens, while it happens: for progress lines and NDJSON. */
typedef struct upk_event {
  const char *name;   /* as in the plan log, and "progress" */
  upk_str run;        /* id */
  upk_str step;       /* id, or absent */
  const char *state;  /* of the step ("waiting", "running"), or of the run */
  upk_str text;       /* English, e.g. what a wait waits for */
  size_t done, total; /* steps */
  int64_t elapsed_us; /* of the step, or the run */
  int64_t wall_us;    /* since 1970 */
  upk_str json;       /* the log record, or absent */
} upk_event;

/* What is done with the plan. */
typedef enum upk_goal {
  UPK_APPLY,    /* a run begins */
  UPK_RESUME,   /* a run goes on where it was cut off or stopped */
  UPK_ROLLBACK, /* what a run applied is undone, last first */
} upk_goal;

/* Whether steps are only tried: each alone, in a transaction that is rolled
 * back. Those that a rollback would not take back are not begun. Nothing is
 * logged or consumed; windows are not asked, blackouts are. */
typedef enum upk_rehearsal {
  UPK_NO_REHEARSAL,
  UPK_REHEARSE,     /* but steps whose locks keep all others waiting */
  UPK_REHEARSE_ALL, /* those too */
} upk_rehearsal;

typedef struct upk_apply_request {
  upk_goal goal;
  upk_rehearsal rehearse; /* with APPLY */
  upk_str run; /* RESUME, ROLLBACK: its id, a folder in `runs_folder` */
  /* RESUME, ROLLBACK: end a session of this run that works on though its
   * executor is dead, instead of waiting for it. */
  bool cancel_orphan;
  upk_target target;
  upk_str plan;        /* bytes of a plan file */
  upk_str plan_path;   /* for messages */
  upk_str runs_folder; /* ".upkeep/runs" */
  upk_str stop_file;   /* the kill switch, ".upkeep/stop"; absent: none */
  upk_str host, user;  /* for run.begin */
  int64_t pid;         /* of this process, for run.begin */
  unsigned jobs;       /* 0: the target's */
  bool dry_run;        /* checks only: every pre-check, nothing else */
  int64_t connect_timeout_ms;
  /* What steps may run, as the executor's own project says; a plan that wants
   * another program is refused. */
  const upk_str *programs;
  size_t program_count;
  /* Folders that steps may write archives to and read them from, and what is
   * below, as the executor's own project says: absolute paths. */
  const upk_str *archives;
  size_t archive_count;
  /* Of this process, ending with NULL: programs get of it what their step
   * names. NULL: nothing. */
  char *const *environment;
  /* Of the executor's own project, today; those of the plan count too. */
  const upk_blackout_rule *blackouts;
  size_t blackout_count;
  /* Who must have signed, for APPLY and RESUME; NULL: a plan that asks for
   * signatures is refused. An undo is part of what was approved. */
  const upk_approvals *approvals;
  bool wait;          /* for the next opening, instead of UPK_WINDOW */
  int64_t stop_at_us; /* no step runs beyond that time; 0: none */
  void (*on_event)(void *ctx, const upk_event *event); /* may be NULL */
  void *ctx;
  /* Set by a signal handler: 1 finish cleanly, 2 or more cancel now. */
  const volatile int *stop;
} upk_apply_request;

typedef struct upk_outcome {
  upk_str run; /* id; absent when none was begun */
  size_t applied, skipped, failed, undone, cancelled, in_doubt, total;
  size_t rehearsed;
  int64_t blocked_us; /* what others waited for its steps, summed */
  bool over;          /* RESUME, ROLLBACK: nothing was left to do */
} upk_outcome;

/* Executes a plan. RESUME and ROLLBACK: UPK_STALE when `plan` is not the one
 * that the run began with or its log is damaged, UPK_LOCKED while the run
 * lives. UPK_WINDOW when no step may start now, or there is no room for some;
 * APPLY: UPK_STALE when the plan has expired. A rehearsal: UPK_PRECHECK when a
 * step failed, UPK_PARTIAL when a statement ended its transaction by itself.
 * Strings of the outcome are in the diagnostics' arena. */
upk_status upk_apply(const upk_apply_request *request, const upk_clock *clock,
                     upk_diags *diags, upk_outcome *ret_outcome);

/* An operator's word on a step in doubt, for the next resume to believe. */
typedef struct upk_resolve_request {
  upk_str run_folder;
  upk_str plan, plan_path; /* bytes of its plan.json */
  upk_str step;            /* id */
  bool done;               /* it was done, or undone; else it was not */
  upk_str reason, user, host;
} upk_resolve_request;

/* Writes it into the log, on disk when it returns. UPK_USAGE when the step is
 * not in doubt, UPK_LOCKED while the run lives. */
upk_status upk_resolve(const upk_resolve_request *request,
                       const upk_clock *clock, upk_diags *diags);

/* A step whose effect is in the database, as the log says. */
typedef struct upk_undo_step {
  upk_str step;
  bool can;    /* rollback undoes it */
  upk_str why; /* it cannot be */
} upk_undo_step;

typedef struct upk_undo {
  upk_undo_step *steps; /* in the order of rollback: last applied first */
  size_t count;
  size_t open;  /* steps whose outcome the log does not know */
  bool cut_off; /* a rollback began and has not ended */
} upk_undo;

/* What UPK_ROLLBACK would do with a run; only reads its log. Strings are in
 * the diagnostics' arena. */
upk_status upk_run_undo(upk_str run_folder, upk_str plan, upk_str plan_path,
                        upk_diags *diags, upk_undo *ret_undo);

/* What an operator tells a run that goes on elsewhere. Name, and the word. */
#define UPK_ORDER_TABLE(X)                                                     \
  X(PAUSE, "pause") /* starts nothing more until CONTINUE */                   \
  X(CONTINUE, "continue")                                                      \
  X(CANCEL, "cancel")         /* as the first SIGTERM */                       \
  X(CANCEL_NOW, "cancel now") /* as the second */                              \
  X(HOLD, "hold")             /* a step is not begun until RELEASE */          \
  X(RELEASE, "release")                                                        \
  X(SET, "set") /* a change within what the plan allows */

typedef enum upk_order_kind {
#define X(name, text) UPK_ORDER_##name,
  UPK_ORDER_TABLE(X)
#undef X
      UPK_ORDERS
} upk_order_kind;

typedef struct upk_order {
  upk_order_kind kind;
  upk_str user, host; /* who gives it, for the log */
  upk_str step;       /* HOLD, RELEASE; SET: absent for every step */
  upk_str change;     /* SET: "batch=1000" */
} upk_order;

/* Whether the plan of a run has the order's step and allows its change; else
 * UPK_USAGE after a diagnostic with the bound. `plan`: bytes of its plan file.
 */
upk_status upk_order_check(const upk_order *order, upk_str plan,
                           upk_str plan_path, upk_diags *diags);

/* Gives an order to the run whose folder this is, and waits until it has taken
 * it: at most five seconds, then it is taken back. UPK_ERROR when the run does
 * not live or does not answer, UPK_LOCKED when another order waits there. */
upk_status upk_run_order(upk_str run_folder, const upk_order *order,
                         const upk_clock *clock, upk_diags *diags);

/* What a run does now, by its log and whether a process holds it: one object
 * of docs/formats.md, "Status", to `output`. `steps`: with its steps. Only
 * reads, and blocks nobody. */
upk_status upk_run_status(upk_str run_folder, bool steps,
                          const upk_clock *clock, upk_diags *diags,
                          upk_sink output);

/* Checks form, digest and intent of a plan file without a database. */
upk_status upk_plan_verify(upk_str plan, upk_str path, upk_diags *diags);

/* Chain, seal, canonical form, and that plan.json is the plan it names.
 * UPK_STALE with the first wrong line. A torn last line is said (a warning)
 * and is no damage. `ret_semantic` (may be NULL) gets the run's semantic
 * digest, "sha256:...", in the diagnostics' arena. */
upk_status upk_log_verify(upk_str run_folder, upk_diags *diags,
                          upk_str *ret_semantic);

/* Feeds the events in a run's log to new machines, which must command the same
 * and write the same records again. UPK_STALE with the first that differs.
 * `ret_records`: so many were compared. */
upk_status upk_log_replay(upk_str run_folder, upk_str plan, upk_str plan_path,
                          upk_diags *diags, size_t *ret_records);

/* Drivers built in: "sqlite", "postgres"; NULL past the end. */
const char *upk_driver_name(size_t index);

/* The hidden verb by which a driver starts this program again for a connection
 * of its own (ODBC), and what a program that uses such engines does when this
 * is its only argument: serves standard input, a socket, until it closes. The
 * exit code; 1 where no such driver is built in. */
#define UPK_SESSION_VERB "__session"
int upk_session_serve(void);

#endif
