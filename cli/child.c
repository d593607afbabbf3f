/* The parent's side: starts the child, serves files, takes its answer. */
#define _GNU_SOURCE /* memfd_create, wait4, closefrom, prlimit */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child_frame.h"
#include "child_serve.h"

struct child {
  served_folders folders;
  int socket;
  pid_t pid; /* 0: none runs */
};

/* One request and its answer. */
typedef struct exchange {
  child *child;
  upk_diags *diags;
  upk_buf *output;
  upk_buf scratch;
  bool answered, silent, strange; /* a status came; no byte; no frame of ours */
  bool faulted;                   /* it said why it could not begin */
  upk_status status;
} exchange;

static upk_status not_started(upk_diags *diags, const char *what, int reason) {
  upk_diag_add(diags, 1345, UPK_NO_SPAN,
               "the process that compiles could not %s%s%s", what,
               reason ? ": " : "", reason ? strerror(reason) : "");
  return UPK_ERROR;
}

/* ---- starting ---- */

/* A file in memory with the bytes, or -1 with errno. */
static int file_of_bytes(upk_str bytes) {
  int file = memfd_create("facts", MFD_CLOEXEC);
  while (file >= 0 && bytes.len) {
    ssize_t done = write(file, bytes.data, bytes.len);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0) {
      int reason = errno;
      close(file);
      errno = reason;
      return -1;
    }
    bytes = (upk_str){bytes.data + done, bytes.len - (size_t)done};
  }
  return file;
}

/* Sanitizers need their options, and standard error to report to. */
#ifdef UPKEEP_SANITIZED
extern char **environ;
#endif

static char *const *child_environment(void) {
#ifdef UPKEEP_SANITIZED
  return environ;
#else
  static char *const none[] = {NULL};
  return none;
#endif
}

/* Descriptors are first brought above those of the child, so that no
 * dup2 overwrites one that is still needed. */
static int plan_descriptors(posix_spawn_file_actions_t *actions, int socket,
                            int facts) {
  static const char null_file[] = "/dev/null";
  int bad = 0;
  bad |= posix_spawn_file_actions_adddup2(actions, socket, CHILD_SOCKET);
  if (facts >= 0)
    bad |= posix_spawn_file_actions_adddup2(actions, facts, CHILD_FACTS);
  bad |= posix_spawn_file_actions_addopen(actions, 0, null_file, O_RDONLY, 0);
  bad |= posix_spawn_file_actions_addopen(actions, 1, null_file, O_WRONLY, 0);
#ifndef UPKEEP_SANITIZED
  bad |= posix_spawn_file_actions_addopen(actions, 2, null_file, O_WRONLY, 0);
#endif
  bad |= posix_spawn_file_actions_addclosefrom_np(
      actions, facts >= 0 ? CHILD_FACTS + 1 : CHILD_FACTS);
  return bad;
}

static int spawn_child(int socket, int facts, pid_t *ret_pid) {
  char program[] = "upkeep", verb[] = CHILD_VERB;
  char *const arguments[] = {program, verb, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t defaults, nothing;
  int bad = posix_spawn_file_actions_init(&actions);
  if (bad)
    return bad;
  bad = posix_spawnattr_init(&attributes);
  if (!bad) {
    sigfillset(&defaults);
    sigemptyset(&nothing);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &nothing);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    bad = plan_descriptors(&actions, socket, facts) ? ENOMEM : 0;
    if (!bad)
      bad = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes,
                        arguments, child_environment());
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return bad;
}

/* A copy of a descriptor at 10 or above; -1 with errno. */
static int lift(int descriptor) {
  return fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
}

static int start(child *c, int facts) {
  int pair[2], reason = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return errno;
  int high_socket = lift(pair[1]);
  int high_facts = facts >= 0 ? lift(facts) : -1;
  if (high_socket < 0 || (facts >= 0 && high_facts < 0))
    reason = errno;
  else
    reason = spawn_child(high_socket, high_facts, &c->pid);
  if (high_socket >= 0)
    close(high_socket);
  if (high_facts >= 0)
    close(high_facts);
  close(pair[1]);
  c->socket = pair[0];
  if (reason) {
    close(pair[0]);
    c->pid = 0;
  }
  return reason;
}

