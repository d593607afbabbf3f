/* What the files of the machine share. Each function's comment says what it
 * leads to; machine.h has the diagrams. */
#ifndef RUNTIME_MACHINE_PRIVATE_H
#define RUNTIME_MACHINE_PRIVATE_H

#include "machine/live.h"
#include "machine/machine.h"
#include "machine/watch.h"
#include "map.h"
#include "timefmt.h"

enum { NO_STEP = -1, NO_SESSION = -1 };

/* One named, typed value: of `before`, of a `returns`, or of a check's row. */
typedef struct cell {
  upk_str name;
  upk_type type;
  bool null;
  int64_t integer;
  upk_str text;
  upk_list list;
} cell;
typedef UPK_VEC(cell) cells;

typedef struct returned {
  upk_str name;
  cells values;
} returned;

/* Where a step is, finer than its state: what the next reply answers. Name,
 * the function that takes the reply. */
#define PHASE_TABLE(X)                                                         \
  X(NONE, phase_none)                                                          \
  X(LIMITS, step_on_limits)                                                    \
  X(PRE, step_on_pre)                                                          \
  X(INTENT, step_on_intent)                                                    \
  X(LEAD, step_on_statement) /* statements before BEGIN */                     \
  X(BEGIN, step_on_begin)                                                      \
  X(SAVEPOINT, step_on_savepoint)                                              \
  X(RUN, step_on_statement)                                                    \
  X(RELIMIT, step_on_relimit)                                                  \
  X(SEGMENT, step_on_segment) /* COMMIT before a batch */                      \
  X(RELEASE, step_on_release)                                                  \
  X(ROUND_BEGIN, step_on_round_begin)                                          \
  X(ROUND, step_on_round)                                                      \
  X(ROUND_LEDGER, step_on_round_ledger)                                        \
  X(PROBE, step_on_probe)                                                      \
  X(POST, step_on_post)                                                        \
  X(LEDGER_BEGIN, step_on_ledger_begin)                                        \
  X(LEDGER, step_on_ledger)                                                    \
  X(COMMIT, step_on_commit)                                                    \
  X(LEADING, step_on_leading) /* rehearsal: what comes before the step */      \
  X(REHEARSED, step_on_rehearsed)                                              \
  X(ROUND_COMMIT, step_on_round_commit)                                        \
  X(ROUND_ROLLBACK, step_on_round_rollback)                                    \
  X(ROUND_WAIT, step_on_round_wait)                                            \
  X(OUTCOME, step_on_outcome)                                                  \
  X(BACKOFF, step_on_backoff)                                                  \
  X(ROLLBACK, fail_on_rollback)                                                \
  X(ASK_LEDGER, fail_on_ledger)                                                \
  X(ASK_PRESENT, fail_on_present)                                              \
  X(ASK_DONE, fail_on_done)                                                    \
  X(ASK_PARTIAL, fail_on_partial)                                              \
  X(CLEANUP, fail_on_cleanup)                                                  \
  X(UNDO_INTENT, undo_on_intent)                                               \
  X(UNDO_LIMITS, undo_on_limits)                                               \
  X(UNDO_BEGIN, undo_on_begin)                                                 \
  X(UNDO, undo_on_statement)                                                   \
  X(UNDO_SEGMENT, undo_on_segment) /* COMMIT before a batch */                 \
  X(UNDO_LEDGER, undo_on_ledger)                                               \
  X(UNDO_COMMIT, undo_on_commit)                                               \
  X(UNDO_ROLLBACK, undo_on_rollback)                                           \
  X(UNDO_WAIT, undo_on_wait) /* for somebody's lock */                         \
  X(POST_WAIT, fail_on_post_wait)

typedef enum phase {
#define X(name, function) PHASE_##name,
  PHASE_TABLE(X)
#undef X
      PHASES
} phase;

/* What is known of a step that went wrong, until it has an outcome. */
typedef struct verdict {
  int code; /* of the diagnostic; 0: none */
  upk_str text;
  upk_str help; /* ends in NUL; absent when nobody knows */
} verdict;

/* What the ledger in the target says of a step of this run, by its last row. */
typedef enum ledger_word {
  LEDGER_NOTHING,
  LEDGER_APPLIED,
  LEDGER_UNDONE,
} ledger_word;

typedef struct batch batch; /* batch.c: rounds under way */

