/* The facts file: canonical JSON streamed into columns, and back. */
#include <string.h>

#include "cell.h"
#include "facts.h"

typedef struct cell {
  bool null;
  int64_t integer;
  upk_str text;
  upk_list list;
} cell;

/* A column while it is read. Most columns say the same of every object, and
 * then the first cell is all there is. */
typedef struct filling {
  upk_type type;
  bool varies;
  cell first;
  UPK_VEC(int64_t) integers;
  UPK_VEC(upk_str) texts;
  UPK_VEC(upk_list) lists;
  UPK_VEC(uint8_t) null;
} filling;

typedef struct reader {
  upk_json_reader json;
  upk_arena *arena;
  upk_diags *diags;
  upk_str path;
  const char *expected; /* of the first fault that is no fault of the JSON */
} reader;

static bool expect(reader *r, bool ok, const char *what) {
  if (!ok && !r->expected)
    r->expected = what;
  return ok;
}

static bool next_is(reader *r, upk_json_token wanted, const char *what) {
  return expect(r, upk_json_next(&r->json) == wanted, what);
}

/* ---- cells ---- */

static bool same(upk_type type, const cell *a, const cell *b) {
  if (a->null || b->null)
    return a->null && b->null;
  if (type == UPK_TYPE_TEXT)
    return upk_str_equal(a->text, b->text);
  return type != UPK_TYPE_LIST && a->integer == b->integer;
}

static void push(filling *f, const cell *c, upk_arena *arena) {
  *UPK_PUSH(arena, &f->null) = c->null;
  if (f->type == UPK_TYPE_TEXT)
    *UPK_PUSH(arena, &f->texts) = c->text;
  else if (f->type == UPK_TYPE_LIST)
    *UPK_PUSH(arena, &f->lists) = c->list;
  else
    *UPK_PUSH(arena, &f->integers) = c->integer;
}

static void store(filling *f, size_t row, const cell *c, upk_arena *arena) {
  if (row == 0)
    f->first = *c;
  else if (!f->varies && !same(f->type, &f->first, c)) {
    for (size_t i = 0; i < row; i++)
      push(f, &f->first, arena);
    f->varies = true;
  }
  if (f->varies)
    push(f, c, arena);
}

static bool read_list(reader *r, upk_list *ret_list) {
  UPK_VEC(upk_str) items = {0};
  for (;;) {
    upk_json_token token = upk_json_next(&r->json);
    if (token == UPK_TOKEN_END_ARRAY)
      break;
    if (!expect(r, token == UPK_TOKEN_STRING, "a text in a list"))
      return false;
    *UPK_PUSH(r->arena, &items) = r->json.string;
  }
  *ret_list = (upk_list){items.items, items.len};
  return true;
}

static bool read_cell(reader *r, upk_type type, cell *c) {
  upk_json_token token = upk_json_next(&r->json);
  *c = (cell){.null = token == UPK_TOKEN_NULL};
  if (c->null)
    return true;
  switch (type) {
  case UPK_TYPE_TEXT:
    c->text = r->json.string;
    return expect(r, token == UPK_TOKEN_STRING, "a text");
  case UPK_TYPE_LIST:
    return expect(r, token == UPK_TOKEN_BEGIN_ARRAY, "a list") &&
           read_list(r, &c->list);
  case UPK_TYPE_BOOL:
    c->integer = r->json.boolean;
    return expect(r, token == UPK_TOKEN_BOOL, "true or false");
  case UPK_TYPE_VERSION:
    return expect(r,
                  token == UPK_TOKEN_STRING &&
                      upk_version_parse(r->json.string, &c->integer),
                  "a version");
  default:
    c->integer = r->json.integer;
    if (token == UPK_TOKEN_INT)
      return true;
    return expect(r,
                  token == UPK_TOKEN_STRING &&
                      upk_int_parse(r->json.string, &c->integer),
                  "an integer");
  }
}

/* ---- kinds ---- */

/* One {"name", "reason", "type"}. */
static bool read_column(reader *r, upk_facts_kind *kind) {
  upk_facts_column *column = UPK_PUSH(r->arena, &kind->columns);
  const upk_json *value =
      upk_json_read_value(&r->json, UPK_TOKEN_BEGIN_OBJECT, r->arena);
  if (!value)
    return false;
  column->name = upk_json_text(value, "name");
  column->reason = upk_json_text(value, "reason");
  if (!expect(r, column->name.len > 0, "the name of a column"))
    return false;
  for (size_t i = 0; i + 1 < kind->columns.len; i++)
    if (!expect(r, !upk_str_equal(kind->columns.items[i].name, column->name),
                "each column once"))
      return false;
  return expect(
      r, upk_type_find(upk_json_text(value, "type"), &column->values.type),
      "the type of a column");
}

static bool read_columns(reader *r, upk_facts_kind *kind) {
  if (!next_is(r, UPK_TOKEN_BEGIN_ARRAY, "a list of columns"))
    return false;
  for (;;) {
    upk_json_token token = upk_json_next(&r->json);
    if (token == UPK_TOKEN_END_ARRAY)
      return true;
    if (!expect(r, token == UPK_TOKEN_BEGIN_OBJECT, "a column") ||
        !read_column(r, kind))
      return false;
  }
}

