#include <string.h>

#include "facts/table.h"

/* Digits, and a fraction only of zeros: what casts and floats leave behind of
 * an integer. */
static bool parse_integer(upk_str text, int64_t *ret) {
  size_t i = text.len && text.data[0] == '-';
  bool negative = i == 1;
  int64_t value = 0;
  size_t first = i;
  for (; i < text.len && text.data[i] != '.'; i++) {
    int digit = text.data[i] - '0';
    if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
        __builtin_sub_overflow(value, digit, &value))
      return false; /* kept negative, so that the least value fits */
  }
  if (i == first || (!negative && value == INT64_MIN))
    return false;
  for (i++; i < text.len; i++)
    if (text.data[i] != '0')
      return false;
  *ret = negative ? value : -value;
  return true;
}

bool value_integer(const driver_value *value, upk_type type, int64_t *ret) {
  if (type == UPK_TYPE_VERSION)
    return value->type == DRIVER_TEXT && upk_version_parse(value->text, ret);
  if (value->type == DRIVER_TEXT)
    return type != UPK_TYPE_BOOL && parse_integer(value->text, ret);
  *ret = value->integer;
  if (type == UPK_TYPE_BOOL) /* SQLite has integers for booleans */
    return value->integer == 0 || value->integer == 1;
  return value->type == DRIVER_INT;
}

/* ---- lists ---- */

typedef struct scanner {
  upk_arena *arena;
  const char *at, *end;
  bool json;
  UPK_VEC(upk_str) items;
} scanner;

static void skip_space(scanner *s) {
  while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
    s->at++;
}

/* What follows a backslash; false for \u, which needs no writer of ours. */
static bool unescape(scanner *s, char *ret) {
  static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
  if (++s->at >= s->end)
    return false;
  *ret = *s->at++;
  if (!s->json)
    return true;
  const char *found = strchr(from, *ret);
  if (found && *ret)
    *ret = to[found - from];
  return found || strchr("\"\\/", *ret);
}

static bool scan_quoted(scanner *s) {
  char *out = upk_arena_alloc(s->arena, (size_t)(s->end - s->at) + 1);
  size_t len = 0;
  for (s->at++; s->at < s->end && *s->at != '"';) {
    if (*s->at != '\\')
      out[len++] = *s->at++;
    else if (!unescape(s, &out[len++]))
      return false;
  }
  if (s->at++ >= s->end)
    return false;
  *UPK_PUSH(s->arena, &s->items) = (upk_str){out, len};
  return true;
}

/* Of PostgreSQL: ends at a comma or the brace. A bare NULL is no text. */
static bool scan_plain(scanner *s) {
  const char *start = s->at;
  while (s->at < s->end && !strchr(",{}\"\\", *s->at))
    s->at++;
  upk_str item = upk_str_trim((upk_str){start, (size_t)(s->at - start)});
  if (!item.len || upk_str_is(item, "NULL"))
    return false;
  *UPK_PUSH(s->arena, &s->items) = upk_arena_copy(s->arena, item);
  return true;
}

static bool scan_item(scanner *s) {
  skip_space(s);
  if (s->at < s->end && *s->at == '"')
    return scan_quoted(s);
  return !s->json && scan_plain(s);
}

bool value_list(upk_arena *arena, upk_str text, upk_list *ret) {
  text = upk_str_trim(text);
  scanner s = {.arena = arena, .at = text.data, .end = text.data + text.len};
  if (text.len < 2 || (text.data[0] != '[' && text.data[0] != '{'))
    return false;
  s.json = text.data[0] == '[';
  char close = s.json ? ']' : '}';
  s.at++;
  skip_space(&s);
  if (s.at >= s.end)
    return false;
  for (bool more = *s.at != close; more; more = *s.at == ',' && s.at++) {
    if (!scan_item(&s))
      return false;
    skip_space(&s);
    if (s.at >= s.end || (*s.at != ',' && *s.at != close))
      return false;
  }
  if (s.at + 1 != s.end)
    return false;
  *ret = (upk_list){s.items.items, s.items.len};
  return true;
}
