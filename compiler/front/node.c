#include "front/node.h"

node *node_new(upk_arena *arena, node_type type, upk_span span) {
  node *n = UPK_NEW(arena, node);
  n->type = type;
  n->span = span;
  n->text_span = span;
  return n;
}

node *node_new_text(upk_arena *arena, node_type type, upk_str text,
                    upk_span span) {
  node *n = node_new(arena, type, span);
  n->text = text;
  return n;
}

const node_member *node_member_find(const node *map, upk_str key) {
  if (map == NULL || map->type != NODE_MAP)
    return NULL;
  for (size_t i = 0; i < map->map.count; i++)
    if (upk_str_equal(map->map.members[i].key, key))
      return &map->map.members[i];
  return NULL;
}

node *node_find(const node *map, const char *key) {
  const node_member *member = node_member_find(map, upk_str_from(key));
  return member == NULL ? NULL : member->value;
}

bool node_is_null(const node *value) {
  return value->type == NODE_NULL ||
         (value->type == NODE_PLAIN &&
          (upk_str_is(value->text, "~") || upk_str_is(value->text, "null")));
}

const char *node_describe(const node *value) {
  static const char *const names[] = {
      [NODE_NULL] = "nothing",   [NODE_BOOL] = "true or false",
      [NODE_INT] = "an integer", [NODE_TEXT] = "a text",
      [NODE_PLAIN] = "a text",   [NODE_LIST] = "a list",
      [NODE_MAP] = "a map",      [NODE_FUNCTION] = "a function",
  };
  return names[value->type];
}

upk_str node_clip(upk_str text) {
  enum { LONGEST = 60 };
  if (text.len <= LONGEST)
    return text;
  size_t len = LONGEST;
  while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80)
    len--;
  return (upk_str){text.data, len};
}
