#include "check/argument.h"

#include <stdlib.h>

#include "front/scalar.h"
#include "step/convert.h"
#include "timefmt.h"

static void suggest(ir *ir, upk_diag *diag, upk_str wrong,
                    const ir_action *action) {
  ir_names names = {0};
  for (size_t i = 0; i < action->parameters.len; i++)
    *UPK_PUSH(ir->arena, &names) = action->parameters.items[i].name;
  upk_diag_suggest(ir->diags, diag, wrong, names.items, names.len);
}

static const ir_parameter *find(const ir_action *action, upk_str name) {
  for (size_t i = 0; i < action->parameters.len; i++)
    if (upk_str_equal(action->parameters.items[i].name, name))
      return &action->parameters.items[i];
  return NULL;
}

/* One `with` may serve a list of actions, of this engine or another: a key is
 * right when any of them has it. */
static bool another_has(const ir *ir, const ir_policy *policy, const node *with,
                        upk_str key) {
  for (size_t i = 0; i < policy->by.len; i++) {
    const ir_remedy *remedy = &policy->by.items[i];
    for (size_t j = 0; remedy->with == with && j < ir->engines.len; j++) {
      const ir_action *action = ir_action_find_for(
          ir->engines.items[j], remedy->action.text, policy->kind_name.text);
      if (action && find(action, key))
        return true;
    }
  }
  return false;
}

/* An action before it in the list has said what is wrong with their keys. */
static bool said_before(const ir_policy *policy, const ir_remedy *remedy) {
  for (const ir_remedy *at = policy->by.items; at < remedy; at++)
    if (at->resolved && at->with == remedy->with)
      return true;
  return false;
}

static bool unknown_keys(ir *ir, const ir_action *action,
                         const ir_policy *policy, const node *with) {
  bool good = true;
  for (size_t i = 0; with && i < with->map.count; i++) {
    const node_member *member = &with->map.members[i];
    if (find(action, member->key) || another_has(ir, policy, with, member->key))
      continue;
    good = false;
    upk_diag *diag = upk_diag_add(ir->diags, 1401, member->key_span,
                                  "action `%.*s` has no parameter `%.*s`",
                                  UPK_FMT(action->name), UPK_FMT(member->key));
    suggest(ir, diag, member->key, action);
    if (!action->parameters.len)
      upk_diag_help(ir->diags, diag, "It takes no parameters.");
  }
  return good;
}

/* ---- values ---- */

static bool is_number(ir_value_type type) {
  return type == IR_VALUE_INT || type == IR_VALUE_BYTES ||
         type == IR_VALUE_DURATION || type == IR_VALUE_RATIO;
}

static bool read_number(ir *ir, const ir_parameter *parameter,
                        const node *value, int64_t *ret) {
  upk_str key = parameter->name;
  switch (parameter->type) {
  case IR_VALUE_BYTES:
    return scalar_bytes(ir->diags, value, key, ret);
  case IR_VALUE_DURATION:
    return scalar_duration(ir->diags, value, key, 0, INT64_MAX, ret);
  case IR_VALUE_RATIO:
    return scalar_ratio(ir->diags, value, key, ret);
  default:
    return scalar_int(ir->diags, value, key, INT64_MIN, INT64_MAX, ret);
  }
}

static void print_number(ir_value_type type, int64_t value, upk_buf *out) {
  if (type == IR_VALUE_BYTES)
    upk_bytes_format(value, out);
  else if (type == IR_VALUE_DURATION)
    upk_duration_format(value, out);
  else if (type == IR_VALUE_RATIO)
    upk_ratio_format(value, out);
  else
    upk_buf_int(out, value);
}

static bool in_range(ir *ir, const ir_parameter *parameter, const node *at,
                     int64_t value) {
  bool low = parameter->has_min && value < parameter->min;
  bool high = parameter->has_max && value > parameter->max;
  if (!low && !high)
    return true;
  upk_buf given = {0}, bound = {0};
  print_number(parameter->type, value, &given);
  print_number(parameter->type, low ? parameter->min : parameter->max, &bound);
  upk_diag_add(ir->diags, 1403, at->span, "`%.*s` is %.*s, %s %.*s",
               UPK_FMT(parameter->name), UPK_FMT(upk_buf_view(&given)),
               low ? "less than" : "more than", UPK_FMT(upk_buf_view(&bound)));
  upk_buf_free(&given);
  upk_buf_free(&bound);
  return false;
}

static bool is_choice(ir *ir, const ir_parameter *parameter, const node *at,
                      upk_str text) {
  if (!parameter->choices.len)
    return true;
  for (size_t i = 0; i < parameter->choices.len; i++)
    if (upk_str_equal(parameter->choices.items[i], text))
      return true;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1404, at->span, "`%.*s` cannot be `%.*s`",
                   UPK_FMT(parameter->name), UPK_FMT(text));
  if (upk_diag_suggest(ir->diags, diag, text, parameter->choices.items,
                       parameter->choices.len))
    return false;
  upk_buf list = {0};
  for (size_t i = 0; i < parameter->choices.len; i++) {
    upk_buf_str(&list, i ? UPK_STR(", ") : UPK_STR(""));
    upk_buf_str(&list, parameter->choices.items[i]);
  }
  upk_diag_help(ir->diags, diag, "It is one of: %.*s.",
                UPK_FMT(upk_buf_view(&list)));
  upk_buf_free(&list);
  return false;
}

