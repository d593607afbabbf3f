/* Blackouts: from a day to a day (both are in), or a calendar file. They go on
 * as iCalendar events, for the zones' clocks are the runtime's. */
#include <string.h>

#include "front/requirements/private.h"
#include "front/schema_forms.h"
#include "timefmt.h"

typedef struct range {
  day_date from, to;
  bool has_to, yearly;
  upk_str zone;
  const char *start, *end; /* the text of the dates */
} range;

static bool day_exists(const day_date *d) {
  char text[32];
  int64_t us;
  int len = 0;
  text[len++] = (char)('0' + d->year / 1000 % 10);
  text[len++] = (char)('0' + d->year / 100 % 10);
  text[len++] = (char)('0' + d->year / 10 % 10);
  text[len++] = (char)('0' + d->year % 10);
  text[len++] = '-';
  text[len++] = (char)('0' + d->month / 10 % 10);
  text[len++] = (char)('0' + d->month % 10);
  text[len++] = '-';
  text[len++] = (char)('0' + d->day / 10 % 10);
  text[len++] = (char)('0' + d->day % 10);
  memcpy(text + len, "T00:00Z", sizeof "T00:00Z");
  return d->month < 100 && d->day < 100 &&
         upk_timestamp_parse((upk_str){text, (size_t)len + 7}, &us);
}

/* Minutes since year 0, by a calendar in which they only need be in order. */
static int64_t order_of(const day_date *d, bool end) {
  int minute = d->minute >= 0 ? d->minute : end ? 24 * 60 : 0;
  return ((int64_t)d->year * 13 + d->month) * 32 * 1440 + d->day * 1440 +
         minute;
}

/* "26-30 Nov 2026", "20 Dec - 5 Jan 2027": the first has what the last says. */
static void complete(range *s) {
  if (!s->has_to)
    s->to = s->from;
  if (!s->from.month)
    s->from.month = s->to.month;
  if (!s->to.month)
    s->to.month = s->from.month;
  if (!s->to.year && s->from.year)
    s->to.year = s->from.year + (s->to.month < s->from.month);
  if (!s->from.year && s->to.year)
    s->from.year = s->to.year - (s->to.month < s->from.month);
  if (s->yearly && !s->from.year) {
    s->from.year = 2020; /* the first of all years, a leap year */
    s->to.year = 2020 + (s->to.month < s->from.month);
  }
}

/* "between 1 May and 3 May" is a range; "1 May and 3 May" are two days. */
static bool says_between(const char *start, const char *end) {
  enum { LEN = 7 };
  for (; end - start >= LEN; start++)
    if (word_is((upk_str){start, LEN}, "between"))
      return true;
  return false;
}

/* The dates of a text, wherever they stand in it. */
static bool find_dates(reader *r, cursor *c, const char *text, range *s) {
  static const char *const separators[] = {"- >",  "-",     "to",      "until",
                                           "till", "bis",   "through", "thru",
                                           "/",    ". . .", ". .",     "up to"};
  *s = (range){0};
  for (; !cursor_done(c); c->at++) {
    cursor copy = *c;
    const char *start = cursor_peek(c, 0)->text.data;
    if (!take_date(&copy, &s->from))
      continue;
    s->start = start;
    take_zone(&copy, r->ir->arena, &s->zone);
    cursor more = copy;
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++)
      if (cursor_take(&more, separators[i]))
        break;
    if (more.at == copy.at && says_between(text, start))
      cursor_take(&more, "and");
    cursor_take(&more, "and including");
    cursor_take(&more, "including");
    s->has_to = more.at > copy.at && take_date(&more, &s->to);
    bool bad = false;
    int minute;
    if (!s->has_to && more.at > copy.at && s->from.minute >= 0 &&
        take_clock(r, &more, (piece){0}, &minute, &bad)) { /* 18:00 - 20:00 */
      s->to = s->from;
      s->to.minute = bad ? 99 * 60 : minute;
      s->has_to = true;
    }
    if (s->has_to)
      copy = more;
    take_zone(&copy, r->ir->arena, &s->zone);
    const token *last = &copy.items[copy.at - 1];
    s->end = last->text.data + last->text.len;
    *c = copy;
    return true;
  }
  return false;
}

/* ---- the event ---- */

static void add_stamp(upk_buf *out, const char *name, const day_date *d,
                      bool end) {
  if (d->minute < 0) {
    upk_buf_printf(out, "%s;VALUE=DATE:%04d%02d%02d", name, d->year, d->month,
                   d->day);
    (void)end;
  } else {
    upk_buf_printf(out, "%s:%04d%02d%02dT%02d%02d00%s", name, d->year, d->month,
                   d->day, d->minute / 60, d->minute % 60, d->utc ? "Z" : "");
  }
  upk_buf_str(out, UPK_STR("\r\n"));
}