/* ---- serving ---- */

static bool answer_read(exchange *x, upk_str payload) {
  if (payload.len < 8)
    return false;
  uint64_t limit = frame_get_u64((const unsigned char *)payload.data);
  upk_str path = {payload.data + 8, payload.len - 8};
  upk_buf text = {0};
  char state =
      (char)served_read(&x->child->folders, path, (size_t)limit, &text);
  bool good =
      frame_write(x->child->socket, FRAME_FILE, (upk_str){&state, 1},
                  state == FILE_HERE ? upk_buf_view(&text) : UPK_STR(""));
  upk_buf_free(&text);
  return good;
}

static bool answer_list(exchange *x, upk_str glob) {
  upk_buf paths = {0};
  served_list(&x->child->folders, glob, &paths);
  bool good = frame_write(x->child->socket, FRAME_PATHS, UPK_STR(""),
                          upk_buf_view(&paths));
  upk_buf_free(&paths);
  return good;
}

static bool take_status(exchange *x, upk_str payload) {
  if (payload.len != 1 || (unsigned char)payload.data[0] > UPK_USAGE)
    return false;
  x->status = (upk_status)payload.data[0];
  x->answered = true;
  return true;
}

/* What each frame may hold at most; 0: the child may not send it. */
static uint64_t frame_limit(frame_type type) {
  switch (type) {
  case FRAME_READ:
  case FRAME_LIST:
  case FRAME_FAULT:
    return FRAME_PATH_MAX + 8;
  case FRAME_OUTPUT:
    return FRAME_OUTPUT_MAX;
  case FRAME_DIAGS:
    return FRAME_DIAGS_MAX;
  case FRAME_STATUS:
    return 1;
  default:
    return 0;
  }
}

/* False ends the exchange. */
static bool take_frame(exchange *x, frame_type type, upk_str payload) {
  switch (type) {
  case FRAME_READ:
    return answer_read(x, payload);
  case FRAME_LIST:
    return answer_list(x, payload);
  case FRAME_FAULT:
    x->faulted = true;
    not_started(x->diags, upk_arena_copy(x->diags->arena, payload).data, 0);
    return false;
  case FRAME_OUTPUT:
    upk_buf_str(x->output, payload);
    return true;
  case FRAME_DIAGS:
    x->strange = !upk_diags_decode(x->diags, payload);
    return !x->strange;
  case FRAME_STATUS:
    x->strange = !take_status(x, payload);
    return false;
  default:
    return false;
  }
}

static void serve(exchange *x) {
  unsigned char head[FRAME_HEAD_BYTES];
  frame_type type;
  uint64_t len;
  do {
    if (!frame_read(x->child->socket, head, sizeof head, CHILD_SILENT_MS,
                    &x->silent))
      return;
    frame_head_decode(head, &type, &len);
    if (len > frame_limit(type)) {
      x->strange = true;
      return;
    }
    upk_buf_clear(&x->scratch);
    upk_buf_reserve(&x->scratch, (size_t)len + 1);
    if (!frame_read(x->child->socket, x->scratch.data, (size_t)len,
                    CHILD_SILENT_MS, &x->silent))
      return;
    x->scratch.len = (size_t)len;
    x->scratch.data[len] = '\0';
  } while (take_frame(x, type, (upk_str){x->scratch.data, (size_t)len}));
}

/* ---- ending ---- */

/* Ends the child and takes its remains. */
static void reap(child *c, bool kill_it, int *ret_wait_status,
                 struct rusage *ret_usage) {
  close(c->socket);
  if (kill_it)
    kill(c->pid, SIGKILL);
  while (wait4(c->pid, ret_wait_status, 0, ret_usage) < 0 && errno == EINTR)
    ;
  c->pid = 0;
}

/* After an exchange that ended without an answer. */
static void blame(exchange *x) {
  struct rusage usage = {0};
  int wait_status = 0;
  reap(x->child, x->silent || x->strange, &wait_status, &usage);
  if (x->faulted)
    return;
  x->status = UPK_ERROR;
  if (x->silent)
    child_blame_silence(x->diags);
  else if (x->strange)
    upk_diag_add(x->diags, 1344, UPK_NO_SPAN,
                 "the process that compiles sent what is no answer");
  else
    child_blame(x->diags, wait_status, &usage);
}

