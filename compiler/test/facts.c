/* The facts of a case: those of a file, with the objects of the case put over
 * them, or these objects alone. What is not given is unknown, and says so. */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "test/test.h"

static const char not_given[] = "not given in the test";

/* A column that can be written. */
typedef struct filling {
  upk_str name, reason;
  upk_type type;
  int64_t *integers;
  upk_str *texts;
  upk_list *lists;
  uint8_t *null;
} filling;

typedef struct table {
  ir *ir;
  const ir_kind *kind;
  size_t rows, base_rows, cap;
  bool *set_by_test; /* a row */
  UPK_VEC(filling) columns;
} table;

/* ---- columns ---- */

static filling *column_find(table *t, upk_str name) {
  for (size_t i = 0; i < t->columns.len; i++)
    if (upk_str_equal(t->columns.items[i].name, name))
      return &t->columns.items[i];
  return NULL;
}

static filling *column_add(table *t, upk_str name, upk_type type) {
  upk_arena *arena = t->ir->arena;
  filling *f = UPK_PUSH(arena, &t->columns);
  *f = (filling){.name = name, .type = type};
  f->null = UPK_NEW_ARRAY(arena, uint8_t, t->cap);
  memset(f->null, 1, t->cap);
  if (type == UPK_TYPE_TEXT)
    f->texts = UPK_NEW_ARRAY(arena, upk_str, t->cap);
  else if (type == UPK_TYPE_LIST)
    f->lists = UPK_NEW_ARRAY(arena, upk_list, t->cap);
  else
    f->integers = UPK_NEW_ARRAY(arena, int64_t, t->cap);
  return f;
}

static void copy_column(table *t, const upk_facts_column *from) {
  const upk_column *values = &from->values;
  filling *f = column_add(t, from->name, values->type);
  f->reason = from->reason;
  for (size_t row = 0; row < t->base_rows; row++) {
    size_t at = values->constant ? 0 : row;
    f->null[row] = values->null && values->null[at];
    if (f->null[row])
      continue;
    if (f->texts)
      f->texts[row] = values->texts[at];
    else if (f->lists)
      f->lists[row] = values->lists[at];
    else
      f->integers[row] = values->integers[at];
  }
}

static filling *reason_column(table *t, upk_str name, bool make) {
  upk_str full = upk_arena_printf(t->ir->arena, "%.*s.reason", UPK_FMT(name));
  filling *f = column_find(t, full);
  return f || !make ? f : column_add(t, full, UPK_TYPE_TEXT);
}

/* A reason of the whole column, as that of each row. */
static void spread_reason(table *t, upk_str name, upk_str reason) {
  filling *why = reason_column(t, name, true);
  for (size_t row = 0; row < t->rows; row++) {
    why->null[row] = 0;
    why->texts[row] = reason;
  }
}

static void put_value(table *t, size_t row, upk_str name, upk_type type,
                      const test_value *value) {
  filling *f = column_find(t, name);
  if (!f)
    f = column_add(t, name, type);
  f->null[row] = !value->known;
  if (f->texts)
    f->texts[row] = value->text;
  else if (f->lists)
    f->lists[row] = value->list;
  else
    f->integers[row] = value->integer;
  upk_str of_all = f->reason;
  f->reason = UPK_NO_STR;
  if (of_all.data)
    spread_reason(t, name, of_all);
  filling *why = reason_column(t, name, !value->known);
  if (!why)
    return;
  why->null[row] = value->known;
  why->texts[row] = UPK_STR("unknown in the test");
}

/* ---- names of objects ---- */

static const ir_attribute *attribute_of(const ir_kind *kind, upk_str name) {
  upk_str rest;
  upk_str base = upk_str_split(name, '(', &rest);
  for (size_t i = 0; i < kind->attributes.len; i++) {
    const ir_attribute *a = &kind->attributes.items[i];
    if (upk_str_equal(a->name, base) && a->parametric == (rest.data != NULL))
      return a;
  }
  return NULL;
}

static upk_str key_words(table *t) {
  upk_buf words = {0};
  for (size_t i = 0; i < t->kind->keys.len; i++)
    upk_buf_printf(&words, "%s%.*s", i ? "." : "",
                   UPK_FMT(t->kind->keys.items[i]));
  upk_str copy = upk_arena_copy(t->ir->arena, upk_buf_view(&words));
  upk_buf_free(&words);
  return copy;
}

