/* Pass lower: what is broken becomes steps, or is deferred with a reason. */
#include <stdlib.h>
#include <string.h>

#include "expr.h"
#include "ir/scope.h"
#include "pass/pass.h"
#include "pass/selector.h"
#include "step/relate.h"
#include "step/step.h"

typedef UPK_VEC(size_t) row_list;

static void defer(ir *ir, ir_policy *policy, size_t row, upk_str action,
                  const char *reason, upk_str because) {
  *UPK_PUSH(ir->arena, &ir->deferred) = (ir_deferred){
      .policy = policy,
      .object = ir_object_at(ir, policy->kind, row),
      .action = action,
      .reason = upk_str_from(reason),
      .because = because.data ? because : ir_because(ir, policy, row)};
}

/* ---- which objects ---- */

static bool known_included(const ir_policy *policy, size_t row) {
  if (policy->where.function)
    return false; /* unknown may be its answer */
  return !policy->where.compiled ||
         upk_expr_truth(policy->where.compiled,
                        policy->kind->scope->columns.items, row) == UPK_TRUE;
}

static bool is_unknown(const ir_policy *policy, size_t row) {
  return policy->ensure.compiled &&
         upk_expr_truth(policy->ensure.compiled,
                        policy->kind->scope->columns.items, row) == UPK_UNKNOWN;
}

static bool acts(const ir_policy *policy, size_t row) {
  switch ((ir_verdict)policy->verdicts[row]) {
  case IR_BROKEN: /* `fail` says broken of what nobody knows: an alarm only */
    return policy->if_unknown != IR_UNKNOWN_FAIL || !is_unknown(policy, row);
  case IR_PREDICTED:
    return true;
  case IR_UNKNOWN_VERDICT:
    return policy->if_unknown == IR_UNKNOWN_ACT && known_included(policy, row);
  default:
    return false;
  }
}

static row_list acting_rows(ir *ir, const ir_policy *policy) {
  row_list rows = {0};
  size_t count = ir_kind_rows(ir, policy->kind);
  for (size_t row = 0; row < count; row++)
    if (acts(policy, row))
      *UPK_PUSH(ir->arena, &rows) = row;
  return rows;
}

/* ---- which action ---- */

static ir_remedy *choose(ir *ir, ir_policy *policy, upk_str *ret_why) {
  *ret_why = UPK_NO_STR;
  for (size_t i = 0; i < policy->by.len; i++) {
    ir_remedy *remedy = &policy->by.items[i];
    upk_str why;
    if (!remedy->resolved)
      continue;
    if (step_supported(ir, remedy->resolved, &why))
      return remedy;
    if (!ret_why->data)
      *ret_why = why;
  }
  return NULL;
}

static void unsupported(ir *ir, ir_policy *policy, const row_list *rows,
                        upk_str why) {
  upk_str action = policy->by.items[0].action.text;
  /* Without a reason the engine has no such action: resolve has said so. */
  if (why.data)
    upk_diag_add(ir->diags, 1523, policy->by.items[0].action.span,
                 "no action of policy `%.*s` can run here: %.*s",
                 UPK_FMT(policy->name), UPK_FMT(why));
  for (size_t i = 0; i < rows->len; i++)
    defer(ir, policy, rows->items[i], action, "unsupported", UPK_NO_STR);
}

/* ---- protected ---- */

/* "orders" of the document is orders in any schema. */
static bool glob_fits(upk_str display, upk_str pattern) {
  if (upk_glob(display, pattern))
    return true;
  if (memchr(pattern.data, '.', pattern.len))
    return false;
  upk_str last = display;
  for (size_t i = 0; i < display.len; i++)
    if (display.data[i] == '.')
      last = (upk_str){display.data + i + 1, display.len - i - 1};
  return upk_glob(last, pattern);
}

