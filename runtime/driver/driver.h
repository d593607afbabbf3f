/* The driver interface: how the runtime talks to one kind of database.
 *
 * A driver is one const struct of functions (below), found by its engine's
 * name. Everything is asynchronous on one libuv loop and on the thread that
 * runs it: a driver that must block (SQLite) has a thread a connection of its
 * own and brings the answer back to the loop.
 *
 * Rules that hold for every function:
 *   - Only the loop's thread calls it. It does not block.
 *   - What it is given (options, SQL, parameters) is copied before it returns.
 *   - A callback comes exactly once for each call that takes one, from the
 *     loop, never from inside the call. What a callback is given is valid until
 *     it returns.
 *   - At most one operation (open, query, begin, commit, rollback, set_limits,
 *     try_lock) is under way on a connection, unless `in_flight_max` is more
 *     than 1: then so many queries may be, and they end in the order given.
 *   - Every operation ends: by its deadline it is cancelled, and when the
 *     server does not answer that within 5 s the connection counts as lost
 *     (class CONNECTION). There is no "no deadline".
 *   - No secret (the connect string, a password) is ever in a text it gives.
 */
#ifndef RUNTIME_DRIVER_DRIVER_H
#define RUNTIME_DRIVER_DRIVER_H

#include <upkeep/base.h>

struct uv_loop_s; /* uv_loop_t */

/* A value of a row or a parameter. Whatever is neither an integer, a boolean
 * nor NULL is TEXT as the engine prints it (float too; bytes as lower-case
 * hex). A numeric without a fraction that fits is INT, such as sum(bigint). A
 * boolean of SQLite is INT. */
typedef enum driver_value_type {
  DRIVER_NULL,
  DRIVER_INT,
  DRIVER_BOOL,
  DRIVER_TEXT,
} driver_value_type;

typedef struct driver_value {
  driver_value_type type;
  int64_t integer; /* INT, and BOOL as 0 or 1 */
  upk_str text;    /* TEXT; valid UTF-8 */
} driver_value;

/* What an error means to the executor. Name, English, whether the same
 * statement may well succeed a little later. */
#define DRIVER_CLASS_TABLE(X)                                                  \
  X(NONE, "no error", false)                                                   \
  X(LOCK_TIMEOUT, "lock timeout", true)                                        \
  X(DEADLOCK, "deadlock", true)                                                \
  X(BUSY, "busy", true)                                                        \
  X(CONNECTION, "connection lost", false)                                      \
  X(TIMEOUT, "statement timeout", false)                                       \
  X(CANCELLED, "cancelled", false)                                             \
  X(SYNTAX, "syntax error", false)                                             \
  X(PRIVILEGE, "privilege missing", false)                                     \
  X(DISK_FULL, "disk full", false)                                             \
  X(READ_ONLY, "read only", false)                                             \
  X(DAMAGED, "damaged data", false)                                            \
  X(OTHER, "error", false)

typedef enum driver_class {
#define X(name, text, transient) DRIVER_##name,
  DRIVER_CLASS_TABLE(X)
#undef X
} driver_class;

/* `code` is the SQLSTATE, or for SQLite the result code's name
 * ("SQLITE_CORRUPT"); absent when the server said none. `message` is the
 * server's own words, one line, at most 1 KiB, not the connect string. */
typedef struct driver_error {
  driver_class class;
  upk_str code;
  upk_str message;
  upk_str detail, hint; /* may be absent */
} driver_error;

/* A notice or warning of the server: "skipping" of VACUUM is only that. */
typedef struct driver_notice {
  upk_str severity; /* "WARNING", "NOTICE", "INFO" */
  upk_str code;
  upk_str message;
} driver_notice;

/* How an operation ended. Rows are row-major: values[row * column_count +
 * column]. All zero but `error` for operations without rows. */
typedef struct driver_result {
  driver_error error; /* class NONE: it went well */
  const upk_str *columns;
  size_t column_count;
  const driver_value *values;
  size_t row_count;             /* rows in `values` */
  int64_t rows_total;           /* rows the statement returned, kept or not */
  int64_t rows_affected;        /* of insert, update, delete; -1: not known */
  const driver_notice *notices; /* the first 32 */
  size_t notice_count;
} driver_result;

typedef void (*driver_done)(void *ctx, const driver_result *result);

typedef struct driver_options {
  upk_str target;      /* name, for messages */
  upk_str connect;     /* secret */
  upk_str application; /* application_name, cut by the engine's limit */
  bool read_only; /* the session cannot write; SQLite: no WAL is checkpointed */
  int64_t connect_timeout_ms; /* > 0 */
} driver_options;

typedef struct driver_query {
  upk_str sql; /* one statement; a second one is an error of class SYNTAX */
  const driver_value *params; /* for $1 or ?1 and so on; types are inferred */
  size_t param_count;
  size_t rows_max;     /* rows kept for on_done; more are counted and let go */
  int64_t deadline_ms; /* from the call; > 0 */
  /* NULL: rows are kept. Else rows come in batches (result->values, at most
   * 1,024 rows or about 1 MiB) and none at the end; the next batch is not
   * read before it returns. false: stop; the query ends with CANCELLED. */
  bool (*on_rows)(void *ctx, const driver_result *batch);
  driver_done on_done;
  void *ctx;
} driver_query;

