/* Checks, statements, locks and estimates out of nodes. */
#include "step/convert.h"

#include <stdio.h>
#include <stdlib.h>

#include "expr.h"

/* ---- words and scalars ---- */

void convert_refuse(convert *c, const node *at, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char words[512];
  (void)vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  c->failed = true;
  upk_span span = c->user && at && at->span.line ? at->span : c->span;
  upk_diag *diag = upk_diag_add(c->diags, c->code, span, "%.*s: %s",
                                UPK_FMT(c->subject), words);
  if (c->step.data)
    upk_diag_note(c->diags, diag, "It was asked for step %.*s.",
                  UPK_FMT(c->step));
}

static bool is_text(const node *value) {
  return value->type == NODE_TEXT || value->type == NODE_PLAIN;
}

/* Borrowed; absent after a diagnostic. */
static upk_str text_of(convert *c, const node *value, const char *what) {
  if (value && is_text(value) && value->text.len)
    return value->text;
  convert_refuse(c, value, "%s must be a text%s%s", what,
                 value ? ", not " : ", and is missing",
                 value ? node_describe(value) : "");
  return UPK_NO_STR;
}

static upk_str keep_text(convert *c, upk_str text) {
  convert_memory *memory = c->memory;
  if (!memory)
    return upk_arena_copy(c->arena, text);
  size_t at = memory->text++;
  if (at == memory->texts.len)
    *UPK_PUSH(c->arena, &memory->texts) = upk_arena_copy(c->arena, text);
  else if (!upk_str_equal(memory->texts.items[at], text))
    memory->texts.items[at] = upk_arena_copy(c->arena, text);
  return memory->texts.items[at];
}

upk_str convert_text(convert *c, const node *value, const char *what) {
  upk_str text = text_of(c, value, what);
  return text.data ? keep_text(c, text) : text;
}

/* What a plain scalar of YAML says by itself. */
node convert_scalar(const node *value) {
  node copy = *value;
  if (value->type != NODE_PLAIN)
    return copy;
  int64_t number = 0;
  size_t at = 0;
  bool minus = value->text.len > 1 && value->text.data[0] == '-';
  bool digits = value->text.len > (size_t)minus && value->text.len < 19;
  for (at = minus; digits && at < value->text.len; at++) {
    char digit = value->text.data[at];
    digits = digit >= '0' && digit <= '9';
    number = number * 10 + (digit - '0');
  }
  copy.type = NODE_TEXT;
  if (digits) {
    copy.type = NODE_INT;
    copy.integer = minus ? -number : number;
  } else if (upk_str_is(value->text, "true") ||
             upk_str_is(value->text, "false")) {
    copy.type = NODE_BOOL;
    copy.boolean = upk_str_is(value->text, "true");
  } else if (node_is_null(value)) {
    copy.type = NODE_NULL;
  }
  return copy;
}

int64_t convert_int(convert *c, const node *value, const char *what) {
  node number = convert_scalar(value);
  if (number.type == NODE_INT && number.integer >= 0)
    return number.integer;
  convert_refuse(c, value, "%s must be an integer that is not negative, not %s",
                 what,
                 number.type == NODE_INT ? "below 0" : node_describe(value));
  return 0;
}

bool convert_keys(convert *c, const node *map, const char *what,
                  const char *const *keys) {
  /* Lua cannot tell an empty map from an empty list. */
  if (map && map->type == NODE_LIST && !map->list.count)
    return true;
  if (!map || map->type != NODE_MAP) {
    convert_refuse(c, map, "%s must be a table%s%s", what,
                   map ? ", not " : ", and is missing",
                   map ? node_describe(map) : "");
    return false;
  }
  for (size_t i = 0; i < map->map.count; i++) {
    bool known = false;
    for (size_t j = 0; keys[j] && !known; j++)
      known = upk_str_is(map->map.members[i].key, keys[j]);
    if (!known)
      convert_refuse(c, map->map.members[i].value,
                     "%s has an unknown key `%.*s`", what,
                     UPK_FMT(map->map.members[i].key));
  }
  return true;
}

