/* Folders that steps may write files to, as projects and plans name them. */
#ifndef CORE_FOLDER_H
#define CORE_FOLDER_H

#include <upkeep/base.h>

/* An absolute path without empty, "." and ".." parts; not "/" itself. */
bool upk_folder_good(upk_str folder);

/* Whether `folder` is `allowed` or below it, by their names alone. */
bool upk_folder_within(upk_str allowed, upk_str folder);

/* The name of a file: letters, digits, `.`, `_` and `-`, at most 200 of them,
 * not beginning with a dot. */
bool upk_file_name_good(upk_str name);

#endif
