#include "ir/requirement.h"

#include "expr.h"

const ir_requirement_row ir_requirement_rows[IR_REQUIREMENT_COUNT] = {
#define X(name, type, bound, fills, doc)                                       \
  {#name, UPK_TYPE_##type, IR_BOUND_##bound, fills, doc},
#include "ir/requirement.def"
#undef X
};

bool ir_requirement_find(upk_str name, ir_requirement_key *ret_key) {
  for (int i = 0; i < IR_REQUIREMENT_COUNT; i++)
    if (upk_str_is(name, ir_requirement_rows[i].name)) {
      *ret_key = (ir_requirement_key)i;
      return true;
    }
  return false;
}

bool ir_requirement_is_for(const ir_requirement *item, upk_str target) {
  return !item->target.data || upk_str_equal(item->target, target);
}

/* "orders" of the document is shop.orders in any schema. */
static bool is_of_table(upk_str wanted, upk_str table) {
  if (upk_str_equal(wanted, table))
    return true;
  for (size_t i = 0; i < wanted.len; i++)
    if (wanted.data[i] == '.')
      return false;
  upk_str last = table;
  for (size_t i = 0; i < table.len; i++)
    if (table.data[i] == '.')
      last = (upk_str){table.data + i + 1, table.len - i - 1};
  return upk_str_equal(wanted, last);
}

/* The narrower wins: of the table before of all, of the target before of all.
 */
static int closeness(const ir_requirement *item, upk_str target,
                     upk_str table) {
  if (!ir_requirement_is_for(item, target))
    return 0;
  if (item->name.data && (!table.data || !is_of_table(item->name, table)))
    return 0;
  return 1 + (item->target.data ? 1 : 0) + (item->name.data ? 2 : 0);
}

const ir_requirement *ir_requirement_of(const ir_requirements *requirements,
                                        ir_requirement_key key, upk_str target,
                                        upk_str name) {
  const ir_requirement *found = NULL;
  int best = 0;
  for (size_t i = 0; i < requirements->items.len; i++) {
    const ir_requirement *item = &requirements->items.items[i];
    int close = item->key == key ? closeness(item, target, name) : 0;
    if (close > best) {
      best = close;
      found = item;
    }
  }
  return found;
}

upk_str ir_requirement_file(const ir_requirements *requirements,
                            upk_span span) {
  bool over =
      requirements->over_path.data && span.source == requirements->over_source;
  return over ? requirements->over_path : requirements->path;
}

void ir_requirement_place(const ir_requirements *requirements, upk_span span,
                          upk_buf *out) {
  upk_str file = ir_requirement_file(requirements, span);
  upk_buf_printf(out, "%.*s:%u:%u", UPK_FMT(file), span.line, span.column);
}

void ir_requirement_print(const ir_requirement *item, upk_buf *out) {
  upk_type type = ir_requirement_rows[item->key].type;
  if (type == UPK_TYPE_LIST)
    type = UPK_TYPE_TEXT;
  upk_column column = {.type = type, .constant = true};
  if (type == UPK_TYPE_TEXT)
    column.texts = &item->text;
  else
    column.integers = &item->integer;
  upk_literal_print(type, &column, 0, out);
}
