/* NAME_trend: how much NAME grew a day, by the samples. */
#include <string.h>

#include "state/db.h"
#include "state/observe.h"
#include "timefmt.h"

/* One sample: when, what it changed, and whether the slope looks at it. */
typedef struct sample {
  int64_t at_us;
  upk_str changes;
  bool chosen;
} sample;

typedef struct history {
  upk_arena *arena;
  UPK_VEC(sample) samples; /* newest first */
  cells values;            /* of the newest */
  bool moment, total;
  /* Of objects that changed at all: values at the chosen samples, oldest
   * first. */
  uint32_t *place; /* of an object, from 1; 0: it never changed */
  size_t changed, chosen;
  int64_t *at_us; /* of the chosen, oldest first */
  int64_t *matrix;
  uint8_t *known;
} history;

/* ---- columns ---- */

static upk_type trend_type(upk_type type) {
  return type == UPK_TYPE_BYTES ? UPK_TYPE_BYTE_RATE : UPK_TYPE_RATE;
}

static upk_facts_column *column_named(upk_arena *arena, upk_facts_kind *kind,
                                      upk_str name) {
  for (size_t i = 0; i < kind->columns.len; i++)
    if (upk_str_equal(kind->columns.items[i].name, name))
      return &kind->columns.items[i];
  upk_facts_column *column = UPK_PUSH(arena, &kind->columns);
  column->name = name;
  return column;
}

typedef struct answer {
  upk_facts_column *trend, *reason;
  int64_t *integers;
  uint8_t *null, *no_reason;
  upk_str *reasons;
} answer;

static upk_type attribute_type(const upk_facts_kind *kind, upk_str name) {
  const upk_facts_column *column = upk_facts_column_find(kind, name);
  return column ? column->values.type : UPK_TYPE_INT;
}

static upk_facts_column *trend_column(const state_want *want, upk_arena *arena,
                                      upk_facts_kind *kind, size_t cells) {
  upk_str name =
      upk_arena_printf(arena, "%.*s_trend", UPK_FMT(want->attribute));
  upk_type type = trend_type(attribute_type(kind, want->attribute));
  upk_facts_column *column = column_named(arena, kind, name);
  column->reason = UPK_NO_STR;
  column->values =
      (upk_column){.type = type,
                   .integers = UPK_NEW_ARRAY(arena, int64_t, cells + 1),
                   .null = UPK_NEW_ARRAY(arena, uint8_t, cells + 1)};
  return column;
}

static void all_absent(const state_want *want, upk_str reason, upk_arena *arena,
                       upk_facts_kind *kind) {
  upk_facts_column *column = trend_column(want, arena, kind, 1);
  uint8_t *null = UPK_NEW(arena, uint8_t);
  *null = 1;
  column->values.null = null;
  column->values.constant = true;
  column->reason = upk_arena_copy(arena, reason);
}

void trend_absent(const state_want *want, upk_str reason, upk_arena *arena,
                  upk_facts_kind *kind) {
  upk_str name =
      upk_arena_printf(arena, "%.*s_trend", UPK_FMT(want->attribute));
  if (!upk_facts_column_find(kind, name))
    all_absent(want, reason, arena, kind);
}

static answer answer_new(const state_want *want, upk_arena *arena,
                         upk_facts_kind *kind) {
  answer a = {.integers = UPK_NEW_ARRAY(arena, int64_t, kind->rows + 1),
              .null = UPK_NEW_ARRAY(arena, uint8_t, kind->rows + 1),
              .no_reason = UPK_NEW_ARRAY(arena, uint8_t, kind->rows + 1),
              .reasons = UPK_NEW_ARRAY(arena, upk_str, kind->rows + 1)};
  upk_facts_column *trend = trend_column(want, arena, kind, 0);
  trend->values.integers = a.integers;
  trend->values.null = a.null;
  upk_str name = upk_arena_printf(arena, "%.*s.reason", UPK_FMT(trend->name));
  column_named(arena, kind, name)->values = (upk_column){
      .type = UPK_TYPE_TEXT, .texts = a.reasons, .null = a.no_reason};
  return a;
}

