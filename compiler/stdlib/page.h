/* What `explain` has to say, before it is text, JSON or Markdown. */
#ifndef STDLIB_PAGE_H
#define STDLIB_PAGE_H

#include "ir/ir.h"

typedef struct page_row {
  upk_str group; /* "parameters"; empty: none */
  upk_str name, type /* may be empty */, text;
} page_row;

/* One meaning of the word. */
typedef struct page_meaning {
  upk_str name, what, doc; /* "table", "kind of sqlite", "a table ..." */
  UPK_VEC(page_row) rows;
} page_meaning;

typedef struct page {
  upk_arena *arena;
  UPK_VEC(page_meaning) meanings;
} page;

/* Texts are borrowed, or in the page's arena. */
page_meaning *page_add(page *page, upk_str name, upk_str what, upk_str doc);
/* Rows without a text are left out. */
void page_put(page *page, upk_str name, upk_str text);
void page_put_typed(page *page, upk_str group, upk_str name, upk_str type,
                    upk_str text);

/* As one of "text", "json", "markdown"; "" is text. */
void page_write(const page *page, upk_str format, upk_str word, upk_buf *out);

#endif
