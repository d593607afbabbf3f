/* JSON Schema (draft 2020-12) of the tables in schema.h, for editors. */
#include <stdlib.h>
#include <string.h>

#include "front/schema.h"
#include "front/schema_forms.h"
#include "front/tests.h"
#include "json.h"

/* `written`: a file that upkeep writes, and no reader of YAML made its types.
 */
static const struct {
  const char *word;
  const schema_object *object;
  bool written;
} words[] = {{"check-report", &schema_check_report, true},
             {"executor", &schema_executor, false},
             {"facts", &schema_facts, true},
             {"lock", &schema_lock, false},
             {"log", &schema_log, true},
             {"plan", &schema_plan, true},
             {"policies", &schema_policies, false},
             {"policy", &schema_policy, false},
             {"project", &schema_project, false},
             {"test", &schema_tests, false},
             {"test-report", &schema_test_report, true}};

/* What is being written, and for which sort of file. */
typedef struct sheet {
  upk_json_writer *w;
  bool written;
} sheet;

const char *schema_word_at(size_t index) {
  return index < sizeof words / sizeof *words ? words[index].word : NULL;
}

static void put(const sheet *s, const char *key, const char *text) {
  upk_json_put_string(s->w, key, upk_str_from(text));
}

/* `type`: one of these, ended by NULL. */
static void put_types(const sheet *s, const char *const *types) {
  upk_json_key(s->w, "type");
  if (!types[1]) {
    upk_json_string(s->w, upk_str_from(types[0]));
    return;
  }
  upk_json_begin_array(s->w);
  for (size_t i = 0; types[i]; i++)
    upk_json_string(s->w, upk_str_from(types[i]));
  upk_json_end_array(s->w);
}

/* A plain scalar of YAML is a text where one is expected: 16.4, no, 2024;
 * unless its form rules out that it looks like a number or a bool. NULL: any
 * text. */
static void put_text_types(const sheet *s, const schema_form *form) {
  const char *types[4];
  size_t count = 0;
  if (!s->written && (!form || form->fits(UPK_STR("true"))))
    types[count++] = "boolean";
  if (!s->written && (!form || form->fits(UPK_STR("1"))))
    types[count++] = "number";
  types[count++] = "string";
  types[count] = NULL;
  put_types(s, types);
}

static void write_body(const sheet *s, const schema_object *object);

/* What a value may be; the object it stands in is open. */
typedef void write_type(const sheet *s, const schema_field *f);

static void write_simple(const sheet *s, const schema_field *f) {
  put(s, "type", f->type == SCHEMA_BOOL ? "boolean" : "object");
}

static void write_int(const sheet *s, const schema_field *f) {
  if (f->max != 0)
    upk_json_put_int(s->w, "maximum", f->max);
  upk_json_put_int(s->w, "minimum", f->min);
  put(s, "type", "integer");
}

/* A plain 0 needs no unit. */
static void write_duration(const sheet *s, const schema_field *f) {
  static const char *const types[] = {"integer", "string", NULL};
  (void)f;
  upk_json_put_int(s->w, "maximum", 0);
  upk_json_put_int(s->w, "minimum", 0);
  put(s, "pattern",
      "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m(in)?)?([0-9]+s)?([0-9]+ms)?"
      "([0-9]+us)?$");
  put_types(s, types);
}

static void write_time(const sheet *s, const schema_field *f) {
  (void)f;
  put(s, "pattern",
      "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$");
  put(s, "type", "string");
}

static void write_text(const sheet *s, const schema_field *f) {
  const schema_form *form = f->type == SCHEMA_EXPRESSION ? NULL : f->more;
  if (!s->written)
    upk_json_put_int(s->w, "minLength", 1);
  if (form != NULL)
    put(s, "pattern", form->regex);
  put_text_types(s, form);
}

static void write_words(const sheet *s, const schema_field *f) {
  upk_json_key(s->w, "enum");
  upk_json_begin_array(s->w);
  for (const schema_word *word = f->more; word->text != NULL; word++)
    if (!word->absent)
      upk_json_string(s->w, upk_str_from(word->text));
  upk_json_end_array(s->w);
}

