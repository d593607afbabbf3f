/* Results of every fallible call, and the exit code each becomes. */
#ifndef UPKEEP_STATUS_H
#define UPKEEP_STATUS_H

/* One row a status: name, process exit code, English text (no full stop). */
#define UPK_STATUS_TABLE(X)                                                    \
  X(OK, 0, "done")                                                             \
  X(ERROR, 1, "error")                                                         \
  X(CHANGES, 2, "the plan has steps, or an invariant is broken")               \
  X(DENIED, 3, "denied by validation or lint")                                 \
  X(PRECHECK, 4, "pre-check failed, nothing was executed")                     \
  X(STALE, 5, "stale, drifted, damaged or tampered")                           \
  X(LOCKED, 6, "locked by another")                                            \
  X(WINDOW, 7, "outside the window, resumable")                                \
  X(ROLLED_BACK, 8, "failed, rolled back")                                     \
  X(PARTIAL, 9, "failed, partly applied")                                      \
  X(IN_DOUBT, 10, "in doubt")                                                  \
  X(UNAPPROVED, 11, "approval missing")                                        \
  X(UNREACHABLE, 12, "target unreachable")                                     \
  X(CANCELLED, 13, "cancelled by operator or throttle")                        \
  X(USAGE, 64, "usage")

typedef enum upk_status {
#define X(name, exit_code, text) UPK_##name,
  UPK_STATUS_TABLE(X)
#undef X
} upk_status;

/* The process exit code of `status` (design: the same for all verbs). */
int upk_status_exit_code(upk_status status);

/* Static English text, never NULL. */
const char *upk_status_text(upk_status status);

#endif
