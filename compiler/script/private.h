/* What the files of this folder share. Nothing here leaves it.
 *
 * Everything that may raise a Lua error runs below script_enter. A C function
 * called from Lua holds memory of the arena or of Lua only, since an error
 * jumps over it.
 */
#ifndef SCRIPT_PRIVATE_H
#define SCRIPT_PRIVATE_H

#include <lauxlib.h>
#include <lua.h>

#include "map.h"
#include "script.h"

enum {
  SCRIPT_HOOK_STEP = 1000,        /* instructions between two looks */
  SCRIPT_SOURCE_MAX = 256 * 1024, /* bytes of a Lua file */
  SCRIPT_STRING_MAX = 1024 * 1024,
  SCRIPT_RANGE_MAX = 100000, /* items of one table call */
  SCRIPT_DEPTH_MAX = 32,     /* of tables that leave the sandbox */
  SCRIPT_NODES_MAX = 200000, /* of one value that leaves it */
};

/* A call of one of host->globals, reported when the chunk has ended. */
typedef struct script_declaration {
  upk_str global;
  node **arguments;
  size_t count;
  upk_span span;
} script_declaration;

typedef enum script_denied {
  SCRIPT_DENIED_NOTHING,
  SCRIPT_DENIED_STRING, /* one string over SCRIPT_STRING_MAX */
  SCRIPT_DENIED_STACK,  /* calls nested too deep took it */
  SCRIPT_DENIED_MEMORY, /* over the cap, or the system has none */
} script_denied;

enum { SCRIPT_POOL_SMALL = 512, SCRIPT_POOL_CLASSES = 33 };

/* pool.c: what Lua's objects live in. */
typedef struct script_pool {
  const upk_allocator *allocator; /* may give NULL */
  size_t small_max;          /* bytes; larger blocks are the allocator's own */
  struct pool_chunk *chunks; /* the first has `left` bytes */
  size_t left;
  struct unused *unused[SCRIPT_POOL_CLASSES]; /* by size */
} script_pool;

/* As lua_Alloc, with `old` 0 for a new block: NULL when there is no memory,
 * and then nothing has changed. */
void *script_pool_resize(script_pool *pool, void *ptr, size_t old, size_t size);
/* Larger blocks must have been freed one by one. */
void script_pool_free(script_pool *pool);

/* `fault` of a call that u.refuse ended: no diagnostic. */
enum { SCRIPT_REFUSED = -1 };

struct script {
  lua_State *lua;
  upk_arena *arena; /* of nodes that live as long as the script */
  upk_diags *diags;
  const script_host *host;
  script_pool pool;
  int64_t left;      /* units of the whole life; below 0: used up */
  int64_t call_left; /* units of this run or call */
  int64_t call_units;
  size_t step_cost; /* units of one instruction: see note_text */
  size_t used_bytes, cap_bytes;
  int dialect;
  uint64_t entries;
  unsigned depth; /* of script_enter */
  bool unpaid;    /* the host's own work: arguments are not the script's cost */
  bool opened;    /* the environment stands */
  bool exhausted; /* sticky: nothing runs any more */
  int fault;      /* code of the fault under way, or 0 */
  upk_str *refusal;     /* where u.refuse puts its reason, or NULL */
  script_denied denied; /* why memory was refused last, and where */
  upk_span denied_at;
  UPK_VEC(upk_span) callers; /* of the fault, innermost first */
  UPK_VEC(script_declaration) declarations;
  uint32_t source;              /* of the file given to script_run */
  upk_map keys;                 /* see keep_key */
  UPK_VEC(node_member) pending; /* see convert_map */
  upk_buf text;                 /* what a helper of `u` makes */
  uint32_t line_source;         /* see line_begin */
  long line;
  size_t line_offset;
};

/* The script that `lua` belongs to. */
script *script_of(lua_State *lua);

/* Runs `work` under lua_pcall; the one place where Lua is entered. False after
 * a diagnostic. */
bool script_enter(script *s, lua_CFunction work, void *argument);

/* For C functions called from Lua: takes `units` of the budget, and raises
 * the error when it is used up. One unit is about one instruction. */
void script_charge(lua_State *lua, size_t units);
/* Raises an error with a code of its own. Does not return. */
int script_fail(lua_State *lua, int code, const char *format, ...)
    UPK_PRINTF(3, 4);

/* The line of the Lua function that is running, or UPK_NO_SPAN. */
upk_span script_where(lua_State *lua);
/* The text of line `line` of a source, without its indentation. */
upk_span script_line_span(script *s, uint32_t source, long line);
size_t script_line_begin(script *s, uint32_t source, long line);
/* Finds the parts of a declaration in the text of its call, and gives the
 * nodes their own spans. */
void script_place(script *s, upk_span call, upk_str global, node **arguments,
                  size_t count);

/* Fills the environment of the chunks: globals, string, table, math, u. */
void script_open_base(lua_State *lua);   /* adds to the table on top */
void script_open_string(lua_State *lua); /* also the metatable of strings */
void script_open_table(lua_State *lua);
void script_open_helpers(lua_State *lua); /* u */
void script_open_host(lua_State *lua);    /* require, sql_file, globals */
/* What stands in for a name the sandbox leaves out, or NULL. */
const char *script_advice(const char *message);

/* Pushes the text of a value as `tostring` and %s show it: no addresses. */
void script_push_text(lua_State *lua, int index);
/* Loads a text chunk and pushes its function, or raises the error. */
void script_push_chunk(lua_State *lua, upk_str path, upk_str text);

/* The value at `index` as a node in `arena`. `functions`: references are made
 * for functions; else members that are functions are left out. */
node *script_to_node(lua_State *lua, int index, upk_arena *arena, upk_span span,
                     bool functions);
void script_push_node(lua_State *lua, const node *value);

#endif
