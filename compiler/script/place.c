/* Exact places for the parts of a declaration.
 *
 * Lua's tables do not know where they were written. But a declaration mostly
 * stands in the source as policy("name", { key = value, ... }): its text is
 * read a second time, beside the node, and each key and value that is found
 * gets its own span. What is computed elsewhere keeps the line of the call.
 */
#include <string.h>

#include "private.h"

typedef enum token_type {
  TOKEN_END,
  TOKEN_NAME, /* keywords too */
  TOKEN_TEXT,
  TOKEN_OTHER, /* numbers, and each character of punctuation but `..`, `==` */
} token_type;

typedef struct token {
  token_type type;
  upk_str text;    /* as written */
  upk_str content; /* of TEXT: between its quotes */
  upk_span span;
  size_t content_column;
} token;

typedef struct reader {
  upk_str source;
  size_t at, line_begin;
  uint32_t line, number; /* number: of the source */
  token now;
  upk_span last; /* of the token before */
} reader;

/* ---- tokens ---- */

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (c >= '0' && c <= '9');
}

static char peek(const reader *r, size_t ahead) {
  return r->at + ahead < r->source.len ? r->source.data[r->at + ahead] : '\0';
}

static void advance(reader *r, size_t count) {
  for (size_t i = 0; i < count && r->at < r->source.len; i++)
    if (r->source.data[r->at++] == '\n') {
      r->line++;
      r->line_begin = r->at;
    }
}

/* Bytes of a long bracket's opening at `ahead`, or 0. */
static size_t long_bracket(const reader *r, size_t ahead) {
  size_t level = 0;
  if (peek(r, ahead) != '[')
    return 0;
  while (peek(r, ahead + 1 + level) == '=')
    level++;
  return peek(r, ahead + 1 + level) == '[' ? level + 2 : 0;
}

/* Goes behind the closing bracket; returns the bytes of content. */
static size_t skip_long(reader *r, size_t open) {
  advance(r, open);
  size_t begin = r->at;
  while (r->at < r->source.len) {
    size_t level = 0;
    if (peek(r, 0) == ']') {
      while (peek(r, 1 + level) == '=')
        level++;
      if (level == open - 2 && peek(r, 1 + level) == ']') {
        size_t len = r->at - begin;
        advance(r, open);
        return len;
      }
    }
    advance(r, 1);
  }
  return r->at - begin;
}

static void skip_space(reader *r) {
  for (;;) {
    char c = peek(r, 0);
    if (c == '-' && peek(r, 1) == '-') {
      advance(r, 2);
      size_t open = long_bracket(r, 0);
      if (open)
        skip_long(r, open);
      else
        while (r->at < r->source.len && peek(r, 0) != '\n')
          advance(r, 1);
    } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
      advance(r, 1);
    } else {
      return;
    }
  }
}

static void read_quoted(reader *r, token *t) {
  char quote = peek(r, 0);
  advance(r, 1);
  size_t begin = r->at;
  while (r->at < r->source.len && peek(r, 0) != quote && peek(r, 0) != '\n')
    advance(r, peek(r, 0) == '\\' ? 2 : 1);
  t->content = (upk_str){r->source.data + begin, r->at - begin};
  advance(r, 1);
}

static uint32_t column(const reader *r) {
  return (uint32_t)(r->at - r->line_begin) + 1;
}

static void next(reader *r) {
  r->last = r->now.span;
  skip_space(r);
  token t = {.span = {r->number, r->line, column(r), 0, 0}};
  size_t begin = r->at, open = long_bracket(r, 0);
  char c = peek(r, 0);
  if (r->at >= r->source.len) {
    t.type = TOKEN_END;
  } else if (c == '"' || c == '\'') {
    t.type = TOKEN_TEXT;
    read_quoted(r, &t);
  } else if (open) {
    t.type = TOKEN_TEXT;
    size_t len = skip_long(r, open);
    t.content = (upk_str){r->source.data + begin + open, len};
  } else if (is_word(c)) {
    t.type = c >= '0' && c <= '9' ? TOKEN_OTHER : TOKEN_NAME;
    while (is_word(peek(r, 0)))
      advance(r, 1);
  } else {
    bool two = (c == '=' || c == '.') && peek(r, 1) == c;
    t.type = TOKEN_OTHER;
    advance(r, two ? 2 : 1);
  }
  t.text = (upk_str){r->source.data + begin, r->at - begin};
  t.span.end_line = r->line;
  t.span.end_column = column(r);
  r->now = t;
}

static bool is(const reader *r, const char *text) {
  return r->now.type != TOKEN_TEXT && upk_str_is(r->now.text, text);
}

/* ---- expressions ---- */

static bool ends_value(const reader *r) {
  return r->now.type == TOKEN_END || is(r, ",") || is(r, ";") || is(r, "}") ||
         is(r, ")");
}

