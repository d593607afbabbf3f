/* The store's database: opening, statements, and what becomes of failures. */
#ifndef RUNTIME_STATE_DB_H
#define RUNTIME_STATE_DB_H

#include <sqlite3.h>
#include <sys/stat.h>

#include <upkeep/state.h>

/* Version 1 is the first; what stands here is the newest known. */
enum { STATE_VERSION = 3, STATE_APPLICATION = 0x75706b73 /* "upks" */ };
enum { STATE_BUSY_MS = 2000, STATE_IDLE_MAX = 64 };

struct upk_state {
  sqlite3 *db;
  upk_str path;     /* NUL-terminated; in `arena` */
  struct stat file; /* what `path` named when it was opened */
  const upk_clock *clock;
  upk_arena *arena;
  int code;     /* of the first failure; SQLITE_OK: none */
  upk_str why;  /* its words */
  bool useless; /* a failure was said: nothing more is tried */
  sqlite3_stmt *idle[STATE_IDLE_MAX]; /* statements for the next time */
  size_t idle_count;
};

/* A statement with its parameters: `types` has a letter for each, i (int64_t),
 * t (upk_str, NULL when absent), b (upk_str as bytes). NULL after a failure,
 * which is kept; then db_next is false. */
sqlite3_stmt *db_start(upk_state *s, const char *sql, const char *types, ...);
/* The next row; false at the end and after a failure. */
bool db_next(upk_state *s, sqlite3_stmt *statement);
/* Ends it; whether nothing failed since the transaction began. */
bool db_end(upk_state *s, sqlite3_stmt *statement);
/* All in one, for statements without rows. */
#define db_run(s, sql, ...) db_end_run((s), db_start((s), (sql), __VA_ARGS__))
bool db_end_run(upk_state *s, sqlite3_stmt *statement);
/* Columns; the bytes are valid until the next row. */
int64_t db_int(sqlite3_stmt *statement, int column);
upk_str db_bytes(sqlite3_stmt *statement, int column);
upk_str db_text(upk_state *s, upk_arena *arena, sqlite3_stmt *statement,
                int column); /* a copy; absent when NULL */

/* Closes the database and all of its statements. */
void db_close(upk_state *s);

/* A transaction. It begins with the right to write, or to read alone; false
 * when the store cannot be used. Its end says what failed, and then gives the
 * store up. */
bool state_begin(upk_state *s, bool write, upk_diags *diags, const char *doing);
bool state_end(upk_state *s, upk_diags *diags, const char *doing);

/* open.c: whether an error of SQLite says that the file is damaged, or is no
 * database; closes it and moves it aside, and says so. */
typedef enum aside {
  ASIDE_MOVED,
  ASIDE_BEFORE, /* by another process: what stands there now is a new one */
  ASIDE_STAYS,
} aside;
bool state_is_damage(int code);
aside state_move_aside(upk_state *s, upk_diags *diags);

/* migrate.c: brings the database to STATE_VERSION. SQLITE_OK, an error of
 * SQLite, or SQLITE_MISMATCH after a diagnostic: it is newer, or not ours. */
int state_migrate(upk_state *s, upk_diags *diags);

#endif
