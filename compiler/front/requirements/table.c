/* Tables: the header names the columns, or the first column the keys. */
#include "front/requirements/private.h"

enum { COLUMNS_MAX = 64 };

typedef enum role {
  ROLE_UNKNOWN,
  ROLE_KEY,    /* names requirements */
  ROLE_VALUE,  /* their values */
  ROLE_UNIT,   /* belongs to the value */
  ROLE_NOTE,   /* a remark */
  ROLE_OBJECT, /* a database, a service */
  ROLE_TABLE,  /* a table */
} role;

static const struct {
  const char *words;
  role role;
} roles[] = {
    {"requirement", ROLE_KEY},    {"item", ROLE_KEY},
    {"metric", ROLE_KEY},         {"key", ROLE_KEY},
    {"parameter", ROLE_KEY},      {"setting", ROLE_KEY},
    {"property", ROLE_KEY},       {"attribute", ROLE_KEY},
    {"topic", ROLE_KEY},          {"area", ROLE_KEY},
    {"constraint", ROLE_KEY},     {"what", ROLE_KEY},
    {"indicator", ROLE_KEY},      {"sli", ROLE_KEY},
    {"measure", ROLE_KEY},        {"aspect", ROLE_KEY},
    {"quality", ROLE_KEY},        {"value", ROLE_VALUE},
    {"target", ROLE_VALUE},       {"limit", ROLE_VALUE},
    {"objective", ROLE_VALUE},    {"goal", ROLE_VALUE},
    {"threshold", ROLE_VALUE},    {"slo", ROLE_VALUE},
    {"sla", ROLE_VALUE},          {"required", ROLE_VALUE},
    {"agreed", ROLE_VALUE},       {"target value", ROLE_VALUE},
    {"agreed value", ROLE_VALUE}, {"unit", ROLE_UNIT},
    {"note", ROLE_NOTE},          {"comment", ROLE_NOTE},
    {"why", ROLE_NOTE},           {"reason", ROLE_NOTE},
    {"legal basis", ROLE_NOTE},   {"law", ROLE_NOTE},
    {"rationale", ROLE_NOTE},     {"description", ROLE_NOTE},
    {"remark", ROLE_NOTE},        {"source", ROLE_NOTE},
    {"owner", ROLE_NOTE},         {"reference", ROLE_NOTE},
    {"contact", ROLE_NOTE},       {"detail", ROLE_NOTE},
    {"status", ROLE_NOTE},        {"priority", ROLE_NOTE},
    {"database", ROLE_OBJECT},    {"db", ROLE_OBJECT},
    {"service", ROLE_OBJECT},     {"system", ROLE_OBJECT},
    {"application", ROLE_OBJECT}, {"app", ROLE_OBJECT},
    {"cluster", ROLE_OBJECT},     {"instance", ROLE_OBJECT},
    {"server", ROLE_OBJECT},      {"table", ROLE_TABLE},
    {"relation", ROLE_TABLE},     {"table name", ROLE_TABLE},
    {"data", ROLE_TABLE},         {"dataset", ROLE_TABLE},
    {"data set", ROLE_TABLE},     {"object", ROLE_TABLE},
    {"entity", ROLE_TABLE},
};

typedef struct column {
  role role;
  int key;  /* -1: none */
  int part; /* -1: none */
} column;

typedef struct table {
  reader *r;
  const setting *at;
  const md_block *header;
  column columns[COLUMNS_MAX];
  size_t count;
} table;

static role role_of(reader *r, upk_str text) {
  upk_str normal = key_normal(r, text);
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
    if (upk_str_is(normal, roles[i].words))
      return roles[i].role;
  return ROLE_UNKNOWN;
}

static void read_header(table *t) {
  t->count =
      t->header->cell_count < COLUMNS_MAX ? t->header->cell_count : COLUMNS_MAX;
  for (size_t i = 0; i < t->count; i++) {
    upk_str text = t->header->cells[i].text;
    t->columns[i] = (column){role_of(t->r, text), key_find(t->r, text),
                             part_find(t->r, text)};
    if (t->columns[i].key >= KEY_IGNORED)
      t->columns[i].key = -1;
  }
}

static piece cell(const md_block *row, size_t column) {
  static const uint32_t none[1];
  static const md_text empty = {{"", 0}, none};
  return column < row->cell_count ? piece_whole(&row->cells[column])
                                  : piece_whole(&empty);
}

static size_t column_with(const table *t, role wanted, size_t otherwise) {
  for (size_t i = 0; i < t->count; i++)
    if (t->columns[i].role == wanted)
      return i;
  return otherwise;
}

