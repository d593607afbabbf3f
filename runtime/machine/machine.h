/* The machine: one run of a plan as a pure function
 * (state, event) -> (state, commands).
 *
 * It does no I/O, reads no clock and draws no random number: time comes with
 * every event, jitter from the seed. The same events give the same commands,
 * so a run can be replayed from its log and simulated with a virtual clock.
 *
 * A run:
 *
 *   opening -> identity -> lock -> ledger -> beginning -> workers -> working
 *      |           |        |        |           |                     |
 *      +-----------+--------+--------+-----------+---------------------+
 *                                    v                                 v
 *                                  ended <-------- sealing <-----------+
 *
 *   opening    -> identity    the first session is open and set up (session.c)
 *   identity   -> lock        system, database and role are the plan's
 *   lock       -> ledger      every slot of the executor's lock is ours
 *   ledger     -> beginning   no run of this plan is in the ledger; of a run
 *                             taken over: its rows and its log agree (resume.c)
 *   beginning  -> workers     run.begin is on disk
 *   workers    -> working     the other sessions are open and hold their slots
 *   working    -> sealing     no step is active and none may start
 *   sealing    -> ended       run.end is on disk
 *   any before beginning -> ended: refused, locked or unreachable; no log
 *
 * A step (step.c, run.c; checks in check.c, failures in fail.c, undo.c):
 *
 *   pending -> checking -> running -> validating -> applied -> undoing
 *      |          |  ^        |           |                      |
 *      |          |  |        v           v                      v
 *      |          |  +---- retrying <- failing --> undoing ---> undone
 *      |          v                       |           |
 *      +-> cancelled, skipped             +-----------+-> failed, cancelled,
 *                                                         in_doubt
 *
 *   pending    -> checking    its predecessors are done, no conflict, every
 *                             gate is open (gate.c), a session
 *   checking   -> skipped     a pre-check says satisfied, gone or unknown
 *   checking   -> running     every pre-check holds; the intent is on disk
 *   running    -> validating  the statements ran; the probe says done
 *   validating -> applied     every post-check holds; ledger and COMMIT went
 *                             well; the outcome is on disk
 *   failing    -> retrying    lock timeout, deadlock, busy: nothing was done
 *   failing    -> validating  it is done; a lost session or a lock cut off its
 *                             validation or the ledger's row
 *   failing    -> undoing     post-check failed or cannot be asked, outside a
 *                             transaction
 *   failing    -> in_doubt    neither ledger nor probe can tell
 *   applied    -> undoing     its policy rolls back, last step first, none of
 *                             its steps is in doubt, no conflict
 *   pending    -> cancelled   the run stops, or its policy is given up
 *
 * A rehearsal (rehearse.c) goes the same way, and ends each step sooner:
 *
 *   checking   -> ready       the step cannot be taken back, or must not be
 * tried validating -> rehearsed   every post-check holds; the session rolled
 * back failing    -> ready       others were in the way, or what it stands on
 * was rolled back
 */
#ifndef RUNTIME_MACHINE_MACHINE_H
#define RUNTIME_MACHINE_MACHINE_H

#include "plan.h"

/* Name, and how a record of the log calls it. */
#define MACHINE_STATE_TABLE(X)                                                 \
  X(PENDING, "pending")                                                        \
  X(CHECKING, "checking")                                                      \
  X(RUNNING, "running")                                                        \
  X(VALIDATING, "validating")                                                  \
  X(RETRYING, "retrying")                                                      \
  X(FAILING, "failing")                                                        \
  X(UNDOING, "undoing")                                                        \
  X(READY, "ready") /* dry run: would be executed; rehearsal: was not */       \
  X(REHEARSED, "rehearsed") /* executed, and rolled back */                    \
  X(APPLIED, "applied")                                                        \
  X(SKIPPED, "skipped")                                                        \
  X(FAILED, "failed")                                                          \
  X(UNDONE, "undone")                                                          \
  X(CANCELLED, "cancelled")                                                    \
  X(IN_DOUBT, "in_doubt")

typedef enum machine_state {
#define X(name, text) MACHINE_##name,
  MACHINE_STATE_TABLE(X)
#undef X
      MACHINE_STATES
} machine_state;

const char *machine_state_name(machine_state state);

/* What an error of a session means here; finer classes are the drivers'. */
typedef enum machine_fault_kind {
  MACHINE_FINE,
  MACHINE_TRANSIENT,  /* may go well a little later */
  MACHINE_LOST,       /* the session is gone */
  MACHINE_BROKEN_OFF, /* timeout, or cancelled by us */
  MACHINE_ERROR,
} machine_fault_kind;

