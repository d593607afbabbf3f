/* Runs and what their steps came to, taken in from their logs. */
#include <dirent.h>
#include <sys/stat.h>

#include "control/control.h"
#include "journal/journal.h"
#include "map.h"
#include "state/db.h"
#include "state/log.h"
#include "state/observe.h"

static const char doing[] = "taking runs in to the state store";

static upk_str last_name(upk_str path) {
  size_t start;
  while (path.len && path.data[path.len - 1] == '/')
    path.len--;
  for (start = path.len; start && path.data[start - 1] != '/';)
    start--;
  return (upk_str){path.data + start, path.len - start};
}

static bool log_info(upk_arena *arena, upk_str folder, struct stat *ret_info) {
  upk_str path = upk_arena_printf(arena, "%.*s/log.jsonl", UPK_FMT(folder));
  return stat(path.data, ret_info) == 0 && S_ISREG(ret_info->st_mode);
}

/* ---- taking in ---- */

static void write_run(upk_state *s, upk_str name, const log_run *run,
                      int64_t log_bytes) {
  db_run(s,
         "insert or replace into run (run, target, engine, plan, intent, host,"
         " user, began_us, ended_us, status, blocked_ms, processes, log_bytes)"
         " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, 0), ?10,"
         " case when ?11 >= 0 then ?11 end, ?12, ?13)",
         "tttttttiitiii", name, run->target, run->engine, run->plan,
         run->intent, run->host, run->user, run->began_us, run->ended_us,
         run->status, run->blocked_ms, run->processes, log_bytes);
}

static void bind_step(sqlite3_stmt *q, upk_str name, const log_step *step) {
  const upk_str texts[] = {name,        step->id,     step->action,
                           step->kind,  step->object, step->outcome,
                           step->basis, step->before, step->after};
  const int64_t numbers[] = {
      step->began_us,   step->ended_us,   step->p50_ms,    step->p90_ms,
      step->work_bytes, step->elapsed_us, step->blocked_ms};
  int at = 1;
  sqlite3_reset(q);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++, at++)
    if (texts[i].data)
      sqlite3_bind_text64(q, at, texts[i].data, texts[i].len, SQLITE_STATIC,
                          SQLITE_UTF8);
    else
      sqlite3_bind_null(q, at);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++, at++)
    sqlite3_bind_int64(q, at, numbers[i]);
}

static void write_steps(upk_state *s, upk_str name, const log_run *run) {
  db_run(s, "delete from outcome where run = ?1", "t", name);
  sqlite3_stmt *q = db_start(
      s,
      "insert into outcome (run, step, action, kind, object, outcome, basis,"
      " before, after, began_us, ended_us, p50_ms, p90_ms, work_bytes,"
      " elapsed_us, blocked_ms) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
      " nullif(?10, 0), nullif(?11, 0), ?12, ?13, ?14, ?15, ?16)",
      "");
  for (size_t i = 0; q && i < run->steps.len; i++) {
    bind_step(q, name, &run->steps.items[i]);
    db_next(s, q);
  }
  db_end(s, q);
}

/* Within a transaction. What cannot be read is left out. */
static void take_in(upk_state *s, upk_str folder) {
  log_run run = {.arena = upk_arena_new(NULL)};
  upk_buf log = {0}, plan = {0};
  upk_str path = upk_arena_printf(run.arena, "%.*s/log.jsonl", UPK_FMT(folder));
  if (journal_read_file(path.data, &log) == 0 && log.len) {
    log_fold(upk_buf_view(&log), &run);
    path = upk_arena_printf(run.arena, "%.*s/plan.json", UPK_FMT(folder));
    if (journal_read_file(path.data, &plan) == 0 && plan.len)
      log_add_plan(upk_buf_view(&plan), &run);
    write_run(s, last_name(folder), &run, (int64_t)log.len);
    write_steps(s, last_name(folder), &run);
  }
  upk_buf_free(&plan);
  upk_buf_free(&log);
  upk_arena_free(run.arena);
}

