/* The standard library and the user's own actions and collectors: from Lua
 * files into ir_engine, ir_kind, ir_collector and ir_action; and what is told
 * about them. docs/extending.md is the contract of the files. */
#ifndef COMPILER_STDLIB_H
#define COMPILER_STDLIB_H

#include "ir/ir.h"

/* Reads the embedded files, or "@stdlib/..." of the source when the request
 * says so, and what `facts:` and `actions:` of the project name. Fills
 * ir->engines, ir->stdlib_version and ir->stdlib_sha256 (over path and bytes
 * of every .lua and .sql file of the stdlib, without the user's). False after
 * diagnostics; what could be read is there all the same. */
bool stdlib_load(ir *ir);

/* The embedded files below "stdlib/" and "policies/" by their path; false
 * when there is none. "@stdlib" counts here too. */
bool stdlib_file(ir *ir, upk_str path, upk_str *ret_text);

/* The .lua and .sql files of the stdlib, in byte order of their paths. */
typedef struct stdlib_digest {
  upk_str path, sha256;
} stdlib_digest;
size_t stdlib_digests(ir *ir, stdlib_digest **ret_files);
/* The actions, as "postgres/vacuum", that those files make or are used by; a
 * name in quotes counts as a use, so that rather one too many is said. */
ir_names stdlib_users(ir *ir, const ir_names *paths);
struct upk_json_writer;
/* `declared` of docs/formats.md, "Executor", of request->steps. Loads the
 * stdlib; says nothing of what is wrong with it. */
void stdlib_declared_write(ir *ir, struct upk_json_writer *w);

/* Docs/formats.md, "Inspection request", for ir->engine: the collectors whose
 * attributes the applying policies and the actions in their `by` read, or all
 * with request->all_attributes. After pass check. False when the sink
 * refused. */
bool inspect_request_write(ir *ir, upk_sink sink);

/* "created_at" of "oldest_row_age(created_at)"; absent for other columns. */
upk_str stdlib_argument(upk_str column);

/* The SQL of a variant for one argument of a parametric collector: `{argument}`
 * and `{argument.text}` are replaced. With an absent argument the text as it
 * is. `{filter}` stays. Absent when the argument can be no identifier. */
upk_str stdlib_variant_sql(ir *ir, const ir_engine *engine,
                           const ir_variant *variant, upk_str argument);

/* What a word means, in ir->request->format: a code (UPK1104), an action, a
 * kind, an attribute (index.bloat_ratio), an engine, a key of policies or the
 * project, a function, type or metric, an exit code, a shipped file, a pass, or
 * what ir->request->words says; "" lists all words; "actions-markdown" is
 * docs/actions.md. False, with nothing written, when the word is unknown. */
bool explain_write(ir *ir, upk_str word, upk_sink sink);
/* Words near a wrong one, for a suggestion: all that explain knows. */
size_t explain_words(ir *ir, upk_str **ret_words);

#endif
