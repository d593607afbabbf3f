#include "approve/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 16 * 1024 * 1024, MODE_BITS = 07777 };

typedef struct place {
  upk_arena *arena;
  upk_diags *diags;
  upk_str path; /* as it was named */
  uid_t owner;  /* of the configuration's folder */
} place;

static bool refuse(const place *p, upk_str wrong) {
  upk_diag *diag = upk_diag_add(p->diags, 3323, UPK_NO_SPAN,
                                "`%.*s` may not say who approves: %.*s",
                                UPK_FMT(p->path), UPK_FMT(wrong));
  upk_diag_help(p->diags, diag,
                "whoever can write it can approve: let it be a plain file of "
                "root or of the executor's user, with `chmod go-w` on it and "
                "on its folders");
  return false;
}

static bool is_safe(const place *p, const char *name, const struct stat *info) {
  bool folder = S_ISDIR(info->st_mode);
  bool sticky = folder && (info->st_mode & S_ISVTX) && info->st_uid == 0;
  upk_arena *arena = p->arena;
  if (info->st_uid != 0 && info->st_uid != geteuid() &&
      info->st_uid != p->owner)
    return refuse(p, upk_arena_printf(arena, "%s belongs to another user (%lu)",
                                      name, (unsigned long)info->st_uid));
  if ((info->st_mode & (S_IWGRP | S_IWOTH)) && !sticky)
    return refuse(
        p, upk_arena_printf(arena, "%s can be written by %s (mode %03o)", name,
                            info->st_mode & S_IWOTH ? "everybody" : "its group",
                            (unsigned)(info->st_mode & MODE_BITS)));
  return true;
}

/* Cuts off the last name; false at the root. */
static bool go_up(char *path) {
  char *slash = strrchr(path, '/');
  if (!slash || !path[1])
    return false;
  *(slash == path ? slash + 1 : slash) = '\0';
  return true;
}

static bool are_safe(const place *p, const char *file, const char *top) {
  char folder[PATH_MAX];
  struct stat info;
  memcpy(folder, file, strlen(file) + 1);
  while (go_up(folder)) {
    if (stat(folder, &info) != 0)
      return refuse(p, upk_str_from(strerror(errno)));
    if (!is_safe(p, folder, &info))
      return false;
    if (strcmp(folder, top) == 0)
      break;
  }
  return true;
}

static bool is_below(const char *path, const char *folder) {
  size_t len = strlen(folder);
  return strncmp(path, folder, len) == 0 &&
         (path[len] == '/' || (len && folder[len - 1] == '/'));
}

/* The folder that no link may lead out of, resolved. */
static bool find_top(const char *path, const char *folder, char *ret_top) {
  char own[PATH_MAX];
  if (strlen(path) >= sizeof own)
    return false;
  memcpy(own, path, strlen(path) + 1);
  if (!is_below(path, folder) && !go_up(own))
    return false;
  return realpath(is_below(path, folder) ? folder : own, ret_top) != NULL;
}

static bool read_bytes(const place *p, int fd, upk_str *ret_bytes,
                       int *ret_error) {
  upk_buf bytes = {0};
  ssize_t count = 0;
  do {
    upk_buf_reserve(&bytes, bytes.len + 65536);
    count = read(fd, bytes.data + bytes.len, 65536);
    bytes.len += count > 0 ? (size_t)count : 0;
  } while ((count > 0 && bytes.len <= FILE_BYTES_MAX) ||
           (count < 0 && errno == EINTR));
  *ret_error = count < 0 ? errno : count > 0 ? EFBIG : 0;
  *ret_bytes =
      bytes.len ? upk_arena_copy(p->arena, upk_buf_view(&bytes)) : UPK_STR("");
  upk_buf_free(&bytes);
  return *ret_error == 0;
}

bool trusted_read(upk_arena *arena, upk_diags *diags, upk_str path,
                  upk_str folder, bool own, upk_str *ret_bytes,
                  int *ret_error) {
  char real[PATH_MAX], top[PATH_MAX];
  place p = {.arena = arena, .diags = diags, .path = path};
  upk_str name = upk_arena_copy(arena, path);
  struct stat info;
  bool good = false;
  *ret_error = 0;
  if (!realpath(name.data, real) ||
      !find_top(name.data, upk_arena_copy(arena, folder).data, top) ||
      stat(top, &info) != 0) {
    *ret_error = errno;
    return false;
  }
  p.owner = info.st_uid;
  if (!is_below(real, top))
    return refuse(&p, upk_arena_printf(arena, "a link leads out of %s, to %s",
                                       top, real));
  int fd = open(real, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info) != 0)
    *ret_error = errno;
  else if (!S_ISREG(info.st_mode))
    (void)refuse(&p, UPK_STR("it is no plain file"));
  else
    good = is_safe(&p, real, &info) && are_safe(&p, real, own ? "/" : top) &&
           read_bytes(&p, fd, ret_bytes, ret_error);
  if (fd >= 0)
    close(fd);
  return good;
}