typedef struct step {
  const plan_step *plan;
  const machine_past *past; /* of a run taken over; else NULL */
  machine_state state;
  phase phase;
  int session;      /* NO_SESSION when it has none */
  upk_arena *arena; /* of its values; made when it starts */
  uint32_t waits;   /* predecessors that are not done */
  size_t check, query, statement;
  unsigned attempt; /* 1 .. */
  unsigned tries;   /* of this process */
  bool question;    /* what an earlier process did of it is not known yet */
  bool had_begun;   /* by an earlier process: "satisfied" may be its work */
  bool executed;    /* the intent was logged: something may have been done */
  bool effect;      /* the database is (or may be) changed by it */
  bool restored;    /* its values came from the log */
  bool begun;       /* its transaction is open, as far as we know */
  bool saved;       /* a savepoint stands before the next statement */
  bool loose;       /* a statement outside a transaction was sent */
  bool done;        /* outside a transaction: the probe said done */
  bool polling;     /* the timer under way asks the same check again */
  bool retry;       /* after the failure: again, when nothing was done */
  bool undoing;     /* its effect is being undone (failed, or rolled back) */
  bool unstarted;   /* the program that failed never ran */
  bool was_applied; /* the ledger's row is committed */
  bool changed;  /* a statement of the open transaction was no mere question */
  bool partly;   /* some of a batch may be committed; survives attempts */
  bool stopped;  /* between two rounds, for good in this run */
  struct {       /* rehearse.c */
    bool denied; /* it failed for want of a privilege */
    const plan_statement **lead;
    size_t lead_count, lead_at;
    uint32_t missing; /* a step before it whose effect is not there, from 1 */
    int64_t took_us;
  } rehearsal;
  batch *batch;                     /* NULL: none is under way */
  int64_t batch_rounds, batch_rows; /* committed, of all its batches */
  verdict why;
  phase failed_in;
  machine_fault_kind fault;
  int64_t poll_until_us, poll_us;
  int64_t started_us, started_at_us, finished_at_us;
  uint32_t position, mark; /* of det records: see record.c */
  uint32_t undo_from;      /* position before the undo's */
  ledger_word in_ledger;   /* when it was read last */
  bool rounds_in_ledger;   /* of a batch: some of its rounds are committed */
  bool ledger_fresh;       /* it was read after the step's last statement */
  uint64_t applied_order;
  bool released, undo_tried;
  unsigned asked_again;  /* times a session was lost under a question */
  unsigned went_on;      /* times the validation was taken up again */
  const char *waits_for; /* the gate that was last said; NULL: none */
  uint64_t window_timer; /* the SLEEP that looks at its window; 0: none */
  bool closed;           /* its window closed: it is being cancelled */
  cells row;             /* of the check being asked */
  int64_t rows;          /* of its first query */
  cells before;
  UPK_VEC(returned) returns;
  watched watched;
  upk_str seen;           /* last failed check, in its own words */
  upk_str warned;         /* the server's last WARNING of a statement */
  bool unasked;           /* in doubt only because nobody could be asked */
  bool lock_fault;        /* it failed at somebody's lock */
  bool locked;            /* pending until the next try for a lock */
  bool gave_up;           /* it waited long enough */
  unsigned lock_waits;    /* tries for locks since it last got on */
  int64_t lock_waited_us; /* and what they took, with the pauses between */
  int64_t undo_pause_us;  /* after the ROLLBACK: its undo waits for a lock */
  upk_buf lock_text;      /* who holds it */
  bool unknown;           /* it is neither true nor false */
  struct {                /* live.c: an operator's words; 0: the plan's */
    bool held;
    upk_str held_by;
    int64_t max_rows, target_ms;
  } live;
} step;

/* An operator's throttle, beside the plan's. */
typedef struct live_throttle {
  int step; /* its number, or LIVE_EVERY_STEP */
  upk_str text;
  level judged;
} live_throttle;

/* Why a step does not start. */
typedef struct gate_reason {
  const char *gate; /* "window", "pause", ... */
  upk_str text;     /* English; what is waited for and the value seen; absent:
                       only for a moment, nothing is said */
  int64_t until_us; /* look again then (mono); 0: when an event opens it */
} gate_reason;

typedef enum gate_answer {
  GATE_OPEN,
  GATE_WAIT,
  GATE_SHUT, /* it will not open in this run */
} gate_answer;

typedef enum gate_moment {
  GATE_START, /* before a step, or an attempt of it */
  GATE_ROUND, /* between two rounds of a batch */
} gate_moment;

