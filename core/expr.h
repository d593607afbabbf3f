/* The expression language of policies, checks, approvals and throttles.
 *
 * SQL's WHERE syntax; total and typed; three-valued NULL; no side effects;
 * linear time. Text is parsed and type-checked once into a upk_expr, then
 * evaluated over columns of facts, many rows a call.
 *
 * Numbers are int64: ratios in parts per million, durations and timestamps in
 * microseconds, bytes in bytes, rates in units per day. Overflow and
 * division by zero are NULL, and are counted.
 */
#ifndef UPKEEP_EXPR_H
#define UPKEEP_EXPR_H

#include <upkeep/base.h>
#include <upkeep/diag.h>

/* Name in facts files and collectors, and doc. */
#define UPK_TYPE_TABLE(X)                                                      \
  X(NULL, "null", "no value")                                                  \
  X(BOOL, "bool", "true or false")                                             \
  X(INT, "int", "an integer without a dimension, such as a count")             \
  X(RATIO, "ratio", "parts per million; written 30% or 0.3")                   \
  X(RATE, "rate", "events per day")                                            \
  X(BYTE_RATE, "byte_rate", "bytes per day")                                   \
  X(BYTES, "bytes", "bytes; written 64MiB or 10GB")                            \
  X(DURATION, "duration", "microseconds; written 7d or 1h30m")                 \
  X(TIMESTAMP, "timestamp", "microseconds since 1970; 2026-11-27T00:00Z")      \
  X(TEXT, "text", "text; written 'so'")                                        \
  X(VERSION, "version", "a version; written v14.2")                            \
  X(LIST, "list", "a list of texts")

typedef enum upk_type {
#define X(name, text, doc) UPK_TYPE_##name,
  UPK_TYPE_TABLE(X)
#undef X
} upk_type;
const char *upk_type_name(upk_type type);
const char *upk_type_doc(upk_type type);
bool upk_type_find(upk_str name, upk_type *ret_type);

/* v14.2 -> 14 * 10^8 + 2 * 10^4; up to four parts, each below 10^4 (the first
 * below 10^6); the fourth is read and dropped. "16.4 (Debian 16.4-1)" is read
 * up to the first other byte. */
bool upk_version_parse(upk_str text, int64_t *ret_version);
void upk_version_format(int64_t version, upk_buf *out);

/* A column of values. For TEXT `texts` is set, for LIST `lists`, else
 * `integers`. `null` has one byte a row, or is NULL when none is null. A
 * constant column has one row that stands for all. */
typedef struct upk_list {
  const upk_str *items;
  size_t count;
} upk_list;
typedef struct upk_column {
  upk_type type;
  bool constant;
  const int64_t *integers;
  const upk_str *texts;
  const upk_list *lists;
  const uint8_t *null;
} upk_column;

/* A name as written: `size`, `table.size`, `oldest_row_age(created_at)`. */
typedef struct upk_name {
  upk_str qualifier; /* absent when bare */
  upk_str name;
  const upk_str *arguments;
  size_t argument_count;
} upk_name;
/* As it is written in an expression, quoted where it must be:
 * oldest_row_age(created_at), labels."cost-center". */
void upk_name_print(const upk_name *name, upk_buf *out);

/* Functions of the language for `explain`: name and doc; NULL past the end. */
const char *upk_function_at(size_t index, const char **ret_doc);

/* How names get meaning. The caller numbers its columns with slots 0.. */
typedef struct upk_scope {
  /* False when unknown. */
  bool (*find)(void *ctx, const upk_name *name, upk_type *ret_type,
               uint32_t *ret_slot);
  /* Names to suggest from; may be NULL. Qualified ones as "table.size". */
  size_t (*candidates)(void *ctx, upk_arena *arena, upk_str **ret_names);
  void *ctx;
} upk_scope;

typedef struct upk_expr upk_expr;

/* Parses and checks `text`. `origin` is the place of its first byte: columns
 * of diagnostics count from there when `text` is one line of the source, else
 * the whole origin span is marked. `expected`: the type it must have, or
 * UPK_TYPE_NULL for any. NULL when wrong, after adding diagnostics (all of
 * them where it can go on). Result in `arena`. Depth over 200 or text over 64
 * KiB is an error. */
upk_expr *upk_expr_compile(upk_arena *arena, upk_str text, upk_span origin,
                           const upk_scope *scope, upk_type expected,
                           upk_diags *diags);
/* Syntax only: for `validate` before names are known. */
bool upk_expr_parses(upk_arena *arena, upk_str text, upk_span origin,
                     upk_diags *diags);

upk_type upk_expr_type(const upk_expr *expr);

/* The names it uses, each once, in order of first use. */
typedef struct upk_expr_name {
  upk_name name;
  upk_type type;
  uint32_t slot;
} upk_expr_name;
size_t upk_expr_names(const upk_expr *expr, const upk_expr_name **ret_names);

/* Normalised text: single spaces, lower-case keywords, canonical literals,
 * least parentheses. Equal meaning up to spelling gives equal text; compiles
 * back to the same. `substitute` may be NULL; else, when it returns true for a
 * name, what it added to `out` (a literal) stands in its place. */
void upk_expr_print(const upk_expr *expr,
                    bool (*substitute)(void *ctx, const upk_expr_name *name,
                                       upk_buf *out),
                    void *ctx, upk_buf *out);
/* One value as a literal of the language: 410000 as RATIO -> 41%. */
void upk_literal_print(upk_type type, const upk_column *column, size_t row,
                       upk_buf *out);

/* Rows whose result is unknown because of a fault; one that case, coalesce,
 * `and` or `or` made irrelevant is not counted. */
typedef struct upk_expr_faults {
  size_t overflows, zero_divisions;
  size_t first_row; /* of the first fault; meaningless when none */
} upk_expr_faults;

/* Evaluates rows [first, first + count) of `columns`, indexed by slot. The
 * results go to result->integers etc. of a column made in `arena` (never
 * constant). `faults` may be NULL; it is added to. Allocates O(count +
 * temporaries * 1024). */
void upk_expr_eval(const upk_expr *expr, const upk_column *columns,
                   size_t first, size_t count, upk_arena *arena,
                   upk_column *ret_result, upk_expr_faults *faults);

typedef enum upk_truth { UPK_FALSE, UPK_TRUE, UPK_UNKNOWN } upk_truth;
/* Of a BOOL expression, for one row; allocates nothing unless the expression
 * is large or makes text. */
upk_truth upk_expr_truth(const upk_expr *expr, const upk_column *columns,
                         size_t row);

/* Why a boolean is false (or NULL) for a row, in its own words: the
 * comparisons that decide it, turned round, with values: "bloat_ratio 41% >
 * 30%", joined by ", ". For NULL: names that are NULL: "bloat_ratio is
 * unknown". Of one that is true, the comparisons that make it so. Sizes and
 * durations are shortened where that keeps the two sides apart; control
 * characters are shown as \xHH, and long texts are cut. */
void upk_expr_because(const upk_expr *expr, const upk_column *columns,
                      size_t row, upk_buf *out);

/* Patterns, for selectors and allow-lists elsewhere too. Characters are those
 * of UTF-8; `fold_case` folds ASCII letters. */
bool upk_like(upk_str text, upk_str pattern, bool fold_case); /* % _ \ */
bool upk_glob(upk_str text, upk_str pattern); /* star ? [a-z] [!a-z] \ */
/* The same for paths: star, ? and [] do not cross '/', "**" does, and "**"
 * with a slash behind it also stands for no folder at all. */
bool upk_glob_path(upk_str text, upk_str pattern);

#endif
