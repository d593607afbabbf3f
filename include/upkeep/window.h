/* Windows and blackouts: when steps may run, as moments in UTC.
 *
 * A window is a recurrence rule (RFC 5545), a duration and an IANA zone; a
 * blackout is a range, or the events of an iCalendar file. Blackouts win. Local
 * times are found with the system's zoneinfo files:
 * a start that a clock change skips is the first moment after it, and the
 * window then ends no later than its clock time says; a start that occurs
 * twice is the first one; otherwise durations are elapsed time.
 */
#ifndef UPKEEP_WINDOW_H
#define UPKEEP_WINDOW_H

#include <upkeep/base.h>
#include <upkeep/diag.h>

/* [from, to), microseconds since 1970. */
typedef struct upk_interval {
  int64_t from_us, to_us;
} upk_interval;

typedef struct upk_window_rule {
  upk_str name;
  upk_str rrule;    /* "FREQ=DAILY;BYHOUR=2"; DTSTART may be a part of it */
  upk_str timezone; /* "Europe/Berlin" */
  int64_t duration_us;
  upk_span rrule_at, timezone_at; /* for diagnostics; UPK_NO_SPAN: none */
} upk_window_rule;

typedef struct upk_blackout_rule {
  upk_str calendar; /* bytes of an iCalendar file; absent: from_us, to_us */
  upk_str path;     /* its name, for diagnostics */
  upk_str timezone; /* of times in it without a zone; absent: the calendar's
                       X-WR-TIMEZONE, or UTC */
  upk_str reason;   /* may be absent: an event's SUMMARY */
  int64_t from_us, to_us;
  upk_span at, timezone_at;
} upk_blackout_rule;

typedef struct upk_windows_request {
  const upk_window_rule *windows;
  size_t window_count;
  const upk_blackout_rule *blackouts;
  size_t blackout_count;
  int64_t from_us, to_us; /* what is asked for */
  const char *zoneinfo;   /* folder; NULL: /usr/share/zoneinfo */
} upk_windows_request;

typedef struct upk_blackout {
  int64_t from_us, to_us;
  upk_str reason; /* may be empty */
} upk_blackout;

typedef struct upk_window_times {
  upk_str name, timezone;
  const upk_interval *nominal; /* by the rule; what touches is one */
  size_t nominal_count;
  const upk_interval *open; /* what blackouts leave of it */
  size_t open_count;
} upk_window_times;

/* Openings and blackouts that meet the range asked for, ascending and whole:
 * the first may begin before it, the last may end after it. */
typedef struct upk_windows {
  int64_t from_us, to_us;
  upk_str tzdata; /* version of the zone data: "2025b" */
  const upk_window_times *windows;
  size_t window_count;
  const upk_blackout *blackouts; /* by from_us; may overlap */
  size_t blackout_count;
  const upk_interval *free; /* what blackouts leave of the range asked for */
  size_t free_count;
} upk_windows;

/* Strings of the result borrow from the request or are in `arena`. UPK_DENIED
 * after a diagnostic for each rule that is wrong. Work is bounded, whatever the
 * rules say. Blocks: reads zone files. */
upk_status upk_windows_make(const upk_windows_request *request,
                            upk_arena *arena, upk_diags *diags,
                            upk_windows *ret_windows);

/* "upkeep.windows/1" (docs/formats.md), for upk_compile_request.windows. */
void upk_windows_write(const upk_windows *windows, upk_buf *out);

/* What `taken` leaves of `items`, both ascending; the result is in `arena`.
 * `taken` may overlap each other. Returns the count. */
size_t upk_intervals_without(upk_arena *arena, const upk_interval *items,
                             size_t count, const upk_blackout *taken,
                             size_t taken_count, upk_interval **ret_items);

/* "2026-11-24 02:00 CET"; seconds where there are any. UTC when the zone is not
 * known. Blocks: reads the zone's file. */
void upk_local_time(const char *zoneinfo, upk_str timezone, int64_t us,
                    upk_buf *out);

#endif
