/* Windows and blackouts of a plan. Rules stay texts: runtime/window reads them
 * when the plan is executed, with the zone data of that machine. */
#include "plan/private.h"

static const plan_field window_fields[] = {
    {"closes_at", UPK_JSON_INT, false}, {"duration_ms", UPK_JSON_INT, true},
    {"name", UPK_JSON_STRING, true},    {"opens_at", UPK_JSON_INT, false},
    {"rrule", UPK_JSON_STRING, true},   {"timezone", UPK_JSON_STRING, true},
};

static const plan_field blackout_fields[] = {
    {"from", UPK_JSON_INT, true},
    {"reason", UPK_JSON_STRING, false},
    {"to", UPK_JSON_INT, true},
};

static bool read_window(plan_reader *rd, const upk_json *value,
                        plan_window *windows) {
  uint64_t number;
  if (!PLAN_SHAPE(rd, value, "a window", window_fields))
    return false;
  upk_str name = upk_json_text(value, "name");
  int64_t duration_ms = upk_json_number(value, "duration_ms", 0);
  if (duration_ms < 1 || duration_ms > INT64_C(366) * 86400 * 1000)
    return plan_bad(rd, 3024, "the duration of window `%.*s` is out of range",
                    UPK_FMT(name));
  if (!upk_map_find(&rd->windows, name, &number))
    return true; /* no step has it */
  windows[number] =
      (plan_window){name, upk_json_text(value, "rrule"),
                    upk_json_text(value, "timezone"), duration_ms * 1000};
  return true;
}

bool plan_read_windows(plan_reader *rd, const upk_json *array) {
  size_t count = rd->windows.entries.len;
  plan_window *windows = UPK_NEW_ARRAY(rd->arena, plan_window, count + 1);
  for (size_t i = 0; array && i < upk_json_count(array); i++)
    if (!read_window(rd, upk_json_at(array, i), windows))
      return false;
  for (size_t i = 0; i < count; i++)
    if (!windows[i].name.data)
      return plan_bad(rd, 3028, "a step's window `%.*s` is not in the plan",
                      UPK_FMT(rd->windows.entries.items[i].key));
  rd->plan->windows = windows;
  rd->plan->window_count = count;
  return true;
}

bool plan_read_blackouts(plan_reader *rd, const upk_json *array) {
  size_t count = upk_json_count(array);
  plan_blackout *items = UPK_NEW_ARRAY(rd->arena, plan_blackout, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(array, i);
    if (!PLAN_SHAPE(rd, value, "a blackout", blackout_fields))
      return false;
    items[i] = (plan_blackout){upk_json_number(value, "from", 0),
                               upk_json_number(value, "to", 0),
                               upk_json_text(value, "reason")};
    if (items[i].from_us >= items[i].to_us ||
        (i && items[i].from_us < items[i - 1].from_us))
      return plan_bad(rd, 3028, "the blackouts are in no order");
  }
  rd->plan->blackouts = items;
  rd->plan->blackout_count = count;
  return true;
}
