/* The sandboxed Lua interpreter: the only folder that includes lua.h.
 *
 * A script is one interpreter state with no os, io, debug, load, coroutines,
 * pcall or clock; text chunks only; `pairs` in order of keys; limits of
 * instructions and memory that no script can swallow. Faults become
 * diagnostics with file:line. Known escapes of stock Lua are each a test.
 */
#ifndef COMPILER_SCRIPT_H
#define COMPILER_SCRIPT_H

#include "expr.h"
#include "front/node.h"

typedef struct script script;

typedef struct script_limits {
  uint64_t instructions; /* of the whole life of the script; 0: default 50M */
  size_t memory_bytes;   /* 0: default 64 MiB */
  uint64_t call_instructions;     /* of one run or call; 0: no own limit */
  const upk_allocator *allocator; /* NULL: libc's; may give NULL */
} script_limits;

/* How `require "name"` and the globals of a kind of file are made. */
typedef struct script_host {
  void *ctx;
  /* Text of a module by its name ("policies/tiers" or "upkeep"): false when
   * it is not there. "upkeep" and what the stdlib offers come from here too. */
  bool (*module)(void *ctx, upk_str name, upk_str *ret_path, upk_str *ret_text);
  /* A text that stands beside the file `from`, for sql_file "name"; NULL: no
   * script has sql_file. False when it is not there. */
  bool (*text)(void *ctx, upk_str from, upk_str name, upk_str *ret_text);
  /* Called for each call of a global below, in their order, after the chunk
   * has ended, also when it ended in an error. Functions in the arguments are
   * NODE_FUNCTION; they live as long as the script. */
  void (*declared)(void *ctx, upk_str global, node **arguments, size_t count,
                   upk_span span);
  const char *const *globals; /* functions that declare: {"policy", NULL} */
  /* Adds help to a diagnostic about a name that is nil, "rebuld_index"; may be
   * NULL. */
  void (*misspelt)(void *ctx, upk_diag *diag, upk_str name);
} script_host;

/* Never NULL. `host` must outlive it. Nodes it makes are in `arena`. */
script *script_new(upk_arena *arena, upk_diags *diags, const script_host *host,
                   const script_limits *limits);
void script_free(script *s); /* NULL is fine */
/* How often Lua was entered. What it was entered for may be remembered there:
 * nothing else can change what its functions give. */
uint64_t script_entries(const script *s);

/* Runs a chunk; its return value as a node (NODE_NULL when none, or when the
 * host has globals: then declarations are what counts). NULL after a
 * diagnostic. An empty table becomes an empty NODE_LIST: readers that want a
 * map take it. After a script ran out of budget or memory it runs no more:
 * every further call gives NULL, without a second diagnostic. */
node *script_run(script *s, upk_str path, upk_str text);

/* Calls a function node with arguments; result as a node, where members that
 * are functions are left out; NULL after a diagnostic. Arguments are
 * borrowed. */
node *script_call(script *s, const node *function, const node *const *arguments,
                  size_t count, upk_arena *arena);

/* An argument of calls that is filled field by field: an object's attributes.
 * It keeps its fields from call to call; each call gets a new Lua table, so
 * that no function sees what another did to it. Keys are compared by address
 * first: use the same pointers in the same order and a field costs little.
 * Keys, texts and nodes are borrowed until they are set anew. Lives in the
 * script's arena. */
typedef struct script_table script_table;
script_table *script_table_new(script *s);
void script_table_set_int(script_table *t, const char *key, int64_t value);
void script_table_set_text(script_table *t, const char *key, upk_str value);
void script_table_set_bool(script_table *t, const char *key, bool value);
void script_table_set_null(script_table *t, const char *key);
void script_table_set_node(script_table *t, const char *key, const node *value);
/* Calls with tables as arguments. When the function ends by u.refuse, NULL
 * without a diagnostic, and *ret_refusal is its reason, in the script's arena;
 * where that is NULL, u.refuse is an error like others. */
node *script_call_tables(script *s, const node *function,
                         script_table *const *tables, size_t count,
                         upk_arena *arena, upk_str *ret_refusal);

/* Calls a predicate with one object: UPK_UNKNOWN when it gives nil. Another
 * result is a diagnostic; *ret_failed is then true, as after every fault. */
upk_truth script_predicate(script *s, const node *function,
                           script_table *object, bool *ret_failed);

/* Helpers visible to actions as global `u`: u.ident(name...), u.literal(text)
 * (quoted for `dialect`), u.duration(us), u.bytes(n), u.seconds(us),
 * u.version(text), u.refuse(reason), u.null (NODE_NULL where a list cannot
 * hold nil). */
void script_set_dialect(script *s, int dialect /* upk_dialect */);

#endif
