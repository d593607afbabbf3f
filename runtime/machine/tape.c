#include "machine/tape.h"

#include "cell.h"

enum { OUT_DIGITS = 16 };

struct tape {
  tape_clock clock; /* of the last event */
  upk_buf in, out;
  upk_json_writer *writer; /* of `in` */
  bool open;               /* its array */
  upk_sha256 *hash;
  bool commanded;
};

tape *tape_new(void) {
  const upk_allocator *libc = upk_allocator_libc();
  tape *t = libc->resize(libc->ctx, NULL, sizeof *t);
  if (!t)
    libc->exhausted(libc->ctx, sizeof *t);
  *t = (tape){.hash = upk_sha256_new()};
  t->writer = upk_json_writer_new(upk_sink_buf(&t->in));
  return t;
}

void tape_free(tape *t) {
  const upk_allocator *libc = upk_allocator_libc();
  if (!t)
    return;
  upk_json_writer_close(t->writer);
  upk_sha256_finish(t->hash);
  upk_buf_free(&t->in);
  upk_buf_free(&t->out);
  libc->resize(libc->ctx, t, 0);
}

/* ---- events ---- */

static const char kinds[] = {
    [MACHINE_START] = 's',  [MACHINE_REPLY] = 'r', [MACHINE_TIMER] = 't',
    [MACHINE_LOGGED] = 'l', [MACHINE_STOP] = 'o',  [MACHINE_PAUSE] = 'p',
    [MACHINE_SET] = 'c',
};

static void put_value(upk_json_writer *w, const plan_value *value) {
  bool large = value->integer > ((int64_t)1 << 53) - 1 ||
               value->integer < -(((int64_t)1 << 53) - 1);
  switch (value->type) {
  case PLAN_NULL:
    upk_json_null(w);
    break;
  case PLAN_BOOL:
    upk_json_bool(w, value->integer != 0);
    break;
  case PLAN_TEXT:
    upk_json_string(w, value->text.data ? value->text : UPK_STR(""));
    break;
  case PLAN_INT:
    if (large)
      upk_json_begin_array(w);
    upk_json_int(w, value->integer);
    if (large)
      upk_json_end_array(w);
    break;
  }
}

static void put_text(upk_json_writer *w, upk_str text) {
  if (text.data)
    upk_json_string(w, text);
  else
    upk_json_null(w);
}

static void put_fault(upk_json_writer *w, const machine_fault *fault) {
  upk_json_key(w, "f");
  upk_json_begin_array(w);
  upk_json_int(w, fault->kind);
  put_text(w, fault->class);
  put_text(w, fault->code);
  put_text(w, fault->message);
  put_text(w, fault->hint);
  upk_json_bool(w, fault->unstarted);
  upk_json_end_array(w);
}

static void put_columns(upk_json_writer *w, const machine_rows *rows) {
  upk_json_key(w, "c");
  upk_json_begin_array(w);
  for (size_t i = 0; i < rows->column_count; i++)
    upk_json_string(w, rows->columns[i]);
  upk_json_end_array(w);
}

static void put_values(upk_json_writer *w, const machine_rows *rows) {
  upk_json_key(w, "v");
  upk_json_begin_array(w);
  for (size_t i = 0; i < rows->count * rows->column_count; i++)
    put_value(w, &rows->values[i]);
  upk_json_end_array(w);
}

static void put_notices(upk_json_writer *w, const machine_event *event) {
  upk_json_key(w, "o");
  upk_json_begin_array(w);
  for (size_t i = 0; i < event->notice_count; i++) {
    upk_json_begin_array(w);
    put_text(w, event->notices[i].severity);
    put_text(w, event->notices[i].code);
    put_text(w, event->notices[i].message);
    upk_json_end_array(w);
  }
  upk_json_end_array(w);
}

/* In byte order of their keys; what is usual is left out. */
static void put_members(upk_json_writer *w, const machine_event *event,
                        int64_t wall_us, int64_t mono_us) {
  const machine_rows *rows = &event->rows;
  if (event->kind == MACHINE_REPLY && rows->affected != -1)
    upk_json_put_int(w, "a", rows->affected);
  if (rows->column_count)
    put_columns(w, rows);
  if (event->change.data)
    upk_json_put_string(w, "e", event->change);
  if (event->fault.kind != MACHINE_FINE)
    put_fault(w, &event->fault);
  if (event->granted)
    upk_json_put_bool(w, "g", true);
  if (event->holder.data)
    upk_json_put_string(w, "h", event->holder);
  if (event->id && event->kind != MACHINE_LOGGED)
    upk_json_put_int(w, "i", (int64_t)event->id);
  if (event->level)
    upk_json_put_int(w, "k", event->level);
  if (rows->total != (int64_t)rows->count)
    upk_json_put_int(w, "n", rows->total);
  if (event->notice_count)
    put_notices(w, event);
  if (event->step.data)
    upk_json_put_string(w, "s", event->step);
  if (event->in_transaction)
    upk_json_put_bool(w, "t", true);
  if (rows->count && rows->column_count)
    put_values(w, rows);
  if (wall_us != mono_us)
    upk_json_put_int(w, "w", wall_us);
  if (event->text.data)
    upk_json_put_string(w, "x", event->text);
}

