#include "approve/votes.h"

#include "approve/trusted.h"
#include "quote.h"
#include "timefmt.h"

enum { LINES_MAX = 200 };
/* Clocks of reviewers and of the executor differ a little. */
#define SKEW_US (INT64_C(5) * 60 * 1000000)

static const char *const words[] = {
#define X(name, word, code) [VOTE_##name] = word,
    VOTE_TABLE(X)
#undef X
};

const char *vote_word(vote_verdict verdict) { return words[verdict]; }

/* ---- reading ---- */

static upk_status damaged(booth *b, upk_str path, unsigned line,
                          const char *wrong) {
  uint32_t source = upk_diags_source(b->diags, path, UPK_NO_STR);
  upk_diag *diag =
      upk_diag_add(b->diags, 3305, (upk_span){source, line, 1, line, 2},
                   "line %u of the signatures is no approval: %s", line, wrong);
  upk_diag_help(b->diags, diag,
                "restore the line from git, or remove it and let the reviewer "
                "sign again");
  return UPK_UNAPPROVED;
}

static upk_status read_lines(booth *b, upk_str path, upk_str bytes,
                             bool standing, vote_vec *ret) {
  upk_str rest = bytes;
  unsigned number = 0;
  while (rest.data) {
    vote v = {0};
    upk_str line = upk_str_split(rest, '\n', &rest);
    number++;
    if (!upk_str_trim(line).len)
      continue;
    const char *wrong = statement_read(b->arena, line, &v.s);
    if (!wrong && v.s.standing != standing)
      wrong = standing ? "it is not a standing one"
                       : "it is a standing one, which the executor's "
                         "`standing_approvals` must name";
    if (!wrong && ret->len >= LINES_MAX)
      wrong = "there are more than 200";
    if (!wrong && standing) {
      upk_diags own;
      upk_diags_init(&own, b->arena);
      if (!upk_approval_compile(b->arena, v.s.when, UPK_NO_SPAN, &own, &v.when))
        wrong = "its `when` is no condition";
    }
    if (wrong)
      return damaged(b, path, number, wrong);
    v.s.path = path;
    v.s.line = number;
    *UPK_PUSH(b->arena, ret) = v;
  }
  return UPK_OK;
}

static upk_status read_standing(booth *b, upk_str path, vote_vec *ret) {
  upk_str text;
  int error;
  bool read = trusted_read(b->arena, b->diags, path, b->from->folder,
                           b->from->own, &text, &error);
  if (!read && error) {
    upk_diag *diag = upk_diag_add(b->diags, 3319, UPK_NO_SPAN,
                                  "the standing approvals `%.*s` cannot be "
                                  "read",
                                  UPK_FMT(path));
    upk_diag_help(b->diags, diag,
                  "`upkeep approve --standing` writes such a file; or take it "
                  "out of `standing_approvals`");
  }
  if (!read)
    return UPK_UNAPPROVED;
  return read_lines(b, path, text, true, ret);
}

upk_status votes_read(booth *b, const rules *r, vote_vec *ret) {
  upk_status status =
      read_lines(b, b->from->signatures_path, b->from->signatures, false, ret);
  for (size_t i = 0; status == UPK_OK && i < r->standing_count; i++)
    status = read_standing(b, r->standing[i], ret);
  return status;
}

/* ---- judging ---- */

static void set(booth *b, vote *v, vote_verdict verdict, const char *text) {
  (void)b;
  v->verdict = verdict;
  v->text = upk_str_from(text);
}

