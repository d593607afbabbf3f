/* One step of the plan, and what its intent is the digest of. */
#include "emit/plan.h"
#include "step/locks.h"
#include "step/relate.h"

static const upk_str on_failure_texts[] = {
    [IR_FAILURE_CONTINUE] = {"continue", 8},
    [IR_FAILURE_STOP] = {"stop", 4},
    [IR_FAILURE_ROLLBACK] = {"rollback", 8},
};

static const upk_str risk_texts[] = {
    [IR_RISK_LOW] = {"low", 3},
    [IR_RISK_MEDIUM] = {"medium", 6},
    [IR_RISK_HIGH] = {"high", 4},
};

enum { OWN_PRIORITY = 100, OWN_RETRIES = 3 };

/* How what belongs to no policy is run: its failure stops everything. */
/* All of an atomic policy's steps, or none: lint sees that each has an undo. */
static ir_on_failure on_failure_of(const ir_step *step) {
  if (step->policy && step->policy->atomic)
    return IR_FAILURE_ROLLBACK;
  return step->policy ? step->policy->on_failure : IR_FAILURE_STOP;
}

/* Name of the window the step runs in; absent when none. */
static upk_str window_of(const ir_step *step) {
  return step->window ? step->window->name : UPK_NO_STR;
}

static void put_given(upk_json_writer *w, const char *key, upk_str value) {
  if (value.data)
    upk_json_put_string(w, key, value);
}

static void write_params(const ir *ir, upk_json_writer *w,
                         const node *const *items, size_t count) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    emit_node(ir->arena, w, items[i]);
  upk_json_end_array(w);
}

static void write_columns(upk_json_writer *w, const ir_check *check) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < check->columns.len; i++) {
    upk_json_begin_object(w);
    upk_json_put_string(w, "name", check->columns.items[i].name);
    upk_json_put_string(
        w, "type", upk_str_from(upk_type_name(check->columns.items[i].type)));
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

/* The members of `exec` that sort before `params`. */
static void write_exec(const ir *ir, upk_json_writer *w, const ir_exec *exec) {
  if (exec->environment.len) {
    upk_json_key(w, "env");
    emit_strings(w, exec->environment.items, exec->environment.len);
  }
  upk_json_key(w, "exec");
  write_params(ir, w, exec->arguments.items, exec->arguments.len);
}

static void write_check(const ir *ir, upk_json_writer *w,
                        const ir_check *check) {
  upk_json_begin_object(w);
  if (check->columns.len) {
    upk_json_key(w, "columns");
    write_columns(w, check);
  }
  if (check->exec)
    write_exec(ir, w, check->exec);
  put_given(w, "expect", check->expect);
  put_given(w, "name", check->name);
  put_given(w, "otherwise", check->otherwise);
  if (check->params.len) {
    upk_json_key(w, "params");
    write_params(ir, w, check->params.items, check->params.len);
  }
  if (check->queries.len) {
    upk_json_key(w, "queries");
    emit_strings(w, check->queries.items, check->queries.len);
  }
  put_given(w, "rows", check->rows);
  if (!check->queries.len)
    put_given(w, "sql", check->sql);
  if (check->exec && check->exec->timeout_ms)
    upk_json_put_int(w, "timeout_ms", check->exec->timeout_ms);
  if (check->within_ms)
    upk_json_put_int(w, "within_ms", check->within_ms);
  upk_json_end_object(w);
}

static void write_checks(const ir *ir, upk_json_writer *w,
                         const ir_check *items, size_t count) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    write_check(ir, w, &items[i]);
  upk_json_end_array(w);
}

static void write_statements(const ir *ir, upk_json_writer *w,
                             const ir_statement *items, size_t count);

static void write_batch(const ir *ir, upk_json_writer *w,
                        const ir_batch *batch) {
  upk_json_begin_object(w);
  put_given(w, "count", batch->count);
  put_given(w, "expect", batch->expect);
  upk_json_put_int(w, "max_rows", batch->max_rows);
  put_given(w, "more", batch->more);
  put_given(w, "of", batch->of);
  upk_json_key(w, "run");
  write_statements(ir, w, batch->run, batch->run_count);
  upk_json_put_int(w, "start_rows", batch->start_rows);
  upk_json_put_int(w, "target_ms", batch->target_ms);
  if (batch->total_rows)
    upk_json_put_int(w, "total_rows", batch->total_rows);
  upk_json_end_object(w);
}