static void nest(const sheet *s, write_type *inside, const schema_field *f) {
  upk_json_begin_object(s->w);
  inside(s, f);
  upk_json_end_object(s->w);
}

static void write_list(const sheet *s, write_type *item,
                       const schema_field *f) {
  upk_json_key(s->w, "items");
  nest(s, item, f);
  put(s, "type", "array");
}

static void write_text_list(const sheet *s, const schema_field *f) {
  write_list(s, write_text, f);
}

static void write_either(const sheet *s, write_type *one, write_type *other,
                         const schema_field *f) {
  upk_json_key(s->w, "anyOf");
  upk_json_begin_array(s->w);
  nest(s, one, f);
  nest(s, other, f);
  upk_json_end_array(s->w);
}

static void write_texts(const sheet *s, const schema_field *f) {
  if ((f->flags & SCHEMA_LIST) != 0)
    write_text_list(s, f);
  else
    write_either(s, write_text, write_text_list, f);
}

static void write_map(const sheet *s, const schema_field *f) {
  write_body(s, f->more);
}

static void write_short(const sheet *s, const schema_field *f) {
  const schema_object *object = f->more;
  write_text(s, &object->fields[0]);
}

static void write_object(const sheet *s, const schema_field *f) {
  if ((f->flags & SCHEMA_SHORT) != 0)
    write_either(s, write_short, write_map, f);
  else
    write_map(s, f);
}

static void write_object_list(const sheet *s, const schema_field *f) {
  write_list(s, write_object, f);
}

static void write_objects(const sheet *s, const schema_field *f) {
  if ((f->flags & SCHEMA_ONE) != 0)
    write_either(s, write_object, write_object_list, f);
  else
    write_object_list(s, f);
}

static void write_key_form(const sheet *s, const schema_form *form) {
  upk_json_key(s->w, "propertyNames");
  upk_json_begin_object(s->w);
  put(s, "pattern", form->regex);
  upk_json_end_object(s->w);
}

static void write_table(const sheet *s, const schema_field *f) {
  upk_json_key(s->w, "additionalProperties");
  nest(s, write_object, f);
  write_key_form(s, &form_name);
  put(s, "type", "object");
}

static void write_scalar(const sheet *s, const schema_field *f) {
  (void)f;
  put_text_types(s, NULL);
}

static void write_scalars(const sheet *s, const schema_field *f) {
  write_list(s, write_scalar, f);
}

static void write_scalar_or_list(const sheet *s, const schema_field *f) {
  write_either(s, write_scalar, write_scalars, f);
}

/* A map of the user's own keys to scalars. */
static void write_values(const sheet *s, const schema_field *f) {
  upk_json_key(s->w, "additionalProperties");
  nest(s, write_scalar, f);
  if (!s->written)
    write_key_form(s, &form_word);
  put(s, "type", "object");
}

static void write_fact(const sheet *s, const schema_field *f) {
  static const char *const types[] = {"array",  "boolean", "null",
                                      "number", "string",  NULL};
  upk_json_key(s->w, "items");
  nest(s, write_scalar, f);
  put_types(s, types);
}

static void write_facts(const sheet *s, const schema_field *f) {
  upk_json_key(s->w, "additionalProperties");
  nest(s, write_fact, f);
  put(s, "type", "object");
}

static void write_row(const sheet *s, const schema_field *f) {
  write_list(s, write_fact, f);
}

static void write_rows(const sheet *s, const schema_field *f) {
  write_list(s, write_row, f);
}

static void write_null_or_text(const sheet *s, const schema_field *f) {
  static const char *const types[] = {"null", "string", NULL};
  (void)f;
  put_types(s, types);
}

static void write_label_map(const sheet *s, const schema_field *f) {
  upk_json_key(s->w, "additionalProperties");
  nest(s, write_scalar_or_list, f);
  write_key_form(s, &form_word);
  put(s, "type", "object");
}

static void write_selector(const sheet *s, const schema_field *f) {
  write_either(s, write_label_map, write_scalar, f);
}

