/* Windows: "Sundays 02:00-05:00 Europe/Berlin", "every first Sunday of the
 * month from 1am to 3am UTC", or a rule of RFC 5545. */
#include <string.h>

#include "front/requirements/private.h"
#include "front/schema_forms.h"

enum { DAY_MINUTES = 24 * 60, SPECS_MAX = 14 };
#define MINUTE_US (INT64_C(60) * 1000000)

/* ---- days ---- */

static const struct {
  const char *words, *code;
} days[] = {
    {"mo mon monday mondays", "MO"},
    {"tu tue tues tuesday tuesdays", "TU"},
    {"we wed weds wednesday wednesdays", "WE"},
    {"th thu thur thurs thursday thursdays", "TH"},
    {"fr fri friday fridays", "FR"},
    {"sa sat saturday saturdays", "SA"},
    {"su sun sunday sundays", "SU"},
};

static bool in_words(const char *words, upk_str text) {
  upk_str rest = upk_str_from(words);
  while (rest.data) {
    upk_str word = upk_str_split(rest, ' ', &rest);
    char copy[16];
    memcpy(copy, word.data, word.len);
    copy[word.len] = '\0';
    if (word_is(text, copy))
      return true;
  }
  return false;
}

static int day_of(upk_str text) {
  if (text.len > 1 && text.data[text.len - 1] == '.')
    text.len--;
  for (int i = 0; i < 7; i++)
    if (in_words(days[i].words, text))
      return i;
  return -1;
}

/* "Sat/Sun" is one word. */
static unsigned days_of(upk_str text) {
  unsigned bits = 0;
  upk_str rest = text;
  while (rest.data) {
    int day = day_of(upk_str_split(rest, '/', &rest));
    if (day < 0)
      return 0;
    bits |= 1u << day;
  }
  return bits;
}

static bool take_day_names(cursor *c, spec *s) {
  const token *t = cursor_peek(c, 0);
  if (!t || t->type != TOKEN_WORD)
    return false;
  unsigned bits = days_of(t->text);
  if (!bits)
    return false;
  c->at++;
  cursor copy = *c;
  bool range = cursor_take(&copy, "-") || cursor_take(&copy, "to") ||
               cursor_take(&copy, "through") || cursor_take(&copy, "thru") ||
               cursor_take(&copy, "until");
  const token *last = cursor_peek(&copy, 0);
  int end = range && last && last->type == TOKEN_WORD ? day_of(last->text) : -1;
  if (end >= 0) {
    int day = day_of(t->text);
    for (int i = day; i >= 0 && i != end; i = (i + 1) % 7)
      bits |= 1u << i;
    bits |= 1u << end;
    copy.at++;
    *c = copy;
  }
  s->days |= bits;
  return true;
}

static bool take_day_words(cursor *c, spec *s) {
  static const struct {
    const char *words;
    unsigned bits;
    bool daily;
  } rows[] = {
      {"mon to fri", 0x1f, false},
      {"weekdays", 0x1f, false},
      {"weekday", 0x1f, false},
      {"workdays", 0x1f, false},
      {"working days", 0x1f, false},
      {"business days", 0x1f, false},
      {"weekends", 0x60, false},
      {"weekend", 0x60, false},
      {"daily", 0, true},
      {"nightly", 0, true},
      {"every day", 0, true},
      {"every night", 0, true},
      {"each day", 0, true},
      {"each night", 0, true},
      {"everyday", 0, true},
      {"all days", 0, true},
      {"at night", 0, true},
      {"any day", 0, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (cursor_take(c, rows[i].words)) {
      s->days |= rows[i].bits;
      s->daily = s->daily || rows[i].daily;
      return true;
    }
  return false;
}

/* first, 3rd, last; of a day of the week, or of the month. */
static bool take_nth(cursor *c, spec *s) {
  static const struct {
    const char *word;
    int nth;
  } words[] = {
      {"first", 1}, {"second", 2}, {"third", 3}, {"fourth", 4}, {"last", -1}};
  int nth = 0;
  const token *t = cursor_peek(c, 0), *suffix = cursor_peek(c, 1);
  cursor copy = *c;
  for (size_t i = 0; i < sizeof words / sizeof *words && !nth; i++)
    nth = cursor_take(&copy, words[i].word) ? words[i].nth : 0;
  int64_t number;
  if (!nth && t && t->type == TOKEN_NUMBER && t->text.len <= 2 && suffix &&
      suffix->joined && in_words("st nd rd th", suffix->text) &&
      take_count(&copy, &number)) {
    copy.at++;
    nth = (int)number;
  }
  if (!nth || s->nth_count == NTHS_MAX)
    return false;
  s->nths[s->nth_count++] = nth;
  *c = copy;
  return true;
}

static bool take_month_words(cursor *c, spec *s) {
  static const char *const words[] = {
      "of the month", "of each month", "of every month", "of a month",
      "in the month", "in each month", "each month",     "every month",
      "a month",      "per month",     "monthly",        "of month"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (cursor_take(c, words[i]))
      return s->monthly = true;
  return false;
}

/* ---- times ---- */

typedef struct clock {
  int minute;
  bool bare;  /* a number alone */
  int half;   /* 0: not said; 1: am; 2: pm */
  bool words; /* midnight, noon */
} clock;

static int number_of(upk_str text) {
  int value = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] < '0' || text.data[i] > '9' || text.len > 4)
      return -1;
    value = value * 10 + (text.data[i] - '0');
  }
  return text.len ? value : -1;
}

