/* The pull reader. It accepts the canonical form and nothing else, so that
 * equal values are equal bytes. */
#include <string.h>

#include "json.h"
#include "quote.h"

enum { DEPTH_MAX = 64 };

/* What may come next at one depth. */
typedef enum level {
  TOP,          /* the one value */
  DONE,         /* only the newline */
  ARRAY_FIRST,  /* a value or ] */
  ARRAY_NEXT,   /* , or ] */
  OBJECT_FIRST, /* a key or } */
  OBJECT_NEXT,  /* , or } */
  OBJECT_VALUE, /* the value of a key */
} level;

void upk_json_reader_init(upk_json_reader *r, upk_str bytes,
                          upk_arena *scratch) {
  memset(r, 0, sizeof *r);
  r->bytes = bytes;
  r->scratch = scratch;
  r->state[0] = TOP;
}

static upk_json_token fail(upk_json_reader *r, const char *text) {
  if (!r->error.text)
    r->error = (upk_json_error){r->offset, text};
  return UPK_TOKEN_ERROR;
}

static int peek(const upk_json_reader *r) {
  return r->offset < r->bytes.len ? (unsigned char)r->bytes.data[r->offset]
                                  : -1;
}

static int hex_of(int c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

/* One escape after its backslash, at *at; its character, or -1. The canonical
 * form knows the seven short ones, and \u00xx for other control characters. */
static int read_escape(upk_str s, size_t *at) {
  static const char names[] = "\"\\btnfr", values[] = "\"\\\b\t\n\f\r";
  if (*at >= s.len)
    return -1;
  const char *name = memchr(names, s.data[*at], sizeof names - 1);
  if (name) {
    (*at)++;
    return (unsigned char)values[name - names];
  }
  if (s.len - *at < 5 || memcmp(s.data + *at, "u00", 3) != 0)
    return -1;
  int high = hex_of((unsigned char)s.data[*at + 3]);
  int low = hex_of((unsigned char)s.data[*at + 4]);
  int c = high * 16 + low;
  if (high < 0 || low < 0 || c == 0 || c >= 0x20 ||
      memchr(values, c, sizeof values - 1))
    return -1;
  *at += 5;
  return c;
}

static bool decode_escapes(upk_json_reader *r, upk_str raw) {
  char *out = upk_arena_alloc(r->scratch, raw.len + 1);
  size_t len = 0;
  for (size_t i = 0; i < raw.len;) {
    if (raw.data[i] != '\\') {
      out[len++] = raw.data[i++];
      continue;
    }
    i++;
    int c = read_escape(raw, &i);
    if (c < 0)
      return false;
    out[len++] = (char)c;
  }
  r->string = (upk_str){out, len};
  return true;
}

/* At the opening quote. Sets r->string. */
static bool read_string(upk_json_reader *r) {
  const char *start = r->bytes.data + r->offset + 1;
  const char *end = r->bytes.data + r->bytes.len;
  bool escapes = false, high = false;
  const char *p = start;
  for (; p < end && *p != '"'; p++) {
    unsigned char c = (unsigned char)*p;
    if (c < 0x20) {
      r->offset = (size_t)(p - r->bytes.data);
      return fail(r, "a control character in a string"), false;
    }
    high |= c >= 0x80;
    if (c == '\\') {
      escapes = true;
      if (p + 1 < end)
        p++;
    }
  }
  if (p >= end)
    return fail(r, "a string is not closed"), false;
  upk_str raw = {start, (size_t)(p - start)};
  if (high && !upk_utf8_valid(raw))
    return fail(r, "a string is not UTF-8"), false;
  r->string = raw;
  if (escapes && !decode_escapes(r, raw))
    return fail(r, "an escape that is not canonical"), false;
  r->offset = (size_t)(p + 1 - r->bytes.data);
  return true;
}

static upk_json_token read_integer(upk_json_reader *r) {
  size_t at = r->offset;
  const char *s = r->bytes.data;
  bool negative = s[at] == '-';
  at += negative;
  size_t first = at;
  int64_t value = 0;
  for (; at < r->bytes.len && s[at] >= '0' && s[at] <= '9'; at++) {
    if (at - first >= 16)
      return fail(r, "an integer of 2^53 or more");
    value = value * 10 + (s[at] - '0');
  }
  if (at == first || (s[first] == '0' && (at - first > 1 || negative)))
    return fail(r, "a number that is no canonical integer");
  if (value > 9007199254740991)
    return fail(r, "an integer of 2^53 or more");
  if (at < r->bytes.len && (s[at] == '.' || s[at] == 'e' || s[at] == 'E'))
    return fail(r, "a number that is no integer");
  r->integer = negative ? -value : value;
  r->offset = at;
  return UPK_TOKEN_INT;
}

static upk_json_token read_word(upk_json_reader *r, const char *word,
                                upk_json_token token) {
  size_t len = strlen(word);
  if (r->bytes.len - r->offset < len ||
      memcmp(r->bytes.data + r->offset, word, len) != 0)
    return fail(r, "a value was expected");
  r->offset += len;
  return token;
}

static upk_json_token push(upk_json_reader *r, level state,
                           upk_json_token token) {
  if (r->depth + 1 >= DEPTH_MAX)
    return fail(r, "nesting is too deep");
  r->offset++;
  r->state[++r->depth] = (uint8_t)state;
  return token;
}

/* The state after a whole value at this depth. */
static void value_done(upk_json_reader *r) {
  static const uint8_t after[] = {[TOP] = DONE,
                                  [DONE] = DONE,
                                  [ARRAY_FIRST] = ARRAY_NEXT,
                                  [ARRAY_NEXT] = ARRAY_NEXT,
                                  [OBJECT_FIRST] = OBJECT_NEXT,
                                  [OBJECT_NEXT] = OBJECT_NEXT,
                                  [OBJECT_VALUE] = OBJECT_NEXT};
  r->state[r->depth] = after[r->state[r->depth]];
}

static upk_json_token pop(upk_json_reader *r, upk_json_token token) {
  r->offset++;
  r->depth--;
  value_done(r);
  return token;
}

static upk_json_token read_value(upk_json_reader *r) {
  upk_json_token token;
  switch (peek(r)) {
  case '{':
    return push(r, OBJECT_FIRST, UPK_TOKEN_BEGIN_OBJECT);
  case '[':
    return push(r, ARRAY_FIRST, UPK_TOKEN_BEGIN_ARRAY);
  case '"':
    token = read_string(r) ? UPK_TOKEN_STRING : UPK_TOKEN_ERROR;
    break;
  case 't':
    r->boolean = true;
    token = read_word(r, "true", UPK_TOKEN_BOOL);
    break;
  case 'f':
    r->boolean = false;
    token = read_word(r, "false", UPK_TOKEN_BOOL);
    break;
  case 'n':
    token = read_word(r, "null", UPK_TOKEN_NULL);
    break;
  case -1:
    return fail(r, "the file ends in the middle");
  default:
    if (peek(r) != '-' && (peek(r) < '0' || peek(r) > '9'))
      return fail(r, "a value was expected");
    token = read_integer(r);
  }
  if (token != UPK_TOKEN_ERROR)
    value_done(r);
  return token;
}

static upk_json_token read_key(upk_json_reader *r, bool first) {
  size_t start = r->offset;
  if (peek(r) != '"')
    return fail(r, peek(r) < 0 ? "the file ends in the middle"
                               : "a key was expected");
  if (!read_string(r))
    return UPK_TOKEN_ERROR;
  upk_str *last = &r->last_key[r->depth];
  if (!first) {
    int order = upk_str_compare(*last, r->string);
    if (order >= 0) {
      r->offset = start;
      return fail(r,
                  order == 0 ? "a key stands twice" : "keys are not in order");
    }
  }
  *last = r->string;
  if (peek(r) != ':')
    return fail(r, "a colon was expected");
  r->offset++;
  r->state[r->depth] = OBJECT_VALUE;
  return UPK_TOKEN_KEY;
}

static upk_json_token read_end(upk_json_reader *r) {
  if (peek(r) != '\n')
    return fail(r, "the last newline is missing");
  r->offset++;
  if (r->offset != r->bytes.len)
    return fail(r, "bytes stand after the end");
  return UPK_TOKEN_END;
}

static upk_json_token read_next(upk_json_reader *r, int close,
                                upk_json_token closing, bool object) {
  if (peek(r) == close)
    return pop(r, closing);
  if (peek(r) != ',')
    return fail(r, peek(r) < 0 ? "the file ends in the middle"
                               : "a comma was expected");
  r->offset++;
  return object ? read_key(r, false) : read_value(r);
}

upk_json_token upk_json_next(upk_json_reader *r) {
  if (r->error.text)
    return UPK_TOKEN_ERROR;
  switch ((level)r->state[r->depth]) {
  case TOP:
  case OBJECT_VALUE:
    return read_value(r);
  case DONE:
    return read_end(r);
  case ARRAY_FIRST:
    return peek(r) == ']' ? pop(r, UPK_TOKEN_END_ARRAY) : read_value(r);
  case ARRAY_NEXT:
    return read_next(r, ']', UPK_TOKEN_END_ARRAY, false);
  case OBJECT_FIRST:
    return peek(r) == '}' ? pop(r, UPK_TOKEN_END_OBJECT) : read_key(r, true);
  case OBJECT_NEXT:
    return read_next(r, '}', UPK_TOKEN_END_OBJECT, true);
  }
  return fail(r, "a value was expected");
}

bool upk_json_skip(upk_json_reader *r, upk_json_token token) {
  if (token == UPK_TOKEN_ERROR)
    return false;
  if (token != UPK_TOKEN_BEGIN_ARRAY && token != UPK_TOKEN_BEGIN_OBJECT)
    return true;
  unsigned outside = r->depth - 1;
  while (r->depth > outside)
    if (upk_json_next(r) == UPK_TOKEN_ERROR)
      return false;
  return true;
}
