/* Keys and types of a declaration, checked against a table of rules. */
#include <stdio.h>
#include <string.h>

#include "stdlib/private.h"

stdlib_reader stdlib_reader_of(ir *ir, const stdlib_declaration *d,
                               const char *what) {
  upk_str name = field_text(d->map, "name");
  return (stdlib_reader){.ir = ir,
                         .from = d,
                         .what = what,
                         .name = is_plain_name(name) ? name : UPK_NO_STR};
}

void stdlib_point(stdlib_reader *reader, const node *part) {
  reader->part = part ? part->span : UPK_NO_SPAN;
}

upk_diag *stdlib_complain(stdlib_reader *reader, int code, const char *format,
                          ...) {
  va_list arguments;
  char text[400];
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  reader->failed = true;
  const char *open = reader->name.data ? " `" : "";
  const char *close = reader->name.data ? "`" : "";
  upk_span at = reader->at.line     ? reader->at
                : reader->part.line ? reader->part
                                    : reader->from->span;
  return upk_diag_add(reader->ir->diags, code, at, "%s%s%.*s%s %s",
                      reader->what, open, UPK_FMT(reader->name), close, text);
}

/* "a text or a function" of a set of types. */
static upk_str describe(upk_arena *arena, unsigned types) {
  static const struct {
    unsigned bit;
    const char *text;
  } words[] = {{TYPE(BOOL), "true or false"}, {TYPE(INT), "an integer"},
               {TYPE(TEXT), "a text"},        {TYPE(LIST), "a list"},
               {TYPE(MAP), "a table"},        {TYPE(FUNCTION), "a function"}};
  upk_str text = UPK_STR("");
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (types & words[i].bit)
      text = upk_arena_printf(arena, "%.*s%s%s", UPK_FMT(text),
                              text.len ? " or " : "", words[i].text);
  return text;
}

/* An empty Lua table is an empty list, and an empty map too. */
static bool type_fits(const node *value, unsigned types) {
  if (types & (1u << value->type))
    return true;
  return value->type == NODE_LIST && !value->list.count &&
         (types & TYPE(MAP)) != 0;
}

static const field_rule *rule_of(const field_rule *rules, size_t count,
                                 upk_str key) {
  for (size_t i = 0; i < count; i++)
    if (upk_str_is(key, rules[i].key))
      return &rules[i];
  return NULL;
}

/* " of `part`", or nothing. */
static upk_str of_part(upk_arena *arena, const char *part) {
  return *part ? upk_arena_printf(arena, " in `%s`", part) : UPK_STR("");
}

static void unknown_key(stdlib_reader *reader, upk_str key, upk_str where,
                        const field_rule *rules, size_t count) {
  upk_diag *diag =
      stdlib_complain(reader, 1321, "has an unknown key `%.*s`%.*s",
                      UPK_FMT(key), UPK_FMT(where));
  upk_str *words = UPK_NEW_ARRAY(reader->ir->arena, upk_str, count);
  for (size_t i = 0; i < count; i++)
    words[i] = upk_str_from(rules[i].key);
  upk_diag_suggest(reader->ir->diags, diag, key, words, count);
}

void fields_check(stdlib_reader *reader, const node *map, const char *part,
                  const field_rule *rules, size_t count) {
  upk_arena *arena = reader->ir->arena;
  upk_str where = of_part(arena, part);
  if (!type_fits(map, TYPE(MAP))) {
    stdlib_complain(reader, 1322,
                    "has a list%.*s where a table with names "
                    "belongs",
                    UPK_FMT(where));
    return;
  }
  for (size_t i = 0; i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    const field_rule *rule = rule_of(rules, count, member->key);
    reader->at = rule ? member->value->span : member->key_span;
    if (!rule)
      unknown_key(reader, member->key, where, rules, count);
    else if (!type_fits(member->value, rule->types))
      stdlib_complain(reader, 1322, "has a key `%s`%.*s that is not %s",
                      rule->key, UPK_FMT(where),
                      describe(arena, rule->types).data);
  }
  reader->at = map == reader->from->map ? UPK_NO_SPAN : map->span;
  for (size_t i = 0; i < count; i++)
    if ((rules[i].types & FIELD_NEEDED) && !node_find(map, rules[i].key))
      stdlib_complain(reader, 1320, "has no `%s`%.*s", rules[i].key,
                      UPK_FMT(where));
  reader->at = UPK_NO_SPAN;
}

