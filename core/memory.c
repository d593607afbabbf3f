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
  LARGE = 64 * 1024, /* bytes; such an array has a block of its own */
  SMALL_ITEM = 32,   /* bytes; arrays of larger ones begin with one */
};

typedef struct block {
  struct block *next;
  size_t size, used; /* of `bytes` */
  bool single;       /* made for one allocation */
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
  kept->single = false;
}

/* Blocks double up to BLOCK_MAX, so that small arenas stay small and large
 * ones waste little. */
static block *add_block(upk_arena *arena, size_t size, bool single) {
  size_t room = arena->blocks ? arena->blocks->size * 2 : BLOCK_MIN;
  if (room > BLOCK_MAX)
    room = BLOCK_MAX;
  single |= size > room / 4;
  if (single)
    room = size;
  block *b = must_resize(arena->allocator, NULL, sizeof *b + room);
  *b = (block){.size = room, .single = single};
  arena->total_bytes += room + sizeof *b;
  if (single && arena->blocks) { /* keep filling the first */
    b->next = arena->blocks->next;
    arena->blocks->next = b;
  } else {
    b->next = arena->blocks;
    arena->blocks = b;
  }
  return b;
}

static void *take(upk_arena *arena, size_t size) {
  if (size > SIZE_MAX - 2 * ALIGNMENT - sizeof(block))
    arena->allocator->exhausted(arena->allocator->ctx, size);
  size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  block *b = arena->blocks;
  if (!b || b->size - b->used < size)
    b = add_block(arena, size, false);
  void *result = b->bytes + b->used;
  b->used += size;
  return result;
}

void *upk_arena_alloc(upk_arena *arena, size_t size) {
  return memset(take(arena, size), 0, size);
}

size_t upk_arena_bytes(const upk_arena *arena) { return arena->total_bytes; }

upk_str upk_arena_copy(upk_arena *arena, upk_str s) {
  if (!s.data)
    return s;
  char *bytes = take(arena, s.len + 1);
  if (s.len)
    memcpy(bytes, s.data, s.len);
  bytes[s.len] = '\0';
  return (upk_str){bytes, s.len};
}

upk_str upk_arena_vprintf(upk_arena *arena, const char *format, va_list args) {
  char room[256]; /* most texts fit, and are made once */
  va_list again;
  va_copy(again, args);
  int len = vsnprintf(room, sizeof room, format, again);
  va_end(again);
  size_t size = len < 0 ? 0 : (size_t)len;
  if (size < sizeof room)
    return upk_arena_copy(arena, (upk_str){room, size});
  char *bytes = take(arena, size + 1);
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

/* Where the block that holds nothing but `items` hangs, or NULL. */
static block **own_block(upk_arena *arena, const void *items) {
  for (block **at = &arena->blocks; *at; at = &(*at)->next)
    if ((*at)->bytes == items && (*at)->single)
      return at;
  return NULL;
}

/* The array's own block grows: no old copy is left behind. */
static void *grow_block(upk_arena *arena, block **at, size_t size) {
  size_t had = (*at)->size;
  block *b = must_resize(arena->allocator, *at, sizeof *b + size);
  b->size = b->used = size;
  arena->total_bytes += size - had;
  *at = b;
  return b->bytes;
}

static void *take_block(upk_arena *arena, size_t size) {
  block *b = add_block(arena, size, true);
  b->used = size;
  return b->bytes;
}

/* Not zeroed: items are, one by one. */
static void *grow(upk_arena *arena, void *items, size_t len, size_t size) {
  block **own = len >= LARGE ? own_block(arena, items) : NULL;
  if (own)
    return grow_block(arena, own, size);
  void *grown = size < LARGE ? take(arena, size) : take_block(arena, size);
  if (len)
    memcpy(grown, items, len);
  return grown;
}

void *upk_vec_grow(upk_arena *arena, void *items, size_t len, size_t *cap,
                   size_t item_size) {
  if (len == *cap) {
    size_t wanted = *cap ? *cap * 2 : item_size > SMALL_ITEM ? 1 : 4;
    items = grow(arena, items, len * item_size, wanted * item_size);
    *cap = wanted;
  }
  memset((char *)items + len * item_size, 0, item_size);
  return items;
}
