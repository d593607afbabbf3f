/* The front end: project file and policies, from YAML or Lua, into the IR.
 *
 *   files.c    what is read, and from where
 *   project.c  upkeep.yaml
 *   absent.c   why a file could not be read
 *   executor.c approval rules, of a project or of an executor's own file
 *   policy.c   one policy, whichever front end made its node
 *   overlay.c  what `use` changes in a file: except, override, vars
 *   requirements/  the document that the project names, by markdown/
 *   schema.h   the tables that say what is allowed, and the reader of them
 */
#ifndef COMPILER_FRONT_H
#define COMPILER_FRONT_H

#include "ir/ir.h"

enum { FRONT_FILE_BYTES = 1 << 20 };

/* What changes the policies of the file being read. */
typedef struct front_overlay {
  const ir_use *use;    /* NULL for files of the user */
  const node *defaults; /* `vars` of the file, or NULL */
  ir_names seen;        /* policies met, before `except` */
  ir_names declared;    /* variables, of the files before this one */
  const ir_pack *pack;  /* whose file it is, or NULL */
} front_overlay;

typedef struct front_lock_pack {
  ir_text git, commit;
  const node *files; /* path: digest */
} front_lock_pack;

/* upkeep.lock: what the project was reviewed with. */
typedef struct front_lock {
  int64_t version;
  bool there;
  bool damaged; /* it is there, and diagnostics say why it is of no use */
  upk_str path;
  struct front_lock_stdlib {
    upk_str version, sha256;
    const node *files;
  } stdlib;
  UPK_VEC(front_lock_pack) packs;
  const node *raw;
} front_lock;

/* Reads upkeep.yaml into ir->project. False when there is no tree to read. */
bool front_project(ir *ir);

/* The same of an executor's own file, of which a project will do: only its
 * approval rules. */
bool front_executor(ir *ir);

/* The text of the project file; false after a diagnostic. */
bool front_project_text(ir *ir, upk_str *ret_text);
/* Types the `when` of approval rules. */
void front_approvals(ir *ir);
/* The requirements document, if the project names one: its values, windows and
 * blackouts. */
void front_requirements(ir *ir);
/* Puts a map of requirements over what the document says: `map` is as in a
 * block for upkeep, and stands in a file that the diagnostics know. */
void front_requirements_over(ir *ir, const node *map);

/* Reads every file that `use` and `include` name, in that order. */
void front_files(ir *ir, const front_lock *lock);

/* lock.c: the lock beside the project file, upkeep.lock of upkeep.yaml. Of one
 * that is not there, or cannot be understood (after diagnostics), `there` is
 * false. */
void front_lock_read(ir *ir, front_lock *ret_lock);
/* The pack that `use` names, with the files of the lock, each of which has the
 * digest that stands there. NULL after diagnostics: not locked, not fetched,
 * or changed since. */
const ir_pack *front_pack(ir *ir, const front_lock *lock, const ir_use *use);
/* Whether a pack can have such a file: nothing else of it is ever read. */
bool front_pack_has(upk_str path);
/* Says which actions of the stdlib are not those of the lock. */
void front_lock_stdlib(ir *ir, const front_lock *lock);
/* UPK_COMPILE_LOCK: docs/formats.md, "Lock". False: the sink refused. */
bool front_lock_write(ir *ir, upk_sink sink);
/* One file of policies in YAML. */
/* Instead of all policies: those that `--do` means. */
void front_act(ir *ir);
void front_yaml(ir *ir, upk_str path, upk_str text);
/* One policy: reads, checks and adds it to ir->policies. `name` is what Lua
 * gives as first argument, or absent. Of one that lacks a required key only
 * the name is kept, so that others may refer to it. */
void front_policy(ir *ir, const node *policy, upk_str name);

/* Sorts ir->policies by name; two of one name are an error, the first stays. */
void front_policies_sort(ir *ir);
/* Syntax of the expressions that no later pass will look at: those of policies
 * known by name only, or of all. */
void front_policies_parse(ir *ir, bool all);

/* A file that was named at `at` and could not be read: says why. False when
 * it is simply not there, and nothing was said. */
bool front_absent(ir *ir, upk_str path, upk_span at);
/* Whether a listed path is a folder that cannot be looked into; says so. */
bool front_closed(ir *ir, upk_str path, upk_span at);

/* Adds path and digest to ir->files. */
void front_file_seen(ir *ir, upk_str path, upk_str text);

/* Puts values for ${name} into the scalars below `tree`, in place. */
void front_vars_apply(ir *ir, node *tree);
/* "std/NAME", or where the pack is. */
upk_str front_use_name(const ir_use *use);
/* Between two files of one overlay. */
void front_overlay_next(ir *ir);
/* After all files: values of the project that no file declares or uses. */
void front_vars_finish(ir *ir);
/* Whether `use` leaves the policy out; notes that it was seen. */
bool front_overlay_skips(ir *ir, upk_str policy);
/* `policy` with the keys that `use` overrides; itself when there are none. */
const node *front_overlay_apply(ir *ir, const node *policy, upk_str name);
/* Names that `except` and `override` give and no policy has are errors. */
void front_overlay_finish(ir *ir);

/* UPK_COMPILE_PROJECT: docs/formats.md, "Project". False: the sink refused. */
bool project_write(const ir *ir, upk_sink sink);
/* Its `blackouts` and `windows` alone. */
void project_blackouts_write(const ir *ir, upk_json_writer *w);
void project_windows_write(const ir *ir, upk_json_writer *w);
/* UPK_COMPILE_EXECUTOR: docs/formats.md, "Executor". */
bool executor_write(ir *ir, upk_sink sink);

#endif
