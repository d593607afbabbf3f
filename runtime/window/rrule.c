/* The starts that a rule gives.
 *
 * A period is a year, month, week, day, hour or minute, `interval` apart from
 * each other. Its days are looked at one by one: each BY.. rule that speaks of
 * days must let a day through; then come the times of day. BYSETPOS chooses
 * among what a period gave. */
#include "window/rrule.h"

#include <stdlib.h>

#include "window/civil.h"

typedef struct expansion {
  const rrule *rule;
  int64_t from_s, to_s, counted, work, work_max;
  bool (*visit)(void *ctx, int64_t start_s);
  void *ctx;
  bool ended;
  rrule_set hours, minutes, seconds; /* with what the start gives */
  /* A period's starts, for BYSETPOS. */
  int64_t *starts;
  size_t start_count, start_cap;
} expansion;

static bool has(const rrule_set *set, int64_t value) {
  for (size_t i = 0; i < set->count; i++)
    if (set->items[i] == value)
      return true;
  return false;
}

/* Or none is asked for. */
static bool admits(const rrule_set *set, int64_t value, int64_t from_end) {
  return !set->count || has(set, value) || has(set, from_end);
}

/* ---- days ---- */

/* Number of the week by week_start that has most of its days in a year, and of
 * such weeks in that year (ISO 8601 with another first day). */
static void week_of(const rrule *rule, int64_t day, int64_t *ret_week,
                    int64_t *ret_weeks) {
  int64_t from_start = (civil_weekday(day) - rule->week_start + 7) % 7;
  int64_t middle = day - from_start + 3; /* its year is the week's */
  int64_t year = civil_of_days(middle).year;
  int64_t first = civil_days(year, 1, 1), next = civil_days(year + 1, 1, 1);
  int64_t last = next - 1;
  *ret_week = (middle - first) / 7 + 1;
  /* The last week's middle is the last such weekday of the year. */
  int64_t back = (civil_weekday(last) - civil_weekday(middle) + 7) % 7;
  *ret_weeks = (last - back - first) / 7 + 1;
}

static bool weekday_fits(const rrule *rule, const rrule_weekday *w, int64_t day,
                         civil date) {
  if (w->day != civil_weekday(day))
    return false;
  if (!w->nth)
    return true;
  bool of_month = rule->frequency == RRULE_MONTHLY || rule->months.count;
  int64_t first = of_month ? day - date.day + 1 : civil_days(date.year, 1, 1);
  int64_t length = of_month ? civil_month_length(date.year, date.month)
                            : 365 + civil_leap(date.year);
  return w->nth > 0 ? (day - first) / 7 + 1 == w->nth
                    : (first + length - 1 - day) / 7 + 1 == -w->nth;
}

static bool weekdays_fit(const rrule *rule, int64_t day, civil date) {
  for (size_t i = 0; i < rule->weekday_count; i++)
    if (weekday_fits(rule, &rule->weekdays[i], day, date))
      return true;
  return !rule->weekday_count;
}

static bool says_days(const rrule *rule) {
  return rule->weekday_count || rule->month_days.count ||
         rule->year_days.count || rule->weeks.count;
}

/* What the start says when the rule says no days: RFC 5545, "Information, not
 * contained in the rule, ... is taken from DTSTART". */
static bool start_fits(const rrule *rule, int64_t day, civil date) {
  int64_t start_day = civil_divide(rule->start_s, DAY_S);
  civil start = civil_of_days(start_day);
  if (says_days(rule) || rule->frequency >= RRULE_DAILY)
    return true;
  if (rule->frequency == RRULE_WEEKLY)
    return civil_weekday(day) == civil_weekday(start_day);
  return date.day == start.day &&
         (rule->frequency == RRULE_MONTHLY || rule->months.count ||
          date.month == start.month);
}

static bool day_fits(expansion *e, int64_t day) {
  const rrule *rule = e->rule;
  civil date = civil_of_days(day);
  int64_t length = civil_month_length(date.year, date.month);
  e->work++;
  if (!admits(&rule->months, date.month, date.month) ||
      !admits(&rule->month_days, date.day, date.day - length - 1) ||
      !weekdays_fit(rule, day, date) || !start_fits(rule, day, date))
    return false;
  if (rule->year_days.count) {
    int64_t number = day - civil_days(date.year, 1, 1) + 1;
    if (!admits(&rule->year_days, number, number - 366 - civil_leap(date.year)))
      return false;
  }
  if (rule->weeks.count) {
    int64_t week, weeks;
    week_of(rule, day, &week, &weeks);
    if (!admits(&rule->weeks, week, week - weeks - 1))
      return false;
  }
  return true;
}

