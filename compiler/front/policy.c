#include <stdlib.h>

#include "expr.h"
#include "front/front.h"
#include "front/scalar.h"
#include "front/schema.h"

static bool is_text(const node *value) {
  return value != NULL &&
         (value->type == NODE_TEXT || value->type == NODE_PLAIN);
}

/* `map` with one more member in front. */
static const node *add_member(ir *ir, const node *map, const char *key,
                              node *value) {
  node *copy = node_new(ir->arena, NODE_MAP, map->span);
  size_t count = map->map.count;
  node_member *members = UPK_NEW_ARRAY(ir->arena, node_member, count + 1);
  members[0] = (node_member){upk_str_from(key), value->span, value};
  for (size_t i = 0; i < count; i++)
    members[i + 1] = map->map.members[i];
  copy->map.members = members;
  copy->map.count = count + 1;
  return copy;
}

/* Gives the policy the name that stands outside of its map, as in Lua. */
static const node *put_name(ir *ir, const node *policy, upk_str name) {
  const node *own = node_find(policy, "name");
  if (name.data == NULL)
    return policy;
  if (own == NULL)
    return add_member(ir, policy, "name",
                      node_new_text(ir->arena, NODE_TEXT, name, policy->span));
  if (!is_text(own) || !upk_str_equal(own->text, name))
    upk_diag_add(ir->diags, 1027, own->span,
                 "the policy is named `%.*s` and has another `name` inside",
                 UPK_FMT(node_clip(name)));
  return policy;
}

/* `with` beside `by` is for every action that has none of its own. */
static void spread_with(ir *ir, const node *policy, schema_policy_row *row) {
  const node_member *with = node_member_find(policy, UPK_STR("with"));
  ir_policy *p = &row->policy;
  if (with == NULL)
    return;
  if (node_find(policy, "by") == NULL && !p->damaged)
    upk_diag_add(ir->diags, 1027, with->key_span,
                 "`with` has parameters, but no `by` names an action");
  for (size_t i = 0; i < p->by.len; i++) {
    ir_remedy *remedy = &p->by.items[i];
    if (remedy->with == NULL) {
      remedy->with = row->with;
      continue;
    }
    upk_diag *diag = upk_diag_add(ir->diags, 1027, with->key_span,
                                  "parameters of `%.*s` are given twice",
                                  UPK_FMT(node_clip(remedy->action.text)));
    upk_diag_label(ir->diags, diag, remedy->with->span, "here too");
  }
}

/* A single map as a list of one, so that readers need to know one shape. */
static const node *as_list(ir *ir, const node *value) {
  if (value == NULL || value->type != NODE_MAP)
    return value;
  node *list = node_new(ir->arena, NODE_LIST, value->span);
  node *item = UPK_NEW(ir->arena, node);
  *item = *value;
  list->list.items = UPK_NEW(ir->arena, node *);
  list->list.items[0] = item;
  list->list.count = 1;
  return list;
}

/* Which limits it gives: the requirements fill in the others. */
static void note_limits(const node *policy, ir_policy *p) {
  static const struct {
    const char *key;
    unsigned bit;
  } rows[] = {{"lock_timeout", IR_GIVEN_LOCK_TIMEOUT},
              {"statement_timeout", IR_GIVEN_STATEMENT_TIMEOUT},
              {"max_duration", IR_GIVEN_MAX_DURATION},
              {"max_blocking", IR_GIVEN_MAX_BLOCKING}};
  const node *limits = node_find(policy, "limits");
  p->written_limits = p->limits;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (limits && node_find(limits, rows[i].key))
      p->limits_given |= rows[i].bit;
}

