/* Compiling, and running the code over columns and over one row. */
#include <string.h>

#include "expr/program.h"
#include "quote.h"

/* Reports what makes the text no expression at all. */
static bool is_sound(expr_context *context) {
  size_t end = context->text.len;
  if (end > EXPR_MAX_TEXT)
    expr_report(context, 1117, 0, 1,
                "the expression is %zu bytes long; at most %d are read", end,
                EXPR_MAX_TEXT);
  else if (end && !upk_utf8_valid(context->text))
    expr_report(context, 1123, 0, end, "the expression is not UTF-8 text");
  return context->failures == 0;
}

upk_expr *upk_expr_compile(upk_arena *arena, upk_str text, upk_span origin,
                           const upk_scope *scope, upk_type expected,
                           upk_diags *diags) {
  expr_context context = {arena, text, origin, diags, 0};
  expr_uses uses = {0};
  if (!is_sound(&context))
    return NULL;
  upk_expr *expr = UPK_NEW(arena, upk_expr);
  expr->root = expr_parse(&context, &uses);
  expr_check(&context, scope, &uses, expr->root, expected, &expr->names);
  if (context.failures)
    return NULL;
  expr->type = expr->root->type == UPK_TYPE_NULL ? expected : expr->root->type;
  expr_emit(arena, expr);
  return expr;
}

bool upk_expr_parses(upk_arena *arena, upk_str text, upk_span origin,
                     upk_diags *diags) {
  expr_context context = {arena, text, origin, diags, 0};
  expr_uses uses = {0};
  if (is_sound(&context))
    expr_parse(&context, &uses);
  return context.failures == 0;
}

upk_type upk_expr_type(const upk_expr *expr) { return expr->type; }

size_t upk_expr_names(const upk_expr *expr, const upk_expr_name **ret_names) {
  *ret_names = expr->names.items;
  return expr->names.len;
}

void expr_run(expr_frame *frame, size_t begin, size_t end) {
  const expr_kernel *kernels = expr_kernels();
  const expr_insn *code = frame->expr->code.items;
  for (size_t i = begin; i < end; i++)
    kernels[code[i].op](frame, &code[i]);
}

upk_arena *expr_frame_arena(expr_frame *frame) {
  if (!frame->arena) {
    frame->arena = upk_arena_new(NULL);
    frame->own_arena = true;
  }
  return frame->arena;
}

/* ---- many rows ---- */

static void count_faults(const uint8_t *null, size_t first, size_t count,
                         upk_expr_faults *faults) {
  for (size_t row = 0; row < count; row++) {
    if (null[row] <= EXPR_NULL)
      continue;
    if (faults->overflows + faults->zero_divisions == 0)
      faults->first_row = first + row;
    faults->overflows += (null[row] & EXPR_OVERFLOW) != 0;
    faults->zero_divisions += (null[row] & EXPR_ZERO_DIVISION) != 0;
  }
}

/* Where results go; two of three are NULL. */
typedef struct results {
  int64_t *integers;
  upk_str *texts;
  upk_list *lists;
  uint8_t *null;
} results;

static void store_integers(const expr_register *from, int64_t *to,
                           const uint8_t *null, size_t count) {
  for (size_t row = 0; row < count; row++)
    to[row] = null[row] ? 0 : from->integers[row];
}

static void store_truths(const expr_register *from, int64_t *to,
                         const uint8_t *null, size_t count) {
  for (size_t row = 0; row < count; row++)
    to[row] = from->truths[row] & (null[row] ^ 1);
}

static void store(const expr_frame *frame, const results *to, size_t offset) {
  const expr_register *from = &frame->registers[0];
  uint8_t *null = to->null + offset;
  for (size_t row = 0; from->null && row < frame->count; row++)
    null[row] = from->null[row] != 0;
  if (to->integers && frame->expr->type == UPK_TYPE_BOOL && from->truths)
    store_truths(from, to->integers + offset, null, frame->count);
  else if (to->integers && from->integers)
    store_integers(from, to->integers + offset, null, frame->count);
  for (size_t row = 0; to->texts && row < frame->count; row++)
    if (!null[row])
      to->texts[offset + row] = from->texts[row];
  for (size_t row = 0; to->lists && row < frame->count; row++)
    if (!null[row])
      to->lists[offset + row] = from->lists[row];
}

void upk_expr_eval(const upk_expr *expr, const upk_column *columns,
                   size_t first, size_t count, upk_arena *arena,
                   upk_column *ret_result, upk_expr_faults *faults) {
  results to = {.null = UPK_NEW_ARRAY(arena, uint8_t, count + 1)};
  if (expr->type == UPK_TYPE_TEXT)
    to.texts = UPK_NEW_ARRAY(arena, upk_str, count + 1);
  else if (expr->type == UPK_TYPE_LIST)
    to.lists = UPK_NEW_ARRAY(arena, upk_list, count + 1);
  else
    to.integers = UPK_NEW_ARRAY(arena, int64_t, count + 1);
  size_t room = count < EXPR_CHUNK_ROWS ? count : EXPR_CHUNK_ROWS;
  expr_frame frame = {
      .expr = expr, .columns = columns, .capacity = room, .arena = arena};
  frame.registers = UPK_NEW_ARRAY(arena, expr_register, expr->register_count);
  for (size_t done = 0; done < count; done += frame.count) {
    frame.first = first + done;
    frame.count = count - done < room ? count - done : room;
    expr_run(&frame, 0, expr->code.len);
    store(&frame, &to, done);
    if (faults && frame.registers[0].null)
      count_faults(frame.registers[0].null, frame.first, frame.count, faults);
  }
  *ret_result = (upk_column){.type = expr->type,
                             .integers = to.integers,
                             .texts = to.texts,
                             .lists = to.lists,
                             .null = to.null};
}

/* ---- one row ---- */

void expr_row_open(expr_row *row, const upk_expr *expr,
                   const upk_column *columns, size_t number) {
  row->frame = (expr_frame){.expr = expr,
                            .columns = columns,
                            .first = number,
                            .count = 1,
                            .capacity = 1,
                            .registers = row->few};
  if (expr->register_count <= EXPR_ROW_REGISTERS)
    return;
  row->frame.registers = UPK_NEW_ARRAY(expr_frame_arena(&row->frame),
                                       expr_register, expr->register_count);
}

void expr_row_close(expr_row *row) {
  if (row->frame.own_arena)
    upk_arena_free(row->frame.arena);
}

void expr_row_value(expr_row *row, const expr_node *node,
                    upk_column *ret_value) {
  expr_run(&row->frame, node->code_begin, node->code_end);
  expr_register *from = &row->frame.registers[node->reg];
  if (node->type == UPK_TYPE_BOOL && from->truths) {
    from->cell_integer = from->truths[0];
    from->integers = &from->cell_integer;
  }
  *ret_value = (upk_column){.type = node->type,
                            .integers = from->integers,
                            .texts = from->texts,
                            .lists = from->lists,
                            .null = from->null};
}

upk_truth upk_expr_truth(const upk_expr *expr, const upk_column *columns,
                         size_t row) {
  expr_row one;
  upk_column value;
  expr_row_open(&one, expr, columns, row);
  expr_row_value(&one, expr->root, &value);
  upk_truth truth = UPK_UNKNOWN;
  if (expr->type == UPK_TYPE_BOOL && !(value.null && value.null[0]))
    truth = value.integers[0] ? UPK_TRUE : UPK_FALSE;
  expr_row_close(&one);
  return truth;
}
