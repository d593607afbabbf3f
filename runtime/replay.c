/* upk_log_replay: a log is fed to new machines, which must write it again. One
 * machine for each process that worked on the run, with what the lines before
 * it say of each step. */
#include <string.h>

#include <upkeep/runtime.h>

#include "approvals.h"
#include "json.h"
#include "machine/tape.h"
#include "plan/read.h"
#include "takeover.h"

/* A record that the machine wrote and the log has not been compared with. */
typedef struct made {
  uint64_t id;
  const char *event;
  upk_str det, obs, out;
} made;

typedef struct unanswered {
  uint64_t id;
  char head[JOURNAL_HASH_TEXT];
} unanswered;

typedef struct replay {
  takeover *run;
  upk_diags *diags;
  uint32_t source;
  upk_arena *arena;   /* of the machine: its config and past */
  upk_arena *records; /* of `made`; emptied when all were compared */
  upk_arena *scratch; /* of one line */
  machine *machine;
  tape *tape;
  tape_clock clock;
  UPK_VEC(made) made;
  size_t compared;
  UPK_VEC(unanswered) logged;
  size_t answered;
  size_t lines;
} replay;

static const char *differs(replay *r, const journal_record *record, int code,
                           const char *what) {
  uint32_t line = (uint32_t)record->seq;
  upk_span at = {r->source, line, 1, line, 2};
  upk_diag_add(r->diags, code, at, "record %u: %s", line, what);
  return "";
}

/* ---- a machine ---- */

static machine_openings read_openings(upk_arena *arena, const upk_json *list) {
  size_t count = upk_json_count(list);
  machine_opening *items = UPK_NEW_ARRAY(arena, machine_opening, count + 1);
  for (size_t i = 0; i < count; i++) {
    const upk_json *pair = upk_json_at(list, i);
    items[i] = (machine_opening){upk_json_at(pair, 0)->integer,
                                 upk_json_at(pair, 1)->integer};
  }
  return (machine_openings){items, count};
}

static void read_windows(upk_arena *arena, const upk_json *windows,
                         const plan *p, machine_config *config) {
  const upk_json *of = upk_json_get(windows, "of");
  if (upk_json_count(of) != p->window_count + 1)
    return;
  machine_openings *openings =
      UPK_NEW_ARRAY(arena, machine_openings, p->window_count + 1);
  for (size_t i = 0; i <= p->window_count; i++)
    openings[i] = read_openings(arena, upk_json_at(of, i));
  config->openings = openings;
  config->stop_at_us = upk_json_number(windows, "stop_at", 0);
  config->wait = upk_json_flag(windows, "wait", false);
}

static uint64_t read_seed(upk_str text) {
  uint64_t seed = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    seed = seed * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return seed;
}

static upk_str keep(replay *r, const upk_json *obs, const char *name) {
  upk_str text = upk_json_text(obs, name);
  return text.data ? upk_arena_copy(r->arena, text) : UPK_NO_STR;
}

static const machine_past *copy_past(replay *r) {
  size_t count = r->run->plan->step_count;
  machine_past *past = UPK_NEW_ARRAY(r->arena, machine_past, count + 1);
  if (count)
    memcpy(past, machine_history_steps(r->run->history), count * sizeof *past);
  return past;
}

static unsigned number_in(const upk_json *obs, const char *name,
                          unsigned most) {
  int64_t number = upk_json_number(obs, name, 1);
  return number < 1 ? 1 : number > most ? most : (unsigned)number;
}

static void end_machine(replay *r) {
  machine_free(r->machine);
  tape_free(r->tape);
  upk_arena_free(r->arena);
  upk_arena_free(r->records);
  r->machine = NULL;
  r->tape = NULL;
  r->arena = r->records = NULL;
}

static void begin_machine(replay *r, const journal_record *record) {
  const upk_json *obs = record->obs;
  bool anew = upk_str_is(record->event, "run.begin");
  end_machine(r);
  r->arena = upk_arena_new(NULL);
  r->records = upk_arena_new(NULL);
  machine_config config = {
      .plan = r->run->plan,
      .jobs = number_in(obs, "jobs", MACHINE_SESSIONS_MAX),
      .slots = number_in(obs, "slots", 64),
      .seed = read_seed(upk_json_text(obs, "seed")),
      .run = keep(r, obs, "run"),
      .host = keep(r, obs, "host"),
      .user = keep(r, obs, "user"),
      .role = keep(r, obs, "role"),
      .pid = upk_json_number(obs, "pid", 0),
      .cancel_orphan = upk_json_flag(obs, "cancel_orphan", false),
      .goal = upk_str_is(record->event, "run.rollback") ? MACHINE_ROLLBACK
                                                        : MACHINE_APPLY,
      .past = anew ? NULL : copy_past(r),
  };
  read_windows(r->arena, upk_json_get(obs, "openings"), config.plan, &config);
  approvals_read(r->arena, upk_json_get(obs, "approvals"), &config);
  r->machine = machine_new(&config);
  r->tape = tape_new();
  r->clock = (tape_clock){0};
  r->made.items = NULL;
  r->made.len = r->made.cap = r->compared = 0;
  r->logged.items = NULL;
  r->logged.len = r->logged.cap = r->answered = 0;
}

