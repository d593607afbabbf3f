/* Tree to code. Registers are a stack: a node's code leaves its value in the
 * register that was free when it began, and uses only those above; so any
 * part can be run alone. */
#include <stdlib.h>
#include <string.h>

#include "expr/program.h"

typedef struct emitter {
  upk_arena *arena;
  upk_expr *expr;
} emitter;

static void emit(emitter *e, expr_node *node, uint16_t dest);

static void add(emitter *e, expr_op op, uint16_t dest, uint16_t left,
                uint16_t right, uint32_t extra) {
  *UPK_PUSH(e->arena, &e->expr->code) =
      (expr_insn){(uint16_t)op, dest, left, right, extra};
}

/* The next register; counts how many are needed. */
static uint16_t above(emitter *e, uint16_t dest) {
  uint16_t next = (uint16_t)(dest + 1);
  if ((size_t)next + 1 > e->expr->register_count)
    e->expr->register_count = (size_t)next + 1;
  return next;
}

static uint32_t add_constant(emitter *e, const expr_constant *constant) {
  *UPK_PUSH(e->arena, &e->expr->constants) = *constant;
  return (uint32_t)(e->expr->constants.len - 1);
}

static void emit_null(emitter *e, uint16_t dest) {
  expr_constant null = {.is_null = true};
  add(e, EXPR_OP_CONSTANT, dest, 0, 0, add_constant(e, &null));
}

static void emit_literal(emitter *e, const expr_node *node, uint16_t dest) {
  expr_constant constant = {
      .type = node->type, .is_null = node->is_null, .value = node->value};
  add(e, EXPR_OP_CONSTANT, dest, 0, 0, add_constant(e, &constant));
}

static uint32_t number_constant(emitter *e, int64_t number) {
  expr_constant constant = {.type = UPK_TYPE_INT, .value.integer = number};
  return add_constant(e, &constant);
}

/* left into dest, right above it, and the operation on both. */
static void emit_two(emitter *e, expr_op op, expr_node *const *items,
                     uint16_t dest, uint32_t extra) {
  uint16_t right = above(e, dest);
  emit(e, items[0], dest);
  emit(e, items[1], right);
  add(e, op, dest, dest, right, extra);
}

/* All items into dest, one after the other. */
static void emit_fold(emitter *e, expr_op op, const expr_node *node,
                      uint16_t dest) {
  emit(e, node->items[0], dest);
  for (size_t i = 1; i < node->count; i++) {
    uint16_t right = above(e, dest);
    emit(e, node->items[i], right);
    add(e, op, dest, dest, right, 0);
  }
}

static void emit_one(emitter *e, expr_op op, expr_node *item, uint16_t dest) {
  emit(e, item, dest);
  add(e, op, dest, dest, 0, 0);
}

static bool is_text(const expr_node *node) {
  return node->type == UPK_TYPE_TEXT;
}

static bool any_item(const expr_node *node, upk_type type) {
  for (size_t i = 0; i < node->count; i++)
    if (node->items[i]->type == type)
      return true;
  return false;
}

static expr_op comparison_op(const expr_node *node, int token) {
  static const expr_op numbers[] = {
      [EXPR_TOKEN_EQ] = EXPR_OP_EQ, [EXPR_TOKEN_NE] = EXPR_OP_NE,
      [EXPR_TOKEN_LT] = EXPR_OP_LT, [EXPR_TOKEN_LE] = EXPR_OP_LE,
      [EXPR_TOKEN_GT] = EXPR_OP_GT, [EXPR_TOKEN_GE] = EXPR_OP_GE};
  if (any_item(node, UPK_TYPE_BOOL))
    return token == EXPR_TOKEN_EQ ? EXPR_OP_TRUTH_EQ : EXPR_OP_TRUTH_NE;
  bool text = any_item(node, UPK_TYPE_TEXT);
  return (expr_op)(numbers[token] + (text ? EXPR_OP_TEXT_EQ - EXPR_OP_EQ : 0));
}

static void emit_between(emitter *e, const expr_node *node, uint16_t dest) {
  uint16_t low = above(e, dest), high = above(e, low);
  emit(e, node->items[0], dest);
  emit(e, node->items[1], low);
  add(e, comparison_op(node, EXPR_TOKEN_GE), low, dest, low, 0);
  emit(e, node->items[2], high);
  add(e, comparison_op(node, EXPR_TOKEN_LE), high, dest, high, 0);
  add(e, EXPR_OP_AND, dest, low, high, 0);
}

