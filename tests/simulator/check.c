/* The invariants (reliability of a run), each where it can be seen first. */
#include <string.h>

#include "simulator/sim.h"

void sim_violation(sim_world *w, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(w->why, sizeof w->why, format, args);
  va_end(args);
  longjmp(w->violated, 1);
}

static bool is_event(const sim_record *r, const char *name) {
  return strcmp(r->event, name) == 0;
}

static machine_state outcome_of(sim_world *w, const sim_record *r) {
  static const char key[] = "\"outcome\":\"";
  const char *found = strstr(r->det.data, key);
  if (!found) /* what no faultless run has */
    found = strstr(r->obs.data, key);
  if (is_event(r, "step.skip"))
    return MACHINE_SKIPPED;
  /* A repeated record has no det; its outcome is that of the one before. */
  for (int s = 0; found && s < MACHINE_STATES; s++) {
    const char *name = machine_state_name((machine_state)s);
    size_t len = strlen(name);
    if (strncmp(found + sizeof key - 1, name, len) == 0 &&
        found[sizeof key - 1 + len] == '"')
      return (machine_state)s;
  }
  sim_violation(w, "an end without an outcome: %.*s", UPK_FMT(r->det));
}

/* What a process knows by its log. */
void check_fold(sim_world *w, sim_process *p, const sim_record *r) {
  if (r->step < 0)
    return;
  if (is_event(r, "step.begin"))
    p->validated[r->step] = false;
  if (is_event(r, "step.resolve"))
    p->validated[r->step] = true;
  if (is_event(r, "step.check") && strstr(r->obs.data, "\"after\""))
    p->validated[r->step] = true;
  if (is_event(r, "step.begin") || is_event(r, "step.undo")) {
    p->intent[r->step] = true;
    p->known[r->step] =
        is_event(r, "step.begin") ? MACHINE_RUNNING : MACHINE_UNDOING;
  } else if (is_event(r, "step.end") || is_event(r, "step.skip")) {
    p->intent[r->step] = false;
    p->undo_doubt[r->step] =
        p->known[r->step] == MACHINE_UNDOING ||
        (p->known[r->step] == MACHINE_IN_DOUBT && p->undo_doubt[r->step]);
    p->known[r->step] = outcome_of(w, r);
    if (p->known[r->step] == MACHINE_APPLIED && !p->validated[r->step] &&
        !strstr(r->obs.data, "\"recovered\""))
      sim_violation(w, "s%d is applied and was not validated", r->step);
    p->over[r->step] = true;
  } else if (is_event(r, "step.retry") && !strstr(r->obs.data, "\"round\"")) {
    p->intent[r->step] = false;
    p->known[r->step] = MACHINE_RETRYING;
  }
}

static bool is_over(machine_state state) {
  return state == MACHINE_APPLIED || state == MACHINE_SKIPPED ||
         state == MACHINE_FAILED || state == MACHINE_UNDONE ||
         state == MACHINE_CANCELLED || state == MACHINE_IN_DOUBT ||
         state == MACHINE_REHEARSED || state == MACHINE_READY;
}

/* The machine cancels steps that have not begun without a record each. */
static void check_order(sim_world *w, const sim_process *p, int step) {
  for (int i = 0; i < step; i++) {
    bool given_up =
        p->known[i] == MACHINE_PENDING || p->known[i] == MACHINE_RETRYING;
    /* One that was applied may be undone meanwhile: `after` only orders. */
    bool undoing = p->known[i] == MACHINE_UNDOING && p->over[i];
    if (w->plan->before[i][step] && !is_over(p->known[i]) && !given_up &&
        !undoing)
      sim_violation(w, "step s%d begins while s%d, before it, is %s", step, i,
                    machine_state_name(p->known[i]));
    if (w->plan->before[i][step] && given_up &&
        w->plan->steps[i].policy == PLAN_NO_POLICY && w->windows.always)
      sim_violation(w, "step s%d begins before s%d", step, i);
  }
}

static void check_conflicts(sim_world *w, const sim_process *p, int step) {
  const plan_step *mine = &w->plan->steps[step];
  for (size_t i = 0; i < w->plan->plan.step_count; i++) {
    const plan_step *other = &w->plan->steps[i];
    if ((int)i == step || !p->intent[i])
      continue;
    for (size_t a = 0; a < mine->conflict_count; a++)
      for (size_t b = 0; b < other->conflict_count; b++)
        if (mine->conflicts[a] == other->conflicts[b])
          sim_violation(w, "steps s%d and s%zu run at once", step, i);
  }
}

