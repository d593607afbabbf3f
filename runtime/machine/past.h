/* The fold of a log: from the records of a run to what they say of each step,
 * in the order in which they were written. Pure, and O(records). */
#ifndef RUNTIME_MACHINE_PAST_H
#define RUNTIME_MACHINE_PAST_H

#include "machine/machine.h"

typedef struct machine_history machine_history;

/* Borrows the plan. */
machine_history *machine_history_new(const plan *plan);
void machine_history_free(machine_history *h); /* NULL is fine */
/* A record of the run, its objects as they stand in the line; what is needed
 * of them is copied. False when it speaks of a step that is not the plan's. */
bool machine_history_add(machine_history *h, upk_str event, const upk_json *det,
                         const upk_json *obs);

/* The run as a whole. */
typedef struct machine_story {
  bool begun;       /* run.begin is there */
  bool sealed;      /* run.end is the last word of a machine */
  bool rolled_back; /* `rollback` began: it is never resumed */
  size_t sessions;  /* processes that worked on it */
  upk_str status;   /* of the last run.end: "done"; absent when none */
} machine_story;
const machine_story *machine_history_story(const machine_history *h);
/* Of each step, by its number; for machine_config.past. Both live as long as
 * the history, and change with what is added. */
const machine_past *machine_history_steps(const machine_history *h);

#endif
