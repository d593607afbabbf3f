/* The globals of a script: a whitelist. Nothing of os, io, debug, load,
 * coroutines, pcall, next, metatables or garbage collection is in it. */
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

/* Copies `names` from the table on top to the one below it. */
static void take(lua_State *lua, const char *const *names) {
  for (; *names; names++) {
    lua_getfield(lua, -1, *names);
    lua_setfield(lua, -3, *names);
  }
}

void script_push_text(lua_State *lua, int index) {
  switch (lua_type(lua, index)) {
  case LUA_TNUMBER:
    lua_pushvalue(lua, index);
    lua_tostring(lua, -1); /* in place, of the copy */
    break;
  case LUA_TSTRING:
    lua_pushvalue(lua, index);
    break;
  case LUA_TBOOLEAN:
    lua_pushstring(lua, lua_toboolean(lua, index) ? "true" : "false");
    break;
  case LUA_TLIGHTUSERDATA:
    lua_pushliteral(lua, "null");
    break;
  default: /* an address would differ from run to run */
    lua_pushstring(lua, luaL_typename(lua, index));
  }
}

static int to_text(lua_State *lua) {
  luaL_checkany(lua, 1);
  script_push_text(lua, 1);
  return 1;
}

/* tonumber, for texts that a number can be. */
static int to_number(lua_State *lua) {
  size_t len = 0;
  if (lua_type(lua, 1) == LUA_TSTRING)
    lua_tolstring(lua, 1, &len);
  if (len > 200) {
    lua_pushnil(lua);
    return 1;
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

/* ---- pairs in the order of keys ---- */

typedef struct sort_key {
  lua_Integer number;
  const char *text; /* NULL: an integer */
  size_t len;
} sort_key;

static int compare_keys(const void *left, const void *right) {
  const sort_key *a = left, *b = right;
  if (!a->text != !b->text)
    return a->text ? 1 : -1;
  if (!a->text)
    return (a->number > b->number) - (a->number < b->number);
  return upk_str_compare((upk_str){a->text, a->len},
                         (upk_str){b->text, b->len});
}

static size_t count_pairs(lua_State *lua, int table) {
  size_t count = 0;
  for (lua_pushnil(lua); lua_next(lua, table); lua_pop(lua, 1))
    count++;
  return count;
}

static void read_key(lua_State *lua, sort_key *key) {
  if (lua_type(lua, -1) == LUA_TSTRING)
    key->text = lua_tolstring(lua, -1, &key->len);
  else if (lua_isinteger(lua, -1))
    key->number = lua_tointeger(lua, -1);
  else
    luaL_error(lua, "pairs over a table with a key that is a %s",
               luaL_typename(lua, -1));
}

/* Upvalues: keys, number of the last key. */
static int next_pair(lua_State *lua) {
  luaL_checktype(lua, 1, LUA_TTABLE); /* anybody may call it, with anything */
  lua_Integer at = lua_tointeger(lua, lua_upvalueindex(2)) + 1;
  lua_pushinteger(lua, at);
  lua_replace(lua, lua_upvalueindex(2));
  if (lua_rawgeti(lua, lua_upvalueindex(1), at) == LUA_TNIL)
    return 1;
  lua_pushvalue(lua, -1);
  lua_rawget(lua, 1);
  return 2;
}

/* The keys as they are now: a loop may change the table. */
static int sorted_pairs(lua_State *lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 1);
  size_t count = count_pairs(lua, 1);
  script_charge(lua, count * 4);
  sort_key *keys = lua_newuserdatauv(lua, sizeof *keys * (count + 1), 0);
  memset(keys, 0, sizeof *keys * (count + 1));
  size_t at = 0;
  for (lua_pushnil(lua); lua_next(lua, 1); at++) {
    lua_pop(lua, 1);
    read_key(lua, &keys[at]);
  }
  qsort(keys, count, sizeof *keys, compare_keys);
  lua_createtable(lua, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    if (keys[i].text)
      lua_pushlstring(lua, keys[i].text, keys[i].len);
    else
      lua_pushinteger(lua, keys[i].number);
    lua_rawseti(lua, -2, (lua_Integer)i + 1);
  }
  lua_pushinteger(lua, 0);
  lua_pushcclosure(lua, next_pair, 2);
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

/* ---- what is left out ---- */

typedef struct left_out {
  const char *name, *advice;
} left_out;

#define NO_PATTERNS                                                            \
  "The sandbox has no patterns: use string.glob, contains, starts_with, "      \
  "ends_with, split, replace or trim."
#define NO_CATCH "Errors end the compilation, so nothing catches them."
#define NO_CODE "Only files are run: use require."
#define NO_WORLD                                                               \
  "Policies are a pure function: no files, clock, programs or environment."
#define NO_META "Plain tables and functions are all there is."
#define NO_NEXT "pairs goes through a table in the order of its keys."

/* By the way Lua names what it could not call or index. */
static const left_out left_outs[] = {
    {"'find'", NO_PATTERNS},     {"'match'", NO_PATTERNS},
    {"'gmatch'", NO_PATTERNS},   {"'gsub'", NO_PATTERNS},
    {"'pcall'", NO_CATCH},       {"'xpcall'", NO_CATCH},
    {"'load'", NO_CODE},         {"'loadstring'", NO_CODE},
    {"'dofile'", NO_CODE},       {"'loadfile'", NO_CODE},
    {"'dump'", NO_CODE},         {"'os'", NO_WORLD},
    {"'io'", NO_WORLD},          {"'debug'", NO_WORLD},
    {"'package'", NO_WORLD},     {"'print'", NO_WORLD},
    {"'random'", NO_WORLD},      {"'collectgarbage'", NO_WORLD},
    {"'setmetatable'", NO_META}, {"'getmetatable'", NO_META},
    {"'rawset'", NO_META},       {"'rawget'", NO_META},
    {"'coroutine'", NO_META},    {"'next'", NO_NEXT},
    {"'non-closable'", NO_META},
};

const char *script_advice(const char *message) {
  if (!strstr(message, "nil value"))
    return NULL;
  for (size_t i = 0; i < sizeof left_outs / sizeof *left_outs; i++)
    if (strstr(message, left_outs[i].name))
      return left_outs[i].advice;
  return NULL;
}

/* ---- the table ---- */

static void open_math(lua_State *lua) {
  static const char *const names[] = {
      "abs",       "ceil",       "floor",      "max",  "min",
      "tointeger", "maxinteger", "mininteger", "type", NULL};
  lua_newtable(lua);
  lua_pushcfunction(lua, luaopen_math);
  lua_call(lua, 0, 1);
  take(lua, names);
  lua_pop(lua, 1);
  lua_setfield(lua, -2, "math");
}

void script_open_base(lua_State *lua) {
  static const char *const names[] = {"assert", "error", "ipairs",
                                      "select", "type",  NULL};
  lua_pushcfunction(lua, luaopen_base);
  lua_call(lua, 0, 1);
  take(lua, names);
  lua_getfield(lua, -1, "tonumber");
  lua_pushcclosure(lua, to_number, 1);
  lua_setfield(lua, -3, "tonumber");
  lua_pop(lua, 1);
  lua_pushcfunction(lua, to_text);
  lua_setfield(lua, -2, "tostring");
  lua_pushcfunction(lua, sorted_pairs);
  lua_setfield(lua, -2, "pairs");
  open_math(lua);
}