static int compare_numbers(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static int compare_texts(const void *a, const void *b) {
  return upk_str_compare(*(const upk_str *)a, *(const upk_str *)b);
}

static bool all_literal(const expr_node *node) {
  for (size_t i = 1; i < node->count; i++)
    if (node->items[i]->kind != EXPR_LITERAL)
      return false;
  return true;
}

static void emit_in_set(emitter *e, const expr_node *node, uint16_t dest) {
  bool text = is_text(node->items[0]);
  int64_t *numbers = UPK_NEW_ARRAY(e->arena, int64_t, node->count);
  upk_str *texts = UPK_NEW_ARRAY(e->arena, upk_str, node->count);
  expr_constant set = {.numbers = numbers, .texts = texts};
  for (size_t i = 1; i < node->count; i++) {
    set.has_null |= node->items[i]->is_null;
    if (node->items[i]->is_null)
      continue;
    numbers[set.count] = node->items[i]->value.integer;
    texts[set.count++] = node->items[i]->value.text;
  }
  if (text)
    qsort(texts, set.count, sizeof *texts, compare_texts);
  else
    qsort(numbers, set.count, sizeof *numbers, compare_numbers);
  emit(e, node->items[0], dest);
  add(e, text ? EXPR_OP_IN_TEXTS : EXPR_OP_IN_NUMBERS, dest, dest, 0,
      add_constant(e, &set));
}

/* x = a or x = b ..., with x computed once. */
static void emit_in_any(emitter *e, const expr_node *node, uint16_t dest) {
  uint16_t found = above(e, dest), item = above(e, found);
  expr_op equal = comparison_op(node, EXPR_TOKEN_EQ);
  emit(e, node->items[0], dest);
  for (size_t i = 1; i < node->count; i++) {
    uint16_t to = i == 1 ? found : item;
    emit(e, node->items[i], to);
    add(e, equal, to, dest, to, 0);
    if (i > 1)
      add(e, EXPR_OP_OR, found, found, item, 0);
  }
  add(e, EXPR_OP_OR, dest, found, found, 0);
}

static void emit_in(emitter *e, const expr_node *node, uint16_t dest) {
  if (node->count == 2 && node->items[1]->type == UPK_TYPE_LIST)
    emit_two(e, EXPR_OP_IN_LIST, node->items, dest, 0);
  else if (all_literal(node) &&
           (node->count == 1 || !any_item(node, UPK_TYPE_BOOL)))
    emit_in_set(e, node, dest);
  else
    emit_in_any(e, node, dest);
}

static void emit_match(emitter *e, const expr_node *node, uint16_t dest) {
  const expr_node *pattern = node->items[1];
  emit(e, node->items[0], dest);
  if (pattern->is_null) {
    emit_null(e, dest);
    return;
  }
  expr_regex_error error;
  expr_constant constant = {
      .regex = expr_regex_compile(e->arena, pattern->value.text, &error)};
  add(e, EXPR_OP_MATCH, dest, dest, 0, add_constant(e, &constant));
}

static void emit_arithmetic(emitter *e, const expr_node *node, uint16_t dest) {
  upk_type type;
  int64_t scale;
  if (!expr_arithmetic((char)node->op, node->items[0]->type,
                       node->items[1]->type, &type, &scale)) {
    /* An operand is null, of no type; both have code, to be told about. */
    emit(e, node->items[0], dest);
    emit(e, node->items[1], dest);
    emit_null(e, dest);
    return;
  }
  switch (node->op) {
  case '+':
    emit_two(e, EXPR_OP_ADD, node->items, dest, 0);
    break;
  case '-':
    emit_two(e, EXPR_OP_SUBTRACT, node->items, dest, 0);
    break;
  case '*':
    emit_two(e, scale == 1 ? EXPR_OP_MULTIPLY : EXPR_OP_MULTIPLY_SCALED,
             node->items, dest, number_constant(e, scale));
    break;
  default:
    emit_two(e, EXPR_OP_DIVIDE_SCALED, node->items, dest,
             number_constant(e, scale));
    break;
  }
}

/* From the last condition to the first, so that the first that holds wins. */
static void emit_case(emitter *e, const expr_node *node, uint16_t dest) {
  uint16_t condition = above(e, dest), result = above(e, condition);
  emit(e, node->items[0], dest);
  for (size_t i = node->count - 1; i > 1; i -= 2) {
    emit(e, node->items[i - 1], condition);
    emit(e, node->items[i], result);
    add(e, EXPR_OP_SELECT, dest, condition, result, dest);
  }
}

static void emit_call(emitter *e, const expr_node *node, uint16_t dest) {
  switch ((expr_function)node->op) {
  case EXPR_FUNCTION_COALESCE:
    emit_fold(e, EXPR_OP_COALESCE, node, dest);
    break;
  case EXPR_FUNCTION_MIN:
    emit_fold(e, is_text(node) ? EXPR_OP_TEXT_LEAST : EXPR_OP_LEAST, node,
              dest);
    break;
  case EXPR_FUNCTION_MAX:
    emit_fold(e, is_text(node) ? EXPR_OP_TEXT_GREATEST : EXPR_OP_GREATEST, node,
              dest);
    break;
  case EXPR_FUNCTION_ABS:
    emit_one(e, EXPR_OP_ABSOLUTE, node->items[0], dest);
    break;
  case EXPR_FUNCTION_LOWER:
    emit_one(e, EXPR_OP_LOWER, node->items[0], dest);
    break;
  case EXPR_FUNCTION_LENGTH:
    emit_one(e,
             node->items[0]->type == UPK_TYPE_LIST ? EXPR_OP_COUNT_ITEMS
                                                   : EXPR_OP_LENGTH,
             node->items[0], dest);
    break;
  case EXPR_FUNCTION_STARTS_WITH:
    emit_two(e, EXPR_OP_STARTS_WITH, node->items, dest, 0);
    break;
  case EXPR_FUNCTION_PER_DAY:
  case EXPR_FUNCTION_INT:
    emit(e, node->items[0], dest);
    break;
  case EXPR_FUNCTION_COUNT:
    break;
  }
}

static void emit_node(emitter *e, expr_node *node, uint16_t dest) {
  switch (node->kind) {
  case EXPR_WRONG:
    break;
  case EXPR_LITERAL:
    emit_literal(e, node, dest);
    break;
  case EXPR_NAME:
    add(e, EXPR_OP_LOAD, dest, 0, 0, node->name);
    break;
  case EXPR_OR:
    emit_fold(e, EXPR_OP_OR, node, dest);
    break;
  case EXPR_AND:
    emit_fold(e, EXPR_OP_AND, node, dest);
    break;
  case EXPR_NOT:
    emit_one(e, EXPR_OP_NOT, node->items[0], dest);
    break;
  case EXPR_IS:
    emit_one(e,
             node->op == EXPR_TOKEN_NULL   ? EXPR_OP_IS_NULL
             : node->op == EXPR_TOKEN_TRUE ? EXPR_OP_IS_TRUE
                                           : EXPR_OP_IS_FALSE,
             node->items[0], dest);
    break;
  case EXPR_COMPARE:
    emit_two(e, comparison_op(node, node->op), node->items, dest, 0);
    break;
  case EXPR_BETWEEN:
    emit_between(e, node, dest);
    break;
  case EXPR_IN:
    emit_in(e, node, dest);
    break;
  case EXPR_LIKE:
    emit_two(e, node->op == EXPR_TOKEN_LIKE ? EXPR_OP_LIKE : EXPR_OP_ILIKE,
             node->items, dest, 0);
    break;
  case EXPR_MATCH:
    emit_match(e, node, dest);
    break;
  case EXPR_ARITHMETIC:
    emit_arithmetic(e, node, dest);
    break;
  case EXPR_NEGATE:
    emit_one(e, EXPR_OP_NEGATE, node->items[0], dest);
    break;
  case EXPR_CASE:
    emit_case(e, node, dest);
    break;
  case EXPR_CALL:
    emit_call(e, node, dest);
    break;
  case EXPR_TO_VERSION:
    emit_one(e, EXPR_OP_PARSE_VERSION, node->items[0], dest);
    break;
  }
}

static void emit(emitter *e, expr_node *node, uint16_t dest) {
  node->code_begin = (uint32_t)e->expr->code.len;
  node->reg = dest;
  emit_node(e, node, dest);
  /* null of no type serves as every type, which only CONSTANT's does */
  if (node->type == UPK_TYPE_NULL && node->kind != EXPR_LITERAL &&
      node->kind != EXPR_NAME)
    emit_null(e, dest);
  node->code_end = (uint32_t)e->expr->code.len;
}

void expr_emit(upk_arena *arena, upk_expr *expr) {
  emitter e = {arena, expr};
  expr->register_count = 1;
  emit(&e, expr->root, 0);
}
