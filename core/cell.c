#include <string.h>

#include "cell.h"

/* ---- integers ---- */

/* Digits at the front of `*text`, which is left with what follows. Negative
 * while it grows, so that the least value fits. */
static bool take_digits(upk_str *text, int64_t *ret_negated) {
  int64_t value = 0;
  size_t len = 0;
  for (; len < text->len && text->data[len] >= '0' && text->data[len] <= '9';
       len++)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_sub_overflow(value, text->data[len] - '0', &value))
      return false;
  *text = (upk_str){text->data + len, text->len - len};
  *ret_negated = value;
  return len > 0;
}

/* An integer at the front of `*text`. */
static bool take_integer(upk_str *text, int64_t *ret_value) {
  bool negative = text->len && text->data[0] == '-';
  int64_t negated;
  if (negative)
    *text = (upk_str){text->data + 1, text->len - 1};
  if (!take_digits(text, &negated) || (!negative && negated == INT64_MIN))
    return false;
  *ret_value = negative ? negated : -negated;
  return true;
}

bool upk_int_parse(upk_str text, int64_t *ret_value) {
  int64_t value;
  if (!take_integer(&text, &value) || text.len)
    return false;
  *ret_value = value;
  return true;
}

static bool parse_whole(upk_str text, int64_t *ret_value) {
  int64_t value;
  if (!take_integer(&text, &value) || (text.len && text.data[0] != '.'))
    return false;
  for (size_t i = 1; i < text.len; i++)
    if (text.data[i] != '0')
      return false;
  *ret_value = value;
  return true;
}

bool upk_cell_integer(const upk_cell_value *value, upk_type type,
                      int64_t *ret_value) {
  if (type == UPK_TYPE_VERSION)
    return value->text.data && upk_version_parse(value->text, ret_value);
  if (value->text.data)
    return type != UPK_TYPE_BOOL && parse_whole(value->text, ret_value);
  if (type == UPK_TYPE_BOOL ? value->integer != 0 && value->integer != 1
                            : value->boolean)
    return false;
  *ret_value = value->integer;
  return true;
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

bool upk_cell_list(upk_arena *arena, upk_str text, upk_list *ret_list) {
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
  *ret_list = (upk_list){s.items.items, s.items.len};
  return true;
}
