/* When steps are expected to run. */
#ifndef COMPILER_ORDER_TIMING_H
#define COMPILER_ORDER_TIMING_H

#include "ir/ir.h"

/* Simulates the run of ir->plan_order on the target's jobs: edges, barriers and
 * conflict keys kept, each step as long as its p50 estimate. Sets start_ms and
 * end_ms of the steps and totals.p50_ms; totals.p90_ms by the same with p90
 * estimates. O((steps + edges + keys) log steps). */
void timing_predict(ir *ir);

#endif
