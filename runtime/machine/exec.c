/* Programs: where a statement or a check names one in place of SQL. The session
 * waits for it like for a query, and keeps the executor's lock meanwhile. */
#include "machine/private.h"

void exec_ask(machine *m, step *s, const plan_exec *exec,
              const plan_value *arguments, size_t count, int64_t deadline_ms) {
  machine_command *command = session_ask(m, s->session, MACHINE_EXEC);
  command->exec = exec;
  command->params = arguments;
  command->param_count = count;
  command->deadline_ms = exec->timeout_ms && exec->timeout_ms < deadline_ms
                             ? exec->timeout_ms
                             : deadline_ms;
}

static const plan_value *find(const machine_rows *rows, const char *column) {
  for (size_t i = 0; rows->count && i < rows->column_count; i++)
    if (upk_str_is(rows->columns[i], column))
      return &rows->values[i];
  return NULL;
}

static void put_text(upk_json_writer *w, const machine_rows *rows,
                     const char *column) {
  const plan_value *value = find(rows, column);
  if (value && value->type == PLAN_TEXT)
    upk_json_put_string(w, column, value->text);
}

void exec_record(machine *m, step *s, const plan_statement *statement) {
  const machine_rows *rows = &m->event->rows;
  const plan_exec *exec = statement->query.exec;
  record r;
  if (!exec)
    return;
  record_init(&r, m, s, "step.program", false);
  const plan_value *code = find(rows, "exit_code");
  if (code && code->type == PLAN_INT)
    upk_json_put_int(r.obs_writer, "exit_code", code->integer);
  upk_json_put_string(r.obs_writer, "program", exec->program);
  put_text(r.obs_writer, rows, "stderr");
  put_text(r.obs_writer, rows, "stdout");
  record_end(&r, false, UPK_NO_STR);
}
