/* What a machine consumed and what it commanded, as the log keeps them for
 * replay. The same events give the same commands, so a new machine that is fed
 * the events of a log must produce its records again, byte for byte.
 *
 * `in` of a record is the array of the events since the record before it. An
 * integer is the answer to the oldest record without one, so many microseconds
 * after the event before; any other event is [kind, microseconds, {members}]:
 * kinds s start, r reply, t timer, l logged, o stop, p pause; members a rows
 * affected, c columns, f fault [kind, class, code, message, hint, unstarted],
 * g granted, h holder, i the command's id, k level, n rows there were, o
 * notices, t in a transaction, v values, w microseconds of the wall clock when
 * those are others, x text. An integer of 2^53 or more is ["digits"].
 * `out` is the start of a SHA-256 of the commands but for the records. */
#ifndef RUNTIME_MACHINE_TAPE_H
#define RUNTIME_MACHINE_TAPE_H

#include "machine/machine.h"

typedef struct tape tape;
tape *tape_new(void);
void tape_free(tape *t); /* NULL is fine */
/* An event that is handed in, and a command that came of it. */
void tape_event(tape *t, const machine_event *event);
void tape_command(tape *t, const machine_command *command);
/* For the record that is written now; valid until the next call. */
void tape_take(tape *t, upk_str *ret_in, upk_str *ret_out);

/* The other way: an event of `in`, after those before it. Its strings are in
 * `arena` or in `item`. False when it is none. An answer to a record has no id
 * yet, and no head. */
typedef struct tape_clock {
  int64_t wall_us, mono_us;
} tape_clock;
bool tape_read(upk_arena *arena, const upk_json *item, tape_clock *clock,
               machine_event *ret_event);

#endif
