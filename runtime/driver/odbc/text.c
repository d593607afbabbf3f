/* Texts around a statement: parameters, connection strings, messages. */
#include <string.h>
#include <strings.h>

#include "driver/odbc/dialect.h"

/* ---- parameters ---- */

/* Past the quoted text or comment that begins at `at`; `at` when none does. */
static size_t skip_quoted(const odbc_dialect *d, upk_str sql, size_t at) {
  const char *s = sql.data;
  size_t n = sql.len;
  char c = s[at], next = at + 1 < n ? s[at + 1] : '\0';
  if (c == '\'' || c == '"' || c == '`') {
    for (at++; at < n && s[at] != c; at++)
      if (s[at] == '\\' && d->backslash && c != '`')
        at++;
    return at < n ? at + 1 : n;
  }
  /* MariaDB: "a--1" is no comment, "a-- 1" is one. */
  bool dashes =
      c == '-' && next == '-' &&
      (!d->hash_comment || at + 2 >= n || (unsigned char)s[at + 2] <= ' ');
  if (dashes || (d->hash_comment && c == d->hash_comment)) {
    while (at < n && s[at] != '\n')
      at++;
  } else if (c == '/' && next == '*') {
    for (at += 3; at < n && !(s[at - 1] == '*' && s[at] == '/'); at++)
      ;
    return at < n ? at + 1 : n;
  }
  return at;
}

void odbc_number_params(const odbc_dialect *dialect, upk_str sql,
                        upk_arena *arena, upk_buf *out, odbc_order *order) {
  size_t next = 0;
  for (size_t at = 0; at < sql.len;) {
    size_t past = skip_quoted(dialect, sql, at);
    if (past > at) {
      upk_buf_add(out, sql.data + at, past - at);
      at = past;
      continue;
    }
    char c = sql.data[at++];
    upk_buf_char(out, c);
    if (c != '?')
      continue;
    size_t number = 0;
    for (; at < sql.len && sql.data[at] >= '0' && sql.data[at] <= '9'; at++)
      number =
          number < 10000 ? number * 10 + (size_t)(sql.data[at] - '0') : number;
    next = number ? number : next + 1;
    *UPK_PUSH(arena, order) = next - 1;
  }
}

/* ---- connection strings ---- */

/* The next KEY=VALUE of a connection string; a value in braces may hold `;`,
 * and `}` doubled (ODBC, SQLDriverConnect, "Connection Strings"). */
static bool next_pair(upk_str *rest, upk_str *ret_key, upk_str *ret_value) {
  size_t i = 0, n = rest->len;
  const char *s = rest->data;
  while (i < n && (s[i] == ';' || s[i] == ' '))
    i++;
  size_t key = i;
  while (i < n && s[i] != '=' && s[i] != ';')
    i++;
  if (i >= n || s[i] != '=')
    return false;
  *ret_key = upk_str_trim((upk_str){s + key, i - key});
  size_t value = ++i;
  if (i < n && s[i] == '{') {
    for (i++; i < n && !(s[i] == '}' && (i + 1 >= n || s[i + 1] != '}')); i++)
      if (s[i] == '}')
        i++;
    *ret_value = (upk_str){s + value + 1, (i < n ? i : n) - value - 1};
    i = i < n ? i + 1 : n;
  } else {
    while (i < n && s[i] != ';')
      i++;
    *ret_value = (upk_str){s + value, i - value};
  }
  *rest = (upk_str){s + i, n - i};
  return true;
}

static bool is_key(upk_str key, const char *name) {
  return key.len == strlen(name) && strncasecmp(key.data, name, key.len) == 0;
}

bool odbc_has_key(upk_str connect, const char *name) {
  upk_str key, value;
  while (next_pair(&connect, &key, &value))
    if (is_key(key, name))
      return true;
  return false;
}

static void hide(char *bytes, size_t len, upk_str secret) {
  for (size_t at = 0; secret.len && at + secret.len <= len; at++)
    if (memcmp(bytes + at, secret.data, secret.len) == 0)
      memset(bytes + at, '*', secret.len);
}

upk_str odbc_message(upk_arena *arena, upk_str connect, upk_str message) {
  while (message.len && message.data[0] == '[') {
    const char *end = memchr(message.data, ']', message.len);
    if (!end)
      break;
    size_t skip = (size_t)(end - message.data) + 1;
    message = (upk_str){message.data + skip, message.len - skip};
  }
  message = upk_str_trim(message);
  char *copy = upk_arena_alloc(arena, message.len + 1);
  memcpy(copy, message.data ? message.data : "", message.len);
  upk_str key, value;
  while (next_pair(&connect, &key, &value))
    if (is_key(key, "pwd") || is_key(key, "password"))
      hide(copy, message.len, value);
  return (upk_str){copy, message.len};
}
