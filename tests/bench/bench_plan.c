/* Plans of any size: writes projects with their facts, and compiles them.
 *
 *   bench_plan write relations N DIR    N relations (a third tables, the rest
 *                                       indexes), 30 policies
 *   bench_plan write independent N DIR  N steps that do not know each other
 *   bench_plan write chain N DIR        N steps, each after the one before
 *   bench_plan run DIR [ROUNDS]         compiles DIR into a plan:
 *                                       steps, plan bytes, CPU in ms (median),
 *                                       peak memory in KiB
 *
 * PostgreSQL with the standard library of the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <upkeep/compile.h>

#include "expr.h"
#include "json.h"

enum { ROUNDS_MAX = 99, PATH_BYTES = 4096 };

/* ---- writing ---- */

static FILE *create(const char *folder, const char *name) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) {
    perror(path);
    exit(1);
  }
  return file;
}

static void finish(FILE *file) {
  if (fclose(file) != 0) {
    perror("fclose");
    exit(1);
  }
}

static void write_project(const char *folder) {
  FILE *file = create(folder, "upkeep.yaml");
  fputs("version: 1\n"
        "targets:\n"
        "  big: { engine: postgres, connect: \"service=big\", jobs: 4 }\n"
        "include: [ policies.lua ]\n",
        file);
  finish(file);
}

static void begin_facts(FILE *file) {
  fputs("{\"capabilities\":{\"ledger\":true,\"statistics\":true},"
        "\"collectors\":{\"database\":0,\"index\":0,\"table\":0,"
        "\"table_activity\":1,\"table_statistics\":0},"
        "\"engine\":\"postgres\",\"format\":\"upkeep.facts/1\","
        "\"identity\":{\"database\":\"big\",\"system\":\"7294\"},\"kinds\":{"
        "\"database\":{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},"
        "{\"name\":\"connections\",\"type\":\"int\"}],"
        "\"rows\":[[\"big\",7]]}",
        file);
}

static void end_facts(FILE *file) {
  fputs("},\"role\":\"primary\",\"taken_at\":1790000000000000,"
        "\"version\":\"15.8\"}\n",
        file);
  finish(file);
}

/* A number that looks random and is the same every time. */
static unsigned mixed(unsigned i) {
  unsigned x = i * 2654435761u;
  return (x ^ (x >> 15)) * 2246822519u >> 8;
}

static void write_tables(FILE *file, unsigned count) {
  fputs(",\"table\":{\"columns\":[{\"name\":\"schema\",\"type\":\"text\"},"
        "{\"name\":\"name\",\"type\":\"text\"},"
        "{\"name\":\"size\",\"type\":\"bytes\"},"
        "{\"name\":\"is_partitioned\",\"type\":\"bool\"},"
        "{\"name\":\"may_maintain\",\"type\":\"bool\"},"
        "{\"name\":\"rows\",\"type\":\"int\"},"
        "{\"name\":\"dead_ratio\",\"type\":\"ratio\"},"
        "{\"name\":\"changed_ratio\",\"type\":\"ratio\"},"
        "{\"name\":\"stats_age\",\"type\":\"duration\"},"
        "{\"name\":\"never_analyzed\",\"type\":\"bool\"}],\"rows\":[",
        file);
  for (unsigned i = 0; i < count; i++) {
    unsigned x = mixed(i);
    fprintf(file,
            "%s[\"public\",\"table_%06u\",%u,false,true,%u,%u,%u,%u000000,%s]",
            i ? "," : "", i, 8192 * (x % 100000), x % 5000000, x % 400000,
            x % 500000, 1 + x % 9000000, x % 1000 ? "false" : "true");
  }
  fputs("]}", file);
}

