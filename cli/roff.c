/* Text and Markdown as man(7). */
#include "roff.h"

#include <string.h>

enum { LINE_BYTES = 76 };

/* ---- words ---- */

/* One byte of text; `first`: it begins a line. */
static void add_byte(char b, bool first, upk_buf *out) {
  static const struct {
    char byte;
    const char *text;
  } special[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
                 {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"},
                 {'"', "\\(dq"}};
  if (first && b == '.')
    upk_buf_str(out, UPK_STR("\\&"));
  for (size_t i = 0; i < sizeof special / sizeof *special; i++)
    if (special[i].byte == b) {
      upk_buf_str(out, upk_str_from(special[i].text));
      return;
    }
  upk_buf_char(out, b);
}

static void add_escaped(upk_str text, upk_buf *out) {
  for (size_t i = 0; i < text.len; i++)
    add_byte(text.data[i], i == 0, out);
}

/* ---- Markdown within a line ---- */

/* The text of a link at `at`, "[text](target)"; its whole length, or 0. */
static size_t link_at(upk_str text, size_t at, upk_str *ret_text) {
  size_t close = at, end;
  while (close < text.len && text.data[close] != ']')
    close++;
  if (close + 1 >= text.len || text.data[close + 1] != '(')
    return 0;
  end = close;
  while (end < text.len && text.data[end] != ')')
    end++;
  *ret_text = (upk_str){text.data + at + 1, close - at - 1};
  return end < text.len ? end + 1 - at : 0;
}

/* Bytes that the word at `at` may take, escapes included. */
static size_t word_bytes(upk_str text, size_t at) {
  size_t bytes = 0;
  for (size_t i = at; i < text.len && text.data[i] != ' '; i++)
    bytes += strchr("\\-'`^~\"*", text.data[i]) ? 4 : 1;
  return bytes;
}

/* Where the line that is being written begins. */
static size_t line_begin(const upk_buf *out) {
  size_t begin = out->len;
  while (begin && out->data[begin - 1] != '\n')
    begin--;
  return begin;
}

/* Escapes, with `code` and **strong** in bold; spaces become line ends where a
 * line is long enough. */
static void add_inline(upk_str text, upk_buf *out) {
  size_t begin = line_begin(out);
  bool bold = false, code = false;
  for (size_t i = 0; i < text.len; i++) {
    upk_str label;
    size_t link = !code && text.data[i] == '[' ? link_at(text, i, &label) : 0;
    bool strong = !code && i + 1 < text.len && text.data[i] == '*' &&
                  text.data[i + 1] == '*';
    if (link) {
      add_escaped(label, out);
      i += link - 1;
    } else if (text.data[i] == '`' || strong) {
      code = strong ? code : !code;
      bold = !bold;
      upk_buf_str(out, bold ? UPK_STR("\\fB") : UPK_STR("\\fR"));
      i += strong;
    } else if (text.data[i] == ' ' &&
               out->len - begin + word_bytes(text, i + 1) > LINE_BYTES) {
      upk_buf_char(out, '\n');
      begin = out->len;
    } else if (text.data[i] != ' ' || out->len > begin) {
      add_byte(text.data[i], out->len == begin, out);
    }
  }
  if (bold)
    upk_buf_str(out, UPK_STR("\\fR"));
}

/* ---- paragraphs ---- */

static void end_line(upk_buf *out) {
  if (out->len && out->data[out->len - 1] != '\n')
    upk_buf_char(out, '\n');
}

/* Lines joined to one, without white space at the ends. */
static void add_filled(upk_str text, upk_buf *out) {
  upk_buf joined = {0};
  upk_str rest = upk_str_trim(text);
  while (rest.data) {
    upk_str line = upk_str_trim(upk_str_split(rest, '\n', &rest));
    if (line.len)
      upk_buf_printf(&joined, "%s%.*s", joined.len ? " " : "", UPK_FMT(line));
  }
  add_inline(upk_buf_view(&joined), out);
  end_line(out);
  upk_buf_free(&joined);
}

void roff_text(upk_str text, upk_buf *out) {
  upk_str rest = text;
  bool first = true;
  while (rest.data && rest.len) {
    const char *gap = strstr(rest.data, "\n\n");
    size_t len = gap && gap < rest.data + rest.len ? (size_t)(gap - rest.data)
                                                   : rest.len;
    if (!first)
      upk_buf_str(out, UPK_STR(".PP\n"));
    add_filled((upk_str){rest.data, len}, out);
    len = len + 2 < rest.len ? len + 2 : rest.len;
    rest = (upk_str){rest.data + len, rest.len - len};
    first = false;
  }
}

void roff_heading(const char *macro, upk_str name, upk_buf *out) {
  upk_buf_printf(out, "%s \"", macro);
  for (size_t i = 0; i < name.len; i++)
    if (name.data[i] != '`')
      add_byte(name.data[i], false, out);
  upk_buf_str(out, UPK_STR("\"\n"));
}

void roff_tagged(upk_str tag, upk_str text, upk_buf *out) {
  upk_buf_str(out, UPK_STR(".TP\n\\fB"));
  for (size_t i = 0; i < tag.len; i++)
    if (tag.data[i] != '`')
      add_byte(tag.data[i], i == 0, out);
  upk_buf_str(out, UPK_STR("\\fR\n"));
  add_filled(text, out);
}

static void add_literal(upk_str text, bool first, upk_buf *out) {
  upk_str rest = text;
  upk_buf_str(out,
              first ? UPK_STR(".RS 4\n.nf\n") : UPK_STR(".PP\n.RS 4\n.nf\n"));
  while (rest.data && rest.len) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (!line.len)
      upk_buf_str(out, UPK_STR("\\&"));
    while (line.len && line.data[line.len - 1] == ' ')
      line.len--;
    add_escaped(line, out);
    upk_buf_char(out, '\n');
  }
  upk_buf_str(out, UPK_STR(".fi\n.RE\n"));
}

