#include "state/log.h"

#include <string.h>

#include "json.h"

enum { SEEN_BYTES_MAX = 4096 };

static upk_str keep(log_run *run, upk_str text) {
  return text.data ? upk_arena_copy(run->arena, text) : UPK_NO_STR;
}

static log_step *find_step(log_run *run, const upk_json *obs) {
  uint64_t index;
  upk_str id = upk_json_text(obs, "step");
  if (!id.data)
    return NULL;
  if (upk_map_find(&run->numbers, id, &index))
    return &run->steps.items[index];
  log_step *step = UPK_PUSH(run->arena, &run->steps);
  step->id = keep(run, id);
  upk_map_put(&run->numbers, step->id, run->steps.len - 1);
  return step;
}

/* ---- records ---- */

typedef struct told {
  const upk_json *det, *obs;
  int64_t at_us;
} told;

static upk_str seen(log_run *run, const upk_json *value) {
  return value->type == UPK_JSON_OBJECT && value->bytes.len <= SEEN_BYTES_MAX
             ? keep(run, value->bytes)
             : UPK_NO_STR;
}

static void on_run_begin(log_run *run, const told *t) {
  run->began_us = t->at_us;
  run->processes = 1;
  run->plan = keep(run, upk_json_text(t->det, "plan"));
  run->intent = keep(run, upk_json_text(t->det, "intent"));
  run->engine = keep(run, upk_json_text(t->det, "engine"));
  run->target = keep(run, upk_json_text(t->obs, "target"));
  run->host = keep(run, upk_json_text(t->obs, "host"));
  run->user = keep(run, upk_json_text(t->obs, "user"));
}

static void on_run_again(log_run *run, const told *t) {
  (void)t;
  run->processes++;
  run->ended_us = 0;
  run->status = UPK_NO_STR;
  run->blocked_ms = 0;
  for (size_t i = 0; i < run->steps.len && run->blocked_ms >= 0; i++)
    run->blocked_ms = run->steps.items[i].unmeasured
                          ? -1
                          : run->blocked_ms + run->steps.items[i].blocked_ms;
}

static void on_run_end(log_run *run, const told *t) {
  run->ended_us = t->at_us;
  run->status = keep(run, upk_json_text(t->det, "status"));
  run->blocked_ms = upk_json_number(t->obs, "blocked_ms", -1);
}

static void on_step_begin(log_run *run, const told *t) {
  log_step *step = find_step(run, t->obs);
  if (!step)
    return;
  step->began_us = t->at_us;
  step->before = seen(run, upk_json_get(t->obs, "before"));
}

static void on_step_check(log_run *run, const told *t) {
  const upk_json *after = upk_json_get(t->obs, "after");
  log_step *step =
      after->type == UPK_JSON_OBJECT ? find_step(run, t->obs) : NULL;
  if (step)
    step->after = seen(run, after);
}

static void on_step_end(log_run *run, const told *t) {
  log_step *step = find_step(run, t->obs);
  if (!step)
    return;
  upk_str outcome = upk_json_text(t->det, "outcome");
  if (!outcome.data)
    outcome = upk_json_text(t->obs, "outcome");
  step->ended_us = t->at_us;
  step->outcome = keep(run, outcome);
  step->elapsed_us = upk_json_number(t->obs, "elapsed_us", 0);
  int64_t blocked_ms = upk_json_number(t->obs, "blocked_ms", -1);
  step->unmeasured = step->unmeasured || blocked_ms < 0;
  step->blocked_ms += blocked_ms < 0 ? 0 : blocked_ms;
  if (blocked_ms < 0 || run->blocked_ms < 0)
    run->blocked_ms = -1;
  else
    run->blocked_ms += blocked_ms;
}

static void on_step_skip(log_run *run, const told *t) {
  log_step *step = find_step(run, t->obs);
  if (!step)
    return;
  step->ended_us = t->at_us;
  step->outcome = UPK_STR("skipped");
}

static void on_step_resolve(log_run *run, const told *t) {
  log_step *step = find_step(run, t->obs);
  if (step)
    step->outcome = upk_str_is(upk_json_text(t->obs, "as"), "done")
                        ? UPK_STR("applied")
                        : UPK_STR("undone");
}

/* The records that are read, by how they stand in a line: the others are not
 * parsed. A quote within a text is escaped, so no text can look like one. */
static const struct {
  const char *mark;
  void (*tell)(log_run *run, const told *t);
} events[] = {
    {"\"event\":\"run.begin\"", on_run_begin},
    {"\"event\":\"run.resume\"", on_run_again},
    {"\"event\":\"run.rollback\"", on_run_again},
    {"\"event\":\"run.end\"", on_run_end},
    {"\"event\":\"step.begin\"", on_step_begin},
    {"\"event\":\"step.check\"", on_step_check},
    {"\"event\":\"step.end\"", on_step_end},
    {"\"event\":\"step.skip\"", on_step_skip},
    {"\"event\":\"step.resolve\"", on_step_resolve},
};

