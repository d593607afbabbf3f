#include <string.h>

#include "front/front.h"
#include "front/scalar.h"
#include "front/tests.h"

/* ---- ${name} ---- */

static bool is_text(const node *value) {
  return value->type == NODE_TEXT || value->type == NODE_PLAIN;
}

/* Nearest first: what a test gives, what `use` gives, the project's, the file's
 * own default. */
static const node *find_var(ir *ir, upk_str name) {
  const front_overlay *o = ir->overlay;
  const node *maps[] = {ir->test != NULL ? ir->test->vars : NULL,
                        o != NULL && o->use != NULL ? o->use->vars : NULL,
                        ir->project.vars, o != NULL ? o->defaults : NULL};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    const node_member *member = node_member_find(maps[i], name);
    if (member == NULL)
      continue;
    *UPK_PUSH(ir->arena, &ir->project.vars_known) = name;
    return member->value;
  }
  return NULL;
}

static void add_keys(ir *ir, const node *map, ir_names *out) {
  for (size_t i = 0; map != NULL && map->type == NODE_MAP && i < map->map.count;
       i++)
    *UPK_PUSH(ir->arena, out) = map->map.members[i].key;
}

static void refuse_var(ir *ir, upk_str name, upk_span span,
                       const ir_names *names) {
  upk_diag *diag =
      upk_diag_add(ir->diags, 1046, span, "there is no variable `%.*s`",
                   UPK_FMT(node_clip(name)));
  if (!upk_diag_suggest(ir->diags, diag, name, names->items, names->len))
    upk_diag_help(ir->diags, diag,
                  "declare it with its default under `vars` of the file");
}

/* The part [start, end) of a scalar's text; all of it when the text does not
 * stand so in the source. */
static upk_span part_of(const node *scalar, size_t start, size_t end) {
  upk_span span = scalar->text_span;
  if (span.line != span.end_line ||
      span.end_column - span.column != scalar->text.len)
    return span;
  span.end_column = span.column + (uint32_t)end;
  span.column += (uint32_t)start;
  return span;
}

static void add_value(upk_buf *out, const node *value) {
  if (value->type == NODE_INT)
    upk_buf_int(out, value->integer);
  else if (value->type == NODE_BOOL)
    upk_buf_str(out, value->boolean ? UPK_STR("true") : UPK_STR("false"));
  else if (is_text(value))
    upk_buf_str(out, value->text);
}

/* Reads the reference at text[start], "${"; returns where it ends, or 0 after
 * a diagnostic. */
static size_t add_reference(ir *ir, const node *scalar, size_t start,
                            upk_buf *out, const node **ret_value) {
  upk_str text = scalar->text;
  const char *close = memchr(text.data + start, '}', text.len - start);
  if (close == NULL) {
    upk_diag *diag =
        upk_diag_add(ir->diags, 1047, part_of(scalar, start, start + 2),
                     "`${` is not closed by `}`");
    upk_diag_help(ir->diags, diag, "write $${ for these two characters");
    return 0;
  }
  size_t end = (size_t)(close - text.data) + 1;
  upk_str name = {text.data + start + 2, end - start - 3};
  const node *value = find_var(ir, name);
  if (value == NULL) {
    ir_names names = {0};
    if (ir->overlay != NULL)
      add_keys(ir, ir->overlay->defaults, &names);
    add_keys(ir, ir->project.vars, &names);
    refuse_var(ir, name, part_of(scalar, start, end), &names);
    return 0;
  }
  add_value(out, value);
  *ret_value = value;
  return end;
}

static bool begins(upk_str text, size_t at, const char *wanted) {
  return upk_str_starts((upk_str){text.data + at, text.len - at}, wanted);
}

/* A scalar that is one reference and nothing else becomes what the value is,
 * so that "${count}" can be a number. */
static void set_text(ir *ir, node *scalar, const upk_buf *out,
                     const node *whole) {
  scalar->text = upk_arena_copy(ir->arena, upk_buf_view(out));
  if (whole != NULL)
    scalar->type = whole->type == NODE_TEXT ? NODE_TEXT : NODE_PLAIN;
}

static void substitute(ir *ir, node *scalar) {
  upk_str text = scalar->text;
  if (memchr(text.data, '$', text.len) == NULL)
    return;
  upk_buf out = {0};
  const node *whole = NULL, *value = NULL;
  size_t i = 0;
  while (i < text.len) {
    if (begins(text, i, "$${")) {
      upk_buf_str(&out, UPK_STR("${"));
      i += 3;
    } else if (begins(text, i, "${")) {
      size_t end = add_reference(ir, scalar, i, &out, &value);
      if (end == 0)
        goto out;
      if (i == 0 && end == text.len)
        whole = value;
      i = end;
    } else {
      upk_buf_char(&out, text.data[i++]);
    }
  }
  if (out.len > 0)
    set_text(ir, scalar, &out, whole);
out:
  upk_buf_free(&out);
}

