/* Which step may start: predecessors done, no conflict key busy, and the
 * lowest number first, which is the plan's order. Ready steps are in a heap;
 * one that meets a busy key is parked there until the key is free. */
#include "machine/private.h"

static void heap_push(machine *m, uint32_t number) {
  size_t at = m->heap_len++;
  while (at && m->heap[(at - 1) / 2] > number) {
    m->heap[at] = m->heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  m->heap[at] = number;
}

static uint32_t heap_pop(machine *m) {
  uint32_t top = m->heap[0], last = m->heap[--m->heap_len];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= m->heap_len)
      break;
    if (child + 1 < m->heap_len && m->heap[child + 1] < m->heap[child])
      child++;
    if (m->heap[child] >= last)
      break;
    m->heap[at] = m->heap[child];
    at = child;
  }
  m->heap[at] = last;
  return top;
}

static void make_edges(machine *m, size_t nodes) {
  const plan *p = m->plan;
  m->edge_first = UPK_NEW_ARRAY(m->arena, uint32_t, nodes + 2);
  m->edge_to = UPK_NEW_ARRAY(m->arena, uint32_t, p->edge_count + 1);
  m->node_waits = UPK_NEW_ARRAY(m->arena, uint32_t, nodes + 1);
  m->node_queue = UPK_NEW_ARRAY(m->arena, uint32_t, nodes + 1);
  m->node_before = UPK_NEW_ARRAY(m->arena, uint32_t, nodes + 1);
  for (size_t i = 0; i < p->edge_count; i++) {
    m->node_waits[p->edges[i].to]++;
    m->edge_first[p->edges[i].from + 2]++;
  }
  for (size_t i = 2; i < nodes + 2; i++)
    m->edge_first[i] += m->edge_first[i - 1];
  for (size_t i = 0; i < p->edge_count; i++)
    m->edge_to[m->edge_first[p->edges[i].from + 1]++] = p->edges[i].to;
}

/* What a node that is done tells those after it. */
static uint32_t before_of(const machine *m, uint32_t node) {
  if (node < m->plan->step_count && (m->steps[node].state == MACHINE_READY ||
                                     m->steps[node].state == MACHINE_REHEARSED))
    return node + 1;
  return m->node_before[node];
}

/* What follows from nodes in the queue that are done. */
static void settle(machine *m, size_t tail) {
  for (size_t head = 0; head < tail; head++) {
    uint32_t node = m->node_queue[head], before = before_of(m, node);
    for (uint32_t i = m->edge_first[node]; i < m->edge_first[node + 1]; i++) {
      uint32_t next = m->edge_to[i];
      if (m->node_before[next] < before)
        m->node_before[next] = before;
      if (--m->node_waits[next])
        continue;
      if (next >= m->plan->step_count)
        m->node_queue[tail++] = next;
      else if (m->steps[next].state == MACHINE_PENDING)
        heap_push(m, next);
    }
  }
}

void schedule_init(machine *m) {
  const plan *p = m->plan;
  size_t nodes = p->step_count + p->barrier_count, tail = 0;
  make_edges(m, nodes);
  m->heap = UPK_NEW_ARRAY(m->arena, uint32_t, p->step_count + 1);
  m->gated = UPK_NEW_ARRAY(m->arena, uint32_t, p->step_count + 1);
  m->keys = UPK_NEW_ARRAY(m->arena, key_wait, p->conflict_key_count + 1);
  m->policy_active = UPK_NEW_ARRAY(m->arena, size_t, p->policy_count + 1);
  for (uint32_t i = 0; i < nodes; i++) {
    if (m->node_waits[i])
      continue;
    if (i < p->step_count && m->steps[i].state == MACHINE_PENDING)
      heap_push(m, i);
    else if (i >= p->step_count)
      m->node_queue[tail++] = i;
  }
  settle(m, tail);
}

static key_wait *busy_key(machine *m, uint32_t number) {
  const plan_step *p = m->steps[number].plan;
  for (size_t i = 0; i < p->conflict_count; i++)
    if (m->keys[p->conflicts[i]].busy)
      return &m->keys[p->conflicts[i]];
  return NULL;
}

/* Lets the next step that waits for a free key look again. */
static void unpark(machine *m, key_wait *key) {
  while (!key->busy && key->first < key->parked.len) {
    uint32_t number = key->parked.items[key->first++];
    if (m->steps[number].state != MACHINE_PENDING)
      continue;
    heap_push(m, number);
    return;
  }
}

static void unpark_all(machine *m, size_t number) {
  const plan_step *p = m->steps[number].plan;
  for (size_t i = 0; i < p->conflict_count; i++)
    unpark(m, &m->keys[p->conflicts[i]]);
}

