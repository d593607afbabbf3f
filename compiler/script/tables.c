/* `table`: on plain lists, with bounded ranges and a stable sort. No
 * metamethods are asked, since there are none. */
#include <string.h>

#include "private.h"

enum { UNPACK_MAX = 1000 };

/* Length of the list at `index`, refused when it is no reasonable one. */
static lua_Integer check_list(lua_State *lua, int index) {
  luaL_checktype(lua, index, LUA_TTABLE);
  lua_Unsigned len = lua_rawlen(lua, index);
  if (len > SCRIPT_RANGE_MAX)
    luaL_error(lua, "a list of more than %d items", SCRIPT_RANGE_MAX);
  return (lua_Integer)len;
}

/* insert(list, [at,] value) */
static int insert(lua_State *lua) {
  lua_Integer len = check_list(lua, 1), at = len + 1;
  int arguments = lua_gettop(lua);
  if (arguments != 2 && arguments != 3)
    return luaL_error(lua, "table.insert takes two or three arguments");
  if (arguments == 3) {
    at = luaL_checkinteger(lua, 2);
    luaL_argcheck(lua, at >= 1 && at <= len + 1, 2, "position out of bounds");
  }
  script_charge(lua, (size_t)(len + 1 - at));
  for (lua_Integer i = len; i >= at; i--) {
    lua_rawgeti(lua, 1, i);
    lua_rawseti(lua, 1, i + 1);
  }
  lua_settop(lua, arguments);
  lua_rawseti(lua, 1, at);
  return 0;
}

/* remove(list [, at]) gives what was there. */
static int take_out(lua_State *lua) {
  lua_Integer len = check_list(lua, 1), at = luaL_optinteger(lua, 2, len);
  if (!len)
    return 0;
  luaL_argcheck(lua, at >= 1 && at <= len, 2, "position out of bounds");
  script_charge(lua, (size_t)(len - at));
  lua_rawgeti(lua, 1, at);
  for (lua_Integer i = at; i < len; i++) {
    lua_rawgeti(lua, 1, i + 1);
    lua_rawseti(lua, 1, i);
  }
  lua_pushnil(lua);
  lua_rawseti(lua, 1, len);
  return 1;
}

/* concat(list [, separator]) of texts and integers. */
static int concat(lua_State *lua) {
  lua_Integer len = check_list(lua, 1);
  size_t gap_len;
  const char *gap = luaL_optlstring(lua, 2, "", &gap_len);
  luaL_Buffer buffer;
  size_t total = 0;
  script_charge(lua, (size_t)len);
  luaL_buffinit(lua, &buffer);
  for (lua_Integer i = 1; i <= len; i++) {
    size_t part;
    if (i > 1)
      luaL_addlstring(&buffer, gap, gap_len);
    lua_rawgeti(lua, 1, i);
    if (lua_type(lua, -1) != LUA_TSTRING && !lua_isinteger(lua, -1))
      return luaL_error(lua, "item %d of the list is a %s, not a text", (int)i,
                        luaL_typename(lua, -1));
    lua_tolstring(lua, -1, &part);
    luaL_addvalue(&buffer);
    if ((total += part + gap_len) > SCRIPT_STRING_MAX)
      return script_fail(lua, 1303, "a text grew over 1 MiB");
  }
  luaL_pushresult(&buffer);
  return 1;
}

/* unpack(list [, first [, last]]) */
static int unpack(lua_State *lua) {
  lua_Integer len = check_list(lua, 1);
  lua_Integer first = luaL_optinteger(lua, 2, 1);
  lua_Integer last = luaL_optinteger(lua, 3, len);
  if (first > last)
    return 0;
  if (first < -UNPACK_MAX || last > SCRIPT_RANGE_MAX ||
      last - first >= UNPACK_MAX)
    return luaL_error(lua, "table.unpack gives at most %d values", UNPACK_MAX);
  luaL_checkstack(lua, UNPACK_MAX, "table.unpack");
  script_charge(lua, (size_t)(last - first));
  for (lua_Integer i = first; i <= last; i++)
    lua_rawgeti(lua, 1, i);
  return (int)(last - first + 1);
}

/* ---- sort: merge sort, so equal items keep their order ---- */

/* Whether value b of the copy must stand before value a. */
static bool goes_first(lua_State *lua, uint32_t b, uint32_t a) {
  bool less;
  if (lua_isnil(lua, 2)) {
    lua_rawgeti(lua, 3, b);
    lua_rawgeti(lua, 3, a);
    less = lua_compare(lua, -2, -1, LUA_OPLT);
    lua_pop(lua, 2);
    return less;
  }
  lua_pushvalue(lua, 2);
  lua_rawgeti(lua, 3, b);
  lua_rawgeti(lua, 3, a);
  lua_call(lua, 2, 1);
  less = lua_toboolean(lua, -1);
  lua_pop(lua, 1);
  return less;
}

/* Merges the sorted runs [low, middle) and [middle, high) of `from`. */
static void merge(lua_State *lua, const uint32_t *from, uint32_t *to,
                  size_t low, size_t middle, size_t high) {
  size_t a = low, b = middle;
  for (size_t at = low; at < high; at++) {
    if (a < middle && (b >= high || !goes_first(lua, from[b], from[a])))
      to[at] = from[a++];
    else
      to[at] = from[b++];
  }
}

/* Stack: 1 list, 2 comparison or nil, 3 copy of the values, 4 numbers. */
static void sort_numbers(lua_State *lua, uint32_t *numbers, size_t count) {
  uint32_t *from = numbers, *to = numbers + count, *sorted;
  for (size_t width = 1; width < count; width *= 2) {
    script_charge(lua, count * 2);
    for (size_t low = 0; low < count; low += 2 * width) {
      size_t middle = low + width < count ? low + width : count;
      size_t high = low + 2 * width < count ? low + 2 * width : count;
      merge(lua, from, to, low, middle, high);
    }
    sorted = to;
    to = from;
    from = sorted;
  }
  if (from != numbers)
    memcpy(numbers, from, count * sizeof *numbers);
}

/* sort(list [, comes_before]) */
static int sort(lua_State *lua) {
  size_t count = (size_t)check_list(lua, 1);
  lua_settop(lua, 2);
  if (!lua_isnil(lua, 2))
    luaL_checktype(lua, 2, LUA_TFUNCTION);
  lua_createtable(lua, (int)count, 0);
  uint32_t *numbers =
      lua_newuserdatauv(lua, sizeof *numbers * (2 * count + 1), 0);
  for (size_t i = 0; i < count; i++) {
    numbers[i] = (uint32_t)i + 1;
    lua_rawgeti(lua, 1, (lua_Integer)i + 1);
    lua_rawseti(lua, 3, (lua_Integer)i + 1);
  }
  sort_numbers(lua, numbers, count);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(lua, 3, numbers[i]);
    lua_rawseti(lua, 1, (lua_Integer)i + 1);
  }
  return 0;
}

void script_open_table(lua_State *lua) {
  static const luaL_Reg own[] = {{"concat", concat},   {"insert", insert},
                                 {"remove", take_out}, {"sort", sort},
                                 {"unpack", unpack},   {NULL, NULL}};
  luaL_newlib(lua, own);
  lua_setfield(lua, -2, "table");
}
