/* What the files of the shell share. */
#ifndef RUNTIME_SHELL_PRIVATE_H
#define RUNTIME_SHELL_PRIVATE_H

#include <uv.h>

#include "driver/task.h"
#include "machine/tape.h"
#include "shell/shell.h"

enum { SHELL_WATCH_MS = 50 };

typedef struct shell shell;

/* An operation of a connection under way, or a sleep. */
typedef struct shell_op {
  shell *sh;
  uint64_t id; /* of the machine's command */
  driver_conn *conn;
  bool opens;  /* the reply brings the session's name */
  bool limits; /* the reply brings what became of the host's settings */
  uv_timer_t timer;
  struct shell_op *next, **link; /* of the sleeps */
} shell_op;

typedef struct shell_file shell_file;

/* A part of an archive that the session's transaction wrote; `folder` absent:
 * none. */
typedef struct shell_part {
  upk_str folder;
  char name[256];
} shell_part;

/* An answer to a record of the log, kept until the commands are all done. */
typedef struct shell_logged {
  uint64_t id;
  bool good;
  bool full; /* it went to the reserve of a full disk */
  char head[JOURNAL_HASH_TEXT];
  uint64_t record; /* how many were written then; 0: nothing to wait for */
} shell_logged;

typedef struct shell_active {
  upk_str step; /* absent: free */
  const char *state;
  int64_t since_us;
  char text[160]; /* how far a batch is */
} shell_active;

struct shell {
  const shell_request *request;
  uv_loop_t loop;
  uv_timer_t watch; /* looks at *stop, tells progress */
  machine *machine;
  tape *tape; /* what it was told and what it commanded, for replay */
  journal *journal;
  upk_arena *arena;   /* of the run */
  upk_arena *scratch; /* of one event */
  upk_str run;
  driver_conn *conns[MACHINE_SESSIONS_MAX];
  struct shell_exec *programs[MACHINE_SESSIONS_MAX]; /* under way, or NULL */
  shell_file *files[MACHINE_SESSIONS_MAX];           /* under way, or NULL */
  shell_part parts[MACHINE_SESSIONS_MAX];
  shell_op *sleeps;
  UPK_VEC(shell_logged) logged;
  size_t logged_first;
  /* sync.c: records written, on disk, wanted there, and taken there now. */
  uint64_t written, synced, wanted, syncing;
  unsigned jobs;
  uv_async_t sync_async;
  driver_task *sync_task; /* NULL: none runs */
  int sync_result;        /* the thread's */
  int sync_error;         /* errno; final */
  shell_active active[MACHINE_SESSIONS_MAX];
  size_t done;
  int64_t began_us, told_us;
  int stop_seen;
  unsigned looks;    /* of the watch timer */
  bool switched_off; /* the kill switch was seen */
  upk_status status;
};

/* Hands an event to the machine and does all that follows from it. */
void shell_feed(shell *sh, machine_event *event);
/* Hands it the answers to records that are where they must be. */
void shell_answer_records(shell *sh);

/* perform.c: one command of the machine. */
void shell_perform(shell *sh, const machine_command *command);
void shell_drop_sleeps(shell *sh);
shell_op *shell_op_new(shell *sh, const machine_command *command);
driver_value shell_value(const plan_value *value);

/* file.c: a query with a file. */
void shell_file_start(shell *sh, const machine_command *command);
void shell_file_cancel(shell *sh, unsigned session);
/* The session is asked to commit, or to roll back: what it wrote stays, or
 * goes. */
void shell_file_commit(shell *sh, unsigned session);
void shell_file_rollback(shell *sh, unsigned session);

/* exec.c: a program, answered like a query. */
void shell_exec_start(shell *sh, const machine_command *command);
/* Ends the program of a session, if one runs; its answer still comes. */
void shell_exec_cancel(shell *sh, unsigned session);

/* record.c: LOG and REPORT, and what the caller is told. */
void shell_log(shell *sh, const machine_command *command);

/* sync.c: the log goes to disk on a thread, for all records at once that wait.
 */
void shell_sync_open(shell *sh);
void shell_sync_close(shell *sh); /* after the loop has ended */
bool shell_syncs_apart(const shell *sh);
void shell_want_synced(shell *sh); /* all records written so far */
/* Whether the answer to a record must not be given yet. */
bool shell_awaits_disk(const shell *sh, const shell_logged *logged);
void shell_sync_soon(shell *sh); /* a moment has passed */
void shell_tell_past(shell *sh); /* steps that ended before this process */
void shell_tell(shell *sh, const machine_command *command);
void shell_report(shell *sh, const machine_command *command);
void shell_progress(shell *sh);

/* orders.c: the kill switch before a run starts (UPK_OK, or UPK_CANCELLED after
 * a diagnostic); signals, orders and the switch while it goes on. */
upk_status shell_may_start(const shell_request *request);
void shell_watch(shell *sh);

/* reply.c: a driver's result as an event. */
machine_fault shell_fault(const driver_error *error);
void shell_reply(shell_op *op, const driver_result *result, bool granted,
                 upk_str holder);

#endif
