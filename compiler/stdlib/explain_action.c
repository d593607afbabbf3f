/* Actions as text and as Markdown. */
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

/* One on a line: "online (bool, default true): doc". */
static void add_parameter(const ir_parameter *p, const char *quote,
                          upk_buf *out) {
  upk_buf_printf(out, "%s%.*s%s (%s", quote, UPK_FMT(p->name), quote,
                 type_names[p->type]);
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
  upk_buf_printf(out, "): %.*s\n", UPK_FMT(p->doc));
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

/* ---- plain text ---- */

static void add_line(const char *name, upk_str text, upk_buf *out) {
  if (text.data && text.len)
    upk_buf_printf(out, "  %-12s %.*s\n", name, UPK_FMT(text));
}

static void add_list(const ir_action *action, stdlib_reader *reader,
                     const char *key, upk_buf *out) {
  upk_buf line = {0};
  ir_names names = field_names(reader, action->definition, key);
  add_names(&names, &line);
  add_line(key, upk_buf_view(&line), out);
  upk_buf_free(&line);
}

static void add_relations(ir *ir, const ir_action *action, upk_buf *out) {
  static const char *const keys[] = {"followups", "provides", "subsumes",
                                     "conflicts", "fights",   "after",
                                     "before"};
  const stdlib_declaration from = {.map = action->definition};
  stdlib_reader reader = stdlib_reader_of(ir, &from, "action");
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    add_list(action, &reader, keys[i], out);
}

static void add_action(ir *ir, const ir_action *action, upk_buf *out) {
  upk_buf line = {0};
  upk_buf_printf(out, "%.*s  (action of %.*s, on %.*s)\n\n%.*s\n\n",
                 UPK_FMT(action->name), UPK_FMT(action->engine),
                 UPK_FMT(action->kind), UPK_FMT(action->doc));
  add_needs(action, &line);
  add_line("needs", upk_buf_view(&line), out);
  add_line("atomicity", promise_of(action, "atomicity"), out);
  add_line("risk", promise_of(action, "risk"), out);
  add_line("post", post_of(action), out);
  upk_buf_clear(&line);
  add_undo(action, &line);
  add_line("undo", upk_buf_view(&line), out);
  upk_buf_clear(&line);
  add_names(&action->reads, &line);
  add_line("reads", upk_buf_view(&line), out);
  add_relations(ir, action, out);
  if (action->destructive)
    add_line("destructive", UPK_STR("never on unknown facts, never by itself"),
             out);
  for (size_t i = 0; i < action->parameters.len; i++) {
    upk_buf_str(out, i ? UPK_STR("    ") : UPK_STR("  parameters\n    "));
    add_parameter(&action->parameters.items[i], "", out);
  }
  add_line("file", action->path, out);
  upk_buf_free(&line);
}

bool explain_action(ir *ir, upk_str word, upk_buf *out) {
  bool found = false;
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    for (size_t j = 0; j < engine->actions.len; j++) {
      if (!upk_str_equal(engine->actions.items[j]->name, word))
        continue;
      if (found)
        upk_buf_char(out, '\n');
      add_action(ir, engine->actions.items[j], out);
      found = true;
    }
  }
  return found;
}

/* ---- Markdown ---- */

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
    upk_buf_str(out, UPK_STR("- "));
    add_parameter(&action->parameters.items[i], "`", out);
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