static void set(answer *a, size_t row, int64_t value) {
  a->integers[row] = value;
  a->no_reason[row] = 1;
}

static void set_unknown(answer *a, size_t row, upk_str reason) {
  a->null[row] = 1;
  a->reasons[row] = reason;
}

/* ---- reading the samples ---- */

static void load_samples(upk_state *s, history *h, const series *of,
                         int64_t from_us) {
  int64_t window_us = of->at_us - TREND_WINDOW_US;
  sqlite3_stmt *q =
      db_start(s,
               "select at_us, changes from point"
               " where series = ?1 and at_us >= ?2"
               " order by at_us desc",
               "ii", of->id, from_us > window_us ? from_us : window_us);
  while (db_next(s, q))
    *UPK_PUSH(h->arena, &h->samples) =
        (sample){.at_us = db_int(q, 0),
                 .changes = upk_arena_copy(h->arena, db_bytes(q, 1))};
  db_end(s, q);
}

/* Evenly over the time, not over the samples: a day with many of them counts
 * no more than another. The first and the last are always among them. */
static void choose(history *h) {
  int64_t newest = h->samples.items[0].at_us;
  int64_t oldest = h->samples.items[h->samples.len - 1].at_us;
  size_t next = 0;
  for (size_t i = 0; i < TREND_SAMPLES_MAX; i++) {
    int64_t goal =
        newest - (newest - oldest) / (TREND_SAMPLES_MAX - 1) * (int64_t)i;
    while (next + 1 < h->samples.len && h->samples.items[next].at_us > goal)
      next++;
    h->samples.items[next].chosen = true;
  }
  h->samples.items[h->samples.len - 1].chosen = true;
  /* Few samples are all looked at. */
  for (size_t i = 0; i < h->samples.len; i++) {
    if (h->samples.len <= TREND_SAMPLES_MAX)
      h->samples.items[i].chosen = true;
    h->chosen += h->samples.items[i].chosen;
  }
}

/* The oldest one's changes lead to it from before. */
static void find_changed(upk_state *s, history *h) {
  change_reader r;
  change c;
  h->place = UPK_NEW_ARRAY(h->arena, uint32_t, h->values.count + 1);
  for (size_t i = 0; i + 1 < h->samples.len; i++) {
    change_read(&r, h->samples.items[i].changes);
    while (change_next(&r, &c))
      if (c.object >= h->values.count)
        r.damaged = true;
      else if (!h->place[c.object])
        h->place[c.object] = (uint32_t)++h->changed;
    if (r.damaged)
      series_damaged(s);
  }
}

static void keep_values(history *h, size_t number) {
  for (size_t i = 0; i < h->values.count; i++) {
    if (!h->place[i])
      continue;
    size_t at = (h->place[i] - 1) * h->chosen + number;
    h->matrix[at] = h->values.values[i];
    h->known[at] = h->values.known[i];
  }
}

/* From the newest backwards. */
static void walk(upk_state *s, history *h) {
  size_t number = h->chosen;
  cells now = h->values;
  h->matrix = UPK_NEW_ARRAY(h->arena, int64_t, h->changed * h->chosen + 1);
  h->known = UPK_NEW_ARRAY(h->arena, uint8_t, h->changed * h->chosen + 1);
  h->at_us = UPK_NEW_ARRAY(h->arena, int64_t, h->chosen + 1);
  h->values = cells_new(h->arena, now.count);
  if (now.count) {
    memcpy(h->values.values, now.values, now.count * sizeof *now.values);
    memcpy(h->values.known, now.known, now.count);
  }
  for (size_t i = 0; i < h->samples.len; i++) {
    if (h->samples.items[i].chosen) {
      h->at_us[--number] = h->samples.items[i].at_us;
      keep_values(h, number);
    }
    if (i + 1 < h->samples.len &&
        !change_undo(h->samples.items[i].changes, &h->values))
      series_damaged(s);
  }
  h->values = now;
}

/* ---- one object ---- */

