/* One step: the action's functions are called with the object, what they give
 * is converted, and the invariant's checks are put around it. */
#include "folder.h"
#include "program.h"
#include "step/locks.h"
#include "step/recipe.h"
#include "step/step.h"

upk_str step_id(const ir *ir, const ir_policy *policy, const ir_action *action,
                const ir_object *object) {
  if (action->per_policy && policy)
    return upk_arena_printf(ir->arena, "%.*s:%.*s#%.*s", UPK_FMT(action->name),
                            UPK_FMT(object->display), UPK_FMT(policy->name));
  return upk_arena_printf(ir->arena, "%.*s:%.*s", UPK_FMT(action->name),
                          UPK_FMT(object->display));
}

bool step_capability(const ir *ir, upk_str name) {
  if (upk_str_is(name, "ledger") && ir->makes_ledger)
    return true;
  const upk_json *all = ir->facts.capabilities;
  for (size_t i = 0;
       all && all->type == UPK_JSON_OBJECT && i < all->object.count; i++)
    if (upk_str_equal(all->object.members[i].key, name)) {
      const upk_json *value = all->object.members[i].value;
      return value->type == UPK_JSON_BOOL && value->boolean;
    }
  return false;
}

static void say_version(const ir *ir, const ir_action *action, int64_t bound,
                        const char *relation, upk_str *ret_why) {
  upk_buf text = {0};
  upk_version_format(bound, &text);
  *ret_why = upk_arena_printf(ir->arena, "`%.*s` needs a version %s %.*s",
                              UPK_FMT(action->name), relation,
                              UPK_FMT(upk_buf_view(&text)));
  upk_buf_free(&text);
}

static bool runs_on_replicas(const ir_action *action) {
  const node *on_replica = node_find(action->definition, "on_replica");
  return on_replica && on_replica->type == NODE_BOOL && on_replica->boolean;
}

/* What an action needs and the plan does not give it; absent: nothing. What
 * runs on a replica writes nothing there. */
static upk_str missing(const ir *ir, const ir_action *action) {
  bool replica = upk_str_is(ir->facts.role, "replica");
  for (size_t i = 0; i < action->needs.len; i++) {
    upk_str name = action->needs.items[i];
    bool ledger = upk_str_is(name, "ledger");
    if (ledger && replica && runs_on_replicas(action))
      continue;
    if (!step_capability(ir, name) || (ledger && ir->ledger_refused))
      return name;
  }
  return UPK_NO_STR;
}

bool step_supported(const ir *ir, const ir_action *action, upk_str *ret_why) {
  upk_str unused = UPK_NO_STR;
  upk_str *why = ret_why ? ret_why : &unused;
  int64_t version = 0;
  upk_version_parse(ir->facts.version, &version);
  if (version < action->min_version) {
    say_version(ir, action, action->min_version, "from", why);
    return false;
  }
  if (action->max_version && version >= action->max_version) {
    say_version(ir, action, action->max_version, "below", why);
    return false;
  }
  upk_str need = missing(ir, action);
  if (need.data)
    *why = upk_arena_printf(ir->arena, "`%.*s` needs the capability %.*s%s",
                            UPK_FMT(action->name), UPK_FMT(need),
                            ir->ledger_refused && upk_str_is(need, "ledger")
                                ? ", and the server takes no rows of it now"
                                : "");
  return !need.data;
}

/* ---- calls ---- */

typedef struct making {
  ir *ir;
  step_recipe *recipe;
  convert convert;
  ir_step step;
  bool may_refuse;
  upk_str refusal;
} making;

static void failed_in(making *m, const char *function) {
  m->convert.failed = true;
  if (!m->ir->diags->items.len)
    return;
  upk_diag *last = &m->ir->diags->items.items[m->ir->diags->items.len - 1];
  upk_diag_note(m->ir->diags, last,
                "It was `%s` of action `%.*s` for step "
                "%.*s.",
                function, UPK_FMT(m->recipe->action->name),
                UPK_FMT(m->step.id));
}

/* What a function of the action gives; NULL after a diagnostic, or when there
 * is no function. */
static const node *ask(making *m, const node *function, const char *name) {
  if (!function || m->convert.failed)
    return NULL;
  script_table *arguments[] = {m->recipe->object, m->recipe->arguments};
  const node *value = script_call_tables(
      m->recipe->action->script, function, arguments, 2,
      step_recipes_of(m->ir)->scratch, m->may_refuse ? &m->refusal : NULL);
  if (!value && m->refusal.data)
    m->convert.failed = true;
  else if (!value)
    failed_in(m, name);
  return value;
}

static bool may_set(const ir_engine *engine, upk_str name) {
  const node *list = node_find(engine->definition, "settings");
  for (size_t i = 0; list && i < list->list.count; i++)
    if (upk_str_equal(list->list.items[i]->text, name))
      return true;
  return false;
}

