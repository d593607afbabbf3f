#include "driver/sqlite/conn.h"

#include <errno.h>

/* Codes by https://sqlite.org/rescode.html. An extended code that is not here
 * takes the row of its primary one (its low byte). */
#define CODES(X)                                                               \
  X(SQLITE_ERROR, OTHER)                                                       \
  X(SQLITE_INTERNAL, OTHER)                                                    \
  X(SQLITE_PERM, PRIVILEGE)                                                    \
  X(SQLITE_ABORT, OTHER)                                                       \
  X(SQLITE_BUSY, BUSY)                                                         \
  X(SQLITE_BUSY_RECOVERY, BUSY)                                                \
  X(SQLITE_BUSY_SNAPSHOT, BUSY)                                                \
  X(SQLITE_BUSY_TIMEOUT, BUSY)                                                 \
  X(SQLITE_LOCKED, BUSY)                                                       \
  X(SQLITE_LOCKED_SHAREDCACHE, BUSY)                                           \
  X(SQLITE_NOMEM, OTHER)                                                       \
  X(SQLITE_READONLY, READ_ONLY)                                                \
  X(SQLITE_READONLY_CANTINIT, READ_ONLY)                                       \
  X(SQLITE_READONLY_DIRECTORY, READ_ONLY)                                      \
  X(SQLITE_READONLY_RECOVERY, READ_ONLY)                                       \
  X(SQLITE_READONLY_ROLLBACK, READ_ONLY)                                       \
  X(SQLITE_READONLY_DBMOVED, CONNECTION)                                       \
  X(SQLITE_INTERRUPT, CANCELLED)                                               \
  X(SQLITE_IOERR, OTHER)                                                       \
  X(SQLITE_IOERR_READ, OTHER)                                                  \
  X(SQLITE_IOERR_SHORT_READ, DAMAGED)                                          \
  X(SQLITE_IOERR_WRITE, OTHER)                                                 \
  X(SQLITE_IOERR_FSYNC, OTHER)                                                 \
  X(SQLITE_IOERR_CORRUPTFS, DAMAGED)                                           \
  X(SQLITE_CORRUPT, DAMAGED)                                                   \
  X(SQLITE_CORRUPT_VTAB, DAMAGED)                                              \
  X(SQLITE_CORRUPT_SEQUENCE, DAMAGED)                                          \
  X(SQLITE_CORRUPT_INDEX, DAMAGED)                                             \
  X(SQLITE_NOTFOUND, OTHER)                                                    \
  X(SQLITE_FULL, DISK_FULL)                                                    \
  X(SQLITE_CANTOPEN, OTHER)                                                    \
  X(SQLITE_CANTOPEN_ISDIR, OTHER)                                              \
  X(SQLITE_PROTOCOL, BUSY)                                                     \
  X(SQLITE_SCHEMA, BUSY)                                                       \
  X(SQLITE_TOOBIG, OTHER)                                                      \
  X(SQLITE_CONSTRAINT, OTHER)                                                  \
  X(SQLITE_CONSTRAINT_CHECK, OTHER)                                            \
  X(SQLITE_CONSTRAINT_FOREIGNKEY, OTHER)                                       \
  X(SQLITE_CONSTRAINT_NOTNULL, OTHER)                                          \
  X(SQLITE_CONSTRAINT_PRIMARYKEY, OTHER)                                       \
  X(SQLITE_CONSTRAINT_TRIGGER, OTHER)                                          \
  X(SQLITE_CONSTRAINT_UNIQUE, OTHER)                                           \
  X(SQLITE_MISMATCH, OTHER)                                                    \
  X(SQLITE_MISUSE, OTHER)                                                      \
  X(SQLITE_NOLFS, OTHER)                                                       \
  X(SQLITE_AUTH, PRIVILEGE)                                                    \
  X(SQLITE_RANGE, SYNTAX)                                                      \
  X(SQLITE_NOTADB, DAMAGED)

static const struct code {
  int code;
  const char *name;
  driver_class class;
} codes[] = {
#define X(code, class) {code, #code, DRIVER_##class},
    CODES(X)
#undef X
};

static const struct code *find_code(int code) {
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (codes[i].code == code)
      return &codes[i];
  return NULL;
}

const char *sqlite_code_name(int code) {
  const struct code *found = find_code(code);
  if (!found)
    found = find_code(code & 0xff);
  return found ? found->name : "SQLITE_ERROR";
}

static driver_class class_of(sqlite_session *session, int code) {
  int stop = atomic_load(&session->stop);
  int primary = code & 0xff;
  if (stop && (primary == SQLITE_INTERRUPT || primary == SQLITE_BUSY ||
               primary == SQLITE_ABORT))
    return stop == SQLITE_STOP_DEADLINE ? DRIVER_TIMEOUT : DRIVER_CANCELLED;
  if (primary == SQLITE_IOERR && sqlite3_system_errno(session->db) == ENOSPC)
    return DRIVER_DISK_FULL;
  const struct code *found = find_code(code);
  if (!found)
    found = find_code(primary);
  return found ? found->class : DRIVER_OTHER;
}

/* Where SQLite's own words leave the user alone. */
static const struct {
  int code;
  const char *message;
} clearer[] = {
    {SQLITE_AUTH, "a file can be attached only as upkeep_archive, by its path, "
                  "and only in a step that writes"},
    {SQLITE_NOTADB, "the file is not a SQLite database, or is encrypted"},
    {SQLITE_READONLY_ROLLBACK,
     "a writer died and left a journal, which a read-only session cannot roll "
     "back; open the database once with a program that writes"},
    {SQLITE_READONLY_CANTINIT,
     "the write-ahead log cannot be read without write access to its folder"},
    {SQLITE_READONLY_DIRECTORY,
     "the folder of the database is not writable, and its journal must be"},
    {SQLITE_READONLY_DBMOVED, "the database file was moved or replaced"},
};

const char sqlite_writable_hint[] =
    "work as a user who may write to the database file and to its folder";
static const char damaged_hint[] =
    "keep a copy of the file and its -wal before anything writes; then restore "
    "a backup, or save what can be read with `sqlite3 COPY .recover`";

static const char *advice_for(int code, driver_class class) {
  if (class == DRIVER_DAMAGED && code != SQLITE_NOTADB)
    return damaged_hint;
  return code == SQLITE_READONLY_DIRECTORY ? sqlite_writable_hint : NULL;
}

void sqlite_fail(sqlite_session *session, driver_op *op, int code) {
  driver_class class = class_of(session, code);
  const char *message = session->db && sqlite3_errcode(session->db)
                            ? sqlite3_errmsg(session->db)
                            : sqlite3_errstr(code);
  for (size_t i = 0; i < sizeof clearer / sizeof *clearer; i++)
    if (clearer[i].code == code)
      message = clearer[i].message;
  if (class == DRIVER_TIMEOUT)
    message = "the statement ran into its deadline";
  if (class == DRIVER_CANCELLED)
    message = "the statement was cancelled";
  driver_op_fail(op, class, sqlite_code_name(code & 0xff), "%s", message);
  op->error.hint = upk_str_from(advice_for(code, class));
  if (code > 0xff && find_code(code))
    op->error.detail = upk_str_from(sqlite_code_name(code));
}
