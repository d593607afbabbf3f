/* Who wrote the policies: the principal of the signed commit that touched them
 * last. */
#ifndef RUNTIME_APPROVE_AUTHOR_H
#define RUNTIME_APPROVE_AUTHOR_H

#include "approve/signers.h"

typedef struct author {
  upk_str principal; /* absent: not known, and */
  upk_str why;       /* English, why not */
  bool no_repository;
} author;

/* Asks git in the project's folder. Never runs a hook, a pager or a program
 * that the repository names; only SSH signatures count. */
author author_find(tool_box *box, upk_str folder, const signers *s);

#endif
