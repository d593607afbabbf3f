/* Openings of windows, and what blackouts leave of them. */
#include <upkeep/window.h>

#include <stdlib.h>

#include "json.h"
#include "window/calendar.h"
#include "window/civil.h"
#include "window/rrule.h"
#include "window/zone.h"

enum {
  MARGIN_S = 2 * DAY_S, /* local time is never further from UTC */
  OPENINGS_MAX = 100 * 1000,
};

typedef UPK_VEC(upk_interval) interval_vec;

typedef struct making {
  const upk_windows_request *request;
  upk_arena *arena;
  upk_diags *diags;
  const upk_window_rule *window; /* being expanded */
  const zone *on;
  rrule rule;
  interval_vec found;
} making;

/* ---- one window ---- */

/* Of the text `at` begins with, a part; the whole when it has no length. */
static upk_span part_of(upk_span at, const rrule_error *error) {
  if (!error->len || !at.line || at.end_line != at.line)
    return at;
  upk_span part = at;
  part.column += (uint32_t)error->offset;
  part.end_column = part.column + (uint32_t)error->len;
  return part.end_column <= at.end_column ? part : at;
}

static bool wrong_rule(making *m, const rrule_error *error) {
  upk_diag *diag =
      upk_diag_add(m->diags, 1562, part_of(m->window->rrule_at, error),
                   "window `%.*s`: %s", UPK_FMT(m->window->name), error->text);
  if (error->help)
    upk_diag_help(m->diags, diag, "%s", error->help);
  return false;
}

static bool add_opening(void *ctx, int64_t start_s) {
  making *m = ctx;
  bool gap, no_gap;
  int64_t open_us = zone_utc_of(m->on, start_s, &gap) * SECOND_US;
  int64_t close_us = open_us + m->window->duration_us;
  if (m->rule.has_until && m->rule.until_is_utc &&
      open_us > m->rule.until_s * SECOND_US)
    return false;
  if (gap) { /* it ends when its clock says, at the latest */
    int64_t end_s = start_s + m->window->duration_us / SECOND_US;
    int64_t nominal_us = zone_utc_of(m->on, end_s, &no_gap) * SECOND_US;
    close_us = nominal_us < close_us ? nominal_us : close_us;
  }
  if (close_us <= open_us || close_us <= m->request->from_us ||
      open_us >= m->request->to_us)
    return true;
  upk_interval *last = m->found.len ? &m->found.items[m->found.len - 1] : NULL;
  if (last && open_us <= last->to_us) {
    last->to_us = close_us > last->to_us ? close_us : last->to_us;
    return true;
  }
  *UPK_PUSH(m->arena, &m->found) = (upk_interval){open_us, close_us};
  return m->found.len < OPENINGS_MAX;
}

static bool expand(making *m) {
  const upk_window_rule *window = m->window;
  int64_t work = RRULE_WORK;
  int64_t from_s =
      civil_divide(m->request->from_us - window->duration_us, SECOND_US);
  int64_t to_s = civil_divide(m->request->to_us, SECOND_US);
  if (rrule_each(&m->rule, from_s - MARGIN_S, to_s + MARGIN_S, &work,
                 add_opening, m) &&
      m->found.len < OPENINGS_MAX)
    return true;
  upk_diag *diag = upk_diag_add(
      m->diags, 1566, window->rrule_at,
      "window `%.*s` recurs too often to be looked at", UPK_FMT(window->name));
  upk_diag_help(m->diags, diag,
                "Begin the rule later, or let it recur less often.");
  return false;
}

static const zone *find_zone(making *m, const upk_window_rule *window) {
  const char *why;
  const zone *on =
      zone_load(m->arena, m->request->zoneinfo, window->timezone, &why);
  if (on)
    return on;
  upk_diag *diag = upk_diag_add(
      m->diags, 1563, window->timezone_at, "window `%.*s`: %s: `%.*s`",
      UPK_FMT(window->name), why, UPK_FMT(window->timezone));
  upk_diag_help(m->diags, diag,
                "zones are IANA names such as Europe/Berlin; the package "
                "tzdata has them");
  return NULL;
}

static bool make_window(making *m, const upk_window_rule *window,
                        upk_window_times *ret) {
  rrule_error error;
  m->window = window;
  m->found = (interval_vec){0};
  *ret = (upk_window_times){.name = window->name, .timezone = window->timezone};
  bool good = rrule_read(window->rrule, &m->rule, &error) &&
              rrule_stands_alone(&m->rule, &error);
  if (!good)
    wrong_rule(m, &error);
  m->on = find_zone(m, window);
  if (!good || !m->on)
    return false;
  if (m->rule.start_is_utc)
    m->rule.start_s += zone_offset_s(m->on, m->rule.start_s);
  if (!expand(m))
    return false;
  ret->nominal = m->found.items;
  ret->nominal_count = m->found.len;
  return true;
}

/* ---- blackouts ---- */

static int by_time(const void *a, const void *b) {
  const upk_blackout *left = a;
  const upk_blackout *right = b;
  if (left->from_us != right->from_us)
    return left->from_us < right->from_us ? -1 : 1;
  if (left->to_us != right->to_us)
    return left->to_us < right->to_us ? -1 : 1;
  return upk_str_compare(left->reason, right->reason);
}

