/* What a session asks of the server's host: the priority of its backend, while
 * a step runs that nothing can pause (docs/decisions/015-priority.md).
 *
 * It is a setting as any other to the plan, `host.priority` = "10": so much
 * lower than what the backend has (setpriority(2): 10 is about a ninth of the
 * share that others get while processors are short). Never an error: where it
 * cannot be done, `host` says why.
 *
 * The backend is the process of its number here only if the socket's other end
 * is its parent: SO_PEERCRED of a Unix socket gives the process that listens
 * (unix(7)). Through TCP, a pooler, or the wall of a container it is not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/postgres/conn.h"

#ifdef __linux__
#include <asm/socket.h> /* SO_PEERCRED */
#include <sys/resource.h>
#include <sys/socket.h>

/* struct ucred of unix(7), which only _GNU_SOURCE shows. */
typedef struct peer {
  int pid;
  unsigned uid, gid;
} peer;
#endif

static const char host_settings[] = "host.";
static const char priority_name[] = "host.priority";

bool postgres_is_host_setting(upk_str name) {
  return upk_str_starts(name, host_settings);
}

static void refuse(driver_conn *conn, const char *why) {
  (void)snprintf(conn->host, sizeof conn->host, "priority not lowered: %s",
                 why);
}

#ifdef __linux__

/* 0 when it cannot be told. */
static int parent_of(int pid) {
  char path[40], line[256];
  int parent = 0;
  (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  if (!file)
    return 0;
  /* PID (NAME) STATE PARENT: the name may hold anything (proc(5)). */
  if (fgets(line, sizeof line, file)) {
    const char *end = strrchr(line, ')');
    if (end && strlen(end) > 4)
      parent = (int)strtol(end + 4, NULL, 10);
  }
  (void)fclose(file);
  return parent;
}

static int listener_of(const driver_conn *conn) {
  peer found = {0};
  socklen_t len = sizeof found;
  if (getsockopt(PQsocket(conn->pg), SOL_SOCKET, SO_PEERCRED, &found, &len) !=
      0)
    return 0;
  return found.pid;
}

static bool is_here(const driver_conn *conn) {
  int listener = listener_of(conn), pid = PQbackendPID(conn->pg);
  return listener > 0 && pid > 0 && parent_of(pid) == listener;
}

/* Only root may raise it again (setpriority(2)): else the session stays low. */
static void change(driver_conn *conn, int lower) {
  enum { NICE_MAX = 19 };
  id_t pid = (id_t)PQbackendPID(conn->pg);
  if (!conn->nice_known) {
    errno = 0;
    conn->nice_first = conn->nice_now = getpriority(PRIO_PROCESS, pid);
    conn->nice_known = errno == 0;
  }
  int wanted = conn->nice_first + lower;
  wanted = wanted > NICE_MAX ? NICE_MAX : wanted;
  if (wanted != conn->nice_now && setpriority(PRIO_PROCESS, pid, wanted) != 0) {
    const char *why = strerror(errno);
    if (wanted > conn->nice_now)
      refuse(conn, why);
    else
      (void)snprintf(conn->host, sizeof conn->host,
                     "priority still lowered to nice %d: %s", conn->nice_now,
                     why);
    return;
  }
  conn->nice_now = wanted;
  if (lower)
    (void)snprintf(conn->host, sizeof conn->host, "priority lowered to nice %d",
                   wanted);
}

#endif

static int wanted_of(const driver_limits *limits) {
  int wanted = 0;
  for (size_t i = 0; i < limits->setting_count; i++)
    if (upk_str_is(limits->settings[i].name, priority_name))
      wanted = (int)strtol(limits->settings[i].value.data, NULL, 10);
  return wanted < 0 ? 0 : wanted;
}

void postgres_host_limits(driver_conn *conn) {
  int lower = wanted_of(&conn->limits);
  conn->host[0] = '\0';
  if (conn->lost || !conn->pg || (!lower && !conn->nice_known))
    return;
#ifdef __linux__
  if (conn->nice_known || is_here(conn))
    change(conn, lower);
  else
    refuse(conn, "the server is not reached by a Unix socket of this host");
#else
  refuse(conn, "this is no Linux");
#endif
}
