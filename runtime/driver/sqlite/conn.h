/* A SQLite connection: a thread of its own, and the loop's side of it.
 *
 * The two meet in `phase`, which changes under `mutex`:
 *
 *            start (loop)                    finished (thread)
 *     IDLE ---------------> GIVEN ----------------------------> DONE
 *      ^                     |  ^                                 |
 *      |         batch full  |  | batch taken (loop)              |
 *      |           (thread)  v  |                                 |
 *      |                    ROWS                                  |
 *      +----------------------------------------------------------+
 *                        delivered (loop)
 *
 *     IDLE -> QUIT (loop: close) -> ENDED (thread)
 *     any -> abandoned (loop: lost)
 *
 * A trivial statement takes less time than waking a thread: each side looks at
 * `phase` for a moment before it sleeps (`sqlite_spin`). While the loop looks,
 * the thread does not wake it.
 *
 * In GIVEN the operation belongs to the thread, in every other phase to the
 * loop. `stop` asks the thread to give up; it is looked at by the progress and
 * busy handlers, and sqlite3_interrupt() goes with it again and again, since
 * an interrupt that comes before the statement's first step is forgotten.
 */
#ifndef RUNTIME_DRIVER_SQLITE_CONN_H
#define RUNTIME_DRIVER_SQLITE_CONN_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <uv.h>

#include "driver/op.h"

typedef enum sqlite_phase {
  SQLITE_PHASE_IDLE,
  SQLITE_PHASE_GIVEN,
  SQLITE_PHASE_ROWS,
  SQLITE_PHASE_DONE,
  SQLITE_PHASE_QUIT,
  SQLITE_PHASE_ENDED,
} sqlite_phase;

enum { SQLITE_CACHED = 8 };

/* Why the thread was asked to give up. */
typedef enum sqlite_stop {
  SQLITE_RUN,
  SQLITE_STOP_CANCEL,
  SQLITE_STOP_DEADLINE,
} sqlite_stop;

/* What both sides see. Freed by the thread when it was abandoned, else by the
 * loop after the thread has ended. */
typedef struct sqlite_session {
  uv_mutex_t mutex;
  uv_cond_t changed;
  atomic_int phase; /* sqlite_phase */
  bool asleep;      /* the thread waits for `changed` */
  bool watched;     /* the loop looks at `phase` */
  bool abandoned;
  bool in_transaction; /* after the last operation */
  uv_async_t *async;   /* the loop's; not to be used when abandoned */
  atomic_int stop;     /* sqlite_stop */
  sqlite3 *db;         /* the loop only interrupts it */

  /* the thread's own */
  upk_buf path;
  upk_buf application;
  bool read_only;
  driver_limits limits;
  int64_t waited_ms; /* in the busy handler, for one lock */
  char *archive;     /* what the statement attaches; SQLite's memory */
  int lock_fd;       /* of the lock file, or -1 */
  dev_t device;      /* with the inode: which file was opened */
  ino_t inode;

  struct { /* prepared statements that may come again; cache.c */
    sqlite3_stmt *statement;
    upk_buf sql;
  } cached[SQLITE_CACHED];
  unsigned cached_next;

  driver_op ops[2];
  driver_op *op; /* the one under way, or the last */
} sqlite_session;

/* session.c: runs on the thread until QUIT. */
void sqlite_session_run(void *session);
void sqlite_session_free(sqlite_session *session);
/* Whether the phase left `phase` within some 50 us. Never waits on a machine
 * with one processor. */
bool sqlite_spin(const sqlite_session *session, sqlite_phase phase);

/* cache.c: the statement of that text, fit to be bound, or NULL. */
sqlite3_stmt *sqlite_cache_find(sqlite_session *session, upk_str sql);
/* The statement is done with: kept for later when it `went_well` and is of a
 * sort that comes again, else finalised. */
void sqlite_cache_give(sqlite_session *session, upk_str sql,
                       sqlite3_stmt *statement, bool went_well);
void sqlite_cache_clear(sqlite_session *session);

/* open.c: opens session->db as it must be; fails session->op otherwise. */
void sqlite_open_file(sqlite_session *session);
/* Whether the path still leads to the file that is open: what is written to
 * one that was removed is lost without an error. Fails session->op if not. */
bool sqlite_is_there(sqlite_session *session);
/* What every connection to the file, and to copies of it, is set to. */
void sqlite_configure(sqlite_session *session, sqlite3 *db);
/* The handler that waits for locks: as long as limits.lock_ms, or until the
 * operation's deadline. */
int sqlite_wait(void *session, int count);

/* error.c: records SQLite's last error in `op`. */
void sqlite_fail(sqlite_session *session, driver_op *op, int code);
extern const char sqlite_writable_hint[];
/* "SQLITE_BUSY"; never NULL. */
const char *sqlite_code_name(int code);

/* functions.c: what collectors need and SQLite lacks. Returns a result code. */
int sqlite_functions_add(sqlite_session *session, sqlite3 *db);
/* copy.c: upkeep_check_copy(check), whose user data is the session; blocks as
 * long as the copy takes, or until the session is told to stop. And
 * upkeep_temp_free(). */
void sqlite_check_copy(sqlite3_context *context, int count,
                       sqlite3_value **args);
void sqlite_temp_free(sqlite3_context *context, int count,
                      sqlite3_value **args);

/* attach.c: the authorizer of a session. */
int sqlite_authorize(void *session, int action, const char *first,
                     const char *second, const char *database,
                     const char *trigger);
/* Before session->op runs: where it attaches an archive that is not there yet,
 * makes the file as open as the database is. */
void sqlite_archive_make(sqlite_session *session);

/* lock.c: the executor's lock beside the file. */
void sqlite_lock_try(sqlite_session *session, driver_op *op);
void sqlite_lock_drop(sqlite_session *session);

#endif
