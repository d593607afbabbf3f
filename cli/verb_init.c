/* upkeep init: a project to start from. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "manual.h"
#include "packs.h"
#include "secret.h"

typedef struct new_file {
  const char *path;
  upk_str text;
} new_file;

static bool looks_like_postgres(upk_str connect) {
  return upk_str_starts(connect, "postgres://") ||
         upk_str_starts(connect, "postgresql://") ||
         (connect.len && memchr(connect.data, '=', connect.len));
}

static upk_status refuse_password(cli *c, upk_str connect) {
  size_t at, len;
  if (!upk_secret_find(connect, 0, false, &at, &len))
    return UPK_OK;
  upk_diag *diag = upk_diag_add(&c->diags, 4062, UPK_NO_SPAN,
                                "the connection of --from holds a password");
  upk_diag_help(&c->diags, diag,
                "every user of this machine can read it there: use a service "
                "file, ~/.pgpass, env:NAME or file:PATH");
  return UPK_USAGE;
}

/* A double-quoted YAML scalar. */
static upk_str quoted(cli *c, upk_str text) {
  upk_buf out = {0};
  upk_buf_char(&out, '"');
  for (size_t i = 0; i < text.len; i++) {
    unsigned char b = (unsigned char)text.data[i];
    if (b == '"' || b == '\\')
      upk_buf_printf(&out, "\\%c", b);
    else if (b < 0x20 || b == 0x7f)
      upk_buf_printf(&out, "\\x%02x", b);
    else
      upk_buf_char(&out, (char)b);
  }
  upk_buf_char(&out, '"');
  upk_str copy = upk_arena_copy(c->arena, upk_buf_view(&out));
  upk_buf_free(&out);
  return copy;
}

/* What was seen, and what came of it; all empty without --from. */
typedef struct suggested {
  upk_str policies, target, use;
} suggested;

static upk_str target_name(const cli *c) {
  return flag_given(c, FLAG_name) ? flag_text(c, FLAG_name) : UPK_STR("main");
}

static upk_str project_text(cli *c, upk_str engine, upk_str connect,
                            const suggested *s, bool requirements) {
  upk_str use = s->use.len
                    ? s->use
                    : upk_arena_printf(c->arena, "use: [ std/%.*s-baseline ]\n",
                                       UPK_FMT(engine));
  return upk_arena_printf(
      c->arena,
      "# yaml-language-server: $schema=.upkeep/project.schema.json\n"
      "version: 1\n"
      "%srequirements: CLAUDE.md     # its section `Database maintenance`; see "
      "`upkeep validate --requirements`\n\n"
      "targets:\n"
      "  %.*s:\n"
      "    engine: %.*s\n"
      "    connect: %.*s     # never a password: a service file, .pgpass, "
      "env:NAME or password=env:NAME\n"
      "    labels: { env: dev }\n"
      "%.*s\n"
      "# When steps may run; a policy names one by `window: nightly`.\n"
      "windows:\n"
      "  nightly: { rrule: \"FREQ=DAILY;BYHOUR=2\", duration: 3h, timezone: "
      "UTC }\n\n"
      "# Shipped policies; `upkeep check` says what they find, `upkeep explain "
      "std/%.*s-baseline`\n# what they are for. Tune them by `except`, `vars` "
      "and "
      "`override`.\n"
      "%.*s\n"
      "include: [ policies/*.yaml ]     # and policies/*.lua\n",
      requirements ? "" : "# ", UPK_FMT(quoted(c, target_name(c))),
      UPK_FMT(engine), UPK_FMT(quoted(c, connect)), UPK_FMT(s->target),
      UPK_FMT(engine), UPK_FMT(use));
}

static upk_str policy_text(void) {
  return UPK_STR(
      "# A policy is an invariant over facts, plus a remedy. `upkeep explain\n"
      "# table` lists what can be asked of a table, `upkeep explain\n"
      "# validate_data` describes an action.\n"
      "policies:\n"
      "  - name: example-not-too-large\n"
      "    why: a first policy of our own, without a remedy\n"
      "    for: database\n"
      "    ensure: size <= 100GiB\n"
      "    severity: info\n");
}

/* Every engine's suggestions begin with a bound on the size of databases. */
static upk_str test_text(cli *c, upk_str engine, bool suggested) {
  bool listed = upk_str_is(engine, "postgres");
  const char *policy = suggested ? "size-as-expected" : "example-not-too-large";
  return upk_arena_printf(
      c->arena,
      "# yaml-language-server: $schema=../.upkeep/test.schema.json\n"
      "# What the policies must do, tried by `upkeep test` without a "
      "database.\n"
      "tests:\n"
      "  - name: a database of 1 PiB is too large\n"
      "    policies: %s\n"
      "    objects: [ { kind: database, name: %s, attributes: { size: "
      "1024TiB%s "
      "} } ]\n"
      "    expect:\n"
      "      verdicts: [ { policy: %s, verdict: broken } ]\n",
      policy, listed ? "shop" : "main",
      listed ? ", allows_connections: true" : "", policy);
}