static bool refuse_name(table *t, const test_object *o) {
  upk_diags *diags = t->ir->diags;
  if (!t->kind->keys.len) {
    upk_diag *diag = upk_diag_add(diags, 4105, o->name.span,
                                  "kind `%.*s` has one object, without a name",
                                  UPK_FMT(t->kind->name));
    upk_diag_help(diags, diag, "leave `name` out");
    return false;
  }
  upk_diag *diag =
      o->name.text.data
          ? upk_diag_add(diags, 4105, o->name.span,
                         "`%.*s` does not name an object of kind `%.*s`",
                         UPK_FMT(node_clip(o->name.text)),
                         UPK_FMT(t->kind->name))
          : upk_diag_add(diags, 4105, o->span,
                         "this object of kind `%.*s` has no name",
                         UPK_FMT(t->kind->name));
  upk_diag_help(diags, diag,
                "write it as %.*s, with \"quotes\" around a part that has a "
                "dot",
                UPK_FMT(key_words(t)));
  return false;
}

static bool refuse_second(table *t, const test_object *o) {
  upk_diag *diag = upk_diag_add(
      t->ir->diags, 4105, o->name.text.data ? o->name.span : o->span,
      "kind `%.*s` has one object only", UPK_FMT(t->kind->name));
  upk_diag_help(t->ir->diags, diag, "leave `name` out, and give it once");
  return false;
}

static bool read_key(table *t, const test_object *o, size_t number,
                     upk_str part, test_value *ret_value) {
  const ir_attribute *key = attribute_of(t->kind, t->kind->keys.items[number]);
  node text = {.type = NODE_TEXT, .text = part, .span = o->name.span};
  *ret_value = (test_value){.known = true, .text = part};
  return !key || key->type == UPK_TYPE_TEXT ||
         test_value_read(t->ir, key, key->name, &text, ret_value);
}

static bool key_is(table *t, size_t row, size_t number,
                   const test_value *value) {
  const filling *f = column_find(t, t->kind->keys.items[number]);
  if (!f || f->null[row])
    return false;
  return f->texts ? upk_str_equal(f->texts[row], value->text)
                  : f->integers && f->integers[row] == value->integer;
}

static size_t row_of(table *t, const test_value *keys) {
  for (size_t row = 0; row < t->rows; row++) {
    size_t same = 0;
    while (same < t->kind->keys.len && key_is(t, row, same, &keys[same]))
      same++;
    if (same == t->kind->keys.len)
      return row;
  }
  return t->rows;
}

static void new_row(table *t, const test_value *keys) {
  for (size_t i = 0; i < t->kind->keys.len; i++) {
    const ir_attribute *key = attribute_of(t->kind, t->kind->keys.items[i]);
    put_value(t, t->rows, t->kind->keys.items[i],
              key ? key->type : UPK_TYPE_TEXT, &keys[i]);
  }
  t->rows++;
}

/* The keys of the only object: the facts' own, or the kind's name. */
static void only_keys(table *t, test_value *keys) {
  for (size_t i = 0; i < t->kind->keys.len; i++) {
    const filling *f = column_find(t, t->kind->keys.items[i]);
    bool there = f && t->rows && !f->null[0];
    keys[i] =
        (test_value){.known = true,
                     .text = there && f->texts ? f->texts[0] : t->kind->name,
                     .integer = there && f->integers ? f->integers[0] : 0};
  }
}

static bool read_keys(table *t, const test_object *o, test_value *keys) {
  ir_names parts = {0};
  size_t count = t->kind->keys.len;
  bool named = o->name.text.data != NULL;
  if (t->kind->single && !named) {
    only_keys(t, keys);
    return true;
  }
  if (named != (count > 0) ||
      (named &&
       (!test_name_split(t->ir->arena, o->name.text, count == 1, &parts) ||
        parts.len != count)))
    return refuse_name(t, o);
  for (size_t i = 0; i < count; i++)
    if (!read_key(t, o, i, parts.items[i], &keys[i]))
      return false;
  return true;
}

/* The object's row, made when the facts have none. */
static bool find_row(table *t, const test_object *o, size_t *ret_row) {
  test_value *keys =
      UPK_NEW_ARRAY(t->ir->arena, test_value, t->kind->keys.len + 1);
  if (!read_keys(t, o, keys))
    return false;
  *ret_row = row_of(t, keys);
  if (*ret_row == t->rows && t->kind->single && t->rows)
    return refuse_second(t, o);
  if (*ret_row == t->rows)
    new_row(t, keys);
  if (!t->set_by_test[*ret_row]) {
    t->set_by_test[*ret_row] = true;
    return true;
  }
  bool named = o->name.text.data != NULL;
  upk_diag_add(t->ir->diags, 4106, named ? o->name.span : o->span,
               "%s `%.*s` is given twice", named ? "object" : "kind",
               UPK_FMT(named ? o->name.text : t->kind->name));
  return false;
}

