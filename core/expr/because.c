/* Why a condition has the truth it has on one row, in words. */
#include <string.h>

#include "expr/program.h"
#include "quote.h"
#include "timefmt.h"

enum { LONGEST_TEXT = 60 };

/* How values are written: rounded for people; at most two units; in full. */
typedef enum precision { HUMAN, SHORT, EXACT } precision;

typedef struct teller {
  const upk_expr *expr;
  expr_row row;
  upk_buf *out;
  size_t begin; /* of this text in out */
  bool *told;   /* names whose being unknown was said */
} teller;

static void tell(teller *t, const expr_node *node);

static void put(teller *t, const char *text) {
  upk_buf_str(t->out, upk_str_from(text));
}

static void separate(teller *t) {
  if (t->out->len > t->begin)
    put(t, ", ");
}

static upk_truth truth_of(teller *t, const expr_node *node) {
  upk_column value;
  expr_row_value(&t->row, node, &value);
  if (value.null && value.null[0])
    return UPK_UNKNOWN;
  return value.integers[0] ? UPK_TRUE : UPK_FALSE;
}

/* ---- values ---- */

/* At most two units: 7d3h. Less than what it is, never more. */
static void put_short_duration(int64_t us, upk_buf *out) {
  static const int64_t steps[] = {INT64_C(86400000000), INT64_C(3600000000),
                                  INT64_C(60000000), INT64_C(1000000)};
  static const int64_t grains[] = {INT64_C(3600000000), INT64_C(60000000),
                                   INT64_C(1000000), INT64_C(1000)};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (us >= steps[i] || us <= -steps[i]) {
      us -= us % grains[i];
      break;
    }
  upk_duration_format(us, out);
}

/* 64MiB is short enough as it is; 8066992B is "7.7 MiB". */
static void put_bytes(int64_t bytes, precision grain, upk_buf *out) {
  enum { SHORT_BYTES = 6, KIB = 1024 };
  size_t begin = out->len;
  upk_bytes_format(bytes, out);
  bool raw = (bytes >= KIB || bytes <= -KIB) && bytes % KIB != 0;
  if (grain == EXACT || (!raw && out->len - begin <= SHORT_BYTES))
    return;
  out->len = begin;
  upk_bytes_human(bytes, out);
}

/* One decimal of a percent, unless that leaves nothing. */
static void put_ratio(int64_t ppm, precision grain, upk_buf *out) {
  enum { TENTH_PPM = 1000 };
  int64_t rest = ppm % TENTH_PPM;
  int64_t up = rest >= TENTH_PPM / 2    ? TENTH_PPM
               : rest <= -TENTH_PPM / 2 ? -TENTH_PPM
                                        : 0;
  int64_t rounded = ppm - rest + up;
  if (ppm > INT64_MAX - TENTH_PPM || ppm < INT64_MIN + TENTH_PPM)
    rounded = ppm;
  upk_ratio_format(grain == HUMAN && rounded ? rounded : ppm, out);
}

static void put_duration(int64_t us, precision grain, upk_buf *out) {
  if (grain == EXACT)
    upk_duration_format(us, out);
  else if (grain == HUMAN && us >= 1000)
    upk_duration_human(us, out);
  else
    put_short_duration(us, out);
}

static void put_shown(upk_str text, upk_buf *out) {
  size_t end = text.len;
  if (end > LONGEST_TEXT)
    for (end = LONGEST_TEXT;
         end && ((unsigned char)text.data[end] & 0xC0) == 0x80; end--)
      ;
  upk_buf_char(out, '\'');
  upk_display_text((upk_str){text.data, end}, out);
  upk_buf_str(out, end < text.len ? UPK_STR("...'") : UPK_STR("'"));
}

static void put_value(const upk_column *value, precision grain, upk_buf *out) {
  bool null = value->null && value->null[0];
  if (null) {
    upk_buf_str(out, UPK_STR("unknown"));
    return;
  }
  switch (value->type) {
  case UPK_TYPE_TEXT:
    put_shown(value->texts[0], out);
    break;
  case UPK_TYPE_RATE:
    upk_buf_int(out, value->integers[0]);
    break;
  case UPK_TYPE_BYTES:
    put_bytes(value->integers[0], grain, out);
    break;
  case UPK_TYPE_BYTE_RATE:
    put_bytes(value->integers[0], grain, out);
    upk_buf_str(out, UPK_STR(" a day"));
    break;
  case UPK_TYPE_DURATION:
    put_duration(value->integers[0], grain, out);
    break;
  case UPK_TYPE_RATIO:
    put_ratio(value->integers[0], grain, out);
    break;
  default:
    upk_literal_print(value->type, value, 0, out);
    break;
  }
}

