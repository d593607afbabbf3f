/* Tokens to tree, by recursive descent. Precedence is PostgreSQL's, from weak
 * to strong: or, and, not, is, comparison, between/in/like/~, + -, * /, sign.
 *
 * After an error it goes on at the next word or bracket that can begin or end
 * a part, so that one run reports them all; WRONG nodes stand in the gaps.
 */
#include <string.h>

#include "expr/tree.h"

typedef struct parser {
  expr_context *context;
  expr_tokens tokens;
  size_t at;
  size_t depth;
  size_t reported; /* token of the last error + 1: one error a place */
  bool too_deep;
  expr_uses *uses;
} parser;

static expr_node *parse_or(parser *p);

static const expr_function_row functions[] = {
#define X(id, name, least, most, doc) {name, least, most, doc},
#include "expr/functions.def"
#undef X
};

const expr_function_row *expr_function_at(size_t function) {
  return function < EXPR_FUNCTION_COUNT ? &functions[function] : NULL;
}

const char *upk_function_at(size_t index, const char **ret_doc) {
  const expr_function_row *row = expr_function_at(index);
  if (row)
    *ret_doc = row->doc;
  return row ? row->name : NULL;
}

expr_node *expr_node_new(upk_arena *arena, expr_kind kind, size_t start,
                         size_t end) {
  expr_node *node = UPK_NEW(arena, expr_node);
  node->kind = kind;
  node->start = (uint32_t)start;
  node->end = (uint32_t)end;
  node->depth = 1;
  node->wrong = kind == EXPR_WRONG;
  return node;
}

/* ---- tokens ---- */

static const expr_token *current(const parser *p) {
  return &p->tokens.items[p->at];
}

static bool is_at(const parser *p, expr_token_kind kind) {
  return current(p)->kind == kind;
}

static const expr_token *take(parser *p) {
  const expr_token *token = current(p);
  if (token->kind != EXPR_TOKEN_END)
    p->at++;
  return token;
}

static bool accept(parser *p, expr_token_kind kind) {
  if (!is_at(p, kind))
    return false;
  take(p);
  return true;
}

static uint32_t last_end(const parser *p) {
  return p->at ? p->tokens.items[p->at - 1].end : 0;
}

/* ---- errors ---- */

static void report_expected(parser *p, const char *expected) {
  if (p->too_deep || p->reported == p->at + 1)
    return;
  p->reported = p->at + 1;
  const expr_token *token = current(p);
  if (token->kind == EXPR_TOKEN_WRONG)
    return;
  upk_str found = expr_excerpt(p->context, token->start, token->end);
  if (token->kind == EXPR_TOKEN_END)
    expr_report(p->context, 1102, token->start, token->end,
                "expected %s, but the expression ends", expected);
  else
    expr_report(p->context, 1102, token->start, token->end,
                "expected %s before `%.*s`", expected, UPK_FMT(found));
}

static bool ends_part(expr_token_kind kind) {
  return kind == EXPR_TOKEN_AND || kind == EXPR_TOKEN_OR ||
         kind == EXPR_TOKEN_COMMA || kind == EXPR_TOKEN_CLOSE ||
         (kind >= EXPR_TOKEN_WHEN && kind <= EXPR_TOKEN_END_CASE);
}

/* Skips to a token that ends a part, or to the `)` that ends the whole group;
 * over inner brackets. */
static expr_node *skip(parser *p, bool whole_group) {
  size_t start = current(p)->start, open = 0;
  for (;; take(p)) {
    expr_token_kind kind = current(p)->kind;
    bool stops = whole_group ? kind == EXPR_TOKEN_CLOSE : ends_part(kind);
    if (kind == EXPR_TOKEN_END || (stops && open == 0))
      break;
    if (kind == EXPR_TOKEN_OPEN)
      open++;
    else if (kind == EXPR_TOKEN_CLOSE)
      open--;
  }
  return expr_node_new(p->context->arena, EXPR_WRONG, start, last_end(p));
}

static expr_node *give_up(parser *p, const char *expected) {
  report_expected(p, expected);
  return skip(p, false);
}

static bool expect(parser *p, expr_token_kind kind, const char *name) {
  if (accept(p, kind))
    return true;
  report_expected(p, name);
  return false;
}

static void report_deep(parser *p, size_t at) {
  if (!p->too_deep)
    expr_report(p->context, 1116, at, at + 1,
                "the expression is nested more than %d levels deep",
                EXPR_MAX_DEPTH);
  p->too_deep = true;
  p->at = p->tokens.len - 1; /* nothing behind it would make sense */
}

