#include "facts/request.h"

#include <string.h>

typedef struct reader {
  upk_arena *arena;
  upk_diags *diags;
} reader;

static bool damaged(reader *r, const char *what) {
  upk_diag_add(r->diags, 3100, UPK_NO_SPAN,
               "the inspection request is damaged: %s", what);
  return false;
}

static bool read_columns(reader *r, const upk_json *list,
                         request_collector *c) {
  c->column_count = upk_json_count(list);
  c->columns = UPK_NEW_ARRAY(r->arena, request_column, c->column_count + 1);
  for (size_t i = 0; i < c->column_count; i++) {
    const upk_json *item = upk_json_at(list, i);
    upk_str counter = upk_json_text(item, "counter");
    c->columns[i].name = upk_json_text(item, "name");
    c->columns[i].counter = counter.data != NULL;
    c->columns[i].total = upk_str_is(counter, "total");
    if (!c->columns[i].name.len)
      return damaged(r, "a column has no name");
    if (!upk_type_find(upk_json_text(item, "type"), &c->columns[i].type) ||
        c->columns[i].type == UPK_TYPE_NULL)
      return damaged(r, "a column has no type");
  }
  return c->column_count > 0 || damaged(r, "a collector has no columns");
}

static bool read_keys(reader *r, const upk_json *list, request_collector *c) {
  c->key_count = upk_json_count(list);
  c->keys = UPK_NEW_ARRAY(r->arena, size_t, c->key_count + 1);
  for (size_t i = 0; i < c->key_count; i++) {
    upk_str name = upk_json_at(list, i)->string;
    size_t found = 0;
    while (found < c->column_count &&
           !upk_str_equal(c->columns[found].name, name))
      found++;
    if (found == c->column_count)
      return damaged(r, "a key is none of the collector's columns");
    if (c->columns[found].type == UPK_TYPE_LIST)
      return damaged(r, "a key is a list");
    c->keys[i] = found;
  }
  return true;
}

static bool all_are(const upk_json *list, upk_json_type type) {
  for (size_t i = 0; i < upk_json_count(list); i++)
    if (upk_json_at(list, i)->type != type)
      return false;
  return list->type == UPK_JSON_ARRAY;
}

static bool read_collector(reader *r, const upk_json *item,
                           request_collector *c) {
  const upk_json *columns = upk_json_get(item, "columns");
  const upk_json *keys = upk_json_get(item, "keys");
  c->name = upk_json_text(item, "name");
  c->kind = upk_json_text(item, "kind");
  c->unavailable = upk_json_text(item, "unavailable");
  c->measured = upk_str_is(upk_json_text(item, "cost"), "measured");
  c->transient = upk_json_flag(item, "transient", false);
  c->variants = upk_json_get(item, "variants");
  if (!c->name.len || !c->kind.len)
    return damaged(r, "a collector has no name or no kind");
  if (!all_are(columns, UPK_JSON_OBJECT) || !all_are(keys, UPK_JSON_STRING) ||
      !all_are(c->variants, UPK_JSON_OBJECT))
    return damaged(r, "a collector has no columns, keys or variants");
  if (!c->unavailable.len)
    c->unavailable = UPK_STR("this server has no such thing");
  return read_columns(r, columns, c) && read_keys(r, keys, c);
}

static bool has_name(const request_collector *c, upk_str name) {
  for (size_t i = 0; i < c->column_count; i++)
    if (upk_str_equal(c->columns[i].name, name))
      return true;
  return false;
}

/* Whether a later collector of a kind has its keys and nothing else of it. */
static bool fits(const request_collector *first, const request_collector *c) {
  if (first->key_count != c->key_count)
    return false;
  for (size_t i = 0; i < c->column_count; i++) {
    bool key = false;
    for (size_t k = 0; k < c->key_count; k++)
      key |= c->keys[k] == i;
    if (key != has_name(first, c->columns[i].name))
      return false;
  }
  return true;
}

