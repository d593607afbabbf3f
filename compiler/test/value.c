/* Values of attributes, as policies write them: an expression without names. */
#include "expr.h"
#include "test/test.h"

static const struct form {
  upk_type type;
  const char *what, *help;
} forms[] = {
    {UPK_TYPE_BOOL, "true or false", "write true or false"},
    {UPK_TYPE_INT, "a number", "write a number such as 1200 or 5M"},
    {UPK_TYPE_RATIO, "a ratio", "write a percentage such as 30%, or 0.3"},
    {UPK_TYPE_RATE, "a rate", "write events over a time, such as 500 / 1d"},
    {UPK_TYPE_BYTE_RATE, "a rate of bytes",
     "write bytes over a time, such as 2GiB / 1d"},
    {UPK_TYPE_BYTES, "a size", "write a size such as 64MiB or 10GB"},
    {UPK_TYPE_DURATION, "a duration", "write a duration such as 7d or 1h30m"},
    {UPK_TYPE_TIMESTAMP, "a time", "write a time such as 2026-11-27T00:00Z"},
    {UPK_TYPE_VERSION, "a version", "write a version such as v14.2"},
    {UPK_TYPE_TEXT, "a text", "write a text"},
    {UPK_TYPE_LIST, "a list of texts", "write a list such as [a, b]"},
};

static bool refuse(ir *ir, const ir_attribute *attribute, upk_str name,
                   const node *value) {
  const struct form *form = forms;
  while (form->type != attribute->type && form->type != UPK_TYPE_LIST)
    form++;
  bool text = value->type == NODE_TEXT || value->type == NODE_PLAIN;
  upk_str got = text ? upk_arena_printf(ir->arena, "`%.*s`",
                                        UPK_FMT(node_clip(value->text)))
                     : upk_str_from(node_describe(value));
  upk_diag *diag =
      upk_diag_add(ir->diags, 4104, value->span, "`%.*s` is %s, and not %.*s",
                   UPK_FMT(name), form->what, UPK_FMT(got));
  upk_diag_help(ir->diags, diag, "%s, or null when it is not known",
                form->help);
  return false;
}

static bool no_name(void *ctx, const upk_name *name, upk_type *ret_type,
                    uint32_t *ret_slot) {
  (void)ctx;
  (void)name;
  (void)ret_type;
  (void)ret_slot;
  return false;
}

/* A plain 0 needs no unit. */
static bool is_zero(upk_str text) { return upk_str_is(text, "0"); }

static bool read_expression(ir *ir, upk_type type, upk_str text,
                            int64_t *ret_value) {
  upk_arena *scratch = upk_arena_new(NULL);
  upk_diags ignored;
  upk_diags_init(&ignored, scratch);
  const upk_scope scope = {no_name, NULL, NULL};
  upk_expr *expr =
      upk_expr_compile(scratch, text, UPK_NO_SPAN, &scope, type, &ignored);
  bool good = expr != NULL;
  if (good) {
    upk_column result;
    upk_expr_eval(expr, NULL, 0, 1, scratch, &result, NULL);
    good = !(result.null && result.null[0]);
    *ret_value = good ? result.integers[0] : 0;
  }
  upk_arena_free(scratch);
  (void)ir;
  return good;
}

static bool read_list(ir *ir, const node *value, upk_list *ret_list) {
  if (value->type != NODE_LIST)
    return false;
  upk_str *items = UPK_NEW_ARRAY(ir->arena, upk_str, value->list.count + 1);
  for (size_t i = 0; i < value->list.count; i++) {
    const node *item = value->list.items[i];
    if (item->type != NODE_TEXT && item->type != NODE_PLAIN)
      return false;
    items[i] = item->text;
  }
  *ret_list = (upk_list){items, value->list.count};
  return true;
}

bool test_value_read(ir *ir, const ir_attribute *attribute, upk_str name,
                     const node *value, test_value *ret) {
  *ret = (test_value){.known = !node_is_null(value)};
  if (!ret->known)
    return true;
  if (attribute->type == UPK_TYPE_LIST)
    return read_list(ir, value, &ret->list) ||
           refuse(ir, attribute, name, value);
  if (value->type != NODE_TEXT && value->type != NODE_PLAIN)
    return refuse(ir, attribute, name, value);
  ret->text = value->text;
  if (attribute->type == UPK_TYPE_TEXT)
    return true;
  upk_str text = upk_str_trim(value->text);
  if (attribute->type == UPK_TYPE_VERSION && !upk_str_starts(text, "v"))
    text = upk_arena_printf(ir->arena, "v%.*s", UPK_FMT(text));
  return (is_zero(text) && attribute->type != UPK_TYPE_BOOL) ||
         read_expression(ir, attribute->type, text, &ret->integer) ||
         refuse(ir, attribute, name, value);
}
