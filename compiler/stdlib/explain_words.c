/* Words of the language and of the running system, files that are shipped, and
 * what the program itself handed in: its verbs and flags. */
#include <string.h>

#include <upkeep/compile.h>

#include "embedded.h"
#include "ir/scope.h"
#include "json.h"
#include "stdlib/explain.h"

/* ---- expressions ---- */

static const char type_group[] = "types of expressions";
static const char function_group[] = "functions of expressions";

void explain_each_language(explain_seen *seen, void *ctx) {
  const char *name, *doc;
  for (size_t i = 0; (name = upk_function_at(i, &doc)) != NULL; i++)
    seen(ctx, function_group, upk_str_from(name), upk_str_from(doc));
  for (int type = UPK_TYPE_BOOL; type <= UPK_TYPE_LIST; type++)
    seen(ctx, type_group, upk_str_from(upk_type_name((upk_type)type)),
         upk_str_from(upk_type_doc((upk_type)type)));
}

typedef struct wanted {
  page *page;
  upk_str word;
} wanted;

static void add_language(void *ctx, const char *group, upk_str name,
                         upk_str doc) {
  const wanted *w = ctx;
  if (upk_str_equal(name, w->word))
    page_add(w->page, name,
             group == type_group ? UPK_STR("type of expressions")
                                 : UPK_STR("function of expressions"),
             doc);
}

void explain_language(upk_str word, page *page) {
  explain_each_language(add_language, &(wanted){page, word});
}

/* ---- metrics ---- */

void explain_each_metric(const ir *ir, explain_seen *seen, void *ctx) {
  const char *name, *doc;
  upk_type type;
  (void)ir;
  for (size_t i = 0; (name = ir_metric_at(i, &type, &doc)) != NULL; i++)
    seen(ctx, "live metrics of throttle and abort", upk_str_from(name),
         upk_str_from(doc));
}

/* Where it comes from on this engine, or why it is unknown. */
static void put_engine(const ir_engine *engine, upk_str metric, page *page) {
  const node *metrics = field_map(engine->definition, "metrics");
  const node_member *member =
      metrics ? node_member_find(metrics, metric) : NULL;
  const node *map = member ? member->value : NULL;
  upk_str why = map ? field_text(map, "unavailable") : UPK_NO_STR;
  bool known = map && node_find(map, "sql");
  if (known && !why.data)
    page_put(page, engine->name, UPK_STR("asked each second"));
  else if (known)
    page_put(page, engine->name,
             upk_arena_printf(page->arena,
                              "asked each second; else unknown: "
                              "%.*s",
                              UPK_FMT(why)));
  else
    page_put(
        page, engine->name,
        upk_arena_printf(page->arena, "unknown: %.*s",
                         UPK_FMT(why.data ? why : UPK_STR("not asked there"))));
}

void explain_metric(const ir *ir, upk_str word, page *page) {
  const char *name, *doc;
  upk_type type;
  for (size_t i = 0; (name = ir_metric_at(i, &type, &doc)) != NULL; i++) {
    if (!upk_str_is(word, name))
      continue;
    page_add(page, word, UPK_STR("live metric, for throttle and abort"),
             upk_str_from(doc));
    page_put(page, UPK_STR("type"), upk_str_from(upk_type_name(type)));
    for (size_t j = 0; j < ir->engines.len; j++)
      put_engine(ir->engines.items[j], word, page);
  }
}

/* ---- shipped files ---- */

/* The comment that a file of policies begins with, without its marks. */
static upk_str head_of(upk_arena *arena, upk_str text) {
  upk_buf out = {0};
  upk_str rest = text;
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (!upk_str_starts(line, "#"))
      break;
    line = upk_str_trim((upk_str){line.data + 1, line.len - 1});
    upk_buf_printf(&out, "%s%.*s", out.len ? "\n" : "", UPK_FMT(line));
  }
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return copy;
}

