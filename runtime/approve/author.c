#include "approve/author.h"

#include "quote.h"

enum { WORDS = 512, APPROVED_MAX = 64, OUTPUT_MAX = 1024 * 1024 };

/* What policies are made of; plans, facts and signatures are not. Documents
 * count where the plan was made from them. */
static const char *const policy_files[] = {"*.yaml", "*.yml", "*.lua", "*.sql",
                                           "*.ics"};

typedef struct git {
  tool_box *box;
  const char *words[WORDS];
  size_t count;
} git;

/* The last stays NULL; nobody adds more, see add_names. */
static void add(git *g, const char *word) {
  if (g->count + 1 < WORDS)
    g->words[g->count++] = word;
}

static void set(git *g, const char *format, upk_str value) {
  add(g, "-c");
  add(g,
      upk_arena_printf(g->box->arena, "%s=%.*s", format, UPK_FMT(value)).data);
}

static git begin(tool_box *box, upk_str program, upk_str folder) {
  git g = {.box = box};
  add(&g, program.data);
  add(&g, "-C");
  add(&g, upk_arena_copy(box->arena, folder).data);
  add(&g, "--no-pager");
  add(&g, "--no-optional-locks");
  add(&g, "--no-replace-objects");
  set(&g, "core.hooksPath", UPK_STR("/dev/null"));
  set(&g, "core.fsmonitor", UPK_STR("false"));
  set(&g, "protocol.ext.allow", UPK_STR("never"));
  return g;
}

/* Anything but the files that policy_files name anyhow. */
static bool is_document(upk_str path) {
  for (size_t i = 0; i < sizeof policy_files / sizeof *policy_files; i++)
    if (upk_str_ends(path, policy_files[i] + 1))
      return false;
  return true;
}

/* False: there are more documents than a command can name. */
static bool add_files(git *g, const author_query *query) {
  size_t documents = 0;
  add(g, "--");
  for (size_t i = 0; i < sizeof policy_files / sizeof *policy_files; i++)
    add(g, policy_files[i]);
  for (size_t i = 0; i < query->files.len; i++) {
    upk_str path = query->files.items[i];
    if (!is_document(path))
      continue;
    documents++;
    add(g,
        upk_arena_printf(g->box->arena, ":(literal)%.*s", UPK_FMT(path)).data);
  }
  return documents <= WORDS / 2;
}

static authors unknown(tool_box *box, upk_str text) {
  upk_buf shown = {0};
  upk_display_text(text, &shown);
  upk_str why = upk_arena_copy(box->arena, upk_buf_view(&shown));
  upk_buf_free(&shown);
  return (authors){.why = why};
}

static upk_str first_line(upk_str text) {
  upk_str rest, line = upk_str_split(upk_str_trim(text), '\n', &rest);
  return line.len > 160 ? (upk_str){line.data, 160} : line;
}

/* Runs it; false: it did not go well, and *ret says why. */
static bool ask(tool_box *box, git *g, tool_result *result, authors *ret) {
  bool ran = tool_run(box, g->words, UPK_NO_STR, false, result);
  if (ran && result->code == 0 && result->out.len < OUTPUT_MAX)
    return true;
  upk_str said = ran ? first_line(result->err) : UPK_STR("");
  if (ran && (result->late || result->code == 0))
    said = UPK_STR("there are more commits or files than can be looked at: let "
                   "`authors_since` name a commit that was reviewed");
  *ret = unknown(box, said.len ? said : UPK_STR("git does not answer"));
  ret->no_repository = upk_str_starts(said, "fatal: not a git repository");
  return false;
}

/* Whether there is a history to ask: *ret->commit is its head. */
static bool has_history(tool_box *box, upk_str program,
                        const author_query *query, authors *ret) {
  tool_result result = {0};
  upk_str head;
  git g = begin(box, program, query->folder);
  add(&g, "rev-parse");
  add(&g, "--is-shallow-repository");
  add(&g, "HEAD^{commit}");
  if (!ask(box, &g, &result, ret))
    return false;
  upk_str shallow = upk_str_split(upk_str_trim(result.out), '\n', &head);
  /* The first commit of one seems to have written every file. */
  if (upk_str_is(shallow, "true")) {
    *ret =
        unknown(box, UPK_STR("the clone is shallow: fetch its whole history"));
    return false;
  }
  *ret = (authors){.commit = head};
  return true;
}

