/* What runs teach: how long steps take, and what they cost others. */
#include <stdlib.h>

#include "json.h"
#include "state/db.h"
#include "work.h"

/* So many outcomes make a quantile; of more than so many, the last ones. */
enum { OUTCOMES_MIN = 5, OUTCOMES_MAX = 50 };

static const char doing[] = "reading the state store";

typedef struct lesson {
  upk_str action;
  int work_class;
  int64_t elapsed_ms[OUTCOMES_MAX];
  size_t count;
} lesson;

typedef UPK_VEC(lesson) lessons;

static lesson *find_lesson(upk_arena *arena, lessons *all, upk_str action,
                           int work_class) {
  for (size_t i = all->len; i--;)
    if (all->items[i].work_class == work_class &&
        upk_str_equal(all->items[i].action, action))
      return &all->items[i];
  lesson *l = UPK_PUSH(arena, all);
  l->action = upk_arena_copy(arena, action);
  l->work_class = work_class;
  return l;
}

static void read_outcomes(upk_state *s, upk_arena *arena, upk_str engine,
                          lessons *all) {
  sqlite3_stmt *q =
      db_start(s,
               "select o.action, o.work_bytes, o.elapsed_us from outcome o"
               " join run r on r.run = o.run where r.engine = ?1"
               " and o.outcome = 'applied' and o.elapsed_us > 0"
               " and o.action is not null order by o.action, o.ended_us desc",
               "t", engine);
  while (db_next(s, q)) {
    lesson *l =
        find_lesson(arena, all, db_bytes(q, 0), upk_work_class(db_int(q, 1)));
    if (l->count < OUTCOMES_MAX)
      l->elapsed_ms[l->count++] = db_int(q, 2) / 1000 + 1;
  }
  db_end(s, q);
}

static int by_length(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* The smallest value that a share of them does not exceed (nearest rank). */
static int64_t quantile(const lesson *l, size_t percent) {
  size_t rank = (l->count * percent + 99) / 100;
  return l->elapsed_ms[rank ? rank - 1 : 0];
}

static int by_action(const void *a, const void *b) {
  const lesson *x = a, *y = b;
  int order = upk_str_compare(x->action, y->action);
  return order ? order : x->work_class - y->work_class;
}

static size_t write_lessons(lessons *all, upk_str engine, upk_sink output) {
  size_t written = 0;
  upk_json_writer *w = upk_json_writer_new(output);
  if (all->len)
    qsort(all->items, all->len, sizeof *all->items, by_action);
  upk_json_begin_object(w);
  upk_json_key(w, "actions");
  upk_json_begin_array(w);
  for (size_t i = 0; i < all->len; i++) {
    lesson *l = &all->items[i];
    if (l->count < OUTCOMES_MIN)
      continue;
    qsort(l->elapsed_ms, l->count, sizeof *l->elapsed_ms, by_length);
    upk_json_begin_object(w);
    upk_json_put_string(w, "action", l->action);
    upk_json_put_int(w, "class", l->work_class);
    upk_json_put_int(w, "p50_ms", quantile(l, 50));
    upk_json_put_int(w, "p90_ms", quantile(l, 90));
    upk_json_put_int(w, "runs", (int64_t)l->count);
    upk_json_end_object(w);
    written++;
  }
  upk_json_end_array(w);
  upk_json_put_string(w, "engine", engine);
  upk_json_put_string(w, "format", UPK_STR("upkeep.history/1"));
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
  return written;
}

bool upk_state_history(upk_state *s, upk_str engine, upk_diags *diags,
                       upk_sink output) {
  lessons all = {0};
  bool known = false;
  if (!state_begin(s, false, diags, doing))
    return false;
  upk_arena *arena = upk_arena_new(NULL);
  read_outcomes(s, arena, engine, &all);
  if (state_end(s, diags, doing) && all.len)
    known = write_lessons(&all, engine, output) > 0;
  upk_arena_free(arena);
  return known;
}

bool upk_state_blocked(upk_state *s, upk_str target, upk_arena *arena,
                       upk_diags *diags, upk_blocked_runs *ret_runs) {
  upk_blocked_runs runs = {0};
  if (!state_begin(s, false, diags, doing))
    return false;
  sqlite3_stmt *q =
      db_start(s,
               "select run, coalesce(blocked_ms, -1), log_bytes from run"
               " where target = ?1 order by run",
               "t", target);
  while (db_next(s, q))
    *UPK_PUSH(arena, &runs) = (upk_blocked_run){.run = db_text(s, arena, q, 0),
                                                .blocked_ms = db_int(q, 1),
                                                .log_bytes = db_int(q, 2)};
  db_end(s, q);
  *ret_runs = runs;
  return state_end(s, diags, doing);
}