static void write_file(const ir *ir, upk_json_writer *w, const ir_file *file) {
  upk_json_key(w, "file");
  upk_json_begin_object(w);
  if (!file->write)
    upk_json_put_string(w, "read", file->folder);
  upk_json_key(w, "with");
  write_params(ir, w, file->with.items, file->with.len);
  if (file->write)
    upk_json_put_string(w, "write", file->folder);
  upk_json_end_object(w);
}

static void write_statement(const ir *ir, upk_json_writer *w,
                            const ir_statement *statement) {
  const ir_exec *exec = statement->exec;
  upk_json_begin_object(w);
  if (statement->batch) {
    upk_json_key(w, "batch");
    write_batch(ir, w, statement->batch);
  }
  if (statement->catches.len) {
    upk_json_key(w, "catch");
    emit_strings(w, statement->catches.items, statement->catches.len);
  }
  if (exec)
    write_exec(ir, w, exec);
  if (statement->file)
    write_file(ir, w, statement->file);
  if (statement->params.len) {
    upk_json_key(w, "params");
    write_params(ir, w, statement->params.items, statement->params.len);
  }
  put_given(w, "returns", statement->returns);
  put_given(w, "sql", statement->sql);
  if (exec && exec->success.len) {
    upk_json_key(w, "success");
    write_params(ir, w, exec->success.items, exec->success.len);
  }
  if (exec && exec->timeout_ms)
    upk_json_put_int(w, "timeout_ms", exec->timeout_ms);
  if (statement->no_transaction)
    upk_json_put_bool(w, "transaction", false);
  upk_json_end_object(w);
}

static void write_statements(const ir *ir, upk_json_writer *w,
                             const ir_statement *items, size_t count) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    write_statement(ir, w, &items[i]);
  upk_json_end_array(w);
}

static void write_estimate(upk_json_writer *w, const ir_estimate *estimate) {
  upk_json_begin_object(w);
  put_given(w, "basis", estimate->basis);
  upk_json_put_int(w, "blocking_ms", estimate->blocking_ms);
  upk_json_put_int(w, "disk_peak_bytes", estimate->disk_peak_bytes);
  upk_json_put_int(w, "p50_ms", estimate->p50_ms);
  upk_json_put_int(w, "p90_ms", estimate->p90_ms);
  upk_json_put_int(w, "reads_bytes", estimate->reads_bytes);
  upk_json_put_int(w, "wal_bytes", estimate->wal_bytes);
  upk_json_put_int(w, "writes_bytes", estimate->writes_bytes);
  upk_json_end_object(w);
}

