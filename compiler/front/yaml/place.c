#include "front/yaml/place.h"

enum { PLACES_STRIDE = 128 };

static bool begins_character(char c) {
  return ((unsigned char)c & 0xc0) != 0x80;
}

void places_init(places *p, upk_arena *arena, upk_str text, uint32_t source) {
  size_t lines = 1, characters = 0;
  for (size_t i = 0; i < text.len; i++) {
    lines += text.data[i] == '\n';
    characters += begins_character(text.data[i]);
  }
  p->text = text;
  p->source = source;
  p->lines = UPK_NEW_ARRAY(arena, size_t, lines);
  p->strides = UPK_NEW_ARRAY(arena, size_t, characters / PLACES_STRIDE + 1);
  p->line_count = 1;
  p->stride_count = 0;
  characters = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (begins_character(text.data[i]) && characters++ % PLACES_STRIDE == 0)
      p->strides[p->stride_count++] = i;
    if (text.data[i] == '\n')
      p->lines[p->line_count++] = i + 1;
  }
}

size_t places_offset(const places *p, size_t character) {
  size_t stride = character / PLACES_STRIDE;
  if (stride >= p->stride_count)
    return p->text.len;
  size_t offset = p->strides[stride];
  size_t left = character % PLACES_STRIDE;
  while (offset < p->text.len) {
    if (begins_character(p->text.data[offset]) && left-- == 0)
      break;
    offset++;
  }
  return offset;
}

/* The number, from 0, of the line that holds a byte. */
static size_t line_of(const places *p, size_t offset) {
  size_t low = 0, high = p->line_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (p->lines[middle] <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

upk_span places_span(const places *p, size_t start, size_t end) {
  size_t first = line_of(p, start), last = line_of(p, end);
  return (upk_span){
      .source = p->source,
      .line = (uint32_t)first + 1,
      .column = (uint32_t)(start - p->lines[first]) + 1,
      .end_line = (uint32_t)last + 1,
      .end_column = (uint32_t)(end - p->lines[last]) + 1,
  };
}
