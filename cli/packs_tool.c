#include "packs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* What git takes from the environment about the repository one stands in, and
 * what would let it ask or use other protocols. git-rev-parse(1),
 * --local-env-vars; git(1), "Environment variables". */
static const char *const dropped[] = {"GIT_ALLOW_PROTOCOL",
                                      "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                      "GIT_ATTR_",
                                      "GIT_COMMON_DIR",
                                      "GIT_DEFAULT_HASH",
                                      "GIT_DIR",
                                      "GIT_EXTERNAL_DIFF",
                                      "GIT_GRAFT_FILE",
                                      "GIT_INDEX_FILE",
                                      "GIT_NAMESPACE",
                                      "GIT_NO_",
                                      "GIT_OBJECT_DIRECTORY",
                                      "GIT_PREFIX",
                                      "GIT_PROTOCOL",
                                      "GIT_REPLACE_",
                                      "GIT_SHALLOW_FILE",
                                      "GIT_TEMPLATE_DIR",
                                      "GIT_TERMINAL_PROMPT",
                                      "GIT_TRACE",
                                      "GIT_WORK_TREE",
                                      "LANG=",
                                      "LC_ALL="};

static bool is_dropped(const char *entry) {
  for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
    if (strncmp(entry, dropped[i], strlen(dropped[i])) == 0)
      return true;
  return false;
}

static char *own(cli *c, const char *text) {
  size_t len = strlen(text);
  char *copy = upk_arena_alloc(c->arena, len + 1);
  memcpy(copy, text, len + 1);
  return copy;
}

static char **environment(cli *c) {
  static const char *const ours[] = {"GIT_TERMINAL_PROMPT=0",
                                     "GIT_NO_REPLACE_OBJECTS=1",
                                     "GIT_ATTR_NOSYSTEM=1", "LC_ALL=C.UTF-8"};
  enum { OURS = sizeof ours / sizeof *ours };
  size_t count = 0, kept = 0;
  while (environ[count])
    count++;
  char **list = UPK_NEW_ARRAY(c->arena, char *, count + OURS + 1);
  for (size_t i = 0; i < count; i++)
    if (!is_dropped(environ[i]))
      list[kept++] = environ[i];
  for (size_t i = 0; i < OURS; i++)
    list[kept++] = own(c, ours[i]);
  return list;
}

/* Only these protocols, no hooks, no submodules, nothing in the background,
 * every object looked at. */
static const char *const settings[] = {"protocol.allow=never",
                                       "protocol.https.allow=always",
                                       "protocol.ssh.allow=always",
                                       "protocol.file.allow=always",
                                       "core.hooksPath=/dev/null",
                                       "core.fsmonitor=false",
                                       "core.attributesFile=/dev/null",
                                       "fetch.fsckObjects=true",
                                       "fetch.recurseSubmodules=false",
                                       "submodule.recurse=false",
                                       "gc.auto=0",
                                       "maintenance.auto=false"};
enum { SETTINGS = sizeof settings / sizeof *settings };

static char **arguments(cli *c, const git_call *git, const char *const *words) {
  size_t count = 0, n = 0;
  while (words[count])
    count++;
  char **list = UPK_NEW_ARRAY(c->arena, char *, count + 2 * SETTINGS + 3);
  list[n++] = own(c, git->program.data);
  for (size_t i = 0; i < SETTINGS; i++) {
    list[n++] = own(c, "-c");
    list[n++] = own(c, settings[i]);
  }
  list[n++] = own(
      c, upk_arena_printf(c->arena, "--git-dir=%s", git->repository.data).data);
  for (size_t i = 0; i < count; i++)
    list[n++] = own(c, words[i]);
  return list;
}

/* The exit code; -1: a signal, or the deadline. */
static int wait_for(pid_t pid) {
  const struct timespec nap = {.tv_nsec = 2 * 1000 * 1000};
  upk_clock clock = system_clock();
  int64_t began_us = clock.monotonic_us(clock.ctx);
  int status = 0;
  for (;;) {
    pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (ended < 0 && errno != EINTR)
      return -1;
    if (clock.monotonic_us(clock.ctx) - began_us >
        (int64_t)PACK_FETCH_MS * 1000) {
      kill(pid, SIGKILL);
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      return -1;
    }
    nanosleep(&nap, NULL);
  }
}

/* What git says at last is mostly why: "fatal: ...". */
static upk_str reason_in(cli *c, upk_str path) {
  upk_buf bytes = {0};
  upk_str last = UPK_NO_STR, found = UPK_NO_STR;
  if (!file_read_plain(c, path, &bytes)) {
    upk_str rest = upk_buf_view(&bytes);
    while (rest.data) {
      upk_str line = upk_str_trim(upk_str_split(rest, '\n', &rest));
      if (line.len)
        last = line;
      if (upk_str_starts(line, "fatal: ") && !found.data)
        found = (upk_str){line.data + 7, line.len - 7};
    }
  }
  if (!found.data)
    found = last.data ? last : UPK_STR("it says nothing, or took too long");
  if (found.len > 300)
    found.len = 300;
  found = upk_arena_copy(c->arena, found);
  upk_buf_free(&bytes);
  return found;
}

bool git_run(cli *c, git_call *git, const char *const *words, upk_str output) {
  upk_str complaints =
      upk_arena_printf(c->arena, "%s/complaints", git->folder.data);
  posix_spawn_file_actions_t files;
  pid_t pid = 0;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(
      &files, 1, output.data, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
  posix_spawn_file_actions_addopen(&files, 2, complaints.data,
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int error = posix_spawn(&pid, git->program.data, &files, NULL,
                          arguments(c, git, words), environment(c));
  posix_spawn_file_actions_destroy(&files);
  if (error) {
    git->said = upk_str_from(strerror(error));
    return false;
  }
  if (wait_for(pid) == 0)
    return true;
  git->said = reason_in(c, complaints);
  return false;
}
