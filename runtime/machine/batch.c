/* Batches: statements that are repeated, each round a transaction of its own,
 * until a round treats fewer rows than it was asked for.
 *
 *   gate -> BEGIN -> statements -> expect -> ledger -> COMMIT -> adapt -+
 *    ^  |                |                              |               |
 *    |  v                +- transient: ROLLBACK, smaller +-> the end    |
 *    wait <-------------------+                                         |
 *    ^                                                                  |
 *    +------------------------------------------------------------------+
 *
 * Between two rounds nothing is held, so all that may stop, pause or slow down
 * a run is asked there. What was committed stays, whatever comes: a round does
 * not find again what an earlier one treated, so the step can be begun anew at
 * any time. Outside a transaction (two files) statements commit one by one.
 *
 * The size of a round aims at a time: see adapt(). Rounds are never `det`. */
#include "machine/private.h"

enum {
  TELL_US = 2 * 1000 * 1000, /* between two records */
  BACKOFF_FIRST_US = 100 * 1000,
  BACKOFF_MAX_US = 5 * 1000 * 1000,
};

struct batch {
  const plan_batch *plan;
  bool undo;
  int64_t size, asked;      /* rows: the next round's; of the round under way */
  int64_t count;            /* rows the round under way treated */
  int64_t rounds, rows, of; /* of this batch; of: -1: not known */
  size_t statement;
  unsigned tries;
  int64_t pause_us;
  /* before the next try, of one that waits for a lock */ /* of the round
                                                             under way */
  int64_t began_us, told_us, last_us;
  bool more; /* another round is needed behind the one under way */
  bool told; /* the last round has its record */
  /* What the last round that was committed returned, and the one under way:
   * each in an arena that is emptied when its turn comes again. */
  upk_arena *arenas[2];
  returned *values[2];
  size_t counts[2];
  unsigned turn;
};

static void next_round(machine *m, step *s);

/* ---- values ---- */

void batch_free(step *s) {
  if (!s->batch)
    return;
  upk_arena_free(s->batch->arenas[0]);
  upk_arena_free(s->batch->arenas[1]);
  s->batch = NULL;
}

const returned *batch_find(const step *s, upk_str name) {
  const batch *b = s->batch;
  for (unsigned age = 0; b && age < 2; age++) {
    unsigned turn = age ? !b->turn : b->turn;
    for (size_t i = 0; i < b->counts[turn]; i++)
      if (upk_str_equal(b->values[turn][i].name, name))
        return &b->values[turn][i];
  }
  return NULL;
}

const cell *batch_value(machine *m, const step *s, upk_str name) {
  const batch *b = s->batch;
  cell *c = UPK_NEW(m->scratch, cell);
  c->name = name;
  c->type = UPK_TYPE_INT;
  if (upk_str_is(name, "rows"))
    c->integer = s->batch_rows;
  else if (upk_str_is(name, "rounds"))
    c->integer = s->batch_rounds;
  else if (upk_str_is(name, "limit") && b)
    c->integer = b->asked;
  else
    return NULL;
  return c;
}

upk_str batch_statement(machine *m, const step *s) {
  const batch *b = s->batch;
  return command_text(m, "round %lld: %lld row%s",
                      (long long)s->batch_rounds + 1, (long long)b->count,
                      b->count == 1 ? "" : "s");
}

bool batch_undoes(const step *s) { return s->batch && s->batch->undo; }

static void keep(machine *m, step *s, upk_str name) {
  batch *b = s->batch;
  if (!name.data)
    return;
  returned *kept = &b->values[b->turn][b->counts[b->turn]++];
  *kept = (returned){.name = name};
  step_returned(m, b->arenas[b->turn], &kept->values);
}

/* A number that a place of the plan stands for; -1: there is none. */
static int64_t number_at(machine *m, step *s, upk_str place) {
  plan_param param = {.from = place};
  plan_value value;
  upk_arena_reset(m->scratch);
  if (!place.data || !value_resolve(m, s, &param, &value) ||
      value.type != PLAN_INT || value.integer < 0)
    return -1;
  return value.integer;
}

