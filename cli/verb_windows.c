/* upkeep windows: when steps may run, and why not now. */
#include "cli.h"
#include "timefmt.h"

enum { SHOWN = 3, SECOND_US = 1000000 };
#define DAY_US (INT64_C(24) * 3600 * SECOND_US)

typedef struct listing {
  cli *c;
  const project *p;
  upk_windows windows;
  int64_t now_us;
  const uint8_t *wanted; /* of each window */
  upk_buf out;
} listing;

static const upk_interval *next_opening(const upk_window_times *w,
                                        int64_t now_us) {
  for (size_t i = 0; i < w->open_count; i++)
    if (w->open[i].to_us > now_us)
      return &w->open[i];
  return NULL;
}

static const upk_blackout *blackout_at(const listing *l, int64_t us) {
  for (size_t i = 0; i < l->windows.blackout_count; i++) {
    const upk_blackout *b = &l->windows.blackouts[i];
    if (b->from_us <= us && us < b->to_us)
      return b;
  }
  return NULL;
}

static bool nominal_at(const upk_window_times *w, int64_t us) {
  for (size_t i = 0; i < w->nominal_count; i++)
    if (w->nominal[i].from_us <= us && us < w->nominal[i].to_us)
      return true;
  return false;
}

static void add_span(listing *l, upk_str timezone, upk_interval span) {
  moment_text(timezone, span.from_us, &l->out);
  upk_buf_str(&l->out, UPK_STR(" to "));
  moment_text(timezone, span.to_us, &l->out);
}

/* ---- text ---- */

static void add_state(listing *l, const upk_window_times *w) {
  const upk_interval *next = next_opening(w, l->now_us);
  const upk_blackout *black = blackout_at(l, l->now_us);
  bool open = next && next->from_us <= l->now_us;
  upk_buf_printf(&l->out, "%.*s  %s", UPK_FMT(w->name),
                 open ? "open" : "closed");
  if (open) {
    upk_buf_str(&l->out, UPK_STR(", closes in "));
    upk_duration_human(next->to_us - l->now_us, &l->out);
  } else if (black && nominal_at(w, l->now_us)) {
    upk_buf_printf(&l->out, " by a blackout%s%.*s",
                   black->reason.len ? ": " : "", UPK_FMT(black->reason));
  }
  if (!open && next) {
    upk_buf_str(&l->out, UPK_STR(", opens in "));
    upk_duration_human(next->from_us - l->now_us, &l->out);
  } else if (!next) {
    upk_buf_str(&l->out, UPK_STR(", does not open before "));
    moment_text(w->timezone, l->windows.to_us, &l->out);
  }
  upk_buf_char(&l->out, '\n');
}

static void window_text(listing *l, const upk_window_times *w) {
  size_t shown = 0;
  size_t limit = flag_given(l->c, FLAG_verbose) ? SIZE_MAX : SHOWN;
  add_state(l, w);
  for (size_t i = 0; i < w->open_count && shown < limit; i++) {
    if (w->open[i].to_us <= l->now_us)
      continue;
    shown++;
    upk_buf_str(&l->out, UPK_STR("    "));
    add_span(l, w->timezone, w->open[i]);
    upk_buf_char(&l->out, '\n');
  }
}

static void blackouts_text(listing *l) {
  for (size_t i = 0; i < l->windows.blackout_count; i++) {
    const upk_blackout *b = &l->windows.blackouts[i];
    upk_buf_str(&l->out, UPK_STR("blackout  "));
    add_span(l, UPK_STR("UTC"), (upk_interval){b->from_us, b->to_us});
    upk_buf_printf(&l->out, "%s%.*s\n", b->reason.len ? "  " : "",
                   UPK_FMT(b->reason));
  }
}

static void as_text(listing *l) {
  if (!l->windows.window_count)
    upk_buf_str(&l->out, UPK_STR("The project has no windows: steps may run "
                                 "at any time outside blackouts.\n"));
  for (size_t i = 0; i < l->windows.window_count; i++)
    if (l->wanted[i])
      window_text(l, &l->windows.windows[i]);
  blackouts_text(l);
}

/* ---- json ---- */

