/* Approvals: signed statements about plans, made by people and counted by the
 * executor against its own rules. docs/manual/approvals.md tells the story.
 */
#ifndef UPKEEP_APPROVE_H
#define UPKEEP_APPROVE_H

#include <upkeep/base.h>
#include <upkeep/diag.h>

struct upk_clock;

/* What the executor goes by; the cli has read the files. */
typedef struct upk_approvals {
  upk_str rules;      /* bytes of upkeep.executor/1; absent: none */
  upk_str targets;    /* the same of the project, for labels, where the rules
                         have none; absent: not known */
  upk_str rules_path; /* for messages */
  upk_str rules_file; /* whose writers are looked at; absent: nobody's */
  upk_str folder;     /* absolute; what the rules name stands below it */
  bool own;           /* an executor's own file, not the project's */
  upk_str signatures; /* bytes of PLAN.sig; absent: there is none */
  upk_str signatures_path; /* for messages */
  upk_str project_folder;  /* where git is asked for the author */
  upk_str runs_folder;     /* earlier runs, for what was used; may be absent */
  int64_t now_us; /* the later of both clocks, where that is known; 0: ask */
  upk_str run;    /* the run that goes on; its own uses do not count */
  char *const *environment; /* of this process, ending with NULL */
} upk_approvals;

/* What came of it. Strings are in the diagnostics' arena. */
typedef struct upk_approved {
  bool needed;          /* some rule asks for signatures */
  int64_t not_after_us; /* the approvals relied on end then; 0: never */
  upk_str evidence;     /* canonical array for run.begin; absent: none */
} upk_approved;

/* Whether the plan may be executed now. UPK_UNAPPROVED after diagnostics that
 * say what is missing and what to do; UPK_STALE when the plan is damaged.
 * `report` (its write may be NULL) gets one upkeep.verify/1 object. Calls
 * ssh-keygen and git, each with a deadline; blocks. */
upk_status upk_approvals_judge(upk_str plan, upk_str plan_path,
                               const upk_approvals *approvals,
                               const struct upk_clock *clock, upk_diags *diags,
                               upk_sink report, upk_approved *ret_approved);

struct upk_json;

/* Why an approval of one plan is none of another. */
typedef struct upk_break {
  upk_str step; /* absent: it is about the plan as a whole */
  upk_str text;
} upk_break;

/* What voids approvals of the first plan for the second, by the function that
 * judges signatures; 0: they hold. Both are trees of whole plan files. All of
 * it is in `arena`. */
size_t upk_approval_breaks(upk_arena *arena, const struct upk_json *before,
                           const struct upk_json *after,
                           const upk_break **ret_items);

typedef struct upk_signing {
  upk_str plan, plan_path; /* absent: a standing approval */
  upk_str when;            /* of a standing approval; absent: every step */
  upk_str key; /* a file (of a public key the agent has the other half),
                  "agent", or "": git's user.signingkey, or ~/.ssh */
  upk_str by;  /* the principal it shall count for; absent: what
                  the allowed signers say */
  bool reject;
  upk_str reason;
  int64_t not_after_us, max_uses;
} upk_signing;

/* Makes one line of PLAN.sig at the end of `line`: a statement, signed with
 * ssh-keygen, which may ask on the terminal. UPK_ERROR after diagnostics. */
upk_status upk_approval_sign(const upk_signing *signing,
                             const upk_approvals *approvals,
                             const struct upk_clock *clock, upk_diags *diags,
                             upk_buf *line);

#endif
