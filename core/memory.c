/* Allocators, arenas and arrays in arenas. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <upkeep/base.h>

static void *resize_libc(void *ctx, void *ptr, size_t size) {
  (void)ctx;
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  return realloc(ptr, size);
}

static void exhausted_libc(void *ctx, size_t size) {
  static const char text[] = "upkeep: out of memory\n";
  (void)ctx;
  (void)size;
  if (write(2, text, sizeof text - 1) < 0)
    abort();
  abort();
}

const upk_allocator *upk_allocator_libc(void) {
  static const upk_allocator libc = {resize_libc, exhausted_libc, NULL};
  return &libc;
}

enum {
  BLOCK_MIN = 16 * 1024,
  BLOCK_MAX = 4 * 1024 * 1024,
  ALIGNMENT = 16,
};

typedef struct block {
  struct block *next;
  size_t size, used; /* of `bytes` */
  _Alignas(ALIGNMENT) char bytes[];
} block;

struct upk_arena {
  const upk_allocator *allocator;
  block *blocks; /* the first has room */
  size_t total_bytes;
};

static void *must_resize(const upk_allocator *allocator, void *ptr,
                         size_t size) {
  void *result = allocator->resize(allocator->ctx, ptr, size);
  if (!result)
    allocator->exhausted(allocator->ctx, size);
  return result;
}

upk_arena *upk_arena_new(const upk_allocator *allocator) {
  if (!allocator)
    allocator = upk_allocator_libc();
  upk_arena *arena = must_resize(allocator, NULL, sizeof *arena);
  *arena = (upk_arena){.allocator = allocator};
  return arena;
}

static void free_blocks(upk_arena *arena, block *b) {
  while (b) {
    block *next = b->next;
    arena->total_bytes -= b->size + sizeof *b;
    arena->allocator->resize(arena->allocator->ctx, b, 0);
    b = next;
  }
}

void upk_arena_free(upk_arena *arena) {
  if (!arena)
    return;
  free_blocks(arena, arena->blocks);
  arena->allocator->resize(arena->allocator->ctx, arena, 0);
}

void upk_arena_reset(upk_arena *arena) {
  block *kept = arena->blocks;
  if (!kept)
    return;
  free_blocks(arena, kept->next);
  kept->next = NULL;
  kept->used = 0;
}

/* Blocks double up to BLOCK_MAX, so that small arenas stay small and large
 * ones waste little. */
static block *add_block(upk_arena *arena, size_t size) {
  size_t room = arena->blocks ? arena->blocks->size * 2 : BLOCK_MIN;
  if (room > BLOCK_MAX)
    room = BLOCK_MAX;
  bool large = size > room / 4;
  if (large)
    room = size;
  block *b = must_resize(arena->allocator, NULL, sizeof *b + room);
  *b = (block){.size = room};
  arena->total_bytes += room + sizeof *b;
  if (large && arena->blocks) { /* keep filling the first */
    b->next = arena->blocks->next;
    arena->blocks->next = b;
  } else {
    b->next = arena->blocks;
    arena->blocks = b;
  }
  return b;
}

void *upk_arena_alloc(upk_arena *arena, size_t size) {
  if (size > SIZE_MAX - 2 * ALIGNMENT - sizeof(block))
    arena->allocator->exhausted(arena->allocator->ctx, size);
  size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  block *b = arena->blocks;
  if (!b || b->size - b->used < size)
    b = add_block(arena, size);
  void *result = b->bytes + b->used;
  b->used += size;
  return memset(result, 0, size);
}

size_t upk_arena_bytes(const upk_arena *arena) { return arena->total_bytes; }

upk_str upk_arena_copy(upk_arena *arena, upk_str s) {
  if (!s.data)
    return s;
  char *bytes = upk_arena_alloc(arena, s.len + 1);
  if (s.len)
    memcpy(bytes, s.data, s.len);
  return (upk_str){bytes, s.len};
}

upk_str upk_arena_vprintf(upk_arena *arena, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, again);
  va_end(again);
  size_t size = len < 0 ? 0 : (size_t)len;
  char *bytes = upk_arena_alloc(arena, size + 1);
  vsnprintf(bytes, size + 1, format, args);
  return (upk_str){bytes, size};
}

upk_str upk_arena_printf(upk_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  upk_str text = upk_arena_vprintf(arena, format, args);
  va_end(args);
  return text;
}

void *upk_vec_grow(upk_arena *arena, void *items, size_t len, size_t *cap,
                   size_t item_size) {
  if (len == *cap) {
    size_t wanted = *cap ? *cap * 2 : 4;
    void *grown = upk_arena_alloc(arena, wanted * item_size);
    if (len)
      memcpy(grown, items, len * item_size);
    items = grown;
    *cap = wanted;
  }
  memset((char *)items + len * item_size, 0, item_size);
  return items;
}
