#include "bind/verdict.h"

#include "bind/asked.h"

#include <string.h>

#include "ir/trend.h"

typedef struct work {
  ir *ir;
  ir_policy *policy;
  ir_scope *scope;
  upk_arena *scratch;
  size_t rows;
  upk_expr_faults faults;
} work;

static uint8_t *all(const work *w, upk_truth truth) {
  uint8_t *truths = UPK_NEW_ARRAY(w->scratch, uint8_t, w->rows + 1);
  memset(truths, (int)truth, w->rows);
  return truths;
}

static uint8_t *truths_of(const work *w, const upk_expr *expr,
                          const upk_column *columns, upk_expr_faults *faults) {
  uint8_t *truths = UPK_NEW_ARRAY(w->scratch, uint8_t, w->rows + 1);
  upk_column result;
  upk_expr_eval(expr, columns, 0, w->rows, w->scratch, &result, faults);
  for (size_t i = 0; i < w->rows; i++)
    truths[i] = result.null && result.null[i] ? UPK_UNKNOWN
                : result.integers[i]          ? UPK_TRUE
                                              : UPK_FALSE;
  return truths;
}

/* An expression that is not given is true. */
static bool evaluate(work *w, const ir_expression *expression,
                     uint8_t **ret_truths) {
  if (expression->function)
    return predicate_eval(w->ir, w->policy, expression->function, w->rows,
                          w->scratch, ret_truths);
  *ret_truths = expression->compiled
                    ? truths_of(w, expression->compiled,
                                w->scope->columns.items, &w->faults)
                    : all(w, UPK_TRUE);
  return true;
}

static ir_verdict judge(uint8_t where, uint8_t ensure, uint8_t warn,
                        ir_unknown if_unknown) {
  if (where == UPK_FALSE)
    return IR_EXCLUDED;
  if (where == UPK_UNKNOWN)
    return IR_UNKNOWN_VERDICT;
  if (ensure == UPK_UNKNOWN)
    return if_unknown == IR_UNKNOWN_FAIL ? IR_BROKEN : IR_UNKNOWN_VERDICT;
  if (ensure == UPK_FALSE)
    return IR_BROKEN;
  return warn == UPK_FALSE ? IR_WARNS : IR_HOLDS;
}

/* ---- prediction ---- */

static upk_column grown(const work *w, const upk_column *column,
                        size_t trend_slot) {
  int64_t *integers = UPK_NEW_ARRAY(w->scratch, int64_t, w->rows + 1);
  uint8_t *null = UPK_NEW_ARRAY(w->scratch, uint8_t, w->rows + 1);
  for (size_t row = 0; row < w->rows; row++) {
    int64_t growth;
    null[row] = ir_cell_null(column, row) ||
                !ir_trend_growth(w->scope, trend_slot, row, w->policy->ahead_us,
                                 &growth) ||
                __builtin_add_overflow(ir_cell_integer(column, row), growth,
                                       &integers[row]);
  }
  return (upk_column){.type = column->type, .integers = integers, .null = null};
}

/* What holds today and is broken when `ahead` has passed is predicted. */
static void predict(work *w) {
  const upk_expr *ensure = w->policy->ensure.compiled;
  const upk_expr_name *names;
  size_t count = ensure ? upk_expr_names(ensure, &names) : 0;
  upk_column *columns = NULL;
  for (size_t i = 0; i < count; i++) {
    int64_t trend = ir_trend_slot(w->scope, names[i].slot);
    if (trend == IR_NO_TREND)
      continue;
    ir_scope_bind(w->scope);
    size_t slots = w->scope->columns.len;
    if (!columns) {
      columns = UPK_NEW_ARRAY(w->scratch, upk_column, slots + count);
      memcpy(columns, w->scope->columns.items, slots * sizeof *columns);
    }
    columns[names[i].slot] =
        grown(w, &w->scope->columns.items[names[i].slot], (size_t)trend);
  }
  if (!columns)
    return;
  uint8_t *later = truths_of(w, ensure, columns, NULL);
  for (size_t i = 0; i < w->rows; i++)
    if (later[i] == UPK_FALSE && (w->policy->verdicts[i] == IR_HOLDS ||
                                  w->policy->verdicts[i] == IR_WARNS))
      w->policy->verdicts[i] = IR_PREDICTED;
}

/* ---- faults ---- */

/* Faults on objects that `where` leaves out do not matter: looks again, at
 * the others alone. */
static void report_faults(const work *w) {
  const ir_policy *policy = w->policy;
  const upk_expr *expressions[] = {
      policy->where.compiled, policy->ensure.compiled, policy->warn.compiled};
  size_t objects = 0, first = 0;
  for (size_t row = 0; row < w->rows; row++) {
    upk_expr_faults faults = {0};
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
      upk_column result;
      if (expressions[i] && (i == 0 || policy->verdicts[row] != IR_EXCLUDED))
        upk_expr_eval(expressions[i], w->scope->columns.items, row, 1,
                      w->scratch, &result, &faults);
    }
    if (!faults.overflows && !faults.zero_divisions)
      continue;
    first = objects++ ? first : row;
  }
  if (!objects)
    return;
  ir_object object = ir_object_at(w->ir, policy->kind, first);
  upk_diag *diag = upk_diag_add(
      w->ir->diags, 1505, policy->name_span,
      "policy `%.*s` overflows or divides by zero for %zu %s, first `%.*s`",
      UPK_FMT(policy->name), objects, objects == 1 ? "object" : "objects",
      UPK_FMT(object.display));
  upk_diag_help(w->ir->diags, diag,
                "Such values count as unknown; `case when` can guard them.");
}

bool verdict_fill(ir *ir, ir_policy *policy, upk_arena *scratch) {
  work w = {.ir = ir,
            .policy = policy,
            .scope = policy->kind->scope,
            .scratch = scratch,
            .rows = ir_kind_rows(ir, policy->kind)};
  uint8_t *where, *ensure, *warn;
  if (!evaluate(&w, &policy->where, &where) ||
      !evaluate(&w, &policy->ensure, &ensure) ||
      !evaluate(&w, &policy->warn, &warn))
    return false;
  policy->verdicts = UPK_NEW_ARRAY(ir->arena, uint8_t, w.rows + 1);
  memset(policy->counts, 0, sizeof policy->counts);
  for (size_t i = 0; i < w.rows; i++)
    policy->verdicts[i] =
        (uint8_t)judge(where[i], ensure[i], warn[i], policy->if_unknown);
  if (policy->asked.data) {
    asked_judge(ir, policy);
    return true;
  }
  if (policy->ahead_us)
    predict(&w);
  if (policy->exempt)
    exempt_apply(ir, policy);
  for (size_t i = 0; i < w.rows; i++)
    policy->counts[policy->verdicts[i]]++;
  if (w.faults.overflows || w.faults.zero_divisions)
    report_faults(&w);
  return true;
}
