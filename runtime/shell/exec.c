/* Programs: started without a shell, in a process group of their own, with an
 * environment made for them, no input, and a bounded tail of what they say.
 *
 *   running -> asked to end (SIGTERM) -> killed (SIGKILL) -> ended
 *      |               |                                      ^
 *      +---------------+--------------------------------------+
 *
 * The answer comes when the program has ended and its output was read to the
 * end, or GRACE_MS later: what it left in the background may hold that open. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "program.h"
#include "quote.h"
#include "shell/private.h"

enum {
  TAIL_BYTES = 4 * 1024,
  KEPT_BYTES = 2 * TAIL_BYTES, /* a secret at the cut is cut off with it */
  SECRET_MIN = 4,              /* shorter values are no secrets */
  GRACE_MS = 1000,
  KILL_MS = 5000, /* from SIGTERM to SIGKILL */
};

typedef enum ending {
  BY_ITSELF,
  BY_DEADLINE,
  BY_CANCEL,
} ending;

typedef struct tail {
  uv_pipe_t pipe;
  char bytes[KEPT_BYTES];
  size_t len;
  bool open;
  char chunk[4096];
} tail;

typedef struct shell_exec {
  shell *sh;
  uint64_t id;
  unsigned session;
  const plan_exec *exec;
  upk_arena *arena; /* of its arguments, environment and itself */
  uv_process_t process;
  uv_timer_t timer;
  tail out, err;
  ending ending;
  bool exited, answered;
  int64_t code;
  int signal;
  unsigned handles; /* not closed yet */
  UPK_VEC(upk_str) secrets;
} shell_exec;

/* Fixed, so that what is found does not depend on who calls. */
static const char *const folders[] = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin",
    "/sbin",           "/bin",           NULL};
static const char path_entry[] =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* ---- the answer ---- */

static void hide_secrets(const shell_exec *x, char *bytes, size_t len) {
  for (size_t i = 0; i < x->secrets.len; i++) {
    upk_str secret = x->secrets.items[i];
    for (size_t at = 0; at + secret.len <= len; at++)
      if (memcmp(bytes + at, secret.data, secret.len) == 0)
        memset(bytes + at, '*', secret.len);
  }
}

/* Length of the UTF-8 character at `at`; 0: none that may be shown. */
static size_t character(const char *bytes, size_t len, size_t at) {
  unsigned char first = (unsigned char)bytes[at];
  size_t width = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first == '\n' || (first >= 0x20 && first < 0x7f))
    return 1;
  /* C1 controls are U+0080 to U+009F. */
  bool shown = first >= 0xc2 && at + width <= len &&
               upk_utf8_valid((upk_str){bytes + at, width}) &&
               !(first == 0xc2 && (unsigned char)bytes[at + 1] < 0xa0);
  return shown ? width : 0;
}

