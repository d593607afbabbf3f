#include "approve/court.h"

#include <stdlib.h>

int64_t court_end_of(const rule *r, const vote *v) {
  int64_t end = v->s.not_after_us;
  if (r->expires_us && v->s.signed_at_us <= INT64_MAX - r->expires_us &&
      v->s.signed_at_us + r->expires_us < end)
    end = v->s.signed_at_us + r->expires_us;
  return end;
}

static bool counts(const court *c, const rule *r, const vote *v) {
  return v->verdict == VOTE_COUNTS && court_end_of(r, v) > c->booth.now_us;
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
        (best && court_end_of(r, best) >= court_end_of(r, v)))
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
    rely(ret, v, court_end_of(r, v));
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

void court_count(court *c, size_t number) {
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

bool court_is_met(const court *c, size_t number) {
  const rule *r = &c->rules.items[number];
  return !r->steps || !r->signatures ||
         (int64_t)c->tallies[number].people_count >= r->signatures;
}
