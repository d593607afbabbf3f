/* A driver's connection for one who has nothing else to do: every call runs
 * the session's own loop until the answer is there. */
#ifndef RUNTIME_FACTS_SESSION_H
#define RUNTIME_FACTS_SESSION_H

#include <uv.h>

#include "driver/driver.h"

typedef struct facts_session {
  const driver *driver;
  upk_arena *arena; /* of `error` */
  uv_loop_t loop;
  driver_conn *conn;
  bool waiting;
  /* The end of the last call; texts are in `arena`. */
  driver_error error;
  int64_t rows_affected;
  size_t notice_count;
  /* Who is told of rows, and of the end while its rows are valid. */
  bool (*on_rows)(void *ctx, const driver_result *batch);
  void (*on_end)(void *ctx, const driver_result *result);
  void *ctx;
} facts_session;

/* Connects. False with `error` set; close it then too. */
bool facts_session_open(facts_session *s, const driver *driver,
                        upk_arena *arena, const driver_options *options);
/* Streams rows to on_rows. `on_rows` NULL: lets them go. */
bool facts_session_stream(facts_session *s, upk_str sql, int64_t deadline_ms,
                          bool (*on_rows)(void *ctx,
                                          const driver_result *batch),
                          void *ctx);
/* Keeps up to rows_max rows for on_end, which is not called on errors. */
bool facts_session_query(facts_session *s, upk_str sql, size_t rows_max,
                         int64_t deadline_ms,
                         void (*on_end)(void *ctx, const driver_result *result),
                         void *ctx);
bool facts_session_execute(facts_session *s, upk_str sql, int64_t deadline_ms);
bool facts_session_set_limits(facts_session *s, const driver_limits *limits);
/* True too when the driver has no snapshots: then nothing was begun. */
bool facts_session_begin_snapshot(facts_session *s, int64_t deadline_ms);
bool facts_session_rollback(facts_session *s, int64_t deadline_ms);
bool facts_session_is_lost(const facts_session *s);
void facts_session_close(facts_session *s);

#endif
