/* What words mean: docs made of the same rows that the compiler and the stdlib
 * are made of. */
#include <upkeep/compile.h>

#include "lint/lint.h"
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

void explain_code(upk_str word, page *page) {
  const upk_code *code = find_code(word);
  if (!code)
    return;
  const lint_rule *rule = lint_rule_find(code->code);
  page_add(page, upk_arena_printf(page->arena, "UPK%04d", code->code),
           upk_arena_printf(page->arena, "%s, %s %s", code->name,
                            severity_name(code->severity),
                            code->code / 1000 == 2 ? "of lint" : "code"),
           upk_str_from(code->doc));
  if (!rule)
    return;
  page_put(page, UPK_STR("judged by"),
           rule->remedy   ? UPK_STR("plan, and validate where no facts are "
                                      "needed")
           : rule->always ? UPK_STR("plan and validate")
                          : UPK_STR("plan"));
  page_put(page, UPK_STR("example"), upk_str_from(rule->example));
  page_put(page, UPK_STR("waived by"),
           upk_arena_printf(page->arena,
                            "waive: [{ rule: %s, reason: WHY, until: TIME }] "
                            "in the policy",
                            code->name));
}

/* ---- passes, exit codes ---- */

void explain_pass(upk_str word, page *page) {
  const char *name;
  for (size_t i = 0; (name = upk_compile_pass_name(i)) != NULL; i++)
    if (upk_str_is(word, name))
      page_add(page, word,
               upk_arena_printf(page->arena, "pass %zu of the compiler", i + 1),
               upk_str_from(upk_compile_pass_doc(i)));
}

static const struct {
  int code;
  const char *text;
} exits[] = {
#define X(name, exit_code, text) {exit_code, text},
    UPK_STATUS_TABLE(X)
#undef X
        {130, "stopped by SIGINT after a clean stop"},
    {143, "stopped by SIGTERM after a clean stop"},
};

/* "exit 5", "exit-5" or "5". */
void explain_exit(upk_str word, page *page) {
  if (upk_str_starts(word, "exit ") || upk_str_starts(word, "exit-"))
    word = (upk_str){word.data + 5, word.len - 5};
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
    upk_str number = upk_arena_printf(page->arena, "%d", exits[i].code);
    if (upk_str_equal(number, word))
      page_add(page, number, UPK_STR("exit code of every verb"),
               upk_str_from(exits[i].text));
  }
}

/* ---- engines, kinds, attributes ---- */

void explain_engine(const ir *ir, upk_str word, page *page) {
  const ir_engine *engine = ir_engine_find(ir, word);
  if (!engine)
    return;
  page_add(page, engine->name, UPK_STR("engine"), UPK_NO_STR);
  for (size_t i = 0; i < engine->kinds.len; i++)
    page_put_typed(page, UPK_STR("kinds"), engine->kinds.items[i]->name,
                   UPK_STR(""), engine->kinds.items[i]->doc);
  for (size_t i = 0; i < engine->actions.len; i++)
    page_put_typed(page, UPK_STR("actions"), engine->actions.items[i]->name,
                   engine->actions.items[i]->kind,
                   engine->actions.items[i]->doc);
}

static upk_str of_engine(page *page, const char *what,
                         const ir_engine *engine) {
  return upk_arena_printf(page->arena, "%s of %.*s", what,
                          UPK_FMT(engine->name));
}

/* "oldest_row_age(column)" */
static upk_str attribute_name(page *page, const ir_attribute *a) {
  return upk_arena_printf(page->arena, "%.*s%s", UPK_FMT(a->name),
                          a->parametric ? "(column)" : "");
}

static void add_actions_for(const ir_engine *engine, const ir_kind *kind,
                            page *page) {
  for (size_t i = 0; i < engine->actions.len; i++)
    if (upk_str_equal(engine->actions.items[i]->kind, kind->name))
      page_put_typed(page, UPK_STR("actions"), engine->actions.items[i]->name,
                     UPK_STR(""), engine->actions.items[i]->doc);
}

