#include <stdlib.h>
#include <string.h>

#include "front/scalar.h"
#include "front/schema_forms.h"
#include "front/schema_reader.h"

static const char *const type_texts[] = {
#define X(name, text) [SCHEMA_##name] = text,
    SCHEMA_TYPE_TABLE(X)
#undef X
};

static upk_str key_of(const schema_field *f) { return upk_str_from(f->key); }

void schema_refuse_type(reader *r, const schema_field *f, const node *value) {
  r->wrong = true;
  scalar_refuse(r->diags, value, key_of(f), type_texts[f->type]);
}

/* Any UPK_VEC: they all begin so. Gives a pointer to the new, zeroed item. */
void *schema_push(reader *r, void *vec, size_t item_size) {
  struct {
    void *items;
    size_t len, cap;
  } v;
  memcpy(&v, vec, sizeof v);
  v.items = upk_vec_grow(r->arena, v.items, v.len, &v.cap, item_size);
  void *item = (char *)v.items + v.len++ * item_size;
  memcpy(vec, &v, sizeof v);
  return item;
}

/* ---- scalars ---- */

static void read_bool(reader *r, const schema_field *f, const node *value,
                      void *out) {
  r->wrong |= !scalar_bool(r->diags, value, key_of(f), out);
}

static void read_int(reader *r, const schema_field *f, const node *value,
                     void *out) {
  int64_t max = f->max == 0 ? INT64_MAX : f->max;
  r->wrong |= !scalar_int(r->diags, value, key_of(f), f->min, max, out);
}

static void read_duration(reader *r, const schema_field *f, const node *value,
                          void *out) {
  int64_t max = f->max == 0 ? INT64_MAX : f->max;
  r->wrong |= !scalar_duration(r->diags, value, key_of(f), f->min, max, out);
}

static void read_time(reader *r, const schema_field *f, const node *value,
                      void *out) {
  r->wrong |= !scalar_timestamp(r->diags, value, key_of(f), out);
}

/* A text of the field's form, trimmed; absent after a diagnostic. */
static upk_str text_of(reader *r, const schema_field *f, const node *value) {
  upk_str text;
  const schema_form *form = f->type == SCHEMA_WORD ? NULL : f->more;
  if (!scalar_text(r->diags, value, key_of(f), &text)) {
    r->wrong = true;
    return UPK_NO_STR;
  }
  text = upk_str_trim(text);
  if (form != NULL && !form->fits(text)) {
    r->wrong = true;
    upk_diag_add(r->diags, form == &form_path ? 1042 : 1026, value->text_span,
                 "`%.*s` of `%s` is not %s", UPK_FMT(node_clip(text)), f->key,
                 form->what);
    return UPK_NO_STR;
  }
  return text;
}

static void read_text(reader *r, const schema_field *f, const node *value,
                      void *out) {
  upk_str text = text_of(r, f, value);
  memcpy(out, &text, sizeof text);
}

static ir_text marked(const node *value, upk_str text) {
  return (ir_text){text, value->span, value->text_span};
}

static void read_marked(reader *r, const schema_field *f, const node *value,
                        void *out) {
  ir_text text = marked(value, text_of(r, f, value));
  memcpy(out, &text, sizeof text);
}

static void add_text(reader *r, const schema_field *f, const node *value,
                     void *out) {
  upk_str text = text_of(r, f, value);
  if (text.data == NULL)
    return;
  if (f->type == SCHEMA_NAMES)
    *(upk_str *)schema_push(r, out, sizeof(upk_str)) = text;
  else
    *(ir_text *)schema_push(r, out, sizeof(ir_text)) = marked(value, text);
}

bool schema_is_empty(const node *value) {
  return (value->type == NODE_LIST && value->list.count == 0) ||
         (value->type == NODE_MAP && value->map.count == 0);
}

