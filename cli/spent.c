/* What the runs of a target have blocked: as the state store says, which read
 * their logs, and of those that it does not know as they are from their logs in
 * this project: of each the first line, which says what ran where, and the
 * seal. */
#include "runs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>

#include "timefmt.h"

enum { LINE_BYTES_MAX = 1 << 20, TAIL_BYTES = 64 * 1024 };
#define YEAR_US (INT64_C(367) * 86400 * 1000000)

/* "20261123T123300Z-a1b2c3": when it began; 0 when it is no name of a run. */
static int64_t began_us(upk_str name) {
  char text[32];
  int64_t us = 0;
  if (name.len < 16 || name.data[8] != 'T' || name.data[15] != 'Z')
    return 0;
  const char *n = name.data;
  snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", n, n + 4, n + 6,
           n + 9, n + 11, n + 13);
  return upk_timestamp_parse(upk_str_from(text), &us) ? us : 0;
}

static bool read_at(int fd, off_t offset, size_t len, upk_buf *out) {
  upk_buf_clear(out);
  upk_buf_reserve(out, len);
  while (out->len < len) {
    ssize_t got = pread(fd, out->data + out->len, len - out->len,
                        offset + (off_t)out->len);
    if (got <= 0)
      return false;
    out->len += (size_t)got;
  }
  return true;
}

static const upk_json *parse_line(upk_arena *arena, upk_str line) {
  upk_json_error error;
  upk_buf whole = {0};
  upk_buf_str(&whole, line);
  upk_buf_char(&whole, '\n');
  upk_str bytes = upk_arena_copy(arena, upk_buf_view(&whole));
  upk_buf_free(&whole);
  return upk_json_parse(arena, bytes, &error);
}

/* The first line of a log, parsed; NULL when there is none. */
static const upk_json *first_record(int fd, off_t size, upk_arena *arena) {
  upk_buf bytes = {0};
  upk_str rest;
  size_t len = size < LINE_BYTES_MAX ? (size_t)size : LINE_BYTES_MAX;
  const upk_json *record = NULL;
  if (len && read_at(fd, 0, len, &bytes)) {
    upk_str line = upk_str_split(upk_buf_view(&bytes), '\n', &rest);
    record = rest.data ? parse_line(arena, line) : NULL;
  }
  upk_buf_free(&bytes);
  return record;
}

/* The last seal among the last lines. */
static const upk_json *seal(int fd, off_t size, upk_arena *arena) {
  upk_buf bytes = {0};
  size_t len = size < TAIL_BYTES ? (size_t)size : TAIL_BYTES;
  const upk_json *found = NULL;
  if (len && read_at(fd, size - (off_t)len, len, &bytes)) {
    upk_str rest = upk_buf_view(&bytes);
    while (rest.len) {
      const upk_json *record =
          parse_line(arena, upk_str_split(rest, '\n', &rest));
      if (upk_str_is(upk_json_text(record, "event"), "run.end"))
        found = record;
    }
  }
  upk_buf_free(&bytes);
  return found;
}

/* Steps of a run without a seal, summed; -1 when one is not known. */
static int64_t sum_steps(cli *c, upk_str path, upk_arena *arena) {
  upk_buf bytes = {0};
  int64_t total_ms = 0;
  upk_diags diags = c->diags;
  if (file_read(c, path, &bytes) != UPK_OK) {
    c->diags.items.len = diags.items.len;
    c->diags.failures = diags.failures;
    return -1;
  }
  upk_str rest = upk_buf_view(&bytes);
  while (rest.len) {
    const upk_json *record =
        parse_line(arena, upk_str_split(rest, '\n', &rest));
    if (!upk_str_is(upk_json_text(record, "event"), "step.end"))
      continue;
    int64_t ms = upk_json_number(upk_json_get(record, "obs"), "blocked_ms", -1);
    total_ms = ms < 0 || total_ms < 0 ? -1 : total_ms + ms;
  }
  upk_buf_free(&bytes);
  return total_ms;
}

