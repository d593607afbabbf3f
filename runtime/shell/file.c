/* Statements whose rows go to a file, or that take a file's lines as their
 * last parameter.
 *
 *   write: part_create -> query, part_put a row -> part_finish -> answer
 *   read:  part_read -> query -> answer
 *
 * What may wait for a disk runs on a thread; rows are packed on the loop, a
 * batch at a time. A part is on the disk under its name before its statement
 * is answered, so before its transaction can commit; one whose transaction is
 * rolled back goes again, unless a commit was asked for: then nobody but the
 * next round knows, which looks at what was committed. */
#include <stdio.h>

#include "folder.h"
#include "part/part.h"
#include "shell/private.h"

struct shell_file {
  shell *sh;
  shell_op *op;
  unsigned session;
  upk_arena *arena;
  const plan_file *file;
  upk_str sql, name, digest;
  driver_value *params; /* one more for the lines */
  size_t param_count, rows_max;
  int64_t deadline_ms;
  uv_async_t async;
  driver_task *task; /* NULL: none runs */
  void (*then)(shell_file *x);
  bool cancelled;
  part_writer *part;
  part_made made;
  part_error error;
  upk_buf lines;
};

/* ---- the answer ---- */

static void on_closed(uv_handle_t *handle) {
  shell_file *x = handle->data;
  upk_buf_free(&x->lines);
  upk_arena_free(x->arena);
}

static void answer(shell_file *x, const driver_result *result) {
  shell *sh = x->sh;
  part_drop(x->part);
  x->part = NULL;
  sh->files[x->session] = NULL;
  x->op->conn = sh->conns[x->session];
  uv_close((uv_handle_t *)&x->async, on_closed);
  shell_reply(x->op, result, false, UPK_NO_STR);
}

/* Too many bytes: with fewer rows it goes well. */
static void answer_error(shell_file *x) {
  driver_result result = {.rows_affected = -1};
  result.error.class =
      x->error.fault == PART_LARGE ? DRIVER_BUSY : DRIVER_OTHER;
  result.error.message = upk_str_from(x->error.text);
  if (x->error.fault != PART_LARGE)
    result.error.hint = UPK_STR("look at the folder of the archive");
  answer(x, &result);
}

static bool fail(shell_file *x, const char *words) {
  x->error.fault = PART_BAD;
  snprintf(x->error.text, sizeof x->error.text, "%s", words);
  return false;
}

/* Notes the part for a rollback of its transaction. */
static void answer_made(shell_file *x) {
  static const upk_str columns[] = {{"bytes", 5}, {"name", 4}, {"sha256", 6}};
  shell_part *made = &x->sh->parts[x->session];
  driver_value values[3] = {
      {.type = DRIVER_INT, .integer = x->made.bytes},
      {.type = DRIVER_TEXT, .text = x->name},
      {.type = DRIVER_TEXT, .text = upk_digest_view(&x->made.digest)}};
  if (x->made.rows) {
    made->folder = x->file->folder;
    snprintf(made->name, sizeof made->name, "%.*s", UPK_FMT(x->name));
  }
  answer(x, &(driver_result){.columns = columns,
                             .column_count = 3,
                             .values = values,
                             .row_count = 1,
                             .rows_total = x->made.rows,
                             .rows_affected = x->made.rows});
}

/* ---- threads ---- */

static void discard(void *arg) { (void)arg; } /* none is abandoned */

static void start(shell_file *x, void (*work)(void *),
                  void (*then)(shell_file *)) {
  x->then = then;
  x->task = driver_task_start(&x->async, work, discard, x);
  if (x->task)
    return;
  work(x); /* no thread is to be had */
  uv_async_send(&x->async);
}

static void on_worked(uv_async_t *async) {
  shell_file *x = async->data;
  if (x->task && !driver_task_finish(x->task))
    return;
  x->task = NULL;
  if (!x->then)
    return;
  void (*then)(shell_file *) = x->then;
  x->then = NULL;
  then(x);
}

/* ---- writing ---- */

static void work_create(void *arg) {
  shell_file *x = arg;
  x->part = part_create(x->file->folder, x->name, &x->error);
}

static void work_finish(void *arg) {
  shell_file *x = arg;
  part_writer *part = x->part;
  x->part = NULL;
  (void)part_finish(part, &x->made, &x->error);
}

static void finished(shell_file *x) {
  if (x->error.fault == PART_FINE)
    answer_made(x);
  else
    answer_error(x);
}