static upk_str too_few(upk_arena *arena, size_t samples, int64_t span_us) {
  upk_buf text = {0};
  upk_buf_printf(&text, "a trend needs %d samples over 1 d, and there %s %zu",
                 TREND_SAMPLES_MIN, samples == 1 ? "is" : "are", samples);
  if (samples > 1) {
    upk_buf_str(&text, UPK_STR(" over "));
    upk_duration_human(span_us, &text);
  }
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static void answer_changed(const history *h, uint32_t object, size_t row,
                           upk_arena *arena, answer *a) {
  int64_t at_us[TREND_SAMPLES_MAX + 1], values[TREND_SAMPLES_MAX + 1];
  int64_t pairs[(TREND_SAMPLES_MAX + 1) * TREND_SAMPLES_MAX / 2];
  const size_t first = (h->place[object] - 1) * h->chosen;
  size_t count = 0;
  for (size_t i = 0; i < h->chosen && i <= TREND_SAMPLES_MAX; i++) {
    if (!h->known[first + i])
      continue;
    /* The object was made anew, or its counters were: so is its trend. */
    if (h->total && count && h->matrix[first + i] < values[count - 1])
      count = 0;
    at_us[count] = h->at_us[i];
    values[count++] =
        h->moment ? h->at_us[i] - h->matrix[first + i] : h->matrix[first + i];
  }
  int64_t span_us = count ? at_us[count - 1] - at_us[0] : 0;
  if (count < TREND_SAMPLES_MIN || span_us < TREND_SPAN_MIN_US)
    set_unknown(a, row, too_few(arena, count, span_us));
  else
    set(a, row, slope_per_day(at_us, values, count, pairs));
}

static void answer_row(const history *h, uint32_t object, size_t row,
                       upk_arena *arena, answer *a) {
  if (object >= h->values.count)
    set_unknown(a, row, UPK_STR("there is no history of it"));
  else if (h->place[object])
    answer_changed(h, object, row, arena, a);
  else if (h->values.known[object])
    set(a, row, h->moment ? SAMPLE_DAY_US : 0);
  else
    set_unknown(a, row, UPK_STR("its values were not known"));
}

/* ---- the column ---- */

static bool has_enough(const history *h, upk_arena *arena,
                       upk_str *ret_reason) {
  size_t count = h->samples.len;
  int64_t span_us =
      count ? h->samples.items[0].at_us - h->samples.items[count - 1].at_us : 0;
  if (count >= TREND_SAMPLES_MIN && span_us >= TREND_SPAN_MIN_US)
    return true;
  *ret_reason = count ? too_few(arena, count, span_us)
                      : UPK_STR("there is no history of it");
  return false;
}

static void add_known(upk_state *s, history *h, const state_want *want,
                      const uint32_t *numbers, upk_arena *arena,
                      upk_facts_kind *kind) {
  choose(h);
  find_changed(s, h);
  walk(s, h);
  if (s->code != SQLITE_OK)
    return;
  answer a = answer_new(want, arena, kind);
  for (size_t row = 0; row < kind->rows; row++)
    answer_row(h, numbers[row], row, arena, &a);
}

void trend_add(upk_state *s, int64_t target, const trend_of *asked,
               const uint32_t *numbers, upk_arena *arena,
               upk_facts_kind *kind) {
  const state_want *want = asked->want;
  series of = series_find(s, target, want->kind, want->attribute);
  history h = {.arena = upk_arena_new(NULL),
               .moment = series_is_moment(want->attribute, of.type),
               .total = asked->counter && asked->counter->total};
  upk_str reason = UPK_NO_STR;
  if (of.id) {
    load_samples(s, &h, &of, asked->counter ? asked->from_us : 0);
    h.values = series_latest(s, h.arena, of.id, 0);
  }
  if (s->code == SQLITE_OK && has_enough(&h, arena, &reason))
    add_known(s, &h, want, numbers, arena, kind);
  else
    all_absent(want, reason.data ? reason : UPK_STR("it cannot be read"), arena,
               kind);
  upk_arena_free(h.arena);
}
