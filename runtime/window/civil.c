#include "window/civil.h"

int64_t civil_divide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t civil_days(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = civil_divide(year, 400);
  int64_t of_era = year - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
         719468;
}

civil civil_of_days(int64_t days) {
  days += 719468;
  int64_t era = civil_divide(days, 146097);
  int64_t of_era = days - era * 146097;
  int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year =
      of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * of_year + 2) / 153;
  int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
  return (civil){year_of_era + era * 400 + (month <= 2), month,
                 (int)(of_year - (153 * shifted + 2) / 5 + 1)};
}

bool civil_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int civil_month_length(int64_t year, int month) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return lengths[month - 1] + (month == 2 && civil_leap(year));
}

/* 1970-01-01 was a Thursday. */
int civil_weekday(int64_t days) {
  return (int)(days + 3 - civil_divide(days + 3, 7) * 7);
}
