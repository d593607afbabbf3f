/* The statistics epoch: a crash, a reset or another server behind the same name
 * begins the counters anew. */
#include "state/db.h"
#include "state/observe.h"
#include "timefmt.h"

static int64_t last_sample(upk_state *s, int64_t target) {
  int64_t at_us = 0;
  sqlite3_stmt *q = db_start(
      s, "select max(at_us) from series where target = ?1", "i", target);
  if (db_next(s, q))
    at_us = db_int(q, 0);
  db_end(s, q);
  return at_us;
}

/* Moments are compared for being the same: those of a server that took the
 * place of another may be earlier. */
epoch epoch_find(upk_state *s, int64_t target, const upk_facts *facts) {
  epoch e = {0};
  int64_t known_us = 0, last_us = last_sample(s, target);
  sqlite3_stmt *q = db_start(s,
                             "select coalesce(counters_us, 0), counters_from_us"
                             " from target where id = ?1",
                             "i", target);
  if (db_next(s, q)) {
    known_us = db_int(q, 0);
    e.from_us = db_int(q, 1);
  }
  db_end(s, q);
  if (!facts->counters_us || !last_us || facts->taken_at <= last_us)
    return e;
  e.reset =
      known_us ? facts->counters_us != known_us : facts->counters_us > last_us;
  if (e.reset)
    e.from_us = facts->taken_at;
  return e;
}

void epoch_keep(upk_state *s, int64_t target, const epoch *e,
                const upk_facts *facts) {
  if (facts->counters_us)
    db_run(s,
           "update target set counters_us = ?2, counters_from_us = ?3"
           " where id = ?1",
           "iii", target, facts->counters_us, e->from_us);
}

const state_counter *counter_find(const state_look *look, upk_str kind,
                                  upk_str attribute) {
  for (size_t i = 0; i < look->counter_count; i++)
    if (upk_str_equal(look->counters[i].kind, kind) &&
        upk_str_equal(look->counters[i].attribute, attribute))
      return &look->counters[i];
  return NULL;
}

static upk_str reset_reason(upk_arena *arena, const upk_facts *facts) {
  upk_buf text = {0};
  upk_buf_str(&text, UPK_STR("the counters were reset at "));
  upk_timestamp_format(facts->counters_us / 1000000 * 1000000, &text);
  upk_buf_str(&text, UPK_STR(", and nothing was recorded since"));
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

/* All NULL for one reason, which makes that of single rows needless. */
static void forget(upk_facts_column *column, upk_str reason, upk_arena *arena) {
  uint8_t *null = UPK_NEW(arena, uint8_t);
  *null = 1;
  column->reason = reason;
  column->values = (upk_column){.type = column->values.type,
                                .integers = UPK_NEW(arena, int64_t),
                                .null = null,
                                .constant = true};
}

void counters_forget(const state_look *look, upk_arena *arena,
                     const upk_facts *facts, upk_facts_kind *kind) {
  upk_str reason = reset_reason(arena, facts);
  for (size_t i = 0; i < kind->columns.len; i++)
    if (!kind->columns.items[i].reason.data &&
        counter_find(look, kind->name, kind->columns.items[i].name))
      forget(&kind->columns.items[i], reason, arena);
}
