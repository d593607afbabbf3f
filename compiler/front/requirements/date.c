/* Dates: 2026-11-26, 26 Nov 2026, November 26th, 2026, 26.11.2026, with an hour
 * behind them. */
#include <string.h>

#include "front/requirements/private.h"

static const char *const months[] = {
    "jan january", "feb february", "mar march",
    "apr april",   "may",          "jun june",
    "jul july",    "aug august",   "sep sept september",
    "oct october", "nov november", "dec december"};

static int month_of(const token *t) {
  if (!t || t->type != TOKEN_WORD)
    return 0;
  for (int i = 0; i < 12; i++) {
    upk_str rest = upk_str_from(months[i]);
    while (rest.data) {
      upk_str word = upk_str_split(rest, ' ', &rest);
      char copy[12];
      memcpy(copy, word.data, word.len);
      copy[word.len] = '\0';
      if (word_is(t->text, copy))
        return i + 1;
    }
  }
  return 0;
}

static int number_of(upk_str text) {
  int value = 0;
  if (!text.len || text.len > 4)
    return -1;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] < '0' || text.data[i] > '9')
      return -1;
    value = value * 10 + (text.data[i] - '0');
  }
  return value;
}

static int number_at(const cursor *c, size_t ahead) {
  const token *t = cursor_peek(c, ahead);
  return t && t->type == TOKEN_NUMBER ? number_of(t->text) : -1;
}

static bool is_year(int number) { return number >= 1900 && number <= 9999; }

/* 2026-11-26 */
static bool take_iso(cursor *c, day_date *d) {
  int year = number_at(c, 0), month = number_at(c, 2), day = number_at(c, 4);
  const token *first = cursor_peek(c, 0), *dash = cursor_peek(c, 1);
  if (!is_year(year) || first->text.len != 4 || !cursor_mark(c, 1, '-') ||
      !dash->joined || month < 0 || !cursor_mark(c, 3, '-') || day < 0)
    return false;
  *d = (day_date){year, month, day, -1, false};
  c->at += 5;
  return true;
}

/* 26.11.2026 */
static bool take_dotted(cursor *c, day_date *d) {
  const token *t = cursor_peek(c, 0);
  upk_str rest;
  if (!t || t->type != TOKEN_NUMBER)
    return false;
  int day = number_of(upk_str_split(t->text, '.', &rest));
  int month = number_of(upk_str_split(rest, '.', &rest));
  int year = rest.data ? number_of(rest) : -1;
  if (day < 0 || month < 0 || !is_year(year))
    return false;
  *d = (day_date){year, month, day, -1, false};
  c->at++;
  return true;
}

/* 11/26/2026, where one of them can only be the day. */
static bool take_slashed(cursor *c, day_date *d) {
  int a = number_at(c, 0), b = number_at(c, 2), year = number_at(c, 4);
  if (!cursor_mark(c, 1, '/') || !cursor_mark(c, 3, '/') || a < 0 || b < 0 ||
      !is_year(year) || (a <= 12) == (b <= 12))
    return false;
  *d = (day_date){year, a > 12 ? b : a, a > 12 ? a : b, -1, false};
  c->at += 5;
  return true;
}

static void take_suffix(cursor *c) {
  const token *t = cursor_peek(c, 0);
  if (t && t->joined &&
      (word_is(t->text, "st") || word_is(t->text, "nd") ||
       word_is(t->text, "rd") || word_is(t->text, "th")))
    c->at++;
}

static void take_year(cursor *c, day_date *d) {
  cursor copy = *c;
  cursor_take(&copy, ",");
  int year = number_at(&copy, 0);
  if (!is_year(year) || copy.items[copy.at].text.len != 4)
    return;
  copy.at++;
  d->year = year;
  *c = copy;
}

/* 26 Nov 2026, 26th of November, November 26th, 2026; the 26 of "26 - 30 Nov"
 * has neither month nor year yet. */
static bool take_worded(cursor *c, day_date *d) {
  cursor copy = *c;
  cursor_take(&copy, "the");
  int month = month_of(cursor_peek(&copy, 0));
  copy.at += month > 0;
  if (month && cursor_mark(&copy, 0, '.'))
    copy.at++;
  int day = number_at(&copy, 0);
  if (day < 0 || copy.items[copy.at].text.len > 2)
    return false;
  copy.at++;
  take_suffix(&copy);
  if (!month) {
    if (cursor_mark(&copy, 0, '.'))
      copy.at++;
    cursor_take(&copy, "of");
    month = month_of(cursor_peek(&copy, 0));
    copy.at += month > 0;
    bool range = !month && cursor_mark(&copy, 0, '-') &&
                 number_at(&copy, 1) > 0 && month_of(cursor_peek(&copy, 2));
    if (!month && !range)
      return false;
  }
  *d = (day_date){0, month, day, -1, false};
  if (month)
    take_year(&copy, d);
  *c = copy;
  return true;
}

/* 18:00, T18:00Z. */
static void take_hour(cursor *c, day_date *d) {
  cursor copy = *c;
  const token *t = cursor_peek(&copy, 0);
  bool bad = false;
  if (t && t->joined && t->type == TOKEN_WORD && t->text.len == 3 &&
      (t->text.data[0] == 'T' || t->text.data[0] == 't') &&
      cursor_mark(&copy, 1, ':') && number_at(&copy, 2) >= 0) {
    int hour = number_of((upk_str){t->text.data + 1, 2});
    d->minute = hour * 60 + number_at(&copy, 2);
    if (hour < 0 || hour > 24 || number_at(&copy, 2) > 59)
      d->minute = 99 * 60;
    copy.at += 3;
    if (cursor_mark(&copy, 0, ':') && number_at(&copy, 1) == 0)
      copy.at += 2;
    d->utc = cursor_take(&copy, "z");
    *c = copy;
    return;
  }
  cursor_take(&copy, ",");
  cursor_take(&copy, "at");
  if (is_year(number_at(&copy, 0))) /* of the next date */
    return;
  if (take_clock(NULL, &copy, (piece){0}, &d->minute, &bad)) {
    if (bad)
      d->minute = 99 * 60;
    *c = copy;
  }
}

bool take_date(cursor *c, day_date *ret) {
  if (!take_iso(c, ret) && !take_dotted(c, ret) && !take_slashed(c, ret) &&
      !take_worded(c, ret))
    return false;
  take_hour(c, ret);
  return true;
}
