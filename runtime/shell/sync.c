/* The log's way to the disk. With several sessions it is a thread's: while one
 * step's intent waits for the disk, the others' answers are taken; and what
 * was written meanwhile goes there with one sync. Answers keep the order of
 * their records. */
#include "shell/private.h"

bool shell_syncs_apart(const shell *sh) {
  return sh->jobs > 1 && journal_shown(sh->journal);
}

static void start(shell *sh);

static void on_sync(uv_work_t *work) {
  shell *sh = work->data;
  sh->sync_result = journal_sync(sh->journal);
}

static void on_synced(uv_work_t *work, int status) {
  shell *sh = work->data;
  (void)status; /* it is never cancelled */
  sh->sync_error = sh->sync_result;
  journal_synced(sh->journal, sh->sync_error);
  if (sh->synced < sh->syncing)
    sh->synced = sh->syncing;
  sh->syncing = 0;
  if (sh->wanted > sh->synced)
    start(sh);
  shell_answer_records(sh);
}

static void start(shell *sh) {
  if (sh->syncing || sh->sync_error)
    return;
  sh->syncing = sh->written;
  sh->sync_work.data = sh;
  uv_queue_work(&sh->loop, &sh->sync_work, on_sync, on_synced);
}

void shell_want_synced(shell *sh) {
  sh->wanted = sh->written;
  start(sh);
}

bool shell_awaits_disk(const shell *sh, const shell_logged *logged) {
  return logged->record > sh->synced && !(sh->sync_error && !sh->syncing);
}

void shell_sync_soon(shell *sh) {
  if (!sh->journal || sh->synced == sh->written || journal_error(sh->journal))
    return;
  shell_want_synced(sh);
}
