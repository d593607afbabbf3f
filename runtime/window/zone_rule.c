/* POSIX TZ rules: IEEE Std 1003.1, 8.3, with the hours beyond a day that
 * RFC 8536 allows. */
#include "window/civil.h"
#include "window/zone.h"

typedef struct reader {
  const char *at, *end;
} reader;

static bool next_is(reader *r, char c) {
  bool is = r->at < r->end && *r->at == c;
  r->at += is;
  return is;
}

static bool read_number(reader *r, int max, int *ret_number) {
  int number = 0;
  const char *from = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && number <= max)
    number = number * 10 + (*r->at++ - '0');
  *ret_number = number;
  return r->at > from && number <= max;
}

/* Letters, or <anything else too>. */
static bool read_name(reader *r, upk_str *ret_name) {
  bool quoted = next_is(r, '<');
  const char *from = r->at;
  while (r->at < r->end && (quoted ? *r->at != '>'
                                   : (*r->at >= 'A' && *r->at <= 'Z') ||
                                         (*r->at >= 'a' && *r->at <= 'z')))
    r->at++;
  *ret_name = (upk_str){from, (size_t)(r->at - from)};
  return r->at - from >= 3 && (!quoted || next_is(r, '>'));
}

/* hh[:mm[:ss]] with a sign. */
static bool read_time(reader *r, int32_t *ret_s) {
  int hours, minutes = 0, seconds = 0;
  bool minus = next_is(r, '-');
  if (!minus)
    (void)next_is(r, '+');
  if (!read_number(r, 167, &hours) ||
      (next_is(r, ':') && (!read_number(r, 59, &minutes) ||
                           (next_is(r, ':') && !read_number(r, 59, &seconds)))))
    return false;
  *ret_s = hours * HOUR_S + minutes * 60 + seconds;
  if (minus)
    *ret_s = -*ret_s;
  return true;
}

static bool read_day(reader *r, zone_day *ret_day) {
  *ret_day = (zone_day){.time_s = 2 * HOUR_S};
  if (!next_is(r, ','))
    return false;
  if (next_is(r, 'M')) {
    ret_day->kind = ZONE_MONTH_DAY;
    if (!read_number(r, 12, &ret_day->month) || !ret_day->month ||
        !next_is(r, '.') || !read_number(r, 5, &ret_day->week) ||
        !ret_day->week || !next_is(r, '.') || !read_number(r, 6, &ret_day->day))
      return false;
  } else {
    ret_day->kind = next_is(r, 'J') ? ZONE_JULIAN : ZONE_YEAR_DAY;
    if (!read_number(r, 365, &ret_day->day) ||
        (ret_day->kind == ZONE_JULIAN && !ret_day->day))
      return false;
  }
  return !next_is(r, '/') || read_time(r, &ret_day->time_s);
}

bool zone_rule_read(upk_str text, zone_rule *ret) {
  reader r = {text.data, text.data + text.len};
  int32_t west;
  *ret = (zone_rule){.there = true};
  if (!read_name(&r, &ret->std_name) || !read_time(&r, &west))
    return false;
  ret->std_s = -west;
  if (r.at == r.end)
    return true;
  ret->has_dst = true;
  ret->dst_s = ret->std_s + HOUR_S;
  if (!read_name(&r, &ret->dst_name))
    return false;
  if (r.at < r.end && *r.at != ',') {
    if (!read_time(&r, &west))
      return false;
    ret->dst_s = -west;
  }
  return read_day(&r, &ret->to_dst) && read_day(&r, &ret->to_std) &&
         r.at == r.end;
}

/* When it is, in a year, in local seconds since 1970. */
static int64_t moment_of(const zone_day *d, int64_t year) {
  int64_t day;
  if (d->kind == ZONE_MONTH_DAY) {
    int64_t first = civil_days(year, d->month, 1);
    int sunday_based = (civil_weekday(first) + 1) % 7;
    int length = civil_month_length(year, d->month);
    int offset = (d->day - sunday_based + 7) % 7 + (d->week - 1) * 7;
    if (offset >= length)
      offset -= 7;
    day = first + offset;
  } else {
    int number = d->kind == ZONE_JULIAN ? d->day - 1 : d->day;
    if (d->kind == ZONE_JULIAN && civil_leap(year) && d->day >= 60)
      number++; /* 29 February is never counted */
    day = civil_days(year, 1, 1) + number;
  }
  return day * DAY_S + d->time_s;
}

static int64_t year_of(int64_t utc_s) {
  return civil_of_days(civil_divide(utc_s, DAY_S)).year;
}

int32_t zone_rule_offset_s(const zone_rule *rule, int64_t utc_s,
                           bool *ret_dst) {
  int64_t last = INT64_MIN;
  int64_t year = year_of(utc_s);
  *ret_dst = false;
  for (int64_t y = year - 1; rule->has_dst && y <= year + 1; y++) {
    int64_t to_dst = moment_of(&rule->to_dst, y) - rule->std_s;
    int64_t to_std = moment_of(&rule->to_std, y) - rule->dst_s;
    /* Standard time comes last of two at one moment: a rule that is DST all
     * year ends and begins at once, and DST stays. */
    if (to_std <= utc_s && to_std > last) {
      last = to_std;
      *ret_dst = false;
    }
    if (to_dst <= utc_s && to_dst >= last) {
      last = to_dst;
      *ret_dst = true;
    }
  }
  return *ret_dst ? rule->dst_s : rule->std_s;
}

int64_t zone_rule_next_s(const zone_rule *rule, int64_t utc_s) {
  int64_t next = INT64_MAX;
  int64_t year = year_of(utc_s);
  for (int64_t y = year - 1; rule->has_dst && y <= year + 2; y++) {
    int64_t to_dst = moment_of(&rule->to_dst, y) - rule->std_s;
    int64_t to_std = moment_of(&rule->to_std, y) - rule->dst_s;
    if (to_dst > utc_s && to_dst < next)
      next = to_dst;
    if (to_std > utc_s && to_std < next)
      next = to_std;
  }
  return next;
}
