/* A policy file in Lua of any bytes: diagnostics or nodes, in bounded time and
 * memory, without a crash or leak. The budget is small so that loops do not
 * hide what else there is to find. */
#include <stdint.h>
#include <string.h>

#include "script/script.h"

static bool find_module(void *ctx, upk_str name, upk_str *ret_path,
                        upk_str *ret_text) {
  (void)ctx;
  *ret_path = UPK_STR("m.lua");
  *ret_text = UPK_STR("return { gold = 20 }");
  return upk_str_is(name, "m");
}

static bool find_text(void *ctx, upk_str from, upk_str name,
                      upk_str *ret_text) {
  (void)ctx;
  (void)from;
  *ret_text = UPK_STR("select 1");
  return upk_str_is(name, "a.sql");
}

static void declared(void *ctx, upk_str global, node **arguments, size_t count,
                     upk_span span) {
  (void)ctx;
  (void)global;
  (void)arguments;
  (void)count;
  (void)span;
}

/* Calls every function that came back, with itself as an object. */
static void call_functions(script *s, const node *value, upk_arena *arena) {
  if (value && value->type == NODE_FUNCTION)
    script_call(s, value, NULL, 0, arena);
  for (size_t i = 0; value && value->type == NODE_MAP && i < value->map.count;
       i++)
    if (value->map.members[i].value->type == NODE_FUNCTION)
      script_call(s, value->map.members[i].value, &value, 1, arena);
}

static void run(const uint8_t *bytes, size_t len, const char *const *globals) {
  static const script_limits limits = {.instructions = 200000,
                                       .memory_bytes = 4 << 20};
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_buf text = {0};
  script_host host = {NULL, find_module, find_text, declared, globals, NULL};
  upk_diags_init(&diags, arena);
  script *s = script_new(arena, &diags, &host, &limits);
  node *value =
      script_run(s, UPK_STR("a.lua"), (upk_str){(const char *)bytes, len});
  call_functions(s, value, arena);
  upk_diags_render_text(&diags, false, &text);
  upk_buf_free(&text);
  script_free(s);
  upk_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
  static const char *const globals[] = {"policy", "action", NULL};
  run(bytes, len, globals);
  run(bytes, len, NULL); /* then the chunk's value counts */
  return 0;
}
