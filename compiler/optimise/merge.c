/* Steps with one id. */
#include <string.h>

#include "optimise/optimise.h"

bool optimise_precedes(const ir_step *a, const ir_step *b) {
  if (!a->policy || !b->policy)
    return !a->policy;
  if (a->policy->priority != b->policy->priority)
    return a->policy->priority > b->policy->priority;
  return upk_str_compare(a->policy->name, b->policy->name) < 0;
}

void optimise_drop(ir *ir, ir_step *step, upk_str reason, upk_str because) {
  step->dropped = true;
  *UPK_PUSH(ir->arena, &ir->deferred) = (ir_deferred){
      step->policy, step->object, step->action->name, reason, because,
      UPK_NO_STR,   false};
}

void optimise_stand_for(ir *ir, ir_step *step, const ir_step *other) {
  if (other->policy)
    *UPK_PUSH(ir->arena, &step->also) = other->policy_index;
  for (size_t i = 0; i < other->also.len; i++)
    *UPK_PUSH(ir->arena, &step->also) = other->also.items[i];
}

/* ---- equality ---- */

static bool lists_equal(const node *a, const node *b) {
  if (a->list.count != b->list.count)
    return false;
  for (size_t i = 0; i < a->list.count; i++)
    if (!node_equal(a->list.items[i], b->list.items[i]))
      return false;
  return true;
}

static bool maps_equal(const node *a, const node *b) {
  if (a->map.count != b->map.count)
    return false;
  for (size_t i = 0; i < a->map.count; i++) {
    const node_member *other = node_member_find(b, a->map.members[i].key);
    if (!other || !node_equal(a->map.members[i].value, other->value))
      return false;
  }
  return true;
}

bool node_equal(const node *a, const node *b) {
  if (a == b)
    return true;
  if (!a || !b || a->type != b->type)
    return false;
  switch (a->type) {
  case NODE_NULL:
    return true;
  case NODE_BOOL:
    return a->boolean == b->boolean;
  case NODE_INT:
    return a->integer == b->integer;
  case NODE_TEXT:
  case NODE_PLAIN:
    return upk_str_equal(a->text, b->text);
  case NODE_LIST:
    return lists_equal(a, b);
  case NODE_MAP:
    return maps_equal(a, b);
  case NODE_FUNCTION:
    return a->function.script == b->function.script &&
           a->function.reference == b->function.reference;
  }
  return false;
}

static bool arguments_equal(const ir_remedy *a, const ir_remedy *b) {
  size_t count = a ? a->arguments.len : 0;
  if (a == b)
    return true;
  if (count != (b ? b->arguments.len : 0))
    return false;
  for (size_t i = 0; i < count; i++)
    if (!upk_str_equal(a->arguments.items[i].name,
                       b->arguments.items[i].name) ||
        !node_equal(a->arguments.items[i].value, b->arguments.items[i].value))
      return false;
  return true;
}

static bool names_equal(const ir_names *a, const ir_names *b) {
  if (a->len != b->len)
    return false;
  for (size_t i = 0; i < a->len; i++)
    if (!upk_str_equal(a->items[i], b->items[i]))
      return false;
  return true;
}

static bool params_equal(const ir_check *a, const ir_check *b) {
  if (a->params.len != b->params.len)
    return false;
  for (size_t i = 0; i < a->params.len; i++)
    if (!node_equal(a->params.items[i], b->params.items[i]))
      return false;
  return true;
}

static bool checks_equal(const ir_check *a, const ir_check *b) {
  return upk_str_equal(a->expect, b->expect) && upk_str_equal(a->sql, b->sql) &&
         upk_str_equal(a->rows, b->rows) &&
         names_equal(&a->queries, &b->queries) && params_equal(a, b);
}

/* ---- checks of both ----
 *
 * Vectors of a step may be shared with other steps: copied before they
 * change. */

static void own_checks(const ir *ir, ir_check **items, size_t count) {
  ir_check *copy = UPK_NEW_ARRAY(ir->arena, ir_check, count + 1);
  if (count)
    memcpy(copy, *items, count * sizeof *copy);
  *items = copy;
}

static ir_check *find_check(ir_check *checks, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (upk_str_is(checks[i].name, name))
      return &checks[i];
  return NULL;
}

static void add_queries(ir *ir, ir_check *to, const ir_check *from) {
  ir_names joined = {0};
  for (size_t i = 0; i < to->queries.len; i++)
    *UPK_PUSH(ir->arena, &joined) = to->queries.items[i];
  for (size_t i = 0; i < from->queries.len; i++) {
    bool known = false;
    for (size_t j = 0; j < joined.len && !known; j++)
      known = upk_str_equal(joined.items[j], from->queries.items[i]);
    if (!known)
      *UPK_PUSH(ir->arena, &joined) = from->queries.items[i];
  }
  to->queries = joined;
}

