/* Facts become samples, and history becomes facts. */
#ifndef RUNTIME_STATE_OBSERVE_H
#define RUNTIME_STATE_OBSERVE_H

#include <upkeep/state.h>

#include "facts.h"
#include "state/change.h"

/* A trend is told of an object with so many samples over so long; it is the
 * slope through at most so many, evenly spread over the last so long. */
enum { TREND_SAMPLES_MIN = 5, TREND_SAMPLES_MAX = 24 };
#define TREND_SPAN_MIN_US (INT64_C(24) * 3600 * 1000000)
#define TREND_WINDOW_US (INT64_C(90) * 24 * 3600 * 1000000)

/* How samples thin out: at most one a minute, of those older than two days the
 * last of each hour, of those older than 14 days the last of each day (UTC);
 * after 400 days they go. */
#define SAMPLE_MINUTE_US (INT64_C(60) * 1000000)
#define SAMPLE_HOUR_US (INT64_C(3600) * 1000000)
#define SAMPLE_DAY_US (INT64_C(86400) * 1000000)
#define SAMPLE_RAW_US (2 * SAMPLE_DAY_US)
#define SAMPLE_HOURLY_US (14 * SAMPLE_DAY_US)
#define SAMPLE_KEPT_US (400 * SAMPLE_DAY_US)

/* What the objects of a kind are known by; kinds that are not here, such as
 * sessions, come and go and have no history. */
typedef struct state_kind {
  upk_str name;
  upk_str *keys; /* columns */
  size_t key_count;
} state_kind;

/* NAME_trend of a kind is wanted, for NAME. */
typedef struct state_want {
  upk_str kind, attribute;
} state_want;

/* An attribute that begins anew when the server's counters do; `total`: it
 * falls at no other time. */
typedef struct state_counter {
  upk_str kind, attribute;
  bool total;
} state_counter;

typedef struct state_look {
  upk_str target;
  bool record;
  const state_kind *kinds;
  size_t kind_count;
  const state_want *wants;
  size_t want_count;
  const state_counter *counters;
  size_t counter_count;
} state_look;

/* Records the facts, when asked, and adds the columns that are wanted, with
 * reasons where they are not known. Counters that began anew since the last
 * sample are made unknown: what they say now is of no use yet. `arena` is the
 * facts'. Without a store they are unknown, and that is the reason. */
void state_observe(upk_state *s, const state_look *look, upk_arena *arena,
                   upk_facts *facts, upk_diags *diags);

/* ---- what the files of this folder share ---- */

/* Of one (target, kind, attribute). */
typedef struct series {
  int64_t id;    /* 0: there is none */
  int64_t at_us; /* of the last sample */
  upk_type type;
} series;

/* The attribute is an age: what is kept is the moment it counts from, which
 * stands still. */
bool series_is_moment(upk_str attribute, upk_type type);
series series_find(upk_state *s, int64_t target, upk_str kind,
                   upk_str attribute);
/* The values of its last sample, for `least` objects at least. Damaged ones
 * fail the transaction. */
cells series_latest(upk_state *s, upk_arena *arena, int64_t id, size_t least);
/* Says that what was read makes no sense: as SQLITE_CORRUPT. */
void series_damaged(upk_state *s);

/* names.c: numbers of the objects of a (target, kind), in the order in which
 * they were seen first. */
typedef struct names {
  upk_arena *arena;
  UPK_VEC(upk_str) items;
  size_t stored;       /* of `items` */
  struct upk_map *map; /* made when the order does not tell */
} names;
void names_load(upk_state *s, upk_arena *arena, int64_t target, upk_str kind,
                names *ret_names);
#define NAME_UNKNOWN UINT32_MAX
/* The number of a name; a new one if `add`, else NAME_UNKNOWN. `guess` is
 * tried first. */
uint32_t names_find(names *n, upk_str name, uint32_t guess, bool add);
/* Writes those that are new. */
void names_save(upk_state *s, int64_t target, upk_str kind, const names *n);

/* counters.c: what is known of a target's statistics epoch. */
typedef struct epoch {
  bool reset;      /* the counters began anew since the last sample */
  int64_t from_us; /* samples from then on are of this epoch; 0: all are */
} epoch;
epoch epoch_find(upk_state *s, int64_t target, const upk_facts *facts);
/* Notes the one of facts that became samples. */
void epoch_keep(upk_state *s, int64_t target, const epoch *e,
                const upk_facts *facts);
const state_counter *counter_find(const state_look *look, upk_str kind,
                                  upk_str attribute);
/* Makes the kind's counters unknown, as they are after a reset. */
void counters_forget(const state_look *look, upk_arena *arena,
                     const upk_facts *facts, upk_facts_kind *kind);

/* trend.c: the columns for one want. `numbers`: of the kind's rows. A counter's
 * trend is made of the samples since `from_us`. */
typedef struct trend_of {
  const state_want *want;
  const state_counter *counter; /* NULL: it is none */
  int64_t from_us;
} trend_of;
void trend_add(upk_state *s, int64_t target, const trend_of *of,
               const uint32_t *numbers, upk_arena *arena, upk_facts_kind *kind);
/* All unknown for one reason; a column that is there already stays. */
void trend_absent(const state_want *want, upk_str reason, upk_arena *arena,
                  upk_facts_kind *kind);

/* slope.c: the median of the slopes between all pairs, in values a day; `at_us`
 * ascend. H. Theil, Indagationes Mathematicae 12 (1950); P. K. Sen, JASA 63
 * (1968) 1379: up to 29% of the samples may be wrong without moving it far.
 * `scratch` has room for count * (count - 1) / 2. At least two samples. */
int64_t slope_per_day(const int64_t *at_us, const int64_t *values, size_t count,
                      int64_t *scratch);

/* prune.c: thins the samples of a target, at most once a day. */
void samples_prune(upk_state *s, int64_t target, int64_t now_us);

#endif
