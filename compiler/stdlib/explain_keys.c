/* Keys of the project file and of policies, from the tables that read them. */
#include "front/schema.h"
#include "stdlib/explain.h"
#include "timefmt.h"

enum { DEPTH_MAX = 6 };

static const struct {
  const schema_object *object;
  const char *group, *what;
} roots[] = {
    {&schema_policy, "keys of a policy", "key of a policy"},
    {&schema_project, "keys of upkeep.yaml", "key of upkeep.yaml"},
};

static const char *type_text(schema_type type) {
  static const char *const texts[] = {
#define X(name, text) text,
      SCHEMA_TYPE_TABLE(X)
#undef X
  };
  return texts[type];
}

static bool has_words(const schema_field *f) {
  return f->type == SCHEMA_WORD || f->type == SCHEMA_CHOICE;
}

static const schema_object *inner(const schema_field *f) {
  return f->type == SCHEMA_OBJECT || f->type == SCHEMA_OBJECTS ||
                 f->type == SCHEMA_TABLE
             ? f->more
             : NULL;
}

/* ---- all of them ---- */

typedef void key_seen(void *ctx, size_t root, upk_str path,
                      const schema_field *field);

static void walk(upk_arena *arena, size_t root, const schema_object *object,
                 upk_str prefix, int depth, key_seen *seen, void *ctx) {
  for (size_t i = 0; i < object->count && depth < DEPTH_MAX; i++) {
    const schema_field *f = &object->fields[i];
    upk_str path = upk_arena_printf(arena, "%.*s%s", UPK_FMT(prefix), f->key);
    if ((f->flags & SCHEMA_LATER) != 0)
      continue;
    seen(ctx, root, path, f);
    if (inner(f))
      walk(arena, root, inner(f),
           upk_arena_printf(arena, "%.*s.", UPK_FMT(path)), depth + 1, seen,
           ctx);
  }
}

static void walk_all(upk_arena *arena, key_seen *seen, void *ctx) {
  for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
    walk(arena, i, roots[i].object, UPK_STR(""), 0, seen, ctx);
}

typedef struct listing {
  explain_seen *seen;
  void *ctx;
} listing;

static void list_key(void *ctx, size_t root, upk_str path,
                     const schema_field *f) {
  const listing *l = ctx;
  l->seen(l->ctx, roots[root].group, path, upk_str_from(f->doc));
}

void explain_each_key(upk_arena *arena, explain_seen *seen, void *ctx) {
  walk_all(arena, list_key, &(listing){seen, ctx});
}

/* ---- one ---- */

static upk_str number(page *page, const schema_field *f, int64_t value) {
  upk_buf text = {0};
  if (f->type == SCHEMA_DURATION)
    upk_duration_format(value, &text);
  else
    upk_buf_int(&text, value);
  upk_str copy = upk_arena_copy(page->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static void put_range(page *page, const schema_field *f) {
  if ((f->type != SCHEMA_INT && f->type != SCHEMA_DURATION) || f->max == 0)
    return;
  page_put(page, UPK_STR("range"),
           upk_arena_printf(page->arena, "%.*s to %.*s",
                            UPK_FMT(number(page, f, f->min)),
                            UPK_FMT(number(page, f, f->max))));
}

static void put_parts(page *page, const schema_field *f) {
  const schema_object *object = inner(f);
  const schema_word *words = has_words(f) ? f->more : NULL;
  for (; words && words->text; words++)
    page_put_typed(page, UPK_STR("one of"), upk_str_from(words->text),
                   UPK_STR(""),
                   words->absent ? UPK_STR("not in this version")
                                 : upk_str_from(words->doc));
  for (size_t i = 0; object && i < object->count; i++)
    if ((object->fields[i].flags & SCHEMA_LATER) == 0)
      page_put_typed(page, UPK_STR("keys"), upk_str_from(object->fields[i].key),
                     UPK_STR(""), upk_str_from(object->fields[i].doc));
}

typedef struct wanted {
  page *page;
  upk_str word;
} wanted;

/* "limits.lock_timeout", "policy.limits.lock_timeout" or "lock_timeout". */
static bool is_named(upk_str path, upk_str word) {
  size_t from = path.len > word.len ? path.len - word.len : 0;
  upk_str end = {path.data + from, path.len - from};
  return upk_str_equal(end, word) && (from == 0 || path.data[from - 1] == '.');
}

static void add_key(void *ctx, size_t root, upk_str path,
                    const schema_field *f) {
  const wanted *w = ctx;
  page *page = w->page;
  if (!is_named(path, w->word))
    return;
  page_add(page, path, upk_str_from(roots[root].what), upk_str_from(f->doc));
  page_put(page, UPK_STR("must be"), upk_str_from(type_text(f->type)));
  page_put(page, UPK_STR("default"),
           (f->flags & SCHEMA_REQUIRED) != 0 ? UPK_STR("none: required")
           : f->otherwise                    ? upk_str_from(f->otherwise)
                                             : UPK_STR(""));
  put_range(page, f);
  put_parts(page, f);
}

void explain_key(upk_str word, page *page) {
  static const char *const prefixes[] = {"policy.", "project."};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (upk_str_starts(word, prefixes[i])) {
      size_t len = upk_str_from(prefixes[i]).len;
      word = (upk_str){word.data + len, word.len - len};
      break;
    }
  walk_all(page->arena, add_key, &(wanted){page, word});
}
