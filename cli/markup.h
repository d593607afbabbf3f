/* Text of others inside markup: names come from databases and reasons from
 * policies, and nothing of them may be read as markup, call people, become a
 * link, or end what it stands in. Everywhere, what upk_display_text hides
 * (control characters, marks that turn a line) is \xHH. */
#ifndef CLI_MARKUP_H
#define CLI_MARKUP_H

#include <upkeep/base.h>

/* How much of one text is shown in a table or a label, in bytes. */
enum { MARKUP_CELL_MAX = 300, MARKUP_LABEL_MAX = 80 };

/* A Markdown code span, which neither GitHub nor GitLab searches for mentions,
 * references, links or emoji; it may stand in a table's cell. At most `max`
 * bytes of the text, then an ellipsis. Nothing for an empty text. */
void markup_code(upk_buf *out, upk_str text, size_t max);
/* A fenced block; the fence is longer than any in the text. Lines stay. */
void markup_fence(upk_buf *out, const char *language, upk_str text);
/* Text or an attribute's value in HTML and SVG; lines stay. */
void markup_html(upk_buf *out, upk_str text);
/* Inside "..." of a mermaid graph, or the name of a gantt task. */
void markup_mermaid(upk_buf *out, upk_str text);
/* Inside "..." of dot. */
void markup_dot(upk_buf *out, upk_str text);
/* Inside an HTML comment: letters, digits, `.`, `_` and single `-`, others as
 * %HH. */
void markup_marker(upk_buf *out, upk_str text);
/* The text, cut at a character's border to `max` bytes and an ellipsis. */
void markup_cut(upk_buf *out, upk_str text, size_t max);
/* Bytes as they stand, but with what is hidden shown; tabs and line feeds stay.
 */
void markup_lines(upk_buf *out, upk_str text);

#endif
