/* What was looked at and not done, and why. */
#include <stdlib.h>

#include "emit/plan.h"
#include "ir/scope.h"

/* Rows that a policy acts on though nothing is known of them: a byte a row,
 * NULL for policies that do not. */
typedef uint8_t *acted_rows;

static void mark_acted(const ir *ir, const ir_policy *policy, size_t row,
                       acted_rows *acted) {
  if (policy->if_unknown != IR_UNKNOWN_ACT)
    return;
  if (!*acted)
    *acted =
        UPK_NEW_ARRAY(ir->arena, uint8_t, ir_kind_rows(ir, policy->kind) + 1);
  (*acted)[row] = 1;
}

static acted_rows *find_acted(const ir *ir) {
  acted_rows *acted =
      UPK_NEW_ARRAY(ir->arena, acted_rows, ir->policies.len + 1);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (!step->policy || step->object.kind != step->policy->kind)
      continue;
    mark_acted(ir, step->policy, step->object.row, &acted[step->policy_index]);
    for (size_t j = 0; j < step->also.len; j++) {
      size_t other = step->also.items[j];
      if (ir->policies.items[other].kind == step->object.kind)
        mark_acted(ir, &ir->policies.items[other], step->object.row,
                   &acted[other]);
    }
  }
  return acted;
}

/* What is said in full: whatever the plan says nowhere else. */
static bool is_detail(const ir_policy *policy, size_t row,
                      const uint8_t *acted) {
  switch ((ir_verdict)policy->verdicts[row]) {
  case IR_UNKNOWN_VERDICT:
    return !acted || !acted[row];
  case IR_WARNS:
  case IR_EXEMPT:
    return true;
  case IR_BROKEN:
  case IR_PREDICTED:
    return policy->by.len == 0;
  case IR_EXCLUDED:
  case IR_HOLDS:
    break;
  }
  return false;
}

static void write_detail(ir *ir, upk_json_writer *w, const ir_policy *policy,
                         size_t row, upk_arena *scratch) {
  ir_object object = ir_object_in(scratch, ir, policy->kind, row);
  upk_json_begin_object(w);
  upk_json_put_string(w, "because", ir_because_in(scratch, ir, policy, row));
  upk_json_key(w, "object");
  emit_strings(w, object.name, object.name_count);
  upk_json_put_string(w, "verdict",
                      upk_str_from(ir_verdict_name(policy->verdicts[row])));
  upk_json_end_object(w);
}

static void write_details(ir *ir, upk_json_writer *w, const ir_policy *policy,
                          const uint8_t *acted) {
  size_t rows = policy->verdicts ? ir_kind_rows(ir, policy->kind) : 0;
  upk_arena *scratch = upk_arena_new(NULL);
  upk_json_begin_array(w);
  for (size_t row = 0; row < rows; row++)
    if (is_detail(policy, row, acted)) {
      write_detail(ir, w, policy, row, scratch);
      upk_arena_reset(scratch);
    }
  upk_json_end_array(w);
  upk_arena_free(scratch);
}

static void put_count(upk_json_writer *w, const ir_policy *policy,
                      ir_verdict verdict) {
  upk_json_put_int(w, ir_verdict_name(verdict),
                   (int64_t)policy->counts[verdict]);
}

static void write_policy(ir *ir, upk_json_writer *w, const ir_policy *policy,
                         const uint8_t *acted) {
  upk_json_begin_object(w);
  put_count(w, policy, IR_BROKEN);
  upk_json_key(w, "details");
  write_details(ir, w, policy, acted);
  put_count(w, policy, IR_EXCLUDED);
  put_count(w, policy, IR_EXEMPT);
  put_count(w, policy, IR_HOLDS);
  upk_json_put_string(w, "kind", policy->kind->name);
  upk_json_put_string(w, "policy", policy->name);
  put_count(w, policy, IR_PREDICTED);
  put_count(w, policy, IR_UNKNOWN_VERDICT);
  put_count(w, policy, IR_WARNS);
  upk_json_end_object(w);
}

void emit_considered(ir *ir, upk_json_writer *w) {
  const acted_rows *acted = find_acted(ir);
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies && ir->policies.items[i].kind)
      write_policy(ir, w, &ir->policies.items[i], acted[i]);
  upk_json_end_array(w);
}

void emit_deferred(ir *ir, upk_json_writer *w) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->deferred.len; i++) {
    const ir_deferred *deferred = &ir->deferred.items[i];
    upk_json_begin_object(w);
    upk_json_put_string(w, "action", deferred->action);
    upk_json_put_string(w, "because", deferred->because);
    if (deferred->detail.data)
      upk_json_put_string(w, "detail", deferred->detail);
    upk_json_key(w, "object");
    emit_strings(w, deferred->object.name, deferred->object.name_count);
    if (deferred->policy)
      upk_json_put_string(w, "policy", deferred->policy->name);
    upk_json_put_string(w, "reason", deferred->reason);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

/* Only what speaks of this plan, and of no place: a warning about the spelling
 * of a file is not the plan's. */
static bool is_of_plan(const upk_diag *diag) {
  return diag->code >= 1500 && diag->code < 2100;
}

static int by_code(const void *a, const void *b) {
  const upk_diag *left = *(const upk_diag *const *)a;
  const upk_diag *right = *(const upk_diag *const *)b;
  if (left->code != right->code)
    return left->code < right->code ? -1 : 1;
  return upk_str_compare(left->message, right->message);
}

static const char *severity_name(upk_severity severity) {
  static const char *const names[] = {
      [UPK_NOTE] = "note", [UPK_WARNING] = "warning", [UPK_FAILURE] = "error"};
  return names[severity];
}

void emit_diagnostics(ir *ir, upk_json_writer *w) {
  const upk_diag **found =
      UPK_NEW_ARRAY(ir->arena, const upk_diag *, ir->diags->items.len + 1);
  size_t count = 0;
  for (size_t i = 0; i < ir->diags->items.len; i++)
    if (is_of_plan(&ir->diags->items.items[i]))
      found[count++] = &ir->diags->items.items[i];
  qsort(found, count, sizeof *found, by_code);
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++) {
    upk_json_begin_object(w);
    upk_json_put_int(w, "code", found[i]->code);
    upk_json_put_string(w, "message", found[i]->message);
    upk_json_put_string(w, "severity",
                        upk_str_from(severity_name(found[i]->severity)));
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}
