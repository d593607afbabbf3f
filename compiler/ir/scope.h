/* What names mean in expressions about one kind of object, and the columns
 * of facts behind them.
 *
 *   size                      an attribute of the kind itself
 *   oldest_row_age(created)   one with arguments: a column of that name
 *   table.size, index.size    of what the object belongs to, or itself
 *   database.size             of a single object, from anywhere
 *   labels.env                a label of the target (text)
 *   setting.work_mem          the value of a row of kind `setting` (text)
 *   requirement.rpo           of the requirements document; NULL when it says
 *                             nothing of it. requirement.retention is that of
 *                             the table, or requirement.retention(orders)
 *   instance.version          of the server, when no collector gives it
 *
 * All policies of a kind share one scope: each name is one slot, and its
 * column is made once.
 */
#ifndef COMPILER_SCOPE_H
#define COMPILER_SCOPE_H

#include "ir/ir.h"

typedef enum ir_slot_source {
  IR_SLOT_OWN,
  IR_SLOT_PARENT,
  IR_SLOT_LABEL,
  IR_SLOT_SETTING,
  IR_SLOT_REQUIREMENT,
  IR_SLOT_VERSION,
  IR_SLOT_LIVE, /* a live metric: known to the runtime alone */
} ir_slot_source;

typedef struct ir_slot {
  upk_str text; /* as it is written: "table.size" */
  ir_slot_source source;
  ir_kind *kind;           /* OWN, PARENT: whose attribute */
  ir_attribute *attribute; /* OWN, PARENT */
  upk_str column;          /* of the facts; a label's key; a setting's name */
  upk_type type;
} ir_slot;

typedef struct ir_scope {
  ir *ir;
  ir_engine *engine;
  ir_kind *kind; /* NULL: live metrics, where single kinds stand bare */
  UPK_VEC(ir_slot) slots;
  upk_map by_text;
  UPK_VEC(upk_column) columns; /* of slots, once bound */
  struct ir_join *joins;       /* rows of parents, once bound */
  bool missing_said;           /* bind: the facts do not have the kind */
} ir_scope;

/* The scope of `kind`, made at the first call. */
ir_scope *ir_scope_of(ir *ir, ir_engine *engine, ir_kind *kind);
/* Of live metrics, for throttles; a new one each time. */
ir_scope *ir_scope_live(ir *ir, ir_engine *engine);
/* The type of a live metric; false when there is none of that name. */
bool ir_metric_find(upk_str name, upk_type *ret_type);
/* The metrics in byte order; NULL past the end. */
const char *ir_metric_at(size_t index, upk_type *ret_type,
                         const char **ret_doc);
/* For upk_expr_compile. */
upk_scope ir_scope_names(ir_scope *scope);
/* The slot of a name as it is written, made if need be; NULL when unknown. */
ir_slot *ir_scope_slot(ir_scope *scope, upk_str written);

/* Gives every slot its column, from ir->facts. May be called again after new
 * slots were made. False after a diagnostic. */
bool ir_scope_bind(ir_scope *scope);
/* Cells of a bound column. */
bool ir_cell_null(const upk_column *column, size_t row);
int64_t ir_cell_integer(const upk_column *column, size_t row);
upk_str ir_cell_text(const upk_column *column, size_t row);

/* The label `key` of a target; `engine` and `target` (its name) are labels that
 * every target has. Absent when it has none. */
upk_str ir_target_label(const ir_target *target, upk_str key);

/* How many objects the facts have of a kind; 0 when none were read. */
size_t ir_kind_rows(const ir *ir, const ir_kind *kind);
/* The object in a row of the kind's facts. Names are in ir->arena. */
ir_object ir_object_at(ir *ir, ir_kind *kind, size_t row);
/* The same with names in `arena`: for reports, which name many one by one. */
ir_object ir_object_in(upk_arena *arena, const ir *ir, ir_kind *kind,
                       size_t row);
/* Why a policy's `ensure` (or `warn`, for verdict warns; or `where`, when that
 * is unknown) is as it is for a row; text in ir->arena, made of the values:
 * "bloat_ratio 41% > 30%". */
upk_str ir_because(ir *ir, const ir_policy *policy, size_t row);
upk_str ir_because_in(upk_arena *arena, ir *ir, const ir_policy *policy,
                      size_t row);
/* The word of a verdict as files have it: "holds", "unknown". */
const char *ir_verdict_name(ir_verdict verdict);

#endif
