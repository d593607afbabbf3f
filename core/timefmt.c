#include <inttypes.h>

#include "timefmt.h"

enum { US = 1, MS = 1000, SECOND = 1000000 };
static const int64_t DAY = INT64_C(86400) * SECOND;

/* Days since 1970-01-01 of a civil date, and back: H. Hinnant, "chrono-
 * Compatible Low-Level Date Algorithms", days_from_civil and civil_from_days.
 */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year =
      (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static void civil_of(int64_t days, int64_t *year, int64_t *month,
                     int64_t *day) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t doe = days - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t shifted = (5 * doy + 2) / 153;
  *day = doy - (153 * shifted + 2) / 5 + 1;
  *month = shifted + (shifted < 10 ? 3 : -9);
  *year = yoe + era * 400 + (*month <= 2);
}

/* Exactly `digits` digits at the front of *s. */
static bool take_number(upk_str *s, size_t digits, int64_t *ret_value) {
  int64_t value = 0;
  if (s->len < digits)
    return false;
  for (size_t i = 0; i < digits; i++) {
    if (s->data[i] < '0' || s->data[i] > '9')
      return false;
    value = value * 10 + (s->data[i] - '0');
  }
  *s = (upk_str){s->data + digits, s->len - digits};
  *ret_value = value;
  return true;
}

static bool take_char(upk_str *s, char c) {
  if (!s->len || s->data[0] != c)
    return false;
  *s = (upk_str){s->data + 1, s->len - 1};
  return true;
}

static bool take_date(upk_str *s, int64_t *ret_us) {
  int64_t year, month, day, back_year, back_month, back_day;
  if (!take_number(s, 4, &year) || !take_char(s, '-') ||
      !take_number(s, 2, &month) || !take_char(s, '-') ||
      !take_number(s, 2, &day) || year < 1 || month < 1 || month > 12)
    return false;
  int64_t days = days_of(year, month, day);
  civil_of(days, &back_year, &back_month, &back_day);
  if (back_year != year || back_month != month || back_day != day)
    return false;
  *ret_us = days * DAY;
  return true;
}

static bool take_fraction(upk_str *s, int64_t *us) {
  int64_t scale = SECOND, digit;
  if (!take_char(s, '.'))
    return true;
  if (!take_number(s, 1, &digit))
    return false;
  do {
    scale /= 10;
    *us += digit * scale; /* digits beyond microseconds add nothing */
  } while (take_number(s, 1, &digit));
  return true;
}

static bool take_clock(upk_str *s, int64_t *us) {
  int64_t hour, minute, second = 0;
  if (!take_number(s, 2, &hour) || !take_char(s, ':') ||
      !take_number(s, 2, &minute) || hour > 23 || minute > 59)
    return false;
  if (take_char(s, ':')) {
    if (!take_number(s, 2, &second) || second > 59 || !take_fraction(s, us))
      return false;
  }
  *us += ((hour * 60 + minute) * 60 + second) * SECOND;
  return true;
}

static bool take_zone(upk_str *s, int64_t *us) {
  int64_t hour, minute;
  if (take_char(s, 'Z'))
    return true;
  bool east = take_char(s, '+');
  if (!east && !take_char(s, '-'))
    return false;
  if (!take_number(s, 2, &hour) || !take_char(s, ':') ||
      !take_number(s, 2, &minute) || hour > 23 || minute > 59)
    return false;
  int64_t offset = (hour * 60 + minute) * 60 * SECOND;
  *us += east ? -offset : offset;
  return true;
}

bool upk_timestamp_parse(upk_str text, int64_t *ret_us) {
  int64_t us;
  if (!take_date(&text, &us) || !take_char(&text, 'T') ||
      !take_clock(&text, &us) || !take_zone(&text, &us) || text.len)
    return false;
  *ret_us = us;
  return true;
}

