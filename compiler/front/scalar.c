#include "front/scalar.h"

#include <string.h>

#include "timefmt.h"

/* ---- what YAML versions read differently ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static upk_str without_sign(upk_str text) {
  if (text.len > 1 && (text.data[0] == '-' || text.data[0] == '+'))
    return (upk_str){text.data + 1, text.len - 1};
  return text;
}

/* 012: octal in YAML 1.1, decimal in 1.2. */
static bool is_leading_zero(upk_str text) {
  text = without_sign(text);
  if (text.len < 2 || text.data[0] != '0')
    return false;
  for (size_t i = 0; i < text.len; i++)
    if (!is_digit(text.data[i]) && text.data[i] != '_')
      return false;
  return true;
}

/* 1:30: the number 90 in YAML 1.1, a text in 1.2. */
static bool is_sexagesimal(upk_str text) {
  text = without_sign(text);
  bool colon = false;
  if (text.len == 0 || !is_digit(text.data[0]) ||
      !is_digit(text.data[text.len - 1]))
    return false;
  for (size_t i = 0; i < text.len; i++) {
    if (!is_digit(text.data[i]) && text.data[i] != ':')
      return false;
    colon = colon || text.data[i] == ':';
  }
  return colon;
}

/* .5, 1.0, 1e3 */
static bool is_float(upk_str text) {
  text = without_sign(text);
  size_t digits = 0, marks = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    if (is_digit(c))
      digits++;
    else if (c == '.' || ((c == 'e' || c == 'E') && digits > 0))
      marks++;
    else if (!((c == '-' || c == '+') && marks > 0))
      return false;
  }
  return digits > 0 && marks > 0;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_word(upk_str text, const char *word) {
  if (text.len != strlen(word))
    return false;
  for (size_t i = 0; i < text.len; i++)
    if (lower(text.data[i]) != word[i])
      return false;
  return true;
}

