/* Literals that begin with a digit. */
#include "expr/number.h"

#include <string.h>

#include "timefmt.h"

typedef struct number_unit {
  const char *text;
  upk_type type;
  int64_t factor;
} number_unit;
static const number_unit units[] = {
#define X(text, type, factor) {text, UPK_TYPE_##type, INT64_C(factor)},
#include "expr/units.def"
#undef X
};
static const number_unit no_unit = {"", UPK_TYPE_INT, 1};
static const number_unit share = {"", UPK_TYPE_RATIO, EXPR_SHARE};
static const number_unit percent = {"%", UPK_TYPE_RATIO, EXPR_SHARE / 100};
static const char *const time_units[] = {"us", "ms", "s", "min",
                                         "m",  "h",  "d", "w"};

/* A literal in pieces: whole.fraction unit. */
typedef struct number_pieces {
  size_t start, end;
  expr_wide digits;       /* of whole and fraction together, without _ */
  size_t whole, fraction; /* how many digits each has */
  bool too_long;          /* more digits than can be exact */
  upk_str unit;
} number_pieces;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_unit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         is_digit(c);
}

static char at(upk_str text, size_t offset) {
  return offset < text.len ? text.data[offset] : '\0';
}

/* dddd-dd-dd and no further digit. */
static bool is_date(upk_str text, size_t start) {
  static const char form[] = "0000-00-00";
  for (size_t i = 0; form[i]; i++) {
    char c = at(text, start + i);
    if (form[i] == '0' ? !is_digit(c) : c != form[i])
      return false;
  }
  return !is_digit(at(text, start + sizeof form - 1));
}

static size_t timestamp_end(upk_str text, size_t start) {
  size_t end = start + 10;
  if (at(text, end) != 'T' && at(text, end) != 't')
    return end;
  end++;
  while (is_digit(at(text, end)) || at(text, end) == ':' ||
         (at(text, end) == '.' && is_digit(at(text, end + 1))))
    end++;
  char zone = at(text, end);
  if (zone == 'Z' || zone == 'z')
    return end + 1;
  if ((zone == '+' || zone == '-') && is_digit(at(text, end + 1))) {
    end++;
    while (is_digit(at(text, end)) || at(text, end) == ':')
      end++;
  }
  return end;
}

static bool read_timestamp(expr_context *context, size_t *offset,
                           upk_type *ret_type, int64_t *ret_value) {
  size_t start = *offset, end = timestamp_end(context->text, start);
  upk_str text = {context->text.data + start, end - start};
  *offset = end;
  *ret_type = UPK_TYPE_TIMESTAMP;
  if (upk_timestamp_parse(text, ret_value))
    return true;
  upk_diag *diag = expr_report(context, 1111, start, end,
                               "`%.*s` is not a timestamp", UPK_FMT(text));
  if (text.len == 10)
    upk_diag_help(context->diags, diag,
                  "write the time and the zone too, such as %.10sT00:00Z",
                  text.data);
  else
    upk_diag_help(context->diags, diag,
                  "the day and the time must exist, and a zone follow, such "
                  "as 2026-11-27T00:00Z or 2026-11-27T01:00+01:00");
  return false;
}

static void add_digit(number_pieces *pieces, char c) {
  /* 36 digits stay far inside 128 bits; zeros in front do not count. */
  const expr_wide most = (expr_wide)INT64_MAX * INT64_MAX / 100;
  if (pieces->digits > most)
    pieces->too_long = true;
  else
    pieces->digits = pieces->digits * 10 + (c - '0');
}

static size_t scan_digits(upk_str text, size_t *offset, number_pieces *pieces) {
  size_t count = 0;
  while (is_digit(at(text, *offset)) ||
         (at(text, *offset) == '_' && is_digit(at(text, *offset + 1)))) {
    if (text.data[*offset] != '_') {
      add_digit(pieces, text.data[*offset]);
      count++;
    }
    ++*offset;
  }
  return count;
}

static number_pieces scan(upk_str text, size_t start) {
  number_pieces pieces = {.start = start, .end = start};
  pieces.whole = scan_digits(text, &pieces.end, &pieces);
  if (at(text, pieces.end) == '.' && is_digit(at(text, pieces.end + 1))) {
    pieces.end++;
    pieces.fraction = scan_digits(text, &pieces.end, &pieces);
  }
  size_t from = pieces.end;
  if (at(text, pieces.end) == '%')
    pieces.end++;
  else
    while (is_unit(at(text, pieces.end)))
      pieces.end++;
  pieces.unit = (upk_str){text.data + from, pieces.end - from};
  return pieces;
}

static const number_unit *unit_of(const number_pieces *pieces) {
  if (pieces->unit.len == 0)
    return pieces->fraction ? &share : &no_unit;
  if (upk_str_is(pieces->unit, "%"))
    return &percent;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (upk_str_is(pieces->unit, units[i].text))
      return &units[i];
  return NULL;
}

