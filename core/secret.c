/* Finding passwords. What is in doubt counts as one: a text is the poorer for
 * an asterisk too many, a password for one too few. */
#include "secret.h"

#include <string.h>

static const char *const names[] = {"password", "passwd", "pwd", "pgpassword",
                                    "sslpassword"};

static bool is_space(char b) {
  return b == ' ' || b == '\t' || b == '\n' || b == '\r';
}

static bool is_name(char b) {
  return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '_';
}

/* Whether the word that ends before `at`, white space aside, is one of the
 * names. */
static bool is_after_name(upk_str text, size_t at) {
  size_t end = at;
  while (end && is_space(text.data[end - 1]))
    end--;
  size_t begin = end;
  while (begin && is_name(text.data[begin - 1]))
    begin--;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t len = strlen(names[i]), same = 0;
    while (len == end - begin && same < len &&
           (text.data[begin + same] | 0x20) == names[i][same])
      same++;
    if (same == len)
      return true;
  }
  return false;
}

/* The end of a value at `at`: white space, but not within quotes. */
static size_t end_of_value(upk_str text, size_t at) {
  char quote =
      text.data[at] == '\'' || text.data[at] == '"' ? text.data[at] : 0;
  for (size_t i = at + (quote != 0); i < text.len; i++) {
    if (quote && text.data[i] == '\\')
      i++;
    else if (quote && text.data[i] == quote)
      quote = 0;
    else if (!quote && is_space(text.data[i]))
      return i;
  }
  return text.len;
}

static bool is_reference(upk_str value) {
  while (value.len && (*value.data == '\'' || *value.data == '"'))
    value = (upk_str){value.data + 1, value.len - 1};
  return upk_str_starts(value, "env:") || upk_str_starts(value, "file:");
}

/* After `=` or `:` at `at`. */
static bool after_sign(upk_str text, size_t at, size_t *ret_at,
                       size_t *ret_len) {
  size_t begin = at + 1;
  while (begin < text.len && is_space(text.data[begin]))
    begin++;
  if (begin >= text.len || !is_after_name(text, at))
    return false;
  size_t end = end_of_value(text, begin);
  upk_str value = {text.data + begin, end - begin};
  if (is_reference(value) || upk_str_is(value, "''") ||
      upk_str_is(value, "\"\""))
    return false;
  *ret_at = begin;
  *ret_len = end - begin;
  return true;
}

/* "://user:password@host": `at` is where the colon stands. The last @ counts:
 * one in the password may not be escaped. */
static bool in_uri(upk_str text, size_t at, size_t *ret_at, size_t *ret_len) {
  size_t begin = at + 3, colon = 0, end = 0;
  bool path = false; /* behind it a ? begins parameters, with their own @ */
  if (begin >= text.len || strncmp(text.data + at, "://", 3) != 0)
    return false;
  for (size_t i = begin; i < text.len && !is_space(text.data[i]); i++) {
    if (text.data[i] == '"' || (text.data[i] == '?' && (end || path)))
      break;
    path = path || text.data[i] == '/';
    if (text.data[i] == ':' && !colon)
      colon = i;
    if (text.data[i] == '@')
      end = i;
  }
  if (!colon || end <= colon + 1)
    return false;
  *ret_at = colon + 1;
  *ret_len = end - colon - 1;
  return true;
}

bool upk_secret_find(upk_str text, size_t from, bool keys, size_t *ret_at,
                     size_t *ret_len) {
  for (size_t i = from; i < text.len; i++) {
    if (text.data[i] == '=' && after_sign(text, i, ret_at, ret_len))
      return true;
    if (text.data[i] != ':')
      continue;
    if (in_uri(text, i, ret_at, ret_len))
      return true;
    if (keys && i + 1 < text.len && is_space(text.data[i + 1]) &&
        after_sign(text, i, ret_at, ret_len))
      return true;
  }
  return false;
}

upk_str upk_secret_hide(upk_arena *arena, upk_str text) {
  size_t at = 0, found, len;
  upk_buf out = {0};
  if (!text.data || !upk_secret_find(text, 0, false, &found, &len))
    return text;
  while (upk_secret_find(text, at, false, &found, &len)) {
    upk_buf_add(&out, text.data + at, found - at);
    upk_buf_str(&out, UPK_STR("***"));
    at = found + len;
  }
  upk_buf_add(&out, text.data + at, text.len - at);
  upk_str hidden = upk_arena_copy(arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return hidden;
}

void upk_secret_blank(char *bytes, size_t len) {
  size_t at = 0, found, secret;
  while (upk_secret_find((upk_str){bytes, len}, at, true, &found, &secret)) {
    for (size_t i = found; i < found + secret; i++)
      if (bytes[i] != '\n') /* places are lines and columns */
        bytes[i] = '*';
    at = found + secret;
  }
}

void upk_wipe(void *memory, size_t len) {
  volatile unsigned char *at = memory;
  while (len--)
    *at++ = 0;
}
