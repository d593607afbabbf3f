/* One target being inspected, on a loop that others may share.
 *
 *     open -> limits -> session statements -> identity -> capabilities
 *     -> since when counters count -> cheap collectors, in one snapshot ->
 * measured collectors, each by itself -> facts -> close
 *
 * Each arrow is the end of one operation of the driver, whose callback is
 * `then`. A collector that fails leaves its columns NULL, with the reason, and
 * a warning. Only a lost connection ends the inspection.
 */
#ifndef RUNTIME_FACTS_INSPECTION_H
#define RUNTIME_FACTS_INSPECTION_H

#include <upkeep/runtime.h>

#include "facts/table.h"

/* An object of the facts file while it is made. */
typedef struct facts_object {
  UPK_VEC(upk_json_member) members;
} facts_object;

typedef struct inspection inspection;
typedef void (*inspection_then)(inspection *in, const driver_result *result);

struct inspection {
  const upk_inspect_request *asked;
  const inspect_request *request;
  upk_diags *diags;
  upk_sink output;
  upk_arena *arena;
  const driver *driver;
  driver_conn *conn;
  inspection_then then;
  driver_error error; /* of the last operation; texts are in `arena` */
  int64_t statement_ms, version;
  size_t at; /* the session statement, capability or collector under way */
  facts_object capabilities, variants;
  bool in_snapshot, measuring;
  table table;     /* of the collector under way */
  upk_arena *keys; /* its keys, when its rows are joined to others */
  upk_facts facts;
  upk_status status;
  void (*on_end)(void *ctx); /* the last thing that is called */
  void *ctx;
};

/* Begins. False: it has ended already, with in->status, and on_end is not
 * called. The caller has set asked, request, diags, output, on_end and ctx, all
 * else zero; and frees it afterwards. */
bool inspection_start(inspection *in, struct uv_loop_s *loop, int64_t now_us);
void inspection_free(inspection *in);

/* ---- what inspect.c and collect.c share ---- */

/* Sends one statement and keeps up to rows_max rows for `then`. */
void inspection_ask(inspection *in, upk_str sql, size_t rows_max,
                    inspection_then then);
/* The callback of every operation: goes on with `then`. */
void inspection_done(void *ctx, const driver_result *result);
bool inspection_is_lost(const inspection *in);
/* Ends it: says that the target cannot be reached. */
void inspection_unreachable(inspection *in);
/* The end of a message that brings the server's words: "... (42501)". */
upk_str inspection_words(inspection *in);
void facts_object_put(inspection *in, facts_object *o, upk_str key,
                      upk_json value);
const upk_json *facts_object_finish(inspection *in, facts_object *o);

/* Runs the collectors, and then inspection_write. */
void inspection_collect(inspection *in);
void inspection_write(inspection *in);

#endif
