/* suggestion: what is worth a policy, for `upkeep init --from`. */
#include "stdlib/private.h"

static const field_rule rules[] = {
    {"name", TYPE(TEXT) | FIELD_NEEDED},
    {"kind", TYPE(TEXT)},
    {"use", TYPE(TEXT)},
    {"checks", TYPE(LIST)},
    {"title", TYPE(TEXT)},
    {"why", TYPE(TEXT)},
    {"where", TYPE(TEXT)},
    {"order", TYPE(TEXT)},
    {"most", TYPE(INT)},
    {"let", TYPE(MAP)},
    {"seen", TYPE(TEXT)},
    {"policies", TYPE(TEXT)},
    {"each", TYPE(TEXT)},
    {"target", TYPE(TEXT)},
    {"active", TYPE(BOOL)},
};

void define_suggestion(ir *ir, const stdlib_declaration *d) {
  stdlib_reader reader = stdlib_reader_of(ir, d, "suggestion");
  FIELDS_CHECK(&reader, d->map, "", rules);
  ir_engine *engine = field_name(&reader) ? declared_engine(&reader) : NULL;
  if (!engine)
    return;
  upk_str kind = field_text(d->map, "kind");
  field_names(&reader, d->map, "checks"); /* texts, or said */
  if (kind.data && !ir_kind_find(engine, kind))
    stdlib_complain(&reader, 1324, "is about kind `%.*s`, which is not there",
                    UPK_FMT(kind));
  if (!reader.failed)
    *UPK_PUSH(ir->arena, &engine->suggestions) = d->map;
}
