#include <assert.h>
#include <string.h>

#include "json.h"

enum { BUFFER_BYTES = 64 * 1024, DEPTH_MAX = 64 };

static const int64_t INTEGER_MAX = 9007199254740991; /* 2^53 - 1 */

struct upk_json_writer {
  upk_sink sink;
  bool refused;
  size_t used;
  unsigned depth, over;      /* levels open; those beyond DEPTH_MAX */
  bool comma[DEPTH_MAX + 1]; /* a value stands before, at this depth */
  bool after_key;
#ifndef NDEBUG
  upk_buf last_key[DEPTH_MAX + 1];
#endif
  char bytes[BUFFER_BYTES];
};

upk_json_writer *upk_json_writer_new(upk_sink sink) {
  const upk_allocator *libc = upk_allocator_libc();
  upk_json_writer *w = libc->resize(libc->ctx, NULL, sizeof *w);
  if (!w)
    libc->exhausted(libc->ctx, sizeof *w);
  memset(w, 0, offsetof(upk_json_writer, bytes));
  w->sink = sink;
  return w;
}

static void flush(upk_json_writer *w) {
  if (w->used && !w->refused)
    w->refused = !w->sink.write(w->sink.ctx, w->bytes, w->used);
  w->used = 0;
}

bool upk_json_writer_close(upk_json_writer *w) {
  const upk_allocator *libc = upk_allocator_libc();
  if (!w)
    return true;
  flush(w);
  bool ok = !w->refused;
#ifndef NDEBUG
  for (size_t i = 0; i <= DEPTH_MAX; i++)
    upk_buf_free(&w->last_key[i]);
#endif
  libc->resize(libc->ctx, w, 0);
  return ok;
}

bool upk_json_writer_flush(upk_json_writer *w) {
  flush(w);
  if (w->depth == 0)
    w->comma[0] = false;
  return !w->refused;
}

static void put(upk_json_writer *w, const char *bytes, size_t len) {
  if (len > BUFFER_BYTES - w->used) {
    flush(w);
    if (len > BUFFER_BYTES) {
      if (!w->refused)
        w->refused = !w->sink.write(w->sink.ctx, bytes, len);
      return;
    }
  }
  memcpy(w->bytes + w->used, bytes, len);
  w->used += len;
}

static void put_char(upk_json_writer *w, char c) {
  if (w->used == BUFFER_BYTES)
    flush(w);
  w->bytes[w->used++] = c;
}

static void begin_value(upk_json_writer *w) {
  if (w->after_key)
    w->after_key = false;
  else if (w->comma[w->depth])
    put_char(w, ',');
  w->comma[w->depth] = true;
}

static void open_level(upk_json_writer *w, char c) {
  begin_value(w);
  put_char(w, c);
  assert(w->depth < DEPTH_MAX);
  if (w->depth == DEPTH_MAX) { /* no reader would take it */
    w->refused = true;
    w->over++;
    return;
  }
  w->depth++;
  w->comma[w->depth] = false;
#ifndef NDEBUG
  upk_buf_free(&w->last_key[w->depth]);
#endif
}

static void close_level(upk_json_writer *w, char c) {
  assert(w->depth > 0 && !w->after_key);
  if (w->over)
    w->over--;
  else
    w->depth--;
  put_char(w, c);
}

void upk_json_begin_object(upk_json_writer *w) { open_level(w, '{'); }
void upk_json_end_object(upk_json_writer *w) { close_level(w, '}'); }
void upk_json_begin_array(upk_json_writer *w) { open_level(w, '['); }
void upk_json_end_array(upk_json_writer *w) { close_level(w, ']'); }

/* RFC 8785 3.2.2.2: only what must be escaped is, in the short form where
 * there is one, else as lower-case \u00xx. */
static const char *escape_of(unsigned char c, char hex[7]) {
  switch (c) {
  case '"':
    return "\\\"";
  case '\\':
    return "\\\\";
  case '\b':
    return "\\b";
  case '\t':
    return "\\t";
  case '\n':
    return "\\n";
  case '\f':
    return "\\f";
  case '\r':
    return "\\r";
  default:
    memcpy(hex, "\\u00", 4);
    hex[4] = "0123456789abcdef"[c >> 4];
    hex[5] = "0123456789abcdef"[c & 15];
    hex[6] = '\0';
    return hex;
  }
}

