/* What the files of this folder share.
 *
 *   files.c    the stdlib's files and the project's, whole
 *   load.c     runs them and keeps what they declare
 *   fields.c   keys and types of a declaration
 *   facts.c    engine, kind, collector
 *   variants.c a collector's queries
 *   action.c   action and its parameters
 *   suggestion.c what is worth a policy
 *   refer.c    names that declarations use of each other
 */
#ifndef STDLIB_PRIVATE_H
#define STDLIB_PRIVATE_H

#include "stdlib/stdlib.h"

/* One call of engine, kind, collector or action. */
typedef struct stdlib_declaration {
  upk_str global;
  const node *map;
  upk_span span;
  upk_str path, folder; /* folder: the engine's in the stdlib, or absent */
  script *script;
} stdlib_declaration;
typedef UPK_VEC(stdlib_declaration) stdlib_declarations;

/* ---- files.c ---- */

typedef struct stdlib_entry {
  upk_str path, text; /* "stdlib/sqlite/engine.lua" */
} stdlib_entry;
typedef UPK_VEC(stdlib_entry) stdlib_entries;

/* All .lua and .sql files of the stdlib in byte order of their paths. */
stdlib_entries stdlib_entries_all(ir *ir);
/* The folder of a path with its slash; absent for none. */
upk_str stdlib_folder(upk_str path);

/* ---- fields.c ---- */

#define TYPE(name) (1u << NODE_##name)
#define FIELD_NEEDED (1u << 31)

typedef struct field_rule {
  const char *key;
  unsigned types; /* TYPE(..) | FIELD_NEEDED */
} field_rule;

/* The declaration being read, for messages: "action `vacuum`". */
typedef struct stdlib_reader {
  ir *ir;
  const stdlib_declaration *from;
  const char *what; /* "action" */
  upk_str name;
  bool failed;
  /* What complaints point at, the nearest that has a line: a value, the part
   * that holds it, the declaration. */
  upk_span at, part;
} stdlib_reader;

stdlib_reader stdlib_reader_of(ir *ir, const stdlib_declaration *d,
                               const char *what);
/* Points at the value of a key from now on; NULL: at the declaration again. */
void stdlib_point(stdlib_reader *reader, const node *part);

/* Adds a diagnostic "WHAT `NAME` FORMAT" and marks the reader. */
upk_diag *stdlib_complain(stdlib_reader *reader, int code, const char *format,
                          ...) UPK_PRINTF(3, 4);
/* Checks the keys of `map`, which is the part `part` of the declaration (""
 * for itself). */
void fields_check(stdlib_reader *reader, const node *map, const char *part,
                  const field_rule *rules, size_t count);
#define FIELDS_CHECK(reader, map, part, rules)                                 \
  fields_check((reader), (map), (part), (rules),                               \
               sizeof(rules) / sizeof *(rules))

/* Values by key; what fields_check refused reads as absent. */
upk_str field_text(const node *map, const char *key);
bool field_flag(const node *map, const char *key);
/* NULL when it is no map or list; both may be empty. */
const node *field_map(const node *map, const char *key);
const node *field_list(const node *map, const char *key);
/* A list of texts; other items are complained about. */
ir_names field_names(stdlib_reader *reader, const node *map, const char *key);
/* "14.2" as a version; 0 when absent, complained about when wrong. */
int64_t field_version(stdlib_reader *reader, const node *map, const char *key);
/* One of `words` (NULL-ended): its number, or `otherwise` when absent;
 * complained about when it is none. */
int field_word(stdlib_reader *reader, const node *map, const char *key,
               const char *const *words, int otherwise);
/* Begins with a letter, then letters, digits and _, all lower case. */
bool is_plain_name(upk_str name);
/* Reads and checks `name`. */
bool field_name(stdlib_reader *reader);
bool names_have(const ir_names *names, upk_str name);

/* ---- what declarations become ---- */

void define_engine(ir *ir, const stdlib_declaration *d);
void define_kind(ir *ir, const stdlib_declaration *d);
void define_collector(ir *ir, const stdlib_declaration *d);
/* Once all collectors are: NAME_trend for what has a unit. */
void define_trends(ir *ir);
void define_action(ir *ir, const stdlib_declaration *d);
void define_suggestion(ir *ir, const stdlib_declaration *d);
void define_variants(stdlib_reader *reader, const ir_engine *engine,
                     ir_collector *collector);
/* The engine a declaration belongs to, or NULL after a diagnostic. */
ir_engine *declared_engine(stdlib_reader *reader);
/* After everything is defined. */
void check_references(ir *ir, const stdlib_declaration *d);

#endif
