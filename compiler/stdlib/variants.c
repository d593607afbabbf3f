/* The queries of a collector, by version and capability. */
#include <string.h>

#include "quote.h"
#include "stdlib/private.h"

static bool has_mark(upk_str sql, const char *mark) {
  size_t len = strlen(mark);
  for (size_t i = 0; i + len <= sql.len; i++)
    if (!memcmp(sql.data + i, mark, len))
      return true;
  return false;
}

static bool is_parametric(const ir_collector *collector) {
  for (size_t i = 0; i < collector->kind->attributes.len; i++) {
    const ir_attribute *a = &collector->kind->attributes.items[i];
    if (a->collector == collector && a->parametric)
      return true;
  }
  return false;
}

static void check_needs(stdlib_reader *reader, const ir_engine *engine,
                        const ir_names *needs) {
  for (size_t i = 0; i < needs->len; i++) {
    bool known = false;
    for (size_t j = 0; j < engine->capability_count; j++)
      known |= upk_str_equal(engine->capabilities[j].name, needs->items[i]);
    if (!known)
      stdlib_complain(reader, 1324,
                      "needs the capability `%.*s`, which the "
                      "engine does not know",
                      UPK_FMT(needs->items[i]));
  }
}

/* Whether `earlier` fits whenever `later` does. */
static bool covers(const ir_variant *earlier, const ir_variant *later) {
  if (earlier->min_version > later->min_version)
    return false;
  if (earlier->max_version &&
      (!later->max_version || later->max_version > earlier->max_version))
    return false;
  for (size_t i = 0; i < earlier->needs.len; i++)
    if (!names_have(&later->needs, earlier->needs.items[i]))
      return false;
  return true;
}

static void check_variant(stdlib_reader *reader, const ir_engine *engine,
                          const ir_collector *collector,
                          const ir_variant *variant) {
  check_needs(reader, engine, &variant->needs);
  if (variant->max_version && variant->max_version <= variant->min_version)
    stdlib_complain(reader, 1327,
                    "has a variant whose `max` is not above its "
                    "`min`");
  for (size_t i = 0; i + 1 < collector->variants.len; i++)
    if (covers(&collector->variants.items[i], variant)) {
      stdlib_complain(reader, 1327,
                      "has a variant that is never used: number "
                      "%zu always fits first",
                      i + 1);
      return;
    }
  if (collector->filter.data && !has_mark(variant->sql, "{filter}"))
    stdlib_complain(reader, 1322, "has a filter and a query without {filter}");
  if (is_parametric(collector) != has_mark(variant->sql, "{argument"))
    stdlib_complain(reader, 1322,
                    "needs {argument} in its query exactly when an attribute "
                    "has a parameter");
}

void define_variants(stdlib_reader *reader, const ir_engine *engine,
                     ir_collector *collector) {
  static const field_rule rules[] = {{"sql", TYPE(TEXT) | FIELD_NEEDED},
                                     {"min", TYPE(TEXT)},
                                     {"max", TYPE(TEXT)},
                                     {"needs", TYPE(LIST)}};
  const node *list = field_list(reader->from->map, "variants");
  if (!list)
    return;
  if (!list->list.count)
    stdlib_complain(reader, 1320, "has no variant");
  for (size_t i = 0; i < list->list.count; i++) {
    const node *row = list->list.items[i];
    stdlib_point(reader, row);
    FIELDS_CHECK(reader, row, "variants", rules);
    if (!field_text(row, "sql").data)
      continue;
    ir_variant *variant = UPK_PUSH(reader->ir->arena, &collector->variants);
    variant->sql = upk_str_trim(field_text(row, "sql"));
    variant->min_version = field_version(reader, row, "min");
    variant->max_version = field_version(reader, row, "max");
    variant->needs = field_names(reader, row, "needs");
    check_variant(reader, engine, collector, variant);
  }
  stdlib_point(reader, NULL);
}

/* ---- attributes with arguments ---- */

static bool add_argument(const ir_engine *engine, upk_str argument,
                         upk_str *rest, upk_buf *out) {
  if (upk_str_starts(*rest, "{argument}")) {
    *rest = (upk_str){rest->data + 10, rest->len - 10};
    return upk_quote_identifier(engine->dialect, argument, out);
  }
  *rest = (upk_str){rest->data + 15, rest->len - 15};
  return upk_quote_literal(engine->dialect, argument, out);
}

upk_str stdlib_variant_sql(ir *ir, const ir_engine *engine,
                           const ir_variant *variant, upk_str argument) {
  if (!argument.data)
    return variant->sql;
  upk_buf out = {0};
  upk_str rest = variant->sql, text = UPK_NO_STR;
  bool good = true;
  while (rest.len && good) {
    if (upk_str_starts(rest, "{argument}") ||
        upk_str_starts(rest, "{argument.text}")) {
      good = add_argument(engine, argument, &rest, &out);
      continue;
    }
    upk_buf_char(&out, rest.data[0]);
    rest = (upk_str){rest.data + 1, rest.len - 1};
  }
  if (good)
    text = upk_arena_copy(ir->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return text;
}
