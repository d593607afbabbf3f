#include <stdlib.h>
#include <string.h>

#include "cm.h"
#include "map.h"

static void strings_compare_by_bytes_then_length(void **state) {
  (void)state;
  assert_int_equal(upk_str_compare(UPK_STR("a"), UPK_STR("b")), -1);
  assert_int_equal(upk_str_compare(UPK_STR("ab"), UPK_STR("a")), 1);
  assert_int_equal(upk_str_compare(UPK_STR(""), UPK_NO_STR), 0);
  assert_true(upk_str_compare(UPK_STR("\xc3\xa4"), UPK_STR("z")) > 0);
}

static void split_gives_what_follows_or_nothing(void **state) {
  upk_str rest;
  (void)state;
  assert_text(upk_str_split(UPK_STR("a,b"), ',', &rest), "a");
  assert_text(rest, "b");
  assert_text(upk_str_split(rest, ',', &rest), "b");
  assert_null(rest.data);
  upk_str_split(UPK_STR("x,"), ',', &rest);
  assert_non_null(rest.data);
  assert_int_equal(rest.len, 0);
}

static void trim_takes_white_space_off(void **state) {
  (void)state;
  assert_text(upk_str_trim(UPK_STR(" \t a b\r\n")), "a b");
  assert_text(upk_str_trim(UPK_STR(" \n ")), "");
}

static void arena_blocks_are_zeroed_aligned_and_apart(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  unsigned char *last = NULL;
  for (size_t size = 1; size < 9000; size += 37) {
    unsigned char *block = upk_arena_alloc(arena, size);
    assert_int_equal((uintptr_t)block % 16, 0);
    for (size_t i = 0; i < size; i++)
      assert_int_equal(block[i], 0);
    memset(block, 0xff, size);
    assert_ptr_not_equal(block, last);
    last = block;
  }
  size_t bytes = upk_arena_bytes(arena);
  upk_arena_reset(arena);
  assert_true(upk_arena_bytes(arena) < bytes);
  unsigned char *again = upk_arena_alloc(arena, 100);
  for (size_t i = 0; i < 100; i++)
    assert_int_equal(again[i], 0);
  upk_arena_free(arena);
}

static void copies_end_in_nul(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_str copy = upk_arena_copy(arena, (upk_str){"abcdef", 3});
  assert_string_equal(copy.data, "abc");
  assert_null(upk_arena_copy(arena, UPK_NO_STR).data);
  assert_string_equal(upk_arena_printf(arena, "%d-%s", 7, "x").data, "7-x");
  upk_arena_free(arena);
}

static void vectors_grow_and_zero(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  UPK_VEC(int) numbers = {0};
  for (int i = 0; i < 1000; i++) {
    int *slot = UPK_PUSH(arena, &numbers);
    assert_int_equal(*slot, 0);
    *slot = i;
  }
  for (int i = 0; i < 1000; i++)
    assert_int_equal(numbers.items[i], i);
  upk_arena_free(arena);
}

static void large_vectors_leave_no_copies(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  UPK_VEC(int) numbers = {0};
  enum { COUNT = 200000 };
  for (int i = 0; i < COUNT; i++) {
    *UPK_PUSH(arena, &numbers) = i;
    if (i % 1000 == 0) /* others are in between */
      assert_int_equal(*UPK_NEW(arena, int), 0);
  }
  for (int i = 0; i < COUNT; i++)
    assert_int_equal(numbers.items[i], i);
  assert_true(upk_arena_bytes(arena) < numbers.cap * sizeof(int) * 3 / 2);
  upk_arena_reset(arena);
  for (int i = 0; i < 100; i++)
    assert_int_equal(*UPK_NEW(arena, int), 0);
  upk_arena_free(arena);
}

