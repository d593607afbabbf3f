/* Memory and strings: the types that every signature of libupkeep uses.
 *
 * Allocation failure: an allocator's `exhausted` never returns, so callers of
 * arenas and buffers need no NULL checks (docs/decisions/002). Owners decide
 * what it does: the program reports and exits, tests longjmp out.
 */
#ifndef UPKEEP_BASE_H
#define UPKEEP_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <upkeep/status.h>

#if defined(__GNUC__)
#define UPK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define UPK_PRINTF(fmt, args)
#endif

/* Borrowed bytes with their length; not NUL-terminated unless said. A NULL
 * `data` means "absent"; an empty string has data != NULL and len 0. */
typedef struct upk_str {
  const char *data;
  size_t len;
} upk_str;

#define UPK_STR(literal) ((upk_str){(literal), sizeof(literal) - 1})
#define UPK_NO_STR ((upk_str){NULL, 0})
/* For printf: printf("%.*s", UPK_FMT(s)). */
#define UPK_FMT(s) (int)(s).len, (s).data

upk_str upk_str_from(const char *c_string); /* NULL gives UPK_NO_STR */
bool upk_str_equal(upk_str a, upk_str b);
bool upk_str_is(upk_str a, const char *c_string);
int upk_str_compare(upk_str a, upk_str b); /* by bytes, then by length */
bool upk_str_starts(upk_str a, const char *prefix);
bool upk_str_ends(upk_str a, const char *suffix);
/* Text up to `separator`; `*rest` is what follows, absent when none is left. */
upk_str upk_str_split(upk_str a, char separator, upk_str *rest);
upk_str upk_str_trim(upk_str a); /* ASCII white space */

/* realloc(3) in shape: size 0 frees and gives NULL. `exhausted` is called when
 * resize gave NULL, and must not return. */
typedef struct upk_allocator {
  void *(*resize)(void *ctx, void *ptr, size_t size);
  void (*exhausted)(void *ctx, size_t size);
  void *ctx;
} upk_allocator;

/* libc's; `exhausted` writes one line to descriptor 2 and abort()s. */
const upk_allocator *upk_allocator_libc(void);

/* An arena: memory freed all at once. Blocks are zeroed and aligned to 16. */
typedef struct upk_arena upk_arena;
upk_arena *upk_arena_new(const upk_allocator *allocator); /* NULL: libc's */
void upk_arena_free(upk_arena *arena);                    /* NULL is fine */
void upk_arena_reset(upk_arena *arena); /* empties it, keeps one block */
void *upk_arena_alloc(upk_arena *arena, size_t size);
size_t upk_arena_bytes(const upk_arena *arena); /* taken from the allocator */
/* Copies; the result is NUL-terminated beyond its length. */
upk_str upk_arena_copy(upk_arena *arena, upk_str s);
upk_str upk_arena_printf(upk_arena *arena, const char *format, ...)
    UPK_PRINTF(2, 3);
upk_str upk_arena_vprintf(upk_arena *arena, const char *format, va_list args)
    UPK_PRINTF(2, 0);
#define UPK_NEW(arena, type) ((type *)upk_arena_alloc((arena), sizeof(type)))
#define UPK_NEW_ARRAY(arena, type, count)                                      \
  ((type *)upk_arena_alloc((arena), sizeof(type) * (size_t)(count)))

/* A growing array in an arena: struct { T *items; size_t len, cap; }.
 * UPK_PUSH gives a pointer to the new, zeroed item:
 *   *UPK_PUSH(arena, &vec) = item;  */
#define UPK_VEC(type)                                                          \
  struct {                                                                     \
    type *items;                                                               \
    size_t len, cap;                                                           \
  }
void *upk_vec_grow(upk_arena *arena, void *items, size_t len, size_t *cap,
                   size_t item_size);
#define UPK_PUSH(arena, vec)                                                   \
  ((vec)->items = upk_vec_grow((arena), (vec)->items, (vec)->len, &(vec)->cap, \
                               sizeof *(vec)->items),                          \
   &(vec)->items[(vec)->len++])

/* A growing byte buffer, freed by its owner. Zero-initialise, or give an
 * allocator first. `data` is NUL-terminated whenever len > 0. */
typedef struct upk_buf {
  char *data;
  size_t len, cap;
  const upk_allocator *allocator; /* NULL: libc's */
} upk_buf;

void upk_buf_add(upk_buf *buf, const void *bytes, size_t len);
void upk_buf_str(upk_buf *buf, upk_str s);
void upk_buf_char(upk_buf *buf, char c);
void upk_buf_int(upk_buf *buf, int64_t value); /* decimal, no locale */
void upk_buf_printf(upk_buf *buf, const char *format, ...) UPK_PRINTF(2, 3);
void upk_buf_reserve(upk_buf *buf, size_t more);
void upk_buf_clear(upk_buf *buf); /* len 0, memory kept */
void upk_buf_free(upk_buf *buf);  /* back to all zero but the allocator */
upk_str upk_buf_view(const upk_buf *buf); /* valid until the next change */

/* Where streams of bytes go. Returns false to stop; the writer then fails. */
typedef struct upk_sink {
  bool (*write)(void *ctx, const char *bytes, size_t len);
  void *ctx;
} upk_sink;
upk_sink upk_sink_buf(upk_buf *buf);

#endif