static int take_half(cursor *c) {
  if (cursor_take(c, "am") || cursor_take(c, "a.m"))
    return cursor_take(c, "."), 1;
  if (cursor_take(c, "pm") || cursor_take(c, "p.m"))
    return cursor_take(c, "."), 2;
  return 0;
}

/* 02:00, 2:30 pm, 02.00, 0200, 2am, 2, 14h, 02h30, midnight, noon. False when
 * none comes next; *ret_bad: it is one that no day has. */
static bool take_time(cursor *c, clock *ret, bool *ret_bad) {
  const token *t = cursor_peek(c, 0);
  *ret = (clock){0};
  if (cursor_take(c, "midnight") || cursor_take(c, "noon")) {
    ret->minute = word_is(t->text, "noon") ? 12 * 60 : 0;
    return ret->words = true;
  }
  if (!t || t->type != TOKEN_NUMBER)
    return false;
  cursor copy = *c;
  upk_str minutes;
  upk_str hours = upk_str_split(t->text, '.', &minutes);
  int hour = number_of(hours), minute = 0;
  const token *colon = cursor_peek(c, 1), *behind = cursor_peek(c, 2);
  copy.at++;
  if (minutes.data) { /* 02.00 */
    if (minutes.len != 2)
      return false;
    minute = number_of(minutes);
  } else if (colon && colon->joined && cursor_mark(c, 1, ':') && behind &&
             behind->joined && behind->type == TOKEN_NUMBER) {
    minute = behind->text.len == 2 ? number_of(behind->text) : 99;
    copy.at += 2;
    if (cursor_mark(&copy, 0, ':') && cursor_peek(&copy, 1) &&
        word_is(cursor_peek(&copy, 1)->text, "00"))
      copy.at += 2;            /* seconds */
  } else if (hours.len == 4) { /* 0200 */
    minute = hour % 100;
    hour /= 100;
  } else if (colon && colon->joined && colon->type == TOKEN_WORD &&
             (colon->text.data[0] == 'h' || colon->text.data[0] == 'H') &&
             colon->text.len == 3) { /* 02h30 */
    minute = number_of((upk_str){colon->text.data + 1, 2});
    copy.at++;
  } else {
    ret->bare = hours.len <= 2;
    if (!ret->bare)
      return false;
  }
  ret->half = take_half(&copy);
  if (!ret->half &&
      (cursor_take(&copy, "o clock") || cursor_take(&copy, "hrs") ||
       cursor_take(&copy, "uhr") || cursor_take(&copy, "h")))
    ret->bare = false;
  if (ret->half && ret->bare)
    ret->bare = false;
  *ret_bad = *ret_bad || hour < 0 || minute < 0 || minute > 59 || hour > 24 ||
             (hour == 24 && minute) || (ret->half && (hour > 12 || hour < 1));
  ret->minute = hour * 60 + minute;
  if (ret->half && !*ret_bad)
    ret->minute = (hour % 12 + (ret->half == 2 ? 12 : 0)) * 60 + minute;
  *c = copy;
  return true;
}

