/* `string`: plain functions without patterns, each linear, each charged. */
#include <lualib.h>
#include <string.h>

#include "private.h"

static upk_str check_text(lua_State *lua, int index) {
  upk_str text;
  text.data = luaL_checklstring(lua, index, &text.len);
  return text;
}

static int push(lua_State *lua, upk_str text) {
  lua_pushlstring(lua, text.data, text.len);
  return 1;
}

/* First place of `part` in `text` at or after `from`, or text.len. The search
 * is naive, and pays for each place where it has to look closer. */
static size_t find_part(lua_State *lua, upk_str text, upk_str part,
                        size_t from) {
  while (part.len && from + part.len <= text.len) {
    size_t left = text.len - part.len - from + 1;
    const char *at = memchr(text.data + from, part.data[0], left);
    size_t skipped = at ? (size_t)(at - text.data) - from : left;
    script_charge(lua, 1 + (skipped + part.len) / 64);
    if (!at)
      break;
    from += skipped;
    if (!memcmp(at, part.data, part.len))
      return from;
    from++;
  }
  return text.len;
}

/* memcmp of two texts of a length. */
static bool same(lua_State *lua, const char *a, const char *b, size_t len) {
  script_charge(lua, 1 + len / 64);
  return !memcmp(a, b, len);
}

/* rep(text, n [, separator]) */
static int repeat(lua_State *lua) {
  upk_str text = check_text(lua, 1);
  lua_Integer times = luaL_checkinteger(lua, 2);
  size_t gap_len;
  const char *gap = luaL_optlstring(lua, 3, "", &gap_len);
  size_t each = text.len + gap_len;
  if (times <= 0 || !each)
    return push(lua, UPK_STR(""));
  if ((lua_Unsigned)times > SCRIPT_STRING_MAX / each + 1)
    return script_fail(lua, 1303, "a text grew over 1 MiB");
  size_t total = each * (size_t)times - gap_len;
  script_charge(lua, (size_t)times);
  luaL_Buffer buffer;
  luaL_buffinitsize(lua, &buffer, total);
  for (lua_Integer i = 0; i < times; i++) {
    if (i)
      luaL_addlstring(&buffer, gap, gap_len);
    luaL_addlstring(&buffer, text.data, text.len);
  }
  luaL_pushresult(&buffer);
  return 1;
}

/* byte(text [, first [, last]]), at most 250 at once. */
static int byte_at(lua_State *lua) {
  upk_str text = check_text(lua, 1);
  lua_Integer first = luaL_optinteger(lua, 2, 1);
  lua_Integer last = luaL_optinteger(lua, 3, first);
  lua_Integer len = (lua_Integer)text.len;
  first = first < 0 ? (first < -len ? 1 : len + first + 1) : first ? first : 1;
  last = last < 0 ? (last < -len ? 0 : len + last + 1) : last;
  last = last > len ? len : last;
  if (first > last)
    return 0;
  if (last - first >= 250)
    return luaL_error(lua, "string.byte gives at most 250 values");
  luaL_checkstack(lua, 250, "string.byte");
  for (lua_Integer i = first; i <= last; i++)
    lua_pushinteger(lua, (unsigned char)text.data[i - 1]);
  return (int)(last - first + 1);
}

static int contains(lua_State *lua) {
  upk_str text = check_text(lua, 1), part = check_text(lua, 2);
  lua_pushboolean(lua, !part.len || find_part(lua, text, part, 0) < text.len);
  return 1;
}

static int starts_with(lua_State *lua) {
  upk_str text = check_text(lua, 1), part = check_text(lua, 2);
  lua_pushboolean(lua, part.len <= text.len &&
                           same(lua, text.data, part.data, part.len));
  return 1;
}

static int ends_with(lua_State *lua) {
  upk_str text = check_text(lua, 1), part = check_text(lua, 2);
  lua_pushboolean(
      lua, part.len <= text.len &&
               same(lua, text.data + text.len - part.len, part.data, part.len));
  return 1;
}

