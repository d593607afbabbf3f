/* Timestamps and durations as text. No clock here: times are handed in.
 *
 * A timestamp is microseconds since 1970-01-01T00:00:00Z (proleptic
 * Gregorian, no leap seconds), years 0001 to 9999; a duration is
 * microseconds. */
#ifndef UPKEEP_TIMEFMT_H
#define UPKEEP_TIMEFMT_H

#include <upkeep/base.h>

/* RFC 3339 with optional seconds and fraction, zone Z or +hh:mm; the zone is
 * required. Days that do not exist are refused. */
bool upk_timestamp_parse(upk_str text, int64_t *ret_us);
/* "2026-11-23T12:33:00Z"; the fraction only when there is one. */
void upk_timestamp_format(int64_t us, upk_buf *out);

/* Units us ms s min|m h d w, descending, each at most once: 90s, 1h30m, 2d,
 * 1min. No sign, no spaces; overflow and unknown units are refused. */
bool upk_duration_parse(upk_str text, int64_t *ret_us);
/* Canonical and exact: "1h30m", "7d", "1500ms", "0s". Parses back. */
void upk_duration_format(int64_t us, upk_buf *out);
/* Rounded for people: "18 min", "40 s", "6 h", "3 d". */
void upk_duration_human(int64_t us, upk_buf *out);
/* "2.1 GiB", "512 B". */
void upk_bytes_human(int64_t bytes, upk_buf *out);
/* Exact: the largest binary unit that divides: "64MiB", "1000B". */
void upk_bytes_format(int64_t bytes, upk_buf *out);
/* Parts per million as exact percent: 410000 -> "41%", 12345 -> "1.2345%". */
void upk_ratio_format(int64_t ppm, upk_buf *out);

#endif
