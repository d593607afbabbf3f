/* The project's windows and blackouts as moments. */
#include "cli.h"
#include "timefmt.h"

enum { CALENDAR_BYTES_MAX = 1 << 20 };
#define PLAN_AHEAD_US (INT64_C(14) * 24 * 3600 * 1000000)

typedef struct loading {
  cli *c;
  const project *p;
  uint32_t source; /* of the project file, in the diagnostics */
} loading;

static uint32_t source_of(const loading *l, upk_str path);

/* A place as the compiler wrote it: [line, column, end line, end column]; in
 * the project file, or in the requirements document that `source` names. */
static upk_span place_of(const loading *l, const upk_json *map,
                         const char *key) {
  const upk_json *at = upk_json_get(map, key);
  upk_str path = upk_json_text(map, "source");
  uint32_t source = path.data ? source_of(l, path) : l->source;
  uint32_t numbers[4];
  if (upk_json_count(at) != 4)
    return UPK_NO_SPAN;
  for (size_t i = 0; i < 4; i++)
    numbers[i] = (uint32_t)upk_json_at(at, i)->integer;
  return (upk_span){source, numbers[0], numbers[1], numbers[2], numbers[3]};
}

static upk_str project_path(const loading *l, upk_str below) {
  return upk_arena_printf(l->c->arena, "%.*s/%.*s", UPK_FMT(l->p->folder),
                          UPK_FMT(below));
}

/* The lines that diagnostics show. */
static uint32_t source_of(const loading *l, upk_str path) {
  upk_diags *diags = &l->c->diags;
  for (uint32_t i = 1; i < diags->sources.len; i++)
    if (upk_str_equal(diags->sources.items[i].path, path))
      return i;
  upk_buf text = {0};
  upk_str shown = UPK_NO_STR;
  if (file_read_short(l->c, project_path(l, path), CALENDAR_BYTES_MAX, &text) ==
      UPK_OK)
    shown = upk_arena_copy(l->c->arena, upk_buf_view(&text));
  uint32_t source = upk_diags_source(diags, path, shown);
  upk_buf_free(&text);
  return source;
}

static void load_source(loading *l) { l->source = source_of(l, l->p->file); }

static void read_windows(const loading *l, upk_windows_request *request) {
  size_t count = upk_json_count(l->p->windows);
  upk_window_rule *rules =
      UPK_NEW_ARRAY(l->c->arena, upk_window_rule, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *window = upk_json_at(l->p->windows, i);
    rules[i] = (upk_window_rule){
        .name = upk_json_text(window, "name"),
        .rrule = upk_json_text(window, "rrule"),
        .timezone = upk_json_text(window, "timezone"),
        .duration_us = upk_json_number(window, "duration_us", 0),
        .rrule_at = place_of(l, window, "rrule_at"),
        .timezone_at = place_of(l, window, "timezone_at"),
    };
  }
  request->windows = rules;
  request->window_count = count;
}

static bool read_calendar(const loading *l, const upk_json *blackout,
                          upk_blackout_rule *rule) {
  upk_buf bytes = {0};
  upk_str path = upk_json_text(blackout, "calendar");
  upk_diags *diags = &l->c->diags;
  size_t said = diags->items.len;
  bool good = file_read_short(l->c, project_path(l, path), CALENDAR_BYTES_MAX,
                              &bytes) == UPK_OK;
  rule->path = path;
  if (good)
    rule->calendar = upk_arena_copy(
        l->c->arena, bytes.len ? upk_buf_view(&bytes) : UPK_STR(""));
  upk_buf_free(&bytes);
  if (!good && diags->items.len > said) { /* said with its place instead */
    upk_str why = diags->items.items[said].message, rest = why;
    while (rest.data) /* the system's reason stands last */
      why = upk_str_trim(upk_str_split(rest, ':', &rest));
    diags->items.len = said;
    diags->failures--;
    upk_diag_add(diags, 1564, place_of(l, blackout, "calendar_at"),
                 "the calendar %.*s cannot be read: %.*s", UPK_FMT(path),
                 UPK_FMT(why));
  }
  return good;
}

