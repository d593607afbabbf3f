/* SQL functions for collectors and checks: docs/extending.md, "What SQLite's
 * driver adds". All are SQLITE_DIRECTONLY: a schema cannot call them. */
#include "driver/sqlite/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "digest.h"

static const char *file_of(sqlite3_context *context) {
  const char *path =
      sqlite3_db_filename(sqlite3_context_db_handle(context), "main");
  return path && *path ? path : NULL;
}

/* upkeep_file_size(suffix) */
static void file_size(sqlite3_context *context, int count,
                      sqlite3_value **args) {
  static const char *const suffixes[] = {"", "-wal", "-journal", "-shm"};
  const char *path = file_of(context);
  const char *suffix = (const char *)sqlite3_value_text(args[0]);
  bool known = false;
  (void)count;
  for (size_t i = 0; suffix && i < sizeof suffixes / sizeof *suffixes; i++)
    known |= strcmp(suffix, suffixes[i]) == 0;
  if (!known) {
    sqlite3_result_error(context,
                         "upkeep_file_size takes '', '-wal', '-journal' or "
                         "'-shm'",
                         -1);
    return;
  }
  char *name = path ? sqlite3_mprintf("%s%s", path, suffix) : NULL;
  struct stat found;
  if (name && stat(name, &found) == 0)
    sqlite3_result_int64(context, found.st_size);
  else if (name && errno == ENOENT)
    sqlite3_result_int64(context, 0);
  sqlite3_free(name);
}

/* upkeep_disk_free(), upkeep_disk_size(): what this user can still fill, and
 * that with what is used. NULL when the file system does not say. */
static void disk(sqlite3_context *context, int count, sqlite3_value **args) {
  const char *path = file_of(context);
  bool whole = sqlite3_user_data(context) != NULL;
  struct statvfs fs;
  (void)count;
  (void)args;
  if (!path || statvfs(path, &fs) != 0)
    return;
  uint64_t blocks =
      whole ? fs.f_blocks - fs.f_bfree + fs.f_bavail : fs.f_bavail;
  sqlite3_result_int64(context, (sqlite3_int64)(blocks * fs.f_frsize));
}

/* upkeep_load(): runnable processes a core of this machine, over a minute, in
 * parts per million. The file is here, so it is the database's host. */
static void load(sqlite3_context *context, int count, sqlite3_value **args) {
  double average[3] = {0};
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  (void)count;
  (void)args;
  uv_loadavg(average);
  if (cores > 0)
    sqlite3_result_int64(context,
                         (sqlite3_int64)(average[0] * 1e6 / (double)cores));
}

/* upkeep_has_wal(): whether the file says that it is written through a log
 * (its format's version for readers, https://sqlite.org/fileformat2.html
 * #file_format_version_numbers). pragma journal_mode says "delete" of such a
 * file when it was opened as immutable. */
static void has_wal(sqlite3_context *context, int count, sqlite3_value **args) {
  enum { READ_VERSION_AT = 19, THROUGH_A_LOG = 2 };
  sqlite3 *db = sqlite3_context_db_handle(context);
  sqlite3_file *file = NULL;
  unsigned char version = 0;
  (void)count;
  (void)args;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) ==
          SQLITE_OK &&
      file && file->pMethods &&
      file->pMethods->xRead(file, &version, 1, READ_VERSION_AT) == SQLITE_OK)
    sqlite3_result_int(context, version == THROUGH_A_LOG);
}

/* upkeep_value(sql) */
static void value(sqlite3_context *context, int count, sqlite3_value **args) {
  sqlite3 *db = sqlite3_context_db_handle(context);
  const char *sql = (const char *)sqlite3_value_text(args[0]);
  sqlite3_stmt *statement = NULL;
  const char *tail = NULL;
  (void)count;
  if (!sql)
    return;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, &tail) != SQLITE_OK) {
    sqlite3_result_error(context, sqlite3_errmsg(db), -1);
    goto out;
  }
  if (!statement || !sqlite3_stmt_readonly(statement) || *tail) {
    sqlite3_result_error(
        context, "upkeep_value takes one statement that only reads", -1);
    goto out;
  }
  int code = sqlite3_step(statement);
  if (code == SQLITE_ROW)
    sqlite3_result_value(context, sqlite3_column_value(statement, 0));
  else if (code != SQLITE_DONE) {
    sqlite3_result_error(context, sqlite3_errmsg(db), -1);
    sqlite3_result_error_code(context, code);
  }
out:
  sqlite3_finalize(statement);
}

/* upkeep_digest(text): 16 hex digits of its SHA-256. */
static void digest(sqlite3_context *context, int count, sqlite3_value **args) {
  enum { DIGITS = 16 };
  const char *text = (const char *)sqlite3_value_text(args[0]);
  (void)count;
  if (!text)
    return;
  upk_digest all =
      upk_digest_of((upk_str){text, (size_t)sqlite3_value_bytes(args[0])});
  upk_str hex = upk_digest_view(&all);
  sqlite3_result_text(context, hex.data + hex.len - DIGITS, DIGITS,
                      SQLITE_TRANSIENT);
}

int sqlite_functions_add(sqlite_session *session, sqlite3 *db) {
  static char whole;
  const struct {
    const char *name;
    int arguments;
    void *data;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
  } functions[] = {
      {"upkeep_file_size", 1, NULL, file_size},
      {"upkeep_has_wal", 0, NULL, has_wal},
      {"upkeep_disk_free", 0, NULL, disk},
      {"upkeep_disk_size", 0, &whole, disk},
      {"upkeep_load", 0, NULL, load},
      {"upkeep_temp_free", 0, NULL, sqlite_temp_free},
      {"upkeep_check_copy", 1, session, sqlite_check_copy},
      {"upkeep_value", 1, NULL, value},
      {"upkeep_digest", 1, NULL, digest},
  };
  int code = SQLITE_OK;
  for (size_t i = 0; i < sizeof functions / sizeof *functions && !code; i++)
    code = sqlite3_create_function(
        db, functions[i].name, functions[i].arguments,
        SQLITE_UTF8 | SQLITE_DIRECTONLY, functions[i].data, functions[i].call,
        NULL, NULL);
  return code;
}