/* ---- nodes ---- */

static void add_item(parser *p, expr_node *node, expr_node *item) {
  size_t cap = node->count;
  if ((node->count & (node->count - 1)) == 0) { /* full at powers of two */
    cap = node->count ? node->count * 2 : 1;
    expr_node **items = UPK_NEW_ARRAY(p->context->arena, expr_node *, cap);
    if (node->count)
      memcpy(items, node->items, node->count * sizeof *items);
    node->items = items;
  }
  node->items[node->count++] = item;
  if (item->depth + 1 > node->depth)
    node->depth = item->depth + 1;
  if (node->depth > EXPR_MAX_DEPTH)
    report_deep(p, item->start);
  if (item->start < node->start)
    node->start = item->start;
  if (item->end > node->end)
    node->end = item->end;
}

static expr_node *node_of(parser *p, expr_kind kind, int op, expr_node *left,
                          expr_node *right) {
  expr_node *node =
      expr_node_new(p->context->arena, kind, left->start, left->end);
  node->op = op;
  add_item(p, node, left);
  if (right)
    add_item(p, node, right);
  return node;
}

static expr_node *negated(parser *p, expr_node *item, bool negate) {
  return negate ? node_of(p, EXPR_NOT, 0, item, NULL) : item;
}

/* ---- values ---- */

static expr_node *literal(parser *p, upk_type type) {
  const expr_token *token = take(p);
  expr_node *node =
      expr_node_new(p->context->arena, EXPR_LITERAL, token->start, token->end);
  node->type = type;
  node->is_null = type == UPK_TYPE_NULL;
  node->value.integer =
      type == UPK_TYPE_BOOL ? token->kind == EXPR_TOKEN_TRUE : token->integer;
  node->value.text = token->text;
  return node;
}

/* () and ('a', 'b') and ('a',): what a list is as text. `item`, the first,
 * may be NULL. */
static expr_node *list_literal(parser *p, expr_node *item, size_t start) {
  UPK_VEC(upk_str) texts = {0};
  bool right = true;
  while (item) {
    bool text = item->kind == EXPR_LITERAL && item->type == UPK_TYPE_TEXT;
    if (text)
      *UPK_PUSH(p->context->arena, &texts) = item->value.text;
    else if (right && !item->wrong)
      expr_report(p->context, 1102, item->start, item->end,
                  "a list holds texts only");
    right &= text;
    bool more = accept(p, EXPR_TOKEN_COMMA) && !is_at(p, EXPR_TOKEN_CLOSE);
    item = more ? parse_or(p) : NULL;
  }
  right &= expect(p, EXPR_TOKEN_CLOSE, "`)`");
  expr_node *node = expr_node_new(
      p->context->arena, right ? EXPR_LITERAL : EXPR_WRONG, start, last_end(p));
  node->type = UPK_TYPE_LIST;
  node->value.list = (upk_list){texts.items, texts.len};
  return node;
}

static expr_node *parenthesised(parser *p) {
  size_t start = take(p)->start;
  if (is_at(p, EXPR_TOKEN_CLOSE))
    return list_literal(p, NULL, start);
  expr_node *inner = parse_or(p);
  if (is_at(p, EXPR_TOKEN_COMMA))
    return list_literal(p, inner, start);
  expect(p, EXPR_TOKEN_CLOSE, "`)`");
  return inner;
}

/* case when c then r [when ...] [else e] end */
static expr_node *parse_case(parser *p) {
  const expr_token *word = take(p);
  expr_node *node =
      expr_node_new(p->context->arena, EXPR_CASE, word->start, word->end);
  expr_node *otherwise =
      expr_node_new(p->context->arena, EXPR_LITERAL, word->start, word->start);
  otherwise->is_null = true;
  add_item(p, node, otherwise);
  if (!is_at(p, EXPR_TOKEN_WHEN))
    add_item(p, node, give_up(p, "`when`, and then a condition,"));
  while (accept(p, EXPR_TOKEN_WHEN)) {
    expr_node *condition = parse_or(p);
    bool then = expect(p, EXPR_TOKEN_THEN, "`then`");
    add_item(p, node, condition);
    add_item(p, node, then ? parse_or(p) : give_up(p, "`then`"));
  }
  if (accept(p, EXPR_TOKEN_ELSE)) {
    expr_node *given = parse_or(p);
    size_t condition_count = node->count;
    add_item(p, node, given); /* for depth and span */
    node->items[0] = given;
    node->count = condition_count;
  }
  if (!expect(p, EXPR_TOKEN_END_CASE, "`end`") || node->count % 2 == 0)
    return expr_node_new(p->context->arena, EXPR_WRONG, word->start,
                         last_end(p));
  node->end = last_end(p);
  return node;
}