void tape_event(tape *t, const machine_event *event) {
  int64_t wall_us = event->wall_us - t->clock.wall_us;
  int64_t mono_us = event->mono_us - t->clock.mono_us;
  const char kind[2] = {kinds[event->kind], 0};
  t->clock = (tape_clock){event->wall_us, event->mono_us};
  if (!t->open) {
    upk_buf_clear(&t->in);
    upk_json_begin_array(t->writer);
    t->open = true;
  }
  if (event->kind == MACHINE_LOGGED && event->fault.kind == MACHINE_FINE &&
      wall_us == mono_us) {
    upk_json_int(t->writer, mono_us);
    return;
  }
  upk_json_begin_array(t->writer);
  upk_json_string(t->writer, upk_str_from(kind));
  upk_json_int(t->writer, mono_us);
  upk_json_begin_object(t->writer);
  put_members(t->writer, event, wall_us, mono_us);
  upk_json_end_object(t->writer);
  upk_json_end_array(t->writer);
}

/* ---- commands ---- */

static void hash_number(upk_sha256 *hash, uint64_t number) {
  char bytes[8];
  for (int i = 0; i < 8; i++)
    bytes[i] = (char)(number >> (8 * i) & 0xff);
  upk_sha256_add(hash, (upk_str){bytes, sizeof bytes});
}

static void hash_text(upk_sha256 *hash, upk_str text) {
  hash_number(hash, text.data ? text.len + 1 : 0);
  if (text.len)
    upk_sha256_add(hash, text);
}

static void hash_work(upk_sha256 *hash, const machine_command *command) {
  size_t count =
      command->param_count + (command->file ? command->file->with_count : 0);
  for (size_t i = 0; i < count; i++) {
    const plan_value *value = &command->params[i];
    hash_number(hash, (uint64_t)value->type);
    if (value->type == PLAN_TEXT)
      hash_text(hash, value->text);
    else if (value->type != PLAN_NULL)
      hash_number(hash, (uint64_t)value->integer);
  }
  for (size_t i = 0; i < command->setting_count; i++) {
    hash_text(hash, command->settings[i].name);
    hash_text(hash, command->settings[i].value);
  }
  if (command->exec)
    hash_text(hash, command->exec->program);
  if (command->file)
    hash_text(hash, command->file->folder);
}

void tape_command(tape *t, const machine_command *command) {
  if (command->kind == MACHINE_LOG)
    return;
  const uint64_t numbers[] = {
      (uint64_t)command->kind,
      command->id,
      command->session,
      command->rows_max,
      (uint64_t)command->deadline_ms,
      (uint64_t)command->lock_ms,
      (uint64_t)command->statement_ms,
      (uint64_t)command->delay_us,
      command->read_only,
      (uint64_t)command->code,
      (uint64_t)command->status,
  };
  t->commanded = true;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    hash_number(t->hash, numbers[i]);
  hash_text(t->hash, command->sql);
  hash_text(t->hash, command->key);
  hash_text(t->hash, command->text);
  hash_text(t->hash, command->help);
  hash_work(t->hash, command);
}

void tape_take(tape *t, upk_str *ret_in, upk_str *ret_out) {
  if (t->open) {
    upk_json_end_array(t->writer);
    upk_json_writer_flush(t->writer);
    t->open = false;
  } else {
    upk_buf_clear(&t->in);
    upk_buf_str(&t->in, UPK_STR("[]"));
  }
  upk_buf_clear(&t->out);
  if (t->commanded) {
    upk_digest digest = upk_sha256_take(t->hash);
    upk_buf_add(&t->out, digest.text + sizeof "sha256:" - 1, OUT_DIGITS);
  }
  t->commanded = false;
  *ret_in = upk_buf_view(&t->in);
  *ret_out = t->out.len ? upk_buf_view(&t->out) : UPK_STR("");
}

/* ---- the other way ---- */

static upk_str text_of(const upk_json *value) {
  return value->type == UPK_JSON_STRING ? value->string : UPK_NO_STR;
}

