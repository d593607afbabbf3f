/* Selectors of targets, and selections of policies and steps. */
#include "pass/selector.h"

#include "ir/scope.h"

/* ---- targets of a policy ---- */

static bool label_find(void *ctx, const upk_name *name, upk_type *ret_type,
                       uint32_t *ret_slot) {
  ir_names *labels = ctx;
  if (!name->qualifier.data || !upk_str_is(name->qualifier, "labels") ||
      name->argument_count)
    return false;
  *ret_type = UPK_TYPE_TEXT;
  *ret_slot = 0;
  while (*ret_slot < labels->len &&
         !upk_str_equal(labels->items[*ret_slot], name->name))
    ++*ret_slot;
  return *ret_slot < labels->len;
}

static void add_once(upk_arena *arena, ir_names *names, upk_str name) {
  for (size_t i = 0; i < names->len; i++)
    if (upk_str_equal(names->items[i], name))
      return;
  *UPK_PUSH(arena, names) = name;
}

/* All labels of all targets, and those that every target has. */
static ir_names labels_of(const ir *ir) {
  ir_names names = {0};
  add_once(ir->arena, &names, UPK_STR("engine"));
  add_once(ir->arena, &names, UPK_STR("target"));
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    const ir_target *target = &ir->project.targets.items[i];
    for (size_t j = 0; j < target->labels.len; j++)
      add_once(ir->arena, &names, target->labels.items[j].key);
  }
  return names;
}

static size_t label_candidates(void *ctx, upk_arena *arena,
                               upk_str **ret_names) {
  const ir_names *labels = ctx;
  *ret_names = UPK_NEW_ARRAY(arena, upk_str, labels->len);
  for (size_t i = 0; i < labels->len; i++)
    (*ret_names)[i] =
        upk_arena_printf(arena, "labels.%.*s", UPK_FMT(labels->items[i]));
  return labels->len;
}

static bool is_text(const node *value) {
  return value->type == NODE_TEXT || value->type == NODE_PLAIN;
}

static void warn_unknown(ir *ir, const ir_names *labels,
                         const node_member *member) {
  for (size_t i = 0; i < labels->len; i++)
    if (upk_str_equal(labels->items[i], member->key))
      return;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1209, member->key_span,
                   "no target has a label `%.*s`", UPK_FMT(member->key));
  upk_diag_suggest(ir->diags, diag, member->key, labels->items, labels->len);
}

/* The front end has looked at the form: a map of texts and lists of texts, or
 * a text. */
void selector_prepare(ir *ir, ir_policy *policy) {
  const node *targets = policy->targets;
  if (!targets)
    return;
  ir_names labels = labels_of(ir);
  if (is_text(targets) && upk_str_trim(targets->text).len) {
    upk_scope scope = {label_find, label_candidates, &labels};
    policy->selector =
        upk_expr_compile(ir->arena, targets->text, targets->text_span, &scope,
                         UPK_TYPE_BOOL, ir->diags);
    policy->refused = policy->refused || !policy->selector;
  } else if (targets->type == NODE_MAP) {
    for (size_t i = 0; i < targets->map.count; i++)
      warn_unknown(ir, &labels, &targets->map.members[i]);
  }
}

static bool scalar_equals(const node *value, upk_str text) {
  if (is_text(value))
    return upk_str_equal(value->text, text);
  if (value->type == NODE_BOOL)
    return upk_str_is(text, value->boolean ? "true" : "false");
  if (value->type != NODE_INT)
    return false; /* the front end has refused it */
  upk_buf digits = {0};
  upk_buf_int(&digits, value->integer);
  bool equal = upk_str_equal(upk_buf_view(&digits), text);
  upk_buf_free(&digits);
  return equal;
}

static bool label_matches(const node *wanted, upk_str label) {
  if (!label.data)
    return false;
  if (wanted->type != NODE_LIST)
    return scalar_equals(wanted, label);
  for (size_t i = 0; i < wanted->list.count; i++)
    if (scalar_equals(wanted->list.items[i], label))
      return true;
  return false;
}

