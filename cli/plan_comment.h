/* The parts of a plan's comment on a pull request: plan_markdown.c puts them
 * together, and leaves out what does not fit. */
#ifndef CLI_PLAN_COMMENT_H
#define CLI_PLAN_COMMENT_H

#include "plan_sum.h"

/* As they stand in the comment. */
typedef enum section_id {
  FINDINGS,
  POLICIES,
  STEPS,
  NOT_DONE,
  LOOKED_AT,
  GRAPH,
  TIMES,
  STATEMENTS,
  SECTION_COUNT
} section_id;

enum { LISTED_MAX = 20, STATEMENTS_MAX = 400 };

typedef struct comment {
  plan_view view;
  plan_sum sum;
  upk_buf sections[SECTION_COUNT];
  upk_buf short_sql; /* STATEMENTS without checks */
  bool dropped[16];  /* of plan_markdown.c's list */
  size_t shown;      /* steps */
  bool approvals;    /* a column for them */
} comment;

/* All sections, whole. */
void comment_sections(comment *m);
/* Writes POLICIES. */
void comment_policies(comment *m);
/* Writes STEPS: as many rows as `room` takes, those of most weight, in plan
 * order; how many it were. */
size_t comment_steps(comment *m, size_t room);

/* A cell's code span with the name of an object; "none" or a duration. */
void comment_object(upk_buf *out, const upk_json *name);
void comment_blocking(upk_buf *out, int64_t blocking_ms);

#endif
