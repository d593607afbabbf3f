/* An inspection request, read: docs/formats.md. */
#ifndef RUNTIME_FACTS_REQUEST_H
#define RUNTIME_FACTS_REQUEST_H

#include "expr.h"
#include "json.h"

typedef struct request_column {
  upk_str name;
  upk_type type;
  /* A reset of the server's counters begins it anew; `total`: it falls at no
   * other time. */
  bool counter, total;
} request_column;

typedef struct request_collector {
  upk_str name, kind;
  bool measured;
  bool transient; /* its kind's objects come and go: no history of them */
  request_column *columns;
  size_t column_count;
  size_t *keys; /* numbers of the columns that rows are joined by */
  size_t key_count;
  const upk_json *variants;
  upk_str unavailable;
} request_collector;

typedef struct inspect_request {
  upk_str engine, identity;
  upk_str counters; /* SQL: since when counters count; absent: not asked */
  const upk_json *capabilities; /* array of {name, sql} */
  const upk_json *session;      /* array of texts */
  const upk_json *history;      /* array of {attribute, kind} */
  request_collector *collectors;
  size_t collector_count;
} inspect_request;

/* False, with UPK3100, when `bytes` are no request. Strings borrow from them.
 */
bool inspect_request_read(upk_arena *arena, upk_str bytes, upk_diags *diags,
                          inspect_request *ret_request);

/* The first variant that fits, by version and by the capabilities that are
 * there: its number, or -1. */
int64_t request_variant(const request_collector *collector, int64_t version,
                        const upk_json *capabilities);
/* The text of a variant, {filter} taken out. */
upk_str request_sql(upk_arena *arena, const request_collector *collector,
                    int64_t variant);

#endif
