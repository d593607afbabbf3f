/* Expressions and values as text that compiles back to the same. */
#include <string.h>

#include "expr/program.h"
#include "timefmt.h"

/* How tightly a node binds; PRIMARY needs no parentheses anywhere. */
typedef enum binding {
  BINDS_OR = 1,
  BINDS_AND,
  BINDS_NOT,
  BINDS_IS,
  BINDS_COMPARE,
  BINDS_PREDICATE,
  BINDS_SUM,
  BINDS_PRODUCT,
  BINDS_SIGN,
  BINDS_PRIMARY,
} binding;

typedef struct printer {
  const upk_expr *expr;
  bool (*substitute)(void *ctx, const upk_expr_name *name, upk_buf *out);
  void *ctx;
  upk_buf *out;
} printer;

static void print(const printer *p, const expr_node *node, binding least);
static void print_bare(const printer *p, const expr_node *node);
/* `beside`: the other operand of the product it stands in, or NULL. */
static void print_negate(const printer *p, const expr_node *node,
                         const expr_node *beside);

static void put(upk_buf *out, const char *text) {
  upk_buf_str(out, upk_str_from(text));
}

/* ---- names and values ---- */

static void put_quoted(upk_str text, char quote, upk_buf *out) {
  upk_buf_char(out, quote);
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == quote)
      upk_buf_char(out, quote);
    upk_buf_char(out, text.data[i]);
  }
  upk_buf_char(out, quote);
}

static void put_word(upk_str word, bool plain, upk_buf *out) {
  if (plain && expr_is_plain_name(word))
    upk_buf_str(out, word);
  else
    put_quoted(word, '"', out);
}

/* pg_stat_statements.max stands in parts when each is a plain word. */
static bool is_dotted_word(upk_str text) {
  upk_str rest = text;
  while (rest.data) {
    upk_str part = upk_str_split(rest, '.', &rest);
    if (!expr_is_plain_name(part))
      return false;
  }
  return true;
}

static bool is_function(upk_str name) {
  const expr_function_row *row;
  for (size_t i = 0; (row = expr_function_at(i)); i++)
    if (upk_str_is(name, row->name))
      return true;
  return false;
}

void upk_name_print(const upk_name *name, upk_buf *out) {
  if (name->qualifier.data) {
    put_word(name->qualifier, true, out);
    upk_buf_char(out, '.');
  }
  bool called = name->argument_count && !name->qualifier.data;
  if (name->qualifier.data && is_dotted_word(name->name))
    upk_buf_str(out, name->name);
  else
    put_word(name->name, !(called && is_function(name->name)), out);
  for (size_t i = 0; i < name->argument_count; i++) {
    put(out, i ? ", " : "(");
    put_word(name->arguments[i], true, out);
  }
  if (name->argument_count)
    upk_buf_char(out, ')');
}

/* One item takes a comma, or it would be a text in parentheses. */
static void put_list(const upk_list *list, upk_buf *out) {
  upk_buf_char(out, '(');
  for (size_t i = 0; i < list->count; i++) {
    if (i)
      put(out, ", ");
    put_quoted(list->items[i], '\'', out);
  }
  put(out, list->count == 1 ? ",)" : ")");
}

/* The least int64 has no literal; ints alone ever hold it. */
static void put_int(int64_t value, upk_buf *out) {
  if (value == INT64_MIN)
    put(out, "(-9223372036854775807 - 1)");
  else
    upk_buf_int(out, value);
}

static void put_number(upk_type type, int64_t value, upk_buf *out) {
  bool bounded = type != UPK_TYPE_INT && type != UPK_TYPE_BOOL;
  if (bounded && value == INT64_MIN)
    value++;
  switch (type) {
  case UPK_TYPE_BOOL:
    put(out, value ? "true" : "false");
    break;
  case UPK_TYPE_INT:
    put_int(value, out);
    break;
  case UPK_TYPE_RATIO:
    upk_ratio_format(value, out);
    break;
  case UPK_TYPE_RATE:
    upk_buf_printf(out, "per_day(%lld)", (long long)value);
    break;
  case UPK_TYPE_BYTE_RATE:
    put(out, "per_day(");
    upk_bytes_format(value, out);
    put(out, ")");
    break;
  case UPK_TYPE_BYTES:
    upk_bytes_format(value, out);
    break;
  case UPK_TYPE_DURATION:
    upk_duration_format(value, out);
    break;
  case UPK_TYPE_TIMESTAMP:
    upk_timestamp_format(value, out);
    break;
  case UPK_TYPE_VERSION:
    upk_buf_char(out, 'v');
    upk_version_format(value, out);
    break;
  case UPK_TYPE_NULL:
  case UPK_TYPE_TEXT:
  case UPK_TYPE_LIST:
    put(out, "null");
    break;
  }
}

