#include "bind/asked.h"

#include <string.h>

void asked_judge(ir *ir, ir_policy *policy) {
  size_t rows = ir_kind_rows(ir, policy->kind);
  memset(policy->counts, 0, sizeof policy->counts);
  for (size_t i = 0; i < rows; i++) {
    ir_object object = ir_object_at(ir, policy->kind, i);
    bool it = upk_str_equal(object.display, policy->asked);
    policy->verdicts[i] = it ? IR_BROKEN : IR_EXCLUDED;
    policy->counts[policy->verdicts[i]]++;
  }
}

static void say_unknown(ir *ir, upk_str object) {
  ir_names names = {0};
  upk_diag *diag =
      upk_diag_add(ir->diags, 3209, UPK_NO_SPAN,
                   "the facts have no object `%.*s` that the action is for",
                   UPK_FMT(object));
  for (size_t i = 0; i < ir->policies.len; i++) {
    ir_policy *policy = &ir->policies.items[i];
    size_t rows = policy->applies ? ir_kind_rows(ir, policy->kind) : 0;
    for (size_t row = 0; row < rows; row++)
      *UPK_PUSH(ir->arena, &names) =
          ir_object_at(ir, policy->kind, row).display;
  }
  upk_diag_suggest(ir->diags, diag, object, names.items, names.len);
}

bool asked_found(ir *ir) {
  size_t found = 0;
  upk_str object = UPK_NO_STR;
  for (size_t i = 0; i < ir->policies.len; i++)
    if (ir->policies.items[i].asked.data) {
      object = ir->policies.items[i].asked;
      found += ir->policies.items[i].counts[IR_BROKEN];
    }
  if (!object.data || found == 1)
    return true;
  if (!found) {
    say_unknown(ir, object);
    return false;
  }
  upk_diag *diag =
      upk_diag_add(ir->diags, 3209, UPK_NO_SPAN,
                   "several kinds have an object `%.*s`", UPK_FMT(object));
  upk_diag_help(ir->diags, diag, "say which: ACTION:OBJECT@KIND");
  return false;
}