void upk_timestamp_format(int64_t us, upk_buf *out) {
  int64_t days = us / DAY, rest = us % DAY, year, month, day;
  if (rest < 0) {
    rest += DAY;
    days--;
  }
  civil_of(days, &year, &month, &day);
  int64_t seconds = rest / SECOND, fraction = rest % SECOND;
  upk_buf_printf(out,
                 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64
                 ":%02" PRId64 ":%02" PRId64,
                 year, month, day, seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (fraction)
    upk_buf_printf(out, ".%06" PRId64, fraction);
  upk_buf_char(out, 'Z');
}

/* Descending; `min` is read and never written. */
static const struct {
  const char *name;
  int64_t us;
} units[] = {
    {"w", INT64_C(7) * 86400 * SECOND},
    {"d", INT64_C(86400) * SECOND},
    {"h", INT64_C(3600) * SECOND},
    {"min", INT64_C(60) * SECOND},
    {"m", INT64_C(60) * SECOND},
    {"s", SECOND},
    {"ms", MS},
    {"us", US},
};
enum { UNIT_COUNT = sizeof units / sizeof *units };

static int64_t unit_find(upk_str name) {
  for (size_t i = 0; i < UNIT_COUNT; i++)
    if (upk_str_is(name, units[i].name))
      return units[i].us;
  return 0;
}

bool upk_duration_parse(upk_str text, int64_t *ret_us) {
  int64_t total = 0, last_unit = INT64_MAX;
  if (!text.len)
    return false;
  while (text.len) {
    int64_t value = 0, part;
    size_t digits = 0, letters = 0;
    while (digits < text.len && text.data[digits] >= '0' &&
           text.data[digits] <= '9') {
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, text.data[digits] - '0', &value))
        return false;
      digits++;
    }
    text = (upk_str){text.data + digits, text.len - digits};
    while (letters < text.len && text.data[letters] >= 'a' &&
           text.data[letters] <= 'z')
      letters++;
    int64_t unit = unit_find((upk_str){text.data, letters});
    if (!digits || !unit || unit >= last_unit ||
        __builtin_mul_overflow(value, unit, &part) ||
        __builtin_add_overflow(total, part, &total))
      return false;
    last_unit = unit;
    text = (upk_str){text.data + letters, text.len - letters};
  }
  *ret_us = total;
  return true;
}

void upk_duration_format(int64_t us, upk_buf *out) {
  if (us < 0) {
    upk_buf_char(out, '-');
    us = us == INT64_MIN ? INT64_MAX : -us;
  }
  if (us == 0) {
    upk_buf_str(out, UPK_STR("0s"));
    return;
  }
  for (size_t i = 1; i < UNIT_COUNT; i++) { /* from days on */
    if (us < units[i].us || upk_str_is(UPK_STR("min"), units[i].name))
      continue;
    upk_buf_int(out, us / units[i].us);
    upk_buf_str(out, upk_str_from(units[i].name));
    us %= units[i].us;
  }
}

void upk_duration_human(int64_t us, upk_buf *out) {
  static const struct {
    int64_t us;
    const char *name;
  } steps[] = {{INT64_C(48) * 3600 * SECOND, "d"},
               {INT64_C(90) * 60 * SECOND, "h"},
               {INT64_C(90) * SECOND, "min"},
               {SECOND, "s"},
               {MS, "ms"}};
  static const int64_t divisors[] = {INT64_C(86400) * SECOND,
                                     INT64_C(3600) * SECOND,
                                     INT64_C(60) * SECOND, SECOND, MS};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (us >= steps[i].us) {
      upk_buf_printf(out, "%" PRId64 " %s",
                     us / divisors[i] + (us % divisors[i] >= divisors[i] / 2),
                     steps[i].name);
      return;
    }
  upk_buf_printf(out, "%" PRId64 " us", us);
}

static const char *const binary_units[] = {"B",   "KiB", "MiB", "GiB",
                                           "TiB", "PiB", "EiB"};

void upk_bytes_human(int64_t bytes, upk_buf *out) {
  uint64_t size = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
  uint64_t unit = 1;
  size_t at = 0;
  while (at < 6 && size / unit >= 1024) {
    unit *= 1024;
    at++;
  }
  if (bytes < 0)
    upk_buf_char(out, '-');
  uint64_t whole = size / unit, rest = size % unit;
  uint64_t tenth = (rest * 10 + unit / 2) / unit;
  if (whole >= 100 ? rest >= unit - unit / 2 : tenth == 10) {
    whole++;
    tenth = 0;
  }
  if (whole == 1024 && at < 6) {
    whole = 1;
    at++;
  }
  if (at == 0 || whole >= 100)
    upk_buf_printf(out, "%" PRIu64 " %s", whole, binary_units[at]);
  else
    upk_buf_printf(out, "%" PRIu64 ".%" PRIu64 " %s", whole, tenth,
                   binary_units[at]);
}

void upk_bytes_format(int64_t bytes, upk_buf *out) {
  int64_t unit = 1;
  size_t at = 0;
  while (bytes && at < 6 && bytes % (unit * 1024) == 0) {
    unit *= 1024;
    at++;
  }
  upk_buf_printf(out, "%" PRId64 "%s", bytes / unit, binary_units[at]);
}

void upk_ratio_format(int64_t ppm, upk_buf *out) {
  uint64_t size = ppm < 0 ? 0 - (uint64_t)ppm : (uint64_t)ppm;
  char fraction[8];
  size_t len = 4;
  uint64_t rest = size % 10000;
  if (ppm < 0)
    upk_buf_char(out, '-');
  upk_buf_printf(out, "%" PRIu64, size / 10000);
  for (size_t i = 4; i-- > 0; rest /= 10)
    fraction[i] = (char)('0' + rest % 10);
  while (len && fraction[len - 1] == '0')
    len--;
  if (len) {
    upk_buf_char(out, '.');
    upk_buf_add(out, fraction, len);
  }
  upk_buf_char(out, '%');
}