/* ---- Markdown ---- */

typedef enum block { BLANK, CODE, HEADING, ITEM, ROW, TEXT } block;

static block block_of(upk_str line, block before) {
  if (!upk_str_trim(line).len)
    return BLANK;
  if (upk_str_starts(line, "    ") && (before == BLANK || before == CODE))
    return CODE;
  if (upk_str_starts(line, "#"))
    return HEADING;
  if (upk_str_starts(line, "- ") || upk_str_starts(line, "* "))
    return ITEM;
  return upk_str_starts(line, "|") ? ROW : TEXT;
}

/* A row of a table: its first cell, and the others as sentences. */
static void add_row(upk_str line, upk_buf *out) {
  upk_str rest, cell, tag;
  upk_buf text = {0};
  upk_str_split(line, '|', &rest);
  tag = upk_str_trim(upk_str_split(rest, '|', &rest));
  while (rest.data) {
    cell = upk_str_split(rest, '|', &rest);
    while (rest.data && cell.len && cell.data[cell.len - 1] == '\\') {
      upk_str more = upk_str_split(rest, '|', &rest); /* an escaped bar */
      cell = (upk_str){cell.data, cell.len + 1 + more.len};
    }
    cell = upk_str_trim(cell);
    if (cell.len)
      upk_buf_printf(&text, "%s%.*s", text.len ? "; " : "", UPK_FMT(cell));
  }
  if (!upk_str_starts(tag, "---"))
    roff_tagged(tag, text.len ? upk_buf_view(&text) : UPK_STR("(none)"), out);
  upk_buf_free(&text);
}

/* Lines of one block; the lines of an item are its first and what is indented.
 */
static void add_block(block kind, upk_str lines, bool first, upk_buf *out) {
  upk_buf code = {0};
  upk_str rest = lines;
  switch (kind) {
  case CODE:
    while (rest.data && rest.len) {
      upk_str line = upk_str_split(rest, '\n', &rest);
      size_t cut = line.len < 4 ? line.len : 4;
      upk_buf_printf(&code, "%.*s\n", (int)(line.len - cut), line.data + cut);
    }
    add_literal(upk_str_trim(upk_buf_view(&code)), first, out);
    upk_buf_free(&code);
    break;
  case HEADING:
    while (rest.len && *rest.data == '#')
      rest = (upk_str){rest.data + 1, rest.len - 1};
    roff_heading(".SS", upk_str_trim(rest), out);
    break;
  case ITEM:
    upk_buf_str(out, UPK_STR(".IP \\(bu 2\n"));
    add_filled((upk_str){lines.data + 2, lines.len - 2}, out);
    break;
  case ROW:
    add_row(upk_str_trim(lines), out);
    break;
  default:
    if (!first)
      upk_buf_str(out, UPK_STR(".PP\n"));
    add_filled(lines, out);
  }
}

/* Whether a line goes on with the block that the line before belongs to. */
static bool goes_on(block kind, block next) {
  if (kind == CODE)
    return next == CODE;
  return (kind == TEXT || kind == ITEM) && (next == TEXT || next == CODE);
}

/* After code, a blank line with more code behind it belongs to it. */
static bool code_follows(upk_str rest) {
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (upk_str_trim(line).len)
      return upk_str_starts(line, "    ");
  }
  return false;
}

/* The line above the rule of a table is its head. */
static bool is_table_head(upk_str rest) {
  upk_str after;
  return upk_str_starts(upk_str_split(rest, '\n', &after), "|---");
}

void roff_markdown(upk_str text, upk_buf *out) {
  upk_str rest = text, lines = UPK_NO_STR;
  block kind = BLANK, before = BLANK;
  bool first = true;
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    block next = block_of(line, before);
    before = next;
    if (next == BLANK && kind == CODE && code_follows(rest))
      next = CODE;
    if (kind != BLANK && goes_on(kind, next)) {
      lines.len = (size_t)(line.data + line.len - lines.data);
      continue;
    }
    if (kind != BLANK) {
      add_block(kind, lines, first, out);
      first = kind == HEADING;
    }
    kind = next == ROW && is_table_head(rest) ? BLANK : next;
    lines = line;
  }
  if (kind != BLANK)
    add_block(kind, lines, first, out);
}
