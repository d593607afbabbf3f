/* Blackouts that come again: "weekdays 08:00-18:00", "Fridays", "the last three
 * days of each quarter". As rules of RFC 5545 in an iCalendar event. Every word
 * must be understood, but for a reason in parentheses. */
#include <string.h>

#include "front/requirements/private.h"

enum { MONTH_DAYS_MAX = 31, DAY_MINUTES = 24 * 60 };

/* What comes again. */
typedef struct recurrence {
  spec when;
  int month_days[MONTH_DAYS_MAX]; /* 1: the first, -1: the last */
  size_t month_day_count;
  int months; /* between the months that count: 1, 3 or 12; 0: not said */
} recurrence;

static const char *const day_codes[] = {"MO", "TU", "WE", "TH",
                                        "FR", "SA", "SU"};

/* ---- words ---- */

static bool take_filler(cursor *c) {
  static const char *const words[] = {"business hours",
                                      "business hour",
                                      "office hours",
                                      "working hours",
                                      "opening hours",
                                      "trading hours",
                                      "core hours",
                                      "peak hours",
                                      "shop hours",
                                      "store hours",
                                      "service hours",
                                      "production hours",
                                      "visiting hours",
                                      "banking hours",
                                      "shift hours",
                                      "market hours",
                                      "hours",
                                      "month end",
                                      "end of month",
                                      "quarter end",
                                      "year end",
                                      "closing",
                                      "close",
                                      "( i . e .",
                                      "i.e",
                                      "that is",
                                      "which are",
                                      "which is",
                                      "maintenance",
                                      "changes",
                                      "work",
                                      "jobs",
                                      "no",
                                      "never",
                                      "not",
                                      "any",
                                      "all",
                                      "during",
                                      "within",
                                      "our",
                                      "normal",
                                      "regular",
                                      "anything",
                                      "nothing",
                                      "may",
                                      "run",
                                      "runs",
                                      "be",
                                      "changed",
                                      "allowed",
                                      "permitted",
                                      "period",
                                      "daytime",
                                      "day time",
                                      "the whole day",
                                      "all day",
                                      "whole day",
                                      "is forbidden",
                                      "forbidden",
                                      "is",
                                      "are",
                                      "on",
                                      "the",
                                      "of",
                                      "from",
                                      "in",
                                      "and",
                                      "every",
                                      "each",
                                      "at",
                                      ",",
                                      ":",
                                      "(",
                                      ")",
                                      ".",
                                      "-",
                                      "prohibited",
                                      "not allowed",
                                      "not permitted",
                                      "to"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (cursor_take(c, words[i]))
      return true;
  return false;
}

/* "of the month", "of each quarter"; 0: none comes next. */
static int take_months(cursor *c) {
  static const struct {
    const char *word;
    int months;
  } rows[] = {{"month", 1},        {"months", 1},  {"quarter", 3},
              {"quarters", 3},     {"year", 12},   {"calendar month", 1},
              {"fiscal month", 1}, {"monthly", 1}, {"quarterly", 3}};
  cursor copy = *c;
  (void)(cursor_take(&copy, "of") || cursor_take(&copy, "in"));
  (void)(cursor_take(&copy, "the") || cursor_take(&copy, "each") ||
         cursor_take(&copy, "every") || cursor_take(&copy, "a") ||
         cursor_take(&copy, "any"));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (cursor_take(&copy, rows[i].word)) {
      *c = copy;
      return rows[i].months;
    }
  return 0;
}

/* "the last three days of a quarter", "the first 2 days of each month", "the
 * first and last day of a month". Of working days the calendar is not known:
 * they are not read. */
static bool take_edge(cursor *c, recurrence *s) {
  cursor copy = *c;
  int64_t count = 1;
  (void)cursor_take(&copy, "the");
  bool last = cursor_take(&copy, "last") || cursor_take(&copy, "final");
  if (!last && !cursor_take(&copy, "first"))
    return false;
  bool both = !last && (cursor_take(&copy, "and the last") ||
                        cursor_take(&copy, "and last"));
  (void)take_count(&copy, &count);
  (void)cursor_take(&copy, "calendar");
  if (!cursor_take(&copy, "days") && !cursor_take(&copy, "day"))
    return false;
  int months = take_months(&copy);
  if (!months || count < 1 || (s->months && s->months != months) ||
      s->month_day_count + (size_t)count * (both ? 2 : 1) > MONTH_DAYS_MAX ||
      count > 28)
    return false;
  for (int n = 1; n <= (int)count; n++) {
    s->month_days[s->month_day_count++] = last ? -n : n;
    if (both)
      s->month_days[s->month_day_count++] = -n;
  }
  s->months = months;
  *c = copy;
  return true;
}

static bool take_ordinal(cursor *c, int64_t *ret) {
  static const char *const endings[] = {"st", "nd", "rd", "th"};
  (void)cursor_take(c, "the");
  if (!take_count(c, ret) || *ret < 1 || *ret > 31)
    return false;
  for (size_t i = 0; i < 4; i++)
    if (cursor_take(c, endings[i]))
      return true;
  return false;
}

/* "from the 25th to the end of the month", "28th to 3rd of each month". */
static bool take_day_range(cursor *c, recurrence *s) {
  cursor copy = *c;
  int64_t from, to = 31;
  bool between = cursor_take(&copy, "between");
  (void)cursor_take(&copy, "from");
  if (s->month_day_count || !take_ordinal(&copy, &from))
    return false;
  if (!(cursor_take(&copy, "to") || cursor_take(&copy, "until") ||
        cursor_take(&copy, "through") || cursor_take(&copy, "-") ||
        (between && cursor_take(&copy, "and"))))
    return false;
  (void)cursor_take(&copy, "the");
  if (!cursor_take(&copy, "end") && !take_ordinal(&copy, &to))
    return false;
  if (take_months(&copy) != 1)
    return false;
  for (int64_t day = from;; day = day % 31 + 1) {
    s->month_days[s->month_day_count++] = (int)day;
    if (day == to)
      break;
  }
  s->months = 1;
  *c = copy;
  return true;
}

static bool parse(reader *r, upk_str text, piece where, recurrence *s) {
  cursor c = tokens_of(r, text);
  *s = (recurrence){.when = {.start = -1, .end = -1}};
  if (!c.len)
    return false;
  while (!cursor_done(&c))
    if (!take_edge(&c, s) && !take_day_range(&c, s) &&
        !take_when(r, &c, where, &s->when) && !take_filler(&c))
      return false;
  return true;
}

/* ---- whether it says when ---- */

/* Days of the month may stand in the spec too: "the 1st and the 15th". */
static bool settle(recurrence *s) {
  spec *w = &s->when;
  if (s->month_day_count && (w->days || w->nth_count || w->daily))
    return false;
  if (w->nth_count && !w->days) {
    if (!w->monthly)
      return false;
    for (size_t i = 0; i < w->nth_count; i++)
      s->month_days[s->month_day_count++] = w->nths[i];
    s->months = 1;
    w->nth_count = 0;
  }
  for (size_t i = 0; i < s->month_day_count; i++)
    if (s->month_days[i] > 31)
      return false;
  for (size_t i = 0; i < w->nth_count; i++)
    if (w->nths[i] > 5)
      return false;
  bool timed = w->start >= 0;
  if (timed && w->end < 0 && !w->duration_us)
    return false;
  if (!timed && w->duration_us)
    return false;
  if (w->nth_count && w->daily)
    return false;
  if (w->monthly && !w->nth_count && !s->month_day_count)
    return false;
  return s->month_day_count || w->days || (w->daily && timed);
}

/* ---- the rule ---- */

/* The first day of 2020 or so on which it falls: DTSTART must be one of them.
 * January, March and December have 31 days; 2020-01-06 was a Monday. */
static void first_day(const recurrence *s, int *ret_month, int *ret_day) {
  static const int weekday_of_first[] = {2, 6, 1}; /* Monday is 0 */
  int row = s->months == 3 ? 1 : s->months == 12 ? 2 : 0, best = 99;
  *ret_month = row == 0 ? 1 : row == 1 ? 3 : 12;
  for (size_t i = 0; i < s->month_day_count; i++) {
    int day = s->month_days[i] > 0 ? s->month_days[i] : 32 + s->month_days[i];
    best = day < best ? day : best;
  }
  for (int day = 0; day < 7; day++) {
    if (!(s->when.days >> day & 1))
      continue;
    int first = 1 + (day - weekday_of_first[row] + 7) % 7;
    for (size_t i = 0; i < s->when.nth_count; i++) {
      int nth = s->when.nths[i];
      int at = nth > 0 ? first + (nth - 1) * 7 : first + (31 - first) / 7 * 7;
      best = at < best ? at : best;
    }
    if (!s->when.nth_count)
      best = 6 + day < best ? 6 + day : best;
  }
  *ret_day = best > 31 ? 1 : best; /* a fifth Sunday: no day of that month */
}

static void add_rule(const recurrence *s, upk_buf *out) {
  const char *separator = ";BYDAY=";
  const spec *w = &s->when;
  upk_buf_str(out, s->months == 3    ? UPK_STR("FREQ=YEARLY;BYMONTH=3,6,9,12")
                   : s->months == 12 ? UPK_STR("FREQ=YEARLY;BYMONTH=12")
                   : s->month_day_count || w->nth_count
                       ? UPK_STR("FREQ=MONTHLY")
                   : w->days ? UPK_STR("FREQ=WEEKLY")
                             : UPK_STR("FREQ=DAILY"));
  for (size_t i = 0; i < s->month_day_count; i++)
    upk_buf_printf(out, "%s%d", i ? "," : ";BYMONTHDAY=", s->month_days[i]);
  for (size_t n = 0; n < (w->nth_count ? w->nth_count : 1); n++)
    for (int i = 0; i < 7; i++) {
      if (!(w->days >> i & 1))
        continue;
      upk_buf_str(out, upk_str_from(separator));
      if (w->nth_count)
        upk_buf_printf(out, "%d", w->nths[n]);
      upk_buf_str(out, upk_str_from(day_codes[i]));
      separator = ",";
    }
}

/* With first days of a year the first month counts, not the last. */
static bool at_the_start(const recurrence *s) {
  for (size_t i = 0; i < s->month_day_count; i++)
    if (s->month_days[i] > 0 && s->months > 1)
      return true;
  return false;
}

static upk_str event_of(reader *r, const recurrence *s, upk_str reason) {
  upk_buf out = {0};
  int month, day;
  const spec *w = &s->when;
  first_day(s, &month, &day);
  blackout_event_begin(&out);
  if (w->start < 0) {
    upk_buf_printf(&out, "DTSTART;VALUE=DATE:2020%02d%02d\r\n", month, day);
    upk_buf_str(&out, UPK_STR("DURATION:P1D\r\n"));
  } else {
    int64_t minutes = w->duration_us / 60000000;
    if (w->end >= 0)
      minutes = (w->end - w->start + DAY_MINUTES - 1) % DAY_MINUTES + 1;
    upk_buf_printf(&out, "DTSTART:2020%02d%02dT%02d%02d00\r\n", month, day,
                   w->start / 60 % 24, w->start % 60);
    upk_buf_printf(&out, "DURATION:PT%lldM\r\n", (long long)minutes);
  }
  upk_buf_str(&out, UPK_STR("RRULE:"));
  add_rule(s, &out);
  upk_buf_str(&out, UPK_STR("\r\n"));
  blackout_event_end(&out, reason);
  upk_str text = upk_arena_copy(r->ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

/* ---- reasons ---- */

static upk_str without_dot(upk_str text) {
  text = upk_str_trim(text);
  while (text.len && text.data[text.len - 1] == '.')
    text.len--;
  return text;
}

/* "Fridays (payroll)": what stands in parentheses, and what is left. */
static bool split_reason(upk_str text, upk_str *ret_text, upk_str *ret_reason) {
  size_t open = 0;
  upk_str trimmed = without_dot(text);
  while (open < trimmed.len && trimmed.data[open] != '(')
    open++;
  if (open == trimmed.len || trimmed.data[trimmed.len - 1] != ')')
    return false;
  *ret_text = upk_str_trim((upk_str){trimmed.data, open});
  *ret_reason = (upk_str){trimmed.data + open + 1, trimmed.len - open - 2};
  return ret_text->len > 0;
}

bool read_recurring(reader *r, const setting *at, piece value) {
  recurrence s;
  upk_str rest, reason = at->name.data ? at->name : without_dot(value.text);
  bool good = parse(r, value.text, value, &s) && settle(&s);
  if (!good) {
    if (!split_reason(value.text, &rest, &reason))
      return false;
    good = parse(r, rest, value, &s) && settle(&s);
  }
  if (!good || at_the_start(&s))
    return false;
  if (s.when.start >= 0 && s.when.end == s.when.start)
    return absurd(r, value, "the blackout ends when it begins");
  ir_required_blackout blackout = {.reason = reason,
                                   .timezone = zone_of(r, s.when.zone, value)};
  blackout.events = event_of(r, &s, reason);
  blackout_add(r, at, blackout, value);
  return true;
}

bool read_outside(reader *r, const setting *at, piece value) {
  static const char *const marks[] = {"outside of", "outside",
                                      "not during", "never during",
                                      "not within", "except during"};
  cursor c = tokens_of(r, value.text);
  for (; !cursor_done(&c);) {
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
      if (cursor_take(&c, marks[i])) {
        upk_str rest = cursor_rest(&c);
        setting inner = *at;
        inner.key = IR_REQUIREMENT_blackouts;
        inner.name = UPK_NO_STR;
        return rest.len && read_recurring(r, &inner, (piece){value.of, rest});
      }
    if (!take_filler(&c) && !cursor_take(&c, "only") &&
        !cursor_take(&c, "always") && !cursor_take(&c, "performed") &&
        !cursor_take(&c, "done") && !cursor_take(&c, "scheduled") &&
        !cursor_take(&c, "must") && !cursor_take(&c, "take place") &&
        !cursor_take(&c, "happen"))
      return false;
  }
  return false;
}
