/* ssh-keygen and git, called as git calls the former: no shell, found in the
 * system's folders alone, what they read and say in private files, and none
 * of it without a deadline. */
#ifndef RUNTIME_APPROVE_TOOL_H
#define RUNTIME_APPROVE_TOOL_H

#include <upkeep/diag.h>
#include <upkeep/runtime.h>

enum { TOOL_MS = 10 * 1000, TOOL_PEOPLE_MS = 5 * 60 * 1000 };

typedef struct tool_box {
  upk_arena *arena;
  const upk_clock *clock;
  char *const *environment; /* of this process; may be NULL */
  upk_str folder;           /* private; made at the first file */
  unsigned files;
} tool_box;

typedef struct tool_result {
  int code; /* -1: a signal ended it */
  bool late;
  upk_str out, err; /* at most 1 MiB each */
} tool_result;

/* Path of a program; absent when it is not there. */
upk_str tool_find(tool_box *box, const char *name);
/* Its value here, or absent. */
upk_str tool_variable(const tool_box *box, const char *name);
/* A private file with these bytes; absent when it cannot be written. */
upk_str tool_file(tool_box *box, upk_str bytes);
/* Runs `words` (ending with NULL; the first a path) with `input` (a file's
 * path, or absent: nothing). `people`: it may ask on the terminal or an agent,
 * and gets so much of the environment. False when it could not be started. */
bool tool_run(tool_box *box, const char *const *words, upk_str input,
              bool people, tool_result *ret_result);
void tool_close(tool_box *box); /* removes the files */

#endif