static void put_value(upk_type type, const expr_value *value, upk_buf *out) {
  if (type == UPK_TYPE_TEXT)
    put_quoted(value->text, '\'', out);
  else if (type == UPK_TYPE_LIST)
    put_list(&value->list, out);
  else
    put_number(type, value->integer, out);
}

void upk_literal_print(upk_type type, const upk_column *column, size_t row,
                       upk_buf *out) {
  size_t at = column->constant ? 0 : row;
  bool known = type != UPK_TYPE_NULL && !(column->null && column->null[at]);
  if (known && type == UPK_TYPE_TEXT && column->texts)
    put_quoted(column->texts[at], '\'', out);
  else if (known && type == UPK_TYPE_LIST && column->lists)
    put_list(&column->lists[at], out);
  else if (known && column->integers)
    put_number(type, column->integers[at], out);
  else
    put(out, "null");
}

/* ---- nodes ---- */

static bool is_infix_not(const expr_node *node) {
  expr_kind inner = node->items[0]->kind;
  return inner == EXPR_IS || inner == EXPR_BETWEEN || inner == EXPR_IN ||
         inner == EXPR_LIKE || inner == EXPR_MATCH;
}

static binding binding_of(const expr_node *node) {
  switch (node->kind) {
  case EXPR_OR:
    return BINDS_OR;
  case EXPR_AND:
    return BINDS_AND;
  case EXPR_NOT:
    return is_infix_not(node) ? binding_of(node->items[0]) : BINDS_NOT;
  case EXPR_IS:
    return BINDS_IS;
  case EXPR_COMPARE:
    return BINDS_COMPARE;
  case EXPR_BETWEEN:
  case EXPR_IN:
  case EXPR_LIKE:
  case EXPR_MATCH:
    return BINDS_PREDICATE;
  case EXPR_ARITHMETIC:
    return node->op == '+' || node->op == '-' ? BINDS_SUM : BINDS_PRODUCT;
  case EXPR_NEGATE:
    return BINDS_SIGN;
  case EXPR_TO_VERSION:
    return binding_of(node->items[0]);
  case EXPR_LITERAL:
    return expr_is_number(node->type) && !node->is_null &&
                   node->value.integer < 0
               ? BINDS_SIGN
               : BINDS_PRIMARY;
  case EXPR_WRONG:
  case EXPR_NAME:
  case EXPR_CASE:
  case EXPR_CALL:
    break;
  }
  return BINDS_PRIMARY;
}

static void print_joined(const printer *p, const expr_node *node,
                         const char *joint, binding least) {
  for (size_t i = 0; i < node->count; i++) {
    if (i)
      put(p->out, joint);
    print(p, node->items[i], least);
  }
}

/* 5 beside a rate is a rate; anywhere else it is written per_day(5). */
static void print_limit(const printer *p, const expr_node *item,
                        const expr_node *beside, binding least) {
  bool plain = item->kind == EXPR_LITERAL && item->type == UPK_TYPE_RATE &&
               !item->is_null && beside->kind != EXPR_LITERAL;
  if (plain)
    put_int(item->value.integer, p->out);
  else
    print(p, item, least);
}

static void print_compare(const printer *p, const expr_node *node) {
  print_limit(p, node->items[0], node->items[1], BINDS_PREDICATE);
  upk_buf_printf(p->out, " %s ", expr_token_text((expr_token_kind)node->op));
  print_limit(p, node->items[1], node->items[0], BINDS_PREDICATE);
}

