#include "driver/task.h"

#include <pthread.h>
#include <string.h>

#include <upkeep/base.h>

struct driver_task {
  uv_thread_t thread;
  uv_mutex_t mutex;
  uv_async_t *async; /* NULL: abandoned */
  bool done;
  void (*work)(void *arg);
  void (*discard)(void *arg);
  void *arg;
};

static void free_task(driver_task *task) {
  uv_mutex_destroy(&task->mutex);
  upk_allocator_libc()->resize(NULL, task, 0);
}

static void run(void *task_ptr) {
  driver_task *task = task_ptr;
  task->work(task->arg);
  uv_mutex_lock(&task->mutex);
  bool abandoned = !task->async;
  task->done = true;
  if (!abandoned)
    uv_async_send(task->async);
  uv_mutex_unlock(&task->mutex);
  if (!abandoned)
    return; /* who finishes it frees it */
  task->discard(task->arg);
  free_task(task);
}

driver_task *driver_task_start(uv_async_t *async, void (*work)(void *arg),
                               void (*discard)(void *arg), void *arg) {
  const upk_allocator *libc = upk_allocator_libc();
  driver_task *task = libc->resize(NULL, NULL, sizeof *task);
  if (!task)
    libc->exhausted(NULL, sizeof *task);
  *task = (driver_task){
      .async = async, .work = work, .discard = discard, .arg = arg};
  uv_mutex_init(&task->mutex);
  if (uv_thread_create(&task->thread, run, task) == 0)
    return task;
  free_task(task);
  return NULL;
}

bool driver_task_finish(driver_task *task) {
  uv_mutex_lock(&task->mutex);
  bool done = task->done;
  uv_mutex_unlock(&task->mutex);
  if (!done)
    return false;
  uv_thread_join(&task->thread);
  free_task(task);
  return true;
}

void driver_task_abandon(driver_task *task) {
  uv_mutex_lock(&task->mutex);
  bool done = task->done;
  task->async = NULL;
  uv_thread_t thread = task->thread;
  if (!done)
    pthread_detach(thread);
  uv_mutex_unlock(&task->mutex);
  if (!done)
    return;
  uv_thread_join(&thread);
  task->discard(task->arg);
  free_task(task);
}
