/* upkeep init: a project to start from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
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

static upk_str project_text(cli *c, upk_str engine, upk_str connect) {
  upk_str name =
      flag_given(c, FLAG_name) ? flag_text(c, FLAG_name) : UPK_STR("main");
  return upk_arena_printf(
      c->arena,
      "# yaml-language-server: $schema=.upkeep/project.schema.json\n"
      "version: 1\n\n"
      "targets:\n"
      "  %.*s:\n"
      "    engine: %.*s\n"
      "    connect: %.*s     # no password here: a service file, .pgpass, or "
      "env:NAME\n"
      "    labels: { env: dev }\n\n"
      "# Shipped policies; `upkeep check` says what they find. Tune them by\n"
      "# `- { name: std/%.*s-baseline, override: { POLICY: { KEY: VALUE } } "
      "}`.\n"
      "use: [ std/%.*s-baseline ]\n\n"
      "include: [ policies/*.yaml ]     # and policies/*.lua\n",
      UPK_FMT(quoted(c, name)), UPK_FMT(engine), UPK_FMT(quoted(c, connect)),
      UPK_FMT(engine), UPK_FMT(engine));
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
  if (!make_folders(UPK_STR("policies")) || !make_folders(UPK_STR(".upkeep"))) {
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

static upk_status run(cli *c) {
  upk_str connect = flag_given(c, FLAG_from) ? flag_text(c, FLAG_from)
                                             : UPK_STR("database.db");
  upk_str engine;
  upk_status status = engine_of(c, connect, &engine);
  if (status != UPK_OK)
    return status;
  status = refuse_password(c, connect);
  if (status != UPK_OK)
    return status;
  new_file files[] = {
      {"upkeep.yaml", project_text(c, engine, connect)},
      {"policies/example.yaml", policy_text()},
      {".gitignore", UPK_STR(".upkeep/\n")},
  };
  size_t count = file_exists(UPK_STR(".gitignore")) ? 2 : 3;
  status = write_files(c, files, count);
  project p;
  if (status == UPK_OK)
    status = project_find(c, &p);
  if (status == UPK_OK)
    status = write_schema(c, &p, "project");
  if (status == UPK_OK)
    status = write_schema(c, &p, "policies");
  if (status != UPK_OK || !flag_given(c, FLAG_from)) {
    say(c, "Next: edit upkeep.yaml, then  upkeep check\n");
    return status;
  }
  status = verb_find(UPK_STR("check"))->run(c);
  return status == UPK_CHANGES ? UPK_OK : status;
}

const verb verb_init = {
    .name = "init",
    .arguments = "",
    .summary = "make a project in this folder",
    .detail = "With --from, looks at that database, writes a project for it "
              "and shows what the\nshipped policies find. Nothing is ever "
              "overwritten.",
    .flags = FLAG_BIT(from) | FLAG_BIT(engine) | FLAG_BIT(name),
    .run = run,
};