static day_date day_after(day_date d) {
  d.day++;
  if (day_exists(&d))
    return d;
  d.day = 1;
  if (++d.month > 12) {
    d.month = 1;
    d.year++;
  }
  return d;
}

/* A last day without an hour is in it: the event ends with the next one. */
static day_date end_of(const range *s) {
  day_date d = s->to;
  if (d.minute < 0 && s->from.minute >= 0) {
    d = day_after(d);
    d.minute = 0;
  } else if (d.minute < 0) {
    d = day_after(d);
  } else if (d.minute == 24 * 60) {
    d = day_after(d);
    d.minute = 0;
  }
  return d;
}

static void add_summary(upk_buf *out, upk_str reason) {
  upk_buf_str(out, UPK_STR("SUMMARY:"));
  for (size_t i = 0; i < reason.len && i < 200; i++) {
    if (strchr(",;\\", reason.data[i]))
      upk_buf_char(out, '\\');
    upk_buf_char(out, reason.data[i]);
  }
  upk_buf_str(out, UPK_STR("\r\n"));
}

void blackout_event_begin(upk_buf *out) {
  upk_buf_str(out, UPK_STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//upkeep"
                           "//requirements//EN\r\nBEGIN:VEVENT\r\n"
                           "UID:requirement\r\nDTSTAMP:20200101T000000Z\r\n"));
}

void blackout_event_end(upk_buf *out, upk_str reason) {
  add_summary(out, reason);
  upk_buf_str(out, UPK_STR("END:VEVENT\r\nEND:VCALENDAR\r\n"));
}

static upk_str event_of(reader *r, const range *s, upk_str reason) {
  upk_buf out = {0};
  day_date from = s->from, end = end_of(s);
  if (end.minute >= 0 && from.minute < 0)
    from.minute = 0; /* both are days, or both are moments */
  blackout_event_begin(&out);
  add_stamp(&out, "DTSTART", &from, false);
  add_stamp(&out, "DTEND", &end, true);
  if (s->yearly)
    upk_buf_str(&out, UPK_STR("RRULE:FREQ=YEARLY\r\n"));
  blackout_event_end(&out, reason);
  upk_str text = upk_arena_copy(r->ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}

/* ---- words around the dates ---- */

/* Without marks and joining words at its ends. */
static upk_str clean(upk_str text) {
  static const char *const words[] = {
      "from",   "between",   "during", "on",           "for",
      "the",    "because",   "of",     "every year",   "annually",
      "yearly", "each year", "in",     "of every year"};
  bool found = true;
  while (found) {
    found = false;
    while (text.len && strchr(" ()[]:;,.-=`\"", text.data[0]))
      text = (upk_str){text.data + 1, text.len - 1};
    while (text.len && strchr(" ()[]:;,.-=`\"", text.data[text.len - 1]))
      text.len--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
      size_t len = strlen(words[i]);
      upk_str tail = {text.data + (text.len > len ? text.len - len : 0), len};
      if (word_is(text, words[i])) {
        text.len = 0;
      } else if (text.len > len + 1 && word_is(tail, words[i]) &&
                 tail.data[-1] == ' ') {
        text.len -= len + 1;
        found = true;
      } else if (text.len > len + 1 && text.data[len] == ' ' &&
                 word_is((upk_str){text.data, len}, words[i])) {
        text = (upk_str){text.data + len + 1, text.len - len - 1};
        found = true;
      }
    }
  }
  return text;
}

static bool says_yearly(reader *r, upk_str text) {
  cursor c = tokens_of(r, text);
  for (; !cursor_done(&c); c.at++)
    if (cursor_take(&c, "every year") || cursor_take(&c, "each year") ||
        cursor_take(&c, "annually") || cursor_take(&c, "yearly") ||
        cursor_take(&c, "of every year"))
      return true;
  return false;
}

static upk_str reason_of(reader *r, const setting *at, piece value,
                         const range *s) {
  upk_str before = {value.text.data, (size_t)(s->start - value.text.data)};
  upk_str behind = {s->end,
                    (size_t)(value.text.data + value.text.len - s->end)};
  before = clean(before);
  behind = clean(behind);
  if (before.len && behind.len)
    return upk_arena_printf(r->ir->arena, "%.*s, %.*s", UPK_FMT(before),
                            UPK_FMT(behind));
  upk_str own = before.len ? before : behind;
  return own.len ? own : at->name.data ? at->name : UPK_STR("");
}

