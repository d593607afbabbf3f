/* Trees of values, for the parts of a file that are read by name. */
#include <string.h>

#include "json.h"

static const upk_json null_value = {.type = UPK_JSON_NULL};

/* Values wait in `pending`, above those of the values around them, until their
 * count is known: then they get an array that fits. */
typedef struct builder {
  upk_json_reader *reader;
  upk_arena *arena;
  UPK_VEC(upk_json) pending;
  UPK_VEC(upk_str) keys;
} builder;

static bool read_into(builder *b, upk_json_token token, upk_json *value);

static upk_json *take_pending(builder *b, size_t begin, size_t *ret_count) {
  size_t count = b->pending.len - begin;
  upk_json *items = UPK_NEW_ARRAY(b->arena, upk_json, count);
  if (count)
    memcpy(items, b->pending.items + begin, count * sizeof *items);
  b->pending.len = begin;
  *ret_count = count;
  return items;
}

static bool read_pending(builder *b, upk_json_token token) {
  upk_json item = null_value;
  if (!read_into(b, token, &item))
    return false;
  *UPK_PUSH(b->arena, &b->pending) = item;
  return true;
}

static bool read_array(builder *b, upk_json *value) {
  size_t begin = b->pending.len;
  upk_json_token token;
  while ((token = upk_json_next(b->reader)) != UPK_TOKEN_END_ARRAY)
    if (!read_pending(b, token))
      return false;
  value->type = UPK_JSON_ARRAY;
  value->array.items = take_pending(b, begin, &value->array.count);
  return true;
}

static bool read_object(builder *b, upk_json *value) {
  size_t begin = b->pending.len, first_key = b->keys.len, count;
  upk_json_token token;
  while ((token = upk_json_next(b->reader)) != UPK_TOKEN_END_OBJECT) {
    if (token != UPK_TOKEN_KEY)
      return false;
    *UPK_PUSH(b->arena, &b->keys) = b->reader->string;
    if (!read_pending(b, upk_json_next(b->reader)))
      return false;
  }
  const upk_json *items = take_pending(b, begin, &count);
  upk_json_member *members = UPK_NEW_ARRAY(b->arena, upk_json_member, count);
  for (size_t i = 0; i < count; i++)
    members[i] = (upk_json_member){b->keys.items[first_key + i], &items[i]};
  b->keys.len = first_key;
  value->type = UPK_JSON_OBJECT;
  value->object.members = members;
  value->object.count = count;
  return true;
}

/* Recursion is bounded by the reader's limit of depth. */
static bool read_into(builder *b, upk_json_token token, upk_json *value) {
  const upk_json_reader *r = b->reader;
  size_t start = r->offset - 1; /* of [ or { */
  switch (token) {
  case UPK_TOKEN_NULL:
    value->type = UPK_JSON_NULL;
    return true;
  case UPK_TOKEN_BOOL:
    value->type = UPK_JSON_BOOL;
    value->boolean = r->boolean;
    return true;
  case UPK_TOKEN_INT:
    value->type = UPK_JSON_INT;
    value->integer = r->integer;
    return true;
  case UPK_TOKEN_STRING:
    value->type = UPK_JSON_STRING;
    value->string = r->string;
    return true;
  case UPK_TOKEN_BEGIN_ARRAY:
    if (!read_array(b, value))
      return false;
    break;
  case UPK_TOKEN_BEGIN_OBJECT:
    if (!read_object(b, value))
      return false;
    break;
  default:
    return false;
  }
  value->bytes = (upk_str){r->bytes.data + start, r->offset - start};
  return true;
}

const upk_json *upk_json_read_value(upk_json_reader *r, upk_json_token token,
                                    upk_arena *arena) {
  builder b = {.reader = r, .arena = arena};
  upk_json *value = UPK_NEW(arena, upk_json);
  return read_into(&b, token, value) ? value : NULL;
}

const upk_json *upk_json_parse(upk_arena *arena, upk_str bytes,
                               upk_json_error *ret_error) {
  upk_json_reader r;
  upk_json_reader_init(&r, bytes, arena);
  const upk_json *value = upk_json_read_value(&r, upk_json_next(&r), arena);
  if (value && upk_json_next(&r) == UPK_TOKEN_END)
    return value;
  *ret_error = r.error;
  return NULL;
}

const upk_json *upk_json_get(const upk_json *object, const char *key) {
  return upk_json_get_str(object, upk_str_from(key));
}

const upk_json *upk_json_get_str(const upk_json *object, upk_str wanted) {
  if (!object || object->type != UPK_JSON_OBJECT)
    return &null_value;
  size_t low = 0, high = object->object.count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    const upk_json_member *member = &object->object.members[middle];
    int order = upk_str_compare(member->key, wanted);
    if (order == 0)
      return member->value;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return &null_value;
}

const upk_json *upk_json_at(const upk_json *array, size_t index) {
  if (!array || array->type != UPK_JSON_ARRAY || index >= array->array.count)
    return &null_value;
  return &array->array.items[index];
}

size_t upk_json_count(const upk_json *value) {
  if (!value)
    return 0;
  if (value->type == UPK_JSON_ARRAY)
    return value->array.count;
  return value->type == UPK_JSON_OBJECT ? value->object.count : 0;
}

upk_str upk_json_text(const upk_json *object, const char *key) {
  const upk_json *value = upk_json_get(object, key);
  return value->type == UPK_JSON_STRING ? value->string : UPK_NO_STR;
}

int64_t upk_json_number(const upk_json *object, const char *key,
                        int64_t otherwise) {
  const upk_json *value = upk_json_get(object, key);
  return value->type == UPK_JSON_INT ? value->integer : otherwise;
}

bool upk_json_flag(const upk_json *object, const char *key, bool otherwise) {
  const upk_json *value = upk_json_get(object, key);
  return value->type == UPK_JSON_BOOL ? value->boolean : otherwise;
}

void upk_json_write(upk_json_writer *w, const upk_json *value) {
  switch (value->type) {
  case UPK_JSON_NULL:
    upk_json_null(w);
    break;
  case UPK_JSON_BOOL:
    upk_json_bool(w, value->boolean);
    break;
  case UPK_JSON_INT:
    upk_json_int(w, value->integer);
    break;
  case UPK_JSON_STRING:
    upk_json_string(w, value->string);
    break;
  case UPK_JSON_ARRAY:
    upk_json_begin_array(w);
    for (size_t i = 0; i < value->array.count; i++)
      upk_json_write(w, &value->array.items[i]);
    upk_json_end_array(w);
    break;
  case UPK_JSON_OBJECT:
    upk_json_begin_object(w);
    for (size_t i = 0; i < value->object.count; i++) {
      upk_json_key_str(w, value->object.members[i].key);
      upk_json_write(w, value->object.members[i].value);
    }
    upk_json_end_object(w);
    break;
  }
}
