/* Numbers, durations and ratios as people write them. */
#include <string.h>

#include "front/requirements/private.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* ---- numbers ---- */

static const struct {
  const char *word;
  int value;
} number_words[] = {
    {"zero", 0},    {"one", 1},      {"two", 2},     {"three", 3},
    {"four", 4},    {"five", 5},     {"six", 6},     {"seven", 7},
    {"eight", 8},   {"nine", 9},     {"ten", 10},    {"eleven", 11},
    {"twelve", 12}, {"fifteen", 15}, {"twenty", 20}, {"thirty", 30},
    {"forty", 40},  {"sixty", 60},   {"ninety", 90},
};

/* Thousands may be set apart by commas: 1,000. The fraction behind a point (or
 * a comma, of `comma_decimal`) in billionths. */
static bool parse_number(upk_str text, bool comma_decimal, int64_t *ret_whole,
                         int64_t *ret_billionths) {
  int64_t whole = 0, part = 0, unit = 100000000;
  size_t i = 0;
  for (; i < text.len; i++) {
    if (text.data[i] == ',' && !comma_decimal) {
      bool group = text.len - i > 3;
      for (size_t n = 1; group && n <= 3; n++)
        group = is_digit(text.data[i + n]);
      if (!group || (text.len - i > 4 && is_digit(text.data[i + 4])))
        return false;
      continue;
    }
    if (!is_digit(text.data[i]))
      break;
    if (__builtin_mul_overflow(whole, (int64_t)10, &whole) ||
        __builtin_add_overflow(whole, (int64_t)(text.data[i] - '0'), &whole))
      return false;
  }
  if (i < text.len) /* a point, or a comma */
    i++;
  for (; i < text.len; i++) {
    if (!is_digit(text.data[i]) || (unit == 0 && text.data[i] != '0'))
      return false;
    part += unit * (text.data[i] - '0');
    unit /= 10;
  }
  *ret_whole = whole;
  *ret_billionths = part;
  return text.len > 0;
}

static bool word_number(upk_str text, int64_t *ret) {
  for (size_t i = 0; i < sizeof number_words / sizeof *number_words; i++)
    if (word_is(text, number_words[i].word)) {
      *ret = number_words[i].value;
      return true;
    }
  return false;
}

bool take_count(cursor *c, int64_t *ret) {
  const token *t = cursor_peek(c, 0);
  int64_t whole, part = 0;
  if (!t ||
      !(t->type == TOKEN_NUMBER ? parse_number(t->text, false, &whole, &part)
                                : word_number(t->text, &whole)) ||
      part)
    return false;
  c->at++;
  *ret = whole;
  return true;
}

/* ---- durations ---- */

#define SECOND_US INT64_C(1000000)
/* A month and a year are the longest there are: what is kept so long is never
 * deleted too early. */
static const struct {
  const char *words; /* separated by spaces */
  int64_t us;
} units[] = {
    {"us usec microsecond microseconds", 1},
    {"ms msec msecs millis millisecond milliseconds", 1000},
    {"s sec secs second seconds", SECOND_US},
    {"m min mins minute minutes", 60 * SECOND_US},
    {"h hr hrs hour hours", 3600 * SECOND_US},
    {"d day days", 86400 * SECOND_US},
    {"w wk wks week weeks", 7 * 86400 * SECOND_US},
    {"mo mos month months", 31 * 86400 * SECOND_US},
    {"y yr yrs year years", 366 * 86400 * SECOND_US},
};

static bool find_unit(upk_str text, int64_t *ret_us) {
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    upk_str rest = upk_str_from(units[i].words);
    while (rest.data) {
      upk_str word = upk_str_split(rest, ' ', &rest);
      char copy[16];
      memcpy(copy, word.data, word.len);
      copy[word.len] = '\0';
      if (word_is(text, copy)) {
        *ret_us = units[i].us;
        return true;
      }
    }
  }
  return false;
}

/* "1h30m" is a number and the word "h30m". */
static bool joined_unit(upk_str text, int64_t *ret_us, int64_t *ret_more_us) {
  size_t at = 0, digits;
  int64_t minor_us;
  while (at < text.len && !is_digit(text.data[at]))
    at++;
  digits = at;
  while (digits < text.len && is_digit(text.data[digits]))
    digits++;
  int64_t number = 0, unused;
  *ret_more_us = 0;
  if (!find_unit((upk_str){text.data, at}, ret_us))
    return false;
  if (at == text.len)
    return true;
  upk_str unit = {text.data + digits, text.len - digits};
  if (!parse_number((upk_str){text.data + at, digits - at}, false, &number,
                    &unused))
    return false;
  if (!unit.len && *ret_us == 3600 * SECOND_US) /* 1h30 */
    minor_us = 60 * SECOND_US;
  else if (!find_unit(unit, &minor_us))
    return false;
  return minor_us < *ret_us &&
         !__builtin_mul_overflow(number, minor_us, ret_more_us);
}