typedef enum session_state {
  SESSION_CLOSED,
  SESSION_OPENING,
  SESSION_SETUP,
  SESSION_IDENTITY,
  SESSION_LOCKING,
  SESSION_EVICTING, /* an orphan of this run is ended */
  SESSION_POLLING,  /* waits until an orphan of this run has ended */
  SESSION_PRESENT,
  SESSION_RUNS,
  SESSION_USES,   /* of the approvals, by other runs */
  SESSION_ROWS,   /* the run's own rows in the ledger */
  SESSION_TAKING, /* the lease in the ledger */
  SESSION_FREE,
  SESSION_BUSY,
  SESSION_UNPROVED, /* has its slots; see proof.c for this and the next */
  SESSION_PROVING,  /* takes slots of workers that are not there */
  SESSION_VOUCHING, /* is asked whether it has its slot still */
  SESSION_ADMITTED, /* nobody else works; asked once more */
  SESSION_WAITING,  /* lost; opened again after a while */
  SESSION_GONE,     /* given up */
} session_state;

typedef struct session {
  session_state state;
  uint64_t awaiting; /* the command whose answer it waits for; 0: none */
  int step;          /* NO_STEP */
  size_t cursor;     /* of session statements, or lock slots */
  unsigned slots;    /* bit n: it took slot n of the lock */
  unsigned slot_asked;
  bool member;         /* has its slot since it was proved that nobody works */
  bool confirmed;      /* answered after the last slot was taken */
  uint64_t round_trip; /* its last command that the server answers; or 0 */
  uint64_t unproved_since; /* commands up to it came before its slot */
  unsigned reopens;        /* tries since it was last good */
  bool was_good;
  upk_str name;          /* what the server calls it */
  uint64_t known;        /* steps applied when it asked the ledger */
  unsigned looks;        /* at a lock whose holder could not be named */
  int64_t lock_until_us; /* polls for the lock so long; 0: it does not */
  bool evicted;          /* the orphan was told to end */
  bool limited;          /* what stands below is set there */
  int64_t lock_ms, statement_ms;
  const plan_setting *settings;
  size_t setting_count;
  /* What became of the host's settings among them; empty: none. */
  char host[128];
  size_t host_len;
} session;

typedef enum run_phase {
  RUN_OPENING, /* until run.begin is asked for */
  RUN_BEGINNING,
  RUN_WORKERS,
  RUN_WORKING,
  RUN_SEALING,
  RUN_ENDED,
} run_phase;

typedef struct key_wait {
  unsigned busy; /* steps that have it; more than one only while questions about
                    an earlier process are asked */
  UPK_VEC(uint32_t) parked; /* ready steps that wait for the key */
  size_t first;
} key_wait;

struct machine {
  machine_config config;
  const plan *plan;
  upk_arena *arena;   /* of the machine */
  upk_arena *out;     /* of the commands of one event */
  upk_arena *scratch; /* of one evaluation */
  UPK_VEC(machine_command) commands;
  size_t taken;
  uint64_t last_id, random, applied_count;
  const machine_event *event; /* being handled */
  int64_t began_us, wall_us, mono_us;
  int64_t server_us, server_mono_us; /* the server's clock, and when read */
  bool has_server_clock;
  run_phase phase;
  upk_status refused; /* why it ended before beginning */
  upk_str stranger;   /* an identity that the plan does not know; or absent */
  upk_status shut;    /* why the rest of it cannot be executed */
  unsigned stop;
  bool stopping;   /* on_failure: stop */
  bool log_broken; /* nothing more may be started */
  bool ledger_there;
  bool leased;            /* the lease was taken, at the beginning */
  size_t ledger_rows;     /* of this run, when they were read last */
  bool ledger_tells;      /* undone steps too, not only applied ones */
  size_t questions;       /* steps whose past is not known yet */
  size_t question_cursor; /* those before it were taken up */
  upk_map numbers;        /* step id -> its number */
  uint32_t *undo_list;    /* MACHINE_ROLLBACK: steps, last applied first */
  size_t undo_count, undo_next;
  bool undo_listed;
  bool executed_any;
  bool drifted; /* an object is not the plan's */
  upk_buf log_head;
  uint64_t run_log; /* id of run.begin or run.end under way */
  step *steps;
  session *sessions;
  size_t active;              /* steps with a session */
  bool advancing, wake_again; /* see machine_advance */

