/* Text and Markdown as the source of man pages: man(7) macros, lines of 78
 * bytes, nothing that could be read as a macro. */
#ifndef ROFF_H
#define ROFF_H

#include <upkeep/base.h>

/* Plain text, filled. */
void roff_text(upk_str text, upk_buf *out);
/* ".SH NAME", ".SS NAME" */
void roff_heading(const char *macro, upk_str name, upk_buf *out);
/* A tagged paragraph; the tag is bold. */
void roff_tagged(upk_str tag, upk_str text, upk_buf *out);
/* A page of the manual: paragraphs, indented code, lists, headings and tables,
 * of which a row becomes a tagged paragraph. */
void roff_markdown(upk_str text, upk_buf *out);

#endif
