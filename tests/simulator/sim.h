/* The simulator: the real machine against a model of everything around it.
 *
 * One seed makes a plan, a database, a disk, a clock, processes that execute
 * the plan, and what goes wrong: errors, lost sessions and replies, statements
 * that live on without their client, restarts, failovers, a full disk, crashes
 * of the executor, torn logs, jumps of the clock, operators, competitors.
 * After each event and at the end the invariants of check.c must hold.
 *
 *   plan.c      random plans
 *   base.c      the database: sessions, locks, transactions, effects, ledger
 *   process.c   one execution: machine and its twin, commands in flight, log
 *   check.c     the invariants
 *   world.c     time, faults, crashes and resumes: one seed from start to end
 */
#ifndef TESTS_SIMULATOR_SIM_H
#define TESTS_SIMULATOR_SIM_H

#include <setjmp.h>
#include <stdio.h>

#include "journal/journal.h"
#include "machine/past.h"

enum {
  STEPS_MAX = 12,
  STATEMENTS_MAX = 3,
  POLICIES_MAX = 3,
  WINDOWS = 2,
  OPENINGS_MAX = 4,
  PROCESSES_MAX = 24, /* of one seed: crashes and competitors included */
  LOGGED_MAX = 64,
};

typedef struct sim_random {
  uint64_t state;
} sim_random;
uint64_t sim_draw(sim_random *r);
unsigned sim_below(sim_random *r, unsigned n); /* 0 .. n - 1 */
bool sim_chance(sim_random *r, unsigned per_mille);

/* How often things go wrong, per mille of the chances to; made from the seed,
 * so that some seeds see nothing and some a single kind of fault. */
typedef struct sim_faults {
  unsigned error, transient, lost, broken, reply_lost, orphan;
  unsigned check_false, check_null, other_fixes, other_breaks, other_drops;
  unsigned restart, failover, disk_full, crash, power, competitor;
  unsigned stop, pause, clock, closed;
} sim_faults;

/* ---- the plan ---- */

typedef struct sim_plan {
  plan plan;
  plan_step steps[STEPS_MAX];
  unsigned statements[STEPS_MAX]; /* with an effect; one more looks, if any */
  bool looks[STEPS_MAX];          /* its first statement may be caught */
  int64_t rows[STEPS_MAX];        /* of a batch; 0: it is none */
  bool leaves[STEPS_MAX];         /* cut off, it leaves a piece behind */
  int policy[STEPS_MAX];
  bool before[STEPS_MAX][STEPS_MAX]; /* i must have ended before j begins */
} sim_plan;
sim_plan *sim_plan_new(upk_arena *arena, sim_random *random);

/* ---- the database ---- */

typedef struct sim_row {
  unsigned run;
  int step;
  int64_t attempt;
  bool undone;
} sim_row;

enum { ROWS_MAX = 512, OPS_MAX = 16, BASE_SESSIONS = 96 };

/* What a restart keeps, and a failover may put back. */
typedef struct sim_disk {
  unsigned char effect[STEPS_MAX][STATEMENTS_MAX]; /* times it took effect */
  unsigned leftover[STEPS_MAX]; /* the run that left a piece; 0: none */
  unsigned owner[STEPS_MAX];    /* the run whose effect it is */
  int64_t treated[STEPS_MAX];   /* rows of a batch */
  bool ledger;
  unsigned lease; /* the run that has it */
  sim_row rows[ROWS_MAX];
  size_t row_count;
} sim_disk;

/* A change of a transaction, made when it commits. */
typedef struct sim_op {
  enum { OP_EFFECT, OP_CLEAR, OP_ROW, OP_CREATE, OP_ROUND, OP_TAKE } kind;
  int step, nth;
  int64_t count; /* ROUND: rows */
  unsigned run;
  sim_row row;
} sim_op;

typedef struct sim_session {
  bool open, orphan; /* orphan: its client is gone, its statement works on */
  unsigned process, run;
  bool in_transaction, aborted;
  sim_op ops[OPS_MAX];
  size_t op_count;
  unsigned locks;      /* bit n: slot n */
  unsigned generation; /* replies to an older one are void */
} sim_session;

typedef struct sim_base {
  sim_disk disk, replica;
  sim_session sessions[BASE_SESSIONS];
  unsigned timeline;
  bool gone[STEPS_MAX];   /* dropped by others */
  bool fixed[STEPS_MAX];  /* the invariant holds without us */
  bool spoilt[STEPS_MAX]; /* it will not hold after us */
  bool failed_over;
} sim_base;

/* When the steps of a window may run, and those without one. */
typedef struct sim_windows {
  machine_opening items[WINDOWS + 1][OPENINGS_MAX];
  machine_openings openings[WINDOWS + 1];
  bool always; /* there are none */
} sim_windows;

typedef struct sim_world sim_world;

/* ---- processes ---- */

typedef struct sim_record {
  const char *event; /* static */
  int step;          /* or -1 */
  upk_str det, obs;
  bool synced;
} sim_record;

typedef struct sim_log {
  UPK_VEC(sim_record) records;
  bool full; /* nothing can be written any more; final */
} sim_log;

/* One run: a log, and the processes that worked on it one after the other. */
typedef struct sim_run {
  unsigned number;
  upk_str name;
  sim_log log;
  bool begun; /* resumable: run.begin is in the log */
} sim_run;