/* The last of it, without secrets, control characters and broken UTF-8. */
static upk_str tail_text(const shell_exec *x, tail *t) {
  upk_buf text = {0};
  hide_secrets(x, t->bytes, t->len);
  size_t at = t->len > TAIL_BYTES ? t->len - TAIL_BYTES : 0;
  while (at && at < t->len && ((unsigned char)t->bytes[at] & 0xc0) == 0x80)
    at++;
  while (at < t->len) {
    size_t width = character(t->bytes, t->len, at);
    if (width)
      upk_buf_str(&text, (upk_str){t->bytes + at, width});
    else
      upk_buf_printf(&text, "\\x%02x", (unsigned)(unsigned char)t->bytes[at]);
    at += width ? width : 1;
  }
  upk_str copy = upk_arena_copy(x->sh->scratch, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static upk_str last_line(upk_str text) {
  upk_str rest = upk_str_trim(text), line = UPK_STR("");
  while (rest.data)
    line = upk_str_split(rest, '\n', &rest);
  enum { LINE_BYTES = 300 };
  if (line.len <= LINE_BYTES)
    return line;
  size_t cut = LINE_BYTES;
  while (cut && ((unsigned char)line.data[cut] & 0xc0) == 0x80)
    cut--;
  return (upk_str){line.data, cut};
}

static bool is_success(const shell_exec *x) {
  const plan_exec *exec = x->exec;
  if (exec->any_code)
    return true;
  for (size_t i = 0; i < exec->success_count; i++)
    if (exec->success[i] == x->code)
      return true;
  return !exec->success_count && x->code == 0;
}

static machine_fault fault_of(const shell_exec *x, upk_str said) {
  machine_fault fault = {.kind = MACHINE_BROKEN_OFF};
  upk_str program = x->exec->program;
  upk_arena *arena = x->sh->scratch;
  if (x->ending == BY_DEADLINE) {
    fault.class = UPK_STR("timeout");
    fault.message = upk_arena_printf(
        arena, "program `%.*s` was ended: its time is over", UPK_FMT(program));
  } else if (x->ending == BY_CANCEL) {
    fault.class = UPK_STR("cancelled");
    fault.message = upk_arena_printf(arena, "program `%.*s` was cancelled",
                                     UPK_FMT(program));
  } else if (x->signal) {
    fault.class = UPK_STR("killed");
    fault.message = upk_arena_printf(arena, "program `%.*s` died of signal %d",
                                     UPK_FMT(program), x->signal);
  } else if (!is_success(x)) {
    fault.kind = MACHINE_ERROR;
    fault.class = UPK_STR("program failed");
    fault.message = upk_arena_printf(
        arena, "program `%.*s` ended with code %lld%s%.*s", UPK_FMT(program),
        (long long)x->code, said.len ? ": " : "", UPK_FMT(said));
  } else {
    fault.kind = MACHINE_FINE;
  }
  return fault;
}

static void reply(shell *sh, uint64_t id, unsigned session,
                  machine_event *event) {
  driver_conn *conn = sh->conns[session];
  event->kind = MACHINE_REPLY;
  event->id = id;
  event->rows.affected = -1;
  event->in_transaction = conn && sh->request->driver->in_transaction(conn);
  shell_feed(sh, event);
}

static void answer(shell_exec *x) {
  static const upk_str columns[] = {
      {"exit_code", 9}, {"stderr", 6}, {"stdout", 6}};
  shell *sh = x->sh;
  upk_arena_reset(sh->scratch);
  upk_str err = tail_text(x, &x->err), out = tail_text(x, &x->out);
  plan_value *values = UPK_NEW_ARRAY(sh->scratch, plan_value, 3);
  values[0] =
      (plan_value){x->signal ? PLAN_NULL : PLAN_INT, x->code, UPK_NO_STR};
  values[1] = (plan_value){PLAN_TEXT, 0, err};
  values[2] = (plan_value){PLAN_TEXT, 0, out};
  machine_event event = {
      .fault = fault_of(x, last_line(err.len ? err : out)),
      .rows = {columns, 3, values, 1, 1, -1},
  };
  x->answered = true;
  sh->programs[x->session] = NULL;
  reply(sh, x->id, x->session, &event);
}

/* ---- the end of it ---- */

static void on_closed(uv_handle_t *handle) {
  shell_exec *x = handle->data;
  if (--x->handles == 0)
    upk_arena_free(x->arena);
}

static void close_all(shell_exec *x) {
  uv_handle_t *const all[] = {
      (uv_handle_t *)&x->process, (uv_handle_t *)&x->timer,
      (uv_handle_t *)&x->out.pipe, (uv_handle_t *)&x->err.pipe};
  for (size_t i = 0; i < 4; i++)
    if (!uv_is_closing(all[i]))
      uv_close(all[i], on_closed);
}

static void conclude(shell_exec *x) {
  if (x->answered)
    return;
  uv_timer_stop(&x->timer);
  answer(x);
  close_all(x);
}

static void on_grace(uv_timer_t *timer) { conclude(timer->data); }

static void look(shell_exec *x) {
  if (!x->exited)
    return;
  if (!x->out.open && !x->err.open)
    conclude(x);
  else
    uv_timer_start(&x->timer, on_grace, GRACE_MS, 0);
}

static void on_exit_of(uv_process_t *process, int64_t code, int signal_number) {
  shell_exec *x = process->data;
  x->exited = true;
  x->code = code;
  x->signal = signal_number;
  /* What was told to end ends whole. */
  if (x->ending != BY_ITSELF)
    kill(-process->pid, SIGKILL);
  look(x);
}

static void on_kill(uv_timer_t *timer) {
  shell_exec *x = timer->data;
  kill(-x->process.pid, SIGKILL);
}

static void end(shell_exec *x, ending why) {
  if (x->exited || x->ending != BY_ITSELF)
    return;
  x->ending = why;
  kill(-x->process.pid, SIGTERM);
  uv_timer_start(&x->timer, on_kill, KILL_MS, 0);
}

static void on_deadline(uv_timer_t *timer) { end(timer->data, BY_DEADLINE); }

void shell_exec_cancel(shell *sh, unsigned session) {
  if (sh->programs[session])
    end(sh->programs[session], BY_CANCEL);
}

/* ---- output ---- */

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_room) {
  shell_exec *x = handle->data;
  tail *t = handle == (uv_handle_t *)&x->out.pipe ? &x->out : &x->err;
  (void)wanted;
  *ret_room = uv_buf_init(t->chunk, sizeof t->chunk);
}

static void keep(tail *t, const char *bytes, size_t len) {
  if (t->len + len > sizeof t->bytes) {
    size_t stay = sizeof t->bytes - len;
    if (stay > t->len)
      stay = t->len;
    memmove(t->bytes, t->bytes + t->len - stay, stay);
    t->len = stay;
  }
  memcpy(t->bytes + t->len, bytes, len);
  t->len += len;
}

static void on_output(uv_stream_t *stream, ssize_t len, const uv_buf_t *room) {
  shell_exec *x = stream->data;
  tail *t = stream == (uv_stream_t *)&x->out.pipe ? &x->out : &x->err;
  if (len > 0)
    keep(t, room->base, (size_t)len);
  if (len >= 0)
    return;
  t->open = false;
  uv_read_stop(stream);
  look(x);
}

/* ---- the start ---- */

static upk_str find_path(shell_exec *x) {
  const upk_apply_request *apply = x->sh->request->apply;
  upk_str program = x->exec->program;
  bool allowed = false;
  for (size_t i = 0; i < apply->program_count; i++) {
    if (!upk_program_fits(apply->programs[i], program))
      continue;
    allowed = true;
    if (upk_str_starts(apply->programs[i], "/"))
      return upk_arena_copy(x->arena, apply->programs[i]);
  }
  for (size_t i = 0; allowed && folders[i]; i++) {
    upk_str path =
        upk_arena_printf(x->arena, "%s/%.*s", folders[i], UPK_FMT(program));
    if (access(path.data, X_OK) == 0)
      return path;
  }
  return UPK_NO_STR;
}

/* NAME's entry of the executor's environment, or NULL. */
static const char *inherited(const shell *sh, upk_str name) {
  char *const *at = sh->request->apply->environment;
  for (; at && *at; at++)
    if (upk_str_starts(upk_str_from(*at), name.data) &&
        strlen(*at) > name.len && (*at)[name.len] == '=')
      return *at;
  return NULL;
}

static char *text_of(upk_arena *arena, upk_str text) {
  char *copy = upk_arena_alloc(arena, text.len + 1);
  memcpy(copy, text.data, text.len);
  copy[text.len] = '\0';
  return copy;
}

/* NULL, and *ret_missing, when a variable is not set here. */
static char **make_environment(shell_exec *x, upk_str *ret_missing) {
  const plan_exec *exec = x->exec;
  char **all = UPK_NEW_ARRAY(x->arena, char *, exec->environment_count + 3);
  size_t count = 0;
  all[count++] = text_of(x->arena, upk_str_from(path_entry));
  all[count++] = text_of(x->arena, UPK_STR("LC_ALL=C.UTF-8"));
  for (size_t i = 0; i < exec->environment_count; i++) {
    upk_str value, name = upk_str_split(exec->environment[i], '=', &value);
    upk_str entry = exec->environment[i];
    if (!value.data) {
      name = upk_arena_copy(x->arena, name);
      entry = upk_str_from(inherited(x->sh, name));
      if (!entry.data) {
        *ret_missing = name;
        return NULL;
      }
      upk_str secret = {entry.data + name.len + 1, entry.len - name.len - 1};
      if (secret.len >= SECRET_MIN)
        *UPK_PUSH(x->arena, &x->secrets) = upk_arena_copy(x->arena, secret);
    }
    all[count++] = text_of(x->arena, entry);
  }
  all[count] = NULL;
  return all;
}

static char **make_arguments(shell_exec *x, const machine_command *command) {
  char **all = UPK_NEW_ARRAY(x->arena, char *, command->param_count + 2);
  all[0] = text_of(x->arena, x->exec->program);
  for (size_t i = 0; i < command->param_count; i++) {
    const plan_value *value = &command->params[i];
    upk_str text =
        value->type == PLAN_TEXT ? value->text
        : value->type == PLAN_INT
            ? upk_arena_printf(x->arena, "%lld", (long long)value->integer)
        : value->type == PLAN_BOOL
            ? upk_str_from(value->integer ? "true" : "false")
            : UPK_STR("");
    all[i + 1] = text_of(x->arena, text);
  }
  all[command->param_count + 1] = NULL;
  return all;
}

/* Answers on the next turn of the loop, as all operations do. */
typedef struct refusal {
  shell *sh;
  uint64_t id;
  unsigned session;
  upk_arena *arena;
  upk_str message, hint;
  uv_timer_t timer;
} refusal;

static void on_refusal_closed(uv_handle_t *handle) {
  refusal *r = handle->data;
  upk_arena_free(r->arena);
}

static void on_refusal(uv_timer_t *timer) {
  refusal *r = timer->data;
  machine_event event = {.fault = {.kind = MACHINE_ERROR,
                                   .class = UPK_STR("not started"),
                                   .message = r->message,
                                   .hint = r->hint,
                                   .unstarted = true}};
  upk_arena_reset(r->sh->scratch);
  reply(r->sh, r->id, r->session, &event);
  uv_close((uv_handle_t *)timer, on_refusal_closed);
}

static void refuse(shell *sh, const machine_command *command, const char *hint,
                   const char *format, upk_str what) {
  upk_arena *arena = upk_arena_new(NULL);
  refusal *r = UPK_NEW(arena, refusal);
  *r = (refusal){.sh = sh,
                 .id = command->id,
                 .session = command->session,
                 .arena = arena,
                 .hint = upk_str_from(hint)};
  r->message =
      upk_arena_printf(arena, "program `%.*s` cannot be started: %s%.*s",
                       UPK_FMT(command->exec->program), format, UPK_FMT(what));
  uv_timer_init(&sh->loop, &r->timer);
  r->timer.data = r;
  uv_timer_start(&r->timer, on_refusal, 0, 0);
}

static void start_handles(shell_exec *x) {
  uv_loop_t *loop = &x->sh->loop;
  uv_update_time(loop);
  uv_timer_init(loop, &x->timer);
  uv_pipe_init(loop, &x->out.pipe, 0);
  uv_pipe_init(loop, &x->err.pipe, 0);
  x->timer.data = x->out.pipe.data = x->err.pipe.data = x->process.data = x;
  x->handles = 4;
}

static int spawn(shell_exec *x, upk_str path, char **arguments,
                 char **environment) {
  uv_stdio_container_t stdio[3] = {
      {.flags = UV_IGNORE},
      {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE},
      {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}};
  stdio[1].data.stream = (uv_stream_t *)&x->out.pipe;
  stdio[2].data.stream = (uv_stream_t *)&x->err.pipe;
  uv_process_options_t options = {
      .exit_cb = on_exit_of,
      .file = path.data,
      .args = arguments,
      .env = environment,
      .cwd = "/",
      .flags = UV_PROCESS_DETACHED, /* its own session and process group */
      .stdio_count = 3,
      .stdio = stdio,
  };
  return uv_spawn(&x->sh->loop, &x->process, &options);
}

void shell_exec_start(shell *sh, const machine_command *command) {
  upk_arena *arena = upk_arena_new(NULL);
  shell_exec *x = UPK_NEW(arena, shell_exec);
  *x = (shell_exec){.sh = sh,
                    .id = command->id,
                    .session = command->session,
                    .exec = command->exec,
                    .arena = arena};
  upk_str missing = UPK_NO_STR, path = find_path(x);
  char **environment = make_environment(x, &missing);
  if (!path.data || !environment) {
    refuse(sh, command,
           path.data ? "set it for whoever applies the plan"
                     : "install it, or give its absolute path under "
                       "`programs`",
           path.data ? "the environment has no " : "it is not found", missing);
    upk_arena_free(arena);
    return;
  }
  start_handles(x);
  int status = spawn(x, path, make_arguments(x, command), environment);
  if (status != 0) {
    refuse(sh, command, "look at the file and its permissions", "",
           upk_str_from(uv_strerror(status)));
    close_all(x);
    return;
  }
  sh->programs[x->session] = x;
  x->out.open = x->err.open = true;
  uv_read_start((uv_stream_t *)&x->out.pipe, on_room, on_output);
  uv_read_start((uv_stream_t *)&x->err.pipe, on_room, on_output);
  uv_timer_start(&x->timer, on_deadline, (uint64_t)command->deadline_ms, 0);
}