bool convert_is_list(convert *c, const node *value, const char *what) {
  if (value->type == NODE_LIST)
    return true;
  /* An empty table of Lua is no list yet. */
  if (value->type == NODE_MAP && !value->map.count)
    return false;
  convert_refuse(c, value, "%s must be a list, not %s", what,
                 node_describe(value));
  return false;
}

void convert_names(convert *c, const node *value, const char *what,
                   ir_names *names) {
  if (!value || !convert_is_list(c, value, what) || !value->list.count)
    return;
  names->items = UPK_NEW_ARRAY(c->arena, upk_str, value->list.count);
  names->cap = value->list.count;
  for (size_t i = 0; i < value->list.count; i++)
    names->items[names->len++] = convert_text(c, value->list.items[i], what);
}

const node *convert_copy(upk_arena *arena, const node *value) {
  node *copy = UPK_NEW(arena, node);
  *copy = convert_scalar(value);
  if (copy->type == NODE_TEXT) {
    copy->text = upk_arena_copy(arena, value->text);
  } else if (copy->type == NODE_LIST) {
    size_t count = value->list.count;
    copy->list.items = UPK_NEW_ARRAY(arena, node *, count ? count : 1);
    for (size_t i = 0; i < count; i++) {
      node *item = UPK_NEW(arena, node);
      *item = *convert_copy(arena, value->list.items[i]);
      copy->list.items[i] = item;
    }
  } else if (copy->type == NODE_MAP) {
    size_t count = value->map.count;
    copy->map.members = UPK_NEW_ARRAY(arena, node_member, count ? count : 1);
    for (size_t i = 0; i < count; i++) {
      node *item = UPK_NEW(arena, node);
      *item = *convert_copy(arena, value->map.members[i].value);
      copy->map.members[i] = value->map.members[i];
      copy->map.members[i].key =
          upk_arena_copy(arena, value->map.members[i].key);
      copy->map.members[i].value = item;
    }
  }
  return copy;
}

/* ---- parameters of SQL ---- */

/* What `from` may name of the step itself: docs/formats.md, "A statement". */
static bool from_known(upk_str from) {
  static const char *const step_values[] = {
      "id",       "action",    "object",  "kind",       "run",
      "attempt",  "plan",      "digest",  "started_at", "finished_at",
      "log_head", "statement", "outcome", NULL};
  upk_str column;
  upk_str first = upk_str_split(from, '.', &column);
  if (!column.len)
    return false;
  if (!upk_str_is(first, "step"))
    return first.len > 0; /* before.x, or what a statement returned */
  for (size_t i = 0; step_values[i]; i++)
    if (upk_str_is(column, step_values[i]))
      return true;
  return false;
}

static void check_param(convert *c, const node *param, const char *what) {
  if (param->type == NODE_LIST || param->type == NODE_FUNCTION) {
    convert_refuse(c, param, "%s must be scalars or {from = ..}, not %s", what,
                   node_describe(param));
    return;
  }
  if (param->type != NODE_MAP)
    return;
  static const char *const keys[] = {"from", NULL};
  convert_keys(c, param, what, keys);
  const node *from = node_find(param, "from");
  upk_str text = text_of(c, from, "`from`");
  if (text.data && !from_known(text))
    convert_refuse(c, from, "`from` knows no `%.*s`", UPK_FMT(text));
}

static bool same_scalar(const node *a, const node *b) {
  if (a->type != b->type)
    return false;
  if (a->type == NODE_TEXT)
    return upk_str_equal(a->text, b->text);
  if (a->type == NODE_BOOL)
    return a->boolean == b->boolean;
  return a->type == NODE_NULL ||
         (a->type == NODE_INT && a->integer == b->integer);
}

