/* The stdlib and shipped policies, embedded by cmake/embed.cmake. */
#ifndef COMPILER_EMBEDDED_H
#define COMPILER_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
  const char *path; /* "stdlib/postgres/engine.lua"; NULL ends the table */
  const unsigned char *bytes;
  size_t len;
};

/* In byte order of paths. */
extern const struct embedded_file embedded_files[];

#endif