static void add_columns(ir *ir, ir_check *to, const ir_check *from) {
  size_t count = to->columns.len;
  size_t room = count + from->columns.len;
  void *items =
      upk_arena_alloc(ir->arena, sizeof *to->columns.items * (room + 1));
  if (count)
    memcpy(items, to->columns.items, sizeof *to->columns.items * count);
  to->columns.items = items;
  to->columns.cap = room + 1;
  for (size_t i = 0; i < from->columns.len; i++) {
    bool known = false;
    for (size_t j = 0; j < count && !known; j++)
      known =
          upk_str_equal(to->columns.items[j].name, from->columns.items[i].name);
    if (known)
      continue;
    to->columns.items[to->columns.len].name = from->columns.items[i].name;
    to->columns.items[to->columns.len++].type = from->columns.items[i].type;
  }
}

/* The step is still needed while either invariant is broken. */
static void merge_pre(ir *ir, ir_step *step, const ir_step *other) {
  ir_check *to = find_check(step->pre.items, step->pre.len, "invariant");
  const ir_check *from =
      find_check(other->pre.items, other->pre.len, "invariant");
  if (!to || !from || checks_equal(to, from) || !params_equal(to, from) ||
      to->sql.data || from->sql.data)
    return;
  to->expect = upk_arena_printf(ir->arena, "(%.*s) or (%.*s)",
                                UPK_FMT(to->expect), UPK_FMT(from->expect));
  add_queries(ir, to, from);
  add_columns(ir, to, from);
}

/* Both invariants must hold after. */
static void merge_post(ir *ir, ir_step *step, const ir_step *other) {
  for (size_t i = 0; i < other->post.len; i++) {
    const ir_check *from = &other->post.items[i];
    bool known = false;
    for (size_t j = 0; j < step->post.len && !known; j++)
      known = checks_equal(&step->post.items[j], from);
    if (known)
      continue;
    ir_check *added = UPK_PUSH(ir->arena, &step->post);
    *added = *from;
    added->name =
        upk_arena_printf(ir->arena, "%.*s of %.*s", UPK_FMT(from->name),
                         UPK_FMT(other->policy->name));
  }
}

static int64_t least_given(int64_t a, int64_t b) {
  if (!a || !b)
    return a ? a : b;
  return a < b ? a : b;
}

static void absorb(ir *ir, ir_step *step, ir_step *other) {
  own_checks(ir, &step->pre.items, step->pre.len);
  own_checks(ir, &step->post.items, step->post.len);
  step->pre.cap = step->pre.len;
  step->post.cap = step->post.len;
  if (!upk_str_equal(step->because, other->because))
    step->because =
        upk_arena_printf(ir->arena, "%.*s; %.*s", UPK_FMT(step->because),
                         UPK_FMT(other->because));
  merge_pre(ir, step, other);
  merge_post(ir, step, other);
  step->lock_ms = least_given(step->lock_ms, other->lock_ms);
  step->statement_ms = least_given(step->statement_ms, other->statement_ms);
  step->max_ms = least_given(step->max_ms, other->max_ms);
  step->blocking_ms = least_given(step->blocking_ms, other->blocking_ms);
  step->readers_ms = least_given(step->readers_ms, other->readers_ms);
  step->wait_ms = least_given(step->wait_ms, other->wait_ms);
  optimise_stand_for(ir, step, other);
  other->dropped = true;
}

static void defer_other(ir *ir, const ir_step *step, ir_step *other) {
  upk_diag *diag = upk_diag_add(
      ir->diags, 1551, other->span,
      "policies `%.*s` and `%.*s` want `%.*s` with different parameters",
      UPK_FMT(step->policy->name), UPK_FMT(other->policy->name),
      UPK_FMT(step->id));
  upk_diag_label(ir->diags, diag, step->span, "has precedence");
  upk_diag_help(ir->diags, diag,
                "Give both the same parameters, or narrow one with `where`.");
  optimise_drop(ir, other, UPK_STR("conflict"),
                upk_arena_printf(ir->arena,
                                 "policy %.*s does it with other parameters",
                                 UPK_FMT(step->policy->name)));
}

static void join(ir *ir, ir_step *step, ir_step *other) {
  if (!step->policy || !other->policy)
    other->dropped = true;
  else if (arguments_equal(step->remedy, other->remedy))
    absorb(ir, step, other);
  else
    defer_other(ir, step, other);
}

/* Equal ids are one action on one object: lower tells kinds apart. */
void optimise_merge(ir *ir) {
  upk_map winners;
  upk_map_init(&winners, ir->arena);
  for (size_t i = 0; i < ir->steps.len; i++) {
    ir_step *step = &ir->steps.items[i];
    uint64_t number = 0;
    if (step->dropped)
      continue;
    if (!upk_map_find(&winners, step->id, &number)) {
      upk_map_put(&winners, step->id, i);
      continue;
    }
    ir_step *winner = &ir->steps.items[number];
    if (optimise_precedes(step, winner)) {
      join(ir, step, winner);
      upk_map_put(&winners, step->id, i);
    } else {
      join(ir, winner, step);
    }
  }
}