  /* schedule.c */
  uint32_t *heap;
  size_t heap_len;
  uint32_t *edge_first, *edge_to, *node_waits, *node_queue;
  uint32_t *node_before;            /* see schedule_before */
  uint32_t *back_first, *back_from; /* edges by their ends; see rehearse.c */
  uint32_t *gated;                  /* ready steps that wait for a gate */
  size_t gated_len;

  watch watch;

  /* gate.c */
  uint64_t gate_timer;   /* the SLEEP under way; 0: none */
  int64_t gate_until_us; /* when it ends */
  bool paused;
  upk_str paused_by;

  struct { /* live.c */
    live_throttle throttles[LIVE_THROTTLES_MAX];
    size_t count;
  } live;

  struct {                    /* window.c */
    int64_t wall_us, mono_us; /* the clocks at the start */
    int64_t apart_us;         /* by so much they differ since; when last said */
    size_t left;              /* steps that found no room */
  } window;
  key_wait *keys;
  bool *policy_given_up;
  size_t *policy_active;
};

/* ---- machine.c ---- */

machine_command *command_add(machine *m, machine_command_kind kind);
upk_str command_text(machine *m, const char *format, ...) UPK_PRINTF(2, 3);
void machine_report(machine *m, int code, upk_str text, const char *help);
/* Ends a run that has not begun; closes the sessions. */
void machine_refuse(machine *m, upk_status status, int code, upk_str text,
                    const char *help);
int64_t machine_jitter(machine *m, int64_t us); /* half of it up to all */
int64_t machine_server_us(const machine *m);
/* An operator's word, or an abort level (`by`): 1 finish cleanly, 2 cancel. */
void machine_stop(machine *m, unsigned level, upk_str by);
/* Goes on where it can: starts steps, or seals the run. */
void machine_advance(machine *m);

/* ---- session.c ---- */

void session_open(machine *m, int number);
void session_reply(machine *m, int number);
/* For the step that has the session; each sets what it awaits. */
machine_command *session_ask(machine *m, int number, machine_command_kind kind);
void session_lost(machine *m, int number);
/* Cancelled at once: one that waits to be opened again, or for an orphan, is
 * given up. */
void session_stop(machine *m, int number);
void session_free(machine *m, int number);
void session_note_host(session *se, upk_str note);
/* of its limits */ /* its step is done */
void session_close(machine *m, int number);
/* Whether the workers' sessions are all open or given up. */
bool session_all_settled(const machine *m);
enum { SESSION_SETUP_MS = 30 * 1000 };
/* Asks on the way to a good session; the reply goes to the state's function. */
void session_sql(machine *m, int number, session_state state, upk_str sql);
/* A session that is not good yet failed. */
void session_failed(machine *m, int number, upk_status status, int code,
                    upk_str text, const char *help);
/* It is the plan's target, locked, and the ledger is read: to work. */
void session_good(machine *m, int number);

/* ---- identity.c ---- */

extern const char identity_help[];
/* The identity query's reply against the plan. NULL: it is the plan's target;
 * else *ret_text says what differs, and the result what to do. */
const char *identity_check(machine *m, const machine_rows *rows,
                           upk_str *ret_text);
upk_str identity_text(machine *m, const plan_value *value); /* or absent */
const char *identity_shown(machine *m, upk_str text);

/* ---- lock.c ---- */

/* The session's next slot of the lock; after the last one, the ledger. */
void lock_ask(machine *m, int number);
void lock_on_reply(machine *m, int number);

/* ---- proof.c ---- */

/* The session has its slots: it works once it is proved that nobody else does.
 */
void proof_wait(machine *m, int number);
/* A slot was taken; it was asked for before in VOUCHING, PROVING, ADMITTED. */
void proof_granted(machine *m, int number);
void proof_on_granted(machine *m, int number);
void proof_forget(session *se); /* it is closed */
/* The session answered command `id` in this event. */
void proof_witness(machine *m, int number, uint64_t id);
/* Asks what is left to ask; nobody is left unproved when it is done. */
void proof_go_on(machine *m);
bool proof_done(const machine *m);
/* Another run has a slot: ours are free for it until the next try, unless one
 * of ours never lost its own. */
void proof_let_go(machine *m);

/* ---- ledger.c ---- */

/* Whether the ledger is there, and what it says; then the session is good. */
void ledger_ask(machine *m, int number);
void ledger_on_present(machine *m, int number);
void ledger_on_runs(machine *m, int number);
void ledger_on_uses(machine *m, int number);
void ledger_on_rows(machine *m, int number);
void ledger_on_lease(machine *m, int number);
void ledger_on_no_lease(machine *m, int number, upk_str text);
/* The lease is still to be taken. */
bool session_wants_lease(const machine *m);
/* Once run.begin is on disk: takes the lease, so that no row of another run's
 * processes is written from now on. False: it is taken, or there is none. */
