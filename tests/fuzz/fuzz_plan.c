/* Any bytes as a plan file: refused with a diagnostic, or read; never a crash,
 * a leak or an endless loop. The digests are made right before the second
 * reading, so that what lies behind them is reached too. */
#include <stdlib.h>
#include <string.h>

#include "plan/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition) {
  if (!condition)
    abort();
}

static void read_once(upk_arena *arena, upk_str text) {
  upk_diags diags;
  const plan *p = NULL;
  upk_diags_init(&diags, arena);
  upk_status status = plan_read(arena, text, UPK_STR("plan"), &diags, &p);
  must(status == UPK_OK || status == UPK_STALE);
  must((status == UPK_OK) == (diags.failures == 0));
  must((status == UPK_OK) == (p != NULL));
}

/* The input as the body of a plan whose digest is right. */
static void read_as_body(upk_arena *arena, upk_str body) {
  upk_digest digest = upk_digest_of(body);
  upk_digest intent = upk_digest_of(UPK_STR("[]"));
  upk_buf text = {0};
  upk_buf_str(&text, UPK_STR("{\"body\":"));
  upk_buf_str(&text, body);
  upk_buf_printf(&text,
                 ",\"digest\":\"%s\",\"format\":\"upkeep.plan/1\","
                 "\"intent\":\"%s\",\"provenance\":{}}\n",
                 digest.text, intent.text);
  read_once(arena, upk_buf_view(&text));
  upk_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str text = {(const char *)data, size};
  if (!size)
    text = UPK_STR("");
  read_once(arena, text);
  read_as_body(arena, text);
  upk_arena_free(arena);
  return 0;
}