/* ---- what comes of an event ---- */

static void take_command(replay *r, const machine_command *command) {
  upk_str in, out;
  tape_command(r->tape, command);
  if (command->kind != MACHINE_LOG)
    return;
  tape_take(r->tape, &in, &out);
  *UPK_PUSH(r->records, &r->made) = (made){
      command->id, command->event, upk_arena_copy(r->records, command->det),
      upk_arena_copy(r->records, command->obs),
      upk_arena_copy(r->records, out)};
}

static const char *feed(replay *r, const upk_json *item) {
  const machine_command *command;
  machine_event event;
  if (!tape_read(r->scratch, item, &r->clock, &event))
    return "an event of `in` has no form that is known";
  if (event.kind == MACHINE_LOGGED) {
    if (r->answered == r->logged.len)
      return "a record is answered that was not written";
    unanswered *next = &r->logged.items[r->answered++];
    event.id = next->id;
    event.head = (upk_str){next->head, JOURNAL_HASH_TEXT};
  }
  machine_handle(r->machine, &event);
  while ((command = machine_next(r->machine)))
    take_command(r, command);
  return NULL;
}

static const char *compare(const made *m, const journal_record *record) {
  if (!upk_str_is(record->event, m->event))
    return "the machine writes another record here";
  if (!upk_str_equal(m->det, record->det->bytes))
    return "`det` is not what the machine writes";
  if (!upk_str_equal(m->obs, record->obs->bytes))
    return "`obs` is not what the machine writes";
  if (!upk_str_equal(m->out, record->out))
    return "the commands before it are not those of the machine";
  return NULL;
}

static const char *play(replay *r, const journal_record *record) {
  size_t events = upk_json_count(record->in);
  if (events && r->compared < r->made.len)
    return "the machine writes a record before it";
  for (size_t i = 0; i < events; i++) {
    const char *wrong = feed(r, upk_json_at(record->in, i));
    if (wrong)
      return wrong;
  }
  if (r->compared == r->made.len)
    return "the machine writes no record here";
  const made *m = &r->made.items[r->compared];
  const char *wrong = compare(m, record);
  if (wrong)
    return wrong;
  unanswered *logged = UPK_PUSH(r->arena, &r->logged);
  logged->id = m->id;
  memcpy(logged->head, record->hash.data, sizeof logged->head);
  if (++r->compared == r->made.len) {
    upk_arena_reset(r->records);
    r->made.items = NULL;
    r->made.len = r->made.cap = r->compared = 0;
  }
  return NULL;
}

/* ---- the log ---- */

static bool is_one_of(upk_str event, const char *const *names) {
  for (; *names; names++)
    if (upk_str_is(event, *names))
      return true;
  return false;
}

static const char *take_line(void *ctx, const journal_record *record) {
  static const char *const begins[] = {"run.begin", "run.resume",
                                       "run.rollback", NULL};
  static const char *const others[] = {"run.recovered", "step.resolve", NULL};
  replay *r = ctx;
  upk_arena_reset(r->scratch);
  if (!is_one_of(record->event, others)) {
    if (!record->in)
      return differs(r, record, 3206,
                     "it says nothing of the events before it: an older "
                     "version wrote it");
    if (is_one_of(record->event, begins))
      begin_machine(r, record);
    const char *wrong = play(r, record);
    if (wrong)
      return differs(r, record, 3205, wrong);
  }
  r->lines++;
  return machine_history_add(r->run->history, record->event, record->det,
                             record->obs)
             ? NULL
             : "it speaks of a step that is not in the plan";
}

upk_status upk_log_replay(upk_str run_folder, upk_str bytes, upk_str plan_path,
                          upk_diags *diags, size_t *ret_records) {
  takeover t;
  /* First as a whole: the plan is the run's, and the chain is good. */
  upk_status status =
      takeover_read(&t, bytes, run_folder, plan_path, diags, NULL);
  machine_history_free(t.history);
  t.history = NULL;
  if (status == UPK_OK) {
    replay r = {.run = &t, .diags = diags, .scratch = upk_arena_new(NULL)};
    r.source = upk_diags_source(
        diags,
        upk_arena_printf(diags->arena, "%.*s/log.jsonl", UPK_FMT(run_folder)),
        UPK_NO_STR);
    t.history = machine_history_new(t.plan);
    status = journal_scan(run_folder, diags, take_line, &r);
    *ret_records = r.lines;
    end_machine(&r);
    upk_arena_free(r.scratch);
  }
  takeover_close(&t);
  return status;
}
