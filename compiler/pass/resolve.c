/* Pass resolve: gives names their meaning, for the target being compiled.
 *
 * What does not depend on the engine (after, windows, kinds and actions that
 * exist nowhere, the form of selectors) is done once; the rest again for each
 * engine when a whole project is validated.
 */
#include <upkeep/compile.h>

#include "ir/scope.h"
#include "pass/pass.h"
#include "pass/selector.h"

typedef bool (*name_at)(const ir *ir, size_t index, upk_str *ret_name);

static bool target_name(const ir *ir, size_t index, upk_str *ret_name) {
  if (index >= ir->project.targets.len)
    return false;
  *ret_name = ir->project.targets.items[index].name;
  return true;
}

static bool policy_name(const ir *ir, size_t index, upk_str *ret_name) {
  if (index >= ir->policies.len)
    return false;
  *ret_name = ir->policies.items[index].name;
  return true;
}

static bool window_name(const ir *ir, size_t index, upk_str *ret_name) {
  if (index >= ir->project.windows.len)
    return false;
  *ret_name = ir->project.windows.items[index].name;
  return true;
}

static void suggest(ir *ir, upk_diag *diag, upk_str wrong, name_at at) {
  ir_names names = {0};
  upk_str name;
  for (size_t i = 0; at(ir, i, &name); i++)
    *UPK_PUSH(ir->arena, &names) = name;
  upk_diag_suggest(ir->diags, diag, wrong, names.items, names.len);
}

/* ---- the target ---- */

static ir_target *find_target(const ir *ir, upk_str name) {
  for (size_t i = 0; i < ir->project.targets.len; i++)
    if (upk_str_equal(ir->project.targets.items[i].name, name))
      return &ir->project.targets.items[i];
  return NULL;
}

static upk_status choose_target(ir *ir) {
  upk_str name = ir->request->target;
  if (name.len) {
    ir->target = find_target(ir, name);
    if (ir->target)
      return UPK_OK;
    upk_diag *diag = upk_diag_add(ir->diags, 1201, UPK_NO_SPAN,
                                  "there is no target `%.*s`", UPK_FMT(name));
    suggest(ir, diag, name, target_name);
    return UPK_USAGE;
  }
  if (ir->project.targets.len == 1) {
    ir->target = &ir->project.targets.items[0];
    return UPK_OK;
  }
  if (!ir->project.targets.len)
    return UPK_DENIED; /* front has said so */
  upk_diag *diag = upk_diag_add(ir->diags, 1202, UPK_NO_SPAN,
                                "the project has %zu targets, and none is "
                                "named",
                                ir->project.targets.len);
  upk_buf list = {0};
  for (size_t i = 0; i < ir->project.targets.len && i < 20; i++) {
    upk_buf_str(&list, i ? UPK_STR(", ") : UPK_STR(""));
    upk_buf_str(&list, ir->project.targets.items[i].name);
  }
  upk_diag_help(ir->diags, diag, "Name one of: %.*s.",
                UPK_FMT(upk_buf_view(&list)));
  upk_buf_free(&list);
  return UPK_USAGE;
}

static upk_status choose_engine(ir *ir) {
  if (!ir->target->engine_name.data)
    return UPK_DENIED; /* front has said so */
  ir->engine = ir_engine_find(ir, ir->target->engine_name);
  ir->target->engine = ir->engine;
  if (ir->engine)
    return UPK_OK;
  upk_diag_add(ir->diags, 1203, ir->target->span,
               "the standard library has no engine `%.*s`",
               UPK_FMT(ir->target->engine_name));
  return UPK_DENIED;
}

/* ---- names that mean the same for every engine ---- */

/* A policy that `use` leaves out: whoever would have come after it has nothing
 * to wait for. */
static bool left_out(const ir *ir, upk_str policy) {
  for (size_t i = 0; i < ir->project.use.len; i++) {
    const ir_texts *except = &ir->project.use.items[i].except;
    for (size_t j = 0; j < except->len; j++)
      if (upk_str_equal(except->items[j].text, policy))
        return true;
  }
  return false;
}

