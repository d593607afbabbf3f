/* What reviewers sign (docs/formats.md, "Approval"), and whether it covers a
 * plan. */
#ifndef RUNTIME_APPROVE_STATEMENT_H
#define RUNTIME_APPROVE_STATEMENT_H

#include <upkeep/approve.h>

#include "digest.h"
#include "json.h"
#include "map.h"

enum { STATEMENT_ID = 32 };

/* A plan as approvals see it. */
typedef struct reviewed_step {
  upk_str id, intent, risk, window;
  const upk_json *conflicts;
  upk_digest around, hours, parameters, run, undo; /* see formats.md */
} reviewed_step;

typedef struct reviewed {
  const upk_json *body;
  upk_str digest, intent, target, engine, role;
  const upk_json *identity, *edges, *blackouts;
  const upk_json *provenance;   /* not signed */
  int64_t expires_us, taken_us; /* of the plan, and of its facts */
  upk_digest engine_digest;     /* what every step executes around itself */
  const upk_json *metrics;
  const upk_json *labels;   /* the executor's; NULL: not known */
  const upk_json *declared; /* of each step, by the executor's stdlib */
  reviewed_step *steps;
  size_t step_count;
  upk_map by_id;
} reviewed;

/* The plan, which was read and verified before. */
void reviewed_init(upk_arena *arena, const upk_json *plan, reviewed *ret);

/* The statement's canonical bytes and a newline. `reviewed` NULL: a standing
 * one. `authors` may be none: not known. */
upk_str statement_make(upk_arena *arena, const upk_signing *signing,
                       const reviewed *plan, const upk_str *authors,
                       size_t author_count, int64_t now_us, uint64_t nonce);

typedef struct statement {
  const upk_json *tree;
  upk_str bytes; /* that are signed: canonical, and a newline */
  char id[STATEMENT_ID + 1];
  upk_str signature;
  upk_str path; /* of its file, and */
  unsigned line;
  bool reject, standing;
  upk_str when, by;        /* may be absent */
  const upk_json *authors; /* array; none: not known */
  int64_t not_after_us, signed_at_us, max_uses;
} statement;

/* A line of a file of signatures, without its newline. NULL, or what is wrong
 * with it (static). */
const char *statement_read(upk_arena *arena, upk_str line, statement *ret);

typedef UPK_VEC(upk_break) statement_breaks;
/* Adds every reason why it is not about this plan. */
void statement_compare(upk_arena *arena, const statement *s,
                       const reviewed *plan, statement_breaks *breaks);

/* Why it is not about this plan: text in `arena`; absent when it covers it. A
 * rejection is about what is to be done, whatever is executed around it. */
upk_str statement_differs(upk_arena *arena, const statement *s,
                          const reviewed *plan);

#endif