static void write_spans(upk_json_writer *w, const upk_window_times *times,
                        int64_t now_us) {
  upk_json_begin_array(w);
  for (size_t i = 0; i < times->open_count; i++) {
    if (times->open[i].to_us <= now_us)
      continue;
    upk_json_begin_array(w);
    upk_json_int(w, times->open[i].from_us);
    upk_json_int(w, times->open[i].to_us);
    upk_json_end_array(w);
  }
  upk_json_end_array(w);
}

static void as_json(listing *l) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&l->out));
  upk_json_begin_object(w);
  upk_json_put_int(w, "at", l->now_us);
  upk_json_key(w, "blackouts");
  upk_json_begin_array(w);
  for (size_t i = 0; i < l->windows.blackout_count; i++) {
    upk_json_begin_object(w);
    upk_json_put_int(w, "from", l->windows.blackouts[i].from_us);
    upk_json_put_string(w, "reason", l->windows.blackouts[i].reason);
    upk_json_put_int(w, "to", l->windows.blackouts[i].to_us);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_put_int(w, "to", l->windows.to_us);
  upk_json_put_string(w, "tzdata", l->windows.tzdata);
  upk_json_key(w, "windows");
  upk_json_begin_array(w);
  for (size_t i = 0; i < l->windows.window_count; i++) {
    const upk_window_times *times = &l->windows.windows[i];
    if (!l->wanted[i])
      continue;
    upk_json_begin_object(w);
    upk_json_put_string(w, "name", times->name);
    upk_json_key(w, "open");
    write_spans(w, times, l->now_us);
    upk_json_put_string(w, "timezone", times->timezone);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

/* ---- iCalendar (RFC 5545) ---- */

/* 20261124T010000Z */
static void add_stamp(upk_buf *out, int64_t us) {
  upk_buf text = {0};
  upk_timestamp_format(us - us % SECOND_US, &text);
  for (size_t i = 0; i < text.len; i++)
    if (text.data[i] != '-' && text.data[i] != ':')
      upk_buf_char(out, text.data[i]);
  upk_buf_free(&text);
}

/* Lines of at most 75 bytes, escaped as texts are. */
static void add_text(upk_buf *out, const char *name, upk_str text) {
  size_t width = 0;
  upk_buf line = {0};
  upk_buf_printf(&line, "%s:", name);
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    if (c == '\\' || c == ';' || c == ',')
      upk_buf_char(&line, '\\');
    if (c == '\n')
      upk_buf_str(&line, UPK_STR("\\n"));
    else if ((unsigned char)c >= ' ')
      upk_buf_char(&line, c);
  }
  for (size_t i = 0; i < line.len; i++) {
    bool inside = ((unsigned char)line.data[i] & 0xc0) == 0x80;
    if (width >= 70 && !inside) {
      upk_buf_str(out, UPK_STR("\r\n "));
      width = 0;
    }
    upk_buf_char(out, line.data[i]);
    width++;
  }
  upk_buf_str(out, UPK_STR("\r\n"));
  upk_buf_free(&line);
}

static void add_event(listing *l, upk_str kind, upk_str name,
                      upk_interval span) {
  upk_buf *out = &l->out;
  upk_str uid =
      upk_arena_printf(l->c->arena, "%.*s-%.*s-%lld@upkeep", UPK_FMT(kind),
                       UPK_FMT(name), (long long)(span.from_us / SECOND_US));
  upk_buf_str(out, UPK_STR("BEGIN:VEVENT\r\n"));
  add_text(out, "UID", uid);
  upk_buf_str(out, UPK_STR("DTSTAMP:"));
  add_stamp(out, l->now_us);
  upk_buf_str(out, UPK_STR("\r\nDTSTART:"));
  add_stamp(out, span.from_us);
  upk_buf_str(out, UPK_STR("\r\nDTEND:"));
  add_stamp(out, span.to_us);
  upk_buf_str(out, UPK_STR("\r\n"));
  add_text(out, "SUMMARY",
           upk_arena_printf(l->c->arena, "%.*s%s%.*s", UPK_FMT(kind),
                            name.len ? ": " : "", UPK_FMT(name)));
  upk_buf_str(out, UPK_STR("TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n"));
}

static void as_calendar(listing *l) {
  upk_buf_str(&l->out, UPK_STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
                               "PRODID:-//upkeep//windows//EN\r\n"));
  for (size_t i = 0; i < l->windows.window_count; i++) {
    const upk_window_times *w = &l->windows.windows[i];
    for (size_t n = 0; l->wanted[i] && n < w->open_count; n++)
      if (w->open[n].to_us > l->now_us)
        add_event(l, UPK_STR("maintenance window"), w->name, w->open[n]);
  }
  for (size_t i = 0; i < l->windows.blackout_count; i++)
    add_event(l, UPK_STR("maintenance blackout"),
              l->windows.blackouts[i].reason,
              (upk_interval){l->windows.blackouts[i].from_us,
                             l->windows.blackouts[i].to_us});
  upk_buf_str(&l->out, UPK_STR("END:VCALENDAR\r\n"));
}

