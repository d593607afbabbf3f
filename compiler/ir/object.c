/* Objects as rows of facts, and what is said about them. */
#include <string.h>

#include "ir/scope.h"
#include "ir/trend.h"
#include "timefmt.h"

upk_str ir_target_label(const ir_target *target, upk_str key) {
  for (size_t i = 0; i < target->labels.len; i++)
    if (upk_str_equal(target->labels.items[i].key, key))
      return target->labels.items[i].value;
  if (upk_str_is(key, "engine"))
    return target->engine_name;
  if (upk_str_is(key, "target"))
    return target->name;
  return UPK_NO_STR;
}

const char *ir_verdict_name(ir_verdict verdict) {
  static const char *const names[] = {
      [IR_EXCLUDED] = "excluded",   [IR_HOLDS] = "holds",
      [IR_WARNS] = "warns",         [IR_BROKEN] = "broken",
      [IR_PREDICTED] = "predicted", [IR_UNKNOWN_VERDICT] = "unknown",
      [IR_EXEMPT] = "exempt",
  };
  return names[verdict];
}

/* A key's value as text: session ids are integers. */
static upk_str cell_text(upk_arena *arena, const upk_column *column,
                         size_t row) {
  if (ir_cell_null(column, row))
    return UPK_STR("");
  if (column->type == UPK_TYPE_TEXT)
    return column->texts[column->constant ? 0 : row];
  if (column->type == UPK_TYPE_LIST)
    return UPK_STR("");
  return upk_arena_printf(arena, "%lld",
                          (long long)ir_cell_integer(column, row));
}

/* Absent when the facts do not say. */
static upk_str text_at(upk_arena *arena, const upk_facts_kind *facts,
                       upk_str name, size_t row) {
  const upk_facts_column *column =
      facts ? upk_facts_column_find(facts, name) : NULL;
  return column && !ir_cell_null(&column->values, row)
             ? cell_text(arena, &column->values, row)
             : UPK_NO_STR;
}

ir_object ir_object_in(upk_arena *arena, const ir *ir, ir_kind *kind,
                       size_t row) {
  const upk_facts_kind *facts = upk_facts_kind_find(&ir->facts, kind->name);
  upk_str *name = UPK_NEW_ARRAY(arena, upk_str, kind->keys.len + 1);
  for (size_t i = 0; i < kind->keys.len; i++) {
    const upk_facts_column *column =
        facts ? upk_facts_column_find(facts, kind->keys.items[i]) : NULL;
    name[i] = column ? cell_text(arena, &column->values, row) : UPK_STR("");
  }
  ir_object object = {
      .kind = kind, .row = row, .name = name, .name_count = kind->keys.len};
  if (!kind->keys.len) {
    object.display = kind->name;
  } else {
    upk_buf buf = {0};
    upk_display_name(name, object.name_count, &buf);
    object.display = upk_arena_copy(arena, upk_buf_view(&buf));
    upk_buf_free(&buf);
  }
  object.native_id = text_at(arena, facts, UPK_STR("native_id"), row);
  object.fingerprint = text_at(arena, facts, UPK_STR("fingerprint"), row);
  return object;
}

ir_object ir_object_at(ir *ir, ir_kind *kind, size_t row) {
  return ir_object_in(ir->arena, ir, kind, row);
}

/* ---- because ---- */

/* Why facts have no value there: the row's reason, or the column's. */
static upk_str null_reason(const ir *ir, const ir_slot *slot, size_t row) {
  const upk_facts_kind *facts =
      upk_facts_kind_find(&ir->facts, slot->kind->name);
  const upk_facts_column *column =
      facts ? upk_facts_column_find(facts, slot->column) : NULL;
  if (!column)
    return UPK_STR("not collected");
  if (column->reason.data)
    return column->reason;
  upk_buf name = {0};
  upk_buf_str(&name, slot->column);
  upk_buf_str(&name, UPK_STR(".reason"));
  const upk_facts_column *reasons =
      upk_facts_column_find(facts, upk_buf_view(&name));
  upk_buf_free(&name);
  if (reasons && reasons->values.type == UPK_TYPE_TEXT &&
      !ir_cell_null(&reasons->values, row))
    return ir_cell_text(&reasons->values, row);
  return UPK_NO_STR;
}

static void add_reason(const ir *ir, const ir_scope *scope,
                       const upk_expr *expr, size_t row, upk_buf *out) {
  const upk_expr_name *names;
  size_t count = upk_expr_names(expr, &names);
  for (size_t i = 0; i < count; i++) {
    const ir_slot *slot = &scope->slots.items[names[i].slot];
    if (slot->source != IR_SLOT_OWN ||
        !ir_cell_null(&scope->columns.items[names[i].slot], row))
      continue;
    upk_str reason = null_reason(ir, slot, row);
    if (reason.data) {
      upk_buf_str(out, UPK_STR(": "));
      upk_buf_str(out, reason);
      return;
    }
  }
}

