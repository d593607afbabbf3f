/* The executor's lock: an open-file-description lock on FILE.upkeep-lock.
 *
 * Such a lock dies with the descriptor, however the process ends, and is not
 * lost when another part of the process closes the same file (as POSIX locks
 * are, https://sqlite.org/howtocorrupt.html 2.2). There is one a database,
 * whatever the key: two projects that name one file differently must exclude
 * each other. The file stays: to delete it would let two hold "the" lock.
 */
#define _GNU_SOURCE /* F_OFD_SETLK */
#include "driver/sqlite/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

enum { HOLDER_MAX = 200 };

/* True on file systems whose locks cannot be trusted between machines. */
static bool is_remote(int fd) {
#ifdef __linux__
  static const unsigned remote[] = {0x6969u, 0x517bu, 0xff534d42u, 0xfe534d42u,
                                    0x01021997u};
  struct statfs fs;
  if (fstatfs(fd, &fs) == 0)
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
      if ((unsigned)fs.f_type == remote[i])
        return true;
#else
  (void)fd;
#endif
  return false;
}

static bool lock_now(int fd) {
#ifdef F_OFD_SETLK
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, F_OFD_SETLK, &whole) == 0;
#else
  return flock(fd, LOCK_EX | LOCK_NB) == 0;
#endif
}

static void read_holder(int fd, driver_op *op) {
  char text[HOLDER_MAX + 1];
  ssize_t got = pread(fd, text, HOLDER_MAX, 0);
  text[got > 0 ? got : 0] = '\0';
  op->holder = driver_line(op->arena, text);
  if (op->holder.len == 0)
    op->holder = UPK_STR("another upkeep, which has not named itself");
}

/* Says who holds it. That this fails is no reason not to hold it. */
static void write_holder(sqlite_session *session, int fd) {
  char host[65] = "", text[HOLDER_MAX];
  gethostname(host, sizeof host - 1);
  upk_str name = upk_buf_view(&session->application);
  int len =
      snprintf(text, sizeof text, "pid %ld on %s, %.*s\n", (long)getpid(), host,
               name.len < 64 ? (int)name.len : 64, name.len ? name.data : "");
  if (ftruncate(fd, 0) == 0 && len > 0)
    (void)!pwrite(fd, text, (size_t)len, 0);
}

/* Opens the lock file as open as the database is to others. */
static int open_file(const char *database, char *path) {
  struct stat file;
  if (stat(database, &file) != 0)
    return -1;
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                file.st_mode & 0666);
  if (fd < 0)
    return errno == EEXIST ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
  (void)!fchmod(fd, file.st_mode & 0666);
  if (geteuid() == 0)
    (void)!fchown(fd, file.st_uid, file.st_gid);
  return fd;
}

void sqlite_lock_try(sqlite_session *session, driver_op *op) {
  int fd = -1;
  if (session->lock_fd >= 0) {
    op->granted = true;
    return;
  }
  const char *database = sqlite3_db_filename(session->db, "main");
  char *path = sqlite3_mprintf("%s.upkeep-lock", database);
  if (path)
    fd = open_file(database, path);
  if (fd < 0) {
    driver_op_fail(op, errno == EACCES ? DRIVER_PRIVILEGE : DRIVER_OTHER, NULL,
                   "the lock file beside the database cannot be opened: %s",
                   strerror(errno));
    op->error.hint = upk_str_from(sqlite_writable_hint);
    goto out;
  }
  if (is_remote(fd)) {
    driver_op_fail(op, DRIVER_OTHER, NULL,
                   "the database is on a network file system, where locks "
                   "cannot be trusted");
    goto out;
  }
  if (lock_now(fd)) {
    write_holder(session, fd);
    session->lock_fd = fd;
    op->granted = true;
    fd = -1;
  } else if (errno == EAGAIN || errno == EACCES || errno == EWOULDBLOCK) {
    read_holder(fd, op);
  } else {
    driver_op_fail(op, DRIVER_OTHER, NULL, "the database cannot be locked: %s",
                   strerror(errno));
  }
out:
  if (fd >= 0)
    close(fd);
  sqlite3_free(path);
}

void sqlite_lock_drop(sqlite_session *session) {
  if (session->lock_fd >= 0)
    close(session->lock_fd);
  session->lock_fd = -1;
}
