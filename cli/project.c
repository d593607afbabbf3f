/* Finding the project, its targets and their secrets; compiling; facts. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "cli.h"
#include "timefmt.h"

static upk_status no_project(cli *c, upk_str name) {
  upk_diag *diag =
      upk_diag_add(&c->diags, 4001, UPK_NO_SPAN,
                   "no %.*s here or in a folder above", UPK_FMT(name));
  upk_diag_help(&c->diags, diag, "`upkeep init` makes one");
  return UPK_USAGE;
}

/* Splits a path that was named into folder (absolute) and file. */
static upk_status use_named(cli *c, upk_str path, project *p) {
  char real[PATH_MAX];
  upk_str copy = upk_arena_copy(c->arena, path);
  if (!realpath(copy.data, real)) {
    upk_diag_add(&c->diags, 4002, UPK_NO_SPAN, "cannot read %.*s: %s",
                 UPK_FMT(path), strerror(errno));
    return UPK_USAGE;
  }
  char *slash = strrchr(real, '/');
  p->file = upk_arena_copy(c->arena, upk_str_from(slash + 1));
  *(slash == real ? slash + 1 : slash) = '\0';
  p->folder = upk_arena_copy(c->arena, upk_str_from(real));
  return UPK_OK;
}

upk_status project_find(cli *c, project *p) {
  *p = (project){0};
  if (flag_given(c, FLAG_file))
    return use_named(c, flag_text(c, FLAG_file), p);
  char folder[PATH_MAX];
  p->file = UPK_STR("upkeep.yaml");
  if (!getcwd(folder, sizeof folder))
    return no_project(c, p->file);
  for (;;) {
    upk_str path = upk_arena_printf(c->arena, "%s/upkeep.yaml", folder);
    if (file_exists(path)) {
      p->folder = upk_arena_copy(c->arena, upk_str_from(folder));
      return UPK_OK;
    }
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
      return no_project(c, p->file);
    *slash = '\0';
  }
}

void project_or_none(cli *c, project *p) {
  size_t failures = c->diags.failures, items = c->diags.items.len;
  if (project_find(c, p) == UPK_OK)
    return;
  c->diags.failures = failures;
  c->diags.items.len = items;
  *p = (project){.folder = UPK_STR("/"), .file = UPK_STR("")};
}

upk_compile_request request_new(const cli *c, const project *p,
                                upk_compile_mode mode) {
  int64_t at_us = 0;
  if (flag_given(c, FLAG_at)) /* compile says it when this is no time */
    (void)upk_timestamp_parse(flag_text(c, FLAG_at), &at_us);
  return (upk_compile_request){
      .mode = mode,
      .project = p->file,
      .target = UPK_STR(""),
      .facts = UPK_NO_STR,
      .facts_path = UPK_STR(""),
      .act = flag_text(c, FLAG_act),
      .with = flag_text(c, FLAG_with),
      .only = flag_text(c, FLAG_only),
      .except = flag_text(c, FLAG_except),
      .word = UPK_STR(""),
      .dump_after = UPK_STR(""),
      .at_us = at_us,
      .stdlib_from_source = flag_given(c, FLAG_stdlib),
  };
}

bool at_is_time(cli *c) {
  int64_t at_us;
  if (!flag_given(c, FLAG_at) ||
      upk_timestamp_parse(flag_text(c, FLAG_at), &at_us))
    return true;
  upk_diag *diag = upk_diag_add(&c->diags, 4000, UPK_NO_SPAN,
                                "--at is no timestamp with a zone");
  upk_diag_help(&c->diags, diag, "write it as 2026-11-27T00:00Z");
  return false;
}

static const char *stdlib_folder(const cli *c) {
  return flag_given(c, FLAG_stdlib) ? flag_text(c, FLAG_stdlib).data : NULL;
}

child *project_compiler(cli *c, const project *p) {
  if (c->compiler && upk_str_equal(c->compiler_folder, p->folder))
    return c->compiler;
  child_close(c->compiler);
  c->compiler_folder = p->folder;
  c->compiler = child_open(p->folder.data, stdlib_folder(c), &c->diags);
  return c->compiler;
}

upk_status compile(cli *c, const project *p, const upk_compile_request *request,
                   upk_buf *output) {
  if (!at_is_time(c))
    return UPK_USAGE;
  if (request->facts.data)
    return child_compile(request, p->folder.data, stdlib_folder(c), &c->diags,
                         output);
  child *compiler = project_compiler(c, p);
  return compiler ? child_ask(compiler, request, &c->diags, output) : UPK_ERROR;
}

upk_status project_load(cli *c, project *p) {
  upk_buf json = {0};
  upk_status status = project_find(c, p);
  if (status != UPK_OK)
    return status;
  upk_compile_request request = request_new(c, p, UPK_COMPILE_PROJECT);
  status = compile(c, p, &request, &json);
  if (status == UPK_OK) {
    upk_json_error error;
    upk_str bytes = upk_arena_copy(c->arena, upk_buf_view(&json));
    const upk_json *tree = upk_json_parse(c->arena, bytes, &error);
    p->targets = upk_json_get(tree, "targets");
    p->programs = upk_json_get(tree, "programs");
    p->archives = upk_json_get(tree, "archives");
    p->requirements = upk_json_text(tree, "requirements");
    p->windows = upk_json_get(tree, "windows");
    p->blackouts = upk_json_get(tree, "blackouts");
    p->state = upk_json_text(tree, "state");
  }
  upk_buf_free(&json);
  return status;
}