typedef struct sim_process {
  unsigned number;
  sim_run *run;
  machine *machine, *twin;
  machine_history *history;
  int at[MACHINE_SESSIONS_MAX + 1]; /* the base's session, or -1 */
  unsigned at_generation[MACHINE_SESSIONS_MAX + 1];
  uint64_t logged[LOGGED_MAX]; /* records that await their answer */
  bool logged_good[LOGGED_MAX];
  size_t logged_first, logged_len;
  unsigned jobs, begun_since_pause;
  bool alive, ended, crashed;
  upk_status status;
  unsigned stop;
  bool paused;
  bool held[STEPS_MAX]; /* by its log: not to begin, and no round of it */
  int64_t rows_most;    /* of a round, by its log; 0: the plan's */
  machine_goal goal;
  bool rehearses;
  machine_state known[STEPS_MAX]; /* from its log records */
  bool intent[STEPS_MAX];         /* durable, without outcome */
  bool over[STEPS_MAX];           /* it had an outcome once */
  bool validated[STEPS_MAX];      /* a post-check held, or so an operator */
  bool undo_doubt[STEPS_MAX];     /* what is in doubt is its undo */
} sim_process;

typedef enum sim_moment_kind {
  MOMENT_FREE,
  MOMENT_REPLY,  /* a command of a session is done */
  MOMENT_TIMER,  /* a sleep is over */
  MOMENT_ORPHAN, /* a statement whose client is gone is done */
  MOMENT_WORLD,  /* something happens to all: world.c decides */
} sim_moment_kind;

/* A command in flight, copied. */
typedef struct sim_moment {
  sim_moment_kind kind;
  int64_t at_us;
  unsigned process;
  uint64_t id;
  machine_command_kind command;
  unsigned session; /* of the base */
  unsigned generation;
  char sql[24];
  unsigned slot;
  plan_value params[6];
  size_t param_count;
  bool cancelled;
} sim_moment;

enum { MOMENTS_MAX = 128 };

struct sim_world {
  upk_arena *arena;
  uint64_t seed;
  sim_random random;
  sim_faults faults;
  sim_plan *plan;
  sim_base base;
  sim_run runs[PROCESSES_MAX];
  unsigned run_count;
  sim_process processes[PROCESSES_MAX];
  unsigned process_count;
  sim_moment moments[MOMENTS_MAX];
  int64_t now_us, wall_skew_us;
  sim_windows windows;
  unsigned events;
  bool verbose;
  bool peaceful, slow; /* nothing may go wrong; a deadline passed */
  upk_json *identity;
  jmp_buf violated;
  char why[256];
};

/* The wall's clock. */
int64_t sim_wall_us(const sim_world *w);
void sim_say(sim_world *w, const char *format, ...) UPK_PRINTF(2, 3);
/* An invariant does not hold: ends the seed. */
_Noreturn void sim_violation(sim_world *w, const char *format, ...)
    UPK_PRINTF(2, 3);

/* plan.c: the step that a text such as "run 3 1" speaks of. */
bool sim_parse(upk_str sql, const char *verb, int *ret_step, int *ret_nth);

/* base.c */
/* Carries a command out; fills the event. `scratch` lives until the event was
 * handled. */
void base_execute(sim_world *w, sim_moment *moment, machine_event *event);
unsigned base_open(sim_world *w, const sim_process *p);
void base_close(sim_world *w, unsigned session); /* rolls back */
/* The client is gone: what its session does may go on without it. */
void base_abandon(sim_world *w, unsigned session, unsigned generation);
/* A statement of a step is under way there, or a transaction is open. */
bool base_works(sim_world *w, unsigned session);
void base_restart(sim_world *w);
void base_failover(sim_world *w);

/* process.c */
/* A process of a run that has a log takes the run over. */
sim_process *process_start(sim_world *w, sim_run *run, machine_goal goal);
/* Tries the plan; nothing of it may stay. */
sim_process *process_rehearse(sim_world *w, sim_run *run);
void process_feed(sim_world *w, sim_process *p, machine_event *event);
void process_crash(sim_world *w, sim_process *p);
void process_free(sim_process *p);
sim_moment *moment_add(sim_world *w, sim_moment_kind kind, int64_t at_us);

/* world.c: somebody will go on with the run, perhaps. */
void world_after_crash(sim_world *w);

/* check.c */
void check_record(sim_world *w, sim_process *p, const sim_record *record);
/* What a process knows of its steps by a record. */
void check_fold(sim_world *w, sim_process *p, const sim_record *record);
void check_round(sim_world *w, const sim_process *p, const machine_command *c);
void check_sending(sim_world *w, const sim_process *p, upk_str sql);
void check_statement(sim_world *w, const sim_moment *moment, int step);
/* After the last process of a run has ended by itself. */
void check_end(sim_world *w, const sim_process *p);

/* An operator looks at what is in doubt, puts in order what is half done, and
 * says on the record what it is. */
void process_resolve(sim_world *w, sim_run *run, const sim_process *last);

void check_rehearsal(sim_world *w, const sim_process *p,
                     const sim_disk *before);

/* Both applied everything: their logs' det say the same. */
void check_digest(sim_world *w, const sim_process *p,
                  const sim_process *faultless);

/* world.c: NULL, or what was violated, in `arena`. */
const char *world_play(upk_arena *arena, uint64_t seed, bool verbose,
                       uint64_t *ret_events);

#endif