typedef struct machine_fault {
  machine_fault_kind kind;
  upk_str class;   /* English: "lock timeout", "disk full" */
  upk_str code;    /* SQLSTATE or the like; absent when none */
  upk_str message; /* the server's words; LOGGED: absent when it was said */
  upk_str hint;    /* what to do about it; absent when nobody knows */
  bool unstarted;  /* EXEC: the program did not begin to run */
} machine_fault;

typedef struct machine_notice {
  upk_str severity, code, message;
} machine_notice;

typedef struct machine_rows {
  const upk_str *columns;
  size_t column_count;
  const plan_value *values; /* row-major */
  size_t count;             /* rows in `values` */
  int64_t total;            /* rows there were */
  int64_t affected;         /* -1: not known */
} machine_rows;

typedef enum machine_event_kind {
  MACHINE_START,  /* once, first */
  MACHINE_REPLY,  /* the answer to a session's command */
  MACHINE_TIMER,  /* a sleep is over */
  MACHINE_LOGGED, /* the answer to MACHINE_LOG */
  MACHINE_STOP,   /* an operator's signal */
  MACHINE_PAUSE,  /* an operator's word: level 1 pause, 0 go on; of a step:
                     hold, release */
  MACHINE_SET,    /* an operator's change within the plan's bounds: live.h */
} machine_event_kind;

typedef struct machine_event {
  machine_event_kind kind;
  uint64_t id;     /* of the command that this answers */
  int64_t wall_us; /* since 1970 */
  int64_t mono_us; /* never goes back */
  machine_fault fault;
  machine_rows rows;
  const machine_notice *notices;
  size_t notice_count;
  bool in_transaction; /* of the session, now */
  bool granted;        /* LOCK */
  upk_str holder;      /* LOCK: who has it; OPEN: what the server calls us;
                          LIMITS: what became of the host's settings */
  upk_str head;        /* LOGGED: hash of the record */
  unsigned level;      /* STOP: 1 finish cleanly, 2 cancel now; PAUSE: 1 or 0 */
  upk_str text;   /* STOP, PAUSE, SET: who says so, "SIGTERM"; may be absent */
  upk_str step;   /* PAUSE, SET: id; absent: of the run, of every step */
  upk_str change; /* SET: "batch=1000" */
} machine_event;

typedef enum machine_command_kind {
  /* For a session; each is answered by REPLY, but CANCEL and CLOSE. */
  MACHINE_OPEN,
  MACHINE_LIMITS,
  MACHINE_LOCK,
  MACHINE_QUERY,
  MACHINE_BEGIN,
  MACHINE_COMMIT,
  MACHINE_UNDO_ALL, /* ROLLBACK */
  MACHINE_EXEC,     /* a program: rows of exit_code, stderr and stdout */
  MACHINE_EVICT,    /* the lock's holder, if it is of this run, is ended */
  MACHINE_CANCEL,
  MACHINE_CLOSE,
  /* For the run. */
  MACHINE_SLEEP,  /* answered by TIMER */
  MACHINE_LOG,    /* answered by LOGGED; on disk before when `sync`, but not
                     when `soon` */
  MACHINE_REPORT, /* a diagnostic */
  MACHINE_TELL,   /* words for those who watch, before there is a log */
  MACHINE_END,    /* the last one */
} machine_command_kind;

/* Valid until the next event is handed in. */
typedef struct machine_command {
  machine_command_kind kind;
  uint64_t id; /* 1, 2, 3 ... */
  unsigned session;
  upk_str sql;              /* QUERY */
  const plan_value *params; /* QUERY; EXEC: the program's arguments */
  size_t param_count;
  const plan_exec *exec; /* EXEC */
  /* QUERY, or NULL: the first column of its rows goes to a file, and the
   * answer is a row of bytes, name and sha256 beside their number; or a file is
   * read, its lines being the parameter behind the others. Its own parameters
   * stand behind `param_count`. */
  const plan_file *file;
  size_t rows_max;
  int64_t deadline_ms;           /* QUERY, BEGIN, COMMIT, UNDO_ALL, EXEC */
  int64_t lock_ms, statement_ms; /* LIMITS */
  const plan_setting *settings;  /* LIMITS; those of before are put back */
  size_t setting_count;
  bool read_only;    /* LIMITS, OPEN */
  upk_str key;       /* LOCK, EVICT */
  int64_t delay_us;  /* SLEEP */
  const char *event; /* LOG: "step.begin" */
  upk_str det, obs;  /* LOG: canonical objects */
  bool sync;         /* LOG */
  bool soon;         /* LOG: answered before; on disk with what comes next, or
                        a moment later */
  upk_str step;      /* LOG: id, or absent */
  const char *state; /* LOG: of the step, or of the run */
  upk_str text; /* LOG, REPORT, TELL: English; OPEN: what the session is for,
                   absent: it works */
  upk_str help; /* REPORT: or absent */
  int64_t elapsed_us; /* LOG: of the step or the run */
  int code;           /* REPORT */
  upk_status status;  /* END */
} machine_command;

