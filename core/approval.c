#include "approval.h"

static const struct fact {
  const char *name;
  upk_type type;
  const char *doc;
} facts[] = {
#define X(name, type, doc) {#name, UPK_TYPE_##type, doc},
    UPK_APPROVAL_FACT_TABLE(X)
#undef X
};

const char *upk_approval_fact_name(upk_approval_fact fact) {
  return facts[fact].name;
}

const char *upk_approval_fact_doc(upk_approval_fact fact) {
  return facts[fact].doc;
}

/* ---- names ---- */

typedef struct names {
  upk_arena *arena;
  upk_approval_when *when;
} names;

/* Slots of labels stand behind those of the facts. */
static uint32_t label_slot(names *n, upk_str key) {
  size_t i = 0;
  while (i < n->when->labels.len &&
         !upk_str_equal(n->when->labels.items[i], key))
    i++;
  if (i == n->when->labels.len)
    *UPK_PUSH(n->arena, &n->when->labels) = upk_arena_copy(n->arena, key);
  return (uint32_t)(UPK_APPROVAL_FACTS + i);
}

static bool find(void *ctx, const upk_name *name, upk_type *ret_type,
                 uint32_t *ret_slot) {
  names *n = ctx;
  if (name->argument_count)
    return false;
  if (name->qualifier.data) {
    if (!upk_str_is(name->qualifier, "labels"))
      return false;
    *ret_type = UPK_TYPE_TEXT;
    *ret_slot = label_slot(n, name->name);
    return true;
  }
  for (uint32_t i = 0; i < UPK_APPROVAL_FACTS; i++)
    if (upk_str_is(name->name, facts[i].name)) {
      *ret_type = facts[i].type;
      *ret_slot = i;
      return true;
    }
  return false;
}

static size_t candidates(void *ctx, upk_arena *arena, upk_str **ret_names) {
  (void)ctx;
  *ret_names = UPK_NEW_ARRAY(arena, upk_str, UPK_APPROVAL_FACTS + 1);
  for (size_t i = 0; i < UPK_APPROVAL_FACTS; i++)
    (*ret_names)[i] = upk_str_from(facts[i].name);
  (*ret_names)[UPK_APPROVAL_FACTS] = UPK_STR("labels");
  return UPK_APPROVAL_FACTS + 1;
}

bool upk_approval_compile(upk_arena *arena, upk_str text, upk_span origin,
                          upk_diags *diags, upk_approval_when *ret_when) {
  names n = {arena, ret_when};
  upk_scope scope = {find, candidates, &n};
  *ret_when = (upk_approval_when){0};
  if (!text.data)
    return true;
  ret_when->expr =
      upk_expr_compile(arena, text, origin, &scope, UPK_TYPE_BOOL, diags);
  return ret_when->expr != NULL;
}

/* ---- values ---- */

typedef struct box {
  int64_t integer;
  upk_str text;
  uint8_t null;
} box;

static upk_column column_of(box *b, upk_type type) {
  return (upk_column){.type = type,
                      .constant = true,
                      .integers = &b->integer,
                      .texts = &b->text,
                      .null = &b->null};
}

static box text_box(upk_str text) {
  return (box){.text = text.data ? text : UPK_STR(""), .null = !text.data};
}

upk_truth upk_approval_fits(upk_arena *arena, const upk_approval_when *when,
                            const upk_approval_values *values,
                            upk_str (*label)(void *ctx, upk_str key),
                            void *ctx) {
  if (!when->expr)
    return UPK_TRUE;
  size_t count = UPK_APPROVAL_FACTS + when->labels.len;
  box *boxes = UPK_NEW_ARRAY(arena, box, count);
  upk_column *columns = UPK_NEW_ARRAY(arena, upk_column, count);
  for (size_t i = 0; i < count; i++) {
    bool own = i < UPK_APPROVAL_FACTS;
    upk_type type = own ? facts[i].type : UPK_TYPE_TEXT;
    if (type != UPK_TYPE_TEXT)
      boxes[i] =
          (box){.integer = values->integers[i], .null = values->unknown[i]};
    else
      boxes[i] = text_box(
          own ? values->texts[i]
              : label(ctx, when->labels.items[i - UPK_APPROVAL_FACTS]));
    columns[i] = column_of(&boxes[i], type);
  }
  return upk_expr_truth(when->expr, columns, 0);
}