/* ---- the files ---- */

/* "H 100644 DIGEST 0<tab>PATH": as it is in the index, a plain file. Lower case
 * is one that git was told not to look at, S one that it left out. */
static upk_str wrong_with(upk_str entries, upk_str path) {
  upk_str rest = entries;
  while (rest.data && rest.len) {
    upk_str name, entry = upk_str_split(rest, '\0', &rest);
    upk_str how = upk_str_split(entry, '\t', &name);
    if (!name.data || !upk_str_equal(name, path))
      continue;
    return !upk_str_starts(how, "H ") ? UPK_STR("git does not look at")
           : !upk_str_starts(how, "H 100")
               ? UPK_STR("not a plain file, so its text stands elsewhere:")
               : UPK_NO_STR;
  }
  return UPK_STR("not in the repository:");
}

/* Whether all that the plan was made from is committed, as it is here. */
static bool are_committed(tool_box *box, upk_str program,
                          const author_query *query, authors *ret) {
  tool_result result;
  git dirty = begin(box, program, query->folder),
      files = begin(box, program, query->folder);
  add(&dirty, "status");
  add(&dirty, "--porcelain");
  add(&dirty, "--untracked-files=all");
  add(&files, "ls-files");
  add(&files, "-vsz");
  if (!add_files(&dirty, query) || !add_files(&files, query)) {
    *ret = unknown(box, UPK_STR("the plan is made from too many documents"));
    return false;
  }
  if (!ask(box, &dirty, &result, ret))
    return false;
  if (result.out.len) {
    *ret = unknown(box, upk_arena_printf(box->arena, "not committed: %.*s",
                                         UPK_FMT(first_line(result.out))));
    return false;
  }
  if (!ask(box, &files, &result, ret))
    return false;
  for (size_t i = 0; i < query->files.len; i++) {
    upk_str path = query->files.items[i], wrong = wrong_with(result.out, path);
    if (!wrong.data)
      continue;
    *ret = unknown(box, upk_arena_printf(box->arena, "%.*s %.*s",
                                         UPK_FMT(wrong), UPK_FMT(path)));
    return false;
  }
  return true;
}

/* ---- the commits ---- */

static void add_name(tool_box *box, authors *ret, upk_str name) {
  for (size_t i = 0; i < ret->names.len; i++)
    if (upk_str_equal(ret->names.items[i], name))
      return;
  *UPK_PUSH(box->arena, &ret->names) = upk_arena_copy(box->arena, name);
}

/* A commit's record as log_of asks for it. */
static bool take_commit(tool_box *box, upk_str record, authors *ret) {
  upk_str rest = record;
  upk_str commit = upk_str_split(rest, '\2', &rest);
  upk_str mark = rest.data ? upk_str_split(rest, '\2', &rest) : UPK_STR("");
  upk_str who = rest.data ? upk_str_split(rest, '\2', &rest) : UPK_STR("");
  /* A merge of what its parents have is nobody's work. */
  if (!rest.data || !upk_str_trim(rest).len)
    return true;
  if (upk_str_is(mark, "G") && who.len) {
    add_name(box, ret, who);
    return true;
  }
  const char *why = upk_str_is(mark, "N")   ? "is not signed"
                    : upk_str_is(mark, "B") ? "has a bad signature"
                                            : "is signed by no allowed signer";
  if (commit.len > 12)
    commit.len = 12;
  *ret = unknown(
      box, upk_arena_printf(box->arena,
                            "commit %.*s %s (of the files since they were last "
                            "approved, or since `authors_since`)",
                            UPK_FMT(commit), why));
  return false;
}