int schedule_pick(machine *m) {
  while (m->heap_len) {
    uint32_t number = heap_pop(m);
    bool pending = m->steps[number].state == MACHINE_PENDING;
    key_wait *key = busy_key(m, number);
    if (pending && !key)
      return (int)number;
    if (pending)
      *UPK_PUSH(m->arena, &key->parked) = number;
    /* A key that let it go is not used by it: its next may go instead. */
    unpark_all(m, number);
  }
  return NO_STEP;
}

void schedule_gate(machine *m, size_t number) {
  m->gated[m->gated_len++] = (uint32_t)number;
}

void schedule_ungate(machine *m) {
  while (m->gated_len) {
    uint32_t number = m->gated[--m->gated_len];
    if (m->steps[number].state == MACHINE_PENDING)
      heap_push(m, number);
  }
}

void schedule_take(machine *m, size_t number) {
  const plan_step *p = m->steps[number].plan;
  for (size_t i = 0; i < p->conflict_count; i++)
    m->keys[p->conflicts[i]].busy++;
  if (p->policy != PLAN_NO_POLICY)
    m->policy_active[p->policy]++;
}

void schedule_done(machine *m, size_t number) {
  const plan_step *p = m->steps[number].plan;
  for (size_t i = 0; i < p->conflict_count; i++)
    m->keys[p->conflicts[i]].busy--;
  unpark_all(m, number);
  if (p->policy != PLAN_NO_POLICY)
    m->policy_active[p->policy]--;
}

void schedule_put_back(machine *m, size_t number) {
  schedule_done(m, number);
  if (!m->node_waits[number])
    heap_push(m, (uint32_t)number);
}

uint32_t schedule_before(const machine *m, const step *s) {
  return m->node_before[s - m->steps];
}

void schedule_release(machine *m, size_t number) {
  m->node_queue[0] = (uint32_t)number;
  settle(m, 1);
}

/* Those that wait for a gate and are pending still. */
static void forget_gated(machine *m) {
  size_t kept = 0;
  for (size_t i = 0; i < m->gated_len; i++)
    if (m->steps[m->gated[i]].state == MACHINE_PENDING)
      m->gated[kept++] = m->gated[i];
  m->gated_len = kept;
}

void schedule_cancel(machine *m, uint32_t policy, const char *why) {
  size_t count = 0, n = m->plan->step_count;
  for (size_t i = 0; i < n; i++) {
    step *s = &m->steps[i];
    if (s->state != MACHINE_PENDING ||
        (policy != PLAN_NO_POLICY && s->plan->policy != policy))
      continue;
    step_cancel(m, s);
    count++;
  }
  if (!count || !*why)
    return;
  forget_gated(m);
  record_note(m, command_text(m, "%zu %s not started: %s", count,
                              count == 1 ? "step is" : "steps are", why));
  /* Steps of other policies that wait for these still run. */
  for (size_t i = 0; policy != PLAN_NO_POLICY && i < n; i++) {
    step *s = &m->steps[i];
    if (s->state == MACHINE_CANCELLED && s->plan->policy == policy &&
        !s->released) {
      s->released = true;
      schedule_release(m, i);
    }
  }
}

/* The last applied step of a policy that was not looked at yet. While one of
 * its steps is in doubt there is none: what came before it may be under it. */
static int last_applied(const machine *m, size_t policy) {
  int last = NO_STEP;
  uint64_t order = 0;
  for (size_t i = 0; i < m->plan->step_count; i++) {
    const step *s = &m->steps[i];
    if (s->plan->policy != policy)
      continue;
    if (s->state == MACHINE_IN_DOUBT)
      return NO_STEP;
    if (s->state == MACHINE_APPLIED && !s->undo_tried &&
        s->applied_order > order) {
      order = s->applied_order;
      last = (int)i;
    }
  }
  return last;
}

/* The next of a policy that can be undone; says which cannot. */
static int next_to_undo(machine *m, size_t policy) {
  for (;;) {
    int number = last_applied(m, policy);
    if (number == NO_STEP || m->steps[number].plan->can_undo)
      return number;
    undo_note(m, &m->steps[number]);
  }
}

int schedule_undo(machine *m) {
  for (size_t i = 0; i < m->plan->policy_count; i++) {
    if (!m->policy_given_up[i] || m->policy_active[i])
      continue;
    int number = next_to_undo(m, i);
    if (number == NO_STEP)
      m->policy_given_up[i] = false; /* all undone that can be */
    else if (!busy_key(m, (uint32_t)number))
      return number;
  }
  return NO_STEP;
}
