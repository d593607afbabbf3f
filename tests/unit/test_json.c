#include <string.h>

#include "cm.h"
#include "digest.h"
#include "json.h"

static upk_arena *arena;

static int begin(void **state) {
  (void)state;
  arena = upk_arena_new(NULL);
  return 0;
}

static int end(void **state) {
  (void)state;
  upk_arena_free(arena);
  return 0;
}

static const char *fault_of(const char *text) {
  upk_json_error error = {0, NULL};
  const upk_json *value = upk_json_parse(arena, upk_str_from(text), &error);
  return value ? "none" : error.text;
}

static void only_the_canonical_form_is_read(void **state) {
  static const char *const cases[][2] = {
      {"{}\n", "none"},
      {"{\"a\":1,\"b\":[true,null,\"x\"]}\n", "none"},
      {"-9007199254740991\n", "none"},
      {"\"\\u001f\\n\"\n", "none"},
      {"{}", "the last newline is missing"},
      {"{}\n\n", "bytes stand after the end"},
      {"{ }\n", "a key was expected"},
      {"{\"b\":1,\"a\":2}\n", "keys are not in order"},
      {"{\"a\":1,\"a\":2}\n", "a key stands twice"},
      {"{\"a\" :1}\n", "a colon was expected"},
      {"1.0\n", "a number that is no integer"},
      {"1e3\n", "a number that is no integer"},
      {"01\n", "a number that is no canonical integer"},
      {"-0\n", "a number that is no canonical integer"},
      {"9007199254740992\n", "an integer of 2^53 or more"},
      {"99999999999999999999\n", "an integer of 2^53 or more"},
      {"\"\\u0041\"\n", "an escape that is not canonical"},
      {"\"\\u000a\"\n", "an escape that is not canonical"},
      {"\"\\u001F\"\n", "an escape that is not canonical"},
      {"\"\\/\"\n", "an escape that is not canonical"},
      {"\"\\u0000\"\n", "an escape that is not canonical"},
      {"\"a\tb\"\n", "a control character in a string"},
      {"\"abc", "a string is not closed"},
      {"\"abc\\\"", "a string is not closed"},
      {"\"\xff\"\n", "a string is not UTF-8"},
      {"\"\xed\xa0\x80\"\n", "a string is not UTF-8"},
      {"[1,]\n", "a value was expected"},
      {"[1 ]\n", "a comma was expected"},
      {"[1,2", "the file ends in the middle"},
      {"{\"a\":", "the file ends in the middle"},
      {"tru\n", "a value was expected"},
      {"", "the file ends in the middle"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(fault_of(cases[i][0]), cases[i][1]);
}

static void nesting_ends_at_a_limit(void **state) {
  char text[300];
  (void)state;
  memset(text, '[', 200);
  text[200] = '\0';
  assert_string_equal(fault_of(text), "nesting is too deep");
}

static void what_is_written_reads_back(void **state) {
  upk_buf out = {0};
  upk_json_error error;
  (void)state;
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&out));
  upk_json_begin_object(w);
  upk_json_put_int(w, "big", INT64_MAX);
  upk_json_put_string(w, "none", UPK_NO_STR);
  upk_json_key(w, "text");
  upk_json_string(w, UPK_STR("\"\\\b\f\n\r\t\x01\xc3\xa4/"));
  upk_json_key(w, "values");
  upk_json_begin_array(w);
  upk_json_int(w, -1);
  upk_json_bool(w, false);
  upk_json_begin_object(w);
  upk_json_end_object(w);
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  assert_true(upk_json_writer_close(w));
  assert_text(upk_buf_view(&out),
              "{\"big\":\"9223372036854775807\",\"none\":null,\"text\":"
              "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\xc3\xa4/\",\"values\":[-1,"
              "false,{}]}\n");
  const upk_json *value = upk_json_parse(arena, upk_buf_view(&out), &error);
  assert_non_null(value);
  assert_text(upk_json_text(value, "text"), "\"\\\b\f\n\r\t\x01\xc3\xa4/");
  assert_int_equal(upk_json_count(upk_json_get(value, "values")), 3);
  assert_text(upk_json_get(value, "values")->bytes, "[-1,false,{}]");
  upk_buf again = {0};
  w = upk_json_writer_new(upk_sink_buf(&again));
  upk_json_write(w, value);
  upk_json_newline(w);
  assert_true(upk_json_writer_close(w));
  assert_true(upk_str_equal(upk_buf_view(&out), upk_buf_view(&again)));
  upk_buf_free(&out);
  upk_buf_free(&again);
}

static bool refuse(void *ctx, const char *bytes, size_t len) {
  (void)ctx;
  (void)bytes;
  (void)len;
  return false;
}

static void a_full_disk_is_said(void **state) {
  (void)state;
  upk_json_writer *w = upk_json_writer_new((upk_sink){refuse, NULL});
  upk_json_begin_array(w);
  for (int i = 0; i < 100000; i++)
    upk_json_int(w, i);
  upk_json_end_array(w);
  assert_false(upk_json_writer_close(w));
}

static void every_cut_and_every_flip_is_found(void **state) {
  static const char text[] = "{\"a\":[1,\"x\\n\"],\"b\":true}\n";
  upk_json_error error;
  (void)state;
  for (size_t len = 0; len < sizeof text - 1; len++)
    assert_null(upk_json_parse(arena, (upk_str){text, len}, &error));
}

static void lookups_of_nothing_are_nothing(void **state) {
  upk_json_error error;
  (void)state;
  const upk_json *value = upk_json_parse(arena, UPK_STR("[5]\n"), &error);
  assert_int_equal(upk_json_get(value, "x")->type, UPK_JSON_NULL);
  assert_int_equal(upk_json_at(value, 1)->type, UPK_JSON_NULL);
  assert_int_equal(upk_json_number(NULL, "x", 7), 7);
  assert_true(upk_json_flag(value, "x", true));
  assert_null(upk_json_text(value, "x").data);
}

static void sha256_of_known_texts(void **state) {
  (void)state; /* FIPS 180-4 examples */
  upk_digest digest = upk_digest_of(UPK_STR("abc"));
  assert_string_equal(digest.text,
                      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
                      "b410ff61f20015ad");
  upk_sha256 *hash = upk_sha256_new();
  upk_sha256_add(hash, UPK_STR("a"));
  upk_sha256_add(hash, UPK_STR("bc"));
  assert_string_equal(upk_sha256_take(hash).text, digest.text);
  upk_sha256_add(hash, UPK_STR("abc")); /* anew */
  assert_string_equal(upk_sha256_finish(hash).text, digest.text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_the_canonical_form_is_read),
      cmocka_unit_test(nesting_ends_at_a_limit),
      cmocka_unit_test(what_is_written_reads_back),
      cmocka_unit_test(a_full_disk_is_said),
      cmocka_unit_test(every_cut_and_every_flip_is_found),
      cmocka_unit_test(lookups_of_nothing_are_nothing),
      cmocka_unit_test(sha256_of_known_texts),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