static bool cannot_be(reader *r, const range *s, piece where) {
  if (!day_exists(&s->from) || !day_exists(&s->to))
    return absurd(r, where, "there is no such day: `%.*s`",
                  UPK_FMT(node_clip(where.text)));
  if (s->from.minute > 24 * 60 || s->to.minute > 24 * 60)
    return absurd(r, where, "there is no such hour: `%.*s`",
                  UPK_FMT(node_clip(where.text)));
  return order_of(&s->from, false) >= order_of(&s->to, true) &&
         absurd(r, where, "the blackout ends before it begins");
}

void blackout_add(reader *r, const setting *at, ir_required_blackout blackout,
                  piece where) {
  size_t items = r->out->items.len;
  blackout.span = piece_span(r, where);
  add_item(r, IR_REQUIREMENT_blackouts, at, UPK_NO_STR, 0,
           blackout.reason.len ? blackout.reason : where.text, where);
  if (r->out->items.len > items)
    *UPK_PUSH(r->ir->arena, &r->out->blackouts) = blackout;
}

/* Paths are relative to the document. */
static bool read_calendar(reader *r, const setting *at, piece value) {
  cursor c = tokens_of(r, value.text);
  for (; !cursor_done(&c); c.at++) {
    const token *t = cursor_peek(&c, 0);
    if (!upk_str_ends(t->text, ".ics"))
      continue;
    /* A path may hold what words do not: back to the last space. */
    const char *start = t->text.data;
    while (start > value.text.data && !strchr(" (<\"`'", start[-1]))
      start--;
    upk_str path = {start, (size_t)(t->text.data + t->text.len - start)};
    if (upk_str_starts(path, "./"))
      path = (upk_str){path.data + 2, path.len - 2};
    size_t slash = r->out->path.len;
    while (slash && r->out->path.data[slash - 1] != '/')
      slash--;
    upk_str whole = upk_arena_printf(r->ir->arena, "%.*s%.*s", (int)slash,
                                     r->out->path.data, UPK_FMT(path));
    if (!form_path.fits(whole))
      return false;
    ir_required_blackout blackout = {.calendar = whole};
    blackout_add(r, at, blackout, (piece){value.of, path});
    return true;
  }
  return false;
}

/* "24 Dec 2026, 31 Dec 2026": two dates. */
static bool only_joins(const char *start, const char *end) {
  upk_str text = upk_str_trim((upk_str){start, (size_t)(end - start)});
  return upk_str_is(text, ",") || upk_str_is(text, "&") ||
         word_is(text, "and") || word_is(text, ", and");
}

bool read_blackout(reader *r, const setting *at, piece value) {
  piece rest = value;
  size_t found = 0;
  if (word_is(value.text, "none"))
    return true;
  if (read_calendar(r, at, value) || read_recurring(r, at, value))
    return true;
  while (rest.text.len) {
    size_t semicolon = 0;
    while (semicolon < rest.text.len && rest.text.data[semicolon] != ';')
      semicolon++;
    piece part = piece_trim(piece_part(rest, 0, semicolon));
    rest = piece_part(rest, semicolon + (semicolon < rest.text.len),
                      rest.text.len);
    if (!part.text.len)
      continue;
    cursor c = tokens_of(r, part.text);
    range s;
    const char *begin = part.of->text.data;
    if (!find_dates(r, &c, begin, &s))
      return false;
    range another;
    if (find_dates(r, &c, begin, &another)) {
      if (!only_joins(s.end, another.start)) /* which of them is meant? */
        return false;
      size_t next = (size_t)(another.start - value.text.data);
      rest = piece_part(value, next, value.text.len);
      part = piece_part(part, 0, (size_t)(s.end - part.text.data));
    }
    s.yearly = says_yearly(r, part.text) ||
               (at->name.data && says_yearly(r, at->name));
    complete(&s);
    if (!s.from.year || !s.from.month)
      return false;
    piece dates = {part.of, {s.start, (size_t)(s.end - s.start)}};
    found++;
    if (cannot_be(r, &s, dates))
      continue;
    ir_required_blackout blackout = {.reason = reason_of(r, at, part, &s)};
    blackout.events = event_of(r, &s, blackout.reason);
    const ir_requirement *zone = ir_requirement_of(
        r->out, IR_REQUIREMENT_timezone, UPK_NO_STR, UPK_NO_STR);
    blackout.timezone = s.zone.data ? s.zone
                        : zone      ? zone->text
                                    : UPK_STR("UTC");
    if (!s.zone.data && !zone && !s.from.utc && !r->zoneless.line)
      r->zoneless = piece_span(r, dates);
    blackout_add(r, at, blackout, dates);
  }
  return found > 0;
}
