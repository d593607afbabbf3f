/* An action: its parameters, and what it promises. Its functions stay in its
 * definition, for step/. */
#include <string.h>

#include "stdlib/private.h"
#include "timefmt.h"

/* In order of ir_value_type. */
static const char *const value_types[] = {
    "bool",  "int",  "text",   "bytes",      "duration",
    "ratio", "list", "checks", "statements", NULL};

static const field_rule action_rules[] = {
    {"name", TYPE(TEXT) | FIELD_NEEDED},
    {"engine", TYPE(TEXT)},
    {"kind", TYPE(TEXT) | FIELD_NEEDED},
    {"doc", TYPE(TEXT) | FIELD_NEEDED},
    {"parameters", TYPE(MAP)},
    {"reads", TYPE(LIST) | TYPE(FUNCTION)},
    {"needs", TYPE(MAP)},
    {"atomicity", TYPE(TEXT) | TYPE(FUNCTION) | FIELD_NEEDED},
    {"risk", TYPE(TEXT) | TYPE(FUNCTION) | FIELD_NEEDED},
    {"locks", TYPE(LIST) | TYPE(FUNCTION)},
    {"provides", TYPE(LIST)},
    {"subsumes", TYPE(LIST)},
    {"conflicts", TYPE(LIST)},
    {"followups", TYPE(LIST)},
    {"fights", TYPE(LIST)},
    {"after", TYPE(LIST)},
    {"before", TYPE(LIST)},
    {"blocked_by", TYPE(LIST)},
    {"dangerous", TYPE(LIST)},
    {"on_replica", TYPE(BOOL)},
    {"per_policy", TYPE(BOOL)},
    {"destructive", TYPE(BOOL)},
    {"redefines", TYPE(BOOL)},
    {"post", TYPE(TEXT) | TYPE(FUNCTION)},
    {"post_within", TYPE(TEXT)},
    {"timeouts", TYPE(MAP)},
    {"explain", TYPE(MAP)},
    {"undo", TYPE(MAP) | TYPE(FUNCTION)},
    {"estimate", TYPE(MAP) | TYPE(FUNCTION)},
    {"probe", TYPE(MAP) | TYPE(FUNCTION)},
    {"plan", TYPE(FUNCTION) | FIELD_NEEDED},
};

/* ---- parameters ---- */

/* A bound as the parameter's integer: 5, "90s", "30%". */
static bool read_bound(stdlib_reader *reader, const node *map, const char *key,
                       ir_value_type type, int64_t *ret_value) {
  const node *value = node_find(map, key);
  if (!value)
    return false;
  if (value->type == NODE_INT) {
    *ret_value = value->integer;
    return true;
  }
  if (value->type == NODE_TEXT && type == IR_VALUE_DURATION &&
      upk_duration_parse(value->text, ret_value))
    return true;
  stdlib_complain(reader, 1322, "has a `%s` of a parameter that is no bound",
                  key);
  return false;
}

/* Which nodes a default of each type may be. */
static unsigned default_types(ir_value_type type) {
  switch (type) {
  case IR_VALUE_BOOL:
    return TYPE(BOOL);
  case IR_VALUE_INT:
    return TYPE(INT);
  case IR_VALUE_TEXT:
    return TYPE(TEXT);
  case IR_VALUE_LIST:
  case IR_VALUE_CHECKS:
  case IR_VALUE_STATEMENTS:
    return TYPE(LIST);
  default:
    return TYPE(INT) | TYPE(TEXT);
  }
}

