/* When steps are expected to run. */
#ifndef COMPILER_ORDER_TIMING_H
#define COMPILER_ORDER_TIMING_H

#include "ir/ir.h"

/* Simulates the run of ir->plan_order on the target's jobs: edges, barriers and
 * conflict keys kept, each step as long as its p50 estimate, and in an opening
 * into which its p90 fits. The most urgent goes first, and then what fits. Sets
 * the steps' predicted times, their windows, totals.p50_ms, and ir->expires_us;
 * late_end_ms and totals.p90_ms by the same with p90 estimates. What finds no
 * opening before the plan expires is deferred, with what needs it and the rest
 * of an atomic policy. A plan with windows is put into the order of its
 * starts. O((steps + edges + keys) log steps), and once more for each time that
 * something is deferred. */
void timing_predict(ir *ir);

#endif
