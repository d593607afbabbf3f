/* The model of a database: what PostgreSQL's manual promises of transactions,
 * advisory locks, and statements that commit by themselves. */
#include <string.h>

#include "simulator/sim.h"

/* ---- effects ---- */

static unsigned count_of(const sim_session *s, const sim_disk *disk, int step,
                         int nth) {
  unsigned count = disk->effect[step][nth];
  for (size_t i = 0; s && i < s->op_count; i++) {
    const sim_op *op = &s->ops[i];
    if (op->kind == OP_EFFECT && op->step == step && op->nth == nth)
      count++;
    if (op->kind == OP_CLEAR && op->step == step)
      count = 0;
  }
  return count;
}

static int64_t treated_of(const sim_world *w, const sim_session *s, int step) {
  int64_t rows = w->base.disk.treated[step];
  for (size_t i = 0; s && i < s->op_count; i++)
    if (s->ops[i].kind == OP_ROUND && s->ops[i].step == step)
      rows += s->ops[i].count;
  return rows;
}

static bool is_done(const sim_world *w, const sim_session *s, int step) {
  if (w->plan->rows[step])
    return treated_of(w, s, step) >= w->plan->rows[step];
  for (unsigned i = 0; i < w->plan->statements[step]; i++)
    if (!count_of(s, &w->base.disk, step, (int)i))
      return false;
  return true;
}

static bool is_begun(const sim_world *w, int step) {
  for (unsigned i = 0; i < w->plan->statements[step]; i++)
    if (w->base.disk.effect[step][i])
      return true;
  return false;
}

static void apply(sim_world *w, const sim_op *op) {
  sim_disk *disk = &w->base.disk;
  switch (op->kind) {
  case OP_EFFECT:
    /* Another run's piece is the stdlib's business, not the machine's. */
    if (disk->owner[op->step] != op->run && !is_done(w, NULL, op->step))
      memset(disk->effect[op->step], 0, sizeof disk->effect[op->step]);
    if (disk->effect[op->step][op->nth]++)
      sim_violation(w, "statement %d of step s%d took effect twice", op->nth,
                    op->step);
    disk->owner[op->step] = op->run;
    break;
  case OP_CLEAR:
    memset(disk->effect[op->step], 0, sizeof disk->effect[op->step]);
    disk->leftover[op->step] = 0;
    break;
  case OP_ROW:
    if (disk->row_count < ROWS_MAX)
      disk->rows[disk->row_count++] = op->row;
    break;
  case OP_ROUND:
    disk->treated[op->step] += op->count;
    disk->owner[op->step] = op->run;
    if (disk->treated[op->step] > w->plan->rows[op->step])
      sim_violation(w, "step s%d treats rows twice", op->step);
    break;
  case OP_TAKE:
    disk->lease = op->run;
    break;
  case OP_CREATE:
    disk->ledger = true;
    disk->lease = op->run;
    break;
  }
}

static void change(sim_world *w, sim_session *s, sim_op op) {
  op.run = s->run;
  if (!s->in_transaction)
    apply(w, &op);
  else if (s->op_count < OPS_MAX)
    s->ops[s->op_count++] = op;
}

static void end_transaction(sim_session *s) {
  s->in_transaction = s->aborted = false;
  s->op_count = 0;
}

/* ---- sessions ---- */

unsigned base_open(sim_world *w, const sim_process *p) {
  for (unsigned i = 0; i < BASE_SESSIONS; i++) {
    sim_session *s = &w->base.sessions[i];
    if (s->open)
      continue;
    unsigned generation = s->generation + 1;
    *s = (sim_session){.open = true,
                       .process = p->number,
                       .run = p->run->number,
                       .generation = generation};
    return i;
  }
  sim_violation(w, "more than %d sessions are open", BASE_SESSIONS);
}

void base_close(sim_world *w, unsigned session) {
  sim_session *s = &w->base.sessions[session];
  s->open = s->orphan = false;
  s->locks = 0;
  s->generation++;
  end_transaction(s);
}