/* The expression that decided the verdict. */
static const ir_expression *decider(const ir_policy *policy, size_t row,
                                    const upk_column *columns) {
  ir_verdict verdict = policy->verdicts[row];
  if (verdict == IR_WARNS)
    return &policy->warn;
  if (verdict == IR_UNKNOWN_VERDICT && policy->where.compiled &&
      upk_expr_truth(policy->where.compiled, columns, row) == UPK_UNKNOWN)
    return &policy->where;
  return &policy->ensure;
}

/* "rows 50 grows by 60 within 10d", of each attribute that has a trend. */
static void add_growth(const ir_policy *policy, size_t row, upk_buf *out) {
  ir_scope *scope = policy->kind->scope;
  const upk_expr_name *names;
  size_t count = upk_expr_names(policy->ensure.compiled, &names);
  for (size_t i = 0; i < count; i++) {
    int64_t growth;
    int64_t trend = ir_trend_slot(scope, names[i].slot);
    if (trend == IR_NO_TREND ||
        !ir_trend_growth(scope, (size_t)trend, row, policy->ahead_us,
                         &growth) ||
        !growth)
      continue;
    upk_column one = {
        .type = names[i].type, .constant = true, .integers = &growth};
    upk_buf_str(out, out->len ? UPK_STR(", ") : UPK_STR(""));
    upk_buf_str(out, scope->slots.items[names[i].slot].column);
    upk_buf_char(out, ' ');
    upk_literal_print(names[i].type, &scope->columns.items[names[i].slot], row,
                      out);
    upk_buf_str(out, UPK_STR(" grows by "));
    upk_literal_print(names[i].type, &one, 0, out);
    upk_buf_str(out, UPK_STR(" within "));
    upk_duration_format(policy->ahead_us, out);
  }
}

/* Whether the invariant is broken in a row when so much time has passed. */
static bool breaks_within(const ir_policy *policy, size_t row, int64_t ahead_us,
                          upk_arena *scratch) {
  ir_scope *scope = policy->kind->scope;
  const upk_expr_name *names;
  size_t count = upk_expr_names(policy->ensure.compiled, &names);
  upk_column *columns =
      UPK_NEW_ARRAY(scratch, upk_column, scope->columns.len + 1);
  memcpy(columns, scope->columns.items, scope->columns.len * sizeof *columns);
  for (size_t i = 0; i < count; i++) {
    upk_column *column = &columns[names[i].slot];
    int64_t growth, *value = UPK_NEW(scratch, int64_t);
    int64_t trend = ir_trend_slot(scope, names[i].slot);
    if (trend == IR_NO_TREND || ir_cell_null(column, row) ||
        !ir_trend_growth(scope, (size_t)trend, row, ahead_us, &growth) ||
        __builtin_add_overflow(ir_cell_integer(column, row), growth, value))
      continue;
    *column =
        (upk_column){.type = column->type, .constant = true, .integers = value};
  }
  return upk_expr_truth(policy->ensure.compiled, columns, row) == UPK_FALSE;
}

/* The hour in which it breaks, by halving: a trend goes one way. */
static void add_moment(const ir *ir, const ir_policy *policy, size_t row,
                       upk_buf *out) {
  const int64_t hour_us = INT64_C(3600) * 1000000;
  int64_t low = 0, high = policy->ahead_us / hour_us + 1, at_us;
  upk_arena *scratch = upk_arena_new(NULL);
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    if (breaks_within(policy, row, middle * hour_us, scratch))
      high = middle;
    else
      low = middle;
    upk_arena_reset(scratch);
  }
  upk_arena_free(scratch);
  if (__builtin_add_overflow(ir->now_us / hour_us * hour_us, high * hour_us,
                             &at_us))
    return;
  upk_buf_str(out, UPK_STR(", breaks about "));
  upk_timestamp_format(at_us, out);
}

upk_str ir_because_in(upk_arena *arena, ir *ir, const ir_policy *policy,
                      size_t row) {
  const ir_scope *scope = policy->kind->scope;
  const upk_column *columns = scope->columns.items;
  const ir_expression *expression = decider(policy, row, columns);
  if (policy->asked.data)
    return UPK_STR("asked for, with --do");
  if (!expression->compiled)
    return policy->verdicts[row] == IR_UNKNOWN_VERDICT
               ? UPK_STR("its function gives nil")
               : UPK_STR("its function gives false");
  upk_buf buf = {0};
  if (policy->verdicts[row] == IR_PREDICTED) {
    add_growth(policy, row, &buf);
    add_moment(ir, policy, row, &buf);
  } else
    upk_expr_because(expression->compiled, columns, row, &buf);
  if (upk_expr_truth(expression->compiled, columns, row) == UPK_UNKNOWN)
    add_reason(ir, scope, expression->compiled, row, &buf);
  upk_str text = upk_arena_copy(arena, upk_buf_view(&buf));
  upk_buf_free(&buf);
  return text;
}

upk_str ir_because(ir *ir, const ir_policy *policy, size_t row) {
  return ir_because_in(ir->arena, ir, policy, row);
}
