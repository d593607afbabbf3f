/* upk_approvals_judge: who must sign, who has, and what of it counts. */
#include <upkeep/runtime.h>

#include <stdlib.h>
#include <string.h>

#include "approve/approve.h"
#include "approve/trusted.h"
#include "approve/votes.h"
#include "timefmt.h"

/* How a rule is met: of each person that counts, one statement or more. */
typedef struct tally {
  upk_str *people; /* how they are called */
  size_t people_count;
  int64_t not_after_us; /* of those that are relied on */
  const vote **relied;
  size_t relied_count;
  const vote *rejected; /* by an allowed signer, not taken back; or NULL */
  bool author_unknown;
  upk_str of_authors; /* those who signed, "a, b"; absent: none did */
} tally;

typedef struct court {
  booth booth;
  rules rules;
  vote_vec *votes;  /* of each rule, by its signers; shared where they are */
  tally *tallies;   /* of each rule */
  authors *authors; /* of each rule that needs them; shared where they are */
} court;

/* ---- counting ---- */

static int64_t end_of(const rule *r, const vote *v) {
  int64_t end = v->s.not_after_us;
  if (r->expires_us && v->s.signed_at_us <= INT64_MAX - r->expires_us &&
      v->s.signed_at_us + r->expires_us < end)
    end = v->s.signed_at_us + r->expires_us;
  return end;
}

static bool counts(const court *c, const rule *r, const vote *v) {
  return v->verdict == VOTE_COUNTS && end_of(r, v) > c->booth.now_us;
}

/* The last word of a person about the plan; a tie is a rejection. */
static const vote *last_word(const vote_vec *votes, size_t person) {
  const vote *last = NULL;
  for (size_t i = 0; i < votes->len; i++) {
    const vote *v = &votes->items[i];
    bool word = v->verdict == VOTE_REJECTS ||
                (v->verdict == VOTE_COUNTS && !v->s.standing);
    if (!word || v->person != person)
      continue;
    if (!last || v->s.signed_at_us > last->s.signed_at_us ||
        (v->s.signed_at_us == last->s.signed_at_us && v->s.reject))
      last = v;
  }
  return last;
}

/* A person's statement that covers a step and lasts longest; NULL: none. */
static const vote *best_for(const court *c, const rule *r,
                            const vote_vec *votes, size_t person, size_t step) {
  const vote *best = NULL;
  for (size_t i = 0; i < votes->len; i++) {
    const vote *v = &votes->items[i];
    if (v->person != person || !counts(c, r, v) ||
        (best && end_of(r, best) >= end_of(r, v)))
      continue;
    if (!v->s.standing ||
        rules_fit(c->booth.arena, &v->when, c->booth.plan, step) == UPK_TRUE)
      best = v;
  }
  return best;
}

static bool is_called(const vote_vec *votes, size_t person, upk_str name) {
  for (size_t i = 0; i < votes->len; i++)
    for (size_t k = 0;
         votes->items[i].person == person && k < votes->items[i].principals.len;
         k++)
      if (upk_str_equal(votes->items[i].principals.items[k], name))
        return true;
  return false;
}

static bool is_author(const authors *by, const vote_vec *votes, size_t person) {
  for (size_t i = 0; i < by->names.len; i++)
    if (is_called(votes, person, by->names.items[i]))
      return true;
  return false;
}

/* Who covers all of a rule's steps. */
typedef struct supporter {
  size_t person;
  int64_t end_us;
  const vote **relied;
  size_t relied_count;
} supporter;

static void rely(supporter *s, const vote *v, int64_t end_us) {
  for (size_t i = 0; i < s->relied_count; i++)
    if (s->relied[i] == v)
      return;
  s->relied[s->relied_count++] = v;
  if (end_us < s->end_us)
    s->end_us = end_us;
}

