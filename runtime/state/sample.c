/* Facts as samples: the numbers of objects, and what changed of each
 * attribute. */
#include "json.h"
#include "map.h"
#include "state/db.h"
#include "state/observe.h"

enum { GONE_MAX_TIMES = 4, GONE_MIN = 10000 };
#define AGE_SLACK_US (INT64_C(2) * 1000000)

typedef struct sampling {
  upk_state *s;
  const state_look *look;
  upk_arena *arena, *scratch; /* of the facts; of one series */
  upk_facts *facts;
  int64_t target;
  epoch epoch;
  size_t late; /* series that have later samples */
  size_t taken;
} sampling;

/* ---- series ---- */

void series_damaged(upk_state *s) {
  if (s->code != SQLITE_OK)
    return;
  s->code = SQLITE_CORRUPT;
  s->why = UPK_STR("its samples make no sense");
}

bool series_is_moment(upk_str attribute, upk_type type) {
  upk_str unused, base = upk_str_split(attribute, '(', &unused);
  return type == UPK_TYPE_DURATION && upk_str_ends(base, "age");
}

series series_find(upk_state *s, int64_t target, upk_str kind,
                   upk_str attribute) {
  series found = {0};
  sqlite3_stmt *q =
      db_start(s,
               "select id, at_us, type from series"
               " where target = ?1 and kind = ?2 and attribute = ?3",
               "itt", target, kind, attribute);
  if (db_next(s, q)) {
    found.id = db_int(q, 0);
    found.at_us = db_int(q, 1);
    if (!upk_type_find(db_bytes(q, 2), &found.type))
      series_damaged(s);
  }
  db_end(s, q);
  return found;
}

cells series_latest(upk_state *s, upk_arena *arena, int64_t id, size_t least) {
  cells values = {0};
  sqlite3_stmt *q =
      db_start(s, "select cells from latest where series = ?1", "i", id);
  bool there = db_next(s, q);
  if (!cells_read(arena, there ? db_bytes(q, 0) : UPK_NO_STR, least, &values))
    series_damaged(s);
  db_end(s, q);
  return values;
}

static bool is_sampled(upk_type type) {
  return type != UPK_TYPE_TEXT && type != UPK_TYPE_LIST &&
         type != UPK_TYPE_VERSION && type != UPK_TYPE_NULL;
}

static bool is_key(const state_kind *kind, upk_str column) {
  for (size_t i = 0; i < kind->key_count; i++)
    if (upk_str_equal(kind->keys[i], column))
      return true;
  return false;
}

/* The column's values by the numbers of objects. */
static cells gather(sampling *g, const upk_facts_column *column,
                    const uint32_t *numbers, size_t rows, size_t objects) {
  cells values = cells_new(g->scratch, objects);
  bool moment = series_is_moment(column->name, column->values.type);
  for (size_t row = 0; row < rows; row++) {
    size_t at = column->values.constant ? 0 : row;
    if (column->values.null && column->values.null[at])
      continue;
    int64_t value = column->values.integers[at];
    if (moment && __builtin_sub_overflow(g->facts->taken_at, value, &value))
      continue;
    values.values[numbers[row]] = value;
    values.known[numbers[row]] = 1;
  }
  return values;
}

static void forget_series(upk_state *s, int64_t id) {
  db_run(s, "delete from point where series = ?1", "i", id);
  db_run(s, "delete from latest where series = ?1", "i", id);
  db_run(s, "delete from series where id = ?1", "i", id);
}

/* A second sample of one minute takes the place of the first. */
static void replace_point(sampling *g, const series *of, upk_buf *changes) {
  upk_buf whole = {0};
  sqlite3_stmt *q = db_start(
      g->s, "select changes from point where series = ?1 and at_us = ?2", "ii",
      of->id, of->at_us);
  if (db_next(g->s, q))
    change_join(db_bytes(q, 0), upk_buf_view(changes), &whole);
  db_end(g->s, q);
  upk_buf_free(changes);
  *changes = whole;
  db_run(g->s, "delete from point where series = ?1 and at_us = ?2", "ii",
         of->id, of->at_us);
}

