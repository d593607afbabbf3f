#include <string.h>

#include "cm.h"
#include "facts.h"

static const char text[] =
    "{\"capabilities\":{\"ledger\":true},\"collectors\":{\"table\":0},"
    "\"engine\":\"sqlite\",\"format\":\"upkeep.facts/1\",\"identity\":{},"
    "\"kinds\":{\"table\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},"
    "{\"name\":\"rows\",\"type\":\"int\"},{\"name\":\"stale\",\"reason\":\"not "
    "analysed\",\"type\":\"bool\"},{\"name\":\"tags\",\"type\":\"list\"},{"
    "\"name\":\"v\",\"type\":\"version\"}],\"rows\":[[\"a\",5,null,[\"x\","
    "\"y\"],\"14.2\"],[\"b\",\"-9223372036854775808\",true,null,null]]}},"
    "\"role\":\"standalone\",\"taken_at\":17,\"version\":\"3.40.1\"}\n";

static upk_status read_text(upk_arena *arena, upk_str bytes, upk_facts *facts) {
  upk_diags diags;
  upk_diags_init(&diags, arena);
  upk_status status =
      upk_facts_read(arena, bytes, UPK_STR("f.json"), &diags, facts);
  assert_int_equal(status == UPK_OK, diags.failures == 0);
  return status;
}

static void columns_hold_what_the_file_says(void **state) {
  upk_facts facts;
  upk_buf out = {0};
  (void)state;
  upk_arena *arena = upk_arena_new(NULL);
  assert_int_equal(read_text(arena, UPK_STR(text), &facts), UPK_OK);
  const upk_facts_kind *table = upk_facts_kind_find(&facts, UPK_STR("table"));
  assert_int_equal(table->rows, 2);
  const upk_facts_column *rows = upk_facts_column_find(table, UPK_STR("rows"));
  assert_int_equal(rows->values.integers[0], 5);
  assert_true(rows->values.integers[1] == INT64_MIN);
  const upk_facts_column *stale =
      upk_facts_column_find(table, UPK_STR("stale"));
  assert_text(stale->reason, "not analysed");
  assert_int_equal(stale->values.null[0], 1);
  assert_int_equal(stale->values.integers[1], 1);
  assert_null(upk_facts_column_find(table, UPK_STR("none")));
  assert_true(upk_facts_write(&facts, upk_sink_buf(&out)));
  assert_string_equal(out.data, text);
  upk_buf_free(&out);
  upk_arena_free(arena);
}

/* A column that says the same of all rows has one cell; one that differs in
 * the last row alone has them all. */
static void equal_columns_are_constant(void **state) {
  enum { ROWS = 100000 };
  upk_facts facts;
  upk_buf in = {0}, out = {0};
  (void)state;
  upk_buf_str(&in, UPK_STR("{\"capabilities\":{},\"collectors\":{},"
                           "\"engine\":\"sqlite\",\"format\":\"upkeep.facts/"
                           "1\",\"identity\":{},\"kinds\":{\"table\":{"
                           "\"columns\":["));
  static const char *const types[] = {"text", "int", "int", "text", "bool"};
  for (int i = 0; i < 5; i++)
    upk_buf_printf(&in, "%s{\"name\":\"c%d\",\"type\":\"%s\"}", i ? "," : "", i,
                   types[i]);
  upk_buf_str(&in, UPK_STR("],\"rows\":["));
  for (int i = 0; i < ROWS; i++)
    upk_buf_printf(&in, "%s[\"same\",%d,7,%s,null]", i ? "," : "", i,
                   i + 1 < ROWS ? "null" : "\"last\"");
  upk_buf_str(&in, UPK_STR("]}},\"role\":\"standalone\",\"taken_at\":1,"
                           "\"version\":\"3.40.1\"}\n"));
  upk_arena *arena = upk_arena_new(NULL);
  assert_int_equal(read_text(arena, upk_buf_view(&in), &facts), UPK_OK);
  const upk_facts_kind *table = upk_facts_kind_find(&facts, UPK_STR("table"));
  assert_int_equal(table->rows, ROWS);
  static const bool constant[] = {true, false, true, false, true};
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(table->columns.items[i].values.constant, constant[i]);
  assert_int_equal(table->columns.items[1].values.integers[ROWS - 1], ROWS - 1);
  assert_int_equal(table->columns.items[2].values.integers[0], 7);
  assert_int_equal(table->columns.items[3].values.null[ROWS - 2], 1);
  assert_text(table->columns.items[3].values.texts[ROWS - 1], "last");
  /* 100,000 integers and texts with their nulls; nothing is left behind by
   * arrays that grew. */
  assert_true(upk_arena_bytes(arena) < 131072 * (8 + 1 + 16 + 1) + 512 * 1024);
  assert_true(upk_facts_write(&facts, upk_sink_buf(&out)));
  assert_string_equal(out.data, in.data);
  upk_buf_free(&in);
  upk_buf_free(&out);
  upk_arena_free(arena);
}

static void every_cut_is_refused(void **state) {
  upk_facts facts;
  (void)state;
  for (size_t len = 0; len < sizeof text - 1; len++) {
    upk_arena *arena = upk_arena_new(NULL);
    assert_int_equal(read_text(arena, (upk_str){text, len}, &facts), UPK_STALE);
    upk_arena_free(arena);
  }
}

/* A flipped bit may give another legal file; it must never crash, and what is
 * accepted must write back as the same bytes. */
static void every_flip_is_refused_or_whole(void **state) {
  char copy[sizeof text];
  (void)state;
  for (size_t i = 0; i < (sizeof text - 1) * 8; i++) {
    upk_facts facts;
    upk_buf out = {0};
    upk_arena *arena = upk_arena_new(NULL);
    memcpy(copy, text, sizeof text);
    copy[i / 8] = (char)(copy[i / 8] ^ (1 << i % 8));
    if (read_text(arena, (upk_str){copy, sizeof text - 1}, &facts) == UPK_OK)
      assert_true(upk_facts_write(&facts, upk_sink_buf(&out)));
    upk_buf_free(&out);
    upk_arena_free(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_hold_what_the_file_says),
      cmocka_unit_test(equal_columns_are_constant),
      cmocka_unit_test(every_cut_is_refused),
      cmocka_unit_test(every_flip_is_refused_or_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