/* ---- objects ---- */

static void unknown_attribute(table *t, const node_member *member) {
  ir *ir = t->ir;
  ir_names names = {0};
  for (size_t i = 0; i < t->kind->attributes.len; i++)
    *UPK_PUSH(ir->arena, &names) = t->kind->attributes.items[i].name;
  upk_diag *diag = upk_diag_add(
      ir->diags, 4103, member->key_span, "kind `%.*s` has no attribute `%.*s`",
      UPK_FMT(t->kind->name), UPK_FMT(node_clip(member->key)));
  if (!upk_diag_suggest(ir->diags, diag, member->key, names.items, names.len))
    upk_diag_help(ir->diags, diag, "`upkeep explain %.*s` lists them",
                  UPK_FMT(t->kind->name));
}

static bool is_key(const ir_kind *kind, upk_str name) {
  for (size_t i = 0; i < kind->keys.len; i++)
    if (upk_str_equal(kind->keys.items[i], name))
      return true;
  return false;
}

static bool put_attribute(table *t, size_t row, const node_member *member) {
  const ir_attribute *attribute = attribute_of(t->kind, member->key);
  test_value value;
  if (!attribute) {
    unknown_attribute(t, member);
    return false;
  }
  if (is_key(t->kind, member->key)) {
    upk_diag *diag =
        upk_diag_add(t->ir->diags, 4105, member->key_span,
                     "`%.*s` is part of the name", UPK_FMT(member->key));
    upk_diag_help(t->ir->diags, diag, "write it into `name`: %.*s",
                  UPK_FMT(key_words(t)));
    return false;
  }
  if (!test_value_read(t->ir, attribute, member->key, member->value, &value))
    return false;
  put_value(t, row, member->key, attribute->type, &value);
  return true;
}

/* What a new object does not say. */
static void put_not_given(table *t, size_t row) {
  for (size_t i = 0; i < t->kind->attributes.len; i++) {
    const ir_attribute *a = &t->kind->attributes.items[i];
    if (a->parametric || is_key(t->kind, a->name))
      continue;
    const filling *f = column_find(t, a->name);
    if (f && !f->null[row])
      continue;
    if (!f)
      column_add(t, a->name, a->type);
    filling *why = reason_column(t, a->name, true);
    if (why->null[row])
      why->texts[row] = upk_str_from(not_given);
    why->null[row] = 0;
  }
}

static bool put_object(table *t, const test_object *o) {
  size_t row, before = t->rows;
  if (!find_row(t, o, &row))
    return false;
  bool good = true;
  for (size_t i = 0; o->attributes && i < o->attributes->map.count; i++)
    good &= put_attribute(t, row, &o->attributes->map.members[i]);
  if (row == before)
    put_not_given(t, row);
  return good;
}

/* ---- rows in order of their keys ---- */

typedef struct sorted_row {
  table *t;
  size_t row;
} sorted_row;

static int by_keys(const void *a, const void *b) {
  const sorted_row *left = a, *right = b;
  table *t = left->t;
  for (size_t i = 0; i < t->kind->keys.len; i++) {
    const filling *f = column_find(t, t->kind->keys.items[i]);
    int order = 0;
    if (f && f->texts)
      order = upk_str_compare(f->texts[left->row], f->texts[right->row]);
    else if (f && f->integers)
      order = (f->integers[left->row] > f->integers[right->row]) -
              (f->integers[left->row] < f->integers[right->row]);
    if (order)
      return order;
  }
  return left->row < right->row ? -1 : 1;
}

static upk_column column_sorted(table *t, const filling *f,
                                const sorted_row *order) {
  upk_arena *arena = t->ir->arena;
  filling to = *f;
  to.null = UPK_NEW_ARRAY(arena, uint8_t, t->rows + 1);
  if (f->texts)
    to.texts = UPK_NEW_ARRAY(arena, upk_str, t->rows + 1);
  else if (f->lists)
    to.lists = UPK_NEW_ARRAY(arena, upk_list, t->rows + 1);
  else
    to.integers = UPK_NEW_ARRAY(arena, int64_t, t->rows + 1);
  for (size_t i = 0; i < t->rows; i++) {
    to.null[i] = f->null[order[i].row];
    if (f->texts)
      to.texts[i] = f->texts[order[i].row];
    else if (f->lists)
      to.lists[i] = f->lists[order[i].row];
    else
      to.integers[i] = f->integers[order[i].row];
  }
  return (upk_column){.type = f->type,
                      .integers = to.integers,
                      .texts = to.texts,
                      .lists = to.lists,
                      .null = to.null};
}

