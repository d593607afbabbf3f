/* What the files of parts share. */
#ifndef RUNTIME_PART_PRIVATE_H
#define RUNTIME_PART_PRIVATE_H

#include "part/part.h"

/* Says what went wrong, and the words of errno if it is not 0; false. */
bool part_bad(part_error *error, int number, const char *format, ...)
    UPK_PRINTF(3, 4);
/* Opens a folder part by part, none of which is a symbolic link; -1 after an
 * error. */
int part_folder_open(upk_str folder, part_error *error);

#endif