bool take_clock(reader *r, cursor *c, piece where, int *ret_minute,
                bool *ret_bad) {
  clock k;
  cursor copy = *c;
  (void)r;
  (void)where;
  if (!take_time(&copy, &k, ret_bad) || k.bare)
    return false;
  *ret_minute = k.minute;
  *c = copy;
  return true;
}

/* "2-5am": the first has the half of the second, unless it would be later. */
static void share_half(clock *from, const clock *to) {
  if (!from->bare || !to->half)
    return;
  int hour = from->minute / 60;
  int same = (hour % 12 + (to->half == 2 ? 12 : 0)) * 60;
  from->bare = false;
  from->minute = same < to->minute ? same : (same + 12 * 60) % DAY_MINUTES;
}

typedef enum taken { TAKEN_NONE, TAKEN_GOOD, TAKEN_BAD } taken;

/* "Saturday 22:00 to Sunday 04:00": where the second day follows. */
static bool take_other_day(cursor *c, spec *s, const clock *from, bool *bad) {
  const token *t = cursor_peek(c, 0);
  int first = 0, other = t && t->type == TOKEN_WORD ? day_of(t->text) : -1;
  clock to;
  while (first < 7 && s->days != 1u << first)
    first++;
  if (other < 0 || first == 7 || from->bare)
    return false;
  c->at++;
  (void)(cursor_take(c, "at") || cursor_take(c, ","));
  if (!take_time(c, &to, bad) || to.bare)
    return false;
  int minutes =
      (other - first + 7) % 7 * DAY_MINUTES + to.minute - from->minute;
  if (minutes <= 0)
    minutes += 7 * DAY_MINUTES;
  s->start = from->minute;
  s->duration_us = minutes * MINUTE_US;
  return true;
}

static taken take_times(reader *r, cursor *c, piece where, spec *s) {
  cursor copy = *c;
  clock from, to;
  bool bad = false;
  bool named = cursor_take(&copy, "from") || cursor_take(&copy, "between") ||
               cursor_take(&copy, "starting at") || cursor_take(&copy, "at") ||
               cursor_take(&copy, "starting") || cursor_take(&copy, "after");
  const token *first = cursor_peek(&copy, 0);
  if (!take_time(&copy, &from, &bad))
    return TAKEN_NONE;
  cursor alone = copy;
  bool dash = cursor_take(&copy, "-") || cursor_take(&copy, "to") ||
              cursor_take(&copy, "until") || cursor_take(&copy, "till") ||
              cursor_take(&copy, "through") || cursor_take(&copy, "bis");
  /* "on 24 and 31 December" are days. */
  bool range = dash || ((named || !from.bare) && cursor_take(&copy, "and")) ||
               cursor_take(&copy, "/");
  cursor day = copy;
  if (dash && take_other_day(&day, s, &from, &bad)) {
    *c = day;
  } else if (range && take_time(&copy, &to, &bad)) {
    share_half(&from, &to);
    bool bare = from.bare && to.bare;
    if (bare && !named && first->text.len < 2)
      return TAKEN_NONE; /* "1-3" may be anything */
    s->start = from.minute;
    s->end = to.words && !to.minute ? DAY_MINUTES : to.minute;
    *c = copy;
  } else {
    if (from.bare)
      return TAKEN_NONE;
    s->start = from.minute;
    *c = alone;
  }
  if (!bad)
    return TAKEN_GOOD;
  upk_str text = {first->text.data,
                  (size_t)(c->items[c->at - 1].text.data +
                           c->items[c->at - 1].text.len - first->text.data)};
  absurd(r, (piece){where.of, text}, "`%.*s` is no time of day",
         UPK_FMT(node_clip(text)));
  return TAKEN_BAD;
}

/* ---- zones ---- */

/* Europe/Berlin, UTC, GMT, Z, CET; UTC+2, +02:00 as the fixed zone. Short names
 * that several countries use are not guessed. */
