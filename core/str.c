#include <string.h>

#include <upkeep/base.h>

upk_str upk_str_from(const char *c_string) {
  if (!c_string)
    return UPK_NO_STR;
  return (upk_str){c_string, strlen(c_string)};
}

/* Most texts that differ do so in length or at once. */
bool upk_str_equal(upk_str a, upk_str b) {
  return a.len == b.len && (a.len == 0 || (a.data[0] == b.data[0] &&
                                           memcmp(a.data, b.data, a.len) == 0));
}

bool upk_str_is(upk_str a, const char *c_string) {
  if (!c_string)
    return a.len == 0;
  for (size_t i = 0; i < a.len; i++)
    if (!c_string[i] || a.data[i] != c_string[i])
      return false;
  return !c_string[a.len];
}

int upk_str_compare(upk_str a, upk_str b) {
  size_t shared = a.len < b.len ? a.len : b.len;
  int order = shared ? memcmp(a.data, b.data, shared) : 0;
  if (order != 0)
    return order < 0 ? -1 : 1;
  return (a.len > b.len) - (a.len < b.len);
}

bool upk_str_starts(upk_str a, const char *prefix) {
  size_t len = strlen(prefix);
  return a.len >= len && (len == 0 || memcmp(a.data, prefix, len) == 0);
}

bool upk_str_ends(upk_str a, const char *suffix) {
  size_t len = strlen(suffix);
  return a.len >= len &&
         (len == 0 || memcmp(a.data + a.len - len, suffix, len) == 0);
}

upk_str upk_str_split(upk_str a, char separator, upk_str *rest) {
  const char *at = a.len ? memchr(a.data, separator, a.len) : NULL;
  if (!at) {
    *rest = UPK_NO_STR;
    return a;
  }
  size_t len = (size_t)(at - a.data);
  *rest = (upk_str){at + 1, a.len - len - 1};
  return (upk_str){a.data, len};
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

upk_str upk_str_trim(upk_str a) {
  while (a.len && is_space(a.data[0])) {
    a.data++;
    a.len--;
  }
  while (a.len && is_space(a.data[a.len - 1]))
    a.len--;
  return a;
}
