/* Facts: what was read from one target at one moment, in columns.
 * The file format is docs/formats.md, "Facts file". */
#ifndef UPKEEP_FACTS_H
#define UPKEEP_FACTS_H

#include "expr.h"
#include "json.h"

typedef struct upk_facts_column {
  upk_str name;
  upk_str reason; /* why the whole column is unknown; absent when it is not */
  /* integers/texts/lists; `null` always set when rows > 0. A column that says
   * the same of every object is constant: see ir_cell_null and the like. */
  upk_column values;
} upk_facts_column;

typedef struct upk_facts_kind {
  upk_str name; /* "table" */
  size_t rows;
  UPK_VEC(upk_facts_column) columns;
} upk_facts_kind;

typedef struct upk_facts {
  upk_str engine;                /* "postgres" */
  upk_str version;               /* "15.18" */
  upk_str role;                  /* "primary", "replica", "standalone" */
  int64_t taken_at;              /* microseconds since 1970 */
  int64_t counters_us;           /* since when counters count; 0: not known */
  const upk_json *identity;      /* object of strings */
  const upk_json *capabilities;  /* object name -> bool */
  const upk_json *collectors;    /* object collector -> variant number */
  UPK_VEC(upk_facts_kind) kinds; /* in byte order of names */
} upk_facts;

/* Reads a whole file (not compressed) into columns in `arena`; strings borrow
 * from `bytes`, which must live as long. On damage: UPK_STALE with UPK30xx that
 * names byte offset and what was expected. Peak memory O(result). */
upk_status upk_facts_read(upk_arena *arena, upk_str bytes, upk_str path,
                          upk_diags *diags, upk_facts *ret_facts);
bool upk_facts_write(const upk_facts *facts, upk_sink sink);
/* NULL when absent. */
const upk_facts_kind *upk_facts_kind_find(const upk_facts *facts, upk_str kind);
const upk_facts_column *upk_facts_column_find(const upk_facts_kind *kind,
                                              upk_str name);

#endif
