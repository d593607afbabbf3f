/* Places of libyaml (counted in characters, with line breaks that editors do
 * not know) as byte offsets and spans. */
#ifndef COMPILER_YAML_PLACE_H
#define COMPILER_YAML_PLACE_H

#include <upkeep/diag.h>

typedef struct places {
  upk_str text;
  uint32_t source;
  size_t *lines; /* offset of the first byte of each line */
  size_t line_count;
  size_t *strides; /* offset of every PLACES_STRIDE-th character */
  size_t stride_count;
} places;

void places_init(places *p, upk_arena *arena, upk_str text, uint32_t source);
/* Byte offset of the character with this number; the text's length past it. */
size_t places_offset(const places *p, size_t character);
upk_span places_span(const places *p, size_t start, size_t end);

#endif
