/* Parts of an archive: lines of text in a file, compressed (zstd, RFC 8878),
 * with the SHA-256 of the file's bytes. Everything here blocks.
 *
 * A part appears under its name whole or not at all: it is written beside it,
 * synced, renamed, and the folder is synced (fsync(2), rename(2)). Files are
 * 0600. No part of the way to a folder may be a symbolic link, and others may
 * not write to the folder. */
#ifndef RUNTIME_PART_PART_H
#define RUNTIME_PART_PART_H

#include <upkeep/base.h>

#include "digest.h"

enum {
  PART_BYTES_MAX = 256 * 1024 * 1024, /* of lines, before compression */
  PART_ROOM_BYTES = 64 * 1024 * 1024, /* that the disk must have left */
};

typedef enum part_fault {
  PART_FINE,
  PART_LARGE, /* more than PART_BYTES_MAX: with fewer rows it may go well */
  PART_BAD,   /* the file or its folder; said in words */
} part_fault;

/* English, one line; "" when all is well. */
typedef struct part_error {
  part_fault fault;
  char text[512];
} part_error;

typedef struct part_writer part_writer;

/* Begins a part in an absolute folder; what an earlier process left half
 * written there under that name is overwritten. NULL after an error. */
part_writer *part_create(upk_str folder, upk_str name, part_error *error);
/* A line without its end; it holds none. False after an error, which
 * part_finish and part_drop know of. */
bool part_put(part_writer *part, upk_str line, part_error *error);

typedef struct part_made {
  int64_t rows, bytes; /* of the file */
  upk_digest digest;   /* of the file's bytes */
} part_made;

/* Brings it to the disk under its name, and frees. Without any line there is
 * no part: a file of that name, of a round that was never committed, goes. */
bool part_finish(part_writer *part, part_made *ret_made, part_error *error);
/* Gives it up, and frees; NULL is fine. */
void part_drop(part_writer *part);
/* Removes a part that nothing refers to, if it is there. */
bool part_remove(upk_str folder, upk_str name, part_error *error);

/* Appends the lines of a part, each with its end, if the file has that digest
 * ("sha256:.."). */
bool part_read(upk_str folder, upk_str name, upk_str digest, upk_buf *lines,
               part_error *error);

#endif