static upk_str moment(upk_arena *arena, int64_t us) {
  upk_buf text = {0};
  upk_timestamp_format(us - us % 1000000, &text);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static bool is_by(const vote *v, upk_str principal) {
  for (size_t i = 0; i < v->principals.len; i++)
    if (upk_str_equal(v->principals.items[i], principal))
      return true;
  return false;
}

/* Whom it is by; false when ssh-keygen could not be asked. */
static bool identify(booth *b, const signers *s, vote *v) {
  signers_answer answer =
      signers_ask(b->box, b->diags, s, v->s.bytes, v->s.signature, b->now_us);
  v->principals.items = answer.principals.items;
  v->principals.len = answer.principals.len;
  v->key = signers_key(b->arena, v->s.signature);
  switch (answer.verdict) {
  case SIGNERS_GOOD:
    v->verdict = v->s.reject ? VOTE_REJECTS : VOTE_COUNTS;
    if (v->s.by.data && !is_by(v, v->s.by))
      set(b, v, VOTE_ANOTHER,
          upk_arena_printf(b->arena, "it says that it is by %.*s",
                           UPK_FMT(v->s.by))
              .data);
    return true;
  case SIGNERS_UNKNOWN: {
    upk_buf said = {0};
    upk_display_text(answer.said, &said);
    bool time = answer.said.len &&
                !upk_str_is(answer.said, "No principal matched.") &&
                !upk_str_is(answer.said, "Could not verify signature.");
    set(b, v, VOTE_UNKNOWN,
        time ? upk_arena_printf(b->arena,
                                "it is by no allowed signer (ssh-keygen: %.*s)",
                                UPK_FMT(upk_buf_view(&said)))
                   .data
             : "it is by no allowed signer");
    upk_buf_free(&said);
    return true;
  }
  case SIGNERS_FORGED:
    set(b, v, VOTE_FORGED, "the statement is not what was signed");
    return true;
  case SIGNERS_REVOKED:
    set(b, v, VOTE_REVOKED, "its key was revoked");
    return true;
  default:
    return false;
  }
}

static void look_at_statement(booth *b, vote *v) {
  upk_str run = UPK_NO_STR;
  upk_str differs = statement_differs(b->arena, &v->s, b->plan);
  if (v->verdict != VOTE_COUNTS && v->verdict != VOTE_REJECTS)
    return;
  if (differs.data)
    set(b, v, VOTE_VOID, differs.data);
  else if (v->verdict == VOTE_REJECTS)
    return; /* it does not wear out */
  else if (v->s.signed_at_us > b->now_us + SKEW_US)
    set(b, v, VOTE_EXPIRED,
        upk_arena_printf(b->arena, "it is signed in the future, at %.*s",
                         UPK_FMT(moment(b->arena, v->s.signed_at_us)))
            .data);
  else if (b->now_us >= v->s.not_after_us)
    set(b, v, VOTE_EXPIRED,
        upk_arena_printf(b->arena, "it expired at %.*s",
                         UPK_FMT(moment(b->arena, v->s.not_after_us)))
            .data);
  else if ((int64_t)history_uses(b->past, v->s.id, &run) >= v->s.max_uses)
    set(b, v, VOTE_USED,
        upk_arena_printf(b->arena, "run %.*s has used it", UPK_FMT(run)).data);
}

static bool same_key(const vote *a, const vote *b) {
  return a->key.data && b->key.data && upk_str_equal(a->key, b->key);
}

/* One who signs under two names, or with two keys of one name, is one; so is a
 * key that is certified for two names. */
static void find_persons(vote_vec *votes) {
  for (size_t i = 0; i < votes->len; i++)
    votes->items[i].person = i;
  for (size_t i = 0; i < votes->len; i++)
    for (size_t j = 0; j < i; j++) {
      const vote *a = &votes->items[i], *b = &votes->items[j];
      bool same = same_key(a, b);
      for (size_t k = 0; k < a->principals.len; k++)
        same |= is_by(b, a->principals.items[k]);
      size_t from = a->person, to = b->person;
      for (size_t k = 0; same && k < votes->len; k++)
        if (votes->items[k].person == from)
          votes->items[k].person = to;
    }
}

static void find_repeated(booth *b, vote_vec *votes) {
  for (size_t i = 0; i < votes->len; i++)
    for (size_t j = 0; j < i; j++) {
      vote *v = &votes->items[i];
      const vote *first = &votes->items[j];
      if (v->verdict == VOTE_COUNTS &&
          upk_str_is(upk_str_from(v->s.id), first->s.id))
        set(b, v, VOTE_REPEATED,
            upk_arena_printf(b->arena, "line %u is the same", first->s.line)
                .data);
    }
}

upk_status votes_judge(booth *b, const signers *s, vote_vec *votes) {
  for (size_t i = 0; i < votes->len; i++) {
    if (!identify(b, s, &votes->items[i]))
      return UPK_UNAPPROVED;
    look_at_statement(b, &votes->items[i]);
  }
  find_repeated(b, votes);
  find_persons(votes);
  return UPK_OK;
}
