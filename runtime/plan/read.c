/* The plan file as a whole. The body is streamed and steps are read one by
 * one, so that only what the machine needs stays in memory. */
#include "plan/read.h"

#include <stdio.h>
#include <stdlib.h>

#include "plan/private.h"

bool plan_bad(plan_reader *rd, int code, const char *format, ...) {
  va_list args;
  char text[512];
  size_t column = rd->json.error.text ? rd->json.error.offset : rd->json.offset;
  upk_span at = {rd->source, 1, (uint32_t)column + 1, 1, (uint32_t)column + 2};
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  upk_diag *diag = rd->step.data
                       ? upk_diag_add(rd->diags, code, at, "%s (step `%.*s`)",
                                      text, UPK_FMT(rd->step))
                       : upk_diag_add(rd->diags, code, at, "%s", text);
  upk_diag_help(rd->diags, diag, "make the plan again with `upkeep plan`");
  return false;
}

static bool not_canonical(plan_reader *rd) {
  return plan_bad(rd, 3020, "the plan is not canonical: %s",
                  rd->json.error.text ? rd->json.error.text
                                      : "another value was expected");
}

bool plan_shape(plan_reader *rd, const upk_json *value, const char *what,
                const plan_field *fields, size_t count) {
  size_t at = 0;
  if (value->type != UPK_JSON_OBJECT)
    return plan_bad(rd, 3024, "%s is missing or no object", what);
  for (size_t i = 0; i < count; i++) {
    upk_str key = upk_str_from(fields[i].key);
    const upk_json_member *member = &value->object.members[at];
    bool there = at < value->object.count && upk_str_equal(member->key, key);
    if (at < value->object.count && !there &&
        upk_str_compare(member->key, key) < 0)
      break;
    if (!there || member->value->type == UPK_JSON_NULL) {
      if (fields[i].required)
        return plan_bad(rd, 3024, "`%s` of %s is missing", fields[i].key, what);
    } else if (member->value->type != fields[i].type) {
      return plan_bad(rd, 3024, "`%s` of %s has a wrong type", fields[i].key,
                      what);
    }
    at += there;
  }
  if (at < value->object.count)
    return plan_bad(rd, 3025, "%s has a member `%.*s` that is not known", what,
                    UPK_FMT(value->object.members[at].key));
  return true;
}

bool plan_texts(plan_reader *rd, const upk_json *array, const char *what,
                const upk_str **ret_items, size_t *ret_count) {
  size_t count = upk_json_count(array);
  upk_str *items = UPK_NEW_ARRAY(rd->arena, upk_str, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(array, i);
    if (value->type != UPK_JSON_STRING)
      return plan_bad(rd, 3024, "an item of %s is no text", what);
    items[i] = value->string;
  }
  *ret_items = items;
  *ret_count = count;
  return true;
}

/* ---- parts of the body ---- */

static const plan_field target_fields[] = {
    {"engine", UPK_JSON_STRING, true},  {"identity", UPK_JSON_OBJECT, true},
    {"labels", UPK_JSON_OBJECT, false}, {"name", UPK_JSON_STRING, true},
    {"role", UPK_JSON_STRING, false},   {"version", UPK_JSON_STRING, false},
};

static bool read_target(plan_reader *rd, const upk_json *value) {
  if (!PLAN_SHAPE(rd, value, "target", target_fields))
    return false;
  rd->plan->target = upk_json_text(value, "name");
  rd->plan->engine = upk_json_text(value, "engine");
  rd->plan->role = upk_json_text(value, "role");
  rd->plan->version = upk_json_text(value, "version");
  rd->plan->identity = upk_json_get(value, "identity");
  for (size_t i = 0; i < upk_json_count(rd->plan->identity); i++) {
    upk_json_type type = rd->plan->identity->object.members[i].value->type;
    if (type != UPK_JSON_STRING && type != UPK_JSON_NULL)
      return plan_bad(rd, 3024,
                      "the target's identity has a value that is no "
                      "text");
  }
  return true;
}

static const plan_field ledger_fields[] = {
    {"applied", UPK_JSON_OBJECT, true},  {"insert", UPK_JSON_OBJECT, true},
    {"present", UPK_JSON_OBJECT, false}, {"runs", UPK_JSON_OBJECT, true},
    {"take", UPK_JSON_OBJECT, false},    {"uses", UPK_JSON_OBJECT, false},
};

