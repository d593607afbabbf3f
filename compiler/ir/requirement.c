#include "ir/requirement.h"

#include <string.h>

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

/* Without quotes and in lower case, as far as it fits. */
static upk_str plain(upk_str name, char *out, size_t size) {
  size_t len = 0;
  for (size_t i = 0; i < name.len && len < size; i++) {
    char c = name.data[i];
    if (c != '"' && c != '`')
      out[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
  }
  return (upk_str){out, len};
}

/* How near a name of the document is to a table's: 0 not, 1 a pattern, 2 the
 * name, 3 letter by letter. "orders" of the document is shop.orders in any
 * schema; case and quotes do not matter. */
static int name_fits(upk_str wanted, upk_str table) {
  char bytes[2][512];
  if (upk_str_equal(wanted, table))
    return 3;
  upk_str name = plain(wanted, bytes[0], sizeof bytes[0]);
  upk_str whole = plain(table, bytes[1], sizeof bytes[1]), last = whole;
  bool qualified = name.len && memchr(name.data, '.', name.len);
  for (size_t i = 0; i < whole.len && !qualified; i++)
    if (whole.data[i] == '.')
      last = (upk_str){whole.data + i + 1, whole.len - i - 1};
  if (upk_str_equal(name, last))
    return 2;
  bool pattern = name.len && (memchr(name.data, '*', name.len) ||
                              memchr(name.data, '?', name.len));
  return pattern && upk_glob(last, name) ? 1 : 0;
}

/* The narrower wins: of the table before of all, of the target before of all.
 */
static int closeness(const ir_requirement *item, upk_str target,
                     upk_str table) {
  int fits = 0;
  if (!ir_requirement_is_for(item, target))
    return 0;
  if (item->name.data)
    fits = table.data ? name_fits(item->name, table) : 0;
  if (item->name.data && !fits)
    return 0;
  return 1 + (item->target.data ? 1 : 0) + 2 * fits;
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