void front_vars_apply(ir *ir, node *tree) {
  if (is_text(tree))
    substitute(ir, tree);
  else if (tree->type == NODE_LIST)
    for (size_t i = 0; i < tree->list.count; i++)
      front_vars_apply(ir, tree->list.items[i]);
  else if (tree->type == NODE_MAP)
    for (size_t i = 0; i < tree->map.count; i++)
      front_vars_apply(ir, tree->map.members[i].value);
}

/* ---- except, override ---- */

bool front_overlay_skips(ir *ir, upk_str policy) {
  front_overlay *o = ir->overlay;
  if (o == NULL || o->use == NULL)
    return false;
  *UPK_PUSH(ir->arena, &o->seen) = policy;
  for (size_t i = 0; i < o->use->except.len; i++)
    if (upk_str_equal(o->use->except.items[i].text, policy))
      return true;
  return false;
}

static bool overrides(const node *changes, upk_str key) {
  return node_member_find(changes, key) != NULL;
}

const node *front_overlay_apply(ir *ir, const node *policy, upk_str name) {
  const front_overlay *o = ir->overlay;
  const node_member *changes = o == NULL || o->use == NULL
                                   ? NULL
                                   : node_member_find(o->use->override, name);
  if (changes == NULL || changes->value->type != NODE_MAP)
    return policy;
  const node *map = changes->value;
  node *changed = node_new(ir->arena, NODE_MAP, policy->span);
  UPK_VEC(node_member) members = {0};
  for (size_t i = 0; i < policy->map.count; i++)
    if (!overrides(map, policy->map.members[i].key))
      *UPK_PUSH(ir->arena, &members) = policy->map.members[i];
  for (size_t i = 0; i < map->map.count; i++)
    if (!node_is_null(map->map.members[i].value))
      *UPK_PUSH(ir->arena, &members) = map->map.members[i];
  changed->map.members = members.items;
  changed->map.count = members.len;
  return changed;
}

static void check_policy(ir *ir, upk_str name, upk_span span) {
  const ir_names *seen = &ir->overlay->seen;
  for (size_t i = 0; i < seen->len; i++)
    if (upk_str_equal(seen->items[i], name))
      return;
  upk_diag *diag =
      upk_diag_add(ir->diags, 1045, span, "%.*s has no policy `%.*s`",
                   UPK_FMT(node_clip(front_use_name(ir->overlay->use))),
                   UPK_FMT(node_clip(name)));
  upk_diag_suggest(ir->diags, diag, name, seen->items, seen->len);
}

/* Values that nothing declares or uses are most likely misspelt. */
static void check_vars(ir *ir, const node *vars, const ir_names *known) {
  for (size_t i = 0; vars != NULL && i < vars->map.count; i++) {
    const node_member *member = &vars->map.members[i];
    size_t n = 0;
    while (n < known->len && !upk_str_equal(known->items[n], member->key))
      n++;
    if (n == known->len)
      refuse_var(ir, member->key, member->key_span, known);
  }
}

void front_vars_finish(ir *ir) {
  check_vars(ir, ir->project.vars, &ir->project.vars_known);
}

upk_str front_use_name(const ir_use *use) {
  return use->name.text.data ? use->name.text : use->git.text;
}

void front_overlay_next(ir *ir) {
  add_keys(ir, ir->overlay->defaults, &ir->overlay->declared);
  add_keys(ir, ir->overlay->defaults, &ir->project.vars_known);
  ir->overlay->defaults = NULL;
}

void front_overlay_finish(ir *ir) {
  const ir_use *use = ir->overlay == NULL ? NULL : ir->overlay->use;
  if (ir->overlay != NULL)
    add_keys(ir, ir->overlay->defaults, &ir->project.vars_known);
  if (use == NULL)
    return;
  for (size_t i = 0; i < use->except.len; i++)
    check_policy(ir, use->except.items[i].text, use->except.items[i].text_span);
  for (size_t i = 0; use->override != NULL && i < use->override->map.count;
       i++) {
    const node_member *member = &use->override->map.members[i];
    check_policy(ir, member->key, member->key_span);
    if (member->value->type != NODE_MAP)
      scalar_refuse(ir->diags, member->value, member->key, "a map of keys");
  }
  add_keys(ir, ir->overlay->defaults, &ir->overlay->declared);
  check_vars(ir, use->vars, &ir->overlay->declared);
}