static bool supports(const court *c, const rule *r, const vote_vec *votes,
                     size_t person, supporter *ret) {
  *ret = (supporter){.person = person, .end_us = INT64_MAX};
  ret->relied = UPK_NEW_ARRAY(c->booth.arena, const vote *, votes->len + 1);
  for (size_t s = 0; s < c->booth.plan->step_count; s++) {
    if (!r->asked[s])
      continue;
    const vote *v = best_for(c, r, votes, person, s);
    if (!v)
      return false;
    rely(ret, v, end_of(r, v));
    if (!v->s.standing && ret->relied_count == 1)
      break; /* it is for the whole plan */
  }
  return true;
}

static int by_end(const void *a, const void *b) {
  const supporter *x = a, *y = b;
  return x->end_us != y->end_us
             ? (x->end_us < y->end_us) - (x->end_us > y->end_us)
             : (x->person > y->person) - (x->person < y->person);
}

static upk_str name_of(const vote_vec *votes, size_t person) {
  for (size_t i = 0; i < votes->len; i++)
    if (votes->items[i].person == person && votes->items[i].principals.len)
      return votes->items[i].principals.items[0];
  return UPK_STR("?");
}

/* Those whose support ends last are relied on, no more than are needed. */
static void settle(court *c, const rule *r, const vote_vec *votes,
                   supporter *list, size_t count, tally *t) {
  upk_arena *arena = c->booth.arena;
  if (count)
    qsort(list, count, sizeof *list, by_end);
  t->people = UPK_NEW_ARRAY(arena, upk_str, count + 1);
  t->people_count = count;
  t->not_after_us = INT64_MAX;
  t->relied = UPK_NEW_ARRAY(arena, const vote *, count *(votes->len + 1) + 1);
  for (size_t i = 0; i < count; i++) {
    t->people[i] = name_of(votes, list[i].person);
    if ((int64_t)i >= r->signatures)
      continue;
    if (list[i].end_us < t->not_after_us)
      t->not_after_us = list[i].end_us;
    for (size_t k = 0; k < list[i].relied_count; k++)
      t->relied[t->relied_count++] = list[i].relied[k];
  }
}

static void bar(court *c, tally *t, upk_str name) {
  t->of_authors =
      upk_arena_printf(c->booth.arena, "%.*s%s%.*s", UPK_FMT(t->of_authors),
                       t->of_authors.data ? ", " : "", UPK_FMT(name));
}

static void count_rule(court *c, size_t number) {
  const rule *r = &c->rules.items[number];
  const vote_vec *votes = &c->votes[number];
  tally *t = &c->tallies[number];
  supporter *list = UPK_NEW_ARRAY(c->booth.arena, supporter, votes->len + 1);
  size_t count = 0;
  bool other = !r->author_may_approve;
  t->author_unknown = other && !c->authors[number].names.len;
  for (size_t person = 0; person < votes->len; person++) {
    const vote *word = last_word(votes, person);
    bool rejects = word && word->verdict == VOTE_REJECTS;
    if (rejects)
      t->rejected = word;
    if (!r->steps || !r->signatures || rejects || t->author_unknown ||
        !supports(c, r, votes, person, &list[count]))
      continue;
    if (!other || !is_author(&c->authors[number], votes, person))
      count++;
    else
      bar(c, t, name_of(votes, person));
  }
  settle(c, r, votes, list, count, t);
}

static bool is_met(const court *c, size_t number) {
  const rule *r = &c->rules.items[number];
  return !r->steps || !r->signatures ||
         (int64_t)c->tallies[number].people_count >= r->signatures;
}

/* ---- gathering ---- */

static bool same_signers(const signers *a, const signers *b) {
  bool both = a->revoked.data && b->revoked.data;
  return upk_str_equal(a->path, b->path) &&
         (both ? upk_str_equal(a->revoked, b->revoked)
               : !a->revoked.data && !b->revoked.data);
}

static vote_vec copy_votes(upk_arena *arena, const vote_vec *from) {
  vote_vec copy = {0};
  for (size_t i = 0; i < from->len; i++)
    *UPK_PUSH(arena, &copy) = from->items[i];
  return copy;
}

/* A rule without signatures is still one by whose signers a plan may be
 * rejected, if it has such a file. */
