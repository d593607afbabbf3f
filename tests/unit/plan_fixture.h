/* An IR as lower leaves it, made by hand: for the tests of optimise, order,
 * schedule, lint and emit. Tables a and b, a's index a_key, table a_2026 as a
 * part of a, one database. */
#ifndef TESTS_PLAN_FIXTURE_H
#define TESTS_PLAN_FIXTURE_H

#include <string.h>

#include "cm.h"
#include "pass/pass.h"

static const char plan_facts[] =
    "{\"capabilities\":{\"ledger\":true},\"collectors\":{},"
    "\"engine\":\"toy\",\"format\":\"upkeep.facts/1\","
    "\"identity\":{\"system\":\"7\"},\"kinds\":{"
    "\"database\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"}],"
    "\"rows\":[[\"shop\"]]},"
    "\"disk\":{\"columns\":[{\"name\":\"free_size\",\"type\":\"bytes\"},"
    "{\"name\":\"name\",\"type\":\"text\"}],\"rows\":[[1000000,\"/\"]]},"
    "\"index\":{\"columns\":[{\"name\":\"schema\",\"type\":\"text\"},"
    "{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"table\","
    "\"type\":\"text\"},{\"name\":\"supports_constraint\","
    "\"type\":\"bool\"}],"
    "\"rows\":[[\"p\",\"a_key\",\"a\",true],[\"p\",\"b_key\",\"b\",false]]},"
    "\"table\":{\"columns\":[{\"name\":\"schema\",\"type\":\"text\"},"
    "{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"whole\","
    "\"type\":\"text\"},{\"name\":\"size\",\"type\":\"bytes\"},"
    "{\"name\":\"may_maintain\",\"type\":\"bool\"},"
    "{\"name\":\"pinned\",\"type\":\"bool\"}],"
    "\"rows\":[[\"p\",\"a\",null,5000000000,true,false],"
    "[\"p\",\"a_2026\",\"a\",1000,true,true],"
    "[\"p\",\"b\",null,null,false,null]]}},"
    "\"role\":\"primary\",\"taken_at\":1790000000000000,"
    "\"version\":\"14.2\"}\n";

typedef struct fixture {
  ir ir;
  upk_diags diags;
  ir_engine engine;
  ir_target target;
  ir_kind table, index, database;
  upk_buf output;
} fixture;

static inline void add_names(fixture *f, ir_names *names, const char *first,
                             const char *second) {
  if (first)
    *UPK_PUSH(f->ir.arena, names) = upk_str_from(first);
  if (second)
    *UPK_PUSH(f->ir.arena, names) = upk_str_from(second);
}

static inline node *text_node(fixture *f, const char *text) {
  return node_new_text(f->ir.arena, NODE_TEXT, upk_str_from(text), UPK_NO_SPAN);
}

static inline node *map_node(fixture *f) {
  return node_new(f->ir.arena, NODE_MAP, UPK_NO_SPAN);
}

static inline void put(fixture *f, const node *into, const char *key,
                       node *value) {
  /* Definitions are const for passes; the fixture made them. */
  union {
    const node *given;
    node *own;
  } of = {.given = into};
  size_t count = of.own->map.count;
  node_member *members = UPK_NEW_ARRAY(f->ir.arena, node_member, count + 1);
  if (count)
    memcpy(members, of.own->map.members, count * sizeof *members);
  members[count] = (node_member){upk_str_from(key), UPK_NO_SPAN, value};
  of.own->map.members = members;
  of.own->map.count = count + 1;
}

static inline node *list_node(fixture *f, node *first, node *second) {
  node *list = node_new(f->ir.arena, NODE_LIST, UPK_NO_SPAN);
  list->list.items = UPK_NEW_ARRAY(f->ir.arena, node *, 2);
  list->list.items[0] = first;
  list->list.items[1] = second;
  list->list.count = (size_t)(first != NULL) + (second != NULL);
  return list;
}

/* actions' `key = { "entry" }` */
static inline void says(fixture *f, const ir_action *action, const char *key,
                        const char *entry) {
  put(f, action->definition, key, list_node(f, text_node(f, entry), NULL));
}

static inline void add_parent(fixture *f, ir_kind *kind, const char *parent,
                              const char *first, const char *second) {
  void *parents = UPK_NEW_ARRAY(f->ir.arena, char, 2 * sizeof *kind->parents);
  if (kind->parent_count)
    memcpy(parents, kind->parents, kind->parent_count * sizeof *kind->parents);
  kind->parents = parents;
  kind->parents[kind->parent_count].kind = upk_str_from(parent);
  add_names(f, &kind->parents[kind->parent_count].keys, first, second);
  kind->parent_count++;
}

static inline void add_attribute(fixture *f, ir_kind *kind, const char *name,
                                 upk_type type) {
  *UPK_PUSH(f->ir.arena, &kind->attributes) =
      (ir_attribute){.name = upk_str_from(name), .type = type};
}

static inline void add_kind(fixture *f, ir_kind *kind, const char *name) {
  kind->name = upk_str_from(name);
  add_attribute(f, kind, "name", UPK_TYPE_TEXT);
  *UPK_PUSH(f->ir.arena, &f->engine.kinds) = kind;
}

