/* What may stand in the place of a statement: programs and batches. */
#include "folder.h"
#include "plan/private.h"
#include "program.h"

enum { ROWS_MAX = 1000 * 1000, TARGET_MS_MAX = 60 * 1000 };

/* ---- programs ---- */

static bool read_success(plan_reader *rd, const upk_json *array,
                         plan_exec *exec) {
  size_t count = upk_json_count(array);
  int64_t *codes = UPK_NEW_ARRAY(rd->arena, int64_t, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *value = upk_json_at(array, i);
    if (value->type != UPK_JSON_INT || value->integer < 0 ||
        value->integer > 255)
      return plan_bad(rd, 3024, "`success` holds what is no exit code");
    codes[i] = value->integer;
  }
  exec->success = codes;
  exec->success_count = count;
  return true;
}

static bool read_environment(plan_reader *rd, const upk_json *array,
                             plan_exec *exec) {
  if (!plan_texts(rd, array, "env", &exec->environment,
                  &exec->environment_count))
    return false;
  for (size_t i = 0; i < exec->environment_count; i++)
    if (!upk_program_environment_good(exec->environment[i]))
      return plan_bad(rd, 3024, "`%.*s` of env is no NAME or NAME=value",
                      UPK_FMT(exec->environment[i]));
  return true;
}

bool plan_read_exec(plan_reader *rd, const upk_json *value, const char *what,
                    bool any_code, plan_query *ret_query) {
  static const char *const not_of_it[] = {"params", "catch", "transaction",
                                          "file"};
  const upk_json *words = upk_json_get(value, "exec");
  plan_exec *exec = UPK_NEW(rd->arena, plan_exec);
  for (size_t i = 0; i < 4; i++)
    if (upk_json_get(value, not_of_it[i])->type != UPK_JSON_NULL)
      return plan_bad(rd, 3028, "a program of %s has `%s`", what, not_of_it[i]);
  if (!plan_read_params(rd, words, what, ret_query))
    return false;
  if (ret_query->param_count)
    exec->program = ret_query->params[0].literal.text;
  if (!ret_query->param_count || ret_query->params[0].from.data ||
      !upk_program_good(exec->program))
    return plan_bad(rd, 3024, "a program of %s is no absolute path and no name",
                    what);
  ret_query->params++;
  ret_query->param_count--;
  ret_query->exec = exec;
  exec->any_code = any_code;
  exec->timeout_ms = upk_json_number(value, "timeout_ms", 0);
  if (exec->timeout_ms < 0)
    return plan_bad(rd, 3024, "timeout_ms of a program is negative");
  return read_environment(rd, upk_json_get(value, "env"), exec) &&
         read_success(rd, upk_json_get(value, "success"), exec);
}

/* ---- files ---- */

static const plan_field file_fields[] = {
    {"read", UPK_JSON_STRING, false},
    {"with", UPK_JSON_ARRAY, true},
    {"write", UPK_JSON_STRING, false},
};

bool plan_read_file(plan_reader *rd, const upk_json *value, const char *what,
                    plan_query *query) {
  if (value->type == UPK_JSON_NULL)
    return true;
  if (!PLAN_SHAPE(rd, value, "a file", file_fields))
    return false;
  plan_file *file = UPK_NEW(rd->arena, plan_file);
  upk_str write = upk_json_text(value, "write");
  plan_query with = {0};
  file->write = write.data != NULL;
  file->folder = file->write ? write : upk_json_text(value, "read");
  if (!upk_folder_good(file->folder) ||
      file->write == (upk_json_text(value, "read").data != NULL))
    return plan_bad(rd, 3024, "a file of %s is in no folder", what);
  if (!plan_read_params(rd, upk_json_get(value, "with"), "a file", &with))
    return false;
  if (with.param_count != (file->write ? 1 : 2))
    return plan_bad(rd, 3024, "`with` of a file has not its name and digest");
  file->with_count = with.param_count;
  size_t own = query->param_count, all = own + with.param_count;
  plan_param *params = UPK_NEW_ARRAY(rd->arena, plan_param, all + 1);
  for (size_t i = 0; i < all; i++)
    params[i] = i < own ? query->params[i] : with.params[i - own];
  query->params = params;
  query->file = file;
  return true;
}

/* ---- batches ---- */

static const plan_field batch_fields[] = {
    {"count", UPK_JSON_STRING, true},    {"expect", UPK_JSON_STRING, false},
    {"max_rows", UPK_JSON_INT, true},    {"more", UPK_JSON_STRING, false},
    {"of", UPK_JSON_STRING, false},      {"run", UPK_JSON_ARRAY, true},
    {"start_rows", UPK_JSON_INT, true},  {"target_ms", UPK_JSON_INT, true},
    {"total_rows", UPK_JSON_INT, false},
};

static bool read_places(plan_reader *rd, const upk_json *value,
                        plan_batch *batch) {
  batch->count = upk_json_text(value, "count");
  batch->more = upk_json_text(value, "more");
  batch->of = upk_json_text(value, "of");
  batch->expect = upk_json_text(value, "expect");
  if (!plan_is_place(batch->count) ||
      (batch->more.data && !plan_is_place(batch->more)) ||
      (batch->of.data && !plan_is_place(batch->of)))
    return plan_bad(rd, 3024,
                    "`count`, `more` or `of` of a batch is no place of a "
                    "value");
  if (!batch->expect.data)
    return true;
  upk_diags said;
  upk_diags_init(&said, rd->trees);
  if (upk_expr_parses(rd->trees, batch->expect, UPK_NO_SPAN, &said))
    return true;
  return plan_bad(rd, 3027, "`expect` of a batch: %.*s",
                  UPK_FMT(said.items.len ? said.items.items[0].message
                                         : UPK_STR("this is no expression")));
}

static bool read_sizes(plan_reader *rd, const upk_json *value,
                       plan_batch *batch) {
  batch->max_rows = upk_json_number(value, "max_rows", 0);
  batch->start_rows = upk_json_number(value, "start_rows", 0);
  batch->total_rows = upk_json_number(value, "total_rows", 0);
  batch->target_ms = upk_json_number(value, "target_ms", 0);
  bool good = batch->max_rows >= 1 && batch->max_rows <= ROWS_MAX &&
              batch->start_rows >= 1 && batch->start_rows <= batch->max_rows &&
              batch->total_rows >= 0 && batch->target_ms >= 1 &&
              batch->target_ms <= TARGET_MS_MAX;
  return good ||
         plan_bad(rd, 3024, "a size or time of a batch is out of range");
}

static bool read_rounds(plan_reader *rd, const upk_json *value,
                        plan_batch *batch) {
  if (!plan_read_statements(rd, upk_json_get(value, "run"), "a batch", NULL,
                            &batch->run))
    return false;
  for (size_t i = 0; i < batch->run.count; i++) {
    const plan_statement *statement = &batch->run.items[i];
    if (statement->batch || statement->query.exec || statement->catch_count)
      return plan_bad(rd, 3028, "a statement of a batch is not plain SQL");
  }
  return batch->run.count > 0 || plan_bad(rd, 3028, "a batch has no statement");
}

bool plan_read_batch(plan_reader *rd, const upk_json *value,
                     const plan_batch **ret_batch) {
  plan_batch *batch = UPK_NEW(rd->arena, plan_batch);
  *ret_batch = batch;
  return PLAN_SHAPE(rd, value, "a batch", batch_fields) &&
         read_places(rd, value, batch) && read_sizes(rd, value, batch) &&
         read_rounds(rd, value, batch);
}
