/* What the machine keeps for its watcher: one more session, which asks whom
 * our statements keep waiting and how the server is. watch.c has the rounds of
 * questions, guard.c what the guard's answers lead to, throttle.c the metrics
 * and the levels over them, disk.c the room on the disk. */
#ifndef RUNTIME_MACHINE_WATCH_H
#define RUNTIME_MACHINE_WATCH_H

#include "expr.h"
#include "machine/machine.h"

/* Why a running step is broken off. Name, code of its diagnostic, whether it
 * is tried again. */
#define CUT_TABLE(X)                                                           \
  X(NONE, 0, false)                                                            \
  X(GUARD, 3241, true)   /* others wait for it */                              \
  X(READERS, 3242, true) /* it waits for others' old transactions */           \
  X(BLIND, 3240, true)   /* nobody can look whom it keeps waiting */           \
  X(ROOM, 3252, false)   /* the disk is nearly full */

typedef enum cut_reason {
#define X(name, code, again) CUT_##name,
  CUT_TABLE(X)
#undef X
} cut_reason;

/* Of a step, as the watcher sees it. */
typedef struct watched {
  cut_reason cut;           /* of this attempt */
  upk_str cut_text;         /* in the step's arena */
  bool cancel_wanted;       /* the watcher is to ask for it */
  int64_t cancel_statement; /* when that began, on the server's clock; -1 */
  int64_t cancelled_us;     /* when a cancel was last sent; 0: never */
  unsigned cuts;            /* attempts that were broken off */
  int64_t not_before_us;    /* of the next attempt */
  int64_t readers_since_us; /* it waits for old readers since then; 0: no */
  int64_t blocked_us;       /* others' waits for it, summed */
  upk_str holder;           /* of the lock it was last seen to wait for */
  upk_str phase;            /* last told of its progress; in its arena */
  int64_t told_us;          /* when */
} watched;

/* The last value of a metric. */
typedef struct sample {
  bool known;
  int64_t integer;
  upk_buf text;   /* of a text */
  upk_buf reason; /* why it is not known */
  bool asked_needs, lacks_needs;
  bool has_count; /* of a rate: the counter and when it was read */
  int64_t count, count_us;
} sample;

/* An expression over metrics, judged by the samples of a round. */
typedef struct level {
  uint64_t round; /* 0: never */
  upk_truth truth;
  upk_buf why;        /* with the values seen, unless true */
  int64_t unknown_us; /* since when it is unknown, at each look; 0: it is not */
  int64_t judged_us;  /* the last look */
  bool given_up;      /* that was said */
} level;

typedef enum watch_question {
  WATCH_NOTHING,
  WATCH_LIMITS,
  WATCH_CANCEL,
  WATCH_GUARD,
  WATCH_NEEDS,
  WATCH_METRIC,
  WATCH_PROGRESS,
} watch_question;

typedef struct watch {
  bool on; /* the plan has something to be watched */
  watch_question asking;
  size_t metric;    /* NEEDS, METRIC: which; next when nothing is asked */
  bool guard_due;   /* in this round */
  bool sampling;    /* this round asks the metrics */
  bool wanted;      /* a gate waits for samples */
  uint64_t timer;   /* the SLEEP under way; 0: none */
  int64_t timer_us; /* when it ends */
  int64_t asked_us; /* of the question under way */
  int64_t guarded_us, sampled_us; /* of the last good answers; 0: never */
  int64_t last_us;                /* when the guard last looked */
  int64_t guard_asked_us;         /* when it was last told to */
  int64_t progress_us;            /* when progress was last asked for */
  unsigned misses;                /* answers of the guard that did not come */
  uint64_t round;                 /* of samples */
  sample *samples;
  level *levels;
  int disk; /* number of the metric disk_free, or -1 */
  bool disk_said;
  bool aborted;
  upk_buf away; /* why it is */
  int64_t blocked_us;
} watch;

#endif
