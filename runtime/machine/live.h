/* What an operator may change of a run that goes on: only to what its plan
 * allows, or less. For who gives the order and for the machine alike. */
#ifndef RUNTIME_MACHINE_LIVE_H
#define RUNTIME_MACHINE_LIVE_H

#include "machine/plan.h"

enum { LIVE_EVERY_STEP = -1, LIVE_THROTTLES_MAX = 16 };

/* Key and what stands behind it. */
#define LIVE_TABLE(X)                                                          \
  X(BATCH, "batch", "rows a round takes at most")                              \
  X(ROUND, "round", "time that a round aims at, such as 200ms")                \
  X(THROTTLE, "throttle", "a condition besides the plan's; `plan`: none")

typedef enum live_key {
#define X(name, text, doc) LIVE_##name,
  LIVE_TABLE(X)
#undef X
      LIVE_KEYS
} live_key;

typedef struct live_change {
  live_key key;
  int64_t number;   /* BATCH: rows; ROUND: milliseconds */
  upk_str throttle; /* THROTTLE: the expression; absent: only the plan's */
} live_change;

/* Reads "batch=1000" for a step (by its number) or LIVE_EVERY_STEP. False when
 * it is no change, or beyond what the plan allows: *ret_why says so, with the
 * bound (in `arena`). */
bool live_read(upk_arena *arena, const plan *plan, int step, upk_str change,
               live_change *ret_change, upk_str *ret_why);

/* A step's number; -1: the plan has none of that id. */
int live_step(const plan *plan, upk_str id);

#endif
