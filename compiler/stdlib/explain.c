/* Plain text about a word: docs made of the same rows that the compiler and
 * the stdlib are made of. */
#include <string.h>

#include <upkeep/compile.h>

#include "stdlib/explain.h"

/* ---- codes ---- */

static const char *severity_name(upk_severity severity) {
  static const char *const names[] = {"note", "warning", "error"};
  return names[severity];
}

/* "UPK1104", "1104" or "type-mismatch". */
static const upk_code *find_code(upk_str word) {
  const upk_code *code;
  int number = 0;
  if (upk_str_starts(word, "UPK"))
    word = (upk_str){word.data + 3, word.len - 3};
  for (size_t i = 0; i < word.len && number >= 0; i++)
    number = word.data[i] >= '0' && word.data[i] <= '9' && word.len == 4
                 ? number * 10 + (word.data[i] - '0')
                 : -1;
  if (number > 0)
    return upk_code_find(number);
  for (size_t i = 0; (code = upk_code_at(i)) != NULL; i++)
    if (upk_str_is(word, code->name))
      return code;
  return NULL;
}

bool explain_code(upk_str word, upk_buf *out) {
  const upk_code *code = find_code(word);
  if (!code)
    return false;
  upk_buf_printf(out, "UPK%04d  %s  (%s)\n\n%s\n", code->code, code->name,
                 code->code / 1000 == 2 ? "lint rule"
                                        : severity_name(code->severity),
                 code->doc);
  return true;
}

/* ---- passes ---- */

bool explain_pass(upk_str word, upk_buf *out) {
  const char *name;
  for (size_t i = 0; (name = upk_compile_pass_name(i)) != NULL; i++) {
    if (!upk_str_is(word, name))
      continue;
    upk_buf_printf(out, "%s  (pass %zu of the compiler)\n\n%s\n", name, i + 1,
                   upk_compile_pass_doc(i));
    return true;
  }
  return false;
}

/* ---- engines, kinds, attributes ---- */

bool explain_engine(const ir *ir, upk_str word, upk_buf *out) {
  const ir_engine *engine = ir_engine_find(ir, word);
  if (!engine)
    return false;
  upk_buf_printf(out, "%.*s  (engine)\n\n", UPK_FMT(engine->name));
  for (size_t i = 0; i < engine->kinds.len; i++)
    upk_buf_printf(out, "kind    %.*s: %.*s\n",
                   UPK_FMT(engine->kinds.items[i]->name),
                   UPK_FMT(engine->kinds.items[i]->doc));
  for (size_t i = 0; i < engine->actions.len; i++)
    upk_buf_printf(out, "action  %.*s (%.*s): %.*s\n",
                   UPK_FMT(engine->actions.items[i]->name),
                   UPK_FMT(engine->actions.items[i]->kind),
                   UPK_FMT(engine->actions.items[i]->doc));
  return true;
}

static void add_kind(const ir_engine *engine, const ir_kind *kind,
                     upk_buf *out) {
  upk_buf_printf(out, "%.*s  (kind of %.*s)\n\n%.*s\n\n", UPK_FMT(kind->name),
                 UPK_FMT(engine->name), UPK_FMT(kind->doc));
  for (size_t i = 0; i < kind->attributes.len; i++) {
    const ir_attribute *a = &kind->attributes.items[i];
    upk_buf_printf(out, "  %.*s%s  %s  %.*s\n", UPK_FMT(a->name),
                   a->parametric ? "(column)" : "", upk_type_name(a->type),
                   UPK_FMT(a->doc));
  }
  for (size_t i = 0; i < kind->parent_count; i++)
    upk_buf_printf(out, "  %.*s.*  attributes of the %.*s it belongs to\n",
                   UPK_FMT(kind->parents[i].kind),
                   UPK_FMT(kind->parents[i].kind));
}

