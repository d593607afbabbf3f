/* The files that a compiling child may see: those below two folders. */
#ifndef CLI_CHILD_SERVE_H
#define CLI_CHILD_SERVE_H

#include "child_frame.h"

typedef struct served_folders {
  int project, stdlib; /* O_PATH descriptors; -1: none */
} served_folders;

/* False when the project's folder cannot be opened; errno says why. */
bool served_open(const char *project, const char *stdlib,
                 served_folders *ret_folders);
void served_close(served_folders *folders);

/* Decompresses in place; NULL, or why not. `bytes` then holds a part. */
const char *unpack(upk_buf *bytes, size_t limit);
extern const char unpack_too_large[]; /* over `limit` bytes */

/* The whole of a regular file of at most `limit` bytes: FILE_HERE; of one whose
 * name ends in .zst, what is compressed in it. No path and
 * no link leads out of the folder; an absolute one, or "..", is FILE_OUTSIDE. A
 * '/' at the end of a path means nothing. */
file_state served_read(const served_folders *folders, upk_str path,
                       size_t limit, upk_buf *out);
/* Paths that match and are no folders, in byte order, each ended by NUL: also
 * links that lead out and pipes, which cannot be read; and, with '/' behind, a
 * folder that cannot be looked into though the glob could match below it.
 * Names that begin with a dot are left out unless the glob says the dot. At
 * most 10,000 files and 32 folders deep are looked at. */
void served_list(const served_folders *folders, upk_str glob, upk_buf *out);

#endif