static inline fixture *fixture_new(void) {
  upk_arena *arena = upk_arena_new(NULL);
  fixture *f = UPK_NEW(arena, fixture);
  f->ir.arena = arena;
  upk_diags_init(&f->diags, arena);
  f->ir.diags = &f->diags;
  f->ir.engine = &f->engine;
  f->engine.name = UPK_STR("toy");
  f->engine.definition = map_node(f);
  f->ir.target = &f->target;
  f->target.name = UPK_STR("shop");
  f->target.jobs = 2;
  f->ir.facts_sha256 = UPK_STR("sha256:facts");
  f->ir.stdlib_sha256 = UPK_STR("sha256:stdlib");
  f->ir.stdlib_version = UPK_STR("0");
  f->ir.now_us = INT64_C(1790000000000000);
  f->ir.output = upk_sink_buf(&f->output);
  assert_int_equal(upk_facts_read(arena, upk_str_from(plan_facts),
                                  UPK_STR("facts.json"), &f->diags,
                                  &f->ir.facts),
                   UPK_OK);
  add_kind(f, &f->database, "database");
  f->database.single = true;
  add_names(f, &f->database.keys, "name", NULL);
  add_kind(f, &f->index, "index");
  add_names(f, &f->index.keys, "schema", "name");
  add_parent(f, &f->index, "table", "schema", "table");
  add_kind(f, &f->table, "table");
  add_names(f, &f->table.keys, "schema", "name");
  add_parent(f, &f->table, "table", "schema", "whole");
  add_parent(f, &f->table, "database", NULL, NULL);
  add_attribute(f, &f->table, "size", UPK_TYPE_BYTES);
  add_attribute(f, &f->table, "pinned", UPK_TYPE_BOOL);
  return f;
}

static inline void fixture_free(fixture *f) {
  upk_buf_free(&f->output);
  upk_arena_free(f->ir.arena);
}

/* Policies must be added in the order of names, and all before steps. */
static inline ir_policy *add_policy(fixture *f, const char *name,
                                    int64_t priority) {
  ir_policy *policy = UPK_PUSH(f->ir.arena, &f->ir.policies);
  policy->name = upk_str_from(name);
  policy->severity = UPK_WARNING;
  policy->priority = priority;
  policy->applies = true;
  policy->kind = &f->table;
  policy->kind_name.text = policy->kind->name;
  return policy;
}

static inline void goes_after(fixture *f, size_t policy, size_t before) {
  ir_policy *p = &f->ir.policies.items[policy];
  *UPK_PUSH(f->ir.arena, &p->after_index) = before;
  UPK_PUSH(f->ir.arena, &p->after)->text = f->ir.policies.items[before].name;
}

static inline ir_action *add_action(fixture *f, const char *name,
                                    ir_kind *kind) {
  ir_action *action = UPK_NEW(f->ir.arena, ir_action);
  action->name = upk_str_from(name);
  action->engine = f->engine.name;
  action->kind = kind->name;
  action->definition = map_node(f);
  *UPK_PUSH(f->ir.arena, &f->engine.actions) = action;
  return action;
}

/* The step of `policy` (-1: of none) that runs `action` on p.NAME in `row`. */
static inline ir_step *add_step(fixture *f, int policy, ir_action *action,
                                size_t row, const char *name) {
  ir_kind *kind = ir_kind_find(&f->engine, action->kind);
  upk_str *names = UPK_NEW_ARRAY(f->ir.arena, upk_str, 2);
  size_t count = 0;
  if (kind != &f->database)
    names[count++] = UPK_STR("p");
  names[count++] = upk_str_from(name);
  ir_step *step = UPK_PUSH(f->ir.arena, &f->ir.steps);
  step->action = action;
  step->object = (ir_object){.kind = kind,
                             .row = row,
                             .name = names,
                             .name_count = count,
                             .display = upk_str_from(name)};
  step->id =
      upk_arena_printf(f->ir.arena, "%.*s:%s", UPK_FMT(action->name), name);
  step->because = UPK_STR("size 2 > 1");
  step->atomicity = UPK_STR("transaction");
  step->undo_class = UPK_STR("inverse");
  step->lock_ms = 1000;
  step->estimate.p50_ms = 1000;
  step->estimate.p90_ms = 2000;
  step->estimate.basis = UPK_STR("prior");
  if (policy >= 0) {
    step->policy = &f->ir.policies.items[policy];
    step->policy_index = (size_t)policy;
  }
  return step;
}

static inline bool has_code(const fixture *f, int code) {
  for (size_t i = 0; i < f->diags.items.len; i++)
    if (f->diags.items.items[i].code == code)
      return true;
  return false;
}

/* "id id id" of the plan, for assertions. */
static inline const char *plan_text(fixture *f) {
  upk_buf out = {0};
  for (size_t i = 0; i < f->ir.plan_order.len; i++) {
    upk_buf_str(&out, i ? UPK_STR(" ") : UPK_STR(""));
    upk_buf_str(&out, f->ir.steps.items[f->ir.plan_order.items[i]].id);
  }
  upk_str text =
      upk_arena_copy(f->ir.arena, out.len ? upk_buf_view(&out) : UPK_STR(""));
  upk_buf_free(&out);
  return text.data;
}

#endif
