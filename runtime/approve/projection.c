/* A plan as approvals see it: what is done, and nothing that facts move. */
#include <ctype.h>
#include <string.h>

#include "approve/statement.h"

typedef struct hasher {
  upk_arena *arena;
  upk_sha256 *hash;
  upk_json_writer *w;
} hasher;

static upk_digest take(hasher *h) {
  upk_json_writer_flush(h->w);
  return upk_sha256_take(h->hash);
}

static upk_digest digest_of(hasher *h, const upk_json *value) {
  upk_json_write(h->w, value);
  return take(h);
}

static void put(upk_json_writer *w, const upk_json *object, const char *key) {
  const upk_json *value = upk_json_get(object, key);
  if (value->type == UPK_JSON_NULL)
    return;
  upk_json_key(w, key);
  upk_json_write(w, value);
}

static bool is_among(upk_str key, const char *const *names) {
  for (size_t i = 0; names[i]; i++)
    if (upk_str_is(key, names[i]))
      return true;
  return false;
}

/* ---- checks ---- */

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* "(size + #)" is "size": a prediction of growth, or none any more. */
static void drop_growth(upk_buf *out) {
  static const char tail[] = " + #)";
  size_t len = sizeof tail - 1, at = out->len - len;
  if (out->len < len + 2 || memcmp(out->data + at, tail, len) != 0)
    return;
  size_t begin = at;
  while (begin && is_word(out->data[begin - 1]))
    begin--;
  if (begin == at || !begin || out->data[begin - 1] != '(')
    return;
  memmove(out->data + begin - 1, out->data + begin, at - begin);
  out->len = at - 1;
}

/* Numbers become "#", texts stay: what a pre-check that skips compares with may
 * be a fact, and the post-check has the bounds. */
static upk_str without_numbers(upk_arena *arena, upk_str text) {
  upk_buf out = {0};
  bool quoted = false;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    bool begins = !quoted && isdigit((unsigned char)c) &&
                  !(i && is_word(text.data[i - 1]));
    quoted ^= c == '\'';
    upk_buf_char(&out, begins ? '#' : c);
    while (begins && i + 1 < text.len &&
           (is_word(text.data[i + 1]) || text.data[i + 1] == '.' ||
            text.data[i + 1] == '%'))
      i++;
    if (c == ')' && !quoted)
      drop_growth(&out);
  }
  upk_str copy =
      out.len ? upk_arena_copy(arena, upk_buf_view(&out)) : UPK_STR("");
  upk_buf_free(&out);
  return copy;
}

/* All of a check, and its queries' texts in place of their names. */
static void put_check(hasher *h, const upk_json *queries, const upk_json *check,
                      bool skips) {
  upk_json_begin_object(h->w);
  for (size_t i = 0; i < upk_json_count(check); i++) {
    const upk_json_member *m = &check->object.members[i];
    upk_json_key_str(h->w, m->key);
    if (upk_str_is(m->key, "queries")) {
      upk_json_begin_array(h->w);
      for (size_t k = 0; k < upk_json_count(m->value); k++)
        upk_json_write(
            h->w, upk_json_get_str(queries, upk_json_at(m->value, k)->string));
      upk_json_end_array(h->w);
    } else if (skips && upk_str_is(m->key, "expect")) {
      upk_json_string(h->w, without_numbers(h->arena, m->value->string));
    } else {
      upk_json_write(h->w, m->value);
    }
  }
  upk_json_end_object(h->w);
}

static void put_checks(hasher *h, const upk_json *queries,
                       const upk_json *checks, bool pre) {
  upk_json_begin_array(h->w);
  for (size_t i = 0; i < upk_json_count(checks); i++) {
    const upk_json *check = upk_json_at(checks, i);
    put_check(h, queries, check,
              pre && upk_str_is(upk_json_text(check, "otherwise"), "skip"));
  }
  upk_json_end_array(h->w);
}

static void put_probe(hasher *h, const upk_json *queries,
                      const upk_json *probe) {
  upk_json_begin_object(h->w);
  for (size_t i = 0; i < upk_json_count(probe); i++) {
    const upk_json_member *m = &probe->object.members[i];
    upk_json_key_str(h->w, m->key);
    if (m->value->type == UPK_JSON_OBJECT)
      put_check(h, queries, m->value, false);
    else
      upk_json_write(h->w, m->value);
  }
  upk_json_end_object(h->w);
}

/* ---- steps ---- */

/* What facts move, or what is compared by itself. All else of a step counts,
 * so that a member that comes to be later cannot be forgotten. */
