/* The compiled form of an expression, and the machine that runs it. */
#ifndef EXPR_PROGRAM_H
#define EXPR_PROGRAM_H

#include "expr/regex.h"
#include "expr/tree.h"

enum { EXPR_CHUNK_ROWS = 1024 };

typedef enum expr_op {
#define X(id, doc) EXPR_OP_##id,
#include "expr/ops.def"
#undef X
} expr_op;

typedef struct expr_insn {
  uint16_t op;
  uint16_t dest, left, right; /* registers */
  uint32_t extra;             /* what the row of ops.def says */
} expr_insn;

typedef struct expr_constant {
  upk_type type;
  bool is_null;
  expr_value value;
  const expr_regex *regex;
  /* Of IN: sorted, and whether a null stands among them. */
  const int64_t *numbers;
  const upk_str *texts;
  size_t count;
  bool has_null;
} expr_constant;

struct upk_expr {
  expr_node *root;
  upk_type type;
  expr_names names;
  UPK_VEC(expr_insn) code;
  UPK_VEC(expr_constant) constants;
  size_t register_count;
};

/* Fills code and constants from the checked tree. */
void expr_emit(upk_arena *arena, upk_expr *expr);

/* Null bytes inside the machine: a fault is a NULL that remembers why, so it
 * is counted only where it made the result unknown. */
enum { EXPR_NULL = 1, EXPR_OVERFLOW = 2, EXPR_ZERO_DIVISION = 4 };

/* A register: views of one chunk, and its own room for results. Truths are
 * bytes, 0 or 1, so that logic runs over many at once. Of the views the one of
 * the value's type is set; an all-null value has integers and truths. Nothing
 * reads a value whose null byte is set. */
typedef struct expr_register {
  const int64_t *integers;
  const uint8_t *truths;
  const upk_str *texts;
  const upk_list *lists;
  const uint8_t *null; /* NULL: none is */
  int64_t *own_integers;
  uint8_t *own_truths;
  upk_str *own_texts;
  upk_list *own_lists;
  uint8_t *own_null;
  /* room for one row */
  int64_t cell_integer;
  uint8_t cell_truth;
  upk_str cell_text;
  upk_list cell_list;
  uint8_t cell_null;
} expr_register;

typedef struct expr_frame {
  const upk_expr *expr;
  const upk_column *columns;
  size_t first, count; /* the rows of this chunk */
  size_t capacity;     /* rows of room; 1: the cells are used */
  expr_register *registers;
  upk_arena *arena; /* of texts made; NULL: made when needed */
  bool own_arena;
} expr_frame;

typedef void (*expr_kernel)(expr_frame *frame, const expr_insn *insn);
const expr_kernel *expr_kernels(void); /* by expr_op */
void expr_run(expr_frame *frame, size_t begin, size_t end);
upk_arena *expr_frame_arena(expr_frame *frame);

/* One row without an arena of the caller's. */
enum { EXPR_ROW_REGISTERS = 24 };
typedef struct expr_row {
  expr_frame frame;
  expr_register few[EXPR_ROW_REGISTERS];
} expr_row;
void expr_row_open(expr_row *row, const upk_expr *expr,
                   const upk_column *columns, size_t number);
void expr_row_close(expr_row *row);
/* The value of a part of the expression, as a one-row column that lives until
 * the next call; its null byte may hold fault bits. */
void expr_row_value(expr_row *row, const expr_node *node,
                    upk_column *ret_value);

#endif
