#include "bind/asked.h"

#include <string.h>

/* As reports show it, or without quotes. */
static bool is_asked(const ir_object *object, upk_str asked) {
  upk_str rest = asked;
  if (upk_str_equal(object->display, asked))
    return true;
  for (size_t i = 0; i < object->name_count; i++) {
    upk_str part = object->name[i];
    bool last = i + 1 == object->name_count;
    if (rest.len < part.len + !last || (last && rest.len != part.len) ||
        (part.len && memcmp(rest.data, part.data, part.len) != 0) ||
        (!last && rest.data[part.len] != '.'))
      return false;
    rest = (upk_str){rest.data + part.len + !last, rest.len - part.len - !last};
  }
  return object->name_count > 0;
}

void asked_judge(ir *ir, ir_policy *policy) {
  size_t rows = ir_kind_rows(ir, policy->kind);
  memset(policy->counts, 0, sizeof policy->counts);
  for (size_t i = 0; i < rows; i++) {
    ir_object object = ir_object_at(ir, policy->kind, i);
    bool it = is_asked(&object, policy->asked);
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