static sim_moment *in_flight(sim_world *w, unsigned session) {
  for (size_t i = 0; i < MOMENTS_MAX; i++) {
    sim_moment *m = &w->moments[i];
    bool flies = m->kind == MOMENT_REPLY || m->kind == MOMENT_ORPHAN;
    if (flies && m->session == session &&
        m->generation == w->base.sessions[session].generation)
      return m;
  }
  return NULL;
}

static bool is_work(const sim_moment *m) {
  int i, k;
  upk_str sql = upk_str_from(m->sql);
  return m->command == MACHINE_QUERY &&
         (sim_parse(sql, "run", &i, &k) || sim_parse(sql, "undo", &i, &k) ||
          sim_parse(sql, "clean", &i, &k) || sim_parse(sql, "create", &i, &k) ||
          sim_parse(sql, "round", &i, &k));
}

bool base_works(sim_world *w, unsigned session) {
  const sim_moment *m = in_flight(w, session);
  return w->base.sessions[session].in_transaction || (m && is_work(m));
}

void base_abandon(sim_world *w, unsigned session, unsigned generation) {
  sim_session *s = &w->base.sessions[session];
  machine_event ignored = {0};
  if (!s->open || s->generation != generation)
    return;
  sim_moment *m = in_flight(w, session);
  bool works = m && m->command == MACHINE_QUERY;
  if (works && sim_chance(&w->random, w->faults.orphan)) {
    m->kind = MOMENT_ORPHAN;
    m->at_us += sim_below(&w->random, 5000000);
    s->orphan = true;
    return;
  }
  if (m && sim_chance(&w->random, 300)) /* it got there all the same */
    base_execute(w, m, &ignored);
  if (m)
    m->kind = MOMENT_FREE;
  if (s->open && s->generation == generation)
    base_close(w, session);
}

static void drop_all(sim_world *w) {
  machine_event ignored = {0};
  for (unsigned i = 0; i < BASE_SESSIONS; i++) {
    sim_session *s = &w->base.sessions[i];
    if (!s->open)
      continue;
    sim_moment *m = in_flight(w, i);
    if (m && sim_chance(&w->random, 300))
      base_execute(w, m, &ignored);
    if (s->open)
      base_close(w, i);
  }
}

void base_restart(sim_world *w) {
  sim_say(w, "  the server restarts");
  drop_all(w);
}

/* The standby has everything up to some moment before. */
void base_failover(sim_world *w) {
  sim_say(w, "  the standby takes over");
  drop_all(w);
  w->base.disk = w->base.replica;
  w->base.timeline++;
  w->base.failed_over = true;
}

/* ---- replies ---- */

static void fault(machine_event *event, machine_fault_kind kind,
                  const char *code) {
  event->fault = (machine_fault){.kind = kind,
                                 .class = UPK_STR("class"),
                                 .code = upk_str_from(code),
                                 .message = UPK_STR("words")};
}

static void reply_value(sim_world *w, machine_event *event, plan_value value) {
  static const upk_str column[] = {{"x", 1}};
  plan_value *values = UPK_NEW(w->arena, plan_value);
  *values = value;
  event->rows = (machine_rows){column, 1, values, 1, 1, -1};
}

static void reply_check(sim_world *w, machine_event *event, bool holds) {
  plan_value value = {PLAN_INT, holds, UPK_NO_STR};
  if (sim_chance(&w->random, w->faults.check_null))
    value.type = PLAN_NULL;
  reply_value(w, event, value);
}

static void reply_identity(sim_world *w, machine_event *event) {
  static const upk_str columns[] = {{"role", 4},
                                    {"taken_at", 8},
                                    {"identity.database", 17},
                                    {"identity.timeline", 17}};
  plan_value *values = UPK_NEW_ARRAY(w->arena, plan_value, 4);
  values[0] = (plan_value){PLAN_TEXT, 0, UPK_STR("primary")};
  values[1] = (plan_value){PLAN_INT, w->now_us + 1000, UPK_NO_STR};
  values[2] = (plan_value){PLAN_TEXT, 0, UPK_STR("shop")};
  values[3] = (plan_value){
      PLAN_TEXT, 0, upk_arena_printf(w->arena, "%u", w->base.timeline + 1)};
  event->rows = (machine_rows){columns, 4, values, 1, 1, -1};
}

