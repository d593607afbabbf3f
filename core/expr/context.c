/* Places of diagnostics: bytes of the text to lines and columns. */
#include <stdio.h>
#include <string.h>

#include "expr/tree.h"

/* Where the origin begins in its source's text; false when that is not known
 * or the source says something else there (escapes, folded lines). */
static bool find_origin(const expr_context *context, upk_str *ret_source,
                        size_t *ret_offset) {
  const upk_diags *diags = context->diags;
  if (context->origin.line == 0 || context->origin.source >= diags->sources.len)
    return false;
  upk_str source = diags->sources.items[context->origin.source].text;
  if (!source.data)
    return false;
  size_t offset = 0;
  for (uint32_t line = 1; line < context->origin.line; line++) {
    const char *feed = memchr(source.data + offset, '\n', source.len - offset);
    if (!feed)
      return false;
    offset = (size_t)(feed - source.data) + 1;
  }
  offset += context->origin.column - 1;
  if (offset > source.len || source.len - offset < context->text.len ||
      memcmp(source.data + offset, context->text.data, context->text.len) != 0)
    return false;
  *ret_source = source;
  *ret_offset = offset;
  return true;
}

/* Moves a place over `text`. */
static void advance(upk_str text, uint32_t *line, uint32_t *column) {
  for (size_t i = 0; i < text.len; i++) {
    ++*column;
    if (text.data[i] == '\n') {
      ++*line;
      *column = 1;
    }
  }
}

static bool is_exact(const expr_context *context) {
  upk_str source;
  size_t offset;
  if (find_origin(context, &source, &offset))
    return true;
  uint32_t number = context->origin.source;
  bool has_text = number < context->diags->sources.len &&
                  context->diags->sources.items[number].text.data;
  return context->origin.line && !has_text &&
         !memchr(context->text.data, '\n', context->text.len);
}

upk_span expr_span(const expr_context *context, size_t start, size_t end) {
  if (!is_exact(context))
    return context->origin;
  upk_span span = context->origin;
  advance((upk_str){context->text.data, start}, &span.line, &span.column);
  span.end_line = span.line;
  span.end_column = span.column;
  /* The end of the text is marked with one caret behind it. */
  size_t length = end > start ? end - start : 1;
  if (start + length > context->text.len)
    span.end_column++;
  else
    advance((upk_str){context->text.data + start, length}, &span.end_line,
            &span.end_column);
  return span;
}

upk_str expr_excerpt(const expr_context *context, size_t start, size_t end) {
  enum { LONGEST = 48 };
  size_t length = end - start;
  bool cut = length > LONGEST;
  if (cut)
    length = LONGEST - 3;
  while (cut && length &&
         ((unsigned char)context->text.data[start + length] & 0xC0) == 0x80)
    length--;
  upk_buf shown = {0};
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)context->text.data[start + i];
    upk_buf_char(&shown, c < 0x20 || c == 0x7F ? ' ' : (char)c);
  }
  if (cut)
    upk_buf_str(&shown, UPK_STR("..."));
  upk_str copy = shown.len
                     ? upk_arena_copy(context->arena, upk_buf_view(&shown))
                     : UPK_STR("");
  upk_buf_free(&shown);
  return copy;
}

upk_diag *expr_report(expr_context *context, int code, size_t start, size_t end,
                      const char *format, ...) {
  upk_buf message = {0};
  char small[256];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(small, sizeof small, format, list);
  va_end(list);
  if (length >= (int)sizeof small) {
    upk_buf_reserve(&message, (size_t)length + 1);
    va_start(list, format);
    length = vsnprintf(message.data, (size_t)length + 1, format, list);
    va_end(list);
  }
  upk_diag *diag =
      upk_diag_add(context->diags, code, expr_span(context, start, end), "%.*s",
                   length, message.data ? message.data : small);
  upk_buf_free(&message);
  const upk_code *row = upk_code_find(code);
  context->failures += !row || row->severity == UPK_FAILURE;
  if (!is_exact(context) && end > start) {
    upk_str part = expr_excerpt(context, start, end);
    upk_diag_note(context->diags, diag, "this is about `%.*s`", UPK_FMT(part));
  }
  return diag;
}
