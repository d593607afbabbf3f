#include "driver/odbc/wire.h"

#include <string.h>

/* ---- writing ---- */

static void put_int(upk_buf *out, int64_t value) {
  upk_buf_add(out, &value, sizeof value);
}

static void put_text(upk_buf *out, upk_str text) {
  put_int(out, text.data ? (int64_t)text.len : -1);
  if (text.data)
    upk_buf_str(out, text);
}

/* Where the frame began, for end_frame. */
static size_t begin_frame(upk_buf *out, odbc_frame type) {
  size_t at = out->len;
  put_int(out, 0);
  put_int(out, type);
  return at;
}

static void end_frame(upk_buf *out, size_t at) {
  int64_t len = (int64_t)(out->len - at - sizeof len);
  memcpy(out->data + at, &len, sizeof len);
}

static void put_value(upk_buf *out, const driver_value *value) {
  put_int(out, value->type);
  if (value->type == DRIVER_TEXT)
    put_text(out, value->text);
  else if (value->type != DRIVER_NULL)
    put_int(out, value->integer);
}

void odbc_put_plain(upk_buf *out, odbc_frame type) {
  end_frame(out, begin_frame(out, type));
}

static void put_limits(upk_buf *out, const driver_limits *limits) {
  put_int(out, limits->lock_ms);
  put_int(out, limits->statement_ms);
  put_int(out, limits->read_only);
  put_int(out, (int64_t)limits->setting_count);
  for (size_t i = 0; i < limits->setting_count; i++) {
    put_text(out, limits->settings[i].name);
    put_text(out, limits->settings[i].value);
  }
}

void odbc_put_ask(upk_buf *out, const driver_op *op, const odbc_way *way) {
  size_t at = begin_frame(out, ODBC_ASK);
  put_int(out, op->kind);
  put_int(out, op->deadline_ms);
  put_text(out, op->sql);
  put_text(out, op->key);
  put_int(out, (int64_t)op->param_count);
  for (size_t i = 0; i < op->param_count; i++)
    put_value(out, &op->params[i]);
  put_limits(out, &op->limits);
  put_int(out, way != NULL);
  if (way) {
    put_text(out, way->engine);
    put_text(out, way->connect);
    put_text(out, way->application);
    put_int(out, way->read_only);
  }
  end_frame(out, at);
}

void odbc_put_rows(upk_buf *out, const driver_result *batch, bool full) {
  size_t at = begin_frame(out, ODBC_ROWS);
  put_int(out, full);
  put_int(out, (int64_t)batch->row_count);
  put_int(out, (int64_t)batch->column_count);
  for (size_t i = 0; i < batch->column_count; i++)
    put_text(out, batch->columns[i]);
  for (size_t i = 0; i < batch->row_count * batch->column_count; i++)
    put_value(out, &batch->values[i]);
  end_frame(out, at);
}

void odbc_put_done(upk_buf *out, const driver_op *op, const odbc_after *after) {
  size_t at = begin_frame(out, ODBC_DONE);
  put_int(out, op->error.class);
  put_text(out, op->error.code);
  put_text(out, op->error.message);
  put_text(out, op->error.detail);
  put_text(out, op->error.hint);
  put_int(out, op->granted);
  put_text(out, op->holder);
  put_int(out, op->rows_affected);
  put_int(out, (int64_t)op->notices.len);
  for (size_t i = 0; i < op->notices.len; i++) {
    put_text(out, op->notices.items[i].severity);
    put_text(out, op->notices.items[i].code);
    put_text(out, op->notices.items[i].message);
  }
  put_int(out, after->in_transaction);
  put_int(out, after->lost);
  put_text(out, after->session);
  end_frame(out, at);
}

/* ---- reading ---- */

static int64_t get_int(odbc_reader *r) {
  int64_t value;
  if (r->bad || (size_t)(r->end - r->at) < sizeof value) {
    r->bad = true;
    return 0;
  }
  memcpy(&value, r->at, sizeof value);
  r->at += sizeof value;
  return value;
}

/* A number of things of at least eight bytes each that still have to come. */
static size_t get_count(odbc_reader *r) {
  int64_t count = get_int(r);
  if (count < 0 || count > (r->end - r->at) / (int64_t)sizeof count)
    r->bad = true;
  return r->bad ? 0 : (size_t)count;
}

static upk_str get_text(odbc_reader *r) {
  int64_t len = get_int(r);
  if (r->bad || len < 0 || len > r->end - r->at) {
    r->bad |= len != -1;
    return UPK_NO_STR;
  }
  upk_str text = {r->at, (size_t)len};
  r->at += len;
  return text;
}

static upk_str copy_text(odbc_reader *r, upk_arena *arena) {
  upk_str text = get_text(r);
  return text.data ? upk_arena_copy(arena, text) : UPK_NO_STR;
}

