/* Types: every node gets its dimension, names get columns, literals take on
 * the dimension of their surroundings. Errors are reported once: a node whose
 * part is wrong is itself wrong and silent.
 */
#include <string.h>

#include "expr/regex.h"
#include "expr/tree.h"
#include "map.h"
#include "timefmt.h"

typedef struct checker {
  expr_context *context;
  const upk_scope *scope;
  const expr_uses *uses;
  expr_names *names;
  upk_map name_numbers; /* printed name -> number, or UNKNOWN */
} checker;

#define UNKNOWN UINT64_MAX

static void check(checker *c, expr_node *node);

static upk_str excerpt(const checker *c, const expr_node *node) {
  return expr_excerpt(c->context, node->start, node->end);
}

static upk_diag *report(checker *c, int code, const expr_node *node,
                        const char *text) {
  return expr_report(c->context, code, node->start, node->end, "%s", text);
}

static void help(checker *c, upk_diag *diag, const char *text) {
  upk_diag_help(c->context->diags, diag, "%s", text);
}

static void label_type(checker *c, upk_diag *diag, const expr_node *node) {
  upk_diag_label(c->context->diags, diag,
                 expr_span(c->context, node->start, node->end), "%s",
                 upk_type_name(node->type));
}

/* ---- literals that fit in ---- */

static bool is_literal(const expr_node *node, upk_type type) {
  return node->kind == EXPR_LITERAL && node->type == type && !node->is_null &&
         !node->typed;
}

static bool text_fits(upk_str text, upk_type type, int64_t *ret_value) {
  if (type == UPK_TYPE_VERSION)
    return upk_version_parse(text, ret_value);
  return type == UPK_TYPE_TIMESTAMP && upk_timestamp_parse(text, ret_value);
}

/* Where the alternatives of a node begin, and how far apart: case and calls
 * that give one of their items. 0 steps: it is no such node. */
static size_t alternatives(const expr_node *node) {
  if (node->kind == EXPR_CASE)
    return 2;
  bool picks = node->kind == EXPR_CALL &&
               (node->op == EXPR_FUNCTION_COALESCE ||
                node->op == EXPR_FUNCTION_MIN || node->op == EXPR_FUNCTION_MAX);
  return picks ? 1 : 0;
}

/* Whether the node can take on `type`; with `now`, does it. A text that is no
 * literal becomes a version by TO_VERSION, which `adopt` puts in. */
static bool fit(expr_node *node, upk_type type, bool now) {
  int64_t value;
  size_t step = alternatives(node);
  bool fits = node->type == type || node->type == UPK_TYPE_NULL;
  if (is_literal(node, UPK_TYPE_INT) && !fits) {
    fits = expr_literal_fits(node->value.integer, type, &value);
    if (fits && now)
      node->value.integer = value;
  } else if (is_literal(node, UPK_TYPE_TEXT) && !fits) {
    fits = text_fits(node->value.text, type, &value);
    if (fits && now)
      node->value.integer = value;
  } else if (step && !fits) {
    fits = true;
    for (size_t i = 0; fits && i < node->count; i += step)
      fits = fit(node->items[i], type, now);
  }
  if (fits && now && (node->type != UPK_TYPE_NULL || node->is_null || step))
    node->type = type;
  return fits;
}

static bool adopt(checker *c, expr_node **node, upk_type type) {
  if (fit(*node, type, false))
    return fit(*node, type, true);
  if (type != UPK_TYPE_VERSION || (*node)->type != UPK_TYPE_TEXT ||
      (*node)->kind == EXPR_LITERAL)
    return false;
  expr_node *inner = *node;
  *node = expr_node_new(c->context->arena, EXPR_TO_VERSION, inner->start,
                        inner->end);
  (*node)->items = UPK_NEW(c->context->arena, expr_node *);
  (*node)->items[0] = inner;
  (*node)->count = 1;
  (*node)->depth = inner->depth + 1;
  (*node)->type = type;
  return true;
}

/* ---- one dimension for several items ---- */

