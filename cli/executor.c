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

static upk_status read_rules(cli *c, const project *from, upk_approvals *ret) {
  upk_buf json = {0};
  upk_compile_request request = request_new(c, from, UPK_COMPILE_EXECUTOR);
  upk_status status = compile(c, from, &request, &json);
  if (status == UPK_OK) {
    ret->rules = rules_of(c, &json);
    ret->folder = from->folder;
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

upk_status executor_load(cli *c, const project *p, upk_str plan_path,
                         upk_approvals *ret) {
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
    status = read_rules(c, &from, ret);
  if (status == UPK_OK && plan_path.data)
    status = read_signatures(c, plan_path, ret);
  return status;
}