static bool needs_more(machine *m, step *s) {
  batch *b = s->batch;
  plan_param param = {.from = b->plan->more};
  plan_value value;
  upk_arena_reset(m->scratch);
  if (!b->plan->more.data)
    return b->count >= b->asked;
  return value_resolve(m, s, &param, &value) && value.integer != 0 &&
         (value.type == PLAN_BOOL || value.type == PLAN_INT);
}

/* ---- records ---- */

static upk_str progress_text(machine *m, const batch *b) {
  if (b->of >= b->rows)
    return command_text(m, "round %lld: %lld of %lld rows",
                        (long long)b->rounds, (long long)b->rows,
                        (long long)b->of);
  return command_text(m, "round %lld: %lld rows", (long long)b->rounds,
                      (long long)b->rows);
}

static void tell(machine *m, step *s) {
  batch *b = s->batch;
  record r;
  record_init(&r, m, s, "step.batch", false);
  upk_json_put_int(r.obs_writer, "elapsed_us", b->last_us);
  upk_json_put_int(r.obs_writer, "limit", b->asked);
  if (b->of >= 0)
    upk_json_put_int(r.obs_writer, "of", b->of);
  upk_json_put_int(r.obs_writer, "round", b->rounds);
  upk_json_put_int(r.obs_writer, "rows", b->count);
  record_end(&r, false, progress_text(m, b));
  b->told = true;
  b->told_us = m->mono_us;
}

static void record_whole(machine *m, step *s) {
  record r;
  record_init(&r, m, s, "step.statement", true);
  upk_json_put_string(r.det_writer, "part",
                      upk_str_from(s->batch->undo ? "undo" : "run"));
  upk_json_put_int(r.det_writer, "statement", (int64_t)s->statement + 1);
  upk_json_put_int(r.obs_writer, "rounds", s->batch->rounds);
  upk_json_put_int(r.obs_writer, "rows", s->batch->rows);
  record_end(&r, false, UPK_NO_STR);
}

/* ---- the end ---- */

static void finish(machine *m, step *s) {
  batch *b = s->batch;
  bool undo = b->undo;
  if (!b->told)
    tell(m, s);
  record_whole(m, s);
  batch_free(s);
  if (undo)
    undo_went_on(m, s);
  else
    step_went_on(m, s);
}

/* Between two rounds: the step ends here, and can go on another time. */
static void stop(machine *m, step *s, const char *why) {
  batch *b = s->batch;
  if (b->rounds && !b->told)
    tell(m, s);
  s->why.code = 3281;
  s->why.text = upk_arena_printf(
      s->arena, "%s after %lld round%s with %lld rows", why,
      (long long)s->batch_rounds, s->batch_rounds == 1 ? "" : "s",
      (long long)s->batch_rows);
  batch_free(s);
  fail_stopped(m, s);
}

void batch_on_stop(machine *m, step *s) {
  if (!s->batch->undo)
    stop(m, s, "the run is stopped");
}

/* ---- a round ---- */

/* The rows of the next round: in proportion to what the last one took, at most
 * twice and at least half of it, so that one odd round does little harm. A
 * round that found fewer rows than it wanted says nothing about more. */
static void adapt(const step *s) {
  batch *b = s->batch;
  int64_t most = live_rows(s, b->plan->max_rows);
  int64_t target_ms = live_target_ms(s, b->plan->target_ms);
  int64_t us = b->last_us > 0 ? b->last_us : 1;
  int64_t fits = b->asked * target_ms * 1000 / us;
  if (fits > b->asked * 2)
    fits = b->asked * 2;
  if (fits < b->asked / 2)
    fits = b->asked / 2;
  if (fits > b->size && b->asked < b->size)
    return; /* the last round was a rest */
  b->size = fits < 1 ? 1 : fits > most ? most : fits;
}

static void committed(machine *m, step *s) {
  batch *b = s->batch;
  s->begun = false;
  b->rounds++;
  b->rows += b->count;
  s->batch_rounds++;
  s->batch_rows += b->count;
  b->last_us = m->mono_us - b->began_us;
  b->turn = !b->turn; /* what it returned is the last committed round's now */
  b->tries = 0;
  patience_over(s);
  b->told = false;
  if (b->rounds == 1 || m->mono_us - b->told_us >= TELL_US)
    tell(m, s);
  adapt(s);
  if (!b->more || (b->plan->total_rows && b->rows >= b->plan->total_rows))
    finish(m, s);
  else
    next_round(m, s);
}

