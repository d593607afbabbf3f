/* Writing the plan log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/hash.h"
#include "journal/private.h"

static int64_t os_write(void *ctx, int fd, const void *bytes, size_t len) {
  (void)ctx;
  return write(fd, bytes, len);
}

static int os_sync(void *ctx, int fd) {
  (void)ctx;
  return fdatasync(fd);
}

const journal_files *journal_files_os(void) {
  static const journal_files os = {os_write, os_sync, NULL};
  return &os;
}

int journal_write_rest(const journal_files *files, int fd, upk_str *bytes) {
  while (bytes->len) {
    int64_t count = files->write(files->ctx, fd, bytes->data, bytes->len);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return count < 0 && errno ? errno : EIO;
    bytes->data += count;
    bytes->len -= (size_t)count;
  }
  return 0;
}

int journal_write_all(const journal_files *files, int fd, upk_str bytes) {
  return journal_write_rest(files, fd, &bytes);
}

int journal_sync_file(const journal_files *files, int fd) {
  return files->sync(files->ctx, fd) == 0 ? 0 : errno ? errno : EIO;
}

/* ---- the folder ---- */

static int sync_folder(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error;
}

/* The folder that holds `path`'s last name. */
static upk_str folder_above(upk_arena *arena, upk_str path) {
  size_t len = path.len;
  while (len > 1 && path.data[len - 1] == '/')
    len--;
  while (len && path.data[len - 1] != '/')
    len--;
  return len ? upk_arena_copy(arena, (upk_str){path.data, len}) : UPK_STR(".");
}

/* Makes a folder, and its name lasts; one that is there already is fine. */
static int make_folder(upk_arena *arena, upk_str path) {
  if (mkdir(path.data, 0700) != 0)
    return errno == EEXIST ? 0 : errno;
  return sync_folder(folder_above(arena, path).data);
}

/* The folder and those above it. */
static int make_folders(upk_arena *arena, upk_str path) {
  int error = 0;
  for (size_t i = 1; i <= path.len && !error; i++)
    if (i == path.len || path.data[i] == '/')
      error =
          make_folder(arena, upk_arena_copy(arena, (upk_str){path.data, i}));
  return error;
}

static int make_file(const char *path, int flags, int *ret_fd) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | flags, 0600);
  if (fd < 0)
    return errno;
  *ret_fd = fd;
  return 0;
}

static int save_plan(const journal_files *files, const char *path,
                     upk_str bytes) {
  int fd = -1;
  int error = make_file(path, 0, &fd);
  if (error)
    return error;
  error = journal_write_all(files, fd, bytes);
  if (!error)
    error = journal_sync_file(files, fd);
  if (close(fd) != 0 && !error)
    error = errno;
  return error;
}

/* In a new folder; *ret_fd is set as soon as the log is open. */
static int fill_folder(upk_arena *arena, upk_str folder, upk_str plan,
                       const journal_files *files, int *ret_fd) {
  upk_str plan_path = upk_arena_printf(arena, "%s/plan.json", folder.data);
  upk_str log_path = upk_arena_printf(arena, "%s/log.jsonl", folder.data);
  int error = save_plan(files, plan_path.data, plan);
  if (!error)
    error = make_file(log_path.data, O_APPEND, ret_fd);
  if (!error && flock(*ret_fd, LOCK_EX | LOCK_NB) != 0)
    error = errno;
  if (!error)
    error = sync_folder(folder.data);
  return error;
}

/* No half of a run stays behind. */
static void discard(upk_str folder) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str path = upk_arena_copy(arena, folder);
  unlink(upk_arena_printf(arena, "%s/plan.json", path.data).data);
  unlink(upk_arena_printf(arena, "%s/log.jsonl", path.data).data);
  unlink(upk_arena_printf(arena, "%s/plan.json.sig", path.data).data);
  rmdir(path.data);
  upk_arena_free(arena);
}

journal *journal_new(const journal_files *files, int fd) {
  const upk_allocator *libc = upk_allocator_libc();
  journal *j = libc->resize(libc->ctx, NULL, sizeof *j);
  if (!j)
    libc->exhausted(libc->ctx, sizeof *j);
  *j = (journal){.files = files, .fd = fd, .folder_fd = -1, .reserve_fd = -1};
  memset(j->head, '0', JOURNAL_HASH_TEXT);
  return j;
}

static int create(upk_arena *arena, upk_str runs, upk_str run, upk_str plan,
                  const journal_files *files, journal **ret_journal) {
  upk_str hidden =
      upk_arena_printf(arena, "%.*s/.%.*s", UPK_FMT(runs), UPK_FMT(run));
  upk_str folder =
      upk_arena_printf(arena, "%.*s/%.*s", UPK_FMT(runs), UPK_FMT(run));
  int fd = -1, error = make_folders(arena, runs);
  if (!error && access(folder.data, F_OK) == 0)
    error = EEXIST;
  if (!error && mkdir(hidden.data, 0700) != 0)
    error = errno;
  if (error)
    return error;
  error = fill_folder(arena, hidden, plan, files, &fd);
  if (error) {
    discard(hidden);
    if (fd >= 0)
      close(fd);
    return error;
  }
  journal *j = journal_new(files, fd);
  upk_buf_str(&j->hidden, hidden);
  upk_buf_str(&j->folder, folder);
  error = journal_reserve(j, hidden.data);
  if (error)
    journal_close(j);
  else
    *ret_journal = j;
  return error;
}