static void prints_longer_than_the_first_room(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  for (int width = 0; width < 600; width++) {
    upk_buf buf = {0};
    upk_buf_printf(&buf, "%s%0*d", "", width, 7);
    upk_str text = upk_arena_printf(arena, "%0*d", width, 7);
    assert_int_equal(text.len, width ? width : 1);
    assert_string_equal(buf.data, text.data);
    assert_int_equal(buf.len, text.len);
    upk_buf_free(&buf);
  }
  upk_arena_free(arena);
}

static void buffers_print_integers_to_the_ends(void **state) {
  upk_buf buf = {0};
  (void)state;
  upk_buf_int(&buf, INT64_MIN);
  upk_buf_char(&buf, ' ');
  upk_buf_int(&buf, INT64_MAX);
  upk_buf_printf(&buf, " %s", "end");
  assert_string_equal(buf.data, "-9223372036854775808 9223372036854775807 end");
  upk_buf_clear(&buf);
  assert_int_equal(upk_buf_view(&buf).len, 0);
  upk_buf_free(&buf);
  assert_null(buf.data);
}

static void maps_keep_insertion_order(void **state) {
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  upk_map map;
  uint64_t value = 5;
  upk_map_init(&map, arena);
  assert_false(upk_map_find(&map, UPK_STR("x"), &value));
  assert_int_equal(value, 5);
  for (uint64_t i = 0; i < 2000; i++)
    assert_true(upk_map_put(
        &map, upk_arena_printf(arena, "key%d", (int)(i * 7919 % 2000)), i));
  assert_false(upk_map_put(&map, UPK_STR("key0"), 99));
  assert_true(upk_map_find(&map, UPK_STR("key0"), &value));
  assert_int_equal(value, 99);
  for (uint64_t i = 0; i < 2000; i++)
    assert_string_equal(
        map.entries.items[i].key.data,
        upk_arena_printf(arena, "key%d", (int)(i * 7919 % 2000)).data);
  upk_arena_free(arena);
}

/* The n-th allocation fails: `exhausted` is called, and nothing returns. */
typedef struct failing {
  jmp_buf out;
  size_t left;
  void *blocks[64];
  size_t count;
} failing;

static void *fail_resize(void *ctx, void *ptr, size_t size) {
  failing *f = ctx;
  if (size && f->left-- == 0)
    return NULL;
  void *result = size ? realloc(ptr, size) : (free(ptr), NULL);
  for (size_t i = 0; i < f->count; i++)
    if (f->blocks[i] == ptr) {
      f->blocks[i] = result;
      return result;
    }
  f->blocks[f->count++] = result;
  return result;
}

static void fail_exhausted(void *ctx, size_t size) {
  (void)size;
  longjmp(((failing *)ctx)->out, 1);
}

/* False when the n-th allocation was not reached. */
static bool fails_at(failing *f) {
  const upk_allocator allocator = {fail_resize, fail_exhausted, f};
  if (setjmp(f->out) != 0)
    return true;
  upk_arena *arena = upk_arena_new(&allocator);
  for (int i = 0; i < 10; i++)
    upk_arena_alloc(arena, 100000);
  return false;
}

static void exhaustion_leaves_by_the_handler(void **state) {
  (void)state;
  for (size_t n = 0; n < 4; n++) {
    failing f = {.left = n};
    assert_true(fails_at(&f));
    for (size_t i = 0; i < f.count; i++)
      free(f.blocks[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strings_compare_by_bytes_then_length),
      cmocka_unit_test(split_gives_what_follows_or_nothing),
      cmocka_unit_test(trim_takes_white_space_off),
      cmocka_unit_test(arena_blocks_are_zeroed_aligned_and_apart),
      cmocka_unit_test(copies_end_in_nul),
      cmocka_unit_test(vectors_grow_and_zero),
      cmocka_unit_test(large_vectors_leave_no_copies),
      cmocka_unit_test(prints_longer_than_the_first_room),
      cmocka_unit_test(buffers_print_integers_to_the_ends),
      cmocka_unit_test(maps_keep_insertion_order),
      cmocka_unit_test(exhaustion_leaves_by_the_handler),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
