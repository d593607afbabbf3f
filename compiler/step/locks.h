/* What lock modes mean, by the engine's `lock_conflicts` and `traffic_locks`
 * (docs/extending.md). */
#ifndef COMPILER_STEP_LOCKS_H
#define COMPILER_STEP_LOCKS_H

#include "ir/ir.h"

/* Whether two locks on one object cannot be held at once. A mode the engine
 * does not know excludes everything: safe, if slow. */
bool locks_exclude(const ir_engine *engine, upk_str mode, upk_str other);
/* Whether the mode excludes all ordinary work, reads and writes. */
bool locks_all_traffic(const ir_engine *engine, upk_str mode);
/* Whether it excludes some of it, such as writes. */
bool locks_some_traffic(const ir_engine *engine, upk_str mode);
/* Whether the step holds a lock that some ordinary work must wait for. One
 * that declares no lock may take any. */
bool locks_strong(const ir_engine *engine, const ir_step *step);
/* A lock timeout above max_blocking would make a queue that long (mechanics
 * 2): where all traffic waits it is cut down to that. */
void locks_limit(const ir_engine *engine, ir_step *step);

#endif
