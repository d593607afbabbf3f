/* What the role of a target must be allowed, and for what: what the policies'
 * actions declare under `needs`, in the words of the engine's file. */
#include "emit/privileges.h"

#include "json.h"

static bool has_name(const ir_names *names, upk_str name) {
  for (size_t i = 0; i < names->len; i++)
    if (upk_str_equal(names->items[i], name))
      return true;
  return false;
}

/* With the engine's own: the ledger is made where there is none. */
static bool needs(const ir_action *action, upk_str privilege) {
  return has_name(&action->privileges, privilege);
}

static void put_uses(const ir *ir, upk_str privilege, upk_json_writer *w) {
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    for (size_t n = 0; policy->applies && n < policy->by.len; n++) {
      const ir_action *action = policy->by.items[n].resolved;
      if (!action || !needs(action, privilege))
        continue;
      upk_json_begin_object(w);
      upk_json_put_string(w, "action", action->name);
      upk_json_put_string(w, "policy", policy->name);
      upk_json_end_object(w);
    }
  }
}

static void put_given(upk_json_writer *w, const char *key, const node *map) {
  const node *value = node_find(map, key);
  if (value && value->type == NODE_TEXT)
    upk_json_put_string(w, key, value->text);
}

static void put_grants(const node *list, upk_json_writer *w) {
  for (size_t i = 0; list && list->type == NODE_LIST && i < list->list.count;
       i++) {
    const node *grant = list->list.items[i];
    upk_json_begin_object(w);
    put_given(w, "max", grant);
    put_given(w, "min", grant);
    put_given(w, "note", grant);
    put_given(w, "sql", grant);
    upk_json_end_object(w);
  }
}

static void put_privilege(const ir *ir, const node_member *member,
                          upk_json_writer *w) {
  const node *always = node_find(member->value, "always");
  upk_json_begin_object(w);
  upk_json_put_bool(w, "always", always && always->boolean);
  put_given(w, "capability", member->value);
  put_given(w, "doc", member->value);
  upk_json_key(w, "for");
  upk_json_begin_array(w);
  put_uses(ir, member->key, w);
  upk_json_end_array(w);
  upk_json_key(w, "grants");
  upk_json_begin_array(w);
  put_grants(node_find(member->value, "grants"), w);
  upk_json_end_array(w);
  upk_json_put_string(w, "name", member->key);
  upk_json_end_object(w);
}

/* Actions that say nothing: what they need is not known. */
static void put_unsaid(const ir *ir, upk_json_writer *w) {
  ir_names said = {0};
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    for (size_t n = 0; policy->applies && n < policy->by.len; n++) {
      const ir_action *action = policy->by.items[n].resolved;
      if (!action || action->privileges_said || has_name(&said, action->name))
        continue;
      *UPK_PUSH(ir->arena, &said) = action->name;
      upk_json_string(w, action->name);
    }
  }
}

bool privileges_write(ir *ir, upk_sink sink) {
  const node *map = node_find(ir->engine->definition, "privileges");
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  upk_json_put_string(w, "engine", ir->engine->name);
  upk_json_put_string(w, "format", UPK_STR("upkeep.privileges/1"));
  upk_json_put_bool(w, "ledger", upk_str_is(ir->target->ledger, "in-target"));
  upk_json_key(w, "privileges");
  upk_json_begin_array(w);
  for (size_t i = 0; map && map->type == NODE_MAP && i < map->map.count; i++)
    put_privilege(ir, &map->map.members[i], w);
  upk_json_end_array(w);
  upk_json_put_string(w, "target", ir->target->name);
  upk_json_key(w, "unsaid");
  upk_json_begin_array(w);
  put_unsaid(ir, w);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}
