/* The hash of a record, for writing and for checking it. */
#ifndef RUNTIME_JOURNAL_HASH_H
#define RUNTIME_JOURNAL_HASH_H

#include "journal/journal.h"

/* SHA-256 of the domain tag and the record's canonical bytes without `hash`.
 * `event` and `prev` must need no escapes. */
void journal_hash(upk_str det, upk_str event, upk_str obs, upk_str prev,
                  int64_t seq, char ret_hash[JOURNAL_HASH_TEXT + 1]);

#endif
