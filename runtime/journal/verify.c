/* upk_log_verify: chain, seal, canonical form, and the plan that was run. */
#include <string.h>

#include <upkeep/runtime.h>

#include "journal/journal.h"
#include "json.h"

typedef struct verifier {
  upk_diags *diags;
  uint32_t source;
  uint32_t line;
  journal_chain chain;
  upk_digest plan_file; /* of run.begin */
  journal_semantic *semantic;
} verifier;

static bool bad(verifier *v, int code, const char *text) {
  upk_span at = {v->source, v->line, 1, v->line, 2};
  upk_diag_add(v->diags, code, at, "record %u: %s", v->line, text);
  return false;
}

static bool check_line(verifier *v, upk_arena *arena, upk_str line) {
  journal_record record;
  const char *wrong = journal_parse(arena, line, &record);
  if (wrong)
    return bad(v, 3041, wrong);
  wrong = journal_chain_add(&v->chain, &record);
  if (wrong)
    return bad(v, 3042, wrong);
  if (v->line == 1) {
    upk_str digest = upk_json_text(record.obs, "plan_file");
    if (digest.len != UPK_DIGEST_TEXT)
      return bad(v, 3041, "it does not name the plan's file");
    memcpy(v->plan_file.text, digest.data, UPK_DIGEST_TEXT);
  }
  journal_semantic_add(v->semantic, record.event, record.det);
  return true;
}

static bool check_lines(verifier *v, upk_str bytes) {
  upk_arena *arena = upk_arena_new(NULL);
  bool good = true;
  while (good && bytes.len) {
    const char *end = memchr(bytes.data, '\n', bytes.len);
    v->line++;
    if (!end && v->chain.sealed) {
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
  if (v->chain.sealed)
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
  int error = journal_read_file(path, &bytes);
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
  int error = journal_read_file(log.data, &bytes);
  if (error) {
    unreadable(diags, log.data, error);
    upk_buf_free(&bytes);
    return UPK_ERROR;
  }
  verifier v = {.diags = diags,
                .source = upk_diags_source(diags, log, UPK_NO_STR)};
  journal_chain_init(&v.chain);
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
