#include <upkeep/compile.h>

#include "expr.h"
#include "front/front.h"
#include "front/scalar.h"
#include "front/schema.h"
#include "front/schema_forms.h"
#include "front/yaml/read.h"
#include "secret.h"
#include "timefmt.h"

#ifndef UPKEEP_VERSION
#error "UPKEEP_VERSION is the program's version, such as \"0.1.0\""
#endif

static void check_version(ir *ir) {
  const ir_text *wanted = &ir->project.required_version;
  int64_t version;
  bool fits;
  if (wanted->text.data == NULL ||
      !upk_version_parse(UPK_STR(UPKEEP_VERSION), &version) ||
      !versions_fit(wanted->text, version, &fits) || fits)
    return;
  upk_diag_add(ir->diags, 1049, wanted->text_span,
               "this is upkeep %s, and the project wants %.*s", UPKEEP_VERSION,
               UPK_FMT(node_clip(wanted->text)));
}

/* A blackout is a calendar, or a time from and to. */
static void check_blackout(ir *ir, const node *blackout) {
  const node *from = node_find(blackout, "from");
  const node *to = node_find(blackout, "to");
  bool calendar = node_find(blackout, "calendar") != NULL;
  int64_t from_us, to_us;
  if (calendar ? from != NULL || to != NULL : from == NULL || to == NULL) {
    upk_diag_add(ir->diags, 1027, blackout->span,
                 "a blackout is either a `calendar`, or `from` and `to`");
    return;
  }
  if (calendar || (from->type != NODE_TEXT && from->type != NODE_PLAIN) ||
      (to->type != NODE_TEXT && to->type != NODE_PLAIN))
    return;
  if (upk_timestamp_parse(from->text, &from_us) &&
      upk_timestamp_parse(to->text, &to_us) && from_us >= to_us)
    upk_diag_add(ir->diags, 1023, to->span,
                 "a blackout must end after it begins");
}

static void check_blackouts(ir *ir) {
  const node *list = node_find(ir->project.raw, "blackouts");
  for (size_t i = 0;
       list != NULL && list->type == NODE_LIST && i < list->list.count; i++)
    if (list->list.items[i]->type == NODE_MAP)
      check_blackout(ir, list->list.items[i]);
}

static void say_idle_targets(ir *ir) {
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    const node *value =
        node_find(ir->project.targets.items[i].raw, "accept_timeline_change");
    bool given = value != NULL && (value->type == NODE_BOOL
                                       ? value->boolean
                                       : value->type == NODE_PLAIN &&
                                             upk_str_is(value->text, "true"));
    if (!given)
      continue;
    upk_diag *diag = upk_diag_add(
        ir->diags, 1053, value->span,
        "`accept_timeline_change` is not in force in this version");
    upk_diag_help(ir->diags, diag, "After a failover make the plan again.");
  }
}

/* Expressions that no pass of this version evaluates are still read. */
static void check_syntax(ir *ir, const node *value) {
  if (value != NULL && (value->type == NODE_TEXT || value->type == NODE_PLAIN))
    (void)upk_expr_parses(ir->arena, upk_str_trim(value->text),
                          value->text_span, ir->diags);
}

static void check_expressions(ir *ir) {
  for (size_t i = 0; i < ir->project.targets.len; i++) {
    const node *throttle =
        node_find(ir->project.targets.items[i].raw, "throttle");
    if (throttle == NULL || throttle->type != NODE_LIST)
      check_syntax(ir, throttle);
    else
      for (size_t n = 0; n < throttle->list.count; n++)
        check_syntax(ir, throttle->list.items[n]);
  }
}

/* ---- secrets ---- */

/* A reference may stand for the whole, or for the password in a list of
 * keywords; a URI is one word, in which it cannot. */
static bool holds_secret(upk_str text) {
  size_t at, len;
  return upk_secret_find(text, 0, false, &at, &len);
}

/* The line is shown without it: upk_diags_source. */
static void check_secret(ir *ir, const node *value, const char *key,
                         upk_str target) {
  if (value == NULL || (value->type != NODE_TEXT && value->type != NODE_PLAIN))
    return;
  if (upk_str_starts(value->text, "env:") ||
      upk_str_starts(value->text, "file:") || !holds_secret(value->text))
    return;
  upk_diag *diag = target.data
                       ? upk_diag_add(ir->diags, 1050, value->span,
                                      "`%s` of target `%.*s` holds a password",
                                      key, UPK_FMT(node_clip(target)))
                       : upk_diag_add(ir->diags, 1050, value->span,
                                      "`%s` holds a password", key);
  upk_diag_help(ir->diags, diag,
                "use a service file, ~/.pgpass, env:NAME or file:PATH for the "
                "whole, or in a list of keywords password=env:NAME");
}