/* How much an item's type counts: literals follow, versions lead. */
static int weight(const expr_node *node) {
  if (node->wrong || node->type == UPK_TYPE_NULL)
    return 0;
  bool bends = fit((expr_node *)(uintptr_t)node, UPK_TYPE_RATE, false) ||
               is_literal(node, UPK_TYPE_INT) ||
               is_literal(node, UPK_TYPE_TEXT);
  if (bends && node->type != UPK_TYPE_RATE)
    return 1;
  return node->type == UPK_TYPE_VERSION ? 3 : 2;
}

/* Brings items first, first + step ... to one type. Returns the item that does
 * not fit, with *ret_leader the one it should be like; NULL when all do.
 * *ret_type is UPK_TYPE_NULL when all are null. */
static expr_node *unify(checker *c, expr_node *node, size_t first, size_t step,
                        upk_type *ret_type, expr_node **ret_leader) {
  int best = 0;
  expr_node *leader = NULL;
  for (size_t i = first; i < node->count; i += step) {
    int w = weight(node->items[i]);
    if (w > best) {
      best = w;
      leader = node->items[i];
    }
  }
  *ret_type = leader ? leader->type : UPK_TYPE_NULL;
  *ret_leader = leader;
  for (size_t i = first; leader && i < node->count; i += step)
    if (!node->items[i]->wrong && !adopt(c, &node->items[i], *ret_type))
      return node->items[i];
  return NULL;
}

static bool any_wrong(const expr_node *node) {
  for (size_t i = 0; i < node->count; i++)
    if (node->items[i]->wrong)
      return true;
  return false;
}

/* What to write instead of a literal that does not fit beside `type`. */
static void help_literal(checker *c, upk_diag *diag, upk_type type,
                         const expr_node *wrong) {
  if (wrong->kind != EXPR_LITERAL)
    return;
  int64_t n = wrong->value.integer;
  bool small = wrong->type == UPK_TYPE_INT && n > 0 && n <= 100000;
  if (type == UPK_TYPE_RATIO && small)
    upk_diag_help(c->context->diags, diag,
                  "write %lld%%, or %lld.0 for %lld times", (long long)n,
                  (long long)n, (long long)n);
  else
    upk_diag_help(c->context->diags, diag, "write %s", expr_type_example(type));
}

/* `leader` has the type that `wrong` should have had. The places are marked in
 * the order of the text. */
static void report_mismatch(checker *c, int code, const char *verb,
                            const expr_node *leader, const expr_node *wrong) {
  bool turned = wrong->start < leader->start;
  const expr_node *left = turned ? wrong : leader;
  const expr_node *right = turned ? leader : wrong;
  bool literal_left = left->kind == EXPR_LITERAL;
  const expr_node *subject = literal_left ? right : left;
  const expr_node *other = literal_left ? left : right;
  upk_str name = excerpt(c, subject);
  upk_diag *diag = expr_report(c->context, code, left->start, left->end,
                               "`%.*s` is %s and cannot be %s %s",
                               UPK_FMT(name), expr_type_phrase(subject->type),
                               verb, expr_type_phrase(other->type));
  label_type(c, diag, left);
  label_type(c, diag, right);
  help_literal(c, diag, subject->type, other);
}

/* False, after reporting, unless the item is of `type` (or null). */
static bool require(checker *c, expr_node **item, upk_type type,
                    const char *taker) {
  if ((*item)->wrong)
    return false;
  if (adopt(c, item, type))
    return true;
  upk_str name = excerpt(c, *item);
  upk_diag *diag = expr_report(c->context, 1106, (*item)->start, (*item)->end,
                               "`%.*s` is %s, but %s takes %s", UPK_FMT(name),
                               expr_type_phrase((*item)->type), taker,
                               expr_type_phrase(type));
  label_type(c, diag, *item);
  if (type == UPK_TYPE_BOOL && expr_is_number((*item)->type))
    upk_diag_help(c->context->diags, diag, "compare it, such as `%.*s > 0`",
                  UPK_FMT(name));
  return false;
}

/* ---- names ---- */

static upk_str folded(upk_arena *arena, upk_str text) {
  if (!text.data)
    return text;
  upk_str copy = upk_arena_copy(arena, text);
  char *bytes = (char *)(uintptr_t)copy.data;
  for (size_t i = 0; i < copy.len; i++)
    if (bytes[i] >= 'A' && bytes[i] <= 'Z')
      bytes[i] = (char)(bytes[i] + 32);
  return copy;
}

