/* Who wrote what a plan was made from: everybody who committed to it since it
 * was last approved. */
#ifndef RUNTIME_APPROVE_AUTHOR_H
#define RUNTIME_APPROVE_AUTHOR_H

#include "approve/signers.h"

typedef UPK_VEC(upk_str) author_names;

typedef struct author_query {
  upk_str folder;        /* the project's, below which the files are */
  author_names files;    /* that the plan says it was made from */
  author_names approved; /* commits: what they reach was approved */
  upk_str since;         /* a commit the rule names like that; may be absent */
} author_query;

struct reviewed;
struct history;
/* The files are those of the plan's provenance, the commits those of earlier
 * runs on its target. `past` may be NULL. */
author_query author_query_of(upk_arena *arena, upk_str folder,
                             const struct reviewed *plan,
                             const struct history *past, upk_str since);

typedef struct authors {
  author_names names; /* principals; none: see `why` */
  upk_str why;        /* English, why they are not known; absent: they are */
  upk_str commit;     /* that was looked at; absent: none */
  bool no_repository;
} authors;

/* Asks git in the project's folder: the signers of the commits that touch
 * policies, the plan's other files and upkeep.yaml, from HEAD down to what was
 * approved, and in any case of the last. All must be known: an unsigned one,
 * a file that is not committed, ignored or outside makes them unknown. Never
 * runs a hook, a pager or a program that the repository names; only SSH
 * signatures count. Several calls, each with a deadline. */
authors authors_find(tool_box *box, const author_query *query,
                     const signers *s);

#endif
