/* One step of a plan. */
#include "plan/private.h"
#include "quote.h"

static const plan_field step_fields[] = {
    {"abort", UPK_JSON_ARRAY, false},
    {"action", UPK_JSON_STRING, true},
    {"atomicity", UPK_JSON_STRING, true},
    {"because", UPK_JSON_STRING, true},
    {"conflicts", UPK_JSON_ARRAY, false},
    {"estimate", UPK_JSON_OBJECT, false},
    {"id", UPK_JSON_STRING, true},
    {"intent", UPK_JSON_STRING, true},
    {"locks", UPK_JSON_ARRAY, false},
    {"object", UPK_JSON_OBJECT, true},
    {"on_failure", UPK_JSON_STRING, true},
    {"on_window_end", UPK_JSON_STRING, false},
    {"parameters", UPK_JSON_OBJECT, true},
    {"policy", UPK_JSON_STRING, false},
    {"post", UPK_JSON_ARRAY, true},
    {"pre", UPK_JSON_ARRAY, true},
    {"predicted", UPK_JSON_OBJECT, false},
    {"priority", UPK_JSON_INT, false},
    {"probe", UPK_JSON_OBJECT, false},
    {"retries", UPK_JSON_INT, false},
    {"risk", UPK_JSON_STRING, true},
    {"run", UPK_JSON_ARRAY, true},
    {"score", UPK_JSON_OBJECT, false},
    {"settings", UPK_JSON_OBJECT, false},
    {"throttle", UPK_JSON_ARRAY, false},
    {"timeouts", UPK_JSON_OBJECT, true},
    {"undo", UPK_JSON_OBJECT, true},
    {"window", UPK_JSON_STRING, false},
};

static const plan_field object_fields[] = {
    {"fingerprint", UPK_JSON_STRING, false},
    {"kind", UPK_JSON_STRING, true},
    {"name", UPK_JSON_ARRAY, true},
    {"native_id", UPK_JSON_STRING, false},
    {"table", UPK_JSON_ARRAY, false},
};

static const plan_field probe_fields[] = {
    {"cleanup", UPK_JSON_ARRAY, false},
    {"done", UPK_JSON_OBJECT, true},
    {"partial", UPK_JSON_OBJECT, false},
};

static const plan_field undo_fields[] = {
    {"class", UPK_JSON_STRING, true},
    {"steps", UPK_JSON_ARRAY, false},
    {"why", UPK_JSON_STRING, false},
};

static const plan_field timeout_fields[] = {
    {"blocking_ms", UPK_JSON_INT, false}, {"lock_ms", UPK_JSON_INT, true},
    {"max_ms", UPK_JSON_INT, true},       {"readers_ms", UPK_JSON_INT, false},
    {"statement_ms", UPK_JSON_INT, true}, {"wait_ms", UPK_JSON_INT, false},
    {"watch_ms", UPK_JSON_INT, false},
};

static bool choose(plan_reader *rd, upk_str text, const char *what,
                   const char *const *names, unsigned count,
                   unsigned *ret_choice) {
  for (unsigned i = 0; i < count; i++)
    if (upk_str_is(text, names[i])) {
      *ret_choice = i;
      return true;
    }
  return plan_bad(rd, 3024, "`%.*s` is no value of %s", UPK_FMT(text), what);
}

/* A number for a name, the same each time. */
static uint32_t number_of(upk_map *map, upk_str name) {
  uint64_t number = map->entries.len;
  if (!upk_map_find(map, name, &number))
    upk_map_put(map, name, number);
  return (uint32_t)number;
}

