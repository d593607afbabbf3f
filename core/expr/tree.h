/* The tree of an expression, and the stations it passes: lex, parse, check,
 * emit. Private to core/expr. Everything lives in the arena of the compile.
 */
#ifndef EXPR_TREE_H
#define EXPR_TREE_H

#include "expr.h"

enum {
  EXPR_MAX_DEPTH = 200,
  EXPR_MAX_TEXT = 64 * 1024,
  EXPR_SHARE = 1000000, /* a ratio of one */
};
#define EXPR_DAY_US INT64_C(86400000000)

/* Kinds of nodes, what `items` holds, and `op`. */
#define EXPR_KIND_TABLE(X)                                                     \
  X(WRONG, "could not be parsed; already reported")                            \
  X(LITERAL, "a value")                                                        \
  X(NAME, "an attribute")                                                      \
  X(OR, "items, two or more")                                                  \
  X(AND, "items, two or more")                                                 \
  X(NOT, "item")                                                               \
  X(IS, "item; op: token NULL, TRUE or FALSE")                                 \
  X(COMPARE, "left, right; op: token EQ to GE")                                \
  X(BETWEEN, "value, low, high")                                               \
  X(IN, "value, candidates or one list")                                       \
  X(LIKE, "text, pattern; op: token LIKE or ILIKE")                            \
  X(MATCH, "text, pattern")                                                    \
  X(ARITHMETIC, "left, right; op: + - * /")                                    \
  X(NEGATE, "item")                                                            \
  X(CASE, "else, then (condition, result)...")                                 \
  X(CALL, "arguments; op: function")                                           \
  X(TO_VERSION, "a text; made by check")

typedef enum expr_kind {
#define X(id, doc) EXPR_##id,
  EXPR_KIND_TABLE(X)
#undef X
} expr_kind;

typedef enum expr_token_kind {
#define X(id, text) EXPR_TOKEN_##id,
#include "expr/tokens.def"
#undef X
} expr_token_kind;
const char *expr_token_text(expr_token_kind kind);

typedef enum expr_function {
#define X(id, name, least, most, doc) EXPR_FUNCTION_##id,
#include "expr/functions.def"
#undef X
  EXPR_FUNCTION_COUNT,
} expr_function;

typedef struct expr_function_row {
  const char *name;
  size_t least, most; /* most 0: any number */
  const char *doc;
} expr_function_row;
const expr_function_row *expr_function_at(size_t function); /* NULL past end */

typedef struct expr_value {
  int64_t integer;
  upk_str text;
  upk_list list;
} expr_value;

typedef struct expr_node expr_node;
struct expr_node {
  expr_kind kind;
  int op;
  upk_type type;
  bool wrong;          /* has no type: an error in it was reported */
  bool is_null;        /* LITERAL: null, whatever the type it took on */
  bool typed;          /* LITERAL: int(5), which is no ratio and no rate */
  uint32_t start, end; /* bytes of the text */
  uint32_t depth;
  expr_value value; /* LITERAL */
  uint32_t name;    /* NAME: its number in the expression's names */
  expr_node **items;
  size_t count;
  /* emit: running this range of code leaves the value in `reg` */
  uint32_t code_begin, code_end;
  uint16_t reg;
};

/* A name as the parser met it. */
typedef struct expr_use {
  upk_name name;
  bool quoted; /* a part of it was in double quotes */
} expr_use;

/* Where diagnostics go and how bytes of the text become places. */
typedef struct expr_context {
  upk_arena *arena;
  upk_str text;
  upk_span origin;
  upk_diags *diags;
  size_t failures; /* reported for this text */
} expr_context;
upk_span expr_span(const expr_context *context, size_t start, size_t end);
/* Adds a diagnostic at bytes [start, end); counts it. When the place cannot be
 * told within the source, a note shows the part that is meant. */
upk_diag *expr_report(expr_context *context, int code, size_t start, size_t end,
                      const char *format, ...) UPK_PRINTF(5, 6);
/* The text of [start, end) for a message: at most 48 bytes, printable. */
upk_str expr_excerpt(const expr_context *context, size_t start, size_t end);

typedef struct expr_token {
  expr_token_kind kind;
  uint32_t start, end;
  bool quoted;   /* NAME in double quotes */
  upk_type type; /* LITERAL */
  int64_t integer;
  upk_str text; /* NAME, and LITERAL of type TEXT: decoded */
} expr_token;
typedef UPK_VEC(expr_token) expr_tokens;
/* All tokens, the last one END. Reports every wrong one. */
void expr_lex(expr_context *context, expr_tokens *ret_tokens);

typedef UPK_VEC(expr_use) expr_uses;
/* Never NULL; a WRONG node stands for what was reported. NAME nodes number
 * `ret_uses`. */
expr_node *expr_parse(expr_context *context, expr_uses *ret_uses);
expr_node *expr_node_new(upk_arena *arena, expr_kind kind, size_t start,
                         size_t end);

typedef UPK_VEC(upk_expr_name) expr_names;
/* Gives every node its type, resolves names (in order of first use) and puts
 * conversions into the tree. */
void expr_check(expr_context *context, const upk_scope *scope,
                const expr_uses *uses, expr_node *root, upk_type expected,
                expr_names *ret_names);
/* The dimension of `left sign right`; false when it has none. *ret_scale is 0
 * for + and -. */
bool expr_arithmetic(char sign, upk_type left, upk_type right,
                     upk_type *ret_type, int64_t *ret_scale);
bool expr_is_number(upk_type type);  /* has arithmetic and a sign */
bool expr_is_ordered(upk_type type); /* has < and > */
/* True when an int literal may stand where `type` is wanted; *ret_value is its
 * value there. 0 fits every dimension, 1 a ratio, any a rate. */
bool expr_literal_fits(int64_t value, upk_type type, int64_t *ret_value);

/* What a type is called in a sentence ("a ratio"), and an example of it. */
const char *expr_type_phrase(upk_type type);
const char *expr_type_example(upk_type type);

/* A word that needs no double quotes. */
bool expr_is_plain_name(upk_str text);
/* One part of an expression, normalised, without outer parentheses. */
void expr_node_print(const upk_expr *expr, const expr_node *node, upk_buf *out);

#endif