static int glob(lua_State *lua) {
  upk_str text = check_text(lua, 1), pattern = check_text(lua, 2);
  if (pattern.len > 1000 || text.len > 65536)
    return luaL_error(lua, "string.glob takes texts up to 64 KiB and patterns "
                           "up to 1000 bytes");
  script_charge(lua, 1 + text.len * (1 + pattern.len) / 16);
  lua_pushboolean(lua, upk_glob(text, pattern));
  return 1;
}

static int trim(lua_State *lua) {
  return push(lua, upk_str_trim(check_text(lua, 1)));
}

/* split(text, separator) gives a list. */
static int split(lua_State *lua) {
  upk_str text = check_text(lua, 1), gap = check_text(lua, 2);
  luaL_argcheck(lua, gap.len, 2, "the separator is empty");
  lua_newtable(lua);
  lua_Integer count = 0;
  for (size_t from = 0;;) {
    size_t at = find_part(lua, text, gap, from);
    if (count == SCRIPT_RANGE_MAX)
      return luaL_error(lua, "string.split gives at most %d parts",
                        SCRIPT_RANGE_MAX);
    lua_pushlstring(lua, text.data + from, at - from);
    lua_rawseti(lua, -2, ++count);
    script_charge(lua, 4);
    if (at == text.len)
      return 1;
    from = at + gap.len;
  }
}

/* replace(text, part, with): every place, no patterns. */
static int replace(lua_State *lua) {
  upk_str text = check_text(lua, 1), part = check_text(lua, 2);
  upk_str with = check_text(lua, 3);
  luaL_argcheck(lua, part.len, 2, "what to replace is empty");
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  size_t total = 0;
  for (size_t from = 0;;) {
    size_t at = find_part(lua, text, part, from);
    luaL_addlstring(&buffer, text.data + from, at - from);
    total += at - from;
    if (at == text.len)
      break;
    luaL_addlstring(&buffer, with.data, with.len);
    total += with.len;
    if (total > SCRIPT_STRING_MAX)
      return script_fail(lua, 1303, "a text grew over 1 MiB");
    from = at + part.len;
  }
  luaL_pushresult(&buffer);
  return 1;
}

/* ---- format ---- */

typedef struct directive {
  char flags[4];        /* of "-0" */
  int width, precision; /* precision -1: none */
  char conversion;
} directive;

static int read_number(const char **at, const char *end) {
  int value = 0;
  for (int digits = 0; *at < end && **at >= '0' && **at <= '9' && digits < 2;
       digits++)
    value = value * 10 + (*(*at)++ - '0');
  return value;
}

static bool read_directive(const char **at, const char *end, directive *ret) {
  size_t flags = 0;
  *ret = (directive){.precision = -1};
  while (*at < end && (**at == '-' || **at == '0') && flags < 2)
    ret->flags[flags++] = *(*at)++;
  ret->width = read_number(at, end);
  if (*at < end && **at == '.') {
    (*at)++;
    ret->precision = read_number(at, end);
  }
  if (*at >= end)
    return false;
  ret->conversion = *(*at)++;
  return true;
}

static void add_padded(luaL_Buffer *buffer, upk_str text, const directive *d) {
  bool left = strchr(d->flags, '-') != NULL;
  bool zero = !left && d->conversion != 's' && strchr(d->flags, '0');
  size_t fill = (size_t)d->width > text.len ? (size_t)d->width - text.len : 0;
  if (zero && fill && text.len && text.data[0] == '-') {
    luaL_addchar(buffer, '-');
    text = (upk_str){text.data + 1, text.len - 1};
  }
  for (size_t i = 0; i < fill && !left; i++)
    luaL_addchar(buffer, zero ? '0' : ' ');
  luaL_addlstring(buffer, text.data, text.len);
  for (size_t i = 0; i < fill && left; i++)
    luaL_addchar(buffer, ' ');
}

