#include "driver/op.h"

#include <stdio.h>
#include <string.h>

#include "quote.h"

void driver_op_init(driver_op *op) {
  memset(op, 0, sizeof *op);
  op->arena = upk_arena_new(NULL);
  op->row_arena = upk_arena_new(NULL);
}

void driver_op_free(driver_op *op) {
  upk_arena_free(op->arena);
  upk_arena_free(op->row_arena);
  memset(op, 0, sizeof *op);
}

void driver_op_begin(driver_op *op, driver_op_kind kind, int64_t deadline_ms,
                     driver_done on_done, void *ctx) {
  upk_arena *arena = op->arena, *row_arena = op->row_arena;
  upk_arena_reset(arena);
  upk_arena_reset(row_arena);
  memset(op, 0, sizeof *op);
  op->arena = arena;
  op->row_arena = row_arena;
  op->kind = kind;
  op->deadline_ms = deadline_ms > 0 ? deadline_ms : 1;
  op->on_done = on_done;
  op->ctx = ctx;
  op->rows_affected = -1;
}

void driver_op_begin_query(driver_op *op, const driver_query *query) {
  driver_op_begin(op, DRIVER_OP_QUERY, query->deadline_ms, query->on_done,
                  query->ctx);
  op->sql = upk_arena_copy(op->arena, query->sql);
  op->rows_max = query->rows_max;
  op->on_rows = query->on_rows;
  op->param_count = query->param_count;
  if (query->param_count == 0)
    return;
  op->params = UPK_NEW_ARRAY(op->arena, driver_value, query->param_count);
  for (size_t i = 0; i < query->param_count; i++) {
    op->params[i] = query->params[i];
    if (query->params[i].type == DRIVER_TEXT)
      op->params[i].text = upk_arena_copy(op->arena, query->params[i].text);
  }
}

void driver_op_set_columns(driver_op *op, size_t count) {
  op->columns = count ? UPK_NEW_ARRAY(op->arena, upk_str, count) : NULL;
  op->column_count = count;
}

driver_value *driver_op_row(driver_op *op) {
  op->rows_total++;
  if (!op->on_rows && op->row_count >= op->rows_max)
    return NULL;
  size_t first = op->values.len;
  while (op->values.cap < first + op->column_count)
    op->values.items = upk_vec_grow(op->arena, op->values.items, op->values.cap,
                                    &op->values.cap, sizeof(driver_value));
  op->values.len += op->column_count;
  op->row_count++;
  if (op->column_count == 0)
    return NULL;
  driver_value *row = op->values.items + first;
  memset(row, 0, op->column_count * sizeof *row);
  op->batch_bytes += op->column_count * sizeof *row;
  return row;
}

/* All bytes ASCII and none NUL: the usual case, eight at a time. */
static bool plain(const char *bytes, size_t len) {
  const uint64_t low = UINT64_C(0x0101010101010101), high = low << 7;
  size_t i = 0;
  for (; i + 8 <= len; i += 8) {
    uint64_t word;
    memcpy(&word, bytes + i, 8);
    if ((word | (word - low)) & high)
      return false;
  }
  for (; i < len; i++)
    if ((unsigned char)(bytes[i] - 1) >= 0x7f)
      return false;
  return true;
}

/* Length of the valid UTF-8 sequence that `text` begins with, 0 when none. */
static size_t sequence_length(upk_str text) {
  for (size_t len = 1; len <= 4 && len <= text.len; len++)
    if (upk_utf8_valid((upk_str){text.data, len}))
      return len;
  return 0;
}

static upk_str repaired(upk_arena *arena, const char *bytes, size_t len) {
  char *out = upk_arena_alloc(arena, len * 3 + 1);
  size_t used = 0;
  for (size_t i = 0; i < len;) {
    size_t good = sequence_length((upk_str){bytes + i, len - i});
    memcpy(out + used, good ? bytes + i : "\xef\xbf\xbd", good ? good : 3);
    used += good ? good : 3;
    i += good ? good : 1;
  }
  return (upk_str){out, used};
}

