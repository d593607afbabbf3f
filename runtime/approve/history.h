/* What earlier runs on this machine have used. */
#ifndef RUNTIME_APPROVE_HISTORY_H
#define RUNTIME_APPROVE_HISTORY_H

#include <upkeep/base.h>

/* A run that applied a step, and relied on a statement. */
typedef struct history_use {
  upk_str run, id;
} history_use;

/* What a run was approved as, where somebody looked for its authors. */
typedef struct history_commit {
  upk_str target, commit;
} history_commit;

typedef struct history {
  UPK_VEC(history_use) uses;
  UPK_VEC(history_commit) commits; /* each pair once */
  upk_str plan_run; /* a run that executed this plan; absent: none did */
} history;

/* Reads the first record of each run, and of those that matter the rest.
 * `own`: a run that is left out. A log that cannot be read says nothing. */
void history_read(upk_arena *arena, upk_str runs_folder, upk_str own,
                  upk_str plan_digest, history *ret);

/* In how many runs a statement was used; *ret_run: one of them. */
size_t history_uses(const history *h, const char *id, upk_str *ret_run);

#endif
