/* The state store: samples come back as trends, old ones thin out, several
 * processes share it, and what is damaged, newer or foreign stops nobody. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cm.h"
#include "facts.h"
#include "state/db.h"
#include "state/observe.h"
#include <upkeep/state.h>

#define DAY SAMPLE_DAY_US
#define HOUR SAMPLE_HOUR_US
#define START (INT64_C(20000) * DAY)

typedef struct fixture {
  upk_arena *arena;
  upk_diags diags;
  upk_clock clock;
  char root[64];
  upk_str path;
  upk_state *state;
  const char *identity; /* of the facts */
  const char *counter;  /* what kind of one `size` is; NULL: none */
  int64_t since_us;     /* when counters began; 0: not known */
} fixture;

static int64_t now(void *ctx) {
  (void)ctx;
  return START;
}

static void open_store(fixture *f) {
  f->state = upk_state_open(f->path, &f->clock, &f->diags);
}

static int setup(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->arena = upk_arena_new(NULL);
  upk_diags_init(&f->diags, f->arena);
  f->clock = (upk_clock){.wall_us = now};
  strcpy(f->root, "/tmp/upkeep-state-XXXXXX");
  assert_non_null(mkdtemp(f->root));
  f->path = upk_arena_printf(f->arena, "%s/s/state.db", f->root);
  f->identity = "{\"system\":\"1\"}";
  open_store(f);
  assert_non_null(f->state);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  fixture *f = *state;
  char command[128];
  upk_state_close(f->state);
  snprintf(command, sizeof command, "rm -rf '%s'", f->root);
  assert_int_equal(system(command), 0);
  upk_arena_free(f->arena);
  free(f);
  return 0;
}

