/* Rules, zones and blackouts: cases with clock changes both ways. The openings
 * of random rules are compared with another implementation in
 * tests/live/windows.bats. */
#include <upkeep/window.h>

#include "cm.h"
#include "timefmt.h"
#include "window/rrule.h"
#include "window/zone.h"

typedef struct making {
  upk_arena *arena;
  upk_diags diags;
  upk_windows windows;
  upk_status status;
} making;

static int64_t at(const char *text) {
  int64_t us;
  assert_true(upk_timestamp_parse(upk_str_from(text), &us));
  return us;
}

/* A window of some minutes, from a moment on, for some days. */
static making make(const char *rule, const char *zone_name, int64_t minutes,
                   const char *from, int days,
                   const upk_blackout_rule *blackouts, size_t count) {
  making m = {.arena = upk_arena_new(NULL)};
  const upk_window_rule window = {.name = UPK_STR("w"),
                                  .rrule = upk_str_from(rule),
                                  .timezone = upk_str_from(zone_name),
                                  .duration_us = minutes * 60 * 1000000};
  const upk_windows_request request = {.windows = &window,
                                       .window_count = 1,
                                       .blackouts = blackouts,
                                       .blackout_count = count,
                                       .from_us = at(from),
                                       .to_us = at(from) +
                                                days * INT64_C(86400000000)};
  upk_diags_init(&m.diags, m.arena);
  m.status = upk_windows_make(&request, m.arena, &m.diags, &m.windows);
  return m;
}

/* "from/to from/to", as UTC. */
static void expect_open(making *m, const char *wanted) {
  upk_buf text = {0};
  assert_int_equal(m->status, UPK_OK);
  const upk_window_times *w = &m->windows.windows[0];
  for (size_t i = 0; i < w->open_count; i++) {
    upk_buf_str(&text, i ? UPK_STR(" ") : UPK_STR(""));
    upk_timestamp_format(w->open[i].from_us, &text);
    upk_buf_char(&text, '/');
    upk_timestamp_format(w->open[i].to_us, &text);
  }
  assert_string_equal(text.len ? text.data : "", wanted);
  upk_buf_free(&text);
  upk_arena_free(m->arena);
}

