/* What operators mean between dimensions, and how types are called. */
#include "expr/tree.h"

typedef struct rule {
  char sign;
  upk_type left, right, result;
  int64_t scale;
} rule;

#define SHARE EXPR_SHARE
#define DAY EXPR_DAY_US
static const rule rules[] = {
#define X(sign, left, right, result, scale)                                    \
  {sign, UPK_TYPE_##left, UPK_TYPE_##right, UPK_TYPE_##result, scale},
#include "expr/arithmetic.def"
#undef X
};
#undef SHARE
#undef DAY

typedef struct type_words {
  bool number, ordered;
  const char *phrase, *example;
} type_words;
static const type_words types[] = {
    [UPK_TYPE_NULL] = {false, false, "null", "null"},
    [UPK_TYPE_BOOL] = {false, false, "a bool", "true or false"},
    [UPK_TYPE_INT] = {true, true, "an int", "a whole number such as 1000"},
    [UPK_TYPE_RATIO] = {true, true, "a ratio", "a percentage such as 30%"},
    [UPK_TYPE_RATE] = {true, true, "a rate", "a number per day such as 5"},
    [UPK_TYPE_BYTE_RATE] = {true, true, "a byte_rate",
                            "a size per day such as per_day(1GiB)"},
    [UPK_TYPE_BYTES] = {true, true, "bytes", "a size such as 64MiB"},
    [UPK_TYPE_DURATION] = {true, true, "a duration",
                           "a duration such as 7d or 1h30m"},
    [UPK_TYPE_TIMESTAMP] = {false, true, "a timestamp",
                            "a time such as 2026-11-27T00:00Z"},
    [UPK_TYPE_TEXT] = {false, true, "a text", "a text such as 'so'"},
    [UPK_TYPE_VERSION] = {false, true, "a version", "a version such as v14.2"},
    [UPK_TYPE_LIST] = {false, false, "a list", "a test such as 'so' in list"},
};

static const struct {
  const char *name, *doc;
} names[] = {
#define X(id, text, doc) {text, doc},
    UPK_TYPE_TABLE(X)
#undef X
};

const char *upk_type_name(upk_type type) { return names[type].name; }

const char *upk_type_doc(upk_type type) { return names[type].doc; }

bool upk_type_find(upk_str name, upk_type *ret_type) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (upk_str_is(name, names[i].name)) {
      *ret_type = (upk_type)i;
      return true;
    }
  return false;
}

bool expr_is_number(upk_type type) { return types[type].number; }

bool expr_is_ordered(upk_type type) { return types[type].ordered; }

const char *expr_type_phrase(upk_type type) { return types[type].phrase; }

const char *expr_type_example(upk_type type) { return types[type].example; }

static bool sum_type(char sign, upk_type left, upk_type right,
                     upk_type *ret_type) {
  const upk_type time = UPK_TYPE_TIMESTAMP, span = UPK_TYPE_DURATION;
  if (left == right && (expr_is_number(left) || (left == time && sign == '-')))
    *ret_type = left == time ? span : left;
  else if (left == time && right == span)
    *ret_type = time;
  else if (sign == '+' && left == span && right == time)
    *ret_type = time;
  else
    return false;
  return true;
}

bool expr_arithmetic(char sign, upk_type left, upk_type right,
                     upk_type *ret_type, int64_t *ret_scale) {
  *ret_scale = 0;
  if (sign == '+' || sign == '-')
    return sum_type(sign, left, right, ret_type);
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    const rule *r = &rules[i];
    bool straight = r->left == left && r->right == right;
    bool turned = sign == '*' && r->left == right && r->right == left;
    if (r->sign != sign || !(straight || turned))
      continue;
    *ret_type = r->result;
    *ret_scale = r->scale;
    return true;
  }
  return false;
}

bool expr_literal_fits(int64_t value, upk_type type, int64_t *ret_value) {
  bool fits = expr_is_number(type) &&
              (value == 0 || type == UPK_TYPE_RATE || type == UPK_TYPE_INT ||
               (value == 1 && type == UPK_TYPE_RATIO));
  if (fits)
    *ret_value = type == UPK_TYPE_RATIO ? value * EXPR_SHARE : value;
  return fits;
}
