#include "driver/odbc/session.h"

static void add_unit(upk_buf *out, uint32_t unit) {
  SQLWCHAR wide = (SQLWCHAR)unit;
  upk_buf_add(out, &wide, sizeof wide);
}

/* The code point at *at, and beyond it (RFC 3629). */
static uint32_t next_point(upk_str text, size_t *at) {
  unsigned char first = (unsigned char)text.data[(*at)++];
  size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  uint32_t code = more ? first & (0x3fu >> more) : first;
  for (; more && *at < text.len; more--)
    code = code << 6 | ((unsigned char)text.data[(*at)++] & 0x3f);
  return more || code > 0x10ffff ? 0xfffd : code;
}

void odbc_to_utf16(upk_str text, upk_buf *out, size_t *ret_units) {
  size_t before = out->len;
  for (size_t at = 0; at < text.len;) {
    uint32_t code = next_point(text, &at);
    if (code >= 0x10000) {
      add_unit(out, 0xd800 + ((code - 0x10000) >> 10));
      add_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
    } else {
      add_unit(out, code);
    }
  }
  *ret_units = (out->len - before) / sizeof(SQLWCHAR);
  add_unit(out, 0);
}

static void add_point(upk_buf *out, uint32_t code) {
  if (code < 0x80) {
    upk_buf_char(out, (char)code);
    return;
  }
  if (code < 0x800) {
    upk_buf_char(out, (char)(0xc0 | code >> 6));
  } else {
    if (code < 0x10000) {
      upk_buf_char(out, (char)(0xe0 | code >> 12));
    } else {
      upk_buf_char(out, (char)(0xf0 | code >> 18));
      upk_buf_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
    }
    upk_buf_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
  }
  upk_buf_char(out, (char)(0x80 | (code & 0x3f)));
}

void odbc_from_utf16(const SQLWCHAR *units, size_t count, upk_buf *out) {
  for (size_t i = 0; i < count; i++) {
    uint32_t code = (uint16_t)units[i];
    uint32_t low = i + 1 < count ? (uint16_t)units[i + 1] : 0;
    bool high = code >= 0xd800 && code < 0xdc00;
    if (high && low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      i++;
    } else if (code >= 0xd800 && code < 0xe000) {
      code = 0xfffd;
    }
    add_point(out, code);
  }
}
