#include <stdio.h>
#include <string.h>

#include <upkeep/base.h>

enum { PRINTF_LIKELY = 60 }; /* bytes: room that is made without asking */

static const upk_allocator *allocator_of(const upk_buf *buf) {
  return buf->allocator ? buf->allocator : upk_allocator_libc();
}

void upk_buf_reserve(upk_buf *buf, size_t more) {
  const upk_allocator *allocator = allocator_of(buf);
  if (more > SIZE_MAX / 4 - buf->len)
    allocator->exhausted(allocator->ctx, more);
  size_t needed = buf->len + more + 1;
  if (needed <= buf->cap)
    return;
  size_t cap = buf->cap ? buf->cap * 2 : 64;
  if (cap < needed)
    cap = needed;
  char *data = allocator->resize(allocator->ctx, buf->data, cap);
  if (!data)
    allocator->exhausted(allocator->ctx, cap);
  buf->data = data;
  buf->cap = cap;
}

void upk_buf_add(upk_buf *buf, const void *bytes, size_t len) {
  if (len == 0)
    return;
  upk_buf_reserve(buf, len);
  memcpy(buf->data + buf->len, bytes, len);
  buf->len += len;
  buf->data[buf->len] = '\0';
}

void upk_buf_str(upk_buf *buf, upk_str s) { upk_buf_add(buf, s.data, s.len); }

void upk_buf_char(upk_buf *buf, char c) { upk_buf_add(buf, &c, 1); }

void upk_buf_int(upk_buf *buf, int64_t value) {
  char digits[24];
  size_t at = sizeof digits;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (value < 0)
    digits[--at] = '-';
  upk_buf_add(buf, digits + at, sizeof digits - at);
}

void upk_buf_printf(upk_buf *buf, const char *format, ...) {
  va_list args;
  upk_buf_reserve(buf, PRINTF_LIKELY);
  size_t room = buf->cap - buf->len;
  va_start(args, format);
  int len = vsnprintf(buf->data + buf->len, room, format, args);
  va_end(args);
  if (len > 0 && (size_t)len >= room) {
    upk_buf_reserve(buf, (size_t)len);
    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
  }
  buf->len += len < 0 ? 0 : (size_t)len;
}

void upk_buf_clear(upk_buf *buf) { buf->len = 0; }

void upk_buf_free(upk_buf *buf) {
  const upk_allocator *allocator = allocator_of(buf);
  if (buf->data)
    allocator->resize(allocator->ctx, buf->data, 0);
  *buf = (upk_buf){.allocator = buf->allocator};
}

upk_str upk_buf_view(const upk_buf *buf) {
  return (upk_str){buf->data ? buf->data : "", buf->len};
}

static bool write_buf(void *ctx, const char *bytes, size_t len) {
  upk_buf_add(ctx, bytes, len);
  return true;
}

upk_sink upk_sink_buf(upk_buf *buf) { return (upk_sink){write_buf, buf}; }