static bool same_param(const node *kept, const node *param) {
  if (kept->type != NODE_MAP || param->type != NODE_MAP)
    return same_scalar(kept, param);
  return kept->map.count == 1 && param->map.count == 1 &&
         same_scalar(kept->map.members[0].value, param->map.members[0].value);
}

static const node *keep_param(convert *c, const node *param) {
  convert_memory *memory = c->memory;
  if (!memory)
    return convert_copy(c->arena, param);
  size_t at = memory->param++;
  if (at == memory->params.len)
    *UPK_PUSH(c->arena, &memory->params) = convert_copy(c->arena, param);
  else if (!same_param(memory->params.items[at], param))
    memory->params.items[at] = convert_copy(c->arena, param);
  return memory->params.items[at];
}

const node **convert_params(convert *c, const node *list, const char *what,
                            size_t *ret_count) {
  *ret_count = 0;
  if (!list || !convert_is_list(c, list, what) || !list->list.count)
    return NULL;
  const node **items = UPK_NEW_ARRAY(c->arena, const node *, list->list.count);
  for (size_t i = 0; i < list->list.count; i++) {
    check_param(c, list->list.items[i], what);
    items[(*ret_count)++] = keep_param(c, list->list.items[i]);
  }
  return items;
}

/* ---- checks ---- */

upk_str convert_word(convert *c, const node *value, const char *what,
                     const char *const *words) {
  upk_str text = text_of(c, value, what);
  for (size_t i = 0; text.data && words[i]; i++)
    if (upk_str_is(text, words[i]))
      return upk_str_from(words[i]);
  if (text.data)
    convert_refuse(c, value, "%s cannot be `%.*s`", what, UPK_FMT(text));
  return UPK_NO_STR;
}

/* The same text stands in thousands of steps: parsed once. */
static void check_expect(convert *c, const node *at, upk_str text) {
  uint64_t known;
  if (!text.data || (c->texts && upk_map_find(c->texts, text, &known)))
    return;
  upk_span origin = c->user && at->span.line ? at->text_span : c->span;
  if (!upk_expr_parses(c->arena, text, origin, c->diags))
    c->failed = true;
  else if (c->texts)
    upk_map_put(c->texts, text, 1);
}

static void check_columns(convert *c, const node *map, ir_check *check) {
  if (!map || (map->type == NODE_LIST && !map->list.count))
    return;
  if (map->type != NODE_MAP) {
    convert_refuse(c, map, "`columns` must be a table of types, not %s",
                   node_describe(map));
    return;
  }
  size_t count = map->map.count;
  check->columns.items =
      upk_arena_alloc(c->arena, count * sizeof *check->columns.items);
  check->columns.cap = count;
  for (size_t i = 0; i < count; i++) {
    const node_member *member = &map->map.members[i];
    upk_type type = UPK_TYPE_NULL;
    upk_str name = text_of(c, member->value, "a column's type");
    if (name.data && !upk_type_find(name, &type))
      convert_refuse(c, member->value, "there is no type `%.*s`",
                     UPK_FMT(name));
    check->columns.items[check->columns.len].name = keep_text(c, member->key);
    check->columns.items[check->columns.len++].type = type;
  }
}

