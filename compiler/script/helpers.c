/* `u`: names, literals, durations and sizes as texts; `require`, `sql_file`
 * and the globals that declare. */
#include <string.h>

#include "private.h"
#include "quote.h"
#include "timefmt.h"

enum {
  NAME_MAX_BYTES = 200,
  IDENT_PARTS_MAX = 8,
};

/* One for all calls: an error that jumps over a helper leaves nothing. */
static upk_buf *empty_buffer(lua_State *lua) {
  upk_buf *out = &script_of(lua)->text;
  upk_buf_clear(out);
  return out;
}

static int push_buffer(lua_State *lua, const upk_buf *out) {
  lua_pushlstring(lua, upk_buf_view(out).data, out->len);
  return 1;
}

static upk_str check_text(lua_State *lua, int index) {
  upk_str text;
  text.data = luaL_checklstring(lua, index, &text.len);
  return text;
}

/* u.ident(part, ...): each quoted, joined by dots. */
static int ident(lua_State *lua) {
  upk_str parts[IDENT_PARTS_MAX];
  int count = lua_gettop(lua), bad = 0;
  upk_buf *out = empty_buffer(lua);
  if (count < 1 || count > IDENT_PARTS_MAX)
    return luaL_error(lua, "u.ident takes one to %d parts", IDENT_PARTS_MAX);
  for (int i = 0; i < count; i++)
    parts[i] = check_text(lua, i + 1);
  for (int i = 0; i < count && !bad; i++) {
    if (i)
      upk_buf_char(out, '.');
    if (!upk_quote_identifier((upk_dialect)script_of(lua)->dialect, parts[i],
                              out))
      bad = i + 1;
  }
  if (!bad)
    return push_buffer(lua, out);
  return luaL_argerror(lua, bad,
                       "no name on this engine: it is empty, too "
                       "long, or holds what no name can hold");
}

static int literal(lua_State *lua) {
  upk_str text = check_text(lua, 1);
  upk_buf *out = empty_buffer(lua);
  if (upk_quote_literal((upk_dialect)script_of(lua)->dialect, text, out))
    return push_buffer(lua, out);
  return luaL_argerror(lua, 1,
                       "no text on this engine: it holds a NUL, or is "
                       "not UTF-8");
}

static int duration(lua_State *lua) {
  lua_Integer us = luaL_checkinteger(lua, 1);
  upk_buf *out = empty_buffer(lua);
  luaL_argcheck(lua, us >= 0, 1, "a duration is not negative");
  upk_duration_format(us, out);
  return push_buffer(lua, out);
}

static int bytes(lua_State *lua) {
  lua_Integer count = luaL_checkinteger(lua, 1);
  upk_buf *out = empty_buffer(lua);
  luaL_argcheck(lua, count >= 0, 1, "a size is not negative");
  upk_bytes_format(count, out);
  return push_buffer(lua, out);
}

static int seconds(lua_State *lua) {
  lua_pushinteger(lua, luaL_checkinteger(lua, 1) / 1000000);
  return 1;
}

static int version(lua_State *lua) {
  int64_t number;
  if (!upk_version_parse(check_text(lua, 1), &number))
    return luaL_argerror(lua, 1, "no version: write \"14.2\"");
  lua_pushinteger(lua, number);
  return 1;
}

/* Does not return. The reason is in the script's arena. */
static int refuse_for(lua_State *lua, upk_str reason) {
  script *s = script_of(lua);
  if (!s->refusal)
    return luaL_error(lua, "u.refuse and u.known are for an action's functions "
                           "of one object; use error here");
  *s->refusal = upk_arena_copy(s->arena, reason);
  return script_fail(lua, SCRIPT_REFUSED, "refused");
}

/* u.refuse(reason) */
static int refuse(lua_State *lua) {
  upk_str reason = check_text(lua, 1);
  if (!reason.len || !upk_utf8_valid(reason))
    return luaL_argerror(lua, 1, "a reason is a text that is not empty");
  return refuse_for(lua, reason);
}

/* u.known(o, name, ...): refuses the object when one of these is NULL. */
static int known(lua_State *lua) {
  int count = lua_gettop(lua);
  for (int i = 2; i <= count; i++) {
    upk_str name = check_text(lua, i);
    if (lua_getfield(lua, 1, name.data) == LUA_TNIL)
      return refuse_for(lua, upk_arena_printf(script_of(lua)->arena,
                                              "its `%.*s` is not known",
                                              UPK_FMT(name)));
    lua_pop(lua, 1);
  }
  return 0;
}

void script_open_helpers(lua_State *lua) {
  static const luaL_Reg own[] = {
      {"bytes", bytes},     {"duration", duration}, {"ident", ident},
      {"known", known},     {"literal", literal},   {"refuse", refuse},
      {"seconds", seconds}, {"version", version},   {NULL, NULL}};
  luaL_newlib(lua, own);
  lua_pushlightuserdata(lua, NULL);
  lua_setfield(lua, -2, "null");
  lua_setfield(lua, -2, "u");
}