/* A step begins while its window is open. */
static void check_window(sim_world *w, int step) {
  uint32_t number = w->plan->steps[step].window;
  const machine_openings *list =
      &w->windows.openings[number == PLAN_NO_WINDOW ? WINDOWS : number];
  int64_t now_us = sim_wall_us(w);
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i].open_us <= now_us && now_us < list->items[i].close_us)
      return;
  if (!w->windows.always)
    sim_violation(w, "step s%d begins while its window is closed", step);
}

/* An operator's word that the machine took: holds from its record on. */
static void note_order(sim_process *p, const sim_record *r) {
  char obs[512];
  const char *step;
  int number;
  snprintf(obs, sizeof obs, "%.*s", UPK_FMT(r->obs));
  bool hold = strstr(obs, "\"order\":\"hold\"") != NULL;
  if (strstr(obs, "\"order\":\"set\""))
    p->rows_most = 3;
  if (!hold && !strstr(obs, "\"order\":\"release\""))
    return;
  if ((step = strstr(obs, "\"step\":\"s")) &&
      sscanf(step, "\"step\":\"s%d", &number) == 1 && number < STEPS_MAX)
    p->held[number] = hold;
}

void check_record(sim_world *w, sim_process *p, const sim_record *r) {
  if (is_event(r, "run.note"))
    note_order(p, r);
  if (is_event(r, "step.begin")) {
    machine_state was = p->known[r->step];
    if (was == MACHINE_APPLIED || was == MACHINE_UNDONE ||
        was == MACHINE_SKIPPED)
      sim_violation(w, "step s%d begins again and was %s", r->step,
                    machine_state_name(was));
    if (p->stop)
      sim_violation(w, "step s%d begins after the stop", r->step);
    /* Each session may have been at a step's pre-checks. */
    if (p->paused && ++p->begun_since_pause > p->jobs)
      sim_violation(w, "step s%d begins while the run is paused", r->step);
    if (p->held[r->step])
      sim_violation(w, "step s%d begins while it is held", r->step);
    check_window(w, r->step);
    if (!r->synced)
      sim_violation(w, "the intent of s%d is not synced", r->step);
    check_order(w, p, r->step);
    check_conflicts(w, p, r->step);
  }
  check_fold(w, p, r);
}

/* A round takes no more rows than the operator left it, nor than the plan
 * allows. */
void check_round(sim_world *w, const sim_process *p, const machine_command *c) {
  int i, k;
  if (!sim_parse(c->sql, "round", &i, &k) || !c->param_count)
    return;
  if (c->params[0].integer > 100 ||
      (p->rows_most && c->params[0].integer > p->rows_most))
    sim_violation(w, "a round of s%d takes %lld rows", i,
                  (long long)c->params[0].integer);
}

void check_sending(sim_world *w, const sim_process *p, upk_str sql) {
  int i, k;
  bool works = sim_parse(sql, "run", &i, &k) ||
               sim_parse(sql, "round", &i, &k) ||
               sim_parse(sql, "undo", &i, &k);
  /* A rehearsal also does what the steps before it do. */
  if (works && !p->intent[i] && !p->rehearses)
    sim_violation(w, "`%.*s` is sent without an intent", UPK_FMT(sql));
}

/* On the server: whoever works holds the executor's lock, and nobody of
 * another run works at the same time. */
void check_statement(sim_world *w, const sim_moment *m, int step) {
  const sim_session *mine = &w->base.sessions[m->session];
  if (!mine->locks)
    sim_violation(w, "step s%d runs without the lock", step);
  for (unsigned i = 0; i < BASE_SESSIONS; i++) {
    const sim_session *s = &w->base.sessions[i];
    if (s->open && s->run != mine->run && base_works(w, i))
      sim_violation(w, "two runs work at once");
  }
}

/* Of this run. */
static bool any_effect(const sim_world *w, int step, unsigned run) {
  for (unsigned i = 0; i < STATEMENTS_MAX; i++)
    if (w->base.disk.effect[step][i] && w->base.disk.owner[step] == run)
      return true;
  return false;
}

static bool all_effects(const sim_world *w, int step) {
  if (w->plan->rows[step])
    return w->base.disk.treated[step] == w->plan->rows[step];
  for (unsigned i = 0; i < w->plan->statements[step]; i++)
    if (!w->base.disk.effect[step][i])
      return false;
  return true;
}

static bool has_row(const sim_world *w, unsigned run, int step) {
  for (size_t i = 0; i < w->base.disk.row_count; i++) {
    const sim_row *row = &w->base.disk.rows[i];
    if (row->run == run && row->step == step && !row->undone)
      return true;
  }
  return false;
}