static void add_kind(const ir_engine *engine, const ir_kind *kind, page *page) {
  page_add(page, kind->name, of_engine(page, "kind", engine), kind->doc);
  for (size_t i = 0; i < kind->attributes.len; i++) {
    const ir_attribute *a = &kind->attributes.items[i];
    page_put_typed(page, UPK_STR(""), attribute_name(page, a),
                   upk_str_from(upk_type_name(a->type)), a->doc);
  }
  for (size_t i = 0; i < kind->parent_count; i++)
    page_put_typed(
        page, UPK_STR(""),
        upk_arena_printf(page->arena, "%.*s.*", UPK_FMT(kind->parents[i].kind)),
        UPK_STR(""),
        upk_arena_printf(page->arena, "attributes of the %.*s it belongs to",
                         UPK_FMT(kind->parents[i].kind)));
  add_actions_for(engine, kind, page);
}

void explain_kind(const ir *ir, upk_str word, page *page) {
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_kind *kind = ir_kind_find(ir->engines.items[i], word);
    if (kind)
      add_kind(ir->engines.items[i], kind, page);
  }
}

/* "from 14, below 18, with amcheck" */
static upk_str available(page *page, const ir_variant *variant) {
  upk_buf line = {0};
  if (variant->min_version) {
    upk_buf_str(&line, UPK_STR("from "));
    upk_version_format(variant->min_version, &line);
  }
  if (variant->max_version) {
    upk_buf_str(&line, line.len ? UPK_STR(" below ") : UPK_STR("below "));
    upk_version_format(variant->max_version, &line);
  }
  for (size_t i = 0; i < variant->needs.len; i++)
    upk_buf_printf(&line, "%s%.*s",
                   i          ? ", "
                   : line.len ? " with "
                              : "with ",
                   UPK_FMT(variant->needs.items[i]));
  upk_str copy = upk_arena_copy(page->arena, upk_buf_view(&line));
  upk_buf_free(&line);
  return copy;
}

static void add_attribute(const ir_engine *engine, const ir_kind *kind,
                          const ir_attribute *a, page *page) {
  const ir_collector *c = a->collector;
  page_add(page,
           upk_arena_printf(page->arena, "%.*s.%.*s", UPK_FMT(kind->name),
                            UPK_FMT(attribute_name(page, a))),
           of_engine(page, "attribute", engine), a->doc);
  page_put(page, UPK_STR("type"),
           upk_arena_printf(page->arena, "%s: %s", upk_type_name(a->type),
                            upk_type_doc(a->type)));
  page_put(page, UPK_STR("unit"), a->unit_note);
  if (a->counter)
    page_put(page, UPK_STR("counted"),
             UPK_STR("since the server's counters began; unknown while they "
                     "were reset after the last sample of the state store"));
  page_put(page, UPK_STR("cost"),
           c->reading    ? UPK_STR("reading: reads whole objects, so only when "
                                      "an expression names it")
           : c->measured ? UPK_STR("measured: reads data")
                         : UPK_STR("cheap: reads the catalogue"));
  page_put(page, UPK_STR("collector"),
           upk_arena_printf(page->arena, "%.*s, %.*s", UPK_FMT(c->name),
                            UPK_FMT(c->path)));
  for (size_t i = 0; i < c->variants.len; i++)
    page_put(page, UPK_STR("available"),
             available(page, &c->variants.items[i]));
  if (c->unavailable.data)
    page_put(page, UPK_STR("otherwise"),
             upk_arena_printf(page->arena, "unknown: %.*s",
                              UPK_FMT(c->unavailable)));
}

void explain_attribute(const ir *ir, upk_str word, page *page) {
  upk_str rest, tail;
  upk_str kind_name = upk_str_split(word, '.', &rest);
  upk_str name = upk_str_split(rest.data ? rest : word, '(', &tail);
  for (size_t i = 0; i < ir->engines.len; i++) {
    const ir_engine *engine = ir->engines.items[i];
    for (size_t j = 0; j < engine->kinds.len; j++) {
      const ir_kind *kind = engine->kinds.items[j];
      const ir_attribute *a = rest.data && !upk_str_equal(kind->name, kind_name)
                                  ? NULL
                                  : ir_attribute_find(kind, name);
      if (a)
        add_attribute(engine, kind, a, page);
    }
  }
}

/* ---- the words ---- */

typedef struct word_list {
  ir_names names;
  upk_arena *arena;
} word_list;

static void keep_word(void *ctx, const char *group, upk_str name, upk_str doc) {
  word_list *list = ctx;
  (void)group;
  (void)doc;
  if (!names_have(&list->names, name))
    *UPK_PUSH(list->arena, &list->names) = name;
}

