/* The tree both front ends make, and what the stdlib's Lua tables become.
 *
 * YAML gives NODE_PLAIN for scalars without quotes: what they mean is decided
 * by the schema that reads them (front/schema.h), so `no` is a text where a
 * text is expected. Lua gives typed scalars.
 */
#ifndef COMPILER_NODE_H
#define COMPILER_NODE_H

#include <upkeep/base.h>
#include <upkeep/diag.h>

typedef enum node_type {
  NODE_NULL,
  NODE_BOOL,
  NODE_INT,
  NODE_TEXT,  /* a Lua string, or a quoted or block scalar of YAML */
  NODE_PLAIN, /* a plain scalar of YAML, as it is written */
  NODE_LIST,
  NODE_MAP,      /* keys in order of the source (YAML), of bytes (Lua) */
  NODE_FUNCTION, /* Lua only: `function` is a reference of its script */
} node_type;

typedef struct node node;
typedef struct node_member {
  upk_str key;
  upk_span key_span;
  node *value;
} node_member;

struct node {
  node_type type;
  upk_span span;      /* of the value; of the call's line for Lua */
  upk_span text_span; /* TEXT, PLAIN: of the first content byte on */
  union {
    bool boolean;
    int64_t integer;
    upk_str text; /* TEXT and PLAIN */
    struct {
      node **items;
      size_t count;
    } list;
    struct {
      node_member *members;
      size_t count;
    } map;
    struct {
      struct script *script;
      int reference;
    } function;
  };
};

node *node_new(upk_arena *arena, node_type type, upk_span span);
/* A NODE_TEXT or NODE_PLAIN whose text is borrowed; text_span is `span`. */
node *node_new_text(upk_arena *arena, node_type type, upk_str text,
                    upk_span span);

/* NULL when `map` is no map or has no such key. */
node *node_find(const node *map, const char *key);
const node_member *node_member_find(const node *map, upk_str key);
/* A YAML null: nothing, or a plain ~ or null. */
bool node_is_null(const node *value);
/* "a list", "a map", "an integer": for messages. */
const char *node_describe(const node *value);
/* The first 60 bytes or so, whole characters: for messages. */
upk_str node_clip(upk_str text);

#endif