void upk_state_run(upk_state *s, upk_str run_folder, upk_diags *diags) {
  if (!state_begin(s, true, diags, doing))
    return;
  take_in(s, run_folder);
  state_end(s, diags, doing);
}

/* ---- all that are not known as they are ---- */

typedef UPK_VEC(upk_str) folders;

static void read_known(upk_state *s, upk_arena *arena, upk_map *known) {
  sqlite3_stmt *q = db_start(s, "select run, log_bytes from run", "");
  upk_map_init(known, arena);
  while (db_next(s, q))
    upk_map_put(known, db_text(s, arena, q, 0), (uint64_t)db_int(q, 1));
  db_end(s, q);
}

static int64_t changed_us(const struct stat *info) {
  return (int64_t)info->st_mtim.tv_sec * 1000000 + info->st_mtim.tv_nsec / 1000;
}

/* One that goes on is taken in when it has ended; one that is older than what
 * is kept, never again. */
static bool is_news(upk_arena *arena, const upk_map *known, upk_str folder,
                    int64_t since_us) {
  struct stat info;
  uint64_t bytes;
  if (!log_info(arena, folder, &info) || changed_us(&info) < since_us)
    return false;
  return !(upk_map_find(known, last_name(folder), &bytes) &&
           bytes == (uint64_t)info.st_size) &&
         !control_lives(folder);
}

static void find_news(upk_arena *arena, upk_str runs_folder,
                      const upk_map *known, int64_t since_us, folders *news) {
  upk_str path = upk_arena_copy(arena, runs_folder);
  DIR *dir = opendir(path.data);
  const struct dirent *entry;
  while (dir && (entry = readdir(dir))) {
    if (entry->d_name[0] == '.')
      continue;
    upk_str folder =
        upk_arena_printf(arena, "%.*s/%s", UPK_FMT(runs_folder), entry->d_name);
    if (is_news(arena, known, folder, since_us))
      *UPK_PUSH(arena, news) = folder;
  }
  if (dir)
    closedir(dir);
}

void upk_state_runs(upk_state *s, upk_str runs_folder, upk_diags *diags) {
  upk_map known;
  folders news = {0};
  if (!state_begin(s, false, diags, doing))
    return;
  upk_arena *arena = upk_arena_new(NULL);
  read_known(s, arena, &known);
  if (state_end(s, diags, doing))
    find_news(arena, runs_folder, &known,
              s->clock->wall_us(s->clock->ctx) - SAMPLE_KEPT_US, &news);
  for (size_t i = 0; i < news.len; i++)
    upk_state_run(s, news.items[i], diags);
  upk_arena_free(arena);
}

/* ---- statuses ---- */

bool upk_state_status(upk_state *s, upk_str run_folder, upk_buf *ret_status,
                      upk_diags *diags) {
  struct stat info;
  bool found = false;
  if (!s || !log_info(s->arena, run_folder, &info) ||
      !state_begin(s, false, diags, doing))
    return false;
  sqlite3_stmt *q = db_start(s,
                             "select status from summary where run = ?1"
                             " and log_bytes = ?2 and log_us = ?3",
                             "tii", last_name(run_folder),
                             (int64_t)info.st_size, changed_us(&info));
  if (db_next(s, q)) {
    upk_buf_str(ret_status, db_bytes(q, 0));
    found = true;
  }
  db_end(s, q);
  return state_end(s, diags, doing) && found;
}

void upk_state_keep_status(upk_state *s, upk_str run_folder, upk_str status,
                           upk_diags *diags) {
  struct stat info;
  if (!s || !log_info(s->arena, run_folder, &info) ||
      !state_begin(s, true, diags, doing))
    return;
  db_run(s,
         "insert or replace into summary (run, log_bytes, log_us, status)"
         " values (?1, ?2, ?3, ?4)",
         "tiit", last_name(run_folder), (int64_t)info.st_size,
         changed_us(&info), status);
  state_end(s, diags, doing);
}