static void define_parameter(stdlib_reader *reader, ir_action *action,
                             const node_member *member) {
  static const field_rule rules[] = {
      {"type", TYPE(TEXT) | FIELD_NEEDED},
      {"doc", TYPE(TEXT) | FIELD_NEEDED},
      {"required", TYPE(BOOL)},
      {"min", TYPE(INT) | TYPE(TEXT)},
      {"max", TYPE(INT) | TYPE(TEXT)},
      {"choices", TYPE(LIST)},
      {"default", TYPE(BOOL) | TYPE(INT) | TYPE(TEXT) | TYPE(LIST)}};
  const node *map = member->value;
  stdlib_point(reader, map);
  FIELDS_CHECK(reader, map, member->key.data, rules);
  if (map->type != NODE_MAP)
    return;
  ir_parameter *p = UPK_PUSH(reader->ir->arena, &action->parameters);
  p->name = member->key;
  p->type = (ir_value_type)field_word(reader, map, "type", value_types, 0);
  p->doc = field_text(map, "doc");
  p->required = field_flag(map, "required");
  p->otherwise = node_find(map, "default");
  p->has_min = read_bound(reader, map, "min", p->type, &p->min);
  p->has_max = read_bound(reader, map, "max", p->type, &p->max);
  p->choices = field_names(reader, map, "choices");
  if (p->otherwise && !(default_types(p->type) & (1u << p->otherwise->type)))
    stdlib_complain(reader, 1322, "has a default of `%.*s` of another type",
                    UPK_FMT(p->name));
  if (p->required && p->otherwise)
    stdlib_complain(reader, 1322, "has a default of `%.*s`, which is required",
                    UPK_FMT(p->name));
}

/* ---- promises ---- */

static void check_undo(stdlib_reader *reader) {
  static const field_rule rules[] = {{"class", TYPE(TEXT) | FIELD_NEEDED},
                                     {"why", TYPE(TEXT)},
                                     {"steps", TYPE(LIST)}};
  static const char *const classes[] = {"inverse", "restore", "none", NULL};
  const node *undo = node_find(reader->from->map, "undo");
  if (!undo) {
    stdlib_complain(reader, 1325, "has no `undo`");
    return;
  }
  if (undo->type != NODE_MAP)
    return;
  FIELDS_CHECK(reader, undo, "undo", rules);
  int class = field_word(reader, undo, "class", classes, 2);
  const node *steps = field_list(undo, "steps");
  if (class == 2 && !field_text(undo, "why").len)
    stdlib_complain(reader, 1325, "cannot be undone and does not say why");
  if (class != 2 && (!steps || !steps->list.count))
    stdlib_complain(reader, 1325, "has an undo class without steps");
}

static void check_promises(stdlib_reader *reader, ir_action *action) {
  static const char *const posts[] = {"holds", "not_broken", "improves", "own",
                                      NULL};
  static const char *const atomicities[] = {"transaction", "autocommit",
                                            "external", NULL};
  static const char *const risks[] = {"low", "medium", "high", NULL};
  const node *map = reader->from->map;
  int64_t within;
  if (!node_find(map, "post"))
    stdlib_complain(reader, 1325,
                    "has no `post`: it must say how it is "
                    "validated");
  action->deterministic_post = !field_word(reader, map, "post", posts, 0);
  if (field_word(reader, map, "atomicity", atomicities, 0) > 0 &&
      !node_find(map, "probe"))
    stdlib_complain(reader, 1325, "is no transaction and has no `probe`");
  field_word(reader, map, "risk", risks, 0);
  check_undo(reader);
  upk_str text = field_text(map, "post_within");
  if (text.data && !upk_duration_parse(text, &within))
    stdlib_complain(reader, 1322,
                    "has a `post_within` that is no duration: "
                    "`%.*s`",
                    UPK_FMT(text));
}

static void define_needs(stdlib_reader *reader, ir_action *action) {
  static const field_rule rules[] = {{"version", TYPE(TEXT)},
                                     {"below", TYPE(TEXT)},
                                     {"capabilities", TYPE(LIST)},
                                     {"privileges", TYPE(LIST)}};
  const node *needs = field_map(reader->from->map, "needs");
  if (!needs)
    return;
  FIELDS_CHECK(reader, needs, "needs", rules);
  action->min_version = field_version(reader, needs, "version");
  action->max_version = field_version(reader, needs, "below");
  action->needs = field_names(reader, needs, "capabilities");
  action->privileges = field_names(reader, needs, "privileges");
  action->privileges_said = node_find(needs, "privileges") != NULL;
  if (action->max_version && action->max_version <= action->min_version)
    stdlib_complain(reader, 1327,
                    "is for no version: `below` is not above "
                    "`version`");
}