static bool read_ledger(plan_reader *rd, const upk_json *value) {
  plan *p = rd->plan;
  const upk_json *present = upk_json_get(value, "present");
  const upk_json *take = upk_json_get(value, "take");
  if (value->type == UPK_JSON_NULL)
    return true;
  if (!PLAN_SHAPE(rd, value, "ledger", ledger_fields) ||
      !plan_read_query(rd, upk_json_get(value, "applied"), "ledger.applied",
                       &p->ledger_applied) ||
      !plan_read_query(rd, upk_json_get(value, "insert"), "ledger.insert",
                       &p->ledger_insert) ||
      !plan_read_query(rd, upk_json_get(value, "runs"), "ledger.runs",
                       &p->ledger_runs))
    return false;
  p->has_ledger = true;
  if (take->type != UPK_JSON_NULL &&
      !plan_read_query(rd, take, "ledger.take", &p->lease_take))
    return false;
  const upk_json *uses = upk_json_get(value, "uses");
  if (uses->type != UPK_JSON_NULL &&
      !plan_read_query(rd, uses, "ledger.uses", &p->ledger_uses))
    return false;
  return present->type == UPK_JSON_NULL ||
         plan_read_query(rd, present, "ledger.present", &p->ledger_present);
}

static const plan_field identity_fields[] = {{"sql", UPK_JSON_STRING, true}};

static const plan_field engine_fields[] = {
    {"guard", UPK_JSON_OBJECT, false},  {"identity", UPK_JSON_OBJECT, true},
    {"ledger", UPK_JSON_OBJECT, false}, {"metrics", UPK_JSON_ARRAY, false},
    {"name", UPK_JSON_STRING, true},    {"progress", UPK_JSON_STRING, false},
    {"session", UPK_JSON_ARRAY, false},
};

static bool read_engine(plan_reader *rd, const upk_json *value) {
  const upk_json *identity = upk_json_get(value, "identity");
  if (!PLAN_SHAPE(rd, value, "engine", engine_fields) ||
      !PLAN_SHAPE(rd, identity, "engine.identity", identity_fields))
    return false;
  rd->plan->identity_sql = upk_json_text(identity, "sql");
  rd->plan->progress_sql = upk_json_text(value, "progress");
  return plan_texts(rd, upk_json_get(value, "session"), "session",
                    &rd->plan->session, &rd->plan->session_count) &&
         plan_read_guard(rd, upk_json_get(value, "guard")) &&
         plan_read_metrics(rd, upk_json_get(value, "metrics")) &&
         read_ledger(rd, upk_json_get(value, "ledger"));
}

static bool read_queries(plan_reader *rd, const upk_json *value) {
  for (size_t i = 0; i < upk_json_count(value); i++) {
    const upk_json_member *member = &value->object.members[i];
    if (member->value->type != UPK_JSON_STRING)
      return plan_bad(rd, 3024, "the query `%.*s` is no text",
                      UPK_FMT(member->key));
    upk_map_put(&rd->queries, member->key, rd->query_texts.len);
    *UPK_PUSH(rd->arena, &rd->query_texts) = member->value->string;
  }
  return true;
}

/* After the token [ of `steps`. */
static bool read_steps(plan_reader *rd) {
  for (;;) {
    upk_json_token token = upk_json_next(&rd->json);
    if (token == UPK_TOKEN_END_ARRAY)
      return true;
    if (token == UPK_TOKEN_ERROR)
      return not_canonical(rd);
    upk_arena_reset(rd->trees);
    const upk_json *step = upk_json_read_value(&rd->json, token, rd->trees);
    if (!step)
      return not_canonical(rd);
    if (!plan_read_step(rd, step))
      return false;
  }
}

/* The body's members in order. `edges` wait in memory until the steps that
 * they name are read; the last four are for people. */
static const plan_field body_fields[] = {
    {"approvals_required", UPK_JSON_ARRAY, false},
    {"blackouts", UPK_JSON_ARRAY, false},
    {"budget", UPK_JSON_OBJECT, false},
    {"considered", UPK_JSON_ARRAY, false},
    {"deferred", UPK_JSON_ARRAY, false},
    {"diagnostics", UPK_JSON_ARRAY, false},
    {"edges", UPK_JSON_ARRAY, true},
    {"engine", UPK_JSON_OBJECT, true},
    {"expires_at", UPK_JSON_INT, false},
    {"inputs", UPK_JSON_OBJECT, true},
    {"queries", UPK_JSON_OBJECT, true},
    {"steps", UPK_JSON_ARRAY, true},
    {"target", UPK_JSON_OBJECT, true},
    {"totals", UPK_JSON_OBJECT, false},
    {"windows", UPK_JSON_ARRAY, false},
};
enum {
  BODY_APPROVALS = 0,
  BODY_BLACKOUTS = 1,
  BODY_EDGES = 6,
  BODY_ENGINE = 7,
  BODY_EXPIRES = 8,
  BODY_QUERIES = 10,
  BODY_STEPS = 11,
  BODY_TARGET = 12,
  BODY_WINDOWS = 14,
  BODY_FIELDS = sizeof body_fields / sizeof *body_fields
};