/* ---- names and calls ---- */

static bool lower_equal(upk_str name, const char *lower) {
  if (name.len != strlen(lower))
    return false;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != lower[i])
      return false;
  }
  return true;
}

static int find_function(upk_str name) {
  for (int i = 0; i < EXPR_FUNCTION_COUNT; i++)
    if (lower_equal(name, functions[i].name))
      return i;
  return -1;
}

static expr_node *name_node(parser *p, const upk_name *name, bool quoted,
                            size_t start) {
  expr_node *node =
      expr_node_new(p->context->arena, EXPR_NAME, start, last_end(p));
  node->name = (uint32_t)p->uses->len;
  *UPK_PUSH(p->context->arena, p->uses) = (expr_use){*name, quoted};
  return node;
}

/* Suggests for a name that is called as a function and is none. */
static void report_function(parser *p, upk_str name, size_t start) {
  upk_diag *diag = expr_report(p->context, 1108, start, start + name.len,
                               "there is no function `%.*s`", UPK_FMT(name));
  upk_str names[EXPR_FUNCTION_COUNT];
  for (size_t i = 0; i < EXPR_FUNCTION_COUNT; i++)
    names[i] = upk_str_from(functions[i].name);
  if (!upk_diag_suggest(p->context->diags, diag, name, names,
                        EXPR_FUNCTION_COUNT))
    upk_diag_help(p->context->diags, diag,
                  "functions are coalesce, min, max, abs, lower, length, "
                  "starts_with, per_day, int; an attribute's arguments are "
                  "names");
}

/* oldest_row_age(created_at): names between brackets, after `(`. */
static expr_node *attribute_call(parser *p, upk_name *name, bool quoted,
                                 size_t start, size_t function_start) {
  UPK_VEC(upk_str) arguments = {0};
  bool names = is_at(p, EXPR_TOKEN_NAME);
  while (names && is_at(p, EXPR_TOKEN_NAME)) {
    const expr_token *token = take(p);
    quoted |= token->quoted;
    *UPK_PUSH(p->context->arena, &arguments) = token->text;
    names = is_at(p, EXPR_TOKEN_CLOSE) ||
            (accept(p, EXPR_TOKEN_COMMA) && is_at(p, EXPR_TOKEN_NAME));
  }
  if (names && accept(p, EXPR_TOKEN_CLOSE)) {
    name->arguments = arguments.items;
    name->argument_count = arguments.len;
    return name_node(p, name, quoted, start);
  }
  report_function(p, name->name, function_start);
  skip(p, true);
  accept(p, EXPR_TOKEN_CLOSE);
  return expr_node_new(p->context->arena, EXPR_WRONG, start, last_end(p));
}

static expr_node *call(parser *p, int function, size_t start) {
  expr_node *node =
      expr_node_new(p->context->arena, EXPR_CALL, start, last_end(p));
  node->op = function;
  if (!is_at(p, EXPR_TOKEN_CLOSE))
    do
      add_item(p, node, parse_or(p));
    while (accept(p, EXPR_TOKEN_COMMA));
  bool closed = expect(p, EXPR_TOKEN_CLOSE, "`,` or `)`");
  node->end = last_end(p);
  const expr_function_row *row = &functions[function];
  if (closed &&
      (node->count < row->least || (row->most && node->count > row->most))) {
    upk_diag *diag = expr_report(p->context, 1109, node->start, node->end,
                                 "`%s` got %zu argument%s", row->name,
                                 node->count, node->count == 1 ? "" : "s");
    upk_diag_help(p->context->diags, diag, "it takes %s%zu",
                  row->most == row->least ? "" : "at least ", row->least);
    node->wrong = true;
  }
  node->wrong |= !closed;
  return node;
}

/* name, kind.name, setting.a.b, each with (names) or, bare, a function. */
static expr_node *parse_name(parser *p) {
  const expr_token *token = take(p);
  size_t start = token->start, name_start = token->start;
  upk_name name = {.name = token->text};
  bool quoted = token->quoted;
  if (!quoted && is_at(p, EXPR_TOKEN_OPEN) && find_function(token->text) >= 0) {
    take(p);
    return call(p, find_function(token->text), start);
  }
  while (accept(p, EXPR_TOKEN_DOT)) {
    if (!is_at(p, EXPR_TOKEN_NAME))
      return give_up(p, "a name");
    token = take(p);
    quoted |= token->quoted;
    if (!name.qualifier.data) {
      name.qualifier = name.name;
      name.name = token->text;
      name_start = token->start;
    } else /* setting.pg_stat_statements.max */
      name.name = upk_arena_printf(p->context->arena, "%.*s.%.*s",
                                   UPK_FMT(name.name), UPK_FMT(token->text));
  }
  if (accept(p, EXPR_TOKEN_OPEN))
    return attribute_call(p, &name, quoted, start, name_start);
  return name_node(p, &name, quoted, start);
}

