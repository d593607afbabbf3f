/* iCalendar files (RFC 5545): their events as blackouts. */
#ifndef RUNTIME_WINDOW_CALENDAR_H
#define RUNTIME_WINDOW_CALENDAR_H

#include <upkeep/window.h>

#include "window/zone.h"

typedef UPK_VEC(upk_blackout) blackout_vec;

/* Adds the events of `rule->calendar` that meet [from_us, to_us). False after a
 * diagnostic that names the file's line. */
bool calendar_read(upk_arena *arena, const upk_windows_request *request,
                   const upk_blackout_rule *rule, upk_diags *diags,
                   blackout_vec *ret_blackouts);

/* calendar_line.c */

/* One property: "DTSTART;TZID=Europe/Berlin:20261224T000000". */
typedef struct calendar_line {
  size_t number;       /* of its first line in the file, from 1 */
  upk_str text;        /* unfolded */
  upk_str name, value; /* of it; the value as it stands */
} calendar_line;

typedef struct calendar_lines {
  upk_arena *arena;
  upk_str rest;
  size_t number;
} calendar_lines;

/* Whether names are the same; case does not count (RFC 5545, 2). */
bool calendar_same(upk_str a, upk_str b);
bool calendar_is(upk_str text, const char *word);
/* Of bytes without NULs. */
calendar_lines calendar_begin(upk_arena *arena, upk_str bytes);
/* False at the end. */
bool calendar_next_line(calendar_lines *lines, calendar_line *ret_line);
/* A parameter's value, without quotes; absent when it is not there, or the
 * line is no property. */
upk_str calendar_parameter(upk_arena *arena, const calendar_line *line,
                           const char *name);
/* A text value with its escapes undone. */
upk_str calendar_text(upk_arena *arena, const calendar_line *line);
/* PT1H, P1D, P2W: days by the calendar, and seconds. */
bool calendar_duration(const calendar_line *line, upk_str value,
                       int64_t *ret_days, int64_t *ret_s);

#endif
