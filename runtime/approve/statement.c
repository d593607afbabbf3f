#include "approve/statement.h"

#include <string.h>

#include "approve/signers.h"
#include "map.h"

static const char format[] = "upkeep.approval/1";

/* ---- a plan ---- */

typedef struct hasher {
  upk_sha256 *hash;
  upk_json_writer *w;
} hasher;

static upk_digest digest_of(hasher *h, const upk_json *value) {
  upk_json_write(h->w, value);
  upk_json_writer_flush(h->w);
  return upk_sha256_take(h->hash);
}

static void put(upk_json_writer *w, const upk_json *object, const char *key) {
  const upk_json *value = upk_json_get(object, key);
  if (value->type == UPK_JSON_NULL)
    return;
  upk_json_key(w, key);
  upk_json_write(w, value);
}

/* A check without what facts may go into: a prediction's rate is a literal in
 * what a pre-check expects, and parameters name the object. */
static void put_check(upk_json_writer *w, const upk_json *queries,
                      const upk_json *check, bool expect) {
  const upk_json *names = upk_json_get(check, "queries");
  upk_json_begin_object(w);
  put(w, check, "exec");
  if (expect)
    put(w, check, "expect");
  put(w, check, "otherwise");
  if (upk_json_count(names)) {
    upk_json_key(w, "queries");
    upk_json_begin_array(w);
    for (size_t i = 0; i < upk_json_count(names); i++)
      upk_json_write(w,
                     upk_json_get_str(queries, upk_json_at(names, i)->string));
    upk_json_end_array(w);
  }
  put(w, check, "rows");
  put(w, check, "sql");
  upk_json_end_object(w);
}

static void put_checks(upk_json_writer *w, const char *key,
                       const upk_json *queries, const upk_json *checks,
                       bool expect) {
  upk_json_key(w, key);
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(checks); i++)
    put_check(w, queries, upk_json_at(checks, i), expect);
  upk_json_end_array(w);
}

/* When the step's window is open, whichever opening the plan is for. */
static void put_hours(upk_json_writer *w, const upk_json *window) {
  upk_json_begin_object(w);
  put(w, window, "duration_ms");
  put(w, window, "rrule");
  put(w, window, "timezone");
  upk_json_end_object(w);
}

static upk_digest hours_of(hasher *h, const upk_json *window) {
  put_hours(h->w, window);
  upk_json_writer_flush(h->w);
  return upk_sha256_take(h->hash);
}

static const upk_json *window_of(const upk_json *body, const upk_json *step) {
  const upk_json *list = upk_json_get(body, "windows");
  upk_str name = upk_json_text(step, "window");
  for (size_t i = 0; name.data && i < upk_json_count(list); i++)
    if (upk_str_equal(upk_json_text(upk_json_at(list, i), "name"), name))
      return upk_json_at(list, i);
  return upk_json_get(step, "window/"); /* null */
}

/* What is executed for a step besides what its intent holds, and when. */
static upk_digest around_of(hasher *h, const upk_json *queries,
                            const upk_json *window, const upk_json *step) {
  const upk_json *probe = upk_json_get(step, "probe");
  upk_json_writer *w = h->w;
  upk_json_begin_object(w);
  put(w, step, "abort");
  put(w, step, "atomicity");
  put(w, probe, "cleanup");
  if (upk_json_count(upk_json_get(probe, "done"))) {
    upk_json_key(w, "done");
    put_check(w, queries, upk_json_get(probe, "done"), true);
  }
  if (window->type == UPK_JSON_OBJECT) {
    upk_json_key(w, "hours");
    put_hours(w, window);
  }
  put(w, step, "on_failure");
  put(w, step, "on_window_end");
  if (upk_json_count(upk_json_get(probe, "partial"))) {
    upk_json_key(w, "partial");
    put_check(w, queries, upk_json_get(probe, "partial"), true);
  }
  put_checks(w, "post", queries, upk_json_get(step, "post"), true);
  put_checks(w, "pre", queries, upk_json_get(step, "pre"), false);
  put(w, step, "throttle");
  put(w, step, "timeouts");
  upk_json_end_object(w);
  upk_json_writer_flush(w);
  return upk_sha256_take(h->hash);
}

