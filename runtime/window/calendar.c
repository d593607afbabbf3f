/* Events of an iCalendar file. What cannot be understood refuses the file: a
 * blackout that is not seen would let steps run in it. */
#include "window/calendar.h"

#include <string.h>

#include "window/civil.h"
#include "window/rrule.h"

enum {
  NEST_MAX = 8,
  EVENTS_MAX = 20000,
  PARAMETERS_BYTES_MAX = 4096,
  WORK = 20 * 1000 * 1000, /* of all rules of a file together */
};

/* A date or a time; `on` NULL: UTC. */
typedef struct moment {
  int64_t local_s;
  const zone *on;
  bool date;
} moment;

typedef UPK_VEC(moment) moments;

/* Length: to `until`, or days by the calendar and seconds. */
typedef struct event {
  size_t line;
  upk_str uid, summary;
  calendar_line rule; /* text absent: none */
  bool cancelled, has_start, has_end, has_length, has_original;
  moment start, end, original;
  int64_t days, seconds;
  moments without, besides;
} event;

/* A VTIMEZONE that names the zone it is: libical and its users write so. */
typedef struct alias {
  upk_str id, location;
} alias;

typedef struct reading {
  upk_arena *arena;
  const upk_windows_request *request;
  const upk_blackout_rule *rule;
  upk_diags *diags;
  uint32_t source;
  const zone *floating; /* of times without a zone */
  UPK_VEC(event) events;
  UPK_VEC(const event *) instead; /* those of a single start of a series */
  UPK_VEC(alias) aliases;
  blackout_vec *out;
  int64_t work;
  bool bad;
  const event *of; /* being expanded */
  const zone *rule_zone;
} reading;

static bool wrong(reading *r, size_t line, const char *help, const char *format,
                  ...) UPK_PRINTF(4, 5);

static bool wrong(reading *r, size_t line, const char *help, const char *format,
                  ...) {
  va_list args;
  upk_span at = {r->source, (uint32_t)line, 1, (uint32_t)line, 1};
  va_start(args, format);
  upk_str text = upk_arena_vprintf(r->arena, format, args);
  va_end(args);
  upk_diag *diag = upk_diag_add(r->diags, 1565, at, "%.*s", UPK_FMT(text));
  if (help)
    upk_diag_help(r->diags, diag, "%s", help);
  r->bad = true;
  return false;
}

/* ---- zones ---- */

static const zone *zone_named(reading *r, upk_str name) {
  const char *why;
  return zone_load(r->arena, r->request->zoneinfo, name, &why);
}

/* Programs write "/vendor/date/Europe/Berlin": the IANA name stands last. */
static const zone *zone_of_id(reading *r, upk_str id) {
  for (size_t i = 0; i < r->aliases.len; i++)
    if (upk_str_equal(r->aliases.items[i].id, id))
      id = r->aliases.items[i].location;
  const zone *found = zone_named(r, id);
  while (!found && id.len) {
    upk_str rest;
    upk_str_split(id, '/', &rest);
    if (!rest.data)
      break;
    id = rest;
    found = zone_named(r, id);
  }
  return found;
}

static const zone *zone_of_line(reading *r, const calendar_line *line) {
  upk_str id = calendar_parameter(r->arena, line, "TZID");
  const zone *found = id.len ? zone_of_id(r, id) : r->floating;
  if (!found)
    wrong(r, line->number,
          "Export the calendar with IANA names such as Europe/Berlin.",
          "time zone `%.*s` is not known", UPK_FMT(id));
  return found;
}

/* ---- values ---- */

/* `*local` is the line's zone, once it was asked for; NULL before. */
static bool read_one(reading *r, const calendar_line *line, upk_str value,
                     const zone **local, moment *ret) {
  bool utc;
  if (!rrule_read_time(upk_str_trim(value), &ret->local_s, &utc, &ret->date))
    return wrong(r, line->number, NULL, "%.*s has `%.*s`, which is no time",
                 UPK_FMT(line->name), (int)(value.len < 40 ? value.len : 40),
                 value.data);
  if (!utc && !*local)
    *local = zone_of_line(r, line);
  ret->on = utc ? zone_utc() : *local;
  return ret->on;
}

static bool read_moment(reading *r, const calendar_line *line, moment *ret) {
  const zone *local = NULL;
  return read_one(r, line, line->value, &local, ret);
}

