/* Values: what came out of queries, and what goes into them. */
#include <string.h>

#include "cell.h"
#include "machine/private.h"

cell *cells_find(const cells *set, upk_str name) {
  for (size_t i = 0; i < set->len; i++)
    if (upk_str_equal(set->items[i].name, name))
      return &set->items[i];
  return NULL;
}

static upk_type type_of(const plan_value *value) {
  static const upk_type types[] = {
      [PLAN_NULL] = UPK_TYPE_NULL,
      [PLAN_INT] = UPK_TYPE_INT,
      [PLAN_BOOL] = UPK_TYPE_BOOL,
      [PLAN_TEXT] = UPK_TYPE_TEXT,
  };
  return types[value->type];
}

static upk_str integer_text(upk_arena *arena, int64_t integer) {
  upk_buf text = {0};
  upk_buf_int(&text, integer);
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

/* Gives `c` the value in its type; false when it has none there, which makes
 * it unknown. */
static bool convert(upk_arena *arena, cell *c, const plan_value *value) {
  bool textual = value->type == PLAN_TEXT, boolean = value->type == PLAN_BOOL;
  switch (c->type) {
  case UPK_TYPE_NULL:
    return false;
  case UPK_TYPE_TEXT:
    c->text = textual ? upk_arena_copy(arena, value->text)
                      : integer_text(arena, value->integer);
    return !boolean;
  case UPK_TYPE_LIST:
    return textual && upk_cell_list(arena, value->text, &c->list);
  default:
    return upk_cell_integer(
        &(upk_cell_value){textual ? value->text : UPK_NO_STR, value->integer,
                          boolean},
        c->type, &c->integer);
  }
}

void cells_add_row(upk_arena *arena, cells *set, const machine_rows *rows,
                   size_t row, const plan_column *columns, size_t count) {
  for (size_t i = 0; i < rows->column_count; i++) {
    static const plan_value none = {.type = PLAN_NULL};
    const plan_value *value =
        row < rows->count ? &rows->values[row * rows->column_count + i] : &none;
    cell *c = cells_find(set, rows->columns[i]);
    if (c) /* two queries: the key columns come twice, the first counts */
      continue;
    c = UPK_PUSH(arena, set);
    c->name = upk_arena_copy(arena, rows->columns[i]);
    c->type = type_of(value);
    for (size_t j = 0; j < count; j++)
      if (upk_str_equal(columns[j].name, c->name))
        c->type = columns[j].type;
    c->null = value->type == PLAN_NULL || !convert(arena, c, value);
  }
}

upk_column cell_column(upk_arena *arena, const cell *c) {
  upk_column column = {.type = c->type, .constant = true};
  int64_t *integer = UPK_NEW(arena, int64_t);
  upk_str *text = UPK_NEW(arena, upk_str);
  upk_list *list = UPK_NEW(arena, upk_list);
  uint8_t *null = UPK_NEW(arena, uint8_t);
  *integer = c->integer;
  *text = c->text.data ? c->text : UPK_STR("");
  *list = c->list;
  *null = c->null;
  column.integers = integer;
  column.texts = text;
  column.lists = list;
  column.null = null;
  return column;
}

/* ---- step.x ---- */

typedef struct own {
  const char *name;
  upk_type type;
  upk_str (*text)(const machine *m, const step *s);
  int64_t (*integer)(const machine *m, const step *s);
} own;

static upk_str get_id(const machine *m, const step *s) {
  (void)m;
  return s->plan->id;
}
static upk_str get_action(const machine *m, const step *s) {
  (void)m;
  return s->plan->action;
}
static upk_str get_object(const machine *m, const step *s) {
  (void)m;
  return s->plan->object;
}
static upk_str get_kind(const machine *m, const step *s) {
  (void)m;
  return s->plan->kind;
}
static upk_str get_run(const machine *m, const step *s) {
  (void)s;
  return m->config.run;
}
static upk_str get_plan(const machine *m, const step *s) {
  (void)s;
  return m->plan->digest;
}
static upk_str get_digest(const machine *m, const step *s) {
  (void)m;
  return upk_digest_view(&s->plan->digest);
}
static upk_str get_head(const machine *m, const step *s) {
  (void)s;
  return m->log_head.len ? upk_buf_view(&m->log_head) : UPK_STR("");
}
static upk_str get_statement(const machine *m, const step *s) {
  (void)m;
  return s->plan->statement;
}
static upk_str get_outcome(const machine *m, const step *s) {
  (void)m;
  if (s->phase == PHASE_ROUND_LEDGER)
    return batch_undoes(s) ? UPK_STR("undo round") : UPK_STR("round");
  return s->undoing ? UPK_STR("undone") : UPK_STR("applied");
}
static int64_t get_attempt(const machine *m, const step *s) {
  (void)m;
  return s->attempt;
}
static int64_t get_started(const machine *m, const step *s) {
  (void)m;
  return s->started_at_us;
}
static int64_t get_finished(const machine *m, const step *s) {
  (void)s;
  return machine_server_us(m);
}

/* What the run relies on; absent when it is nothing. */
static upk_str get_approvals(const machine *m, const step *s) {
  upk_buf text = {0};
  (void)s;
  for (size_t i = 0; i < m->config.approval_count; i++)
    upk_buf_printf(&text, "%s%.*s", i ? " " : "",
                   UPK_FMT(m->config.approvals[i].id));
  upk_str copy =
      text.len ? upk_arena_copy(m->scratch, upk_buf_view(&text)) : UPK_NO_STR;
  upk_buf_free(&text);
  return copy;
}

static const own owns[] = {
    {"action", UPK_TYPE_TEXT, get_action, NULL},
    {"approvals", UPK_TYPE_TEXT, get_approvals, NULL},
    {"attempt", UPK_TYPE_INT, NULL, get_attempt},
    {"digest", UPK_TYPE_TEXT, get_digest, NULL},
    {"finished_at", UPK_TYPE_TIMESTAMP, NULL, get_finished},
    {"id", UPK_TYPE_TEXT, get_id, NULL},
    {"kind", UPK_TYPE_TEXT, get_kind, NULL},
    {"log_head", UPK_TYPE_TEXT, get_head, NULL},
    {"object", UPK_TYPE_TEXT, get_object, NULL},
    {"outcome", UPK_TYPE_TEXT, get_outcome, NULL},
    {"plan", UPK_TYPE_TEXT, get_plan, NULL},
    {"run", UPK_TYPE_TEXT, get_run, NULL},
    {"started_at", UPK_TYPE_TIMESTAMP, NULL, get_started},
    {"statement", UPK_TYPE_TEXT, get_statement, NULL},
};

static const cell *find_own(machine *m, const step *s, upk_str name) {
  for (size_t i = 0; i < sizeof owns / sizeof *owns; i++)
    if (upk_str_is(name, owns[i].name)) {
      cell *c = UPK_NEW(m->scratch, cell);
      c->name = name;
      c->type = owns[i].type;
      if (s->phase == PHASE_ROUND_LEDGER && upk_str_is(name, "statement"))
        c->text = batch_statement(m, s);
      else if (owns[i].text)
        c->text = owns[i].text(m, s);
      else
        c->integer = owns[i].integer(m, s);
      c->null = c->type == UPK_TYPE_TEXT && !c->text.data;
      return c;
    }
  return NULL;
}

/* A statement whose error was caught gave no row: its columns are NULL. */
static const cell *find_returned(const returned *kept, upk_str name) {
  static const cell nothing = {.type = UPK_TYPE_NULL, .null = true};
  const cell *found = cells_find(&kept->values, name);
  const cell *error = cells_find(&kept->values, UPK_STR("error"));
  return found || !error || error->null ? found : &nothing;
}

static const cell *find_in(machine *m, const step *s, upk_str space,
                           upk_str name) {
  if (upk_str_is(space, "step"))
    return find_own(m, s, name);
  if (upk_str_is(space, "before"))
    return cells_find(&s->before, name);
  if (upk_str_is(space, "batch"))
    return batch_value(m, s, name);
  const returned *round = batch_find(s, space);
  if (round)
    return find_returned(round, name);
  for (size_t i = s->returns.len; i-- > 0;) /* the last of that name */
    if (upk_str_equal(s->returns.items[i].name, space))
      return find_returned(&s->returns.items[i], name);
  return NULL;
}

const cell *value_find(machine *m, const step *s, const upk_name *name) {
  if (name->qualifier.data)
    return find_in(m, s, name->qualifier, name->name);
  if (!name->argument_count)
    return cells_find(&s->row, name->name);
  upk_buf text = {0};
  upk_buf_str(&text, name->name);
  for (size_t i = 0; i < name->argument_count; i++) {
    upk_buf_str(&text, i ? UPK_STR(", ") : UPK_STR("("));
    upk_buf_str(&text, name->arguments[i]);
  }
  upk_buf_char(&text, ')');
  const cell *found = cells_find(&s->row, upk_buf_view(&text));
  upk_buf_free(&text);
  return found;
}

bool value_resolve(machine *m, const step *s, const plan_param *param,
                   plan_value *ret_value) {
  static const plan_value none = {.type = PLAN_NULL};
  upk_str name, space;
  if (!param->from.data) {
    *ret_value = param->literal;
    return true;
  }
  if (!s) { /* the ledger's queries before any step */
    if (!upk_str_is(param->from, "step.run") &&
        !upk_str_is(param->from, "step.plan"))
      return false;
    *ret_value = (plan_value){
        PLAN_TEXT, 0,
        upk_str_is(param->from, "step.run") ? m->config.run : m->plan->digest};
    return true;
  }
  space = upk_str_split(param->from, '.', &name);
  const cell *c = find_in(m, s, space, name);
  if (!c)
    return false;
  *ret_value = none;
  if (c->null || c->type == UPK_TYPE_NULL || c->type == UPK_TYPE_LIST)
    return c->type != UPK_TYPE_LIST;
  ret_value->type = c->type == UPK_TYPE_TEXT   ? PLAN_TEXT
                    : c->type == UPK_TYPE_BOOL ? PLAN_BOOL
                                               : PLAN_INT;
  ret_value->integer = c->integer;
  ret_value->text = c->text;
  return true;
}
