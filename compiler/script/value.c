/* Values that cross the sandbox's border: Lua to nodes and back.
 *
 * Only integers, texts, booleans, lists and maps leave. A fault names the path
 * to the value: `limits.max_actions`, `steps[2].sql`.
 */
#include <stdlib.h>
#include <string.h>

#include "private.h"
#include "quote.h"

enum {
  CHARGE_NODES = 64,
  CHARGE_BYTES = 4, /* of text a unit: one text can stand in many places */
};

/* One table above the value being converted: for the path in messages. */
typedef struct path_part {
  const struct path_part *up;
  upk_str key;       /* absent: `index` counts */
  lua_Integer index; /* from 1 */
} path_part;

typedef struct conversion {
  lua_State *lua;
  upk_arena *arena;
  upk_span span;
  bool functions;
  size_t nodes;
} conversion;

static void add_path(upk_buf *out, const path_part *part) {
  if (!part)
    return;
  add_path(out, part->up);
  if (!part->key.data)
    upk_buf_printf(out, "[%lld]", (long long)part->index);
  else
    upk_buf_printf(out, "%s%.*s", out->len ? "." : "", UPK_FMT(part->key));
}

/* Raises 1307: "`a.b[2]` is a float (0.5)". */
static void refuse(const conversion *c, const path_part *path,
                   const char *what) {
  upk_buf out = {0};
  add_path(&out, path);
  upk_str text = upk_arena_copy(script_of(c->lua)->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  if (text.len)
    script_fail(c->lua, 1307, "`%.200s` %s", text.data, what);
  script_fail(c->lua, 1307, "the value %s", what);
}

static node *convert(conversion *c, int index, const path_part *path,
                     int depth);

/* Whether the keys are exactly 1..len. */
static bool is_list(lua_State *lua, int table, size_t len) {
  size_t count = 0;
  for (lua_pushnil(lua); lua_next(lua, table); lua_pop(lua, 1)) {
    if (++count > len || !lua_isinteger(lua, -2) ||
        lua_tointeger(lua, -2) < 1 ||
        (lua_Unsigned)lua_tointeger(lua, -2) > len) {
      lua_pop(lua, 2);
      return false;
    }
  }
  return count == len;
}

static bool is_empty(lua_State *lua, int table) {
  lua_pushnil(lua);
  if (!lua_next(lua, table))
    return true;
  lua_pop(lua, 2);
  return false;
}

static void convert_list(conversion *c, int table, size_t count,
                         const path_part *path, int depth, node *result) {
  result->type = NODE_LIST;
  result->list.count = count;
  result->list.items = UPK_NEW_ARRAY(c->arena, node *, count);
  for (size_t i = 0; i < count; i++) {
    path_part here = {path, UPK_NO_STR, (lua_Integer)i + 1};
    lua_rawgeti(c->lua, table, here.index);
    node *item = convert(c, lua_gettop(c->lua), &here, depth + 1);
    if (!item)
      refuse(c, &here, "is a function");
    result->list.items[i] = item;
    lua_pop(c->lua, 1);
  }
}

static int compare_members(const void *left, const void *right) {
  return upk_str_compare(((const node_member *)left)->key,
                         ((const node_member *)right)->key);
}

/* Small maps are the rule: insertion beats qsort's calls. */
static void sort_members(node_member *members, size_t count) {
  if (count > 24) {
    qsort(members, count, sizeof *members, compare_members);
    return;
  }
  for (size_t i = 1; i < count; i++) {
    node_member member = members[i];
    size_t at = i;
    for (; at && compare_members(&members[at - 1], &member) > 0; at--)
      members[at] = members[at - 1];
    members[at] = member;
  }
}

/* The key under the value on top. Places of a list beside named members, as in
 * { "size", "bytes", reason = true }, become "1", "2". */
static upk_str key_text(conversion *c, int table, const path_part *path) {
  lua_State *lua = c->lua;
  upk_str key;
  if (lua_type(lua, -2) == LUA_TSTRING) {
    key.data = lua_tolstring(lua, -2, &key.len);
    return key;
  }
  if (!lua_isinteger(lua, -2))
    refuse(c, path, "has a key that is no text");
  lua_Integer place = lua_tointeger(lua, -2);
  if (place < 1 || (lua_Unsigned)place > lua_rawlen(lua, table))
    refuse(c, path, "is a list with gaps");
  return upk_arena_printf(c->arena, "%lld", (long long)place);
}

/* Keys of plans are few and come ten thousand times: one copy of each is kept,
 * in the script's arena. */
static upk_str keep_key(conversion *c, upk_str key, const path_part *path) {
  script *s = script_of(c->lua);
  uint64_t at;
  if (upk_map_find(&s->keys, key, &at))
    return s->keys.entries.items[at].key;
  if (!upk_utf8_valid(key))
    refuse(c, path, "has a key that is not UTF-8");
  upk_str copy = upk_arena_copy(s->arena, key);
  upk_map_put(&s->keys, copy, s->keys.entries.len);
  return copy;
}

/* Members wait in `pending`, above those of the tables around them, until
 * their count is known. */
static void convert_map(conversion *c, int table, const path_part *path,
                        int depth, node *result) {
  lua_State *lua = c->lua;
  script *s = script_of(lua);
  size_t begin = s->pending.len;
  for (lua_pushnil(lua); lua_next(lua, table); lua_pop(lua, 1)) {
    path_part here = {path, key_text(c, table, path), 0};
    node *value = convert(c, lua_gettop(lua), &here, depth + 1);
    if (value)
      *UPK_PUSH(s->arena, &s->pending) =
          (node_member){keep_key(c, here.key, path), c->span, value};
  }
  size_t count = s->pending.len - begin;
  node_member *members = UPK_NEW_ARRAY(c->arena, node_member, count);
  if (count)
    memcpy(members, s->pending.items + begin, count * sizeof *members);
  s->pending.len = begin;
  sort_members(members, count);
  result->type = NODE_MAP;
  result->map.members = members;
  result->map.count = count;
}

static void convert_function(conversion *c, int index, node *result) {
  lua_Debug info;
  lua_pushvalue(c->lua, index);
  lua_getinfo(c->lua, ">S", &info);
  if (info.source[0] == '=' && info.linedefined > 0)
    result->span = result->text_span = script_line_span(
        script_of(c->lua), (uint32_t)strtoul(info.source + 1, NULL, 10),
        info.linedefined);
  lua_pushvalue(c->lua, index);
  result->type = NODE_FUNCTION;
  result->function.reference = luaL_ref(c->lua, LUA_REGISTRYINDEX);
  result->function.script = script_of(c->lua);
}

static void convert_text(conversion *c, int index, const path_part *path,
                         node *result) {
  upk_str text;
  text.data = lua_tolstring(c->lua, index, &text.len);
  script_charge(c->lua, text.len / CHARGE_BYTES);
  if (!upk_utf8_valid(text))
    refuse(c, path, "is a text that is not UTF-8, or holds a NUL");
  result->type = NODE_TEXT;
  result->text = upk_arena_copy(c->arena, text);
}

static void convert_table(conversion *c, int index, const path_part *path,
                          int depth, node *result) {
  size_t len = lua_rawlen(c->lua, index);
  if (depth >= SCRIPT_DEPTH_MAX)
    refuse(c, path, "is nested deeper than 32 tables, or holds itself");
  luaL_checkstack(c->lua, 8, "nested tables");
  if (len ? is_list(c->lua, index, len) : is_empty(c->lua, index))
    convert_list(c, index, len, path, depth, result);
  else
    convert_map(c, index, path, depth, result);
}

/* NULL for a function that is to be left out. `index` is absolute. */
static node *convert(conversion *c, int index, const path_part *path,
                     int depth) {
  lua_State *lua = c->lua;
  int type = lua_type(lua, index);
  if (type == LUA_TFUNCTION && !c->functions)
    return NULL;
  if (++c->nodes % CHARGE_NODES == 0)
    script_charge(lua, CHARGE_NODES * 4);
  if (c->nodes > SCRIPT_NODES_MAX)
    refuse(c, path, "is part of a table of more than 200000 values");
  node *result = UPK_NEW(c->arena, node);
  result->span = result->text_span = c->span;
  if (type == LUA_TNIL) {
    result->type = NODE_NULL;
  } else if (type == LUA_TBOOLEAN) {
    result->type = NODE_BOOL;
    result->boolean = lua_toboolean(lua, index);
  } else if (type == LUA_TNUMBER && lua_isinteger(lua, index)) {
    result->type = NODE_INT;
    result->integer = lua_tointeger(lua, index);
  } else if (type == LUA_TNUMBER) {
    refuse(c, path, "is a float");
  } else if (type == LUA_TSTRING) {
    convert_text(c, index, path, result);
  } else if (type == LUA_TTABLE) {
    convert_table(c, index, path, depth, result);
  } else if (type == LUA_TLIGHTUSERDATA) {
    result->type = NODE_NULL; /* u.null: the only one there is */
  } else if (type == LUA_TFUNCTION) {
    convert_function(c, index, result);
  } else {
    refuse(c, path, "is of no type that leaves the script");
  }
  return result;
}

node *script_to_node(lua_State *lua, int index, upk_arena *arena, upk_span span,
                     bool functions) {
  conversion c = {lua, arena, span, functions, 0};
  script_of(lua)->pending.len = 0; /* an error may have left some */
  node *result = convert(&c, lua_absindex(lua, index), NULL, 0);
  if (!result)
    refuse(&c, NULL, "is a function");
  return result;
}

void script_push_node(lua_State *lua, const node *value) {
  luaL_checkstack(lua, 4, "nested values");
  switch (value->type) {
  case NODE_NULL:
    lua_pushnil(lua);
    return;
  case NODE_BOOL:
    lua_pushboolean(lua, value->boolean);
    return;
  case NODE_INT:
    lua_pushinteger(lua, value->integer);
    return;
  case NODE_TEXT:
  case NODE_PLAIN:
    lua_pushlstring(lua, value->text.data, value->text.len);
    return;
  case NODE_FUNCTION:
    lua_rawgeti(lua, LUA_REGISTRYINDEX, value->function.reference);
    return;
  case NODE_LIST:
    lua_createtable(lua, (int)value->list.count, 0);
    for (size_t i = 0; i < value->list.count; i++) {
      script_push_node(lua, value->list.items[i]);
      lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    return;
  case NODE_MAP:
    lua_createtable(lua, 0, (int)value->map.count);
    for (size_t i = 0; i < value->map.count; i++) {
      const node_member *member = &value->map.members[i];
      lua_pushlstring(lua, member->key.data, member->key.len);
      script_push_node(lua, member->value);
      lua_rawset(lua, -3);
    }
    return;
  }
}
