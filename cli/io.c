/* Whole files, in and out. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "child_serve.h"
#include "cli.h"

static upk_status cannot(cli *c, int code, upk_str path, const char *why) {
  upk_diag_add(&c->diags, code, UPK_NO_SPAN, "cannot %s %.*s: %s",
               code == 4002 ? "read" : "write", UPK_FMT(path), why);
  return code == 4002 ? UPK_USAGE : UPK_ERROR;
}

/* No plan and no facts are larger; /dev/zero and compressed bombs are. */
static const size_t file_bytes_max = (size_t)1 << 30;

/* "-" is standard input. */
static const char *read_all(const char *path, size_t limit, upk_buf *out) {
  bool standard = strcmp(path, "-") == 0;
  int fd = standard ? 0 : open(path, O_RDONLY | O_CLOEXEC);
  const char *fault = fd < 0 ? strerror(errno) : NULL;
  while (!fault) {
    upk_buf_reserve(out, 1 << 20);
    ssize_t got = read(fd, out->data + out->len, 1 << 20);
    if (got == 0)
      break;
    if (got > 0) {
      out->len += (size_t)got;
      out->data[out->len] = '\0';
    } else if (errno != EINTR)
      fault = strerror(errno);
    if (out->len > limit)
      fault = "it is too large";
  }
  if (fd > 0)
    close(fd);
  return fault;
}

upk_status file_read(cli *c, upk_str path, upk_buf *out) {
  upk_str name = upk_arena_copy(c->arena, path);
  const char *fault = read_all(name.data, file_bytes_max, out);
  if (!fault && upk_str_ends(path, ".zst"))
    fault = unpack(out, file_bytes_max);
  return fault ? cannot(c, 4002, path, fault) : UPK_OK;
}

const char *file_read_plain(cli *c, upk_str path, upk_buf *out) {
  upk_str name = upk_arena_copy(c->arena, path);
  struct stat info;
  int fd = open(name.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const char *fault = fd < 0 || fstat(fd, &info) != 0 ? strerror(errno)
                      : S_ISREG(info.st_mode)         ? NULL
                                                      : "it is no plain file";
  if (fd >= 0)
    close(fd);
  return fault ? fault : read_all(name.data, file_bytes_max, out);
}

upk_status file_read_short(cli *c, upk_str path, size_t limit, upk_buf *out) {
  upk_str name = upk_arena_copy(c->arena, path);
  const char *fault = read_all(name.data, limit, out);
  return fault ? cannot(c, 4002, path, fault) : UPK_OK;
}

static const char *write_all(int fd, upk_str bytes) {
  while (bytes.len) {
    ssize_t done = write(fd, bytes.data, bytes.len);
    if (done < 0 && errno != EINTR)
      return strerror(errno);
    if (done > 0)
      bytes = (upk_str){bytes.data + done, bytes.len - (size_t)done};
  }
  return NULL;
}

/* A device or a pipe is written to where it is: it must not be replaced. */
static bool is_special(const char *name) {
  struct stat info;
  return stat(name, &info) == 0 && !S_ISREG(info.st_mode);
}

static const char *write_special(const char *name, upk_str bytes) {
  int fd = open(name, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return strerror(errno);
  const char *fault = write_all(fd, bytes);
  if (close(fd) != 0 && !fault)
    fault = strerror(errno);
  return fault;
}

/* To a new file beside it, then renamed: readers see the old or the new. */
static const char *replace_file(cli *c, upk_str path, upk_str bytes) {
  upk_str name = upk_arena_copy(c->arena, path);
  upk_str temporary = upk_arena_printf(c->arena, "%.*s.XXXXXX", UPK_FMT(path));
  char *writable = upk_arena_alloc(c->arena, temporary.len + 1);
  memcpy(writable, temporary.data, temporary.len);
  int fd = mkstemp(writable);
  if (fd < 0)
    return strerror(errno);
  mode_t mask = umask(0);
  umask(mask);
  const char *fault = fchmod(fd, 0666 & ~mask) == 0 ? NULL : strerror(errno);
  if (!fault)
    fault = write_all(fd, bytes);
  if (!fault && fsync(fd) != 0)
    fault = strerror(errno);
  if (close(fd) != 0 && !fault)
    fault = strerror(errno);
  if (!fault && rename(writable, name.data) != 0)
    fault = strerror(errno);
  if (fault)
    unlink(writable);
  return fault;
}

static const char *compress(upk_str bytes, upk_buf *out) {
  size_t room = ZSTD_compressBound(bytes.len);
  upk_buf_reserve(out, room);
  size_t len = ZSTD_compress(out->data, room, bytes.data, bytes.len,
                             ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(len))
    return ZSTD_getErrorName(len);
  out->len = len;
  return NULL;
}

upk_status file_write(cli *c, upk_str path, upk_str bytes) {
  upk_buf packed = {0};
  const char *fault = NULL;
  if (upk_str_ends(path, ".zst")) {
    fault = compress(bytes, &packed);
    bytes = upk_buf_view(&packed);
  }
  upk_str name = upk_arena_copy(c->arena, path);
  if (!fault && is_special(name.data))
    fault = write_special(name.data, bytes);
  else if (!fault)
    fault = replace_file(c, path, bytes);
  upk_buf_free(&packed);
  return fault ? cannot(c, 4003, path, fault) : UPK_OK;
}

bool file_exists(upk_str path) {
  char name[4096];
  struct stat info;
  if (path.len >= sizeof name)
    return false;
  memcpy(name, path.data, path.len);
  name[path.len] = '\0';
  return stat(name, &info) == 0;
}

bool make_folders(upk_str path) {
  char name[4096];
  if (path.len == 0 || path.len >= sizeof name)
    return false;
  memcpy(name, path.data, path.len);
  name[path.len] = '\0';
  for (char *p = name + 1;; p++) {
    if (*p != '/' && *p)
      continue;
    char kept = *p;
    *p = '\0';
    if (mkdir(name, 0777) != 0 && errno != EEXIST)
      return false;
    if (!kept)
      return true;
    *p = kept;
  }
}

void print_out(upk_str text) {
  if (text.len)
    fwrite(text.data, 1, text.len, stdout);
}

void say(const cli *c, const char *format, ...) {
  if (flag_given(c, FLAG_quiet))
    return;
  va_list args;
  fflush(stdout); /* so that both streams read in order on one terminal */
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
}
