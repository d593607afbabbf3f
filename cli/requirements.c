/* What the requirements document says, for `upkeep validate --requirements`. */
#include <string.h>

#include "cli.h"

static void pad(upk_buf *out, size_t start, size_t width) {
  while (out->len - start < width)
    upk_buf_char(out, ' ');
}

static void value_line(const upk_json *item, upk_buf *out) {
  upk_str name = upk_json_text(item, "name");
  upk_str target = upk_json_text(item, "target");
  upk_str fills = upk_json_text(item, "fills");
  size_t start = out->len;
  upk_buf_printf(out, "  %.*s", UPK_FMT(upk_json_text(item, "key")));
  if (name.data)
    upk_buf_printf(out, " %.*s", UPK_FMT(name));
  if (target.data)
    upk_buf_printf(out, " of %.*s", UPK_FMT(target));
  pad(out, start, 30);
  upk_buf_printf(out, " %.*s", UPK_FMT(upk_json_text(item, "value")));
  pad(out, start, 56);
  upk_buf_printf(out, "  %.*s\n", UPK_FMT(upk_json_text(item, "at")));
  if (fills.data)
    upk_buf_printf(out, "      %.*s\n", UPK_FMT(fills));
}

static bool same_fill(const upk_json *a, const upk_json *b) {
  return upk_str_equal(upk_json_text(a, "at"), upk_json_text(b, "at")) &&
         upk_str_equal(upk_json_text(a, "key"), upk_json_text(b, "key"));
}

void requirements_fills(const upk_json *fills, const char *before,
                        upk_buf *out) {
  enum { NAMED = 4 };
  size_t count = upk_json_count(fills);
  for (size_t i = 0; i < count; i++) {
    const upk_json *item = upk_json_at(fills, i);
    size_t policies = 0, first = 0;
    while (!same_fill(upk_json_at(fills, first), item))
      first++;
    if (first < i)
      continue; /* said with that */
    upk_buf_printf(out, "%s%.*s %.*s  (%.*s): ", before,
                   UPK_FMT(upk_json_text(item, "key")),
                   UPK_FMT(upk_json_text(item, "value")),
                   UPK_FMT(upk_json_text(item, "at")));
    for (size_t j = i; j < count; j++)
      if (same_fill(upk_json_at(fills, j), item) && policies++ < NAMED)
        upk_buf_printf(out, "%s%.*s", policies > 1 ? ", " : "",
                       UPK_FMT(upk_json_text(upk_json_at(fills, j), "policy")));
    if (policies > NAMED)
      upk_buf_printf(out, " and %zu more", policies - NAMED);
    upk_buf_char(out, '\n');
  }
}

void requirements_show(upk_str bytes, upk_arena *arena, upk_buf *out) {
  upk_json_error error;
  const upk_json *tree = upk_json_parse(arena, bytes, &error);
  const upk_json *values = upk_json_get(tree, "values");
  size_t count = upk_json_count(values);
  upk_buf_printf(out, "%.*s asks for %zu thing%s%s\n",
                 UPK_FMT(upk_json_text(tree, "document")), count,
                 count == 1 ? "" : "s", count ? ":" : "");
  for (size_t i = 0; i < count; i++)
    value_line(upk_json_at(values, i), out);
  if (upk_json_count(upk_json_get(tree, "fills")))
    upk_buf_str(out, UPK_STR("\nFilled in where policies leave it open:\n"));
  requirements_fills(upk_json_get(tree, "fills"), "  ", out);
}
