/* Engine, kind and collector: what can be known of a database. */
#include <string.h>

#include "ir/scope.h"
#include "stdlib/private.h"

ir_engine *declared_engine(stdlib_reader *reader) {
  const stdlib_declaration *from = reader->from;
  upk_str name = field_text(from->map, "engine");
  if (!name.data)
    name = from->folder;
  if (!name.data) {
    stdlib_complain(reader, 1320, "has no `engine`");
    return NULL;
  }
  if (from->folder.data && !upk_str_equal(name, from->folder)) {
    stdlib_complain(reader, 1324, "stands in the folder of engine `%.*s`",
                    UPK_FMT(from->folder));
    return NULL;
  }
  ir_engine *engine = ir_engine_find(reader->ir, name);
  if (engine)
    return engine;
  upk_diag *diag = stdlib_complain(
      reader, 1324, "is for an engine that does not exist: `%.*s`",
      UPK_FMT(name));
  ir_names names = {0};
  for (size_t i = 0; i < reader->ir->engines.len; i++)
    *UPK_PUSH(reader->ir->arena, &names) = reader->ir->engines.items[i]->name;
  upk_diag_suggest(reader->ir->diags, diag, name, names.items, names.len);
  return NULL;
}

/* ---- engine ---- */

static void define_capabilities(stdlib_reader *reader, ir_engine *engine) {
  const node *map = field_map(reader->from->map, "capabilities");
  if (!map)
    return;
  engine->capabilities = upk_arena_alloc(
      reader->ir->arena, sizeof *engine->capabilities * (map->map.count + 1));
  for (size_t i = 0; i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    if (member->value->type != NODE_TEXT) {
      stdlib_complain(reader, 1322, "has a capability `%.*s` that is no text",
                      UPK_FMT(member->key));
      continue;
    }
    engine->capabilities[engine->capability_count].name = member->key;
    engine->capabilities[engine->capability_count++].sql = member->value->text;
  }
}

static void check_ledger(stdlib_reader *reader) {
  static const field_rule rules[] = {{"create", TYPE(TEXT) | FIELD_NEEDED},
                                     {"insert", TYPE(MAP) | FIELD_NEEDED},
                                     {"applied", TYPE(MAP) | FIELD_NEEDED},
                                     {"runs", TYPE(MAP) | FIELD_NEEDED},
                                     {"take", TYPE(MAP)},
                                     {"uses", TYPE(MAP)}};
  static const field_rule query[] = {{"sql", TYPE(TEXT) | FIELD_NEEDED},
                                     {"params", TYPE(LIST)}};
  static const char *const parts[] = {"insert", "applied", "runs", "take",
                                      "uses"};
  const node *ledger = field_map(reader->from->map, "ledger");
  if (!ledger)
    return;
  FIELDS_CHECK(reader, ledger, "ledger", rules);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const node *part = field_map(ledger, parts[i]);
    if (part)
      FIELDS_CHECK(reader, part, parts[i], query);
  }
}

static void check_guard(stdlib_reader *reader) {
  static const field_rule rules[] = {{"sql", TYPE(TEXT) | FIELD_NEEDED},
                                     {"cancel", TYPE(TEXT) | FIELD_NEEDED}};
  const node *guard = field_map(reader->from->map, "guard");
  if (guard)
    FIELDS_CHECK(reader, guard, "guard", rules);
}

