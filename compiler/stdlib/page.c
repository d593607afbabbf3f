/* Pages of `explain` as text, JSON and Markdown. */
#include "stdlib/page.h"

#include "json.h"

enum { WIDTH_MAX = 28 }; /* of a column; what is longer pushes the next one */

page_meaning *page_add(page *page, upk_str name, upk_str what, upk_str doc) {
  page_meaning *meaning = UPK_PUSH(page->arena, &page->meanings);
  meaning->name = name;
  meaning->what = what;
  meaning->doc = doc.data ? doc : UPK_STR("");
  return meaning;
}

void page_put_typed(page *page, upk_str group, upk_str name, upk_str type,
                    upk_str text) {
  if (text.len == 0)
    return;
  page_meaning *meaning = &page->meanings.items[page->meanings.len - 1];
  *UPK_PUSH(page->arena, &meaning->rows) = (page_row){group, name, type, text};
}

void page_put(page *page, upk_str name, upk_str text) {
  page_put_typed(page, UPK_STR(""), name, UPK_STR(""), text);
}

/* ---- text ---- */

static void pad(upk_str text, size_t width, upk_buf *out) {
  upk_buf_str(out, text);
  for (size_t i = text.len; i < width; i++)
    upk_buf_char(out, ' ');
}

static size_t wider(size_t width, upk_str text) {
  return text.len > width && text.len <= WIDTH_MAX ? text.len : width;
}

/* Widths of names and types of the rows of one group. */
static void measure(const page_meaning *meaning, upk_str group,
                    size_t *ret_name, size_t *ret_type) {
  *ret_name = *ret_type = 0;
  for (size_t i = 0; i < meaning->rows.len; i++) {
    const page_row *row = &meaning->rows.items[i];
    if (!upk_str_equal(row->group, group))
      continue;
    *ret_name = wider(*ret_name, row->name);
    *ret_type = wider(*ret_type, row->type);
  }
}

/* Lines after the first begin below it. */
static void write_lines(upk_str text, size_t indent, upk_buf *out) {
  upk_str rest = text;
  for (bool first = true; rest.data; first = false) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (!first)
      pad(UPK_STR(""), indent, out);
    upk_buf_printf(out, "%.*s\n", UPK_FMT(line));
  }
}

static void write_row(const page_row *row, size_t name_width, size_t type_width,
                      upk_buf *out) {
  size_t indent = row->group.len ? 4 : 2;
  pad(UPK_STR(""), indent, out);
  pad(row->name, name_width, out);
  upk_buf_str(out, UPK_STR("  "));
  if (type_width) {
    pad(row->type, type_width, out);
    upk_buf_str(out, UPK_STR("  "));
  }
  write_lines(row->text,
              indent + name_width + (type_width ? type_width + 4 : 2), out);
}

static void write_text(const page_meaning *meaning, upk_buf *out) {
  upk_str group = UPK_STR("");
  size_t name_width, type_width;
  upk_buf_printf(out, "%.*s  (%.*s)\n", UPK_FMT(meaning->name),
                 UPK_FMT(meaning->what));
  if (meaning->doc.len)
    upk_buf_printf(out, "\n%.*s\n", UPK_FMT(meaning->doc));
  if (meaning->rows.len)
    upk_buf_char(out, '\n');
  measure(meaning, group, &name_width, &type_width);
  for (size_t i = 0; i < meaning->rows.len; i++) {
    const page_row *row = &meaning->rows.items[i];
    if (!upk_str_equal(row->group, group)) {
      group = row->group;
      measure(meaning, group, &name_width, &type_width);
      upk_buf_printf(out, "  %.*s\n", UPK_FMT(group));
    }
    write_row(row, name_width, type_width, out);
  }
}

static void page_text(const page *page, upk_buf *out) {
  for (size_t i = 0; i < page->meanings.len; i++) {
    if (i)
      upk_buf_char(out, '\n');
    write_text(&page->meanings.items[i], out);
  }
}

/* ---- Markdown ---- */

static void write_markdown(const page_meaning *meaning, upk_buf *out) {
  upk_str group = UPK_STR("");
  upk_buf_printf(out, "## `%.*s` (%.*s)\n", UPK_FMT(meaning->name),
                 UPK_FMT(meaning->what));
  if (meaning->doc.len)
    upk_buf_printf(out, "\n%.*s\n", UPK_FMT(meaning->doc));
  for (size_t i = 0; i < meaning->rows.len; i++) {
    const page_row *row = &meaning->rows.items[i];
    bool begins = i == 0 || !upk_str_equal(row->group, group);
    group = row->group;
    if (begins && group.len)
      upk_buf_printf(out, "\n%.*s:\n", UPK_FMT(group));
    if (begins)
      upk_buf_char(out, '\n');
    upk_buf_printf(out, "- `%.*s`", UPK_FMT(row->name));
    if (row->type.len)
      upk_buf_printf(out, " (%.*s)", UPK_FMT(row->type));
    upk_buf_printf(out, ": %.*s\n", UPK_FMT(row->text));
  }
}

static void page_markdown(const page *page, upk_buf *out) {
  for (size_t i = 0; i < page->meanings.len; i++) {
    if (i)
      upk_buf_char(out, '\n');
    write_markdown(&page->meanings.items[i], out);
  }
}

/* ---- JSON: docs/formats.md, "Words" ---- */

static void write_json(upk_json_writer *w, const page_meaning *meaning) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "doc", meaning->doc);
  upk_json_put_string(w, "name", meaning->name);
  upk_json_key(w, "rows");
  upk_json_begin_array(w);
  for (size_t i = 0; i < meaning->rows.len; i++) {
    const page_row *row = &meaning->rows.items[i];
    upk_json_begin_object(w);
    if (row->group.len)
      upk_json_put_string(w, "group", row->group);
    upk_json_put_string(w, "name", row->name);
    upk_json_put_string(w, "text", row->text);
    if (row->type.len)
      upk_json_put_string(w, "type", row->type);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_put_string(w, "what", meaning->what);
  upk_json_end_object(w);
}

static void page_json(const page *page, upk_str word, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.words/1"));
  upk_json_key(w, "meanings");
  upk_json_begin_array(w);
  for (size_t i = 0; i < page->meanings.len; i++)
    write_json(w, &page->meanings.items[i]);
  upk_json_end_array(w);
  upk_json_put_string(w, "word", word);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

void page_write(const page *page, upk_str format, upk_str word, upk_buf *out) {
  if (upk_str_is(format, "json"))
    page_json(page, word, out);
  else if (upk_str_is(format, "markdown"))
    page_markdown(page, out);
  else
    page_text(page, out);
}
