/* What the verbs share. Only cli/ sees both sides: the compiler (through a
 * child process) and the runtime. */
#ifndef CLI_H
#define CLI_H

#include <stdio.h>

#include <upkeep/compile.h>
#include <upkeep/diag.h>
#include <upkeep/runtime.h>
#include <upkeep/state.h>
#include <upkeep/window.h>

#include "json.h"

typedef enum flag_id {
#define X(id, name, letter, argument, doc) FLAG_##id,
#include "flags.def"
#undef X
  FLAG_COUNT
} flag_id;
#define FLAG_BIT(id) (UINT64_C(1) << FLAG_##id)

typedef struct cli {
  upk_arena *arena;
  upk_diags diags;
  const struct verb *verb;       /* that runs */
  const char *flags[FLAG_COUNT]; /* argument, "" for a flag without; or NULL */
  char **arguments;
  size_t argument_count;
  bool color_out, color_err, terminal_err;
  UPK_VEC(upk_str) secrets; /* secret.c */
  struct child *compiler;   /* child.h; of the project, once it was asked */
  upk_str compiler_folder;
  upk_state *state; /* of the project, once it was opened */
  bool state_tried;
} cli;

/* A verb: one const entry in its own file, listed in main.c. */
typedef struct verb {
  const char *name;
  const char *arguments; /* "TARGET..." */
  const char *summary;   /* one line */
  const char *detail;    /* what a user must know beyond; may be NULL */
  const char *formats;   /* "text,json": the first is the default; or NULL */
  uint64_t flags;        /* besides the ones every verb has */
  size_t min_arguments, max_arguments;
  bool takes_words; /* flags of other verbs are arguments */
  bool hidden;      /* for shells and tools: not in help */
  upk_status (*run)(cli *c);
} verb;

#define FLAGS_EVERYWHERE                                                       \
  (FLAG_BIT(directory) | FLAG_BIT(file) | FLAG_BIT(quiet) |                    \
   FLAG_BIT(verbose) | FLAG_BIT(json) | FLAG_BIT(help) | FLAG_BIT(stdlib))
#define FLAGS_FACTS                                                            \
  (FLAG_BIT(facts) | FLAG_BIT(at) | FLAG_BIT(connect_timeout) |                \
   FLAG_BIT(statement_timeout))
#define FLAGS_RECORD FLAG_BIT(no_record)
#define FLAGS_POLICIES (FLAG_BIT(only) | FLAG_BIT(except))

extern const verb *const verbs[]; /* in the order of help; NULL ends it */
const verb *verb_find(upk_str name);

/* flags.c */
upk_status flags_parse(cli *c, const verb *v, int argc, char **argv);
bool flag_given(const cli *c, flag_id id);
upk_str flag_text(const cli *c, flag_id id); /* "" when not given */
/* The rows of the table: "format", 'o' or 0, "FILE" or NULL. */
const char *flag_name(flag_id id);
char flag_letter(flag_id id);
const char *flag_argument(flag_id id);
/* "-o, --output FILE"; its doc, with the formats of the verb (which may be
 * NULL); "UPKEEP_OUTPUT". In `arena`. */
upk_str flag_display(upk_arena *arena, flag_id id);
upk_str flag_doc(upk_arena *arena, const verb *v, flag_id id);
upk_str flag_variable(upk_arena *arena, flag_id id);
/* A duration flag in milliseconds; false after a diagnostic. */
bool flag_duration_ms(cli *c, flag_id id, int64_t otherwise, int64_t *ret_ms);

/* complete.c: prints what may stand at the last of the words, for shells: a
 * line each with a tab and its doc, ":files" or ":folders". Never fails. */
#define COMPLETE_VERB "__complete"
void complete(cli *c, int argc, char **argv);

/* help.c */
void help_verb(const verb *v, FILE *out);
void help_all(FILE *out);

/* io.c: whole files. NULL folder: as named. A ".zst" name is (de)compressed.
 * Diagnostics say which file and why. Writing replaces the file at once, by
 * rename, or not at all. */
