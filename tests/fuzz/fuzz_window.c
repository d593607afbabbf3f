/* Rules, zones' POSIX texts and calendars: any bytes. The first byte says what
 * they are. Whatever they are, work is bounded, and what is refused is said. */
#include <stdlib.h>

#include <upkeep/window.h>

#include "window/rrule.h"
#include "window/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t from_us = INT64_C(1790000000000000);
static const int64_t to_us = INT64_C(1791209600000000);

static void check_order(const upk_window_times *w) {
  for (size_t i = 0; i < w->open_count; i++)
    if (w->open[i].from_us >= w->open[i].to_us ||
        (i && w->open[i].from_us < w->open[i - 1].to_us))
      abort();
}

static void make(upk_str rule, upk_str calendar) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_windows windows;
  const upk_window_rule window = {.name = UPK_STR("w"),
                                  .rrule = rule,
                                  .timezone = UPK_STR("UTC"),
                                  .duration_us = INT64_C(3600000000)};
  const upk_blackout_rule blackout = {.calendar = calendar,
                                      .path = UPK_STR("x.ics")};
  const upk_windows_request request = {.windows = &window,
                                       .window_count = 1,
                                       .blackouts = &blackout,
                                       .blackout_count = calendar.data != NULL,
                                       .from_us = from_us,
                                       .to_us = to_us};
  upk_diags_init(&diags, arena);
  if (upk_windows_make(&request, arena, &diags, &windows) == UPK_OK)
    check_order(&windows.windows[0]);
  else if (!diags.failures)
    abort(); /* refused without a word */
  upk_arena_free(arena);
}

static void read_zone(upk_str text) {
  zone_rule rule;
  bool dst;
  if (!zone_rule_read(text, &rule))
    return;
  int64_t next = zone_rule_next_s(&rule, from_us / 1000000);
  if (next <= from_us / 1000000)
    abort();
  (void)zone_rule_offset_s(&rule, from_us / 1000000, &dst);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size)
    return 0;
  upk_str text = {(const char *)data + 1, size - 1};
  switch (data[0] % 3) {
  case 0:
    make(text, UPK_NO_STR);
    break;
  case 1:
    make(UPK_STR("FREQ=DAILY;BYHOUR=2"), text);
    break;
  default:
    read_zone(text);
  }
  return 0;
}