static bool expression_matches(const ir *ir, const upk_expr *selector,
                               const ir_target *target) {
  ir_names labels = labels_of(ir);
  upk_column *columns = UPK_NEW_ARRAY(ir->arena, upk_column, labels.len);
  upk_str *texts = UPK_NEW_ARRAY(ir->arena, upk_str, labels.len);
  uint8_t *nulls = UPK_NEW_ARRAY(ir->arena, uint8_t, labels.len);
  for (size_t i = 0; i < labels.len; i++) {
    texts[i] = ir_target_label(target, labels.items[i]);
    nulls[i] = !texts[i].data;
    columns[i] = (upk_column){.type = UPK_TYPE_TEXT,
                              .constant = true,
                              .texts = &texts[i],
                              .null = &nulls[i]};
  }
  return upk_expr_truth(selector, columns, 0) == UPK_TRUE;
}

bool selector_matches(const ir *ir, const ir_policy *policy,
                      const ir_target *target) {
  const node *targets = policy->targets;
  if (!targets)
    return true;
  if (policy->selector)
    return expression_matches(ir, policy->selector, target);
  if (targets->type != NODE_MAP)
    return false;
  for (size_t i = 0; i < targets->map.count; i++)
    if (!label_matches(targets->map.members[i].value,
                       ir_target_label(target, targets->map.members[i].key)))
      return false;
  return true;
}

bool selector_applies(const ir *ir, const ir_policy *policy,
                      const ir_target *target) {
  return policy->kind && !policy->name_only &&
         selector_matches(ir, policy, target) &&
         selection_policy(ir->request, policy->name);
}

bool selector_same(const ir *ir, const ir_target *other) {
  if (!other->engine_name.data ||
      !upk_str_equal(ir->target->engine_name, other->engine_name) ||
      !upk_str_equal(ir->target->ledger, other->ledger) ||
      (ir->requirements.scoped && other != ir->target))
    return false;
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    if (policy->applies != selector_applies(ir, policy, other))
      return false;
  }
  return true;
}

/* ---- what a request is about ---- */

/* Of a list: whether any of its patterns is one. */
static bool is_step_pattern(upk_str pattern) {
  for (size_t i = 0; i < pattern.len; i++)
    if (pattern.data[i] == ':')
      return true;
  return false;
}

/* Whether a pattern of `list` for steps, or else for policies, matches. */
static bool any_matches(upk_str list, bool steps, upk_str text) {
  while (list.data) {
    upk_str pattern = upk_str_trim(upk_str_split(list, ',', &list));
    if (pattern.len && is_step_pattern(pattern) == steps &&
        upk_glob(text, pattern))
      return true;
  }
  return false;
}

static bool patterns_valid(ir *ir, upk_str list) {
  bool valid = true;
  while (list.data) {
    upk_str pattern = upk_str_trim(upk_str_split(list, ',', &list));
    if (!pattern.len || is_step_pattern(pattern))
      continue;
    bool found = false;
    ir_names names = {0};
    for (size_t i = 0; i < ir->policies.len && !found; i++) {
      *UPK_PUSH(ir->arena, &names) = ir->policies.items[i].name;
      found = upk_glob(ir->policies.items[i].name, pattern);
    }
    if (found || ir->policies_lost)
      continue;
    valid = false;
    upk_diag *diag =
        upk_diag_add(ir->diags, 1211, UPK_NO_SPAN,
                     "no policy has a name like `%.*s`", UPK_FMT(pattern));
    upk_diag_suggest(ir->diags, diag, pattern, names.items, names.len);
  }
  return valid;
}

bool selection_valid(ir *ir) {
  bool only = patterns_valid(ir, ir->request->only);
  return patterns_valid(ir, ir->request->except) && only;
}

bool selection_policy(const upk_compile_request *request, upk_str policy) {
  if (any_matches(request->except, false, policy))
    return false;
  return !request->only.len || is_step_pattern(request->only) ||
         any_matches(request->only, false, policy);
}

bool selection_step(const upk_compile_request *request, upk_str policy,
                    upk_str id) {
  if (any_matches(request->except, true, id))
    return false;
  return !request->only.len || any_matches(request->only, false, policy) ||
         any_matches(request->only, true, id);
}