/* "std/sqlite-baseline" of "policies/sqlite-baseline.yaml", or absent. */
static upk_str shipped_name(upk_arena *arena, const char *path) {
  static const char folder[] = "policies/";
  if (strncmp(path, folder, sizeof folder - 1) != 0)
    return UPK_NO_STR;
  const char *name = path + sizeof folder - 1;
  return upk_arena_printf(arena, "std/%.*s", (int)strcspn(name, "."), name);
}

void explain_each_shipped(ir *ir, explain_seen *seen, void *ctx) {
  for (const struct embedded_file *f = embedded_files; f->path; f++) {
    upk_str rest, name = shipped_name(ir->arena, f->path);
    upk_str text = {(const char *)f->bytes, f->len};
    if (name.data)
      seen(ctx, "shipped policies", name,
           upk_str_split(head_of(ir->arena, text), '\n', &rest));
  }
}

/* Names of the policies: `  - name: NAME`, with the line `why:` below. */
static void put_policies(upk_str text, page *page) {
  static const char mark[] = "  - name: ", why_mark[] = "    why: ";
  upk_str rest = text, name = UPK_NO_STR;
  while (rest.data) {
    upk_str line = upk_str_split(rest, '\n', &rest);
    if (upk_str_starts(line, mark))
      name = (upk_str){line.data + sizeof mark - 1, line.len - sizeof mark + 1};
    else if (upk_str_starts(line, why_mark))
      page_put_typed(page, UPK_STR("policies"), name, UPK_STR(""),
                     (upk_str){line.data + sizeof why_mark - 1,
                               line.len - sizeof why_mark + 1});
  }
}

void explain_shipped(ir *ir, upk_str word, page *page) {
  for (const struct embedded_file *f = embedded_files; f->path; f++) {
    upk_str name = shipped_name(ir->arena, f->path);
    upk_str text = {(const char *)f->bytes, f->len};
    if (!name.data || !upk_str_equal(name, word))
      continue;
    page_add(page, name, UPK_STR("shipped policies, for `use`"),
             head_of(ir->arena, text));
    put_policies(text, page);
  }
}

/* ---- what the program handed in ---- */

static const upk_json *given(ir *ir) {
  upk_json_error error;
  upk_str words = ir->request->words;
  return words.data ? upk_json_get(upk_json_parse(ir->arena, words, &error),
                                   "meanings")
                    : NULL;
}

void explain_each_given(ir *ir, explain_seen *seen, void *ctx) {
  const upk_json *meanings = given(ir);
  for (size_t i = 0; i < upk_json_count(meanings); i++) {
    const upk_json *m = upk_json_at(meanings, i);
    seen(ctx,
         upk_arena_printf(ir->arena, "%.*ss", UPK_FMT(upk_json_text(m, "what")))
             .data,
         upk_json_text(m, "name"), upk_json_text(m, "doc"));
  }
}

void explain_given(ir *ir, upk_str word, page *page) {
  const upk_json *meanings = given(ir);
  for (size_t i = 0; i < upk_json_count(meanings); i++) {
    const upk_json *m = upk_json_at(meanings, i);
    const upk_json *rows = upk_json_get(m, "rows");
    upk_str name = upk_json_text(m, "name");
    upk_str bare = {name.data + 2, name.len - 2}; /* of --wait */
    if (!upk_str_equal(name, word) &&
        !(upk_str_starts(name, "--") && upk_str_equal(bare, word)))
      continue;
    page_add(page, name, upk_json_text(m, "what"), upk_json_text(m, "doc"));
    for (size_t j = 0; j < upk_json_count(rows); j++) {
      const upk_json *row = upk_json_at(rows, j);
      upk_str group = upk_json_text(row, "group");
      page_put_typed(page, group.data ? group : UPK_STR(""),
                     upk_json_text(row, "name"), UPK_STR(""),
                     upk_json_text(row, "text"));
    }
  }
}
