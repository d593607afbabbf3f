/* Any bytes as a line of the plan log: refused, or a record whose hash is
 * right; never a crash or a leak. */
#include <stdlib.h>
#include <string.h>

#include "journal/hash.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(upk_arena *arena, upk_str text) {
  upk_buf line = {0};
  journal_record record;
  upk_buf_str(&line, text);
  upk_buf_char(&line, '\n');
  const char *wrong =
      journal_parse(arena, (upk_str){line.data, line.len - 1}, &record);
  if (!wrong && record.hash.len != JOURNAL_HASH_TEXT)
    abort();
  if (!wrong) {
    journal_semantic *semantic = journal_semantic_new();
    journal_semantic_add(semantic, record.event, record.det);
    journal_semantic_finish(semantic);
  }
  upk_buf_free(&line);
}

/* The input as the `det` of a record whose hash is right. */
static void parse_as_det(upk_arena *arena, upk_str det) {
  char hash[JOURNAL_HASH_TEXT + 1], prev[JOURNAL_HASH_TEXT + 1] = "";
  memset(prev, '0', JOURNAL_HASH_TEXT);
  journal_text text = {.det = det,
                       .event = UPK_STR("step.end"),
                       .obs = UPK_STR("{}"),
                       .prev = upk_str_from(prev),
                       .seq = 1};
  journal_hash(&text, hash);
  upk_buf line = {0};
  upk_buf_str(&line, UPK_STR("{\"det\":"));
  upk_buf_str(&line, det);
  upk_buf_printf(&line,
                 ",\"event\":\"step.end\",\"hash\":\"%s\",\"obs\":{},"
                 "\"prev\":\"%s\",\"seq\":1,\"v\":1}",
                 hash, prev);
  parse(arena, upk_buf_view(&line));
  upk_buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_str text = {(const char *)data, size};
  if (!size)
    text = UPK_STR("");
  parse(arena, text);
  parse_as_det(arena, text);
  upk_arena_free(arena);
  return 0;
}
