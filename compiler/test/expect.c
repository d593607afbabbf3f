/* What a case expects, line by line, against the tree that was compiled. */
#include <string.h>

#include "ir/scope.h"
#include "test/test.h"

static const char *const severities[] = {
    [UPK_NOTE] = "info", [UPK_WARNING] = "warning", [UPK_FAILURE] = "critical"};

/* ---- planned ---- */

/* Details are asked of every step that the row names: all must be so. */
static void check_planned(ir *ir, const test_row *row, bool *matched,
                          upk_diags *said) {
  size_t found = 0;
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    uint32_t number = ir->plan_order.items[i];
    if (!test_step_named(ir, &ir->steps.items[number], row))
      continue;
    found++;
    matched[number] = true;
    test_step_details(ir, number, row, said);
  }
  if (found)
    return;
  upk_diag *diag = upk_diag_add(said, 4110, row->span, "%.*s is not planned",
                                UPK_FMT(test_row_text(ir, row)));
  test_near_step(ir, said, diag, row);
}

static void check_exactly(ir *ir, const bool *matched, upk_diags *said) {
  const node *exactly = node_find(ir->test->expect.raw, "exactly");
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    uint32_t number = ir->plan_order.items[i];
    const ir_step *step = &ir->steps.items[number];
    if (matched[number] || !step->policy)
      continue; /* those of no policy are upkeep's own */
    upk_diag *diag = upk_diag_add(
        said, 4112, exactly->span,
        "`%.*s` is planned too, which is not expected", UPK_FMT(step->id));
    upk_diag_note(said, diag, "Policy `%.*s`: %.*s.",
                  UPK_FMT(step->policy->name), UPK_FMT(step->because));
  }
}

static void check_not_planned(ir *ir, const test_row *row, upk_diags *said) {
  for (size_t i = 0; i < ir->plan_order.len; i++) {
    const ir_step *step = &ir->steps.items[ir->plan_order.items[i]];
    if (!test_step_named(ir, step, row))
      continue;
    upk_diag *diag = upk_diag_add(said, 4111, row->span, "`%.*s` is planned",
                                  UPK_FMT(step->id));
    if (step->policy) {
      upk_diag_note(said, diag, "Policy `%.*s`: %.*s.",
                    UPK_FMT(step->policy->name), UPK_FMT(step->because));
      upk_diag_label(said, diag, step->policy->name_span, "the policy");
    }
  }
}

/* ---- verdicts ---- */

typedef struct found {
  const ir_policy *policy;
  size_t row;
} found;

/* A verdict as what is found: "holding". */
static upk_str finding(upk_str verdict) {
  return upk_str_is(verdict, "holds")   ? UPK_STR("holding")
         : upk_str_is(verdict, "warns") ? UPK_STR("to warn of")
                                        : verdict;
}

static bool severity_fits(const ir_policy *policy, const test_row *row) {
  return !row->severity.data ||
         upk_str_is(row->severity, severities[policy->severity]);
}

static bool verdict_equal(ir *ir, const ir_policy *policy, size_t at,
                          const test_row *row) {
  return upk_str_is(row->verdict, ir_verdict_name(policy->verdicts[at])) &&
         (!row->because.text.data ||
          test_contains(ir_because(ir, policy, at), row->because.text)) &&
         severity_fits(policy, row);
}

/* Every object that the row names must have the verdict; *ret_any: there is
 * one. */
static found first_other(ir *ir, const test_row *row, bool *ret_any) {
  *ret_any = false;
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    size_t rows = policy->verdicts ? ir_kind_rows(ir, policy->kind) : 0;
    if (!policy->applies || !test_fits(policy->name, row->policy.text))
      continue;
    for (size_t at = 0; at < rows; at++) {
      if (!test_fits(ir_object_at(ir, policy->kind, at).display,
                     row->object.text))
        continue;
      *ret_any = true;
      if (!verdict_equal(ir, policy, at, row))
        return (found){policy, at};
    }
  }
  return (found){NULL, 0};
}

static void check_verdict(ir *ir, const test_row *row, upk_diags *said) {
  bool any;
  found other = first_other(ir, row, &any);
  if (!other.policy && any)
    return;
  if (!other.policy) {
    upk_diag *diag = upk_diag_add(said, 4115, row->span,
                                  "nothing that is named here has a verdict");
    test_near_verdict(ir, said, diag, row);
    return;
  }
  ir_object object = ir_object_at(ir, other.policy->kind, other.row);
  upk_str verdict =
      upk_str_from(ir_verdict_name(other.policy->verdicts[other.row]));
  bool same = upk_str_equal(row->verdict, verdict);
  upk_diag *diag =
      same ? upk_diag_add(said, 4115, row->span,
                          "policy `%.*s` finds `%.*s` %.*s, with another %s",
                          UPK_FMT(other.policy->name), UPK_FMT(object.display),
                          UPK_FMT(finding(verdict)),
                          severity_fits(other.policy, row) ? "reason"
                                                           : "severity")
           : upk_diag_add(said, 4115, row->span,
                          "policy `%.*s` finds `%.*s` %.*s, not %.*s",
                          UPK_FMT(other.policy->name), UPK_FMT(object.display),
                          UPK_FMT(finding(verdict)),
                          UPK_FMT(finding(row->verdict)));
  upk_str because = ir_because(ir, other.policy, other.row);
  if (because.len)
    upk_diag_note(said, diag, "It is: %.*s.", UPK_FMT(because));
  if (row->severity.data)
    upk_diag_note(said, diag, "The policy's severity is %s.",
                  severities[other.policy->severity]);
  upk_diag_label(said, diag, other.policy->name_span, "the policy");
}

