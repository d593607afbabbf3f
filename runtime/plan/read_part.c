/* Checks, statements and queries of a plan. */
#include "plan/private.h"

static const plan_field query_fields[] = {
    {"params", UPK_JSON_ARRAY, false},
    {"sql", UPK_JSON_STRING, true},
};

static const plan_field from_fields[] = {{"from", UPK_JSON_STRING, true}};

static const plan_field column_fields[] = {
    {"name", UPK_JSON_STRING, true},
    {"type", UPK_JSON_STRING, true},
};

static const plan_field check_fields[] = {
    {"columns", UPK_JSON_ARRAY, false},  {"env", UPK_JSON_ARRAY, false},
    {"exec", UPK_JSON_ARRAY, false},     {"expect", UPK_JSON_STRING, false},
    {"name", UPK_JSON_STRING, true},     {"otherwise", UPK_JSON_STRING, false},
    {"params", UPK_JSON_ARRAY, false},   {"queries", UPK_JSON_ARRAY, false},
    {"rows", UPK_JSON_STRING, false},    {"sql", UPK_JSON_STRING, false},
    {"timeout_ms", UPK_JSON_INT, false}, {"within_ms", UPK_JSON_INT, false},
};

static const plan_field statement_fields[] = {
    {"batch", UPK_JSON_OBJECT, false},     {"catch", UPK_JSON_ARRAY, false},
    {"env", UPK_JSON_ARRAY, false},        {"exec", UPK_JSON_ARRAY, false},
    {"file", UPK_JSON_OBJECT, false},      {"params", UPK_JSON_ARRAY, false},
    {"returns", UPK_JSON_STRING, false},   {"sql", UPK_JSON_STRING, false},
    {"success", UPK_JSON_ARRAY, false},    {"timeout_ms", UPK_JSON_INT, false},
    {"transaction", UPK_JSON_BOOL, false},
};

bool plan_is_place(upk_str from) {
  upk_str rest, head = upk_str_split(from, '.', &rest);
  return head.len && rest.data && rest.len;
}

static bool read_from(plan_reader *rd, const upk_json *value, const char *what,
                      plan_param *param) {
  if (!PLAN_SHAPE(rd, value, "a parameter", from_fields))
    return false;
  upk_str from = upk_json_text(value, "from");
  if (!plan_is_place(from))
    return plan_bad(rd, 3024, "`%.*s` in %s is no place of a value",
                    UPK_FMT(from), what);
  param->from = from;
  return true;
}

static bool read_param(plan_reader *rd, const upk_json *value, const char *what,
                       plan_param *param) {
  switch (value->type) {
  case UPK_JSON_NULL:
    param->literal.type = PLAN_NULL;
    return true;
  case UPK_JSON_BOOL:
    param->literal.type = PLAN_BOOL;
    param->literal.integer = value->boolean;
    return true;
  case UPK_JSON_INT:
    param->literal.type = PLAN_INT;
    param->literal.integer = value->integer;
    return true;
  case UPK_JSON_STRING:
    param->literal.type = PLAN_TEXT;
    param->literal.text = value->string;
    return true;
  case UPK_JSON_OBJECT:
    return read_from(rd, value, what, param);
  case UPK_JSON_ARRAY:
    break;
  }
  return plan_bad(rd, 3024, "a parameter of %s is an array", what);
}

bool plan_read_params(plan_reader *rd, const upk_json *array, const char *what,
                      plan_query *query) {
  size_t count = upk_json_count(array);
  plan_param *params = UPK_NEW_ARRAY(rd->arena, plan_param, count + 1);
  for (size_t i = 0; i < count; i++)
    if (!read_param(rd, upk_json_at(array, i), what, &params[i]))
      return false;
  query->params = params;
  query->param_count = count;
  return true;
}

bool plan_read_query(plan_reader *rd, const upk_json *value, const char *what,
                     plan_query *ret_query) {
  if (!PLAN_SHAPE(rd, value, what, query_fields))
    return false;
  ret_query->sql = upk_json_text(value, "sql");
  return plan_read_params(rd, upk_json_get(value, "params"), what, ret_query);
}

