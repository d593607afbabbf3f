#include "front/markdown/read.h"

void md_lines(md_document *document, upk_arena *arena) {
  upk_str text = document->text;
  size_t count = 1;
  for (size_t i = 0; i < text.len; i++)
    count += text.data[i] == '\n';
  size_t *lines = UPK_NEW_ARRAY(arena, size_t, count);
  size_t line = 1;
  for (size_t i = 0; i < text.len; i++)
    if (text.data[i] == '\n')
      lines[line++] = i + 1;
  document->lines = lines;
  document->line_count = count;
}

static size_t line_of(const md_document *document, size_t offset) {
  size_t low = 0, high = document->line_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (document->lines[middle] <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

upk_span md_span(const md_document *document, size_t start, size_t end) {
  if (end < start)
    end = start;
  size_t first = line_of(document, start), last = line_of(document, end);
  return (upk_span){document->source, (uint32_t)first + 1,
                    (uint32_t)(start - document->lines[first]) + 1,
                    (uint32_t)last + 1,
                    (uint32_t)(end - document->lines[last]) + 1};
}

upk_span md_text_span(const md_document *document, const md_text *of,
                      upk_str part) {
  if (!of->text.len || part.data < of->text.data ||
      part.data > of->text.data + of->text.len)
    return md_span(document, of->at[0], of->at[of->text.len]);
  size_t first = (size_t)(part.data - of->text.data);
  size_t last = first + part.len;
  /* The end is that of the last byte, not of the next one that is left. */
  size_t end = part.len ? of->at[last - 1] + 1u : of->at[first];
  size_t limit = of->at[last];
  while (end < limit &&
         ((unsigned char)document->text.data[end] & 0xc0) == 0x80)
    end++;
  return md_span(document, of->at[first], end);
}
