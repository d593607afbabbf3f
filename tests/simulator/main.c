/* sim: plays seeds against the machine's invariants.
 *
 *   sim --seeds N [--from S]   N seeds from S on (default 1)
 *   sim --seed S [--verbose]   one seed; --verbose: all that happens
 *   sim --file FILE            the seeds in a file, one a line
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "simulator/sim.h"

typedef struct totals {
  uint64_t seeds, events, failed;
} totals;

static void play_one(uint64_t seed, bool verbose, totals *t) {
  upk_arena *arena = upk_arena_new(NULL);
  const char *why = world_play(arena, seed, verbose, &t->events);
  t->seeds++;
  if (why) {
    t->failed++;
    printf("seed %" PRIu64 ": %s\n", seed, why);
  }
  upk_arena_free(arena);
}

static int play_file(const char *path, totals *t) {
  char line[128];
  FILE *file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "sim: %s cannot be read\n", path);
    return 64;
  }
  while (fgets(line, sizeof line, file))
    if (line[0] >= '0' && line[0] <= '9')
      play_one(strtoull(line, NULL, 10), false, t);
  fclose(file);
  return 0;
}

int main(int argc, char **argv) {
  uint64_t seeds = 0, from = 1, seed = 0;
  const char *file = NULL;
  bool verbose = false;
  totals t = {0};
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--verbose") == 0) {
      verbose = true;
      continue;
    }
    if (strcmp(argv[i], "--seeds") == 0)
      seeds = strtoull(value, NULL, 10);
    else if (strcmp(argv[i], "--from") == 0)
      from = strtoull(value, NULL, 10);
    else if (strcmp(argv[i], "--seed") == 0)
      seed = strtoull(value, NULL, 10);
    else if (strcmp(argv[i], "--file") == 0)
      file = value;
    else {
      fprintf(stderr, "usage: sim --seeds N [--from S] | --seed S [--verbose] "
                      "| --file FILE\n");
      return 64;
    }
    i++;
  }
  if (file && play_file(file, &t))
    return 64;
  if (seed)
    play_one(seed, verbose, &t);
  for (uint64_t i = 0; i < seeds; i++)
    play_one(from + i, false, &t);
  printf("%" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64 " failed\n", t.seeds,
         t.events, t.failed);
  return t.failed ? 1 : 0;
}