/* A number and a unit: 50ms, 1.5 hours, 30-day, an hour, half a day. */
static bool take_part(cursor *c, int64_t *ret_us) {
  cursor copy = *c;
  int64_t whole = 1, part = 0, unit_us, more_us;
  bool half = cursor_take(&copy, "half");
  const token *t = cursor_peek(&copy, 0);
  if (!t)
    return false;
  if (t->type == TOKEN_NUMBER && !half) {
    if (!parse_number(t->text, false, &whole, &part) &&
        !parse_number(t->text, true, &whole, &part))
      return false;
    copy.at++;
    if (cursor_mark(&copy, 0, '-') && copy.items[copy.at].joined)
      copy.at++; /* 30-day */
  } else if (!cursor_take(&copy, "an") && !cursor_take(&copy, "a")) {
    if (half || !word_number(t->text, &whole))
      return false;
    copy.at++;
  }
  cursor_take(&copy, "calendar");
  const token *unit = cursor_peek(&copy, 0);
  if (!unit || unit->type != TOKEN_WORD ||
      !joined_unit(unit->text, &unit_us, &more_us))
    return false;
  copy.at++;
  int64_t us;
  if (__builtin_mul_overflow(whole, unit_us, &us))
    return false;
  /* The fraction comes out even, or it is too fine. */
  int64_t fraction = part / 1000 * (unit_us / 1000) / 1000;
  if (part && unit_us < 1000)
    return false;
  if (__builtin_add_overflow(us, fraction, &us) ||
      __builtin_add_overflow(us, more_us, &us))
    return false;
  *ret_us = half ? us / 2 : us;
  *c = copy;
  return true;
}

bool take_duration(cursor *c, int64_t *ret_us) {
  int64_t us, more_us;
  if (!take_part(c, &us))
    return false;
  for (;;) {
    cursor copy = *c;
    cursor_take(&copy, "and");
    if (!take_part(&copy, &more_us) || more_us >= us ||
        __builtin_add_overflow(us, more_us, &us))
      break;
    *c = copy;
  }
  *ret_us = us;
  return true;
}

/* ---- ratios ---- */

/* "three nines", "four and a half nines" (99.995%). */
static bool take_nines(cursor *c, int64_t *ret_ppm) {
  cursor copy = *c;
  int64_t nines;
  if (!take_count(&copy, &nines))
    return false;
  bool half = cursor_take(&copy, "and a half");
  if (cursor_mark(&copy, 0, '-'))
    copy.at++;
  if (!cursor_take(&copy, "nines") && !cursor_take(&copy, "nine"))
    return false;
  if (nines < 1 || nines > (half ? 5 : 6))
    return false;
  int64_t missing = 1000000;
  for (int64_t i = 0; i < nines; i++)
    missing /= 10;
  *ret_ppm = 1000000 - (half ? missing / 2 : missing);
  *c = copy;
  return true;
}

/* How many tokens say percent; 0: none does. */
static size_t percent_length(const cursor *c, size_t ahead) {
  if (cursor_word(c, ahead, "per") && cursor_word(c, ahead + 1, "cent"))
    return 2;
  return cursor_mark(c, ahead, '%') || cursor_word(c, ahead, "percent") ||
         cursor_word(c, ahead, "pct");
}

bool take_ratio(reader *r, cursor *c, piece where, int64_t *ret_ppm) {
  const token *t = cursor_peek(c, 0);
  int64_t whole, part;
  if (take_nines(c, ret_ppm))
    return true;
  if (!t || t->type != TOKEN_NUMBER ||
      !parse_number(t->text, true, &whole, &part))
    return false;
  size_t percent = percent_length(c, 1);
  if (!percent && (whole || !part))
    return false;
  int64_t scale = percent ? 10000 : 1000000;
  const char *sign = percent ? "%" : "";
  piece number = {where.of, t->text};
  c->at += 1 + percent;
  *ret_ppm = -1; /* said */
  if (whole > 1000000 || whole * scale > 1000000 ||
      (whole * scale == 1000000 && part))
    return absurd(r, number, "a share of %.*s%s is more than all",
                  UPK_FMT(t->text), sign);
  if (part % (1000000000 / scale))
    return absurd(r, number, "%.*s%s is finer than a millionth",
                  UPK_FMT(t->text), sign);
  *ret_ppm = whole * scale + part / (1000000000 / scale);
  return true;
}

