/* What the `when` of an approval rule may use, and its value for a step: the
 * compiler asks it of the steps it makes, the executor of those in a plan. */
#ifndef CORE_APPROVAL_H
#define CORE_APPROVAL_H

#include "expr.h"

/* Name, type, doc; in byte order. */
#define UPK_APPROVAL_FACT_TABLE(X)                                             \
  X(action, TEXT, "the action: 'rebuild_index'")                               \
  X(atomicity, TEXT, "transaction, autocommit or external")                    \
  X(blocking, DURATION, "how long it is expected to keep others waiting")      \
  X(bytes, BYTES, "the most that it reads, writes or needs on the disk")       \
  X(duration, DURATION, "how long it takes, seldom more")                      \
  X(engine, TEXT, "the database system: 'postgres'")                           \
  X(irreversible, BOOL, "it has no undo")                                      \
  X(kind, TEXT, "kind of its object: 'index'")                                 \
  X(object, TEXT, "its object: 'public.orders_pkey'")                          \
  X(plan_blocking, DURATION, "`blocking` of the whole plan")                   \
  X(policy, TEXT, "the policy it comes from; NULL of upkeep's own")            \
  X(program, BOOL, "it runs a program")                                        \
  X(risk, TEXT, "low, medium or high")                                         \
  X(steps, INT, "steps of the whole plan")                                     \
  X(target, TEXT, "name of the target")                                        \
  X(undo, TEXT, "inverse, restore or none")                                    \
  X(window, TEXT, "the window it runs in; NULL without one")

typedef enum upk_approval_fact {
#define X(name, type, doc) UPK_APPROVAL_##name,
  UPK_APPROVAL_FACT_TABLE(X)
#undef X
      UPK_APPROVAL_FACTS
} upk_approval_fact;
const char *upk_approval_fact_name(upk_approval_fact fact);
const char *upk_approval_fact_doc(upk_approval_fact fact);

/* Of one step. A text that is absent is NULL. */
typedef struct upk_approval_values {
  upk_str texts[UPK_APPROVAL_FACTS];
  bool unknown[UPK_APPROVAL_FACTS];     /* of those that are no text */
  int64_t integers[UPK_APPROVAL_FACTS]; /* bool 0 or 1, microseconds, bytes */
} upk_approval_values;

/* A `when`; `names` are the labels it uses. */
typedef struct upk_approval_when {
  upk_expr *expr; /* NULL: it fits every step */
  UPK_VEC(upk_str) labels;
} upk_approval_when;

/* Compiles `text` (absent: every step) as upk_expr_compile does; false after
 * diagnostics. Labels are `labels.NAME`, of any name; one that the target does
 * not have is NULL. */
bool upk_approval_compile(upk_arena *arena, upk_str text, upk_span origin,
                          upk_diags *diags, upk_approval_when *ret_when);

/* Whether it fits. UNKNOWN: it cannot be told, for a label is not there. */
upk_truth upk_approval_fits(upk_arena *arena, const upk_approval_when *when,
                            const upk_approval_values *values,
                            upk_str (*label)(void *ctx, upk_str key),
                            void *ctx);

#endif
