/* Texts with the figures of an object. Names are anybody's: in comments they
 * are shown without what could end a line, in YAML as quoted scalars. */
#include <string.h>

#include "suggest/private.h"
#include "timefmt.h"

/* ---- words of a text ---- */

/* The next <<word>> from `at` on; false when there is none. */
static bool next_word(upk_str text, size_t at, size_t *ret_at,
                      upk_str *ret_word) {
  for (size_t i = at; i + 4 < text.len; i++) {
    if (text.data[i] != '<' || text.data[i + 1] != '<')
      continue;
    for (size_t end = i + 2; end + 1 < text.len; end++)
      if (text.data[end] == '>' && text.data[end + 1] == '>') {
        *ret_at = i;
        *ret_word = (upk_str){text.data + i + 2, end - i - 2};
        return true;
      }
  }
  return false;
}

static upk_str without_yaml(upk_str word) {
  return upk_str_starts(word, "yaml:") ? (upk_str){word.data + 5, word.len - 5}
                                       : word;
}

static bool is_built_in(upk_str word) {
  static const char *const words[] = {"count", "object", "slug", "where"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (upk_str_is(word, words[i]))
      return true;
  return false;
}

static upk_str let_of(const node *let, upk_str word) {
  const node_member *member = let ? node_member_find(let, word) : NULL;
  return member && member->value->type == NODE_TEXT ? member->value->text
                                                    : UPK_NO_STR;
}

bool fill_prepare(ir *ir, ir_scope *scope, const node *let, upk_str text,
                  upk_str suggestion) {
  size_t at = 0;
  upk_str word;
  upk_scope names = ir_scope_names(scope);
  for (; next_word(text, at, &at, &word); at += word.len + 4) {
    upk_str name = without_yaml(word), source = let_of(let, name);
    if (is_built_in(name))
      continue;
    if (source.data ? upk_expr_compile(ir->arena, source, UPK_NO_SPAN, &names,
                                       UPK_TYPE_NULL, ir->diags) != NULL
                    : ir_scope_slot(scope, name) != NULL)
      continue;
    upk_diag_add(ir->diags, 1326, UPK_NO_SPAN,
                 "suggestion `%.*s` has no `%.*s` to put in",
                 UPK_FMT(suggestion), UPK_FMT(name));
    return false;
  }
  return true;
}

/* ---- values ---- */

static void add_bytes(int64_t bytes, upk_buf *out) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  int64_t whole = bytes, rest = 0;
  size_t unit = 0;
  while (whole >= 1024 && unit + 1 < sizeof units / sizeof *units) {
    rest = whole % 1024;
    whole /= 1024;
    unit++;
  }
  upk_buf_int(out, whole);
  if (rest * 10 / 1024)
    upk_buf_printf(out, ".%lld", (long long)(rest * 10 / 1024));
  upk_buf_printf(out, " %s", units[unit]);
}

/* 12 345 678 as 12_345_678. */
static void add_count(int64_t number, upk_buf *out) {
  char digits[24];
  size_t len = 0;
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do
    digits[len++] = (char)('0' + rest % 10);
  while ((rest /= 10) != 0);
  if (number < 0)
    upk_buf_char(out, '-');
  while (len) {
    upk_buf_char(out, digits[--len]);
    if (len && len % 3 == 0)
      upk_buf_char(out, '_');
  }
}

/* The next power of two of bytes; 1, 2 or 5 and noughts of counts. */
static int64_t round_up(upk_type type, int64_t number) {
  int64_t step = 1, limit = INT64_C(1) << 58;
  if (type == UPK_TYPE_BYTES) {
    while (step < number && step < limit)
      step *= 2;
    return step;
  }
  for (; step < limit; step *= 10)
    for (int64_t i = 1; i <= 5; i += i == 1 ? 1 : 3)
      if (step * i >= number)
        return step * i;
  return step;
}

/* For people, or with `round` as a literal of the language. */
static void add_value(const upk_column *column, size_t row, bool round,
                      upk_buf *out) {
  if (ir_cell_null(column, row)) {
    upk_buf_str(out, column->type == UPK_TYPE_TEXT ? UPK_STR("none")
                                                   : UPK_STR("unknown"));
    return;
  }
  if (column->type == UPK_TYPE_RATIO && !round) {
    int64_t tenths = (ir_cell_integer(column, row) + 500) / 1000;
    upk_buf_printf(out, "%lld.%lld%%", (long long)(tenths / 10),
                   (long long)(tenths % 10));
    return;
  }
  if (column->type == UPK_TYPE_TEXT) {
    upk_display_text(column->texts[column->constant ? 0 : row], out);
    return;
  }
  if (column->type != UPK_TYPE_BYTES && column->type != UPK_TYPE_INT) {
    upk_literal_print(column->type, column, row, out);
    return;
  }
  int64_t number = ir_cell_integer(column, row);
  if (round)
    number = round_up(column->type, number);
  if (column->type == UPK_TYPE_INT)
    add_count(number, out);
  else if (round)
    upk_bytes_format(number, out);
  else
    add_bytes(number, out);
}

