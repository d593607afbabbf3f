/* The text of a recurrence rule. */
#include <stdio.h>
#include <string.h>

#include "window/civil.h"
#include "window/rrule.h"

typedef struct reader {
  upk_str whole;
  rrule *rule;
  rrule_error *error;
} reader;

static bool bad(const reader *r, upk_str at, const char *help,
                const char *format, ...) UPK_PRINTF(4, 5);

static bool bad(const reader *r, upk_str at, const char *help,
                const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(r->error->text, sizeof r->error->text, format, args);
  va_end(args);
  r->error->help = help;
  r->error->offset = (size_t)(at.data - r->whole.data);
  r->error->len = at.len;
  return false;
}

/* Digits only, at most `width`. */
static bool digits(upk_str text, size_t width, int64_t *ret_number) {
  *ret_number = 0;
  if (!text.len || text.len > width)
    return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] < '0' || text.data[i] > '9')
      return false;
    *ret_number = *ret_number * 10 + (text.data[i] - '0');
  }
  return true;
}

static bool part(upk_str text, size_t from, size_t len, int64_t low,
                 int64_t high, int64_t *ret_number) {
  return from + len <= text.len &&
         digits((upk_str){text.data + from, len}, len, ret_number) &&
         *ret_number >= low && *ret_number <= high;
}

bool rrule_read_time(upk_str text, int64_t *ret_s, bool *ret_utc,
                     bool *ret_date) {
  int64_t year, month, day, hour = 0, minute = 0, second = 0;
  *ret_utc = upk_str_ends(text, "Z");
  *ret_date = text.len == 8;
  if (*ret_utc)
    text.len--;
  if (!part(text, 0, 4, 1, 9999, &year) || !part(text, 4, 2, 1, 12, &month) ||
      !part(text, 6, 2, 1, civil_month_length(year, (int)month), &day))
    return false;
  if (text.len != 8 || *ret_utc) {
    if (text.len != 15 || text.data[8] != 'T' ||
        !part(text, 9, 2, 0, 23, &hour) || !part(text, 11, 2, 0, 59, &minute) ||
        !part(text, 13, 2, 0, 59, &second))
      return false;
  }
  *ret_s = civil_days(year, (int)month, (int)day) * DAY_S + hour * HOUR_S +
           minute * 60 + second;
  return true;
}

/* ---- values ---- */