/* What waits until the steps are read. */
typedef struct kept {
  const upk_json *edges, *windows;
} kept;

static bool is_kept(size_t field) {
  static const size_t fields[] = {BODY_APPROVALS, BODY_BLACKOUTS, BODY_EDGES,
                                  BODY_ENGINE,    BODY_EXPIRES,   BODY_QUERIES,
                                  BODY_TARGET,    BODY_WINDOWS};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (fields[i] == field)
      return true;
  return false;
}

static bool token_fits(size_t field, upk_json_token token) {
  switch (body_fields[field].type) {
  case UPK_JSON_ARRAY:
    return token == UPK_TOKEN_BEGIN_ARRAY;
  case UPK_JSON_INT:
    return token == UPK_TOKEN_INT;
  default:
    return token == UPK_TOKEN_BEGIN_OBJECT;
  }
}

static bool read_member(plan_reader *rd, size_t field, upk_json_token token,
                        kept *ret_kept) {
  if (!token_fits(field, token))
    return rd->json.error.text ? not_canonical(rd)
                               : plan_bad(rd, 3024, "`%s` has a wrong type",
                                          body_fields[field].key);
  if (field == BODY_STEPS)
    return read_steps(rd);
  if (!is_kept(field))
    return upk_json_skip(&rd->json, token) || not_canonical(rd);
  const upk_json *value = upk_json_read_value(&rd->json, token, rd->arena);
  if (!value)
    return not_canonical(rd);
  switch (field) {
  case BODY_APPROVALS:
    rd->plan->asks_approval = upk_json_count(value) > 0;
    return true;
  case BODY_BLACKOUTS:
    return plan_read_blackouts(rd, value);
  case BODY_ENGINE:
    return read_engine(rd, value);
  case BODY_EXPIRES:
    rd->plan->expires_us = value->integer;
    return true;
  case BODY_QUERIES:
    return read_queries(rd, value);
  case BODY_TARGET:
    return read_target(rd, value);
  case BODY_WINDOWS:
    ret_kept->windows = value;
    return true;
  default:
    ret_kept->edges = value;
    return true;
  }
}

/* After the token { of `body`. */
static bool read_body(plan_reader *rd) {
  kept later = {0};
  size_t field = 0;
  for (;;) {
    upk_json_token token = upk_json_next(&rd->json);
    if (token == UPK_TOKEN_END_OBJECT)
      break;
    if (token != UPK_TOKEN_KEY)
      return not_canonical(rd);
    size_t before = field;
    upk_str key = rd->json.string;
    while (field < BODY_FIELDS && !upk_str_is(key, body_fields[field].key))
      field++;
    if (field == BODY_FIELDS)
      return plan_bad(rd, 3025,
                      "the body has a member `%.*s` that is not known",
                      UPK_FMT(key));
    for (size_t i = before; i < field; i++)
      if (body_fields[i].required)
        return plan_bad(rd, 3024, "`%s` of the body is missing",
                        body_fields[i].key);
    if (!read_member(rd, field++, upk_json_next(&rd->json), &later))
      return false;
  }
  if (field <= BODY_TARGET)
    return plan_bad(rd, 3024, "the body is not complete");
  return plan_read_windows(rd, later.windows) &&
         plan_read_graph(rd, later.edges);
}

/* ---- the file ---- */

static int compare_texts(const void *a, const void *b) {
  return upk_str_compare(*(const upk_str *)a, *(const upk_str *)b);
}

static upk_digest intent_of(plan_reader *rd) {
  upk_sha256 *hash = upk_sha256_new();
  upk_json_writer *w = upk_json_writer_new(upk_sink_sha256(hash));
  if (rd->intents.len)
    qsort(rd->intents.items, rd->intents.len, sizeof(upk_str), compare_texts);
  upk_json_begin_array(w);
  for (size_t i = 0; i < rd->intents.len; i++)
    upk_json_string(w, rd->intents.items[i]);
  upk_json_end_array(w);
  upk_json_writer_close(w);
  return upk_sha256_finish(hash);
}

