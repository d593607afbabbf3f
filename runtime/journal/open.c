/* Going on with the log of a run: read, repaired where it was torn, locked. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/private.h"
#include "json.h"

typedef struct opening {
  upk_arena *arena; /* of the whole call */
  upk_diags *diags;
  uint32_t source;
  upk_str folder, path;
  const journal_files *files;
  journal_reader reader;
  void *ctx;
  journal_chain chain;
  int fd;
  upk_buf bytes;
} opening;

static upk_status cannot(opening *o, const char *what, int error) {
  upk_diag *diag =
      upk_diag_add(o->diags, 3040, UPK_NO_SPAN, "`%.*s` cannot be %s: %s",
                   UPK_FMT(o->path), what, strerror(error));
  upk_diag_help(o->diags, diag, "give a run that `upkeep log list` names");
  return UPK_ERROR;
}

static upk_status damaged(opening *o, int code, int64_t line,
                          const char *wrong) {
  upk_span at = {o->source, (uint32_t)line, 1, (uint32_t)line, 2};
  upk_diag_add(o->diags, code, at, "record %lld: %s", (long long)line, wrong);
  return UPK_STALE;
}

/* ---- who has it ---- */

/* The process that wrote the last run.begin, run.resume or run.rollback. */
static void find_holder(upk_arena *arena, upk_str bytes, upk_buf *out) {
  upk_str rest = bytes;
  while (rest.data && rest.len) {
    journal_record record;
    const char *start = rest.data;
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (!rest.data || journal_parse(arena, (upk_str){start, line.len}, &record))
      continue;
    if (!upk_str_is(record.event, "run.begin") &&
        !upk_str_is(record.event, "run.resume") &&
        !upk_str_is(record.event, "run.rollback"))
      continue;
    upk_buf_clear(out);
    upk_buf_printf(out, "pid %lld of %.*s on %.*s",
                   (long long)upk_json_number(record.obs, "pid", 0),
                   UPK_FMT(upk_json_text(record.obs, "user")),
                   UPK_FMT(upk_json_text(record.obs, "host")));
  }
}

static upk_status held(opening *o) {
  upk_buf holder = {0};
  if (journal_read_file(o->path.data, &o->bytes) == 0 && o->bytes.len)
    find_holder(o->arena, upk_buf_view(&o->bytes), &holder);
  upk_diag *diag = upk_diag_add(
      o->diags, 3201, UPK_NO_SPAN, "the run lives: %.*s works on it",
      UPK_FMT(holder.len ? upk_buf_view(&holder) : UPK_STR("another process")));
  upk_diag_help(o->diags, diag,
                "wait until it has ended, or stop it with SIGTERM");
  upk_buf_free(&holder);
  return UPK_LOCKED;
}

/* ---- reading ---- */

/* A torn line is one record that was not wholly written. What holds the end of
 * a record and more behind it is something else. */
static bool may_be_torn(upk_str line) {
  static const char end[] = ",\"v\":1}";
  size_t len = sizeof end - 1;
  for (size_t i = 0; i + len < line.len; i++)
    if (memcmp(line.data + i, end, len) == 0)
      return false;
  return true;
}

/* *ret_good: bytes that are whole records; what follows is a torn line. */
static upk_status read_records(opening *o, upk_str bytes, size_t *ret_good) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_status status = UPK_OK;
  size_t at = 0;
  while (status == UPK_OK && at < bytes.len) {
    const char *start = bytes.data + at;
    const char *end = memchr(start, '\n', bytes.len - at);
    upk_str line = {start, end ? (size_t)(end - start) : bytes.len - at};
    bool last = !end || at + line.len + 1 == bytes.len;
    journal_record record;
    upk_arena_reset(arena);
    const char *wrong =
        end ? journal_parse(arena, line, &record) : "it is torn";
    if (wrong && last && may_be_torn(line))
      break;
    if (wrong) {
      status = damaged(o, 3041, o->chain.seq + 1, wrong);
      break;
    }
    wrong = journal_chain_add(&o->chain, &record);
    if (wrong)
      status = damaged(o, 3042, o->chain.seq + 1, wrong);
    else
      wrong = o->reader(o->ctx, &record);
    if (status == UPK_OK && wrong && *wrong)
      status = damaged(o, 3042, record.seq, wrong);
    else if (wrong)
      status = UPK_STALE;
    at += line.len + 1;
  }
  *ret_good = at;
  upk_arena_free(arena);
  return status;
}

/* ---- a torn line ---- */

