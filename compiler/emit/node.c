/* Nodes as canonical JSON. */
#include <stdlib.h>
#include <string.h>

#include "emit/plan.h"

/* The writer's own depth is limited; schemas allow far less than this. */
enum { DEPTH_MAX = 32 };

typedef struct writing {
  upk_arena *arena;
  upk_json_writer *w;
  bool untyped;
} writing;

static void write_node(const writing *to, const node *value, unsigned depth);

static int by_key(const void *a, const void *b) {
  const node_member *left = a;
  const node_member *right = b;
  return upk_str_compare(left->key, right->key);
}

static bool is_sorted(const node_member *members, size_t count) {
  for (size_t i = 1; i < count; i++)
    if (upk_str_compare(members[i - 1].key, members[i].key) >= 0)
      return false;
  return true;
}

/* Members in order of bytes; Lua's come so already. */
static const node_member *sorted(upk_arena *arena, const node *map) {
  size_t count = map->map.count;
  if (is_sorted(map->map.members, count))
    return map->map.members;
  node_member *copy = UPK_NEW_ARRAY(arena, node_member, count);
  memcpy(copy, map->map.members, sizeof *copy * count);
  qsort(copy, count, sizeof *copy, by_key);
  return copy;
}

static void write_map(const writing *to, const node *map, unsigned depth) {
  const node_member *members = sorted(to->arena, map);
  upk_json_begin_object(to->w);
  for (size_t i = 0; i < map->map.count; i++) {
    if (i > 0 && upk_str_equal(members[i - 1].key, members[i].key))
      continue;
    upk_json_key_str(to->w, members[i].key);
    write_node(to, members[i].value, depth + 1);
  }
  upk_json_end_object(to->w);
}

static void write_int(const writing *to, int64_t value) {
  if (to->untyped)
    upk_json_string(to->w,
                    upk_arena_printf(to->arena, "%lld", (long long)value));
  else
    upk_json_int(to->w, value);
}

static void write_bool(const writing *to, bool value) {
  if (to->untyped)
    upk_json_string(to->w, value ? UPK_STR("true") : UPK_STR("false"));
  else
    upk_json_bool(to->w, value);
}

static void write_list(const writing *to, const node *list, unsigned depth) {
  upk_json_begin_array(to->w);
  for (size_t i = 0; i < list->list.count; i++)
    write_node(to, list->list.items[i], depth + 1);
  upk_json_end_array(to->w);
}

static void write_node(const writing *to, const node *value, unsigned depth) {
  if (!value || depth > DEPTH_MAX) {
    upk_json_null(to->w);
    return;
  }
  switch (value->type) {
  case NODE_NULL:
  case NODE_FUNCTION:
    upk_json_null(to->w);
    return;
  case NODE_BOOL:
    write_bool(to, value->boolean);
    return;
  case NODE_INT:
    write_int(to, value->integer);
    return;
  case NODE_TEXT:
  case NODE_PLAIN:
    upk_json_string(to->w, value->text);
    return;
  case NODE_LIST:
    write_list(to, value, depth);
    return;
  case NODE_MAP:
    write_map(to, value, depth);
    return;
  }
}

void emit_node(upk_arena *arena, upk_json_writer *w, const node *value) {
  write_node(&(writing){arena, w, false}, value, 0);
}

void emit_untyped(upk_arena *arena, upk_json_writer *w, const node *value) {
  write_node(&(writing){arena, w, true}, value, 0);
}

void emit_strings(upk_json_writer *w, const upk_str *items, size_t count) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    upk_json_string(w, items[i]);
  upk_json_end_array(w);
}