/* Lists of maps and the maps `timeouts` and `explain`: their keys. */
static void check_details(stdlib_reader *reader) {
  static const field_rule blocked[] = {{"when", TYPE(TEXT) | FIELD_NEEDED},
                                       {"why", TYPE(TEXT) | FIELD_NEEDED},
                                       {"who", TYPE(TEXT)},
                                       {"cleared_by", TYPE(LIST)}};
  static const field_rule cleared[] = {{"action", TYPE(TEXT) | FIELD_NEEDED},
                                       {"object", TYPE(TEXT) | FIELD_NEEDED}};
  static const field_rule danger[] = {{"min", TYPE(TEXT)},
                                      {"below", TYPE(TEXT)},
                                      {"why", TYPE(TEXT) | FIELD_NEEDED}};
  static const field_rule timeouts[] = {{"lock", TYPE(BOOL) | TYPE(FUNCTION)}};
  static const field_rule explained[] = {{"atomicity", TYPE(TEXT)},
                                         {"risk", TYPE(TEXT)},
                                         {"post", TYPE(TEXT)},
                                         {"undo", TYPE(TEXT)}};
  const node *map = reader->from->map;
  const node *list = field_list(map, "blocked_by");
  for (size_t i = 0; list && i < list->list.count; i++) {
    FIELDS_CHECK(reader, list->list.items[i], "blocked_by", blocked);
    const node *by = list->list.items[i]->type == NODE_MAP
                         ? field_list(list->list.items[i], "cleared_by")
                         : NULL;
    for (size_t j = 0; by && j < by->list.count; j++)
      FIELDS_CHECK(reader, by->list.items[j], "cleared_by", cleared);
  }
  list = field_list(map, "dangerous");
  for (size_t i = 0; list && i < list->list.count; i++) {
    FIELDS_CHECK(reader, list->list.items[i], "dangerous", danger);
    field_version(reader, list->list.items[i], "min");
    field_version(reader, list->list.items[i], "below");
  }
  if (field_map(map, "timeouts"))
    FIELDS_CHECK(reader, field_map(map, "timeouts"), "timeouts", timeouts);
  if (field_map(map, "explain"))
    FIELDS_CHECK(reader, field_map(map, "explain"), "explain", explained);
}

static bool is_twice(const ir_engine *engine, const ir_action *action) {
  for (size_t i = 0; i < engine->actions.len; i++) {
    const ir_action *other = engine->actions.items[i];
    if (upk_str_equal(other->name, action->name) &&
        upk_str_equal(other->kind, action->kind))
      return true;
  }
  return false;
}

void define_action(ir *ir, const stdlib_declaration *d) {
  stdlib_reader reader = stdlib_reader_of(ir, d, "action");
  FIELDS_CHECK(&reader, d->map, "", action_rules);
  ir_engine *engine = field_name(&reader) ? declared_engine(&reader) : NULL;
  if (!engine)
    return;
  ir_action *action = UPK_NEW(ir->arena, ir_action);
  action->name = reader.name;
  action->engine = engine->name;
  action->kind = field_text(d->map, "kind");
  action->doc = field_text(d->map, "doc");
  action->path = d->path;
  action->span = d->span;
  action->definition = d->map;
  action->script = d->script;
  action->reads = field_names(&reader, d->map, "reads");
  action->provides = field_names(&reader, d->map, "provides");
  action->subsumes = field_names(&reader, d->map, "subsumes");
  action->conflicts = field_names(&reader, d->map, "conflicts");
  action->per_policy = field_flag(d->map, "per_policy");
  action->destructive = field_flag(d->map, "destructive");
  action->redefines = field_flag(d->map, "redefines");
  const node *parameters = field_map(d->map, "parameters");
  for (size_t i = 0; parameters && i < parameters->map.count; i++)
    define_parameter(&reader, action, &parameters->map.members[i]);
  stdlib_point(&reader, NULL);
  define_needs(&reader, action);
  check_promises(&reader, action);
  check_details(&reader);
  if (is_twice(engine, action))
    stdlib_complain(&reader, 1323, "is defined twice for kind `%.*s`",
                    UPK_FMT(action->kind));
  script_set_dialect(d->script, (int)engine->dialect);
  if (!reader.failed)
    *UPK_PUSH(ir->arena, &engine->actions) = action;
}
