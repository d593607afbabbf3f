/* Regular expressions: pattern to program, and the search. */
#include "expr/regex.h"

#include <string.h>

typedef enum regex_op {
  REGEX_RANGES, /* one character inside (or outside) ranges */
  REGEX_ANY,
  REGEX_START, /* of the text */
  REGEX_END,
  REGEX_SPLIT, /* goes on at next and at other */
  REGEX_JUMP,
  REGEX_MATCH,
} regex_op;

typedef struct regex_range {
  uint32_t low, high;
} regex_range;

typedef struct regex_insn {
  uint8_t op;
  bool outside;         /* RANGES: of [^...] */
  uint16_t other;       /* SPLIT, JUMP: target */
  uint32_t first_range; /* RANGES */
  uint32_t range_count;
} regex_insn;

struct expr_regex {
  UPK_VEC(regex_insn) code;
  UPK_VEC(regex_range) ranges;
};

typedef struct regex_parser {
  upk_arena *arena;
  upk_str pattern;
  size_t at;
  unsigned depth;
  expr_regex *out;
  expr_regex_error error; /* text is NULL while all is well */
} regex_parser;

uint32_t expr_decode(upk_str text, size_t *offset) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *bytes = (const unsigned char *)text.data + *offset;
  size_t left = text.len - *offset;
  uint32_t c = bytes[0];
  size_t length = c < 0x80    ? 1
                  : c < 0xC2  ? 0
                  : c < 0xE0  ? 2
                  : c < 0xF0  ? 3
                  : c <= 0xF4 ? 4
                              : 0;
  uint32_t value = length > 1 ? c & (0x7Fu >> length) : c;
  bool right = length > 0 && length <= left;
  for (size_t i = 1; right && i < length; i++) {
    right = (bytes[i] & 0xC0) == 0x80;
    value = value << 6 | (bytes[i] & 0x3Fu);
  }
  if (!right || value < least[length]) {
    ++*offset;
    return 0x110000 + c;
  }
  *offset += length;
  return value;
}

/* ---- program ---- */

static bool fail_at(regex_parser *p, size_t offset, const char *text) {
  if (!p->error.text)
    p->error = (expr_regex_error){offset, text};
  return false;
}

static bool add(regex_parser *p, regex_insn insn) {
  if (p->out->code.len >= EXPR_REGEX_MAX_PROGRAM)
    return fail_at(p, p->at,
                   "the pattern is too large once its repeats are "
                   "written out");
  *UPK_PUSH(p->arena, &p->out->code) = insn;
  return true;
}

static uint16_t here(const regex_parser *p) {
  return (uint16_t)p->out->code.len;
}

/* Makes room for one instruction at `at`, and moves the jumps behind it. */
static bool insert(regex_parser *p, uint16_t at, regex_insn insn) {
  if (!add(p, insn))
    return false;
  regex_insn *code = p->out->code.items;
  for (size_t i = p->out->code.len - 1; i > at; i--) {
    code[i] = code[i - 1];
    bool jumps = code[i].op == REGEX_SPLIT || code[i].op == REGEX_JUMP;
    if (jumps && code[i].other >= at)
      code[i].other++;
  }
  code[at] = insn;
  return true;
}

/* Adds a copy of code [from, to) at the end. */
static bool copy(regex_parser *p, uint16_t from, uint16_t to) {
  uint16_t shift = (uint16_t)(here(p) - from);
  for (uint16_t i = from; i < to; i++) {
    regex_insn insn = p->out->code.items[i];
    if (insn.op == REGEX_SPLIT || insn.op == REGEX_JUMP)
      insn.other = (uint16_t)(insn.other + shift);
    if (!add(p, insn))
      return false;
  }
  return true;
}

/* ---- pattern ---- */

static bool at_end(const regex_parser *p) { return p->at >= p->pattern.len; }

static char peek(const regex_parser *p) {
  return at_end(p) ? '\0' : p->pattern.data[p->at];
}

static bool accept(regex_parser *p, char c) {
  if (at_end(p) || peek(p) != c)
    return false;
  p->at++;
  return true;
}

static void add_range(regex_parser *p, uint32_t low, uint32_t high) {
  *UPK_PUSH(p->arena, &p->out->ranges) = (regex_range){low, high};
}

static const struct regex_class {
  const char *name;   /* of [:name:]; \d \s \w are digit, space, word */
  const char *ranges; /* pairs */
} classes[] = {
    {"alnum", "09AZaz"},   {"alpha", "AZaz"},
    {"blank", "  \t\t"},   {"cntrl", "\x01\x1f\x7f\x7f"},
    {"digit", "09"},       {"graph", "!~"},
    {"lower", "az"},       {"print", " ~"},
    {"punct", "!/:@[`{~"}, {"space", "\t\r  "},
    {"upper", "AZ"},       {"xdigit", "09AFaf"},
    {"word", "09AZ__az"},
};

