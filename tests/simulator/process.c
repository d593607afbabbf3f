/* A process that executes a plan: a machine, its commands in flight, its log.
 * A twin machine gets the same events and must give the same commands. */
#include <string.h>

#include "simulator/sim.h"

sim_moment *moment_add(sim_world *w, sim_moment_kind kind, int64_t at_us) {
  for (size_t i = 0; i < MOMENTS_MAX; i++)
    if (w->moments[i].kind == MOMENT_FREE) {
      w->moments[i] = (sim_moment){.kind = kind, .at_us = at_us};
      return &w->moments[i];
    }
  sim_violation(w, "more than %d commands are in flight", MOMENTS_MAX);
}

/* ---- the log ---- */

static const char *const events[] = {
#define X(name) name,
    JOURNAL_EVENT_TABLE(X)
#undef X
};

static const char *event_name(const char *name) {
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strcmp(name, events[i]) == 0)
      return events[i];
  return NULL;
}

static bool append(sim_world *w, sim_process *p, const machine_command *c) {
  sim_log *log = &p->run->log;
  if (sim_chance(&w->random, w->faults.disk_full))
    log->full = true;
  if (log->full)
    return false;
  sim_record record = {event_name(c->event), -1, {0}, {0}, c->sync && !c->soon};
  if (!record.event)
    sim_violation(w, "a record is called %s", c->event);
  if (c->step.data)
    sscanf(c->step.data, "s%d", &record.step);
  record.det = upk_arena_copy(w->arena, c->det);
  record.obs = upk_arena_copy(w->arena, c->obs);
  for (size_t i = log->records.len; record.synced && i > 0; i--) {
    if (log->records.items[i - 1].synced)
      break;
    log->records.items[i - 1].synced = true;
  }
  if (!p->rehearses) /* which leaves no log */
    *UPK_PUSH(w->arena, &log->records) = record;
  sim_say(w, "    %u %s %.*s %.*s", p->number, c->event, UPK_FMT(c->det),
          UPK_FMT(c->text));
  check_record(w, p, &record);
  return true;
}

static void perform_log(sim_world *w, sim_process *p,
                        const machine_command *c) {
  if (p->logged_len == LOGGED_MAX)
    sim_violation(w, "more than %d records at once", LOGGED_MAX);
  p->logged_good[p->logged_len] = append(w, p, c);
  p->logged[p->logged_len++] = c->id;
}

/* ---- commands ---- */

static int64_t latency_us(sim_world *w, const machine_command *c) {
  sim_random *r = &w->random;
  int64_t us = 100 + sim_below(r, 20000);
  if (c->kind == MACHINE_QUERY && sim_chance(r, 50))
    us += (int64_t)sim_below(r, 30000) * 1000;
  if (c->deadline_ms > 0 && us > c->deadline_ms * 1000)
    us = c->deadline_ms * 1000;
  return us;
}

static void perform_session(sim_world *w, sim_process *p,
                            const machine_command *c) {
  unsigned n = c->session;
  if (c->kind == MACHINE_COMMIT && p->rehearses)
    sim_violation(w, "a rehearsal commits");
  if (c->kind == MACHINE_OPEN) {
    p->at[n] = (int)base_open(w, p);
    p->at_generation[n] = w->base.sessions[p->at[n]].generation;
  }
  if (p->at[n] < 0)
    sim_violation(w, "a command for session %u, which is closed", n);
  sim_moment *m = moment_add(w, MOMENT_REPLY, w->now_us + latency_us(w, c));
  m->process = p->number;
  m->id = c->id;
  m->command = c->kind;
  m->session = (unsigned)p->at[n];
  m->generation = p->at_generation[n];
  m->cancelled =
      c->deadline_ms > 0 && m->at_us - w->now_us >= c->deadline_ms * 1000;
  w->slow = w->slow || m->cancelled;
  if (c->kind == MACHINE_LOCK)
    sscanf(upk_arena_copy(w->arena, c->key).data, "upkeep/%u", &m->slot);
  if (c->kind == MACHINE_LOCK)
    sim_say(w, "    %u.%u lock %u", p->number, c->session, m->slot);
  if (c->kind != MACHINE_QUERY)
    return;
  check_sending(w, p, c->sql);
  size_t len = c->sql.len < sizeof m->sql - 1 ? c->sql.len : sizeof m->sql - 1;
  memcpy(m->sql, c->sql.data, len);
  m->param_count = c->param_count < 6 ? c->param_count : 6;
  check_round(w, p, c);
  for (size_t i = 0; i < m->param_count; i++) {
    m->params[i] = c->params[i];
    if (c->params[i].type == PLAN_TEXT)
      m->params[i].text = upk_arena_copy(w->arena, c->params[i].text);
  }
  sim_say(w, "    %u.%u query %.*s", p->number, c->session, UPK_FMT(c->sql));
}

