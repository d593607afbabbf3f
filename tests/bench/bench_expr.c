/* One expression over many objects: upkeep's columns, a Lua chunk over tables
 * as a policy script would hold them, and native C over the same columns.
 *
 *   bench_expr [OBJECTS]     median of 7 alternating rounds, as ratios
 *
 * Lua is given its facts as one table an object, made outside the clock. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "expr.h"

enum { ROUNDS = 7, PEERS = 4 };

static const char condition[] =
    "bloat_ratio > 30% and size >= 64MiB and scans_per_day < 5";
static const char lua_condition[] =
    "local rows = ...\n"
    "local n = 0\n"
    "for i = 1, #rows do\n"
    "  local o = rows[i]\n"
    "  local b, s, c = o.bloat_ratio, o.size, o.scans_per_day\n"
    "  if b and s and c and b > 300000 and s >= 67108864 and c < 5 then\n"
    "    n = n + 1\n"
    "  end\n"
    "end\n"
    "return n\n";

static const char *const names[] = {"bloat_ratio", "size", "scans_per_day"};
static const upk_type types[] = {UPK_TYPE_RATIO, UPK_TYPE_BYTES, UPK_TYPE_RATE};
static const char *const peers[PEERS] = {"upkeep, columns", "upkeep, one row",
                                         "lua 5.4 chunk", "native C"};

typedef struct facts {
  size_t count;
  int64_t *values[3];
  uint8_t *null[3];
  upk_column columns[3];
  upk_arena *arena; /* of results */
} facts;

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool find(void *ctx, const upk_name *name, upk_type *ret_type,
                 uint32_t *ret_slot) {
  (void)ctx;
  for (uint32_t i = 0; i < 3; i++)
    if (upk_str_is(name->name, names[i])) {
      *ret_type = types[i];
      *ret_slot = i;
      return true;
    }
  return false;
}

static void make_facts(facts *f, size_t count) {
  static const int64_t spread[] = {1000000, INT64_C(268435456), 20};
  uint64_t seed = 42;
  f->count = count;
  f->arena = upk_arena_new(NULL);
  for (size_t c = 0; c < 3; c++) {
    f->values[c] = calloc(count, sizeof(int64_t));
    f->null[c] = calloc(count, 1);
    if (!f->values[c] || !f->null[c])
      abort();
    for (size_t i = 0; i < count; i++) {
      seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
      f->values[c][i] = (int64_t)((seed >> 20) % (uint64_t)spread[c]);
      f->null[c][i] = (seed >> 60) == 0;
    }
    f->columns[c] = (upk_column){
        .type = types[c], .integers = f->values[c], .null = f->null[c]};
  }
}

/* Into an arena that is used again, as the compiler's is for 30 policies: the
 * kernel's price for fresh pages is in the first round only. */
static size_t run_columns(const upk_expr *expr, const facts *f) {
  upk_arena *arena = f->arena;
  upk_column result;
  upk_expr_eval(expr, f->columns, 0, f->count, arena, &result, NULL);
  size_t n = 0;
  for (size_t i = 0; i < f->count; i++)
    n += (size_t)(result.integers[i] & !result.null[i]);
  upk_arena_reset(arena);
  return n;
}

static size_t run_rows(const upk_expr *expr, const facts *f) {
  size_t n = 0;
  for (size_t i = 0; i < f->count; i++)
    n += upk_expr_truth(expr, f->columns, i) == UPK_TRUE;
  return n;
}

static size_t run_native(const facts *f) {
  size_t n = 0;
  for (size_t i = 0; i < f->count; i++)
    n += !f->null[0][i] && !f->null[1][i] && !f->null[2][i] &&
         f->values[0][i] > 300000 && f->values[1][i] >= 67108864 &&
         f->values[2][i] < 5;
  return n;
}

/* Leaves the chunk at 1 and the rows at 2 of the stack. */
static void load_lua(lua_State *lua, const facts *f) {
  if (luaL_loadbufferx(lua, lua_condition, strlen(lua_condition), "=bench",
                       "t") != LUA_OK)
    abort();
  lua_createtable(lua, (int)f->count, 0);
  for (size_t i = 0; i < f->count; i++) {
    lua_createtable(lua, 0, 3);
    for (size_t c = 0; c < 3; c++) {
      if (f->null[c][i])
        continue;
      lua_pushinteger(lua, f->values[c][i]);
      lua_setfield(lua, -2, names[c]);
    }
    lua_rawseti(lua, -2, (lua_Integer)i + 1);
  }
}

static size_t run_lua(lua_State *lua) {
  lua_pushvalue(lua, 1);
  lua_pushvalue(lua, 2);
  lua_call(lua, 1, 1);
  size_t n = (size_t)lua_tointeger(lua, -1);
  lua_pop(lua, 1);
  return n;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t run_peer(int peer, const upk_expr *expr, const facts *f,
                       lua_State *lua) {
  switch (peer) {
  case 0:
    return run_columns(expr, f);
  case 1:
    return run_rows(expr, f);
  case 2:
    return run_lua(lua);
  default:
    return run_native(f);
  }
}

static bool measure(const upk_expr *expr, const facts *f, lua_State *lua,
                    double ret_ns[PEERS]) {
  double times[PEERS][ROUNDS];
  size_t expected = run_native(f);
  for (int round = 0; round < ROUNDS; round++)
    for (int peer = 0; peer < PEERS; peer++) {
      double begin = now_ns();
      size_t n = run_peer(peer, expr, f, lua);
      times[peer][round] = (now_ns() - begin) / (double)f->count;
      if (n != expected)
        return false;
    }
  for (int peer = 0; peer < PEERS; peer++) {
    qsort(times[peer], ROUNDS, sizeof(double), compare);
    ret_ns[peer] = times[peer][ROUNDS / 2];
  }
  return true;
}

int main(int argc, char **argv) {
  facts f;
  upk_diags diags;
  upk_arena *arena = upk_arena_new(NULL);
  const upk_scope scope = {find, NULL, NULL};
  size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 150000;
  make_facts(&f, count ? count : 1);
  upk_diags_init(&diags, arena);
  upk_expr *expr = upk_expr_compile(arena, upk_str_from(condition), UPK_NO_SPAN,
                                    &scope, UPK_TYPE_BOOL, &diags);
  lua_State *lua = luaL_newstate();
  if (!expr || !lua)
    return 1;
  load_lua(lua, &f);
  double ns[PEERS];
  if (!measure(expr, &f, lua, ns)) {
    fprintf(stderr, "bench_expr: the peers disagree\n");
    return 1;
  }
  printf("%s\n%zu objects, median of %d rounds\n", condition, f.count, ROUNDS);
  for (int peer = 0; peer < PEERS; peer++)
    printf("%-16s %8.2f ns an object  %7.2f of native  %6.3f of lua\n",
           peers[peer], ns[peer], ns[peer] / ns[3], ns[peer] / ns[2]);
  printf("target: columns under 20 ns: %s\n", ns[0] < 20 ? "met" : "MISSED");
  lua_close(lua);
  upk_arena_free(arena);
  upk_arena_free(f.arena);
  for (size_t c = 0; c < 3; c++) {
    free(f.values[c]);
    free(f.null[c]);
  }
  return 0; /* time on a shared machine proves nothing by itself */
}