/* Makes complaints point at the value of a key, or at the whole. */
static void point_at(stdlib_reader *reader, const node *value) {
  reader->at = value ? value->span : UPK_NO_SPAN;
}

upk_str field_text(const node *map, const char *key) {
  const node *value = node_find(map, key);
  return value && value->type == NODE_TEXT ? value->text : UPK_NO_STR;
}

const node *field_map(const node *map, const char *key) {
  const node *value = node_find(map, key);
  return value && type_fits(value, TYPE(MAP)) ? value : NULL;
}

const node *field_list(const node *map, const char *key) {
  const node *value = node_find(map, key);
  return value && value->type == NODE_LIST ? value : NULL;
}

bool field_flag(const node *map, const char *key) {
  const node *value = node_find(map, key);
  return value && value->type == NODE_BOOL && value->boolean;
}

ir_names field_names(stdlib_reader *reader, const node *map, const char *key) {
  ir_names names = {0};
  const node *list = field_list(map, key);
  if (!list)
    return names;
  for (size_t i = 0; i < list->list.count; i++) {
    const node *item = list->list.items[i];
    point_at(reader, item);
    if (item->type == NODE_TEXT)
      *UPK_PUSH(reader->ir->arena, &names) = item->text;
    else
      stdlib_complain(reader, 1322, "has an item in `%s` that is not a text",
                      key);
  }
  point_at(reader, NULL);
  return names;
}

int64_t field_version(stdlib_reader *reader, const node *map, const char *key) {
  upk_str text = field_text(map, key);
  int64_t version = 0;
  point_at(reader, node_find(map, key));
  if (text.data && !upk_version_parse(text, &version))
    stdlib_complain(reader, 1322, "has a `%s` that is no version: `%.*s`", key,
                    UPK_FMT(text));
  point_at(reader, NULL);
  return version;
}

int field_word(stdlib_reader *reader, const node *map, const char *key,
               const char *const *words, int otherwise) {
  upk_str text = field_text(map, key), all = UPK_STR("");
  if (!text.data)
    return otherwise;
  for (int i = 0; words[i]; i++) {
    if (upk_str_is(text, words[i]))
      return i;
    all = upk_arena_printf(reader->ir->arena, "%.*s%s%s", UPK_FMT(all),
                           i ? ", " : "", words[i]);
  }
  point_at(reader, node_find(map, key));
  upk_diag *diag = stdlib_complain(reader, 1322,
                                   "has a `%s` that it cannot "
                                   "have: `%.*s`",
                                   key, UPK_FMT(text));
  upk_diag_help(reader->ir->diags, diag, "Write one of: %.*s.", UPK_FMT(all));
  point_at(reader, NULL);
  return otherwise;
}

bool is_plain_name(upk_str name) {
  if (!name.len || name.len > 63 || name.data[0] < 'a' || name.data[0] > 'z')
    return false;
  for (size_t i = 1; i < name.len; i++) {
    char c = name.data[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  }
  return true;
}

bool field_name(stdlib_reader *reader) {
  upk_str name = field_text(reader->from->map, "name");
  if (!name.data)
    return false; /* fields_check has said so */
  if (!is_plain_name(name)) {
    stdlib_complain(reader, 1322,
                    "has a name that is not lower-case letters, "
                    "digits and _: `%.*s`",
                    UPK_FMT(name));
    return false;
  }
  reader->name = name;
  return true;
}

bool names_have(const ir_names *names, upk_str name) {
  for (size_t i = 0; i < names->len; i++)
    if (upk_str_equal(names->items[i], name))
      return true;
  return false;
}