static void read_texts(reader *r, const schema_field *f, const node *value,
                       void *out) {
  if (schema_is_empty(value)) /* {} of Lua may be either */
    return;
  if (value->type != NODE_LIST) {
    if (value->type == NODE_MAP)
      schema_refuse_type(r, f, value);
    else
      add_text(r, f, value, out);
    return;
  }
  for (size_t i = 0; i < value->list.count; i++)
    add_text(r, f, value->list.items[i], out);
}

/* ---- words ---- */

static void refuse_word(reader *r, const schema_field *f, const node *value,
                        upk_str text) {
  const schema_word *words = f->more;
  upk_str names[16];
  size_t count = 0;
  upk_buf list = {0};
  for (; count < 16 && words[count].text != NULL; count++) {
    names[count] = upk_str_from(words[count].text);
    upk_buf_printf(&list, "%s%s", count == 0 ? "" : ", ", words[count].text);
  }
  r->wrong = true;
  upk_diag *diag =
      upk_diag_add(r->diags, 1024, value->text_span, "`%s` cannot be `%.*s`",
                   f->key, UPK_FMT(node_clip(text)));
  if (!upk_diag_suggest(r->diags, diag, text, names, count))
    upk_diag_help(r->diags, diag, "write one of: %s", list.data);
  upk_buf_free(&list);
}

static void read_word(reader *r, const schema_field *f, const node *value,
                      void *out) {
  upk_str text;
  if (!scalar_text(r->diags, value, key_of(f), &text)) {
    r->wrong = true;
    return;
  }
  const schema_word *word = f->more;
  while (word->text != NULL && !upk_str_is(text, word->text))
    word++;
  if (word->text == NULL) {
    refuse_word(r, f, value, text);
  } else if (word->absent) {
    r->wrong = true;
    upk_diag_add(r->diags, 1029, value->text_span,
                 "%s `%s` is not in this build", f->key, word->text);
  } else if (f->type == SCHEMA_CHOICE) {
    memcpy(out, &word->value, sizeof word->value);
  } else {
    memcpy(out, &text, sizeof text);
  }
}

static void read_expression(reader *r, const schema_field *f, const node *value,
                            void *out) {
  ir_expression *expression = out;
  if (value->type == NODE_FUNCTION && (f->flags & SCHEMA_FUNCTION) != 0) {
    expression->function = UPK_NEW(r->arena, node);
    *expression->function = *value;
    expression->source = marked(value, UPK_NO_STR);
    return;
  }
  bool text = value->type == NODE_TEXT || value->type == NODE_PLAIN;
  if (!text || node_is_null(value)) {
    schema_refuse_type(r, f, value);
    return;
  }
  upk_str trimmed = upk_str_trim(value->text);
  if (trimmed.len == 0) {
    r->wrong = true;
    upk_diag_add(r->diags, 1026, value->span, "`%s` is empty", f->key);
    return;
  }
  expression->source = marked(value, trimmed);
}

/* ---- maps of the user's own names ---- */

bool schema_check_name(reader *r, const node_member *member, const char *what,
                       const schema_form *form) {
  if (form->fits(member->key))
    return true;
  r->wrong = true;
  upk_diag_add(r->diags, 1026, member->key_span, "%s `%.*s` is not %s", what,
               UPK_FMT(node_clip(member->key)), form->what);
  return false;
}

static int compare_labels(const void *a, const void *b) {
  return upk_str_compare(((const ir_label *)a)->key,
                         ((const ir_label *)b)->key);
}

static void read_labels(reader *r, const schema_field *f, const node *value,
                        void *out) {
  UPK_VEC(ir_label) labels = {0};
  if (schema_is_empty(value))
    return;
  if (value->type != NODE_MAP) {
    schema_refuse_type(r, f, value);
    return;
  }
  for (size_t i = 0; i < value->map.count; i++) {
    const node_member *member = &value->map.members[i];
    upk_str text;
    bool named = schema_check_name(r, member, "label", &form_word);
    if (!scalar_text(r->diags, member->value, member->key, &text))
      r->wrong = true;
    else if (named)
      *UPK_PUSH(r->arena, &labels) = (ir_label){member->key, text};
  }
  if (labels.len > 1)
    qsort(labels.items, labels.len, sizeof(ir_label), compare_labels);
  memcpy(out, &labels, sizeof labels);
}

