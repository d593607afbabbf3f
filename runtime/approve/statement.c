#include "approve/statement.h"

#include <string.h>

#include "approve/order.h"

static const char format[] = "upkeep.approval/2";

/* ---- making one ---- */

/* Digits enough to tell what changed; what binds is `around` and `intent`. */
static upk_str short_of(const upk_digest *digest) {
  enum { PREFIX = 7, SHORT = 12 }; /* "sha256:" */
  return (upk_str){digest->text + PREFIX, SHORT};
}

static void write_step(upk_json_writer *w, const reviewed_step *step) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "around", upk_digest_view(&step->around));
  if (upk_json_count(step->conflicts)) {
    upk_json_key(w, "conflicts");
    upk_json_write(w, step->conflicts);
  }
  if (step->window.data)
    upk_json_put_string(w, "hours", short_of(&step->hours));
  upk_json_put_string(w, "id", step->id);
  upk_json_put_string(w, "intent", step->intent);
  upk_json_put_string(w, "parameters", short_of(&step->parameters));
  upk_json_put_string(w, "risk", step->risk);
  upk_json_put_string(w, "run", short_of(&step->run));
  upk_json_put_string(w, "undo", short_of(&step->undo));
  if (step->window.data)
    upk_json_put_string(w, "window", step->window);
  upk_json_end_object(w);
}

static void write_target(upk_json_writer *w, const reviewed *plan) {
  upk_json_key(w, "target");
  upk_json_begin_object(w);
  upk_json_put_string(w, "engine", plan->engine);
  upk_json_key(w, "identity");
  upk_json_write(w, plan->identity);
  upk_json_put_string(w, "name", plan->target);
  if (plan->role.data)
    upk_json_put_string(w, "role", plan->role);
  upk_json_end_object(w);
}

static void write_edges(upk_json_writer *w, const reviewed *plan) {
  upk_json_key(w, "edges");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(plan->edges); i++) {
    const upk_json *edge = upk_json_at(plan->edges, i);
    upk_json_begin_array(w);
    upk_json_string(w, upk_json_text(edge, "from"));
    upk_json_string(w, upk_json_text(edge, "to"));
    upk_json_end_array(w);
  }
  upk_json_end_array(w);
}

static void write_blackouts(upk_json_writer *w, const reviewed *plan) {
  upk_json_key(w, "blackouts");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(plan->blackouts); i++) {
    const upk_json *blackout = upk_json_at(plan->blackouts, i);
    upk_json_begin_array(w);
    upk_json_int(w, upk_json_number(blackout, "from", 0));
    upk_json_int(w, upk_json_number(blackout, "to", 0));
    upk_json_end_array(w);
  }
  upk_json_end_array(w);
}

static void write_engine(upk_json_writer *w, const reviewed *plan) {
  upk_json_put_string(w, "engine", upk_digest_view(&plan->engine_digest));
}

static void put_given(upk_json_writer *w, const char *key, upk_str value) {
  if (value.data)
    upk_json_put_string(w, key, value);
}

static void write_standing(upk_json_writer *w, const upk_signing *signing) {
  upk_json_key(w, "standing");
  upk_json_begin_object(w);
  put_given(w, "when", signing->when);
  upk_json_end_object(w);
}

static void write_authors(upk_json_writer *w, const upk_str *authors,
                          size_t count) {
  upk_json_key(w, "authors");
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    upk_json_string(w, authors[i]);
  upk_json_end_array(w);
}

static void write_steps(upk_json_writer *w, const reviewed *plan) {
  upk_json_key(w, "steps");
  upk_json_begin_array(w);
  for (size_t i = 0; i < plan->step_count; i++)
    write_step(w, &plan->steps[i]);
  upk_json_end_array(w);
}

upk_str statement_make(upk_arena *arena, const upk_signing *signing,
                       const reviewed *plan, const upk_str *authors,
                       size_t author_count, int64_t now_us, uint64_t nonce) {
  upk_buf bytes = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_begin_object(w);
  if (plan && author_count)
    write_authors(w, authors, author_count);
  if (plan)
    write_blackouts(w, plan);
  put_given(w, "by", signing->by);
  upk_json_put_string(w, "decision",
                      signing->reject ? UPK_STR("reject") : UPK_STR("approve"));
  if (plan) {
    write_edges(w, plan);
    write_engine(w, plan);
    upk_json_put_int(w, "expires_at", plan->expires_us);
  }
  upk_json_put_string(w, "format", upk_str_from(format));
  if (plan)
    upk_json_put_string(w, "intent", plan->intent);
  upk_json_put_int(w, "max_uses", signing->max_uses);
  if (plan) {
    upk_json_key(w, "metrics");
    upk_json_write(w, plan->metrics);
  }
  upk_json_put_string(
      w, "nonce",
      upk_arena_printf(arena, "%016llx", (unsigned long long)nonce));
  upk_json_put_int(w, "not_after", signing->not_after_us);
  if (plan)
    upk_json_put_string(w, "plan", plan->digest);
  put_given(w, "reason", signing->reason);
  upk_json_put_int(w, "signed_at", now_us);
  if (!plan)
    write_standing(w, signing);
  if (plan) {
    write_steps(w, plan);
    upk_json_put_int(w, "taken_at", plan->taken_us);
    write_target(w, plan);
  }
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return copy;
}

/* ---- reading one ---- */

static bool is_form(const upk_json *tree, statement *s) {
  upk_str decision = upk_json_text(tree, "decision");
  const upk_json *standing = upk_json_get(tree, "standing");
  s->reject = upk_str_is(decision, "reject");
  s->standing = standing->type == UPK_JSON_OBJECT;
  s->when = upk_json_text(standing, "when");
  s->by = upk_json_text(tree, "by");
  s->authors = upk_json_get(tree, "authors");
  s->not_after_us = upk_json_number(tree, "not_after", 0);
  s->signed_at_us = upk_json_number(tree, "signed_at", 0);
  s->max_uses = upk_json_number(tree, "max_uses", 0);
  return (s->reject || upk_str_is(decision, "approve")) &&
         upk_str_is(upk_json_text(tree, "format"), format) &&
         s->not_after_us > 0 && s->signed_at_us > 0 && s->max_uses > 0 &&
         (s->standing ? !s->reject
                      : upk_json_get(tree, "steps")->type == UPK_JSON_ARRAY);
}

const char *statement_read(upk_arena *arena, upk_str line, statement *ret) {
  upk_json_error error;
  *ret = (statement){0};
  const upk_json *tree = upk_json_parse(
      arena, upk_arena_printf(arena, "%.*s\n", UPK_FMT(line)), &error);
  if (!tree)
    return "it is cut off or not canonical";
  ret->signature = upk_json_text(tree, "signature");
  ret->tree = upk_json_get(tree, "statement");
  if (!ret->signature.data || ret->tree->type != UPK_JSON_OBJECT ||
      upk_json_count(tree) != 2)
    return "it has no statement and signature";
  if (!is_form(ret->tree, ret))
    return "its statement has no form that is known";
  ret->bytes = upk_arena_printf(arena, "%.*s\n", UPK_FMT(ret->tree->bytes));
  upk_digest digest = upk_digest_of(ret->bytes);
  memcpy(ret->id, digest.text + 7, STATEMENT_ID);
  return NULL;
}