ir_check convert_check(convert *c, const node *value, const char *what,
                       bool is_pre) {
  static const char *const keys[] = {
      "name",    "sql",       "params", "expect",     "otherwise", "rows",
      "columns", "within_ms", "exec",   "timeout_ms", "env",       NULL};
  static const char *const others[] = {"skip", "fail", "retry", NULL};
  static const char *const rows[] = {"first", "every", "none", NULL};
  ir_check check = {0};
  if (!convert_keys(c, value, what, keys))
    return check;
  const node *part;
  if (!is_pre && node_find(value, "exec"))
    check.exec = convert_exec(c, value);
  else
    check.sql = convert_text(c, node_find(value, "sql"), "a check's `sql`");
  check.name = (part = node_find(value, "name"))
                   ? convert_text(c, part, "a check's `name`")
                   : UPK_STR("own");
  if ((part = node_find(value, "rows")))
    check.rows = convert_word(c, part, "`rows`", rows);
  part = node_find(value, "expect");
  if (part || !upk_str_is(check.rows, "none")) {
    check.expect = convert_text(c, part, "a check's `expect`");
    check_expect(c, part, check.expect);
  }
  if ((part = node_find(value, "otherwise")))
    check.otherwise = convert_word(c, part, "`otherwise`", others);
  else if (is_pre)
    check.otherwise = UPK_STR("fail");
  if ((part = node_find(value, "within_ms")))
    check.within_ms = convert_int(c, part, "`within_ms`");
  check.params.items = convert_params(c, node_find(value, "params"), "`params`",
                                      &check.params.len);
  check.params.cap = check.params.len;
  check_columns(c, node_find(value, "columns"), &check);
  return check;
}

ir_statement convert_statement(convert *c, const node *value,
                               const char *what) {
  static const char *const keys[] = {
      "sql",     "params",     "returns", "catch",       "exec", "env",
      "success", "timeout_ms", "batch",   "transaction", "file", NULL};
  ir_statement statement = {0};
  if (value && is_text(value)) {
    statement.sql = convert_text(c, value, what);
    return statement;
  }
  if (!convert_keys(c, value, what, keys))
    return statement;
  const node *part;
  if (node_find(value, "batch")) {
    statement.batch = convert_batch(c, value);
    return statement;
  }
  if (node_find(value, "exec"))
    statement.exec = convert_exec(c, value);
  else
    statement.sql = convert_text(c, node_find(value, "sql"), "`sql`");
  if ((part = node_find(value, "file"))) {
    if (statement.exec)
      convert_refuse(c, part, "a program takes no `file`");
    statement.file = convert_file(c, part);
  }
  if ((part = node_find(value, "returns")))
    statement.returns = convert_text(c, part, "`returns`");
  if ((part = node_find(value, "transaction"))) {
    node flag = convert_scalar(part);
    if (flag.type != NODE_BOOL)
      convert_refuse(c, part, "`transaction` must be true or false, not %s",
                     node_describe(part));
    statement.no_transaction = flag.type == NODE_BOOL && !flag.boolean;
  }
  convert_names(c, node_find(value, "catch"), "`catch`", &statement.catches);
  statement.params.items = convert_params(c, node_find(value, "params"),
                                          "`params`", &statement.params.len);
  statement.params.cap = statement.params.len;
  return statement;
}

/* ---- lists of them ---- */

void convert_checks(convert *c, const node *list, const char *what, bool is_pre,
                    ir_check **ret_items, size_t *ret_count) {
  *ret_items = NULL;
  *ret_count = 0;
  if (!list || !convert_is_list(c, list, what) || !list->list.count)
    return;
  *ret_items = UPK_NEW_ARRAY(c->arena, ir_check, list->list.count + 1);
  for (size_t i = 0; i < list->list.count; i++)
    (*ret_items)[(*ret_count)++] =
        convert_check(c, list->list.items[i], what, is_pre);
}

void convert_statements(convert *c, const node *list, const char *what,
                        ir_statement **ret_items, size_t *ret_count) {
  *ret_items = NULL;
  *ret_count = 0;
  if (!list || !convert_is_list(c, list, what) || !list->list.count)
    return;
  *ret_items = UPK_NEW_ARRAY(c->arena, ir_statement, list->list.count);
  for (size_t i = 0; i < list->list.count; i++)
    (*ret_items)[(*ret_count)++] =
        convert_statement(c, list->list.items[i], what);
}

