/* Opening the store: made if it is not there, moved aside if it is damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/db.h"
#include "timefmt.h"

/* ---- the folder and the file ---- */

static bool make_folder(upk_state *s) {
  const char *slash = strrchr(s->path.data, '/');
  if (!slash || slash == s->path.data)
    return true;
  upk_str folder = upk_arena_copy(
      s->arena, (upk_str){s->path.data, (size_t)(slash - s->path.data)});
  return mkdir(folder.data, 0777) == 0 || errno == EEXIST;
}

/* SQLite would make it readable to others; its log and its index get the mode
 * that the file has. */
static bool make_file(upk_state *s) {
  int fd = open(s->path.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0)
    close(fd);
  return fd >= 0 || errno == EEXIST;
}

static void say_no_file(upk_state *s, upk_diags *diags) {
  upk_diag *diag = upk_diag_add(diags, 3150, UPK_NO_SPAN,
                                "the state store `%.*s` cannot be opened: %s",
                                UPK_FMT(s->path), strerror(errno));
  upk_diag_note(diags, diag, "Nothing is recorded, and trends are unknown.");
  upk_diag_help(diags, diag, "let this user write there, or give --no-record");
}

/* ---- damage ---- */

static bool move_one(const char *from, const char *to) {
  struct stat info;
  return stat(from, &info) != 0 || rename(from, to) == 0;
}

/* Its log goes first: a new database must not find it. */
static bool move_all(upk_state *s, upk_str aside) {
  static const char *const suffixes[] = {"-wal", "-shm", ""};
  bool moved = true;
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    upk_str from =
        upk_arena_printf(s->arena, "%.*s%s", UPK_FMT(s->path), suffixes[i]);
    upk_str to =
        upk_arena_printf(s->arena, "%.*s%s", UPK_FMT(aside), suffixes[i]);
    moved = moved && move_one(from.data, to.data);
  }
  return moved;
}

static bool same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether `path` still names the file that was opened. */
static bool is_there(const upk_state *s) {
  struct stat info;
  return stat(s->path.data, &info) == 0 && same_file(&info, &s->file);
}

static void say_damage(upk_state *s, upk_diags *diags, upk_str aside,
                       bool moved) {
  upk_diag *diag = upk_diag_add(diags, 3153, UPK_NO_SPAN,
                                "the state store `%.*s` is damaged: %.*s",
                                UPK_FMT(s->path), UPK_FMT(s->why));
  if (moved)
    upk_diag_note(diags, diag,
                  "It was moved to `%.*s`, and a new one was begun; runs are "
                  "read from their logs again.",
                  UPK_FMT(aside));
  upk_diag_help(diags, diag,
                moved ? "samples begin anew; keep the old file if you want to "
                        "look for the cause"
                      : "move it away by hand");
}

/* The file with its log, under names that say when. Of several processes that
 * find the damage one moves the file: its lock is the file's own, and the
 * others see that the path names another by then. */
aside state_move_aside(upk_state *s, upk_diags *diags) {
  upk_buf when = {0};
  upk_timestamp_format(s->clock->wall_us(s->clock->ctx) / 1000000 * 1000000,
                       &when);
  upk_str name =
      upk_arena_printf(s->arena, "%.*s.damaged-%.*s", UPK_FMT(s->path),
                       UPK_FMT(upk_buf_view(&when)));
  upk_buf_free(&when);
  db_close(s);
  s->db = NULL;
  int fd = open(s->path.data, O_RDONLY | O_CLOEXEC);
  if (fd >= 0)
    flock(fd, LOCK_EX);
  aside done = ASIDE_BEFORE;
  if (is_there(s)) {
    done = move_all(s, name) ? ASIDE_MOVED : ASIDE_STAYS;
    say_damage(s, diags, name, done == ASIDE_MOVED);
  }
  if (fd >= 0)
    close(fd);
  return done;
}

bool state_is_damage(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* ---- connecting ---- */

static int connect_file(upk_state *s, upk_diags *diags) {
  static const char setup[] =
      "pragma journal_mode = wal; pragma synchronous = normal;"
      "pragma journal_size_limit = 4194304; pragma cache_size = -8192";
  s->code = SQLITE_OK;
  int code = sqlite3_open_v2(s->path.data, &s->db, SQLITE_OPEN_READWRITE, NULL);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(s->db, STATE_BUSY_MS);
    code = state_migrate(s, diags);
  }
  /* A file system without shared memory keeps its rollback journal. */
  if (code == SQLITE_OK)
    sqlite3_exec(s->db, setup, NULL, NULL, NULL);
  if (code != SQLITE_OK && s->code == SQLITE_OK) {
    s->code = code;
    s->why =
        upk_arena_copy(s->arena, upk_str_from(s->db ? sqlite3_errmsg(s->db)
                                                    : sqlite3_errstr(code)));
  }
  return code;
}

static void say_not_opened(upk_state *s, upk_diags *diags, int code) {
  if (code == SQLITE_MISMATCH)
    return; /* said */
  upk_diag *diag =
      upk_diag_add(diags, (code & 0xff) == SQLITE_BUSY ? 3152 : 3150,
                   UPK_NO_SPAN, "the state store `%.*s` cannot be opened: %.*s",
                   UPK_FMT(s->path), UPK_FMT(s->why));
  upk_diag_note(diags, diag, "Nothing is recorded, and trends are unknown.");
  upk_diag_help(diags, diag,
                (code & 0xff) == SQLITE_BUSY
                    ? "another process holds it; it is tried again next time"
                    : "look at its rights and its disk, or give --no-record");
}

/* Whether the next try may go better: the damage was moved out of the way, by
 * us or by another process that found it at the same time. */
static bool moved_meanwhile(upk_state *s, upk_diags *diags, int code) {
  if (state_is_damage(code))
    return state_move_aside(s, diags) != ASIDE_STAYS;
  if (code == SQLITE_MISMATCH || is_there(s))
    return false;
  db_close(s);
  s->db = NULL;
  return true;
}

/* Whether it can be used. */
static bool open_file(upk_state *s, upk_diags *diags) {
  int code = SQLITE_OK;
  for (int tries = 0; tries < 5; tries++) {
    if (!make_folder(s) || !make_file(s)) {
      say_no_file(s, diags);
      return false;
    }
    if (stat(s->path.data, &s->file) != 0)
      s->file = (struct stat){0};
    code = connect_file(s, diags);
    if (code == SQLITE_OK)
      return true;
    if (!moved_meanwhile(s, diags, code))
      break;
  }
  if (!state_is_damage(code))
    say_not_opened(s, diags, code);
  return false;
}

upk_state *upk_state_open(upk_str path, const upk_clock *clock,
                          upk_diags *diags) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_state *s = UPK_NEW(arena, upk_state);
  *s = (upk_state){
      .arena = arena, .clock = clock, .path = upk_arena_copy(arena, path)};
  if (upk_str_starts(path, "postgresql://") ||
      upk_str_starts(path, "postgres://")) {
    upk_diag *diag = upk_diag_add(
        diags, 3156, UPK_NO_SPAN,
        "a state store in PostgreSQL is not there yet; nothing is recorded");
    upk_diag_help(diags, diag, "name a file by `state` in upkeep.yaml");
  } else if (open_file(s, diags)) {
    return s;
  }
  upk_state_close(s);
  return NULL;
}

void upk_state_close(upk_state *s) {
  if (!s)
    return;
  db_close(s);
  upk_arena_free(s->arena);
}