static void resolve_after(ir *ir, ir_policy *policy, const upk_map *by_name) {
  for (size_t i = 0; i < policy->after.len; i++) {
    const ir_text *after = &policy->after.items[i];
    uint64_t index;
    if (upk_map_find(by_name, after->text, &index)) {
      *UPK_PUSH(ir->arena, &policy->after_index) = (size_t)index;
      continue;
    }
    *UPK_PUSH(ir->arena, &policy->after_index) = SIZE_MAX;
    if (ir->policies_lost || left_out(ir, after->text))
      continue; /* lost: it may be one of those */
    upk_diag *diag =
        upk_diag_add(ir->diags, 1207, after->span, "there is no policy `%.*s`",
                     UPK_FMT(after->text));
    suggest(ir, diag, after->text, policy_name);
  }
}

static void resolve_window(ir *ir, ir_policy *policy) {
  if (!policy->window.text.data)
    return;
  for (size_t i = 0; i < ir->project.windows.len; i++)
    if (upk_str_equal(ir->project.windows.items[i].name, policy->window.text))
      policy->window_resolved = &ir->project.windows.items[i];
  if (policy->window_resolved)
    return;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1208, policy->window.span,
                   "there is no window `%.*s`", UPK_FMT(policy->window.text));
  suggest(ir, diag, policy->window.text, window_name);
}

static bool kind_known(ir *ir, const ir_policy *policy) {
  ir_names names = {0};
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    for (size_t j = 0; j < engine->kinds.len; j++) {
      if (upk_str_equal(engine->kinds.items[j]->name, policy->kind_name.text))
        return true;
      *UPK_PUSH(ir->arena, &names) = engine->kinds.items[j]->name;
    }
  }
  upk_diag *diag = upk_diag_add(ir->diags, 1204, policy->kind_name.span,
                                "there is no kind of object `%.*s`",
                                UPK_FMT(policy->kind_name.text));
  upk_diag_suggest(ir->diags, diag, policy->kind_name.text, names.items,
                   names.len);
  return false;
}

/* Whether some engine has the action. */
static bool action_known(const ir *ir, upk_str action) {
  for (size_t i = 0; i < ir->engines.len; i++)
    if (ir_action_find(ir->engines.items[i], action))
      return true;
  return false;
}

static void unknown_action(ir *ir, const ir_text *action) {
  ir_names names = {0};
  if (!action->text.data || action_known(ir, action->text))
    return;
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    for (size_t j = 0; j < engine->actions.len; j++)
      *UPK_PUSH(ir->arena, &names) = engine->actions.items[j]->name;
  }
  upk_diag *diag =
      upk_diag_add(ir->diags, 1205, action->span, "there is no action `%.*s`",
                   UPK_FMT(action->text));
  upk_diag_suggest(ir->diags, diag, action->text, names.items, names.len);
}

static bool means_any_target(const ir *ir, const ir_policy *policy) {
  for (size_t i = 0; i < ir->project.targets.len; i++)
    if (selector_matches(ir, policy, &ir->project.targets.items[i]))
      return true;
  return false;
}

static void parse(ir *ir, const ir_text *text) {
  if (text->text.data)
    upk_expr_parses(ir->arena, text->text, text->text_span, ir->diags);
}

/* What no target is meant by is never typed: its form at least is looked at.
 * Expressions of a policy whose kind is unknown, too. */
static void parse_idle(ir *ir, const ir_policy *policy) {
  const ir_expression *expressions[] = {&policy->where, &policy->ensure,
                                        &policy->warn};
  for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
    if (!expressions[i]->function)
      parse(ir, &expressions[i]->source);
  for (size_t i = 0; i < policy->throttle.len; i++)
    parse(ir, &policy->throttle.items[i]);
  for (size_t i = 0; i < policy->abort.len; i++)
    parse(ir, &policy->abort.items[i]);
}