static expr_node *primary(parser *p) {
  switch (current(p)->kind) {
  case EXPR_TOKEN_LITERAL:
    return literal(p, current(p)->type);
  case EXPR_TOKEN_NULL:
    return literal(p, UPK_TYPE_NULL);
  case EXPR_TOKEN_TRUE:
  case EXPR_TOKEN_FALSE:
    return literal(p, UPK_TYPE_BOOL);
  case EXPR_TOKEN_NAME:
    return parse_name(p);
  case EXPR_TOKEN_OPEN:
    return parenthesised(p);
  case EXPR_TOKEN_CASE:
    return parse_case(p);
  case EXPR_TOKEN_WRONG: {
    const expr_token *token = take(p);
    p->reported = p->at + 1;
    return expr_node_new(p->context->arena, EXPR_WRONG, token->start,
                         token->end);
  }
  default:
    return give_up(p, "a value");
  }
}

/* ---- operators ---- */

/* Counts one level; false at the limit, after reporting. */
static bool enter(parser *p) {
  if (p->depth >= EXPR_MAX_DEPTH) {
    report_deep(p, current(p)->start);
    return false;
  }
  p->depth++;
  return true;
}

static expr_node *deep(parser *p) {
  return expr_node_new(p->context->arena, EXPR_WRONG, current(p)->start,
                       current(p)->start);
}

static expr_node *unary(parser *p) {
  if (!is_at(p, EXPR_TOKEN_MINUS))
    return primary(p);
  size_t start = take(p)->start;
  if (!enter(p))
    return deep(p);
  expr_node *item = unary(p);
  p->depth--;
  if (item->kind == EXPR_LITERAL && expr_is_number(item->type))
    item->value.integer = -item->value.integer;
  else
    item = node_of(p, EXPR_NEGATE, 0, item, NULL);
  item->start = (uint32_t)start;
  return item;
}

static expr_node *product(parser *p) {
  expr_node *left = unary(p);
  while (is_at(p, EXPR_TOKEN_STAR) || is_at(p, EXPR_TOKEN_SLASH)) {
    int sign = take(p)->kind == EXPR_TOKEN_STAR ? '*' : '/';
    left = node_of(p, EXPR_ARITHMETIC, sign, left, unary(p));
  }
  return left;
}

static expr_node *sum(parser *p) {
  expr_node *left = product(p);
  while (is_at(p, EXPR_TOKEN_PLUS) || is_at(p, EXPR_TOKEN_MINUS)) {
    int sign = take(p)->kind == EXPR_TOKEN_PLUS ? '+' : '-';
    left = node_of(p, EXPR_ARITHMETIC, sign, left, product(p));
  }
  return left;
}

static expr_node *between(parser *p, expr_node *value) {
  expr_node *low = sum(p);
  expr_node *node = node_of(p, EXPR_BETWEEN, 0, value, low);
  bool has_high = expect(p, EXPR_TOKEN_AND, "`and`");
  add_item(p, node, has_high ? sum(p) : give_up(p, "`and`"));
  return node;
}

/* in (a, b), in list, in (). */
static expr_node *in(parser *p, expr_node *value) {
  expr_node *node = node_of(p, EXPR_IN, 0, value, NULL);
  if (!accept(p, EXPR_TOKEN_OPEN)) {
    if (is_at(p, EXPR_TOKEN_NAME))
      add_item(p, node, primary(p));
    else
      add_item(p, node, give_up(p, "`(` or the name of a list"));
    return node;
  }
  while (!is_at(p, EXPR_TOKEN_CLOSE)) {
    add_item(p, node, parse_or(p));
    if (!accept(p, EXPR_TOKEN_COMMA))
      break;
  }
  node->wrong = !expect(p, EXPR_TOKEN_CLOSE, "`,` or `)`");
  node->end = last_end(p);
  return node;
}