/* ---- windows and blackouts, a row each ---- */

static size_t count_parts(const table *t) {
  size_t count = 0;
  for (size_t i = 0; i < t->count; i++)
    count += t->columns[i].part >= 0 && t->columns[i].part != PART_NAME;
  return count;
}

static bool begins_with_date(reader *r, piece text) {
  cursor c = tokens_of(r, text.text);
  day_date d;
  return take_date(&c, &d);
}

static void read_when_row(table *t, const md_block *row, int key) {
  piece parts[PART_COUNT] = {0};
  setting inner = *t->at;
  for (size_t i = 0; i < t->count; i++) {
    const column *c = &t->columns[i];
    piece text = cell(row, i);
    bool name = c->part == PART_NAME || c->key == IR_REQUIREMENT_windows ||
                c->key == IR_REQUIREMENT_blackouts;
    if (!text.text.len)
      continue;
    if (c->role == ROLE_OBJECT && target_named(t->r, text.text).data)
      inner.target = target_named(t->r, text.text);
    else if (name)
      parts[PART_NAME] = text;
    else if (c->part >= 0)
      parts[c->part] = text;
  }
  if (key < 0)
    key = begins_with_date(t->r, parts[PART_START]) ? IR_REQUIREMENT_blackouts
                                                    : IR_REQUIREMENT_windows;
  inner.several = true;
  (void)read_parts(t->r, (ir_requirement_key)key, &inner, parts);
}

/* Whether the rows are windows or blackouts; *ret_key: which, -1: their cells
 * say. */
static bool is_when(const table *t, int *ret_key) {
  size_t parts = count_parts(t);
  bool context = t->at->key == IR_REQUIREMENT_windows ||
                 t->at->key == IR_REQUIREMENT_blackouts;
  *ret_key = context ? t->at->key : -1;
  for (size_t i = 0; i < t->count && *ret_key < 0; i++)
    if (t->columns[i].key == IR_REQUIREMENT_windows ||
        t->columns[i].key == IR_REQUIREMENT_blackouts)
      *ret_key = t->columns[i].key;
  return parts >= 2 || (parts >= 1 && context);
}

/* ---- a row for each database or table ---- */