/* How each live metric is asked for; without `sql` it never is known. */
static void check_metrics(stdlib_reader *reader) {
  static const field_rule rules[] = {
      {"sql", TYPE(TEXT)},     {"params", TYPE(LIST)},
      {"needs", TYPE(TEXT)},   {"capability", TYPE(TEXT)},
      {"measure", TYPE(TEXT)}, {"unavailable", TYPE(TEXT)}};
  static const char *const measures[] = {"value", "rate", "latency", NULL};
  const node *metrics = field_map(reader->from->map, "metrics");
  for (size_t i = 0; metrics && i < metrics->map.count; i++) {
    const node_member *metric = &metrics->map.members[i];
    upk_type type;
    if (!ir_metric_find(metric->key, &type))
      stdlib_complain(reader, 1324, "has a metric that does not exist: `%.*s`",
                      UPK_FMT(metric->key));
    FIELDS_CHECK(reader, metric->value, "metrics", rules);
    if (metric->value->type != NODE_MAP)
      continue;
    if (node_find(metric->value, "measure"))
      field_word(reader, metric->value, "measure", measures, 0);
    if (!node_find(metric->value, "sql") &&
        !node_find(metric->value, "unavailable"))
      stdlib_complain(reader, 1322,
                      "gives the metric `%.*s` neither `sql` nor "
                      "`unavailable`",
                      UPK_FMT(metric->key));
  }
}

void define_engine(ir *ir, const stdlib_declaration *d) {
  static const field_rule rules[] = {{"name", TYPE(TEXT) | FIELD_NEEDED},
                                     {"capabilities", TYPE(MAP)},
                                     {"identity", TYPE(TEXT) | FIELD_NEEDED},
                                     {"counters", TYPE(TEXT)},
                                     {"session", TYPE(LIST)},
                                     {"ledger", TYPE(MAP) | FIELD_NEEDED},
                                     {"lock_conflicts", TYPE(MAP)},
                                     {"traffic_locks", TYPE(LIST)},
                                     {"settings", TYPE(LIST)},
                                     {"privileges", TYPE(MAP)},
                                     {"judged", TYPE(MAP)},
                                     {"guard", TYPE(MAP)},
                                     {"metrics", TYPE(MAP)},
                                     {"progress", TYPE(TEXT)},
                                     {"doc", TYPE(TEXT)}};
  stdlib_reader reader = stdlib_reader_of(ir, d, "engine");
  FIELDS_CHECK(&reader, d->map, "", rules);
  if (!field_name(&reader))
    return;
  if (!d->folder.data || !upk_str_equal(reader.name, d->folder)) {
    stdlib_complain(&reader, 1324, "does not stand in a folder of its name");
    return;
  }
  if (ir_engine_find(ir, reader.name)) {
    stdlib_complain(&reader, 1323, "is defined twice");
    return;
  }
  ir_engine *engine = UPK_NEW(ir->arena, ir_engine);
  if (!upk_dialect_find(reader.name, &engine->dialect)) {
    stdlib_complain(&reader, 1324, "is of no known dialect of SQL");
    return;
  }
  engine->name = reader.name;
  engine->definition = d->map;
  engine->identity_sql = field_text(d->map, "identity");
  engine->counters_sql = field_text(d->map, "counters");
  engine->session = field_names(&reader, d->map, "session");
  field_names(&reader, d->map, "settings"); /* texts: step/build.c reads it */
  define_capabilities(&reader, engine);
  check_ledger(&reader);
  check_guard(&reader);
  check_metrics(&reader);
  *UPK_PUSH(ir->arena, &ir->engines) = engine;
}

/* ---- kind ---- */

static void define_parents(stdlib_reader *reader, ir_kind *kind) {
  const node *map = field_map(reader->from->map, "parents");
  if (!map || !map->map.count)
    return;
  kind->parents = upk_arena_alloc(reader->ir->arena,
                                  sizeof *kind->parents * map->map.count);
  for (size_t i = 0; i < map->map.count; i++) {
    const node_member *member = &map->map.members[i];
    char key[64];
    if (member->value->type != NODE_LIST || member->key.len >= sizeof key) {
      stdlib_complain(reader, 1322,
                      "has a parent `%.*s` without a list of "
                      "columns",
                      UPK_FMT(member->key));
      continue;
    }
    memcpy(key, member->key.data, member->key.len);
    key[member->key.len] = '\0';
    kind->parents[kind->parent_count].kind = member->key;
    kind->parents[kind->parent_count++].keys = field_names(reader, map, key);
  }
}

