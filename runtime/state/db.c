#include "state/db.h"

#include <stdarg.h>
#include <string.h>

/* ---- failures ---- */

static void keep_failure(upk_state *s, int code) {
  if (s->code != SQLITE_OK)
    return;
  s->code = code;
  s->why = upk_arena_copy(s->arena, upk_str_from(sqlite3_errmsg(s->db)));
}

/* What a user can do about it. */
static const char *advice(int code) {
  switch (code & 0xff) {
  case SQLITE_FULL:
    return "make room on the disk";
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return "another process holds it; it is tried again next time";
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_CANTOPEN:
    return "let this user write to the file and its folder, or give "
           "--no-record";
  default:
    return "look at the disk and its file system";
  }
}

static void say_failure(upk_state *s, upk_diags *diags, const char *doing) {
  bool busy =
      (s->code & 0xff) == SQLITE_BUSY || (s->code & 0xff) == SQLITE_LOCKED;
  upk_diag *diag = upk_diag_add(diags, busy ? 3152 : 3151, UPK_NO_SPAN,
                                "%s, `%.*s`, failed: %.*s", doing,
                                UPK_FMT(s->path), UPK_FMT(s->why));
  upk_diag_note(diags, diag, "Nothing else depends on it.");
  upk_diag_help(diags, diag, "%s", advice(s->code));
}

/* ---- statements ---- */

static int bind_text(sqlite3_stmt *statement, int index, upk_str text) {
  if (!text.data)
    return sqlite3_bind_null(statement, index);
  return sqlite3_bind_text64(statement, index, text.data, text.len,
                             SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int bind_bytes(sqlite3_stmt *statement, int index, upk_str bytes) {
  return sqlite3_bind_blob64(statement, index, bytes.data ? bytes.data : "",
                             bytes.len, SQLITE_STATIC);
}

/* Compiling them is most of what small samples cost: statements are kept. */
static sqlite3_stmt *take_idle(upk_state *s, const char *sql) {
  for (size_t i = s->idle_count; i--;) {
    sqlite3_stmt *statement = s->idle[i];
    if (strcmp(sqlite3_sql(statement), sql) != 0)
      continue;
    s->idle[i] = s->idle[--s->idle_count];
    return statement;
  }
  return NULL;
}

static void put_idle(upk_state *s, sqlite3_stmt *statement) {
  if (statement && s->code == SQLITE_OK && s->idle_count < STATE_IDLE_MAX &&
      sqlite3_reset(statement) == SQLITE_OK) {
    sqlite3_clear_bindings(statement);
    s->idle[s->idle_count++] = statement;
  } else {
    sqlite3_finalize(statement);
  }
}

void db_close(upk_state *s) {
  while (s->idle_count)
    sqlite3_finalize(s->idle[--s->idle_count]);
  sqlite3_close(s->db);
}

sqlite3_stmt *db_start(upk_state *s, const char *sql, const char *types, ...) {
  va_list args;
  if (s->code != SQLITE_OK)
    return NULL;
  sqlite3_stmt *statement = take_idle(s, sql);
  int code = statement ? SQLITE_OK
                       : sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
  va_start(args, types);
  for (int i = 0; code == SQLITE_OK && types[i]; i++) {
    if (types[i] == 'i')
      code = sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
    else if (types[i] == 't')
      code = bind_text(statement, i + 1, va_arg(args, upk_str));
    else
      code = bind_bytes(statement, i + 1, va_arg(args, upk_str));
  }
  va_end(args);
  if (code == SQLITE_OK)
    return statement;
  keep_failure(s, code);
  sqlite3_finalize(statement);
  return NULL;
}

bool db_next(upk_state *s, sqlite3_stmt *statement) {
  int code =
      statement && s->code == SQLITE_OK ? sqlite3_step(statement) : SQLITE_DONE;
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    keep_failure(s, code);
  return code == SQLITE_ROW;
}

bool db_end(upk_state *s, sqlite3_stmt *statement) {
  put_idle(s, statement);
  return s->code == SQLITE_OK;
}

bool db_end_run(upk_state *s, sqlite3_stmt *statement) {
  while (db_next(s, statement))
    ;
  return db_end(s, statement);
}

int64_t db_int(sqlite3_stmt *statement, int column) {
  return sqlite3_column_int64(statement, column);
}

upk_str db_bytes(sqlite3_stmt *statement, int column) {
  const void *data = sqlite3_column_blob(statement, column);
  return (upk_str){data ? data : "",
                   (size_t)sqlite3_column_bytes(statement, column)};
}

upk_str db_text(upk_state *s, upk_arena *arena, sqlite3_stmt *statement,
                int column) {
  (void)s;
  if (sqlite3_column_type(statement, column) == SQLITE_NULL)
    return UPK_NO_STR;
  return upk_arena_copy(arena, db_bytes(statement, column));
}

/* ---- transactions ---- */

bool state_begin(upk_state *s, bool write, upk_diags *diags,
                 const char *doing) {
  if (!s || s->useless)
    return false;
  s->code = SQLITE_OK;
  if (db_run(s, write ? "begin immediate" : "begin", ""))
    return true;
  state_end(s, diags, doing);
  return false;
}

bool state_end(upk_state *s, upk_diags *diags, const char *doing) {
  if (s->code == SQLITE_OK)
    db_run(s, "commit", "");
  if (s->code == SQLITE_OK)
    return true;
  if (!sqlite3_get_autocommit(s->db))
    sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
  s->useless = true;
  if (!state_is_damage(s->code) || state_move_aside(s, diags) == ASIDE_BEFORE)
    say_failure(s, diags, doing);
  return false;
}
