/* Files that decide who may approve: nobody else may be able to write them. */
#ifndef RUNTIME_APPROVE_TRUSTED_H
#define RUNTIME_APPROVE_TRUSTED_H

#include <upkeep/diag.h>

/* Reads the file at `path` as sshd reads authorized_keys (sshd_config(5),
 * StrictModes): it is a regular file; it and its folders up to `folder` (all
 * of them with `own`) belong to root, to us or to the owner of `folder`, and
 * neither the group nor others may write them (a sticky folder excepted); no
 * link leads out of `folder`, or, for a path that is not below it, out of the
 * path's own folder. False: *ret_error is errno when it cannot be read, or 0
 * after a diagnostic (UPK3323). `*ret_bytes` is in `arena`. Never blocks. */
bool trusted_read(upk_arena *arena, upk_diags *diags, upk_str path,
                  upk_str folder, bool own, upk_str *ret_bytes, int *ret_error);

#endif