void convert_locks(convert *c, const node *list, ir_lock **ret_items,
                   size_t *ret_count) {
  static const char *const keys[] = {"mode", "object", NULL};
  *ret_items = NULL;
  *ret_count = 0;
  if (!list || !convert_is_list(c, list, "`locks`") || !list->list.count)
    return;
  *ret_items = UPK_NEW_ARRAY(c->arena, ir_lock, list->list.count);
  for (size_t i = 0; i < list->list.count; i++) {
    const node *item = list->list.items[i];
    if (!convert_keys(c, item, "a lock", keys))
      continue;
    ir_lock *lock = &(*ret_items)[(*ret_count)++];
    ir_names object = {0};
    lock->mode = convert_text(c, node_find(item, "mode"), "a lock's `mode`");
    convert_names(c, node_find(item, "object"), "a lock's `object`", &object);
    if (!object.len)
      convert_refuse(c, item, "a lock must name its `object`");
    lock->object.items = object.items;
    lock->object.len = lock->object.cap = object.len;
  }
}

static int by_name(const void *a, const void *b) {
  return upk_str_compare(((const ir_setting *)a)->name,
                         ((const ir_setting *)b)->name);
}

void convert_settings(convert *c, const node *map, ir_setting **ret_items,
                      size_t *ret_count) {
  *ret_items = NULL;
  *ret_count = 0;
  if (map->type == NODE_LIST && !map->list.count)
    return;
  if (map->type != NODE_MAP) {
    convert_refuse(c, map, "`settings` must be a table, not %s",
                   node_describe(map));
    return;
  }
  *ret_items = UPK_NEW_ARRAY(c->arena, ir_setting, map->map.count + 1);
  for (size_t i = 0; i < map->map.count; i++) {
    upk_str name = upk_arena_copy(c->arena, map->map.members[i].key);
    upk_str value = convert_text(c, map->map.members[i].value, name.data);
    (*ret_items)[(*ret_count)++] = (ir_setting){name, value};
  }
  qsort(*ret_items, *ret_count, sizeof **ret_items, by_name);
}

/* ---- scalars of a step ---- */

/* Bytes a second that reading and writing take, together: the low end of what
 * one core of a small server was seen to do (design: performance.md). */
enum { PRIOR_BYTES_PER_MS = 80 * 1000 };

static int64_t half_range(int64_t value) {
  return value < INT64_MAX / 4 ? value : INT64_MAX / 4;
}

ir_estimate convert_estimate(convert *c, const node *map) {
  static const char *const keys[] = {
      "ms",        "blocking_ms",     "reads_bytes", "writes_bytes",
      "wal_bytes", "disk_peak_bytes", NULL};
  int64_t values[6] = {0};
  bool has_ms = false;
  if (map && convert_keys(c, map, "`estimate`", keys)) {
    for (size_t i = 0; keys[i]; i++) {
      const node *value = node_find(map, keys[i]);
      if (value && value->type != NODE_NULL)
        values[i] = half_range(convert_int(c, value, keys[i]));
    }
    has_ms = node_find(map, "ms") != NULL;
  }
  int64_t ms = values[0];
  if (!has_ms)
    ms = (values[2] + values[3]) / PRIOR_BYTES_PER_MS + 1;
  return (ir_estimate){.p50_ms = ms,
                       .p90_ms = ms * 2,
                       .blocking_ms = values[1],
                       .reads_bytes = values[2],
                       .writes_bytes = values[3],
                       .wal_bytes = values[4],
                       .disk_peak_bytes = values[5],
                       .basis = UPK_STR("prior")};
}

bool convert_risk(convert *c, const node *value, ir_risk *ret_risk) {
  static const char *const risks[] = {"low", "medium", "high", NULL};
  upk_str word = convert_word(c, value, "`risk`", risks);
  for (size_t i = 0; word.data && risks[i]; i++)
    if (upk_str_is(word, risks[i]))
      *ret_risk = (ir_risk)i;
  return word.data != NULL;
}

upk_str convert_atomicity(convert *c, const node *value) {
  static const char *const words[] = {"transaction", "autocommit", "external",
                                      NULL};
  return convert_word(c, value, "`atomicity`", words);
}
