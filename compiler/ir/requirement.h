/* What a requirements document asks for, once it was read: rows of
 * requirement.def with their values and places. */
#ifndef COMPILER_IR_REQUIREMENT_H
#define COMPILER_IR_REQUIREMENT_H

#include "expr.h"

typedef enum ir_requirement_key {
#define X(name, type, bound, fills, doc) IR_REQUIREMENT_##name,
#include "ir/requirement.def"
#undef X
  IR_REQUIREMENT_COUNT
} ir_requirement_key;

typedef enum ir_bound { IR_BOUND_NONE, IR_BOUND_LEAST, IR_BOUND_MOST } ir_bound;

typedef struct ir_requirement_row {
  const char *name;
  upk_type type;
  ir_bound bound;
  const char *fills, *doc; /* fills may be NULL */
} ir_requirement_row;

extern const ir_requirement_row ir_requirement_rows[IR_REQUIREMENT_COUNT];

typedef struct ir_requirement {
  ir_requirement_key key;
  upk_str target; /* of one target only; absent: of all */
  upk_str name;   /* of a table (retention); else absent */
  int64_t integer;
  upk_str text;    /* of TEXT, and of one item of a LIST */
  upk_str written; /* the value as the document has it */
  upk_span span;
} ir_requirement;

/* A blackout of the document: a calendar file, or an iCalendar text of our own
 * with hours in `timezone`. */
typedef struct ir_required_blackout {
  upk_str calendar; /* path of a file, or absent */
  upk_str events;   /* iCalendar text, or absent */
  upk_str reason, timezone;
  upk_span span;
} ir_required_blackout;

/* What a value did in a policy: filled in a key that was left open. */
typedef struct ir_fill {
  size_t policy;
  upk_str key, value; /* "limits.lock_timeout", "2s" */
  upk_span span;      /* in the document */
} ir_fill;

typedef struct ir_requirements {
  upk_str path;   /* absent: the project names no document */
  upk_str sha256; /* of its bytes */
  uint32_t source;
  /* of a policy test that puts values over the document's, or absent */
  upk_str over_path;
  uint32_t over_source;
  UPK_VEC(ir_requirement) items; /* in order of the document */
  UPK_VEC(ir_required_blackout) blackouts;
  bool scoped; /* some are of one target only */
  /* check, schedule: for the target being compiled, in order of policies */
  UPK_VEC(ir_fill) fills;
} ir_requirements;

bool ir_requirement_find(upk_str name, ir_requirement_key *ret_key);
/* The one that holds for the target: its own, or that of all. NULL: none. With
 * `name`, that of this table, or the one of all tables. */
const ir_requirement *ir_requirement_of(const ir_requirements *requirements,
                                        ir_requirement_key key, upk_str target,
                                        upk_str name);
/* Whether one of a list holds for the target. */
bool ir_requirement_is_for(const ir_requirement *item, upk_str target);
/* The file that a place is in. */
upk_str ir_requirement_file(const ir_requirements *requirements, upk_span span);
/* "CLAUDE.md:12:3" of a place in the document. */
void ir_requirement_place(const ir_requirements *requirements, upk_span span,
                          upk_buf *out);
/* The value in the words of the expression language: 99.95%, 2s, 'UTC'. */
void ir_requirement_print(const ir_requirement *item, upk_buf *out);

#endif