static void print_is(const printer *p, const expr_node *node, bool negate) {
  print(p, node->items[0], BINDS_IS);
  upk_buf_printf(p->out, " is %s%s", negate ? "not " : "",
                 expr_token_text((expr_token_kind)node->op));
}

static void print_between(const printer *p, const expr_node *node,
                          bool negate) {
  const expr_node *value = node->items[0];
  print(p, value, BINDS_SUM);
  put(p->out, negate ? " not between " : " between ");
  print_limit(p, node->items[1], value, BINDS_SUM);
  put(p->out, " and ");
  print_limit(p, node->items[2], value, BINDS_SUM);
}

static void print_in(const printer *p, const expr_node *node, bool negate) {
  const expr_node *value = node->items[0];
  print(p, value, BINDS_SUM);
  put(p->out, negate ? " not in " : " in ");
  if (node->count == 2 && node->items[1]->type == UPK_TYPE_LIST &&
      node->items[1]->kind == EXPR_NAME) {
    print(p, node->items[1], BINDS_PRIMARY);
    return;
  }
  upk_buf_char(p->out, '(');
  for (size_t i = 1; i < node->count; i++) {
    if (i > 1)
      put(p->out, ", ");
    print_limit(p, node->items[i], value, BINDS_OR);
  }
  upk_buf_char(p->out, ')');
}

static void print_pattern(const printer *p, const expr_node *node,
                          bool negate) {
  print(p, node->items[0], BINDS_SUM);
  if (node->kind == EXPR_MATCH)
    put(p->out, negate ? " !~ " : " ~ ");
  else
    upk_buf_printf(p->out, "%s %s ", negate ? " not" : "",
                   expr_token_text((expr_token_kind)node->op));
  print(p, node->items[1], BINDS_SUM);
}

static void print_predicate(const printer *p, const expr_node *node,
                            bool negate) {
  switch (node->kind) {
  case EXPR_IS:
    print_is(p, node, negate);
    break;
  case EXPR_BETWEEN:
    print_between(p, node, negate);
    break;
  case EXPR_IN:
    print_in(p, node, negate);
    break;
  default:
    print_pattern(p, node, negate);
    break;
  }
}

static void print_not(const printer *p, const expr_node *node) {
  if (is_infix_not(node)) {
    print_predicate(p, node->items[0], true);
    return;
  }
  put(p->out, "not ");
  print(p, node->items[0], BINDS_NOT);
}

static bool is_put_in(const printer *p, const expr_node *node, upk_buf *out) {
  return node->kind == EXPR_NAME && p->substitute &&
         p->substitute(p->ctx, &p->expr->names.items[node->name], out);
}

/* A text literal as the version it is read as; null when it is none. */
static void put_version(upk_str literal, upk_buf *out) {
  int64_t version;
  upk_str text = {literal.data + 1, literal.len ? literal.len - 1 : 0};
  bool right = literal.len && literal.data[0] == '\'' &&
               upk_version_parse(text, &version);
  if (right)
    put_number(UPK_TYPE_VERSION, version, out);
  else
    put(out, "null");
}

/* A text that is compared with a version. */
static void print_to_version(const printer *p, const expr_node *item) {
  upk_buf text = {0};
  if (is_put_in(p, item, &text))
    put_version(upk_buf_view(&text), p->out);
  else
    print_bare(p, item);
  upk_buf_free(&text);
}

/* An operand of * or /. An int beside a ratio must not be taken for one when
 * it is, or becomes, a literal. */
static void print_factor(const printer *p, const expr_node *item,
                         const expr_node *beside, binding least) {
  upk_buf text = {0};
  printer inner = *p;
  inner.out = &text;
  bool at_risk = item->type == UPK_TYPE_INT && beside->type == UPK_TYPE_RATIO;
  bool literal = item->kind == EXPR_LITERAL;
  if (at_risk && literal)
    print(&inner, item, BINDS_OR);
  if (at_risk && (literal || is_put_in(p, item, &text)))
    upk_buf_printf(p->out, "int(%.*s)", UPK_FMT(upk_buf_view(&text)));
  else if (item->kind == EXPR_NEGATE)
    print_negate(p, item, beside);
  else
    print(p, item, least);
  upk_buf_free(&text);
}