static bool contains(upk_str line, const char *mark) {
  size_t len = strlen(mark);
  const char *at = line.data, *end = line.data + line.len;
  while ((size_t)(end - at) >= len &&
         (at = memchr(at, mark[0], (size_t)(end - at) - len + 1))) {
    if (memcmp(at, mark, len) == 0)
      return true;
    at++;
  }
  return false;
}

/* False: the line is damaged. */
static bool add_line(log_run *run, upk_arena *scratch, upk_str line) {
  size_t i = 0, count = sizeof events / sizeof *events;
  upk_json_error error;
  while (i < count && !contains(line, events[i].mark))
    i++;
  if (i == count ||
      (events[i].tell == on_step_check && !contains(line, "\"after\":")))
    return true;
  upk_arena_reset(scratch);
  const upk_json *record = upk_json_parse(scratch, line, &error);
  if (!record)
    return false;
  told t = {.det = upk_json_get(record, "det"),
            .obs = upk_json_get(record, "obs")};
  t.at_us = upk_json_number(t.obs, "wall_us", 0);
  events[i].tell(run, &t);
  return true;
}

void log_fold(upk_str log, log_run *run) {
  upk_arena *scratch = upk_arena_new(NULL);
  const char *end;
  upk_map_init(&run->numbers, run->arena);
  while (log.len && (end = memchr(log.data, '\n', log.len))) {
    /* A document ends in its newline. */
    upk_str line = {log.data, (size_t)(end - log.data) + 1};
    if (!add_line(run, scratch, line))
      break;
    log.data += line.len;
    log.len -= line.len;
  }
  upk_arena_free(scratch);
}

/* ---- the plan ---- */

static upk_str dotted(log_run *run, const upk_json *name) {
  upk_buf text = {0};
  for (size_t i = 0; i < upk_json_count(name); i++) {
    const upk_json *part = upk_json_at(name, i);
    if (i)
      upk_buf_char(&text, '.');
    if (part->type == UPK_JSON_STRING)
      upk_buf_str(&text, part->string);
  }
  upk_str copy =
      upk_arena_copy(run->arena, text.len ? upk_buf_view(&text) : UPK_STR(""));
  upk_buf_free(&text);
  return copy;
}

static void add_planned(log_run *run, const upk_json *planned) {
  uint64_t index;
  const upk_json *object = upk_json_get(planned, "object");
  const upk_json *estimate = upk_json_get(planned, "estimate");
  upk_str id = upk_json_text(planned, "id");
  if (!id.data || !upk_map_find(&run->numbers, id, &index))
    return;
  log_step *step = &run->steps.items[index];
  step->action = keep(run, upk_json_text(planned, "action"));
  step->kind = keep(run, upk_json_text(object, "kind"));
  step->object = dotted(run, upk_json_get(object, "name"));
  step->basis = keep(run, upk_json_text(estimate, "basis"));
  step->p50_ms = upk_json_number(estimate, "p50_ms", 0);
  step->p90_ms = upk_json_number(estimate, "p90_ms", 0);
  step->work_bytes = upk_json_number(estimate, "reads_bytes", 0) +
                     upk_json_number(estimate, "writes_bytes", 0);
}

/* To the value of a member of the object that begins next. */
static bool enter(upk_json_reader *r, const char *key) {
  if (upk_json_next(r) != UPK_TOKEN_BEGIN_OBJECT)
    return false;
  while (upk_json_next(r) == UPK_TOKEN_KEY) {
    if (upk_str_is(r->string, key))
      return true;
    if (!upk_json_skip(r, upk_json_next(r)))
      return false;
  }
  return false;
}

/* One step at a time: a plan may have very many. */
void log_add_plan(upk_str plan, log_run *run) {
  upk_arena *scratch = upk_arena_new(NULL), *step = upk_arena_new(NULL);
  upk_json_reader r;
  upk_json_reader_init(&r, plan, scratch);
  if (enter(&r, "body") && enter(&r, "steps") &&
      upk_json_next(&r) == UPK_TOKEN_BEGIN_ARRAY)
    while (upk_json_next(&r) == UPK_TOKEN_BEGIN_OBJECT) {
      const upk_json *planned =
          upk_json_read_value(&r, UPK_TOKEN_BEGIN_OBJECT, step);
      if (!planned)
        break;
      add_planned(run, planned);
      upk_arena_reset(step);
    }
  upk_arena_free(step);
  upk_arena_free(scratch);
}
