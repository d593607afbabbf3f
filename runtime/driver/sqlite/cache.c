/* Statements that were prepared already: the checks and the ledger's row are
 * the same texts in every step. */
#include <string.h>

#include "driver/sqlite/conn.h"

enum { SQL_MAX = 4096 };

sqlite3_stmt *sqlite_cache_find(sqlite_session *session, upk_str sql) {
  for (size_t i = 0; i < SQLITE_CACHED; i++)
    if (session->cached[i].statement &&
        upk_str_equal(upk_buf_view(&session->cached[i].sql), sql))
      return session->cached[i].statement;
  return NULL;
}

/* Reads and changes of rows. What attaches, vacuums or sets something is
 * looked at anew each time. */
static bool comes_again(const sqlite_session *session, upk_str sql) {
  static const char *const words[] = {"select ", "insert ", "update ",
                                      "delete ", "with "};
  if (session->archive || sql.len > SQL_MAX)
    return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (sqlite3_strnicmp(sql.data, words[i], (int)strlen(words[i])) == 0)
      return true;
  return false;
}

static void forget(sqlite_session *session, size_t at) {
  sqlite3_finalize(session->cached[at].statement);
  session->cached[at].statement = NULL;
}

/* Where it is kept; SQLITE_CACHED: nowhere. */
static size_t find(const sqlite_session *session,
                   const sqlite3_stmt *statement) {
  size_t at = 0;
  while (at < SQLITE_CACHED && session->cached[at].statement != statement)
    at++;
  return at;
}

static void keep(sqlite_session *session, upk_str sql,
                 sqlite3_stmt *statement) {
  size_t at = session->cached_next++ % SQLITE_CACHED;
  forget(session, at);
  session->cached[at].statement = statement;
  upk_buf_clear(&session->cached[at].sql);
  upk_buf_str(&session->cached[at].sql, sql);
}

void sqlite_cache_give(sqlite_session *session, upk_str sql,
                       sqlite3_stmt *statement, bool went_well) {
  size_t at = find(session, statement);
  if (!statement)
    return;
  if (went_well && comes_again(session, sql)) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (at == SQLITE_CACHED)
      keep(session, sql, statement);
  } else if (at < SQLITE_CACHED) {
    forget(session, at);
  } else {
    sqlite3_finalize(statement);
  }
}

void sqlite_cache_clear(sqlite_session *session) {
  for (size_t i = 0; i < SQLITE_CACHED; i++) {
    forget(session, i);
    upk_buf_free(&session->cached[i].sql);
  }
}