/* A setting of the session, such as vacuum_cost_delay = "2ms". */
typedef struct driver_setting {
  upk_str name, value;
} driver_setting;

/* 0 means "no limit of the session's own"; the deadline holds all the same. */
typedef struct driver_limits {
  int64_t lock_ms;      /* lock_timeout; busy_timeout */
  int64_t statement_ms; /* statement_timeout */
  bool read_only;       /* until changed: refuse to write */
  /* Those set by an earlier call and absent here are put back to what the role
   * has. `host.priority`: how much lower than usual the server's process runs,
   * where that can be done; never an error, `host` says what became of it.
   * SQLite: an error of class SYNTAX when there are any. */
  const driver_setting *settings;
  size_t setting_count;
} driver_limits;

/* `granted` false and error NONE: another has it, and `holder` says who. */
typedef void (*driver_locked)(void *ctx, const driver_error *error,
                              bool granted, upk_str holder);

typedef struct driver_conn driver_conn; /* each driver's own */

typedef struct driver {
  const char *engine;   /* "sqlite", "postgres" */
  size_t in_flight_max; /* queries under way at once on a connection; >= 1 */
  unsigned jobs_max;    /* sessions that can work at once; SQLite: 1 */

  /* ---- required ---- */

  /* Connects and makes the session safe (search_path, encoding, timeouts off
   * the role's own settings). Never NULL. When on_done brings an error the
   * connection is good for nothing but close(). */
  driver_conn *(*open)(struct uv_loop_s *loop, const driver_options *options,
                       driver_done on_done, void *ctx);
  void (*query)(driver_conn *conn, const driver_query *query);
  /* PostgreSQL: BEGIN. SQLite: BEGIN IMMEDIATE. */
  void (*begin)(driver_conn *conn, int64_t deadline_ms, driver_done on_done,
                void *ctx);
  /* An error of class CONNECTION, TIMEOUT or CANCELLED leaves it open whether
   * the transaction was committed. Any other error: it was not. */
  void (*commit)(driver_conn *conn, int64_t deadline_ms, driver_done on_done,
                 void *ctx);
  /* Succeeds too when no transaction is open any more. */
  void (*rollback)(driver_conn *conn, int64_t deadline_ms, driver_done on_done,
                   void *ctx);
  /* Sets the session's limits, inside a transaction or not; they hold until
   * the next call, also across a rollback. */
  void (*set_limits)(driver_conn *conn, const driver_limits *limits,
                     driver_done on_done, void *ctx);
  /* Asks the server to give up what is under way, if anything. Its callback
   * still comes: with CANCELLED, or with success when it was too late. */
  void (*cancel)(driver_conn *conn);
  /* Tries for the executor's lock named `key` (printable ASCII, at most 200
   * bytes) of the database that the session is in; never waits for it. It is
   * held by this session until the connection closes or dies. */
  void (*try_lock)(driver_conn *conn, upk_str key, driver_locked on_locked,
                   void *ctx);
  /* Whether a transaction is open now. Ask after every error: SQLite may have
   * rolled back by itself. false once the connection is lost. */
  bool (*in_transaction)(const driver_conn *conn);
  /* Closes and frees; what is under way is cancelled and its callback comes
   * first. `on_closed` (may be NULL) is the last call about `conn`. */
  void (*close)(driver_conn *conn, void (*on_closed)(void *ctx), void *ctx);

  /* ---- optional: NULL when the engine has no such thing ---- */

  /* Names the session to the server's other users, for the log: "pid 4711".
   * Valid until close. */
  upk_str (*session)(const driver_conn *conn);
  /* What became of the host.* settings of the last set_limits, for the log:
   * "priority lowered to nice 10"; absent when none were asked. Valid until the
   * next one. */
  upk_str (*host)(const driver_conn *conn);
  /* Ends the session that holds the lock `key`, if its application is exactly
   * `application` and it is not this one; its work is rolled back by the
   * server. Success says nothing about whether one was found. */
  void (*evict)(driver_conn *conn, upk_str key, upk_str application,
                driver_done on_done, void *ctx);
  /* Begins a read-only transaction whose queries all see one moment. */
  void (*begin_snapshot)(driver_conn *conn, int64_t deadline_ms,
                         driver_done on_done, void *ctx);
} driver;

/* The driver of an engine, or NULL when none is built in. */
const driver *driver_find(upk_str engine);
/* All built in, in a fixed order; NULL past the end. */
const driver *driver_at(size_t index);
/* The configure option that would build in the driver of a known engine; NULL
 * for one that is always built in, or not known. */
const char *driver_option(upk_str engine);

const char *driver_class_name(driver_class class);
/* Whether the same statement may succeed a little later. */
bool driver_class_transient(driver_class class);

#endif