/* ---- words around values ---- */

static const struct {
  const char *phrase;
  ir_bound bound;
} fillers[] = {
    {"no more than", IR_BOUND_MOST},
    {"not more than", IR_BOUND_MOST},
    {"never more than", IR_BOUND_MOST},
    {"no longer than", IR_BOUND_MOST},
    {"not longer than", IR_BOUND_MOST},
    {"never longer than", IR_BOUND_MOST},
    {"must not exceed", IR_BOUND_MOST},
    {"may not exceed", IR_BOUND_MOST},
    {"should not exceed", IR_BOUND_MOST},
    {"shall not exceed", IR_BOUND_MOST},
    {"must never exceed", IR_BOUND_MOST},
    {"not exceed", IR_BOUND_MOST},
    {"never exceed", IR_BOUND_MOST},
    {"never exceeds", IR_BOUND_MOST},
    {"at most", IR_BOUND_MOST},
    {"up to", IR_BOUND_MOST},
    {"not above", IR_BOUND_MOST},
    {"never above", IR_BOUND_MOST},
    {"not over", IR_BOUND_MOST},
    {"less than", IR_BOUND_MOST},
    {"fewer than", IR_BOUND_MOST},
    {"lower than", IR_BOUND_MOST},
    {"shorter than", IR_BOUND_MOST},
    {"or less", IR_BOUND_MOST},
    {"or fewer", IR_BOUND_MOST},
    {"or faster", IR_BOUND_MOST},
    {"or better", IR_BOUND_NONE},
    {"under", IR_BOUND_MOST},
    {"below", IR_BOUND_MOST},
    {"within", IR_BOUND_MOST},
    {"max", IR_BOUND_MOST},
    {"max.", IR_BOUND_MOST},
    {"maximum", IR_BOUND_MOST},
    {"< =", IR_BOUND_MOST},
    {"<", IR_BOUND_MOST},
    {"no less than", IR_BOUND_LEAST},
    {"not less than", IR_BOUND_LEAST},
    {"never less than", IR_BOUND_LEAST},
    {"no fewer than", IR_BOUND_LEAST},
    {"at least", IR_BOUND_LEAST},
    {"more than", IR_BOUND_LEAST},
    {"better than", IR_BOUND_LEAST},
    {"longer than", IR_BOUND_LEAST},
    {"or more", IR_BOUND_LEAST},
    {"or higher", IR_BOUND_LEAST},
    {"or longer", IR_BOUND_LEAST},
    {"or above", IR_BOUND_LEAST},
    {"not below", IR_BOUND_LEAST},
    {"never below", IR_BOUND_LEAST},
    {"not under", IR_BOUND_LEAST},
    {"above", IR_BOUND_LEAST},
    {"over", IR_BOUND_LEAST},
    {"minimum", IR_BOUND_LEAST},
    {"> =", IR_BOUND_LEAST},
    {">", IR_BOUND_LEAST},
    {"must be", IR_BOUND_NONE},
    {"of the time", IR_BOUND_NONE},
    {"all databases", IR_BOUND_NONE},
    {"databases", IR_BOUND_NONE},
    {"database", IR_BOUND_NONE},
    {"our customers", IR_BOUND_NONE},
    {"every change", IR_BOUND_NONE},
    {"each change", IR_BOUND_NONE},
    {"has", IR_BOUND_NONE},
    {"have", IR_BOUND_NONE},
    {"needs", IR_BOUND_NONE},
    {"requires", IR_BOUND_NONE},
    {"in", IR_BOUND_NONE},
    {"acceptable", IR_BOUND_NONE},
    {"tolerable", IR_BOUND_NONE},
    {"is", IR_BOUND_NONE},
    {"are", IR_BOUND_NONE},
    {"be", IR_BOUND_NONE},
    {"must", IR_BOUND_NONE},
    {"shall", IR_BOUND_NONE},
    {"should", IR_BOUND_NONE},
    {"has to", IR_BOUND_NONE},
    {"have to", IR_BOUND_NONE},
    {"may", IR_BOUND_NONE},
    {"can", IR_BOUND_NONE},
    {"stay", IR_BOUND_NONE},
    {"stays", IR_BOUND_NONE},
    {"remain", IR_BOUND_NONE},
    {"remains", IR_BOUND_NONE},
    {"keep", IR_BOUND_NONE},
    {"take", IR_BOUND_NONE},
    {"takes", IR_BOUND_NONE},
    {"last", IR_BOUND_NONE},
    {"of", IR_BOUND_NONE},
    {"the", IR_BOUND_NONE},
    {"our", IR_BOUND_NONE},
    {"we", IR_BOUND_NONE},
    {"promise", IR_BOUND_NONE},
    {"guarantee", IR_BOUND_NONE},
    {"need", IR_BOUND_NONE},
    {"require", IR_BOUND_NONE},
    {"target", IR_BOUND_NONE},
    {"to", IR_BOUND_NONE},
    {"at", IR_BOUND_NONE},
    {"for", IR_BOUND_NONE},
    {"every", IR_BOUND_NONE},
    {"exactly", IR_BOUND_NONE},
    {"=", IR_BOUND_NONE},
    {":", IR_BOUND_NONE},
    {".", IR_BOUND_NONE},
    {"`", IR_BOUND_NONE},
};