/* The last one only watches. */
enum { MACHINE_JOBS_MAX = 16, MACHINE_SESSIONS_MAX = MACHINE_JOBS_MAX + 1 };

typedef enum machine_goal {
  MACHINE_APPLY,    /* execute what is not applied yet */
  MACHINE_ROLLBACK, /* undo what is applied, last first */
} machine_goal;

/* Whether steps are tried and rolled back, instead of executed. */
typedef enum machine_rehearsal {
  MACHINE_NO_REHEARSAL,
  MACHINE_REHEARSE,     /* but those that lock out everybody else */
  MACHINE_REHEARSE_ALL, /* those too */
} machine_rehearsal;

/* An operator's word about a step in doubt. */
typedef enum machine_word {
  MACHINE_NO_WORD,
  MACHINE_DONE,
  MACHINE_NOT_DONE,
} machine_word;

/* What the log of a run knows of a step, for the process that takes the run
 * over (past.h folds the log to it). The database is asked before it is
 * believed. */
typedef struct machine_past {
  /* PENDING: never begun, or what was begun counts for nothing; RUNNING: an
   * intent without an outcome; UNDOING: an undo without one; else how it
   * ended. */
  machine_state state;
  bool undoing;                 /* IN_DOUBT: the doubt is about its undo */
  bool left;                    /* FAILED: its effect is there, and stays */
  machine_word word;            /* IN_DOUBT: what an operator found */
  unsigned attempts;            /* intents so far */
  uint32_t det_count, undo_det; /* see record.c; before the undo */
  int64_t started_at_us;        /* of the last intent, on the server's clock */
  uint64_t applied_order; /* 1 ..: the order in which they were applied; 0:
                             it was not, or not yet */
  upk_str before;         /* what the pre-checks saw: a canonical object */
  upk_str returned;       /* {"name": {"column": value}}, one a line; both may
                             be absent */
} machine_past;

/* When steps of a window may run: [open, close), since 1970, ascending. */
typedef struct machine_opening {
  int64_t open_us, close_us;
} machine_opening;

typedef struct machine_openings {
  const machine_opening *items;
  size_t count;
} machine_openings;

/* A signed statement that the run relies on. */
typedef struct machine_approval {
  upk_str id;
  int64_t max_uses; /* in so many runs, this one too */
  int64_t not_after_us;
} machine_approval;

typedef struct machine_config {
  const plan *plan;
  /* Of each of the plan's windows, then of steps without one (outside
   * blackouts); NULL: always. */
  const machine_openings *openings;
  bool wait;          /* for the next opening, instead of ending the run */
  int64_t stop_at_us; /* no step runs beyond that time; 0: none */
  const machine_approval *approvals;
  size_t approval_count;
  upk_str approvals_text; /* a canonical array for run.begin; or absent */
  unsigned jobs;          /* 1 to MACHINE_JOBS_MAX */
  unsigned slots;         /* of the executor's lock, >= jobs */
  bool dry_run;           /* pre-checks only; nothing is changed or locked */
  machine_rehearsal rehearse;
  uint64_t seed;      /* of jitter */
  upk_str run;        /* the run's id */
  upk_str host, user; /* for run.begin */
  upk_str role;       /* the server must have it; absent: any */
  int64_t pid;        /* of the executor, for run.begin */
  bool cancel_orphan; /* ends a session of this run that works on, with EVICT */
  machine_goal goal;
  const machine_past *past; /* of each step; NULL: a run that begins now */
} machine_config;

typedef struct machine_counts {
  size_t applied, skipped, failed, undone, cancelled, in_doubt, ready,
      rehearsed, total;
  int64_t blocked_us; /* what others waited for its steps, summed */
} machine_counts;

typedef struct machine machine;

/* Borrows the config's strings and the plan. */
machine *machine_new(const machine_config *config);
void machine_free(machine *m); /* NULL is fine */
/* Takes an event; the commands it leads to follow by machine_next. Events
 * that answer no command under way are ignored. */
void machine_handle(machine *m, const machine_event *event);
/* The next command, or NULL. All must be taken before the next event. */
const machine_command *machine_next(machine *m);
bool machine_ended(const machine *m);
machine_counts machine_count(const machine *m);

#endif