bool session_take_lease(machine *m);
int session_find_free(const machine *m);

/* ---- schedule.c ---- */

void schedule_init(machine *m);
/* The next step that may start now, or NO_STEP. */
int schedule_pick(machine *m);
/* A step reached its end: frees its keys and lets its successors go. */
void schedule_done(machine *m, size_t number);
/* A step that was begun is pending again: it frees its keys and waits for what
 * comes before it. */
void schedule_put_back(machine *m, size_t number);
/* A step that starts: takes its keys. */
void schedule_take(machine *m, size_t number);
/* Cancels what has not started: of a policy, or all with PLAN_NO_POLICY. */
void schedule_cancel(machine *m, uint32_t policy, const char *why);
/* The next applied step of a policy given up to undo, or NO_STEP. */
int schedule_undo(machine *m);
/* Dry run: of the steps before this one that would be executed, the last in
 * the plan, from 1 on; 0: none. */
uint32_t schedule_before(const machine *m, const step *s);
/* Its successors no longer wait for it. */
void schedule_release(machine *m, size_t number);

/* A ready step waits for a gate; all of them look again. */
void schedule_gate(machine *m, size_t number);
void schedule_ungate(machine *m);

/* ---- gate.c ---- */

/* Whether every gate is open for a step. Otherwise *ret_why says which is not
 * (in the arena of this event's commands). */
gate_answer gate_ask(machine *m, step *s, gate_moment moment,
                     gate_reason *ret_why);
/* Says in the log what a step waits for, once for each gate in turn. */
void gate_say(machine *m, step *s, const gate_reason *why);
/* A step that may not start now: parks it, or cancels it for good. */
void gate_hold(machine *m, size_t number, gate_answer answer,
               const gate_reason *why);
/* How long a step that keeps its session sleeps before it asks again. */
int64_t gate_pause_us(const machine *m, const gate_reason *why);
/* Steps that wait look again now. */
void gate_wake(machine *m);
void gate_on_pause(machine *m, bool paused, upk_str by);

/* ---- live.c ---- */

void live_on_set(machine *m);
void live_on_hold(machine *m, bool hold);
gate_answer live_gate(machine *m, step *s, gate_moment moment,
                      gate_reason *why);
/* What the operator left of a batch's bounds. */
int64_t live_rows(const step *s, int64_t max_rows);
int64_t live_target_ms(const step *s, int64_t target_ms);
void live_free(machine *m);

/* ---- window.c ---- */

/* The gate: open by both clocks, with room for the step's p90. */
bool window_has_room(const machine *m, const step *s);
gate_answer window_ask(machine *m, step *s, gate_moment at, gate_reason *why);
/* The clocks from which the run counts. */
void window_begin(machine *m);
/* Whether the wall's clock was set since it was last said; says so. */
bool window_watch_clocks(machine *m);
/* Looks at the window of a step that is cancelled at its end. */
void window_arm(machine *m, step *s);
/* Whether the timer was window_arm's. */
bool window_on_timer(machine *m, uint64_t id);
/* Until such a step is cancelled, at least 1; INT64_MAX: it is not. */
int64_t window_left_ms(const machine *m, const step *s);
bool window_ended(const machine *m, const step *s);
/* Its window's end cut it off, and a later opening of this run has room: it is
 * pending until then. False: there is none. */
bool window_put_off(machine *m, step *s);
/* The end of a step that its window's end cut off; nothing is left of it. */
void window_cancelled(machine *m, step *s);
bool window_left_some(const machine *m);
void window_report(machine *m);

/* ---- watch.c ---- */

void watch_init(machine *m);
void watch_free(machine *m);
/* Whether a session is the watcher's; how many there are with it. */
bool watch_is(const machine *m, int number);
unsigned watch_sessions(const machine *m);
bool watch_here(const machine *m); /* its session is open and proved */
/* Something is under way that it should look at, or a gate wants samples. */
void watch_look(machine *m, bool sample_now);
void watch_on_timer(machine *m);
void watch_on_good(machine *m); /* its session is proved */
void watch_on_reply(machine *m);
void watch_lost(machine *m, upk_str why);
void watch_gone(machine *m); /* it will not come back */

/* ---- guard.c ---- */