/* ---- checks ---- */

static bool read_columns(plan_reader *rd, const upk_json *array,
                         plan_check *check) {
  size_t count = upk_json_count(array);
  plan_column *columns = UPK_NEW_ARRAY(rd->arena, plan_column, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(array, i);
    if (!PLAN_SHAPE(rd, value, "a column", column_fields))
      return false;
    upk_str type = upk_json_text(value, "type");
    columns[i].name = upk_json_text(value, "name");
    if (!upk_type_find(type, &columns[i].type))
      return plan_bad(rd, 3024, "`%.*s` is no type of a column", UPK_FMT(type));
  }
  check->columns = columns;
  check->column_count = count;
  return true;
}

/* The texts that `queries` names, or the check's own. */
static bool read_asked(plan_reader *rd, const upk_json *value,
                       plan_check *check) {
  const upk_json *names = upk_json_get(value, "queries");
  upk_str own = upk_json_text(value, "sql");
  size_t count = upk_json_count(names);
  plan_query *queries = UPK_NEW_ARRAY(rd->arena, plan_query, count + 1);
  check->queries = queries;
  check->query_count = 1;
  if (upk_json_get(value, "exec")->type != UPK_JSON_NULL && !count && !own.data)
    return plan_read_exec(rd, value, "a check", true, &queries[0]);
  if ((count > 0) == (own.data != NULL))
    return plan_bad(rd, 3028,
                    "check `%.*s` has neither or both of sql and "
                    "queries",
                    UPK_FMT(check->name));
  if (!plan_read_params(rd, upk_json_get(value, "params"), "a check",
                        &queries[0]))
    return false;
  for (size_t i = 0; i < count; i++) {
    const upk_json *name = upk_json_at(names, i);
    uint64_t number = 0;
    if (name->type != UPK_JSON_STRING ||
        !upk_map_find(&rd->queries, name->string, &number))
      return plan_bad(rd, 3026,
                      "check `%.*s` names a query that is not in "
                      "the plan",
                      UPK_FMT(check->name));
    queries[i] = queries[0];
    queries[i].sql = rd->query_texts.items[number];
  }
  if (!count)
    queries[0].sql = own;
  check->queries = queries;
  check->query_count = count ? count : 1;
  return true;
}

static bool read_choice(plan_reader *rd, const upk_json *value, const char *key,
                        const char *const *choices, size_t count,
                        unsigned *ret_choice) {
  upk_str text = upk_json_text(value, key);
  if (!text.data)
    return true;
  for (unsigned i = 0; i < count; i++)
    if (upk_str_is(text, choices[i])) {
      *ret_choice = i;
      return true;
    }
  return plan_bad(rd, 3024, "`%.*s` is no value of %s", UPK_FMT(text), key);
}

static bool read_expect(plan_reader *rd, const upk_json *value,
                        plan_check *check) {
  check->expect = upk_json_text(value, "expect");
  if (check->rows == PLAN_NO_ROW)
    return !check->expect.data ||
           plan_bad(rd, 3028, "check `%.*s` expects no row and something of it",
                    UPK_FMT(check->name));
  if (!check->expect.data)
    return plan_bad(rd, 3024, "check `%.*s` has no `expect`",
                    UPK_FMT(check->name));
  /* What the parser says lacks the place: it becomes part of ours. */
  upk_diags said;
  upk_diags_init(&said, rd->trees);
  if (upk_expr_parses(rd->trees, check->expect, UPK_NO_SPAN, &said))
    return true;
  upk_str why = said.items.len ? said.items.items[0].message
                               : UPK_STR("this is no expression");
  return plan_bad(rd, 3027, "`expect` of check `%.*s`: %.*s",
                  UPK_FMT(check->name), UPK_FMT(why));
}

