/* Orders: given, taken. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/control.h"
#include "json.h"

enum {
  ORDER_MAX = 4096,
  ANSWER_MS = 5000,
  POLL_MS = 20,
};

static const char *const words[] = {
#define X(name, text) text,
    UPK_ORDER_TABLE(X)
#undef X
};

/* At most ORDER_MAX bytes of a file; false, with errno, when it cannot be
 * opened. */
static bool read_short(const char *path, upk_buf *out) {
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return false;
  upk_buf_reserve(out, ORDER_MAX);
  ssize_t count = read(fd, out->data, ORDER_MAX);
  out->len = count > 0 ? (size_t)count : 0;
  close(fd);
  return true;
}

/* ---- taking ---- */

static bool read_order(upk_arena *arena, upk_str bytes, control_order *ret) {
  upk_json_error error;
  const upk_json *order =
      upk_json_parse(arena, upk_arena_copy(arena, bytes), &error);
  upk_str word = upk_json_text(order, "order");
  for (int i = 0; i < UPK_ORDERS; i++)
    if (upk_str_is(word, words[i])) {
      upk_str user = upk_json_text(order, "user");
      upk_str host = upk_json_text(order, "host");
      *ret = (control_order){.kind = (upk_order_kind)i,
                             .step = upk_json_text(order, "step"),
                             .change = upk_json_text(order, "change")};
      ret->by =
          upk_arena_printf(arena, "%.*s@%.*s", UPK_FMT(user), UPK_FMT(host));
      return true;
    }
  return false;
}

bool control_take(upk_arena *arena, upk_str run_folder,
                  control_order *ret_order) {
  upk_str path =
      upk_arena_printf(arena, "%.*s/control.json", UPK_FMT(run_folder));
  upk_str taken =
      upk_arena_printf(arena, "%.*s/control.taken", UPK_FMT(run_folder));
  upk_buf bytes = {0};
  if (rename(path.data, taken.data) != 0)
    return false;
  bool good = read_short(taken.data, &bytes) && bytes.len &&
              read_order(arena, upk_buf_view(&bytes), ret_order);
  if (good)
    unlink(taken.data);
  upk_buf_free(&bytes);
  return good;
}

upk_str control_stop_file(upk_arena *arena, upk_str path) {
  upk_buf bytes = {0};
  upk_str rest, line = UPK_STR("");
  if (!path.data)
    return UPK_NO_STR;
  bool there = read_short(path.data, &bytes);
  if (!there && (errno == ENOENT || errno == ENOTDIR))
    return UPK_NO_STR;
  if (bytes.len) {
    line = upk_str_trim(upk_str_split(upk_buf_view(&bytes), '\n', &rest));
    if (line.len > 200)
      line.len = 200;
  }
  line = upk_arena_copy(arena, line);
  upk_buf_free(&bytes);
  return line;
}

/* ---- giving ---- */

bool control_lives(upk_str run_folder) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str path = upk_arena_printf(arena, "%.*s/log.jsonl", UPK_FMT(run_folder));
  int fd = open(path.data, O_RDONLY | O_CLOEXEC);
  bool lives = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
  if (fd >= 0)
    close(fd);
  upk_arena_free(arena);
  return lives;
}

static void order_bytes(const upk_order *order, const upk_clock *clock,
                        upk_buf *out) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(out));
  upk_json_begin_object(w);
  if (order->change.data)
    upk_json_put_string(w, "change", order->change);
  upk_json_put_string(w, "host", order->host);
  upk_json_put_string(w, "order", upk_str_from(words[order->kind]));
  if (order->step.data)
    upk_json_put_string(w, "step", order->step);
  upk_json_put_string(w, "user", order->user);
  upk_json_put_int(w, "wall_us", clock->wall_us(clock->ctx));
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

/* 0, or errno. */
static int save(const char *path, upk_str bytes) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return errno;
  ssize_t count = write(fd, bytes.data, bytes.len);
  int error = count < 0 ? errno : (size_t)count < bytes.len ? ENOSPC : 0;
  if (close(fd) != 0 && !error)
    error = errno;
  return error;
}