/* ---- deferred ---- */

static bool deferred_named(ir *ir, const ir_deferred *d, const test_row *row) {
  upk_str id = upk_arena_printf(ir->arena, "%.*s:%.*s", UPK_FMT(d->action),
                                UPK_FMT(d->object.display));
  return test_fits(id, row->step.text) &&
         test_fits(d->action, row->action.text) &&
         test_fits(d->object.display, row->object.text) &&
         (!row->policy.text.data ||
          upk_str_equal(d->policy->name, row->policy.text));
}

static void check_deferred(ir *ir, const test_row *row, upk_diags *said) {
  const ir_deferred *near = NULL;
  for (size_t i = 0; i < ir->deferred.len; i++) {
    const ir_deferred *d = &ir->deferred.items[i];
    if (!d->policy || !deferred_named(ir, d, row))
      continue;
    near = d;
    if ((!row->reason.data || upk_str_equal(d->reason, row->reason)) &&
        test_contains(d->because, row->because.text))
      return;
  }
  if (near) {
    upk_diag *diag =
        upk_diag_add(said, 4116, row->span, "%.*s is deferred for `%.*s`",
                     UPK_FMT(test_row_text(ir, row)), UPK_FMT(near->reason));
    upk_diag_note(said, diag, "It was wanted because %.*s.",
                  UPK_FMT(near->because));
    return;
  }
  upk_diag *diag = upk_diag_add(said, 4116, row->span, "%.*s is not deferred",
                                UPK_FMT(test_row_text(ir, row)));
  test_near_step(ir, said, diag, row);
}

/* ---- codes ---- */

static bool is_said(const ir *ir, upk_str code, bool failure) {
  for (size_t i = 0; i < ir->diags->items.len; i++) {
    const upk_diag *diag = &ir->diags->items.items[i];
    upk_str text = upk_arena_printf(ir->arena, "UPK%04d", diag->code);
    if (upk_str_equal(text, code) &&
        (!failure || diag->severity == UPK_FAILURE))
      return true;
  }
  return false;
}

static void note_codes(const ir *ir, upk_diags *said, upk_diag *diag) {
  enum { SHOWN = 5 };
  for (size_t i = 0; i < ir->diags->items.len && i < SHOWN; i++) {
    const upk_diag *other = &ir->diags->items.items[i];
    upk_diag_note(said, diag, "UPK%04d: %.*s", other->code,
                  UPK_FMT(other->message));
  }
  if (!ir->diags->items.len)
    upk_diag_note(said, diag, "Nothing is said at all.");
}

static void check_codes(ir *ir, const ir_texts *codes, bool refused,
                        upk_status status, upk_diags *said) {
  for (size_t i = 0; i < codes->len; i++) {
    const ir_text *code = &codes->items[i];
    if (is_said(ir, code->text, refused) && (!refused || status != UPK_OK))
      continue;
    upk_diag *diag = upk_diag_add(said, 4117, code->span,
                                  refused ? "the plan is not refused by %.*s"
                                          : "%.*s is not said",
                                  UPK_FMT(code->text));
    note_codes(ir, said, diag);
  }
}

static void refused_unexpectedly(ir *ir, upk_diags *said) {
  upk_diag *diag = upk_diag_add(said, 4118, ir->test->name.span,
                                "there is no plan: it is refused");
  upk_diag_help(said, diag,
                "expect it with `refused: [...]`, or mend what is said");
  test_near_refusal(ir, said, diag);
  for (size_t i = 0; i < ir->diags->items.len; i++)
    if (ir->diags->items.items[i].severity == UPK_FAILURE)
      upk_diags_copy(said, ir->diags, &ir->diags->items.items[i]);
}

void test_expect_check(ir *ir, upk_status status, upk_diags *said) {
  const test_expect *e = &ir->test->expect;
  bool *matched = UPK_NEW_ARRAY(ir->arena, bool, ir->steps.len + 1);
  if (status != UPK_OK && !e->refused.len) {
    refused_unexpectedly(ir, said);
    return;
  }
  for (size_t i = 0; i < e->planned.len; i++)
    check_planned(ir, &e->planned.items[i], matched, said);
  memset(matched, 0, ir->steps.len * sizeof *matched);
  for (size_t i = 0; i < e->exactly.len; i++)
    check_planned(ir, &e->exactly.items[i], matched, said);
  if (node_find(e->raw, "exactly"))
    check_exactly(ir, matched, said);
  for (size_t i = 0; i < e->not_planned.len; i++)
    check_not_planned(ir, &e->not_planned.items[i], said);
  for (size_t i = 0; i < e->verdicts.len; i++)
    check_verdict(ir, &e->verdicts.items[i], said);
  for (size_t i = 0; i < e->deferred.len; i++)
    check_deferred(ir, &e->deferred.items[i], said);
  check_codes(ir, &e->refused, true, status, said);
  check_codes(ir, &e->diagnostics, false, status, said);
}