/* `blocks`: whom of ordinary work the lock keeps waiting. */
static void write_locks(const ir *ir, upk_json_writer *w, const ir_step *step) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < step->locks.len; i++) {
    const ir_lock *lock = &step->locks.items[i];
    upk_json_begin_object(w);
    if (locks_all_traffic(ir->engine, lock->mode))
      upk_json_put_string(w, "blocks", UPK_STR("all"));
    else if (locks_some_traffic(ir->engine, lock->mode))
      upk_json_put_string(w, "blocks", UPK_STR("some"));
    upk_json_put_string(w, "mode", lock->mode);
    upk_json_key(w, "object");
    emit_strings(w, lock->object.items, lock->object.len);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

/* The object, with the table it belongs to where its kind has one. */
static void write_object(const ir *ir, upk_json_writer *w,
                         const ir_object *object) {
  upk_str table[RELATE_KEYS_MAX];
  upk_json_begin_object(w);
  put_given(w, "fingerprint", object->fingerprint);
  upk_json_put_string(w, "kind", object->kind->name);
  upk_json_key(w, "name");
  emit_strings(w, object->name, object->name_count);
  put_given(w, "native_id", object->native_id);
  size_t count = relate_parent(ir, object, UPK_STR("table"), table);
  if (count) {
    upk_json_key(w, "table");
    emit_strings(w, table, count);
  }
  upk_json_end_object(w);
}

static void write_parameters(const ir *ir, upk_json_writer *w,
                             const ir_step *step) {
  const ir_remedy *remedy = step->remedy;
  upk_json_begin_object(w);
  for (size_t i = 0; remedy && i < remedy->arguments.len; i++) {
    upk_json_key_str(w, remedy->arguments.items[i].name);
    emit_node(ir->arena, w, remedy->arguments.items[i].value);
  }
  upk_json_end_object(w);
}

static void write_probe(const ir *ir, upk_json_writer *w, const ir_step *step) {
  upk_json_begin_object(w);
  upk_json_key(w, "cleanup");
  write_statements(ir, w, step->cleanup.items, step->cleanup.len);
  upk_json_key(w, "done");
  write_check(ir, w, &step->probe_done);
  if (step->has_partial) {
    upk_json_key(w, "partial");
    write_check(ir, w, &step->probe_partial);
  }
  upk_json_end_object(w);
}

static void write_undo(const ir *ir, upk_json_writer *w, const ir_step *step) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "class", step->undo_class);
  upk_json_key(w, "steps");
  write_statements(ir, w, step->undo.items, step->undo.len);
  put_given(w, "why", step->undo_why);
  upk_json_end_object(w);
}

/* How often the guard looks while the step runs. */
enum { WATCH_MS = 1000, WATCH_STRONG_MS = 250 };

static void write_timeouts(const ir *ir, upk_json_writer *w,
                           const ir_step *step) {
  upk_json_begin_object(w);
  upk_json_put_int(w, "blocking_ms", step->blocking_ms);
  upk_json_put_int(w, "lock_ms", step->lock_ms);
  upk_json_put_int(w, "max_ms", step->max_ms);
  upk_json_put_int(w, "readers_ms", step->readers_ms);
  upk_json_put_int(w, "statement_ms", step->statement_ms);
  upk_json_put_int(w, "wait_ms", step->wait_ms);
  upk_json_put_int(w, "watch_ms",
                   locks_strong(ir->engine, step) ? WATCH_STRONG_MS : WATCH_MS);
  upk_json_end_object(w);
}

static void write_score(upk_json_writer *w, const ir_step *step) {
  upk_json_begin_object(w);
  upk_json_put_int(w, "benefit", step->benefit);
  upk_json_put_int(w, "cost", step->cost);
  upk_json_put_int(w, "score", step->score);
  upk_json_put_int(w, "urgency", step->urgency);
  upk_json_end_object(w);
}

static void write_predicted(upk_json_writer *w, const ir_step *step) {
  upk_json_begin_object(w);
  upk_json_put_int(w, "end_ms", step->end_ms);
  if (step->late_end_ms >= 0)
    upk_json_put_int(w, "late_end_ms", step->late_end_ms);
  if (step->opens_us)
    upk_json_put_int(w, "opens_at", step->opens_us);
  upk_json_put_int(w, "start_ms", step->start_ms);
  upk_json_end_object(w);
}

static void add_texts(upk_arena *arena, ir_names *all, const ir_texts *texts) {
  for (size_t i = 0; i < texts->len; i++) {
    size_t at = 0;
    while (at < all->len &&
           !upk_str_equal(all->items[at], texts->items[i].text))
      at++;
    if (at == all->len)
      *UPK_PUSH(arena, all) = texts->items[i].text;
  }
}

/* What the step's policy asks of the running system, and each other policy
 * that it stands for. Left out where none asks. */
static void put_levels(const ir *ir, upk_json_writer *w, const char *key,
                       const ir_step *step,
                       const ir_texts *(*of)(const ir_policy *policy)) {
  ir_names all = {0};
  if (step->policy)
    add_texts(ir->arena, &all, of(step->policy));
  for (size_t i = 0; i < step->also.len; i++)
    add_texts(ir->arena, &all, of(&ir->policies.items[step->also.items[i]]));
  if (!all.len)
    return;
  upk_json_key(w, key);
  emit_strings(w, all.items, all.len);
}

static const ir_texts *throttle_of(const ir_policy *policy) {
  return &policy->throttle;
}