/* Whoever waits for somebody's lock does not use up its retries. */
static bool may_try(machine *m, step *s) {
  batch *b = s->batch;
  bool waits = s->plan->wait_ms && patience_is_lock(m);
  b->pause_us = waits ? patience_us(m, s) : 0;
  return waits ? b->pause_us > 0 : (int64_t)b->tries < s->plan->retries;
}

static void round_failed(machine *m, step *s, const char *what) {
  batch *b = s->batch;
  const machine_fault *fault = &m->event->fault;
  if (fault->kind == MACHINE_TRANSIENT && !m->stop && !m->log_broken &&
      may_try(m, s)) {
    b->tries++;
    b->size = b->size > 1 ? b->size / 2 : 1;
    s->seen = upk_arena_copy(s->arena, fault_text(m, fault));
    if (s->begun)
      step_ask(m, s, PHASE_ROUND_ROLLBACK, MACHINE_UNDO_ALL);
    else
      step_on_round_rollback(m, s);
    return;
  }
  if (b->undo)
    undo_failed(m, s);
  else
    fail_step(m, s, 3280,
              command_text(m, "%s of round %lld failed: %.*s", what,
                           (long long)s->batch_rounds + 1,
                           UPK_FMT(fault_text(m, fault))));
}

/* Rolled back; waits, and then tries with fewer rows. */
void step_on_round_rollback(machine *m, step *s) {
  batch *b = s->batch;
  if (m->event->fault.kind != MACHINE_FINE && s->begun) {
    round_failed(m, s, "rolling back");
    return;
  }
  s->begun = false;
  int64_t us = BACKOFF_FIRST_US;
  for (unsigned i = 1; i < b->tries && us < BACKOFF_MAX_US; i++)
    us *= 2;
  us = b->pause_us
           ? b->pause_us
           : machine_jitter(m, us < BACKOFF_MAX_US ? us : BACKOFF_MAX_US);
  record r;
  record_init(&r, m, s, "step.retry", false);
  upk_json_put_int(r.obs_writer, "attempt", s->attempt);
  upk_json_put_int(r.obs_writer, "delay_us", us);
  upk_json_put_int(r.obs_writer, "limit", b->size);
  upk_json_put_int(r.obs_writer, "round", s->batch_rounds + 1);
  record_end(&r, false, s->seen);
  s->phase = PHASE_ROUND_WAIT;
  step_sleep(m, s, us);
}

static void broken(machine *m, step *s, int code, upk_str text) {
  if (s->batch->undo)
    undo_broken(m, s, text);
  else
    fail_step(m, s, code, text);
}

/* A marker must never commit alone. */
static bool still_begun(machine *m, step *s) {
  if (!s->begun || m->event->in_transaction)
    return true;
  s->begun = false;
  broken(m, s, 3280,
         command_text(m, "a statement of round %lld ended its transaction",
                      (long long)s->batch_rounds + 1));
  return false;
}

static void send(machine *m, step *s) {
  batch *b = s->batch;
  s->phase = PHASE_ROUND;
  if (b->statement == 0) /* an operator's word may have come since */
    b->asked = live_rows(s, b->asked);
  if (!s->begun && !b->undo)
    s->loose = true;
  step_query(m, s, &b->plan->run.items[b->statement].query,
             b->plan->run.items[b->statement].returns.data ? 1 : 0);
}

static void ask_commit(machine *m, step *s) {
  if (s->begun)
    step_ask(m, s, PHASE_ROUND_COMMIT, MACHINE_COMMIT);
  else
    committed(m, s);
}

static void statements_ran(machine *m, step *s) {
  batch *b = s->batch;
  b->count = number_at(m, s, b->plan->count);
  if (b->count < 0) {
    broken(m, s, 3280,
           command_text(m, "round %lld does not tell its `%.*s`",
                        (long long)s->batch_rounds + 1,
                        UPK_FMT(b->plan->count)));
    return;
  }
  if (b->plan->expect.data && !check_expect(m, s, b->plan->expect)) {
    broken(m, s, 3280,
           command_text(m, "round %lld is not as expected: %.*s",
                        (long long)s->batch_rounds + 1, UPK_FMT(s->seen)));
    return;
  }
  b->more = needs_more(m, s);
  s->partly = s->partly || !b->undo;
  if (!m->plan->has_ledger || !b->count) {
    ask_commit(m, s);
    return;
  }
  s->phase = PHASE_ROUND_LEDGER;
  step_query(m, s, &m->plan->ledger_insert, 0);
}

