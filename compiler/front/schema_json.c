/* JSON Schema (draft 2020-12) of the tables in schema.h, for editors. */
#include <stdlib.h>
#include <string.h>

#include "front/schema.h"
#include "json.h"

static const struct {
  const char *word;
  const schema_object *object;
} words[] = {{"executor", &schema_executor}, {"log", &schema_log},
             {"plan", &schema_plan},         {"policies", &schema_policies},
             {"policy", &schema_policy},     {"project", &schema_project}};

const char *schema_word_at(size_t index) {
  return index < sizeof words / sizeof *words ? words[index].word : NULL;
}

static void put(upk_json_writer *w, const char *key, const char *text) {
  upk_json_put_string(w, key, upk_str_from(text));
}

static void write_body(upk_json_writer *w, const schema_object *object);

/* What a value may be; the object it stands in is open. */
typedef void write_type(upk_json_writer *w, const schema_field *f);

static void write_simple(upk_json_writer *w, const schema_field *f) {
  put(w, "type", f->type == SCHEMA_BOOL ? "boolean" : "object");
}

static void write_int(upk_json_writer *w, const schema_field *f) {
  if (f->max != 0)
    upk_json_put_int(w, "maximum", f->max);
  upk_json_put_int(w, "minimum", f->min);
  put(w, "type", "integer");
}

static void write_duration(upk_json_writer *w, const schema_field *f) {
  (void)f;
  put(w, "pattern", "^([0-9]+(us|ms|s|min|m|h|d|w))+$|^0$");
  upk_json_key(w, "type");
  upk_json_begin_array(w);
  upk_json_string(w, UPK_STR("string"));
  upk_json_string(w, UPK_STR("integer"));
  upk_json_end_array(w);
}

static void write_time(upk_json_writer *w, const schema_field *f) {
  (void)f;
  put(w, "pattern",
      "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$");
  put(w, "type", "string");
}

static void write_text(upk_json_writer *w, const schema_field *f) {
  const schema_form *form = f->type == SCHEMA_EXPRESSION ? NULL : f->more;
  if (form != NULL)
    put(w, "pattern", form->regex);
  put(w, "type", "string");
}

static void write_words(upk_json_writer *w, const schema_field *f) {
  upk_json_key(w, "enum");
  upk_json_begin_array(w);
  for (const schema_word *word = f->more; word->text != NULL; word++)
    if (!word->absent)
      upk_json_string(w, upk_str_from(word->text));
  upk_json_end_array(w);
}

static void nest(upk_json_writer *w, write_type *inside,
                 const schema_field *f) {
  upk_json_begin_object(w);
  inside(w, f);
  upk_json_end_object(w);
}

static void write_list(upk_json_writer *w, write_type *item,
                       const schema_field *f) {
  upk_json_key(w, "items");
  nest(w, item, f);
  put(w, "type", "array");
}

static void write_text_list(upk_json_writer *w, const schema_field *f) {
  write_list(w, write_text, f);
}

static void write_either(upk_json_writer *w, write_type *one, write_type *other,
                         const schema_field *f) {
  upk_json_key(w, "anyOf");
  upk_json_begin_array(w);
  nest(w, one, f);
  nest(w, other, f);
  upk_json_end_array(w);
}

static void write_texts(upk_json_writer *w, const schema_field *f) {
  if ((f->flags & SCHEMA_LIST) != 0)
    write_text_list(w, f);
  else
    write_either(w, write_text, write_text_list, f);
}

static void write_map(upk_json_writer *w, const schema_field *f) {
  write_body(w, f->more);
}

static void write_short(upk_json_writer *w, const schema_field *f) {
  const schema_object *object = f->more;
  write_text(w, &object->fields[0]);
}

static void write_object(upk_json_writer *w, const schema_field *f) {
  if ((f->flags & SCHEMA_SHORT) != 0)
    write_either(w, write_short, write_map, f);
  else
    write_map(w, f);
}

static void write_object_list(upk_json_writer *w, const schema_field *f) {
  write_list(w, write_object, f);
}

static void write_objects(upk_json_writer *w, const schema_field *f) {
  if ((f->flags & SCHEMA_ONE) != 0)
    write_either(w, write_object, write_object_list, f);
  else
    write_object_list(w, f);
}

static void write_table(upk_json_writer *w, const schema_field *f) {
  upk_json_key(w, "additionalProperties");
  nest(w, write_object, f);
  put(w, "type", "object");
}

/* A map of the user's own keys to scalars. */
static void write_values(upk_json_writer *w, const schema_field *f) {
  upk_json_key(w, "additionalProperties");
  upk_json_begin_object(w);
  upk_json_key(w, "type");
  upk_json_begin_array(w);
  upk_json_string(w, UPK_STR("string"));
  upk_json_string(w, UPK_STR("integer"));
  if (f->type == SCHEMA_VALUES)
    upk_json_string(w, UPK_STR("boolean"));
  upk_json_end_array(w);
  upk_json_end_object(w);
  put(w, "type", "object");
}

