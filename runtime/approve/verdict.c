#include "approve/court.h"

#include "timefmt.h"

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
  if (v->verdict == VOTE_COUNTS && court_end_of(r, v) <= c->booth.now_us)
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

/* What was said of a rule before it, that was not met either. */
static bool votes_said(const court *c, size_t number) {
  for (size_t i = 0; i < number; i++)
    if (!court_is_met(c, i) && c->votes[i].items == c->votes[number].items)
      return true;
  return false;
}

upk_status court_say_verdict(court *c) {
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
    if (court_is_met(c, i))
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
upk_status court_say_no_rules(court *c) {
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

upk_status court_say_plan_used(court *c) {
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
