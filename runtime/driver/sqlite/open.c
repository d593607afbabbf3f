#include "driver/sqlite/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { PROGRESS_OPS = 2000 }; /* about 20 us between two looks at `stop` */

int sqlite_wait(void *session_ptr, int count) {
  static const int pauses_ms[] = {1, 2, 5, 10, 15, 20, 25, 25, 50};
  sqlite_session *session = session_ptr;
  int last = (int)(sizeof pauses_ms / sizeof *pauses_ms) - 1;
  int pause = pauses_ms[count < last ? count : last];
  if (count == 0)
    session->waited_ms = 0;
  if (atomic_load(&session->stop) ||
      (session->limits.lock_ms &&
       session->waited_ms >= session->limits.lock_ms))
    return 0;
  sqlite3_sleep(pause);
  session->waited_ms += pause;
  return 1;
}

static int is_stopped(void *session_ptr) {
  sqlite_session *session = session_ptr;
  return atomic_load(&session->stop) != SQLITE_RUN;
}

/* Names that SQLite would read otherwise than as a file. */
static const char *refusal(upk_str path) {
  if (path.len == 0 || path.data[0] == '\0')
    return "the connect string is empty; write the path of the database file";
  if (memchr(path.data, '\0', path.len))
    return "the path holds a NUL byte";
  if (upk_str_starts(path, "file:"))
    return "file: URIs are not accepted; write the path of the database file";
  if (upk_str_is(path, ":memory:"))
    return "a database in memory cannot be maintained; write the path of a "
           "file";
  return NULL;
}

static bool exists(sqlite_session *session) {
  struct stat found;
  if (stat(session->path.data, &found) != 0) {
    driver_op_fail(session->op, DRIVER_CONNECTION, "SQLITE_CANTOPEN",
                   "the database file cannot be opened: %s", strerror(errno));
    session->op->error.hint = UPK_STR("check the path in the target's connect");
    return false;
  }
  if (!S_ISREG(found.st_mode)) {
    driver_op_fail(session->op, DRIVER_CONNECTION, "SQLITE_CANTOPEN",
                   "the path is not that of a file");
    return false;
  }
  session->device = found.st_dev;
  session->inode = found.st_ino;
  return true;
}

bool sqlite_is_there(sqlite_session *session) {
  struct stat found;
  if (stat(session->path.data, &found) == 0 &&
      found.st_dev == session->device && found.st_ino == session->inode)
    return true;
  driver_op_fail(session->op, DRIVER_CONNECTION, NULL,
                 "the database file was moved, removed or replaced");
  return false;
}

/* Whether everything that was committed stands in the file itself. */
static bool has_no_log(const sqlite_session *session) {
  struct stat found;
  char *path = sqlite3_mprintf("%s-wal", session->path.data);
  bool none =
      path && (stat(path, &found) != 0 ? errno == ENOENT : found.st_size == 0);
  sqlite3_free(path);
  return none;
}

void sqlite_configure(sqlite_session *session, sqlite3 *db) {
  const struct {
    int option, value;
  } options[] = {
      {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, session->read_only},
      {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
  };
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    sqlite3_db_config(db, options[i].option, options[i].value, (int *)NULL);
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_handler(db, sqlite_wait, session);
  sqlite3_progress_handler(db, PROGRESS_OPS, is_stopped, session);
  sqlite3_set_authorizer(db, sqlite_authorize, session);
}

/* `file:` and the path with what a URI gives a meaning escaped. */
static void make_uri(upk_str path, upk_buf *out) {
  upk_buf_str(out, UPK_STR("file:"));
  for (size_t i = 0; i < path.len; i++)
    if (strchr("%?#", path.data[i]))
      upk_buf_printf(out, "%%%02x", (unsigned char)path.data[i]);
    else
      upk_buf_char(out, path.data[i]);
  upk_buf_str(out, UPK_STR("?immutable=1"));
}

/* Opens, and reads the schema: only then SQLite looks into the file. */
static int open_as(sqlite_session *session, const char *name, int flags) {
  sqlite3 *db = NULL, *old;
  int code = sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
  uv_mutex_lock(&session->mutex);
  old = session->db;
  session->db = db;
  uv_mutex_unlock(&session->mutex);
  sqlite3_close(old);
  if (code != SQLITE_OK)
    return code;
  sqlite_configure(session, db);
  code = sqlite_functions_add(session, db);
  if (code == SQLITE_OK)
    code = sqlite3_exec(db,
                        "pragma cell_size_check = on;"
                        "select count(*) from sqlite_schema",
                        NULL, NULL, NULL);
  return code;
}

/* A write-ahead-log database in a folder that is read-only has no shared
 * memory, and cannot be opened by the book. When it has no log either, nobody
 * writes to it, and it can be read as what it is: a file at rest. */
static bool rest_would_help(sqlite_session *session, int code) {
  int primary = code & 0xff;
  return session->read_only &&
         (primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY) &&
         code != SQLITE_READONLY_ROLLBACK && has_no_log(session);
}

void sqlite_open_file(sqlite_session *session) {
  const char *refused = refusal(upk_buf_view(&session->path));
  if (refused) {
    driver_op_fail(session->op, DRIVER_CONNECTION, "SQLITE_CANTOPEN", "%s",
                   refused);
    return;
  }
  if (!exists(session))
    return;
  int code = open_as(session, session->path.data,
                     session->read_only ? SQLITE_OPEN_READONLY
                                        : SQLITE_OPEN_READWRITE);
  if (code != SQLITE_OK && rest_would_help(session, code)) {
    upk_buf uri = {0};
    make_uri(upk_buf_view(&session->path), &uri);
    code = open_as(session, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    upk_buf_free(&uri);
  }
  if (code != SQLITE_OK)
    sqlite_fail(session, session->op, code);
  else if (sqlite_is_there(session) && !session->read_only &&
           sqlite3_db_readonly(session->db, "main") == 1) {
    driver_op_fail(session->op, DRIVER_READ_ONLY, "SQLITE_READONLY",
                   "the database file is not writable for this user");
    session->op->error.hint = upk_str_from(sqlite_writable_hint);
  }
}
