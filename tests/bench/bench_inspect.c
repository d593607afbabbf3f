/* What `upkeep inspect` for std/postgres-baseline asked a PostgreSQL server, as
 * a psql script, so that both can be timed. Usage: bench_inspect FACTS; the
 * facts file names the variants that were used. */
#include <stdio.h>
#include <string.h>
#include <upkeep/compile.h>

#include "facts/request.h"

static const char project[] = "version: 1\n"
                              "targets:\n"
                              "  big: { engine: postgres, connect: dbname=x }\n"
                              "use: [ { name: std/postgres-baseline } ]\n";

static bool read_project(void *ctx, upk_str path, size_t limit,
                         upk_arena *arena, upk_str *ret_bytes,
                         bool *ret_too_large) {
  (void)ctx;
  (void)limit;
  *ret_too_large = false;
  *ret_bytes = upk_arena_copy(arena, UPK_STR(project));
  return upk_str_is(path, "upkeep.yaml");
}

static size_t list_nothing(void *ctx, upk_str glob, upk_arena *arena,
                           upk_str **ret_paths) {
  (void)ctx;
  (void)glob;
  (void)arena;
  (void)ret_paths;
  return 0;
}

static bool compile_request(upk_diags *diags, upk_buf *request) {
  const upk_source source = {NULL, read_project, list_nothing, NULL};
  const upk_compile_request asked = {.mode = UPK_COMPILE_INSPECT,
                                     .project = UPK_STR("upkeep.yaml"),
                                     .target = UPK_STR("big")};
  return upk_compile(&asked, &source, diags, upk_sink_buf(request)) == UPK_OK;
}

static void read_all(FILE *file, upk_buf *out) {
  char block[65536];
  size_t got;
  while ((got = fread(block, 1, sizeof block, file)) > 0)
    upk_buf_add(out, block, got);
}

static void put(upk_str sql) { printf("%.*s\n;\n", UPK_FMT(sql)); }

static void put_collectors(upk_arena *arena, const inspect_request *request,
                           const upk_json *variants, bool measured) {
  for (size_t i = 0; i < request->collector_count; i++) {
    const request_collector *c = &request->collectors[i];
    for (size_t j = 0; j < upk_json_count(variants); j++)
      if (c->measured == measured &&
          upk_str_equal(variants->object.members[j].key, c->name))
        put(request_sql(arena, c, variants->object.members[j].value->integer));
  }
}

/* `"collectors":{...}` of a facts file, which is the second member. */
static const upk_json *used_variants(upk_arena *arena, upk_str facts) {
  static const char key[] = "\"collectors\":";
  const char *at = strstr(facts.data, key), *end = at ? strchr(at, '}') : NULL;
  upk_json_error error;
  if (!end)
    return NULL;
  at += sizeof key - 1;
  return upk_json_parse(
      arena, upk_arena_printf(arena, "%.*s\n", (int)(end - at + 1), at),
      &error);
}

static void put_script(upk_arena *arena, const inspect_request *request,
                       const upk_json *variants) {
  puts("set search_path = pg_catalog, pg_temp;");
  for (size_t i = 0; i < upk_json_count(request->session); i++)
    put(upk_json_at(request->session, i)->string);
  put(request->identity);
  for (size_t i = 0; i < upk_json_count(request->capabilities); i++)
    put(upk_json_text(upk_json_at(request->capabilities, i), "sql"));
  puts("begin isolation level repeatable read, read only;");
  put_collectors(arena, request, variants, false);
  puts("rollback;");
  put_collectors(arena, request, variants, true);
}

int main(int argc, char **argv) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_buf bytes = {0}, facts = {0};
  inspect_request request;
  FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
  upk_diags_init(&diags, arena);
  int code = 1;
  if (!file || !compile_request(&diags, &bytes) ||
      !inspect_request_read(arena, upk_buf_view(&bytes), &diags, &request))
    goto out;
  read_all(file, &facts);
  const upk_json *variants = used_variants(arena, upk_buf_view(&facts));
  if (!variants)
    goto out;
  put_script(arena, &request, variants);
  code = 0;
out:
  if (code)
    fprintf(stderr, "usage: bench_inspect FACTS, a facts file of PostgreSQL\n");
  if (file)
    fclose(file);
  upk_buf_free(&facts);
  upk_buf_free(&bytes);
  upk_arena_free(arena);
  return code;
}
