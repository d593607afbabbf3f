/* The log of a run, folded to what the store keeps. */
#ifndef RUNTIME_STATE_LOG_H
#define RUNTIME_STATE_LOG_H

#include <upkeep/base.h>

#include "map.h"

typedef struct log_step {
  upk_str id, action, kind, object, basis;
  int64_t p50_ms, p90_ms, work_bytes; /* of the plan's estimate */
  int64_t began_us, ended_us;         /* wall clock; 0: not */
  int64_t elapsed_us, blocked_ms;
  bool unmeasured;       /* what others waited for it is not known */
  upk_str outcome;       /* absent: not known */
  upk_str before, after; /* what its checks saw; absent: nothing, or much */
} log_step;

typedef struct log_run {
  upk_arena *arena;
  upk_str target, engine, plan, intent, host, user, status;
  int64_t began_us, ended_us, processes;
  /* What others waited: as the seal says, else of the steps so far; negative:
   * not measured. */
  int64_t blocked_ms;
  upk_map numbers; /* step -> index */
  UPK_VEC(log_step) steps;
} log_run;

/* Folds the log's bytes; a damaged or torn line ends it there. */
void log_fold(upk_str log, log_run *run);
/* Adds what the plan says of the steps that the log knows. */
void log_add_plan(upk_str plan, log_run *run);

#endif
