/* Markdown to a flat list of blocks: the only folder that includes cmark-gfm.
 *
 * cmark finds the blocks (headings, paragraphs, list items, tables, fences); it
 * gets a copy in which whatever only matters within a line is taken out, so
 * that its work is linear in the text. What stands within a line is read here:
 * emphasis, code, links, comments and entities are taken off, and each byte
 * that is left knows where it came from. */
#ifndef COMPILER_MARKDOWN_READ_H
#define COMPILER_MARKDOWN_READ_H

#include <upkeep/diag.h>

enum { MD_BYTES_MAX = 1 << 20, MD_DEPTH_MAX = 64 };

/* Text without markup; at[i] is the offset of byte i in the document, at[len]
 * that of the end. Dashes, quotes and spaces of Unicode are ASCII. */
typedef struct md_text {
  upk_str text;
  const uint32_t *at;
} md_text;

typedef enum md_type {
  MD_HEADING, /* level */
  MD_TEXT,    /* a paragraph */
  MD_ITEM,    /* of a list; text may be empty */
  MD_ROW,     /* of a table */
  MD_FENCE,   /* first word of the info string in `text` */
} md_type;

#define MD_NONE SIZE_MAX

typedef struct md_block {
  md_type type;
  int level;
  size_t parent; /* number of the item that it is in, or MD_NONE */
  md_text text;
  const md_text *cells; /* ROW */
  size_t cell_count;
  size_t table;      /* ROW: which */
  bool header;       /* ROW */
  size_t start, end; /* FENCE: the bytes between the fences */
} md_block;

typedef struct md_document {
  upk_str text; /* the document; borrowed */
  uint32_t source;
  const size_t *lines; /* offset of each line's first byte */
  size_t line_count;
  UPK_VEC(md_block) blocks;
} md_document;

/* Registers the document with `diags`. False after an error: bytes that are no
 * UTF-8 text, nesting or tables beyond the bounds, or a build without
 * Markdown. Results are in `arena`. */
bool md_read(upk_arena *arena, upk_diags *diags, upk_str path, upk_str text,
             md_document *ret_document);

/* inline.c: the text of bytes [start, end), which hold markup. Of a line break
 * and what stands before the text of the next line, '\n' is left. */
md_text md_inline(upk_arena *arena, upk_str document, size_t start, size_t end);
/* Text that stands in the document as it is, from `start` on. */
md_text md_plain(upk_arena *arena, upk_str text, size_t start);

/* place.c */
void md_lines(md_document *document, upk_arena *arena);
upk_span md_span(const md_document *document, size_t start, size_t end);
/* Of a part of `of`. */
upk_span md_text_span(const md_document *document, const md_text *of,
                      upk_str part);

#endif
