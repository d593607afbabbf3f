/* What may stand in the place of a statement, or beside its SQL: a program, a
 * file, or a batch of statements that is repeated. docs/formats.md has both
 * forms. */
#include "expr.h"
#include "folder.h"
#include "program.h"
#include "step/convert.h"

enum {
  ROWS_MAX = 1000 * 1000, /* of one round */
  ROWS_OTHERWISE = 10 * 1000,
  START_SHARE = 10, /* the first round takes max_rows / START_SHARE */
  TARGET_MS = 500,
  TARGET_MS_MAX = 60 * 1000,
  EXIT_CODE_MAX = 255,
};

/* ---- programs ---- */

static void check_program(convert *c, const node *list, const ir_exec *exec) {
  if (!exec->arguments.len) {
    convert_refuse(c, list, "`exec` names no program");
    return;
  }
  const node *program = exec->arguments.items[0];
  if (program->type != NODE_TEXT || !upk_program_good(program->text))
    convert_refuse(c, list,
                   "a program is an absolute path, or a name without a path");
}

static void check_environment(convert *c, const node *list,
                              const ir_exec *exec) {
  for (size_t i = 0; i < exec->environment.len; i++)
    if (!upk_program_environment_good(exec->environment.items[i]))
      convert_refuse(c, list, "`env` holds NAME or NAME=value, not `%.*s`",
                     UPK_FMT(exec->environment.items[i]));
}

static void check_success(convert *c, const node *list, ir_exec *exec) {
  for (size_t i = 0; i < exec->success.len; i++) {
    const node *code = exec->success.items[i];
    if (code->type != NODE_INT || code->integer < 0 ||
        code->integer > EXIT_CODE_MAX)
      convert_refuse(c, list, "`success` holds exit codes from 0 to 255");
  }
}

ir_exec *convert_exec(convert *c, const node *value) {
  ir_exec *exec = UPK_NEW(c->arena, ir_exec);
  const node *part;
  exec->arguments.items = convert_params(c, node_find(value, "exec"), "`exec`",
                                         &exec->arguments.len);
  exec->arguments.cap = exec->arguments.len;
  check_program(c, node_find(value, "exec"), exec);
  if ((part = node_find(value, "env"))) {
    convert_names(c, part, "`env`", &exec->environment);
    check_environment(c, part, exec);
  }
  if ((part = node_find(value, "success"))) {
    exec->success.items =
        convert_params(c, part, "`success`", &exec->success.len);
    exec->success.cap = exec->success.len;
    check_success(c, part, exec);
  }
  if ((part = node_find(value, "timeout_ms")))
    exec->timeout_ms = convert_int(c, part, "`timeout_ms`");
  for (size_t i = 0; i < 3; i++) {
    static const char *const not_of_it[] = {"params", "catch", "transaction"};
    if (node_find(value, not_of_it[i]))
      convert_refuse(c, value, "a program takes no `%s`", not_of_it[i]);
  }
  return exec;
}

/* ---- files ---- */

ir_file *convert_file(convert *c, const node *value) {
  static const char *const keys[] = {"read", "with", "write", NULL};
  ir_file *file = UPK_NEW(c->arena, ir_file);
  const node *way = node_find(value, "write");
  if (!convert_keys(c, value, "`file`", keys))
    return file;
  file->write = way != NULL;
  if ((way != NULL) == (node_find(value, "read") != NULL))
    convert_refuse(c, value, "`file` has one of `write` and `read`");
  file->folder =
      convert_text(c, way ? way : node_find(value, "read"), "a file's folder");
  file->with.items =
      convert_params(c, node_find(value, "with"), "`with`", &file->with.len);
  file->with.cap = file->with.len;
  if (file->with.len != (way ? 1 : 2))
    convert_refuse(c, value,
                   "`with` of a file holds its name, and its digest where it "
                   "is read");
  if (!upk_folder_good(file->folder))
    convert_refuse(c, value, "a file's folder is an absolute path");
  return file;
}

/* ---- batches ---- */

static int64_t bounded(convert *c, const node *map, const char *key,
                       int64_t otherwise, int64_t min, int64_t max) {
  const node *part = node_find(map, key);
  if (!part || part->type == NODE_NULL)
    return otherwise;
  int64_t number = convert_int(c, part, key);
  if (number >= min && number <= max)
    return number;
  convert_refuse(c, part, "`%s` of a batch must be from %lld to %lld", key,
                 (long long)min, (long long)max);
  return otherwise;
}

static void check_round(convert *c, const node *at, const ir_batch *batch) {
  if (!batch->run_count)
    convert_refuse(c, at, "a batch has no statement in `run`");
  for (size_t i = 0; i < batch->run_count; i++) {
    const ir_statement *statement = &batch->run[i];
    if (statement->batch || statement->exec || statement->catches.len ||
        statement->no_transaction)
      convert_refuse(c, at,
                     "a statement of a batch is plain SQL: without `batch`, "
                     "`exec`, `catch` and `transaction`");
  }
}

static void check_expect(convert *c, const node *at, upk_str text) {
  upk_span origin = c->user && at->span.line ? at->text_span : c->span;
  if (text.data && !upk_expr_parses(c->arena, text, origin, c->diags))
    c->failed = true;
}

ir_batch *convert_batch(convert *c, const node *value) {
  static const char *const outer[] = {"batch", NULL};
  static const char *const keys[] = {
      "run",      "count",      "expect",     "more",      "of",
      "max_rows", "start_rows", "total_rows", "target_ms", NULL};
  ir_batch *batch = UPK_NEW(c->arena, ir_batch);
  const node *map = node_find(value, "batch"), *part;
  if (!convert_keys(c, value, "a batch", outer) ||
      !convert_keys(c, map, "`batch`", keys))
    return batch;
  convert_statements(c, node_find(map, "run"), "a statement of a batch",
                     &batch->run, &batch->run_count);
  check_round(c, map, batch);
  batch->count = convert_text(c, node_find(map, "count"), "a batch's `count`");
  if ((part = node_find(map, "of")))
    batch->of = convert_text(c, part, "a batch's `of`");
  if ((part = node_find(map, "more")))
    batch->more = convert_text(c, part, "a batch's `more`");
  if ((part = node_find(map, "expect"))) {
    batch->expect = convert_text(c, part, "a batch's `expect`");
    check_expect(c, part, batch->expect);
  }
  batch->max_rows = bounded(c, map, "max_rows", ROWS_OTHERWISE, 1, ROWS_MAX);
  batch->start_rows =
      bounded(c, map, "start_rows",
              batch->max_rows > START_SHARE ? batch->max_rows / START_SHARE : 1,
              1, batch->max_rows);
  batch->total_rows = bounded(c, map, "total_rows", 0, 0, INT64_C(1) << 53);
  batch->target_ms = bounded(c, map, "target_ms", TARGET_MS, 1, TARGET_MS_MAX);
  return batch;
}
