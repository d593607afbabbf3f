#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <upkeep/runtime.h>

#include "driver/odbc/process.h"

extern char **environ;

enum { ANSWER_S = 2 };

static pid_t start(int socket) {
  char program[] = "upkeep", verb[] = UPK_SESSION_VERB;
  char *const arguments[] = {program, verb, NULL};
  posix_spawn_file_actions_t actions;
  pid_t pid = 0;
  if (posix_spawn_file_actions_init(&actions) != 0)
    return 0;
  posix_spawn_file_actions_adddup2(&actions, socket, ODBC_SOCKET);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (posix_spawn(&pid, "/proc/self/exe", &actions, NULL, arguments, environ) !=
      0)
    pid = 0;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

/* Sends one operation and waits for its end; false: it went wrong. */
static bool ask(int socket, driver_op *op, const odbc_way *way) {
  upk_buf bytes = {0}, in = {0};
  bool ended = false, good = false;
  odbc_put_ask(&bytes, op, way);
  good = odbc_write_all(socket, upk_buf_view(&bytes));
  while (good && !ended) {
    char part[1024];
    size_t at = 0;
    odbc_frame type;
    odbc_reader reader;
    ssize_t got = read(socket, part, sizeof part);
    if (got < 0 && errno == EINTR)
      continue;
    good = got > 0;
    if (good)
      upk_buf_add(&in, part, (size_t)got);
    while (good && odbc_next(upk_buf_view(&in), &at, &type, &reader)) {
      odbc_after after;
      if (type != ODBC_DONE)
        continue;
      ended = true;
      good = !reader.bad && odbc_get_done(&reader, op, &after) &&
             op->error.class == DRIVER_NONE;
    }
  }
  if (bytes.data)
    memset(bytes.data, 0, bytes.len);
  upk_buf_free(&bytes);
  upk_buf_free(&in);
  return good;
}

static void tell(int socket, const odbc_session *session, upk_str connect) {
  driver_op op;
  odbc_way way = {.engine = upk_str_from(session->dialect->engine),
                  .connect = connect,
                  .application = UPK_STR("upkeep"),
                  .read_only = true};
  upk_buf sql = {0};
  driver_op_init(&op);
  driver_op_begin(&op, DRIVER_OP_OPEN, ANSWER_S * 1000, NULL, NULL);
  upk_buf_str(&sql, upk_str_from(session->dialect->kill));
  upk_buf_char(&sql, ' ');
  upk_buf_int(&sql, atomic_load(&session->id));
  if (ask(socket, &op, &way)) {
    driver_op_begin(&op, DRIVER_OP_QUERY, ANSWER_S * 1000, NULL, NULL);
    op.sql = upk_buf_view(&sql);
    ask(socket, &op, NULL);
  }
  upk_buf_free(&sql);
  driver_op_free(&op);
}

void odbc_kill(const odbc_session *session, upk_str connect) {
  int pair[2];
  struct timeval patience = {.tv_sec = ANSWER_S};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return;
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  pid_t pid = start(pair[1]);
  close(pair[1]);
  if (pid)
    tell(pair[0], session, connect);
  close(pair[0]);
  if (!pid)
    return;
  kill(pid, SIGKILL); /* what it had to say is said */
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
    ;
}
