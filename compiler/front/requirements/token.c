/* Words, numbers and marks of a line. */
#include <string.h>

#include "front/requirements/private.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || ((unsigned char)c & 0x80);
}

static bool is_word_part(char c) {
  return is_letter(c) || is_digit(c) || strchr("_./*$#@", c) != NULL;
}

/* Digits, with points and commas that digits follow. */
static size_t number_length(upk_str text, size_t at) {
  size_t end = at;
  while (end < text.len &&
         (is_digit(text.data[end]) ||
          ((text.data[end] == '.' || text.data[end] == ',') && end > at &&
           end + 1 < text.len && is_digit(text.data[end + 1]))))
    end++;
  return end - at;
}

static size_t word_length(upk_str text, size_t at) {
  size_t end = at;
  while (end < text.len && text.data[end] && is_word_part(text.data[end]))
    end++;
  while (end > at + 1 &&
         (text.data[end - 1] == '.' || text.data[end - 1] == '/'))
    end--;
  return end - at;
}

static token_type type_at(upk_str text, size_t at, size_t *ret_len) {
  char c = text.data[at];
  if (is_digit(c)) {
    *ret_len = number_length(text, at);
    return TOKEN_NUMBER;
  }
  bool begins = is_letter(c) || c == '_' ||
                ((c == '*' || c == '#' || c == '@' || c == '.') &&
                 at + 1 < text.len && is_letter(text.data[at + 1]));
  if (begins) {
    *ret_len = word_length(text, at);
    return TOKEN_WORD;
  }
  *ret_len = 1;
  return TOKEN_MARK;
}

cursor tokens_of(reader *r, upk_str text) {
  UPK_VEC(token) tokens = {0};
  bool joined = false;
  for (size_t at = 0; at < text.len;) {
    size_t len;
    if (text.data[at] == ' ' || text.data[at] == '"' || text.data[at] == '\'') {
      joined = false;
      at++;
      continue;
    }
    token_type type = type_at(text, at, &len);
    if (tokens.len == WORDS_MAX)
      return (cursor){0};
    *UPK_PUSH(r->ir->arena, &tokens) =
        (token){type, joined, {text.data + at, len}};
    joined = true;
    at += len;
  }
  return (cursor){tokens.items, 0, tokens.len};
}

const token *cursor_peek(const cursor *c, size_t ahead) {
  return c->at + ahead < c->len ? &c->items[c->at + ahead] : NULL;
}

bool word_is(upk_str text, const char *word) {
  if (text.len != strlen(word))
    return false;
  for (size_t i = 0; i < text.len; i++)
    if (lower(text.data[i]) != word[i])
      return false;
  return true;
}

bool cursor_word(const cursor *c, size_t ahead, const char *word) {
  const token *t = cursor_peek(c, ahead);
  return t && word_is(t->text, word);
}

bool cursor_mark(const cursor *c, size_t ahead, char mark) {
  const token *t = cursor_peek(c, ahead);
  return t && t->type == TOKEN_MARK && t->text.data[0] == mark;
}

bool cursor_take(cursor *c, const char *phrase) {
  upk_str rest = upk_str_from(phrase);
  size_t ahead = 0;
  while (rest.data) {
    upk_str word = upk_str_split(rest, ' ', &rest);
    const token *t = cursor_peek(c, ahead++);
    if (!t || t->text.len != word.len)
      return false;
    for (size_t i = 0; i < word.len; i++)
      if (lower(t->text.data[i]) != word.data[i])
        return false;
  }
  c->at += ahead;
  return true;
}

bool cursor_done(const cursor *c) { return c->at >= c->len; }

upk_str cursor_rest(const cursor *c) {
  if (cursor_done(c))
    return UPK_STR("");
  const token *last = &c->items[c->len - 1];
  const char *start = c->items[c->at].text.data;
  return (upk_str){start, (size_t)(last->text.data + last->text.len - start)};
}

/* ---- pieces ---- */

piece piece_whole(const md_text *text) { return (piece){text, text->text}; }

piece piece_part(piece p, size_t start, size_t end) {
  return (piece){p.of, {p.text.data + start, end - start}};
}

piece piece_trim(piece p) { return (piece){p.of, upk_str_trim(p.text)}; }

upk_span piece_span(const reader *r, piece p) {
  return md_text_span(&r->doc, p.of, p.text);
}

md_text *piece_join(reader *r, const piece *parts, size_t count) {
  size_t len = 0, at = 0;
  for (size_t i = 0; i < count; i++)
    len += parts[i].text.len + 1;
  char *bytes = UPK_NEW_ARRAY(r->ir->arena, char, len + 1);
  uint32_t *places = UPK_NEW_ARRAY(r->ir->arena, uint32_t, len + 1);
  for (size_t i = 0; i < count; i++) {
    size_t start = (size_t)(parts[i].text.data - parts[i].of->text.data);
    /* Words of our own have no place: they stand at the one before. */
    bool own = parts[i].text.data < parts[i].of->text.data ||
               start + parts[i].text.len > parts[i].of->text.len;
    for (size_t n = 0; n < parts[i].text.len; n++) {
      places[at] = own ? (at ? places[at - 1] : parts[i].of->at[0])
                       : parts[i].of->at[start + n];
      bytes[at++] = parts[i].text.data[n];
    }
    places[at] = at ? places[at - 1] + 1 : 0;
    if (i + 1 < count)
      bytes[at++] = ' ';
  }
  md_text *text = UPK_NEW(r->ir->arena, md_text);
  *text = (md_text){{bytes, at}, places};
  return text;
}