/* ---- require, sql_file ---- */

void script_push_chunk(lua_State *lua, upk_str path, upk_str text) {
  script *s = script_of(lua);
  if (text.len > SCRIPT_SOURCE_MAX)
    script_fail(lua, 1305, "the file is larger than 256 KiB");
  if (text.len && text.data[0] == '\033')
    script_fail(lua, 1304, "the file is compiled Lua");
  if (!upk_utf8_valid(text))
    script_fail(lua, 1304, "the file is not a text in UTF-8");
  lua_pushfstring(lua, "=%d", (int)upk_diags_source(s->diags, path, text));
  script_charge(lua, text.len);
  if (luaL_loadbufferx(lua, text.data, text.len, lua_tostring(lua, -1), "t") ==
      LUA_OK)
    return;
  if (!strstr(lua_tostring(lua, -1), "overflow"))
    s->fault = 1300;
  lua_error(lua);
}

/* Letters, digits, - _ . and / between parts; no part begins with a dot. */
static bool is_module_name(upk_str name) {
  bool begins = true;
  if (!name.len || name.len > NAME_MAX_BYTES)
    return false;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                (c >= '0' && c <= '9') || c == '_';
    if (!word && (begins || (c != '-' && c != '.' && c != '/')))
      return false;
    begins = c == '/';
  }
  return !begins;
}

/* Upvalue: table of what is loaded; false while a module is being run. */
static int require(lua_State *lua) {
  script *s = script_of(lua);
  upk_str name = check_text(lua, 1), path, text;
  lua_settop(lua, 1);
  if (!is_module_name(name))
    return script_fail(lua, 1306, "`%.100s` is no name of a module", name.data);
  lua_pushvalue(lua, 1);
  lua_rawget(lua, lua_upvalueindex(1));
  if (lua_isboolean(lua, -1))
    return script_fail(lua, 1306, "`%.100s` requires itself", name.data);
  if (!lua_isnil(lua, -1))
    return 1;
  if (!s->host->module || !s->host->module(s->host->ctx, name, &path, &text))
    return script_fail(lua, 1306, "there is no module `%.100s`", name.data);
  lua_pushvalue(lua, 1);
  lua_pushboolean(lua, false);
  lua_rawset(lua, lua_upvalueindex(1));
  script_push_chunk(lua, path, text);
  lua_call(lua, 0, 1);
  if (!lua_istable(lua, -1) && !lua_isfunction(lua, -1))
    return script_fail(lua, 1306, "module `%.100s` returns no table",
                       name.data);
  lua_pushvalue(lua, 1);
  lua_pushvalue(lua, -2);
  lua_rawset(lua, lua_upvalueindex(1));
  return 1;
}

static int sql_file(lua_State *lua) {
  script *s = script_of(lua);
  upk_str name = check_text(lua, 1), text;
  upk_span at = script_where(lua);
  if (!is_module_name(name) || memchr(name.data, '/', name.len))
    return script_fail(lua, 1306, "`%.100s` is no name of a file beside this",
                       name.data);
  if (at.source >= s->diags->sources.len ||
      !s->host->text(s->host->ctx, s->diags->sources.items[at.source].path,
                     name, &text))
    return script_fail(lua, 1306, "there is no file `%.100s` beside this",
                       name.data);
  lua_pushlstring(lua, text.data, text.len);
  return 1;
}

/* ---- declarations ---- */

/* Upvalue: its own name. Gives back its last argument. */
static int declare(lua_State *lua) {
  script *s = script_of(lua);
  int count = lua_gettop(lua);
  upk_span span = script_where(lua);
  if (count < 1 || count > 8)
    return script_fail(lua, 1309, "%s takes a table",
                       lua_tostring(lua, lua_upvalueindex(1)));
  node **arguments = UPK_NEW_ARRAY(s->arena, node *, count);
  for (int i = 0; i < count; i++)
    arguments[i] = script_to_node(lua, i + 1, s->arena, span, true);
  upk_str name = upk_arena_copy(
      s->arena, upk_str_from(lua_tostring(lua, lua_upvalueindex(1))));
  script_place(s, span, name, arguments, (size_t)count);
  *UPK_PUSH(s->arena, &s->declarations) =
      (script_declaration){name, arguments, (size_t)count, span};
  lua_settop(lua, count);
  return 1;
}

void script_open_host(lua_State *lua) {
  const script_host *host = script_of(lua)->host;
  lua_newtable(lua);
  lua_pushcclosure(lua, require, 1);
  lua_setfield(lua, -2, "require");
  if (host->text) {
    lua_pushcfunction(lua, sql_file);
    lua_setfield(lua, -2, "sql_file");
  }
  for (const char *const *name = host->globals; name && *name; name++) {
    lua_pushstring(lua, *name);
    lua_pushcclosure(lua, declare, 1);
    lua_setfield(lua, -2, *name);
  }
}