/* Names once; columns of a kind once. */
static bool check_collectors(reader *r, const inspect_request *request) {
  for (size_t i = 0; i < request->collector_count; i++) {
    const request_collector *c = &request->collectors[i], *first = NULL;
    for (size_t j = 0; j < i; j++) {
      const request_collector *other = &request->collectors[j];
      if (upk_str_equal(other->name, c->name))
        return damaged(r, "two collectors have one name");
      if (!upk_str_equal(other->kind, c->kind))
        continue;
      first = first ? first : other;
      for (size_t k = 0; other != first && k < c->column_count; k++)
        if (!has_name(first, c->columns[k].name) &&
            has_name(other, c->columns[k].name))
          return damaged(r, "two collectors have one column");
    }
    if (first && !fits(first, c))
      return damaged(r, "a collector does not fit its kind's first one");
  }
  return true;
}

bool inspect_request_read(upk_arena *arena, upk_str bytes, upk_diags *diags,
                          inspect_request *ret_request) {
  reader r = {.arena = arena, .diags = diags};
  upk_json_error error = {0};
  inspect_request request = {0};
  const upk_json *root = upk_json_parse(arena, bytes, &error);
  if (!root)
    return damaged(&r, error.text ? error.text : "it is no JSON");
  if (!upk_str_is(upk_json_text(root, "format"), "upkeep.inspect/1"))
    return damaged(&r, "its format is not upkeep.inspect/1");
  const upk_json *collectors = upk_json_get(root, "collectors");
  request.engine = upk_json_text(root, "engine");
  request.capabilities = upk_json_get(root, "capabilities");
  request.session = upk_json_get(root, "session");
  request.history = upk_json_get(root, "history");
  request.identity = upk_json_text(upk_json_get(root, "identity"), "sql");
  request.counters = upk_json_text(upk_json_get(root, "counters"), "sql");
  if (!request.engine.len || !request.identity.len)
    return damaged(&r, "it has no engine or no identity query");
  if (!all_are(collectors, UPK_JSON_OBJECT) ||
      !all_are(request.capabilities, UPK_JSON_OBJECT) ||
      (request.session->type != UPK_JSON_NULL &&
       !all_are(request.session, UPK_JSON_STRING)) ||
      (request.history->type != UPK_JSON_NULL &&
       !all_are(request.history, UPK_JSON_OBJECT)))
    return damaged(&r, "it has no collectors, capabilities or session");
  request.collector_count = upk_json_count(collectors);
  request.collectors =
      UPK_NEW_ARRAY(arena, request_collector, request.collector_count + 1);
  for (size_t i = 0; i < request.collector_count; i++)
    if (!read_collector(&r, upk_json_at(collectors, i), &request.collectors[i]))
      return false;
  if (!check_collectors(&r, &request))
    return false;
  *ret_request = request;
  return true;
}

static bool has_all(const upk_json *needs, const upk_json *capabilities) {
  for (size_t i = 0; i < upk_json_count(needs); i++) {
    upk_str need = upk_json_at(needs, i)->string;
    bool there = false;
    for (size_t j = 0; j < upk_json_count(capabilities); j++)
      there |= upk_str_equal(capabilities->object.members[j].key, need) &&
               capabilities->object.members[j].value->boolean;
    if (!there)
      return false;
  }
  return true;
}

int64_t request_variant(const request_collector *collector, int64_t version,
                        const upk_json *capabilities) {
  for (size_t i = 0; i < upk_json_count(collector->variants); i++) {
    const upk_json *variant = upk_json_at(collector->variants, i);
    if (version >= upk_json_number(variant, "min", INT64_MIN) &&
        version < upk_json_number(variant, "max", INT64_MAX) &&
        has_all(upk_json_get(variant, "needs"), capabilities))
      return (int64_t)i;
  }
  return -1;
}

upk_str request_sql(upk_arena *arena, const request_collector *collector,
                    int64_t variant) {
  static const char mark[] = "{filter}";
  const size_t mark_len = sizeof mark - 1;
  upk_str sql =
      upk_json_text(upk_json_at(collector->variants, (size_t)variant), "sql");
  char *out = upk_arena_alloc(arena, sql.len + 1);
  size_t used = 0;
  for (size_t i = 0; i < sql.len;) {
    if (sql.len - i >= mark_len && !memcmp(sql.data + i, mark, mark_len))
      i += mark_len;
    else
      out[used++] = sql.data[i++];
  }
  return (upk_str){out, used};
}