static void perform_cancel(sim_world *w, const sim_process *p, unsigned n) {
  for (size_t i = 0; i < MOMENTS_MAX && p->at[n] >= 0; i++) {
    sim_moment *m = &w->moments[i];
    if (m->kind != MOMENT_REPLY || m->session != (unsigned)p->at[n] ||
        m->generation != p->at_generation[n])
      continue;
    m->cancelled = true;
    m->at_us = w->now_us + 1000;
  }
}

static void close_session(sim_world *w, sim_process *p, unsigned n) {
  if (p->at[n] >= 0)
    base_abandon(w, (unsigned)p->at[n], p->at_generation[n]);
  p->at[n] = -1;
}

static void perform(sim_world *w, sim_process *p, const machine_command *c) {
  sim_moment *m;
  switch (c->kind) {
  case MACHINE_CANCEL:
    perform_cancel(w, p, c->session);
    break;
  case MACHINE_CLOSE:
    close_session(w, p, c->session);
    break;
  case MACHINE_SLEEP:
    m = moment_add(w, MOMENT_TIMER, w->now_us + c->delay_us);
    m->process = p->number;
    m->id = c->id;
    break;
  case MACHINE_LOG:
    perform_log(w, p, c);
    break;
  case MACHINE_REPORT:
    sim_say(w, "    says %d: %.*s", c->code, UPK_FMT(c->text));
    break;
  case MACHINE_END:
    p->ended = true;
    p->status = c->status;
    sim_say(w, "  process %u ended: %s", p->number, upk_status_text(c->status));
    break;
  default:
    perform_session(w, p, c);
  }
}

static bool same_text(upk_str a, upk_str b) {
  return (a.data == NULL) == (b.data == NULL) && upk_str_equal(a, b);
}

/* The twin must say the same: the machine is a function of its events. */
static void compare(sim_world *w, const machine_command *c,
                    const machine_command *t) {
  bool same = t && c->kind == t->kind && c->id == t->id &&
              c->session == t->session && c->delay_us == t->delay_us &&
              c->status == t->status && same_text(c->sql, t->sql) &&
              same_text(c->det, t->det) && same_text(c->obs, t->obs);
  if (!same)
    sim_violation(w, "the same events lead to another command");
}

/* ---- events ---- */

static void handle(sim_world *w, sim_process *p, machine_event *event) {
  const machine_command *c;
  event->wall_us = sim_wall_us(w);
  event->mono_us = w->now_us;
  machine_handle(p->machine, event);
  machine_handle(p->twin, event);
  while ((c = machine_next(p->machine))) {
    compare(w, c, machine_next(p->twin));
    if (sim_chance(&w->random, w->faults.crash)) {
      process_crash(w, p);
      return;
    }
    perform(w, p, c);
  }
}

static void answer_record(sim_world *w, sim_process *p) {
  static const char head[] =
      "0123456789012345678901234567890123456789012345678901234567890123";
  machine_event event = {.kind = MACHINE_LOGGED,
                         .id = p->logged[p->logged_first],
                         .head = UPK_STR(head)};
  if (!p->logged_good[p->logged_first++])
    event.fault = (machine_fault){.kind = MACHINE_ERROR,
                                  .class = UPK_STR("error"),
                                  .message = UPK_STR("no space")};
  if (p->logged_first == p->logged_len)
    p->logged_first = p->logged_len = 0;
  handle(w, p, &event);
}

void process_feed(sim_world *w, sim_process *p, machine_event *event) {
  handle(w, p, event);
  while (p->alive && p->logged_first < p->logged_len)
    answer_record(w, p);
  if (p->ended)
    p->alive = false;
}

/* ---- life ---- */

static const upk_json *parse(sim_world *w, upk_str object) {
  upk_json_error error;
  upk_str line = upk_arena_printf(w->arena, "%.*s\n", UPK_FMT(object));
  return upk_json_parse(w->arena, line, &error);
}

/* What the log knows, for the machine and for the checks. */
static void fold(sim_world *w, sim_process *p) {
  const sim_log *log = &p->run->log;
  for (size_t i = 0; i < log->records.len; i++) {
    const sim_record *r = &log->records.items[i];
    check_fold(w, p, r);
    if (!machine_history_add(p->history, upk_str_from(r->event),
                             parse(w, r->det), parse(w, r->obs)))
      sim_violation(w, "the log speaks of a step that is not there");
  }
  for (size_t i = 0; i < STEPS_MAX; i++)
    p->intent[i] = false; /* each process says its own */
}