static const ir_texts *abort_of(const ir_policy *policy) {
  return &policy->abort;
}

/* `settings`, when there are any. */
static void write_settings(upk_json_writer *w, const ir_step *step) {
  if (!step->settings.len)
    return;
  upk_json_key(w, "settings");
  upk_json_begin_object(w);
  for (size_t i = 0; i < step->settings.len; i++) {
    upk_json_key_str(w, step->settings.items[i].name);
    upk_json_string(w, step->settings.items[i].value);
  }
  upk_json_end_object(w);
}

void emit_step_intent(const ir *ir, upk_json_writer *w, const ir_step *step) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "action", step->action->name);
  upk_json_key(w, "object");
  upk_json_begin_object(w);
  upk_json_put_string(w, "kind", step->object.kind->name);
  upk_json_key(w, "name");
  emit_strings(w, step->object.name, step->object.name_count);
  upk_json_end_object(w);
  upk_json_key(w, "parameters");
  write_parameters(ir, w, step);
  upk_json_put_string(w, "risk", risk_texts[step->risk]);
  upk_json_key(w, "run");
  write_statements(ir, w, step->run.items, step->run.len);
  write_settings(w, step);
  upk_json_key(w, "undo");
  write_undo(ir, w, step);
  put_given(w, "window", window_of(step));
  upk_json_end_object(w);
}

/* From `parameters` on to `probe`. */
static void write_middle(const ir *ir, upk_json_writer *w,
                         const ir_step *step) {
  upk_json_key(w, "parameters");
  write_parameters(ir, w, step);
  if (step->policy)
    upk_json_put_string(w, "policy", step->policy->name);
  upk_json_key(w, "post");
  write_checks(ir, w, step->post.items, step->post.len);
  upk_json_key(w, "pre");
  write_checks(ir, w, step->pre.items, step->pre.len);
  upk_json_key(w, "predicted");
  write_predicted(w, step);
  upk_json_put_int(w, "priority",
                   step->policy ? step->policy->priority : OWN_PRIORITY);
  if (step->has_probe) {
    upk_json_key(w, "probe");
    write_probe(ir, w, step);
  }
}

/* From `retries` on. */
static void write_end(const ir *ir, upk_json_writer *w, const ir_step *step) {
  upk_json_put_int(w, "retries",
                   step->policy ? step->policy->limits.retries : OWN_RETRIES);
  upk_json_put_string(w, "risk", risk_texts[step->risk]);
  upk_json_key(w, "run");
  write_statements(ir, w, step->run.items, step->run.len);
  upk_json_key(w, "score");
  write_score(w, step);
  write_settings(w, step);
  put_levels(ir, w, "throttle", step, throttle_of);
  upk_json_key(w, "timeouts");
  write_timeouts(ir, w, step);
  upk_json_key(w, "undo");
  write_undo(ir, w, step);
  put_given(w, "window", window_of(step));
}

void emit_step(const ir *ir, upk_json_writer *w, const ir_step *step,
               upk_str intent) {
  upk_json_begin_object(w);
  put_levels(ir, w, "abort", step, abort_of);
  upk_json_put_string(w, "action", step->action->name);
  upk_json_put_string(w, "atomicity", step->atomicity);
  upk_json_put_string(w, "because", step->because);
  if (step->conflicts.len) {
    upk_json_key(w, "conflicts");
    emit_strings(w, step->conflicts.items, step->conflicts.len);
  }
  upk_json_key(w, "estimate");
  write_estimate(w, &step->estimate);
  upk_json_put_string(w, "id", step->id);
  upk_json_put_string(w, "intent", intent);
  upk_json_key(w, "locks");
  write_locks(ir, w, step);
  upk_json_key(w, "object");
  write_object(ir, w, &step->object);
  upk_json_put_string(w, "on_failure", on_failure_texts[on_failure_of(step)]);
  if (window_of(step).data)
    upk_json_put_string(w, "on_window_end",
                        step->policy ? step->policy->on_window_end
                                     : UPK_STR("finish"));
  write_middle(ir, w, step);
  write_end(ir, w, step);
  upk_json_end_object(w);
}
