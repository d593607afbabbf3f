/* Regular expressions of guaranteed linear time: a Pike NFA without captures.
 *
 * POSIX ERE, plus (?:..) and \d \D \w \W \s \S; the C locale's classes; text
 * is UTF-8, and bytes that are not count as one character each. A match may
 * begin anywhere. Time O(text * program), memory O(program).
 * Source of the method: R. Cox, "Regular Expression Matching: the Virtual
 * Machine Approach" (2009).
 */
#ifndef EXPR_REGEX_H
#define EXPR_REGEX_H

#include <upkeep/base.h>

enum {
  EXPR_REGEX_MAX_REPEAT = 255,
  EXPR_REGEX_MAX_PROGRAM = 2000, /* instructions, repeats written out */
  EXPR_REGEX_MAX_DEPTH = 50,     /* of groups */
};

typedef struct expr_regex expr_regex;
typedef struct expr_regex_error {
  size_t offset;    /* in the pattern */
  const char *text; /* static */
} expr_regex_error;

/* NULL when wrong, with *ret_error filled. */
const expr_regex *expr_regex_compile(upk_arena *arena, upk_str pattern,
                                     expr_regex_error *ret_error);
bool expr_regex_search(const expr_regex *regex, upk_str text);

/* The character at `text[*offset]`; moves on. Bytes that are not UTF-8 are
 * 0x110000 + byte, so they match nothing but themselves. */
uint32_t expr_decode(upk_str text, size_t *offset);

#endif
