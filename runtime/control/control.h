/* Orders to a run that goes on, and the kill switch.
 *
 * An order is a small file, control.json, in the run's folder. It is made by
 * link(2), which fails when another order waits there, and taken by rename(2),
 * so that it is taken once and whole; that it is gone tells the giver so. */
#ifndef RUNTIME_CONTROL_CONTROL_H
#define RUNTIME_CONTROL_CONTROL_H

#include <upkeep/runtime.h>

enum { CONTROL_LOOK_MS = 250 }; /* how often a run looks for orders */

typedef struct control_order {
  upk_order_kind kind;
  upk_str by;           /* "ann@shop1" */
  upk_str step, change; /* or absent */
} control_order;

/* Takes the order that waits in a run's folder; false when there is none. One
 * that cannot be read is put aside and gives false. */
bool control_take(upk_arena *arena, upk_str run_folder,
                  control_order *ret_order);

/* What the kill switch says, its first line: "" when nothing; absent when there
 * is none. What cannot be read but is there counts as there. */
upk_str control_stop_file(upk_arena *arena, upk_str path);

/* Whether a process holds the log of a run's folder. */
bool control_lives(upk_str run_folder);

#endif