/* yes, Off, TRUE: a bool in some versions or spellings; NULL when none. */
static const char *bool_word(upk_str text) {
  static const struct {
    const char *word, *meaning;
  } words[] = {{"y", "true"},    {"yes", "true"},   {"on", "true"},
               {"true", "true"}, {"n", "false"},    {"no", "false"},
               {"off", "false"}, {"false", "false"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (is_word(text, words[i].word))
      return words[i].meaning;
  return NULL;
}

/* ---- refusing ---- */

static void refuse_ambiguous(upk_diags *diags, const node *value, upk_str key,
                             const char *what) {
  upk_diag *diag = upk_diag_add(diags, 1025, value->span,
                                "`%.*s` in `%.*s` is ambiguous in YAML",
                                UPK_FMT(node_clip(value->text)), UPK_FMT(key));
  upk_diag_help(diags, diag, "write %s", what);
}

void scalar_refuse(upk_diags *diags, const node *value, upk_str key,
                   const char *what) {
  if (node_is_null(value))
    upk_diag_add(diags, 1021, value->span, "`%.*s` has no value, but needs %s",
                 UPK_FMT(key), what);
  else
    upk_diag_add(diags, 1021, value->span, "`%.*s` must be %s, not %s",
                 UPK_FMT(key), what, node_describe(value));
}

/* Says what is wrong with a value that is not a bool, number or duration. */
static void refuse_value(upk_diags *diags, const node *value, upk_str key,
                         const char *what) {
  bool plain = value->type == NODE_PLAIN && !node_is_null(value);
  if (plain && (is_leading_zero(value->text) || is_sexagesimal(value->text) ||
                is_float(value->text) || bool_word(value->text) != NULL))
    refuse_ambiguous(diags, value, key, what);
  else if (plain || value->type == NODE_TEXT)
    upk_diag_add(diags, 1026, value->text_span, "`%.*s` of `%.*s` is not %s",
                 UPK_FMT(node_clip(value->text)), UPK_FMT(key), what);
  else
    scalar_refuse(diags, value, key, what);
}

/* ---- reading ---- */

bool scalar_bool(upk_diags *diags, const node *value, upk_str key, bool *ret) {
  if (value->type == NODE_BOOL) {
    *ret = value->boolean;
    return true;
  }
  if (value->type != NODE_PLAIN) {
    scalar_refuse(diags, value, key, "true or false");
    return false;
  }
  if (upk_str_is(value->text, "true") || upk_str_is(value->text, "false")) {
    *ret = value->text.len == 4;
    return true;
  }
  const char *meaning = bool_word(value->text);
  if (meaning != NULL)
    refuse_ambiguous(diags, value, key, meaning);
  else
    refuse_value(diags, value, key, "true or false");
  return false;
}

/* Digits of `base` only; false when none, others, or over INT64_MAX. */
static bool parse_digits(upk_str text, unsigned base, int64_t *ret) {
  int64_t total = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = lower(text.data[i]);
    unsigned digit = is_digit(c)            ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                            : 99;
    if (digit >= base || __builtin_mul_overflow(total, (int64_t)base, &total) ||
        __builtin_add_overflow(total, (int64_t)digit, &total))
      return false;
  }
  *ret = total;
  return text.len > 0;
}

/* The YAML 1.2 core schema: -12, 0x1f, 0o17. */
static bool parse_int(upk_str text, int64_t *ret) {
  if (is_leading_zero(text))
    return false;
  if (upk_str_starts(text, "0x"))
    return parse_digits((upk_str){text.data + 2, text.len - 2}, 16, ret);
  if (upk_str_starts(text, "0o"))
    return parse_digits((upk_str){text.data + 2, text.len - 2}, 8, ret);
  bool negative = text.len > 0 && text.data[0] == '-';
  int64_t value;
  if (!parse_digits(without_sign(text), 10, &value))
    return false;
  *ret = negative ? -value : value;
  return true;
}

bool scalar_int(upk_diags *diags, const node *value, upk_str key, int64_t min,
                int64_t max, int64_t *ret) {
  int64_t number = value->type == NODE_INT ? value->integer : 0;
  if (value->type == NODE_TEXT) {
    scalar_refuse(diags, value, key, "an integer");
    return false;
  }
  if (value->type != NODE_INT &&
      (value->type != NODE_PLAIN || !parse_int(value->text, &number))) {
    refuse_value(diags, value, key, "an integer");
    return false;
  }
  if (number < min || number > max) {
    upk_diag_add(diags, 1023, value->span,
                 "`%.*s` must be %lld to %lld, not %lld", UPK_FMT(key),
                 (long long)min, (long long)max, (long long)number);
    return false;
  }
  *ret = number;
  return true;
}

static bool is_zero(const node *value) {
  return value->type == NODE_INT
             ? value->integer == 0
             : value->type == NODE_PLAIN && upk_str_is(value->text, "0");
}

static bool is_text(const node *value) {
  return (value->type == NODE_TEXT || value->type == NODE_PLAIN) &&
         !node_is_null(value);
}

/* A bare number in a field that has a unit: what most people try first. */
static bool refuse_unitless(upk_diags *diags, const node *value, upk_str key,
                            const char *example) {
  int64_t number;
  if (value->type == NODE_INT)
    number = value->integer;
  else if (!is_text(value) || !parse_int(value->text, &number))
    return false;
  upk_diag *diag = upk_diag_add(diags, 1026, value->span, "`%.*s` needs a unit",
                                UPK_FMT(key));
  upk_diag_help(diags, diag, "write a value such as %lld%s", (long long)number,
                example);
  return true;
}

static void refuse_duration_range(upk_diags *diags, const node *value,
                                  upk_str key, int64_t min_us, int64_t max_us) {
  upk_buf low = {0}, high = {0};
  upk_duration_format(min_us, &low);
  upk_duration_format(max_us, &high);
  upk_diag_add(diags, 1023, value->span, "`%.*s` must be %s to %s",
               UPK_FMT(key), low.data, high.data);
  upk_buf_free(&low);
  upk_buf_free(&high);
}

bool scalar_duration(upk_diags *diags, const node *value, upk_str key,
                     int64_t min_us, int64_t max_us, int64_t *ret_us) {
  int64_t us = 0;
  if (!is_zero(value) &&
      !(is_text(value) && upk_duration_parse(value->text, &us))) {
    if (!refuse_unitless(diags, value, key, "s"))
      refuse_value(diags, value, key, "a duration such as 90s or 1h30m");
    return false;
  }
  if (us < min_us || us > max_us) {
    refuse_duration_range(diags, value, key, min_us, max_us);
    return false;
  }
  *ret_us = us;
  return true;
}

bool scalar_timestamp(upk_diags *diags, const node *value, upk_str key,
                      int64_t *ret_us) {
  if (is_text(value) && upk_timestamp_parse(value->text, ret_us))
    return true;
  refuse_value(diags, value, key, "a time such as 2026-11-27T00:00Z");
  return false;
}

/* ---- sizes and ratios ---- */

/* Reads `whole[.fraction]` in front of `rest` as whole * scale + fraction *
 * scale, exact; false on overflow or when it does not come out even. */
static bool parse_scaled(upk_str digits, int64_t scale, int64_t *ret) {
  upk_str fraction;
  upk_str whole = upk_str_split(digits, '.', &fraction);
  int64_t value, part = 0, divisor = 1;
  if (!parse_digits(whole, 10, &value) ||
      __builtin_mul_overflow(value, scale, &value))
    return false;
  if (fraction.data != NULL) {
    if (fraction.len > 15 || !parse_digits(fraction, 10, &part))
      return false;
    for (size_t i = 0; i < fraction.len; i++)
      divisor *= 10;
    if (__builtin_mul_overflow(part, scale, &part) || part % divisor != 0)
      return false;
  }
  return !__builtin_add_overflow(value, part / divisor, ret);
}

/* Splits "64MiB" into "64" and "MiB". */
static upk_str split_unit(upk_str text, upk_str *ret_unit) {
  size_t i = 0;
  while (i < text.len && (is_digit(text.data[i]) || text.data[i] == '.'))
    i++;
  *ret_unit = (upk_str){text.data + i, text.len - i};
  return (upk_str){text.data, i};
}

static bool bytes_parse(upk_str text, int64_t *ret_bytes) {
  static const struct {
    const char *unit;
    int64_t bytes;
  } units[] = {{"B", 1},           {"kB", 1000},
               {"KB", 1000},       {"MB", 1000000},
               {"GB", 1000000000}, {"TB", 1000000000000},
               {"KiB", 1 << 10},   {"MiB", 1 << 20},
               {"GiB", 1 << 30},   {"TiB", (int64_t)1 << 40}};
  upk_str unit, digits = split_unit(text, &unit);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (upk_str_is(unit, units[i].unit))
      return parse_scaled(digits, units[i].bytes, ret_bytes);
  return false;
}

static bool ratio_parse(upk_str text, int64_t *ret_ppm) {
  upk_str unit, digits = split_unit(text, &unit);
  if (upk_str_is(unit, "%"))
    return parse_scaled(digits, 10000, ret_ppm);
  return unit.len == 0 && memchr(digits.data, '.', digits.len) != NULL &&
         parse_scaled(digits, 1000000, ret_ppm);
}

bool scalar_bytes(upk_diags *diags, const node *value, upk_str key,
                  int64_t *ret_bytes) {
  if (is_zero(value)) {
    *ret_bytes = 0;
    return true;
  }
  if (is_text(value) && bytes_parse(value->text, ret_bytes))
    return true;
  if (!refuse_unitless(diags, value, key, "MiB"))
    refuse_value(diags, value, key, "a size such as 64MiB");
  return false;
}

bool scalar_ratio(upk_diags *diags, const node *value, upk_str key,
                  int64_t *ret_ppm) {
  if (is_zero(value)) {
    *ret_ppm = 0;
    return true;
  }
  if (is_text(value) && ratio_parse(value->text, ret_ppm))
    return true;
  if (!refuse_unitless(diags, value, key, "%"))
    refuse_value(diags, value, key, "a ratio such as 30%");
  return false;
}

/* ---- texts ---- */

bool scalar_text(upk_diags *diags, const node *value, upk_str key,
                 upk_str *ret) {
  if (!is_text(value)) {
    scalar_refuse(diags, value, key, "a text");
    return false;
  }
  if (value->type == NODE_PLAIN &&
      (is_leading_zero(value->text) || is_sexagesimal(value->text))) {
    refuse_ambiguous(diags, value, key, "it in quotes");
    return false;
  }
  if (upk_str_trim(value->text).len == 0) {
    upk_diag_add(diags, 1026, value->span, "`%.*s` is empty", UPK_FMT(key));
    return false;
  }
  *ret = value->text;
  return true;
}