static void resolve_names(ir *ir) {
  if (ir->names_resolved)
    return;
  ir->names_resolved = true;
  upk_map by_name;
  upk_map_init(&by_name, ir->arena);
  for (size_t i = 0; i < ir->policies.len; i++)
    upk_map_put(&by_name, ir->policies.items[i].name, i);
  for (size_t i = 0; i < ir->policies.len; i++) {
    ir_policy *policy = &ir->policies.items[i];
    if (policy->name_only)
      continue;
    resolve_after(ir, policy, &by_name);
    resolve_window(ir, policy);
    for (size_t j = 0; j < policy->by.len; j++)
      unknown_action(ir, &policy->by.items[j].action);
    selector_prepare(ir, policy);
    if (!kind_known(ir, policy) || !means_any_target(ir, policy))
      parse_idle(ir, policy);
  }
}

/* ---- names that the engine gives meaning ---- */

static bool known_anywhere_for(const ir *ir, upk_str action, upk_str kind) {
  for (size_t i = 0; i < ir->engines.len; i++)
    if (ir_action_find_for(ir->engines.items[i], action, kind))
      return true;
  return false;
}

static void wrong_kind(ir *ir, ir_policy *policy, const ir_remedy *remedy) {
  const ir_action *other = ir_action_find(ir->engine, remedy->action.text);
  policy->refused = true;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1206, remedy->action.span,
                   "action `%.*s` works on a kind `%.*s`, not on `%.*s`",
                   UPK_FMT(remedy->action.text), UPK_FMT(other->kind),
                   UPK_FMT(policy->kind_name.text));
  upk_diag_label(ir->diags, diag, policy->kind_name.span, "the policy's kind");
}

static void resolve_actions(ir *ir, ir_policy *policy) {
  bool found = false, said = false;
  for (size_t i = 0; i < policy->by.len; i++) {
    ir_remedy *remedy = &policy->by.items[i];
    upk_str name = remedy->action.text;
    remedy->resolved = ir_action_find_for(ir->engine, name, policy->kind->name);
    found = found || remedy->resolved;
    said = said || !action_known(ir, name);
    if (!remedy->resolved && !policy->refused &&
        ir_action_find(ir->engine, name) &&
        !known_anywhere_for(ir, name, policy->kind->name))
      wrong_kind(ir, policy, remedy);
  }
  if (found || said || !policy->by.len || policy->refused)
    return;
  upk_diag_add(ir->diags, 1212, policy->by.items[0].action.span,
               "action `%.*s` does not exist for %.*s",
               UPK_FMT(policy->by.items[0].action.text),
               UPK_FMT(ir->engine->name));
}

static bool is_validating(const ir *ir) {
  return ir->request->mode == UPK_COMPILE_VALIDATE ||
         ir->request->mode == UPK_COMPILE_REQUIREMENTS;
}

/* Validating, a policy is looked at when any target of the engine is meant. */
static bool applies(const ir *ir, const ir_policy *policy) {
  if (!is_validating(ir))
    return selector_applies(ir, policy, ir->target);
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    const ir_target *target = &ir->project.targets.items[i];
    if (upk_str_equal(target->engine_name, ir->engine->name) &&
        selector_applies(ir, policy, target))
      return true;
  }
  return false;
}

upk_status pass_resolve(ir *ir) {
  bool validating = is_validating(ir) && ir->target;
  upk_status status = validating ? UPK_OK : choose_target(ir);
  if (status == UPK_OK)
    status = choose_engine(ir);
  if (status != UPK_OK)
    return status;
  resolve_names(ir);
  if (!selection_valid(ir))
    return UPK_USAGE;
  for (size_t i = 0; i < ir->policies.len; i++) {
    ir_policy *policy = &ir->policies.items[i];
    policy->kind = ir_kind_find(ir->engine, policy->kind_name.text);
    policy->applies = applies(ir, policy);
    if (policy->applies)
      resolve_actions(ir, policy);
  }
  return UPK_OK;
}