/* ---- the verb ---- */

static bool is_target(const project *p, upk_str name) {
  for (size_t i = 0; i < upk_json_count(p->targets); i++)
    if (upk_str_equal(upk_json_text(upk_json_at(p->targets, i), "name"), name))
      return true;
  return false;
}

/* A window by name; all with a target's, or none. */
static upk_status choose(listing *l) {
  size_t count = l->windows.window_count, found = 0;
  uint8_t *wanted = UPK_NEW_ARRAY(l->c->arena, uint8_t, count + 1);
  upk_str *names = UPK_NEW_ARRAY(l->c->arena, upk_str, count + 1);
  upk_str name = upk_str_from(l->c->argument_count ? l->c->arguments[0] : "");
  for (size_t i = 0; i < count; i++) {
    names[i] = l->windows.windows[i].name;
    wanted[i] = !name.len || upk_str_equal(name, names[i]);
    found += wanted[i];
  }
  if (!found && name.len && is_target(l->p, name)) {
    found = 1;
    for (size_t i = 0; i < count; i++)
      wanted[i] = 1;
  }
  l->wanted = wanted;
  if (found || !name.len)
    return UPK_OK;
  upk_diag *diag =
      upk_diag_add(&l->c->diags, 4010, UPK_NO_SPAN,
                   "no window or target is named `%.*s`", UPK_FMT(name));
  upk_diag_suggest(&l->c->diags, diag, name, names, count);
  return UPK_USAGE;
}

static upk_status read_times(cli *c, int64_t *ret_now_us, int64_t *ret_to_us) {
  upk_clock clock = system_clock();
  int64_t ahead_ms;
  *ret_now_us = clock.wall_us(clock.ctx);
  if (flag_given(c, FLAG_at) &&
      !upk_timestamp_parse(flag_text(c, FLAG_at), ret_now_us)) {
    upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                  "--at is no timestamp with a zone");
    upk_diag_help(&c->diags, diag, "write it as 2026-11-27T00:00Z");
    return UPK_USAGE;
  }
  if (!flag_duration_ms(c, FLAG_ahead, 14 * DAY_US / 1000, &ahead_ms))
    return UPK_USAGE;
  *ret_to_us = *ret_now_us + ahead_ms * 1000;
  return UPK_OK;
}

static upk_status run(cli *c) {
  project p;
  int64_t to_us;
  listing l = {.c = c, .p = &p};
  upk_status status = read_times(c, &l.now_us, &to_us);
  if (status == UPK_OK)
    status = project_load(c, &p);
  if (status == UPK_OK)
    status = windows_make(c, &p, l.now_us, to_us, &l.windows);
  if (status == UPK_OK)
    status = choose(&l);
  if (status != UPK_OK)
    return status;
  if (format_is(c, "json", "text"))
    as_json(&l);
  else if (format_is(c, "ics", "text"))
    as_calendar(&l);
  else
    as_text(&l);
  (format_is(c, "text", "text") ? print_text
                                : print_bytes)(c, upk_buf_view(&l.out));
  upk_buf_free(&l.out);
  return UPK_OK;
}

const verb verb_windows = {
    .name = "windows",
    .arguments = "[WINDOW|TARGET]",
    .summary = "when steps may run: the next openings, and why not now",
    .detail = "Openings are what blackouts leave of the windows of the project "
              "file. Three of each are\nshown, with --verbose all that begin "
              "within --ahead (14d). The format ics is for calendars.",
    .formats = "text,json,ics",
    .flags = FLAG_BIT(format) | FLAG_BIT(at) | FLAG_BIT(ahead),
    .max_arguments = 1,
    .run = run,
};