/* 1h30m: timefmt's grammar, after _ are taken out. */
static bool read_duration(const expr_context *context,
                          const number_pieces *pieces, int64_t *ret_value) {
  upk_buf clean = {0};
  for (size_t i = pieces->start; i < pieces->end; i++)
    if (context->text.data[i] != '_')
      upk_buf_char(&clean, context->text.data[i]);
  bool right = pieces->fraction == 0 &&
               upk_duration_parse(upk_buf_view(&clean), ret_value);
  upk_buf_free(&clean);
  return right;
}

static bool same_but_case(upk_str a, const char *b) {
  if (a.len != strlen(b))
    return false;
  for (size_t i = 0; i < a.len; i++)
    if ((a.data[i] | 32) != (b[i] | 32))
      return false;
  return true;
}

static const char *meant_unit(upk_str wrong) {
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (wrong.len > 1 && same_but_case(wrong, units[i].text))
      return units[i].text;
  for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++)
    if (same_but_case(wrong, time_units[i]))
      return time_units[i];
  return NULL;
}

/* Digits and letters of time units only: it was meant as a duration. */
static bool looks_like_duration(upk_str unit) {
  for (size_t i = 0; i < unit.len; i++)
    if (!is_digit(unit.data[i]) && !strchr("usmhdwin", unit.data[i]))
      return false;
  return true;
}

static void report_unit(expr_context *context, const number_pieces *pieces) {
  upk_str unit = pieces->unit;
  bool duration = looks_like_duration(unit);
  upk_str whole = expr_excerpt(context, pieces->start, pieces->end);
  upk_str shown = expr_excerpt(context, pieces->end - unit.len, pieces->end);
  upk_diag *diag = duration
                       ? expr_report(context, 1103, pieces->start, pieces->end,
                                     "`%.*s` is not a duration", UPK_FMT(whole))
                       : expr_report(context, 1103, pieces->start, pieces->end,
                                     "`%.*s` is not a unit", UPK_FMT(shown));
  const char *meant = meant_unit(unit);
  if (meant && !(duration && pieces->fraction))
    upk_diag_help(context->diags, diag, "did you mean %.*s%s?",
                  (int)(pieces->end - pieces->start - unit.len),
                  context->text.data + pieces->start, meant);
  else if (duration)
    upk_diag_help(context->diags, diag,
                  "write whole numbers with units from large to small, such "
                  "as 1h30m; units are w d h m s ms us");
  else
    upk_diag_help(context->diags, diag,
                  "units are B kB MB GB TB PB KiB MiB GiB TiB PiB, w d h m s "
                  "ms us, %%, and k M G for counts");
}

static bool report_range(expr_context *context, const number_pieces *pieces) {
  expr_report(context, 1112, pieces->start, pieces->end,
              "the number is too large for 64 bits");
  return false;
}

static bool report_fine(expr_context *context, const number_pieces *pieces,
                        upk_type type) {
  upk_diag *diag = expr_report(context, 1113, pieces->start, pieces->end,
                               type == UPK_TYPE_RATIO
                                   ? "the ratio is finer than parts per million"
                                   : "the count is not a whole number");
  if (type == UPK_TYPE_RATIO)
    upk_diag_help(context->diags, diag,
                  "write at most 4 decimals before %%, or 6 without it");
  return false;
}

/* digits * factor / 10^fraction: exact for counts and ratios; bytes are
 * rounded half up, since 1.1GiB is no whole number of them. */
static bool scale(expr_context *context, const number_pieces *pieces,
                  const number_unit *unit, int64_t *ret_value) {
  expr_wide value = pieces->digits, power = 1;
  size_t fraction = pieces->fraction;
  for (; fraction && value % 10 == 0; fraction--)
    value /= 10;
  if (pieces->too_long || fraction > 18)
    return fraction ? report_fine(context, pieces, unit->type)
                    : report_range(context, pieces);
  for (size_t i = 0; i < fraction; i++)
    power *= 10;
  if (value > (expr_wide)INT64_MAX * power / unit->factor)
    return report_range(context, pieces);
  value *= unit->factor;
  if (value % power && unit->type != UPK_TYPE_BYTES)
    return report_fine(context, pieces, unit->type);
  *ret_value = (int64_t)((value + power / 2) / power);
  return true;
}

bool expr_number_read(expr_context *context, size_t *offset, upk_type *ret_type,
                      int64_t *ret_value) {
  if (is_date(context->text, *offset))
    return read_timestamp(context, offset, ret_type, ret_value);
  number_pieces pieces = scan(context->text, *offset);
  *offset = pieces.end;
  const number_unit *unit = unit_of(&pieces);
  if (unit) {
    *ret_type = unit->type;
    return scale(context, &pieces, unit, ret_value);
  }
  *ret_type = UPK_TYPE_DURATION;
  if (read_duration(context, &pieces, ret_value))
    return true;
  report_unit(context, &pieces);
  return false;
}