static upk_digest engine_of(hasher *h, const upk_json *engine) {
  static const char *const keys[] = {"guard", "identity", "ledger",
                                     "name",  "progress", "session"};
  upk_json_begin_object(h->w);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    put(h->w, engine, keys[i]);
  upk_json_end_object(h->w);
  upk_json_writer_flush(h->w);
  return upk_sha256_take(h->hash);
}

void reviewed_init(upk_arena *arena, const upk_json *plan, reviewed *ret) {
  const upk_json *body = upk_json_get(plan, "body");
  const upk_json *target = upk_json_get(body, "target");
  const upk_json *steps = upk_json_get(body, "steps");
  const upk_json *queries = upk_json_get(body, "queries");
  hasher h = {.hash = upk_sha256_new()};
  h.w = upk_json_writer_new(upk_sink_sha256(h.hash));
  *ret = (reviewed){
      .body = body,
      .digest = upk_json_text(plan, "digest"),
      .intent = upk_json_text(plan, "intent"),
      .target = upk_json_text(target, "name"),
      .engine = upk_json_text(target, "engine"),
      .identity = upk_json_get(target, "identity"),
      .engine_digest = engine_of(&h, upk_json_get(body, "engine")),
      .metrics = upk_json_get(upk_json_get(body, "engine"), "metrics"),
      .step_count = upk_json_count(steps)};
  ret->steps = UPK_NEW_ARRAY(arena, reviewed_step, ret->step_count + 1);
  for (size_t i = 0; i < ret->step_count; i++) {
    const upk_json *step = upk_json_at(steps, i);
    const upk_json *window = window_of(body, step);
    ret->steps[i] = (reviewed_step){
        .id = upk_json_text(step, "id"),
        .intent = upk_json_text(step, "intent"),
        .risk = upk_json_text(step, "risk"),
        .window = upk_json_text(step, "window"),
        .around = around_of(&h, queries, window, step),
        .hours = hours_of(&h, window),
        .parameters = digest_of(&h, upk_json_get(step, "parameters")),
        .run = digest_of(&h, upk_json_get(step, "run")),
        .undo = digest_of(&h, upk_json_get(step, "undo"))};
  }
  upk_json_writer_close(h.w);
  (void)upk_sha256_finish(h.hash);
}

/* ---- making one ---- */

/* Digits enough to tell what changed; what binds is `around` and `intent`. */
static upk_str short_of(const upk_digest *digest) {
  enum { PREFIX = 7, SHORT = 12 }; /* "sha256:" */
  return (upk_str){digest->text + PREFIX, SHORT};
}

static void write_step(upk_json_writer *w, const reviewed_step *step) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "around", upk_digest_view(&step->around));
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
  upk_json_end_object(w);
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

static void write_steps(upk_json_writer *w, const reviewed *plan) {
  upk_json_key(w, "steps");
  upk_json_begin_array(w);
  for (size_t i = 0; i < plan->step_count; i++)
    write_step(w, &plan->steps[i]);
  upk_json_end_array(w);
}