/* "bloat_ratio 41%", or the value alone for a literal. */
static void put_operand(teller *t, const expr_node *node, upk_str value) {
  if (node->kind != EXPR_LITERAL) {
    expr_node_print(t->expr, node, t->out);
    put(t, " ");
  }
  upk_buf_str(t->out, value);
}

static void render(teller *t, const expr_node *node, precision grain,
                   upk_buf *out) {
  upk_column value;
  out->len = 0;
  expr_row_value(&t->row, node, &value);
  put_value(&value, grain, out);
}

/* As `render`, but that sizes all have one form: 4MiB is "4.0 MiB" too. */
static void render_form(teller *t, const expr_node *node, precision grain,
                        upk_buf *out) {
  upk_column value;
  expr_row_value(&t->row, node, &value);
  bool null = value.null && value.null[0];
  if (grain != EXACT && value.type == UPK_TYPE_BYTES && !null)
    upk_bytes_human(value.integers[0], out);
  else
    put_value(&value, grain, out);
}

/* Whether two values look the same. */
static bool alike(teller *t, const expr_node *a, const expr_node *b,
                  precision grain) {
  upk_buf left = {0}, right = {0};
  render_form(t, a, grain, &left);
  render_form(t, b, grain, &right);
  bool equal = upk_str_equal(upk_buf_view(&left), upk_buf_view(&right));
  upk_buf_free(&left);
  upk_buf_free(&right);
  return equal;
}

/* The least precision that tells the first item from the others. */
static precision grain_for(teller *t, const expr_node *node) {
  precision grain = HUMAN;
  for (size_t i = 1; i < node->count && grain < EXACT;)
    if (alike(t, node->items[0], node->items[i], grain)) {
      grain++;
      i = 1;
    } else {
      i++;
    }
  return grain;
}

/* A limit stands as it would be written. */
static void render_operand(teller *t, const expr_node *node, precision grain,
                           upk_buf *out) {
  render(t, node, node->kind == EXPR_LITERAL ? EXACT : grain, out);
}

/* ---- what decides ---- */

static const char *turned(int op) {
  static const char *const opposites[] = {
      [EXPR_TOKEN_EQ] = "<>", [EXPR_TOKEN_NE] = "=",  [EXPR_TOKEN_LT] = ">=",
      [EXPR_TOKEN_LE] = ">",  [EXPR_TOKEN_GT] = "<=", [EXPR_TOKEN_GE] = "<"};
  return opposites[op];
}

static void tell_comparison(teller *t, const expr_node *node, bool truth) {
  upk_buf left = {0}, right = {0};
  precision grain = grain_for(t, node);
  render_operand(t, node->items[0], grain, &left);
  render_operand(t, node->items[1], grain, &right);
  put_operand(t, node->items[0], upk_buf_view(&left));
  upk_buf_printf(t->out, " %s ",
                 truth ? expr_token_text((expr_token_kind)node->op)
                       : turned(node->op));
  put_operand(t, node->items[1], upk_buf_view(&right));
  upk_buf_free(&left);
  upk_buf_free(&right);
}

/* The value, then the test as it is written: "engine 'x' not in ('a')". */
static void tell_predicate(teller *t, const expr_node *node, bool truth) {
  expr_node *items[] = {(expr_node *)(uintptr_t)node};
  expr_node opposite = {
      .kind = EXPR_NOT, .type = UPK_TYPE_BOOL, .items = items, .count = 1};
  upk_buf text = {0}, subject = {0}, value = {0};
  expr_node_print(t->expr, node->items[0], &subject);
  expr_node_print(t->expr, truth ? node : &opposite, &text);
  /* Items of `in` have no values of their own. */
  render(t, node->items[0],
         node->kind == EXPR_BETWEEN ? grain_for(t, node) : EXACT, &value);
  upk_str whole = upk_buf_view(&text);
  bool literal = node->items[0]->kind == EXPR_LITERAL;
  size_t head = subject.len;
  bool bracketed = whole.len && whole.data[0] == '(' &&
                   !(subject.len && subject.data[0] == '(');
  head += bracketed ? 2 : 0;
  upk_buf_add(t->out, whole.data, head);
  if (!literal) {
    put(t, " ");
    upk_buf_str(t->out, upk_buf_view(&value));
  }
  upk_buf_add(t->out, whole.data + head, whole.len - head);
  upk_buf_free(&text);
  upk_buf_free(&subject);
  upk_buf_free(&value);
}