static bool read_frequency(const reader *r, upk_str value) {
  static const char *const names[] = {"YEARLY", "MONTHLY", "WEEKLY",
                                      "DAILY",  "HOURLY",  "MINUTELY"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (upk_str_is(value, names[i])) {
      r->rule->frequency = (rrule_frequency)i;
      return true;
    }
  return bad(r, value,
             "FREQ is YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY or MINUTELY",
             upk_str_is(value, "SECONDLY") ? "a rule cannot recur every second"
                                           : "`%.*s` is no frequency",
             UPK_FMT(value));
}

static bool read_count(const reader *r, upk_str value) {
  return (digits(value, 9, &r->rule->count) && r->rule->count > 0) ||
         bad(r, value, NULL, "COUNT is no number from 1 to 999999999");
}

static bool read_interval(const reader *r, upk_str value) {
  return (digits(value, 6, &r->rule->interval) && r->rule->interval > 0) ||
         bad(r, value, NULL, "INTERVAL is no number from 1 to 999999");
}

static bool read_start(const reader *r, upk_str value) {
  bool date;
  r->rule->has_start = true;
  return rrule_read_time(value, &r->rule->start_s, &r->rule->start_is_utc,
                         &date) ||
         bad(r, value, "write it as 20260105T020000, local time",
             "DTSTART is no time");
}

static bool read_until(const reader *r, upk_str value) {
  bool date;
  r->rule->has_until = true;
  if (!rrule_read_time(value, &r->rule->until_s, &r->rule->until_is_utc, &date))
    return bad(r, value, "write it as 20261231T235959, local, or with Z in UTC",
               "UNTIL is no time");
  if (date) /* the whole day */
    r->rule->until_s += DAY_S - 1;
  return true;
}

static int weekday_number(upk_str name) {
  static const char *const names[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
  for (int i = 0; i < 7; i++)
    if (upk_str_is(name, names[i]))
      return i;
  return -1;
}

static bool read_week_start(const reader *r, upk_str value) {
  r->rule->week_start = weekday_number(value);
  return r->rule->week_start >= 0 ||
         bad(r, value, NULL, "WKST is none of MO, TU, WE, TH, FR, SA, SU");
}

static bool read_sign(upk_str *text) {
  bool minus = text->len && text->data[0] == '-';
  if (text->len && (minus || text->data[0] == '+'))
    *text = (upk_str){text->data + 1, text->len - 1};
  return minus;
}

static bool read_weekdays(const reader *r, upk_str value) {
  upk_str rest = value;
  while (rest.data) {
    upk_str item = upk_str_split(rest, ',', &rest);
    upk_str text = item;
    int64_t nth = 0;
    bool minus = read_sign(&text);
    if (text.len < 2 || r->rule->weekday_count == 64)
      return bad(r, item, NULL, "BYDAY has an entry that is no weekday");
    int day = weekday_number((upk_str){text.data + text.len - 2, 2});
    text.len -= 2;
    if (day < 0 ||
        (item.len > 2 && (!digits(text, 2, &nth) || nth < 1 || nth > 53)))
      return bad(r, item,
                 "weekdays are MO, TU .. SU, in a month also 1MO, -1FR",
                 "`%.*s` in BYDAY is no weekday", UPK_FMT(item));
    r->rule->weekdays[r->rule->weekday_count++] =
        (rrule_weekday){(int8_t)day, (int8_t)(minus ? -nth : nth)};
  }
  return true;
}

static bool read_set(const reader *r, const char *key, upk_str value,
                     int64_t low, int64_t high, bool may_be_negative,
                     rrule_set *set) {
  upk_str rest = value;
  while (rest.data) {
    upk_str item = upk_str_split(rest, ',', &rest);
    upk_str text = item;
    int64_t number;
    bool minus = may_be_negative && read_sign(&text);
    if (!digits(text, 3, &number) || number < low || number > high)
      return bad(r, item, NULL, "%s has `%.*s`, which is not from %d to %d%s",
                 key, UPK_FMT(item), (int)low, (int)high,
                 may_be_negative ? ", or as much below zero" : "");
    if (set->count == sizeof set->items / sizeof *set->items)
      return bad(r, item, NULL, "%s has too many entries", key);
    set->items[set->count++] = (int16_t)(minus ? -number : number);
  }
  return true;
}

/* ---- the rule ---- */

typedef struct set_row {
  const char *key;
  size_t offset;
  int64_t low, high;
  bool negative;
} set_row;

#define SET(member) offsetof(rrule, member)
static const set_row set_rows[] = {
    {"BYMONTH", SET(months), 1, 12, false},
    {"BYMONTHDAY", SET(month_days), 1, 31, true},
    {"BYYEARDAY", SET(year_days), 1, 366, true},
    {"BYWEEKNO", SET(weeks), 1, 53, true},
    {"BYHOUR", SET(hours), 0, 23, false},
    {"BYMINUTE", SET(minutes), 0, 59, false},
    {"BYSECOND", SET(seconds), 0, 59, false},
    {"BYSETPOS", SET(positions), 1, 366, true},
};
#undef SET

static const struct {
  const char *key;
  bool (*read)(const reader *r, upk_str value);
} rows[] = {
    {"FREQ", read_frequency},    {"COUNT", read_count},
    {"INTERVAL", read_interval}, {"DTSTART", read_start},
    {"UNTIL", read_until},       {"WKST", read_week_start},
    {"BYDAY", read_weekdays},
};

enum {
  ROWS = sizeof rows / sizeof *rows,
  SETS = sizeof set_rows / sizeof *set_rows,
};

static size_t find_key(upk_str key) {
  for (size_t i = 0; i < ROWS; i++)
    if (upk_str_is(key, rows[i].key))
      return i;
  for (size_t i = 0; i < SETS; i++)
    if (upk_str_is(key, set_rows[i].key))
      return ROWS + i;
  return ROWS + SETS;
}

static bool read_part(const reader *r, upk_str text, bool seen[ROWS + SETS]) {
  upk_str value;
  upk_str key = upk_str_split(text, '=', &value);
  size_t row = find_key(key);
  if (row == ROWS + SETS)
    return bad(r, key, NULL, "a recurrence rule has no part `%.*s`",
               UPK_FMT(key));
  if (seen[row])
    return bad(r, key, NULL, "%.*s stands there twice", UPK_FMT(key));
  seen[row] = true;
  if (!value.len)
    return bad(r, key, NULL, "%.*s has no value", UPK_FMT(key));
  if (row < ROWS)
    return rows[row].read(r, value);
  const set_row *set = &set_rows[row - ROWS];
  return read_set(r, set->key, value, set->low, set->high, set->negative,
                  (rrule_set *)(void *)((char *)r->rule + set->offset));
}

/* What RFC 5545 forbids, and what no set of days can be. */
static bool check(const reader *r) {
  const rrule *rule = r->rule;
  rrule_frequency f = rule->frequency;
  for (size_t i = 0; i < rule->weekday_count; i++)
    if (rule->weekdays[i].nth && (f > RRULE_MONTHLY || rule->weeks.count))
      return bad(r, r->whole, NULL,
                 "a weekday with a number is only for MONTHLY, and YEARLY "
                 "without BYWEEKNO");
  if (rule->weeks.count && f != RRULE_YEARLY)
    return bad(r, r->whole, NULL, "BYWEEKNO is only for YEARLY");
  if (rule->month_days.count && f == RRULE_WEEKLY)
    return bad(r, r->whole, NULL, "BYMONTHDAY is not for WEEKLY");
  if (rule->year_days.count &&
      (f == RRULE_DAILY || f == RRULE_WEEKLY || f == RRULE_MONTHLY))
    return bad(r, r->whole, NULL,
               "BYYEARDAY is not for DAILY, WEEKLY and MONTHLY");
  if (rule->count && rule->has_until)
    return bad(r, r->whole, NULL, "a rule has COUNT or UNTIL, not both");
  return true;
}

bool rrule_read(upk_str text, rrule *ret_rule, rrule_error *ret_error) {
  reader r = {text, ret_rule, ret_error};
  bool seen[ROWS + SETS] = {false};
  upk_str rest = text;
  *ret_rule = (rrule){.interval = 1};
  while (rest.data)
    if (!read_part(&r, upk_str_split(rest, ';', &rest), seen))
      return false;
  if (!seen[0])
    return bad(&r, text, NULL, "the rule has no FREQ");
  return check(&r);
}

bool rrule_stands_alone(rrule *rule, rrule_error *ret_error) {
  static const char help[] =
      "write a beginning into the rule: DTSTART=20260105T020000";
  const char *why = NULL;
  bool days = rule->weekday_count || rule->month_days.count ||
              rule->year_days.count || rule->weeks.count;
  if (rule->has_start)
    return true;
  if (rule->count)
    why = "a rule with COUNT counts from a beginning, and has none";
  else if (rule->interval > 1)
    why = "a rule with INTERVAL counts from a beginning, and has none";
  else if (rule->frequency < RRULE_DAILY && !days)
    why = "the rule does not say on which days";
  if (why) {
    snprintf(ret_error->text, sizeof ret_error->text, "%s", why);
    ret_error->help = help;
    ret_error->offset = ret_error->len = 0;
    return false;
  }
  rule->has_start = true;
  rule->start_s = 0;
  return true;
}