static bool read_object(plan_reader *rd, const upk_json *value,
                        plan_step *step) {
  const upk_str *parts = NULL;
  size_t count = 0;
  upk_buf text = {0};
  if (!PLAN_SHAPE(rd, value, "object", object_fields) ||
      !plan_texts(rd, upk_json_get(value, "name"), "name", &parts, &count))
    return false;
  step->kind = upk_json_text(value, "kind");
  upk_display_name(parts, count, &text);
  step->object = upk_arena_copy(rd->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return true;
}

static bool read_conflicts(plan_reader *rd, const upk_json *array,
                           plan_step *step) {
  size_t count = upk_json_count(array), kept = 0;
  uint32_t *keys = UPK_NEW_ARRAY(rd->arena, uint32_t, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(array, i);
    if (value->type != UPK_JSON_STRING)
      return plan_bad(rd, 3024, "a conflict is no text");
    uint32_t key = number_of(&rd->conflicts, value->string);
    size_t at = 0;
    while (at < kept && keys[at] != key)
      at++;
    if (at == kept)
      keys[kept++] = key;
  }
  step->conflicts = keys;
  step->conflict_count = kept;
  return true;
}

static bool read_probe(plan_reader *rd, const upk_json *value,
                       plan_step *step) {
  const upk_json *partial = upk_json_get(value, "partial");
  if (value->type == UPK_JSON_NULL)
    return step->atomicity != PLAN_AUTOCOMMIT ||
           plan_bad(rd, 3028, "a step that commits by itself has no probe");
  if (!PLAN_SHAPE(rd, value, "probe", probe_fields) ||
      !plan_read_check(rd, upk_json_get(value, "done"), "probe.done",
                       &step->probe_done) ||
      !plan_read_statements(rd, upk_json_get(value, "cleanup"), "cleanup", NULL,
                            &step->cleanup))
    return false;
  step->has_probe = true;
  step->has_partial = partial->type != UPK_JSON_NULL;
  return !step->has_partial ||
         plan_read_check(rd, partial, "probe.partial", &step->probe_partial);
}

static bool read_undo(plan_reader *rd, const upk_json *value, plan_step *step) {
  static const char *const classes[] = {"none", "inverse", "restore"};
  unsigned class = 0;
  if (!PLAN_SHAPE(rd, value, "undo", undo_fields) ||
      !choose(rd, upk_json_text(value, "class"), "class", classes, 3, &class) ||
      !plan_read_statements(rd, upk_json_get(value, "steps"), "undo", NULL,
                            &step->undo))
    return false;
  step->can_undo = class != 0 && step->undo.count > 0;
  step->undo_why = upk_json_text(value, "why");
  return true;
}

static bool read_timeouts(plan_reader *rd, const upk_json *value,
                          plan_step *step) {
  if (!PLAN_SHAPE(rd, value, "timeouts", timeout_fields))
    return false;
  step->lock_ms = upk_json_number(value, "lock_ms", 0);
  step->max_ms = upk_json_number(value, "max_ms", 0);
  step->statement_ms = upk_json_number(value, "statement_ms", 0);
  step->blocking_ms = upk_json_number(value, "blocking_ms", 0);
  step->readers_ms = upk_json_number(value, "readers_ms", 0);
  step->wait_ms = upk_json_number(value, "wait_ms", 0);
  step->watch_ms = upk_json_number(value, "watch_ms", 1000);
  return (step->lock_ms >= 0 && step->max_ms >= 0 && step->statement_ms >= 0 &&
          step->blocking_ms >= 0 && step->readers_ms >= 0 &&
          step->wait_ms >= 0 && step->watch_ms > 0) ||
         plan_bad(rd, 3024, "a timeout is negative");
}

static const plan_field lock_fields[] = {
    {"blocks", UPK_JSON_STRING, false},
    {"mode", UPK_JSON_STRING, true},
    {"object", UPK_JSON_ARRAY, true},
};

/* Only what the compiler says of their strength matters here. */
static bool read_locks(plan_reader *rd, const upk_json *array,
                       plan_step *step) {
  static const char *const strengths[] = {"all", "some"};
  for (size_t i = 0; i < upk_json_count(array); i++) {
    const upk_json *lock = upk_json_at(array, i);
    upk_str blocks = upk_json_text(lock, "blocks");
    unsigned strength = 1;
    if (!PLAN_SHAPE(rd, lock, "a lock", lock_fields) ||
        (blocks.data && !choose(rd, blocks, "blocks", strengths, 2, &strength)))
      return false;
    step->locks_out = step->locks_out || strength == 0;
  }
  return true;
}

static bool read_settings(plan_reader *rd, const upk_json *object,
                          plan_step *step) {
  size_t count = upk_json_count(object);
  plan_setting *items = UPK_NEW_ARRAY(rd->arena, plan_setting, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json_member *member = &object->object.members[i];
    if (member->value->type != UPK_JSON_STRING)
      return plan_bad(rd, 3024, "a setting is no text");
    items[i] = (plan_setting){member->key, member->value->string};
  }
  step->settings = items;
  step->setting_count = count;
  return true;
}

/* What it writes anew, and the log of that; steps that only touch what is
 * there need no room to speak of. */
static int64_t room_of(const upk_json *estimate) {
  int64_t peak = upk_json_number(estimate, "disk_peak_bytes", 0);
  int64_t wal = upk_json_number(estimate, "wal_bytes", 0);
  return peak > 0 && wal >= 0 && wal <= INT64_MAX - peak ? peak + wal : 0;
}

static bool read_words(plan_reader *rd, const upk_json *value,
                       plan_step *step) {
  static const char *const atomicities[] = {"transaction", "autocommit",
                                            "external"};
  static const char *const failures[] = {"continue", "stop", "rollback"};
  unsigned atomicity = 0, failure = 0;
  if (!choose(rd, upk_json_text(value, "atomicity"), "atomicity", atomicities,
              3, &atomicity) ||
      !choose(rd, upk_json_text(value, "on_failure"), "on_failure", failures, 3,
              &failure))
    return false;
  upk_str policy = upk_json_text(value, "policy");
  step->atomicity = (plan_atomicity)atomicity;
  step->on_failure = (plan_on_failure)failure;
  step->policy =
      policy.data ? number_of(&rd->policies, policy) : PLAN_NO_POLICY;
  step->action = upk_json_text(value, "action");
  step->retries = upk_json_number(value, "retries", 0);
  step->p50_ms = upk_json_number(upk_json_get(value, "estimate"), "p50_ms", 0);
  step->p90_ms = upk_json_number(upk_json_get(value, "estimate"), "p90_ms", 0);
  step->room_bytes = room_of(upk_json_get(value, "estimate"));
  return (step->retries >= 0 && step->retries <= 1000) ||
         plan_bad(rd, 3024, "retries is not between 0 and 1000");
}

/* The texts of statements; programs by name alone. */
static void join(upk_buf *text, const plan_statements *statements) {
  for (size_t i = 0; i < statements->count; i++) {
    const plan_statement *statement = &statements->items[i];
    if (statement->batch) {
      join(text, &statement->batch->run);
      continue;
    }
    upk_buf_str(text, text->len ? UPK_STR(";\n") : UPK_STR(""));
    if (statement->query.exec)
      upk_buf_printf(text, "program %.*s",
                     UPK_FMT(statement->query.exec->program));
    else
      upk_buf_str(text, statement->query.sql);
  }
}

static bool any_exec(const plan_statements *statements) {
  for (size_t i = 0; i < statements->count; i++)
    if (statements->items[i].query.exec)
      return true;
  return false;
}

static bool any_file(const plan_statements *statements) {
  for (size_t i = 0; i < statements->count; i++)
    if (statements->items[i].query.file ||
        (statements->items[i].batch &&
         any_file(&statements->items[i].batch->run)))
      return true;
  return false;
}

static bool any_batch(const plan_statements *statements) {
  for (size_t i = 0; i < statements->count; i++)
    if (statements->items[i].batch)
      return true;
  return false;
}

/* Where programs and batches cannot stand. */
static bool check_work(plan_reader *rd, plan_step *step) {
  step->has_batch = any_batch(&step->run);
  step->has_undo_batch = any_batch(&step->undo);
  if (step->atomicity == PLAN_TRANSACTION &&
      (any_exec(&step->run) || any_exec(&step->undo)))
    return plan_bad(rd, 3028, "a program stands in a transaction");
  if (step->atomicity != PLAN_TRANSACTION &&
      (any_file(&step->run) || any_file(&step->undo)))
    return plan_bad(rd, 3028, "a file stands outside a transaction");
  if (any_exec(&step->cleanup) || any_batch(&step->cleanup) ||
      any_file(&step->cleanup))
    return plan_bad(rd, 3028, "cleanup holds a program, a file or a batch");
  for (size_t i = 0; i < step->pre.count; i++)
    if (step->pre.items[i].queries[0].exec)
      return plan_bad(rd, 3028, "a pre-check runs a program");
  return true;
}

static bool read_window(plan_reader *rd, const upk_json *value,
                        plan_step *step) {
  static const char *const ends[] = {"finish", "cancel"};
  upk_str end = upk_json_text(value, "on_window_end");
  unsigned choice = 0;
  upk_str window = upk_json_text(value, "window");
  step->window = window.data ? number_of(&rd->windows, window) : PLAN_NO_WINDOW;
  if (end.data && !choose(rd, end, "on_window_end", ends, 2, &choice))
    return false;
  step->cancel_at_end = choice == 1;
  return true;
}

static void join_statements(plan_reader *rd, plan_step *step) {
  upk_buf text = {0};
  join(&text, &step->run);
  step->statement = upk_arena_copy(rd->arena, upk_buf_view(&text));
  upk_buf_free(&text);
}

static void put(upk_json_writer *w, const upk_json *step, const char *key) {
  upk_json_key(w, key);
  upk_json_write(w, upk_json_get(step, key));
}

/* The bytes that the compiler's emit_step_intent makes (docs/formats.md). */
static upk_digest intent_of(const upk_json *step) {
  upk_sha256 *hash = upk_sha256_new();
  upk_json_writer *w = upk_json_writer_new(upk_sink_sha256(hash));
  const upk_json *object = upk_json_get(step, "object");
  upk_json_begin_object(w);
  put(w, step, "action");
  upk_json_key(w, "object");
  upk_json_begin_object(w);
  put(w, object, "kind");
  put(w, object, "name");
  upk_json_end_object(w);
  put(w, step, "parameters");
  put(w, step, "risk");
  put(w, step, "run");
  if (upk_json_get(step, "settings")->type != UPK_JSON_NULL)
    put(w, step, "settings");
  put(w, step, "undo");
  if (upk_json_text(step, "window").data)
    put(w, step, "window");
  upk_json_end_object(w);
  upk_json_writer_close(w);
  return upk_sha256_finish(hash);
}

static bool read_identity(plan_reader *rd, const upk_json *value,
                          plan_step *step) {
  upk_str intent = upk_json_text(value, "intent");
  upk_digest made = intent_of(value);
  step->digest = upk_digest_of(value->bytes);
  if (!upk_str_equal(intent, upk_digest_view(&made)))
    return plan_bad(rd, 3023, "the step's intent is not that of its content");
  *UPK_PUSH(rd->arena, &rd->intents) = intent;
  if (!step->id.len)
    return plan_bad(rd, 3028, "a step's id is empty");
  if (!upk_map_put(&rd->step_numbers, step->id, rd->steps.len))
    return plan_bad(rd, 3028, "two steps have the same id");
  return true;
}

bool plan_read_step(plan_reader *rd, const upk_json *value) {
  plan_step step = {0};
  rd->step = UPK_NO_STR;
  if (!PLAN_SHAPE(rd, value, "a step", step_fields))
    return false;
  step.id = rd->step = upk_json_text(value, "id");
  bool transaction =
      upk_str_is(upk_json_text(value, "atomicity"), "transaction");
  bool good =
      read_identity(rd, value, &step) && read_words(rd, value, &step) &&
      read_window(rd, value, &step) &&
      read_object(rd, upk_json_get(value, "object"), &step) &&
      read_conflicts(rd, upk_json_get(value, "conflicts"), &step) &&
      read_timeouts(rd, upk_json_get(value, "timeouts"), &step) &&
      read_settings(rd, upk_json_get(value, "settings"), &step) &&
      read_locks(rd, upk_json_get(value, "locks"), &step) &&
      plan_read_levels(rd, value, "throttle", &step.throttle,
                       &step.throttle_count) &&
      plan_read_levels(rd, value, "abort", &step.abort, &step.abort_count) &&
      plan_read_checks(rd, upk_json_get(value, "pre"), "pre", &step.pre) &&
      plan_read_checks(rd, upk_json_get(value, "post"), "post", &step.post) &&
      plan_read_statements(rd, upk_json_get(value, "run"), "run",
                           transaction ? &step.run_lead : NULL, &step.run) &&
      read_probe(rd, upk_json_get(value, "probe"), &step) &&
      read_undo(rd, upk_json_get(value, "undo"), &step);
  if (!good)
    return false;
  if (!step.run.count)
    return plan_bad(rd, 3028, "the step has no statement");
  if (!check_work(rd, &step))
    return false;
  join_statements(rd, &step);
  *UPK_PUSH(rd->arena, &rd->steps) = step;
  rd->step = UPK_NO_STR;
  return true;
}
