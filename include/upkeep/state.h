/* The state store: what was seen of targets over time, and what runs did.
 *
 * One SQLite file, shared by any number of processes. It is a help and never
 * evidence: a store that cannot be opened, read or written stops nothing. That
 * is said once, as a warning, and the store then does nothing more. Everything
 * about runs is in their logs too, and is read again from there.
 * The tables: docs/formats.md, "State store". */
#ifndef UPKEEP_STATE_H
#define UPKEEP_STATE_H

#include <upkeep/runtime.h>

/* Opens or makes the store, and brings an older one up to date. A file that is
 * no database, or a damaged one, is moved aside, and a new one is made. NULL
 * after a warning; every function takes NULL for "no store". */
upk_state *upk_state_open(upk_str path, const upk_clock *clock,
                          upk_diags *diags);
void upk_state_close(upk_state *state); /* NULL is fine */

/* A facts file read again: its facts become samples of `target`, and `output`
 * gets them with the columns that only history gives. `request` is an
 * inspection request for the target's engine: it says what is asked of history,
 * and what objects are known by. UPK_STALE when the facts file is damaged. */
upk_status upk_state_facts(upk_state *state, upk_str target, upk_str request,
                           upk_str facts, upk_str facts_path, bool record,
                           upk_diags *diags, upk_sink output);

/* Reads the log of a run into the store, once more if it grew since. */
void upk_state_run(upk_state *state, upk_str run_folder, upk_diags *diags);
/* The same for all runs in a folder that the store does not know as they are:
 * so it is made again when it was lost. */
void upk_state_runs(upk_state *state, upk_str runs_folder, upk_diags *diags);
/* What upk_run_status said of a run that had ended, kept so that its log need
 * not be folded again: false when there is none, or the log is another since.
 */
bool upk_state_status(upk_state *state, upk_str run_folder, upk_buf *ret_status,
                      upk_diags *diags);
void upk_state_keep_status(upk_state *state, upk_str run_folder, upk_str status,
                           upk_diags *diags);

/* How long steps took, by action and bytes of work: what the compiler gets as
 * upk_compile_request.history. False when too little is known to be of use. */
bool upk_state_history(upk_state *state, upk_str engine, upk_diags *diags,
                       upk_sink output);

/* What others waited for a run, as far as its log of so many bytes tells;
 * negative: it was not measured. */
typedef struct upk_blocked_run {
  upk_str run;
  int64_t blocked_ms, log_bytes;
} upk_blocked_run;
typedef UPK_VEC(upk_blocked_run) upk_blocked_runs;
/* The runs of a target that the store knows, by name; in `arena`. False without
 * a store. */
bool upk_state_blocked(upk_state *state, upk_str target, upk_arena *arena,
                       upk_diags *diags, upk_blocked_runs *ret_runs);

#endif
