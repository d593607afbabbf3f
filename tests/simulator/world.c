/* One seed from start to end. */
#include <string.h>

#include "simulator/sim.h"

enum { EVENTS_MAX = 20000 };

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t sim_draw(sim_random *r) {
  uint64_t z = r->state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

unsigned sim_below(sim_random *r, unsigned n) {
  return n ? (unsigned)(sim_draw(r) % n) : 0;
}

bool sim_chance(sim_random *r, unsigned per_mille) {
  return per_mille && sim_below(r, 1000) < per_mille;
}

void sim_say(sim_world *w, const char *format, ...) {
  va_list args;
  if (!w->verbose)
    return;
  printf("%9.3f ", (double)w->now_us / 1e6);
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
}

/* Each kind of fault is on in a third of the seeds. */
static unsigned draw_rate(sim_random *r, unsigned most) {
  return sim_chance(r, 330) ? 1 + sim_below(r, most) : 0;
}

/* False: all goes well. */
static bool draw_faults(sim_faults *f, sim_random *r) {
  if (sim_chance(r, 50))
    return false;
  f->error = draw_rate(r, 80);
  f->transient = draw_rate(r, 150);
  f->lost = draw_rate(r, 60);
  f->broken = draw_rate(r, 80);
  f->reply_lost = draw_rate(r, 60);
  f->orphan = draw_rate(r, 900);
  f->check_false = draw_rate(r, 200);
  f->check_null = draw_rate(r, 60);
  f->other_fixes = draw_rate(r, 300);
  f->other_breaks = draw_rate(r, 300);
  f->other_drops = draw_rate(r, 200);
  f->restart = draw_rate(r, 900);
  f->failover = draw_rate(r, 300);
  f->disk_full = draw_rate(r, 20);
  f->crash = draw_rate(r, 15);
  f->power = draw_rate(r, 900);
  f->competitor = draw_rate(r, 900);
  f->stop = draw_rate(r, 500);
  f->pause = draw_rate(r, 700);
  f->clock = draw_rate(r, 700);
  f->closed = draw_rate(r, 900);
  return true;
}

int64_t sim_wall_us(const sim_world *w) {
  return 1790000000000000 + w->now_us + w->wall_skew_us;
}

/* Windows that open for some seconds of the first minute. */
static void draw_windows(sim_world *w) {
  w->windows.always = !sim_chance(&w->random, w->faults.closed);
  for (size_t i = 0; i <= WINDOWS; i++) {
    machine_openings *list = &w->windows.openings[i];
    int64_t at_us = sim_wall_us(w);
    list->items = w->windows.items[i];
    list->count = 1 + sim_below(&w->random, OPENINGS_MAX);
    for (size_t k = 0; k < list->count; k++) {
      at_us += sim_below(&w->random, 15000000);
      w->windows.items[i][k].open_us = at_us;
      at_us += 1000 + sim_below(&w->random, 20000000);
      w->windows.items[i][k].close_us = at_us;
    }
  }
}

/* ---- what happens to all ---- */

typedef enum happening {
  RESTART,
  FAILOVER,
  FIX,
  BREAK,
  DROP,
  STOP,
  PAUSE,
  CLOCK,
  COMPETITOR,
  RESUME,
  HAPPENINGS,
  UNPAUSE,
  HOLD, /* of a step: the moment's slot */
  RELEASE,
  SET,
} happening;

static sim_moment *plan_happening(sim_world *w, happening what,
                                  int64_t within_us) {
  int64_t delay = (int64_t)(sim_draw(&w->random) % (uint64_t)within_us);
  sim_moment *m = moment_add(w, MOMENT_WORLD, w->now_us + delay);
  m->session = what;
  return m;
}

/* Orders about steps: drawn apart, so that the seeds kept from before mean what
 * they meant. */
static void plan_orders(sim_world *w) {
  sim_random random = w->random;
  sim_random kept = w->random;
  random.state ^= 0x686f6c64;
  if (!w->faults.pause || !sim_chance(&random, 300))
    return;
  unsigned step = sim_below(&random, (unsigned)w->plan->plan.step_count);
  bool batch = sim_chance(&random, 500);
  w->random = random;
  plan_happening(w, HOLD, 5000000)->slot = step;
  if (batch)
    plan_happening(w, SET, 2000000);
  w->random = kept;
}

static void plan_happenings(sim_world *w) {
  const unsigned rates[HAPPENINGS] = {
      [RESTART] = w->faults.restart,       [FAILOVER] = w->faults.failover,
      [FIX] = w->faults.other_fixes,       [BREAK] = w->faults.other_breaks,
      [DROP] = w->faults.other_drops,      [STOP] = w->faults.stop,
      [PAUSE] = w->faults.pause,           [CLOCK] = w->faults.clock,
      [COMPETITOR] = w->faults.competitor,
  };
  for (int i = 0; i < HAPPENINGS; i++)
    if (sim_chance(&w->random, rates[i]))
      plan_happening(w, (happening)i,
                     sim_chance(&w->random, 500) ? 1000000 : 20000000);
  plan_orders(w);
}

static sim_run *new_run(sim_world *w) {
  if (w->run_count == PROCESSES_MAX)
    sim_violation(w, "too many runs");
  sim_run *run = &w->runs[w->run_count];
  run->number = ++w->run_count;
  run->name = upk_arena_printf(w->arena, "run%u", run->number);
  return run;
}

void world_after_crash(sim_world *w) {
  if (w->processes[w->process_count - 1].rehearses)
    return; /* there is nothing to go on with */
  if (sim_chance(&w->random, 800))
    plan_happening(w, RESUME, 30 * 1000000LL);
}

static void tell_all(sim_world *w, machine_event_kind kind, unsigned level) {
  for (unsigned i = 0; i < w->process_count; i++) {
    sim_process *p = &w->processes[i];
    machine_event event = {.kind = kind, .level = level};
    if (!p->alive)
      continue;
    if (kind == MACHINE_STOP)
      p->stop = level;
    p->paused = kind == MACHINE_PAUSE ? level != 0 : p->paused;
    p->begun_since_pause = 0;
    process_feed(w, p, &event);
  }
}

static void order_all(sim_world *w, happening what, unsigned number) {
  for (unsigned i = 0; i < w->process_count; i++) {
    sim_process *p = &w->processes[i];
    machine_event event = {.kind = MACHINE_PAUSE, .level = what == HOLD};
    if (!p->alive)
      continue;
    if (what == SET)
      event = (machine_event){.kind = MACHINE_SET};
    if (what == SET)
      event.change = UPK_STR("batch=3");
    else
      event.step = w->plan->plan.steps[number].id;
    event.text = UPK_STR("ann");
    process_feed(w, p, &event);
  }
}

static bool is_alive(const sim_world *w, const sim_run *run) {
  for (unsigned i = 0; i < w->process_count; i++)
    if (w->processes[i].alive && w->processes[i].run == run)
      return true;
  return false;
}

/* The last process of a run; NULL: it has none. */
static sim_process *last_of(sim_world *w, const sim_run *run) {
  sim_process *last = NULL;
  for (unsigned i = 0; i < w->process_count; i++)
    if (w->processes[i].run == run)
      last = &w->processes[i];
  return last;
}

/* Whether it makes sense to go on with a run. */
static bool is_resumable(sim_world *w, const sim_run *run) {
  const sim_process *last = last_of(w, run);
  if (!last || last->alive || !run->log.records.len ||
      w->process_count + 1 >= PROCESSES_MAX)
    return false;
  return last->crashed || last->status == UPK_CANCELLED ||
         last->status == UPK_UNREACHABLE || last->status == UPK_LOCKED ||
         last->status == UPK_IN_DOUBT || last->status == UPK_ERROR ||
         last->status == UPK_WINDOW || run->log.full;
}

static void resume(sim_world *w, sim_run *run) {
  const sim_process *last = last_of(w, run);
  if (last->status == UPK_IN_DOUBT && !last->crashed)
    process_resolve(w, run, last);
  run->log.full = false;
  process_start(w, run, MACHINE_APPLY);
}

static void resume_some(sim_world *w) {
  for (unsigned i = 0; i < w->run_count; i++)
    if (!is_alive(w, &w->runs[i]) && is_resumable(w, &w->runs[i])) {
      resume(w, &w->runs[i]);
      return;
    }
}

static void happen(sim_world *w, happening what, unsigned number) {
  static const char *const names[] = {
      [RESTART] = "restart",
      [FAILOVER] = "failover",
      [FIX] = "fix",
      [BREAK] = "break",
      [DROP] = "drop",
      [STOP] = "stop",
      [PAUSE] = "pause",
      [CLOCK] = "clock",
      [COMPETITOR] = "competitor",
      [RESUME] = "resume",
      [HAPPENINGS] = "",
      [UNPAUSE] = "goes on",
      [HOLD] = "hold",
      [RELEASE] = "release",
      [SET] = "set",
  };
  size_t steps = w->plan->plan.step_count;
  unsigned step = sim_below(&w->random, (unsigned)steps);
  sim_say(w, "  happens: %s", names[what]);
  switch (what) {
  case RESTART:
    base_restart(w);
    break;
  case FAILOVER:
    base_failover(w);
    break;
  case FIX:
    w->base.fixed[step] = true;
    break;
  case BREAK:
    w->base.spoilt[step] = true;
    break;
  case DROP:
    w->base.gone[step] = true;
    break;
  case STOP:
    tell_all(w, MACHINE_STOP, 1 + sim_below(&w->random, 2));
    break;
  case PAUSE:
    tell_all(w, MACHINE_PAUSE, 1);
    plan_happening(w, UNPAUSE, 400 * 1000000LL);
    break;
  case UNPAUSE:
    tell_all(w, MACHINE_PAUSE, 0);
    break;
  case HOLD:
    plan_happening(w, RELEASE, 400 * 1000000LL)->slot = number;
    order_all(w, what, number);
    break;
  case RELEASE:
  case SET:
    order_all(w, what, number);
    break;
  case CLOCK:
    w->wall_skew_us +=
        (int64_t)sim_below(&w->random, 7200) * 1000000 - 3600LL * 1000000;
    break;
  case COMPETITOR:
    if (w->process_count + 4 < PROCESSES_MAX)
      process_start(w, new_run(w), MACHINE_APPLY);
    break;
  case RESUME:
    resume_some(w);
    break;
  case HAPPENINGS:
    break;
  }
}

/* ---- time ---- */

static sim_moment *next_moment(sim_world *w) {
  sim_moment *next = NULL;
  for (size_t i = 0; i < MOMENTS_MAX; i++) {
    sim_moment *m = &w->moments[i];
    if (m->kind != MOMENT_FREE && (!next || m->at_us < next->at_us))
      next = m;
  }
  return next;
}

static void deliver(sim_world *w, sim_moment *m) {
  sim_process *p = &w->processes[m->process];
  machine_event event = {.kind = MACHINE_REPLY, .id = m->id};
  sim_moment copy = *m;
  m->kind = MOMENT_FREE;
  switch (copy.kind) {
  case MOMENT_REPLY:
    base_execute(w, &copy, &event);
    if (copy.command == MACHINE_OPEN)
      event.holder = UPK_STR("pid 1");
    process_feed(w, p, &event);
    break;
  case MOMENT_TIMER:
    event.kind = MACHINE_TIMER;
    process_feed(w, p, &event);
    break;
  case MOMENT_ORPHAN:
    sim_say(w, "  an orphan's statement ends: %s", copy.sql);
    base_execute(w, &copy, &event);
    if (w->base.sessions[copy.session].generation == copy.generation)
      base_close(w, copy.session);
    break;
  case MOMENT_WORLD:
    happen(w, (happening)copy.session, copy.slot);
    break;
  case MOMENT_FREE:
    break;
  }
}

static bool any_alive(const sim_world *w) {
  for (unsigned i = 0; i < w->process_count; i++)
    if (w->processes[i].alive)
      return true;
  return false;
}

static void run_until_idle(sim_world *w) {
  sim_moment *m;
  while ((m = next_moment(w)) && (any_alive(w) || m->kind == MOMENT_ORPHAN ||
                                  m->kind == MOMENT_WORLD)) {
    if (m->at_us > w->now_us)
      w->now_us = m->at_us;
    if (++w->events > EVENTS_MAX)
      sim_violation(w, "the run does not end");
    deliver(w, m);
  }
  if (any_alive(w))
    sim_violation(w, "the run waits for nothing");
}

static void reset_base(sim_world *w) {
  int step, nth;
  bool creates = sim_parse(w->plan->steps[0].run.items[0].query.sql, "create",
                           &step, &nth);
  w->base = (sim_base){0};
  w->base.disk.ledger = w->plan->plan.has_ledger && !creates;
  w->base.replica = w->base.disk;
}

/* The plan tried on a fresh database, with the faults of the seed. */
static void play_rehearsal(sim_world *w, const sim_faults *faults) {
  if (w->process_count + 4 >= PROCESSES_MAX || w->run_count == PROCESSES_MAX)
    return;
  w->faults = *faults;
  w->faults.competitor = 0;
  for (size_t i = 0; i < MOMENTS_MAX; i++)
    w->moments[i].kind = MOMENT_FREE;
  w->slow = false;
  reset_base(w);
  sim_disk before = w->base.disk;
  const sim_process *p = process_rehearse(w, new_run(w));
  plan_happenings(w);
  run_until_idle(w);
  check_rehearsal(w, p, &before);
}

/* The same plan once more, and nothing goes wrong. */
static void play_faultless(sim_world *w, const sim_process *p) {
  w->faults = (sim_faults){0};
  for (size_t i = 0; i < MOMENTS_MAX; i++)
    w->moments[i].kind = MOMENT_FREE;
  reset_base(w);
  sim_process *faultless = process_start(w, new_run(w), MACHINE_APPLY);
  run_until_idle(w);
  check_end(w, faultless);
  check_digest(w, p, faultless);
}

/* In the end all is well again, and every run comes to its end. */
static void finish(sim_world *w) {
  enum { RESUMES_MAX = 4 };
  w->faults = (sim_faults){0};
  w->windows.always = true;
  for (unsigned i = 0; i < w->run_count; i++) {
    sim_run *run = &w->runs[i];
    for (int n = 0; n < RESUMES_MAX && is_resumable(w, run); n++) {
      resume(w, run);
      run_until_idle(w);
    }
  }
}

static void play(sim_world *w) {
  sim_faults faults = w->faults;
  process_start(w, new_run(w), MACHINE_APPLY);
  plan_happenings(w);
  run_until_idle(w);
  for (unsigned i = 0; i < w->run_count; i++) {
    const sim_process *p = last_of(w, &w->runs[i]);
    if (!p->crashed && !is_resumable(w, &w->runs[i]))
      check_end(w, p);
  }
  finish(w);
  for (unsigned i = 0; i < w->run_count; i++)
    check_end(w, last_of(w, &w->runs[i]));
  const sim_process *first = last_of(w, &w->runs[0]);
  if (first->status == UPK_OK)
    play_faultless(w, first);
  play_rehearsal(w, &faults);
}

const char *world_play(upk_arena *arena, uint64_t seed, bool verbose,
                       uint64_t *ret_events) {
  sim_world *w = UPK_NEW(arena, sim_world);
  const char *why = NULL;
  w->arena = arena;
  w->seed = seed;
  w->verbose = verbose;
  w->random.state = seed * 0x9e3779b97f4a7c15U + 1;
  w->peaceful = !draw_faults(&w->faults, &w->random);
  w->plan = sim_plan_new(arena, &w->random);
  reset_base(w);
  draw_windows(w);
  if (setjmp(w->violated) == 0)
    play(w);
  else
    why = w->why;
  for (unsigned i = 0; i < w->process_count; i++)
    process_free(&w->processes[i]);
  *ret_events += w->events;
  return why;
}
