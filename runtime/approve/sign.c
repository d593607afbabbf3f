/* upk_approval_sign: one line of PLAN.sig. */
#include <upkeep/runtime.h>

#include <unistd.h>

#include "approve/author.h"
#include "approve/rules.h"
#include "plan/read.h"

/* The first rule that asks who the authors are, or else for signatures: by its
 * signers they are known. */
static rule *rule_of_authors(const rules *r) {
  rule *first = NULL;
  for (size_t i = 0; i < r->count; i++) {
    rule *one = &r->items[i];
    if (one->signatures && !one->author_may_approve)
      return one;
    if (one->signatures && !first)
      first = one;
  }
  return first;
}

static authors find_authors(tool_box *box, const upk_approvals *approvals,
                            reviewed *plan) {
  upk_diags quiet;
  rules r;
  upk_diags_init(&quiet, box->arena);
  if (rules_read(box->arena, &quiet, approvals, plan, &r) != UPK_OK)
    return (authors){0};
  rule *one = rule_of_authors(&r);
  if (!one || !signers_check(box, &quiet, &one->signers))
    return (authors){0};
  author_query query = author_query_of(box->arena, approvals->project_folder,
                                       plan, NULL, one->since);
  return authors_find(box, &query, &one->signers);
}

/* ---- the key ---- */

static bool exists(upk_str path) {
  return path.data && access(path.data, R_OK) == 0;
}

static upk_str run_for_text(tool_box *box, const char **words,
                            const char *name) {
  tool_result result;
  upk_str program = tool_find(box, name);
  words[0] = program.data;
  if (!program.data || !tool_run(box, words, UPK_NO_STR, true, &result) ||
      result.code != 0)
    return UPK_NO_STR;
  upk_str rest, line = upk_str_split(result.out, '\n', &rest);
  return upk_str_trim(line);
}

/* A public key as text becomes a file, for ssh-keygen to ask the agent by. */
static upk_str from_agent(tool_box *box) {
  const char *words[] = {NULL, "-L", NULL};
  upk_str line = run_for_text(box, words, "ssh-add");
  return upk_str_starts(line.data ? line : UPK_STR(""), "ssh-") ||
                 upk_str_starts(line.data ? line : UPK_STR(""), "ecdsa-") ||
                 upk_str_starts(line.data ? line : UPK_STR(""), "sk-")
             ? tool_file(box,
                         upk_arena_printf(box->arena, "%.*s\n", UPK_FMT(line)))
             : UPK_NO_STR;
}

static upk_str from_git(tool_box *box, upk_str folder) {
  upk_str where = upk_arena_copy(box->arena, folder);
  upk_str home = tool_variable(box, "HOME");
  const char *words[] = {
      NULL, "-C", where.data, "config", "--get", "user.signingkey", NULL};
  upk_str key = run_for_text(box, words, "git");
  if (!key.len)
    return UPK_NO_STR;
  if (upk_str_starts(key, "key::"))
    return tool_file(box, upk_arena_printf(box->arena, "%.*s\n",
                                           (int)key.len - 5, key.data + 5));
  if (upk_str_starts(key, "ssh-"))
    return tool_file(box, upk_arena_printf(box->arena, "%.*s\n", UPK_FMT(key)));
  if (upk_str_starts(key, "~/") && home.data)
    key = upk_arena_printf(box->arena, "%s%.*s", home.data, (int)key.len - 1,
                           key.data + 1);
  return upk_arena_copy(box->arena, key);
}

static upk_str from_home(tool_box *box) {
  static const char *const names[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
  upk_str home = tool_variable(box, "HOME");
  for (size_t i = 0; home.data && i < sizeof names / sizeof *names; i++) {
    upk_str path =
        upk_arena_printf(box->arena, "%s/.ssh/%s", home.data, names[i]);
    if (exists(path))
      return path;
  }
  return UPK_NO_STR;
}

static upk_str find_key(tool_box *box, const upk_signing *signing,
                        const upk_approvals *approvals, upk_diags *diags) {
  upk_str key = signing->key;
  if (key.len && !upk_str_is(key, "agent"))
    return key;
  key = key.len ? from_agent(box) : from_git(box, approvals->project_folder);
  if (!signing->key.len && !exists(key))
    key = from_home(box);
  if (key.data)
    return key;
  upk_diag *diag = upk_diag_add(diags, 3315, UPK_NO_SPAN,
                                signing->key.len ? "the agent has no key"
                                                 : "no key to sign with");
  upk_diag_help(diags, diag,
                "name one with --key FILE; `ssh-keygen -t ed25519` makes one");
  return UPK_NO_STR;
}

/* ---- the line ---- */

/* The statement's bytes end in a newline, the member's do not. */
static void write_line(upk_buf *line, upk_str statement, upk_str signature) {
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(line));
  upk_json_begin_object(w);
  upk_json_put_string(w, "signature", signature);
  upk_json_key(w, "statement");
  upk_json_raw(w, upk_str_trim(statement));
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
}

static upk_status make(tool_box *box, const upk_signing *signing,
                       const upk_approvals *approvals, reviewed *plan,
                       upk_diags *diags, upk_buf *line) {
  const upk_clock *clock = box->clock;
  upk_str key = find_key(box, signing, approvals, diags);
  if (!key.data)
    return UPK_ERROR;
  authors by = plan ? find_authors(box, approvals, plan) : (authors){0};
  upk_str statement =
      statement_make(box->arena, signing, plan, by.names.items, by.names.len,
                     clock->wall_us(clock->ctx), clock->random(clock->ctx));
  upk_str signature = signers_sign(box, diags, key, statement);
  if (!signature.data)
    return UPK_ERROR;
  write_line(line, statement, signature);
  return UPK_OK;
}

upk_status upk_approval_sign(const upk_signing *signing,
                             const upk_approvals *approvals,
                             const upk_clock *clock, upk_diags *diags,
                             upk_buf *line) {
  upk_arena *arena = upk_arena_new(NULL);
  upk_json_error error;
  const plan *verified = NULL;
  reviewed plan;
  tool_box box = {
      .arena = arena, .clock = clock, .environment = approvals->environment};
  upk_status status = UPK_OK;
  if (signing->plan.data)
    status =
        plan_read(arena, signing->plan, signing->plan_path, diags, &verified);
  if (status == UPK_OK && signing->plan.data)
    reviewed_init(arena, upk_json_parse(arena, signing->plan, &error), &plan);
  if (status == UPK_OK)
    status = make(&box, signing, approvals, signing->plan.data ? &plan : NULL,
                  diags, line);
  tool_close(&box);
  upk_arena_free(arena);
  return status;
}
