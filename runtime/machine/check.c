/* Checks: their queries, their expectation, and the wait for counters that
 * arrive late. */
#include "machine/private.h"

enum {
  ROWS_MAX = 100000, /* of a check that looks at every row */
  POLL_FIRST_US = 5 * 1000,
  POLL_MAX_US = 2 * 1000 * 1000,
};

static void ask_query(machine *m, step *s, const plan_check *check) {
  size_t rows_max = check->rows == PLAN_EVERY ? ROWS_MAX : 1;
  step_query(m, s, &check->queries[s->query], rows_max);
}

static void ask_first(machine *m, step *s, const plan_check *check) {
  s->query = 0;
  s->rows = 0;
  s->row = (cells){0};
  s->seen = UPK_NO_STR;
  ask_query(m, s, check);
}

void check_ask(machine *m, step *s, const plan_check *check) {
  s->poll_until_us = m->mono_us + check->within_ms * 1000;
  s->poll_us = POLL_FIRST_US;
  s->polling = false;
  ask_first(m, s, check);
}

static bool find_name(void *ctx, const upk_name *name, upk_type *ret_type,
                      uint32_t *ret_slot);

/* The scope of one evaluation: names become slots as they are met. */
typedef struct scope {
  machine *m;
  const step *s;
  UPK_VEC(upk_column) columns;
} scope;

static bool find_name(void *ctx, const upk_name *name, upk_type *ret_type,
                      uint32_t *ret_slot) {
  scope *names = ctx;
  const cell *c = value_find(names->m, names->s, name);
  if (!c)
    return false;
  *ret_slot = (uint32_t)names->columns.len;
  *ret_type = c->type;
  *UPK_PUSH(names->m->scratch, &names->columns) =
      cell_column(names->m->scratch, c);
  return true;
}

static bool say(machine *m, step *s, bool unknown, upk_str text) {
  (void)m;
  s->unknown = unknown;
  s->seen = upk_arena_copy(s->arena, text);
  return false;
}

/* Whether s->row is as expected; s->seen says why when it is not. */
static bool row_holds(machine *m, step *s, const plan_check *check) {
  upk_diags diags;
  scope names = {.m = m, .s = s};
  upk_scope given = {find_name, NULL, &names};
  upk_diags_init(&diags, m->scratch);
  upk_expr *expr = upk_expr_compile(m->scratch, check->expect, UPK_NO_SPAN,
                                    &given, UPK_TYPE_BOOL, &diags);
  if (!expr)
    return say(m, s, true,
               upk_arena_printf(m->scratch, "`%.*s` cannot be judged: %.*s",
                                UPK_FMT(check->expect),
                                UPK_FMT(diags.items.items[0].message)));
  upk_truth truth = upk_expr_truth(expr, names.columns.items, 0);
  if (truth == UPK_TRUE)
    return true;
  upk_buf why = {0};
  upk_expr_because(expr, names.columns.items, 0, &why);
  if (!why.len)
    upk_buf_printf(&why, "`%.*s` is %s", UPK_FMT(check->expect),
                   truth == UPK_FALSE ? "false" : "unknown");
  say(m, s, truth == UPK_UNKNOWN, upk_buf_view(&why));
  upk_buf_free(&why);
  return false;
}

static void add_row_count(step *s) {
  cell *c = cells_find(&s->row, UPK_STR("row_count"));
  if (!c)
    c = UPK_PUSH(s->arena, &s->row);
  *c = (cell){.name = UPK_STR("row_count"), .type = UPK_TYPE_INT};
  c->integer = s->rows;
}

static bool every_row_holds(machine *m, step *s, const plan_check *check) {
  const machine_rows *rows = &m->event->rows;
  if (rows->total > (int64_t)rows->count)
    return say(
        m, s, true,
        upk_arena_printf(m->scratch, "more than %d rows to judge", ROWS_MAX));
  for (size_t i = 0; i < rows->count; i++) {
    upk_arena_reset(m->scratch);
    s->row = (cells){0};
    cells_add_row(m->scratch, &s->row, rows, i, check->columns,
                  check->column_count);
    cell *count = UPK_PUSH(m->scratch, &s->row);
    *count = (cell){.name = UPK_STR("row_count"), .type = UPK_TYPE_INT};
    count->integer = rows->total;
    bool holds = row_holds(m, s, check);
    s->row = (cells){0};
    if (!holds)
      return false;
  }
  return true;
}

static bool holds(machine *m, step *s, const plan_check *check) {
  upk_arena_reset(m->scratch);
  if (check->rows == PLAN_EVERY)
    return every_row_holds(m, s, check);
  add_row_count(s);
  if (check->rows == PLAN_FIRST)
    return row_holds(m, s, check);
  if (s->rows == 0)
    return true;
  return say(m, s, false,
             upk_arena_printf(m->scratch, "%lld found where none may be",
                              (long long)s->rows));
}

bool check_expect(machine *m, step *s, upk_str expect) {
  plan_check check = {.expect = expect};
  s->row = (cells){0};
  upk_arena_reset(m->scratch);
  return row_holds(m, s, &check);
}

/* Columns that are declared exist even where no row came. */
static void add_declared(step *s, const plan_check *check) {
  for (size_t i = 0; i < check->column_count; i++)
    if (!cells_find(&s->row, check->columns[i].name)) {
      cell *c = UPK_PUSH(s->arena, &s->row);
      c->name = check->columns[i].name;
      c->type = check->columns[i].type;
      c->null = true;
    }
}

static check_answer answer_no(machine *m, step *s, const plan_check *check) {
  if (!check->within_ms || m->stop >= 2 || m->mono_us >= s->poll_until_us)
    return CHECK_FAILS;
  int64_t left = s->poll_until_us - m->mono_us;
  s->polling = true;
  step_sleep(m, s, s->poll_us < left ? s->poll_us : left);
  s->poll_us = s->poll_us * 2 < POLL_MAX_US ? s->poll_us * 2 : POLL_MAX_US;
  return CHECK_ASKING;
}

check_answer check_reply(machine *m, step *s, const plan_check *check) {
  const machine_event *event = m->event;
  if (event->kind == MACHINE_TIMER) {
    s->polling = false;
    ask_first(m, s, check);
    return CHECK_ASKING;
  }
  if (event->fault.kind != MACHINE_FINE)
    return CHECK_ERROR;
  if (s->query == 0)
    s->rows = event->rows.total;
  if (check->rows != PLAN_EVERY)
    cells_add_row(s->arena, &s->row, &event->rows, 0, check->columns,
                  check->column_count);
  if (++s->query < check->query_count) {
    ask_query(m, s, check);
    return CHECK_ASKING;
  }
  add_declared(s, check);
  return holds(m, s, check) ? CHECK_HOLDS : answer_no(m, s, check);
}

void check_keep(machine *m, step *s) {
  (void)m;
  for (size_t i = 0; i < s->row.len; i++)
    if (!cells_find(&s->before, s->row.items[i].name))
      *UPK_PUSH(s->arena, &s->before) = s->row.items[i];
}