static bool is_yes(upk_str text) {
  static const char *const words[] = {
      "yes",          "y",           "true", "x", "protected", "\xe2\x9c\x93",
      "\xe2\x9c\x94", "\xe2\x9c\x85"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (word_is(text, words[i]))
      return true;
  return false;
}

static bool is_nothing(upk_str text) {
  static const char *const words[] = {"",      "-",    "no",  "n",
                                      "false", "none", "n/a", "na"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (word_is(text, words[i]))
      return true;
  return false;
}

static void read_cell(table *t, const setting *at, int key, piece name,
                      piece value) {
  setting inner = *at;
  inner.key = key;
  if (is_nothing(value.text))
    return;
  if (key == IR_REQUIREMENT_protected && is_yes(value.text))
    value = name;
  if (!read_value(t->r, (ir_requirement_key)key, &inner, value))
    unread(t->r, value, key, NULL);
}

/* False when the row is about something that is no target. */
static bool take_scope(table *t, piece name, setting *at) {
  static const char *const all[] = {
      "all", "*", "default", "any", "every", "all databases", "everything", ""};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (word_is(name.text, all[i]))
      return true;
  at->target = target_named(t->r, name.text);
  if (at->target.data)
    return true;
  if (t->r->quiet)
    return false;
  size_t count = t->r->ir->project.targets.len;
  upk_str *names = UPK_NEW_ARRAY(t->r->ir->arena, upk_str, count + 1);
  for (size_t i = 0; i < count; i++)
    names[i] = t->r->ir->project.targets.items[i].name;
  upk_diag *diag =
      upk_diag_add(t->r->ir->diags, 1615, piece_span(t->r, name),
                   "`%.*s` is no target of the project: its row is not read",
                   UPK_FMT(node_clip(name.text)));
  upk_diag_suggest(t->r->ir->diags, diag, name.text, names, count);
  return false;
}

static void read_object_row(table *t, const md_block *row, size_t object) {
  setting inner = *t->at;
  piece name = cell(row, object);
  bool tables = t->columns[object].role == ROLE_TABLE;
  if (tables)
    inner.name = name.text;
  else if (!take_scope(t, name, &inner))
    return;
  for (size_t i = 0; i < t->count; i++) {
    int key = t->columns[i].key;
    if (i == object || t->columns[i].role == ROLE_NOTE)
      continue;
    if (t->at->key >= 0 && t->at->key != KEY_IGNORED &&
        (key < 0 || key == IR_REQUIREMENT_availability_period))
      key = t->columns[i].role == ROLE_VALUE || t->count == 2 ||
                    key == IR_REQUIREMENT_availability_period
                ? t->at->key
                : -1;
    if (key >= 0)
      read_cell(t, &inner, key, name, cell(row, i));
  }
}

static bool has_keys(const table *t, size_t object) {
  bool context = t->at->key >= 0 && t->at->key != KEY_IGNORED;
  for (size_t i = 0; i < t->count; i++)
    if (i != object &&
        (t->columns[i].key >= 0 ||
         (context && (t->columns[i].role == ROLE_VALUE || t->count == 2))))
      return true;
  return false;
}

/* ---- a row for each requirement ---- */

static void read_key_row(table *t, const md_block *row, size_t key_column,
                         size_t value_column) {
  piece key = cell(row, key_column), parts[3];
  size_t count = 0;
  parts[count++] = cell(row, value_column);
  for (size_t i = 0; i < t->count && count < 3; i++)
    if (i != value_column && i != key_column && cell(row, i).text.len &&
        (t->columns[i].role == ROLE_UNIT ||
         t->columns[i].key == IR_REQUIREMENT_availability_period ||
         t->columns[i].part == PART_ZONE))
      parts[count++] = cell(row, i);
  if (!key.text.len || is_nothing(parts[0].text))
    return;
  const md_text *value =
      count > 1 ? piece_join(t->r, parts, count) : parts[0].of;
  const piece line[] = {key, {key.of, UPK_STR(":")}, piece_whole(value)};
  (void)read_statement(t->r, t->at, piece_whole(piece_join(t->r, line, 3)),
                       true);
}

static void say_columns(table *t, size_t key_column, size_t value_column) {
  for (size_t i = 0; i < t->count; i++)
    if (i != key_column && i != value_column &&
        t->columns[i].role == ROLE_UNKNOWN && t->columns[i].key < 0 &&
        t->columns[i].part < 0 && t->header->cells[i].text.len)
      unknown_key(t->r, piece_whole(&t->header->cells[i]));
}

/* "What | Keep for": with nothing but retention beside it, the first column
 * names tables, whatever it is called. */
static bool names_data(const table *t) {
  bool kept = false;
  for (size_t i = 1; i < t->count; i++) {
    if (t->columns[i].role == ROLE_VALUE)
      return false;
    kept = kept || t->columns[i].key == IR_REQUIREMENT_retention;
  }
  return kept && t->columns[0].key < 0 &&
         (t->columns[0].role == ROLE_KEY || t->columns[0].role == ROLE_UNKNOWN);
}

static void read_rows(table *t, size_t first, size_t end) {
  const md_block *blocks = t->r->doc.blocks.items;
  size_t object = column_with(t, ROLE_OBJECT, SIZE_MAX), key_column, value;
  int when;
  if (object == SIZE_MAX)
    object = column_with(t, ROLE_TABLE, SIZE_MAX);
  if (object == SIZE_MAX && names_data(t)) {
    t->columns[0].role = ROLE_TABLE;
    object = 0;
  }
  if (object == SIZE_MAX && t->count > 1 && t->columns[0].role == ROLE_VALUE &&
      has_keys(t, 0)) /* "Target | Availability": of upkeep.yaml */
    object = 0;
  if (is_when(t, &when)) {
    for (size_t i = first; i < end; i++)
      read_when_row(t, &blocks[i], when);
    return;
  }
  if (object != SIZE_MAX && has_keys(t, object)) {
    say_columns(t, object, SIZE_MAX);
    for (size_t i = first; i < end; i++)
      read_object_row(t, &blocks[i], object);
    return;
  }
  key_column = column_with(t, ROLE_KEY, 0);
  value = column_with(t, ROLE_VALUE, key_column == 0 ? 1 : 0);
  if (value == key_column)
    value = key_column + 1;
  say_columns(t, key_column, value);
  /* A table whose first row already is one. */
  if (t->columns[0].key >= 0 && t->count == 2 &&
      t->columns[1].role == ROLE_UNKNOWN && t->columns[1].key < 0)
    read_key_row(t, t->header, 0, 1);
  for (size_t i = first; i < end; i++)
    read_key_row(t, &blocks[i], key_column, value);
}

void read_table(reader *r, const setting *at, size_t first, size_t end) {
  table t = {.r = r, .at = at, .header = &r->doc.blocks.items[first]};
  if (!t.header->header)
    return;
  read_header(&t);
  read_rows(&t, first + 1, end);
}
