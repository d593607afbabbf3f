/* The IR as text: stable, one fact a line, for --dump-after and tests. What a
 * pass has not filled is left out, so that each dump shows how far it is. */
#include "ir/scope.h"

static const char *const severities[] = {
    [UPK_NOTE] = "info", [UPK_WARNING] = "warning", [UPK_FAILURE] = "critical"};
static const char *const unknowns[] = {[IR_UNKNOWN_WARN] = "warn",
                                       [IR_UNKNOWN_SKIP] = "skip",
                                       [IR_UNKNOWN_ACT] = "act",
                                       [IR_UNKNOWN_FAIL] = "fail"};
static const char *const failures[] = {[IR_FAILURE_CONTINUE] = "continue",
                                       [IR_FAILURE_STOP] = "stop",
                                       [IR_FAILURE_ROLLBACK] = "rollback"};
static const char *const risks[] = {[IR_RISK_LOW] = "low",
                                    [IR_RISK_MEDIUM] = "medium",
                                    [IR_RISK_HIGH] = "high"};

/* A value on one line: breaks and control characters are shown escaped. */
static void put_text(upk_buf *out, upk_str text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    if (c == '\n')
      upk_buf_str(out, UPK_STR("\\n"));
    else if (c == '\\')
      upk_buf_str(out, UPK_STR("\\\\"));
    else if (c < 0x20)
      upk_buf_printf(out, "\\x%02x", c);
    else
      upk_buf_char(out, (char)c);
  }
}

static void put_line(upk_buf *out, const char *key, upk_str value) {
  if (!value.data)
    return;
  upk_buf_printf(out, "  %s ", key);
  put_text(out, value);
  upk_buf_char(out, '\n');
}

static void put_number(upk_buf *out, const char *key, int64_t value,
                       int64_t usual) {
  if (value != usual)
    upk_buf_printf(out, "  %s %lld\n", key, (long long)value);
}

static void put_texts(upk_buf *out, const char *key, const ir_texts *texts) {
  for (size_t i = 0; i < texts->len; i++)
    put_line(out, key, texts->items[i].text);
}

static void put_names(upk_buf *out, const upk_str *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i)
      upk_buf_char(out, ' ');
    put_text(out, names[i]);
  }
}

/* ---- nodes ---- */

static void put_node(upk_buf *out, const node *value, unsigned depth) {
  if (!value || depth > 32) {
    upk_buf_str(out, UPK_STR("null"));
    return;
  }
  switch (value->type) {
  case NODE_NULL:
    upk_buf_str(out, UPK_STR("null"));
    break;
  case NODE_BOOL:
    upk_buf_str(out, value->boolean ? UPK_STR("true") : UPK_STR("false"));
    break;
  case NODE_INT:
    upk_buf_int(out, value->integer);
    break;
  case NODE_TEXT:
  case NODE_PLAIN:
    upk_buf_char(out, '"');
    put_text(out, value->text);
    upk_buf_char(out, '"');
    break;
  case NODE_LIST:
    upk_buf_char(out, '[');
    for (size_t i = 0; i < value->list.count; i++) {
      upk_buf_str(out, i ? UPK_STR(", ") : UPK_STR(""));
      put_node(out, value->list.items[i], depth + 1);
    }
    upk_buf_char(out, ']');
    break;
  case NODE_MAP:
    upk_buf_char(out, '{');
    for (size_t i = 0; i < value->map.count; i++) {
      upk_buf_str(out, i ? UPK_STR(", ") : UPK_STR(""));
      put_text(out, value->map.members[i].key);
      upk_buf_str(out, UPK_STR(": "));
      put_node(out, value->map.members[i].value, depth + 1);
    }
    upk_buf_char(out, '}');
    break;
  case NODE_FUNCTION:
    upk_buf_str(out, UPK_STR("function"));
    break;
  }
}

static void put_node_line(upk_buf *out, const char *key, const node *value) {
  if (!value)
    return;
  upk_buf_printf(out, "  %s ", key);
  put_node(out, value, 0);
  upk_buf_char(out, '\n');
}

/* ---- project and stdlib ---- */