static bool add_moments(reading *r, const calendar_line *line, moments *list) {
  upk_str rest = line->value;
  const zone *local = NULL;
  if (calendar_is(calendar_parameter(r->arena, line, "VALUE"), "PERIOD"))
    return wrong(r, line->number, "Write the period as an event of its own.",
                 "%.*s with periods is not read", UPK_FMT(line->name));
  while (rest.data) {
    upk_str item = upk_str_split(rest, ',', &rest);
    if (!read_one(r, line, item, &local, UPK_PUSH(r->arena, list)))
      return false;
  }
  return true;
}

static int64_t utc_of(const moment *m, bool *ret_gap) {
  return zone_utc_of(m->on, m->local_s, ret_gap);
}

/* ---- one property ---- */

static bool take_start(reading *r, event *e, const calendar_line *line) {
  e->has_start = true;
  return read_moment(r, line, &e->start);
}

static bool take_end(reading *r, event *e, const calendar_line *line) {
  e->has_end = true;
  return read_moment(r, line, &e->end);
}

static bool take_length(reading *r, event *e, const calendar_line *line) {
  e->has_length = true;
  return calendar_duration(line, line->value, &e->days, &e->seconds) ||
         wrong(r, line->number, NULL,
               "DURATION is no time of more than nothing");
}

static bool take_rule(reading *r, event *e, const calendar_line *line) {
  if (e->rule.text.data)
    return wrong(r, line->number, "Write a second event for the second rule.",
                 "an event has two rules");
  e->rule = *line;
  return true;
}

static bool take_without(reading *r, event *e, const calendar_line *line) {
  return add_moments(r, line, &e->without);
}

static bool take_besides(reading *r, event *e, const calendar_line *line) {
  return add_moments(r, line, &e->besides);
}

static bool take_original(reading *r, event *e, const calendar_line *line) {
  e->has_original = true;
  if (calendar_parameter(r->arena, line, "RANGE").len)
    return wrong(r, line->number, "Split the series in two.",
                 "a change of all following events is not read");
  return read_moment(r, line, &e->original);
}

static bool take_status(reading *r, event *e, const calendar_line *line) {
  (void)r;
  e->cancelled = calendar_is(line->value, "CANCELLED");
  return true;
}

static bool take_uid(reading *r, event *e, const calendar_line *line) {
  (void)r;
  e->uid = line->value;
  return true;
}

static bool take_summary(reading *r, event *e, const calendar_line *line) {
  e->summary = calendar_text(r->arena, line);
  return true;
}

static bool take_exrule(reading *r, event *e, const calendar_line *line) {
  (void)e;
  return wrong(r, line->number, "Write the exceptions as EXDATE.",
               "EXRULE is not read");
}

static const struct {
  const char *name;
  bool (*take)(reading *r, event *e, const calendar_line *line);
} properties[] = {
    {"DTSTART", take_start},   {"DTEND", take_end},
    {"DURATION", take_length}, {"RRULE", take_rule},
    {"EXDATE", take_without},  {"RDATE", take_besides},
    {"STATUS", take_status},   {"RECURRENCE-ID", take_original},
    {"UID", take_uid},         {"SUMMARY", take_summary},
    {"EXRULE", take_exrule},
};

static bool take_property(reading *r, event *e, const calendar_line *line) {
  size_t parameters = line->text.len - line->name.len - line->value.len;
  for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
    if (!calendar_is(line->name, properties[i].name))
      continue;
    if (parameters > PARAMETERS_BYTES_MAX)
      return wrong(r, line->number, NULL, "%s has too many parameters",
                   properties[i].name);
    return properties[i].take(r, e, line);
  }
  return true;
}

static bool check_event(reading *r, const event *e) {
  if (!e->has_start)
    return wrong(r, e->line, NULL, "an event has no DTSTART");
  if (e->has_end && e->has_length)
    return wrong(r, e->line, NULL, "an event has both DTEND and DURATION");
  if (e->has_end && e->start.date != e->end.date)
    return wrong(r, e->line, NULL,
                 "an event begins with a date and ends with a time, or the "
                 "other way round");
  bool gap;
  if (e->has_end && utc_of(&e->end, &gap) < utc_of(&e->start, &gap))
    return wrong(r, e->line, NULL, "an event ends before it begins");
  return true;
}

/* ---- the file ---- */

/* Zones are named before events may use them; files need not keep that order,
 * so they are looked for first. */
