#include "front/front.h"
#include "json.h"
#include "timefmt.h"

static void write_target(upk_json_writer *w, const ir_target *target) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "connect", target->connect);
  upk_json_put_string(w, "engine", target->engine_name);
  upk_json_put_int(w, "jobs", target->jobs);
  upk_json_key(w, "labels");
  upk_json_begin_object(w);
  for (size_t i = 0; i < target->labels.len; i++) { /* sorted, each once */
    upk_json_key_str(w, target->labels.items[i].key);
    upk_json_string(w, target->labels.items[i].value);
  }
  upk_json_end_object(w);
  upk_json_put_string(w, "ledger", target->ledger);
  upk_json_put_string(w, "name", target->name);
  upk_json_key(w, "replicas");
  upk_json_begin_array(w);
  for (size_t i = 0; i < target->replicas.len; i++)
    upk_json_string(w, target->replicas.items[i]);
  upk_json_end_array(w);
  upk_json_put_string(w, "role", target->role);
  upk_json_end_object(w);
}

/* ---- windows and blackouts ---- */

/* [line, column, end line, end column] */
static void put_span(upk_json_writer *w, const char *key, upk_span at) {
  upk_json_key(w, key);
  upk_json_begin_array(w);
  upk_json_int(w, at.line);
  upk_json_int(w, at.column);
  upk_json_int(w, at.end_line);
  upk_json_int(w, at.end_column);
  upk_json_end_array(w);
}

/* Where a member's value stands. */
static void put_place(upk_json_writer *w, const char *key, const node *map,
                      const char *member) {
  const node *value = member ? node_find(map, member) : map;
  if (!value || !value->span.line)
    return;
  upk_span at = value->span;
  if ((value->type == NODE_TEXT || value->type == NODE_PLAIN) &&
      value->text_span.line == at.line)
    at.column = value->text_span.column;
  put_span(w, key, at);
}

static void put_given(upk_json_writer *w, const char *key, upk_str value) {
  if (value.data)
    upk_json_put_string(w, key, value);
}

/* One of the requirements document: `source` is its path. */
static void write_required_window(upk_json_writer *w, const ir *ir,
                                  const ir_window *window) {
  upk_json_begin_object(w);
  upk_json_put_int(w, "duration_us", window->duration_us);
  upk_json_put_string(w, "name", window->name);
  upk_json_put_string(w, "rrule", window->rrule);
  put_span(w, "rrule_at", window->span);
  upk_json_put_string(w, "source",
                      ir_requirement_file(&ir->requirements, window->span));
  upk_json_put_string(w, "timezone", window->timezone);
  put_span(w, "timezone_at", window->span);
  upk_json_end_object(w);
}

static void write_required_blackout(upk_json_writer *w, const ir *ir,
                                    const ir_required_blackout *blackout) {
  upk_json_begin_object(w);
  put_span(w, "at", blackout->span);
  put_given(w, "calendar", blackout->calendar);
  put_span(w, "calendar_at", blackout->span);
  put_given(w, "events", blackout->events);
  if (blackout->reason.len)
    upk_json_put_string(w, "reason", blackout->reason);
  upk_json_put_string(w, "source",
                      ir_requirement_file(&ir->requirements, blackout->span));
  put_given(w, "timezone", blackout->timezone);
  put_span(w, "timezone_at", blackout->span);
  upk_json_end_object(w);
}

static void write_window(upk_json_writer *w, const ir *ir,
                         const ir_window *window) {
  if (window->required) {
    write_required_window(w, ir, window);
    return;
  }
  const node_member *member =
      node_member_find(node_find(ir->project.raw, "windows"), window->name);
  const node *map = member ? member->value : NULL;
  upk_json_begin_object(w);
  upk_json_put_int(w, "duration_us", window->duration_us);
  upk_json_put_string(w, "name", window->name);
  upk_json_put_string(w, "rrule", window->rrule);
  put_place(w, "rrule_at", map, "rrule");
  upk_json_put_string(w, "timezone", window->timezone);
  put_place(w, "timezone_at", map, "timezone");
  upk_json_end_object(w);
}

static upk_str text_of(const node *map, const char *key) {
  const node *value = node_find(map, key);
  return value && (value->type == NODE_TEXT || value->type == NODE_PLAIN)
             ? value->text
             : UPK_NO_STR;
}

static void put_time(upk_json_writer *w, const node *map, const char *key) {
  int64_t us;
  if (upk_timestamp_parse(text_of(map, key), &us))
    upk_json_put_int(w, key, us);
}

static void write_blackout(upk_json_writer *w, const node *blackout) {
  upk_json_begin_object(w);
  put_place(w, "at", blackout, NULL);
  put_given(w, "calendar", text_of(blackout, "calendar"));
  put_place(w, "calendar_at", blackout, "calendar");
  put_time(w, blackout, "from");
  put_given(w, "reason", text_of(blackout, "reason"));
  put_given(w, "timezone", text_of(blackout, "timezone"));
  put_place(w, "timezone_at", blackout, "timezone");
  put_time(w, blackout, "to");
  upk_json_end_object(w);
}

void project_blackouts_write(const ir *ir, upk_json_writer *w) {
  const node *list = node_find(ir->project.raw, "blackouts");
  upk_json_key(w, "blackouts");
  upk_json_begin_array(w);
  for (size_t i = 0; list && list->type == NODE_LIST && i < list->list.count;
       i++)
    if (list->list.items[i]->type == NODE_MAP)
      write_blackout(w, list->list.items[i]);
  for (size_t i = 0; i < ir->requirements.blackouts.len; i++)
    write_required_blackout(w, ir, &ir->requirements.blackouts.items[i]);
  upk_json_end_array(w);
}

void project_windows_write(const ir *ir, upk_json_writer *w) {
  upk_json_key(w, "windows");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.windows.len; i++)
    write_window(w, ir, &ir->project.windows.items[i]);
  upk_json_end_array(w);
}

static void write_archives(upk_json_writer *w, const ir *ir) {
  if (!ir->project.archives.len)
    return;
  upk_json_key(w, "archives");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.archives.len; i++)
    upk_json_string(w, ir->project.archives.items[i].text);
  upk_json_end_array(w);
}

bool project_write(const ir *ir, upk_sink sink) {
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  write_archives(w, ir);
  project_blackouts_write(ir, w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.project/1"));
  upk_json_key(w, "programs");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.programs.len; i++)
    upk_json_string(w, ir->project.programs.items[i].text);
  upk_json_end_array(w);
  if (ir->requirements.path.data)
    upk_json_put_string(w, "requirements", ir->requirements.path);
  upk_json_put_string(w, "state", ir->project.state);
  upk_json_key(w, "targets");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->project.targets.len; i++)
    write_target(w, &ir->project.targets.items[i]);
  upk_json_end_array(w);
  project_windows_write(ir, w);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}