static bool read_blackouts(const loading *l, upk_windows_request *request) {
  size_t count = upk_json_count(l->p->blackouts);
  bool good = true;
  upk_blackout_rule *rules =
      UPK_NEW_ARRAY(l->c->arena, upk_blackout_rule, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *blackout = upk_json_at(l->p->blackouts, i);
    rules[i] = (upk_blackout_rule){
        .timezone = upk_json_text(blackout, "timezone"),
        .reason = upk_json_text(blackout, "reason"),
        .from_us = upk_json_number(blackout, "from", 0),
        .to_us = upk_json_number(blackout, "to", 0),
        .at = place_of(l, blackout, "at"),
        .timezone_at = place_of(l, blackout, "timezone_at"),
    };
    if (upk_json_text(blackout, "events").data) { /* of the requirements */
      rules[i].calendar = upk_json_text(blackout, "events");
      rules[i].path = upk_json_text(blackout, "source");
    }
    if (upk_json_text(blackout, "calendar").data)
      good = read_calendar(l, blackout, &rules[i]) && good;
  }
  request->blackouts = rules;
  request->blackout_count = count;
  return good;
}

upk_status windows_make(cli *c, const project *p, int64_t from_us,
                        int64_t to_us, upk_windows *ret) {
  loading l = {.c = c, .p = p};
  upk_windows_request request = {.from_us = from_us, .to_us = to_us};
  if (upk_json_count(p->windows) || upk_json_count(p->blackouts))
    load_source(&l);
  read_windows(&l, &request);
  bool good = read_blackouts(&l, &request);
  upk_status status = upk_windows_make(&request, c->arena, &c->diags, ret);
  return good ? status : UPK_DENIED;
}

upk_status blackouts_load(cli *c, const project *p,
                          const upk_blackout_rule **ret_rules,
                          size_t *ret_count) {
  loading l = {.c = c, .p = p};
  upk_windows_request request = {0};
  if (upk_json_count(p->blackouts))
    load_source(&l);
  if (!read_blackouts(&l, &request))
    return UPK_DENIED;
  *ret_rules = request.blackouts;
  *ret_count = request.blackout_count;
  return UPK_OK;
}

bool stop_at_read(cli *c, int64_t now_us, int64_t *ret_us) {
  upk_str text = flag_text(c, FLAG_stop_at);
  int64_t us;
  *ret_us = 0;
  if (!flag_given(c, FLAG_stop_at))
    return true;
  if (upk_timestamp_parse(text, ret_us))
    return true;
  if (upk_duration_parse(text, &us) && us > 0 && us < INT64_MAX - now_us) {
    *ret_us = now_us + us;
    return true;
  }
  upk_diag *diag = upk_diag_add(
      &c->diags, 4000, UPK_NO_SPAN,
      "--stop-at is neither a timestamp with a zone nor a duration");
  upk_diag_help(&c->diags, diag, "write 2026-11-27T05:00Z, or 2h");
  return false;
}

upk_status windows_for_plan(cli *c, const project *p, int64_t from_us,
                            upk_str *ret_bytes) {
  upk_windows windows;
  upk_buf bytes = {0};
  *ret_bytes = UPK_NO_STR;
  if (!upk_json_count(p->windows) && !upk_json_count(p->blackouts))
    return UPK_OK;
  upk_status status =
      windows_make(c, p, from_us, from_us + PLAN_AHEAD_US, &windows);
  if (status == UPK_OK) {
    upk_windows_write(&windows, &bytes);
    *ret_bytes = upk_arena_copy(c->arena, upk_buf_view(&bytes));
  }
  upk_buf_free(&bytes);
  return status;
}

void moment_text(upk_str timezone, int64_t us, upk_buf *out) {
  upk_buf utc = {0};
  upk_local_time(NULL, timezone, us, out);
  upk_timestamp_format(us - us % 1000000, &utc);
  if (timezone.len && !upk_str_is(timezone, "UTC"))
    upk_buf_printf(out, " (%.*s)", UPK_FMT(upk_buf_view(&utc)));
  upk_buf_free(&utc);
}