static void put_target(const ir *ir, const ir_target *target, upk_buf *out) {
  upk_buf_str(out, UPK_STR("target "));
  put_text(out, target->name);
  upk_buf_str(out, ir->target == target ? UPK_STR(" chosen\n") : UPK_STR("\n"));
  put_line(out, "engine", target->engine_name);
  put_line(out, "role", target->role);
  put_line(out, "ledger", target->ledger);
  put_number(out, "jobs", target->jobs, 0);
  for (size_t i = 0; i < target->labels.len; i++) {
    const ir_label *label = &target->labels.items[i];
    upk_buf_str(out, UPK_STR("  label "));
    put_names(out, (const upk_str[]){label->key, label->value}, 2);
    upk_buf_char(out, '\n');
  }
}

static void put_window(const ir_window *window, upk_buf *out) {
  upk_buf_str(out, UPK_STR("window "));
  put_text(out, window->name);
  upk_buf_char(out, '\n');
  put_line(out, "rrule", window->rrule);
  put_line(out, "timezone", window->timezone);
  put_number(out, "duration_us", window->duration_us, 0);
}

static void put_engine(const ir_engine *engine, upk_buf *out) {
  upk_buf_str(out, UPK_STR("engine "));
  put_text(out, engine->name);
  upk_buf_printf(out, "\n  kinds %zu\n  collectors %zu\n  actions %zu\n",
                 engine->kinds.len, engine->collectors.len,
                 engine->actions.len);
}

/* ---- policies ---- */

static void put_expression(upk_buf *out, const char *key,
                           const ir_expression *expression) {
  if (expression->function) {
    upk_buf_printf(out, "  %s function\n", key);
  } else if (expression->compiled) {
    upk_buf text = {0};
    upk_expr_print(expression->compiled, NULL, NULL, &text);
    put_line(out, key, upk_buf_view(&text));
    upk_buf_free(&text);
  } else {
    put_line(out, key, expression->source.text);
  }
}

static void put_arguments(upk_buf *out, const ir_remedy *remedy) {
  upk_buf_char(out, '{');
  for (size_t i = 0; i < remedy->arguments.len; i++) {
    upk_buf_str(out, i ? UPK_STR(", ") : UPK_STR(""));
    put_text(out, remedy->arguments.items[i].name);
    upk_buf_str(out, UPK_STR(": "));
    put_node(out, remedy->arguments.items[i].value, 1);
  }
  upk_buf_char(out, '}');
}

static void put_remedy(upk_buf *out, const ir_remedy *remedy) {
  upk_buf_str(out, UPK_STR("  by "));
  put_text(out, remedy->action.text);
  upk_buf_char(out, ' ');
  if (remedy->arguments.len)
    put_arguments(out, remedy);
  else if (remedy->with)
    put_node(out, remedy->with, 0);
  upk_buf_str(out, remedy->resolved ? UPK_STR(" found\n") : UPK_STR("\n"));
}

static void put_limits(upk_buf *out, const ir_limits *limits) {
  put_number(out, "lock_timeout_us", limits->lock_timeout_us, 0);
  put_number(out, "statement_timeout_us", limits->statement_timeout_us, 0);
  put_number(out, "max_duration_us", limits->max_duration_us, 0);
  put_number(out, "max_blocking_us", limits->max_blocking_us, 0);
  put_number(out, "reader_wait_us", limits->reader_wait_us, 0);
  put_number(out, "lock_wait_us", limits->lock_wait_us, 0);
  put_number(out, "retries", limits->retries, 0);
  put_number(out, "max_actions", limits->max_actions, 0);
  if (limits->pace == IR_PACE_NONE)
    upk_buf_str(out, UPK_STR("  pace none\n"));
}

static void put_verdicts(upk_buf *out, const ir_policy *policy) {
  size_t sum = 0;
  for (size_t i = 0; i <= IR_EXEMPT; i++)
    sum += policy->counts[i];
  if (!sum)
    return;
  upk_buf_str(out, UPK_STR("  verdicts"));
  for (int i = 0; i <= IR_EXEMPT; i++)
    if (policy->counts[i])
      upk_buf_printf(out, " %s %zu", ir_verdict_name((ir_verdict)i),
                     policy->counts[i]);
  upk_buf_char(out, '\n');
}