static bool read_value(const upk_json *item, plan_value *ret) {
  switch (item->type) {
  case UPK_JSON_NULL:
    *ret = (plan_value){.type = PLAN_NULL};
    return true;
  case UPK_JSON_BOOL:
    *ret = (plan_value){.type = PLAN_BOOL, .integer = item->boolean};
    return true;
  case UPK_JSON_INT:
    *ret = (plan_value){.type = PLAN_INT, .integer = item->integer};
    return true;
  case UPK_JSON_STRING:
    *ret = (plan_value){.type = PLAN_TEXT, .text = item->string};
    return true;
  case UPK_JSON_ARRAY:
    *ret = (plan_value){.type = PLAN_INT};
    return upk_int_parse(text_of(upk_json_at(item, 0)), &ret->integer);
  default:
    return false;
  }
}

static bool read_rows(upk_arena *arena, const upk_json *members,
                      machine_rows *rows) {
  const upk_json *names = upk_json_get(members, "c");
  const upk_json *cells = upk_json_get(members, "v");
  size_t width = upk_json_count(names), count = upk_json_count(cells);
  upk_str *columns = UPK_NEW_ARRAY(arena, upk_str, width + 1);
  plan_value *values = UPK_NEW_ARRAY(arena, plan_value, count + 1);
  for (size_t i = 0; i < width; i++)
    columns[i] = text_of(upk_json_at(names, i));
  for (size_t i = 0; i < count; i++)
    if (!read_value(upk_json_at(cells, i), &values[i]))
      return false;
  if (width ? count % width != 0 : count != 0)
    return false;
  *rows = (machine_rows){.columns = columns,
                         .column_count = width,
                         .values = values,
                         .count = width ? count / width : 0};
  rows->total = upk_json_number(members, "n", (int64_t)rows->count);
  rows->affected = upk_json_number(members, "a", -1);
  return true;
}

static void read_notices(upk_arena *arena, const upk_json *list,
                         machine_event *event) {
  size_t count = upk_json_count(list);
  machine_notice *notices = UPK_NEW_ARRAY(arena, machine_notice, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *item = upk_json_at(list, i);
    notices[i] = (machine_notice){text_of(upk_json_at(item, 0)),
                                  text_of(upk_json_at(item, 1)),
                                  text_of(upk_json_at(item, 2))};
  }
  event->notices = notices;
  event->notice_count = count;
}

static bool read_fault(const upk_json *list, machine_fault *fault) {
  if (list->type != UPK_JSON_ARRAY)
    return true;
  const upk_json *kind = upk_json_at(list, 0);
  if (upk_json_count(list) != 6 || kind->type != UPK_JSON_INT ||
      kind->integer < 0 || kind->integer > MACHINE_ERROR)
    return false;
  *fault = (machine_fault){
      .kind = (machine_fault_kind)kind->integer,
      .class = text_of(upk_json_at(list, 1)),
      .code = text_of(upk_json_at(list, 2)),
      .message = text_of(upk_json_at(list, 3)),
      .hint = text_of(upk_json_at(list, 4)),
      .unstarted = upk_json_at(list, 5)->type == UPK_JSON_BOOL &&
                   upk_json_at(list, 5)->boolean,
  };
  return true;
}

static bool read_kind(upk_str text, machine_event_kind *ret) {
  for (size_t i = 0; i < sizeof kinds; i++)
    if (text.len == 1 && text.data[0] == kinds[i]) {
      *ret = (machine_event_kind)i;
      return true;
    }
  return false;
}

bool tape_read(upk_arena *arena, const upk_json *item, tape_clock *clock,
               machine_event *ret_event) {
  const upk_json *members = upk_json_at(item, 2);
  const upk_json *after = upk_json_at(item, 1);
  machine_event event = {.kind = MACHINE_LOGGED};
  int64_t mono_us = item->type == UPK_JSON_INT ? item->integer : 0;
  int64_t wall_us = mono_us;
  if (item->type != UPK_JSON_INT) {
    if (item->type != UPK_JSON_ARRAY || upk_json_count(item) != 3 ||
        after->type != UPK_JSON_INT || members->type != UPK_JSON_OBJECT ||
        !read_kind(text_of(upk_json_at(item, 0)), &event.kind) ||
        !read_rows(arena, members, &event.rows) ||
        !read_fault(upk_json_get(members, "f"), &event.fault))
      return false;
    mono_us = after->integer;
    wall_us = upk_json_number(members, "w", mono_us);
    event.id = (uint64_t)upk_json_number(members, "i", 0);
    event.granted = upk_json_flag(members, "g", false);
    event.in_transaction = upk_json_flag(members, "t", false);
    event.holder = upk_json_text(members, "h");
    event.text = upk_json_text(members, "x");
    event.step = upk_json_text(members, "s");
    event.change = upk_json_text(members, "e");
    event.level = (unsigned)upk_json_number(members, "k", 0);
    read_notices(arena, upk_json_get(members, "o"), &event);
  }
  clock->mono_us += mono_us;
  clock->wall_us += wall_us;
  event.mono_us = clock->mono_us;
  event.wall_us = clock->wall_us;
  *ret_event = event;
  return true;
}