static void ask_settings(making *m, const node *map) {
  ir_step *step = &m->step;
  convert_settings(&m->convert, map, &step->settings.items,
                   &step->settings.len);
  step->settings.cap = step->settings.len;
  for (size_t i = 0; i < step->settings.len && !m->convert.failed; i++) {
    upk_str name = step->settings.items[i].name;
    if (may_set(m->ir->engine, name))
      continue;
    m->convert.code = 1580;
    convert_refuse(&m->convert, map, "a step may not set `%.*s` of its session",
                   UPK_FMT(name));
  }
}

static void ask_plan(making *m) {
  static const char *const keys[] = {"pre",      "run",  "post",
                                     "settings", "turn", NULL};
  const node *plan = ask(m, m->recipe->plan, "plan");
  ir_step *step = &m->step;
  if (!plan || !convert_keys(&m->convert, plan, "what `plan` gives", keys))
    return;
  convert_checks(&m->convert, node_find(plan, "pre"), "a check in `pre`", true,
                 &step->pre.items, &step->pre.len);
  convert_statements(&m->convert, node_find(plan, "run"),
                     "a statement in `run`", &step->run.items, &step->run.len);
  convert_checks(&m->convert, node_find(plan, "post"), "a check in `post`",
                 false, &step->post.items, &step->post.len);
  const node *settings = node_find(plan, "settings");
  const node *turn = node_find(plan, "turn");
  if (settings && settings->type != NODE_NULL)
    ask_settings(m, settings);
  if (turn && turn->type != NODE_NULL)
    step->turn = convert_text(&m->convert, turn, "`turn`");
  step->pre.cap = step->pre.items ? step->pre.len + 1 : 0;
  step->run.cap = step->run.len;
  step->post.cap = step->post.items ? step->post.len + 1 : 0;
  for (size_t i = 0; i < step->post.len; i++)
    if (!step->post.items[i].within_ms)
      step->post.items[i].within_ms = m->recipe->post_within_ms;
}

static void ask_lock_timeout(making *m) {
  const node *value = ask(m, m->recipe->lock_timeout, "timeouts.lock");
  if (!value)
    return;
  if (value->type == NODE_BOOL)
    recipe_limits(m->recipe, value->boolean, &m->step);
  else
    convert_refuse(&m->convert, NULL,
                   "`timeouts.lock` must give true or false, not %s",
                   node_describe(value));
}

static void ask_parts(making *m) {
  const step_recipe *recipe = m->recipe;
  ir_step *step = &m->step;
  const node *value;
  if ((value = ask(m, recipe->atomicity, "atomicity")))
    step->atomicity = convert_atomicity(&m->convert, value);
  if ((value = ask(m, recipe->risk, "risk")))
    convert_risk(&m->convert, value, &step->risk);
  if ((value = ask(m, recipe->locks, "locks"))) {
    convert_locks(&m->convert, value, &step->locks.items, &step->locks.len);
    step->locks.cap = step->locks.len;
  }
  if ((value = ask(m, recipe->estimate, "estimate")))
    step->estimate = convert_estimate(&m->convert, value);
  step_learned(m->ir, recipe->action->name, &step->estimate);
  if ((value = ask(m, recipe->undo, "undo")))
    recipe_undo(&m->convert, value, step);
  if ((value = ask(m, recipe->probe, "probe")))
    recipe_probe(&m->convert, value, step);
  ask_lock_timeout(m);
}

static void incomplete(making *m, const char *what) {
  m->convert.code = 1521;
  convert_refuse(&m->convert, NULL, "%s", what);
}

static bool is_plain(const ir_statement *items, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (items[i].exec || items[i].batch || items[i].file)
      return false;
  return true;
}

static void check_exec(making *m, const ir_exec *exec) {
  if (!exec || m->convert.failed)
    return;
  upk_str program = exec->arguments.items[0]->text;
  const ir_texts *allowed = &m->ir->project.programs;
  for (size_t i = 0; i < allowed->len; i++)
    if (upk_program_fits(allowed->items[i].text, program))
      return;
  m->convert.code = 1526;
  if (m->step.remedy->action.span.line)
    m->convert.span = m->step.remedy->action.span;
  convert_refuse(&m->convert, NULL,
                 "the program `%.*s` is not among the project's `programs`",
                 UPK_FMT(program));
}

static void check_file(making *m, const ir_file *file) {
  if (!file || m->convert.failed)
    return;
  const ir_texts *allowed = &m->ir->project.archives;
  for (size_t i = 0; i < allowed->len; i++)
    if (upk_folder_within(allowed->items[i].text, file->folder))
      return;
  m->convert.code = 1593;
  if (m->step.remedy->action.span.line)
    m->convert.span = m->step.remedy->action.span;
  convert_refuse(&m->convert, NULL,
                 "the folder `%.*s` is not among the project's `archives`",
                 UPK_FMT(file->folder));
}

static bool has_file(const ir_statement *items, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (items[i].file ||
        (items[i].batch &&
         has_file(items[i].batch->run, items[i].batch->run_count)))
      return true;
  return false;
}

