/* Names that declarations use of each other, once all are known. */
#include <string.h>

#include "stdlib/private.h"

static bool relation_known(const ir_engine *engine, upk_str entry) {
  upk_str place;
  upk_str name = upk_str_split(entry, ':', &place);
  return ir_action_find(engine, name) &&
         (!place.data || upk_str_is(place, "parent") ||
          upk_str_is(place, "children"));
}

static void check_relations(stdlib_reader *reader, const ir_engine *engine) {
  static const char *const keys[] = {"provides",  "subsumes", "conflicts",
                                     "followups", "fights",   "after",
                                     "before"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    ir_names names = field_names(reader, reader->from->map, keys[i]);
    stdlib_point(reader, node_find(reader->from->map, keys[i]));
    for (size_t j = 0; j < names.len; j++)
      if (!relation_known(engine, names.items[j]))
        stdlib_complain(reader, 1324,
                        "names in `%s` what is no action, "
                        "action:parent or action:children: "
                        "`%.*s`",
                        keys[i], UPK_FMT(names.items[j]));
  }
  stdlib_point(reader, NULL);
}

/* "size", "table.size", "oldest_row_age(created_at)" of a kind. */
static bool attribute_known(const ir_engine *engine, const ir_kind *kind,
                            upk_str written) {
  upk_str argument, rest;
  upk_str base = upk_str_split(written, '(', &argument);
  upk_str first = upk_str_split(base, '.', &rest);
  if (rest.data) {
    kind = ir_kind_find(engine, first);
    base = rest;
  }
  const ir_attribute *a = kind ? ir_attribute_find(kind, base) : NULL;
  return a && a->parametric == (argument.data != NULL);
}

static void check_reads(stdlib_reader *reader, const ir_engine *engine,
                        const ir_kind *kind) {
  ir_names reads = field_names(reader, reader->from->map, "reads");
  stdlib_point(reader, node_find(reader->from->map, "reads"));
  for (size_t i = 0; i < reads.len; i++) {
    if (attribute_known(engine, kind, reads.items[i]))
      continue;
    upk_diag *diag = stdlib_complain(
        reader, 1324, "reads an attribute that does not exist: `%.*s`",
        UPK_FMT(reads.items[i]));
    ir_names names = {0};
    for (size_t j = 0; kind && j < kind->attributes.len; j++)
      *UPK_PUSH(reader->ir->arena, &names) = kind->attributes.items[j].name;
    upk_diag_suggest(reader->ir->diags, diag, reads.items[i], names.items,
                     names.len);
  }
  stdlib_point(reader, NULL);
}

static void check_capabilities(stdlib_reader *reader, const ir_engine *engine) {
  const node *needs = field_map(reader->from->map, "needs");
  ir_names names = {0};
  if (needs)
    names = field_names(reader, needs, "capabilities");
  for (size_t i = 0; i < names.len; i++) {
    bool known = false;
    for (size_t j = 0; j < engine->capability_count; j++)
      known |= upk_str_equal(engine->capabilities[j].name, names.items[i]);
    if (!known)
      stdlib_complain(reader, 1324,
                      "needs the capability `%.*s`, which the "
                      "engine does not know",
                      UPK_FMT(names.items[i]));
  }
}

static void check_privileges(stdlib_reader *reader, const ir_engine *engine) {
  const node *needs = field_map(reader->from->map, "needs");
  const node *known = node_find(engine->definition, "privileges");
  ir_names names = {0};
  if (needs)
    names = field_names(reader, needs, "privileges");
  for (size_t i = 0; i < names.len; i++)
    if (!known || !node_member_find(known, names.items[i]))
      stdlib_complain(reader, 1324,
                      "needs the privilege `%.*s`, which the engine does not "
                      "know",
                      UPK_FMT(names.items[i]));
}

static void refer_action(stdlib_reader *reader, const ir_engine *engine) {
  upk_str name = field_text(reader->from->map, "kind");
  const ir_kind *kind = ir_kind_find(engine, name);
  stdlib_point(reader, node_find(reader->from->map, "kind"));
  if (!kind && name.data && !upk_str_is(name, "any"))
    stdlib_complain(reader, 1324, "is for a kind that does not exist: `%.*s`",
                    UPK_FMT(name));
  stdlib_point(reader, NULL);
  check_relations(reader, engine);
  check_capabilities(reader, engine);
  check_privileges(reader, engine);
  if (kind || upk_str_is(name, "any"))
    check_reads(reader, engine, kind);
}

static void refer_kind(stdlib_reader *reader, const ir_engine *engine) {
  const ir_kind *kind = ir_kind_find(engine, reader->name);
  if (!kind)
    return;
  if (!kind->collectors.len)
    stdlib_complain(reader, 1324, "has no collector");
  for (size_t i = 0; i < kind->parent_count; i++) {
    const ir_kind *parent = ir_kind_find(engine, kind->parents[i].kind);
    const ir_names *keys = &kind->parents[i].keys;
    if (!parent)
      stdlib_complain(reader, 1324, "has a parent that is no kind: `%.*s`",
                      UPK_FMT(kind->parents[i].kind));
    else if (!parent->single && keys->len != parent->keys.len)
      stdlib_complain(reader, 1324,
                      "needs as many columns for its parent "
                      "`%.*s` as that has keys",
                      UPK_FMT(parent->name));
    for (size_t j = 0; j < keys->len; j++)
      if (!ir_attribute_find(kind, keys->items[j]))
        stdlib_complain(reader, 1324,
                        "finds its parent by `%.*s`, which is no "
                        "attribute of it",
                        UPK_FMT(keys->items[j]));
  }
}

static void refer_engine(stdlib_reader *reader, const ir_engine *engine) {
  const node *ledger = field_map(engine->definition, "ledger");
  upk_str create = ledger ? field_text(ledger, "create") : UPK_NO_STR;
  if (create.data && !ir_action_find(engine, create))
    stdlib_complain(reader, 1324,
                    "makes its ledger by an action that does not "
                    "exist: `%.*s`",
                    UPK_FMT(create));
}

void check_references(ir *ir, const stdlib_declaration *d) {
  stdlib_reader reader = stdlib_reader_of(ir, d, d->global.data);
  upk_str engine_name = field_text(d->map, "engine");
  if (upk_str_is(d->global, "engine"))
    engine_name = field_text(d->map, "name");
  else if (!engine_name.data)
    engine_name = d->folder;
  const ir_engine *engine = ir_engine_find(ir, engine_name);
  if (!engine || !reader.name.data)
    return; /* said when it was defined */
  if (upk_str_is(d->global, "action"))
    refer_action(&reader, engine);
  else if (upk_str_is(d->global, "kind"))
    refer_kind(&reader, engine);
  else if (upk_str_is(d->global, "engine"))
    refer_engine(&reader, engine);
}
