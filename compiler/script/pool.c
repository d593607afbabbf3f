/* Memory of an interpreter. Lua makes and drops small objects by the million:
 * they come from chunks, by size, and go back to a list of their size. */
#include <string.h>

#include "private.h"

enum {
  UNIT = 16, /* sizes are rounded up to it, and blocks aligned */
  CHUNK = 32 * 1024,
};

struct pool_chunk {
  struct pool_chunk *next;
  _Alignas(UNIT) char bytes[CHUNK];
};

typedef struct unused {
  struct unused *next;
} unused;

static size_t class_of(size_t size) { return (size + UNIT - 1) / UNIT; }

static void *carve(script_pool *pool, size_t class) {
  size_t size = class * UNIT;
  if (pool->left < size) {
    struct pool_chunk *chunk =
        pool->allocator->resize(pool->allocator->ctx, NULL, sizeof *chunk);
    if (!chunk)
      return NULL;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    pool->left = CHUNK;
  }
  pool->left -= size;
  return pool->chunks->bytes + pool->left;
}

static void *take(script_pool *pool, size_t size) {
  size_t class = class_of(size);
  unused *first = pool->unused[class];
  if (!first)
    return carve(pool, class);
  pool->unused[class] = first->next;
  return first;
}

static void give_back(script_pool *pool, void *ptr, size_t size) {
  unused *first = ptr;
  first->next = pool->unused[class_of(size)];
  pool->unused[class_of(size)] = first;
}

static void *resize_large(script_pool *pool, void *ptr, size_t size) {
  return pool->allocator->resize(pool->allocator->ctx, ptr, size);
}

void *script_pool_resize(script_pool *pool, void *ptr, size_t old,
                         size_t size) {
  bool was_small = ptr && old <= pool->small_max;
  bool small = size && size <= pool->small_max;
  if (was_small && small && class_of(old) == class_of(size))
    return ptr;
  if (!was_small && !small)
    return ptr || size ? resize_large(pool, ptr, size) : NULL;
  void *block = NULL;
  if (size) {
    block = small ? take(pool, size) : resize_large(pool, NULL, size);
    if (!block)
      return NULL;
    if (ptr)
      memcpy(block, ptr, old < size ? old : size);
  }
  if (was_small)
    give_back(pool, ptr, old);
  else if (ptr)
    resize_large(pool, ptr, 0);
  return block;
}

void script_pool_free(script_pool *pool) {
  while (pool->chunks) {
    struct pool_chunk *next = pool->chunks->next;
    resize_large(pool, pool->chunks, 0);
    pool->chunks = next;
  }
}
