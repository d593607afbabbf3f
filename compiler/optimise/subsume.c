/* Steps that others make redundant, or that exclude each other. */
#include "optimise/optimise.h"

/* ---- conflicts ---- */

typedef struct meeting {
  ir *ir;
  uint32_t step;
} meeting;

static void visit_rival(void *ctx, uint32_t other) {
  const meeting *m = ctx;
  ir_step *a = &m->ir->steps.items[m->step];
  ir_step *b = &m->ir->steps.items[other];
  if (a->dropped)
    return;
  bool first = optimise_precedes(a, b);
  ir_step *kept = first ? a : b;
  ir_step *lost = first ? b : a;
  upk_diag *diag = upk_diag_add(m->ir->diags, 1552, lost->span,
                                "`%.*s` and `%.*s` exclude each other",
                                UPK_FMT(kept->id), UPK_FMT(lost->id));
  upk_diag_label(m->ir->diags, diag, kept->span, "has precedence");
  upk_diag_help(m->ir->diags, diag,
                "Give one policy the higher `priority`, or narrow it with "
                "`where`.");
  optimise_drop(
      m->ir, lost, UPK_STR("conflict"),
      upk_arena_printf(m->ir->arena, "%.*s has precedence", UPK_FMT(kept->id)));
}

void optimise_conflicts(ir *ir, relate *related) {
  for (uint32_t i = 0; i < ir->steps.len; i++) {
    const ir_step *step = &ir->steps.items[i];
    meeting m = {ir, i};
    for (size_t j = 0; j < step->action->conflicts.len && !step->dropped; j++)
      relate_each(related, i, step->action->conflicts.items[j], visit_rival,
                  &m);
  }
}

/* ---- subsumption ---- */

typedef struct pair {
  uint32_t step, redundant;
} pair;

typedef struct subsuming {
  ir *ir;
  uint32_t step;
  UPK_VEC(pair) pairs;
  uint32_t *masters; /* how many could make a step redundant */
} subsuming;

static void visit_redundant(void *ctx, uint32_t other) {
  subsuming *s = ctx;
  *UPK_PUSH(s->ir->arena, &s->pairs) = (pair){s->step, other};
  s->masters[other]++;
}

static void drop_redundant(subsuming *s, uint32_t master, uint32_t number) {
  ir_step *by = &s->ir->steps.items[master];
  ir_step *step = &s->ir->steps.items[number];
  if (step->dropped)
    return;
  optimise_stand_for(s->ir, by, step);
  optimise_drop(
      s->ir, step, UPK_STR("subsumed"),
      upk_arena_printf(s->ir->arena, "%.*s does it too", UPK_FMT(by->id)));
}

/* A step that is itself redundant makes nothing redundant: so each is judged
 * after all that could drop it. Two that name each other: the first stays. */
static void settle(subsuming *s, const uint32_t *first) {
  size_t count = s->ir->steps.len;
  uint32_t *queue = UPK_NEW_ARRAY(s->ir->arena, uint32_t, count + 1);
  uint8_t *queued = UPK_NEW_ARRAY(s->ir->arena, uint8_t, count + 1);
  size_t head = 0, tail = 0, scanned = 0;
  for (uint32_t i = 0; i < count; i++)
    if (!s->masters[i]) {
      queued[i] = 1;
      queue[tail++] = i;
    }
  for (;;) {
    while (head == tail && scanned < count) {
      uint32_t number = (uint32_t)scanned++;
      if (queued[number])
        continue;
      queued[number] = 1;
      queue[tail++] = number;
    }
    if (head == tail)
      return;
    uint32_t master = queue[head++];
    for (uint32_t i = first[master]; i < first[master + 1]; i++) {
      uint32_t redundant = s->pairs.items[i].redundant;
      if (!s->ir->steps.items[master].dropped)
        drop_redundant(s, master, redundant);
      if (--s->masters[redundant] == 0 && !queued[redundant]) {
        queued[redundant] = 1;
        queue[tail++] = redundant;
      }
    }
  }
}

void optimise_subsume(ir *ir, relate *related) {
  size_t count = ir->steps.len;
  subsuming s = {.ir = ir};
  uint32_t *first = UPK_NEW_ARRAY(ir->arena, uint32_t, count + 1);
  s.masters = UPK_NEW_ARRAY(ir->arena, uint32_t, count + 1);
  for (uint32_t i = 0; i < count; i++) {
    const ir_step *step = &ir->steps.items[i];
    first[i] = (uint32_t)s.pairs.len;
    s.step = i;
    for (size_t j = 0; j < step->action->subsumes.len && !step->dropped; j++)
      relate_each(related, i, step->action->subsumes.items[j], visit_redundant,
                  &s);
  }
  first[count] = (uint32_t)s.pairs.len;
  if (s.pairs.len)
    settle(&s, first);
}