bool take_zone(cursor *c, upk_arena *arena, upk_str *ret_zone) {
  static const char *const names[] = {"utc", "gmt", "z",  "cet",
                                      "eet", "wet", "met"};
  cursor copy = *c;
  bool open = cursor_take(&copy, "(");
  const token *t = cursor_peek(&copy, 0);
  if (!t || t->type != TOKEN_WORD)
    return false;
  upk_str zone = UPK_NO_STR;
  size_t i = 0;
  while (i < sizeof names / sizeof *names && !word_is(t->text, names[i]))
    i++;
  copy.at++;
  if (i < sizeof names / sizeof *names) {
    zone = i < 3 ? UPK_STR("UTC") : upk_arena_copy(arena, t->text);
    char *upper = UPK_NEW_ARRAY(arena, char, zone.len + 1);
    for (size_t n = 0; n < zone.len; n++)
      upper[n] = zone.data[n] & 0x5f;
    zone = (upk_str){upper, zone.len};
    const token *sign = cursor_peek(&copy, 0), *hours = cursor_peek(&copy, 1);
    bool plus = cursor_mark(&copy, 0, '+'), minus = cursor_mark(&copy, 0, '-');
    int number = hours && hours->joined ? number_of(hours->text) : -1;
    if (i < 3 && sign && sign->joined && (plus || minus) && number >= 0 &&
        number <= 14 && hours->text.len <= 2) {
      copy.at += 2;
      if (cursor_mark(&copy, 0, ':') && cursor_word(&copy, 1, "00"))
        copy.at += 2;
      zone = number ? upk_arena_printf(arena, "Etc/GMT%c%d", plus ? '-' : '+',
                                       number)
                    : UPK_STR("UTC");
    }
  } else {
    bool region = false;
    for (size_t n = 1; n + 1 < t->text.len; n++)
      region = region || t->text.data[n] == '/';
    if (!region || !form_timezone.fits(t->text))
      return false;
    zone = t->text;
  }
  cursor_take(&copy, "time");
  if (open && !cursor_take(&copy, ")"))
    return false;
  *ret_zone = zone;
  *c = copy;
  return true;
}

/* ---- one window ---- */

static bool take_words(cursor *c) {
  static const char *const words[] = {
      "every",   "each",      "on",      "at",      "from",  "the",
      "in",      "only",      "of",      "a",       "is",    "are",
      "between", "during",    "time",    "local",   ":",     "@",
      "`",       ".",         "(",       ")",       "night", "morning",
      "nights",  "mornings",  "be",      "allowed", "may",   "run",
      "must",    "performed", "runs",    "window",  "open",  "opens",
      "we",      "weekly",    "-",       "can",     "takes", "take",
      "place",   "happen",    "happens", "done"};
  /* "local time" needs a zone beside it, and is empty with one. */
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (cursor_take(c, words[i]))
      return true;
  return false;
}

static bool is_negative(const cursor *c) {
  const token *t = cursor_peek(c, 1);
  return cursor_mark(c, 0, '-') && t && t->joined && t->type == TOKEN_NUMBER;
}

static taken take_length(reader *r, cursor *c, piece where, spec *s) {
  cursor copy = *c;
  int64_t us;
  if (cursor_take(&copy, "for") || cursor_take(&copy, "lasting") ||
      cursor_take(&copy, "duration") || cursor_take(&copy, "of")) {
    cursor_take(&copy, ":");
    cursor_take(&copy, "of");
    cursor_take(&copy, "up to");
  }
  if (is_negative(&copy)) {
    cursor behind = copy;
    behind.at++;
    const token *minus = cursor_peek(&copy, 0);
    if (!take_duration(&behind, &us))
      return TAKEN_NONE;
    const token *last = &behind.items[behind.at - 1];
    upk_str text = {
        minus->text.data,
        (size_t)(last->text.data + last->text.len - minus->text.data)};
    absurd(r, (piece){where.of, text}, "a window cannot last `%.*s`",
           UPK_FMT(node_clip(text)));
    *c = behind;
    return TAKEN_BAD;
  }
  if (!take_duration(&copy, &us))
    return TAKEN_NONE;
  cursor_take(&copy, "long");
  s->duration_us = us;
  *c = copy;
  return TAKEN_GOOD;
}