static const node *list_value(ir *ir, const ir_action *action,
                              const ir_parameter *parameter,
                              const node *value) {
  static const char *const items[] = {[IR_VALUE_LIST] = "a list of texts",
                                      [IR_VALUE_CHECKS] = "a list of checks",
                                      [IR_VALUE_STATEMENTS] =
                                          "a list of statements"};
  /* An empty table of Lua. */
  if (value->type == NODE_MAP && !value->map.count)
    return node_new(ir->arena, NODE_LIST, value->span);
  if (value->type != NODE_LIST) {
    scalar_refuse(ir->diags, value, parameter->name, items[parameter->type]);
    return NULL;
  }
  convert c = {.arena = ir->arena,
               .diags = ir->diags,
               .code = 1405,
               .span = value->span,
               .user = true,
               .subject = upk_arena_printf(
                   ir->arena, "parameter `%.*s` of action `%.*s`",
                   UPK_FMT(parameter->name), UPK_FMT(action->name))};
  for (size_t i = 0; i < value->list.count; i++) {
    const node *item = value->list.items[i];
    if (parameter->type == IR_VALUE_CHECKS)
      convert_check(&c, item, "a check", false);
    else if (parameter->type == IR_VALUE_STATEMENTS)
      convert_statement(&c, item, "a statement");
    else
      convert_text(&c, item, "each item");
  }
  return c.failed ? NULL : convert_copy(ir->arena, value);
}

/* `value` as the parameter's type, or NULL after a diagnostic. */
static const node *typed_value(ir *ir, const ir_action *action,
                               const ir_parameter *parameter,
                               const node *value) {
  node *result = node_new(ir->arena, NODE_INT, value->span);
  if (is_number(parameter->type)) {
    /* A default of the stdlib may stand in the parameter's own unit. */
    if (value == parameter->otherwise && value->type == NODE_INT)
      return value;
    return read_number(ir, parameter, value, &result->integer) &&
                   in_range(ir, parameter, value, result->integer)
               ? result
               : NULL;
  }
  if (parameter->type == IR_VALUE_BOOL) {
    result->type = NODE_BOOL;
    return scalar_bool(ir->diags, value, parameter->name, &result->boolean)
               ? result
               : NULL;
  }
  if (parameter->type != IR_VALUE_TEXT)
    return list_value(ir, action, parameter, value);
  result->type = NODE_TEXT;
  return scalar_text(ir->diags, value, parameter->name, &result->text) &&
                 is_choice(ir, parameter, value, result->text)
             ? result
             : NULL;
}

static int by_name(const void *a, const void *b) {
  const ir_parameter *const *left = a;
  const ir_parameter *const *right = b;
  return upk_str_compare((*left)->name, (*right)->name);
}

static bool fill(ir *ir, const ir_action *action, ir_remedy *remedy,
                 const node *with) {
  bool good = true;
  size_t count = action->parameters.len;
  const ir_parameter **sorted =
      UPK_NEW_ARRAY(ir->arena, const ir_parameter *, count ? count : 1);
  for (size_t i = 0; i < count; i++)
    sorted[i] = &action->parameters.items[i];
  qsort(sorted, count, sizeof *sorted, by_name);
  remedy->arguments.len = 0;
  for (size_t i = 0; i < count; i++) {
    const node_member *given =
        with ? node_member_find(with, sorted[i]->name) : NULL;
    const node *value = given ? given->value : sorted[i]->otherwise;
    if (!value) {
      if (sorted[i]->required) {
        good = false;
        upk_diag *diag = upk_diag_add(
            ir->diags, 1402, with ? with->span : remedy->action.span,
            "action `%.*s` needs the parameter `%.*s`", UPK_FMT(action->name),
            UPK_FMT(sorted[i]->name));
        upk_diag_help(ir->diags, diag, "Give it under `with`: %.*s.",
                      UPK_FMT(sorted[i]->doc));
      }
      continue;
    }
    value = typed_value(ir, action, sorted[i], value);
    good = good && value;
    if (!value)
      continue;
    UPK_PUSH(ir->arena, &remedy->arguments)->name = sorted[i]->name;
    remedy->arguments.items[remedy->arguments.len - 1].value = value;
  }
  return good;
}

bool argument_check(ir *ir, const ir_policy *policy, ir_remedy *remedy) {
  const ir_action *action = remedy->resolved;
  const node *with = remedy->with;
  if (with && with->type != NODE_MAP) {
    scalar_refuse(ir->diags, with, UPK_STR("with"), "a map");
    return false;
  }
  bool known =
      said_before(policy, remedy) || unknown_keys(ir, action, policy, with);
  return fill(ir, action, remedy, with) && known;
}

bool argument_defaults(ir *ir, const ir_action *action, ir_remedy *remedy) {
  return fill(ir, action, remedy, NULL);
}