static void get_value(odbc_reader *r, driver_op *op, driver_value *ret) {
  int64_t type = get_int(r);
  if (type < DRIVER_NULL || type > DRIVER_TEXT)
    r->bad = true;
  else if (type == DRIVER_TEXT) {
    upk_str text = get_text(r);
    driver_op_set_text(op, ret, text.data ? text.data : "", text.len);
  } else {
    ret->type = (driver_value_type)type;
    ret->integer = type == DRIVER_NULL ? 0 : get_int(r);
  }
}

bool odbc_next(upk_str in, size_t *at, odbc_frame *ret_type,
               odbc_reader *ret_reader) {
  int64_t len;
  if (in.len - *at < sizeof len)
    return false;
  memcpy(&len, in.data + *at, sizeof len);
  if (len < (int64_t)sizeof len || len > ODBC_FRAME_MAX) {
    *ret_reader = (odbc_reader){.bad = true};
    *ret_type = ODBC_DONE;
    return true;
  }
  if (in.len - *at - sizeof len < (size_t)len)
    return false;
  const char *begin = in.data + *at + sizeof len;
  *at += sizeof len + (size_t)len;
  *ret_reader = (odbc_reader){begin, begin + len, false};
  *ret_type = (odbc_frame)get_int(ret_reader);
  return true;
}

static void get_limits(odbc_reader *r, driver_op *op) {
  op->limits.lock_ms = get_int(r);
  op->limits.statement_ms = get_int(r);
  op->limits.read_only = get_int(r) != 0;
  size_t count = get_count(r);
  driver_setting *settings =
      UPK_NEW_ARRAY(op->arena, driver_setting, count + 1);
  for (size_t i = 0; i < count; i++) {
    settings[i].name = copy_text(r, op->arena);
    settings[i].value = copy_text(r, op->arena);
  }
  op->limits.settings = settings;
  op->limits.setting_count = count;
}

bool odbc_get_ask(odbc_reader *r, driver_op *op, odbc_way *ret_way) {
  int64_t kind = get_int(r), deadline_ms = get_int(r);
  driver_op_begin(op, (driver_op_kind)kind, deadline_ms, NULL, NULL);
  op->sql = copy_text(r, op->arena);
  op->key = copy_text(r, op->arena);
  op->param_count = get_count(r);
  op->params = UPK_NEW_ARRAY(op->arena, driver_value, op->param_count + 1);
  for (size_t i = 0; i < op->param_count; i++)
    get_value(r, op, &op->params[i]);
  op->batch_bytes = 0;
  get_limits(r, op);
  *ret_way = (odbc_way){0};
  if (get_int(r)) {
    ret_way->engine = get_text(r);
    ret_way->connect = get_text(r);
    ret_way->application = get_text(r);
    ret_way->read_only = get_int(r) != 0;
  }
  return !r->bad && kind >= DRIVER_OP_OPEN && kind <= DRIVER_OP_LOCK;
}

bool odbc_get_rows(odbc_reader *r, driver_op *op, bool *ret_full) {
  *ret_full = get_int(r) != 0;
  int64_t rows = get_int(r);
  size_t columns = get_count(r);
  bool first = !op->columns;
  if (r->bad || (!first && columns != op->column_count))
    return false;
  if (first)
    driver_op_set_columns(op, columns);
  for (size_t i = 0; i < columns; i++) {
    upk_str name = get_text(r);
    if (first)
      op->columns[i] = upk_arena_copy(op->arena, name);
  }
  driver_value let_go;
  for (int64_t row = 0; row < rows && !r->bad; row++) {
    driver_value *values = driver_op_row(op);
    for (size_t i = 0; i < columns; i++)
      get_value(r, op, values ? &values[i] : &let_go);
  }
  return !r->bad;
}

bool odbc_get_done(odbc_reader *r, driver_op *op, odbc_after *ret_after) {
  int64_t class = get_int(r);
  op->error.class = (driver_class) class;
  op->error.code = copy_text(r, op->arena);
  op->error.message = copy_text(r, op->arena);
  op->error.detail = copy_text(r, op->arena);
  op->error.hint = copy_text(r, op->arena);
  op->granted = get_int(r) != 0;
  op->holder = copy_text(r, op->arena);
  op->rows_affected = get_int(r);
  for (size_t i = get_count(r); i > 0; i--) {
    driver_notice *notice = UPK_PUSH(op->arena, &op->notices);
    notice->severity = copy_text(r, op->arena);
    notice->code = copy_text(r, op->arena);
    notice->message = copy_text(r, op->arena);
  }
  ret_after->in_transaction = get_int(r) != 0;
  ret_after->lost = get_int(r) != 0;
  ret_after->session = get_text(r);
  return !r->bad && class >= DRIVER_NONE && class <= DRIVER_OTHER;
}
