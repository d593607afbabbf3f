/* The hash of a record, for writing and for checking it. */
#ifndef RUNTIME_JOURNAL_HASH_H
#define RUNTIME_JOURNAL_HASH_H

#include "journal/journal.h"

/* SHA-256 of the domain tag and the record's canonical bytes without `hash`.
 * `event` and `prev` must need no escapes. */
typedef struct journal_text {
  upk_str det, event;
  upk_str in; /* an array; absent with `out`: nobody traced it */
  upk_str obs, out, prev;
  int64_t seq;
} journal_text;
void journal_hash(const journal_text *text,
                  char ret_hash[JOURNAL_HASH_TEXT + 1]);

#endif