/* "must never fall below", "must not wait for longer than". */
static bool take_negated(cursor *c, ir_bound *ret_bound) {
  static const char *const verbs[] = {
      "be held", "block", "drop", "fall", "get", "go",   "hold", "lag", "last",
      "lose",    "rise",  "run",  "stay", "be",  "take", "wait", "need"};
  static const struct {
    const char *phrase;
    ir_bound bound;
  } ends[] = {
      {"more than", IR_BOUND_MOST},    {"longer than", IR_BOUND_MOST},
      {"greater than", IR_BOUND_MOST}, {"higher than", IR_BOUND_MOST},
      {"above", IR_BOUND_MOST},        {"over", IR_BOUND_MOST},
      {"exceed", IR_BOUND_MOST},       {"less than", IR_BOUND_LEAST},
      {"lower than", IR_BOUND_LEAST},  {"below", IR_BOUND_LEAST},
      {"under", IR_BOUND_LEAST},
  };
  cursor copy = *c;
  if (!cursor_take(&copy, "not") && !cursor_take(&copy, "never"))
    return false;
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (cursor_take(&copy, verbs[i]))
      break;
  cursor_take(&copy, "for");
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    if (cursor_take(&copy, ends[i].phrase)) {
      *ret_bound = ends[i].bound;
      *c = copy;
      return true;
    }
  return false;
}

bool skip_filler(cursor *c, ir_bound *ret_bound) {
  bool found = true, good = true;
  while (found && !cursor_done(c)) {
    ir_bound negated;
    found = take_negated(c, &negated);
    if (found) {
      good = good && (!*ret_bound || negated == *ret_bound);
      *ret_bound = negated;
      continue;
    }
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers && !found; i++) {
      if (!cursor_take(c, fillers[i].phrase))
        continue;
      found = true;
      ir_bound bound = fillers[i].bound;
      good = good && (!bound || !*ret_bound || bound == *ret_bound);
      if (bound)
        *ret_bound = bound;
    }
  }
  return good;
}

static const struct {
  const char *phrase, *period;
} periods[] = {
    {"month", "month"},      {"months", "month"},      {"monthly", "month"},
    {"quarter", "quarter"},  {"quarterly", "quarter"}, {"year", "year"},
    {"yearly", "year"},      {"annual", "year"},       {"annually", "year"},
    {"annum", "year"},       {"week", "week"},         {"weekly", "week"},
    {"day", "day"},          {"daily", "day"},         {"30 days", "30 days"},
    {"30 day", "30 days"},   {"30 - day", "30 days"},  {"28 days", "28 days"},
    {"28 - day", "28 days"}, {"7 days", "7 days"},     {"7 - day", "7 days"},
    {"90 days", "90 days"},  {"90 - day", "90 days"},  {"365 days", "365 days"},
};

bool take_period(cursor *c, upk_str *ret_period) {
  static const char *const before[] = {
      "per",      "each",     "a",   "every",   "over", "in",
      "/",        "measured", "any", "rolling", "by",   "calculated",
      "calendar", "the",      "one", "on",      "basis"};
  static const char *const behind[] = {"window", "period", "basis", "rolling"};
  cursor copy = *c;
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
      more = cursor_take(&copy, before[i]) || more;
  }
  for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
    if (!cursor_take(&copy, periods[i].phrase))
      continue;
    for (size_t n = 0; n < sizeof behind / sizeof *behind; n++)
      cursor_take(&copy, behind[n]);
    *c = copy;
    *ret_period = upk_str_from(periods[i].period);
    return true;
  }
  return false;
}