void define_kind(ir *ir, const stdlib_declaration *d) {
  static const field_rule rules[] = {{"name", TYPE(TEXT) | FIELD_NEEDED},
                                     {"doc", TYPE(TEXT) | FIELD_NEEDED},
                                     {"keys", TYPE(LIST) | FIELD_NEEDED},
                                     {"single", TYPE(BOOL)},
                                     {"transient", TYPE(BOOL)},
                                     {"parents", TYPE(MAP)},
                                     {"engine", TYPE(TEXT)}};
  stdlib_reader reader = stdlib_reader_of(ir, d, "kind");
  FIELDS_CHECK(&reader, d->map, "", rules);
  if (!field_name(&reader))
    return;
  ir_engine *engine = declared_engine(&reader);
  if (!engine)
    return;
  if (ir_kind_find(engine, reader.name)) {
    stdlib_complain(&reader, 1323, "is defined twice");
    return;
  }
  ir_kind *kind = UPK_NEW(ir->arena, ir_kind);
  kind->name = reader.name;
  kind->path = d->path;
  kind->doc = field_text(d->map, "doc");
  kind->keys = field_names(&reader, d->map, "keys");
  kind->single = field_flag(d->map, "single");
  kind->transient = field_flag(d->map, "transient");
  if (!kind->keys.len || kind->keys.len > 8)
    stdlib_complain(&reader, 1322, "needs one to eight `keys`");
  define_parents(&reader, kind);
  *UPK_PUSH(ir->arena, &engine->kinds) = kind;
}

/* ---- collector ---- */

/* Places of an attribute: { "size", "bytes", "size on disk", ... }. */
static const field_rule attribute_rules[] = {
    {"1", TYPE(TEXT) | FIELD_NEEDED}, {"2", TYPE(TEXT) | FIELD_NEEDED},
    {"3", TYPE(TEXT) | FIELD_NEEDED}, {"reason", TYPE(BOOL)},
    {"parameter", TYPE(TEXT)},        {"unit", TYPE(TEXT)},
    {"counter", TYPE(TEXT)}};

static void add_column(ir *ir, ir_collector *collector, upk_type **types,
                       upk_str name, upk_type type) {
  (*types)[collector->columns.len] = type;
  *UPK_PUSH(ir->arena, &collector->columns) = name;
}

static ir_counter counter_of(stdlib_reader *reader, const node *row) {
  static const char *const words[] = {"no", "total", "level", NULL};
  return (ir_counter)field_word(reader, row, "counter", words, IR_COUNTER_NO);
}

static void add_attribute(stdlib_reader *reader, ir_collector *collector,
                          const node *row, upk_str name, upk_type type) {
  ir_kind *kind = collector->kind;
  bool key = names_have(&kind->keys, name);
  if (ir_attribute_find(kind, name)) {
    if (!key)
      stdlib_complain(reader, 1323,
                      "defines the attribute `%.*s` of kind "
                      "`%.*s` a second time",
                      UPK_FMT(name), UPK_FMT(kind->name));
    return;
  }
  *UPK_PUSH(reader->ir->arena, &kind->attributes) = (ir_attribute){
      .name = name,
      .type = type,
      .doc = field_text(row, "3"),
      .unit_note = field_text(row, "unit"),
      .parametric = node_find(row, "parameter") != NULL,
      .counter = counter_of(reader, row),
      .collector = collector,
  };
}

/* A list of three texts as a map with places, so that one reader does. */
static const node *as_places(ir *ir, const node *row) {
  static const char *const places[] = {"1", "2", "3", "4"};
  if (row->type != NODE_LIST || !row->list.count || row->list.count > 4)
    return row;
  node *map = UPK_NEW(ir->arena, node);
  map->type = NODE_MAP;
  map->span = map->text_span = row->span;
  map->map.count = row->list.count;
  map->map.members = UPK_NEW_ARRAY(ir->arena, node_member, row->list.count);
  for (size_t i = 0; i < row->list.count; i++)
    map->map.members[i] =
        (node_member){upk_str_from(places[i]), row->span, row->list.items[i]};
  return map;
}