bool explain_kind(const ir *ir, upk_str word, upk_buf *out) {
  bool found = false;
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_kind *kind = ir_kind_find(ir->engines.items[i], word);
    if (!kind)
      continue;
    if (found)
      upk_buf_char(out, '\n');
    add_kind(ir->engines.items[i], kind, out);
    found = true;
  }
  return found;
}

static void add_version_range(const ir_variant *variant, upk_buf *out) {
  if (variant->min_version) {
    upk_buf_str(out, UPK_STR(" from "));
    upk_version_format(variant->min_version, out);
  }
  if (variant->max_version) {
    upk_buf_str(out, UPK_STR(" below "));
    upk_version_format(variant->max_version, out);
  }
  for (size_t i = 0; i < variant->needs.len; i++)
    upk_buf_printf(out, "%s%.*s", i ? ", " : " with ",
                   UPK_FMT(variant->needs.items[i]));
}

static void add_attribute(const ir_engine *engine, const ir_kind *kind,
                          const ir_attribute *a, upk_buf *out) {
  const ir_collector *c = a->collector;
  upk_buf_printf(out, "%.*s.%.*s%s  (attribute of %.*s)\n\n%.*s\n\n",
                 UPK_FMT(kind->name), UPK_FMT(a->name),
                 a->parametric ? "(column)" : "", UPK_FMT(engine->name),
                 UPK_FMT(a->doc));
  upk_buf_printf(out, "  type       %s\n", upk_type_name(a->type));
  if (a->unit_note.data)
    upk_buf_printf(out, "  unit       %.*s\n", UPK_FMT(a->unit_note));
  upk_buf_printf(out, "  cost       %s\n",
                 c->measured ? "measured: reads data"
                             : "cheap: reads the catalogue");
  upk_buf_printf(out, "  collector  %.*s, %.*s\n", UPK_FMT(c->name),
                 UPK_FMT(c->path));
  for (size_t i = 0; i < c->variants.len; i++) {
    const ir_variant *v = &c->variants.items[i];
    if (!v->min_version && !v->max_version && !v->needs.len)
      continue;
    upk_buf_str(out, UPK_STR("  available "));
    add_version_range(v, out);
    upk_buf_char(out, '\n');
  }
  if (c->unavailable.data)
    upk_buf_printf(out, "  otherwise  unknown: %.*s\n",
                   UPK_FMT(c->unavailable));
}

bool explain_attribute(const ir *ir, upk_str word, upk_buf *out) {
  upk_str rest, tail;
  upk_str kind_name = upk_str_split(word, '.', &rest);
  upk_str name = upk_str_split(rest.data ? rest : word, '(', &tail);
  bool found = false;
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    for (size_t j = 0; j < engine->kinds.len; j++) {
      const ir_kind *kind = engine->kinds.items[j];
      const ir_attribute *a = rest.data && !upk_str_equal(kind->name, kind_name)
                                  ? NULL
                                  : ir_attribute_find(kind, name);
      if (!a)
        continue;
      if (found)
        upk_buf_char(out, '\n');
      add_attribute(engine, kind, a, out);
      found = true;
    }
  }
  return found;
}

/* ---- the words ---- */

static void add_word(ir_names *names, upk_arena *arena, upk_str word) {
  if (!names_have(names, word))
    *UPK_PUSH(arena, names) = word;
}

static void engine_words(ir *ir, const ir_engine *engine, ir_names *names) {
  add_word(names, ir->arena, engine->name);
  for (size_t i = 0; i < engine->actions.len; i++)
    add_word(names, ir->arena, engine->actions.items[i]->name);
  for (size_t i = 0; i < engine->kinds.len; i++) {
    const ir_kind *kind = engine->kinds.items[i];
    add_word(names, ir->arena, kind->name);
    for (size_t j = 0; j < kind->attributes.len; j++)
      add_word(names, ir->arena,
               upk_arena_printf(ir->arena, "%.*s.%.*s", UPK_FMT(kind->name),
                                UPK_FMT(kind->attributes.items[j].name)));
  }
}