void step_on_round(machine *m, step *s) {
  batch *b = s->batch;
  if (m->event->fault.kind != MACHINE_FINE) {
    round_failed(m, s, "a statement");
    return;
  }
  if (!still_begun(m, s))
    return;
  keep(m, s, b->plan->run.items[b->statement].returns);
  if (++b->statement < b->plan->run.count)
    send(m, s);
  else
    statements_ran(m, s);
}

void step_on_round_ledger(machine *m, step *s) {
  if (m->event->fault.kind != MACHINE_FINE)
    round_failed(m, s, "the ledger's row");
  else if (m->event->rows.affected == 0)
    broken(m, s, 3144, ledger_no_row());
  else if (still_begun(m, s))
    ask_commit(m, s);
}

void step_on_round_commit(machine *m, step *s) {
  if (m->event->fault.kind != MACHINE_FINE)
    round_failed(m, s, "commit");
  else
    committed(m, s);
}

void step_on_round_begin(machine *m, step *s) {
  if (m->event->fault.kind != MACHINE_FINE) {
    round_failed(m, s, "begin");
    return;
  }
  s->begun = true;
  send(m, s);
}

/* ---- between rounds ---- */

static bool time_is_over(const machine *m, const step *s) {
  return s->plan->max_ms &&
         m->mono_us - s->started_us >= s->plan->max_ms * 1000;
}

/* Whether the next round may begin now; else the step waits, or ended. */
static bool may_begin(machine *m, step *s) {
  gate_reason why;
  if (s->batch->undo)
    return true;
  if (m->stop || m->log_broken || time_is_over(m, s)) {
    stop(m, s,
         m->stop         ? "the run is stopped"
         : m->log_broken ? "the log cannot be written"
                         : "its longest duration is over");
    return false;
  }
  gate_answer answer = gate_ask(m, s, GATE_ROUND, &why);
  if (answer == GATE_OPEN)
    return true;
  if (answer == GATE_SHUT) {
    stop(m, s, upk_arena_copy(s->arena, why.text).data);
    return false;
  }
  gate_say(m, s, &why);
  s->phase = PHASE_ROUND_WAIT;
  step_sleep(m, s, gate_pause_us(m, &why));
  return false;
}

static void begin_round(machine *m, step *s) {
  batch *b = s->batch;
  int64_t rest = b->plan->total_rows - b->rows;
  b->size = live_rows(s, b->size);
  b->asked = b->plan->total_rows && rest < b->size ? rest : b->size;
  b->statement = 0;
  b->count = 0;
  b->began_us = m->mono_us;
  upk_arena_reset(b->arenas[b->turn]);
  b->values[b->turn] =
      UPK_NEW_ARRAY(b->arenas[b->turn], returned, b->plan->run.count);
  b->counts[b->turn] = 0;
  if (s->plan->atomicity == PLAN_TRANSACTION)
    step_ask(m, s, PHASE_ROUND_BEGIN, MACHINE_BEGIN);
  else
    send(m, s);
}

static void next_round(machine *m, step *s) {
  if (may_begin(m, s))
    begin_round(m, s);
}

void step_on_round_wait(machine *m, step *s) { next_round(m, s); }

void batch_start(machine *m, step *s, const plan_statement *statement,
                 bool undo) {
  batch_free(s);
  batch *b = UPK_NEW(s->arena, batch);
  *b = (batch){.plan = statement->batch, .undo = undo, .of = -1};
  b->arenas[0] = upk_arena_new(NULL);
  b->arenas[1] = upk_arena_new(NULL);
  b->size = b->plan->start_rows;
  b->of = number_at(m, s, b->plan->of);
  if (b->plan->total_rows && b->of > b->plan->total_rows)
    b->of = b->plan->total_rows;
  s->batch = b;
  begin_round(m, s);
}
