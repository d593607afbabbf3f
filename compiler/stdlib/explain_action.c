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

void explain_needs(const ir_action *action, upk_buf *out) {
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

static void add_default(const node *value, upk_buf *out) {
  if (value->type == NODE_BOOL)
    upk_buf_str(out, value->boolean ? UPK_STR("true") : UPK_STR("false"));
  else if (value->type == NODE_INT)
    upk_buf_int(out, value->integer);
  else if (value->type == NODE_TEXT)
    upk_buf_printf(out, "\"%.*s\"", UPK_FMT(value->text));
  else
    upk_buf_str(out, UPK_STR("an empty list"));
}

void explain_parameter(const ir_parameter *p, const char *quote, upk_buf *out) {
  upk_buf_printf(out, "%s%.*s%s (%s", quote, UPK_FMT(p->name), quote,
                 type_names[p->type]);
  if (p->required)
    upk_buf_str(out, UPK_STR(", required"));
  if (p->otherwise) {
    upk_buf_str(out, UPK_STR(", default "));
    add_default(p->otherwise, out);
  }
  if (p->has_min)
    upk_buf_printf(out, ", at least %lld", (long long)p->min);
  if (p->has_max)
    upk_buf_printf(out, ", at most %lld", (long long)p->max);
  if (p->choices.len) {
    upk_buf_str(out, UPK_STR("; one of "));
    add_names(&p->choices, out);
  }
  upk_buf_printf(out, "): %.*s\n", UPK_FMT(p->doc));
}

upk_str explain_promise(const ir_action *action, const char *key) {
  const node *value = node_find(action->definition, key);
  if (value && value->type == NODE_FUNCTION)
    return UPK_STR("depends on object and parameters");
  return value && value->type == NODE_TEXT ? value->text : UPK_NO_STR;
}

void explain_undo(const ir_action *action, upk_buf *out) {
  const node *undo = node_find(action->definition, "undo");
  if (!undo || undo->type != NODE_MAP) {
    upk_buf_str(out, UPK_STR("depends on object and parameters"));
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
  explain_needs(action, &line);
  add_line("needs", upk_buf_view(&line), out);
  add_line("atomicity", explain_promise(action, "atomicity"), out);
  add_line("risk", explain_promise(action, "risk"), out);
  add_line("post", explain_promise(action, "post"), out);
  upk_buf_clear(&line);
  explain_undo(action, &line);
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
    explain_parameter(&action->parameters.items[i], "", out);
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
  upk_buf_printf(out, "### %.*s (%.*s)\n\n%.*s\n\n", UPK_FMT(action->name),
                 UPK_FMT(action->kind), UPK_FMT(action->doc));
  size_t begin = out->len;
  upk_buf_str(out, UPK_STR("- needs: "));
  size_t after = out->len;
  explain_needs(action, out);
  if (out->len == after)
    out->len = begin;
  else
    upk_buf_char(out, '\n');
  upk_buf_printf(out, "- atomicity: %.*s; risk: %.*s; post-check: %.*s\n",
                 UPK_FMT(explain_promise(action, "atomicity")),
                 UPK_FMT(explain_promise(action, "risk")),
                 UPK_FMT(explain_promise(action, "post")));
  upk_buf_str(out, UPK_STR("- undo: "));
  explain_undo(action, out);
  upk_buf_char(out, '\n');
  for (size_t i = 0; i < action->parameters.len; i++) {
    upk_buf_str(out, UPK_STR("- "));
    explain_parameter(&action->parameters.items[i], "`", out);
  }
  upk_buf_char(out, '\n');
}

void explain_markdown(ir *ir, upk_buf *out) {
  upk_buf_str(out, UPK_STR("# Actions\n\nMade from the definitions by `upkeep "
                           "explain actions-markdown`.\n"));
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    upk_buf_printf(out, "\n## %.*s\n\n", UPK_FMT(engine->name));
    for (size_t j = 0; j < engine->actions.len; j++)
      markdown_action(engine->actions.items[j], out);
  }
  while (out->len > 1 && out->data[out->len - 2] == '\n')
    out->len--;
  if (out->len)
    out->data[out->len] = '\0';
}
