/* YAML to nodes: places, bounds, and what is refused. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cm.h"
#include "front/yaml/read.h"

static upk_arena *arena;
static upk_diags diags;

static int begin(void **state) {
  (void)state;
  arena = upk_arena_new(NULL);
  upk_diags_init(&diags, arena);
  return 0;
}

static int end(void **state) {
  (void)state;
  upk_arena_free(arena);
  return 0;
}

static node *read_bytes(upk_str text) {
  upk_diags_init(&diags, arena);
  return yaml_read(arena, &diags, UPK_STR("a.yaml"), text);
}

static node *read(const char *text) { return read_bytes(upk_str_from(text)); }

static void assert_place(upk_span span, unsigned line, unsigned column,
                         unsigned end_line, unsigned end_column) {
  assert_int_equal(span.line, line);
  assert_int_equal(span.column, column);
  assert_int_equal(span.end_line, end_line);
  assert_int_equal(span.end_column, end_column);
}

/* Exactly one diagnostic, of this code, at this place; no tree. */
static void refused(upk_str text, int code, unsigned line, unsigned column) {
  assert_null(read_bytes(text));
  assert_int_equal(diags.items.len, 1);
  assert_int_equal(diags.items.items[0].code, code);
  assert_int_equal(diags.items.items[0].labels.items[0].span.line, line);
  assert_int_equal(diags.items.items[0].labels.items[0].span.column, column);
}
#define REFUSED(text, ...) refused(UPK_STR(text), __VA_ARGS__)

static void spans_are_exact(void **state) {
  (void)state;
  node *map = read("a: one\n\xc3\xa9: 'two'\nlist:\n  - x\n  - [y,\n     z]\n");
  assert_non_null(map);
  assert_place(map->span, 1, 1, 6, 8);
  node *one = node_find(map, "a");
  assert_int_equal(one->type, NODE_PLAIN);
  assert_text(one->text, "one");
  assert_place(one->span, 1, 4, 1, 7);
  node *two = node_find(map, "\xc3\xa9"); /* columns are bytes */
  assert_int_equal(two->type, NODE_TEXT);
  assert_place(two->span, 2, 5, 2, 10);
  assert_place(two->text_span, 2, 6, 2, 9);
  node *list = node_find(map, "list");
  assert_int_equal(list->list.count, 2);
  assert_place(list->span, 4, 3, 6, 8);
  assert_place(list->list.items[1]->span, 5, 5, 6, 8);
}

static void text_spans_follow_the_text(void **state) {
  (void)state;
  node *map = read("a: \"x\\ty\"\nb: |\n\n  size > 1\n\nc: >-\n  p\n  q\nd:\n");
  assert_non_null(map);
  assert_place(node_find(map, "a")->text_span, 1, 5, 1, 9);
  assert_text(node_find(map, "a")->text, "x\ty");
  node *block = node_find(map, "b");
  assert_text(block->text, "\nsize > 1\n");
  assert_place(block->text_span, 4, 3, 4, 11);
  assert_place(block->span, 2, 4, 4, 11);
  node *folded = node_find(map, "c");
  assert_text(folded->text, "p q");
  assert_place(folded->text_span, 7, 3, 8, 4);
  assert_int_equal(node_find(map, "d")->type, NODE_NULL);
}

static void line_breaks_of_yaml_alone_do_not_count(void **state) {
  (void)state;
  node *map = read("a: \"x\xc2\x85 y\"\r\nb: z\n");
  assert_non_null(map);
  assert_place(node_find(map, "b")->span, 2, 4, 2, 5);
}

static void long_lines_keep_their_columns(void **state) {
  (void)state;
  upk_buf text = {0};
  upk_buf_str(&text, UPK_STR("a: \""));
  for (int i = 0; i < 1000; i++)
    upk_buf_str(&text, UPK_STR("\xe2\x82\xac"));
  upk_buf_str(&text, UPK_STR("\"\nb: {c: \xe2\x82\xac, d: e}\n"));
  node *map = read_bytes(upk_buf_view(&text));
  assert_non_null(map);
  assert_place(node_find(map, "a")->span, 1, 4, 1, 3006);
  assert_place(node_find(node_find(map, "b"), "d")->span, 2, 16, 2, 17);
  upk_buf_free(&text);
}

static void a_byte_order_mark_is_skipped(void **state) {
  (void)state;
  node *map = read("\xef\xbb\xbf"
                   "a: b\n");
  assert_non_null(map);
  assert_place(node_find(map, "a")->span, 1, 4, 1, 5);
}

static void bytes_that_are_no_text_are_refused(void **state) {
  (void)state;
  REFUSED("\xff\xfe"
          "a\0:\0",
          1003, 1, 1);
  REFUSED("\xfe\xff"
          "\0a\0:",
          1003, 1, 1);
  REFUSED("a: b\nc: \0\n", 1003, 2, 4);
  REFUSED("a: \x1b[0m\n", 1003, 1, 4);
  REFUSED("a: b\xc3(\n", 1003, 1, 5);
  REFUSED("a: \xed\xa0\x80\n", 1003, 1, 4); /* a surrogate */
  REFUSED("a: \xc2\x9b\n", 1003, 1, 4);     /* a C1 control */
}

