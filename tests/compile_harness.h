/* A project and facts in memory, compiled with the real stdlib. */
#ifndef TESTS_COMPILE_HARNESS_H
#define TESTS_COMPILE_HARNESS_H

#include <string.h>

#include <upkeep/compile.h>

#include "expr.h"

enum { PROJECT_FILES = 8 };

typedef struct project {
  upk_arena *arena;
  upk_diags diags;
  upk_compile_request request;
  upk_source source;
  upk_str paths[PROJECT_FILES], texts[PROJECT_FILES]; /* by path */
  size_t count;
  upk_buf output;
  upk_status status;
} project;

static inline bool project_read(void *ctx, upk_str path, size_t limit,
                                upk_arena *arena, upk_str *ret_bytes,
                                bool *ret_too_large) {
  project *p = ctx;
  for (size_t i = 0; i < p->count; i++) {
    if (!upk_str_equal(p->paths[i], path))
      continue;
    *ret_too_large = p->texts[i].len > limit;
    if (!*ret_too_large)
      *ret_bytes = upk_arena_copy(arena, p->texts[i]);
    return !*ret_too_large;
  }
  return false;
}

static inline size_t project_list(void *ctx, upk_str glob, upk_arena *arena,
                                  upk_str **ret_paths) {
  project *p = ctx;
  size_t found = 0;
  *ret_paths = UPK_NEW_ARRAY(arena, upk_str, PROJECT_FILES);
  for (size_t i = 0; i < p->count; i++)
    if (upk_glob(p->paths[i], glob))
      (*ret_paths)[found++] = p->paths[i];
  return found;
}

/* Files must be added in byte order of their paths. */
static inline void project_add(project *p, const char *path, const char *text) {
  p->paths[p->count] = upk_str_from(path);
  p->texts[p->count++] = upk_str_from(text);
}

static inline void project_begin(project *p) {
  memset(p, 0, sizeof *p);
  p->arena = upk_arena_new(NULL);
  upk_diags_init(&p->diags, p->arena);
  p->source = (upk_source){p, project_read, project_list, NULL};
  p->request.project = UPK_STR("upkeep.yaml");
  p->request.facts_path = UPK_STR("facts.json");
  p->request.mode = UPK_COMPILE_VALIDATE;
}

static inline upk_status project_compile(project *p) {
  upk_buf_clear(&p->output);
  p->status =
      upk_compile(&p->request, &p->source, &p->diags, upk_sink_buf(&p->output));
  return p->status;
}

static inline void project_end(project *p) {
  upk_buf_free(&p->output);
  upk_arena_free(p->arena);
}

static inline size_t project_codes(const project *p, int code) {
  size_t count = 0;
  for (size_t i = 0; i < p->diags.items.len; i++)
    count += p->diags.items.items[i].code == code;
  return count;
}

/* The rendered diagnostics, in the project's arena. */
static inline upk_str project_said(project *p) {
  upk_buf text = {0};
  upk_diags_render_text(&p->diags, false, &text);
  upk_str copy = upk_arena_copy(p->arena, upk_buf_view(&text));
  upk_buf_free(&text);
  return copy;
}

static inline bool project_has(upk_str text, const char *part) {
  size_t len = strlen(part);
  for (size_t i = 0; i + len <= text.len; i++)
    if (memcmp(text.data + i, part, len) == 0)
      return true;
  return false;
}

/* Facts of an SQLite target; `kinds` is canonical JSON: {"table":{...}}. */
static inline void project_facts(project *p, bool ledger, const char *kinds) {
  p->request.facts = upk_arena_printf(
      p->arena,
      "{\"capabilities\":{\"dbstat\":true,\"ledger\":%s},\"collectors\":{},"
      "\"engine\":\"sqlite\",\"format\":\"upkeep.facts/1\",\"identity\":{},"
      "\"kinds\":%s,\"role\":\"standalone\",\"taken_at\":1790000000000000,"
      "\"version\":\"3.40.1\"}\n",
      ledger ? "true" : "false", kinds);
}

#define FACTS_DATABASE                                                         \
  "\"database\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{"         \
  "\"name\":"                                                                  \
  "\"size\",\"type\":\"bytes\"}],\"rows\":[[\"main\",1000000]]}"

/* Compiles up to `pass`; the IR's text after it is what is left in output. */
static inline upk_str project_dump(project *p, const char *pass) {
  p->request.mode = UPK_COMPILE_PLAN;
  p->request.dump_after = upk_str_from(pass);
  project_compile(p);
  p->request.dump_after = UPK_NO_STR;
  return upk_buf_view(&p->output);
}

/* One SQLite target, policies in policies/a.yaml. */
#define PROJECT_SQLITE                                                         \
  "version: 1\n"                                                               \
  "targets:\n"                                                                 \
  "  shop: { engine: sqlite, connect: shop.db, labels: { env: prod } }\n"      \
  "include: [ policies/*.yaml ]\n"

#endif