static const char *const left_out[] = {
    "because", "conflicts", "estimate", "intent", "predicted", "score", NULL};

/* When the step's window is open, whichever opening the plan is for. */
static upk_digest hours_of(hasher *h, const upk_json *window) {
  upk_json_begin_object(h->w);
  put(h->w, window, "duration_ms");
  put(h->w, window, "rrule");
  put(h->w, window, "timezone");
  upk_json_end_object(h->w);
  return take(h);
}

static const upk_json *window_of(const upk_json *body, const upk_json *step) {
  const upk_json *list = upk_json_get(body, "windows");
  upk_str name = upk_json_text(step, "window");
  for (size_t i = 0; name.data && i < upk_json_count(list); i++)
    if (upk_str_equal(upk_json_text(upk_json_at(list, i), "name"), name))
      return upk_json_at(list, i);
  return upk_json_get(step, "window/"); /* null */
}

static upk_digest around_of(hasher *h, const upk_json *queries,
                            const upk_json *step) {
  upk_json_begin_object(h->w);
  for (size_t i = 0; i < upk_json_count(step); i++) {
    const upk_json_member *m = &step->object.members[i];
    if (is_among(m->key, left_out))
      continue;
    upk_json_key_str(h->w, m->key);
    if (upk_str_is(m->key, "post") || upk_str_is(m->key, "pre"))
      put_checks(h, queries, m->value, upk_str_is(m->key, "pre"));
    else if (upk_str_is(m->key, "probe"))
      put_probe(h, queries, m->value);
    else
      upk_json_write(h->w, m->value);
  }
  upk_json_end_object(h->w);
  return take(h);
}

static upk_digest engine_of(hasher *h, const upk_json *engine) {
  static const char *const others[] = {"metrics", NULL};
  upk_json_begin_object(h->w);
  for (size_t i = 0; i < upk_json_count(engine); i++) {
    const upk_json_member *m = &engine->object.members[i];
    if (is_among(m->key, others))
      continue;
    upk_json_key_str(h->w, m->key);
    upk_json_write(h->w, m->value);
  }
  upk_json_end_object(h->w);
  return take(h);
}

void reviewed_init(upk_arena *arena, const upk_json *plan, reviewed *ret) {
  const upk_json *body = upk_json_get(plan, "body");
  const upk_json *target = upk_json_get(body, "target");
  const upk_json *steps = upk_json_get(body, "steps");
  const upk_json *queries = upk_json_get(body, "queries");
  const upk_json *facts = upk_json_get(upk_json_get(body, "inputs"), "facts");
  hasher h = {.arena = arena, .hash = upk_sha256_new()};
  h.w = upk_json_writer_new(upk_sink_sha256(h.hash));
  *ret = (reviewed){
      .body = body,
      .digest = upk_json_text(plan, "digest"),
      .intent = upk_json_text(plan, "intent"),
      .target = upk_json_text(target, "name"),
      .engine = upk_json_text(target, "engine"),
      .role = upk_json_text(target, "role"),
      .identity = upk_json_get(target, "identity"),
      .edges = upk_json_get(body, "edges"),
      .blackouts = upk_json_get(body, "blackouts"),
      .provenance = upk_json_get(plan, "provenance"),
      .expires_us = upk_json_number(body, "expires_at", 0),
      .taken_us = upk_json_number(facts, "taken_at", 0),
      .engine_digest = engine_of(&h, upk_json_get(body, "engine")),
      .metrics = upk_json_get(upk_json_get(body, "engine"), "metrics"),
      .step_count = upk_json_count(steps)};
  ret->steps = UPK_NEW_ARRAY(arena, reviewed_step, ret->step_count + 1);
  upk_map_init(&ret->by_id, arena);
  for (size_t i = 0; i < ret->step_count; i++) {
    const upk_json *step = upk_json_at(steps, i);
    ret->steps[i] = (reviewed_step){
        .id = upk_json_text(step, "id"),
        .intent = upk_json_text(step, "intent"),
        .risk = upk_json_text(step, "risk"),
        .window = upk_json_text(step, "window"),
        .conflicts = upk_json_get(step, "conflicts"),
        .around = around_of(&h, queries, step),
        .hours = hours_of(&h, window_of(body, step)),
        .parameters = digest_of(&h, upk_json_get(step, "parameters")),
        .run = digest_of(&h, upk_json_get(step, "run")),
        .undo = digest_of(&h, upk_json_get(step, "undo"))};
    upk_map_put(&ret->by_id, ret->steps[i].id, i);
  }
  upk_json_writer_close(h.w);
  (void)upk_sha256_finish(h.hash);
}
