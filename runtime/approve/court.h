/* What upk_approvals_judge weighs:
 *   judge.c     gathers votes and authors, and goes through all of it
 *   count.c     whose votes a rule counts
 *   verdict.c   what is said of it
 *   evidence.c  what is handed back, and the report */
#ifndef RUNTIME_APPROVE_COURT_H
#define RUNTIME_APPROVE_COURT_H

#include "approve/approve.h"
#include "approve/votes.h"

/* How a rule is met: of each person that counts, one statement or more. */
typedef struct tally {
  upk_str *people; /* how they are called */
  size_t people_count;
  int64_t not_after_us; /* of those that are relied on */
  const vote **relied;
  size_t relied_count;
  const vote *rejected; /* by an allowed signer, not taken back; or NULL */
  bool author_unknown;
  upk_str of_authors; /* those who signed, "a, b"; absent: none did */
} tally;

typedef struct court {
  booth booth;
  rules rules;
  vote_vec *votes;  /* of each rule, by its signers; shared where they are */
  tally *tallies;   /* of each rule */
  authors *authors; /* of each rule that needs them; shared where they are */
} court;

/* When a vote ends, by its statement and by the rule. */
int64_t court_end_of(const rule *r, const vote *v);
/* Fills the tally of a rule. */
void court_count(court *c, size_t number);
bool court_is_met(const court *c, size_t number);

/* Diagnostics, and UPK_OK or why the plan may not be applied. */
upk_status court_say_verdict(court *c);
upk_status court_say_no_rules(court *c);
upk_status court_say_plan_used(court *c);

/* What was relied on; `evidence` lives as long as the diagnostics. */
void court_hand_back(court *c, upk_approved *ret);
/* upkeep.verify/1; nothing without a sink. */
void court_report(const court *c, upk_status status, upk_sink report);

#endif
