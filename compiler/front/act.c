/* `plan --do ACTION:OBJECT[@KIND]`: one action on one object, whatever its
 * invariants say. It becomes the only policy of the compilation, one for each
 * kind of object that the action is for; pass bind finds the object. All that
 * holds of policies holds of it: types of parameters, lint, protection,
 * windows of blackouts, approval. */
#include <string.h>

#include <upkeep/compile.h>

#include "front/front.h"
#include "stdlib/stdlib.h"

static const char path[] = "--do";

typedef struct request {
  upk_str action, object, kind; /* kind: may be absent */
} request;

static upk_diag *refuse(ir *ir, const char *what, upk_str text) {
  return upk_diag_add(ir->diags, 3208, UPK_NO_SPAN, "--do %.*s: %s",
                      UPK_FMT(text), what);
}

/* Within double quotes, of a name such as "a@b". */
static bool is_quoted(upk_str text, size_t at) {
  bool quoted = false;
  for (size_t i = 0; i < at; i++)
    quoted = quoted != (text.data[i] == '"');
  return quoted;
}

static bool parse(ir *ir, upk_str text, request *ret) {
  upk_str rest, kind = UPK_NO_STR, action = upk_str_split(text, ':', &rest);
  if (!rest.len || !action.len) {
    upk_diag_help(ir->diags, refuse(ir, "names no action and object", text),
                  "write it as rebuild_index:public.orders_pkey; a name that "
                  "several kinds have as ACTION:OBJECT@KIND");
    return false;
  }
  for (size_t at = rest.len; at-- > 0 && !kind.data;)
    if (rest.data[at] == '@' && !is_quoted(rest, at)) {
      kind = (upk_str){rest.data + at + 1, rest.len - at - 1};
      *ret = (request){action, {rest.data, at}, kind};
    }
  if (!kind.data)
    *ret = (request){action, rest, kind};
  return true;
}

/* The engine of the target, as far as it is known already. */
static upk_str engine_name(const ir *ir) {
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    const ir_target *target = &ir->project.targets.items[i];
    if (!ir->request->target.len ||
        upk_str_equal(target->name, ir->request->target))
      return target->engine_name;
  }
  return UPK_NO_STR;
}

/* ---- parameters ---- */

static bool is_word(upk_str text) {
  for (size_t i = 0; i < text.len; i++)
    if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", text.data[i]) == NULL)
      return false;
  return text.len > 0;
}

/* Lists and maps, and what is quoted, are YAML; else one scalar, quoted where
 * YAML would see more in it. */
static void put_value(upk_buf *out, upk_str value) {
  bool whole = value.len && strchr("[{'\"", value.data[0]) != NULL;
  bool plain = value.len > 0;
  for (size_t i = 0; i < value.len; i++)
    plain = plain && strchr(":#{}[],&*!|>%@`'\"", value.data[i]) == NULL;
  if (whole || plain) {
    upk_buf_str(out, value);
    return;
  }
  upk_buf_char(out, '\'');
  for (size_t i = 0; i < value.len; i++)
    upk_buf_printf(out, value.data[i] == '\'' ? "''" : "%c", value.data[i]);
  upk_buf_char(out, '\'');
}

static bool put_with(ir *ir, upk_str with, upk_buf *out) {
  if (with.len)
    upk_buf_str(out, UPK_STR("    with:\n"));
  while (with.data && with.len) {
    upk_str value, line = upk_str_split(with, '\n', &with);
    upk_str key = upk_str_split(line, '=', &value);
    if (!value.data || !is_word(key)) {
      upk_diag_help(ir->diags, refuse(ir, "a parameter has no value", line),
                    "write it as --with online=false");
      return false;
    }
    upk_buf_printf(out, "      %.*s: ", UPK_FMT(key));
    put_value(out, value);
    upk_buf_char(out, '\n');
  }
  return true;
}

/* ---- kinds ---- */

static void add_kind(ir *ir, ir_names *kinds, upk_str kind) {
  for (size_t i = 0; i < kinds->len; i++)
    if (upk_str_equal(kinds->items[i], kind))
      return;
  *UPK_PUSH(ir->arena, kinds) = kind;
}

/* What the action is for. `any` leaves it to who asks. */
static ir_names kinds_of(ir *ir, const ir_engine *engine, const request *r) {
  ir_names kinds = {0}, names = {0};
  bool any = false, known = false;
  for (size_t i = 0; i < engine->actions.len; i++) {
    const ir_action *action = engine->actions.items[i];
    *UPK_PUSH(ir->arena, &names) = action->name;
    if (!upk_str_equal(action->name, r->action))
      continue;
    known = true;
    any = any || upk_str_is(action->kind, "any");
    if (!upk_str_is(action->kind, "any") &&
        (!r->kind.data || upk_str_equal(r->kind, action->kind)))
      add_kind(ir, &kinds, action->kind);
  }
  if (any && r->kind.data)
    add_kind(ir, &kinds, r->kind);
  if (!known) {
    upk_diag *diag =
        upk_diag_add(ir->diags, 1205, UPK_NO_SPAN, "there is no action `%.*s`",
                     UPK_FMT(r->action));
    upk_diag_suggest(ir->diags, diag, r->action, names.items, names.len);
  } else if (!kinds.len) {
    upk_diag_help(ir->diags,
                  refuse(ir, "the action is for no object of that kind",
                         ir->request->act),
                  any ? "name the kind of object: ACTION:OBJECT@KIND"
                      : "`upkeep explain %.*s` says which kind it is for",
                  UPK_FMT(r->action));
  }
  return kinds;
}

static void add_policy(ir *ir, const request *r, upk_str kind, upk_str with) {
  front_overlay overlay = {0};
  size_t before = ir->policies.len;
  upk_str text = upk_arena_printf(
      ir->arena,
      "policies:\n  - name: do-%.*s\n    for: %.*s\n    ensure: 1 = 2\n"
      "    by: %.*s\n%.*s",
      UPK_FMT(kind), UPK_FMT(kind), UPK_FMT(r->action), UPK_FMT(with));
  ir->overlay = &overlay;
  front_yaml(ir, upk_str_from(path), text);
  ir->overlay = NULL;
  if (ir->policies.len > before)
    ir->policies.items[before].asked = r->object;
}

void front_act(ir *ir) {
  request r;
  upk_buf with = {0};
  ir_engine *engine = ir_engine_find(ir, engine_name(ir));
  ir->policies.len = 0;
  if (engine && parse(ir, ir->request->act, &r) &&
      put_with(ir, ir->request->with, &with)) {
    ir_names kinds = kinds_of(ir, engine, &r);
    for (size_t i = 0; i < kinds.len; i++)
      add_policy(ir, &r, kinds.items[i],
                 upk_arena_copy(ir->arena, upk_buf_view(&with)));
  }
  upk_buf_free(&with);
}
