/* What project and policies may hold, as tables; one reader walks a node and
 * its table into a struct; one writer makes JSON Schema of the same rows.
 *
 * The reader reports everything it finds: unknown keys with the nearest right
 * one, wrong types, missing keys, ranges, unknown words. Keys that are absent
 * take the default of their row. */
#ifndef COMPILER_SCHEMA_H
#define COMPILER_SCHEMA_H

#include "ir/ir.h"

/* Type, and what the message says it must be. The comment: what is stored. */
#define SCHEMA_TYPE_TABLE(X)                                                   \
  X(BOOL, "true or false")                        /* bool */                   \
  X(INT, "an integer")                            /* int64_t */                \
  X(DURATION, "a duration such as 90s or 1h30m")  /* int64_t, microseconds */  \
  X(TIME, "a time such as 2026-11-27T00:00Z")     /* int64_t, microseconds */  \
  X(TEXT, "a text")                               /* upk_str */                \
  X(MARKED, "a text")                             /* ir_text */                \
  X(TEXTS, "a text or a list of texts")           /* ir_texts */               \
  X(NAMES, "a text or a list of texts")           /* ir_names */               \
  X(WORD, "a word")                               /* upk_str */                \
  X(CHOICE, "a word")                             /* the word's value: int */  \
  X(EXPRESSION, "an expression")                  /* ir_expression */          \
  X(OBJECT, "a map")                              /* the object's struct */    \
  X(OBJECTS, "a list of maps")                    /* UPK_VEC of it */          \
  X(TABLE, "a map of names")                      /* UPK_VEC of it */          \
  X(LABELS, "a map of labels")                    /* UPK_VEC(ir_label) */      \
  X(SELECTOR, "a map of labels or an expression") /* node * */                 \
  X(VALUES, "a map of values")                    /* node * */                 \
  X(MAP, "a map")                                 /* node * */                 \
  X(FACTS, "a map of attributes")                 /* node * */                 \
  X(NULL_OR_TEXT, "a text or null")               /* written only */           \
  X(ROWS_OF_CELLS, "a list of rows")              /* written only */           \
  X(ANY, "a value")                               /* node * */

typedef enum schema_type {
#define X(name, text) SCHEMA_##name,
  SCHEMA_TYPE_TABLE(X)
#undef X
} schema_type;

enum {
  SCHEMA_REQUIRED = 1,
  SCHEMA_SHORT = 2,    /* OBJECT(S): a text stands for its first field */
  SCHEMA_ONE = 4,      /* OBJECTS: one stands for a list of one */
  SCHEMA_FUNCTION = 8, /* EXPRESSION: a Lua function will do */
  SCHEMA_LATER = 16,   /* known, but not in this version */
  SCHEMA_LIST = 32,    /* TEXTS of a format that is only written: a list */
};

/* Form of a text: a test, its words, and the same as a regex for editors. */
typedef struct schema_form {
  bool (*fits)(upk_str text);
  const char *what, *regex;
} schema_form;

typedef struct schema_word {
  const char *text; /* NULL ends the list */
  int value;
  bool absent; /* known, but not in this build */
  const char *doc;
} schema_word;

typedef struct schema_object schema_object;

typedef struct schema_field {
  const char *key;
  schema_type type;
  unsigned flags;
  size_t offset;         /* SCHEMA_NOWHERE: checked, not stored */
  int64_t min, max;      /* INT, DURATION; both 0: any that is not negative */
  const char *otherwise; /* default, as one would write it; NULL: none */
  const void *more;      /* schema_form, schema_word[], schema_object */
  const char *doc;
} schema_field;
#define SCHEMA_NOWHERE ((size_t)-1)

struct schema_object {
  const char *name; /* "policy" */
  const char *doc;
  const schema_field *fields;
  size_t count, size; /* fields; bytes of the struct */
  bool open;          /* JSON Schema only: other keys are allowed */
  const char *one_of; /* the same: a canonical array of which one must hold */
  /* In the struct, when not 0: an upk_span of the map, a const node * to it.
   * An item of a TABLE takes its key as upk_str at offset 0. */
  size_t span_offset, node_offset;
};

enum { SCHEMA_FIELDS = 64 }; /* most of one object: they are marked in bits */

/* For tables: .fields and .count of an array. */
#define SCHEMA_ROWS(rows)                                                      \
  .fields = (rows), .count = sizeof(rows) / sizeof *(rows)

extern const schema_object schema_project, schema_policy, schema_policies;
extern const schema_object schema_executor, schema_lock;
/* JSON Schema only */
extern const schema_object schema_plan, schema_log, schema_facts;
extern const schema_object schema_check_report, schema_test_report;

/* Struct of a file of policies. */
typedef struct schema_policies_file {
  node *policies; /* a list; each is read with schema_policy */
  node *vars;
} schema_policies_file;

/* Struct of schema_policy: the policy, and `with` for all its actions. */
typedef struct schema_policy_row {
  ir_policy policy;
  node *with;
} schema_policy_row;

/* Reads `map` into `out`, which is zeroed. False when anything was wrong. */
bool schema_read(upk_arena *arena, upk_diags *diags,
                 const schema_object *object, const node *map, void *out);

/* JSON Schema of the file that `word` names; false when it is none of
 * schema_word_at (or the sink refuses). */
bool schema_write_json(upk_str word, upk_sink sink);
/* The words above; NULL past the end. */
const char *schema_word_at(size_t index);

#endif
