/* `approvals_required`: what the project at hand asks for. The executor asks
 * its own rules again. */
#include "emit/plan.h"
#include "ir/scope.h"

static upk_str risk_text(ir_risk risk) {
  return risk == IR_RISK_LOW      ? UPK_STR("low")
         : risk == IR_RISK_MEDIUM ? UPK_STR("medium")
                                  : UPK_STR("high");
}

static bool runs_program(const ir_step *step) {
  for (size_t i = 0; i < step->run.len; i++)
    if (step->run.items[i].exec)
      return true;
  return false;
}

static int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }

static upk_approval_values values_of(const ir *ir, const ir_step *step) {
  const ir_estimate *e = &step->estimate;
  upk_approval_values v = {0};
  v.texts[UPK_APPROVAL_action] = step->action->name;
  v.texts[UPK_APPROVAL_atomicity] = step->atomicity;
  v.texts[UPK_APPROVAL_engine] = ir->engine->name;
  v.texts[UPK_APPROVAL_kind] = step->object.kind->name;
  v.texts[UPK_APPROVAL_object] = step->object.display;
  if (step->policy)
    v.texts[UPK_APPROVAL_policy] = step->policy->name;
  v.texts[UPK_APPROVAL_risk] = risk_text(step->risk);
  v.texts[UPK_APPROVAL_target] = ir->target->name;
  v.texts[UPK_APPROVAL_undo] = step->undo_class;
  if (step->window)
    v.texts[UPK_APPROVAL_window] = step->window->name;
  v.integers[UPK_APPROVAL_blocking] = e->blocking_ms * 1000;
  v.integers[UPK_APPROVAL_bytes] =
      largest(e->reads_bytes, largest(e->writes_bytes, e->disk_peak_bytes));
  v.integers[UPK_APPROVAL_duration] = e->p90_ms * 1000;
  v.integers[UPK_APPROVAL_irreversible] = upk_str_is(step->undo_class, "none");
  v.integers[UPK_APPROVAL_plan_blocking] = ir->totals.blocking_ms * 1000;
  v.integers[UPK_APPROVAL_program] = runs_program(step);
  v.integers[UPK_APPROVAL_steps] = (int64_t)ir->plan_order.len;
  return v;
}

static upk_str label_of(void *ctx, upk_str key) {
  return ir_target_label(ctx, key);
}

/* Marks in `asked` (rules by steps) which rules each step falls under: the
 * first that fits, and any before it that cannot be told. */
static void ask_rules(ir *ir, bool *asked) {
  upk_arena *scratch = upk_arena_new(NULL);
  size_t rules = ir->project.approvals.len;
  for (size_t s = 0; s < ir->plan_order.len; s++) {
    upk_approval_values values =
        values_of(ir, &ir->steps.items[ir->plan_order.items[s]]);
    for (size_t r = 0; r < rules; r++) {
      upk_arena_reset(scratch);
      upk_truth fits =
          upk_approval_fits(scratch, &ir->project.approvals.items[r].fits,
                            &values, label_of, ir->target);
      asked[r * ir->plan_order.len + s] = fits != UPK_FALSE;
      if (fits == UPK_TRUE)
        break;
    }
  }
  upk_arena_free(scratch);
}

static void write_rule(const ir *ir, upk_json_writer *w,
                       const ir_approval *rule, const bool *asked) {
  upk_buf when = {0};
  upk_json_begin_object(w);
  upk_json_put_int(w, "signatures", rule->signatures);
  upk_json_key(w, "steps");
  upk_json_begin_array(w);
  for (size_t s = 0; s < ir->plan_order.len; s++)
    if (asked[s])
      upk_json_string(w, ir->steps.items[ir->plan_order.items[s]].id);
  upk_json_end_array(w);
  if (rule->fits.expr) {
    upk_expr_print(rule->fits.expr, NULL, NULL, &when);
    upk_json_put_string(w, "when", upk_buf_view(&when));
  }
  upk_json_end_object(w);
  upk_buf_free(&when);
}

static bool any(const bool *asked, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (asked[i])
      return true;
  return false;
}

void emit_approvals(ir *ir, upk_json_writer *w) {
  size_t rules = ir->project.approvals.len, steps = ir->plan_order.len;
  bool *asked = UPK_NEW_ARRAY(ir->arena, bool, rules *steps + 1);
  ask_rules(ir, asked);
  upk_json_begin_array(w);
  for (size_t r = 0; r < rules; r++) {
    const ir_approval *rule = &ir->project.approvals.items[r];
    if (rule->signatures && any(&asked[r * steps], steps))
      write_rule(ir, w, rule, &asked[r * steps]);
  }
  upk_json_end_array(w);
}
