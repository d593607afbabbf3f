/* upk_approvals_judge: who must sign, who has, and what of it counts. */
#include <upkeep/runtime.h>

#include <string.h>

#include "approve/court.h"
#include "approve/trusted.h"

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
    return court_say_no_rules(c);
  status = gather(c);
  if (status != UPK_OK)
    return status;
  find_authors(c);
  for (size_t i = 0; i < c->rules.count; i++)
    court_count(c, i);
  status = court_say_verdict(c);
  if (status == UPK_OK)
    status = court_say_plan_used(c);
  court_hand_back(c, ret);
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
  court_report(&c, status, report);
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
