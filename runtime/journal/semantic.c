/* The semantic digest: what two faultless runs of one plan share. Steps that
 * ran side by side are logged in any order, so each has a chain of its own. */
#include <stdlib.h>

#include "journal/journal.h"
#include "json.h"
#include "map.h"

typedef struct chain {
  upk_str step; /* "" for the run's own */
  upk_digest digest;
} chain;

struct journal_semantic {
  upk_arena *arena;
  upk_map steps; /* -> number in chains */
  UPK_VEC(chain) chains;
  upk_str end; /* det of the last run.end: a run that went on has several */
};

journal_semantic *journal_semantic_new(void) {
  upk_arena *arena = upk_arena_new(NULL);
  journal_semantic *semantic = UPK_NEW(arena, journal_semantic);
  semantic->arena = arena;
  upk_map_init(&semantic->steps, arena);
  return semantic;
}

static chain *chain_of(journal_semantic *semantic, upk_str step) {
  uint64_t number = semantic->chains.len;
  if (upk_map_find(&semantic->steps, step, &number))
    return &semantic->chains.items[number];
  chain *new = UPK_PUSH(semantic->arena, &semantic->chains);
  new->step = upk_arena_copy(semantic->arena, step);
  new->digest = upk_digest_of(UPK_STR("upkeep-det-v1\n"));
  upk_map_put(&semantic->steps, new->step, number);
  return new;
}

static void extend(journal_semantic *semantic, upk_str step, upk_str det) {
  chain *c = chain_of(semantic, step.data ? step : UPK_STR(""));
  upk_sha256 *hash = upk_sha256_new();
  upk_sha256_add(hash, upk_digest_view(&c->digest));
  upk_sha256_add(hash, UPK_STR("\n"));
  upk_sha256_add(hash, det);
  c->digest = upk_sha256_finish(hash);
}

void journal_semantic_add(journal_semantic *semantic, upk_str event,
                          const upk_json *det) {
  if (!upk_json_count(det))
    return;
  if (upk_str_is(event, "run.end")) {
    semantic->end = upk_arena_copy(semantic->arena, det->bytes);
    return;
  }
  upk_str step = upk_json_text(det, "step");
  extend(semantic, step.data ? step : UPK_STR(""), det->bytes);
}

static int compare_chains(const void *a, const void *b) {
  return upk_str_compare(((const chain *)a)->step, ((const chain *)b)->step);
}

upk_digest journal_semantic_finish(journal_semantic *semantic) {
  if (semantic->end.data)
    extend(semantic, UPK_STR(""), semantic->end);
  upk_sha256 *hash = upk_sha256_new();
  upk_json_writer *w = upk_json_writer_new(upk_sink_sha256(hash));
  if (semantic->chains.len)
    qsort(semantic->chains.items, semantic->chains.len, sizeof(chain),
          compare_chains);
  upk_json_begin_object(w);
  for (size_t i = 0; i < semantic->chains.len; i++) {
    upk_json_key_str(w, semantic->chains.items[i].step);
    upk_json_string(w, upk_digest_view(&semantic->chains.items[i].digest));
  }
  upk_json_end_object(w);
  upk_json_writer_close(w);
  upk_arena_free(semantic->arena);
  return upk_sha256_finish(hash);
}
