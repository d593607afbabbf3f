/* Whether a plan keeps the order of the one that was approved. */
#ifndef RUNTIME_APPROVE_ORDER_H
#define RUNTIME_APPROVE_ORDER_H

#include "approve/statement.h"

/* Edges end at steps or at barriers (`policy:NAME`). Of two steps of `plan`,
 * one of which came before the other with at most barriers between them by
 * `edges` (an array of [from, to], texts), it must still come before: the
 * first step that does not wait any more is *ret_step, for *ret_before. What
 * waits for more than was approved is within what was approved. */
bool order_kept(const upk_json *edges, const reviewed *plan, upk_str *ret_step,
                upk_str *ret_before);

#endif