/* Of the requirements document; *ret_place is where it says so. */
static bool is_required_name(ir *ir, upk_str display, upk_str *ret_place) {
  const ir_requirements *all = &ir->requirements;
  for (size_t i = 0; i < all->items.len; i++) {
    const ir_requirement *item = &all->items.items[i];
    if (item->key != IR_REQUIREMENT_protected ||
        !ir_requirement_is_for(item, ir->target->name) ||
        !glob_fits(display, item->text))
      continue;
    upk_buf place = {0};
    ir_requirement_place(all, item->span, &place);
    *ret_place = upk_arena_copy(ir->arena, upk_buf_view(&place));
    upk_buf_free(&place);
    return true;
  }
  return false;
}

static bool is_protected_name(ir *ir, upk_str display, upk_str *ret_place) {
  const node *list = node_find(ir->project.raw, "protected");
  if (list && list->type != NODE_LIST && upk_glob(display, list->text))
    return true;
  for (size_t i = 0; list && list->type == NODE_LIST && i < list->list.count;
       i++)
    if (upk_glob(display, list->list.items[i]->text))
      return true;
  return is_required_name(ir, display, ret_place);
}

static bool is_protected_table(ir *ir, const ir_object *object,
                               upk_str *ret_place) {
  upk_str table[RELATE_KEYS_MAX];
  size_t count = relate_parent(ir, object, UPK_STR("table"), table);
  upk_buf display = {0};
  upk_display_name(table, count, &display);
  bool found =
      count && is_protected_name(ir, upk_buf_view(&display), ret_place);
  upk_buf_free(&display);
  return found;
}

static bool has_protection(const ir *ir) {
  bool found = node_find(ir->project.raw, "protected") != NULL;
  for (size_t i = 0; i < ir->requirements.items.len && !found; i++)
    found = ir->requirements.items.items[i].key == IR_REQUIREMENT_protected;
  return found;
}

/* What upkeep.yaml names under `protected`, and the requirements; and what
 * belongs to such a table. */
static void protect(ir *ir, ir_policy *policy, const ir_action *action,
                    row_list *rows) {
  size_t kept = 0;
  if (!has_protection(ir))
    return;
  for (size_t i = 0; i < rows->len; i++) {
    ir_object object = ir_object_at(ir, policy->kind, rows->items[i]);
    upk_str place = UPK_NO_STR;
    if (!is_protected_name(ir, object.display, &place) &&
        !is_protected_table(ir, &object, &place)) {
      rows->items[kept++] = rows->items[i];
      continue;
    }
    defer(ir, policy, rows->items[i], action->name, "protected", UPK_NO_STR);
    ir->deferred.items[ir->deferred.len - 1].detail = place;
  }
  rows->len = kept;
}

/* ---- cooldown ---- */

/* The age of the action's last success on each object, where a collector of
 * the kind gives `last_ACTION_age`; unknown is no reason to wait. */
static const upk_column *last_age(ir *ir, const ir_policy *policy,
                                  const ir_action *action) {
  ir_scope *scope = policy->kind->scope;
  upk_str name =
      upk_arena_printf(ir->arena, "last_%.*s_age", UPK_FMT(action->name));
  const ir_slot *slot = policy->cooldown_us ? ir_scope_slot(scope, name) : NULL;
  if (!slot || slot->type != UPK_TYPE_DURATION || !ir_scope_bind(scope))
    return NULL;
  return &scope->columns.items[ir_scope_slot(scope, name) - scope->slots.items];
}

static void cool_down(ir *ir, ir_policy *policy, const ir_action *action,
                      row_list *rows) {
  const upk_column *age = last_age(ir, policy, action);
  size_t kept = 0;
  for (size_t i = 0; age && i < rows->len; i++) {
    size_t row = rows->items[i];
    if (!ir_cell_null(age, row) &&
        ir_cell_integer(age, row) < policy->cooldown_us)
      defer(ir, policy, row, action->name, "cooldown", UPK_NO_STR);
    else
      rows->items[kept++] = row;
  }
  if (age)
    rows->len = kept;
}

