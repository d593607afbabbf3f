#include "approve/court.h"

#include <stdlib.h>
#include <string.h>

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

void court_hand_back(court *c, upk_approved *ret) {
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
          (evidence){t->relied[k], court_end_of(r, t->relied[k]), commit};
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

static bool votes_shown(const court *c, size_t number) {
  for (size_t i = 0; i < number; i++)
    if (c->votes[i].items == c->votes[number].items)
      return true;
  return false;
}

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
  upk_json_put_bool(w, "met", court_is_met(c, number));
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

void court_report(const court *c, upk_status status, upk_sink report) {
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
