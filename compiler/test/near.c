/* What came instead of what a test expects, for those who read the failure. */
#include "ir/scope.h"
#include "test/test.h"

enum { SHOWN = 5, NAMES_MAX = 2000 };

static bool has_remedy(const ir_policy *policy, upk_str action) {
  for (size_t i = 0; i < policy->by.len; i++)
    if (test_fits(policy->by.items[i].action.text, action))
      return true;
  return !action.data;
}

/* ---- the object in the facts ---- */

/* Displays of the objects that policies with this remedy look at, once each. */
static ir_names object_names(ir *ir, upk_str action) {
  ir_names names = {0};
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    size_t rows = policy->verdicts ? ir_kind_rows(ir, policy->kind) : 0;
    bool again = false;
    for (size_t n = 0; n < i; n++)
      again = again || (ir->policies.items[n].applies &&
                        ir->policies.items[n].kind == policy->kind &&
                        has_remedy(&ir->policies.items[n], action));
    if (!policy->applies || again || !has_remedy(policy, action))
      continue;
    for (size_t at = 0; at < rows && names.len < NAMES_MAX; at++)
      *UPK_PUSH(ir->arena, &names) = ir_object_at(ir, policy->kind, at).display;
  }
  return names;
}

static void note_no_object(ir *ir, upk_diags *said, upk_diag *diag,
                           upk_str action, upk_str object) {
  ir_names names = object_names(ir, action);
  if (!object.data)
    return;
  upk_diag_note(said, diag, "The facts have no such object among %zu.",
                names.len);
  upk_diag_suggest(said, diag, object, names.items, names.len);
}

/* ---- verdicts ---- */

static void note_verdict(ir *ir, upk_diags *said, upk_diag *diag,
                         const ir_policy *policy, size_t at) {
  ir_object object = ir_object_at(ir, policy->kind, at);
  ir_verdict verdict = policy->verdicts[at];
  upk_str because = verdict == IR_EXCLUDED || verdict == IR_EXEMPT
                        ? UPK_STR("")
                        : ir_because(ir, policy, at);
  upk_diag_note(said, diag, "Policy `%.*s` finds `%.*s` %s%s%.*s.",
                UPK_FMT(policy->name), UPK_FMT(object.display),
                verdict == IR_HOLDS ? "holding" : ir_verdict_name(verdict),
                because.len ? ": " : "", UPK_FMT(because));
}

/* Of policies that could have asked for the step. Returns how many objects of
 * that name there are. */
static size_t note_verdicts(ir *ir, upk_diags *said, upk_diag *diag,
                            upk_str policy_name, upk_str action,
                            upk_str object) {
  size_t shown = 0, found = 0;
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    size_t rows = policy->verdicts ? ir_kind_rows(ir, policy->kind) : 0;
    if (!policy->applies || !has_remedy(policy, action) ||
        !test_fits(policy->name, policy_name))
      continue;
    for (size_t at = 0; at < rows; at++) {
      if (!test_fits(ir_object_at(ir, policy->kind, at).display, object))
        continue;
      found++;
      if (shown++ < SHOWN)
        note_verdict(ir, said, diag, policy, at);
    }
  }
  if (shown > SHOWN)
    upk_diag_note(said, diag, "... and %zu more verdicts.", shown - SHOWN);
  return found;
}

/* ---- steps ---- */

/* What the action looks at and the facts do not say of the object: often the
 * cause of its refusal. */
static void note_unread(ir *ir, upk_diags *said, upk_diag *diag,
                        const ir_action *action, const ir_object *object) {
  const upk_facts_kind *facts =
      upk_facts_kind_find(&ir->facts, object->kind->name);
  upk_buf list = {0};
  for (size_t i = 0; action && i < action->reads.len; i++) {
    const upk_facts_column *column =
        upk_facts_column_find(facts, action->reads.items[i]);
    if (ir_attribute_find(object->kind, action->reads.items[i]) &&
        (!column || ir_cell_null(&column->values, object->row)))
      upk_buf_printf(&list, "%s%.*s", list.len ? ", " : "",
                     UPK_FMT(action->reads.items[i]));
  }
  if (list.len)
    upk_diag_note(said, diag,
                  "`%.*s` looks at what the test does not give of `%.*s`: "
                  "%.*s.",
                  UPK_FMT(action->name), UPK_FMT(object->display),
                  UPK_FMT(upk_buf_view(&list)));
  upk_buf_free(&list);
}