static bool on_rows(void *ctx, const driver_result *batch) {
  shell_file *x = ctx;
  for (size_t i = 0; i < batch->row_count; i++) {
    const driver_value *value = &batch->values[i * batch->column_count];
    if (value->type != DRIVER_TEXT)
      return fail(x, "a row for a file is no text");
    if (!part_put(x->part, value->text, &x->error))
      return false;
  }
  return true;
}

static void on_done(void *ctx, const driver_result *result) {
  shell_file *x = ctx;
  if (x->error.fault != PART_FINE)
    answer_error(x);
  else if (result->error.class != DRIVER_NONE || !x->file->write)
    answer(x, result);
  else
    start(x, work_finish, finished);
}

/* ---- the query ---- */

static void query(shell_file *x) {
  driver_result gone = {.rows_affected = -1};
  driver_query query = {
      .sql = x->sql,
      .params = x->params,
      .param_count = x->param_count,
      .rows_max = x->rows_max,
      .deadline_ms = x->deadline_ms,
      .on_rows = x->file->write ? on_rows : NULL,
      .on_done = on_done,
      .ctx = x,
  };
  if (x->error.fault != PART_FINE) {
    answer_error(x);
    return;
  }
  if (x->cancelled || x->sh->conns[x->session] != x->op->conn) {
    gone.error.class = x->cancelled ? DRIVER_CANCELLED : DRIVER_CONNECTION;
    gone.error.message = UPK_STR("broken off while a file was opened");
    answer(x, &gone);
    return;
  }
  if (!x->file->write)
    x->params[x->param_count - 1] =
        (driver_value){.type = x->name.data ? DRIVER_TEXT : DRIVER_NULL,
                       .text = upk_buf_view(&x->lines)};
  x->sh->request->driver->query(x->op->conn, &query);
  upk_buf_free(&x->lines); /* it has its own */
}

static void work_read(void *arg) {
  shell_file *x = arg;
  if (x->name.data)
    (void)part_read(x->file->folder, x->name, x->digest, &x->lines, &x->error);
}

static void work_nothing(void *arg) { (void)arg; }

/* ---- the start ---- */

static upk_str text_of(shell_file *x, const plan_value *value) {
  return value->type == PLAN_TEXT ? upk_arena_copy(x->arena, value->text)
                                  : UPK_NO_STR;
}

/* A file that is read may have no name: then there is nothing to read. */
static bool take_names(shell_file *x, const machine_command *command) {
  const plan_value *with = &command->params[command->param_count];
  x->name = text_of(x, &with[0]);
  if (!x->file->write)
    x->digest = text_of(x, &with[1]);
  if (!x->name.data && !x->file->write)
    return true;
  if (!upk_file_name_good(x->name))
    return fail(x, "a file's name holds more than letters, digits, `.`, `_` "
                   "and `-`");
  return true;
}

void shell_file_start(shell *sh, const machine_command *command) {
  upk_arena *arena = upk_arena_new(NULL);
  shell_file *x = UPK_NEW(arena, shell_file);
  *x = (shell_file){.sh = sh,
                    .op = shell_op_new(sh, command),
                    .session = command->session,
                    .arena = arena,
                    .file = command->file,
                    .sql = command->sql,
                    .rows_max = command->rows_max,
                    .deadline_ms = command->deadline_ms};
  x->params = UPK_NEW_ARRAY(arena, driver_value, command->param_count + 1);
  x->param_count = command->param_count + (command->file->write ? 0 : 1);
  for (size_t i = 0; i < command->param_count; i++) {
    x->params[i] = shell_value(&command->params[i]);
    if (x->params[i].text.data)
      x->params[i].text = upk_arena_copy(arena, x->params[i].text);
  }
  uv_async_init(&sh->loop, &x->async, on_worked);
  x->async.data = x;
  sh->files[x->session] = x;
  if (!take_names(x, command))
    start(x, work_nothing, query);
  else
    start(x, command->file->write ? work_create : work_read, query);
}

void shell_file_cancel(shell *sh, unsigned session) {
  if (sh->files[session])
    sh->files[session]->cancelled = true;
}

void shell_file_commit(shell *sh, unsigned session) {
  sh->parts[session] = (shell_part){0};
}

void shell_file_rollback(shell *sh, unsigned session) {
  shell_part *part = &sh->parts[session];
  part_error error = {0};
  if (part->folder.data)
    (void)part_remove(part->folder, upk_str_from(part->name), &error);
  *part = (shell_part){0};
}