static git log_of(tool_box *box, upk_str program, const author_query *query,
                  const signers *s, upk_str keygen) {
  git log = begin(box, program, query->folder);
  set(&log, "gpg.program", UPK_STR("/bin/false"));
  set(&log, "gpg.openpgp.program", UPK_STR("/bin/false"));
  set(&log, "gpg.x509.program", UPK_STR("/bin/false"));
  set(&log, "gpg.ssh.program", keygen);
  set(&log, "gpg.ssh.allowedSignersFile", s->copy);
  if (s->revoked.data)
    set(&log, "gpg.ssh.revocationFile", s->revoked_copy);
  set(&log, "log.showRoot", UPK_STR("true"));
  add(&log, "log");
  add(&log, "--no-show-signature");
  add(&log, "--no-renames");
  add(&log, "--no-ext-diff");
  add(&log, "-c"); /* of a merge, the files that are like in no parent */
  add(&log, "--name-only");
  add(&log, "--format=%x01%H%x02%G?%x02%GS%x02");
  add(&log, "--ignore-missing");
  return log;
}

static bool take_log(tool_box *box, git *log, const author_query *query,
                     authors *ret) {
  tool_result result;
  if (!add_files(log, query) || !ask(box, log, &result, ret))
    return false;
  upk_str rest = result.out;
  (void)upk_str_split(rest, '\1', &rest);
  while (rest.data && rest.len)
    if (!take_commit(box, upk_str_split(rest, '\1', &rest), ret))
      return false;
  return true;
}

/* The commit that a rule names; false: there is none. */
static bool find_since(tool_box *box, upk_str program,
                       const author_query *query, upk_str *ret_commit,
                       authors *ret) {
  tool_result result;
  git g = begin(box, program, query->folder);
  add(&g, "rev-parse");
  add(&g, "--verify");
  add(&g, "--quiet");
  add(&g, "--end-of-options");
  add(&g, upk_arena_printf(box->arena, "%.*s^{commit}", UPK_FMT(query->since))
              .data);
  if (tool_run(box, g.words, UPK_NO_STR, false, &result) && result.code == 0) {
    *ret_commit = upk_str_trim(result.out);
    return true;
  }
  *ret = unknown(box, upk_arena_printf(box->arena,
                                       "`authors_since` names no commit that "
                                       "is here: %.*s",
                                       UPK_FMT(query->since)));
  return false;
}

static void exclude(git *log, upk_str commit) {
  add(log, upk_arena_printf(log->box->arena, "^%.*s", UPK_FMT(commit)).data);
}

/* Those of the range, and of the last commit, which may be before it. */
static void find_names(tool_box *box, upk_str program, upk_str keygen,
                       const author_query *query, const signers *s,
                       authors *ret) {
  upk_str since;
  git range = log_of(box, program, query, s, keygen);
  git last = range;
  add(&range, ret->commit.data);
  if (query->since.data) {
    if (!find_since(box, program, query, &since, ret))
      return;
    exclude(&range, since);
  }
  size_t first = query->approved.len > APPROVED_MAX
                     ? query->approved.len - APPROVED_MAX
                     : 0;
  for (size_t i = first; i < query->approved.len; i++)
    exclude(&range, query->approved.items[i]);
  add(&last, "-1");
  add(&last, "--no-merges");
  add(&last, ret->commit.data);
  if (take_log(box, &range, query, ret) && take_log(box, &last, query, ret) &&
      !ret->names.len)
    *ret = unknown(box, UPK_STR("no commit touches the policies"));
}

authors authors_find(tool_box *box, const author_query *query,
                     const signers *s) {
  authors found = {0};
  upk_str program = tool_find(box, "git"),
          keygen = tool_find(box, "ssh-keygen");
  if (!program.data || !keygen.data)
    return unknown(box, UPK_STR("git is not installed"));
  if (!has_history(box, program, query, &found) ||
      !are_committed(box, program, query, &found))
    return found;
  /* As text that ends, for commands. */
  found.commit = upk_arena_copy(box->arena, found.commit);
  find_names(box, program, keygen, query, s, &found);
  return found;
}