static void define_attribute(stdlib_reader *reader, ir_collector *collector,
                             upk_type **types, const node *given) {
  const node *row = as_places(reader->ir, given);
  FIELDS_CHECK(reader, row, "attributes", attribute_rules);
  upk_str name = field_text(row, "1"), word = field_text(row, "2");
  upk_type type = UPK_TYPE_NULL;
  if (!name.data || !word.data)
    return;
  if (!upk_type_find(word, &type) || type == UPK_TYPE_NULL) {
    stdlib_complain(reader, 1324,
                    "gives `%.*s` a type that does not exist: "
                    "`%.*s`",
                    UPK_FMT(name), UPK_FMT(word));
    return;
  }
  if (!is_plain_name(name) || names_have(&collector->columns, name)) {
    stdlib_complain(reader, 1323, "has two columns `%.*s`, or no plain name",
                    UPK_FMT(name));
    return;
  }
  add_column(reader->ir, collector, types, name, type);
  if (field_flag(row, "reason"))
    add_column(
        reader->ir, collector, types,
        upk_arena_printf(reader->ir->arena, "%.*s.reason", UPK_FMT(name)),
        UPK_TYPE_TEXT);
  add_attribute(reader, collector, row, name, type);
}

static void define_attributes(stdlib_reader *reader, ir_collector *collector) {
  const node *list = field_list(reader->from->map, "attributes");
  if (!list)
    return;
  upk_type *types =
      UPK_NEW_ARRAY(reader->ir->arena, upk_type, list->list.count * 2 + 1);
  for (size_t i = 0; i < list->list.count; i++) {
    stdlib_point(reader, list->list.items[i]);
    define_attribute(reader, collector, &types, list->list.items[i]);
  }
  stdlib_point(reader, NULL);
  collector->column_types = types;
}

/* Keys must be there to join by; a parametric one stands alone. */
static void check_columns(stdlib_reader *reader, ir_collector *collector) {
  const ir_kind *kind = collector->kind;
  size_t parametric = 0, others = 0;
  for (size_t i = 0; i < kind->keys.len; i++)
    if (!names_have(&collector->columns, kind->keys.items[i]))
      stdlib_complain(reader, 1324, "lacks the key `%.*s` of kind `%.*s`",
                      UPK_FMT(kind->keys.items[i]), UPK_FMT(kind->name));
  for (size_t i = 0; i < collector->filter_keys.len; i++)
    if (!names_have(&collector->columns, collector->filter_keys.items[i]))
      stdlib_complain(reader, 1324,
                      "filters by `%.*s`, which is none of its "
                      "columns",
                      UPK_FMT(collector->filter_keys.items[i]));
  for (size_t i = 0; i < kind->attributes.len; i++) {
    const ir_attribute *attribute = &kind->attributes.items[i];
    if (attribute->collector != collector)
      continue;
    if (attribute->parametric)
      parametric++;
    else if (!names_have(&kind->keys, attribute->name))
      others++;
  }
  if (parametric > 1 || (parametric && others))
    stdlib_complain(reader, 1322,
                    "has an attribute with a parameter beside "
                    "others: it needs a collector of its own");
}

static ir_kind *declared_kind(stdlib_reader *reader, const ir_engine *engine) {
  upk_str name = field_text(reader->from->map, "kind");
  ir_kind *kind = ir_kind_find(engine, name);
  if (kind)
    return kind;
  upk_diag *diag = stdlib_complain(
      reader, 1324, "is of a kind that does not exist: `%.*s`", UPK_FMT(name));
  ir_names names = {0};
  for (size_t i = 0; i < engine->kinds.len; i++)
    *UPK_PUSH(reader->ir->arena, &names) = engine->kinds.items[i]->name;
  upk_diag_suggest(reader->ir->diags, diag, name, names.items, names.len);
  return NULL;
}

static bool collector_exists(const ir_engine *engine, upk_str name) {
  for (size_t i = 0; i < engine->collectors.len; i++)
    if (upk_str_equal(engine->collectors.items[i]->name, name))
      return true;
  return false;
}

