/* Diagnostics as people read them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <upkeep/diag.h>

#include "quote.h"

static const struct {
  const char *word, *color;
} severities[] = {
    [UPK_NOTE] = {"note", "\033[1;36m"},
    [UPK_WARNING] = {"warning", "\033[1;33m"},
    [UPK_FAILURE] = {"error", "\033[1;31m"},
};
#define BOLD "\033[1m"
#define BLUE "\033[1;34m"
#define PLAIN "\033[0m"

typedef struct renderer {
  const upk_diags *diags;
  bool color;
  upk_buf *out;
  size_t skip; /* bytes of the line shown that stand left of what is shown */
} renderer;

static void paint(renderer *r, const char *code) {
  if (r->color)
    upk_buf_str(r->out, upk_str_from(code));
}

static upk_str line_of(upk_str text, uint32_t number) {
  upk_str rest = text;
  for (uint32_t i = 1; rest.data; i++) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (i == number) {
      if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
      return line;
    }
  }
  return UPK_NO_STR;
}

enum { LINE_MAX_BYTES = 200 };

static bool continues(upk_str text, size_t at) {
  return at < text.len && ((unsigned char)text.data[at] & 0xc0) == 0x80;
}

/* The line of a span as far as it is shown. A line of a generated file can be
 * long: then it is a window of it around the place. */
static upk_str shown_line(renderer *r, const upk_span *span) {
  upk_str text = r->diags->sources.items[span->source].text;
  upk_str line = line_of(text, span->line);
  r->skip = 0;
  if (line.len <= LINE_MAX_BYTES)
    return line;
  if (span->column > LINE_MAX_BYTES / 2)
    r->skip = span->column - LINE_MAX_BYTES / 4;
  if (r->skip > line.len)
    r->skip = line.len;
  while (continues(line, r->skip))
    r->skip--;
  size_t len = line.len - r->skip;
  if (len > LINE_MAX_BYTES)
    len = LINE_MAX_BYTES;
  while (continues(line, r->skip + len))
    len--;
  return (upk_str){line.data + r->skip, len};
}

static void gutter(renderer *r, int width, uint32_t number) {
  paint(r, BLUE);
  if (number)
    upk_buf_printf(r->out, " %*" PRIu32 " | ", width, number);
  else
    upk_buf_printf(r->out, " %*s | ", width, "");
  paint(r, PLAIN);
}

/* Control characters would move the carets, or the terminal. */
static void add_safe(renderer *r, upk_str text) {
  for (size_t i = 0; i < text.len;) {
    size_t hidden = upk_hidden_at(text, i);
    if (hidden)
      upk_buf_char(r->out, ' ');
    else
      upk_buf_char(r->out, text.data[i]);
    i += hidden ? hidden : 1;
    while (!hidden && continues(text, i))
      upk_buf_char(r->out, text.data[i++]);
  }
}

/* Characters between two bytes of the whole line. */
static size_t columns_between(const renderer *r, upk_str line, size_t from,
                              size_t to) {
  size_t count = 0;
  for (size_t i = from; i < to; i++) /* a byte that continues has no width */
    count += !continues(line, i - r->skip);
  return count;
}

static void repeat(renderer *r, char c, size_t count) {
  while (count--)
    upk_buf_char(r->out, c);
}

static size_t end_column(const renderer *r, const upk_span *span,
                         upk_str line) {
  size_t last = r->skip + line.len + 1;
  size_t end = span->end_line == span->line ? span->end_column : last;
  if (end > last)
    end = last;
  return end > span->column ? end : (size_t)span->column + 1;
}

static const upk_label *next_label(const upk_diag *diag, uint32_t line,
                                   size_t from) {
  const upk_label *next = NULL;
  for (size_t i = 0; i < diag->labels.len; i++) {
    const upk_label *label = &diag->labels.items[i];
    if (label->span.line == line && label->span.column >= from &&
        label->span.source == diag->labels.items[0].span.source &&
        (!next || label->span.column < next->span.column))
      next = label;
  }
  return next;
}

/* Whether a label's text has room on the line of marks before the next one. */
static bool text_fits(const renderer *r, const upk_diag *diag,
                      const upk_label *label, upk_str line) {
  size_t end = end_column(r, &label->span, line);
  const upk_label *next = next_label(diag, label->span.line, end);
  return !next || end + 1 + label->text.len < next->span.column;
}

static void mark(renderer *r, const upk_diag *diag, const upk_label *label,
                 upk_str line) {
  bool primary = label == diag->labels.items;
  paint(r, primary ? severities[diag->severity].color : BLUE);
  repeat(r, primary ? '^' : '-',
         columns_between(r, line, label->span.column - 1,
                         end_column(r, &label->span, line) - 1));
}

/* The marks of all labels of one line, left to right: ^ for the first label
 * of the diagnostic, - for others, with the texts that fit beside them; the
 * other texts follow on lines of their own. */
static void mark_line(renderer *r, const upk_diag *diag, upk_str line,
                      uint32_t number, int width) {
  const upk_label *label;
  size_t at = r->skip + 1;
  gutter(r, width, 0);
  for (; (label = next_label(diag, number, at));) {
    repeat(r, ' ', columns_between(r, line, at - 1, label->span.column - 1));
    mark(r, diag, label, line);
    at = end_column(r, &label->span, line);
    if (label->text.len && text_fits(r, diag, label, line)) {
      upk_buf_char(r->out, ' ');
      upk_display_text(label->text, r->out);
      at += label->text.len + 1;
    }
    paint(r, PLAIN);
  }
  upk_buf_char(r->out, '\n');
  for (at = r->skip + 1; (label = next_label(diag, number, at));
       at = label->span.column + 1)
    if (label->text.len && !text_fits(r, diag, label, line)) {
      gutter(r, width, 0);
      repeat(r, ' ', columns_between(r, line, r->skip, label->span.column - 1));
      upk_display_text(label->text, r->out);
      upk_buf_char(r->out, '\n');
    }
}

