#include "order/openings.h"

#include <upkeep/compile.h>

#include "json.h"

static bool bad(ir *ir, const char *what) {
  upk_diag_add(ir->diags, 1567, UPK_NO_SPAN, "%s", what);
  return false;
}

static bool is_int(const upk_json *value) {
  return value->type == UPK_JSON_INT;
}

/* [[from, to], ..], ascending. */
static bool read_openings(ir *ir, const upk_json *array, ir_openings *ret) {
  size_t count = upk_json_count(array);
  ir_interval *items = UPK_NEW_ARRAY(ir->arena, ir_interval, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *pair = upk_json_at(array, i);
    if (upk_json_count(pair) != 2 || !is_int(upk_json_at(pair, 0)) ||
        !is_int(upk_json_at(pair, 1)))
      return bad(ir, "the openings handed in are damaged");
    items[i] = (ir_interval){upk_json_at(pair, 0)->integer,
                             upk_json_at(pair, 1)->integer};
    if (items[i].from_us >= items[i].to_us ||
        (i && items[i].from_us < items[i - 1].to_us))
      return bad(ir, "the openings handed in are in no order");
  }
  *ret = (ir_openings){items, count};
  return true;
}

static ir_window *find_window(ir *ir, upk_str name) {
  for (size_t i = 0; i < ir->project.windows.len; i++)
    if (upk_str_equal(ir->project.windows.items[i].name, name))
      return &ir->project.windows.items[i];
  return NULL;
}

static bool read_windows(ir *ir, const upk_json *array) {
  for (size_t i = 0; i < upk_json_count(array); i++) {
    const upk_json *item = upk_json_at(array, i);
    ir_window *window = find_window(ir, upk_json_text(item, "name"));
    if (!window)
      return bad(ir, "the openings handed in are of another project");
    if (!read_openings(ir, upk_json_get(item, "open"), &window->open))
      return false;
    window->used = true; /* told: until all are */
  }
  for (size_t i = 0; i < ir->project.windows.len; i++) {
    ir_window *window = &ir->project.windows.items[i];
    if (!window->used)
      return bad(ir, "the openings handed in lack a window of the project");
    window->used = false;
  }
  return true;
}

static void read_blackouts(ir *ir, const upk_json *array) {
  for (size_t i = 0; i < upk_json_count(array); i++) {
    const upk_json *item = upk_json_at(array, i);
    *UPK_PUSH(ir->arena, &ir->blackouts) = (ir_blackout){
        upk_json_number(item, "from", 0), upk_json_number(item, "to", 0),
        upk_json_text(item, "reason")};
  }
}

/* Nothing was handed in: fine as long as nobody names a window. */
static bool without(ir *ir) {
  ir_interval *always = UPK_NEW(ir->arena, ir_interval);
  *always = (ir_interval){ir->now_us, ir->now_us + OPENINGS_AHEAD_US};
  ir->free = (ir_openings){always, 1};
  for (size_t i = 0; i < ir->policies.len; i++) {
    const ir_policy *policy = &ir->policies.items[i];
    if (!policy->applies || !policy->window_resolved)
      continue;
    upk_diag_add(ir->diags, 1567, policy->window.span,
                 "nobody said when window `%.*s` opens",
                 UPK_FMT(policy->window_resolved->name));
    return false;
  }
  return true;
}

bool openings_read(ir *ir) {
  upk_json_error error;
  upk_str bytes = ir->request ? ir->request->windows : UPK_NO_STR;
  if (!bytes.data)
    return without(ir);
  const upk_json *tree = upk_json_parse(ir->arena, bytes, &error);
  if (!tree || !upk_str_is(upk_json_text(tree, "format"), "upkeep.windows/1"))
    return bad(ir, "the openings handed in are damaged");
  if (upk_json_number(tree, "from", INT64_MAX) > ir->now_us ||
      upk_json_number(tree, "to", 0) < ir->now_us + OPENINGS_AHEAD_US)
    return bad(ir, "the openings handed in are of another time");
  ir->tzdata = upk_json_text(tree, "tzdata");
  read_blackouts(ir, upk_json_get(tree, "blackouts"));
  return read_openings(ir, upk_json_get(tree, "free"), &ir->free) &&
         read_windows(ir, upk_json_get(tree, "windows"));
}

const ir_openings *openings_of(const ir *ir, const ir_step *step) {
  return step->window ? &step->window->open : &ir->free;
}

/* The first opening that ends after the moment. */
static size_t find(const ir_openings *openings, int64_t us) {
  size_t low = 0, high = openings->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (openings->items[middle].to_us <= us)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool openings_fit(const ir_openings *openings, int64_t from_us,
                  int64_t until_us, int64_t length_us, int64_t *ret_start_us,
                  ir_interval *ret_opening) {
  for (size_t i = find(openings, from_us);
       i < openings->count && openings->items[i].from_us < until_us; i++) {
    ir_interval opening = openings->items[i];
    int64_t start_us = opening.from_us > from_us ? opening.from_us : from_us;
    if (start_us < until_us && opening.to_us - start_us >= length_us) {
      *ret_start_us = start_us;
      *ret_opening = opening;
      return true;
    }
  }
  return false;
}