static upk_name folded_name(upk_arena *arena, const upk_name *name) {
  upk_name lower = *name;
  lower.qualifier = folded(arena, name->qualifier);
  lower.name = folded(arena, name->name);
  upk_str *arguments = UPK_NEW_ARRAY(arena, upk_str, name->argument_count + 1);
  for (size_t i = 0; i < name->argument_count; i++)
    arguments[i] = folded(arena, name->arguments[i]);
  lower.arguments = arguments;
  return lower;
}

static upk_str printed(checker *c, const upk_name *name) {
  upk_buf text = {0};
  upk_name_print(name, &text);
  upk_str copy = upk_arena_copy(c->context->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static void report_unknown(checker *c, const expr_node *node,
                           const expr_use *use) {
  upk_str wrong = excerpt(c, node);
  upk_diag *diag =
      expr_report(c->context, 1107, node->start, node->end,
                  "there is no attribute `%.*s` here", UPK_FMT(wrong));
  upk_str *candidates = NULL;
  size_t count =
      c->scope->candidates
          ? c->scope->candidates(c->scope->ctx, c->context->arena, &candidates)
          : 0;
  if (use->quoted && !use->name.qualifier.data)
    help(c, diag, "a text stands in single quotes, such as 'so'");
  else
    upk_diag_suggest(c->context->diags, diag, printed(c, &use->name),
                     candidates, count);
}

/* As it is written first; then, unless quoted, in lower case as in SQL. */
static bool look_up(checker *c, const expr_use *use, upk_expr_name *ret_name) {
  const upk_scope *scope = c->scope;
  ret_name->name = use->name;
  if (!scope->find)
    return false;
  if (scope->find(scope->ctx, &use->name, &ret_name->type, &ret_name->slot))
    return true;
  ret_name->name = folded_name(c->context->arena, &use->name);
  return !use->quoted && scope->find(scope->ctx, &ret_name->name,
                                     &ret_name->type, &ret_name->slot);
}

static void check_name(checker *c, expr_node *node) {
  const expr_use *use = &c->uses->items[node->name];
  upk_str key = printed(c, &use->name);
  uint64_t number = UNKNOWN;
  if (!upk_map_find(&c->name_numbers, key, &number)) {
    upk_expr_name found = {0};
    if (!look_up(c, use, &found))
      report_unknown(c, node, use);
    else if (!upk_map_find(&c->name_numbers, printed(c, &found.name),
                           &number)) {
      number = c->names->len;
      *UPK_PUSH(c->context->arena, c->names) = found;
      upk_map_put(&c->name_numbers, printed(c, &found.name), number);
    }
    upk_map_put(&c->name_numbers, key, number);
  }
  node->wrong = number == UNKNOWN;
  if (node->wrong)
    return;
  node->name = (uint32_t)number;
  node->type = c->names->items[number].type;
}

/* ---- operators ---- */

static void check_logic(checker *c, expr_node *node) {
  static const char *const takers[] = {
      [EXPR_OR] = "`or`", [EXPR_AND] = "`and`", [EXPR_NOT] = "`not`"};
  for (size_t i = 0; i < node->count; i++)
    if (!require(c, &node->items[i], UPK_TYPE_BOOL, takers[node->kind]))
      node->wrong = true;
  node->type = UPK_TYPE_BOOL;
}

static void check_is(checker *c, expr_node *node) {
  node->type = UPK_TYPE_BOOL;
  node->wrong =
      node->op == EXPR_TOKEN_NULL
          ? any_wrong(node)
          : !require(c, &node->items[0], UPK_TYPE_BOOL,
                     node->op == EXPR_TOKEN_TRUE ? "`is true`" : "`is false`");
}

static void warn_null(checker *c, const expr_node *node) {
  for (size_t i = 0; i < 2; i++) {
    const expr_node *item = node->items[i];
    if (item->kind != EXPR_LITERAL || !item->is_null)
      continue;
    upk_diag *diag =
        report(c, 1121, item, "a comparison with null is never true");
    help(c, diag,
         node->op == EXPR_TOKEN_NE ? "write `is not null`" : "write `is null`");
    return;
  }
}

/* Whether < and its kin make sense; reports. */
static bool check_order(checker *c, const expr_node *node, upk_type type,
                        bool equality) {
  bool right = type == UPK_TYPE_NULL || expr_is_ordered(type) ||
               (equality && type == UPK_TYPE_BOOL);
  if (right)
    return true;
  upk_diag *diag = expr_report(c->context, 1120, node->start, node->end,
                               "%s has no %s", expr_type_phrase(type),
                               equality ? "equality" : "less and more");
  if (type == UPK_TYPE_BOOL)
    help(c, diag, "write the bool alone, or `not` before it");
  else
    help(c, diag, "test an item of it, such as `'so' in list`");
  return false;
}

static void check_comparison(checker *c, expr_node *node) {
  bool parts_wrong = any_wrong(node);
  node->wrong |= parts_wrong;
  node->type = UPK_TYPE_BOOL;
  if (node->wrong)
    return;
  upk_type type;
  expr_node *leader, *wrong = unify(c, node, 0, 1, &type, &leader);
  node->wrong |= wrong != NULL;
  bool equality = node->kind == EXPR_IN ||
                  (node->kind == EXPR_COMPARE &&
                   (node->op == EXPR_TOKEN_EQ || node->op == EXPR_TOKEN_NE));
  if (wrong)
    report_mismatch(c, 1104, "compared with", leader, wrong);
  else if (!check_order(c, node, type, equality))
    node->wrong = true;
  else if (node->kind == EXPR_COMPARE)
    warn_null(c, node);
}

/* in list: one item that is a list; else like a row of comparisons. */
static void check_in(checker *c, expr_node *node) {
  bool list = node->count == 2 && node->items[1]->type == UPK_TYPE_LIST &&
              !any_wrong(node);
  if (!list) {
    check_comparison(c, node);
    return;
  }
  node->type = UPK_TYPE_BOOL;
  node->wrong |= !require(c, &node->items[0], UPK_TYPE_TEXT, "`in` of a list");
}

static void check_pattern(checker *c, expr_node *node) {
  expr_node *pattern = node->items[1];
  node->type = UPK_TYPE_BOOL;
  bool like = node->kind == EXPR_LIKE;
  const char *taker = like ? "`like`" : "`~`";
  for (size_t i = 0; i < 2; i++)
    if (!require(c, &node->items[i], UPK_TYPE_TEXT, taker))
      node->wrong = true;
  if (node->wrong || pattern->is_null)
    return;
  bool literal = pattern->kind == EXPR_LITERAL;
  expr_regex_error error = {0, "nothing follows the backslash"};
  if (like && literal) {
    upk_str text = pattern->value.text;
    size_t slashes = 0;
    while (slashes < text.len && text.data[text.len - 1 - slashes] == '\\')
      slashes++;
    error.offset = text.len - 1;
    node->wrong = slashes % 2;
  } else if (!like && !literal) {
    node->wrong = true;
    upk_diag *diag =
        report(c, 1115, pattern, "the pattern after `~` is not a literal text");
    help(c, diag, "write the pattern out, or use `like`");
    return;
  } else if (!like)
    node->wrong =
        !expr_regex_compile(c->context->arena, pattern->value.text, &error);
  if (node->wrong)
    expr_report(c->context, 1114, pattern->start, pattern->end,
                "in the pattern, at character %zu: %s", error.offset + 1,
                error.text);
}

/* An int literal beside a ratio, in a product, is a ratio: 2 * bloat_ratio. */
static void bend_factor(expr_node *item, const expr_node *other) {
  if (is_literal(item, UPK_TYPE_INT) && other->type == UPK_TYPE_RATIO &&
      item->value.integer <= INT64_MAX / EXPR_SHARE &&
      item->value.integer >= -(INT64_MAX / EXPR_SHARE)) {
    item->type = UPK_TYPE_RATIO;
    item->value.integer *= EXPR_SHARE;
  }
}

static void report_arithmetic(checker *c, const expr_node *node) {
  const expr_node *left = node->items[0], *right = node->items[1];
  upk_diag *diag =
      expr_report(c->context, 1105, left->start, left->end,
                  "`%c` has no meaning between %s and %s", node->op,
                  expr_type_phrase(left->type), expr_type_phrase(right->type));
  label_type(c, diag, left);
  label_type(c, diag, right);
  bool sum = node->op == '+' || node->op == '-';
  if (sum && expr_is_number(left->type) && right->kind == EXPR_LITERAL)
    help_literal(c, diag, left->type, right);
}

static void check_arithmetic(checker *c, expr_node *node) {
  expr_node *left = node->items[0], *right = node->items[1], *leader;
  node->wrong = any_wrong(node);
  if (node->wrong)
    return;
  char sign = (char)node->op;
  int64_t scale;
  upk_type both;
  if (sign == '/' && right->kind == EXPR_LITERAL && !right->is_null &&
      expr_is_number(right->type) && right->value.integer == 0) {
    upk_diag *diag = report(c, 1125, right, "division by zero");
    help(c, diag, "the result is always unknown");
  }
  if (left->type == UPK_TYPE_NULL || right->type == UPK_TYPE_NULL)
    return; /* null, of no type */
  bool times =
      left->type == UPK_TYPE_TIMESTAMP || right->type == UPK_TYPE_TIMESTAMP;
  bool sum = sign == '+' || sign == '-';
  if (sum && !times && expr_is_number(left->type) &&
      expr_is_number(right->type))
    unify(c, node, 0, 1, &both, &leader); /* reported below when it fails */
  else if (sign == '*' || (sign == '/' && left->type == UPK_TYPE_INT)) {
    bend_factor(left, right);
    bend_factor(right, left);
  }
  node->wrong =
      !expr_arithmetic(sign, left->type, right->type, &node->type, &scale);
  if (node->wrong)
    report_arithmetic(c, node);
}

static bool check_number(checker *c, expr_node *node, const char *taker) {
  const expr_node *item = node->items[0];
  node->type = item->type;
  if (item->wrong || item->type == UPK_TYPE_NULL || expr_is_number(item->type))
    return !item->wrong;
  upk_str name = excerpt(c, item);
  upk_diag *diag =
      expr_report(c->context, 1106, item->start, item->end,
                  "`%.*s` is %s, but %s takes a number", UPK_FMT(name),
                  expr_type_phrase(item->type), taker);
  label_type(c, diag, item);
  return false;
}

/* ---- case and functions ---- */

static void check_branches(checker *c, expr_node *node, size_t step) {
  expr_node *leader, *wrong = NULL;
  if (!node->wrong)
    wrong = unify(c, node, 0, step, &node->type, &leader);
  if (wrong) {
    node->wrong = true;
    report_mismatch(c, 1119, "an alternative to", leader, wrong);
  }
}

static void check_case(checker *c, expr_node *node) {
  for (size_t i = 1; i < node->count; i += 2)
    if (!require(c, &node->items[i], UPK_TYPE_BOOL, "`when`"))
      node->wrong = true;
  node->wrong |= any_wrong(node);
  check_branches(c, node, 2);
}

static void become_literal(expr_node *node, upk_type type) {
  node->kind = EXPR_LITERAL;
  node->is_null = node->items[0]->is_null;
  node->value = node->items[0]->value;
  node->typed = type == UPK_TYPE_INT;
  node->type = type;
  node->count = 0;
}

/* -int(5) is int(-5). */
static void check_negate(checker *c, expr_node *node) {
  const expr_node *item = node->items[0];
  node->wrong = !check_number(c, node, "the sign `-`");
  if (!node->wrong && item->kind == EXPR_LITERAL && item->typed) {
    become_literal(node, item->type);
    node->value.integer = -node->value.integer;
  }
}

/* per_day(5), per_day(10GiB), int(5): literals become literals. */
static void check_relabel(checker *c, expr_node *node) {
  bool rate = node->op == EXPR_FUNCTION_PER_DAY;
  bool bytes = rate && node->items[0]->type == UPK_TYPE_BYTES;
  if (!bytes)
    node->wrong |= !require(c, &node->items[0], UPK_TYPE_INT,
                            rate ? "`per_day`" : "`int`");
  if (node->wrong)
    return;
  node->type = bytes ? UPK_TYPE_BYTE_RATE : rate ? UPK_TYPE_RATE : UPK_TYPE_INT;
  if (node->items[0]->kind == EXPR_LITERAL && !node->items[0]->is_null)
    become_literal(node, node->type);
}

static void check_length(checker *c, expr_node *node) {
  node->wrong |= node->items[0]->type != UPK_TYPE_LIST &&
                 !require(c, &node->items[0], UPK_TYPE_TEXT, "`length`");
  node->type = UPK_TYPE_INT;
}

static void check_call(checker *c, expr_node *node) {
  node->wrong |= any_wrong(node);
  if (node->wrong)
    return;
  switch ((expr_function)node->op) {
  case EXPR_FUNCTION_COALESCE:
    check_branches(c, node, 1);
    break;
  case EXPR_FUNCTION_MIN:
  case EXPR_FUNCTION_MAX:
    check_branches(c, node, 1);
    node->wrong = node->wrong || !check_order(c, node, node->type, false);
    break;
  case EXPR_FUNCTION_ABS:
    node->wrong = !check_number(c, node, "`abs`");
    break;
  case EXPR_FUNCTION_LENGTH:
    check_length(c, node);
    break;
  case EXPR_FUNCTION_LOWER:
    node->wrong = !require(c, &node->items[0], UPK_TYPE_TEXT, "`lower`");
    node->type = UPK_TYPE_TEXT;
    break;
  case EXPR_FUNCTION_STARTS_WITH:
    for (size_t i = 0; i < 2; i++)
      node->wrong |=
          !require(c, &node->items[i], UPK_TYPE_TEXT, "`starts_with`");
    node->type = UPK_TYPE_BOOL;
    break;
  case EXPR_FUNCTION_PER_DAY:
  case EXPR_FUNCTION_INT:
    check_relabel(c, node);
    break;
  case EXPR_FUNCTION_COUNT:
    break;
  }
}

static void check(checker *c, expr_node *node) {
  for (size_t i = 0; i < node->count; i++)
    check(c, node->items[i]);
  switch (node->kind) {
  case EXPR_WRONG:
  case EXPR_LITERAL:
  case EXPR_TO_VERSION:
    break;
  case EXPR_NAME:
    check_name(c, node);
    break;
  case EXPR_OR:
  case EXPR_AND:
  case EXPR_NOT:
    check_logic(c, node);
    break;
  case EXPR_IS:
    check_is(c, node);
    break;
  case EXPR_COMPARE:
  case EXPR_BETWEEN:
    check_comparison(c, node);
    break;
  case EXPR_IN:
    check_in(c, node);
    break;
  case EXPR_LIKE:
  case EXPR_MATCH:
    check_pattern(c, node);
    break;
  case EXPR_ARITHMETIC:
    check_arithmetic(c, node);
    break;
  case EXPR_NEGATE:
    check_negate(c, node);
    break;
  case EXPR_CASE:
    check_case(c, node);
    break;
  case EXPR_CALL:
    check_call(c, node);
    break;
  }
}

void expr_check(expr_context *context, const upk_scope *scope,
                const expr_uses *uses, expr_node *root, upk_type expected,
                expr_names *ret_names) {
  static const upk_scope nothing = {0};
  checker c = {.context = context,
               .scope = scope ? scope : &nothing,
               .uses = uses,
               .names = ret_names};
  bool complete = context->failures == 0; /* else a part may be missing */
  upk_map_init(&c.name_numbers, context->arena);
  check(&c, root);
  root->wrong |= !complete;
  if (root->wrong || expected == UPK_TYPE_NULL || fit(root, expected, false)) {
    if (!root->wrong && expected != UPK_TYPE_NULL)
      fit(root, expected, true);
    return;
  }
  upk_diag *diag =
      expr_report(context, 1118, root->start, root->end,
                  "the expression is %s, but %s is needed",
                  expr_type_phrase(root->type), expr_type_phrase(expected));
  label_type(&c, diag, root);
  if (expected == UPK_TYPE_BOOL && expr_is_number(root->type))
    help(&c, diag, "compare it with a limit, such as `<= ...`");
  root->wrong = true;
}