static void words(renderer *r, int width, const char *head, upk_str text) {
  upk_buf_printf(r->out, " %*s %s ", width, "", head);
  upk_display_text(text, r->out);
  upk_buf_char(r->out, '\n');
}

static void arrow(renderer *r, const upk_span *span, int width,
                  const char *head) {
  upk_str path = r->diags->sources.items[span->source].path;
  paint(r, BLUE);
  upk_buf_printf(r->out, " %*s%s", width, "", head);
  paint(r, PLAIN);
  upk_buf_char(r->out, ' ');
  upk_display_text(path, r->out);
  upk_buf_printf(r->out, ":%" PRIu32 ":%" PRIu32 "\n", span->line,
                 span->column);
}

static bool printed_before(const upk_diag *diag, size_t index) {
  for (size_t i = 0; i < index; i++)
    if (diag->labels.items[i].span.source ==
            diag->labels.items[index].span.source &&
        diag->labels.items[i].span.line == diag->labels.items[index].span.line)
      return true;
  return false;
}

/* Other places than the first one's line, each with its own arrow. */
static void other_places(renderer *r, const upk_diag *diag, int width) {
  for (size_t i = 1; i < diag->labels.len; i++) {
    const upk_label *label = &diag->labels.items[i];
    if (printed_before(diag, i))
      continue;
    arrow(r, &label->span, width, "::>");
    upk_str line = shown_line(r, &label->span);
    if (!line.data) {
      if (label->text.len)
        words(r, width, "  ", label->text);
      continue;
    }
    gutter(r, width, label->span.line);
    add_safe(r, line);
    upk_buf_char(r->out, '\n');
    gutter(r, width, 0);
    repeat(r, ' ', columns_between(r, line, r->skip, label->span.column - 1));
    repeat(r, '-',
           columns_between(r, line, label->span.column - 1,
                           end_column(r, &label->span, line) - 1));
    upk_buf_char(r->out, ' ');
    upk_display_text(label->text, r->out);
    upk_buf_char(r->out, '\n');
  }
}

static int digits_of(uint32_t n) {
  int digits = 1;
  while (n >= 10) {
    n /= 10;
    digits++;
  }
  return digits;
}

static void places(renderer *r, const upk_diag *diag, int width) {
  const upk_span *span = &diag->labels.items[0].span;
  upk_str line = shown_line(r, span);
  arrow(r, span, width, "-->");
  if (line.data) {
    gutter(r, width, 0);
    r->out->len--; /* no space at the end of an empty line */
    upk_buf_char(r->out, '\n');
    gutter(r, width, span->line);
    add_safe(r, line);
    upk_buf_char(r->out, '\n');
    mark_line(r, diag, line, span->line, width);
  } else if (diag->labels.items[0].text.len) {
    words(r, width, "=", diag->labels.items[0].text);
  }
  other_places(r, diag, width);
}

static void render(renderer *r, const upk_diag *diag) {
  int width = 1;
  for (size_t i = 0; i < diag->labels.len; i++) {
    int digits = digits_of(diag->labels.items[i].span.line);
    width = digits > width ? digits : width;
  }
  paint(r, severities[diag->severity].color);
  upk_buf_printf(r->out, "%s[UPK%04d]", severities[diag->severity].word,
                 diag->code);
  paint(r, PLAIN);
  paint(r, BOLD);
  upk_buf_str(r->out, UPK_STR(": "));
  upk_display_text(diag->message, r->out);
  upk_buf_char(r->out, '\n');
  paint(r, PLAIN);
  if (diag->labels.len)
    places(r, diag, width);
  for (size_t i = 0; i < diag->notes.len; i++)
    words(r, width, "= note:", diag->notes.items[i]);
  if (diag->help.data)
    words(r, width, "= help:", diag->help);
}

static const upk_span *place_of(const upk_diag *diag) {
  static const upk_span nowhere = {UINT32_MAX, 0, 0, 0, 0};
  return diag->labels.len ? &diag->labels.items[0].span : &nowhere;
}

/* By source and place; the order of adding breaks ties. */
static int by_place(const void *a, const void *b) {
  const upk_diag *const *x = a, *const *y = b;
  const upk_span *p = place_of(*x), *q = place_of(*y);
  if (p->source != q->source)
    return p->source < q->source ? -1 : 1;
  if (p->line != q->line)
    return p->line < q->line ? -1 : 1;
  if (p->column != q->column)
    return p->column < q->column ? -1 : 1;
  return *x < *y ? -1 : 1;
}

void upk_diags_render_text(const upk_diags *diags, bool color, upk_buf *out) {
  renderer r = {diags, color, out, 0};
  upk_arena *arena = upk_arena_new(NULL);
  const upk_diag **order =
      UPK_NEW_ARRAY(arena, const upk_diag *, diags->items.len + 1);
  for (size_t i = 0; i < diags->items.len; i++)
    order[i] = &diags->items.items[i];
  qsort(order, diags->items.len, sizeof *order, by_place);
  for (size_t i = 0; i < diags->items.len; i++)
    render(&r, order[i]);
  upk_arena_free(arena);
  if (diags->dropped)
    upk_buf_printf(out, "%zu more not shown\n", diags->dropped);
  if (diags->failures)
    upk_buf_printf(out, "%zu error%s, %zu warning%s\n", diags->failures,
                   diags->failures == 1 ? "" : "s", diags->warnings,
                   diags->warnings == 1 ? "" : "s");
}
