/* Policy packs: fetched by git into .upkeep/packs, and locked. */
#ifndef CLI_PACKS_H
#define CLI_PACKS_H

#include "cli.h"

/* packs.c: upkeep init --packs: fetches what `use` names and is not here as the
 * lock has it, and writes the lock. */
upk_status packs_init(cli *c);

/* packs_git.c: makes `folder` (absolute) from a commit's files that a pack can
 * have, each checked against git's object id. Nothing is left on failure. `git`
 * is as the project writes it; a path is below `project`. Blocks for as long
 * as git takes, at most PACK_FETCH_MS a call. UPK_ERROR after a diagnostic. */
enum { PACK_FETCH_MS = 5 * 60 * 1000 };
upk_status pack_fetch(cli *c, upk_str project, upk_str git, upk_str commit,
                      upk_str folder);

/* packs_tool.c: git as a program: no shell, no terminal, no hooks. */
typedef struct git_call {
  upk_str program, folder; /* of git; private folder of this call's files */
  upk_str repository;      /* --git-dir */
  upk_str said;            /* first line of its last complaint */
} git_call;
/* Runs git with `words` (ended by NULL), its output in `output`, a file's path
 * that is made. False with `said`. */
bool git_run(cli *c, git_call *git, const char *const *words, upk_str output);

/* approvals_at_stake.c: after a plan was made, and before it replaces the one
 * at `path`: whether the approvals of that hold. */
void approvals_compare(cli *c, upk_str path, upk_str plan);
/* After validate said that the stdlib is another: the plans beside the project
 * file that are approved and have such actions, and open standing approvals. */
void approvals_at_stake(cli *c, const project *p);

#endif
