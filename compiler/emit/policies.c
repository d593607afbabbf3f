/* The lowered policies as canonical JSON without places: what body.inputs
 * binds. A policy in YAML and its twin in Lua give equal bytes. */
#include "emit/plan.h"

static void put_given(upk_json_writer *w, const char *key, upk_str value) {
  if (value.data)
    upk_json_put_string(w, key, value);
}

static void put_texts(upk_json_writer *w, const char *key,
                      const ir_texts *texts) {
  if (!texts->len)
    return;
  upk_json_key(w, key);
  upk_json_begin_array(w);
  for (size_t i = 0; i < texts->len; i++)
    upk_json_string(w, texts->items[i].text);
  upk_json_end_array(w);
}

/* Normalised, so that spelling does not matter. What a Lua function means
 * cannot be written down: its verdicts are bound at compile time. */
static void put_expression(upk_json_writer *w, const char *key,
                           const ir_expression *expression) {
  if (expression->function) {
    upk_json_put_string(w, key, UPK_STR("function"));
  } else if (expression->compiled) {
    upk_buf text = {0};
    upk_expr_print(expression->compiled, NULL, NULL, &text);
    upk_json_put_string(w, key, upk_buf_view(&text));
    upk_buf_free(&text);
  } else {
    put_given(w, key, expression->source.text);
  }
}

static void put_untyped(const ir *ir, upk_json_writer *w, const char *key,
                        const node *value) {
  if (!value)
    return;
  upk_json_key(w, key);
  emit_untyped(ir->arena, w, value);
}

static void write_arguments(const ir *ir, upk_json_writer *w,
                            const ir_remedy *remedy) {
  upk_json_begin_object(w);
  for (size_t i = 0; i < remedy->arguments.len; i++) {
    upk_json_key_str(w, remedy->arguments.items[i].name);
    emit_node(ir->arena, w, remedy->arguments.items[i].value);
  }
  upk_json_end_object(w);
}

static void write_remedies(const ir *ir, upk_json_writer *w,
                           const ir_policy *policy) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < policy->by.len; i++) {
    const ir_remedy *remedy = &policy->by.items[i];
    upk_json_begin_object(w);
    upk_json_put_string(w, "action", remedy->action.text);
    if (remedy->arguments.len) {
      upk_json_key(w, "arguments");
      write_arguments(ir, w, remedy);
    } else {
      put_untyped(ir, w, "with", remedy->with);
    }
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void write_limits(upk_json_writer *w, const ir_limits *limits) {
  upk_json_begin_object(w);
  upk_json_put_int(w, "lock_timeout_us", limits->lock_timeout_us);
  upk_json_put_int(w, "lock_wait_us", limits->lock_wait_us);
  upk_json_put_int(w, "max_actions", limits->max_actions);
  upk_json_put_int(w, "max_blocking_us", limits->max_blocking_us);
  upk_json_put_int(w, "max_duration_us", limits->max_duration_us);
  if (limits->pace == IR_PACE_NONE)
    upk_json_put_string(w, "pace", UPK_STR("none"));
  upk_json_put_int(w, "reader_wait_us", limits->reader_wait_us);
  upk_json_put_int(w, "retries", limits->retries);
  upk_json_put_int(w, "statement_timeout_us", limits->statement_timeout_us);
  upk_json_end_object(w);
}

/* From `for` to `severity`. */
static void write_middle(const ir *ir, upk_json_writer *w,
                         const ir_policy *policy) {
  put_given(w, "for", policy->kind_name.text);
  upk_json_put_int(w, "if_unknown", policy->if_unknown);
  upk_json_key(w, "limits");
  write_limits(w, &policy->limits);
  upk_json_put_string(w, "name", policy->name);
  upk_json_put_int(w, "on_failure", policy->on_failure);
  put_given(w, "on_window_end", policy->on_window_end);
  put_given(w, "owner", policy->owner);
  upk_json_put_int(w, "priority", policy->priority);
  upk_json_put_int(w, "severity", policy->severity);
  upk_json_put_int(w, "sustained_us", policy->sustained_us);
  put_untyped(ir, w, "targets", policy->targets);
}

static void write_policy(const ir *ir, upk_json_writer *w,
                         const ir_policy *policy) {
  upk_json_begin_object(w);
  put_texts(w, "abort", &policy->abort);
  put_texts(w, "after", &policy->after);
  upk_json_put_int(w, "ahead_us", policy->ahead_us);
  upk_json_put_bool(w, "atomic", policy->atomic);
  upk_json_put_bool(w, "auto", policy->auto_run);
  if (policy->by.len) {
    upk_json_key(w, "by");
    write_remedies(ir, w, policy);
  }
  upk_json_put_int(w, "clear_after_us", policy->clear_after_us);
  upk_json_put_int(w, "cooldown_us", policy->cooldown_us);
  put_expression(w, "ensure", &policy->ensure);
  put_untyped(ir, w, "exempt", policy->exempt);
  write_middle(ir, w, policy);
  put_texts(w, "throttle", &policy->throttle);
  put_untyped(ir, w, "waive", policy->waive);
  put_expression(w, "warn", &policy->warn);
  put_expression(w, "where", &policy->where);
  put_given(w, "why", policy->why);
  put_given(w, "window", policy->window.text);
  upk_json_end_object(w);
}

upk_digest emit_policy_digest(const ir *ir, const ir_policy *policy) {
  upk_sha256 *hash = upk_sha256_new();
  upk_json_writer *w = upk_json_writer_new(upk_sink_sha256(hash));
  write_policy(ir, w, policy);
  upk_json_writer_close(w);
  return upk_sha256_finish(hash);
}

upk_digest emit_policies_digest(const ir *ir) {
  upk_sha256 *hash = upk_sha256_new();
  upk_json_writer *w = upk_json_writer_new(upk_sink_sha256(hash));
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies)
      write_policy(ir, w, &ir->policies.items[i]);
  upk_json_end_array(w);
  upk_json_writer_close(w);
  return upk_sha256_finish(hash);
}