/* A list that is read item by item elsewhere, or anything. */
static void write_any(const sheet *s, const schema_field *f) {
  if (f->more != NULL)
    write_list(s, write_map, f);
}

static write_type *const writers[] = {
    [SCHEMA_BOOL] = write_simple,
    [SCHEMA_INT] = write_int,
    [SCHEMA_DURATION] = write_duration,
    [SCHEMA_TIME] = write_time,
    [SCHEMA_TEXT] = write_text,
    [SCHEMA_MARKED] = write_text,
    [SCHEMA_TEXTS] = write_texts,
    [SCHEMA_NAMES] = write_texts,
    [SCHEMA_WORD] = write_words,
    [SCHEMA_CHOICE] = write_words,
    [SCHEMA_EXPRESSION] = write_text,
    [SCHEMA_OBJECT] = write_object,
    [SCHEMA_OBJECTS] = write_objects,
    [SCHEMA_TABLE] = write_table,
    [SCHEMA_LABELS] = write_values,
    [SCHEMA_SELECTOR] = write_selector,
    [SCHEMA_VALUES] = write_values,
    [SCHEMA_MAP] = write_simple,
    [SCHEMA_NULL_OR_TEXT] = write_null_or_text,
    [SCHEMA_ROWS_OF_CELLS] = write_rows,
    [SCHEMA_ANY] = write_any,
    [SCHEMA_FACTS] = write_facts,
};

/* ---- one object ---- */

static void write_default(const sheet *s, const schema_field *f) {
  upk_str text = upk_str_from(f->otherwise);
  int64_t number = 0;
  upk_json_key(s->w, "default");
  if (f->type == SCHEMA_BOOL) {
    upk_json_bool(s->w, upk_str_is(text, "true"));
  } else if (f->type == SCHEMA_INT) {
    for (size_t i = 0; i < text.len; i++)
      number = number * 10 + (text.data[i] - '0');
    upk_json_int(s->w, number);
  } else {
    upk_json_string(s->w, text);
  }
}

static void write_field(const sheet *s, const schema_field *f) {
  upk_json_key(s->w, f->key);
  upk_json_begin_object(s->w);
  upk_json_key(s->w, "allOf");
  upk_json_begin_array(s->w);
  nest(s, writers[f->type], f);
  upk_json_end_array(s->w);
  if (f->otherwise != NULL)
    write_default(s, f);
  put(s, "description", f->doc);
  upk_json_end_object(s->w);
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

static void write_body(const sheet *s, const schema_object *object) {
  const schema_field *order[SCHEMA_FIELDS] = {NULL};
  size_t count = sort_fields(object, order);
  upk_json_put_bool(s->w, "additionalProperties", object->open);
  put(s, "description", object->doc);
  if (object->one_of) {
    upk_json_key(s->w, "oneOf");
    upk_json_raw(s->w, upk_str_from(object->one_of));
  }
  upk_json_key(s->w, "properties");
  upk_json_begin_object(s->w);
  for (size_t i = 0; i < count; i++)
    write_field(s, order[i]);
  upk_json_end_object(s->w);
  upk_json_key(s->w, "required");
  upk_json_begin_array(s->w);
  for (size_t i = 0; i < count; i++)
    if ((order[i]->flags & SCHEMA_REQUIRED) != 0)
      upk_json_string(s->w, upk_str_from(order[i]->key));
  upk_json_end_array(s->w);
  put(s, "type", "object");
}

bool schema_write_json(upk_str word, upk_sink sink) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!upk_str_is(word, words[i].word))
      continue;
    upk_json_writer *w = upk_json_writer_new(sink);
    const sheet sheet = {w, words[i].written}, *s = &sheet;
    upk_json_begin_object(w);
    put(s, "$schema", "https://json-schema.org/draft/2020-12/schema");
    upk_json_key(s->w, "allOf");
    upk_json_begin_array(s->w);
    upk_json_begin_object(s->w);
    write_body(s, words[i].object);
    upk_json_end_object(s->w);
    upk_json_end_array(s->w);
    put(s, "title", words[i].object->name);
    upk_json_end_object(s->w);
    upk_json_newline(s->w);
    return upk_json_writer_close(w);
  }
  return false;
}
