/* Passwords in connection strings and in sources of diagnostics. */
#include "cm.h"

#include <upkeep/diag.h>

#include "secret.h"

/* What is found in `text`, or NULL. */
static void assert_found(const char *text, const char *secret) {
  size_t at, len;
  bool found = upk_secret_find(upk_str_from(text), 0, false, &at, &len);
  if (!found && secret)
    fail_msg("no password found in: %s", text);
  if (found && !secret)
    fail_msg("a password found in: %s", text);
  if (found && (len != strlen(secret) || strncmp(text + at, secret, len) != 0))
    fail_msg("in %s: %.*s", text, (int)len, text + at);
}

static void literals_are_found(void **state) {
  (void)state;
  assert_found("host=db password=canary", "canary");
  assert_found("host=db PassWord = canary dbname=x", "canary");
  assert_found("password='can ary' host=db", "'can ary'");
  assert_found("password='can\\'ary' host=db", "'can\\'ary'");
  assert_found("DSN=x;UID=u;PWD=canary", "canary");
  assert_found("sslpassword=canary", "canary");
  assert_found("postgresql://u:canary@db/x", "canary");
  assert_found("postgresql://u:can@ary@db/x", "can@ary");
  assert_found("postgresql://u:can/ary@db/x", "can/ary");
  assert_found("postgresql://db/x?user=u&password=canary", "canary");
  assert_found("password =\n canary", "canary");
}

static void references_and_other_keys_are_none(void **state) {
  (void)state;
  assert_found("service=shop", NULL);
  assert_found("host=db passfile=/x/.pgpass", NULL);
  assert_found("password_encryption=scram", NULL);
  assert_found("password=env:NAME host=db", NULL);
  assert_found("password='file:/run/secret' host=db", NULL);
  assert_found("postgresql://u@db:5432/x", NULL);
  assert_found("postgresql://db:5432/x", NULL);
  assert_found("postgresql://[::1]:5432/x?a=b@c", NULL);
  assert_found("postgresql://db:5432/x?user=me@tenant", NULL);
  assert_found("password=", NULL);
  assert_found("password='' host=db", NULL);
  assert_found("shop.db", NULL);
}

static void messages_and_sources_hold_none(void **state) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_buf out = {0};
  (void)state;
  upk_diags_init(&diags, arena);
  uint32_t source = upk_diags_source(
      &diags, UPK_STR("upkeep.yaml"),
      UPK_STR("targets:\n  t: { connect: \"password=canary\", x: y }\n"
              "  password: canary\n"));
  upk_diag *diag = upk_diag_add(&diags, 1050, (upk_span){source, 2, 3, 2, 4},
                                "cannot use host=x password='canary' user=y");
  upk_diag_note(&diags, diag, "tried %s", "postgresql://u:canary@h/d");
  upk_diag_add(&diags, 1050, (upk_span){source, 3, 3, 3, 4}, "a key");
  upk_diags_render_text(&diags, false, &out);
  assert_null(strstr(out.data, "canary"));
  assert_non_null(strstr(out.data, "host=x password=*** user=y"));
  assert_non_null(strstr(out.data, "postgresql://u:***@h/d"));
  upk_buf_clear(&out);
  upk_diags_encode(&diags, &out);
  assert_null(strstr(out.data, "canary"));
  upk_buf_free(&out);
  upk_arena_free(arena);
}

static void wiped_memory_is_zero(void **state) {
  char bytes[] = "canary";
  (void)state;
  upk_wipe(bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; i++)
    assert_int_equal(bytes[i], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(literals_are_found),
      cmocka_unit_test(references_and_other_keys_are_none),
      cmocka_unit_test(messages_and_sources_hold_none),
      cmocka_unit_test(wiped_memory_is_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
