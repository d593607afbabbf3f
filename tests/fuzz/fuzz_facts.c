/* The facts reader: any bytes. What it accepts must write back as it was. */
#include <stdlib.h>
#include <string.h>

#include "facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str bytes = {(const char *)data, size};
  upk_diags diags;
  upk_facts facts;
  upk_diags_init(&diags, arena);
  if (upk_facts_read(arena, bytes, UPK_STR("facts.json"), &diags, &facts) ==
      UPK_OK) {
    upk_buf once = {0}, twice = {0};
    upk_facts again;
    if (!upk_facts_write(&facts, upk_sink_buf(&once)) ||
        upk_facts_read(arena, upk_buf_view(&once), UPK_STR("again"), &diags,
                       &again) != UPK_OK ||
        !upk_facts_write(&again, upk_sink_buf(&twice)) ||
        !upk_str_equal(upk_buf_view(&once), upk_buf_view(&twice)))
      abort();
    upk_buf_free(&once);
    upk_buf_free(&twice);
  } else if (!diags.failures) {
    abort(); /* refused without a word */
  }
  upk_arena_free(arena);
  return 0;
}
