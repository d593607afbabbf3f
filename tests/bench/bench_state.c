/* What it costs to keep facts as samples: so many relations with twelve
 * attributes, of which a hundredth changes from day to day, and an age and a
 * number that change everywhere.
 *
 *   bench_state RELATIONS SAMPLES FILE
 *
 * Prints: ms of CPU of the first sample and the median of the others, ms of the
 * trend of two attributes beside, MB of memory, bytes of the file, changes and
 * bytes a sample. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "facts.h"
#include "state/observe.h"
#include <upkeep/state.h>

enum { ATTRIBUTES = 12, CHANGED_PERCENT = 1 };

static int64_t wall(void *ctx) {
  (void)ctx;
  return INT64_C(1790000000000000);
}

static double cpu_ms(void) { return (double)clock() * 1000 / CLOCKS_PER_SEC; }

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static upk_facts_column *add_column(upk_arena *arena, upk_facts_kind *kind,
                                    const char *name, upk_type type) {
  upk_facts_column *column = UPK_PUSH(arena, &kind->columns);
  column->name = upk_str_from(name);
  column->values.type = type;
  column->values.null = UPK_NEW_ARRAY(arena, uint8_t, kind->rows + 1);
  return column;
}

static void make_names(upk_arena *arena, upk_facts_kind *kind) {
  upk_str *texts = UPK_NEW_ARRAY(arena, upk_str, kind->rows + 1);
  for (size_t i = 0; i < kind->rows; i++)
    texts[i] = upk_arena_printf(arena, "orders_2026_%07zu_customer_idx", i);
  add_column(arena, kind, "name", UPK_TYPE_TEXT)->values.texts = texts;
}

/* Attribute 0 is an age, 1 grows everywhere by the same, the others change in
 * a hundredth of the rows. */
static void fill(upk_facts_kind *kind, int64_t **cells, int64_t sample) {
  for (size_t i = 0; i < kind->rows; i++) {
    cells[0][i] = INT64_C(86400000000) * (sample + (int64_t)(i % 500));
    cells[1][i] = (int64_t)i + sample * 100000;
    for (size_t a = 2; a < ATTRIBUTES; a++)
      if (!sample ||
          (i * 2654435761u + a + (size_t)sample) % 100 < CHANGED_PERCENT)
        cells[a][i] += (int64_t)((i * a * 8192) % 100000000) + 8192;
  }
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 64;
  size_t samples = (size_t)strtoul(argv[2], NULL, 10);
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_diags_init(&diags, arena);
  upk_clock clock = {.wall_us = wall};
  upk_facts facts = {.engine = UPK_STR("toy")};
  upk_json_error error;
  facts.identity = upk_json_parse(arena, UPK_STR("{}\n"), &error);
  upk_facts_kind *kind = UPK_PUSH(arena, &facts.kinds);
  kind->name = UPK_STR("table");
  kind->rows = (size_t)strtoul(argv[1], NULL, 10);
  make_names(arena, kind);
  int64_t *cells[ATTRIBUTES];
  for (size_t a = 0; a < ATTRIBUTES; a++) {
    const char *name = a ? upk_arena_printf(arena, "a%02zu", a).data : "age";
    cells[a] = UPK_NEW_ARRAY(arena, int64_t, kind->rows + 1);
    add_column(arena, kind, name, a ? UPK_TYPE_BYTES : UPK_TYPE_DURATION)
        ->values.integers = cells[a];
  }
  upk_str keys[] = {UPK_STR("name")};
  const state_kind known = {UPK_STR("table"), keys, 1};
  const state_want wants[] = {{UPK_STR("table"), UPK_STR("a02")},
                              {UPK_STR("table"), UPK_STR("a03")}};
  state_look look = {.target = UPK_STR("shop"),
                     .record = true,
                     .kinds = &known,
                     .kind_count = 1,
                     .wants = wants};
  double *times = malloc((samples + 1) * sizeof *times), trend = 0, first = 0;
  upk_state *state = upk_state_open(upk_str_from(argv[3]), &clock, &diags);
  for (size_t s = 0; s < samples; s++) {
    upk_arena *own = upk_arena_new(NULL);
    facts.taken_at = INT64_C(1780000000000000) + (int64_t)s * SAMPLE_DAY_US;
    fill(kind, cells, (int64_t)s);
    double from = cpu_ms();
    state_observe(state, &look, own, &facts, &diags);
    times[s] = cpu_ms() - from;
    upk_arena_free(own);
  }
  first = times[0];
  qsort(times + 1, samples - 1, sizeof *times, by_value);
  look.record = false;
  look.want_count = 2;
  upk_arena *own = upk_arena_new(NULL);
  double from = cpu_ms();
  state_observe(state, &look, own, &facts, &diags);
  trend = cpu_ms() - from;
  upk_arena_free(own);
  upk_state_close(state);
  struct rusage usage;
  struct stat info = {0};
  getrusage(RUSAGE_SELF, &usage);
  stat(argv[3], &info);
  printf("%.0f %.0f %.0f %ld %" PRId64 " %zu\n", first,
         times[1 + (samples - 1) / 2], trend, usage.ru_maxrss / 1024,
         (int64_t)info.st_size, diags.items.len);
  free(times);
  upk_arena_free(arena);
  return diags.items.len != 0;
}
