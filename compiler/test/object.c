/* Names of objects as plans show them: upk_display_name, and back. */
#include "test/test.h"

/* A part in quotes; `*text` is then what follows it. */
static bool quoted_part(upk_arena *arena, upk_str *text, upk_str *ret_part) {
  upk_buf part = {0};
  size_t at = 1;
  for (; at < text->len && text->data[at] != '"'; at++) {
    if (text->data[at] == '\\' && at + 1 < text->len)
      at++;
    upk_buf_char(&part, text->data[at]);
  }
  bool closed = at < text->len;
  *ret_part =
      upk_arena_copy(arena, part.len ? upk_buf_view(&part) : UPK_STR(""));
  upk_buf_free(&part);
  if (!closed)
    return false;
  *text = (upk_str){text->data + at + 1, text->len - at - 1};
  return true;
}

static bool plain_part(upk_str *text, upk_str *ret_part) {
  size_t len = 0;
  while (len < text->len && text->data[len] != '.' && text->data[len] != '"')
    len++;
  *ret_part = (upk_str){text->data, len};
  *text = (upk_str){text->data + len, text->len - len};
  return len > 0;
}

bool test_name_split(upk_arena *arena, upk_str text, bool whole,
                     ir_names *ret_parts) {
  *ret_parts = (ir_names){0};
  if (whole && !upk_str_starts(text, "\"")) {
    *UPK_PUSH(arena, ret_parts) = text;
    return text.len > 0;
  }
  for (;;) {
    upk_str part;
    bool quoted = upk_str_starts(text, "\"");
    if (quoted ? !quoted_part(arena, &text, &part) : !plain_part(&text, &part))
      return false;
    *UPK_PUSH(arena, ret_parts) = part;
    if (!text.len)
      return true;
    if (text.data[0] != '.')
      return false;
    text = (upk_str){text.data + 1, text.len - 1};
  }
}
