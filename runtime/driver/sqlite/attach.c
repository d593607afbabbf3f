/* The one file that a step may attach: docs/extending.md, "What SQLite's driver
 * adds". An authorizer refuses every other ATTACH, and all of them where the
 * session only reads: ATTACH makes a file that is not there. */
#include "driver/sqlite/conn.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names that SQLite reads otherwise than as a file. */
static bool is_file(const char *path) {
  return *path && strcmp(path, ":memory:") != 0 &&
         strncmp(path, "file:", 5) != 0;
}

/* `attach 'PATH' as upkeep_archive`, in just these letters. */
static bool is_archive(upk_str sql, const char *path) {
  char *wanted = sqlite3_mprintf("attach %Q as upkeep_archive", path);
  bool good = wanted && is_file(path) && upk_str_is(sql, wanted);
  sqlite3_free(wanted);
  return good;
}

/* VACUUM attaches by itself: a temporary file, or what INTO names. */
static bool is_vacuum(upk_str sql) {
  return sql.len >= 6 && sqlite3_strnicmp(sql.data, "vacuum", 6) == 0;
}

static bool may_attach(sqlite_session *session, const char *path) {
  upk_str sql = session->op ? session->op->sql : UPK_NO_STR;
  if (path && !*path)
    return true; /* temporary */
  if (session->read_only || session->limits.read_only)
    return false;
  if (is_vacuum(sql))
    return true;
  if (!path || !is_archive(sql, path))
    return false;
  sqlite3_free(session->archive);
  session->archive = sqlite3_mprintf("%s", path);
  return true;
}

int sqlite_authorize(void *session_ptr, int action, const char *first,
                     const char *second, const char *database,
                     const char *trigger) {
  (void)second;
  (void)database;
  (void)trigger;
  if (action == SQLITE_ATTACH && !may_attach(session_ptr, first))
    return SQLITE_DENY;
  return SQLITE_OK;
}

/* SQLite would make it readable by all: what leaves the database must not be
 * open to more people than the database is. */
static void make(const char *database, const char *path) {
  struct stat main_file;
  if (!database || stat(database, &main_file) != 0)
    return;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                main_file.st_mode & 0666);
  if (fd < 0)
    return; /* it is there, or ATTACH says why it cannot be */
  (void)!fchmod(fd, main_file.st_mode & 0666);
  if (geteuid() == 0)
    (void)!fchown(fd, main_file.st_uid, main_file.st_gid);
  close(fd);
}

void sqlite_archive_make(sqlite_session *session) {
  if (!session->archive)
    return;
  make(sqlite3_db_filename(session->db, "main"), session->archive);
  sqlite3_free(session->archive);
  session->archive = NULL;
}
