/* Times, durations, sizes, quoting: what becomes text, and back. */
#include <string.h>

#include "cm.h"
#include "quote.h"
#include "timefmt.h"

static upk_buf out;

static const char *shown(void (*format)(int64_t, upk_buf *), int64_t value) {
  upk_buf_clear(&out);
  format(value, &out);
  return out.data;
}

static void timestamps_read_and_write(void **state) {
  int64_t us;
  (void)state;
  assert_true(upk_timestamp_parse(UPK_STR("2026-11-27T00:00Z"), &us));
  assert_string_equal(shown(upk_timestamp_format, us), "2026-11-27T00:00:00Z");
  assert_true(upk_timestamp_parse(UPK_STR("1970-01-01T01:00:00.5+01:00"), &us));
  assert_int_equal(us, 500000);
  assert_string_equal(shown(upk_timestamp_format, -1),
                      "1969-12-31T23:59:59.999999Z");
  assert_true(upk_timestamp_parse(UPK_STR("2024-02-29T00:00Z"), &us));
  static const char *const wrong[] = {"2026-11-27",        "2026-11-27T00:00",
                                      "2026-02-29T00:00Z", "2026-13-01T00:00Z",
                                      "2026-1-01T00:00Z",  "2026-11-27T24:00Z",
                                      "2026-11-27T00:60Z", "2026-11-27T00:00Zx",
                                      "0000-01-01T00:00Z", ""};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(upk_timestamp_parse(upk_str_from(wrong[i]), &us));
}