void test_near_refusal(ir *ir, upk_diags *said, upk_diag *diag) {
  size_t shown = 0;
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    size_t rows = policy->verdicts ? ir_kind_rows(ir, policy->kind) : 0;
    const ir_action *action =
        policy->by.len ? policy->by.items[0].resolved : NULL;
    for (size_t at = 0; action && at < rows && shown < SHOWN; at++) {
      ir_object object = ir_object_at(ir, policy->kind, at);
      if (policy->verdicts[at] != IR_BROKEN &&
          policy->verdicts[at] != IR_PREDICTED)
        continue;
      note_unread(ir, said, diag, action, &object);
      shown++;
    }
  }
}

static void note_deferred(ir *ir, upk_diags *said, upk_diag *diag,
                          upk_str object) {
  size_t shown = 0;
  for (size_t i = 0; i < ir->deferred.len; i++) {
    const ir_deferred *d = &ir->deferred.items[i];
    if (!d->policy || !test_fits(d->object.display, object) || shown++ >= SHOWN)
      continue;
    upk_diag_note(
        said, diag, "Deferred (%.*s%s%.*s): `%.*s:%.*s`, because %.*s.",
        UPK_FMT(d->reason), d->detail.len ? ": " : "",
        UPK_FMT(d->detail.len ? d->detail : UPK_STR("")), UPK_FMT(d->action),
        UPK_FMT(d->object.display), UPK_FMT(d->because));
    if (upk_str_is(d->reason, "unsupported"))
      note_unread(
          ir, said, diag,
          ir_action_find_for(ir->engine, d->action, d->object.kind->name),
          &d->object);
  }
}

static void note_planned(ir *ir, upk_diags *said, upk_diag *diag) {
  upk_buf list = {0};
  size_t count = 0;
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (step->policy && count++ < SHOWN)
      upk_buf_printf(&list, "%s`%.*s`", count > 1 ? ", " : "",
                     UPK_FMT(step->id));
  }
  if (!count)
    upk_diag_note(said, diag, "Nothing is planned.");
  else if (count > SHOWN)
    upk_diag_note(said, diag, "Planned: %.*s and %zu more.",
                  UPK_FMT(upk_buf_view(&list)), count - SHOWN);
  else
    upk_diag_note(said, diag, "Planned: %.*s.", UPK_FMT(upk_buf_view(&list)));
  upk_buf_free(&list);
}

static bool has_wildcard(upk_str text) {
  for (size_t i = 0; i < text.len; i++)
    if (text.data[i] == '*' || text.data[i] == '?')
      return true;
  return false;
}

static bool suggest_action(ir *ir, upk_diags *said, upk_diag *diag,
                           upk_str action) {
  ir_names names = {0};
  if (!action.data || has_wildcard(action) ||
      ir_action_find(ir->engine, action))
    return false;
  for (size_t i = 0; i < ir->engine->actions.len; i++)
    *UPK_PUSH(ir->arena, &names) = ir->engine->actions.items[i]->name;
  upk_diag_note(said, diag, "%.*s has no action `%.*s`.",
                UPK_FMT(ir->engine->name), UPK_FMT(action));
  return upk_diag_suggest(said, diag, action, names.items, names.len);
}

static bool any_remedy(const ir *ir, upk_str action) {
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].applies && ir->policies.items[i].by.len &&
        has_remedy(&ir->policies.items[i], action))
      return true;
  return false;
}

void test_near_step(ir *ir, upk_diags *said, upk_diag *diag,
                    const test_row *row) {
  upk_str action = test_row_action(row), object = test_row_object(row);
  if (!ir->engine || suggest_action(ir, said, diag, action))
    return;
  if (!any_remedy(ir, action))
    upk_diag_note(said, diag, "No policy under test has this remedy.");
  else if (!note_verdicts(ir, said, diag, row->policy.text, action, object))
    note_no_object(ir, said, diag, action, object);
  note_deferred(ir, said, diag, object);
  note_planned(ir, said, diag);
}

void test_near_verdict(ir *ir, upk_diags *said, upk_diag *diag,
                       const test_row *row) {
  upk_str wanted = row->policy.text;
  ir_names names = {0};
  bool applies = false;
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    *UPK_PUSH(ir->arena, &names) = policy->name;
    applies = applies || (policy->applies && test_fits(policy->name, wanted));
  }
  if (!applies) {
    upk_diag_note(said, diag, "No such policy is under test here.");
    if (wanted.data)
      upk_diag_suggest(said, diag, wanted, names.items, names.len);
    return;
  }
  if (!note_verdicts(ir, said, diag, wanted, UPK_NO_STR, row->object.text))
    note_no_object(ir, said, diag, UPK_NO_STR, row->object.text);
}