static void find_zones(reading *r) {
  calendar_lines lines = calendar_begin(r->arena, r->rule->calendar);
  calendar_line line;
  alias *last = NULL;
  upk_str own = r->rule->timezone;
  bool inside = false;
  while (calendar_next_line(&lines, &line)) {
    bool begins = calendar_is(line.name, "BEGIN");
    if ((begins || calendar_is(line.name, "END")) &&
        calendar_is(line.value, "VTIMEZONE")) {
      inside = begins;
      last = begins ? UPK_PUSH(r->arena, &r->aliases) : NULL;
    } else if (inside && last && calendar_is(line.name, "TZID")) {
      last->id = last->location = line.value;
    } else if (inside && last && calendar_is(line.name, "X-LIC-LOCATION")) {
      last->location = line.value;
    } else if (!own.len && calendar_is(line.name, "X-WR-TIMEZONE")) {
      r->floating = zone_of_id(r, line.value);
      if (!r->floating)
        wrong(r, line.number, "Give the blackout a `timezone` in upkeep.yaml.",
              "time zone `%.*s` is not known", UPK_FMT(line.value));
    }
  }
}

typedef struct nest {
  upk_str names[NEST_MAX];
  size_t depth;
} nest;

/* BEGIN and END; false after a diagnostic. */
static bool move(reading *r, nest *n, const calendar_line *line, bool begins) {
  if (begins) {
    if (n->depth == NEST_MAX)
      return wrong(r, line->number, NULL, "components are nested too deep");
    if (!n->depth && !calendar_is(line->value, "VCALENDAR"))
      return wrong(r, line->number, NULL, "the file is no iCalendar file");
    n->names[n->depth++] = line->value;
    return true;
  }
  if (!n->depth || !calendar_same(n->names[n->depth - 1], line->value))
    return wrong(r, line->number, NULL, "END:%.*s does not end what is begun",
                 (int)(line->value.len < 40 ? line->value.len : 40),
                 line->value.data);
  n->depth--;
  return true;
}

static bool in_event(const nest *n) {
  return n->depth == 2 && calendar_is(n->names[1], "VEVENT");
}

static bool read_line(reading *r, nest *n, const calendar_line *line) {
  bool begins = calendar_is(line->name, "BEGIN");
  if (!begins && !calendar_is(line->name, "END")) {
    if (!n->depth)
      return wrong(r, line->number, NULL, "the file is no iCalendar file");
    return !in_event(n) ||
           take_property(r, &r->events.items[r->events.len - 1], line);
  }
  if (!begins && in_event(n) &&
      !check_event(r, &r->events.items[r->events.len - 1]))
    return false;
  if (!move(r, n, line, begins))
    return false;
  if (begins && in_event(n)) {
    if (r->events.len == EVENTS_MAX)
      return wrong(r, line->number, NULL, "the file has more than %d events",
                   EVENTS_MAX);
    UPK_PUSH(r->arena, &r->events)->line = line->number;
  }
  return true;
}

/* A text that ends within a line would be read in part. */
static bool without_nul(reading *r) {
  upk_str bytes = r->rule->calendar;
  size_t line = 1;
  for (size_t i = 0; i < bytes.len; i++) {
    if (!bytes.data[i])
      return wrong(r, line, NULL, "the file has a NUL byte");
    line += bytes.data[i] == '\n';
  }
  return true;
}

static bool read_events(reading *r) {
  calendar_lines lines = calendar_begin(r->arena, r->rule->calendar);
  calendar_line line;
  nest n = {.depth = 0};
  bool any = false;
  for (; calendar_next_line(&lines, &line); any = true)
    if (!read_line(r, &n, &line))
      return false;
  if (n.depth)
    return wrong(
        r, lines.number, NULL, "the file ends within %.*s",
        (int)(n.names[n.depth - 1].len < 40 ? n.names[n.depth - 1].len : 40),
        n.names[n.depth - 1].data);
  return any || wrong(r, 1, NULL, "the file is no iCalendar file");
}

/* ---- events as times ---- */

static int64_t end_of(const event *e, const moment *start, int64_t start_utc) {
  bool gap;
  if (e->has_end && !e->start.date)
    return start_utc + utc_of(&e->end, &gap) - utc_of(&e->start, &gap);
  /* Some programs end a day on that day: still a day. */
  bool later = e->has_end && e->end.local_s > e->start.local_s;
  int64_t days = later           ? (e->end.local_s - e->start.local_s) / DAY_S
                 : e->has_length ? e->days
                 : e->start.date ? 1
                                 : 0;
  moment end = *start;
  end.local_s += days * DAY_S;
  return (days ? utc_of(&end, &gap) : start_utc) + e->seconds;
}