static void put_policy(const ir_policy *policy, upk_buf *out) {
  upk_buf_str(out, UPK_STR("policy "));
  put_text(out, policy->name);
  upk_buf_str(out, policy->applies ? UPK_STR(" applies\n") : UPK_STR("\n"));
  put_line(out, "why", policy->why);
  put_line(out, "owner", policy->owner);
  put_line(out, "for", policy->kind_name.text);
  put_node_line(out, "targets", policy->targets);
  put_expression(out, "where", &policy->where);
  put_expression(out, "ensure", &policy->ensure);
  put_expression(out, "warn", &policy->warn);
  upk_buf_printf(out, "  severity %s\n  if_unknown %s\n  on_failure %s\n",
                 severities[policy->severity], unknowns[policy->if_unknown],
                 failures[policy->on_failure]);
  for (size_t i = 0; i < policy->by.len; i++)
    put_remedy(out, &policy->by.items[i]);
  put_texts(out, "after", &policy->after);
  put_line(out, "window", policy->window.text);
  put_number(out, "priority", policy->priority, 50);
  put_number(out, "ahead_us", policy->ahead_us, 0);
  put_number(out, "cooldown_us", policy->cooldown_us, 0);
  put_limits(out, &policy->limits);
  put_texts(out, "throttle", &policy->throttle);
  put_texts(out, "abort", &policy->abort);
  put_number(out, "atomic", policy->atomic, false);
  put_number(out, "auto", policy->auto_run, false);
  put_node_line(out, "waive", policy->waive);
  put_node_line(out, "exempt", policy->exempt);
  put_verdicts(out, policy);
}

/* ---- steps ---- */

static void put_check(upk_buf *out, const char *key, const ir_check *check) {
  upk_buf_printf(out, "  %s ", key);
  put_text(out, check->name);
  upk_buf_str(out, UPK_STR(": "));
  put_text(out, check->expect);
  if (check->otherwise.data) {
    upk_buf_str(out, UPK_STR(" else "));
    put_text(out, check->otherwise);
  }
  if (check->queries.len) {
    upk_buf_str(out, UPK_STR(" from "));
    put_names(out, check->queries.items, check->queries.len);
  } else if (check->exec) {
    upk_buf_str(out, UPK_STR(" by program "));
    put_text(out, check->exec->arguments.items[0]->text);
  } else if (check->sql.data) {
    upk_buf_str(out, UPK_STR(" by "));
    put_text(out, check->sql);
  }
  upk_buf_char(out, '\n');
}

static void put_statement(upk_buf *out, const char *what,
                          const ir_statement *statement) {
  const ir_batch *batch = statement->batch;
  if (statement->exec) {
    upk_buf_printf(out, "  %s program ", what);
    put_text(out, statement->exec->arguments.items[0]->text);
    upk_buf_char(out, '\n');
  } else if (batch) {
    upk_buf_printf(out, "  %s in rounds of at most %lld\n", what,
                   (long long)batch->max_rows);
    for (size_t i = 0; i < batch->run_count; i++)
      put_line(out, "  round", batch->run[i].sql);
  } else {
    put_line(out, what, statement->sql);
  }
}

static void put_step_effects(upk_buf *out, const ir_step *step) {
  for (size_t i = 0; i < step->pre.len; i++)
    put_check(out, "pre", &step->pre.items[i]);
  for (size_t i = 0; i < step->run.len; i++)
    put_statement(out, "run", &step->run.items[i]);
  for (size_t i = 0; i < step->post.len; i++)
    put_check(out, "post", &step->post.items[i]);
  if (step->has_probe)
    put_check(out, "probe", &step->probe_done);
  put_line(out, "undo", step->undo_class);
  for (size_t i = 0; i < step->undo.len; i++)
    put_statement(out, "undo run", &step->undo.items[i]);
  for (size_t i = 0; i < step->locks.len; i++) {
    const ir_lock *lock = &step->locks.items[i];
    upk_buf_str(out, UPK_STR("  lock "));
    put_text(out, lock->mode);
    upk_buf_str(out, UPK_STR(" on "));
    upk_display_name(lock->object.items, lock->object.len, out);
    upk_buf_char(out, '\n');
  }
}