static expr_node *predicate(parser *p) {
  expr_node *left = sum(p);
  bool negate = accept(p, EXPR_TOKEN_NOT);
  expr_token_kind kind = current(p)->kind;
  switch (kind) {
  case EXPR_TOKEN_BETWEEN:
    take(p);
    return negated(p, between(p, left), negate);
  case EXPR_TOKEN_IN:
    take(p);
    return negated(p, in(p, left), negate);
  case EXPR_TOKEN_LIKE:
  case EXPR_TOKEN_ILIKE:
    take(p);
    return negated(p, node_of(p, EXPR_LIKE, (int)kind, left, sum(p)), negate);
  case EXPR_TOKEN_TILDE:
  case EXPR_TOKEN_NOT_TILDE:
    if (negate)
      break;
    take(p);
    return negated(p, node_of(p, EXPR_MATCH, 0, left, sum(p)),
                   kind == EXPR_TOKEN_NOT_TILDE);
  default:
    break;
  }
  return negate ? give_up(p, "`like`, `in` or `between`") : left;
}

static bool at_comparison(const parser *p) {
  return current(p)->kind >= EXPR_TOKEN_EQ && current(p)->kind <= EXPR_TOKEN_GE;
}

static expr_node *comparison(parser *p) {
  expr_node *left = predicate(p);
  if (!at_comparison(p))
    return left;
  int op = (int)take(p)->kind;
  left = node_of(p, EXPR_COMPARE, op, left, predicate(p));
  while (at_comparison(p)) {
    const expr_token *token = take(p);
    upk_diag *diag = expr_report(p->context, 1124, token->start, token->end,
                                 "comparisons do not chain");
    upk_diag_help(p->context->diags, diag,
                  "write `a < b and b < c`, or `b between a and c`");
    left = node_of(p, EXPR_COMPARE, (int)token->kind, left, predicate(p));
    left->wrong = true;
  }
  return left;
}

static expr_node *is_test(parser *p) {
  expr_node *left = comparison(p);
  while (accept(p, EXPR_TOKEN_IS)) {
    bool negate = accept(p, EXPR_TOKEN_NOT);
    expr_token_kind kind = current(p)->kind;
    if (kind < EXPR_TOKEN_NULL || kind > EXPR_TOKEN_FALSE)
      return give_up(p, "`null`, `true` or `false`");
    take(p);
    left = node_of(p, EXPR_IS, (int)kind, left, NULL);
    left->end = last_end(p);
    left = negated(p, left, negate);
  }
  return left;
}

static expr_node *parse_not(parser *p) {
  if (!is_at(p, EXPR_TOKEN_NOT))
    return is_test(p);
  size_t start = take(p)->start;
  if (!enter(p))
    return deep(p);
  expr_node *node = negated(p, parse_not(p), true);
  p->depth--;
  node->start = (uint32_t)start;
  return node;
}

/* a and b and (c and d) is one node. */
static void add_flat(parser *p, expr_node *node, expr_node *item) {
  if (item->kind != node->kind) {
    add_item(p, node, item);
    return;
  }
  for (size_t i = 0; i < item->count; i++)
    add_item(p, node, item->items[i]);
}

static expr_node *parse_and(parser *p) {
  expr_node *left = parse_not(p);
  if (!is_at(p, EXPR_TOKEN_AND))
    return left;
  expr_node *node =
      expr_node_new(p->context->arena, EXPR_AND, left->start, left->end);
  add_flat(p, node, left);
  while (accept(p, EXPR_TOKEN_AND))
    add_flat(p, node, parse_not(p));
  return node;
}

static expr_node *parse_or(parser *p) {
  if (!enter(p))
    return deep(p);
  expr_node *left = parse_and(p);
  if (is_at(p, EXPR_TOKEN_OR)) {
    expr_node *node =
        expr_node_new(p->context->arena, EXPR_OR, left->start, left->end);
    add_flat(p, node, left);
    while (accept(p, EXPR_TOKEN_OR))
      add_flat(p, node, parse_and(p));
    left = node;
  }
  p->depth--;
  return left;
}

expr_node *expr_parse(expr_context *context, expr_uses *ret_uses) {
  parser p = {.context = context, .uses = ret_uses};
  expr_lex(context, &p.tokens);
  if (p.tokens.len == 1) {
    upk_diag *diag =
        expr_report(context, 1122, 0, 0, "the expression is empty");
    upk_diag_help(context->diags, diag,
                  "write a condition, or leave the key out");
    return expr_node_new(context->arena, EXPR_WRONG, 0, 0);
  }
  expr_node *root = parse_or(&p);
  while (!is_at(&p, EXPR_TOKEN_END)) {
    report_expected(&p, "the end, `and` or `or`");
    take(&p);
    p.reported = p.at + 1; /* go on without a second complaint */
    if (!is_at(&p, EXPR_TOKEN_END))
      parse_or(&p);
  }
  return root;
}
