/* Tables and texts of the ODBC driver that need no server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/registry.h"

#ifdef UPKEEP_WITH_ODBC
#include "driver/odbc/dialect.h"
#include "driver/odbc/wire.h"

static void codes_have_classes(void **state) {
  (void)state;
  static const struct {
    const char *state;
    int native;
    driver_class class;
  } wanted[] = {
      {"HY000", 1205, DRIVER_LOCK_TIMEOUT}, {"40001", 1213, DRIVER_DEADLOCK},
      {"70100", 1317, DRIVER_CANCELLED},    {"70100", 1969, DRIVER_TIMEOUT},
      {"HY000", 1021, DRIVER_DISK_FULL},    {"HY000", 1290, DRIVER_READ_ONLY},
      {"25006", 0, DRIVER_READ_ONLY},       {"42000", 1142, DRIVER_PRIVILEGE},
      {"42S02", 1146, DRIVER_SYNTAX},       {"08S01", 0, DRIVER_CONNECTION},
      {"HYT00", 0, DRIVER_TIMEOUT},         {"HY000", 2013, DRIVER_CONNECTION},
      {"IM002", 0, DRIVER_CONNECTION},      {"HY000", 1034, DRIVER_DAMAGED},
      {"08004", 1040, DRIVER_BUSY},         {"23000", 1062, DRIVER_OTHER},
      {"HY008", 0, DRIVER_CANCELLED},       {"28000", 1045, DRIVER_PRIVILEGE},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (odbc_class(&odbc_mariadb, wanted[i].state, wanted[i].native) !=
        wanted[i].class)
      fail_msg("%s %d is not %s", wanted[i].state, wanted[i].native,
               driver_class_name(wanted[i].class));
}

static void expect_numbered(const char *sql, const char *text,
                            const char *order) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_buf out = {0}, numbers = {0};
  odbc_order found = {0};
  odbc_number_params(&odbc_mariadb, upk_str_from(sql), arena, &out, &found);
  for (size_t i = 0; i < found.len; i++)
    upk_buf_printf(&numbers, "%zu ", found.items[i]);
  upk_buf_char(&out, '\0');
  upk_buf_char(&numbers, '\0');
  assert_string_equal(out.data, text);
  assert_string_equal(numbers.data, order);
  upk_buf_free(&out);
  upk_buf_free(&numbers);
  upk_arena_free(arena);
}

static void parameters_are_numbered(void **state) {
  (void)state;
  expect_numbered("select ?2, ?1, ?2", "select ?, ?, ?", "1 0 1 ");
  expect_numbered("select ?, ?12, ?", "select ?, ?, ?", "0 11 12 ");
  expect_numbered("select '?1', \"?2\", `?3`, ?1",
                  "select '?1', \"?2\", `?3`, ?", "0 ");
  expect_numbered("select 'it''s ?1 \\' ?1', ?1", "select 'it''s ?1 \\' ?1', ?",
                  "0 ");
  expect_numbered("-- ?1\nselect ?1 # ?2\n, ?2 /*/ ?3 */, ?3",
                  "-- ?1\nselect ? # ?2\n, ? /*/ ?3 */, ?", "0 1 2 ");
  expect_numbered("select 1--?1", "select 1--?", "0 ");
  expect_numbered("select 'open ?1", "select 'open ?1", "");
  expect_numbered("/* open ?1", "/* open ?1", "");
}

static void expect_message(const char *connect, const char *message,
                           const char *wanted) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str text =
      odbc_message(arena, upk_str_from(connect), upk_str_from(message));
  assert_string_equal(text.data, wanted);
  upk_arena_free(arena);
}

static void secrets_are_hidden(void **state) {
  (void)state;
  expect_message("DSN=a;UID=u;PWD=s3cret", "[x][y] no s3cret here",
                 "no ****** here");
  expect_message("pwd={a;b};Driver={The Driver}", "[x]The Driver, a;b",
                 "The Driver, ***");
  expect_message(" Password = ab ;", "xaby", "xaby");
  expect_message("DSN=a", "[open", "[open");
  assert_true(odbc_has_key(UPK_STR("a=1;Charset=utf8"), "CHARSET"));
  assert_false(odbc_has_key(UPK_STR("a={;charset=1}"), "charset"));
}

/* Half a frame is waited for; a frame that was cut or made up is refused. */
static void frames_come_whole(void **state) {
  (void)state;
  driver_op op, copy;
  odbc_way way = {.engine = UPK_STR("mariadb"), .connect = UPK_STR("DSN=a")};
  odbc_way got;
  odbc_frame type;
  odbc_reader reader;
  upk_buf bytes = {0};
  driver_value values[] = {{.type = DRIVER_TEXT, .text = UPK_STR("x")},
                           {.type = DRIVER_INT, .integer = -5},
                           {.type = DRIVER_NULL}};
  driver_query query = {.sql = UPK_STR("select 1"),
                        .params = values,
                        .param_count = 3,
                        .deadline_ms = 7};
  driver_op_init(&op);
  driver_op_init(&copy);
  driver_op_begin_query(&op, &query);
  odbc_put_ask(&bytes, &op, &way);
  for (size_t len = 0; len < bytes.len; len++) {
    size_t at = 0;
    assert_false(odbc_next((upk_str){bytes.data, len}, &at, &type, &reader));
  }
  size_t at = 0;
  assert_true(odbc_next(upk_buf_view(&bytes), &at, &type, &reader));
  assert_int_equal(type, ODBC_ASK);
  odbc_reader cut = {reader.at, reader.end - 3, false};
  assert_true(odbc_get_ask(&reader, &copy, &got));
  assert_true(upk_str_is(copy.sql, "select 1"));
  assert_int_equal(copy.deadline_ms, 7);
  assert_int_equal(copy.params[1].integer, -5);
  assert_int_equal(copy.params[2].type, DRIVER_NULL);
  assert_true(upk_str_is(got.connect, "DSN=a"));
  assert_false(odbc_get_ask(&cut, &copy, &got));
  memset(bytes.data, 0xff, 8);
  at = 0;
  assert_true(odbc_next(upk_buf_view(&bytes), &at, &type, &reader));
  assert_true(reader.bad);
  upk_buf_free(&bytes);
  driver_op_free(&op);
  driver_op_free(&copy);
}
#endif

static void the_driver_is_known(void **state) {
  (void)state;
  assert_string_equal(driver_option(UPK_STR("mariadb")), "UPKEEP_WITH_ODBC");
#ifdef UPKEEP_WITH_ODBC
  assert_ptr_equal(driver_find(UPK_STR("mariadb")), &driver_mariadb);
#else
  assert_null(driver_find(UPK_STR("mariadb")));
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_driver_is_known),
#ifdef UPKEEP_WITH_ODBC
      cmocka_unit_test(codes_have_classes),
      cmocka_unit_test(parameters_are_numbered),
      cmocka_unit_test(secrets_are_hidden),
      cmocka_unit_test(frames_come_whole),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