static void engine_words(ir *ir, const ir_engine *engine, word_list *list) {
  keep_word(list, "", engine->name, UPK_NO_STR);
  for (size_t i = 0; i < engine->actions.len; i++)
    keep_word(list, "", engine->actions.items[i]->name, UPK_NO_STR);
  for (size_t i = 0; i < engine->kinds.len; i++) {
    const ir_kind *kind = engine->kinds.items[i];
    keep_word(list, "", kind->name, UPK_NO_STR);
    for (size_t j = 0; j < kind->attributes.len; j++)
      keep_word(list, "",
                upk_arena_printf(ir->arena, "%.*s.%.*s", UPK_FMT(kind->name),
                                 UPK_FMT(kind->attributes.items[j].name)),
                UPK_NO_STR);
  }
}

/* Those that stand in tables, for lists and for suggestions. */
static void each_of_tables(ir *ir, explain_seen *seen, void *ctx) {
  explain_each_given(ir, seen, ctx);
  explain_each_requirement(ir->arena, seen, ctx);
  explain_each_key(ir->arena, seen, ctx);
  explain_each_language(seen, ctx);
  explain_each_metric(ir, seen, ctx);
  explain_each_shipped(ir, seen, ctx);
}

size_t explain_words(ir *ir, upk_str **ret_words) {
  word_list list = {.arena = ir->arena};
  const char *pass;
  const upk_code *code;
  for (size_t i = 0; i < ir->engines.len; i++)
    engine_words(ir, ir->engines.items[i], &list);
  each_of_tables(ir, keep_word, &list);
  for (size_t i = 0; (pass = upk_compile_pass_name(i)) != NULL; i++)
    keep_word(&list, "", upk_str_from(pass), UPK_NO_STR);
  for (size_t i = 0; (code = upk_code_at(i)) != NULL; i++) {
    *UPK_PUSH(ir->arena, &list.names) =
        upk_arena_printf(ir->arena, "UPK%04d", code->code);
    *UPK_PUSH(ir->arena, &list.names) = upk_str_from(code->name);
  }
  *ret_words = list.names.items;
  return list.names.len;
}

static void put_word(void *ctx, const char *group, upk_str name, upk_str doc) {
  page *page = ctx;
  const page_meaning *last =
      page->meanings.len ? &page->meanings.items[page->meanings.len - 1] : NULL;
  if (!last || !upk_str_is(last->name, group))
    page_add(page, upk_str_from(group), UPK_STR("words"), UPK_NO_STR);
  page_put(page, name, doc);
}

/* Every word with what it is; attributes are listed by their kinds. */
static void list_all(ir *ir, page *page) {
  const char *pass;
  const upk_code *code;
  each_of_tables(ir, put_word, page);
  for (size_t i = 0; i < ir->engines.len; i++)
    explain_engine(ir, ir->engines.items[i]->name, page);
  for (size_t i = 0; (pass = upk_compile_pass_name(i)) != NULL; i++)
    put_word(page, "passes", upk_str_from(pass),
             upk_str_from(upk_compile_pass_doc(i)));
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
    put_word(page, "exit codes",
             upk_arena_printf(ir->arena, "exit %d", exits[i].code),
             upk_str_from(exits[i].text));
  for (size_t i = 0; (code = upk_code_at(i)) != NULL; i++)
    put_word(page, "codes", upk_arena_printf(ir->arena, "UPK%04d", code->code),
             upk_arena_printf(ir->arena, "%s, %s", code->name,
                              severity_name(code->severity)));
}

static void add_meanings(ir *ir, upk_str word, page *page) {
  explain_code(word, page);
  explain_given(ir, word, page);
  explain_action(ir, word, page);
  explain_kind(ir, word, page);
  explain_key(word, page);
  explain_attribute(ir, word, page);
  explain_engine(ir, word, page);
  explain_language(word, page);
  explain_metric(ir, word, page);
  explain_shipped(ir, word, page);
  explain_requirement(ir, word, page);
  explain_pass(word, page);
  explain_exit(word, page);
}

bool explain_write(ir *ir, upk_str word, upk_sink sink) {
  upk_buf out = {0};
  page page = {.arena = ir->arena};
  if (upk_str_is(word, "actions-markdown"))
    explain_markdown(ir, &out);
  else if (!word.len)
    list_all(ir, &page);
  else
    add_meanings(ir, word, &page);
  bool good = page.meanings.len > 0 || out.len > 0;
  if (page.meanings.len)
    page_write(&page, ir->request->format, word, &out);
  good = good && sink.write(sink.ctx, out.data ? out.data : "", out.len);
  upk_buf_free(&out);
  return good;
}