static bool is_asked(court *c, rule *r, bool *ret_wrong) {
  if (!r->steps)
    return false;
  if (r->signatures) {
    *ret_wrong = !signers_check(c->booth.box, c->booth.diags, &r->signers);
    return !*ret_wrong;
  }
  upk_diags quiet;
  upk_diags_init(&quiet, c->booth.arena);
  return signers_check(c->booth.box, &quiet, &r->signers);
}

static upk_status gather(court *c) {
  vote_vec all = {0};
  rules *r = &c->rules;
  upk_status status = votes_read(&c->booth, r, &all);
  bool failed = false;
  for (size_t i = 0; status == UPK_OK && i < r->count; i++) {
    bool wrong = false;
    if (!is_asked(c, &r->items[i], &wrong)) {
      failed |= wrong;
      continue;
    }
    size_t j = 0;
    while (j < i && !(r->items[j].signers.good &&
                      same_signers(&r->items[j].signers, &r->items[i].signers)))
      j++;
    if (j < i) {
      c->votes[i] = c->votes[j];
      continue;
    }
    c->votes[i] = copy_votes(c->booth.arena, &all);
    status = votes_judge(&c->booth, &r->items[i].signers, &c->votes[i]);
  }
  return failed ? UPK_UNAPPROVED : status;
}

/* Where there is no repository, the reviewers' word counts, if it is one. */
static void take_their_word(court *c, const vote_vec *votes, authors *ret) {
  const upk_json *word = NULL;
  for (size_t i = 0; i < votes->len; i++) {
    const vote *v = &votes->items[i];
    if (v->verdict != VOTE_COUNTS || v->s.standing)
      continue;
    if (!upk_json_count(v->s.authors) ||
        (word && !upk_str_equal(word->bytes, v->s.authors->bytes)))
      return;
    word = v->s.authors;
  }
  for (size_t i = 0; word && i < upk_json_count(word); i++)
    if (upk_json_at(word, i)->type == UPK_JSON_STRING)
      *UPK_PUSH(c->booth.arena, &ret->names) = upk_json_at(word, i)->string;
}

static bool needs_authors(const rule *r) {
  return !r->author_may_approve && r->steps && r->signatures && r->signers.good;
}

static bool same_text(upk_str a, upk_str b) {
  return !a.data == !b.data && upk_str_equal(a, b);
}

static void find_authors(court *c) {
  const rule *rules = c->rules.items;
  for (size_t i = 0; i < c->rules.count; i++) {
    size_t j = 0;
    if (!needs_authors(&rules[i]))
      continue;
    while (j < i && !(needs_authors(&rules[j]) &&
                      same_signers(&rules[j].signers, &rules[i].signers) &&
                      same_text(rules[j].since, rules[i].since)))
      j++;
    if (j < i) {
      c->authors[i] = c->authors[j];
      continue;
    }
    author_query query =
        author_query_of(c->booth.arena, c->booth.from->project_folder,
                        c->booth.plan, c->booth.past, rules[i].since);
    c->authors[i] = authors_find(c->booth.box, &query, &rules[i].signers);
    if (c->authors[i].no_repository)
      take_their_word(c, &c->votes[i], &c->authors[i]);
  }
}

/* ---- saying ---- */

static const struct {
  vote_verdict verdict;
  int code;
} codes[] = {
#define X(name, word, code) {VOTE_##name, code},
    VOTE_TABLE(X)
#undef X
};

static void say_vote(court *c, const vote *v) {
  upk_diags *diags = c->booth.diags;
  upk_str who = v->principals.len ? v->principals.items[0] : UPK_STR("unknown");
  uint32_t source = upk_diags_source(diags, v->s.path, UPK_NO_STR);
  upk_span at = {source, v->s.line, 1, v->s.line, 2};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (codes[i].verdict == v->verdict && codes[i].code)
      upk_diag_add(diags, codes[i].code, at,
                   "the signature of %.*s does not count: %.*s", UPK_FMT(who),
                   UPK_FMT(v->text));
}

