#include "approve/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 1024 * 1024, LOOK_NS = 1000 * 1000 };

static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin",
                                      NULL};
static const char path_entry[] = "PATH=/usr/local/bin:/usr/bin:/bin";

upk_str tool_find(tool_box *box, const char *name) {
  for (size_t i = 0; folders[i]; i++) {
    upk_str path = upk_arena_printf(box->arena, "%s/%s", folders[i], name);
    if (access(path.data, X_OK) == 0)
      return path;
  }
  return UPK_NO_STR;
}

upk_str tool_variable(const tool_box *box, const char *name) {
  size_t len = strlen(name);
  for (char *const *at = box->environment; at && *at; at++)
    if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
      return upk_str_from(*at + len + 1);
  return UPK_NO_STR;
}

/* ---- private files ---- */

static bool ensure_folder(tool_box *box) {
  static const char *const patterns[] = {"/tmp/upkeep-approve-XXXXXX",
                                         "/var/tmp/upkeep-approve-XXXXXX"};
  for (size_t i = 0; i < 2 && !box->folder.data; i++) {
    char path[64];
    memcpy(path, patterns[i], strlen(patterns[i]) + 1);
    if (mkdtemp(path)) /* mode 0700 */
      box->folder = upk_arena_copy(box->arena, upk_str_from(path));
  }
  return box->folder.data != NULL;
}

static upk_str next_path(tool_box *box) {
  return ensure_folder(box) ? upk_arena_printf(box->arena, "%s/%u",
                                               box->folder.data, box->files++)
                            : UPK_NO_STR;
}

upk_str tool_file(tool_box *box, upk_str bytes) {
  upk_str path = next_path(box);
  if (!path.data)
    return path;
  int fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool good = fd >= 0;
  for (size_t at = 0; good && at < bytes.len;) {
    ssize_t count = write(fd, bytes.data + at, bytes.len - at);
    good = count > 0 || (count < 0 && errno == EINTR);
    at += count > 0 ? (size_t)count : 0;
  }
  if (fd >= 0 && close(fd) != 0)
    good = false;
  return good ? path : UPK_NO_STR;
}

static upk_str read_output(tool_box *box, upk_str path) {
  upk_buf bytes = {0};
  int fd = open(path.data, O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && bytes.len < OUTPUT_BYTES) {
    char chunk[4096];
    ssize_t count = read(fd, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      break;
    upk_buf_add(&bytes, chunk, (size_t)count);
  }
  if (fd >= 0)
    close(fd);
  upk_str text = bytes.len ? upk_arena_copy(box->arena, upk_buf_view(&bytes))
                           : UPK_STR("");
  upk_buf_free(&bytes);
  return text;
}

void tool_close(tool_box *box) {
  if (!box->folder.data)
    return;
  for (unsigned i = 0; i < box->files; i++)
    unlink(upk_arena_printf(box->arena, "%s/%u", box->folder.data, i).data);
  rmdir(box->folder.data);
  box->folder = UPK_NO_STR;
}

/* ---- a process ---- */

static char *entry_of(tool_box *box, const char *name) {
  upk_str value = tool_variable(box, name);
  if (!value.data)
    return NULL;
  upk_str text = upk_arena_printf(box->arena, "%s=%s", name, value.data);
  char *copy = upk_arena_alloc(box->arena, text.len + 1);
  memcpy(copy, text.data, text.len + 1);
  return copy;
}

static char *literal(tool_box *box, const char *text) {
  size_t len = strlen(text);
  char *copy = upk_arena_alloc(box->arena, len + 1);
  memcpy(copy, text, len + 1);
  return copy;
}

static char **make_environment(tool_box *box, bool people) {
  static const char *const asks[] = {"SSH_AUTH_SOCK",       "SSH_ASKPASS",
                                     "SSH_ASKPASS_REQUIRE", "DISPLAY",
                                     "WAYLAND_DISPLAY",     "TERM"};
  size_t asked = sizeof asks / sizeof *asks, count = 0;
  char **list = UPK_NEW_ARRAY(box->arena, char *, asked + 5);
  list[count++] = literal(box, path_entry);
  list[count++] = literal(box, "LC_ALL=C.UTF-8");
  list[count++] = literal(box, "GIT_TERMINAL_PROMPT=0");
  /* Where git finds which folders its user trusts, ssh-keygen its keys. */
  list[count] = entry_of(box, "HOME");
  count += list[count] != NULL;
  for (size_t i = 0; people && i < asked; i++) {
    list[count] = entry_of(box, asks[i]);
    count += list[count] != NULL;
  }
  return list;
}

static char **copy_words(tool_box *box, const char *const *words) {
  size_t count = 0;
  while (words[count])
    count++;
  char **copy = UPK_NEW_ARRAY(box->arena, char *, count + 1);
  for (size_t i = 0; i < count; i++)
    copy[i] = literal(box, words[i]);
  return copy;
}

static bool wait_for(tool_box *box, pid_t pid, int64_t deadline_ms, bool group,
                     int *ret_status) {
  const struct timespec nap = {.tv_nsec = LOOK_NS};
  int64_t began_us = box->clock->monotonic_us(box->clock->ctx);
  for (;;) {
    pid_t ended = waitpid(pid, ret_status, WNOHANG);
    if (ended == pid)
      return true;
    if (ended < 0 && errno != EINTR)
      return false;
    int64_t spent_us = box->clock->monotonic_us(box->clock->ctx) - began_us;
    if (spent_us > deadline_ms * 1000) {
      kill(group ? -pid : pid, SIGKILL);
      while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR) {
      }
      return false;
    }
    nanosleep(&nap, NULL);
  }
}

bool tool_run(tool_box *box, const char *const *words, upk_str input,
              bool people, tool_result *ret_result) {
  upk_str out = tool_file(box, UPK_STR("")), err = tool_file(box, UPK_STR(""));
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  pid_t pid = 0;
  if (!out.data || !err.data)
    return false;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&how);
  posix_spawn_file_actions_addopen(
      &files, 0, input.data ? input.data : "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.data, O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, err.data, O_WRONLY, 0);
  /* In another group it could not ask on the terminal. */
  if (!people) {
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&how, 0);
  }
  int error = posix_spawn(&pid, words[0], &files, &how, copy_words(box, words),
                          make_environment(box, people));
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&how);
  if (error)
    return false;
  int status = 0;
  bool ended =
      wait_for(box, pid, people ? TOOL_PEOPLE_MS : TOOL_MS, !people, &status);
  *ret_result = (tool_result){
      .code = ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1,
      .late = !ended,
      .out = read_output(box, out),
      .err = read_output(box, err)};
  return true;
}
