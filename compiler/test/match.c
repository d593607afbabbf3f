/* Rows of a test against steps of the plan: which they name, and whether these
 * are as they say. */
#include <string.h>

#include "front/scalar.h"
#include "ir/scope.h"
#include "test/test.h"

static const char *const risks[] = {[IR_RISK_LOW] = "low",
                                    [IR_RISK_MEDIUM] = "medium",
                                    [IR_RISK_HIGH] = "high"};

/* ---- what a row names ---- */

bool test_fits(upk_str text, upk_str wanted) {
  return !wanted.data || upk_str_equal(text, wanted) || upk_glob(text, wanted);
}

upk_str test_row_action(const test_row *row) {
  upk_str rest;
  if (row->action.text.data || !row->step.text.data)
    return row->action.text;
  return upk_str_split(row->step.text, ':', &rest);
}

upk_str test_row_object(const test_row *row) {
  upk_str rest = UPK_NO_STR;
  if (row->object.text.data || !row->step.text.data)
    return row->object.text;
  upk_str_split(row->step.text, ':', &rest);
  return rest;
}

upk_str test_row_text(ir *ir, const test_row *row) {
  upk_str action = test_row_action(row), object = test_row_object(row);
  upk_str policy = row->policy.text;
  upk_buf text = {0};
  if (action.data)
    upk_buf_printf(&text, "`%.*s`", UPK_FMT(action));
  else
    upk_buf_str(&text, UPK_STR("a step"));
  if (object.data)
    upk_buf_printf(&text, " of `%.*s`", UPK_FMT(object));
  if (policy.data)
    upk_buf_printf(&text, " for policy `%.*s`", UPK_FMT(policy));
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

/* Whether a policy asks for the step: its own, or one that it stands for. */
static bool policy_fits(const ir *ir, const ir_step *step, upk_str wanted) {
  if (!wanted.data)
    return true;
  if (step->policy && upk_str_equal(step->policy->name, wanted))
    return true;
  for (size_t i = 0; i < step->also.len; i++)
    if (upk_str_equal(ir->policies.items[step->also.items[i]].name, wanted))
      return true;
  return false;
}

bool test_step_named(ir *ir, const ir_step *step, const test_row *row) {
  return test_fits(step->id, row->step.text) &&
         test_fits(step->action->name, row->action.text) &&
         test_fits(step->object.display, row->object.text) &&
         policy_fits(ir, step, row->policy.text);
}

/* ---- parameters ---- */

static const ir_parameter *parameter_of(const ir_action *action, upk_str name) {
  for (size_t i = 0; i < action->parameters.len; i++)
    if (upk_str_equal(action->parameters.items[i].name, name))
      return &action->parameters.items[i];
  return NULL;
}

static const node *argument_of(const ir_step *step, upk_str name) {
  for (size_t i = 0; step->remedy && i < step->remedy->arguments.len; i++)
    if (upk_str_equal(step->remedy->arguments.items[i].name, name))
      return step->remedy->arguments.items[i].value;
  return NULL;
}

static bool number_equal(const ir_parameter *parameter, const node *got,
                         const node *wanted, upk_diags *ignored) {
  int64_t number = 0;
  upk_str key = parameter->name;
  bool read =
      parameter->type == IR_VALUE_BYTES
          ? scalar_bytes(ignored, wanted, key, &number)
      : parameter->type == IR_VALUE_DURATION
          ? scalar_duration(ignored, wanted, key, 0, INT64_MAX, &number)
      : parameter->type == IR_VALUE_RATIO
          ? scalar_ratio(ignored, wanted, key, &number)
          : scalar_int(ignored, wanted, key, INT64_MIN, INT64_MAX, &number);
  return read && got->type == NODE_INT && got->integer == number;
}

static bool is_text(const node *value) {
  return value->type == NODE_TEXT || value->type == NODE_PLAIN;
}

/* Texts and what holds them; numbers within lists as they are written. */
static bool node_equal(const node *got, const node *wanted, int depth) {
  if (is_text(got) && is_text(wanted))
    return upk_str_equal(upk_str_trim(got->text), upk_str_trim(wanted->text));
  if (got->type != wanted->type || depth > 16)
    return false;
  if (got->type == NODE_LIST) {
    bool equal = got->list.count == wanted->list.count;
    for (size_t i = 0; equal && i < got->list.count; i++)
      equal = node_equal(got->list.items[i], wanted->list.items[i], depth + 1);
    return equal;
  }
  if (got->type != NODE_MAP || got->map.count != wanted->map.count)
    return got->type == NODE_INT && got->integer == wanted->integer;
  for (size_t i = 0; i < got->map.count; i++) {
    const node_member *other =
        node_member_find(wanted, got->map.members[i].key);
    if (!other ||
        !node_equal(got->map.members[i].value, other->value, depth + 1))
      return false;
  }
  return true;
}

static bool argument_equal(const ir_parameter *parameter, const node *got,
                           const node *wanted, upk_diags *ignored) {
  bool truth;
  switch (parameter->type) {
  case IR_VALUE_BOOL:
    return scalar_bool(ignored, wanted, parameter->name, &truth) &&
           got->type == NODE_BOOL && got->boolean == truth;
  case IR_VALUE_INT:
  case IR_VALUE_BYTES:
  case IR_VALUE_DURATION:
  case IR_VALUE_RATIO:
    return number_equal(parameter, got, wanted, ignored);
  case IR_VALUE_TEXT:
  case IR_VALUE_LIST:
  case IR_VALUE_CHECKS:
  case IR_VALUE_STATEMENTS:
    break;
  }
  return node_equal(got, wanted, 0);
}

static upk_str argument_text(ir *ir, const ir_parameter *parameter,
                             const node *value) {
  int64_t number = value->type == NODE_INT ? value->integer : 0;
  static const upk_type types[] = {[IR_VALUE_BYTES] = UPK_TYPE_BYTES,
                                   [IR_VALUE_DURATION] = UPK_TYPE_DURATION,
                                   [IR_VALUE_RATIO] = UPK_TYPE_RATIO,
                                   [IR_VALUE_INT] = UPK_TYPE_INT};
  if (is_text(value))
    return value->text;
  if (value->type == NODE_BOOL)
    return value->boolean ? UPK_STR("true") : UPK_STR("false");
  if (value->type != NODE_INT)
    return upk_str_from(node_describe(value));
  const upk_column column = {
      .type = types[parameter->type], .constant = true, .integers = &number};
  upk_buf text = {0};
  upk_literal_print(column.type, &column, 0, &text);
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

/* ---- order ---- */

/* Marks what must have ended before a step: backwards over edges and barriers.
 * Policies stand behind the steps. */
static void mark_before(ir *ir, uint32_t step, bool *before) {
  size_t steps = ir->steps.len;
  bool changed = true;
  before[step] = true;
  while (changed) { /* edges are sorted by name, not by order */
    changed = false;
    for (size_t i = 0; i < ir->edges.len; i++) {
      const ir_edge *edge = &ir->edges.items[i];
      size_t from = edge->from & IR_BARRIER ? steps + (edge->from & ~IR_BARRIER)
                                            : edge->from;
      size_t to =
          edge->to & IR_BARRIER ? steps + (edge->to & ~IR_BARRIER) : edge->to;
      if (!before[to] || before[from])
        continue;
      before[from] = changed = true;
    }
  }
  before[step] = false;
}

/* Whether some step of that name is planned, and all of them come before. */
static bool comes_after(ir *ir, uint32_t step, upk_str wanted, bool *ret_any) {
  bool *before =
      UPK_NEW_ARRAY(ir->arena, bool, ir->steps.len + ir->policies.len + 1);
  bool all = true;
  *ret_any = false;
  mark_before(ir, step, before);
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    uint32_t number = ir->plan_order.items[i];
    if (number == step || !test_fits(ir->steps.items[number].id, wanted))
      continue;
    *ret_any = true;
    all = all && before[number];
  }
  return *ret_any && all;
}

/* ---- one step ---- */

bool test_contains(upk_str text, upk_str part) {
  if (!part.len)
    return true;
  for (size_t i = 0; i + part.len <= text.len; i++)
    if (!memcmp(text.data + i, part.data, part.len))
      return true;
  return false;
}

static upk_diag *differs(upk_diags *said, const ir_step *step, upk_span at,
                         const char *what, upk_str got, upk_str wanted) {
  return upk_diag_add(said, 4113, at, "%s of `%.*s` is `%.*s`, not `%.*s`",
                      what, UPK_FMT(step->id), UPK_FMT(got), UPK_FMT(wanted));
}

static void check_parameters(ir *ir, const ir_step *step, const test_row *row,
                             upk_diags *said) {
  upk_arena *scratch = upk_arena_new(NULL);
  upk_diags ignored;
  upk_diags_init(&ignored, scratch);
  for (size_t i = 0; row->parameters && i < row->parameters->map.count; i++) {
    const node_member *wanted = &row->parameters->map.members[i];
    const ir_parameter *parameter = parameter_of(step->action, wanted->key);
    const node *got = argument_of(step, wanted->key);
    if (parameter && got &&
        argument_equal(parameter, got, wanted->value, &ignored))
      continue;
    upk_diag *diag = upk_diag_add(
        said, 4113, wanted->value->span,
        "parameter `%.*s` of `%.*s` is %.*s, not %.*s", UPK_FMT(wanted->key),
        UPK_FMT(step->id),
        UPK_FMT(parameter && got ? argument_text(ir, parameter, got)
                                 : UPK_STR("not given")),
        UPK_FMT(is_text(wanted->value)
                    ? wanted->value->text
                    : upk_str_from(node_describe(wanted->value))));
    if (!parameter)
      upk_diag_help(said, diag, "action `%.*s` has no such parameter",
                    UPK_FMT(step->action->name));
  }
  upk_arena_free(scratch);
}

static void check_after(ir *ir, uint32_t number, const test_row *row,
                        upk_diags *said) {
  const ir_step *step = &ir->steps.items[number];
  for (size_t i = 0; i < row->after.len; i++) {
    const ir_text *wanted = &row->after.items[i];
    bool any;
    if (comes_after(ir, number, wanted->text, &any))
      continue;
    upk_diag *diag = upk_diag_add(said, 4114, wanted->span,
                                  "`%.*s` does not wait for `%.*s`",
                                  UPK_FMT(step->id), UPK_FMT(wanted->text));
    upk_diag_note(said, diag,
                  any ? "Both are planned, and nothing orders them so."
                      : "No such step is planned.");
  }
}

static upk_str window_of(const ir_step *step) {
  return step->window ? step->window->name : UPK_STR("none");
}

void test_step_details(ir *ir, uint32_t number, const test_row *row,
                       upk_diags *said) {
  const ir_step *step = &ir->steps.items[number];
  if (!test_contains(step->because, row->because.text))
    differs(said, step, row->because.span, "the reason", step->because,
            row->because.text);
  if (row->window.data && !upk_str_equal(window_of(step), row->window))
    differs(said, step, row->span, "the window", window_of(step), row->window);
  if (row->risk.data && !upk_str_is(row->risk, risks[step->risk]))
    differs(said, step, row->span, "the risk", upk_str_from(risks[step->risk]),
            row->risk);
  check_parameters(ir, step, row, said);
  check_after(ir, number, row, said);
}
