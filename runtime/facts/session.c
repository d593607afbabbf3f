#include "facts/session.h"

#include <string.h>

static upk_str keep(session *s, upk_str text) {
  return text.data ? upk_arena_copy(s->arena, text) : UPK_NO_STR;
}

static void on_done(void *ctx, const driver_result *result) {
  session *s = ctx;
  s->waiting = false;
  uv_stop(&s->loop);
  s->rows_affected = result->rows_affected;
  s->notice_count = result->notice_count;
  s->error = result->error;
  s->error.code = keep(s, result->error.code);
  s->error.message = keep(s, result->error.message);
  s->error.detail = keep(s, result->error.detail);
  s->error.hint = keep(s, result->error.hint);
  if (s->on_end && result->error.class == DRIVER_NONE)
    s->on_end(s->ctx, result);
  s->on_end = NULL;
}

static bool wait_for_end(session *s) {
  while (s->waiting)
    uv_run(&s->loop, UV_RUN_DEFAULT);
  return s->error.class == DRIVER_NONE;
}

bool facts_session_open(session *s, const driver *driver, upk_arena *arena,
                  const driver_options *options) {
  memset(s, 0, sizeof *s);
  s->driver = driver;
  s->arena = arena;
  if (uv_loop_init(&s->loop) != 0) {
    s->error.class = DRIVER_OTHER;
    s->error.message = UPK_STR("no event loop could be made");
    return false;
  }
  s->waiting = true;
  s->conn = driver->open(&s->loop, options, on_done, s);
  return wait_for_end(s);
}

static bool hand_on(void *ctx, const driver_result *batch) {
  session *s = ctx;
  return s->on_rows(s->ctx, batch);
}

bool session_stream(session *s, upk_str sql, int64_t deadline_ms,
                    bool (*on_rows)(void *ctx, const driver_result *batch),
                    void *ctx) {
  driver_query query = {.sql = sql,
                        .deadline_ms = deadline_ms,
                        .on_rows = on_rows ? hand_on : NULL,
                        .on_done = on_done,
                        .ctx = s};
  s->on_rows = on_rows;
  s->ctx = ctx;
  s->waiting = true;
  s->driver->query(s->conn, &query);
  return wait_for_end(s);
}

bool session_query(session *s, upk_str sql, size_t rows_max,
                   int64_t deadline_ms,
                   void (*on_end)(void *ctx, const driver_result *result),
                   void *ctx) {
  driver_query query = {.sql = sql,
                        .rows_max = rows_max,
                        .deadline_ms = deadline_ms,
                        .on_done = on_done,
                        .ctx = s};
  s->on_end = on_end;
  s->ctx = ctx;
  s->waiting = true;
  s->driver->query(s->conn, &query);
  return wait_for_end(s);
}

bool session_execute(session *s, upk_str sql, int64_t deadline_ms) {
  return session_query(s, sql, 0, deadline_ms, NULL, NULL);
}

bool session_set_limits(session *s, const driver_limits *limits) {
  s->waiting = true;
  s->driver->set_limits(s->conn, limits, on_done, s);
  return wait_for_end(s);
}

bool session_begin_snapshot(session *s, int64_t deadline_ms) {
  if (!s->driver->begin_snapshot)
    return true;
  s->waiting = true;
  s->driver->begin_snapshot(s->conn, deadline_ms, on_done, s);
  return wait_for_end(s);
}

bool session_rollback(session *s, int64_t deadline_ms) {
  s->waiting = true;
  s->driver->rollback(s->conn, deadline_ms, on_done, s);
  return wait_for_end(s);
}

bool session_is_lost(const session *s) {
  return s->error.class == DRIVER_CONNECTION;
}

void facts_session_close(session *s) {
  if (s->conn) {
    s->driver->close(s->conn, NULL, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
  }
  s->conn = NULL;
}
