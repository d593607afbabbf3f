/* What stands within a line: markup is taken off, and each byte that is left
 * keeps its place. Every look ahead is bounded, so that it is linear. */
#include <string.h>

#include "front/markdown/read.h"

enum { LOOK_BYTES = 256 }; /* a link, a comment or code is no longer */

typedef struct taker {
  upk_str document;
  size_t at, end;
  char *out;
  uint32_t *places;
  size_t len;
} taker;

static void put(taker *t, char c, size_t place) {
  t->out[t->len] = c;
  t->places[t->len++] = (uint32_t)place;
}

static char peek(const taker *t, size_t ahead) {
  return t->at + ahead < t->end ? t->document.data[t->at + ahead] : '\0';
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\0'; }

static bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || ((unsigned char)c & 0x80);
}

static bool looks_at(const taker *t, const char *text) {
  size_t len = strlen(text);
  return t->end - t->at >= len &&
         memcmp(t->document.data + t->at, text, len) == 0;
}

/* Offset of `text` ahead, 0 when it is not near. */
static size_t find(const taker *t, size_t from, const char *text) {
  size_t len = strlen(text);
  size_t limit = t->end - t->at < LOOK_BYTES ? t->end - t->at : LOOK_BYTES;
  for (size_t i = from; i + len <= limit; i++)
    if (memcmp(t->document.data + t->at + i, text, len) == 0)
      return i;
  return 0;
}

/* ---- characters that have a plain form ---- */

static const struct {
  const char *from, *to;
} plain[] = {
    {"\xe2\x80\x90", "-"},  {"\xe2\x80\x91", "-"},   {"\xe2\x80\x92", "-"},
    {"\xe2\x80\x93", "-"},  {"\xe2\x80\x94", " - "}, {"\xe2\x80\x95", " - "},
    {"\xe2\x88\x92", "-"},  {"\xe2\x80\x98", "'"},   {"\xe2\x80\x99", "'"},
    {"\xe2\x80\x9c", "\""}, {"\xe2\x80\x9d", "\""},  {"\xe2\x89\xa4", "<="},
    {"\xe2\x89\xa5", ">="}, {"\xe2\x86\x92", "->"},  {"\xc2\xa0", " "},
    {"\xe2\x80\xaf", " "},  {"\xe2\x80\x89", " "},   {"\xe2\x80\x8b", ""},
    {"\xef\xbb\xbf", ""},   {"\xc2\xb5", "u"},       {"\xce\xbc", "u"},
    {"&nbsp;", " "},        {"&amp;", "&"},          {"&lt;", "<"},
    {"&gt;", ">"},          {"&le;", "<="},          {"&ge;", ">="},
    {"&ndash;", "-"},       {"&mdash;", " - "},      {"&quot;", "\""},
    {"<br>", "; "},         {"<br/>", "; "},         {"<br />", "; "},
};

static bool take_plain(taker *t) {
  char c = peek(t, 0);
  if (!((unsigned char)c & 0x80) && c != '&' && c != '<')
    return false;
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    if (!looks_at(t, plain[i].from))
      continue;
    for (const char *to = plain[i].to; *to; to++)
      put(t, *to, t->at);
    t->at += strlen(plain[i].from);
    return true;
  }
  return false;
}

/* ---- markup ---- */

/* `code`, with as many backticks at its end. */
static bool take_code(taker *t) {
  size_t run = 0;
  char fence[8] = "";
  while (peek(t, run) == '`')
    run++;
  if (!run)
    return false;
  if (run < sizeof fence) {
    memset(fence, '`', run);
    size_t close = find(t, run, fence);
    for (size_t i = run; i < close; i++)
      put(t, peek(t, i) == '\n' ? ' ' : peek(t, i), t->at + i);
    t->at += close;
  }
  t->at += run;
  return true;
}

/* <!-- comment -->, <b>, <https://...>. */
static bool take_angle(taker *t) {
  if (peek(t, 0) != '<')
    return false;
  if (looks_at(t, "<!--")) {
    size_t close = find(t, 4, "-->");
    t->at = close ? t->at + close + 3 : t->end;
    return true;
  }
  char next = peek(t, 1);
  bool tag = next == '/' || (next >= 'a' && next <= 'z') ||
             (next >= 'A' && next <= 'Z');
  size_t close = tag ? find(t, 1, ">") : 0;
  if (!close)
    return false;
  size_t address = find(t, 1, "@"), scheme = find(t, 1, "://");
  if ((address && address < close) || (scheme && scheme < close))
    for (size_t i = 1; i < close; i++)
      put(t, peek(t, i), t->at + i);
  t->at += close + 1;
  return true;
}

/* [text](address): the text; the address of a calendar too, for it is what is
 * meant. [^1] is a footnote. */
