/* What people read. Names, reasons and whole plans come from others, and must
 * not reach a terminal with control sequences in them. */
#include <unistd.h>

#include "cli.h"
#include "quote.h"

/* Bytes of one of our own colours: "\033[31m", "\033[1;36m". */
static size_t color_at(upk_str text, size_t at) {
  static const upk_str colors[] = {
#define COLOR(code) {"\033[" code "m", sizeof "\033[" code "m" - 1}
      COLOR("0"), COLOR("1"), COLOR("2"), COLOR("31"), COLOR("33"), COLOR("35"),
#undef COLOR
  };
  upk_str rest = {text.data + at, text.len - at};
  for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
    if (upk_str_starts(rest, colors[i].data))
      return colors[i].len;
  return 0;
}

static size_t plain_at(const cli *c, upk_str text, size_t at) {
  if (text.data[at] == '\n' || text.data[at] == '\t')
    return 1;
  return c->color_out ? color_at(text, at) : 0;
}

void print_text(const cli *c, upk_str text) {
  upk_buf out = {0};
  for (size_t i = 0; i < text.len;) {
    size_t plain = plain_at(c, text, i);
    size_t hidden = plain ? 0 : upk_hidden_at(text, i);
    size_t len = plain + hidden ? plain + hidden : 1;
    while (!plain && !hidden && i + len < text.len &&
           ((unsigned char)text.data[i + len] & 0xc0) == 0x80)
      len++; /* a character has up to four bytes */
    if (hidden)
      upk_display_text((upk_str){text.data + i, len}, &out);
    else
      upk_buf_add(&out, text.data + i, len);
    i += len;
  }
  print_out(upk_buf_view(&out));
  upk_buf_free(&out);
}

void print_bytes(const cli *c, upk_str text) {
  if (isatty(STDOUT_FILENO))
    print_text(c, text);
  else
    print_out(text);
}
