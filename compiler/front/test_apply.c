/* What a policy test changes in the project, before policies are read. */
#include <stdlib.h>
#include <string.h>

#include "front/front.h"
#include "front/tests.h"

const char test_made_up_target[] = "test";

static ir_target *find_target(ir *ir, upk_str name) {
  for (size_t i = 0; i < ir->project.targets.len; i++)
    if (upk_str_equal(ir->project.targets.items[i].name, name))
      return &ir->project.targets.items[i];
  return NULL;
}

static ir_target *make_target(ir *ir, const test_case *test) {
  ir_target *target = UPK_PUSH(ir->arena, &ir->project.targets);
  *target = (ir_target){.name = test->target_name,
                        .engine_name = test->engine,
                        .connect = UPK_STR(""),
                        .role = UPK_NO_STR,
                        .ledger = UPK_STR("in-target"),
                        .span = test->span,
                        .jobs = 1,
                        .raw = node_new(ir->arena, NODE_MAP, test->span)};
  return target;
}

static int by_key(const void *a, const void *b) {
  return upk_str_compare(((const ir_label *)a)->key,
                         ((const ir_label *)b)->key);
}

/* The target's labels with the test's over them. */
static void put_labels(ir *ir, ir_target *target, const test_case *test) {
  size_t first = target->labels.len;
  for (size_t i = 0; i < test->labels.len; i++) {
    const ir_label *label = &test->labels.items[i];
    size_t at = 0;
    while (at < first &&
           !upk_str_equal(target->labels.items[at].key, label->key))
      at++;
    if (at == first)
      *UPK_PUSH(ir->arena, &target->labels) = *label;
    else
      target->labels.items[at].value = label->value;
  }
  if (target->labels.len > 1)
    qsort(target->labels.items, target->labels.len, sizeof(ir_label), by_key);
}

/* A map with the members of both, those of `over` where both have one. */
static const node *map_over(upk_arena *arena, const node *under,
                            const node *over) {
  size_t most = over->map.count +
                (under && under->type == NODE_MAP ? under->map.count : 0);
  node *map = node_new(arena, NODE_MAP, over->span);
  map->map.members = UPK_NEW_ARRAY(arena, node_member, most + 1);
  for (size_t i = over->map.count; i < most; i++) {
    const node_member *member = &under->map.members[i - over->map.count];
    if (!node_member_find(over, member->key))
      map->map.members[map->map.count++] = *member;
  }
  if (over->map.count)
    memcpy(&map->map.members[map->map.count], over->map.members,
           over->map.count * sizeof(node_member));
  map->map.count += over->map.count;
  return map;
}

void front_test_apply(ir *ir) {
  const test_case *test = ir->test;
  ir_target *target = find_target(ir, test->target_name);
  if (!target)
    target = make_target(ir, test);
  if (test->engine.data)
    target->engine_name = test->engine;
  put_labels(ir, target, test);
  if (test->vars)
    ir->project.vars = map_over(ir->arena, ir->project.vars, test->vars);
  if (test->requirements)
    front_requirements_over(ir, test->requirements);
}