static upk_status read_target(cli *c, const upk_json *json, upk_str folder,
                              upk_target *ret) {
  *ret = (upk_target){
      .name = upk_json_text(json, "name"),
      .engine = upk_json_text(json, "engine"),
      .role = upk_json_text(json, "role"),
      .jobs = (unsigned)upk_json_number(json, "jobs", 1),
  };
  if (!secret_resolve(c, upk_json_text(json, "connect"), folder, &ret->connect))
    return UPK_USAGE;
  /* A database file stands beside the project, not where one happens to be. */
  if (upk_str_is(ret->engine, "sqlite") && !upk_str_starts(ret->connect, "/"))
    ret->connect = upk_arena_printf(c->arena, "%.*s/%.*s", UPK_FMT(folder),
                                    UPK_FMT(ret->connect));
  return UPK_OK;
}

static upk_status no_target(cli *c, const project *p, upk_str name) {
  size_t count = upk_json_count(p->targets);
  upk_str *names = UPK_NEW_ARRAY(c->arena, upk_str, count + 1);
  upk_buf list = {0};
  for (size_t i = 0; i < count; i++) {
    names[i] = upk_json_text(upk_json_at(p->targets, i), "name");
    if (i < 20)
      upk_buf_printf(&list, "%s%.*s", i ? ", " : "", UPK_FMT(names[i]));
  }
  upk_diag *diag =
      name.len ? upk_diag_add(&c->diags, 4005, UPK_NO_SPAN,
                              "no target is named `%.*s`", UPK_FMT(name))
               : upk_diag_add(&c->diags, 4005, UPK_NO_SPAN,
                              "the project has %zu targets: name one", count);
  if (!upk_diag_suggest(&c->diags, diag, name, names, count))
    upk_diag_help(&c->diags, diag, "the targets are: %.*s",
                  UPK_FMT(upk_buf_view(&list)));
  upk_buf_free(&list);
  return UPK_USAGE;
}

bool project_has(const project *p, upk_str target) {
  for (size_t i = 0; i < upk_json_count(p->targets); i++)
    if (upk_str_equal(upk_json_text(upk_json_at(p->targets, i), "name"),
                      target))
      return true;
  return false;
}

upk_status project_target(cli *c, const project *p, upk_str name,
                          upk_target *ret) {
  size_t count = upk_json_count(p->targets);
  for (size_t i = 0; i < count; i++) {
    const upk_json *target = upk_json_at(p->targets, i);
    if ((!name.len && count == 1) ||
        (name.len && upk_str_equal(upk_json_text(target, "name"), name)))
      return read_target(c, target, p->folder, ret);
  }
  return no_target(c, p, name);
}

bool inspection_limits(cli *c, upk_inspect_request *request) {
  *request = (upk_inspect_request){0};
  return flag_duration_ms(c, FLAG_connect_timeout, UPK_CONNECT_MS,
                          &request->connect_timeout_ms) &&
         flag_duration_ms(c, FLAG_statement_timeout, UPK_STATEMENT_MS,
                          &request->statement_timeout_ms);
}

static upk_status inspect(cli *c, const project *p, upk_str name,
                          upk_buf *facts) {
  upk_inspect_request inspection;
  upk_buf request_bytes = {0};
  if (!inspection_limits(c, &inspection))
    return UPK_USAGE;
  upk_status status = project_target(c, p, name, &inspection.target);
  if (status != UPK_OK)
    return status;
  upk_compile_request request = request_new(c, p, UPK_COMPILE_INSPECT);
  request.target = inspection.target.name;
  request.all_attributes = flag_given(c, FLAG_all);
  status = compile(c, p, &request, &request_bytes);
  if (status == UPK_OK) {
    upk_clock clock = system_clock();
    inspection.request = upk_buf_view(&request_bytes);
    inspection.record = records_facts(c);
    inspection.state = project_state(c, p, inspection.record);
    status = upk_inspect(&inspection, &clock, &c->diags, upk_sink_buf(facts));
  }
  upk_buf_free(&request_bytes);
  return status;
}

upk_status facts_get(cli *c, const project *p, upk_str target, upk_buf *facts,
                     upk_str *ret_path) {
  *ret_path = UPK_STR("facts");
  if (!flag_given(c, FLAG_facts))
    return inspect(c, p, target, facts);
  *ret_path = flag_text(c, FLAG_facts);
  upk_status status = file_read(c, *ret_path, facts);
  if (status == UPK_OK && !facts->len) {
    upk_diag_add(&c->diags, 3000, UPK_NO_SPAN, "%.*s is empty",
                 UPK_FMT(*ret_path));
    status = UPK_STALE;
  }
  return status;
}

bool format_is(const cli *c, const char *format, const char *otherwise) {
  return upk_str_is(flag_given(c, FLAG_format) ? flag_text(c, FLAG_format)
                                               : upk_str_from(otherwise),
                    format);
}