/* What a team writes down once, for people and for upkeep. */
static upk_str requirements_text(void) {
  return UPK_STR("# Operations\n\n"
                 "## Database maintenance\n\n"
                 "- availability target: 99.9%\n"
                 "<!-- In force without these marks; then steps wait for "
                 "it:\n"
                 "- maintenance window: daily 02:00-05:00 UTC\n"
                 "-->\n"
                 "- max lock wait: 1s\n"
                 "- max replica lag: 30s\n"
                 "- contact: the team that is on call\n");
}

/* ---- looking at a database ---- */

/* A project that is there only while the database is looked at: nothing is
 * left when that fails. */
static upk_status begin_looking(cli *c, upk_str engine, upk_str connect,
                                project *p) {
  char folder[PATH_MAX], name[] = ".upkeep-init.XXXXXX";
  int fd = mkstemp(name);
  if (fd < 0 || !getcwd(folder, sizeof folder)) {
    upk_diag_add(&c->diags, 4003, UPK_NO_SPAN, "cannot write here: %s",
                 strerror(errno));
    if (fd >= 0)
      close(fd);
    return UPK_ERROR;
  }
  close(fd);
  *p = (project){.folder = upk_arena_copy(c->arena, upk_str_from(folder)),
                 .file = upk_arena_copy(c->arena, upk_str_from(name))};
  return file_write(
      c, p->file,
      upk_arena_printf(c->arena,
                       "version: 1\ntargets: { %.*s: { engine: %.*s, connect: "
                       "%.*s } }\n",
                       UPK_FMT(quoted(c, target_name(c))), UPK_FMT(engine),
                       UPK_FMT(quoted(c, connect))));
}

static upk_status load_targets(cli *c, project *p) {
  const char *named = c->flags[FLAG_file];
  c->flags[FLAG_file] = p->file.data;
  upk_status status = project_load(c, p);
  c->flags[FLAG_file] = named;
  return status;
}

static upk_status suggest(cli *c, const project *p, upk_str target,
                          suggested *ret) {
  upk_buf facts = {0}, out = {0};
  upk_json_error error;
  c->flags[FLAG_all] = "";
  upk_compile_request request = request_new(c, p, UPK_COMPILE_SUGGEST);
  request.target = target;
  upk_status status = facts_get(c, p, target, &facts, &request.facts_path);
  request.facts = upk_buf_view(&facts);
  if (status == UPK_OK)
    status = compile(c, p, &request, &out);
  if (status == UPK_OK) {
    upk_str bytes = upk_arena_copy(c->arena, upk_buf_view(&out));
    const upk_json *tree = upk_json_parse(c->arena, bytes, &error);
    ret->policies = upk_json_text(tree, "policies");
    ret->target = upk_json_text(tree, "target");
    ret->use = upk_json_text(tree, "use");
  }
  upk_buf_free(&out);
  upk_buf_free(&facts);
  return status;
}

static upk_status look(cli *c, upk_str engine, upk_str connect,
                       suggested *ret) {
  project p;
  upk_status status = begin_looking(c, engine, connect, &p);
  if (status != UPK_OK)
    return status;
  status = load_targets(c, &p);
  if (status == UPK_OK)
    status = suggest(c, &p, target_name(c), ret);
  unlink(upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(p.folder),
                          UPK_FMT(p.file))
             .data);
  return status;
}

static upk_status write_schema(cli *c, const project *p, const char *word) {
  upk_buf text = {0};
  upk_compile_request request = request_new(c, p, UPK_COMPILE_SCHEMA);
  request.word = upk_str_from(word);
  upk_status status = compile(c, p, &request, &text);
  if (status == UPK_OK) {
    upk_str path = upk_arena_printf(c->arena, ".upkeep/%s.schema.json", word);
    status = file_write(c, path, upk_buf_view(&text));
  }
  upk_buf_free(&text);
  return status;
}

static upk_status write_files(cli *c, const new_file *files, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (file_exists(upk_str_from(files[i].path))) {
      upk_diag_add(&c->diags, 4007, UPK_NO_SPAN, "%s exists", files[i].path);
      return UPK_USAGE;
    }
  if (!make_folders(UPK_STR("policies")) || !make_folders(UPK_STR("tests")) ||
      !make_folders(UPK_STR(".upkeep"))) {
    upk_diag_add(&c->diags, 4003, UPK_NO_SPAN, "cannot make a folder: %s",
                 strerror(errno));
    return UPK_ERROR;
  }
  for (size_t i = 0; i < count; i++) {
    upk_status status =
        file_write(c, upk_str_from(files[i].path), files[i].text);
    if (status != UPK_OK)
      return status;
    say(c, "wrote %s\n", files[i].path);
  }
  return UPK_OK;
}