void guard_ask(machine *m, machine_command *command);
/* The numbers of the sessions that work, as an array of the server's. */
plan_value *guard_sessions(machine *m);
int64_t guard_session_number(const session *se); /* -1: it has none */

/* ---- progress.c: what the watcher asks of statements that go on ---- */

bool progress_due(const machine *m);
void progress_ask(machine *m, machine_command *command);
void progress_take(machine *m);

bool guard_wants_cancel(machine *m, unsigned session);
void guard_ask_cancel(machine *m, unsigned session, machine_command *command);
void guard_take(machine *m); /* the answer */
/* Breaks off what a session executes: `statement` that began then, on the
 * server's clock, or whatever it is (-1). */
void guard_cut(machine *m, unsigned session, cut_reason why, int64_t statement,
               upk_str text);
void guard_blind(machine *m); /* the watcher is away for long */
void guard_no_room(machine *m, unsigned session, upk_str text);
/* Whether this event's fault is what breaking it off led to. */
bool guard_was_cut(const machine *m, const step *s);
/* Says why a step that was broken off failed. */
void guard_explain(machine *m, step *s);
/* Nothing was done, or it was cleaned up: sends a step that was broken off
 * back to pending, or ends it when the run stops; false: it has failed. */
bool guard_again(machine *m, step *s);
int64_t guard_delay_us(machine *m, const step *s);
bool guard_time_left(const machine *m, const step *s, int64_t delay_us);
gate_answer guard_gate(machine *m, step *s, gate_moment moment,
                       gate_reason *why);

/* ---- patience.c ---- */

/* Whether this event says that somebody's lock is in the way. */
bool patience_is_lock(const machine *m);
/* How long to wait for the next try, which is counted; 0: no longer. */
int64_t patience_us(machine *m, step *s);
/* The step got on, or begins in another opening: what it waited is forgotten.
 */
void patience_over(step *s);
/* Says for whom it waits, and sleeps on its session. */
void patience_wait(machine *m, step *s, int64_t us);
/* Nothing was done: sends a step that failed at a lock back to pending; false:
 * it waited long enough, or it was no lock. */
bool patience_again(machine *m, step *s);
/* To pending, with a record that says so: nothing of the attempt is left. */
void patience_put_back(machine *m, step *s, int64_t us);
gate_answer patience_gate(machine *m, step *s, gate_moment moment,
                          gate_reason *why);

/* ---- throttle.c ---- */

bool throttle_may_ask(const machine *m, size_t metric);
void throttle_take_needs(machine *m, size_t metric, bool fine);
void throttle_take(machine *m, size_t metric, int64_t took_us);
void throttle_sampled(machine *m); /* all metrics were asked */
bool throttle_fresh(const machine *m);
/* Why a metric is not known. */
upk_str throttle_reason(const machine *m, size_t metric);
gate_answer watch_gate(machine *m, step *s, gate_moment moment,
                       gate_reason *why);

/* ---- disk.c ---- */

/* Whether there is room for a step, as far as is known; false after failing
 * it. */
bool disk_room(machine *m, step *s);
void disk_watch(machine *m);
void disk_explain(machine *m, step *s); /* a full disk stops the run */

/* ---- step.c ---- */

#define X(name, function) void function(machine *m, step *s);
PHASE_TABLE(X)
#undef X
/* A step gets a session and its conflict keys, and an arena for its values. */
step *step_take(machine *m, size_t number, int on);
void step_start(machine *m, size_t number, int on);
void step_again(machine *m, step *s); /* a new attempt, from its checks */
/* The session is good again after it was lost. */
void step_resume(machine *m, step *s);
/* The end of a step: logs its outcome. */
void step_end(machine *m, step *s, machine_state state);
void step_skip(machine *m, step *s);
/* A pending step will not start; one that an earlier process or attempt began
 * gets an outcome in the log. */
void step_cancel(machine *m, step *s);
/* Pending again, without a session. */
void step_put_back(machine *m, step *s);
void step_run(machine *m, step *s);    /* goes on with its statements */
void step_post(machine *m, step *s);   /* begins the post-checks */
void step_go_on(machine *m, step *s);  /* with the post-check it was at */
void step_ledger(machine *m, step *s); /* the ledger's row, then COMMIT */
/* Sends a query of the step's; false after failing the step. */
bool step_query(machine *m, step *s, const plan_query *query, size_t rows_max);
enum { STEP_COMMIT_MS = 10 * 60 * 1000, STEP_ROLLBACK_MS = 60 * 60 * 1000 };
void step_ask(machine *m, step *s, phase next, machine_command_kind kind);
bool step_sql(machine *m, step *s, phase next, const char *sql);
void step_record_check(machine *m, step *s, const plan_check *check,
                       const char *part, bool holds);
