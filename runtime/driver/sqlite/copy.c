/* upkeep_check_copy(check): the database copied by the backup API
 * (https://sqlite.org/backup.html) into a private temporary file, and that
 * copy checked. docs/extending.md, "What SQLite's driver adds".
 *
 * The copy is read through a connection of its own. Where the database has a
 * write-ahead log, that one keeps one snapshot from the first page to the last:
 * nobody waits for it. In a rollback journal mode it lets go of its lock after
 * every batch, since a reader that stays would make writers fail; a write in
 * between lets the copy begin anew, which is bounded.
 */
#include "driver/sqlite/conn.h"

#include <string.h>
#include <sys/statvfs.h>

enum {
  BATCH_PAGES = 256,
  PAUSE_MS = 2,      /* for writers, between two batches */
  RESTARTS_MAX = 50, /* then writers are busier than the copy is fast */
  FAULTS_MAX = 100,
};

typedef struct copying {
  sqlite_session *session;
  sqlite3 *from, *to;
  bool keeps_snapshot;
  int left, restarts;  /* pages to copy; how often it began anew, or waited */
  const char *message; /* when SQLite's own words would not do */
} copying;

static int execute(sqlite3 *db, const char *sql) {
  return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int on_mode(void *has_log, int count, char **values, char **names) {
  (void)names;
  *(bool *)has_log = count == 1 && values[0] && !strcmp(values[0], "wal");
  return 0;
}

static int open_source(copying *c) {
  const char *path = sqlite3_db_filename(c->session->db, "main");
  int code = sqlite3_open_v2(path ? path : "", &c->from,
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK)
    return code;
  sqlite_configure(c->session, c->from);
  code = sqlite3_exec(c->from, "pragma journal_mode", on_mode,
                      &c->keeps_snapshot, NULL);
  if (code == SQLITE_OK && c->keeps_snapshot)
    code = execute(c->from, "begin; select 1 from sqlite_schema limit 1");
  return code;
}

/* An empty name: a file that nobody else sees, gone with the connection. */
static int open_target(copying *c) {
  int code = sqlite3_open_v2(
      "", &c->to,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK)
    return code;
  sqlite_configure(c->session, c->to);
  return execute(c->to, "pragma journal_mode = off; pragma synchronous = off;"
                        "pragma cell_size_check = on");
}

/* One batch; false when there is no further one, with the reason in
 * *ret_code. A writer that holds the lock longer than one may wait for locks is
 * no reason to give up at once: nobody waits for the copy. */
static bool copy_batch(copying *c, sqlite3_backup *backup, int *ret_code) {
  int before = c->left;
  int code = sqlite3_backup_step(backup, BATCH_PAGES);
  c->left = sqlite3_backup_remaining(backup);
  if (code == SQLITE_OK)
    c->restarts += before >= 0 && c->left >= before;
  else if ((code & 0xff) == SQLITE_BUSY)
    c->restarts++;
  else
    goto end;
  code = SQLITE_OK;
  if (atomic_load(&c->session->stop) != SQLITE_RUN) {
    code = SQLITE_INTERRUPT;
  } else if (c->restarts > RESTARTS_MAX) {
    code = SQLITE_BUSY;
    c->message = "the database is written to faster than it can be copied";
  }
end:
  *ret_code = code;
  return code == SQLITE_OK;
}

static int copy_pages(copying *c) {
  int code;
  sqlite3_backup *backup = sqlite3_backup_init(c->to, "main", c->from, "main");
  if (!backup)
    return sqlite3_errcode(c->to);
  c->left = -1;
  while (copy_batch(c, backup, &code))
    if (!c->keeps_snapshot)
      sqlite3_sleep(PAUSE_MS);
  int end = sqlite3_backup_finish(backup);
  return code == SQLITE_DONE ? end : code;
}

/* The faults, one a line; 'ok' when there is none. */
static int check_copy(copying *c, const char *check, upk_buf *answer) {
  char sql[64];
  sqlite3_stmt *statement = NULL;
  snprintf(sql, sizeof sql, "pragma %s(%d)", check, FAULTS_MAX);
  int code = sqlite3_prepare_v2(c->to, sql, -1, &statement, NULL);
  while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    const char *line = (const char *)sqlite3_column_text(statement, 0);
    if (answer->len)
      upk_buf_char(answer, '\n');
    upk_buf_str(answer, upk_str_from(line ? line : ""));
    code = SQLITE_OK;
  }
  sqlite3_finalize(statement);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

static bool known_check(const char *check) {
  return check &&
         (!strcmp(check, "integrity_check") || !strcmp(check, "quick_check"));
}

static void say_failure(sqlite3_context *context, const copying *c, int code) {
  sqlite3 *at = c->to && sqlite3_errcode(c->to) == code       ? c->to
                : c->from && sqlite3_errcode(c->from) == code ? c->from
                                                              : NULL;
  const char *message = c->message;
  if (!message)
    message = at ? sqlite3_errmsg(at) : sqlite3_errstr(code);
  sqlite3_result_error(context, message, -1);
  sqlite3_result_error_code(context, code);
}

void sqlite_check_copy(sqlite3_context *context, int count,
                       sqlite3_value **args) {
  copying c = {.session = sqlite3_user_data(context)};
  const char *check = (const char *)sqlite3_value_text(args[0]);
  upk_buf answer = {0};
  (void)count;
  if (!known_check(check)) {
    sqlite3_result_error(
        context, "upkeep_check_copy takes 'integrity_check' or 'quick_check'",
        -1);
    return;
  }
  int code = open_source(&c);
  if (code == SQLITE_OK)
    code = open_target(&c);
  if (code == SQLITE_OK)
    code = copy_pages(&c);
  if (code == SQLITE_OK)
    code = check_copy(&c, check, &answer);
  if (code == SQLITE_OK)
    sqlite3_result_text64(context, answer.data ? answer.data : "", answer.len,
                          SQLITE_TRANSIENT, SQLITE_UTF8);
  else
    say_failure(context, &c, code);
  upk_buf_free(&answer);
  sqlite3_close(c.to);
  sqlite3_close(c.from);
}

/* The folder of a name that SQLite would give a temporary file. */
void sqlite_temp_free(sqlite3_context *context, int count,
                      sqlite3_value **args) {
  sqlite3 *db = sqlite3_context_db_handle(context);
  char *name = NULL, *slash;
  struct statvfs fs;
  (void)count;
  (void)args;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_TEMPFILENAME, &name);
  slash = name ? strrchr(name, '/') : NULL;
  if (slash)
    slash[slash == name] = '\0';
  if (slash && statvfs(name, &fs) == 0)
    sqlite3_result_int64(context,
                         (sqlite3_int64)((uint64_t)fs.f_bavail * fs.f_frsize));
  sqlite3_free(name);
}