static void check_step(sim_world *w, const sim_process *p, int i) {
  machine_state state = p->known[i];
  bool row = has_row(w, p->run->number, i);
  const char *name = machine_state_name(state);
  if (state == MACHINE_APPLIED && !all_effects(w, i))
    sim_violation(w, "the log calls s%d applied, and it is not done", i);
  if (state == MACHINE_APPLIED && w->plan->plan.has_ledger && !row)
    sim_violation(w, "s%d is applied and has no row", i);
  if (row && state != MACHINE_APPLIED && state != MACHINE_UNDONE &&
      state != MACHINE_FAILED && state != MACHINE_IN_DOUBT)
    sim_violation(w, "s%d has a row, and its log says %s", i, name);
  bool untouched = state == MACHINE_UNDONE || state == MACHINE_SKIPPED ||
                   state == MACHINE_CANCELLED || state == MACHINE_PENDING;
  if (state == MACHINE_SKIPPED && w->base.disk.treated[i] > 0 &&
      w->base.disk.owner[i] == p->run->number)
    sim_violation(w, "s%d treated rows, and its log says skipped", i);
  if (untouched && w->base.disk.leftover[i] == p->run->number)
    sim_violation(w, "s%d left a piece behind, and its log says %s", i, name);
  if (untouched && any_effect(w, i, p->run->number))
    sim_violation(w, "s%d took effect, and its log says %s", i, name);
}

void check_end(sim_world *w, const sim_process *p) {
  for (unsigned i = 0; i < BASE_SESSIONS; i++)
    if (w->base.sessions[i].open && w->base.sessions[i].process == p->number &&
        !w->base.sessions[i].orphan)
      sim_violation(w, "a session is left open");
  if (w->base.failed_over || p->run->log.full)
    return;
  /* Without a ledger nobody knows that another run has used the plan. */
  if (!w->plan->plan.has_ledger && w->run_count > 1)
    return;
  for (int i = 0; i < (int)w->plan->plan.step_count; i++) {
    check_step(w, p, i);
    if (p->known[i] == MACHINE_IN_DOUBT && w->peaceful && !w->slow)
      sim_violation(w, "s%d is in doubt, and nothing went wrong", i);
  }
}

/* Nothing of a rehearsal is left, whatever went wrong. */
void check_rehearsal(sim_world *w, const sim_process *p,
                     const sim_disk *before) {
  const sim_disk *now = &w->base.disk;
  if (now->ledger != before->ledger || now->lease != before->lease ||
      now->row_count != before->row_count ||
      memcmp(now->effect, before->effect, sizeof now->effect) != 0 ||
      memcmp(now->leftover, before->leftover, sizeof now->leftover) != 0 ||
      memcmp(now->treated, before->treated, sizeof now->treated) != 0)
    sim_violation(w, "a rehearsal left something behind");
  for (unsigned i = 0; i < BASE_SESSIONS; i++)
    if (w->base.sessions[i].open && !w->base.sessions[i].orphan)
      sim_violation(w, "a rehearsal left a session open");
  if (w->peaceful && !w->slow && p->status != UPK_OK)
    sim_violation(w, "a rehearsal failed, and nothing went wrong");
}

/* ---- the semantic digest ---- */

static bool all_applied(const sim_world *w, const sim_process *p) {
  for (size_t i = 0; i < w->plan->plan.step_count; i++)
    if (p->known[i] != MACHINE_APPLIED)
      return false;
  return true;
}

/* Of a run whose steps are all applied; false when it cannot be compared: it
 * was sealed more than once, or a step ended otherwise at first. */
static bool digest_of(sim_world *w, const sim_process *p,
                      upk_digest *ret_digest) {
  const sim_log *log = &p->run->log;
  journal_semantic *semantic = journal_semantic_new();
  upk_json_error error;
  size_t seals = 0;
  for (size_t i = 0; i < log->records.len; i++) {
    upk_str det = upk_arena_printf(w->arena, "%.*s\n",
                                   UPK_FMT(log->records.items[i].det));
    const sim_record *r = &log->records.items[i];
    bool other = is_event(r, "step.end") && !strstr(r->det.data, "applied");
    seals += is_event(r, "run.end") ? 1 : other ? 2 : 0;
    journal_semantic_add(semantic, upk_str_from(log->records.items[i].event),
                         upk_json_parse(w->arena, det, &error));
  }
  *ret_digest = journal_semantic_finish(semantic);
  return seals == 1;
}

void check_digest(sim_world *w, const sim_process *p,
                  const sim_process *faultless) {
  upk_digest mine, other;
  if (!all_applied(w, p) || !all_applied(w, faultless) ||
      !digest_of(w, p, &mine) || !digest_of(w, faultless, &other))
    return;
  if (!upk_str_equal(upk_digest_view(&mine), upk_digest_view(&other)))
    sim_violation(w, "the semantic digest is not that of a run without faults");
}
