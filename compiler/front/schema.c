#include "front/schema.h"

#include <string.h>

#include "front/scalar.h"
#include "front/schema_forms.h"
#include "front/schema_reader.h"

/* ---- objects ---- */

static void read_object_into(reader *r, const schema_object *object,
                             const node *map, void *out);

static size_t item_size(const schema_object *object) {
  return object->size == 0 ? 1 : object->size;
}

/* A text that stands for an object's first field. */
static const node *lengthen(reader *r, const schema_object *object,
                            const node *value) {
  node *map = node_new(r->arena, NODE_MAP, value->span);
  node *copy = UPK_NEW(r->arena, node);
  *copy = *value;
  map->map.members = UPK_NEW(r->arena, node_member);
  map->map.members[0] =
      (node_member){upk_str_from(object->fields[0].key), value->span, copy};
  map->map.count = 1;
  return map;
}

static void read_object(reader *r, const schema_field *f, const node *value,
                        void *out) {
  bool text = value->type == NODE_TEXT || value->type == NODE_PLAIN;
  if ((f->flags & SCHEMA_SHORT) != 0 && text && !node_is_null(value))
    value = lengthen(r, f->more, value);
  if (value->type == NODE_MAP)
    read_object_into(r, f->more, value, out);
  else if (schema_is_empty(value))
    read_object_into(r, f->more, node_new(r->arena, NODE_MAP, value->span),
                     out);
  else
    schema_refuse_type(r, f, value);
}

static void read_objects(reader *r, const schema_field *f, const node *value,
                         void *out) {
  schema_field item = *f;
  item.type = SCHEMA_OBJECT;
  if (schema_is_empty(value))
    return;
  if (value->type == NODE_LIST) {
    for (size_t i = 0; i < value->list.count; i++)
      read_object(r, &item, value->list.items[i],
                  schema_push(r, out, item_size(f->more)));
  } else if ((f->flags & SCHEMA_ONE) != 0) {
    read_object(r, &item, value, schema_push(r, out, item_size(f->more)));
  } else {
    schema_refuse_type(r, f, value);
  }
}

static void read_table(reader *r, const schema_field *f, const node *value,
                       void *out) {
  const schema_object *object = f->more;
  if (value->type != NODE_MAP) {
    if (!schema_is_empty(value))
      schema_refuse_type(r, f, value);
    return;
  }
  for (size_t i = 0; i < value->map.count; i++) {
    const node_member *member = &value->map.members[i];
    void *item = schema_push(r, out, item_size(object));
    schema_check_name(r, member, object->name, &form_name);
    memcpy(item, &member->key, sizeof member->key);
    if (member->value->type == NODE_MAP) {
      read_object_into(r, object, member->value, item);
    } else {
      r->wrong = true;
      scalar_refuse(r->diags, member->value, member->key, "a map");
    }
  }
}

/* ---- one object ---- */

static read_value *reader_of(schema_type type) {
  switch (type) {
  case SCHEMA_OBJECT:
    return read_object;
  case SCHEMA_OBJECTS:
    return read_objects;
  case SCHEMA_TABLE:
    return read_table;
  default:
    return schema_value_reader(type);
  }
}

static void read_field(reader *r, const schema_field *f, const node *value,
                       void *base) {
  void *out = f->offset == SCHEMA_NOWHERE
                  ? upk_arena_alloc(r->arena, sizeof(ir_expression))
                  : (char *)base + f->offset;
  reader_of(f->type)(r, f, value, out);
}

/* Few keys are listed; for many, it is said where they stand. */
static void help_keys(reader *r, const schema_object *object, upk_diag *diag) {
  enum { FEW = 12 };
  upk_buf list = {0};
  if (object->count > FEW) {
    upk_diag_help(r->diags, diag, "`upkeep schema` prints all keys");
    return;
  }
  for (size_t i = 0; i < object->count; i++)
    upk_buf_printf(&list, "%s%s", i == 0 ? "" : ", ", object->fields[i].key);
  upk_diag_help(r->diags, diag, "the keys are: %s", list.data);
  upk_buf_free(&list);
}

static void refuse_key(reader *r, const schema_object *object,
                       const node_member *member) {
  upk_str keys[SCHEMA_FIELDS];
  r->wrong = true;
  for (size_t i = 0; i < object->count; i++)
    keys[i] = upk_str_from(object->fields[i].key);
  upk_diag *diag = upk_diag_add(r->diags, 1020, member->key_span,
                                "unknown key `%.*s` in this %s",
                                UPK_FMT(node_clip(member->key)), object->name);
  if (!upk_diag_suggest(r->diags, diag, member->key, keys, object->count))
    help_keys(r, object, diag);
}

static void refuse_missing(reader *r, const schema_object *object,
                           const schema_field *f, const node *map) {
  upk_span span = map->map.count > 0 ? map->map.members[0].key_span : map->span;
  r->wrong = true;
  upk_diag *diag = upk_diag_add(
      r->diags, 1022, span, "`%s` is missing in this %s", f->key, object->name);
  upk_diag_help(r->diags, diag, "add `%s`: %s", f->key, f->doc);
}

static void read_default(reader *r, const schema_field *f, void *out) {
  node value = {.type = NODE_PLAIN, .text = upk_str_from(f->otherwise)};
  if (f->type == SCHEMA_TEXT)
    value.type = NODE_TEXT;
  read_field(r, f, &value, out);
}

static void read_object_into(reader *r, const schema_object *object,
                             const node *map, void *out) {
  uint64_t seen = 0;
  for (size_t i = 0; i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    size_t n = 0;
    while (n < object->count && !upk_str_is(member->key, object->fields[n].key))
      n++;
    if (n == object->count) {
      refuse_key(r, object, member);
      continue;
    }
    seen |= (uint64_t)1 << n;
    if ((object->fields[n].flags & SCHEMA_LATER) != 0) {
      r->wrong = true;
      upk_diag_add(r->diags, 1028, member->key_span,
                   "`%s` is not available in this version",
                   object->fields[n].key);
      continue;
    }
    read_field(r, &object->fields[n], member->value, out);
  }
  for (size_t n = 0; n < object->count; n++) {
    const schema_field *f = &object->fields[n];
    if ((seen >> n & 1) != 0)
      continue;
    if ((f->flags & SCHEMA_REQUIRED) != 0)
      refuse_missing(r, object, f, map);
    else if (f->otherwise != NULL)
      read_default(r, f, out);
    else if (f->type == SCHEMA_OBJECT && f->offset != SCHEMA_NOWHERE)
      read_object_into(r, f->more, &(node){.type = NODE_MAP},
                       (char *)out + f->offset);
  }
  if (object->span_offset != 0)
    memcpy((char *)out + object->span_offset, &map->span, sizeof map->span);
  if (object->node_offset != 0)
    memcpy((char *)out + object->node_offset, &map, sizeof map);
}

bool schema_read(upk_arena *arena, upk_diags *diags,
                 const schema_object *object, const node *map, void *out) {
  reader r = {.arena = arena, .diags = diags};
  if (map->type == NODE_MAP) {
    read_object_into(&r, object, map, out);
    return !r.wrong;
  }
  upk_diag_add(diags, 1021, map->span, "a %s must be a map, not %s",
               object->name, node_describe(map));
  return false;
}
