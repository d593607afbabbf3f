/* The store's tables, version by version. A step is never changed once it was
 * released: what is to differ becomes another one. */
#include "state/db.h"

/* Times are microseconds since 1970. See docs/formats.md, "State store". */
static const char *const steps[] = {
    /* 1: samples and runs */
    "create table target ("
    "  id integer primary key, name text not null, engine text not null,"
    "  identity text not null, pruned_us integer not null default 0,"
    "  counters_us integer);"
    "create index target_name on target (name);"
    "create table object ("
    "  target integer not null, kind text not null, first integer not null,"
    "  names blob not null, primary key (target, kind, first)) without rowid;"
    "create table series ("
    "  id integer primary key, target integer not null, kind text not null,"
    "  attribute text not null, type text not null, at_us integer not null,"
    "  unique (target, kind, attribute));"
    "create table latest ("
    "  series integer primary key, cells blob not null);"
    "create table point ("
    "  series integer not null, at_us integer not null, changes blob not null,"
    "  primary key (series, at_us)) without rowid;"
    "create table run ("
    "  run text primary key, target text, engine text, plan text, intent text,"
    "  host text, user text, began_us integer, ended_us integer, status text,"
    "  blocked_ms integer, processes integer, log_bytes integer not null)"
    " without rowid;"
    "create index run_target on run (target, began_us);"
    "create table outcome ("
    "  run text not null, step text not null, action text, kind text,"
    "  object text, began_us integer, ended_us integer, outcome text,"
    "  p50_ms integer, p90_ms integer, basis text, work_bytes integer,"
    "  elapsed_us integer, blocked_ms integer, before text, after text,"
    "  primary key (run, step)) without rowid;"
    "create index outcome_action on outcome (action, ended_us);"
    "create index outcome_ended on outcome (ended_us);"
    "create table summary ("
    "  run text primary key, log_bytes integer not null,"
    "  log_us integer not null, status text not null) without rowid",
    /* 2: who works on what, and what is to be told */
    "create table lease ("
    "  target text primary key, epoch integer not null, host text not null,"
    "  pid integer not null, since_us integer not null,"
    "  released integer not null default 0) without rowid;"
    "create table outbox ("
    "  id integer primary key, made_us integer not null, channel text not null,"
    "  body text not null, tried integer not null default 0,"
    "  next_us integer not null default 0, sent_us integer)",
    /* 3: since which sample counters are of one epoch. A run's executor is
     * told by its folder and by the lease in the target itself */
    ("alter table target add column counters_from_us integer not null default "
     "0;"
     "drop table lease"),
};

static int64_t pragma(upk_state *s, const char *sql, int *ret_code) {
  int64_t value = 0;
  sqlite3_stmt *statement = db_start(s, sql, "");
  if (db_next(s, statement))
    value = db_int(statement, 0);
  db_end(s, statement);
  *ret_code = s->code;
  return value;
}

static int refuse(upk_state *s, upk_diags *diags, int64_t version) {
  upk_diag *diag =
      version
          ? upk_diag_add(diags, 3154, UPK_NO_SPAN,
                         "the state store `%.*s` is of version %lld, and this "
                         "upkeep knows %d",
                         UPK_FMT(s->path), (long long)version, STATE_VERSION)
          : upk_diag_add(diags, 3155, UPK_NO_SPAN,
                         "`%.*s` is a database, and no state store",
                         UPK_FMT(s->path));
  upk_diag_help(diags, diag,
                version ? "use the newer upkeep, or name another file by "
                          "`state` in upkeep.yaml"
                        : "name another file by `state` in upkeep.yaml");
  return SQLITE_MISMATCH;
}

/* Within a transaction, or it would see another process's half. */
static int check_version(upk_state *s, upk_diags *diags, int64_t *ret_version) {
  int code;
  *ret_version = pragma(s, "pragma user_version", &code);
  int64_t application = pragma(s, "pragma application_id", &code);
  int64_t tables = pragma(s, "select count(*) from sqlite_schema", &code);
  if (code != SQLITE_OK)
    return code;
  if (application != STATE_APPLICATION && (tables || *ret_version))
    return refuse(s, diags, 0);
  if (*ret_version < 0 || *ret_version > STATE_VERSION)
    return refuse(s, diags, *ret_version);
  return SQLITE_OK;
}

static int run(upk_state *s, const char *sql) {
  int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
  if (code != SQLITE_OK && s->code == SQLITE_OK) {
    s->code = code;
    s->why = upk_arena_copy(s->arena, upk_str_from(sqlite3_errmsg(s->db)));
  }
  return code;
}

int state_migrate(upk_state *s, upk_diags *diags) {
  char mark[96];
  int64_t version;
  if (run(s, "begin") != SQLITE_OK)
    return s->code;
  int code = check_version(s, diags, &version);
  sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
  if (code != SQLITE_OK || version == STATE_VERSION)
    return code;
  /* Before the first table: it cannot be changed later. */
  if (!version && run(s, "pragma auto_vacuum = incremental") != SQLITE_OK)
    return s->code;
  /* Another process may have done it while we waited for the right to. */
  if (run(s, "begin immediate") != SQLITE_OK)
    return s->code;
  code = check_version(s, diags, &version);
  for (; code == SQLITE_OK && version < STATE_VERSION; version++)
    code = run(s, steps[version]);
  sqlite3_snprintf(sizeof mark, mark,
                   "pragma user_version = %d; pragma application_id = %d",
                   STATE_VERSION, STATE_APPLICATION);
  if (code == SQLITE_OK)
    code = run(s, mark);
  if (code == SQLITE_OK)
    code = run(s, "commit");
  if (!sqlite3_get_autocommit(s->db))
    sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
  return code;
}