static void store_node(const node *value, void *out) {
  memcpy(out, &value, sizeof value);
}

static void read_selector(reader *r, const schema_field *f, const node *value,
                          void *out) {
  ir_texts texts = {0};
  ir_expression expression = {0};
  if (value->type != NODE_MAP && value->type != NODE_LIST) {
    read_expression(r, f, value, &expression);
  } else if (value->type == NODE_LIST && value->list.count > 0) {
    schema_refuse_type(r, f, value);
  } else if (value->type == NODE_MAP) {
    for (size_t i = 0; i < value->map.count; i++) {
      const node_member *member = &value->map.members[i];
      schema_field label = {.type = SCHEMA_TEXTS};
      upk_str key = upk_arena_copy(r->arena, member->key);
      label.key = key.data;
      schema_check_name(r, member, "label", &form_word);
      read_texts(r, &label, member->value, &texts);
    }
  }
  store_node(value, out);
}

static void read_values(reader *r, const schema_field *f, const node *value,
                        void *out) {
  if (value->type != NODE_MAP) {
    if (!schema_is_empty(value))
      schema_refuse_type(r, f, value);
    return;
  }
  for (size_t i = 0; i < value->map.count; i++) {
    const node_member *member = &value->map.members[i];
    node_type type = member->value->type;
    schema_check_name(r, member, "variable", &form_word);
    if (type != NODE_BOOL && type != NODE_INT &&
        ((type != NODE_TEXT && type != NODE_PLAIN) ||
         node_is_null(member->value))) {
      r->wrong = true;
      scalar_refuse(r->diags, member->value, member->key,
                    "a text, a number, true or false");
    }
  }
  store_node(value, out);
}

static void read_map(reader *r, const schema_field *f, const node *value,
                     void *out) {
  if (value->type == NODE_MAP && value->map.count > 0)
    store_node(value, out);
  else if (!schema_is_empty(value))
    schema_refuse_type(r, f, value);
}

/* Attributes of an object, with their values: a null is unknown. */
static void read_facts(reader *r, const schema_field *f, const node *value,
                       void *out) {
  read_map(r, f, value, out);
  for (size_t i = 0; value->type == NODE_MAP && i < value->map.count; i++) {
    const node_member *member = &value->map.members[i];
    if (member->value->type != NODE_MAP)
      continue;
    r->wrong = true;
    scalar_refuse(r->diags, member->value, member->key,
                  "a value as policies write it, or null");
  }
}

static void read_any(reader *r, const schema_field *f, const node *value,
                     void *out) {
  if (node_is_null(value))
    schema_refuse_type(r, f, value);
  store_node(value, out);
}

static read_value *const readers[] = {
    [SCHEMA_BOOL] = read_bool,
    [SCHEMA_INT] = read_int,
    [SCHEMA_DURATION] = read_duration,
    [SCHEMA_TIME] = read_time,
    [SCHEMA_TEXT] = read_text,
    [SCHEMA_MARKED] = read_marked,
    [SCHEMA_TEXTS] = read_texts,
    [SCHEMA_NAMES] = read_texts,
    [SCHEMA_WORD] = read_word,
    [SCHEMA_CHOICE] = read_word,
    [SCHEMA_EXPRESSION] = read_expression,
    [SCHEMA_LABELS] = read_labels,
    [SCHEMA_SELECTOR] = read_selector,
    [SCHEMA_VALUES] = read_values,
    [SCHEMA_MAP] = read_map,
    [SCHEMA_FACTS] = read_facts,
    [SCHEMA_ANY] = read_any,
};

read_value *schema_value_reader(schema_type type) { return readers[type]; }