static upk_facts_kind kind_of(table *t) {
  upk_facts_kind kind = {.name = t->kind->name, .rows = t->rows};
  sorted_row *order = UPK_NEW_ARRAY(t->ir->arena, sorted_row, t->rows + 1);
  for (size_t i = 0; i < t->rows; i++)
    order[i] = (sorted_row){t, i};
  if (t->rows > 1)
    qsort(order, t->rows, sizeof *order, by_keys);
  for (size_t i = 0; i < t->columns.len; i++) {
    const filling *f = &t->columns.items[i];
    *UPK_PUSH(t->ir->arena, &kind.columns) =
        (upk_facts_column){f->name, f->reason, column_sorted(t, f, order)};
  }
  return kind;
}

/* ---- kinds ---- */

static const ir_kind *kind_find(ir *ir, const test_object *o) {
  const ir_kind *kind = ir_kind_find(ir->engine, o->kind.text);
  if (kind || !o->kind.text.data)
    return kind;
  ir_names names = {0};
  for (size_t i = 0; i < ir->engine->kinds.len; i++)
    *UPK_PUSH(ir->arena, &names) = ir->engine->kinds.items[i]->name;
  upk_diag *diag = upk_diag_add(
      ir->diags, 4102, o->kind.text_span, "%.*s has no kind `%.*s`",
      UPK_FMT(ir->engine->name), UPK_FMT(node_clip(o->kind.text)));
  if (!upk_diag_suggest(ir->diags, diag, o->kind.text, names.items, names.len))
    upk_diag_help(ir->diags, diag, "`upkeep explain` lists them");
  return NULL;
}

static void table_begin(table *t, ir *ir, const ir_kind *kind,
                        const upk_facts_kind *base) {
  *t = (table){.ir = ir, .kind = kind};
  t->base_rows = t->rows = base ? base->rows : 0;
  t->cap = t->rows + ir->test->objects.len + 1;
  t->set_by_test = UPK_NEW_ARRAY(ir->arena, bool, t->cap);
  for (size_t i = 0; base && i < base->columns.len; i++)
    copy_column(t, &base->columns.items[i]);
}

static void kind_put(ir *ir, upk_facts *facts, const upk_facts_kind *kind) {
  size_t at = 0;
  while (at < facts->kinds.len &&
         upk_str_compare(facts->kinds.items[at].name, kind->name) < 0)
    at++;
  if (at == facts->kinds.len ||
      !upk_str_equal(facts->kinds.items[at].name, kind->name)) {
    (void)UPK_PUSH(ir->arena, &facts->kinds);
    memmove(&facts->kinds.items[at + 1], &facts->kinds.items[at],
            (facts->kinds.len - 1 - at) * sizeof *facts->kinds.items);
  }
  facts->kinds.items[at] = *kind;
}

static bool first_of_kind(const test_case *test, size_t index) {
  for (size_t i = 0; i < index; i++)
    if (upk_str_equal(test->objects.items[i].kind.text,
                      test->objects.items[index].kind.text))
      return false;
  return true;
}

static bool put_objects(ir *ir, upk_facts *facts) {
  const test_case *test = ir->test;
  bool good = true;
  for (size_t i = 0; i < test->objects.len; i++) {
    const ir_kind *kind = kind_find(ir, &test->objects.items[i]);
    table t;
    good = good && kind;
    if (!kind || !first_of_kind(test, i))
      continue;
    table_begin(&t, ir, kind, upk_facts_kind_find(facts, kind->name));
    for (size_t n = i; n < test->objects.len; n++)
      if (upk_str_equal(test->objects.items[n].kind.text, kind->name))
        good &= put_object(&t, &test->objects.items[n]);
    upk_facts_kind made = kind_of(&t);
    kind_put(ir, facts, &made);
  }
  return good;
}

/* What there is one of is there, whether the test speaks of it or not. */
static void add_single_kinds(ir *ir, upk_facts *facts) {
  for (size_t i = 0; i < ir->engine->kinds.len; i++) {
    const ir_kind *kind = ir->engine->kinds.items[i];
    test_value keys[8];
    table t;
    if (!kind->single || kind->keys.len > sizeof keys / sizeof *keys ||
        upk_facts_kind_find(facts, kind->name))
      continue;
    table_begin(&t, ir, kind, NULL);
    only_keys(&t, keys);
    new_row(&t, keys);
    put_not_given(&t, 0);
    upk_facts_kind made = kind_of(&t);
    kind_put(ir, facts, &made);
  }
}