upk_status file_read(cli *c, upk_str path, upk_buf *out);
/* The same of at most `limit` bytes, and never decompressed. */
upk_status file_read_short(cli *c, upk_str path, size_t limit, upk_buf *out);
upk_status file_write(cli *c, upk_str path, upk_str bytes);
bool file_exists(upk_str path);
/* Of a plain file only, without waiting for anybody: NULL, or what is wrong. */
const char *file_read_plain(cli *c, upk_str path, upk_buf *out);
bool make_folders(upk_str path); /* mkdir -p */
void print_out(upk_str text);    /* to standard output */
/* The same for people: what could steer a terminal is shown as \xHH. */
void print_text(const cli *c, upk_str text);
/* For programs: byte for byte, but not on a terminal. */
void print_bytes(const cli *c, upk_str text);
void say(const cli *c, const char *format, ...)
    UPK_PRINTF(2, 3); /* to standard error, unless -q */

/* secret.c: a connection with what `env:NAME` and `file:PATH` stand for, the
 * whole or the value of `password=`. Read at the last moment; travels with no
 * plan; wiped at the end. From then on the process dumps no core. False after
 * a diagnostic. */
bool secret_resolve(cli *c, upk_str connect, upk_str folder,
                    upk_str *ret_connect);
void secrets_wipe(cli *c);

/* project.c */
typedef struct project {
  upk_str folder; /* absolute, of upkeep.yaml */
  upk_str file;   /* its name there */
  const upk_json *targets, *programs, *archives;
  upk_str requirements;                /* path of the document; absent: none */
  const upk_json *windows, *blackouts; /* formats.md, "Project" */
  upk_str state; /* as the project says it; absent: the default */
} project;
upk_status project_find(cli *c,
                        project *ret_project); /* folder and file only */
/* For verbs that work outside a project as well. */
void project_or_none(cli *c, project *ret_project);
upk_status project_load(cli *c, project *ret_project); /* and its targets */
/* privileges.c: what the role of a target needs, as SQL; "": the only target */
upk_status privileges_explain(cli *c, upk_str target);
/* The target by name, or the only one when `name` is "". Secrets resolved. */
upk_status project_target(cli *c, const project *p, upk_str name,
                          upk_target *ret_target);
bool project_has(const project *p, upk_str target);
/* Whether --at, if given, is a time; else a diagnostic. */
bool at_is_time(cli *c);
upk_compile_request request_new(const cli *c, const project *p,
                                upk_compile_mode mode);
/* Compiles in a child process; diagnostics go to c->diags. One child serves all
 * requests without facts; one with facts gets a child of its own, which shares
 * them with us. */
upk_status compile(cli *c, const project *p, const upk_compile_request *request,
                   upk_buf *output);
/* windows.c: openings of the project's windows and its blackouts, which meet
 * [from_us, to_us); strings are in c->arena. UPK_DENIED after diagnostics with
 * their places in the project file. A project without either is fine. */
upk_status windows_make(cli *c, const project *p, int64_t from_us,
                        int64_t to_us, upk_windows *ret_windows);
/* The same as bytes for the compiler; absent when the project has neither. */
upk_status windows_for_plan(cli *c, const project *p, int64_t from_us,
                            upk_str *ret_bytes);
/* The blackouts of the project, with what their calendars say. */
upk_status blackouts_load(cli *c, const project *p,
                          const upk_blackout_rule **ret_rules,
                          size_t *ret_count);
/* --stop-at as a moment, 0 without it; false after a diagnostic. */
bool stop_at_read(cli *c, int64_t now_us, int64_t *ret_us);
/* "2026-11-24 02:00 CET (2026-11-24T01:00:00Z)" */
void moment_text(upk_str timezone, int64_t us, upk_buf *out);

/* state.c: the project's state store, opened at the first call; NULL, after a
 * warning, when it cannot be used. `make` false: one that is not there is not
 * made. */
upk_state *project_state(cli *c, const project *p, bool make);
/* Whether this verb, with its flags, keeps facts as samples. */
bool records_facts(const cli *c);
/* What earlier runs say about steps on the target's engine; absent when
 * little. Takes in runs that the store does not know. */
upk_str history_for_plan(cli *c, const project *p, upk_str target);

