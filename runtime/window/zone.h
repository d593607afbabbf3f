/* Time zones, from the system's zoneinfo files (TZif, RFC 8536).
 *
 * libical's zones are not used: they are VTIMEZONEs made from the same files,
 * and lose what no yearly rule says. The files are read as they are: every
 * transition that they list, and the POSIX rule behind the last one. */
#ifndef RUNTIME_WINDOW_ZONE_H
#define RUNTIME_WINDOW_ZONE_H

#include <upkeep/base.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"

typedef struct zone zone;

/* Loads a zone of `folder` into `arena`. NULL when there is none of that name,
 * or its file cannot be read; *ret_why says which. Names that depend on the
 * machine (localtime) or count leap seconds (right/) are none. Blocks. */
const zone *zone_load(upk_arena *arena, const char *folder, upk_str name,
                      const char **ret_why);

/* The zone of UTC, without a file. */
const zone *zone_utc(void);

/* Seconds east of UTC at a moment in seconds since 1970. */
int32_t zone_offset_s(const zone *z, int64_t utc_s);
/* What the zone calls itself then: "CEST". */
upk_str zone_abbreviation(const zone *z, int64_t utc_s);

/* The moment at which clocks show `local_s` (seconds since 1970 as if UTC): the
 * first one when they show it twice; when they never do, the first moment after
 * the gap, and *ret_gap is true. */
int64_t zone_utc_of(const zone *z, int64_t local_s, bool *ret_gap);

/* "2025b", from the folder's tzdata.zi or +VERSION; "unknown". Blocks. */
upk_str zone_data_version(upk_arena *arena, const char *folder);

/* zone_rule.c: the rule behind the last transition, "CET-1CEST,M3.5.0,...". */
typedef struct zone_day {
  enum { ZONE_JULIAN, ZONE_YEAR_DAY, ZONE_MONTH_DAY } kind;
  int day, week, month; /* day: 1..365, 0..365, or 0 (Sunday) .. 6 */
  int32_t time_s;       /* of that day, local; may be negative or beyond it */
} zone_day;

typedef struct zone_rule {
  bool there, has_dst;
  int32_t std_s, dst_s; /* east of UTC */
  upk_str std_name, dst_name;
  zone_day to_dst, to_std;
} zone_rule;

/* False when the text is no rule. Names borrow from `text`. */
bool zone_rule_read(upk_str text, zone_rule *ret_rule);
int32_t zone_rule_offset_s(const zone_rule *rule, int64_t utc_s, bool *ret_dst);
/* The first change after `utc_s`; INT64_MAX: there is none. */
int64_t zone_rule_next_s(const zone_rule *rule, int64_t utc_s);

#endif
