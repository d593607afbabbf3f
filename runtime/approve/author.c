#include "approve/author.h"

#include "quote.h"

/* What policies are made of; plans, facts and signatures are not. */
#define POLICY_FILES "*.yaml", "*.yml", "*.lua", "*.sql", "*.ics"

enum { WORDS = 48 };

typedef struct git {
  tool_box *box;
  const char *words[WORDS];
  size_t count;
} git;

static void add(git *g, const char *word) { g->words[g->count++] = word; }

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
  set(&g, "core.hooksPath", UPK_STR("/dev/null"));
  set(&g, "core.fsmonitor", UPK_STR("false"));
  set(&g, "protocol.ext.allow", UPK_STR("never"));
  return g;
}

static void add_files(git *g) {
  static const char *const files[] = {POLICY_FILES};
  add(g, "--");
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    add(g, files[i]);
}

static author unknown(tool_box *box, upk_str text) {
  upk_buf shown = {0};
  upk_display_text(text, &shown);
  upk_str why = upk_arena_copy(box->arena, upk_buf_view(&shown));
  upk_buf_free(&shown);
  return (author){UPK_NO_STR, why, false};
}

static upk_str first_line(upk_str text) {
  upk_str rest, line = upk_str_split(upk_str_trim(text), '\n', &rest);
  return line.len > 160 ? (upk_str){line.data, 160} : line;
}

/* "G", the principal and the commit, as git log writes them. */
static author judge(tool_box *box, upk_str text) {
  upk_str rest = upk_str_trim(text);
  upk_str commit = upk_str_split(rest, '\n', &rest);
  upk_str mark = rest.data ? upk_str_split(rest, '\n', &rest) : UPK_STR("");
  upk_str who = rest.data ? upk_str_trim(rest) : UPK_STR("");
  if (commit.len > 12)
    commit.len = 12;
  if (!commit.len)
    return unknown(box, UPK_STR("no commit touches the policies"));
  if (upk_str_is(mark, "G") && who.len)
    return (author){upk_arena_copy(box->arena, who), UPK_NO_STR, false};
  const char *why = upk_str_is(mark, "N")   ? "is not signed"
                    : upk_str_is(mark, "B") ? "has a bad signature"
                                            : "is signed by no allowed signer";
  return unknown(box, upk_arena_printf(box->arena, "commit %.*s %s",
                                       UPK_FMT(commit), why));
}

/* Whether there is a history to ask; false: not, and why. */
static bool has_history(tool_box *box, upk_str program, upk_str folder,
                        author *ret) {
  tool_result result = {0};
  git g = begin(box, program, folder);
  add(&g, "rev-parse");
  add(&g, "--is-shallow-repository");
  if (!tool_run(box, g.words, UPK_NO_STR, false, &result) || result.code != 0) {
    upk_str said = first_line(result.err);
    *ret = unknown(box, said.len ? said : UPK_STR("git does not answer"));
    ret->no_repository = upk_str_starts(said, "fatal: not a git repository");
    return false;
  }
  /* Its first commit seems to have written every file. */
  if (!upk_str_is(upk_str_trim(result.out), "true"))
    return true;
  *ret = unknown(box, UPK_STR("the clone is shallow: fetch its whole history"));
  return false;
}

author author_find(tool_box *box, upk_str folder, const signers *s) {
  author none;
  upk_str program = tool_find(box, "git"),
          keygen = tool_find(box, "ssh-keygen");
  tool_result result;
  if (!program.data || !keygen.data)
    return unknown(box, UPK_STR("git is not installed"));
  if (!has_history(box, program, folder, &none))
    return none;
  git dirty = begin(box, program, folder);
  add(&dirty, "status");
  add(&dirty, "--porcelain");
  add_files(&dirty);
  if (!tool_run(box, dirty.words, UPK_NO_STR, false, &result) ||
      result.code != 0)
    return unknown(box, result.err.len ? first_line(result.err)
                                       : UPK_STR("git does not answer"));
  if (result.out.len)
    return unknown(box, upk_arena_printf(box->arena, "not committed: %.*s",
                                         UPK_FMT(first_line(result.out))));
  git log = begin(box, program, folder);
  set(&log, "gpg.program", UPK_STR("/bin/false"));
  set(&log, "gpg.openpgp.program", UPK_STR("/bin/false"));
  set(&log, "gpg.x509.program", UPK_STR("/bin/false"));
  set(&log, "gpg.ssh.program", keygen);
  set(&log, "gpg.ssh.allowedSignersFile", s->copy);
  if (s->revoked.data)
    set(&log, "gpg.ssh.revocationFile", s->revoked_copy);
  add(&log, "log");
  add(&log, "-1");
  add(&log, "--format=%H%n%G?%n%GS");
  add_files(&log);
  if (!tool_run(box, log.words, UPK_NO_STR, false, &result) || result.code != 0)
    return unknown(box, result.err.len ? first_line(result.err)
                                       : UPK_STR("git does not answer"));
  return judge(box, result.out);
}