static bool add_class(regex_parser *p, upk_str name) {
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    if (!upk_str_is(name, classes[i].name))
      continue;
    for (const char *pair = classes[i].ranges; *pair; pair += 2)
      add_range(p, (unsigned char)pair[0], (unsigned char)pair[1]);
    return true;
  }
  return false;
}

/* \d \w \s; false when `c` is none of them. */
static bool add_escape_class(regex_parser *p, char c) {
  const char *name = c == 'd'   ? "digit"
                     : c == 'w' ? "word"
                     : c == 's' ? "space"
                                : "";
  return add_class(p, upk_str_from(name));
}

static bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

/* What stands behind a backslash, as one character. */
static bool escaped(regex_parser *p, uint32_t *ret_c) {
  if (at_end(p))
    return fail_at(p, p->at - 1, "nothing follows the backslash");
  char c = peek(p);
  if (c >= '1' && c <= '9')
    return fail_at(p, p->at - 1, "back references take exponential time");
  if (is_letter_or_digit(c) && c != 'n' && c != 't' && c != 'r')
    return fail_at(p, p->at - 1, "no such escape");
  *ret_c = expr_decode(p->pattern, &p->at);
  *ret_c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : *ret_c;
  return true;
}

static bool bracket_class(regex_parser *p) {
  size_t start = p->at;
  p->at += 2;
  size_t name = p->at;
  while (!at_end(p) && peek(p) != ':' && peek(p) != ']')
    p->at++;
  upk_str text = {p->pattern.data + name, p->at - name};
  if (accept(p, ':') && accept(p, ']') && add_class(p, text))
    return true;
  return fail_at(p, start, "no such class");
}

/* One end of a range. */
static bool bracket_character(regex_parser *p, uint32_t *ret_c) {
  if (accept(p, '\\'))
    return escaped(p, ret_c);
  *ret_c = expr_decode(p->pattern, &p->at);
  return true;
}

static bool bracket_item(regex_parser *p) {
  upk_str rest = {p->pattern.data + p->at, p->pattern.len - p->at};
  if (upk_str_starts(rest, "[:"))
    return bracket_class(p);
  if (upk_str_starts(rest, "[.") || upk_str_starts(rest, "[="))
    return fail_at(p, p->at, "collating elements are not in the C locale");
  if (rest.len > 1 && rest.data[0] == '\\' &&
      add_escape_class(p, rest.data[1])) {
    p->at += 2;
    return true;
  }
  size_t start = p->at;
  uint32_t low, high;
  if (!bracket_character(p, &low))
    return false;
  high = low;
  if (peek(p) == '-' && p->at + 1 < p->pattern.len &&
      p->pattern.data[p->at + 1] != ']') {
    p->at++;
    if (!bracket_character(p, &high))
      return false;
  }
  if (high < low)
    return fail_at(p, start, "the range ends before it begins");
  add_range(p, low, high);
  return true;
}

/* [abc], [^a-z[:digit:]]: `]` first stands for itself. */
static bool bracket(regex_parser *p) {
  size_t start = p->at - 1;
  regex_insn insn = {.op = REGEX_RANGES};
  insn.outside = accept(p, '^');
  insn.first_range = (uint32_t)p->out->ranges.len;
  bool first = true;
  while (first || peek(p) != ']') {
    if (at_end(p))
      return fail_at(p, start, "the bracket is never closed");
    if (!bracket_item(p))
      return false;
    first = false;
  }
  p->at++;
  insn.range_count = (uint32_t)p->out->ranges.len - insn.first_range;
  return add(p, insn);
}

static bool add_character(regex_parser *p, uint32_t c) {
  regex_insn insn = {.op = REGEX_RANGES,
                     .first_range = (uint32_t)p->out->ranges.len,
                     .range_count = 1};
  add_range(p, c, c);
  return add(p, insn);
}

/* \d \D and so on, or one character. */
static bool escape(regex_parser *p) {
  regex_insn insn = {.op = REGEX_RANGES,
                     .first_range = (uint32_t)p->out->ranges.len};
  char c = peek(p);
  insn.outside = c == 'D' || c == 'W' || c == 'S';
  if (add_escape_class(p, insn.outside ? (char)(c + 32) : c)) {
    p->at++;
    insn.range_count = (uint32_t)p->out->ranges.len - insn.first_range;
    return add(p, insn);
  }
  uint32_t character;
  return escaped(p, &character) && add_character(p, character);
}