static bool has_days(const spec *s) {
  return s->days || s->daily || s->nth_count;
}

static bool has_times(const spec *s) {
  return s->start >= 0 && (s->end >= 0 || s->duration_us);
}

/* A comma, `and` or a semicolon between two windows, or two days. */
static bool take_separator(cursor *c) {
  return cursor_take(c, ",") || cursor_take(c, ";") || cursor_take(c, "and") ||
         cursor_take(c, "or") || cursor_take(c, "plus") || cursor_take(c, "&");
}

/* Everything that may stand in a window, in any order. */
static taken take_spec(reader *r, cursor *c, piece where, spec *s) {
  *s = (spec){.start = -1, .end = -1, .first = cursor_peek(c, 0)};
  bool bad = false;
  while (!cursor_done(c)) {
    size_t before = c->at;
    taken part;
    if (take_day_words(c, s) || take_nth(c, s) || take_month_words(c, s) ||
        take_day_names(c, s))
      continue;
    if (!s->zone.data && take_zone(c, r->ir->arena, &s->zone))
      continue;
    part = s->duration_us ? TAKEN_NONE : take_length(r, c, where, s);
    if (part == TAKEN_NONE && s->start < 0)
      part = take_times(r, c, where, s);
    bad = bad || part == TAKEN_BAD;
    if (part != TAKEN_NONE)
      continue;
    if (take_words(c))
      continue;
    cursor copy = *c;
    if (take_separator(&copy)) {
      cursor zone = copy;
      if (!s->zone.data && take_zone(&zone, r->ir->arena, &s->zone)) {
        *c = zone; /* "2:00 - 4:00, Europe/Berlin" */
        continue;
      }
      if (has_times(s)) { /* another one begins */
        spec next = {0};
        cursor look = copy;
        if (!take_day_words(&look, &next) && !take_day_names(&look, &next) &&
            !take_nth(&look, &next) && !take_words(&look) &&
            !cursor_done(&look) && look.items[look.at].type != TOKEN_NUMBER)
          return TAKEN_NONE;
        *c = copy;
        break;
      }
      *c = copy;
      continue;
    }
    if (c->at == before)
      return bad ? TAKEN_BAD : TAKEN_NONE;
  }
  s->last = c->at ? &c->items[c->at - 1] : s->first;
  return bad ? TAKEN_BAD : TAKEN_GOOD;
}

bool take_when(reader *r, cursor *c, piece where, spec *s) {
  if (take_day_words(c, s) || take_nth(c, s) || take_month_words(c, s) ||
      take_day_names(c, s) ||
      (!s->zone.data && take_zone(c, r->ir->arena, &s->zone)))
    return true;
  cursor copy = *c;
  if (!s->duration_us && take_length(r, &copy, where, s) == TAKEN_GOOD) {
    *c = copy;
    return true;
  }
  copy = *c;
  if (s->start >= 0 || take_times(r, &copy, where, s) != TAKEN_GOOD)
    return false;
  *c = copy;
  return true;
}

/* ---- as a rule ---- */