size_t explain_words(ir *ir, upk_str **ret_words) {
  ir_names names = {0};
  const char *pass;
  const upk_code *code;
  for (size_t i = 0; i < ir->engines.len; i++)
    engine_words(ir, ir->engines.items[i], &names);
  for (size_t i = 0; (pass = upk_compile_pass_name(i)) != NULL; i++)
    add_word(&names, ir->arena, upk_str_from(pass));
  for (size_t i = 0; (code = upk_code_at(i)) != NULL; i++) {
    *UPK_PUSH(ir->arena, &names) =
        upk_arena_printf(ir->arena, "UPK%04d", code->code);
    *UPK_PUSH(ir->arena, &names) = upk_str_from(code->name);
  }
  *ret_words = names.items;
  return names.len;
}

static void list_heading(upk_buf *out, const char *heading) {
  upk_buf_printf(out, "%s%s\n", out->len ? "\n" : "", heading);
}

/* Names in a line each, with what they are. */
static void list_all(const ir *ir, upk_buf *out) {
  const char *pass;
  const upk_code *code;
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    upk_buf heading = {0};
    upk_buf_printf(&heading, "%.*s: kinds and actions", UPK_FMT(engine->name));
    list_heading(out, heading.data);
    upk_buf_free(&heading);
    for (size_t j = 0; j < engine->kinds.len; j++)
      upk_buf_printf(out, "  %-28.*s %.*s\n",
                     UPK_FMT(engine->kinds.items[j]->name),
                     UPK_FMT(engine->kinds.items[j]->doc));
    for (size_t j = 0; j < engine->actions.len; j++)
      upk_buf_printf(out, "  %-28.*s %.*s\n",
                     UPK_FMT(engine->actions.items[j]->name),
                     UPK_FMT(engine->actions.items[j]->doc));
  }
  list_heading(out, "attributes: KIND.ATTRIBUTE, listed by `explain KIND`");
  list_heading(out, "passes");
  for (size_t i = 0; (pass = upk_compile_pass_name(i)) != NULL; i++)
    upk_buf_printf(out, "  %-28s %s\n", pass, upk_compile_pass_doc(i));
  list_heading(out, "codes");
  for (size_t i = 0; (code = upk_code_at(i)) != NULL; i++)
    upk_buf_printf(out, "  UPK%04d  %-18s  %s\n", code->code,
                   severity_name(code->severity), code->name);
}

static bool add_meaning(bool found, upk_buf *part, upk_buf *out) {
  if (!part->len)
    return found;
  if (found)
    upk_buf_char(out, '\n');
  upk_buf_str(out, upk_buf_view(part));
  upk_buf_clear(part);
  return true;
}

static bool add_meanings(ir *ir, upk_str word, upk_buf *out) {
  upk_buf part = {0};
  bool found = false;
  explain_code(word, &part);
  found = add_meaning(found, &part, out);
  explain_action(ir, word, &part);
  found = add_meaning(found, &part, out);
  explain_kind(ir, word, &part);
  found = add_meaning(found, &part, out);
  explain_attribute(ir, word, &part);
  found = add_meaning(found, &part, out);
  explain_engine(ir, word, &part);
  found = add_meaning(found, &part, out);
  explain_pass(word, &part);
  found = add_meaning(found, &part, out);
  upk_buf_free(&part);
  return found;
}

bool explain_write(ir *ir, upk_str word, upk_sink sink) {
  upk_buf out = {0};
  bool good = true;
  if (!word.len)
    list_all(ir, &out);
  else if (upk_str_is(word, "actions-markdown"))
    explain_markdown(ir, &out);
  else
    good = add_meanings(ir, word, &out);
  if (good)
    good = sink.write(sink.ctx, out.data ? out.data : "", out.len);
  upk_buf_free(&out);
  return good;
}