static unsigned run_number(upk_str name) {
  unsigned number = 0;
  sscanf(name.data, "run%u", &number);
  return number;
}

static int step_number(upk_str name) {
  int number = -1;
  sscanf(name.data, "s%d", &number);
  return number;
}

/* Rows of one run, step and outcome; or of the others, their names. */
static void reply_rows(sim_world *w, machine_event *event, unsigned run,
                       bool others) {
  static const upk_str columns[] = {{"step", 4}, {"outcome", 7}};
  const sim_disk *disk = &w->base.disk;
  plan_value *values = UPK_NEW_ARRAY(w->arena, plan_value, 2 * ROWS_MAX + 2);
  size_t count = 0, width = others ? 1 : 2;
  for (size_t i = 0; i < disk->row_count; i++) {
    const sim_row *row = &disk->rows[i];
    if ((row->run == run) == others)
      continue;
    values[width * count] =
        (plan_value){PLAN_TEXT, 0,
                     others ? upk_arena_printf(w->arena, "run%u", row->run)
                            : upk_arena_printf(w->arena, "s%d", row->step)};
    if (!others)
      values[width * count + 1] = (plan_value){
          PLAN_TEXT, 0, row->undone ? UPK_STR("undone") : UPK_STR("applied")};
    count++;
  }
  event->rows =
      (machine_rows){columns, width, values, count, (int64_t)count, -1};
}

static bool ledger_there(const sim_base *base, const sim_session *s) {
  for (size_t i = 0; i < s->op_count; i++)
    if (s->ops[i].kind == OP_CREATE)
      return true;
  return base->disk.ledger;
}

static unsigned lease_of(const sim_base *base, const sim_session *s) {
  for (size_t i = 0; i < s->op_count; i++)
    if (s->ops[i].kind == OP_CREATE)
      return s->run;
  return base->disk.lease;
}

static void insert_row(sim_world *w, sim_session *s, const sim_moment *m,
                       machine_event *event) {
  sim_op op = {.kind = OP_ROW};
  if (!ledger_there(&w->base, s)) {
    fault(event, MACHINE_ERROR, "42P01");
    return;
  }
  event->rows.affected = 0;
  if (lease_of(&w->base, s) != s->run)
    return;
  op.row =
      (sim_row){run_number(m->params[0].text), step_number(m->params[1].text),
                m->params[2].integer, upk_str_is(m->params[3].text, "undone")};
  /* Of rounds there are rows too; only whole steps are looked for. */
  if (upk_str_is(m->params[3].text, "applied") || op.row.undone)
    change(w, s, op);
  event->rows.affected = 1;
}

/* ---- statements ---- */

static void query_run(sim_world *w, sim_session *s, sim_moment *m, int step,
                      int nth) {
  check_statement(w, m, step);
  if (!s->in_transaction && w->base.disk.leftover[step] == s->run)
    sim_violation(w, "step s%d ran over what its last try left behind", step);
  change(w, s, (sim_op){.kind = OP_EFFECT, .step = step, .nth = nth});
}

static void query_round(sim_world *w, sim_session *s, sim_moment *m, int step,
                        machine_event *event) {
  sim_op op = {.kind = OP_ROUND, .step = step};
  int64_t rest = w->plan->rows[step] - treated_of(w, s, step);
  int64_t limit = m->params[0].integer;
  check_statement(w, m, step);
  if (limit < 1 || limit > 100)
    sim_violation(w, "a round of %lld rows", (long long)limit);
  op.count = rest < limit ? rest : limit;
  change(w, s, op);
  event->rows.affected = op.count;
}

static void query_undo(sim_world *w, sim_session *s, int step, int nth) {
  if ((size_t)nth + 1 < w->plan->steps[step].undo.count)
    return;
  if (!is_done(w, s, step))
    sim_violation(w, "step s%d is undone and was not done", step);
  change(w, s, (sim_op){.kind = OP_CLEAR, .step = step});
}

