/* What a reviewer asks of a plan first, counted. */
#ifndef CLI_PLAN_SUM_H
#define CLI_PLAN_SUM_H

#include "plan_view.h"

typedef struct plan_sum {
  size_t steps, high, medium, no_undo, blocking, anytime;
  size_t deferred, unknown, warns, holds, excluded, exempt;
  size_t errors, warnings; /* findings of lint in the plan */
  uint64_t signatures;     /* the most that one of its steps needs */
  int64_t blocking_ms, p50_ms, p90_ms;
} plan_sum;

plan_sum plan_sum_of(const plan_view *view);
const char *plan_sum_risk(const plan_sum *sum); /* "high", "medium", "low" */

/* How a name of others is written in the markup at hand. */
typedef void (*plan_name)(upk_buf *out, upk_str name);
/* One line that can be read alone: what would be done to which target, how
 * risky it is, whom it blocks, when it runs, who must agree. No full stop. */
void plan_verdict(const plan_view *view, const plan_sum *sum, plan_name name,
                  upk_buf *out);
/* "2 deferred (1 cooldown, 1 window), 1 unknown, ..." */
void plan_not_done(const plan_view *view, const plan_sum *sum, upk_buf *out);

#endif