static void put_step(const ir *ir, const ir_step *step, upk_buf *out) {
  upk_buf_str(out, UPK_STR("step "));
  put_text(out, step->id);
  upk_buf_str(out, step->dropped ? UPK_STR(" dropped\n") : UPK_STR("\n"));
  if (step->policy)
    put_line(out, "policy", step->policy->name);
  for (size_t i = 0; i < step->also.len; i++)
    put_line(out, "also", ir->policies.items[step->also.items[i]].name);
  put_line(out, "because", step->because);
  if (step->remedy && step->remedy->arguments.len) {
    upk_buf_str(out, UPK_STR("  with "));
    put_arguments(out, step->remedy);
    upk_buf_char(out, '\n');
  }
  put_line(out, "atomicity", step->atomicity);
  upk_buf_printf(out, "  risk %s\n", risks[step->risk]);
  put_step_effects(out, step);
  put_number(out, "p50_ms", step->estimate.p50_ms, 0);
  put_number(out, "score", step->score, 0);
  for (size_t i = 0; i < step->settings.len; i++)
    upk_buf_printf(out, "  setting %.*s %.*s\n",
                   UPK_FMT(step->settings.items[i].name),
                   UPK_FMT(step->settings.items[i].value));
  for (size_t i = 0; i < step->conflicts.len; i++)
    put_line(out, "conflict", step->conflicts.items[i]);
  put_number(out, "start_ms", step->start_ms, 0);
  put_number(out, "end_ms", step->end_ms, 0);
}

static void put_end(const ir *ir, uint32_t end, upk_buf *out) {
  if (end & IR_BARRIER) {
    upk_buf_str(out, UPK_STR("policy:"));
    put_text(out, ir->policies.items[end & ~IR_BARRIER].name);
  } else {
    put_text(out, ir->steps.items[end].id);
  }
}

static void put_edge(const ir *ir, const ir_edge *edge, upk_buf *out) {
  upk_buf_str(out, UPK_STR("edge "));
  put_end(ir, edge->from, out);
  upk_buf_str(out, UPK_STR(" -> "));
  put_end(ir, edge->to, out);
  upk_buf_str(out, UPK_STR(" because "));
  put_text(out, edge->why);
  upk_buf_char(out, '\n');
}

static void put_deferred(const ir_deferred *deferred, upk_buf *out) {
  upk_buf_str(out, UPK_STR("deferred "));
  put_text(out, deferred->action);
  upk_buf_char(out, ' ');
  put_text(out, deferred->object.display);
  upk_buf_char(out, '\n');
  if (deferred->policy)
    put_line(out, "policy", deferred->policy->name);
  put_line(out, "reason", deferred->reason);
  put_line(out, "because", deferred->because);
}

/* ---- the whole ---- */

void ir_print(const ir *ir, upk_str after_pass, upk_buf *out) {
  upk_buf_str(out, UPK_STR("after "));
  put_text(out, after_pass);
  upk_buf_char(out, '\n');
  for (size_t i = 0; i < ir->project.targets.len; i++)
    put_target(ir, &ir->project.targets.items[i], out);
  for (size_t i = 0; i < ir->project.windows.len; i++)
    put_window(&ir->project.windows.items[i], out);
  for (size_t i = 0; i < ir->engines.len; i++)
    put_engine(ir->engines.items[i], out);
  for (size_t i = 0; i < ir->policies.len; i++)
    put_policy(&ir->policies.items[i], out);
  for (size_t i = 0; i < ir->steps.len; i++)
    put_step(ir, &ir->steps.items[i], out);
  for (size_t i = 0; i < ir->deferred.len; i++)
    put_deferred(&ir->deferred.items[i], out);
  for (size_t i = 0; i < ir->edges.len; i++)
    put_edge(ir, &ir->edges.items[i], out);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    upk_buf_printf(out, "%zu ", i + 1);
    put_text(out, ir->steps.items[ir->plan_order.items[i]].id);
    upk_buf_char(out, '\n');
  }
}