void define_collector(ir *ir, const stdlib_declaration *d) {
  static const field_rule rules[] = {{"name", TYPE(TEXT) | FIELD_NEEDED},
                                     {"kind", TYPE(TEXT) | FIELD_NEEDED},
                                     {"cost", TYPE(TEXT) | FIELD_NEEDED},
                                     {"attributes", TYPE(LIST) | FIELD_NEEDED},
                                     {"filter", TYPE(TEXT)},
                                     {"filter_keys", TYPE(LIST)},
                                     {"variants", TYPE(LIST) | FIELD_NEEDED},
                                     {"unavailable", TYPE(TEXT)},
                                     {"engine", TYPE(TEXT)},
                                     {"doc", TYPE(TEXT)}};
  static const char *const costs[] = {"cheap", "measured", "reading", NULL};
  stdlib_reader reader = stdlib_reader_of(ir, d, "collector");
  FIELDS_CHECK(&reader, d->map, "", rules);
  ir_engine *engine = field_name(&reader) ? declared_engine(&reader) : NULL;
  ir_kind *kind = engine && node_find(d->map, "kind")
                      ? declared_kind(&reader, engine)
                      : NULL;
  if (!kind)
    return;
  if (collector_exists(engine, reader.name)) {
    stdlib_complain(&reader, 1323, "is defined twice");
    return;
  }
  ir_collector *collector = UPK_NEW(ir->arena, ir_collector);
  collector->name = reader.name;
  collector->path = d->path;
  collector->kind = kind;
  int cost = field_word(&reader, d->map, "cost", costs, 0);
  collector->measured = cost > 0;
  collector->reading = cost == 2;
  collector->filter = field_text(d->map, "filter");
  collector->filter_keys = field_names(&reader, d->map, "filter_keys");
  collector->unavailable = field_text(d->map, "unavailable");
  define_attributes(&reader, collector);
  check_columns(&reader, collector);
  define_variants(&reader, engine, collector);
  if (reader.failed)
    return;
  *UPK_PUSH(ir->arena, &kind->collectors) = collector;
  *UPK_PUSH(ir->arena, &engine->collectors) = collector;
}

/* ---- what only history knows ---- */

static bool has_trend(const ir_attribute *attribute) {
  upk_type type = attribute->type;
  return !attribute->parametric &&
         (type == UPK_TYPE_INT || type == UPK_TYPE_BYTES ||
          type == UPK_TYPE_RATIO || type == UPK_TYPE_DURATION);
}

static ir_collector *history_of(ir *ir, ir_kind *kind) {
  ir_collector *collector = UPK_NEW(ir->arena, ir_collector);
  collector->name = UPK_STR("history");
  collector->path = kind->path;
  collector->kind = kind;
  collector->unavailable = UPK_STR("there is no history of it");
  return collector;
}

static void add_trends(ir *ir, ir_kind *kind) {
  ir_collector *history = history_of(ir, kind);
  for (size_t i = 0; i < kind->attributes.len; i++) {
    const ir_attribute *of = &kind->attributes.items[i];
    upk_str name = upk_arena_printf(ir->arena, "%.*s_trend", UPK_FMT(of->name));
    if (!has_trend(of) || ir_attribute_find(kind, name))
      continue;
    *UPK_PUSH(ir->arena, &kind->trends) = (ir_attribute){
        .name = name,
        .type = of->type == UPK_TYPE_BYTES ? UPK_TYPE_BYTE_RATE : UPK_TYPE_RATE,
        .doc = upk_arena_printf(
            ir->arena, "how much %.*s grew a day, by the state store's samples",
            UPK_FMT(of->name)),
        .history = true,
        .collector = history,
    };
  }
}

void define_trends(ir *ir) {
  for (size_t i = 0; i < ir->engines.len; i++)
    for (size_t j = 0; j < ir->engines.items[i]->kinds.len; j++)
      if (!ir->engines.items[i]->kinds.items[j]->transient)
        add_trends(ir, ir->engines.items[i]->kinds.items[j]);
}