static int save_torn(opening *o, upk_str torn) {
  upk_str path = upk_arena_printf(o->arena, "%.*s.torn", UPK_FMT(o->path));
  int fd = open(path.data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    return errno;
  int error = journal_write_all(o->files, fd, torn);
  if (!error)
    error = journal_sync_file(o->files, fd);
  if (close(fd) != 0 && !error)
    error = errno;
  return error;
}

static bool record_torn(journal *j, upk_str torn) {
  upk_digest digest = upk_digest_of(torn);
  upk_buf obs = {0};
  upk_buf_printf(&obs, "{\"bytes\":%zu,\"sha256\":\"%s\"}", torn.len,
                 digest.text);
  bool good = journal_add(j, "run.recovered", UPK_STR("{}"), upk_buf_view(&obs),
                          true, NULL);
  upk_buf_free(&obs);
  return good;
}

static upk_status repair(opening *o, journal *j, size_t good) {
  upk_str torn = {o->bytes.data + good, o->bytes.len - good};
  int error = save_torn(o, torn);
  if (!error && ftruncate(o->fd, (off_t)good) != 0)
    error = errno;
  if (!error)
    error = fsync(o->fd) == 0 ? 0 : errno;
  if (!error && !record_torn(j, torn))
    error = j->error;
  if (error)
    return cannot(o, "repaired", error);
  upk_diag *diag =
      upk_diag_add(o->diags, 3043, UPK_NO_SPAN,
                   "the last line of the log was torn: %zu bytes were moved to "
                   "log.jsonl.torn",
                   torn.len);
  upk_diag_help(o->diags, diag,
                "Nothing needs to be done: what it spoke of is asked of the "
                "database.");
  return UPK_OK;
}

/* ---- all of it ---- */

static upk_status lock_and_read(opening *o, journal **ret_journal) {
  size_t good = 0;
  o->fd = open(o->path.data, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  if (o->fd < 0)
    return cannot(o, "opened", errno);
  if (flock(o->fd, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? held(o) : cannot(o, "locked", errno);
  int error = journal_read_file(o->path.data, &o->bytes);
  if (error)
    return cannot(o, "read", error);
  upk_str bytes = o->bytes.len ? upk_buf_view(&o->bytes) : UPK_STR("");
  upk_status status = read_records(o, bytes, &good);
  if (status == UPK_OK && !o->chain.seq)
    status = damaged(o, 3041, 1, "the log has no record: no run began");
  if (status != UPK_OK)
    return status;
  journal *j = journal_new(o->files, o->fd);
  o->fd = -1;
  j->seq = o->chain.seq;
  memcpy(j->head, o->chain.prev, sizeof j->head);
  (void)!journal_reserve(j, o->folder.data); /* a full disk is said later */
  if (good < bytes.len) {
    o->fd = j->fd;
    status = repair(o, j, good);
    o->fd = -1;
  }
  if (status == UPK_OK)
    *ret_journal = j;
  else
    journal_close(j);
  return status;
}

static void begin(opening *o, upk_str run_folder, upk_diags *diags,
                  journal_reader reader, void *ctx) {
  *o = (opening){.arena = upk_arena_new(NULL),
                 .diags = diags,
                 .reader = reader,
                 .ctx = ctx,
                 .fd = -1};
  o->folder = upk_arena_copy(o->arena, run_folder);
  o->path =
      upk_arena_printf(diags->arena, "%.*s/log.jsonl", UPK_FMT(run_folder));
  o->source = upk_diags_source(diags, o->path, UPK_NO_STR);
  journal_chain_init(&o->chain);
}

upk_status journal_scan(upk_str run_folder, upk_diags *diags,
                        journal_reader reader, void *ctx) {
  opening o;
  size_t good;
  begin(&o, run_folder, diags, reader, ctx);
  int error = journal_read_file(o.path.data, &o.bytes);
  upk_status status =
      error
          ? cannot(&o, "read", error)
          : read_records(&o, o.bytes.len ? upk_buf_view(&o.bytes) : UPK_STR(""),
                         &good);
  upk_buf_free(&o.bytes);
  upk_arena_free(o.arena);
  return status;
}

upk_status journal_open(upk_str run_folder, const journal_files *files,
                        upk_diags *diags, journal_reader reader, void *ctx,
                        journal **ret_journal) {
  opening o;
  begin(&o, run_folder, diags, reader, ctx);
  o.files = files ? files : journal_files_os();
  upk_status status = lock_and_read(&o, ret_journal);
  if (o.fd >= 0)
    close(o.fd);
  upk_buf_free(&o.bytes);
  upk_arena_free(o.arena);
  return status;
}
