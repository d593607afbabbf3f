/* The shell: does what the machine commands, and tells it what came of it.
 *
 * One libuv loop, one thread. Connections are the driver's; the log is written
 * between two events, so nothing starts before its intent is on disk. */
#ifndef RUNTIME_SHELL_SHELL_H
#define RUNTIME_SHELL_SHELL_H

#include <upkeep/runtime.h>

#include "driver/driver.h"
#include "journal/journal.h"
#include "machine/machine.h"

typedef struct shell_request {
  const upk_apply_request *apply;
  const plan *plan;
  const driver *driver;
  const upk_clock *clock;
  const machine_openings *openings; /* of the plan's windows */
  const journal_files *files;       /* NULL: the system's */
  upk_diags *diags;
  /* RESUME, ROLLBACK: what the log says of each step, and the log, open. */
  const machine_past *past;
  journal *journal;
  upk_approved approved; /* what the run relies on */
  unsigned hurry; /* sleeps are divided by it, for tests; 0: they are not */
} shell_request;

/* Executes a plan that was read and is for this target. Blocks. */
upk_status shell_run(const shell_request *request, upk_outcome *ret_outcome);

#endif
