#include "front/markdown/read.h"

#include <string.h>

#include "quote.h"

static bool is_control(char c) {
  return ((unsigned char)c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
         c == 0x7f;
}

static size_t character_length(upk_str rest) {
  unsigned char lead = (unsigned char)rest.data[0];
  size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return len <= rest.len && upk_utf8_valid((upk_str){rest.data, len}) ? len : 0;
}

static bool check_bytes(const md_document *d, upk_diags *diags) {
  for (size_t i = 0; i < d->text.len;) {
    upk_str rest = {d->text.data + i, d->text.len - i};
    unsigned byte = (unsigned char)rest.data[0];
    size_t len = byte < 0x80 ? 1 : character_length(rest);
    if (len == 0 || is_control(rest.data[0])) {
      upk_diag *diag =
          upk_diag_add(diags, 1602, md_span(d, i, i + 1),
                       byte < 0x80 ? "control character %02X in the document"
                                   : "byte %02X is not UTF-8",
                       byte);
      upk_diag_help(diags, diag, "Save the document as UTF-8 text.");
      return false;
    }
    i += len;
  }
  return true;
}

#ifndef UPKEEP_WITH_MARKDOWN

bool md_read(upk_arena *arena, upk_diags *diags, upk_str path, upk_str text,
             md_document *ret) {
  *ret = (md_document){.text = text,
                       .source = upk_diags_source(diags, path, text)};
  md_lines(ret, arena);
  if (check_bytes(ret, diags))
    upk_diag_add(diags, 1604, UPK_NO_SPAN,
                 "this build cannot read Markdown, such as %.*s",
                 UPK_FMT(path));
  return false;
}

#else

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

/* Bounds that keep cmark's work and memory in proportion to the text: for each
 * line it walks all open blocks, and for each row it makes all columns. */
enum {
  MARKER_COLUMN_MAX = 128,  /* where a list item or quote may begin */
  TABLE_COLUMNS_MAX = 64,   /* of a table */
  TABLE_CELLS_MAX = 100000, /* of all tables */
  DELIMITERS_MAX = 64,      /* lines like |---|---| in a paragraph */
};

/* ---- the copy that cmark reads ---- */

typedef struct line {
  const char *data;
  size_t len;
  size_t text;   /* behind indentation and markers of lists and quotes */
  size_t depth;  /* how many such markers */
  size_t marker; /* where the last of them stands */
} line;

static bool is_space(char c) { return c == ' ' || c == '\t'; }

/* Length of a list marker with its space, or of '>'; 0: none. */
static size_t marker_length(const line *l, size_t at) {
  char c = l->data[at];
  size_t end = at + 1;
  if (c == '>')
    return 1;
  if (c >= '0' && c <= '9') {
    while (end < l->len && end - at < 10 && l->data[end] >= '0' &&
           l->data[end] <= '9')
      end++;
    if (end == l->len || (l->data[end] != '.' && l->data[end] != ')'))
      return 0;
    end++;
  } else if (c != '-' && c != '+' && c != '*') {
    return 0;
  }
  return end == l->len || is_space(l->data[end]) ? end - at : 0;
}

/* Nothing but one of - * _ and spaces, from `at` on. */
static bool is_rule(const line *l, size_t at) {
  char mark = at < l->len ? l->data[at] : '\0';
  if (mark != '-' && mark != '*' && mark != '_')
    return false;
  for (size_t i = at; i < l->len; i++)
    if (l->data[i] != mark && !is_space(l->data[i]))
      return false;
  return true;
}

static void find_text(line *l) {
  size_t at = 0;
  l->depth = l->marker = 0;
  for (;;) {
    while (at < l->len && is_space(l->data[at]))
      at++;
    size_t len = at < l->len && !is_rule(l, at) ? marker_length(l, at) : 0;
    if (!len)
      break;
    l->depth++;
    l->marker = at;
    at += len;
  }
  l->text = at;
}

static void neutralise(const line *l, char *out) {
  static const char marks[] = "[]!<&\\_*`~\r";
  size_t at = l->text;
  if (is_rule(l, at))
    return;
  char fence = at < l->len ? l->data[at] : '\0';
  size_t run = 0;
  while ((fence == '`' || fence == '~') && at + run < l->len &&
         l->data[at + run] == fence)
    run++;
  if (run >= 3)
    at += run;
  else if (l->len - at >= 4 && memcmp(l->data + at, "<!--", 4) == 0)
    at += 4;
  for (; at < l->len; at++) {
    if (l->data[at] == '\\' && at + 1 < l->len && l->data[at + 1] == '|')
      at++;
    else if (strchr(marks, l->data[at]))
      out[at] = l->data[at] == '\r' ? ' ' : 'x';
  }
}

/* How many columns a line like |---|:--:| has; 0: it is none. */
static size_t delimiter_columns(const line *l) {
  size_t pipes = 0, dashes = 0;
  for (size_t i = l->text; i < l->len; i++) {
    pipes += l->data[i] == '|';
    dashes += l->data[i] == '-';
    if (!strchr("|-:", l->data[i]) && !is_space(l->data[i]))
      return 0;
  }
  return dashes ? pipes + 1 : 0;
}

typedef struct bounds {
  size_t delimiters, columns; /* of the lines since the last empty one */
  size_t cells;
} bounds;

static const char *check_line(bounds *b, const line *l) {
  if (l->depth > MD_DEPTH_MAX || l->marker > MARKER_COLUMN_MAX)
    return "lists and quotes are nested too deep";
  if (l->text == l->len) {
    b->delimiters = b->columns = 0;
    return NULL;
  }
  size_t columns = delimiter_columns(l);
  if (columns) {
    b->delimiters++;
    b->columns = columns > b->columns ? columns : b->columns;
  }
  b->cells += b->columns;
  if (b->columns > TABLE_COLUMNS_MAX)
    return "a table has more than 64 columns";
  if (b->cells > TABLE_CELLS_MAX || b->delimiters > DELIMITERS_MAX)
    return "the tables are too large";
  return NULL;
}

/* NULL after a diagnostic. */
static char *make_copy(const md_document *d, upk_arena *arena,
                       upk_diags *diags) {
  upk_str copy = upk_arena_copy(arena, d->text);
  char *out = UPK_NEW_ARRAY(arena, char, copy.len + 1);
  bounds b = {0};
  memcpy(out, copy.data, copy.len + 1);
  if (upk_str_starts(copy, "\xef\xbb\xbf"))
    out[0] = out[1] = out[2] = ' ';
  for (size_t i = 0; i < d->line_count; i++) {
    size_t start = d->lines[i];
    size_t end = i + 1 < d->line_count ? d->lines[i + 1] - 1 : copy.len;
    while (end > start && copy.data[end - 1] == '\r')
      out[--end] = ' ';
    line l = {out + start, end - start, 0, 0, 0};
    find_text(&l);
    const char *wrong = check_line(&b, &l);
    if (wrong) {
      upk_diag *diag =
          upk_diag_add(diags, 1603, md_span(d, start, end), "%s", wrong);
      upk_diag_help(diags, diag,
                    "Give the requirements a document of their "
                    "own, written by hand.");
      return NULL;
    }
    neutralise(&l, out + start);
  }
  return out;
}

/* ---- blocks ---- */

typedef struct walker {
  upk_arena *arena;
  md_document *d;
  UPK_VEC(size_t) items; /* open items, as numbers of blocks */
  size_t tables;
  bool named; /* the innermost item has its text */
} walker;

static size_t offset_of(const md_document *d, int line_number, int column) {
  size_t index = line_number > 0 ? (size_t)line_number - 1 : 0;
  if (index >= d->line_count)
    return d->text.len;
  size_t offset = d->lines[index] + (column > 0 ? (size_t)column - 1 : 0);
  return offset < d->text.len ? offset : d->text.len;
}

/* Where the line ends, without its break. */
static size_t line_end(const md_document *d, int line_number) {
  size_t next = line_number > 0 ? (size_t)line_number : 1;
  size_t end = next < d->line_count ? d->lines[next] - 1 : d->text.len;
  while (end > 0 && d->text.data[end - 1] == '\r')
    end--;
  return end;
}

static md_block *add(walker *w, md_type type, cmark_node *node) {
  md_block *block = UPK_PUSH(w->arena, &w->d->blocks);
  block->type = type;
  block->parent = w->items.len ? w->items.items[w->items.len - 1] : MD_NONE;
  block->start = offset_of(w->d, cmark_node_get_start_line(node),
                           cmark_node_get_start_column(node));
  block->end = line_end(w->d, cmark_node_get_end_line(node));
  if (block->end < block->start)
    block->end = block->start;
  return block;
}

static void take_heading(walker *w, cmark_node *node) {
  md_block *block = add(w, MD_HEADING, node);
  upk_str text = w->d->text;
  size_t start = block->start, end = block->end;
  block->level = cmark_node_get_heading_level(node);
  while (start < end && is_space(text.data[start]))
    start++;
  if (start < end && text.data[start] == '#') {
    while (start < end && text.data[start] == '#')
      start++;
    while (end > start && is_space(text.data[end - 1]))
      end--;
    size_t hashes = end;
    while (hashes > start && text.data[hashes - 1] == '#')
      hashes--;
    if (hashes == start || is_space(text.data[hashes - 1]))
      end = hashes;
  } else { /* underlined: its last line is the line below */
    while (end > start && text.data[end - 1] != '\n')
      end--;
  }
  block->text = md_inline(w->arena, text, start, end);
}

static void take_item(walker *w, cmark_node *node) {
  size_t number = w->d->blocks.len;
  md_block *block = add(w, MD_ITEM, node);
  block->text = md_plain(w->arena, UPK_STR(""), block->start);
  block->level = (int)w->items.len;
  *UPK_PUSH(w->arena, &w->items) = number;
  w->named = false;
}

static void take_paragraph(walker *w, cmark_node *node) {
  if (w->items.len && !w->named) {
    md_block *item = &w->d->blocks.items[w->items.items[w->items.len - 1]];
    item->text = md_inline(w->arena, w->d->text,
                           offset_of(w->d, cmark_node_get_start_line(node),
                                     cmark_node_get_start_column(node)),
                           line_end(w->d, cmark_node_get_end_line(node)));
    w->named = true;
    return;
  }
  md_block *block = add(w, MD_TEXT, node);
  block->text = md_inline(w->arena, w->d->text, block->start, block->end);
}

static void take_fence(walker *w, cmark_node *node) {
  int length, offset;
  char mark;
  const char *info = cmark_node_get_fence_info(node);
  if (!cmark_node_get_fenced(node, &length, &offset, &mark) || !info || !*info)
    return;
  int first = cmark_node_get_start_line(node);
  int last = cmark_node_get_end_line(node);
  md_block *block = add(w, MD_FENCE, node);
  size_t len = strcspn(info, " \t{");
  block->text = md_plain(
      w->arena, upk_arena_copy(w->arena, (upk_str){info, len}), block->start);
  block->start = offset_of(w->d, first + 1, 1);
  /* The last line is the closing fence, unless the document ends before. */
  size_t at = offset_of(w->d, last, 1);
  while (at < w->d->text.len &&
         (is_space(w->d->text.data[at]) || w->d->text.data[at] == '>'))
    at++;
  bool closed =
      last > first && at < w->d->text.len && w->d->text.data[at] == mark;
  block->end = closed ? offset_of(w->d, last, 1) : line_end(w->d, last);
  if (block->end < block->start)
    block->end = block->start;
}

/* The cells between the bars; a bar may be escaped. */
static void take_row(walker *w, cmark_node *node) {
  md_block *block = add(w, MD_ROW, node);
  UPK_VEC(md_text) cells = {0};
  upk_str text = w->d->text;
  size_t at = block->start;
  size_t end = line_end(w->d, cmark_node_get_start_line(node));
  block->table = w->tables;
  block->header = cmark_gfm_extensions_get_table_row_is_header(node) != 0;
  while (at < end && (is_space(text.data[at]) || text.data[at] == '>'))
    at++;
  if (at < end && text.data[at] == '|')
    at++;
  while (end > at && is_space(text.data[end - 1]))
    end--;
  while (at < end) {
    size_t bar = at;
    while (bar < end && text.data[bar] != '|')
      bar += text.data[bar] == '\\' && bar + 1 < end ? 2 : 1;
    *UPK_PUSH(w->arena, &cells) = md_inline(w->arena, text, at, bar);
    at = bar + 1;
  }
  block = &w->d->blocks.items[w->d->blocks.len - 1];
  block->cells = cells.items;
  block->cell_count = cells.len;
}

static void enter(walker *w, cmark_node *node) {
  switch (cmark_node_get_type(node)) {
  case CMARK_NODE_HEADING:
    take_heading(w, node);
    return;
  case CMARK_NODE_ITEM:
    take_item(w, node);
    return;
  case CMARK_NODE_PARAGRAPH:
    take_paragraph(w, node);
    return;
  case CMARK_NODE_CODE_BLOCK:
    take_fence(w, node);
    return;
  default:
    break;
  }
  const char *name = cmark_node_get_type_string(node);
  if (strcmp(name, "table") == 0)
    w->tables++;
  else if (strcmp(name, "table_row") == 0 || strcmp(name, "table_header") == 0)
    take_row(w, node);
}

static void leave(walker *w, cmark_node *node) {
  if (cmark_node_get_type(node) != CMARK_NODE_ITEM)
    return;
  w->items.len--;
  w->named = true; /* what follows in the outer item is text of its own */
}

static void walk(walker *w, cmark_node *root) {
  cmark_iter *iter = cmark_iter_new(root);
  cmark_event_type event;
  while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
    cmark_node *node = cmark_iter_get_node(iter);
    if (event == CMARK_EVENT_ENTER)
      enter(w, node);
    else
      leave(w, node);
  }
  cmark_iter_free(iter);
}

static cmark_node *parse(const char *text, size_t len) {
  cmark_gfm_core_extensions_ensure_registered();
  cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT);
  cmark_syntax_extension *table = cmark_find_syntax_extension("table");
  if (table)
    cmark_parser_attach_syntax_extension(parser, table);
  cmark_parser_feed(parser, text, len);
  cmark_node *root = cmark_parser_finish(parser);
  cmark_parser_free(parser);
  return root;
}

bool md_read(upk_arena *arena, upk_diags *diags, upk_str path, upk_str text,
             md_document *ret) {
  *ret = (md_document){.text = text,
                       .source = upk_diags_source(diags, path, text)};
  md_lines(ret, arena);
  char *copy = check_bytes(ret, diags) ? make_copy(ret, arena, diags) : NULL;
  if (!copy)
    return false;
  cmark_node *root = parse(copy, text.len);
  walker w = {.arena = arena, .d = ret};
  walk(&w, root);
  cmark_node_free(root);
  return true;
}

#endif