static void finish_columns(filling *cells, upk_facts_kind *kind,
                           upk_arena *arena) {
  for (size_t i = 0; i < kind->columns.len; i++) {
    upk_column *values = &kind->columns.items[i].values;
    if (kind->rows && !cells[i].varies)
      push(&cells[i], &cells[i].first, arena);
    values->constant = kind->rows > 1 && !cells[i].varies;
    values->integers = cells[i].integers.items;
    values->texts = cells[i].texts.items;
    values->lists = cells[i].lists.items;
    values->null = cells[i].null.items;
  }
}

static bool read_row(reader *r, upk_facts_kind *kind, filling *cells) {
  cell c;
  for (size_t i = 0; i < kind->columns.len; i++) {
    if (!read_cell(r, cells[i].type, &c))
      return false;
    store(&cells[i], kind->rows, &c, r->arena);
  }
  return next_is(r, UPK_TOKEN_END_ARRAY, "as many cells as columns");
}

static bool read_rows(reader *r, upk_facts_kind *kind) {
  size_t width = kind->columns.len;
  filling *cells = UPK_NEW_ARRAY(r->arena, filling, width + 1);
  for (size_t i = 0; i < width; i++)
    cells[i].type = kind->columns.items[i].values.type;
  if (!next_is(r, UPK_TOKEN_BEGIN_ARRAY, "a list of rows"))
    return false;
  for (;; kind->rows++) {
    upk_json_token token = upk_json_next(&r->json);
    if (token == UPK_TOKEN_END_ARRAY)
      break;
    if (!expect(r, token == UPK_TOKEN_BEGIN_ARRAY, "a row") ||
        !read_row(r, kind, cells))
      return false;
  }
  finish_columns(cells, kind, r->arena);
  return true;
}

static bool read_key(reader *r, const char *wanted) {
  return expect(r,
                upk_json_next(&r->json) == UPK_TOKEN_KEY &&
                    upk_str_is(r->json.string, wanted),
                wanted);
}

static bool read_kinds(reader *r, upk_facts *facts) {
  if (!next_is(r, UPK_TOKEN_BEGIN_OBJECT, "an object of kinds"))
    return false;
  for (;;) {
    upk_json_token token = upk_json_next(&r->json);
    if (token == UPK_TOKEN_END_OBJECT)
      return true;
    if (token != UPK_TOKEN_KEY)
      return false;
    upk_facts_kind *kind = UPK_PUSH(r->arena, &facts->kinds);
    kind->name = r->json.string;
    if (!next_is(r, UPK_TOKEN_BEGIN_OBJECT, "a kind") ||
        !read_key(r, "columns") || !read_columns(r, kind) ||
        !read_key(r, "rows") || !read_rows(r, kind) ||
        !next_is(r, UPK_TOKEN_END_OBJECT, "the end of a kind"))
      return false;
  }
}

/* ---- the file ---- */

static bool read_object(reader *r, const char *key, const upk_json **ret) {
  if (!read_key(r, key) || !next_is(r, UPK_TOKEN_BEGIN_OBJECT, "an object"))
    return false;
  *ret = upk_json_read_value(&r->json, UPK_TOKEN_BEGIN_OBJECT, r->arena);
  return *ret != NULL;
}

static bool read_text(reader *r, const char *key, upk_str *ret) {
  if (!read_key(r, key) || !next_is(r, UPK_TOKEN_STRING, "a text"))
    return false;
  *ret = r->json.string;
  return true;
}

/* `counters_since` may be there, before `engine`. */
static bool read_engine(reader *r, upk_facts *facts) {
  if (!next_is(r, UPK_TOKEN_KEY, "engine"))
    return false;
  if (!upk_str_is(r->json.string, "counters_since"))
    return expect(r, upk_str_is(r->json.string, "engine"), "engine") &&
           next_is(r, UPK_TOKEN_STRING, "a text") &&
           (facts->engine = r->json.string, true);
  if (!next_is(r, UPK_TOKEN_INT, "microseconds since 1970"))
    return false;
  facts->counters_us = r->json.integer;
  return read_text(r, "engine", &facts->engine);
}

static bool read_file(reader *r, upk_facts *facts) {
  upk_str format;
  if (!next_is(r, UPK_TOKEN_BEGIN_OBJECT, "a facts file") ||
      !read_object(r, "capabilities", &facts->capabilities) ||
      !read_object(r, "collectors", &facts->collectors) ||
      !read_engine(r, facts) || !read_text(r, "format", &format) ||
      !expect(r, upk_str_is(format, "upkeep.facts/1"), "upkeep.facts/1") ||
      !read_object(r, "identity", &facts->identity) || !read_key(r, "kinds") ||
      !read_kinds(r, facts) || !read_text(r, "role", &facts->role) ||
      !read_key(r, "taken_at") ||
      !next_is(r, UPK_TOKEN_INT, "microseconds since 1970"))
    return false;
  facts->taken_at = r->json.integer;
  return read_text(r, "version", &facts->version) &&
         next_is(r, UPK_TOKEN_END_OBJECT, "the end") &&
         upk_json_next(&r->json) == UPK_TOKEN_END;
}