/* ---- what stands above the kinds ---- */

/* The newest that the standard library tells from others. */
static upk_str newest_version(const ir *ir) {
  int64_t newest = 1;
  for (size_t i = 0; i < ir->engine->collectors.len; i++) {
    const ir_collector *c = ir->engine->collectors.items[i];
    for (size_t n = 0; n < c->variants.len; n++)
      if (c->variants.items[n].min_version > newest)
        newest = c->variants.items[n].min_version;
  }
  for (size_t i = 0; i < ir->engine->actions.len; i++)
    if (ir->engine->actions.items[i]->min_version > newest)
      newest = ir->engine->actions.items[i]->min_version;
  upk_buf text = {0};
  upk_version_format(newest, &text);
  upk_str copy = upk_arena_copy(ir->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static bool is_listed(const ir_texts *texts, upk_str name) {
  for (size_t i = 0; i < texts->len; i++)
    if (upk_str_equal(texts->items[i].text, name))
      return true;
  return false;
}

static int by_bytes(const void *a, const void *b) {
  return upk_str_compare(*(const upk_str *)a, *(const upk_str *)b);
}

static ir_names capability_names(const ir *ir) {
  ir_names names = {0};
  for (size_t i = 0; i < ir->engine->capability_count; i++)
    *UPK_PUSH(ir->arena, &names) = ir->engine->capabilities[i].name;
  if (names.len > 1)
    qsort(names.items, names.len, sizeof *names.items, by_bytes);
  return names;
}

/* All that the engine knows, unless the test names some. */
static const upk_json *capabilities_of(const ir *ir) {
  ir_names names = capability_names(ir);
  const ir_texts *given = &ir->test->capabilities;
  bool all = !node_find(ir->test->raw, "capabilities") && !given->len;
  upk_buf text = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&text));
  upk_json_begin_object(w);
  for (size_t i = 0; i < names.len; i++) {
    upk_json_key_str(w, names.items[i]);
    upk_json_bool(w, all || is_listed(given, names.items[i]));
  }
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
  upk_json_error error;
  upk_str bytes = upk_arena_copy(ir->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return upk_json_parse(ir->arena, bytes, &error);
}

static bool capabilities_known(ir *ir) {
  ir_names names = capability_names(ir);
  bool good = true;
  for (size_t i = 0; i < ir->test->capabilities.len; i++) {
    const ir_text *given = &ir->test->capabilities.items[i];
    size_t n = 0;
    while (n < names.len && !upk_str_equal(names.items[n], given->text))
      n++;
    if (n < names.len)
      continue;
    good = false;
    upk_diag *diag = upk_diag_add(
        ir->diags, 4107, given->text_span, "%.*s has no capability `%.*s`",
        UPK_FMT(ir->engine->name), UPK_FMT(node_clip(given->text)));
    upk_diag_suggest(ir->diags, diag, given->text, names.items, names.len);
  }
  return good;
}

static void facts_begin(ir *ir, upk_facts *facts) {
  upk_json_error error;
  facts->engine = ir->engine->name;
  facts->version = newest_version(ir);
  facts->role = ir->target->role.len ? ir->target->role : UPK_STR("primary");
  facts->taken_at = ir->test->at_us ? ir->test->at_us : TEST_MOMENT_US;
  facts->identity =
      upk_json_parse(ir->arena, UPK_STR("{\"database\":\"test\"}\n"), &error);
  facts->collectors = upk_json_parse(ir->arena, UPK_STR("{}\n"), &error);
  facts->capabilities = capabilities_of(ir);
}

bool test_facts_make(ir *ir, upk_str base, upk_buf *ret_facts) {
  const test_case *test = ir->test;
  upk_facts facts = {0};
  bool good = capabilities_known(ir);
  if (base.data) {
    if (upk_facts_read(ir->arena, base, test->facts.text, ir->diags, &facts) !=
        UPK_OK)
      return false;
    if (test->capabilities.len)
      facts.capabilities = capabilities_of(ir);
  } else {
    facts_begin(ir, &facts);
  }
  if (test->version.data)
    facts.version = test->version;
  if (test->role.data)
    facts.role = test->role;
  good &= put_objects(ir, &facts);
  if (!base.data)
    add_single_kinds(ir, &facts);
  return good && upk_facts_write(&facts, upk_sink_buf(ret_facts));
}