static machine *make_machine(sim_world *w, const sim_process *p, unsigned jobs,
                             uint64_t seed) {
  bool first = p->run->log.records.len == 0;
  machine_config config = {
      .plan = &w->plan->plan,
      .jobs = jobs,
      .slots = 4,
      .seed = seed,
      .openings = w->windows.always ? NULL : w->windows.openings,
      .wait = p->number % 2,
      .run = p->run->name,
      .host = UPK_STR("host"),
      .user = UPK_STR("user"),
      .goal = p->goal,
      .rehearse = !p->rehearses   ? MACHINE_NO_REHEARSAL
                  : p->number % 2 ? MACHINE_REHEARSE
                                  : MACHINE_REHEARSE_ALL,
      .past = first ? NULL : machine_history_steps(p->history),
  };
  return machine_new(&config);
}

static sim_process *start(sim_world *w, sim_run *run, machine_goal goal,
                          bool rehearses) {
  sim_process *p = &w->processes[w->process_count];
  *p = (sim_process){.number = w->process_count++,
                     .run = run,
                     .goal = goal,
                     .rehearses = rehearses};
  p->alive = true;
  for (size_t i = 0; i <= MACHINE_SESSIONS_MAX; i++)
    p->at[i] = -1;
  p->history = machine_history_new(&w->plan->plan);
  fold(w, p);
  unsigned jobs = p->jobs = 1 + sim_below(&w->random, 4);
  uint64_t seed = sim_draw(&w->random);
  p->machine = make_machine(w, p, jobs, seed);
  p->twin = make_machine(w, p, jobs, seed);
  sim_say(w, "  process %u of %s begins, %u jobs", p->number, run->name.data,
          jobs);
  machine_event event = {.kind = MACHINE_START};
  process_feed(w, p, &event);
  return p;
}

sim_process *process_start(sim_world *w, sim_run *run, machine_goal goal) {
  return start(w, run, goal, false);
}

sim_process *process_rehearse(sim_world *w, sim_run *run) {
  return start(w, run, MACHINE_APPLY, true);
}

/* Unsynced records may be lost with the power, but not with the process. */
static void cut_log(sim_world *w, sim_log *log) {
  size_t synced = log->records.len;
  while (synced > 0 && !log->records.items[synced - 1].synced)
    synced--;
  size_t loose = log->records.len - synced;
  if (sim_chance(&w->random, w->faults.power))
    log->records.len = synced + sim_below(&w->random, (unsigned)loose + 1);
  log->full = false; /* the next process finds room again */
}

void process_crash(sim_world *w, sim_process *p) {
  sim_say(w, "  process %u crashes", p->number);
  p->alive = false;
  p->crashed = true;
  for (unsigned i = 0; i <= MACHINE_SESSIONS_MAX; i++)
    close_session(w, p, i);
  for (size_t i = 0; i < MOMENTS_MAX; i++)
    if (w->moments[i].process == p->number &&
        (w->moments[i].kind == MOMENT_TIMER ||
         w->moments[i].kind == MOMENT_REPLY))
      w->moments[i].kind = MOMENT_FREE;
  cut_log(w, &p->run->log);
  world_after_crash(w);
}

void process_resolve(sim_world *w, sim_run *run, const sim_process *last) {
  for (size_t i = 0; i < w->plan->plan.step_count; i++) {
    sim_disk *disk = &w->base.disk;
    sim_record r = {"step.resolve", (int)i, UPK_STR("{}"), {0}, true};
    bool undo = last->undo_doubt[i], done = true;
    if (last->known[i] != MACHINE_IN_DOUBT)
      continue;
    for (unsigned k = 0; k < w->plan->statements[i]; k++)
      done = done && disk->effect[i][k];
    if (w->plan->rows[i])
      done = disk->treated[i] == w->plan->rows[i];
    if (!done) {
      memset(disk->effect[i], 0, sizeof disk->effect[i]);
      disk->leftover[i] = 0;
    }
    r.obs = upk_arena_printf(w->arena, "{\"as\":\"%s\",\"step\":\"s%zu\"}",
                             done != undo ? "done" : "not-done", i);
    sim_say(w, "  resolved: s%zu is %s", i, done ? "there" : "not there");
    *UPK_PUSH(w->arena, &run->log.records) = r;
  }
}

void process_free(sim_process *p) {
  machine_free(p->machine);
  machine_free(p->twin);
  machine_history_free(p->history);
}
