/* Passwords that stand literally in connection strings and in files of
 * projects: found, so that they are refused and shown to nobody. */
#ifndef UPKEEP_SECRET_H
#define UPKEEP_SECRET_H

#include <upkeep/base.h>

/* The next password at or after `from`: what follows `password=`, `pwd=` and
 * their kind (also with spaces, quotes, in any case) up to white space, or
 * stands before the @ of a URI. References (env:NAME, file:PATH) are none.
 * `keys`: `password: value` too, as in YAML. False when there is none. */
bool upk_secret_find(upk_str text, size_t from, bool keys, size_t *ret_at,
                     size_t *ret_len);
/* The text with *** in the place of each; itself when there is none. */
upk_str upk_secret_hide(upk_arena *arena, upk_str text);
/* Overwrites each with asterisks, as in a line of source. */
void upk_secret_blank(char *bytes, size_t len);
/* Overwrites memory in a way that no compiler leaves out. */
void upk_wipe(void *memory, size_t len);

#endif