static void add_let(const filler *f, upk_str source, upk_buf *out) {
  upk_diags said; /* fill_prepare has */
  upk_column result;
  upk_scope names = ir_scope_names(f->scope);
  upk_diags_init(&said, f->ir->arena);
  const upk_expr *expr = upk_expr_compile(f->ir->arena, source, UPK_NO_SPAN,
                                          &names, UPK_TYPE_NULL, &said);
  upk_expr_eval(expr, f->scope->columns.items, f->object.row, 1, f->ir->arena,
                &result, NULL);
  add_value(&result, 0, true, out);
}

static const upk_column *column_of(const filler *f, upk_str name) {
  const ir_slot *slot = ir_scope_slot(f->scope, name);
  return &f->scope->columns.items[slot - f->scope->slots.items];
}

/* ---- built in ---- */

static void add_slug(const filler *f, upk_buf *out) {
  size_t begin = out->len;
  upk_str name = f->object.display;
  for (size_t i = 0; i < name.len && out->len - begin < 40; i++) {
    char b = name.data[i];
    bool letter = (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9');
    if (b >= 'A' && b <= 'Z')
      upk_buf_char(out, (char)(b + 32));
    else if (letter)
      upk_buf_char(out, b);
    else if (out->len > begin && out->data[out->len - 1] != '-')
      upk_buf_char(out, '-');
  }
  if (out->len == begin || out->data[out->len - 1] != '-')
    upk_buf_char(out, '-');
  upk_buf_int(out, (int64_t)f->number); /* names that differ in signs alone */
}

/* A double-quoted scalar of YAML. */
static void add_yaml(upk_str text, upk_buf *out) {
  upk_buf_char(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    unsigned char b = (unsigned char)text.data[i];
    size_t hidden = upk_hidden_at(text, i);
    if (b == '"' || b == '\\')
      upk_buf_printf(out, "\\%c", b);
    else if (b < 0x20 || b == 0x7f)
      upk_buf_printf(out, "\\x%02x", b);
    else if (hidden == 3 && (b & 0xf0) == 0xe0) /* breaks or turns a line */
      upk_buf_printf(out, "\\u%04x",
                     (unsigned)((b & 0xf) << 12 |
                                (text.data[i + 1] & 0x3f) << 6 |
                                (text.data[i + 2] & 0x3f))),
          i += 2;
    else if (hidden == 2 && (b & 0xe0) == 0xc0)
      upk_buf_printf(out, "\\u%04x",
                     (unsigned)((b & 0x1f) << 6 | (text.data[i + 1] & 0x3f))),
          i += 1;
    else
      upk_buf_char(out, (char)b);
  }
  upk_buf_char(out, '"');
}

/* "schema = 'public' and name = 'orders'" */
static void add_where(const filler *f, upk_buf *out) {
  upk_buf text = {0};
  for (size_t i = 0; i < f->object.name_count; i++) {
    upk_column value = {
        .type = UPK_TYPE_TEXT, .constant = true, .texts = &f->object.name[i]};
    upk_buf_printf(&text, "%s%.*s = ", i ? " and " : "",
                   UPK_FMT(f->object.kind->keys.items[i]));
    upk_literal_print(UPK_TYPE_TEXT, &value, 0, &text);
  }
  add_yaml(upk_buf_view(&text), out);
  upk_buf_free(&text);
}

static void add_word(const filler *f, upk_str word, upk_buf *out) {
  upk_str name = without_yaml(word), source = let_of(f->let, name);
  if (upk_str_is(word, "object"))
    upk_display_text(f->object.display, out);
  else if (upk_str_is(word, "slug"))
    add_slug(f, out);
  else if (upk_str_is(word, "where"))
    add_where(f, out);
  else if (upk_str_is(word, "count"))
    add_count((int64_t)f->count, out);
  else if (source.data)
    add_let(f, source, out);
  else if (name.len != word.len && column_of(f, name)->type == UPK_TYPE_TEXT &&
           !ir_cell_null(column_of(f, name), f->object.row))
    add_yaml(column_of(f, name)
                 ->texts[column_of(f, name)->constant ? 0 : f->object.row],
             out);
  else
    add_value(column_of(f, name), f->object.row, false, out);
}

void fill_text(const filler *f, upk_str text, const char *prefix,
               upk_buf *out) {
  upk_str rest = text, word;
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    size_t at = 0, found;
    if (!line.len && !rest.data)
      break;
    upk_buf_str(out, upk_str_from(prefix));
    for (; next_word(line, at, &found, &word); at = found + word.len + 4) {
      upk_buf_add(out, line.data + at, found - at);
      add_word(f, word, out);
    }
    upk_buf_add(out, line.data + at, line.len - at);
    upk_buf_char(out, '\n');
  }
}
