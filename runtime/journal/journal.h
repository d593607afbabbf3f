/* The plan log: one record a line, each with the hash of the one before it.
 * Its form is docs/formats.md, "Plan log".
 *
 * Durability: the file is opened O_APPEND, mode 0600 and locked; a record is
 * one write, repeated until all of it is written; what must be on disk is
 * followed by fdatasync. A failed write or sync is final (after a failed fsync
 * the kernel may have dropped the pages): from then on every record fails, and
 * the runtime starts nothing more. */
#ifndef RUNTIME_JOURNAL_JOURNAL_H
#define RUNTIME_JOURNAL_JOURNAL_H

#include <upkeep/diag.h>

#include "digest.h"

/* Names of the records. */
#define JOURNAL_EVENT_TABLE(X)                                                 \
  X("run.begin")                                                               \
  X("session.open")                                                            \
  X("step.wait")                                                               \
  X("step.check")                                                              \
  X("step.begin")                                                              \
  X("step.statement")                                                          \
  X("step.program")                                                            \
  X("step.progress")                                                           \
  X("step.batch")                                                              \
  X("step.guard")                                                              \
  X("step.retry")                                                              \
  X("step.end")                                                                \
  X("step.skip")                                                               \
  X("step.undo")                                                               \
  X("step.resolve")                                                            \
  X("run.note")                                                                \
  X("run.resume")                                                              \
  X("run.rollback")                                                            \
  X("run.recovered")                                                           \
  X("run.end")

/* The system calls it makes, so that tests can fail the n-th. They have the
 * results of write(2) and fdatasync(2), errno included. */
typedef struct journal_files {
  int64_t (*write)(void *ctx, int fd, const void *bytes, size_t len);
  int (*sync)(void *ctx, int fd);
  void *ctx;
} journal_files;
const journal_files *journal_files_os(void);

typedef struct journal journal;

/* Makes the folder of a run with plan.json and an empty log.jsonl, all on disk
 * when it returns. It is RUNS/.RUN until the first record is on disk, then
 * RUNS/RUN: a run that anybody sees has begun. UPK_ERROR after a diagnostic.
 * `files` NULL: the system's. */
upk_status journal_create(upk_str runs_folder, upk_str run, upk_str plan_bytes,
                          const journal_files *files, upk_diags *diags,
                          journal **ret_journal);
/* Puts a file beside the plan of a new run, on disk when it returns. False when
 * it could not be written. */
bool journal_keep(journal *j, const char *name, upk_str bytes);

/* A record as it stands in a line. */
typedef struct journal_record {
  int64_t seq;
  upk_str event, prev, hash;
  const struct upk_json *det, *obs;
  const struct upk_json *in; /* NULL: the record was not traced */
  upk_str out;
} journal_record;

/* Takes a record while a log is read; valid until it returns. NULL, or why it
 * cannot be of this run (static); "" when that was said already. */
typedef const char *(*journal_reader)(void *ctx, const journal_record *record);

/* Opens the log of a run that ended or died, reads it from end to end and is
 * ready to append. It is locked until journal_close: UPK_LOCKED (a diagnostic
 * names the process) while another process has it. A torn last line is moved
 * to log.jsonl.torn, cut off, recorded by run.recovered and said; any other
 * damage: UPK_STALE, with the line. UPK_ERROR: it cannot be read or written. */
upk_status journal_open(upk_str run_folder, const journal_files *files,
                        upk_diags *diags, journal_reader reader, void *ctx,
                        journal **ret_journal);
/* The same without lock, repair and going on: a torn last line is left out. */
upk_status journal_scan(upk_str run_folder, upk_diags *diags,
                        journal_reader reader, void *ctx);
void journal_close(journal *j); /* NULL is fine */

/* Appends a record; `det` and `obs` are canonical objects. False when it could
 * not be written, or not brought to disk (`sync`); then journal_error says
 * why. `ret_line` (may be NULL) gets the record without its newline, valid
 * until the next one. Blocks. */
bool journal_add(journal *j, const char *event, upk_str det, upk_str obs,
                 bool sync, upk_str *ret_line);
/* With what the machine consumed since its last record (`in`, a canonical
 * array) and a hash of what it commanded (`out`, lower-case hex): what replay
 * needs, see machine/tape.h. */
bool journal_add_traced(journal *j, const char *event, upk_str det, upk_str obs,
                        upk_str in, upk_str out, bool sync, upk_str *ret_line);
/* Brings all records written so far to disk: 0, or errno. The one function that
 * another thread may call, beside journal_add without `sync`; who called it
 * tells the journal by journal_synced, on the journal's own thread. Blocks. */
int journal_sync(const journal *j);
void journal_synced(journal *j, int error); /* an error is final */
/* Whether its first record is on disk: before, journal_add syncs by itself. */
bool journal_shown(const journal *j);
/* Hash of the last record: 64 hex digits; of none: zeros. */
upk_str journal_head(const journal *j);
/* The disk is full, and records go to the last 64 KiB: nothing may be started
 * any more, what runs may end. */
bool journal_full(const journal *j);
const char *journal_error(const journal *j); /* static; NULL when none */

/* ---- reading ---- */

enum { JOURNAL_HASH_TEXT = 64 };

/* A line without its newline, which must follow it in memory; NULL when it is a
 * record whose hash is its
 * own, else what is wrong. The record is in `arena`. */
const char *journal_parse(upk_arena *arena, upk_str line,
                          journal_record *ret_record);

/* Whether records follow from one another. All zero, but `prev` by
 * journal_chain_init. */
typedef struct journal_chain {
  int64_t seq;
  char prev[JOURNAL_HASH_TEXT + 1];
  bool sealed; /* run.end stands, and no machine went on since */
} journal_chain;
void journal_chain_init(journal_chain *chain);
/* NULL when it follows, else what is wrong (static). */
const char *journal_chain_add(journal_chain *chain,
                              const journal_record *record);

/* A file whole, at the end of `out`; 0, or errno. */
int journal_read_file(const char *path, upk_buf *out);

/* The semantic digest of a run: `det` of each step chained, the chains
 * combined by sorted step ids. Records without det change nothing. */
typedef struct journal_semantic journal_semantic;
journal_semantic *journal_semantic_new(void);
void journal_semantic_add(journal_semantic *semantic, upk_str event,
                          const struct upk_json *det);
upk_digest journal_semantic_finish(journal_semantic *semantic); /* frees */

#endif