upk_status upk_facts_read(upk_arena *arena, upk_str bytes, upk_str path,
                          upk_diags *diags, upk_facts *ret_facts) {
  reader r = {.arena = arena, .diags = diags, .path = path};
  upk_facts facts = {0};
  upk_json_reader_init(&r.json, bytes, arena);
  if (read_file(&r, &facts)) {
    *ret_facts = facts;
    return UPK_OK;
  }
  if (r.json.error.text)
    upk_diag_add(diags, 3000, UPK_NO_SPAN, "%.*s is damaged at byte %zu: %s",
                 UPK_FMT(path), r.json.error.offset, r.json.error.text);
  else
    upk_diag_add(diags, 3001, UPK_NO_SPAN,
                 "%.*s is no facts file: %s was expected before byte %zu",
                 UPK_FMT(path), r.expected ? r.expected : "another value",
                 r.json.offset);
  return UPK_STALE;
}

/* ---- writing ---- */

static void write_cell(upk_json_writer *w, const upk_column *column,
                       size_t row) {
  if (column->constant)
    row = 0;
  if (column->null && column->null[row]) {
    upk_json_null(w);
    return;
  }
  switch (column->type) {
  case UPK_TYPE_TEXT:
    upk_json_string(w, column->texts[row]);
    break;
  case UPK_TYPE_LIST:
    upk_json_begin_array(w);
    for (size_t i = 0; i < column->lists[row].count; i++)
      upk_json_string(w, column->lists[row].items[i]);
    upk_json_end_array(w);
    break;
  case UPK_TYPE_BOOL:
    upk_json_bool(w, column->integers[row] != 0);
    break;
  case UPK_TYPE_VERSION: {
    upk_buf text = {0};
    upk_version_format(column->integers[row], &text);
    upk_json_string(w, upk_buf_view(&text));
    upk_buf_free(&text);
    break;
  }
  default:
    upk_json_int(w, column->integers[row]);
  }
}

static void write_columns(upk_json_writer *w, const upk_facts_kind *kind) {
  upk_json_key(w, "columns");
  upk_json_begin_array(w);
  for (size_t i = 0; i < kind->columns.len; i++) {
    const upk_facts_column *column = &kind->columns.items[i];
    upk_json_begin_object(w);
    upk_json_put_string(w, "name", column->name);
    if (column->reason.data)
      upk_json_put_string(w, "reason", column->reason);
    upk_json_put_string(w, "type",
                        upk_str_from(upk_type_name(column->values.type)));
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

static void write_kind(upk_json_writer *w, const upk_facts_kind *kind) {
  upk_json_begin_object(w);
  write_columns(w, kind);
  upk_json_key(w, "rows");
  upk_json_begin_array(w);
  for (size_t row = 0; row < kind->rows; row++) {
    upk_json_begin_array(w);
    for (size_t i = 0; i < kind->columns.len; i++)
      write_cell(w, &kind->columns.items[i].values, row);
    upk_json_end_array(w);
  }
  upk_json_end_array(w);
  upk_json_end_object(w);
}

bool upk_facts_write(const upk_facts *facts, upk_sink sink) {
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  upk_json_key(w, "capabilities");
  upk_json_write(w, facts->capabilities);
  upk_json_key(w, "collectors");
  upk_json_write(w, facts->collectors);
  if (facts->counters_us)
    upk_json_put_int(w, "counters_since", facts->counters_us);
  upk_json_put_string(w, "engine", facts->engine);
  upk_json_put_string(w, "format", UPK_STR("upkeep.facts/1"));
  upk_json_key(w, "identity");
  upk_json_write(w, facts->identity);
  upk_json_key(w, "kinds");
  upk_json_begin_object(w);
  for (size_t i = 0; i < facts->kinds.len; i++) {
    upk_json_key_str(w, facts->kinds.items[i].name);
    write_kind(w, &facts->kinds.items[i]);
  }
  upk_json_end_object(w);
  upk_json_put_string(w, "role", facts->role);
  upk_json_put_int(w, "taken_at", facts->taken_at);
  upk_json_put_string(w, "version", facts->version);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}

const upk_facts_kind *upk_facts_kind_find(const upk_facts *facts,
                                          upk_str kind) {
  for (size_t i = 0; i < facts->kinds.len; i++)
    if (upk_str_equal(facts->kinds.items[i].name, kind))
      return &facts->kinds.items[i];
  return NULL;
}

const upk_facts_column *upk_facts_column_find(const upk_facts_kind *kind,
                                              upk_str name) {
  if (!kind)
    return NULL;
  for (size_t i = 0; i < kind->columns.len; i++)
    if (upk_str_equal(kind->columns.items[i].name, name))
      return &kind->columns.items[i];
  return NULL;
}