static void check_secrets(ir *ir, const node_member *target) {
  const node *replicas = node_find(target->value, "replicas");
  check_secret(ir, node_find(target->value, "connect"), "connect", target->key);
  check_secret(ir, replicas, "replicas", target->key);
  for (size_t i = 0; replicas != NULL && replicas->type == NODE_LIST &&
                     i < replicas->list.count;
       i++)
    check_secret(ir, replicas->list.items[i], "replicas", target->key);
}

/* ---- use ---- */

/* Shipped policies have a name, a pack where it is and its commit. */
static void check_use(ir *ir, const ir_use *use, const node *value) {
  if (value->type != NODE_MAP)
    return; /* a name */
  bool named = node_find(value, "name"), git = node_find(value, "git"),
       commit = node_find(value, "commit"), path = node_find(value, "path");
  if (named == git)
    upk_diag_add(ir->diags, 1027, value->span,
                 "`use` takes either `name`, or `git` and `commit`");
  else if (named && (commit || path))
    upk_diag_add(ir->diags, 1027, value->span,
                 "`%s` is of a pack, which `git` says where it is",
                 commit ? "commit" : "path");
  else if (git && !commit) {
    upk_diag *diag = upk_diag_add(ir->diags, 1022, value->span,
                                  "the pack %.*s has no `commit`",
                                  UPK_FMT(node_clip(use->git.text)));
    upk_diag_help(ir->diags, diag,
                  "policies that act on databases are pinned: give the 40 hex "
                  "digits that `git rev-parse HEAD` prints there");
  }
  check_secret(ir, node_find(value, "git"), "git", UPK_NO_STR);
}

static void check_uses(ir *ir) {
  const node *list = node_find(ir->project.raw, "use");
  if (list == NULL || (list->type != NODE_LIST && list->type != NODE_MAP))
    return;
  size_t count = list->type == NODE_LIST ? list->list.count : 1;
  for (size_t i = 0; i < count && i < ir->project.use.len; i++)
    check_use(ir, &ir->project.use.items[i],
              list->type == NODE_LIST ? list->list.items[i] : list);
}

static void check_targets(ir *ir) {
  const node *targets = node_find(ir->project.raw, "targets");
  if (targets == NULL || targets->type != NODE_MAP)
    return;
  if (targets->map.count == 0)
    upk_diag_add(ir->diags, 1026, targets->span, "`targets` names no target");
  for (size_t i = 0; i < targets->map.count; i++)
    check_secrets(ir, &targets->map.members[i]);
}

/* ---- the file ---- */

bool front_project_text(ir *ir, upk_str *ret_text) {
  upk_str path = ir->project.path;
  bool too_large = false;
  if (ir->source->read(ir->source->ctx, path, FRONT_FILE_BYTES, ir->arena,
                       ret_text, &too_large))
    return true;
  if (too_large) {
    upk_diag_add(ir->diags, 1002, UPK_NO_SPAN, "%.*s is larger than 1 MiB",
                 UPK_FMT(path));
    return false;
  }
  upk_diag *diag = upk_diag_add(ir->diags, 1001, UPK_NO_SPAN,
                                "there is no %.*s", UPK_FMT(path));
  upk_diag_help(ir->diags, diag,
                "go to the folder of a project, or begin one: upkeep init");
  return false;
}

bool front_project(ir *ir) {
  upk_str asked = ir->request->project;
  upk_str text;
  ir->project.path = asked.len > 0 ? asked : UPK_STR("upkeep.yaml");
  if (!front_project_text(ir, &text))
    return false;
  front_file_seen(ir, ir->project.path, text);
  node *tree = yaml_read(ir->arena, ir->diags, ir->project.path, text);
  if (tree == NULL)
    return false;
  (void)schema_read(ir->arena, ir->diags, &schema_project, tree, &ir->project);
  check_version(ir);
  check_targets(ir);
  check_secret(ir, node_find(ir->project.raw, "state"), "state", UPK_NO_STR);
  check_uses(ir);
  check_blackouts(ir);
  check_expressions(ir);
  front_approvals(ir);
  say_idle_targets(ir);
  front_requirements(ir);
  return true;
}
