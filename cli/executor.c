#include "executor.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static const upk_str system_file = {"/etc/upkeep/executor.yaml", 25};

/* Folder (absolute) and name of a file that was named. */
static upk_status split(cli *c, upk_str path, project *ret) {
  char real[PATH_MAX];
  upk_str copy = upk_arena_copy(c->arena, path);
  *ret = (project){0};
  if (!realpath(copy.data, real)) {
    upk_diag *diag = upk_diag_add(&c->diags, 3319, UPK_NO_SPAN,
                                  "the executor's file %.*s cannot be read: %s",
                                  UPK_FMT(path), strerror(errno));
    upk_diag_help(&c->diags, diag, "--executor and UPKEEP_EXECUTOR name it");
    return UPK_UNAPPROVED;
  }
  char *slash = strrchr(real, '/');
  ret->file = upk_arena_copy(c->arena, upk_str_from(slash + 1));
  *(slash == real ? slash + 1 : slash) = '\0';
  ret->folder = upk_arena_copy(c->arena, upk_str_from(real));
  return UPK_OK;
}

/* Absent rules: none are asked, which costs nothing. */
static upk_str rules_of(cli *c, const upk_buf *json) {
  upk_json_error error;
  upk_str bytes = upk_arena_copy(c->arena, upk_buf_view(json));
  const upk_json *tree = upk_json_parse(c->arena, bytes, &error);
  return upk_json_count(upk_json_get(tree, "approvals")) ? bytes : UPK_NO_STR;
}

/* What a plan's steps are of, for what the stdlib here declares of that. */
static upk_str steps_of(cli *c, const upk_json *plan) {
  upk_buf bytes = {0};
  const upk_json *body = upk_json_get(plan, "body");
  const upk_json *steps = upk_json_get(body, "steps");
  upk_json_writer *w = upk_json_writer_new(upk_sink_buf(&bytes));
  upk_json_begin_object(w);
  upk_json_put_string(w, "engine",
                      upk_json_text(upk_json_get(body, "target"), "engine"));
  upk_json_key(w, "steps");
  upk_json_begin_array(w);
  for (size_t i = 0; i < upk_json_count(steps); i++) {
    const upk_json *step = upk_json_at(steps, i);
    upk_json_begin_object(w);
    upk_json_put_string(w, "action", upk_json_text(step, "action"));
    upk_json_put_string(w, "kind",
                        upk_json_text(upk_json_get(step, "object"), "kind"));
    upk_json_key(w, "parameters");
    upk_json_write(w, upk_json_get(step, "parameters"));
    upk_json_end_object(w);
  }
  upk_json_end_array(w);
  upk_json_end_object(w);
  upk_json_newline(w);
  upk_json_writer_close(w);
  upk_str copy = upk_arena_copy(c->arena, upk_buf_view(&bytes));
  upk_buf_free(&bytes);
  return copy;
}

static upk_status read_rules(cli *c, const project *from, const upk_json *plan,
                             upk_approvals *ret) {
  upk_buf json = {0};
  upk_compile_request request = request_new(c, from, UPK_COMPILE_EXECUTOR);
  upk_status status = compile(c, from, &request, &json);
  if (status == UPK_OK) {
    ret->rules = rules_of(c, &json);
    ret->folder = from->folder;
  }
  if (status == UPK_OK && ret->rules.data && plan) {
    upk_buf_clear(&json);
    request.steps = steps_of(c, plan);
    status = compile(c, from, &request, &json);
    if (status == UPK_OK)
      ret->rules = rules_of(c, &json);
  }
  upk_buf_free(&json);
  return status;
}

static upk_status read_signatures(cli *c, upk_str plan_path,
                                  upk_approvals *ret) {
  ret->signatures_path =
      flag_given(c, FLAG_signatures)
          ? flag_text(c, FLAG_signatures)
          : upk_arena_printf(c->arena, "%.*s.sig", UPK_FMT(plan_path));
  if (!flag_given(c, FLAG_signatures) && !file_exists(ret->signatures_path))
    return UPK_OK;
  upk_buf bytes = {0};
  const char *fault = file_read_plain(c, ret->signatures_path, &bytes);
  if (!fault)
    ret->signatures =
        bytes.len ? upk_arena_copy(c->arena, upk_buf_view(&bytes)) : UPK_NO_STR;
  upk_buf_free(&bytes);
  if (!fault)
    return UPK_OK;
  upk_diag *diag = upk_diag_add(&c->diags, 3325, UPK_NO_SPAN,
                                "the signatures %.*s cannot be read: %s",
                                UPK_FMT(ret->signatures_path), fault);
  upk_diag_help(&c->diags, diag,
                "it must be the plain file that `upkeep approve` wrote");
  return UPK_UNAPPROVED;
}

/* Labels come from where the target is: the rules' file, if it is a project,
 * or else the project at hand. */
static void read_labels(cli *c, const project *p, upk_approvals *ret) {
  upk_buf json = {0};
  upk_json_error error;
  upk_compile_request request = request_new(c, p, UPK_COMPILE_EXECUTOR);
  size_t failures = c->diags.failures;
  const upk_json *own = upk_json_parse(c->arena, ret->rules, &error);
  if (!ret->rules.data || upk_json_count(upk_json_get(own, "targets")))
    return;
  if (compile(c, p, &request, &json) == UPK_OK)
    ret->targets = upk_arena_copy(c->arena, upk_buf_view(&json));
  c->diags.failures = failures; /* then labels are not known */
  upk_buf_free(&json);
}

upk_status executor_load(cli *c, const project *p, upk_str plan_path,
                         const upk_json *plan, upk_approvals *ret) {
  project from = *p;
  upk_str named = flag_given(c, FLAG_executor) ? flag_text(c, FLAG_executor)
                  : file_exists(system_file)   ? system_file
                                               : UPK_NO_STR;
  upk_status status = UPK_OK;
  *ret = (upk_approvals){.own = named.data != NULL,
                         .rules_path = named,
                         .signatures_path = UPK_STR(""),
                         .project_folder = p->folder,
                         .runs_folder = upk_arena_printf(
                             c->arena, "%.*s/.upkeep/runs", UPK_FMT(p->folder)),
                         .environment = environ};
  if (named.data)
    status = split(c, named, &from);
  if (named.data)
    /* As it was named: a link may lead out of its folder. */
    ret->rules_file = upk_arena_printf(c->arena, "%s%.*s",
                                       upk_str_starts(named, "/") ? "" : "./",
                                       UPK_FMT(named));
  else
    ret->rules_file = upk_arena_printf(c->arena, "%.*s/%.*s",
                                       UPK_FMT(p->folder), UPK_FMT(p->file));
  if (!named.data)
    ret->rules_path =
        upk_arena_printf(c->arena, "%.*s of this project", UPK_FMT(p->file));
  if (status == UPK_OK)
    status = read_rules(c, &from, plan, ret);
  if (status == UPK_OK && named.data)
    read_labels(c, p, ret);
  if (status == UPK_OK && plan_path.data)
    status = read_signatures(c, plan_path, ret);
  return status;
}
