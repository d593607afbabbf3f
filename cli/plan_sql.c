/* A plan as SQL, for reading. */
#include <inttypes.h>
#include <string.h>

#include "cli.h"
#include "markup.h"
#include "plan_view.h"
#include "quote.h"

/* One comment line: no name can end it. */
static void comment(upk_buf *out, const char *head, upk_str text) {
  upk_buf_printf(out, "-- %s", head);
  upk_display_text(text, out);
  upk_buf_char(out, '\n');
}

static void sql_text(upk_buf *out, upk_str sql, const upk_json *params) {
  sql = upk_str_trim(sql);
  while (sql.len && sql.data[sql.len - 1] == ';')
    sql.len--;
  upk_buf_str(out, sql);
  upk_buf_str(out, UPK_STR(";\n"));
  if (!upk_json_count(params))
    return;
  upk_buf bytes = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_write(w, params);
  upk_json_writer_close(w);
  comment(out, "parameters: ", upk_buf_view(&bytes));
  upk_buf_free(&bytes);
}

/* Words as JSON: nothing in them can be taken for another. */
void program_text(const upk_json *words, upk_buf *out) {
  upk_buf bytes = {0};
  for (size_t i = 0; i < upk_json_count(words); i++) {
    const upk_json *word = upk_json_at(words, i);
    upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
    upk_buf_clear(&bytes);
    upk_json_write(w, word);
    upk_json_writer_close(w);
    upk_buf_printf(out, "%s%.*s", i ? " " : "", UPK_FMT(upk_buf_view(&bytes)));
  }
  upk_buf_free(&bytes);
}

static void sql_program(upk_buf *out, const upk_json *exec) {
  upk_buf text = {0};
  program_text(exec, &text);
  comment(out, "program ", upk_buf_view(&text));
  upk_buf_free(&text);
}

static void sql_check(upk_buf *out, const upk_json *check,
                      const upk_json *queries, const char *head) {
  const upk_json *names = upk_json_get(check, "queries");
  upk_buf text = {0};
  upk_buf_printf(&text, "%.*s: expect %.*s",
                 UPK_FMT(upk_json_text(check, "name")),
                 UPK_FMT(upk_json_text(check, "expect")));
  comment(out, head, upk_buf_view(&text));
  upk_buf_free(&text);
  upk_str sql = upk_json_text(check, "sql");
  if (upk_json_count(upk_json_get(check, "exec")))
    sql_program(out, upk_json_get(check, "exec"));
  if (sql.len)
    sql_text(out, sql, upk_json_get(check, "params"));
  for (size_t i = 0; i < upk_json_count(names); i++) {
    const upk_json *query =
        upk_json_get_str(queries, upk_json_at(names, i)->string);
    if (query->type == UPK_JSON_STRING)
      sql_text(out, query->string, upk_json_get(check, "params"));
  }
}

static void sql_checks(upk_buf *out, const upk_json *checks,
                       const upk_json *queries, const char *head) {
  for (size_t i = 0; i < upk_json_count(checks); i++)
    sql_check(out, upk_json_at(checks, i), queries, head);
}

static void sql_statements(upk_buf *out, const upk_json *statements);

static void sql_statement(upk_buf *out, const upk_json *statement) {
  const upk_json *exec = upk_json_get(statement, "exec");
  const upk_json *batch = upk_json_get(statement, "batch");
  if (upk_json_count(exec)) {
    sql_program(out, exec);
  } else if (upk_json_count(upk_json_get(batch, "run"))) {
    upk_buf_printf(out, "-- repeated in rounds of at most %lld rows\n",
                   (long long)upk_json_number(batch, "max_rows", 0));
    sql_statements(out, upk_json_get(batch, "run"));
    upk_buf_str(out, UPK_STR("-- end of a round\n"));
  } else {
    upk_str write = upk_json_text(upk_json_get(statement, "file"), "write");
    upk_str read = upk_json_text(upk_json_get(statement, "file"), "read");
    if (write.data)
      upk_buf_printf(out, "-- its rows go to a file in %.*s\n", UPK_FMT(write));
    if (read.data)
      upk_buf_printf(out,
                     "-- its last parameter is the lines of a file in %.*s\n",
                     UPK_FMT(read));
    sql_text(out, upk_json_text(statement, "sql"),
             upk_json_get(statement, "params"));
  }
}

static void sql_statements(upk_buf *out, const upk_json *statements) {
  for (size_t i = 0; i < upk_json_count(statements); i++)
    sql_statement(out, upk_json_at(statements, i));
}

static const upk_json *queries_of(const plan_view *view) {
  return upk_json_get(view->body, "queries");
}

/* Its rounds commit one by one. */
static bool has_batch(const upk_json *statements) {
  for (size_t i = 0; i < upk_json_count(statements); i++)
    if (upk_json_count(upk_json_get(
            upk_json_get(upk_json_at(statements, i), "batch"), "run")))
      return true;
  return false;
}

void plan_sql(const upk_json *plan, bool checks, upk_buf *out) {
  upk_arena *arena = upk_arena_new(NULL);
  plan_view view;
  plan_view_init(&view, arena, plan);
  comment(out,
          "what upkeep would run: for reading, apply runs it with its "
          "checks, limits and log",
          UPK_STR(""));
  for (size_t i = 0; i < upk_json_count(view.steps); i++) {
    const upk_json *step = upk_json_at(view.steps, i);
    bool transaction =
        upk_str_is(upk_json_text(step, "atomicity"), "transaction") &&
        !has_batch(upk_json_get(step, "run"));
    upk_buf_printf(out, "\n-- step %zu\n", i + 1);
    comment(out, "", upk_json_text(step, "id"));
    comment(out, "because ", upk_json_text(step, "because"));
    if (checks)
      sql_checks(out, upk_json_get(step, "pre"), queries_of(&view),
                 "pre-check ");
    if (transaction)
      upk_buf_str(out, UPK_STR("begin;\n"));
    sql_statements(out, upk_json_get(step, "run"));
    if (checks)
      sql_checks(out, upk_json_get(step, "post"), queries_of(&view),
                 "post-validation ");
    if (transaction)
      upk_buf_str(out, UPK_STR("commit;\n"));
  }
  upk_arena_free(arena);
}