/* ---- cap ---- */

typedef struct ranked {
  int64_t badness;
  size_t place; /* in the list of rows: order of names */
} ranked;

static int worst_first(const void *a, const void *b) {
  const ranked *left = a;
  const ranked *right = b;
  if (left->badness != right->badness)
    return left->badness > right->badness ? -1 : 1;
  return left->place < right->place ? -1 : left->place > right->place;
}

/* Keeps the worst; they stay in order of names. */
static void cap(ir *ir, ir_policy *policy, const ir_action *action,
                row_list *rows) {
  size_t most = (size_t)policy->limits.max_actions;
  if (!most || rows->len <= most)
    return;
  int64_t *badness = UPK_NEW_ARRAY(ir->arena, int64_t, rows->len);
  ranked *order = UPK_NEW_ARRAY(ir->arena, ranked, rows->len);
  bool *keep = UPK_NEW_ARRAY(ir->arena, bool, rows->len);
  step_badness(ir, policy, rows->items, rows->len, badness);
  for (size_t i = 0; i < rows->len; i++)
    order[i] = (ranked){badness[i], i};
  qsort(order, rows->len, sizeof *order, worst_first);
  for (size_t i = 0; i < most; i++)
    keep[order[i].place] = true;
  size_t kept = 0;
  for (size_t i = 0; i < rows->len; i++) {
    if (keep[i])
      rows->items[kept++] = rows->items[i];
    else
      defer(ir, policy, rows->items[i], action->name, "cap", UPK_NO_STR);
  }
  rows->len = kept;
}

/* ---- steps ---- */

static void select_rows(ir *ir, const ir_policy *policy,
                        const ir_action *action, row_list *rows) {
  if (!ir->request->only.len && !ir->request->except.len)
    return;
  size_t kept = 0;
  for (size_t i = 0; i < rows->len; i++) {
    ir_object object = ir_object_at(ir, policy->kind, rows->items[i]);
    if (selection_step(ir->request, policy->name,
                       step_id(ir, policy, action, &object)))
      rows->items[kept++] = rows->items[i];
  }
  rows->len = kept;
}

/* Steps are large: room for exactly those that come. */
static void reserve(ir *ir, size_t more) {
  size_t wanted = ir->steps.len + more + 1;
  if (wanted <= ir->steps.cap || more < 64)
    return;
  ir_step *items = UPK_NEW_ARRAY(ir->arena, ir_step, wanted);
  if (ir->steps.len)
    memcpy(items, ir->steps.items, ir->steps.len * sizeof *items);
  ir->steps.items = items;
  ir->steps.cap = wanted;
}

static void lower_policy(ir *ir, ir_policy *policy) {
  if (!policy->by.len)
    return;
  row_list rows = acting_rows(ir, policy);
  if (!rows.len)
    return;
  upk_str why;
  ir_remedy *remedy = choose(ir, policy, &why);
  if (!remedy) {
    unsupported(ir, policy, &rows, why);
    return;
  }
  ir_action *action = remedy->resolved;
  select_rows(ir, policy, action, &rows);
  protect(ir, policy, action, &rows);
  cool_down(ir, policy, action, &rows);
  cap(ir, policy, action, &rows);
  reserve(ir, rows.len);
  for (size_t i = 0; i < rows.len; i++) {
    size_t failures = ir->diags->failures;
    ir_object object = ir_object_at(ir, policy->kind, rows.items[i]);
    upk_str refusal = UPK_NO_STR;
    if (!step_build(ir, policy, remedy, action, &object,
                    ir_because(ir, policy, rows.items[i]), &refusal) &&
        failures == ir->diags->failures)
      defer(ir, policy, rows.items[i], action->name, "unsupported", refusal);
  }
}

/* ---- the ledger ---- */