void step_record_statement(machine *m, step *s, const char *part,
                           const upk_str *caught);
void step_sleep(machine *m, step *s, int64_t us);
/* Answers at once when the session has the step's limits already. */
bool step_limits(machine *m, step *s);
/* Whether the server would let a statement run on after the window's end. */
bool step_limits_loose(const machine *m, const step *s);

/* The batch that the run was at is done. */
void step_went_on(machine *m, step *s);
/* Keeps what the event's reply returned under a name; absent: nothing. */
void step_keep(machine *m, step *s, upk_str name);
/* What the event's reply returned, as values. */
void step_returned(machine *m, upk_arena *arena, cells *ret_values);

/* ---- batch.c ---- */

/* Begins the rounds of `statement`; they lead to step_went_on, undo_went_on, a
 * failure, or a stop between two of them. */
void batch_start(machine *m, step *s, const plan_statement *statement,
                 bool undo);
void batch_on_stop(machine *m, step *s); /* it waits between two rounds */
void batch_free(step *s);
/* What the last round returned; NULL: nothing of that name. */
const returned *batch_find(const step *s, upk_str name);
/* batch.rows, batch.rounds, batch.limit; NULL: no such name. */
const cell *batch_value(machine *m, const step *s, upk_str name);
/* Of the ledger's row of a round. */
upk_str batch_statement(machine *m, const step *s);
bool batch_undoes(const step *s);

/* ---- run.c ---- */

/* Why a row of the ledger was not written, and no error came. */
upk_str ledger_no_row(void);

/* ---- rehearse.c ---- */

/* Why a step is not rehearsed; absent: it may be. */
upk_str rehearse_refusal(const machine *m, const step *s);
/* Ends a step that is not rehearsed, for that reason. */
void rehearse_leave(machine *m, step *s, upk_str why);
/* Its transaction is open: does in it what the steps before it do, a statement
 * at a time; false when that is done. */
bool rehearse_lead(machine *m, step *s);
/* Every post-check holds: rolls back. */
void rehearse_finish(machine *m, step *s);
/* It failed just now: what its end needs of the event. */
void rehearse_note(machine *m, step *s);
/* It failed and is rolled back: again, or its end. */
void rehearse_settle(machine *m, step *s);
upk_status rehearse_verdict(const machine *m);

/* ---- check.c ---- */

typedef enum check_answer {
  CHECK_ASKING, /* another query, or a later poll, is under way */
  CHECK_HOLDS,
  CHECK_FAILS, /* false or unknown; s->seen says why */
  CHECK_ERROR, /* the server refused the query: the event's fault */
} check_answer;

void check_ask(machine *m, step *s, const plan_check *check);
/* Takes a reply or a timer for the check last asked. */
check_answer check_reply(machine *m, step *s, const plan_check *check);
/* Whether an expression of no query's holds; s->seen says why not. */
bool check_expect(machine *m, step *s, upk_str expect);
/* Keeps the row of the check as before.*. */
void check_keep(machine *m, step *s);

/* ---- value.c ---- */

cell *cells_find(const cells *set, upk_str name);
/* Puts a row's values behind `cells`, typed as `columns` say. */
void cells_add_row(upk_arena *arena, cells *set, const machine_rows *rows,
                   size_t row, const plan_column *columns, size_t count);
/* The column `row` of a truth: 1 row of constants. */
upk_column cell_column(upk_arena *arena, const cell *cell);
/* The value a parameter stands for; false when it has none. */
bool value_resolve(machine *m, const step *s, const plan_param *param,
                   plan_value *ret_value);
/* A name of an expression: `x`, before.x, step.x, found.x; NULL: unknown. */
const cell *value_find(machine *m, const step *s, const upk_name *name);

/* ---- exec.c ---- */

/* Runs a program of the step's, with these arguments. */
void exec_ask(machine *m, step *s, const plan_exec *exec,
              const plan_value *arguments, size_t count, int64_t deadline_ms);
/* What became of it, for the log; nothing when the statement is SQL. */
void exec_record(machine *m, step *s, const plan_statement *statement);

/* ---- restore.c ---- */

/* Of what the statement just answered returned: what checks and statements
 * that come after it refer to, as a member "returned". */