static void check_files(making *m, const ir_statement *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const ir_batch *batch = items[i].batch;
    check_file(m, items[i].file);
    for (size_t j = 0; batch && j < batch->run_count; j++)
      check_file(m, batch->run[j].file);
  }
}

/* Programs must be allowed, and cannot be part of a transaction. */
static void check_work(making *m) {
  const ir_step *step = &m->step;
  bool transaction = upk_str_is(step->atomicity, "transaction");
  for (size_t i = 0; i < step->run.len + step->undo.len; i++) {
    const ir_statement *statement = i < step->run.len
                                        ? &step->run.items[i]
                                        : &step->undo.items[i - step->run.len];
    if (statement->exec && transaction)
      convert_refuse(&m->convert, NULL,
                     "a program cannot be part of a transaction: its "
                     "atomicity is external");
    check_exec(m, statement->exec);
  }
  if (!transaction && (has_file(step->run.items, step->run.len) ||
                       has_file(step->undo.items, step->undo.len)))
    convert_refuse(&m->convert, NULL,
                   "a file needs a transaction, whose commit waits for it");
  check_files(m, step->run.items, step->run.len);
  check_files(m, step->undo.items, step->undo.len);
  for (size_t i = 0; i < step->post.len; i++)
    check_exec(m, step->post.items[i].exec);
  check_exec(m, step->probe_done.exec);
  check_exec(m, step->probe_partial.exec);
  if (!is_plain(step->cleanup.items, step->cleanup.len))
    convert_refuse(&m->convert, NULL,
                   "`cleanup` holds plain SQL: no batch, no program and no "
                   "file");
}

/* No invariant says what must hold then; what is done by the probe, is. */
static void check_asked(making *m) {
  ir_step *step = &m->step;
  if (step->post.len || !step->has_probe)
    return;
  *UPK_PUSH(m->ir->arena, &step->post) = step->probe_done;
}

/* What no step may lack. */
static void check_whole(making *m) {
  const ir_step *step = &m->step;
  if (!step->run.len)
    incomplete(m, "it gives no statement to run");
  bool asked = step->policy && step->policy->asked.data;
  if (!step->post.len && !asked) /* of --do: that its statements went well */
    incomplete(m, "it gives no post-check, and none follows from an invariant");
  if (!step->undo_class.data)
    incomplete(m, "it gives no class of undo");
  /* What a program did may be beyond asking: then a crash leaves a doubt. */
  if (!step->has_probe && upk_str_is(step->atomicity, "autocommit"))
    incomplete(m, "it commits by itself and gives no probe");
}

static void name_unusable(ir *ir, const step_recipe *recipe,
                          const ir_object *object) {
  upk_diag *diag = upk_diag_add(
      ir->diags, 1522, recipe->policy ? recipe->policy->name_span : UPK_NO_SPAN,
      "the name of %.*s `%.*s` cannot be written as an identifier",
      UPK_FMT(object->kind->name), UPK_FMT(object->display));
  upk_diag_help(ir->diags, diag, "Rename it, or exempt it from the policy.");
}

ir_step *step_build(ir *ir, ir_policy *policy, ir_remedy *remedy,
                    ir_action *action, const ir_object *object, upk_str because,
                    upk_str *ret_refusal) {
  step_recipe *recipe = recipe_find(ir, policy, remedy, action, object->kind);
  if (recipe->failed)
    return NULL;
  upk_arena_reset(step_recipes_of(ir)->scratch);
  if (!object_fill(ir, recipe, object)) {
    name_unusable(ir, recipe, object);
    return NULL;
  }
  making m = {.ir = ir,
              .recipe = recipe,
              .step = recipe->like,
              .may_refuse = ret_refusal != NULL};
  m.step.id = step_id(ir, policy, action, object);
  m.convert = recipe_convert(ir, recipe, m.step.id);
  m.convert.memory = &recipe->memory;
  recipe->memory.text = recipe->memory.param = 0;
  m.step.policy = policy;
  m.step.policy_index =
      policy ? (size_t)(policy - ir->policies.items) : SIZE_MAX;
  m.step.action = action;
  m.step.remedy = remedy ? remedy : &recipe->defaults;
  m.step.object = *object;
  m.step.because = because;
  m.step.span = policy ? policy->name_span : action->span;
  ask_plan(&m);
  ask_parts(&m);
  if (!m.convert.failed)
    invariant_add(ir, recipe, object, &m.step);
  if (!m.convert.failed)
    drift_add(ir, recipe, object, &m.step);
  if (!m.convert.failed && policy && policy->asked.data)
    check_asked(&m);
  if (!m.convert.failed)
    check_whole(&m);
  if (!m.convert.failed)
    check_work(&m);
  locks_limit(ir->engine, &m.step);
  if (m.refusal.data) {
    *ret_refusal = m.refusal;
    return NULL;
  }
  if (m.convert.failed) {
    recipe->failed = true;
    return NULL;
  }
  ir_step *step = UPK_PUSH(ir->arena, &ir->steps);
  *step = m.step;
  return step;
}