static bool next_key(plan_reader *rd, const char *key) {
  upk_json_token token = upk_json_next(&rd->json);
  if (token == UPK_TOKEN_ERROR)
    return not_canonical(rd);
  return (token == UPK_TOKEN_KEY && upk_str_is(rd->json.string, key)) ||
         plan_bad(rd, 3024, "`%s` of the plan is missing", key);
}

static bool next_text(plan_reader *rd, const char *key, upk_str *ret_text) {
  if (!next_key(rd, key))
    return false;
  upk_json_token token = upk_json_next(&rd->json);
  if (token == UPK_TOKEN_ERROR)
    return not_canonical(rd);
  if (token != UPK_TOKEN_STRING)
    return plan_bad(rd, 3024, "`%s` of the plan is no text", key);
  *ret_text = rd->json.string;
  return true;
}

static bool check_text(plan_reader *rd, const char *key, int code,
                       const char *wrong, upk_str wanted, upk_str *ret_text) {
  return next_text(rd, key, ret_text) &&
         (upk_str_equal(*ret_text, wanted) || plan_bad(rd, code, "%s", wrong));
}

static bool read_tail(plan_reader *rd) {
  if (!next_key(rd, "provenance"))
    return false;
  upk_json_token token = upk_json_next(&rd->json);
  if (token == UPK_TOKEN_BEGIN_OBJECT) {
    if (!upk_json_skip(&rd->json, token))
      return not_canonical(rd);
    token = upk_json_next(&rd->json);
  }
  if (token != UPK_TOKEN_END_OBJECT ||
      upk_json_next(&rd->json) != UPK_TOKEN_END)
    return not_canonical(rd);
  return true;
}

static bool read_file(plan_reader *rd) {
  upk_str text = UPK_NO_STR;
  if (upk_json_next(&rd->json) != UPK_TOKEN_BEGIN_OBJECT)
    return not_canonical(rd);
  if (!next_key(rd, "body"))
    return false;
  if (upk_json_next(&rd->json) != UPK_TOKEN_BEGIN_OBJECT)
    return not_canonical(rd);
  size_t start = rd->json.offset - 1;
  if (!read_body(rd))
    return false;
  upk_digest digest = upk_digest_of(
      (upk_str){rd->json.bytes.data + start, rd->json.offset - start});
  upk_digest intent = intent_of(rd);
  return check_text(rd, "digest", 3022,
                    "the plan's body is not what its digest says",
                    upk_digest_view(&digest), &rd->plan->digest) &&
         check_text(rd, "format", 3021, "the file is no plan of this format",
                    UPK_STR("upkeep.plan/1"), &text) &&
         check_text(rd, "intent", 3023, "the plan's intent is not its steps'",
                    upk_digest_view(&intent), &rd->plan->intent) &&
         read_tail(rd);
}

static const upk_str *keys_of(upk_arena *arena, const upk_map *map) {
  upk_str *keys = UPK_NEW_ARRAY(arena, upk_str, map->entries.len + 1);
  for (size_t i = 0; i < map->entries.len; i++)
    keys[i] = map->entries.items[i].key;
  return keys;
}

upk_status plan_read(upk_arena *arena, upk_str bytes, upk_str path,
                     upk_diags *diags, const plan **ret_plan) {
  plan_reader rd = {.arena = arena, .diags = diags};
  rd.trees = upk_arena_new(NULL);
  rd.plan = UPK_NEW(arena, plan);
  rd.source = upk_diags_source(diags, path, UPK_NO_STR);
  upk_map_init(&rd.queries, arena);
  upk_map_init(&rd.step_numbers, arena);
  upk_map_init(&rd.policies, arena);
  upk_map_init(&rd.conflicts, arena);
  upk_map_init(&rd.windows, arena);
  upk_map_init(&rd.levels, arena);
  upk_json_reader_init(&rd.json, bytes, arena);
  bool good = read_file(&rd);
  upk_arena_free(rd.trees);
  if (!good)
    return UPK_STALE;
  rd.plan->file = upk_digest_of(bytes);
  rd.plan->steps = rd.steps.items;
  rd.plan->step_count = rd.steps.len;
  rd.plan->policies = keys_of(arena, &rd.policies);
  rd.plan->policy_count = rd.policies.entries.len;
  rd.plan->conflict_keys = keys_of(arena, &rd.conflicts);
  rd.plan->conflict_key_count = rd.conflicts.entries.len;
  rd.plan->levels = keys_of(arena, &rd.levels);
  rd.plan->level_count = rd.levels.entries.len;
  *ret_plan = rd.plan;
  return UPK_OK;
}