/* False when the run is another target's, or cannot be told. */
static bool fold_run(cli *c, upk_str path, upk_str target, upk_arena *arena,
                     int64_t *ret_blocked_ms) {
  struct stat info;
  int fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    if (fd >= 0)
      close(fd);
    return false;
  }
  const upk_json *begin = first_record(fd, info.st_size, arena);
  const upk_json *end = begin ? seal(fd, info.st_size, arena) : NULL;
  close(fd);
  if (!upk_str_equal(upk_json_text(upk_json_get(begin, "obs"), "target"),
                     target))
    return false;
  *ret_blocked_ms =
      end ? upk_json_number(upk_json_get(end, "obs"), "blocked_ms", -1)
          : sum_steps(c, path, arena);
  return true;
}

/* ---- both ---- */

typedef struct spending {
  cli *c;
  upk_str folder, target;
  int64_t from_us, to_us;
  upk_json_writer *w;
} spending;

static void put_run(spending *s, upk_str name, int64_t blocked_ms) {
  upk_json_begin_object(s->w);
  upk_json_put_int(s->w, "began_us", began_us(name));
  if (blocked_ms >= 0)
    upk_json_put_int(s->w, "blocked_ms", blocked_ms);
  upk_json_put_string(s->w, "run", name);
  upk_json_end_object(s->w);
}

/* `known` (may be NULL) is what the store says of it, `logged` whether its log
 * is here: a log that grew since says more. */
static void add_run(spending *s, upk_str name, const upk_blocked_run *known,
                    bool logged) {
  int64_t us = began_us(name), blocked_ms = -1;
  struct stat info;
  if (us < s->from_us || us > s->to_us)
    return;
  upk_arena *arena = upk_arena_new(NULL);
  upk_str path = upk_arena_printf(arena, "%.*s/%.*s/log.jsonl",
                                  UPK_FMT(s->folder), UPK_FMT(name));
  if (known && (!logged || stat(path.data, &info) != 0 ||
                info.st_size == known->log_bytes))
    put_run(s, name, known->blocked_ms);
  else if (fold_run(s->c, path, s->target, arena, &blocked_ms))
    put_run(s, name, blocked_ms);
  upk_arena_free(arena);
}

/* Both lists are in order of names. */
static void add_all(spending *s, const run_vec *logs,
                    const upk_blocked_runs *known) {
  for (size_t i = 0, k = 0; i < logs->len || k < known->len;) {
    int order = i == logs->len ? 1
                : k == known->len
                    ? -1
                    : upk_str_compare(logs->items[i], known->items[k].run);
    add_run(s, order > 0 ? known->items[k].run : logs->items[i],
            order >= 0 ? &known->items[k] : NULL, order <= 0);
    i += order <= 0;
    k += order >= 0;
  }
}

upk_str spent_load(cli *c, const project *p, upk_str target, int64_t now_us) {
  upk_buf out = {0};
  run_vec logs = {0};
  upk_blocked_runs known = {0};
  upk_state *state =
      flag_given(c, FLAG_facts) ? NULL : project_state(c, p, false);
  spending s = {.c = c,
                .folder = runs_folder(c, p),
                .target = target,
                .from_us = now_us - YEAR_US,
                .to_us = now_us,
                .w = upk_json_writer_new(upk_sink_buf(&out))};
  runs_list(c, s.folder, &logs);
  upk_state_blocked(state, target, c->arena, &c->diags, &known);
  upk_json_begin_object(s.w);
  upk_json_put_string(s.w, "format", UPK_STR("upkeep.spent/1"));
  upk_json_key(s.w, "runs");
  upk_json_begin_array(s.w);
  add_all(&s, &logs, &known);
  upk_json_end_array(s.w);
  upk_json_put_string(s.w, "target", target);
  upk_json_end_object(s.w);
  upk_json_newline(s.w);
  upk_json_writer_close(s.w);
  upk_str bytes = upk_arena_copy(c->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return bytes;
}
