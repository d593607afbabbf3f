/* A file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS), and whom a
 * signature is by. */
#ifndef RUNTIME_APPROVE_SIGNERS_H
#define RUNTIME_APPROVE_SIGNERS_H

#include "approve/tool.h"

#define SIGNERS_NAMESPACE "upkeep-approve@v1"

typedef struct signers {
  upk_str path;               /* of the file */
  upk_str revoked;            /* path, or absent */
  upk_str folder;             /* of the configuration that names them */
  bool own;                   /* which is an executor's own */
  bool good;                  /* it is there, with keys, and well-formed */
  upk_str copy, revoked_copy; /* private copies of what was looked at */
} signers;

/* What is wrong in a line without its newline: static text, or NULL. Comments
 * and empty lines are fine, and no keys (*ret_key false). */
const char *signers_line(upk_str line, bool *ret_key);

/* The number of a line that is no key, no comment and not empty; 0: none. */
uint32_t signers_plain_keys(upk_str text);

/* The public key that an armored signature says it is by, without its type
 * and, of a certificate, what certifies it; absent: it is damaged. */
upk_str signers_key(upk_arena *arena, upk_str armored);

/* Looks at the files; says what is wrong with them. What ssh-keygen and git
 * read later are copies of these very bytes. */
bool signers_check(tool_box *box, upk_diags *diags, signers *s);

typedef enum signers_verdict {
  SIGNERS_GOOD,
  SIGNERS_UNKNOWN, /* nobody's here, at that time */
  SIGNERS_FORGED,  /* no signature of these bytes */
  SIGNERS_REVOKED,
  SIGNERS_FAILED, /* ssh-keygen could not be asked; said */
} signers_verdict;

typedef struct signers_answer {
  signers_verdict verdict;
  UPK_VEC(upk_str) principals; /* GOOD, REVOKED: as the file has them */
  upk_str said;                /* ssh-keygen's last line; may be empty */
} signers_answer;

/* Whom the signature of `bytes` is by at `now_us`: the file is asked for the
 * key's principals, and each is verified. */
signers_answer signers_ask(tool_box *box, upk_diags *diags, const signers *s,
                           upk_str bytes, upk_str signature, int64_t now_us);

/* Signs with a key; the armored text, or absent after a diagnostic. */
upk_str signers_sign(tool_box *box, upk_diags *diags, upk_str key,
                     upk_str bytes);

#endif
