/* upk_log_verify: chain, seal, canonical form, and the plan that was run. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <upkeep/runtime.h>

#include "journal/journal.h"
#include "json.h"

typedef struct verifier {
  upk_diags *diags;
  uint32_t source;
  uint32_t line;
  char prev[JOURNAL_HASH_TEXT + 1];
  bool sealed;
  upk_digest plan_file; /* of run.begin */
  journal_semantic *semantic;
} verifier;

/* Reads a file whole; 0, or errno. */
static int read_file(const char *path, upk_buf *out) {
  int error = 0, fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat info;
  if (fd < 0)
    return errno;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    error = S_ISREG(info.st_mode) ? errno : EINVAL;
    goto out;
  }
  upk_buf_reserve(out, (size_t)info.st_size + 1);
  for (;;) {
    char block[64 * 1024];
    ssize_t count = read(fd, block, sizeof block);
    if (count == 0)
      break;
    if (count > 0)
      upk_buf_add(out, block, (size_t)count);
    else if (errno != EINTR) {
      error = errno;
      goto out;
    }
  }
out:
  close(fd);
  return error;
}

static bool bad(verifier *v, int code, const char *text) {
  upk_span at = {v->source, v->line, 1, v->line, 2};
  upk_diag_add(v->diags, code, at, "record %u: %s", v->line, text);
  return false;
}

static bool check_order(verifier *v, const journal_record *record) {
  bool first = v->line == 1;
  if (v->sealed)
    return bad(v, 3042, "it stands behind run.end");
  if (record->seq != (int64_t)v->line)
    return bad(v, 3042, "its number does not follow from the one before it");
  if (!upk_str_is(record->prev, v->prev))
    return bad(v, 3042, "it does not follow from the record before it");
  if (first != upk_str_is(record->event, "run.begin"))
    return bad(v, 3042,
               first ? "the first record is not run.begin"
                     : "run.begin is not the first record");
  return true;
}

static bool check_line(verifier *v, upk_arena *arena, upk_str line) {
  journal_record record;
  const char *wrong = journal_parse(arena, line, &record);
  if (wrong)
    return bad(v, 3041, wrong);
  if (!check_order(v, &record))
    return false;
  if (v->line == 1) {
    upk_str digest = upk_json_text(record.obs, "plan_file");
    if (digest.len != UPK_DIGEST_TEXT)
      return bad(v, 3041, "it does not name the plan's file");
    memcpy(v->plan_file.text, digest.data, UPK_DIGEST_TEXT);
  }
  memcpy(v->prev, record.hash.data, JOURNAL_HASH_TEXT);
  v->sealed = upk_str_is(record.event, "run.end");
  journal_semantic_add(v->semantic, record.det);
  return true;
}

static bool check_lines(verifier *v, upk_str bytes) {
  upk_arena *arena = upk_arena_new(NULL);
  bool good = true;
  while (good && bytes.len) {
    const char *end = memchr(bytes.data, '\n', bytes.len);
    v->line++;
    if (!end && v->sealed) {
      good = bad(v, 3042, "it stands behind run.end");
      break;
    }
    if (!end) {
      bad(v, 3043, "the last line is torn");
      break;
    }
    upk_str line = {bytes.data, (size_t)(end - bytes.data)};
    upk_arena_reset(arena);
    good = check_line(v, arena, line);
    bytes.data += line.len + 1;
    bytes.len -= line.len + 1;
  }
  upk_arena_free(arena);
  return good;
}

static bool check_seal(verifier *v) {
  upk_span at = {v->source, v->line ? v->line : 1, 1, v->line ? v->line : 1, 2};
  if (v->sealed)
    return true;
  upk_diag *diag =
      upk_diag_add(v->diags, 3044, at, "the log is not sealed by run.end");
  upk_diag_help(v->diags, diag,
                "either the run was cut off, or the end of its log was taken "
                "away: compare with the ledger in the target");
  return false;
}

static bool unreadable(upk_diags *diags, const char *path, int error) {
  upk_diag *diag =
      upk_diag_add(diags, 3040, UPK_NO_SPAN, "`%s` cannot be read: %s", path,
                   strerror(error));
  upk_diag_help(diags, diag, "give the folder of a run");
  return false;
}

static bool check_plan(verifier *v, const char *path) {
  upk_buf bytes = {0};
  int error = read_file(path, &bytes);
  if (error) {
    upk_buf_free(&bytes);
    return unreadable(v->diags, path, error);
  }
  upk_digest digest =
      upk_digest_of(bytes.len ? upk_buf_view(&bytes) : UPK_STR(""));
  upk_buf_free(&bytes);
  if (upk_str_equal(upk_digest_view(&digest), upk_digest_view(&v->plan_file)))
    return true;
  upk_diag_add(v->diags, 3045, UPK_NO_SPAN,
               "`%s` is not the plan that the run executed", path);
  return false;
}

upk_status upk_log_verify(upk_str run_folder, upk_diags *diags,
                          upk_str *ret_semantic) {
  upk_buf bytes = {0};
  upk_str log =
      upk_arena_printf(diags->arena, "%.*s/log.jsonl", UPK_FMT(run_folder));
  upk_str plan =
      upk_arena_printf(diags->arena, "%.*s/plan.json", UPK_FMT(run_folder));
  int error = read_file(log.data, &bytes);
  if (error) {
    unreadable(diags, log.data, error);
    upk_buf_free(&bytes);
    return UPK_ERROR;
  }
  verifier v = {.diags = diags,
                .source = upk_diags_source(diags, log, UPK_NO_STR)};
  memset(v.prev, '0', JOURNAL_HASH_TEXT);
  v.semantic = journal_semantic_new();
  bool good = check_lines(&v, bytes.len ? upk_buf_view(&bytes) : UPK_STR("")) &&
              check_seal(&v) && check_plan(&v, plan.data);
  upk_digest semantic = journal_semantic_finish(v.semantic);
  upk_buf_free(&bytes);
  if (!good)
    return UPK_STALE;
  if (ret_semantic)
    *ret_semantic = upk_arena_copy(diags->arena, upk_digest_view(&semantic));
  return UPK_OK;
}
