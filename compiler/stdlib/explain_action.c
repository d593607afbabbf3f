/* Actions as pages, and all of them as Markdown. */
#include <string.h>

#include "stdlib/explain.h"
#include "timefmt.h"

static const char *const type_names[] = {"bool",  "int",      "text",
                                         "bytes", "duration", "ratio",
                                         "list",  "checks",   "statements"};

static void add_names(const ir_names *names, upk_buf *out) {
  for (size_t i = 0; i < names->len; i++)
    upk_buf_printf(out, "%s%.*s", i ? ", " : "", UPK_FMT(names->items[i]));
}

/* "version 12 or later, amcheck", or nothing. */
static void add_needs(const ir_action *action, upk_buf *out) {
  size_t begin = out->len;
  if (action->min_version) {
    upk_buf_str(out, UPK_STR("version "));
    upk_version_format(action->min_version, out);
    upk_buf_str(out, UPK_STR(" or later"));
  }
  if (action->max_version) {
    upk_buf_str(out, out->len > begin ? UPK_STR(", below ")
                                      : UPK_STR("version below "));
    upk_version_format(action->max_version, out);
  }
  for (size_t i = 0; i < action->needs.len; i++)
    upk_buf_printf(out, "%s%.*s", out->len > begin ? ", " : "",
                   UPK_FMT(action->needs.items[i]));
}

/* A number as the parameter's type is written. */
static void add_number(ir_value_type type, int64_t number, upk_buf *out) {
  if (type == IR_VALUE_BYTES && number >= 0)
    upk_bytes_format(number, out);
  else if (type == IR_VALUE_DURATION && number >= 0)
    upk_duration_format(number, out);
  else
    upk_buf_int(out, number);
}

static void add_default(ir_value_type type, const node *value, upk_buf *out) {
  if (value->type == NODE_BOOL)
    upk_buf_str(out, value->boolean ? UPK_STR("true") : UPK_STR("false"));
  else if (value->type == NODE_INT)
    add_number(type, value->integer, out);
  else if (value->type == NODE_TEXT)
    upk_buf_printf(out, "\"%.*s\"", UPK_FMT(value->text));
  else
    upk_buf_str(out, UPK_STR("an empty list"));
}

/* "bool, default true". */
static void add_kind_of(const ir_parameter *p, upk_buf *out) {
  upk_buf_str(out, upk_str_from(type_names[p->type]));
  if (p->required)
    upk_buf_str(out, UPK_STR(", required"));
  if (p->otherwise) {
    upk_buf_str(out, UPK_STR(", default "));
    add_default(p->type, p->otherwise, out);
  }
  if (p->has_min) {
    upk_buf_str(out, UPK_STR(", at least "));
    add_number(p->type, p->min, out);
  }
  if (p->has_max) {
    upk_buf_str(out, UPK_STR(", at most "));
    add_number(p->type, p->max, out);
  }
  if (p->choices.len) {
    upk_buf_str(out, UPK_STR("; one of "));
    add_names(&p->choices, out);
  }
}

/* What the action says of a promise that is a function. */
static upk_str explained(const ir_action *action, const char *key) {
  const node *texts = field_map(action->definition, "explain");
  upk_str text = texts ? field_text(texts, key) : UPK_NO_STR;
  return text.data ? text : UPK_STR("depends on object and parameters");
}

static upk_str promise_of(const ir_action *action, const char *key) {
  const node *value = node_find(action->definition, key);
  if (value && value->type == NODE_FUNCTION)
    return explained(action, key);
  return value && value->type == NODE_TEXT ? value->text : UPK_NO_STR;
}

/* How it is validated. */
static upk_str post_of(const ir_action *action) {
  static const char *const words[][2] = {
      {"holds", "the invariant must hold afterwards"},
      {"not_broken", "the invariant holds, or cannot be told any more"},
      {"improves", "the invariant holds, or its numbers are no worse"},
      {"own", "checks of its own"}};
  upk_str word = promise_of(action, "post");
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (upk_str_is(word, words[i][0]))
      return upk_str_from(words[i][1]);
  return word;
}

static void add_undo(const ir_action *action, upk_buf *out) {
  const node *undo = node_find(action->definition, "undo");
  if (!undo || undo->type != NODE_MAP) {
    upk_buf_str(out, explained(action, "undo"));
    return;
  }
  upk_str why = field_text(undo, "why");
  upk_buf_str(out, field_text(undo, "class"));
  if (why.data)
    upk_buf_printf(out, ": %.*s", UPK_FMT(why));
}

/* ---- a page ---- */

typedef void add_part(const ir_action *action, upk_buf *out);

static void add_reads(const ir_action *action, upk_buf *out) {
  add_names(&action->reads, out);
}

/* A row of what `part` writes. */
static void put_part(page *page, const char *name, const ir_action *action,
                     add_part *part) {
  upk_buf line = {0};
  part(action, &line);
  page_put(page, upk_str_from(name),
           upk_arena_copy(page->arena, upk_buf_view(&line)));
  upk_buf_free(&line);
}