upk_str statement_make(upk_arena *arena, const upk_signing *signing,
                       const reviewed *plan, upk_str author, int64_t now_us,
                       uint64_t nonce) {
  upk_buf bytes = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_begin_object(w);
  if (plan)
    put_given(w, "author", author);
  put_given(w, "by", signing->by);
  upk_json_put_string(w, "decision",
                      signing->reject ? UPK_STR("reject") : UPK_STR("approve"));
  if (plan)
    write_engine(w, plan);
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
  s->author = upk_json_text(tree, "author");
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

/* ---- covering ---- */

static upk_str changed(upk_arena *arena, const reviewed_step *step,
                       const char *what) {
  return upk_arena_printf(arena, "%s of step `%.*s` changed", what,
                          UPK_FMT(step->id));
}

static upk_str step_differs(upk_arena *arena, const reviewed_step *step,
                            const upk_json *was, bool reject) {
  if (!upk_str_equal(upk_json_text(was, "risk"), step->risk))
    return upk_arena_printf(arena,
                            "the risk of step `%.*s` was %.*s, and is "
                            "%.*s",
                            UPK_FMT(step->id),
                            UPK_FMT(upk_json_text(was, "risk")),
                            UPK_FMT(step->risk));
  if (!upk_str_equal(upk_json_text(was, "parameters"),
                     short_of(&step->parameters)))
    return changed(arena, step, "the parameters");
  if (!upk_str_equal(upk_json_text(was, "run"), short_of(&step->run)))
    return changed(arena, step, "the statements");
  if (!upk_str_equal(upk_json_text(was, "undo"), short_of(&step->undo)))
    return changed(arena, step, "the undo");
  upk_str window = upk_json_text(was, "window");
  if (window.data != step->window.data &&
      (!window.data || !step->window.data ||
       !upk_str_equal(window, step->window)))
    return changed(arena, step, "the window");
  if (!upk_str_equal(upk_json_text(was, "intent"), step->intent))
    return changed(arena, step, "the object or settings");
  if (!reject && step->window.data &&
      !upk_str_equal(upk_json_text(was, "hours"), short_of(&step->hours)))
    return upk_arena_printf(arena, "the hours of window `%.*s` changed",
                            UPK_FMT(step->window));
  if (!reject && !upk_str_equal(upk_json_text(was, "around"),
                                upk_digest_view(&step->around)))
    return changed(arena, step, "the checks, the probe or the limits");
  return UPK_NO_STR;
}

static bool has_metric(const upk_json *metrics, const upk_json *wanted) {
  for (size_t i = 0; i < upk_json_count(metrics); i++)
    if (upk_str_equal(upk_json_at(metrics, i)->bytes, wanted->bytes))
      return true;
  return false;
}

static bool same_engine(const statement *s, const reviewed *plan) {
  if (!upk_str_equal(upk_json_text(s->tree, "engine"),
                     upk_digest_view(&plan->engine_digest)))
    return false;
  for (size_t i = 0; i < upk_json_count(plan->metrics); i++)
    if (!has_metric(upk_json_get(s->tree, "metrics"),
                    upk_json_at(plan->metrics, i)))
      return false;
  return true;
}

/* What was not known when it was signed may have become known: the ledger of
 * an SQLite file brings its identity. */
static bool same_database(const upk_json *was, const upk_json *is) {
  for (size_t i = 0; i < upk_json_count(was); i++) {
    const upk_json *before = was->object.members[i].value;
    const upk_json *now = upk_json_get_str(is, was->object.members[i].key);
    if (before->type != UPK_JSON_NULL &&
        (now->type != UPK_JSON_STRING ||
         !upk_str_equal(before->string, now->string)))
      return false;
  }
  return true;
}

upk_str statement_differs(upk_arena *arena, const statement *s,
                          const reviewed *plan) {
  const upk_json *target = upk_json_get(s->tree, "target");
  const upk_json *steps = upk_json_get(s->tree, "steps");
  upk_map by_id;
  if (s->standing)
    return UPK_NO_STR;
  if (!upk_str_equal(upk_json_text(target, "name"), plan->target) ||
      !same_database(upk_json_get(target, "identity"), plan->identity))
    return upk_arena_printf(
        arena, "it is for %s target `%.*s`",
        upk_str_equal(upk_json_text(target, "name"), plan->target)
            ? "another database behind"
            : "the",
        UPK_FMT(upk_json_text(target, "name")));
  upk_map_init(&by_id, arena);
  for (size_t i = 0; i < upk_json_count(steps); i++)
    upk_map_put(&by_id, upk_json_text(upk_json_at(steps, i), "id"), i);
  for (size_t i = 0; i < plan->step_count; i++) {
    uint64_t at;
    if (!upk_map_find(&by_id, plan->steps[i].id, &at))
      return upk_arena_printf(arena, "step `%.*s` was not in the plan",
                              UPK_FMT(plan->steps[i].id));
    upk_str wrong = step_differs(arena, &plan->steps[i],
                                 upk_json_at(steps, (size_t)at), s->reject);
    if (wrong.data)
      return wrong;
  }
  if (!s->reject && !same_engine(s, plan))
    return UPK_STR("what is executed around every step changed: session, "
                   "ledger, guard or metrics, as of another version");
  return UPK_NO_STR;
}