/* ---- asking ---- */

/* Each request has processor time of its own. What the child has used is
 * known to the second; it cannot change its limits itself. */
static void grant_time(const child *c) {
  struct rlimit limit;
  struct timespec used;
  clockid_t clock;
  if (clock_getcpuclockid(c->pid, &clock) != 0 ||
      clock_gettime(clock, &used) != 0 ||
      prlimit(c->pid, RLIMIT_CPU, NULL, &limit) != 0)
    return; /* it is gone: the exchange will say so */
  rlim_t granted = (rlim_t)used.tv_sec + CHILD_CPU_S;
  limit.rlim_cur = granted < limit.rlim_max ? granted : limit.rlim_max;
  prlimit(c->pid, RLIMIT_CPU, &limit, NULL);
}

static bool send_request(const child *c, const upk_compile_request *request,
                         bool with_facts) {
  upk_buf encoded = {0};
  request_encode(request, with_facts, &encoded);
  bool sent = frame_write(c->socket, FRAME_REQUEST, UPK_STR(""),
                          upk_buf_view(&encoded)) &&
              (!with_facts || frame_write(c->socket, FRAME_FACTS, UPK_STR(""),
                                          request->facts));
  upk_buf_free(&encoded);
  return sent;
}

/* `facts`: in an open file, for the first request; or -1. */
static upk_status ask(child *c, const upk_compile_request *request, int facts,
                      upk_diags *diags, upk_buf *output) {
  exchange x = {
      .child = c, .diags = diags, .output = output, .status = UPK_ERROR};
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  size_t length = output->len;
  int reason = c->pid ? 0 : start(c, facts);
  if (reason)
    return not_started(diags, "be started", reason);
  sigaction(SIGPIPE, &ignore, &before);
  grant_time(c);
  if (send_request(c, request, facts < 0 && request->facts.data))
    serve(&x);
  if (!x.answered)
    blame(&x);
  sigaction(SIGPIPE, &before, NULL);
  upk_buf_free(&x.scratch);
  if (x.status != UPK_OK && output->len > length) {
    output->len = length;
    output->data[length] = '\0';
  }
  return x.status;
}

/* ---- whoever asks ---- */

child *child_open(const char *project_folder, const char *stdlib_folder,
                  upk_diags *diags) {
  const upk_allocator *libc = upk_allocator_libc();
  child *c = libc->resize(NULL, NULL, sizeof *c);
  if (!c)
    libc->exhausted(NULL, sizeof *c);
  *c = (child){.socket = -1};
  if (served_open(project_folder, stdlib_folder, &c->folders))
    return c;
  not_started(diags, "be given the project's folder", errno);
  libc->resize(NULL, c, 0);
  return NULL;
}

upk_status child_ask(child *c, const upk_compile_request *request,
                     upk_diags *diags, upk_buf *output) {
  return ask(c, request, -1, diags, output);
}

void child_close(child *c) {
  struct rusage usage;
  int wait_status;
  if (!c)
    return;
  if (c->pid) /* it waits for a request, or has died */
    reap(c, true, &wait_status, &usage);
  served_close(&c->folders);
  upk_allocator_libc()->resize(NULL, c, 0);
}

upk_status child_compile_facts(const upk_compile_request *request,
                               int facts_file, const char *project_folder,
                               const char *stdlib_folder, upk_diags *diags,
                               upk_buf *output) {
  child *c = child_open(project_folder, stdlib_folder, diags);
  upk_compile_request asked = *request;
  if (!c)
    return UPK_ERROR;
  asked.facts = UPK_NO_STR;
  upk_status status = ask(c, &asked, facts_file, diags, output);
  child_close(c);
  return status;
}

upk_status child_compile(const upk_compile_request *request,
                         const char *project_folder, const char *stdlib_folder,
                         upk_diags *diags, upk_buf *output) {
  int facts = -1;
  if (request->facts.data) {
    facts = file_of_bytes(request->facts);
    if (facts < 0)
      return not_started(diags, "be given the facts", errno);
  }
  upk_status status = child_compile_facts(request, facts, project_folder,
                                          stdlib_folder, diags, output);
  if (facts >= 0)
    close(facts);
  return status;
}