static upk_str rule_of(reader *r, const spec *s) {
  upk_buf out = {0};
  bool of_month = s->nth_count > 0;
  bool weekly = s->days && s->days != 0x7f;
  upk_buf_str(&out, of_month ? UPK_STR("FREQ=MONTHLY")
                    : weekly ? UPK_STR("FREQ=WEEKLY")
                             : UPK_STR("FREQ=DAILY"));
  if (of_month && !s->days) {
    upk_buf_str(&out, UPK_STR(";BYMONTHDAY="));
    for (size_t n = 0; n < s->nth_count; n++)
      upk_buf_printf(&out, "%s%d", n ? "," : "", s->nths[n]);
  } else if (of_month || weekly) {
    const char *separator = ";BYDAY=";
    for (size_t n = 0; n < (of_month ? s->nth_count : 1); n++)
      for (int i = 0; i < 7; i++) {
        if (!(s->days >> i & 1))
          continue;
        upk_buf_str(&out, upk_str_from(separator));
        if (of_month)
          upk_buf_printf(&out, "%d", s->nths[n]);
        upk_buf_str(&out, upk_str_from(days[i].code));
        separator = ",";
      }
  }
  upk_buf_printf(&out, ";BYHOUR=%d;BYMINUTE=%d;BYSECOND=0", s->start / 60 % 24,
                 s->start % 60);
  upk_str text = upk_arena_copy(r->ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

static int64_t length_of(const spec *s) {
  if (s->end < 0)
    return s->duration_us;
  int minutes = s->end - s->start;
  return (minutes <= 0 ? minutes + DAY_MINUTES : minutes) * MINUTE_US;
}

static bool is_complete(const spec *s) {
  bool of_month = !s->nth_count || s->monthly || s->days;
  for (size_t i = 0; i < s->nth_count; i++)
    if (s->days ? s->nths[i] > 4 : s->nths[i] > 31 || !s->monthly)
      of_month = false;
  return has_days(s) && has_times(s) && of_month &&
         !(s->monthly && !s->nth_count) && !(s->nth_count && s->daily);
}

static piece piece_of(const spec *s, piece where) {
  return (piece){
      where.of,
      {s->first->text.data,
       (size_t)(s->last->text.data + s->last->text.len - s->first->text.data)}};
}

static bool cannot_be(reader *r, const spec *s, piece where) {
  if (s->end >= 0 && s->start == s->end)
    return absurd(r, where, "the window ends when it begins");
  if (s->end >= 0 && s->duration_us && s->duration_us != length_of(s))
    return absurd(r, where, "the window's end and its duration differ");
  int64_t us = length_of(s);
  if (us > INT64_C(31) * DAY_MINUTES * MINUTE_US)
    return absurd(r, where, "a window lasts at most 31 days");
  return us < 1000000 && absurd(r, where, "a window lasts at least a second");
}

/* ---- names ---- */

static ir_window *find_window(reader *r, upk_str name) {
  for (size_t i = 0; i < r->ir->project.windows.len; i++)
    if (upk_str_equal(r->ir->project.windows.items[i].name, name))
      return &r->ir->project.windows.items[i];
  return NULL;
}

static void say_shadowed(reader *r, const ir_window *own, piece where) {
  if (r->quiet)
    return;
  upk_diag *diag = upk_diag_add(r->ir->diags, 1616, piece_span(r, where),
                                "the project has a window `%.*s` of its own",
                                UPK_FMT(own->name));
  upk_diag_label(r->ir->diags, diag, own->span, "this one is used");
}

static void contradict(reader *r, const ir_window *first, piece where) {
  upk_diag *diag = upk_diag_add(r->ir->diags, 1612, piece_span(r, where),
                                "window `%.*s` is given twice, and differs",
                                UPK_FMT(first->name));
  upk_diag_label(r->ir->diags, diag, first->span, "first here");
  upk_diag_help(r->ir->diags, diag,
                "give them names: `Maintenance window (weekly): ...`");
}

/* Of a list without names each is one of its own. */
static upk_str name_of(reader *r, const setting *at, bool several) {
  upk_str base = at->name.len ? slug(r, at->name) : UPK_STR("maintenance");
  if (at->target.data && !at->name.len)
    base =
        upk_arena_printf(r->ir->arena, "maintenance-%.*s", UPK_FMT(at->target));
  if (!base.len)
    base = UPK_STR("maintenance");
  if (!several)
    return base;
  for (size_t n = 1;; n++) {
    upk_str name = upk_arena_printf(r->ir->arena, "%.*s-%zu", UPK_FMT(base), n);
    if (!find_window(r, name))
      return name;
  }
}

static void add_window(reader *r, const setting *at, bool several,
                       ir_window window, piece where) {
  window.name = name_of(r, at, several);
  window.required = true;
  window.target = at->target;
  window.span = piece_span(r, where);
  ir_window *other = find_window(r, window.name);
  if (other && !other->required) {
    say_shadowed(r, other, where);
    return;
  }
  if (other) {
    if (!upk_str_equal(other->rrule, window.rrule) ||
        !upk_str_equal(other->timezone, window.timezone) ||
        other->duration_us != window.duration_us)
      contradict(r, other, where);
    return;
  }
  r->out->scoped = r->out->scoped || at->target.data;
  *UPK_PUSH(r->ir->arena, &r->ir->project.windows) = window;
  add_item(r, IR_REQUIREMENT_windows, at, window.name, 0, window.name, where);
}

upk_str zone_of(reader *r, upk_str zone, piece where) {
  if (zone.data)
    return zone;
  const ir_requirement *item = ir_requirement_of(
      r->out, IR_REQUIREMENT_timezone, UPK_NO_STR, UPK_NO_STR);
  if (item)
    return item->text;
  if (!r->zoneless.line)
    r->zoneless = piece_span(r, where);
  return UPK_STR("UTC");
}

/* ---- rules ---- */

/* "FREQ=...": up to the next space; a duration and a zone may follow. */
static bool read_rule(reader *r, const setting *at, piece value, size_t start) {
  size_t end = start;
  while (end < value.text.len && !strchr(" ,`\"", value.text.data[end]))
    end++;
  while (end > start && value.text.data[end - 1] == ';')
    end--;
  piece rule = piece_part(value, start, end);
  cursor c =
      tokens_of(r, (upk_str){value.text.data + end, value.text.len - end});
  spec s = {.start = -1, .end = -1};
  bool bad = false;
  while (!cursor_done(&c)) {
    if (take_zone(&c, r->ir->arena, &s.zone))
      continue;
    taken part = take_length(r, &c, value, &s);
    bad = bad || part == TAKEN_BAD;
    if (part == TAKEN_NONE && !take_words(&c) && !take_separator(&c))
      return false;
  }
  if (bad)
    return true;
  if (!form_rrule.fits(rule.text) || !s.duration_us)
    return false;
  ir_window window = {.rrule = upk_arena_copy(r->ir->arena, rule.text),
                      .duration_us = s.duration_us,
                      .timezone = zone_of(r, s.zone, value)};
  add_window(r, at, at->several && !at->name.len, window, value);
  return true;
}

static bool find_rule(upk_str text, size_t *ret_start) {
  static const char *const marks[] = {"FREQ=", "DTSTART="};
  for (size_t i = 0; i < text.len; i++)
    for (size_t n = 0; n < 2; n++)
      if (upk_str_starts((upk_str){text.data + i, text.len - i}, marks[n])) {
        *ret_start = i;
        return true;
      }
  return false;
}

bool read_windows(reader *r, const setting *at, piece value) {
  spec specs[SPECS_MAX];
  size_t count = 0, start;
  if (find_rule(value.text, &start))
    return read_rule(r, at, value, start);
  if (read_outside(r, at, value))
    return true;
  cursor c = tokens_of(r, value.text);
  bool bad = false;
  while (!cursor_done(&c)) {
    taken part = count == SPECS_MAX ? TAKEN_NONE
                                    : take_spec(r, &c, value, &specs[count]);
    if (part == TAKEN_NONE)
      return bad;
    bad = bad || part == TAKEN_BAD;
    count++;
  }
  if (bad)
    return true;
  upk_str zone = UPK_NO_STR; /* that of a later one holds for those before */
  for (size_t i = count; i > 0; i--) {
    spec *s = &specs[i - 1];
    zone = s->zone.data ? s->zone : zone;
    s->zone = zone;
    if (!has_days(s) && at->name.data) { /* "nightly: 02:00-04:00" */
      cursor name = tokens_of(r, at->name);
      spec own = {0};
      if (take_day_words(&name, &own) && cursor_done(&name)) {
        s->days = own.days;
        s->daily = own.daily;
      }
    }
    if (!is_complete(s))
      return false;
  }
  for (size_t i = 0; i < count; i++) {
    piece where = piece_of(&specs[i], value);
    if (cannot_be(r, &specs[i], where))
      return true;
    ir_window window = {.rrule = rule_of(r, &specs[i]),
                        .duration_us = length_of(&specs[i]),
                        .timezone = zone_of(r, specs[i].zone, where)};
    add_window(r, at, count > 1 || (at->several && !at->name.len), window,
               where);
  }
  return count > 0;
}