/* A sign before a sign is set off, for the eye. */
static void print_negate(const printer *p, const expr_node *node,
                         const expr_node *beside) {
  upk_buf text = {0};
  printer inner = *p;
  inner.out = &text;
  if (beside)
    print_factor(&inner, node->items[0], beside, BINDS_SIGN);
  else
    print(&inner, node->items[0], BINDS_SIGN);
  put(p->out, text.len && text.data[0] == '-' ? "- " : "-");
  upk_buf_str(p->out, upk_buf_view(&text));
  upk_buf_free(&text);
}

static void print_arithmetic(const printer *p, const expr_node *node) {
  const expr_node *left = node->items[0], *right = node->items[1];
  binding own = binding_of(node);
  bool product = own == BINDS_PRODUCT;
  if (product)
    print_factor(p, left, right, own);
  else
    print(p, left, own);
  upk_buf_printf(p->out, " %c ", node->op);
  if (product)
    print_factor(p, right, left, (binding)(own + 1));
  else
    print(p, right, (binding)(own + 1));
}

static void print_case(const printer *p, const expr_node *node) {
  put(p->out, "case");
  for (size_t i = 1; i + 1 < node->count; i += 2) {
    put(p->out, " when ");
    print(p, node->items[i], BINDS_OR);
    put(p->out, " then ");
    print(p, node->items[i + 1], BINDS_OR);
  }
  const expr_node *otherwise = node->items[0];
  if (otherwise->kind != EXPR_LITERAL || !otherwise->is_null) {
    put(p->out, " else ");
    print(p, otherwise, BINDS_OR);
  }
  put(p->out, " end");
}

static void print_name(const printer *p, const expr_node *node) {
  const upk_expr_name *name = &p->expr->names.items[node->name];
  if (!p->substitute || !p->substitute(p->ctx, name, p->out))
    upk_name_print(&name->name, p->out);
}

static void print_bare(const printer *p, const expr_node *node) {
  switch (node->kind) {
  case EXPR_WRONG:
    break;
  case EXPR_LITERAL:
    if (node->is_null)
      put(p->out, "null");
    else
      put_value(node->type, &node->value, p->out);
    break;
  case EXPR_NAME:
    print_name(p, node);
    break;
  case EXPR_OR:
    print_joined(p, node, " or ", BINDS_AND);
    break;
  case EXPR_AND:
    print_joined(p, node, " and ", BINDS_NOT);
    break;
  case EXPR_NOT:
    print_not(p, node);
    break;
  case EXPR_COMPARE:
    print_compare(p, node);
    break;
  case EXPR_IS:
  case EXPR_BETWEEN:
  case EXPR_IN:
  case EXPR_LIKE:
  case EXPR_MATCH:
    print_predicate(p, node, false);
    break;
  case EXPR_ARITHMETIC:
    print_arithmetic(p, node);
    break;
  case EXPR_NEGATE:
    print_negate(p, node, NULL);
    break;
  case EXPR_CASE:
    print_case(p, node);
    break;
  case EXPR_CALL:
    put(p->out, expr_function_at((size_t)node->op)->name);
    upk_buf_char(p->out, '(');
    print_joined(p, node, ", ", BINDS_OR);
    upk_buf_char(p->out, ')');
    break;
  case EXPR_TO_VERSION:
    print_to_version(p, node->items[0]);
    break;
  }
}

static void print(const printer *p, const expr_node *node, binding least) {
  bool brackets = binding_of(node) < least;
  if (brackets)
    upk_buf_char(p->out, '(');
  print_bare(p, node);
  if (brackets)
    upk_buf_char(p->out, ')');
}

void expr_node_print(const upk_expr *expr, const expr_node *node,
                     upk_buf *out) {
  printer p = {.expr = expr, .out = out};
  print_bare(&p, node);
}

void upk_expr_print(const upk_expr *expr,
                    bool (*substitute)(void *ctx, const upk_expr_name *name,
                                       upk_buf *out),
                    void *ctx, upk_buf *out) {
  printer p = {expr, substitute, ctx, out};
  print(&p, expr->root, BINDS_OR);
}
