/* Pages of docs/manual and files of examples/ci, embedded in the program. */
#ifndef MANUAL_H
#define MANUAL_H

#include <stddef.h>

struct embedded_file {
  const char *path; /* "docs/manual/notes/plan.md"; NULL ends the table */
  const unsigned char *bytes; /* NUL-terminated beyond `len` */
  size_t len;
};
extern const struct embedded_file manual_files[];

#endif
