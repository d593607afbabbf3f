/* What the files of the plan reader share. */
#ifndef RUNTIME_PLAN_PRIVATE_H
#define RUNTIME_PLAN_PRIVATE_H

#include "map.h"
#include "plan/read.h"

typedef UPK_VEC(plan_step) plan_step_vec;

typedef struct plan_reader {
  upk_arena *arena; /* of the plan */
  upk_arena *trees; /* emptied for each step */
  upk_diags *diags;
  uint32_t source;
  upk_json_reader json;
  upk_str step;    /* being read, for messages; absent: none */
  upk_map queries; /* name -> number in query_texts */
  upk_map step_numbers, policies, conflicts, levels;
  upk_map windows; /* names that steps use -> number */
  UPK_VEC(upk_str) query_texts;
  plan_step_vec steps;
  UPK_VEC(upk_str) intents;
  plan *plan;
} plan_reader;

/* Adds a diagnostic at the reader's place; always false. */
bool plan_bad(plan_reader *rd, int code, const char *format, ...)
    UPK_PRINTF(3, 4);

/* One member that an object may have. */
typedef struct plan_field {
  const char *key;
  upk_json_type type;
  bool required; /* else it may be absent or null */
} plan_field;

/* Whether `value` is an object with just these members. */
bool plan_shape(plan_reader *rd, const upk_json *value, const char *what,
                const plan_field *fields, size_t count);
#define PLAN_SHAPE(rd, value, what, fields)                                    \
  plan_shape((rd), (value), (what), (fields), sizeof(fields) / sizeof *(fields))

/* An array of texts as it stands. */
bool plan_texts(plan_reader *rd, const upk_json *array, const char *what,
                const upk_str **ret_items, size_t *ret_count);

/* read_part.c */
bool plan_read_query(plan_reader *rd, const upk_json *value, const char *what,
                     plan_query *ret_query);
bool plan_read_check(plan_reader *rd, const upk_json *value, const char *what,
                     plan_check *ret_check);
bool plan_read_checks(plan_reader *rd, const upk_json *array, const char *what,
                      plan_checks *ret_checks);
bool plan_read_statements(plan_reader *rd, const upk_json *array,
                          const char *what, size_t *ret_lead,
                          plan_statements *ret_statements);

/* The members of `value` that make a program into *ret_query. */
bool plan_read_exec(plan_reader *rd, const upk_json *value, const char *what,
                    bool any_code, plan_query *ret_query);
/* Gives a query that has its parameters its file; null: it has none. */
bool plan_read_file(plan_reader *rd, const upk_json *value, const char *what,
                    plan_query *query);
bool plan_read_batch(plan_reader *rd, const upk_json *value,
                     const plan_batch **ret_batch);
/* An array of parameters as they stand. */
bool plan_read_params(plan_reader *rd, const upk_json *array, const char *what,
                      plan_query *query);
/* Whether a place of a value has the form SPACE.NAME. */
bool plan_is_place(upk_str from);
/* read_watch.c: the members of `engine` that a run's watcher asks, and what a
 * step wants of it. */
bool plan_read_guard(plan_reader *rd, const upk_json *value);
bool plan_read_metrics(plan_reader *rd, const upk_json *array);
bool plan_read_levels(plan_reader *rd, const upk_json *step, const char *key,
                      const uint32_t **ret_levels, size_t *ret_count);

/* read_step.c: appends the step to rd->steps and its intent to rd->intents. */
bool plan_read_step(plan_reader *rd, const upk_json *value);

/* windows.c: `windows` and `blackouts` of the body; the former once all steps
 * are read. */
bool plan_read_windows(plan_reader *rd, const upk_json *windows);
bool plan_read_blackouts(plan_reader *rd, const upk_json *blackouts);

/* graph.c: edges from the array of the body, once all steps are read. */
bool plan_read_graph(plan_reader *rd, const upk_json *edges);

#endif
