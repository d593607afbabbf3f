/* markup.h */
#include <string.h>

#include "markup.h"
#include "quote.h"

void markup_cut(upk_buf *out, upk_str text, size_t max) {
  size_t len = text.len;
  if (len > max) {
    len = max;
    while (len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
      len--;
  }
  upk_display_text((upk_str){text.data, len}, out);
  if (len < text.len)
    upk_buf_str(out, UPK_STR("\xe2\x80\xa6"));
}

void markup_lines(upk_buf *out, upk_str text) {
  size_t begin = 0;
  for (size_t i = 0; i <= text.len; i++) {
    bool ends = i == text.len || text.data[i] == '\n' || text.data[i] == '\t';
    if (!ends)
      continue;
    upk_display_text((upk_str){text.data + begin, i - begin}, out);
    if (i < text.len)
      upk_buf_char(out, text.data[i]);
    begin = i + 1;
  }
}

/* The longest run of backticks. */
static size_t ticks_in(upk_str text) {
  size_t longest = 0, run = 0;
  for (size_t i = 0; i < text.len; i++) {
    run = text.data[i] == '`' ? run + 1 : 0;
    longest = run > longest ? run : longest;
  }
  return longest;
}

static void repeat(upk_buf *out, char c, size_t count) {
  while (count--)
    upk_buf_char(out, c);
}

/* A `|` would end the cell; escaped it is a plain one in tables, and shown with
 * its backslash elsewhere. Behind a backslash readers of tables differ. */
static void add_code(upk_buf *out, upk_str text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] != '|')
      upk_buf_char(out, text.data[i]);
    else if (i > 0 && text.data[i - 1] == '\\')
      upk_buf_str(out, UPK_STR("\\x7c"));
    else
      upk_buf_str(out, UPK_STR("\\|"));
  }
}

void markup_code(upk_buf *out, upk_str text, size_t max) {
  upk_buf shown = {0};
  markup_cut(&shown, text, max);
  upk_str s = upk_buf_view(&shown);
  if (s.len) {
    size_t fence = ticks_in(s) + 1;
    char first = s.data[0], last = s.data[s.len - 1];
    bool padded = first == '`' || last == '`' || first == ' ' || last == ' ';
    repeat(out, '`', fence);
    repeat(out, ' ', padded);
    add_code(out, s);
    repeat(out, ' ', padded);
    repeat(out, '`', fence);
  }
  upk_buf_free(&shown);
}

void markup_fence(upk_buf *out, const char *language, upk_str text) {
  size_t fence = ticks_in(text) + 1;
  fence = fence < 3 ? 3 : fence;
  repeat(out, '`', fence);
  upk_buf_printf(out, "%s\n", language);
  markup_lines(out, text);
  if (text.len && text.data[text.len - 1] != '\n')
    upk_buf_char(out, '\n');
  repeat(out, '`', fence);
  upk_buf_char(out, '\n');
}

void markup_html(upk_buf *out, upk_str text) {
  upk_buf shown = {0};
  markup_lines(&shown, text);
  for (size_t i = 0; i < shown.len; i++) {
    char c = shown.data[i];
    if (strchr("<>&\"'", c))
      upk_buf_printf(out, "&#%d;", c);
    else
      upk_buf_char(out, c);
  }
  upk_buf_free(&shown);
}

static bool is_word(char c) {
  unsigned char u = (unsigned char)c;
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') ||
         (u >= '0' && u <= '9') || u >= 0x80;
}

/* `_` between letters and `.` that ends no www are no markup to the parser
 * inside mermaid; the rest of ASCII's punctuation goes as entities. */
static bool is_quiet(upk_str text, size_t i) {
  char c = text.data[i];
  bool inner = i > 0 && i + 1 < text.len && is_word(text.data[i - 1]) &&
               is_word(text.data[i + 1]);
  if (is_word(c) || c == ' ' || c == ',')
    return true;
  if (c == '.')
    return inner && (text.data[i - 1] | 32) != 'w';
  return (c == '_' || c == '-') && inner;
}

void markup_mermaid(upk_buf *out, upk_str text) {
  upk_buf shown = {0};
  markup_cut(&shown, text, MARKUP_LABEL_MAX);
  upk_str s = upk_buf_view(&shown);
  for (size_t i = 0; i < s.len; i++)
    if (is_quiet(s, i))
      upk_buf_char(out, s.data[i]);
    else
      upk_buf_printf(out, "#%d;", s.data[i]); /* mermaid's entity form */
  upk_buf_free(&shown);
}

void markup_dot(upk_buf *out, upk_str text) {
  upk_buf shown = {0};
  markup_cut(&shown, text, MARKUP_LABEL_MAX);
  for (size_t i = 0; i < shown.len; i++) {
    char c = shown.data[i];
    if (c == '&') /* dot knows HTML's entities */
      upk_buf_str(out, UPK_STR("&amp;"));
    else if (c == '"' || c == '\\')
      upk_buf_printf(out, "\\%c", c);
    else
      upk_buf_char(out, c);
  }
  upk_buf_free(&shown);
}

void markup_marker(upk_buf *out, upk_str text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    bool dash = c == '-' && i > 0 && i + 1 < text.len &&
                text.data[i - 1] != '-' && text.data[i + 1] != '-';
    if ((c < 0x80 && is_word((char)c)) || c == '_' || c == '.' || dash)
      upk_buf_char(out, (char)c);
    else
      upk_buf_printf(out, "%%%02X", c);
  }
}
