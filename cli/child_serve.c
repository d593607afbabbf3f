#define _GNU_SOURCE /* O_PATH, syscall */
#include "child_serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expr.h"

enum {
  PATH_BYTES_MAX = 4096,
  DEPTH_MAX = 32,
  FILES_MAX = 10000,
};
static const char stdlib_prefix[] = "@stdlib/";

bool served_open(const char *project, const char *stdlib,
                 served_folders *ret_folders) {
  served_folders folders = {-1, -1};
  folders.project = open(project, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folders.project >= 0 && stdlib)
    folders.stdlib = open(stdlib, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folders.project < 0 || (stdlib && folders.stdlib < 0)) {
    int reason = errno;
    served_close(&folders);
    errno = reason;
    return false;
  }
  *ret_folders = folders;
  return true;
}

void served_close(served_folders *folders) {
  if (folders->project >= 0)
    close(folders->project);
  if (folders->stdlib >= 0)
    close(folders->stdlib);
  *folders = (served_folders){-1, -1};
}

/* The folder a path is below, with the prefix taken off; -1 for none. */
static int folder_of(const served_folders *folders, upk_str *path) {
  if (!upk_str_starts(*path, "@"))
    return folders->project;
  if (!upk_str_starts(*path, stdlib_prefix))
    return -1;
  *path = (upk_str){path->data + sizeof stdlib_prefix - 1,
                    path->len - (sizeof stdlib_prefix - 1)};
  return folders->stdlib;
}

/* ---- opening without leaving ---- */

/* Where the kernel has no openat2: part by part, and no links at all. */
static int open_by_parts(int folder, char *path, int flags) {
  int at = folder;
  for (char *part = path; part;) {
    char *end = strchr(part, '/');
    if (end)
      *end++ = '\0';
    bool upward = strcmp(part, "..") == 0;
    int next = upward ? -1
                      : openat(at, part,
                               (end ? O_PATH | O_DIRECTORY : flags) |
                                   O_NOFOLLOW | O_CLOEXEC);
    if (at != folder)
      close(at);
    if (next < 0)
      return -1;
    at = next;
    part = end;
  }
  return at;
}

/* Opens what is strictly below `folder`; -1 with errno otherwise. */
static int open_below(int folder, upk_str path, int flags) {
  char name[PATH_BYTES_MAX];
  struct open_how how = {
      .flags = (unsigned)(flags | O_CLOEXEC),
      .resolve = (unsigned)(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)};
  errno = ENOENT;
  if (folder < 0 || !path.len || path.len >= sizeof name ||
      memchr(path.data, '\0', path.len) || path.data[0] == '/')
    return -1;
  memcpy(name, path.data, path.len);
  name[path.len] = '\0';
  long file = syscall(SYS_openat2, folder, name, &how, sizeof how);
  if (file < 0 && (errno == ENOSYS || errno == EPERM))
    return open_by_parts(folder, name, flags);
  return (int)file;
}

static bool read_whole(int file, size_t size, upk_buf *out) {
  upk_buf_reserve(out, size + 1);
  while (size) {
    char piece[65536];
    ssize_t got = read(file, piece, size < sizeof piece ? size : sizeof piece);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return got == 0; /* it became shorter: what is left is the file */
    upk_buf_add(out, piece, (size_t)got);
    size -= (size_t)got;
  }
  return true;
}

/* Why open_below said no: errno, and what the name itself is. */
static file_state state_of_failure(int folder, upk_str path, int reason) {
  if (reason == EXDEV)
    return FILE_OUTSIDE;
  if (reason == ELOOP)
    return FILE_LINK;
  if (reason == EACCES || reason == EPERM)
    return FILE_DENIED;
  int link =
      reason == ENOENT ? open_below(folder, path, O_PATH | O_NOFOLLOW) : -1;
  if (link < 0)
    return reason == ENXIO ? FILE_SPECIAL : FILE_ABSENT; /* a socket */
  close(link);
  return FILE_LINK; /* of what is there, only a link can be absent */
}

static file_state unpacked(upk_buf *bytes, size_t limit) {
  const char *fault = unpack(bytes, limit);
  if (!fault)
    return FILE_HERE;
  upk_buf_clear(bytes);
  return fault == unpack_too_large ? FILE_TOO_LARGE : FILE_DAMAGED;
}

