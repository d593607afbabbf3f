/* The fold of a log; see past.h. One function an event, by a table. */
#include "machine/past.h"

#include <string.h>

#include "map.h"

struct machine_history {
  const plan *plan;
  upk_arena *arena;
  upk_map numbers; /* id -> number of the step */
  machine_past *steps;
  machine_story story;
  uint64_t applied_count;
};

machine_history *machine_history_new(const plan *plan) {
  upk_arena *arena = upk_arena_new(NULL);
  machine_history *h = UPK_NEW(arena, machine_history);
  h->plan = plan;
  h->arena = arena;
  h->steps = UPK_NEW_ARRAY(arena, machine_past, plan->step_count + 1);
  upk_map_init(&h->numbers, arena);
  for (size_t i = 0; i < plan->step_count; i++)
    upk_map_put(&h->numbers, plan->steps[i].id, i);
  return h;
}

void machine_history_free(machine_history *h) {
  if (h)
    upk_arena_free(h->arena);
}

const machine_story *machine_history_story(const machine_history *h) {
  return &h->story;
}

const machine_past *machine_history_steps(const machine_history *h) {
  return h->steps;
}

/* An object's bytes, kept; absent when it is none, or empty. */
static upk_str keep(machine_history *h, const upk_json *value) {
  return value->type == UPK_JSON_OBJECT && upk_json_count(value)
             ? upk_arena_copy(h->arena, value->bytes)
             : UPK_NO_STR;
}

/* ---- the run's own records ---- */

static void on_begin(machine_history *h, const upk_json *det) {
  (void)det;
  h->story.begun = true;
  h->story.sealed = false;
  h->story.sessions++;
}

static void on_rollback(machine_history *h, const upk_json *det) {
  on_begin(h, det);
  h->story.rolled_back = true;
}

static void on_end(machine_history *h, const upk_json *det) {
  h->story.sealed = true;
  h->story.status = upk_arena_copy(h->arena, upk_json_text(det, "status"));
}

static const struct {
  const char *event;
  void (*fold)(machine_history *h, const upk_json *det);
} of_run[] = {
    {"run.begin", on_begin},
    {"run.resume", on_begin},
    {"run.rollback", on_rollback},
    {"run.end", on_end},
};

/* ---- a step's ---- */

static void on_intent(machine_history *h, machine_past *past,
                      const upk_json *det, const upk_json *obs) {
  (void)det;
  past->state = MACHINE_RUNNING;
  past->undoing = past->left = false;
  past->word = MACHINE_NO_WORD;
  past->attempts = (unsigned)upk_json_number(obs, "attempt", 1);
  past->started_at_us = upk_json_number(obs, "started_at", 0);
  past->before = keep(h, upk_json_get(obs, "before"));
  past->returned = UPK_NO_STR;
}

static void on_statement(machine_history *h, machine_past *past,
                         const upk_json *det, const upk_json *obs) {
  (void)det;
  upk_str more = keep(h, upk_json_get(obs, "returned"));
  if (more.data)
    past->returned = upk_arena_printf(h->arena, "%.*s%.*s\n",
                                      UPK_FMT(past->returned), UPK_FMT(more));
}

/* It is only written when nothing of the attempt is left; that of a round
 * leaves the rounds before it. */
static void on_retry(machine_history *h, machine_past *past,
                     const upk_json *det, const upk_json *obs) {
  (void)h;
  (void)det;
  bool round = upk_json_get(obs, "round")->type != UPK_JSON_NULL;
  if (!round && !upk_json_text(obs, "left").data)
    past->state = MACHINE_PENDING;
}

static void on_undo(machine_history *h, machine_past *past, const upk_json *det,
                    const upk_json *obs) {
  (void)h;
  (void)obs;
  past->word = MACHINE_NO_WORD;
  past->state = MACHINE_UNDOING;
  past->undoing = true;
  if (upk_json_count(det))
    past->undo_det = past->det_count;
}

static void on_skip(machine_history *h, machine_past *past, const upk_json *det,
                    const upk_json *obs) {
  (void)h;
  (void)det;
  (void)obs;
  past->state = MACHINE_SKIPPED;
}

static machine_state state_named(upk_str name) {
  for (int state = 0; state < MACHINE_STATES; state++)
    if (upk_str_is(name, machine_state_name((machine_state)state)))
      return (machine_state)state;
  return MACHINE_IN_DOUBT;
}

static void on_step_end(machine_history *h, machine_past *past,
                        const upk_json *det, const upk_json *obs) {
  upk_str outcome = upk_json_text(det, "outcome");
  upk_str left = upk_json_text(obs, "left");
  past->state =
      state_named(outcome.data ? outcome : upk_json_text(obs, "outcome"));
  past->left = false;
  if (past->state == MACHINE_APPLIED && !past->applied_order)
    past->applied_order = ++h->applied_count;
  if (past->state != MACHINE_FAILED && past->state != MACHINE_CANCELLED)
    return;
  past->left = upk_str_is(left, "done");
  if (upk_str_is(left, "partial"))
    past->state = MACHINE_RUNNING; /* asked again; or a batch that goes on */
}

static void on_resolve(machine_history *h, machine_past *past,
                       const upk_json *det, const upk_json *obs) {
  (void)h;
  (void)det;
  past->word = upk_str_is(upk_json_text(obs, "as"), "done") ? MACHINE_DONE
                                                            : MACHINE_NOT_DONE;
}

static const struct {
  const char *event;
  void (*fold)(machine_history *h, machine_past *past, const upk_json *det,
               const upk_json *obs);
} of_step[] = {
    {"step.begin", on_intent},    {"step.statement", on_statement},
    {"step.retry", on_retry},     {"step.undo", on_undo},
    {"step.skip", on_skip},       {"step.end", on_step_end},
    {"step.resolve", on_resolve},
};

bool machine_history_add(machine_history *h, upk_str event, const upk_json *det,
                         const upk_json *obs) {
  upk_str id = upk_json_text(obs, "step");
  uint64_t number;
  for (size_t i = 0; i < sizeof of_run / sizeof *of_run; i++)
    if (upk_str_is(event, of_run[i].event))
      of_run[i].fold(h, det);
  if (!id.data)
    return true;
  if (!upk_map_find(&h->numbers, id, &number))
    return false;
  machine_past *past = &h->steps[number];
  for (size_t i = 0; i < sizeof of_step / sizeof *of_step; i++)
    if (upk_str_is(event, of_step[i].event))
      of_step[i].fold(h, past, det, obs);
  /* Outcomes stand beside the sequence that attempts repeat: see record.c. */
  if (upk_json_count(det) && !upk_str_is(event, "step.end") &&
      !upk_str_is(event, "step.skip"))
    past->det_count++;
  return true;
}
