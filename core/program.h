/* Names of programs that steps may run, as policies and projects write them.
 */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

#include <upkeep/base.h>

/* An absolute path without "." and ".." parts, or a name without a path. */
bool upk_program_good(upk_str program);

/* NAME or NAME=value: how an environment is given to a program. */
bool upk_program_environment_good(upk_str entry);

/* Whether a project's entry allows a program of a plan: they are equal, or the
 * plan gives the name alone of a program whose path the project knows. */
bool upk_program_fits(upk_str allowed, upk_str program);

#endif