/* The child that serves the project, for more than compile() does; NULL after a
 * diagnostic. */
struct child *project_compiler(cli *c, const project *p);
/* What the flags say about inspections; false after a diagnostic. */
bool inspection_limits(cli *c, upk_inspect_request *request);
/* Facts from --facts, or from the database of `target`. */
upk_status facts_get(cli *c, const project *p, upk_str target, upk_buf *facts,
                     upk_str *ret_path);

/* fleet.c: many targets at once. */
typedef struct fleet_request {
  const upk_str *targets; /* names, in the order of results */
  size_t count;
  upk_compile_mode mode; /* CHECK: reports; INSPECT: the facts themselves */
  const char *doing;     /* for the progress line: "checking" */
  /* Called for each target that went well, in order and as soon as its turn has
   * come, from one other thread while the caller waits. */
  void (*on_result)(void *ctx, upk_str target, upk_str bytes);
  void *ctx;
} fleet_request;
/* One that fails does not stop the others; its diagnostics go to c->diags at
 * the end, each once with the names of the targets. The worst of all. */
upk_status fleet_run(cli *c, const project *p, const fleet_request *request);
/* The targets that the command line names, or all; in the order of the project
 * file. The count, or SIZE_MAX after a diagnostic. */
size_t fleet_targets(cli *c, const project *p, upk_str **ret_names);

/* requirements.c: "upkeep.requirements/1" as text. */
void requirements_show(upk_str bytes, upk_arena *arena, upk_buf *out);
/* What the document filled in (provenance.requirements.fills): a line a value,
 * each with `before` in front. */
void requirements_fills(const upk_json *fills, const char *before,
                        upk_buf *out);

/* A plan or report in one of the formats. */
/* `findings`: of lint; not wanted where they are rendered as diagnostics. */
void plan_text(const upk_json *plan, bool color, bool verbose, bool findings,
               upk_buf *out);
/* At most `max_bytes` (at least PLAN_MARKDOWN_MIN): what does not fit is left
 * out, the least important first, and that is said. */
void plan_markdown(const upk_json *plan, size_t max_bytes, upk_buf *out);
enum { PLAN_MARKDOWN_MIN = 4000, PLAN_MARKDOWN_MAX = 64900 };
size_t markdown_room(cli *c); /* --max-bytes; 0 after a diagnostic */
/* `checks`: the queries before and after each step, too. */
void plan_sql(const upk_json *plan, bool checks, upk_buf *out);
/* Within mermaid's own limits; a large plan by groups of steps. */
void plan_mermaid(const upk_json *plan, upk_buf *out);
void plan_gantt(const upk_json *plan, upk_buf *out); /* mermaid too */
void plan_dot(const upk_json *plan, upk_buf *out);
void plan_html(const upk_json *plan, upk_buf *out); /* one file, no script */
/* Reads a plan file for show and diff: UPK_STALE when it is no whole plan. */
upk_status plan_load(cli *c, upk_str path, upk_buf *bytes,
                     const upk_json **ret_plan);
void object_display(const upk_json *name, upk_buf *out); /* array of texts */
bool format_is(const cli *c, const char *format, const char *otherwise);

/* findings.c: the diagnostics so far, as SARIF (paths from the root of the
 * repository around the project; its `folder` absent: none was found), and as a
 * comment that stands for the plan that could not be made. */
void findings_sarif(cli *c, const project *p, upk_buf *out);
void findings_markdown(const cli *c, upk_str target, upk_buf *out);

/* effect.c: what a step changed, from the records of the log: of its
 * invariant's columns, those that differ, as "stats_rows_ratio 1.7% -> 100%".
 * `step` is the plan's; `before` and `after` as logged. */
void effect_text(const upk_json *step, const upk_json *before,
                 const upk_json *after, upk_buf *out);

/* system.c: counts SIGINT and SIGTERM, and the first SIGHUP; `number` is the
 * first one's. */
const volatile int *signals_watch(void);
int signals_number(void);

upk_clock system_clock(void);
/* The user and the host, for the record. */
void who_am_i(cli *c, upk_str *ret_user, upk_str *ret_host);

#endif