void restore_keep(const step *s, upk_str name, upk_json_writer *obs);
/* A step of a run taken over gets back what its checks saw and its statements
 * returned. */
void value_restore(machine *m, step *s);

/* ---- resume.c ---- */

void resume_take_up(machine *m); /* what the log says; before schedule_init */
void resume_release(machine *m); /* the successors of what is done */
void resume_decide(machine *m);  /* what the ledger says; run.resume is on disk
                                  */
/* The next step to be asked what was done of it, or NO_STEP. */
int resume_next(machine *m);
void resume_ask(machine *m, size_t number, int on);
void resume_drop(machine *m); /* nothing more is asked in this run */
/* Its past is known; whether it was not before. */
bool resume_answered(machine *m, step *s);
/* The det records that are missing of a step whose statements, and checks, are
 * known to have gone well. */
void resume_statements(machine *m, step *s);
void resume_checks(machine *m, step *s);
void resume_undo_records(machine *m, step *s);
/* The rows of this run; each step's `in_ledger`. */
void ledger_take(machine *m, const machine_rows *rows);
/* Absent when log and ledger agree; `known`: steps applied when it was asked.
 */
upk_str ledger_judge(machine *m, uint64_t known);

/* ---- fail.c ---- */

/* Nothing of it is there: once more, after a while. */
void fail_retry(machine *m, step *s);

/* For resume.c: asks the probe; or nothing of it is left. */
void fail_find_out(machine *m, step *s);
void fail_nothing_done(machine *m, step *s);
void fail_doubt(machine *m, step *s, const char *why);

/* A batch was stopped between two rounds: cleans up, and ends cancelled. */
void fail_stopped(machine *m, step *s);
void fail_gone(machine *m, step *s); /* the session will not come back */

/* The step failed in the course of its work: finds out what was done, undoes
 * it, and retries or ends. */
void fail_step(machine *m, step *s, int code, upk_str text);
/* The session's fault in this event, as a sentence. */
upk_str fault_text(machine *m, const machine_fault *fault);

/* ---- undo.c ---- */

void undo_start(machine *m, step *s);
void undo_begin_applied(machine *m, size_t number, int on);
void undo_again(machine *m, step *s); /* nothing of it is done */
void undo_was_done(machine *m, step *s);
/* MACHINE_ROLLBACK: the next step to undo, or NO_STEP. */
int undo_pick(machine *m);
void undo_note(machine *m, step *s); /* that it cannot be undone */

/* The batch that the undo was at is done; a round of it failed by the event,
 * or by what `text` says. */
void undo_went_on(machine *m, step *s);
void undo_failed(machine *m, step *s);
void undo_broken(machine *m, step *s, upk_str text);

/* ---- record.c ---- */

/* A record of the log; `step` NULL: of the run. Members of `det` and `obs` are
 * written between init and end in ascending order of keys. Those of obs come
 * before "step", those of det before "step" too: record_end writes the rest. */
typedef struct record {
  machine *m;
  step *step;
  upk_buf det, obs;
  upk_json_writer *det_writer, *obs_writer;
  const char *event;
  bool has_det;
  bool soon; /* with `sync`: answered before it is on disk */
} record;
void record_init(record *r, machine *m, step *s, const char *event,
                 bool has_det);
/* Gives the command's id. `sync`: on disk before it is answered. */
uint64_t record_end(record *r, bool sync, upk_str text);
/* A record of the step that its session waits for. */
/* How the step ends: to det, or to obs when that is nothing that a faultless
 * run has; and what it leaves behind. */
void record_outcome(record *r);
void record_await(record *r, bool sync, upk_str text);
void record_note(machine *m, upk_str text); /* run.note */
/* The run.note of an operator's word, where a log stands open: who says what.
 * `by` may be absent. */
void record_order(machine *m, const char *order, upk_str by, upk_str text);
/* The step's det records have a fixed sequence: one that repeats in a later
 * attempt is written without det, so that retries do not show in it. */
void record_rewind(step *s);
void record_notices(upk_json_writer *w, const machine_event *event);
void record_cells(upk_json_writer *w, const cells *set);
/* A record that an earlier process did not come to write: step.statement,
 * step.check, step.end, or "undo" for a statement of the undo. */
void record_recovered(machine *m, step *s, const char *event,
                      const plan_check *check);
uint64_t record_run_begin(machine *m);
uint64_t record_run_end(machine *m, upk_status status);

#endif