static bool query_of_step(sim_world *w, sim_session *s, sim_moment *m,
                          machine_event *event) {
  sim_base *b = &w->base;
  upk_str sql = upk_str_from(m->sql);
  int i, k;
  if (sim_parse(sql, "pre", &i, &k)) {
    bool wanted = !is_done(w, s, i) && !b->fixed[i];
    if (!b->gone[i])
      reply_check(w, event,
                  wanted && !sim_chance(&w->random, w->faults.check_false));
  } else if (sim_parse(sql, "post", &i, &k)) {
    reply_check(w, event, is_done(w, s, i) && !b->spoilt[i]);
  } else if (sim_parse(sql, "done", &i, &k)) {
    reply_value(w, event, (plan_value){PLAN_INT, is_done(w, s, i), UPK_NO_STR});
  } else if (sim_parse(sql, "partial", &i, &k)) {
    bool some = b->disk.leftover[i] || (is_begun(w, i) && !is_done(w, s, i));
    reply_value(w, event, (plan_value){PLAN_INT, some, UPK_NO_STR});
  } else if (sim_parse(sql, "run", &i, &k)) {
    query_run(w, s, m, i, k);
  } else if (sim_parse(sql, "round", &i, &k)) {
    query_round(w, s, m, i, event);
  } else if (sim_parse(sql, "create", &i, &k)) {
    query_run(w, s, m, i, k);
    change(w, s, (sim_op){.kind = OP_CREATE});
  } else if (sim_parse(sql, "undo", &i, &k)) {
    query_undo(w, s, i, k);
  } else if (sim_parse(sql, "clean", &i, &k)) {
    change(w, s, (sim_op){.kind = OP_CLEAR, .step = i});
  } else if (sim_parse(sql, "look", &i, &k)) {
    if (i % 2) /* the same in every run */
      fault(event, MACHINE_ERROR, "XX001");
    else
      reply_value(w, event, (plan_value){PLAN_INT, 1, UPK_NO_STR});
  } else {
    return false;
  }
  return true;
}

static void query(sim_world *w, sim_session *s, sim_moment *m,
                  machine_event *event) {
  upk_str sql = upk_str_from(m->sql);
  if (query_of_step(w, s, m, event))
    return;
  if (upk_str_is(sql, "identity"))
    reply_identity(w, event);
  else if (upk_str_is(sql, "present"))
    reply_value(w, event,
                (plan_value){PLAN_BOOL, w->base.disk.ledger, UPK_NO_STR});
  else if (upk_str_is(sql, "runs"))
    reply_rows(w, event, run_number(m->params[1].text), true);
  else if (upk_str_is(sql, "applied"))
    reply_rows(w, event, run_number(m->params[0].text), false);
  else if (upk_str_is(sql, "take"))
    change(w, s, (sim_op){.kind = OP_TAKE});
  else if (upk_str_is(sql, "insert"))
    insert_row(w, s, m, event);
}

static void commit(sim_world *w, sim_session *s) {
  for (size_t i = 0; i < s->op_count && !s->aborted; i++)
    apply(w, &s->ops[i]);
  end_transaction(s);
  /* The standby follows, or lags behind. */
  if (sim_chance(&w->random, 700))
    w->base.replica = w->base.disk;
}

static void try_lock(sim_world *w, unsigned session, unsigned slot,
                     machine_event *event) {
  event->granted = true;
  for (unsigned i = 0; i < BASE_SESSIONS; i++)
    if (i != session && w->base.sessions[i].open &&
        (w->base.sessions[i].locks & (1U << slot)))
      event->granted = false;
  if (event->granted)
    w->base.sessions[session].locks |= 1U << slot;
  else
    event->holder = UPK_STR("a session");
}

/* ---- faults ---- */