static void put_relations(ir *ir, const ir_action *action, page *page) {
  static const char *const keys[] = {"followups", "provides", "subsumes",
                                     "conflicts", "fights",   "after",
                                     "before"};
  const stdlib_declaration from = {.map = action->definition};
  stdlib_reader reader = stdlib_reader_of(ir, &from, "action");
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    upk_buf line = {0};
    ir_names names = field_names(&reader, action->definition, keys[i]);
    add_names(&names, &line);
    page_put(page, upk_str_from(keys[i]),
             upk_arena_copy(page->arena, upk_buf_view(&line)));
    upk_buf_free(&line);
  }
}

/* What the role must be allowed, in the words of the engine's table: that of
 * `explain privileges`. */
static upk_str privilege_doc(const ir_engine *engine, upk_str privilege) {
  const node *map = node_find(engine->definition, "privileges");
  for (size_t i = 0; map && map->type == NODE_MAP && i < map->map.count; i++)
    if (upk_str_equal(map->map.members[i].key, privilege))
      return field_text(map->map.members[i].value, "doc");
  return UPK_NO_STR;
}

static void put_privileges(const ir_engine *engine, const ir_action *action,
                           page *page) {
  if (!action->privileges_said)
    page_put(page, UPK_STR("privileges"),
             UPK_STR("not known: the action does not say"));
  else if (!action->privileges.len)
    page_put(page, UPK_STR("privileges"),
             UPK_STR("none beyond those of the engine"));
  for (size_t i = 0; i < action->privileges.len; i++)
    page_put_typed(page, UPK_STR("privileges"), action->privileges.items[i],
                   UPK_NO_STR,
                   privilege_doc(engine, action->privileges.items[i]));
}

static void put_parameters(const ir_action *action, page *page) {
  for (size_t i = 0; i < action->parameters.len; i++) {
    const ir_parameter *p = &action->parameters.items[i];
    upk_buf type = {0};
    add_kind_of(p, &type);
    page_put_typed(page, UPK_STR("parameters"), p->name,
                   upk_arena_copy(page->arena, upk_buf_view(&type)), p->doc);
    upk_buf_free(&type);
  }
}

static void put_action(ir *ir, const ir_engine *engine, const ir_action *action,
                       page *page) {
  page_add(page, action->name,
           upk_arena_printf(page->arena, "action of %.*s, on %.*s",
                            UPK_FMT(action->engine), UPK_FMT(action->kind)),
           action->doc);
  put_part(page, "needs", action, add_needs);
  page_put(page, UPK_STR("atomicity"), promise_of(action, "atomicity"));
  page_put(page, UPK_STR("risk"), promise_of(action, "risk"));
  page_put(page, UPK_STR("post"), post_of(action));
  put_part(page, "undo", action, add_undo);
  put_part(page, "reads", action, add_reads);
  put_relations(ir, action, page);
  if (action->destructive)
    page_put(page, UPK_STR("destructive"),
             UPK_STR("never on unknown facts, never by itself"));
  page_put(page, UPK_STR("file"), action->path);
  put_privileges(engine, action, page);
  put_parameters(action, page);
}

void explain_action(ir *ir, upk_str word, page *page) {
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    for (size_t j = 0; j < engine->actions.len; j++)
      if (upk_str_equal(engine->actions.items[j]->name, word))
        put_action(ir, engine, engine->actions.items[j], page);
  }
}

/* ---- Markdown ---- */

static void markdown_privileges(const ir_action *action, upk_buf *out) {
  if (!action->privileges.len)
    return;
  upk_buf_str(out, UPK_STR("- privileges: "));
  add_names(&action->privileges, out);
  upk_buf_char(out, '\n');
}

static void markdown_action(const ir_action *action, upk_buf *out) {
  upk_buf_printf(out, "\n### %.*s (%.*s)\n\n%.*s\n\n", UPK_FMT(action->name),
                 UPK_FMT(action->kind), UPK_FMT(action->doc));
  size_t begin = out->len;
  upk_buf_str(out, UPK_STR("- needs: "));
  size_t after = out->len;
  add_needs(action, out);
  if (out->len == after)
    out->len = begin;
  else
    upk_buf_char(out, '\n');
  markdown_privileges(action, out);
  upk_buf_printf(out, "- atomicity: %.*s\n- risk: %.*s\n- validated by: %.*s\n",
                 UPK_FMT(promise_of(action, "atomicity")),
                 UPK_FMT(promise_of(action, "risk")), UPK_FMT(post_of(action)));
  upk_buf_str(out, UPK_STR("- undo: "));
  add_undo(action, out);
  upk_buf_char(out, '\n');
  if (action->destructive)
    upk_buf_str(out, UPK_STR("- destructive: never on unknown facts, never by "
                             "itself\n"));
  if (action->parameters.len)
    upk_buf_str(out, UPK_STR("\nParameters:\n\n"));
  for (size_t i = 0; i < action->parameters.len; i++) {
    const ir_parameter *p = &action->parameters.items[i];
    upk_buf_printf(out, "- `%.*s` (", UPK_FMT(p->name));
    add_kind_of(p, out);
    upk_buf_printf(out, "): %.*s\n", UPK_FMT(p->doc));
  }
}

void explain_markdown(ir *ir, upk_buf *out) {
  upk_buf_str(out, UPK_STR("# Actions\n\nMade from the definitions by `upkeep "
                           "explain actions-markdown`.\n"));
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    upk_buf_printf(out, "\n## %.*s\n", UPK_FMT(engine->name));
    for (size_t j = 0; j < engine->actions.len; j++)
      markdown_action(engine->actions.items[j], out);
  }
}
