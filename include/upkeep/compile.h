/* The compiler: policies, stdlib and facts in; a plan out.
 *
 * A pure function: no clock, network, database or environment. Same inputs,
 * same bytes. Files come only through the upkeep source handed in.
 */
#ifndef UPKEEP_COMPILE_H
#define UPKEEP_COMPILE_H

#include <upkeep/base.h>
#include <upkeep/diag.h>

/* Why a file could not be read. */
typedef enum upk_absence {
  UPK_ABSENT,         /* nothing of that name is there */
  UPK_ABSENT_OUTSIDE, /* a link leads out of the folder */
  UPK_ABSENT_LINK,    /* a link leads nowhere, or round in a circle */
  UPK_ABSENT_DENIED,  /* it may not be read */
  UPK_ABSENT_SPECIAL, /* it is a folder, a pipe or a device */
  UPK_ABSENT_DAMAGED, /* it is not compressed as its name says */
} upk_absence;

/* Files as the compiler sees them: paths are relative to the folder of
 * upkeep.yaml, with '/'. Results live in `arena`. Absolute paths and ".." are
 * refused by the compiler before it asks. */
typedef struct upk_source {
  void *ctx;
  /* false when there is no such file, or it is over `limit` bytes
   * (*ret_too_large then). */
  bool (*read)(void *ctx, upk_str path, size_t limit, upk_arena *arena,
               upk_str *ret_bytes, bool *ret_too_large);
  /* Paths that match a glob (core's upk_glob_path), in byte
   * order. Returns their count. Those that `read` will refuse are among them,
   * so that nothing is left out in silence; so is, with a '/' behind, a folder
   * that cannot be looked into though the glob could match below it. */
  size_t (*list)(void *ctx, upk_str glob, upk_arena *arena,
                 upk_str **ret_paths);
  /* Of a path that `read` refused and that is not too large, with or without
   * the '/' of a folder. NULL: always UPK_ABSENT. */
  upk_absence (*absence)(void *ctx, upk_str path);
} upk_source;

typedef enum upk_compile_mode {
  UPK_COMPILE_PROJECT,  /* output: project, formats.md */
  UPK_COMPILE_VALIDATE, /* all policies, all targets, no facts; no output */
  UPK_COMPILE_INSPECT,  /* output: inspection request for `target` */
  UPK_COMPILE_CHECK,    /* needs facts; output: check report */
  UPK_COMPILE_PLAN,     /* needs facts; output: plan file */
  UPK_COMPILE_EXECUTOR, /* output: approval rules of an executor's file or of
                           a project, formats.md */
  UPK_COMPILE_EXPLAIN,  /* output: about `word`, or about all with "" */
  UPK_COMPILE_SCHEMA,   /* output: JSON Schema named by `word` */
  UPK_COMPILE_TESTS,    /* output: the cases of the file of tests `word` */
  UPK_COMPILE_TEST,     /* output: the result of case `test` of that file */
  UPK_COMPILE_SUGGEST,  /* needs facts; output: suggestions, formats.md */
  UPK_COMPILE_REQUIREMENTS, /* output: what the requirements document says */
  UPK_COMPILE_LOCK,         /* output: the lock to be, formats.md, "Lock";
                               `word` "upgrade": with this stdlib */
  UPK_COMPILE_PRIVILEGES,   /* output: what the role of `target` needs */
} upk_compile_mode;

typedef struct upk_compile_request {
  upk_compile_mode mode;
  upk_str project;    /* "upkeep.yaml" */
  upk_str target;     /* name; "" when the project has just one */
  upk_str facts;      /* bytes of a facts file */
  upk_str facts_path; /* for diagnostics */
  int64_t at_us;      /* the compiler's now; 0: facts.taken_at */
  /* PLAN: openings and blackouts from now on, 14 days at least: what
   * upk_windows_write made. Absent: the project has no windows or blackouts. */
  upk_str windows;
  /* PLAN: how long steps took before, what upk_state_history wrote. Absent:
   * estimates are priors. */
  upk_str history;
  /* PLAN: what the target's past runs have blocked, "upkeep.spent/1" of
   * docs/formats.md. Absent: nothing. */
  upk_str spent;
  upk_str only;       /* selectors: comma-separated globs on policy names, or */
  upk_str except;     /*   action:object */
  upk_str act;        /* INSPECT, PLAN: "action:object", instead of policies */
  upk_str with;       /*   its parameters: "key=value", one a line */
  upk_str word;       /* EXPLAIN, SCHEMA, TESTS, TEST */
  size_t test;        /* TEST: number of the case, from 0 */
  upk_str format;     /* EXPLAIN: text, json or markdown; "" is text */
  upk_str steps;      /* EXECUTOR: canonical {"engine", "steps": [{"action",
                         "kind", "parameters"}]} of a plan, for `declared`;
                         may be absent */
  upk_str words;      /* EXPLAIN: what the caller itself has to explain, as
                         docs/formats.md, "Words"; may be absent */
  upk_str dump_after; /* a pass name: output is the IR's text after it */
  bool all_attributes;     /* INSPECT: every collector */
  bool stdlib_from_source; /* read "@stdlib/..." from the source instead of the
                              embedded files (--stdlib DIR) */
} upk_compile_request;

/* Output bytes go to `output` in pieces, as they are made. They are an output
 * only on UPK_OK: otherwise the caller throws away what came, as the program
 * does (cli/child.h).
 * UPK_DENIED: diagnostics say why. UPK_STALE: the facts file is damaged.
 * UPK_USAGE: no such target, pass or word. */
upk_status upk_compile(const upk_compile_request *request,
                       const upk_source *source, upk_diags *diags,
                       upk_sink output);

/* The same for many requests about one project. A project is read once for all
 * targets that the same policies apply to; each request has the output, the
 * status and the diagnostics that upk_compile would give. Files must not change
 * while it lives. `source` must outlive it. */
typedef struct upk_compiler upk_compiler;
upk_compiler *upk_compiler_new(const upk_source *source);
upk_status upk_compiler_run(upk_compiler *compiler,
                            const upk_compile_request *request,
                            upk_diags *diags, upk_sink output);
void upk_compiler_free(upk_compiler *compiler); /* NULL is fine */

/* Names and one-line docs of the passes, in order; NULL past the end. */
const char *upk_compile_pass_name(size_t index);
const char *upk_compile_pass_doc(size_t index);

#endif