/* Whether one of eight bytes needs an escape: below 0x20, `"` or `\\`. Bytes
 * are tested in parallel: (x - 0x01..) & ~x has the high bit of each zero byte
 * (and perhaps of one above it: then the bytes are looked at one by one). */
static bool eight_need_care(const char *bytes) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  const uint64_t highs = ones << 7;
  uint64_t x;
  memcpy(&x, bytes, sizeof x);
  uint64_t quote = x ^ (ones * '"');
  uint64_t slash = x ^ (ones * '\\');
  return (((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) |
          ((slash - ones) & ~slash)) &
         highs;
}

static void put_quoted(upk_json_writer *w, upk_str s) {
  char hex[7];
  size_t plain = 0;
  put_char(w, '"');
  for (size_t i = 0; i < s.len; i++) {
    while (s.len - i > 8 && !eight_need_care(s.data + i))
      i += 8;
    unsigned char c = (unsigned char)s.data[i];
    if (c >= 0x20 && c != '"' && c != '\\')
      continue;
    put(w, s.data + plain, i - plain);
    const char *escape = escape_of(c, hex);
    put(w, escape, strlen(escape));
    plain = i + 1;
  }
  if (s.len > plain)
    put(w, s.data + plain, s.len - plain);
  put_char(w, '"');
}

static void check_key_order(upk_json_writer *w, upk_str key) {
#ifndef NDEBUG
  upk_buf *last = &w->last_key[w->depth];
  assert(!last->data || upk_str_compare(upk_buf_view(last), key) < 0);
  upk_buf_clear(last);
  upk_buf_reserve(last, key.len);
  upk_buf_str(last, key);
#else
  (void)w;
  (void)key;
#endif
}

void upk_json_key_str(upk_json_writer *w, upk_str key) {
  assert(w->depth > 0 && !w->after_key);
  check_key_order(w, key);
  if (w->comma[w->depth])
    put_char(w, ',');
  w->comma[w->depth] = true;
  put_quoted(w, key);
  put_char(w, ':');
  w->after_key = true;
}

/* A key of ours: without anything to escape. */
void upk_json_key(upk_json_writer *w, const char *key) {
  size_t len = strlen(key);
  assert(w->depth > 0 && !w->after_key);
  check_key_order(w, (upk_str){key, len});
  if (w->comma[w->depth])
    put_char(w, ',');
  w->comma[w->depth] = true;
  put_char(w, '"');
  put(w, key, len);
  put(w, "\":", 2);
  w->after_key = true;
}

void upk_json_string(upk_json_writer *w, upk_str value) {
  begin_value(w);
  put_quoted(w, value);
}

void upk_json_int(upk_json_writer *w, int64_t value) {
  char digits[24];
  size_t at = sizeof digits;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  bool text = value > INTEGER_MAX || value < -INTEGER_MAX;
  if (text)
    digits[--at] = '"';
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (value < 0)
    digits[--at] = '-';
  if (text)
    digits[--at] = '"';
  begin_value(w);
  put(w, digits + at, sizeof digits - at);
}

void upk_json_bool(upk_json_writer *w, bool value) {
  begin_value(w);
  put(w, value ? "true" : "false", value ? 4 : 5);
}

void upk_json_null(upk_json_writer *w) {
  begin_value(w);
  put(w, "null", 4);
}

void upk_json_raw(upk_json_writer *w, upk_str value) {
  begin_value(w);
  put(w, value.data, value.len);
}

void upk_json_newline(upk_json_writer *w) { put_char(w, '\n'); }

void upk_json_put_string(upk_json_writer *w, const char *key, upk_str value) {
  upk_json_key(w, key);
  if (value.data)
    upk_json_string(w, value);
  else
    upk_json_null(w);
}

void upk_json_put_int(upk_json_writer *w, const char *key, int64_t value) {
  upk_json_key(w, key);
  upk_json_int(w, value);
}

void upk_json_put_bool(upk_json_writer *w, const char *key, bool value) {
  upk_json_key(w, key);
  upk_json_bool(w, value);
}