static bool alternatives(regex_parser *p);

static bool group(regex_parser *p) {
  size_t start = p->at - 1;
  upk_str rest = {p->pattern.data + p->at, p->pattern.len - p->at};
  if (upk_str_starts(rest, "?:"))
    p->at += 2;
  else if (peek(p) == '?')
    return fail_at(p, start, "only (?:...) may follow (?");
  if (p->depth++ >= EXPR_REGEX_MAX_DEPTH)
    return fail_at(p, start, "groups are nested too deep");
  bool right = alternatives(p);
  p->depth--;
  if (right && !accept(p, ')'))
    return fail_at(p, start, "the group is never closed");
  return right;
}

static bool atom(regex_parser *p) {
  switch (peek(p)) {
  case '(':
    p->at++;
    return group(p);
  case '[':
    p->at++;
    return bracket(p);
  case '\\':
    p->at++;
    return escape(p);
  case '.':
    p->at++;
    return add(p, (regex_insn){.op = REGEX_ANY});
  case '^':
    p->at++;
    return add(p, (regex_insn){.op = REGEX_START});
  case '$':
    p->at++;
    return add(p, (regex_insn){.op = REGEX_END});
  case '*':
  case '+':
  case '?':
  case '{':
    return fail_at(p, p->at, "there is nothing to repeat");
  default:
    return add_character(p, expr_decode(p->pattern, &p->at));
  }
}

/* Code [from, here) zero or more times. */
static bool star(regex_parser *p, uint16_t from) {
  if (!insert(p, from, (regex_insn){.op = REGEX_SPLIT}) ||
      !add(p, (regex_insn){.op = REGEX_JUMP, .other = from}))
    return false;
  p->out->code.items[from].other = here(p);
  return true;
}

/* Code [from, here) once or not at all. */
static bool option(regex_parser *p, uint16_t from) {
  if (!insert(p, from, (regex_insn){.op = REGEX_SPLIT}))
    return false;
  p->out->code.items[from].other = here(p);
  return true;
}

/* Code [from, here) once or more. */
static bool plus(regex_parser *p, uint16_t from) {
  return add(p, (regex_insn){.op = REGEX_SPLIT, .other = from});
}

static bool bound(regex_parser *p, int *ret_bound) {
  size_t start = p->at;
  int value = 0;
  while (peek(p) >= '0' && peek(p) <= '9' && value <= EXPR_REGEX_MAX_REPEAT)
    value = value * 10 + (p->pattern.data[p->at++] - '0');
  *ret_bound = value;
  if (value > EXPR_REGEX_MAX_REPEAT)
    return fail_at(p, start, "a repeat is at most 255");
  return p->at > start;
}

/* Code [from, here), at least `least` and at most `most` times (-1: without
 * end), by writing it out. */
static bool repeat(regex_parser *p, uint16_t from, int least, int most) {
  uint16_t to = here(p), length = (uint16_t)(to - from);
  if (most == 0) {
    p->out->code.len = from;
    return true;
  }
  for (int i = 1; i < least; i++)
    if (!copy(p, from, to))
      return false;
  if (most < 0)
    return least == 0 ? star(p, from) : plus(p, (uint16_t)(here(p) - length));
  if (least == 0 && !option(p, from))
    return false;
  uint16_t unit = least == 0 ? (uint16_t)(from + 1) : from;
  for (int i = least ? least : 1; i < most; i++) {
    uint16_t begin = here(p);
    if (!copy(p, unit, (uint16_t)(unit + length)) || !option(p, begin))
      return false;
  }
  return true;
}

/* {m}, {m,}, {m,n} behind the brace. */
static bool braces(regex_parser *p, uint16_t from) {
  size_t start = p->at - 1;
  int least, most;
  if (!bound(p, &least))
    return fail_at(p, start, "a repeat is written {3}, {3,} or {3,5}");
  most = least;
  if (accept(p, ',') && !bound(p, &most))
    most = -1;
  if (p->error.text)
    return false;
  if (!accept(p, '}'))
    return fail_at(p, start, "a repeat is written {3}, {3,} or {3,5}");
  if (most >= 0 && most < least)
    return fail_at(p, start, "the repeat ends before it begins");
  return repeat(p, from, least, most);
}

static bool repeated_atom(regex_parser *p) {
  uint16_t from = here(p);
  if (!atom(p))
    return false;
  for (unsigned suffixes = 0;; suffixes++) {
    char c = peek(p);
    bool suffix = c == '*' || c == '+' || c == '?' || c == '{';
    if (!suffix)
      return true;
    if (suffixes)
      return fail_at(p, p->at, "a repeat is repeated; put it in parentheses");
    p->at++;
    bool right = c == '*'   ? star(p, from)
                 : c == '+' ? plus(p, from)
                 : c == '?' ? option(p, from)
                            : braces(p, from);
    if (!right)
      return false;
  }
}