static void add_time(reading *r, const event *e, const moment *start) {
  bool gap;
  int64_t from_s = utc_of(start, &gap);
  int64_t to_s = end_of(e, start, from_s);
  if (to_s <= from_s || to_s <= r->request->from_us / SECOND_US ||
      from_s * SECOND_US >= r->request->to_us)
    return;
  upk_str reason = r->rule->reason.len ? r->rule->reason : e->summary;
  *UPK_PUSH(r->arena, r->out) = (upk_blackout){
      from_s * SECOND_US, to_s * SECOND_US, reason.data ? reason : UPK_STR("")};
}

/* Whether another event or an EXDATE stands for this start. A date excludes
 * what begins on it. */
static bool replaced(reading *r, const event *e, const moment *start) {
  bool gap;
  int64_t at = utc_of(start, &gap);
  for (size_t i = 0; i < e->without.len; i++) {
    const moment *m = &e->without.items[i];
    r->work--;
    if (m->date && !start->date ? civil_divide(m->local_s, DAY_S) ==
                                      civil_divide(start->local_s, DAY_S)
                                : utc_of(m, &gap) == at)
      return true;
  }
  for (size_t i = 0; e->uid.data && i < r->instead.len; i++) {
    const event *other = r->instead.items[i];
    r->work--;
    if (upk_str_equal(other->uid, e->uid) &&
        utc_of(&other->original, &gap) == at)
      return true;
  }
  return false;
}

static bool visit(void *ctx, int64_t start_s) {
  reading *r = ctx;
  moment start = r->of->start;
  start.local_s = start_s;
  if (!replaced(r, r->of, &start))
    add_time(r, r->of, &start);
  return r->work > 0;
}

static bool too_much(reading *r, const event *e) {
  return wrong(r, e->line, "Begin the series later, or end it with UNTIL.",
               "the events of the file recur too often to be looked at");
}

/* UNTIL is in UTC when DTSTART has a zone. */
static bool read_rule(reading *r, const event *e, rrule *ret_rule) {
  rrule_error error;
  if (!rrule_read(e->rule.value, ret_rule, &error))
    return wrong(r, e->rule.number, error.help, "%s", error.text);
  ret_rule->has_start = true;
  ret_rule->start_s = e->start.local_s;
  if (ret_rule->has_until && ret_rule->until_is_utc) {
    ret_rule->until_s += zone_offset_s(e->start.on, ret_rule->until_s);
    ret_rule->until_is_utc = false;
  }
  return true;
}

static int64_t length_of(const event *e) {
  bool gap;
  int64_t from = utc_of(&e->start, &gap);
  return end_of(e, &e->start, from) - from;
}

static bool expand(reading *r, const event *e) {
  rrule rule;
  enum { MARGIN_S = 2 * DAY_S };
  r->of = e;
  if (e->cancelled)
    return true;
  for (size_t i = 0; i < e->besides.len && r->work > 0; i++)
    if (!replaced(r, e, &e->besides.items[i]))
      add_time(r, e, &e->besides.items[i]);
  if (!e->rule.text.data || e->has_original) {
    if (e->has_original || !replaced(r, e, &e->start))
      add_time(r, e, &e->start);
    return r->work > 0 || too_much(r, e);
  }
  if (!read_rule(r, e, &rule))
    return false;
  /* DTSTART is always the first, even when the rule would not give it. */
  (void)visit(r, e->start.local_s);
  int64_t from_s = r->request->from_us / SECOND_US - length_of(e) - MARGIN_S;
  int64_t to_s = r->request->to_us / SECOND_US + MARGIN_S;
  return (rrule_each(&rule, from_s, to_s, &r->work, visit, r) && r->work > 0) ||
         too_much(r, e);
}

bool calendar_read(upk_arena *arena, const upk_windows_request *request,
                   const upk_blackout_rule *rule, upk_diags *diags,
                   blackout_vec *ret) {
  reading r = {.arena = arena,
               .request = request,
               .rule = rule,
               .diags = diags,
               .source = upk_diags_source(diags, rule->path, rule->calendar),
               .floating = zone_utc(),
               .out = ret,
               .work = WORK};
  if (rule->timezone.len)
    r.floating = zone_named(&r, rule->timezone);
  if (!r.floating) {
    upk_diag_add(diags, 1563, rule->timezone_at,
                 "time zone `%.*s` is not known", UPK_FMT(rule->timezone));
    return false;
  }
  if (!without_nul(&r))
    return false;
  find_zones(&r);
  if (r.bad || !read_events(&r))
    return false;
  for (size_t i = 0; i < r.events.len; i++)
    if (r.events.items[i].has_original)
      *UPK_PUSH(arena, &r.instead) = &r.events.items[i];
  for (size_t i = 0; i < r.events.len; i++)
    if (!expand(&r, &r.events.items[i]))
      return false;
  return true;
}
