/* A rehearsal: each step in a transaction of its own that is rolled back, after
 * the statements of the steps that come before it, where these are few and were
 * quick (a plan that makes the ledger has it before everything). It goes
 * as a run goes (identity, lock, gates, guard, limits, checks), and differs in
 * this: what a rollback does not take back is not begun; where the ledger's row
 * and COMMIT would come, ROLLBACK comes; nothing is logged, and the lease stays
 * with whoever has it. */
#include "machine/private.h"

enum {
  TRIES_MAX = 3,          /* of a step that others are in the way of */
  LEAD_MAX = 64,          /* statements of steps before it */
  QUICK_US = 1000 * 1000, /* one of those took no longer */
};

/* ---- what is not begun ---- */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
         c == '\v' || c == ';' || c == '(';
}

/* Behind the comment that begins at `at`; `at` when none does. Whether comments
 * nest differs: *ret_odd says that it matters. */
static size_t skip_comment(upk_str sql, size_t at, bool *ret_odd) {
  if (at + 1 >= sql.len)
    return at;
  if (sql.data[at] == '-' && sql.data[at + 1] == '-') {
    while (at < sql.len && sql.data[at] != '\n')
      at++;
    return at;
  }
  if (sql.data[at] != '/' || sql.data[at + 1] != '*')
    return at;
  for (at += 2; at + 1 < sql.len; at++) {
    *ret_odd = *ret_odd || (sql.data[at] == '/' && sql.data[at + 1] == '*');
    if (sql.data[at] == '*' && sql.data[at + 1] == '/')
      return at + 2;
  }
  return sql.len;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static upk_str first_word(upk_str sql, bool *ret_odd) {
  size_t at = 0, end = 0;
  for (size_t next; at < sql.len; at = next) {
    next = is_blank(sql.data[at]) ? at + 1 : skip_comment(sql, at, ret_odd);
    if (next == at)
      break;
  }
  for (end = at; end < sql.len && is_letter(sql.data[end]); end++)
    ;
  return (upk_str){sql.data + at, end - at};
}

static bool is_word(upk_str word, const char *lower) {
  size_t i = 0;
  for (; i < word.len && lower[i]; i++)
    if ((word.data[i] | 0x20) != lower[i])
      return false;
  return i == word.len && !lower[i];
}

/* A statement that begins or ends transactions would commit what was tried. */
static bool ends_transaction(upk_str sql) {
  static const char *const words[] = {"abort",   "begin",    "commit", "end",
                                      "prepare", "rollback", "start"};
  bool odd = false;
  upk_str word = first_word(sql, &odd);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (is_word(word, words[i]))
      return true;
  return odd;
}

static bool any_ends(const plan_step *p) {
  for (size_t i = 0; i < p->run.count; i++)
    if (ends_transaction(p->run.items[i].query.sql))
      return true;
  return false;
}

static bool any_program(const plan_step *p) {
  for (size_t i = 0; i < p->post.count; i++)
    for (size_t j = 0; j < p->post.items[i].query_count; j++)
      if (p->post.items[i].queries[j].exec)
        return true;
  return false;
}

upk_str rehearse_refusal(const machine *m, const step *s) {
  const plan_step *p = s->plan;
  const struct {
    bool holds;
    const char *why;
  } reasons[] = {
      {p->atomicity == PLAN_EXTERNAL, "it acts outside the database"},
      {p->atomicity == PLAN_AUTOCOMMIT, "it commits by itself"},
      {p->has_batch, "it works in rounds, and each commits"},
      {p->run_lead > 0, "a statement of it stands before its transaction"},
      {any_program(p), "a program validates it"},
      {any_ends(p), "a statement of it may end its transaction"},
      {p->locks_out && m->config.rehearse != MACHINE_REHEARSE_ALL,
       "it locks out all others; --rehearse-all tries it too"},
  };
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].holds)
      return upk_str_from(reasons[i].why);
  return UPK_NO_STR;
}

/* ---- what comes before a step ---- */

static void make_back(machine *m) {
  const plan *p = m->plan;
  size_t nodes = p->step_count + p->barrier_count;
  m->back_first = UPK_NEW_ARRAY(m->arena, uint32_t, nodes + 2);
  m->back_from = UPK_NEW_ARRAY(m->arena, uint32_t, p->edge_count + 1);
  for (size_t i = 0; i < p->edge_count; i++)
    m->back_first[p->edges[i].to + 2]++;
  for (size_t i = 2; i < nodes + 2; i++)
    m->back_first[i] += m->back_first[i - 1];
  for (size_t i = 0; i < p->edge_count; i++)
    m->back_from[m->back_first[p->edges[i].to + 1]++] = p->edges[i].from;
}

/* Marks in `before` every step that comes before the node. */
static void mark_before(machine *m, uint32_t node, bool *before) {
  uint32_t *stack = m->node_queue;
  size_t len = 0;
  stack[len++] = node;
  while (len) {
    uint32_t of = stack[--len];
    for (uint32_t i = m->back_first[of]; i < m->back_first[of + 1]; i++) {
      uint32_t from = m->back_from[i];
      if (before[from])
        continue;
      before[from] = true;
      stack[len++] = from;
    }
  }
}

/* Statements that can be sent for another step: nothing in them refers to what
 * that step saw. What they say of a step (step.run) is then said of the other.
 */
static bool is_plain(const plan_step *p) {
  for (size_t i = 0; i < p->run.count; i++) {
    const plan_statement *statement = &p->run.items[i];
    if (statement->batch || statement->query.exec || statement->catch_count)
      return false;
    for (size_t j = 0; j < statement->query.param_count; j++)
      if (statement->query.params[j].from.data &&
          !upk_str_starts(statement->query.params[j].from, "step."))
        return false;
  }
  return true;
}

