/* The collectors of one inspection: the cheap ones in one snapshot, then the
 * measured ones, each by itself. */
#include "facts/inspection.h"

static void next_collector(inspection *in);

static const request_collector *current(const inspection *in) {
  return &in->request->collectors[in->at];
}

static upk_facts_kind *kind_of(inspection *in, upk_str name) {
  for (size_t i = 0; i < in->facts.kinds.len; i++)
    if (upk_str_equal(in->facts.kinds.items[i].name, name))
      return &in->facts.kinds.items[i];
  upk_facts_kind *kind = UPK_PUSH(in->arena, &in->facts.kinds);
  kind->name = name;
  return kind;
}

/* The collector that makes the rows of the kind. */
static const request_collector *maker(const inspection *in,
                                      const request_collector *c) {
  const request_collector *first = in->request->collectors;
  while (!upk_str_equal(first->kind, c->kind))
    first++;
  return first;
}

static bool is_first(const inspection *in, const request_collector *c) {
  return maker(in, c) == c;
}

/* ---- rows ---- */

static void warn_dropped(inspection *in, const request_collector *c,
                         size_t rows, const char *why) {
  if (rows)
    upk_diag_add(in->diags, 3107, UPK_NO_SPAN,
                 "collector %.*s: %zu rows were left out: %s", UPK_FMT(c->name),
                 rows, why);
}

static void keep(inspection *in, const request_collector *c,
                 upk_facts_kind *kind) {
  table *t = &in->table;
  if (is_first(in, c))
    table_make(t, kind);
  else
    table_join(t, kind);
  warn_dropped(in, c, t->null_keys, "a part of the key is null");
  warn_dropped(in, c, t->double_keys, "their key was there already");
}

/* `why` absent: the rows are known. */
static void end_collector(inspection *in, upk_str why) {
  const request_collector *c = current(in);
  upk_facts_kind *kind = kind_of(in, c->kind);
  if (why.data) {
    upk_diag_add(in->diags, 3106, UPK_NO_SPAN,
                 "collector %.*s failed, so what it knows is unknown: %.*s",
                 UPK_FMT(c->name), UPK_FMT(why));
    table_absent(c, is_first(in, c), why, in->arena, kind);
  } else {
    keep(in, c, kind);
  }
  table_free(&in->table);
  in->table = (table){0};
  upk_arena_free(in->keys);
  in->keys = NULL;
  in->at++;
}

static void rolled_back_to(inspection *in, const driver_result *result) {
  if (result->error.class != DRIVER_NONE)
    inspection_unreachable(in);
  else
    next_collector(in);
}

static void collected(inspection *in, const driver_result *result) {
  bool ok = result->error.class == DRIVER_NONE;
  if (inspection_is_lost(in)) {
    inspection_unreachable(in);
    return;
  }
  upk_str fault = in->table.fault;
  end_collector(in, fault.len ? fault : ok ? UPK_NO_STR : inspection_words(in));
  if (ok || !in->in_snapshot)
    next_collector(in);
  else /* what was read before is here already: nothing is lost by it */
    inspection_ask(in, UPK_STR("rollback to savepoint upkeep"), 0,
                   rolled_back_to);
}

static bool add_rows(void *ctx, const driver_result *batch) {
  inspection *in = ctx;
  return table_add(&in->table, batch);
}

static void start_collector(inspection *in, int64_t variant) {
  const request_collector *c = current(in);
  upk_arena *key_arena = in->arena;
  (void)kind_of(in, c->kind);
  if (!is_first(in, c))
    key_arena = in->keys = upk_arena_new(NULL);
  table_init(&in->table, c, in->arena, key_arena);
  driver_query query = {.sql = request_sql(in->arena, c, variant),
                        .deadline_ms = in->statement_ms,
                        .on_rows = add_rows,
                        .on_done = inspection_done,
                        .ctx = in};
  /* on_rows and on_done share `ctx`. */
  in->then = collected;
  in->driver->query(in->conn, &query);
}

/* ---- one after the other ---- */

/* Why the rows of the collector's kind are not known. */
static upk_str missing_rows(inspection *in, const request_collector *c) {
  if (is_first(in, c))
    return UPK_NO_STR;
  const upk_facts_kind *kind = kind_of(in, c->kind);
  return kind->columns.len ? kind->columns.items[0].reason : UPK_NO_STR;
}

/* Whether the collector, or what makes its kind's rows, is measured. */
static bool is_measured(const inspection *in, const request_collector *c) {
  return c->measured || maker(in, c)->measured;
}

/* False when there is nothing to ask: then its columns are NULL. */
static bool try_collector(inspection *in) {
  const request_collector *c = current(in);
  upk_str missing = missing_rows(in, c);
  int64_t variant = request_variant(c, in->version, in->facts.capabilities);
  if (missing.data || variant < 0) {
    table_absent(c, is_first(in, c), missing.data ? missing : c->unavailable,
                 in->arena, kind_of(in, c->kind));
    return false;
  }
  facts_object_put(in, &in->variants, c->name,
                   (upk_json){.type = UPK_JSON_INT, .integer = variant});
  start_collector(in, variant);
  return true;
}

static void snapshot_ended(inspection *in, const driver_result *result) {
  if (result->error.class != DRIVER_NONE) {
    inspection_unreachable(in);
    return;
  }
  in->in_snapshot = false;
  in->measuring = true;
  in->at = 0;
  next_collector(in);
}

static void next_collector(inspection *in) {
  for (; in->at < in->request->collector_count; in->at++)
    if (is_measured(in, current(in)) == in->measuring && try_collector(in))
      return;
  if (!in->measuring) {
    in->then = snapshot_ended;
    in->driver->rollback(in->conn, in->statement_ms, inspection_done, in);
    return;
  }
  in->facts.collectors = facts_object_finish(in, &in->variants);
  inspection_write(in);
}

static void marked(inspection *in, const driver_result *result) {
  if (result->error.class != DRIVER_NONE)
    inspection_unreachable(in);
  else
    next_collector(in);
}

/* In a snapshot an error would end the transaction. One savepoint serves all
 * collectors: none of them writes, so going back to it undoes nothing. */
static void snapshot_begun(inspection *in, const driver_result *result) {
  if (result->error.class != DRIVER_NONE) {
    inspection_unreachable(in);
    return;
  }
  in->in_snapshot = true;
  inspection_ask(in, UPK_STR("savepoint upkeep"), 0, marked);
}

void inspection_collect(inspection *in) {
  in->at = 0;
  if (!in->driver->begin_snapshot) {
    next_collector(in);
    return;
  }
  in->then = snapshot_begun;
  in->driver->begin_snapshot(in->conn, in->statement_ms, inspection_done, in);
}
