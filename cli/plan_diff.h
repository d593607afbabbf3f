/* Two plans compared: what an approval of the first is worth for the second,
 * and why each step differs. */
#ifndef CLI_PLAN_DIFF_H
#define CLI_PLAN_DIFF_H

#include <upkeep/approve.h>

#include "plan_view.h"

typedef enum diff_kind {
  DIFF_REMOVED,
  DIFF_ADDED,
  DIFF_CHANGED,  /* does something else: another intent */
  DIFF_CHECKS,   /* the same intent, with other checks, limits or handling */
  DIFF_ESTIMATE, /* only its reason, estimate or time differ */
  DIFF_KIND_COUNT
} diff_kind;

/* One member of a step that differs; values as canonical JSON, absent where
 * the step has none. */
typedef struct diff_part {
  const char *member;
  upk_str from, to;
} diff_part;

typedef struct diff_step {
  diff_kind kind;
  upk_str id;
  const upk_json *before, *after; /* NULL: not there */
  UPK_VEC(diff_part) parts;
  upk_str cause; /* one sentence without a full stop */
  upk_str place; /* file:line:column of the policy; absent: not known */
  size_t more;   /* later ones that differ in the very same way, for one reason;
                    they have `again` */
  bool again;
} diff_step;

/* Verdicts of one policy that were counted otherwise. */
typedef struct diff_counts {
  upk_str policy;
  const upk_json *before, *after; /* of `considered`; NULL: not there */
} diff_counts;

typedef struct plan_diff {
  plan_view old, new;
  UPK_VEC(diff_step) steps; /* that differ: by kind, then in plan order */
  size_t counts[DIFF_KIND_COUNT], same;
  UPK_VEC(upk_str) moved; /* common steps that run at another place */
  UPK_VEC(diff_counts) verdicts;
  UPK_VEC(upk_str) notes; /* of the plans as wholes: window, target, version */
  bool same_target, same_intent;
  bool approvals_hold;      /* each step of the second is one of the first */
  UPK_VEC(upk_str) breaks;  /* steps of the second that are not */
  const upk_break *reasons; /* why they do not hold, as verify has it */
  size_t reason_count;
} plan_diff;

/* What the counts of a policy are called in a plan; NULL ends them. */
extern const char *const diff_verdict_keys[];

/* In `arena`, which must outlive it, as must the plans. */
void plan_diff_make(plan_diff *diff, upk_arena *arena, const upk_json *old,
                    const upk_json *new);

/* Both values of a part as people read them: cut, from a little before where
 * they begin to differ. In the arena of `diff`. */
void diff_part_shown(const plan_diff *diff, const diff_part *part,
                     upk_str *ret_from, upk_str *ret_to);

void plan_diff_text(const plan_diff *diff, bool verbose, upk_buf *out);
void plan_diff_json(const plan_diff *diff, upk_buf *out);
/* At most `max_bytes`; the last steps are left out where they do not fit. */
void plan_diff_markdown(const plan_diff *diff, size_t max_bytes, upk_buf *out);

#endif