static void write_indexes(FILE *file, unsigned count) {
  fputs(",\"index\":{\"columns\":[{\"name\":\"schema\",\"type\":\"text\"},"
        "{\"name\":\"name\",\"type\":\"text\"},"
        "{\"name\":\"table\",\"type\":\"text\"},"
        "{\"name\":\"size\",\"type\":\"bytes\"},"
        "{\"name\":\"is_valid\",\"type\":\"bool\"},"
        "{\"name\":\"supports_constraint\",\"type\":\"bool\"},"
        "{\"name\":\"rows\",\"type\":\"int\"}],\"rows\":[",
        file);
  for (unsigned i = 0; i < count; i++) {
    unsigned x = mixed(i + 7);
    fprintf(file, "%s[\"public\",\"index_%06u\",\"table_%06u\",%u,%s,%s,%u]",
            i ? "," : "", i, i / 2, 8192 * (x % 50000),
            x % 10000 ? "true" : "false", x % 3 ? "false" : "true",
            x % 5000000);
  }
  fputs("]}", file);
}

/* Thirty policies: twelve that act on about a table in a hundred between them,
 * eighteen that look. */
static void write_relations(const char *folder, unsigned count) {
  FILE *file = create(folder, "facts.json");
  begin_facts(file);
  write_indexes(file, count - count / 3);
  write_tables(file, count / 3);
  end_facts(file);
  file = create(folder, "policies.lua");
  fputs(
      "for i = 1, 12 do\n"
      "  policy('fresh-' .. i, {\n"
      "    ['for'] = 'table',\n"
      "    where = 'size >= ' .. i * 8 .. 'MiB and may_maintain',\n"
      "    ensure = 'changed_ratio <= 49.' .. 90 - i .. '% or rows < ' .. i,\n"
      "    by = 'refresh_statistics', priority = i,\n"
      "  })\n"
      "end\n"
      "for i = 1, 8 do\n"
      "  policy('dead-' .. i, {\n"
      "    ['for'] = 'table', where = 'size between 1MiB and ' .. i .. "
      "'GiB',\n"
      "    ensure = 'dead_ratio <= 39.99% or dead_ratio * rows < ' .. i,\n"
      "  })\n"
      "end\n"
      "for i = 1, 10 do\n"
      "  policy('valid-' .. i, {\n"
      "    ['for'] = 'index',\n"
      "    where = \"not starts_with(name, 'pg_') and size > \" .. i .. "
      "'MiB',\n"
      "    ensure = 'is_valid and table.size + size < 100TiB',\n"
      "  })\n"
      "end\n",
      file);
  finish(file);
}

static void write_independent(const char *folder, unsigned count) {
  FILE *file = create(folder, "facts.json");
  begin_facts(file);
  write_tables(file, count);
  end_facts(file);
  file = create(folder, "policies.lua");
  fputs("policy('fresh', {\n"
        "  ['for'] = 'table', ensure = 'size < 0B', by = "
        "'refresh_statistics',\n"
        "})\n",
        file);
  finish(file);
}

static void write_chain(const char *folder, unsigned count) {
  FILE *file = create(folder, "facts.json");
  begin_facts(file);
  end_facts(file);
  file = create(folder, "policies.lua");
  fprintf(file,
          "local run = { action = 'run_sql', with = {\n"
          "  run = { { sql = 'select 1' } }, irreversible = 'it only reads',\n"
          "  checks = { { sql = 'select true as ok', expect = 'ok' } },\n"
          "} }\n"
          "for i = 1, %u do\n"
          "  policy(string.format('p%%06d', i), {\n"
          "    ['for'] = 'database', ensure = 'connections < 0', by = run,\n"
          "    after = i > 1 and { string.format('p%%06d', i - 1) } or nil,\n"
          "  })\n"
          "end\n",
          count);
  finish(file);
}

static int write_scenario(const char *name, unsigned count,
                          const char *folder) {
  static const struct {
    const char *name;
    void (*write)(const char *folder, unsigned count);
  } scenarios[] = {{"relations", write_relations},
                   {"independent", write_independent},
                   {"chain", write_chain}};
  write_project(folder);
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
    if (strcmp(scenarios[i].name, name) == 0) {
      scenarios[i].write(folder, count);
      return 0;
    }
  fprintf(stderr, "no such scenario: %s\n", name);
  return 64;
}

