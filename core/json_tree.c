/* Trees of values, for the parts of a file that are read by name. */
#include "json.h"

static const upk_json null_value = {.type = UPK_JSON_NULL};

typedef UPK_VEC(upk_json) value_vec;
typedef UPK_VEC(upk_json_member) member_vec;

static bool read_into(upk_json_reader *r, upk_json_token token,
                      upk_arena *arena, upk_json *value);

static bool read_array(upk_json_reader *r, upk_arena *arena, upk_json *value) {
  value_vec items = {0};
  for (;;) {
    upk_json_token token = upk_json_next(r);
    if (token == UPK_TOKEN_END_ARRAY)
      break;
    upk_json item = null_value;
    if (!read_into(r, token, arena, &item))
      return false;
    *UPK_PUSH(arena, &items) = item;
  }
  value->type = UPK_JSON_ARRAY;
  value->array.items = items.items;
  value->array.count = items.len;
  return true;
}

static bool read_object(upk_json_reader *r, upk_arena *arena, upk_json *value) {
  member_vec members = {0};
  for (;;) {
    upk_json_token token = upk_json_next(r);
    if (token == UPK_TOKEN_END_OBJECT)
      break;
    if (token != UPK_TOKEN_KEY)
      return false;
    upk_str key = r->string;
    upk_json *item = UPK_NEW(arena, upk_json);
    if (!read_into(r, upk_json_next(r), arena, item))
      return false;
    *UPK_PUSH(arena, &members) = (upk_json_member){key, item};
  }
  value->type = UPK_JSON_OBJECT;
  value->object.members = members.items;
  value->object.count = members.len;
  return true;
}

/* Recursion is bounded by the reader's limit of depth. */
static bool read_into(upk_json_reader *r, upk_json_token token,
                      upk_arena *arena, upk_json *value) {
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
    if (!read_array(r, arena, value))
      return false;
    break;
  case UPK_TOKEN_BEGIN_OBJECT:
    if (!read_object(r, arena, value))
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
  upk_json *value = UPK_NEW(arena, upk_json);
  return read_into(r, token, arena, value) ? value : NULL;
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