/* ---- starts ---- */

/* A start in order; false ends everything. */
static bool offer(expansion *e, int64_t start_s) {
  const rrule *rule = e->rule;
  e->work++;
  if (start_s < rule->start_s)
    return true;
  if (start_s >= e->to_s ||
      (rule->has_until && !rule->until_is_utc && start_s > rule->until_s) ||
      (rule->count && e->counted >= rule->count) ||
      (start_s >= e->from_s && !e->visit(e->ctx, start_s))) {
    e->ended = true;
    return false;
  }
  e->counted++;
  return true;
}

static bool keep(expansion *e, int64_t start_s) {
  const upk_allocator *libc = upk_allocator_libc();
  e->work++;
  if (!e->rule->positions.count)
    return offer(e, start_s);
  if (e->start_count == e->start_cap) {
    e->start_cap = e->start_cap ? e->start_cap * 2 : 64;
    e->starts =
        libc->resize(libc->ctx, e->starts, e->start_cap * sizeof *e->starts);
    if (!e->starts)
      libc->exhausted(libc->ctx, e->start_cap * sizeof *e->starts);
  }
  e->starts[e->start_count++] = start_s;
  return e->work < e->work_max;
}

static int by_value(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

/* The period is whole: those of its starts that BYSETPOS names. */
static bool choose(expansion *e) {
  int64_t chosen[sizeof(rrule_set) / sizeof(int16_t)];
  size_t count = 0;
  const rrule_set *positions = &e->rule->positions;
  for (size_t i = 0; i < positions->count; i++) {
    int64_t at = positions->items[i] > 0
                     ? positions->items[i] - 1
                     : (int64_t)e->start_count + positions->items[i];
    if (at >= 0 && at < (int64_t)e->start_count)
      chosen[count++] = e->starts[at];
  }
  e->start_count = 0;
  if (count)
    qsort(chosen, count, sizeof *chosen, by_value);
  for (size_t i = 0; i < count; i++)
    if ((!i || chosen[i] != chosen[i - 1]) && !offer(e, chosen[i]))
      return false;
  return true;
}

static bool times_of_hour(expansion *e, int64_t hour_s) {
  for (size_t m = 0; m < e->minutes.count; m++)
    for (size_t s = 0; s < e->seconds.count; s++)
      if (!keep(e, hour_s + e->minutes.items[m] * 60 + e->seconds.items[s]))
        return false;
  return true;
}

static bool times_of_day(expansion *e, int64_t day) {
  for (size_t h = 0; h < e->hours.count; h++)
    if (!times_of_hour(e, day * DAY_S + (int64_t)e->hours.items[h] * HOUR_S))
      return false;
  return true;
}

/* ---- periods ---- */

static bool days_of(expansion *e, int64_t first, int64_t count) {
  for (int64_t day = first; day < first + count; day++)
    if (day_fits(e, day) && !times_of_day(e, day))
      return false;
  return !e->rule->positions.count || choose(e);
}

static int64_t month_number(int64_t local_s) {
  civil date = civil_of_days(civil_divide(local_s, DAY_S));
  return date.year * 12 + date.month - 1;
}

static int64_t week_number(const rrule *rule, int64_t local_s) {
  return civil_divide(civil_divide(local_s, DAY_S) + 3 - rule->week_start, 7);
}

/* Number of the period, of its frequency, in which a moment lies. */
static int64_t period_of(const rrule *rule, int64_t local_s) {
  switch (rule->frequency) {
  case RRULE_YEARLY:
    return civil_divide(month_number(local_s), 12);
  case RRULE_MONTHLY:
    return month_number(local_s);
  case RRULE_WEEKLY:
    return week_number(rule, local_s);
  case RRULE_DAILY:
    return civil_divide(local_s, DAY_S);
  case RRULE_HOURLY:
    return civil_divide(local_s, HOUR_S);
  case RRULE_MINUTELY:
    return civil_divide(local_s, 60);
  }
  return 0;
}

static int64_t start_of(const rrule *rule, int64_t period) {
  switch (rule->frequency) {
  case RRULE_YEARLY:
    return civil_days(period, 1, 1) * DAY_S;
  case RRULE_MONTHLY:
    return civil_days(civil_divide(period, 12),
                      (int)(period - civil_divide(period, 12) * 12) + 1, 1) *
           DAY_S;
  case RRULE_WEEKLY:
    return (period * 7 - 3 + rule->week_start) * DAY_S;
  case RRULE_DAILY:
    return period * DAY_S;
  case RRULE_HOURLY:
    return period * HOUR_S;
  case RRULE_MINUTELY:
    return period * 60;
  }
  return 0;
}

/* An hour or a minute; *ret_skip_s: nothing can be before that moment. */
static bool short_period(expansion *e, int64_t start_s, int64_t *ret_skip_s) {
  const rrule *rule = e->rule;
  int64_t day = civil_divide(start_s, DAY_S);
  int64_t hour = (start_s - day * DAY_S) / HOUR_S;
  int64_t minute = start_s % HOUR_S / 60;
  *ret_skip_s = start_s;
  if (!day_fits(e, day)) {
    *ret_skip_s = (day + 1) * DAY_S;
    return true;
  }
  if (!admits(&rule->hours, hour, hour)) {
    *ret_skip_s = day * DAY_S + (hour + 1) * HOUR_S;
    return true;
  }
  if (rule->frequency == RRULE_HOURLY) {
    if (!times_of_hour(e, start_s))
      return false;
  } else if (admits(&rule->minutes, minute, minute)) {
    for (size_t s = 0; s < e->seconds.count; s++)
      if (!keep(e, start_s + e->seconds.items[s]))
        return false;
  }
  return !rule->positions.count || choose(e);
}

static int by_number(const void *a, const void *b) {
  return *(const int16_t *)a - *(const int16_t *)b;
}

/* The rule's own set, sorted and each once, or what the start says. */
static rrule_set times_from(const rrule_set *set, int64_t otherwise) {
  rrule_set out = {.items = {(int16_t)otherwise}, .count = 1};
  if (!set->count)
    return out;
  out = *set;
  qsort(out.items, out.count, sizeof *out.items, by_number);
  size_t kept = 0;
  for (size_t i = 0; i < out.count; i++)
    if (!i || out.items[i] != out.items[i - 1])
      out.items[kept++] = out.items[i];
  out.count = kept;
  return out;
}

static void fill_times(expansion *e) {
  const rrule *rule = e->rule;
  int64_t of_day = rule->start_s - civil_divide(rule->start_s, DAY_S) * DAY_S;
  e->hours = times_from(&rule->hours, of_day / HOUR_S);
  e->minutes = times_from(&rule->minutes, of_day % HOUR_S / 60);
  e->seconds = times_from(&rule->seconds, of_day % 60);
}

/* The first period worth looking at, `interval` steps from the start's. */
static int64_t first_period(const expansion *e) {
  const rrule *rule = e->rule;
  int64_t first = period_of(rule, rule->start_s);
  int64_t wanted = period_of(rule, e->from_s);
  if (rule->count || wanted <= first)
    return first;
  return first + (wanted - first) / rule->interval * rule->interval;
}

static bool walk(expansion *e) {
  const rrule *rule = e->rule;
  int64_t period = first_period(e);
  int64_t origin = period;
  while (!e->ended) {
    int64_t start_s = start_of(rule, period), skip_s = start_s;
    bool goes_on;
    if (start_s >= e->to_s ||
        (rule->has_until && !rule->until_is_utc && start_s > rule->until_s))
      return true;
    if (rule->frequency >= RRULE_HOURLY)
      goes_on = short_period(e, start_s, &skip_s);
    else
      goes_on = days_of(e, start_s / DAY_S - (start_s % DAY_S < 0),
                        (start_of(rule, period + 1) - start_s) / DAY_S);
    if (!goes_on || e->work > e->work_max)
      return e->ended;
    period += rule->interval;
    if (skip_s > start_s) {
      int64_t wanted = period_of(rule, skip_s);
      int64_t steps = (wanted - origin + rule->interval - 1) / rule->interval;
      if (origin + steps * rule->interval > period)
        period = origin + steps * rule->interval;
    }
  }
  return true;
}

bool rrule_each(const rrule *rule, int64_t from_s, int64_t to_s, int64_t *work,
                bool (*visit)(void *ctx, int64_t start_s), void *ctx) {
  expansion e = {.rule = rule,
                 .from_s = from_s,
                 .to_s = to_s,
                 .work_max = *work,
                 .visit = visit,
                 .ctx = ctx};
  fill_times(&e);
  bool good = walk(&e);
  *work -= e.work;
  upk_allocator_libc()->resize(upk_allocator_libc()->ctx, e.starts, 0);
  return good;
}