file_state served_read(const served_folders *folders, upk_str path,
                       size_t limit, upk_buf *out) {
  struct stat info;
  int folder = folder_of(folders, &path);
  while (path.len && path.data[path.len - 1] == '/')
    path.len--;
  int file = open_below(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (file < 0)
    return state_of_failure(folder, path, errno);
  file_state state = FILE_HERE;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
    state = FILE_SPECIAL;
  else if ((uint64_t)info.st_size > limit)
    state = FILE_TOO_LARGE;
  else if (!read_whole(file, (size_t)info.st_size, out))
    state = FILE_DENIED;
  else if (upk_str_ends(path, ".zst"))
    state = unpacked(out, limit);
  close(file);
  return state;
}

/* ---- listing ---- */

typedef struct listing {
  int folder;
  upk_str glob;
  upk_arena *arena;
  UPK_VEC(upk_str) found;
  size_t seen;
} listing;

/* Whether a name that begins with a dot was asked for. */
static bool is_hidden(const listing *l, const char *name) {
  static const char after_slash[] = "/.";
  if (name[0] != '.')
    return false;
  if (l->glob.data[0] == '.')
    return false;
  for (size_t i = 0; i + 1 < l->glob.len; i++)
    if (!memcmp(l->glob.data + i, after_slash, 2))
      return false;
  return true;
}

/* Whether the glob could match something below a folder. */
static bool reaches_below(upk_str folder, upk_str glob) {
  while (folder.data && glob.data) {
    upk_str pattern = upk_str_split(glob, '/', &glob);
    if (upk_str_is(pattern, "**"))
      return true;
    if (!upk_glob(upk_str_split(folder, '/', &folder), pattern))
      return false;
  }
  return glob.data != NULL;
}

static void say_closed(listing *l, upk_str folder) {
  if (reaches_below(folder, l->glob))
    *UPK_PUSH(l->arena, &l->found) =
        upk_arena_printf(l->arena, "%.*s/", UPK_FMT(folder));
}

/* What cannot be opened from inside: mostly a link that leads out. */
static void visit_closed(listing *l, upk_str path, int parent,
                         const char *name) {
  struct stat info;
  if (fstatat(parent, name, &info, 0) == 0 && S_ISDIR(info.st_mode))
    say_closed(l, path);
  else if (upk_glob_path(path, l->glob))
    *UPK_PUSH(l->arena, &l->found) = path;
}

static void walk(listing *l, upk_str below, int depth);

static void visit(listing *l, upk_str below, int parent,
                  const struct dirent *entry, int depth) {
  if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
      is_hidden(l, entry->d_name) || l->seen++ >= FILES_MAX)
    return;
  upk_str path =
      below.len
          ? upk_arena_printf(l->arena, "%.*s/%s", UPK_FMT(below), entry->d_name)
          : upk_arena_copy(l->arena, upk_str_from(entry->d_name));
  struct stat info;
  int file = open_below(l->folder, path, O_PATH);
  bool good = file >= 0 && fstat(file, &info) == 0;
  if (file >= 0)
    close(file);
  if (!good)
    visit_closed(l, path, parent, entry->d_name);
  else if (!S_ISDIR(info.st_mode) && upk_glob_path(path, l->glob))
    *UPK_PUSH(l->arena, &l->found) = path;
  else if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX)
    walk(l, path, depth + 1);
}

static void walk(listing *l, upk_str below, int depth) {
  upk_str path = below.len ? below : UPK_STR(".");
  int file = open_below(l->folder, path, O_RDONLY | O_DIRECTORY);
  DIR *folder = file >= 0 ? fdopendir(file) : NULL;
  const struct dirent *entry;
  if (!folder) {
    if (file >= 0)
      close(file);
    else if (below.len && errno != ENOENT && errno != ENOTDIR)
      say_closed(l, below);
    return;
  }
  while ((entry = readdir(folder)) != NULL)
    visit(l, below, dirfd(folder), entry, depth);
  closedir(folder);
}

/* The folders before the first part that is a pattern. */
static upk_str fixed_part(upk_str glob) {
  size_t slash = 0;
  for (size_t i = 0; i < glob.len && !strchr("*?[\\", glob.data[i]); i++)
    if (glob.data[i] == '/')
      slash = i;
  return (upk_str){glob.data, slash};
}

static int compare_paths(const void *a, const void *b) {
  return upk_str_compare(*(const upk_str *)a, *(const upk_str *)b);
}

void served_list(const served_folders *folders, upk_str glob, upk_buf *out) {
  upk_str below = glob;
  listing l = {.folder = folder_of(folders, &below),
               .arena = upk_arena_new(NULL)};
  bool ours = below.len != glob.len;
  l.glob = below;
  if (below.len && below.len < PATH_BYTES_MAX)
    walk(&l, fixed_part(below), 0);
  if (l.found.len)
    qsort(l.found.items, l.found.len, sizeof *l.found.items, compare_paths);
  for (size_t i = 0; i < l.found.len; i++) {
    if (ours)
      upk_buf_str(out, UPK_STR(stdlib_prefix));
    upk_buf_str(out, l.found.items[i]);
    upk_buf_char(out, '\0');
  }
  upk_arena_free(l.arena);
}
