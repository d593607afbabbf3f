/* Days and dates of the proleptic Gregorian calendar, as plain arithmetic. */
#ifndef RUNTIME_WINDOW_CIVIL_H
#define RUNTIME_WINDOW_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

enum { HOUR_S = 3600, DAY_S = 86400, SECOND_US = 1000 * 1000 };

typedef struct civil {
  int64_t year;
  int month, day; /* 1 .. */
} civil;

/* Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */
int64_t civil_days(int64_t year, int month, int day);
civil civil_of_days(int64_t days);
bool civil_leap(int64_t year);
int civil_month_length(int64_t year, int month);
int civil_weekday(int64_t days); /* 0: Monday .. 6: Sunday */

/* Rounds towards minus infinity. */
int64_t civil_divide(int64_t a, int64_t b);

#endif