static void write_latest(upk_state *s, int64_t id, const cells *values) {
  upk_buf bytes = {0};
  cells_write(values, &bytes);
  db_run(s, "insert or replace into latest (series, cells) values (?1, ?2)",
         "ib", id, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
}

static void add_series(sampling *g, upk_str kind,
                       const upk_facts_column *column, series *of) {
  db_run(g->s,
         "insert into series (target, kind, attribute, type, at_us)"
         " values (?1, ?2, ?3, ?4, 0)",
         "ittt", g->target, kind, column->name,
         upk_str_from(upk_type_name(column->values.type)));
  *of = (series){.id = sqlite3_last_insert_rowid(g->s->db),
                 .type = column->values.type};
}

static void record_column(sampling *g, const upk_facts_kind *kind,
                          const upk_facts_column *column,
                          const uint32_t *numbers, size_t objects) {
  upk_buf changes = {0};
  int64_t at_us = g->facts->taken_at;
  series of = series_find(g->s, g->target, kind->name, column->name);
  if (of.id && of.type != column->values.type) {
    forget_series(g->s, of.id);
    of.id = 0;
  }
  if (of.id && of.at_us >= at_us) { /* of one minute only the last counts */
    g->late += of.at_us - at_us >= SAMPLE_MINUTE_US;
    return;
  }
  if (!of.id)
    add_series(g, kind->name, column, &of);
  upk_arena_reset(g->scratch);
  cells before = series_latest(g->s, g->scratch, of.id, objects);
  cells after = gather(g, column, numbers, kind->rows, before.count);
  bool moment = series_is_moment(column->name, column->values.type);
  if (change_between(&before, &after, moment ? AGE_SLACK_US : 0, &changes))
    write_latest(g->s, of.id, &after);
  if (!of.at_us) /* nothing is ever read from before the first sample */
    upk_buf_clear(&changes);
  if (of.at_us && of.at_us / SAMPLE_MINUTE_US == at_us / SAMPLE_MINUTE_US)
    replace_point(g, &of, &changes);
  db_run(g->s, "insert into point (series, at_us, changes) values (?1, ?2, ?3)",
         "iib", of.id, at_us, upk_buf_view(&changes));
  db_run(g->s, "update series set at_us = ?2 where id = ?1", "ii", of.id,
         at_us);
  g->taken++;
  upk_buf_free(&changes);
}

/* ---- objects ---- */

static void put_cell(const upk_column *column, size_t row, upk_buf *out) {
  size_t at = column->constant ? 0 : row;
  if (column->null && column->null[at])
    return;
  if (column->type == UPK_TYPE_TEXT)
    upk_buf_str(out, column->texts[at]);
  else
    upk_buf_int(out, column->integers[at]);
}

/* The keys' texts, with a NUL between: facts hold none. */
static upk_str name_of(const upk_column *const *keys, size_t count, size_t row,
                       upk_buf *room) {
  upk_buf_clear(room);
  for (size_t i = 0; i < count; i++) {
    if (i)
      upk_buf_char(room, '\0');
    put_cell(keys[i], row, room);
  }
  return upk_buf_view(room);
}

static bool find_keys(const state_kind *known, const upk_facts_kind *kind,
                      const upk_column **ret_keys) {
  for (size_t i = 0; i < known->key_count; i++) {
    const upk_facts_column *column =
        upk_facts_column_find(kind, known->keys[i]);
    if (!column || column->values.type == UPK_TYPE_LIST || column->reason.data)
      return false;
    ret_keys[i] = &column->values;
  }
  return known->key_count > 0;
}

/* The number of each row's object. */
static uint32_t *number_rows(sampling *g, const upk_facts_kind *kind,
                             const upk_column *const *keys, size_t key_count,
                             names *n) {
  uint32_t *numbers = UPK_NEW_ARRAY(n->arena, uint32_t, kind->rows + 1);
  uint32_t last = NAME_UNKNOWN;
  upk_buf room = {0};
  for (size_t row = 0; row < kind->rows; row++) {
    upk_str name = name_of(keys, key_count, row, &room);
    uint32_t guess = last == NAME_UNKNOWN ? 0 : last + 1;
    if (guess >= n->items.len || !upk_str_equal(n->items.items[guess], name))
      name = upk_arena_copy(n->arena, name.data ? name : UPK_STR(""));
    numbers[row] = names_find(n, name, guess, g->look->record);
    last = numbers[row];
  }
  upk_buf_free(&room);
  return numbers;
}

/* Objects that come and go leave their numbers behind: when far more have gone
 * than there are, the kind's history begins anew. */
static void forget_kind(sampling *g, upk_str kind) {
  static const char *const deletes[] = {
      "delete from point where series in (select id from series"
      " where target = ?1 and kind = ?2)",
      "delete from latest where series in (select id from series"
      " where target = ?1 and kind = ?2)",
      "delete from series where target = ?1 and kind = ?2",
      "delete from object where target = ?1 and kind = ?2",
  };
  for (size_t i = 0; i < sizeof deletes / sizeof *deletes; i++)
    db_run(g->s, deletes[i], "it", g->target, kind);
}

static bool has_wants(const sampling *g, upk_str kind) {
  for (size_t i = 0; i < g->look->want_count; i++)
    if (upk_str_equal(g->look->wants[i].kind, kind))
      return true;
  return false;
}

static void record_kind(sampling *g, const state_kind *known,
                        const upk_facts_kind *kind, const uint32_t *numbers,
                        size_t objects) {
  for (size_t i = 0; i < kind->columns.len; i++) {
    const upk_facts_column *column = &kind->columns.items[i];
    if (is_sampled(column->values.type) && !column->reason.data &&
        !is_key(known, column->name) && kind->rows)
      record_column(g, kind, column, numbers, objects);
  }
}

static void look_at_kind(sampling *g, const state_kind *known,
                         upk_facts_kind *kind) {
  const upk_column *keys[8];
  if (known->key_count > 8 || !find_keys(known, kind, keys) ||
      (!g->look->record && !has_wants(g, kind->name)))
    return;
  upk_arena *arena = upk_arena_new(NULL);
  names n;
  names_load(g->s, arena, g->target, kind->name, &n);
  uint32_t *numbers = number_rows(g, kind, keys, known->key_count, &n);
  if (g->look->record && n.items.len > GONE_MIN + GONE_MAX_TIMES * kind->rows) {
    forget_kind(g, kind->name);
    names_load(g->s, arena, g->target, kind->name, &n);
    numbers = number_rows(g, kind, keys, known->key_count, &n);
  }
  if (g->look->record) {
    names_save(g->s, g->target, kind->name, &n);
    record_kind(g, known, kind, numbers, n.items.len);
  }
  for (size_t i = 0; i < g->look->want_count; i++) {
    trend_of of = {.want = &g->look->wants[i], .from_us = g->epoch.from_us};
    of.counter = counter_find(g->look, of.want->kind, of.want->attribute);
    if (upk_str_equal(of.want->kind, kind->name))
      trend_add(g->s, g->target, &of, numbers, g->arena, kind);
  }
  upk_arena_free(arena);
}

/* ---- the target ---- */

/* A promoted copy goes on with the history; another database of the same name
 * does not. A member that only one of them has says nothing. */
static bool same_identity(const upk_json *a, const upk_json *b) {
  for (size_t i = 0; i < upk_json_count(a); i++) {
    upk_str key = a->object.members[i].key;
    const upk_json *other = upk_json_get_str(b, key);
    if (!upk_str_is(key, "timeline") && other->type == UPK_JSON_STRING &&
        !upk_str_equal(other->string, a->object.members[i].value->string))
      return false;
  }
  return true;
}

static upk_str identity_text(sampling *g) {
  upk_buf bytes = {0};
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_write(w, g->facts->identity);
  upk_json_newline(w);
  upk_json_writer_close(w);
  upk_str text = upk_arena_copy(g->scratch, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return text;
}

static bool is_object(const upk_json *json) {
  if (!json || json->type != UPK_JSON_OBJECT)
    return false;
  for (size_t i = 0; i < upk_json_count(json); i++)
    if (json->object.members[i].value->type != UPK_JSON_STRING)
      return false;
  return true;
}

static int64_t find_target(sampling *g, bool *ret_less) {
  int64_t found = 0;
  upk_json_error error;
  sqlite3_stmt *q = db_start(g->s,
                             "select id, identity from target"
                             " where name = ?1 and engine = ?2 order by id",
                             "tt", g->look->target, g->facts->engine);
  while (db_next(g->s, q)) {
    const upk_json *known = upk_json_parse(
        g->scratch, upk_arena_copy(g->scratch, db_bytes(q, 1)), &error);
    if (!is_object(known) || !same_identity(g->facts->identity, known))
      continue;
    found = db_int(q, 0);
    *ret_less = upk_json_count(known) < upk_json_count(g->facts->identity);
  }
  db_end(g->s, q);
  return found;
}

static void take_target(sampling *g) {
  bool less = false;
  g->target = find_target(g, &less);
  if (!g->look->record || (g->target && !less))
    return;
  upk_str identity = identity_text(g);
  if (g->target)
    db_run(g->s, "update target set identity = ?2 where id = ?1", "it",
           g->target, identity);
  else if (db_run(g->s,
                  "insert into target (name, engine, identity)"
                  " values (?1, ?2, ?3)",
                  "ttt", g->look->target, g->facts->engine, identity))
    g->target = sqlite3_last_insert_rowid(g->s->db);
}

/* ---- the whole ---- */

static void look_at_all(sampling *g) {
  take_target(g);
  g->epoch = epoch_find(g->s, g->target, g->facts);
  for (size_t i = 0; i < g->look->kind_count && g->s->code == SQLITE_OK; i++)
    for (size_t j = 0; j < g->facts->kinds.len; j++)
      if (upk_str_equal(g->facts->kinds.items[j].name, g->look->kinds[i].name))
        look_at_kind(g, &g->look->kinds[i], &g->facts->kinds.items[j]);
  for (size_t j = 0; j < g->facts->kinds.len && g->epoch.reset; j++)
    counters_forget(g->look, g->arena, g->facts, &g->facts->kinds.items[j]);
  if (g->look->record && g->taken)
    epoch_keep(g->s, g->target, &g->epoch, g->facts);
  if (g->look->record)
    samples_prune(g->s, g->target, g->facts->taken_at);
}

static void say_late(const sampling *g, upk_diags *diags) {
  upk_diag *diag = upk_diag_add(
      diags, 3157, UPK_NO_SPAN,
      "the state store has later samples of target %.*s than these facts",
      UPK_FMT(g->look->target));
  upk_diag_help(diags, diag,
                "record facts in order of time, and check the server's clock");
}

/* What is wanted and not there yet, for one reason. */
static void fill_absent(const state_look *look, upk_str reason,
                        upk_arena *arena, upk_facts *facts) {
  for (size_t i = 0; i < look->want_count; i++)
    for (size_t j = 0; j < facts->kinds.len; j++)
      if (upk_str_equal(facts->kinds.items[j].name, look->wants[i].kind))
        trend_absent(&look->wants[i], reason, arena, &facts->kinds.items[j]);
}

void state_observe(upk_state *s, const state_look *look, upk_arena *arena,
                   upk_facts *facts, upk_diags *diags) {
  static const char doing[] = "recording facts in the state store";
  sampling g = {.s = s, .look = look, .arena = arena, .facts = facts};
  if ((look->record || look->want_count) &&
      state_begin(s, look->record, diags, doing)) {
    g.scratch = upk_arena_new(NULL);
    look_at_all(&g);
    if (state_end(s, diags, doing) && g.late && !g.taken)
      say_late(&g, diags);
    upk_arena_free(g.scratch);
  }
  fill_absent(look, UPK_STR("there is no history of it"), arena, facts);
}
