#include <string.h>

#include "quote.h"

/* One row a dialect: the quote that opens and closes an identifier, whether
 * the closing one can stand doubled inside, and the limit of its length. */
typedef enum limit_unit { NO_LIMIT, BYTES, CHARACTERS, UTF16_UNITS } limit_unit;

static const struct dialect {
  const char *engine;
  upk_dialect dialect;
  char open, close;
  bool doubles;
  limit_unit unit;
  size_t limit;
} dialects[] = {
    {"sqlite", UPK_SQLITE, '"', '"', true, NO_LIMIT, 0},
    {"postgres", UPK_POSTGRES, '"', '"', true, BYTES, 63},
    {"mariadb", UPK_MYSQL, '`', '`', true, CHARACTERS, 64},
    {"mysql", UPK_MYSQL, '`', '`', true, CHARACTERS, 64},
    {"sqlserver", UPK_MSSQL, '[', ']', true, UTF16_UNITS, 128},
    {"oracle", UPK_ORACLE, '"', '"', false, BYTES, 128},
};
enum { DIALECT_COUNT = sizeof dialects / sizeof *dialects };

bool upk_dialect_find(upk_str engine, upk_dialect *ret_dialect) {
  for (size_t i = 0; i < DIALECT_COUNT; i++)
    if (upk_str_is(engine, dialects[i].engine)) {
      *ret_dialect = dialects[i].dialect;
      return true;
    }
  return false;
}

static const struct dialect *row_of(upk_dialect dialect) {
  size_t i = 0;
  while (dialects[i].dialect != dialect)
    i++;
  return &dialects[i];
}

/* Bytes of the UTF-8 character at s, or 0 (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t left) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t len = s[0] < 0x80   ? 1
               : s[0] < 0xc2 ? 0
               : s[0] < 0xe0 ? 2
               : s[0] < 0xf0 ? 3
               : s[0] < 0xf5 ? 4
                             : 0;
  if (len == 0 || len > left || s[0] == 0)
    return 0;
  uint32_t code = len == 1 ? s[0] : s[0] & (0x7fu >> len);
  for (size_t i = 1; i < len; i++) {
    if ((s[i] & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (s[i] & 0x3f);
  }
  if (len > 1 && code < least[len])
    return 0;
  return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : len;
}

/* ASCII without NUL: no high bit, and none after one is taken from each. */
static bool eight_are_plain(const unsigned char *bytes) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t x;
  memcpy(&x, bytes, sizeof x);
  return !((x | (x - ones)) & (ones << 7));
}

bool upk_utf8_valid(upk_str text) {
  const unsigned char *s = (const unsigned char *)text.data;
  for (size_t i = 0; i < text.len;) {
    while (text.len - i >= 8 && eight_are_plain(s + i))
      i += 8;
    if (i == text.len)
      break;
    if (s[i] && s[i] < 0x80) {
      i++;
      continue;
    }
    size_t len = utf8_length(s + i, text.len - i);
    if (!len)
      return false;
    i += len;
  }
  return true;
}

/* `text` must be valid UTF-8. */
static size_t length_in(upk_str text, limit_unit unit) {
  size_t count = 0;
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    bool starts = (c & 0xc0) != 0x80;
    count += unit == BYTES || starts;
    count += unit == UTF16_UNITS && c >= 0xf0; /* a surrogate pair */
  }
  return count;
}

/* The text with each `quote`, and each `other`, twice. */
static void add_doubled(upk_buf *out, upk_str text, char quote, char other) {
  size_t begin = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] != quote && text.data[i] != other)
      continue;
    upk_buf_add(out, text.data + begin, i + 1 - begin);
    begin = i; /* stands again before what follows */
  }
  upk_buf_add(out, text.data + begin, text.len - begin);
}

bool upk_quote_identifier(upk_dialect dialect, upk_str name, upk_buf *out) {
  const struct dialect *d = row_of(dialect);
  if (!name.len || !upk_utf8_valid(name) ||
      (d->unit != NO_LIMIT && length_in(name, d->unit) > d->limit) ||
      (!d->doubles && memchr(name.data, d->close, name.len)))
    return false;
  upk_buf_char(out, d->open);
  add_doubled(out, name, d->close, d->close);
  upk_buf_char(out, d->close);
  return true;
}

bool upk_quote_literal(upk_dialect dialect, upk_str text, upk_buf *out) {
  if (!upk_utf8_valid(text))
    return false;
  if (dialect == UPK_MSSQL)
    upk_buf_char(out, 'N');
  upk_buf_char(out, '\'');
  add_doubled(out, text, '\'', dialect == UPK_MYSQL ? '\\' : '\'');
  upk_buf_char(out, '\'');
  return true;
}

static bool is_plain(upk_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    bool letter = (c >= 'a' && c <= 'z') || c == '_';
    if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '$')))
      return false;
  }
  return name.len > 0;
}

/* Control characters (C1 too: U+009B begins a sequence in many terminals),
 * and what turns or breaks a line: U+200E, U+200F, U+2028 to U+202E, U+2066 to
 * U+2069. */
static bool is_hidden(const unsigned char *s, size_t len) {
  if (len == 1)
    return s[0] < 0x20 || s[0] == 0x7f;
  if (len == 2)
    return s[0] == 0xc2 && s[1] < 0xa0;
  if (len != 3 || s[0] != 0xe2)
    return false;
  if (s[1] == 0x80)
    return (s[2] >= 0x8e && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae);
  return s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9;
}

size_t upk_hidden_at(upk_str text, size_t at) {
  const unsigned char *s = (const unsigned char *)text.data + at;
  size_t len = utf8_length(s, text.len - at);
  return !len ? 1 : is_hidden(s, len) ? len : 0;
}

static void add_visible(upk_buf *out, upk_str text, const char *doubled) {
  for (size_t i = 0; i < text.len;) {
    size_t hidden = upk_hidden_at(text, i);
    for (size_t end = i + hidden; i < end; i++)
      upk_buf_printf(out, "\\x%02x", (unsigned char)text.data[i]);
    if (hidden)
      continue;
    if (strchr(doubled, text.data[i]))
      upk_buf_char(out, text.data[i]);
    do
      upk_buf_char(out, text.data[i++]);
    while (i < text.len && ((unsigned char)text.data[i] & 0xc0) == 0x80);
  }
}

void upk_display_text(upk_str text, upk_buf *out) {
  add_visible(out, text, "");
}

void upk_display_name(const upk_str *parts, size_t count, upk_buf *out) {
  for (size_t i = 0; i < count; i++) {
    if (i)
      upk_buf_char(out, '.');
    if (is_plain(parts[i])) {
      upk_buf_str(out, parts[i]);
      continue;
    }
    upk_buf_char(out, '"');
    add_visible(out, parts[i], "\"\\");
    upk_buf_char(out, '"');
  }
}
