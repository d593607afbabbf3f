/* Objects that a policy leaves alone, until a day. */
#include "bind/verdict.h"
#include "front/scalar.h"
#include "timefmt.h"

typedef struct exemption {
  upk_str object;
} exemption;
typedef UPK_VEC(exemption) exemptions;

static void said_ended(ir *ir, const ir_policy *policy, const node *item,
                       upk_str object, int64_t until_us) {
  upk_buf time = {0};
  upk_timestamp_format(until_us, &time);
  upk_diag_add(ir->diags, 1506, item->span,
               "policy `%.*s` exempts `%.*s` until %.*s only",
               UPK_FMT(policy->name), UPK_FMT(object),
               UPK_FMT(upk_buf_view(&time)));
  upk_buf_free(&time);
}

static void add(ir *ir, const ir_policy *policy, const node *item,
                exemptions *list) {
  upk_str object;
  int64_t until_us = INT64_MAX;
  const node *until = node_find(item, "until");
  const node *name = node_find(item, "object");
  /* The front end has read the same once, and said what is wrong. */
  if (!name || !scalar_text(ir->diags, name, UPK_STR("object"), &object))
    return;
  if (until && !scalar_timestamp(ir->diags, until, UPK_STR("until"), &until_us))
    return;
  if (until_us > ir->now_us)
    UPK_PUSH(ir->arena, list)->object = object;
  else
    said_ended(ir, policy, item, object, until_us);
}

static exemptions read(ir *ir, const ir_policy *policy) {
  exemptions list = {0};
  const node *exempt = policy->exempt;
  if (exempt->type == NODE_MAP)
    add(ir, policy, exempt, &list);
  for (size_t i = 0; exempt->type == NODE_LIST && i < exempt->list.count; i++)
    add(ir, policy, exempt->list.items[i], &list);
  return list;
}

static bool judged(uint8_t verdict) {
  return verdict == IR_WARNS || verdict == IR_BROKEN ||
         verdict == IR_PREDICTED || verdict == IR_UNKNOWN_VERDICT;
}

void exempt_apply(ir *ir, ir_policy *policy) {
  exemptions list = read(ir, policy);
  size_t rows = list.len ? ir_kind_rows(ir, policy->kind) : 0;
  for (size_t row = 0; row < rows; row++) {
    if (!judged(policy->verdicts[row]))
      continue;
    ir_object object = ir_object_at(ir, policy->kind, row);
    for (size_t i = 0; i < list.len; i++)
      if (upk_glob(object.display, list.items[i].object))
        policy->verdicts[row] = IR_EXEMPT;
  }
}