static void clocks_that_change(void **state) {
  static const struct {
    const char *rule, *zone_name;
    int64_t minutes;
    const char *from;
    int days;
    const char *open;
  } rows[] = {
      /* spring: 02:00 is skipped; from 03:00 to 05:00 by the clock */
      {"FREQ=DAILY;BYHOUR=2", "Europe/Berlin", 180, "2026-03-28T12:00Z", 1,
       "2026-03-29T01:00:00Z/2026-03-29T03:00:00Z"},
      /* a window of the skipped hour alone does not open */
      {"FREQ=DAILY;BYHOUR=2", "Europe/Berlin", 60, "2026-03-28T12:00Z", 1, ""},
      {"FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "Europe/Berlin", 60,
       "2026-03-28T12:00Z", 1, "2026-03-29T01:00:00Z/2026-03-29T01:30:00Z"},
      /* over the change: elapsed time */
      {"FREQ=DAILY;BYHOUR=1", "Europe/Berlin", 180, "2026-03-28T12:00Z", 1,
       "2026-03-29T00:00:00Z/2026-03-29T03:00:00Z"},
      /* autumn: 02:00 occurs twice; the first */
      {"FREQ=DAILY;BYHOUR=2", "Europe/Berlin", 180, "2026-10-24T12:00Z", 1,
       "2026-10-25T00:00:00Z/2026-10-25T03:00:00Z"},
      {"FREQ=DAILY;BYHOUR=1;BYMINUTE=30", "America/New_York", 60,
       "2026-10-31T12:00Z", 1, "2026-11-01T05:30:00Z/2026-11-01T06:30:00Z"},
      {"FREQ=DAILY;BYHOUR=2", "America/New_York", 90, "2026-03-07T12:00Z", 1,
       "2026-03-08T07:00:00Z/2026-03-08T07:30:00Z"},
      /* half an hour, in the south */
      {"FREQ=DAILY;BYHOUR=2", "Australia/Lord_Howe", 60, "2026-10-03T12:00Z", 1,
       "2026-10-03T15:30:00Z/2026-10-03T16:00:00Z"},
      /* a day that was not: 30 December 2011 */
      {"FREQ=DAILY;BYHOUR=2", "Pacific/Apia", 60, "2011-12-29T00:00Z", 3,
       "2011-12-29T12:00:00Z/2011-12-29T13:00:00Z "
       "2011-12-30T12:00:00Z/2011-12-30T13:00:00Z "
       "2011-12-31T12:00:00Z/2011-12-31T13:00:00Z"},
      /* behind the file's last transition: the POSIX rule */
      {"FREQ=DAILY;BYHOUR=2", "Europe/Berlin", 180, "2044-03-26T12:00Z", 1,
       "2044-03-27T01:00:00Z/2044-03-27T03:00:00Z"},
      /* what touches is one; the first began before */
      {"FREQ=HOURLY", "UTC", 60, "2026-01-01T00:30Z", 1,
       "2026-01-01T00:00:00Z/2026-01-02T01:00:00Z"},
      {"DTSTART=20260105T010000;FREQ=WEEKLY;INTERVAL=2", "UTC", 60,
       "2026-01-06T00:00Z", 14, "2026-01-19T01:00:00Z/2026-01-19T02:00:00Z"},
      {"DTSTART=20260101T010000;FREQ=DAILY;COUNT=2", "UTC", 60,
       "2026-01-01T00:00Z", 14,
       "2026-01-01T01:00:00Z/2026-01-01T02:00:00Z "
       "2026-01-02T01:00:00Z/2026-01-02T02:00:00Z"},
      {"FREQ=DAILY;UNTIL=20260102T010000Z", "Europe/Berlin", 60,
       "2026-01-01T12:00Z", 5, "2026-01-01T23:00:00Z/2026-01-02T00:00:00Z"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    making m = make(rows[i].rule, rows[i].zone_name, rows[i].minutes,
                    rows[i].from, rows[i].days, NULL, 0);
    expect_open(&m, rows[i].open);
  }
}

static void blackouts_are_taken_away(void **state) {
  (void)state;
  const upk_blackout_rule blackouts[] = {
      {.from_us = at("2026-01-01T03:00Z"), .to_us = at("2026-01-01T03:30Z")},
      {.from_us = at("2026-01-01T03:15Z"), .to_us = at("2026-01-01T04:00Z")},
      {.from_us = at("2026-01-02T00:00Z"), .to_us = at("2026-01-03T00:00Z")},
  };
  making m = make("FREQ=DAILY;BYHOUR=2", "UTC", 180, "2026-01-01T00:00Z", 2,
                  blackouts, 3);
  assert_int_equal(m.windows.free_count, 2);
  expect_open(&m, "2026-01-01T02:00:00Z/2026-01-01T03:00:00Z "
                  "2026-01-01T04:00:00Z/2026-01-01T05:00:00Z");
}

#define CALENDAR(events)                                                       \
  "BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Europe/Berlin\r\n" events                  \
  "END:VCALENDAR\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"

static making with_calendar(const char *text) {
  const upk_blackout_rule blackout = {.calendar = upk_str_from(text),
                                      .path = UPK_STR("x.ics")};
  return make("FREQ=HOURLY", "UTC", 60, "2026-06-01T00:00Z", 3, &blackout, 1);
}

static void calendars_are_blackouts(void **state) {
  static const struct {
    const char *text, *from, *to; /* of the first blackout; NULL: none */
    size_t count;
  } rows[] = {
      /* a whole day of the calendar's zone; the end is the next midnight */
      {CALENDAR(EVENT("DTSTART;VALUE=DATE:20260602\r\n")), "2026-06-01T22:00Z",
       "2026-06-02T22:00Z", 1},
      {CALENDAR(EVENT("DTSTART;TZID=\"America/New_York\":20260601T0200\r\n 00"
                      "\r\nDURATION:PT1H30M\r\n")),
       "2026-06-01T06:00Z", "2026-06-01T07:30Z", 1},
      {CALENDAR(EVENT("STATUS:CANCELLED\r\nDTSTART:20260601T020000Z\r\n"
                      "DTEND:20260601T030000Z\r\n")),
       NULL, NULL, 0},
      /* one excluded, one moved, one more */
      {CALENDAR(EVENT("UID:a\r\nDTSTART:20260530T020000\r\nDTEND:"
                      "20260530T030000\r\nRRULE:FREQ=DAILY\r\nEXDATE:"
                      "20260601T020000\r\nRDATE:20260602T100000\r\n")
                    EVENT("UID:a\r\nRECURRENCE-ID:20260602T020000\r\n"
                          "DTSTART:20260602T050000\r\nDURATION:PT1H\r\n")),
       "2026-06-02T03:00Z", "2026-06-02T04:00Z", 3},
      {CALENDAR("BEGIN:VTIMEZONE\r\nTZID:Berlin time\r\nX-LIC-LOCATION:"
                "Europe/Berlin\r\nEND:VTIMEZONE\r\n" EVENT(
                    "DTSTART;TZID=Berlin time:20260601T120000\r\nDURATION:"
                    "PT1H\r\n")),
       "2026-06-01T10:00Z", "2026-06-01T11:00Z", 1},
      /* names in any case, and a byte order mark */
      {"\xef\xbb\xbf"
       "begin:vcalendar\r\nx-wr-timezone:Europe/Berlin\r\nBegin:VEvent\r\n"
       "dtstart;tzid=UTC:20260530T020000\r\nDuration:PT1H\r\n"
       "rrule:FREQ=DAILY\r\nend:vevent\r\nEND:VCALENDAR\r\n",
       "2026-06-01T02:00Z", "2026-06-01T03:00Z", 3},
      /* a day that ends on itself is still a day */
      {CALENDAR(EVENT("DTSTART;VALUE=DATE:20260601\r\nDTEND;VALUE=DATE:"
                      "20260601\r\n")),
       "2026-05-31T22:00Z", "2026-06-01T22:00Z", 1},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    making m = with_calendar(rows[i].text);
    assert_int_equal(m.status, UPK_OK);
    assert_int_equal(m.windows.blackout_count, rows[i].count);
    if (rows[i].count) {
      assert_int_equal(m.windows.blackouts[0].from_us, at(rows[i].from));
      assert_int_equal(m.windows.blackouts[0].to_us, at(rows[i].to));
    }
    upk_arena_free(m.arena);
  }
}

static void what_is_not_understood_is_refused(void **state) {
  static const struct {
    const char *text;
    uint32_t line;
  } rows[] = {
      {"hello", 1},
      {CALENDAR(EVENT("DTSTART:20260230T000000Z\r\n")), 4},
      {CALENDAR(EVENT("DTSTART;TZID=Mars/Olympus:20260601T000000\r\n")), 4},
      {CALENDAR(EVENT("DTEND:20260601T000000Z\r\n")), 3},
      {CALENDAR(EVENT("DTSTART:20260601T000000Z\r\nRRULE:FREQ=SECONDLY\r\n")),
       5},
      {CALENDAR(EVENT("DTSTART:20260601T000000Z\r\nDURATION:-PT1H\r\n")), 5},
      {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260601T000000Z\r\n", 4},
      {"\r\n\r\n\r\n", 1},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    making m = with_calendar(rows[i].text);
    assert_int_equal(m.status, UPK_DENIED);
    assert_int_equal(m.diags.items.items[0].code, 1565);
    assert_int_equal(m.diags.items.items[0].labels.items[0].span.line,
                     rows[i].line);
    upk_arena_free(m.arena);
  }
}

static making with_bytes(upk_str bytes) {
  const upk_blackout_rule blackout = {.calendar = bytes,
                                      .path = UPK_STR("a.ics")};
  return make("FREQ=DAILY", "UTC", 60, "2026-06-01T00:00Z", 1, &blackout, 1);
}

/* Behind a NUL a reader of texts sees no TZID, and the hours are others. */
static void a_nul_refuses_the_file(void **state) {
  (void)state;
  making m = with_bytes(UPK_STR(
      CALENDAR(EVENT("DTSTART;X=\0;TZID=Europe/Berlin:20260601T000000\r\n"))));
  assert_int_equal(m.status, UPK_DENIED);
  assert_int_equal(m.diags.items.items[0].labels.items[0].span.line, 4);
  upk_arena_free(m.arena);
}

/* None is cut off, and each costs the same. */
static void lists_of_times_may_be_long(void **state) {
  (void)state;
  for (int folded = 0; folded < 2; folded++) {
    upk_buf text = {0};
    upk_buf_str(&text, UPK_STR("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
                               "DTSTART:20000101T000000Z\r\nDURATION:PT1H\r\n"
                               "RDATE;TZID=Europe/Berlin:20000101T010000"));
    for (int i = 0; i < 40000; i++)
      upk_buf_printf(&text, "%s,2000%02d%02dT%02d0000", folded ? "\r\n " : "",
                     i % 12 + 1, i % 28 + 1, i % 24);
    upk_buf_str(&text, UPK_STR("\r\n ,20260601T040000\r\nEND:VEVENT\r\n"
                               "END:VCALENDAR\r\n"));
    making m = with_bytes(upk_buf_view(&text));
    assert_int_equal(m.status, UPK_OK);
    assert_int_equal(m.windows.blackout_count, 1);
    assert_int_equal(m.windows.blackouts[0].from_us, at("2026-06-01T02:00Z"));
    upk_arena_free(m.arena);
    upk_buf_free(&text);
  }
}

/* As many people's calendars in one file: the series do not look at each
 * other's events. */
static void many_series_are_read(void **state) {
  upk_buf text = {0};
  (void)state;
  upk_buf_str(&text, UPK_STR("BEGIN:VCALENDAR\r\n"));
  for (int i = 0; i < 5000; i++)
    upk_buf_printf(&text,
                   "BEGIN:VEVENT\r\nUID:%d\r\nDTSTART:20250101T000000Z\r\n"
                   "DURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n",
                   i);
  upk_buf_str(&text, UPK_STR("END:VCALENDAR\r\n"));
  making m = with_bytes(upk_buf_view(&text));
  assert_int_equal(m.status, UPK_OK);
  assert_int_equal(m.windows.blackout_count, 1);
  upk_arena_free(m.arena);
  upk_buf_free(&text);
}

static void rules_that_are_none(void **state) {
  static const char *const rows[] = {
      "",
      "BYHOUR=2",
      "FREQ=FORTNIGHTLY",
      "FREQ=SECONDLY",
      "FREQ=DAILY;FREQ=DAILY",
      "FREQ=DAILY;BYHOUR=24",
      "FREQ=DAILY;BYDAY=1MO",
      "FREQ=DAILY;BYDAY=XX",
      "FREQ=DAILY;INTERVAL=0;DTSTART=20260101T000000",
      "FREQ=DAILY;INTERVAL=2",
      "FREQ=DAILY;COUNT=2",
      "FREQ=WEEKLY",
      "FREQ=WEEKLY;BYMONTHDAY=1",
      "FREQ=DAILY;COUNT=1;UNTIL=20260101;DTSTART=20260101",
      "FREQ=DAILY;BYSETPOS=0",
      "FREQ=DAILY;DTSTART=20260229T000000",
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    making m = make(rows[i], "UTC", 60, "2026-01-01T00:00Z", 1, NULL, 0);
    assert_int_equal(m.status, UPK_DENIED);
    assert_int_equal(m.diags.items.items[0].code, 1562);
    upk_arena_free(m.arena);
  }
}

static void zones_that_are_none(void **state) {
  static const char *const rows[] = {
      "Europe/Atlantis", "localtime", "right/UTC", "../../etc/passwd",
      "/etc/passwd",     "tzdata.zi", ""};
  const char *why = NULL;
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_null(zone_load(arena, NULL, upk_str_from(rows[i]), &why));
  upk_arena_free(arena);
}

static void posix_rules(void **state) {
  zone_rule rule;
  bool dst;
  (void)state;
  assert_true(
      zone_rule_read(UPK_STR("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1"), &rule));
  assert_int_equal(rule.std_s, -3 * 3600);
  assert_int_equal(rule.to_dst.time_s, -2 * 3600);
  assert_true(zone_rule_read(UPK_STR("EST5EDT,J60/2,300/2"), &rule));
  assert_int_equal(
      zone_rule_offset_s(&rule, at("2026-07-01T00:00Z") / 1000000, &dst),
      -4 * 3600);
  assert_true(dst);
  static const char *const none[] = {"",
                                     "X1",
                                     "CET",
                                     "CET-1CEST",
                                     "CET-1CEST,M13.1.0,M10.5.0",
                                     "CET-1CEST,M3.5.0,M10.5.0/168"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    assert_false(zone_rule_read(upk_str_from(none[i]), &rule));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clocks_that_change),
      cmocka_unit_test(blackouts_are_taken_away),
      cmocka_unit_test(calendars_are_blackouts),
      cmocka_unit_test(what_is_not_understood_is_refused),
      cmocka_unit_test(a_nul_refuses_the_file),
      cmocka_unit_test(lists_of_times_may_be_long),
      cmocka_unit_test(many_series_are_read),
      cmocka_unit_test(rules_that_are_none),
      cmocka_unit_test(zones_that_are_none),
      cmocka_unit_test(posix_rules),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