static bool make_blackouts(making *m, upk_windows *ret) {
  blackout_vec all = {0};
  bool good = true;
  for (size_t i = 0; i < m->request->blackout_count; i++) {
    const upk_blackout_rule *rule = &m->request->blackouts[i];
    if (rule->calendar.data)
      good = calendar_read(m->arena, m->request, rule, m->diags, &all) && good;
    else if (rule->to_us > m->request->from_us &&
             rule->from_us < m->request->to_us)
      *UPK_PUSH(m->arena, &all) =
          (upk_blackout){rule->from_us, rule->to_us,
                         rule->reason.data ? rule->reason : UPK_STR("")};
  }
  if (all.len)
    qsort(all.items, all.len, sizeof *all.items, by_time);
  size_t kept = 0;
  for (size_t i = 0; i < all.len; i++)
    if (!i || by_time(&all.items[i], &all.items[kept - 1]) != 0)
      all.items[kept++] = all.items[i];
  ret->blackouts = all.items;
  ret->blackout_count = kept;
  return good;
}

size_t upk_intervals_without(upk_arena *arena, const upk_interval *items,
                             size_t count, const upk_blackout *taken,
                             size_t taken_count, upk_interval **ret_items) {
  interval_vec left = {0};
  size_t first = 0; /* no blackout before it reaches into later openings */
  for (size_t i = 0; i < count; i++) {
    upk_interval rest = items[i];
    while (first < taken_count && taken[first].to_us <= rest.from_us)
      first++;
    for (size_t t = first; t < taken_count && taken[t].from_us < rest.to_us &&
                           rest.from_us < rest.to_us;
         t++) {
      if (taken[t].to_us <= rest.from_us)
        continue;
      if (taken[t].from_us > rest.from_us)
        *UPK_PUSH(arena, &left) =
            (upk_interval){rest.from_us, taken[t].from_us};
      rest.from_us = taken[t].to_us;
    }
    if (rest.from_us < rest.to_us)
      *UPK_PUSH(arena, &left) = rest;
  }
  *ret_items = left.items;
  return left.len;
}

/* ---- the whole ---- */

upk_status upk_windows_make(const upk_windows_request *request,
                            upk_arena *arena, upk_diags *diags,
                            upk_windows *ret) {
  making m = {.request = request, .arena = arena, .diags = diags};
  upk_window_times *windows =
      UPK_NEW_ARRAY(arena, upk_window_times, request->window_count + 1);
  bool good = true;
  *ret = (upk_windows){.from_us = request->from_us,
                       .to_us = request->to_us,
                       .tzdata = zone_data_version(arena, request->zoneinfo),
                       .windows = windows,
                       .window_count = request->window_count};
  for (size_t i = 0; i < request->window_count; i++)
    good = make_window(&m, &request->windows[i], &windows[i]) && good;
  if (!make_blackouts(&m, ret) || !good)
    return UPK_DENIED;
  upk_interval *open, range = {request->from_us, request->to_us};
  ret->free_count = upk_intervals_without(arena, &range, 1, ret->blackouts,
                                          ret->blackout_count, &open);
  ret->free = open;
  for (size_t i = 0; i < request->window_count; i++) {
    windows[i].open_count = upk_intervals_without(
        arena, windows[i].nominal, windows[i].nominal_count, ret->blackouts,
        ret->blackout_count, &open);
    windows[i].open = open;
  }
  return UPK_OK;
}

static void write_intervals(upk_json_writer *w, const upk_interval *items,
                            size_t count) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++) {
    upk_json_begin_array(w);
    upk_json_int(w, items[i].from_us);
    upk_json_int(w, items[i].to_us);
    upk_json_end_array(w);
  }
  upk_json_end_array(w);
}

void upk_windows_write(const upk_windows *windows, upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  upk_json_key(w, "blackouts");
  upk_json_begin_array(w);
  for (size_t i = 0; i < windows->blackout_count; i++) {
    const upk_blackout *blackout = &windows->blackouts[i];
    upk_json_begin_object(w);
    upk_json_put_int(w, "from", blackout->from_us);
    upk_json_put_string(w, "reason", blackout->reason);
    upk_json_put_int(w, "to", blackout->to_us);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.windows/1"));
  upk_json_key(w, "free");
  write_intervals(w, windows->free, windows->free_count);
  upk_json_put_int(w, "from", windows->from_us);
  upk_json_put_int(w, "to", windows->to_us);
  upk_json_put_string(w, "tzdata", windows->tzdata);
  upk_json_key(w, "windows");
  upk_json_begin_array(w);
  for (size_t i = 0; i < windows->window_count; i++) {
    upk_json_begin_object(w);
    upk_json_put_string(w, "name", windows->windows[i].name);
    upk_json_key(w, "open");
    write_intervals(w, windows->windows[i].open,
                    windows->windows[i].open_count);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

void upk_local_time(const char *zoneinfo, upk_str timezone, int64_t us,
                    upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  const char *why;
  const zone *on = zone_load(arena, zoneinfo, timezone, &why);
  int64_t utc_s = civil_divide(us, SECOND_US);
  if (!on)
    on = zone_utc();
  int64_t local_s = utc_s + zone_offset_s(on, utc_s);
  int64_t day = civil_divide(local_s, DAY_S);
  int of_day = (int)(local_s - day * DAY_S);
  civil date = civil_of_days(day);
  upk_str name = zone_abbreviation(on, utc_s);
  upk_buf_printf(out, "%04d-%02d-%02d %02d:%02d", (int)date.year, date.month,
                 date.day, of_day / HOUR_S, of_day % HOUR_S / 60);
  if (of_day % 60)
    upk_buf_printf(out, ":%02d", of_day % 60);
  upk_buf_printf(out, " %.*s", UPK_FMT(name));
  upk_arena_free(arena);
}
