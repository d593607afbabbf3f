#include "facts/session.h"

#include <string.h>

static upk_str keep(facts_session *s, upk_str text) {
  return text.data ? upk_arena_copy(s->arena, text) : UPK_NO_STR;
}

static void on_done(void *ctx, const driver_result *result) {
  facts_session *s = ctx;
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

static bool wait_for_end(facts_session *s) {
  while (s->waiting)
    uv_run(&s->loop, UV_RUN_DEFAULT);
  return s->error.class == DRIVER_NONE;
}

bool facts_session_open(facts_session *s, const driver *driver,
                        upk_arena *arena, const driver_options *options) {
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
  facts_session *s = ctx;
  return s->on_rows(s->ctx, batch);
}

bool facts_session_stream(facts_session *s, upk_str sql, int64_t deadline_ms,
                          bool (*on_rows)(void *ctx,
                                          const driver_result *batch),
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

bool facts_session_query(facts_session *s, upk_str sql, size_t rows_max,
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

bool facts_session_execute(facts_session *s, upk_str sql, int64_t deadline_ms) {
  return facts_session_query(s, sql, 0, deadline_ms, NULL, NULL);
}

bool facts_session_set_limits(facts_session *s, const driver_limits *limits) {
  s->waiting = true;
  s->driver->set_limits(s->conn, limits, on_done, s);
  return wait_for_end(s);
}

bool facts_session_begin_snapshot(facts_session *s, int64_t deadline_ms) {
  if (!s->driver->begin_snapshot)
    return true;
  s->waiting = true;
  s->driver->begin_snapshot(s->conn, deadline_ms, on_done, s);
  return wait_for_end(s);
}

bool facts_session_rollback(facts_session *s, int64_t deadline_ms) {
  s->waiting = true;
  s->driver->rollback(s->conn, deadline_ms, on_done, s);
  return wait_for_end(s);
}

bool facts_session_is_lost(const facts_session *s) {
  return s->error.class == DRIVER_CONNECTION;
}

void facts_session_close(facts_session *s) {
  if (s->conn) {
    s->driver->close(s->conn, NULL, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
  }
  s->conn = NULL;
}