static upk_str valid_copy(upk_arena *arena, const char *bytes, size_t len) {
  if (plain(bytes, len) || upk_utf8_valid((upk_str){bytes, len}))
    return upk_arena_copy(arena, (upk_str){bytes, len});
  return repaired(arena, bytes, len);
}

void driver_op_set_text(driver_op *op, driver_value *value, const char *bytes,
                        size_t len) {
  value->type = DRIVER_TEXT;
  value->text = len ? valid_copy(op->row_arena, bytes, len) : (upk_str){"", 0};
  op->batch_bytes += len;
}

void driver_op_set_hex(driver_op *op, driver_value *value,
                       const unsigned char *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  char *out = upk_arena_alloc(op->row_arena, len * 2 + 1);
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  value->type = DRIVER_TEXT;
  value->text = (upk_str){out, len * 2};
  op->batch_bytes += len * 2;
}

bool driver_op_batch_full(const driver_op *op) {
  return op->on_rows && (op->row_count >= DRIVER_BATCH_ROWS ||
                         op->batch_bytes >= DRIVER_BATCH_BYTES);
}

static driver_result result_of(const driver_op *op) {
  return (driver_result){
      .error = op->error,
      .columns = op->columns,
      .column_count = op->column_count,
      .values = op->values.items,
      .row_count = op->row_count,
      .rows_total = op->rows_total,
      .rows_affected = op->rows_affected,
      .notices = op->notices.items,
      .notice_count = op->notices.len,
  };
}

bool driver_op_flush(driver_op *op) {
  if (!op->on_rows || op->row_count == 0)
    return true;
  driver_result batch = result_of(op);
  bool more = op->on_rows(op->ctx, &batch);
  op->values.len = 0;
  op->row_count = 0;
  op->batch_bytes = 0;
  upk_arena_reset(op->row_arena);
  return more;
}

void driver_op_fail(driver_op *op, driver_class class, const char *code,
                    const char *format, ...) {
  if (op->error.class != DRIVER_NONE)
    return;
  char text[DRIVER_MESSAGE_MAX * 2];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  op->error.class = class;
  op->error.code = driver_line(op->arena, code);
  op->error.message = driver_line(op->arena, text);
}

void driver_op_notice(driver_op *op, const char *severity, const char *code,
                      const char *message) {
  if (op->notices.len >= DRIVER_NOTICES_MAX)
    return;
  *UPK_PUSH(op->arena, &op->notices) = (driver_notice){
      .severity = driver_line(op->arena, severity),
      .code = driver_line(op->arena, code),
      .message = driver_line(op->arena, message),
  };
}

void driver_op_deliver(driver_op *op) {
  if (op->kind == DRIVER_OP_LOCK) {
    bool granted = op->granted && op->error.class == DRIVER_NONE;
    op->on_locked(op->ctx, &op->error, granted, op->holder);
    return;
  }
  driver_result result = result_of(op);
  if (op->on_rows)
    result.row_count = 0;
  op->on_done(op->ctx, &result);
}

upk_str driver_line(upk_arena *arena, const char *text) {
  if (!text)
    return UPK_NO_STR;
  upk_str all = upk_str_trim(upk_str_from(text));
  upk_str valid = valid_copy(arena, all.data, all.len);
  if (valid.len > DRIVER_MESSAGE_MAX) {
    valid.len = DRIVER_MESSAGE_MAX;
    while (valid.len && ((unsigned char)valid.data[valid.len] & 0xc0) == 0x80)
      valid.len--;
  }
  char *out = upk_arena_alloc(arena, valid.len + 1);
  size_t used = 0;
  for (size_t i = 0; i < valid.len; i++) {
    size_t hidden = upk_hidden_at(valid, i);
    bool space = hidden || valid.data[i] == ' ';
    if (hidden)
      i += hidden - 1;
    if (space && used && out[used - 1] == ' ')
      continue;
    out[used++] = space ? ' ' : valid.data[i];
  }
  return (upk_str){out, used};
}

uint32_t driver_hash(upk_str text) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < text.len; i++)
    hash = (hash ^ (unsigned char)text.data[i]) * 16777619u;
  return hash;
}
