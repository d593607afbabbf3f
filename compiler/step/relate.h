/* Steps found from steps: what `subsumes`, `conflicts`, `before`, `after`,
 * `provides`, `fights` and `followups` of an action's definition speak of.
 *
 *   "refresh_statistics"      on the same object
 *   "rebuild_index:children"  on objects that belong to it
 *   "refresh_statistics:parent"  on what it belongs to
 */
#ifndef COMPILER_STEP_RELATE_H
#define COMPILER_STEP_RELATE_H

#include "ir/ir.h"

enum { RELATE_KEYS_MAX = 8 };

typedef struct relate relate;

/* The index of ir's steps, shared by all passes; made when it is first asked
 * something, and then brought up to date. */
relate *relate_of(ir *ir);

/* Calls visit(ctx, other) for each step that `entry` means from `step`, in
 * order of their numbers; dropped steps and `step` itself are left out. */
void relate_each(relate *r, uint32_t step, upk_str entry,
                 void (*visit)(void *ctx, uint32_t other), void *ctx);

/* The entries of a list in an action's definition, such as "fights"; absent
 * gives none. Results are in ir->arena. */
size_t relate_entries(const ir *ir, const ir_action *action, const char *key,
                      const upk_str **ret_entries);

/* Splits "action:parent" into its action and "parent"; suffix may be absent. */
upk_str relate_split(upk_str entry, upk_str *ret_suffix);

/* The key values of the parent of kind `parent`: their count, or 0 when the
 * object has none or it is not known. A single parent is not named by the
 * child's columns: see relate_parent_object. */
size_t relate_parent(const ir *ir, const ir_object *object, upk_str parent,
                     upk_str ret_names[RELATE_KEYS_MAX]);
/* The object's parent of that kind as an object of the facts; false when it
 * has none there. */
bool relate_parent_object(ir *ir, const ir_object *object, ir_kind *parent,
                          ir_object *ret_parent);

#endif
