/* Two threads: the first reads the socket, cancels, and ends the process when
 * the socket closes; the second, the session's, works. */
#include "driver/odbc/process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "driver/registry.h"

enum { LAST_S = 8 }; /* from the end of the socket to our own */

typedef struct process {
  odbc_session session;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  pthread_mutex_t cancelling; /* held while a cancel is under way */
  upk_buf in;                 /* the first thread's */
  upk_buf ask;                /* what has come; the session takes it */
  upk_buf taken, out;         /* the session's */
  bool has_ask, quit, answered, more;
  bool busy; /* under `cancelling` */
} process;

bool odbc_write_all(int socket, upk_str bytes) {
  while (bytes.len) {
    ssize_t done = write(socket, bytes.data, bytes.len);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    bytes = (upk_str){bytes.data + done, bytes.len - (size_t)done};
  }
  return true;
}

/* ---- the session's thread ---- */

static bool hand_over(void *process_ptr, const driver_result *batch) {
  process *p = process_ptr;
  bool full = driver_op_batch_full(&p->session.op), more = true;
  upk_buf_clear(&p->out);
  odbc_put_rows(&p->out, batch, full);
  if (!odbc_write_all(ODBC_SOCKET, upk_buf_view(&p->out)))
    return false;
  if (!full)
    return true;
  pthread_mutex_lock(&p->mutex);
  while (!p->answered && !p->quit)
    pthread_cond_wait(&p->changed, &p->mutex);
  more = p->answered && p->more;
  p->answered = false;
  pthread_mutex_unlock(&p->mutex);
  return more;
}

static void set_busy(process *p, bool busy) {
  pthread_mutex_lock(&p->cancelling);
  p->busy = busy;
  pthread_mutex_unlock(&p->cancelling);
}

static bool send_done(process *p) {
  odbc_session *session = &p->session;
  odbc_after after = {.in_transaction = session->in_transaction,
                      .lost = session->lost,
                      .session = upk_str_from(session->name)};
  upk_buf_clear(&p->out);
  odbc_put_done(&p->out, &session->op, &after);
  return odbc_write_all(ODBC_SOCKET, upk_buf_view(&p->out));
}

static bool carry_out(process *p) {
  size_t at = 0;
  odbc_frame type;
  odbc_reader reader;
  odbc_way way;
  if (!odbc_next(upk_buf_view(&p->taken), &at, &type, &reader) ||
      !odbc_get_ask(&reader, &p->session.op, &way))
    return false;
  set_busy(p, true);
  odbc_session_perform(&p->session, &way);
  memset(p->taken.data, 0, p->taken.len); /* it may hold the secret */
  set_busy(p, false);
  return send_done(p);
}

static bool wait_for_ask(process *p) {
  pthread_mutex_lock(&p->mutex);
  while (!p->has_ask && !p->quit)
    pthread_cond_wait(&p->changed, &p->mutex);
  upk_buf_clear(&p->taken);
  upk_buf_str(&p->taken, upk_buf_view(&p->ask));
  if (p->ask.data)
    memset(p->ask.data, 0, p->ask.len);
  upk_buf_clear(&p->ask);
  bool found = p->has_ask && !p->quit;
  p->has_ask = false;
  pthread_mutex_unlock(&p->mutex);
  return found;
}

static void *work(void *process_ptr) {
  process *p = process_ptr;
  while (wait_for_ask(p) && carry_out(p))
    ;
  odbc_session_close(&p->session);
  return NULL;
}

/* ---- the first thread ---- */

static void give_up(process *p) {
  odbc_session *session = &p->session;
  pthread_mutex_lock(&p->cancelling);
  if (p->busy && atomic_load(&session->id)) {
    SQLHSTMT statement = atomic_load(&session->statement);
    if (session->dialect->kill)
      odbc_kill(session, upk_buf_view(&session->connect));
    else if (statement)
      SQLCancel(statement);
  }
  pthread_mutex_unlock(&p->cancelling);
}

static void take_frame(process *p, odbc_frame type, upk_str bytes) {
  if (type == ODBC_CANCEL) {
    give_up(p);
    return;
  }
  pthread_mutex_lock(&p->mutex);
  if (type == ODBC_ASK) {
    upk_buf_str(&p->ask, bytes);
    p->has_ask = true;
  } else {
    p->answered = true;
    p->more = type == ODBC_MORE;
  }
  pthread_cond_signal(&p->changed);
  pthread_mutex_unlock(&p->mutex);
}

static bool take_frames(process *p) {
  size_t at = 0, begin = 0;
  odbc_frame type;
  odbc_reader reader;
  while (odbc_next(upk_buf_view(&p->in), &at, &type, &reader)) {
    if (reader.bad)
      return false;
    take_frame(p, type, (upk_str){p->in.data + begin, at - begin});
    begin = at;
  }
  size_t left = p->in.len - begin;
  memmove(p->in.data, p->in.data + begin, left);
  memset(p->in.data + left, 0, begin);
  p->in.len = left;
  return true;
}

static void read_all(process *p) {
  char bytes[16 * 1024];
  for (;;) {
    ssize_t got = read(ODBC_SOCKET, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return;
    upk_buf_add(&p->in, bytes, (size_t)got);
    memset(bytes, 0, (size_t)got);
    if (!take_frames(p))
      return;
  }
}

int odbc_serve(void) {
  static process p; /* lives as long as the process itself */
  pthread_t thread;
  signal(SIGPIPE, SIG_IGN);
  pthread_mutex_init(&p.mutex, NULL);
  pthread_mutex_init(&p.cancelling, NULL);
  pthread_cond_init(&p.changed, NULL);
  driver_op_init(&p.session.op);
  driver_op_init(&p.session.aside);
  p.session.touched_arena = upk_arena_new(NULL);
  p.session.on_rows = hand_over;
  p.session.ctx = &p;
  if (pthread_create(&thread, NULL, work, &p) != 0)
    return 1;
  read_all(&p);
  /* Whoever asked is gone: nothing of it goes on at the server. SIGALRM ends
   * us when the driver does not let go. */
  alarm(LAST_S);
  pthread_mutex_lock(&p.mutex);
  p.quit = true;
  pthread_cond_signal(&p.changed);
  pthread_mutex_unlock(&p.mutex);
  give_up(&p);
  pthread_join(thread, NULL);
  _exit(0); /* no clean-up of libraries, which may hang or crash */
}