static void empty_files_are_refused(void **state) {
  (void)state;
  REFUSED("", 1005, 1, 1);
  REFUSED("\n\n", 1005, 1, 1);
  REFUSED("# only\n# comments\n", 1005, 1, 1);
  REFUSED("---\n", 1005, 1, 1);
}

static void syntax_errors_have_their_place(void **state) {
  (void)state;
  REFUSED("a: b\n\tc: d\n", 1004, 2, 1);
  REFUSED("a: b: c\n", 1004, 1, 5);
  REFUSED("a: [b\n", 1004, 2, 1);
  REFUSED("a: \"b\n", 1004, 2, 1);
  REFUSED("a: @b\n", 1004, 1, 4);
}

static void a_second_document_is_refused(void **state) {
  (void)state;
  REFUSED("a: b\n---\nc: d\n", 1010, 2, 1);
  assert_non_null(read("---\na: b\n...\n"));
  assert_int_equal(diags.items.len, 0);
}

static void aliases_are_refused(void **state) {
  (void)state;
  REFUSED("a: *b\n", 1008, 1, 4);
  REFUSED("*a : b\n", 1008, 1, 1);
  REFUSED("a:\n  <<: {b: c}\n", 1008, 2, 3);
  REFUSED("a: &x [*x]\n", 1008, 1, 4);
  REFUSED("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", 1008, 1, 4);
  assert_non_null(read("'<<': b\n")); /* quoted, it is a word */
}

static void tags_and_duplicates_leave_a_tree(void **state) {
  (void)state;
  node *map = read("a: !!str b\na: c\nd: !!python/object {}\n");
  assert_non_null(map);
  assert_int_equal(diags.items.len, 3);
  assert_int_equal(diags.items.items[0].code, 1009);
  assert_int_equal(diags.items.items[1].code, 1011);
  assert_int_equal(diags.items.items[1].labels.len, 2);
  assert_text(node_find(map, "a")->text, "b"); /* the first stays */
  assert_int_equal(map->map.count, 2);
}

static void keys_are_words(void **state) {
  (void)state;
  REFUSED("? [a, b]\n: c\n", 1012, 1, 3);
  REFUSED("{a: b}: c\n", 1012, 1, 1);
  REFUSED("? \n: c\n", 1012, 1, 2);
  REFUSED("'': c\n", 1012, 1, 1);
}

/* `count` times `piece`. */
static upk_str repeated(const char *piece, size_t count) {
  upk_buf text = {0};
  for (size_t i = 0; i < count; i++)
    upk_buf_str(&text, upk_str_from(piece));
  upk_str copy = upk_arena_copy(arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* libyaml alone needs 38 s for 200,000 brackets. */
static void deep_nesting_is_refused_at_once(void **state) {
  (void)state;
  static const char *const pieces[] = {"[", "{a: ", "- ", "? ", "[{a: "};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    upk_str text = repeated(pieces[i], 100000);
    double start = cpu_seconds();
    assert_null(read_bytes(text));
    assert_true(cpu_seconds() - start < 0.5);
    assert_int_equal(diags.items.len, 1);
    int code = diags.items.items[0].code;
    assert_true(code == 1006 || code == 1012 || code == 1004);
  }
  assert_int_equal(diags.items.items[0].code, 1006);
}

static void depth_is_counted_exactly(void **state) {
  (void)state;
  char text[80] = {0};
  memset(text, '[', 32);
  memset(text + 32, ']', 32);
  assert_non_null(read(text));
  memset(text, '[', 33);
  memset(text + 33, ']', 33);
  assert_null(read(text));
  assert_int_equal(diags.items.items[0].code, 1006);
}

static void size_and_events_are_bounded(void **state) {
  (void)state;
  refused(repeated("# 56789\n", (1 << 17) + 1), 1002, 1, 1);
  refused(repeated("a: b\n", 2000000), 1002, 1, 1); /* 10 MB */
  assert_null(read_bytes(repeated("- a\n", 50001)));
  assert_int_equal(diags.items.items[0].code, 1007);
  assert_non_null(read_bytes(repeated("- a\n", 49000)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spans_are_exact),
      cmocka_unit_test(text_spans_follow_the_text),
      cmocka_unit_test(line_breaks_of_yaml_alone_do_not_count),
      cmocka_unit_test(long_lines_keep_their_columns),
      cmocka_unit_test(a_byte_order_mark_is_skipped),
      cmocka_unit_test(bytes_that_are_no_text_are_refused),
      cmocka_unit_test(empty_files_are_refused),
      cmocka_unit_test(syntax_errors_have_their_place),
      cmocka_unit_test(a_second_document_is_refused),
      cmocka_unit_test(aliases_are_refused),
      cmocka_unit_test(tags_and_duplicates_leave_a_tree),
      cmocka_unit_test(keys_are_words),
      cmocka_unit_test(deep_nesting_is_refused_at_once),
      cmocka_unit_test(depth_is_counted_exactly),
      cmocka_unit_test(size_and_events_are_bounded),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