/* How a token changes the depth of brackets and blocks. */
static int depth_change(const reader *r) {
  static const char *const openers[] = {"(",  "[",  "{",     "function",
                                        "if", "do", "repeat"};
  static const char *const closers[] = {")", "]", "}", "end", "until"};
  for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
    if (is(r, openers[i]))
      return 1;
  for (size_t i = 0; i < sizeof closers / sizeof *closers; i++)
    if (is(r, closers[i]))
      return -1;
  return 0;
}

/* Goes behind an expression; gives its span, on its first line. */
static upk_span skip_value(reader *r) {
  upk_span span = r->now.span;
  int depth = 0;
  while (r->now.type != TOKEN_END && (depth > 0 || !ends_value(r))) {
    depth += depth_change(r);
    if (r->now.span.line == span.line && r->now.span.end_line == span.line)
      span.end_column = r->now.span.end_column;
    next(r);
  }
  return span;
}

static void place_table(reader *r, node *table, int depth);

static void place_value(reader *r, node *value, int depth) {
  token first = r->now;
  if (is(r, "{") && value &&
      (value->type == NODE_MAP || value->type == NODE_LIST) &&
      depth < SCRIPT_DEPTH_MAX) {
    place_table(r, value, depth + 1);
    if (r->last.end_line == first.span.line)
      first.span.end_column = r->last.end_column;
    if (depth) /* the whole declaration is best named by its first line */
      value->span = value->text_span = first.span;
    if (!ends_value(r))
      skip_value(r);
    return;
  }
  upk_span span = skip_value(r);
  if (!value || span.end_line != span.line)
    return;
  value->span = value->text_span = span;
  bool alone =
      r->last.line == first.span.line && r->last.column == first.span.column;
  if (first.type == TOKEN_TEXT && alone && value->type == NODE_TEXT &&
      upk_str_equal(first.content, value->text)) {
    uint32_t quote = (uint32_t)(first.content.data - first.text.data);
    value->text_span.column += quote;
    value->text_span.end_column -= quote;
  }
}

/* ---- tables ---- */

static node_member *member_of(node *map, upk_str key) {
  for (size_t i = 0; map->type == NODE_MAP && i < map->map.count; i++)
    if (upk_str_equal(map->map.members[i].key, key))
      return &map->map.members[i];
  return NULL;
}

/* name = value, or ["name"] = value; false when it is neither. */
static bool place_named(reader *r, node *table, int depth) {
  reader before = *r;
  bool bracket = is(r, "[");
  if (bracket)
    next(r);
  token key = r->now;
  upk_str name = key.type == TOKEN_TEXT ? key.content : key.text;
  next(r);
  if (bracket && is(r, "]"))
    next(r);
  if ((key.type != TOKEN_NAME && !bracket) || !is(r, "=")) {
    *r = before;
    return false;
  }
  node_member *member = member_of(table, name);
  if (member)
    member->key_span = key.span;
  next(r);
  place_value(r, member ? member->value : NULL, depth);
  return true;
}

static node *item_of(node *table, size_t place) {
  char text[24];
  size_t at = sizeof text;
  if (table->type == NODE_LIST)
    return place <= table->list.count ? table->list.items[place - 1] : NULL;
  for (size_t left = place; left; left /= 10)
    text[--at] = (char)('0' + left % 10);
  node_member *member =
      member_of(table, (upk_str){text + at, sizeof text - at});
  return member ? member->value : NULL;
}

/* From "{" to behind its "}". */
static void place_table(reader *r, node *table, int depth) {
  size_t place = 0;
  next(r);
  while (r->now.type != TOKEN_END && !is(r, "}")) {
    if (!place_named(r, table, depth))
      place_value(r, item_of(table, ++place), depth);
    if (!is(r, ",") && !is(r, ";"))
      break;
    next(r);
  }
  if (is(r, "}"))
    next(r);
}

void script_place(script *s, upk_span call, upk_str global, node **arguments,
                  size_t count) {
  if (!call.line || call.source >= s->diags->sources.len)
    return;
  reader r = {.source = s->diags->sources.items[call.source].text,
              .line = call.line,
              .number = call.source};
  if (!r.source.data)
    return;
  r.at = r.line_begin = script_line_begin(s, call.source, call.line);
  do
    next(&r);
  while (r.now.type != TOKEN_END && r.now.span.line == call.line &&
         !(r.now.type == TOKEN_NAME && upk_str_equal(r.now.text, global)));
  if (r.now.type != TOKEN_NAME || !upk_str_equal(r.now.text, global))
    return;
  next(&r);
  bool bracket = is(&r, "(");
  if (bracket)
    next(&r);
  for (size_t i = 0; i < count && r.now.type != TOKEN_END; i++) {
    place_value(&r, arguments[i], 0);
    if (!bracket || !is(&r, ","))
      return;
    next(&r);
  }
}