/* The first record is on disk: now there is a run. 0, or errno. */
static int show_folder(journal *j) {
  upk_arena *arena = upk_arena_new(NULL);
  int error = rename(j->hidden.data, j->folder.data) == 0 ? 0 : errno;
  if (!error)
    error = sync_folder(folder_above(arena, upk_buf_view(&j->folder)).data);
  upk_arena_free(arena);
  if (!error)
    upk_buf_free(&j->hidden);
  return error;
}

upk_status journal_create(upk_str runs_folder, upk_str run, upk_str plan_bytes,
                          const journal_files *files, upk_diags *diags,
                          journal **ret_journal) {
  upk_arena *scratch = upk_arena_new(NULL);
  if (!files)
    files = journal_files_os();
  int error = create(scratch, runs_folder, run, plan_bytes, files, ret_journal);
  upk_arena_free(scratch);
  if (error) {
    upk_diag *diag = upk_diag_add(
        diags, 3146, UPK_NO_SPAN, "the folder `%.*s/%.*s` cannot be made: %s",
        UPK_FMT(runs_folder), UPK_FMT(run), strerror(error));
    upk_diag_help(diags, diag,
                  "check the folder's owner, its mode and the "
                  "room on its disk");
    return UPK_ERROR;
  }
  return UPK_OK;
}

bool journal_keep(journal *j, const char *name, upk_str bytes) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str folder =
      j->hidden.len ? upk_buf_view(&j->hidden) : upk_buf_view(&j->folder);
  upk_str path = upk_arena_printf(arena, "%.*s/%s", UPK_FMT(folder), name);
  int error = save_plan(j->files, path.data, bytes);
  upk_arena_free(arena);
  return error == 0;
}

void journal_close(journal *j) {
  const upk_allocator *libc = upk_allocator_libc();
  if (!j)
    return;
  close(j->fd);
  journal_reserve_drop(j);
  if (j->hidden.len)
    discard(upk_buf_view(&j->hidden));
  upk_buf_free(&j->hidden);
  upk_buf_free(&j->folder);
  upk_buf_free(&j->line);
  libc->resize(libc->ctx, j, 0);
}

/* ---- records ---- */

bool journal_add(journal *j, const char *event, upk_str det, upk_str obs,
                 bool sync, upk_str *ret_line) {
  return journal_add_traced(j, event, det, obs, UPK_NO_STR, UPK_NO_STR, sync,
                            ret_line);
}

/* On a full disk the rest of it goes where the reserve was. */
static int write_line(journal *j) {
  upk_str rest = upk_buf_view(&j->line);
  int error = journal_write_rest(j->files, j->fd, &rest);
  if (error == ENOSPC && journal_reserve_use(j))
    error = journal_write_rest(j->files, j->fd, &rest);
  return error;
}

bool journal_add_traced(journal *j, const char *event, upk_str det, upk_str obs,
                        upk_str in, upk_str out, bool sync, upk_str *ret_line) {
  char hash[JOURNAL_HASH_TEXT + 1];
  if (j->error)
    return false;
  journal_text text = {.det = det,
                       .event = upk_str_from(event),
                       .in = in,
                       .obs = obs,
                       .out = out,
                       .prev = upk_str_from(j->head),
                       .seq = j->seq + 1};
  journal_hash(&text, hash);
  upk_buf_clear(&j->line);
  upk_buf_printf(&j->line, "{\"det\":%.*s,\"event\":\"%s\",\"hash\":\"%s\"",
                 UPK_FMT(det), event, hash);
  if (in.data)
    upk_buf_printf(&j->line, ",\"in\":%.*s", UPK_FMT(in));
  upk_buf_printf(&j->line, ",\"obs\":%.*s", UPK_FMT(obs));
  if (in.data)
    upk_buf_printf(&j->line, ",\"out\":\"%.*s\"", UPK_FMT(out));
  upk_buf_printf(&j->line, ",\"prev\":\"%s\",\"seq\":%lld,\"v\":1}\n", j->head,
                 (long long)j->seq + 1);
  j->error = write_line(j);
  if (!j->error && (sync || j->hidden.len))
    j->error = journal_sync_file(j->files, j->fd);
  if (!j->error && j->hidden.len)
    j->error = show_folder(j);
  if (j->error)
    return false;
  j->seq++;
  memcpy(j->head, hash, sizeof j->head);
  if (ret_line)
    *ret_line = (upk_str){j->line.data, j->line.len - 1};
  return true;
}

int journal_sync(const journal *j) {
  return journal_sync_file(j->files, j->fd);
}

void journal_synced(journal *j, int error) {
  if (!j->error)
    j->error = error;
}

bool journal_shown(const journal *j) { return !j->hidden.len; }

upk_str journal_head(const journal *j) {
  return (upk_str){j->head, JOURNAL_HASH_TEXT};
}

bool journal_full(const journal *j) { return j->full; }

const char *journal_error(const journal *j) {
  return j->error ? strerror(j->error) : NULL;
}