/* "x is null", "duplicate_of is 'a'", "is_valid is false". */
static void tell_is(teller *t, const expr_node *node, bool truth) {
  upk_buf value = {0};
  render(t, node->items[0], HUMAN, &value);
  expr_node_print(t->expr, node->items[0], t->out);
  put(t, " is ");
  if (node->op == EXPR_TOKEN_NULL && truth)
    put(t, "null");
  else
    upk_buf_str(t->out, upk_buf_view(&value));
  upk_buf_free(&value);
}

/* Those of the items that have the truth of the whole. */
static void tell_items(teller *t, const expr_node *node, upk_truth truth) {
  for (size_t i = 0; i < node->count; i++)
    if (truth_of(t, node->items[i]) == truth)
      tell(t, node->items[i]);
}

static void tell_known(teller *t, const expr_node *node, upk_truth truth) {
  if (node->kind == EXPR_AND || node->kind == EXPR_OR) {
    tell_items(t, node, truth);
    return;
  }
  if (node->kind == EXPR_NOT) {
    tell(t, node->items[0]);
    return;
  }
  separate(t);
  switch (node->kind) {
  case EXPR_COMPARE:
    tell_comparison(t, node, truth == UPK_TRUE);
    break;
  case EXPR_IS:
    tell_is(t, node, truth == UPK_TRUE);
    break;
  case EXPR_BETWEEN:
  case EXPR_IN:
  case EXPR_LIKE:
  case EXPR_MATCH:
    tell_predicate(t, node, truth == UPK_TRUE);
    break;
  default:
    expr_node_print(t->expr, node, t->out);
    put(t, truth == UPK_TRUE ? " is true" : " is false");
    break;
  }
}

/* ---- what is unknown ---- */

static uint8_t null_of(teller *t, const expr_node *node) {
  upk_column value;
  if (node->kind == EXPR_LITERAL) /* some, as of `in`, have no code */
    return node->is_null ? EXPR_NULL : 0;
  expr_row_value(&t->row, node, &value);
  return value.null ? value.null[0] : 0;
}

static void tell_fault(teller *t, const expr_node *node, uint8_t null) {
  separate(t);
  expr_node_print(t->expr, node, t->out);
  put(t, null & EXPR_ZERO_DIVISION ? " divides by zero" : " is too large");
}

/* Goes down to the names, and the faults, that make a node unknown. */
static void tell_unknown(teller *t, const expr_node *node) {
  size_t begin = t->out->len;
  if (node->kind == EXPR_NAME) {
    if (t->told[node->name])
      return;
    t->told[node->name] = true;
    separate(t);
    expr_node_print(t->expr, node, t->out);
    put(t, " is unknown");
    return;
  }
  bool below = false;
  for (size_t i = 0; i < node->count; i++)
    if (null_of(t, node->items[i])) {
      tell_unknown(t, node->items[i]);
      below = true;
    }
  uint8_t null = null_of(t, node);
  if (below || t->out->len > begin)
    return;
  if (null > EXPR_NULL)
    tell_fault(t, node, null);
  else {
    separate(t);
    expr_node_print(t->expr, node, t->out);
    put(t, node->kind == EXPR_LITERAL ? " is never known" : " is unknown");
  }
}

static void tell(teller *t, const expr_node *node) {
  upk_truth truth = truth_of(t, node);
  if (truth == UPK_UNKNOWN)
    tell_unknown(t, node);
  else
    tell_known(t, node, truth);
}

void upk_expr_because(const upk_expr *expr, const upk_column *columns,
                      size_t row, upk_buf *out) {
  if (expr->type != UPK_TYPE_BOOL)
    return;
  teller t = {.expr = expr, .out = out, .begin = out->len};
  expr_row_open(&t.row, expr, columns, row);
  t.told =
      UPK_NEW_ARRAY(expr_frame_arena(&t.row.frame), bool, expr->names.len + 1);
  tell(&t, expr->root);
  expr_row_close(&t.row);
}