/* Puts the order there as soon as no other waits; 0, or errno. */
static int put(const char *own, const char *path, upk_str folder,
               int64_t *left_ms) {
  while (link(own, path) != 0) {
    if (errno != EEXIST || *left_ms <= 0)
      return errno;
    if (!control_lives(folder))
      return ESRCH;
    poll(NULL, 0, POLL_MS);
    *left_ms -= POLL_MS;
  }
  /* With two names for one file, rename between them would do nothing. */
  return unlink(own) == 0 ? 0 : errno;
}

static ino_t number_of(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 ? info.st_ino : 0;
}

/* Takes the order back; false when the run was faster. What is renamed away
 * the run does not take any more. */
static bool take_back(const char *path, const char *own, ino_t number) {
  if (rename(path, own) != 0)
    return false;
  if (number_of(own) == number)
    return true;
  /* It was taken, and this is the order of another. */
  (void)!link(own, path);
  return false;
}

/* Whether it was taken in time. */
static bool await(const char *path, const char *own, upk_str folder,
                  int64_t left_ms) {
  ino_t number = number_of(path);
  while (number && number_of(path) == number) {
    if (left_ms <= 0 || !control_lives(folder))
      return !take_back(path, own, number);
    poll(NULL, 0, POLL_MS);
    left_ms -= POLL_MS;
  }
  return true;
}

static upk_status dead(upk_diags *diags, upk_str folder) {
  upk_diag *diag =
      upk_diag_add(diags, 3260, UPK_NO_SPAN,
                   "no process works on the run `%.*s`", UPK_FMT(folder));
  upk_diag_help(diags, diag,
                "`upkeep status` shows how it ended; `upkeep resume` takes up "
                "one that was cut off");
  return UPK_ERROR;
}

static upk_status refused(upk_diags *diags, upk_str folder, int error) {
  if (error == ESRCH)
    return dead(diags, folder);
  if (error == EEXIST) {
    upk_diag *diag = upk_diag_add(diags, 3261, UPK_NO_SPAN,
                                  "another order to the run `%.*s` waits still",
                                  UPK_FMT(folder));
    upk_diag_help(diags, diag, "try again when it was taken");
    return UPK_LOCKED;
  }
  upk_diag_add(diags, 3263, UPK_NO_SPAN,
               "the order cannot be written into `%.*s`: %s", UPK_FMT(folder),
               strerror(error));
  return UPK_ERROR;
}

static upk_status unanswered(upk_diags *diags, upk_str folder) {
  if (!control_lives(folder))
    return dead(diags, folder);
  upk_diag *diag =
      upk_diag_add(diags, 3261, UPK_NO_SPAN,
                   "the run `%.*s` has not taken the order within %d s",
                   UPK_FMT(folder), ANSWER_MS / 1000);
  upk_diag_help(diags, diag,
                "the order was taken back; look whether its process is "
                "stopped, or hangs");
  return UPK_ERROR;
}

upk_status upk_run_order(upk_str run_folder, const upk_order *order,
                         const upk_clock *clock, upk_diags *diags) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_buf bytes = {0};
  int64_t left_ms = ANSWER_MS;
  upk_status status = UPK_OK;
  upk_str path =
      upk_arena_printf(arena, "%.*s/control.json", UPK_FMT(run_folder));
  upk_str own =
      upk_arena_printf(arena, "%.*s/control.%016llx", UPK_FMT(run_folder),
                       (unsigned long long)clock->random(clock->ctx));
  if (!control_lives(run_folder)) {
    status = dead(diags, run_folder);
    goto out;
  }
  order_bytes(order, clock, &bytes);
  int error = save(own.data, upk_buf_view(&bytes));
  if (!error)
    error = put(own.data, path.data, run_folder, &left_ms);
  if (error)
    status = refused(diags, run_folder, error);
  else if (!await(path.data, own.data, run_folder, left_ms))
    status = unanswered(diags, run_folder);
  unlink(own.data);
out:
  upk_buf_free(&bytes);
  upk_arena_free(arena);
  return status;
}
