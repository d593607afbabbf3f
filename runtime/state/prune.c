/* Samples thin out as they age. One that goes is joined to the next, so what
 * stays keeps its values. */
#include "state/db.h"
#include "state/observe.h"

typedef struct step {
  int64_t at_us;
  upk_str changes;
} step;

typedef UPK_VEC(step) steps;

/* Which stretch of time a sample stands for; of each only the last stays. */
static int64_t stretch(int64_t at_us, int64_t now_us) {
  int64_t age_us = now_us - at_us;
  if (age_us <= SAMPLE_RAW_US)
    return at_us;
  int64_t length = age_us <= SAMPLE_HOURLY_US ? SAMPLE_HOUR_US : SAMPLE_DAY_US;
  return at_us / length * length;
}

static void load(upk_state *s, upk_arena *arena, int64_t id, int64_t until_us,
                 steps *all) {
  sqlite3_stmt *q = db_start(s,
                             "select at_us, changes from point"
                             " where series = ?1 and at_us <= ?2"
                             " order by at_us",
                             "ii", id, until_us);
  while (db_next(s, q))
    *UPK_PUSH(arena, all) =
        (step){db_int(q, 0), upk_arena_copy(arena, db_bytes(q, 1))};
  db_end(s, q);
}

static void remove_point(upk_state *s, int64_t id, int64_t at_us) {
  db_run(s, "delete from point where series = ?1 and at_us = ?2", "ii", id,
         at_us);
}

static void join_points(upk_state *s, upk_arena *arena, int64_t id,
                        const step *first, step *second) {
  upk_buf whole = {0};
  change_join(first->changes, second->changes, &whole);
  second->changes =
      upk_arena_copy(arena, whole.len ? upk_buf_view(&whole) : UPK_STR(""));
  upk_buf_free(&whole);
  remove_point(s, id, first->at_us);
  db_run(s, "update point set changes = ?3 where series = ?1 and at_us = ?2",
         "iib", id, second->at_us, second->changes);
}

static void prune_series(upk_state *s, upk_arena *arena, int64_t id,
                         int64_t now_us) {
  steps all = {0};
  load(s, arena, id, now_us - SAMPLE_RAW_US, &all);
  for (size_t i = 0; i < all.len && s->code == SQLITE_OK; i++) {
    if (now_us - all.items[i].at_us > SAMPLE_KEPT_US)
      remove_point(s, id, all.items[i].at_us);
    else if (i + 1 < all.len && stretch(all.items[i].at_us, now_us) ==
                                    stretch(all.items[i + 1].at_us, now_us))
      join_points(s, arena, id, &all.items[i], &all.items[i + 1]);
  }
}

/* Of all targets: one that is looked at no more has nobody else. */
static void drop_old_runs(upk_state *s, int64_t until_us) {
  static const char *const deletes[] = {
      ("delete from outcome where run in (select run from run"
       " where coalesce(ended_us, began_us) < ?1)"),
      "delete from run where coalesce(ended_us, began_us) < ?1",
      "delete from summary where log_us < ?1",
  };
  for (size_t i = 0; i < sizeof deletes / sizeof *deletes; i++)
    db_run(s, deletes[i], "i", until_us);
}

/* Series that were not sampled for as long as samples are kept go whole. */
static void drop_old(upk_state *s, int64_t target, int64_t now_us) {
  static const char *const deletes[] = {
      "delete from point where series in (select id from series"
      " where target = ?1 and at_us < ?2)",
      "delete from latest where series in (select id from series"
      " where target = ?1 and at_us < ?2)",
      "delete from series where target = ?1 and at_us < ?2",
  };
  for (size_t i = 0; i < sizeof deletes / sizeof *deletes; i++)
    db_run(s, deletes[i], "ii", target, now_us - SAMPLE_KEPT_US);
  drop_old_runs(s, now_us - SAMPLE_KEPT_US);
  db_run(s, "pragma incremental_vacuum(1000)", "");
}

static bool is_due(upk_state *s, int64_t target, int64_t now_us) {
  sqlite3_stmt *q =
      db_start(s, "select pruned_us from target where id = ?1", "i", target);
  bool due = db_next(s, q) && now_us - db_int(q, 0) >= SAMPLE_DAY_US;
  db_end(s, q);
  return due;
}

void samples_prune(upk_state *s, int64_t target, int64_t now_us) {
  UPK_VEC(int64_t) ids = {0};
  if (!is_due(s, target, now_us))
    return;
  upk_arena *arena = upk_arena_new(NULL), *scratch = upk_arena_new(NULL);
  sqlite3_stmt *q =
      db_start(s, "select id from series where target = ?1", "i", target);
  while (db_next(s, q))
    *UPK_PUSH(arena, &ids) = db_int(q, 0);
  db_end(s, q);
  for (size_t i = 0; i < ids.len && s->code == SQLITE_OK; i++) {
    upk_arena_reset(scratch);
    prune_series(s, scratch, ids.items[i], now_us);
  }
  drop_old(s, target, now_us);
  db_run(s, "update target set pruned_us = ?2 where id = ?1", "ii", target,
         now_us);
  upk_arena_free(scratch);
  upk_arena_free(arena);
}