static int64_t number(fixture *f, const char *sql) {
  sqlite3 *db;
  sqlite3_stmt *q;
  assert_int_equal(sqlite3_open(f->path.data, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  int64_t value = sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  sqlite3_close(db);
  return value;
}

static void execute(fixture *f, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(f->path.data, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static bool said(const fixture *f, int code) {
  for (size_t i = 0; i < f->diags.items.len; i++)
    if (f->diags.items.items[i].code == code)
      return true;
  return false;
}

/* ---- facts ---- */

static const char request[] =
    "{\"capabilities\":[],\"collectors\":[{\"columns\":["
    "{\"name\":\"name\",\"type\":\"text\"},{%s\"name\":\"size\",\"type\":"
    "\"bytes\"},{\"name\":\"stats_age\",\"type\":\"duration\"}],\"cost\":"
    "\"cheap\",\"keys\":[\"name\"],\"kind\":\"table\",\"name\":\"table\","
    "\"variants\":[]}],\"engine\":\"toy\",\"format\":\"upkeep.inspect/1\","
    "\"history\":[{\"attribute\":\"size\",\"kind\":\"table\"},"
    "{\"attribute\":\"stats_age\",\"kind\":\"table\"}],"
    "\"identity\":{\"sql\":\"select 1\"},\"session\":[],\"targets\":[]}\n";

/* Facts of tables: rows is the inside of their JSON array. Their trends are in
 * the result. */
static upk_facts observe(fixture *f, int64_t at_us, const char *rows,
                         bool record) {
  upk_buf out = {0};
  upk_facts facts = {0};
  const char *flag = "", *since = "";
  if (f->counter)
    flag = upk_arena_printf(f->arena, "\"counter\":\"%s\",", f->counter).data;
  if (f->since_us)
    since = upk_arena_printf(f->arena, "\"counters_since\":%lld,",
                             (long long)f->since_us)
                .data;
  upk_str asked = upk_arena_printf(f->arena, request, flag);
  upk_str bytes = upk_arena_printf(
      f->arena,
      "{\"capabilities\":{},\"collectors\":{},%s\"engine\":\"toy\",\"format\":"
      "\"upkeep.facts/1\",\"identity\":%s,\"kinds\":{\"table\":{\"columns\":["
      "{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"size\",\"type\":"
      "\"bytes\"},{\"name\":\"stats_age\",\"type\":\"duration\"}],\"rows\":"
      "[%s]}},\"role\":\"primary\",\"taken_at\":%lld,\"version\":\"1.0\"}\n",
      since, f->identity, rows, (long long)at_us);
  assert_int_equal(upk_state_facts(f->state, UPK_STR("shop"), asked, bytes,
                                   UPK_STR("f"), record, &f->diags,
                                   upk_sink_buf(&out)),
                   UPK_OK);
  bytes = upk_arena_copy(f->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  assert_int_equal(
      upk_facts_read(f->arena, bytes, UPK_STR("f"), &f->diags, &facts), UPK_OK);
  return facts;
}

static const upk_facts_column *column_of(const upk_facts *facts,
                                         const char *name) {
  return upk_facts_column_find(upk_facts_kind_find(facts, UPK_STR("table")),
                               upk_str_from(name));
}

/* INT64_MIN when it is not known. */
static int64_t cell(const upk_facts *facts, const char *name, size_t row) {
  const upk_facts_column *column = column_of(facts, name);
  assert_non_null(column);
  return column->values.null[row] ? INT64_MIN : column->values.integers[row];
}

/* ---- changes ---- */

static void changes_lead_there_and_back(void **state) {
  upk_arena *arena = upk_arena_new(NULL);
  enum { OBJECTS = 200, STEPS = 12 };
  cells at[STEPS];
  upk_buf steps[STEPS] = {{0}};
  uint64_t seed = 42;
  (void)state;
  for (size_t s = 0; s < STEPS; s++) {
    at[s] = cells_new(arena, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++) {
      seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
      uint64_t r = seed >> 33;
      bool keep = s && r % 3;
      at[s].known[i] = keep ? at[s - 1].known[i] : r % 5 != 0;
      at[s].values[i] = !at[s].known[i] ? 0
                        : keep          ? at[s - 1].values[i]
                        : r % 7 == 0    ? (int64_t)(seed ^ (r << 40))
                                        : (int64_t)(r % 1000) - 500;
    }
    cells before = s ? at[s - 1] : cells_new(arena, 0);
    change_between(&before, &at[s], 0, &steps[s]);
  }
  /* One by one, and any two neighbours as one. */
  for (size_t s = STEPS - 1; s > 0; s--) {
    cells back = cells_new(arena, OBJECTS), twice = back;
    upk_buf both = {0};
    memcpy(back.values, at[s].values, OBJECTS * sizeof *back.values);
    memcpy(back.known, at[s].known, OBJECTS);
    assert_true(change_undo(upk_buf_view(&steps[s]), &back));
    assert_memory_equal(back.known, at[s - 1].known, OBJECTS);
    assert_memory_equal(back.values, at[s - 1].values,
                        OBJECTS * sizeof *back.values);
    if (s < 2)
      continue;
    twice = cells_new(arena, OBJECTS);
    memcpy(twice.values, at[s].values, OBJECTS * sizeof *back.values);
    memcpy(twice.known, at[s].known, OBJECTS);
    change_join(upk_buf_view(&steps[s - 1]), upk_buf_view(&steps[s]), &both);
    assert_true(change_undo(upk_buf_view(&both), &twice));
    assert_memory_equal(twice.known, at[s - 2].known, OBJECTS);
    assert_memory_equal(twice.values, at[s - 2].values,
                        OBJECTS * sizeof *back.values);
    upk_buf_free(&both);
  }
  for (size_t s = 0; s < STEPS; s++)
    upk_buf_free(&steps[s]);
  upk_arena_free(arena);
}

static void equal_changes_count_once(void **state) {
  upk_arena *arena = upk_arena_new(NULL);
  cells before = cells_new(arena, 100000), after = cells_new(arena, 100000);
  upk_buf changes = {0}, whole = {0};
  (void)state;
  for (size_t i = 0; i < before.count; i++) {
    before.known[i] = after.known[i] = 1;
    before.values[i] = (int64_t)i;
    after.values[i] = (int64_t)i + 12345;
  }
  assert_true(change_between(&before, &after, 0, &changes));
  assert_true(changes.len <= 8);
  cells_write(&after, &whole);
  cells again;
  assert_true(cells_read(arena, upk_buf_view(&whole), 0, &again));
  assert_memory_equal(again.values, after.values,
                      after.count * sizeof *after.values);
  /* Any cut is noticed, or gives fewer objects; none reads beyond its end. */
  for (size_t i = 0; i < 64 && i < whole.len; i++)
    (void)cells_read(arena, (upk_str){whole.data, i}, 0, &again);
  assert_false(cells_read(arena, UPK_STR("\x05\xff\xff\xff"), 0, &again));
  assert_false(
      change_undo(UPK_STR("\x80\x80\x80\x80\x80\x80\x01\x01"), &again));
  upk_buf_free(&changes);
  upk_buf_free(&whole);
  upk_arena_free(arena);
}

/* ---- slopes ---- */

static void slopes_are_medians(void **state) {
  int64_t at[9], values[9], scratch[36];
  (void)state;
  for (int i = 0; i < 9; i++) {
    at[i] = i * DAY;
    values[i] = 1000 + 7 * i;
  }
  assert_int_equal(slope_per_day(at, values, 9, scratch), 7);
  values[4] = 1000000; /* two of nine are nonsense */
  values[7] = -5000;
  assert_int_equal(slope_per_day(at, values, 9, scratch), 7);
  for (int i = 0; i < 9; i++)
    values[i] = -3 * i;
  assert_int_equal(slope_per_day(at, values, 9, scratch), -3);
  values[0] = INT64_MIN;
  values[1] = INT64_MAX;
  assert_int_equal(slope_per_day(at, values, 2, scratch), INT64_MAX);
  values[0] = 0;
  values[1] = 10; /* even count: the mean of the middle two */
  values[2] = 12;
  values[3] = 16;
  assert_int_equal(slope_per_day(at, values, 4, scratch), 4);
  assert_int_equal(slope_per_day((int64_t[]){5, 5}, values, 2, scratch), 0);
}

/* All orders of five numbers: selection finds the middle of each. */
static void medians_of_every_order(void **state) {
  int64_t at[] = {0, DAY, 2 * DAY}, scratch[3];
  (void)state;
  for (int a = -2; a <= 2; a++)
    for (int b = -2; b <= 2; b++) {
      int64_t values[] = {0, a, a + b};
      int64_t pairs[] = {a, b, (a + b) / 2}, middle = pairs[0];
      for (int i = 0; i < 3; i++) {
        int below = 0, above = 0;
        for (int j = 0; j < 3; j++) {
          below += pairs[j] < pairs[i];
          above += pairs[j] > pairs[i];
        }
        if (below <= 1 && above <= 1)
          middle = pairs[i];
      }
      assert_int_equal(slope_per_day(at, values, 3, scratch), middle);
    }
}

/* ---- trends ---- */

static void few_samples_tell_nothing(void **state) {
  fixture *f = *state;
  upk_facts facts = observe(f, START, "[\"a\",100,null]", true);
  assert_int_equal(cell(&facts, "size_trend", 0), INT64_MIN);
  assert_text(column_of(&facts, "size_trend")->reason,
              "a trend needs 5 samples over 1 d, and there is 1");
  for (int i = 1; i < 5; i++) /* five, but within hours */
    facts = observe(f, START + i * HOUR, "[\"a\",100,null]", true);
  assert_text(column_of(&facts, "size_trend")->reason,
              "a trend needs 5 samples over 1 d, and there are 5 over 4 h");
  facts = observe(f, START + DAY, "[\"a\",100,null]", true);
  assert_int_equal(cell(&facts, "size_trend", 0), 0);
  assert_int_equal(f->diags.items.len, 0);
}

static void samples_make_trends(void **state) {
  fixture *f = *state;
  upk_facts facts;
  for (int day = 0; day <= 20; day++) {
    /* a grows, b stands still, c comes on day 17, d shrinks and is unknown on
     * some days; ages count from a moment that moves once. */
    char rows[256], d[32] = "null";
    if (day % 4)
      snprintf(d, sizeof d, "%d", 5000 - 10 * day);
    snprintf(rows, sizeof rows,
             "[\"a\",%d,%lld],[\"b\",77,null]%s,[\"d\",%s,null]",
             1000 + 64 * day, (long long)(day * DAY + DAY / 2),
             day < 17 ? "" : ",[\"c\",3,null]", d);
    facts = observe(f, START + day * DAY, rows, true);
  }
  assert_int_equal(cell(&facts, "size_trend", 0), 64);
  assert_int_equal(cell(&facts, "size_trend", 1), 0);
  assert_int_equal(cell(&facts, "size_trend", 2), INT64_MIN);
  assert_text(column_of(&facts, "size_trend.reason")->values.texts[2],
              "a trend needs 5 samples over 1 d, and there are 4 over 3 d");
  assert_int_equal(cell(&facts, "size_trend", 3), -10);
  assert_int_equal(cell(&facts, "stats_age_trend", 0), DAY);
  assert_int_equal(column_of(&facts, "size_trend")->values.type,
                   UPK_TYPE_BYTE_RATE);
  /* Looking alone keeps nothing, and sees the same. */
  int64_t points = number(f, "select count(*) from point");
  facts =
      observe(f, START + 21 * DAY, "[\"a\",9,null],[\"new\",1,null]", false);
  assert_int_equal(number(f, "select count(*) from point"), points);
  assert_int_equal(cell(&facts, "size_trend", 0), 64);
  assert_int_equal(cell(&facts, "size_trend", 1), INT64_MIN);
}

static void older_facts_are_refused(void **state) {
  fixture *f = *state;
  observe(f, START, "[\"a\",1,null]", true);
  observe(f, START - DAY, "[\"a\",1,null]", true);
  assert_true(said(f, 3157));
  assert_int_equal(number(f, "select count(distinct at_us) from point"), 1);
}

static void a_minute_has_one_sample(void **state) {
  fixture *f = *state;
  for (int i = 0; i < 10; i++) {
    char rows[64];
    snprintf(rows, sizeof rows, "[\"a\",%d,null]", i);
    observe(f, START + i * 1000000, rows, true);
  }
  assert_int_equal(number(f, "select count(*) from point p join series s"
                             " on s.id = p.series where attribute = 'size'"),
                   1);
}

static void two_at_once_are_not_late(void **state) {
  fixture *f = *state;
  observe(f, START + 1000000, "[\"a\",1,null]", true);
  observe(f, START, "[\"a\",1,null]", true); /* looked first, wrote last */
  assert_int_equal(f->diags.items.len, 0);
}

/* ---- counters ---- */

/* Six days of 64 more a day; the last at START + 5 * DAY. */
static upk_facts six_days(fixture *f) {
  upk_facts facts = {0};
  for (int day = 0; day < 6; day++) {
    char rows[64];
    snprintf(rows, sizeof rows, "[\"a\",%d,null]", 1000 + 64 * day);
    facts = observe(f, START + day * DAY, rows, true);
  }
  return facts;
}

static void a_reset_is_an_epoch(void **state) {
  fixture *f = *state;
  f->counter = "level";
  f->since_us = START - DAY;
  upk_facts facts = six_days(f);
  assert_int_equal(cell(&facts, "size_trend", 0), 64);
  /* The server crashed. Until something was recorded nothing is known. */
  f->since_us = START + 5 * DAY + HOUR;
  for (int i = 0; i < 3; i++) {
    facts = observe(f, START + 6 * DAY + i * HOUR, "[\"a\",5,9]", i == 2);
    assert_int_equal(cell(&facts, "size", 0), INT64_MIN);
    assert_text(column_of(&facts, "size")->reason,
                "the counters were reset at 2024-10-09T01:00:00Z, and nothing "
                "was recorded since");
    assert_int_equal(cell(&facts, "stats_age", 0), 9); /* no counter */
    assert_int_equal(cell(&facts, "size_trend", 0), INT64_MIN);
  }
  facts = observe(f, START + 7 * DAY, "[\"a\",8,null]", true);
  assert_int_equal(cell(&facts, "size", 0), 8);
  assert_text(column_of(&facts, "size_trend")->reason,
              "a trend needs 5 samples over 1 d, and there are 2 over 22 h");
  for (int day = 8; day < 12; day++)
    facts = observe(f, START + day * DAY, "[\"a\",8,null]", true);
  assert_int_equal(cell(&facts, "size_trend", 0), 0);
  /* Another server took its place, which counts since long ago. */
  f->since_us = START - 9 * DAY;
  facts = observe(f, START + 12 * DAY, "[\"a\",9000,null]", true);
  assert_int_equal(cell(&facts, "size", 0), INT64_MIN);
  assert_int_equal(cell(&facts, "size_trend", 0), INT64_MIN);
  assert_int_equal(f->diags.items.len, 0);
}

static void what_is_no_counter_knows_no_epoch(void **state) {
  fixture *f = *state;
  f->since_us = START - DAY;
  six_days(f);
  f->since_us = START + 5 * DAY + HOUR;
  upk_facts facts = observe(f, START + 6 * DAY, "[\"a\",1384,null]", true);
  assert_int_equal(cell(&facts, "size", 0), 1384);
  assert_int_equal(cell(&facts, "size_trend", 0), 64);
}

/* A store of before knows no epoch: the reset's moment speaks. */
static void a_first_epoch_is_judged_by_time(void **state) {
  fixture *f = *state;
  f->counter = "level";
  six_days(f);
  f->since_us = START + 4 * DAY;
  upk_facts facts = observe(f, START + 6 * DAY, "[\"a\",1,null]", false);
  assert_int_equal(cell(&facts, "size", 0), 1);
  f->since_us = START + 5 * DAY + 1;
  facts = observe(f, START + 6 * DAY, "[\"a\",1,null]", false);
  assert_int_equal(cell(&facts, "size", 0), INT64_MIN);
}

static void a_total_that_falls_begins_anew(void **state) {
  static const char *const kinds[] = {"level", "total"};
  fixture *f = *state;
  upk_facts facts;
  for (int k = 0; k < 2; k++) {
    f->counter = kinds[k];
    f->identity = k ? "{\"system\":\"2\"}" : f->identity;
    six_days(f);
    for (int day = 6; day < 9; day++)
      facts = observe(f, START + day * DAY, "[\"a\",1000,null]", true);
    assert_int_equal(cell(&facts, "size", 0), 1000);
    if (k)
      assert_text(column_of(&facts, "size_trend.reason")->values.texts[0],
                  "a trend needs 5 samples over 1 d, and there are 3 over 2 d");
    else
      assert_true(cell(&facts, "size_trend", 0) != INT64_MIN);
  }
}

static void another_database_has_its_own(void **state) {
  fixture *f = *state;
  upk_facts facts;
  for (int day = 0; day < 6; day++)
    facts = observe(f, START + day * DAY, "[\"a\",1,null]", true);
  assert_int_equal(cell(&facts, "size_trend", 0), 0);
  /* The same one, of which more is known, and promoted. */
  f->identity = "{\"system\":\"1\",\"timeline\":\"2\"}";
  facts = observe(f, START + 6 * DAY, "[\"a\",1,null]", true);
  assert_int_equal(cell(&facts, "size_trend", 0), 0);
  f->identity = "{\"system\":\"1\",\"timeline\":\"3\"}";
  facts = observe(f, START + 7 * DAY, "[\"a\",1,null]", true);
  assert_int_equal(cell(&facts, "size_trend", 0), 0);
  f->identity = "{\"system\":\"2\"}";
  facts = observe(f, START + 8 * DAY, "[\"a\",1,null]", true);
  assert_int_equal(cell(&facts, "size_trend", 0), INT64_MIN);
  assert_int_equal(number(f, "select count(*) from target"), 2);
}

static void samples_thin_out(void **state) {
  fixture *f = *state;
  char rows[64];
  upk_facts facts = {0};
  /* Each twelve minutes for 20 days, then once a day. */
  for (int64_t t = 0; t < 20 * 24 * 5; t++) {
    snprintf(rows, sizeof rows, "[\"a\",%lld,null]", (long long)(100 * t));
    facts = observe(f, START + t * HOUR / 5, rows, true);
    if (t % 64 == 0)
      upk_arena_reset(f->arena), upk_diags_init(&f->diags, f->arena),
          f->path = upk_arena_printf(f->arena, "%s/s/state.db", f->root);
  }
  static const char count[] =
      "select count(*) from point p join series s on s.id = p.series"
      " where attribute = 'size'";
  int64_t points = number(f, count);
  /* 2 to 3 days of 120, 11 to 12 of 24, 6 of 1. */
  assert_in_range(points, 2 * 120 + 11 * 24 + 5, 3 * 120 + 12 * 24 + 8);
  assert_int_equal(cell(&facts, "size_trend", 0), 100 * 24 * 5);
  observe(f, START + 450 * DAY, "[\"a\",1,null]", true);
  assert_int_equal(number(f, count), 1);
  assert_false(said(f, 3151));
}

static void gone_objects_do_not_pile_up(void **state) {
  fixture *f = *state;
  for (int round = 0; round < 3; round++) {
    upk_buf rows = {0};
    for (int i = 0; i < 6000; i++)
      upk_buf_printf(&rows, "%s[\"t%d-%05d\",1,null]", i ? "," : "", round, i);
    observe(f, START + round * HOUR, rows.data, true);
    upk_buf_free(&rows);
  }
  observe(f, START + 4 * HOUR, "[\"t2-00000\",1,null]", true);
  assert_int_equal(number(f, "select count(*) from object"), 1);
  assert_int_equal(number(f, "select length(names) from object"), 9);
}

/* ---- processes ---- */

static void record_many(fixture *f, const char *target, int count) {
  fixture own = *f;
  own.state = upk_state_open(f->path, &f->clock, &own.diags);
  for (int i = 0; i < count; i++) {
    char rows[64];
    snprintf(rows, sizeof rows, "[\"%s\",%d,null]", target, i);
    own.identity =
        target[0] == 'a' ? "{\"system\":\"a\"}" : "{\"system\":\"b\"}";
    observe(&own, START + i * HOUR, rows, true);
  }
  bool fine = !own.diags.items.len;
  upk_state_close(own.state);
  _exit(fine ? 0 : 1);
}

static void two_processes_write_at_once(void **state) {
  fixture *f = *state;
  pid_t children[2];
  for (int i = 0; i < 2; i++) {
    children[i] = fork();
    assert_true(children[i] >= 0);
    if (!children[i])
      record_many(f, i ? "b" : "a", 60);
  }
  for (int i = 0; i < 2; i++) {
    int status;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  assert_int_equal(number(f, "select count(*) from target"), 2);
  assert_int_equal(number(f, "select count(*) from point p join series s"
                             " on s.id = p.series where attribute = 'size'"),
                   120);
}

/* One store after another, which others make at the same time: nobody takes
 * what another has half made for foreign. */
static void open_many(fixture *f, int count) {
  for (int i = 0; i < count; i++) {
    upk_str path = upk_arena_printf(f->arena, "%s/s/%d.db", f->root, i);
    upk_state_close(upk_state_open(path, &f->clock, &f->diags));
  }
  _exit(f->diags.items.len ? 1 : 0);
}

static void the_first_open_is_shared(void **state) {
  fixture *f = *state;
  pid_t children[4];
  for (int i = 0; i < 4; i++) {
    children[i] = fork();
    assert_true(children[i] >= 0);
    if (!children[i])
      open_many(f, 50);
  }
  for (int i = 0; i < 4; i++) {
    int status;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

/* ---- files ---- */

static void the_file_is_its_owners(void **state) {
  fixture *f = *state;
  struct stat info;
  observe(f, START, "[\"a\",1,null]", true);
  assert_int_equal(stat(f->path.data, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  upk_str wal = upk_arena_printf(f->arena, "%s-wal", f->path.data);
  assert_int_equal(stat(wal.data, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

static void reopen(fixture *f) {
  upk_state_close(f->state);
  open_store(f);
}

static void an_older_one_is_brought_up_to_date(void **state) {
  fixture *f = *state;
  observe(f, START, "[\"a\",1,null]", true);
  upk_state_close(f->state);
  f->state = NULL;
  execute(f, "drop table outbox; alter table target drop column"
             " counters_from_us; pragma user_version = 1");
  open_store(f);
  assert_non_null(f->state);
  assert_int_equal(number(f, "pragma user_version"), STATE_VERSION);
  assert_int_equal(number(f, "select count(*) from outbox"), 0);
  assert_int_equal(number(f, "select count(*) from target"), 1);
}

static void a_newer_one_is_left_alone(void **state) {
  fixture *f = *state;
  execute(f, "pragma user_version = 4");
  reopen(f);
  assert_null(f->state);
  assert_true(said(f, 3154));
  assert_int_equal(number(f, "pragma user_version"), 4);
}

static void write_file(fixture *f, const char *bytes, size_t len, long at) {
  FILE *file = fopen(f->path.data, at < 0 ? "w" : "r+");
  assert_non_null(file);
  assert_int_equal(fseek(file, at < 0 ? 0 : at, SEEK_SET), 0);
  assert_int_equal(fwrite(bytes, 1, len, file), len);
  assert_int_equal(fclose(file), 0);
}

static void no_database_is_moved_aside(void **state) {
  fixture *f = *state;
  struct stat info;
  upk_state_close(f->state);
  char garbage[8192];
  memset(garbage, 'x', sizeof garbage);
  write_file(f, garbage, sizeof garbage, -1);
  open_store(f);
  assert_non_null(f->state);
  assert_true(said(f, 3153));
  upk_str aside = upk_arena_printf(f->arena, "%s.damaged-2024-10-04T00:00:00Z",
                                   f->path.data);
  assert_int_equal(stat(aside.data, &info), 0);
  assert_int_equal(info.st_size, sizeof garbage);
  observe(f, START, "[\"a\",1,null]", true);
  assert_int_equal(number(f, "select count(*) from target"), 1);
}

/* Damage below the first page shows only when it is read. */
static void damage_within_stops_nobody(void **state) {
  fixture *f = *state;
  char zeros[4096] = {0};
  observe(f, START, "[\"a\",1,null]", true);
  upk_state_close(f->state);
  int64_t pages = number(f, "pragma page_count");
  memset(zeros, 0xee, sizeof zeros);
  for (int64_t page = 1; page < pages; page++)
    write_file(f, zeros, sizeof zeros, (long)(page * 4096));
  open_store(f);
  upk_facts facts = observe(f, START + DAY, "[\"a\",1,null]", true);
  assert_non_null(column_of(&facts, "size_trend"));
  assert_true(said(f, 3153));
  reopen(f);
  assert_non_null(f->state);
  observe(f, START + DAY, "[\"a\",1,null]", true);
  assert_int_equal(number(f, "select count(*) from target"), 1);
}

/* Two have it open; what the first began anew is not the second's to move. */
static void damage_is_moved_once(void **state) {
  fixture *f = *state;
  fixture second = *f;
  char zeros[4096];
  struct stat fresh, info;
  memset(zeros, 0xee, sizeof zeros);
  observe(f, START, "[\"a\",1,null]", true);
  upk_state_close(f->state);
  int64_t pages = number(f, "pragma page_count");
  for (int64_t page = 1; page < pages; page++)
    write_file(f, zeros, sizeof zeros, (long)(page * 4096));
  open_store(f);
  open_store(&second);
  assert_non_null(second.state);
  observe(f, START + DAY, "[\"a\",1,null]", true);
  assert_true(said(f, 3153));
  reopen(f);
  assert_int_equal(stat(f->path.data, &fresh), 0);
  second.diags.items.len = 0;
  observe(&second, START + DAY, "[\"a\",1,null]", true);
  assert_int_equal(second.diags.items.len, 1);
  assert_false(said(&second, 3153));
  assert_int_equal(stat(f->path.data, &info), 0);
  assert_int_equal(info.st_ino, fresh.st_ino);
  upk_state_close(second.state);
}

static void samples_that_make_no_sense_are_damage(void **state) {
  fixture *f = *state;
  for (int day = 0; day < 6; day++)
    observe(f, START + day * DAY, day % 2 ? "[\"a\",1,null]" : "[\"a\",2,null]",
            true);
  execute(f, "update point set changes = x'ffffffffff'");
  observe(f, START + 6 * DAY, "[\"a\",1,null]", true);
  assert_true(said(f, 3153));
}

static void without_a_store_trends_are_unknown(void **state) {
  fixture *f = *state;
  upk_state_close(f->state);
  f->state = NULL;
  upk_facts facts = observe(f, START, "[\"a\",1,null]", true);
  assert_text(column_of(&facts, "size_trend")->reason,
              "there is no history of it");
  upk_state_run(NULL, UPK_STR("nothing"), &f->diags);
  upk_blocked_runs blocked;
  assert_false(
      upk_state_blocked(NULL, UPK_STR("shop"), f->arena, &f->diags, &blocked));
  assert_int_equal(f->diags.items.len, 0);
}

/* ---- runs ---- */

static upk_str make_run(fixture *f, const char *name, int elapsed_ms,
                        const char *end) {
  upk_str folder = upk_arena_printf(f->arena, "%s/%s", f->root, name);
  assert_int_equal(mkdir(folder.data, 0777), 0);
  FILE *log =
      fopen(upk_arena_printf(f->arena, "%s/log.jsonl", folder.data).data, "w");
  fprintf(log,
          "{\"det\":{\"engine\":\"toy\",\"intent\":\"sha256:i\",\"plan\":"
          "\"sha256:p\",\"steps\":2},\"event\":\"run.begin\",\"obs\":{\"host\":"
          "\"h\",\"target\":\"shop\",\"user\":\"u\",\"wall_us\":%lld}}\n"
          "{\"det\":{\"action\":\"work\",\"step\":\"work:t\"},\"event\":"
          "\"step.begin\",\"obs\":{\"before\":{\"n\":9},\"step\":\"work:t\","
          "\"wall_us\":%lld}}\n"
          "{\"det\":{},\"event\":\"step.check\",\"obs\":{\"after\":{\"n\":1},"
          "\"step\":\"work:t\",\"wall_us\":%lld}}\n"
          "{\"det\":{\"outcome\":\"applied\",\"step\":\"work:t\"},\"event\":"
          "\"step.end\",\"obs\":{\"blocked_ms\":250,\"elapsed_us\":%d,\"step\":"
          "\"work:t\",\"text\":\"\\\"event\\\":\\\"run.end\\\"\",\"wall_us\":"
          "%lld}}\n%s",
          (long long)START, (long long)START, (long long)START,
          elapsed_ms * 1000, (long long)(START + HOUR), end);
  fclose(log);
  FILE *plan =
      fopen(upk_arena_printf(f->arena, "%s/plan.json", folder.data).data, "w");
  fprintf(plan,
          "{\"body\":{\"edges\":[],\"steps\":[{\"action\":\"work\","
          "\"estimate\":{\"basis\":\"prior\",\"p50_ms\":10,\"p90_ms\":20,"
          "\"reads_bytes\":3000000,\"writes_bytes\":1000},\"id\":\"work:t\","
          "\"object\":{\"kind\":\"table\",\"name\":[\"s\",\"t\"]}}]},"
          "\"digest\":\"sha256:p\"}\n");
  fclose(plan);
  return folder;
}

static const char run_end[] =
    "{\"det\":{\"status\":\"done\"},\"event\":\"run.end\",\"obs\":{\"blocked_"
    "ms\":250,\"wall_us\":1728003600000000}}\n";

static void runs_come_from_their_logs(void **state) {
  fixture *f = *state;
  upk_str runs = upk_arena_printf(f->arena, "%s", f->root);
  make_run(f, "R1", 40, run_end);
  make_run(f, "R2", 50, "{\"torn");
  upk_state_runs(f->state, runs, &f->diags);
  upk_state_runs(f->state, runs, &f->diags); /* nothing is new */
  assert_int_equal(f->diags.items.len, 0);
  assert_int_equal(number(f, "select count(*) from run"), 2);
  assert_int_equal(number(f, "select count(*) from run where run = 'R1' and"
                             " status = 'done' and target = 'shop' and"
                             " ended_us is not null and blocked_ms = 250"),
                   1);
  assert_int_equal(number(f, "select count(*) from run where run = 'R2' and"
                             " ended_us is null"),
                   1);
  assert_int_equal(
      number(f, "select count(*) from outcome where action = 'work' and kind ="
                " 'table' and object = 's.t' and outcome = 'applied' and"
                " p90_ms = 20 and work_bytes = 3001000 and blocked_ms = 250"
                " and before = '{\"n\":9}' and after = '{\"n\":1}'"),
      2);
  upk_blocked_runs blocked;
  assert_true(upk_state_blocked(f->state, UPK_STR("shop"), f->arena, &f->diags,
                                &blocked));
  assert_int_equal(blocked.len, 2);
  assert_text(blocked.items[0].run, "R1");
  assert_int_equal(blocked.items[0].blocked_ms, 250);
  assert_int_equal(blocked.items[1].blocked_ms, 250); /* of its steps */
  assert_true(upk_state_blocked(f->state, UPK_STR("other"), f->arena, &f->diags,
                                &blocked));
  assert_int_equal(blocked.len, 0);
}

static void old_runs_go(void **state) {
  fixture *f = *state;
  upk_str folder = make_run(f, "R1", 40, run_end);
  upk_state_run(f->state, folder, &f->diags);
  upk_state_keep_status(f->state, folder, UPK_STR("{}\n"), &f->diags);
  execute(f, "update summary set log_us = (select ended_us from run)");
  observe(f, START + 399 * DAY, "[\"a\",1,null]", true);
  assert_int_equal(number(f, "select count(*) from run"), 1);
  observe(f, START + 402 * DAY, "[\"a\",1,null]", true);
  assert_int_equal(number(f, "select count(*) from run"), 0);
  assert_int_equal(number(f, "select count(*) from outcome"), 0);
  assert_int_equal(number(f, "select count(*) from summary"), 0);
  /* Nor do they come back from their logs. */
  struct timespec old[2] = {{.tv_sec = (START - 401 * DAY) / 1000000},
                            {.tv_sec = (START - 401 * DAY) / 1000000}};
  upk_str log = upk_arena_printf(f->arena, "%s/log.jsonl", folder.data);
  assert_int_equal(utimensat(AT_FDCWD, log.data, old, 0), 0);
  upk_state_runs(f->state, upk_str_from(f->root), &f->diags);
  assert_int_equal(number(f, "select count(*) from run"), 0);
  assert_int_equal(f->diags.items.len, 0);
}

static void five_outcomes_teach(void **state) {
  fixture *f = *state;
  upk_buf history = {0};
  for (int i = 1; i <= 5; i++) {
    char name[8];
    snprintf(name, sizeof name, "R%d", i);
    upk_state_run(f->state, make_run(f, name, 100 * i, run_end), &f->diags);
    assert_int_equal(upk_state_history(f->state, UPK_STR("toy"), &f->diags,
                                       upk_sink_buf(&history)),
                     i == 5);
    if (i < 5)
      upk_buf_clear(&history);
  }
  assert_text(upk_buf_view(&history),
              "{\"actions\":[{\"action\":\"work\",\"class\":1,\"p50_ms\":301,"
              "\"p90_ms\":501,\"runs\":5}],\"engine\":\"toy\",\"format\":"
              "\"upkeep.history/1\"}\n");
  upk_buf_clear(&history);
  assert_false(upk_state_history(f->state, UPK_STR("other"), &f->diags,
                                 upk_sink_buf(&history)));
  upk_buf_free(&history);
}

static void statuses_are_kept_as_long_as_the_log(void **state) {
  fixture *f = *state;
  upk_str folder = make_run(f, "R1", 40, run_end);
  upk_buf kept = {0};
  assert_false(upk_state_status(f->state, folder, &kept, &f->diags));
  upk_state_keep_status(f->state, folder, UPK_STR("{}\n"), &f->diags);
  assert_true(upk_state_status(f->state, folder, &kept, &f->diags));
  assert_text(upk_buf_view(&kept), "{}\n");
  FILE *log =
      fopen(upk_arena_printf(f->arena, "%s/log.jsonl", folder.data).data, "a");
  fputs("{}\n", log);
  fclose(log);
  assert_false(upk_state_status(f->state, folder, &kept, &f->diags));
  upk_buf_free(&kept);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changes_lead_there_and_back),
      cmocka_unit_test(equal_changes_count_once),
      cmocka_unit_test(slopes_are_medians),
      cmocka_unit_test(medians_of_every_order),
      TEST(few_samples_tell_nothing),
      TEST(samples_make_trends),
      TEST(older_facts_are_refused),
      TEST(a_minute_has_one_sample),
      TEST(two_at_once_are_not_late),
      TEST(a_reset_is_an_epoch),
      TEST(what_is_no_counter_knows_no_epoch),
      TEST(a_first_epoch_is_judged_by_time),
      TEST(a_total_that_falls_begins_anew),
      TEST(another_database_has_its_own),
      TEST(samples_thin_out),
      TEST(gone_objects_do_not_pile_up),
      TEST(two_processes_write_at_once),
      TEST(the_first_open_is_shared),
      TEST(the_file_is_its_owners),
      TEST(an_older_one_is_brought_up_to_date),
      TEST(a_newer_one_is_left_alone),
      TEST(no_database_is_moved_aside),
      TEST(damage_within_stops_nobody),
      TEST(damage_is_moved_once),
      TEST(samples_that_make_no_sense_are_damage),
      TEST(without_a_store_trends_are_unknown),
      TEST(runs_come_from_their_logs),
      TEST(old_runs_go),
      TEST(five_outcomes_teach),
      TEST(statuses_are_kept_as_long_as_the_log),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