static upk_status engine_of(cli *c, upk_str connect, upk_str *ret_engine) {
  *ret_engine = flag_text(c, FLAG_engine);
  if (!ret_engine->len)
    *ret_engine =
        looks_like_postgres(connect) ? UPK_STR("postgres") : UPK_STR("sqlite");
  for (size_t i = 0; upk_driver_name(i); i++)
    if (upk_str_is(*ret_engine, upk_driver_name(i)))
      return UPK_OK;
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "the engine `%.*s` is not in this build",
                                UPK_FMT(*ret_engine));
  upk_diag_help(&c->diags, diag, "--engine takes sqlite or postgres");
  return UPK_USAGE;
}

/* ---- continuous integration ---- */

/* Below examples/ci, and where it goes; "" is for both. */
static const struct {
  const char *ci, *from, *to;
} ci_files[] = {
    {"", "review", "ci/review"},
    {"", "comment", "ci/comment"},
    {"", "install", "ci/install"},
    {"", "apply", "ci/apply"},
    {"gitlab", "codequality", "ci/codequality"},
    {"gitlab", "gitlab/gitlab-ci.yml", ".gitlab-ci.yml"},
    {"github", "github/upkeep-review.yml",
     ".github/workflows/upkeep-review.yml"},
    {"github", "github/upkeep-apply.yml", ".github/workflows/upkeep-apply.yml"},
};

static upk_str ci_text(const char *from) {
  for (const struct embedded_file *f = manual_files; f->path; f++)
    if (strncmp(f->path, "examples/ci/", 12) == 0 &&
        strcmp(f->path + 12, from) == 0)
      return (upk_str){(const char *)f->bytes, f->len};
  return UPK_STR("");
}

static upk_status write_ci_file(cli *c, const char *to, upk_str text) {
  upk_str path = upk_str_from(to);
  const char *slash = strrchr(to, '/');
  if (file_exists(path)) {
    say(c, "%s was left as it is\n", to);
    return UPK_OK;
  }
  if (slash && !make_folders((upk_str){to, (size_t)(slash - to)}))
    return UPK_ERROR;
  upk_status status = file_write(c, path, text);
  if (status == UPK_OK && upk_str_starts(text, "#!"))
    chmod(to, 0755);
  if (status == UPK_OK)
    say(c, "wrote %s\n", to);
  return status;
}

static bool wants_ci(upk_str ci) { return ci.len && !upk_str_is(ci, "none"); }

static bool ci_known(cli *c, upk_str ci) {
  if (!wants_ci(ci) || upk_str_is(ci, "github") || upk_str_is(ci, "gitlab"))
    return true;
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "--ci does not know `%.*s`", UPK_FMT(ci));
  upk_diag_help(&c->diags, diag, "write github, gitlab or none");
  return false;
}

static upk_status write_ci(cli *c, upk_str ci) {
  upk_status status = UPK_OK;
  for (size_t i = 0; wants_ci(ci) && status == UPK_OK &&
                     i < sizeof ci_files / sizeof *ci_files;
       i++)
    if (!*ci_files[i].ci || upk_str_is(ci, ci_files[i].ci))
      status = write_ci_file(c, ci_files[i].to, ci_text(ci_files[i].from));
  return status;
}

/* A target of the project that is here: its policies, beside the others. */
static upk_status add_policies(cli *c, const project *p, upk_str target) {
  suggested s = {0};
  upk_str path = upk_arena_printf(c->arena, "%.*s/policies/%.*s.yaml",
                                  UPK_FMT(p->folder), UPK_FMT(target));
  if (memchr(target.data, '/', target.len) || file_exists(path)) {
    upk_diag_add(&c->diags, 4007, UPK_NO_SPAN, "%.*s exists", UPK_FMT(path));
    return UPK_USAGE;
  }
  upk_status status = suggest(c, p, target, &s);
  if (status == UPK_OK && !make_folders(upk_arena_printf(
                              c->arena, "%.*s/policies", UPK_FMT(p->folder))))
    status = UPK_ERROR;
  if (status == UPK_OK)
    status = file_write(c, path, s.policies);
  if (status == UPK_OK)
    say(c,
        "wrote %.*s\nNext: read it, see that `include` of %.*s has it, then  "
        "upkeep check %.*s\n",
        UPK_FMT(path), UPK_FMT(p->file), UPK_FMT(target));
  return status;
}