static bool take_link(taker *t) {
  if (peek(t, 0) == '!' && peek(t, 1) == '[') {
    t->at++;
    return true;
  }
  if (peek(t, 0) == '[' &&
      (peek(t, 1) == ' ' || peek(t, 1) == 'x' || peek(t, 1) == 'X') &&
      peek(t, 2) == ']' && is_blank(peek(t, 3))) {
    t->at += 3;
    return true;
  }
  if (looks_at(t, "[^")) {
    size_t close = find(t, 2, "]");
    t->at += close ? close + 1 : 2;
    return true;
  }
  if (peek(t, 0) == '[') {
    t->at++;
    return true;
  }
  if (peek(t, 0) != ']')
    return false;
  t->at++;
  if (peek(t, 0) != '(')
    return true;
  size_t close = find(t, 1, ")");
  if (!close)
    return true;
  if (close > 4 &&
      memcmp(t->document.data + t->at + close - 4, ".ics", 4) == 0) {
    put(t, ' ', t->at);
    for (size_t i = 1; i < close; i++)
      put(t, peek(t, i), t->at + i);
  }
  t->at += close + 1;
  return true;
}

/* What is struck out does not hold any more. */
static bool take_struck(taker *t) {
  if (!looks_at(t, "~~"))
    return false;
  size_t close = find(t, 2, "~~");
  t->at += close ? close + 2 : 2;
  return true;
}

/* Of a single mark: whether it opens or closes emphasis, and is no wildcard or
 * underscore of a name. */
static bool is_emphasis(const taker *t, char mark) {
  char before = t->at ? t->document.data[t->at - 1] : ' ';
  char after = peek(t, 1);
  if (is_word_byte(after) && !is_word_byte(before) && before != '_' &&
      before != '.' && before != '*') {
    for (size_t i = 1; i < LOOK_BYTES && t->at + i < t->end; i++)
      if (peek(t, i) == mark && !is_blank(peek(t, i - 1)) &&
          !is_word_byte(peek(t, i + 1)))
        return true;
    return false;
  }
  if (is_word_byte(after) || after == '_' || is_blank(before))
    return false;
  for (size_t i = 1; i < LOOK_BYTES && i <= t->at; i++) {
    char c = t->document.data[t->at - i];
    if (c == '\n')
      return false;
    if (c == mark)
      return i > 1 && !is_blank(t->document.data[t->at - i + 1]) &&
             (t->at == i || !is_word_byte(t->document.data[t->at - i - 1]));
  }
  return false;
}

static bool take_emphasis(taker *t) {
  char mark = peek(t, 0);
  if (mark != '*' && mark != '_')
    return false;
  size_t run = 1;
  while (peek(t, run) == mark)
    run++;
  if (run == 1 && !is_emphasis(t, mark))
    return false;
  if (run > 1 && mark == '_' && is_word_byte(peek(t, run)) && t->at &&
      is_word_byte(t->document.data[t->at - 1]))
    return false; /* a__b is a name */
  t->at += run;
  return true;
}

/* The end of a line, with the indentation and quote marks of the next. */
static bool take_break(taker *t) {
  if (peek(t, 0) == '\r' && peek(t, 1) == '\n')
    t->at++;
  if (peek(t, 0) != '\n')
    return false;
  put(t, '\n', t->at);
  t->at++;
  while (t->at < t->end && (is_blank(peek(t, 0)) || peek(t, 0) == '>'))
    t->at++;
  return true;
}

static bool take_escape(taker *t) {
  static const char marks[] = "\\`*_{}[]()#+-.!|<>~&:";
  if (peek(t, 0) != '\\' || !peek(t, 1) || !strchr(marks, peek(t, 1)))
    return false;
  put(t, peek(t, 1), t->at + 1);
  t->at += 2;
  return true;
}

static void take_byte(taker *t) {
  char c = peek(t, 0);
  put(t, c == '\t' || c == '\r' ? ' ' : c, t->at);
  t->at++;
}

static md_text finish(const taker *t) {
  size_t start = 0, len = t->len;
  t->places[len] = (uint32_t)t->at;
  while (start < len && is_blank(t->out[start]))
    start++;
  while (len > start && is_blank(t->out[len - 1]))
    len--;
  if (len < t->len && len > start)
    t->places[len] = t->places[len - 1] + 1;
  return (md_text){{t->out + start, len - start}, t->places + start};
}

md_text md_inline(upk_arena *arena, upk_str document, size_t start,
                  size_t end) {
  static bool (*const takers[])(taker * t) = {
      take_break, take_escape, take_code,   take_plain,
      take_angle, take_link,   take_struck, take_emphasis};
  /* "<=" of three bytes and " - " of three are the longest there are. */
  size_t room = end - start + 2;
  taker t = {document,
             start,
             end,
             UPK_NEW_ARRAY(arena, char, room),
             UPK_NEW_ARRAY(arena, uint32_t, room),
             0};
  while (t.at < t.end) {
    bool taken = false;
    for (size_t i = 0; i < sizeof takers / sizeof *takers && !taken; i++)
      taken = takers[i](&t);
    if (!taken)
      take_byte(&t);
  }
  return finish(&t);
}

md_text md_plain(upk_arena *arena, upk_str text, size_t start) {
  uint32_t *at = UPK_NEW_ARRAY(arena, uint32_t, text.len + 1);
  for (size_t i = 0; i <= text.len; i++)
    at[i] = (uint32_t)(start + i);
  return (md_text){text, at};
}