/* A statement that commits by itself is cut off: a piece may stay. */
static void leave_piece(sim_world *w, const sim_session *s,
                        const sim_moment *m) {
  int i, k;
  if (!s->in_transaction && sim_parse(upk_str_from(m->sql), "run", &i, &k) &&
      w->plan->leaves[i] && !w->base.disk.effect[i][k] &&
      sim_chance(&w->random, 600))
    w->base.disk.leftover[i] = s->run;
}

static void perform(sim_world *w, sim_moment *m, machine_event *event) {
  sim_session *s = &w->base.sessions[m->session];
  switch (m->command) {
  case MACHINE_QUERY:
    query(w, s, m, event);
    break;
  case MACHINE_BEGIN:
    s->in_transaction = true;
    break;
  case MACHINE_COMMIT:
    commit(w, s);
    break;
  case MACHINE_UNDO_ALL:
    end_transaction(s);
    break;
  case MACHINE_LOCK:
    try_lock(w, m->session, m->slot, event);
    break;
  default:
    break;
  }
  if (event->fault.kind != MACHINE_FINE && s->in_transaction)
    s->aborted = s->aborted || !upk_str_is(event->fault.code, "XX001");
}

/* What goes wrong this time, if anything. */
static machine_fault_kind draw_fault(sim_world *w, const sim_moment *m) {
  sim_faults *f = &w->faults;
  sim_random *r = &w->random;
  bool work = is_work(m) || m->command == MACHINE_COMMIT;
  if (m->cancelled && sim_chance(r, 700))
    return MACHINE_BROKEN_OFF;
  if (sim_chance(r, f->lost))
    return MACHINE_LOST;
  if (work && sim_chance(r, f->broken))
    return MACHINE_BROKEN_OFF;
  if (sim_chance(r, work ? f->transient : f->transient / 8))
    return MACHINE_TRANSIENT;
  if (sim_chance(r, work ? f->error : f->error / 8))
    return MACHINE_ERROR;
  return MACHINE_FINE;
}

static void lose(sim_world *w, sim_moment *m, machine_event *event) {
  fault(event, MACHINE_LOST, NULL);
  if (sim_chance(&w->random, 500))
    leave_piece(w, &w->base.sessions[m->session], m);
  base_close(w, m->session);
}

static void go_wrong(sim_world *w, sim_moment *m, machine_event *event,
                     machine_fault_kind kind) {
  sim_session *s = &w->base.sessions[m->session];
  bool committing = m->command == MACHINE_COMMIT;
  fault(event, kind, kind == MACHINE_TRANSIENT ? "55P03" : "XX000");
  if (kind == MACHINE_TRANSIENT && sim_chance(&w->random, 500))
    event->fault.class = UPK_STR("lock timeout");
  if (committing && kind == MACHINE_BROKEN_OFF) {
    if (sim_chance(&w->random, 500))
      commit(w, s);
    end_transaction(s);
  } else if (committing) {
    end_transaction(s);
  } else if (s->in_transaction) {
    s->aborted = true;
    if (sim_chance(&w->random, 200)) /* SQLite may end it by itself */
      end_transaction(s);
  } else {
    leave_piece(w, s, m);
  }
}

void base_execute(sim_world *w, sim_moment *m, machine_event *event) {
  sim_session *s = &w->base.sessions[m->session];
  bool there = s->open && s->generation == m->generation;
  event->granted = false;
  event->rows.affected = -1;
  if (!there) {
    fault(event, MACHINE_LOST, NULL);
    return;
  }
  machine_fault_kind kind = draw_fault(w, m);
  if (kind == MACHINE_LOST) {
    lose(w, m, event);
    return;
  }
  if (s->aborted && m->command == MACHINE_QUERY)
    fault(event, MACHINE_ERROR, "25P02");
  else if (kind != MACHINE_FINE && m->command != MACHINE_LOCK)
    go_wrong(w, m, event, kind);
  else
    perform(w, m, event);
  if (sim_chance(&w->random, w->faults.reply_lost)) {
    *event = (machine_event){.kind = event->kind, .id = event->id};
    fault(event, MACHINE_LOST, NULL);
    if (s->open)
      base_close(w, m->session);
  }
  event->in_transaction = s->open && s->in_transaction;
}
