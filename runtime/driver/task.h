/* One call that may block, on a thread of its own, for drivers whose library
 * works on the loop otherwise. */
#ifndef RUNTIME_DRIVER_TASK_H
#define RUNTIME_DRIVER_TASK_H

#include <stdbool.h>
#include <uv.h>

typedef struct driver_task driver_task;

/* Runs work(arg) on a new thread and sends `async` when it is done. `discard`
 * frees `arg` when the task was abandoned. NULL when no thread could be
 * started: `arg` is the caller's still. */
driver_task *driver_task_start(uv_async_t *async, void (*work)(void *arg),
                               void (*discard)(void *arg), void *arg);
/* False when it still runs. True: the task is gone, `arg` is the caller's. */
bool driver_task_finish(driver_task *task);
/* Leaves it to itself: `async` is not sent any more, `arg` not the caller's. */
void driver_task_abandon(driver_task *task);

#endif