static void say_rule_expired(court *c, const rule *r, const vote *v) {
  uint32_t source = upk_diags_source(c->booth.diags, v->s.path, UPK_NO_STR);
  upk_span at = {source, v->s.line, 1, v->s.line, 2};
  upk_buf age = {0};
  upk_duration_format(r->expires_us, &age);
  if (v->verdict == VOTE_COUNTS && end_of(r, v) <= c->booth.now_us)
    upk_diag_add(c->booth.diags, 3307, at,
                 "the signature of %.*s does not count: the rule wants it not "
                 "older than %.*s",
                 UPK_FMT(v->principals.items[0]), UPK_FMT(upk_buf_view(&age)));
  upk_buf_free(&age);
}

/* "for 3 steps where risk = 'high'" */
static upk_str rule_text(upk_arena *arena, const rule *r) {
  return upk_arena_printf(arena, "%zu step%s%s%.*s", r->steps,
                          r->steps == 1 ? "" : "s",
                          r->text.data ? " where " : "", UPK_FMT(r->text));
}

static void note_steps(court *c, const rule *r, upk_diag *diag) {
  enum { SHOWN = 4 };
  upk_buf list = {0};
  size_t shown = 0;
  for (size_t s = 0; s < c->booth.plan->step_count && shown < SHOWN; s++)
    if (r->asked[s])
      upk_buf_printf(&list, "%s%.*s", shown++ ? ", " : "",
                     UPK_FMT(c->booth.plan->steps[s].id));
  if (r->steps > shown)
    upk_buf_printf(&list, " and %zu more", r->steps - shown);
  upk_diag_note(c->booth.diags, diag, "steps: %.*s",
                UPK_FMT(upk_buf_view(&list)));
  upk_buf_free(&list);
}

static upk_str listed(upk_arena *arena, const author_names *names) {
  upk_str list = UPK_NO_STR;
  for (size_t i = 0; i < names->len; i++)
    list = upk_arena_printf(arena, "%.*s%s%.*s", UPK_FMT(list), i ? ", " : "",
                            UPK_FMT(names->items[i]));
  return list;
}

static void say_missing(court *c, size_t number) {
  upk_diags *diags = c->booth.diags;
  const rule *r = &c->rules.items[number];
  const tally *t = &c->tallies[number];
  upk_diag *diag = upk_diag_add(
      diags, 3300, UPK_NO_SPAN,
      "%zu of %lld approvals: more are needed for %.*s", t->people_count,
      (long long)r->signatures, UPK_FMT(rule_text(c->booth.arena, r)));
  note_steps(c, r, diag);
  upk_diag_note(diags, diag, "the rules are those of %.*s",
                UPK_FMT(c->booth.from->rules_path));
  for (size_t i = 0; i < t->people_count; i++)
    upk_diag_note(diags, diag, "signed by %.*s", UPK_FMT(t->people[i]));
  if (c->authors[number].names.len)
    upk_diag_note(diags, diag, "written by %.*s, who may not approve it",
                  UPK_FMT(listed(c->booth.arena, &c->authors[number].names)));
  upk_diag_help(diags, diag,
                "let a reviewer of %.*s run `upkeep approve` on the plan",
                UPK_FMT(r->signers.path));
  if (t->author_unknown) {
    diag = upk_diag_add(diags, 3317, UPK_NO_SPAN,
                        "who wrote the policies is not known: %.*s",
                        UPK_FMT(c->authors[number].why));
    upk_diag_help(diags, diag,
                  "sign commits of policies with an SSH key of the allowed "
                  "signers, and apply where the repository is; what was "
                  "reviewed before upkeep came, the rule's `authors_since` "
                  "leaves out");
  }
  if (t->of_authors.data)
    upk_diag_add(
        diags, 3316, UPK_NO_SPAN,
        "the signature of %.*s does not count: the policies are theirs",
        UPK_FMT(t->of_authors));
}

static bool votes_shown(const court *c, size_t number) {
  for (size_t i = 0; i < number; i++)
    if (c->votes[i].items == c->votes[number].items)
      return true;
  return false;
}

/* What was said of a rule before it, that was not met either. */
static bool votes_said(const court *c, size_t number) {
  for (size_t i = 0; i < number; i++)
    if (!is_met(c, i) && c->votes[i].items == c->votes[number].items)
      return true;
  return false;
}

