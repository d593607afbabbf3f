/* The effect of a step, for the people who watch it. */
#include <inttypes.h>

#include "cli.h"
#include "expr.h"
#include "timefmt.h"

enum { SHOWN_MAX = 3 };

static void value_text(upk_type type, const upk_json *value, upk_buf *out) {
  if (value->type == UPK_JSON_NULL)
    upk_buf_str(out, UPK_STR("unknown"));
  else if (value->type == UPK_JSON_BOOL)
    upk_buf_str(out, value->boolean ? UPK_STR("true") : UPK_STR("false"));
  else if (value->type == UPK_JSON_STRING)
    upk_buf_str(out, value->string);
  else if (value->type != UPK_JSON_INT)
    upk_buf_str(out, UPK_STR("..."));
  else if (type == UPK_TYPE_RATIO)
    upk_ratio_format((value->integer + 500) / 1000 * 1000, out);
  else if (type == UPK_TYPE_BYTES)
    upk_bytes_human(value->integer, out);
  else if (type == UPK_TYPE_DURATION)
    upk_duration_human(value->integer, out);
  else
    upk_buf_int(out, value->integer);
}

static bool equal(const upk_json *a, const upk_json *b) {
  if (a->type != b->type)
    return false;
  switch (a->type) {
  case UPK_JSON_BOOL:
    return a->boolean == b->boolean;
  case UPK_JSON_INT:
    return a->integer == b->integer;
  case UPK_JSON_STRING:
    return upk_str_equal(a->string, b->string);
  default:
    return true;
  }
}

/* Several policies can ask for one attribute: has `name` been shown? */
static bool is_among(const upk_str *names, size_t count, upk_str name) {
  for (size_t i = 0; i < count; i++)
    if (upk_str_equal(names[i], name))
      return true;
  return false;
}

void effect_text(const upk_json *step, const upk_json *before,
                 const upk_json *after, upk_buf *out) {
  const upk_json *checks = upk_json_get(step, "post");
  upk_str names[SHOWN_MAX];
  size_t shown = 0;
  for (size_t i = 0; i < upk_json_count(checks); i++) {
    const upk_json *columns = upk_json_get(upk_json_at(checks, i), "columns");
    for (size_t j = 0; j < upk_json_count(columns); j++) {
      upk_str name = upk_json_text(upk_json_at(columns, j), "name");
      upk_type type = UPK_TYPE_NULL;
      const upk_json *old = upk_json_get_str(before, name);
      const upk_json *new = upk_json_get_str(after, name);
      if (upk_str_ends(name, ".reason") || new->type == UPK_JSON_NULL ||
          equal(old, new) || shown == SHOWN_MAX || is_among(names, shown, name))
        continue;
      upk_type_find(upk_json_text(upk_json_at(columns, j), "type"), &type);
      upk_buf_printf(out, "%s%.*s ", shown ? ", " : "", UPK_FMT(name));
      names[shown++] = name;
      value_text(type, old, out);
      upk_buf_str(out, UPK_STR(" -> "));
      value_text(type, new, out);
    }
  }
}
