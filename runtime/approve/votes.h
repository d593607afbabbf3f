/* Statements, whose they are and whether they count. */
#ifndef RUNTIME_APPROVE_VOTES_H
#define RUNTIME_APPROVE_VOTES_H

#include "approve/author.h"
#include "approve/history.h"
#include "approve/rules.h"

/* Verdict, and its word in reports; those that do not count have a code. */
#define VOTE_TABLE(X)                                                          \
  X(COUNTS, "counts", 0)                                                       \
  X(REJECTS, "rejects", 0)                                                     \
  X(UNKNOWN, "unknown", 3306)                                                  \
  X(FORGED, "forged", 3306)                                                    \
  X(REVOKED, "revoked", 3308)                                                  \
  X(ANOTHER, "by another", 3318)                                               \
  X(VOID, "void", 3309)                                                        \
  X(EXPIRED, "expired", 3307)                                                  \
  X(USED, "used", 3310)                                                        \
  X(REPEATED, "repeated", 3311)

typedef enum vote_verdict {
#define X(name, word, code) VOTE_##name,
  VOTE_TABLE(X)
#undef X
} vote_verdict;
const char *vote_word(vote_verdict verdict);

/* A statement as one file of signers sees it. */
typedef struct vote {
  statement s;
  vote_verdict verdict;
  upk_str text; /* why it does not count; absent when it does */
  UPK_VEC(upk_str) principals;
  upk_str key;            /* that signed */
  size_t person;          /* number; those of one person share it */
  upk_approval_when when; /* of a standing approval */
} vote;

typedef UPK_VEC(vote) vote_vec;

typedef struct booth {
  upk_arena *arena;
  upk_diags *diags;
  tool_box *box;
  const upk_approvals *from;
  reviewed *plan;
  const history *past;
  int64_t now_us;
} booth;

/* The statements of PLAN.sig and of the rules' standing approvals, unverified.
 * UPK_UNAPPROVED after a diagnostic: a line is damaged. */
upk_status votes_read(booth *b, const rules *r, vote_vec *ret);

/* Gives each its verdict and its person. UPK_UNAPPROVED after a diagnostic:
 * ssh-keygen could not be asked. */
upk_status votes_judge(booth *b, const signers *s, vote_vec *votes);

#endif
