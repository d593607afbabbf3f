/* What the compiling child gives up before it reads the first byte of a
 * policy: files, network, programs, other processes, core dumps. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "digest.h"

/* What its parent is limited to may be less, and stays. */
static bool limit(int resource, rlim_t value) {
  struct rlimit both;
  if (getrlimit(resource, &both) == 0 && both.rlim_max < value)
    value = both.rlim_max;
  both = (struct rlimit){value, value};
  return setrlimit(resource, &both) == 0;
}

static const char *limit_resources(void) {
  /* The parent grants each further request as much again; the filter forbids
   * to do so from here. */
  struct rlimit cpu;
  if (getrlimit(RLIMIT_CPU, &cpu) != 0)
    return "limit processor time";
  if (cpu.rlim_max > CHILD_CPU_S)
    cpu.rlim_cur = CHILD_CPU_S;
  if (setrlimit(RLIMIT_CPU, &cpu) != 0)
    return "limit processor time";
  if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) ||
      !limit(RLIMIT_NOFILE, CHILD_SOCKET + 1))
    return "limit files";
  /* Nobody waits for the answer any more when the parent is gone. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    return "end with the parent";
#ifndef UPKEEP_SANITIZED /* their shadow needs address space without end */
  if (!limit(RLIMIT_AS, CHILD_MEMORY_BYTES))
    return "limit memory";
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return "refuse core dumps";
#endif
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return "give up privileges";
  return NULL;
}

static int compare_bytes(const void *a, const void *b) {
  return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* Libraries look at files once, at their first use: libcrypto at its
 * configuration, qsort at how much memory there is. */
static void warm_up(void) {
  char bytes[4096] = {1};
  upk_digest digest = upk_digest_of(UPK_STR(""));
  qsort(bytes, sizeof bytes, 1, compare_bytes);
  (void)digest;
}

#ifdef UPKEEP_SANITIZED
static const char *filter_calls(void) { return NULL; }
#else

/* Calls that need no look at their arguments. */
static const int plain_calls[] = {
    SCMP_SYS(brk),        SCMP_SYS(munmap),         SCMP_SYS(mremap),
    SCMP_SYS(madvise),    SCMP_SYS(futex),          SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),   SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),     SCMP_SYS(rt_sigprocmask), SCMP_SYS(gettid),
};

/* The rest is for abort() on oneself, and the socket. */
static int allow_checked(scmp_filter_ctx filter) {
  const uint32_t allow = SCMP_ACT_ALLOW;
  int bad = 0;
  bad |= seccomp_rule_add(filter, allow, SCMP_SYS(read), 1,
                          SCMP_A0(SCMP_CMP_EQ, CHILD_SOCKET, 0));
  bad |= seccomp_rule_add(filter, allow, SCMP_SYS(write), 1,
                          SCMP_A0(SCMP_CMP_EQ, CHILD_SOCKET, 0));
  bad |= seccomp_rule_add(filter, allow, SCMP_SYS(write), 1,
                          SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO, 0));
  bad |= seccomp_rule_add(filter, allow, SCMP_SYS(mmap), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  bad |= seccomp_rule_add(filter, allow, SCMP_SYS(mprotect), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  bad |= seccomp_rule_add(filter, allow, SCMP_SYS(tgkill), 1,
                          SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
  return bad;
}

static const char *filter_calls(void) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  int bad = !filter;
  for (size_t i = 0; i < sizeof plain_calls / sizeof *plain_calls && !bad; i++)
    bad = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain_calls[i], 0);
  if (!bad)
    bad = allow_checked(filter);
  if (!bad)
    bad = seccomp_load(filter);
  if (filter)
    seccomp_release(filter);
  return bad ? "filter system calls" : NULL;
}
#endif

const char *child_lock(void) {
  warm_up();
  const char *failed = limit_resources();
  return failed ? failed : filter_calls();
}

/* ---- the other end: what a death means ---- */

static void blame_signal(upk_diags *diags, int number,
                         const struct rusage *usage) {
  bool fat = (uint64_t)usage->ru_maxrss * 1024 > CHILD_MEMORY_BYTES / 4;
  if (number == SIGXCPU ||
      (number == SIGKILL && usage->ru_utime.tv_sec >= CHILD_CPU_S - 1))
    upk_diag_add(diags, 1340, UPK_NO_SPAN,
                 "the compilation used more than %d seconds of processor time",
                 CHILD_CPU_S);
  else if (number == SIGSYS)
    upk_diag_add(diags, 1342, UPK_NO_SPAN,
                 "the compilation tried what its sandbox forbids");
  else if (number == SIGKILL || (number == SIGABRT && fat))
    upk_diag_add(diags, 1341, UPK_NO_SPAN,
                 "the compilation used more memory than it may");
  else
    upk_diag_add(diags, 1344, UPK_NO_SPAN,
                 "the process that compiles was ended by signal %d", number);
}

void child_blame(upk_diags *diags, int wait_status,
                 const struct rusage *usage) {
  if (WIFSIGNALED(wait_status))
    blame_signal(diags, WTERMSIG(wait_status), usage);
  else
    upk_diag_add(diags, 1344, UPK_NO_SPAN,
                 "the process that compiles ended without an answer (exit %d)",
                 WEXITSTATUS(wait_status));
}

void child_blame_silence(upk_diags *diags) {
  upk_diag_add(diags, 1343, UPK_NO_SPAN,
               "the compilation did not answer for %d seconds",
               CHILD_SILENT_MS / 1000);
}