static bool may_lead(const step *other, size_t room) {
  return other->state == MACHINE_REHEARSED &&
         other->rehearsal.took_us <= QUICK_US && is_plain(other->plan) &&
         other->plan->run.count <= room;
}

/* Once an attempt. A step that was skipped has nothing to add. */
static void find_lead(machine *m, step *s) {
  size_t nodes = m->plan->step_count + m->plan->barrier_count;
  bool *before = UPK_NEW_ARRAY(m->out, bool, nodes + 1);
  if (!m->back_first)
    make_back(m);
  mark_before(m, (uint32_t)(s - m->steps), before);
  s->rehearsal.lead = UPK_NEW_ARRAY(s->arena, const plan_statement *, LEAD_MAX);
  for (uint32_t i = 0; i < m->plan->step_count; i++) {
    const step *other = &m->steps[i];
    if (!before[i] || other->state == MACHINE_SKIPPED)
      continue;
    if (!may_lead(other, LEAD_MAX - s->rehearsal.lead_count)) {
      s->rehearsal.missing = i + 1;
      continue;
    }
    for (size_t k = 0; k < other->plan->run.count; k++)
      s->rehearsal.lead[s->rehearsal.lead_count++] = &other->plan->run.items[k];
  }
}

bool rehearse_lead(machine *m, step *s) {
  if (!s->rehearsal.lead)
    find_lead(m, s);
  if (s->rehearsal.lead_at == s->rehearsal.lead_count)
    return false;
  const plan_statement *next = s->rehearsal.lead[s->rehearsal.lead_at++];
  s->phase = PHASE_LEADING;
  step_query(m, s, &next->query, 0);
  return true;
}

void step_on_leading(machine *m, step *s) {
  if (m->event->fault.kind != MACHINE_FINE) {
    s->rehearsal.missing = schedule_before(m, s);
    fail_step(m, s, 3291,
              command_text(m, "what comes before it cannot be done: %.*s",
                           UPK_FMT(fault_text(m, &m->event->fault))));
  } else if (!m->event->in_transaction) {
    s->begun = false;
    fail_step(m, s, 3292,
              UPK_STR("a statement before it ended the transaction"));
  } else if (!rehearse_lead(m, s)) {
    step_run(m, s);
  }
}

/* ---- how a step ends ---- */

void rehearse_leave(machine *m, step *s, upk_str why) {
  s->why = (verdict){.text = upk_arena_copy(s->arena, why)};
  step_end(m, s, MACHINE_READY);
}

void rehearse_finish(machine *m, step *s) {
  step_ask(m, s, PHASE_REHEARSED, MACHINE_UNDO_ALL);
}

/* A session that cannot roll back is closed, and the server does it then. */
void step_on_rehearsed(machine *m, step *s) {
  if (m->event->fault.kind != MACHINE_FINE) {
    fail_step(m, s, 3291,
              command_text(m, "its rollback failed: %.*s",
                           UPK_FMT(fault_text(m, &m->event->fault))));
    return;
  }
  s->begun = false;
  s->rehearsal.took_us = m->mono_us - s->started_us;
  step_end(m, s, MACHINE_REHEARSED);
}

static bool others_in_the_way(const step *s) {
  return s->retry || s->fault == MACHINE_TRANSIENT ||
         s->fault == MACHINE_LOST || s->watched.cut != CUT_NONE;
}

void rehearse_note(machine *m, step *s) {
  s->rehearsal.denied = m->event->kind == MACHINE_REPLY &&
                        m->event->fault.kind == MACHINE_ERROR &&
                        upk_str_is(m->event->fault.class, "privilege missing");
}

/* A statement ended the transaction, and may have committed what it did. */
static void may_be_left(machine *m, step *s) {
  s->effect = true;
  m->stopping = true;
  step_end(m, s, MACHINE_FAILED);
}

/* A step before it whose effect is not there, from 1 on; 0: nothing excuses
 * its failure. */
static uint32_t excuse_of(const machine *m, const step *s) {
  if (s->rehearsal.denied)
    return 0;
  return s->failed_in == PHASE_PRE ? schedule_before(m, s)
                                   : s->rehearsal.missing;
}

void rehearse_settle(machine *m, step *s) {
  uint32_t missing = excuse_of(m, s);
  s->loose = s->effect = false;
  if (s->why.code == 3292) {
    may_be_left(m, s);
  } else if (m->stop) {
    s->why = (verdict){0};
    step_end(m, s, MACHINE_CANCELLED);
  } else if (others_in_the_way(s) && s->watched.cut == CUT_NONE &&
             s->tries < TRIES_MAX && s->tries <= s->plan->retries) {
    fail_retry(m, s);
  } else if (others_in_the_way(s)) {
    rehearse_leave(m, s, s->why.text);
  } else if (missing) {
    rehearse_leave(m, s,
                   command_text(m,
                                "it comes after step %u, whose effect is not "
                                "there; without it: %.*s",
                                missing, UPK_FMT(s->why.text)));
  } else {
    s->why.code = 3291;
    step_end(m, s, MACHINE_FAILED);
  }
}

upk_status rehearse_verdict(const machine *m) {
  machine_counts counts = machine_count(m);
  for (size_t i = 0; i < m->plan->step_count; i++)
    if (m->steps[i].state == MACHINE_FAILED && m->steps[i].effect)
      return UPK_PARTIAL;
  if (counts.failed)
    return UPK_PRECHECK;
  if (m->stop || counts.cancelled)
    return m->stop ? UPK_CANCELLED : UPK_WINDOW;
  return UPK_OK;
}