static upk_str ledger_action(const ir *ir) {
  const node *ledger = node_find(ir->engine->definition, "ledger");
  const node *create = ledger ? node_find(ledger, "create") : NULL;
  return create && create->type == NODE_TEXT ? create->text : UPK_NO_STR;
}

/* Facts of older programs do not have every capability. */
static bool is_denied(const ir *ir, const char *capability) {
  const upk_json *all = ir->facts.capabilities;
  const upk_json *said = all && all->type == UPK_JSON_OBJECT
                             ? upk_json_get(all, capability)
                             : NULL;
  return said && said->type == UPK_JSON_BOOL && !said->boolean;
}

static bool ledger_is_old(const ir *ir) {
  return is_denied(ir, "ledger_current");
}

/* A replica takes no rows, nor does a server whose transaction ids are used up:
 * what helps there must not fail for want of a row. */
static void judge_ledger(ir *ir) {
  bool wanted =
      !upk_str_is(ir->target->ledger, "none") && ledger_action(ir).data;
  ir->ledger_refused = wanted && is_denied(ir, "ledger_writable");
  ir->ledger_denied =
      wanted && !ir->ledger_refused && is_denied(ir, "ledger_allowed");
  ir->makes_ledger =
      wanted && !ir->ledger_refused &&
      (!step_capability(ir, UPK_STR("ledger")) || ledger_is_old(ir));
}

/* upkeep's own table comes first: other steps write their rows into it. */
static bool make_ledger(ir *ir) {
  upk_str name = ledger_action(ir);
  ir_action *action = ir_action_find(ir->engine, name);
  ir_kind *kind = action ? ir_kind_find(ir->engine, action->kind) : NULL;
  if (!kind || !kind->single || ir_kind_rows(ir, kind) != 1) {
    upk_diag_add(ir->diags, 1524, UPK_NO_SPAN,
                 "the facts have no single object for action `%.*s`, which "
                 "makes the ledger of target `%.*s`",
                 UPK_FMT(name), UPK_FMT(ir->target->name));
    return false;
  }
  ir_object object = ir_object_at(ir, kind, 0);
  return step_build(ir, NULL, NULL, action, &object,
                    ledger_is_old(ir)
                        ? UPK_STR("the ledger was made by an older version")
                        : UPK_STR("the ledger is not in the target yet"),
                    NULL);
}

/* Steps of different kinds whose objects have one name. */
static void tell_apart(ir *ir) {
  upk_map ids;
  upk_map_init(&ids, ir->arena);
  for (size_t i = 0; i < ir->steps.len; i++) {
    ir_step *step = &ir->steps.items[i];
    uint64_t other;
    if (upk_map_find(&ids, step->id, &other) &&
        ir->steps.items[other].object.kind != step->object.kind)
      step->id = upk_arena_printf(ir->arena, "%.*s@%.*s", UPK_FMT(step->id),
                                  UPK_FMT(step->object.kind->name));
    else
      upk_map_put(&ids, step->id, i);
  }
}

upk_status pass_lower(ir *ir) {
  judge_ledger(ir);
  size_t own = 0;
  for (size_t i = 0; i < ir->policies.len; i++) {
    ir_policy *policy = &ir->policies.items[i];
    if (!policy->applies)
      continue;
    lower_policy(ir, policy);
    /* The first step asks for the ledger, which then goes before it. */
    if (ir->makes_ledger && !own && ir->steps.len) {
      own = ir->steps.len;
      if (!make_ledger(ir))
        return UPK_DENIED;
      ir_step ledger = ir->steps.items[own];
      for (size_t at = own; at > 0; at--)
        ir->steps.items[at] = ir->steps.items[at - 1];
      ir->steps.items[0] = ledger;
    }
  }
  ir->makes_ledger = own > 0;
  tell_apart(ir);
  drift_settle(ir);
  return ir->diags->failures ? UPK_DENIED : UPK_OK;
}