/* ---- compiling ---- */

static upk_str slurp(upk_arena *arena, const char *folder, upk_str name) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/%.*s", folder, UPK_FMT(name));
  FILE *file = fopen(path, "rb");
  if (!file)
    return UPK_NO_STR;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *bytes = upk_arena_alloc(arena, (size_t)size + 1);
  size_t len = fread(bytes, 1, (size_t)size, file);
  fclose(file);
  return (upk_str){bytes, len};
}

static bool source_read(void *ctx, upk_str path, size_t limit, upk_arena *arena,
                        upk_str *ret_bytes, bool *ret_too_large) {
  *ret_bytes = slurp(arena, ctx, path);
  *ret_too_large = ret_bytes->len > limit;
  return ret_bytes->data && !*ret_too_large;
}

static size_t source_list(void *ctx, upk_str glob, upk_arena *arena,
                          upk_str **ret_paths) {
  (void)ctx;
  *ret_paths = UPK_NEW(arena, upk_str);
  **ret_paths = UPK_STR("policies.lua");
  return upk_glob(**ret_paths, glob);
}

/* Counts bytes, and finds the number of steps: body.totals is written after
 * the steps, so it is looked for in the first round alone. */
typedef struct counted {
  size_t bytes;
  long steps;
  bool look;
} counted;

static bool count_bytes(void *ctx, const char *bytes, size_t len) {
  static const char key[] = "\"steps\":";
  counted *c = ctx;
  c->bytes += len;
  for (size_t i = 0; c->look && i + sizeof key < len; i++)
    if (bytes[i] == '"' && memcmp(bytes + i, key, sizeof key - 1) == 0 &&
        bytes[i + sizeof key - 1] != '[')
      c->steps = strtol(bytes + i + sizeof key - 1, NULL, 10);
  return true;
}

static double cpu_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static bool compile(char *folder, counted *ret_counted) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_diags diags;
  upk_buf said = {0};
  upk_diags_init(&diags, arena);
  const upk_source source = {folder, source_read, source_list, NULL};
  const upk_compile_request request = {
      .mode = UPK_COMPILE_PLAN,
      .project = UPK_STR("upkeep.yaml"),
      .facts = slurp(arena, folder, UPK_STR("facts.json")),
      .facts_path = UPK_STR("facts.json")};
  ret_counted->bytes = 0;
  upk_status status = upk_compile(&request, &source, &diags,
                                  (upk_sink){count_bytes, ret_counted});
  if (status != UPK_OK) {
    upk_diags_render_text(&diags, false, &said);
    fprintf(stderr, "%s: %.*s\n", upk_status_text(status), (int)said.len,
            said.data ? said.data : "");
  }
  upk_buf_free(&said);
  upk_arena_free(arena);
  return status == UPK_OK;
}

static int run(char *folder, int rounds) {
  double times[ROUNDS_MAX];
  counted plan = {.look = true};
  struct rusage usage;
  for (int i = 0; i < rounds; i++) {
    double begin = cpu_ms();
    if (!compile(folder, &plan))
      return 1;
    times[i] = cpu_ms() - begin;
    plan.look = false;
  }
  qsort(times, (size_t)rounds, sizeof *times, by_size);
  getrusage(RUSAGE_SELF, &usage);
  printf("%ld %zu %.1f %ld\n", plan.steps, plan.bytes, times[rounds / 2],
         usage.ru_maxrss);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "write") == 0)
    return write_scenario(argv[2], (unsigned)strtoul(argv[3], NULL, 10),
                          argv[4]);
  if (argc >= 3 && strcmp(argv[1], "run") == 0) {
    int rounds = argc > 3 ? atoi(argv[3]) : 1;
    return run(argv[2], rounds < 1            ? 1
                        : rounds > ROUNDS_MAX ? ROUNDS_MAX
                                              : rounds);
  }
  fputs("usage: bench_plan write SCENARIO N DIR | run DIR [ROUNDS]\n", stderr);
  return 64;
}