/* Whether --from names a target of the project that is here. */
static bool is_target(cli *c, project *p) {
  size_t failures = c->diags.failures, items = c->diags.items.len;
  bool known = flag_given(c, FLAG_from) && project_load(c, p) == UPK_OK &&
               project_has(p, flag_text(c, FLAG_from));
  c->diags.failures = failures;
  c->diags.items.len = items;
  return known;
}

static upk_status write_project(cli *c, upk_str engine, upk_str connect,
                                const suggested *s) {
  bool requirements = !file_exists(UPK_STR("CLAUDE.md"));
  bool ignored = file_exists(UPK_STR(".gitignore"));
  new_file files[6] = {
      {"upkeep.yaml", project_text(c, engine, connect, s, requirements)}};
  size_t count = 1;
  files[count++] = s->policies.len
                       ? (new_file){"policies/suggested.yaml", s->policies}
                       : (new_file){"policies/example.yaml", policy_text()};
  files[count++] = (new_file){"tests/example.yaml",
                              test_text(c, engine, s->policies.len > 0)};
  if (requirements)
    files[count++] = (new_file){"CLAUDE.md", requirements_text()};
  if (!ignored)
    files[count++] = (new_file){".gitignore", UPK_STR(".upkeep/\n")};
  upk_status status = write_files(c, files, count);
  if (status == UPK_OK && ignored)
    say(c, "Add .upkeep/ to .gitignore: runs and schemas are kept there\n");
  if (status == UPK_OK && !requirements)
    say(c, "CLAUDE.md was left as it is: a section `Database maintenance` "
           "in it says what the database must keep to\n");
  return status;
}

static upk_status run(cli *c) {
  upk_str engine, connect = flag_given(c, FLAG_from) ? flag_text(c, FLAG_from)
                                                     : UPK_STR("database.db");
  suggested s = {UPK_STR(""), UPK_STR(""), UPK_STR("")};
  project p = {0};
  if (flag_given(c, FLAG_packs) || flag_given(c, FLAG_upgrade))
    return packs_init(c);
  if (!ci_known(c, flag_text(c, FLAG_ci)))
    return UPK_USAGE;
  upk_status status = refuse_password(c, connect);
  if (status == UPK_OK && is_target(c, &p))
    return add_policies(c, &p, connect);
  if (status == UPK_OK)
    status = engine_of(c, connect, &engine);
  if (status == UPK_OK && file_exists(UPK_STR("upkeep.yaml"))) {
    upk_diag *diag =
        upk_diag_add(&c->diags, 4007, UPK_NO_SPAN, "upkeep.yaml exists");
    upk_diag_help(&c->diags, diag,
                  "for policies of one more of its targets: upkeep init --from "
                  "TARGET");
    return UPK_USAGE;
  }
  if (status == UPK_OK && flag_given(c, FLAG_from))
    status = look(c, engine, connect, &s);
  if (status == UPK_OK)
    status = write_project(c, engine, connect, &s);
  if (status == UPK_OK)
    status = write_ci(c, flag_text(c, FLAG_ci));
  if (status == UPK_OK)
    status = project_find(c, &p);
  if (status == UPK_OK)
    status = write_schema(c, &p, "project");
  if (status == UPK_OK)
    status = write_schema(c, &p, "policies");
  if (status == UPK_OK)
    status = write_schema(c, &p, "test");
  if (status != UPK_OK)
    return status;
  say(c, flag_given(c, FLAG_from)
             ? "Next: read policies/suggested.yaml, then  upkeep plan -o "
               "plan.json\n"
             : "Next: edit upkeep.yaml, then  upkeep check\n");
  if (!flag_given(c, FLAG_from) || flag_given(c, FLAG_facts))
    return UPK_OK;
  status = verb_find(UPK_STR("check"))->run(c);
  return status == UPK_CHANGES ? UPK_OK : status;
}

const verb verb_init = {
    .name = "init",
    .arguments = "",
    .summary = "make a project in this folder",
    .detail =
        "With --from, looks at that database, read-only, and writes a project "
        "with policies that fit\nwhat is there, and the figures seen beside "
        "them; then shows what they find. Of a target of\nthe project that is "
        "here it writes policies alone. Nothing is ever overwritten.\n"
        "With --packs, in a project: git fetches the policy packs that `use` "
        "names into .upkeep/packs, and their\ndigests are locked in "
        "upkeep.lock, beside that of the standard library; --upgrade takes "
        "the program's\nstandard library over. No other verb ever fetches.",
    .flags = FLAG_BIT(from) | FLAG_BIT(engine) | FLAG_BIT(name) | FLAG_BIT(ci) |
             FLAG_BIT(packs) | FLAG_BIT(upgrade) | FLAG_BIT(facts) |
             FLAG_BIT(connect_timeout) | FLAG_BIT(statement_timeout),
    .run = run,
};