static upk_status say_verdict(court *c) {
  upk_diags *diags = c->booth.diags;
  upk_status status = UPK_OK;
  for (size_t i = 0; i < c->rules.count; i++) {
    const vote *no = c->tallies[i].rejected;
    if (no && status == UPK_OK) {
      upk_str reason = upk_json_text(no->s.tree, "reason");
      upk_diag *diag = upk_diag_add(diags, 3301, UPK_NO_SPAN,
                                    "the plan was rejected by %.*s%s%.*s",
                                    UPK_FMT(no->principals.items[0]),
                                    reason.len ? ": " : "", UPK_FMT(reason));
      upk_diag_help(diags, diag,
                    "ask them; change the policies and plan again, or let "
                    "them approve it");
      status = UPK_UNAPPROVED;
    }
  }
  for (size_t i = 0; i < c->rules.count; i++) {
    if (is_met(c, i))
      continue;
    say_missing(c, i);
    for (size_t k = 0; k < c->votes[i].len; k++) {
      if (!votes_said(c, i))
        say_vote(c, &c->votes[i].items[k]);
      say_rule_expired(c, &c->rules.items[i], &c->votes[i].items[k]);
    }
    status = UPK_UNAPPROVED;
  }
  return status;
}

/* Nobody is waved through for want of rules. */
static upk_status say_no_rules(court *c) {
  upk_diag *diag = upk_diag_add(
      c->booth.diags, 3302, UPK_NO_SPAN,
      "the plan asks for signatures, and there are no rules here to count "
      "them by");
  upk_diag_help(c->booth.diags, diag,
                "name the executor's file with --executor, or put `approvals` "
                "into %.*s",
                UPK_FMT(c->booth.from->rules_path));
  return UPK_UNAPPROVED;
}

static upk_status say_plan_used(court *c) {
  const upk_json *ledger =
      upk_json_get(upk_json_get(c->booth.plan->body, "engine"), "ledger");
  upk_str run = c->booth.past->plan_run;
  if (!run.data || ledger->type == UPK_JSON_OBJECT)
    return UPK_OK;
  upk_diag *diag =
      upk_diag_add(c->booth.diags, 3322, UPK_NO_SPAN,
                   "the plan was applied already, in run %.*s", UPK_FMT(run));
  upk_diag_help(c->booth.diags, diag,
                "a plan is used once: make a new one with `upkeep plan`, or go "
                "on with `upkeep resume`");
  return UPK_STALE;
}

/* ---- what is handed back ---- */

static void put_given(upk_json_writer *w, const char *key, upk_str value) {
  if (value.data)
    upk_json_put_string(w, key, value);
}

static void write_names(upk_json_writer *w, const upk_str *names,
                        size_t count) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    upk_json_string(w, names[i]);
  upk_json_end_array(w);
}

/* Something that was relied on, and until when. */
typedef struct evidence {
  const vote *vote;
  int64_t end_us;
  upk_str commit; /* whose authors were looked for; absent: nobody's */
} evidence;

static void write_evidence(upk_json_writer *w, const evidence *e) {
  const vote *v = e->vote;
  upk_json_begin_object(w);
  upk_json_key(w, "by");
  write_names(w, v->principals.items, v->principals.len);
  put_given(w, "commit", e->commit);
  upk_json_put_string(w, "id", upk_str_from(v->s.id));
  upk_json_put_int(w, "max_uses", v->s.max_uses);
  upk_json_put_int(w, "not_after", e->end_us);
  upk_json_put_int(w, "signed_at", v->s.signed_at_us);
  upk_json_end_object(w);
}

/* By id; of one statement the earlier end. */
static int by_id(const void *a, const void *b) {
  const evidence *x = a, *y = b;
  int order = strcmp(x->vote->s.id, y->vote->s.id);
  return order ? order : (x->end_us > y->end_us) - (x->end_us < y->end_us);
}

