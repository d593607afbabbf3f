/* Recurrence rules (RFC 5545, 3.3.10) in local time: no zone here.
 *
 * Own code, and not libical's: see docs/decisions/011-own-recurrence.md. Work
 * is bounded: SECONDLY is refused, a rule goes at once to the period asked
 * for, and counts what it looks at. */
#ifndef RUNTIME_WINDOW_RRULE_H
#define RUNTIME_WINDOW_RRULE_H

#include <upkeep/base.h>

/* A set of small numbers, some of them negative. */
typedef struct rrule_set {
  int16_t items[400];
  size_t count;
} rrule_set;

typedef enum rrule_frequency {
  RRULE_YEARLY,
  RRULE_MONTHLY,
  RRULE_WEEKLY,
  RRULE_DAILY,
  RRULE_HOURLY,
  RRULE_MINUTELY,
} rrule_frequency;

/* One entry of BYDAY: "-1FR" is {4, -1}. */
typedef struct rrule_weekday {
  int8_t day, nth; /* 0: Monday; nth 0: each */
} rrule_weekday;

typedef struct rrule {
  rrule_frequency frequency;
  int64_t interval;
  int64_t count; /* 0: without end */
  bool has_until, until_is_utc;
  int64_t until_s;
  int week_start;
  bool has_start; /* DTSTART, or the caller's */
  bool start_is_utc;
  int64_t start_s;
  rrule_set months, month_days, year_days, weeks, hours, minutes, seconds;
  rrule_set positions;
  rrule_weekday weekdays[64];
  size_t weekday_count;
} rrule;

/* What is wrong with a rule, and where in its text. */
typedef struct rrule_error {
  char text[160];   /* English, one fact */
  const char *help; /* or NULL */
  size_t offset, len;
} rrule_error;

/* Reads "FREQ=..;.." where DTSTART may be a part of it. Keys at most once. */
bool rrule_read(upk_str text, rrule *ret_rule, rrule_error *ret_error);
/* YYYYMMDD, or with Thhmmss and Z. */
bool rrule_read_time(upk_str text, int64_t *ret_s, bool *ret_utc,
                     bool *ret_date);
/* Whether a rule without a start says its times by itself: no COUNT, no
 * INTERVAL, and which days are meant. Sets a start in 1970 then. */
bool rrule_stands_alone(rrule *rule, rrule_error *ret_error);

/* Calls for each start from `from_s` on and before `to_s`, in order, local
 * seconds; `visit` gives false to end. `*work` is how many days and times may
 * be looked at, and gets less; false when that was too few. */
enum { RRULE_WORK = 4 * 1000 * 1000 }; /* a tenth of a second */
bool rrule_each(const rrule *rule, int64_t from_s, int64_t to_s, int64_t *work,
                bool (*visit)(void *ctx, int64_t start_s), void *ctx);

#endif
