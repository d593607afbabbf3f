/* A run that another process began: its plan, its log and what they say. */
#ifndef RUNTIME_TAKEOVER_H
#define RUNTIME_TAKEOVER_H

#include <upkeep/diag.h>

#include "journal/journal.h"
#include "machine/past.h"

typedef struct takeover {
  upk_arena *arena;
  const plan *plan;
  machine_history *history;
  upk_str plan_file; /* digest, of run.begin */
} takeover;

/* Reads the log of a run into the history, which the caller frees, also after a
 * failure. `arena` and `plan` are set; the
 * plan must be the one that the run began with (UPK_STALE). With `ret_journal`
 * the log is locked, repaired and ready to append; NULL: it is only read. */
upk_status takeover_open(takeover *t, upk_str run_folder, upk_str plan_path,
                         const journal_files *files, upk_diags *diags,
                         journal **ret_journal);

/* The same for who begins with a plan's bytes: makes the arena, reads the plan
 * and then the log. takeover_close frees what both made, also after a failure.
 */
upk_status takeover_read(takeover *t, upk_str plan, upk_str run_folder,
                         upk_str plan_path, upk_diags *diags,
                         journal **ret_journal);
void takeover_close(takeover *t);

#endif