void front_policy(ir *ir, const node *policy, upk_str name) {
  schema_policy_row row = {0};
  if (policy->type != NODE_MAP) {
    upk_diag_add(ir->diags, 1021, policy->span,
                 "a policy must be a map, not %s", node_describe(policy));
    ir->policies_lost = true;
    return;
  }
  policy = put_name(ir, policy, name);
  const node *named = node_find(policy, "name");
  if (is_text(named)) {
    if (front_overlay_skips(ir, named->text))
      return;
    policy = front_overlay_apply(ir, policy, named->text);
  }
  bool good = schema_read(ir->arena, ir->diags, &schema_policy, policy, &row);
  ir_policy *p = &row.policy;
  p->damaged = !good;
  note_limits(policy, p);
  spread_with(ir, policy, &row);
  p->waive = as_list(ir, node_find(policy, "waive"));
  p->exempt = as_list(ir, node_find(policy, "exempt"));
  bool ensured =
      p->ensure.source.text.data != NULL || p->ensure.function != NULL;
  if (p->name.data == NULL) { /* said above */
    ir->policies_lost = true;
    return;
  }
  p->name_only = p->kind_name.text.data == NULL || !ensured;
  p->name_span = node_find(policy, "name")->span;
  *UPK_PUSH(ir->arena, &ir->policies) = *p;
}

/* ---- all of them ---- */

static int compare_policies(const void *a, const void *b) {
  const ir_policy *const *left = a, *const *right = b;
  int order = upk_str_compare((*left)->name, (*right)->name);
  if (order != 0)
    return order;
  return (*left > *right) - (*left < *right); /* as they were read */
}

static void refuse_duplicate(ir *ir, const ir_policy *policy,
                             const ir_policy *first) {
  upk_diag *diag =
      upk_diag_add(ir->diags, 1048, policy->name_span,
                   "two policies are named `%.*s`", UPK_FMT(policy->name));
  upk_diag_label(ir->diags, diag, first->name_span, "first here");
}

/* Puts items in `order`, round each cycle once; takes the order apart. */
static void permute(ir_policy *items, const ir_policy **order, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (order[i] == NULL)
      continue;
    ir_policy first = items[i];
    size_t at = i, from = (size_t)(order[i] - items);
    while (from != i) {
      items[at] = items[from];
      order[at] = NULL;
      at = from;
      from = (size_t)(order[at] - items);
    }
    items[at] = first;
    order[at] = NULL;
  }
}

void front_policies_sort(ir *ir) {
  size_t count = ir->policies.len, kept = 0;
  ir_policy *items = ir->policies.items;
  if (count == 0)
    return;
  const ir_policy **order = UPK_NEW_ARRAY(ir->arena, const ir_policy *, count);
  for (size_t i = 0; i < count; i++)
    order[i] = &items[i];
  qsort(order, count, sizeof *order, compare_policies);
  permute(items, order, count);
  for (size_t i = 0; i < count; i++) {
    if (kept > 0 && upk_str_equal(items[kept - 1].name, items[i].name))
      refuse_duplicate(ir, &items[i], &items[kept - 1]);
    else if (kept++ < i)
      items[kept - 1] = items[i];
  }
  ir->policies.len = kept;
}

/* A reference that could not be replaced was said already. */
static bool has_reference(upk_str text) {
  for (size_t i = 0; i + 1 < text.len; i++)
    if (text.data[i] == '$' && text.data[i + 1] == '{')
      return true;
  return false;
}

static void check_text(ir *ir, const ir_text *text) {
  if (text->text.data != NULL && !has_reference(text->text))
    (void)upk_expr_parses(ir->arena, text->text, text->text_span, ir->diags);
}

void front_policies_parse(ir *ir, bool all) {
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *p = &ir->policies.items[i];
    if (!all && !p->name_only)
      continue;
    check_text(ir, &p->where.source);
    check_text(ir, &p->ensure.source);
    check_text(ir, &p->warn.source);
    for (size_t n = 0; n < p->throttle.len; n++)
      check_text(ir, &p->throttle.items[n]);
    for (size_t n = 0; n < p->abort.len; n++)
      check_text(ir, &p->abort.items[n]);
  }
}