static void write_selector(upk_json_writer *w, const schema_field *f) {
  (void)f;
  upk_json_key(w, "type");
  upk_json_begin_array(w);
  upk_json_string(w, UPK_STR("object"));
  upk_json_string(w, UPK_STR("string"));
  upk_json_end_array(w);
}

/* A list that is read item by item elsewhere, or anything. */
static void write_any(upk_json_writer *w, const schema_field *f) {
  if (f->more != NULL)
    write_list(w, write_map, f);
}

static write_type *const writers[] = {
    [SCHEMA_BOOL] = write_simple,       [SCHEMA_INT] = write_int,
    [SCHEMA_DURATION] = write_duration, [SCHEMA_TIME] = write_time,
    [SCHEMA_TEXT] = write_text,         [SCHEMA_MARKED] = write_text,
    [SCHEMA_TEXTS] = write_texts,       [SCHEMA_NAMES] = write_texts,
    [SCHEMA_WORD] = write_words,        [SCHEMA_CHOICE] = write_words,
    [SCHEMA_EXPRESSION] = write_text,   [SCHEMA_OBJECT] = write_object,
    [SCHEMA_OBJECTS] = write_objects,   [SCHEMA_TABLE] = write_table,
    [SCHEMA_LABELS] = write_values,     [SCHEMA_SELECTOR] = write_selector,
    [SCHEMA_VALUES] = write_values,     [SCHEMA_MAP] = write_simple,
    [SCHEMA_ANY] = write_any,
};

/* ---- one object ---- */

static void write_default(upk_json_writer *w, const schema_field *f) {
  upk_str text = upk_str_from(f->otherwise);
  int64_t number = 0;
  upk_json_key(w, "default");
  if (f->type == SCHEMA_BOOL) {
    upk_json_bool(w, upk_str_is(text, "true"));
  } else if (f->type == SCHEMA_INT) {
    for (size_t i = 0; i < text.len; i++)
      number = number * 10 + (text.data[i] - '0');
    upk_json_int(w, number);
  } else {
    upk_json_string(w, text);
  }
}

static void write_field(upk_json_writer *w, const schema_field *f) {
  upk_json_key(w, f->key);
  upk_json_begin_object(w);
  upk_json_key(w, "allOf");
  upk_json_begin_array(w);
  nest(w, writers[f->type], f);
  upk_json_end_array(w);
  if (f->otherwise != NULL)
    write_default(w, f);
  put(w, "description", f->doc);
  upk_json_end_object(w);
}

static int compare_fields(const void *a, const void *b) {
  const schema_field *const *left = a, *const *right = b;
  return strcmp((*left)->key, (*right)->key);
}

/* Canonical JSON wants keys in order of bytes; the rows are in the order in
 * which people read them. Fields of later versions are left out. */
static size_t sort_fields(const schema_object *object,
                          const schema_field **ret_order) {
  size_t count = 0;
  for (size_t i = 0; i < object->count && count < SCHEMA_FIELDS; i++)
    if ((object->fields[i].flags & SCHEMA_LATER) == 0)
      ret_order[count++] = &object->fields[i];
  qsort(ret_order, count, sizeof *ret_order, compare_fields);
  return count;
}

static void write_body(upk_json_writer *w, const schema_object *object) {
  const schema_field *order[SCHEMA_FIELDS] = {NULL};
  size_t count = sort_fields(object, order);
  upk_json_put_bool(w, "additionalProperties", object->open);
  put(w, "description", object->doc);
  upk_json_key(w, "properties");
  upk_json_begin_object(w);
  for (size_t i = 0; i < count; i++)
    write_field(w, order[i]);
  upk_json_end_object(w);
  upk_json_key(w, "required");
  upk_json_begin_array(w);
  for (size_t i = 0; i < count; i++)
    if ((order[i]->flags & SCHEMA_REQUIRED) != 0)
      upk_json_string(w, upk_str_from(order[i]->key));
  upk_json_end_array(w);
  put(w, "type", "object");
}

bool schema_write_json(upk_str word, upk_sink sink) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!upk_str_is(word, words[i].word))
      continue;
    upk_json_writer *w = upk_json_writer_new(sink);
    upk_json_begin_object(w);
    put(w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    upk_json_key(w, "allOf");
    upk_json_begin_array(w);
    upk_json_begin_object(w);
    write_body(w, words[i].object);
    upk_json_end_object(w);
    upk_json_end_array(w);
    put(w, "title", words[i].object->name);
    upk_json_end_object(w);
    upk_json_newline(w);
    return upk_json_writer_close(w);
  }
  return false;
}
