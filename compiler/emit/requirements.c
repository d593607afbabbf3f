#include "emit/requirements.h"

#include <stdlib.h>

static void put_place(const ir *ir, upk_json_writer *w, upk_span span) {
  upk_buf place = {0};
  ir_requirement_place(&ir->requirements, span, &place);
  upk_json_put_string(w, "at", upk_buf_view(&place));
  upk_buf_free(&place);
}

static int by_policy(const void *a, const void *b) {
  const ir_fill *left = a, *right = b;
  if (left->policy != right->policy)
    return left->policy < right->policy ? -1 : 1;
  int order = upk_str_compare(left->key, right->key);
  return order ? order : upk_str_compare(left->value, right->value);
}

static void write_fills(ir *ir, upk_json_writer *w) {
  size_t count = ir->requirements.fills.len;
  ir_fill *fills = ir->requirements.fills.items;
  if (count > 1)
    qsort(fills, count, sizeof *fills, by_policy);
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++) {
    upk_json_begin_object(w);
    put_place(ir, w, fills[i].span);
    upk_json_put_string(w, "key", fills[i].key);
    upk_json_put_string(w, "policy", ir->policies.items[fills[i].policy].name);
    upk_json_put_string(w, "value", fills[i].value);
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
}

void requirements_fills_write(ir *ir, upk_json_writer *w) {
  upk_json_begin_object(w);
  upk_json_put_string(w, "document", ir->requirements.path);
  upk_json_key(w, "fills");
  write_fills(ir, w);
  upk_json_put_string(w, "sha256", ir->requirements.sha256);
  upk_json_end_object(w);
}

static const ir_window *find_window(const ir *ir, upk_str name) {
  for (size_t i = 0; i < ir->project.windows.len; i++)
    if (upk_str_equal(ir->project.windows.items[i].name, name))
      return &ir->project.windows.items[i];
  return NULL;
}

/* Of a window, how it was understood; else the value itself. */
static void value_text(const ir *ir, const ir_requirement *item, upk_buf *out) {
  const ir_window *window =
      item->key == IR_REQUIREMENT_windows ? find_window(ir, item->text) : NULL;
  if (!window) {
    ir_requirement_print(item, out);
    return;
  }
  upk_column duration = {.type = UPK_TYPE_DURATION,
                         .constant = true,
                         .integers = &window->duration_us};
  upk_buf_printf(out, "%.*s for ", UPK_FMT(window->rrule));
  upk_literal_print(UPK_TYPE_DURATION, &duration, 0, out);
  upk_buf_printf(out, " %.*s", UPK_FMT(window->timezone));
}

static void write_value(ir *ir, upk_json_writer *w,
                        const ir_requirement *item) {
  const ir_requirement_row *row = &ir_requirement_rows[item->key];
  upk_buf value = {0};
  value_text(ir, item, &value);
  upk_json_begin_object(w);
  put_place(ir, w, item->span);
  if (row->fills)
    upk_json_put_string(w, "fills", upk_str_from(row->fills));
  upk_json_put_string(w, "key", upk_str_from(row->name));
  if (item->name.data || item->key == IR_REQUIREMENT_windows)
    upk_json_put_string(w, "name", item->name.data ? item->name : item->text);
  if (item->target.data)
    upk_json_put_string(w, "target", item->target);
  upk_json_put_string(w, "value", upk_buf_view(&value));
  upk_json_put_string(w, "written", item->written);
  upk_json_end_object(w);
  upk_buf_free(&value);
}

bool requirements_write(ir *ir, upk_sink sink) {
  upk_json_writer *w = upk_json_writer_new(sink);
  upk_json_begin_object(w);
  upk_json_put_string(w, "document", ir->requirements.path);
  upk_json_key(w, "fills");
  write_fills(ir, w);
  upk_json_put_string(w, "format", UPK_STR("upkeep.requirements/1"));
  upk_json_put_string(w, "sha256", ir->requirements.sha256);
  upk_json_key(w, "values");
  upk_json_begin_array(w);
  for (size_t i = 0; i < ir->requirements.items.len; i++)
    write_value(ir, w, &ir->requirements.items.items[i]);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  return upk_json_writer_close(w);
}