static void add_hex(luaL_Buffer *buffer, lua_Integer number,
                    const directive *d) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  char text[17];
  size_t at = sizeof text;
  lua_Unsigned left = (lua_Unsigned)number;
  do
    text[--at] = digits[(left & 15) + (d->conversion == 'X' ? 16 : 0)];
  while (left >>= 4);
  add_padded(buffer, (upk_str){text + at, sizeof text - at}, d);
}

static void add_decimal(luaL_Buffer *buffer, lua_Integer number,
                        const directive *d) {
  char text[24];
  size_t at = sizeof text;
  lua_Unsigned left =
      number < 0 ? 0 - (lua_Unsigned)number : (lua_Unsigned)number;
  do
    text[--at] = (char)('0' + left % 10);
  while (left /= 10);
  if (number < 0)
    text[--at] = '-';
  add_padded(buffer, (upk_str){text + at, sizeof text - at}, d);
}

static void add_text(lua_State *lua, luaL_Buffer *buffer, int argument,
                     const directive *d) {
  upk_str text;
  luaL_checkany(lua, argument);
  script_push_text(lua, argument);
  text.data = lua_tolstring(lua, -1, &text.len);
  if (d->precision >= 0 && (size_t)d->precision < text.len)
    text.len = (size_t)d->precision;
  lua_replace(lua, argument); /* keeps it alive; the buffer needs the top */
  add_padded(buffer, text, d);
}

/* format(text, ...): %s %d %i %x %X %% with -, 0, width and, for %s,
 * precision. Addresses and floats have no place here. */
static int format(lua_State *lua) {
  upk_str text = check_text(lua, 1);
  const char *at = text.data, *end = text.data + text.len;
  int argument = 1, top = lua_gettop(lua);
  luaL_Buffer buffer;
  script_charge(lua, text.len / 16);
  luaL_buffinit(lua, &buffer);
  while (at < end) {
    directive d;
    if (*at != '%') {
      luaL_addchar(&buffer, *at++);
      continue;
    }
    at++;
    if (at < end && *at == '%') {
      luaL_addchar(&buffer, *at++);
      continue;
    }
    if (!read_directive(&at, end, &d) || !d.conversion ||
        !strchr("sdixX", d.conversion))
      return luaL_error(lua, "string.format knows %%s, %%d, %%x, %%X and %%%% "
                             "only");
    if (++argument > top)
      return luaL_argerror(lua, argument, "no value");
    if (d.conversion == 's')
      add_text(lua, &buffer, argument, &d);
    else if (d.conversion == 'x' || d.conversion == 'X')
      add_hex(&buffer, luaL_checkinteger(lua, argument), &d);
    else
      add_decimal(&buffer, luaL_checkinteger(lua, argument), &d);
  }
  luaL_pushresult(&buffer);
  return 1;
}

void script_open_string(lua_State *lua) {
  static const char *const stock[] = {"char",  "len", "lower", "reverse",
                                      "upper", "sub", NULL};
  static const luaL_Reg own[] = {{"byte", byte_at},
                                 {"contains", contains},
                                 {"ends_with", ends_with},
                                 {"format", format},
                                 {"glob", glob},
                                 {"rep", repeat},
                                 {"replace", replace},
                                 {"split", split},
                                 {"starts_with", starts_with},
                                 {"trim", trim},
                                 {NULL, NULL}};
  lua_newtable(lua);
  lua_pushcfunction(lua, luaopen_string);
  lua_call(lua, 0, 1);
  for (const char *const *name = stock; *name; name++) {
    lua_getfield(lua, -1, *name);
    lua_setfield(lua, -3, *name);
  }
  lua_pop(lua, 1);
  luaL_setfuncs(lua, own, 0);
  /* A metatable of our own: without arithmetic on texts, and out of reach. */
  lua_pushliteral(lua, "");
  lua_newtable(lua);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
  lua_pop(lua, 1);
  lua_setfield(lua, -2, "string");
}
