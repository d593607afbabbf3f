/* Nodes that actions' functions return, and users' `checks` and `statements`,
 * into the structs of a step. Strict: unknown keys, wrong types and what is
 * missing are errors. */
#ifndef COMPILER_STEP_CONVERT_H
#define COMPILER_STEP_CONVERT_H

#include "ir/ir.h"

/* What the step before had, by place: most texts of a step are those of its
 * neighbour, and are then shared instead of copied. */
typedef struct convert_memory {
  UPK_VEC(upk_str) texts;
  UPK_VEC(const node *) params;
  size_t text, param; /* the next places */
} convert_memory;

typedef struct convert {
  upk_arena *arena; /* results are copied into it */
  upk_diags *diags;
  int code;        /* of diagnostics */
  upk_span span;   /* of their place, when the node has none in `user` mode */
  bool user;       /* point at the node itself: it stands in the policy */
  upk_str subject; /* "action `vacuum`": begins each message */
  upk_str step;    /* id of the step being made, or absent */
  upk_map *texts;  /* `expect` texts known to parse; SQL is not looked at */
  convert_memory *memory; /* may be NULL */
  bool failed;
} convert;

/* Adds a diagnostic "SUBJECT: words", and notes the failure. */
void convert_refuse(convert *c, const node *at, const char *format, ...)
    UPK_PRINTF(3, 4);

/* A text or plain scalar, or absent with a diagnostic that names `what`. */
upk_str convert_text(convert *c, const node *value, const char *what);
/* Not negative. */
int64_t convert_int(convert *c, const node *value, const char *what);
/* Refuses keys of `map` that are not in the list; `keys` ends with NULL. False
 * when it is no map. */
bool convert_keys(convert *c, const node *map, const char *what,
                  const char *const *keys);

/* A plain scalar with the type that it says by itself. */
node convert_scalar(const node *value);
/* Whether it is a list; false too, without a diagnostic, for Lua's {}. */
bool convert_is_list(convert *c, const node *value, const char *what);
/* Texts of a list behind `names`; NULL gives none. */
void convert_names(convert *c, const node *value, const char *what,
                   ir_names *names);
/* Parameters of SQL or of a program: scalars and {from = ..}. */
const node **convert_params(convert *c, const node *list, const char *what,
                            size_t *ret_count);

/* work.c: the programs, files and batches that stand where a statement may. */
ir_exec *convert_exec(convert *c, const node *value);
ir_file *convert_file(convert *c, const node *value);
ir_batch *convert_batch(convert *c, const node *value);

ir_check convert_check(convert *c, const node *value, const char *what,
                       bool is_pre);
ir_statement convert_statement(convert *c, const node *value, const char *what);
/* Lists; NULL nodes give empty ones. Behind checks that are there is room for
 * one more: the invariant's. */
void convert_checks(convert *c, const node *list, const char *what, bool is_pre,
                    ir_check **ret_items, size_t *ret_count);
void convert_statements(convert *c, const node *list, const char *what,
                        ir_statement **ret_items, size_t *ret_count);
void convert_locks(convert *c, const node *list, ir_lock **ret_items,
                   size_t *ret_count);
/* A map of names and texts, sorted by the bytes of names. */
void convert_settings(convert *c, const node *map, ir_setting **ret_items,
                      size_t *ret_count);
ir_estimate convert_estimate(convert *c, const node *map);
/* One of `words`, which ends with NULL; absent after a diagnostic. */
upk_str convert_word(convert *c, const node *value, const char *what,
                     const char *const *words);
bool convert_risk(convert *c, const node *value, ir_risk *ret_risk);
upk_str convert_atomicity(convert *c, const node *value);

/* A deep copy into `arena`; plain scalars become typed. */
const node *convert_copy(upk_arena *arena, const node *value);

#endif
