/* A project in memory, and the front end over it, without stdlib. */
#ifndef TESTS_FRONT_HARNESS_H
#define TESTS_FRONT_HARNESS_H

#include <string.h>

#include <upkeep/compile.h>

#include "expr.h"
#include "front/front.h"
#include "pass/pass.h"

enum { HARNESS_FILES = 16 };

typedef struct harness {
  upk_arena *arena;
  upk_diags diags;
  upk_compile_request request;
  upk_source source;
  ir ir;
  upk_str paths[HARNESS_FILES], texts[HARNESS_FILES];
  size_t count;
} harness;

/* A file whose text begins so is a link that leads out of the project. */
static inline bool harness_is_link(const harness *h, size_t file) {
  return upk_str_starts(h->texts[file], "-> ../");
}

static inline upk_absence harness_absence(void *ctx, upk_str path) {
  harness *h = ctx;
  for (size_t i = 0; i < h->count; i++)
    if (upk_str_equal(h->paths[i], path) && harness_is_link(h, i))
      return UPK_ABSENT_OUTSIDE;
  return UPK_ABSENT;
}

static inline bool harness_read(void *ctx, upk_str path, size_t limit,
                                upk_arena *arena, upk_str *ret_bytes,
                                bool *ret_too_large) {
  harness *h = ctx;
  for (size_t i = 0; i < h->count; i++) {
    if (!upk_str_equal(h->paths[i], path) || harness_is_link(h, i))
      continue;
    *ret_too_large = h->texts[i].len > limit;
    if (!*ret_too_large)
      *ret_bytes = upk_arena_copy(arena, h->texts[i]);
    return !*ret_too_large;
  }
  return false;
}

/* Files must have been added in byte order. */
static inline size_t harness_list(void *ctx, upk_str glob, upk_arena *arena,
                                  upk_str **ret_paths) {
  harness *h = ctx;
  size_t found = 0;
  *ret_paths = UPK_NEW_ARRAY(arena, upk_str, HARNESS_FILES);
  for (size_t i = 0; i < h->count; i++)
    if (upk_glob(h->paths[i], glob))
      (*ret_paths)[found++] = h->paths[i];
  return found;
}

static inline void harness_add(harness *h, const char *path, upk_str text) {
  h->paths[h->count] = upk_str_from(path);
  h->texts[h->count++] = text;
}

static inline void harness_begin(harness *h) {
  memset(h, 0, sizeof *h);
  h->arena = upk_arena_new(NULL);
  upk_diags_init(&h->diags, h->arena);
  h->source = (upk_source){h, harness_read, harness_list, harness_absence};
  h->request.project = UPK_STR("upkeep.yaml");
  h->ir.arena = h->arena;
  h->ir.diags = &h->diags;
  h->ir.request = &h->request;
  h->ir.source = &h->source;
}

static inline void harness_end(harness *h) { upk_arena_free(h->arena); }

/* What pass front does, but for the stdlib. */
static inline void harness_front(harness *h) {
  if (!front_project(&h->ir))
    return;
  front_lock lock;
  front_lock_read(&h->ir, &lock);
  front_files(&h->ir, &lock);
  front_policies_sort(&h->ir);
  front_policies_parse(&h->ir, h->diags.failures > 0);
}

static inline size_t harness_codes(const harness *h, int code) {
  size_t count = 0;
  for (size_t i = 0; i < h->diags.items.len; i++)
    count += h->diags.items.items[i].code == code;
  return count;
}

#define HARNESS_PROJECT                                                        \
  "version: 1\n"                                                               \
  "targets:\n"                                                                 \
  "  shop: { engine: sqlite, connect: shop.db }\n"                             \
  "include: [ policies/*.yaml ]\n"

#endif