static bool sequence(regex_parser *p) {
  while (!at_end(p) && peek(p) != '|' && peek(p) != ')')
    if (!repeated_atom(p))
      return false;
  return true;
}

/* a|b|c as: split a, jump out; split b, jump out; c. */
static bool alternatives(regex_parser *p) {
  UPK_VEC(uint16_t) exits = {0};
  for (;;) {
    uint16_t from = here(p);
    if (!sequence(p))
      return false;
    if (!accept(p, '|'))
      break;
    if (!insert(p, from, (regex_insn){.op = REGEX_SPLIT}))
      return false;
    *UPK_PUSH(p->arena, &exits) = here(p);
    if (!add(p, (regex_insn){.op = REGEX_JUMP}))
      return false;
    p->out->code.items[from].other = here(p);
  }
  for (size_t i = 0; i < exits.len; i++)
    p->out->code.items[exits.items[i]].other = here(p);
  return true;
}

const expr_regex *expr_regex_compile(upk_arena *arena, upk_str pattern,
                                     expr_regex_error *ret_error) {
  regex_parser p = {
      .arena = arena, .pattern = pattern, .out = UPK_NEW(arena, expr_regex)};
  bool right = alternatives(&p);
  if (right && !at_end(&p))
    right = fail_at(&p, p.at, "this `)` closes nothing");
  if (right && add(&p, (regex_insn){.op = REGEX_MATCH}))
    return p.out;
  *ret_error = p.error;
  return NULL;
}

/* ---- search ---- */

/* The threads alive at one place of the text; `mark` says who is in. */
typedef struct threads {
  uint16_t items[EXPR_REGEX_MAX_PROGRAM];
  size_t count;
} threads;

typedef struct search {
  const expr_regex *regex;
  uint32_t mark[EXPR_REGEX_MAX_PROGRAM];
  uint32_t generation;
  uint16_t stack[EXPR_REGEX_MAX_PROGRAM + 1];
  threads lists[2];
} search;

static bool is_inside(const expr_regex *regex, const regex_insn *insn,
                      uint32_t c) {
  const regex_range *range = regex->ranges.items + insn->first_range;
  bool inside = false;
  for (uint32_t i = 0; i < insn->range_count && !inside; i++)
    inside = c >= range[i].low && c <= range[i].high;
  return inside != insn->outside;
}

/* Follows what needs no character, from `start`; true when it ends in MATCH.
 * Each instruction enters once a generation, so the stack suffices. */
static bool follow(search *s, threads *list, uint16_t start, bool at_start,
                   bool at_stop) {
  size_t depth = 0;
  s->stack[depth++] = start;
  while (depth) {
    uint16_t at = s->stack[--depth];
    for (;; at++) {
      if (s->mark[at] == s->generation)
        break;
      s->mark[at] = s->generation;
      const regex_insn *insn = &s->regex->code.items[at];
      if (insn->op == REGEX_MATCH)
        return true;
      if (insn->op == REGEX_SPLIT)
        s->stack[depth++] = insn->other;
      else if (insn->op == REGEX_JUMP)
        at = (uint16_t)(insn->other - 1);
      else if (insn->op == REGEX_RANGES || insn->op == REGEX_ANY) {
        list->items[list->count++] = at;
        break;
      } else if (insn->op == REGEX_START ? !at_start : !at_stop)
        break;
    }
  }
  return false;
}

bool expr_regex_search(const expr_regex *regex, upk_str text) {
  search s;
  s.regex = regex;
  s.generation = 1;
  s.lists[0].count = 0;
  memset(s.mark, 0, regex->code.len * sizeof *s.mark);
  threads *now = &s.lists[0], *next = &s.lists[1];
  if (follow(&s, now, 0, true, text.len == 0))
    return true;
  for (size_t at = 0; at < text.len;) {
    uint32_t c = expr_decode(text, &at);
    s.generation++;
    next->count = 0;
    for (size_t i = 0; i < now->count; i++) {
      const regex_insn *insn = &regex->code.items[now->items[i]];
      bool taken = insn->op == REGEX_ANY || is_inside(regex, insn, c);
      if (taken && follow(&s, next, (uint16_t)(now->items[i] + 1), false,
                          at == text.len))
        return true;
    }
    if (follow(&s, next, 0, false, at == text.len))
      return true;
    threads *swap = now;
    now = next;
    next = swap;
  }
  return false;
}