static void durations_read_and_write(void **state) {
  int64_t us;
  (void)state;
  assert_true(upk_duration_parse(UPK_STR("1h30m"), &us));
  assert_int_equal(us, INT64_C(5400000000));
  assert_true(upk_duration_parse(UPK_STR("2w"), &us));
  assert_string_equal(shown(upk_duration_format, us), "14d");
  assert_true(upk_duration_parse(UPK_STR("5min"), &us));
  assert_string_equal(shown(upk_duration_format, us), "5m");
  assert_string_equal(shown(upk_duration_format, 0), "0s");
  assert_string_equal(shown(upk_duration_format, 90061001001),
                      "1d1h1m1s1ms1us");
  static const char *const wrong[] = {"",
                                      "5",
                                      "h",
                                      "1m1h",
                                      "1h1h",
                                      "-1s",
                                      "1 h",
                                      "1y",
                                      "99999999999999999999s",
                                      "9223372036854775807w"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(upk_duration_parse(upk_str_from(wrong[i]), &us));
  assert_string_equal(shown(upk_duration_human, 18 * 60000000ll), "18 min");
  assert_string_equal(shown(upk_duration_human, 40000000), "40 s");
  assert_string_equal(shown(upk_duration_human, 250000), "250 ms");
  assert_string_equal(shown(upk_duration_human, 6 * 3600000000ll), "6 h");
}

static void sizes_and_ratios_are_exact(void **state) {
  (void)state;
  assert_string_equal(shown(upk_bytes_format, 67108864), "64MiB");
  assert_string_equal(shown(upk_bytes_format, 1000), "1000B");
  assert_string_equal(shown(upk_bytes_format, 0), "0B");
  assert_string_equal(shown(upk_bytes_human, 2254857830), "2.1 GiB");
  assert_string_equal(shown(upk_bytes_human, 1048575), "1.0 MiB");
  assert_string_equal(shown(upk_bytes_human, 512), "512 B");
  assert_string_equal(shown(upk_bytes_human, -1587), "-1.5 KiB");
  assert_string_equal(shown(upk_bytes_human, INT64_MIN), "-8.0 EiB");
  assert_string_equal(shown(upk_ratio_format, 410000), "41%");
  assert_string_equal(shown(upk_ratio_format, 12345), "1.2345%");
  assert_string_equal(shown(upk_ratio_format, -500000), "-50%");
  assert_string_equal(shown(upk_ratio_format, 1), "0.0001%");
}

static const char *quoted(upk_dialect dialect, const char *name) {
  upk_buf_clear(&out);
  return upk_quote_identifier(dialect, upk_str_from(name), &out) ? out.data
                                                                 : "refused";
}

static void identifiers_cannot_break_out(void **state) {
  char long_name[200];
  (void)state;
  assert_string_equal(quoted(UPK_POSTGRES, "\"; drop table x; --"),
                      "\"\"\"; drop table x; --\"");
  assert_string_equal(quoted(UPK_SQLITE, "a\nb"), "\"a\nb\"");
  assert_string_equal(quoted(UPK_MYSQL, "a`b"), "`a``b`");
  assert_string_equal(quoted(UPK_MSSQL, "a]b[c"), "[a]]b[c]");
  assert_string_equal(quoted(UPK_ORACLE, "a\"b"), "refused");
  assert_string_equal(quoted(UPK_POSTGRES, ""), "refused");
  assert_string_equal(quoted(UPK_POSTGRES, "\xff"), "refused");
  memset(long_name, 'x', 64);
  long_name[64] = '\0';
  assert_string_equal(quoted(UPK_POSTGRES, long_name), "refused");
  long_name[63] = '\0';
  assert_string_not_equal(quoted(UPK_POSTGRES, long_name), "refused");
  upk_buf_clear(&out);
  assert_false(upk_quote_identifier(UPK_SQLITE, (upk_str){"a\0b", 3}, &out));
}

static void literals_cannot_break_out(void **state) {
  (void)state;
  upk_buf_clear(&out);
  assert_true(upk_quote_literal(UPK_POSTGRES, UPK_STR("it's \\"), &out));
  assert_string_equal(out.data, "'it''s \\'");
  upk_buf_clear(&out);
  assert_true(upk_quote_literal(UPK_MYSQL, UPK_STR("'\\"), &out));
  assert_string_equal(out.data, "'''\\\\'");
  assert_false(upk_quote_literal(UPK_SQLITE, (upk_str){"a\0", 2}, &out));
}

/* Bytes are looked at eight at a time: each place must count. */
static void utf8_is_judged_at_every_place(void **state) {
  static const char bad[] = {'\0', '\x80', '\xff', '\xc3'};
  (void)state;
  for (size_t len = 1; len < 40; len++)
    for (size_t at = 0; at < len; at++) {
      char text[40];
      memset(text, 'a' + (int)(at % 26), len);
      assert_true(upk_utf8_valid((upk_str){text, len}));
      for (size_t i = 0; i < sizeof bad; i++) {
        text[at] = bad[i];
        assert_false(upk_utf8_valid((upk_str){text, len}));
      }
      if (at + 1 == len)
        continue;
      memcpy(text + at, "\xc3\xa9", 2);
      assert_true(upk_utf8_valid((upk_str){text, len}));
    }
}

static void names_are_shown_apart(void **state) {
  (void)state;
  upk_str plain[] = {UPK_STR("public"), UPK_STR("orders")};
  upk_str odd[] = {UPK_STR("Orders"), UPK_STR("a\"\n")};
  upk_buf_clear(&out);
  upk_display_name(plain, 2, &out);
  assert_string_equal(out.data, "public.orders");
  upk_buf_clear(&out);
  upk_display_name(odd, 2, &out);
  assert_string_equal(out.data, "\"Orders\".\"a\"\"\\x0a\"");
  upk_buf_clear(&out); /* U+009B, U+202E, and what is no UTF-8 */
  upk_display_text(UPK_STR("\xc3\xa4\xc2\x9b\\\xe2\x80\xae\xff"), &out);
  assert_string_equal(out.data, "\xc3\xa4\\xc2\\x9b\\\\xe2\\x80\\xae\\xff");
}

static int end(void **state) {
  (void)state;
  upk_buf_free(&out);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timestamps_read_and_write),
      cmocka_unit_test(durations_read_and_write),
      cmocka_unit_test(sizes_and_ratios_are_exact),
      cmocka_unit_test(utf8_is_judged_at_every_place),
      cmocka_unit_test(identifiers_cannot_break_out),
      cmocka_unit_test(literals_cannot_break_out),
      cmocka_unit_test(names_are_shown_apart),
  };
  return cmocka_run_group_tests(tests, NULL, end);
}
