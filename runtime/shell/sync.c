/* The log's way to the disk. With several sessions it is a thread's: while one
 * step's intent waits for the disk, the others' answers are taken; and what
 * was written meanwhile goes there with one sync. Answers keep the order of
 * their records. */
#include "shell/private.h"

bool shell_syncs_apart(const shell *sh) {
  return sh->jobs > 1 && journal_shown(sh->journal);
}

static void work(void *arg) {
  shell *sh = arg;
  sh->sync_result = journal_sync(sh->journal);
}

/* The shell outlives its threads. */
static void discard(void *arg) { (void)arg; }

static void take(shell *sh) {
  sh->sync_error = sh->sync_result;
  journal_synced(sh->journal, sh->sync_error);
  if (sh->synced < sh->syncing)
    sh->synced = sh->syncing;
  sh->syncing = 0;
}

static void start(shell *sh) {
  if (sh->syncing || sh->sync_error)
    return;
  sh->syncing = sh->written;
  sh->sync_task = driver_task_start(&sh->sync_async, work, discard, sh);
  if (sh->sync_task) {
    uv_ref((uv_handle_t *)&sh->sync_async);
    return;
  }
  work(sh); /* no thread is to be had */
  take(sh);
}

static void on_synced(uv_async_t *async) {
  shell *sh = async->data;
  if (!sh->sync_task || !driver_task_finish(sh->sync_task))
    return;
  sh->sync_task = NULL;
  uv_unref((uv_handle_t *)async);
  take(sh);
  if (sh->wanted > sh->synced)
    start(sh);
  shell_answer_records(sh);
}

/* The loop waits for a sync, and not for the next one. */
void shell_sync_open(shell *sh) {
  uv_async_init(&sh->loop, &sh->sync_async, on_synced);
  sh->sync_async.data = sh;
  uv_unref((uv_handle_t *)&sh->sync_async);
}

void shell_sync_close(shell *sh) {
  uv_close((uv_handle_t *)&sh->sync_async, NULL);
  uv_run(&sh->loop, UV_RUN_DEFAULT);
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