/* One commit was looked at, for whichever rule. */
static upk_str commit_of(const court *c) {
  for (size_t i = 0; i < c->rules.count; i++)
    if (c->authors[i].commit.data && c->authors[i].names.len)
      return c->authors[i].commit;
  return UPK_NO_STR;
}

static void write_all(const evidence *items, size_t count, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    if (!i || strcmp(items[i].vote->s.id, items[i - 1].vote->s.id) != 0)
      write_evidence(w, &items[i]);
  upk_json_end_array(w);
  upk_json_writer_close(w);
}

static void hand_back(court *c, upk_approved *ret) {
  size_t most = 0, count = 0;
  upk_buf bytes = {0};
  upk_str commit = commit_of(c);
  for (size_t i = 0; i < c->rules.count; i++)
    most += c->tallies[i].relied_count;
  evidence *items = UPK_NEW_ARRAY(c->booth.arena, evidence, most + 1);
  for (size_t i = 0; i < c->rules.count; i++) {
    const rule *r = &c->rules.items[i];
    const tally *t = &c->tallies[i];
    ret->needed |= r->steps && r->signatures;
    for (size_t k = 0; k < t->relied_count; k++)
      items[count++] =
          (evidence){t->relied[k], end_of(r, t->relied[k]), commit};
    if (t->relied_count &&
        (!ret->not_after_us || t->not_after_us < ret->not_after_us))
      ret->not_after_us = t->not_after_us;
  }
  if (!count)
    return;
  qsort(items, count, sizeof *items, by_id);
  write_all(items, count, &bytes);
  ret->evidence = upk_arena_copy(c->booth.diags->arena, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
}

/* ---- the report ---- */

static void write_vote(upk_json_writer *w, const vote *v) {
  upk_json_begin_object(w);
  upk_json_key(w, "by");
  write_names(w, v->principals.items, v->principals.len);
  upk_json_put_string(w, "file", v->s.path);
  upk_json_put_string(w, "id", upk_str_from(v->s.id));
  upk_json_put_int(w, "line", v->s.line);
  upk_json_put_int(w, "not_after", v->s.not_after_us);
  put_given(w, "reason", upk_json_text(v->s.tree, "reason"));
  upk_json_put_int(w, "signed_at", v->s.signed_at_us);
  upk_json_put_bool(w, "standing", v->s.standing);
  put_given(w, "text", v->text);
  upk_json_put_string(w, "verdict", upk_str_from(vote_word(v->verdict)));
  upk_json_end_object(w);
}

static void write_rule(upk_json_writer *w, const court *c, size_t number) {
  const rule *r = &c->rules.items[number];
  const tally *t = &c->tallies[number];
  upk_json_begin_object(w);
  upk_json_put_bool(w, "met", is_met(c, number));
  upk_json_put_int(w, "signatures", r->signatures);
  upk_json_key(w, "signed");
  write_names(w, t->people, t->people_count);
  upk_json_put_string(w, "signers", r->signers.path);
  upk_json_put_int(w, "steps", (int64_t)r->steps);
  put_given(w, "when", r->text);
  upk_json_end_object(w);
}

/* Of the first rule that needs them. */
static void write_authors(upk_json_writer *w, const court *c) {
  for (size_t i = 0; c->authors && i < c->rules.count; i++) {
    const authors *by = &c->authors[i];
    if (!by->names.len && !by->why.data)
      continue;
    if (by->names.len) {
      upk_json_key(w, "authors");
      write_names(w, by->names.items, by->names.len);
    } else {
      put_given(w, "authors_unknown", by->why);
    }
    return;
  }
}

static void write_report(const court *c, upk_status status, upk_sink report) {
  if (!report.write)
    return;
  upk_json_writer *w = upk_json_writer_new(report);
  upk_json_begin_object(w);
  upk_json_put_bool(w, "approved", status == UPK_OK);
  write_authors(w, c);
  upk_json_key(w, "executor");
  upk_json_begin_object(w);
  upk_json_put_bool(w, "own", c->booth.from->own);
  upk_json_put_string(w, "rules", c->booth.from->rules_path);
  upk_json_end_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.verify/1"));
  upk_json_put_string(w, "intent", c->booth.plan->intent);
  upk_json_put_string(w, "plan", c->booth.plan->digest);
  upk_json_key(w, "rules");
  upk_json_begin_array(w);
  for (size_t i = 0; i < c->rules.count; i++)
    if (c->rules.items[i].steps)
      write_rule(w, c, i);
  upk_json_end_array(w);
  upk_json_key(w, "signatures");
  upk_json_begin_array(w);
  for (size_t i = 0; i < c->rules.count; i++)
    for (size_t k = 0; !votes_shown(c, i) && k < c->votes[i].len; k++)
      write_vote(w, &c->votes[i].items[k]);
  upk_json_end_array(w);
  upk_json_put_string(w, "target", c->booth.plan->target);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

/* ---- all of it ---- */

/* Whoever writes the rules decides as much as they do. */
static bool rules_are_safe(court *c) {
  const upk_approvals *from = c->booth.from;
  upk_str bytes;
  int error = 0;
  if (!from->rules_file.data || (!from->rules.data && !from->own) ||
      trusted_read(c->booth.arena, c->booth.diags, from->rules_file,
                   from->folder, from->own, &bytes, &error))
    return true;
  if (error)
    upk_diag_add(c->booth.diags, 3319, UPK_NO_SPAN,
                 "the executor's file %.*s cannot be read: %s",
                 UPK_FMT(from->rules_file), strerror(error));
  return false;
}

static upk_status hold(court *c, upk_approved *ret) {
  const upk_json *required =
      upk_json_get(c->booth.plan->body, "approvals_required");
  if (!rules_are_safe(c))
    return UPK_UNAPPROVED;
  upk_status status = rules_read(c->booth.arena, c->booth.diags, c->booth.from,
                                 c->booth.plan, &c->rules);
  if (status != UPK_OK)
    return status;
  c->votes = UPK_NEW_ARRAY(c->booth.arena, vote_vec, c->rules.count + 1);
  c->authors = UPK_NEW_ARRAY(c->booth.arena, authors, c->rules.count + 1);
  c->tallies = UPK_NEW_ARRAY(c->booth.arena, tally, c->rules.count + 1);
  if (!c->rules.count && upk_json_count(required))
    return say_no_rules(c);
  status = gather(c);
  if (status != UPK_OK)
    return status;
  find_authors(c);
  for (size_t i = 0; i < c->rules.count; i++)
    count_rule(c, i);
  status = say_verdict(c);
  if (status == UPK_OK)
    status = say_plan_used(c);
  hand_back(c, ret);
  return status;
}

upk_status approve_judge(upk_str bytes, const upk_approvals *approvals,
                         const upk_clock *clock, upk_diags *diags,
                         upk_sink report, upk_approved *ret_approved) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_json_error error;
  reviewed plan;
  history past;
  tool_box box = {
      .arena = arena, .clock = clock, .environment = approvals->environment};
  int64_t wall_us = clock->wall_us(clock->ctx), now_us = approvals->now_us;
  court c = {.booth = {.arena = arena,
                       .diags = diags,
                       .box = &box,
                       .from = approvals,
                       .plan = &plan,
                       .past = &past,
                       .now_us = wall_us > now_us ? wall_us : now_us}};
  *ret_approved = (upk_approved){0};
  reviewed_init(arena, upk_json_parse(arena, bytes, &error), &plan);
  history_read(arena, approvals->runs_folder, approvals->run, plan.digest,
               &past);
  upk_status status = hold(&c, ret_approved);
  write_report(&c, status, report);
  tool_close(&box);
  upk_arena_free(arena);
  return status;
}

upk_status upk_approvals_judge(upk_str plan, upk_str plan_path,
                               const upk_approvals *approvals,
                               const upk_clock *clock, upk_diags *diags,
                               upk_sink report, upk_approved *ret_approved) {
  upk_status status = upk_plan_verify(plan, plan_path, diags);
  *ret_approved = (upk_approved){0};
  return status == UPK_OK ? approve_judge(plan, approvals, clock, diags, report,
                                          ret_approved)
                          : status;
}