bool plan_read_check(plan_reader *rd, const upk_json *value, const char *what,
                     plan_check *ret_check) {
  static const char *const rows[] = {"first", "every", "none"};
  static const char *const otherwise[] = {"fail", "skip", "retry", "drift"};
  unsigned rows_choice = PLAN_FIRST, otherwise_choice = PLAN_FAIL;
  if (!PLAN_SHAPE(rd, value, what, check_fields) ||
      !read_choice(rd, value, "rows", rows, 3, &rows_choice) ||
      !read_choice(rd, value, "otherwise", otherwise, 4, &otherwise_choice))
    return false;
  ret_check->name = upk_json_text(value, "name");
  ret_check->rows = (plan_rows)rows_choice;
  ret_check->otherwise = (plan_otherwise)otherwise_choice;
  ret_check->within_ms = upk_json_number(value, "within_ms", 0);
  if (ret_check->within_ms < 0)
    return plan_bad(rd, 3024, "within_ms of check `%.*s` is negative",
                    UPK_FMT(ret_check->name));
  if (!read_asked(rd, value, ret_check) ||
      !read_columns(rd, upk_json_get(value, "columns"), ret_check))
    return false;
  if (ret_check->rows != PLAN_FIRST && ret_check->query_count > 1)
    return plan_bad(rd, 3028,
                    "check `%.*s` looks at all rows of more than one "
                    "query",
                    UPK_FMT(ret_check->name));
  return read_expect(rd, value, ret_check);
}

bool plan_read_checks(plan_reader *rd, const upk_json *array, const char *what,
                      plan_checks *ret_checks) {
  size_t count = upk_json_count(array);
  plan_check *checks = UPK_NEW_ARRAY(rd->arena, plan_check, count + 1);
  for (size_t i = 0; i < count; i++)
    if (!plan_read_check(rd, upk_json_at(array, i), what, &checks[i]))
      return false;
  *ret_checks = (plan_checks){checks, count};
  return true;
}

/* ---- statements ---- */

static bool read_statement(plan_reader *rd, const upk_json *value,
                           const char *what, plan_statement *statement) {
  if (!PLAN_SHAPE(rd, value, what, statement_fields))
    return false;
  statement->query.sql = upk_json_text(value, "sql");
  statement->returns = upk_json_text(value, "returns");
  const upk_json *batch = upk_json_get(value, "batch");
  bool exec = upk_json_get(value, "exec")->type != UPK_JSON_NULL;
  bool rounds = batch->type != UPK_JSON_NULL;
  if ((statement->query.sql.data != NULL) + exec + rounds != 1)
    return plan_bad(
        rd, 3028, "a statement of %s has not one of sql, exec and batch", what);
  if (rounds)
    return plan_read_batch(rd, batch, &statement->batch);
  if (exec)
    return plan_read_exec(rd, value, what, false, &statement->query);
  return plan_read_params(rd, upk_json_get(value, "params"), what,
                          &statement->query) &&
         plan_read_file(rd, upk_json_get(value, "file"), what,
                        &statement->query) &&
         plan_texts(rd, upk_json_get(value, "catch"), "catch",
                    &statement->catches, &statement->catch_count);
}

/* Statements that are not for a transaction may only lead: behind BEGIN there
 * is no way out of it that keeps the step whole. */
bool plan_read_statements(plan_reader *rd, const upk_json *array,
                          const char *what, size_t *ret_lead,
                          plan_statements *ret_statements) {
  size_t count = upk_json_count(array), lead = 0;
  plan_statement *items = UPK_NEW_ARRAY(rd->arena, plan_statement, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(array, i);
    if (!read_statement(rd, value, what, &items[i]))
      return false;
    if (upk_json_flag(value, "transaction", true))
      continue;
    if (ret_lead && lead != i)
      return plan_bad(rd, 3028,
                      "a statement of %s that must be outside a "
                      "transaction stands behind one inside",
                      what);
    lead = i + 1;
  }
  *ret_statements = (plan_statements){items, count};
  if (ret_lead)
    *ret_lead = lead;
  return true;
}
